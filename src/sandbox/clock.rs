//! The two clocks: the moment of a change, and the day that decides about expiry.
//!
//! Owns: how moments and days are written. Must not touch: the store.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Fixed width, so that text order is time order in the store.
const MOMENT: &str = "%Y-%m-%dT%H:%M:%S.%6f+00:00";

pub(super) fn now() -> String {
    moment(Timestamp::now())
}

pub(super) fn moment(timestamp: Timestamp) -> String {
    timestamp.to_zoned(TimeZone::UTC).strftime(MOMENT).to_string()
}

/// The fixed day if the options give one, else the system's day in UTC.
pub(super) fn today(fixed: Option<Date>) -> Date {
    fixed.unwrap_or_else(|| Timestamp::now().to_zoned(TimeZone::UTC).date())
}

/// A calendar day. A date with a time is cut to its day, as the service does with date fields.
pub(super) fn parse_day(text: &str) -> Option<Date> {
    // Other spellings (20260314, week dates) are refused: the service documents YYYY-MM-DD.
    let day = text.get(..10)?;
    let shaped = day.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    let rest = &text[10..];
    if !shaped || !(rest.is_empty() || rest.starts_with('T')) {
        return None;
    }
    if !rest.is_empty() {
        parse_moment(text)?;
    }
    day.parse().ok()
}

/// A moment with or without a zone; without one it is read as UTC. A bare day is its midnight.
pub(super) fn parse_moment(text: &str) -> Option<Timestamp> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp);
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|z| z.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_sort_as_text() {
        let early = moment(Timestamp::from_second(5).expect("in range"));
        let late = moment(Timestamp::from_second(1_800_000_000).expect("in range"));
        assert!(early < late);
        assert_eq!(early, "1970-01-01T00:00:05.000000+00:00");
    }

    #[test]
    fn days_are_read_strictly() {
        assert!(parse_day("2026-03-14").is_some());
        assert!(parse_day("2026-03-14T10:00:00Z").is_some());
        assert!(parse_day("9999-12-31").is_some());
        for bad in ["", "2026-3-14", "03/14/2026", "2026-02-30", "2026-03-14 x", "20260314", "2026-03-1é"] {
            assert!(parse_day(bad).is_none(), "{bad}");
        }
    }
}
