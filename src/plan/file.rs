//! A plan on paper: every write of a run, what it rests on, and the answers that led to it, so that another process can carry out just that.
//!
//! Owns: the file's form, its fingerprint, what of the service's state a plan rests on, and in which way two states differ.
//! Must not touch: disk, network. Called by: the commands `plan` and `apply`, and `wizard`.

use super::{Action, Gate, Plan, Write};
use crate::domain::{CertificateOnFile, CustomerCode, CustomerOnFile, InvitationOnFile, Sha256};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The form of the file; another one is refused.
pub const FORMAT: u32 = 1;

/// A file that the plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    pub path: String,
    pub sha256: Sha256,
}

/// What was planned, all gates together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanFile {
    pub format: u32,
    pub tool: String,
    pub made: jiff::Timestamp,
    pub made_by: String,
    /// The day that every decision used.
    pub today: Date,
    /// The folder of the run that made it: what was read there need not be read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Service, account and company, as a run knows its target.
    pub target: Value,
    pub counts: BTreeMap<String, BTreeMap<String, usize>>,
    pub inputs: Vec<Input>,
    /// By kind of object: what each object that matters looked like. A kind that is missing was not read.
    pub rested_on: RestedOn,
    /// In the shape of the answers file.
    pub answers: Value,
    pub gates: Vec<Plan>,
}

/// Why a plan's file can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanFileError {
    #[error("it is no plan of certonboard: {0}")]
    NoPlan(String),
    #[error("it was written in form {0}, and this version reads form {FORMAT}; make the plan again")]
    OtherForm(u64),
    #[error("it was changed after it was made (its fingerprint does not fit); make the plan again")]
    Changed,
}

impl PlanFile {
    /// The file's text, with its fingerprint.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        let mut value = serde_json::to_value(self)?;
        let sum = Self::sum(&value);
        if let Value::Object(fields) = &mut value {
            fields.insert("fingerprint".to_owned(), serde_json::to_value(sum)?);
        }
        serde_json::to_string_pretty(&value)
    }

    pub fn from_text(text: &str) -> Result<Self, PlanFileError> {
        let no_plan = |e: serde_json::Error| PlanFileError::NoPlan(e.to_string());
        let mut value: Value = serde_json::from_str(text).map_err(no_plan)?;
        let format = value.get("format").and_then(Value::as_u64).ok_or_else(|| PlanFileError::NoPlan("it names no form".to_owned()))?;
        if format != u64::from(FORMAT) {
            return Err(PlanFileError::OtherForm(format));
        }
        let said = value.as_object_mut().and_then(|fields| fields.shift_remove("fingerprint"));
        let sum = serde_json::to_value(Self::sum(&value)).map_err(no_plan)?;
        let file: Self = serde_json::from_value(value).map_err(no_plan)?;
        // What a person is shown are the counts; what is carried out are the gates.
        let honest = file.counts == counts(&file.gates);
        match said == Some(sum) && honest && file.gates.iter().all(Plan::is_intact) {
            true => Ok(file),
            false => Err(PlanFileError::Changed),
        }
    }

    fn sum(value: &Value) -> Sha256 {
        Sha256::of(value.to_string().as_bytes())
    }

    /// Tells one plan from another in a sentence.
    pub fn fingerprint(&self) -> Sha256 {
        // A value that can't be written has no file either.
        Self::sum(&serde_json::to_value(self).unwrap_or_default())
    }

    pub fn gate(&self, gate: Gate) -> Option<&Plan> {
        self.gates.iter().find(|plan| plan.gate == gate)
    }

    /// The counts of a gate in words: `83 create, 2 update, 15 unchanged`.
    pub fn told(&self, gate: Gate) -> Option<String> {
        let counts = self.counts.get(gate.name())?;
        let writes = counts.iter().filter(|(what, n)| **n > 0 && !matches!(what.as_str(), UNCHANGED | NOT_PLANNED));
        let mut parts: Vec<String> = writes.map(|(what, n)| format!("{n} to {what}")).collect();
        if parts.is_empty() {
            parts.push("nothing to write".to_owned());
        }
        parts.push(format!("{} {UNCHANGED}", counts.get(UNCHANGED).unwrap_or(&0)));
        parts.extend(counts.get(NOT_PLANNED).filter(|n| **n > 0).map(|n| format!("{n} {NOT_PLANNED}")));
        Some(parts.join(", "))
    }

    /// Customers that the plan makes or links certificates for.
    pub fn with_certificates(&self) -> BTreeSet<CustomerCode> {
        let actions = self.gate(Gate::Certificates).map(|plan| plan.actions.as_slice()).unwrap_or_default();
        actions.iter().flat_map(|action| action.write.customers()).cloned().collect()
    }
}

/// How many writes of each kind, and what is there already.
pub fn counts(gates: &[Plan]) -> BTreeMap<String, BTreeMap<String, usize>> {
    let mut all = BTreeMap::new();
    for plan in gates {
        let of: &mut BTreeMap<String, usize> = all.entry(plan.gate.name().to_owned()).or_default();
        for action in &plan.actions {
            *of.entry(action.write.kind().to_owned()).or_default() += 1;
        }
        of.insert(UNCHANGED.to_owned(), plan.unchanged);
        of.insert(NOT_PLANNED.to_owned(), plan.notes.iter().filter(|n| !n.harmless).count());
    }
    all
}

/// Sums of what the service had, by kind of object and by what identifies it.
pub type RestedOn = BTreeMap<String, BTreeMap<String, String>>;

const UNCHANGED: &str = "there already";
const NOT_PLANNED: &str = "left out";
const ABSENT: &str = "absent";

fn digest<T: Serialize>(value: &T) -> String {
    // Plain records with text keys can always be written.
    let text = serde_json::to_string(value).unwrap_or_default();
    Sha256::of(text.as_bytes()).as_str()[..16].to_owned()
}

/// The service's record of each wanted customer, or that there is none.
pub fn customers_rested_on(wanted: &BTreeSet<CustomerCode>, present: &[CustomerOnFile]) -> BTreeMap<String, String> {
    let present: BTreeMap<&CustomerCode, &CustomerOnFile> = present.iter().map(|c| (&c.code, c)).collect();
    wanted.iter().map(|code| (code.to_string(), present.get(code).map_or(ABSENT.to_owned(), digest))).collect()
}

/// The certificates of wanted customers, and those of nobody.
pub fn certificates_rested_on(wanted: &BTreeSet<CustomerCode>, on_file: &[CertificateOnFile]) -> BTreeMap<String, String> {
    let matters = |c: &&CertificateOnFile| c.customers.is_empty() || c.customers.iter().any(|code| wanted.contains(code));
    let seen = |c: &CertificateOnFile| {
        let mut customers = c.customers.clone();
        customers.sort();
        // The service goes on working on a certificate by itself, so its status is no change that anybody made.
        digest(&(&c.zone_name, &c.number, c.signed, c.expires, c.valid, customers))
    };
    on_file.iter().filter(matters).map(|c| (c.id.to_string(), seen(c))).collect()
}

/// The invitations of wanted customers.
pub fn invitations_rested_on(wanted: &BTreeSet<CustomerCode>, recent: &[InvitationOnFile]) -> BTreeMap<String, String> {
    recent.iter().filter(|i| wanted.contains(&i.customer)).map(|i| (i.id.to_string(), digest(&(&i.customer, i.sent)))).collect()
}

/// What is not as it was: in words, one line for each object.
pub fn differences(before: &RestedOn, now: &RestedOn) -> Vec<String> {
    let mut found = Vec::new();
    for (kind, was) in before {
        let Some(is) = now.get(kind) else { continue };
        let singular = kind.strip_suffix('s').unwrap_or(kind);
        let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        for key in keys {
            let there = |map: &BTreeMap<String, String>| map.get(key).filter(|sum| *sum != ABSENT).cloned();
            found.extend(match (there(was), there(is)) {
                (None, Some(_)) => Some(format!("{singular} {key} was not there, and is there now")),
                (Some(_), None) => Some(format!("{singular} {key} was there, and is gone")),
                (Some(a), Some(b)) if a != b => Some(format!("{singular} {key} has changed")),
                _ => None,
            });
        }
    }
    found
}

/// What one plan has that another has not.
pub fn actions_apart<'a>(one: &'a [Action], other: &[Action]) -> Vec<&'a Action> {
    let other: BTreeMap<&str, Write> = other.iter().map(|a| (a.id.as_str(), a.write.as_asked())).collect();
    one.iter().filter(|a| other.get(a.id.as_str()) != Some(&a.write.as_asked())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> PlanFile {
        let gates = vec![Plan::new(Gate::Customers, vec![], 3, vec![])];
        PlanFile {
            format: FORMAT,
            tool: "certonboard 0".into(),
            made: jiff::Timestamp::UNIX_EPOCH,
            made_by: "tester".into(),
            today: jiff::civil::date(2026, 11, 20),
            run: None,
            target: serde_json::json!({ "service": "practice" }),
            counts: counts(&gates),
            inputs: vec![Input { path: "a.csv".into(), sha256: Sha256::of(b"x") }],
            rested_on: BTreeMap::from([("customers".to_owned(), BTreeMap::from([("C-1".to_owned(), ABSENT.to_owned())]))]),
            answers: serde_json::json!({ "policy": { "sample_percent": 5.0 } }),
            gates,
        }
    }

    #[test]
    fn a_plan_comes_back_as_it_was_written_and_not_otherwise() {
        let text = file().text().unwrap();
        assert_eq!(PlanFile::from_text(&text).unwrap(), file());
        for (from, to) in [("a.csv", "b.csv"), ("absent", "present"), ("\"unchanged\": 3", "\"unchanged\": 4"), ("tester", "somebody")] {
            assert!(text.contains(from), "{from}");
            assert_eq!(PlanFile::from_text(&text.replacen(from, to, 1)), Err(PlanFileError::Changed), "{from}");
        }
        // Figures that are not those of the writes, with a fingerprint that fits.
        let mut flattering = file();
        flattering.counts.clear();
        assert_eq!(PlanFile::from_text(&flattering.text().unwrap()), Err(PlanFileError::Changed));
        assert_eq!(PlanFile::from_text(&text.replacen("\"format\": 1", "\"format\": 9", 1)), Err(PlanFileError::OtherForm(9)));
        assert!(matches!(PlanFile::from_text("[]"), Err(PlanFileError::NoPlan(_))));
        assert!(matches!(PlanFile::from_text("x"), Err(PlanFileError::NoPlan(_))));
    }

    #[test]
    fn differences_are_told_by_name() {
        let state = |list: &[(&str, &str)]| {
            let of = list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            RestedOn::from([("customers".to_owned(), of)])
        };
        let before = state(&[("A", ABSENT), ("B", "1"), ("C", "1"), ("D", "1")]);
        assert_eq!(differences(&before, &before), Vec::<String>::new());
        let now = state(&[("A", "1"), ("B", "2"), ("C", ABSENT), ("D", "1")]);
        let told = differences(&before, &now);
        assert_eq!(told, ["customer A was not there, and is there now", "customer B has changed", "customer C was there, and is gone"]);
        assert_eq!(differences(&before, &RestedOn::new()), Vec::<String>::new(), "a kind that nobody read tells nothing");
    }
}
