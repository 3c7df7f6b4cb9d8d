//! Files in: spreadsheets to grids; folder, ZIP, PDF and pictures to pages.
//!
//! Owns: formats and size guards. Must not touch: what a field means, the network. Called by: `main`, which hands these in as ports.

pub mod scans;
pub mod spreadsheet;
