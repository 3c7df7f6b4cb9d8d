//! Text and tables on pages: where each line of text stands. What is drawn, and how, is krilla's.
//!
//! Owns: fonts, line breaking, page breaking.
//! Must not touch: what the record says.
//! Called by: `report::pdf`.

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::text::{Font, TextDirection};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};
use std::collections::HashMap;

const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSansCondensed.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSansCondensed-Bold.ttf");

/// US Letter, in points.
const WIDTH: f32 = 612.0;
const HEIGHT: f32 = 792.0;
const MARGIN: f32 = 48.0;
const BOTTOM: f32 = HEIGHT - 56.0;
const GAP: f32 = 6.0;
/// A line that no cell needs more of; what is longer is cut and says so. Without an end one cell could fill thousands of pages.
const MOST_LINES: usize = 24;
/// Shown for a character that the fonts lack.
const UNKNOWN: char = '\u{fffd}';

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    Black,
    Grey,
}

enum Mark {
    Text {
        x: f32,
        y: f32,
        size: f32,
        bold: bool,
        ink: Ink,
        text: String,
    },
    /// A thin line across.
    Rule {
        y: f32,
    },
    /// A tinted band behind a table's head.
    Band {
        y: f32,
        height: f32,
    },
}

/// How wide each character is, in parts of the size.
struct Face {
    font: Font,
    widths: HashMap<char, f32>,
}

impl Face {
    fn new(bytes: &'static [u8]) -> Option<Self> {
        let face = FontRef::new(bytes).ok()?;
        let metrics = face.glyph_metrics(Size::new(1.0), LocationRef::default());
        let widths =
            face.charmap().mappings().filter_map(|(code, glyph)| Some((char::from_u32(code)?, metrics.advance_width(glyph)?))).collect();
        Some(Self { font: Font::new(bytes.into(), 0)?, widths })
    }

    fn width(&self, text: &str) -> f32 {
        text.chars().map(|c| self.widths.get(&c).copied().unwrap_or(0.6)).sum()
    }

    /// The text with what the font lacks made visible.
    fn drawable(&self, text: &str) -> String {
        text.chars().map(|c| if self.widths.contains_key(&c) { c } else { UNKNOWN }).collect()
    }
}

/// Pages that grow downwards.
pub struct Sheets {
    pages: Vec<Vec<Mark>>,
    y: f32,
    regular: Face,
    bold: Face,
}

impl Sheets {
    /// `None`: the built-in fonts can't be read, which a test rules out.
    pub fn new() -> Option<Self> {
        Some(Self { pages: vec![Vec::new()], y: MARGIN, regular: Face::new(REGULAR)?, bold: Face::new(BOLD)? })
    }

    fn face(&self, bold: bool) -> &Face {
        if bold { &self.bold } else { &self.regular }
    }

    fn put(&mut self, mark: Mark) {
        // There is always a last page: `new` begins one.
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    fn new_page(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN;
    }

    fn room(&mut self, height: f32) -> bool {
        let fits = self.y + height <= BOTTOM;
        if !fits {
            self.new_page();
        }
        fits
    }

    pub fn title(&mut self, text: &str) {
        let lines = self.lines(text, 18.0, true, WIDTH - 2.0 * MARGIN);
        for line in lines {
            self.y += 20.0;
            self.put(Mark::Text { x: MARGIN, y: self.y, size: 18.0, bold: true, ink: Ink::Black, text: line });
        }
        self.y += 8.0;
    }

    pub fn heading(&mut self, text: &str) {
        // A heading never stands alone at the foot of a page.
        self.room(70.0);
        self.y += 26.0;
        let text = self.bold.drawable(text);
        self.put(Mark::Text { x: MARGIN, y: self.y, size: 12.0, bold: true, ink: Ink::Black, text });
        self.y += 5.0;
        self.put(Mark::Rule { y: self.y });
        self.y += 6.0;
    }

    pub fn paragraph(&mut self, text: &str, ink: Ink) {
        const SIZE: f32 = 9.0;
        for line in self.lines(text, SIZE, false, WIDTH - 2.0 * MARGIN) {
            self.room(SIZE * 1.4);
            self.y += SIZE * 1.4;
            self.put(Mark::Text { x: MARGIN, y: self.y - 2.5, size: SIZE, bold: false, ink, text: line });
        }
        self.y += 3.0;
    }

    /// A label and what it says, one below the other.
    pub fn pairs(&mut self, pairs: &[(&str, String)]) {
        let rows: Vec<Vec<String>> = pairs.iter().map(|(label, value)| vec![(*label).to_owned(), value.clone()]).collect();
        self.rows(&[0.26, 0.74], &rows, None);
    }

    /// `widths`: parts of the whole, of which the sum is 1. The head is repeated on every page.
    pub fn table(&mut self, head: &[&str], widths: &[f32], rows: &[Vec<String>]) {
        self.rows(widths, rows, Some(head));
    }

    fn head(&mut self, head: &[&str], widths: &[f32]) {
        self.put(Mark::Band { y: self.y, height: 13.0 });
        let mut x = MARGIN;
        for (name, width) in head.iter().zip(widths) {
            let text = self.bold.drawable(name);
            self.put(Mark::Text { x: x + 2.0, y: self.y + 9.5, size: 8.0, bold: true, ink: Ink::Black, text });
            x += width * (WIDTH - 2.0 * MARGIN);
        }
        self.y += 15.0;
    }

    fn rows(&mut self, widths: &[f32], rows: &[Vec<String>], head: Option<&[&str]>) {
        const SIZE: f32 = 8.0;
        const STEP: f32 = 10.5;
        if let Some(head) = head {
            self.room(40.0);
            self.head(head, widths);
        }
        for row in rows {
            let cells: Vec<Vec<String>> =
                row.iter().zip(widths).map(|(text, width)| self.lines(text, SIZE, false, width * (WIDTH - 2.0 * MARGIN) - GAP)).collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(1) as f32 * STEP + 3.0;
            if !self.room(height)
                && let Some(head) = head
            {
                self.head(head, widths);
            }
            let mut x = MARGIN;
            for (at, (lines, width)) in cells.into_iter().zip(widths).enumerate() {
                for (n, text) in lines.into_iter().enumerate() {
                    let y = self.y + (n as f32 + 1.0) * STEP - 2.5;
                    let ink = if head.is_none() && at == 0 { Ink::Grey } else { Ink::Black };
                    self.put(Mark::Text { x: x + 2.0, y, size: SIZE, bold: false, ink, text });
                }
                x += width * (WIDTH - 2.0 * MARGIN);
            }
            self.y += height;
            if head.is_some() {
                self.put(Mark::Rule { y: self.y - 1.0 });
            }
        }
        self.y += 4.0;
    }

    /// Broken at blanks, and within a word that is wider than its place.
    fn lines(&self, text: &str, size: f32, bold: bool, width: f32) -> Vec<String> {
        let face = self.face(bold);
        let text = face.drawable(&crate::domain::printable(text));
        let most = width.max(size) / size;
        let mut lines: Vec<String> = Vec::new();
        let (mut line, mut used) = (String::new(), 0.0);
        for word in text.split_inclusive([' ', '/', ',', '-']) {
            let wide = face.width(word.trim_end());
            if used > 0.0 && used + wide > most {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            for c in word.chars() {
                let step = face.widths.get(&c).copied().unwrap_or(0.6);
                if used + step > most && c != ' ' {
                    lines.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                line.push(c);
                used += step;
            }
            if lines.len() > MOST_LINES {
                break;
            }
        }
        if !line.is_empty() || lines.is_empty() {
            lines.push(line);
        }
        if lines.len() > MOST_LINES {
            lines.truncate(MOST_LINES);
            lines.push("… (cut here; the attached record has all of it)".to_owned());
        }
        lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Draws everything. `foot` stands at the foot of each page, before the number of the page.
    pub fn draw(self, document: &mut Document, foot: &str) -> Option<()> {
        let Self { pages, regular, bold, .. } = self;
        let count = pages.len();
        let foot = regular.drawable(&crate::domain::printable(foot));
        for (number, marks) in pages.into_iter().enumerate() {
            let mut page = document.start_page_with(PageSettings::from_wh(WIDTH, HEIGHT)?);
            let mut surface = page.surface();
            let number = format!("Page {} of {count}", number + 1);
            let right = WIDTH - MARGIN - regular.width(&number) * 7.5;
            let feet = [(MARGIN, foot.clone()), (right, number)];
            let feet = feet.into_iter().map(|(x, text)| Mark::Text { x, y: HEIGHT - 30.0, size: 7.5, bold: false, ink: Ink::Grey, text });
            for mark in marks.into_iter().chain(feet) {
                match mark {
                    Mark::Band { y, height } => {
                        surface.set_fill(Some(fill(238, 242, 245)));
                        surface.draw_path(&bar(y, height)?);
                    }
                    Mark::Rule { y } => {
                        surface.set_fill(Some(fill(205, 212, 219)));
                        surface.draw_path(&bar(y, 0.5)?);
                    }
                    Mark::Text { text, .. } if text.is_empty() => {}
                    Mark::Text { x, y, size, bold: heavy, ink, text } => {
                        surface.set_fill(Some(match ink {
                            Ink::Black => fill(20, 28, 36),
                            Ink::Grey => fill(85, 100, 115),
                        }));
                        let font = if heavy { bold.font.clone() } else { regular.font.clone() };
                        surface.draw_text(Point::from_xy(x, y), font, size, &text, false, TextDirection::LeftToRight);
                    }
                }
            }
            surface.finish();
            page.finish();
        }
        Some(())
    }
}

fn fill(red: u8, green: u8, blue: u8) -> Fill {
    Fill { paint: rgb::Color::new(red, green, blue).into(), opacity: NormalizedF32::ONE, rule: Default::default() }
}

/// A bar over the width between the margins.
fn bar(y: f32, height: f32) -> Option<krilla::geom::Path> {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(MARGIN, y, WIDTH - 2.0 * MARGIN, height)?);
    path.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_their_place_and_lose_nothing() {
        let sheets = Sheets::new().unwrap();
        let text = "Superlongcompanynamethatnobodywouldeverwritebutsomebodydoes & Sons of the valley, Inc. 株式会社 \u{202e}gnp";
        let lines = sheets.lines(text, 8.0, false, 90.0);
        assert!(lines.len() > 3);
        for line in &lines {
            assert!(sheets.regular.width(line.trim_end()) * 8.0 <= 90.5, "{line}");
        }
        let all: String = lines.concat().chars().filter(|c| !c.is_whitespace()).collect();
        assert!(all.starts_with("Superlongcompanyname") && all.contains("\u{fffd}") && all.contains("\\u{202e}gnp"), "{all}");
        assert_eq!(sheets.lines("", 8.0, false, 90.0), [""]);
        let endless = sheets.lines(&"x ".repeat(100_000), 8.0, false, 30.0);
        assert_eq!(endless.len(), MOST_LINES + 1);
        assert!(endless[MOST_LINES].contains("cut here"));
    }

    #[test]
    fn a_long_table_goes_over_pages() {
        let mut sheets = Sheets::new().unwrap();
        let rows: Vec<Vec<String>> = (0..200).map(|n| vec![n.to_string(), "some words".to_owned()]).collect();
        sheets.heading("Rows");
        sheets.table(&["Number", "Words"], &[0.3, 0.7], &rows);
        assert!(sheets.pages.len() >= 3, "{}", sheets.pages.len());
        for page in &sheets.pages {
            let heads = page.iter().filter(|m| matches!(m, Mark::Band { .. })).count();
            assert_eq!(heads, 1, "the head stands on every page");
        }
    }
}
