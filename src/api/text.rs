//! Untrusted text from a service, made fit for a message.
//!
//! Owns: the excerpt rule.
//! Must not touch: anything else.
//! Called by: `api::transport` and the services' error readers.

/// The longest excerpt of an answer that is no JSON, in characters.
pub(super) const EXCERPT: usize = 200;

/// `text` on one line, with no control or direction-changing character, cut after `most` characters.
pub(super) fn safe(text: &str, most: usize) -> String {
    let unfit =
        |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let shown: String = text.chars().map(|c| if unfit(c) { ' ' } else { c }).collect();
    let line = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The beginning of an answer that was expected to be JSON and is not.
pub(super) fn excerpt(body: &[u8]) -> String {
    // Four bytes make at most one character, so this is enough and bounds the work.
    let head = &body[..body.len().min(EXCERPT * 8)];
    safe(&String::from_utf8_lossy(head), EXCERPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_go_and_long_text_is_cut() {
        assert_eq!(safe("a\u{1b}[31mred\r\n\tb\u{202e}c", 100), "a [31mred b c");
        assert_eq!(safe("äöü", 2), "äö…");
        assert_eq!(excerpt(&[b'x'; 100_000]).chars().count(), EXCERPT + 1);
        assert_eq!(excerpt(b"\xff\xfe"), "\u{fffd}\u{fffd}");
    }
}
