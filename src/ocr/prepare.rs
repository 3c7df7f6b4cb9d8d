//! A page's picture made ready for recognition.
//!
//! Owns: the arithmetic on pixels.
//! Must not touch: engines, files.
//! Called by: the Tesseract engine.

use crate::domain::Gray;

/// Letters of print are 20 to 40 pixels high at this resolution, which is what the engine was trained on.
const WANTED_DPI: f32 = 300.0;

/// What the engine gets, and how much larger it is than the page.
pub struct Prepared {
    pub image: Gray,
    pub scale: f32,
    pub dpi: u32,
}

/// Scales a page for recognition.
pub fn prepare(page: &Gray, dpi: u32) -> Prepared {
    let wanted = (WANTED_DPI / dpi.max(1) as f32).clamp(0.5, 3.0);
    let scale = if (0.85..1.2).contains(&wanted) { 1.0 } else { wanted };
    let image = if scale == 1.0 { page.clone() } else { scaled(page, scale) };
    Prepared { image, scale, dpi: (dpi as f32 * scale).round() as u32 }
}

/// Bilinear between pixel centres, which is smooth enough to enlarge; shrinking averages first.
pub fn scaled(page: &Gray, scale: f32) -> Gray {
    use image::imageops::{FilterType, resize};
    let (width, height) = (((page.width as f32 * scale).round() as u32).max(1), ((page.height as f32 * scale).round() as u32).max(1));
    let Some(picture) = image::GrayImage::from_raw(page.width, page.height, page.pixels.clone()) else { return page.clone() };
    let filter = if scale > 1.0 { FilterType::CatmullRom } else { FilterType::Triangle };
    Gray { width, height, pixels: resize(&picture, width, height, filter).into_raw() }
}

/// Quarter turns clockwise.
pub fn turned(page: &Gray, turns: u16) -> Gray {
    let (w, h) = (page.width as usize, page.height as usize);
    let mut pixels = Vec::with_capacity(page.pixels.len());
    match turns % 4 {
        1 => (0..w).for_each(|y| pixels.extend((0..h).map(|x| page.pixels[(h - 1 - x) * w + y]))),
        2 => pixels.extend(page.pixels.iter().rev()),
        3 => (0..w).for_each(|y| pixels.extend((0..h).map(|x| page.pixels[x * w + w - 1 - y]))),
        _ => return page.clone(),
    }
    let (width, height) = if turns % 2 == 1 { (page.height, page.width) } else { (page.width, page.height) };
    Gray { width, height, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarter_turns() {
        let page = Gray { width: 3, height: 2, pixels: vec![1, 2, 3, 4, 5, 6] };
        assert_eq!(turned(&page, 1), Gray { width: 2, height: 3, pixels: vec![4, 1, 5, 2, 6, 3] });
        assert_eq!(turned(&page, 2).pixels, [6, 5, 4, 3, 2, 1]);
        assert_eq!(turned(&turned(&page, 1), 3), page);
    }
}
