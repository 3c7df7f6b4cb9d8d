//! XML piece by piece, for the formats that are XML. Entities of the document's own are refused, so nothing in it can multiply.

use super::bounded::{Bounded, Since, is_endless};
use super::{Limits, SpreadsheetError};
use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;
use std::io::{BufReader, Read};
use std::path::Path;

/// No spreadsheet program nests deeper than some twenty.
const DEEPEST: usize = 256;

pub(super) struct Xml<'p, R: Read> {
    path: &'p Path,
    reader: Reader<BufReader<Bounded<R>>>,
    since: Since,
    buffer: Vec<u8>,
    depth: usize,
    row_bytes: u64,
}

impl<'p, R: Read> Xml<'p, R> {
    /// Reads UTF-8.
    pub(super) fn new(path: &'p Path, input: R, limits: &Limits) -> Self {
        let (bounded, since) = Bounded::new(input, limits.row_bytes);
        let mut reader = Reader::from_reader(BufReader::with_capacity(1 << 16, bounded));
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        // Exports written by hand forget to escape `&`.
        config.allow_dangling_amp = true;
        Self { path, reader, since, buffer: Vec::new(), depth: 0, row_bytes: limits.row_bytes }
    }

    pub(super) fn damaged(&self, reason: impl std::fmt::Display) -> SpreadsheetError {
        SpreadsheetError::Damaged { path: self.path.to_owned(), reason: SpreadsheetError::one_line(reason) }
    }

    fn too_long(&self) -> SpreadsheetError {
        SpreadsheetError::TooBig { path: self.path.to_owned(), what: format!("one value is longer than {} MB", self.row_bytes >> 20) }
    }

    /// How many elements are open, after the last event.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// The next event; `Eof` only where every element was closed.
    pub(super) fn next(&mut self) -> Result<Event<'_>, SpreadsheetError> {
        self.since.reset();
        self.buffer.clear();
        // A value that was long once must not keep its room for good.
        self.buffer.shrink_to(1 << 20);
        let path = self.path;
        let damaged = |reason: String| SpreadsheetError::Damaged { path: path.to_owned(), reason };
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => {
                match &event {
                    Event::Start(_) => self.depth += 1,
                    Event::End(_) => self.depth = self.depth.saturating_sub(1),
                    Event::DocType(text) if text.contains("<!ENTITY") => {
                        return Err(damaged("it declares XML entities, which no spreadsheet program writes".to_owned()));
                    }
                    Event::Eof if self.depth > 0 => return Err(damaged("it ends in the middle".to_owned())),
                    _ => {}
                }
                if self.depth > DEEPEST {
                    return Err(damaged(format!("its XML is nested more than {DEEPEST} deep")));
                }
                Ok(event)
            }
            Err(quick_xml::Error::Io(error)) if is_endless(&error) => Err(SpreadsheetError::TooBig {
                path: path.to_owned(),
                what: format!("one value is longer than {} MB", self.row_bytes >> 20),
            }),
            Err(error) => Err(damaged(SpreadsheetError::one_line(error))),
        }
    }

    /// Passes over everything up to the end of the element that was begun last.
    pub(super) fn skip(&mut self) -> Result<(), SpreadsheetError> {
        let inside = self.depth;
        while self.depth >= inside {
            // `Eof` in here is an error of `next`.
            self.next()?;
        }
        Ok(())
    }

    /// Refuses a text that was put together from many events and became too long.
    pub(super) fn check(&self, text: &str) -> Result<(), SpreadsheetError> {
        if text.len() as u64 > self.row_bytes { Err(self.too_long()) } else { Ok(()) }
    }
}

/// Adds what an event says as text.
pub(super) fn add_text(event: &Event<'_>, text: &mut String) {
    match event {
        Event::Text(part) => text.push_str(&part.xml10_content()),
        Event::CData(part) => text.push_str(&part.xml10_content()),
        Event::GeneralRef(name) => match (resolve_predefined_entity(name), name.resolve_char_ref()) {
            (Some(known), _) => text.push_str(known),
            (None, Ok(Some(letter))) => text.push(letter),
            _ if &**name == "nbsp" => text.push(' '),
            _ => {
                text.push('&');
                text.push_str(name);
                text.push(';');
            }
        },
        _ => {}
    }
}

/// An attribute's value by its name without the prefix.
pub(super) fn attribute<'e>(element: &'e BytesStart<'_>, name: &str) -> Option<Cow<'e, str>> {
    let found = element.attributes().with_checks(false).flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let plain = match unescape(&found.value) {
        Ok(Cow::Owned(text)) => Some(text),
        // Nothing to resolve, or something that can't be.
        _ => None,
    };
    Some(plain.map_or(found.value, Cow::Owned))
}

/// An attribute that counts or numbers something.
pub(super) fn number(element: &BytesStart<'_>, name: &str) -> Option<u32> {
    attribute(element, name)?.trim().parse().ok()
}

/// A number as a spreadsheet stores it, in the digits it stands for: `10233` for `10233.0` or `1.0233E4`. `None` for what is no number.
pub(super) fn digits(stored: &str) -> Option<String> {
    let stored = stored.trim();
    let plain = stored.len() <= 15 && !stored.is_empty() && stored.bytes().all(|b| b.is_ascii_digit());
    if plain && (stored == "0" || !stored.starts_with('0')) {
        return Some(stored.to_owned());
    }
    let value: f64 = stored.parse().ok()?;
    value.is_finite().then(|| if value == 0.0 { "0".to_owned() } else { value.to_string() })
}

/// A date as XML formats store it, without what adds nothing: `2011-03-14` for `2011-03-14T00:00:00.000`.
pub(super) fn date(stored: &str) -> &str {
    let stored = stored.trim();
    let (day, time) = stored.split_once('T').unwrap_or((stored, ""));
    let time = time.trim_end_matches('Z').split('.').next().unwrap_or_default();
    if time.bytes().all(|b| matches!(b, b'0' | b':')) { day } else { stored.get(..day.len() + 1 + time.len()).unwrap_or(stored) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_are_what_they_stand_for() {
        for (stored, shown) in
            [("10233", "10233"), ("10233.0", "10233"), ("1.0233E4", "10233"), ("-0", "0"), ("4200.5", "4200.5"), ("007", "7"), (" 5 ", "5")]
        {
            assert_eq!(digits(stored).as_deref(), Some(shown));
        }
        for none in ["", "abc", "NaN", "inf", "1,5"] {
            assert_eq!(digits(none), None);
        }
        assert_eq!(date("2011-03-14T00:00:00.000"), "2011-03-14");
        assert_eq!(date("2011-03-14"), "2011-03-14");
        assert_eq!(date("2011-03-14T09:30:00.000"), "2011-03-14T09:30:00");
        assert_eq!(date("Té"), "Té");
    }

    #[test]
    fn what_could_multiply_or_never_end_is_refused() {
        let run = |text: &str, most: u64| -> Result<String, SpreadsheetError> {
            let limits = Limits { row_bytes: most, ..Limits::default() };
            let mut xml = Xml::new(Path::new("x"), text.as_bytes(), &limits);
            let mut said = String::new();
            loop {
                let event = xml.next()?;
                if matches!(event, Event::Eof) {
                    return Ok(said);
                }
                add_text(&event, &mut said);
            }
        };
        assert_eq!(run("<a>x &amp; y&#65;&nbsp;&odd; & z<![CDATA[<]]></a>", 1000).unwrap(), "x & yA &odd; & z<");
        assert!(matches!(run("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", 1000), Err(SpreadsheetError::Damaged { .. })));
        assert!(matches!(run("<a><b>", 1000), Err(SpreadsheetError::Damaged { .. })));
        assert!(matches!(run(&"<a>".repeat(1000), 1000), Err(SpreadsheetError::Damaged { .. })));
        assert!(matches!(run(&format!("<a>{}</a>", "x".repeat(1 << 20)), 1000), Err(SpreadsheetError::TooBig { .. })));
        assert!(matches!(run(&format!("<a {}", "x".repeat(1 << 20)), 1000), Err(SpreadsheetError::TooBig { .. })));
    }
}
