//! Reads a date in any of the ways Americans write one.
//!
//! Owns: date formats and OCR repair inside them. Must not touch: pages, today. Called by: `places`, `read`.

use jiff::civil::Date;
use regex::Regex;
use std::sync::LazyLock;

// The patterns are constants; the tests below compile them.
static NUMERIC: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^0-9A-Za-z/\-.])([0-9OoIlSZ|]{1,2})\s?[/\-.–\\]\s?([0-9OoIlSZ|]{1,2})\s?[/\-.–\\]\s?([0-9OoIlSZ|]{4}|[0-9OoIlSZ|]{2})(?:$|[^0-9A-Za-z/\-])").ok()
});
static ISO: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[^0-9])([12][0-9O]{3})\s?[/\-.]\s?([0-9O]{1,2})\s?[/\-.]\s?([0-9O]{1,2})(?:$|[^0-9])").ok());
static MONTH_FIRST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b([a-z]{3,9})\.?\s*([0-9OoIl]{1,2})(?:st|nd|rd|th)?(?:\s*[,.:;]\s*|\s+)([12][0-9Oo]{3}|'?[0-9]{2})\b").ok()
});
static DAY_FIRST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b([0-9]{1,2})(?:st|nd|rd|th)?[\s\-]*(?:day of\s+)?([a-z]{3,9})[.,\-]?\s*([12][0-9Oo]{3}|[0-9]{2})\b").ok()
});

fn number(text: &str) -> Option<i16> {
    text.chars().filter(|c| *c != '\'').map(super::address::digit_for).collect::<String>().parse().ok()
}

/// Whether a word is a month's name or its usual short form.
pub fn is_month(word: &str) -> bool {
    month(word.trim_matches(|c: char| !c.is_alphabetic())).is_some()
}

fn month(name: &str) -> Option<i8> {
    const MONTHS: [&str; 12] =
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
    let name = name.to_lowercase();
    if name.len() < 3 {
        return None;
    }
    let exact = MONTHS.iter().position(|m| m.starts_with(&name) || name == "sept" && *m == "september");
    let near = || MONTHS.iter().position(|m| name.len() > 4 && super::text::alike(m, &name, 0.75) > 0.0);
    exact.or_else(near).map(|i| i as i8 + 1)
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    // Two digits: certificates of the eighties and nineties are still sent in; dates of the eighties to come are not written yet.
    let year = match year {
        0..80 => 2000 + year,
        80..100 => 1900 + year,
        _ => year,
    };
    let sane = (1980..2100).contains(&year);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().filter(|_| sane)
}

/// The first date in a text. US order (month first) unless only day first makes a date. Blanks that recognition put inside a date written in
/// digits (`06/2 7/2026`) are closed where nothing else makes one.
pub fn find(text: &str) -> Option<Date> {
    // Dashes of every length, and what is read twice where one stands.
    let mut dashed = String::with_capacity(text.len());
    for sign in text.chars().map(|c| if matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}') { '-' } else { c }) {
        if !(sign == '-' && dashed.ends_with('-')) {
            dashed.push(sign);
        }
    }
    let text = dashed.as_str();
    as_written(text).or_else(|| {
        let signs: Vec<char> = text.chars().collect();
        let inside = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_digit() || matches!(c, '/' | '-' | '.'));
        let kept = |at: usize| signs[at] != ' ' || !(at > 0 && inside(signs.get(at - 1)) && inside(signs.get(at + 1)));
        let closed: String = (0..signs.len()).filter(|&at| kept(at)).map(|at| signs[at]).collect();
        (closed.len() < text.len()).then(|| as_written(&closed)).flatten()
    })
}

fn as_written(text: &str) -> Option<Date> {
    let groups = |pattern: &LazyLock<Option<Regex>>| {
        let found = pattern.as_ref()?.captures(text)?;
        Some([1, 2, 3].map(|i| found.get(i).map_or("", |m| m.as_str()).to_owned()))
    };
    if let Some([y, m, d]) = groups(&ISO)
        && let Some(found) = number(&y).zip(number(&m)).zip(number(&d)).and_then(|((y, m), d)| date(y, m, d))
    {
        return Some(found);
    }
    if let Some([a, b, y]) = groups(&NUMERIC)
        && let Some(((a, b), y)) = number(&a).zip(number(&b)).zip(number(&y))
        && let Some(found) = date(y, a, b).or_else(|| date(y, b, a))
    {
        return Some(found);
    }
    if let Some([m, d, y]) = groups(&MONTH_FIRST)
        && let Some(found) = month(&m).zip(number(&d)).zip(number(&y)).and_then(|((m, d), y)| date(y, m.into(), d))
    {
        return Some(found);
    }
    let [d, m, y] = groups(&DAY_FIRST)?;
    month(&m).zip(number(&d)).zip(number(&y)).and_then(|((m, d), y)| date(y, m.into(), d))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as day;

    #[test]
    fn american_dates_in_all_styles() {
        let want = Some(day(2026, 7, 4));
        for text in [
            "7/4/2026",
            "07/04/26",
            "07-04-2026",
            "7.4.26",
            "July 4, 2026",
            "Jul. 4 2026",
            "July. 4: 2026",
            "07/0 4/2026",
            "0 7/04/2026",
            "JULY 4,2026",
            "4 July 2026",
            "2026-07-04",
            "Date: 07/O4/2026",
            "07 / 04 / 2026",
            "4th day of July, 2026",
            "(7/4/26)",
        ] {
            assert_eq!(find(text), want, "{text}");
        }
        assert_eq!(find("25/12/2025"), Some(day(2025, 12, 25)));
        assert_eq!(find("This Certificate Expires on December 31, 2026"), Some(day(2026, 12, 31)));
    }

    #[test]
    fn what_is_no_date_gives_none() {
        for text in
            ["", "13/45/2026", "123-456-789/000", "(555) 010-0199", "Rev. 8/16", "12-3456789", "55-6094176100-3", "Jane Doe", "4/13/8"]
        {
            assert_eq!(find(text), None, "{text}");
        }
        assert!(NUMERIC.is_some() && ISO.is_some() && MONTH_FIRST.is_some() && DAY_FIRST.is_some());
    }
}
