//! From files to documents: pages in, recognition where it is needed, fields, match. Files are read on several threads and come out in order.

use super::pool::{Next, Pool};
use crate::certificates::{self, Case, Catalogue, Ink, Look, ReadByOther, ReadContext, Reread, SeenPage, read_documents, see, settle};
use crate::domain::{BBox, CustomerCode, Disposition, Document, Gray, Hints, PageContent, PageOrigin, Policy, ReviewEntry, Sha256, Word};
use crate::matching::Index;
use crate::ports::{Interrupt, Manner, OcrEngine, OcrEngines, OcrError, PageInput, Progress, Recognised, ScanFile, ScanFolder, Unreadable};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// Remembers what was read from a file, so that a resumed run does not read it again.
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

/// Reads scans.
pub struct Reader<'a> {
    pub folder: &'a dyn ScanFolder,
    pub engines: &'a dyn OcrEngines,
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

/// No file may keep the others waiting longer than this; its pages that are not read by then are named for a person.
pub const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// The pages of one file as they get done, by number.
type Done = Mutex<BTreeMap<u32, Result<SeenPage, Unreadable>>>;

/// A page for whoever is free.
struct PageJob {
    number: u32,
    input: PageInput,
    /// How far to turn it, where a person has said so.
    turn: Option<u16>,
    /// When its file has taken too long.
    until: Instant,
    done: Arc<Done>,
}

impl Reader<'_> {
    /// Reads all files and hands each to `each` in the order given, while later ones are still being read. The pages of long files are shared
    /// among the threads. Stops early when interrupted.
    pub fn read_all(&self, files: &[ScanFile], mut each: impl FnMut(FileRead)) {
        let threads = self.jobs.max(1);
        let pool = Pool::new(files.len(), threads);
        let (sender, receiver) = mpsc::channel();
        self.progress.begin("Reading", "files", Some(files.len() as u64));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let (sender, pool) = (sender.clone(), &pool);
                scope.spawn(move || {
                    let mut engine = None;
                    loop {
                        match pool.next(|| self.interrupt.is_raised()) {
                            Next::Nothing => break,
                            Next::Job(job) => self.do_page(job, &mut engine, pool),
                            Next::File(index) => {
                                let read = files.get(index).map(|file| {
                                    // One bad file must not take the others with it, whatever a decoder does.
                                    catch_unwind(AssertUnwindSafe(|| self.read(file, &mut engine, pool))).unwrap_or_else(|_| {
                                        engine = None;
                                        FileRead { file: file.clone(), pages: 0, documents: Err(failed_inside()), bad_pages: vec![] }
                                    })
                                });
                                pool.close();
                                if read.is_some_and(|read| sender.send((index, read)).is_err()) {
                                    break;
                                }
                            }
                        }
                    }
                });
            }
            drop(sender);
            let (mut waiting, mut turn, mut pages) = (BTreeMap::new(), 0, 0);
            for (index, read) in receiver {
                pages += u64::from(read.pages);
                self.progress.advance(1, &format!("{pages} pages; {}", read.file.name));
                waiting.insert(index, read);
                while let Some(read) = waiting.remove(&turn) {
                    each(read);
                    turn += 1;
                }
            }
        });
        self.progress.end();
    }

    fn read(&self, file: &ScanFile, engine: &mut Option<Box<dyn OcrEngine>>, pool: &Pool<PageJob>) -> FileRead {
        let failed = |error| FileRead { file: file.clone(), pages: 0, documents: Err(error), bad_pages: vec![] };
        let mut scan = match self.folder.open(file) {
            Ok(scan) => scan,
            Err(error) => return failed(error),
        };
        let (sha256, count) = (scan.sha256().clone(), scan.page_count());
        let read = |documents, bad_pages| FileRead { file: file.clone(), pages: count, documents, bad_pages };
        let hints = Hints::of(self.review, &sha256);
        if let Some(documents) = self.cache.get(&file.name, &sha256, &hints) {
            return read(Ok(documents), vec![]);
        }
        let interrupted = || failed(Unreadable { reason: "interrupted before it was read".to_owned() });
        let done: Arc<Done> = Arc::default();
        let until = Instant::now() + self.patience;
        for number in 1..=count {
            if self.interrupt.is_raised() {
                return interrupted();
            }
            if Instant::now() > until {
                keep(&done, number, Err(self.too_long()));
                continue;
            }
            match scan.page(number) {
                Err(error) => keep(&done, number, Err(error)),
                Ok(input) => {
                    let job = PageJob { number, input, turn: hints.turns.get(&number).copied(), until, done: Arc::clone(&done) };
                    // A page that needs no recognition is done sooner than handed over; so is the last one of its file.
                    let mine = if job.input.recognise && number < count { pool.offer(job) } else { Some(job) };
                    if let Some(job) = mine {
                        self.do_page(job, engine, pool);
                    }
                }
            }
        }
        let all = || done.lock().unwrap_or_else(PoisonError::into_inner).len() == count as usize;
        while let Some(job) = pool.help(|| all() || self.interrupt.is_raised()) {
            self.do_page(job, engine, pool);
        }
        if !all() {
            return interrupted();
        }
        let (mut pages, mut bad) = (Vec::new(), Vec::new());
        for (number, page) in std::mem::take(&mut *done.lock().unwrap_or_else(PoisonError::into_inner)) {
            match page {
                Ok(page) => pages.push(page),
                Err(error) => bad.push((number, error.reason)),
            }
        }
        if pages.is_empty() {
            let reason = bad.first().map_or_else(|| "it has no pages".to_owned(), |(n, why)| format!("page {n}: {why}"));
            return read(Err(Unreadable { reason }), bad);
        }
        let mut documents = read_documents(&file.name, &sha256, &pages, &hints, &self.context());
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
            self.cache.put(&file.name, &sha256, &hints, &documents);
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

    fn too_long(&self) -> Unreadable {
        let minutes = self.patience.as_secs() / 60;
        Unreadable { reason: format!("its file takes longer than {minutes} minutes to read; split the file and read its parts") }
    }

    fn context(&self) -> ReadContext<'_> {
        ReadContext { catalogue: Catalogue::builtin(), seller: self.seller, today: self.today }
    }

    fn do_page(&self, job: PageJob, engine: &mut Option<Box<dyn OcrEngine>>, pool: &Pool<PageJob>) {
        let PageJob { number, input, turn, until, done } = job;
        let read = || if Instant::now() > until { Err(self.too_long()) } else { self.page(input, turn, engine) };
        let page = catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
            *engine = None;
            Err(failed_inside())
        });
        keep(&done, number, page);
        pool.told();
    }

    fn page(&self, input: PageInput, turn: Option<u16>, engine: &mut Option<Box<dyn OcrEngine>>) -> Result<SeenPage, Unreadable> {
        if let Some(reason) = &input.problem {
            return Err(Unreadable { reason: reason.clone() });
        }
        let failed = |error: OcrError| Unreadable { reason: error.to_string() };
        let context = self.context();
        let ink = |page: &PageContent| page.image.as_deref().and_then(Ink::new);
        if !input.recognise {
            // A page with a text layer needs no engine, and making one costs half a second.
            let page = input.read_with(&mut NoEngine, turn).map_err(failed)?;
            let ink = ink(&page);
            return Ok(see(page, ink.as_ref(), &context));
        }
        let engine = match engine {
            Some(engine) => engine,
            none => none.insert(self.engines.engine().map_err(failed)?),
        };
        let mut page = input.read_with(&mut **engine, turn).map_err(failed)?;
        let ink = ink(&page);
        if let Some(ink) = &ink {
            let first = page.words.clone();
            // What was read at first stands when a second look fails.
            if second_look(&mut page, ink, &mut **engine, &context).is_err() {
                page.words = first;
            }
        }
        Ok(see(page, ink.as_ref(), &context))
    }
}

fn keep(done: &Done, number: u32, page: Result<SeenPage, Unreadable>) {
    done.lock().unwrap_or_else(PoisonError::into_inner).insert(number, page);
}

fn failed_inside() -> Unreadable {
    let reason = "reading it failed inside this program; the file may be damaged, so open it, print it to PDF and try that";
    Unreadable { reason: reason.to_owned() }
}

/// Reads the doubtful places of a page again, each as a line of its own.
pub fn second_look(page: &mut PageContent, ink: &Ink, engine: &mut dyn OcrEngine, context: &ReadContext) -> Result<(), OcrError> {
    let (PageOrigin::Ocr, Some(image)) = (page.origin, page.image.clone()) else { return Ok(()) };
    let mut others = ReadByOther::default();
    let mut again = |looks: Vec<Look>, page: &mut PageContent| -> Result<(), OcrError> {
        let mut answers = Vec::with_capacity(looks.len());
        for look in looks {
            let mut readings = Vec::with_capacity(5);
            for round in rounds(&look) {
                for &manner in *round {
                    let words = match (manner, engine.reread(&image, look.area, manner)) {
                        // A second opinion that fails says nothing, which lets no number pass; the other readings still count.
                        (Manner::Other, answer) => answer.unwrap_or_default(),
                        (_, answer) => answer?,
                    };
                    readings.push(reread(words, manner));
                }
                if certificates::settled(page, &look, &readings, &others) {
                    break;
                }
            }
            answers.push((look, readings));
        }
        certificates::adopt(page, answers, context, &mut others);
        Ok(())
    };
    again(certificates::doubtful_lines(page, ink), page)?;
    again(certificates::looks(page, ink, context), page)
}

/// The ways to read a place again, until the readings settle it. A value is settled when two recognisers of different kinds agree, so the
/// second opinion comes first; of a line it is not yet known whether anybody needs it, and the engine at hand is quicker.
fn rounds(look: &Look) -> &'static [&'static [Manner]] {
    const PLAIN: Manner = Manner::Same { digits: false, soft: false };
    const DIGITS: Manner = Manner::Same { digits: true, soft: false };
    const SOFT: Manner = Manner::Same { digits: false, soft: true };
    const SOFT_DIGITS: Manner = Manner::Same { digits: true, soft: true };
    match (look.number, look.is_value()) {
        (true, _) => &[&[Manner::Other], &[PLAIN, DIGITS], &[SOFT, SOFT_DIGITS]],
        (false, true) => &[&[Manner::Other], &[PLAIN], &[SOFT]],
        (false, false) => &[&[PLAIN], &[Manner::Other]],
    }
}

fn reread(words: Vec<Word>, manner: Manner) -> Reread {
    match manner {
        Manner::Same { digits, .. } => Reread { words, digits, independent: false },
        Manner::Other => Reread { words, digits: false, independent: true },
    }
}

/// For pages that are not recognised.
struct NoEngine;

impl OcrEngine for NoEngine {
    fn recognise(&mut self, _: &Gray, _: u32, _: Option<u16>) -> Result<Recognised, OcrError> {
        Err(OcrError::Failed("this page was not meant to be recognised".to_owned()))
    }
    fn reread(&mut self, _: &Gray, _: BBox, _: Manner) -> Result<Vec<Word>, OcrError> {
        Err(OcrError::Failed("this page was not meant to be recognised".to_owned()))
    }
}
