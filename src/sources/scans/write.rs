//! Pictures to a small PDF, one to a page.
//!
//! Owns: the PDF around a picture; JPEG as it is, two-tone pages as Group 4, the rest as JPEG.
//! Must not touch: decoding.
//! Called by: the picture and TIFF readers, and the PDF reader for pages that can't be copied.

use super::unreadable;
use crate::domain::Gray;
use crate::ports::Unreadable;
use fax::encoder::Encoder;
use fax::{Color, VecWriter};
use image::codecs::jpeg::JpegEncoder;
use lopdf::{Document, Object, Stream, dictionary};

/// What `Gray` pages are compressed with when they are more than black and white.
const JPEG_QUALITY: u8 = 80;

pub enum PageImage<'a> {
    /// A whole JPEG file. `orientation` is EXIF's, 1 to 8.
    Jpeg {
        bytes: &'a [u8],
        width: u32,
        height: u32,
        channels: u8,
        orientation: u8,
    },
    Gray(&'a Gray),
}

pub struct PdfWriter {
    pdf: Document,
    tree: lopdf::ObjectId,
    kids: Vec<Object>,
}

impl PdfWriter {
    pub fn new() -> Self {
        let mut pdf = Document::with_version("1.5");
        let tree = pdf.new_object_id();
        Self { pdf, tree, kids: Vec::new() }
    }

    pub fn add(&mut self, image: PageImage, dpi: u32) -> Result<(), Unreadable> {
        let (stream, width, height, orientation) = match image {
            PageImage::Jpeg { bytes, width, height, channels, orientation } => {
                let space = if channels == 1 { "DeviceGray" } else { "DeviceRGB" };
                (picture(width, height, 8, space, "DCTDecode", bytes.to_vec()), width, height, orientation)
            }
            PageImage::Gray(gray) => (gray_picture(gray)?, gray.width, gray.height, 1),
        };
        let sideways = orientation >= 5;
        let (shown_width, shown_height) = if sideways { (height, width) } else { (width, height) };
        // PDF allows pages of 3 to 14,400 points.
        let points = |pixels: u32| (pixels as f32 * 72.0 / dpi.max(1) as f32).clamp(3.0, 14_400.0);
        let (w, h) = (points(shown_width), points(shown_height));
        let matrix = match orientation {
            2 => [-w, 0.0, 0.0, h, w, 0.0],
            3 => [-w, 0.0, 0.0, -h, w, h],
            4 => [w, 0.0, 0.0, -h, 0.0, h],
            5 => [0.0, -h, -w, 0.0, w, h],
            6 => [0.0, -h, w, 0.0, 0.0, h],
            7 => [0.0, h, w, 0.0, 0.0, 0.0],
            8 => [0.0, h, -w, 0.0, w, 0.0],
            _ => [w, 0.0, 0.0, h, 0.0, 0.0],
        };
        let numbers = matrix.map(|n| format!("{n:.3}")).join(" ");
        let content = self.pdf.add_object(Stream::new(dictionary! {}, format!("q {numbers} cm /Im0 Do Q").into_bytes()));
        let picture = self.pdf.add_object(stream);
        let page = self.pdf.add_object(dictionary! {
            "Type" => "Page",
            "Parent" => self.tree,
            "MediaBox" => vec![0.into(), 0.into(), w.into(), h.into()],
            "Resources" => dictionary! { "XObject" => dictionary! { "Im0" => picture } },
            "Contents" => content,
        });
        self.kids.push(page.into());
        Ok(())
    }

    pub fn finish(mut self) -> Result<Vec<u8>, Unreadable> {
        let count = self.kids.len() as i64;
        self.pdf.objects.insert(self.tree, Object::Dictionary(dictionary! { "Type" => "Pages", "Kids" => self.kids, "Count" => count }));
        let catalog = self.pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => self.tree });
        self.pdf.trailer.set("Root", catalog);
        let mut bytes = Vec::new();
        self.pdf.save_to(&mut bytes).map_err(|e| unreadable(format!("the PDF for upload could not be written: {e}")))?;
        Ok(bytes)
    }
}

fn picture(width: u32, height: u32, bits: i64, space: &str, filter: &str, data: Vec<u8>) -> Stream {
    let about = dictionary! {
        "Type" => "XObject", "Subtype" => "Image", "Width" => i64::from(width), "Height" => i64::from(height),
        "ColorSpace" => space, "BitsPerComponent" => bits, "Filter" => filter,
    };
    Stream::new(about, data).with_compression(false)
}

fn gray_picture(gray: &Gray) -> Result<Stream, Unreadable> {
    let (width, height) = (gray.width, gray.height);
    match u16::try_from(width) {
        Ok(narrow) if gray.pixels.iter().all(|p| *p == 0 || *p == 255) => {
            let mut stream = picture(width, height, 1, "DeviceGray", "CCITTFaxDecode", group4(gray, narrow));
            stream.dict.set("DecodeParms", dictionary! { "K" => -1, "Columns" => i64::from(width), "Rows" => i64::from(height) });
            Ok(stream)
        }
        _ => {
            let mut data = Vec::new();
            JpegEncoder::new_with_quality(&mut data, JPEG_QUALITY)
                .encode(&gray.pixels, width, height, image::ExtendedColorType::L8)
                .map_err(|e| unreadable(format!("the page could not be packed for upload: {e}; scan it again at 300 dpi")))?;
            Ok(picture(width, height, 8, "DeviceGray", "DCTDecode", data))
        }
    }
}

fn group4(gray: &Gray, width: u16) -> Vec<u8> {
    let mut encoder = Encoder::new(VecWriter::new());
    for row in gray.pixels.chunks_exact(width.max(1).into()) {
        // Writing to a vector can't fail.
        let _ = encoder.encode_line(row.iter().map(|p| if *p == 0 { Color::Black } else { Color::White }), width);
    }
    encoder.finish().map(VecWriter::finish).unwrap_or_default()
}
