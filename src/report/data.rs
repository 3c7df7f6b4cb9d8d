//! The report as plain rows: what the JSON prints, and what the workbook's sheets hold.

use super::model::{Figures, Model};
use super::problems::{kind, word};
use crate::domain::{Disposition, Severity};
use crate::ports::{ActionRecord, ActionState};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The name and version of this form; it changes when a field changes its meaning.
pub const FORMAT: &str = "certonboard report 1";

/// Everything that a report tells.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Data {
    pub format: String,
    pub merchant: String,
    pub company: String,
    pub service: String,
    /// The run's name.
    pub session: String,
    /// ISO 8601, with the time.
    pub started: Option<String>,
    pub user: Option<String>,
    /// The day that decided what has expired.
    pub today: Option<String>,
    /// Nothing was written to the service.
    pub dry_run: bool,
    pub figures: Figures,
    pub customers: Vec<CustomerRow>,
    pub certificates: Vec<CertificateRow>,
    pub invitations: Vec<InvitationRow>,
    pub papers: Vec<PaperRow>,
    pub to_do: Vec<ToDo>,
    pub problems: Vec<ProblemRow>,
}

/// What covers an exempt customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Covered {
    /// A certificate that counts on the day of the run.
    Certificate,
    /// No certificate, but an invitation of this run.
    Invited,
    Nothing,
    /// The ERP taxes the customer: nothing is needed.
    NotNeeded,
}

impl Covered {
    pub fn word(self) -> &'static str {
        match self {
            Covered::Certificate => "certificate",
            Covered::Invited => "invited",
            Covered::Nothing => "nothing yet",
            Covered::NotNeeded => "not needed",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CustomerRow {
    pub code: String,
    pub name: String,
    /// Two letters.
    pub state: Option<String>,
    pub email: Option<String>,
    pub exempt: bool,
    /// Why the ERP's row counts as it does, in words.
    pub because: String,
    /// The ERP's reason of exemption, by Avalara's name.
    pub reason: Option<String>,
    pub covered: Covered,
    /// States for which a certificate counts.
    pub covered_states: Vec<String>,
    pub covered_until: Option<Date>,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CertificateRow {
    /// The service's number; negative in a dry run.
    pub id: Option<i64>,
    pub customers: Vec<String>,
    pub zone: String,
    pub number: Option<String>,
    pub reason: String,
    pub signed: Date,
    /// `None`: no end.
    pub expires: Option<Date>,
    pub file: String,
    /// 1-based, first and last.
    pub pages: [u32; 2],
    /// `done`, `refused`, `open`.
    pub state: String,
    pub remark: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct InvitationRow {
    pub customer: String,
    pub delivery: Option<String>,
    pub recipient: Option<String>,
    pub zones: Vec<String>,
    pub link: Option<String>,
    pub email_status: Option<String>,
    pub state: String,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PaperRow {
    pub file: String,
    pub pages: [u32; 2],
    /// `TX-01-339`, `MTC` …; `None` where the paper is no certificate or unknown.
    pub form: Option<String>,
    pub purchaser: Option<String>,
    /// State and number, as far as read.
    pub claims: Vec<String>,
    pub signed: Option<Date>,
    pub expires: Option<Date>,
    pub customers: Vec<String>,
    /// `accept`, `review` or `reject`.
    pub decision: String,
    /// Who decided, where a person did.
    pub by: Option<String>,
    pub reasons: Vec<String>,
}

/// Something that is left for a person.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ToDo {
    pub about: String,
    pub what: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ProblemRow {
    pub severity: String,
    pub kind: String,
    /// 1-based row of the spreadsheet.
    pub row: Option<u32>,
    pub column: Option<String>,
    pub value: Option<String>,
    pub problem: String,
    pub what_to_do: Option<String>,
}

fn state(action: &ActionRecord) -> String {
    match action.state {
        ActionState::Done => "done",
        ActionState::Failed => "refused",
        ActionState::Planned | ActionState::Attempted => "open",
    }
    .to_owned()
}

/// Why a write was refused.
pub fn message(action: &ActionRecord) -> String {
    action.result.as_ref().and_then(|r| r.get("message")).and_then(Value::as_str).unwrap_or("refused").to_owned()
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    match value.pointer(pointer)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn day(value: &Value, pointer: &str) -> Option<Date> {
    value.pointer(pointer)?.as_str()?.parse().ok()
}

impl Data {
    pub fn of(model: &Model<'_>) -> Self {
        let header = |key: &str| text(&model.record.header, &format!("/run/{key}"));
        Self {
            format: FORMAT.to_owned(),
            merchant: model.merchant.clone(),
            company: model.company.clone(),
            service: model.service.clone(),
            session: header("session").unwrap_or_default(),
            started: header("started"),
            user: header("user"),
            today: header("today"),
            dry_run: model.dry_run,
            figures: model.figures.clone(),
            customers: customers(model),
            certificates: certificates(model),
            invitations: invitations(model),
            papers: papers(model),
            to_do: to_do(model),
            problems: problems(model),
        }
    }
}

fn customers(model: &Model<'_>) -> Vec<CustomerRow> {
    let invited = model.invited();
    let row = |c: &crate::domain::Customer| {
        let coverage = model.coverage.get(c.code.as_str()).cloned().unwrap_or_default();
        let is_covered = text(&coverage, "/coverage").as_deref() == Some("covered");
        let states = coverage.get("states").and_then(Value::as_array).into_iter().flatten();
        CustomerRow {
            code: c.code.to_string(),
            name: c.name.clone(),
            state: c.address.region.as_ref().map(|r| r.code().to_owned()),
            email: c.contact.email.clone(),
            exempt: c.is_exempt(),
            because: c.exemption.rule.to_string(),
            reason: c.exemption.reason.as_ref().map(ToString::to_string),
            covered: match (c.is_exempt(), is_covered) {
                (false, _) => Covered::NotNeeded,
                (true, true) => Covered::Certificate,
                (true, false) if invited.contains(&c.code) => Covered::Invited,
                (true, false) => Covered::Nothing,
            },
            covered_states: states.filter_map(Value::as_str).map(str::to_owned).collect(),
            covered_until: day(&coverage, "/until").filter(|end| end.year() < 9999),
        }
    };
    model.customers.iter().map(row).collect()
}

/// The writes of a gate with what was sent, oldest plan first.
fn sent<'a>(model: &'a Model<'_>, gate: &str) -> Vec<(&'a ActionRecord, Value)> {
    let mut writes: BTreeMap<String, Value> = BTreeMap::new();
    for plan in &model.record.plans {
        for action in plan.pointer("/plan/actions").and_then(Value::as_array).into_iter().flatten() {
            if let Some(id) = text(action, "/id") {
                writes.insert(id, action.clone());
            }
        }
    }
    model.actions(gate).filter_map(|action| Some((action, writes.get(&action.id)?.clone()))).collect()
}

fn certificates(model: &Model<'_>) -> Vec<CertificateRow> {
    let row = |(action, write): (&ActionRecord, Value)| {
        if text(&write, "/write").as_deref() != Some("create_certificate") {
            return None;
        }
        let first = text(&write, "/customer");
        let also = write.get("also").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        let page = |at: usize| write.pointer(&format!("/document/pages/{at}")).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        let refused = (action.state == ActionState::Failed).then(|| message(action));
        Some(CertificateRow {
            id: action.result.as_ref().and_then(|r| r.get("certificate")).and_then(Value::as_i64),
            customers: first.into_iter().chain(also).collect(),
            zone: text(&write, "/draft/zone/name").unwrap_or_default(),
            number: text(&write, "/draft/number"),
            reason: text(&write, "/draft/reason").unwrap_or_default(),
            signed: day(&write, "/draft/signed")?,
            expires: day(&write, "/draft/expires").filter(|end| end.year() < 9999),
            file: text(&write, "/document/file").unwrap_or_default(),
            pages: [page(0)?, page(1)?],
            state: state(action),
            remark: refused.or_else(|| action.result.as_ref().and_then(|r| text(r, "/reduced"))),
        })
    };
    sent(model, "certificates").into_iter().filter_map(row).collect()
}

fn invitations(model: &Model<'_>) -> Vec<InvitationRow> {
    let row = |(action, write): (&ActionRecord, Value)| {
        let customer = text(&write, "/draft/customer")?;
        let link = model.links.get(&customer).cloned().unwrap_or_default();
        let zones = write.pointer("/draft/zones").and_then(Value::as_array).into_iter().flatten();
        Some(InvitationRow {
            delivery: text(&write, "/draft/delivery"),
            recipient: text(&write, "/draft/recipient"),
            zones: zones.filter_map(|zone| text(zone, "/name")).collect(),
            link: text(&link, "/link"),
            email_status: text(&link, "/email_status"),
            state: state(action),
            why: if action.state == ActionState::Failed { message(action) } else { action.reason.clone() },
            customer,
        })
    };
    sent(model, "invitations").into_iter().filter_map(row).collect()
}

fn papers(model: &Model<'_>) -> Vec<PaperRow> {
    let claim = |s: &crate::domain::StateClaim| match &s.number {
        Some(number) => format!("{} {number}", s.region),
        None => s.region.to_string(),
    };
    model
        .record
        .documents
        .iter()
        .map(|d| PaperRow {
            file: d.file.clone(),
            pages: d.pages,
            form: d.form.as_ref().map(|f| f.id.clone()),
            purchaser: d.fields.purchaser_name.as_ref().map(|f| f.value.clone()),
            claims: d.states.iter().map(claim).collect(),
            signed: d.fields.signed_date.as_ref().map(|f| f.value),
            expires: d.fields.expiration_date.as_ref().map(|f| f.value),
            customers: d.likely_customers().iter().map(ToString::to_string).collect(),
            decision: match d.disposition {
                Disposition::Accept => "accept",
                Disposition::Review => "review",
                Disposition::Reject => "reject",
            }
            .to_owned(),
            by: d.ruled.as_ref().map(|r| r.by.clone()),
            reasons: d.reasons.clone(),
        })
        .collect()
}

fn to_do(model: &Model<'_>) -> Vec<ToDo> {
    let open = model.documents(Disposition::Review).chain(model.documents(Disposition::Reject)).filter(|d| d.waits());
    let papers = open.map(|d| ToDo { about: d.key(), what: d.reasons.join("; ") });
    let unreadable = model.record.unreadable.iter().map(|(file, why)| ToDo { about: file.clone(), what: why.clone() });
    let noted = model.left_out.iter().chain(&model.not_exempting).map(|(about, what)| ToDo { about: about.clone(), what: what.clone() });
    let refused = model.record.actions.iter().filter(|a| a.state == ActionState::Failed);
    let refused = refused.map(|a| ToDo { about: a.what.clone(), what: message(a) });
    let errors = model.issues.iter().filter(|i| i.severity == Severity::Error).count();
    let rows = (errors > 0).then(|| ToDo {
        about: "the spreadsheet".to_owned(),
        what: format!("{} mending; see the data problems", crate::domain::counted(errors, "problem needs", "problems need")),
    });
    papers.chain(unreadable).chain(noted).chain(refused).chain(rows).collect()
}

fn problems(model: &Model<'_>) -> Vec<ProblemRow> {
    let row = |i: &crate::domain::Issue| ProblemRow {
        severity: word(i.severity).to_owned(),
        kind: kind(i),
        row: i.row,
        column: i.column.clone(),
        value: i.value.clone(),
        problem: i.message.clone(),
        what_to_do: i.suggestion.clone(),
    };
    model.issues.iter().map(row).collect()
}

/// The JSON Schema of the report's JSON.
pub fn schema() -> Value {
    schemars::schema_for!(Data).to_value()
}
