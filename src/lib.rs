//! certonboard: a guided onboarding of customers and exemption certificates to Avalara.
//!
//! Data moves one way: read → plan → confirm → apply → report. `docs/architecture.md` has the picture.

pub mod answers;
pub mod api;
pub mod apply;
pub mod certificates;
pub mod cli;
pub mod customers;
pub mod domain;
pub mod error;
pub mod journal;
pub mod lifecycle;
pub mod matching;
pub mod ocr;
pub mod plan;
pub mod ports;
pub mod queue;
pub mod report;
pub mod review;
pub mod sandbox;
pub mod sources;
pub mod ui;
pub mod wizard;
