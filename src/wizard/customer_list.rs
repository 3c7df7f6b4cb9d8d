//! The customer list, opened and read as the user wishes: one way for the wizard, `extract` and `customers summary`.

use super::WizardError;
use super::list::{Wanted, read_list};
use crate::customers::{
    self, Ambiguity, Corrections, CustomerList, CustomersError, Doubt, Layout, MappingFile, Settle, SettleContradictions, Target, Wish,
    columns_by_name,
};
use crate::domain::{ExemptStatus, Grid, Row, Sha256};
use crate::ports::{Book, RowsEnd, Spreadsheets, TakeRows, Unreadable};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the customers step needs of the disk besides the list itself.
pub trait ListFiles {
    /// The sum over a file's bytes; the error is for people.
    fn sha256(&self, path: &Path) -> Result<Sha256, String>;
    /// Keeps what was read: the workbook of problems, and the mapping where it was asked for. Gives lines to tell.
    fn keep(&self, read: &mut ReadList) -> Result<Vec<String>, String>;
}

/// How the list is to be read, as flags, answers file and mapping file say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListChoices {
    pub wish: Wish,
    /// Fields whose wished column may be missing.
    pub optional: BTreeSet<Target>,
    pub settle: Settle,
    /// Somebody said how contradictions count.
    pub contradictions_settled: bool,
    pub corrections: Option<PathBuf>,
    /// The mapping file, and the system it was made for.
    pub mapping: Option<(String, Option<String>)>,
}

/// The wire name of a setting in flags and the answers file.
pub fn contradictions_word(settle: SettleContradictions) -> &'static str {
    match settle {
        SettleContradictions::ByFlag => "by-flag",
        SettleContradictions::AsExempt => "as-exempt",
        SettleContradictions::AsTaxable => "as-taxable",
    }
}

/// The setting of that name.
pub fn contradictions_named(word: &str) -> Option<SettleContradictions> {
    use SettleContradictions as S;
    [S::ByFlag, S::AsExempt, S::AsTaxable].into_iter().find(|settle| contradictions_word(*settle) == word)
}

impl ListChoices {
    /// Reads the section `customers` of what was supplied; later layers win. A mapping stands in it as `{ file, text }`, since this module
    /// reads no files. The error lists every fault.
    pub fn from_supplied(layers: &[&Value]) -> Result<Self, WizardError> {
        let get =
            |key: &str| layers.iter().rev().find_map(|layer| layer.pointer(&format!("/customers/{key}"))).filter(|value| !value.is_null());
        let mut choices = Self::default();
        if let Some(mapping) = get("mapping") {
            let text = |key: &str| mapping.get(key).and_then(Value::as_str).unwrap_or_default();
            let faults = |faults: Vec<String>| WizardError::Input(format!("{}: {}", text("file"), faults.join("; ")));
            let file = MappingFile::parse(text("text")).map_err(faults)?;
            choices.wish = Wish { sheet: file.sheet, header_row: file.header_row, columns: file.columns };
            choices.optional = file.optional;
            choices.mapping = Some((text("file").to_owned(), file.system));
        }
        if let Some(sheet) = get("sheet").and_then(Value::as_str) {
            choices.wish.sheet = Some(sheet.to_owned());
        }
        if let Some(row) = get("header_row").and_then(Value::as_u64) {
            choices.wish.header_row = u32::try_from(row).ok();
        }
        let mut faults = Vec::new();
        for columns in layers.iter().filter_map(|layer| layer.pointer("/customers/columns")?.as_object()) {
            let given = columns.iter().map(|(name, header)| (name.as_str(), header.as_str().unwrap_or_default()));
            match columns_by_name("customers.columns", given) {
                Ok(columns) => columns.into_iter().for_each(|(target, header)| choices.name_column(target, header)),
                Err(more) => faults.extend(more),
            }
        }
        if !faults.is_empty() {
            return Err(WizardError::Input(faults.join("; ")));
        }
        choices.settle.include_inactive = get("include_inactive").and_then(Value::as_bool).unwrap_or_default();
        if let Some(settled) = get("contradictions").and_then(Value::as_str).and_then(contradictions_named) {
            choices.settle.contradictions = settled;
            choices.contradictions_settled = true;
        }
        for values in layers.iter().filter_map(|layer| layer.pointer("/customers/tax_values")?.as_object()) {
            for (value, means) in values {
                choices.settle_value(value, if means == "exempt" { ExemptStatus::Exempt } else { ExemptStatus::Taxable });
            }
        }
        choices.corrections = get("corrections").and_then(Value::as_str).map(PathBuf::from);
        Ok(choices)
    }

    /// A column that somebody named: it must be there.
    pub fn name_column(&mut self, target: Target, header: String) {
        self.optional.remove(&target);
        self.wish.columns.insert(target, header);
    }

    /// What a value of a tax column means; the last word on it counts.
    pub fn settle_value(&mut self, value: &str, status: ExemptStatus) {
        self.settle.values.insert(Settle::value_key(value), status);
    }

    /// Whether somebody settled what the doubt is about.
    pub fn settles(&self, doubt: &Ambiguity) -> bool {
        match &doubt.doubt {
            // That the column is the right one says nothing of its codes.
            Doubt::Values(values) => values.iter().all(|value| self.settle.value(value).is_some()),
            Doubt::Column | Doubt::Polarity => self.wish.columns.contains_key(&doubt.target),
        }
    }

    /// What was settled, as answers of their own, so that a recorded run needs no flag and no mapping file.
    pub(super) fn as_answers(&self) -> Vec<(String, Value)> {
        let mut answers = Vec::new();
        answers.extend(self.wish.sheet.as_ref().map(|sheet| ("customers.sheet".to_owned(), json!(sheet))));
        answers.extend(self.wish.header_row.map(|row| ("customers.header_row".to_owned(), json!(row))));
        let corrections = self.corrections.as_deref().and_then(|path| std::path::absolute(path).ok());
        answers.extend(corrections.map(|path| ("customers.corrections".to_owned(), json!(path))));
        answers.extend(self.settle.include_inactive.then(|| ("customers.include_inactive".to_owned(), json!(true))));
        let means = |status: &ExemptStatus| if *status == ExemptStatus::Exempt { "exempt" } else { "taxable" };
        answers.extend(self.settle.values.iter().map(|(value, status)| (format!("customers.tax_values.{value}"), json!(means(status)))));
        answers.extend(self.wish.columns.iter().map(|(target, header)| (format!("customers.columns.{target}"), json!(header))));
        answers
    }
}

/// A list that was opened, with the merchant's corrections laid over it.
pub struct OpenList {
    pub path: PathBuf,
    book: Box<dyn Book>,
    /// The first rows of every sheet.
    heads: Vec<Grid>,
    /// Rows that the corrections hold, empty without corrections.
    corrected_rows: BTreeSet<u32>,
    corrected_cells: Option<Arc<AtomicUsize>>,
    jobs: usize,
}

/// A list that was read.
pub struct ReadList {
    pub open: OpenList,
    pub choices: ListChoices,
    pub layout: Layout,
    pub list: CustomerList,
}

impl OpenList {
    /// `jobs`: threads that understand rows while they are read.
    pub fn open(
        spreadsheets: &dyn Spreadsheets,
        path: &Path,
        choices: &ListChoices,
        jobs: usize,
        sha256: impl Fn(&Path) -> Result<Sha256, String>,
    ) -> Result<Self, WizardError> {
        let mut book = spreadsheets.open(path, choices.wish.sheet.as_deref())?;
        let heads = book.heads()?;
        if customers::is_problems_workbook(&heads) {
            return Err(WizardError::Input(format!(
                "{}: this is a workbook of problems, not the customer list; give the list, and this file with --corrections",
                path.display()
            )));
        }
        let mut open = Self { path: path.to_owned(), book, heads, corrected_rows: BTreeSet::new(), corrected_cells: None, jobs };
        if let Some(file) = &choices.corrections {
            let at = |text: String| WizardError::Input(format!("{}: {text}", file.display()));
            let corrections = Corrections::from_workbook(&whole(&mut *spreadsheets.open(file, None)?)?).map_err(|e| at(e.to_string()))?;
            if sha256(path).map_err(WizardError::Input)?.as_str() != corrections.sha256 {
                let text = format!("it was made from another file, {}, or {} was changed since", corrections.source, path.display());
                return Err(at(format!("{text}; give the list that the workbook was made from")));
            }
            if !open.heads.iter().any(|grid| grid.sheet == corrections.sheet) {
                return Err(at(format!("it corrects the sheet “{}”, which is not read", corrections.sheet)));
            }
            let cells = Arc::new(AtomicUsize::new(0));
            open.corrected_rows = corrections.rows();
            open.corrected_cells = Some(cells.clone());
            open.book = Box::new(Corrected { book: open.book, corrections, file: file.clone(), cells });
            open.heads = open.book.heads()?;
        }
        Ok(open)
    }

    /// How many cells the merchant's corrections changed, once the list was read; `None` without corrections.
    pub fn corrected_cells(&self) -> Option<usize> {
        self.corrected_cells.as_ref().map(|cells| cells.load(Ordering::Relaxed))
    }

    /// Proposes the layout. Optional columns that are missing leave the wish.
    pub fn propose(&self, choices: &mut ListChoices) -> Result<Layout, WizardError> {
        let at = |error: CustomersError| {
            let made = match (&error, &choices.mapping) {
                (CustomersError::UnknownHeader { .. }, Some((file, _))) => {
                    format!("; if {file} names it and it may be missing, put the field under `optional:` there")
                }
                _ => String::new(),
            };
            WizardError::Input(format!("{}: {error}{made}", self.path.display()))
        };
        let mut wish = choices.wish.clone();
        let mut layout = customers::propose_with(&self.heads, &mut wish, &choices.optional).map_err(at)?;
        choices.wish = wish;
        if let (Some((file, Some(made_for))), Some(found)) = (&choices.mapping, &layout.system)
            && !made_for.eq_ignore_ascii_case(found)
        {
            layout.notes.push(format!("{file} is for exports of {made_for}, and this list looks like one of {found}"));
        }
        Ok(layout)
    }

    pub fn read(&mut self, layout: &Layout, settle: &Settle, wanted: Wanted) -> Result<CustomerList, WizardError> {
        Ok(read_list(&mut *self.book, &self.heads, layout, settle, wanted, self.jobs)?)
    }

    /// Every row of a sheet, in pieces.
    fn each(&mut self, sheet: &str, mut see: impl FnMut(Row<'_>)) -> Result<(), WizardError> {
        let head = self.heads.iter().find(|grid| grid.sheet == sheet);
        if let Some(head) = head.filter(|head| !head.more) {
            head.rows().for_each(see);
            return Ok(());
        }
        let mut last = 0;
        let take = &mut |mut grid: Grid| {
            // A sheet that is read again begins anew; what was seen need not be seen twice.
            grid.rows().filter(|row| row.number() > last).for_each(&mut see);
            last = last.max(grid.rows().next_back().map_or(0, |row| row.number()));
            grid.clear();
            Some(grid)
        };
        while self.book.rows(sheet, take)? == RowsEnd::Again {}
        Ok(())
    }
}

/// All rows of all sheets.
fn whole(book: &mut dyn Book) -> Result<Vec<Grid>, WizardError> {
    let mut grids = book.heads()?;
    for grid in grids.iter_mut().filter(|grid| grid.more) {
        let sheet = grid.sheet.clone();
        loop {
            let mut all = Grid::new(sheet.clone());
            let end = book.rows(&sheet, &mut |mut rows| {
                rows.rows().for_each(|row| copy(row, &mut all));
                rows.clear();
                Some(rows)
            })?;
            if end != RowsEnd::Again {
                *grid = all;
                break;
            }
        }
    }
    Ok(grids)
}

fn copy(row: Row<'_>, to: &mut Grid) {
    to.start_row(row.number());
    row.cells().for_each(|cell| to.push(cell));
}

/// A book with the merchant's corrections laid over one of its sheets.
struct Corrected {
    book: Box<dyn Book>,
    corrections: Corrections,
    /// The corrections' file, for errors.
    file: PathBuf,
    cells: Arc<AtomicUsize>,
}

impl Corrected {
    fn wrong(&self, error: impl std::fmt::Display) -> Unreadable {
        Unreadable { reason: format!("{}: {error}", self.file.display()) }
    }
}

impl Book for Corrected {
    fn heads(&mut self) -> Result<Vec<Grid>, Unreadable> {
        let mut heads = self.book.heads()?;
        for head in heads.iter_mut().filter(|head| head.sheet == self.corrections.sheet) {
            if !head.more {
                let met = head.rows().map(|row| row.number()).collect();
                self.corrections.check_met(&met).map_err(|e| self.wrong(e))?;
            }
            let (with, cells) = self.corrections.apply(head).map_err(|e| self.wrong(e))?;
            *head = with;
            self.cells.store(cells, Ordering::Relaxed);
        }
        Ok(heads)
    }

    fn rows(&mut self, sheet: &str, take: &mut TakeRows<'_>) -> Result<RowsEnd, Unreadable> {
        if sheet != self.corrections.sheet {
            return self.book.rows(sheet, take);
        }
        let corrections = &self.corrections;
        let wanted = corrections.rows();
        let (mut met, mut changed, mut failed) = (BTreeSet::new(), 0, None);
        let end = self.book.rows(sheet, &mut |grid| {
            met.extend(grid.rows().map(|row| row.number()).filter(|row| wanted.contains(row)));
            if !corrections.concern(&grid) {
                return take(grid);
            }
            match corrections.apply(&grid) {
                Ok((with, cells)) => {
                    changed += cells;
                    take(with)
                }
                Err(error) => {
                    failed = Some(error);
                    None
                }
            }
        })?;
        if let Some(error) = failed {
            return Err(self.wrong(error));
        }
        if end == RowsEnd::All {
            self.corrections.check_met(&met).map_err(|e| self.wrong(e))?;
            self.cells.store(changed, Ordering::Relaxed);
        }
        Ok(end)
    }
}

impl ReadList {
    /// Opens, proposes and reads without asking anybody.
    pub fn read(
        spreadsheets: &dyn Spreadsheets,
        path: &Path,
        mut choices: ListChoices,
        wanted: Wanted,
        jobs: usize,
        sha256: impl Fn(&Path) -> Result<Sha256, String>,
    ) -> Result<Self, WizardError> {
        let mut open = OpenList::open(spreadsheets, path, &choices, jobs, sha256)?;
        let layout = open.propose(&mut choices)?;
        let list = open.read(&layout, &choices.settle, wanted)?;
        Ok(Self { open, choices, layout, list })
    }

    /// Customers whose columns disagree about exemption.
    pub fn contradictions(&self) -> usize {
        self.list.summary.contradictions
    }

    /// The headers as the sheet has them.
    pub fn headers(&self) -> Vec<String> {
        let head = self.open.heads.iter().find(|grid| grid.sheet == self.layout.sheet);
        let row = head.and_then(|grid| grid.rows().find(|row| row.number() == self.layout.header_row));
        let width = self.layout.mapping.columns.values().map(|column| column.index + 1).max().unwrap_or(0);
        let row = row.unwrap_or_default();
        (0..row.len().max(width)).map(|index| row.get(index).text().to_owned()).collect()
    }

    /// The rows for the workbook of problems, as the sheet has them, and which of them go along without a problem of their own: those that
    /// the merchant corrected before, and those that have the same code as another row that differs.
    pub fn problem_rows(&mut self) -> Result<(Grid, BTreeSet<u32>), WizardError> {
        let mut carried = self.open.corrected_rows.clone();
        let wanted: HashSet<u32> = self.list.issues.iter().filter_map(|issue| issue.row).collect();
        let code = self.layout.mapping.get(Target::CustomerCode).map(|column| column.index);
        let conflicting = &self.list.conflicting;
        let codes: HashSet<&str> = conflicting.iter().map(|code| code.as_str()).collect();
        let twin = |row: Row<'_>| code.is_some_and(|index| codes.contains(row.get(index).text().trim()));
        let mut rows = Grid::new(self.layout.sheet.clone());
        let header_row = self.layout.header_row;
        self.open.each(&self.layout.sheet, |row| {
            if row.number() <= header_row {
                return;
            }
            let twin = !codes.is_empty() && twin(row);
            if twin {
                carried.insert(row.number());
            }
            if twin || wanted.contains(&row.number()) || carried.contains(&row.number()) {
                copy(row, &mut rows);
            }
        })?;
        Ok((rows, carried))
    }

    /// Where the columns are that issues name by header.
    pub fn columns_by_header(&self) -> BTreeMap<String, usize> {
        self.layout.mapping.columns.values().map(|column| (column.header.clone(), column.index)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_layers_win_and_columns_are_merged() {
        let mapping =
            json!({ "file": "erp.yaml", "text": "sheet: A\nheader_row: 2\ncolumns: { name: Firm, fax: Fax no }\noptional: [fax]\n" });
        let first = json!({ "customers": { "mapping": mapping, "sheet": "B", "columns": { "name": "Company", "city": "C" } } });
        let second = json!({ "customers": { "columns": { "fax": "Telefax" }, "contradictions": "as-taxable", "include_inactive": true } });
        let choices = ListChoices::from_supplied(&[&first, &second]).unwrap();
        assert_eq!((choices.wish.sheet.as_deref(), choices.wish.header_row), (Some("B"), Some(2)));
        let columns: Vec<(&str, &str)> = choices.wish.columns.iter().map(|(target, header)| (target.name(), header.as_str())).collect();
        assert_eq!(columns, [("name", "Company"), ("city", "C"), ("fax", "Telefax")]);
        // Named by hand it must be there.
        assert!(choices.optional.is_empty());
        assert_eq!(choices.settle, Settle { contradictions: SettleContradictions::AsTaxable, include_inactive: true, ..Settle::default() });
        let bad = json!({ "customers": { "columns": { "custmer_code": "A", "citi": "B" } } });
        let text = ListChoices::from_supplied(&[&bad]).unwrap_err().to_string();
        assert!(text.contains("`customer_code`") && text.contains("`city`"), "{text}");
    }
}
