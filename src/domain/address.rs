//! Postal addresses.

use super::{Country, Region};
use serde::{Deserialize, Serialize};

/// A mailing address. `region` may be missing only outside the US and Canada.
///
/// Lengths are those of the Essentials import template: lines and city 50 characters, region 3, postal code 10 (the AvaTax address model
/// allows a city of 50 and a postal code of 11).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address {
    pub line1: String,
    pub line2: Option<String>,
    pub city: String,
    pub region: Option<Region>,
    pub postal_code: String,
    pub country: Country,
}

impl Address {
    /// `12 Mill Rd, Dayton OH 45402`, for one line of a table.
    pub fn one_line(&self) -> String {
        let region = self.region.as_ref().map_or("", Region::code);
        format!("{}, {} {} {}", self.line1, self.city, region, self.postal_code)
    }
}
