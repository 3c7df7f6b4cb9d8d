//! What a workbook unpacks to, checked before anything is unpacked into memory.

use super::xml::{Xml, attribute};
use super::{Limits, SpreadsheetError};
use quick_xml::events::Event;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// No spreadsheet program's XML packs better than this (Apache POI draws the line at the same place: `ZipSecureFile.MIN_INFLATE_RATIO`).
const MOST_RATIO: u64 = 100;
/// Below this a good ratio does no harm.
const SMALL: u64 = 256 << 20;
/// The shortest entry of a table of texts is `<si/>`.
const SHORTEST_TEXT: u64 = 5;

/// The kind of workbook in a ZIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Package {
    Xlsx,
    Xlsb,
    Ods,
    /// Encrypted as a whole.
    Locked,
    Unknown,
}

/// Refuses a ZIP that unpacks to more than the bounds allow, and tells what kind of workbook it is.
///
/// The sizes are what the file says of itself. They can be relied on: the `zip` crate, through which calamine reads too, stops with an error
/// where a part turns out to be larger (a test holds it to that).
pub(super) fn check(path: &Path, limits: &Limits) -> Result<Package, SpreadsheetError> {
    let damaged = |reason: String| SpreadsheetError::Damaged { path: path.to_owned(), reason };
    let too_big = |what: String| SpreadsheetError::TooBig { path: path.to_owned(), what };
    let io = |error: std::io::Error| SpreadsheetError::Io { path: path.to_owned(), reason: SpreadsheetError::one_line(error) };
    let file = File::open(path).map_err(io)?;
    let packed = file.metadata().map_err(io)?.len();
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|e| damaged(SpreadsheetError::one_line(e)))?;
    let (mut package, mut total, mut texts) = (Package::Unknown, 0u64, Vec::new());
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(|e| damaged(SpreadsheetError::one_line(e)))?;
        if part.encrypted() {
            return Err(SpreadsheetError::Password(path.to_owned()));
        }
        // Some writers shout, and some write the other slash.
        let name = part.name().unwrap_or_default().replace('\\', "/").to_ascii_lowercase();
        match name.as_str() {
            "xl/workbook.xml" => package = Package::Xlsx,
            "xl/workbook.bin" => package = Package::Xlsb,
            "content.xml" => package = Package::Ods,
            "encrypted-package" => package = Package::Locked,
            _ => {}
        }
        if name.ends_with("sharedstrings.xml") {
            texts.push((index, part.size()));
        }
        total = total.saturating_add(part.size());
        if total > limits.unpacked_bytes {
            return Err(too_big(format!("it unpacks to more than the {} MB that are read", limits.unpacked_bytes >> 20)));
        }
    }
    if total > SMALL && total / MOST_RATIO > packed {
        return Err(too_big(format!("it unpacks to {} times its size, as no spreadsheet does", total / packed.max(1))));
    }
    for (index, size) in texts {
        let part = archive.by_index(index).map_err(|e| damaged(SpreadsheetError::one_line(e)))?;
        check_texts(Xml::new(path, part, limits), size)?;
    }
    Ok(package)
}

/// Refuses a table of texts that says it has more entries than can be in it: calamine sets aside room for them beforehand.
fn check_texts<R: std::io::Read>(mut xml: Xml<'_, R>, size: u64) -> Result<(), SpreadsheetError> {
    loop {
        let count = match xml.next()? {
            Event::Start(element) if element.local_name().as_ref() == "sst" => {
                attribute(&element, "uniqueCount").and_then(|count| count.trim().parse::<u64>().ok()).unwrap_or(0)
            }
            Event::Eof => return Ok(()),
            _ => continue,
        };
        return match count > size / SHORTEST_TEXT {
            true => Err(xml.damaged("its table of texts claims more entries than it has room for")),
            false => Ok(()),
        };
    }
}
