//! Files in: what the user points at, as plain values.
//!
//! Owns: reading files from disk, with guards on size, pages and pixels.
//! Must not touch: what a field means, the network, recognition.
//! Called by: `main` and the examples, which hand it to the wizard as ports.

pub mod scans;
