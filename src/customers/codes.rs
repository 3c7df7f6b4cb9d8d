//! Forensics of customer codes: what a spreadsheet program did to them.

use crate::domain::{Cell, CustomerCode};

/// What is typical of the codes of one list; a lone odd one is told from a habit by it.
#[derive(Debug, Clone, Default)]
pub(super) struct Habits {
    /// Of the codes of digits only: how many have each length.
    lengths: std::collections::BTreeMap<usize, usize>,
    digits: usize,
    leading_zeros: usize,
    /// `123.5`, and not only `123.0`.
    fractions: bool,
}

/// What the habits come to: what one code is judged by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// The one length that codes have which begin with a zero, where there are any.
    padded_to: Option<usize>,
    /// `123.5` occurs, so `123.0` may be a code.
    fractions: bool,
}

impl Habits {
    pub(super) fn add(&mut self, text: &str) {
        // Only codes that begin with a digit show a habit.
        if text.bytes().next().is_none_or(|first| first.is_ascii_alphabetic()) {
            return;
        }
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            self.digits += 1;
            *self.lengths.entry(text.len()).or_default() += 1;
            self.leading_zeros += usize::from(text.starts_with('0') && text.len() > 1);
        } else if let Some((whole, part)) = text.split_once('.')
            && !whole.is_empty()
            && whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit())
        {
            self.fractions |= !part.trim_end_matches('0').is_empty();
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        other.lengths.iter().for_each(|(length, times)| *self.lengths.entry(*length).or_default() += times);
        self.digits += other.digits;
        self.leading_zeros += other.leading_zeros;
        self.fractions |= other.fractions;
    }

    pub(super) fn style(&self) -> Style {
        let most = self.lengths.iter().max_by_key(|(_, times)| **times);
        let padded_to = most.filter(|(_, times)| self.leading_zeros > 0 && **times * 2 > self.digits).map(|(length, _)| *length);
        Style { padded_to, fractions: self.fractions }
    }
}

/// A code as it will be used, with what to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict<'a> {
    Fine(&'a str),
    /// Used, but repaired: how.
    Repaired(&'a str, &'static str),
    /// Used, but somebody should look: why.
    Doubtful(&'a str, String),
    /// Not the code that stands on invoices: why.
    Destroyed(String),
}

pub(super) fn judge<'a>(cell: Cell<'a>, style: Style) -> Verdict<'a> {
    let text = match cell {
        Cell::Date(shown) => return Verdict::Destroyed(format!("the spreadsheet program turned it into the date {shown}")),
        Cell::Error(shown) => return Verdict::Destroyed(format!("the cell holds the error {shown}")),
        Cell::Bool(_) => return Verdict::Destroyed("the cell holds a yes/no value".to_owned()),
        Cell::Empty | Cell::Text(_) | Cell::Number(_) => cell.text(),
    };
    let bare = text.trim();
    // `C10233` and the like: nothing that a spreadsheet program writes looks so.
    let plain = matches!(cell, Cell::Text(_))
        && bare.len() == text.len()
        && bare.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && bare.bytes().fold(true, |plain, byte| plain & (byte.is_ascii_alphanumeric() | (byte == b'-')));
    if plain {
        return Verdict::Fine(bare);
    }
    if bare.contains('\u{fffd}') {
        return Verdict::Destroyed("it holds a letter that could not be read".to_owned());
    }
    if scientific(bare) {
        return Verdict::Destroyed("it is in scientific notation, so digits are lost".to_owned());
    }
    if matches!(cell, Cell::Number(_)) && bare.bytes().filter(u8::is_ascii_digit).count() > 15 {
        return Verdict::Destroyed("it has more than 15 digits and was stored as a number, so the last digits are lost".to_owned());
    }
    if let Some((whole, part)) = bare.split_once('.')
        && !whole.is_empty()
        && !part.is_empty()
        && whole.bytes().all(|b| b.is_ascii_digit())
        && part.bytes().all(|b| b == b'0')
        && !style.fractions
    {
        if let Some(length) = style.padded_to.filter(|length| whole.len() < *length) {
            let why = format!(
                "it was stored as a number, and other codes have {length} digits with leading zeros; this may have been {whole:0>length$}"
            );
            return Verdict::Doubtful(whole, why);
        }
        return Verdict::Repaired(whole, "the “.0” that a spreadsheet program adds to numbers was taken off");
    }
    if matches!(cell, Cell::Number(_)) && bare.contains(['.', '-']) {
        return Verdict::Doubtful(bare, "it is stored as a number with a fraction or a minus".to_owned());
    }
    if let Some(length) = style.padded_to
        && bare.len() < length
        && bare.bytes().all(|b| b.is_ascii_digit())
    {
        return Verdict::Doubtful(
            bare,
            format!("other codes have {length} digits with leading zeros; this may have been {bare:0>length$}"),
        );
    }
    let marked = super::text::without_text_mark(bare);
    if marked.len() < bare.len() && !marked.is_empty() {
        return Verdict::Repaired(marked.trim(), "the apostrophe that marks text in a spreadsheet was taken off");
    }
    if bare.len() < text.len() {
        return Verdict::Repaired(bare, "blanks before or after it were taken off");
    }
    Verdict::Fine(bare)
}

/// `1.23457E+11`
fn scientific(text: &str) -> bool {
    let Some((mantissa, power)) = text.split_once(['E', 'e']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let sign = power.strip_prefix(['+', '-']);
    match mantissa.split_once(['.', ',']) {
        Some((whole, part)) => whole.len() == 1 && digits(whole) && digits(part) && sign.is_some_and(digits),
        // `1E5` may be a code; `1E+05` is what a spreadsheet program writes.
        None => mantissa.len() == 1 && digits(mantissa) && sign.is_some_and(|power| digits(power) && power.len() >= 2),
    }
}

/// `10233 Blue Ridge Supply`, `C-12: Ames`, `Ames Ltd (C-12)`: the code and the name. `None` where it isn't sure which is which.
pub fn code_and_name(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let is_code = |code: &str| {
        (2..=CustomerCode::MAX_CHARS).contains(&code.len())
            && code.bytes().any(|b| b.is_ascii_digit())
            && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b'#'))
            && code.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
            && code.bytes().last().is_some_and(|last| last.is_ascii_alphanumeric())
            // `1st Choice` and `24/7 Fitness` are names.
            && !["st", "nd", "rd", "th"].iter().any(|end| code.to_ascii_lowercase().strip_suffix(end).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())))
    };
    let is_name = |name: &str| name.chars().filter(|letter| letter.is_alphabetic()).count() >= 2;
    if let Some((name, code)) = text.strip_suffix([')', ']']).and_then(|open| open.rsplit_once(['(', '[']))
        && is_code(code.trim())
        && is_name(name)
    {
        return Some((code.trim(), name.trim()));
    }
    let end = text.find(|letter: char| letter.is_whitespace() || matches!(letter, ':' | '|'))?;
    let (code, rest) = text.split_at_checked(end)?;
    let name = rest.trim_start_matches(|letter: char| letter.is_whitespace() || matches!(letter, '-' | ':' | '|' | '–' | '—'));
    (is_code(code) && is_name(name)).then_some((code, name))
}

/// Codes that are equal by this are likely one customer typed twice.
pub(super) fn folded(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// A sum that is equal for codes of which [`folded`] is equal.
pub(super) fn alike(code: &str) -> u64 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut sum = 0x51ed_270b_0a1f_39c1u64;
    let mut add = |letter: u32| sum = (sum.rotate_left(7) ^ u64::from(letter)).wrapping_mul(MIX);
    for letter in code.chars().filter(|c| !c.is_whitespace()) {
        match letter.is_ascii() {
            true => add(u32::from(letter.to_ascii_lowercase())),
            false => letter.to_lowercase().for_each(|letter| add(u32::from(letter))),
        }
    }
    (sum ^ sum >> 32).wrapping_mul(MIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn habits(codes: &[&str]) -> Style {
        let mut habits = Habits::default();
        codes.iter().for_each(|code| habits.add(code));
        habits.style()
    }

    #[test]
    fn codes_stay_to_the_letter() {
        let none = habits(&[]);
        for code in ["C-10233", "00017", "B/2041", "1E5", "12E4", "a b", "10.5.2", "x.0"] {
            assert_eq!(judge(Cell::Text(code), none), Verdict::Fine(code));
        }
        assert_eq!(judge(Cell::Number("10233"), none), Verdict::Fine("10233"));
    }

    #[test]
    fn a_code_and_a_name_in_one_cell_are_parted_where_it_is_sure() {
        for (text, code, name) in [
            ("10233 Blue Ridge Supply", "10233", "Blue Ridge Supply"),
            ("C-12: Ames", "C-12", "Ames"),
            ("00017 - Bow Inc.", "00017", "Bow Inc."),
            ("Ames Ltd (C-12)", "C-12", "Ames Ltd"),
            ("CUS0101 | Ames & Sons, LLC", "CUS0101", "Ames & Sons, LLC"),
        ] {
            assert_eq!(code_and_name(text), Some((code, name)), "{text}");
        }
        for text in ["Blue Ridge Supply", "10233", "1st Choice Auto", "Ames (Reno)", "12 34", "", "3 M", "#12 Ames"] {
            assert_eq!(code_and_name(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_spreadsheet_program_did_is_seen() {
        let none = habits(&[]);
        assert!(matches!(judge(Cell::Text("123.0"), none), Verdict::Repaired(code, _) if code == "123"));
        assert!(matches!(judge(Cell::Text("123.0"), habits(&["123.0", "123.1"])), Verdict::Fine(_)));
        assert!(matches!(judge(Cell::Text("C-1 "), none), Verdict::Repaired(code, _) if code == "C-1"));
        assert!(matches!(judge(Cell::Text("'0012"), none), Verdict::Repaired(code, _) if code == "0012"));
        for lost in [
            Cell::Text("1.23457E+11"),
            Cell::Text("1E+05"),
            Cell::Date("2026-01-02"),
            Cell::Number("1234567890123450000"),
            Cell::Error("#N/A"),
        ] {
            assert!(matches!(judge(lost, none), Verdict::Destroyed(_)), "{lost:?}");
        }
        let padded = habits(&["00017", "00018", "12345", "19"]);
        assert!(matches!(judge(Cell::Text("19.0"), padded), Verdict::Doubtful("19", why) if why.contains("00019")));
        assert!(matches!(judge(Cell::Number("19"), padded), Verdict::Doubtful(_, why) if why.contains("00019")));
        assert!(matches!(judge(Cell::Number("19"), habits(&["19", "200", "7"])), Verdict::Fine(_)));
    }
}
