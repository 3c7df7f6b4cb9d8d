//! Invitations: to every exempt customer that is still without a certificate, and never two within the window.

use super::{Action, Gate, Note, Plan, Write, zones_for};
use crate::domain::{
    CertificateOnFile, Customer, CustomerCode, Delivery, ExemptionReason, ExposureZone, InvitationDraft, InvitationOnFile, ReasonOnFile,
};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Is an exempt customer covered by a certificate, and until when?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "coverage", rename_all = "snake_case")]
pub enum Coverage {
    Covered { states: Vec<String>, until: Option<Date> },
    Expired { on: Date },
    None,
}

/// What the certificates on file mean for one customer on a day.
pub fn coverage_of(code: &CustomerCode, on_file: &[CertificateOnFile], today: Date) -> Coverage {
    let mine: Vec<&CertificateOnFile> = on_file.iter().filter(|c| c.customers.contains(code) && c.valid != Some(false)).collect();
    let live: Vec<&&CertificateOnFile> = mine.iter().filter(|c| c.expires.is_none_or(|d| d >= today)).collect();
    if !live.is_empty() {
        let states: BTreeSet<String> =
            live.iter().map(|c| c.region.as_ref().map_or(c.zone_name.clone(), |r| r.code().to_owned())).collect();
        return Coverage::Covered { states: states.into_iter().collect(), until: live.iter().filter_map(|c| c.expires).max() };
    }
    mine.iter().filter_map(|c| c.expires).max().map_or(Coverage::None, |on| Coverage::Expired { on })
}

/// Which reasons an invitation names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum InviteReason {
    /// The ERP's reason for that customer, else none: the customer picks.
    FromErp,
    /// One reason for all.
    Named(ExemptionReason),
}

/// How to invite, as chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteChoice {
    pub delivery: Delivery,
    pub cover_letter: String,
    pub reason: InviteReason,
    /// No second invitation to a customer within this many days.
    pub window_days: u16,
}

/// What the invitations' gate is planned from.
pub struct InvitationInputs<'a> {
    pub customers: &'a [Customer],
    pub in_service: &'a BTreeSet<CustomerCode>,
    pub certificates: &'a [CertificateOnFile],
    /// Customers whose paper was read and waits for a person: asking them again for what they sent would annoy them.
    pub in_review: &'a BTreeMap<CustomerCode, String>,
    /// Invitations sent within the window, by this run or otherwise.
    pub recent: &'a [InvitationOnFile],
    pub zones: &'a [ExposureZone],
    pub reasons: &'a [ReasonOnFile],
    pub choice: &'a InviteChoice,
    pub today: Date,
    /// The real day, from which the window counts back: `today` may be set to another day, the days of invitations can't.
    pub real_day: Date,
}

/// Why an exempt customer will or will not be invited, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outlook {
    Invite(InvitationDraft),
    /// Nothing to ask for.
    Covered(String),
    Not(String),
}

/// One line for each exempt customer, by code.
pub fn invitation_outlook(inputs: &InvitationInputs<'_>) -> Vec<(CustomerCode, Outlook)> {
    let mut exempt: Vec<&Customer> = inputs.customers.iter().filter(|c| c.is_exempt()).collect();
    exempt.sort_by(|a, b| a.code.cmp(&b.code));
    exempt.iter().map(|c| (c.code.clone(), outlook(c, inputs))).collect()
}

fn outlook(customer: &Customer, inputs: &InvitationInputs<'_>) -> Outlook {
    if let Coverage::Covered { states, .. } = coverage_of(&customer.code, inputs.certificates, inputs.today) {
        return Outlook::Covered(format!("covered: certificate for {}", states.join(", ")));
    }
    if let Some(file) = inputs.in_review.get(&customer.code) {
        return Outlook::Not(format!("its paper waits for a review: {file}"));
    }
    if !inputs.in_service.contains(&customer.code) {
        return Outlook::Not("not in the service".to_owned());
    }
    let from = inputs.today.min(inputs.real_day);
    let since = from.checked_sub(i64::from(inputs.choice.window_days).days()).unwrap_or(from);
    // An invitation whose day the service does not tell counts as recent: better one too few than two.
    let open = inputs.recent.iter().find(|i| i.customer == customer.code && i.sent.is_none_or(|day| day >= since));
    if let Some(open) = open {
        let day = open.sent.map_or("an unknown day".to_owned(), |d| d.to_string());
        return Outlook::Not(format!("invited already on {day}; the window is {} days", inputs.choice.window_days));
    }
    let recipient = match inputs.choice.delivery {
        Delivery::Email => match &customer.contact.email {
            Some(email) => Some(email.clone()),
            None => return Outlook::Not("no e-mail address in the ERP".to_owned()),
        },
        Delivery::Fax => match &customer.contact.fax {
            Some(fax) => Some(fax.clone()),
            None => return Outlook::Not("no fax number in the ERP".to_owned()),
        },
        Delivery::Download => None,
    };
    let zones = zones_for(customer, inputs.zones);
    let wanted = match &inputs.choice.reason {
        InviteReason::Named(reason) => Some(reason),
        InviteReason::FromErp => customer.exemption.reason.as_ref(),
    };
    let listed = wanted.and_then(|w| super::certificates::reason_on_list(w, inputs.reasons));
    let reasons = inputs.reasons.iter().filter(|r| listed.as_ref() == Some(&r.name)).cloned().collect();
    Outlook::Invite(InvitationDraft {
        customer: customer.code.clone(),
        recipient,
        delivery: inputs.choice.delivery,
        cover_letter: inputs.choice.cover_letter.clone(),
        zones,
        reasons,
    })
}

pub fn plan_invitations(inputs: &InvitationInputs<'_>) -> Plan {
    let (mut actions, mut notes, mut unchanged) = (Vec::new(), Vec::new(), 0);
    for (code, outlook) in invitation_outlook(inputs) {
        match outlook {
            Outlook::Invite(draft) => {
                let reason = "exempt and without a certificate".to_owned();
                actions.push(Action::new(Write::SendInvitation { draft }, reason));
            }
            Outlook::Covered(why) => {
                unchanged += 1;
                notes.push(Note { subject: code.to_string(), text: why, harmless: true });
            }
            Outlook::Not(why) => notes.push(Note { subject: code.to_string(), text: why, harmless: false }),
        }
    }
    Plan::new(Gate::Invitations, actions, unchanged, notes)
}
