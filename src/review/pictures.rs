//! Pages as pictures: drawn anew by this program, so that nothing of the file itself reaches a browser.

use crate::domain::Gray;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops;
use image::{ExtendedColorType, GrayImage, ImageEncoder};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Pixels of the longer side: a letter page at 200 dpi, enough to read small print at twice its size.
const LONGEST: u32 = 2_200;
/// Pictures kept for going back and forth.
const KEPT: usize = 12;

/// A page as a picture whose longer side has `longest` pixels at most. `None` for a page without pixels.
pub fn shrunk(page: Gray, longest: u32) -> Option<GrayImage> {
    let longer = page.width.max(page.height);
    let picture = GrayImage::from_raw(page.width, page.height, page.pixels).filter(|p| p.width() > 0 && p.height() > 0)?;
    let side = |length: u32| ((u64::from(length) * u64::from(longest) / u64::from(longer)) as u32).max(1);
    Some(if longer > longest { imageops::thumbnail(&picture, side(picture.width()), side(picture.height())) } else { picture })
}

/// A page as PNG, made smaller where it is larger than anybody needs. `None` for a page without pixels.
pub fn png(page: Gray) -> Option<Vec<u8>> {
    let picture = shrunk(page, LONGEST)?;
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive)
        .write_image(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::L8)
        .ok()?;
    Some(bytes)
}

/// The last pictures that were made, by paper, page and revision.
#[derive(Default)]
pub struct Album {
    pictures: Mutex<VecDeque<(String, Arc<Vec<u8>>)>>,
}

impl Album {
    pub fn get(&self, key: &str) -> Option<Arc<Vec<u8>>> {
        let pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        pictures.iter().find(|(k, _)| k == key).map(|(_, bytes)| Arc::clone(bytes))
    }

    pub fn put(&self, key: String, bytes: Arc<Vec<u8>>) {
        let mut pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        if pictures.len() >= KEPT {
            pictures.pop_front();
        }
        pictures.push_back((key, bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_page_is_made_smaller_and_keeps_its_shape() {
        let page = Gray::new(4_400, 2_200, vec![200; 4_400 * 2_200]).unwrap();
        let made = image::load_from_memory(&png(page).unwrap()).unwrap();
        assert_eq!((made.width(), made.height()), (2_200, 1_100));
        assert!(png(Gray { width: 0, height: 0, pixels: vec![] }).is_none());
        let small = Gray::new(3, 1, vec![0, 128, 255]).unwrap();
        assert_eq!(image::load_from_memory(&png(small.clone()).unwrap()).unwrap().into_luma8().into_raw(), small.pixels);
    }

    #[test]
    fn the_album_lets_the_oldest_go() {
        let album = Album::default();
        (0..=KEPT).for_each(|n| album.put(n.to_string(), Arc::new(vec![n as u8])));
        assert!(album.get("0").is_none());
        assert_eq!(*album.get(&KEPT.to_string()).unwrap(), [KEPT as u8]);
    }
}
