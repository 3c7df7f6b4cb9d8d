//! Certificates: one for each state an accepted document claims, created unlinked and then linked.

use super::{Action, Gate, Note, Plan, Write};
use crate::domain::{
    CertificateDraft, CertificateId, CertificateOnFile, CustomerCode, Disposition, Document, ExemptionReason, ExposureZone, ReasonOnFile,
    TaxNumber,
};
use jiff::ToSpan;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What to send as the expiration date of a paper that shows none and whose state has no rule. The published description requires a date; a newer version does not;
/// connectors write 9999-12-31. So it is the consultant's choice and stands in the run's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoExpiration {
    /// 9999-12-31.
    FarFuture,
    /// Leave the date out of the request.
    LeaveOut,
    /// Three years after the signature.
    ThreeYears,
}

impl NoExpiration {
    fn date(self, signed: Date) -> Option<Date> {
        match self {
            NoExpiration::FarFuture => Some(Date::MAX),
            NoExpiration::LeaveOut => None,
            NoExpiration::ThreeYears => signed.checked_add(3.years()).ok(),
        }
    }
}

/// What the certificates' gate is planned from.
pub struct CertificateInputs<'a> {
    pub documents: &'a [Document],
    /// Customers that are in the service.
    pub in_service: &'a BTreeSet<CustomerCode>,
    /// Every certificate of the company with its customers.
    pub on_file: &'a [CertificateOnFile],
    pub zones: &'a [ExposureZone],
    pub reasons: &'a [ReasonOnFile],
    pub no_expiration: NoExpiration,
}

pub fn plan_certificates(inputs: &CertificateInputs<'_>) -> Plan {
    let accepted = inputs.documents.iter().filter(|d| d.disposition == Disposition::Accept);
    let mut accepted: Vec<(Vec<&CustomerCode>, &Document)> =
        accepted.map(|d| (sorted_customers(d), d)).filter(|(c, _)| !c.is_empty()).collect();
    accepted.sort_by(|a, b| (&a.0, &a.1.file, a.1.pages).cmp(&(&b.0, &b.1.file, b.1.pages)));

    let (mut actions, mut notes, mut shared, mut unchanged) = (Vec::new(), Vec::new(), Vec::new(), 0);
    // A certificate without a customer can be taken for one paper only.
    let mut adopted = BTreeSet::new();
    for (customers, document) in accepted {
        let mut note = |text: String| notes.push(Note { subject: document.key(), text, harmless: false });
        let (customers, missing): (Vec<_>, Vec<_>) = customers.into_iter().partition(|c| inputs.in_service.contains(*c));
        for customer in missing {
            note(format!("customer {customer} is not in the service; sync the customers first"));
        }
        if customers.is_empty() {
            continue;
        }
        let Some(signed) = document.fields.signed_date.as_ref().map(|f| f.value) else {
            note("no date of signature was read, and the service requires one".to_owned());
            continue;
        };
        let claimed = document.fields.reason.as_ref().map_or_else(ExemptionReason::resale, |f| f.value.clone());
        let Some(reason) = reason_on_list(&claimed, inputs.reasons) else {
            note(format!("the service's list has no exemption reason “{claimed}”"));
            continue;
        };
        if document.states.is_empty() {
            note("no state that it claims was read, so there is nothing to create".to_owned());
        }
        for claim in &document.states {
            let Some(zone) = inputs.zones.iter().find(|z| z.is_state(&claim.region)) else {
                note(format!("the service has no exposure zone for {}", claim.region.name()));
                continue;
            };
            let printed = document.fields.expiration_date.as_ref().map(|f| f.value);
            let draft = CertificateDraft {
                zone: zone.clone(),
                reason: reason.clone(),
                number: claim.number.clone(),
                signed,
                expires: printed.or(claim.ends_by_rule).or_else(|| inputs.no_expiration.date(signed)),
                expiry_is_printed: printed.is_some(),
            };
            let same: Vec<&CertificateOnFile> = inputs.on_file.iter().filter(|c| c.is_same_claim(&draft)).collect();
            let number = draft.number.as_ref().map_or("no number", TaxNumber::as_str);
            let link = |customer: &CustomerCode, id: CertificateId, reason: String| {
                let write = Write::LinkCertificate { customer: customer.clone(), certificate: id, document: Some(document.reference()) };
                Action::new(write, reason)
            };
            // The paper is on file for one of its customers: that certificate serves the others, too.
            if let Some(on_file) = same.iter().find(|c| customers.iter().any(|code| c.customers.contains(code))) {
                let held = |code: &&&CustomerCode| same.iter().any(|c| c.customers.contains(code));
                let others: Vec<&&CustomerCode> = customers.iter().filter(|code| !held(code)).collect();
                unchanged += usize::from(others.is_empty());
                if let (false, None) = (others.is_empty(), &draft.number) {
                    let text = "the service has a certificate of this zone and day without a number; whether it is this paper no number tells, so \
                                it is not linked to more customers";
                    note(text.to_owned());
                    continue;
                }
                actions.extend(others.into_iter().map(|code| {
                    let holders = on_file.customers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                    link(code, on_file.id, format!("the paper is on file for {holders}; a person links it to {code} as well"))
                }));
                continue;
            }
            // Only a certificate with a number tells its holder; without one, two customers' papers of one day look alike.
            let orphan = same.iter().find(|c| c.customers.is_empty() && draft.number.is_some() && !adopted.contains(&c.id));
            match orphan {
                Some(on_file) => {
                    adopted.insert(on_file.id);
                    let reason = format!("the service holds this certificate ({} {number}) with no customer", draft.zone.name);
                    actions.extend(customers.iter().map(|code| link(code, on_file.id, reason.clone())));
                }
                None if joined(&mut actions, &draft, &customers) => shared.push(Note {
                    subject: document.key(),
                    text: format!("another paper makes the same claim ({} {number}); one certificate serves both", draft.zone.name),
                    harmless: true,
                }),
                None => {
                    let all = customers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
                    let found = match &document.ruled {
                        Some(ruled) => format!("by the word of {}", ruled.by),
                        None => document.matched.as_ref().map(|m| m.evidence.join(", ")).unwrap_or_default(),
                    };
                    let why = format!("{} claims {} with {number}; belongs to {all}: {found}", document.key(), draft.zone.name);
                    let (document, seen) = (document.reference(), same.iter().map(|c| c.id).collect());
                    let also = customers[1..].iter().map(|c| (*c).clone()).collect();
                    let write = Write::CreateCertificate { customer: customers[0].clone(), also, draft, document, seen };
                    actions.push(Action::new(write, why));
                }
            }
        }
    }
    notes.extend(shared);
    Plan::new(Gate::Certificates, actions, unchanged, notes)
}

/// In one order, whoever named them in which.
fn sorted_customers(document: &Document) -> Vec<&CustomerCode> {
    let mut customers = document.customers();
    customers.sort();
    customers.dedup();
    customers
}

/// Two papers with one claim for customers in common make one certificate, linked to all of them.
fn joined(actions: &mut [Action], draft: &CertificateDraft, customers: &[&CustomerCode]) -> bool {
    let folded = |d: &CertificateDraft| d.number.as_ref().map(TaxNumber::folded);
    let same = |d: &CertificateDraft| {
        d.zone == draft.zone && d.number.is_some() && folded(d) == folded(draft) && d.signed == draft.signed && d.expires == draft.expires
    };
    for action in actions {
        let Write::CreateCertificate { customer, also, draft: other, .. } = &mut action.write else { continue };
        let theirs = |code: &CustomerCode| *customer == *code || also.contains(code);
        if same(other) && customers.iter().any(|code| theirs(code)) {
            let new: Vec<CustomerCode> = customers.iter().filter(|code| !theirs(code)).map(|code| (*code).clone()).collect();
            also.extend(new);
            return true;
        }
    }
    false
}

/// Names that mean the same reason (Avalara's use codes A to R; companies' lists write them in several ways).
const SAME_REASON: &[&[&str]] = &[
    &["MANUFACTURING", "MANUFACTURERS", "MANUFACTURER", "INDUSTRIAL PROD", "INDUSTRIAL PRODUCTION"],
    &["AGRICULTURE", "AGRICULTURAL", "FARM"],
    &["FEDERAL GOV", "FEDERAL GOVERNMENT"],
    &["STATE GOV", "STATE GOVERNMENT"],
    &["LOCAL GOVERNMENT", "LOCAL GOV"],
    &["TRIBAL GOVERNMENT", "TRIBAL GOV"],
];

/// The list's own spelling of a claimed reason. Lists write some reasons together (`RELIGIOUS/EDUCATIONAL ORG`), so a listed name counts when
/// one of its parts begins with the claimed words, and only when it is the only such name.
pub fn reason_on_list(claimed: &ExemptionReason, list: &[ReasonOnFile]) -> Option<ExemptionReason> {
    if let Some(exact) = list.iter().find(|r| r.name == *claimed) {
        return Some(exact.name.clone());
    }
    let words =
        SAME_REASON.iter().find(|same| same.contains(&claimed.as_str())).map_or_else(|| vec![claimed.as_str()], |same| same.to_vec());
    let begins = |part: &str| words.iter().any(|w| part.strip_prefix(w).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)));
    let mut found = list.iter().filter(|r| r.name.as_str().split(['/', ',', '(']).any(|part| begins(part.trim())));
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only.name.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ReasonId;

    #[test]
    fn a_claimed_reason_is_found_under_the_lists_own_name() {
        let names = [
            "RESALE",
            "RELIGIOUS/EDUCATIONAL ORG",
            "INDUSTRIAL PROD/MANUFACTURERS",
            "CHARITABLE/EXEMPT ORG",
            "OTHER/CUSTOM",
            "FEDERAL GOV",
        ];
        let list: Vec<ReasonOnFile> =
            names.iter().zip(1..).map(|(name, id)| ReasonOnFile { id: ReasonId(id), name: ExemptionReason::new(name) }).collect();
        let found = |claimed: &str| reason_on_list(&ExemptionReason::new(claimed), &list).map(|r| r.as_str().to_owned());
        assert_eq!(found("resale").as_deref(), Some("RESALE"));
        assert_eq!(found("EDUCATIONAL").as_deref(), Some("RELIGIOUS/EDUCATIONAL ORG"));
        assert_eq!(found("MANUFACTURING").as_deref(), Some("INDUSTRIAL PROD/MANUFACTURERS"));
        assert_eq!(found("CHARITABLE").as_deref(), Some("CHARITABLE/EXEMPT ORG"));
        assert_eq!(found("DIRECT PAY"), None);
        assert_eq!(found("RES"), None);
    }
}
