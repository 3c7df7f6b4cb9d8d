//! Web pages under a spreadsheet's name: many web ERPs write a report's table as `.xls` and leave it to Excel to make sense of it.
//! Each table that holds data becomes a sheet of its own, so that the one with the customers is told by its content as everywhere else.

use super::bounded::{Bounded, Since, is_endless};
use super::encoding::{Utf8, detect_declared};
use super::workbook::Builder;
use super::{OpenOptions, Picked, SpreadsheetError};
use crate::domain::{Cell, Grid};
use html5gum::{DefaultEmitter, IoReader, StartTag, Token, Tokenizer};
use std::fs::File;
use std::io;
use std::path::Path;

/// Pages lay themselves out with tables in tables, though never this deep.
const DEEPEST: usize = 64;
/// The most rows that one cell may span (HTML, 4.9.11).
const MOST_SPAN: u32 = 65_534;

pub(super) fn read(path: &Path, options: &OpenOptions) -> Result<Vec<Grid>, SpreadsheetError> {
    let io = |error: io::Error| SpreadsheetError::Io { path: path.to_owned(), reason: SpreadsheetError::one_line(error) };
    let detected = detect_declared(path).map_err(io)?;
    let text = Utf8::new(File::open(path).map_err(io)?, &detected).map_err(io)?;
    let (bounded, since) = Bounded::new(text, options.limits.row_bytes);
    let mut emitter = DefaultEmitter::default();
    // Scripts and styles hold text that looks like tags.
    emitter.naively_switch_states(true);
    let tokens = Tokenizer::new_with_emitter(IoReader::new(bounded), emitter);
    let mut page =
        Page { path, options, since, open: Vec::new(), done: Vec::new(), deaf: None, picked: Picked::new(path, options), cells: 0 };
    for token in tokens {
        match token {
            Ok(token) => page.take(token)?,
            Err(error) if is_endless(&error) => return Err(page.too_long()),
            Err(error) => return Err(io(error)),
        }
    }
    page.finish()
}

/// A table that was begun and not ended.
struct Table<'p> {
    name: Option<String>,
    builder: Builder<'p>,
    /// 0-based; `None` before the first row.
    row: Option<u32>,
    column: u32,
    /// Of each column, how many more rows a cell from above takes.
    taken: Vec<u32>,
    /// The cell or caption being read.
    into: Option<Into>,
    text: String,
    /// A blank is due before the next letter.
    blank: bool,
    filled: usize,
    widest: u32,
}

enum Into {
    Cell { columns: u32, rows: u32 },
    Caption,
}

struct Page<'p> {
    path: &'p Path,
    options: &'p OpenOptions,
    since: Since,
    open: Vec<Table<'p>>,
    /// Tables in the order in which they began, with whether each looks like data.
    done: Vec<(usize, Grid, bool)>,
    /// Inside of this element nothing is text.
    deaf: Option<Vec<u8>>,
    picked: Picked<'p>,
    cells: usize,
}

impl<'p> Page<'p> {
    fn too_long(&self) -> SpreadsheetError {
        let mb = self.options.limits.row_bytes >> 20;
        SpreadsheetError::TooBig { path: self.path.to_owned(), what: format!("one value is longer than {mb} MB") }
    }

    fn take(&mut self, token: Token) -> Result<(), SpreadsheetError> {
        self.since.reset();
        match token {
            Token::StartTag(tag) => self.start(&tag),
            Token::EndTag(tag) => self.end(&tag.name),
            Token::String(text) if self.deaf.is_none() => self.text(&String::from_utf8_lossy(&text)),
            _ => Ok(()),
        }
    }

    fn start(&mut self, tag: &StartTag<()>) -> Result<(), SpreadsheetError> {
        if self.deaf.is_some() {
            return Ok(());
        }
        match &*tag.name.0 {
            b"table" => {
                if self.open.len() >= DEEPEST {
                    let reason = format!("its tables are nested more than {DEEPEST} deep");
                    return Err(SpreadsheetError::Damaged { path: self.path.to_owned(), reason });
                }
                self.picked.count(self.done.len() + self.open.len())?;
                let builder = Builder::new(self.path, "table", false, &self.options.limits);
                self.open.push(Table {
                    name: None,
                    builder,
                    row: None,
                    column: 0,
                    taken: Vec::new(),
                    into: None,
                    text: String::new(),
                    blank: false,
                    filled: 0,
                    widest: 0,
                });
            }
            b"tr" => {
                self.close_cell()?;
                self.with(Table::next_row);
            }
            b"td" | b"th" => {
                self.close_cell()?;
                let most = u32::try_from(self.options.limits.columns).unwrap_or(u32::MAX);
                let columns = span(tag, b"colspan").clamp(1, most);
                // `rowspan=0` means to the end of the table.
                let rows = if span(tag, b"rowspan") == 0 { MOST_SPAN } else { span(tag, b"rowspan").min(MOST_SPAN) };
                self.with(|table| table.begin_cell(columns, rows));
            }
            b"caption" => {
                self.close_cell()?;
                self.with(|table| table.into = Some(Into::Caption));
            }
            b"br" | b"p" | b"div" | b"li" => self.with(Table::new_line),
            b"script" | b"style" | b"select" | b"noscript" | b"template" if !tag.self_closing => self.deaf = Some(tag.name.0.clone()),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &[u8]) -> Result<(), SpreadsheetError> {
        if let Some(deaf) = &self.deaf {
            if deaf == name {
                self.deaf = None;
            }
            return Ok(());
        }
        match name {
            b"td" | b"th" | b"tr" | b"caption" | b"thead" | b"tbody" | b"tfoot" => self.close_cell(),
            b"table" => self.close_table(),
            b"p" | b"div" | b"li" => {
                self.with(Table::new_line);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn with(&mut self, what: impl FnOnce(&mut Table<'p>)) {
        if let Some(table) = self.open.last_mut() {
            what(table);
        }
    }

    fn text(&mut self, text: &str) -> Result<(), SpreadsheetError> {
        let most = self.options.limits.row_bytes;
        match self.open.last_mut() {
            Some(table) if table.into.is_some() => {
                table.add(text);
                if table.text.len() as u64 > most { Err(self.too_long()) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    fn close_cell(&mut self) -> Result<(), SpreadsheetError> {
        let Some(table) = self.open.last_mut() else { return Ok(()) };
        if table.close_cell()? {
            self.cells += 1;
        }
        if self.cells > self.options.limits.cells {
            return Err(table.builder.too_many_cells());
        }
        Ok(())
    }

    fn close_table(&mut self) -> Result<(), SpreadsheetError> {
        self.close_cell()?;
        if let Some(table) = self.open.pop() {
            // One row or one column lays a page out; it is no list.
            let data = table.filled > 3 && table.widest > 1 && table.row.unwrap_or(0) > 0;
            let name = table.name.filter(|name| !name.is_empty()).unwrap_or_default();
            let mut grid = table.builder.finish()?;
            grid.sheet = name;
            if !grid.is_empty() {
                self.done.push((self.open.len(), grid, data));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Grid>, SpreadsheetError> {
        while !self.open.is_empty() {
            self.close_table()?;
        }
        if self.done.is_empty() {
            let what = "this is a web page without a table".to_owned();
            return Err(SpreadsheetError::NotASpreadsheet { path: self.path.to_owned(), what });
        }
        let any_data = self.done.iter().any(|(_, _, data)| *data);
        let tables = self.done.into_iter().filter(|(_, _, data)| *data || !any_data);
        for (number, (_, mut grid, _)) in tables.enumerate() {
            if grid.sheet.is_empty() {
                grid.sheet = format!("Table {}", number + 1);
            }
            if self.picked.wants(&grid.sheet)? {
                self.picked.add(grid)?;
            }
        }
        self.picked.finish()
    }
}

impl Table<'_> {
    fn next_row(&mut self) {
        self.row = Some(self.row.map_or(0, |row| row.saturating_add(1)));
        self.column = 0;
        self.taken.iter_mut().for_each(|rows| *rows = rows.saturating_sub(1));
    }

    fn begin_cell(&mut self, columns: u32, rows: u32) {
        if self.row.is_none() {
            self.next_row();
        }
        // Cells that reach down from above stand in the way.
        while self.taken.get(self.column as usize).is_some_and(|rows| *rows > 0) {
            self.column = self.column.saturating_add(1);
        }
        self.text.clear();
        self.blank = false;
        self.into = Some(Into::Cell { columns, rows });
    }

    /// Whether a cell was filled.
    fn close_cell(&mut self) -> Result<bool, SpreadsheetError> {
        let text = std::mem::take(&mut self.text);
        match self.into.take() {
            None => Ok(false),
            Some(Into::Caption) => {
                self.name = Some(text.trim().to_owned());
                Ok(false)
            }
            Some(Into::Cell { columns, rows }) => {
                let text = text.trim_end();
                self.builder.push(self.row.unwrap_or(0), self.column, Cell::Text(text))?;
                if rows > 1 {
                    let end = self.column.saturating_add(columns) as usize;
                    // Each row and cell walks these, so they stay few: no list of customers has cells over several rows out there.
                    if self.taken.len() < end && end <= 256 {
                        self.taken.resize(end, 0);
                    }
                    self.taken.iter_mut().take(end).skip(self.column as usize).for_each(|taken| *taken = rows);
                }
                self.column = self.column.saturating_add(columns);
                self.widest = self.widest.max(self.column);
                let filled = !text.is_empty();
                self.filled += usize::from(filled);
                Ok(filled)
            }
        }
    }

    fn new_line(&mut self) {
        if self.into.is_some() && !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.blank = false;
    }

    /// Text as a browser shows it: runs of blanks are one blank.
    fn add(&mut self, text: &str) {
        for letter in text.chars() {
            if letter.is_ascii_whitespace() || letter == '\u{a0}' {
                self.blank = true;
                continue;
            }
            if std::mem::take(&mut self.blank) && !self.text.is_empty() && !self.text.ends_with('\n') {
                self.text.push(' ');
            }
            self.text.push(letter);
        }
    }
}

fn span(tag: &StartTag<()>, name: &[u8]) -> u32 {
    let value = tag.attributes.get(name).map(|value| String::from_utf8_lossy(value).trim().to_owned());
    value.and_then(|value| value.parse().ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rows = Vec<(u32, Vec<String>)>;

    fn pages(text: &str) -> Vec<(String, Rows)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.xls");
        std::fs::write(&path, text).unwrap();
        let grids = read(&path, &OpenOptions::default()).unwrap();
        let rows = |grid: &Grid| grid.rows().map(|row| (row.number(), row.cells().map(|cell| cell.text().to_owned()).collect())).collect();
        grids.iter().map(|grid| (grid.sheet.clone(), rows(grid))).collect()
    }

    #[test]
    fn spans_entities_and_line_breaks_are_understood() {
        let page = pages(
            "<table><caption>List</caption><tr><th rowspan=2>Code<th colspan=2>Ship\n  to<tr><td>City<td>ZIP\
             <tr><td>A&amp;B&nbsp;1<td>Z&uuml;rich<br>West<td>07102</table>",
        );
        let rows = [vec!["Code", "Ship to"], vec!["", "City", "ZIP"], vec!["A&B 1", "Zürich\nWest", "07102"]];
        let rows = (1..).zip(rows).map(|(number, row)| (number, row.into_iter().map(str::to_owned).collect())).collect();
        assert_eq!(page, [("List".to_owned(), rows)]);
    }

    #[test]
    fn a_page_laid_out_with_tables_gives_only_the_tables_with_data() {
        let page = pages(
            "<script>'<table>'</script><table><tr><td>Menu</td><td><table><tr><td>a<td>b<tr><td>c<td>d</table></td></tr></table>\
             <table><tr><td>only<td>one row</table>",
        );
        assert_eq!(page.len(), 1, "{page:?}");
        assert_eq!(page[0].1[1].1, ["c", "d"]);
    }
}
