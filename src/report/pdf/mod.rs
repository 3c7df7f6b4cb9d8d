//! The run record as PDF/A-3b for a compliance file: what was found, decided, approved and written, and the hash that stands for all of it. The
//! record itself, as JSON, is attached to the file.

mod layout;

use super::model::Model;
use crate::domain::Sha256;
use crate::ports::{ActionState, RunRecord};
use jiff::Timestamp;
use krilla::configure::{Archival, ConfigurationBuilder, PdfVersion};
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::metadata::{DateTime, Metadata};
use krilla::{Document, SerializeSettings};
use layout::{Ink, Sheets};
use serde_json::Value;
use std::collections::BTreeMap;

/// Why the PDF could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the PDF can't be made: {0}")]
pub struct PdfError(String);

/// What stands beside the run's own record.
pub struct Audit<'a> {
    /// The run record as JSON; attached to the PDF.
    pub json: &'a [u8],
    /// Of the chain over the entries: how many, and the hash of the last, which stands for all. `None`: the record has no entry.
    pub head: Option<(i64, String)>,
    /// Is the chain unbroken? Else the first entry that does not fit.
    pub intact: Result<(), i64>,
    /// When the run ended last.
    pub finished: Option<Timestamp>,
    /// Decisions of persons about papers.
    pub reviewed: usize,
}

/// The PDF. The same record makes the same bytes.
pub fn pdf(model: &Model<'_>, audit: &Audit<'_>) -> Result<Vec<u8>, PdfError> {
    let failed = |what: &str| PdfError(what.to_owned());
    let mut sheets = Sheets::new().ok_or_else(|| failed("the built-in fonts can't be read"))?;
    let title = format!("Run record: onboarding of {}", if model.merchant.is_empty() { &model.company } else { &model.merchant });
    write(&mut sheets, model, audit, &title);

    let configuration = ConfigurationBuilder::new()
        .with_version(PdfVersion::Pdf17)
        .with_archival_validator(Archival::A3_B)
        .finish()
        .map_err(|e| failed(&format!("{e:?}")))?;
    let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let session = header(model.record, "session");
    let hash = audit.head.as_ref().map(|(_, hash)| hash.as_str()).unwrap_or_default();
    let made = audit.finished.or_else(|| header(model.record, "started").parse().ok()).unwrap_or_default();
    document.set_metadata(
        Metadata::new()
            .title(crate::domain::printable(&title))
            .creator(header(model.record, "tool"))
            .language("en".to_owned())
            .document_id(Sha256::of(hash.as_bytes()).as_str().to_owned())
            .creation_date(date_time(made)),
    );
    sheets.draw(&mut document, &format!("{session} · record hash {hash}")).ok_or_else(|| failed("a page can't be drawn"))?;
    let attached = EmbeddedFile {
        path: "run-record.json".to_owned(),
        mime_type: MimeType::new("application/json"),
        description: Some("The whole run record, as certonboard status RUN --format json prints it".to_owned()),
        association_kind: AssociationKind::Source,
        data: audit.json.to_vec().into(),
        modification_date: Some(date_time(made)),
        compress: Some(true),
        location: None,
    };
    document.embed_file(attached).ok_or_else(|| failed("the record can't be attached"))?;
    document.finish().map_err(|e| failed(&format!("{e:?}")))
}

fn date_time(at: Timestamp) -> DateTime {
    let at = at.to_zoned(jiff::tz::TimeZone::UTC);
    let small = |n: i8| u8::try_from(n).unwrap_or(0);
    DateTime::new(u16::try_from(at.year()).unwrap_or(0))
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

fn header(record: &RunRecord, key: &str) -> String {
    record.header.pointer(&format!("/run/{key}")).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// To the second; what is finer stands in the attached record.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    }
}

fn write(sheets: &mut Sheets, model: &Model<'_>, audit: &Audit<'_>, title: &str) {
    let record = model.record;
    let header = |key: &str| header(record, key);
    sheets.title(title);
    if model.dry_run {
        sheets.paragraph("Dry run: this is what would have been done. Nothing was written to the service.", Ink::Black);
    }
    let (entries, hash) = audit.head.clone().unwrap_or_default();
    let chain = match audit.intact {
        Ok(()) => format!("unbroken over all {entries} entries when this file was made"),
        Err(entry) => format!("BROKEN: entry {entry} does not fit the one before it; nothing from there on can be relied on"),
    };
    let started = header("started").parse().map_or_else(|_| header("started"), time);
    sheets.pairs(&[
        ("Session", header("session")),
        ("Merchant", model.merchant.clone()),
        ("Company in the service", model.company.clone()),
        ("Service", model.service.clone()),
        ("User", header("user")),
        ("Started", started),
        ("Ended last", audit.finished.map_or_else(|| "not yet".to_owned(), time)),
        ("Day of the run", header("today")),
        ("Program", header("tool")),
        ("Hash of the record", hash),
        ("Chain of hashes", chain),
    ]);
    sheets.paragraph(
        "Each entry of the record holds the SHA-256 of the one before it. The hash above is that of the last entry and stands for all of them: \
         a record with another hash is another record. Check it with: certonboard status RUN --verify.",
        Ink::Grey,
    );

    sheets.heading("Summary");
    let f = &model.figures;
    let would = if model.dry_run { "would be " } else { "" };
    let mut summary = vec![
        ("Customers", format!("{} in the list, {} of them exempt", f.customers, f.exempt)),
        ("Sent to the service", format!("{} {would}created or updated, {} as they were", f.customers_sent, f.customers_unchanged)),
        (
            "Papers",
            format!(
                "{} read: {} accepted, {} for review, {} can't be used, {} copies; {} files unreadable",
                f.papers, f.papers_accepted, f.papers_for_review, f.papers_rejected, f.copies, f.unreadable
            ),
        ),
        ("Certificates", format!("{} {would}created and linked, {} there already", f.certificates_linked, f.certificates_unchanged)),
        ("Exempt by the service's word", format!("{} of {} asked", f.exemptions_found, f.exemptions_asked)),
        (if model.tokens { "Tokens" } else { "Invitations" }, f.invitations.to_string()),
        ("Writes refused", f.writes_refused.to_string()),
        ("Data problems", f.data_problems.to_string()),
        ("Papers that wait for a person", f.papers_waiting.to_string()),
        ("Papers a person decided about", format!("{} in {} decisions", f.papers_ruled, audit.reviewed)),
    ];
    if f.drawn > 0 {
        summary.push(("Check on the program", model.check()));
    }
    sheets.pairs(&summary);

    sheets.heading("Approvals");
    let mut plans: Vec<&Value> = record.plans.iter().collect();
    plans.sort_by_key(|plan| plan.pointer("/approval/at").and_then(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok()));
    let approvals: Vec<Vec<String>> = plans
        .into_iter()
        .map(|plan| {
            let text = |pointer: &str| plan.pointer(pointer).map(shown).unwrap_or_default();
            let writes = plan.pointer("/plan/actions").and_then(Value::as_array).map_or(0, Vec::len);
            let at = text("/approval/at");
            vec![text("/plan/gate"), writes.to_string(), text("/approval/by"), at.parse().map_or(at, time), text("/approval/fingerprint")]
        })
        .collect();
    match approvals.is_empty() {
        true => sheets.paragraph("Nothing was approved.", Ink::Black),
        false => {
            sheets.table(&["What", "Writes", "Approved by", "When", "Fingerprint of the plan"], &[0.16, 0.1, 0.2, 0.24, 0.3], &approvals)
        }
    }

    sheets.heading("Steps");
    let steps: Vec<Vec<String>> = record.steps.iter().map(|s| vec![s.name.replace('_', " "), time(s.at)]).collect();
    sheets.table(&["Step", "Completed"], &[0.5, 0.5], &steps);

    sheets.heading("Decisions: what was recommended, what was chosen");
    let answers: Vec<Vec<String>> = record
        .answers
        .iter()
        .map(|a| {
            let by = serde_json::to_value(a.source).map(|v| shown(&v)).unwrap_or_default();
            vec![a.key.clone(), a.recommended.as_ref().map(shown).unwrap_or_default(), shown(&a.value), by, time(a.at)]
        })
        .collect();
    sheets.table(&["Question", "Recommended", "Chosen", "By", "When"], &[0.24, 0.18, 0.24, 0.12, 0.22], &answers);

    let open = super::data::Data::of(model).to_do;
    sheets.heading("What a person still has to do");
    match open.is_empty() {
        true => sheets.paragraph("Nothing.", Ink::Black),
        false => {
            let rows: Vec<Vec<String>> = open.iter().map(|t| vec![t.about.clone(), t.what.clone()]).collect();
            sheets.table(&["About", "What"], &[0.36, 0.64], &rows);
        }
    }

    sheets.heading("Calls to the service");
    let mut calls: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for call in &record.calls {
        let of = calls.entry(&call.call).or_default();
        of[0] += 1;
        of[1] += usize::from(call.status.is_none_or(|s| s >= 400) && !call.dry_run);
        of[2] += usize::from(call.dry_run);
    }
    let rows: Vec<Vec<String>> = calls
        .iter()
        .map(|(call, [all, failed, unsent])| vec![(*call).to_owned(), all.to_string(), failed.to_string(), unsent.to_string()])
        .collect();
    sheets.table(&["Call", "Attempts", "Without a good answer", "Not sent (dry run)"], &[0.4, 0.16, 0.22, 0.22], &rows);
    sheets.paragraph(
        "Each attempt with its time, duration, status and the SHA-256 of request and answer stands in the attached record.",
        Ink::Grey,
    );

    sheets.heading("Every write");
    let word = |state: ActionState| match (state, model.dry_run) {
        (ActionState::Done, true) => "would be done",
        (ActionState::Done, false) => "done",
        (ActionState::Failed, _) => "refused",
        (ActionState::Planned, _) => "not begun",
        (ActionState::Attempted, _) => "sent, not confirmed",
    };
    let writes: Vec<Vec<String>> = model
        .writes()
        .into_iter()
        .map(|a| {
            let state = match a.state {
                ActionState::Failed => format!("refused: {}", super::data::message(a)),
                state => word(state).to_owned(),
            };
            vec![a.what.clone(), a.reason.clone(), state, a.first_attempt.map_or_else(|| "–".to_owned(), time)]
        })
        .collect();
    match writes.is_empty() {
        true => sheets.paragraph("None.", Ink::Black),
        false => sheets.table(&["What", "Why", "State", "First sent"], &[0.32, 0.32, 0.16, 0.2], &writes),
    }
}
