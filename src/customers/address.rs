//! One cell taken apart into address parts, only where it is sure, and address lines put in order.

use super::places;
use crate::domain::{Country, Region};

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

/// Where each word of a text starts and ends; commas, bars and line ends part words too.
fn spans(text: &str) -> Vec<(usize, usize)> {
    let parts = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|' | '•' | '·');
    let mut spans = Vec::new();
    let mut start = None;
    for (at, letter) in text.char_indices() {
        match (parts(letter), start) {
            (true, Some(from)) => {
                spans.push((from, at));
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    spans.extend(start.map(|from| (from, text.len())));
    spans
}

/// The longest text in which the end of an address is looked for, in bytes.
const LONGEST: usize = 2000;

/// `Dayton, OH 45402`, `Dayton OH 45402-1234`, `Ottawa, ON K1A 0B1`, with or without a country at the end. Both the state and the postal
/// code must be there and agree, else `None`.
pub(super) fn city_state_zip(text: &str) -> Option<Parts> {
    // Every address has digits; most cells that are looked at have none.
    if text.len() > LONGEST || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut spans = spans(text);
    let word = |span: Option<&(usize, usize)>| span.and_then(|(from, to)| text.get(*from..*to));
    let joined = |spans: &[(usize, usize)]| spans.iter().filter_map(|span| word(Some(span))).collect::<Vec<_>>().join(" ");
    let mut country = String::new();
    for count in (1..=4).rev() {
        let Some(at) = spans.len().checked_sub(count).filter(|at| *at >= 3) else { continue };
        let name = joined(spans.get(at..)?);
        let letters = name.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | ' ' | '(' | ')'));
        if letters && places::country(&name).is_some_and(|country| country == Country::US || country.code() == "CA") {
            country = name;
            spans.truncate(at);
            break;
        }
    }
    let last = word(spans.last())?;
    let before = word(spans.len().checked_sub(2).and_then(|at| spans.get(at))).unwrap_or_default();
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let (postal, taken, canadian) = if digits(last, 4) && digits(before, 5) {
        (full_zip(&format!("{before}-{last}"))?, 2, false)
    } else if let Some(zip) = full_zip(last) {
        (zip, 1, false)
    } else {
        let two = format!("{before} {last}");
        match places::canadian_postal(&two).filter(|_| last.len() == 3 && before.len() == 3) {
            Some(zip) => (zip.code, 2, true),
            None => (places::canadian_postal(last)?.code, 1, true),
        }
    };
    spans.truncate(spans.len().saturating_sub(taken));
    // The longest name first (`West Virginia` before `Virginia`), then the fewest words that say the same: `New York NY` is a city and a state.
    let region_at = |count: usize| {
        let at = spans.len().checked_sub(count).filter(|at| *at > 0)?;
        let name = joined(spans.get(at..)?);
        let region = places::known_region(&name, canadian)?;
        (canadian || agrees(&postal, &region)).then_some((at, name, region))
    };
    let (longest, (_, _, region)) = (1..=4).rev().find_map(|count| Some((count, region_at(count)?)))?;
    let (at, name, _) = (1..=longest).find_map(|count| region_at(count).filter(|(_, _, same)| *same == region))?;
    let end = spans.get(at).map(|(from, _)| *from)?;
    let city = text.get(..end)?.trim().trim_end_matches([',', ';', '|', ' ', '\n', '\r', '\u{a0}']).to_owned();
    let named = !city.is_empty() && city.chars().any(char::is_alphabetic);
    named.then_some(Parts { lines: Vec::new(), city, region: name, postal_code: postal, country })
}

fn agrees(zip: &str, region: &Region) -> bool {
    crate::domain::states_of_zip(zip).contains(region)
}

fn full_zip(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 5 && bytes.iter().all(u8::is_ascii_digit) || bytes.len() == 10 && bytes.get(5) == Some(&b'-');
    places::us_zip(text, None).filter(|zip| shape && !zip.repaired).map(|zip| zip.code)
}

/// `PO Box 12`, in its many spellings.
pub(super) fn is_box(text: &str) -> bool {
    // No spelling needs more letters.
    let folded = super::text::fold(text.char_indices().nth(24).map_or(text, |(at, _)| text.get(..at).unwrap_or(text)));
    ["po box ", "p o box ", "pob ", "post office box ", "p o b ", "box ", "pmb ", "apartado ", "casilla ", "c p "]
        .iter()
        .any(|stem| folded.strip_prefix(stem).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) || rest.len() == 1))
}

const UNITS: [&str; 16] = [
    "suite",
    "ste",
    "apt",
    "apartment",
    "unit",
    "floor",
    "fl",
    "bldg",
    "building",
    "room",
    "rm",
    "lot",
    "dept",
    "department",
    "trailer",
    "trlr",
];

/// Words that end a street's name and begin no city's.
const STREETS: [&str; 32] = [
    "street",
    "st",
    "avenue",
    "ave",
    "av",
    "road",
    "rd",
    "drive",
    "dr",
    "lane",
    "ln",
    "boulevard",
    "blvd",
    "court",
    "ct",
    "parkway",
    "pkwy",
    "circle",
    "cir",
    "terrace",
    "ter",
    "place",
    "pl",
    "way",
    "trail",
    "trl",
    "highway",
    "hwy",
    "loop",
    "turnpike",
    "tpke",
    "alley",
];

/// Words after which a street's ending could as well begin the city: `12 Oak St Louis`, `5 Ave Maria`, `4 Main St North Platte`.
const DOUBTFUL_AFTER: [&str; 28] = [
    "louis",
    "paul",
    "petersburg",
    "joseph",
    "charles",
    "george",
    "cloud",
    "augustine",
    "james",
    "john",
    "helena",
    "helens",
    "clair",
    "albans",
    "marys",
    "johns",
    "francis",
    "peter",
    "peters",
    "matthews",
    "maria",
    "n",
    "s",
    "e",
    "w",
    "north",
    "south",
    "east",
];

/// Parts `12 Main St Suite 4 Fresno` into street and city, where only one way is possible.
fn unparted(text: &str) -> Option<(String, String)> {
    let spans = spans(text);
    let words: Vec<String> = spans.iter().map(|(from, to)| super::text::fold(text.get(*from..*to).unwrap_or_default())).collect();
    let digits = |word: &String| word.bytes().any(|b| b.is_ascii_digit());
    let split = |at: usize| {
        let from = spans.get(at).map(|(from, _)| *from)?;
        let (street, city) = text.split_at_checked(from)?;
        Some((street.trim().trim_end_matches(',').to_owned(), city.trim().to_owned()))
    };
    let city_at = |at: usize| {
        let city = words.get(at..).unwrap_or_default();
        let plain = |word: &String| word.len() > 1 && word.chars().all(char::is_alphabetic) && !UNITS.contains(&word.as_str());
        (1..=3).contains(&city.len()) && city.iter().all(plain) && !city.iter().any(|word| STREETS.contains(&word.as_str()) && word != "st")
    };
    if is_box(text) {
        let at = words.iter().position(digits)? + 1;
        return city_at(at).then(|| split(at)).flatten();
    }
    if !words.first().is_some_and(digits) {
        return None;
    }
    let endings: Vec<usize> = (2..words.len()).filter(|at| words.get(*at).is_some_and(|word| STREETS.contains(&word.as_str()))).collect();
    let [ending] = endings.as_slice() else { return None };
    let mut at = ending + 1;
    if words.get(at).is_some_and(|word| matches!(word.as_str(), "ne" | "nw" | "se" | "sw")) {
        at += 1;
    }
    match words.get(at).map(String::as_str) {
        Some(unit) if UNITS.contains(&unit) => {
            let number = words.get(at + 1).filter(|word| digits(word) || word.len() == 1)?;
            at += if number.is_empty() { 1 } else { 2 };
        }
        Some(number) if number.bytes().all(|b| b.is_ascii_digit()) => {
            // `#4`; a bare number belongs to a highway.
            let (from, to) = spans.get(at).copied()?;
            if !text.get(from..to)?.starts_with('#') {
                return None;
            }
            at += 1;
        }
        Some(next) if at == ending + 1 && (DOUBTFUL_AFTER.contains(&next) || next == "west") => return None,
        _ => {}
    }
    city_at(at).then(|| split(at)).flatten()
}

/// A whole address in one cell: lines and city parted by line ends, bars or commas, or by the words of streets. `None` where it isn't sure
/// what the city is.
pub(super) fn whole(text: &str) -> Option<Parts> {
    let mended;
    let text = if text.contains("<br") || text.contains("\\n") {
        mended = ["<br />", "<br/>", "<br>", "\\r\\n", "\\n"].iter().fold(text.to_owned(), |text, mark| text.replace(mark, "\n"));
        mended.as_str()
    } else {
        text
    };
    let tail = city_state_zip(text)?;
    let mark: &[char] = match () {
        () if tail.city.contains(['\n', '\r']) => &['\n', '\r'],
        () if tail.city.contains(['|', ';', '•', '·']) => &['|', ';', '•', '·'],
        () => &[','],
    };
    let mut lines: Vec<String> =
        tail.city.split(mark).map(|piece| piece.trim().trim_matches([',', ' ']).to_owned()).filter(|piece| !piece.is_empty()).collect();
    let last = lines.pop()?;
    let mut city = last.clone();
    if lines.is_empty() || last.chars().any(|c| c.is_ascii_digit()) {
        let (street, rest) = unparted(&last)?;
        lines.push(street);
        city = rest;
    }
    is_city(&city).then_some(Parts { lines, city, ..tail })
}

/// Not a county, not a suite, not a second street.
fn is_city(text: &str) -> bool {
    let folded = super::text::fold(text);
    let first = folded.split(' ').next().unwrap_or_default();
    let last = folded.rsplit(' ').next().unwrap_or_default();
    let starts_as_other = UNITS.contains(&first) && first != "fl" || matches!(first, "attn" | "attention" | "box" | "co" | "care");
    let ends_as_other = folded.contains(' ')
        && matches!(
            last,
            "county" | "parish" | "street" | "st" | "avenue" | "ave" | "road" | "rd" | "blvd" | "boulevard" | "suite" | "ste"
        );
    !folded.is_empty() && !starts_as_other && !ends_as_other && !text.contains(['\n', '\r'])
}

/// Lines of a block (`Bill to 1` … `Bill to 5`): the last that holds city, state and ZIP ends the address; a first one that repeats the
/// name is left out, and a person's line goes behind the street.
pub(super) fn block(lines: &[String], name: &str) -> Option<Parts> {
    let (at, tail) = lines.iter().enumerate().rev().find_map(|(at, line)| Some((at, city_state_zip(line)?)))?;
    let after = lines.get(at + 1..).unwrap_or_default();
    if after.len() > 1 || after.iter().any(|line| places::country(line).is_none()) || !is_city(&tail.city) {
        return None;
    }
    // The line holds the street too.
    if tail.city.contains(',') || tail.city.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    let mut kept: Vec<String> = lines.get(..at)?.to_vec();
    if begins_with_name(&kept, name) {
        kept.remove(0);
    }
    if kept.len() > 1 && kept.first().is_some_and(|line| is_attention(line)) {
        kept.rotate_left(1);
    }
    let country = after.first().unwrap_or(&tail.country).clone();
    (!kept.is_empty()).then_some(Parts { lines: kept, country, ..tail })
}

fn is_attention(line: &str) -> bool {
    let folded = super::text::fold(line);
    ["attn", "attention", "att"].iter().any(|stem| folded.strip_prefix(stem).is_some_and(|rest| rest.starts_with(' ')))
}

/// Whether the first line repeats the name, and another line follows.
pub(super) fn begins_with_name(lines: &[impl AsRef<str>], name: &str) -> bool {
    // Most first lines are streets, which the first letter tells without folding both texts.
    let begins_alike = |line: &str| match (line.chars().next(), name.chars().next()) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(&b) || !a.is_alphanumeric() || !b.is_alphanumeric(),
        _ => false,
    };
    lines.len() > 1 && lines.first().is_some_and(|first| begins_alike(first.as_ref()) && same_name(first.as_ref(), name))
}

/// Equal but for signs and the legal form: `Ames Hardware` and `AMES HARDWARE, INC.`
fn same_name(a: &str, b: &str) -> bool {
    use super::text::fold;
    let legal = |word: &&str| {
        !matches!(
            *word,
            "inc" | "llc" | "ltd" | "co" | "corp" | "company" | "incorporated" | "corporation" | "limited" | "lp" | "llp" | "the"
        )
    };
    let (a, b) = (fold(a), fold(b));
    a == b || a.split(' ').filter(legal).eq(b.split(' ').filter(legal)) && a.split(' ').any(|word| legal(&word))
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
    use proptest::prelude::*;

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
    }

    fn split(text: &str) -> Option<String> {
        whole(text).map(|p| [p.lines.join(" / "), p.city, p.region, p.postal_code, p.country].join(" | "))
    }

    #[test]
    fn the_many_shapes_of_addresses() {
        let cases = [
            ("123 Main St Fresno CA 93704", "123 Main St | Fresno | CA | 93704 | "),
            ("123 Main St, Fresno, CA 93704", "123 Main St | Fresno | CA | 93704 | "),
            ("123 Main St Fresno, CA 93704-1234", "123 Main St | Fresno | CA | 93704-1234 | "),
            ("123 Main St., Ste. 4, Fresno, California 93704, USA", "123 Main St. / Ste. 4 | Fresno | California | 93704 | USA"),
            ("123 Main St Suite 4 Fresno CA 93704 1234", "123 Main St Suite 4 | Fresno | CA | 93704-1234 | "),
            ("123 Main St #4 Fresno CA 93704", "123 Main St #4 | Fresno | CA | 93704 | "),
            ("12 Peachtree St NW Atlanta GA 30303", "12 Peachtree St NW | Atlanta | GA | 30303 | "),
            ("PO Box 12 Dayton OH 45402", "PO Box 12 | Dayton | OH | 45402 | "),
            ("P.O. Box 12, Dayton, OH 45402", "P.O. Box 12 | Dayton | OH | 45402 | "),
            (
                "1 Dock Rd | Providence | RI | 02903 | UNITED STATES OF AMERICA",
                "1 Dock Rd | Providence | RI | 02903 | UNITED STATES OF AMERICA",
            ),
            ("12 Mill Rd\nDayton\nOhio, 45402\nUnited States", "12 Mill Rd | Dayton | Ohio | 45402 | United States"),
            ("12 Mill Rd<br>Dayton, OH 45402", "12 Mill Rd | Dayton | OH | 45402 | "),
            ("12 Mill Rd, Salt Lake City UT 84101", "12 Mill Rd | Salt Lake City | UT | 84101 | "),
            ("9 Queen St, Ottawa, ON K1A 0B1, Canada", "9 Queen St | Ottawa | ON | K1A 0B1 | Canada"),
            ("9 rue du Moulin, Montréal (Québec) H2X 1Y4", "9 rue du Moulin | Montréal | (Québec) | H2X 1Y4 | "),
            ("Ames Ltd, 12 Mill Rd Dayton, OH 45402", "Ames Ltd / 12 Mill Rd | Dayton | OH | 45402 | "),
            ("12 Mill Rd, New York, NY 10001", "12 Mill Rd | New York | NY | 10001 | "),
            ("12 Mill Rd, New York, New York 10001", "12 Mill Rd | New York | New York | 10001 | "),
            ("12 Mill Rd, Charleston, West Virginia 25301", "12 Mill Rd | Charleston | West Virginia | 25301 | "),
            ("1 Capitol Sq, Washington, D.C. 20001", "1 Capitol Sq | Washington | D.C. | 20001 | "),
        ];
        for (text, parts) in cases {
            assert_eq!(split(text).as_deref(), Some(parts), "{text}");
        }
        for unsure in [
            "12 Oak St Louis MO 63101",
            "12 Main St North Little Rock AR 72114",
            "12 Mill Dayton OH 45402",
            "12 State Hwy 9 Dayton OH 45402",
            "12 Mill Rd, Suite B, OH 45402",
            "12 Mill Rd, Montgomery County, OH 45402",
            "12 Mill Rd, Dayton, TX 45402",
            "12 Mill Rd, Dayton",
            "Hauptstr. 5, 10115 Berlin, Germany",
            "45402",
        ] {
            assert_eq!(split(unsure), None, "{unsure}");
        }
    }

    proptest! {
        #[test]
        fn composed_addresses_come_apart_again(
            number in 1u32..99_999,
            street in "(Oak|Mill|Old Post|4th|Saint Mark|Côte)",
            ending in "(St|Rd|Avenue|Blvd\\.|Pl)",
            unit in "(|, Suite 4|, Apt B| #12)",
            city in "(Dayton|Van Wert|North Canton|Saint Marys|St Clairsville)",
            region in "(OH|Ohio|oh|O\\.H\\.)",
            zip in "(45402|43004-1234)",
            country in "(|, USA| United States|\nU\\.S\\.A\\.)",
            gap in "(, |\n| )",
            comma in "(, | |,)",
        ) {
            let line = format!("{number} {street} {ending}{unit}");
            let text = format!("{line}{gap}{city}{comma}{region} {zip}{country}");
            if let Some(parts) = whole(&text) {
                prop_assert_eq!(parts.lines.join(", "), line, "{}", text);
                prop_assert_eq!(&parts.city, &city, "{}", text);
                prop_assert_eq!(&parts.postal_code, &zip);
                prop_assert_eq!(parts.country, country.trim_matches([',', ' ', '\n']));
            } else {
                // Only a missing comma may leave doubt.
                prop_assert_eq!(gap, " ", "{}", text);
            }
        }

        #[test]
        fn any_text_is_taken_or_left(text in "\\PC{0,80}", name in "\\PC{0,10}") {
            for parts in [whole(&text), city_state_zip(&text), block(&[name.clone(), text.clone()], &name)].into_iter().flatten() {
                prop_assert!(!parts.city.trim().is_empty() && !parts.postal_code.is_empty());
            }
        }
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
