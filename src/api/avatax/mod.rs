//! AvaTax REST v2: companies, customers, certificates, invitations.
//!
//! Owns: the operations' published names and paths, their wire types, and the conversion to and from the domain. One file per resource.
//! Must not touch: when something is sent again (`api::transport`), what is done about an error (`apply`).
//! Called by: `api::connect`; `api::dry_run`, which uses the same request builders.
//!
//! A customer code goes into a path only where no other call does: see [`travels_in_path`].
//!
//! Sources named in the comments: “OpenAPI” is Avalara's published description of AvaTax REST v2 (release 21.12), “SDK” the AvaTax SDKs up to
//! release 26.6, “developer guide” developer.avalara.com. Fields are all optional when read, and unknown ones are passed over, because
//! releases between the two differ.

mod certificates;
mod companies;
mod customers;
mod definitions;
mod errors;
mod invitations;
mod lifecycle;
mod paging;
mod utilities;
mod wire;

use super::ConnectOptions;
use super::dry_run::WriteRequests;
use super::request::Request;
use super::transport::{Transport, unsendable};
use crate::domain::{
    Attribute, AttributeOwner, CertificateId, CertificateOnFile, CompanyId, Customer, CustomerCode, CustomerOnFile, DocumentForm,
    EcommerceToken, ExposureZone, InvitationDraft, InvitationId, InvitationOnFile, InvitationReceipt, Region,
};
use crate::ports::{
    CertificateSearch, Company, Definitions, Exempting, ExemptionService, Identity, NewCertificate, ServiceError, ServiceErrorKind,
    ServiceResult, StorageStatus,
};
use async_trait::async_trait;
use jiff::civil::Date;
use reqwest::Method;
use serde::de::DeserializeOwned;

/// AvaTax at one address with one set of credentials. Share it: it may be used from many tasks at a time.
pub struct AvaTax {
    transport: Transport,
}

impl AvaTax {
    /// Checks the options and sends nothing. Errors: `Invalid` for an address or credentials that can't be right.
    pub fn new(options: ConnectOptions) -> ServiceResult<Self> {
        Ok(Self { transport: Transport::new(options, errors::read)? })
    }

    /// A request under `/api/v2`.
    fn request(&self, call: &'static str, method: Method, path: &[&str]) -> ServiceResult<Request> {
        let segments: Vec<&str> = ["api", "v2"].iter().chain(path).copied().collect();
        Request::new(call, method, &segments).map_err(|e| unsendable(call, e))
    }

    async fn get<T: DeserializeOwned>(&self, request: &Request) -> ServiceResult<T> {
        self.transport.send(request).await?.json(request)
    }
}

/// Does this code surely arrive unharmed as a part of a path?
///
/// Web servers and gateways treat other characters in a path as they like, even encoded: `%2F` is often refused, `+` and `%25` decoded twice,
/// a dot at the end cut off. Where there is a call that carries the code in its body or in a filter, that one is used for such codes.
fn travels_in_path(code: &CustomerCode) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | ' ');
    code.as_str().chars().all(plain) && !code.as_str().ends_with('.')
}

/// The error of a call that could carry this code in its path only. Where the code may not have arrived unharmed, a “not found” says nothing
/// about the customer.
fn path_error(code: &CustomerCode, mut error: ServiceError) -> ServiceError {
    let refused = error.kind == ServiceErrorKind::NotFound || (error.kind == ServiceErrorKind::Invalid && error.number.is_none());
    if refused && !travels_in_path(code) {
        error.kind = ServiceErrorKind::Invalid;
        error.hint = Some(format!("The code {code} holds characters that servers on the way may refuse. Do this by hand in the service."));
    }
    error
}

#[async_trait]
impl ExemptionService for AvaTax {
    fn describe(&self) -> String {
        format!("AvaTax at {}", self.transport.base())
    }

    fn writes(&self) -> bool {
        true
    }

    async fn ping(&self) -> ServiceResult<Identity> {
        self.read_ping().await
    }

    async fn companies(&self) -> ServiceResult<Vec<Company>> {
        self.list_companies().await
    }

    async fn storage_status(&self, company: CompanyId) -> ServiceResult<StorageStatus> {
        self.read_storage(company).await
    }

    async fn request_storage(&self, company: CompanyId) -> ServiceResult<StorageStatus> {
        self.send_storage_request(company).await
    }

    async fn definitions(&self, _company: CompanyId) -> ServiceResult<Definitions> {
        self.read_definitions().await
    }

    async fn customers(&self, company: CompanyId) -> ServiceResult<Vec<CustomerOnFile>> {
        self.list_customers(company).await
    }

    async fn customer(&self, company: CompanyId, code: &CustomerCode) -> ServiceResult<Option<CustomerOnFile>> {
        self.read_customer(company, code).await
    }

    async fn create_customers(&self, company: CompanyId, customers: &[(&Customer, Vec<ExposureZone>)]) -> ServiceResult<()> {
        self.send_customers(company, customers).await
    }

    async fn update_customer(&self, company: CompanyId, customer: &Customer, zones: &[ExposureZone]) -> ServiceResult<()> {
        self.send_customer_update(company, customer, zones).await
    }

    async fn certificates_of(&self, company: CompanyId, code: &CustomerCode) -> ServiceResult<Vec<CertificateOnFile>> {
        self.list_certificates_of(company, code).await
    }

    async fn certificates(&self, company: CompanyId) -> ServiceResult<Vec<CertificateOnFile>> {
        self.list_certificates(company).await
    }

    async fn certificate(&self, company: CompanyId, id: CertificateId) -> ServiceResult<Option<CertificateOnFile>> {
        self.read_certificate(company, id).await
    }

    async fn create_certificate(&self, company: CompanyId, certificate: &NewCertificate<'_>) -> ServiceResult<CertificateId> {
        self.send_certificate(company, certificate).await
    }

    async fn find_certificates(&self, company: CompanyId, search: &CertificateSearch<'_>) -> ServiceResult<Vec<CertificateOnFile>> {
        self.search_certificates(company, search).await
    }

    async fn link(&self, company: CompanyId, code: &CustomerCode, certificates: &[CertificateId]) -> ServiceResult<()> {
        self.send_links(company, code, certificates).await
    }

    async fn exempts(&self, company: CompanyId, code: &CustomerCode, region: &Region) -> ServiceResult<Exempting> {
        self.read_exemption(company, code, region).await
    }

    async fn invite(&self, company: CompanyId, invitation: &InvitationDraft) -> ServiceResult<InvitationReceipt> {
        self.send_invitation(company, invitation).await
    }

    async fn invitation(&self, company: CompanyId, code: &CustomerCode, id: InvitationId) -> ServiceResult<Option<InvitationOnFile>> {
        self.read_invitation(company, code, id).await
    }

    async fn invitations(&self, company: CompanyId, since: Option<Date>) -> ServiceResult<Vec<InvitationOnFile>> {
        self.list_invitations(company, since).await
    }

    async fn unlink(&self, company: CompanyId, code: &CustomerCode, certificates: &[CertificateId]) -> ServiceResult<()> {
        self.send_unlink(company, code, certificates).await
    }

    async fn unlink_customers(&self, company: CompanyId, certificate: CertificateId, customers: &[CustomerCode]) -> ServiceResult<()> {
        self.send_unlink_customers(company, certificate, customers).await
    }

    async fn delete_certificate(&self, company: CompanyId, id: CertificateId) -> ServiceResult<()> {
        self.send_deletion(company, id).await
    }

    async fn document(&self, company: CompanyId, id: CertificateId, form: DocumentForm) -> ServiceResult<Option<Vec<u8>>> {
        self.read_document(company, id, form).await
    }

    async fn attach(&self, company: CompanyId, id: CertificateId, pdf: &[u8]) -> ServiceResult<()> {
        self.send_document(company, id, pdf).await
    }

    async fn known_attributes(&self, _company: CompanyId) -> ServiceResult<Vec<Attribute>> {
        self.list_known_attributes().await
    }

    async fn attributes_of(&self, company: CompanyId, owner: &AttributeOwner) -> ServiceResult<Vec<Attribute>> {
        self.list_attributes_of(company, owner).await
    }

    async fn link_attributes(&self, company: CompanyId, owner: &AttributeOwner, names: &[String]) -> ServiceResult<()> {
        self.send_attributes(company, owner, names, true).await
    }

    async fn unlink_attributes(&self, company: CompanyId, owner: &AttributeOwner, names: &[String]) -> ServiceResult<()> {
        self.send_attributes(company, owner, names, false).await
    }

    async fn ecommerce_token(&self, company: CompanyId, code: &CustomerCode) -> ServiceResult<EcommerceToken> {
        self.send_token_request(company, code).await
    }
}

#[async_trait]
impl WriteRequests for AvaTax {
    fn transport(&self) -> &Transport {
        &self.transport
    }

    fn request_storage_request(&self, company: CompanyId) -> ServiceResult<Vec<Request>> {
        Ok(vec![self.storage_request(company)?])
    }

    fn create_customers_request(&self, company: CompanyId, customers: &[(&Customer, Vec<ExposureZone>)]) -> ServiceResult<Vec<Request>> {
        Ok(vec![AvaTax::create_customers_request(self, company, customers)?])
    }

    async fn update_customer_request(
        &self,
        company: CompanyId,
        customer: &Customer,
        zones: &[ExposureZone],
        on_file: bool,
    ) -> ServiceResult<Vec<Request>> {
        Ok(vec![AvaTax::update_customer_request(self, company, customer, zones, on_file).await?])
    }

    fn create_certificate_request(&self, company: CompanyId, certificate: &NewCertificate<'_>) -> ServiceResult<Vec<Request>> {
        Ok(vec![AvaTax::create_certificate_request(self, company, certificate)?])
    }

    fn link_requests(&self, company: CompanyId, code: &CustomerCode, certificates: &[CertificateId]) -> ServiceResult<Vec<Request>> {
        AvaTax::link_requests(self, company, code, certificates)
    }

    fn invitation_request(&self, company: CompanyId, invitation: &InvitationDraft) -> ServiceResult<Vec<Request>> {
        Ok(vec![AvaTax::invitation_request(self, company, invitation)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_codes_go_into_a_path() {
        let travels = |code: &str| travels_in_path(&CustomerCode::new(code).unwrap());
        for code in ["C-10233", "00017", "a b", "Ünï_1", "x.y~z"] {
            assert!(travels(code), "{code}");
        }
        for code in ["B/2041", "A#7", "50% club", "x+y", "x?", "a&b", "a\\b", "a:b", "a;b", "ABC.", "."] {
            assert!(!travels(code), "{code}");
        }
    }
}
