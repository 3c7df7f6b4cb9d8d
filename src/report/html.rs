//! The report as one HTML file that opens offline. Every text goes through maud, which escapes it.

use super::data::{Covered, CustomerRow, Data, message};
use super::gallery::{Gallery, Picture, marks};
use super::model::Model;
use crate::domain::{BBox, Disposition, Document, counted, visible};
use crate::ports::{ActionRecord, ActionState};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html as markup};
use serde_json::Value;
use sha2::Digest;
use std::collections::BTreeMap;

const STYLE: &str = include_str!("report.css");
/// Searching and sorting. It is the only script that the page may run: the policy names its sum.
const SCRIPT: &str = include_str!("report.js");

/// Rows of a table that are shown at once; the page shows the others when they are asked for, searched, or printed. Laying out many thousands
/// takes a browser seconds.
const SHOWN: usize = 250;
/// And points of the list of what is left to do.
const POINTS: usize = 40;

fn policy() -> String {
    let sum = STANDARD.encode(sha2::Sha256::digest(SCRIPT.as_bytes()));
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{sum}'; img-src data: file: 'self'; base-uri 'none'; form-action 'none'"
    )
}

/// The whole page. `title_day` is the run's day, ISO 8601.
pub fn html(model: &Model<'_>, gallery: &Gallery, title_day: &str) -> String {
    let data = Data::of(model);
    let title = format!("Onboarding of {}", if model.merchant.is_empty() { &model.company } else { &model.merchant });
    let page = markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(policy());
                title { (title) ", " (title_day) }
                style { (PreEscaped(STYLE)) }
                noscript { style { "tr.later { display: table-row }" } }
            }
            body data-shown=(SHOWN) {
                a.skip href="#main" { "Skip to the figures" }
                header {
                    h1 { (title) }
                    p { (title_day) " · " (model.service) " · company " (model.company) }
                    @if model.dry_run { p.banner { "Dry run: this is what would be done. Nothing was written to the service." } }
                }
                main #main {
                    (figures(model))
                    (to_do(&data))
                    (coverage(model, &data))
                    (papers(model, gallery))
                    (certificates(&data))
                    (invitations(model, &data))
                    (customers(model, &data))
                    (problems(model))
                    (writes(model))
                    (decisions(model))
                }
                dialog #large aria-label="The page in full size" {
                    form method="dialog" { button { "Close" } }
                    div.page {}
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    visible(&page.into_string())
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
        (f.papers_waiting, "papers wait for a person".to_owned()),
        (f.unreadable, "files can't be read".to_owned()),
    ];
    let cards = cards.into_iter().filter(|(n, what)| *n > 0 || !what.starts_with("files"));
    markup! {
        section aria-label="Figures" {
            ul.cards { @for (n, what) in cards { li { b { (n) } span { (what) } } } }
            @if f.drawn > 0 { p { (model.check()) "." } }
        }
    }
}

fn to_do(data: &Data) -> Markup {
    let points = &data.to_do;
    markup! {
        section {
            h2 { "What a person still has to do" }
            @if points.is_empty() { p { "Nothing." } }
            ul {
                @for t in points.iter().take(POINTS) { li { b { (t.about) } ": " (t.what) } }
            }
            @if points.len() > POINTS {
                details {
                    summary { "and " (points.len() - POINTS) " more" }
                    ul { @for t in points.iter().skip(POINTS) { li { b { (t.about) } ": " (t.what) } } }
                }
            }
        }
    }
}

/// Exempt customers by state: with certificate, invited, nothing.
fn coverage(model: &Model<'_>, data: &Data) -> Markup {
    let asked = if model.tokens { "Has a token" } else { "Invited" };
    let mut states: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for customer in data.customers.iter() {
        let place = match customer.covered {
            Covered::Certificate => 0,
            Covered::Invited => 1,
            Covered::Nothing => 2,
            Covered::NotNeeded => continue,
        };
        states.entry(customer.state.as_deref().unwrap_or("–")).or_default()[place] += 1;
    }
    if states.is_empty() {
        return markup! {};
    }
    let most = states.values().map(|c| c.iter().sum::<usize>()).max().unwrap_or(1).max(1);
    let width = |n: usize| format!("width:{:.2}%", n as f64 * 100.0 / most as f64);
    markup! {
        section {
            h2 { "Exempt customers by state" }
            p.legend { span.covered { "With certificate" } " " span.invited { (asked) } " " span.nothing { "Nothing yet" } }
            table.bars {
                thead { tr { th { "State" } th { "With certificate" } th { (asked) } th { "Nothing yet" } th aria-hidden="true" {} } }
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

fn class(covered: Covered) -> &'static str {
    match covered {
        Covered::Certificate => "covered",
        Covered::Invited => "invited",
        Covered::Nothing => "nothing",
        Covered::NotNeeded => "soft",
    }
}

fn papers(model: &Model<'_>, gallery: &Gallery) -> Markup {
    if model.record.documents.is_empty() {
        return markup! {};
    }
    markup! {
        section {
            h2 { "Papers read" }
            @if let Some(lack) = &gallery.lack { p.soft { (lack) } }
            table.data.papers {
                thead { tr { th { "Paper" } th { "What it says" } th { "Customer" } th { "Decision and evidence" } } }
                tbody { @for (n, d) in model.record.documents.iter().enumerate() { (paper(d, gallery, n >= SHOWN)) } }
            }
        }
    }
}

fn paper(d: &Document, gallery: &Gallery, later: bool) -> Markup {
    let (word, class) = match d.disposition {
        Disposition::Accept => ("accepted", "covered"),
        Disposition::Review => ("review", "invited"),
        Disposition::Reject if d.is_copy() => ("copy", "soft"),
        Disposition::Reject => ("can't be used", "nothing"),
    };
    let customers: Vec<String> = d.likely_customers().iter().map(ToString::to_string).collect();
    let states: Vec<String> = d.states.iter().map(|s| format!("{} {}", s.region, s.number.as_ref().map_or("–", |n| n.as_str()))).collect();
    let day = |field: &Option<crate::domain::Field<jiff::civil::Date>>| field.as_ref().map(|f| f.value.to_string());
    let reads = [
        ("form", d.form.as_ref().map(|f| f.id.clone())),
        ("purchaser", d.fields.purchaser_name.as_ref().map(|f| f.value.clone())),
        ("states", (!states.is_empty()).then(|| states.join(", "))),
        ("reason", d.fields.reason.as_ref().map(|f| f.value.to_string())),
        ("signed", day(&d.fields.signed_date)),
        ("expires", day(&d.fields.expiration_date)),
    ];
    markup! {
        tr.later[later] {
            td.scan {
                b { (d.file) } " "
                span.soft { @if d.pages[0] == d.pages[1] { "page " (d.pages[0]) } @else { "pages " (d.pages[0]) "–" (d.pages[1]) } }
                div.thumbs { @for (page, picture) in gallery.of(d) { (thumbnail(d, page, picture)) } }
            }
            td { dl { @for (label, value) in reads.into_iter().filter_map(|(l, v)| Some((l, v?))) { dt { (label) } dd { (value) } } } }
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

/// The small picture with the boxes of what was read over it; the large one is fetched when somebody wants it.
fn thumbnail(d: &Document, page: u32, picture: &Picture) -> Markup {
    let percent = |fraction: f32| f64::from(fraction.clamp(0.0, 1.0)) * 100.0;
    let place = |b: &BBox| {
        format!(
            "left:{:.1}%;top:{:.1}%;width:{:.1}%;height:{:.1}%",
            percent(b.left),
            percent(b.top),
            percent(b.width()),
            percent(b.height())
        )
    };
    markup! {
        a.thumb href=(picture.large) {
            img loading="lazy" decoding="async" alt=(format!("Page {page} of {}", d.file)) src=(format!("data:image/jpeg;base64,{}", STANDARD.encode(&picture.small)));
            @for m in marks(d, page) { i style=(place(&m.bbox)) title=(m.text) {} }
        }
    }
}

fn certificates(data: &Data) -> Markup {
    if data.certificates.is_empty() {
        return markup! {};
    }
    let word = |state: &str| match (state, data.dry_run) {
        ("done", true) => "would be made".to_owned(),
        ("done", false) => "made and linked".to_owned(),
        (other, _) => other.to_owned(),
    };
    markup! {
        section {
            h2 { "Certificates" }
            table.data {
                thead { tr { th { "Customer" } th { "State" } th { "Number" } th { "Reason" } th { "Signed" } th { "Expires" } th { "Paper" } th { "Id" } th { "Now" } } }
                tbody {
                    @for (n, c) in data.certificates.iter().enumerate() {
                        tr.later[n >= SHOWN] {
                            td { (c.customers.join(", ")) } td { (c.zone) } td { (c.number.as_deref().unwrap_or("–")) } td { (c.reason) } td { (c.signed) }
                            td { @if let Some(end) = c.expires { (end) } @else { "no end" } }
                            td { (c.file) " " span.soft { (c.pages[0]) @if c.pages[1] != c.pages[0] { "–" (c.pages[1]) } } }
                            td { @if let Some(id) = c.id.filter(|id| *id > 0) { (id) } @else { "–" } }
                            td { (word(&c.state)) @if let Some(remark) = &c.remark { "; " (remark) } }
                        }
                    }
                }
            }
        }
    }
}

fn invitations(model: &Model<'_>, data: &Data) -> Markup {
    if data.invitations.is_empty() {
        return markup! {};
    }
    let title = if model.tokens { "Tokens" } else { "Invitations" };
    // A link goes to nobody by itself.
    let words = |delivery: Option<&str>| match model.tokens || delivery == Some("Download") {
        true => ("made", "would be made"),
        false => ("sent", "would be sent"),
    };
    markup! {
        section {
            h2 { (title) }
            table.data {
                thead { tr { th { "Customer" } th { "By" } th { "To" } th { "States" } th { "Why" } th { "Link or mail status" } th { "Now" } } }
                tbody {
                    @for (n, i) in data.invitations.iter().enumerate() {
                        tr.later[n >= SHOWN] {
                            td { (i.customer) } td { (i.delivery.as_deref().unwrap_or("–")) } td { (i.recipient.as_deref().unwrap_or("–")) }
                            td { (i.zones.join(", ")) } td { (i.why) }
                            td { @if data.dry_run { "–" } @else { (shown_link(model.links.get(&i.customer).unwrap_or(&Value::Null))) } }
                            td { (match (i.state.as_str(), data.dry_run) { ("done", true) => words(i.delivery.as_deref()).1, ("done", false) => words(i.delivery.as_deref()).0, (other, _) => other }) }
                        }
                    }
                }
            }
        }
    }
}

/// https, or this machine.
fn harmless(link: &str) -> bool {
    url::Url::parse(link).is_ok_and(|url| match url.scheme() {
        "https" => true,
        "http" => matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")) && url.username().is_empty(),
        _ => false,
    })
}

/// A link is made clickable only when it is https or goes to this machine; anything else is shown as text.
fn shown_link(link: &Value) -> Markup {
    let text = |key: &str| link.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
    match (text("link"), text("email_status")) {
        (Some(url), _) if harmless(url) => {
            markup! { a href=(url) rel="noreferrer" { (url) } }
        }
        (Some(url), _) => markup! { (url) },
        (None, Some(status)) => markup! { (status) },
        (None, None) => markup! { "–" },
    }
}

/// Every write with its reason, folded away: the tables above say it in fewer words.
fn writes(model: &Model<'_>) -> Markup {
    let rows: Vec<&ActionRecord> = model.writes();
    if rows.is_empty() {
        return markup! {};
    }
    let would = if model.dry_run { "would be done" } else { "done" };
    markup! {
        section {
            h2 { "Every write, with its reason" }
            details {
                summary { (rows.len()) " writes, in the order in which they were planned" }
                table.data {
                    thead { tr { th { "What" } th { "Why" } th { "Now" } } }
                    tbody {
                        @for (n, a) in rows.into_iter().enumerate() {
                            tr.later[n >= SHOWN] {
                                td { (a.what) } td { (a.reason) }
                                td {
                                    (match a.state { ActionState::Done => would, ActionState::Failed => "refused", ActionState::Planned => "not begun", ActionState::Attempted => "unclear" })
                                    @if a.state == ActionState::Failed { ": " (message(a)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn customers(model: &Model<'_>, data: &Data) -> Markup {
    let left = model.figures.customers.saturating_sub(data.customers.len());
    let mut rows: Vec<&CustomerRow> = data.customers.iter().collect();
    // Whoever still needs something stands first.
    rows.sort_by_key(|c| match c.covered {
        Covered::Nothing => 0,
        Covered::Invited => 1,
        Covered::Certificate => 2,
        Covered::NotNeeded => 3,
    });
    if rows.is_empty() {
        return markup! {};
    }
    markup! {
        section {
            h2 { "Customers" }
            @if left > 0 { p.soft { (counted(left, "customer of the list is", "customers of the list are")) " not here: what is wrong with each stands under " a href="#problems" { "data problems" } "." } }
            table.data {
                thead { tr { th { "Code" } th { "Name" } th { "State" } th { "Exempt" } th { "Reason" } th { "Because" } th { "Now" } th { "Certificate for" } th { "Until" } } }
                tbody {
                    @for (n, c) in rows.into_iter().enumerate() {
                        tr.later[n >= SHOWN] {
                            td { (c.code) } td { (c.name) } td { (c.state.as_deref().unwrap_or("–")) } td { (if c.exempt { "yes" } else { "no" }) }
                            td { (c.reason.as_deref().unwrap_or("–")) } td { (c.because) }
                            td { span class=(class(c.covered)) { @if model.tokens && c.covered == Covered::Invited { "has a token" } @else { (c.covered.word()) } } }
                            td { (c.covered_states.join(", ")) }
                            td {
                                @if let Some(end) = c.covered_until { (end) } @else if c.covered == Covered::Certificate { "no end" }
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
                        @for (n, i) in model.issues.iter().enumerate() {
                            tr.later[n >= SHOWN] {
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
                    @for (n, a) in model.record.answers.iter().enumerate() {
                        tr.later[n >= SHOWN] {
                            td { (a.key) } td { (text(&a.value)) } td { (a.recommended.as_ref().map(text).unwrap_or_default()) }
                            td { (a.reasons.join("; ")) } td { (a.at.to_string()) }
                        }
                    }
                }
            }
        }
    }
}
