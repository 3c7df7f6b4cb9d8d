//! CertExpress invitations.

use super::{CustomerCode, ExposureZone, InvitationId, ReasonId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How the customer gets the invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub enum Delivery {
    Email,
    Fax,
    /// No message is sent; the service makes a link that the merchant passes on.
    Download,
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Delivery::Email => "Email",
            Delivery::Fax => "Fax",
            Delivery::Download => "Download",
        })
    }
}

/// A cover letter of the company, as the service lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CoverLetter {
    pub title: String,
    pub active: bool,
}

/// An exemption reason as the service lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReasonOnFile {
    pub id: ReasonId,
    pub name: super::ExemptionReason,
}

/// One invitation to be sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InvitationDraft {
    pub customer: CustomerCode,
    /// E-mail address or fax number; empty for a download link.
    pub recipient: Option<String>,
    pub delivery: Delivery,
    pub cover_letter: String,
    /// The customer is asked for a certificate for each of these; with none, the customer picks.
    pub zones: Vec<ExposureZone>,
    pub reasons: Vec<ReasonOnFile>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    InProgress,
    Ready,
}

/// What the service answered to a new invitation. It may not have given an id yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationReceipt {
    pub id: Option<InvitationId>,
    pub state: InvitationState,
    pub link: Option<String>,
}

/// That a customer was asked for a certificate before, and when where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedBefore {
    pub customer: CustomerCode,
    pub sent: Option<Date>,
}

impl From<&InvitationOnFile> for AskedBefore {
    fn from(invitation: &InvitationOnFile) -> Self {
        Self { customer: invitation.customer.clone(), sent: invitation.sent }
    }
}

/// An invitation as the service has it now. The service's read call carries no status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationOnFile {
    pub id: InvitationId,
    pub customer: CustomerCode,
    pub delivery: Option<Delivery>,
    pub sent: Option<Date>,
    pub link: Option<String>,
    pub email_status: Option<String>,
}

impl InvitationOnFile {
    /// Ready when it has a link (download) or says that the mail went out (e-mail). Of a fax the service tells nothing more than that it has it.
    pub fn state(&self) -> InvitationState {
        let mailed = self.email_status.as_deref().is_some_and(|s| s.eq_ignore_ascii_case("sent"));
        let linked = self.link.as_deref().is_some_and(|l| !l.is_empty());
        let ready = match self.delivery {
            Some(Delivery::Email) => mailed,
            Some(Delivery::Download) => linked,
            Some(Delivery::Fax) => true,
            None => mailed || linked,
        };
        if ready { InvitationState::Ready } else { InvitationState::InProgress }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_follows_the_way_of_delivery() {
        let invitation = |delivery, link: Option<&str>, status: Option<&str>| InvitationOnFile {
            id: InvitationId(1),
            customer: CustomerCode::new("C-1".to_owned()).unwrap(),
            delivery,
            sent: None,
            link: link.map(str::to_owned),
            email_status: status.map(str::to_owned),
        };
        let ready = |delivery, link, status| invitation(delivery, link, status).state() == InvitationState::Ready;
        assert!(ready(Some(Delivery::Email), None, Some("Sent")));
        // A link alone does not say that the mail went out.
        assert!(!ready(Some(Delivery::Email), Some("https://x"), Some("Queued")));
        assert!(ready(Some(Delivery::Download), Some("https://x"), None));
        assert!(!ready(Some(Delivery::Download), Some(""), None));
        assert!(ready(Some(Delivery::Fax), None, None));
        assert!(!ready(None, None, None));
        assert!(ready(None, None, Some("sent")));
    }
}
