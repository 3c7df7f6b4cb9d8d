//! certonboard: a guided onboarding of customers and exemption certificates to Avalara.
//!
//! Data moves one way: read → plan → confirm → apply → report. `docs/architecture.md` has the picture.

pub mod certificates;
pub mod domain;
pub mod matching;
pub mod ports;
