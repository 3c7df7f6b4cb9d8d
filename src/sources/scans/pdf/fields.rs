//! The filled-in form fields of a PDF page.
//!
//! Owns: AcroForm fields and text annotations to marks, and their values as words where the page does not show them.
//! Must not touch: what a field means.
//! Called by: the PDF reader.

use super::text::{Place, Seen};
use crate::domain::{Mark, MarkValue, Word};
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, Rect, String as PdfString};
use hayro::hayro_syntax::page::Page;
use hayro::kurbo;

/// Parents of one field, and fields of one page; more is a trap.
const MOST_PARENTS: usize = 32;
const MOST_FIELDS: usize = 5_000;
/// Bytes of one value.
const MOST_BYTES: usize = 10_000;

pub fn read(page: &Page, place: &Place) -> Vec<Mark> {
    let Some(annotations) = page.raw().get::<Array>("Annots") else { return Vec::new() };
    let mut marks = Vec::new();
    for annotation in annotations.iter::<Dict>().take(MOST_FIELDS) {
        let hidden = annotation.get::<u32>("F").unwrap_or(0) & (2 | 32) != 0;
        let kind = annotation.get::<Name>("Subtype");
        let Some(rect) = annotation.get::<Rect>("Rect").filter(|_| !hidden) else { continue };
        let points = place.to_page.transform_rect_bbox(kurbo::Rect::new(rect.x0, rect.y0, rect.x1, rect.y1));
        let bbox = place.fractions(points);
        match kind.as_deref() {
            Some(b"Widget") => marks.extend(widget(&annotation).map(|(name, value)| Mark { name, value, bbox })),
            Some(b"FreeText") => {
                if let Some(value) = annotation.get::<PdfString>("Contents").map(|s| words_of(&s)).filter(|v| !v.trim().is_empty()) {
                    marks.push(Mark { name: String::new(), value: MarkValue::Text(value), bbox });
                }
            }
            _ => {}
        }
    }
    marks
}

fn widget(annotation: &Dict) -> Option<(String, MarkValue)> {
    let mut names = Vec::new();
    let (mut kind, mut flags, mut value) = (None, None, None);
    let mut field = Some(annotation.clone());
    for _ in 0..MOST_PARENTS {
        let Some(own) = field else { break };
        names.extend(own.get::<PdfString>("T").map(|s| words_of(&s)));
        kind = kind.or_else(|| own.get::<Name>("FT").map(|n| n.to_vec()));
        flags = flags.or_else(|| own.get::<u32>("Ff"));
        value = value.or_else(|| own.get::<Object>("V").map(|v| value_of(&v)));
        field = own.get::<Dict>("Parent");
    }
    names.reverse();
    let name = names.join(".");
    let value = value.unwrap_or_default();
    match kind?.as_slice() {
        b"Btn" => {
            // Bit 17: a button to push.
            if flags.unwrap_or(0) & (1 << 16) != 0 {
                return None;
            }
            let state = annotation.get::<Name>("AS").map(|n| text_of(&n)).unwrap_or_else(|| value.clone());
            Some((name, MarkValue::Checked(!state.is_empty() && state != "Off")))
        }
        b"Tx" | b"Ch" => Some((name, MarkValue::Text(value))),
        b"Sig" => (!value.is_empty()).then_some((name, MarkValue::Signature)),
        _ => None,
    }
}

fn value_of(value: &Object) -> String {
    match value {
        Object::String(s) => words_of(s),
        Object::Name(n) => text_of(n),
        Object::Array(parts) => parts.iter::<PdfString>().take(100).map(|s| words_of(&s)).collect::<Vec<_>>().join(", "),
        Object::Stream(s) => s.decoded_data().map(|d| words_of(&d)).unwrap_or_default(),
        Object::Dict(_) => "digital signature".into(),
        _ => String::new(),
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A PDF text string: UTF-16, UTF-8 or (near enough) Latin-1. What is longer than any blank on paper is cut.
fn words_of(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(MOST_BYTES)];
    let text = match bytes {
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => text_of(rest),
        plain => encoding_rs::WINDOWS_1252.decode_without_bom_handling(plain).0.into_owned(),
    };
    text.chars().map(|c| if c == '\r' { '\n' } else { c }).filter(|c| *c == '\n' || !c.is_control()).collect()
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
}

/// Adds the values that have no letters on the page: forms whose viewer was to draw them.
pub fn add_missing(marks: &[Mark], words: &mut Vec<Word>, seen: &Seen) {
    let (_, page_height) = seen.place.upright();
    for mark in marks {
        let MarkValue::Text(value) = &mark.value else { continue };
        let b = mark.bbox;
        let inside: String = words
            .iter()
            .filter(|w| (b.left..=b.right).contains(&w.bbox.mid_x()) && (b.top - 0.005..=b.bottom + 0.005).contains(&w.bbox.mid_y()))
            .flat_map(|w| w.text.chars())
            .filter(|c| c.is_alphanumeric())
            .collect();
        let wanted: String = value.chars().filter(|c| c.is_alphanumeric()).collect();
        if wanted.is_empty() || inside.chars().count() * 2 >= wanted.chars().count() {
            continue;
        }
        let lines: Vec<&str> = value.lines().filter(|l| !l.trim().is_empty()).collect();
        // A field of one line is centred in its box; 12 points is what forms use.
        let step = (b.height() / lines.len() as f32).min((14.0 / page_height) as f32);
        let top = b.top + (b.height() - step * lines.len() as f32) / 2.0;
        for (row, line) in lines.iter().enumerate() {
            let longest = line.chars().count().max(1) as f32;
            let letter = (b.width() / longest).min(step * page_height as f32 / seen.place.upright().0 as f32 * 0.5);
            let (y0, y1) = (top + step * row as f32 + step * 0.15, top + step * (row + 1) as f32 - step * 0.15);
            let mut at = 0usize;
            for part in line.split(' ') {
                let length = part.chars().count();
                if length > 0 {
                    let left = b.left + letter * at as f32;
                    let bbox = crate::domain::BBox::new(left, y0, left + letter * length as f32, y1);
                    words.push(Word { text: part.into(), bbox, confidence: 1.0, line: 0 });
                }
                at += length + 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_strings_of_every_sort() {
        assert_eq!(words_of(b"Acme \xe9"), "Acme é");
        assert_eq!(words_of(b"\xfe\xff\0A\0\xe9"), "Aé");
        assert_eq!(words_of(b"\xff\xfeA\0"), "A");
        assert_eq!(words_of(b"\xef\xbb\xbfA\xc3\xa9\r"), "Aé\n");
        assert_eq!(words_of(b"\xfe\xff\xd8\0"), "\u{fffd}");
    }
}
