//! The Tesseract engine.
//!
//! Owns: the engine's life, its settings, its answer as words.
//! Must not touch: pixels beyond what `prepare` offers.
//! Called by: `main`, through the `OcrEngines` port.

use super::lines::LineReader;
use super::{NUMBER_SIGNS, paper, prepare, rows};
use crate::domain::{BBox, Gray, Sha256, Word};
use crate::ports::{Manner, OcrEngine, OcrEngines, OcrError, Recognised};
use leptess::tesseract::TessApi;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::path::PathBuf;
use std::sync::Arc;

const INSTALL: &str = "apt-get install tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd";

/// Makes engines that read English.
#[derive(Debug, Clone, Default)]
pub struct TesseractEngines {
    data: Option<PathBuf>,
}

impl TesseractEngines {
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads language data from a folder of its own instead of the system's.
    pub fn with_data(folder: impl Into<PathBuf>) -> Self {
        Self { data: Some(folder.into()) }
    }

    fn start(&self, language: &str) -> Result<TessApi, OcrError> {
        let data = match &self.data {
            None => None,
            Some(path) => Some(path.to_str().ok_or_else(|| {
                OcrError::NotInstalled(format!("the folder of language data {} has a name that is not UTF-8; rename it", path.display()))
            })?),
        };
        TessApi::new(data, language).map_err(|_| {
            OcrError::NotInstalled(format!("the text recognition's data \"{language}\" is missing; install it with: {INSTALL}"))
        })
    }
}

impl TesseractEngines {
    /// The file of language data that the library takes.
    fn data_file(&self) -> Option<PathBuf> {
        use leptess::capi::{TessBaseAPICreate, TessBaseAPIDelete, TessBaseAPIGetDatapath, TessBaseAPIInit3};
        let folder = match &self.data {
            Some(path) => Some(CString::new(path.to_str()?).ok()?),
            None => None,
        };
        let given = folder.as_ref().map_or(std::ptr::null(), |folder| folder.as_ptr());
        // SAFETY: as the library's own documentation has it: made, started with strings that outlive the call, asked, let go. The path is copied
        // before its owner is gone.
        let found = unsafe {
            let api = TessBaseAPICreate();
            let path =
                (TessBaseAPIInit3(api, given, c"eng".as_ptr()) == 0).then(|| TessBaseAPIGetDatapath(api)).filter(|path| !path.is_null());
            let found = path.map(|path| CStr::from_ptr(path).to_string_lossy().into_owned());
            TessBaseAPIDelete(api);
            found
        };
        Some(PathBuf::from(found?).join("eng.traineddata"))
    }
}

impl OcrEngines for TesseractEngines {
    fn check(&self) -> Result<String, OcrError> {
        self.start("eng")?;
        LineReader::shared()?;
        // SAFETY: the library returns a pointer to a constant of its own.
        let version = unsafe { CStr::from_ptr(leptess::capi::TessVersion()) }.to_string_lossy().into_owned();
        Ok(format!("Tesseract {version}, English"))
    }

    fn version(&self) -> Result<String, OcrError> {
        let name = self.check()?;
        // SAFETY: the library returns a string that it made for us with malloc; a few bytes once in a process are let go.
        let leptonica = unsafe { CStr::from_ptr(leptess::capi::getLeptonicaVersion()) }.to_string_lossy().into_owned();
        // Without its sum the data is taken for any of that version.
        let data = self.data_file().and_then(|file| std::fs::read(file).ok()).map(|bytes| Sha256::of(&bytes).short().to_owned());
        Ok(format!("{name} ({leptonica}, data {}, {})", data.unwrap_or_default(), std::env::consts::ARCH))
    }

    fn engine(&self) -> Result<Box<dyn OcrEngine>, OcrError> {
        one_thread();
        let mut engine = Tesseract { api: self.start("eng")?, lines: LineReader::shared()? };
        engine.set("tessedit_do_invert", "0")?;
        engine.set("debug_file", "/dev/null")?;
        // SAFETY: sets one number in the library. 6 is "say nothing": its remarks on odd pages are no use to the user.
        unsafe { leptess::capi::setMsgSeverity(6) };
        Ok(Box::new(engine))
    }
}

/// Keeps this thread's engine to this thread. Tesseract asks for four OpenMP threads a line, which makes several engines three times
/// slower; OMP_THREAD_LIMIT in the environment stops that only if it is there before the program starts. Called where the engine is made.
fn one_thread() {
    #[cfg(target_os = "linux")]
    {
        use std::ffi::{c_char, c_int, c_void};
        unsafe extern "C" {
            fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
        }
        // SAFETY: null is RTLD_DEFAULT with both C libraries of Linux, and the name ends with a zero byte.
        let found = unsafe { dlsym(std::ptr::null_mut(), c"omp_set_max_active_levels".as_ptr()) };
        if !found.is_null() {
            // SAFETY: OpenMP defines this function as taking one int and returning nothing. With 0, no region runs in parallel.
            let set: extern "C" fn(c_int) = unsafe { std::mem::transmute(found) };
            set(0);
        }
    }
}

struct Tesseract {
    api: TessApi,
    lines: &'static LineReader,
}

impl Tesseract {
    fn set(&mut self, name: &str, value: &str) -> Result<(), OcrError> {
        let (Ok(key), Ok(text)) = (CString::new(name), CString::new(value)) else {
            return Err(OcrError::Failed(format!("the setting {name} holds a zero byte")));
        };
        self.api
            .raw
            .set_variable(&key, &text)
            .map_err(|_| OcrError::Failed(format!("this Tesseract does not know the setting {name}; install version 4 or 5")))
    }

    /// The words of a picture by the engine's own lines, boxes in pixels.
    fn read(&mut self, image: &Gray, dpi: u32, mode: &str) -> Result<Vec<Vec<Word>>, OcrError> {
        self.set("tessedit_pageseg_mode", mode)?;
        let (width, height) = match (i32::try_from(image.width), i32::try_from(image.height)) {
            // The engine refuses longer sides, and says so only where nobody looks.
            (Ok(width), Ok(height)) if width <= LONGEST && height <= LONGEST => (width, height),
            _ => return Err(OcrError::Failed(format!("a side of the page is longer than {LONGEST} pixels; cut it into pages"))),
        };
        self.api
            .raw
            .set_image(&image.pixels, width, height, 1, width)
            .map_err(|_| OcrError::Failed("the page's size does not fit its pixels".into()))?;
        self.api.raw.set_source_resolution(i32::try_from(dpi).unwrap_or(300).clamp(70, 2_400));
        // A page of nothing is reported as a failure; it has no words.
        let Ok(table) = self.api.raw.get_tsv_text(0) else { return Ok(Vec::new()) };
        Ok(parse(&table.as_ref().to_string_lossy()))
    }
}

/// Tesseract's table: level, page, block, paragraph, line, word, left, top, width, height, confidence, text.
fn parse(table: &str) -> Vec<Vec<Word>> {
    let mut lines: BTreeMap<[u32; 3], Vec<Word>> = BTreeMap::new();
    for row in table.lines() {
        let cells: Vec<&str> = row.splitn(12, '\t').collect();
        let [level, _, block, paragraph, line, _, left, top, width, height, confidence, text] = cells[..] else { continue };
        let text = text.trim();
        if level != "5" || text.is_empty() {
            continue;
        }
        let number = |cell: &str| cell.parse::<f32>().unwrap_or(0.0);
        let place = [block, paragraph, line].map(|cell| cell.parse().unwrap_or(0));
        let (x, y) = (number(left), number(top));
        let bbox = BBox::new(x, y, x + number(width), y + number(height));
        let word = Word { text: text.into(), bbox, confidence: (number(confidence) / 100.0).clamp(0.0, 1.0), line: 0 };
        lines.entry(place).or_default().extend(off_the_rule(word));
    }
    lines.into_values().collect()
}

/// `Address:_3066`: the beginning of a ruled line that was read as a sign between a caption and what is written on the line. Boxes are shared out
/// by characters.
fn off_the_rule(word: Word) -> Vec<Word> {
    let letters = |part: &str| part.chars().filter(|c| c.is_alphanumeric()).count();
    let parts: Vec<&str> = word.text.split('_').collect();
    let told = parts.iter().filter(|part| letters(part) > 0).count();
    let sides = parts.iter().all(|part| part.is_empty() || letters(part) > 0);
    if parts.len() < 2 || told == 0 || !sides || word.text.contains('@') || letters(&word.text) < 2 {
        return vec![word];
    }
    let all = word.text.chars().count() as f32;
    let (mut at, mut found) = (0, vec![]);
    for part in parts {
        let length = part.chars().count();
        let place = |n: usize| word.bbox.left + word.bbox.width() * n as f32 / all;
        if letters(part) > 0 {
            let bbox = BBox::new(place(at), word.bbox.top, place(at + length), word.bbox.bottom);
            found.push(Word { text: part.to_owned(), bbox, ..word.clone() });
        }
        at += length + 1;
    }
    found
}

fn to_fractions(groups: &mut [Vec<Word>], width: f32, height: f32) {
    for word in groups.iter_mut().flatten() {
        let b = word.bbox;
        word.bbox = BBox::new(b.left / width, b.top / height, b.right / width, b.bottom / height);
    }
}

impl OcrEngine for Tesseract {
    fn recognise(&mut self, image: &Gray, dpi: u32, turn: Option<u16>) -> Result<Recognised, OcrError> {
        match paper::corners(image) {
            Some(corners) => {
                let read = self.recognise_flat(&image.flattened(&corners), dpi, turn)?;
                Ok(Recognised { corners: Some(corners), ..read })
            }
            None => self.recognise_flat(image, dpi, turn),
        }
    }

    fn reread(&mut self, image: &Gray, area: BBox, manner: Manner) -> Result<Vec<Word>, OcrError> {
        let (w, h) = (image.width as f32, image.height as f32);
        // A little paper around the letters.
        let (x0, y0) = ((area.left * w - 4.0).max(0.0) as u32, (area.top * h - 4.0).max(0.0) as u32);
        let (x1, y1) = (((area.right * w + 4.0).min(w)) as u32, ((area.bottom * h + 4.0).min(h)) as u32);
        if x1 <= x0 + 2 || y1 <= y0 + 2 {
            return Ok(Vec::new());
        }
        let rows = (y0..y1).flat_map(|y| (x0..x1).map(move |x| image.at(x, y)));
        let part = Gray { width: x1 - x0, height: y1 - y0, pixels: rows.collect() };
        // The page's resolution is what makes a sheet of it; only its order matters here.
        let dpi = (w.min(h) / 8.5).round().clamp(72.0, 600.0) as u32;
        let ready = prepare::prepare_value(&part, dpi).image;
        let (read, margin, scale) = match manner {
            Manner::Other => (self.lines.read(&ready)?, 0.0, ready.width as f32 / part.width as f32),
            Manner::Same { digits, soft } => {
                let ready = prepare::with_margin(&if soft { prepare::softened(&ready) } else { ready }, MARGIN);
                self.set("tessedit_char_whitelist", if digits { NUMBER_SIGNS } else { "" })?;
                let read = self.read(&ready, 300, ONE_LINE);
                self.set("tessedit_char_whitelist", "")?;
                let scale = (ready.width - 2 * MARGIN) as f32 / part.width as f32;
                (read?.into_iter().flatten().collect(), MARGIN as f32, scale)
            }
        };
        let back = |v: f32, from: u32, all: f32| ((v - margin) / scale + from as f32) / all;
        let place = |b: BBox| BBox::new(back(b.left, x0, w), back(b.top, y0, h), back(b.right, x0, w), back(b.bottom, y0, h));
        Ok(read.into_iter().map(|word| Word { bbox: place(word.bbox), ..word }).collect())
    }
}

/// A page as it was read.
struct Upright {
    page: Gray,
    /// See [`Recognised::levelled`].
    levelled: f32,
    /// The words by the engine's lines, boxes as fractions.
    groups: Vec<Vec<Word>>,
}

impl Tesseract {
    fn recognise_flat(&mut self, image: &Gray, dpi: u32, turn: Option<u16>) -> Result<Recognised, OcrError> {
        if let Some(degrees) = turn {
            let read = self.read_turned(image, dpi, degrees / 90)?;
            let words = rows::number(read.groups);
            return Ok(Recognised { words, image: Some(Arc::new(read.page)), corners: None, turned: degrees, levelled: read.levelled });
        }
        let lie = prepare::Lie::of(image, dpi);
        let first = if lie.sideways() { self.better_turn(image, dpi, &[1, 3])? } else { 0 };
        let mut turns = first;
        let mut read = match first {
            0 => self.read_upright(image.clone(), &lie, dpi)?,
            turns => self.read_turned(image, dpi, turns)?,
        };
        if is_poor(&read.groups) {
            let others: Vec<u16> = [2, 1, 3, 0].into_iter().filter(|t| *t != first).collect();
            let best = self.better_turn(image, dpi, &others)?;
            let other = self.read_turned(image, dpi, best)?;
            if sense(&other.groups) > 1.5 * sense(&read.groups) {
                (turns, read) = (best, other);
            }
        }
        let words = rows::number(read.groups);
        Ok(Recognised { words, image: Some(Arc::new(read.page)), corners: None, turned: turns * 90, levelled: read.levelled })
    }

    fn read_turned(&mut self, image: &Gray, dpi: u32, turns: u16) -> Result<Upright, OcrError> {
        let upright = image.turned(turns * 90);
        let lie = prepare::Lie::of(&upright, dpi);
        self.read_upright(upright, &lie, dpi)
    }

    /// The straightened page and its words, boxes as fractions.
    fn read_upright(&mut self, upright: Gray, lie: &prepare::Lie, dpi: u32) -> Result<Upright, OcrError> {
        let (page, levelled) = prepare::straightened(&upright, lie).unwrap_or((upright, 0.0));
        let ready = prepare::prepare(&page, dpi);
        let mut groups = self.read(&ready.image, ready.dpi, WHOLE_PAGE)?;
        to_fractions(&mut groups, ready.image.width as f32, ready.image.height as f32);
        Ok(Upright { page, levelled, groups })
    }

    /// The turn in which a small copy of the page makes most sense.
    fn better_turn(&mut self, image: &Gray, dpi: u32, turns: &[u16]) -> Result<u16, OcrError> {
        let scale = (SMALL_DPI as f32 / dpi.max(1) as f32).min(1.0);
        let small = prepare::scaled(&prepare::flattened(image, dpi), scale);
        let mut best = (0.0, turns.first().copied().unwrap_or(0));
        for turn in turns {
            let sense = sense(&self.read(&small.turned(*turn * 90), SMALL_DPI, ONE_BLOCK)?);
            if sense > best.0 {
                best = (sense, *turn);
            }
        }
        Ok(best.1)
    }
}

/// Page segmentation: find the columns yourself (3). On the sample corpus it reads more values whole than one column (4), one block (6)
/// or scattered words (11).
const WHOLE_PAGE: &str = "3";
const ONE_BLOCK: &str = "6";
const ONE_LINE: &str = "7";

/// Pixels of white paper around a part that is read by itself.
const MARGIN: u32 = 20;

/// Pixels.
const LONGEST: i32 = i16::MAX as i32;

/// Enough to tell words from noise.
const SMALL_DPI: u32 = 130;

/// How many letters stand in words that the engine is sure of and that run across the page.
fn sense(groups: &[Vec<Word>]) -> f32 {
    let sure = |w: &&Word| {
        w.confidence > 0.7 && w.text.chars().filter(|c| c.is_ascii_alphabetic()).count() >= 3 && w.bbox.width() > w.bbox.height()
    };
    groups.iter().flatten().filter(sure).map(|w| w.text.len() as f32).sum()
}

/// Few words that make sense: upside down, sideways, or no text at all.
fn is_poor(groups: &[Vec<Word>]) -> bool {
    let all: f32 = groups.iter().flatten().map(|w| w.text.len() as f32).sum();
    all > 0.0 && sense(groups) < 0.35 * all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_becomes_lines_of_words() {
        let table = "1\t1\t0\t0\t0\t0\t0\t0\t100\t50\t-1\t\n5\t1\t1\t1\t1\t1\t10\t5\t20\t8\t96.5\tAcme\n5\t1\t1\t1\t1\t2\t32\t5\t20\t8\t40\tCo.\n5\t1\t1\t1\t2\t1\t10\t15\t20\t8\t90\t \n";
        let lines = parse(table);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0][0].text, "Acme");
        assert_eq!(lines[0][0].bbox, BBox::new(10.0, 5.0, 30.0, 13.0));
        assert!((lines[0][1].confidence - 0.4).abs() < 1e-6);
    }

    #[test]
    fn a_rule_read_as_a_sign_parts_a_caption_from_its_value() {
        let word = |text: &str| Word { text: text.into(), bbox: BBox::new(0.0, 0.0, 100.0, 10.0), confidence: 0.9, line: 0 };
        let parts = |text| off_the_rule(word(text)).into_iter().map(|w| w.text).collect::<Vec<_>>();
        assert_eq!(parts("Address:_3066"), ["Address:", "3066"]);
        assert_eq!(parts("Name*__Thibodeaux"), ["Name*", "Thibodeaux"]);
        assert_eq!(parts("_MN"), ["MN"]);
        for whole in ["[_]", "L_]", "_", "___", "ann_lee@example.com", "word"] {
            assert_eq!(parts(whole), [whole]);
        }
        let split = off_the_rule(word("ABCD_EFGHI"));
        assert_eq!((split[0].bbox.right, split[1].bbox.left), (40.0, 50.0));
    }
}
