//! The sheet of paper in a photograph.
//!
//! Owns: finding its four corners on a darker ground. Must not touch: engines, what stands on it. Called by: the Tesseract engine.
//!
//! A photograph that was not taken straight from above shows the sheet as a crooked quadrangle: its lines of text are level at the top and not at
//! the bottom, and no turning makes them so. Scans fill their picture, so that nothing is found there.

use super::prepare::scaled;
use crate::domain::{Corners, Gray};

/// Pixels of the longer side of the copy on which the sheet is looked for.
const SMALL: f32 = 400.0;
/// Grey values by which paper is brighter than what it lies on, in the middle of both.
const BRIGHTER: f32 = 50.0;
/// The thresholds that are tried, as shares of the one that parts the picture best.
const DARKER: [f32; 5] = [1.0, 0.87, 0.75, 0.65, 0.56];
/// Grey values by which a sheet's edge stands out from the ground within a few pixels, and the share of each side on which it does. The edge of
/// a shadow is soft.
const STEP: f32 = 22.0;
const STEPPED: f32 = 0.6;
/// The share of the picture's edge that is ground and not paper.
const GROUND_AT_EDGE: f32 = 0.4;
/// The share of the picture that the sheet takes.
const LEAST: f32 = 0.25;
/// The shares of the quadrangle that is bright (the rest is print), and of the bright patch that lies within it.
const BRIGHT_WITHIN: f32 = 0.7;
const PATCH_WITHIN: f32 = 0.97;
/// The share of the patch that may be bright beside it.
const BESIDE: f32 = 0.04;
/// Opposite sides of a sheet seen from straight above are of one length to within this; then turning is enough.
const CROOKED: f32 = 0.012;
/// How far the corners are moved inwards, in shares of the sheet: its edge throws a dark line.
const INSET: f32 = 0.004;

/// The corners of a crooked sheet that lies on a darker ground; `None` where there is none or it is straight.
pub fn corners(picture: &Gray) -> Option<Corners> {
    let longer = picture.width.max(picture.height) as f32;
    let small = scaled(picture, (SMALL / longer).min(1.0));
    let (w, h) = (small.width as usize, small.height as usize);
    if w < 40 || h < 40 {
        return None;
    }
    let best = f32::from(between(&small)?);
    // A shadow may darken a part of the sheet: a lower threshold then takes in all of it.
    let quad = DARKER.iter().find_map(|share| sheet_above(&small, (best * share) as u8))?;
    if !is_crooked(&quad) {
        return None;
    }
    let middle = (quad.iter().map(|p| p.0).sum::<f32>() / 4.0, quad.iter().map(|p| p.1).sum::<f32>() / 4.0);
    // The middle of a pixel is its place.
    let inwards = |(x, y): (f32, f32)| (x + (middle.0 - x) * INSET * 2.0 + 0.5, y + (middle.1 - y) * INSET * 2.0 + 0.5);
    let fraction = |p| {
        let (x, y) = inwards(p);
        [x / w as f32, y / h as f32]
    };
    Some(Corners(quad.map(fraction)))
}

/// The sheet as the largest patch of pixels brighter than `threshold`: corners in pixels, clockwise from the top left.
fn sheet_above(small: &Gray, threshold: u8) -> Option<[Point; 4]> {
    let (w, h) = (small.width as usize, small.height as usize);
    let bright: Vec<bool> = small.pixels.iter().map(|p| *p > threshold).collect();
    let edge = (0..w).flat_map(|x| [(x, 0), (x, h - 1)]).chain((0..h).flat_map(|y| [(0, y), (w - 1, y)]));
    let ground = edge.filter(|(x, y)| !bright[y * w + x]).count();
    if (ground as f32) < GROUND_AT_EDGE * (2 * (w + h)) as f32 {
        return None;
    }
    let patch = largest(&bright, w, h);
    if (patch.len() as f32) < LEAST * (w * h) as f32 * BRIGHT_WITHIN {
        return None;
    }
    let point = |i: &usize| ((i % w) as f32, (i / w) as f32);
    let extreme = |worth: fn((f32, f32)) -> f32| patch.iter().map(point).max_by(|a, b| worth(*a).total_cmp(&worth(*b)));
    let quad = [extreme(|(x, y)| -x - y)?, extreme(|(x, y)| x - y)?, extreme(|(x, y)| x + y)?, extreme(|(x, y)| y - x)?];
    (is_sheet(&quad, &patch, w, h) && !is_part(&quad, &bright, patch.len(), w, h) && has_edges(small, &quad)).then_some(quad)
}

/// The grey value that parts two kinds of pixels best (Otsu's method), if they differ enough.
fn between(picture: &Gray) -> Option<u8> {
    let mut counts = [0f32; 256];
    picture.pixels.iter().for_each(|p| counts[*p as usize] += 1.0);
    let all: f32 = counts.iter().sum();
    let sum: f32 = counts.iter().enumerate().map(|(v, n)| v as f32 * n).sum();
    let (mut below, mut below_sum, mut best) = (0.0, 0.0, (0.0, 0u8, 0.0));
    for (value, n) in counts.iter().enumerate() {
        below += n;
        below_sum += value as f32 * n;
        let above = all - below;
        if below == 0.0 || above == 0.0 {
            continue;
        }
        let apart = (sum - below_sum) / above - below_sum / below;
        let worth = below * above * apart * apart;
        if worth > best.0 {
            best = (worth, value as u8, apart);
        }
    }
    (best.2 >= BRIGHTER).then_some(best.1)
}

/// The pixels of the largest bright patch.
fn largest(bright: &[bool], w: usize, h: usize) -> Vec<usize> {
    let mut seen = vec![false; w * h];
    let mut best = Vec::new();
    for start in 0..w * h {
        if seen[start] || !bright[start] {
            continue;
        }
        seen[start] = true;
        let mut patch = vec![start];
        let mut next = 0;
        while let Some(&at) = patch.get(next) {
            next += 1;
            let (x, y) = (at % w, at / w);
            let near = [(x > 0).then(|| at - 1), (x + 1 < w).then(|| at + 1), (y > 0).then(|| at - w), (y + 1 < h).then(|| at + w)];
            for i in near.into_iter().flatten() {
                if !seen[i] && bright[i] {
                    seen[i] = true;
                    patch.push(i);
                }
            }
        }
        if patch.len() > best.len() {
            best = patch;
        }
    }
    best
}

type Point = (f32, f32);

fn length(a: Point, b: Point) -> f32 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// On which side of the line from `a` to `b` a point lies, and how far, in pixels; inside is positive for corners in clockwise order.
fn side(a: Point, b: Point, p: Point) -> f32 {
    ((b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0)) / length(a, b).max(1.0)
}

/// Convex, large, with corners that are nearly right angles, filled by the patch, and with nothing of the patch outside.
fn is_sheet(quad: &[Point; 4], patch: &[usize], w: usize, h: usize) -> bool {
    let corner = |i: usize| quad[i % 4];
    let square = (0..4).all(|i| {
        let (before, at, after) = (corner(i + 3), corner(i), corner(i + 1));
        let (u, v) = ((before.0 - at.0, before.1 - at.1), (after.0 - at.0, after.1 - at.1));
        let cosine = (u.0 * v.0 + u.1 * v.1) / (u.0.hypot(u.1) * v.0.hypot(v.1)).max(1.0);
        cosine.abs() < 0.35 && length(at, after) > 0.25 * w.min(h) as f32
    });
    let area = 0.5 * (0..4).map(|i| corner(i).0 * corner(i + 1).1 - corner(i + 1).0 * corner(i).1).sum::<f32>();
    // Two pixels of the small copy: the patch's edge is ragged.
    let inside = |i: &&usize| {
        let p = ((*i % w) as f32, (*i / w) as f32);
        (0..4).all(|n| side(corner(n), corner(n + 1), p) > -2.0)
    };
    let within = patch.iter().filter(inside).count() as f32;
    square && area > LEAST * (w * h) as f32 && within > BRIGHT_WITHIN * area && within > PATCH_WITHIN * patch.len() as f32
}

/// Does something as bright lie beside the sheet? It may be another one, or its other half behind a shadow: then nothing may be cut away.
fn is_part(quad: &[Point; 4], bright: &[bool], patch: usize, w: usize, h: usize) -> bool {
    let outside = |i: usize| (0..4).any(|n| side(quad[n], quad[(n + 1) % 4], ((i % w) as f32, (i / w) as f32)) < -2.0);
    let beside = (0..w * h).filter(|&i| bright[i] && outside(i)).count();
    beside as f32 > BESIDE * patch as f32
}

/// Does the picture get darker all at once at each side of the quadrangle?
fn has_edges(small: &Gray, quad: &[Point; 4]) -> bool {
    const SAMPLES: usize = 40;
    const AWAY: f32 = 3.0;
    let at = |x: f32, y: f32| {
        let (x, y) = (x.round().clamp(0.0, small.width as f32 - 1.0), y.round().clamp(0.0, small.height as f32 - 1.0));
        f32::from(small.at(x as u32, y as u32))
    };
    (0..4).all(|n| {
        let (a, b) = (quad[n], quad[(n + 1) % 4]);
        let long = length(a, b).max(1.0);
        // Clockwise corners have the sheet on their right.
        let inwards = (-(b.1 - a.1) / long, (b.0 - a.0) / long);
        let stepped = (1..SAMPLES).filter(|i| {
            let t = *i as f32 / SAMPLES as f32;
            let (x, y) = (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t);
            at(x + AWAY * inwards.0, y + AWAY * inwards.1) - at(x - AWAY * inwards.0, y - AWAY * inwards.1) >= STEP
        });
        stepped.count() as f32 >= STEPPED * (SAMPLES - 1) as f32
    })
}

fn is_crooked(quad: &[Point; 4]) -> bool {
    let [a, b, c, d] = *quad;
    let differ = |p: f32, q: f32| (p - q).abs() / p.max(q).max(1.0);
    differ(length(a, b), length(d, c)) > CROOKED
        || differ(length(a, d), length(b, c)) > CROOKED
        || differ(length(a, c), length(b, d)) > CROOKED
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sheet with lines of print on a ground, seen from aside. Corners in pixels.
    fn photograph(ground: u8, quad: [[f32; 2]; 4]) -> (Gray, Corners) {
        let (w, h) = (600u32, 800u32);
        let truth = Corners(quad.map(|[x, y]| [x / w as f32, y / h as f32]));
        let mut picture = Gray { width: w, height: h, pixels: vec![ground; (w * h) as usize] };
        for y in 0..h {
            for x in 0..w {
                let (u, v) = truth.on_sheet((x as f32 + 0.5) / w as f32, (y as f32 + 0.5) / h as f32);
                if (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v) {
                    let printed = (0.1..0.9).contains(&u) && (v * 40.0).fract() < 0.3 && (0.1..0.9).contains(&v);
                    picture.pixels[(y * w + x) as usize] = if printed { 40 } else { 215 };
                }
            }
        }
        (picture, truth)
    }

    #[test]
    fn the_sheet_is_found_where_it_lies_crooked_on_a_darker_ground() {
        let (picture, truth) = photograph(60, [[60.0, 50.0], [530.0, 30.0], [575.0, 760.0], [25.0, 740.0]]);
        let found = corners(&picture).unwrap();
        for (a, b) in found.0.iter().zip(truth.0) {
            assert!((a[0] - b[0]).abs() < 0.01 && (a[1] - b[1]).abs() < 0.01, "{found:?} {truth:?}");
        }
        // Flat, its lines of print are level: dark rows are dark from side to side.
        let flat = picture.flattened(&found);
        let (row, left, right) = (flat.height / 2, flat.width / 5, flat.width * 4 / 5);
        let dark = |x: u32| (row - 30..row + 30).filter(|y| flat.at(x, *y) < 128).collect::<Vec<_>>();
        let (a, b) = (dark(left), dark(right));
        assert!(!a.is_empty() && (a[0] as i64 - b[0] as i64).abs() <= 2, "{a:?} {b:?}");
    }

    #[test]
    fn a_shadow_on_the_sheet_is_not_its_edge() {
        let (mut picture, truth) = photograph(60, [[60.0, 50.0], [530.0, 30.0], [575.0, 760.0], [25.0, 740.0]]);
        // The upper part lies in a soft shadow, as dark as half way to the ground.
        for y in 0..800u32 {
            let shade = 1.0 - 0.45 * (1.0 - (f64::from(y) - 200.0).clamp(0.0, 150.0) / 150.0);
            for pixel in &mut picture.pixels[(y * 600) as usize..(y * 600 + 600) as usize] {
                *pixel = (f64::from(*pixel) * shade) as u8;
            }
        }
        if let Some(found) = corners(&picture) {
            for (a, b) in found.0.iter().zip(truth.0) {
                assert!((a[0] - b[0]).abs() < 0.015 && (a[1] - b[1]).abs() < 0.015, "{found:?} {truth:?}");
            }
        }
    }

    #[test]
    fn a_second_sheet_beside_it_is_not_cut_away() {
        let (mut picture, _) = photograph(60, [[60.0, 50.0], [390.0, 30.0], [420.0, 760.0], [25.0, 740.0]]);
        assert!(corners(&picture).is_some());
        (100..700).for_each(|y| (470..570).for_each(|x| picture.pixels[y * 600 + x] = 215));
        assert_eq!(corners(&picture), None);
    }

    #[test]
    fn scans_and_straight_photographs_are_left_alone() {
        let straight = [[60.0, 50.0], [540.0, 50.0], [540.0, 750.0], [60.0, 750.0]];
        assert_eq!(corners(&photograph(60, straight).0), None);
        let crooked = [[60.0, 50.0], [530.0, 30.0], [575.0, 760.0], [25.0, 740.0]];
        assert_eq!(corners(&photograph(200, crooked).0), None, "the ground is as bright as paper");
        // A scan: print on white up to the edges, with one black border.
        let mut scan = photograph(215, straight).0;
        (0..800).for_each(|y| (0..25).for_each(|x| scan.pixels[y * 600 + x] = 0));
        assert_eq!(corners(&scan), None);
        assert_eq!(corners(&Gray { width: 10, height: 10, pixels: vec![0; 100] }), None);
        assert_eq!(corners(&Gray { width: 100, height: 100, pixels: vec![7; 10_000] }), None);
    }
}
