//! The header words and the words of exemption, read once from the data files.

use super::Target;
use super::text::fold;
use crate::domain::ExemptionReason;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnsFile {
    words: HashMap<String, String>,
    foreign: Vec<String>,
    places: Places,
    targets: BTreeMap<Target, Tiers>,
    systems: BTreeMap<String, System>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Places {
    bill: Vec<String>,
    ship: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tiers {
    #[serde(default)]
    sure: Vec<String>,
    #[serde(default)]
    usual: Vec<String>,
    #[serde(default)]
    weak: Vec<String>,
}

/// One ERP's way of naming its columns.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct System {
    pub label: String,
    /// All of these headers together tell the system.
    pub signature: Vec<String>,
    pub columns: BTreeMap<Target, String>,
    /// What the system's own reason codes mean.
    #[serde(default)]
    pub reasons: BTreeMap<String, String>,
}

/// Which address a header speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    None,
    Bill,
    Ship,
}

/// Targets with their best scores so far.
#[derive(Default)]
struct Fits(Vec<(Target, f32)>);

impl Fits {
    fn add(&mut self, target: Target, score: f32) {
        match self.0.iter_mut().find(|(known, _)| *known == target) {
            Some((_, old)) => *old = old.max(score),
            None => self.0.push((target, score)),
        }
    }
}

/// How hard to try on a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Known phrases only.
    Exact,
    /// Also known phrases among other words.
    Parts,
    /// Also similar spellings.
    Similar,
}

/// A header taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Heading {
    pub folded: String,
    pub place: Place,
    /// Targets with how well the header's words fit, best first.
    pub fits: Vec<(Target, f32)>,
}

pub(super) struct Catalogue {
    words: HashMap<String, String>,
    foreign: HashSet<String>,
    bill: Vec<String>,
    ship: Vec<String>,
    /// Phrase without blanks to targets and tier scores.
    phrases: HashMap<String, Vec<(Target, f32)>>,
    /// The `sure` phrases as words, for part fits.
    sure: Vec<(Vec<String>, Target)>,
    pub systems: BTreeMap<String, System>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    // The file is part of the program, and a test reads it.
    Catalogue::new(serde_saphyr::from_str(include_str!("data/columns.yaml")).unwrap_or_default())
});

pub(super) fn catalogue() -> &'static Catalogue {
    &CATALOGUE
}

impl Catalogue {
    fn new(file: ColumnsFile) -> Self {
        let mut catalogue = Self {
            words: file.words,
            foreign: file.foreign.into_iter().collect(),
            bill: Vec::new(),
            ship: Vec::new(),
            phrases: HashMap::new(),
            sure: Vec::new(),
            systems: file.systems,
        };
        let longest_first = |mut phrases: Vec<String>| {
            phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
            phrases
        };
        catalogue.bill = longest_first(file.places.bill);
        catalogue.ship = longest_first(file.places.ship);
        for (target, tiers) in &file.targets {
            for (phrases, score) in [(&tiers.sure, 1.0), (&tiers.usual, 0.8), (&tiers.weak, 0.5)] {
                for phrase in phrases {
                    let words = catalogue.words_of(phrase);
                    let fits = catalogue.phrases.entry(words.concat()).or_default();
                    if !fits.iter().any(|(t, _)| t == target) {
                        fits.push((*target, score));
                    }
                    if score == 1.0 {
                        catalogue.sure.push((words, *target));
                    }
                }
            }
        }
        catalogue
    }

    /// A header as words: capitals split, signs gone, short forms written out.
    fn words_of(&self, header: &str) -> Vec<String> {
        let mut spaced = String::with_capacity(header.len() + 8);
        let letters: Vec<char> = header.replace('#', " number ").chars().collect();
        for (at, letter) in letters.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|i| letters.get(i)).copied().unwrap_or(' ');
            let after = letters.get(at + 1).copied().unwrap_or(' ');
            let hump = letter.is_uppercase() && (before.is_lowercase() || (before.is_uppercase() && after.is_lowercase()));
            let digit = letter.is_ascii_digit() && before.is_alphabetic();
            if hump || digit {
                spaced.push(' ');
            }
            spaced.push(*letter);
        }
        let folded = fold(&spaced);
        let written_out = folded.split(' ').map(|word| self.words.get(word).map_or(word, String::as_str));
        written_out.flat_map(|phrase| phrase.split(' ')).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    /// The place a header names, with the words that are left.
    fn place<'w>(&self, words: &'w [String]) -> (Place, &'w [String]) {
        for (place, phrases) in [(Place::Ship, &self.ship), (Place::Bill, &self.bill)] {
            for phrase in phrases {
                let parts: Vec<&str> = phrase.split(' ').collect();
                if words.len() >= parts.len() && words.iter().zip(&parts).all(|(a, b)| a == b) {
                    return (place, words.get(parts.len()..).unwrap_or_default());
                }
                // `City (Ship To)`
                let tail = words.len().saturating_sub(parts.len());
                if parts.len() > 1 && tail > 0 && words.get(tail..).unwrap_or_default().iter().zip(&parts).all(|(a, b)| a == b) {
                    return (place, words.get(..tail).unwrap_or_default());
                }
            }
        }
        (Place::None, words)
    }

    /// What a header may stand for; deeper costs more.
    pub(super) fn read_header(&self, header: &str, depth: Depth) -> Heading {
        let words = self.words_of(header);
        let (place, rest) = self.place(&words);
        let mut fits = Fits::default();
        let joined = words.concat();
        for (target, score) in self.phrases.get(&joined).into_iter().flatten() {
            fits.add(*target, *score);
        }
        if place != Place::None && !rest.is_empty() {
            for (target, score) in self.phrases.get(&rest.concat()).into_iter().flatten() {
                let address =
                    target.is_address() || matches!(target, Target::Name | Target::Contact | Target::Phone | Target::Email | Target::Fax);
                fits.add(*target, if address { *score } else { *score * 0.7 });
            }
            // `Bill to 1` … `Bill to 5`.
            if let [digit] = rest {
                let lines = [Target::Line1, Target::Line2, Target::Line3, Target::Line4, Target::Line5];
                let line = digit.parse::<usize>().ok().and_then(|n| lines.get(n.wrapping_sub(1)));
                line.iter().for_each(|line| fits.add(**line, 0.95));
            }
        }
        if place != Place::None && rest.is_empty() && words.len() > 1 {
            fits.add(Target::WholeAddress, 0.6);
        }
        if depth != Depth::Exact && fits.0.is_empty() && !words.is_empty() {
            for (phrase, target) in &self.sure {
                let foreign = words.iter().any(|word| self.foreign.contains(word) && !phrase.contains(word));
                let part = !foreign && phrase.len() < words.len() && words.windows(phrase.len()).any(|window| window == phrase.as_slice());
                if part {
                    fits.add(*target, 0.75 * (phrase.len() as f32 / words.len() as f32).sqrt());
                }
            }
        }
        if depth == Depth::Similar && fits.0.is_empty() && joined.len() >= 6 {
            for (phrase, target) in &self.sure {
                let phrase = phrase.concat();
                if phrase.len() >= 6 && phrase.len().abs_diff(joined.len()) <= 2 {
                    // A slip of the pen, not another word.
                    let slips = strsim::damerau_levenshtein(&phrase, &joined);
                    let alike = 1.0 - slips as f32 / phrase.len().max(joined.len()) as f32;
                    if slips <= 2 && alike >= 0.8 {
                        fits.add(*target, alike * 0.75);
                    }
                }
            }
        }
        fits.0.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Heading { folded: words.join(" "), place, fits: fits.0 }
    }

    /// The system all of whose marks stand among the headers; the one with most marks.
    pub(super) fn system_of(&self, headers: &[String]) -> Option<(&str, &System)> {
        let present: HashSet<String> = headers.iter().map(|header| header.trim().to_lowercase()).collect();
        let fits = self.systems.iter().filter(|(_, system)| system.signature.iter().all(|mark| present.contains(&mark.to_lowercase())));
        let known = |system: &System| system.columns.values().filter(|header| present.contains(&header.to_lowercase())).count();
        fits.max_by_key(|(_, system)| (system.signature.len(), known(system))).map(|(id, system)| (id.as_str(), system))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExemptionFile {
    yes: Vec<String>,
    no: Vec<String>,
    marks: Vec<String>,
    exempt: Vec<String>,
    taxable: Vec<String>,
    unclear: Vec<String>,
    nothing: Vec<String>,
    exempt_codes: Vec<String>,
    taxable_codes: Vec<String>,
    exempt_code_parts: Vec<String>,
    number_says_exempt: Vec<String>,
    number_says_nothing: Vec<String>,
    use_codes: BTreeMap<String, String>,
    use_codes_taxable: Vec<String>,
    reasons: Vec<ReasonWords>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasonWords {
    words: Vec<String>,
    reason: String,
    #[serde(default)]
    unsure: bool,
}

/// The words of exemption, as sets of folded texts.
pub(super) struct Words {
    pub yes: HashSet<String>,
    pub no: HashSet<String>,
    pub marks: HashSet<String>,
    pub exempt: HashSet<String>,
    pub taxable: HashSet<String>,
    pub unclear: HashSet<String>,
    pub nothing: HashSet<String>,
    pub exempt_codes: HashSet<String>,
    pub taxable_codes: HashSet<String>,
    pub exempt_code_parts: HashSet<String>,
    pub number_says_exempt: HashSet<String>,
    pub number_says_nothing: HashSet<String>,
    use_codes: BTreeMap<String, String>,
    pub use_codes_taxable: HashSet<String>,
    reasons: Vec<ReasonWords>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    // The file is part of the program, and a test reads it.
    let file: ExemptionFile = serde_saphyr::from_str(include_str!("data/exemption.yaml")).unwrap_or_default();
    let set = |words: Vec<String>| words.iter().map(|word| fold(word)).filter(|word| !word.is_empty()).collect::<HashSet<_>>();
    Words {
        yes: set(file.yes),
        no: set(file.no),
        marks: file.marks.into_iter().collect(),
        exempt: set(file.exempt),
        taxable: set(file.taxable),
        unclear: set(file.unclear),
        nothing: set(file.nothing),
        exempt_codes: set(file.exempt_codes),
        taxable_codes: set(file.taxable_codes),
        exempt_code_parts: set(file.exempt_code_parts),
        number_says_exempt: set(file.number_says_exempt),
        number_says_nothing: set(file.number_says_nothing),
        use_codes: file.use_codes,
        use_codes_taxable: set(file.use_codes_taxable),
        reasons: file.reasons,
    }
});

pub(super) fn words() -> &'static Words {
    &WORDS
}

impl Words {
    /// A cell that says there is nothing in it.
    pub(super) fn is_nothing(&self, text: &str) -> bool {
        // None of the words is longer.
        if text.len() > 24 {
            return false;
        }
        let folded = fold(text);
        folded.is_empty() || self.nothing.contains(&folded)
    }

    /// `G`, `G - Resale`, `(G) RESALE`.
    pub(super) fn use_code(&self, text: &str) -> Option<ExemptionReason> {
        let folded = fold(text);
        let (head, rest) = folded.split_once(' ').unwrap_or((folded.as_str(), ""));
        let name = self.use_codes.get(head.to_uppercase().as_str())?;
        // A lone letter before other words is a code only when the words name a reason too: `A and B Supply` is none.
        (rest.is_empty() || self.reason(rest).is_some() || fold(name).contains(rest)).then(|| ExemptionReason::new(name))
    }

    /// A reason by its words; the flag tells that the words leave it open (`government`: which?).
    pub(super) fn reason(&self, text: &str) -> Option<(ExemptionReason, bool)> {
        let folded = format!(" {} ", fold(text));
        let fits = |phrase: &str| match phrase.strip_suffix('*') {
            Some(stem) => folded.contains(&format!(" {stem}")),
            None => folded.contains(&format!(" {phrase} ")),
        };
        let found = self.reasons.iter().find(|reason| reason.words.iter().any(|phrase| fits(phrase)))?;
        Some((ExemptionReason::new(&found.reason), found.unsure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(header: &str) -> Option<Target> {
        catalogue().read_header(header, Depth::Similar).fits.first().map(|(target, _)| *target)
    }

    #[test]
    fn the_data_files_are_whole() {
        let columns: ColumnsFile = serde_saphyr::from_str(include_str!("data/columns.yaml")).unwrap();
        assert!(columns.targets.len() > 30 && columns.systems.len() > 20);
        let exemption: ExemptionFile = serde_saphyr::from_str(include_str!("data/exemption.yaml")).unwrap();
        assert!(exemption.use_codes.len() >= 12);
        assert!(exemption.nothing.iter().all(|word| word.len() <= 24));
    }

    #[test]
    fn headers_in_many_spellings() {
        let cases = [
            ("Customer ID", Target::CustomerCode),
            ("CUST_NO", Target::CustomerCode),
            ("Cust #", Target::CustomerCode),
            ("CustomerNumber", Target::CustomerCode),
            ("Customer No.", Target::CustomerCode),
            ("Acct No", Target::CustomerCode),
            ("Customer Nmae", Target::Name),
            ("COMPANY NAME", Target::Name),
            ("Bill to Address-Line One", Target::Line1),
            ("Mailing Address 2", Target::Line2),
            ("Billing State", Target::Region),
            ("ST", Target::Region),
            ("ZIP/Postal Code", Target::PostalCode),
            ("E-mail Address", Target::Email),
            ("Tax Exempt?", Target::ExemptFlag),
            ("Taxable (Y/N)", Target::TaxableFlag),
            ("Resale #", Target::ExemptionNumber),
            ("Is customer exempted from sales tax?", Target::ExemptFlag),
            ("Exemption Cert. No.", Target::ExemptionNumber),
            ("Telephone", Target::Phone),
            ("City, State, Zip", Target::CityStateZip),
            ("Cert Expiration Date", Target::ExemptionExpiry),
            ("State/Province", Target::Region),
            ("TAX_EXEMPT_FLG", Target::ExemptFlag),
            ("TAX_SCHED", Target::TaxSchedule),
            ("STATE_CD", Target::Region),
            ("Cert on file?", Target::ExemptFlag),
        ];
        for (header, target) in cases {
            assert_eq!(best(header), Some(target), "{header}");
        }
        for header in [
            "Credit Limit",
            "Tax ID",
            "Customer Class",
            "Customer Group",
            "Parent Customer ID",
            "Exempt Since",
            "Exemption Effective Date",
            "Sales Rep Name",
        ] {
            assert_eq!(best(header), None, "{header}");
        }
        assert_eq!(catalogue().read_header("Ship To State", Depth::Similar).place, Place::Ship);
        assert_eq!(catalogue().read_header("State (Ship To)", Depth::Similar).place, Place::Ship);
        assert_eq!(catalogue().read_header("Billing City", Depth::Similar).place, Place::Bill);
    }

    #[test]
    fn reasons_by_code_and_words() {
        let code = |text: &str| words().use_code(text).map(|r| r.as_str().to_owned());
        assert_eq!(code("G").as_deref(), Some("RESALE"));
        assert_eq!(code("g - Resale").as_deref(), Some("RESALE"));
        assert_eq!(code("A and B Supply"), None);
        assert_eq!(code("Z"), None);
        let reason = |text: &str| words().reason(text).map(|(r, _)| r.as_str().to_owned());
        assert_eq!(reason("For Resale").as_deref(), Some("RESALE"));
        assert_eq!(reason("501(c)(3)").as_deref(), Some("CHARITABLE"));
        assert_eq!(reason("Nonprofit org").as_deref(), Some("CHARITABLE"));
        assert_eq!(reason("Federal Government").as_deref(), Some("FEDERAL GOV"));
        assert_eq!(reason("farming").as_deref(), Some("AGRICULTURE"));
        assert_eq!(reason("hello"), None);
    }
}
