//! The second look: which small places of a recognised page are worth reading again.
//!
//! Owns: choosing the places: values that recognition was not sure of, registration numbers, ink where a label wants a value and no word was
//! read. Must not touch: engines (the caller reads), what the readings are worth (`weigh`). Called by: the reader of scans, which asks the
//! engine between [`doubtful_lines`], [`looks`] and `weigh`.
//!
//! A page is recognised as a whole, and the engine's view of a whole page loses words in narrow cells and beside ruled lines, and guesses at
//! single characters. The same place read as one line, without the lines around it, is often read right.

use super::ReadContext;
use super::catalogue::{Concept, Party};
use super::ink::Ink;
use super::labels::Found;
use super::places::{Blank, Side};
use super::read::Layout;
use super::sheet::{Sheet, Tok};
use super::text::fold;
use super::{recognise, states};
use crate::domain::{BBox, PageContent, PageOrigin, Region};
use std::collections::HashSet;

/// Values that recognition is this sure of are not read again.
const SURE: f32 = 0.93;
/// Ink (in squares of a text height) and width (in text heights) from which a place holds something that was not read: less than two
/// capitals take.
const WRITTEN_INK: f32 = 0.35;
const WRITTEN_WIDTH: f32 = 0.8;
/// Text heights beside a value in which a character of it may stand that was not read, its least ink in squares of a text height (a thin `1`),
/// and how often one more is looked for.
const BESIDE: f32 = 2.2;
const CHARACTER_INK: f32 = 0.07;
const MOST_LOST: usize = 4;
/// Words less sure than this explain no ink.
const DOUBTFUL: f32 = 0.75;
/// Words of doubtful lines are never surer than this: below what counts as print, so that a signature stays one.
pub const LINE_SURE: f32 = 0.85;
/// A stretch of more words than this is a sentence, which holds no value of its own.
const SHORT: usize = 12;
/// A line with a word less sure than this is read again.
const WEAK: f32 = 0.87;
const MOST_LINES: usize = 60;
/// More places than a page can have blanks for: a page of noise must not take minutes.
const MOST_LOOKS: usize = 60;

/// A place to read again.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// On the upright page.
    pub area: BBox,
    /// Only digits and the signs between them are wanted as well: a reading restricted to them helps.
    pub number: bool,
    /// What a label there asks for; `None`: no label is known.
    pub(super) concept: Option<Concept>,
    pub(super) region: Option<Region>,
    /// The words that were read there, which the new ones would replace.
    pub(super) old: Vec<BBox>,
}

impl Look {
    /// Whether a label asks for something here.
    pub fn is_value(&self) -> bool {
        self.concept.is_some()
    }
}

/// Lines that recognition passed over altogether, and short ones that it was not sure of. They come before [`looks`], because there may be
/// labels among them.
pub fn doubtful_lines(page: &PageContent, ink: &Ink) -> Vec<Look> {
    if page.origin != PageOrigin::Ocr {
        return vec![];
    }
    let sheet = Sheet::new(page);
    let words: Vec<BBox> = page.words.iter().filter(|w| !fold(&w.text).is_empty()).map(|w| w.bbox).collect();
    let mut lines: Vec<(BBox, Vec<BBox>)> = ink.stray_lines(sheet.h, &words).into_iter().map(|line| (line, vec![])).collect();
    for run in &sheet.runs {
        let read: Vec<usize> = run.iter().copied().filter(|&i| !sheet.toks[i].folded.is_empty()).collect();
        let weak = read.iter().any(|&i| sheet.toks[i].confidence < WEAK);
        let letters: usize = read.iter().map(|&i| sheet.toks[i].folded.len()).sum();
        if weak
            && read.len() <= SHORT
            && letters >= 3
            && let Some(line) = sheet.page_box(&read)
        {
            lines.push((line, run.iter().map(|&i| sheet.toks[i].page_box).collect()));
        }
    }
    lines.sort_by(|a, b| b.0.width().total_cmp(&a.0.width()));
    lines.truncate(MOST_LINES);
    let (pad, inside) = (0.4 * sheet.h, |x: f32| x.clamp(0.0, 1.0));
    let look = |(b, old): (BBox, Vec<BBox>)| Look {
        area: BBox::new(inside(b.left - pad), inside(b.top - pad), inside(b.right + pad), inside(b.bottom + pad)),
        number: false,
        concept: None,
        region: None,
        old,
    };
    lines.into_iter().map(look).collect()
}

/// The places of a page that are worth a second look. None on pages with a text layer.
pub fn looks(page: &PageContent, ink: &Ink, ctx: &ReadContext) -> Vec<Look> {
    if page.origin != PageOrigin::Ocr {
        return vec![];
    }
    let read = Layout::new(page, ctx);
    let sheet = &read.sheet;
    let guess = recognise::recognise(sheet, ctx.catalogue);
    let region = guess.as_ref().and_then(|g| g.region.clone());
    // Words that are sure, or answer a label, explain the ink where they stand.
    let used: HashSet<usize> = read
        .labels
        .iter()
        .map(|l| &l.toks)
        .chain(read.blanks.iter().filter(|b| b.fit >= 0.5).map(|b| &b.toks))
        .flatten()
        .copied()
        .collect();
    // A digit or two that answer nothing are a part of something: of a number written one digit to a place.
    let scrap = |t: &Tok| t.folded.len() <= 2 && t.folded.chars().all(|c| c.is_ascii_digit());
    let explains = |(i, t): &(usize, &Tok)| !t.folded.is_empty() && (t.confidence >= DOUBTFUL && !scrap(t) || used.contains(i));
    let known: Vec<BBox> = sheet.toks.iter().enumerate().filter(explains).map(|(_, t)| t.area).collect();
    let mut looks: Vec<Look> = vec![];
    let mut add = |concept: Concept, region: Option<Region>, area: BBox, old: &[usize]| {
        let old = old.iter().map(|&i| sheet.toks[i].page_box).collect();
        let look = Look { area: on_page(sheet, area), number: concept == Concept::Number, concept: Some(concept), region, old };
        if looks.len() < MOST_LOOKS && look.area.width() > 0.0 && look.area.height() > 0.0 {
            looks.push(look);
        }
    };
    // What was read where ink is unexplained was misread.
    let misread = |area: BBox| -> Vec<usize> {
        let doubtful = |i: &usize| !used.contains(i) && (sheet.toks[*i].confidence < DOUBTFUL || scrap(&sheet.toks[*i]));
        sheet.within(area).into_iter().filter(doubtful).collect()
    };
    for label in read.labels.iter().filter(|l| wanted(l)) {
        let blank = read.blanks.iter().find(|b| b.label.toks == label.toks);
        match blank.filter(|b| b.fit >= 0.3) {
            Some(blank) => {
                let sure = blank.toks.iter().all(|&i| sheet.toks[i].confidence >= SURE);
                if (!sure || label.concept == Concept::Number)
                    && let Some(area) = sheet
                        .area(&blank.toks)
                        .map(|area| whole(sheet, ink, area, &blank.toks, line_of(sheet, label, blank.side, &read.labels)))
                {
                    add(label.concept, region.clone(), padded(area, 0.5 * sheet.h, 0.35 * sheet.h), &blank.toks);
                }
            }
            None => {
                if let Some(area) = missed(sheet, ink, label, &read, &known) {
                    add(label.concept, region.clone(), padded(area, 0.4 * sheet.h, 0.3 * sheet.h), &misread(area));
                }
            }
        }
    }
    let form = guess.as_ref().and_then(|g| g.form).filter(|f| f.is_multistate());
    for cell in form.map(|f| states::cells(sheet, &f.tables)).unwrap_or_default() {
        let digits = |i: &usize| sheet.toks[*i].text.chars().any(|c| c.is_ascii_digit());
        let toks: Vec<usize> = sheet.within(cell.area).into_iter().filter(digits).collect();
        match sheet.area(&toks) {
            Some(area) => add(
                Concept::Number,
                Some(cell.region),
                padded(whole(sheet, ink, area, &toks, (cell.area.left, cell.area.right)), 0.5 * sheet.h, 0.3 * sheet.h),
                &toks,
            ),
            None => {
                if let Some(found) = ink.unread(sheet, cell.area, &known).filter(written) {
                    add(Concept::Number, Some(cell.region), padded(found.around, 0.4 * sheet.h, 0.25 * sheet.h), &misread(found.around));
                }
            }
        }
    }
    looks
}

/// Whether something was written where the purchaser's name, street or number belongs that no word accounts for.
pub fn purchaser_unread(read: &Layout, ink: &Ink) -> bool {
    let known: Vec<BBox> = read.sheet.toks.iter().filter(|t| !t.folded.is_empty()).map(|t| t.area).collect();
    let asked = |l: &&Found| l.party != Party::Seller && matches!(l.concept, Concept::Name | Concept::Line1 | Concept::Number);
    read.labels.iter().filter(asked).any(|label| {
        let answered = read.blanks.iter().any(|b| b.label.toks == label.toks && b.fit >= 0.3);
        !answered && missed(&read.sheet, ink, label, read, &known).is_some()
    })
}

/// From where to where on its line the value of a label may reach: not into the label, nor into the next one.
fn line_of(sheet: &Sheet, label: &Found, side: Side, labels: &[Found]) -> (f32, f32) {
    let area = place(sheet, label, side, labels);
    (area.left, area.right)
}

/// The area of a value with the ink right beside it that no word accounts for: of characters that stand apart, as on short lines of their own,
/// recognition often passes over the first or the last. `limits`: how far left and right the value's place reaches.
fn whole(sheet: &Sheet, ink: &Ink, area: BBox, toks: &[usize], limits: (f32, f32)) -> BBox {
    let h = sheet.h;
    let known: Vec<BBox> =
        sheet.toks.iter().enumerate().filter(|(i, t)| !toks.contains(i) && !t.folded.is_empty()).map(|(_, t)| t.area).collect();
    let (top, bottom) = (area.mid_y() - 0.6 * h, area.mid_y() + 0.6 * h);
    let mut all = area;
    for _ in 0..MOST_LOST {
        let left = BBox::new((all.left - BESIDE * h).max(limits.0), top, all.left - 0.1 * h, bottom);
        let right = BBox::new(all.right + 0.1 * h, top, (all.right + BESIDE * h).min(limits.1), bottom);
        let beside = [left, right].into_iter().filter(|b| b.width() > 0.0).filter_map(|b| ink.unread(sheet, b, &known));
        let lost: Vec<BBox> = beside.filter(|w| w.ink >= CHARACTER_INK).map(|w| w.around).collect();
        if lost.is_empty() {
            break;
        }
        all = lost.iter().fold(all, |all, b| BBox::new(all.left.min(b.left), all.top, all.right.max(b.right), all.bottom));
    }
    all
}

fn wanted(label: &Found) -> bool {
    let concept = matches!(
        label.concept,
        Concept::Name
            | Concept::Line1
            | Concept::City
            | Concept::Region
            | Concept::PostalCode
            | Concept::CityLine
            | Concept::Number
            | Concept::SignedDate
            | Concept::Expires
    );
    concept && (label.party != Party::Seller || label.concept == Concept::Name)
}

fn written(writing: &super::ink::Writing) -> bool {
    writing.ink >= WRITTEN_INK && writing.wide >= WRITTEN_WIDTH
}

fn padded(area: BBox, across: f32, down: f32) -> BBox {
    BBox::new(area.left - across, area.top - down, area.right + across, area.bottom + down)
}

/// A level box as a box on the page, cut off at its edges.
fn on_page(sheet: &Sheet, area: BBox) -> BBox {
    let (left, top) = sheet.to_page(area.left, area.top);
    let (right, bottom) = sheet.to_page(area.right, area.bottom);
    let (_, top_right) = sheet.to_page(area.right, area.top);
    let (_, bottom_left) = sheet.to_page(area.left, area.bottom);
    let inside = |x: f32| x.clamp(0.0, 1.0);
    BBox::new(inside(left), inside(top.min(top_right)), inside(right), inside(bottom.max(bottom_left)))
}

/// Ink without words where the value of a label would stand.
fn missed(sheet: &Sheet, ink: &Ink, label: &Found, read: &Layout, known: &[BBox]) -> Option<BBox> {
    if label.inline && label.concept != Concept::Number {
        return None;
    }
    let sides = sides(sheet, label, &read.blanks);
    sides.into_iter().find_map(|side| ink.unread(sheet, place(sheet, label, side, &read.labels), known).filter(written)).map(|w| w.around)
}

/// The sides of a label on which its value may stand, likeliest first: as its neighbours' values do.
fn sides(sheet: &Sheet, label: &Found, blanks: &[Blank]) -> Vec<Side> {
    let votes = |side: Side, most: f32| -> f32 {
        let near = blanks.iter().filter(|b| b.side == side && b.fit > 0.5 && b.label.toks != label.toks);
        near.map(|b| (b.label.area.mid_y() - label.area.mid_y()).abs() / sheet.h)
            .filter(|off| *off < most)
            .map(|off| 1.0 / (2.0 + off))
            .sum()
    };
    let mut sides: Vec<(f32, Side)> = [Side::Right, Side::Below, Side::Above].into_iter().map(|side| (votes(side, 25.0), side)).collect();
    if label.colon || label.inline {
        sides[0].0 += 0.5;
    }
    sides.sort_by(|a, b| b.0.total_cmp(&a.0));
    let most = sides[0].0;
    sides.into_iter().filter(|(votes, _)| *votes > 0.0 && *votes >= 0.4 * most).map(|(_, side)| side).collect()
}

/// Where the value of a label stands, on one of its sides.
fn place(sheet: &Sheet, label: &Found, side: Side, labels: &[Found]) -> BBox {
    let (h, area) = (sheet.h, label.area);
    let others = || labels.iter().filter(|l| l.toks != label.toks).map(|l| l.area);
    let level = |b: &BBox| (b.mid_y() - area.mid_y()).abs() < 0.9 * h;
    let next = others().filter(|b| level(b) && b.left > area.right).map(|b| b.left).fold(sheet.width(), f32::min);
    let before = others().filter(|b| level(b) && b.right < area.left).map(|b| b.right).fold(0.0, f32::max);
    let left = (area.left - 2.0 * h).max(before + 0.3 * h);
    match side {
        Side::Right => {
            BBox::new(area.right + 0.2 * h, area.mid_y() - 1.2 * h, (next - 0.3 * h).min(area.right + 45.0 * h), area.mid_y() + 0.9 * h)
        }
        Side::Above => {
            let over = |b: &BBox| b.bottom < area.top && b.left < next && b.right > left;
            let top = others().filter(over).map(|b| b.bottom).fold(area.top - 2.4 * h, f32::max);
            BBox::new(left, top, (next - 0.3 * h).min(area.left + 45.0 * h), area.top - 0.02 * h)
        }
        _ => {
            let under = |b: &BBox| b.top > area.bottom && b.left < next && b.right > left;
            let bottom = others().filter(under).map(|b| b.top).fold(area.bottom + 2.8 * h, f32::min);
            BBox::new(left, area.bottom + 0.02 * h, (next - 0.3 * h).min(area.left + 45.0 * h), bottom)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::Catalogue;
    use super::super::sheet::tests::page;
    use super::*;
    use crate::domain::Gray;
    use std::sync::Arc;

    fn ctx() -> ReadContext<'static> {
        ReadContext { catalogue: Catalogue::builtin(), seller: None }
    }

    /// A page whose printed words are dark stripes, with more ink where `extra` says.
    fn drawn(page: &PageContent, extra: Option<BBox>) -> Arc<Gray> {
        let mut gray = Gray::new(850, 1100, vec![230; 850 * 1100]).unwrap();
        for b in page.words.iter().map(|w| w.bbox).chain(extra) {
            for y in (b.top * 1100.0) as u32..(b.bottom * 1100.0) as u32 {
                for x in ((b.left * 850.0) as u32..(b.right * 850.0) as u32).filter(|x| x % 6 < 3) {
                    gray.pixels[(y * 850 + x) as usize] = 30;
                }
            }
        }
        Arc::new(gray)
    }

    fn ink(page: &PageContent) -> Ink {
        Ink::new(page.image.as_deref().unwrap()).unwrap()
    }

    #[test]
    fn ink_under_a_caption_without_words_is_looked_at_again() {
        let mut page = page(&[
            (0.1, 0.10, "Name of purchaser"),
            (0.1, 0.115, "Tidewater Brass Works"),
            (0.1, 0.14, "City"),
            (0.4, 0.14, "State"),
            (0.6, 0.14, "ZIP code"),
            (0.1, 0.155, "Port Haven"),
            (0.4, 0.155, "TX"),
        ]);
        let zip = BBox::new(0.6, 0.155, 0.645, 0.166);
        page.image = Some(drawn(&page, Some(zip)));
        let found: Vec<Look> = looks(&page, &ink(&page), &ctx()).into_iter().filter(|l| l.concept == Some(Concept::PostalCode)).collect();
        assert_eq!(found.len(), 1);
        let area = found[0].area;
        assert!(
            area.left <= zip.left && area.right >= zip.right && area.top <= zip.top + 0.002 && area.bottom >= zip.bottom - 0.002,
            "{area:?}"
        );
        assert_eq!(doubtful_lines(&page, &ink(&page)).len(), 1, "it is a line that nobody read");
        page.image = Some(drawn(&page, None));
        assert!(
            looks(&page, &ink(&page), &ctx()).iter().all(|l| l.concept != Some(Concept::PostalCode)),
            "an empty blank is no reason to look"
        );
        assert!(doubtful_lines(&page, &ink(&page)).is_empty());
    }

    #[test]
    fn a_text_layer_is_not_read_again() {
        let mut page = page(&[(0.1, 0.10, "ZIP code")]);
        page.image = Some(drawn(&page, Some(BBox::new(0.1, 0.12, 0.2, 0.13))));
        page.origin = PageOrigin::TextLayer;
        assert!(looks(&page, &ink(&page), &ctx()).is_empty() && doubtful_lines(&page, &ink(&page)).is_empty());
    }
}
