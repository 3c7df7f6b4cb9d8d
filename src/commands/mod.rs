//! One file for each command: builds the adapters and hands them to the library.

pub mod adapters;
pub mod approve;
pub mod customers;
mod customers_text;
pub mod doctor;
pub mod explain;
pub mod extract;
pub mod gallery;
pub mod later;
pub mod log;
pub mod mcp;
pub mod nearby;
pub mod place;
pub mod plan;
pub mod reading;
pub mod report;
pub mod review;
pub mod run;
pub mod serve;
pub mod status;
pub mod worker;

use certonboard::cli::Exit;
use certonboard::error::Fault;
use certonboard::ui::printable;
use std::io::Write;
use std::process::ExitCode;

/// Tells why the program can't go on: one line, one with what to do, and with `-v` what lies behind it.
pub fn tell(fault: &Fault, verbose: bool) -> ExitCode {
    let mut err = std::io::stderr().lock();
    // A closed stderr changes nothing about the exit code.
    let _ = writeln!(err, "error: {}", printable(&fault.text));
    if verbose {
        for cause in &fault.causes {
            let _ = writeln!(err, "cause: {}", printable(cause));
        }
    }
    if let Some(hint) = &fault.hint {
        let _ = writeln!(err, "hint: {}", printable(hint));
    }
    if let Some(line) = &fault.go_on {
        let _ = writeln!(err, "{}", printable(line));
    }
    fault.exit.into()
}

/// Prints a result with its lines broken to fit the window. A reader that has seen enough (`| head`) is no error.
pub fn print(text: &str) -> Result<Exit, Fault> {
    print_as_it_is(&certonboard::ui::folded(text))
}

/// Prints something to look through: by pages where it is longer than the window and somebody is there to turn them.
pub fn print_pages(text: &str) -> Result<Exit, Fault> {
    let text = certonboard::ui::folded(text);
    if adapters::environment().stdin_is_terminal && paged(&text) {
        return Ok(Exit::Done);
    }
    print_as_it_is(&text)
}

/// Prints a result with its lines as they are: what other programs read.
pub fn print_as_it_is(text: &str) -> Result<Exit, Fault> {
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

/// Shows a text that is longer than the window in the pager of the user (`PAGER`; an empty one means none), else in `less`. `false`: it was
/// not shown.
fn paged(text: &str) -> bool {
    use std::process::{Command, Stdio};
    let Some((rows, _)) = certonboard::ui::window() else { return false };
    if text.lines().count() < rows {
        return false;
    }
    let pager = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
    let mut words = pager.split_whitespace();
    let Some(program) = words.next() else { return false };
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Leave what is short on the screen, and don't clear it at the end.
        command.env("LESS", "FRX");
    }
    // Ctrl-C is the pager's while it shows: this process must outlive it, or the two would read the same keys.
    #[cfg(unix)]
    let _held = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut pipe) = child.stdin.take() {
        // A reader that has seen enough closes it.
        let _ = pipe.write_all(text.as_bytes()).and_then(|()| pipe.write_all(b"\n"));
    }
    child.wait().is_ok_and(|status| status.success())
}

pub fn print_json(value: &serde_json::Value) -> Result<Exit, Fault> {
    print_as_it_is(&serde_json::to_string_pretty(value).map_err(|e| Fault::new(Exit::Failed, e.to_string()))?)
}

/// A remark on stderr.
pub fn note(text: &str, quiet: bool) {
    if !quiet {
        // A closed stderr is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{}", printable(text));
    }
}
