//! What the rules say of a document, and what may be done with it.
//!
//! Owns: the findings and the disposition. Must not touch: pages. Called by: `pages`, and by the wizard once customers are known.

use super::ReadContext;
use super::catalogue::{ExpirationRule, Form};
use super::numbers;
use super::parties;
use super::read::Reading;
use super::recognise::Guess;
use crate::domain::{Disposition, Document, Finding, Match, Verdict};
use jiff::ToSpan;

/// A field whose words were read with less than this is not used with no human.
const LEGIBLE: f32 = 0.6;
/// Below this the mark “unsigned” or “signed” is not sure.
const SURE_SIGNATURE: f32 = 0.7;
/// A seller's name read clearer than this is no misreading of the merchant's.
pub const CLEAR_NAME: f32 = 0.75;
/// A name or a street less sure than this cannot be read, however clear the rest is.
const READABLE: f32 = 0.4;
/// A number read clearer than this is what the paper says, whatever its state's pattern.
const CLEAR_NUMBER: f32 = 0.75;
/// Only what both recognisers read alike in every try is surer than this (`weigh`).
const UNDISPUTED: f32 = 0.8;

fn finding(rule: &str, verdict: Verdict, evidence: impl Into<String>) -> Finding {
    Finding { rule: rule.to_owned(), verdict, evidence: evidence.into() }
}

/// The finding of pages that hold something and no word.
pub fn wordless() -> Finding {
    finding("legible", Verdict::Unsure, "there is something on the page, but no words could be read")
}

/// All findings of a document, from the paper alone.
pub fn findings(document: &Document, reading: &Reading, guess: Option<&Guess>, ctx: &ReadContext) -> Vec<Finding> {
    use Verdict::{Fail, Pass, Unsure};
    let Some(guess) = guess else {
        return vec![finding("form-known", Fail, "nothing on the paper says that it is a certificate")];
    };
    let form = guess.form;
    let fields = &document.fields;
    let mut out = vec![];
    out.push(match form {
        Some(form) => finding("form-known", Pass, format!("{} ({:.2})", form.title(), guess.guess.confidence)),
        None => finding("form-known", Unsure, format!("{}: a form that is on no list", guess.guess.title)),
    });
    numbers_findings(document, form, reading, ctx, &mut out);
    out.extend(repeated(document));
    if !reading.lost_numbers.is_empty() {
        out.push(finding(
            "state-table-complete",
            Unsure,
            format!("in rows whose state could not be read: {}", reading.lost_numbers.join(", ")),
        ));
    }
    let signature = &document.signature;
    out.push(match (signature.present, signature.confidence >= SURE_SIGNATURE) {
        (true, true) => finding("signed", Pass, "ink in the signature's place"),
        (false, true) => finding("signed", Fail, "no ink in the signature's place"),
        _ => finding(
            "signed",
            Unsure,
            if signature.confidence == 0.0 { "no place for a signature found" } else { "faint marks in the signature's place" },
        ),
    });
    match &fields.signed_date {
        Some(date) => {
            out.push(finding("dated", Pass, date.value.to_string()));
            let future = date.value > ctx.today;
            out.push(if future {
                finding("date-not-future", Unsure, format!("{} is after {}", date.value, ctx.today))
            } else {
                finding("date-not-future", Pass, date.value.to_string())
            });
        }
        None => out.push(finding("dated", Unsure, "no date found beside the signature")),
    }
    out.push(expiry(document, form, ctx));
    if let Some(merchant) = ctx.seller {
        out.push(match &fields.seller_name {
            Some(name) if parties::same_name(merchant, &name.value) => finding("seller-is-merchant", Pass, name.value.clone()),
            // A doubtful reading may be the merchant's name.
            Some(name) if name.confidence > CLEAR_NAME => finding(
                "seller-is-merchant",
                if reading.merchant_seen { Unsure } else { Fail },
                format!(
                    "made out to “{}”{}",
                    name.value,
                    if reading.merchant_seen { "; the merchant's name stands elsewhere" } else { "" }
                ),
            ),
            _ if reading.merchant_seen => finding("seller-is-merchant", Pass, "the merchant's name stands on the paper"),
            Some(name) => finding("seller-is-merchant", Unsure, format!("the seller reads “{}”", name.value)),
            None => finding("seller-is-merchant", Unsure, "no seller found"),
        });
    }
    let named = fields.purchaser_name.is_some();
    let placed = fields.purchaser_line1.is_some() && (fields.purchaser_postal_code.is_some() || fields.purchaser_city.is_some());
    let merchant_buys = fields.purchaser_name.as_ref().zip(ctx.seller).is_some_and(|(n, m)| parties::same_name(m, &n.value));
    out.push(match (named, placed, merchant_buys) {
        (true, _, true) => finding("purchaser-complete", Unsure, "the merchant itself is named as purchaser"),
        (true, true, _) => finding("purchaser-complete", Pass, "name and address"),
        (false, ..) => finding("purchaser-complete", Unsure, "the purchaser's name was not found"),
        _ => finding("purchaser-complete", Unsure, "the purchaser's address was not found"),
    });
    out.push(match &fields.reason {
        Some(reason) if reason.confidence >= 0.6 => finding("reason-claimed", Pass, reason.value.to_string()),
        Some(reason) => finding("reason-claimed", Unsure, format!("{} among {}", reason.value, reading.reasons.join(", "))),
        None => finding("reason-claimed", Unsure, "no reason is ticked"),
    });
    out.push(legible(document));
    if let Some(found) = file_name(document) {
        out.push(found);
    }
    out
}

fn numbers_findings(document: &Document, form: Option<&Form>, reading: &Reading, ctx: &ReadContext, out: &mut Vec<Finding>) {
    use Verdict::{Fail, Pass, Unsure};
    let numbers: Vec<&crate::domain::StateClaim> = document.states.iter().filter(|s| s.number.is_some()).collect();
    let resale = document.fields.reason.as_ref().is_none_or(|r| r.value.as_str() == "RESALE");
    out.push(match (numbers.is_empty(), resale) {
        (false, _) => finding("registration-number-present", Pass, format!("{} state(s)", numbers.len())),
        (true, true) => finding("registration-number-present", Unsure, "no registration number found"),
        (true, false) => finding("registration-number-present", Pass, "not needed for this reason"),
    });
    let mut worst = finding("registration-number-format", Pass, "");
    let mut said: Vec<String> = vec![];
    for claim in numbers {
        let Some(number) = &claim.number else { continue };
        let state = ctx.catalogue.jurisdiction(&claim.region);
        let verdict = match numbers::fits(number.as_str(), state) {
            Some(true) | None if claim.confidence >= LEGIBLE => Pass,
            // A number misread by one digit fits its pattern all the same.
            Some(true) | None => Unsure,
            // States describe their formats loosely and buyers write them freely: clear print that differs is told, not held up.
            Some(false) if claim.confidence >= CLEAR_NUMBER => {
                let firm = state.is_some_and(|s| s.pattern_firm) && form.is_some_and(|f| !f.is_multistate());
                said.push(format!("{} {} differs from the {}format", claim.region, number, if firm { "state's " } else { "usual " }));
                // Where the blank itself tells how many digits it wants, another count may be a misreading, unless all readings agree.
                let digits = number.as_str().chars().filter(char::is_ascii_digit).count();
                if reading.digits_asked.is_some_and(|asked| asked != digits) && claim.confidence <= UNDISPUTED {
                    worst.verdict = Unsure;
                }
                continue;
            }
            Some(false) => Unsure,
        };
        said.push(format!("{} {}", claim.region, number));
        if verdict == Unsure || verdict == Fail {
            worst.verdict = verdict;
        }
    }
    worst.evidence = said.join("; ");
    out.push(worst);
}

/// The same number on several lines of a state table: usually the home state's, written where the buyer is not registered. It is kept as
/// written, and a person decides which states it stands for.
fn repeated(document: &Document) -> Option<Finding> {
    let key = |claim: &crate::domain::StateClaim| claim.number.as_ref().map(|n| super::text::fold(n.as_str()));
    let home = document.fields.purchaser_region.as_ref().map(|f| &f.value);
    let told: Vec<String> = document
        .states
        .iter()
        .enumerate()
        .filter_map(|(at, claim)| {
            let number = key(claim)?;
            let alike = |(n, other): &(usize, &crate::domain::StateClaim)| *n != at && key(other).as_deref() == Some(number.as_str());
            let (_, first) = document.states.iter().enumerate().find(alike)?;
            let of_home = Some(&first.region) == home;
            (Some(&claim.region) != home).then(|| match of_home {
                true => format!("{} shows the number of {}, the purchaser's own state", claim.region, first.region),
                false => format!("{} shows the number of {}", claim.region, first.region),
            })
        })
        .collect();
    (!told.is_empty()).then(|| finding("number-repeated", Verdict::Unsure, told.join("; ")))
}

fn expiry(document: &Document, form: Option<&Form>, ctx: &ReadContext) -> Finding {
    use Verdict::{Fail, Pass, Unsure};
    if let Some(date) = &document.fields.expiration_date {
        return match (date.value < ctx.today, date.confidence >= LEGIBLE) {
            (true, true) => finding("not-expired", Fail, format!("expired on {}", date.value)),
            (true, false) => finding("not-expired", Unsure, format!("seems to have expired on {}", date.value)),
            (false, true) => finding("not-expired", Pass, format!("holds until {}", date.value)),
            (false, false) => finding("not-expired", Unsure, format!("seems to hold until {}", date.value)),
        };
    }
    let Some(form) = form else {
        return finding("not-expired", Pass, "no end printed");
    };
    let signed = document.fields.signed_date.as_ref().map(|d| d.value);
    match (form.expiration.rule, signed) {
        // The state's own paper prints its end; without it the paper says too little.
        (ExpirationRule::CalendarYearEnd, _) if form.issued => {
            finding("not-expired", Unsure, "the paper ends with its year, and no year was read")
        }
        (ExpirationRule::Years, Some(signed)) => {
            let years = i16::from(form.expiration.years.unwrap_or(1));
            match signed.checked_add(years.years()) {
                Ok(end) if end < ctx.today => {
                    finding("not-expired", Unsure, format!("older than the {years} years after which the state asks for a new one"))
                }
                _ => finding("not-expired", Pass, format!("within {years} years of {signed}")),
            }
        }
        _ => finding("not-expired", Pass, "no end printed"),
    }
}

fn legible(document: &Document) -> Finding {
    let fields = &document.fields;
    let mut all: Vec<f32> = [&fields.purchaser_name, &fields.purchaser_line1, &fields.purchaser_city, &fields.purchaser_postal_code]
        .into_iter()
        .flatten()
        .map(|f| f.confidence)
        .collect();
    all.extend(document.states.iter().map(|s| s.confidence));
    if all.is_empty() {
        return finding("legible", Verdict::Unsure, "nothing was read");
    }
    let mean = all.iter().sum::<f32>() / all.len() as f32;
    let least = [&fields.purchaser_name, &fields.purchaser_line1].into_iter().flatten().map(|f| f.confidence).fold(1.0, f32::min);
    let verdict = if mean >= LEGIBLE && least >= READABLE { Verdict::Pass } else { Verdict::Unsure };
    finding("legible", verdict, format!("mean confidence {mean:.2}"))
}

/// Scans are often named after the customer; a name that says something else is worth telling. Names such as `scan0007` say nothing.
fn file_name(document: &Document) -> Option<Finding> {
    let name = document.fields.purchaser_name.as_ref()?;
    let stem = document.file.rsplit('/').next()?.rsplit_once('.').map_or("", |p| p.0);
    const PLAIN: &[&str] = &[
        "scan",
        "img",
        "image",
        "doc",
        "document",
        "cert",
        "certificate",
        "exempt",
        "exemption",
        "resale",
        "batch",
        "page",
        "fax",
        "file",
        "tax",
        "form",
        "copy",
        "signed",
        "final",
        "new",
        "mtc",
        "sst",
        "the",
        "and",
    ];
    let words: Vec<String> =
        stem.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase).filter(|w| w.len() > 2 && !PLAIN.contains(&w.as_str())).collect();
    if words.len() < 2 {
        return None;
    }
    let folded = super::text::fold(&name.value);
    let agree = words.iter().filter(|w| folded.contains(w.as_str())).count();
    Some(match agree * 2 >= words.len() {
        true => finding("file-name-agrees", Verdict::Pass, stem),
        false => finding("file-name-agrees", Verdict::Unsure, format!("the file is named “{stem}”")),
    })
}

/// Final disposition from the findings and the match. With `customers_known` false nothing is accepted.
pub fn settle(document: &mut Document, decision: Option<Match>, customers_known: bool) {
    document.matched = decision;
    document.reasons.clear();
    let words = |f: &Finding| format!("{}: {}", f.rule, f.evidence);
    // What a human would refuse.
    let refused = |f: &&Finding| f.verdict == Verdict::Fail && matches!(f.rule.as_str(), "form-known" | "signed" | "not-expired");
    if document.findings.iter().any(|f| refused(&f)) {
        document.disposition = Disposition::Reject;
        document.reasons = document.findings.iter().filter(refused).map(words).collect();
        return;
    }
    // The file's name is a hint for the human; it holds nothing up.
    document.reasons = document.findings.iter().filter(|f| f.verdict != Verdict::Pass && f.rule != "file-name-agrees").map(words).collect();
    match &document.matched {
        _ if !customers_known => document.reasons.push("customers are not known".to_owned()),
        None => document.reasons.push("match: no such customer".to_owned()),
        Some(m) if !m.sure => document.reasons.push(format!("match: {} is not sure ({})", m.customer_code, m.evidence.join(", "))),
        Some(_) => {}
    }
    document.disposition = if document.reasons.is_empty() { Disposition::Accept } else { Disposition::Review };
}
