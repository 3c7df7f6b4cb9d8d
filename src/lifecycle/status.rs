//! How a certificate and a customer stand on a day. Pure.

use crate::domain::{CertificateId, CertificateOnFile, CustomerCode, CustomerOnFile, InvitationId, InvitationOnFile, InvitationState};
use jiff::civil::Date;
use serde::Serialize;
use std::fmt;

/// What a certificate amounts to on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    Valid,
    /// Valid, and waiting for somebody at the service to look at it.
    Pending,
    /// Its first day is still to come.
    Future,
    Expired,
    Invalid,
}

impl fmt::Display for CertificateState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CertificateState::Valid => "valid",
            CertificateState::Pending => "pending",
            CertificateState::Future => "future",
            CertificateState::Expired => "expired",
            CertificateState::Invalid => "invalid",
        })
    }
}

pub fn state_of(certificate: &CertificateOnFile, today: Date) -> CertificateState {
    let says = |word: &str| certificate.status.as_deref().is_some_and(|s| s.eq_ignore_ascii_case(word));
    if certificate.valid == Some(false) || says("revoked") || says("invalid") {
        return CertificateState::Invalid;
    }
    if says("expired") || certificate.expires.is_some_and(|end| end < today) {
        return CertificateState::Expired;
    }
    if certificate.signed.is_some_and(|begin| begin > today) {
        return CertificateState::Future;
    }
    match certificate.status.as_deref() {
        Some(status) if status.to_ascii_lowercase().contains("pending") => CertificateState::Pending,
        _ => CertificateState::Valid,
    }
}

/// A certificate as a list shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldCertificate {
    pub id: CertificateId,
    /// The state's letters, or the zone's name where it is no state.
    pub zone: String,
    pub reason: Option<String>,
    pub number: Option<String>,
    pub signed: Option<Date>,
    /// `None`: it has no end.
    pub expires: Option<Date>,
    pub state: CertificateState,
    /// The service's own word for it.
    pub service_status: Option<String>,
    pub document: bool,
    pub customers: Vec<CustomerCode>,
}

pub fn held(certificate: &CertificateOnFile, today: Date) -> HeldCertificate {
    HeldCertificate {
        id: certificate.id,
        zone: certificate.region.as_ref().map_or(certificate.zone_name.clone(), |r| r.code().to_owned()),
        reason: certificate.reason.as_ref().map(ToString::to_string),
        number: certificate.number.as_ref().map(ToString::to_string),
        signed: certificate.signed,
        // Connectors write the last day of all for “no end”.
        expires: certificate.expires.filter(|end| end.year() < 9999),
        state: state_of(certificate, today),
        service_status: certificate.status.clone(),
        document: certificate.document_exists,
        customers: certificate.customers.clone(),
    }
}

/// One state in which a customer is exempt today.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExemptState {
    pub zone: String,
    pub reason: Option<String>,
    /// `None`: it has no end.
    pub expires: Option<Date>,
    pub certificate: CertificateId,
}

/// An invitation as a list shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SentInvitation {
    pub id: InvitationId,
    pub customer: CustomerCode,
    pub delivery: Option<String>,
    pub sent: Option<Date>,
    pub ready: bool,
    pub email_status: Option<String>,
    pub link: Option<String>,
}

impl From<&InvitationOnFile> for SentInvitation {
    fn from(i: &InvitationOnFile) -> Self {
        Self {
            id: i.id,
            customer: i.customer.clone(),
            delivery: i.delivery.map(|d| d.to_string()),
            sent: i.sent,
            ready: i.state() == InvitationState::Ready,
            email_status: i.email_status.clone(),
            link: i.link.clone(),
        }
    }
}

/// Everything about one customer's exemption.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CustomerStatus {
    pub code: CustomerCode,
    pub name: String,
    pub address: String,
    pub email: Option<String>,
    /// By zone; where several certificates count, the one that lasts longest.
    pub exempt_in: Vec<ExemptState>,
    pub certificates: Vec<HeldCertificate>,
    pub invitations: Vec<SentInvitation>,
}

/// `certificates` and `invitations`: those of this customer.
pub fn customer_status(
    customer: &CustomerOnFile,
    certificates: &[CertificateOnFile],
    invitations: &[InvitationOnFile],
    today: Date,
) -> CustomerStatus {
    let mut all: Vec<HeldCertificate> = certificates.iter().map(|c| held(c, today)).collect();
    all.sort_by(|a, b| (&a.zone, a.expires.is_some(), b.expires, a.id).cmp(&(&b.zone, b.expires.is_some(), a.expires, b.id)));
    let mut exempt_in: Vec<ExemptState> = Vec::new();
    for c in all.iter().filter(|c| matches!(c.state, CertificateState::Valid | CertificateState::Pending)) {
        if exempt_in.iter().all(|e| e.zone != c.zone) {
            exempt_in.push(ExemptState { zone: c.zone.clone(), reason: c.reason.clone(), expires: c.expires, certificate: c.id });
        }
    }
    let address = &customer.address;
    let parts = [address.line1.as_str(), address.city.as_str(), address.region.as_ref().map_or("", |r| r.code()), &address.postal_code];
    let mut invitations: Vec<SentInvitation> = invitations.iter().map(SentInvitation::from).collect();
    invitations.sort_by_key(|i| std::cmp::Reverse((i.sent, i.id)));
    CustomerStatus {
        code: customer.code.clone(),
        name: customer.name.clone(),
        address: parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(", "),
        email: customer.contact.email.clone(),
        exempt_in,
        certificates: all,
        invitations,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Address, Contact, Country, Region};
    use jiff::civil::date;

    const TODAY: Date = date(2026, 11, 20);

    fn certificate(id: i64, state: &str, signed: Date, expires: Option<Date>) -> CertificateOnFile {
        let region = Region::us_state(state);
        CertificateOnFile {
            id: CertificateId(id),
            zone_name: region.as_ref().map_or(state.to_owned(), |r| r.name().to_owned()),
            region,
            reason: None,
            number: None,
            signed: Some(signed),
            expires,
            document_exists: true,
            valid: None,
            status: None,
            customers: Vec::new(),
        }
    }

    #[test]
    fn what_a_certificate_amounts_to() {
        let plain = || certificate(1, "TX", date(2026, 1, 1), Some(date(2026, 11, 20)));
        assert_eq!(state_of(&plain(), TODAY), CertificateState::Valid, "its last day counts");
        assert_eq!(state_of(&plain(), date(2026, 11, 21)), CertificateState::Expired);
        assert_eq!(state_of(&plain(), date(2025, 12, 31)), CertificateState::Future);
        assert_eq!(state_of(&CertificateOnFile { valid: Some(false), ..plain() }, TODAY), CertificateState::Invalid);
        assert_eq!(state_of(&CertificateOnFile { status: Some("PENDING".to_owned()), ..plain() }, TODAY), CertificateState::Pending);
    }

    #[test]
    fn a_customer_is_exempt_where_a_certificate_counts_today() {
        let customer = CustomerOnFile {
            code: CustomerCode::new("C-1").unwrap(),
            name: "Amber Tools LLC".to_owned(),
            address: Address {
                line1: "1 Oak Street".to_owned(),
                line2: None,
                city: "Austin".to_owned(),
                region: Region::us_state("TX"),
                postal_code: "78701".to_owned(),
                country: Country::US,
            },
            contact: Contact::default(),
            tax_number: None,
            exposure_zones: None,
            unkept: Vec::new(),
        };
        let certificates = [
            certificate(1, "TX", date(2026, 1, 1), Some(date(2027, 1, 1))),
            certificate(2, "TX", date(2026, 1, 1), None),
            certificate(3, "OH", date(2024, 1, 1), Some(date(2026, 1, 1))),
            certificate(4, "NY", date(2026, 1, 1), Some(Date::MAX)),
        ];
        let status = customer_status(&customer, &certificates, &[], TODAY);
        let exempt: Vec<(&str, Option<Date>, i64)> =
            status.exempt_in.iter().map(|e| (e.zone.as_str(), e.expires, e.certificate.0)).collect();
        assert_eq!(exempt, [("NY", None, 4), ("TX", None, 2)]);
        assert_eq!(status.certificates.len(), 4);
        assert_eq!(status.address, "1 Oak Street, Austin, TX, 78701");
    }
}
