//! Workbooks by calamine: xlsx, read cell by cell, so that a lone cell in the far corner costs nothing.

use super::guard::{self, Package};
use super::picked::check_sheets;
use super::{Kind, Limits, OpenOptions, PIECE_BYTES, PIECE_ROWS, Rows, SpreadsheetError, nearest, ods, xlsb};
use crate::domain::{Cell, Grid};
use calamine::{DataRef, ExcelDateTime, ExcelDateTimeType, Reader, SheetType, SheetVisible, XlsxError};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// A workbook whose sheets are read cell by cell.
pub(super) struct Workbook {
    book: Box<calamine::Xlsx<BufReader<File>>>,
    /// Sheets whose cells turned out not to be in order.
    unordered: Vec<String>,
}

pub(super) fn open_zipped(path: &Path, options: &OpenOptions) -> Result<Kind, SpreadsheetError> {
    let book = match guard::check(path, &options.limits)? {
        Package::Xlsx => calamine::open_workbook(path).map_err(|error| match error {
            XlsxError::Password => SpreadsheetError::Password(path.to_owned()),
            error => damaged(path, error),
        })?,
        Package::Xlsb => return xlsb::read(path, options).map(Kind::Loaded),
        Package::Ods => return ods::read_zipped(path, options).map(Kind::Loaded),
        Package::Locked => return Err(SpreadsheetError::Password(path.to_owned())),
        Package::Unknown => {
            return Err(SpreadsheetError::NotASpreadsheet {
                path: path.to_owned(),
                what: "this is a ZIP without a workbook in it; unpack it and name the spreadsheet, or".to_owned(),
            });
        }
    };
    Ok(Kind::Workbook(Box::new(Workbook { book: Box::new(book), unordered: Vec::new() })))
}

impl Workbook {
    fn sheets(&self, path: &Path, options: &OpenOptions) -> Result<Vec<(String, bool)>, SpreadsheetError> {
        wished(path, &*self.book, options)
    }

    pub(super) fn heads(&mut self, path: &Path, options: &OpenOptions, most: usize) -> Result<Vec<Grid>, SpreadsheetError> {
        let mut heads = Vec::new();
        let mut held = (0usize, 0usize);
        for (name, hidden) in self.sheets(path, options)? {
            let mut builder = Builder::new(path, &name, hidden, &options.limits);
            builder.most = most;
            match self.cells(path, &name, &mut builder)? {
                Some(_) => heads.push(builder.finish()?),
                None => continue,
            }
            // Each sheet is within the bounds; a thousand of them must be, too.
            held = heads.last().map_or(held, |grid| (held.0 + grid.cell_count(), held.1 + grid.text_len()));
            if held.0 > options.limits.cells || held.1 > options.limits.text_bytes {
                let what =
                    format!("its sheets have more than {} MB of text or {} cells", options.limits.text_bytes >> 20, options.limits.cells);
                return Err(SpreadsheetError::TooBig { path: path.to_owned(), what });
            }
        }
        Ok(heads)
    }

    pub(super) fn rows(
        &mut self,
        path: &Path,
        options: &OpenOptions,
        sheet: &str,
        take: &mut dyn FnMut(Grid) -> Option<Grid>,
    ) -> Result<Rows, SpreadsheetError> {
        let hidden = self.sheets(path, options)?.iter().any(|(name, hidden)| name == sheet && *hidden);
        let mut builder = Builder::new(path, sheet, hidden, &options.limits);
        if self.unordered.iter().any(|name| name == sheet) {
            self.cells(path, sheet, &mut builder)?;
            take(builder.finish()?);
            return Ok(Rows::All);
        }
        builder.take = Some(take);
        Ok(match self.cells(path, sheet, &mut builder)? {
            Some(Flow::Stopped) => Rows::Stopped,
            Some(Flow::OutOfOrder) => {
                self.unordered.push(sheet.to_owned());
                Rows::Again
            }
            Some(Flow::On | Flow::Enough) | None => {
                builder.hand_on();
                Rows::All
            }
        })
    }

    /// Puts the cells of a sheet into the builder; `None` for a sheet without cells, such as a chart.
    fn cells(&mut self, path: &Path, name: &str, builder: &mut Builder<'_>) -> Result<Option<Flow>, SpreadsheetError> {
        let mut reader = match self.book.worksheet_cells_reader(name) {
            Ok(reader) => reader,
            Err(XlsxError::NotAWorksheet(_)) => return Ok(None),
            Err(error) => return Err(damaged(path, error)),
        };
        let masks: Vec<Option<Mask>> =
            reader.styles().iter().map(|s| s.number_format.as_ref().and_then(|f| Mask::new(&f.format_code))).collect();
        while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(|e| damaged(path, e))? {
            let (row, column) = cell.get_position();
            let flow = match (masks.get(style).and_then(Option::as_ref), cell.get_value()) {
                (Some(mask), DataRef::Float(value)) if mask.fits(*value) => builder.push(row, column, Cell::Text(&mask.show(*value)))?,
                (_, value) => put_ref(builder, row, column, value)?,
            };
            if flow != Flow::On {
                return Ok(Some(flow));
            }
        }
        Ok(Some(Flow::On))
    }
}

fn damaged(path: &Path, error: impl std::fmt::Display) -> SpreadsheetError {
    SpreadsheetError::Damaged { path: path.to_owned(), reason: SpreadsheetError::one_line(error) }
}

/// The worksheets to read, with whether each is hidden.
fn wished<R: Reader<BufReader<File>>>(path: &Path, book: &R, options: &OpenOptions) -> Result<Vec<(String, bool)>, SpreadsheetError> {
    let sheets = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let all: Vec<(String, bool)> = sheets.map(|sheet| (sheet.name.clone(), sheet.visible != SheetVisible::Visible)).collect();
    check_sheets(path, all.len(), options.limits.sheets)?;
    let Some(wanted) = &options.sheet else { return Ok(all) };
    let exact = all.iter().find(|(name, _)| name == wanted);
    let found = exact.or_else(|| all.iter().find(|(name, _)| name.trim().to_lowercase() == wanted.trim().to_lowercase()));
    match found {
        Some(sheet) => Ok(vec![sheet.clone()]),
        None => Err(SpreadsheetError::UnknownSheet {
            path: path.to_owned(),
            wanted: wanted.clone(),
            nearest: nearest(wanted, all.iter().map(|(name, _)| name.as_str())).map(str::to_owned),
            sheets: all.into_iter().map(|(name, _)| name).collect(),
        }),
    }
}

fn put_ref(builder: &mut Builder<'_>, row: u32, column: u32, value: &DataRef<'_>) -> Result<Flow, SpreadsheetError> {
    match value {
        DataRef::Empty => Ok(Flow::On),
        DataRef::String(text) => builder.push(row, column, Cell::Text(text)),
        DataRef::SharedString(text) => builder.push(row, column, Cell::Text(text)),
        DataRef::Int(value) => builder.push(row, column, Cell::Number(&value.to_string())),
        DataRef::Float(value) => builder.push(row, column, Cell::Number(&value.to_string())),
        DataRef::Bool(value) => builder.push(row, column, Cell::Bool(*value)),
        DataRef::DateTime(value) => builder.push(row, column, Cell::Date(&iso(value))),
        DataRef::DateTimeIso(text) => builder.push(row, column, Cell::Date(text)),
        DataRef::DurationIso(text) => builder.push(row, column, Cell::Text(text)),
        DataRef::Error(error) => builder.push(row, column, Cell::Error(&error.to_string())),
    }
}

fn iso(value: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
    match (hour, minute, second) {
        (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"),
    }
}

/// What comes after a cell was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    /// The first rows were wanted, and they are there.
    Enough,
    /// Who takes the pieces wants no more.
    Stopped,
    /// A cell of a row that was handed on already.
    OutOfOrder,
}

/// Puts cells that come row by row into a grid; cells that come in another order are kept aside and sorted at the end.
pub(super) struct Builder<'a> {
    path: &'a Path,
    limits: &'a Limits,
    grid: Grid,
    /// The row being filled (0-based) and how many of its cells are there.
    at: Option<(u32, u32)>,
    row_bytes: u64,
    stray: Vec<(u32, u32, Stray)>,
    stray_bytes: usize,
    /// No more rows than this are wanted.
    most: usize,
    /// Takes the rows in pieces, where not all are kept.
    take: Option<&'a mut dyn FnMut(Grid) -> Option<Grid>>,
    /// Rows and cells that were handed on.
    gone: (usize, usize),
}

enum Stray {
    Text(String),
    Number(String),
    Bool(bool),
    Date(String),
    Error(String),
}

impl Stray {
    fn of(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Empty => Stray::Text(String::new()),
            Cell::Text(text) => Stray::Text(text.to_owned()),
            Cell::Number(text) => Stray::Number(text.to_owned()),
            Cell::Bool(yes) => Stray::Bool(yes),
            Cell::Date(text) => Stray::Date(text.to_owned()),
            Cell::Error(text) => Stray::Error(text.to_owned()),
        }
    }

    fn cell(&self) -> Cell<'_> {
        match self {
            Stray::Text(text) => Cell::Text(text),
            Stray::Number(text) => Cell::Number(text),
            Stray::Bool(yes) => Cell::Bool(*yes),
            Stray::Date(text) => Cell::Date(text),
            Stray::Error(text) => Cell::Error(text),
        }
    }
}

impl<'a> Builder<'a> {
    pub(super) fn new(path: &'a Path, name: &str, hidden: bool, limits: &'a Limits) -> Self {
        let mut grid = Grid::new(name);
        grid.hidden = hidden;
        Self { path, limits, grid, at: None, row_bytes: 0, stray: Vec::new(), stray_bytes: 0, most: usize::MAX, take: None, gone: (0, 0) }
    }

    pub(super) fn too_many_cells(&self) -> SpreadsheetError {
        self.too_big(format!("has more than {} cells", self.limits.cells))
    }

    fn too_much_text(&self) -> SpreadsheetError {
        self.too_big(format!("has more than {} MB of text", self.limits.text_bytes >> 20))
    }

    fn too_big(&self, what: String) -> SpreadsheetError {
        SpreadsheetError::TooBig { path: self.path.to_owned(), what: format!("sheet `{}` {what}", self.grid.sheet) }
    }

    /// Hands the rows on that are there; the next piece begins. False when no more are wanted.
    fn hand_on(&mut self) -> bool {
        let Some(take) = &mut self.take else { return true };
        let mut fresh = Grid::new(self.grid.sheet.clone());
        fresh.hidden = self.grid.hidden;
        let full = std::mem::replace(&mut self.grid, fresh);
        self.gone = (self.gone.0 + full.len(), self.gone.1 + full.cell_count());
        match take(full) {
            Some(mut empty) => {
                empty.clear();
                empty.sheet.clone_from(&self.grid.sheet);
                empty.hidden = self.grid.hidden;
                self.grid = empty;
                true
            }
            None => false,
        }
    }

    /// Adds a date by its number of days.
    pub(super) fn push_serial(&mut self, row: u32, column: u32, days: f64, from_1904: bool) -> Result<Flow, SpreadsheetError> {
        self.push(row, column, Cell::Date(&iso(&ExcelDateTime::new(days, ExcelDateTimeType::DateTime, from_1904))))
    }

    pub(super) fn push(&mut self, row: u32, column: u32, cell: Cell<'_>) -> Result<Flow, SpreadsheetError> {
        if cell.is_empty() {
            return Ok(Flow::On);
        }
        if column as usize >= self.limits.columns {
            return Err(self.too_big(format!("has more than {} columns", self.limits.columns)));
        }
        let filled = match self.at {
            Some((at, filled)) if at == row && column >= filled => filled,
            Some((at, _)) if row <= at => {
                if self.take.is_some() {
                    return Ok(Flow::OutOfOrder);
                }
                // Kept aside a cell takes ten times the room.
                if self.stray.len() >= self.limits.cells / 16 {
                    let most = self.limits.cells / 16;
                    return Err(self.too_big(format!("has more than {most} cells that are not in order")));
                }
                self.stray_bytes += cell.text().len();
                if self.stray_bytes > self.limits.text_bytes {
                    return Err(self.too_much_text());
                }
                self.stray.push((row, column, Stray::of(cell)));
                return Ok(Flow::On);
            }
            _ => {
                if self.grid.len() >= self.most {
                    self.grid.more = true;
                    return Ok(Flow::Enough);
                }
                if self.take.is_some() && (self.grid.len() >= PIECE_ROWS || self.grid.text_len() >= PIECE_BYTES) && !self.hand_on() {
                    return Ok(Flow::Stopped);
                }
                if self.gone.0 + self.grid.len() >= self.limits.rows {
                    return Err(self.too_big(format!("has more than {} rows", self.limits.rows)));
                }
                self.grid.start_row(row.saturating_add(1));
                self.row_bytes = 0;
                0
            }
        };
        if self.gone.1 + self.grid.cell_count() + (column - filled) as usize >= self.limits.cells {
            return Err(self.too_many_cells());
        }
        self.row_bytes += cell.text().len() as u64;
        if self.row_bytes > self.limits.row_bytes {
            return Err(self.too_big(format!("has more than {} MB in row {}", self.limits.row_bytes >> 20, row.saturating_add(1))));
        }
        if self.grid.text_len() + cell.text().len() > self.limits.text_bytes {
            return Err(self.too_much_text());
        }
        for _ in filled..column {
            self.grid.push(Cell::Empty);
        }
        self.grid.push(cell);
        self.at = Some((row, column + 1));
        Ok(Flow::On)
    }

    pub(super) fn finish(mut self) -> Result<Grid, SpreadsheetError> {
        if self.stray.is_empty() {
            return Ok(self.grid);
        }
        let in_order = std::mem::take(&mut self.grid);
        let mut all: Vec<(u32, u32, Stray)> = std::mem::take(&mut self.stray);
        for row in in_order.rows() {
            let full = (0u32..).zip(row.cells()).filter(|(_, cell)| !cell.is_empty());
            all.extend(full.map(|(column, cell)| (row.number() - 1, column, Stray::of(cell))));
        }
        all.sort_by_key(|(row, column, _)| (*row, *column));
        all.dedup_by_key(|(row, column, _)| (*row, *column));
        let mut builder = Builder::new(self.path, &in_order.sheet, in_order.hidden, self.limits);
        builder.grid.more = in_order.more;
        for (row, column, stray) in &all {
            builder.push(*row, *column, stray.cell())?;
        }
        Ok(builder.grid)
    }
}

/// A number format that shows whole numbers with their leading zeros (`00000`, `00000\-0000`, `"C-"00000`): what the merchant sees, and
/// what stands on the invoices, is the text with the zeros.
pub(super) struct Mask {
    parts: Vec<Option<char>>,
    digits: usize,
}

impl Mask {
    pub(super) fn new(format: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut letters = format.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '0' => parts.push(None),
                '\\' => parts.push(Some(letters.next()?)),
                '"' => loop {
                    match letters.next()? {
                        '"' => break,
                        inner => parts.push(Some(inner)),
                    }
                },
                '-' | ' ' | '(' | ')' | '/' => parts.push(Some(letter)),
                _ => return None,
            }
        }
        let digits = parts.iter().filter(|part| part.is_none()).count();
        (2..=15).contains(&digits).then_some(Self { parts, digits })
    }

    pub(super) fn fits(&self, value: f64) -> bool {
        value >= 0.0 && value.fract() == 0.0 && value < 1e15
    }

    pub(super) fn show(&self, value: f64) -> String {
        let plain = format!("{value:0width$}", width = self.digits);
        let extra = plain.len().saturating_sub(self.digits);
        let (head, tail) = plain.split_at(extra);
        let mut tail = tail.chars();
        let mut shown = String::with_capacity(self.parts.len() + extra);
        let mut first = true;
        for part in &self.parts {
            match part {
                Some(letter) => shown.push(*letter),
                None => {
                    if std::mem::take(&mut first) {
                        shown.push_str(head);
                    }
                    shown.extend(tail.next());
                }
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_shows_what_the_merchant_sees() {
        assert_eq!(Mask::new("00000").unwrap().show(7102.0), "07102");
        assert_eq!(Mask::new("00000\\-0000").unwrap().show(71021234.0), "07102-1234");
        assert_eq!(Mask::new("\"C-\"0000").unwrap().show(12.0), "C-0012");
        assert_eq!(Mask::new("000").unwrap().show(12345.0), "12345");
        for plain in ["0", "General", "0.00", "#,##0", "0%", "mm/dd/yyyy", "\"open"] {
            assert!(Mask::new(plain).is_none(), "{plain}");
        }
    }

    #[test]
    fn cells_out_of_order_are_put_in_order() {
        let limits = Limits::default();
        let mut builder = Builder::new(Path::new("x"), "S", false, &limits);
        for (row, column, text) in [(4, 2, "e2"), (1, 1, "b1"), (4, 0, "e0"), (1, 0, "b0")] {
            builder.push(row, column, Cell::Text(text)).unwrap();
        }
        let grid = builder.finish().unwrap();
        let seen: Vec<(u32, Vec<&str>)> = grid.rows().map(|row| (row.number(), row.cells().map(|c| c.text()).collect())).collect();
        assert_eq!(seen, [(2, vec!["b0", "b1"]), (5, vec!["e0", "", "e2"])]);
    }

    #[test]
    fn a_lone_cell_far_away_is_cheap_and_a_flood_of_them_is_refused() {
        let limits = Limits { cells: 100_000, ..Limits::default() };
        let mut builder = Builder::new(Path::new("x"), "S", false, &limits);
        builder.push(1_048_575, 16_383, Cell::Text("far")).unwrap();
        assert!(builder.finish().unwrap().len() == 1);
        let mut builder = Builder::new(Path::new("x"), "S", false, &limits);
        let flood: Result<Vec<Flow>, _> = (0..100).map(|row| builder.push(row, 16_383, Cell::Text("far"))).collect();
        assert!(matches!(flood, Err(SpreadsheetError::TooBig { .. })));
    }
}
