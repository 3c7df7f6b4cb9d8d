//! CertCapture REST v2: customers, certificates, attachments, attributes, tokens.
//!
//! Owns: the operations' published names and paths, and the conversion to and from the domain; the names of fields are in [`dialect`].
//! Must not touch: when something is sent again (`api::transport`), what is done about an error (`apply`).
//! Called by: `api::connect`; `api::dry_run`, which uses the same request builders.
//!
//! The description has no company, no list of zones and reasons, no CertExpress, and one customer for each certificate. What follows from that is
//! settled here: the company is the account, zones are states by their full names, reasons are Avalara's own names, an invitation is a token for
//! the merchant's own pages, and a second customer of a certificate is refused with words. In the guide's way a certificate has many customers.

mod dialect;
mod errors;

pub use dialect::Dialect;

use super::dry_run::WriteRequests;
use super::places::{country, region};
use super::request::Request;
use super::transport::{Transport, nonsense, unsendable};
use super::{ConnectOptions, Credentials, Secret};
use crate::domain::{
    Address, Attribute, CertificateDraft, CertificateId, CertificateOnFile, CompanyCode, CompanyId, Contact, Country, Customer,
    CustomerCode, CustomerOnFile, Delivery, DocumentForm, EcommerceToken, ExemptionReason, ExposureZone, InvitationDraft, InvitationId,
    InvitationOnFile, InvitationReceipt, InvitationState, ReasonId, ReasonOnFile, Region, TaxNumber, ZoneId,
};
use crate::ports::{
    CertificateSearch, Company, Definitions, Exempting, ExemptionService, Identity, NewCertificate, ServiceError, ServiceErrorKind,
    ServiceResult, StorageStatus,
};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dialect::Key;
use futures_util::{StreamExt, stream};
use jiff::civil::Date;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Records a page.
const PAGE: usize = 100;
const MOST_PAGES: usize = 20_000;
const AT_ONCE: usize = 8;

/// Avalara's names of exemption reasons (reference notes on use codes); the description has no call that lists a company's own.
const REASONS: [&str; 12] = [
    "FEDERAL GOV",
    "STATE GOV",
    "TRIBAL GOVERNMENT",
    "FOREIGN DIPLOMAT",
    "CHARITABLE/EXEMPT ORG",
    "RELIGIOUS/EDUCATIONAL ORG",
    "RESALE",
    "AGRICULTURE",
    "INDUSTRIAL PROD/MANUFACTURERS",
    "DIRECT PAY",
    "DIRECT MAIL",
    "LOCAL GOVERNMENT",
];

/// CertCapture at one address with one set of credentials.
pub struct CertCapture {
    transport: Transport,
    dialect: Dialect,
    /// The client id of the guide; in the description's way only a name for the account.
    client: String,
    /// The description names customers in paths by ids of its own.
    ids: Mutex<HashMap<CustomerCode, String>>,
}

impl CertCapture {
    /// Checks the options and sends nothing. Errors: `Invalid` for an address, credentials or a client id that can't be right.
    pub fn new(options: ConnectOptions, dialect: Dialect) -> ServiceResult<Self> {
        let client = options.client.clone().unwrap_or_else(|| "DEFAULT".to_owned());
        if dialect == Dialect::Guide && client.parse::<i64>().is_err() {
            return Err(ServiceError {
                kind: ServiceErrorKind::Invalid,
                call: "Connect".to_owned(),
                number: None,
                message: "CertCapture's guide names the company by its client id, a number".to_owned(),
                hint: Some("Give it with --company; it stands in CertCapture under Company Settings, Company Details.".to_owned()),
            });
        }
        let headers = match dialect {
            Dialect::OpenApi => Vec::new(),
            Dialect::Guide => vec![("x-client-id", client.clone()), ("x-customer-primary-key", "customer_number".to_owned())],
        };
        let transport = Transport::with_headers(options, errors::read, &headers, "/v2")?;
        Ok(Self { transport, dialect, client, ids: Mutex::default() })
    }

    /// The same credentials for a bearer token, by which everything after is asked (`POST /auth/token`, in the description only). Its life is told by
    /// the service; when it ends, the service refuses and a new sign-in is due.
    pub async fn sign_in(options: ConnectOptions) -> ServiceResult<ConnectOptions> {
        let Some(body) = options.credentials.sign_in_body() else { return Ok(options) };
        const CALL: &str = "getAuthToken";
        let service = Self::new(options.clone(), Dialect::OpenApi)?;
        let mut request = service.request(CALL, Method::POST, &["auth", "token"])?.json(&body).map_err(|e| unsendable(CALL, e))?;
        request.secret = true;
        let answer = service.get(&request).await?;
        let token = answer.get("token").and_then(Value::as_str).filter(|t| !t.trim().is_empty());
        let token = token.ok_or_else(|| nonsense(&request, "the service answered without a token"))?;
        Ok(ConnectOptions { credentials: Credentials::Bearer(Secret::new(token)), ..options })
    }

    fn request(&self, call: &'static str, method: Method, path: &[&str]) -> ServiceResult<Request> {
        let segments: Vec<&str> = ["v2"].iter().chain(path).copied().collect();
        Request::new(call, method, &segments).map_err(|e| unsendable(call, e))
    }

    async fn get(&self, request: &Request) -> ServiceResult<Value> {
        self.transport.send(request).await?.json(request)
    }

    /// Every record, page by page. Nothing short of an answer that says so ends the list.
    async fn list(&self, call: &'static str, path: &[&str]) -> ServiceResult<Vec<Value>> {
        self.list_of(call, path, &[]).await
    }

    /// The same of those that the service is to choose. What it chose is looked at by the caller: a service that knows no filter sends all.
    async fn list_of(&self, call: &'static str, path: &[&str], filter: &[(&'static str, &str)]) -> ServiceResult<Vec<Value>> {
        let mut all: Vec<Value> = Vec::new();
        for number in 1..=MOST_PAGES {
            let mut request = self.request(call, Method::GET, path)?.query("page", number.to_string());
            request = request.query(self.page_size(), PAGE.to_string());
            request = filter.iter().fold(request, |request, (name, value)| request.query(name, *value));
            if self.dialect == Dialect::Guide && call == "listCertificates" {
                request = request.query("expand", "[\"customers\"]");
            }
            let answer = match self.get(&request).await {
                // The guide's “nothing found”.
                Err(error) if self.dialect == Dialect::Guide && error.kind == ServiceErrorKind::NotFound => return Ok(all),
                answer => answer?,
            };
            let total = ["totalCount", "total"].into_iter().find_map(|key| answer.get(key)).and_then(Value::as_u64);
            let rows = rows(answer).ok_or_else(|| nonsense(&request, "the answer holds no list"))?;
            let count = rows.len();
            if count > 0 && all.len() >= count && all[all.len() - count..] == rows[..] {
                return Err(nonsense(&request, "the service sends the same page again and again"));
            }
            all.extend(rows);
            // Without a number only an empty page is the end: the service's pages may be smaller than ours.
            let more = total.map_or(count > 0, |total| (all.len() as u64) < total);
            match (count, more) {
                (_, false) => return Ok(all),
                (0, true) => return Err(nonsense(&request, "the list ended before the number of records that it told")),
                _ => {}
            }
        }
        Err(nonsense(&self.request(call, Method::GET, path)?, "the list does not end"))
    }

    fn page_size(&self) -> &'static str {
        if self.dialect == Dialect::Guide { "per_page" } else { "pageSize" }
    }

    fn text(&self, record: &Value, key: Key) -> Option<String> {
        self.dialect.text(record, key)
    }

    // ---- customers -------------------------------------------------------------------------------------------------------------------

    fn customer_on_file(&self, record: &Value) -> Option<CustomerOnFile> {
        let code = CustomerCode::new(self.text(record, Key::CustomerCode)?).ok()?;
        let text = |key: Key| self.text(record, key);
        Some(CustomerOnFile {
            code,
            name: text(Key::Name).unwrap_or_default(),
            address: Address {
                line1: text(Key::Line1).unwrap_or_default(),
                line2: text(Key::Line2),
                city: text(Key::City).unwrap_or_default(),
                region: text(Key::Region).as_deref().and_then(region),
                postal_code: text(Key::PostalCode).unwrap_or_default(),
                country: country(text(Key::Country).as_deref()),
            },
            contact: Contact { name: text(Key::Contact), email: text(Key::Email), phone: text(Key::Phone), fax: text(Key::Fax) },
            tax_number: None,
            // Neither source tells them.
            exposure_zones: None,
            unkept: [(Key::Line2, "line2"), (Key::Fax, "faxNumber"), (Key::Contact, "contactName")]
                .into_iter()
                .filter(|(key, _)| !self.dialect.has(*key))
                .map(|(_, name)| name.to_owned())
                .collect(),
        })
    }

    fn customer_fields(customer: &Customer) -> Vec<(Key, Option<String>)> {
        let (address, contact) = (&customer.address, &customer.contact);
        vec![
            (Key::CustomerCode, Some(customer.code.to_string())),
            (Key::Name, Some(customer.name.clone())),
            (Key::Line1, Some(address.line1.clone())),
            (Key::Line2, address.line2.clone()),
            (Key::City, Some(address.city.clone())),
            (Key::Region, address.region.as_ref().map(|r| r.code().to_owned())),
            (Key::PostalCode, Some(address.postal_code.clone())),
            (Key::Country, Some(address.country.code().to_owned())),
            (Key::Email, contact.email.clone()),
            (Key::Phone, contact.phone.clone()),
            (Key::Fax, contact.fax.clone()),
            (Key::Contact, contact.name.clone()),
        ]
    }

    async fn list_customers(&self) -> ServiceResult<Vec<CustomerOnFile>> {
        let records = self.list("listCustomers", &["customers"]).await?;
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(records
            .iter()
            .filter_map(|record| {
                let customer = self.customer_on_file(record)?;
                if let Some(id) = self.text(record, Key::Id) {
                    ids.insert(customer.code.clone(), id);
                }
                Some(customer)
            })
            .collect())
    }

    /// What stands for the customer in a path: its number in the guide's way, else the service's own id, which only a list tells.
    async fn in_path(&self, code: &CustomerCode) -> ServiceResult<Option<String>> {
        if self.dialect == Dialect::Guide {
            return Ok(Some(code.to_string()));
        }
        let known = |service: &Self| service.ids.lock().unwrap_or_else(PoisonError::into_inner).get(code).cloned();
        if let Some(id) = known(self) {
            return Ok(Some(id));
        }
        self.list_customers().await?;
        Ok(known(self))
    }

    async fn required_in_path(&self, call: &str, code: &CustomerCode) -> ServiceResult<String> {
        self.in_path(code).await?.ok_or_else(|| ServiceError {
            kind: ServiceErrorKind::NotFound,
            call: call.to_owned(),
            number: None,
            message: format!("there is no customer {code}"),
            hint: Some("Sync the customers first.".to_owned()),
        })
    }

    fn create_customer_request(&self, customer: &Customer) -> ServiceResult<Request> {
        const CALL: &str = "createCustomer";
        self.dialect.body(self.request(CALL, Method::POST, &["customers"])?, CALL, &Self::customer_fields(customer))
    }

    // ---- certificates ----------------------------------------------------------------------------------------------------------------

    fn certificate_on_file(&self, record: &Value) -> Option<CertificateOnFile> {
        let zone_name = self.text(record, Key::Zone).unwrap_or_default();
        let status = self.text(record, Key::Status);
        let customers: Vec<&Value> = match self.dialect {
            Dialect::OpenApi => record.get("customer").into_iter().collect(),
            Dialect::Guide => record.get("customers").and_then(Value::as_array).into_iter().flatten().collect(),
        };
        let revoked = status.as_deref().is_some_and(|s| s.eq_ignore_ascii_case("revoked"));
        let valid = if revoked { Some(false) } else { record.get("valid").and_then(Value::as_bool) };
        Some(CertificateOnFile {
            id: self.certificate_id(record)?,
            region: Region::us_state_by_name(&zone_name).or_else(|| Region::ca_province_by_name(&zone_name)),
            zone_name,
            reason: self.text(record, Key::Reason).as_deref().map(ExemptionReason::new),
            number: self.text(record, Key::Number).as_deref().and_then(TaxNumber::new),
            signed: self.dialect.day(record, Key::Signed),
            expires: self.dialect.day(record, Key::Expires),
            // The description does not tell; where it matters the attachment is asked for.
            document_exists: record.get("page_count").and_then(Value::as_u64).is_none_or(|pages| pages > 0),
            valid,
            status,
            customers: customers
                .into_iter()
                .filter_map(|c| self.text(c, Key::CustomerCode))
                .filter_map(|code| CustomerCode::new(code).ok())
                .collect(),
        })
    }

    fn certificate_id(&self, record: &Value) -> Option<CertificateId> {
        self.text(record, Key::Id)?.parse().ok().map(CertificateId)
    }

    /// The certificates of an answer. One that can't be told apart by a number stops all of it: passed over, it would be made again.
    async fn on_file(&self, request: &Request, records: Vec<Value>) -> ServiceResult<Vec<CertificateOnFile>> {
        let mut found = Vec::with_capacity(records.len());
        for record in records {
            let record = self.with_customers(record).await?;
            let unreadable = || ServiceError {
                kind: ServiceErrorKind::Protocol,
                ..nonsense(request, "a certificate has no number, or one that is no whole number")
            };
            found.push(self.certificate_on_file(&record).ok_or_else(unreadable)?);
        }
        Ok(found)
    }

    /// In the guide's way the customers come only when they are asked for; where they don't, a call of its own tells. Taking a record without them for one
    /// that nobody is linked to would delete or link somebody else's.
    async fn with_customers(&self, mut record: Value) -> ServiceResult<Value> {
        if self.dialect == Dialect::OpenApi || record.get("customers").is_some_and(Value::is_array) {
            return Ok(record);
        }
        let Some(id) = self.certificate_id(&record) else { return Ok(record) };
        let request = self.request("listCustomersOfCertificate", Method::GET, &["certificates", &id.to_string(), "customers"])?;
        let linked = match self.get(&request).await {
            Ok(answer) => rows(answer).ok_or_else(|| nonsense(&request, "the answer holds no list"))?,
            Err(error) if error.kind == ServiceErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        if let Value::Object(fields) = &mut record {
            fields.insert("customers".to_owned(), linked.into());
        }
        Ok(record)
    }

    fn draft_fields(draft: &CertificateDraft) -> Vec<(Key, Option<String>)> {
        vec![
            (Key::Number, draft.number.as_ref().map(|n| n.as_str().to_owned())),
            (Key::Reason, Some(draft.reason.as_str().to_owned())),
            (Key::Zone, Some(draft.zone.name.clone())),
            (Key::Signed, Some(draft.signed.to_string())),
            (Key::Expires, draft.expires.map(|d| d.to_string())),
            (Key::Percentage, Some("100".to_owned())),
        ]
    }

    /// In the guide's way the document comes with the certificate; in the description's it follows.
    fn certificate_request(&self, certificate: &NewCertificate<'_>) -> ServiceResult<Request> {
        const CALL: &str = "createCertificate";
        let mut fields = Self::draft_fields(certificate.draft);
        if self.dialect.has(Key::Pdf) {
            fields.push((Key::Pdf, Some(STANDARD.encode(certificate.pdf))));
        }
        self.dialect.body(self.request(CALL, Method::POST, &["certificates"])?, CALL, &fields)
    }

    fn attachment_request(&self, id: CertificateId, pdf: &[u8]) -> ServiceResult<Request> {
        let path = ["certificates", &id.to_string(), "attachment"];
        let request = self.request("uploadCertificateAttachment", Method::POST, &path)?;
        Ok(request.form_file("file", "certificate.pdf", "application/pdf", pdf))
    }

    async fn read_certificate(&self, id: CertificateId) -> ServiceResult<Option<Value>> {
        let mut request = self.request("getCertificate", Method::GET, &["certificates", &id.to_string()])?;
        if self.dialect == Dialect::Guide {
            request = request.query("expand", "[\"customers\"]");
        }
        match self.get(&request).await {
            Ok(record) => Ok(Some(self.with_customers(record).await?)),
            Err(error) if error.kind == ServiceErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn required_certificate(&self, call: &str, id: CertificateId) -> ServiceResult<Value> {
        self.read_certificate(id).await?.ok_or_else(|| ServiceError {
            kind: ServiceErrorKind::NotFound,
            call: call.to_owned(),
            number: None,
            message: format!("there is no certificate {id}"),
            hint: None,
        })
    }

    /// `PUT` replaces the record, so what it holds is sent back with the customer that it is to have.
    async fn put_customer(&self, id: CertificateId, record: &Value, customer: Option<&CustomerCode>) -> ServiceResult<()> {
        const CALL: &str = "updateCertificate";
        let kept = [Key::Number, Key::Reason, Key::Zone, Key::Signed, Key::Expires, Key::Percentage];
        let mut fields: Vec<(Key, Option<String>)> = kept.into_iter().map(|key| (key, self.text(record, key))).collect();
        fields.push((Key::CustomerCode, customer.map(ToString::to_string)));
        let mut request = self.put_request(id, &fields)?;
        // What certonboard does not manage goes back as it came.
        if let (Some(attributes), Some(body)) = (record.get("attributes").filter(|a| a.is_array()), &request.body) {
            let mut sent: Value = serde_json::from_slice(body).unwrap_or_default();
            sent["attributes"] = attributes.clone();
            request = request.json(&sent).map_err(|e| unsendable(CALL, e))?;
        }
        let answer: Value = self.transport.send(&request).await?.json(&request)?;
        let now = self.certificate_on_file(&answer).map(|c| c.customers).unwrap_or_default();
        match now.first() == customer {
            true => Ok(()),
            false => Err(ServiceError {
                kind: ServiceErrorKind::Invalid,
                call: CALL.to_owned(),
                number: None,
                message: format!("the service kept the customer of certificate {id} as it was"),
                hint: Some("Change it by hand in CertCapture.".to_owned()),
            }),
        }
    }

    fn put_request(&self, id: CertificateId, fields: &[(Key, Option<String>)]) -> ServiceResult<Request> {
        const CALL: &str = "updateCertificate";
        self.dialect.body(self.request(CALL, Method::PUT, &["certificates", &id.to_string()])?, CALL, fields)
    }

    /// The guide's call for many customers of one certificate.
    fn customers_request(&self, method: Method, id: CertificateId, customers: &[CustomerCode]) -> ServiceResult<Request> {
        let call = if method == Method::DELETE { "unlinkCustomers" } else { "linkCustomers" };
        let list: Vec<Value> = customers.iter().map(|code| json!({ "customer_number": code })).collect();
        let request = self.request(call, method, &["certificates", &id.to_string(), "customers"])?;
        Ok(request.form(&[("customers", Value::from(list).to_string())]))
    }

    async fn link_one(&self, code: &CustomerCode, id: CertificateId) -> ServiceResult<()> {
        if self.dialect == Dialect::Guide {
            self.transport.send(&self.customers_request(Method::PUT, id, std::slice::from_ref(code))?).await?;
            return Ok(());
        }
        let record = self.required_certificate("updateCertificate", id).await?;
        let present = self.certificate_on_file(&record).map(|c| c.customers).unwrap_or_default();
        match present.first() {
            Some(there) if there == code => Ok(()),
            Some(there) => Err(ServiceError {
                kind: ServiceErrorKind::Invalid,
                call: "updateCertificate".to_owned(),
                number: None,
                message: format!("certificate {id} belongs to {there}, and CertCapture's published interface keeps one customer for each"),
                hint: Some("Link the other customer by hand in CertCapture, or use --certcapture-dialect guide.".to_owned()),
            }),
            None => self.put_customer(id, &record, Some(code)).await,
        }
    }

    async fn unlink_one(&self, id: CertificateId, customers: &[CustomerCode]) -> ServiceResult<()> {
        if self.dialect == Dialect::Guide {
            self.transport.send(&self.customers_request(Method::DELETE, id, customers)?).await?;
            return Ok(());
        }
        let record = self.required_certificate("updateCertificate", id).await?;
        let present = self.certificate_on_file(&record).map(|c| c.customers).unwrap_or_default();
        match present.iter().any(|there| customers.contains(there)) {
            true => self.put_customer(id, &record, None).await,
            false => Ok(()),
        }
    }

    /// A customer's certificates for a state that count, where the service can choose them; none where it can't.
    async fn active_of(&self, code: &CustomerCode, region: &Region) -> ServiceResult<Vec<CertificateOnFile>> {
        if self.dialect == Dialect::Guide {
            return Ok(Vec::new());
        }
        let Some(id) = self.in_path(code).await? else { return Ok(Vec::new()) };
        const CALL: &str = "listCertificates";
        let found = self.list_of(CALL, &["certificates"], &[("customerId", &id), ("status", "Active")]).await?;
        let mut found = self.on_file(&self.request(CALL, Method::GET, &["certificates"])?, found).await?;
        found.retain(|c| c.customers.contains(code) && c.region.as_ref() == Some(region));
        Ok(found)
    }

    async fn pdf(&self, id: CertificateId) -> ServiceResult<Option<Vec<u8>>> {
        let path = ["certificates", &id.to_string(), "attachment"];
        let request = self.request("getCertificateAttachment", Method::GET, &path)?.for_bytes();
        match self.transport.send(&request).await {
            Ok(reply) if reply.body.is_empty() => Ok(None),
            Ok(reply) => Ok(Some(reply.body)),
            Err(error) if error.kind == ServiceErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn token_request(&self, code: &CustomerCode) -> ServiceResult<Request> {
        match self.dialect {
            Dialect::OpenApi => {
                const CALL: &str = "generateEcommerceToken";
                let request = self.request(CALL, Method::POST, &["ecommerce", "token"])?;
                request.json(&json!({ "customerCode": code })).map_err(|e| unsendable(CALL, e))
            }
            Dialect::Guide => {
                let request = self.request("getToken", Method::POST, &["auth", "get-token"])?;
                Ok(request.header("x-customer-number", code.as_str()))
            }
        }
    }

    async fn token(&self, code: &CustomerCode) -> ServiceResult<EcommerceToken> {
        let request = self.token_request(code)?;
        let answer = self.get(&request).await?;
        let inner = answer.get("response").unwrap_or(&answer);
        let text = |key: &str| inner.get(key).and_then(Value::as_str).map(str::to_owned);
        let token = text("token").ok_or_else(|| nonsense(&request, "the service answered without a token"))?;
        let expires = text("expiresAt").or_else(|| text("expires_at")).and_then(|t| t.parse().ok());
        Ok(EcommerceToken { token, expires })
    }
}

fn rows(answer: Value) -> Option<Vec<Value>> {
    match answer {
        Value::Array(rows) => Some(rows),
        Value::Object(mut fields) => ["value", "data"].into_iter().find_map(|key| fields.shift_remove(key)).and_then(|found| match found {
            Value::Array(rows) => Some(rows),
            _ => None,
        }),
        _ => None,
    }
}

#[async_trait]
impl ExemptionService for CertCapture {
    fn describe(&self) -> String {
        format!("CertCapture at {}", self.transport.base())
    }

    fn writes(&self) -> bool {
        true
    }

    fn sends_invitations(&self) -> bool {
        false
    }

    /// There is no call for it: the first page of the customers tells whether the credentials are taken.
    async fn ping(&self) -> ServiceResult<Identity> {
        let request = self.request("listCustomers", Method::GET, &["customers"])?.query("page", "1").query(self.page_size(), "1");
        match self.get(&request).await {
            Ok(_) => (),
            // An account without customers.
            Err(error) if error.kind == ServiceErrorKind::NotFound => (),
            Err(error) if error.kind == ServiceErrorKind::Unauthorized => return Err(self.transport.refused("listCustomers")),
            Err(error) => return Err(error),
        }
        Ok(Identity { how: "Basic".to_owned(), user: None, account: None, version: None })
    }

    /// The account, or the client that was named.
    async fn companies(&self) -> ServiceResult<Vec<Company>> {
        let id = CompanyId(self.client.parse().unwrap_or(0));
        let code = CompanyCode(self.client.clone());
        Ok(vec![Company { id, code, name: format!("CertCapture {}", self.client), is_default: true, is_active: true }])
    }

    async fn storage_status(&self, _: CompanyId) -> ServiceResult<StorageStatus> {
        Ok(StorageStatus::Provisioned)
    }

    async fn request_storage(&self, _: CompanyId) -> ServiceResult<StorageStatus> {
        Ok(StorageStatus::Provisioned)
    }

    async fn definitions(&self, _: CompanyId) -> ServiceResult<Definitions> {
        let states = Region::us_states().map(|(region, _)| (region, Country::US));
        let provinces = Region::ca_provinces().map(|(region, _)| (region, Country::CA));
        let zones = states.chain(provinces).zip(1..).map(|((region, country), id)| ExposureZone {
            id: ZoneId(id),
            name: region.name().to_owned(),
            region: Some(region),
            country: Some(country),
        });
        let reasons = REASONS.iter().zip(1..).map(|(name, id)| ReasonOnFile { id: ReasonId(id), name: ExemptionReason::new(name) });
        Ok(Definitions { zones: zones.collect(), reasons: reasons.collect(), cover_letters: Vec::new() })
    }

    async fn customers(&self, _: CompanyId) -> ServiceResult<Vec<CustomerOnFile>> {
        self.list_customers().await
    }

    async fn customer(&self, _: CompanyId, code: &CustomerCode) -> ServiceResult<Option<CustomerOnFile>> {
        let Some(named) = self.in_path(code).await? else { return Ok(None) };
        let request = self.request("getCustomer", Method::GET, &["customers", &named])?;
        match self.get(&request).await {
            Ok(record) => Ok(self.customer_on_file(&record).filter(|found| found.code == *code)),
            Err(error) if error.kind == ServiceErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// One call for each, several in flight; the first refusal is told when all have ended.
    async fn create_customers(&self, _: CompanyId, customers: &[(&Customer, Vec<ExposureZone>)]) -> ServiceResult<()> {
        let send = |(customer, _): &(&Customer, Vec<ExposureZone>)| {
            let request = self.create_customer_request(customer);
            async move {
                self.transport.send(&request?).await?;
                Ok::<_, ServiceError>(())
            }
        };
        let ended: Vec<ServiceResult<()>> = stream::iter(customers.iter().map(send)).buffered(AT_ONCE).collect().await;
        // What may have been done weighs more than what surely was not: it is looked up.
        let unclear = ended.iter().find_map(|e| e.as_ref().err().filter(|e| e.kind == ServiceErrorKind::Unclear)).cloned();
        unclear.map_or_else(|| ended.into_iter().collect(), Err)
    }

    async fn update_customer(&self, _: CompanyId, customer: &Customer, _: &[ExposureZone]) -> ServiceResult<()> {
        const CALL: &str = "updateCustomer";
        let named = self.required_in_path(CALL, &customer.code).await?;
        let request = self.request(CALL, Method::PUT, &["customers", &named])?;
        self.transport.send(&self.dialect.body(request, CALL, &Self::customer_fields(customer))?).await?;
        Ok(())
    }

    async fn certificates_of(&self, _: CompanyId, code: &CustomerCode) -> ServiceResult<Vec<CertificateOnFile>> {
        let Some(named) = self.in_path(code).await? else { return Ok(Vec::new()) };
        let request = self.request("getCustomerCertificates", Method::GET, &["customers", &named, "certificates"])?;
        let answer = match self.get(&request).await {
            Err(error) if error.kind == ServiceErrorKind::NotFound => return Ok(Vec::new()),
            answer => answer?,
        };
        let found = rows(answer).ok_or_else(|| nonsense(&request, "the answer holds no list"))?;
        self.on_file(&request, found).await
    }

    async fn certificates(&self, _: CompanyId) -> ServiceResult<Vec<CertificateOnFile>> {
        let found = self.list("listCertificates", &["certificates"]).await?;
        self.on_file(&self.request("listCertificates", Method::GET, &["certificates"])?, found).await
    }

    fn document_follows(&self) -> bool {
        !self.dialect.has(Key::Pdf)
    }

    async fn certificate(&self, _: CompanyId, id: CertificateId) -> ServiceResult<Option<CertificateOnFile>> {
        Ok(self.read_certificate(id).await?.and_then(|record| self.certificate_on_file(&record)))
    }

    /// Without a number the certificate can't be found again, so that is no lost answer but the end.
    async fn create_certificate(&self, _: CompanyId, certificate: &NewCertificate<'_>) -> ServiceResult<CertificateId> {
        let request = self.certificate_request(certificate)?;
        let made: Value = self.transport.send(&request).await?.json(&request)?;
        self.certificate_id(&made).ok_or_else(|| ServiceError {
            kind: ServiceErrorKind::Protocol,
            ..nonsense(&request, "the service gave the new certificate no number, or one that is no whole number")
        })
    }

    async fn find_certificates(&self, company: CompanyId, search: &CertificateSearch<'_>) -> ServiceResult<Vec<CertificateOnFile>> {
        let mut found = self.certificates(company).await?;
        found.retain(|certificate| certificate.is_same_claim(search.draft));
        Ok(found)
    }

    async fn link(&self, _: CompanyId, code: &CustomerCode, certificates: &[CertificateId]) -> ServiceResult<()> {
        for id in certificates {
            self.link_one(code, *id).await?;
        }
        Ok(())
    }

    /// By the certificates themselves: the service has no call that answers for a customer and a state.
    async fn exempts(&self, company: CompanyId, code: &CustomerCode, region: &Region) -> ServiceResult<Exempting> {
        let held = match self.active_of(code, region).await? {
            found if found.is_empty() => self.certificates_of(company, code).await?,
            found => found,
        };
        // The guide's status does not follow the days.
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let here: Vec<&CertificateOnFile> = held.iter().filter(|c| c.region.as_ref() == Some(region)).collect();
        let counts = |c: &&&CertificateOnFile| {
            let status = c.status.as_deref().unwrap_or_default();
            let counts = c.expires.is_none_or(|end| end >= today) && c.signed.is_none_or(|begin| begin <= today);
            counts && c.valid != Some(false) && ["Active", "COMPLETE", "COMPLETED"].iter().any(|good| status.eq_ignore_ascii_case(good))
        };
        Ok(match (here.iter().find(counts), here.first()) {
            (Some(good), _) => Exempting { exempt: true, status: good.status.clone().unwrap_or_default() },
            (None, other) => Exempting {
                exempt: false,
                status: other.and_then(|c| c.status.clone()).unwrap_or_else(|| "no certificate for the state".to_owned()),
            },
        })
    }

    /// A token for the merchant's own pages stands for the link; nothing is sent.
    async fn invite(&self, _: CompanyId, invitation: &InvitationDraft) -> ServiceResult<InvitationReceipt> {
        if invitation.delivery != Delivery::Download {
            return Err(self.has_no("CreateCertExpressInvitation"));
        }
        let token = self.token(&invitation.customer).await?;
        let until = token.expires.map_or(String::new(), |at| format!(", good until {at}"));
        let link = Some(format!("e-commerce token {}{until}", token.token));
        Ok(InvitationReceipt { id: None, state: InvitationState::Ready, link })
    }

    async fn invitation(&self, _: CompanyId, _: &CustomerCode, _: InvitationId) -> ServiceResult<Option<InvitationOnFile>> {
        Ok(None)
    }

    /// The service keeps none.
    async fn invitations(&self, _: CompanyId, _: Option<Date>) -> ServiceResult<Vec<InvitationOnFile>> {
        Ok(Vec::new())
    }

    async fn unlink(&self, _: CompanyId, code: &CustomerCode, certificates: &[CertificateId]) -> ServiceResult<()> {
        for id in certificates {
            self.unlink_one(*id, std::slice::from_ref(code)).await?;
        }
        Ok(())
    }

    async fn unlink_customers(&self, _: CompanyId, certificate: CertificateId, customers: &[CustomerCode]) -> ServiceResult<()> {
        self.unlink_one(certificate, customers).await
    }

    async fn delete_certificate(&self, _: CompanyId, id: CertificateId) -> ServiceResult<()> {
        let request = self.request("deleteCertificate", Method::DELETE, &["certificates", &id.to_string()])?;
        self.transport.send(&request).await?;
        Ok(())
    }

    async fn document(&self, _: CompanyId, id: CertificateId, form: DocumentForm) -> ServiceResult<Option<Vec<u8>>> {
        match form {
            DocumentForm::Pdf => self.pdf(id).await,
            DocumentForm::Jpeg { .. } => Err(self.has_no("DownloadCertificateImage as JPEG")),
        }
    }

    async fn attach(&self, _: CompanyId, id: CertificateId, pdf: &[u8]) -> ServiceResult<()> {
        self.transport.send(&self.attachment_request(id, pdf)?).await?;
        Ok(())
    }

    async fn known_attributes(&self, _: CompanyId) -> ServiceResult<Vec<Attribute>> {
        let request = self.request("listAttributes", Method::GET, &["attributes"])?;
        let found = rows(self.get(&request).await?).ok_or_else(|| nonsense(&request, "the answer holds no list"))?;
        let attribute = |record: &Value| {
            let text = |key: &str| record.get(key).and_then(Value::as_str).map(str::to_owned);
            Some(Attribute { id: record.get("id")?.as_i64()?, name: text("name")?, description: text("description") })
        };
        Ok(found.iter().filter_map(attribute).collect())
    }

    async fn ecommerce_token(&self, _: CompanyId, code: &CustomerCode) -> ServiceResult<EcommerceToken> {
        self.token(code).await
    }
}

#[async_trait]
impl WriteRequests for CertCapture {
    fn transport(&self) -> &Transport {
        &self.transport
    }

    fn request_storage_request(&self, _: CompanyId) -> ServiceResult<Vec<Request>> {
        Ok(Vec::new())
    }

    fn create_customers_request(&self, _: CompanyId, customers: &[(&Customer, Vec<ExposureZone>)]) -> ServiceResult<Vec<Request>> {
        customers.iter().map(|(customer, _)| self.create_customer_request(customer)).collect()
    }

    async fn update_customer_request(
        &self,
        _: CompanyId,
        customer: &Customer,
        _: &[ExposureZone],
        on_file: bool,
    ) -> ServiceResult<Vec<Request>> {
        const CALL: &str = "updateCustomer";
        // A customer that only this dry run has made has no id yet.
        let named = match on_file {
            true => self.required_in_path(CALL, &customer.code).await?,
            false => "new".to_owned(),
        };
        let request = self.request(CALL, Method::PUT, &["customers", &named])?;
        Ok(vec![self.dialect.body(request, CALL, &Self::customer_fields(customer))?])
    }

    fn create_certificate_request(&self, _: CompanyId, certificate: &NewCertificate<'_>) -> ServiceResult<Vec<Request>> {
        Ok(vec![self.certificate_request(certificate)?])
    }

    fn link_requests(&self, _: CompanyId, code: &CustomerCode, certificates: &[CertificateId]) -> ServiceResult<Vec<Request>> {
        certificates
            .iter()
            .map(|id| match self.dialect {
                Dialect::Guide => self.customers_request(Method::PUT, *id, std::slice::from_ref(code)),
                // Without what is read before it is sent: a dry run's own certificates can't be read.
                Dialect::OpenApi => self.put_request(*id, &[(Key::CustomerCode, Some(code.to_string()))]),
            })
            .collect()
    }

    fn invitation_request(&self, _: CompanyId, invitation: &InvitationDraft) -> ServiceResult<Vec<Request>> {
        Ok(vec![self.token_request(&invitation.customer)?])
    }
}
