//! Compares a document with one customer, point by point.
//!
//! Owns: how alike two names, streets, cities, codes and numbers are. Must not touch: what follows from it. Called by: `score`.

use super::normal;
use rapidfuzz::distance::{jaro_winkler, levenshtein};

/// Names, address and numbers of one side, ready to compare.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    pub names: Vec<Vec<String>>,
    pub street: Vec<String>,
    pub city: String,
    pub region: Option<String>,
    pub zip: Option<String>,
    pub phone: Option<String>,
    /// In small letters.
    pub emails: Vec<String>,
    /// Folded registration or exemption numbers.
    pub numbers: Vec<String>,
    /// Of a customer: its folded code. Of a document: what may be one.
    pub codes: Vec<String>,
    /// Of a document: what may be a customer's code in the name of its file.
    pub file_codes: Vec<String>,
}

/// Where a customer's own code was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeSeen {
    Paper,
    FileName,
}

/// How each point compares. `None`: one side does not have it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Points {
    pub name: f64,
    /// House number and street.
    pub street: Option<f64>,
    /// The house numbers are the same.
    pub house: Option<bool>,
    pub city: Option<f64>,
    pub region: Option<bool>,
    pub zip: Option<f64>,
    pub phone: Option<bool>,
    pub number: Option<bool>,
    pub email: Option<bool>,
    /// `None`: not seen, which says nothing.
    pub code: Option<CodeSeen>,
}

pub fn points(document: &Profile, customer: &Profile) -> Points {
    let both = |a: &str, b: &str| !a.is_empty() && !b.is_empty();
    let (house_a, house_b) = (house(&document.street), house(&customer.street));
    Points {
        name: names(&document.names, &customer.names),
        street: (!document.street.is_empty() && !customer.street.is_empty()).then(|| streets(&document.street, &customer.street)),
        house: house_a.zip(house_b).map(|(a, b)| a == b),
        city: both(&document.city, &customer.city)
            .then(|| levenshtein::normalized_similarity(document.city.chars(), customer.city.chars())),
        region: document.region.as_ref().zip(customer.region.as_ref()).map(|(a, b)| a == b),
        zip: document.zip.as_ref().zip(customer.zip.as_ref()).map(|(a, b)| levenshtein::normalized_similarity(a.chars(), b.chars())),
        phone: document.phone.as_ref().zip(customer.phone.as_ref()).map(|(a, b)| a == b),
        number: (!document.numbers.is_empty() && !customer.numbers.is_empty())
            .then(|| document.numbers.iter().any(|n| customer.numbers.contains(n))),
        email: (!document.emails.is_empty() && !customer.emails.is_empty())
            .then(|| document.emails.iter().any(|e| customer.emails.contains(e))),
        code: match customer.codes.first() {
            Some(code) if document.codes.contains(code) => Some(CodeSeen::Paper),
            Some(code) if document.file_codes.contains(code) => Some(CodeSeen::FileName),
            _ => None,
        },
    }
}

/// The best of all forms of both names.
fn names(a: &[Vec<String>], b: &[Vec<String>]) -> f64 {
    let mut best: f64 = 0.0;
    for one in a {
        for two in b {
            best = best.max(name(one, two));
        }
    }
    best
}

/// Word by word in any order: each word must find its like. One word that differs makes another company (“Quay Supply”, “Quay Products”),
/// so the worst word counts, not only the mean.
pub fn name(a: &[String], b: &[String]) -> f64 {
    let (joined_a, joined_b) = (a.concat(), b.concat());
    if joined_a.is_empty() || joined_b.is_empty() {
        return 0.0;
    }
    // OCR joins and splits words: the joined texts agree then.
    let whole = levenshtein::normalized_similarity(joined_a.chars(), joined_b.chars());
    if whole >= 0.999 {
        return 1.0;
    }
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let mut free = vec![true; long.len()];
    let (mut sum, mut weight, mut worst) = (0.0, 0.0, 1.0f64);
    for word in short {
        let like = |other: &String| word_likeness(word, other);
        let best = (0..long.len()).filter(|&i| free[i]).map(|i| (i, like(&long[i]))).max_by(|x, y| x.1.total_cmp(&y.1));
        let (score, letters) = match best {
            Some((i, score)) => {
                free[i] = false;
                (score, word.len().max(long[i].len()))
            }
            None => (0.0, word.len()),
        };
        sum += score * letters as f64;
        weight += letters as f64;
        worst = worst.min(score);
    }
    // Words that only one side has.
    let extra: usize = (0..long.len()).filter(|&i| free[i]).map(|i| long[i].len()).sum();
    let missing = (0..long.len()).any(|i| free[i]);
    weight += extra as f64;
    let worded = if weight > 0.0 { sum / weight } else { 0.0 };
    let strict = if missing { 0.8 } else { 1.0 };
    // Joined texts with few letters changed are OCR errors; a changed word is not.
    let by_words = (0.5 * worded + 0.5 * worst.min(worded)) * strict;
    if a.len() != b.len() && whole >= 0.93 { by_words.max(whole * 0.98) } else { by_words.max(if worst > 0.6 { whole } else { 0.0 }) }
}

/// Two words: a misread letter or two in a long word still is the word.
fn word_likeness(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    let close = levenshtein::normalized_similarity(a.chars(), b.chars());
    let looks = jaro_winkler::similarity(a.chars(), b.chars());
    if look_alike(a) == look_alike(b) {
        0.97
    } else if close >= 0.6 {
        close.max(looks * 0.95 * f64::from(u8::from(close >= 0.7)))
    } else {
        close * 0.6
    }
}

/// Letters that scans confuse, made one.
fn look_alike(word: &str) -> String {
    word.replace("rn", "m")
        .replace("vv", "w")
        .replace("cl", "d")
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | 'l' => 'i',
            '5' => 's',
            '8' => 'b',
            '6' => 'g',
            '2' => 'z',
            c => c,
        })
        .collect()
}

/// The leading number of a street line: the house, or the box.
pub fn house(street: &[String]) -> Option<String> {
    let first = street.first()?;
    if first.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(first.clone());
    }
    let boxed = street.iter().position(|w| w == "box")?;
    street.get(boxed + 1).cloned()
}

/// The house number must agree; the street's words may be misread.
fn streets(a: &[String], b: &[String]) -> f64 {
    let same_house = house(a) == house(b);
    // A suite given on one side only does not part two addresses.
    let core = |s: &[String]| -> String {
        let end = s.iter().position(|w| matches!(w.as_str(), "ste" | "apt" | "unit" | "bldg" | "fl" | "rm" | "dept")).unwrap_or(s.len());
        s[..end.max(1)].concat()
    };
    let text = levenshtein::normalized_similarity(core(a).chars(), core(b).chars());
    if same_house { text } else { text * 0.7 }
}

impl Profile {
    pub fn add_number(&mut self, folded: String) {
        // Short numbers agree by chance.
        if folded.len() >= 6 {
            self.numbers.push(folded);
        }
    }

    /// A code as it stands in a list, or a word that may be one.
    pub fn folded_code(text: &str) -> Option<String> {
        let folded: String = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        // Bare numbers stand on every paper: ZIP codes, house numbers, the numbers of forms.
        let mixed = folded.chars().any(|c| c.is_ascii_digit()) && folded.chars().any(|c| c.is_ascii_alphabetic());
        (mixed && folded.len() >= 4).then_some(folded)
    }

    pub fn set_phone(&mut self, text: &str) {
        let digits = normal::digits(text);
        self.phone = (digits.len() >= 10).then(|| digits[digits.len() - 10..].to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(a: &str, b: &str) -> f64 {
        names(&normal::name_forms(a), &normal::name_forms(b))
    }

    #[test]
    fn one_company_in_many_spellings() {
        for (a, b) in [
            ("Tidewater Brass Works, Inc.", "TIDEWATER BRASS WORKS"),
            ("Tidevvater Brass Works", "Tidewater Brass Works LLC"),
            ("Tidewater BrassWorks", "Tidewater Brass Works"),
            ("Brass Works Tidewater", "Tidewater Brass Works"),
            ("Alder Holdings LLC dba Quay Brass", "Quay Brass"),
            ("Tidewatei Brass Works", "Tidewater Brass Works"),
        ] {
            assert!(like(a, b) > 0.9, "{a} / {b}: {}", like(a, b));
        }
    }

    #[test]
    fn two_companies_stay_two() {
        for (a, b) in [
            ("Quay Marine Supply", "Quay Marine Products"),
            ("Quay Marine Supply", "Quay Motor Supply"),
            ("Harbor Brass", "Harbor Brass of Boston"),
            ("Alder Toy Goods", "Elder Boy Foods"),
        ] {
            assert!(like(a, b) < 0.88, "{a} / {b}: {}", like(a, b));
        }
    }

    #[test]
    fn the_house_number_singles_out() {
        let s = |t: &str| normal::street_words(t);
        assert!(streets(&s("12 Quay Street"), &s("12 Quay St, Suite 4")) > 0.95);
        assert!(streets(&s("12 Quay Street"), &s("14 Quay Street")) < 0.75);
    }
}
