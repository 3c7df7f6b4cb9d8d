//! A problems workbook that came back from the merchant, laid over the list it was made from.
//!
//! A cell that the merchant did not touch stays as the list has it, number or date included; only what differs takes its place. Pure: the
//! workbook comes as grids, and whoever has the files compares their sums.

use crate::domain::{Cell, Grid, Row};
use std::collections::{BTreeMap, BTreeSet};

/// What the merchant's workbook says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Corrections {
    /// The name of the customer file that the workbook was made from.
    pub source: String,
    /// The sum over that file's bytes.
    pub sha256: String,
    /// The sheet of that file.
    pub sheet: String,
    header_row: u32,
    /// Row number to its cells, as the workbook holds them.
    rows: BTreeMap<u32, Vec<String>>,
    /// What stands under “Correct value”: row and column to text.
    values: BTreeMap<(u32, usize), String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CorrectionsError {
    #[error("this is no problems workbook of certonboard; give the file that --problems wrote and the merchant sent back")]
    NotSuch,
    #[error("the problems workbook has no sheet “{0}” any more; ask the merchant for the whole workbook")]
    SheetGone(&'static str),
    #[error("the headers of “To correct” were changed: column {column} is “{found}” and was “{was}”; put them back")]
    HeaderChanged { column: usize, found: String, was: String },
    #[error("“To correct”, line {line}: “{found}” is no row number; the column “Row” must stay as it was")]
    BadRow { line: u32, found: String },
    #[error("“To correct” holds row {0} twice")]
    RowTwice(u32),
    #[error("row {0} of the workbook is not in the list")]
    RowGone(u32),
    #[error("row {row}, column “{column}”: “To correct” says “{one}” and “Correct value” says “{other}”; keep one of them")]
    TwoValues { row: u32, column: String, one: String, other: String },
    #[error("the column “{0}” of the sheet “Problems” is gone or has another header; put it back")]
    HeadGone(&'static str),
    #[error("“Problems”, line {line}: nobody knows which cell the correct value “{value}” belongs to; correct it in “To correct”")]
    NowhereToPut { line: u32, value: String },
    #[error("row {row}, column “{column}”: “Problems” has the correct values “{one}” and “{other}”; keep one of them")]
    TwoLines { row: u32, column: String, one: String, other: String },
}

const ORIGIN: &str = "certonboard";
const TO_CORRECT: &str = "To correct";
const LINES: &str = "Problems";
/// The workbook cuts longer cells (`report::problems`); a cut cell that is otherwise the same was not corrected.
const MAX_LETTERS: usize = 16_000;

/// Whether these sheets are those of a problems workbook, and no customer list.
pub fn is_problems_workbook(grids: &[Grid]) -> bool {
    origin(grids).is_some()
}

fn origin(grids: &[Grid]) -> Option<&Grid> {
    let grid = grids.iter().find(|grid| grid.sheet == ORIGIN)?;
    let first = grid.row(0)?;
    (first.get(0).text() == "workbook" && first.get(1).text().starts_with("customer-problems ")).then_some(grid)
}

/// Without what a workbook does not keep: control characters, and what is beyond a cell's room.
fn comparable(text: &str) -> impl Iterator<Item = char> {
    text.chars().take(MAX_LETTERS).filter(|letter| !letter.is_control())
}

fn same(a: &str, b: &str) -> bool {
    comparable(a).eq(comparable(b))
}

impl Corrections {
    /// Reads the sheets of the workbook.
    pub fn from_workbook(grids: &[Grid]) -> Result<Self, CorrectionsError> {
        let origin = origin(grids).ok_or(CorrectionsError::NotSuch)?;
        let mut corrections = Self::default();
        let mut columns: BTreeMap<String, usize> = BTreeMap::new();
        for row in origin.rows() {
            let value = row.get(1).text().to_owned();
            match row.get(0).text() {
                "source" => corrections.source = value,
                "sha256" => corrections.sha256 = value,
                "sheet" => corrections.sheet = value,
                "header row" => corrections.header_row = value.parse().unwrap_or_default(),
                "column" => {
                    if let Ok(index) = row.get(2).text().parse() {
                        columns.insert(value, index);
                    }
                }
                _ => {}
            }
        }
        let sheet = |name: &'static str| grids.iter().find(|grid| grid.sheet == name).ok_or(CorrectionsError::SheetGone(name));
        corrections.read_rows(sheet(TO_CORRECT)?)?;
        corrections.read_values(sheet(LINES)?, &columns)?;
        Ok(corrections)
    }

    fn read_rows(&mut self, grid: &Grid) -> Result<(), CorrectionsError> {
        for row in grid.rows() {
            let cells: Vec<String> = row.cells().skip(1).map(|cell| cell.text().to_owned()).collect();
            let number = row.get(0).text().trim();
            if row.number() == 1 {
                // Kept under 0: no row of a list has that number.
                self.rows.insert(0, cells);
                continue;
            }
            if row.is_empty() {
                continue;
            }
            let bad = || CorrectionsError::BadRow { line: row.number(), found: number.to_owned() };
            let number: u32 = number.parse().ok().filter(|number| *number > self.header_row).ok_or_else(bad)?;
            if self.rows.insert(number, cells).is_some() {
                return Err(CorrectionsError::RowTwice(number));
            }
        }
        Ok(())
    }

    fn read_values(&mut self, grid: &Grid, columns: &BTreeMap<String, usize>) -> Result<(), CorrectionsError> {
        let Some(head) = grid.row(0) else { return Ok(()) };
        let place = |name: &'static str| head.cells().position(|cell| cell.text().trim() == name).ok_or(CorrectionsError::HeadGone(name));
        let (row_at, column_at, value_at) = (place("Row")?, place("Column")?, place("Correct value")?);
        for line in grid.rows().skip(1) {
            let value = line.get(value_at).text();
            if value.trim().is_empty() {
                continue;
            }
            let (row, column) = (line.get(row_at).text().trim(), line.get(column_at).text());
            let lost = || CorrectionsError::NowhereToPut { line: line.number(), value: value.to_owned() };
            let at = (row.parse().map_err(|_| lost())?, *columns.get(column).ok_or_else(lost)?);
            if let Some(one) = self.values.insert(at, value.to_owned()).filter(|one| !same(one, value)) {
                return Err(CorrectionsError::TwoLines { row: at.0, column: column.to_owned(), one, other: value.to_owned() });
            }
        }
        Ok(())
    }

    /// The rows that the workbook speaks of.
    pub fn rows(&self) -> BTreeSet<u32> {
        self.rows.keys().copied().filter(|row| *row > 0).chain(self.values.keys().map(|(row, _)| *row)).collect()
    }

    /// Lays the corrections over some rows of the sheet they are for, and says how many cells changed.
    pub fn apply(&self, rows: &Grid) -> Result<(Grid, usize), CorrectionsError> {
        let mut out = Grid::new(rows.sheet.clone());
        (out.hidden, out.more, out.issues) = (rows.hidden, rows.more, rows.issues.clone());
        let mut changed = 0;
        for row in rows.rows() {
            if let (Some(headers), true) = (self.rows.get(&0), row.number() == self.header_row) {
                self.check_headers(headers, row)?;
            }
            out.start_row(row.number());
            let cells = self.rows.get(&row.number()).filter(|_| row.number() > self.header_row);
            let last = self.values.range((row.number(), 0)..=(row.number(), usize::MAX)).next_back().map_or(0, |((_, index), _)| index + 1);
            for index in 0..row.len().max(cells.map_or(0, Vec::len)).max(last) {
                match self.corrected(row, cells.and_then(|cells| cells.get(index)), index)? {
                    None => out.push(row.get(index)),
                    Some(text) => {
                        changed += 1;
                        out.push_text(text);
                    }
                }
            }
        }
        Ok((out, changed))
    }

    /// Whether any of these rows is spoken of: others may pass as they are.
    pub fn concern(&self, rows: &Grid) -> bool {
        rows.rows().any(|row| row.number() == self.header_row || self.mentions(row.number()))
    }

    fn mentions(&self, row: u32) -> bool {
        self.rows.contains_key(&row) || self.values.range((row, 0)..=(row, usize::MAX)).next().is_some()
    }

    /// Every row that is spoken of must be in the list. `met`: those that were there.
    pub fn check_met(&self, met: &BTreeSet<u32>) -> Result<(), CorrectionsError> {
        self.rows().difference(met).next().map_or(Ok(()), |gone| Err(CorrectionsError::RowGone(*gone)))
    }

    fn check_headers(&self, headers: &[String], row: Row<'_>) -> Result<(), CorrectionsError> {
        for index in 0..row.len().max(headers.len()) {
            let (found, was) = (headers.get(index).map_or("", String::as_str), row.get(index).text());
            // A sheet can hold fewer columns than a text file.
            if !same(found.trim(), was.trim()) && index < headers.len() {
                return Err(CorrectionsError::HeaderChanged { column: index + 2, found: found.to_owned(), was: was.to_owned() });
            }
        }
        Ok(())
    }

    /// The new text of a cell, where it has one.
    fn corrected<'s>(&'s self, row: Row<'_>, cell: Option<&'s String>, index: usize) -> Result<Option<&'s str>, CorrectionsError> {
        let now: Cell<'_> = row.get(index);
        let cells = self.rows.get(&row.number()).filter(|_| row.number() > self.header_row);
        // A cell beyond the end of a row in the workbook was empty, or emptied; one without a header was never in it.
        let written = self.rows.get(&0).map_or(0, Vec::len);
        let in_place = match (cells, cell) {
            (Some(_), Some(text)) => Some(text.as_str()),
            (Some(_), None) if index < written => Some(""),
            (Some(_), None) | (None, _) => None,
        };
        let in_place = in_place.filter(|text| !same(text, now.text()));
        let by_line = self.values.get(&(row.number(), index)).map(String::as_str).filter(|text| !same(text, now.text()));
        match (in_place, by_line) {
            (Some(one), Some(other)) if !same(one, other) => {
                let header = self.rows.get(&0).and_then(|headers| headers.get(index)).cloned().unwrap_or_default();
                Err(CorrectionsError::TwoValues { row: row.number(), column: header, one: one.to_owned(), other: other.to_owned() })
            }
            (one, other) => Ok(one.or(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workbook(to_correct: &[Vec<&str>], lines: &[Vec<&str>]) -> Vec<Grid> {
        let origin = [
            vec!["workbook", "customer-problems 1"],
            vec!["source", "list.csv"],
            vec!["sha256", "ab"],
            vec!["sheet", "S"],
            vec!["header row", "1"],
            vec!["column", "Zip", "2"],
        ];
        vec![Grid::of_texts(TO_CORRECT, to_correct), Grid::of_texts(LINES, lines), Grid::of_texts(ORIGIN, &origin)]
    }

    fn list() -> Grid {
        let mut grid = Grid::of_texts("S", &[["ID", "Name", "Zip"]]);
        grid.start_row(2);
        [Cell::Number("7"), Cell::Text("Ames"), Cell::Number("7102")].into_iter().for_each(|cell| grid.push(cell));
        grid.start_row(3);
        [Cell::Number("8"), Cell::Empty, Cell::Text("89501")].into_iter().for_each(|cell| grid.push(cell));
        grid
    }

    const HEAD: &str = "Row";

    #[test]
    fn only_what_differs_is_laid_over() {
        let lines = vec![vec!["Severity", "Row", "Column", "Correct value"], vec!["to look at", "2", "Zip", "07102"]];
        let grids = workbook(&[vec![HEAD, "ID", "Name", "Zip"], vec!["3", "8", "Bow Inc", "89501"]], &lines);
        assert!(is_problems_workbook(&grids));
        let corrections = Corrections::from_workbook(&grids).unwrap();
        assert_eq!((corrections.source.as_str(), corrections.sha256.as_str()), ("list.csv", "ab"));
        assert!(corrections.concern(&list()));
        let (grid, changed) = corrections.apply(&list()).unwrap();
        assert_eq!(changed, 2);
        let row = |index: usize| grid.row(index).unwrap().cells().collect::<Vec<_>>();
        assert_eq!(row(1), [Cell::Number("7"), Cell::Text("Ames"), Cell::Text("07102")]);
        assert_eq!(row(2), [Cell::Number("8"), Cell::Text("Bow Inc"), Cell::Text("89501")]);
    }

    #[test]
    fn an_emptied_row_is_empty() {
        let grids = workbook(&[vec![HEAD, "ID", "Name", "Zip"], vec!["3"]], &[]);
        let (grid, _) = Corrections::from_workbook(&grids).unwrap().apply(&list()).unwrap();
        assert!(grid.row(2).unwrap().is_empty() && !grid.row(1).unwrap().is_empty());
    }

    #[test]
    fn what_can_not_be_right_is_refused() {
        type Rows<'a> = Vec<Vec<&'a str>>;
        let read = |rows: Rows<'_>, lines: Rows<'_>| {
            let corrections = Corrections::from_workbook(&workbook(&rows, &lines))?;
            corrections.check_met(&list().rows().map(|row| row.number()).collect())?;
            corrections.apply(&list())
        };
        let head = vec![HEAD, "ID", "Name", "Zip"];
        assert_eq!(Corrections::from_workbook(&[list()]), Err(CorrectionsError::NotSuch));
        assert!(matches!(read(vec![head.clone(), vec!["x", "8"]], vec![]), Err(CorrectionsError::BadRow { line: 2, .. })));
        assert!(matches!(read(vec![head.clone(), vec!["1", "8"]], vec![]), Err(CorrectionsError::BadRow { .. })));
        assert_eq!(read(vec![head.clone(), vec!["2", "7"], vec!["2", "7"]], vec![]), Err(CorrectionsError::RowTwice(2)));
        assert_eq!(read(vec![head.clone(), vec!["9", "7"]], vec![]), Err(CorrectionsError::RowGone(9)));
        assert!(matches!(read(vec![vec![HEAD, "ID", "Zip"]], vec![]), Err(CorrectionsError::HeaderChanged { column: 3, .. })));
        let lines = vec![vec!["Row", "Column", "Correct value"], vec!["2", "Zip", "07102"]];
        assert!(matches!(read(vec![head, vec!["2", "7", "Ames", "08611"]], lines), Err(CorrectionsError::TwoValues { row: 2, .. })));
    }
}
