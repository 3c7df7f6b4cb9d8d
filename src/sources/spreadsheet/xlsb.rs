//! Excel's binary workbooks (`.xlsb`): a ZIP whose parts are records.
//!
//! Read here and not by calamine, which passes over the short records that leave a cell's column out (SheetJS writes nearly every cell so):
//! the columns would be missing without a word. Facts are from Microsoft's [MS-XLSB]; the numbers in brackets are sections of it.

use super::formats::Shown;
use super::workbook::Builder;
use super::xls::{bool_or_error, rk};
use super::xml::{Xml, attribute};
use super::{OpenOptions, Picked, SpreadsheetError};
use crate::domain::{Cell, Grid};
use encoding_rs::UTF_16LE;
use quick_xml::events::Event;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

type Pack = zip::ZipArchive<BufReader<File>>;

pub(super) fn read(path: &Path, options: &OpenOptions) -> Result<Vec<Grid>, SpreadsheetError> {
    let file = File::open(path).map_err(|e| SpreadsheetError::Io { path: path.to_owned(), reason: SpreadsheetError::one_line(e) })?;
    let mut pack = zip::ZipArchive::new(BufReader::new(file))
        .map_err(|e| SpreadsheetError::Damaged { path: path.to_owned(), reason: SpreadsheetError::one_line(e) })?;
    let book = Book { path, options, names: names(&pack) };
    let links = book.links(&mut pack)?;
    let shown = book.formats(&mut pack)?;
    let texts = book.texts(&mut pack)?;
    let (sheets, from_1904) = book.sheets(&mut pack)?;
    let mut picked = Picked::new(path, options);
    for sheet in sheets {
        // Charts and dialogs are listed among the sheets.
        let Some(part) = links.get(&sheet.link) else { continue };
        if picked.wants(&sheet.name)? {
            let mut builder = Builder::new(path, &sheet.name, sheet.hidden, &options.limits);
            let mut records = book.records(&mut pack, part)?.ok_or_else(|| book.damaged("a sheet of it is missing"))?;
            cells(&book, &mut records, &texts, &shown, from_1904, &mut builder)?;
            picked.add(builder.finish()?)?;
        }
    }
    picked.finish()
}

/// The parts by their names in small letters: some writers shout.
fn names(pack: &Pack) -> HashMap<String, String> {
    let names = pack.file_names().filter_map(|name| Some(name.ok()?.to_string()));
    names.map(|name| (name.replace('\\', "/").to_ascii_lowercase(), name)).collect()
}

struct Book<'a> {
    path: &'a Path,
    options: &'a OpenOptions,
    names: HashMap<String, String>,
}

struct Sheet {
    name: String,
    link: String,
    hidden: bool,
}

impl Book<'_> {
    fn damaged(&self, reason: &str) -> SpreadsheetError {
        SpreadsheetError::Damaged { path: self.path.to_owned(), reason: reason.to_owned() }
    }

    fn part<'p>(&self, pack: &'p mut Pack, name: &str) -> Result<Option<impl Read + 'p>, SpreadsheetError> {
        let Some(stored) = self.names.get(&name.to_ascii_lowercase()) else { return Ok(None) };
        pack.by_name(stored).map(Some).map_err(|error| self.damaged(&SpreadsheetError::one_line(error)))
    }

    fn records<'p>(&self, pack: &'p mut Pack, name: &str) -> Result<Option<Records<impl Read + 'p>>, SpreadsheetError> {
        let most = self.options.limits.row_bytes;
        Ok(self.part(pack, name)?.map(|part| Records { input: BufReader::with_capacity(1 << 16, part), data: Vec::new(), most }))
    }

    /// Where each worksheet's part is.
    fn links(&self, pack: &mut Pack) -> Result<HashMap<String, String>, SpreadsheetError> {
        let mut links = HashMap::new();
        let Some(part) = self.part(pack, "xl/_rels/workbook.bin.rels")? else { return Ok(links) };
        let mut xml = Xml::new(self.path, part, &self.options.limits);
        loop {
            match xml.next()? {
                Event::Start(element)
                    if element.local_name().as_ref() == "Relationship"
                        && attribute(&element, "Type").is_some_and(|kind| kind.ends_with("/worksheet")) =>
                {
                    if let (Some(id), Some(target)) = (attribute(&element, "Id"), attribute(&element, "Target")) {
                        let part = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
                        links.insert(id.into_owned(), part);
                    }
                }
                Event::Eof => return Ok(links),
                _ => {}
            }
        }
    }

    /// How the numbers of each cell format are shown [2.1.7.50].
    fn formats(&self, pack: &mut Pack) -> Result<Vec<Option<Shown>>, SpreadsheetError> {
        let (mut texts, mut shown, mut cells) = (HashMap::new(), Vec::new(), false);
        let Some(mut records) = self.records(pack, "xl/styles.bin")? else { return Ok(shown) };
        while let Some(kind) = records.next(self)? {
            let data = records.data.as_slice();
            match kind {
                44 => {
                    if let (Some(id), Some(text)) = (u16_at(data, 0), text_at(data, 2)) {
                        texts.insert(id, text);
                    }
                }
                617 => cells = true,
                618 => cells = false,
                47 if cells => {
                    let id = u16_at(data, 2).unwrap_or(0);
                    shown.push(Shown::of(id, texts.get(&id).map(String::as_str)));
                }
                _ => {}
            }
        }
        Ok(shown)
    }

    /// The texts that cells share [2.1.7.45].
    fn texts(&self, pack: &mut Pack) -> Result<Vec<String>, SpreadsheetError> {
        let mut texts = Vec::new();
        let Some(mut records) = self.records(pack, "xl/sharedStrings.bin")? else { return Ok(texts) };
        while let Some(kind) = records.next(self)? {
            if kind == 19 {
                texts.push(text_at(&records.data, 1).ok_or_else(|| self.damaged(CUT))?);
            }
        }
        Ok(texts)
    }

    /// The sheets, and whether days are counted from 1904 [2.1.7.61].
    fn sheets(&self, pack: &mut Pack) -> Result<(Vec<Sheet>, bool), SpreadsheetError> {
        let (mut sheets, mut from_1904) = (Vec::new(), false);
        let Some(mut records) = self.records(pack, "xl/workbook.bin")? else { return Ok((sheets, from_1904)) };
        while let Some(kind) = records.next(self)? {
            let data = records.data.as_slice();
            match kind {
                153 => from_1904 = data.first().is_some_and(|flags| flags & 1 == 1),
                // [2.4.304]
                156 => {
                    let (Some(state), Some(length)) = (u32_at(data, 0), u32_at(data, 8)) else { return Err(self.damaged(CUT)) };
                    // A sheet without a part has no link.
                    let link = if length == u32::MAX { String::new() } else { text_at(data, 8).ok_or_else(|| self.damaged(CUT))? };
                    let behind = if length == u32::MAX { 12 } else { 12 + 2 * length as usize };
                    let name = text_at(data, behind).ok_or_else(|| self.damaged(CUT))?;
                    sheets.push(Sheet { name, link, hidden: state != 0 });
                }
                _ => {}
            }
        }
        Ok((sheets, from_1904))
    }
}

const CUT: &str = "it ends in the middle";

/// Records one after the other [2.1.4]: type and length in seven bits a byte.
struct Records<R: Read> {
    input: BufReader<R>,
    data: Vec<u8>,
    most: u64,
}

impl<R: Read> Records<R> {
    fn byte(&mut self, book: &Book<'_>) -> Result<Option<u8>, SpreadsheetError> {
        let mut byte = [0u8];
        loop {
            match self.input.read(&mut byte) {
                Ok(0) => return Ok(None),
                Ok(_) => return Ok(Some(byte[0])),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(book.damaged(&SpreadsheetError::one_line(error))),
            }
        }
    }

    /// The type of the next record, whose content is then in `data`.
    fn next(&mut self, book: &Book<'_>) -> Result<Option<u16>, SpreadsheetError> {
        let Some(first) = self.byte(book)? else { return Ok(None) };
        let mut kind = u16::from(first & 0x7f);
        if first & 0x80 != 0 {
            kind |= u16::from(self.byte(book)?.ok_or_else(|| book.damaged(CUT))? & 0x7f) << 7;
        }
        let mut length = 0u64;
        for turn in 0..4 {
            let byte = self.byte(book)?.ok_or_else(|| book.damaged(CUT))?;
            length |= u64::from(byte & 0x7f) << (7 * turn);
            if byte & 0x80 == 0 {
                break;
            }
        }
        if length > self.most {
            let what = format!("one value is longer than {} MB", self.most >> 20);
            return Err(SpreadsheetError::TooBig { path: book.path.to_owned(), what });
        }
        self.data.clear();
        let read = (&mut self.input).take(length).read_to_end(&mut self.data);
        match read {
            Ok(read) if read as u64 == length => Ok(Some(kind)),
            Ok(_) => Err(book.damaged(CUT)),
            Err(error) => Err(book.damaged(&SpreadsheetError::one_line(error))),
        }
    }
}

fn cells<R: Read>(
    book: &Book<'_>,
    records: &mut Records<R>,
    texts: &[String],
    shown: &[Option<Shown>],
    from_1904: bool,
    builder: &mut Builder<'_>,
) -> Result<(), SpreadsheetError> {
    let (mut row, mut column, mut begun) = (0u32, None::<u32>, false);
    let cut = || book.damaged(CUT);
    while let Some(kind) = records.next(book)? {
        let data = records.data.as_slice();
        match kind {
            145 => begun = true,
            146 => return Ok(()),
            _ if !begun => {}
            0 => (row, column) = (u32_at(data, 0).ok_or_else(cut)?, None),
            1..=11 | 62 | 12..=18 => {
                // [2.5.9]: column and format; the short ones stand right behind the cell before.
                let short = (12..=18).contains(&kind);
                let at = match short {
                    true => column.map_or(0, |before| before.saturating_add(1)),
                    false => u32_at(data, 0).ok_or_else(cut)?,
                };
                column = Some(at);
                let head = if short { 4 } else { 8 };
                let format = u32_at(data, head - 4).ok_or_else(cut)? & 0x00ff_ffff;
                let value = data.get(head..).unwrap_or_default();
                let number = |builder: &mut Builder<'_>, number: f64| -> Result<(), SpreadsheetError> {
                    match shown.get(format as usize).and_then(Option::as_ref) {
                        Some(Shown::Zeros(mask)) if mask.fits(number) => builder.push(row, at, Cell::Text(&mask.show(number)))?,
                        Some(Shown::Date) => builder.push_serial(row, at, number, from_1904)?,
                        _ if number.is_finite() => builder.push(row, at, Cell::Number(&number.to_string()))?,
                        _ => builder.push(row, at, Cell::Error("#NUM!"))?,
                    };
                    Ok(())
                };
                let flow = match kind {
                    1 | 12 => continue,
                    2 | 13 => {
                        number(builder, rk(u32_at(value, 0).ok_or_else(cut)?))?;
                        continue;
                    }
                    5 | 9 | 16 => {
                        let bytes = value.get(..8).and_then(|bytes| bytes.try_into().ok()).ok_or_else(cut)?;
                        number(builder, f64::from_le_bytes(bytes))?;
                        continue;
                    }
                    3 | 11 | 14 => builder.push(row, at, bool_or_error(*value.first().ok_or_else(cut)?, true)),
                    4 | 10 | 15 => builder.push(row, at, bool_or_error(*value.first().ok_or_else(cut)?, false)),
                    7 | 18 => {
                        let text = texts.get(u32_at(value, 0).ok_or_else(cut)? as usize);
                        builder.push(row, at, Cell::Text(text.ok_or_else(|| book.damaged("a cell of it names a text that is not there"))?))
                    }
                    62 => builder.push(row, at, Cell::Text(&text_at(value, 1).ok_or_else(cut)?)),
                    _ => builder.push(row, at, Cell::Text(&text_at(value, 0).ok_or_else(cut)?)),
                };
                flow?;
            }
            _ => {}
        }
    }
    Err(cut())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// A text with its length in front [2.5.168].
fn text_at(bytes: &[u8], at: usize) -> Option<String> {
    let length = (u32_at(bytes, at)? as usize).checked_mul(2)?;
    let begin = at.checked_add(4)?;
    let bytes = bytes.get(begin..begin.checked_add(length)?)?;
    Some(UTF_16LE.decode_without_bom_handling(bytes).0.into_owned())
}
