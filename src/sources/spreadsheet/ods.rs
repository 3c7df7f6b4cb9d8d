//! OpenDocument spreadsheets: `content.xml` of an `.ods`, or a whole `.fods`.
//!
//! Read here and not by calamine: a sheet repeats cells and rows by a number in the file, and calamine fills its memory with them before
//! anybody can count, never returns from a `content.xml` that was cut off, and does not tell how a number is shown (`07102`).
//! The words are those of OASIS OpenDocument 1.2, part 1, chapters 9 and 19.

use super::encoding::{Utf8, detect_declared};
use super::workbook::Builder;
use super::xml::{Xml, add_text, attribute, date, digits, number};
use super::{OpenOptions, Picked, SpreadsheetError};
use crate::domain::{Cell, Grid};
use quick_xml::events::{BytesStart, Event};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// The widest run of blanks that is kept.
const BLANKS: u32 = 256;

pub(super) fn read_zipped(path: &Path, options: &OpenOptions) -> Result<Vec<Grid>, SpreadsheetError> {
    let damaged =
        |error: zip::result::ZipError| SpreadsheetError::Damaged { path: path.to_owned(), reason: SpreadsheetError::one_line(error) };
    let file = File::open(path).map_err(|e| SpreadsheetError::Io { path: path.to_owned(), reason: SpreadsheetError::one_line(e) })?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    if let Ok(manifest) = archive.by_name("META-INF/manifest.xml") {
        let mut xml = Xml::new(path, manifest, &options.limits);
        loop {
            match xml.next()? {
                Event::Start(element) if element.local_name().as_ref() == "encryption-data" => {
                    return Err(SpreadsheetError::Password(path.to_owned()));
                }
                Event::Eof => break,
                _ => {}
            }
        }
    }
    let content = archive.by_name("content.xml").map_err(damaged)?;
    content_of(Xml::new(path, content, &options.limits), path, options)
}

pub(super) fn read_flat(path: &Path, options: &OpenOptions) -> Result<Vec<Grid>, SpreadsheetError> {
    let io = |error: io::Error| SpreadsheetError::Io { path: path.to_owned(), reason: SpreadsheetError::one_line(error) };
    let detected = detect_declared(path).map_err(io)?;
    let text = Utf8::new(File::open(path).map_err(io)?, &detected).map_err(io)?;
    content_of(Xml::new(path, text, &options.limits), path, options)
}

fn content_of<R: Read>(mut xml: Xml<'_, R>, path: &Path, options: &OpenOptions) -> Result<Vec<Grid>, SpreadsheetError> {
    let mut picked = Picked::new(path, options);
    let mut hidden = HashSet::new();
    let mut style = String::new();
    loop {
        match xml.next()? {
            Event::Eof => return picked.finish(),
            Event::Start(element) => match element.name().as_ref() {
                "style:style" => style = attribute(&element, "name").unwrap_or_default().into_owned(),
                "style:table-properties" if attribute(&element, "display").as_deref() == Some("false") => {
                    hidden.insert(std::mem::take(&mut style));
                }
                // Kept results of changes and of links to other files: neither is a sheet.
                "table:tracked-changes" | "table:dde-links" | "office:scripts" | "office:master-styles" => xml.skip()?,
                "table:table" => {
                    let name = attribute(&element, "name").unwrap_or_default().into_owned();
                    let unseen = attribute(&element, "style-name").is_some_and(|style| hidden.contains(&*style));
                    if picked.wants(&name)? {
                        let mut builder = Builder::new(path, &name, unseen, &options.limits);
                        table(&mut xml, &mut builder, picked.cells_left())?;
                        picked.add(builder.finish()?)?;
                    } else {
                        xml.skip()?;
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
}

/// One row's cells: column, how often repeated, and what stands there.
#[derive(Default)]
struct Line {
    cells: Vec<(u32, u32, Stored)>,
}

enum Stored {
    Text(String),
    Number(String),
    Bool(bool),
    Date(String),
    Error(String),
}

impl Stored {
    fn cell(&self) -> Cell<'_> {
        match self {
            Stored::Text(text) => Cell::Text(text),
            Stored::Number(text) => Cell::Number(text),
            Stored::Bool(yes) => Cell::Bool(*yes),
            Stored::Date(text) => Cell::Date(text),
            Stored::Error(text) => Cell::Error(text),
        }
    }
}

fn table<R: Read>(xml: &mut Xml<'_, R>, builder: &mut Builder<'_>, mut cells_left: usize) -> Result<(), SpreadsheetError> {
    let inside = xml.depth();
    let mut row = 0u32;
    let mut line = Line::default();
    while xml.depth() >= inside {
        let Event::Start(element) = xml.next()? else { continue };
        match element.name().as_ref() {
            "table:table-row" => {
                let times = number(&element, "number-rows-repeated").unwrap_or(1).max(1);
                read_row(xml, &mut line)?;
                // Blank rows are passed over, however often they are repeated: sheets end with a million of them.
                if !line.cells.is_empty() {
                    for again in 0..times {
                        for (column, repeated, stored) in &line.cells {
                            for at in 0..*repeated {
                                cells_left = match cells_left.checked_sub(1) {
                                    Some(left) => left,
                                    None => return Err(builder.too_many_cells()),
                                };
                                builder.push(row.saturating_add(again), column.saturating_add(at), stored.cell())?;
                            }
                        }
                    }
                }
                row = row.saturating_add(times);
            }
            // Pictures and charts lie over the sheet and may hold tables of their own.
            "table:shapes" | "office:forms" | "table:table-source" | "office:dde-source" | "table:named-expressions" => xml.skip()?,
            _ => {}
        }
    }
    Ok(())
}

fn read_row<R: Read>(xml: &mut Xml<'_, R>, line: &mut Line) -> Result<(), SpreadsheetError> {
    let inside = xml.depth();
    line.cells.clear();
    let mut column = 0u32;
    while xml.depth() >= inside {
        let Event::Start(element) = xml.next()? else { continue };
        match element.name().as_ref() {
            "table:table-cell" | "table:covered-table-cell" => {
                let times = number(&element, "number-columns-repeated").unwrap_or(1).max(1);
                let element = element.into_owned();
                let shown = read_shown(xml)?;
                if let Some(stored) = stored(&element, shown) {
                    line.cells.push((column, times, stored));
                }
                column = column.saturating_add(times);
            }
            _ => xml.skip()?,
        }
    }
    Ok(())
}

/// What a cell shows: its paragraphs, without comments and pictures.
fn read_shown<R: Read>(xml: &mut Xml<'_, R>) -> Result<String, SpreadsheetError> {
    let inside = xml.depth();
    let mut shown = String::new();
    let mut paragraphs = 0;
    while xml.depth() >= inside {
        let outer = xml.depth() == inside;
        match xml.next()? {
            Event::Start(element) => match element.name().as_ref() {
                "text:p" if outer => {
                    if paragraphs > 0 {
                        shown.push('\n');
                    }
                    paragraphs += 1;
                }
                "text:s" => (0..number(&element, "c").unwrap_or(1).min(BLANKS)).for_each(|_| shown.push(' ')),
                "text:tab" => shown.push('\t'),
                "text:line-break" => shown.push('\n'),
                "text:a" | "text:span" | "text:h" | "text:ruby" | "text:ruby-base" => {}
                _ => xml.skip()?,
            },
            event if !outer => add_text(&event, &mut shown),
            _ => {}
        }
        xml.check(&shown)?;
    }
    Ok(shown)
}

fn stored(element: &BytesStart<'_>, shown: String) -> Option<Stored> {
    let value = |name: &str| attribute(element, name);
    // LibreOffice's own attribute tells errors; the standard one calls them text. Both are named `value-type` but for the prefix.
    let of = |prefixed: &str| {
        let found = element.attributes().with_checks(false).flatten().find(|attribute| attribute.key.as_ref() == prefixed)?;
        Some(found.value)
    };
    if of("calcext:value-type").as_deref() == Some("error") {
        return Some(Stored::Error(if shown.is_empty() { "#ERR".to_owned() } else { shown }));
    }
    let text = |shown: String| (!shown.trim().is_empty()).then_some(Stored::Text(shown));
    match of("office:value-type").as_deref() {
        Some("float" | "currency" | "percentage") => {
            let Some(number) = value("value").as_deref().and_then(digits) else { return text(shown) };
            // LibreOffice stores the booleans of an Excel file as numbers that are shown as words.
            if let ("0", "false") | ("1", "true") = (number.as_str(), shown.trim().to_ascii_lowercase().as_str()) {
                return Some(Stored::Bool(number == "1"));
            }
            Some(if shows_as_code(&shown, &number) { Stored::Text(shown) } else { Stored::Number(number) })
        }
        Some("date") => Some(value("date-value").map_or(Stored::Text(shown), |stored| Stored::Date(date(&stored).to_owned()))),
        Some("boolean") => Some(Stored::Bool(matches!(value("boolean-value").as_deref(), Some("true" | "TRUE" | "1")))),
        Some("time") => text(shown),
        Some("string") => text(value("string-value").map_or(shown, |stored| stored.into_owned())),
        // A formula without a result, or a blank cell.
        _ => text(shown),
    }
}

/// Whether a number is shown as a code: with leading zeros (`07102`) or with dashes between (`07102-1234`). What the merchant sees, and what
/// stands on the invoices, is that text.
fn shows_as_code(shown: &str, number: &str) -> bool {
    let shown = shown.trim();
    let bare: String = shown.chars().filter(char::is_ascii_digit).collect();
    let marks = shown.chars().filter(|letter| !letter.is_ascii_digit()).collect::<Vec<_>>();
    bare.trim_start_matches('0') == number.trim_start_matches('0')
        && shown.starts_with(|first: char| first.is_ascii_digit())
        && shown != number
        && marks.iter().all(|mark| matches!(mark, '-' | ' ' | '/'))
        && (bare.starts_with('0') || marks.contains(&'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_shown_as_codes_stay_codes() {
        for (shown, number) in [("07102", "7102"), ("07102-1234", "71021234"), ("53202-0001", "532020001"), ("000", "0")] {
            assert!(shows_as_code(shown, number), "{shown}");
        }
        for (shown, number) in
            [("7102", "7102"), ("5,000", "5000"), ("5 000", "5000"), ("-5", "5"), ("0.5", "0.5"), ("###", "7102"), ("12%", "0.12")]
        {
            assert!(!shows_as_code(shown, number), "{shown}");
        }
    }
}
