//! The workbook of data problems that the merchant corrects and sends back.
//!
//! Every cell is written as text in a text format: codes keep their zeros, and what begins with `=`, `+`, `-` or `@` never becomes a formula,
//! not even when the merchant edits it. `customers::corrections` reads the workbook back.

use crate::domain::{Cell, Grid, Issue, Row, Severity, Sha256};
use rust_xlsxwriter::{Color, Format, FormatAlign, Note, Workbook, Worksheet, XlsxError};
use std::collections::{BTreeMap, BTreeSet};

/// What the workbook is made from.
#[derive(Debug)]
pub struct Problems<'a> {
    /// The customer file's name, without its folder.
    pub source: &'a str,
    /// The sum over the customer file's bytes.
    pub sha256: &'a Sha256,
    pub sheet: &'a str,
    /// 1-based.
    pub header_row: u32,
    pub headers: &'a [String],
    /// Rows of the merchant's sheet: those with a problem and those in `carried`.
    pub rows: &'a Grid,
    /// Rows that go along without a problem of their own: corrected before, so that the next workbook holds all corrections, or the other row
    /// of a code that stands twice.
    pub carried: &'a BTreeSet<u32>,
    /// Where the columns are that issues name by header, counted from 0.
    pub columns: &'a BTreeMap<String, usize>,
    /// The columns of customer code and name.
    pub code: Option<usize>,
    pub name: Option<usize>,
    pub issues: &'a [Issue],
}

/// The finished workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemsFile {
    pub bytes: Vec<u8>,
    /// Rows and lines that did not fit.
    pub left_out: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("the workbook of problems can't be made: {0}")]
pub struct ProblemsError(#[from] XlsxError);

/// Rows of a sheet in the xlsx format, the header among them.
const MAX_ROWS: usize = 1_048_576;
/// Columns of a sheet in the xlsx format, the row's number among them.
const MAX_COLUMNS: usize = 16_384;
/// A cell holds at most 32,767 UTF-16 units; a letter has at most two.
pub const MAX_LETTERS: usize = 16_000;
/// More notes than this make spreadsheet programs slow. The sheet of problems has all of them.
const MAX_NOTES: usize = 20_000;

const LINES: [&str; 10] = ["Severity", "Kind", "Row", "Customer code", "Name", "Column", "Value", "Problem", "What to do", "Correct value"];

pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "to mend",
        Severity::Warning => "to look at",
        Severity::Repaired => "repaired",
    }
}

/// An issue's kind as it is written in files: `missing-code`.
pub fn kind(issue: &Issue) -> String {
    serde_json::to_value(issue.kind).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Builds the workbook, with at most as many rows as a sheet has.
pub fn problems(from: &Problems<'_>) -> Result<ProblemsFile, ProblemsError> {
    problems_within(from, MAX_ROWS - 1)
}

fn problems_within(from: &Problems<'_>, most: usize) -> Result<ProblemsFile, ProblemsError> {
    let mut by_row: BTreeMap<u32, Vec<&Issue>> = BTreeMap::new();
    for issue in from.issues {
        if let Some(row) = issue.row {
            by_row.entry(row).or_default().push(issue);
        }
    }
    let wanted = |row: &Row<'_>| {
        from.carried.contains(&row.number())
            || by_row.get(&row.number()).is_some_and(|issues| issues.iter().any(|issue| issue.severity != Severity::Repaired))
    };
    let total = from.rows.rows().filter(wanted).count();
    let left_out = total.saturating_sub(most) + from.issues.len().saturating_sub(most);
    let mut book = Workbook::new();
    let styles = Styles::new();
    // The large sheets go through unnamed temporary files: a million rows would fill the memory. Without a place for them memory must do.
    let large = |book: &mut Workbook| book.new_worksheet_with_constant_memory().unwrap_or_else(|_| Worksheet::new());
    let mut sheet = large(&mut book);
    correct_sheet(&mut sheet, from, &by_row, from.rows.rows().filter(wanted).take(most), &styles)?;
    book.push_worksheet(sheet);
    let mut sheet = large(&mut book);
    lines_sheet(&mut sheet, from, most, &styles)?;
    book.push_worksheet(sheet);
    let mut sheet = Worksheet::new();
    read_me(&mut sheet, from, total, left_out, &styles)?;
    book.push_worksheet(sheet);
    let mut sheet = Worksheet::new();
    origin(&mut sheet, from)?;
    book.push_worksheet(sheet);
    Ok(ProblemsFile { bytes: book.save_to_buffer()?, left_out })
}

struct Styles {
    head: Format,
    text: Format,
    plain: Format,
    error: Format,
    warning: Format,
    repaired: Format,
    fill_in: Format,
}

impl Styles {
    fn new() -> Self {
        let text = || Format::new().set_num_format("@");
        let colour = |rgb: u32| text().set_background_color(Color::RGB(rgb));
        Self {
            head: text().set_bold().set_background_color(Color::RGB(0xD9E1F2)),
            text: text(),
            plain: Format::new().set_align(FormatAlign::Top).set_text_wrap(),
            error: colour(0xFFC7CE),
            warning: colour(0xFFEB9C),
            repaired: colour(0xDDEBF7),
            fill_in: colour(0xE2EFDA),
        }
    }

    fn of(&self, severity: Severity) -> &Format {
        match severity {
            Severity::Error => &self.error,
            Severity::Warning => &self.warning,
            Severity::Repaired => &self.repaired,
        }
    }
}

/// What a cell of the merchant's list looks like in the workbook.
fn shown(cell: Cell<'_>) -> String {
    within(cell.text())
}

fn within(text: &str) -> String {
    text.chars().take(MAX_LETTERS).collect()
}

/// A column of the workbook; `None` beyond what the format has.
fn column(index: usize) -> Option<u16> {
    u16::try_from(index).ok().filter(|_| index < MAX_COLUMNS)
}

fn correct_sheet<'r>(
    sheet: &mut Worksheet,
    from: &Problems<'_>,
    by_row: &BTreeMap<u32, Vec<&Issue>>,
    rows: impl Iterator<Item = Row<'r>>,
    styles: &Styles,
) -> Result<(), XlsxError> {
    sheet.set_name("To correct")?;
    sheet.set_default_note_author("certonboard");
    let width = from.headers.len().min(MAX_COLUMNS - 1);
    let mut widths: Vec<usize> = vec![6];
    sheet.write_string_with_format(0, 0, "Row", &styles.head)?;
    for (index, header) in from.headers.iter().take(width).enumerate() {
        if let Some(at) = column(index + 1) {
            // Whatever is typed later stays text too.
            sheet.set_column_format(at, &styles.text)?;
            sheet.write_string_with_format(0, at, within(header), &styles.head)?;
        }
        widths.push(header.chars().count() + 4);
    }
    let (mut line, mut notes) = (0u32, 0usize);
    for row in rows {
        line += 1;
        let issues = by_row.get(&row.number()).map_or(&[][..], Vec::as_slice);
        // What is wrong with no column, or with a column that is not there, is told at the row's number.
        let mut at_cell: BTreeMap<usize, Vec<&Issue>> = BTreeMap::new();
        for issue in issues {
            let place = issue.column.as_ref().and_then(|header| from.columns.get(header)).map_or(0, |index| index + 1);
            at_cell.entry(if place <= width { place } else { 0 }).or_default().push(issue);
        }
        for place in 0..=width {
            let Some(at) = column(place) else { continue };
            let text = match place.checked_sub(1) {
                None => row.number().to_string(),
                Some(index) => shown(row.get(index)),
            };
            let here = at_cell.get(&place).map_or(&[][..], Vec::as_slice);
            let worst = here.iter().map(|issue| issue.severity).min();
            match (worst, text.is_empty()) {
                (Some(severity), true) => sheet.write_blank(line, at, styles.of(severity))?,
                (Some(severity), false) => sheet.write_string_with_format(line, at, &text, styles.of(severity))?,
                (None, true) => sheet,
                (None, false) => sheet.write_string_with_format(line, at, &text, &styles.text)?,
            };
            if let (false, Some(most)) = (line > 500, widths.get_mut(place)) {
                *most = (*most).max(text.chars().count() + 2);
            }
            if !here.is_empty() && notes < MAX_NOTES {
                notes += 1;
                let told: Vec<String> = here.iter().map(|issue| told(issue)).collect();
                let height = u32::try_from(40 + 40 * told.len()).unwrap_or(400).min(400);
                let note = Note::new(within(&told.join("\n\n"))).add_author_prefix(false).set_width(320).set_height(height);
                sheet.insert_note(line, at, &note)?;
            }
        }
    }
    for (place, letters) in widths.iter().enumerate() {
        if let (Some(at), Ok(letters)) = (column(place), u8::try_from((*letters).clamp(6, 42))) {
            sheet.set_column_width(at, letters)?;
        }
    }
    sheet.set_freeze_panes(1, 1)?;
    sheet.autofilter(0, 0, line, column(width).unwrap_or(0))?;
    ignore_numbers_as_text(sheet, line, column(width).unwrap_or(0))
}

/// Without this a spreadsheet program marks every code that looks like a number.
fn ignore_numbers_as_text(sheet: &mut Worksheet, last_row: u32, last_column: u16) -> Result<(), XlsxError> {
    sheet.ignore_error_range(0, 0, last_row, last_column, rust_xlsxwriter::IgnoreError::NumberStoredAsText)?;
    Ok(())
}

fn told(issue: &Issue) -> String {
    match &issue.suggestion {
        Some(suggestion) => format!("{}\n→ {suggestion}", issue.message),
        None => issue.message.clone(),
    }
}

fn lines_sheet(sheet: &mut Worksheet, from: &Problems<'_>, most: usize, styles: &Styles) -> Result<(), XlsxError> {
    sheet.set_name("Problems")?;
    let widths = [11u8, 20, 7, 16, 28, 20, 24, 60, 48, 24];
    for (at, (head, width)) in (0u16..).zip(LINES.iter().zip(widths)) {
        sheet.set_column_format(at, &styles.text)?;
        sheet.set_column_width(at, width)?;
        sheet.write_string_with_format(0, at, *head, &styles.head)?;
    }
    let rows: BTreeMap<u32, Row<'_>> = from.rows.rows().map(|row| (row.number(), row)).collect();
    let mut issues: Vec<&Issue> = from.issues.iter().collect();
    issues.sort_by_key(|issue| (issue.severity, issue.row));
    let mut line = 0u32;
    for issue in issues.into_iter().take(most) {
        line += 1;
        let row = issue.row.and_then(|number| rows.get(&number));
        let of_row = |index: Option<usize>| row.zip(index).map(|(row, index)| shown(row.get(index))).unwrap_or_default();
        let texts = [
            word(issue.severity).to_owned(),
            kind(issue),
            issue.row.map(|row| row.to_string()).unwrap_or_default(),
            of_row(from.code),
            of_row(from.name),
            within(issue.column.as_deref().unwrap_or_default()),
            within(issue.value.as_deref().unwrap_or_default()),
            within(&issue.message),
            within(issue.suggestion.as_deref().unwrap_or_default()),
        ];
        for (at, text) in (0u16..).zip(texts) {
            let style = if at == 0 { styles.of(issue.severity) } else { &styles.text };
            if !text.is_empty() {
                sheet.write_string_with_format(line, at, text, style)?;
            }
        }
        // Only a cell of the list can be given another value.
        if issue.row.is_some() && issue.column.as_ref().is_some_and(|header| from.columns.contains_key(header)) {
            sheet.write_blank(line, 9, &styles.fill_in)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    sheet.autofilter(0, 0, line, 9)?;
    ignore_numbers_as_text(sheet, line, 9)
}

fn read_me(sheet: &mut Worksheet, from: &Problems<'_>, rows: usize, left_out: usize, styles: &Styles) -> Result<(), XlsxError> {
    sheet.set_name("Read me")?;
    sheet.set_column_width(0, 100)?;
    let mut lines = vec![
        format!("Problems in the customer list {} (sheet “{}”)", from.source, from.sheet),
        String::new(),
        format!("The sheet “To correct” holds {rows} rows of your customer list that need a look. Its first column is the row in your list."),
        "Red cells must be mended: without that the customer can't be used. Yellow cells should be looked at. Blue cells were repaired already."
            .to_owned(),
        "Hover over a coloured cell: its note says what is wrong and what to do.".to_owned(),
        String::new(),
        "1. Correct the cells in “To correct”, or write the right value into “Correct value” on the sheet “Problems”.".to_owned(),
        "2. Don't change the column “Row”, the headers or the order of the columns. Rows may be sorted, and rows that are right may stay."
            .to_owned(),
        "3. To leave a customer out, empty all of its cells but the one in “Row”.".to_owned(),
        "4. Save the file as .xlsx and send it back. Correct your system too: the next export would have the same problems.".to_owned(),
        String::new(),
        format!("For whoever gets it back: certonboard customers summary {} --corrections THIS_FILE", from.source),
    ];
    if left_out > 0 {
        lines.push(format!("{left_out} rows and lines did not fit into this workbook; correct these first, then ask for the next one."));
    }
    for (line, text) in (0u32..).zip(&lines) {
        let style = if line == 0 { &styles.head } else { &styles.plain };
        sheet.write_string_with_format(line, 0, within(text), style)?;
    }
    Ok(())
}

/// Which file this was made from. The sheet is hidden, and `customers::corrections` knows its name and keys.
fn origin(sheet: &mut Worksheet, from: &Problems<'_>) -> Result<(), XlsxError> {
    sheet.set_name("certonboard")?;
    sheet.set_very_hidden(true);
    let facts = [
        ("workbook", "customer-problems 1".to_owned()),
        ("source", within(from.source)),
        ("sha256", from.sha256.as_str().to_owned()),
        ("sheet", within(from.sheet)),
        ("header row", from.header_row.to_string()),
    ];
    for (line, (key, value)) in (0u32..).zip(facts) {
        sheet.write_string(line, 0, key)?;
        sheet.write_string(line, 1, value)?;
    }
    // Headers may stand over several columns; the lines of “Problems” name the one that was read.
    for (line, (header, index)) in (5u32..).zip(from.columns) {
        sheet.write_string(line, 0, "column")?;
        sheet.write_string(line, 1, within(header))?;
        sheet.write_string(line, 2, index.to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::IssueKind;

    #[test]
    fn what_does_not_fit_is_counted_and_said() {
        let rows: Vec<Vec<String>> = (0..10).map(|n| vec![format!("C{n}"), String::new()]).collect();
        let grid = Grid::of_texts("S", &rows);
        let issues: Vec<Issue> = (1..=10)
            .map(|row| Issue {
                kind: IssueKind::MissingName,
                severity: Severity::Error,
                row: Some(row),
                column: Some("Name".into()),
                value: None,
                message: "the customer has no name".into(),
                suggestion: None,
            })
            .collect();
        let columns = BTreeMap::from([("Name".to_owned(), 1)]);
        let from = Problems {
            source: "list.csv",
            sha256: &Sha256::of(b"x"),
            sheet: "S",
            header_row: 1,
            headers: &["Code".to_owned(), "Name".to_owned()],
            rows: &grid,
            carried: &BTreeSet::new(),
            columns: &columns,
            code: Some(0),
            name: Some(1),
            issues: &issues,
        };
        assert_eq!(problems_within(&from, 4).unwrap().left_out, 12);
        assert_eq!(problems(&from).unwrap().left_out, 0);
    }
}
