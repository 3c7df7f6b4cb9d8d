//! Which states a ZIP code may lie in.

use super::Region;
use std::sync::LazyLock;

static PREFIXES: LazyLock<Vec<(u16, u16, Vec<Region>)>> = LazyLock::new(|| {
    // The file is part of the program, and a test reads it.
    let rows: Vec<(u16, u16, String)> = super::from_yaml(include_str!("data/zip_prefixes.yaml")).unwrap_or_default();
    rows.into_iter().map(|(from, to, states)| (from, to, states.split(' ').filter_map(Region::from_code).collect())).collect()
});

/// The states a ZIP code may lie in, by its first three digits (USPS labeling list L002); empty when no state has it.
pub fn states_of_zip(zip: &str) -> &'static [Region] {
    let prefix = zip.get(..3).and_then(|digits| digits.parse::<u16>().ok());
    let row = prefix.and_then(|prefix| PREFIXES.iter().find(|(from, to, _)| (*from..=*to).contains(&prefix)));
    row.map_or(&[], |(_, _, states)| states)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zip_tells_its_state() {
        let code = |zip: &str| states_of_zip(zip).first().map(Region::code);
        assert_eq!(code("77022"), Some("TX"));
        assert_eq!(code("02145"), Some("MA"));
        assert_eq!(code("x"), None);
        for (state, name) in Region::us_states() {
            assert!(PREFIXES.iter().any(|(_, _, states)| states.contains(&state)), "{name}");
        }
    }
}
