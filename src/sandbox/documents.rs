//! The document of a certificate: checking what was sent, keeping it, and giving it back as PDF or JPEG.
//!
//! Owns: file formats and the `documents` table. Must not touch: the other fields of a certificate.
//! Everything here reads bytes from outside: sizes are bounded before anything is drawn.

use std::io::Cursor;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::{ExtendedColorType, ImageDecoder, ImageReader};
use lopdf::{Object as PdfObject, Stream, dictionary};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::errors::{ApiError, Code};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Pdf,
    Jpeg,
    Png,
    Tiff,
}

impl Kind {
    fn stored(self) -> &'static str {
        match self {
            Kind::Pdf => "Pdf",
            Kind::Jpeg => "Jpeg",
            Kind::Png => "Png",
            Kind::Tiff => "Tiff",
        }
    }

    fn from_stored(text: &str) -> Self {
        match text {
            "Jpeg" => Kind::Jpeg,
            "Png" => Kind::Png,
            "Tiff" => Kind::Tiff,
            // The schema allows no fifth word.
            _ => Kind::Pdf,
        }
    }

    /// Looks at the first bytes; a name or content type from outside proves nothing.
    pub(super) fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [b'%', b'P', b'D', b'F', ..] => Some(Kind::Pdf),
            [0xFF, 0xD8, 0xFF, ..] => Some(Kind::Jpeg),
            [0x89, b'P', b'N', b'G', ..] => Some(Kind::Png),
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(Kind::Tiff),
            _ => None,
        }
    }
}

/// A document that was checked: its files and how many pages they make.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Document {
    files: Vec<(Kind, Vec<u8>)>,
    pages: usize,
}

/// The keys of a certificate that can carry its document.
#[derive(Debug, Default)]
pub(super) struct Sent<'a> {
    pub(super) pdf: Option<&'a str>,
    /// `"pdf": null` was written out.
    pub(super) pdf_is_null: bool,
    pub(super) pages: Vec<&'a str>,
    pub(super) filename: Option<&'a str>,
}

/// Checks the document keys of a new certificate. A filename alone is a promise and makes no document.
pub(super) fn check(sent: &Sent<'_>, strict_null: bool) -> Result<Option<Document>, ApiError> {
    let given = [sent.pdf.is_some(), !sent.pages.is_empty(), sent.filename.is_some()];
    match given.iter().filter(|given| **given).count() {
        0 => Err(ApiError::new(Code::MISSING_REQUIRED_FIELDS, "One of the fields filename, pdf or pages is required.")),
        1 => {
            if let Some(pdf) = sent.pdf {
                return check_pdf(pdf).map(Some);
            }
            if !sent.pages.is_empty() {
                if strict_null && sent.pdf_is_null {
                    return Err(inner_error("pdf", "The uploaded file must be a base64 encoded PDF."));
                }
                return check_pages(&sent.pages).map(Some);
            }
            Ok(None)
        }
        _ => Err(ApiError::new(Code::CONFLICTING_FIELDS, "Only one of the fields filename, pdf and pages may have a value.")),
    }
}

fn check_pdf(text: &str) -> Result<Document, ApiError> {
    let bytes = decode(text, "pdf")?;
    match Kind::sniff(&bytes) {
        Some(Kind::Pdf) => {}
        // What the service was seen to answer when an image came in the field for the PDF.
        Some(_) => {
            return Err(inner_error("pdf", "The uploaded file must be a base64 encoded PDF."));
        }
        None => {
            return Err(ApiError::new(Code::INVALID_FILE, "The value of the field pdf is not a PDF file.").at("pdf"));
        }
    }
    match pdf_pages(&bytes) {
        Some(pages) => Ok(Document { files: vec![(Kind::Pdf, bytes)], pages }),
        None => Err(inner_error("pdf", "The uploaded PDF could not be read.")),
    }
}

fn check_pages(texts: &[&str]) -> Result<Document, ApiError> {
    let mut files = Vec::with_capacity(texts.len());
    for (i, text) in texts.iter().enumerate() {
        let bytes = decode(text, "pages")?;
        match Kind::sniff(&bytes) {
            Some(Kind::Jpeg) if jpeg_size(&bytes).is_some() => files.push((Kind::Jpeg, bytes)),
            Some(_) => {
                return Err(inner_error("pages", "The uploaded pages must be base64 encoded JPG images."));
            }
            None => {
                return Err(ApiError::new(Code::INVALID_FILE, format!("Page {} is not a JPG image.", i + 1)).at("pages"));
            }
        }
    }
    Ok(Document { pages: files.len(), files })
}

/// Checks an uploaded attachment, which may also be PNG or TIFF.
pub(super) fn check_attachment(bytes: Vec<u8>) -> Result<Document, ApiError> {
    let Some(kind) = Kind::sniff(&bytes) else {
        return Err(ApiError::new(Code::INVALID_FILE, "The file is none of PDF, JPEG, TIFF and PNG.").at("file"));
    };
    let pages = match kind {
        Kind::Pdf => pdf_pages(&bytes),
        _ => image_size(&bytes).map(|_| 1),
    };
    match pages {
        Some(pages) => Ok(Document { files: vec![(kind, bytes)], pages }),
        None => Err(inner_error("file", "The uploaded file could not be read.")),
    }
}

/// The store behind the service reports its own errors as JSON inside a text, with a full stop after it.
fn inner_error(field: &str, message: &str) -> ApiError {
    let inner = serde_json::json!({"success": false, "code": "100110", "error": {field: [message]}});
    ApiError::new(Code::CERTIFICATES, format!("{inner}."))
}

/// The refusal that is answered when a certificate was stored all the same.
pub(super) fn stored_but_refused() -> ApiError {
    inner_error("pdf", "The uploaded file must be a base64 encoded PDF.")
}

fn decode(text: &str, field: &'static str) -> Result<Vec<u8>, ApiError> {
    let invalid = |why: &str| ApiError::new(Code::INVALID_FILE, format!("The value of the field {field} {why}.")).at(field);
    // Both alphabets, padded or not: which one the service takes is described in two ways.
    let engine = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let standard: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    if standard.is_empty() {
        return Err(invalid("is empty"));
    }
    let bytes = engine.decode(standard).map_err(|_| invalid("is not Base64"))?;
    if bytes.is_empty() {
        return Err(invalid("is empty"));
    }
    Ok(bytes)
}

fn pdf_pages(bytes: &[u8]) -> Option<usize> {
    let pages = lopdf::Document::load_mem(bytes).ok()?.get_pages().len();
    (pages > 0).then_some(pages)
}

fn image_size(bytes: &[u8]) -> Option<(u32, u32)> {
    ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?.into_dimensions().ok()
}

fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32, ExtendedColorType)> {
    let decoder = JpegDecoder::new(Cursor::new(bytes)).ok()?;
    let (width, height) = decoder.dimensions();
    Some((width, height, decoder.original_color_type()))
}

/// Puts a document in the place of whatever the certificate had.
pub(super) fn save(tx: &Transaction<'_>, certificate: i64, document: &Document) -> Result<(), ApiError> {
    tx.execute("DELETE FROM documents WHERE certificate_id = ?1", [certificate])?;
    for (page, (kind, bytes)) in (1_i64..).zip(&document.files) {
        tx.prepare_cached("INSERT INTO documents (certificate_id, page, kind, bytes) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
            certificate,
            page,
            kind.stored(),
            bytes
        ])?;
    }
    let pages = i64::try_from(document.pages).unwrap_or(i64::MAX);
    tx.execute("UPDATE certificates SET document_exists = 1, page_count = ?2 WHERE id = ?1", [certificate, pages])?;
    Ok(())
}

/// The stored files, in page order.
pub(super) fn load(connection: &Connection, certificate: i64) -> Result<Option<Document>, ApiError> {
    let pages: i64 = connection
        .query_row("SELECT page_count FROM certificates WHERE id = ?1", [certificate], |row| row.get(0))
        .optional()?
        .unwrap_or_default();
    let files = connection
        .prepare_cached("SELECT kind, bytes FROM documents WHERE certificate_id = ?1 ORDER BY page")?
        .query_map([certificate], |row| Ok((Kind::from_stored(&row.get::<_, String>(0)?), row.get(1)?)))?
        .collect::<Result<Vec<(Kind, Vec<u8>)>, _>>()?;
    Ok((!files.is_empty()).then_some(Document { files, pages: usize::try_from(pages).unwrap_or_default() }))
}

impl Document {
    /// The whole document as one PDF.
    pub(super) fn into_pdf(mut self) -> Result<Vec<u8>, ApiError> {
        if let [(Kind::Pdf, bytes)] = self.files.as_mut_slice() {
            return Ok(std::mem::take(bytes));
        }
        let jpegs =
            self.files.into_iter().map(|(kind, bytes)| to_jpeg(kind, bytes)).collect::<Option<Vec<_>>>().ok_or_else(ApiError::internal)?;
        bind(&jpegs).ok_or_else(ApiError::internal)
    }

    /// One page as a picture; `None` if there is no such page.
    pub(super) fn into_jpeg(mut self, page: usize) -> Result<Option<Vec<u8>>, ApiError> {
        let Some(index) = page.checked_sub(1).filter(|_| page <= self.pages) else {
            return Ok(None);
        };
        if let [(Kind::Pdf, bytes)] = self.files.as_mut_slice() {
            return draw(std::mem::take(bytes), index).map(Some).ok_or_else(ApiError::internal);
        }
        if index >= self.files.len() {
            return Ok(None);
        }
        let (kind, bytes) = self.files.swap_remove(index);
        to_jpeg(kind, bytes).map(Some).ok_or_else(ApiError::internal)
    }
}

fn to_jpeg(kind: Kind, bytes: Vec<u8>) -> Option<Vec<u8>> {
    if kind == Kind::Jpeg {
        return Some(bytes);
    }
    // The reader's own limits bound what a small file may unfold to.
    let picture = ImageReader::new(Cursor::new(&bytes)).with_guessed_format().ok()?.decode().ok()?.to_rgb8();
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, 90).encode_image(&picture).ok()?;
    Some(out)
}

/// Draws one page of a PDF, at most about 2000 pixels on its longer side.
fn draw(bytes: Vec<u8>, index: usize) -> Option<Vec<u8>> {
    let pdf = hayro::hayro_syntax::Pdf::new(bytes).ok()?;
    let page = pdf.pages().get(index)?;
    let (width, height) = page.render_dimensions();
    let longest = width.max(height);
    if !longest.is_finite() || longest < 1.0 {
        return None;
    }
    let scale = (2000.0 / longest).min(2.0);
    let pixmap = hayro::render(
        page,
        &hayro::RenderCache::new(),
        &hayro::hayro_interpret::InterpreterSettings::default(),
        &hayro::RenderSettings::default(),
        &hayro::PixmapSettings { x_scale: scale, y_scale: scale, bg_color: hayro::vello_cpu::color::palette::css::WHITE },
    );
    let rgb: Vec<u8> = pixmap.data_as_u8_slice().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, 85)
        .encode(&rgb, u32::from(pixmap.width()), u32::from(pixmap.height()), ExtendedColorType::Rgb8)
        .ok()?;
    Some(out)
}

/// Binds JPEG images to a PDF, one page for each, without decoding them.
fn bind(jpegs: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut pdf = lopdf::Document::with_version("1.5");
    let pages_id = pdf.new_object_id();
    let mut kids: Vec<PdfObject> = Vec::with_capacity(jpegs.len());
    for jpeg in jpegs {
        let (width, height, color) = jpeg_size(jpeg)?;
        let space = match color {
            ExtendedColorType::L8 | ExtendedColorType::L16 => "DeviceGray",
            ExtendedColorType::Cmyk8 => "DeviceCMYK",
            _ => "DeviceRGB",
        };
        let picture = pdf.add_object(Stream::new(
            dictionary! {
                "Type" => "XObject", "Subtype" => "Image", "Width" => i64::from(width), "Height" => i64::from(height),
                "ColorSpace" => space, "BitsPerComponent" => 8, "Filter" => "DCTDecode",
            },
            jpeg.clone(),
        ));
        // The page has the picture's shape, eleven inches on its longer side.
        let scale = 792.0 / f64::from(width.max(height).max(1));
        let (across, up) = (f64::from(width) * scale, f64::from(height) * scale);
        let content = pdf.add_object(Stream::new(dictionary! {}, format!("q {across:.2} 0 0 {up:.2} 0 0 cm /P Do Q").into_bytes()));
        let page = pdf.add_object(dictionary! {
            "Type" => "Page", "Parent" => pages_id, "Contents" => content,
            "MediaBox" => vec![0.into(), 0.into(), PdfObject::Real(across as f32), PdfObject::Real(up as f32)],
            "Resources" => dictionary! { "XObject" => dictionary! { "P" => picture } },
        });
        kids.push(page.into());
    }
    let count = i64::try_from(kids.len()).ok()?;
    pdf.set_object(pages_id, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count });
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages_id });
    pdf.trailer.set("Root", catalog);
    let mut out = Vec::new();
    pdf.save_to(&mut out).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    fn jpeg(gray: u8) -> Vec<u8> {
        let mut out = Vec::new();
        JpegEncoder::new(&mut out).encode(&[gray; 12 * 8 * 3], 12, 8, ExtendedColorType::Rgb8).expect("a picture");
        out
    }

    #[test]
    fn pages_become_a_pdf_and_the_pdf_becomes_pictures() {
        let texts: Vec<String> = [40, 200].map(|g| BASE64_STANDARD.encode(jpeg(g))).to_vec();
        let sent = Sent { pages: texts.iter().map(String::as_str).collect(), ..Sent::default() };
        let document = check(&sent, false).expect("fine").expect("a document");
        assert_eq!(document.pages, 2);
        assert_eq!(document.clone().into_jpeg(2).expect("ok").expect("page"), jpeg(200));
        assert_eq!(document.clone().into_jpeg(3).expect("ok"), None);
        assert_eq!(document.clone().into_jpeg(0).expect("ok"), None);
        let pdf = document.into_pdf().expect("a pdf");
        assert_eq!(pdf_pages(&pdf), Some(2));
        let drawn = Document { files: vec![(Kind::Pdf, pdf)], pages: 2 }.into_jpeg(1).expect("ok").expect("page");
        assert_eq!(Kind::sniff(&drawn), Some(Kind::Jpeg));
    }

    proptest! {
        #[test]
        fn both_alphabets_padded_or_not(bytes in prop::collection::vec(any::<u8>(), 1..60)) {
            for engine in [&BASE64_STANDARD, &BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE, &BASE64_URL_SAFE_NO_PAD] {
                prop_assert_eq!(decode(&engine.encode(&bytes), "pdf").expect("decodes"), bytes.clone());
            }
        }

        #[test]
        fn no_bytes_make_the_checks_panic(start in prop::sample::select(vec![&b"%PDF-1.4\n"[..], b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1a\n", b"II\x2a\0", b""]),
                                          rest in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = check_attachment([start, &rest].concat());
        }
    }
}
