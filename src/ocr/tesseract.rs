//! The Tesseract engine.
//!
//! Owns: the engine's life, its settings, its answer as words.
//! Must not touch: pixels beyond what `prepare` offers.
//! Called by: `main`, through the `OcrEngines` port.

use super::{prepare, rows};
use crate::domain::{BBox, Gray, Word};
use crate::ports::{OcrEngine, OcrEngines, OcrError, Recognised};
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

impl OcrEngines for TesseractEngines {
    fn check(&self) -> Result<String, OcrError> {
        let _quiet = Quiet::new();
        self.start("eng")?;
        // SAFETY: the library returns a pointer to a constant of its own.
        let version = unsafe { CStr::from_ptr(leptess::capi::TessVersion()) }.to_string_lossy().into_owned();
        Ok(format!("Tesseract {version}, English"))
    }

    fn engine(&self) -> Result<Box<dyn OcrEngine>, OcrError> {
        let mut engine = Tesseract { api: self.start("eng")? };
        engine.set("tessedit_do_invert", "0")?;
        engine.set("debug_file", "/dev/null")?;
        Ok(Box::new(engine))
    }
}

/// Nothing to do yet: the library prints to the terminal when data is missing, and there is no way to tell it not to.
struct Quiet;

impl Quiet {
    fn new() -> Self {
        Self
    }
}

struct Tesseract {
    api: TessApi,
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
        let (Ok(width), Ok(height)) = (i32::try_from(image.width), i32::try_from(image.height)) else {
            return Err(OcrError::Failed("the page is too large".into()));
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
        lines.entry(place).or_default().push(Word {
            text: text.into(),
            bbox,
            confidence: (number(confidence) / 100.0).clamp(0.0, 1.0),
            line: 0,
        });
    }
    lines.into_values().collect()
}

fn to_fractions(groups: &mut [Vec<Word>], width: f32, height: f32) {
    for word in groups.iter_mut().flatten() {
        let b = word.bbox;
        word.bbox = BBox::new(b.left / width, b.top / height, b.right / width, b.bottom / height);
    }
}

impl OcrEngine for Tesseract {
    fn recognise(&mut self, image: &Gray, dpi: u32) -> Result<Recognised, OcrError> {
        let mode = std::env::var("PSM").unwrap_or_else(|_| "3".into());
        let ready = prepare::prepare(image, dpi);
        let mut groups = self.read(&ready.image, ready.dpi, &mode)?;
        to_fractions(&mut groups, ready.image.width as f32, ready.image.height as f32);
        Ok(Recognised { words: rows::number(groups), image: Some(Arc::new(image.clone())), turned: 0 })
    }

    fn reread(&mut self, image: &Gray, area: BBox, allowed: &str) -> Result<Vec<Word>, OcrError> {
        let _ = (image, area, allowed);
        Ok(Vec::new())
    }
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
}
