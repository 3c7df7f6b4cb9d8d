//! From one file's bytes to what stands on its papers: pages, recognition where it is needed, a second look, values.
//!
//! Owns: how a file is read, its time, what a fault of one page does. Must not touch: the day, the customers, decisions, who reads which file.
//! Called by: the reader of this process and the worker of a queue, so that both read alike.

use super::pool::Pool;
use crate::certificates::{self, Catalogue, Ink, Look, ReadByOther, ReadContext, Reread, SeenPage, read_papers, see};
use crate::domain::{BBox, Gray, Hints, PageContent, PageOrigin, Word};
use crate::ports::{FilePapers, Interrupt, Manner, OcrEngine, OcrEngines, OcrError, PageInput, Recognised, ScanFolder, Unreadable};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// No file may keep the others waiting longer than this; its pages that are not read by then are named for a person.
pub const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// A thread's engine, made when the first page needs it.
pub type Engine = Option<Box<dyn OcrEngine>>;

/// What reading needs besides the file.
pub struct Means<'a> {
    pub folder: &'a dyn ScanFolder,
    pub engines: &'a dyn OcrEngines,
    /// How long one file may take, see [`PATIENCE`].
    pub patience: Duration,
    pub interrupt: &'a Interrupt,
}

/// How one file is read.
#[derive(Debug, Clone, Default)]
pub struct How {
    pub hints: Hints,
    pub seller: Option<Arc<str>>,
}

/// The pages of one file as they get done, by number.
type Done = Mutex<BTreeMap<u32, Result<Seen, Unreadable>>>;

/// A page, and whether its second look failed: then reading it again may give more.
struct Seen {
    page: SeenPage,
    once: bool,
}

/// A page for whoever is free.
pub struct PageJob {
    number: u32,
    input: PageInput,
    /// How far to turn it, where a person has said so.
    turn: Option<u16>,
    seller: Option<Arc<str>>,
    /// When its file has taken too long.
    until: Instant,
    done: Arc<Done>,
}

impl Means<'_> {
    /// Reads one file. Its pages are shared with whoever is free in `pool`. Never panics, whatever a decoder does. `None`: interrupted.
    pub fn read<F>(&self, bytes: Vec<u8>, how: &How, engine: &mut Engine, pool: &Pool<PageJob, F>) -> Option<FilePapers> {
        // One bad file must not take the others with it.
        catch_unwind(AssertUnwindSafe(|| self.pages(bytes, how, engine, pool))).unwrap_or_else(|_| {
            *engine = None;
            Some(FilePapers::unreadable(failed_inside().reason))
        })
    }

    fn pages<F>(&self, bytes: Vec<u8>, how: &How, engine: &mut Engine, pool: &Pool<PageJob, F>) -> Option<FilePapers> {
        let mut scan = match self.folder.open(bytes) {
            Ok(scan) => scan,
            Err(error) => return Some(FilePapers::unreadable(error.reason)),
        };
        let count = scan.page_count();
        let done: Arc<Done> = Arc::default();
        let until = Instant::now() + self.patience;
        for number in 1..=count {
            if self.interrupt.is_raised() {
                return None;
            }
            if Instant::now() > until {
                keep(&done, number, Err(self.too_long()));
                continue;
            }
            match scan.page(number) {
                Err(error) => keep(&done, number, Err(error)),
                Ok(input) => {
                    let turn = how.hints.turns.get(&number).copied();
                    let job = PageJob { number, input, turn, seller: how.seller.clone(), until, done: Arc::clone(&done) };
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
            return None;
        }
        let (mut pages, mut bad, mut once) = (Vec::new(), Vec::new(), false);
        for (number, page) in std::mem::take(&mut *done.lock().unwrap_or_else(PoisonError::into_inner)) {
            match page {
                Ok(seen) => {
                    once |= seen.once;
                    pages.push(seen.page);
                }
                Err(error) => bad.push((number, error.reason)),
            }
        }
        let papers = match (pages.is_empty(), bad.first()) {
            (true, Some((n, why))) => Err(format!("page {n}: {why}")),
            (true, None) => Err("it has no pages".to_owned()),
            (false, _) => Ok(read_papers(&pages, &how.hints, &context(how.seller.as_deref()))),
        };
        Some(FilePapers { pages: count, papers, bad_pages: bad, once, set_aside: false })
    }

    fn too_long(&self) -> Unreadable {
        let minutes = self.patience.as_secs() / 60;
        Unreadable { reason: format!("its file takes longer than {minutes} minutes to read; split the file and read its parts") }
    }

    /// Reads a page for a file that another thread opened.
    pub fn do_page<F>(&self, job: PageJob, engine: &mut Engine, pool: &Pool<PageJob, F>) {
        let PageJob { number, input, turn, seller, until, done } = job;
        let context = context(seller.as_deref());
        let read = || if Instant::now() > until { Err(self.too_long()) } else { self.page(input, turn, &context, engine) };
        let page = catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
            *engine = None;
            Err(failed_inside())
        });
        keep(&done, number, page);
        pool.told();
    }

    fn page(&self, input: PageInput, turn: Option<u16>, context: &ReadContext, engine: &mut Engine) -> Result<Seen, Unreadable> {
        if let Some(reason) = &input.problem {
            return Err(Unreadable { reason: reason.clone() });
        }
        let failed = |error: OcrError| Unreadable { reason: error.to_string() };
        let ink = |page: &PageContent| page.image.as_deref().and_then(Ink::new);
        if !input.recognise {
            // A page with a text layer needs no engine, and making one costs half a second.
            let page = input.read_with(&mut NoEngine, turn).map_err(failed)?;
            let ink = ink(&page);
            return Ok(Seen { page: see(page, ink.as_ref(), context), once: false });
        }
        let engine = match engine {
            Some(engine) => engine,
            none => none.insert(self.engines.engine().map_err(failed)?),
        };
        let mut page = input.read_with(&mut **engine, turn).map_err(failed)?;
        let ink = ink(&page);
        let mut once = false;
        if let Some(ink) = &ink {
            let first = page.words.clone();
            // What was read at first stands when a second look fails.
            if second_look(&mut page, ink, &mut **engine, context).is_err() {
                page.words = first;
                once = true;
            }
        }
        Ok(Seen { page: see(page, ink.as_ref(), context), once })
    }
}

fn context(seller: Option<&str>) -> ReadContext<'_> {
    ReadContext { catalogue: Catalogue::builtin(), seller }
}

fn keep(done: &Done, number: u32, page: Result<Seen, Unreadable>) {
    done.lock().unwrap_or_else(PoisonError::into_inner).insert(number, page);
}

/// Why a file or page is not read at which this program failed.
pub const FAILED_INSIDE: &str = "reading it failed inside this program; the file may be damaged, so open it, print it to PDF and try that";

fn failed_inside() -> Unreadable {
    Unreadable { reason: FAILED_INSIDE.to_owned() }
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
