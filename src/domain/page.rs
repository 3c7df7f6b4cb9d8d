//! A page as it is read: words with boxes, and the upright picture.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A box on the upright page as fractions of its width and height: left, top, right, bottom, each 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f32; 4]", into = "[f32; 4]")]
pub struct BBox {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

impl From<[f32; 4]> for BBox {
    fn from([left, top, right, bottom]: [f32; 4]) -> Self {
        Self { left, top, right, bottom }
    }
}

impl From<BBox> for [f32; 4] {
    fn from(b: BBox) -> Self {
        // Four decimals place a box to less than a pixel on a page of 5,000 pixels.
        [b.left, b.top, b.right, b.bottom].map(|x| (x * 10_000.0).round() / 10_000.0)
    }
}

impl BBox {
    pub fn new(left: f32, top: f32, right: f32, bottom: f32) -> Self {
        Self { left, top, right, bottom }
    }
    pub fn width(&self) -> f32 {
        self.right - self.left
    }
    pub fn height(&self) -> f32 {
        self.bottom - self.top
    }
    pub fn mid_x(&self) -> f32 {
        (self.left + self.right) / 2.0
    }
    pub fn mid_y(&self) -> f32 {
        (self.top + self.bottom) / 2.0
    }
    /// The box on the page after it has been turned clockwise by 0, 90, 180 or 270 degrees.
    pub fn turned(&self, degrees: u16) -> BBox {
        let Self { left, top, right, bottom } = *self;
        match degrees % 360 {
            90 => BBox::new(1.0 - bottom, left, 1.0 - top, right),
            180 => BBox::new(1.0 - right, 1.0 - bottom, 1.0 - left, 1.0 - top),
            270 => BBox::new(top, 1.0 - right, bottom, 1.0 - left),
            _ => *self,
        }
    }
    /// The box on the page after its picture was turned by a small angle about the middle (radians, counterclockwise as seen). `aspect`: width
    /// over height of the page. The box moves and keeps its size.
    pub fn levelled(&self, angle: f32, aspect: f32) -> BBox {
        let (sine, cosine) = angle.sin_cos();
        let (along, down) = ((self.mid_x() - 0.5) * aspect, self.mid_y() - 0.5);
        let (x, y) = ((along * cosine + down * sine) / aspect - along / aspect, down * cosine - along * sine - down);
        BBox::new(self.left + x, self.top + y, self.right + x, self.bottom + y)
    }
    /// The box on the sheet with these corners.
    pub fn flattened(&self, corners: &Corners) -> BBox {
        let ((left, top), (right, bottom)) = (corners.on_sheet(self.left, self.top), corners.on_sheet(self.right, self.bottom));
        // Near the horizon of the projection places run away; nothing stands there.
        let near = |x: f32| x.clamp(-1.0, 2.0);
        BBox::new(near(left), near(top), near(right), near(bottom))
    }
    /// The share of `other`'s area that lies in this box.
    pub fn shares(&self, other: &BBox) -> f32 {
        let across = (self.right.min(other.right) - self.left.max(other.left)).max(0.0);
        let down = (self.bottom.min(other.bottom) - self.top.max(other.top)).max(0.0);
        let area = other.width() * other.height();
        if area > 0.0 { across * down / area } else { 0.0 }
    }
    /// The smallest box around both.
    pub fn union(&self, other: &BBox) -> BBox {
        BBox::new(self.left.min(other.left), self.top.min(other.top), self.right.max(other.right), self.bottom.max(other.bottom))
    }
}

/// One word on a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    pub text: String,
    pub bbox: BBox,
    /// 0 to 1; a trusted text layer gives 1.
    pub confidence: f32,
    /// Words of one printed line share this number; lines are numbered from top to bottom in reading order.
    pub line: u32,
}

/// Adds words that somebody typed on a scan to the words read from its picture. The typed ones were drawn and read as well; what the file
/// itself says is surer. Lines are numbered anew.
pub fn with_typed(read: Vec<Word>, typed: Vec<Word>) -> Vec<Word> {
    if typed.is_empty() {
        return read;
    }
    let mut lines: Vec<Vec<Word>> = Vec::new();
    for word in read.into_iter().filter(|w| !typed.iter().any(|t| t.bbox.shares(&w.bbox) > 0.5)) {
        match lines.last_mut().filter(|line| line[0].line == word.line) {
            Some(line) => line.push(word),
            None => lines.push(vec![word]),
        }
    }
    let (mid, height) = (|line: &[Word]| median(line, |w| w.bbox.mid_y()), |line: &[Word]| median(line, |w| w.bbox.height()));
    let mut rest = typed.into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut own = vec![first];
        while let Some(more) = rest.next_if(|w| w.line == own[0].line) {
            own.push(more);
        }
        let beside = |line: &&mut Vec<Word>| {
            let level = (mid(line) - mid(&own)).abs() < 0.6 * height(line).max(height(&own));
            level && !line.iter().any(|a| own.iter().any(|b| a.bbox.left < b.bbox.right && b.bbox.left < a.bbox.right))
        };
        match lines.iter_mut().find(beside) {
            Some(line) => line.extend(own),
            None => lines.push(own),
        }
    }
    lines.sort_by(|a, b| mid(a).total_cmp(&mid(b)));
    let mut words = Vec::new();
    for (number, mut line) in (0u32..).zip(lines) {
        line.sort_by(|a, b| a.bbox.left.total_cmp(&b.bbox.left));
        words.extend(line.into_iter().map(|w| Word { line: number, ..w }));
    }
    words
}

fn median(words: &[Word], of: impl Fn(&Word) -> f32) -> f32 {
    let mut values: Vec<f32> = words.iter().map(of).collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// A filled-in form field of a PDF (AcroForm) on this page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    pub name: String,
    pub value: MarkValue,
    pub bbox: BBox,
}

/// What a form field of a PDF holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkValue {
    Text(String),
    Checked(bool),
    /// Signed electronically; nobody here checks by whom.
    Signature,
}

/// Where a page's words come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageOrigin {
    TextLayer,
    Ocr,
    /// Nothing to read on it.
    Blank,
    /// The page could not be read; its words are empty.
    Failed,
}

/// An 8-bit grey picture, rows from the top, 0 black to 255 white. `pixels.len() == width * height`.
#[derive(Clone, PartialEq, Eq)]
pub struct Gray {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<u8>,
}

impl std::fmt::Debug for Gray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gray({}×{})", self.width, self.height)
    }
}

impl Gray {
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        (pixels.len() == width as usize * height as usize).then_some(Self { width, height, pixels })
    }

    /// The grey value at a pixel; white outside the page.
    pub fn at(&self, x: u32, y: u32) -> u8 {
        match x < self.width && y < self.height {
            true => self.pixels[y as usize * self.width as usize + x as usize],
            false => 255,
        }
    }

    /// The picture turned clockwise by 0, 90, 180 or 270 degrees.
    pub fn turned(&self, degrees: u16) -> Gray {
        let (w, h) = (self.width as usize, self.height as usize);
        let mut pixels = Vec::with_capacity(self.pixels.len());
        match degrees % 360 {
            90 => (0..w).for_each(|y| pixels.extend((0..h).map(|x| self.pixels[(h - 1 - x) * w + y]))),
            180 => pixels.extend(self.pixels.iter().rev()),
            270 => (0..w).for_each(|y| pixels.extend((0..h).map(|x| self.pixels[x * w + w - 1 - y]))),
            _ => return self.clone(),
        }
        let (width, height) = if degrees % 180 == 90 { (self.height, self.width) } else { (self.width, self.height) };
        Gray { width, height, pixels }
    }

    /// The picture turned by a small angle about its middle (radians, counterclockwise as seen); what comes from outside is paper.
    pub fn levelled(&self, angle: f32) -> Gray {
        let (w, h) = (self.width as usize, self.height as usize);
        let (sine, cosine) = angle.sin_cos();
        let (middle_x, middle_y) = (w as f32 / 2.0, h as f32 / 2.0);
        let mut pixels = Vec::with_capacity(w * h);
        for y in 0..h {
            let down = y as f32 - middle_y;
            for x in 0..w {
                let along = x as f32 - middle_x;
                let (from_x, from_y) = (along * cosine - down * sine + middle_x, along * sine + down * cosine + middle_y);
                let (left, top) = (from_x.floor(), from_y.floor());
                if left < 0.0 || top < 0.0 || left as usize + 1 >= w || top as usize + 1 >= h {
                    pixels.push(255);
                    continue;
                }
                let at = top as usize * w + left as usize;
                let (fx, fy) = (from_x - left, from_y - top);
                let mix = |at: usize| f32::from(self.pixels[at]) * (1.0 - fx) + f32::from(self.pixels[at + 1]) * fx;
                pixels.push((mix(at) * (1.0 - fy) + mix(at + w) * fy).round() as u8);
            }
        }
        Gray { width: self.width, height: self.height, pixels }
    }

    /// The sheet with these corners as if seen from straight above, about as large as it is in the picture.
    pub fn flattened(&self, corners: &Corners) -> Gray {
        if self.width == 0 || self.height == 0 {
            return self.clone();
        }
        let (w, h) = (self.width as f32, self.height as f32);
        let at = |i: usize| (corners.0[i][0] * w, corners.0[i][1] * h);
        let length = |i: usize, j: usize| (at(i).0 - at(j).0).hypot(at(i).1 - at(j).1);
        // Never larger than the picture's own diagonal.
        let most = w.hypot(h);
        let width = length(0, 1).max(length(3, 2)).clamp(1.0, most) as u32;
        let height = length(0, 3).max(length(1, 2)).clamp(1.0, most) as u32;
        let [a, b, c, d, e, f, g, k] = corners.projection();
        let mut pixels = Vec::with_capacity(width as usize * height as usize);
        for row in 0..height {
            let v = (row as f32 + 0.5) / height as f32;
            for column in 0..width {
                let u = (column as f32 + 0.5) / width as f32;
                let depth = g * u + k * v + 1.0;
                let (x, y) = ((a * u + b * v + c) / depth * w - 0.5, (d * u + e * v + f) / depth * h - 0.5);
                let (left, top) = (x.floor().max(0.0), y.floor().max(0.0));
                let (fx, fy) = ((x - left).clamp(0.0, 1.0), (y - top).clamp(0.0, 1.0));
                let (left, top) = (left as u32, top as u32);
                let across = |y: u32| f32::from(self.at(left, y)) * (1.0 - fx) + f32::from(self.at(left.saturating_add(1), y)) * fx;
                pixels.push((across(top) * (1.0 - fy) + across(top.saturating_add(1)) * fy).round() as u8);
            }
        }
        Gray { width, height, pixels }
    }

    /// The share of pixels darker than `threshold` inside a box, 0 to 1; 0 for an empty box.
    pub fn ink(&self, area: BBox, threshold: u8) -> f32 {
        let (x0, x1) = ((area.left.max(0.0) * self.width as f32) as u32, (area.right.min(1.0) * self.width as f32) as u32);
        let (y0, y1) = ((area.top.max(0.0) * self.height as f32) as u32, (area.bottom.min(1.0) * self.height as f32) as u32);
        let (mut dark, mut all) = (0u64, 0u64);
        for y in y0..y1 {
            for x in x0..x1 {
                all += 1;
                dark += u64::from(self.at(x, y) < threshold);
            }
        }
        if all == 0 { 0.0 } else { dark as f32 / all as f32 }
    }
}

/// The corners of a sheet of paper in a photograph, as fractions of the picture: upper left, upper right, lower right, lower left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Corners(pub [[f32; 2]; 4]);

impl Corners {
    /// The numbers a to h of the projection from the sheet (a unit square) to the picture: `x = (a u + b v + c) / (g u + h v + 1)`,
    /// `y = (d u + e v + f) / (g u + h v + 1)` (Heckbert, Fundamentals of Texture Mapping, 1989, section 2.2.3).
    fn projection(&self) -> [f32; 8] {
        let [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = self.0;
        let (dx1, dx2, dx3) = (x1 - x2, x3 - x2, x0 - x1 + x2 - x3);
        let (dy1, dy2, dy3) = (y1 - y2, y3 - y2, y0 - y1 + y2 - y3);
        let whole = dx1 * dy2 - dx2 * dy1;
        // Corners on one line make no sheet; then nothing is moved.
        let whole = if whole.abs() < 1e-9 { 1e-9 } else { whole };
        let (g, h) = ((dx3 * dy2 - dx2 * dy3) / whole, (dx1 * dy3 - dx3 * dy1) / whole);
        [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h]
    }

    /// The place on the sheet (0 to 1 each way) of a place in the picture.
    pub fn on_sheet(&self, x: f32, y: f32) -> (f32, f32) {
        let [a, b, c, d, e, f, g, h] = self.projection();
        // Two linear equations in u and v.
        let (p, q, r) = (a - g * x, b - h * x, x - c);
        let (s, t, w) = (d - g * y, e - h * y, y - f);
        let whole = p * t - q * s;
        if whole.abs() < 1e-9 { (x, y) } else { ((r * t - q * w) / whole, (p * w - r * s) / whole) }
    }
}

/// A page, upright, with its words in reading order.
#[derive(Debug, Clone, PartialEq)]
pub struct PageContent {
    /// 1-based in its file.
    pub number: u32,
    pub words: Vec<Word>,
    pub marks: Vec<Mark>,
    /// The upright picture the boxes refer to, where one was made.
    pub image: Option<Arc<Gray>>,
    pub origin: PageOrigin,
    /// How far the page was turned clockwise to stand upright: 0, 90, 180, 270.
    pub turned: u16,
    /// The sheet in the photograph that the page was cut out of, before it was turned.
    pub corners: Option<Corners>,
    /// How far its picture was turned after that to make its lines level, in radians counterclockwise.
    pub levelled: f32,
    /// Width over height of the upright page.
    pub aspect: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_words_replace_what_was_read_of_them_and_join_their_line() {
        let word = |text: &str, left: f32, top: f32, line: u32| Word {
            text: text.into(),
            bbox: BBox::new(left, top, left + 0.1, top + 0.01),
            confidence: 0.9,
            line,
        };
        let read = vec![word("Step", 0.0, 0.08, 0), word("Name", 0.0, 0.1, 1), word("Norhwind", 0.2, 0.1, 1), word("City", 0.0, 0.2, 2)];
        let typed = vec![word("Northwind", 0.2, 0.101, 0), word("Elgin", 0.2, 0.15, 1)];
        let words = with_typed(read, typed);
        let shown: Vec<(&str, u32)> = words.iter().map(|w| (w.text.as_str(), w.line)).collect();
        assert_eq!(shown, [("Step", 0), ("Name", 1), ("Northwind", 1), ("Elgin", 2), ("City", 3)]);
    }

    #[test]
    fn a_box_follows_the_levelled_page() {
        // A page of 1000 by 1000 turned so that its lines, which fell to the right by 2 in 100, are level.
        let angle = 0.02f32.atan();
        let left = BBox::new(0.1, 0.492, 0.2, 0.502).levelled(angle, 1.0);
        let right = BBox::new(0.8, 0.506, 0.9, 0.516).levelled(angle, 1.0);
        assert!((left.mid_y() - right.mid_y()).abs() < 0.001, "{left:?} {right:?}");
        assert!((left.width() - 0.1).abs() < 1e-6);
    }

    #[test]
    fn a_picture_turns_as_its_boxes_do() {
        let page = Gray::new(3, 2, vec![1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(page.turned(90), Gray::new(2, 3, vec![4, 1, 5, 2, 6, 3]).unwrap());
        assert_eq!(page.turned(180).pixels, [6, 5, 4, 3, 2, 1]);
        assert_eq!(page.turned(90).turned(270), page);
        assert_eq!(page.turned(360), page);
    }

    #[test]
    fn a_box_follows_the_turned_page() {
        let corner = BBox::new(0.0, 0.0, 0.25, 0.125);
        assert_eq!(corner.turned(90), BBox::new(0.875, 0.0, 1.0, 0.25));
        assert_eq!(corner.turned(180), BBox::new(0.75, 0.875, 1.0, 1.0));
        assert_eq!(corner.turned(90).turned(270), corner);
    }
}
