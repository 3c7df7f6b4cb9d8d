//! Is the paper signed?
//!
//! Owns: where a signature belongs and whether ink is there that is neither printed words nor ruled lines.
//! Must not touch: other fields. Called by: `read`.

use super::catalogue::Concept;
use super::ink::Ink;
use super::labels::Found;
use super::places::{Blank, Side};
use super::sheet::Sheet;
use crate::domain::{BBox, MarkValue, Signature};

/// Ink (in squares of a text height) and width (in text heights) from which a place is signed. Measured: signatures have 2 to 15 and 4 to 20,
/// empty lines under 0.3.
const SIGNED_INK: f32 = 0.9;
const SIGNED_WIDTH: f32 = 2.0;
const BLANK_INK: f32 = 0.35;
/// How sure a signature is whose caption was not read: a person looks.
const UNLABELLED: f32 = 0.6;
/// Text heights between a caption and what is written right behind it, and between the words of that.
const NEAR: f32 = 3.0;
/// Words that recognition is this sure of were printed or typed.
const PRINT_SURE: f32 = 0.9;

/// The verdict and the height where it was found. `None`: the page has no place for a signature.
pub fn read(sheet: &Sheet, ink: Option<&Ink>, labels: &[Found], blanks: &[Blank]) -> Option<(Signature, f32)> {
    let mut places: Vec<&Found> = labels.iter().filter(|l| l.concept == Concept::Signature && !of_another(sheet, l)).collect();
    // Forms are signed at the end; the surest label first.
    places.sort_by(|a, b| b.rank.cmp(&a.rank).then(b.area.mid_y().total_cmp(&a.area.mid_y())));
    if places.is_empty() {
        return unlabelled(sheet, ink?, labels);
    }
    let mut best: Option<(Signature, f32)> = None;
    for label in places {
        let verdict = judge(sheet, ink, label, labels, blanks);
        let better = best.as_ref().is_none_or(|(b, _)| verdict.present && !b.present);
        if better {
            best = Some((verdict, label.area.mid_y()));
        }
        if best.as_ref().is_some_and(|(b, _)| b.present) {
            break;
        }
    }
    best
}

/// No caption for the signature was read, often because the pen went over it: large ink left of “Title” and “Date” on one line. Never sure.
fn unlabelled(sheet: &Sheet, ink: &Ink, labels: &[Found]) -> Option<(Signature, f32)> {
    let h = sheet.h;
    let print: Vec<BBox> = (0..sheet.toks.len()).filter(|&i| is_print(sheet, i)).map(|i| sheet.toks[i].area).collect();
    let signed = |area: BBox| {
        let (amount, wide) = if area.width() > 4.0 * h { ink.writing(sheet, area, &print) } else { (0.0, 0.0) };
        amount >= 2.0 * SIGNED_INK && wide >= 2.0 * SIGNED_WIDTH
    };
    let verdict = |present: bool, at: f32| present.then_some((Signature { present, confidence: UNLABELLED }, at));
    // A letter is signed under its closing.
    const CLOSINGS: &[&str] = &["sincerely", "sincerelyyours", "respectfully", "verytrulyyours", "bestregards", "regards", "yourstruly"];
    let joined = |run: &Vec<usize>| run.iter().map(|&i| sheet.toks[i].folded.as_str()).collect::<String>();
    if let Some(closing) = sheet.runs.iter().rev().find(|r| CLOSINGS.contains(&joined(r).as_str())).and_then(|r| sheet.area(r)) {
        let area = BBox::new(closing.left - 2.0 * h, closing.bottom + 0.2 * h, closing.left + 25.0 * h, closing.bottom + 6.0 * h);
        return verdict(signed(area), closing.mid_y());
    }
    let titles = ["title", "printedname", "printname", "printnamehere", "nameandtitle", "name"];
    let text = |l: &Found| l.toks.iter().map(|&i| sheet.toks[i].folded.as_str()).collect::<String>();
    let level = |a: &BBox, b: &BBox| (a.mid_y() - b.mid_y()).abs() < 1.2 * h;
    let titled = |l: &&Found| titles.contains(&text(l).as_str()) && l.area.mid_y() > 0.3;
    let row = labels.iter().filter(titled).filter(|l| labels.iter().any(|d| d.concept == Concept::SignedDate && level(&d.area, &l.area)));
    let last = row.max_by(|a, b| a.area.mid_y().total_cmp(&b.area.mid_y()))?;
    let left = labels.iter().filter(|l| level(&l.area, &last.area)).map(|l| l.area.left).fold(f32::MAX, f32::min);
    let area = BBox::new(0.03 * sheet.width(), last.area.top - 3.0 * h, left - 0.5 * h, last.area.bottom + 3.0 * h);
    verdict(signed(area), last.area.mid_y())
}

/// “Notary signature”, “Vendor's signature”: somebody else signs there.
fn of_another(sheet: &Sheet, label: &Found) -> bool {
    const OTHERS: &[&str] = &["seller", "vendor", "notary", "witness", "preparer", "retailer", "supplier", "lessor", "contractor"];
    let Some(&first) = label.toks.first() else { return false };
    let run = &sheet.runs[sheet.toks[first].run];
    let before = run.iter().take_while(|&&i| i != first).last().map_or("", |&i| sheet.toks[i].folded.as_str());
    // Those who buy may be retailers or contractors too: “retailer” alone before the word is the seller, as are forms' own words.
    OTHERS.iter().any(|o| before == *o || before.strip_suffix('s') == Some(o))
}

fn judge(sheet: &Sheet, ink: Option<&Ink>, label: &Found, labels: &[Found], blanks: &[Blank]) -> Signature {
    let h = sheet.h;
    let level = |b: &BBox| (b.mid_y() - label.area.mid_y()).abs() < 0.9 * h;
    // The other blanks of this line tell on which side of their captions people write.
    let sides: Vec<Side> =
        blanks.iter().filter(|b| level(&b.label.area) && b.label.concept != Concept::Signature && b.fit > 0.3).map(|b| b.side).collect();
    let count = |side: Side| sides.iter().filter(|s| **s == side).count();
    let next = labels
        .iter()
        .filter(|l| level(&l.area) && l.area.left > label.area.right)
        .map(|l| l.area.left)
        .fold(sheet.width() * 0.97, f32::min);
    let before = labels.iter().filter(|l| level(&l.area) && l.area.right < label.area.left).map(|l| l.area.right).fold(0.0, f32::max);
    let room = next - label.area.right;
    let right = BBox::new(
        label.area.right + 0.3 * h,
        label.area.mid_y() - 2.0 * h,
        (label.area.right + 34.0 * h).min(next - 0.3 * h),
        label.area.mid_y() + 0.9 * h,
    );
    let left = (label.area.left - 4.0 * h).max(before + 0.3 * h);
    let over = (label.area.right + 18.0 * h).min(next - 0.8 * h);
    let above = BBox::new(left, label.area.top - 2.8 * h, over, label.area.top - 0.05 * h);
    let below = BBox::new(left, label.area.bottom + 0.05 * h, over, label.area.bottom + 2.6 * h);
    // What stands under another caption right above answers that one: on a page of captions in cells nobody signs over the caption.
    let answers = |side: Side| blanks.iter().filter(|b| b.side == side && b.fit > 0.5).count();
    let cells = answers(Side::Below) > 2 * answers(Side::Above);
    let owned_above = cells
        && labels.iter().any(|l| {
            l.toks != label.toks
                && !l.inline
                && l.area.bottom < label.area.top - 1.0 * h
                && l.area.top > label.area.top - 5.5 * h
                && l.area.left < label.area.right
                && l.area.right > label.area.left
        });
    let areas: Vec<BBox> = match () {
        () if owned_above && count(Side::Right) == 0 && !(room > 8.0 * h && label.colon) => vec![below],
        () if count(Side::Below) > 0 && count(Side::Below) >= count(Side::Above) && count(Side::Right) == 0 => vec![below],
        () if count(Side::Above) > 0 && count(Side::Right) == 0 => vec![above],
        () if room > 8.0 * h && (label.colon || count(Side::Right) > 0) => vec![right],
        () if room > 8.0 * h => vec![right, above, below],
        () => vec![above, below],
    };
    // What stands right behind the caption on its own line answers it, whatever caption of another line could claim it: no other label, and nothing
    // that has a caption of its own on this line.
    let on_the_line = |a: &BBox| (a.bottom - label.area.bottom).abs() < 0.9 * h;
    let labelled = |i: &usize| labels.iter().any(|l| l.toks.contains(i));
    let captioned = |i: &usize| blanks.iter().any(|b| b.label.toks != label.toks && level(&b.label.area) && b.toks.contains(i));
    let mut end = label.area.right;
    let follows = |i: &usize| {
        let area = sheet.toks[*i].area;
        let near = area.left - end < NEAR * h;
        end = end.max(area.right);
        near
    };
    let line = sheet.within(right).into_iter().filter(|i| on_the_line(&sheet.toks[*i].area) && !labelled(i) && !captioned(i));
    let answer: std::collections::HashSet<usize> = line.take_while(follows).collect();
    // Words that are printed, or fill another blank, are no signature.
    let owned: std::collections::HashSet<usize> = labels
        .iter()
        .flat_map(|l| l.toks.iter().copied())
        .chain(blanks.iter().filter(|b| b.label.concept != Concept::Signature && b.fit > 0.3).flat_map(|b| b.toks.iter().copied()))
        .filter(|i| !answer.contains(i))
        .collect();
    let mut known: Vec<BBox> = owned.iter().filter_map(|&i| sheet.toks.get(i)).map(|t| t.area).collect();
    // A sentence is print however unsure its words are.
    for run in &sheet.runs {
        let words: Vec<&str> = run.iter().map(|&i| sheet.toks[i].text.as_str()).collect();
        if run.len() >= 4 && super::text::looks_printed(&words) {
            known.extend(run.iter().filter(|i| !answer.contains(i)).map(|&i| sheet.toks[i].area));
        }
    }
    known.extend((0..sheet.toks.len()).filter(|&i| is_print(sheet, i)).map(|i| sheet.toks[i].area));
    // A name typed where the pen should go, perhaps an electronic signature: no program can tell.
    let typed = |area: &BBox| {
        let inside = sheet.within(*area).into_iter().filter(|i| !owned.contains(i));
        let words: Vec<&str> = inside.filter(|&i| is_print(sheet, i)).map(|i| sheet.toks[i].text.as_str()).collect();
        words.len() >= 2 && !super::text::looks_printed(&words)
    };
    let name_typed = areas.iter().any(typed);
    let sealed = sheet.page.marks.iter().any(|m| m.value == MarkValue::Signature);
    let mut best = (0.0f32, 0.0f32);
    for area in areas.into_iter().filter(|a| a.width() > 0.0 && a.height() > 0.0) {
        let found = match ink {
            Some(ink) => ink.writing(sheet, area, &known),
            None => {
                let free = sheet.within(area).into_iter().filter(|i| !owned.contains(i) && sheet.toks[*i].folded.len() > 2).count();
                (free as f32, free as f32 * 4.0)
            }
        };
        if found.0 > best.0 {
            best = found;
        }
    }
    let present = best.0 >= SIGNED_INK && best.1 >= SIGNED_WIDTH;
    let confidence = match present {
        true => 0.8 + 0.19 * ((best.0 - SIGNED_INK) / 2.0).min(1.0),
        false if name_typed || sealed => 0.5,
        false if best.0 <= BLANK_INK => 0.95,
        false => 0.5,
    };
    Signature { present, confidence: if ink.is_some() { confidence } else { confidence.min(0.6) } }
}

/// Was the word set by a machine? Recognition is sure of typed words, and they are no taller than common text; of a signature it makes scraps,
/// or words it is not sure of.
fn is_print(sheet: &Sheet, i: usize) -> bool {
    let tok = &sheet.toks[i];
    tok.folded.len() >= 3 && tok.confidence >= PRINT_SURE && tok.area.height() < 1.3 * sheet.h
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::Catalogue;
    use super::super::sheet::tests::page;
    use super::super::{labels, places};
    use super::*;
    use crate::domain::{Gray, PageContent, Word};

    /// What is judged of a page whose words are dark blocks of stripes, with a wave of a pen between two points of a row of pixels.
    fn judged(page: &PageContent, pen: Option<(std::ops::Range<u32>, u32)>) -> Signature {
        let mut gray = Gray::new(850, 1100, vec![230; 850 * 1100]).unwrap();
        for word in &page.words {
            for y in (word.bbox.top * 1100.0) as u32..(word.bbox.bottom * 1100.0) as u32 {
                for x in ((word.bbox.left * 850.0) as u32..(word.bbox.right * 850.0) as u32).filter(|x| x % 6 < 3) {
                    gray.pixels[(y * 850 + x) as usize] = 30;
                }
            }
        }
        for (x, row) in pen.into_iter().flat_map(|(across, row)| across.map(move |x| (x, row))) {
            (0..3).for_each(|t| gray.pixels[((row + (x / 5 % 4) * 3 + t) * 850 + x) as usize] = 30);
        }
        let sheet = Sheet::new(page);
        let labels = labels::find(&sheet, Catalogue::builtin(), &[]);
        let blanks = places::fill(&sheet, &labels);
        read(&sheet, Ink::new(&gray).as_ref(), &labels, &blanks).unwrap().0
    }

    fn signed(pen: bool) -> Signature {
        let page = page(&[
            (0.1, 0.10, "Name of purchaser"),
            (0.1, 0.115, "Tidewater Brass Works"),
            (0.1, 0.14, "Street address"),
            (0.1, 0.155, "12 Quay Lane"),
            (0.1, 0.80, "Type or print name and title of owner, partner, or authorized person of purchaser"),
            (0.1, 0.82, "Jo Marsh, Owner"),
            (0.1, 0.84, "Signature of owner, partner, or authorized person of purchaser"),
        ]);
        judged(&page, pen.then_some((150..400, 946)))
    }

    #[test]
    fn a_typed_name_over_the_caption_is_no_signature() {
        let empty = signed(false);
        assert!(!empty.present && empty.confidence > 0.7, "{empty:?}");
        assert!(signed(true).present);
    }

    /// A form whose captions stand left of their lines. `unsure`: a name that recognition is not sure of, and where it stands.
    fn beside(unsure: Option<(f32, f32, &str)>, pen: bool) -> Signature {
        let mut lines = vec![
            (0.1, 0.10, "Name of purchaser:"),
            (0.35, 0.10, "Tidewater Brass Works"),
            (0.1, 0.78, "Print name:"),
            (0.1, 0.80, "Authorized signature:"),
            (0.6, 0.80, "Date:"),
            (0.68, 0.80, "03/04/2026"),
            (0.6, 0.82, "Title:"),
        ];
        lines.extend(unsure);
        let mut page = page(&lines);
        if let Some((left, top, name)) = unsure {
            let new = |w: &&mut Word| w.bbox.left >= left && (w.bbox.top - top).abs() < 1e-4 && name.contains(&w.text);
            page.words.iter_mut().filter(new).for_each(|w| w.confidence = 0.6);
        }
        judged(&page, pen.then_some((290..450, 878)))
    }

    #[test]
    fn handwriting_that_was_read_is_a_signature_in_its_own_place_only() {
        assert!(!beside(None, false).present);
        assert!(beside(None, true).present);
        assert!(beside(Some((0.34, 0.80, "Marcus Oyelaran")), false).present, "behind the caption");
        for elsewhere in [(0.24, 0.78, "Jo Marsh"), (0.68, 0.82, "Controller")] {
            let found = beside(Some(elsewhere), false);
            assert!(!(found.present && found.confidence >= 0.7), "{elsewhere:?}: {found:?}");
        }
    }
}
