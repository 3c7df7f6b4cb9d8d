//! Countries and the states and provinces that tax law knows.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An ISO 3166-1 country, two capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

impl Country {
    pub const US: Country = Country(*b"US");
    pub const CA: Country = Country(*b"CA");

    /// Two letters in either case; `None` for anything else. Names are the business of whoever reads a spreadsheet.
    pub fn from_code(text: &str) -> Option<Self> {
        match text.trim().as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => Some(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()])),
            _ => None,
        }
    }

    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }
}

impl TryFrom<String> for Country {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_code(&text).ok_or_else(|| format!("`{text}` is no two-letter country code"))
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.code().to_owned()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A state, province or other region of a country, by its ISO 3166-2 suffix of at most three characters (`TX`, `ON`, `NSW`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region {
    /// Capital letters and digits; blanks behind a shorter code.
    code: [u8; 3],
}

impl Region {
    /// A region by its code, in either case. One to three letters or digits.
    pub fn from_code(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        fits.then(|| Self::known(text))
    }

    /// A code that is known to be one.
    fn known(text: &str) -> Self {
        let mut code = [b' '; 3];
        code.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from.to_ascii_uppercase());
        Self { code }
    }

    /// A US state, DC or territory by its postal code.
    pub fn us_state(text: &str) -> Option<Self> {
        Self::from_code(text).filter(Self::is_us_state)
    }

    /// A US state (or DC, or a territory) by its full name, in any case: `West Virginia`.
    pub fn us_state_by_name(name: &str) -> Option<Self> {
        let wanted = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let found = US_STATES.iter().find(|(_, full)| full.eq_ignore_ascii_case(&wanted));
        found.map(|(code, _)| Self::known(code))
    }

    /// A Canadian province or territory by its full name, in any case.
    pub fn ca_province_by_name(name: &str) -> Option<Self> {
        let found = CA_PROVINCES.iter().find(|(_, full)| full.eq_ignore_ascii_case(name.trim()));
        found.map(|(code, _)| Self::known(code))
    }

    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or("???").trim_end()
    }

    pub fn is_us_state(&self) -> bool {
        US_STATES.iter().any(|(code, _)| *code == self.code())
    }

    pub fn is_ca_province(&self) -> bool {
        CA_PROVINCES.iter().any(|(code, _)| *code == self.code())
    }

    /// The full English name, where the region is of the US or Canada; else the code.
    pub fn name(&self) -> &str {
        let known = US_STATES.iter().chain(CA_PROVINCES).find(|(code, _)| *code == self.code());
        known.map_or(self.code(), |(_, name)| name)
    }

    /// Every US state, DC and territory as code and name.
    pub fn us_states() -> impl Iterator<Item = (Region, &'static str)> {
        US_STATES.iter().map(|(code, name)| (Region::known(code), *name))
    }

    /// Every Canadian province and territory as code and name.
    pub fn ca_provinces() -> impl Iterator<Item = (Region, &'static str)> {
        CA_PROVINCES.iter().map(|(code, name)| (Region::known(code), *name))
    }
}

impl TryFrom<String> for Region {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_code(&text).ok_or_else(|| format!("`{text}` is no region code"))
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.code().to_owned()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({})", self.code())
    }
}

/// USPS Publication 28, appendix B (states and possessions).
const US_STATES: &[(&str, &str)] = &[
    ("AL", "Alabama"),
    ("AK", "Alaska"),
    ("AZ", "Arizona"),
    ("AR", "Arkansas"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("DE", "Delaware"),
    ("DC", "District of Columbia"),
    ("FL", "Florida"),
    ("GA", "Georgia"),
    ("HI", "Hawaii"),
    ("ID", "Idaho"),
    ("IL", "Illinois"),
    ("IN", "Indiana"),
    ("IA", "Iowa"),
    ("KS", "Kansas"),
    ("KY", "Kentucky"),
    ("LA", "Louisiana"),
    ("ME", "Maine"),
    ("MD", "Maryland"),
    ("MA", "Massachusetts"),
    ("MI", "Michigan"),
    ("MN", "Minnesota"),
    ("MS", "Mississippi"),
    ("MO", "Missouri"),
    ("MT", "Montana"),
    ("NE", "Nebraska"),
    ("NV", "Nevada"),
    ("NH", "New Hampshire"),
    ("NJ", "New Jersey"),
    ("NM", "New Mexico"),
    ("NY", "New York"),
    ("NC", "North Carolina"),
    ("ND", "North Dakota"),
    ("OH", "Ohio"),
    ("OK", "Oklahoma"),
    ("OR", "Oregon"),
    ("PA", "Pennsylvania"),
    ("RI", "Rhode Island"),
    ("SC", "South Carolina"),
    ("SD", "South Dakota"),
    ("TN", "Tennessee"),
    ("TX", "Texas"),
    ("UT", "Utah"),
    ("VT", "Vermont"),
    ("VA", "Virginia"),
    ("WA", "Washington"),
    ("WV", "West Virginia"),
    ("WI", "Wisconsin"),
    ("WY", "Wyoming"),
    ("PR", "Puerto Rico"),
    ("GU", "Guam"),
    ("VI", "Virgin Islands"),
    ("AS", "American Samoa"),
    ("MP", "Northern Mariana Islands"),
];

/// Canada Post's addressing guidelines.
const CA_PROVINCES: &[(&str, &str)] = &[
    ("AB", "Alberta"),
    ("BC", "British Columbia"),
    ("MB", "Manitoba"),
    ("NB", "New Brunswick"),
    ("NL", "Newfoundland and Labrador"),
    ("NS", "Nova Scotia"),
    ("NT", "Northwest Territories"),
    ("NU", "Nunavut"),
    ("ON", "Ontario"),
    ("PE", "Prince Edward Island"),
    ("QC", "Quebec"),
    ("SK", "Saskatchewan"),
    ("YT", "Yukon"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_by_code_and_name() {
        assert_eq!(Region::us_state(" tx ").unwrap().name(), "Texas");
        assert_eq!(Region::us_state_by_name("west  virginia").unwrap().code(), "WV");
        assert!(Region::us_state("ON").is_none());
        assert!(Region::ca_province_by_name("ontario").unwrap().is_ca_province());
        assert!(Region::from_code("TEXAS").is_none());
        assert_eq!(Region::us_states().count(), 56);
    }
}
