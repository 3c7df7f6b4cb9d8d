//! Which customers and certificates a list means. Pure.

use super::status::{CertificateState, CustomerStatus, HeldCertificate};
use crate::domain::{CustomerCode, Region};
use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// A stretch of days from today: `60d`, `8w`, `60`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within(pub u16);

impl std::str::FromStr for Within {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().to_ascii_lowercase();
        let (number, unit) = match text.strip_suffix('w') {
            Some(weeks) => (weeks, 7),
            None => (text.strip_suffix('d').unwrap_or(&text), 1),
        };
        let days = number.parse::<u16>().ok().and_then(|n| n.checked_mul(unit));
        days.map(Self).ok_or_else(|| "write a number of days or weeks, such as 60d or 8w".to_owned())
    }
}

impl Within {
    /// The last day of it.
    pub fn until(self, today: Date) -> Date {
        today.checked_add(i64::from(self.0).days()).unwrap_or(Date::MAX)
    }

    /// Does a certificate end in this stretch, today included?
    pub fn ends(self, certificate: &HeldCertificate, today: Date) -> bool {
        certificate.expires.is_some_and(|end| end >= today && end <= self.until(today))
    }
}

/// Whom the ERP calls exempt, where its list was given.
pub type ErpWord = Option<BTreeSet<CustomerCode>>;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CustomerFilter {
    /// Exempt: by the ERP's word where its list is given, else by a certificate that counts today.
    pub exempt: bool,
    pub without_certificate: bool,
    pub expiring: Option<Within>,
    /// Of the address, or of a certificate.
    pub state: Option<Region>,
}

impl CustomerFilter {
    /// `region`: of the customer's address.
    pub fn takes(&self, customer: &CustomerStatus, region: Option<&Region>, erp: &ErpWord, today: Date) -> bool {
        let exempt = match erp {
            Some(erp) => erp.contains(&customer.code),
            None => !customer.exempt_in.is_empty(),
        };
        let in_state = |wanted: &Region| region == Some(wanted) || customer.certificates.iter().any(|c| c.zone == wanted.code());
        let in_scope = |c: &&HeldCertificate| self.state.as_ref().is_none_or(|wanted| c.zone == wanted.code());
        (!self.exempt || exempt)
            && (!self.without_certificate || customer.exempt_in.is_empty())
            && self.expiring.is_none_or(|within| customer.certificates.iter().filter(in_scope).any(|c| within.ends(c, today)))
            && self.state.as_ref().is_none_or(in_state)
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CertificateFilter {
    pub customer: Option<CustomerCode>,
    pub state: Option<Region>,
    pub status: Option<CertificateState>,
    pub expiring: Option<Within>,
    /// Only those that nobody is linked to.
    pub unlinked: bool,
}

impl CertificateFilter {
    pub fn takes(&self, certificate: &HeldCertificate, today: Date) -> bool {
        self.customer.as_ref().is_none_or(|code| certificate.customers.contains(code))
            && self.state.as_ref().is_none_or(|state| certificate.zone == state.code())
            && self.status.is_none_or(|status| certificate.state == status)
            && self.expiring.is_none_or(|within| within.ends(certificate, today))
            && (!self.unlinked || certificate.customers.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn stretches_of_days() {
        let read = |text: &str| text.parse::<Within>().map(|w| w.0);
        assert_eq!((read("60d"), read(" 60 "), read("8W")), (Ok(60), Ok(60), Ok(56)));
        for bad in ["", "d", "sixty", "-1d", "70000d", "9999w", "6m"] {
            assert!(read(bad).unwrap_err().contains("60d"), "{bad}");
        }
        assert_eq!(Within(60).until(date(2026, 11, 20)), date(2027, 1, 19));
    }
}
