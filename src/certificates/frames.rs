//! The boxes of a list of options stand under one another and are of one size.
//!
//! Owns: telling which frame belongs to the list, where a box must be that was not seen. Must not touch: what the options mean.
//! Called by: `choices`.

use super::ink::Frame;

/// An option's place on the page, in pixels: where its words begin, and the frame that was seen before them.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub words: (i64, i64),
    pub frame: Option<Frame>,
}

/// So many boxes under one another are a list's.
const LIST: usize = 3;
/// Shares of a box's width that the left sides and the widths of a list's boxes differ by at most.
const ALIGNED: f32 = 0.5;
const OF_ONE_SIZE: f32 = 0.25;
/// A frame narrower than this share of the list's boxes is a letter with a bowl: `B`, `D`, `O`.
const LETTER: f32 = 0.75;
/// Widths of a box that a list's first and last rows may lie beyond its boxes that were seen.
const BEYOND: f32 = 2.0;
/// Widths of a box between it and its words.
const REACH: f32 = 4.0;

/// The frame of each option whose own is none, or is a letter: where the others of its list have theirs. `None`: its own counts.
pub fn by_the_list(places: &[Place]) -> Vec<Option<Frame>> {
    let frames: Vec<(Frame, (i64, i64))> = places.iter().filter_map(|p| p.frame.map(|f| (f, p.words))).collect();
    let list_of = |frame: &Frame| -> Vec<(Frame, (i64, i64))> {
        let wide = frame.width() as f32;
        let alike = |f: &Frame| {
            ((f.left - frame.left) as f32).abs() <= ALIGNED * wide && ((f.width() - frame.width()) as f32).abs() <= OF_ONE_SIZE * wide
        };
        frames.iter().filter(|(f, _)| alike(f)).copied().collect()
    };
    let lists: Vec<Vec<(Frame, (i64, i64))>> = frames.iter().map(|(f, _)| list_of(f)).filter(|list| list.len() >= LIST).collect();
    let expected = |place: &Place| -> Option<Frame> {
        let reaches = |list: &&Vec<(Frame, (i64, i64))>| {
            let right = middle(list.iter().map(|(f, _)| f.right));
            let wide = middle(list.iter().map(|(f, _)| f.width())) as f32;
            let gap = (place.words.0 - right) as f32;
            // Other lists and running text above and below are not this list.
            let (top, bottom) = (list.iter().map(|(f, _)| f.top).min(), list.iter().map(|(f, _)| f.bottom).max());
            let beyond = (BEYOND * wide) as i64;
            let inside =
                top.is_some_and(|top| place.words.1 > top - beyond) && bottom.is_some_and(|bottom| place.words.1 < bottom + beyond);
            gap > -0.3 * wide && gap < REACH * wide && inside
        };
        let list = lists.iter().filter(reaches).max_by_key(|list| list.len())?;
        let wide = middle(list.iter().map(|(f, _)| f.width()));
        match place.frame {
            Some(own) if own.width() as f32 >= LETTER * wide as f32 => None,
            _ => {
                let left = middle(list.iter().map(|(f, _)| f.left));
                let above = middle(list.iter().map(|(f, words)| words.1 - f.top));
                let tall = middle(list.iter().map(|(f, _)| f.bottom - f.top));
                let top = place.words.1 - above;
                Some(Frame { left, right: left + wide, top, bottom: top + tall })
            }
        }
    };
    places.iter().map(expected).collect()
}

/// The middle one of some numbers; 0 of none.
fn middle(numbers: impl Iterator<Item = i64>) -> i64 {
    let mut numbers: Vec<i64> = numbers.collect();
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(row: i64, frame: Option<(i64, i64)>) -> Place {
        let y = 100 + 40 * row;
        Place {
            words: (160, y),
            frame: frame.map(|(left, wide)| Frame { left, right: left + wide, top: y - wide / 2, bottom: y + wide / 2 }),
        }
    }

    #[test]
    fn a_letter_is_no_box_where_the_others_have_theirs() {
        let list = [place(0, Some((100, 24))), place(1, Some((101, 24))), place(2, Some((132, 14))), place(3, Some((99, 25)))];
        let found = by_the_list(&list);
        assert_eq!(found, [None, None, Some(Frame { left: 100, right: 124, top: 168, bottom: 192 }), None]);
    }

    #[test]
    fn a_box_that_was_not_seen_is_where_the_list_has_it() {
        let list = [place(0, Some((100, 24))), place(1, None), place(2, Some((100, 24))), place(3, Some((100, 24)))];
        assert_eq!(by_the_list(&list)[1], Some(Frame { left: 100, right: 124, top: 128, bottom: 152 }));
        assert_eq!(by_the_list(&list[..2]), [None, None], "two options are no list");
    }

    #[test]
    fn what_stands_far_below_a_list_is_not_of_it() {
        let list = [place(0, Some((100, 24))), place(1, Some((100, 24))), place(2, Some((100, 24))), place(8, None)];
        assert_eq!(by_the_list(&list)[3], None);
    }

    #[test]
    fn an_indented_box_of_its_own_counts() {
        let list = [place(0, Some((100, 24))), place(1, Some((100, 24))), place(2, Some((100, 24))), place(3, Some((130, 22)))];
        assert_eq!(by_the_list(&list)[3], None);
    }
}
