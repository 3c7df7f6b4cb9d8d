//! Words to printed lines.
//!
//! Owns: the numbering of lines over the whole page.
//! Must not touch: recognition.
//! Called by: the engine.

use crate::domain::Word;

/// Sorts recognised words into printed lines from top to bottom and numbers those. `height` is the page's in its widths.
///
/// The engine reads columns and fields as blocks of their own; a form is read across. `groups` are the engine's own lines: their words
/// stay together, whatever the letters' heights do.
pub fn number(groups: Vec<Vec<Word>>) -> Vec<Word> {
    struct Row {
        mid: f32,
        height: f32,
        groups: Vec<Vec<Word>>,
    }
    let mut measured: Vec<(f32, f32, Vec<Word>)> = groups
        .into_iter()
        .filter(|g| !g.is_empty())
        .map(|g| (median(&g, |w| w.bbox.mid_y()), median(&g, |w| w.bbox.height()), g))
        .collect();
    measured.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut rows: Vec<Row> = Vec::new();
    for (mid, height, group) in measured {
        let fits = |row: &&mut Row| (row.mid - mid).abs() < 0.45 * row.height.min(height) && row.groups.iter().all(|g| apart(g, &group));
        match rows.iter_mut().rev().take(8).find(fits) {
            Some(row) => row.groups.push(group),
            None => rows.push(Row { mid, height, groups: vec![group] }),
        }
    }
    let mut words = Vec::new();
    for (line, row) in (0u32..).zip(rows) {
        let mut own: Vec<Word> = row.groups.into_iter().flatten().collect();
        own.sort_by(|a, b| a.bbox.left.total_cmp(&b.bbox.left));
        words.extend(own.into_iter().map(|w| Word { line, ..w }));
    }
    words
}

/// Whether two pieces of a line stand beside one another.
fn apart(a: &[Word], b: &[Word]) -> bool {
    let left = |g: &[Word]| g.iter().map(|w| w.bbox.left).fold(f32::MAX, f32::min);
    let right = |g: &[Word]| g.iter().map(|w| w.bbox.right).fold(f32::MIN, f32::max);
    right(a) <= left(b) + 0.005 || right(b) <= left(a) + 0.005
}

fn median(words: &[Word], of: impl Fn(&Word) -> f32) -> f32 {
    let mut values: Vec<f32> = words.iter().map(of).collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::BBox;

    #[test]
    fn pieces_side_by_side_make_one_line() {
        let word = |text: &str, left: f32, top: f32| Word {
            text: text.into(),
            bbox: BBox::new(left, top, left + 0.1, top + 0.02),
            confidence: 1.0,
            line: 9,
        };
        let words = number(vec![vec![word("below", 0.1, 0.2)], vec![word("right", 0.6, 0.101)], vec![word("left", 0.1, 0.1)]]);
        let read: Vec<(&str, u32)> = words.iter().map(|w| (w.text.as_str(), w.line)).collect();
        assert_eq!(read, [("left", 0), ("right", 0), ("below", 1)]);
    }
}
