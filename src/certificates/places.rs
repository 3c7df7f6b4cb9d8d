//! Finds what was filled in for each label: to its right, below or above it.
//!
//! Owns: where a value may stand and which of several places fits best. Must not touch: what is done with a value.
//! Called by: `read`, `signature`.
//!
//! Captions (a row of small words under or over a line) are ambiguous alone, so neighbouring captions decide together.

use super::catalogue::Concept;
use super::labels::Found;
use super::sheet::Sheet;
use super::text::{fold, looks_printed};
use super::{address, dates};
use crate::domain::BBox;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Right,
    Below,
    Above,
    Left,
}

/// A label with the words that answer it.
#[derive(Debug, Clone)]
pub struct Blank {
    pub label: Found,
    pub side: Side,
    pub toks: Vec<usize>,
    /// 0 to 1: how well the words are what the label asks for.
    pub fit: f32,
}

/// Words further apart than this many text heights belong to different blanks.
const VALUE_GAP: f32 = 2.6;
/// A value stands at most this many text heights above or below its label.
const REACH: f32 = 2.5;

struct Board<'s, 'a> {
    sheet: &'s Sheet<'a>,
    labels: &'s [Found],
    /// Words that are part of a label.
    labelled: Vec<bool>,
    /// Words of printed sentences.
    printed: Vec<bool>,
}

/// For each label its blank, where one was filled in.
pub fn fill(sheet: &Sheet, labels: &[Found]) -> Vec<Blank> {
    let mut board = Board { sheet, labels, labelled: vec![false; sheet.toks.len()], printed: vec![false; sheet.toks.len()] };
    for label in labels {
        label.toks.iter().for_each(|&i| board.labelled[i] = true);
    }
    for run in &sheet.runs {
        let rest: Vec<usize> = run.iter().copied().filter(|&i| !board.labelled[i]).collect();
        let words: Vec<&str> = rest.iter().map(|&i| sheet.toks[i].text.as_str()).collect();
        if rest.len() >= 5 && looks_printed(&words) {
            rest.iter().for_each(|&i| board.printed[i] = true);
        }
    }
    let right: Vec<Option<(Vec<usize>, f32)>> = labels.iter().map(|l| board.right(l)).collect();
    let mut wishes: Vec<Blank> = vec![];
    let mut captions: Vec<usize> = vec![];
    for (i, label) in labels.iter().enumerate() {
        match &right[i] {
            Some((toks, fit)) if *fit >= 0.3 => {
                wishes.push(Blank { label: label.clone(), side: Side::Right, toks: toks.clone(), fit: *fit })
            }
            _ if !label.inline && label.concept != Concept::Header => captions.push(i),
            _ => {}
        }
    }
    let vertical = board.captions(&captions);
    // Last, what stands before its caption on the same line: only for values that cannot be anything else.
    for &i in &captions {
        if matches!(labels[i].concept, Concept::Number | Concept::SignedDate | Concept::Expires)
            && !vertical.iter().any(|b| b.label.toks == labels[i].toks && b.fit > 0.5)
        {
            wishes.extend(board.left(&labels[i]));
        }
    }
    wishes.extend(vertical);
    // One word answers one label: the better fit takes it.
    wishes.sort_by(|a, b| b.fit.total_cmp(&a.fit).then(b.label.rank.cmp(&a.label.rank)));
    let mut taken = vec![false; sheet.toks.len()];
    let mut answered: Vec<Vec<usize>> = vec![];
    wishes.retain(|w| {
        let free = w.toks.iter().all(|&i| !taken[i]) && !answered.contains(&w.label.toks);
        if free {
            answered.push(w.label.toks.clone());
        }
        if free && w.label.concept != Concept::Header {
            w.toks.iter().for_each(|&i| taken[i] = true);
        }
        free
    });
    wishes.sort_by(|a, b| a.label.area.mid_y().total_cmp(&b.label.area.mid_y()).then(a.label.area.left.total_cmp(&b.label.area.left)));
    wishes
}

impl Board<'_, '_> {
    fn open(&self, i: usize, concept: Concept) -> bool {
        let digits = self.sheet.toks[i].text.chars().any(|c| c.is_ascii_digit());
        // A lone `&` belongs to a name as its words do.
        let dated = matches!(concept, Concept::Expires | Concept::SignedDate) && dates::is_month(&self.sheet.toks[i].text);
        let joins = matches!(self.sheet.toks[i].text.as_str(), "&" | "+");
        (joins || !self.sheet.toks[i].folded.is_empty())
            && !self.labelled[i]
            && (!self.printed[i] || dated || digits && matches!(concept, Concept::Number | Concept::Expires | Concept::SignedDate))
    }

    /// How far apart two words of one value may stand: handwriting is larger than print, and so are its blanks.
    fn gap(&self, one: usize, two: usize) -> f32 {
        let height = |i: usize| self.sheet.toks[i].area.height();
        (VALUE_GAP * self.sheet.h).max(1.3 * height(one).min(height(two)))
    }

    /// How much the middles of two words of one line may differ: by more where letters are as tall as handwriting's.
    fn level(&self, one: usize, two: usize) -> f32 {
        let height = |i: usize| self.sheet.toks[i].area.height();
        (0.7 * self.sheet.h).max(0.4 * height(one).max(height(two)).min(4.0 * self.sheet.h))
    }

    fn same_row(&self, a: &BBox, b: &BBox) -> bool {
        (a.mid_y() - b.mid_y()).abs() < 0.8 * self.sheet.h
    }

    /// The words after a label on its line, as far as they hang together.
    fn right(&self, label: &Found) -> Option<(Vec<usize>, f32)> {
        let (sheet, h) = (self.sheet, self.sheet.h);
        let mid = label.area.mid_y();
        // What is filled in stands on the line; typed text often sits a little higher than the label.
        let band = BBox::new(label.area.right - 0.3 * h, mid - 1.0 * h, sheet.width() + h, mid + 0.75 * h);
        let mut toks = if label.concept == Concept::Number { self.swallowed(label) } else { vec![] };
        let mut at = label.area.right;
        let mut paren = false;
        for i in sheet.within(band) {
            let tok = &sheet.toks[i];
            if label.toks.contains(&i) || toks.contains(&i) || tok.area.mid_x() < label.area.right {
                continue;
            }
            let off = (tok.area.mid_y() - mid).abs();
            if self.labelled[i] {
                if off < 0.7 * h { break } else { continue }
            }
            // Explanations in brackets belong to the label: “(11 digits)”.
            if toks.is_empty() && (paren || tok.text.starts_with('(') && !tok.text.chars().any(|c| c.is_ascii_digit())) {
                paren = !tok.text.contains(')');
                at = tok.area.right;
                continue;
            }
            if !self.open(i, label.concept) {
                if tok.folded.is_empty() || off > 0.6 * h { continue } else { break }
            }
            let gap = tok.area.left - at;
            if toks.last().map_or(22.0 * h, |&last| self.gap(last, i)) < gap {
                break;
            }
            // Once a line is begun, its words are level.
            if let Some(&first) = toks.first()
                && (sheet.toks[first].area.mid_y() - tok.area.mid_y()).abs() > self.level(first, i)
            {
                continue;
            }
            toks.push(i);
            at = tok.area.right;
        }
        let first = *toks.first()?;
        let far = (sheet.toks[first].area.left - label.area.right) / h;
        let near = if far < 4.0 { 1.0 } else { 0.9 - 0.02 * (far - 4.0).min(20.0) };
        let fit = fit(label.concept, &sheet.text(&toks)) * near;
        Some((toks, fit))
    }

    /// Digits right behind a label that stand within its box: the box of a caption's last word often reaches over the first characters behind it.
    fn swallowed(&self, label: &Found) -> Vec<usize> {
        let Some(&last) = label.toks.last() else { return vec![] };
        let run = &self.sheet.runs[self.sheet.toks[last].run];
        let behind = run.iter().skip_while(|i| **i != last).skip(1);
        let inside = |i: &usize| {
            let tok = &self.sheet.toks[*i];
            tok.area.mid_x() < label.area.right && !tok.folded.is_empty() && tok.folded.chars().all(|c| c.is_ascii_digit())
        };
        behind.copied().take_while(inside).collect()
    }

    /// The words right before a caption on its line.
    fn left(&self, label: &Found) -> Option<Blank> {
        let (sheet, h, mid) = (self.sheet, self.sheet.h, label.area.mid_y());
        let mut toks: Vec<usize> = vec![];
        let mut at = label.area.left;
        for i in sheet.within(BBox::new(0.0, mid - 0.9 * h, label.area.left, mid + 0.7 * h)).into_iter().rev() {
            let tok = &sheet.toks[i];
            if tok.folded.is_empty() {
                continue;
            }
            let far = if toks.is_empty() { 22.0 } else { VALUE_GAP };
            if !self.open(i, label.concept) || at - tok.area.right > far * h {
                break;
            }
            toks.insert(0, i);
            at = tok.area.left;
        }
        let fit = 0.75 * fit(label.concept, &sheet.text(&toks));
        (fit > 0.4).then(|| Blank { label: label.clone(), side: Side::Left, toks, fit })
    }

    /// Decides below or above for all captions: each by its own words, its row's and its neighbours'.
    fn captions(&self, which: &[usize]) -> Vec<Blank> {
        let h = self.sheet.h;
        let below: Vec<_> = which.iter().map(|&i| self.vertical(i, which, Side::Below)).collect();
        let above: Vec<_> = which.iter().map(|&i| self.vertical(i, which, Side::Above)).collect();
        let score = |c: &Option<(Vec<usize>, f32)>| c.as_ref().map_or(0.0, |c| c.1);
        let lean: Vec<f32> = (0..which.len()).map(|k| score(&below[k]) - score(&above[k])).collect();
        let mut blanks = vec![];
        for k in 0..which.len() {
            let own = &self.labels[which[k]].area;
            let mean = |near: f32, lo: f32| {
                let group: Vec<f32> = (0..which.len())
                    .filter(|&j| {
                        let off = (self.labels[which[j]].area.mid_y() - own.mid_y()).abs();
                        off <= near * h && off >= lo * h
                    })
                    .map(|j| lean[j])
                    .collect();
                if group.is_empty() { 0.0 } else { group.iter().sum::<f32>() / group.len() as f32 }
            };
            let total = lean[k] + 0.8 * mean(0.8, 0.0) + 0.5 * mean(6.0, 0.8);
            let (first, second) = if total >= 0.0 {
                ((Side::Below, &below[k]), (Side::Above, &above[k]))
            } else {
                ((Side::Above, &above[k]), (Side::Below, &below[k]))
            };
            let chosen = [first, second].into_iter().find(|(_, c)| score(c) >= 0.25);
            if let Some((side, Some((toks, fit)))) = chosen {
                // The second choice is a weak one.
                let fit = if side == first.0 { *fit } else { *fit * 0.6 };
                blanks.push(Blank { label: self.labels[which[k]].clone(), side, toks: toks.clone(), fit });
                // If another label has a better claim to those words, a number or a date on the other side is still one.
                let unmistakable = matches!(self.labels[which[k]].concept, Concept::Number | Concept::SignedDate | Concept::Expires);
                if unmistakable
                    && side == first.0
                    && let (side, Some((toks, fit))) = second
                    && *fit > 0.5
                {
                    blanks.push(Blank { label: self.labels[which[k]].clone(), side, toks: toks.clone(), fit: 0.6 * fit });
                }
            }
        }
        blanks
    }

    /// The words below or above a caption that belong to it rather than to another caption of its row.
    fn vertical(&self, index: usize, captions: &[usize], side: Side) -> Option<(Vec<usize>, f32)> {
        let (sheet, h, label) = (self.sheet, self.sheet.h, &self.labels[index]);
        let area = label.area;
        let row: Vec<&BBox> =
            captions.iter().filter(|&&j| j != index).map(|&j| &self.labels[j].area).filter(|b| self.same_row(b, &area)).collect();
        let left_stop = row.iter().filter(|b| b.right <= area.left + 0.2 * h).map(|b| b.right).fold(0.0, f32::max);
        let right_stop = row.iter().filter(|b| b.left >= area.right - 0.2 * h).map(|b| b.left).fold(sheet.width() + h, f32::min);
        // Numbers and blocks often stand apart from their captions, and nothing else looks like them.
        let reach = match label.concept {
            Concept::Block | Concept::Number => 2.0 * REACH,
            Concept::SignedDate | Concept::Expires => 1.6 * REACH,
            // Cells leave more room under their captions than lines do over theirs.
            _ => 1.25 * REACH,
        } * h.max(0.8 * area.height());
        let (top, bottom) = match side {
            Side::Above => (area.top - reach.min(REACH * h), area.top + 0.1 * h),
            _ => (area.bottom - 0.1 * h, area.bottom + reach),
        };
        // Letters that hang below the line make the words of one line differ in height: a line reached in part is reached.
        let slack = 0.7 * h;
        let band = sheet.within(BBox::new(left_stop - 2.0 * h, top - slack, right_stop, bottom + slack));
        // The line nearest to the caption.
        let usable: Vec<usize> = band
            .into_iter()
            .filter(|&i| {
                self.open(i, label.concept)
                    && sheet.toks[i].area.left < right_stop - 0.2 * h
                    && sheet.toks[i].area.right > left_stop - 1.0 * h
            })
            .collect();
        let distance = |i: usize| match side {
            Side::Above => (area.top - sheet.toks[i].area.mid_y()).abs(),
            _ => (sheet.toks[i].area.mid_y() - area.bottom).abs(),
        };
        // Words under this caption tell which line is meant; a far word on a nearer line does not.
        let over = |i: usize| sheet.toks[i].area.right > area.left - 2.0 * h && sheet.toks[i].area.left < area.right + 6.0 * h;
        let inside = |i: usize| (top..=bottom).contains(&sheet.toks[i].area.mid_y());
        let nearest_of = |near: &dyn Fn(usize) -> bool| {
            usable.iter().copied().filter(|&i| near(i) && inside(i)).min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
        };
        // A caption alone under the middle of a long line: what is written on the line begins at its left.
        let alone = row.is_empty() && side == Side::Above && area.left > 0.12 * sheet.width();
        let close = |i: usize| area.top - sheet.toks[i].area.bottom < 1.2 * h;
        let (nearest, centred) = match nearest_of(&over) {
            Some(found) => (found, false),
            None if alone => (nearest_of(&close)?, true),
            None => return None,
        };
        let line: Vec<usize> = usable
            .into_iter()
            .filter(|&i| (sheet.toks[i].area.mid_y() - sheet.toks[nearest].area.mid_y()).abs() < self.level(i, nearest))
            .collect();
        let mut groups: Vec<Vec<usize>> = vec![];
        for i in line {
            match groups.last_mut() {
                Some(g) if g.last().is_some_and(|&l| sheet.toks[i].area.left - sheet.toks[l].area.right <= self.gap(l, i)) => g.push(i),
                _ => groups.push(vec![i]),
            }
        }
        let apart = |g: &BBox, l: &BBox| (l.left - g.right).max(g.left - l.right).max(0.0) + 0.1 * (g.left - l.left).abs();
        let mine = groups.into_iter().filter_map(|g| sheet.area(&g).map(|b| (g, b))).filter(|(_, b)| {
            let own = apart(b, &area);
            own < if centred { 60.0 } else { 12.0 } * h && row.iter().all(|other| own <= apart(b, other))
        });
        let (toks, place) = mine.min_by(|a, b| apart(&a.1, &area).total_cmp(&apart(&b.1, &area)))?;
        // A label's own line between the two means the words answer that other label.
        let between = self.labels.iter().any(|other| {
            let (lo, hi) = if side == Side::Above { (place.mid_y(), area.mid_y()) } else { (area.mid_y(), place.mid_y()) };
            other.area.mid_y() > lo + 0.5 * h
                && other.area.mid_y() < hi - 0.5 * h
                && other.area.left < place.right
                && other.area.right > place.left
        });
        if between {
            return None;
        }
        let gap = match side {
            Side::Above => area.top - place.bottom,
            _ => place.top - area.bottom,
        };
        let near = 1.0 - 0.15 * (gap / h).clamp(0.0, 3.0);
        let sure = if centred { 0.85 } else { 1.0 };
        Some((toks.clone(), fit(label.concept, &sheet.text(&toks)) * near * sure))
    }
}

/// How well a text is what a label asks for, 0 to 1.
pub fn fit(concept: Concept, text: &str) -> f32 {
    let words: Vec<&str> = text.split_whitespace().collect();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if letters + digits == 0 {
        return 0.0;
    }
    let parts = || address::parse(text);
    match concept {
        Concept::Name | Concept::Block => match () {
            () if letters < 2 || looks_printed(&words) => 0.05,
            () if dates::find(text).is_some() => 0.1,
            () if address::is_street(text) => 0.3,
            () if digits > letters => 0.1,
            () if parts().postal_code.is_some() => 0.25,
            () => 0.85,
        },
        Concept::Line1 => match () {
            () if looks_printed(&words) => 0.05,
            () if dates::find(text).is_some() => 0.05,
            () if address::is_street(text) => 1.0,
            () if fold(text) == "pobox" => 0.05,
            () if digits > 0 && letters > 2 => 0.6,
            () if parts().postal_code.is_some() => 0.5,
            () => 0.2,
        },
        Concept::City => match () {
            () if looks_printed(&words) => 0.05,
            () if parts().region.is_some() && parts().city.is_some() => 0.9,
            () if digits == 0 && words.len() <= 4 && letters > 2 => 0.7,
            () => 0.05,
        },
        Concept::Region | Concept::Issuer => match () {
            () if address::state(text).is_some() => 1.0,
            () if words.iter().any(|w| w.len() == 2 && address::state(w).is_some()) => 0.6,
            () => 0.0,
        },
        Concept::PostalCode => {
            if words.iter().any(|w| address::zip(w).is_some()) {
                if words.len() == 1 { 1.0 } else { 0.6 }
            } else {
                0.0
            }
        }
        Concept::CityLine => match parts() {
            p if p.postal_code.is_some() && p.city.is_some() => 1.0,
            p if p.postal_code.is_some() || p.region.is_some() => 0.7,
            _ => 0.05,
        },
        Concept::Phone => {
            // `660 Harbor Blvd, Unit 14, Oxnard CA 93035-1180` has ten digits too.
            if letters > 6 {
                0.05
            } else if digits >= 10 {
                1.0
            } else if digits >= 7 {
                0.6
            } else {
                0.05
            }
        }
        Concept::Number => match () {
            () if dates::find(text).is_some() => 0.05,
            // `Port Haven, TX 77001` has five digits too.
            () if letters > 4 && parts().postal_code.is_some() && parts().region.is_some() => 0.05,
            () if letters > 4 && address::is_whole_street(text) => 0.05,
            () if digits >= 5 => 0.9,
            () if digits >= 3 => 0.4,
            () => 0.1,
        },
        Concept::SignedDate | Concept::Expires => {
            if dates::find(text).is_some() {
                1.0
            } else {
                0.0
            }
        }
        Concept::Signature => {
            if looks_printed(&words) || digits > 2 {
                0.05
            } else {
                0.45
            }
        }
        Concept::Header => 0.0,
        Concept::Barrier => {
            if looks_printed(&words) {
                0.1
            } else {
                0.45
            }
        }
    }
}

/// No word begins with a small L before a consonant: it is a capital I (`lron`).
fn capital_i(word: &str) -> String {
    match word.strip_prefix('l') {
        Some(rest) if rest.starts_with(|c: char| "bcdfghkmnpqrstvwxz".contains(c)) => format!("I{rest}"),
        _ => word.to_owned(),
    }
}

/// Words with the noise at their ends taken off.
pub fn clean(text: &str) -> String {
    let kept: Vec<String> = text.split_whitespace().filter(|w| !fold(w).is_empty() || *w == "&").map(capital_i).collect();
    let text = kept.join(" ");
    text.trim_matches(|c: char| !c.is_alphanumeric() && !".)(&".contains(c)).trim_start_matches(['.', ')', '&']).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::{Catalogue, Party};
    use super::super::labels;
    use super::super::sheet::tests::page;
    use super::*;

    fn values(words: &[(f32, f32, &str)]) -> Vec<(Concept, Party, String, Side)> {
        let page = page(words);
        let sheet = Sheet::new(&page);
        let found = labels::find(&sheet, Catalogue::builtin(), &[]);
        fill(&sheet, &found).into_iter().map(|b| (b.label.concept, b.label.party, sheet.text(&b.toks), b.side)).collect()
    }

    #[test]
    fn values_right_of_their_labels() {
        let got = values(&[
            (0.1, 0.1, "Name of Purchaser:"),
            (0.32, 0.1, "Tidewater Brass Works"),
            (0.1, 0.14, "Address:"),
            (0.22, 0.14, "12 Quay Lane"),
        ]);
        assert_eq!(got[0], (Concept::Name, Party::Purchaser, "Tidewater Brass Works".into(), Side::Right));
        assert_eq!(got[1], (Concept::Line1, Party::Purchaser, "12 Quay Lane".into(), Side::Right));
    }

    #[test]
    fn captions_in_cells_answer_below() {
        let got = values(&[
            (0.1, 0.10, "Name of purchaser"),
            (0.1, 0.115, "Tidewater Brass Works"),
            (0.1, 0.135, "Street address"),
            (0.1, 0.15, "12 Quay Lane"),
            (0.1, 0.17, "City"),
            (0.4, 0.17, "State"),
            (0.5, 0.17, "ZIP code"),
            (0.1, 0.185, "Port Haven"),
            (0.4, 0.185, "TX"),
            (0.5, 0.185, "77001"),
        ]);
        assert!(got.iter().all(|g| g.3 == Side::Below), "{got:?}");
        assert_eq!(got.len(), 5);
        assert_eq!(got[1].2, "12 Quay Lane");
    }

    #[test]
    fn captions_under_lines_answer_above() {
        let got = values(&[
            (0.1, 0.10, "Tidewater Brass Works"),
            (0.1, 0.115, "Name of purchaser"),
            (0.1, 0.14, "12 Quay Lane"),
            (0.4, 0.14, "Port Haven"),
            (0.6, 0.14, "TX"),
            (0.7, 0.14, "77001"),
            (0.1, 0.155, "Number and street"),
            (0.4, 0.155, "City"),
            (0.6, 0.155, "State"),
            (0.7, 0.155, "ZIP code"),
        ]);
        assert!(got.iter().all(|g| g.3 == Side::Above), "{got:?}");
        assert_eq!(
            got.iter().map(|g| g.2.as_str()).collect::<Vec<_>>(),
            ["Tidewater Brass Works", "12 Quay Lane", "Port Haven", "TX", "77001"]
        );
    }

    #[test]
    fn words_that_forms_print_too_belong_to_the_value_they_continue() {
        // Typewriter letters: wide, with wide blanks between the words.
        let page = page(&[
            (0.1, 0.1, "Name of purchaser"),
            (0.1, 0.115, "Granite State Wholesale Inc."),
            (0.1, 0.135, "Street address"),
            (0.1, 0.15, "77 Quayside Street"),
        ]);
        let mut page = page;
        let first = |p: &crate::domain::PageContent, text: &str| p.words.iter().position(|w| w.text == text).unwrap();
        for (a, b) in [("Granite", "State"), ("State", "Wholesale"), ("Wholesale", "Inc."), ("77", "Quayside"), ("Quayside", "Street")] {
            let (a, b) = (first(&page, a), page.words.iter().rposition(|w| w.text == b).unwrap());
            let shift = page.words[a].bbox.right + 0.0125 - page.words[b].bbox.left;
            page.words[b].bbox.left += shift;
            page.words[b].bbox.right += shift;
        }
        let sheet = Sheet::new(&page);
        let found = labels::find(&sheet, Catalogue::builtin(), &[]);
        let got: Vec<String> = fill(&sheet, &found).into_iter().map(|b| sheet.text(&b.toks)).collect();
        assert_eq!(got, ["Granite State Wholesale Inc.", "77 Quayside Street"]);
    }

    #[test]
    fn a_line_reached_in_part_is_read_whole() {
        // The caption stands far above; letters below the line put the first word's middle lower than the others'.
        let mut page = page(&[(0.1, 0.1, "Name of purchaser"), (0.1, 0.128, "Quay Tool Crib")]);
        let tall = page.words.iter().position(|w| w.text == "Quay").unwrap();
        page.words[tall].bbox.top += 0.012;
        page.words[tall].bbox.bottom += 0.012;
        for word in page.words.iter_mut().filter(|w| matches!(w.text.as_str(), "Tool" | "Crib")) {
            word.bbox.top += 0.008;
            word.bbox.bottom += 0.008;
        }
        let sheet = Sheet::new(&page);
        let found = labels::find(&sheet, Catalogue::builtin(), &[]);
        let got: Vec<String> = fill(&sheet, &found).into_iter().map(|b| sheet.text(&b.toks)).collect();
        assert_eq!(got, ["Quay Tool Crib"]);
    }

    #[test]
    fn a_city_line_is_no_number_and_the_number_is_found_on_the_other_side() {
        let got = values(&[
            (0.1, 0.10, "City, State, ZIP code"),
            (0.1, 0.115, "Port Haven, TX 77001"),
            (0.1, 0.13, "Texas Sales and Use Tax Permit Number (must contain 11 digits)"),
            (0.1, 0.145, "32011112222"),
        ]);
        assert!(got.contains(&(Concept::Number, Party::Purchaser, "32011112222".into(), Side::Below)), "{got:?}");
    }

    #[test]
    fn handwriting_is_larger_than_print_and_so_are_its_blanks() {
        let mut page = page(&[(0.1, 0.1, "Name of purchaser"), (0.1, 0.12, "Blue Ridge Corp."), (0.1, 0.2, "Date")]);
        for (n, word) in page.words.iter_mut().filter(|w| w.bbox.top > 0.11 && w.bbox.top < 0.19).enumerate() {
            let shift = 0.018 * n as f32;
            word.bbox = BBox::new(word.bbox.left + shift, 0.118, word.bbox.right + shift, 0.14 + if n == 1 { 0.012 } else { 0.0 });
            word.line = n as u32 + 10;
        }
        let sheet = Sheet::new(&page);
        let found = labels::find(&sheet, Catalogue::builtin(), &[]);
        assert_eq!(fill(&sheet, &found).first().map(|b| sheet.text(&b.toks)).as_deref(), Some("Blue Ridge Corp."));
    }

    #[test]
    fn a_caption_of_two_lines_is_answered_beside_the_second() {
        let got = values(&[(0.04, 0.56, "Sales Tax Registration Number"), (0.04, 0.58, "of Purchaser"), (0.18, 0.578, "647283089")]);
        assert_eq!(got.iter().map(|g| (g.2.as_str(), g.3)).collect::<Vec<_>>(), [("647283089", Side::Right)]);
    }

    #[test]
    fn a_digit_right_behind_its_caption_belongs_to_the_number() {
        let mut page = page(&[(0.1, 0.10, "Account ID number"), (0.3, 0.10, "109-1343")]);
        let end = page.words[2].bbox.right;
        // The caption's box reaches over the digit.
        page.words.push(crate::domain::Word {
            text: "7".into(),
            bbox: BBox::new(end - 0.009, 0.10, end + 0.005, 0.111),
            confidence: 0.9,
            line: 0,
        });
        page.words[3].bbox.left = end + 0.02;
        let sheet = Sheet::new(&page);
        let labels = labels::find(&sheet, Catalogue::builtin(), &[]);
        let got: Vec<String> = fill(&sheet, &labels).iter().map(|b| sheet.text(&b.toks)).collect();
        assert_eq!(got, ["7 109-1343"]);
    }

    #[test]
    fn a_caption_with_if_any_is_a_caption() {
        let got = values(&[(0.1, 0.10, "25-417733"), (0.1, 0.115, "Vendor's license number, if any")]);
        assert!(got.iter().any(|g| g.0 == Concept::Number && g.2 == "25-417733"), "{got:?}");
    }
}
