//! Companies and their certificate storage.
//!
//! Owns: `QueryCompanies`, `GetCertificateSetup`, `RequestCertificateSetup`.
//! Must not touch: when something is sent again, what follows from an error.
//! Called by: `api::avatax`; `api::dry_run` for the request alone.

use super::{AvaTax, wire};
use crate::api::request::Request;
use crate::api::transport::{Reply, nonsense};
use crate::domain::{CompanyCode, CompanyId};
use crate::ports::{Company, ServiceErrorKind, ServiceResult, StorageStatus};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct CompanyIn {
    #[serde(deserialize_with = "wire::de_integer")]
    id: Option<i64>,
    #[serde(deserialize_with = "wire::de_text")]
    company_code: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    name: Option<String>,
    #[serde(deserialize_with = "wire::de_flag")]
    is_default: Option<bool>,
    #[serde(deserialize_with = "wire::de_flag")]
    is_active: Option<bool>,
}

impl AvaTax {
    pub(super) async fn list_companies(&self) -> ServiceResult<Vec<Company>> {
        let request = self.request("QueryCompanies", Method::GET, &["companies"])?.query("$orderBy", "id ASC");
        let companies: Vec<CompanyIn> = self.list(request).await?;
        let company = |c: CompanyIn| {
            Some(Company {
                id: CompanyId(c.id?),
                code: CompanyCode(c.company_code.unwrap_or_default()),
                name: c.name.unwrap_or_default(),
                is_default: c.is_default.unwrap_or(false),
                is_active: c.is_active.unwrap_or(false),
            })
        };
        Ok(companies.into_iter().filter_map(company).collect())
    }

    pub(super) async fn read_storage(&self, company: CompanyId) -> ServiceResult<StorageStatus> {
        let request = self.request("GetCertificateSetup", Method::GET, &["companies", &company.to_string(), "certificates", "setup"])?;
        match self.transport.send(&request).await {
            Ok(reply) => status(&request, &reply),
            Err(error) if error.number == Some(1205) => Ok(StorageStatus::NotProvisioned),
            Err(error) => Err(error),
        }
    }

    pub(super) fn storage_request(&self, company: CompanyId) -> ServiceResult<Request> {
        self.request("RequestCertificateSetup", Method::POST, &["companies", &company.to_string(), "certificates", "setup"])
    }

    /// Setting up takes some minutes (release notes of 2018: 3 to 5). Asking again does no harm: the answer is the present status.
    pub(super) async fn send_storage_request(&self, company: CompanyId) -> ServiceResult<StorageStatus> {
        let request = self.storage_request(company)?;
        let reply = self.transport.send(&request).await?;
        status(&request, &reply)
    }
}

/// `ProvisionStatusModel`. Its prose speaks of `Finished`, its enum of `Provisioned`; .NET may print the enum's number.
fn status(request: &Request, reply: &Reply) -> ServiceResult<StorageStatus> {
    let answer: Value = reply.json(request)?;
    let model = answer.get(0).unwrap_or(&answer);
    let word = model.get("status").and_then(wire::plain_text).unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "provisioned" | "finished" | "0" => Ok(StorageStatus::Provisioned),
        "inprogress" | "1" => Ok(StorageStatus::InProgress),
        "notprovisioned" | "2" => Ok(StorageStatus::NotProvisioned),
        _ => {
            let mut error = nonsense(request, &format!("unknown storage status `{word}`"));
            error.kind = ServiceErrorKind::Protocol;
            error.hint = Some("Look at the company's exemption settings in the service.".to_owned());
            Err(error)
        }
    }
}
