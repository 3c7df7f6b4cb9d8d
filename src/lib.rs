//! certonboard: a guided onboarding of customers and exemption certificates to Avalara.
//!
//! Data moves one way: read → plan → confirm → apply → report. `docs/architecture.md` has the picture.

pub mod domain;
pub mod ocr;
pub mod ports;
pub mod sources;
