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
    filler: Vec<String>,
    affixes: Vec<String>,
    short: Vec<String>,
    foreign: Vec<String>,
    places: Places,
    tax: TaxWords,
    targets: BTreeMap<Target, Tiers>,
    systems: BTreeMap<String, System>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Places {
    bill: Vec<String>,
    home: Vec<String>,
    ship: Vec<String>,
}

/// Words of headers that speak of tax, by the part they play.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaxWords {
    exempt: HashSet<String>,
    resale: HashSet<String>,
    paper: HashSet<String>,
    taxed: HashSet<String>,
    taxing: HashSet<String>,
    not: HashSet<String>,
    expiry: HashSet<String>,
    reason: HashSet<String>,
    status: HashSet<String>,
    code: HashSet<String>,
    group: HashSet<String>,
    identity: HashSet<String>,
    number: HashSet<String>,
    there: HashSet<String>,
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
    /// Bill-to, in so many words.
    Bill,
    /// One of the customer's own places: mailing, main, physical.
    Home,
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
    /// The words that name the place: columns of one address share them.
    pub group: String,
    /// Targets with how well the header's words fit, best first.
    pub fits: Vec<(Target, f32)>,
    /// What yes means by the header's own words: exempt (`true`) or taxed; `None` where they leave it open (`Sales Tax`).
    pub yes_is_exempt: Option<bool>,
}

pub(super) struct Catalogue {
    words: HashMap<String, String>,
    filler: HashSet<String>,
    affixes: HashSet<String>,
    foreign: HashSet<String>,
    /// Words with their place, longest first.
    places: Vec<(Vec<String>, Place)>,
    tax: TaxWords,
    /// Phrase without blanks to targets and tier scores.
    phrases: HashMap<String, Vec<(Target, f32)>>,
    /// The same by their words in the order of the alphabet.
    shuffled: HashMap<String, Vec<(Target, f32)>>,
    /// The `sure` phrases as words, for part fits.
    sure: Vec<(Vec<String>, Target)>,
    /// All words known, to part words written together.
    vocabulary: HashSet<String>,
    pub systems: BTreeMap<String, System>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    // The file is part of the program, and a test reads it.
    Catalogue::new(crate::domain::from_yaml(include_str!("data/columns.yaml")).unwrap_or_default())
});

pub(super) fn catalogue() -> &'static Catalogue {
    &CATALOGUE
}

/// Words that may stand beside `active` or `status` when it is the customer's.
const STATUS_OF: [&str; 12] = ["customer", "account", "record", "current", "flag", "indicator", "company", "is", "y", "n", "code", "card"];

/// The longest word worth parting.
const LONGEST_WORD: usize = 40;

impl Catalogue {
    fn new(file: ColumnsFile) -> Self {
        let mut catalogue = Self {
            words: file.words,
            filler: file.filler.into_iter().collect(),
            affixes: file.affixes.into_iter().collect(),
            foreign: HashSet::new(),
            places: Vec::new(),
            tax: file.tax,
            phrases: HashMap::new(),
            shuffled: HashMap::new(),
            sure: Vec::new(),
            vocabulary: HashSet::new(),
            systems: file.systems,
        };
        catalogue.foreign = file.foreign.into_iter().collect();
        for (place, phrases) in [(Place::Ship, file.places.ship), (Place::Bill, file.places.bill), (Place::Home, file.places.home)] {
            catalogue.places.extend(phrases.iter().map(|phrase| (phrase.split(' ').map(str::to_owned).collect(), place)));
        }
        catalogue.places.sort_by_key(|(words, _): &(Vec<String>, Place)| std::cmp::Reverse(words.len()));
        for (target, tiers) in &file.targets {
            for (phrases, score) in [(&tiers.sure, 1.0), (&tiers.usual, 0.8), (&tiers.weak, 0.5)] {
                for phrase in phrases {
                    let words = catalogue.words_of(phrase, false);
                    let add = |table: &mut HashMap<String, Vec<(Target, f32)>>, key: String, score: f32| {
                        let fits = table.entry(key).or_default();
                        if !fits.iter().any(|(t, _)| t == target) {
                            fits.push((*target, score));
                        }
                    };
                    add(&mut catalogue.phrases, words.concat(), score);
                    if words.len() > 1 && score > 0.5 {
                        add(&mut catalogue.shuffled, sorted(&words), score * 0.95);
                    }
                    if score == 1.0 {
                        catalogue.sure.push((words, *target));
                    }
                }
            }
        }
        // Two letters are a word inside another only where listed: `st` in `BILLST`.
        let long = |word: &&String| word.len() >= 3 && word.is_ascii();
        let phrases = catalogue.sure.iter().flat_map(|(words, _)| words);
        let places = catalogue.places.iter().flat_map(|(words, _)| words);
        let known = phrases.chain(places).chain(catalogue.words.keys()).chain(&catalogue.foreign).filter(long).cloned();
        let known: HashSet<String> = known.chain(file.short).collect();
        catalogue.vocabulary = known;
        catalogue
    }

    /// A header as words: capitals split, signs gone, short forms written out; words written together are parted if `part`.
    fn words_of(&self, header: &str, part: bool) -> Vec<String> {
        let mut spaced = String::with_capacity(header.len() + 8);
        let header = header.replace("##", " ").replace(['#', '№'], " number ").replace('%', " percent ");
        let letters: Vec<char> = header.chars().collect();
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
        let mut words: Vec<String> = Vec::new();
        let mut rest = folded.split(' ').filter(|word| !word.is_empty()).peekable();
        while let Some(word) = rest.next() {
            // `No Tax` is no number.
            if word == "no" && matches!(rest.peek(), Some(&"tax" | &"taxes" | &"sales" | &"exemption")) {
                words.push("without".to_owned());
                continue;
            }
            let pieces = if part && !self.words.contains_key(word) { self.parted(word) } else { None };
            for piece in pieces.unwrap_or_else(|| vec![word]) {
                let written_out = self.words.get(piece).map_or(piece, String::as_str);
                words.extend(written_out.split(' ').filter(|word| !word.is_empty()).map(str::to_owned));
            }
        }
        words
    }

    /// `custnm` as `cust`, `nm`: the fewest known words that make up all of it.
    fn parted<'w>(&self, word: &'w str) -> Option<Vec<&'w str>> {
        if word.len() < 5 || word.len() > LONGEST_WORD || !word.is_ascii() || self.vocabulary.contains(word) {
            return None;
        }
        // For each end the fewest words up to there, with the start of the last of them.
        let mut best: Vec<Option<(usize, usize)>> = vec![None; word.len() + 1];
        *best.first_mut()? = Some((0, 0));
        for end in 2..=word.len() {
            let starts = (end.saturating_sub(14)..=end - 2)
                .filter(|start| word.get(*start..end).is_some_and(|piece| self.vocabulary.contains(piece)));
            let found = starts.filter_map(|start| Some((best.get(start).copied().flatten()?.0 + 1, start))).min();
            if let Some(place) = best.get_mut(end) {
                *place = found;
            }
        }
        let mut pieces = Vec::new();
        let mut end = word.len();
        while end > 0 {
            let (_, start) = best.get(end).copied().flatten()?;
            pieces.push(word.get(start..end)?);
            end = start;
        }
        pieces.reverse();
        (pieces.len() <= 5).then_some(pieces)
    }

    /// The place a header names, with the words that are left.
    fn place<'w>(&self, words: &'w [String]) -> Option<(Place, &'w [String], &'w [String])> {
        for (parts, place) in &self.places {
            if words.starts_with(parts) {
                let (name, rest) = words.split_at_checked(parts.len())?;
                return Some((*place, name, rest));
            }
            // `City (Ship To)`
            let tail = words.len().saturating_sub(parts.len());
            if parts.len() > 1 && tail > 0 && words.ends_with(parts) {
                let (rest, name) = words.split_at_checked(tail)?;
                return Some((*place, name, rest));
            }
        }
        None
    }

    /// Known phrases that are these words, in any order.
    fn known(&self, words: &[String], fits: &mut Fits, factor: f32, address_only: bool) {
        let exact = self.phrases.get(&words.concat());
        // The order of numbers counts: `address 1 line 2`.
        let plain = words.len() > 1 && !words.iter().any(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let shuffled = || if plain { self.shuffled.get(&sorted(words)) } else { None };
        for (target, score) in exact.or_else(shuffled).into_iter().flatten() {
            let of_a_place = target.is_address()
                || matches!(
                    target,
                    Target::Name | Target::Contact | Target::FirstName | Target::LastName | Target::Phone | Target::Email | Target::Fax
                );
            fits.add(*target, score * if address_only && !of_a_place { factor * 0.7 } else { factor });
        }
    }

    /// What a header may stand for; deeper costs more.
    pub(super) fn read_header(&self, header: &str, depth: Depth) -> Heading {
        // At first sight most texts are values: only single words are parted then.
        let part = depth != Depth::Exact || !header.contains(' ');
        let mut heading = self.read_words(self.words_of(header, part), depth);
        if depth != Depth::Exact && heading.fits.iter().all(|(_, score)| *score < 0.75) {
            // What stands in brackets or behind a comma is often a remark: `ZIP (5 digits)`.
            let bare: String = without_brackets(header);
            let bare = bare.split_once(',').map_or(bare.as_str(), |(head, _)| head);
            if !bare.trim().is_empty() && bare.trim() != header.trim() {
                let other = self.read_words(self.words_of(bare, part), depth);
                let best = |heading: &Heading| heading.fits.first().map_or(0.0, |(_, score)| *score);
                if best(&other) > best(&heading) {
                    let yes_is_exempt = heading.yes_is_exempt.or(other.yes_is_exempt);
                    let fits = other.fits.iter().map(|(target, score)| (*target, score * 0.97)).collect();
                    heading = Heading { yes_is_exempt, fits, ..other };
                }
            }
        }
        heading
    }

    fn read_words(&self, words: Vec<String>, depth: Depth) -> Heading {
        let mut fits = Fits::default();
        let (mut place, mut group) = (Place::None, Vec::<String>::new());
        self.known(&words, &mut fits, 1.0, false);
        let mut rest: &[String] = &words;
        // `address1_city`, and `address2_city` of a second address.
        if let [first, number, more @ ..] = rest
            && first == "address"
            && !more.is_empty()
            && number.parse::<u8>().is_ok()
            && fits.0.is_empty()
        {
            let mut of_address = Fits::default();
            self.known(more, &mut of_address, 1.0, true);
            if of_address.0.iter().any(|(target, _)| target.is_address()) {
                group.extend([first.clone(), number.clone()]);
                if number == "1" {
                    fits = of_address;
                } else {
                    return Heading {
                        folded: words.join(" "),
                        place: Place::Home,
                        group: group.join(" "),
                        fits: Vec::new(),
                        yes_is_exempt: None,
                    };
                }
                rest = &[];
            }
        }
        // `Primary contact mailing address City`: one place after another, until what is left is known.
        for _ in 0..4 {
            let Some((found, name, left)) = self.place(rest) else { break };
            if place == Place::None || found == Place::Ship || (found == Place::Bill && place == Place::Home) {
                place = found;
            }
            group.extend_from_slice(name);
            rest = left;
            let before = fits.0.len();
            self.known(rest, &mut fits, 1.0, true);
            // `Bill to 1` … `Bill to 5`.
            if let [digit] = rest {
                let lines = [Target::Line1, Target::Line2, Target::Line3, Target::Line4, Target::Line5];
                let line = digit.parse::<usize>().ok().and_then(|n| lines.get(n.wrapping_sub(1)));
                line.iter().for_each(|line| fits.add(**line, 0.95));
            }
            if fits.0.len() > before {
                break;
            }
        }
        if place != Place::None && rest.is_empty() && words.len() > 1 && words.len() == group.len() {
            fits.add(Target::WholeAddress, 0.6);
        }
        let tax = self.tax_fit(&words);
        if depth != Depth::Exact && fits.0.is_empty() && !words.is_empty() {
            let lean = |words: &[String]| -> Vec<String> {
                let kept = words.iter().filter(|word| !self.filler.contains(word.as_str()) && !self.affixes.contains(word.as_str()));
                kept.cloned().collect()
            };
            let bare = lean(&words);
            if bare.len() < words.len() && !bare.is_empty() {
                self.known(&bare, &mut fits, 0.97, false);
            }
            // `ADDRESSSTATE`, `address city`.
            let inner = lean(rest);
            if let Some((first, more)) = inner.split_first()
                && !more.is_empty()
                && (first == "address" || inner.len() < rest.len())
            {
                let mut found = Fits::default();
                self.known(if first == "address" { more } else { &inner }, &mut found, 0.95, true);
                found.0.retain(|(target, _)| target.is_address());
                found.0.iter().for_each(|(target, score)| fits.add(*target, *score));
            }
            match tax {
                Some(Some((target, score))) if fits.0.is_empty() => fits.add(target, score),
                // A tax id is nothing here, whatever its other words.
                Some(_) => {}
                None if fits.0.is_empty() => {
                    for (phrase, target) in &self.sure {
                        let strange = words.iter().any(|word| self.foreign.contains(word) && !phrase.contains(word));
                        let inside = phrase.len() < words.len() && words.windows(phrase.len()).any(|window| window == phrase.as_slice());
                        // A status of something else must not leave customers out.
                        let of_customer = |word: &String| phrase.contains(word) || STATUS_OF.contains(&word.as_str());
                        let states = matches!(target, Target::Active | Target::Inactive | Target::CustomerType | Target::RecordKind);
                        if inside && !strange && (!states || words.iter().all(of_customer)) {
                            fits.add(*target, 0.75 * (phrase.len() as f32 / words.len() as f32).sqrt());
                        }
                    }
                }
                None => {}
            }
        }
        let joined = words.concat();
        let strange = words.iter().any(|word| self.foreign.contains(word));
        if depth == Depth::Similar && fits.0.is_empty() && tax.is_none() && !strange && joined.len() >= 6 {
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
        Heading { folded: words.join(" "), place, group: group.join(" "), fits: fits.0, yes_is_exempt: self.polarity(&words) }
    }

    /// Whether yes under these words means exempt, or taxed; `None` where the words don't say.
    fn polarity(&self, words: &[String]) -> Option<bool> {
        let tax = &self.tax;
        let has = |set: &HashSet<String>| words.iter().any(|word| set.contains(word));
        let not = has(&tax.not);
        if has(&tax.exempt) || has(&tax.resale) || has(&tax.paper) {
            return Some(!not);
        }
        let taxed = has(&tax.taxed) || has(&tax.taxing) && words.iter().any(|word| word == "tax" || word == "taxes");
        match (taxed, not) {
            (true, not) => Some(not),
            (false, true) if words.iter().any(|word| word == "tax") => Some(true),
            _ => None,
        }
    }

    /// What a header that speaks of tax stands for, by the parts its words play, whatever their order. The inner `None`: it speaks of tax and
    /// yet is nothing to us, such as a tax id. The outer one: it doesn't speak of tax.
    fn tax_fit(&self, words: &[String]) -> Option<Option<(Target, f32)>> {
        let tax = &self.tax;
        let has = |set: &HashSet<String>| words.iter().any(|word| set.contains(word));
        let of_tax = words.iter().any(|word| word == "tax" || word == "taxes");
        let (exempt, resale, paper) = (has(&tax.exempt), has(&tax.resale), has(&tax.paper));
        let taxed = has(&tax.taxed) || of_tax && has(&tax.taxing);
        if !(of_tax || exempt || resale || paper || taxed) {
            return None;
        }
        let roles = [&tax.expiry, &tax.there, &tax.code, &tax.group, &tax.reason, &tax.status];
        let own = |word: &String| word == "sales" && (of_tax || exempt || resale) || roles.iter().any(|role| role.contains(word));
        let strange = words.iter().any(|word| self.foreign.contains(word) && !own(word));
        let dated = words.iter().any(|word| word == "date") && !has(&tax.expiry);
        if strange || dated || has(&tax.identity) && !exempt && !resale {
            return Some(None);
        }
        let not = has(&tax.not);
        let there = has(&tax.there);
        Some(if exempt || resale || paper && (of_tax || words.len() > 1) {
            match () {
                () if has(&tax.expiry) => Some((Target::ExemptionExpiry, 0.75)),
                () if not && taxed => Some((Target::ExemptFlag, 0.7)),
                () if there => Some((Target::ExemptFlag, 0.5)),
                () if has(&tax.number) => Some((Target::ExemptionNumber, if exempt || resale { 0.75 } else { 0.6 })),
                // The kind of paper (`blanket`) is no reason.
                () if has(&tax.reason) => (exempt || resale).then_some((Target::ExemptionReason, 0.7)),
                () if has(&tax.code) => (exempt || resale).then_some((Target::EntityUseCode, 0.6)),
                () if paper => Some((Target::ExemptionNumber, if exempt || resale { 0.75 } else { 0.6 })),
                () => Some((Target::ExemptFlag, 0.7)),
            }
        } else if taxed {
            Some((if not { Target::ExemptFlag } else { Target::TaxableFlag }, 0.7))
        } else if has(&tax.group) {
            Some((Target::TaxSchedule, 0.65))
        } else if has(&tax.code) {
            Some((Target::TaxCode, 0.65))
        } else if has(&tax.number) {
            None
        } else if not {
            Some((Target::ExemptFlag, 0.7))
        } else if has(&tax.status) || has(&tax.reason) {
            Some((Target::ExemptFlag, 0.6))
        } else {
            None
        })
    }

    /// The system all of whose marks stand among the headers; the one with most marks.
    pub(super) fn system_of(&self, headers: &[String]) -> Option<(&str, &System)> {
        let present: HashSet<String> = headers.iter().map(|header| header.trim().to_lowercase()).collect();
        let fits = self.systems.iter().filter(|(_, system)| system.signature.iter().all(|mark| present.contains(&mark.to_lowercase())));
        let known = |system: &System| system.columns.values().filter(|header| present.contains(&header.to_lowercase())).count();
        fits.max_by_key(|(_, system)| (system.signature.len(), known(system))).map(|(id, system)| (id.as_str(), system))
    }
}

fn sorted(words: &[String]) -> String {
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.sort_unstable();
    words.join(" ")
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0usize;
    let mut kept = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(letter),
            _ => {}
        }
    }
    kept
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
    let file: ExemptionFile = crate::domain::from_yaml(include_str!("data/exemption.yaml")).unwrap_or_default();
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
        let columns: ColumnsFile = crate::domain::from_yaml(include_str!("data/columns.yaml")).unwrap();
        assert!(columns.targets.len() > 30 && columns.systems.len() > 20);
        let exemption: ExemptionFile = crate::domain::from_yaml(include_str!("data/exemption.yaml")).unwrap();
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
        for header in
            ["Credit Limit", "Tax ID", "Customer Class", "Customer Group", "Exempt Since", "Exemption Effective Date", "Sales Rep Name"]
        {
            assert_eq!(best(header), None, "{header}");
        }
        assert_eq!(catalogue().read_header("Ship To State", Depth::Similar).place, Place::Ship);
        assert_eq!(catalogue().read_header("State (Ship To)", Depth::Similar).place, Place::Ship);
        assert_eq!(catalogue().read_header("Billing City", Depth::Similar).place, Place::Bill);
    }

    #[test]
    fn headers_nobody_listed() {
        let cases = "
            customer_code: Cust. Nr. | CUSTOMER_ACCT_NUM | Customer Acct # | CustAcctNo | Client Ref. | Customer # (ERP) | CUST_CD | Acct. Number | \
                Our Customer Number | ClientID | CustomerIdentifier | BUYER_ID | AccountID | Cust No / Acct | Nº de cliente | Kunden-Nr. | CUSTNUMB
            name: Cust. Name | CUSTOMER_FULL_NAME | Legal Business Name | Co. Name | Business Name (legal) | CUSTNAME | Name of Company | \
                Nombre de la empresa | Nom du client | Kundenname | BillToName | Customer/Company Name
            line1: Bill-to Addr. 1 | BILLING_STREET_1 | Addr Line 1 | Street Addr | Mailing Addr 1 | BillTo_Address1 | Address (Line 1) | Physical Street Address | \
                Primary Billing Address Line 1 | BILLADDR1 | Adresse de facturation
            line2: Bill-to Addr. 2 | ADDR2 | BillingStreet2 | Address (Line 2) | Mailing Address Line 2
            city: BILL_CITY | Mailing City | City/Town | BillToCity | Billing Address City | CITYNAME | City Name
            region: Bill-to St. | BILLING_STATE_CODE | State/Prov. | Mailing State | State or Province Code | BillToState | ADDRSTATE | St/Prov
            postal_code: Bill-to ZIP Code | POSTALCODE | Zip/Post Code | Mailing Zip | BILLZIPCODE | Billing Postal Code | Zip (5) | Postal/Zip Code
            country: Country/Reg. | BILL_COUNTRY | Billing Country Code | Ctry | COUNTRYCD | Country (ISO)
            email: E-Mail Addr | Contact E-mail | BILLING_EMAIL | AP Email Address | Primary Contact Email | Customer E-Mail
            exempt_flag: Exempt from Tax? | TAXEXEMPTYN | Is Exempt (Y/N) | Sales-Tax Exempt | Cust Tax Exempt | EXEMPT_IND | NON_TAXABLE_FLAG | Exempt? Y/N | \
                Customer is tax exempt | Tax-Exempt Customer? | TaxExemptInd | Exempted | Exento de impuestos | Not Taxable? | No Sales Tax | Exonéré
            taxable_flag: Taxable? | IS_TAXABLE | TAXABLE_IND | Charge Sales Tax? | Apply Tax (Y/N) | Customer Taxable Flag | Collects Sales Tax | Liable for Sales Tax | \
                Subject to Sales Tax? | Taxable Customer? | TXBL
            exemption_number: Exempt Cert # | EXEMPTION_CERT_NO | Resale Cert. | Tax Exempt ID # | Resale Lic. No. | Sales Tax Exemption Certificate No | ResaleNo | \
                TAX_EXEMPT_CERTIFICATE_NUM | Exemption ID | State Resale Number | Reseller Permit # | Seller's Permit No. | Tax Exempt Cert | CertNo (Exempt) | Resale / Exempt #
            exemption_reason: Reason Exempt | EXEMPT_REASON_CD | Exemption Type | Why Exempt | Type of Exemption | Exempt Reason Desc | Tax Exempt Reason
            exemption_expiry: Exempt Exp. | CERT_EXP_DATE | Exemption Expires On | Resale Cert Exp Date | Certificate Valid Thru | Tax Exempt Expiration | EXEMPT_EXPIRY_DT
            tax_schedule: TAX_SCHED_CD | Sales Tax Zone | TaxGroupID | Tax Jurisdiction Code | SALESTAXSCHEDULE | Tax Auth
            tax_code: Cust Tax Code | TAXCD | SalesTaxCode | Sales Tax Cd
            entity_use_code: Entity/Use Code | ENTITY_USE_CD | AvaTax Entity Use Code | CustomerUsageType | Exemption Cd
            inactive: Inactive? | IS_INACTIVE | INACTIVE_FLG | Blocked? | Customer Inactive
            active: Active? | IS_ACTIVE | Active Y/N | Cust Status | ACTIVE_FLAG
            phone: Phone No. | TEL_NO | Telephone # | PHONE_NUM | Main Phone #
        ";
        let mut wrong = Vec::new();
        for line in cases.lines().filter(|line| !line.trim().is_empty()) {
            let (target, headers) = line.split_once(": ").unwrap();
            let target: Target = target.trim().parse().unwrap();
            for header in headers.split('|').map(str::trim).filter(|header| best(header) != Some(target)) {
                wrong.push(format!("{header}: {:?}, not {target}", catalogue().read_header(header, Depth::Similar).fits));
            }
        }
        for header in "Tax ID | TAX_ID_NUM | Federal Tax ID # | FEIN | VAT Reg No | EIN/SSN | Sales Rep | SLSREP | Ship Via | Terms | Price List | Cust Since | Customer Type Desc Old \
            | Discount % | Tax Rate % | Freight Taxable | Item Tax Code Count | Parent Account # | Last Invoice Date | YTD Sales | Credit Limit | Exempt Issue Date | Cert Received Date \
            | Parent Tax Exempt | Email Opt In Status | Loyalty Number | W-9 on file | Tax Form | Salesperson Code | Vendor Number | Certificate Effective Date | Web Site | Price Code \
            | Business License # | Driver License | Item Taxable Count | Sales Tax Amount | Tax Amount YTD | Alternate Customer ID Count | Terms Code | Currency Code | Territory Code"
            .split('|')
            .map(str::trim)
        {
            let fits = catalogue().read_header(header, Depth::Similar).fits;
            if fits.first().is_some_and(|(target, score)| target.matters() && *score >= 0.45) {
                wrong.push(format!("{header} should be nothing: {fits:?}"));
            }
        }
        assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
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
