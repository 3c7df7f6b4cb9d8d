//! From what is wanted and what is there to the writes that are needed, each with its reason.
//!
//! Owns: the plan, its actions with stable ids, its fingerprint, and the only maker of an approved plan.
//! Must not touch: network, disk, clock, terminal. The same values give the same plan.
//! Called by: `wizard`, which shows a plan and asks; `apply`, which carries an approved one out.

mod approved;
mod certificates;
mod changes;
mod customers;
mod file;
mod invitations;
mod renew;

pub use approved::{Approval, Approved, confirm};
pub use certificates::{CertificateInputs, NoExpiration, plan_certificates, reason_on_list};
pub use changes::{Deletion, Unlinking, plan_attributes, plan_deletions, plan_unlinking};
pub use customers::{CustomerInputs, plan_customers};
pub use file::{
    FORMAT, Input, PlanFile, PlanFileError, RestedOn, actions_apart, certificates_rested_on, counts, customers_rested_on, differences,
    invitations_rested_on,
};
pub use invitations::{
    Coverage, Holdings, InvitationInputs, InviteChoice, InviteReason, Outlook, WhyNot, invitation_outlook, outlook_counts, plan_invitations,
};

pub use renew::{RenewalInputs, plan_invitations_to, plan_renewals};

use crate::domain::{
    AttributeOwner, CertificateDraft, CertificateId, Customer, CustomerCode, DocumentRef, ExposureZone, InvitationDraft, Sha256, TaxNumber,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The points where a run asks before it writes: the wizard has the first three, the commands for later the last one too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    Customers,
    Certificates,
    Invitations,
    /// What is taken away or changed after onboarding.
    Changes,
}

impl Gate {
    pub const ALL: [Gate; 4] = [Gate::Customers, Gate::Certificates, Gate::Invitations, Gate::Changes];

    pub fn name(self) -> &'static str {
        match self {
            Gate::Customers => "customers",
            Gate::Certificates => "certificates",
            Gate::Invitations => "invitations",
            Gate::Changes => "changes",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A field that an update changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    pub field: String,
    pub old: String,
    pub new: String,
}

/// One write to the service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "write", rename_all = "snake_case")]
pub enum Write {
    CreateCustomer {
        customer: Customer,
        zones: Vec<ExposureZone>,
    },
    UpdateCustomer {
        customer: Customer,
        zones: Vec<ExposureZone>,
        changes: Vec<Change>,
    },
    /// Create the certificate, then link it to the customer.
    CreateCertificate {
        customer: CustomerCode,
        /// The same company under other codes, to which a person linked the paper as well.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        also: Vec<CustomerCode>,
        draft: CertificateDraft,
        document: DocumentRef,
        /// Certificates that make the same claim and were there before: none of these is ever taken for the one made here.
        seen: Vec<CertificateId>,
    },
    /// The certificate is on file, but this customer is not linked to it.
    LinkCertificate {
        customer: CustomerCode,
        certificate: CertificateId,
        /// The paper that says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        document: Option<DocumentRef>,
    },
    SendInvitation {
        draft: InvitationDraft,
    },
    /// The certificate stays in the service, and with its other customers.
    UnlinkCertificate {
        customer: CustomerCode,
        certificate: CertificateId,
    },
    /// For good, and for everyone that is linked to it.
    DeleteCertificate {
        certificate: CertificateId,
        /// As the service wrote it, for the record.
        zone: String,
        number: Option<TaxNumber>,
        /// Everyone that loses it: no one else may be linked when it is deleted.
        customers: Vec<CustomerCode>,
    },
    ChangeAttributes {
        owner: AttributeOwner,
        link: bool,
        names: Vec<String>,
    },
}

impl Write {
    /// What this write is about, by what identifies the object. Two runs over the same input give the same text.
    fn identity(&self) -> String {
        let number = |draft: &CertificateDraft| draft.number.as_ref().map(|n| n.folded()).unwrap_or_default();
        match self {
            Write::CreateCustomer { customer, .. } => format!("create-customer\n{}", customer.code),
            Write::UpdateCustomer { customer, .. } => format!("update-customer\n{}", customer.code),
            Write::CreateCertificate { customer, draft, .. } => {
                format!("create-certificate\n{customer}\n{}\n{}\n{}", draft.zone.name, number(draft), draft.signed)
            }
            Write::LinkCertificate { customer, certificate, .. } => format!("link-certificate\n{customer}\n{certificate}"),
            Write::SendInvitation { draft } => format!("send-invitation\n{}", draft.customer),
            Write::UnlinkCertificate { customer, certificate } => format!("unlink-certificate\n{customer}\n{certificate}"),
            Write::DeleteCertificate { certificate, .. } => format!("delete-certificate\n{certificate}"),
            Write::ChangeAttributes { owner, link, names } => format!("attributes\n{owner}\n{link}\n{}", names.join("\n")),
        }
    }

    /// The write without what only tells what was there before.
    pub fn as_asked(&self) -> Write {
        let mut write = self.clone();
        if let Write::CreateCertificate { seen, .. } = &mut write {
            seen.clear();
        }
        write
    }

    /// In words, for a list.
    pub fn describe(&self) -> String {
        match self {
            Write::CreateCustomer { customer, .. } => format!("create customer {} “{}”", customer.code, customer.name),
            Write::UpdateCustomer { customer, changes, .. } => {
                let fields: Vec<&str> = changes.iter().map(|c| c.field.as_str()).collect();
                format!("update customer {} “{}”: {}", customer.code, customer.name, fields.join(", "))
            }
            Write::CreateCertificate { customer, also, draft, document, .. } => {
                let number = draft.number.as_ref().map_or("no number".to_owned(), ToString::to_string);
                let all = std::iter::once(customer).chain(also).map(ToString::to_string).collect::<Vec<_>>().join(" and ");
                let end = draft.expires.map_or("no end".to_owned(), |day| format!("until {day}"));
                let (zone, reason, signed, file) = (&draft.zone.name, &draft.reason, draft.signed, &document.file);
                format!("create certificate {zone} {number}, {reason}, signed {signed}, {end}, for {all} from {file}, and link it")
            }
            Write::LinkCertificate { customer, certificate, .. } => format!("link certificate {certificate} to {customer}"),
            Write::SendInvitation { draft } => match &draft.recipient {
                Some(to) => format!("invite {} by {} to {to}", draft.customer, draft.delivery),
                None => format!("invite {} by {}", draft.customer, draft.delivery),
            },
            Write::UnlinkCertificate { customer, certificate } => format!("unlink certificate {certificate} from {customer}"),
            Write::DeleteCertificate { certificate, zone, number, customers } => {
                let number = number.as_ref().map_or("no number".to_owned(), ToString::to_string);
                let from = match customers.is_empty() {
                    true => "linked to nobody".to_owned(),
                    false => format!("taking it from {}", customers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
                };
                format!("delete certificate {certificate} ({zone} {number}), {from}")
            }
            Write::ChangeAttributes { owner, link, names } => {
                format!("{} {} {owner}: {}", if *link { "add to" } else { "take from" }, "the attributes of", names.join(", "))
            }
        }
    }

    /// One word or two for a count.
    pub fn kind(&self) -> &'static str {
        match self {
            Write::CreateCustomer { .. } | Write::CreateCertificate { .. } => "create",
            Write::UpdateCustomer { .. } => "update",
            Write::LinkCertificate { .. } => "link",
            Write::SendInvitation { .. } => "send",
            Write::UnlinkCertificate { .. } => "unlink",
            Write::DeleteCertificate { .. } => "delete",
            Write::ChangeAttributes { .. } => "change",
        }
    }

    /// Everyone it is about.
    pub fn customers(&self) -> impl Iterator<Item = &CustomerCode> {
        let also = match self {
            Write::CreateCertificate { also: all, .. } => all.as_slice(),
            Write::DeleteCertificate { customers: all, .. } => all.get(1..).unwrap_or_default(),
            _ => &[],
        };
        self.customer().into_iter().chain(also)
    }

    /// The first of them; `None` for a write about a certificate that nobody is linked to.
    pub fn customer(&self) -> Option<&CustomerCode> {
        match self {
            Write::CreateCustomer { customer, .. } | Write::UpdateCustomer { customer, .. } => Some(&customer.code),
            Write::CreateCertificate { customer, .. } | Write::LinkCertificate { customer, .. } => Some(customer),
            Write::UnlinkCertificate { customer, .. } => Some(customer),
            Write::SendInvitation { draft } => Some(&draft.customer),
            Write::DeleteCertificate { customers, .. } => customers.first(),
            Write::ChangeAttributes { owner: AttributeOwner::Customer(code), .. } => Some(code),
            Write::ChangeAttributes { .. } => None,
        }
    }

    /// What to show while it is being done.
    pub fn subject(&self) -> &str {
        self.customer().map_or("", CustomerCode::as_str)
    }
}

/// One write with its reason. `id` is the same in every run over the same input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Action {
    pub id: String,
    #[serde(flatten)]
    pub write: Write,
    pub reason: String,
}

impl Action {
    pub fn new(write: Write, reason: impl Into<String>) -> Self {
        let sum = Sha256::of(write.identity().as_bytes());
        Self { id: sum.as_str()[..16].to_owned(), write, reason: reason.into() }
    }
}

/// Something that the plan leaves alone, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    pub subject: String,
    pub text: String,
    /// Nobody has to do anything about it.
    #[serde(default)]
    pub harmless: bool,
}

/// Every write of one gate, in the order in which it would be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub gate: Gate,
    pub actions: Vec<Action>,
    /// Wanted and already so.
    pub unchanged: usize,
    pub notes: Vec<Note>,
    /// Sum over gate and actions: what a person approved can be told from what is applied.
    pub fingerprint: Sha256,
}

impl Plan {
    /// Drops a second action with the same id (the same paper scanned twice), and says so.
    pub fn new(gate: Gate, actions: Vec<Action>, unchanged: usize, mut notes: Vec<Note>) -> Self {
        let mut seen = std::collections::BTreeMap::new();
        let mut kept: Vec<Action> = Vec::with_capacity(actions.len());
        for action in actions {
            let Some(at) = seen.insert(action.id.clone(), kept.len()) else {
                kept.push(action);
                continue;
            };
            seen.insert(action.id.clone(), at);
            notes.push(Note {
                subject: action.write.subject().to_owned(),
                text: format!("once is enough: {}", action.write.describe()),
                harmless: true,
            });
            // A second paper that says the same may belong to more customers.
            if let (Write::CreateCertificate { also, .. }, Write::CreateCertificate { also: more, .. }) =
                (&mut kept[at].write, action.write)
            {
                also.extend(more.into_iter().filter(|code| !also.contains(code)).collect::<Vec<_>>());
            }
        }
        let fingerprint = Self::sum(gate, &kept);
        Self { gate, actions: kept, unchanged, notes, fingerprint }
    }

    fn sum(gate: Gate, actions: &[Action]) -> Sha256 {
        // Serialising plain records with text keys can't fail; an empty text would only make the sum useless, never wrong silently,
        // because `is_intact` compares by the same rule.
        let text = serde_json::to_string(&(gate, actions)).unwrap_or_default();
        Sha256::of(text.as_bytes())
    }

    /// The same writes in the order in which they matter: exempt customers that get a certificate first, then the other exempt ones, then the rest.
    /// Within each, the order stays.
    pub fn by_need(self, with_certificates: &std::collections::BTreeSet<CustomerCode>) -> Self {
        let Plan { gate, mut actions, unchanged, notes, .. } = self;
        actions.sort_by_key(|action| match &action.write {
            Write::CreateCustomer { customer, .. } | Write::UpdateCustomer { customer, .. } => {
                (!(customer.is_exempt() && with_certificates.contains(&customer.code)), !customer.is_exempt())
            }
            _ => (false, false),
        });
        Self::new(gate, actions, unchanged, notes)
    }

    /// The plan without the writes that are known already.
    pub fn without(self, known: &std::collections::HashSet<String>) -> Self {
        let actions = self.actions.into_iter().filter(|a| !known.contains(&a.id)).collect();
        Self::new(self.gate, actions, self.unchanged, self.notes)
    }

    /// Does the fingerprint still belong to these actions?
    pub fn is_intact(&self) -> bool {
        Self::sum(self.gate, &self.actions) == self.fingerprint
    }

    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}

/// The states a customer is to be known for: its own, those it is shipped to, and those a document claims for it.
pub(crate) fn zones_for(customer: &Customer, definitions: &[ExposureZone]) -> Vec<ExposureZone> {
    let mut regions: Vec<_> = customer.address.region.iter().chain(&customer.ship_to).collect();
    regions.sort();
    regions.dedup();
    regions.into_iter().filter_map(|region| definitions.iter().find(|z| z.is_state(region)).cloned()).collect()
}
