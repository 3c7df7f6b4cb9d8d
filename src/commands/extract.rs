//! `certonboard extract`: scans to JSON lines, no network.

use super::adapters::SystemClock;
use certonboard::certificates::SeenPapers;
use certonboard::cli::{Exit, ExtractArgs};
use certonboard::domain::{Policy, ReaderVersion};
use certonboard::error::Fault;
use certonboard::matching::Index;
use certonboard::ports::{Clock, Interrupt, ReadingQueue, ScanFolder};
use certonboard::sources::scans::Folder;
use certonboard::wizard::{Elsewhere, ListChoices, NO_PAPER, NoCache, PATIENCE, ReadList, Reader, Wanted};
use std::io::Write;

pub async fn extract(args: &ExtractArgs) -> Result<Exit, Fault> {
    let engines = super::run::engines();
    let version = ReaderVersion::of(&engines.version()?);
    let folder = Folder::default();
    let listing = folder.list(&args.folder).map_err(|e| Fault::input(e.reason))?;
    let supplied = super::customers::supplied(&args.list)?;
    let list = match &args.customers {
        None => None,
        Some(path) => {
            let choices = ListChoices::from_supplied(&[&supplied])?;
            let read = ReadList::read(
                &super::adapters::Workbooks,
                path,
                choices,
                Wanted::Customers,
                certonboard::cli::jobs(args.jobs),
                super::customers::sha256,
            )?;
            for doubt in read.layout.ambiguous.iter().filter(|doubt| !read.choices.settles(doubt)) {
                super::note(&format!("{}: {} is not sure: {}", path.display(), doubt.target.label(), doubt.why), args.quiet);
            }
            read.layout.notes.iter().for_each(|note| super::note(&format!("{}: {note}", path.display()), args.quiet));
            Some(read.list)
        }
    };
    let index = list.as_ref().map(|l| Index::new(&l.customers, args.merchant.as_deref()));
    let interrupt = Interrupt::default();
    super::adapters::watch_ctrl_c(&interrupt, None);
    let progress = super::adapters::progress(args.quiet, false);
    let kept = super::reading::kept(&args.reading.cache);
    let queue = super::reading::queue(&args.reading, &interrupt, &progress).await?;
    let policy = Policy::default();
    let mut seen = SeenPapers::default();
    let reader = Reader {
        folder: &folder,
        engines: &*engines,
        version,
        elsewhere: Elsewhere { kept: kept.as_deref(), queue: queue.as_ref().map(|queue| queue as &dyn ReadingQueue) },
        seller: args.merchant.as_deref(),
        today: SystemClock { today: args.today }.today(),
        index: index.as_ref(),
        doubtful: list.as_ref().map(|l| &l.conflicting),
        policy: &policy,
        review: &[],
        jobs: certonboard::cli::jobs(args.jobs),
        patience: PATIENCE,
        interrupt: &interrupt,
        progress: &*progress,
        cache: &NoCache,
    };
    let mut out = std::io::stdout().lock();
    let (mut unread, mut failed) = (Vec::new(), None);
    let read = reader.read_all(&listing.files, |read| {
        unread.extend(read.bad_pages.iter().map(|(n, why)| format!("{} page {n}: {why}", read.file.name)));
        match read.documents {
            Ok(mut documents) => {
                for document in &mut documents {
                    seen.mark(document, &policy);
                }
                if documents.is_empty() {
                    unread.push(format!("{}: {NO_PAPER}", read.file.name));
                }
                for document in &documents {
                    let line = serde_json::to_string(document).map_err(std::io::Error::other);
                    let written = line.and_then(|l| writeln!(out, "{l}")).and_then(|()| out.flush());
                    if let Err(error) = written {
                        interrupt.raise();
                        failed.get_or_insert(error);
                    }
                }
            }
            Err(error) => unread.push(format!("{}: {}", read.file.name, error.reason)),
        }
    });
    read?;
    for (name, why) in &listing.skipped {
        super::note(&format!("left out: {name}: {why}"), args.quiet);
    }
    for line in &unread {
        super::note(&format!("unreadable: {line}"), false);
    }
    match failed {
        // A reader that has seen enough (`| head`) is no error.
        Some(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Some(error) => Err(Fault::new(Exit::Failed, format!("the lines can't be printed: {error}"))),
        None if interrupt.is_raised() => Err(Fault::new(Exit::Interrupted, "interrupted")),
        None if !unread.is_empty() => Ok(Exit::Waiting),
        None => Ok(Exit::Done),
    }
}
