//! Finds the labels on a page: which words name a blank, and which blank.
//!
//! Owns: fuzzy phrase search over stretches of words, overlaps (the longest phrase wins), which party an open label belongs to.
//! Must not touch: values. Called by: `places`, `read`, `signature`, `states`.

use super::captions::{self, is_caption_word};
use super::catalogue::{Catalogue, Concept, Label, Party};
use super::sheet::Sheet;
use super::text::{alike, is_form_word, is_sentence_word, look_alike};
use crate::domain::{BBox, Region};
use std::collections::HashSet;

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
    /// Letters of the phrase.
    pub letters: usize,
}

/// How many letters of a phrase may be misread. Short phrases differ from other words by little (“certificate of”, “certificate no.”).
fn edits_allowed(letters: usize) -> usize {
    match letters {
        0..=5 => 0,
        6..=14 => 1,
        15..=22 => 2,
        _ => letters * 14 / 100,
    }
}

/// How alike a text is to a phrase, or `None` where it is another one. `text`: the same with look-alikes made one.
fn likeness(joined: &str, text: &str, label: &Label) -> Option<f64> {
    if joined == label.phrase || joined == label.canon {
        return Some(1.0);
    }
    // `3. E. Seller's name` is not `Reseller's name`: the first letter must stand.
    if text.as_bytes().first() != label.canon.as_bytes().first() {
        return None;
    }
    let letters = label.phrase.len();
    let allowed = edits_allowed(letters);
    if allowed == 0 || joined.len().abs_diff(letters) > allowed + 2 {
        return None;
    }
    // A look-alike (“rn” for “m”) is no edit.
    if text == label.canon {
        return Some(0.99);
    }
    // In a single word one letter more or less, or another ending, makes another word: “wholesale”, “purchased”.
    if label.words == 1 && (joined.len() != letters || joined[joined.len() - 1..] != label.phrase[letters - 1..]) {
        return None;
    }
    let edits = rapidfuzz::distance::levenshtein::distance_with_args(
        text.chars(),
        label.canon.chars(),
        &rapidfuzz::distance::levenshtein::Args::default().score_cutoff(allowed),
    )?;
    Some(1.0 - edits as f64 / letters as f64)
}

/// All labels on the page, top to bottom, none overlapping. `merchant`: where the merchant's name stands (level), which tells the seller's part
/// of a form where its captions do not.
pub fn find(sheet: &Sheet, catalogue: &Catalogue, merchant: &[BBox]) -> Vec<Found> {
    let mut hits: Vec<(Found, usize, usize, usize)> = vec![];
    for (number, run) in sheet.runs.iter().enumerate() {
        for start in 0..run.len() {
            // Numbering and boxes begin no label.
            let first = &sheet.toks[run[start]].folded;
            if !first.chars().any(char::is_alphabetic) || first.len() == 1 && first != "i" && first != "p" && first != "d" {
                continue;
            }
            // Joined text of the first n words from here, n up to the longest phrase.
            let mut joined = String::new();
            for end in start..run.len().min(start + 22) {
                let word = &sheet.toks[run[end]].folded;
                if word.is_empty() && end > start {
                    continue;
                }
                // Numbering that OCR joined to the first word: “1Name”.
                let word = if end == start && word.chars().skip(2).any(char::is_alphabetic) {
                    word.trim_start_matches(|c: char| c.is_ascii_digit())
                } else {
                    word
                };
                joined.push_str(word);
                if joined.is_empty() {
                    break;
                }
                if let Some(hit) = best_label(&joined, end + 1 - start, catalogue) {
                    let (label, likeness) = hit;
                    let toks: Vec<usize> = run[start..=end].to_vec();
                    let Some(area) = sheet.area(&toks) else { continue };
                    // Written up the side of the page, beside the blanks of a part.
                    if area.height() > 1.5 * area.width() && joined.len() >= 4 {
                        continue;
                    }
                    let inline = is_inline(sheet, run, start, end, label)
                        || is_prose(sheet, run, start, end) && !(start <= 1 && sheet.toks[run[end]].text.ends_with(':'));
                    if is_unit(sheet, run, end, label) || is_in_a_street(sheet, run, start, end, label) {
                        continue;
                    }
                    if inline && !label.inline || label.phrase.len() <= 2 && !stands_alone(sheet, run, start, end) {
                        continue;
                    }
                    let colon = sheet.toks[run[end]].text.ends_with(':');
                    hits.push((
                        Found {
                            concept: label.concept,
                            party: label.party,
                            rank: label.rank,
                            toks,
                            area,
                            likeness,
                            inline,
                            colon,
                            letters: label.phrase.len(),
                        },
                        number,
                        start,
                        end,
                    ));
                }
            }
        }
    }
    // The longest phrase first, then the most alike: a short phrase inside a longer one is no label of its own, and a value's first
    // letters are no part of the label.
    hits.sort_by(|a, b| b.0.letters.cmp(&a.0.letters).then(b.0.likeness.total_cmp(&a.0.likeness)).then((a.3 - a.2).cmp(&(b.3 - b.2))));
    let mut kept: Vec<(Found, usize, usize, usize)> = vec![];
    for hit in hits {
        if kept.iter().all(|k| k.1 != hit.1 || hit.3 < k.2 || hit.2 > k.3) {
            kept.push(hit);
        }
    }
    let mut found: Vec<Found> = kept.into_iter().map(|k| k.0).collect();
    unlisted(sheet, &mut found);
    found.sort_by(|a, b| a.area.mid_y().total_cmp(&b.area.mid_y()).then(a.area.left.total_cmp(&b.area.left)));
    merchants(sheet, &mut found, merchant);
    give_parties(sheet, &mut found);
    signing_row(sheet, &mut found);
    continued(sheet, &mut found);
    found
}

/// Captions that are on no list, at the beginning of a stretch of words and set off from what follows.
fn unlisted(sheet: &Sheet, found: &mut Vec<Found>) {
    let taken: HashSet<usize> = found.iter().flat_map(|f| f.toks.iter().copied()).collect();
    for run in &sheet.runs {
        let numbering = |i: &usize| {
            let folded = &sheet.toks[*i].folded;
            folded.len() < 2 || folded.chars().all(|c| c.is_ascii_digit()) && folded.len() < 3
        };
        let start = run.iter().take_while(|i| numbering(i)).count();
        let begins = |i: usize| {
            sheet.toks[i].text.chars().find(|c| c.is_alphanumeric()).is_some_and(char::is_uppercase) || sheet.toks[i].text.starts_with('(')
        };
        // The pen that signs crosses its own caption: `Signatyfq of authorized purchaser`.
        let signing = run.get(start).filter(|&&i| {
            let tok = &sheet.toks[i];
            (8..=11).contains(&tok.folded.len()) && alike("signature", &tok.folded, 0.7) > 0.0 && !taken.contains(&i)
        });
        if let (Some(&first), true) = (signing, start <= 2 && run.len() <= 16 && !is_prose(sheet, run, start, start)) {
            let rest = run[start + 1..].iter().copied();
            let mut toks = vec![first];
            for i in rest {
                if taken.contains(&i) || toks.last().is_some_and(|&l| !sheet.near(l, i)) {
                    break;
                }
                toks.push(i);
            }
            if let Some(area) = sheet.area(&toks) {
                let colon = toks.last().is_some_and(|&l| sheet.toks[l].text.ends_with(':'));
                let (concept, party) = (Concept::Signature, Party::Open);
                found.push(Found { concept, party, rank: 1, toks, area, likeness: 0.7, inline: false, colon, letters: 9 });
            }
            continue;
        }
        if start > 2 || !run.get(start).is_some_and(|&i| begins(i)) {
            continue;
        }
        let mut toks: Vec<usize> = vec![];
        let mut colon = false;
        for &i in &run[start..] {
            let tok = &sheet.toks[i];
            let known = tok.folded.is_empty() || is_caption_word(&tok.folded) || Region::us_state_by_name(&tok.text).is_some();
            if colon || !known || taken.contains(&i) || toks.last().is_some_and(|&l| !sheet.near(l, i)) {
                break;
            }
            toks.push(i);
            colon = tok.text.ends_with(':');
        }
        let next = run.get(start + toks.len());
        let set_off = colon || next.is_none_or(|&i| toks.last().is_some_and(|&l| !sheet.near(l, i)));
        let words: Vec<&str> = toks.iter().map(|&i| sheet.toks[i].folded.as_str()).filter(|w| !w.is_empty()).collect();
        if !set_off || !(2..=14).contains(&words.len()) || next.is_some_and(|i| taken.contains(i)) {
            continue;
        }
        if let (Some(asked), Some(area)) = (captions::read(&words), sheet.area(&toks)) {
            let letters = words.iter().map(|w| w.len()).sum();
            found.push(Found {
                concept: asked.concept,
                party: asked.party,
                rank: asked.rank,
                toks,
                area,
                likeness: 0.9,
                inline: false,
                colon,
                letters,
            });
        }
    }
}

/// The blank that holds the merchant's name is the seller's, whatever its caption leaves open. A caption that names the purchaser yields only
/// where another one does so too.
fn merchants(sheet: &Sheet, found: &mut [Found], places: &[BBox]) {
    let h = sheet.h;
    for place in places {
        let names = |f: &Found| matches!(f.concept, Concept::Name | Concept::Block) && !f.inline;
        let distance = |f: &Found| {
            let a = &f.area;
            let across = place.left < a.right + 6.0 * h && place.right > a.left - 3.0 * h;
            let (right, below, above) = (place.left - a.right, place.top - a.bottom, a.top - place.bottom);
            match () {
                () if (a.mid_y() - place.mid_y()).abs() < h && right > -0.3 * h && right < 25.0 * h => Some(0.2 * right.max(0.0)),
                () if across && below > -0.3 * h && below < 3.2 * h => Some(below.max(0.0)),
                () if across && above > -0.3 * h && above < 2.5 * h => Some(above.max(0.0)),
                () => None,
            }
        };
        let near: Vec<(f32, usize)> =
            (0..found.len()).filter(|&n| names(&found[n])).filter_map(|n| Some((distance(&found[n])?, n))).collect();
        let Some(&(least, nearest)) = near.iter().min_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
        if near.iter().any(|(d, n)| found[*n].party == Party::Seller && *d < least + 0.8 * h) {
            continue;
        }
        let another = found.iter().enumerate().any(|(n, f)| n != nearest && names(f) && f.party == Party::Purchaser && f.rank > 1);
        if found[nearest].party == Party::Open || another {
            found[nearest].party = Party::Seller;
        }
    }
}

/// “Purchaser | Title | Date” on one line is where the purchaser signs.
fn signing_row(sheet: &Sheet, found: &mut [Found]) {
    for at in 0..found.len() {
        let f = &found[at];
        if f.concept != Concept::Name || f.rank > 1 || f.colon {
            continue;
        }
        let row = |g: &&Found| (g.area.mid_y() - f.area.mid_y()).abs() < 1.2 * sheet.h && g.area.left > f.area.right;
        let dated = found.iter().filter(row).any(|g| g.concept == Concept::SignedDate);
        let titled = found.iter().filter(row).any(|g| g.concept == Concept::Barrier);
        if dated && titled {
            found[at].concept = Concept::Signature;
            found[at].rank = 2;
        }
    }
}

/// A caption of two lines: what goes on below in small letters (“or I.D. No.”, “of purchaser”) belongs to it.
fn continued(sheet: &Sheet, found: &mut [Found]) {
    for label in found.iter_mut() {
        let area = label.area;
        let last = label.toks.last().copied();
        let ends_its_line = last.is_some_and(|l| sheet.runs[sheet.toks[l].run].last() == Some(&l));
        if label.concept != Concept::Number || label.inline || !ends_its_line {
            continue;
        }
        let below = sheet.runs.iter().find(|run| {
            let first = &sheet.toks[run[0]];
            let gap = first.area.top - area.bottom;
            (first.area.left - area.left).abs() < 1.5 * sheet.h
                && gap > -0.3 * sheet.h
                && gap < 1.0 * sheet.h
                && first.text.starts_with(|c: char| c.is_lowercase())
        });
        let Some(below) = below else { continue };
        let more: Vec<usize> = below
            .iter()
            .copied()
            .take_while(|&i| {
                is_form_word(&sheet.toks[i].folded)
                    || is_sentence_word(&sheet.toks[i].folded)
                    || matches!(sheet.toks[i].folded.as_str(), "of" | "no" | "id")
            })
            .collect();
        if !more.iter().any(|&i| is_form_word(&sheet.toks[i].folded)) && more.len() < below.len() {
            continue;
        }
        // With a value after them they are that value's line, and the label's end.
        if let Some(box_) = sheet.area(&more) {
            // A value after them, near or far, stands right of this second line.
            let beside = |t: &super::sheet::Tok| {
                let gap = t.area.left - box_.right;
                (t.area.mid_y() - box_.mid_y()).abs() < sheet.h
                    && gap > 0.0
                    && gap < 6.0 * sheet.h
                    && t.text.chars().any(|c| c.is_ascii_digit())
            };
            let alone = more.len() == below.len() && !sheet.toks.iter().any(beside);
            label.toks.extend(more);
            label.area = if alone { area.union(&box_) } else { box_ };
        }
    }
}

fn best_label<'c>(joined: &str, words: usize, catalogue: &'c Catalogue) -> Option<(&'c Label, f64)> {
    let mut best: Option<(&Label, f64)> = None;
    let text = look_alike(joined);
    for label in &catalogue.labels {
        // OCR splits and joins words, but not many of them.
        if words > label.words + 2 {
            continue;
        }
        if let Some(likeness) = likeness(joined, &text, label)
            && best.is_none_or(|(_, b)| likeness > b)
        {
            best = Some((label, likeness));
        }
    }
    best
}

/// Is the rest of the line a sentence: many words, and many of them such as only sentences have?
fn is_prose(sheet: &Sheet, run: &[usize], start: usize, end: usize) -> bool {
    let rest = run.iter().enumerate().filter(|(n, _)| *n < start || *n > end).map(|(_, &i)| sheet.toks[i].folded.as_str());
    let words: Vec<&str> = rest.filter(|w| !w.is_empty()).collect();
    words.len() >= 6 && words.iter().filter(|w| is_sentence_word(w)).count() * 10 >= words.len() * 3
}

/// A word of two letters is a label only with a colon, or alone at the start of a line.
fn stands_alone(sheet: &Sheet, run: &[usize], start: usize, end: usize) -> bool {
    let tok = |n: usize| &sheet.toks[run[n]];
    let gap_after = run.get(end + 1).map_or(f32::MAX, |&i| sheet.toks[i].area.left - tok(end).area.right);
    tok(end).text.ends_with(':') || start == 0 && gap_after > 0.8 * sheet.h
}

/// `357 State Route 9` holds no caption `State`.
fn is_in_a_street(sheet: &Sheet, run: &[usize], start: usize, end: usize, label: &Label) -> bool {
    const WAYS: &[&str] = &["route", "rte", "rt", "road", "rd", "highway", "hwy", "street", "st", "avenue", "ave", "line", "park"];
    let number =
        start > 0 && sheet.toks[run[start - 1]].folded.chars().all(|c| c.is_ascii_digit()) && !sheet.toks[run[start - 1]].folded.is_empty();
    label.concept == Concept::Region && number && run.get(end + 1).is_some_and(|&i| WAYS.contains(&sheet.toks[i].folded.as_str()))
}

/// `P.O. Box 77`, `Suite 200`: a part of an address rather than the caption of a blank for it.
fn is_unit(sheet: &Sheet, run: &[usize], end: usize, label: &Label) -> bool {
    const UNITS: &[&str] = &["pobox", "suite", "suiteno", "apt", "aptno", "room"];
    let next = run.get(end + 1).filter(|&&next| sheet.near(run[end], next));
    label.concept == Concept::Barrier
        && UNITS.contains(&label.phrase.as_str())
        && next.is_some_and(|&i| sheet.toks[i].text.chars().any(|c| c.is_ascii_digit()) || sheet.toks[i].folded.len() == 1)
}

/// Does the phrase stand in the middle of a sentence? Numbering (`1.`, `(a)`, `3`) and boxes before it do not count.
fn is_inline(sheet: &Sheet, run: &[usize], start: usize, end: usize, label: &Label) -> bool {
    let tok = |n: usize| &sheet.toks[run[n]];
    let colon = tok(end).text.ends_with(':');
    let first = tok(start).text.chars().find(|c| c.is_alphabetic());
    let bracket = tok(start).text.starts_with(['(', '[', '{']);
    let known_small = tok(start).folded.contains("dba") || label.concept == Concept::PostalCode;
    if first.is_some_and(char::is_lowercase) && !bracket && !colon && !known_small {
        return true;
    }
    if start > 0 {
        let before = tok(start - 1);
        let near = sheet.near(run[start - 1], run[start]);
        if near && (is_sentence_word(&before.folded) && before.folded.len() > 1 || before.folded == "of") {
            return true;
        }
        // `Elm Street` holds no label `Street`.
        if near
            && label.words == 1
            && !colon
            && (before.folded.chars().filter(|c| c.is_alphabetic()).count() > 1 || before.folded.len() > 3)
            && !before.text.ends_with(':')
        {
            return true;
        }
        if near && before.folded.len() > 2 && first.is_some_and(char::is_lowercase) && !bracket {
            return true;
        }
    }
    // A party's bare name (“Seller”) is a label only with a colon or with nothing right after it; elsewhere it is an option.
    let gap_after = run.get(end + 1).map_or(f32::MAX, |&i| sheet.toks[i].area.left - tok(end).area.right);
    if label.words == 1 && label.concept == Concept::Name && label.party != Party::Open && !colon && gap_after < 0.8 * sheet.h {
        return true;
    }
    // The sentence goes on after it.
    let Some(&next) = run.get(end + 1) else { return false };
    let near = sheet.near(run[end], next);
    let next = &sheet.toks[next];
    // “License number, if any” is a caption as much as “License number”.
    let after = run.get(end + 2).map_or("", |&i| sheet.toks[i].folded.as_str());
    if next.folded == "if" && matches!(after, "any" | "applicable" | "available" | "known" | "registered" | "issued" | "different") {
        return false;
    }
    let verb = matches!(
        next.folded.as_str(),
        "is" | "are"
            | "and"
            | "or"
            | "of"
            | "to"
            | "from"
            | "in"
            | "for"
            | "by"
            | "shall"
            | "must"
            | "will"
            | "may"
            | "has"
            | "have"
            | "that"
            | "which"
            | "who"
            | "who's"
            | "on"
            | "with"
            | "as"
            | "at"
            | "be"
            | "was"
            | "if"
            | "not"
    );
    !colon && near && verb
}

/// An open label (“Address”) belongs to the party of the label it continues on its line (street, city, state, ZIP), else to the one that the
/// nearest name or header before it tells.
fn give_parties(sheet: &Sheet, found: &mut [Found]) {
    let anchors: Vec<(Party, BBox)> = found
        .iter()
        .filter(|f| {
            f.party != Party::Open
                && !f.inline
                && (matches!(f.concept, Concept::Name | Concept::Header | Concept::Block) || f.concept == Concept::Line1 && f.rank > 1)
        })
        .map(|f| (f.party, f.area))
        .collect();
    let mut fixed = vec![false; found.len()];
    for at in 0..found.len() {
        if found[at].party != Party::Open {
            continue;
        }
        let area = found[at].area;
        // Two columns: the caption stands right under one that names its party, whatever stands to its left.
        if let Some(party) = column_party(&area, &anchors, sheet.h) {
            found[at].party = party;
            fixed[at] = true;
            continue;
        }
        // Words of one line may differ a little in height, so the order of the list is not the order on the line.
        let row: Vec<usize> = (0..found.len())
            .filter(|&j| (found[j].area.mid_y() - area.mid_y()).abs() < 0.8 * sheet.h && found[j].area.right <= area.left + 0.2 * sheet.h)
            .collect();
        let chain = line_party(&row, at, found);
        found[at].party = chain.or_else(|| party_for(&area, &anchors, sheet.h)).unwrap_or(Party::Open);
    }
    // Where the labels name only one party, what stands open is the other's.
    let names = |party: Party| {
        found.iter().any(|f| {
            f.party == party
                && !f.inline
                && matches!(f.concept, Concept::Name | Concept::Block | Concept::Header)
                && (f.rank > 1 || f.concept == Concept::Header)
        })
    };
    let other = match (names(Party::Purchaser), names(Party::Seller)) {
        (false, true) => Some(Party::Purchaser),
        (true, false) => Some(Party::Seller),
        // A form that names nobody is filled in by the one who buys.
        (false, false) => Some(Party::Purchaser),
        (true, true) => None,
    };
    if let Some(party) = other {
        found.iter_mut().filter(|f| f.party == Party::Open).for_each(|f| f.party = party);
    }
    // A second address far below the seller's is the purchaser's, whose own captions were lost.
    for concept in [Concept::Line1, Concept::CityLine, Concept::City, Concept::Region, Concept::PostalCode] {
        let of = |party: Party| found.iter().enumerate().filter(move |(_, f)| f.concept == concept && f.party == party && !f.inline);
        let top = of(Party::Seller).map(|(_, f)| f.area.mid_y()).fold(f32::MAX, f32::min);
        if of(Party::Purchaser).next().is_none() {
            let far: Vec<usize> =
                of(Party::Seller).filter(|(_, f)| f.area.mid_y() > top + 10.0 * sheet.h && f.rank < 3).map(|(n, _)| n).collect();
            far.into_iter().for_each(|n| found[n].party = Party::Purchaser);
        }
    }
    // A left neighbour that was decided after its right one.
    for at in 0..found.len() {
        let area = found[at].area;
        if !fixed[at] && matches!(found[at].concept, Concept::City | Concept::Region | Concept::PostalCode) {
            let row: Vec<usize> = (0..found.len())
                .filter(|&j| {
                    (found[j].area.mid_y() - area.mid_y()).abs() < 0.8 * sheet.h && found[j].area.right <= area.left + 0.2 * sheet.h
                })
                .collect();
            if let Some(party) = line_party(&row, at, found) {
                found[at].party = party;
            }
        }
    }
}

/// The party of the nearest anchor above with the same left edge, if no anchor of the other party comes in between.
fn column_party(area: &BBox, anchors: &[(Party, BBox)], h: f32) -> Option<Party> {
    let above = |b: &BBox| b.mid_y() < area.mid_y() - 0.8 * h && area.mid_y() - b.mid_y() < 14.0 * h;
    let aligned = anchors.iter().filter(|(_, b)| (b.left - area.left).abs() < h && above(b));
    let (party, own) = aligned.max_by(|a, b| a.1.mid_y().total_cmp(&b.1.mid_y()))?;
    let between = |b: &BBox| b.mid_y() > own.mid_y() + 0.8 * h && b.mid_y() < area.mid_y() + 0.8 * h;
    (!anchors.iter().any(|(p, b)| p != party && between(b))).then_some(*party)
}

/// The party of the label just left, if this one continues its address.
fn line_party(row: &[usize], at: usize, found: &[Found]) -> Option<Party> {
    let order = |c: Concept| match c {
        Concept::Name => Some(0),
        Concept::Line1 => Some(1),
        Concept::City => Some(2),
        Concept::Region => Some(3),
        Concept::PostalCode => Some(4),
        _ => None,
    };
    let own = order(found[at].concept)?;
    let left = row
        .iter()
        .copied()
        .filter(|&j| order(found[j].concept).is_some())
        .max_by(|&a, &b| found[a].area.left.total_cmp(&found[b].area.left))?;
    (order(found[left].concept)? < own).then_some(found[left].party).filter(|p| *p != Party::Open)
}

/// The party of the anchor that stands nearest before a place: above it, or on its line to the left.
pub fn party_for(area: &BBox, anchors: &[(Party, BBox)], h: f32) -> Option<Party> {
    let mut best: Option<(f32, Party)> = None;
    for (party, anchor) in anchors {
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
        find(&Sheet::new(&page), Catalogue::builtin(), &[]).iter().map(|f| (f.concept, f.party)).collect()
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
