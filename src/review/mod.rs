//! The review: a local web page and its twin on the terminal.
//!
//! Owns: the page, the server that only this machine and only who has its address reaches, pages as pictures, the questions on the terminal.
//! Must not touch: writing to a service, deciding: both views talk to the `ReviewDesk` port and to nothing else.
//! Called by: `main`.

mod door;
mod pictures;
mod server;
mod terminal;

pub use pictures::{png, shrunk};
pub use server::{Served, serve};
pub use terminal::{Terminal, TerminalError, at_the_terminal};
