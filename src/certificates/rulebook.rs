//! The rules as data, and the policy that makes them stricter.
//!
//! Owns: the rules' names, questions, sources and what follows from each. Must not touch: papers. Called by: `rules`, `settle`, and whoever
//! shows a decision.

use crate::domain::{Consequence, Finding, Policy, PolicyWishes, Sample, Sha256, Verdict, nearest};
use serde::Deserialize;
use std::sync::LazyLock;

/// One question that is asked of every paper.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub name: String,
    /// A heading for people.
    pub short: String,
    pub asks: String,
    pub fail: Consequence,
    pub unsure: Consequence,
    pub source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleBook {
    pub rules: Vec<Rule>,
}

static BUILTIN: LazyLock<RuleBook> = LazyLock::new(|| {
    crate::domain::from_yaml(include_str!("data/rules.yaml"))
        // The file is part of the program and a test parses it: a broken one cannot be released.
        .unwrap_or_else(|why| panic!("the built-in rules are broken: {why}"))
});

impl RuleBook {
    pub fn builtin() -> &'static RuleBook {
        &BUILTIN
    }

    /// Changes when the rules do, or the catalogue of forms.
    pub fn fingerprint(&self) -> Sha256 {
        Sha256::of([include_str!("data/rules.yaml"), include_str!("data/forms.yaml")].concat().as_bytes())
    }

    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// A policy of these wishes. Errors: a rule that does not exist, a wish that would make one milder; all of them at once.
    pub fn policy(&self, wishes: &PolicyWishes) -> Result<Policy, Vec<String>> {
        let mut wrong = vec![];
        for (name, wish) in &wishes.rules {
            match self.rule(name) {
                None => {
                    let names = || self.rules.iter().map(|rule| rule.name.as_str());
                    let meant = match nearest(name, names()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("the rules are {}", names().collect::<Vec<_>>().join(", ")),
                    };
                    wrong.push(format!("policy.rules: there is no rule `{name}`; {meant}"));
                }
                Some(rule) if *wish < rule.fail => wrong
                    .push(format!("policy.rules: `{name}` is `{}` by itself and can be made stricter, not milder (`{wish}`)", rule.fail)),
                Some(_) => {}
            }
        }
        if let Some(years) = wishes.oldest_years.filter(|years| !(1..=100).contains(years)) {
            wrong.push(format!("policy.oldest_years: {years} is no number of years from 1 to 100"));
        }
        if let Some(percent) = wishes.sample_percent.filter(|percent| !(0.0..=100.0).contains(percent)) {
            wrong.push(format!("policy.sample_percent: {percent} is no share from 0 to 100"));
        }
        match wrong.is_empty() {
            true => {
                let usual = Policy::default();
                Ok(Policy {
                    rules: wishes.rules.clone(),
                    expiring_within_days: wishes.expiring_within_days.unwrap_or(usual.expiring_within_days),
                    oldest_years: wishes.oldest_years.or(usual.oldest_years),
                    sample: Sample {
                        percent: wishes.sample_percent.unwrap_or(usual.sample.percent),
                        least: wishes.sample_least.map_or(usual.sample.least, usize::from),
                    },
                })
            }
            false => Err(wrong),
        }
    }

    /// What follows from a finding. Of a rule that is in no book a person decides.
    pub fn consequence(&self, finding: &Finding, policy: &Policy) -> Option<Consequence> {
        let usual = |rule: &Rule| match finding.verdict {
            Verdict::Pass => None,
            Verdict::Fail => Some(rule.fail),
            Verdict::Unsure => Some(rule.unsure),
        };
        match self.rule(&finding.rule) {
            Some(rule) => usual(rule).map(|usual| policy.rules.get(&finding.rule).map_or(usual, |wish| usual.max(*wish))),
            None => (finding.verdict != Verdict::Pass).then_some(Consequence::Review),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn finding(rule: &str, verdict: Verdict) -> Finding {
        Finding { rule: rule.to_owned(), verdict, evidence: String::new() }
    }

    #[test]
    fn the_book_is_whole() {
        let book = RuleBook::builtin();
        let mut names: Vec<&str> = book.rules.iter().map(|r| r.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), book.rules.len(), "a rule stands twice");
        for rule in &book.rules {
            assert!(rule.asks.ends_with('?') && !rule.source.is_empty(), "{}", rule.name);
            assert!(rule.unsure <= rule.fail || rule.fail == Consequence::Note, "{}: not knowing is no worse than no", rule.name);
        }
    }

    /// The page for tax people tells each rule as the book has it.
    #[test]
    fn the_documentation_tells_every_rule() {
        let page = include_str!("../../docs/decisions.md");
        for rule in &RuleBook::builtin().rules {
            let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", rule.name)));
            let row = row.unwrap_or_else(|| panic!("{} is not in docs/decisions.md", rule.name));
            assert!(row.contains(&format!("| {} / {} |", rule.fail, rule.unsure)) && row.contains(&rule.asks), "{row}");
        }
    }

    #[test]
    fn a_policy_makes_rules_stricter_and_never_milder() {
        let book = RuleBook::builtin();
        let wish =
            |name: &str, wish| book.policy(&PolicyWishes { rules: BTreeMap::from([(name.to_owned(), wish)]), ..PolicyWishes::default() });
        let strict = wish("registration-number-format", Consequence::Review).unwrap();
        let differs = finding("registration-number-format", Verdict::Fail);
        assert_eq!(book.consequence(&differs, &Policy::default()), Some(Consequence::Note));
        assert_eq!(book.consequence(&differs, &strict), Some(Consequence::Review));
        assert_eq!(book.consequence(&finding("registration-number-format", Verdict::Pass), &strict), None);
        let milder = wish("signed", Consequence::Note).unwrap_err();
        assert!(milder[0].contains("not milder"), "{milder:?}");
        let unknown = wish("signd", Consequence::Reject).unwrap_err();
        assert!(unknown[0].contains("`signed`"), "{unknown:?}");
        assert_eq!(book.consequence(&finding("made-up", Verdict::Unsure), &strict), Some(Consequence::Review));
    }
}
