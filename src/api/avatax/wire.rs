//! What all resources' wire types share.
//!
//! Owns: tolerant readers (an unknown key, a number for a text or an odd date never breaks a list), `$filter` words, the page envelope.
//! Must not touch: the network.
//! Called by: the resources of `api::avatax`.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A text or number as text; `None` for what is neither, or blank.
pub(super) fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A number, or a text that is one.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The day of `2026-11-20`, `2026-11-20T10:00:00` or `2026-11-20T10:00:00Z`. .NET's empty date, `0001-01-01`, is none.
pub(super) fn day(text: &str) -> Option<Date> {
    text.trim().get(..10)?.parse::<Date>().ok().filter(|date| date.year() > 1)
}

pub(super) fn de_text<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    Ok(plain_text(&Value::deserialize(d)?))
}

pub(super) fn de_integer<'de, D: Deserializer<'de>>(d: D) -> Result<Option<i64>, D::Error> {
    Ok(integer(&Value::deserialize(d)?))
}

pub(super) fn de_flag<'de, D: Deserializer<'de>>(d: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(d)? {
        Value::Bool(flag) => Some(flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    })
}

pub(super) fn de_day<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Date>, D::Error> {
    Ok(Value::deserialize(d)?.as_str().and_then(day))
}

/// `{"name": …}`, the way zones and reasons are named in what we send (developer guide, test case 8.2.5).
#[derive(Serialize)]
pub(super) struct Named<'a> {
    pub name: &'a str,
}

/// `field eq 'value'` with quotes in the value doubled (AvaTax developer guide, “Filtering in REST”).
pub(super) fn equals(field: &str, value: &str) -> String {
    format!("{field} eq '{}'", value.replace('\'', "''"))
}

/// `field ge 'day'`, from the day before on: the service's days may begin at another hour than ours. The caller looks more closely.
pub(super) fn since(field: &str, day: Date) -> String {
    format!("{field} ge '{}'", day.yesterday().unwrap_or(day))
}

/// `FetchResult`: one page of a list.
#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub(super) struct Page<T> {
    #[serde(rename = "@recordsetCount", default, deserialize_with = "de_integer")]
    pub count: Option<i64>,
    #[serde(default)]
    pub value: Option<Vec<T>>,
    #[serde(rename = "@nextLink", default, deserialize_with = "de_text")]
    pub next: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_in_every_spelling() {
        for text in ["2026-11-20", "2026-11-20T10:00:00", "2026-11-20T23:59:59.123Z", " 2026-11-20 10:00:00"] {
            assert_eq!(day(text), Some(jiff::civil::date(2026, 11, 20)), "{text}");
        }
        for text in ["", "0001-01-01T00:00:00", "20.11.2026", "2026-13-01", "ÄÖÜÄÖÜ"] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn filter_words() {
        assert_eq!(equals("customerCode", "O'Neil"), "customerCode eq 'O''Neil'");
        assert_eq!(since("createdDate", jiff::civil::date(2026, 3, 1)), "createdDate ge '2026-02-28'");
    }
}
