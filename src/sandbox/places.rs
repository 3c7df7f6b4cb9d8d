//! Countries and regions in addresses.
//!
//! Owns: recognising the ways a country may be written. Must not touch: customers, HTTP.

use rusqlite::{Connection, OptionalExtension, params};

use super::errors::{ApiError, Code};

/// The two-letter code of a country given by code or name.
pub(super) fn country(connection: &Connection, text: &str) -> Result<String, ApiError> {
    let name = match text.to_ascii_uppercase().as_str() {
        "U.S." | "U.S.A." | "UNITED STATES OF AMERICA" => "US".to_owned(),
        other => other.to_owned(),
    };
    connection
        .prepare_cached("SELECT code FROM countries WHERE code = ?1 OR alpha3 = ?1 OR name = ?1 COLLATE NOCASE")?
        .query_row([name], |row| row.get(0))
        .optional()?
        .ok_or_else(|| ApiError::new(Code::INVALID_COUNTRY, format!("The country '{text}' is not known.")).at("country"))
}

/// The region's code, checked against the country's list where we have one.
pub(super) fn region(connection: &Connection, country: &str, text: Option<&str>) -> Result<Option<String>, ApiError> {
    let required: bool =
        connection.prepare_cached("SELECT requires_region FROM countries WHERE code = ?1")?.query_row([country], |row| row.get(0))?;
    let Some(text) = text else {
        return if required { Err(ApiError::required("region")) } else { Ok(None) };
    };
    let code = text.to_ascii_uppercase();
    let (listed, known): (bool, bool) = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM regions WHERE country = ?1),
                    EXISTS (SELECT 1 FROM regions WHERE country = ?1 AND code = ?2)",
        )?
        .query_row(params![country, code], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if listed && !known {
        return Err(ApiError::new(Code::INVALID_COUNTRY_REGION, format!("The region '{text}' is not known in the country '{country}'."))
            .at("region"));
    }
    Ok(Some(code))
}
