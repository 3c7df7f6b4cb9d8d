//! From single points to a score.
//!
//! Owns: the weights. Must not touch: what is sure. Called by: `decide`.

use super::compare::{CodeSeen, Points};

/// Weights of the points; they add up to 1. The name alone cannot carry a match, nor can the place.
const NAME: f64 = 0.5;
const STREET: f64 = 0.2;
const ZIP: f64 = 0.13;
const CITY: f64 = 0.07;
const NUMBER: f64 = 0.07;
const PHONE: f64 = 0.03;
/// Added on top where they agree: most papers show neither. A code in the file's name was put there by whoever scanned it.
const EMAIL: f64 = 0.03;
const CODE_ON_PAPER: f64 = 0.08;
const CODE_IN_FILE_NAME: f64 = 0.02;

/// 0 to 1. What one side does not have counts half.
pub fn score(points: &Points) -> f64 {
    let flag = |known: Option<bool>| known.map(|same| f64::from(u8::from(same)));
    let half = |value: Option<f64>| value.unwrap_or(0.5);
    let mut sum = NAME * points.name + STREET * half(points.street) + ZIP * half(points.zip) + CITY * half(points.city);
    // A number that differs says little: buyers hold several. One that agrees says much.
    sum += NUMBER
        * match points.number {
            Some(true) => 1.0,
            Some(false) => 0.4,
            None => 0.5,
        };
    sum += PHONE * flag(points.phone).unwrap_or(0.5);
    if points.region == Some(false) {
        sum -= 0.08;
    }
    sum.clamp(0.0, 1.0)
}

/// What is added for the order alone.
pub fn hints(points: &Points) -> f64 {
    let code = match points.code {
        Some(CodeSeen::Paper) => CODE_ON_PAPER,
        Some(CodeSeen::FileName) => CODE_IN_FILE_NAME,
        None => 0.0,
    };
    code + if points.email == Some(true) { EMAIL } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_everywhere_is_near_one_and_nowhere_near_nothing() {
        let all = Points {
            name: 1.0,
            street: Some(1.0),
            house: Some(true),
            city: Some(1.0),
            region: Some(true),
            zip: Some(1.0),
            phone: Some(true),
            number: Some(true),
            ..Points::default()
        };
        assert!(score(&all) > 0.99);
        let none = Points {
            name: 0.1,
            street: Some(0.1),
            house: Some(false),
            city: Some(0.1),
            region: Some(false),
            zip: Some(0.0),
            phone: Some(false),
            number: Some(false),
            ..Points::default()
        };
        assert!(score(&none) < 0.15);
        assert!((NAME + STREET + ZIP + CITY + NUMBER + PHONE - 1.0).abs() < 1e-9);
    }
}
