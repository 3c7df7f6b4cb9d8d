//! What a PDF page shows: letters with their places, and how much of it is covered by pictures.
//!
//! Owns: the device that listens to the page being drawn; the judgement of what it heard.
//! Must not touch: drawing, form fields.
//! Called by: the PDF reader.

use super::lines;
use crate::domain::{BBox, Word};
use crate::sources::scans::guard::TooMuch;
use hayro::hayro_interpret::font::{Glyph, GlyphRun};
use hayro::hayro_interpret::hayro_cmap::BfString;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache, InterpreterSettings, Paint,
    SoftMask, TransformExt, interpret_page,
};
use hayro::hayro_syntax::page::Page;
use hayro::kurbo::{Affine, BezPath, Point, Rect, Shape};
use std::panic::resume_unwind;

/// Drawing steps of one page; dense engineering drawings stay below it.
const MOST_STEPS: u32 = 3_000_000;

/// How often all paint of a page could cover it. Drawings stay below a hundred; a file made to keep a renderer busy does not.
const MOST_COATS: f64 = 4_000.0;
/// What one transparent layer costs beside a coat of paint, and a picture beside a plain area.
const LAYER: f64 = 1.0;
const PICTURE: f64 = 3.0;
/// Dark areas that white letters may stand on; more are a drawing.
const MOST_DARK: usize = 2_000;
/// Paint lighter than this cannot be seen on paper (0 to 1).
const UNSEEN: f32 = 0.93;

/// From PDF points to fractions of the upright page.
pub struct Place {
    pub to_page: Affine,
    pub width: f64,
    pub height: f64,
    /// Quarter turns clockwise beyond the PDF's own, for pages whose text runs sideways.
    pub turns: u8,
}

impl Place {
    /// A box in the page's points, y down, to fractions of the upright page.
    pub fn fractions(&self, points: Rect) -> BBox {
        let (w, h) = (self.width.max(1.0), self.height.max(1.0));
        let (l, t, r, b) = (points.x0 / w, points.y0 / h, points.x1 / w, points.y1 / h);
        let (l, t, r, b) = match self.turns % 4 {
            1 => (1.0 - b, l, 1.0 - t, r),
            2 => (1.0 - r, 1.0 - b, 1.0 - l, 1.0 - t),
            3 => (t, 1.0 - r, b, 1.0 - l),
            _ => (l, t, r, b),
        };
        let clamp = |v: f64| v.clamp(0.0, 1.0) as f32;
        BBox::new(clamp(l), clamp(t), clamp(r), clamp(b))
    }

    /// Width over height of the upright page, in points.
    pub fn upright(&self) -> (f64, f64) {
        if self.turns % 2 == 1 { (self.height, self.width) } else { (self.width, self.height) }
    }
}

/// A letter in upright page points.
#[derive(Debug, Clone)]
pub struct Letter {
    pub text: String,
    pub x0: f64,
    pub x1: f64,
    pub baseline: f64,
    pub size: f64,
    /// Quarter turns clockwise in which it is written, 0 for upright.
    pub turns: u8,
}

pub struct Picture {
    /// In page points, cut to the page.
    pub area: Rect,
    pub dpi: f64,
}

pub struct Seen {
    pub place: Place,
    /// Visible letters only.
    pub letters: Vec<Letter>,
    pub pictures: Vec<Picture>,
    /// Visible letters without a usable code.
    nameless: usize,
    paths: usize,
    /// Width and height of the picture with the most pixels.
    pub largest: (u32, u32),
}

pub fn look<'a>(page: &'a Page<'a>, settings: InterpreterSettings) -> Seen {
    let (width, height) = page.render_dimensions();
    let to_page = page.initial_transform(true).to_kurbo();
    let bounds = Rect::new(0.0, 0.0, width.into(), height.into());
    let cache = InterpreterCache::new();
    let mut context = Context::new(to_page, bounds, &cache, page.xref(), settings);
    let mut ear = Ear {
        bounds,
        letters: Vec::new(),
        middles: Vec::new(),
        pictures: Vec::new(),
        dark: Vec::new(),
        nameless: 0,
        paths: 0,
        steps: 0,
        coats: 0.0,
        largest: (0, 0),
    };
    interpret_page(page, &mut context, &mut ear);
    let mut place = Place { to_page, width: width.into(), height: height.into(), turns: 0 };
    let sideways = |turns: u8| ear.letters.iter().filter(|l| l.turns == turns).count();
    if let Some(most) = (1..4).find(|t| sideways(*t) * 10 > ear.letters.len() * 6) {
        // Text written `most` turns clockwise stands upright after the rest of a full turn.
        place.turns = (4 - most) % 4;
    }
    Seen { place, letters: ear.letters, pictures: ear.pictures, nameless: ear.nameless, paths: ear.paths, largest: ear.largest }
}

impl Seen {
    pub fn words(&self) -> Vec<Word> {
        lines::words(&self.letters, &self.place)
    }

    /// A tenth of the letters have no code that means anything: the layer is useless.
    pub fn unreadable_letters(&self) -> bool {
        self.nameless * 10 > self.letters.len()
    }

    /// Letters heaped on one another are no text that a person sees.
    pub fn piled_up(&self) -> bool {
        let mut spots: Vec<(i64, i64)> = self.letters.iter().map(|l| ((l.x0 / 1.5) as i64, (l.baseline / 1.5) as i64)).collect();
        let all = spots.len();
        spots.sort_unstable();
        spots.dedup();
        // Bold type drawn twice halves the number of spots; real heaps do worse.
        all > 40 && spots.len() * 10 < all * 4
    }

    /// The share of the page that pictures cover; overlapping pictures count once.
    pub fn picture_share(&self) -> f64 {
        const CELLS: usize = 32;
        let mut covered = [[false; CELLS]; CELLS];
        for picture in &self.pictures {
            for (row, line) in covered.iter_mut().enumerate() {
                for (column, cell) in line.iter_mut().enumerate() {
                    let middle = Point::new(
                        (column as f64 + 0.5) / CELLS as f64 * self.place.width,
                        (row as f64 + 0.5) / CELLS as f64 * self.place.height,
                    );
                    *cell |= picture.area.contains(middle);
                }
            }
        }
        covered.iter().flatten().filter(|c| **c).count() as f64 / (CELLS * CELLS) as f64
    }

    pub fn pictures_are_the_page(&self) -> bool {
        self.picture_share() > 0.5
    }

    /// The finest resolution among the larger pictures.
    pub fn picture_dpi(&self) -> Option<u32> {
        let page = self.place.width * self.place.height;
        let large = self.pictures.iter().filter(|p| p.area.area() > page * 0.05);
        large
            .map(|p| p.dpi)
            .fold(None, |best: Option<f64>, dpi| Some(best.map_or(dpi, |b| b.max(dpi))))
            .map(|dpi| dpi.round().clamp(1.0, 2_400.0) as u32)
    }

    pub fn is_blank(&self) -> bool {
        self.letters.is_empty() && self.pictures.is_empty() && self.paths == 0
    }
}

struct Ear {
    bounds: Rect,
    letters: Vec<Letter>,
    /// The middle of each letter, in page points.
    middles: Vec<Point>,
    pictures: Vec<Picture>,
    /// Dark areas: what is written on them in white can be seen.
    dark: Vec<Rect>,
    nameless: usize,
    paths: usize,
    steps: u32,
    coats: f64,
    largest: (u32, u32),
}

/// How light opaque paint is, 0 to 1; `None` for patterns and for paint that lets through what is below.
fn lightness(props: &DrawProps) -> Option<f32> {
    let Paint::Color(color) = &props.paint else { return None };
    let [red, green, blue, alpha] = color.to_rgba().components();
    (alpha > 0.95 && props.soft_mask.is_none() && props.blend_mode == BlendMode::Normal).then_some(0.21 * red + 0.72 * green + 0.07 * blue)
}

impl Ear {
    fn step(&mut self) {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            resume_unwind(Box::new(TooMuch));
        }
    }

    fn paint(&mut self, area: Rect, weight: f64) {
        self.coats += weight * area.intersect(self.bounds).area() / self.bounds.area().max(1.0);
        if self.coats > MOST_COATS {
            resume_unwind(Box::new(TooMuch));
        }
    }

    /// What was written before under an opaque area is no longer seen: an older value under a new one, a scanner's guess under its picture.
    fn cover(&mut self, area: Rect) {
        if self.letters.is_empty() || area.area() < 20.0 {
            return;
        }
        self.steps = self.steps.saturating_add(self.letters.len() as u32 / 64);
        self.step();
        let seen: Vec<bool> = self.middles.iter().map(|m| !area.contains(*m)).collect();
        let mut kept = seen.iter();
        self.letters.retain(|_| kept.next().is_none_or(|k| *k));
        let mut kept = seen.iter();
        self.middles.retain(|_| kept.next().is_none_or(|k| *k));
    }

    fn hear(&mut self, glyph: &Glyph, to_page: Affine, lightness: Option<f32>) {
        self.step();
        let text = match glyph.as_unicode() {
            Some(BfString::Char(c)) => c.to_string(),
            Some(BfString::String(s)) => s,
            None => String::new(),
        };
        let advance = match glyph {
            Glyph::Outline(g) => g.advance_width(),
            Glyph::Type3(g) => g.advance_width(),
        };
        let advance = f64::from(advance.unwrap_or(500.0));
        let [a, b, c, d, _, _] = to_page.as_coeffs();
        let size = (c * c + d * d).sqrt() * 1_000.0;
        let (start, end) = (to_page * Point::ORIGIN, to_page * Point::new(advance, 0.0));
        let middle = Point::new((start.x + end.x) / 2.0, (start.y + end.y) / 2.0);
        // Written outside the page, or too small for an eye.
        if !(size > 1.0 && size < 1_000.0 && self.bounds.contains(middle)) {
            return;
        }
        // White on white.
        if lightness.is_some_and(|l| l > UNSEEN) && !self.dark.iter().any(|d| d.contains(middle)) {
            return;
        }
        let blank = text.chars().all(|c| c.is_whitespace() || c == '\u{a0}') && !text.is_empty();
        let bad = |c: char| c == '\u{fffd}' || c.is_control() || ('\u{e000}'..='\u{f8ff}').contains(&c);
        if text.is_empty() || (!blank && text.chars().any(bad)) {
            // Private codes are also what bullets and check marks have; those alone don't spoil a page.
            self.nameless += 1;
            return;
        }
        let turns = if a.abs() >= b.abs() {
            if a >= 0.0 { 0 } else { 2 }
        } else if b > 0.0 {
            1
        } else {
            3
        };
        // In the frame where the text runs to the right, y down.
        let (x0, x1, baseline) = match turns {
            0 => (start.x, end.x, start.y),
            1 => (start.y, end.y, -start.x),
            2 => (-start.x, -end.x, -start.y),
            _ => (-start.y, -end.y, start.x),
        };
        self.middles.push(middle);
        self.letters.push(Letter { text: plain(&text), x0: x0.min(x1), x1: x0.max(x1), baseline, size, turns });
    }
}

/// Ligatures as letters, soft hyphens as hyphens, odd blanks as blanks.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{fb00}' => out.push_str("ff"),
            '\u{fb01}' => out.push_str("fi"),
            '\u{fb02}' => out.push_str("fl"),
            '\u{fb03}' => out.push_str("ffi"),
            '\u{fb04}' => out.push_str("ffl"),
            '\u{ad}' => out.push('-'),
            c if c.is_whitespace() || c == '\u{200b}' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

impl<'a> Device<'a> for Ear {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        self.step();
        // A white sheet painted first is no content.
        let area = props.transform.transform_rect_bbox(path.bounding_box());
        self.paint(area, 1.0);
        let rectangle = matches!(mode, DrawMode::Fill(_) | DrawMode::FillAndStroke(..)) && path.elements().len() <= 6;
        if let (true, Some(light)) = (rectangle, lightness(&props)) {
            self.cover(area);
            if light < 0.6 && self.dark.len() < MOST_DARK {
                self.dark.push(area);
            }
        }
        if area.area() < self.bounds.area() * 0.9 {
            self.paths += 1;
        }
    }

    fn push_clip_path(&mut self, _: &ClipPath) {
        self.step();
    }

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.step();
        self.paint(self.bounds, LAYER);
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        // Invisible letters are what a scanner's software guessed under a picture; the picture is read again.
        if matches!(mode, DrawMode::Invisible) {
            return;
        }
        let light = lightness(&props);
        for glyph in run.glyphs() {
            self.hear(glyph, props.transform * glyph.transform(), light);
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.step();
        let pixels = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
        if pixels((image.width(), image.height())) > pixels(self.largest) {
            self.largest = (image.width(), image.height());
        }
        let whole = Rect::new(0.0, 0.0, image.width().into(), image.height().into());
        let area = props.transform.transform_rect_bbox(whole).intersect(self.bounds);
        let scale = props.transform.determinant().abs().sqrt();
        self.paint(area, PICTURE);
        let opaque = props.soft_mask.is_none() && props.blend_mode == BlendMode::Normal;
        match &image {
            // A scan laid over what its scanner guessed. Small pictures may have a mask of their own that lets through what is below: stamps,
            // drawn signatures.
            Image::Raster(_) if opaque && scale > 0.0 && area.area() > 0.2 * self.bounds.area() => {
                self.cover(area);
                if self.dark.len() < MOST_DARK {
                    self.dark.push(area);
                }
            }
            _ => {}
        }
        if area.width() > 1.0 && area.height() > 1.0 && scale > 0.0 {
            self.pictures.push(Picture { area, dpi: 72.0 / scale });
        }
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}
