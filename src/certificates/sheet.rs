//! A page made ready for reading: words in level, square coordinates, chained into stretches of text.
//!
//! Owns: levelling (a scan stands a little askew), chaining words into stretches, neighbours. Must not touch: what words mean.
//! Called by: the readers of this module.
//!
//! Lengths are in page heights, so that one unit is as long across as down; `h` is the height of common text.

use super::text::fold;
use crate::domain::{BBox, PageContent};

/// A word in level coordinates.
#[derive(Debug, Clone)]
pub struct Tok {
    pub text: String,
    pub folded: String,
    pub area: BBox,
    /// The box on the page as it stands, for the output.
    pub page_box: BBox,
    pub confidence: f32,
    /// Which stretch the word stands in.
    pub run: usize,
    /// The line that recognition put it in.
    line: u32,
}

/// A page with its words levelled.
pub struct Sheet<'a> {
    pub page: &'a PageContent,
    pub toks: Vec<Tok>,
    /// Stretches of words with no wide gap, in reading order.
    pub runs: Vec<Vec<usize>>,
    /// Height of common text.
    pub h: f32,
    slope: f32,
    aspect: f32,
}

/// A wider gap between two words than this many text heights starts a new stretch.
const RUN_GAP: f32 = 1.6;

impl<'a> Sheet<'a> {
    pub fn new(page: &'a PageContent) -> Self {
        let aspect = if page.aspect.is_finite() && page.aspect > 0.05 { page.aspect.min(20.0) } else { 0.77 };
        let slope = slope_of(page, aspect);
        let mut sheet = Sheet { page, toks: vec![], runs: vec![], h: 0.01, slope, aspect };
        for word in &page.words {
            let b = word.bbox;
            let sound = [b.left, b.top, b.right, b.bottom].iter().all(|x| x.is_finite());
            if !sound || word.text.trim().is_empty() || b.width() <= 0.0 || b.height() <= 0.0 || b.height() > 0.3 {
                continue;
            }
            let shift = slope * (b.mid_x() * aspect);
            let area = BBox::new(b.left * aspect, b.top - shift, b.right * aspect, b.bottom - shift);
            sheet.toks.push(Tok {
                text: word.text.clone(),
                folded: fold(&word.text),
                area,
                page_box: b,
                confidence: word.confidence,
                run: 0,
                line: word.line,
            });
        }
        let mut heights: Vec<f32> = sheet.toks.iter().filter(|t| t.folded.len() > 2).map(|t| t.area.height()).collect();
        heights.sort_by(f32::total_cmp);
        sheet.h = heights.get(heights.len() / 2).copied().unwrap_or(0.012).clamp(0.005, 0.05);
        sheet.chain();
        sheet
    }

    /// Links each word to its right neighbour on the same line, if there is no wide gap.
    fn chain(&mut self) {
        let mut order: Vec<usize> = (0..self.toks.len()).collect();
        order.sort_by(|&a, &b| self.toks[a].area.left.total_cmp(&self.toks[b].area.left));
        let mut next: Vec<Option<usize>> = vec![None; self.toks.len()];
        let mut has_left = vec![false; self.toks.len()];
        for (place, &a) in order.iter().enumerate() {
            let tall = self.toks[a].area.height().clamp(self.h * 0.7, self.h * 3.0);
            let reach = self.toks[a].area.right + RUN_GAP * tall;
            let mut best: Option<(f32, usize)> = None;
            for &b in &order[place + 1..] {
                let (one, two) = (&self.toks[a].area, &self.toks[b].area);
                if two.left > reach {
                    break;
                }
                let level = (one.mid_y() - two.mid_y()).abs();
                // An apostrophe or a speck makes a word's box taller: what recognition read as one line belongs together all the same.
                let least = one.height().min(two.height()).max(self.h * 0.6);
                let overlap = one.bottom.min(two.bottom) - one.top.max(two.top);
                let one_line = self.toks[a].line == self.toks[b].line && overlap > 0.6 * one.height().min(two.height());
                if has_left[b] || two.left < one.left + one.width() * 0.5 || level > 0.45 * least && !one_line {
                    continue;
                }
                let gap = two.left - one.right + level;
                if best.is_none_or(|(least, _)| gap < least) {
                    best = Some((gap, b));
                }
            }
            if let Some((_, b)) = best {
                next[a] = Some(b);
                has_left[b] = true;
            }
        }
        let mut runs: Vec<Vec<usize>> = vec![];
        for start in (0..self.toks.len()).filter(|&i| !has_left[i]) {
            let mut run = vec![start];
            let mut at = start;
            while let Some(following) = next[at] {
                run.push(following);
                at = following;
            }
            runs.push(run);
        }
        runs.sort_by(|a, b| {
            let (a, b) = (&self.toks[a[0]].area, &self.toks[b[0]].area);
            a.mid_y().total_cmp(&b.mid_y()).then(a.left.total_cmp(&b.left))
        });
        for (number, run) in runs.iter().enumerate() {
            run.iter().for_each(|&i| self.toks[i].run = number);
        }
        self.runs = runs;
    }

    /// The words between two heights and two sides, by their middles, left to right.
    pub fn within(&self, area: BBox) -> Vec<usize> {
        let inside = |t: &Tok| {
            t.area.mid_y() >= area.top && t.area.mid_y() <= area.bottom && t.area.mid_x() >= area.left && t.area.mid_x() <= area.right
        };
        let mut found: Vec<usize> = (0..self.toks.len()).filter(|&i| inside(&self.toks[i])).collect();
        found.sort_by(|&a, &b| self.toks[a].area.left.total_cmp(&self.toks[b].area.left));
        found
    }

    /// Do two words, one after the other on a line, stand as close as the words of one text? Typewriter letters are wide and so are the blanks
    /// between them, so the width of a letter counts besides the height of common text.
    pub fn near(&self, before: usize, after: usize) -> bool {
        let letter = |i: usize| self.toks[i].area.width() / self.toks[i].text.chars().count().max(1) as f32;
        let blank = letter(before).min(letter(after)).min(1.2 * self.h);
        self.toks[after].area.left - self.toks[before].area.right < (0.8 * self.h).max(1.6 * blank)
    }

    pub fn text(&self, toks: &[usize]) -> String {
        toks.iter().map(|&i| self.toks[i].text.as_str()).collect::<Vec<_>>().join(" ")
    }

    pub fn area(&self, toks: &[usize]) -> Option<BBox> {
        toks.iter().map(|&i| self.toks[i].area).reduce(|a, b| a.union(&b))
    }

    pub fn page_box(&self, toks: &[usize]) -> Option<BBox> {
        toks.iter().map(|&i| self.toks[i].page_box).reduce(|a, b| a.union(&b))
    }

    pub fn confidence(&self, toks: &[usize]) -> f32 {
        if toks.is_empty() {
            return 0.0;
        }
        toks.iter().map(|&i| self.toks[i].confidence.clamp(0.0, 1.0)).sum::<f32>() / toks.len() as f32
    }

    /// Width of the page in page heights.
    pub fn width(&self) -> f32 {
        self.aspect
    }

    /// A level point as a place on the picture.
    pub fn to_page(&self, x: f32, y: f32) -> (f32, f32) {
        (x / self.aspect, y + self.slope * x)
    }

    /// All folded text of the words whose middle lies between two heights of the page.
    pub fn folded_between(&self, top: f32, bottom: f32) -> String {
        self.runs
            .iter()
            .flatten()
            .filter(|&&i| (top..=bottom).contains(&self.toks[i].area.mid_y()))
            .map(|&i| self.toks[i].folded.as_str())
            .collect()
    }
}

/// How far the lines of text fall to the right: the median over printed lines.
fn slope_of(page: &PageContent, aspect: f32) -> f32 {
    let mut slopes: Vec<f32> = vec![];
    let mut at = 0;
    while at < page.words.len() {
        let mut end = at + 1;
        while end < page.words.len() && page.words[end].line == page.words[at].line {
            end += 1;
        }
        let line = &page.words[at..end];
        if line.len() >= 5 {
            let (first, last) = (&line[0].bbox, &line[line.len() - 1].bbox);
            // Words without descenders differ; bottoms of the outer words and their middles average that away.
            let run = (last.mid_x() - first.mid_x()) * aspect;
            let rise = last.mid_y() - first.mid_y();
            if run > 0.2 && rise.is_finite() {
                slopes.push(rise / run);
            }
        }
        at = end;
    }
    slopes.sort_by(f32::total_cmp);
    match slopes.len() {
        0..=2 => 0.0,
        n => slopes[n / 2].clamp(-0.08, 0.08),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::domain::{PageOrigin, Word};

    /// A page of words given as (x, y, text), 0.01 high, 0.008 a letter, on a letter-size page.
    pub fn page(words: &[(f32, f32, &str)]) -> PageContent {
        let mut list = vec![];
        for (line, (x, y, text)) in words.iter().enumerate() {
            let mut left = *x;
            for word in text.split(' ') {
                let right = left + 0.009 * word.len() as f32;
                list.push(Word { text: word.to_owned(), bbox: BBox::new(left, *y, right, y + 0.011), confidence: 0.95, line: line as u32 });
                left = right + 0.006;
            }
        }
        PageContent {
            number: 1,
            words: list,
            marks: vec![],
            image: None,
            origin: PageOrigin::Ocr,
            turned: 0,
            corners: None,
            levelled: 0.0,
            aspect: 0.773,
        }
    }

    #[test]
    fn words_chain_into_stretches() {
        let page = page(&[(0.1, 0.1, "Name of Purchaser"), (0.6, 0.1, "Date")]);
        let sheet = Sheet::new(&page);
        assert_eq!(sheet.runs.len(), 2);
        assert_eq!(sheet.text(&sheet.runs[0]), "Name of Purchaser");
    }

    #[test]
    fn a_speck_in_a_word_s_box_breaks_no_line() {
        let mut page = page(&[(0.1, 0.1, "Name of purchaser firm")]);
        page.words[2].bbox.top -= 0.012;
        assert_eq!(Sheet::new(&page).runs.len(), 1);
        // Of another line by the engine's own account, it is judged by its middle.
        page.words[2].line = 7;
        assert_eq!(Sheet::new(&page).runs.len(), 3);
    }

    #[test]
    fn a_tilted_page_is_levelled() {
        let mut page = page(&[
            (0.05, 0.1, "one two three four five six seven eight nine"),
            (0.05, 0.2, "one two three four five six seven eight nine"),
            (0.05, 0.3, "one two three four five six seven eight nine"),
        ]);
        for word in &mut page.words {
            let drop = word.bbox.mid_x() * 0.773 * 0.03;
            word.bbox.top += drop;
            word.bbox.bottom += drop;
        }
        let sheet = Sheet::new(&page);
        assert_eq!(sheet.runs.len(), 3);
        assert!((sheet.slope - 0.03).abs() < 0.003);
    }
}
