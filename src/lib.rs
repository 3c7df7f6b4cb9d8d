//! certonboard: a guided onboarding of customers and exemption certificates to Avalara.
//!
//! Data moves one way: read → plan → confirm → apply → report. `docs/architecture.md` has the picture.

pub mod customers;
pub mod domain;
pub mod ports;
pub mod sources;
