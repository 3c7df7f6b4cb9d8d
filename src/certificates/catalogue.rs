//! The form catalogue, the label lexicon and the reason lexicon: data files, parsed once.
//!
//! Owns: the shape of the files under `data/`. Must not touch: words or pages.
//! Called by: every other file of this module. A tax person adds a state, a form or a label in the data files alone.

use super::text::{fold, look_alike};
use crate::domain::Region;
use regex::Regex;
use serde::Deserialize;
use std::sync::LazyLock;

/// Whether one paper may cover later purchases, and how the paper says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlanketRule {
    /// Boxes on the form.
    Asks,
    Always,
    Never,
    /// Blanket unless the box “single purchase” is ticked.
    UnlessSingle,
    /// The form does not say.
    Silent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpirationRule {
    Never,
    Years,
    CalendarYearEnd,
    AsPrinted,
    SinglePurchase,
    WhileBuying,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expiration {
    pub rule: ExpirationRule,
    #[serde(default)]
    pub years: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Resale,
    Exemption,
    Both,
    DirectPay,
    Agricultural,
    Manufacturing,
    Government,
    Nonprofit,
    Contractor,
    Other,
}

impl Kind {
    /// The reason that the form itself claims, by Avalara's name; `None` where the paper must tell.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Kind::Resale => Some("RESALE"),
            Kind::DirectPay => Some("DIRECT PAY"),
            Kind::Agricultural => Some("AGRICULTURE"),
            Kind::Manufacturing => Some("MANUFACTURING"),
            Kind::Exemption | Kind::Both | Kind::Government | Kind::Nonprofit | Kind::Contractor | Kind::Other => None,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNumber {
    name: Option<String>,
    pattern: Option<String>,
    firm: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawForm {
    id: String,
    number: Option<String>,
    #[serde(default)]
    other_numbers: Vec<String>,
    titles: Vec<String>,
    kind: Kind,
    #[serde(default)]
    default_reason: Option<String>,
    blanket: BlanketRule,
    #[serde(default)]
    issued: bool,
    #[serde(default)]
    expiration: Option<Expiration>,
    #[serde(default)]
    tables: Vec<Vec<Region>>,
    #[serde(default)]
    #[allow(dead_code, reason = "kept for the reader of the file")]
    source: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAccepts {
    mtc: Option<bool>,
    sst: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawState {
    state: Region,
    name: String,
    agencies: Vec<String>,
    number: RawNumber,
    accepts: RawAccepts,
    expiration: Expiration,
    source: String,
    forms: Vec<RawForm>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawForms {
    multistate: Vec<RawForm>,
    jurisdictions: Vec<RawState>,
}

/// A state and how it handles certificates.
#[derive(Debug)]
pub struct Jurisdiction {
    pub region: Region,
    pub name: String,
    pub agencies: Vec<String>,
    pub number_name: Option<String>,
    pub number_pattern: Option<Regex>,
    /// The state itself states the pattern.
    pub pattern_firm: bool,
    pub accepts_mtc: Option<bool>,
    pub accepts_sst: Option<bool>,
    pub expiration: Expiration,
    pub source: String,
}

/// A form: how it is recognised and what holds of it.
#[derive(Debug)]
pub struct Form {
    pub id: String,
    /// As printed: `CDTFA-230`.
    pub number: Option<String>,
    /// Folded numbers by which the form can be known, the printed one first.
    pub numbers: Vec<String>,
    pub titles: Vec<String>,
    pub kind: Kind,
    pub default_reason: Option<String>,
    pub blanket: BlanketRule,
    /// Issued by the state: it carries no purchaser's blanks.
    pub issued: bool,
    pub expiration: Expiration,
    /// `None`: a multi-state form.
    pub region: Option<Region>,
    /// The states in a multi-state form's table as printed, one list per revision.
    pub tables: Vec<Vec<Region>>,
}

impl Form {
    pub fn is_multistate(&self) -> bool {
        self.region.is_none()
    }
    pub fn title(&self) -> &str {
        self.titles.first().map_or(&self.id, |t| t)
    }
}

/// What a blank beside a label holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concept {
    Name,
    Line1,
    City,
    Region,
    PostalCode,
    CityLine,
    Block,
    Phone,
    Number,
    Issuer,
    SignedDate,
    Expires,
    Signature,
    Header,
    Barrier,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    Purchaser,
    Seller,
    Open,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLabel {
    field: Concept,
    party: Party,
    #[serde(default)]
    inline: bool,
    #[serde(default)]
    rank: i32,
    phrases: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLabels {
    labels: Vec<RawLabel>,
}

/// One phrase that names a blank.
#[derive(Debug)]
pub struct Label {
    pub concept: Concept,
    pub party: Party,
    pub inline: bool,
    pub rank: i32,
    /// Folded, without spaces.
    pub phrase: String,
    /// The phrase with the letters that scans confuse made one.
    pub canon: String,
    pub words: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReason {
    reason: String,
    phrases: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChoices {
    reasons: Vec<RawReason>,
    blanket: Vec<String>,
    single: Vec<String>,
}

/// Words beside a box, and what a tick there means.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    Reason(String),
    Blanket(bool),
}

#[derive(Debug)]
pub struct ChoicePhrase {
    pub choice: Choice,
    pub phrase: String,
    pub words: usize,
}

/// Everything that is known of certificates before one is seen.
#[derive(Debug)]
pub struct Catalogue {
    pub forms: Vec<Form>,
    pub jurisdictions: Vec<Jurisdiction>,
    pub labels: Vec<Label>,
    pub choices: Vec<ChoicePhrase>,
}

static BUILTIN: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::parse(include_str!("data/forms.yaml"), include_str!("data/labels.yaml"), include_str!("data/choices.yaml"))
        // The files are part of the program and a test parses them: a broken one cannot be released.
        .unwrap_or_else(|why| panic!("the built-in catalogue is broken: {why}"))
});

impl Catalogue {
    /// The catalogue that is built into the program.
    pub fn builtin() -> &'static Catalogue {
        &BUILTIN
    }

    /// Parses the three data files. Unknown keys, bad patterns and doubled form ids are errors.
    pub fn parse(forms: &str, labels: &str, choices: &str) -> Result<Self, String> {
        let raw: RawForms = crate::domain::from_yaml(forms).map_err(|e| format!("forms: {e}"))?;
        let raw_labels: RawLabels = crate::domain::from_yaml(labels).map_err(|e| format!("labels: {e}"))?;
        let raw_choices: RawChoices = crate::domain::from_yaml(choices).map_err(|e| format!("choices: {e}"))?;
        let mut catalogue = Catalogue { forms: vec![], jurisdictions: vec![], labels: vec![], choices: vec![] };
        for form in raw.multistate {
            let expiration = form.expiration.unwrap_or(Expiration { rule: ExpirationRule::Unknown, years: None });
            catalogue.add_form(form, None, expiration)?;
        }
        for state in raw.jurisdictions {
            for form in state.forms {
                let expiration = form.expiration.unwrap_or(state.expiration);
                catalogue.add_form(form, Some(state.state.clone()), expiration)?;
            }
            let pattern = state.number.pattern.as_deref().map(Regex::new).transpose();
            catalogue.jurisdictions.push(Jurisdiction {
                number_pattern: pattern.map_err(|e| format!("{}: {e}", state.name))?,
                region: state.state,
                name: state.name,
                agencies: state.agencies,
                number_name: state.number.name,
                pattern_firm: state.number.firm,
                accepts_mtc: state.accepts.mtc,
                accepts_sst: state.accepts.sst,
                expiration: state.expiration,
                source: state.source,
            });
        }
        for label in raw_labels.labels {
            for text in &label.phrases {
                let (phrase, words) = (fold(text), text.split_whitespace().count());
                catalogue.labels.push(Label {
                    concept: label.field,
                    party: label.party,
                    inline: label.inline,
                    rank: label.rank,
                    canon: look_alike(&phrase),
                    phrase,
                    words,
                });
            }
        }
        // Where two entries hold the same phrase the first one counts.
        let mut seen = std::collections::HashSet::new();
        catalogue.labels.retain(|label| !label.phrase.is_empty() && seen.insert(label.phrase.clone()));
        let mut add = |text: &str, choice: Choice| {
            catalogue.choices.push(ChoicePhrase { choice, phrase: fold(text), words: text.split_whitespace().count() });
        };
        for reason in raw_choices.reasons {
            reason.phrases.iter().for_each(|text| add(text, Choice::Reason(reason.reason.clone())));
        }
        raw_choices.blanket.iter().for_each(|text| add(text, Choice::Blanket(true)));
        raw_choices.single.iter().for_each(|text| add(text, Choice::Blanket(false)));
        Ok(catalogue)
    }

    fn add_form(&mut self, raw: RawForm, region: Option<Region>, expiration: Expiration) -> Result<(), String> {
        if self.forms.iter().any(|f| f.id == raw.id) {
            return Err(format!("form {} stands twice", raw.id));
        }
        let numbers = raw.number.iter().chain(&raw.other_numbers).map(|n| fold(n)).collect();
        self.forms.push(Form {
            id: raw.id,
            number: raw.number,
            numbers,
            titles: raw.titles,
            kind: raw.kind,
            default_reason: raw.default_reason,
            blanket: raw.blanket,
            issued: raw.issued,
            expiration,
            region,
            tables: raw.tables,
        });
        Ok(())
    }

    /// Every reason that papers claim, by Avalara's names.
    pub fn reasons(&self) -> Vec<&str> {
        let listed = self.choices.iter().filter_map(|c| match &c.choice {
            Choice::Reason(name) => Some(name.as_str()),
            Choice::Blanket(_) => None,
        });
        let mut all: Vec<&str> = listed.chain(self.forms.iter().filter_map(|f| f.kind.reason())).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    pub fn form(&self, id: &str) -> Option<&Form> {
        self.forms.iter().find(|f| f.id == id)
    }

    pub fn jurisdiction(&self, region: &Region) -> Option<&Jurisdiction> {
        self.jurisdictions.iter().find(|j| j.region == *region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_files_parse_and_cover_every_state() {
        let catalogue = Catalogue::builtin();
        assert_eq!(catalogue.jurisdictions.len(), 51);
        assert!(catalogue.jurisdictions.iter().all(|j| j.region.is_us_state() && j.source.starts_with("http")));
        for id in ["TX-01-339", "CA-CDTFA-230", "MTC", "SST-F0003", "CT-RESALE", "FL-DR-13"] {
            assert!(catalogue.form(id).is_some(), "{id}");
        }
        assert!(
            catalogue.forms.iter().filter(|f| f.is_multistate()).all(|f| f.tables.iter().all(|t| t.len() > 20) && !f.tables.is_empty())
        );
        // A form that can be known by nothing would never be found.
        assert!(catalogue.forms.iter().all(|f| !f.numbers.is_empty() || !f.titles.is_empty()));
        assert!(catalogue.labels.len() > 300 && catalogue.choices.len() > 30);
    }

    #[test]
    fn patterns_take_their_states_numbers() {
        let fits = |state: &str, number: &str| {
            let region = Region::us_state(state).unwrap();
            Catalogue::builtin().jurisdiction(&region).unwrap().number_pattern.as_ref().unwrap().is_match(number)
        };
        assert!(fits("TX", "12345678901") && !fits("TX", "1234567890"));
        assert!(fits("FL", "12-3456789012-3") && fits("IL", "1234-5678") && fits("NJ", "123-456-789/000"));
    }

    #[test]
    fn a_broken_file_is_an_error_not_a_panic() {
        let good = (include_str!("data/forms.yaml"), include_str!("data/labels.yaml"), include_str!("data/choices.yaml"));
        assert!(Catalogue::parse("multistate: []\njurisdictions: []\nextra: 1", good.1, good.2).is_err());
        assert!(Catalogue::parse(good.0, "labels: [{field: nonsense, party: open, phrases: []}]", good.2).is_err());
    }
}
