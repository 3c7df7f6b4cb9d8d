//! Reads a US address written as text: street line, city, state, ZIP.
//!
//! Owns: taking an address apart. Must not touch: pages. Called by: `places` (does this look like an address?), `parties`.

use crate::domain::Region;
use regex::Regex;
use std::sync::LazyLock;

/// What an address line tells; each part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    pub line1: Option<String>,
    pub city: Option<String>,
    pub region: Option<Region>,
    pub postal_code: Option<String>,
}

/// Street types and units after which a city may follow (USPS Publication 28, appendix C, the common ones).
const STREET_ENDS: &[&str] = &[
    "st",
    "street",
    "ave",
    "avenue",
    "blvd",
    "boulevard",
    "rd",
    "road",
    "dr",
    "drive",
    "ln",
    "lane",
    "way",
    "ct",
    "court",
    "pl",
    "place",
    "pkwy",
    "parkway",
    "ter",
    "terrace",
    "cir",
    "circle",
    "hwy",
    "highway",
    "sq",
    "square",
    "trl",
    "trail",
    "plaza",
    "plz",
    "loop",
    "pike",
    "row",
    "run",
    "path",
    "xing",
    "crossing",
    "broadway",
    "turnpike",
    "tpke",
    "aly",
    "alley",
    "expy",
    "fwy",
    "walk",
    "pt",
    "point",
    "park",
    "mall",
    "ridge",
    "bend",
    "cove",
];
const UNITS: &[&str] = &["suite", "ste", "unit", "apt", "bldg", "building", "floor", "fl", "room", "rm", "dept", "lot", "box", "#"];
const DIRECTIONS: &[&str] = &["n", "s", "e", "w", "ne", "nw", "se", "sw", "north", "south", "east", "west"];

// The patterns are constants; the tests below use them.
static GLUED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"([A-Za-z]{2}),([A-Za-z]{2})").ok());
static GLUED_ZIP: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b([A-Z]{2})[.,]?(\d{5})\b").ok());

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric() && c != '#').to_lowercase()
}

/// A ZIP of five digits (or nine), repairing letters that OCR puts for digits when most are digits already.
pub fn zip(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let (five, four) = match word.split_once(['-', '–', '—']) {
        Some((five, four)) => (five, Some(four)),
        None => (word, None),
    };
    let (five, four) = if four.is_none() && five.len() == 9 && five.bytes().all(|b| b.is_ascii_digit()) {
        five.split_at_checked(5).map_or((five, None), |(a, b)| (a, Some(b)))
    } else {
        (five, four)
    };
    if five.chars().count() != 5 || five.chars().filter(char::is_ascii_digit).count() < 3 {
        return None;
    }
    let repaired: String = five.chars().map(digit_for).collect();
    if !repaired.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match four {
        None => Some(repaired),
        Some(f) if f.len() == 4 && f.bytes().all(|b| b.is_ascii_digit()) => Some(format!("{repaired}-{f}")),
        Some("") => Some(repaired),
        Some(_) => None,
    }
}

/// The digit a letter is often misread from; others unchanged.
pub fn digit_for(c: char) -> char {
    match c {
        'O' | 'o' | 'Q' | 'D' => '0',
        'l' | 'I' | 'i' | '|' | '!' => '1',
        'Z' | 'z' => '2',
        'S' | 's' => '5',
        'B' => '8',
        'g' | 'q' => '9',
        other => other,
    }
}

/// A street line with the digit of an ordinal put right where a letter was read for it (`Sth Avenue`): no word of letters ends that way.
pub fn street(text: &str) -> String {
    let ordinal = |word: &str| {
        let bare = word.trim_end_matches([',', '.']);
        let (head, tail) = bare.split_at_checked(bare.len().saturating_sub(2))?;
        let digits: String = head.chars().map(digit_for).collect();
        let ends = matches!(tail.to_ascii_lowercase().as_str(), "st" | "nd" | "rd" | "th");
        // `Both` is a word; `l2th` and `Sth` are none.
        let misread = head.len() == 1 || head.bytes().any(|b| b.is_ascii_digit());
        let sound = ends
            && misread
            && (1..=3).contains(&digits.len())
            && digits != head
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit());
        // `1st`, `2nd`, `3rd`, and every other one `th`.
        let fits = match digits.as_bytes() {
            [.., b'1', _] => "th",
            [.., b'1'] => "st",
            [.., b'2'] => "nd",
            [.., b'3'] => "rd",
            _ => "th",
        };
        (sound && tail.eq_ignore_ascii_case(fits)).then(|| format!("{digits}{}", word.get(head.len()..).unwrap_or_default()))
    };
    text.split(' ').map(|word| ordinal(word).unwrap_or_else(|| word.to_owned())).collect::<Vec<_>>().join(" ")
}

/// A state by its code or full name, forgiving the commonest misreadings of two letters.
pub fn state(word: &str) -> Option<Region> {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '|' && c != '!').trim();
    let plain: String = word.chars().filter(|c| *c != '.').collect();
    if plain.chars().count() == 2 {
        if let Some(found) = Region::us_state(&plain) {
            return Some(found);
        }
        let lettered: String = plain
            .chars()
            .map(|c| match c {
                '0' => 'O',
                '1' | '|' | '!' | 'l' => 'I',
                '5' => 'S',
                '8' => 'B',
                c => c.to_ascii_uppercase(),
            })
            .collect();
        if plain.chars().all(|c| c.is_ascii_uppercase() || "015|!l8".contains(c)) {
            return Region::us_state(&lettered);
        }
        return None;
    }
    Region::us_state_by_name(word)
}

/// Takes one line apart. A comma before the state tells where the city begins; without one the street's type does.
pub fn parse(text: &str) -> Parts {
    let text = text.replace([';', '|', '_'], " ");
    // Words that OCR ran together: `Oakland,CA.94601`.
    let text = GLUED.as_ref().map_or(text.clone(), |g| g.replace_all(&text, "$1, $2").into_owned());
    let text = GLUED_ZIP.as_ref().map_or(text.clone(), |g| g.replace_all(&text, "$1 $2").into_owned());
    let mut words: Vec<&str> = text.split_whitespace().collect();
    // “… Supply LLC | of 1900 Quay Lane, Baltimore, MD 21230”.
    while words.len() > 2 && matches!(bare(words[0]).as_str(), "of" | "at" | "located" | "whose" | "address" | "is") {
        words.remove(0);
    }
    let mut parts = Parts::default();
    let mut end = words.len();
    // From the right: country, ZIP, state.
    while end > 0 && matches!(bare(words[end - 1]).as_str(), "usa" | "us" | "") {
        end -= 1;
    }
    // `PO Box 31177`, `Suite 20012`: the number belongs to the word before it.
    let numbers_unit = end > 1 && UNITS.contains(&bare(words[end - 2]).as_str()) && state(words[end - 2]).is_none();
    if end > 0
        && !numbers_unit
        && let Some(code) = zip(words[end - 1])
    {
        // A lone number is a ZIP only after a state or as the whole text: `12345 Main St` begins with none.
        parts.postal_code = Some(code);
        end -= 1;
    }
    let mut located = false;
    // A ZIP with a digit lost still tells that the state is before it: `CA 9550)`.
    if end > 1
        && parts.postal_code.is_none()
        && (4..=6).contains(&words[end - 1].chars().count())
        && words[end - 1].chars().filter(char::is_ascii_digit).count() >= 3
        && words[end - 1].chars().all(|c| c.is_ascii_digit() || ")(]/!|?.".contains(c) || digit_for(c) != c)
        && words[end - 2].trim_matches(|c: char| !c.is_alphanumeric()).len() == 2
        && state(words[end - 2]).is_some()
    {
        end -= 1;
    }
    // Two capitals before the ZIP that are no state are a state misread.
    if end > 2 && parts.postal_code.is_some() && state(words[end - 1]).is_none() {
        let word = words[end - 1].trim_matches(|c: char| !c.is_alphanumeric());
        if word.len() == 2 && word.bytes().all(|b| b.is_ascii_uppercase()) && words[end - 2].ends_with([',', '.']) {
            end -= 1;
            located = true;
        }
    }
    if end > 0 && !located {
        let two = (end > 1)
            .then(|| format!("{} {}", words[end - 2].trim_matches(','), words[end - 1].trim_matches(',')))
            .and_then(|t| Region::us_state_by_name(&t));
        let one = state(words[end - 1]);
        // `Washington` alone at the end, with no ZIP, is more likely a city.
        let long = words[end - 1].trim_matches(|c: char| !c.is_alphabetic()).len() > 2;
        if let Some(region) = two {
            parts.region = Some(region);
            end -= 2;
        } else if let Some(region) = one.filter(|_| !long || parts.postal_code.is_some()) {
            parts.region = Some(region);
            end -= 1;
        }
    }
    let rest = &words[..end];
    if parts.region.is_none() && parts.postal_code.is_some() && rest.len() > 3 && !rest.last().is_some_and(|w| w.ends_with(',')) {
        // A number at the end of something that is no address.
        parts.postal_code = parts.postal_code.filter(|_| rest.first().is_some_and(|w| w.starts_with(|c: char| c.is_ascii_digit())));
    }
    split_city(rest, &mut parts);
    parts
}

fn split_city(rest: &[&str], parts: &mut Parts) {
    if rest.is_empty() {
        return;
    }
    let join = |words: &[&str]| {
        let text = words.join(" ");
        let text = text
            .trim_matches(|c: char| !c.is_alphanumeric() && c != '#' && c != '.' && c != ')')
            .trim()
            .trim_end_matches([',', '.'])
            .to_owned();
        (!text.is_empty()).then_some(text)
    };
    let first = bare(rest[0]);
    let streety = first.starts_with(|c: char| c.is_ascii_digit())
        || matches!(first.as_str(), "po" | "p.o" | "pobox" | "box" | "rr" | "one" | "#")
        || first == "p" && rest.get(1).is_some_and(|w| bare(w) == "o");
    let located = parts.region.is_some() || parts.postal_code.is_some();
    if !streety {
        match located {
            // Only a city stands before the state.
            true => parts.city = join(rest),
            false => parts.line1 = join(rest),
        }
        return;
    }
    // The last comma before the state parts street from city, if what follows it is no unit.
    let parted =
        |i: usize| rest[i].ends_with(',') || rest[i].ends_with('.') && rest[i].len() > 4 && STREET_ENDS.contains(&bare(rest[i]).as_str());
    let comma = (0..rest.len().saturating_sub(1)).rev().find(|&i| parted(i) && !UNITS.contains(&bare(rest[i + 1]).as_str()));
    if let Some(at) = comma
        && located
    {
        parts.line1 = join(&rest[..=at]);
        parts.city = join(&rest[at + 1..]);
        return;
    }
    if !located {
        parts.line1 = join(rest);
        return;
    }
    let mut cut = None;
    for (i, word) in rest.iter().enumerate().skip(1) {
        let word = bare(word);
        if STREET_ENDS.contains(&word.as_str()) {
            cut = Some(i + 1);
        } else if UNITS.contains(&word.as_str()) {
            cut = Some((i + 2).min(rest.len()));
        } else if DIRECTIONS.contains(&word.as_str()) && cut == Some(i) {
            cut = Some(i + 1);
        }
    }
    match cut {
        Some(at) if at < rest.len() => {
            parts.line1 = join(&rest[..at]);
            parts.city = join(&rest[at..]);
        }
        _ => parts.line1 = join(rest),
    }
}

/// A whole street line, with its street's type: `1400 E Johnson St Apt 3`.
pub fn is_whole_street(text: &str) -> bool {
    is_street(text) && text.split_whitespace().skip(1).any(|w| STREET_ENDS.contains(&bare(w).as_str()))
}

/// Does this begin as a street line does?
pub fn is_street(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let Some(first) = words.next().map(bare) else { return false };
    let second = words.next().map(bare).unwrap_or_default();
    let numbered = first.starts_with(|c: char| c.is_ascii_digit()) && second.chars().any(char::is_alphabetic);
    // The caption “Street address or P.O. Box” has no number.
    let boxed = matches!(first.as_str(), "po" | "p.o" | "pobox" | "rr") || first == "p" && second == "o";
    numbered || boxed && text.chars().any(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinal_keeps_its_digit() {
        assert_eq!(street("227 Sth Avenue"), "227 5th Avenue");
        assert_eq!(street("9 lst St, Suite 4"), "9 1st St, Suite 4");
        assert_eq!(street("40 l2th Ave"), "40 12th Ave");
        for right in ["1 South St", "5 Ost St", "12 Both Rd", "3 Dst Way", "7 5th Ave", "8 St"] {
            assert_eq!(street(right), right);
        }
    }

    #[test]
    fn the_number_of_a_box_is_no_zip() {
        let parts = parse("PO Box 31177");
        assert_eq!((parts.line1.as_deref(), parts.postal_code), (Some("PO Box 31177"), None));
        let parts = parse("PO Box 77, Kearney, NE 68848-0077");
        assert_eq!((parts.line1.as_deref(), parts.postal_code.as_deref()), (Some("PO Box 77"), Some("68848-0077")));
        let parts = parse("P. O. Box 412, Middlesboro, KY 40965");
        assert_eq!((parts.line1.as_deref(), parts.city.as_deref()), (Some("P. O. Box 412"), Some("Middlesboro")));
        assert_eq!(parse("SARASOTA FL 34236").postal_code.as_deref(), Some("34236"));
        assert!(!is_street("PO Box") && is_street("P. O. Box 412"));
        assert!(is_whole_street("1400 E Johnson St Apt 3") && !is_whole_street("32 012 345"));
    }

    fn read(text: &str) -> [String; 4] {
        let p = parse(text);
        [
            p.line1.unwrap_or_default(),
            p.city.unwrap_or_default(),
            p.region.map(|r| r.code().to_owned()).unwrap_or_default(),
            p.postal_code.unwrap_or_default(),
        ]
    }

    #[test]
    fn lines_come_apart() {
        assert_eq!(read("12 Quay Lane, Port Haven, TX 77001"), ["12 Quay Lane", "Port Haven", "TX", "77001"]);
        assert_eq!(read("12 Quay Lane Port Haven TX 77001-1234"), ["12 Quay Lane", "Port Haven", "TX", "77001-1234"]);
        assert_eq!(read("12 N Quay St Suite 40 Port Haven, New York 1O001"), ["12 N Quay St Suite 40", "Port Haven", "NY", "10001"]);
        assert_eq!(read("PO Box 17, Salem, OR 97301"), ["PO Box 17", "Salem", "OR", "97301"]);
        assert_eq!(read("Port Haven, FL 33101"), ["", "Port Haven", "FL", "33101"]);
        assert_eq!(read("4 Elm Road, Ste 2, Erie PA 16501"), ["4 Elm Road, Ste 2", "Erie", "PA", "16501"]);
        assert_eq!(read("12 Quay Lane"), ["12 Quay Lane", "", "", ""]);
        assert_eq!(read("8 Main St,Oakland,CA.94601"), ["8 Main St", "Oakland", "CA", "94601"]);
        assert_eq!(read(""), ["", "", "", ""]);
    }

    #[test]
    fn states_and_zips() {
        assert_eq!(state("1L").unwrap().code(), "IL");
        assert_eq!(state("west virginia").unwrap().code(), "WV");
        assert!(state("of").is_none() && state("xx").is_none());
        assert_eq!(zip("6O56l").as_deref(), Some("60561"));
        assert!(zip("1234").is_none() && zip("Suite").is_none());
    }

    #[test]
    fn a_misread_end_still_parts_street_and_city() {
        let parts = parse("12 QUAY LANE, PORT HAVEN, CA 9550)");
        assert_eq!((parts.line1.as_deref(), parts.city.as_deref()), (Some("12 QUAY LANE"), Some("PORT HAVEN")));
        assert_eq!((parts.region.map(|r| r.code().to_owned()).as_deref(), parts.postal_code), (Some("CA"), None));
        let parts = parse("12 QUAY LANE. PORT HAVEN, NT 07102");
        assert_eq!((parts.line1.as_deref(), parts.city.as_deref()), (Some("12 QUAY LANE"), Some("PORT HAVEN")));
        assert_eq!((parts.region, parts.postal_code.as_deref()), (None, Some("07102")));
    }
}
