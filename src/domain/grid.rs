//! A table as a spreadsheet holds it, before anybody knows what its columns mean.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// One cell. Text stays text: nothing is turned into a number that was not stored as one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Cell {
    #[default]
    Empty,
    Text(String),
    /// A number as the file stores it, with the digits it stands for (`10233`, not `10233.0`).
    Number {
        value: f64,
        text: String,
    },
    Bool(bool),
    Date(DateTime),
    /// `#N/A` and the like.
    Error(String),
}

impl Cell {
    pub fn is_empty(&self) -> bool {
        match self {
            Cell::Empty => true,
            Cell::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }
}

/// One sheet (or the whole of a CSV file).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    pub sheet: String,
    /// Rows from the top of the sheet; rows may have different lengths.
    pub rows: Vec<Vec<Cell>>,
    /// The 1-based number of `rows[0]` in the file.
    pub first_row: u32,
}
