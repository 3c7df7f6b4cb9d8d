//! Picks a registration number out of the words beside its label, and checks it against its state's pattern.
//!
//! Owns: number shapes. Must not touch: pages. Called by: `read`, `states`, `rules`.

use super::address::digit_for;
use super::catalogue::Jurisdiction;
use super::dates;

/// What is written where a number is asked for when there is none.
pub fn is_no_number(text: &str) -> bool {
    let folded = super::text::fold(text);
    const NONE: &[&str] = &[
        "na",
        "none",
        "notrequired",
        "notapplicable",
        "notregistered",
        "exempt",
        "seeattached",
        "attached",
        "pending",
        "appliedfor",
        "see",
        "per",
        "onfile",
        "seelist",
        "unknown",
        "tbd",
        "notreq",
    ];
    folded.is_empty()
        || NONE.contains(&folded.as_str())
        || ["exemptper", "seeattach", "notreq", "appliedfor", "notappl"].iter().any(|n| folded.contains(n))
}

/// Does a number fit the state's pattern? `None`: the state has none.
pub fn fits(number: &str, state: Option<&Jurisdiction>) -> Option<bool> {
    let pattern = state?.number_pattern.as_ref()?;
    let upper = number.trim().to_uppercase();
    let bare: String = upper.chars().filter(|c| !matches!(c, ' ' | '-' | '/' | '.')).collect();
    Some(pattern.is_match(&upper) || pattern.is_match(&bare))
}

/// The number among some words: words that hold digits and hang together. Changed only where a misread letter alone keeps it from its state's pattern.
/// Gives the words used, as places in the list.
pub fn pick(words: &[&str], state: Option<&Jurisdiction>) -> Option<(String, std::ops::Range<usize>)> {
    let combed: Vec<Option<String>> = words.iter().map(|w| out_of_comb(w)).collect();
    let bare = |(word, digits): (&'_ &str, &'_ Option<String>)| match digits {
        Some(digits) => digits.clone(),
        None => word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned(),
    };
    let trimmed: Vec<String> = words.iter().zip(&combed).map(bare).collect();
    let digits = |w: &str| w.chars().filter(char::is_ascii_digit).count();
    let mut best: Option<(i32, String, std::ops::Range<usize>)> = None;
    for start in 0..words.len() {
        for end in start + 1..=words.len().min(start + 14) {
            let part = &trimmed[start..end];
            if part.iter().any(String::is_empty)
                || digits(&part[0]) == 0 && part[0].len() > 4
                || digits(&part[part.len() - 1]) == 0 && part[part.len() - 1].len() > 2
            {
                continue;
            }
            let total: usize = part.iter().map(|w| digits(w)).sum();
            let letters: usize = part.iter().map(|w| w.chars().filter(|c| c.is_alphabetic()).count()).sum();
            if total < 4 || letters > total || letters > 6 {
                continue;
            }
            // Digits written one to a box are one number.
            let single = part.len() > 3 && part.iter().filter(|w| w.len() <= 2).count() * 3 >= part.len() * 2;
            let text = if single { part.concat() } else { part.join(" ") };
            if dates::find(&text).is_some() || is_when(&text) || text.chars().count() > 30 {
                continue;
            }
            let fit = fits(&text, state);
            let all_digits = part.iter().all(|w| digits(w) > 0);
            let mut score = total as i32 * 2 - letters as i32 + if fit == Some(true) { 40 } else { 0 } - if all_digits { 0 } else { 3 };
            // Separate long numbers are two numbers.
            if part.len() > 1 && !single && part.iter().filter(|w| digits(w) >= 7).count() > 1 {
                score -= 60;
            }
            if best.as_ref().is_none_or(|b| score > b.0) {
                best = Some((score, text, start..end));
            }
        }
    }
    let (_, text, used) = best?;
    Some((repair(&text, state), used))
}

/// The digits of a word like `[3,4,5,5|4,8`: written one to a box, the strokes between the boxes read as signs.
fn out_of_comb(word: &str) -> Option<String> {
    let parts: Vec<&str> = word.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let single = parts.iter().filter(|part| part.len() == 1).count();
    let digits = parts.iter().all(|part| part.len() <= 2 && part.chars().all(|c| c.is_ascii_digit()));
    (digits && parts.len() >= 6 && single * 5 >= parts.len() * 4).then(|| parts.concat())
}

/// A year, or a month of one: `2018`, `06/2026`.
fn is_when(text: &str) -> bool {
    let year = |t: &str| t.len() == 4 && t.parse::<u16>().is_ok_and(|y| (1950..2100).contains(&y));
    match text.split_once(['/', '-']) {
        Some((month, of)) => year(of) && month.parse::<u8>().is_ok_and(|m| (1..=12).contains(&m)),
        None => year(text),
    }
}

/// What a picked number keeps of its confidence when it may be a part of what was written.
pub const CUT_OFF: f32 = 0.6;

/// Whether digits stand right before or after the words that a number was picked from, which it leaves out. Dates are no part of a number.
pub fn left_over(words: &[&str], used: &std::ops::Range<usize>) -> bool {
    let beside = [used.start.checked_sub(1), Some(used.end)];
    beside.into_iter().flatten().filter_map(|at| words.get(at)).any(|word| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.chars().filter(char::is_ascii_digit).count() >= 2 && dates::find(word).is_none() && !is_when(word)
    })
}

/// Puts digits for letters that OCR takes for them, if the state's pattern then fits and did not before.
pub fn repair(text: &str, state: Option<&Jurisdiction>) -> String {
    if fits(text, state) != Some(false) {
        return text.to_owned();
    }
    let repaired: String = text.chars().map(digit_for).collect();
    if fits(&repaired, state) == Some(true) { repaired } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::Catalogue;
    use super::*;
    use crate::domain::Region;

    fn got(text: &str, state: &str) -> Option<String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let state = Region::us_state(state).and_then(|r| Catalogue::builtin().jurisdiction(&r));
        pick(&words, state).map(|p| p.0)
    }

    #[test]
    fn numbers_come_out_of_their_words() {
        assert_eq!(got("of Purchaser 628373296", "TN").as_deref(), Some("628373296"));
        assert_eq!(got("123-456-789/000", "NJ").as_deref(), Some("123-456-789/000"));
        assert_eq!(got("554 979 331", "WA").as_deref(), Some("554 979 331"));
        assert_eq!(got("3 2 0 1 2 3 4 5 6 7 8", "TX").as_deref(), Some("32012345678"));
        assert_eq!(got("[3,2,0,1|2,3,4,5,6,7,8|", "TX").as_deref(), Some("32012345678"));
        assert_eq!(got("1-40-163754", "IA").as_deref(), Some("1-40-163754"));
        // Leading letter codes carry no identity.
        assert_eq!(got("SR EH 123-456789", "CA").as_deref(), Some("123-456789"));
        assert_eq!(got("none", "TX"), None);
        assert_eq!(got("12/31/2026", "TX"), None);
        assert_eq!(got("2018", "TX"), None);
        assert_eq!(got("06/2026", "TX"), None);
        assert_eq!(got("06-202612", "CT").as_deref(), Some("06-202612"));
    }

    #[test]
    fn digits_beside_the_number_make_it_doubtful() {
        assert!(left_over(&["12", "3456789"], &(1..2)));
        assert!(left_over(&["3456789", "00"], &(0..1)));
        assert!(!left_over(&["3456789", "12/31/2026"], &(0..1)));
        assert!(!left_over(&["4.", "3456789"], &(1..2)));
    }

    #[test]
    fn letters_become_digits_only_when_the_pattern_then_fits() {
        assert_eq!(got("32O12345678", "TX").as_deref(), Some("32012345678"));
        assert_eq!(got("3201234567B9", "TX").as_deref(), Some("3201234567B9"));
        assert_eq!(got("1234O678", "NY").as_deref(), Some("1234O678"));
    }
}
