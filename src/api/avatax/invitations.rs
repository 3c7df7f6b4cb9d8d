//! CertExpress invitations.
//!
//! Owns: `CreateCertExpressInvitation`, `GetCertExpressInvitation`, `ListCertExpressInvitations`.
//! Must not touch: when something is sent again, what follows from an error.
//! Called by: `api::avatax`; `api::dry_run` for the request alone.
//!
//! An e-mail goes out at once and can't be called back. Reading an invitation gives no status: see `InvitationOnFile::state`.

use super::errors::is_search_fault;
use super::{AvaTax, path_error, travels_in_path, wire};
use crate::api::request::Request;
use crate::api::transport::{nonsense, unsendable};
use crate::domain::{
    CompanyId, CustomerCode, Delivery, InvitationDraft, InvitationId, InvitationOnFile, InvitationReceipt, InvitationState,
};
use crate::ports::{ServiceErrorKind, ServiceResult};
use jiff::civil::Date;
use reqwest::Method;
use serde::{Deserialize, Serialize};

/// `CertExpressInvitationModel`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct InvitationIn {
    #[serde(deserialize_with = "wire::de_integer")]
    id: Option<i64>,
    #[serde(deserialize_with = "wire::de_text")]
    customer_code: Option<String>,
    customer: Option<super::customers::CustomerIn>,
    #[serde(deserialize_with = "wire::de_text")]
    email_status: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    delivery_method: Option<String>,
    #[serde(deserialize_with = "wire::de_day")]
    date: Option<Date>,
    #[serde(deserialize_with = "wire::de_text")]
    request_link: Option<String>,
}

impl InvitationIn {
    /// `asked`: the customer in the path, for an answer that names none.
    fn on_file(self, asked: Option<&CustomerCode>) -> Option<InvitationOnFile> {
        let named = self.customer_code.and_then(|code| CustomerCode::new(code).ok());
        let nested = || self.customer.as_ref().and_then(super::customers::CustomerIn::code);
        Some(InvitationOnFile {
            id: InvitationId(self.id?),
            customer: named.or_else(nested).or_else(|| asked.cloned())?,
            delivery: self.delivery_method.as_deref().and_then(delivery),
            sent: self.date,
            link: self.request_link,
            email_status: self.email_status,
        })
    }
}

/// By name, or by the number that .NET may print (OpenAPI, `CertificateRequestDeliveryMethod`).
fn delivery(word: &str) -> Option<Delivery> {
    match word.to_ascii_lowercase().as_str() {
        "email" | "1" => Some(Delivery::Email),
        "fax" | "2" => Some(Delivery::Fax),
        "download" | "3" => Some(Delivery::Download),
        _ => None,
    }
}

/// `CertExpressInvitationStatusModel`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct StatusIn {
    #[serde(deserialize_with = "wire::de_text")]
    status: Option<String>,
    invitation: Option<InvitationIn>,
}

/// `CreateCertExpressInvitationModel`. Zones and reasons go by id here, by name on certificates.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvitationOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<&'a str>,
    cover_letter_title: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exposure_zones: Vec<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exempt_reasons: Vec<i64>,
    delivery_method: String,
}

impl AvaTax {
    pub(super) fn invitation_request(&self, company: CompanyId, draft: &InvitationDraft) -> ServiceResult<Request> {
        const CALL: &str = "CreateCertExpressInvitation";
        let model = InvitationOut {
            recipient: draft.recipient.as_deref().filter(|recipient| !recipient.is_empty()),
            cover_letter_title: &draft.cover_letter,
            exposure_zones: draft.zones.iter().map(|zone| zone.id.0).collect(),
            exempt_reasons: draft.reasons.iter().map(|reason| reason.id.0).collect(),
            delivery_method: draft.delivery.to_string(),
        };
        let path = ["companies", &company.to_string(), "customers", draft.customer.as_str(), "certexpressinvites"];
        self.request(CALL, Method::POST, &path)?.json(&[model]).map_err(|e| unsendable(CALL, e))
    }

    pub(super) async fn send_invitation(&self, company: CompanyId, draft: &InvitationDraft) -> ServiceResult<InvitationReceipt> {
        let request = self.invitation_request(company, draft)?;
        let reply = self.transport.send(&request).await.map_err(|e| path_error(&draft.customer, e))?;
        let answers: Vec<StatusIn> = reply.json(&request)?;
        let Some(answer) = answers.into_iter().next() else { return Err(nonsense(&request, "the service answered with no invitation")) };
        // `Ready` is 1 in the published enum; a word that is not known yet is no promise.
        let ready = answer.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("ready") || status == "1");
        let invitation = answer.invitation.unwrap_or_default();
        Ok(InvitationReceipt {
            id: invitation.id.map(InvitationId),
            state: if ready { InvitationState::Ready } else { InvitationState::InProgress },
            link: invitation.request_link,
        })
    }

    pub(super) async fn read_invitation(
        &self,
        company: CompanyId,
        code: &CustomerCode,
        id: InvitationId,
    ) -> ServiceResult<Option<InvitationOnFile>> {
        if !travels_in_path(code) {
            let found = self.query_invitations(company, format!("id eq {id}")).await?;
            return Ok(found.into_iter().find(|invitation| invitation.id == id && invitation.customer == *code));
        }
        let path = ["companies", &company.to_string(), "customers", code.as_str(), "certexpressinvites", &id.to_string()];
        let request = self.request("GetCertExpressInvitation", Method::GET, &path)?;
        match self.get::<InvitationIn>(&request).await {
            Ok(invitation) => Ok(invitation.on_file(Some(code))),
            Err(error) if error.kind == ServiceErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// One day more than asked for is taken in, because the service's days may begin at another hour: an invitation too many in the list is
    /// harmless, one too few would invite a customer twice. So are invitations without a date.
    pub(super) async fn list_invitations(&self, company: CompanyId, from: Option<Date>) -> ServiceResult<Vec<InvitationOnFile>> {
        let Some(from) = from else { return self.query_invitations(company, String::new()).await };
        let earliest = from.yesterday().unwrap_or(from);
        let mut found = self.query_invitations(company, wire::since("date", from)).await?;
        found.retain(|invitation| invitation.sent.is_none_or(|sent| sent >= earliest));
        Ok(found)
    }

    async fn query_invitations(&self, company: CompanyId, filter: String) -> ServiceResult<Vec<InvitationOnFile>> {
        let request =
            self.request("ListCertExpressInvitations", Method::GET, &["companies", &company.to_string(), "certexpressinvites"])?;
        let all = request.query("$orderBy", "id ASC");
        let found: Vec<InvitationIn> = match filter.is_empty() {
            true => self.list(all).await?,
            false => match self.list(all.clone().query("$filter", filter)).await {
                Err(error) if is_search_fault(&error) => self.list(all).await?,
                other => other?,
            },
        };
        Ok(found.into_iter().filter_map(|invitation| invitation.on_file(None)).collect())
    }
}
