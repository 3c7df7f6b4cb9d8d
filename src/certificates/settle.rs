//! What may be done with a paper, once customers, policy and the other papers are known.
//!
//! Owns: the findings that need them, and the disposition. Must not touch: pages, choosing a customer.
//! Called by: the wizard and `extract`; the review, after a person changed something.

use super::rulebook::RuleBook;
use super::rules::finding;
use super::text::fold;
use crate::domain::{Consequence, Customer, Disposition, Document, DocumentRef, Finding, Match, Policy, Sha256, Verdict};
use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::HashMap;

/// What is known besides the paper.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    pub policy: &'a Policy,
    pub today: Date,
    /// Without the customer list nothing is accepted.
    pub customers_known: bool,
    /// The customer that the decision names, for what the list says of it.
    pub customer: Option<&'a Customer>,
}

/// Findings that this module makes anew each time.
const MADE_HERE: &[&str] = &["not-expiring-soon", "within-policy-age", "customer-state-fits"];

/// Final disposition from the findings, the match and the policy. May be called again when something has changed.
pub fn settle(document: &mut Document, decision: Option<Match>, case: Case<'_>) {
    let book = RuleBook::builtin();
    document.matched = decision;
    document.findings.retain(|f| !MADE_HERE.contains(&f.rule.as_str()));
    let found = [ending(document, case), age(document, case), case.customer.and_then(|customer| states_fit(document, customer))];
    document.findings.extend(found.into_iter().flatten());

    let told = |least: Consequence| {
        let held = document.findings.iter().filter(move |f| book.consequence(f, case.policy).is_some_and(|c| c >= least));
        held.map(|f| format!("{}: {}", book.rule(&f.rule).map_or(f.rule.as_str(), |rule| &rule.short), f.evidence)).collect::<Vec<_>>()
    };
    let refused = told(Consequence::Reject);
    if !refused.is_empty() {
        (document.disposition, document.reasons) = (Disposition::Reject, refused);
        return;
    }
    let mut reasons = told(Consequence::Review);
    match &document.matched {
        _ if !case.customers_known => reasons.push("customers are not known".to_owned()),
        None => reasons.push("customer: nobody in the list is like the purchaser".to_owned()),
        Some(m) if !m.sure => {
            let why = m.doubt.as_deref().unwrap_or("it is not sure");
            reasons.push(format!("customer: {}? {why} ({})", m.customer_code, m.evidence.join(", ")));
        }
        Some(_) => {}
    }
    document.disposition = if reasons.is_empty() { Disposition::Accept } else { Disposition::Review };
    document.reasons = reasons;
}

/// The day on which a paper ends: the printed one, else the first that a state's rule gives.
fn end(document: &Document) -> Option<Date> {
    let printed = document.fields.expiration_date.as_ref().map(|f| f.value);
    printed.or_else(|| document.states.iter().filter_map(|s| s.ends_by_rule).min())
}

fn ending(document: &Document, case: Case<'_>) -> Option<Finding> {
    let end = end(document).filter(|end| *end >= case.today)?;
    let soon = case.today.checked_add(i64::from(case.policy.expiring_within_days).days()).ok()?;
    Some(match end <= soon {
        true => finding("not-expiring-soon", Verdict::Fail, format!("ends on {end}")),
        false => finding("not-expiring-soon", Verdict::Pass, format!("ends on {end}")),
    })
}

/// No paper is older, and the calendar ends.
const MOST_YEARS: i64 = 1_000;

fn age(document: &Document, case: Case<'_>) -> Option<Finding> {
    let (years, signed) = (case.policy.oldest_years?, document.fields.signed_date.as_ref()?.value);
    let old = signed.checked_add(i64::from(years).min(MOST_YEARS).years()).is_ok_and(|end| end < case.today);
    Some(match old {
        true => finding("within-policy-age", Verdict::Fail, format!("signed on {signed}, more than {years} years ago")),
        false => finding("within-policy-age", Verdict::Pass, format!("signed on {signed}")),
    })
}

fn states_fit(document: &Document, customer: &Customer) -> Option<Finding> {
    let theirs: Vec<_> = customer.address.region.iter().chain(&customer.ship_to).collect();
    if document.states.is_empty() {
        return None;
    }
    if theirs.is_empty() {
        return Some(finding("customer-state-fits", Verdict::Unsure, format!("the list names no state of {}", customer.code)));
    }
    let list = theirs.iter().map(|r| r.code()).collect::<Vec<_>>().join(", ");
    Some(match document.states.iter().any(|s| theirs.contains(&&s.region)) {
        true => finding("customer-state-fits", Verdict::Pass, list),
        false => finding("customer-state-fits", Verdict::Fail, format!("the list has {} only in {list}", customer.code)),
    })
}

/// Draws a share of the accepted papers for a person to look at, as a check on the program. Which ones depends on their bytes alone.
pub fn draw(documents: &[Document], policy: &Policy) -> Vec<DocumentRef> {
    let lot = |d: &Document| Sha256::of(format!("{} {:?}", d.sha256, d.pages).as_bytes());
    let mut accepted: Vec<&Document> = documents.iter().filter(|d| d.disposition == Disposition::Accept).collect();
    let size = policy.sample.size(accepted.len());
    accepted.sort_by_cached_key(|d| lot(d));
    accepted.into_iter().take(size).map(Document::reference).collect()
}

/// Holds an accepted paper back that was drawn.
pub fn hold_drawn(document: &mut Document) {
    document.drawn = true;
    document.disposition = Disposition::Review;
    document.reasons = vec!["drawn by chance, as a check on the program; nothing speaks against it".to_owned()];
}

/// Finds papers that were scanned twice, as they come.
#[derive(Debug, Default)]
pub struct SeenPapers {
    files: HashMap<(String, [u32; 2]), String>,
    papers: HashMap<String, String>,
}

impl SeenPapers {
    /// Marks a document whose bytes or whose fields another one had before it; `true` if so. The first is used, the others point to it.
    pub fn mark(&mut self, document: &mut Document, policy: &Policy) -> bool {
        let file = (document.sha256.as_str().to_owned(), document.pages);
        if let Some(earlier) = self.files.get(&file) {
            let evidence = format!("the same file as {earlier}, byte for byte");
            document.disposition = Disposition::Reject;
            document.reasons = vec![evidence.clone()];
            document.findings.push(finding(Document::SAME_FILE, Verdict::Fail, evidence));
            return true;
        }
        self.files.insert(file, document.key());
        let Some(paper) = paper(document) else { return false };
        let Some(earlier) = self.papers.get(&paper) else {
            self.papers.insert(paper, document.key());
            return false;
        };
        let evidence = format!("the same buyer, form, numbers and date as {earlier}");
        let told = finding("same-paper", Verdict::Unsure, evidence.clone());
        let least = match RuleBook::builtin().consequence(&told, policy) {
            Some(Consequence::Reject) => Disposition::Reject,
            Some(Consequence::Review) => Disposition::Review,
            _ => Disposition::Accept,
        };
        document.disposition = document.disposition.max(least);
        document.reasons.push(format!("same paper: {evidence}"));
        document.findings.push(told);
        true
    }
}

/// What tells one paper from another besides its bytes. `None`: too little was read to say.
fn paper(document: &Document) -> Option<String> {
    let fields = &document.fields;
    let (name, signed) = (fields.purchaser_name.as_ref()?, fields.signed_date.as_ref()?);
    let mut states: Vec<String> = document
        .states
        .iter()
        .map(|s| format!("{}={}", s.region.code(), s.number.as_ref().map(|n| fold(n.as_str())).unwrap_or_default()))
        .collect();
    states.sort();
    let form = document.form.as_ref().map_or("", |f| &f.id);
    Some(format!("{}|{form}|{}|{}", fold(&name.value), signed.value, states.join(",")))
}
