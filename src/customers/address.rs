//! One cell taken apart into address parts, only where it is sure, and address lines put in order.

use super::places;
use crate::domain::Region;

/// What stands at the end of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub lines: Vec<String>,
    pub city: String,
    /// As written.
    pub region: String,
    pub postal_code: String,
    pub country: String,
}

/// `Dayton, OH 45402`, `Dayton OH 45402-1234`, `Ottawa, ON K1A 0B1`, with or without a country at the end. Both the state and the postal
/// code must be there and agree, else `None`.
pub(super) fn city_state_zip(text: &str) -> Option<Parts> {
    let mut words: Vec<&str> = text.split([' ', ',', '\n', '\r', '\t', '\u{a0}']).filter(|word| !word.is_empty()).collect();
    let mut country = "";
    if words.len() > 3
        && let Some(last) = words.last().copied()
        && last.chars().all(|c| c.is_alphabetic() || c == '.')
        && matches!(last.to_ascii_uppercase().trim_end_matches('.'), "USA" | "US" | "U.S.A" | "U.S" | "CANADA" | "CA" | "CAN")
    {
        country = last;
        words.pop();
    }
    let last = *words.last()?;
    let (postal, taken, canadian) = if let Some(zip) = full_zip(last) {
        (zip, 1, false)
    } else {
        let two = words.len().checked_sub(2).and_then(|i| words.get(i)).map(|before| format!("{before} {last}"));
        match two.as_deref().and_then(places::canadian_postal).filter(|_| last.len() == 3) {
            Some(zip) => (zip.code, 2, true),
            None => (places::canadian_postal(last)?.code, 1, true),
        }
    };
    words.truncate(words.len() - taken);
    // The longest name first: `West Virginia` before `Virginia`.
    for count in (1..=3).rev() {
        let Some(at) = words.len().checked_sub(count).filter(|at| *at > 0) else { continue };
        let name = words.get(at..)?.join(" ");
        let found = if canadian { places::ca_province(&name) } else { places::us_state(&name) };
        let Some((region, guessed)) = found else { continue };
        if guessed || !canadian && !agrees(&postal, &region) {
            continue;
        }
        let city = before_words(text, words.get(at..)?)?;
        if city.is_empty() || !city.chars().any(char::is_alphabetic) {
            return None;
        }
        return Some(Parts { lines: Vec::new(), city, region: name, postal_code: postal, country: country.to_owned() });
    }
    None
}

fn agrees(zip: &str, region: &Region) -> bool {
    places::states_of_zip(zip).contains(region)
}

fn full_zip(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 5 && bytes.iter().all(u8::is_ascii_digit) || bytes.len() == 10 && bytes.get(5) == Some(&b'-');
    places::us_zip(text, None).filter(|zip| shape && !zip.repaired).map(|zip| zip.code)
}

/// What stands before the first of the words, its last occurrence in the text.
fn before_words(text: &str, words: &[&str]) -> Option<String> {
    let first = words.first()?;
    let mut end = text.len();
    for word in words.iter().rev() {
        end = text.get(..end)?.rfind(word)?;
    }
    debug_assert!(text.get(end..)?.starts_with(first));
    // The postal code may hold the state's letters too (`K1A`), yet stands behind it, so a wrong hit leaves digits in the city.
    Some(text.get(..end)?.trim().trim_end_matches([',', ' ', '\n', '\r']).to_owned())
}

/// A whole address in one cell: lines and city parted by line ends or commas. `None` where it isn't sure what the city is.
pub(super) fn whole(text: &str) -> Option<Parts> {
    let tail = city_state_zip(text)?;
    let pieces: Vec<&str> = match tail.city.contains(['\n', '\r']) {
        true => tail.city.split(['\n', '\r']).collect(),
        false => tail.city.split(',').collect(),
    };
    let mut lines: Vec<String> =
        pieces.into_iter().map(|piece| piece.trim().trim_end_matches(',').trim().to_owned()).filter(|piece| !piece.is_empty()).collect();
    let city = lines.pop()?;
    if lines.is_empty() || city.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    Some(Parts { lines, city, ..tail })
}

/// Lines of a block (`Bill to 1` … `Bill to 5`): the last that holds city, state and ZIP ends the address; a first one that repeats the
/// name is left out.
pub(super) fn block(lines: &[String], name: &str) -> Option<Parts> {
    let (at, tail) = lines.iter().enumerate().rev().find_map(|(at, line)| Some((at, city_state_zip(line)?)))?;
    let after = lines.get(at + 1..).unwrap_or_default();
    if after.len() > 1 || after.iter().any(|line| places::country(line).is_none()) {
        return None;
    }
    let mut kept: Vec<String> = lines.get(..at)?.to_vec();
    drop_name(&mut kept, name);
    let country = after.first().unwrap_or(&tail.country).clone();
    (!kept.is_empty()).then_some(Parts { lines: kept, country, ..tail })
}

/// Takes out a first line that repeats the name, when another line follows.
pub(super) fn drop_name(lines: &mut Vec<String>, name: &str) {
    use super::text::fold;
    if lines.len() > 1 && !name.is_empty() && lines.first().is_some_and(|first| fold(first) == fold(name)) {
        lines.remove(0);
    }
}

/// At most two lines of at most `most` characters, where that loses nothing; the last value tells whether something had to be cut off.
pub(super) fn two_lines(lines: Vec<String>, most: usize) -> (String, Option<String>, bool) {
    let fits = |text: &str| text.chars().count() <= most;
    let mut lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return (String::new(), None, false);
    }
    let mut first = lines.remove(0);
    let mut rest = lines.join(", ");
    if !fits(&first) {
        let head = super::text::cut(&first, most);
        let tail = first.get(head.len()..).unwrap_or_default().trim_start_matches([',', ' ']).to_owned();
        first = head.to_owned();
        rest = if rest.is_empty() { tail } else { format!("{tail}, {rest}") };
    }
    let cut = !fits(&rest);
    if cut {
        rest = super::text::cut(&rest, most).to_owned();
    }
    (first, Some(rest).filter(|rest| !rest.is_empty()), cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_addresses() {
        let parts = |text: &str| city_state_zip(text).map(|p| (p.city, p.region, p.postal_code));
        let some = |a: &str, b: &str, c: &str| Some((a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(parts("Dayton, OH 45402"), some("Dayton", "OH", "45402"));
        assert_eq!(parts("Charleston, West Virginia 25301-1234"), some("Charleston", "West Virginia", "25301-1234"));
        assert_eq!(parts("New York NY 10001 USA"), some("New York", "NY", "10001"));
        assert_eq!(parts("Ottawa, ON K1A 0B1"), some("Ottawa", "ON", "K1A 0B1"));
        for unsure in ["Dayton", "Dayton, OH", "45402", "Dayton, TX 45402", "OH 45402", "", "12, 34"] {
            assert_eq!(parts(unsure), None, "{unsure}");
        }
    }

    #[test]
    fn whole_addresses_only_where_sure() {
        let parts = whole("12 Mill Rd, Suite 4, Dayton, OH 45402").unwrap();
        assert_eq!((parts.lines, parts.city.as_str()), (vec!["12 Mill Rd".to_owned(), "Suite 4".to_owned()], "Dayton"));
        assert_eq!(whole("12 Mill Rd\nDayton, OH 45402").unwrap().city, "Dayton");
        assert_eq!(whole("12 Mill Rd Dayton OH 45402"), None);
    }

    #[test]
    fn blocks_and_lines() {
        let lines = ["Ames Ltd", "12 Mill Rd", "Dayton, OH 45402"].map(str::to_owned);
        let parts = block(&lines, "AMES LTD.").unwrap();
        assert_eq!(parts.lines, ["12 Mill Rd"]);
        assert_eq!(two_lines(vec!["".into(), "b".into(), "c".into(), "d".into()], 50), ("b".into(), Some("c, d".into()), false));
        let (first, second, cut) = two_lines(vec!["1200 Extraordinarily Long Industrial Parkway North, Building 7".into()], 50);
        assert!(first.chars().count() <= 50 && second.is_some() && !cut);
    }
}
