//! Number formats: which of them show a number as a date or with leading zeros.

use super::workbook::Mask;

/// How the numbers of one cell format are shown, where that matters.
pub(super) enum Shown {
    Zeros(Mask),
    Date,
}

impl Shown {
    /// Of a format's text, or of its number where it has no text.
    pub(super) fn of(id: u16, text: Option<&str>) -> Option<Self> {
        match text {
            Some(text) => match Mask::new(text) {
                Some(mask) => Some(Shown::Zeros(mask)),
                None => is_date(text).then_some(Shown::Date),
            },
            None => is_date_id(id).then_some(Shown::Date),
        }
    }
}

/// The formats that have numbers but no text and show dates or times ([MS-XLS] 2.4.126; 27 to 36 and 50 to 58 are those of East Asia).
fn is_date_id(id: u16) -> bool {
    matches!(id, 14..=22 | 27..=36 | 45..=47 | 50..=58)
}

/// Whether a format's text shows a date or a time: it has a letter for day, month, year, hour or second outside of what is shown as it is.
fn is_date(format: &str) -> bool {
    // The names that SpreadsheetML 2003 has for formats.
    if matches!(format, "General" | "General Number" | "Standard" | "Fixed" | "Scientific" | "Percent" | "Currency" | "Euro Currency") {
        return false;
    }
    if format.ends_with(" Date") || format.ends_with(" Time") {
        return true;
    }
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => while letters.next().is_some_and(|inner| inner != '"') {},
            '\\' | '_' | '*' => {
                letters.next();
            }
            // `[Red]`, `[$-409]`; but `[h]` counts hours.
            '[' => {
                let inner: String = letters.by_ref().take_while(|inner| *inner != ']').collect();
                if !inner.is_empty() && inner.chars().all(|c| matches!(c.to_ascii_lowercase(), 'h' | 'm' | 's')) {
                    return true;
                }
            }
            ';' => return false,
            'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_formats_are_told_from_others() {
        for date in ["mm/dd/yyyy", "[$-409]d-mmm-yy;@", "yyyy\\-mm\\-dd", "h:mm AM/PM", "[h]:mm", "Short Date", "Long Time", "m/d/yy"] {
            assert!(is_date(date), "{date}");
        }
        for other in ["General", "0.00", "#,##0;[Red]-#,##0", "\"dym\"0", "00000", "@", "_(* #,##0_)", "0\\d", "Standard", ""] {
            assert!(!is_date(other), "{other}");
        }
    }
}
