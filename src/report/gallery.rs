//! Pictures of the papers for the page: small ones that stand in it, large ones in a folder beside it, and the boxes of what was read.
//!
//! The boxes are drawn by the page over the picture, so that one picture serves for all of them.

use crate::domain::{BBox, Document, Field, Gray};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, GrayImage, ImageEncoder, imageops};
use std::collections::BTreeMap;
use std::fmt::Display;

/// Pixels of the longer side of a picture that stands in the page.
pub const SMALL: Size = Size { longest: 260, quality: 45 };
/// And of one beside it, where small print is still read.
pub const LARGE: Size = Size { longest: 1_500, quality: 55 };
/// Pages of a paper that are shown; a paper of many pages is looked at in its file.
pub const MOST_PAGES: u32 = 3;
/// Pictures in one page: at some 7 kB each it stays below 30 MB.
pub const MOST_PICTURES: usize = 1_500;

/// How large and how good a JPEG is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    longest: u32,
    quality: u8,
}

/// One page of a paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// JPEG.
    pub small: Vec<u8>,
    /// Where the large one is: a relative link, percent-encoded.
    pub large: String,
}

/// The pictures of a run's papers.
#[derive(Debug, Clone, Default)]
pub struct Gallery {
    /// By paper (`Document::key`) and page of its file.
    pub pictures: BTreeMap<(String, u32), Picture>,
    /// Why some papers have none, in words.
    pub lack: Option<String>,
}

impl Gallery {
    pub fn of<'a>(&'a self, document: &Document) -> impl Iterator<Item = (u32, &'a Picture)> {
        let key = document.key();
        shown_pages(document).filter_map(move |page| Some((page, self.pictures.get(&(key.clone(), page))?)))
    }
}

/// The pages of a paper that are shown.
pub fn shown_pages(document: &Document) -> std::ops::RangeInclusive<u32> {
    let [first, last] = document.pages;
    first..=last.min(first.saturating_add(MOST_PAGES - 1))
}

/// A page as JPEG. `None` for a page without pixels.
pub fn jpeg(page: &Gray, size: Size) -> Option<Vec<u8>> {
    let longer = page.width.max(page.height);
    let picture = GrayImage::from_raw(page.width, page.height, page.pixels.clone()).filter(|p| p.width() > 0 && p.height() > 0)?;
    let picture = match longer > size.longest {
        true => {
            let side = |length: u32| ((u64::from(length) * u64::from(size.longest) / u64::from(longer)) as u32).max(1);
            imageops::thumbnail(&picture, side(picture.width()), side(picture.height()))
        }
        false => picture,
    };
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, size.quality)
        .write_image(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::L8)
        .ok()?;
    Some(bytes)
}

/// Something that was read, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    pub bbox: BBox,
    /// `purchaser: Lone Oak Feed`.
    pub text: String,
}

/// What was read on one page.
pub fn marks(document: &Document, page: u32) -> Vec<Mark> {
    fn mark<T: Display>(label: &'static str, field: &Option<Field<T>>, page: u32) -> Option<Mark> {
        let field = field.as_ref().filter(|f| f.page == page)?;
        Some(Mark { bbox: field.bbox?, text: format!("{label}: {}", field.value) })
    }
    let f = &document.fields;
    let yes = f.blanket.as_ref().map(|b| Field {
        value: if b.value { "yes" } else { "no" },
        confidence: b.confidence,
        page: b.page,
        bbox: b.bbox,
    });
    let fields = [
        mark("purchaser", &f.purchaser_name, page),
        mark("address", &f.purchaser_line1, page),
        mark("city", &f.purchaser_city, page),
        mark("state", &f.purchaser_region, page),
        mark("ZIP", &f.purchaser_postal_code, page),
        mark("telephone", &f.purchaser_phone, page),
        mark("seller", &f.seller_name, page),
        mark("signed on", &f.signed_date, page),
        mark("expires on", &f.expiration_date, page),
        mark("reason", &f.reason, page),
        mark("blanket", &yes, page),
    ];
    let states = document.states.iter().filter(|s| s.page == page).filter_map(|s| {
        let value = s.number.as_ref().map_or_else(|| s.region.to_string(), |number| format!("{} {number}", s.region));
        Some(Mark { bbox: s.bbox?, text: format!("number: {value}") })
    });
    let mut marks: Vec<Mark> = Vec::new();
    for mark in fields.into_iter().flatten().chain(states) {
        // City, state and ZIP often stand in one place: one box, which tells all of them.
        match marks.iter_mut().find(|other| other.bbox == mark.bbox) {
            Some(other) => other.text = format!("{}; {}", other.text, mark.text),
            None => marks.push(mark),
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_picture_is_small_and_opens() {
        let page = Gray { width: 1_700, height: 2_200, pixels: vec![200; 1_700 * 2_200] };
        let bytes = jpeg(&page, SMALL).unwrap();
        let made = image::load_from_memory(&bytes).unwrap();
        assert_eq!((made.width(), made.height()), (200, 260));
        assert!(bytes.len() < 20_000, "{}", bytes.len());
        assert!(jpeg(&Gray { width: 0, height: 0, pixels: vec![] }, SMALL).is_none());
    }
}
