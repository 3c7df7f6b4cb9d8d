//! Customers: create what is missing, update what differs, never delete.

use super::{Action, Change, Gate, Note, Plan, Write, zones_for};
use crate::domain::{Customer, CustomerCode, CustomerOnFile, ExposureZone, Region};
use std::collections::BTreeMap;

/// What the customers' gate is planned from.
pub struct CustomerInputs<'a> {
    pub wanted: &'a [Customer],
    pub present: &'a [CustomerOnFile],
    pub zones: &'a [ExposureZone],
}

/// Order: exempt customers first, then the rest; each by code.
pub fn plan_customers(inputs: &CustomerInputs<'_>) -> Plan {
    let present: BTreeMap<&CustomerCode, &CustomerOnFile> = inputs.present.iter().map(|c| (&c.code, c)).collect();
    let folded: BTreeMap<String, &CustomerCode> = inputs.present.iter().map(|c| (c.code.as_str().to_lowercase(), &c.code)).collect();
    let mut wanted: Vec<&Customer> = inputs.wanted.iter().collect();
    wanted.sort_by_key(|c| (!c.is_exempt(), &c.code));

    let (mut actions, mut notes, mut unchanged) = (Vec::new(), Vec::new(), 0);
    for customer in wanted {
        let customer = customer.clone();
        let zones = zones_for(&customer, inputs.zones);
        match present.get(&customer.code) {
            None => {
                if let Some(near) = folded.get(&customer.code.as_str().to_lowercase()) {
                    notes.push(Note {
                        subject: customer.code.to_string(),
                        text: format!("the service has `{near}`, which differs only in upper and lower case; codes are case sensitive, so this is another customer"),
                        harmless: true,
                    });
                }
                let reason = match customer.is_exempt() {
                    true => format!("not in the service yet; exempt: {}", customer.exemption.rule),
                    false => "not in the service yet".to_owned(),
                };
                actions.push(Action::new(Write::CreateCustomer { customer, zones }, reason));
            }
            Some(on_file) => {
                let changes = changes(&customer, on_file, &zones);
                match changes.is_empty() {
                    true => unchanged += 1,
                    false => {
                        let reason =
                            changes.iter().map(|c| format!("{}: “{}” → “{}”", c.field, c.old, c.new)).collect::<Vec<_>>().join("; ");
                        let merged = keep_what_the_erp_lacks(customer, on_file);
                        let zones = with_zones_on_file(zones, on_file, inputs.zones);
                        actions.push(Action::new(Write::UpdateCustomer { customer: merged, zones, changes }, reason));
                    }
                }
            }
        }
    }
    Plan::new(Gate::Customers, actions, unchanged, notes)
}

/// The fields in which the ERP differs from the service. What the ERP leaves empty is no difference: an update must not erase it.
fn changes(erp: &Customer, on_file: &CustomerOnFile, zones: &[ExposureZone]) -> Vec<Change> {
    let text = |o: &Option<String>| o.clone().unwrap_or_default();
    let mut found = Vec::new();
    let mut compare = |field: &str, old: String, new: String| {
        let kept = on_file.unkept.iter().all(|unkept| unkept != field);
        if kept && !new.trim().is_empty() && old.trim() != new.trim() {
            found.push(Change { field: field.to_owned(), old, new });
        }
    };
    let (new, old) = (&erp.address, &on_file.address);
    compare("name", on_file.name.clone(), erp.name.clone());
    compare("line1", old.line1.clone(), new.line1.clone());
    compare("line2", text(&old.line2), text(&new.line2));
    compare("city", old.city.clone(), new.city.clone());
    let code = |r: &Option<Region>| r.as_ref().map(|r| r.code().to_owned()).unwrap_or_default();
    compare("region", code(&old.region), code(&new.region));
    compare("postalCode", old.postal_code.clone(), new.postal_code.clone());
    compare("country", old.country.to_string(), new.country.to_string());
    compare("emailAddress", text(&on_file.contact.email), text(&erp.contact.email));
    compare("phoneNumber", text(&on_file.contact.phone), text(&erp.contact.phone));
    compare("faxNumber", text(&on_file.contact.fax), text(&erp.contact.fax));
    compare("contactName", text(&on_file.contact.name), text(&erp.contact.name));
    // A service that does not tell its zones can't be compared with; taking that for "none" would send an update with every run.
    let Some(have) = &on_file.exposure_zones else { return found };
    let missing: Vec<&str> = zones.iter().filter_map(|z| z.region.as_ref()).filter(|r| !have.contains(r)).map(Region::code).collect();
    if !missing.is_empty() {
        let old = have.iter().map(Region::code).collect::<Vec<_>>().join(", ");
        found.push(Change { field: "exposureZones".to_owned(), old, new: missing.join(", ") });
    }
    found
}

/// The service's update replaces the record, so what only the service knows is sent back.
fn keep_what_the_erp_lacks(mut erp: Customer, on_file: &CustomerOnFile) -> Customer {
    let fill = |mine: &mut Option<String>, theirs: &Option<String>| {
        if mine.is_none() {
            mine.clone_from(theirs);
        }
    };
    fill(&mut erp.address.line2, &on_file.address.line2);
    fill(&mut erp.contact.email, &on_file.contact.email);
    fill(&mut erp.contact.phone, &on_file.contact.phone);
    fill(&mut erp.contact.fax, &on_file.contact.fax);
    fill(&mut erp.contact.name, &on_file.contact.name);
    erp
}

fn with_zones_on_file(mut zones: Vec<ExposureZone>, on_file: &CustomerOnFile, known: &[ExposureZone]) -> Vec<ExposureZone> {
    zones.extend(on_file.exposure_zones.iter().flatten().filter_map(|region| known.iter().find(|z| z.is_state(region)).cloned()));
    zones.sort();
    zones.dedup();
    zones
}
