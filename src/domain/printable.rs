//! Text from cells, scans, file names and servers may hold control characters, colour codes and direction marks. None of them reaches the
//! terminal.

/// The text with control, direction and invisible characters shown as `\u{…}` escapes. Line breaks become blanks.
pub fn printable(text: &str) -> String {
    spelt(text, |c| match c {
        '\n' | '\t' => Some(Some(' ')),
        '\r' => Some(None),
        _ => None,
    })
}

/// `own`: what stands in the place of a character instead of its escape, if anything.
fn spelt(text: &str, own: impl Fn(char) -> Option<Option<char>>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match own(c) {
            Some(instead) => out.extend(instead),
            None if c.is_control() || is_invisible(c) => out.extend(c.escape_unicode()),
            None => out.push(c),
        }
    }
    out
}

/// The same for a text of several lines, whose breaks are ours.
pub fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// `1 customer`, `2 customers`.
pub fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// A text whose characters all show, for a page: what is invisible or turns the direction of reading is spelt out; breaks stay.
pub fn visible(text: &str) -> String {
    spelt(text, |c| matches!(c, '\n' | '\t').then_some(Some(c)))
}

/// Zero-width and direction-changing characters and tags, which make one text look like another. The marks that choose between the forms of a
/// sign are left: emoji have them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::{printable, visible};

    #[test]
    fn what_could_move_the_cursor_or_hide_is_shown() {
        assert_eq!(printable("a\u{1b}[31mred"), "a\\u{1b}[31mred");
        assert_eq!(printable("abc\u{202e}fdp.exe"), "abc\\u{202e}fdp.exe");
        assert_eq!(printable("two\r\nlines\tand\u{7}"), "two lines and\\u{7}");
        assert_eq!(printable("Zoë & Söhne 株式会社 🦷"), "Zoë & Söhne 株式会社 🦷");
        assert_eq!(visible("<p>\n\u{202e}fdp\u{0}</p>"), "<p>\n\\u{202e}fdp\\u{0}</p>");
    }
}
