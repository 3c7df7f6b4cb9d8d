//! A page's picture made ready for recognition.
//!
//! Owns: the arithmetic on pixels.
//! Must not touch: engines, files.
//! Called by: the Tesseract engine.

use crate::domain::Gray;

/// Letters of print are 20 to 40 pixels high at this resolution, which is what the engine was trained on.
const WANTED_DPI: f32 = 300.0;

/// Grey values at or above which a tile of paper counts as evenly white.
const WHITE_ENOUGH: u8 = 225;
/// Ink on flattened paper is darker than this.
pub const INK: u8 = 150;
/// A sheet of 20 by 20 inches at the wanted resolution.
const MOST_PIXELS: f32 = 36e6;
/// Pages are fed straighter than this; a larger "skew" is a drawing.
const MOST_SKEW: f32 = 6.0;

/// Pixels: the height of a softened line with the paper around it, and the standard deviation of the softening.
const SOFT_HEIGHT: f32 = 56.0;
const SOFT_WIDTH: f32 = 1.2;

/// What the engine gets, and how much larger it is than the page.
pub struct Prepared {
    pub image: Gray,
    pub dpi: u32,
}

/// A page, upright and straight, made ready for the engine: even paper, no specks, letters of the size that it reads best. Nothing moves:
/// a place in the result is the same place on the page. Ruled lines stay: on the sample corpus, removing them cost more words than it won.
pub fn prepare(page: &Gray, dpi: u32) -> Prepared {
    let mut image = flattened(page, dpi);
    if is_two_tone(page) {
        without_specks(&mut image, dpi);
    }
    // However a page describes itself, it is not blown up beyond what the engine can take in good time.
    let room = (MOST_PIXELS / (page.width as f32 * page.height as f32).max(1.0)).sqrt();
    let wanted = (WANTED_DPI / dpi.max(1) as f32).clamp(0.5, 3.0).min(room);
    let scale = if (0.85..1.08).contains(&wanted) { 1.0 } else { wanted };
    let image = if scale == 1.0 { image } else { scaled(&image, scale) };
    Prepared { image, dpi: (dpi as f32 * scale).round() as u32 }
}

/// A single value made ready: as a page, and without the lines and cells around it.
pub fn prepare_value(part: &Gray, dpi: u32) -> Prepared {
    let mut image = part.clone();
    without_lines(&mut image, dpi);
    prepare(&image, dpi)
}

/// A line of text a little smaller than the engine likes it best, with its strokes softened. Of the registration numbers on the sample corpus
/// that were read wrong, by hand or printed by dots, this reads most right; the size and the width were chosen among nine.
pub fn softened(line: &Gray) -> Gray {
    let scale = (SOFT_HEIGHT / line.height.max(1) as f32).clamp(0.2, 2.0);
    let small = scaled(line, scale);
    match image::GrayImage::from_raw(small.width, small.height, small.pixels) {
        Some(picture) => {
            let soft = image::imageops::blur(&picture, SOFT_WIDTH);
            Gray { width: soft.width(), height: soft.height(), pixels: soft.into_raw() }
        }
        None => line.clone(),
    }
}

fn is_two_tone(page: &Gray) -> bool {
    page.pixels.iter().filter(|p| (16..240).contains(*p)).count() * 50 < page.pixels.len()
}

/// Divides by the paper's own brightness, so that shadows and yellow paper become white. Even paper is left alone.
pub fn flattened(page: &Gray, dpi: u32) -> Gray {
    let tile = (dpi / 6).max(12) as usize;
    let (w, h) = (page.width as usize, page.height as usize);
    let (columns, rows) = (w.div_ceil(tile), h.div_ceil(tile));
    let mut paper = vec![255u8; columns * rows];
    for row in 0..rows {
        for column in 0..columns {
            let mut counts = [0u32; 256];
            let mut all = 0u32;
            for y in (row * tile..((row + 1) * tile).min(h)).step_by(2) {
                for x in (column * tile..((column + 1) * tile).min(w)).step_by(2) {
                    counts[page.pixels[y * w + x] as usize] += 1;
                    all += 1;
                }
            }
            // The brightness that a tenth of the tile exceeds: paper shows through everywhere but in solid bars.
            let mut above = 0;
            let value = (0..256usize).rev().find(|v| {
                above += counts[*v];
                above * 10 >= all
            });
            paper[row * columns + column] = value.unwrap_or(255) as u8;
        }
    }
    if paper.iter().filter(|p| **p < WHITE_ENOUGH).count() * 50 < paper.len() {
        return page.clone();
    }
    // Solid bars take the paper of their brightest neighbour.
    let brightest: Vec<f32> = (0..rows * columns)
        .map(|i| {
            let (row, column) = (i / columns, i % columns);
            let near = (row.saturating_sub(1)..(row + 2).min(rows))
                .flat_map(|r| (column.saturating_sub(1)..(column + 2).min(columns)).map(move |c| r * columns + c));
            f32::from(near.map(|n| paper[n]).max().unwrap_or(255)).max(48.0)
        })
        .collect();
    let mut pixels = Vec::with_capacity(page.pixels.len());
    let place = |at: usize, tiles: usize| {
        let exact = ((at as f32 + 0.5) / tile as f32 - 0.5).clamp(0.0, (tiles - 1) as f32);
        (exact as usize, (exact as usize + 1).min(tiles - 1), exact.fract())
    };
    let across: Vec<_> = (0..w).map(|x| place(x, columns)).collect();
    for y in 0..h {
        let (above, below, down) = place(y, rows);
        for (x, (left, right, along)) in across.iter().enumerate() {
            let mix = |row: usize| brightest[row * columns + left] * (1.0 - along) + brightest[row * columns + right] * along;
            let white = mix(above) * (1.0 - down) + mix(below) * down;
            pixels.push((f32::from(page.pixels[y * w + x]) * 255.0 / white).min(255.0) as u8);
        }
    }
    Gray { width: page.width, height: page.height, pixels }
}

/// Removes dots of a few pixels that stand alone, as faxes scatter them; a full stop is larger.
fn without_specks(image: &mut Gray, dpi: u32) {
    let most = ((dpi as f32 / 200.0).powi(2) * 3.0).round().max(1.0) as usize;
    let (w, h) = (image.width as usize, image.height as usize);
    let mut seen = vec![false; w * h];
    let mut part = Vec::new();
    for start in 0..w * h {
        if seen[start] || image.pixels[start] >= INK {
            continue;
        }
        part.clear();
        part.push(start);
        seen[start] = true;
        let mut next = 0;
        while let Some(&at) = part.get(next) {
            next += 1;
            let (x, y) = (at % w, at / w);
            for near_y in y.saturating_sub(1)..(y + 2).min(h) {
                for near_x in x.saturating_sub(1)..(x + 2).min(w) {
                    let near = near_y * w + near_x;
                    if !seen[near] && image.pixels[near] < INK {
                        seen[near] = true;
                        part.push(near);
                    }
                }
            }
        }
        if part.len() <= most {
            part.iter().for_each(|at| image.pixels[*at] = 255);
        }
    }
}

/// Removes ruled lines and boxes, which the engine takes for letters or cuts lines of text at.
fn without_lines(image: &mut Gray, dpi: u32) {
    let (w, h) = (image.width as usize, image.height as usize);
    let dark: Vec<bool> = image.pixels.iter().map(|p| *p < INK).collect();
    let thickest = (dpi as f32 * 0.028).max(3.0) as usize;
    let mut gone = vec![false; w * h];
    // Rows, then columns, by the same walk: `(length of a run, its stride, across its stride)`.
    let passes = [((dpi as f32 * 0.5) as usize, 1, w, w, h), ((dpi as f32 * 0.28) as usize, w, 1, h, w)];
    for (shortest, step, across, run, runs) in passes {
        for line in 1..runs.saturating_sub(1) {
            let start = line * across;
            let inked = |i: usize| {
                let at = start + i * step;
                dark[at] || dark[at - across] || dark[at + across]
            };
            let mut i = 0;
            while i < run {
                if !inked(i) {
                    i += 1;
                    continue;
                }
                let from = i;
                while i < run && inked(i) {
                    i += 1;
                }
                if i - from < shortest {
                    continue;
                }
                for j in from..i {
                    let at = start + j * step;
                    if !dark[at] {
                        continue;
                    }
                    // How thick the ink is here; where a letter stands on the line it is thicker, and stays.
                    let reach = |forward: bool| {
                        (1..=thickest)
                            .take_while(|d| {
                                let place = if forward { line + d } else { line.wrapping_sub(*d) };
                                place < runs && dark[place * across + j * step]
                            })
                            .count()
                    };
                    let (up, down) = (reach(false), reach(true));
                    if up + down < thickest {
                        for place in line.saturating_sub(up + 1)..=(line + down + 1).min(runs - 1) {
                            gone[place * across + j * step] = true;
                        }
                    }
                }
            }
        }
    }
    for (pixel, gone) in image.pixels.iter_mut().zip(gone) {
        if gone {
            *pixel = 255;
        }
    }
}

/// The ink of a small black-and-white copy, for measuring how the lines of text lie.
pub struct Lie {
    width: usize,
    height: usize,
    /// `(across, down)`
    ink: Vec<(u32, u32)>,
}

impl Lie {
    pub fn of(page: &Gray, dpi: u32) -> Self {
        let scale = (100.0 / dpi.max(1) as f32).min(1.0);
        let dpi = ((dpi as f32 * scale) as u32).max(1);
        // Made small first: the rest then touches a ninth of the pixels.
        let mut small = flattened(&scaled(page, scale), dpi);
        without_lines(&mut small, dpi);
        let (width, height) = (small.width as usize, small.height as usize);
        // A scanner's black edges would outvote the text.
        let edge = dpi as usize / 5;
        let inside = |x: usize, y: usize| x >= edge && y >= edge && x + edge < width && y + edge < height;
        let at = |i: usize| (i % width, i / width);
        let dark = (0..width * height).filter(|&i| small.pixels[i] < 190).map(at).filter(|&(x, y)| inside(x, y));
        Self { width, height, ink: dark.map(|(x, y)| (x as u32, y as u32)).collect() }
    }

    /// How sharply ink changes from one row to the next when the page is sheared by `slope`.
    fn sharpness(&self, slope: f32) -> f64 {
        let extra = (self.width as f32 * slope.abs()).ceil() as usize + 1;
        let middle = self.width as f32 / 2.0;
        let shifts: Vec<i64> = (0..self.width).map(|x| extra as i64 - ((x as f32 - middle) * slope).round() as i64).collect();
        let mut rows = vec![0u32; self.height + 2 * extra];
        for &(x, y) in &self.ink {
            rows[(i64::from(y) + shifts[x as usize]).max(0) as usize] += 1;
        }
        rows.windows(2).map(|pair| (f64::from(pair[0]) - f64::from(pair[1])).powi(2)).sum()
    }

    /// Whether the lines of text run up or down the page.
    pub fn sideways(&self) -> bool {
        let best = |lie: &Lie| [-0.04f32, -0.02, 0.0, 0.02, 0.04].into_iter().map(|slope| lie.sharpness(slope)).fold(0.0, f64::max);
        let turned = Lie { width: self.height, height: self.width, ink: self.ink.iter().map(|&(x, y)| (y, x)).collect() };
        best(&turned) > best(self) * 1.4
    }

    /// How far the lines of text rise for each step to the side, where that is too much to leave.
    fn slope(&self) -> Option<f32> {
        let level = self.sharpness(0.0);
        let most = MOST_SKEW.to_radians().tan();
        let best = |from: f32, to: f32, steps: usize| {
            let slopes = (0..=steps).map(|i| from + (to - from) * i as f32 / steps as f32);
            slopes.map(|s| (self.sharpness(s), s)).max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((0.0, 0.0))
        };
        let (_, coarse) = best(-most, most, 48);
        let (sharpness, slope) = best(coarse - 0.004, coarse + 0.004, 16);
        (slope.abs() > 0.003 && sharpness > level * 1.05).then_some(slope)
    }
}

/// The page with its lines of text level, if they are not, and by which angle it was turned (radians, counterclockwise).
pub fn straightened(page: &Gray, lie: &Lie) -> Option<(Gray, f32)> {
    let angle = lie.slope()?.atan();
    Some((page.levelled(angle), angle))
}

/// Smooth when enlarged, averaged when shrunk.
pub fn scaled(page: &Gray, scale: f32) -> Gray {
    let side = |length: u32| ((length as f32 * scale).round() as u32).max(1);
    resized(page, side(page.width), side(page.height))
}

/// To a size in pixels; the sides may change by different factors.
pub fn resized(page: &Gray, width: u32, height: u32) -> Gray {
    use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer, images::TypedImage, images::TypedImageRef, pixels::U8};
    // By the pixel's type: the call that finds it out at run time brings the code for all of them into the program, four megabytes of it.
    let Ok(from) = TypedImageRef::<U8>::from_buffer(page.width, page.height, &page.pixels) else { return page.clone() };
    let mut pixels = vec![0; width as usize * height as usize];
    let Ok(mut to) = TypedImage::<U8>::from_buffer(width, height, &mut pixels) else { return page.clone() };
    let filter = if height > page.height { FilterType::CatmullRom } else { FilterType::Bilinear };
    match Resizer::new().resize_typed(&from, &mut to, &ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter))) {
        Ok(()) => Gray { width, height, pixels },
        Err(_) => page.clone(),
    }
}

/// The picture with white paper around it; the engine wants some.
pub fn with_margin(page: &Gray, margin: u32) -> Gray {
    let (width, height) = (page.width + 2 * margin, page.height + 2 * margin);
    let at = |x: u32, y: u32| if x < margin || y < margin { 255 } else { page.at(x - margin, y - margin) };
    Gray { width, height, pixels: (0..height).flat_map(|y| (0..width).map(move |x| at(x, y))).collect() }
}
