//! What only a look at whole columns tells: how codes are written, how a flag column answers. Gathered while rows are read, so that a file
//! of any length is read once.

use super::catalogue::words;
use super::codes::{Habits, Style};
use super::exemption::{Flag, MOST_VALUES};
use super::text::fold;
use super::{Layout, Target};
use crate::domain::{Cell, Row};
use std::collections::BTreeSet;

/// The targets that speak of exemption, in the order in which they are looked at.
pub(super) const TAX_TARGETS: [Target; 7] = [
    Target::ExemptFlag,
    Target::TaxableFlag,
    Target::TaxCode,
    Target::EntityUseCode,
    Target::ExemptionReason,
    Target::ExemptionNumber,
    Target::TaxSchedule,
];

/// What the rows are read by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Facts {
    pub style: Style,
    /// By the place in [`TAX_TARGETS`]; only flags have one.
    pub flags: [Option<Flag>; 2],
    /// Whether a column of kinds (`C`, `S`, `L`) is one that tells customers from vendors.
    pub kinds_tell_customers: bool,
}

/// The distinct values of a column, folded.
#[derive(Debug, Clone, Default)]
struct Values {
    values: BTreeSet<String>,
    blanks: bool,
    /// What was looked at already, as written: most columns of flags have a handful of values.
    seen: Vec<Box<str>>,
}

impl Values {
    fn add(&mut self, cell: Cell<'_>) {
        let text = cell.text();
        if text.is_empty() {
            self.blanks = true;
            return;
        }
        if self.seen.iter().any(|seen| **seen == *text) {
            return;
        }
        if text.trim().is_empty() {
            self.blanks = true;
        } else {
            let marks = words().marks.contains(text.trim());
            self.insert(if marks { text.trim().to_owned() } else { fold(text) });
        }
        if self.seen.len() < 16 && text.len() <= 64 {
            self.seen.push(text.into());
        }
    }

    fn merge(&mut self, other: Self) {
        self.blanks |= other.blanks;
        other.values.into_iter().for_each(|value| self.insert(value));
    }

    /// Of too many values the first by the alphabet stay, so that it makes no difference in which pieces they came.
    fn insert(&mut self, value: String) {
        self.values.insert(value);
        if self.values.len() > MOST_VALUES + 1 {
            self.values.pop_last();
        }
    }
}

/// The facts of some rows; those of several pieces can be put together.
#[derive(Debug, Clone)]
pub(super) struct Gathered {
    code: Option<usize>,
    flags: [Option<usize>; 2],
    kind: Option<usize>,
    habits: Habits,
    values: [Values; 2],
    kinds: Values,
}

impl Gathered {
    pub(super) fn new(layout: &Layout) -> Self {
        let column = |target| layout.mapping.get(target).map(|column| column.index);
        Self {
            code: column(Target::CustomerCode),
            flags: [column(Target::ExemptFlag), column(Target::TaxableFlag)],
            kind: column(Target::CustomerType),
            habits: Habits::default(),
            values: Default::default(),
            kinds: Values::default(),
        }
    }

    pub(super) fn add(&mut self, row: Row<'_>) {
        if let Some(code) = self.code {
            self.habits.add(row.get(code).text());
        }
        for (column, values) in self.flags.iter().zip(&mut self.values) {
            if let Some(column) = column {
                values.add(row.get(*column));
            }
        }
        if let Some(kind) = self.kind {
            self.kinds.add(row.get(kind));
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.habits.merge(&other.habits);
        for (own, more) in self.values.iter_mut().zip(other.values) {
            own.merge(more);
        }
        self.kinds.merge(other.kinds);
    }

    pub(super) fn decide(&self) -> Facts {
        let flag = |at: usize| {
            let (values, _) = self.values.get(at).zip(self.flags.get(at).copied().flatten())?;
            Some(Flag::new(at == 0, &values.values, values.blanks))
        };
        Facts {
            style: self.habits.style(),
            flags: [flag(0), flag(1)],
            kinds_tell_customers: self.kinds.values.iter().any(|kind| matches!(kind.as_str(), "c" | "customer" | "ccustomer" | "client")),
        }
    }
}
