//! Rows to customers. Every row ends as a customer, a named issue, or a count: nothing is lost silently, and nothing panics.

use super::pass::{Finished, Reading};
use super::{Layout, Summary};
use crate::domain::{Customer, CustomerCode, ExemptStatus, Grid, Issue, IssueKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What to make of a customer whose columns contradict each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettleContradictions {
    /// As the most explicit column says: the flag, then the tax code.
    #[default]
    ByFlag,
    AsExempt,
    AsTaxable,
}

/// What the user settled about the data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settle {
    pub contradictions: SettleContradictions,
    /// Take in customers that the ERP marks as inactive.
    pub include_inactive: bool,
    /// What the merchant's own codes in columns of flags, tax codes and the like mean, such as `b` for exempt; keys as [`Settle::value_key`]
    /// gives them.
    #[serde(default)]
    pub values: BTreeMap<String, ExemptStatus>,
}

impl Settle {
    /// The form in which values are compared: signs count, capitals and blanks at the ends don't.
    pub fn value_key(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
    }

    /// What a value was settled to mean.
    pub fn value(&self, text: &str) -> Option<ExemptStatus> {
        if self.values.is_empty() || text.trim().is_empty() {
            return None;
        }
        self.values.get(&Self::value_key(text)).copied()
    }
}

/// A row that is a customer but can't be sent to the service as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    pub row: u32,
    pub code: Option<String>,
    pub name: Option<String>,
    pub exempt: bool,
    pub why: Vec<IssueKind>,
}

/// What the spreadsheet says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerList {
    /// Usable customers, in the order of the file, one per code. Empty where only the counts were asked for ([`Reading::survey`]).
    pub customers: Vec<Customer>,
    pub issues: Vec<Issue>,
    pub rejected: Vec<Rejected>,
    /// Codes that stand in several rows which differ; the first row was taken, and a person must look.
    pub conflicting: BTreeSet<CustomerCode>,
    pub summary: Summary,
    pub layout: Layout,
}

/// Reads the customers of the sheet that the layout names. Any content gives a value; what is wrong is in `issues`.
pub fn read(grids: &[Grid], layout: &Layout, settle: &Settle) -> CustomerList {
    let none = Grid::default();
    let grid = grids.iter().find(|grid| grid.sheet == layout.sheet).unwrap_or(&none);
    let mut reading = Reading::new(layout, settle, grid);
    loop {
        let piece = reading.piece(grid);
        match reading.finish(vec![piece]) {
            Finished::Done(list) => return *list,
            Finished::Again(better) => reading = *better,
        }
    }
}
