//! Excel 5 to 2003 (`.xls`): a compound file with a stream of records.
//!
//! Read here and not by calamine, which trusts what such a file says of itself: a chain of sectors that bites its tail, a size of two
//! thousand million cells, or one long text in every cell fill its memory before anybody can count; and it does not tell how a number is
//! shown (`07102`). Formulas are not looked at: the result that stands beside each is read, links to other files are never followed.
//! Facts are from Microsoft's [MS-CFB] and [MS-XLS]; the numbers in brackets are sections of these.

use super::formats::Shown;
use super::workbook::Builder;
use super::{OpenOptions, Picked, SpreadsheetError};
use crate::domain::{Cell, Grid};
use encoding_rs::{Encoding, UTF_16LE, WINDOWS_1252};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// The largest file: a full `.xls` has a few dozen megabytes.
const MOST_BYTES: u64 = 256 << 20;

pub(super) fn read(path: &Path, options: &OpenOptions) -> Result<Vec<Grid>, SpreadsheetError> {
    let io = |error: std::io::Error| SpreadsheetError::Io { path: path.to_owned(), reason: SpreadsheetError::one_line(error) };
    let size = std::fs::metadata(path).map_err(io)?.len();
    if size > MOST_BYTES {
        let what = format!("{} MB is more than the {} MB that are read of an .xls", size >> 20, MOST_BYTES >> 20);
        return Err(SpreadsheetError::TooBig { path: path.to_owned(), what });
    }
    let file = std::fs::read(path).map_err(io)?;
    let fault = |fault: Fault| match fault {
        Fault::Damaged(reason) => SpreadsheetError::Damaged { path: path.to_owned(), reason: reason.to_owned() },
        Fault::Password => SpreadsheetError::Password(path.to_owned()),
        Fault::Other(what) => SpreadsheetError::NotASpreadsheet { path: path.to_owned(), what: what.to_owned() },
        Fault::Known(error) => error,
    };
    let stream = compound::workbook(&file).map_err(fault)?;
    drop(file);
    Workbook::globals(&stream).and_then(|book| book.sheets(path, options)).map_err(fault)
}

pub(super) enum Fault {
    Damaged(&'static str),
    Password,
    Other(&'static str),
    Known(SpreadsheetError),
}

impl From<SpreadsheetError> for Fault {
    fn from(error: SpreadsheetError) -> Self {
        Fault::Known(error)
    }
}

const CUT: Fault = Fault::Damaged("it ends in the middle");

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn f64_at(bytes: &[u8], at: usize) -> Option<f64> {
    Some(f64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

/// The compound file: a file system in a file.
mod compound {
    use super::{Fault, UTF_16LE, u16_at, u32_at};

    const END: u32 = 0xffff_fffe;
    /// Sector numbers from here on are marks.
    const MARKS: u32 = 0xffff_fffa;
    const BROKEN: Fault = Fault::Damaged("its table of sectors is broken");

    struct Sectors<'f> {
        file: &'f [u8],
        size: usize,
        next: Vec<u32>,
    }

    impl<'f> Sectors<'f> {
        /// A sector; the last one of a file may be short. [2.1]: the header takes the place of one.
        fn get(&self, id: u32) -> Option<&'f [u8]> {
            let start = (id as usize).checked_add(1)?.checked_mul(self.size)?;
            let rest = self.file.get(start..).filter(|rest| !rest.is_empty())?;
            Some(rest.get(..self.size).unwrap_or(rest))
        }

        /// What a chain of sectors holds, at most so many bytes. A chain longer than the file bites its tail.
        fn chain(&self, start: u32, most: usize) -> Result<Vec<u8>, Fault> {
            let mut out = Vec::new();
            let mut id = start;
            while id != END && out.len() < most {
                let sector = self.get(id).ok_or(BROKEN)?;
                if out.len() > self.file.len() {
                    return Err(BROKEN);
                }
                out.extend_from_slice(sector);
                id = *self.next.get(id as usize).ok_or(BROKEN)?;
            }
            out.truncate(most);
            Ok(out)
        }
    }

    /// The stream `Workbook` (or `Book`, as Excel 5 names it).
    pub(super) fn workbook(file: &[u8]) -> Result<Vec<u8>, Fault> {
        let header = |at: usize| u32_at(file, at).ok_or(super::CUT);
        // [2.2]
        let size = match u16_at(file, 30).ok_or(super::CUT)? {
            9 => 512usize,
            12 => 4096,
            _ => return Err(BROKEN),
        };
        let mut sectors = Sectors { file, size, next: Vec::new() };
        let most = file.len() / size + 1;
        // Which sectors hold the table of chains: 109 are named in the header, the others in a chain of their own [2.5].
        let mut tables: Vec<u32> = (0..109).map_while(|index| u32_at(file, 76 + index * 4)).collect();
        let mut more = header(68)?;
        let mut steps = 0;
        while more < MARKS {
            let sector = sectors.get(more).ok_or(BROKEN)?;
            let words: Vec<u32> = sector.chunks_exact(4).map_while(|word| u32_at(word, 0)).collect();
            let (last, words) = words.split_last().ok_or(BROKEN)?;
            tables.extend_from_slice(words);
            more = *last;
            steps += 1;
            if steps > most {
                return Err(BROKEN);
            }
        }
        for id in tables.into_iter().filter(|id| *id < MARKS).take(most) {
            let sector = sectors.get(id).ok_or(BROKEN)?;
            sectors.next.extend(sector.chunks_exact(4).map_while(|word| u32_at(word, 0)));
        }
        let folder = sectors.chain(header(48)?, usize::MAX)?;
        let entries: Vec<Entry> = folder.chunks_exact(128).filter_map(Entry::new).collect();
        if entries.iter().any(|entry| entry.is("EncryptedPackage") || entry.is("EncryptionInfo")) {
            return Err(Fault::Password);
        }
        let root = entries.first().ok_or(BROKEN)?;
        let Some(entry) = entries.iter().find(|entry| entry.is("Workbook")).or_else(|| entries.iter().find(|entry| entry.is("Book")))
        else {
            return Err(match entries.iter().any(|entry| entry.is("WordDocument")) {
                true => Fault::Other("this is a Word document, not a spreadsheet"),
                false => Fault::Other("this is an Office file without a workbook in it"),
            });
        };
        // [2.4]: what is smaller lies in the small sectors of 64 bytes, which are in the root's own stream.
        if entry.size >= 4096 {
            return sectors.chain(entry.start, entry.size);
        }
        let small = sectors.chain(root.start, root.size.min(file.len()))?;
        let links = sectors.chain(header(60)?, usize::MAX)?;
        let mut out = Vec::new();
        let mut id = entry.start;
        while id != END && out.len() < entry.size {
            let at = (id as usize).checked_mul(64).ok_or(BROKEN)?;
            let rest = small.get(at..).filter(|rest| !rest.is_empty()).ok_or(BROKEN)?;
            out.extend_from_slice(rest.get(..64).unwrap_or(rest));
            id = u32_at(&links, (id as usize).saturating_mul(4)).ok_or(BROKEN)?;
        }
        out.truncate(entry.size);
        Ok(out)
    }

    struct Entry {
        name: String,
        start: u32,
        size: usize,
    }

    impl Entry {
        /// [2.6.1]
        fn new(bytes: &[u8]) -> Option<Self> {
            let name = UTF_16LE.decode_without_bom_handling(bytes.get(..64)?).0;
            let name = name.split('\0').next().unwrap_or_default().to_owned();
            Some(Self { name, start: u32_at(bytes, 116)?, size: u32_at(bytes, 120)? as usize })
        }

        fn is(&self, name: &str) -> bool {
            self.name.eq_ignore_ascii_case(name)
        }
    }
}

/// Record types [2.3].
mod kind {
    pub const FORMULA: u16 = 0x0006;
    pub const EOF: u16 = 0x000a;
    pub const DATE1904: u16 = 0x0022;
    pub const FILE_PASS: u16 = 0x002f;
    pub const CONTINUE: u16 = 0x003c;
    pub const CODE_PAGE: u16 = 0x0042;
    pub const BOUND_SHEET: u16 = 0x0085;
    pub const MUL_RK: u16 = 0x00bd;
    pub const RSTRING: u16 = 0x00d6;
    pub const XF: u16 = 0x00e0;
    pub const SST: u16 = 0x00fc;
    pub const LABEL_SST: u16 = 0x00fd;
    pub const NUMBER: u16 = 0x0203;
    pub const LABEL: u16 = 0x0204;
    pub const BOOL_ERR: u16 = 0x0205;
    pub const STRING: u16 = 0x0207;
    pub const RK: u16 = 0x027e;
    pub const FORMAT: u16 = 0x041e;
    pub const BOF: u16 = 0x0809;
}

struct Record<'s> {
    kind: u16,
    data: &'s [u8],
}

/// Records one after the other; a stream that ends in the middle of one is cut off.
#[derive(Clone)]
struct Records<'s> {
    stream: &'s [u8],
    at: usize,
}

impl<'s> Records<'s> {
    fn next(&mut self) -> Result<Option<Record<'s>>, Fault> {
        let Some(kind) = u16_at(self.stream, self.at) else { return Ok(None) };
        let length = u16_at(self.stream, self.at + 2).ok_or(CUT)? as usize;
        let data = self.stream.get(self.at + 4..self.at + 4 + length).ok_or(CUT)?;
        self.at += 4 + length;
        Ok(Some(Record { kind, data }))
    }

    /// The parts that continue the record before.
    fn continued(&mut self) -> Result<Vec<&'s [u8]>, Fault> {
        let mut parts = Vec::new();
        while u16_at(self.stream, self.at) == Some(kind::CONTINUE) {
            parts.extend(self.next()?.map(|record| record.data));
        }
        Ok(parts)
    }
}

struct Sheet {
    at: usize,
    name: String,
    hidden: bool,
    worksheet: bool,
}

struct Workbook<'s> {
    stream: &'s [u8],
    /// Since Excel 97 texts say themselves how they are stored.
    modern: bool,
    encoding: &'static Encoding,
    from_1904: bool,
    sheets: Vec<Sheet>,
    texts: Vec<String>,
    /// By the number that cells give.
    shown: Vec<Option<Shown>>,
}

impl<'s> Workbook<'s> {
    fn globals(stream: &'s [u8]) -> Result<Self, Fault> {
        let mut book = Self {
            stream,
            modern: true,
            encoding: WINDOWS_1252,
            from_1904: false,
            sheets: Vec::new(),
            texts: Vec::new(),
            shown: Vec::new(),
        };
        let mut records = Records { stream, at: 0 };
        let (mut formats, mut used) = (HashMap::new(), Vec::new());
        let mut begun = false;
        while let Some(record) = records.next()? {
            let data = record.data;
            match record.kind {
                kind::BOF if !begun => {
                    begun = true;
                    // [2.4.21]: 0x0600 is Excel 97 and later, 0x0500 is 5 and 95.
                    book.modern = match u16_at(data, 0) {
                        Some(0x0500) => false,
                        Some(0x0600) => true,
                        _ => return Err(Fault::Other("this is a file of an Excel older than version 5")),
                    };
                }
                _ if !begun => return Err(Fault::Damaged("its stream of records does not begin with one")),
                kind::FILE_PASS => return Err(Fault::Password),
                kind::CODE_PAGE => {
                    // Mac Roman and plain ASCII have numbers of Excel's own.
                    let page = u16_at(data, 0).map(|page| if page == 0x8000 { 10_000 } else { page });
                    book.encoding = page.and_then(codepage::to_encoding).unwrap_or(WINDOWS_1252);
                }
                kind::DATE1904 => book.from_1904 = u16_at(data, 0) == Some(1),
                kind::FORMAT => {
                    if let (Some(id), Some(format)) = (u16_at(data, 0), book.text(data.get(2..).unwrap_or_default(), !book.modern)) {
                        formats.insert(id, format);
                    }
                }
                kind::XF => used.push(u16_at(data, 2).unwrap_or(0)),
                kind::BOUND_SHEET => {
                    let sheet = book.bound_sheet(data).ok_or(CUT)?;
                    book.sheets.push(sheet);
                }
                kind::SST => book.texts = shared(data, &records.continued()?)?,
                kind::EOF => break,
                _ => {}
            }
        }
        if !begun {
            return Err(CUT);
        }
        book.shown = used.into_iter().map(|id| Shown::of(id, formats.get(&id).map(String::as_str))).collect();
        Ok(book)
    }

    /// [2.4.28]
    fn bound_sheet(&self, data: &[u8]) -> Option<Sheet> {
        let name = self.text(data.get(6..)?, true)?;
        let (at, visible, kind) = (u32_at(data, 0)? as usize, data.get(4)? & 3, *data.get(5)?);
        Some(Sheet { at, name: name.replace('\0', ""), hidden: visible != 0, worksheet: kind == 0 })
    }

    /// A text with its length in front, in one byte or two [2.5.240, 2.5.294].
    fn text(&self, data: &[u8], short: bool) -> Option<String> {
        let (length, rest) =
            if short { (usize::from(*data.first()?), data.get(1..)?) } else { (usize::from(u16_at(data, 0)?), data.get(2..)?) };
        if !self.modern {
            let bytes = rest.get(..length).unwrap_or(rest);
            return Some(self.encoding.decode_without_bom_handling(bytes).0.into_owned());
        }
        let (flags, rest) = rest.split_first()?;
        Some(letters(rest, length, flags & 1 == 1).0)
    }

    fn sheets(&self, path: &Path, options: &OpenOptions) -> Result<Vec<Grid>, Fault> {
        let mut picked = Picked::new(path, options);
        let mut seen = BTreeSet::new();
        for sheet in self.sheets.iter().filter(|sheet| sheet.worksheet) {
            if !seen.insert(sheet.at) {
                // Two names for one sheet would let a small file be as large as it likes.
                return Err(Fault::Damaged("two of its sheets are one"));
            }
            if picked.wants(&sheet.name)? {
                let mut builder = Builder::new(path, &sheet.name, sheet.hidden, &options.limits);
                // No sheet goes on into the next one.
                let end = self.sheets.iter().map(|other| other.at).filter(|at| *at > sheet.at).min().unwrap_or(self.stream.len());
                self.cells(sheet.at, end, &mut builder)?;
                picked.add(builder.finish()?)?;
            }
        }
        Ok(picked.finish()?)
    }

    fn cells(&self, at: usize, end: usize, builder: &mut Builder<'_>) -> Result<(), Fault> {
        let stream = self.stream.get(..end).unwrap_or(self.stream);
        let mut records = Records { stream, at };
        let mut depth = 0usize;
        // The formula whose result is a text, which comes in a record of its own.
        let mut awaited = None;
        while let Some(record) = records.next()? {
            let data = record.data;
            match record.kind {
                kind::BOF => depth += 1,
                kind::EOF if depth <= 1 => return Ok(()),
                kind::EOF => depth -= 1,
                // Charts within the sheet have cells too.
                _ if depth != 1 => {}
                kind::MUL_RK => {
                    let (row, first) = place(data)?;
                    for (column, cell) in (first..).zip(data.get(4..data.len().saturating_sub(2)).unwrap_or_default().chunks_exact(6)) {
                        let format = u16_at(cell, 0).ok_or(CUT)?;
                        self.number(builder, row, column, format, rk(u32_at(cell, 2).ok_or(CUT)?))?;
                    }
                }
                kind::RK => {
                    let (row, column) = place(data)?;
                    self.number(builder, row, column, u16_at(data, 4).ok_or(CUT)?, rk(u32_at(data, 6).ok_or(CUT)?))?;
                }
                kind::NUMBER => {
                    let (row, column) = place(data)?;
                    self.number(builder, row, column, u16_at(data, 4).ok_or(CUT)?, f64_at(data, 6).ok_or(CUT)?)?;
                }
                kind::LABEL_SST => {
                    let (row, column) = place(data)?;
                    // A text that the table doesn't have is lost, and nobody knows what it said.
                    let text = self.texts.get(u32_at(data, 6).ok_or(CUT)? as usize).ok_or(CUT)?;
                    builder.push(row, column, Cell::Text(text))?;
                }
                kind::LABEL | kind::RSTRING => {
                    let (row, column) = place(data)?;
                    let text = self.text(data.get(6..).ok_or(CUT)?, false).ok_or(CUT)?;
                    builder.push(row, column, Cell::Text(&text))?;
                }
                kind::BOOL_ERR => {
                    let (row, column) = place(data)?;
                    let (value, error) = (*data.get(6).ok_or(CUT)?, *data.get(7).ok_or(CUT)?);
                    builder.push(row, column, bool_or_error(value, error != 0))?;
                }
                kind::FORMULA => {
                    let (row, column) = place(data)?;
                    awaited = None;
                    let result = data.get(6..14).ok_or(CUT)?;
                    // [2.5.133]: a result that is no number ends in FFFF and says by its first byte what it is.
                    match (result.get(6..8), result.first(), result.get(2)) {
                        (Some([0xff, 0xff]), Some(0), _) => awaited = Some((row, column)),
                        (Some([0xff, 0xff]), Some(1), Some(value)) => builder.push(row, column, bool_or_error(*value, false)).map(drop)?,
                        (Some([0xff, 0xff]), Some(2), Some(value)) => builder.push(row, column, bool_or_error(*value, true)).map(drop)?,
                        (Some([0xff, 0xff]), ..) => {}
                        _ => self.number(builder, row, column, u16_at(data, 4).ok_or(CUT)?, f64_at(result, 0).ok_or(CUT)?)?,
                    }
                }
                kind::STRING => {
                    if let Some((row, column)) = awaited.take() {
                        let text = self.text(data, false).unwrap_or_default();
                        builder.push(row, column, Cell::Text(&text))?;
                    }
                }
                _ => {}
            }
        }
        // Some writers leave out the last end mark; what was read is whole.
        if depth == 0 { Err(Fault::Damaged("a sheet of it has no records")) } else { Ok(()) }
    }

    fn number(&self, builder: &mut Builder<'_>, row: u32, column: u32, format: u16, value: f64) -> Result<(), Fault> {
        match self.shown.get(usize::from(format)).and_then(Option::as_ref) {
            Some(Shown::Zeros(mask)) if mask.fits(value) => builder.push(row, column, Cell::Text(&mask.show(value)))?,
            Some(Shown::Date) => builder.push_serial(row, column, value, self.from_1904)?,
            _ if value.is_finite() => builder.push(row, column, Cell::Number(&value.to_string()))?,
            _ => builder.push(row, column, Cell::Error("#NUM!"))?,
        };
        Ok(())
    }
}

/// Row and column, from 0 [2.5.13].
fn place(data: &[u8]) -> Result<(u32, u32), Fault> {
    Ok((u32::from(u16_at(data, 0).ok_or(CUT)?), u32::from(u16_at(data, 2).ok_or(CUT)?)))
}

/// A number in four bytes [2.5.217]: whole or the upper half of a float, each as it is or in hundredths.
pub(super) fn rk(packed: u32) -> f64 {
    let value = match packed & 2 {
        0 => f64::from_bits(u64::from(packed & !3) << 32),
        _ => f64::from(packed.cast_signed() >> 2),
    };
    if packed & 1 == 1 { value / 100.0 } else { value }
}

/// [2.5.10]
pub(super) fn bool_or_error(value: u8, error: bool) -> Cell<'static> {
    match (error, value) {
        (false, value) => Cell::Bool(value != 0),
        (true, 0x00) => Cell::Error("#NULL!"),
        (true, 0x07) => Cell::Error("#DIV/0!"),
        (true, 0x0f) => Cell::Error("#VALUE!"),
        (true, 0x17) => Cell::Error("#REF!"),
        (true, 0x1d) => Cell::Error("#NAME?"),
        (true, 0x24) => Cell::Error("#NUM!"),
        (true, _) => Cell::Error("#N/A"),
    }
}

/// So many letters, each in two bytes or, where all are Latin 1, in one; with the bytes that they took.
fn letters(bytes: &[u8], count: usize, wide: bool) -> (String, usize) {
    let size = (if wide { count.saturating_mul(2) } else { count }).min(bytes.len());
    let bytes = bytes.get(..size).unwrap_or_default();
    let text = match wide {
        true => UTF_16LE.decode_without_bom_handling(bytes).0.into_owned(),
        false => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    (text, size)
}

/// The texts that cells share [2.4.265]. They go on from record to record, and where letters are cut in two a new byte says how the rest
/// of them is stored.
fn shared(first: &[u8], more: &[&[u8]]) -> Result<Vec<String>, Fault> {
    let count = u32_at(first, 4).ok_or(CUT)? as usize;
    let mut parts = Parts { part: first.get(8..).unwrap_or_default(), rest: more.iter() };
    // The count is what the file says of itself, so no room is set aside for it.
    let mut texts = Vec::new();
    while texts.len() < count {
        if parts.part.is_empty() && !parts.turn() {
            break;
        }
        let Some(text) = parts.rich_text() else { return Err(CUT) };
        texts.push(text);
    }
    Ok(texts)
}

struct Parts<'p, 's> {
    part: &'s [u8],
    rest: std::slice::Iter<'p, &'s [u8]>,
}

impl Parts<'_, '_> {
    /// On to the next record; false at the end.
    fn turn(&mut self) -> bool {
        match self.rest.next() {
            Some(next) => {
                self.part = next;
                true
            }
            None => false,
        }
    }

    fn skip(&mut self, mut count: usize) -> Option<()> {
        while count > self.part.len() {
            count -= self.part.len();
            if !self.turn() {
                return None;
            }
        }
        self.part = self.part.get(count..)?;
        Some(())
    }

    /// [2.5.293]
    fn rich_text(&mut self) -> Option<String> {
        let mut count = usize::from(u16_at(self.part, 0)?);
        let flags = *self.part.get(2)?;
        let mut at = 3;
        let mut behind = 0usize;
        if flags & 8 != 0 {
            behind = behind.checked_add(usize::from(u16_at(self.part, at)?) * 4)?;
            at += 2;
        }
        if flags & 4 != 0 {
            behind = behind.checked_add(u32_at(self.part, at)? as usize)?;
            at += 4;
        }
        self.part = self.part.get(at..)?;
        let mut wide = flags & 1 == 1;
        let mut text = String::new();
        let mut units = Vec::new();
        while count > 0 {
            if self.part.is_empty() {
                if !self.turn() {
                    return None;
                }
                let (flags, rest) = self.part.split_first()?;
                wide = flags & 1 == 1;
                self.part = rest;
                continue;
            }
            let bytes = if wide { self.part.len().min(count * 2) & !1 } else { self.part.len().min(count) };
            if bytes == 0 {
                return None;
            }
            let (now, later) = self.part.split_at_checked(bytes)?;
            if wide {
                units.extend(now.chunks_exact(2).filter_map(|unit| u16_at(unit, 0)));
                count -= bytes / 2;
            } else {
                units.extend(now.iter().map(|byte| u16::from(*byte)));
                count -= bytes;
            }
            self.part = later;
        }
        text.extend(char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}')));
        self.skip(behind)?;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_numbers_are_unpacked() {
        assert_eq!(rk((7102 << 2) | 2), 7102.0);
        assert_eq!(rk((710_225 << 2) | 3), 7102.25);
        assert_eq!(rk(((-5i32) << 2).cast_unsigned() | 2), -5.0);
        assert_eq!(rk((1.5f64.to_bits() >> 32) as u32), 1.5);
    }

    #[test]
    fn a_shared_text_goes_on_in_the_next_record_in_other_letters() {
        let mut first = vec![0, 0, 0, 0, 2, 0, 0, 0];
        first.extend([5, 0, 0, b'a', b'b']);
        // The rest of the first text in two bytes a letter, then a second text with a run of another font behind it.
        let mut second = vec![1];
        second.extend("ü→é".encode_utf16().flat_map(u16::to_le_bytes));
        second.extend([1, 0, 8, 1, 0, b'z', 9, 9]);
        let third = [9u8, 9];
        let Ok(texts) = shared(&first, &[&second, &third]) else { panic!("refused") };
        assert_eq!(texts, ["abü→é", "z"]);
        assert!(shared(&first, &[]).is_err());
    }
}
