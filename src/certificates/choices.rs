//! Check boxes: which options the form offers, and which are ticked.
//!
//! Owns: finding an option's words and its box, telling ticked from empty. Must not touch: other fields.
//! Called by: `read`.

use super::catalogue::{Catalogue, Choice};
use super::circles::{Lettered, asks_for_circles, circled, counts_by_letters};
use super::frames::{Place, by_the_list};
use super::ink::{Frame, Ink};
use super::sheet::Sheet;
use super::text::{alike, alike_within, is_sentence_word};
use crate::domain::{BBox, Mark, MarkValue};
use std::collections::HashSet;

/// An option on the page.
#[derive(Debug, Clone)]
pub struct Offer {
    pub choice: Choice,
    pub page_box: BBox,
    pub ticked: bool,
    /// 0 to 1.
    pub confidence: f32,
    /// What was seen in its box, for explaining.
    pub seen: Seen,
}

/// Ink inside a frame above which it is ticked, and below which it is empty. Measured on drawn boxes: a cross fills 0.2 to 0.5, an empty box under 0.05.
const TICKED: f32 = 0.12;
const EMPTY: f32 = 0.06;
/// How sure the reason of a ticked option is that stands on no list: one word of it is a hint for a person, and too little to be used without
/// one (“out of state”).
const UNLISTED: f32 = 0.5;

/// How sure a tick is whose box was not seen where all other boxes of its list are empty, and where they are not: too little to be used without a
/// person.
const BY_THE_LIST: f32 = 0.8;
const BY_THE_LIST_DOUBTED: f32 = 0.55;
/// How sure a circled letter is: as a tick without a frame, by comparison with its neighbours.
const CIRCLED: f32 = 0.75;

/// All options with a box (or where boxes cannot be seen, with a mark read as text).
pub fn read(sheet: &Sheet, ink: Option<&Ink>, marks: &[Mark], catalogue: &Catalogue) -> Vec<Offer> {
    let mut options: Vec<(Offer, Lettered)> = vec![];
    let by_letters = counts_by_letters(sheet);
    for run in &sheet.runs {
        let mut start = 0;
        while start < run.len() {
            match longest(sheet, run, start, catalogue) {
                Some((choice, end)) if !numbered(sheet, run, start) => {
                    let toks = &run[start..end];
                    let mut next = start + 1;
                    if let Some(page_box) = sheet.page_box(toks) {
                        let first = start - prefix(sheet, run, start);
                        // Words that follow others with no room for a box are part of a sentence.
                        let room = |n: usize| n == 0 || sheet.toks[run[n]].area.left - sheet.toks[run[n - 1]].area.right > 0.9 * sheet.h;
                        let boxed = run[first..start].iter().any(|&i| is_box(&sheet.toks[i].text));
                        let seen = look(sheet, ink, marks, run, first, start, by_letters);
                        // Or the box was read as who knows what, and its frame is seen.
                        let begins = room(first) || room(start) || boxed || first < start && seen.framed;
                        // Words that begin nothing may still hold an option: “or a ☐ single purchase”.
                        if begins {
                            next = end;
                            let offer = Offer { choice, page_box, ticked: false, confidence: 0.0, seen };
                            options.push((offer, lettered(sheet, run, first, start)));
                        }
                    }
                    start = next;
                }
                _ => start += 1,
            }
        }
    }
    // Under “Type of business” the same words mean something else.
    let reasons_from = heading(sheet, "reasonforexemption");
    if heading(sheet, "typeofbusiness").is_some()
        && let Some(from) = reasons_from
    {
        options.retain(|(o, _)| !matches!(o.choice, Choice::Reason(_)) || o.page_box.mid_y() > from);
    }
    let stands = |o: &Offer| sheet.toks.iter().find(|t| o.page_box.shares(&t.page_box) > 0.9).map(|t| t.run);
    let listed: HashSet<usize> = options.iter().filter_map(|(o, _)| stands(o)).collect();
    not_in_letters(&mut options);
    if let Some(ink) = ink {
        where_the_list_has_them(sheet, ink, &mut options);
    }
    let mut offers = decide(&options);
    let reasons: Vec<usize> = (0..offers.len()).filter(|n| matches!(offers[*n].choice, Choice::Reason(_))).collect();
    if let Some(ink) = ink
        && !reasons.iter().any(|n| offers[*n].ticked || offers[*n].seen.text.is_some())
    {
        let list: Vec<Lettered> = reasons.iter().map(|n| options[*n].1).collect();
        if let Some(at) = circled(sheet, ink, &list).and_then(|at| reasons.get(at)) {
            // Where the form has boxes or says nothing of circles, a ring is a hint for a person.
            let sure = asks_for_circles(sheet) && !offers[*at].seen.framed;
            (offers[*at].ticked, offers[*at].confidence) = (true, if sure { CIRCLED } else { UNLISTED });
        }
    }
    if !offers.iter().any(|o| o.ticked && matches!(o.choice, Choice::Reason(_))) {
        offers.extend(unlisted(sheet, ink, marks, &listed));
    }
    offers
}

/// The boxes of a form are of one size: what is much smaller is the hole of a bold letter.
fn not_in_letters(options: &mut [(Offer, Lettered)]) {
    let high = |f: Frame| (f.bottom - f.top) as f32;
    let mut heights: Vec<f32> = options.iter().filter_map(|(o, _)| o.seen.frame).map(high).collect();
    heights.sort_by(f32::total_cmp);
    let Some(usual) = heights.get(heights.len() / 2).copied().filter(|_| heights.len() >= 3) else { return };
    for (offer, _) in options.iter_mut().filter(|(o, _)| o.seen.frame.is_some_and(|f| high(f) < 0.6 * usual)) {
        offer.seen = Seen { framed: false, frame: None, ink: None, ..offer.seen };
    }
}

/// Boxes that were not seen, or taken for letters, are looked at where the others of their list have theirs.
fn where_the_list_has_them(sheet: &Sheet, ink: &Ink, options: &mut [(Offer, Lettered)]) {
    let kinds: [fn(&Choice) -> bool; 2] = [|c| matches!(c, Choice::Reason(_)), |c| !matches!(c, Choice::Reason(_))];
    for kind in kinds {
        let mut list: Vec<&mut (Offer, Lettered)> = options.iter_mut().filter(|(o, _)| kind(&o.choice)).collect();
        let place = |(o, l): &(Offer, Lettered)| Place { words: ink.pixel(sheet, l.words.left, l.words.mid_y()), frame: o.seen.frame };
        let places: Vec<Place> = list.iter().map(|option| place(option)).collect();
        for ((offer, _), frame) in list.iter_mut().map(|o| (&mut o.0, o.1)).zip(by_the_list(&places)) {
            if let (Some(frame), None) = (frame, offer.seen.text) {
                let inside = Some(ink.inside_about(&frame));
                offer.seen = Seen { framed: true, frame: Some(frame), by_the_list: true, ink: inside, text: None };
            }
        }
    }
}

/// Ticked options on no list, by the word that names their reason. Only boxes that can be seen count.
fn unlisted(sheet: &Sheet, ink: Option<&Ink>, marks: &[Mark], listed: &HashSet<usize>) -> Vec<Offer> {
    let mut found = vec![];
    for (_, run) in sheet.runs.iter().enumerate().filter(|(n, _)| !listed.contains(n)) {
        let letters = |i: &usize| sheet.toks[*i].folded.chars().filter(|c| c.is_alphabetic()).count() > 2;
        let Some(start) = run.iter().position(letters).filter(|at| *at <= 3) else { continue };
        // A box, a letter or a number of the list may stand before the words, but no other word: `2026 Annual Resale Certificate`.
        if run[..start].iter().any(|&i| sheet.toks[i].folded.len() > 2) {
            continue;
        }
        let seen = look(sheet, ink, marks, run, 0, start, false);
        // A box is about as wide as high; what else has four sides is a part of a table.
        let square = seen.frame.is_none_or(|f| {
            let (wide, high) = ((f.right - f.left) as f32, (f.bottom - f.top) as f32);
            wide < 1.5 * high && high < 1.5 * wide
        });
        let ticked = seen.text == Some(true) || seen.framed && square && seen.ink.is_some_and(|ink| ink >= TICKED);
        if !ticked || numbered(sheet, run, start) {
            continue;
        }
        // The line, and the one that goes on below it.
        let words = run[start..].iter().take(24).map(|&i| sheet.toks[i].folded.as_str());
        let said: Vec<&str> = words.collect();
        if let (Some(name), Some(page_box)) = (named(&said), sheet.page_box(&run[start..])) {
            found.push(Offer { choice: Choice::Reason(name.to_owned()), page_box, ticked: true, confidence: UNLISTED, seen });
        }
    }
    found
}

/// Words that tell of a reason where no list has the option.
const UNLISTED_REASONS: &[(&str, &[&str])] = &[
    ("RESALE", &["resale", "resell", "resold", "rerental", "wholesaler", "retailer"]),
    ("AGRICULTURE", &["agricultural", "agriculture", "farm", "farming", "farmer", "livestock"]),
    ("FEDERAL GOV", &["federal"]),
    // “State” alone is the state of something: “state registration”.
    ("STATE GOV", &["government", "governmental", "political", "county", "municipality"]),
    ("RELIGIOUS", &["religious", "church"]),
    ("EDUCATIONAL", &["educational", "school", "schools", "university", "college"]),
    ("CHARITABLE", &["charitable", "nonprofit", "hospital", "501c3"]),
    ("MANUFACTURING", &["manufacturing", "manufacturer", "manufacture", "processing", "industrial"]),
    ("DIRECT PAY", &["directpay"]),
];

/// Do the words tell of one reason, and deny nothing?
fn is_plain(said: &[&str]) -> bool {
    let reasons = UNLISTED_REASONS.iter().filter(|(_, words)| said.iter().any(|w| words.contains(w))).count();
    reasons == 1 && !said.iter().any(|w| matches!(*w, "not" | "no" | "other" | "except" | "than"))
}

/// The reason that folded words tell of, the likelier one first where they tell of several.
fn named(said: &[&str]) -> Option<&'static str> {
    UNLISTED_REASONS.iter().find(|(_, words)| said.iter().any(|w| words.contains(w))).map(|(name, _)| *name)
}

/// An option's words and the letter that counts it: the last single letter before them.
fn lettered(sheet: &Sheet, run: &[usize], first: usize, start: usize) -> Lettered {
    let single = |i: usize| {
        let folded = &sheet.toks[i].folded;
        folded.len() == 1 && folded.chars().all(char::is_alphabetic)
    };
    let area = |i: usize| sheet.toks[i].area;
    match run.get(start + 1) {
        // Catalogued words may begin with the letter itself.
        Some(&next) if single(run[start]) => Lettered { words: area(next), letter: Some(area(run[start])) },
        _ => Lettered { words: area(run[start]), letter: run[first..start].iter().copied().rev().find(|&i| single(i)).map(area) },
    }
}

/// A reason that was written out rather than ticked: between “… this claim is based upon …” and “must state a valid reason”. None if the
/// words there tell of no reason or of several. `true`: they are the buyer's own, below a caption that asks for them.
pub fn stated(sheet: &Sheet, catalogue: &Catalogue) -> Option<(String, Vec<usize>, bool)> {
    let written = below_its_caption(sheet, catalogue).map(|(name, toks)| (name, toks, true));
    written.or_else(|| between_captions(sheet, catalogue).map(|(name, toks)| (name, toks, false)))
}

/// Below “… claims this exemption for the following reason:”.
fn below_its_caption(sheet: &Sheet, catalogue: &Catalogue) -> Option<(String, Vec<usize>)> {
    let joined = |run: &Vec<usize>| run.iter().map(|&i| sheet.toks[i].folded.as_str()).collect::<String>();
    let height = |run: &Vec<usize>| sheet.toks[run[0]].area.mid_y();
    let caption = sheet.runs.iter().find(|run| alike_within("forthefollowingreason", &joined(run), 0.88) > 0.0).map(height)?;
    let below = |run: &&Vec<usize>| height(run) > caption + 0.5 * sheet.h && height(run) < caption + 5.0 * sheet.h;
    let mut found: Vec<(String, Vec<usize>)> = vec![];
    for run in sheet.runs.iter().filter(below) {
        // An option with its box is no answer that somebody wrote.
        if run.iter().any(|&i| is_box(&sheet.toks[i].text)) {
            return None;
        }
        let said: Vec<&str> = run.iter().map(|&i| sheet.toks[i].folded.as_str()).collect();
        let listed = match longest(sheet, run, 0, catalogue) {
            Some((Choice::Reason(name), _)) => Some(name),
            _ => named(&said).filter(|_| is_plain(&said)).map(str::to_owned),
        };
        found.extend(listed.map(|name| (name, run.clone())));
    }
    match found.as_slice() {
        [first, others @ ..] if others.iter().all(|o| o.0 == first.0) => Some(first.clone()),
        _ => None,
    }
}

fn between_captions(sheet: &Sheet, catalogue: &Catalogue) -> Option<(String, Vec<usize>)> {
    let joined = |run: &Vec<usize>| run.iter().map(|&i| sheet.toks[i].folded.as_str()).collect::<String>();
    let height = |run: &Vec<usize>| sheet.toks[run[0]].area.mid_y();
    let holds = |run: &Vec<usize>, phrases: &[&str]| {
        let text = joined(run);
        phrases.iter().any(|p| alike_within(p, &text, 0.85) > 0.0)
    };
    let caption = sheet.runs.iter().find(|r| holds(r, &["stateavalidreason", "reasonforclaiming"])).map(height)?;
    let lead = sheet.runs.iter().filter(|r| height(r) < caption && holds(r, &["claimisbasedupon", "asshownhereon"])).map(height);
    let lead = lead.fold(None, |last: Option<f32>, y| Some(last.map_or(y, |l| l.max(y))))?;
    let mut found: Vec<(String, Vec<usize>)> = vec![];
    for run in sheet.runs.iter().filter(|r| height(r) > lead + 0.5 * sheet.h && height(r) < caption - 0.5 * sheet.h) {
        if let Some((Choice::Reason(name), _)) = longest(sheet, run, 0, catalogue) {
            found.push((name, run.clone()));
        }
    }
    match found.as_slice() {
        [first, others @ ..] if others.iter().all(|o| o.0 == first.0) => Some(first.clone()),
        _ => None,
    }
}

/// Where a heading stands: the first line that begins with it, numbering apart.
fn heading(sheet: &Sheet, wanted: &str) -> Option<f32> {
    let begins = |run: &&Vec<usize>| {
        let text: String = run.iter().take(6).map(|&i| sheet.toks[i].folded.as_str()).collect();
        text.find(wanted).is_some_and(|at| at < 12)
    };
    sheet.runs.iter().find(begins).map(|run| sheet.toks[run[0]].page_box.mid_y())
}

/// What was seen in an option's box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    pub framed: bool,
    /// Where on the page's picture, in pixels.
    pub frame: Option<Frame>,
    /// The frame was not seen: it is where the others of the list have theirs.
    pub by_the_list: bool,
    pub ink: Option<f32>,
    /// A mark that was read as text: `[X]`, `(x)`.
    pub text: Option<bool>,
}

fn longest(sheet: &Sheet, run: &[usize], start: usize, catalogue: &Catalogue) -> Option<(Choice, usize)> {
    let mut best: Option<(f64, usize, Choice)> = None;
    // A box that was read as letters is no part of the option.
    let first = sheet.toks[*run.get(start)?].folded.chars().next()?;
    for known in &catalogue.choices {
        let mut joined = String::new();
        // A lone “I” is often read as a stroke and gone.
        let phrase = match known.phrase.strip_prefix('i') {
            Some(rest) if first != 'i' && rest.len() > 12 => rest,
            _ => &known.phrase,
        };
        if !phrase.starts_with(first) {
            continue;
        }
        for (end, &tok) in run.iter().enumerate().take(start + known.words + 2).skip(start) {
            joined.push_str(&sheet.toks[tok].folded);
            if joined.len() * 10 >= phrase.len() * 9 {
                let needed = if phrase.len() <= 6 { 1.0 } else { 0.86 };
                let likeness = if joined == phrase { 1.0 } else { alike(&joined, phrase, needed) };
                // Long phrases say more, but one that fits better counts for more still: “unit” and “blanket” stand in the same words.
                let weight = phrase.len() as f64 * likeness.powi(6);
                if likeness >= needed && best.as_ref().is_none_or(|b| weight > b.0) {
                    best = Some((weight, end + 1, known.choice.clone()));
                }
            }
            if joined.len() > phrase.len() + 3 {
                break;
            }
        }
    }
    best.map(|(_, end, choice)| (choice, end))
}

/// Options of “type of business” bear two-digit numbers; those of reasons bear letters.
fn numbered(sheet: &Sheet, run: &[usize], start: usize) -> bool {
    start > 0 && {
        let before: String = sheet.toks[run[start - 1]].text.chars().filter(|c| c.is_alphanumeric()).collect();
        before.len() == 2 && before.chars().all(|c| c.is_ascii_digit() || "OlIo".contains(c)) && before.chars().any(|c| c.is_ascii_digit())
    }
}

/// What OCR makes of a box: brackets, strokes, a lone cross.
fn is_box(text: &str) -> bool {
    text.chars().any(|c| "[]()_|{}<>□☐☒☑✓✔✗✘⊠■".contains(c)) && !text.chars().any(|c| c.is_ascii_digit())
        || matches!(text, "x" | "X" | "xX" | "XX" | "Xx" | "xx" | "O" | "Oo" | "OO" | "Ll" | "LJ" | "CJ" | "Cl" | "OJ")
}

/// How many words before an option are its letter, its number or what its box was read as.
fn prefix(sheet: &Sheet, run: &[usize], start: usize) -> usize {
    let mut count = 0;
    while count < 3 && count < start {
        let word = &sheet.toks[run[start - 1 - count]];
        if word.folded.len() > 2 || is_sentence_word(&word.folded) && word.folded.len() > 1 {
            break;
        }
        count += 1;
    }
    // A box at the head of a line that was read as three letters: `IXl`.
    if count == 0 && start == 1 && sheet.toks[run[0]].folded.len() == 3 && !is_sentence_word(&sheet.toks[run[0]].folded) {
        return 1;
    }
    count
}

/// Whether the page counts its lines by letters or Roman numbers up to where `(v)` and `(x)` belong.
fn is_list(sheet: &Sheet) -> bool {
    let beside = ["(u)", "(w)", "(y)", "(iv)", "(vi)", "(ix)", "(xi)"];
    sheet.toks.iter().filter(|t| beside.iter().any(|b| t.text.to_lowercase().starts_with(b))).count() > 0
}

fn look(sheet: &Sheet, ink: Option<&Ink>, marks: &[Mark], run: &[usize], first: usize, start: usize, by_letters: bool) -> Seen {
    let mut seen = Seen { framed: false, frame: None, by_the_list: false, ink: None, text: None };
    // A form field of the PDF is certain.
    let page_left = sheet.toks[run[start]].page_box;
    let boxes = marks.iter().filter_map(|m| match m.value {
        MarkValue::Checked(on) => Some((m, on)),
        _ => None,
    });
    let field = boxes.into_iter().find(|(m, _)| {
        (m.bbox.mid_y() - page_left.mid_y()).abs() < 0.8 * sheet.h
            && m.bbox.right <= page_left.left + 0.01
            && m.bbox.right > page_left.left - 5.0 * sheet.h
    });
    if let Some((_, on)) = field {
        seen.text = Some(on);
        seen.framed = true;
        return seen;
    }
    let before: String = run[first..start].iter().map(|&i| sheet.toks[i].text.as_str()).collect();
    if let Some(inside) = before.split(['(', '[']).nth(1).and_then(|t| t.split([')', ']']).next()) {
        let inside = inside.trim();
        // `(a)` is a letter, `(X)` a mark.
        let list_letter = matches!(inside, "x" | "v" | "X" | "V") && is_list(sheet);
        if !list_letter && (inside.is_empty() || matches!(inside, "X" | "x" | "v" | "V" | "✓" | "✔" | "*" | "XX")) {
            seen.text = Some(!inside.is_empty());
        }
    }
    if before.contains(['☒', '☑', '✓', '✔', '✗', '✘', '⊠']) {
        seen.text = Some(true);
    } else if before.contains(['☐', '□']) {
        seen.text = Some(false);
    }
    if let Some(ink) = ink {
        // The box stands before the words, before their letter, or was itself read as letters. The words' own place comes first: left of a box
        // that was read as letters there are other words.
        let framed = (first..=start).rev().map(|n| ink.tick(sheet, sheet.toks[run[n]].area)).find(|t| t.frame.is_some());
        seen.framed = framed.is_some();
        seen.frame = framed.and_then(|t| t.frame);
        // Without a frame: the darkest spot before the option's number, or before its words.
        let numbering = |n: &usize| {
            let text = &sheet.toks[run[*n]].text;
            text.chars().any(|c| c.is_ascii_digit())
                || by_letters && sheet.toks[run[*n]].folded.len() == 1 && !matches!(text.as_str(), "x" | "X" | "v" | "V")
                || text.len() > 1 && text.ends_with(['.', ')']) && text.chars().any(char::is_alphabetic)
        };
        let before_words = (first..start).find(numbering).unwrap_or(start);
        let mut words = sheet.toks[run[before_words]].area;
        // `<3.`: the mark was read into the number behind it.
        let number = &sheet.toks[run[before_words]].folded;
        if before_words < start && number.len() <= 2 && !number.is_empty() {
            words.left = words.left.max(words.right - (number.len() + 1) as f32 * 0.62 * sheet.h);
        }
        let from = sheet.toks[run[first]].area.left.min(words.left - 3.0 * sheet.h);
        seen.ink = Some(framed.map_or_else(|| ink.patch(sheet, from, words.left - 0.2 * sheet.h, words.mid_y()), |t| t.ink));
    }
    seen
}

fn decide(options: &[(Offer, Lettered)]) -> Vec<Offer> {
    let same_kind =
        |a: &Choice, b: &Choice| matches!((a, b), (Choice::Reason(_), Choice::Reason(_)) | (Choice::Blanket(_), Choice::Blanket(_)));
    options
        .iter()
        .enumerate()
        .map(|(at, (option, _))| {
            let seen = &option.seen;
            let (ticked, confidence) = match (seen.text, seen.framed, seen.ink) {
                (Some(said), ..) => (said, 0.95),
                (None, true, Some(ink)) if ink >= TICKED && seen.by_the_list => {
                    let empty = |s: &Seen| s.framed && s.ink.is_some_and(|ink| ink <= EMPTY);
                    let others = options.iter().enumerate().filter(|(n, o)| *n != at && same_kind(&o.0.choice, &option.choice));
                    let others: Vec<bool> = others.map(|(_, o)| empty(&o.0.seen)).collect();
                    (true, if others.len() >= 2 && others.iter().all(|e| *e) { BY_THE_LIST } else { BY_THE_LIST_DOUBTED })
                }
                (None, true, Some(ink)) if ink >= TICKED => (true, (0.75 + ink).min(0.97)),
                (None, true, Some(ink)) if ink <= EMPTY => (false, 0.95),
                (None, true, Some(_)) => (false, 0.5),
                // Without a frame only ink where a sibling has next to none counts.
                (None, false, Some(ink)) => {
                    let siblings = options
                        .iter()
                        .enumerate()
                        .filter(|(n, o)| *n != at && !o.0.seen.framed && same_kind(&o.0.choice, &option.choice))
                        .filter_map(|(_, o)| o.0.seen.ink);
                    let least = siblings.fold(f32::MAX, f32::min);
                    let clear = ink >= TICKED && least < 0.3 * ink;
                    (clear, if clear { 0.75 } else { 0.5 })
                }
                _ => (false, 0.3),
            };
            Offer { ticked, confidence, ..option.clone() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::sheet::tests::page;
    use super::*;

    #[test]
    fn marks_read_as_text_count() {
        let page = page(&[
            (0.1, 0.1, "(X) Resale as tangible personal property"),
            (0.1, 0.13, "( ) Agricultural production"),
            (0.1, 0.16, "06 Manufacturing"),
        ]);
        let sheet = Sheet::new(&page);
        let options = read(&sheet, None, &[], Catalogue::builtin());
        assert_eq!(options.len(), 2, "{options:?}");
        assert!(options[0].ticked && options[0].choice == Choice::Reason("RESALE".into()));
        assert!(!options[1].ticked);
    }

    #[test]
    fn options_may_stand_in_the_middle_of_a_sentence() {
        let page = page(&[
            (0.1, 0.1, "Is this a"),
            (0.2, 0.1, "blanket purchase exemption request or a"),
            (0.62, 0.1, "single purchase exemption request? (check one)"),
        ]);
        let options = read(&Sheet::new(&page), None, &[], Catalogue::builtin());
        let found: Vec<&Choice> = options.iter().map(|o| &o.choice).collect();
        assert_eq!(found, [&Choice::Blanket(true), &Choice::Blanket(false)]);
    }

    #[test]
    fn form_fields_are_certain() {
        let mut page = page(&[(0.2, 0.1, "Blanket certificate"), (0.2, 0.13, "Single purchase certificate")]);
        let mark =
            |y: f32, checked| Mark { name: "b".into(), value: MarkValue::Checked(checked), bbox: BBox::new(0.18, y, 0.19, y + 0.01) };
        page.marks = vec![mark(0.1, true), mark(0.13, false)];
        let sheet = Sheet::new(&page);
        let options = read(&sheet, None, &page.marks, Catalogue::builtin());
        assert!(options[0].ticked && options[0].choice == Choice::Blanket(true));
        assert!(!options[1].ticked && options[1].choice == Choice::Blanket(false));
    }

    #[test]
    fn a_reason_below_its_caption_counts_unless_it_is_an_option_or_denied() {
        let told = |line: &str| {
            let page = page(&[(0.1, 0.1, "Purchaser claims this exemption for the following reason:"), (0.1, 0.13, line)]);
            stated(&Sheet::new(&page), Catalogue::builtin()).map(|s| (s.0, s.2))
        };
        assert_eq!(told("Educational organization, Texas Tax Code"), Some(("EDUCATIONAL".to_owned(), true)));
        assert_eq!(told("[ ] Educational organization"), None);
        assert_eq!(told("not for resale"), None);
        assert_eq!(told("we like it so"), None);
    }

    #[test]
    fn a_reason_written_out_counts_where_the_form_asks_for_one() {
        let lines = |reason| {
            page(&[
                (0.1, 0.1, "and certifies that this claim is based upon the purchaser's proposed use, as shown hereon:"),
                (0.1, 0.13, reason),
                (0.1, 0.2, "Purchaser must state a valid reason for claiming exception or exemption."),
            ])
        };
        let told = |reason| {
            let page = lines(reason);
            stated(&Sheet::new(&page), Catalogue::builtin()).map(|s| s.0)
        };
        assert_eq!(told("For resale in the regular course of business").as_deref(), Some("RESALE"));
        assert_eq!(told("Because we want it so").as_deref(), None);
    }
}
