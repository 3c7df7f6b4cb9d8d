//! TIFF files, as fax servers and office scanners write them: many pages, CCITT, JPEG, LZW, Deflate.
//!
//! Owns: the pages of a TIFF, CCITT decoding, pixels that are not square.
//! Must not touch: other formats.
//! Called by: `Folder`.

use super::raster::{CUT_OFF, gray_of, likely_dpi};
use super::write::{PageImage, PdfWriter};
use super::{Limits, Pages, guard, in_range, too_large, unreadable};
use crate::domain::Gray;
use crate::ports::{PageInput, Unreadable};
use hayro_ccitt::{DecodeSettings, DecoderContext, EncodingMode};
use image::metadata::Orientation;
use image::{DynamicImage, GrayAlphaImage, GrayImage, RgbImage, RgbaImage};
use std::io::{Cursor, ErrorKind};
use std::sync::Arc;
use tiff::decoder::ifd::Value;
use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

pub struct TiffPages {
    bytes: Vec<u8>,
    /// The directories that are pages; previews are left out.
    pages: Vec<usize>,
    page_pixels: u64,
}

type Reader<'a> = Decoder<Cursor<&'a [u8]>>;

impl TiffPages {
    pub fn open(bytes: Vec<u8>, limits: &Limits) -> Result<Self, Unreadable> {
        let pages = guard::guarded("the TIFF", || {
            let mut reader = reader(&bytes, limits.page_pixels).map_err(|e| trouble(&e))?;
            let mut pages = Vec::new();
            for index in 0.. {
                // Bit 0 of this tag marks a small preview of another page.
                let kind = reader.find_tag_unsigned::<u32>(Tag::NewSubfileType).ok().flatten().unwrap_or(0);
                if kind & 1 == 0 {
                    pages.push(index);
                }
                if pages.len() > limits.pages as usize || index > 2 * limits.pages as usize {
                    return Err(unreadable(format!("the TIFF has more than {} pages; split it", limits.pages)));
                }
                if !reader.more_images() {
                    break;
                }
                if reader.next_image().is_err() {
                    // The page that can't even be found is counted: its reading tells the trouble.
                    pages.push(index + 1);
                    break;
                }
            }
            Ok(pages)
        })?;
        match pages.is_empty() {
            true => Err(unreadable("the TIFF has no page; scan it again")),
            false => Ok(Self { bytes, pages, page_pixels: limits.page_pixels }),
        }
    }

    fn decode(&self, number: u32) -> Result<(Gray, u32), Unreadable> {
        let index = self.pages[number as usize - 1];
        guard::guarded("the TIFF", || {
            let mut reader = reader(&self.bytes, self.page_pixels).map_err(|e| trouble(&e))?;
            reader.seek_to_image(index).map_err(|e| trouble(&e))?;
            let (width, height) = reader.dimensions().map_err(|e| trouble(&e))?;
            if width == 0 || height == 0 {
                return Err(unreadable("the page has no pixels; scan it again"));
            }
            if u64::from(width) * u64::from(height) > self.page_pixels {
                return Err(too_large(width.into(), height.into(), self.page_pixels));
            }
            let compression = number_tag(&mut reader, Tag::Compression).unwrap_or(1);
            let picture = match compression {
                2..=4 => DynamicImage::ImageLuma8(ccitt(&mut reader, &self.bytes, width, height, compression)?),
                _ => plain(&mut reader, width, height)?,
            };
            let per_inch = match number_tag(&mut reader, Tag::ResolutionUnit) {
                Some(3) => 2.54,
                Some(1) => f32::NAN,
                _ => 1.0,
            };
            let resolution = |reader: &mut Reader, tag| {
                let dots = match reader.find_tag(tag).ok().flatten()? {
                    Value::Rational(dots, inches) => dots as f32 / inches as f32,
                    other => other.into_f32().ok()?,
                };
                Some(dots * per_inch).filter(|dpi| *dpi > 1.0 && dpi.is_finite())
            };
            let (across, down) = (resolution(&mut reader, Tag::XResolution), resolution(&mut reader, Tag::YResolution));
            let mut gray = gray_of(picture)?;
            let mut dpi = across;
            if let (Some(across), Some(down)) = (across, down) {
                // Standard fax is 204 × 98 dpi: its rows are doubled, or every letter would be squashed.
                let (wide, high) = ((across / down).clamp(1.0, 5.0), (down / across).clamp(1.0, 5.0));
                if (gray.pixels.len() as f32 * wide * high) as u64 > self.page_pixels {
                    return Err(too_large(gray.width.into(), gray.height.into(), self.page_pixels));
                }
                if across / down > 1.2 && across / down < 5.0 {
                    gray = stretched(&gray, gray.width, (f64::from(gray.height) * f64::from(across / down)).round() as u32);
                } else if down / across > 1.2 && down / across < 5.0 {
                    gray = stretched(&gray, (f64::from(gray.width) * f64::from(down / across)).round() as u32, gray.height);
                    dpi = Some(down);
                }
            }
            let exif = number_tag(&mut reader, Tag::Orientation).and_then(|o| Orientation::from_exif(o as u8));
            if let Some(turn) = exif.filter(|o| *o != Orientation::NoTransforms) {
                // A Gray holds exactly width × height bytes.
                let image = GrayImage::from_raw(gray.width, gray.height, gray.pixels).ok_or_else(|| unreadable(CUT_OFF))?;
                let mut turned = DynamicImage::ImageLuma8(image);
                turned.apply_orientation(turn);
                gray = gray_of(turned)?;
            }
            let dpi = likely_dpi(dpi, gray.width, gray.height);
            Ok((gray, dpi))
        })
    }

    pub fn as_pdf(&self, pages: [u32; 2]) -> Result<Vec<u8>, Unreadable> {
        in_range(pages, self.count())?;
        let mut pdf = PdfWriter::new();
        for number in pages[0]..=pages[1] {
            let (gray, dpi) = self.decode(number)?;
            pdf.add(PageImage::Gray(&gray), dpi)?;
        }
        pdf.finish()
    }
}

impl Pages for TiffPages {
    fn count(&self) -> u32 {
        // At most `Limits::pages` + 1 of them.
        self.pages.len() as u32
    }

    fn page(&mut self, number: u32) -> Result<PageInput, Unreadable> {
        let (gray, dpi) = self.decode(number)?;
        Ok(PageInput { number, words: Vec::new(), marks: Vec::new(), image: Some(Arc::new(gray)), dpi, recognise: true, problem: None })
    }
}

fn reader(bytes: &[u8], page_pixels: u64) -> Result<Reader<'_>, TiffError> {
    let mut limits = tiff::decoder::Limits::default();
    limits.decoding_buffer_size = usize::try_from(page_pixels.saturating_mul(4)).unwrap_or(usize::MAX);
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    Ok(Decoder::new(Cursor::new(bytes))?.with_limits(limits))
}

fn number_tag(reader: &mut Reader, tag: Tag) -> Option<u32> {
    reader.find_tag_unsigned::<u32>(tag).ok().flatten()
}

/// Whatever the TIFF crate decodes.
fn plain(reader: &mut Reader, width: u32, height: u32) -> Result<DynamicImage, Unreadable> {
    let color = reader.colortype().map_err(|e| trouble(&e))?;
    let bytes = match reader.read_image().map_err(|e| trouble(&e))? {
        DecodingResult::U8(bytes) => bytes,
        DecodingResult::U16(wide) => wide.into_iter().map(|v| (v >> 8) as u8).collect(),
        _ => return Err(unreadable("the TIFF's pixels are no 1, 8 or 16 bit values; save it as PDF or as a plain TIFF")),
    };
    let short = || unreadable(CUT_OFF);
    let pixels = width as usize * height as usize;
    let pick = |channels: usize, value: fn(&[u8]) -> u8| bytes.chunks_exact(channels).take(pixels).map(value).collect::<Vec<u8>>();
    Ok(match color {
        ColorType::Gray(bits @ (1 | 2 | 4)) => {
            let (row, top) = ((width as usize * bits as usize).div_ceil(8), (1u16 << bits) - 1);
            let mut gray = Vec::with_capacity(pixels);
            for line in bytes.chunks_exact(row).take(height as usize) {
                gray.extend((0..width as usize).map(|x| {
                    let bit = x * bits as usize;
                    let value = u16::from(line[bit / 8] >> (8 - bits as usize - bit % 8)) & top;
                    (value * 255 / top) as u8
                }));
            }
            DynamicImage::ImageLuma8(GrayImage::from_raw(width, height, gray).ok_or_else(short)?)
        }
        ColorType::Gray(_) => DynamicImage::ImageLuma8(GrayImage::from_raw(width, height, pick(1, |p| p[0])).ok_or_else(short)?),
        ColorType::GrayA(_) => DynamicImage::ImageLumaA8(GrayAlphaImage::from_raw(width, height, bytes).ok_or_else(short)?),
        ColorType::RGB(_) | ColorType::YCbCr(_) => DynamicImage::ImageRgb8(RgbImage::from_raw(width, height, bytes).ok_or_else(short)?),
        ColorType::RGBA(_) => DynamicImage::ImageRgba8(RgbaImage::from_raw(width, height, bytes).ok_or_else(short)?),
        ColorType::CMYK(_) => {
            let ink = pick(4, |p| {
                let light = |c: u8| u32::from(255 - c) * u32::from(255 - p[3]) / 255;
                ((light(p[0]) * 54 + light(p[1]) * 183 + light(p[2]) * 19) / 256) as u8
            });
            DynamicImage::ImageLuma8(GrayImage::from_raw(width, height, ink).ok_or_else(short)?)
        }
        ColorType::Palette(bits @ (1 | 2 | 4 | 8)) => {
            let map = reader.get_tag_u16_vec(Tag::ColorMap).map_err(|e| trouble(&e))?;
            let colors = map.len() / 3;
            let row = (width as usize * bits as usize).div_ceil(8);
            let mut gray = Vec::with_capacity(pixels);
            for line in bytes.chunks_exact(row).take(height as usize) {
                for x in 0..width as usize {
                    let bit = x * bits as usize;
                    let index = usize::from(line[bit / 8] >> (8 - bits as usize - bit % 8)) & ((1 << bits) - 1);
                    let part = |which: usize| u32::from(map.get(which * colors + index).copied().unwrap_or(0) >> 8);
                    gray.push(((part(0) * 54 + part(1) * 183 + part(2) * 19) / 256) as u8);
                }
            }
            DynamicImage::ImageLuma8(GrayImage::from_raw(width, height, gray).ok_or_else(short)?)
        }
        other => return Err(unreadable(format!("the TIFF's colours ({other:?}) are not supported; save it as PDF or as a grey TIFF"))),
    })
}

/// Fax pages. The TIFF crate reads Group 4 only; this reads Group 3 as well, and keeps the rows before a damaged one.
fn ccitt(reader: &mut Reader, bytes: &[u8], width: u32, height: u32, compression: u32) -> Result<GrayImage, Unreadable> {
    let (Ok(offsets), Ok(lengths)) = (reader.get_tag_u64_vec(Tag::StripOffsets), reader.get_tag_u64_vec(Tag::StripByteCounts)) else {
        return Err(unreadable("the fax page is stored in tiles, which no fax machine does; save it as PDF"));
    };
    let rows_per_strip = number_tag(reader, Tag::RowsPerStrip).unwrap_or(height).clamp(1, height);
    let black_is_zero = number_tag(reader, Tag::PhotometricInterpretation) == Some(1);
    let options = number_tag(reader, Tag::Unknown(292)).unwrap_or(0);
    let reversed = number_tag(reader, Tag::FillOrder) == Some(2);
    let encoding = match (compression, options & 1) {
        (4, _) => EncodingMode::Group4,
        (3, 1) => EncodingMode::Group3_2D,
        _ => EncodingMode::Group3_1D,
    };
    let mut rows = Rows { width, height, pixels: Vec::with_capacity(width as usize * height as usize), black_is_zero };
    // More strips than rows need would be decoded for nothing.
    let strips = height.div_ceil(rows_per_strip) as usize;
    for (strip, (offset, length)) in offsets.iter().zip(&lengths).take(strips).enumerate() {
        let start = usize::try_from(*offset).unwrap_or(usize::MAX).min(bytes.len());
        let end = usize::try_from(offset.saturating_add(*length)).unwrap_or(usize::MAX).min(bytes.len());
        let turned: Vec<u8>;
        let data = match reversed {
            true => {
                turned = bytes[start..end].iter().map(|b| b.reverse_bits()).collect();
                &turned[..]
            }
            false => &bytes[start..end],
        };
        let done = (strip as u64 * u64::from(rows_per_strip)).min(height.into()) as u32;
        let settings = DecodeSettings {
            columns: width,
            rows: rows_per_strip.min(height - done),
            end_of_block: true,
            end_of_line: false,
            rows_are_byte_aligned: compression == 2,
            encoding,
            strict: false,
        };
        // What comes before a damaged row stays; the count below decides whether that is enough.
        let _ = hayro_ccitt::decode(data, &mut rows, &mut DecoderContext::new(settings));
    }
    let want = width as usize * height as usize;
    if rows.pixels.len() < want / 10 * 9 {
        return Err(unreadable(CUT_OFF));
    }
    rows.pixels.resize(want, 255);
    GrayImage::from_raw(width, height, rows.pixels).ok_or_else(|| unreadable(CUT_OFF))
}

struct Rows {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
    black_is_zero: bool,
}

impl hayro_ccitt::Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        if self.pixels.len() >= self.width as usize * self.height as usize {
            return;
        }
        // The code's "white" is the value 0, which is black where the TIFF says that black is zero.
        let (mut now, mut other) = if self.black_is_zero { (0u8, 255u8) } else { (255, 0) };
        let start = self.pixels.len();
        for change in changes {
            self.pixels.resize(start + (*change).min(self.width) as usize, now);
            std::mem::swap(&mut now, &mut other);
        }
        self.pixels.resize(start + self.width as usize, now);
    }
}

/// Repeats or drops rows and columns; two grey values stay two.
fn stretched(gray: &Gray, width: u32, height: u32) -> Gray {
    let mut pixels = Vec::with_capacity(width as usize * height as usize);
    for y in 0..height {
        let from = (u64::from(y) * u64::from(gray.height) / u64::from(height)) as u32;
        pixels.extend((0..width).map(|x| gray.at((u64::from(x) * u64::from(gray.width) / u64::from(width)) as u32, from)));
    }
    Gray { width, height, pixels }
}

fn trouble(cause: &TiffError) -> Unreadable {
    match cause {
        TiffError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => unreadable(CUT_OFF),
        TiffError::LimitsExceeded => unreadable("the TIFF page is larger than the limit; scan it again at 300 dpi"),
        TiffError::UnsupportedError(e) => {
            unreadable(format!("this sort of TIFF is not supported ({e}); save it as PDF or as a plain TIFF"))
        }
        other => unreadable(format!("the TIFF is damaged ({other}); copy or scan it again")),
    }
}
