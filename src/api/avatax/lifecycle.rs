//! What comes after onboarding: unlinking, deleting, documents, attributes, e-commerce tokens.
//!
//! Owns: `UnlinkCertificatesFromCustomer`, `UnlinkCustomersFromCertificate`, `DeleteCertificate`, `DownloadCertificateImage`,
//! `UploadCertificateImage`, the attribute calls and `CreateECommerceToken`.
//! Must not touch: when something is sent again, what follows from an error.
//! Called by: `api::avatax`.

use super::certificates::CertificatesToLink;
use super::{AvaTax, path_error, travels_in_path, wire};
use crate::api::request::Request;
use crate::api::transport::{nonsense, unsendable};
use crate::domain::{Attribute, AttributeOwner, CertificateId, CompanyId, CustomerCode, DocumentForm, EcommerceToken};
use crate::ports::{ServiceErrorKind, ServiceResult};
use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct CustomersToUnlink<'a> {
    customers: Vec<&'a str>,
}

/// `CertificateAttributeModel` and `CustomerAttributeModel`: the parts that both have.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct AttributeIn {
    #[serde(deserialize_with = "wire::de_integer")]
    id: Option<i64>,
    #[serde(deserialize_with = "wire::de_text")]
    name: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    description: Option<String>,
}

impl AttributeIn {
    fn attribute(self) -> Option<Attribute> {
        Some(Attribute { id: self.id?, name: self.name?, description: self.description })
    }
}

/// `CreateECommerceTokenInputModel`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenOut<'a> {
    customer_number: &'a str,
}

/// `ECommerceTokenOutputModel`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct TokenIn {
    #[serde(deserialize_with = "wire::de_text")]
    token: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    expiration_date: Option<String>,
}

impl AvaTax {
    fn written(&self, call: &'static str, method: Method, path: &[&str], body: &impl Serialize) -> ServiceResult<Request> {
        self.request(call, method, path)?.json(body).map_err(|e| unsendable(call, e))
    }

    /// By the customer where its code travels in a path; else by each certificate, with the code in the body.
    pub(super) async fn send_unlink(&self, company: CompanyId, code: &CustomerCode, certificates: &[CertificateId]) -> ServiceResult<()> {
        if certificates.is_empty() {
            return Ok(());
        }
        if !travels_in_path(code) {
            for certificate in certificates {
                self.send_unlink_customers(company, *certificate, std::slice::from_ref(code)).await?;
            }
            return Ok(());
        }
        let company = company.to_string();
        let path = ["companies", &company, "customers", code.as_str(), "certificates", "unlink"];
        let body = CertificatesToLink { certificates: certificates.iter().map(|id| id.0).collect() };
        let request = self.written("UnlinkCertificatesFromCustomer", Method::POST, &path, &body)?;
        self.transport.send(&request).await.map_err(|e| path_error(code, e))?;
        Ok(())
    }

    pub(super) async fn send_unlink_customers(
        &self,
        company: CompanyId,
        certificate: CertificateId,
        customers: &[CustomerCode],
    ) -> ServiceResult<()> {
        if customers.is_empty() {
            return Ok(());
        }
        let path = ["companies", &company.to_string(), "certificates", &certificate.to_string(), "customers", "unlink"];
        let body = CustomersToUnlink { customers: customers.iter().map(CustomerCode::as_str).collect() };
        self.transport.send(&self.written("UnlinkCustomersFromCertificate", Method::POST, &path, &body)?).await?;
        Ok(())
    }

    pub(super) async fn send_deletion(&self, company: CompanyId, id: CertificateId) -> ServiceResult<()> {
        let path = ["companies", &company.to_string(), "certificates", &id.to_string()];
        self.transport.send(&self.request("DeleteCertificate", Method::DELETE, &path)?).await?;
        Ok(())
    }

    pub(super) async fn read_document(&self, company: CompanyId, id: CertificateId, form: DocumentForm) -> ServiceResult<Option<Vec<u8>>> {
        let path = ["companies", &company.to_string(), "certificates", &id.to_string(), "attachment"];
        let request = self.request("DownloadCertificateImage", Method::GET, &path)?.for_bytes();
        let request = match form {
            DocumentForm::Pdf => request.query("$type", "Pdf"),
            DocumentForm::Jpeg { page } => request.query("$type", "Jpeg").query("$page", page.to_string()),
        };
        match self.transport.send(&request).await {
            Ok(reply) if reply.body.is_empty() => Ok(None),
            Ok(reply) => Ok(Some(reply.body)),
            Err(error) if error.kind == ServiceErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The form's one part is named `file` (OpenAPI, `UploadCertificateImage`).
    pub(super) async fn send_document(&self, company: CompanyId, id: CertificateId, pdf: &[u8]) -> ServiceResult<()> {
        let path = ["companies", &company.to_string(), "certificates", &id.to_string(), "attachment"];
        let request =
            self.request("UploadCertificateImage", Method::POST, &path)?.form_file("file", "certificate.pdf", "application/pdf", pdf);
        self.transport.send(&request).await?;
        Ok(())
    }

    pub(super) async fn list_known_attributes(&self) -> ServiceResult<Vec<Attribute>> {
        let request = self.request("ListCertificateAttributes", Method::GET, &["definitions", "certificateattributes"])?;
        Ok(self.list::<AttributeIn>(request).await?.into_iter().filter_map(AttributeIn::attribute).collect())
    }

    pub(super) async fn list_attributes_of(&self, company: CompanyId, owner: &AttributeOwner) -> ServiceResult<Vec<Attribute>> {
        let company = company.to_string();
        let found = match owner {
            AttributeOwner::Customer(code) => {
                let path = ["companies", &company, "customers", code.as_str(), "attributes"];
                let request = self.request("ListAttributesForCustomer", Method::GET, &path)?;
                self.get::<wire::Page<AttributeIn>>(&request).await.map_err(|e| path_error(code, e))?
            }
            AttributeOwner::Certificate(id) => {
                let path = ["companies", &company, "certificates", &id.to_string(), "attributes"];
                self.get(&self.request("ListAttributesForCertificate", Method::GET, &path)?).await?
            }
        };
        Ok(found.value.unwrap_or_default().into_iter().filter_map(AttributeIn::attribute).collect())
    }

    /// PUT for customers, POST for certificates (OpenAPI). Attributes go by name.
    pub(super) async fn send_attributes(
        &self,
        company: CompanyId,
        owner: &AttributeOwner,
        names: &[String],
        link: bool,
    ) -> ServiceResult<()> {
        let company = company.to_string();
        let word = if link { "link" } else { "unlink" };
        let body: Vec<wire::Named<'_>> = names.iter().map(|name| wire::Named { name }).collect();
        match owner {
            AttributeOwner::Customer(code) => {
                let call = if link { "LinkAttributesToCustomer" } else { "UnlinkAttributesFromCustomer" };
                let path = ["companies", &company, "customers", code.as_str(), "attributes", word];
                self.transport.send(&self.written(call, Method::PUT, &path, &body)?).await.map_err(|e| path_error(code, e))?;
            }
            AttributeOwner::Certificate(id) => {
                let call = if link { "LinkAttributesToCertificate" } else { "UnlinkAttributesFromCertificate" };
                let path = ["companies", &company, "certificates", &id.to_string(), "attributes", word];
                self.transport.send(&self.written(call, Method::POST, &path, &body)?).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn send_token_request(&self, company: CompanyId, code: &CustomerCode) -> ServiceResult<EcommerceToken> {
        let path = ["companies", &company.to_string(), "ecommercetokens"];
        let request = self.written("CreateECommerceToken", Method::POST, &path, &TokenOut { customer_number: code.as_str() })?;
        let found: TokenIn = self.get(&request).await?;
        let token = found.token.ok_or_else(|| nonsense(&request, "the service answered without a token"))?;
        Ok(EcommerceToken { token, expires: found.expiration_date.and_then(|text| text.parse::<Timestamp>().ok()) })
    }
}
