//! Forensics of customer codes: what a spreadsheet program did to them.

use crate::domain::{Cell, Row};

/// What is typical of the codes of one list; a lone odd one is told from a habit by it.
#[derive(Debug, Clone, Default)]
pub(super) struct Habits {
    /// Of the codes of digits only: how many have each length.
    lengths: std::collections::BTreeMap<usize, usize>,
    digits: usize,
    leading_zeros: usize,
    /// `123.0` and `123.5`.
    point_zero: usize,
    point_other: usize,
}

impl Habits {
    pub(super) fn of<'a>(rows: impl Iterator<Item = Row<'a>>, column: usize) -> Self {
        let mut habits = Self::default();
        for row in rows {
            let text = row.get(column).text().trim();
            if text.is_empty() {
                continue;
            }
            if text.bytes().all(|b| b.is_ascii_digit()) {
                habits.digits += 1;
                *habits.lengths.entry(text.len()).or_default() += 1;
                habits.leading_zeros += usize::from(text.starts_with('0') && text.len() > 1);
            } else if let Some((whole, part)) = text.split_once('.')
                && !whole.is_empty()
                && whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit())
            {
                match part.trim_end_matches('0').is_empty() {
                    true => habits.point_zero += 1,
                    false => habits.point_other += 1,
                }
            }
        }
        habits
    }

    /// The one length that codes have which begin with a zero, where there are any.
    fn padded_to(&self) -> Option<usize> {
        let (length, times) = self.lengths.iter().max_by_key(|(_, times)| **times)?;
        (self.leading_zeros > 0 && times * 2 > self.digits).then_some(*length)
    }
}

/// A code as it will be used, with what to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine(String),
    /// Used, but repaired: how.
    Repaired(String, &'static str),
    /// Used, but somebody should look: why.
    Doubtful(String, String),
    /// Not the code that stands on invoices: why.
    Destroyed(String),
}

pub(super) fn judge(cell: Cell<'_>, habits: &Habits) -> Verdict {
    let text = match cell {
        Cell::Date(shown) => return Verdict::Destroyed(format!("the spreadsheet program turned it into the date {shown}")),
        Cell::Error(shown) => return Verdict::Destroyed(format!("the cell holds the error {shown}")),
        Cell::Bool(_) => return Verdict::Destroyed("the cell holds a yes/no value".to_owned()),
        Cell::Empty | Cell::Text(_) | Cell::Number(_) => cell.text(),
    };
    let bare = text.trim();
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
        && habits.point_other == 0
    {
        return Verdict::Repaired(whole.to_owned(), "the “.0” that a spreadsheet program adds to numbers was taken off");
    }
    if matches!(cell, Cell::Number(_)) && bare.contains(['.', '-']) {
        return Verdict::Doubtful(bare.to_owned(), "it is stored as a number with a fraction or a minus".to_owned());
    }
    if let Some(length) = habits.padded_to()
        && bare.len() < length
        && bare.bytes().all(|b| b.is_ascii_digit())
    {
        return Verdict::Doubtful(
            bare.to_owned(),
            format!("other codes have {length} digits with leading zeros; this may have been {bare:0>length$}"),
        );
    }
    let marked = super::text::without_text_mark(bare);
    if marked.len() < bare.len() && !marked.is_empty() {
        return Verdict::Repaired(marked.trim().to_owned(), "the apostrophe that marks text in a spreadsheet was taken off");
    }
    if bare.len() < text.len() {
        return Verdict::Repaired(bare.to_owned(), "blanks before or after it were taken off");
    }
    Verdict::Fine(bare.to_owned())
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

/// Codes that are equal by this are likely one customer typed twice.
pub(super) fn folded(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Grid;

    fn habits(codes: &[&str]) -> Habits {
        let rows: Vec<[&str; 1]> = codes.iter().map(|code| [*code]).collect();
        let grid = Grid::of_texts("S", &rows);
        Habits::of(grid.rows(), 0)
    }

    #[test]
    fn codes_stay_to_the_letter() {
        let none = habits(&[]);
        for code in ["C-10233", "00017", "B/2041", "1E5", "12E4", "a b", "10.5.2", "x.0"] {
            assert_eq!(judge(Cell::Text(code), &none), Verdict::Fine(code.to_owned()));
        }
        assert_eq!(judge(Cell::Number("10233"), &none), Verdict::Fine("10233".to_owned()));
    }

    #[test]
    fn what_a_spreadsheet_program_did_is_seen() {
        let none = habits(&[]);
        assert!(matches!(judge(Cell::Text("123.0"), &none), Verdict::Repaired(code, _) if code == "123"));
        assert!(matches!(judge(Cell::Text("123.0"), &habits(&["123.0", "123.1"])), Verdict::Fine(_)));
        assert!(matches!(judge(Cell::Text("C-1 "), &none), Verdict::Repaired(code, _) if code == "C-1"));
        assert!(matches!(judge(Cell::Text("'0012"), &none), Verdict::Repaired(code, _) if code == "0012"));
        for lost in [
            Cell::Text("1.23457E+11"),
            Cell::Text("1E+05"),
            Cell::Date("2026-01-02"),
            Cell::Number("1234567890123450000"),
            Cell::Error("#N/A"),
        ] {
            assert!(matches!(judge(lost, &none), Verdict::Destroyed(_)), "{lost:?}");
        }
        let padded = habits(&["00017", "00018", "12345", "19"]);
        assert!(matches!(judge(Cell::Number("19"), &padded), Verdict::Doubtful(_, why) if why.contains("00019")));
        assert!(matches!(judge(Cell::Number("19"), &habits(&["19", "200", "7"])), Verdict::Fine(_)));
    }
}
