//! Circled letters: forms that say "circle the letter that identifies the reason" have no boxes.
//!
//! Owns: finding the column of letters before a list of options, telling the circled one from its neighbours. Must not touch: what the options
//! mean. Called by: `choices`.

use super::ink::Ink;
use super::sheet::Sheet;
use crate::domain::BBox;
use std::collections::BTreeSet;

/// An option's words, and the letter before them where recognition read one. Level boxes.
#[derive(Debug, Clone, Copy)]
pub struct Lettered {
    pub words: BBox,
    pub letter: Option<BBox>,
}

/// So many options that begin at one place are a list; fewer cannot be compared.
const LIST: usize = 3;
/// Text heights that the beginnings of a list's options differ by at most: a ring that was read as part of the first word moves it.
const ALIGNED: f32 = 3.0;
/// A pen's ring around a letter, in squares of a text height: about a third of one where it is thin, and more than the letter's own ink. The
/// letters of a list differ by less among themselves.
const RING: f32 = 0.2;
const MORE: f32 = 1.6;
/// No other letter may have so much of what the circled one has beyond the usual.
const RIVAL: f32 = 0.5;

/// Whether the form says that one circles its options.
pub fn asks_for_circles(sheet: &Sheet) -> bool {
    sheet.toks.iter().any(|t| matches!(t.folded.as_str(), "circle" | "encircle"))
}

/// Which of the options has its letter circled. `None`: none, or more than one stands out.
pub fn circled(sheet: &Sheet, ink: &Ink, options: &[Lettered]) -> Option<usize> {
    let mut found = None;
    let mut done = vec![false; options.len()];
    for first in 0..options.len() {
        if std::mem::replace(&mut done[first], true) {
            continue;
        }
        let aligned = |n: &usize| (options[*n].words.left - options[first].words.left).abs() < ALIGNED * sheet.h;
        let column: Vec<usize> = (0..options.len()).filter(aligned).collect();
        column.iter().for_each(|n| done[*n] = true);
        if let Some(letter) = letters_before(options, &column) {
            let amounts: Vec<f32> =
                column.iter().map(|n| ink.writing(sheet, around(options[*n].words, letter, sheet.h), &[options[*n].words]).0).collect();
            if let Some(at) = stands_out(&amounts) {
                if found.is_some() {
                    return None;
                }
                found = Some(column[at]);
            }
        }
    }
    found
}

/// From where to where the letters of a list stand. A circled letter is seldom read, its neighbours are.
fn letters_before(options: &[Lettered], column: &[usize]) -> Option<(f32, f32)> {
    let letters = || column.iter().filter_map(|n| options[*n].letter);
    if column.len() < LIST || letters().count() * 2 < column.len() {
        return None;
    }
    Some((middle(letters().map(|l| l.left))?, middle(letters().map(|l| l.right))?))
}

/// Whether a page counts its options by letters: three that follow each other stand alone at the heads of lines. Boxes that were read as letters
/// do not follow each other.
pub fn counts_by_letters(sheet: &Sheet) -> bool {
    let heads = sheet.runs.iter().flat_map(|run| run.iter().take(2)).map(|&i| sheet.toks[i].folded.as_bytes());
    let letters: BTreeSet<u8> = heads.filter_map(|word| if let [letter @ b'a'..=b'z'] = word { Some(*letter) } else { None }).collect();
    letters.iter().any(|l| letters.contains(&(l + 1)) && letters.contains(&(l + 2)))
}

fn middle(values: impl Iterator<Item = f32>) -> Option<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

fn around(words: BBox, (left, right): (f32, f32), h: f32) -> BBox {
    BBox::new(left - 0.8 * h, words.mid_y() - 0.95 * h, right + 0.5 * h, words.mid_y() + 0.95 * h)
}

fn stands_out(amounts: &[f32]) -> Option<usize> {
    let mut order: Vec<usize> = (0..amounts.len()).collect();
    order.sort_by(|a, b| amounts[*b].total_cmp(&amounts[*a]));
    let (&best, &second) = (order.first()?, order.get(1)?);
    let usual = amounts[order[order.len() / 2]];
    let beyond = amounts[best] - usual;
    (beyond >= RING && amounts[best] >= MORE * usual && amounts[second] - usual < RIVAL * beyond).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_stands_out_is_circled_and_several_are_not() {
        assert_eq!(stands_out(&[0.3, 0.32, 0.85, 0.28, 0.35]), Some(2));
        assert_eq!(stands_out(&[0.3, 0.32, 0.38, 0.28, 0.35]), None, "letters differ");
        assert_eq!(stands_out(&[0.3, 0.8, 0.85, 0.28, 0.35]), None, "two");
        assert_eq!(stands_out(&[0.1, 0.0, 0.2, 0.0]), None, "too little for a ring");
        assert_eq!(stands_out(&[0.4]), None);
    }

    #[test]
    fn the_column_of_letters_is_known_by_most_of_the_list() {
        let option = |top: f32, letter: bool| Lettered {
            words: BBox::new(0.2, top, 0.4, top + 0.01),
            letter: letter.then(|| BBox::new(0.18, top, 0.19, top + 0.01)),
        };
        let list = [option(0.1, true), option(0.12, false), option(0.14, true)];
        let (left, right) = letters_before(&list, &[0, 1, 2]).unwrap();
        assert!((left - 0.18).abs() < 1e-6 && (right - 0.19).abs() < 1e-6);
        assert!(letters_before(&list, &[0, 1]).is_none(), "two are no list");
        let bare = [option(0.1, true), option(0.12, false), option(0.14, false)];
        assert!(letters_before(&bare, &[0, 1, 2]).is_none());
    }
}
