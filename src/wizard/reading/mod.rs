//! From files to documents: what stands on the papers, what the rules say, whose they are. Files come out in their order, whoever read them.
//!
//! Owns: what is known already, the decision, the order. Must not touch: how a file is read (`pages`), how a queue works (its port).
//! Called by: the wizard, the review, `extract`.

mod elsewhere;
mod pages;
mod pool;
mod work;

pub use pages::{PATIENCE, second_look};
pub use work::Readers;

use crate::certificates::{Case, Catalogue, RuleContext, judge, settle};
use crate::domain::{CustomerCode, Disposition, Document, Hints, Policy, ReaderVersion, ReadingKey, ReviewEntry, Sha256};
use crate::matching::Index;
use crate::ports::{FilePapers, Interrupt, OcrEngines, Progress, QueueError, ReadingQueue, ReadingStore, ScanFile, ScanFolder, Unreadable};
use jiff::civil::Date;
use pages::{Engine, FAILED_INSIDE, How, Means};
use pool::Pool;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// Remembers what was decided of a file, so that a resumed run does not decide it again.
pub trait Cache: Sync {
    /// `hints`: how the file was to be read.
    fn get(&self, file: &str, sha256: &Sha256, hints: &Hints) -> Option<Vec<Document>>;
    fn put(&self, file: &str, sha256: &Sha256, hints: &Hints, documents: &[Document]);
    /// Keeps what was read for the report alone.
    fn keep(&self, file: &str, documents: &[Document]);
}

/// Remembers nothing.
pub struct NoCache;

impl Cache for NoCache {
    fn get(&self, _: &str, _: &Sha256, _: &Hints) -> Option<Vec<Document>> {
        None
    }
    fn put(&self, _: &str, _: &Sha256, _: &Hints, _: &[Document]) {}
    fn keep(&self, _: &str, _: &[Document]) {}
}

/// What came of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRead {
    pub file: ScanFile,
    pub pages: u32,
    pub documents: Result<Vec<Document>, Unreadable>,
    /// Pages that could not be read although the file could: number and reason.
    pub bad_pages: Vec<(u32, String)>,
}

/// Why a file gave no document although its pages could be read.
pub const NO_PAPER: &str = "no certificate on it: its pages are blank or instructions";

/// Where what was read is kept, and who reads.
#[derive(Clone, Copy, Default)]
pub struct Elsewhere<'a> {
    /// What earlier runs on this machine have read.
    pub kept: Option<&'a dyn ReadingStore>,
    /// Readers on other machines. `None`: this process reads.
    pub queue: Option<&'a dyn ReadingQueue>,
}

/// Reads scans.
pub struct Reader<'a> {
    pub folder: &'a dyn ScanFolder,
    pub engines: &'a dyn OcrEngines,
    /// The way that `engines` and this program read.
    pub version: ReaderVersion,
    pub elsewhere: Elsewhere<'a>,
    pub seller: Option<&'a str>,
    pub today: Date,
    /// The customers, where they are known.
    pub index: Option<&'a Index<'a>>,
    /// Codes that two different customers have: a match with one of these is never sure.
    pub doubtful: Option<&'a BTreeSet<CustomerCode>>,
    pub policy: &'a Policy,
    /// What persons decided earlier about how files are to be read.
    pub review: &'a [ReviewEntry],
    pub jobs: usize,
    /// How long one file may take, see [`PATIENCE`].
    pub patience: Duration,
    pub interrupt: &'a Interrupt,
    pub progress: &'a dyn Progress,
    pub cache: &'a dyn Cache,
}

/// A file that is not known yet.
struct Unread {
    bytes: Vec<u8>,
    sha256: Sha256,
    key: ReadingKey,
    how: How,
}

impl Reader<'_> {
    /// Reads all files and hands each to `each` in the order given, while later ones are still being read. The pages of long files are shared
    /// among the threads. Stops early when interrupted.
    ///
    /// # Errors
    /// Only with a queue: it refused, in a way that waiting does not mend. What was read by then was handed to `each`.
    pub fn read_all(&self, files: &[ScanFile], mut each: impl FnMut(FileRead)) -> Result<(), QueueError> {
        let (sender, receiver) = mpsc::channel();
        self.progress.begin("Reading", "files", Some(files.len() as u64));
        let ended = std::thread::scope(|scope| {
            let readers = scope.spawn(move || match self.elsewhere.queue {
                Some(queue) => self.read_elsewhere(queue, files, sender),
                None => {
                    self.read_here(files, sender);
                    Ok(())
                }
            });
            let (mut waiting, mut turn, mut pages) = (BTreeMap::new(), 0, 0);
            for (index, read) in receiver {
                let read: FileRead = read;
                pages += u64::from(read.pages);
                self.progress.advance(1, &format!("{pages} pages; {}", read.file.name));
                waiting.insert(index, read);
                while let Some(read) = waiting.remove(&turn) {
                    each(read);
                    turn += 1;
                }
            }
            readers.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        self.progress.end();
        ended
    }

    /// By the threads of this process.
    fn read_here(&self, files: &[ScanFile], sender: mpsc::Sender<(usize, FileRead)>) {
        let means = Means { folder: self.folder, engines: self.engines, patience: self.patience, interrupt: self.interrupt };
        let pool = Pool::new(0..files.len());
        let read = |index: usize, engine: &mut Engine| {
            let read = files.get(index).map(|file| {
                guarded(file, || match self.known(file) {
                    Ok(read) => read,
                    Err(unread) => match means.read(unread.bytes, &unread.how, engine, &pool) {
                        Some(papers) => {
                            self.remember(&unread.key, &papers);
                            self.decided(file, &unread.sha256, &unread.how.hints, papers)
                        }
                        None => failed(file, "interrupted before it was read"),
                    },
                })
            });
            // Nobody listens any more: the run has ended.
            read.is_none_or(|read| sender.send((index, read)).is_ok())
        };
        work::crew(self.jobs, &means, &pool, read);
    }

    /// The file as far as it needs no reading: known from before, or not to be had. Else what reading it needs.
    fn known(&self, file: &ScanFile) -> Result<FileRead, Box<Unread>> {
        let bytes = match self.folder.bytes(file) {
            Ok(bytes) => bytes,
            Err(error) => return Ok(failed(file, &error.reason)),
        };
        let sha256 = Sha256::of(&bytes);
        let hints = Hints::of(self.review, &sha256);
        if let Some(documents) = self.cache.get(&file.name, &sha256, &hints) {
            let pages = self.folder.open(bytes).map_or(0, |scan| scan.page_count());
            return Ok(FileRead { file: file.clone(), pages, documents: Ok(documents), bad_pages: vec![] });
        }
        let key = ReadingKey::new(&self.version, &sha256, &hints, self.seller);
        match self.elsewhere.kept.and_then(|kept| kept.get(&key)) {
            Some(papers) => Ok(self.decided(file, &sha256, &hints, papers)),
            None => Err(Box::new(Unread { bytes, sha256, key, how: How { hints, seller: self.seller.map(Arc::from) } })),
        }
    }

    /// What could not be read in full is read again the next time: it may have been a passing fault.
    fn remember(&self, key: &ReadingKey, papers: &FilePapers) {
        if let (Some(kept), true) = (self.elsewhere.kept, papers.is_whole()) {
            kept.put(key, papers);
        }
    }

    /// The documents of a file: what the rules say of each paper, and whose it is.
    fn decided(&self, file: &ScanFile, sha256: &Sha256, hints: &Hints, papers: FilePapers) -> FileRead {
        let FilePapers { pages, papers, bad_pages: bad, .. } = papers;
        let read = |documents, bad_pages| FileRead { file: file.clone(), pages, documents, bad_pages };
        let papers = match papers {
            Ok(papers) => papers,
            Err(reason) => return read(Err(Unreadable { reason }), bad),
        };
        let context = RuleContext { catalogue: Catalogue::builtin(), seller: self.seller, today: self.today };
        let mut documents: Vec<Document> = papers.into_iter().map(|paper| judge(&file.name, sha256, paper, &context)).collect();
        for document in &mut documents {
            self.decide(document);
            if let (false, Disposition::Accept) = (hints.is_empty(), document.disposition) {
                document.disposition = Disposition::Review;
                document.reasons.push("a person split this file or turned a page; each of its papers is decided by a person".to_owned());
            }
            if let (Some((number, _)), Disposition::Accept) = (bad.first(), document.disposition) {
                document.disposition = Disposition::Review;
                document.reasons.push(format!("page {number} of the file could not be read"));
            }
        }
        // A file with unread pages is read again by a resumed run: it may have been a passing fault.
        if bad.is_empty() {
            self.cache.put(&file.name, sha256, hints, &documents);
        } else {
            self.cache.keep(&file.name, &documents);
        }
        read(Ok(documents), bad)
    }

    /// Finds the customer and settles what may be done with a document.
    pub fn decide(&self, document: &mut Document) {
        let mut decision = self.index.and_then(|index| index.decide(document));
        if let Some(found) = decision.as_mut().filter(|m| self.doubtful.is_some_and(|codes| codes.contains(&m.customer_code))) {
            found.sure = false;
            found.doubt = Some("two different customers have this code".to_owned());
        }
        let customer = self.index.zip(decision.as_ref()).and_then(|(index, found)| index.customer(&found.customer_code));
        let case = Case { policy: self.policy, today: self.today, customers_known: self.index.is_some(), customer };
        settle(document, decision, case);
    }
}

/// One bad file must not take the others with it, whatever becomes of it: a panic is the end of that file alone.
fn guarded(file: &ScanFile, read: impl FnOnce() -> FileRead) -> FileRead {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| failed(file, FAILED_INSIDE))
}

fn failed(file: &ScanFile, reason: &str) -> FileRead {
    FileRead { file: file.clone(), pages: 0, documents: Err(Unreadable { reason: reason.to_owned() }), bad_pages: vec![] }
}
