//! A table as a spreadsheet holds it, before anybody knows what its columns mean.
//!
//! Owns: one sheet's cells, packed into one text and four bytes a cell, so that a million rows fit and a row is read without a copy.
//! Must not touch: files; what a cell means.
//! Called by: `sources::spreadsheet`, which fills it, and `customers`, which reads it.

use super::Issue;
use std::ops::Range;

/// One cell, borrowed from its grid. Text stays text: nothing is turned into a number that was not stored as one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cell<'a> {
    #[default]
    Empty,
    Text(&'a str),
    /// A number that the file stores as a number, by the digits it stands for (`10233`, not `10233.0`).
    Number(&'a str),
    Bool(bool),
    /// ISO 8601: `2026-03-14` or `2026-03-14T09:30:00`.
    Date(&'a str),
    /// `#N/A` and the like.
    Error(&'a str),
}

impl<'a> Cell<'a> {
    pub fn is_empty(&self) -> bool {
        match self {
            Cell::Empty => true,
            // Most texts begin with a letter or digit: then there is nothing to trim.
            Cell::Text(text) => !text.bytes().next().is_some_and(|first| (0x21..0x7f).contains(&first)) && text.trim().is_empty(),
            _ => false,
        }
    }

    /// What the cell says, as text; empty for an empty cell.
    pub fn text(&self) -> &'a str {
        match self {
            Cell::Empty => "",
            Cell::Text(text) | Cell::Number(text) | Cell::Date(text) | Cell::Error(text) => text,
            Cell::Bool(true) => "TRUE",
            Cell::Bool(false) => "FALSE",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RowStart {
    number: u32,
    text: usize,
    cell: usize,
}

/// One sheet (or the whole of a text file). Blank rows need not be in it: each row knows its own number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    pub sheet: String,
    /// Hidden by whoever made the workbook.
    pub hidden: bool,
    /// What went wrong while reading, such as letters that could not be decoded.
    pub issues: Vec<Issue>,
    /// More rows follow in the file than are here.
    pub more: bool,
    text: String,
    /// Per cell the kind (upper three bits) and where its text ends in the row's text (lower 29).
    cells: Vec<u32>,
    rows: Vec<RowStart>,
}

const KIND_SHIFT: u32 = 29;
const END_MASK: u32 = (1 << KIND_SHIFT) - 1;

impl Grid {
    /// The longest text of one row, in bytes.
    pub const MAX_ROW_BYTES: usize = END_MASK as usize;

    pub fn new(sheet: impl Into<String>) -> Self {
        Self { sheet: sheet.into(), ..Self::default() }
    }

    /// A grid of texts, the first row being number 1. Empty texts become empty cells.
    pub fn of_texts<R: AsRef<[T]>, T: AsRef<str>>(sheet: &str, rows: &[R]) -> Self {
        let mut grid = Self::new(sheet);
        for (number, row) in (1u32..).zip(rows) {
            grid.start_row(number);
            row.as_ref().iter().for_each(|text| grid.push_text(text.as_ref()));
        }
        grid
    }

    /// Begins a row with its 1-based number in the file. Numbers go up.
    pub fn start_row(&mut self, number: u32) {
        self.rows.push(RowStart { number, text: self.text.len(), cell: self.cells.len() });
    }

    /// Adds a text, or an empty cell for an empty text, to the row that was begun last.
    pub fn push_text(&mut self, text: &str) {
        self.push(if text.is_empty() { Cell::Empty } else { Cell::Text(text) });
    }

    /// Adds a cell to the row that was begun last. Text beyond [`Grid::MAX_ROW_BYTES`] in one row is cut off.
    pub fn push(&mut self, cell: Cell<'_>) {
        let start = match self.rows.last() {
            Some(row) => row.text,
            None => {
                self.start_row(1);
                0
            }
        };
        let (kind, text) = match cell {
            Cell::Empty => (0, ""),
            Cell::Text(text) => (1, text),
            Cell::Number(text) => (2, text),
            Cell::Bool(yes) => (if yes { 3 } else { 4 }, ""),
            Cell::Date(text) => (5, text),
            Cell::Error(text) => (6, text),
        };
        let room = Self::MAX_ROW_BYTES.saturating_sub(self.text.len() - start);
        self.text.push_str(if text.len() <= room { text } else { &text[..text.floor_char_boundary(room)] });
        let end = u32::try_from(self.text.len() - start).unwrap_or(END_MASK) & END_MASK;
        self.cells.push(kind << KIND_SHIFT | end);
    }

    /// Adds texts that lie side by side, each given by where it ends, to the row that was begun last.
    pub fn push_texts(&mut self, text: &str, ends: impl Iterator<Item = usize>) {
        let fresh = self.rows.last().is_some_and(|row| row.cell == self.cells.len());
        let mut from = 0;
        if !fresh || text.len() > Self::MAX_ROW_BYTES {
            for end in ends {
                self.push_text(text.get(from..end).unwrap_or_default());
                from = end;
            }
            return;
        }
        self.text.push_str(text);
        self.cells.extend(ends.map(|end| {
            let kind = u32::from(end > from);
            from = end;
            kind << KIND_SHIFT | u32::try_from(end).unwrap_or(END_MASK) & END_MASK
        }));
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes all rows out, keeping the room they had.
    pub fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
        self.rows.clear();
        self.issues.clear();
    }

    /// Keeps the first rows only.
    pub fn truncate(&mut self, rows: usize) {
        if let Some(first) = self.rows.get(rows).copied() {
            self.rows.truncate(rows);
            self.text.truncate(first.text);
            self.cells.truncate(first.cell);
        }
    }

    /// Bytes of text in all rows.
    pub fn text_len(&self) -> usize {
        self.text.len()
    }

    /// How many cells there are, empty ones included.
    pub fn cell_count(&self) -> usize {
        self.cells.len()
    }

    pub fn row(&self, index: usize) -> Option<Row<'_>> {
        let start = self.rows.get(index)?;
        let (text_end, cell_end) = self.rows.get(index + 1).map_or((self.text.len(), self.cells.len()), |next| (next.text, next.cell));
        Some(Row {
            number: start.number,
            text: self.text.get(start.text..text_end).unwrap_or_default(),
            cells: self.cells.get(start.cell..cell_end).unwrap_or_default(),
        })
    }

    pub fn rows(&self) -> impl DoubleEndedIterator<Item = Row<'_>> + ExactSizeIterator {
        (0..self.rows.len()).map(|index| self.row(index).unwrap_or_default())
    }

    pub fn shrink_to_fit(&mut self) {
        self.text.shrink_to_fit();
        self.cells.shrink_to_fit();
        self.rows.shrink_to_fit();
    }
}

/// One row of a grid, borrowed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Row<'a> {
    number: u32,
    text: &'a str,
    cells: &'a [u32],
}

impl<'a> Row<'a> {
    /// 1-based, as a spreadsheet program shows it.
    pub fn number(&self) -> u32 {
        self.number
    }

    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Printable ASCII only, in all its cells together.
    pub fn is_plain(&self) -> bool {
        // Without an early end the compiler looks at many bytes at once.
        self.text.bytes().fold(true, |plain, byte| plain & (0x20..0x7f).contains(&byte))
    }

    /// Somewhere in its cells are two blanks side by side, or one ends and the next begins with a blank.
    pub fn has_two_blanks(&self) -> bool {
        let bytes = self.text.as_bytes();
        let next = bytes.get(1..).unwrap_or_default();
        bytes.iter().zip(next).fold(false, |two, (a, b)| two | ((*a == b' ') & (*b == b' ')))
    }

    /// Has no cell that says anything.
    pub fn is_empty(&self) -> bool {
        self.cells().all(|cell| cell.is_empty())
    }

    fn span(&self, index: usize) -> Option<(u32, Range<usize>)> {
        let packed = *self.cells.get(index)?;
        let before = index.checked_sub(1).and_then(|i| self.cells.get(i));
        let from = before.map_or(0, |cell| (cell & END_MASK) as usize);
        Some((packed >> KIND_SHIFT, from..(packed & END_MASK) as usize))
    }

    /// The cell of a column counted from 0; empty beyond the end of the row.
    pub fn get(&self, index: usize) -> Cell<'a> {
        let Some((kind, span)) = self.span(index) else { return Cell::Empty };
        let text = self.text.get(span).unwrap_or_default();
        match kind {
            1 => Cell::Text(text),
            2 => Cell::Number(text),
            3 => Cell::Bool(true),
            4 => Cell::Bool(false),
            5 => Cell::Date(text),
            6 => Cell::Error(text),
            _ => Cell::Empty,
        }
    }

    pub fn cells(&self) -> impl Iterator<Item = Cell<'a>> + use<'a> {
        let row = *self;
        (0..row.len()).map(move |index| row.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_back_as_they_went_in() {
        let mut grid = Grid::new("S");
        grid.start_row(3);
        let cells = [
            Cell::Text("Ünï"),
            Cell::Empty,
            Cell::Number("102"),
            Cell::Bool(false),
            Cell::Date("2026-03-14"),
            Cell::Error("#N/A"),
            Cell::Text("z"),
        ];
        cells.iter().for_each(|cell| grid.push(*cell));
        grid.start_row(9);
        grid.push(Cell::Bool(true));
        let row = grid.row(0).unwrap();
        assert_eq!((row.number(), row.len()), (3, 7));
        assert!(row.cells().eq(cells));
        assert_eq!(row.get(99), Cell::Empty);
        assert_eq!(grid.row(1).unwrap().get(0).text(), "TRUE");
        assert_eq!(grid.rows().map(|row| row.number()).collect::<Vec<_>>(), [3, 9]);
        assert!(grid.row(2).is_none());
    }

    #[test]
    fn texts_side_by_side_are_the_cells_they_were() {
        let mut one = Grid::new("S");
        one.start_row(1);
        ["a", "", "bé", ""].iter().for_each(|text| one.push_text(text));
        let mut two = Grid::new("S");
        two.start_row(1);
        two.push_texts("abé", [1, 1, 4, 4].into_iter());
        assert_eq!(one, two);
        two.push_texts("xy", [1, 2].into_iter());
        assert!(two.rows().flat_map(|row| row.cells().map(|cell| cell.text()).collect::<Vec<_>>()).eq(["a", "", "bé", "", "x", "y"]));
    }

    #[test]
    fn a_row_of_blanks_is_empty() {
        let grid = Grid::of_texts("S", &[vec!["", "  ", "\t"], vec![], vec!["", "x"]]);
        assert_eq!(grid.rows().map(|row| row.is_empty()).collect::<Vec<_>>(), [true, true, false]);
    }
}
