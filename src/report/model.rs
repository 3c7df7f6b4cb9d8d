//! What a run was, as a report needs it. Read from the journal's record and from nothing else.

use crate::domain::{Customer, CustomerCode, Disposition, Document, Issue};
use crate::ports::{ActionRecord, ActionState, RunRecord};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The headline figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Figures {
    pub customers: usize,
    pub exempt: usize,
    pub customers_sent: usize,
    pub customers_unchanged: usize,
    pub papers: usize,
    pub papers_accepted: usize,
    pub papers_for_review: usize,
    pub papers_rejected: usize,
    /// Papers that nobody has decided about yet.
    pub papers_waiting: usize,
    /// Papers that a person decided about.
    pub papers_ruled: usize,
    /// Papers that were drawn as a check on the program.
    pub drawn: usize,
    /// Of these, those that a person has looked at, and those that the person changed.
    pub drawn_checked: usize,
    pub drawn_changed: usize,
    /// Files that are byte-for-byte copies of others.
    pub copies: usize,
    pub unreadable: usize,
    pub certificates_linked: usize,
    pub certificates_unchanged: usize,
    /// Customers and states about which the service was asked after linking, and those in which it exempts.
    pub exemptions_asked: usize,
    pub exemptions_found: usize,
    pub invitations: usize,
    /// Of these, those that were not sent to anybody: links that the merchant passes on.
    pub invitation_links: usize,
    pub writes_refused: usize,
    pub data_problems: usize,
}

/// The model behind every form of the report.
pub struct Model<'a> {
    pub record: &'a RunRecord,
    pub figures: Figures,
    pub customers: Vec<Customer>,
    pub issues: Vec<Issue>,
    pub dry_run: bool,
    /// The service makes tokens for the merchant's own pages and sends no invitations.
    pub tokens: bool,
    pub merchant: String,
    pub company: String,
    pub service: String,
    /// Customer code to what covers it, as the last step saw it.
    pub coverage: BTreeMap<String, Value>,
    /// Accepted papers that came to nothing: paper and reason.
    pub left_out: Vec<(String, String)>,
    /// Customers that the service does not exempt although their certificates were created, and certificates that are not as they were sent:
    /// about what, and what to do.
    pub not_exempting: Vec<(String, String)>,
    /// Customer code to invitation link or mail status.
    pub links: BTreeMap<String, Value>,
}

impl<'a> Model<'a> {
    pub fn new(record: &'a RunRecord) -> Self {
        let step = |name: &str| record.steps.iter().find(|s| s.name == name).map(|s| &s.outcome);
        let preflight = step("preflight");
        let read = step("read_customers");
        let list = |key: &str| read.and_then(|r| r.get(key)).cloned().unwrap_or(Value::Null);
        let customers: Vec<Customer> = serde_json::from_value(list("customers")).unwrap_or_default();
        let issues: Vec<Issue> = serde_json::from_value(list("issues")).unwrap_or_default();
        let gate = |name: &str| -> Vec<&ActionRecord> { record.actions.iter().filter(|a| a.gate == name).collect() };
        let count = |name: &str, state: ActionState| gate(name).iter().filter(|a| a.state == state).count();
        let unchanged = |name: &str| step(name).and_then(|s| s.get("unchanged")).and_then(Value::as_u64).unwrap_or(0) as usize;
        let proof = |key: &str| step("proof").and_then(|s| s.get(key)).and_then(Value::as_u64).unwrap_or(0) as usize;
        let papers = |d: Disposition| record.documents.iter().filter(|x| x.disposition == d && !x.is_copy()).count();
        let drawn = || record.documents.iter().filter(|d| d.drawn);
        let map = |name: &str, key: &str| -> BTreeMap<String, Value> {
            let found = step(name).and_then(|s| s.get(key)).and_then(Value::as_object);
            found.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect()
        };
        // The summary counts customers that can't be sent too; the list holds only those that can.
        let counted = |key: &str| read.and_then(|r| r.get("summary")).and_then(|s| s.get(key)).and_then(Value::as_u64).map(|n| n as usize);
        let links = map("invitation_links", "ready");
        let figures = Figures {
            customers: counted("total").unwrap_or(customers.len()),
            exempt: counted("exempt").unwrap_or_else(|| customers.iter().filter(|c| c.is_exempt()).count()),
            customers_sent: count("customers", ActionState::Done),
            customers_unchanged: unchanged("customers"),
            papers: record.documents.len(),
            papers_accepted: papers(Disposition::Accept),
            papers_for_review: papers(Disposition::Review),
            papers_rejected: papers(Disposition::Reject),
            papers_waiting: record.documents.iter().filter(|d| d.waits()).count(),
            papers_ruled: record.documents.iter().filter(|d| d.ruled.is_some()).count(),
            drawn: drawn().count(),
            drawn_checked: drawn().filter(|d| d.ruled.is_some()).count(),
            drawn_changed: drawn().filter(|d| d.was_overruled()).count(),
            copies: record.documents.iter().filter(|d| d.is_copy()).count(),
            unreadable: record.unreadable.len(),
            certificates_linked: count("certificates", ActionState::Done),
            certificates_unchanged: unchanged("certificates"),
            exemptions_asked: proof("asked"),
            exemptions_found: proof("exempt"),
            invitations: count("invitations", ActionState::Done),
            invitation_links: links.values().filter(|l| l.get("delivery").and_then(Value::as_str) == Some("Download")).count(),
            writes_refused: record.actions.iter().filter(|a| a.state == ActionState::Failed).count(),
            data_problems: issues.len(),
        };
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let merchant = record.answers.iter().find(|a| a.key == "merchant").map(|a| &a.value);
        Self {
            record,
            figures,
            customers,
            issues,
            dry_run: preflight.and_then(|p| p.get("dry_run")).and_then(Value::as_bool).unwrap_or(false),
            tokens: preflight.and_then(|p| p.get("sends_invitations")).and_then(Value::as_bool) == Some(false),
            merchant: text(merchant),
            company: text(preflight.and_then(|p| p.pointer("/company/name"))),
            service: text(preflight.and_then(|p| p.get("service"))),
            left_out: notes(step("certificates")),
            not_exempting: not_exempting(step("proof")),
            coverage: map("summary", "coverage"),
            links,
        }
    }

    /// How the check on the program stands.
    pub fn check(&self) -> String {
        let f = &self.figures;
        let drawn = if f.drawn == 1 { "1 paper was".to_owned() } else { format!("{} papers were", f.drawn) };
        match f.drawn_checked {
            0 => format!("{drawn} drawn as a check; no person has looked yet"),
            n => format!("{drawn} drawn as a check; a person has looked at {n} and changed {}", f.drawn_changed),
        }
    }

    /// Whom this run invited.
    pub fn invited(&self) -> BTreeSet<&CustomerCode> {
        self.actions("invitations").filter(|a| a.state == ActionState::Done).filter_map(|a| a.customer.as_ref()).collect()
    }

    pub fn actions(&self, gate: &str) -> impl Iterator<Item = &ActionRecord> {
        self.record.actions.iter().filter(move |a| a.gate == gate)
    }

    /// Every write in the order in which they were planned: gate by gate, as the gates were approved.
    pub fn writes(&self) -> Vec<&ActionRecord> {
        let text = |plan: &Value, pointer: &str| plan.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let mut gates: Vec<(Option<jiff::Timestamp>, String)> = Vec::new();
        for plan in &self.record.plans {
            let Some(gate) = text(plan, "/plan/gate") else { continue };
            let at = text(plan, "/approval/at").and_then(|at| at.parse().ok());
            match gates.iter_mut().find(|(_, known)| *known == gate) {
                Some(first) => first.0 = first.0.min(at),
                None => gates.push((at, gate)),
            }
        }
        gates.sort();
        let place = |gate: &str| gates.iter().position(|(_, known)| known == gate).unwrap_or(gates.len());
        let mut writes: Vec<&ActionRecord> = self.record.actions.iter().collect();
        writes.sort_by_key(|a| (place(&a.gate), a.seq));
        writes
    }

    pub fn documents(&self, disposition: Disposition) -> impl Iterator<Item = &Document> {
        self.record.documents.iter().filter(move |d| d.disposition == disposition)
    }
}

fn not_exempting(proof: Option<&Value>) -> Vec<(String, String)> {
    let list = |key: &str| proof.and_then(|p| p.get(key)).and_then(Value::as_array).cloned().unwrap_or_default();
    let part = |one: &Value, key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let not = list("not_exempt").into_iter().map(|one| {
        let about = format!("{} in {}", part(&one, "customer"), part(&one, "region"));
        (about, format!("not exempt: {}. {}", part(&one, "cause"), part(&one, "fix")))
    });
    let differs = list("differs").into_iter().map(|one| (format!("certificate {}", one["certificate"]), part(&one, "what")));
    not.chain(differs).collect()
}

/// The notes of a gate: subject and text.
fn notes(outcome: Option<&Value>) -> Vec<(String, String)> {
    let list = outcome.and_then(|o| o.get("notes")).and_then(Value::as_array);
    let part = |note: &Value, key: &str| note.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    list.into_iter().flatten().map(|note| (part(note, "subject"), part(note, "text"))).collect()
}
