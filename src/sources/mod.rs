//! Files in: spreadsheets to grids, scans to page images.
//!
//! Owns: opening files that came from outside, with bounds on bytes, rows and pixels.
//! Must not touch: what a field means, the network.
//! Called by: `main`, which hands the results to the pure modules.

pub mod spreadsheet;
