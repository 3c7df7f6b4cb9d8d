//! One file for each command: builds the adapters and hands them to the library.

pub mod adapters;
pub mod customers;
mod customers_text;
pub mod doctor;
pub mod explain;
pub mod extract;
pub mod later;
pub mod log;
pub mod place;
pub mod plan;
pub mod report;
pub mod review;
pub mod run;
pub mod serve;
pub mod status;

use certonboard::cli::Exit;
use certonboard::error::Fault;
use certonboard::ui::printable;
use std::io::Write;
use std::process::ExitCode;

/// Tells why the program can't go on: one line, and one with what to do.
pub fn tell(fault: &Fault) -> ExitCode {
    // A closed stderr changes nothing about the exit code.
    let _ = writeln!(std::io::stderr(), "error: {}", printable(&fault.text));
    if let Some(hint) = &fault.hint {
        let _ = writeln!(std::io::stderr(), "hint: {}", printable(hint));
    }
    fault.exit.into()
}

/// Prints a result. A reader that has seen enough (`| head`) is no error.
pub fn print(text: &str) -> Result<Exit, Fault> {
    let mut out = std::io::stdout().lock();
    match out
        .write_all(text.as_bytes())
        .and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") })
        .and_then(|()| out.flush())
    {
        Ok(()) => Ok(Exit::Done),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(error) => Err(Fault::new(Exit::Failed, format!("the result can't be printed: {error}"))),
    }
}

pub fn print_json(value: &serde_json::Value) -> Result<Exit, Fault> {
    print(&serde_json::to_string_pretty(value).map_err(|e| Fault::new(Exit::Failed, e.to_string()))?)
}

/// A remark on stderr.
pub fn note(text: &str, quiet: bool) {
    if !quiet {
        // A closed stderr is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{}", printable(text));
    }
}
