//! A decision told from beginning to end, so that an auditor can follow it.
//!
//! Owns: the order and the words. Must not touch: deciding. Called by: `explain`.

use super::rulebook::RuleBook;
use crate::domain::{Disposition, Document, Field, Policy, Verdict};
use std::fmt::Display;

/// The account of a document under the policy that was in force, as lines of text.
pub fn account(document: &Document, policy: &Policy) -> Vec<String> {
    let mut out = vec![document.key()];
    let mut head = |name: &str, text: String| out.push(format!("  {name:<12} {text}"));
    head(
        "Decision",
        match (&document.ruled, document.disposition) {
            (Some(_), Disposition::Accept) => "accepted by a person".to_owned(),
            (Some(_), _) => "rejected by a person".to_owned(),
            (None, disposition) => word(disposition).to_owned(),
        },
    );
    for (n, reason) in document.reasons.iter().enumerate() {
        head(if n == 0 { "Because" } else { "" }, reason.clone());
    }
    if let Some(ruled) = &document.ruled {
        head("Decided by", format!("{} at {}", ruled.by, ruled.at.strftime("%Y-%m-%d %H:%M UTC")));
        let codes: Vec<String> = ruled.customers.iter().map(ToString::to_string).collect();
        if !codes.is_empty() {
            head("For", codes.join(", "));
        }
        for (n, correction) in ruled.changed.iter().enumerate() {
            head(if n == 0 { "Changed" } else { "" }, correction.to_string());
        }
        let customer = ruled.machine_customer.as_ref().map(|code| format!(", for {code}")).unwrap_or_default();
        let why = if ruled.machine_reasons.is_empty() { String::new() } else { format!(" ({})", ruled.machine_reasons.join("; ")) };
        head("The program", format!("{}{customer}{why}", word(ruled.machine)));
    } else if document.drawn {
        head("Drawn", "as a check on the program".to_owned());
    }
    head("Form", document.form.as_ref().map_or("not known".to_owned(), |f| format!("{}, {} ({:.2} sure)", f.id, f.title, f.confidence)));
    head("File", format!("{}, pages {} to {}, SHA-256 {}", document.file, document.pages[0], document.pages[1], document.sha256));
    out.push(String::new());
    out.push("What was read".to_owned());
    out.extend(fields(document));
    out.push(String::new());
    out.push("Which customer".to_owned());
    out.extend(customer(document));
    out.push(String::new());
    out.push("What was asked of it".to_owned());
    out.extend(rules(document, policy));
    out.push(String::new());
    out.push(format!("Policy in force: {}", policy_in_words(policy)));
    out
}

fn word(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Accept => "accept: used with no person",
        Disposition::Review => "review: a person decides",
        Disposition::Reject => "reject: not used",
    }
}

fn fields(document: &Document) -> Vec<String> {
    fn line<T: Display>(name: &str, field: &Option<Field<T>>) -> Option<String> {
        let field = field.as_ref()?;
        Some(format!("  {name:<20} {:<44} {:.2} sure, page {}", field.value.to_string(), field.confidence, field.page))
    }
    let f = &document.fields;
    let blanket = f.blanket.as_ref().map(|b| Field {
        value: if b.value { "blanket" } else { "single purchase" },
        confidence: b.confidence,
        page: b.page,
        bbox: b.bbox,
    });
    let read = [
        line("purchaser", &f.purchaser_name),
        line("street", &f.purchaser_line1),
        line("city", &f.purchaser_city),
        line("state", &f.purchaser_region),
        line("postal code", &f.purchaser_postal_code),
        line("phone", &f.purchaser_phone),
        line("seller", &f.seller_name),
        line("signed on", &f.signed_date),
        line("expires on", &f.expiration_date),
        line("reason", &f.reason),
        line("kind", &blanket),
    ];
    let claims = document.states.iter().map(|claim| {
        let number = claim.number.as_ref().map_or("no number".to_owned(), ToString::to_string);
        let ends = claim.ends_by_rule.map(|end| format!(", ends on {end} by the state's rule")).unwrap_or_default();
        format!("  {:<20} {number:<44} {:.2} sure, page {}{ends}", format!("claims {}", claim.region), claim.confidence, claim.page)
    });
    let mut lines: Vec<String> = read.into_iter().flatten().chain(claims).collect();
    let signature = &document.signature;
    lines.push(format!(
        "  {:<20} {:<44} {:.2} sure",
        "signature",
        if signature.present { "there" } else { "not found" },
        signature.confidence
    ));
    lines
}

fn customer(document: &Document) -> Vec<String> {
    let Some(found) = &document.matched else {
        return vec!["  nobody in the customer list is like the purchaser".to_owned()];
    };
    let mut lines = vec![format!("  {}, {:.3}: {}", found.customer_code, found.score, found.evidence.join(", "))];
    lines.extend(found.runner_up.iter().map(|other| format!("  runner-up {}, {:.3}", other.customer_code, other.score)));
    lines.push(match &found.doubt {
        None => "  sure: two independent agreements, and nobody else is near".to_owned(),
        Some(doubt) => format!("  not sure: {doubt}"),
    });
    if !found.also.is_empty() {
        let codes: Vec<String> = found.also.iter().map(ToString::to_string).collect();
        lines.push(format!("  the paper speaks for these as well, a person may link it to them: {}", codes.join(", ")));
    }
    lines
}

fn rules(document: &Document, policy: &Policy) -> Vec<String> {
    let book = RuleBook::builtin();
    let place = |name: &str| book.rules.iter().position(|rule| rule.name == name).unwrap_or(usize::MAX);
    let mut findings: Vec<_> = document.findings.iter().collect();
    findings.sort_by_key(|finding| place(&finding.rule));
    let mut lines = vec![];
    for finding in findings {
        let verdict = match finding.verdict {
            Verdict::Pass => "yes",
            Verdict::Fail => "no",
            Verdict::Unsure => "unsure",
        };
        let follows = book.consequence(finding, policy).map(|c| format!(" -> {c}")).unwrap_or_default();
        let rule = book.rule(&finding.rule);
        lines.push(format!("  {verdict:<7} {} [{}]{follows}", rule.map_or(finding.rule.as_str(), |r| &r.asks), finding.rule));
        if !finding.evidence.is_empty() {
            lines.push(format!("          seen: {}", finding.evidence));
        }
        lines.extend(rule.map(|r| format!("          source: {}", r.source)));
    }
    lines
}

/// `usual`, or what differs from it.
fn policy_in_words(policy: &Policy) -> String {
    let usual = Policy::default();
    let mut said: Vec<String> = policy.rules.iter().map(|(rule, wish)| format!("{rule}: {wish}")).collect();
    if policy.expiring_within_days != usual.expiring_within_days {
        said.push(format!("expiring within {} days", policy.expiring_within_days));
    }
    if policy.sample != usual.sample {
        said.push(format!("a person checks {} percent of the accepted papers, at least {}", policy.sample.percent, policy.sample.least));
    }
    said.extend(policy.oldest_years.map(|years| format!("no older than {years} years")));
    if said.is_empty() { "the usual one".to_owned() } else { said.join("; ") }
}
