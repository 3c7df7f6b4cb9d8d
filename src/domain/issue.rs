//! A problem in the merchant's data, told so that the merchant can mend it.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The row can't be used.
    Error,
    /// The row is used, but somebody should look.
    Warning,
    /// The row was repaired, and this says how.
    Repaired,
}

/// What kind of problem; the wire name is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssueKind {
    MissingCode,
    BadCode,
    CodeLooksAltered,
    DuplicateCode,
    DuplicateRow,
    /// Codes that differ only in capitals or blanks.
    NearDuplicate,
    /// The name and address of another customer.
    LikelyDuplicate,
    /// A code with letters that other programs may change.
    OddCode,
    MissingName,
    MissingAddress,
    BadRegion,
    BadPostalCode,
    BadCountry,
    BadEmail,
    BadExemption,
    Contradiction,
    TooLong,
    ControlCharacters,
    Inactive,
    Unreadable,
}

/// One problem, with the place where it stands and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Issue {
    pub kind: IssueKind,
    pub severity: Severity,
    /// 1-based row of the sheet; `None` when it concerns the whole file.
    pub row: Option<u32>,
    /// The header of the column.
    pub column: Option<String>,
    /// The cell's value as read.
    pub value: Option<String>,
    pub message: String,
    pub suggestion: Option<String>,
}
