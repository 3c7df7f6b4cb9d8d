/// Less than this is not alike (Jaro–Winkler, 0 to 1).
const ALIKE: f64 = 0.75;

/// The known word that looks most like `wanted`, whatever its case; `None` when none looks much like it.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.trim().to_lowercase();
    let scored = known.into_iter().map(|word| (strsim::jaro_winkler(&wanted, &word.to_lowercase()), word));
    // The first of equals, so that the order of the known words counts.
    let best = scored.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    (best.0 >= ALIKE).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_word_and_nonsense_finds_none() {
        assert_eq!(nearest("c-1001", ["C-1002", "C-1001"]), Some("C-1001"));
        assert_eq!(nearest("Custmer", ["Name", "Customer", "Zip"]), Some("Customer"));
        assert_eq!(nearest("zzz", ["Name", "Customer"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
