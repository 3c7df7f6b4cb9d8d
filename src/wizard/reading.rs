//! From files to documents: pages in, recognition where it is needed, fields, match. Files are read on several threads and come out in order.

use crate::certificates::{Catalogue, ReadContext, read_documents, settle};
use crate::domain::{BBox, CustomerCode, Disposition, Document, Gray, PageContent, Sha256, Word};
use crate::matching::Index;
use crate::ports::{Interrupt, OcrEngine, OcrEngines, OcrError, OpenScan, Progress, Recognised, ScanFile, ScanFolder, Unreadable};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Remembers what was read from a file, so that a resumed run does not read it again.
pub trait Cache: Sync {
    fn get(&self, file: &str, sha256: &Sha256) -> Option<Vec<Document>>;
    fn put(&self, file: &str, sha256: &Sha256, documents: &[Document]);
    /// Keeps what was read for the report alone.
    fn keep(&self, file: &str, documents: &[Document]);
}

/// Remembers nothing.
pub struct NoCache;

impl Cache for NoCache {
    fn get(&self, _: &str, _: &Sha256) -> Option<Vec<Document>> {
        None
    }
    fn put(&self, _: &str, _: &Sha256, _: &[Document]) {}
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
    pub jobs: usize,
    pub interrupt: &'a Interrupt,
    pub progress: &'a dyn Progress,
    pub cache: &'a dyn Cache,
}

/// In longer files the pictures of pages are let go as soon as their words are read, so that memory stays bounded. What needs a picture
/// (check boxes, the signature) is then unsure, and a person looks.
const PAGES_WITH_PICTURES: u32 = 40;

impl Reader<'_> {
    /// Reads all files and hands each to `each` in the order given, while later ones are still being read. Stops early when interrupted.
    pub fn read_all(&self, files: &[ScanFile], mut each: impl FnMut(FileRead)) {
        let next = AtomicUsize::new(0);
        let (sender, receiver) = mpsc::channel();
        self.progress.begin("Reading", "files", Some(files.len() as u64));
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.max(1).min(files.len().max(1)) {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    let mut engine = None;
                    while !self.interrupt.is_raised() {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(file) = files.get(index) else { break };
                        // One bad file must not take the others with it, whatever a decoder does.
                        let read = catch_unwind(AssertUnwindSafe(|| self.read(file, &mut engine))).unwrap_or_else(|_| {
                            engine = None;
                            let reason =
                                "reading it failed inside this program; the file may be damaged, so open it, print it to PDF and try that"
                                    .to_owned();
                            FileRead { file: file.clone(), pages: 0, documents: Err(Unreadable { reason }), bad_pages: vec![] }
                        });
                        if sender.send((index, read)).is_err() {
                            break;
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

    fn read(&self, file: &ScanFile, engine: &mut Option<Box<dyn OcrEngine>>) -> FileRead {
        let failed = |error| FileRead { file: file.clone(), pages: 0, documents: Err(error), bad_pages: vec![] };
        let mut scan = match self.folder.open(file) {
            Ok(scan) => scan,
            Err(error) => return failed(error),
        };
        let (sha256, count) = (scan.sha256().clone(), scan.page_count());
        let read = |documents, bad_pages| FileRead { file: file.clone(), pages: count, documents, bad_pages };
        if let Some(documents) = self.cache.get(&file.name, &sha256) {
            return read(Ok(documents), vec![]);
        }
        let (mut pages, mut bad) = (Vec::new(), Vec::new());
        for number in 1..=count {
            if self.interrupt.is_raised() {
                return failed(Unreadable { reason: "interrupted before it was read".to_owned() });
            }
            match self.page(&mut *scan, number, engine) {
                Ok(mut page) => {
                    if count > PAGES_WITH_PICTURES {
                        page.image = None;
                    }
                    pages.push(page);
                }
                Err(error) => bad.push((number, error.reason)),
            }
        }
        if pages.is_empty() {
            let reason = bad.first().map_or_else(|| "it has no pages".to_owned(), |(n, why)| format!("page {n}: {why}"));
            return read(Err(Unreadable { reason }), bad);
        }
        let context = ReadContext { catalogue: Catalogue::builtin(), seller: self.seller, today: self.today };
        let mut documents = read_documents(&file.name, &sha256, &pages, &context);
        for document in &mut documents {
            let mut decision = self.index.and_then(|index| index.decide(document));
            if let Some(found) = decision.as_mut().filter(|m| self.doubtful.is_some_and(|codes| codes.contains(&m.customer_code))) {
                found.sure = false;
                found.evidence.push("two different customers have this code".to_owned());
            }
            settle(document, decision, self.index.is_some());
            if let (Some((number, _)), Disposition::Accept) = (bad.first(), document.disposition) {
                document.disposition = Disposition::Review;
                document.reasons.push(format!("page {number} of the file could not be read"));
            }
        }
        // A file with unread pages is read again by a resumed run: it may have been a passing fault.
        if bad.is_empty() {
            self.cache.put(&file.name, &sha256, &documents);
        } else {
            self.cache.keep(&file.name, &documents);
        }
        read(Ok(documents), bad)
    }

    fn page(&self, scan: &mut dyn OpenScan, number: u32, engine: &mut Option<Box<dyn OcrEngine>>) -> Result<PageContent, Unreadable> {
        let input = scan.page(number)?;
        if let Some(reason) = &input.problem {
            return Err(Unreadable { reason: reason.clone() });
        }
        let failed = |error: OcrError| Unreadable { reason: error.to_string() };
        if !input.recognise {
            // A page with a text layer needs no engine, and making one costs half a second.
            return input.read_with(&mut NoEngine).map_err(failed);
        }
        let engine = match engine {
            Some(engine) => engine,
            none => none.insert(self.engines.engine().map_err(failed)?),
        };
        input.read_with(&mut **engine).map_err(failed)
    }
}

/// For pages that are not recognised.
struct NoEngine;

impl OcrEngine for NoEngine {
    fn recognise(&mut self, _: &Gray, _: u32) -> Result<Recognised, OcrError> {
        Err(OcrError::Failed("this page was not meant to be recognised".to_owned()))
    }
    fn reread(&mut self, _: &Gray, _: BBox, _: &str) -> Result<Vec<Word>, OcrError> {
        Err(OcrError::Failed("this page was not meant to be recognised".to_owned()))
    }
}
