//! Folding and cleaning of texts from cells.

use std::borrow::Cow;

/// Small letters without accents, signs to single blanks: two spellings of one word compare equal.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    if text.is_ascii() {
        for byte in text.bytes() {
            match byte {
                b'\'' => {}
                _ if byte.is_ascii_alphanumeric() => folded.push(char::from(byte.to_ascii_lowercase())),
                _ if folded.is_empty() || folded.ends_with(' ') => {}
                _ => folded.push(' '),
            }
        }
        folded.truncate(folded.trim_end().len());
        return folded;
    }
    for letter in text.chars() {
        match letter.is_alphanumeric() {
            true => letter.to_lowercase().for_each(|letter| match without_accent(letter) {
                "" => folded.push(letter),
                plain => folded.push_str(plain),
            }),
            // Accents that stand as letters of their own.
            false if matches!(letter, '\u{300}'..='\u{36f}') => {}
            // A dot or apostrophe inside a word is not a gap: N.Y., don't.
            false if matches!(letter, '\'' | '’') => {}
            false => {
                if !folded.is_empty() && !folded.ends_with(' ') {
                    folded.push(' ');
                }
            }
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// The plain letters for a small Latin letter with an accent, or nothing where the letter stays as it is.
fn without_accent(letter: char) -> &'static str {
    match letter {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' | 'ª' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' => "d",
        'é' | 'è' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'í' | 'ì' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ō' | 'ő' | 'ø' | 'º' => "o",
        'œ' => "oe",
        'ř' => "r",
        'ß' => "ss",
        'š' | 'ś' | 'ş' => "s",
        'ť' | 'ţ' => "t",
        'ú' | 'ù' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' => "u",
        'ý' | 'ÿ' => "y",
        'ž' | 'ź' | 'ż' => "z",
        _ => "",
    }
}

fn invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}')
}

/// Printable ASCII only: nothing in it can surprise.
fn is_plain(text: &str) -> bool {
    // Without an early end the compiler looks at many bytes at once.
    text.bytes().fold(true, |plain, byte| plain & (0x20..0x7f).contains(&byte))
}

fn has_two_blanks(text: &str) -> bool {
    let bytes = text.as_bytes();
    let next = bytes.get(1..).unwrap_or_default();
    bytes.iter().zip(next).fold(false, |two, (a, b)| two | ((*a == b' ') & (*b == b' ')))
}

/// `str::trim`, quick where there is nothing to trim.
pub(super) fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if (0x21..0x7f).contains(first) && (0x21..0x7f).contains(last) => text,
        _ => text.trim(),
    }
}

/// Trims, joins runs of blanks (line ends and hard blanks too) to one, and takes out control and invisible letters. Tells whether there
/// were any of those.
pub(super) fn clean(text: &str) -> (Cow<'_, str>, bool) {
    let trimmed = trim(text);
    if is_plain(trimmed) && !has_two_blanks(trimmed) {
        return (Cow::Borrowed(trimmed), false);
    }
    let plain = |letter: char| letter != '\u{a0}' && !letter.is_control() && !invisible(letter);
    if trimmed.chars().all(plain) && !has_two_blanks(trimmed) {
        return (Cow::Borrowed(trimmed), false);
    }
    let mut control = false;
    let mut cleaned = String::with_capacity(trimmed.len());
    for letter in trimmed.chars() {
        if letter.is_whitespace() {
            if !cleaned.is_empty() && !cleaned.ends_with(' ') {
                cleaned.push(' ');
            }
        } else if letter.is_control() || invisible(letter) {
            control = true;
        } else {
            cleaned.push(letter);
        }
    }
    cleaned.truncate(cleaned.trim_end().len());
    (Cow::Owned(cleaned), control)
}

/// Excel's mark for text, which some systems write into the value.
pub(super) fn without_text_mark(text: &str) -> &str {
    text.strip_prefix(['\'', '`', '’']).unwrap_or(text)
}

/// Cuts to a number of characters, at a blank where one is near the end.
pub(super) fn cut(text: &str, most: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(most) else { return text };
    let head = text.get(..end).unwrap_or(text);
    match head.rfind(' ') {
        Some(at) if at * 3 > end * 2 => head.get(..at).unwrap_or(head).trim_end_matches([',', ' ']),
        _ => head.trim_end(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_and_cleaning() {
        assert_eq!(fold("  N.Y. "), "n y");
        assert_eq!(fold("Tax-Exempt?"), "tax exempt");
        assert_eq!(fold("Código de cliente Nº"), "codigo de cliente no");
        assert_eq!(fold("Que\u{301}bec"), fold("Québec"));
        assert_eq!(clean(" a\u{a0} b\r\nc "), (Cow::Owned("a b c".into()), false));
        assert_eq!(clean("a\u{7}b\u{200b}c"), (Cow::Owned("abc".into()), true));
        assert_eq!(cut("North Star Trading Company", 20), "North Star Trading");
        assert_eq!(cut("ééééé", 3), "ééé");
    }
}
