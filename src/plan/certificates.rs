//! Certificates: one for each state an accepted document claims, created unlinked and then linked.

use super::{Action, DocumentRef, Gate, Note, Plan, Write};
use crate::domain::{
    CertificateDraft, CertificateOnFile, CustomerCode, Disposition, Document, ExemptionReason, ExposureZone, ReasonOnFile, TaxNumber,
};
use jiff::ToSpan;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What to send as the expiration date of a paper that shows none. The published description requires a date; a newer version does not;
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
    let mut accepted: Vec<(&CustomerCode, &Document)> = inputs
        .documents
        .iter()
        .filter(|d| d.disposition == Disposition::Accept)
        .filter_map(|d| d.matched.as_ref().filter(|m| m.sure).map(|m| (&m.customer_code, d)))
        .collect();
    accepted.sort_by(|a, b| (a.0, &a.1.file, a.1.pages).cmp(&(b.0, &b.1.file, b.1.pages)));

    let (mut actions, mut notes, mut unchanged) = (Vec::new(), Vec::new(), 0);
    for (customer, document) in accepted {
        let mut note = |text: String| notes.push(Note { subject: document.key(), text });
        if !inputs.in_service.contains(customer) {
            note(format!("customer {customer} is not in the service; sync the customers first"));
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
                expires: printed.or_else(|| inputs.no_expiration.date(signed)),
            };
            let same: Vec<&CertificateOnFile> = inputs.on_file.iter().filter(|c| c.is_same_claim(&draft)).collect();
            if same.iter().any(|c| c.customers.contains(customer)) {
                unchanged += 1;
                continue;
            }
            // Only a certificate with a number tells its holder; without one, two customers' papers of one day look alike.
            let orphan = same.iter().find(|c| c.customers.is_empty() && draft.number.is_some());
            let number = draft.number.as_ref().map_or("no number", TaxNumber::as_str);
            match orphan {
                Some(on_file) => {
                    let reason = format!("the service holds this certificate ({} {number}) with no customer", draft.zone.name);
                    actions.push(Action::new(Write::LinkCertificate { customer: customer.clone(), certificate: on_file.id }, reason));
                }
                None => {
                    let found = document.matched.as_ref().map(|m| m.evidence.join(", ")).unwrap_or_default();
                    let why = format!("{} claims {} with {number}; belongs to {customer}: {found}", document.key(), draft.zone.name);
                    let document = DocumentRef { file: document.file.clone(), pages: document.pages, sha256: document.sha256.clone() };
                    actions.push(Action::new(Write::CreateCertificate { customer: customer.clone(), draft, document }, why));
                }
            }
        }
    }
    Plan::new(Gate::Certificates, actions, unchanged, notes)
}

/// The list's own spelling of a claimed reason. Avalara's lists write some reasons longer (`CHARITABLE/EXEMPT ORG`), so a listed name that
/// begins with the claimed one counts when it is the only such name.
pub fn reason_on_list(claimed: &ExemptionReason, list: &[ReasonOnFile]) -> Option<ExemptionReason> {
    if let Some(exact) = list.iter().find(|r| r.name == *claimed) {
        return Some(exact.name.clone());
    }
    let longer = |r: &&ReasonOnFile| r.name.as_str().split(['/', ',', '(']).any(|part| part.trim() == claimed.as_str());
    let mut found = list.iter().filter(longer);
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only.name.clone()),
        _ => None,
    }
}
