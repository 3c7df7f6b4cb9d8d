//! Which sheets are read, of formats whose sheets come one after the other, and how much they may hold together.

use super::{OpenOptions, SpreadsheetError, nearest};
use crate::domain::Grid;
use std::path::Path;

pub(super) struct Picked<'a> {
    path: &'a Path,
    options: &'a OpenOptions,
    names: Vec<String>,
    grids: Vec<Grid>,
    cells: usize,
    text: usize,
}

impl<'a> Picked<'a> {
    pub(super) fn new(path: &'a Path, options: &'a OpenOptions) -> Self {
        Self { path, options, names: Vec::new(), grids: Vec::new(), cells: 0, text: 0 }
    }

    /// Whether the next sheet is to be read.
    pub(super) fn wants(&mut self, name: &str) -> Result<bool, SpreadsheetError> {
        self.count(self.names.len())?;
        self.names.push(name.to_owned());
        Ok(self.options.sheet.as_ref().is_none_or(|wanted| same(wanted, name)))
    }

    /// Refuses more sheets than are read, given how many there are before the next.
    pub(super) fn count(&self, sheets: usize) -> Result<(), SpreadsheetError> {
        check_sheets(self.path, sheets + 1, self.options.limits.sheets)
    }

    /// How many cells the sheets to come may have.
    pub(super) fn cells_left(&self) -> usize {
        self.options.limits.cells.saturating_sub(self.cells)
    }

    pub(super) fn add(&mut self, grid: Grid) -> Result<(), SpreadsheetError> {
        self.cells = self.cells.saturating_add(grid.cell_count());
        self.text = self.text.saturating_add(grid.text_len());
        let limits = &self.options.limits;
        if self.cells > limits.cells {
            let what = format!("its sheets have more than {} cells", limits.cells);
            return Err(SpreadsheetError::TooBig { path: self.path.to_owned(), what });
        }
        if self.text > limits.text_bytes {
            let what = format!("its sheets have more than {} MB of text", limits.text_bytes >> 20);
            return Err(SpreadsheetError::TooBig { path: self.path.to_owned(), what });
        }
        self.grids.push(grid);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Vec<Grid>, SpreadsheetError> {
        let Some(wanted) = &self.options.sheet else { return Ok(self.grids) };
        let exact = self.grids.iter().position(|grid| grid.sheet == *wanted);
        match exact.or((!self.grids.is_empty()).then_some(0)) {
            Some(at) => Ok(vec![self.grids.swap_remove(at)]),
            None => Err(SpreadsheetError::UnknownSheet {
                path: self.path.to_owned(),
                wanted: wanted.clone(),
                nearest: nearest(wanted, self.names.iter().map(String::as_str)).map(str::to_owned),
                sheets: self.names,
            }),
        }
    }
}

/// Refuses a workbook of more sheets than are read: each costs time and memory, whatever is in it.
pub(super) fn check_sheets(path: &Path, sheets: usize, most: usize) -> Result<(), SpreadsheetError> {
    if sheets > most {
        return Err(SpreadsheetError::TooBig { path: path.to_owned(), what: format!("it has more than {most} sheets") });
    }
    Ok(())
}

fn same(wanted: &str, name: &str) -> bool {
    wanted == name || wanted.trim().to_lowercase() == name.trim().to_lowercase()
}
