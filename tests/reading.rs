//! Reading many files: order, streaming, and what one bad file does to the others. The files and the engine are made up here.

use certonboard::domain::{BBox, Disposition, Gray, Hints, PageContent, PageOrigin, ReaderVersion, Sha256, Word};
use certonboard::ports::{
    FolderListing, Interrupt, Manner, OcrEngine, OcrEngines, OcrError, OpenScan, PageInput, Progress, Recognised, ScanFile, ScanFolder,
    Unreadable, UploadPdf,
};
use certonboard::wizard::{Elsewhere, FileRead, NoCache, Reader};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// What happens when a file is read; its name says which.
struct Made {
    gate: Arc<Gate>,
}

/// Closed until somebody opens it.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.changed.notify_all();
    }
    /// Whether it was opened within a minute.
    fn wait(&self) -> bool {
        let open = self.open.lock().unwrap();
        *self.changed.wait_timeout_while(open, Duration::from_secs(60), |open| !*open).unwrap().0
    }
}

struct Scan {
    name: String,
    pages: u32,
}

impl ScanFolder for Made {
    fn list(&self, _: &Path) -> Result<FolderListing, Unreadable> {
        Ok(FolderListing { files: vec![], skipped: vec![] })
    }
    fn bytes(&self, file: &ScanFile) -> Result<Vec<u8>, Unreadable> {
        Ok(file.name.clone().into_bytes())
    }
    fn open(&self, bytes: Vec<u8>) -> Result<Box<dyn OpenScan>, Unreadable> {
        let name = String::from_utf8(bytes).unwrap();
        if name.contains("broken") {
            return Err(Unreadable { reason: "cut off".into() });
        }
        if name.contains("decoder") {
            panic!("a decoder's panic");
        }
        if name.contains("gate") && !self.gate.wait() {
            return Err(Unreadable { reason: "nobody was shown the first file".into() });
        }
        let pages = name.split("pages").nth(1).and_then(|n| n.parse().ok()).unwrap_or(1);
        Ok(Box::new(Scan { name, pages }))
    }
    fn pages_as_pdf(&self, _: &ScanFile, _: [u32; 2], _: u64) -> Result<UploadPdf, Unreadable> {
        Err(Unreadable { reason: "not asked for here".into() })
    }
}

impl OpenScan for Scan {
    fn page_count(&self) -> u32 {
        self.pages
    }
    fn page(&mut self, number: u32) -> Result<PageInput, Unreadable> {
        if self.name.contains("torn") && number == 2 {
            return Err(Unreadable { reason: "torn".into() });
        }
        // The picture's size tells the engine what to do.
        let width = match &self.name {
            n if n.contains("panics") => 101,
            n if n.contains("fails") => 102,
            n if n.contains("blurred") => 103,
            n if n.contains("blank") => 104,
            _ => 100,
        };
        let pixels = (0..width * 130).map(|at| if width == 103 && at % 7 < 2 { 20 } else { 255 }).collect();
        let image = Gray::new(width, 130, pixels).map(Arc::new);
        Ok(PageInput { number, words: vec![], marks: vec![], image, dpi: 100, recognise: true, problem: None })
    }
}

/// Reads a resale certificate on every page.
#[derive(Default)]
struct Engines {
    made: AtomicUsize,
    /// The second look fails.
    forgetful: bool,
}

struct Engine {
    forgetful: bool,
}

impl OcrEngines for Engines {
    fn check(&self) -> Result<String, OcrError> {
        Ok("made up".into())
    }
    fn engine(&self) -> Result<Box<dyn OcrEngine>, OcrError> {
        self.made.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Engine { forgetful: self.forgetful }))
    }
}

impl OcrEngine for Engine {
    fn recognise(&mut self, image: &Gray, _: u32, _: Option<u16>) -> Result<Recognised, OcrError> {
        let words = match image.width {
            101 => panic!("the engine's panic"),
            102 => return Err(OcrError::Failed("it failed".into())),
            103 | 104 => vec![],
            _ => certificate(),
        };
        Ok(Recognised { words, image: Some(Arc::new(image.clone())), ..Recognised::default() })
    }
    fn reread(&mut self, _: &Gray, _: BBox, _: Manner) -> Result<Vec<Word>, OcrError> {
        if self.forgetful { Err(OcrError::Failed("not again".into())) } else { Ok(vec![]) }
    }
}

fn certificate() -> Vec<Word> {
    let lines = [
        "New York State Department of Taxation and Finance",
        "Resale Certificate",
        "Name of purchaser: Tidewater Brass Works LLC",
        "Street address: 12 Quay Lane",
        "City: Utica State: NY ZIP code: 13502",
    ];
    let mut words = vec![];
    for (line, text) in (0u32..).zip(lines) {
        let mut left = 0.05;
        for part in text.split(' ') {
            let right = left + 0.012 * part.len() as f32;
            let top = 0.05 + 0.05 * line as f32;
            words.push(Word { text: part.into(), bbox: BBox::new(left, top, right, top + 0.015), confidence: 0.8, line });
            left = right + 0.01;
        }
    }
    words
}

struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: &str, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64, _: &str) {}
    fn end(&self) {}
}

struct Run {
    engines: Engines,
    gate: Arc<Gate>,
    interrupt: Interrupt,
    jobs: usize,
    patience: Duration,
}

impl Run {
    fn new(jobs: usize) -> Self {
        let patience = Duration::from_secs(3_600);
        Self { engines: Engines::default(), gate: Arc::default(), interrupt: Interrupt::default(), jobs, patience }
    }

    fn read(&self, names: &[&str], mut each: impl FnMut(&FileRead)) -> Vec<FileRead> {
        let file = |name: &&str| ScanFile { name: name.to_string(), path: PathBuf::from(name), member: None, bytes: 1 };
        let files: Vec<ScanFile> = names.iter().map(file).collect();
        let folder = Made { gate: self.gate.clone() };
        let policy = certonboard::domain::Policy::default();
        let reader = Reader {
            policy: &policy,
            review: &[],
            folder: &folder,
            engines: &self.engines,
            version: ReaderVersion::of("made up"),
            elsewhere: Elsewhere::default(),
            seller: None,
            today: jiff::civil::date(2026, 11, 20),
            index: None,
            doubtful: None,
            jobs: self.jobs,
            patience: self.patience,
            interrupt: &self.interrupt,
            progress: &Quiet,
            cache: &NoCache,
        };
        let mut all = vec![];
        reader
            .read_all(&files, |read| {
                each(&read);
                all.push(read);
            })
            .unwrap();
        all
    }
}

fn papers(read: &FileRead) -> usize {
    read.documents.as_ref().map_or(0, Vec::len)
}

#[test]
fn the_first_file_is_handed_over_while_later_ones_are_still_read() {
    for jobs in [1, 2, 4] {
        let run = Run::new(jobs);
        let gate = run.gate.clone();
        let all = run.read(&["a.pdf", "b gate.pdf", "c.pdf"], |read| {
            if read.file.name == "a.pdf" {
                gate.open();
            }
        });
        let names: Vec<&str> = all.iter().map(|r| r.file.name.as_str()).collect();
        assert_eq!(names, ["a.pdf", "b gate.pdf", "c.pdf"], "with {jobs} threads");
        // With one thread the second file waits for the first to be handed over, which it is.
        assert!(all.iter().all(|r| papers(r) == 1), "with {jobs} threads: {:?}", all.iter().map(|r| &r.documents).collect::<Vec<_>>());
    }
}

#[test]
fn a_bad_file_never_loses_the_others() {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let names = ["1.pdf", "2 panics.pdf", "3 broken.pdf", "4 decoder.pdf", "5 fails.pdf", "6.pdf", "7 torn pages3", "8.pdf"];
    for jobs in [1, 3] {
        let run = Run::new(jobs);
        let all = run.read(&names, |_| {});
        assert_eq!(all.len(), names.len());
        for (read, name) in all.iter().zip(names) {
            assert_eq!(read.file.name, name);
            let bad = ["panics", "broken", "decoder", "fails"].iter().any(|b| name.contains(b));
            assert_eq!(read.documents.is_err(), bad, "{name}");
        }
        // The torn page is named, and its file is no longer for the program alone.
        assert_eq!(all[6].bad_pages, [(2, "torn".to_owned())]);
        assert!(all[6].documents.as_ref().unwrap().iter().all(|d| d.disposition != Disposition::Accept));
        // An engine that panicked is not used again.
        assert!(run.engines.made.load(Ordering::SeqCst) >= 2);
    }
    std::panic::set_hook(quiet);
}

#[test]
fn what_was_read_at_first_stands_when_the_second_look_fails() {
    let mut run = Run::new(1);
    run.engines.forgetful = true;
    let all = run.read(&["a.pdf"], |_| {});
    let documents = all[0].documents.as_ref().unwrap();
    assert_eq!(documents[0].fields.purchaser_name.as_ref().unwrap().value, "Tidewater Brass Works LLC");
}

#[test]
fn every_page_of_a_long_file_is_read_with_its_picture() {
    let run = Run::new(2);
    let all = run.read(&["long pages90"], |_| {});
    assert_eq!(all[0].pages, 90);
    assert_eq!(papers(&all[0]), 90);
}

#[test]
fn pages_that_hold_something_unreadable_go_to_a_person_and_blank_ones_do_not() {
    let run = Run::new(1);
    let all = run.read(&["a blurred pages2", "b blank.pdf"], |_| {});
    let blurred = all[0].documents.as_ref().unwrap();
    assert_eq!((blurred.len(), blurred[0].pages, blurred[0].disposition), (1, [1, 2], Disposition::Review));
    assert!(blurred[0].reasons[0].contains("no words could be read"), "{:?}", blurred[0].reasons);
    assert!(all[1].documents.as_ref().unwrap().is_empty());
}

#[test]
fn a_file_that_takes_too_long_is_told_and_the_next_one_is_read() {
    let mut run = Run::new(1);
    run.patience = Duration::ZERO;
    let all = run.read(&["a.pdf", "b pages3"], |_| {});
    for read in &all {
        let error = read.documents.as_ref().unwrap_err();
        assert!(error.reason.contains("split the file"), "{error}");
    }
}

#[test]
fn an_interrupt_ends_the_reading() {
    let run = Run::new(2);
    let raised = AtomicBool::new(false);
    let begun = Instant::now();
    let names: Vec<String> = (0..500).map(|n| format!("{n}.pdf")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let all = run.read(&names, |_| {
        if !raised.swap(true, Ordering::SeqCst) {
            run.interrupt.raise();
        }
    });
    assert!(all.len() < 500, "{} files were read in {:?}", all.len(), begun.elapsed());
}

/// The page content that the made-up engine gives is what the reader would see.
#[test]
fn the_made_up_certificate_is_one() {
    let page = PageContent {
        number: 1,
        words: certificate(),
        marks: vec![],
        image: None,
        origin: PageOrigin::Ocr,
        turned: 0,
        corners: None,
        levelled: 0.0,
        aspect: 0.77,
    };
    let ctx = certonboard::certificates::RuleContext {
        catalogue: certonboard::certificates::Catalogue::builtin(),
        seller: None,
        today: jiff::civil::date(2026, 11, 20),
    };
    let seen = certonboard::certificates::see(page, None, &ctx.reading());
    assert_eq!(certonboard::certificates::read_documents("a", &Sha256::of(b"a"), &[seen], &Hints::default(), &ctx).len(), 1);
}
