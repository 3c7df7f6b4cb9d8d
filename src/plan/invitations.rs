//! Invitations: to every exempt customer that is still without a certificate, and never two within the window.

use super::{Action, Gate, Note, Plan, Write, zones_for};
use crate::domain::{
    AskedBefore, CertificateOnFile, Contact, Customer, CustomerCode, Delivery, ExemptionReason, ExposureZone, InvitationDraft, ReasonOnFile,
};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

/// Is an exempt customer covered by a certificate, and until when?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "coverage", rename_all = "snake_case")]
pub enum Coverage {
    Covered { states: Vec<String>, until: Option<Date> },
    Expired { on: Date },
    None,
}

/// The certificates on file by customer, so that many customers can be looked up.
pub struct Holdings<'a>(HashMap<&'a CustomerCode, Vec<&'a CertificateOnFile>>);

impl<'a> Holdings<'a> {
    pub fn new(on_file: &'a [CertificateOnFile]) -> Self {
        let mut held: HashMap<&CustomerCode, Vec<&CertificateOnFile>> = HashMap::new();
        for certificate in on_file.iter().filter(|c| c.valid != Some(false)) {
            for code in &certificate.customers {
                held.entry(code).or_default().push(certificate);
            }
        }
        Self(held)
    }

    /// What the certificates mean for one customer on a day.
    pub fn coverage(&self, code: &CustomerCode, today: Date) -> Coverage {
        let mine = self.0.get(code).map(Vec::as_slice).unwrap_or_default();
        let live: Vec<&&CertificateOnFile> = mine.iter().filter(|c| c.expires.is_none_or(|d| d >= today)).collect();
        if !live.is_empty() {
            let states: BTreeSet<String> =
                live.iter().map(|c| c.region.as_ref().map_or(c.zone_name.clone(), |r| r.code().to_owned())).collect();
            return Coverage::Covered { states: states.into_iter().collect(), until: live.iter().filter_map(|c| c.expires).max() };
        }
        mine.iter().filter_map(|c| c.expires).max().map_or(Coverage::None, |on| Coverage::Expired { on })
    }
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
    pub recent: &'a [AskedBefore],
    pub zones: &'a [ExposureZone],
    pub reasons: &'a [ReasonOnFile],
    pub choice: &'a InviteChoice,
    pub today: Date,
    /// The real day, from which the window counts back: `today` may be set to another day, the days of invitations can't.
    pub real_day: Date,
}

/// Why an exempt customer will or will not be invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outlook {
    /// The invitation, and why it goes out in this way.
    Invite(InvitationDraft, String),
    Not(WhyNot),
}

/// Why an exempt customer is not invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyNot {
    /// Has a certificate for these states; `missing`: states of the customer for which it has none. It is asked for nothing by itself: whether it
    /// buys anything there without tax, a person must tell.
    Covered {
        states: Vec<String>,
        missing: Vec<String>,
    },
    /// This run has invited it.
    ByThisRun,
    /// The service refused the invitation, and it would go out just as before.
    Refused,
    /// Its paper was read and is not settled yet.
    PaperWaits {
        file: String,
    },
    NotInService,
    /// Invited within the window, on this day where the service tells it.
    Recent {
        sent: Option<Date>,
        window_days: u16,
    },
    /// The service's list has no zone for any of its states, so there is nothing that it could be asked for.
    NoZone,
}

impl WhyNot {
    /// One of a few words for a count.
    pub fn heading(&self) -> &'static str {
        match self {
            WhyNot::Covered { missing, .. } if missing.is_empty() => "not invited: covered by a certificate",
            WhyNot::Covered { .. } => "not invited: covered, but not in each of their states",
            WhyNot::ByThisRun => "invited by this run",
            WhyNot::Refused => "not invited: the service refused it before",
            WhyNot::PaperWaits { .. } => "not invited: a paper of theirs is not settled yet",
            WhyNot::NotInService => "not invited: not in the service",
            WhyNot::Recent { .. } => "not invited: they have an open invitation",
            WhyNot::NoZone => "not invited: no zone of the service's list",
        }
    }

    /// Nobody has to do anything about it.
    pub fn is_harmless(&self) -> bool {
        match self {
            WhyNot::Covered { missing, .. } => missing.is_empty(),
            WhyNot::Recent { .. } | WhyNot::ByThisRun => true,
            WhyNot::PaperWaits { .. } | WhyNot::NotInService | WhyNot::NoZone | WhyNot::Refused => false,
        }
    }
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WhyNot::Covered { states, missing } => {
                write!(f, "covered: certificate for {}", states.join(", "))?;
                match missing.is_empty() {
                    true => Ok(()),
                    false => write!(f, "; none for {}: invite it for that where it buys there without tax", missing.join(", ")),
                }
            }
            WhyNot::ByThisRun => f.write_str("invited by this run"),
            WhyNot::Refused => f.write_str("the service refused its invitation before, and nothing has changed since"),
            WhyNot::PaperWaits { file } => write!(f, "its paper is not settled yet: {file}"),
            WhyNot::NotInService => f.write_str("not in the service"),
            WhyNot::Recent { sent, window_days } => {
                let day = sent.map_or("an unknown day".to_owned(), |d| d.to_string());
                write!(f, "invited already on {day}; the window is {window_days} days")
            }
            WhyNot::NoZone => f.write_str(
                "no zone: neither its address nor its ship-to states are on the service's list of zones, so it can't be asked for a certificate; \
                 check its address in the ERP",
            ),
        }
    }
}

/// One line for each exempt customer, by code.
pub fn invitation_outlook(inputs: &InvitationInputs<'_>) -> Vec<(CustomerCode, Outlook)> {
    let mut exempt: Vec<&Customer> = inputs.customers.iter().filter(|c| c.is_exempt()).collect();
    exempt.sort_by(|a, b| a.code.cmp(&b.code));
    let holdings = Holdings::new(inputs.certificates);
    let from = inputs.today.min(inputs.real_day);
    let since = from.checked_sub(i64::from(inputs.choice.window_days).days()).unwrap_or(from);
    // An invitation whose day the service does not tell counts as recent: better one too few than two.
    let counts = inputs.recent.iter().filter(|i| i.sent.is_none_or(|day| day >= since));
    let mut recent: HashMap<&CustomerCode, Option<Date>> = HashMap::new();
    for invitation in counts {
        recent.entry(&invitation.customer).or_insert(invitation.sent);
    }
    exempt
        .iter()
        .map(|c| {
            let why_not = why_not(c, inputs, &holdings, &recent);
            (c.code.clone(), why_not.map_or_else(|| invite(c, inputs), Outlook::Not))
        })
        .collect()
}

fn why_not(
    customer: &Customer,
    inputs: &InvitationInputs<'_>,
    holdings: &Holdings<'_>,
    recent: &HashMap<&CustomerCode, Option<Date>>,
) -> Option<WhyNot> {
    if let Coverage::Covered { states, .. } = holdings.coverage(&customer.code, inputs.today) {
        let zones = zones_for(customer, inputs.zones);
        let regions = zones.iter().filter_map(|zone| zone.region.as_ref()).map(|region| region.code().to_owned());
        let missing = regions.filter(|code| !states.contains(code)).collect();
        return Some(WhyNot::Covered { states, missing });
    }
    if let Some(file) = inputs.in_review.get(&customer.code) {
        return Some(WhyNot::PaperWaits { file: file.clone() });
    }
    if !inputs.in_service.contains(&customer.code) {
        return Some(WhyNot::NotInService);
    }
    if let Some(sent) = recent.get(&customer.code) {
        return Some(WhyNot::Recent { sent: *sent, window_days: inputs.choice.window_days });
    }
    zones_for(customer, inputs.zones).is_empty().then_some(WhyNot::NoZone)
}

fn invite(customer: &Customer, inputs: &InvitationInputs<'_>) -> Outlook {
    let (delivery, recipient, lack) = way_to(&customer.contact, inputs.choice.delivery);
    let wanted = match &inputs.choice.reason {
        InviteReason::Named(reason) => Some(reason),
        InviteReason::FromErp => customer.exemption.reason.as_ref(),
    };
    let listed = wanted.and_then(|w| super::certificates::reason_on_list(w, inputs.reasons));
    let reasons = inputs.reasons.iter().filter(|r| listed.as_ref() == Some(&r.name)).cloned().collect();
    let why = match lack {
        None => "exempt and without a certificate".to_owned(),
        Some(lack) => format!("exempt and without a certificate; {lack}"),
    };
    let draft = InvitationDraft {
        customer: customer.code.clone(),
        recipient,
        delivery,
        cover_letter: inputs.choice.cover_letter.clone(),
        zones: zones_for(customer, inputs.zones),
        reasons,
    };
    Outlook::Invite(draft, why)
}

/// Ten digits (North American numbers) or more, and nothing but what is written between them: `see notes` in a column of fax numbers is none.
fn is_fax_number(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (10..=15).contains(&digits) && text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-' | '.' | '(' | ')' | '/'))
}

/// How one customer is reached, its address there, and why it is not in the chosen way. Who has no e-mail address gets a fax where the ERP has a
/// number; who can't be reached gets a link that the merchant passes on.
pub(super) fn way_to(contact: &Contact, chosen: Delivery) -> (Delivery, Option<String>, Option<&'static str>) {
    let fax = || contact.fax.clone().filter(|text| is_fax_number(text)).map(|number| (Delivery::Fax, Some(number)));
    let link = (Delivery::Download, None);
    match chosen {
        Delivery::Email => match &contact.email {
            Some(email) => (Delivery::Email, Some(email.clone()), None),
            None => match fax() {
                Some((delivery, number)) => (delivery, number, Some("no usable e-mail address in the ERP, so by fax")),
                None => (link.0, link.1, Some("no usable e-mail address in the ERP, so as a link to pass on")),
            },
        },
        Delivery::Fax => match fax() {
            Some((delivery, number)) => (delivery, number, None),
            None => (link.0, link.1, Some("no usable fax number in the ERP, so as a link to pass on")),
        },
        Delivery::Download => (link.0, link.1, None),
    }
}

/// The outlooks counted: what, how many, and the first codes. Who is invited comes first.
pub fn outlook_counts(outlooks: &[(CustomerCode, Outlook)], shown: usize) -> Vec<(&'static str, usize, Vec<CustomerCode>)> {
    let heading = |outlook: &Outlook| match outlook {
        Outlook::Invite(InvitationDraft { delivery: Delivery::Email, .. }, _) => (0, "invited by e-mail"),
        Outlook::Invite(InvitationDraft { delivery: Delivery::Fax, .. }, _) => (1, "invited by fax"),
        Outlook::Invite(InvitationDraft { delivery: Delivery::Download, .. }, _) => (2, "get a link, to pass on"),
        Outlook::Not(why) => (3, why.heading()),
    };
    let mut counts: BTreeMap<(u8, &'static str), (usize, Vec<CustomerCode>)> = BTreeMap::new();
    for (code, outlook) in outlooks {
        let (count, codes) = counts.entry(heading(outlook)).or_default();
        *count += 1;
        if codes.len() < shown {
            codes.push(code.clone());
        }
    }
    counts.into_iter().map(|((_, heading), (count, codes))| (heading, count, codes)).collect()
}

/// `outlooks`: of the same inputs, one for each exempt customer.
pub fn plan_invitations(outlooks: Vec<(CustomerCode, Outlook)>) -> Plan {
    let (mut actions, mut notes, mut unchanged) = (Vec::new(), Vec::new(), 0);
    for (code, outlook) in outlooks {
        match outlook {
            Outlook::Invite(draft, why) => actions.push(Action::new(Write::SendInvitation { draft }, why)),
            Outlook::Not(why) => {
                unchanged += usize::from(matches!(why, WhyNot::Covered { .. }));
                notes.push(Note { subject: code.to_string(), text: why.to_string(), harmless: why.is_harmless() });
            }
        }
    }
    Plan::new(Gate::Invitations, actions, unchanged, notes)
}
