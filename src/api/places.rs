//! Countries and regions as the services write them.

use crate::domain::{Country, Region};

/// Avalara returns two letters; the other spellings are those its own documentation allows on input. ISO 3166-1 leaves `ZZ` to its users: a record without
/// a readable country differs from every real one.
pub(super) fn country(text: Option<&str>) -> Country {
    let unknown = || Country::from_code("ZZ").unwrap_or(Country::US);
    let Some(text) = text else { return unknown() };
    match text.trim().to_ascii_uppercase().as_str() {
        "USA" | "UNITED STATES" | "UNITED STATES OF AMERICA" => Country::US,
        "CAN" | "CANADA" => Country::CA,
        _ => Country::from_code(text).unwrap_or_else(unknown),
    }
}

/// By its letters or its full name.
pub(super) fn region(text: &str) -> Option<Region> {
    Region::us_state_by_name(text).or_else(|| Region::ca_province_by_name(text)).or_else(|| Region::from_code(text))
}
