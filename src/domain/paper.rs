//! What stands on a paper, before any rule is asked.

use super::{Fields, FormGuess, PageView, Region, Signature, StateClaim};
use serde::{Deserialize, Serialize};

/// The values of a paper, and what about them the rules need to know.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    pub fields: Fields,
    pub states: Vec<StateClaim>,
    pub signature: Option<Signature>,
    /// The merchant's name stands somewhere on the paper.
    pub merchant_seen: bool,
    /// Numbers in a state table whose state could not be told.
    pub lost_numbers: Vec<String>,
    /// Rows of a state table that say something other than a number.
    pub disclaimers: Vec<(Region, String)>,
    /// How many digits the blank for the number says it wants.
    pub digits_asked: Option<usize>,
    /// Every reason that is ticked.
    pub reasons: Vec<String>,
}

/// What stands on one paper, before any rule is asked. It follows from the file's bytes, from what persons said of how they are to be read and from
/// the merchant's name alone; not from the day, the file's name or the customers. So it can be read elsewhere, or earlier, and kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paper {
    /// First and last page, 1-based in the file.
    pub pages: [u32; 2],
    /// `None`: nothing says that it is a certificate.
    pub form: Option<FormGuess>,
    /// The form is one of the catalogue.
    pub listed: bool,
    pub reading: Reading,
    /// See [`super::Document::mentions`].
    pub mentions: Vec<String>,
    pub views: Vec<PageView>,
    /// There is something on its pages, and no word of it could be read.
    pub wordless: bool,
}
