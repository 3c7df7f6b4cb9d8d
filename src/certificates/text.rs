//! Comparing words that OCR may have misread.
//!
//! Owns: folding and fuzzy comparison. Must not touch: pages or meaning. Called by: the other files of this module.

use rapidfuzz::distance::levenshtein;
use unicode_normalization::UnicodeNormalization;

/// Lower-case letters and digits of plain ASCII only: what stays when a scan garbles case, accents, spaces and punctuation.
pub fn fold(text: &str) -> String {
    text.nfd().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// A folded text with the letters that scans confuse made one.
pub fn look_alike(folded: &str) -> String {
    let text = folded.replace("rn", "m").replace("vv", "w").replace("cl", "d");
    text.chars()
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

/// 0 to 1: how alike two folded texts are; 0 when less than `floor`.
pub fn alike(a: &str, b: &str, floor: f64) -> f64 {
    let (la, lb) = (a.len().max(1) as f64, b.len().max(1) as f64);
    if la.min(lb) / la.max(lb) < floor {
        return 0.0;
    }
    let args = levenshtein::Args::default().score_cutoff(floor);
    levenshtein::normalized_similarity_with_args(a.chars(), b.chars(), &args).unwrap_or(0.0)
}

/// How alike the folded text is to some stretch of a longer one: the best window of about its length.
pub fn alike_within(needle: &str, hay: &str, floor: f64) -> f64 {
    if needle.is_empty() || hay.is_empty() {
        return 0.0;
    }
    if hay.contains(needle) {
        return 1.0;
    }
    let (needle, hay): (Vec<char>, Vec<char>) = (needle.chars().collect(), hay.chars().collect());
    let long = needle.len();
    if hay.len() < long {
        return alike(&needle.iter().collect::<String>(), &hay.iter().collect::<String>(), floor);
    }
    // With at most so many edits, one of one more pieces of the needle stands in the window unharmed, shifted by no more than the edits. So
    // only windows around whole pieces are compared: the same answer as for all windows, much sooner.
    let edits = ((1.0 - floor) * long as f64 + 1e-6).floor() as usize;
    let pieces = edits + 1;
    let mut near = vec![long <= pieces; hay.len() - long + 1];
    for piece in 0..pieces {
        let (from, to) = (piece * long / pieces, (piece + 1) * long / pieces);
        let part = &needle[from..to];
        if part.is_empty() {
            continue;
        }
        for (at, _) in hay.windows(part.len()).enumerate().filter(|(_, window)| *window == part) {
            let start = at.saturating_sub(from);
            let end = (start + edits + 1).min(near.len());
            let start = start.saturating_sub(edits);
            if start < end {
                near[start..end].fill(true);
            }
        }
    }
    let args = levenshtein::Args::default().score_cutoff(floor);
    let scorer = levenshtein::BatchComparator::new(needle.iter().copied());
    (0..near.len())
        .filter(|&at| near[at])
        .filter_map(|at| scorer.normalized_similarity_with_args(hay[at..at + long].iter().copied(), &args))
        .fold(0.0, f64::max)
}

/// Words that only a sentence has. Two of them, and a stretch of words is no name.
pub fn is_sentence_word(folded: &str) -> bool {
    const WORDS: &[&str] = &[
        "this", "that", "if", "is", "are", "must", "shall", "will", "not", "from", "which", "hereby", "any", "or", "to", "be", "been",
        "as", "for", "with", "by", "was", "were", "has", "have", "you", "your", "we", "our", "i", "it", "its", "may", "under", "when",
        "such", "these", "those", "other", "used", "only", "in", "on", "a", "an", "the", "enter", "check", "below", "above", "their",
        "who",
    ];
    WORDS.contains(&folded)
}

/// Words that forms print and companies are seldom called by.
pub fn is_form_word(folded: &str) -> bool {
    const WORDS: &[&str] = &[
        "purchaser",
        "purchasers",
        "seller",
        "sellers",
        "vendor",
        "vendors",
        "buyer",
        "certificate",
        "certification",
        "exemption",
        "exempt",
        "resale",
        "tax",
        "taxes",
        "taxable",
        "signature",
        "authorized",
        "registration",
        "permit",
        "number",
        "purchased",
        "purchase",
        "address",
        "zip",
        "code",
        "state",
        "city",
        "title",
        "date",
        "name",
        "print",
        "printed",
        "type",
        "description",
        "tangible",
        "taxation",
        "registered",
        "section",
        "instructions",
        "undersigned",
        "officer",
        "owner",
        "phone",
        "telephone",
        "required",
        "wholesaler",
        "retailer",
        "lessor",
        "specify",
        "representative",
        "street",
        "country",
        "check",
        "box",
        "reason",
        "identification",
        "id",
        "business",
        "form",
        "rev",
        "issued",
        "engaged",
        "certify",
    ];
    WORDS.contains(&folded)
}

/// Is this, of a few words, the text of a form rather than what was filled in?
pub fn looks_printed(words: &[&str]) -> bool {
    let folded: Vec<String> = words.iter().map(|w| fold(w)).filter(|w| !w.is_empty()).collect();
    if folded.is_empty() {
        return true;
    }
    let sentence = folded.iter().filter(|w| is_sentence_word(w)).count();
    let form = folded.iter().filter(|w| is_form_word(w)).count();
    sentence >= 2 && sentence * 4 >= folded.len() || form * 2 > folded.len() || folded.len() > 10 || form >= 2 && sentence >= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misread_words_stay_alike() {
        assert!(alike(&fold("Name of Purchaser"), &fold("Narne of Purchaser"), 0.8) > 0.8);
        assert_eq!(alike("seller", "purchaser", 0.8), 0.0);
        assert!(alike_within("resalecertificate", "newyorkresalecert1ficatest120", 0.8) > 0.9);
        assert_eq!(alike_within("", "x", 0.5), 0.0);
    }

    proptest::proptest! {
        #[test]
        fn leaving_out_windows_changes_no_answer(needle in "[ab]{1,12}", hay in "[abc]{0,40}", floor in 0.3f64..1.0) {
            let all = hay.as_bytes().windows(needle.len()).map(|w| alike(&needle, std::str::from_utf8(w).unwrap(), floor)).fold(0.0, f64::max);
            let short = alike(&needle, &hay, floor);
            let wanted = if hay.is_empty() { 0.0 } else if hay.len() < needle.len() { short } else { all };
            proptest::prop_assert!((alike_within(&needle, &hay, floor) - wanted).abs() < 1e-9);
        }
    }

    #[test]
    fn printed_text_is_told_from_names() {
        assert!(looks_printed(&["is", "engaged", "as", "a", "registered"]));
        assert!(looks_printed(&["Complete", "this", "certificate", "and", "give", "it", "to", "the", "seller."]));
        assert!(!looks_printed(&["Tidewater", "Brass", "Works", "of", "Ohio"]));
        assert!(!looks_printed(&["The", "Paper", "Street", "Company"]));
    }
}
