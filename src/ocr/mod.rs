//! Words from pictures.
//!
//! Owns: preparing a page for recognition, the engines, the check that they are installed.
//! Must not touch: what the words mean, files of the user.
//! Called by: `main` and the examples, which hand an `OcrEngines` to the wizard.

#[cfg(feature = "tesseract")]
mod lines;
#[cfg(feature = "tesseract")]
mod paper;
pub mod prepare;
#[cfg(feature = "tesseract")]
mod rows;
#[cfg(feature = "tesseract")]
mod tesseract;

#[cfg(feature = "tesseract")]
pub use tesseract::TesseractEngines;

use crate::domain::{BBox, Gray, Word};
use crate::ports::{Manner, OcrEngine, OcrEngines, OcrError, Recognised};
use std::sync::Arc;

/// Tells programs that this one starts, and OpenMP libraries that are loaded later, to keep to one thread. Call it first in `main`. The engines
/// of this program need it only off Linux: there each engine keeps itself to its thread, because an OpenMP library that is linked has read its
/// environment before `main`. With several engines at once, their own threads only get in each other's way: three times slower.
pub fn limit_threads() {
    if std::env::var_os("OMP_THREAD_LIMIT").is_none() {
        // SAFETY: changing the environment is unsound only while another thread reads it. `main` calls this before it starts any.
        unsafe { std::env::set_var("OMP_THREAD_LIMIT", "1") };
    }
}

/// What a registration number may be made of, in a reading for numbers alone.
const NUMBER_SIGNS: &str = "0123456789-/";

/// Reads nothing: for runs without recognition, in which pages without a text layer go to a person.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullEngines;

impl OcrEngines for NullEngines {
    fn check(&self) -> Result<String, OcrError> {
        Ok("no text recognition: only PDFs with a text layer are read".into())
    }

    fn engine(&self) -> Result<Box<dyn OcrEngine>, OcrError> {
        Ok(Box::new(NullEngine))
    }
}

struct NullEngine;

impl OcrEngine for NullEngine {
    fn recognise(&mut self, image: &Gray, _: u32, turn: Option<u16>) -> Result<Recognised, OcrError> {
        let turned = turn.unwrap_or(0);
        Ok(Recognised { words: Vec::new(), image: Some(Arc::new(image.turned(turned))), corners: None, turned, levelled: 0.0 })
    }

    fn reread(&mut self, _: &Gray, _: BBox, _: Manner) -> Result<Vec<Word>, OcrError> {
        Ok(Vec::new())
    }
}

/// Reads the same text on every page and in every manner, for tests: a line of the text is a line of the page.
#[derive(Debug, Clone, Default)]
pub struct FixedText {
    pub text: String,
}

impl OcrEngines for FixedText {
    fn check(&self) -> Result<String, OcrError> {
        Ok("fixed text".into())
    }

    fn engine(&self) -> Result<Box<dyn OcrEngine>, OcrError> {
        Ok(Box::new(self.clone()))
    }
}

impl OcrEngine for FixedText {
    fn recognise(&mut self, image: &Gray, _: u32, turn: Option<u16>) -> Result<Recognised, OcrError> {
        let rows = self.text.lines().count().max(1) as f32;
        let columns = self.text.lines().map(|l| l.chars().count()).max().unwrap_or(1).max(1) as f32;
        let mut words = Vec::new();
        for (line, text) in (0u32..).zip(self.text.lines()) {
            let mut at = 0;
            for part in text.split(' ') {
                let length = part.chars().count();
                if length > 0 {
                    let bbox = BBox::new(
                        at as f32 / columns,
                        (line as f32 + 0.2) / rows,
                        (at + length) as f32 / columns,
                        (line as f32 + 0.8) / rows,
                    );
                    words.push(Word { text: part.into(), bbox, confidence: 0.95, line });
                }
                at += length + 1;
            }
        }
        let turned = turn.unwrap_or(0);
        Ok(Recognised { words, image: Some(Arc::new(image.turned(turned))), corners: None, turned, levelled: 0.0 })
    }

    fn reread(&mut self, image: &Gray, area: BBox, manner: Manner) -> Result<Vec<Word>, OcrError> {
        let digits = matches!(manner, Manner::Same { digits: true, .. });
        let words = self.recognise(image, 0, None)?.words.into_iter();
        let inside =
            words.filter(|w| (area.left..=area.right).contains(&w.bbox.mid_x()) && (area.top..=area.bottom).contains(&w.bbox.mid_y()));
        let kept = inside.map(|w| Word { text: w.text.chars().filter(|c| !digits || NUMBER_SIGNS.contains(*c)).collect(), ..w });
        Ok(kept.filter(|w| !w.text.is_empty()).collect())
    }
}
