//! Certificates: as they are to be created, and as the service has them.

use super::{CertificateId, Country, CustomerCode, ExemptionReason, Region, TaxNumber, ZoneId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A place for which a certificate counts, as the service lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExposureZone {
    pub id: ZoneId,
    pub name: String,
    pub region: Option<Region>,
    pub country: Option<Country>,
}

impl ExposureZone {
    /// Is this zone the whole of a US state, and not a city or county in it?
    pub fn is_state(&self, region: &Region) -> bool {
        self.region.as_ref() == Some(region)
            && self.country.is_none_or(|c| c == Country::US)
            && self.name.eq_ignore_ascii_case(region.name())
    }
}

/// One certificate to be created: one exemption claim for one exposure zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CertificateDraft {
    /// The state claimed; the zone's name and id are the service's own.
    pub zone: ExposureZone,
    pub reason: ExemptionReason,
    pub number: Option<TaxNumber>,
    pub signed: Date,
    /// `None` leaves the date out of the request.
    pub expires: Option<Date>,
    /// `true` where the paper itself shows `expires`; else it stands for "no end" and tells nothing about the paper.
    #[serde(default)]
    pub expiry_is_printed: bool,
}

/// A certificate as the service has it now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CertificateOnFile {
    pub id: CertificateId,
    pub zone_name: String,
    pub region: Option<Region>,
    pub reason: Option<ExemptionReason>,
    pub number: Option<TaxNumber>,
    pub signed: Option<Date>,
    pub expires: Option<Date>,
    pub document_exists: bool,
    /// `None` where the service says nothing of it.
    pub valid: Option<bool>,
    pub status: Option<String>,
    /// Filled only where the call asked for it.
    pub customers: Vec<CustomerCode>,
}

impl CertificateOnFile {
    /// Is this the certificate that `draft` would make? Same zone, same number (spelling aside), same date of signature, and the same expiry
    /// where the paper shows one.
    pub fn is_same_claim(&self, draft: &CertificateDraft) -> bool {
        let folded = |n: &Option<TaxNumber>| n.as_ref().map(TaxNumber::folded);
        self.zone_name.eq_ignore_ascii_case(&draft.zone.name)
            && folded(&self.number) == folded(&draft.number)
            && self.signed == Some(draft.signed)
            && (!draft.expiry_is_printed || self.expires == draft.expires)
    }
}
