//! Certificates and their links to customers.
//!
//! Owns: `QueryCertificates`, `GetCertificate`, `CreateCertificates`, `ListCertificatesForCustomer`, `LinkCertificatesToCustomer`,
//! `LinkCustomersToCertificate` and the certificate's wire type.
//! Must not touch: when something is sent again, what follows from an error.
//! Called by: `api::avatax`; `api::dry_run` for the requests alone.
//!
//! A refused or lost `CreateCertificates` may have stored the certificate all the same (AvaTax-REST-V2-DotNet-SDK issues 131 and 214):
//! `find_certificates` is what tells.

use super::customers::CustomerIn;
use super::definitions::{ReasonIn, ZoneIn};
use super::errors::is_search_fault;
use super::{AvaTax, path_error, travels_in_path, wire};
use crate::api::request::Request;
use crate::api::transport::{nonsense, unsendable};
use crate::domain::{CertificateId, CertificateOnFile, CompanyId, CustomerCode, Region, TaxNumber};
use crate::ports::{CertificateSearch, Exempting, NewCertificate, ServiceErrorKind, ServiceResult};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use reqwest::Method;
use serde::{Deserialize, Serialize};

/// `CertificateModel` as it is read.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CertificateIn {
    #[serde(deserialize_with = "wire::de_integer")]
    id: Option<i64>,
    #[serde(deserialize_with = "wire::de_day")]
    signed_date: Option<Date>,
    #[serde(deserialize_with = "wire::de_day")]
    expiration_date: Option<Date>,
    #[serde(deserialize_with = "wire::de_flag")]
    document_exists: Option<bool>,
    #[serde(deserialize_with = "wire::de_flag")]
    valid: Option<bool>,
    #[serde(deserialize_with = "wire::de_text")]
    exemption_number: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    status: Option<String>,
    exemption_reason: Option<ReasonIn>,
    validated_exemption_reason: Option<ReasonIn>,
    exposure_zone: Option<ZoneIn>,
    /// Newer releases name the zone here too (SDK 26.6).
    #[serde(deserialize_with = "wire::de_text")]
    exposure_zone_name: Option<String>,
    /// Only with `$include=customers`.
    customers: Option<Vec<CustomerIn>>,
}

impl CertificateIn {
    fn on_file(self) -> Option<CertificateOnFile> {
        let region = self.exposure_zone.as_ref().and_then(ZoneIn::region);
        let claimed = self.exemption_reason.as_ref().and_then(ReasonIn::reason);
        Some(CertificateOnFile {
            id: CertificateId(self.id?),
            region,
            zone_name: self.exposure_zone.and_then(|zone| zone.name).or(self.exposure_zone_name).unwrap_or_default(),
            reason: claimed.or_else(|| self.validated_exemption_reason.as_ref().and_then(ReasonIn::reason)),
            number: self.exemption_number.as_deref().and_then(TaxNumber::new),
            signed: self.signed_date,
            expires: self.expiration_date,
            document_exists: self.document_exists.unwrap_or(false),
            valid: self.valid,
            status: self.status,
            customers: self.customers.iter().flatten().filter_map(CustomerIn::code).collect(),
        })
    }
}

fn on_file(certificates: Vec<CertificateIn>) -> Vec<CertificateOnFile> {
    certificates.into_iter().filter_map(CertificateIn::on_file).collect()
}

/// `CertificateModel` as it is sent.
///
/// Exactly one of `pdf`, `pages` and `filename` may be there, not even as null (JRE-SDK issue 149), and no `customers`: one that does not
/// exist would be created (OpenAPI, `CreateCertificates`).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateOut<'a> {
    signed_date: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date: Option<Date>,
    /// By name: the model's id is read-only (OpenAPI, `ExposureZoneModel`).
    exposure_zone: wire::Named<'a>,
    exemption_reason: wire::Named<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exemption_number: Option<&'a str>,
    /// Fully exempt (OpenAPI: “this percentage should be 100”).
    exempt_percentage: u8,
    /// As in the developer guide's sample (test case 8.2.5): an invalid certificate exempts nothing.
    valid: bool,
    /// Standard base64, as connectors send it. The documentation names both alphabets.
    pdf: String,
}

/// `ExemptionStatusModel`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ExemptionStatusIn {
    #[serde(deserialize_with = "wire::de_text")]
    status: Option<String>,
}

#[derive(Serialize)]
pub(super) struct CertificatesToLink {
    pub certificates: Vec<i64>,
}

#[derive(Serialize)]
struct CustomersToLink<'a> {
    customers: [&'a str; 1],
}

impl AvaTax {
    fn certificates_request(&self, company: CompanyId) -> ServiceResult<Request> {
        let request = self.request("QueryCertificates", Method::GET, &["companies", &company.to_string(), "certificates"])?;
        Ok(request.query("$include", "customers").query("$orderBy", "id ASC"))
    }

    pub(super) async fn list_certificates(&self, company: CompanyId) -> ServiceResult<Vec<CertificateOnFile>> {
        Ok(on_file(self.list(self.certificates_request(company)?).await?))
    }

    /// The code travels in the path only: there is no other call that asks this.
    pub(super) async fn read_exemption(&self, company: CompanyId, code: &CustomerCode, region: &Region) -> ServiceResult<Exempting> {
        let country = if region.is_us_state() { "US" } else { "CA" };
        let path = ["companies", &company.to_string(), "customers", code.as_str(), "certificates", country, region.code()];
        let request = self.request("ListValidCertificatesForCustomer", Method::GET, &path)?;
        let found: ExemptionStatusIn = self.get(&request).await.map_err(|e| path_error(code, e))?;
        let status = found.status.unwrap_or_default();
        // By name, or by the number that .NET may print (OpenAPI, `ExemptionStatus`).
        Ok(Exempting { exempt: status.eq_ignore_ascii_case("exempt") || status == "1", status })
    }

    pub(super) async fn search_certificates(
        &self,
        company: CompanyId,
        search: &CertificateSearch<'_>,
    ) -> ServiceResult<Vec<CertificateOnFile>> {
        let request = self.certificates_request(company)?;
        let filtered = request.clone().query("$filter", wire::since("createdDate", search.created_since));
        let found: Vec<CertificateIn> = match self.list(filtered).await {
            Err(error) if is_search_fault(&error) => self.list(request).await?,
            other => other?,
        };
        let mut found = on_file(found);
        found.retain(|certificate| certificate.is_same_claim(search.draft));
        Ok(found)
    }

    pub(super) async fn read_certificate(&self, company: CompanyId, id: CertificateId) -> ServiceResult<Option<CertificateOnFile>> {
        let path = ["companies", &company.to_string(), "certificates", &id.to_string()];
        let request = self.request("GetCertificate", Method::GET, &path)?.query("$include", "customers");
        match self.get::<CertificateIn>(&request).await {
            Ok(certificate) => Ok(certificate.on_file()),
            Err(error) if error.kind == ServiceErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// By the customer's path where its code travels in one; else through the customer's record, which lists them too.
    pub(super) async fn list_certificates_of(&self, company: CompanyId, code: &CustomerCode) -> ServiceResult<Vec<CertificateOnFile>> {
        if !travels_in_path(code)
            && let Some(listed) = self.find_customer(company, code, "certificates").await?.and_then(|customer| customer.certificates)
        {
            return Ok(on_file(listed));
        }
        let path = ["companies", &company.to_string(), "customers", code.as_str(), "certificates"];
        let request = self.request("ListCertificatesForCustomer", Method::GET, &path)?.query("$orderBy", "id ASC");
        Ok(on_file(self.list(request).await?))
    }

    pub(super) fn create_certificate_request(&self, company: CompanyId, certificate: &NewCertificate<'_>) -> ServiceResult<Request> {
        let draft = certificate.draft;
        let model = CertificateOut {
            signed_date: draft.signed,
            expiration_date: draft.expires,
            exposure_zone: wire::Named { name: &draft.zone.name },
            exemption_reason: wire::Named { name: draft.reason.as_str() },
            exemption_number: draft.number.as_ref().map(TaxNumber::as_str),
            exempt_percentage: 100,
            valid: true,
            pdf: STANDARD.encode(certificate.pdf),
        };
        let request = self.request("CreateCertificates", Method::POST, &["companies", &company.to_string(), "certificates"])?;
        request.json(&[model]).map_err(|e| unsendable("CreateCertificates", e))
    }

    pub(super) async fn send_certificate(&self, company: CompanyId, certificate: &NewCertificate<'_>) -> ServiceResult<CertificateId> {
        let request = self.create_certificate_request(company, certificate)?;
        let reply = self.transport.send(&request).await?;
        let made: Vec<CertificateIn> = reply.json(&request)?;
        match made.as_slice() {
            [CertificateIn { id: Some(id), .. }] => Ok(CertificateId(*id)),
            [_] => Err(nonsense(&request, "the service gave the new certificate no number")),
            other => Err(nonsense(&request, &format!("the service answered with {} certificates to one", other.len()))),
        }
    }

    /// One request for all certificates where the code travels in a path; else one for each certificate, with the code in the body.
    pub(super) fn link_requests(
        &self,
        company: CompanyId,
        code: &CustomerCode,
        certificates: &[CertificateId],
    ) -> ServiceResult<Vec<Request>> {
        let company = company.to_string();
        if certificates.is_empty() {
            return Ok(Vec::new());
        }
        if travels_in_path(code) {
            let path = ["companies", &company, "customers", code.as_str(), "certificates", "link"];
            let body = CertificatesToLink { certificates: certificates.iter().map(|id| id.0).collect() };
            let request = self.request("LinkCertificatesToCustomer", Method::POST, &path)?;
            return Ok(vec![request.json(&body).map_err(|e| unsendable("LinkCertificatesToCustomer", e))?]);
        }
        let request = |id: &CertificateId| {
            let path = ["companies", &company, "certificates", &id.to_string(), "customers", "link"];
            let request = self.request("LinkCustomersToCertificate", Method::POST, &path)?;
            request.json(&CustomersToLink { customers: [code.as_str()] }).map_err(|e| unsendable("LinkCustomersToCertificate", e))
        };
        certificates.iter().map(request).collect()
    }

    /// The answer's list is not looked at: whether it holds the new links or all links is not documented. Reading the customer's
    /// certificates afterwards tells.
    pub(super) async fn send_links(&self, company: CompanyId, code: &CustomerCode, certificates: &[CertificateId]) -> ServiceResult<()> {
        for request in self.link_requests(company, code, certificates)? {
            self.transport.send(&request).await?;
        }
        Ok(())
    }
}
