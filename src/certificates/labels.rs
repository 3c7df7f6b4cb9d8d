//! Finds the labels on a page: which words name a blank, and which blank.
//!
//! Owns: fuzzy phrase search over stretches of words, overlaps (the longest phrase wins), which party an open label belongs to.
//! Must not touch: values. Called by: `places`, `read`, `signature`, `states`.

use super::catalogue::{Catalogue, Concept, Party};
use super::sheet::Sheet;
use super::text::{alike, is_sentence_word};
use crate::domain::BBox;

/// A label found on a page.
#[derive(Debug, Clone)]
pub struct Found {
    pub concept: Concept,
    pub party: Party,
    pub rank: i32,
    pub toks: Vec<usize>,
    pub area: BBox,
    pub likeness: f64,
    /// Stands in the middle of a sentence.
    pub inline: bool,
    /// Ends with a colon.
    pub colon: bool,
}

/// Phrases less alike than this are not the label. Short ones must be nearly exact: `likeness_needed`.
const LIKENESS: f64 = 0.84;

fn likeness_needed(letters: usize) -> f64 {
    match letters {
        0..=4 => 1.0,
        5..=8 => 0.86,
        _ => LIKENESS,
    }
}

/// All labels on the page, top to bottom, none overlapping.
pub fn find(sheet: &Sheet, catalogue: &Catalogue) -> Vec<Found> {
    let mut hits: Vec<(Found, usize, usize, usize)> = vec![];
    for (number, run) in sheet.runs.iter().enumerate() {
        for start in 0..run.len() {
            // Joined text of the first n words from here, n up to the longest phrase.
            let mut joined = String::new();
            for end in start..run.len().min(start + 22) {
                let word = &sheet.toks[run[end]].folded;
                if word.is_empty() && end > start {
                    continue;
                }
                joined.push_str(word);
                if joined.is_empty() {
                    break;
                }
                if let Some(hit) = best_label(&joined, end + 1 - start, catalogue) {
                    let (label, likeness) = hit;
                    let toks: Vec<usize> = run[start..=end].to_vec();
                    let Some(area) = sheet.area(&toks) else { continue };
                    let inline = is_inline(sheet, run, start, end);
                    if inline && !label.inline {
                        continue;
                    }
                    let colon = sheet.toks[run[end]].text.ends_with(':');
                    hits.push((
                        Found { concept: label.concept, party: label.party, rank: label.rank, toks, area, likeness, inline, colon },
                        number,
                        start,
                        end,
                    ));
                }
            }
        }
    }
    // Longest first, then most alike: a short phrase inside a longer one is no label of its own.
    hits.sort_by(|a, b| (b.3 - b.2).cmp(&(a.3 - a.2)).then(b.0.likeness.total_cmp(&a.0.likeness)));
    let mut kept: Vec<(Found, usize, usize, usize)> = vec![];
    for hit in hits {
        if kept.iter().all(|k| k.1 != hit.1 || hit.3 < k.2 || hit.2 > k.3) {
            kept.push(hit);
        }
    }
    let mut found: Vec<Found> = kept.into_iter().map(|k| k.0).collect();
    found.sort_by(|a, b| a.area.mid_y().total_cmp(&b.area.mid_y()).then(a.area.left.total_cmp(&b.area.left)));
    give_parties(sheet, &mut found);
    found
}

fn best_label<'c>(joined: &str, words: usize, catalogue: &'c Catalogue) -> Option<(&'c super::catalogue::Label, f64)> {
    let mut best: Option<(&super::catalogue::Label, f64)> = None;
    for label in &catalogue.labels {
        // OCR splits and joins words, but not many of them.
        if words > label.words + 2 {
            continue;
        }
        let needed = likeness_needed(label.phrase.len());
        let likeness = if joined == label.phrase { 1.0 } else { alike(joined, &label.phrase, needed) };
        if likeness >= needed && best.is_none_or(|(_, b)| likeness > b) {
            best = Some((label, likeness));
        }
    }
    best
}

/// Is there sentence right before these words? Numbering (`1.`, `(a)`, `3`) and boxes do not count.
fn is_inline(sheet: &Sheet, run: &[usize], start: usize, end: usize) -> bool {
    let before: Vec<&str> = run[..start].iter().rev().map(|&i| sheet.toks[i].folded.as_str()).take(4).collect();
    // Gaps within a stretch are small, but a blank before the label is wider than a space.
    let gap = (start > 0).then(|| sheet.toks[run[start]].area.left - sheet.toks[run[start - 1]].area.right).unwrap_or(f32::MAX);
    let worded = before.first().is_some_and(|w| w.len() > 2 || is_sentence_word(w));
    let starts_capital = sheet.toks[run[start]].text.chars().find(|c| c.is_alphabetic()).is_some_and(char::is_uppercase);
    let after: Vec<&str> = run[end + 1..].iter().map(|&i| sheet.toks[i].folded.as_str()).take(3).collect();
    let goes_on =
        after.len() >= 2 && after.iter().filter(|w| is_sentence_word(w)).count() >= 2 && !sheet.toks[run[end]].text.ends_with(':');
    (worded && gap < 0.6 * sheet.h && !starts_capital) || goes_on && (worded || after.len() >= 3)
}

/// An open label (“Address”) belongs to the party that the nearest label before it names.
fn give_parties(sheet: &Sheet, found: &mut [Found]) {
    let anchors: Vec<(Party, BBox, bool)> = found
        .iter()
        .filter(|f| {
            f.party != Party::Open
                && !f.inline
                && matches!(f.concept, Concept::Name | Concept::Header | Concept::Block | Concept::Line1 | Concept::Number)
        })
        .map(|f| (f.party, f.area, f.concept == Concept::Header))
        .collect();
    for label in found.iter_mut().filter(|f| f.party == Party::Open) {
        label.party = party_for(&label.area, &anchors, sheet.h).unwrap_or(Party::Open);
    }
}

/// The party of the anchor that stands nearest before a place: above it, or on its line to the left.
pub fn party_for(area: &BBox, anchors: &[(Party, BBox, bool)], h: f32) -> Option<Party> {
    let mut best: Option<(f32, Party)> = None;
    for (party, anchor, _) in anchors {
        let down = area.mid_y() - anchor.mid_y();
        let same_line = down.abs() < 0.8 * h;
        if down < -0.8 * h || same_line && anchor.left > area.left {
            continue;
        }
        // A column further right is another party's; one far left may be.
        let off = if anchor.left > area.right + h { anchor.left - area.right } else { (area.left - anchor.left).max(0.0) * 0.25 };
        let distance = if same_line { (area.left - anchor.right).max(0.0) * 0.5 } else { down + off };
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, *party));
        }
    }
    best.map(|(_, party)| party)
}

#[cfg(test)]
mod tests {
    use super::super::sheet::tests::page;
    use super::*;

    fn labels(words: &[(f32, f32, &str)]) -> Vec<(Concept, Party)> {
        let page = page(words);
        find(&Sheet::new(&page), Catalogue::builtin()).iter().map(|f| (f.concept, f.party)).collect()
    }

    #[test]
    fn the_longest_phrase_wins() {
        assert_eq!(labels(&[(0.1, 0.1, "Name of Purchaser: Tidewater Brass")]), [(Concept::Name, Party::Purchaser)]);
        assert_eq!(labels(&[(0.1, 0.1, "Narne of Purchaser")]), [(Concept::Name, Party::Purchaser)]);
    }

    #[test]
    fn sentences_hold_no_labels() {
        assert!(labels(&[(0.1, 0.1, "The seller must collect the tax from the purchaser on the date of sale")]).is_empty());
    }

    #[test]
    fn open_labels_follow_the_nearest_party() {
        let found = labels(&[
            (0.1, 0.1, "Name of seller"),
            (0.55, 0.1, "Name of purchaser"),
            (0.1, 0.15, "Street address"),
            (0.55, 0.15, "Street address"),
        ]);
        assert_eq!(found[2], (Concept::Line1, Party::Seller));
        assert_eq!(found[3], (Concept::Line1, Party::Purchaser));
    }
}
