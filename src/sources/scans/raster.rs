//! A scan that is one picture: PNG, JPEG, GIF (its first frame), BMP, WebP.
//!
//! Owns: decoding to grey, EXIF orientation, the picture's resolution.
//! Must not touch: multi-page formats.
//! Called by: `Folder`; `gray_of` and `likely_dpi` also by the TIFF reader.

use super::write::{PageImage, PdfWriter};
use super::{Limits, Pages, guard, in_range, too_large, unreadable};
use crate::domain::Gray;
use crate::ports::{PageInput, Unreadable};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use std::io::Cursor;
use std::sync::Arc;

pub struct ImagePage {
    bytes: Vec<u8>,
    format: ImageFormat,
    page_pixels: u64,
}

impl ImagePage {
    /// Reads the header only.
    pub fn open(bytes: Vec<u8>, format: ImageFormat, limits: &Limits) -> Result<Self, Unreadable> {
        let page = Self { bytes, format, page_pixels: limits.page_pixels };
        guard::guarded("the picture", || page.decoder().map(|_| ()))?;
        Ok(page)
    }

    fn decoder(&self) -> Result<impl ImageDecoder + '_, Unreadable> {
        let mut reader = ImageReader::with_format(Cursor::new(&self.bytes[..]), self.format);
        let mut limits = image::Limits::default();
        limits.max_alloc = Some(self.page_pixels.saturating_mul(8));
        reader.limits(limits);
        let decoder = reader.into_decoder().map_err(|e| self.trouble(&e))?;
        let (width, height) = decoder.dimensions();
        if width == 0 || height == 0 {
            return Err(unreadable("the picture has no pixels; scan it again"));
        }
        match u64::from(width) * u64::from(height) > self.page_pixels {
            true => Err(too_large(width.into(), height.into(), self.page_pixels)),
            false => Ok(decoder),
        }
    }

    /// The picture upright as far as its EXIF orientation says, with its resolution.
    fn decode(&self) -> Result<(Gray, u32), Unreadable> {
        guard::guarded("the picture", || {
            let mut decoder = self.decoder()?;
            let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
            let mut picture = DynamicImage::from_decoder(decoder).map_err(|e| self.trouble(&e))?;
            picture.apply_orientation(orientation);
            let gray = gray_of(picture)?;
            if self.format == ImageFormat::Jpeg && cut_off(&self.bytes, &gray) {
                return Err(unreadable(CUT_OFF));
            }
            let dpi = likely_dpi(declared_dpi(&self.bytes, self.format), gray.width, gray.height);
            Ok((gray, dpi))
        })
    }

    pub fn as_pdf(&self, pages: [u32; 2]) -> Result<Vec<u8>, Unreadable> {
        in_range(pages, 1)?;
        let (gray, dpi) = self.decode()?;
        let mut pdf = PdfWriter::new();
        match jpeg_frame(&self.bytes).filter(|f| self.format == ImageFormat::Jpeg && (f.channels == 1 || f.channels == 3)) {
            Some(frame) => {
                let orientation = self.decoder()?.orientation().unwrap_or(Orientation::NoTransforms).to_exif();
                let image =
                    PageImage::Jpeg { bytes: &self.bytes, width: frame.width, height: frame.height, channels: frame.channels, orientation };
                pdf.add(image, dpi)?;
            }
            None => pdf.add(PageImage::Gray(&gray), dpi)?,
        }
        pdf.finish()
    }

    fn trouble(&self, cause: &ImageError) -> Unreadable {
        let name = match self.format {
            ImageFormat::Png => "PNG",
            ImageFormat::Jpeg => "JPEG",
            ImageFormat::Gif => "GIF",
            ImageFormat::Bmp => "BMP",
            _ => "WebP",
        };
        match cause {
            ImageError::Limits(_) => unreadable(format!(
                "the {name} picture is larger than the limit of {} million pixels; scan it again at 300 dpi",
                self.page_pixels / 1_000_000
            )),
            ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => unreadable(CUT_OFF),
            ImageError::Unsupported(e) => {
                unreadable(format!("this sort of {name} is not supported ({e}); save it as PDF or as a plain {name}"))
            }
            other => {
                let words = other.to_string();
                let lower = words.to_lowercase();
                match ["eof", "end of file", "unexpected end", "fill whole buffer", "no more bytes", "exhausted"]
                    .iter()
                    .any(|w| lower.contains(w))
                {
                    true => unreadable(CUT_OFF),
                    false => unreadable(format!("the {name} picture is damaged ({words}); copy or scan it again")),
                }
            }
        }
    }
}

pub const CUT_OFF: &str = "the file is cut off: the picture ends before its last row; copy or scan it again";

impl Pages for ImagePage {
    fn count(&self) -> u32 {
        1
    }

    fn page(&mut self, number: u32) -> Result<PageInput, Unreadable> {
        let (gray, dpi) = self.decode()?;
        Ok(PageInput { number, words: Vec::new(), marks: Vec::new(), image: Some(Arc::new(gray)), dpi, recognise: true, problem: None })
    }
}

/// Grey over white paper.
pub fn gray_of(picture: DynamicImage) -> Result<Gray, Unreadable> {
    let gray = if picture.color().has_alpha() {
        let both = picture.into_luma_alpha8();
        let (width, height) = both.dimensions();
        let over_white = both.pixels().map(|p| {
            let [value, alpha] = p.0.map(u32::from);
            // At most 255: a weighted mean of two bytes.
            ((value * alpha + 255 * (255 - alpha)) / 255) as u8
        });
        Gray::new(width, height, over_white.collect())
    } else {
        let plain = picture.into_luma8();
        Gray::new(plain.width(), plain.height(), plain.into_raw())
    };
    gray.ok_or_else(|| unreadable("the picture's size does not fit its content; scan it again"))
}

/// The declared resolution if it makes a plausible sheet of paper, else the one that makes it 8.5 inches wide.
pub fn likely_dpi(declared: Option<f32>, width: u32, height: u32) -> u32 {
    let short = width.min(height) as f32;
    let plausible = declared.filter(|dpi| (3.4..=12.5).contains(&(short / dpi)));
    // A float beyond the range saturates; both ends are fine here.
    plausible.unwrap_or(short / 8.5).round().clamp(30.0, 1_200.0) as u32
}

fn declared_dpi(bytes: &[u8], format: ImageFormat) -> Option<f32> {
    match format {
        ImageFormat::Jpeg => {
            let segments = JpegSegments { bytes, at: 2 };
            let jfif = segments.into_iter().find(|(marker, body)| *marker == 0xe0 && body.starts_with(b"JFIF\0"))?.1;
            let density = f32::from(u16::from_be_bytes([*jfif.get(8)?, *jfif.get(9)?]));
            match jfif.get(7)? {
                1 => Some(density),
                2 => Some(density * 2.54),
                _ => None,
            }
        }
        ImageFormat::Png => {
            let at = bytes.get(..4_096.min(bytes.len()))?.windows(4).position(|w| w == b"pHYs")? + 4;
            let per_metre = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
            (*bytes.get(at + 8)? == 1).then_some(per_metre as f32 * 0.0254)
        }
        ImageFormat::Bmp => Some(u32::from_le_bytes(bytes.get(38..42)?.try_into().ok()?) as f32 * 0.0254),
        _ => None,
    }
}

pub struct JpegFrame {
    pub width: u32,
    pub height: u32,
    pub channels: u8,
}

/// What a JPEG's frame header says; `None` for kinds that a PDF can't hold.
pub fn jpeg_frame(bytes: &[u8]) -> Option<JpegFrame> {
    let frame = JpegSegments { bytes, at: 2 }
        .into_iter()
        .find(|(marker, _)| matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc))?;
    let (0xc0..=0xc2, body) = frame else { return None };
    let pair = |at: usize| Some(u32::from(u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?])));
    (*body.first()? == 8).then_some(JpegFrame { height: pair(1)?, width: pair(3)?, channels: *body.get(5)? })
}

/// The segments before a JPEG's pixels: marker and body.
struct JpegSegments<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for JpegSegments<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while *self.bytes.get(self.at)? == 0xff && *self.bytes.get(self.at + 1)? == 0xff {
            self.at += 1;
        }
        let [0xff, marker, high, low] = *self.bytes.get(self.at..self.at + 4)? else { return None };
        if marker == 0xda {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let body = self.bytes.get(self.at + 4..self.at + 2 + length)?;
        self.at += 2 + length;
        Some((marker, body))
    }
}

/// A JPEG without its end marker whose last rows are all of one value: the decoder filled them in.
fn cut_off(bytes: &[u8], gray: &Gray) -> bool {
    if bytes[bytes.len() / 2..].windows(2).any(|w| w == [0xff, 0xd9]) {
        return false;
    }
    let tail = gray.pixels.len() - gray.pixels.len() / 50;
    let last = &gray.pixels[tail..];
    last.iter().max() == last.iter().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolution_is_believed_only_when_it_makes_a_sheet_of_paper() {
        assert_eq!(likely_dpi(Some(200.0), 1700, 2200), 200);
        assert_eq!(likely_dpi(Some(72.0), 3024, 4032), 356);
        assert_eq!(likely_dpi(None, 1275, 1650), 150);
        assert_eq!(likely_dpi(Some(f32::NAN), 0, 10), 30);
    }
}
