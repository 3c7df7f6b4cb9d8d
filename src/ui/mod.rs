//! The only place that prints, asks and draws bars.
//!
//! Owns: the terminal's prompts, the printed blocks, progress bars, making untrusted text harmless.
//! Must not touch: rules, the service, files of the merchant.
//! Called by: `main`, which hands these to the wizard as ports.

mod progress;
mod screen;
mod terminal;

pub use crate::domain::{printable, printable_lines};
pub use progress::{Bars, Lines, STEP, Steps};
pub use screen::{Printer, columns, folded, window};
pub use terminal::{TerminalPrompter, ask_line, ask_secret};
