//! Countries, states, provinces and postal codes, by the many ways in which people write them.

use super::text::fold;
use crate::domain::{Country, Region, states_of_zip};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

#[derive(Deserialize)]
struct RegionWords {
    us: BTreeMap<String, Vec<String>>,
    ca: BTreeMap<String, Vec<String>>,
}

struct Tables {
    us: HashMap<String, Region>,
    ca: HashMap<String, Region>,
    countries: HashMap<String, Country>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    // The files are part of the program, and a test reads each.
    let words: RegionWords =
        crate::domain::from_yaml(include_str!("data/regions.yaml")).unwrap_or(RegionWords { us: BTreeMap::new(), ca: BTreeMap::new() });
    let countries: Vec<String> = crate::domain::from_yaml(include_str!("data/countries.yaml")).unwrap_or_default();
    let mut us: HashMap<String, Region> = HashMap::new();
    let mut ca: HashMap<String, Region> = HashMap::new();
    for (table, known, more) in
        [(&mut us, Region::us_states().collect::<Vec<_>>(), words.us), (&mut ca, Region::ca_provinces().collect(), words.ca)]
    {
        for (code, spellings) in more {
            let Some(region) = Region::from_code(&code) else { continue };
            table.extend(spellings.iter().map(|spelling| (fold(spelling), region.clone())));
            table.insert(fold(&code), region);
        }
        for (region, name) in known {
            table.insert(fold(name), region.clone());
            table.insert(region.code().to_lowercase(), region);
        }
    }
    let mut by_name = HashMap::new();
    for line in &countries {
        let mut names = line.split('|');
        let codes: Vec<&str> = names.next().unwrap_or_default().split(' ').collect();
        let Some(country) = codes.first().and_then(|code| Country::from_code(code)) else { continue };
        for name in codes.iter().copied().chain(codes.last().copied()) {
            by_name.entry(fold(name)).or_insert(country);
        }
        // `USA|United States`: the three letters stand before the first bar.
        for name in names {
            by_name.entry(fold(name)).or_insert(country);
        }
    }
    Tables { us, ca, countries: by_name }
});

/// A state of the US, DC, a territory or a military "state", as people write it. The second value tells whether it was guessed from a
/// misspelling.
pub(super) fn us_state(text: &str) -> Option<(Region, bool)> {
    find(&TABLES.us, text)
}

/// A state or province whose spelling is known; cheaper, for looking at many cells.
pub(super) fn is_region(text: &str) -> bool {
    find_known(&TABLES.us, text).is_some() || find_known(&TABLES.ca, text).is_some()
}

/// A state, or a Canadian province, whose spelling is known: nothing is guessed.
pub(super) fn known_region(text: &str, canadian: bool) -> Option<Region> {
    find_known(if canadian { &TABLES.ca } else { &TABLES.us }, text)
}

pub(super) fn ca_province(text: &str) -> Option<(Region, bool)> {
    find(&TABLES.ca, text)
}

fn find_known(table: &HashMap<String, Region>, text: &str) -> Option<Region> {
    let text = text.trim();
    if let [a, b] = text.as_bytes()
        && text.is_ascii()
    {
        let small = [a.to_ascii_lowercase(), b.to_ascii_lowercase()];
        return std::str::from_utf8(&small).ok().and_then(|small| table.get(small)).cloned();
    }
    let folded = fold(text);
    if folded.is_empty() {
        return None;
    }
    let known = |name: &str| table.get(name).cloned();
    if let Some(region) = known(&folded) {
        return Some(region);
    }
    // N.Y. and N. Y.; `state of ohio`; `TX - Texas`; `US-TX`.
    let joined: String = folded.split(' ').collect();
    if let Some(region) = known(&joined).filter(|_| joined.len() <= 3) {
        return Some(region);
    }
    for (head, tail) in folded.split_once(' ').into_iter().chain(folded.rsplit_once(' ')) {
        let other_agrees = |a: &str, b: &str| {
            let region = known(a)?;
            (matches!(b, "us" | "usa" | "ca" | "can" | "canada" | "state" | "united states") || known(b).as_ref() == Some(&region))
                .then_some(region)
        };
        if let Some(region) = other_agrees(tail, head).or_else(|| other_agrees(head, tail)) {
            return Some(region);
        }
    }
    let titles = ["state of ", "estado de ", "commonwealth of ", "province of ", "province de ", "prov of ", "territory of "];
    titles.iter().find_map(|title| folded.strip_prefix(title).and_then(known))
}

fn find(table: &HashMap<String, Region>, text: &str) -> Option<(Region, bool)> {
    if let Some(region) = find_known(table, text) {
        return Some((region, false));
    }
    let folded = fold(text);
    if folded.len() < 5 || folded.len() > 30 {
        return None;
    }
    let mut near: Vec<(usize, &Region)> = table
        .iter()
        .filter(|(name, _)| name.len() >= 4 && name.len().abs_diff(folded.len()) <= 2)
        .map(|(name, region)| (strsim::damerau_levenshtein(name, &folded), region))
        .filter(|(distance, _)| *distance <= if folded.len() >= 8 { 2 } else { 1 })
        .collect();
    near.sort();
    let (best, region) = near.first()?;
    let rival = near.iter().find(|(_, other)| other != region);
    rival.is_none_or(|(distance, _)| distance > best).then(|| ((*region).clone(), true))
}

pub(super) fn country(text: &str) -> Option<Country> {
    let trimmed = text.trim();
    if matches!(trimmed, "US" | "USA") {
        return Some(Country::US);
    }
    let folded = fold(trimmed);
    let joined: String = folded.split(' ').collect();
    let found = TABLES.countries.get(&folded).or_else(|| TABLES.countries.get(&joined)).copied();
    // Territories are regions of the US for tax.
    let found = found.map(|country| if matches!(country.code(), "PR" | "GU" | "VI" | "AS" | "MP") { Country::US } else { country });
    let titles = ["republic of ", "republik ", "republica de ", "republique de ", "kingdom of ", "the ", "federal republic of "];
    let titled = || titles.iter().find_map(|title| folded.strip_prefix(title).and_then(|name| TABLES.countries.get(name)).copied());
    found.or_else(titled).or_else(|| {
        let (head, tail) = folded.split_once(' ')?;
        let (head, tail) = (TABLES.countries.get(head)?, TABLES.countries.get(tail)?);
        (head == tail).then_some(*head)
    })
}

/// A US ZIP code read from a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Zip {
    pub code: String,
    /// A zero was put back at the front, or the dash put in.
    pub repaired: bool,
}

/// Five digits or nine; four (or eight) where a leading zero was lost and the state says so.
pub(super) fn us_zip(text: &str, state: Option<&Region>) -> Option<Zip> {
    let text = text.trim();
    let bytes = text.as_bytes();
    if bytes.len() == 5 && bytes.iter().all(u8::is_ascii_digit) {
        return Some(Zip { code: text.to_owned(), repaired: false });
    }
    if bytes.len() == 10 && bytes.get(5) == Some(&b'-') && bytes.iter().filter(|b| b.is_ascii_digit()).count() == 9 {
        return Some(Zip { code: text.to_owned(), repaired: false });
    }
    let text = text.strip_suffix(".0").unwrap_or(text);
    let groups: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    if text.chars().any(char::is_alphabetic) {
        return None;
    }
    let plausible = |digits: &str| {
        let states = states_of_zip(digits);
        !states.is_empty() && state.is_none_or(|state| states.contains(state))
    };
    let (head, plus) = match groups.as_slice() {
        [one] if one.len() == 9 => one.split_at(5),
        [one] if one.len() == 8 || one.len() == 7 => one.split_at(one.len() - 4),
        [one] => (*one, ""),
        [five, four] if four.len() == 4 && *four != "0000" => (*five, *four),
        [five, four] if four.len() <= 4 => (*five, ""),
        _ => return None,
    };
    let head = match head.len() {
        5 => head.to_owned(),
        3 | 4 => {
            let padded = format!("{head:0>5}");
            if !plausible(&padded) {
                return None;
            }
            padded
        }
        _ => return None,
    };
    Some(Zip { code: if plus.is_empty() { head } else { format!("{head}-{plus}") }, repaired: true })
}

/// `K1A 0B1`, whatever stands between.
pub(super) fn canadian_postal(text: &str) -> Option<Zip> {
    let letters: String = text.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_uppercase();
    let fits = letters.len() == 6
        && letters.bytes().enumerate().all(|(i, b)| if i % 2 == 0 { b.is_ascii_uppercase() } else { b.is_ascii_digit() });
    let (head, tail) = letters.split_at_checked(3).filter(|_| fits)?;
    let code = format!("{head} {tail}");
    Some(Zip { repaired: code != text, code })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_as_people_write_them() {
        let cases = [
            ("tx", "TX"),
            ("Calif.", "CA"),
            ("Pennsylvania", "PA"),
            ("Penn", "PA"),
            ("N.Y.", "NY"),
            ("N. Y.", "NY"),
            ("W. Va.", "WV"),
            ("US-TX", "TX"),
            ("Washington, D.C.", "DC"),
            ("Pennsilvania", "PA"),
            ("Massachusets", "MA"),
            ("TX - Texas", "TX"),
            ("Texas (US)", "TX"),
            ("new  york", "NY"),
            ("No. Carolina", "NC"),
            ("Mass.", "MA"),
            ("Commonwealth of Pennsylvania", "PA"),
            ("OHIO ", "OH"),
            ("Conneticut", "CT"),
            ("Tennesee", "TN"),
            ("Wisc", "WI"),
            ("P.R.", "PR"),
            ("Estado de Texas", "TX"),
            ("US_CA", "CA"),
            ("California (CA)", "CA"),
            ("D. C.", "DC"),
        ];
        for (text, code) in cases {
            assert_eq!(us_state(text).map(|(region, _)| region.code().to_owned()).as_deref(), Some(code), "{text}");
        }
        for text in ["", "ZZ", "Ontario", "somewhere", "12", "?"] {
            assert!(us_state(text).is_none(), "{text}");
        }
        for (text, code) in [
            ("Québec", "QC"),
            ("Quebec (QC)", "QC"),
            ("P.Q.", "QC"),
            ("Colombie-Britannique", "BC"),
            ("B.C.", "BC"),
            ("Île-du-Prince-Édouard", "PE"),
            ("Nouvelle-Écosse", "NS"),
            ("Terre-Neuve-et-Labrador", "NL"),
            ("Newfoundland & Labrador", "NL"),
            ("Saskatchewn", "SK"),
            ("CA-ON", "ON"),
        ] {
            assert_eq!(ca_province(text).map(|(region, _)| region.code().to_owned()).as_deref(), Some(code), "{text}");
        }
        assert_eq!(ca_province("ont").unwrap().0.code(), "ON");
    }

    #[test]
    fn countries_by_code_and_name() {
        for (text, code) in [
            ("usa", "US"),
            ("U.S.A.", "US"),
            ("United States", "US"),
            ("CAN", "CA"),
            ("México", "MX"),
            ("Puerto Rico", "US"),
            ("DEU", "DE"),
            ("norway", "NO"),
            ("Deutschland", "DE"),
            ("Republik Österreich", "AT"),
            ("ESPAÑA", "ES"),
            ("Estados Unidos", "US"),
            ("États-Unis", "US"),
            ("United States (US)", "US"),
            ("U. S. A.", "US"),
            ("United States of America", "US"),
            ("Korea, Republic of", "KR"),
            ("Nederland", "NL"),
            ("UK", "GB"),
            ("日本", "JP"),
            ("Côte d’Ivoire", "CI"),
            ("Viet Nam", "VN"),
        ] {
            assert_eq!(country(text).map(|c| c.code().to_owned()).as_deref(), Some(code), "{text}");
        }
        assert!(country("Atlantis").is_none() && country("").is_none() && country("XQ").is_none());
    }

    #[test]
    fn zips_are_read_and_repaired() {
        let nj = Region::from_code("NJ");
        let zip = |text: &str, state: Option<&Region>| us_zip(text, state).map(|zip| (zip.code, zip.repaired));
        assert_eq!(zip("7102", nj.as_ref()), Some(("07102".into(), true)));
        assert_eq!(zip("71021234", nj.as_ref()), Some(("07102-1234".into(), true)));
        assert_eq!(zip("07102-1234", nj.as_ref()), Some(("07102-1234".into(), false)));
        assert_eq!(zip("606011234", None), Some(("60601-1234".into(), true)));
        assert_eq!(zip("60601 1234", None), Some(("60601-1234".into(), true)));
        assert_eq!(zip("501", Region::from_code("NY").as_ref()), Some(("00501".into(), true)));
        assert_eq!(zip("7102", Region::from_code("TX").as_ref()), None);
        assert_eq!(zip("ABC", None), None);
        assert_eq!(canadian_postal("k1a0b1").unwrap().code, "K1A 0B1");
    }

    #[test]
    fn every_state_has_zips_and_the_files_are_whole() {
        for (state, name) in Region::us_states() {
            assert_eq!(us_state(name), Some((state.clone(), false)));
        }
        assert!(TABLES.countries.len() > 400 && TABLES.ca.len() > 26);
    }
}
