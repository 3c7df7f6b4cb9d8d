//! A service that reads for real and only records what it would write.
//!
//! Owns: the record of what a dry run “wrote”, and how later reads see it, so that the flow can go on as if it had been done.
//! Must not touch: how a request is built. It takes each write's request from the very builders the real service sends with, notes it in
//! the audit trail with its sum and `dry_run: true`, and drops it.
//! Called by: `main`, in the place of the real service.
//!
//! Everything made here has a negative number. No service gives those out, so a dry run's certificate or invitation can't be taken for one.

use super::request::Request;
use super::transport::Transport;
use crate::domain::{
    CertificateId, CertificateOnFile, CompanyId, Customer, CustomerCode, CustomerOnFile, Delivery, ExposureZone, InvitationDraft,
    InvitationId, InvitationOnFile, InvitationReceipt, InvitationState, Region,
};
use crate::ports::{
    CertificateSearch, Company, Definitions, Exempting, ExemptionService, Identity, NewCertificate, ServiceError, ServiceErrorKind,
    ServiceResult, StorageStatus,
};
use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The requests that a service would send for each write, and the way they would go.
#[async_trait]
pub(super) trait WriteRequests: Send + Sync {
    fn transport(&self) -> &Transport;
    fn request_storage_request(&self, company: CompanyId) -> ServiceResult<Vec<Request>>;
    fn create_customers_request(&self, company: CompanyId, customers: &[(&Customer, Vec<ExposureZone>)]) -> ServiceResult<Vec<Request>>;
    /// `on_file`: the service has the customer, and parts of the present record are sent back.
    async fn update_customer_request(
        &self,
        company: CompanyId,
        customer: &Customer,
        zones: &[ExposureZone],
        on_file: bool,
    ) -> ServiceResult<Vec<Request>>;
    fn create_certificate_request(&self, company: CompanyId, certificate: &NewCertificate<'_>) -> ServiceResult<Vec<Request>>;
    fn link_requests(&self, company: CompanyId, code: &CustomerCode, certificates: &[CertificateId]) -> ServiceResult<Vec<Request>>;
    fn invitation_request(&self, company: CompanyId, invitation: &InvitationDraft) -> ServiceResult<Vec<Request>>;
}

/// A service whose writes are recorded in the audit trail and not sent.
///
/// Reads go through and show, on top of what the service has, what this dry run would have made: with negative numbers.
pub(super) fn dry_run<S: ExemptionService + WriteRequests + 'static>(service: S) -> Arc<dyn ExemptionService> {
    Arc::new(DryRun { service, made: Mutex::default() })
}

struct DryRun<S> {
    service: S,
    made: Mutex<BTreeMap<CompanyId, Made>>,
}

/// What the dry run would have changed in one company.
#[derive(Default)]
struct Made {
    last_number: i64,
    storage_requested: bool,
    /// Created or updated: these stand in for the service's own.
    customers: BTreeMap<CustomerCode, CustomerOnFile>,
    /// The codes among them that the service does not have.
    new_customers: BTreeSet<CustomerCode>,
    certificates: BTreeMap<CertificateId, CertificateOnFile>,
    /// Certificates, the service's own or made here, by customer.
    links: BTreeMap<CustomerCode, BTreeSet<CertificateId>>,
    invitations: Vec<InvitationOnFile>,
}

impl Made {
    /// -1, -2, …
    fn number(&mut self) -> i64 {
        self.last_number -= 1;
        self.last_number
    }

    /// The service's certificate or one made here, with the customers it would be linked to.
    fn linked(&self, mut certificate: CertificateOnFile) -> CertificateOnFile {
        for (code, ids) in &self.links {
            if ids.contains(&certificate.id) && !certificate.customers.contains(code) {
                certificate.customers.push(code.clone());
            }
        }
        certificate
    }

    fn own_certificates(&self) -> impl Iterator<Item = CertificateOnFile> {
        self.certificates.values().rev().map(|certificate| self.linked(certificate.clone()))
    }
}

fn on_file(customer: &Customer, zones: &[ExposureZone]) -> CustomerOnFile {
    let regions: BTreeSet<Region> = zones.iter().filter_map(|zone| zone.region.clone()).collect();
    CustomerOnFile {
        code: customer.code.clone(),
        name: customer.name.clone(),
        address: customer.address.clone(),
        contact: customer.contact.clone(),
        tax_number: None,
        exposure_zones: Some(regions.into_iter().collect()),
        unkept: Vec::new(),
    }
}

impl<S: ExemptionService + WriteRequests> DryRun<S> {
    /// The lock is held for a moment and never across a call. A panic elsewhere leaves the record whole, so it is used further.
    fn locked(&self) -> MutexGuard<'_, BTreeMap<CompanyId, Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn made<T>(&self, company: CompanyId, look: impl FnOnce(&mut Made) -> T) -> T {
        look(self.locked().entry(company).or_default())
    }

    fn note(&self, requests: &[Request]) {
        requests.iter().for_each(|request| self.service.transport().note_unsent(request));
    }

    /// A read of a company whose storage this dry run would have set up answers as new storage would: with nothing.
    fn or_empty<T: Default>(&self, company: CompanyId, read: ServiceResult<T>) -> ServiceResult<T> {
        match read {
            Err(error) if error.kind == ServiceErrorKind::NotProvisioned && self.made(company, |made| made.storage_requested) => {
                Ok(T::default())
            }
            other => other,
        }
    }
}

#[async_trait]
impl<S: ExemptionService + WriteRequests> ExemptionService for DryRun<S> {
    fn describe(&self) -> String {
        format!("{} (dry run: nothing is written)", self.service.describe())
    }

    fn writes(&self) -> bool {
        false
    }

    // What this made has no document anywhere, so none follows.
    fn sends_invitations(&self) -> bool {
        self.service.sends_invitations()
    }

    async fn ping(&self) -> ServiceResult<Identity> {
        self.service.ping().await
    }

    async fn companies(&self) -> ServiceResult<Vec<Company>> {
        self.service.companies().await
    }

    async fn storage_status(&self, company: CompanyId) -> ServiceResult<StorageStatus> {
        match self.made(company, |made| made.storage_requested) {
            true => Ok(StorageStatus::Provisioned),
            false => self.service.storage_status(company).await,
        }
    }

    async fn request_storage(&self, company: CompanyId) -> ServiceResult<StorageStatus> {
        self.note(&self.service.request_storage_request(company)?);
        self.made(company, |made| made.storage_requested = true);
        Ok(StorageStatus::InProgress)
    }

    async fn definitions(&self, company: CompanyId) -> ServiceResult<Definitions> {
        let read = self.service.definitions(company).await;
        self.or_empty(company, read)
    }

    async fn customers(&self, company: CompanyId) -> ServiceResult<Vec<CustomerOnFile>> {
        let read = self.service.customers(company).await;
        let mut customers = self.or_empty(company, read)?;
        self.made(company, |made| {
            customers.retain(|customer| !made.customers.contains_key(&customer.code));
            customers.extend(made.customers.values().cloned());
        });
        Ok(customers)
    }

    async fn customer(&self, company: CompanyId, code: &CustomerCode) -> ServiceResult<Option<CustomerOnFile>> {
        if let Some(customer) = self.made(company, |made| made.customers.get(code).cloned()) {
            return Ok(Some(customer));
        }
        let read = self.service.customer(company, code).await;
        self.or_empty(company, read)
    }

    async fn create_customers(&self, company: CompanyId, customers: &[(&Customer, Vec<ExposureZone>)]) -> ServiceResult<()> {
        if customers.is_empty() {
            return Ok(());
        }
        self.note(&self.service.create_customers_request(company, customers)?);
        self.made(company, |made| {
            for (customer, zones) in customers {
                made.customers.insert(customer.code.clone(), on_file(customer, zones));
                made.new_customers.insert(customer.code.clone());
            }
        });
        Ok(())
    }

    async fn update_customer(&self, company: CompanyId, customer: &Customer, zones: &[ExposureZone]) -> ServiceResult<()> {
        let is_new = self.made(company, |made| made.new_customers.contains(&customer.code));
        self.note(&self.service.update_customer_request(company, customer, zones, !is_new).await?);
        self.made(company, |made| made.customers.insert(customer.code.clone(), on_file(customer, zones)));
        Ok(())
    }

    async fn certificates_of(&self, company: CompanyId, code: &CustomerCode) -> ServiceResult<Vec<CertificateOnFile>> {
        let is_new = self.made(company, |made| made.new_customers.contains(code));
        let mut found = match is_new {
            true => Vec::new(),
            false => {
                let read = self.service.certificates_of(company, code).await;
                self.or_empty(company, read)?
            }
        };
        let links = self.made(company, |made| made.links.get(code).cloned().unwrap_or_default());
        for id in links {
            if found.iter().any(|certificate| certificate.id == id) {
                continue;
            }
            found.extend(self.certificate(company, id).await?);
        }
        Ok(found)
    }

    async fn certificates(&self, company: CompanyId) -> ServiceResult<Vec<CertificateOnFile>> {
        let read = self.service.certificates(company).await;
        let found = self.or_empty(company, read)?;
        Ok(self.made(company, |made| found.into_iter().map(|c| made.linked(c)).chain(made.own_certificates()).collect()))
    }

    async fn certificate(&self, company: CompanyId, id: CertificateId) -> ServiceResult<Option<CertificateOnFile>> {
        if id.0 < 0 {
            return Ok(self.made(company, |made| made.certificates.get(&id).map(|certificate| made.linked(certificate.clone()))));
        }
        let read = self.service.certificate(company, id).await;
        let found = self.or_empty(company, read)?;
        Ok(found.map(|certificate| self.made(company, |made| made.linked(certificate))))
    }

    async fn create_certificate(&self, company: CompanyId, certificate: &NewCertificate<'_>) -> ServiceResult<CertificateId> {
        self.note(&self.service.create_certificate_request(company, certificate)?);
        let draft = certificate.draft;
        Ok(self.made(company, |made| {
            let id = CertificateId(made.number());
            let on_file = CertificateOnFile {
                id,
                zone_name: draft.zone.name.clone(),
                region: draft.zone.region.clone(),
                reason: Some(draft.reason.clone()),
                number: draft.number.clone(),
                signed: Some(draft.signed),
                expires: draft.expires,
                document_exists: true,
                valid: None,
                status: None,
                customers: Vec::new(),
            };
            made.certificates.insert(id, on_file);
            id
        }))
    }

    async fn find_certificates(&self, company: CompanyId, search: &CertificateSearch<'_>) -> ServiceResult<Vec<CertificateOnFile>> {
        let read = self.service.find_certificates(company, search).await;
        let found = self.or_empty(company, read)?;
        Ok(self.made(company, |made| {
            let own = made.own_certificates().filter(|certificate| certificate.is_same_claim(search.draft));
            found.into_iter().map(|c| made.linked(c)).chain(own).collect()
        }))
    }

    async fn link(&self, company: CompanyId, code: &CustomerCode, certificates: &[CertificateId]) -> ServiceResult<()> {
        let unknown = self.made(company, |made| certificates.iter().find(|id| id.0 < 0 && !made.certificates.contains_key(id)).copied());
        if let Some(id) = unknown {
            return Err(ServiceError {
                kind: ServiceErrorKind::NotFound,
                call: "LinkCertificatesToCustomer".to_owned(),
                number: None,
                message: format!("this dry run made no certificate {id}"),
                hint: None,
            });
        }
        for request in self.service.link_requests(company, code, certificates)? {
            self.note(std::slice::from_ref(&request));
        }
        self.made(company, |made| made.links.entry(code.clone()).or_default().extend(certificates));
        Ok(())
    }

    /// By what would be linked: the service itself knows nothing of it.
    async fn exempts(&self, company: CompanyId, code: &CustomerCode, region: &Region) -> ServiceResult<Exempting> {
        let linked = self.certificates_of(company, code).await?;
        let exempt = linked.iter().any(|c| c.region.as_ref() == Some(region) || c.zone_name.eq_ignore_ascii_case(region.name()));
        Ok(Exempting { exempt, status: if exempt { "Exempt" } else { "NotExempt" }.to_owned() })
    }

    async fn invite(&self, company: CompanyId, invitation: &InvitationDraft) -> ServiceResult<InvitationReceipt> {
        self.note(&self.service.invitation_request(company, invitation)?);
        Ok(self.made(company, |made| {
            let id = InvitationId(made.number());
            made.invitations.push(InvitationOnFile {
                id,
                customer: invitation.customer.clone(),
                delivery: Some(invitation.delivery),
                sent: Some(Timestamp::now().to_zoned(TimeZone::UTC).date()),
                // What makes an invitation count as ready; nothing went out, and the negative number says so.
                link: (invitation.delivery == Delivery::Download).then(|| "(a link that the service would make)".to_owned()),
                email_status: (invitation.delivery == Delivery::Email).then(|| "Sent".to_owned()),
            });
            InvitationReceipt { id: Some(id), state: InvitationState::Ready, link: None }
        }))
    }

    async fn invitation(&self, company: CompanyId, code: &CustomerCode, id: InvitationId) -> ServiceResult<Option<InvitationOnFile>> {
        if id.0 < 0 {
            let made = self.made(company, |made| made.invitations.iter().find(|i| i.id == id && i.customer == *code).cloned());
            return Ok(made);
        }
        let read = self.service.invitation(company, code, id).await;
        self.or_empty(company, read)
    }

    async fn invitations(&self, company: CompanyId, since: Option<Date>) -> ServiceResult<Vec<InvitationOnFile>> {
        let read = self.service.invitations(company, since).await;
        let mut found = self.or_empty(company, read)?;
        found.extend(self.made(company, |made| made.invitations.clone()));
        Ok(found)
    }
}
