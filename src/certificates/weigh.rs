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
use super::{address, numbers};
use crate::domain::{PageContent, Word};

/// A reading less sure than this is no reading.
const LEGIBLE: f32 = 0.45;
/// Two readings that differ by so little in quality: the first stays.
const CLEARLY: f32 = 0.06;
/// How sure a number is at most when two readings of it differ: too little to be used with no human, whatever pattern it fits (`rules`).
const DISPUTED: f32 = 0.55;
/// How sure a number is at most when one reading of many differs.
const OUTVOTED: f32 = 0.8;
/// So many readings for one against are a clear majority.
const MAJORITY: usize = 3;
/// What each further reading of the same number is worth beside quality (0 to 2.4), and what one by another recogniser is.
const VOTE: f32 = 0.25;
const SECONDED: f32 = 0.5;
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

/// Whether the readings of a place so far are enough; further ones cost time.
pub fn settled(page: &PageContent, look: &Look, readings: &[Reread]) -> bool {
    let old = read_before(page, look);
    let free = readings.iter().filter(|r| !r.digits);
    let said = |words: &[Word]| look_alike(&fold(&text(words)));
    let seconded = |r: &Reread| r.independent && !old.is_empty() && confidence(&r.words) >= LEGIBLE && said(&r.words) == said(&old);
    if readings.iter().any(seconded) {
        return true;
    }
    let agree = free.clone().all(|r| confidence(&r.words) >= LEGIBLE && (old.is_empty() || said(&r.words) == said(&old)));
    match look.number {
        // Digits alone say the same, or the number has letters, which they leave out.
        true => agree && readings.iter().all(|r| !r.digits || has_letters(&text(&old)) || said(&r.words) == said(&old)),
        false => agree || free.clone().any(|r| confidence(&r.words) >= SURE),
    }
}

/// Puts the better of the readings of each place on the page. `readings`: what was read there the second time, most trusted first.
pub fn adopt(page: &mut PageContent, looks: Vec<(Look, Vec<Reread>)>, ctx: &ReadContext) {
    let mut line = page.words.iter().map(|w| w.line).max().map_or(0, |l| l + 1);
    for (look, readings) in looks {
        let state = look.region.as_ref().and_then(|r| ctx.catalogue.jurisdiction(r));
        let replaced = |w: &Word| look.old.contains(&w.bbox);
        let old = read_before(page, &look);
        // A line cut out of the page has scraps of its neighbours at its edges: those were read in their own place.
        let foreign = |w: &Word| page.words.iter().any(|o| !replaced(o) && (o.bbox.shares(&w.bbox) > 0.3 || w.bbox.shares(&o.bbox) > 0.5));
        let own = |r: Reread| Reread { words: r.words.into_iter().filter(|w| !foreign(w)).collect(), ..r };
        let Some(new) = weigh(&look, &old, readings.into_iter().map(own).collect(), state) else { continue };
        page.words.retain(|w| !look.old.contains(&w.bbox));
        page.words.extend(new.into_iter().map(|w| Word { line, ..w }));
        line += 1;
    }
}

fn read_before(page: &PageContent, look: &Look) -> Vec<Word> {
    page.words.iter().filter(|w| look.old.contains(&w.bbox)).cloned().collect()
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

/// What to put in the place of the old words; `None`: they stay as they are.
fn weigh(look: &Look, old: &[Word], readings: Vec<Reread>, state: Option<&Jurisdiction>) -> Option<Vec<Word>> {
    let readings: Vec<Reread> = readings.into_iter().filter(|r| confidence(&r.words) >= LEGIBLE).collect();
    match look.concept {
        None => better_line(old, &readings),
        Some(Concept::Number) => better_number(old, &readings, state),
        Some(concept) => better_value(concept, old, &readings),
    }
}

fn same(a: &[Word], b: &[Word]) -> bool {
    fold(&text(a)) == fold(&text(b))
}

/// The best of some readings, the earlier one where two are about as good.
fn best(readings: &[Reread], quality: impl Fn(&[Word]) -> f32) -> Option<(f32, &[Word])> {
    let all = readings.iter().map(|r| (quality(&r.words), &r.words[..]));
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
        _ if same(old, best) => capitals(best) > capitals(old),
        (0, _) => sure >= LINE_LEGIBLE,
        _ => sure > confidence(old) + CLEARLY && after * 10 >= before * 6,
    };
    let kept = |w: &&Word| before > 0 || w.confidence >= LEGIBLE;
    better.then(|| best.iter().filter(kept).map(|w| Word { confidence: w.confidence.min(LINE_SURE), ..w.clone() }).collect())
}

/// What a label asks for, but for numbers.
fn better_value(concept: Concept, old: &[Word], readings: &[Reread]) -> Option<Vec<Word>> {
    let quality = |words: &[Word]| confidence(words) + fit(concept, &text(words));
    let (good, best) = best(readings, quality)?;
    if fold(&text(old)).is_empty() {
        // Ink that no label's value looks like (a stamp, a line's end) is left alone.
        return (good >= LEGIBLE + 0.5).then(|| best.to_vec());
    }
    let mut chosen = if good > quality(old) + CLEARLY { best.to_vec() } else { old.to_vec() };
    let kept = same(old, &chosen);
    // Of the recogniser that read the page, and of the other.
    let agreeing = |independent: bool| {
        let alike = readings.iter().filter(|r| r.independent == independent && same(&r.words, &chosen));
        alike.map(|r| confidence(&r.words)).collect::<Vec<f32>>()
    };
    let (own, other) = (agreeing(false), agreeing(true));
    let highest = |all: &[f32]| all.iter().copied().fold(0.0, f32::max);
    let (of_own, of_other) = (own.len() + usize::from(kept), other.len());
    for word in &mut chosen {
        word.confidence = match (of_own, of_other) {
            (1.., 1..) => seconded(word.confidence.max(highest(&own)), highest(&other)),
            (2.., 0) => agreement(word.confidence, highest(&own)),
            _ => word.confidence,
        };
    }
    Some(chosen)
}

/// How sure two readings are that say the same and are of recognisers that know nothing of each other.
fn seconded(a: f32, b: f32) -> f32 {
    (1.0 - (1.0 - a) * (1.0 - b)).max(a).min(0.99)
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
    quality: f32,
    digits: bool,
    independent: bool,
}

fn better_number(old: &[Word], readings: &[Reread], state: Option<&Jurisdiction>) -> Option<Vec<Word>> {
    let candidate = |words: &'_ [Word]| -> Option<(String, f32)> {
        let list: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
        let (number, _) = numbers::pick(&list, state)?;
        let shape = if numbers::fits(&number, state) == Some(true) { 1.4 } else { 0.9 };
        Some((look_alike(&fold(&number)), confidence(words) + shape))
    };
    let all = std::iter::once((old, false, false)).chain(readings.iter().map(|r| (&r.words[..], r.digits, r.independent)));
    let candidates: Vec<Candidate> = all
        .filter_map(|(words, digits, independent)| {
            let (key, quality) = candidate(words)?;
            Some(Candidate { words, key, quality, digits, independent })
        })
        .collect();
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
    let (mut own, mut other, mut against) = (vec![], vec![], 0);
    for candidate in &candidates {
        if candidate.key != chosen.key {
            against += usize::from(!(candidate.digits && lettered));
        } else if candidate.independent {
            other.push(confidence(candidate.words));
        } else {
            own.push(confidence(candidate.words));
        }
    }
    own.sort_by(f32::total_cmp);
    let mut words = chosen.words.to_vec();
    for word in &mut words {
        let sure = word.confidence;
        word.confidence = match (against, &own[..], &other[..]) {
            (0, [.., best], [second, ..]) => seconded(*best, *second),
            (0, [.., second, _], []) => agreement(sure, *second),
            (0, ..) => sure,
            (1, own, []) if own.len() >= MAJORITY => sure.min(OUTVOTED),
            // Two recognisers against one slip of one of them.
            (1, [_, ..], [_, ..]) if own.len() + other.len() >= MAJORITY => sure.min(OUTVOTED),
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
    use crate::domain::{BBox, Region};

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
        ReadContext { catalogue: Catalogue::builtin(), seller: None, today: jiff::civil::date(2026, 11, 20) }
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
        weigh(&look(concept, &old), &old, new.iter().map(read).collect(), state).map(|w| (text(&w), confidence(&w)))
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
    fn two_recognisers_that_agree_settle_a_place() {
        let page = page(&[(0.1, 0.1, "32011112222")]);
        let look = look(Some(Concept::Number), &page.words);
        let read = |text: &str| Reread { words: words(text, 0.9, 0.1, 0.1), digits: false, independent: true };
        assert!(settled(&page, &look, &[read("32011112222")]));
        assert!(!settled(&page, &look, &[read("32017112222")]));
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
        adopt(&mut page, vec![(look, vec![Reread { words: new, digits: false, independent: false }])], &ctx());
        let texts: Vec<&str> = page.words.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(texts, ["ADDRESS", "OF", "PURCHASER", "TELEPHONE", "8920", "Main", "St"]);
    }

    #[test]
    fn more_readings_are_asked_for_only_where_the_first_ones_differ() {
        let mut page = page(&[(0.1, 0.1, "32011112222")]);
        let old = page.words.clone();
        let look = look(Some(Concept::Number), &old);
        let read = |text: &str, digits| Reread { words: words(text, 0.9, 0.1, 0.1), digits, independent: false };
        assert!(settled(&page, &look, &[read("32011112222", false), read("32011112222", true)]));
        assert!(!settled(&page, &look, &[read("32011112222", false), read("32017112222", true)]));
        page.words[0].text = "E2011112222".into();
        assert!(settled(&page, &look, &[read("E2011112222", false), read("2011112222", true)]));
    }
}
