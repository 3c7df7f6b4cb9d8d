//! What a workbook unpacks to, checked before anything is unpacked into memory.

use super::{Limits, SpreadsheetError};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Deflate can't do better than this.
const MOST_DEFLATE: u64 = 1032;

/// The kind of workbook in a ZIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Package {
    Xlsx,
    Xlsb,
    Ods,
    Unknown,
}

/// Refuses a ZIP that unpacks to more than the bounds allow, and tells what kind of workbook it is.
///
/// The directory's sizes are what the file says of itself; a part that could unpack to more than is allowed is counted by unpacking it
/// to nowhere.
pub(super) fn check(path: &Path, limits: &Limits) -> Result<Package, SpreadsheetError> {
    let damaged = |reason: String| SpreadsheetError::Damaged { path: path.to_owned(), reason };
    let too_big = || SpreadsheetError::TooBig {
        path: path.to_owned(),
        what: format!("it unpacks to more than the {} MB that are read", limits.unpacked_bytes >> 20),
    };
    let file = File::open(path).map_err(|e| SpreadsheetError::Io { path: path.to_owned(), reason: SpreadsheetError::one_line(e) })?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|e| damaged(SpreadsheetError::one_line(e)))?;
    let (mut package, mut total) = (Package::Unknown, 0u64);
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|e| damaged(SpreadsheetError::one_line(e)))?;
        match part.name().unwrap_or_default().as_ref() {
            "xl/workbook.xml" => package = Package::Xlsx,
            "xl/workbook.bin" => package = Package::Xlsb,
            "content.xml" => package = Package::Ods,
            _ => {}
        }
        let mut size = part.size();
        let could_be = part.compressed_size().saturating_mul(MOST_DEFLATE);
        if size <= limits.unpacked_bytes && could_be > limits.unpacked_bytes {
            let mut capped = (&mut part).take(limits.unpacked_bytes.saturating_add(1));
            size = std::io::copy(&mut capped, &mut std::io::sink()).map_err(|e| damaged(SpreadsheetError::one_line(e)))?;
        }
        total = total.saturating_add(size);
        if total > limits.unpacked_bytes {
            return Err(too_big());
        }
    }
    Ok(package)
}
