//! A PDF that is too large to be sent, made smaller.
//!
//! Owns: which resolutions are tried, and the words for what was done.
//! Must not touch: what the pages show.
//! Called by: `Folder`, for upload.

use super::{Limits, pdf, unreadable};
use crate::ports::{Unreadable, UploadPdf};

/// From fine to coarse, in pixels per inch. At the last one a form is still well legible.
const STEPS: [u32; 4] = [300, 200, 150, 100];

/// The PDF as it is where it has at most `most` bytes; else its pages drawn anew in shades of gray, at the finest resolution that fits.
pub fn to_fit(whole: Vec<u8>, most: u64, limits: &Limits) -> Result<UploadPdf, Unreadable> {
    if whole.len() as u64 <= most {
        return Ok(UploadPdf { bytes: whole, reduced: None });
    }
    let from = size(whole.len() as u64);
    for dpi in STEPS {
        let bytes = pdf::drawn_anew(&whole, dpi, limits)?;
        if bytes.len() as u64 <= most {
            let to = size(bytes.len() as u64);
            let reduced =
                format!("its pages were drawn anew at {dpi} dpi in gray, because {from} are too large to be sent; it has {to} now");
            return Ok(UploadPdf { bytes, reduced: Some(reduced) });
        }
    }
    let limit = size(most);
    Err(unreadable(format!(
        "the document has {from} and is larger than {limit} even at 100 dpi; send it by hand, or scan it again in black and white"
    )))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
