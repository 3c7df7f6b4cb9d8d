//! Asking anew for certificates that end soon or have ended.

use super::invitations::way_to;
use super::{Action, Gate, InviteChoice, InviteReason, Note, Plan, Write, reason_on_list};
use crate::domain::{AskedBefore, CertificateOnFile, CustomerCode, CustomerOnFile, ExposureZone, InvitationDraft, ReasonOnFile, Region};
use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};

/// What a renewal, or an invitation to named customers, is planned from.
pub struct RenewalInputs<'a> {
    pub customers: &'a [CustomerOnFile],
    /// With their customers.
    pub certificates: &'a [CertificateOnFile],
    /// Invitations sent within the window, from here or elsewhere.
    pub recent: &'a [AskedBefore],
    pub zones: &'a [ExposureZone],
    pub reasons: &'a [ReasonOnFile],
    pub choice: &'a InviteChoice,
    pub today: Date,
    /// The real day, from which the window counts back.
    pub real_day: Date,
}

/// Every customer that has a certificate which ends on `until` or before and no other one for that state which lasts longer: one invitation, for all such
/// states.
pub fn plan_renewals(inputs: &RenewalInputs<'_>, until: Date, state: Option<&Region>) -> Plan {
    // The last end for each customer and state; a certificate without an end never needs renewing.
    let mut last: BTreeMap<&CustomerCode, BTreeMap<&Region, Option<Date>>> = BTreeMap::new();
    for certificate in inputs.certificates.iter().filter(|c| c.valid != Some(false)) {
        let Some(region) = certificate.region.as_ref().filter(|r| state.is_none_or(|wanted| *r == wanted)) else { continue };
        for code in &certificate.customers {
            let end = last.entry(code).or_default().entry(region).or_insert(Some(Date::MIN));
            *end = match (*end, certificate.expires) {
                (Some(one), Some(other)) => Some(one.max(other)),
                _ => None,
            };
        }
    }
    let wanted = last.into_iter().filter_map(|(code, states)| {
        let due: Vec<(&Region, Date)> =
            states.into_iter().filter_map(|(region, end)| Some((region, end?))).filter(|(_, end)| *end <= until).collect();
        let told = |(region, end): &(&Region, Date)| {
            let word = if *end < inputs.today { "ended" } else { "ends" };
            format!("{region} {word} on {end}")
        };
        let why = due.iter().map(told).collect::<Vec<_>>().join(", ");
        let regions: Vec<Region> = due.into_iter().map(|(region, _)| region.clone()).collect();
        (!regions.is_empty()).then(|| (code.clone(), regions, why))
    });
    planned(inputs, wanted)
}

/// Named customers; `regions`: the states to ask for, else those of each customer's record.
pub fn plan_invitations_to(inputs: &RenewalInputs<'_>, codes: &[CustomerCode], regions: &[Region], reason: &str) -> Plan {
    let mut codes = codes.to_vec();
    codes.sort();
    codes.dedup();
    let wanted = codes.into_iter().map(|code| {
        let own = || {
            let record = inputs.customers.iter().find(|c| c.code == code)?;
            let mut own: Vec<Region> = record.address.region.iter().chain(record.exposure_zones.iter().flatten()).cloned().collect();
            own.sort();
            own.dedup();
            Some(own)
        };
        let asked = if regions.is_empty() { own().unwrap_or_default() } else { regions.to_vec() };
        (code, asked, reason.to_owned())
    });
    planned(inputs, wanted)
}

fn planned(inputs: &RenewalInputs<'_>, wanted: impl Iterator<Item = (CustomerCode, Vec<Region>, String)>) -> Plan {
    let records: HashMap<&CustomerCode, &CustomerOnFile> = inputs.customers.iter().map(|c| (&c.code, c)).collect();
    let from = inputs.today.min(inputs.real_day);
    let since = from.checked_sub(i64::from(inputs.choice.window_days).days()).unwrap_or(from);
    let (mut actions, mut notes, mut unchanged) = (Vec::new(), Vec::new(), 0);
    for (code, regions, why) in wanted {
        let mut note = |text: String, harmless: bool| notes.push(Note { subject: code.to_string(), text, harmless });
        let Some(record) = records.get(&code) else {
            note("not in the service".to_owned(), false);
            continue;
        };
        // An invitation whose day the service does not tell counts as recent: better one too few than two.
        let recent = inputs.recent.iter().find(|i| i.customer == code && i.sent.is_none_or(|day| day >= since));
        if let Some(recent) = recent.filter(|_| inputs.choice.window_days > 0) {
            let day = recent.sent.map_or("an unknown day".to_owned(), |d| d.to_string());
            unchanged += 1;
            note(format!("invited already on {day}; the window is {} days", inputs.choice.window_days), true);
            continue;
        }
        let zones: Vec<ExposureZone> = regions.iter().filter_map(|r| inputs.zones.iter().find(|z| z.is_state(r)).cloned()).collect();
        if zones.is_empty() {
            note("none of its states is on the service's list of zones".to_owned(), false);
            continue;
        }
        let (delivery, recipient, lack) = way_to(&record.contact, inputs.choice.delivery);
        let wanted = match &inputs.choice.reason {
            InviteReason::Named(reason) => Some(reason),
            InviteReason::FromErp => None,
        };
        let listed = wanted.and_then(|w| reason_on_list(w, inputs.reasons));
        let reasons = inputs.reasons.iter().filter(|r| listed.as_ref() == Some(&r.name)).cloned().collect();
        let draft = InvitationDraft {
            customer: code.clone(),
            recipient,
            delivery,
            cover_letter: inputs.choice.cover_letter.clone(),
            zones,
            reasons,
        };
        let why = lack.map_or(why.clone(), |lack| format!("{why}; {lack}"));
        actions.push(Action::new(Write::SendInvitation { draft }, why));
    }
    Plan::new(Gate::Invitations, actions, unchanged, notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Address, CertificateId, Contact, Country, Delivery, ZoneId};
    use jiff::civil::date;

    const TODAY: Date = date(2026, 11, 20);

    fn code(text: &str) -> CustomerCode {
        CustomerCode::new(text).unwrap()
    }

    fn customer(text: &str) -> CustomerOnFile {
        CustomerOnFile {
            code: code(text),
            name: "Amber Tools LLC".to_owned(),
            address: Address {
                line1: "1 Oak Street".to_owned(),
                line2: None,
                city: "Austin".to_owned(),
                region: Region::us_state("TX"),
                postal_code: "78701".to_owned(),
                country: Country::US,
            },
            contact: Contact { email: Some("ap@example.com".to_owned()), ..Contact::default() },
            tax_number: None,
            exposure_zones: None,
            unkept: Vec::new(),
        }
    }

    fn certificate(id: i64, who: &str, state: &str, expires: Option<Date>) -> CertificateOnFile {
        CertificateOnFile {
            id: CertificateId(id),
            zone_name: String::new(),
            region: Region::us_state(state),
            reason: None,
            number: None,
            signed: None,
            expires,
            document_exists: true,
            valid: None,
            status: None,
            customers: vec![code(who)],
        }
    }

    fn zone(id: i64, state: &str) -> ExposureZone {
        let region = Region::us_state(state);
        ExposureZone { id: ZoneId(id), name: region.as_ref().unwrap().name().to_owned(), region, country: Some(Country::US) }
    }

    #[test]
    fn what_ends_and_is_not_replaced_is_asked_for_once() {
        let customers = [customer("A"), customer("B"), customer("C")];
        let certificates = [
            certificate(1, "A", "TX", Some(date(2026, 12, 1))),
            certificate(2, "A", "OH", Some(date(2026, 1, 1))),
            certificate(3, "A", "NY", None),
            // Replaced by a newer one, and by one without an end.
            certificate(4, "B", "TX", Some(date(2026, 12, 1))),
            certificate(5, "B", "TX", Some(date(2028, 1, 1))),
            certificate(6, "B", "OH", Some(date(2026, 12, 1))),
            certificate(7, "B", "OH", None),
            // Asked already.
            certificate(8, "C", "TX", Some(date(2026, 12, 1))),
            certificate(9, "GONE", "TX", Some(date(2026, 12, 1))),
        ];
        let recent = [AskedBefore { customer: code("C"), sent: Some(date(2026, 11, 10)) }];
        let zones = [zone(1, "TX"), zone(2, "OH"), zone(3, "NY")];
        let choice = InviteChoice {
            delivery: Delivery::Email,
            cover_letter: "STANDARD_REQUEST".to_owned(),
            reason: InviteReason::FromErp,
            window_days: 14,
        };
        let inputs = RenewalInputs {
            customers: &customers,
            certificates: &certificates,
            recent: &recent,
            zones: &zones,
            reasons: &[],
            choice: &choice,
            today: TODAY,
            real_day: TODAY,
        };
        let plan = plan_renewals(&inputs, date(2027, 1, 19), None);
        assert_eq!(plan.actions.len(), 1, "{:?}", plan.actions);
        let Write::SendInvitation { draft } = &plan.actions[0].write else { panic!() };
        assert_eq!(draft.customer, code("A"));
        assert_eq!(draft.zones.iter().map(|z| z.id.0).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(plan.actions[0].reason, "OH ended on 2026-01-01, TX ends on 2026-12-01");
        assert_eq!((plan.unchanged, plan.notes.len()), (1, 2));
        let only = plan_renewals(&inputs, date(2027, 1, 19), Region::us_state("OH").as_ref());
        assert_eq!(only.actions[0].reason, "OH ended on 2026-01-01");
        // Named customers are asked for the states of their record.
        let named = plan_invitations_to(&inputs, &[code("B"), code("B"), code("C")], &[], "asked for");
        assert_eq!((named.actions.len(), named.unchanged), (1, 1));
    }
}
