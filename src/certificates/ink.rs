//! What pixels tell: ticks in boxes, ink on a signature line.
//!
//! Owns: black-and-white conversion that bears shadows, removal of ruled lines, box frames. Must not touch: what a tick means.
//! Called by: `choices`, `signature`.

use super::sheet::Sheet;
use crate::domain::{BBox, Gray};

/// A picture in black and white, with and without its ruled lines.
pub struct Ink {
    width: usize,
    height: usize,
    dark: Vec<bool>,
    /// Also the grey that frames of boxes are often printed in.
    pale: Vec<bool>,
    unruled: Vec<bool>,
}

/// What stands left of an option.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tick {
    /// A square frame, where one was found; else `ink` is that of the place where one would be.
    pub frame: Option<Frame>,
    /// Share of dark pixels inside.
    pub ink: f32,
}

/// The frame of a box, in pixels of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    pub left: i64,
    pub right: i64,
    pub top: i64,
    pub bottom: i64,
}

impl Frame {
    pub fn width(&self) -> i64 {
        self.right - self.left
    }
}

const TILE: usize = 48;
/// Darker than this share of the paper's own brightness is ink.
const DARK: f32 = 0.68;
/// Darker than this share of it may be the frame of a box.
const PALE: f32 = 0.86;

/// Columns (or rows) of pixels that may belong to a box's frame: two strokes, each up to seven pixels thick, and letters between them.
const MOST_STROKES: usize = 48;

impl Ink {
    pub fn new(gray: &Gray) -> Option<Ink> {
        let (width, height) = (gray.width as usize, gray.height as usize);
        if width < 50 || height < 50 || gray.pixels.len() != width * height {
            return None;
        }
        let paper = paper_brightness(gray, width, height);
        let tiles = width.div_ceil(TILE);
        let darker = |share: f32| -> Vec<bool> {
            let mut dark = Vec::with_capacity(width * height);
            for (y, row) in gray.pixels.chunks_exact(width).enumerate() {
                let own = &paper[(y / TILE) * tiles..][..tiles];
                for (pixels, paper) in row.chunks(TILE).zip(own) {
                    // Less than a fraction and less than the next whole grey are the same for whole greys.
                    let least = (share * f32::from(*paper)).ceil() as u8;
                    dark.extend(pixels.iter().map(|p| *p < least));
                }
            }
            dark
        };
        let (dark, pale) = (darker(DARK), darker(PALE));
        let mut ink = Ink { width, height, unruled: dark.clone(), dark, pale };
        ink.remove_rules();
        Some(ink)
    }

    /// Takes out runs of ink too long for writing: lines and borders.
    fn remove_rules(&mut self) {
        let (w, h) = (self.width, self.height);
        let (long, tall) = ((w as f32 * 0.035) as usize, (h as f32 * 0.03) as usize);
        // Row by row for both directions: pixels of a column are far apart in memory.
        let mut down = vec![0usize; w];
        for y in 0..h {
            let row = &self.dark[y * w..(y + 1) * w];
            let mut x = 0;
            while x < w {
                let start = x;
                while x < w && row[x] {
                    x += 1;
                }
                if x - start >= long {
                    self.unruled[y * w + start..y * w + x].fill(false);
                }
                x += 1;
            }
            for (x, (run, dark)) in down.iter_mut().zip(row).enumerate() {
                if *dark {
                    *run += 1;
                } else if *run > 0 {
                    if *run >= tall {
                        (y - *run..y).for_each(|above| self.unruled[above * w + x] = false);
                    }
                    *run = 0;
                }
            }
        }
        for (x, run) in down.into_iter().enumerate().filter(|(_, run)| *run >= tall) {
            (h - run..h).for_each(|above| self.unruled[above * w + x] = false);
        }
    }

    /// The share of the page's inner part that is dark, ruled lines apart. Edges and punched holes lie outside.
    pub fn share_inside(&self) -> f32 {
        let (left, top) = (self.width / 12, self.height / 12);
        let (wide, high) = (self.width - 2 * left, self.height - 2 * top);
        let rows = (top..top + high).map(|y| &self.unruled[y * self.width + left..][..wide]);
        rows.map(|row| row.iter().filter(|dark| **dark).count()).sum::<usize>() as f32 / (wide * high).max(1) as f32
    }

    fn at(&self, x: i64, y: i64) -> bool {
        x >= 0 && y >= 0 && (x as usize) < self.width && (y as usize) < self.height && self.dark[y as usize * self.width + x as usize]
    }

    fn grey_at(&self, x: i64, y: i64) -> bool {
        x >= 0 && y >= 0 && (x as usize) < self.width && (y as usize) < self.height && self.pale[y as usize * self.width + x as usize]
    }

    /// Share of a column (or row) that is dark, one pixel of slack to either side.
    fn line(&self, along: std::ops::Range<i64>, across: i64, upright: bool) -> f32 {
        let all = (along.end - along.start).max(1) as f32;
        let hit =
            along.filter(|&a| (-1..=1).any(|d| if upright { self.grey_at(across + d, a) } else { self.grey_at(a, across + d) })).count();
        hit as f32 / all
    }

    /// Looks for a box left of the point where an option's words begin.
    pub fn tick(&self, sheet: &Sheet, words: BBox) -> Tick {
        let (x0, mid) = self.pixel(sheet, words.left, words.mid_y());
        let h = (sheet.h.max(0.6 * words.height()) * self.height as f32).max(6.0);
        let near = (h * 0.1) as i64;
        let window = (x0 - (h * 5.5) as i64, x0 - near);
        // Upright strokes that could be a frame's side.
        let span = (h * 0.35) as i64;
        let mut sides: Vec<i64> = (window.0..=window.1).filter(|&x| self.line(mid - span..mid + span, x, true) > 0.9).collect();
        // Dithered grey is all strokes; in it no frame can be told.
        if sides.len() > MOST_STROKES {
            sides.clear();
        }
        let mut best: Option<(f32, Tick)> = None;
        for &right in sides.iter().rev() {
            for &left in &sides {
                let size = (right - left) as f32;
                if size < 0.65 * h || size > 3.4 * h {
                    continue;
                }
                if let Some((strength, tick)) = self.frame(left, right, mid, h) {
                    // The nearest frame to the words, the strongest of those.
                    let score = strength - 0.12 * (x0 - right) as f32 / h;
                    if best.is_none_or(|(b, _)| score > b) {
                        best = Some((score, tick));
                    }
                }
            }
        }
        if let Some((_, tick)) = best {
            return tick;
        }
        let area = (x0 - (2.8 * h) as i64, x0 - (0.25 * h) as i64, mid - (0.55 * h) as i64, mid + (0.55 * h) as i64);
        Tick { frame: None, ink: self.share(area.0, area.1, area.2, area.3) }
    }

    /// The darkest spot of a box's size between two level points of a line.
    pub fn patch(&self, sheet: &Sheet, from: f32, to: f32, height: f32) -> f32 {
        let h = (sheet.h * self.height as f32).max(6.0);
        let (left, mid) = self.pixel(sheet, from, height);
        let (right, _) = self.pixel(sheet, to, height);
        let (wide, half) = ((1.5 * h) as i64, (0.6 * h) as i64);
        let mut best: f32 = 0.0;
        let mut x = left;
        while x + wide <= right.max(left + wide) {
            best = best.max(self.share(x, x + wide, mid - half, mid + half));
            x += (h * 0.2).max(1.0) as i64;
        }
        best
    }

    fn share(&self, left: i64, right: i64, top: i64, bottom: i64) -> f32 {
        let all = ((right - left).max(0) * (bottom - top).max(0)) as f32;
        if all == 0.0 {
            return 0.0;
        }
        let dark = (top..bottom).map(|y| (left..right).filter(|&x| self.at(x, y)).count()).sum::<usize>();
        dark as f32 / all
    }

    /// Is there a frame between two upright strokes around a height? Its strength and what is inside.
    fn frame(&self, left: i64, right: i64, mid: i64, h: f32) -> Option<(f32, Tick)> {
        let size = (right - left) as f32;
        let level = |y: i64| self.line(left + 1..right, y, false);
        let reach = (1.3 * size.max(h)) as i64;
        let tops: Vec<i64> = (mid - reach..mid).filter(|&y| level(y) > 0.85).collect();
        let bottoms: Vec<i64> = (mid + 1..mid + reach).filter(|&y| level(y) > 0.85).collect();
        if tops.len().max(bottoms.len()) > MOST_STROKES {
            return None;
        }
        let mut best: Option<(f32, i64, i64)> = None;
        for &top in &tops {
            for &bottom in &bottoms {
                let ratio = (bottom - top) as f32 / size;
                if !(0.6..=1.5).contains(&ratio) {
                    continue;
                }
                let strength = (self.line(top..bottom, left, true) + self.line(top..bottom, right, true) + level(top) + level(bottom))
                    / 4.0
                    - 0.15 * (1.0 - ratio).abs();
                if best.is_none_or(|(b, ..)| strength > b) {
                    best = Some((strength, top, bottom));
                }
            }
        }
        let (strength, top, bottom) = best?;
        if strength < 0.85 {
            return None;
        }
        let frame = Frame { left, right, top, bottom };
        Some((strength, Tick { frame: Some(frame), ink: self.inside(&frame) }))
    }

    /// Share of dark pixels inside a frame, its own strokes apart.
    pub fn inside(&self, frame: &Frame) -> f32 {
        let Frame { left, right, top, bottom } = *frame;
        let (dx, dy) = (((right - left) as f32 * 0.22).max(2.0) as i64, ((bottom - top) as f32 * 0.22).max(2.0) as i64);
        self.share(left + dx, right - dx, top + dy, bottom - dy)
    }

    /// As [`Ink::inside`] for a frame that was not seen but worked out: of the places within a quarter of its size, the emptiest. A tick fills them
    /// all, the frame's own strokes do not.
    pub fn inside_about(&self, frame: &Frame) -> f32 {
        let reach = (frame.width() / 4).max(1);
        let shifts = || (-reach..=reach).step_by(usize::try_from((reach / 4).max(1)).unwrap_or(1));
        let at =
            |dx: i64, dy: i64| Frame { left: frame.left + dx, right: frame.right + dx, top: frame.top + dy, bottom: frame.bottom + dy };
        shifts().flat_map(|dx| shifts().map(move |dy| (dx, dy))).map(|(dx, dy)| self.inside(&at(dx, dy))).fold(1.0, f32::min)
    }

    /// A level point in pixels of the page.
    pub fn pixel(&self, sheet: &Sheet, x: f32, y: f32) -> (i64, i64) {
        let (fx, fy) = sheet.to_page(x, y);
        ((fx * self.width as f32) as i64, (fy * self.height as f32) as i64)
    }

    /// Writing in a level area, apart from ruled lines and the given words: how much (in squares of a text height) and how wide (in text heights).
    pub fn writing(&self, sheet: &Sheet, area: BBox, except: &[BBox]) -> (f32, f32) {
        self.unread(sheet, area, except).map_or((0.0, 0.0), |w| (w.ink, w.wide))
    }

    /// As [`Ink::writing`], with the level box around it. `None`: nothing is there.
    pub fn unread(&self, sheet: &Sheet, area: BBox, except: &[BBox]) -> Option<Writing> {
        let h = (sheet.h * self.height as f32).max(4.0);
        let corner = |x: f32, y: f32| {
            let (fx, fy) = sheet.to_page(x, y);
            ((fx * self.width as f32) as i64, (fy * self.height as f32) as i64)
        };
        let (left, _) = corner(area.left, area.top);
        let (right, _) = corner(area.right, area.top);
        let (mut dark, mut columns) = (0usize, std::collections::HashSet::new());
        let mut around: Option<BBox> = None;
        for x in left.max(1)..right.min(self.width as i64 - 1) {
            // The area follows the page's tilt.
            let level_x = x as f32 / self.width as f32 * sheet.width();
            let (_, top) = corner(level_x, area.top);
            let (_, bottom) = corner(level_x, area.bottom);
            let blocks: Vec<(i64, i64)> = except
                .iter()
                .filter(|b| b.left - 0.2 * sheet.h <= level_x && level_x <= b.right + 0.2 * sheet.h)
                .map(|b| (corner(level_x, b.top - 0.15 * sheet.h).1, corner(level_x, b.bottom + 0.15 * sheet.h).1))
                .collect();
            let (mut first, mut last) = (None, 0);
            for y in top.max(1)..bottom.min(self.height as i64 - 1) {
                let at = y as usize * self.width + x as usize;
                if !self.unruled[at] || blocks.iter().any(|(a, b)| (*a..=*b).contains(&y)) {
                    continue;
                }
                // Specks of fax noise have no neighbours.
                let around = [
                    at - 1,
                    at + 1,
                    at - self.width,
                    at + self.width,
                    at - self.width - 1,
                    at - self.width + 1,
                    at + self.width - 1,
                    at + self.width + 1,
                ];
                if around.iter().filter(|&&n| self.unruled[n]).count() >= 3 {
                    dark += 1;
                    first.get_or_insert(y);
                    last = y;
                    columns.insert((x as f32 / (0.25 * h)) as i64);
                }
            }
            if let Some(first) = first {
                let level = |y: i64| area.top + (y - top) as f32 / self.height as f32;
                let column = BBox::new(level_x, level(first), level_x, level(last));
                around = Some(around.map_or(column, |all| all.union(&column)));
            }
        }
        let (ink, wide) = (dark as f32 / (h * h), columns.len() as f32 * 0.25);
        around.map(|around| Writing { ink, wide, around })
    }
}

impl Ink {
    /// Stretches of writing, about as high as a line, that none of the given words (boxes on the page) accounts for. Boxes on the page.
    pub fn stray_lines(&self, line: f32, words: &[BBox]) -> Vec<BBox> {
        let h = (line * self.height as f32).max(6.0);
        // Squares of a third of a line: small enough to keep lines apart, large enough to make words of letters.
        let step = (h / 3.0).max(2.0);
        let (across, down) = ((self.width as f32 / step).ceil() as usize, (self.height as f32 / step).ceil() as usize);
        let mut counts = vec![0u16; across * down];
        let mut free = self.unruled.clone();
        for word in words {
            let left = ((word.left * self.width as f32 - 0.2 * h).max(0.0)) as usize;
            let right = ((word.right * self.width as f32 + 0.2 * h).max(0.0) as usize).min(self.width);
            let top = ((word.top * self.height as f32 - 0.25 * h).max(0.0)) as usize;
            let bottom = ((word.bottom * self.height as f32 + 0.25 * h).max(0.0) as usize).min(self.height);
            for y in top..bottom {
                if left < right {
                    free[y * self.width + left..y * self.width + right].fill(false);
                }
            }
        }
        for y in 0..self.height {
            let row = ((y as f32 / step) as usize).min(down - 1) * across;
            for (x, _) in free[y * self.width..(y + 1) * self.width].iter().enumerate().filter(|(_, ink)| **ink) {
                let at = row + ((x as f32 / step) as usize).min(across - 1);
                counts[at] = counts[at].saturating_add(1);
            }
        }
        // Strokes of letters fill more of such a square than what is left of a thin rule.
        let some = ((step * step * 0.2) as u16).max(2);
        let full = |x: usize, y: usize| counts[y * across + x] >= some;
        // Letters and words of one line hang together over gaps of a line's height.
        let reach = (1.2 * h / step).ceil() as usize;
        let mut seen = vec![false; across * down];
        let mut lines = vec![];
        for start in 0..across * down {
            if seen[start] || !full(start % across, start / across) {
                continue;
            }
            let (mut open, mut cells) = (vec![start], 0usize);
            let (mut x0, mut x1, mut y0, mut y1) = (usize::MAX, 0, usize::MAX, 0);
            seen[start] = true;
            while let Some(at) = open.pop() {
                let (x, y) = (at % across, at / across);
                cells += 1;
                (x0, x1, y0, y1) = (x0.min(x), x1.max(x), y0.min(y), y1.max(y));
                for ny in y.saturating_sub(1)..(y + 2).min(down) {
                    let wide = if ny == y { reach } else { 1 };
                    for nx in x.saturating_sub(wide)..(x + wide + 1).min(across) {
                        let next = ny * across + nx;
                        if !seen[next] && full(nx, ny) {
                            seen[next] = true;
                            open.push(next);
                        }
                    }
                }
            }
            let (wide, high) = ((x1 - x0 + 1) as f32 * step / h, (y1 - y0 + 1) as f32 * step / h);
            let share = cells as f32 / ((x1 - x0 + 1) * (y1 - y0 + 1)) as f32;
            // Not a speck, a frame or a drawing: a line of letters is flat and mostly ink. A title's letters are larger, and its line longer.
            let flat = (0.4..=2.6).contains(&high) && wide >= 0.8 * high || (2.6..=4.5).contains(&high) && wide >= 4.0 * high;
            if wide >= 0.7 && flat && share >= 0.25 {
                let (w, t) = (self.width as f32, self.height as f32);
                lines.push(BBox::new(x0 as f32 * step / w, y0 as f32 * step / t, (x1 + 1) as f32 * step / w, (y1 + 1) as f32 * step / t));
            }
        }
        lines
    }
}

/// Writing that no word accounts for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Writing {
    /// In squares of a text height.
    pub ink: f32,
    /// In text heights, gaps apart.
    pub wide: f32,
    /// The level box around it.
    pub around: BBox,
}

/// The paper's brightness tile by tile: a high percentile, so that text does not count.
fn paper_brightness(gray: &Gray, width: usize, height: usize) -> Vec<u8> {
    let (across, down) = (width.div_ceil(TILE), height.div_ceil(TILE));
    let mut paper = vec![255u8; across * down];
    for ty in 0..down {
        for tx in 0..across {
            let mut counts = [0u32; 256];
            let mut all = 0u32;
            for y in ty * TILE..((ty + 1) * TILE).min(height) {
                for x in tx * TILE..((tx + 1) * TILE).min(width) {
                    counts[gray.pixels[y * width + x] as usize] += 1;
                    all += 1;
                }
            }
            let mut left = all / 5;
            for level in (0..256usize).rev() {
                if counts[level] >= left {
                    paper[ty * across + tx] = level as u8;
                    break;
                }
                left -= counts[level];
            }
        }
    }
    paper
}

#[cfg(test)]
mod tests {
    use super::super::sheet::tests::page;
    use super::*;

    fn canvas() -> Gray {
        Gray::new(850, 1100, vec![230; 850 * 1100]).unwrap()
    }
    fn draw(gray: &mut Gray, x: u32, y: u32) {
        let at = (y * gray.width + x) as usize;
        gray.pixels[at] = 30;
    }
    fn square(gray: &mut Gray, x: u32, y: u32, size: u32) {
        for d in 0..=size {
            for (a, b) in [(x + d, y), (x + d, y + size), (x, y + d), (x + size, y + d)] {
                draw(gray, a, b);
            }
        }
    }

    #[test]
    fn a_ticked_box_is_darker_inside_than_an_empty_one() {
        let page = page(&[(0.2, 0.1, "blanket certificate"), (0.2, 0.2, "single purchase")]);
        let sheet = Sheet::new(&page);
        let mut gray = canvas();
        let y = |f: f32| ((f + 0.0055) * 1100.0) as u32 - 7;
        square(&mut gray, 145, y(0.1), 14);
        square(&mut gray, 145, y(0.2), 14);
        for d in 2..13 {
            for (a, b) in [(145 + d, y(0.1) + d), (146 + d, y(0.1) + d), (145 + d, y(0.1) + 14 - d), (146 + d, y(0.1) + 14 - d)] {
                draw(&mut gray, a, b);
            }
        }
        let ink = Ink::new(&gray).unwrap();
        let ticks: Vec<Tick> = sheet.runs.iter().map(|r| ink.tick(&sheet, sheet.toks[r[0]].area)).collect();
        assert!(ticks[0].frame.is_some() && ticks[1].frame.is_some(), "{ticks:?}");
        assert!(ticks[0].ink > 0.15 && ticks[1].ink < 0.02, "{ticks:?}");
    }

    #[test]
    fn dithered_grey_holds_no_frame_and_ends_soon() {
        let page = page(&[(0.3, 0.1, "blanket certificate")]);
        let sheet = Sheet::new(&page);
        let mut gray = canvas();
        for y in 0..1100 {
            for x in (0..850).filter(|x| (x + y) % 2 == 0) {
                draw(&mut gray, x, y);
            }
        }
        assert!(Ink::new(&gray).unwrap().tick(&sheet, sheet.toks[0].area).frame.is_none());
    }

    #[test]
    fn ruled_lines_are_no_writing() {
        let page = page(&[(0.1, 0.5, "Signature")]);
        let sheet = Sheet::new(&page);
        let mut gray = canvas();
        for x in 200..600 {
            draw(&mut gray, x, 560);
            draw(&mut gray, x, 561);
        }
        let area = BBox::new(0.2, 0.49, 0.6, 0.515);
        let (empty, _) = Ink::new(&gray).unwrap().writing(&sheet, area, &[]);
        assert_eq!(empty, 0.0);
        for x in 250..400u32 {
            for t in 0..3 {
                draw(&mut gray, x, 548 + (x / 5 % 2) * 6 + t);
                draw(&mut gray, x, 545 + (x / 3 % 4) + t);
            }
        }
        let (written, wide) = Ink::new(&gray).unwrap().writing(&sheet, area, &[]);
        assert!(written > 1.0 && wide > 5.0, "{written} {wide}");
    }
}
