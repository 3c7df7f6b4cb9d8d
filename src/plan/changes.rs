//! What is taken away or changed after onboarding: links, certificates, attributes.

use super::{Action, Gate, Note, Plan, Write};
use crate::domain::{Attribute, AttributeOwner, CertificateId, CertificateOnFile, CustomerCode};
use std::collections::BTreeSet;

/// One link that is to go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unlinking {
    pub customer: CustomerCode,
    pub certificate: CertificateId,
}

/// `on_file`: every certificate in question, with its customers. A link that is not there needs nothing; a certificate that is not there is a note.
pub fn plan_unlinking(wanted: &BTreeSet<Unlinking>, on_file: &[CertificateOnFile], reason: &str) -> Plan {
    let (mut actions, mut notes, mut unchanged) = (Vec::new(), Vec::new(), 0);
    for Unlinking { customer, certificate } in wanted {
        let found = on_file.iter().find(|c| c.id == *certificate);
        let mut note = |text: String, harmless: bool| notes.push(Note { subject: customer.to_string(), text, harmless });
        match found {
            None => note(format!("the service has no certificate {certificate}"), false),
            Some(found) if !found.customers.contains(customer) => {
                unchanged += 1;
                note(format!("is not linked to certificate {certificate}"), true);
            }
            Some(found) => {
                let others = found.customers.len() - 1;
                let why = match others {
                    0 => format!("{reason}; it stays in the service, linked to nobody"),
                    n => format!("{reason}; it stays with {n} other customers"),
                };
                let write = Write::UnlinkCertificate { customer: customer.clone(), certificate: *certificate };
                actions.push(Action::new(write, why));
            }
        }
    }
    Plan::new(Gate::Changes, actions, unchanged, notes)
}

/// Which certificates are to go for good.
pub struct Deletion<'a> {
    pub wanted: &'a BTreeSet<CertificateId>,
    /// With their customers.
    pub on_file: &'a [CertificateOnFile],
    /// A certificate that more than one customer is linked to goes only with this said.
    pub all_customers: bool,
    pub reason: &'a str,
}

/// `Err`: the certificates that several customers would lose, each with all of them.
pub fn plan_deletions(deletion: &Deletion<'_>) -> Result<Plan, Vec<(CertificateId, Vec<CustomerCode>)>> {
    let (mut actions, mut notes, mut shared) = (Vec::new(), Vec::new(), Vec::new());
    for id in deletion.wanted {
        let Some(found) = deletion.on_file.iter().find(|c| c.id == *id) else {
            notes.push(Note { subject: id.to_string(), text: "the service has no such certificate".to_owned(), harmless: false });
            continue;
        };
        let mut customers = found.customers.clone();
        customers.sort();
        if customers.len() > 1 && !deletion.all_customers {
            shared.push((*id, customers));
            continue;
        }
        let (zone, number) = (found.zone_name.clone(), found.number.clone());
        actions.push(Action::new(Write::DeleteCertificate { certificate: *id, zone, number, customers }, deletion.reason));
    }
    match shared.is_empty() {
        true => Ok(Plan::new(Gate::Changes, actions, 0, notes)),
        false => Err(shared),
    }
}

/// `present`: the attributes that the owner has.
pub fn plan_attributes(owner: &AttributeOwner, link: bool, names: &[String], present: &[Attribute], reason: &str) -> Plan {
    let has = |name: &String| present.iter().any(|a| a.name.eq_ignore_ascii_case(name));
    let (there, missing): (Vec<String>, Vec<String>) = names.iter().cloned().partition(has);
    let (wanted, settled) = if link { (missing, there) } else { (there, missing) };
    let word = if link { "has" } else { "has not" };
    let note = |name: &String| Note { subject: owner.to_string(), text: format!("{word} {name} already"), harmless: true };
    let notes = settled.iter().map(note).collect();
    let actions = match wanted.is_empty() {
        true => Vec::new(),
        false => vec![Action::new(Write::ChangeAttributes { owner: owner.clone(), link, names: wanted }, reason)],
    };
    Plan::new(Gate::Changes, actions, settled.len(), notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> CustomerCode {
        CustomerCode::new(text.to_owned()).unwrap()
    }

    fn certificate(id: i64, customers: &[&str]) -> CertificateOnFile {
        CertificateOnFile {
            id: CertificateId(id),
            zone_name: "Texas".to_owned(),
            region: None,
            reason: None,
            number: None,
            signed: None,
            expires: None,
            document_exists: true,
            valid: None,
            status: None,
            customers: customers.iter().map(|c| code(c)).collect(),
        }
    }

    #[test]
    fn only_links_that_are_there_are_taken_away() {
        let on_file = [certificate(1, &["A", "B"]), certificate(2, &[])];
        let wanted: BTreeSet<Unlinking> = [("A", 1), ("A", 2), ("A", 3), ("C", 1)]
            .into_iter()
            .map(|(c, id)| Unlinking { customer: code(c), certificate: CertificateId(id) })
            .collect();
        let plan = plan_unlinking(&wanted, &on_file, "asked for");
        assert_eq!(plan.actions.len(), 1);
        assert!(plan.actions[0].reason.contains("stays with 1 other"));
        assert_eq!(plan.unchanged, 2);
        assert_eq!(plan.notes.iter().filter(|n| !n.harmless).count(), 1, "{:?}", plan.notes);
    }

    #[test]
    fn a_shared_certificate_is_deleted_only_for_all() {
        let on_file = [certificate(1, &["B", "A"]), certificate(2, &["A"])];
        let wanted: BTreeSet<CertificateId> = [1, 2, 9].map(CertificateId).into();
        let deletion = |all_customers| Deletion { wanted: &wanted, on_file: &on_file, all_customers, reason: "asked for" };
        let shared = plan_deletions(&deletion(false)).unwrap_err();
        assert_eq!(shared, [(CertificateId(1), vec![code("A"), code("B")])]);
        let plan = plan_deletions(&deletion(true)).unwrap();
        assert_eq!((plan.actions.len(), plan.notes.len()), (2, 1));
        assert!(plan.actions[0].write.describe().contains("taking it from A, B"));
        assert_eq!(plan.actions[0].write.customers().count(), 2);
    }

    #[test]
    fn attributes_that_are_as_wanted_need_nothing() {
        let owner = AttributeOwner::Certificate(CertificateId(1));
        let present = [Attribute { id: 7, name: "DIRECT PAY".to_owned(), description: None }];
        let names = ["direct pay".to_owned(), "EXPORT".to_owned()];
        let link = plan_attributes(&owner, true, &names, &present, "asked for");
        assert!(matches!(&link.actions[0].write, Write::ChangeAttributes { names, .. } if names == &["EXPORT"]));
        let unlink = plan_attributes(&owner, false, &names, &present, "asked for");
        assert!(matches!(&unlink.actions[0].write, Write::ChangeAttributes { names, .. } if names == &["direct pay"]));
        assert_eq!((link.unchanged, unlink.unchanged), (1, 1));
    }
}
