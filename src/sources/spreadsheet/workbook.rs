//! Workbooks by calamine. xlsx and xlsb are read cell by cell, so that a lone cell in the far corner costs nothing.

use super::guard::{self, Package};
use super::{Limits, OpenOptions, SpreadsheetError, nearest};
use crate::domain::{Cell, Grid};
use calamine::{Data, DataRef, ExcelDateTime, OdsError, Reader, SheetType, SheetVisible, XlsError, XlsbError, XlsxError};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

pub(super) fn read_zipped(path: &Path, options: &OpenOptions) -> Result<Vec<Grid>, SpreadsheetError> {
    match guard::check(path, &options.limits)? {
        Package::Xlsx => xlsx(path, options),
        Package::Xlsb => xlsb(path, options),
        Package::Ods => ods(path, options),
        Package::Unknown => Err(SpreadsheetError::NotASpreadsheet {
            path: path.to_owned(),
            what: "this is a ZIP without a workbook in it; unpack it and name the spreadsheet, or".to_owned(),
        }),
    }
}

/// `.xls`; an encrypted `.xlsx` comes in the same wrapping.
pub(super) fn read_ole(path: &Path, options: &OpenOptions) -> Result<Vec<Grid>, SpreadsheetError> {
    let mut book: calamine::Xls<_> = match calamine::open_workbook(path) {
        Ok(book) => book,
        Err(XlsError::Password) => return Err(SpreadsheetError::Password(path.to_owned())),
        Err(error) => {
            let encrypted = matches!(calamine::open_workbook::<calamine::Xlsx<BufReader<File>>, _>(path), Err(XlsxError::Password));
            return Err(if encrypted { SpreadsheetError::Password(path.to_owned()) } else { damaged(path, error) });
        }
    };
    let mut grids = Vec::new();
    for (name, hidden) in wished(path, &book, options)? {
        let range = book.worksheet_range(&name).map_err(|e| damaged(path, e))?;
        grids.push(from_range(path, &name, hidden, &range, &options.limits)?);
    }
    Ok(grids)
}

fn ods(path: &Path, options: &OpenOptions) -> Result<Vec<Grid>, SpreadsheetError> {
    let mut book: calamine::Ods<_> = calamine::open_workbook(path).map_err(|error| match error {
        OdsError::Password => SpreadsheetError::Password(path.to_owned()),
        error => damaged(path, error),
    })?;
    let mut grids = Vec::new();
    for (name, hidden) in wished(path, &book, options)? {
        let range = book.worksheet_range(&name).map_err(|e| damaged(path, e))?;
        grids.push(from_range(path, &name, hidden, &range, &options.limits)?);
    }
    Ok(grids)
}

fn xlsx(path: &Path, options: &OpenOptions) -> Result<Vec<Grid>, SpreadsheetError> {
    let mut book: calamine::Xlsx<BufReader<File>> = calamine::open_workbook(path).map_err(|error| match error {
        XlsxError::Password => SpreadsheetError::Password(path.to_owned()),
        error => damaged(path, error),
    })?;
    let mut grids = Vec::new();
    for (name, hidden) in wished(path, &book, options)? {
        let mut reader = match book.worksheet_cells_reader(&name) {
            Ok(reader) => reader,
            Err(XlsxError::NotAWorksheet(_)) => continue,
            Err(error) => return Err(damaged(path, error)),
        };
        let masks: Vec<Option<Mask>> =
            reader.styles().iter().map(|s| s.number_format.as_ref().and_then(|f| Mask::new(&f.format_code))).collect();
        let mut builder = Builder::new(path, &name, hidden, &options.limits);
        while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(|e| damaged(path, e))? {
            let (row, column) = cell.get_position();
            match (masks.get(style).and_then(Option::as_ref), cell.get_value()) {
                (Some(mask), DataRef::Float(value)) if mask.fits(*value) => builder.push(row, column, Cell::Text(&mask.show(*value)))?,
                (_, value) => put_ref(&mut builder, row, column, value)?,
            }
        }
        grids.push(builder.finish()?);
    }
    Ok(grids)
}

fn xlsb(path: &Path, options: &OpenOptions) -> Result<Vec<Grid>, SpreadsheetError> {
    let mut book: calamine::Xlsb<BufReader<File>> = calamine::open_workbook(path).map_err(|error| match error {
        XlsbError::Password => SpreadsheetError::Password(path.to_owned()),
        error => damaged(path, error),
    })?;
    let mut grids = Vec::new();
    for (name, hidden) in wished(path, &book, options)? {
        let mut reader = book.worksheet_cells_reader(&name).map_err(|e| damaged(path, e))?;
        let mut builder = Builder::new(path, &name, hidden, &options.limits);
        while let Some(cell) = reader.next_cell().map_err(|e| damaged(path, e))? {
            let (row, column) = cell.get_position();
            put_ref(&mut builder, row, column, cell.get_value())?;
        }
        grids.push(builder.finish()?);
    }
    Ok(grids)
}

fn damaged(path: &Path, error: impl std::fmt::Display) -> SpreadsheetError {
    SpreadsheetError::Damaged { path: path.to_owned(), reason: SpreadsheetError::one_line(error) }
}

/// The worksheets to read, with whether each is hidden.
fn wished<R: Reader<BufReader<File>>>(path: &Path, book: &R, options: &OpenOptions) -> Result<Vec<(String, bool)>, SpreadsheetError> {
    let sheets = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let all: Vec<(String, bool)> = sheets.map(|sheet| (sheet.name.clone(), sheet.visible != SheetVisible::Visible)).collect();
    let Some(wanted) = &options.sheet else { return Ok(all) };
    let exact = all.iter().find(|(name, _)| name == wanted);
    let found = exact.or_else(|| all.iter().find(|(name, _)| name.trim().to_lowercase() == wanted.trim().to_lowercase()));
    match found {
        Some(sheet) => Ok(vec![sheet.clone()]),
        None => Err(SpreadsheetError::UnknownSheet {
            path: path.to_owned(),
            wanted: wanted.clone(),
            nearest: nearest(wanted, all.iter().map(|(name, _)| name.as_str())),
            sheets: all.into_iter().map(|(name, _)| name).collect(),
        }),
    }
}

fn put_ref(builder: &mut Builder<'_>, row: u32, column: u32, value: &DataRef<'_>) -> Result<(), SpreadsheetError> {
    match value {
        DataRef::Empty => Ok(()),
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

fn from_range(path: &Path, name: &str, hidden: bool, range: &calamine::Range<Data>, limits: &Limits) -> Result<Grid, SpreadsheetError> {
    let mut builder = Builder::new(path, name, hidden, limits);
    let (row0, column0) = range.start().unwrap_or_default();
    for (row, column, value) in range.used_cells() {
        let row = row0.saturating_add(u32::try_from(row).unwrap_or(u32::MAX));
        let column = column0.saturating_add(u32::try_from(column).unwrap_or(u32::MAX));
        match value {
            Data::Empty => {}
            Data::String(text) => builder.push(row, column, Cell::Text(text))?,
            Data::Int(value) => builder.push(row, column, Cell::Number(&value.to_string()))?,
            Data::Float(value) => builder.push(row, column, Cell::Number(&value.to_string()))?,
            Data::Bool(value) => builder.push(row, column, Cell::Bool(*value))?,
            Data::DateTime(value) => builder.push(row, column, Cell::Date(&iso(value)))?,
            Data::DateTimeIso(text) => builder.push(row, column, Cell::Date(text))?,
            Data::DurationIso(text) => builder.push(row, column, Cell::Text(text))?,
            Data::Error(error) => builder.push(row, column, Cell::Error(&error.to_string()))?,
        }
    }
    builder.finish()
}

fn iso(value: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
    match (hour, minute, second) {
        (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"),
    }
}

/// Puts cells that come row by row into a grid; cells that come in another order are kept aside and sorted at the end.
struct Builder<'a> {
    path: &'a Path,
    limits: &'a Limits,
    grid: Grid,
    /// The row being filled (0-based) and how many of its cells are there.
    at: Option<(u32, u32)>,
    row_bytes: u64,
    stray: Vec<(u32, u32, Stray)>,
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
    fn new(path: &'a Path, name: &str, hidden: bool, limits: &'a Limits) -> Self {
        let mut grid = Grid::new(name);
        grid.hidden = hidden;
        Self { path, limits, grid, at: None, row_bytes: 0, stray: Vec::new() }
    }

    fn too_big(&self, what: String) -> SpreadsheetError {
        SpreadsheetError::TooBig { path: self.path.to_owned(), what: format!("sheet `{}` {what}", self.grid.sheet) }
    }

    fn push(&mut self, row: u32, column: u32, cell: Cell<'_>) -> Result<(), SpreadsheetError> {
        if cell.is_empty() {
            return Ok(());
        }
        if column as usize >= self.limits.columns {
            return Err(self.too_big(format!("has more than {} columns", self.limits.columns)));
        }
        let filled = match self.at {
            Some((at, filled)) if at == row && column >= filled => filled,
            Some((at, _)) if row <= at => {
                if self.stray.len() >= self.limits.cells {
                    return Err(self.too_big(format!("has more than {} cells", self.limits.cells)));
                }
                self.stray.push((row, column, Stray::of(cell)));
                return Ok(());
            }
            _ => {
                if self.grid.len() >= self.limits.rows {
                    return Err(self.too_big(format!("has more than {} rows", self.limits.rows)));
                }
                self.grid.start_row(row.saturating_add(1));
                self.row_bytes = 0;
                0
            }
        };
        if self.grid.cell_count() + (column - filled) as usize >= self.limits.cells {
            return Err(self.too_big(format!("has more than {} cells", self.limits.cells)));
        }
        self.row_bytes += cell.text().len() as u64;
        if self.row_bytes > self.limits.row_bytes {
            return Err(self.too_big(format!("has more than {} MB in row {}", self.limits.row_bytes >> 20, row.saturating_add(1))));
        }
        for _ in filled..column {
            self.grid.push(Cell::Empty);
        }
        self.grid.push(cell);
        self.at = Some((row, column + 1));
        Ok(())
    }

    fn finish(mut self) -> Result<Grid, SpreadsheetError> {
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
        for (row, column, stray) in &all {
            builder.push(*row, *column, stray.cell())?;
        }
        Ok(builder.grid)
    }
}

/// A number format that shows whole numbers with their leading zeros (`00000`, `00000\-0000`, `"C-"00000`): what the merchant sees, and
/// what stands on the invoices, is the text with the zeros.
struct Mask {
    parts: Vec<Option<char>>,
    digits: usize,
}

impl Mask {
    fn new(format: &str) -> Option<Self> {
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

    fn fits(&self, value: f64) -> bool {
        value >= 0.0 && value.fract() == 0.0 && value < 1e15
    }

    fn show(&self, value: f64) -> String {
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
        let flood: Result<Vec<()>, _> = (0..100).map(|row| builder.push(row, 16_383, Cell::Text("far"))).collect();
        assert!(matches!(flood, Err(SpreadsheetError::TooBig { .. })));
    }
}
