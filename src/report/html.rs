//! The report as one HTML file that opens offline. Every text goes through maud, which escapes it.

use super::data::message;
use super::model::Model;
use crate::domain::{CustomerCode, Disposition, Document, Severity};
use crate::ports::{ActionRecord, ActionState};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html as markup};
use serde_json::Value;
use sha2::Digest;
use std::collections::{BTreeMap, BTreeSet};

const STYLE: &str = include_str!("report.css");
/// Searching and sorting. It is the only script that the page may run: the policy names its sum.
const SCRIPT: &str = include_str!("report.js");

fn policy() -> String {
    let sum = STANDARD.encode(sha2::Sha256::digest(SCRIPT.as_bytes()));
    format!("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{sum}'; base-uri 'none'; form-action 'none'")
}

/// The whole page. `title_day` is the run's day, ISO 8601.
pub fn html(model: &Model<'_>, title_day: &str) -> String {
    let title = format!("Onboarding of {}", if model.merchant.is_empty() { &model.company } else { &model.merchant });
    markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(policy());
                title { (title) ", " (title_day) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the figures" }
                header {
                    h1 { (title) }
                    p { (title_day) " · " (model.service) " · company " (model.company) }
                    @if model.dry_run { p.banner { "Dry run: this is what would be done. Nothing was written to the service." } }
                }
                main #main {
                    (figures(model))
                    (to_do(model))
                    (coverage(model))
                    (papers(model))
                    (writes(model, "customers", "Customers sent"))
                    (certificates(model))
                    (invitations(model))
                    (customers(model))
                    (problems(model))
                    (decisions(model))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string()
}

fn figures(model: &Model<'_>) -> Markup {
    let f = &model.figures;
    let would = if model.dry_run { "would be " } else { "" };
    let cards = [
        (f.customers, "customers".to_owned()),
        (f.exempt, "of them exempt".to_owned()),
        (f.customers_sent, format!("customers {would}sent")),
        (f.certificates_linked, format!("certificates {would}linked")),
        (f.invitations, if model.tokens { format!("tokens {would}made") } else { format!("invitations {would}sent") }),
        (f.papers_waiting + f.unreadable, "papers wait for a person".to_owned()),
    ];
    markup! {
        section aria-label="Figures" {
            ul.cards { @for (n, what) in cards { li { b { (n) } span { (what) } } } }
            @if f.drawn > 0 { p { (model.check()) "." } }
        }
    }
}

fn to_do(model: &Model<'_>) -> Markup {
    let open: Vec<&Document> =
        model.documents(Disposition::Review).chain(model.documents(Disposition::Reject)).filter(|d| d.waits()).collect();
    let refused: Vec<&ActionRecord> = model.record.actions.iter().filter(|a| a.state == ActionState::Failed).collect();
    let errors = model.issues.iter().filter(|i| i.severity == Severity::Error).count();
    markup! {
        section {
            h2 { "What a person still has to do" }
            @if open.is_empty() && model.left_out.is_empty() && model.not_exempting.is_empty() && refused.is_empty() && errors == 0 && model.record.unreadable.is_empty() { p { "Nothing." } }
            ul {
                @for d in open { li { b { (d.key()) } ": " (d.reasons.join("; ")) } }
                @for (file, why) in &model.record.unreadable { li { b { (file) } ": " (why) } }
                @for note in &model.left_out { li { b { (note.0) } ": " (note.1) } }
                @for note in &model.not_exempting { li { b { (note.0) } ": " (note.1) } }
                @for a in refused { li { b { (a.what) } ": " (message(a)) } }
                @if errors > 0 { li { (errors) " problems in the spreadsheet need mending; see " a href="#problems" { "data problems" } "." } }
            }
        }
    }
}

/// Exempt customers by state: with certificate, invited, nothing.
fn coverage(model: &Model<'_>) -> Markup {
    let invited = model.invited();
    let mut states: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for customer in model.customers.iter().filter(|c| c.is_exempt()) {
        let state = customer.address.region.as_ref().map_or("–".to_owned(), |r| r.code().to_owned());
        let place = match status(model, &customer.code, &invited) {
            Status::Covered => 0,
            Status::Invited => 1,
            Status::Nothing => 2,
        };
        states.entry(state).or_default()[place] += 1;
    }
    let most = states.values().map(|c| c.iter().sum::<usize>()).max().unwrap_or(1).max(1);
    let width = |n: usize| format!("width:{}%", n * 100 / most);
    markup! {
        section {
            h2 { "Exempt customers by state" }
            p.legend { span.covered { "with certificate" } " " span.invited { "invited" } " " span.nothing { "nothing yet" } }
            table.bars {
                thead { tr { th { "State" } th { "With certificate" } th { "Invited" } th { "Nothing yet" } th aria-hidden="true" {} } }
                tbody {
                    @for (state, [covered, invited, nothing]) in &states {
                        tr {
                            th scope="row" { (state) } td { (covered) } td { (invited) } td { (nothing) }
                            td.bar aria-hidden="true" {
                                i.covered style=(width(*covered)) {} i.invited style=(width(*invited)) {} i.nothing style=(width(*nothing)) {}
                            }
                        }
                    }
                }
            }
        }
    }
}

enum Status {
    Covered,
    Invited,
    Nothing,
}

fn status(model: &Model<'_>, code: &CustomerCode, invited: &BTreeSet<&CustomerCode>) -> Status {
    let covered = model.coverage.get(code.as_str()).and_then(|c| c.get("coverage")).and_then(Value::as_str) == Some("covered");
    match covered {
        true => Status::Covered,
        false if invited.contains(code) => Status::Invited,
        false => Status::Nothing,
    }
}

fn papers(model: &Model<'_>) -> Markup {
    if model.record.documents.is_empty() {
        return markup! {};
    }
    markup! {
        section {
            h2 { "Papers read" }
            table.data {
                thead { tr { th { "File" } th { "Pages" } th { "Form" } th { "States and numbers" } th { "Purchaser" } th { "Signed" } th { "Expires" } th { "Customer" } th { "Decision and evidence" } } }
                tbody { @for d in &model.record.documents { (paper(d)) } }
            }
        }
    }
}

fn paper(d: &Document) -> Markup {
    let word = match d.disposition {
        Disposition::Accept => "accepted",
        Disposition::Review => "review",
        Disposition::Reject => "can't be used",
    };
    let class = match d.disposition {
        Disposition::Accept => "covered",
        Disposition::Review => "invited",
        Disposition::Reject => "nothing",
    };
    let customers: Vec<String> = d.likely_customers().iter().map(ToString::to_string).collect();
    let states: Vec<String> = d.states.iter().map(|s| format!("{} {}", s.region, s.number.as_ref().map_or("–", |n| n.as_str()))).collect();
    markup! {
        tr {
            td { (d.file) }
            td { (d.pages[0]) "–" (d.pages[1]) }
            td { (d.form.as_ref().map_or("–", |f| &f.id)) }
            td { (states.join(", ")) }
            td { (d.fields.purchaser_name.as_ref().map_or("–", |f| &f.value)) }
            td { (d.fields.signed_date.as_ref().map_or("–".to_owned(), |f| f.value.to_string())) }
            td { (d.fields.expiration_date.as_ref().map_or("–".to_owned(), |f| f.value.to_string())) }
            td { @if customers.is_empty() { "–" } @else { (customers.join(", ")) } }
            td {
                span class=(class) { (word) }
                @if let Some(ruled) = &d.ruled {
                    " by " (ruled.by)
                    @if !ruled.changed.is_empty() { ul { @for c in &ruled.changed { li { (c.to_string()) } } } }
                } @else if let Some(m) = &d.matched { " " (m.evidence.join(", ")) }
                @if !d.reasons.is_empty() { " — " (d.reasons.join("; ")) }
                details {
                    summary { "Rules" }
                    ul { @for f in &d.findings { li { (f.rule) ": " (format!("{:?}", f.verdict).to_lowercase()) " — " (f.evidence) } } }
                }
            }
        }
    }
}

fn certificates(model: &Model<'_>) -> Markup {
    writes(model, "certificates", "Certificates")
}

fn invitations(model: &Model<'_>) -> Markup {
    markup! {
        (writes(model, "invitations", "Invitations"))
        @if !model.links.is_empty() {
            section {
                h2 { "Invitation links" }
                table.data {
                    thead { tr { th { "Customer" } th { "Link or mail status" } } }
                    tbody {
                        @for (code, link) in &model.links {
                            tr { td { (code) } td { (shown_link(link)) } }
                        }
                    }
                }
            }
        }
    }
}

/// A link is made clickable only when it is https or goes to this machine; anything else is shown as text.
fn shown_link(link: &Value) -> Markup {
    let text = |key: &str| link.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
    match (text("link"), text("email_status")) {
        (Some(url), _) if url.starts_with("https://") || url.starts_with("http://127.0.0.1") => {
            markup! { a href=(url) rel="noreferrer" { (url) } }
        }
        (Some(url), _) => markup! { (url) },
        (None, Some(status)) => markup! { (status) },
        (None, None) => markup! { "–" },
    }
}

fn writes(model: &Model<'_>, gate: &str, title: &str) -> Markup {
    let rows: Vec<&ActionRecord> = model.actions(gate).collect();
    if rows.is_empty() {
        return markup! {};
    }
    let would = if model.dry_run { "would be done" } else { "done" };
    markup! {
        section {
            h2 { (title) }
            table.data {
                thead { tr { th { "What" } th { "Why" } th { "State" } } }
                tbody {
                    @for a in rows {
                        tr {
                            td { (a.what) } td { (a.reason) }
                            td {
                                (match a.state { ActionState::Done => would, ActionState::Failed => "refused", ActionState::Planned => "not begun", ActionState::Attempted => "unclear" })
                                @if let Some(reduced) = a.result.as_ref().and_then(|r| r.get("reduced")).and_then(Value::as_str) { "; " (reduced) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn customers(model: &Model<'_>) -> Markup {
    let invited = model.invited();
    markup! {
        section {
            h2 { "Exempt customers" }
            table.data {
                thead { tr { th { "Code" } th { "Name" } th { "State" } th { "Exempt because" } th { "Now" } } }
                tbody {
                    @for c in model.customers.iter().filter(|c| c.is_exempt()) {
                        tr {
                            td { (c.code) } td { (c.name) } td { (c.address.region.as_ref().map_or("–", |r| r.code())) } td { (c.exemption.rule) }
                            td {
                                @match status(model, &c.code, &invited) {
                                    Status::Covered => span.covered { "certificate" },
                                    Status::Invited => span.invited { "invited" },
                                    Status::Nothing => span.nothing { "nothing yet" },
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn problems(model: &Model<'_>) -> Markup {
    markup! {
        section #problems {
            h2 { "Data problems" }
            @if model.issues.is_empty() { p { "None." } } @else {
                table.data {
                    thead { tr { th { "Row" } th { "Column" } th { "Value" } th { "Problem" } th { "What to do" } } }
                    tbody {
                        @for i in &model.issues {
                            tr {
                                td { (i.row.map_or("–".to_owned(), |r| r.to_string())) } td { (i.column.as_deref().unwrap_or("–")) }
                                td { (i.value.as_deref().unwrap_or("–")) } td { (i.message) } td { (i.suggestion.as_deref().unwrap_or("")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What was recommended and what was chosen.
fn decisions(model: &Model<'_>) -> Markup {
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    markup! {
        section {
            h2 { "Decisions" }
            table.data {
                thead { tr { th { "Question" } th { "Answer" } th { "Recommended" } th { "Because" } th { "When" } } }
                tbody {
                    @for a in &model.record.answers {
                        tr {
                            td { (a.key) } td { (text(&a.value)) } td { (a.recommended.as_ref().map(text).unwrap_or_default()) }
                            td { (a.reasons.join("; ")) } td { (a.at.to_string()) }
                        }
                    }
                }
            }
        }
    }
}
