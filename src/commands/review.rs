//! `certonboard review`: a person decides about a run's papers, in the browser or on the terminal.

use super::adapters::{SystemClock, environment, user_name};
use certonboard::cli::{Exit, ReviewArgs};
use certonboard::domain::Standing;
use certonboard::error::Fault;
use certonboard::journal::{Journal, RunFolder, find_run, write_private};
use certonboard::ports::{JournalStore, ReviewDesk};
use certonboard::review::{Terminal, TerminalError, at_the_terminal, serve};
use certonboard::sources::scans::Folder;
use certonboard::ui::{Printer, TerminalPrompter};
use certonboard::wizard::{Desk, DeskPorts, ReviewedRun};
use std::path::PathBuf;
use std::sync::Arc;

pub async fn review(args: &ReviewArgs) -> Result<Exit, Fault> {
    let path = find_run(&args.run)?;
    let folder = RunFolder::open(&path)?;
    let journal = Arc::new(Journal::open(&folder)?);
    let run = ReviewedRun::of(&super::run::run_argument(&path), &journal.load()?)?;
    // The desk serves until the process ends.
    let run: &'static ReviewedRun = Box::leak(Box::new(run));
    let ports = DeskPorts {
        journal: journal.clone(),
        scans: Arc::new(Folder::default()),
        engines: super::run::engines().into(),
        kept: super::reading::kept(&args.reading).map(Into::into),
        clock: Arc::new(SystemClock { today: None }),
        user: args.reviewer.clone().unwrap_or_else(user_name),
        jobs: certonboard::cli::jobs(None),
    };
    let desk = Arc::new(Desk::open(run, ports)?);
    let before = journal.review()?.len();
    match args.terminal {
        true => {
            let desk = Arc::clone(&desk);
            let folder = path.clone();
            // Prompts wait for a person, which must not hold up the program's other threads.
            let asked = tokio::task::spawn_blocking(move || on_terminal(&*desk, &folder)).await;
            asked.map_err(|e| Fault::new(Exit::Failed, format!("the review failed: {e}")))??;
        }
        false => {
            let served = serve(desk.clone(), args.port).await.map_err(|e| {
                Fault::input(format!("the review can't be served: {e}")).hint("is the port taken? --port 0 takes a free one")
            })?;
            super::print(served.address())?;
            super::note("Open this address in a browser on this machine; it works once. Finish in the page, or stop with Ctrl-C.", false);
            served
                .finished(async {
                    // Stopping is what this command is meant to end with.
                    let _ = tokio::signal::ctrl_c().await;
                })
                .await;
        }
    }
    let queue = desk.queue().map_err(|e| Fault::new(Exit::Failed, e.to_string()))?;
    let count = |wanted: &[Standing]| queue.items.iter().filter(|item| wanted.contains(&item.standing)).count();
    let open = count(&[Standing::Open, Standing::Later]);
    super::note(&format!("{} of {} papers decided, {open} open.", queue.items.len() - open, queue.items.len()), false);
    if journal.review()?.len() > before {
        super::note(&format!("carry out what was decided with: certonboard resume {}", run.name), false);
    }
    Ok(if open > 0 { Exit::Waiting } else { Exit::Done })
}

fn on_terminal(desk: &dyn ReviewDesk, run: &std::path::Path) -> Result<(), Fault> {
    let environment = environment();
    if !environment.stdin_is_terminal || !environment.stderr_is_terminal {
        return Err(Fault::input("there is no terminal to ask on").hint("leave --terminal out and open the page in a browser"));
    }
    let colour = !environment.no_color;
    let save = |name: &str, bytes: &[u8]| -> Option<PathBuf> {
        let file = run.join(name);
        write_private(&file, bytes).ok()?;
        Some(file)
    };
    let (mut prompter, screen) = (TerminalPrompter::new(colour), Printer::new(colour, false));
    match at_the_terminal(Terminal { desk, prompter: &mut prompter, screen: &screen, save_page: &save }) {
        Ok(()) => Ok(()),
        Err(TerminalError::Ask(certonboard::ports::AskError::Interrupted { .. })) => Err(Fault::new(Exit::Interrupted, "interrupted")),
        Err(error) => Err(Fault::new(Exit::Failed, error.to_string())),
    }
}
