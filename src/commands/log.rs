//! The log: JSON lines in a file, plain lines on stderr.
//!
//! What goes into it is counted and named by id: no name, no address, no code of a customer, no file of the merchant, no secret.

use certonboard::cli::LogArgs;
use certonboard::error::Fault;
use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Mutex;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// From here on the program's own events are logged; those of the libraries it uses are not, because nobody has checked what they tell.
pub fn begin(args: &LogArgs) -> Result<(), Fault> {
    if args.log.is_none() && !args.verbose {
        return Ok(());
    }
    let file = args.log.as_deref().map(open).transpose()?;
    let ours = || Targets::new().with_target("certonboard", Level::INFO);
    let to_file =
        file.map(|file| fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(Mutex::new(file)).with_filter(ours()));
    let to_stderr = args.verbose.then(|| fmt::layer().with_ansi(false).with_target(false).with_writer(std::io::stderr).with_filter(ours()));
    tracing_subscriber::registry()
        .with(to_file)
        .with(to_stderr)
        .try_init()
        .map_err(|e| Fault::input(format!("the log can't be begun: {e}")))?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "begin");
    Ok(())
}

fn open(path: &Path) -> Result<std::fs::File, Fault> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|e| Fault::input(format!("{}: the log can't be written: {e}", path.display())))
}
