//! Names, streets and numbers brought to one spelling.
//!
//! Owns: legal suffixes, abbreviations, OCR look-alikes. Must not touch: scoring. Called by: `block`, `compare`.

/// Letters and digits of a text in lower case, words apart; `&` is read as “and”.
pub fn words(text: &str) -> Vec<String> {
    // Apostrophes and dots stand inside words: O'Brien, U.S.A.
    let text: String = text.chars().filter(|c| !matches!(c, '\'' | '’' | '.' | '`')).collect();
    let text = text.replace(['&', '+'], " and ");
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

/// Words that say what kind of company it is, not which.
const LEGAL: &[&str] = &[
    "inc",
    "incorporated",
    "llc",
    "lc",
    "corp",
    "corporation",
    "co",
    "company",
    "companies",
    "ltd",
    "limited",
    "lp",
    "llp",
    "pllc",
    "plc",
    "pc",
    "pa",
    "na",
    "the",
];

/// Spellings of common words in company names. Only true abbreviations: “Products” and “Supply” part two companies.
fn full_word(word: &str) -> &str {
    match word {
        "mfg" | "manuf" => "manufacturing",
        "dist" | "distr" => "distributors",
        "distrib" => "distributors",
        "svc" | "svcs" | "srvc" => "services",
        "intl" | "internatl" => "international",
        "natl" => "national",
        "assoc" | "assn" => "associates",
        "bros" => "brothers",
        "ctr" | "cntr" => "center",
        "centre" => "center",
        "hosp" => "hospital",
        "univ" => "university",
        "dept" => "department",
        "mgmt" => "management",
        "grp" => "group",
        "sys" => "systems",
        "tech" | "techs" => "technologies",
        "ind" | "inds" => "industries",
        "equip" => "equipment",
        "prod" | "prods" => "products",
        "sup" => "supply",
        "elec" => "electric",
        "whsl" | "whlse" => "wholesale",
        "st" => "saint",
        "mt" => "mount",
        "ft" => "fort",
        other => other,
    }
}

/// A company's name without its legal form, abbreviations written out.
pub fn name_words(name: &str) -> Vec<String> {
    // What follows “dba” is the trade name; both are handled by `name_forms`.
    let all = words(name);
    let mut kept: Vec<String> = all.iter().map(|w| full_word(w).to_owned()).collect();
    // L L C written apart.
    while kept.len() > 1 {
        let cut = match kept.as_slice() {
            [.., a, b, c] if a == "l" && b == "l" && (c == "c" || c == "p") => 3,
            // Misread, too: “Cornpany”, “lnc”.
            [.., last] if LEGAL.contains(&last.as_str()) || LEGAL.contains(&repaired(last).as_str()) => 1,
            _ => break,
        };
        kept.truncate(kept.len() - cut);
    }
    if kept.len() > 1 && kept[0] == "the" {
        kept.remove(0);
    }
    if kept.is_empty() { all } else { kept }
}

/// A word with the commonest misreadings undone.
fn repaired(word: &str) -> String {
    let word = word.replace("rn", "m").replace('0', "o").replace('1', "l");
    if word == "lnc" { "inc".to_owned() } else { word }
}

/// The names a text holds: the whole, and the parts around “dba”, “t/a”, “c/o” or in brackets.
pub fn name_forms(name: &str) -> Vec<Vec<String>> {
    let lower = format!(" {} ", name.to_lowercase());
    let mut forms = vec![name_words(name)];
    for mark in [" dba ", " d/b/a ", " d.b.a. ", " t/a ", " aka ", " doing business as ", " trading as "] {
        if let Some((before, after)) = lower.split_once(mark) {
            forms.push(name_words(before));
            forms.push(name_words(after));
        }
    }
    if let Some((before, rest)) = lower.split_once('(')
        && let Some((inside, _)) = rest.split_once(')')
    {
        forms.push(name_words(before));
        forms.push(name_words(inside));
    }
    forms.retain(|f| !f.is_empty() && f.iter().map(String::len).sum::<usize>() >= 3);
    forms.dedup();
    forms
}

/// A street line with its types and directions shortened to one spelling.
pub fn street_words(street: &str) -> Vec<String> {
    words(street).into_iter().map(|w| short_street(&w).to_owned()).collect()
}

fn short_street(word: &str) -> &str {
    match word {
        "street" | "str" => "st",
        "avenue" | "av" | "aven" => "ave",
        "boulevard" | "boul" | "blv" => "blvd",
        "road" => "rd",
        "drive" | "drv" => "dr",
        "lane" => "ln",
        "court" | "crt" => "ct",
        "place" => "pl",
        "parkway" | "pky" | "pkway" | "prkwy" => "pkwy",
        "terrace" | "terr" => "ter",
        "circle" | "circ" => "cir",
        "highway" | "hiway" => "hwy",
        "square" => "sq",
        "trail" => "trl",
        "plaza" => "plz",
        "turnpike" | "trnpk" => "tpke",
        "expressway" => "expy",
        "freeway" => "fwy",
        "suite" => "ste",
        "apartment" => "apt",
        "building" => "bldg",
        "floor" => "fl",
        "room" => "rm",
        "north" => "n",
        "south" => "s",
        "east" => "e",
        "west" => "w",
        "northeast" => "ne",
        "northwest" => "nw",
        "southeast" => "se",
        "southwest" => "sw",
        "first" => "1st",
        "second" => "2nd",
        "third" => "3rd",
        "fourth" => "4th",
        "fifth" => "5th",
        "sixth" => "6th",
        "seventh" => "7th",
        "eighth" => "8th",
        "ninth" => "9th",
        "tenth" => "10th",
        other => misread_type(other).unwrap_or(other),
    }
}

/// A long street type with one letter misread: `Streel`, `Avenne`.
fn misread_type(word: &str) -> Option<&'static str> {
    const TYPES: [(&str, &str); 9] = [
        ("street", "st"),
        ("avenue", "ave"),
        ("boulevard", "blvd"),
        ("drive", "dr"),
        ("parkway", "pkwy"),
        ("terrace", "ter"),
        ("highway", "hwy"),
        ("circle", "cir"),
        ("court", "ct"),
    ];
    let near = |long: &str| word.len() >= 5 && rapidfuzz::distance::levenshtein::distance(word.chars(), long.chars()) <= 1;
    TYPES.iter().find(|(long, _)| near(long)).map(|(_, short)| *short)
}

/// Digits only, for phones and postal codes.
pub fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The first five digits of a postal code.
pub fn zip5(text: &str) -> Option<String> {
    let digits: String = digits(text).chars().take(5).collect();
    (digits.len() == 5).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_legal_form_only() {
        assert_eq!(name_words("The Tidewater Brass Works, Inc."), ["tidewater", "brass", "works"]);
        assert_eq!(name_words("Tidewater Mfg. Co., L.L.C."), ["tidewater", "manufacturing"]);
        assert_eq!(name_words("Company Ltd"), ["company"]);
        assert_ne!(name_words("Quay Supply"), name_words("Quay Products"));
        let forms = name_forms("Alder Holdings LLC dba Quay Brass");
        assert!(
            forms.contains(&vec!["quay".to_owned(), "brass".to_owned()])
                && forms.contains(&vec!["alder".to_owned(), "holdings".to_owned()])
        );
    }

    #[test]
    fn streets_have_one_spelling() {
        assert_eq!(street_words("12 North Quay Street, Suite 4"), street_words("12 N. Quay St Ste 4"));
        assert_eq!(zip5("77001-1234").as_deref(), Some("77001"));
        assert_eq!(zip5("7700"), None);
    }
}
