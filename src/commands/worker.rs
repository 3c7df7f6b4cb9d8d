//! `certonboard worker`: reads scans for runs on other machines.

use super::adapters::watch_ctrl_c;
use certonboard::cli::{self, Exit, WorkerArgs};
use certonboard::domain::{ReaderVersion, counted};
use certonboard::error::Fault;
use certonboard::ports::Interrupt;
use certonboard::queue::{WorkerOptions, work};
use certonboard::sources::scans::Folder;
use certonboard::wizard::Readers;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

pub async fn worker(args: &WorkerArgs) -> Result<Exit, Fault> {
    let engines = super::run::engines();
    let version = ReaderVersion::of(&engines.version()?);
    let jobs = cli::jobs(args.jobs);
    let readers = Arc::new(Readers::start(Arc::new(Folder::default()), engines.into(), jobs));
    let interrupt = Interrupt::default();
    watch_ctrl_c(&interrupt, None);
    watch_termination(&interrupt);
    let quiet = args.quiet;
    let tell = Arc::new(move |text: &str| super::note(text, quiet));
    let options = WorkerOptions {
        queue: super::reading::options(&args.queue, &args.access),
        jobs,
        redeliver_after: Duration::from_secs(args.redeliver_after),
    };
    let worked = work(&options, readers, version, interrupt, tell).await?;
    let [files, pages, aside] = [&worked.files, &worked.pages, &worked.set_aside].map(|count| count.load(Ordering::Relaxed));
    let mut told = format!("stopped: {} read, {}", counted(files as usize, "file", "files"), counted(pages as usize, "page", "pages"));
    if aside > 0 {
        told.push_str(&format!("; {} set aside", counted(aside as usize, "file", "files")));
    }
    super::note(&told, args.quiet);
    Ok(Exit::Done)
}

/// What an orchestrator sends before it kills: end after the files that are being read.
fn watch_termination(interrupt: &Interrupt) {
    #[cfg(not(unix))]
    let _ = interrupt;
    #[cfg(unix)]
    {
        let interrupt = interrupt.clone();
        tokio::spawn(async move {
            use tokio::signal::unix::{SignalKind, signal};
            if let Ok(mut asked) = signal(SignalKind::terminate()) {
                asked.recv().await;
                interrupt.raise();
            }
        });
    }
}
