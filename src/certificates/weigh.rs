//! Which of several readings of one place counts, and how sure it is.
//!
//! Owns: comparing readings, putting the better one on the page. Must not touch: engines, choosing the places (`second`).
//! Called by: the reader of scans, after it asked the engine.
//!
//! Where all readings of a number agree it is surer than each of them; where they differ, a clear majority counts but is never quite sure, and
//! without one nobody can be sure.

use super::ReadContext;
use super::catalogue::{Concept, Jurisdiction};
use super::places::fit;
use super::second::{LINE_SURE, Look};
use super::text::{fold, look_alike};
use super::{address, dates, numbers};
use crate::domain::{BBox, PageContent, Word};

/// A reading less sure than this is no reading.
const LEGIBLE: f32 = 0.45;
/// The same for a number by the other recogniser, for one character of it: it says how sure it is that none of them is wrong.
const LEGIBLE_EACH: f32 = 0.8;
/// Two readings that differ by so little in quality: the first stays.
const CLEARLY: f32 = 0.06;
/// How sure a number is at most when two readings of it differ: too little to be used with no human, whatever pattern it fits (`rules`).
const DISPUTED: f32 = 0.55;
/// How sure a number is at most when recognisers of both kinds say the same and only further tries of one of them differ, or when one reading of
/// many differs. Of the 247 numbers in three sets of scans that the other recogniser read right, the first one missed 60 with some of its tries;
/// of the 3 that it read wrong, none was seconded by a try of the first one.
const OUTVOTED: f32 = 0.8;
/// Less sure than this, the first recogniser seconds nobody whom its other tries contradict.
const SECONDS: f32 = 0.6;
/// Characters: a number this long is not read twice by chance.
const ECHO: usize = 6;
/// By so much more sure, the same letters with other signs among them count as the better reading.
const MUCH: f32 = 0.3;
/// So many readings for one against are a clear majority.
const MAJORITY: usize = 3;
/// What each further reading of the same number is worth beside quality (0 to 2.4), and what one by another recogniser is.
const VOTE: f32 = 0.25;
const SECONDED: f32 = 0.5;
/// What the other recogniser's reading is worth more where the two differ: of numbers written by hand it read 31 of 32 right, the first one 17.
/// Such a number goes to a person in any case, who then has less to correct.
const BETTER_AT_HANDWRITING: f32 = 0.3;
/// A line of ink less sure than this is a drawing.
const LINE_LEGIBLE: f32 = 0.6;
/// A second reading this sure needs no third.
const SURE: f32 = 0.9;

/// What was read in a place the second time.
#[derive(Debug, Clone, PartialEq)]
pub struct Reread {
    pub words: Vec<Word>,
    /// Only digits were allowed.
    pub digits: bool,
    /// Not by the recogniser that read the page: its mistakes are its own.
    pub independent: bool,
}

/// Where the words stand that the other recogniser read, so that it is never asked to confirm itself.
#[derive(Debug, Clone, Default)]
pub struct ReadByOther(Vec<BBox>);

impl ReadByOther {
    fn holds(&self, words: &[Word]) -> bool {
        words.iter().any(|w| self.0.contains(&w.bbox))
    }
}

/// Whether the readings of a place so far are enough; further ones cost time. A value is settled when recognisers of both kinds say the same.
pub fn settled(page: &PageContent, look: &Look, readings: &[Reread], others: &ReadByOther) -> bool {
    let old = read_before(page, look);
    let said = |words: &[Word]| said(look.concept, words);
    let legible = |r: &&Reread| !r.digits && confidence(&r.words) >= LEGIBLE;
    let free = || readings.iter().filter(legible);
    if look.concept.is_none() {
        let agree = readings.iter().filter(|r| !r.digits).all(|r| legible(&r) && (old.is_empty() || said(&r.words) == said(&old)));
        return agree || free().any(|r| confidence(&r.words) >= SURE);
    }
    let before = (confidence(&old) >= LEGIBLE).then(|| (said(&old), others.holds(&old)));
    let all: Vec<(String, bool)> = before.into_iter().chain(free().map(|r| (said(&r.words), r.independent))).collect();
    let both = |text: &String| all.iter().any(|(t, other)| t == text && *other) && all.iter().any(|(t, other)| t == text && !*other);
    let digits = |text: &String| {
        let against = |r: &Reread| r.digits && confidence(&r.words) >= LEGIBLE && self::said(look.concept, &r.words) != *text;
        has_letters(text) || !readings.iter().any(against)
    };
    all.iter().any(|(text, _)| both(text) && digits(text))
}

/// Puts the better of the readings of each place on the page. `readings`: what was read there the second time, most trusted first.
pub fn adopt(page: &mut PageContent, looks: Vec<(Look, Vec<Reread>)>, ctx: &ReadContext, others: &mut ReadByOther) {
    let mut line = page.words.iter().map(|w| w.line).max().map_or(0, |l| l + 1);
    for (look, readings) in looks {
        let state = look.region.as_ref().and_then(|r| ctx.catalogue.jurisdiction(r));
        let replaced = |w: &Word| look.old.contains(&w.bbox);
        let old = read_before(page, &look);
        // A line cut out of the page has scraps of its neighbours at its edges: those were read in their own place.
        // Recognition often draws a box taller than its word, into the line above or below: only what stands on the same height is such a scrap.
        let level = |w: &Word, o: &Word| {
            let spare = 0.15 * o.bbox.height();
            (o.bbox.top - spare..=o.bbox.bottom + spare).contains(&w.bbox.mid_y())
        };
        let over = |w: &Word, o: &Word| o.bbox.shares(&w.bbox) > 0.3 || w.bbox.shares(&o.bbox) > 0.5;
        let foreign = |w: &Word| page.words.iter().any(|o| !replaced(o) && over(w, o) && level(w, o));
        let own = |r: Reread| Reread { words: r.words.into_iter().filter(|w| !foreign(w)).collect(), ..r };
        let readings: Vec<Reread> = readings.into_iter().map(own).collect();
        let first = Reread { words: old.clone(), digits: false, independent: others.holds(&old) };
        let Some(new) = weigh(&look, first, &readings, state) else { continue };
        let by_other = |w: &&Word| readings.iter().any(|r| r.independent && r.words.iter().any(|o| o.bbox == w.bbox));
        others.0.extend(new.iter().filter(by_other).map(|w| w.bbox));
        page.words.retain(|w| !look.old.contains(&w.bbox));
        page.words.extend(new.into_iter().map(|w| Word { line, ..w }));
        line += 1;
    }
}

fn read_before(page: &PageContent, look: &Look) -> Vec<Word> {
    page.words.iter().filter(|w| look.old.contains(&w.bbox)).cloned().collect()
}

/// What words say, for comparing: dates by their day, everything else by its letters and digits.
fn said(concept: Option<Concept>, words: &[Word]) -> String {
    let dated = matches!(concept, Some(Concept::SignedDate | Concept::Expires));
    dated.then(|| dates::find(&text(words))).flatten().map_or_else(|| fold(&text(words)), |date| date.to_string())
}

fn text(words: &[Word]) -> String {
    words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

fn confidence(words: &[Word]) -> f32 {
    let words: Vec<&Word> = words.iter().filter(|w| !fold(&w.text).is_empty()).collect();
    if words.is_empty() { 0.0 } else { words.iter().map(|w| w.confidence).sum::<f32>() / words.len() as f32 }
}

/// How sure each character of a number is, of one that says how sure all of them are.
fn each(words: &[Word]) -> f32 {
    let characters: usize = words.iter().map(|w| fold(&w.text).len()).sum();
    let all: f32 = words.iter().filter(|w| !fold(&w.text).is_empty()).map(|w| w.confidence).product();
    if characters == 0 { 0.0 } else { all.powf(1.0 / characters as f32) }
}

/// What to put in the place of the old words; `None`: they stay as they are.
fn weigh(look: &Look, old: Reread, readings: &[Reread], state: Option<&Jurisdiction>) -> Option<Vec<Word>> {
    match look.concept {
        None => better_line(&old.words, readings),
        Some(Concept::Number) => better_number(old, readings, state),
        Some(concept) => better_value(concept, &old, readings),
    }
}

fn same(a: &[Word], b: &[Word]) -> bool {
    fold(&text(a)) == fold(&text(b))
}

/// The best of some readings, the earlier one where two are about as good.
fn best(readings: &[Reread], quality: impl Fn(&[Word]) -> f32) -> Option<(f32, &[Word])> {
    let legible = readings.iter().filter(|r| confidence(&r.words) >= LEGIBLE);
    let all = legible.map(|r| (quality(&r.words), &r.words[..]));
    all.reduce(|a, b| if b.0 > a.0 + CLEARLY { b } else { a })
}

/// A line of which no value is known.
fn better_line(old: &[Word], readings: &[Reread]) -> Option<Vec<Word>> {
    let capitals = |words: &[Word]| words.iter().flat_map(|w| w.text.chars()).filter(|c| c.is_uppercase()).count();
    let (sure, best) = best(readings, confidence)?;
    let (before, after) = (fold(&text(old)).len(), fold(&text(best)).len());
    let better = match (before, after) {
        (0, 0..=1) => false,
        // Two letters can be a state; they can also be a scratch.
        (0, 2..=3) => sure >= if address::state(&text(best)).is_some() { LINE_LEGIBLE } else { LINE_SURE },
        // The same letters: a caption's capitals get lost in junk, and a short line's in having nothing to compare them with.
        // Or they were read with a sign among them that spoils a date.
        _ if same(old, best) => capitals(best) > capitals(old) || capitals(best) == capitals(old) && sure > confidence(old) + MUCH,
        (0, _) => sure >= LINE_LEGIBLE,
        _ => sure > confidence(old) + CLEARLY && after * 10 >= before * 6,
    };
    let kept = |w: &&Word| before > 0 || w.confidence >= LEGIBLE;
    better.then(|| best.iter().filter(kept).map(|w| Word { confidence: w.confidence.min(LINE_SURE), ..w.clone() }).collect())
}

/// What a label asks for, but for numbers.
fn better_value(concept: Concept, old: &Reread, readings: &[Reread]) -> Option<Vec<Word>> {
    let quality = |words: &[Word]| confidence(words) + fit(concept, &text(words));
    let (good, best) = best(readings, quality)?;
    if fold(&text(&old.words)).is_empty() && good < LEGIBLE + 0.5 {
        // Ink that no label's value looks like (a stamp, a line's end) is left alone.
        return None;
    }
    let mut chosen = if good > quality(&old.words) + CLEARLY { best.to_vec() } else { old.words.clone() };
    let says = said(Some(concept), &chosen);
    let legible = || std::iter::once(old).chain(readings).filter(|r| confidence(&r.words) >= LEGIBLE);
    let highest = |independent: bool| {
        let alike = legible().filter(|r| r.independent == independent && said(Some(concept), &r.words) == says);
        alike.map(|r| (1, confidence(&r.words))).fold((0, 0.0f32), |a, b| (a.0 + b.0, a.1.max(b.1)))
    };
    let ((own, own_sure), (other, other_sure)) = (highest(false), highest(true));
    // Of a date or a ZIP no digit is less than the others; a name may be written in many ways and is compared with the customer's.
    let exact = matches!(concept, Concept::SignedDate | Concept::Expires | Concept::PostalCode);
    let disputed = exact && legible().any(|r| fit(concept, &text(&r.words)) >= 0.5 && said(Some(concept), &r.words) != says);
    for word in &mut chosen {
        word.confidence = match (own, other) {
            _ if disputed && (own == 0 || other == 0) => word.confidence.min(DISPUTED),
            (1.., 1..) => seconded(word.confidence, own_sure.min(other_sure)),
            (2.., 0) => agreement(word.confidence, own_sure),
            _ => word.confidence,
        };
    }
    Some(chosen)
}

/// How sure a word is that recognisers of both kinds read, the less sure of them with `less`. They know nothing of each other, but saw the same ink.
fn seconded(sure: f32, less: f32) -> f32 {
    sure.max(1.0 - (1.0 - sure) * (1.0 - 0.9 * less)).min(0.99)
}

/// How sure two readings of one recogniser are that say the same: both saw one picture, so that they can be wrong in one way.
fn agreement(a: f32, b: f32) -> f32 {
    let (high, low) = (a.max(b), a.min(b));
    high.max(1.0 - (1.0 - high) * (1.0 - 0.7 * low)).min(0.99)
}

struct Candidate<'w> {
    words: &'w [Word],
    /// The number with what scans confuse made one.
    key: String,
    /// The number as it was read, folded.
    exact: String,
    fits: bool,
    quality: f32,
    digits: bool,
    independent: bool,
}

fn better_number(old: Reread, readings: &[Reread], state: Option<&Jurisdiction>) -> Option<Vec<Word>> {
    let candidate = |r: &'_ Reread| -> Option<(String, bool)> {
        let list: Vec<&str> = r.words.iter().map(|w| w.text.as_str()).collect();
        let (number, _) = numbers::pick(&list, state)?;
        Some((fold(&number), numbers::fits(&number, state) == Some(true)))
    };
    let mut candidates: Vec<Candidate> = vec![];
    // Readings that found no number where another found one.
    let mut empty = 0;
    // What the first recogniser read without trusting it.
    let mut echoes: Vec<String> = vec![];
    for (at, reading) in std::iter::once(&old).chain(readings).enumerate() {
        let sure = if reading.independent { each(&reading.words) } else { confidence(&reading.words) };
        let legible = sure >= if reading.independent { LEGIBLE_EACH } else { LEGIBLE };
        // What was read at first counts whatever its sureness: it is there.
        match candidate(reading).filter(|_| at == 0 || legible) {
            Some((exact, fits)) => candidates.push(Candidate {
                words: &reading.words,
                key: look_alike(&exact),
                exact,
                fits,
                quality: sure + if fits { 1.4 } else { 0.9 } + if reading.independent { BETTER_AT_HANDWRITING } else { 0.0 },
                digits: reading.digits,
                independent: reading.independent,
            }),
            None if !reading.independent && sure < LEGIBLE => echoes.extend(candidate(reading).map(|(exact, _)| exact)),
            None => empty += usize::from(reading.independent || !reading.digits),
        }
    }
    // The old one comes first, and stays where another is no better.
    let worth = |c: &Candidate| {
        let alike = || candidates.iter().filter(|d| d.key == c.key);
        let best = alike().map(|d| d.quality).fold(0.0, f32::max);
        let both = alike().any(|d| d.independent) && alike().any(|d| !d.independent);
        best + VOTE * (alike().count() - 1) as f32 + if both { SECONDED } else { 0.0 }
    };
    let (_, chosen) = candidates.iter().map(|c| (worth(c), c)).reduce(|a, b| if b.0 > a.0 + CLEARLY { b } else { a })?;
    // Of the same number, the reading that is surest.
    let chosen = candidates.iter().filter(|c| c.key == chosen.key).max_by(|a, b| a.quality.total_cmp(&b.quality)).unwrap_or(chosen);
    let lettered = has_letters(&text(chosen.words));
    let alike = |independent: bool| candidates.iter().filter(move |c| c.independent == independent && c.key == chosen.key);
    let (own, other) = (alike(false).count(), alike(true).count());
    // However unsure it is: nobody hits upon a whole number by chance.
    let echoed = echoes.contains(&chosen.exact) && chosen.exact.len() >= ECHO;
    // A letter for a digit is a difference, unless the state's pattern tells which it is.
    let exactly = chosen.fits || alike(true).any(|a| alike(false).any(|b| a.exact == b.exact));
    let against: Vec<&Candidate> = candidates.iter().filter(|c| c.key != chosen.key && !(c.digits && lettered)).collect();
    let contradicted = empty > 0 || against.iter().any(|c| c.independent);
    // How often the first recogniser said a number; digits alone are the same picture once more. The other recogniser's word counts one.
    let said = |key: &str, c: &Candidate| match c {
        c if c.key != key => 0.0,
        c if c.digits => 0.5,
        _ => 1.0,
    };
    let weight = |key: &str| candidates.iter().map(|c| said(key, c)).sum::<f32>();
    let rival = against.iter().map(|c| weight(&c.key)).fold(0.0, f32::max);
    let agree = alike(true).any(|a| alike(false).any(|b| a.exact == b.exact));
    let second = |of: bool| alike(of).map(|c| confidence(c.words)).fold(0.0, f32::max);
    let mut own_sure: Vec<f32> = alike(false).map(|c| confidence(c.words)).collect();
    own_sure.sort_by(f32::total_cmp);
    let asked = readings.iter().any(|r| r.independent);
    let mut words = chosen.words.to_vec();
    for word in &mut words {
        let sure = word.confidence;
        word.confidence = match (against.len(), own, other) {
            _ if contradicted => sure.min(DISPUTED),
            (0, 1.., 1..) if exactly => seconded(sure, second(true).min(second(false))),
            (0, 2.., 0) if !asked => agreement(sure, own_sure[own - 2]),
            (0, 1, 0) if !asked => sure,
            (1, MAJORITY.., 0) if !asked => sure.min(OUTVOTED),
            (0, 0, 1..) if echoed => sure.min(OUTVOTED),
            (_, 1.., 1..) if agree && second(false) >= SECONDS && rival < weight(&chosen.key) => sure.min(OUTVOTED),
            _ => sure.min(DISPUTED),
        };
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::Catalogue;
    use super::super::sheet::tests::page;
    use super::*;
    use crate::domain::Region;

    fn words(text: &str, confidence: f32, left: f32, top: f32) -> Vec<Word> {
        let mut at = left;
        let word = |text: &str| {
            let bbox = BBox::new(at, top, at + 0.009 * text.len() as f32, top + 0.011);
            at = bbox.right + 0.006;
            Word { text: text.to_owned(), bbox, confidence, line: 0 }
        };
        text.split(' ').map(word).collect()
    }

    fn look(concept: Option<Concept>, old: &[Word]) -> Look {
        let area = old.iter().map(|w| w.bbox).reduce(|a, b| a.union(&b)).unwrap_or(BBox::new(0.1, 0.1, 0.3, 0.12));
        Look { area, number: concept == Some(Concept::Number), concept, region: None, old: old.iter().map(|w| w.bbox).collect() }
    }

    fn ctx() -> ReadContext<'static> {
        ReadContext { catalogue: Catalogue::builtin(), seller: None }
    }

    /// `new`: a reading with a `#` before it is of digits alone, one with a `?` by another recogniser.
    fn chosen(concept: Option<Concept>, state: Option<&str>, old: (&str, f32), new: &[(&str, f32)]) -> Option<(String, f32)> {
        let old = if old.0.is_empty() { vec![] } else { words(old.0, old.1, 0.1, 0.1) };
        let read = |(text, sure): &(&str, f32)| Reread {
            words: words(text.trim_start_matches(['#', '?']), *sure, 0.1, 0.1),
            digits: text.starts_with('#'),
            independent: text.starts_with('?'),
        };
        let region = state.and_then(Region::us_state);
        let state = region.as_ref().and_then(|r| Catalogue::builtin().jurisdiction(r));
        weigh(
            &look(concept, &old),
            Reread { words: old, digits: false, independent: false },
            &new.iter().map(read).collect::<Vec<_>>(),
            state,
        )
        .map(|w| (text(&w), confidence(&w)))
    }

    #[test]
    fn the_reading_that_is_what_the_label_asks_for_counts() {
        let got = chosen(Some(Concept::PostalCode), None, ("537/55", 0.49), &[("53755", 0.93)]).unwrap();
        assert_eq!(got.0, "53755");
        let got = chosen(Some(Concept::Line1), None, ("12 Quay Lane", 0.9), &[("17 Ouav", 0.5)]).unwrap();
        assert_eq!(got.0, "12 Quay Lane");
        assert_eq!(chosen(Some(Concept::PostalCode), None, ("", 0.0), &[("53755", 0.9)]).unwrap().0, "53755");
        assert_eq!(chosen(Some(Concept::PostalCode), None, ("", 0.0), &[("~-", 0.2)]), None);
    }

    #[test]
    fn equal_readings_are_surer_and_different_ones_of_a_number_never_are() {
        let number = |old, new: &[(&str, f32)]| chosen(Some(Concept::Number), Some("TX"), old, new).unwrap();
        let agreed = number(("32011112222", 0.8), &[("32011112222", 0.9), ("#32011112222", 0.9)]);
        assert!(agreed.1 > 0.95, "{agreed:?}");
        let disputed = number(("32011112222", 0.95), &[("32017112222", 0.95)]);
        assert!(disputed.1 <= DISPUTED, "{disputed:?}");
        // The one that fits the state's pattern wins against two that do not, and is not sure.
        let (said, sure) = number(("3201111222", 0.8), &[("3201111222", 0.8), ("#32011112222", 0.85)]);
        assert!(sure <= DISPUTED, "{said} {sure}");
        // Nothing was read at first: two readings that differ are no surer for that.
        let late = number(("", 0.0), &[("32011112222", 0.9), ("#32017112222", 0.9)]);
        assert!(late.1 <= DISPUTED, "{late:?}");
        // Two weak readings that agree are better than one, and still weak.
        let weak = number(("32011112222", 0.46), &[("32011112222", 0.46)]);
        assert!(weak.1 < 0.7, "{weak:?}");
    }

    #[test]
    fn a_clear_majority_counts_and_is_not_quite_sure() {
        let all = [("35666655677", 0.9), ("#35666655677", 0.9), ("35666655677", 0.9), ("#35666655677", 0.9)];
        let (said, sure) = chosen(Some(Concept::Number), Some("TX"), ("35666055077", 0.9), &all).unwrap();
        assert_eq!(said, "35666655677");
        assert!(sure <= OUTVOTED && sure > DISPUTED, "{sure}");
    }

    #[test]
    fn a_second_recogniser_that_agrees_makes_sure_and_one_that_differs_never_lets_a_number_pass() {
        let number = |old, new: &[(&str, f32)]| chosen(Some(Concept::Number), Some("TX"), old, new).unwrap();
        let seconded = number(("32011112222", 0.85), &[("?32011112222", 0.95)]);
        assert!(seconded.1 > 0.98, "{seconded:?}");
        let alone = number(("32011112222", 0.95), &[("?32017112222", 0.97)]);
        assert!(alone.1 <= DISPUTED, "{alone:?}");
        // One slip of the first reading against three others of both kinds.
        let slip = number(("32011112227", 0.9), &[("?32011112222", 0.97), ("32011112222", 0.9), ("#32011112222", 0.9)]);
        assert_eq!(slip.0, "32011112222");
        assert!(slip.1 <= OUTVOTED && slip.1 > DISPUTED, "{slip:?}");
        // One engine three times is no majority against the other.
        let repeated = number(("32011112227", 0.9), &[("?32011112222", 0.97), ("32011112227", 0.9), ("#32011112227", 0.9)]);
        assert!(repeated.1 <= DISPUTED, "{repeated:?}");
        // Tries that each say something else speak against nothing; two that say the same do.
        let tries = number(("32011112222", 0.9), &[("?32011112222", 0.9), ("32OI1l1222", 0.6), ("#3201112", 0.6), ("82011112227", 0.6)]);
        assert!(tries.1 <= OUTVOTED && tries.1 > DISPUTED, "{tries:?}");
        let rival = number(("32011112222", 0.6), &[("?32011112222", 0.9), ("32011112227", 0.9), ("32011112227", 0.9)]);
        assert!(rival.1 <= DISPUTED, "{rival:?}");
        // By hand: the first recogniser does not trust what it reads, but it is the same number to the last digit.
        let echoed = number(("", 0.0), &[("?32011112222", 0.97), ("32011I1Z2", 0.1), ("#32011112222", 0.02)]);
        assert!(echoed.1 <= OUTVOTED && echoed.1 > DISPUTED, "{echoed:?}");
        assert!(number(("", 0.0), &[("?32011112222", 0.97), ("#32011112227", 0.02)]).1 <= DISPUTED);
        // Most of what was read says something else, if only in digits.
        let most =
            number(("32011112227", 0.95), &[("?32011112222", 0.9), ("32011112222", 0.5), ("#32011112227", 0.9), ("#32011112227", 0.9)]);
        assert!(most.1 <= DISPUTED, "{most:?}");
        let whisper = number(("32011112227", 0.95), &[("?32011112222", 0.97), ("32011112222", 0.02), ("#32011112227", 0.9)]);
        assert!(whisper.1 <= DISPUTED, "{whisper:?}");
        // One of them finds no number there, or a letter for a digit.
        assert!(number(("32011112222", 0.95), &[("?~", 0.9)]).1 <= DISPUTED);
        assert!(number(("", 0.0), &[("?32011112222", 0.97)]).1 <= DISPUTED);
        let lettered = chosen(Some(Concept::Number), None, ("S123456", 0.95), &[("?5123456", 0.97)]).unwrap();
        assert!(lettered.1 <= DISPUTED, "{lettered:?}");
        // By hand: the first recogniser makes something else of it each time.
        let hand = number(("320i1lI2222", 0.5), &[("?32011112222", 0.97), ("82O1112Z22", 0.5), ("#8201111222", 0.5)]);
        assert_eq!(hand.0, "32011112222");
        assert!(hand.1 <= DISPUTED, "{hand:?}");
        let name = chosen(Some(Concept::Name), None, ("Blue Ridge Supply", 0.9), &[("?Blue Ridge Supply", 0.9)]).unwrap();
        assert!(name.1 > 0.98, "{name:?}");
        let same_kind = chosen(Some(Concept::Name), None, ("Blue Ridge Supply", 0.9), &[("Blue Ridge Supply", 0.9)]).unwrap();
        assert!(same_kind.1 < name.1, "one recogniser twice says less");
    }

    #[test]
    fn dates_that_are_read_in_two_ways_are_disputed() {
        let date = |old, new: &[(&str, f32)]| chosen(Some(Concept::Expires), None, old, new).unwrap();
        assert!(date(("1/12/2027", 0.95), &[("?11/2/2027", 0.95)]).1 <= DISPUTED);
        assert!(date(("1/12/2027", 0.9), &[("?01-12-2027", 0.9)]).1 > 0.95, "one day, written in two ways");
    }

    #[test]
    fn a_reading_of_digits_alone_says_nothing_against_letters() {
        let (said, sure) = chosen(Some(Concept::Number), None, ("E9123-4567", 0.9), &[("E9123-4567", 0.9), ("#9123-4567", 0.9)]).unwrap();
        assert_eq!(said, "E9123-4567");
        assert!(sure > 0.9, "{sure}");
    }

    #[test]
    fn a_line_found_late_is_never_taken_for_print() {
        let found = chosen(None, None, ("", 0.0), &[("Elena Petrov", 0.97)]).unwrap();
        assert!(found.1 <= LINE_SURE);
        assert_eq!(chosen(None, None, ("", 0.0), &[("we", 0.7)]), None, "a scratch is no word");
        assert_eq!(chosen(None, None, ("Purchasers Audrose:", 0.8), &[("Purchaser's Address:", 0.95)]).unwrap().0, "Purchaser's Address:");
    }

    #[test]
    fn only_the_doubtful_words_are_replaced_and_scraps_of_other_lines_stay_out() {
        let mut page = page(&[(0.1, 0.10, "ADDRESS OF PURCHASER"), (0.1, 0.115, "8920 Maim St"), (0.1, 0.2, "TELEPHONE")]);
        page.words.iter_mut().filter(|w| w.text == "Maim").for_each(|w| w.confidence = 0.4);
        let old: Vec<Word> = page.words.iter().filter(|w| (0.11..0.12).contains(&w.bbox.top)).cloned().collect();
        let mut new = words("8920 Main St", 0.96, 0.1, 0.115);
        // The lower half of the caption above, cut off by the edge.
        new.extend(words("ANNPFSS", 0.5, 0.1, 0.105));
        let look = Look { concept: Some(Concept::Line1), ..look(None, &old) };
        adopt(&mut page, vec![(look, vec![Reread { words: new, digits: false, independent: false }])], &ctx(), &mut ReadByOther::default());
        let texts: Vec<&str> = page.words.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(texts, ["ADDRESS", "OF", "PURCHASER", "TELEPHONE", "8920", "Main", "St"]);
    }

    #[test]
    fn more_readings_are_asked_for_until_recognisers_of_both_kinds_agree() {
        let mut page = page(&[(0.1, 0.1, "32011112222")]);
        let old = page.words.clone();
        let look = look(Some(Concept::Number), &old);
        let read = |text: &str, digits, independent| Reread { words: words(text, 0.9, 0.1, 0.1), digits, independent };
        let none = ReadByOther::default();
        assert!(!settled(&page, &look, &[read("32011112222", false, false), read("32011112222", true, false)], &none), "one engine alone");
        assert!(settled(&page, &look, &[read("32011112222", false, true)], &none));
        assert!(!settled(&page, &look, &[read("32017112222", false, true)], &none));
        // What the other recogniser read on the page it cannot confirm.
        let others = ReadByOther(old.iter().map(|w| w.bbox).collect());
        assert!(!settled(&page, &look, &[read("32011112222", false, true)], &others));
        assert!(settled(&page, &look, &[read("32011112222", false, true), read("32011112222", false, false)], &others));
        page.words.clear();
        assert!(!settled(&page, &look, &[read("32011112222", false, true)], &none), "a lone reading");
        page.words = words("E2011112222", 0.9, 0.1, 0.1);
        page.words[0].bbox = old[0].bbox;
        assert!(settled(&page, &look, &[read("E2011112222", false, true), read("2011112222", true, false)], &none));
    }

    #[test]
    fn a_recogniser_never_confirms_itself() {
        let mut page = page(&[(0.1, 0.5, "Sales tax permit")]);
        let mut others = ReadByOther::default();
        let line = look(None, &[]);
        let wrong = Reread { words: words("32017112222", 0.97, 0.1, 0.1), digits: false, independent: true };
        adopt(&mut page, vec![(line, vec![wrong.clone()])], &ctx(), &mut others);
        let found: Vec<Word> = page.words.iter().filter(|w| w.text == "32017112222").cloned().collect();
        assert_eq!(found.len(), 1);
        adopt(&mut page, vec![(look(Some(Concept::Number), &found), vec![wrong])], &ctx(), &mut others);
        let sure = page.words.iter().find(|w| w.text == "32017112222").unwrap().confidence;
        assert!(sure <= DISPUTED, "{sure}");
    }
}
