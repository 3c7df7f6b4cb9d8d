//! A merchant's spreadsheet to grids: xlsx, xlsm, xlsb, xls, ods, text with commas, tabs, semicolons or bars, and what systems write under
//! the name `.xls` without its being one: SpreadsheetML 2003 and web pages.
//!
//! Owns: telling the format by its content, bounds on size, encodings, delimiters.
//! Must not touch: what a column or a cell means.
//! Called by: `main` for the wizard and the `customers` commands; what it gives goes to `customers`.

mod bounded;
mod delimited;
mod encoding;
mod error;
mod formats;
mod guard;
mod html;
mod ods;
mod picked;
mod sheetml;
mod workbook;
mod xls;
mod xlsb;
mod xml;

pub use error::SpreadsheetError;

use crate::domain::{Grid, nearest};
use picked::Picked;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How much a file may hold. A file beyond a bound is refused before it fills the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The file itself.
    pub file_bytes: u64,
    /// All parts of a workbook together, unpacked.
    pub unpacked_bytes: u64,
    pub rows: usize,
    pub columns: usize,
    /// Cells in all, empty ones between full ones included.
    pub cells: usize,
    /// One row's text.
    pub row_bytes: u64,
    /// The text of the rows that are held at once.
    pub text_bytes: usize,
    pub sheets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 4 << 30,
            unpacked_bytes: 4 << 30,
            rows: 5_000_000,
            columns: 16_384,
            cells: 200_000_000,
            row_bytes: 32 << 20,
            text_bytes: 512 << 20,
            sheets: 1_000,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// Read only this sheet. Without it all are read, so that the one with the customers can be told by its content.
    pub sheet: Option<String>,
    pub limits: Limits,
}

/// So many rows of each sheet are looked at before anybody knows what the columns mean. A sheet that has no more is not read again.
pub const HEAD_ROWS: usize = 20_000;
/// Rows that are handed on together: enough to be worth a thread's while, few enough to stay in its cache.
const PIECE_ROWS: usize = 2048;
const PIECE_BYTES: usize = 1 << 20;
/// Text of a head: a sheet with longer rows shows fewer of them.
const HEAD_BYTES: usize = 64 << 20;

/// How reading a sheet in pieces ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    All,
    /// Who takes the rows wanted no more.
    Stopped,
    /// What was handed on is not right (the letters turned out to be in another encoding, or the rows to be out of order): forget it and
    /// read the sheet again.
    Again,
}

/// A spreadsheet that was opened. It is never all in memory, but for the formats that have no million rows or leave no choice
/// (xls, xlsb, ods, SpreadsheetML, web pages).
pub struct Book {
    path: PathBuf,
    options: OpenOptions,
    kind: Kind,
}

enum Kind {
    Text(Box<delimited::Text>),
    Workbook(Box<workbook::Workbook>),
    Loaded(Vec<Grid>),
}

impl Book {
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, SpreadsheetError> {
        let io = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => SpreadsheetError::Missing(path.to_owned()),
            _ => SpreadsheetError::Io { path: path.to_owned(), reason: SpreadsheetError::one_line(error) },
        };
        let facts = std::fs::metadata(path).map_err(io)?;
        if facts.is_dir() {
            return Err(SpreadsheetError::Folder(path.to_owned()));
        }
        if facts.is_file() && facts.len() == 0 {
            return Err(SpreadsheetError::Empty(path.to_owned()));
        }
        if facts.len() > options.limits.file_bytes {
            let what = format!("{} MB is more than the {} MB that are read", facts.len() >> 20, options.limits.file_bytes >> 20);
            return Err(SpreadsheetError::TooBig { path: path.to_owned(), what });
        }
        let mut head = Vec::with_capacity(8192);
        File::open(path).map_err(io)?.take(8192).read_to_end(&mut head).map_err(io)?;
        let mut kind = match sniff(&head) {
            Sniffed::Zip => contained(path, || workbook::open_zipped(path, options))?,
            Sniffed::Ole => Kind::Loaded(xls::read(path, options)?),
            Sniffed::SheetMl => Kind::Loaded(sheetml::read(path, options)?),
            Sniffed::FlatOds => Kind::Loaded(ods::read_flat(path, options)?),
            Sniffed::Html => Kind::Loaded(html::read(path, options)?),
            Sniffed::Text => delimited::open(path, options)?,
            Sniffed::Other(what) => return Err(SpreadsheetError::NotASpreadsheet { path: path.to_owned(), what: what.to_owned() }),
        };
        if let Kind::Loaded(grids) = &mut kind {
            name_apart(grids);
        }
        Ok(Self { path: path.to_owned(), options: options.clone(), kind })
    }

    /// The first rows of every sheet (or of the one wished); [`Grid::more`] tells whether others follow. Blank rows are left out; each row
    /// knows its number. At least one row comes back.
    pub fn heads(&mut self, most: usize) -> Result<Vec<Grid>, SpreadsheetError> {
        let mut heads = match &mut self.kind {
            Kind::Loaded(grids) => grids.clone(),
            Kind::Text(text) => vec![text.head(&self.path, &self.options, most)?],
            Kind::Workbook(book) => contained(&self.path, || book.heads(&self.path, &self.options, most))?,
        };
        if heads.iter().all(Grid::is_empty) {
            return Err(SpreadsheetError::Empty(self.path.clone()));
        }
        heads.iter_mut().for_each(Grid::shrink_to_fit);
        Ok(heads)
    }

    /// Hands on every row of a sheet, in order and in pieces. `take` gives an empty grid back to be filled next, or `None` to stop.
    pub fn rows(&mut self, sheet: &str, take: &mut dyn FnMut(Grid) -> Option<Grid>) -> Result<Rows, SpreadsheetError> {
        match &mut self.kind {
            Kind::Loaded(grids) => {
                if let Some(grid) = grids.iter().find(|grid| grid.sheet == sheet) {
                    take(grid.clone());
                }
                Ok(Rows::All)
            }
            Kind::Text(text) => text.rows(&self.path, &self.options, take),
            Kind::Workbook(book) => {
                // A panic of who takes the rows is not the file's fault.
                let outside = std::cell::Cell::new(false);
                let mut take = |grid| {
                    outside.set(true);
                    let next = take(grid);
                    outside.set(false);
                    next
                };
                let run = std::panic::AssertUnwindSafe(|| book.rows(&self.path, &self.options, sheet, &mut take));
                match std::panic::catch_unwind(run) {
                    Ok(ended) => ended,
                    Err(panic) if outside.get() => std::panic::resume_unwind(panic),
                    Err(_) => Err(contradicts_itself(&self.path)),
                }
            }
        }
    }
}

/// Sheets are told by their names, so two of one name (two tables under one caption) get a number.
fn name_apart(grids: &mut [Grid]) {
    let mut seen = std::collections::BTreeSet::new();
    for grid in grids {
        let plain = grid.sheet.clone();
        let mut number = 2;
        while !seen.insert(grid.sheet.clone()) {
            grid.sheet = format!("{plain} ({number})");
            number += 1;
        }
    }
}

/// Reads every sheet (or the one wished) whole.
pub fn read(path: &Path, options: &OpenOptions) -> Result<Vec<Grid>, SpreadsheetError> {
    Book::open(path, options)?.heads(usize::MAX)
}

/// Runs what calls calamine. It takes what a file says on trust in places, and panics where the file lied; to the user that is a damaged
/// file like any other.
fn contained<T>(path: &Path, run: impl FnOnce() -> Result<T, SpreadsheetError>) -> Result<T, SpreadsheetError> {
    // Whatever is half done is dropped with the error.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or_else(|_| Err(contradicts_itself(path)))
}

fn contradicts_itself(path: &Path) -> SpreadsheetError {
    SpreadsheetError::Damaged { path: path.to_owned(), reason: "what it says of itself contradicts itself".to_owned() }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sniffed {
    Zip,
    Ole,
    SheetMl,
    FlatOds,
    Html,
    Text,
    Other(&'static str),
}

/// The format by the first bytes; the name's ending is not trusted, since many systems write text or web pages as `.xls`.
fn sniff(head: &[u8]) -> Sniffed {
    let marks: [(&[u8], &str); 10] = [
        (b"%PDF", "this is a PDF, not a spreadsheet"),
        (b"\x89PNG", "this is an image, not a spreadsheet"),
        (b"\xff\xd8\xff", "this is an image, not a spreadsheet"),
        (b"GIF8", "this is an image, not a spreadsheet"),
        (b"II*\0", "this is an image, not a spreadsheet"),
        (b"MM\0*", "this is an image, not a spreadsheet"),
        (b"{\\rtf", "this is a text document, not a spreadsheet"),
        (b"\x1f\x8b", "this is a packed file; unpack it first"),
        (b"7z\xbc\xaf", "this is a packed file; unpack it first"),
        (b"SQLite format", "this is a database, not a spreadsheet"),
    ];
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Sniffed::Zip;
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Sniffed::Ole;
    }
    if let Some((_, what)) = marks.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Sniffed::Other(what);
    }
    let start = encoding::text_of(head).trim_start().to_ascii_lowercase();
    if start.starts_with('<') {
        let has = |words: &[&str]| words.iter().any(|word| start.contains(word));
        if has(&["urn:schemas-microsoft-com:office:spreadsheet"]) && has(&["<workbook", ":workbook"]) {
            return Sniffed::SheetMl;
        }
        if has(&["<office:document"]) {
            return Sniffed::FlatOds;
        }
        if has(&["<!doctype html", "<html", "<table", "<meta", "<body", "<tr"]) {
            return Sniffed::Html;
        }
        if start.starts_with("<?xml") {
            return Sniffed::Other("this is an XML file with a spreadsheet's name; open it in a spreadsheet program");
        }
    }
    if start.starts_with("mime-version:") {
        return Sniffed::Other("this is a web archive with a spreadsheet's name; open it in a spreadsheet program");
    }
    if start.starts_with("{\"") || start.starts_with("[{") {
        return Sniffed::Other("this is a JSON file, not a spreadsheet");
    }
    match encoding::looks_binary(head) {
        true => Sniffed::Other("this is neither a spreadsheet nor a text file"),
        false => Sniffed::Text,
    }
}
