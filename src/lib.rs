//! certonboard: a guided onboarding of customers and exemption certificates to Avalara.
//!
//! Data moves one way: read → plan → confirm → apply → report. `docs/architecture.md` has the picture.

pub mod answers;
pub mod apply;
pub mod domain;
pub mod journal;
pub mod plan;
pub mod ports;
pub mod ui;
