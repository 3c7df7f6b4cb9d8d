//! PDF scans: the text layer where it can be trusted, form fields, and the page as a picture.
//!
//! Owns: when a text layer is believed, at what resolution a page is drawn.
//! Must not touch: recognition.
//! Called by: `Folder`.

mod fields;
mod lines;
mod subset;
mod text;

pub use subset::{drawn_anew, subset};

use super::{Limits, Pages, guard, too_large, unreadable};
use crate::domain::{Gray, Word};
use crate::ports::{PageInput, Unreadable};
use hayro::hayro_interpret::{InterpreterSettings, InterpreterWarning, RenderContent};
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use text::Seen;

/// A page that needs no recognition: enough for check boxes and signatures.
const DPI_WITH_TEXT: u32 = 150;
/// A page of lines and curves without pictures: what recognition reads best.
const DPI_TO_READ: u32 = 300;
/// Pictures with less are drawn at their own resolution; enlarging is the recogniser's business.
const DPI_LEAST: u32 = 72;

/// The densest form has 1,500 words on a page.
const MOST_WORDS: usize = 20_000;

const CUT_OFF: &str = "the file is cut off: the PDF's end is missing; copy or scan it again";

pub struct PdfPages {
    pdf: Pdf,
    page_pixels: u64,
    cut_off: bool,
}

impl PdfPages {
    pub fn open(bytes: Vec<u8>, limits: &Limits) -> Result<Self, Unreadable> {
        let cut_off = !bytes[bytes.len().saturating_sub(2_048)..].windows(5).any(|w| w == b"%%EOF");
        let pdf = guard::guarded_deep("the PDF", || load(bytes, cut_off))?;
        match pdf.pages().len() {
            0 => Err(unreadable("the PDF has no page; print it again")),
            n if n > limits.pages as usize => {
                Err(unreadable(format!("the PDF has {n} pages, more than the limit of {}; split it", limits.pages)))
            }
            _ => Ok(Self { pdf, page_pixels: limits.page_pixels, cut_off }),
        }
    }
}

fn load(bytes: Vec<u8>, cut_off: bool) -> Result<Pdf, Unreadable> {
    // With no password given, the empty one is tried: many "protected" PDFs open for everybody.
    Pdf::new(bytes).map_err(|e| {
        unreadable(match e {
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
                "the PDF is protected by a password; open it, print it to a new PDF without one, and use that"
            }
            LoadPdfError::Decryption(_) => "the PDF is encrypted in a way that can't be read; open it, print it to a new PDF, and use that",
            LoadPdfError::Invalid if cut_off => CUT_OFF,
            LoadPdfError::Invalid => "the PDF is damaged; open it in a PDF viewer, print it to a new PDF, and use that",
        })
    })
}

impl Pages for PdfPages {
    fn count(&self) -> u32 {
        // `open` has checked the limit.
        self.pdf.pages().len() as u32
    }

    fn page(&mut self, number: u32) -> Result<PageInput, Unreadable> {
        let (pdf, page_pixels, cut_off) = (&self.pdf, self.page_pixels, self.cut_off);
        guard::guarded_deep("the PDF page", || page(pdf, number, page_pixels, cut_off))
    }
}

fn page(pdf: &Pdf, number: u32, page_pixels: u64, cut_off: bool) -> Result<PageInput, Unreadable> {
    let page = &pdf.pages()[number as usize - 1];
    let broken = Arc::new(AtomicBool::new(false));
    let seen = text::look(page, settings(&broken));
    let (across, down) = seen.largest;
    if u64::from(across) * u64::from(down) > page_pixels {
        return Err(too_large(across.into(), down.into(), page_pixels));
    }
    let marks = fields::read(page, &seen.place);
    // Of a file without its end the page may be there and what stood on it gone.
    if cut_off && seen.is_blank() && marks.is_empty() {
        return Err(unreadable(CUT_OFF));
    }
    let mut words = if seen.unreadable_letters() || seen.piled_up() { Vec::new() } else { seen.words() };
    fields::add_missing(&marks, &mut words, &seen);
    if words.len() > MOST_WORDS {
        return Err(unreadable(format!(
            "the page holds more than {MOST_WORDS} words; print the certificate's page to a new PDF and use that"
        )));
    }
    let recognise = needs_recognition(&seen, &words);
    if recognise && seen.pictures.is_empty() && seen.unreadable_letters() {
        words.clear();
    }
    let dpi = match (recognise, seen.picture_dpi()) {
        (false, _) => DPI_WITH_TEXT,
        // Typed letters over a picture are drawn well enough to be read.
        (true, Some(own)) if words.is_empty() => own.clamp(DPI_LEAST, DPI_TO_READ),
        (true, Some(own)) => own.clamp(200, DPI_TO_READ),
        (true, None) => DPI_TO_READ,
    };
    let (image, dpi) = draw(page, dpi, page_pixels, &broken, seen.place.turns)?;
    if recognise && words.is_empty() && broken.load(Ordering::Relaxed) && seen.pictures_are_the_page() {
        return Err(unreadable("the picture on this page is damaged or cut off; scan the page again"));
    }
    lines::number(&mut words);
    Ok(PageInput { number, words, marks, image: Some(Arc::new(image)), dpi, recognise, problem: None })
}

/// A text layer is believed when it is all there is to read on the page.
fn needs_recognition(seen: &Seen, words: &[Word]) -> bool {
    let letters: usize = words.iter().map(|w| w.text.chars().filter(|c| c.is_alphanumeric()).count()).sum();
    if seen.unreadable_letters() || seen.piled_up() {
        return true;
    }
    match letters {
        // Text drawn as curves, or a picture: only the drawn page tells.
        0..40 => !seen.is_blank(),
        // A picture of this size beside text may hold text of its own: a form that was scanned and typed on.
        _ => seen.picture_share() > 0.5 || (seen.picture_share() > 0.2 && letters < 300),
    }
}

fn settings(broken: &Arc<AtomicBool>) -> InterpreterSettings {
    let broken = broken.clone();
    InterpreterSettings {
        warning_sink: Arc::new(move |warning| {
            if matches!(warning, InterpreterWarning::ImageDecodeFailure) {
                broken.store(true, Ordering::Relaxed);
            }
        }),
        render_content: RenderContent::all(),
        ..InterpreterSettings::default()
    }
}

/// The page as a grey picture of `dpi`, or less for a page of unusual size.
fn draw(
    page: &hayro::hayro_syntax::page::Page,
    dpi: u32,
    page_pixels: u64,
    broken: &Arc<AtomicBool>,
    turns: u8,
) -> Result<(Gray, u32), Unreadable> {
    let (width, height) = page.render_dimensions();
    let mut scale = dpi as f32 / 72.0;
    let most = (page_pixels as f32 / (width * height).max(1.0)).sqrt().min(16_000.0 / width.max(height));
    scale = scale.min(most);
    if !scale.is_finite() || width * scale < 1.0 || height * scale < 1.0 {
        return Err(unreadable("the page has no usable size; print it to a new PDF"));
    }
    // The renderer cuts fractions of a pixel off; a page drawn at its picture's own resolution must have its picture's own size.
    let fitted = |points: f32| ((points * scale).round() + 0.01) / points;
    let how = PixmapSettings { x_scale: fitted(width), y_scale: fitted(height), bg_color: hayro::vello_cpu::color::palette::css::WHITE };
    let drawn = hayro::render(page, &RenderCache::new(), &settings(broken), &RenderSettings::default(), &how);
    // The paper is opaque white, so there is no alpha to undo.
    let pixels = drawn.data().iter().map(|p| ((u32::from(p.r) * 54 + u32::from(p.g) * 183 + u32::from(p.b) * 19) / 256) as u8).collect();
    let gray = Gray::new(drawn.width().into(), drawn.height().into(), pixels)
        .ok_or_else(|| unreadable("the page could not be drawn; print it to a new PDF"))?;
    Ok((gray.turned(u16::from(turns % 4) * 90), (scale * 72.0).round() as u32))
}
