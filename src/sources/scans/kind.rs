//! What a file is, by its first bytes and not by its name.
//!
//! Owns: the magic numbers.
//! Must not touch: files, decoding.
//! Called by: the listing and the opener.

use image::ImageFormat;

/// How many first bytes are needed.
pub const HEAD: usize = 1_100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Pdf,
    Tiff,
    Image(ImageFormat),
    Zip,
}

/// Names ends that promise a scan; such a file is opened, so that its trouble is told, even if its content is unknown.
const SCAN_ENDINGS: [&str; 11] = ["pdf", "tif", "tiff", "png", "jpg", "jpeg", "jfif", "gif", "bmp", "webp", "heic"];

pub fn of(head: &[u8]) -> Option<Kind> {
    let starts = |magic: &[u8]| head.starts_with(magic);
    if starts(b"II*\0") || starts(b"MM\0*") || starts(b"II+\0") || starts(b"MM\0+") {
        Some(Kind::Tiff)
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Some(Kind::Image(ImageFormat::Png))
    } else if starts(b"\xff\xd8\xff") {
        Some(Kind::Image(ImageFormat::Jpeg))
    } else if starts(b"GIF87a") || starts(b"GIF89a") {
        Some(Kind::Image(ImageFormat::Gif))
    } else if starts(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        Some(Kind::Image(ImageFormat::WebP))
    } else if starts(b"BM") && head.get(6..10) == Some(&[0; 4]) {
        Some(Kind::Image(ImageFormat::Bmp))
    } else if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") {
        Some(Kind::Zip)
    } else if head[..head.len().min(1_024)].windows(5).any(|w| w == b"%PDF-") {
        // Scanners put up to 1,024 bytes of their own before the header.
        Some(Kind::Pdf)
    } else {
        None
    }
}

/// Well-known files that look like a scan to a person but cannot be read here, with what to do.
pub fn foreign(head: &[u8]) -> Option<&'static str> {
    let brand = head.get(4..12).unwrap_or_default();
    if [&b"ftypheic"[..], b"ftypheix", b"ftypmif1", b"ftyphevc"].contains(&brand) {
        Some("this is a HEIC photo; on the phone choose \"Most Compatible\" or convert it to JPEG or PDF")
    } else if head.starts_with(b"\xd0\xcf\x11\xe0") {
        Some("this is an Office document or an e-mail, not a scan; save the certificate in it as PDF")
    } else if head.starts_with(b"{\\rtf") {
        Some("this is a text document, not a scan; save it as PDF")
    } else {
        None
    }
}

/// Whether a name promises a scan.
pub fn promises_scan(name: &str) -> bool {
    ending(name).is_some_and(|e| SCAN_ENDINGS.contains(&e.as_str()))
}

pub fn ending(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    (!stem.is_empty()).then(|| ending.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        assert_eq!(of(b"%PDF-1.4"), Some(Kind::Pdf));
        assert_eq!(of(b"\n\n scanner header %PDF-1.4"), Some(Kind::Pdf));
        assert_eq!(of(b"MM\0*\0\0\0\x08"), Some(Kind::Tiff));
        assert_eq!(of(b"RIFF\0\0\0\0WEBPVP8 "), Some(Kind::Image(ImageFormat::WebP)));
        assert_eq!(of(b"BMW is a car maker"), None);
        assert_eq!(of(b""), None);
        assert!(foreign(b"\0\0\0\x18ftypheic").unwrap().contains("HEIC"));
        assert!(promises_scan("a.b.PDF") && !promises_scan("notes.txt") && !promises_scan(".pdf"));
    }
}
