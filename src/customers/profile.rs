//! What the values of a column look like, from a sample of its rows.

use super::catalogue::words;
use super::exemption::MOST_VALUES;
use super::places;
use super::text::fold;
use crate::domain::{Cell, Row};
use std::collections::{BTreeSet, HashSet};

/// Shares are of the values that are there, from 0 to 1.
#[derive(Debug, Clone, Default)]
pub(super) struct Profile {
    pub rows: usize,
    pub filled: usize,
    pub distinct: usize,
    pub email: f32,
    pub zip: f32,
    /// ZIP codes of full length.
    pub full_zip: f32,
    /// `Dayton, OH`
    pub city_region: f32,
    pub state: f32,
    pub country: f32,
    pub phone: f32,
    pub flag: f32,
    pub date: f32,
    pub street: f32,
    pub number: f32,
    pub letters: f32,
    /// Mostly letters, digits allowed.
    pub wordy: f32,
    /// `Dayton, OH 45402`
    pub city_state: f32,
    /// Values with a blank inside.
    pub spaced: f32,
    /// Keys that a program made up, such as GUIDs.
    pub opaque: f32,
    /// `10233 Blue Ridge Supply`
    pub coded: f32,
    /// How many codes there are in those.
    pub codes: usize,
    /// The distinct values, folded, up to [`MOST_VALUES`] and a few more.
    pub values: BTreeSet<String>,
    /// The same as written, but for capitals and blanks.
    pub written: BTreeSet<String>,
}

#[derive(Default)]
struct Counts {
    spaced: usize,
    values: BTreeSet<String>,
    written: BTreeSet<String>,
    rows: usize,
    filled: usize,
    seen: HashSet<u64>,
    email: usize,
    zip: usize,
    full_zip: usize,
    city_region: usize,
    state: usize,
    country: usize,
    phone: usize,
    flag: usize,
    date: usize,
    street: usize,
    number: usize,
    letters: usize,
    wordy: usize,
    city_state: usize,
    opaque: usize,
    coded: usize,
    codes: HashSet<u64>,
}

/// Profiles of all columns from up to a thousand rows spread over the sheet.
pub(super) fn profiles<'a>(rows: impl Iterator<Item = Row<'a>>, width: usize) -> Vec<Profile> {
    let mut counts: Vec<Counts> = (0..width).map(|_| Counts::default()).collect();
    for row in rows {
        for (index, count) in counts.iter_mut().enumerate() {
            count.rows += 1;
            count.add(row.get(index));
        }
    }
    counts.into_iter().map(Counts::finish).collect()
}

pub(super) fn looks_like_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !text.contains(' '))
}

/// A key made by a program: a GUID, a record id of a cloud system, an export's reference. Nobody prints such a thing on an invoice.
fn opaque(text: &str) -> bool {
    if text.len() < 15 || text.len() > 80 || text.contains([' ', '@']) {
        return false;
    }
    let count = |fits: fn(&u8) -> bool| text.bytes().filter(fits).count();
    let (digits, small, capitals) = (count(u8::is_ascii_digit), count(u8::is_ascii_lowercase), count(u8::is_ascii_uppercase));
    let guid = text.len() >= 32 && text.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b'-' | b'{' | b'}')) && small + capitals > 0;
    let mixed = matches!(text.len(), 15 | 18) && digits > 0 && small > 0 && capitals > 0 && digits + small + capitals == text.len();
    let hex = text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit()) && small > 0 && digits > 0;
    guid || mixed || hex || text.starts_with("__export__.") || text.starts_with("gid://")
}

impl Counts {
    fn add(&mut self, cell: Cell<'_>) {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let text = cell.text().trim();
        if text.is_empty() {
            return;
        }
        self.filled += 1;
        let sum = |text: &str| {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            hasher.finish()
        };
        self.seen.insert(sum(text));
        if let Some((code, _)) = super::codes::code_and_name(text) {
            self.coded += 1;
            self.codes.insert(sum(code));
        }
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        let short = text.len() <= 24;
        self.email += usize::from(looks_like_email(text));
        let zip = letters == 0 && (4..=10).contains(&text.len()) && places::us_zip(text, None).is_some()
            || short && places::canadian_postal(text).is_some();
        self.zip += usize::from(zip);
        self.full_zip += usize::from(zip && text.len() >= 5);
        let city = |head: &str| head.chars().any(char::is_alphabetic);
        self.city_region += usize::from(
            digits == 0 && text.len() <= 60 && text.rsplit_once(',').is_some_and(|(head, tail)| city(head) && places::is_region(tail)),
        );
        self.state += usize::from(short && digits == 0 && places::is_region(text));
        self.country += usize::from(digits == 0 && text.len() <= 40 && text.len() >= 2 && places::country(text).is_some());
        self.phone += usize::from(letters <= 4 && (7..=15).contains(&digits) && text.len() <= 30 && !matches!(cell, Cell::Date(_)));
        let folded = if short { fold(text) } else { String::new() };
        self.spaced += usize::from(text.contains(' '));
        self.opaque += usize::from(opaque(text));
        if self.values.len() <= MOST_VALUES && !self.values.contains(&folded) {
            self.values.insert(folded.clone());
        }
        if short && self.written.len() <= MOST_VALUES {
            self.written.insert(super::Settle::value_key(text));
        }
        let words = words();
        self.flag += usize::from(
            matches!(cell, Cell::Bool(_))
                || words.yes.contains(&folded)
                || words.no.contains(&folded)
                || words.exempt.contains(&folded)
                || words.taxable.contains(&folded)
                || words.marks.contains(text),
        );
        self.date += usize::from(matches!(cell, Cell::Date(_)) || super::exemption::date(text).is_some());
        let mut parts = text.split_whitespace();
        let first = parts.next().unwrap_or_default();
        self.street += usize::from(
            (first.starts_with(|c: char| c.is_ascii_digit()) && parts.next().is_some() && letters > 2) || super::address::is_box(text),
        );
        self.number += usize::from(matches!(cell, Cell::Number(_)) || text.parse::<f64>().is_ok());
        self.letters += usize::from(letters > 2 && digits == 0);
        // `Firm 29990` is a name, `C-10233` is none.
        self.wordy += usize::from(letters > 1 && letters > digits || letters >= 3 && text.contains(' '));
        self.city_state += usize::from(super::address::city_state_zip(text).is_some());
    }

    fn finish(self) -> Profile {
        let share = |count: usize| if self.filled == 0 { 0.0 } else { count as f32 / self.filled as f32 };
        Profile {
            rows: self.rows,
            filled: self.filled,
            distinct: self.seen.len(),
            email: share(self.email),
            zip: share(self.zip),
            full_zip: share(self.full_zip),
            city_region: share(self.city_region),
            state: share(self.state),
            country: share(self.country),
            phone: share(self.phone),
            flag: share(self.flag),
            date: share(self.date),
            street: share(self.street),
            number: share(self.number),
            letters: share(self.letters),
            wordy: share(self.wordy),
            city_state: share(self.city_state),
            spaced: share(self.spaced),
            opaque: share(self.opaque),
            coded: share(self.coded),
            codes: self.codes.len(),
            values: self.values,
            written: self.written,
        }
    }
}
