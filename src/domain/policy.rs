//! How strict a run is with papers, beyond the rules themselves.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What follows where a paper does not pass a rule, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Consequence {
    /// It is told and holds nothing up.
    Note,
    /// A person decides.
    Review,
    /// The paper is not used unless a person decides otherwise.
    Reject,
}

impl fmt::Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Consequence::Note => "note",
            Consequence::Review => "review",
            Consequence::Reject => "reject",
        })
    }
}

/// What the answers file says of it. Whatever is left out stays as it is usually.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyWishes {
    /// What follows where a paper does not pass a rule: the rule's name on the left (docs/decisions.md lists them), `note`, `review` or `reject`
    /// on the right. A rule can be made stricter, never milder.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, Consequence>,
    /// Tell of certificates that end within this many days. 60 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 60)]
    pub expiring_within_days: Option<u16>,
    /// A person looks at papers that were signed more than this many years ago, whatever their state says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 4)]
    pub oldest_years: Option<u16>,
    /// A person checks this share of the papers that could be used without one, in percent. 5 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 5)]
    pub sample_percent: Option<f64>,
    /// And never fewer than this. 3 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 3)]
    pub sample_least: Option<u16>,
}

/// The share of accepted papers that a person sees all the same, as a check on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Of the accepted papers, 0 to 100.
    pub percent: f64,
    /// Never fewer than this, as far as there are so many.
    pub least: usize,
}

impl Sample {
    /// How many of `accepted` papers are looked at.
    pub fn size(&self, accepted: usize) -> usize {
        let share = (self.percent.clamp(0.0, 100.0) / 100.0 * accepted as f64).ceil() as usize;
        share.max(self.least).min(accepted)
    }
}

/// The policy in force; it stands in the run's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// What follows at least where a paper does not pass the rule of this name.
    pub rules: BTreeMap<String, Consequence>,
    /// Days: a certificate that ends sooner than this is told.
    pub expiring_within_days: u16,
    /// Years since signing after which a person looks, whatever the state says.
    pub oldest_years: Option<u16>,
    pub sample: Sample,
}

impl Default for Policy {
    fn default() -> Self {
        Self { rules: BTreeMap::new(), expiring_within_days: 60, oldest_years: None, sample: Sample { percent: 5.0, least: 3 } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_the_share_rounded_up_and_never_more_than_there_are() {
        let usual = Policy::default().sample;
        assert_eq!([0, 2, 14, 60, 61, 1_000].map(|n| usual.size(n)), [0, 2, 3, 3, 4, 50]);
        assert_eq!(Sample { percent: 0.0, least: 0 }.size(50), 0);
        assert_eq!(Sample { percent: 250.0, least: 0 }.size(50), 50);
    }
}
