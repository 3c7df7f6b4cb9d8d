//! Letters to words, words to lines.
//!
//! Owns: where a word ends, which words stand on one line.
//! Must not touch: PDF.
//! Called by: the PDF reader.

use super::text::{Letter, Place};
use crate::domain::{BBox, Word};
use hayro::kurbo::Rect;

/// Words with boxes in upright fractions, in reading order, their lines numbered.
pub fn words(letters: &[Letter], place: &Place) -> Vec<Word> {
    let upright = (4 - place.turns) % 4;
    let mut words = Vec::new();
    for turns in 0..4u8 {
        let mut own: Vec<&Letter> = letters.iter().filter(|l| l.turns == turns).collect();
        // Text that runs another way (a note in the margin) is kept as words, though in no line of the page.
        if turns != upright && own.len() < 3 {
            continue;
        }
        own.sort_by(|a, b| a.baseline.total_cmp(&b.baseline));
        for row in rows(&own) {
            words.extend(row_words(row, place, turns));
        }
    }
    number(&mut words);
    words
}

/// Letters of about one baseline.
fn rows<'a>(sorted: &[&'a Letter]) -> Vec<Vec<&'a Letter>> {
    let mut rows: Vec<Vec<&Letter>> = Vec::new();
    for letter in sorted {
        match rows.last_mut() {
            Some(row) if row.last().is_some_and(|l| letter.baseline - l.baseline < 0.25 * l.size.min(letter.size)) => row.push(letter),
            _ => rows.push(vec![letter]),
        }
    }
    rows
}

fn row_words(mut row: Vec<&Letter>, place: &Place, turns: u8) -> Vec<Word> {
    // Underscores that make a line to write on stand between the letters that were typed over them.
    row.retain(|letter| !letter.text.chars().all(|c| c == '_'));
    row.sort_by(|a, b| a.x0.total_cmp(&b.x0));
    let mut words = Vec::new();
    let mut text = String::new();
    let mut area: Option<Rect> = None;
    let mut last: Option<&Letter> = None;
    let mut end = |text: &mut String, area: &mut Option<Rect>| {
        if let Some(area) = area.take().filter(|_| !text.is_empty()) {
            let points = turned_back(area, turns);
            words.push(Word { text: std::mem::take(text), bbox: place.fractions(points), confidence: 1.0, line: 0 });
        }
    };
    for letter in row {
        if let Some(last) = last {
            let gap = letter.x0 - last.x1;
            let same = letter.text == last.text && (letter.x0 - last.x0).abs() < 0.1 * letter.size;
            if same {
                // Bold type drawn twice.
                continue;
            }
            if gap > 0.2 * letter.size.min(last.size) || letter.size > 2.0 * last.size || last.size > 2.0 * letter.size {
                end(&mut text, &mut area);
            }
        }
        last = Some(letter);
        if letter.text.trim().is_empty() {
            end(&mut text, &mut area);
            continue;
        }
        // Typed dots and underscores that stand for a line to write on end a word.
        text.push_str(&letter.text);
        let (up, down) = extent(&letter.text);
        let own = Rect::new(letter.x0, letter.baseline - up * letter.size, letter.x1, letter.baseline + down * letter.size);
        area = Some(area.map_or(own, |a| a.union(own)));
    }
    end(&mut text, &mut area);
    words
}

/// How far a letter reaches above and below its baseline, in parts of its size.
fn extent(text: &str) -> (f64, f64) {
    match text.chars().next() {
        Some('g' | 'p' | 'q' | 'y') => (0.53, 0.21),
        Some('j' | 'Q' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '/' | '$') => (0.73, 0.2),
        Some('a' | 'c' | 'e' | 'm' | 'n' | 'o' | 'r' | 's' | 'u' | 'v' | 'w' | 'x' | 'z') => (0.53, 0.01),
        Some('.' | ',' | ';' | ':' | '_') => (0.4, 0.1),
        _ => (0.72, 0.01),
    }
}

/// From the frame where text runs to the right back to the page.
fn turned_back(r: Rect, turns: u8) -> Rect {
    match turns {
        1 => Rect::new(-r.y1, r.x0, -r.y0, r.x1),
        2 => Rect::new(-r.x1, -r.y1, -r.x0, -r.y0),
        3 => Rect::new(r.y0, -r.x1, r.y1, -r.x0),
        _ => r,
    }
}

/// Sorts words into printed lines from top to bottom and numbers those.
pub fn number(words: &mut Vec<Word>) {
    // The foot of a word's box is steadier than its middle: "no" and "by" differ in both, "no" and "No" only in the middle.
    words.sort_by(|a, b| foot(a).total_cmp(&foot(b)));
    let mut rows: Vec<(f32, BBox, Vec<Word>)> = Vec::new();
    for word in words.drain(..) {
        let near = rows
            .iter_mut()
            .rev()
            .take(6)
            .find(|(line, b, _)| (foot(&word) - *line).abs() < 0.4 * word.bbox.height().min(b.height()).max(0.002));
        match near {
            Some((line, b, row)) => {
                *line = (*line * row.len() as f32 + foot(&word)) / (row.len() + 1) as f32;
                *b = word.bbox;
                row.push(word);
            }
            None => rows.push((foot(&word), word.bbox, vec![word])),
        }
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (line, (_, _, mut row)) in (0u32..).zip(rows) {
        row.sort_by(|a, b| a.bbox.left.total_cmp(&b.bbox.left));
        words.extend(row.into_iter().map(|w| Word { line, ..w }));
    }
}

/// The baseline, judged by the letters that hang below it.
fn foot(word: &Word) -> f32 {
    let hangs = word.text.contains(['g', 'p', 'q', 'y', 'j', 'Q', '(', ')', '[', ']', '|', '/', '$', ',', ';']);
    if hangs { word.bbox.bottom - 0.22 * word.bbox.height() } else { word.bbox.bottom }
}
