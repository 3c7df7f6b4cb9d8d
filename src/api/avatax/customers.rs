//! Customers.
//!
//! Owns: `QueryCustomers`, `CreateCustomers`, `UpdateCustomer` and the customer's wire type.
//! Must not touch: when something is sent again, what follows from an error.
//! Called by: `api::avatax`; `api::dry_run` for the requests alone.
//!
//! A customer is looked up with `$filter`, never by its code in the path: whether every character survives a path there is not documented
//! (AvaTax documents its escape for companies, items and transactions, not for customers). Codes are compared here, because they are case
//! sensitive and a search may not be.

use super::certificates::CertificateIn;
use super::definitions::ZoneIn;
use super::errors::is_search_fault;
use super::{AvaTax, path_error, wire};
use crate::api::places::country;
use crate::api::request::Request;
use crate::api::transport::{nonsense, unsendable};
use crate::domain::{Address, CompanyId, Contact, Customer, CustomerCode, CustomerOnFile, ExposureZone, Region, TaxNumber};
use crate::ports::{ServiceError, ServiceErrorKind, ServiceResult};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// `CustomerModel` as it is read.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CustomerIn {
    #[serde(deserialize_with = "wire::de_text")]
    customer_code: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    name: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    line1: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    line2: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    city: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    region: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    postal_code: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    country: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    contact_name: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    email_address: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    phone_number: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    fax_number: Option<String>,
    exposure_zones: Option<Vec<ZoneIn>>,
    /// The same zones, only with `$include=shipToStates`. The SDK does not tell their form.
    ship_to_states: Option<Vec<Value>>,
    /// Only with `$include=certificates`.
    pub certificates: Option<Vec<CertificateIn>>,
    #[serde(flatten)]
    kept: Kept,
}

/// What a record can hold that certonboard does not manage. `UpdateCustomer` replaces the record, so these are read and sent back.
#[derive(Deserialize, Serialize, Default, Clone)]
#[serde(rename_all = "camelCase", default)]
struct Kept {
    #[serde(deserialize_with = "wire::de_text", skip_serializing_if = "Option::is_none")]
    alternate_id: Option<String>,
    #[serde(deserialize_with = "wire::de_text", skip_serializing_if = "Option::is_none")]
    attn_name: Option<String>,
    #[serde(deserialize_with = "wire::de_flag", skip_serializing_if = "Option::is_none")]
    is_bill: Option<bool>,
    #[serde(deserialize_with = "wire::de_flag", skip_serializing_if = "Option::is_none")]
    is_ship: Option<bool>,
    #[serde(deserialize_with = "wire::de_text", skip_serializing_if = "Option::is_none")]
    taxpayer_id_number: Option<String>,
}

impl CustomerIn {
    /// `None` for a record whose code no customer of ours can have (too long, blank at an end).
    pub fn code(&self) -> Option<CustomerCode> {
        self.customer_code.clone().and_then(|code| CustomerCode::new(code).ok())
    }

    /// The ship-to zones, from wherever this release puts them.
    fn zones(&self) -> Vec<ZoneIn> {
        let read = |value: &Value| match value {
            Value::String(word) => ZoneIn::from_word(word),
            _ => ZoneIn::deserialize(value).unwrap_or_default(),
        };
        let states = self.ship_to_states.iter().flatten().map(read);
        self.exposure_zones.iter().flatten().cloned().chain(states).collect()
    }

    fn on_file(self) -> Option<CustomerOnFile> {
        let code = self.code()?;
        // Neither key in the answer: the service does not tell, which is not the same as none.
        let told = self.exposure_zones.is_some() || self.ship_to_states.is_some();
        let regions = told.then(|| self.zones().iter().filter_map(ZoneIn::region).collect::<BTreeSet<Region>>());
        Some(CustomerOnFile {
            code,
            name: self.name.unwrap_or_default(),
            address: Address {
                line1: self.line1.unwrap_or_default(),
                line2: self.line2,
                city: self.city.unwrap_or_default(),
                region: self.region.as_deref().and_then(Region::from_code),
                postal_code: self.postal_code.unwrap_or_default(),
                country: country(self.country.as_deref()),
            },
            contact: Contact { name: self.contact_name, email: self.email_address, phone: self.phone_number, fax: self.fax_number },
            tax_number: self.kept.taxpayer_id_number.as_deref().and_then(TaxNumber::new),
            exposure_zones: regions.map(|r| r.into_iter().collect()),
            unkept: Vec::new(),
        })
    }
}

/// `CustomerModel` as it is sent: what is not known is left out, never null.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomerOut<'a> {
    company_id: i64,
    customer_code: &'a str,
    name: &'a str,
    line1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line2: Option<&'a str>,
    city: &'a str,
    /// Required in 2021, optional since 2026; only places outside the US and Canada have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    postal_code: &'a str,
    country: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fax_number: Option<&'a str>,
    /// The ship-to states. Requests for certificates go out only for these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exposure_zones: Vec<wire::Named<'a>>,
    #[serde(flatten)]
    kept: Kept,
}

fn out<'a>(
    company: CompanyId,
    customer: &'a Customer,
    zones: &'a [ExposureZone],
    kept: Kept,
    other_zones: &'a BTreeSet<String>,
) -> CustomerOut<'a> {
    let names = zones.iter().map(|zone| zone.name.as_str()).chain(other_zones.iter().map(String::as_str));
    CustomerOut {
        company_id: company.0,
        customer_code: customer.code.as_str(),
        name: &customer.name,
        line1: &customer.address.line1,
        line2: customer.address.line2.as_deref(),
        city: &customer.address.city,
        region: customer.address.region.as_ref().map(Region::code),
        postal_code: &customer.address.postal_code,
        country: customer.address.country.code(),
        contact_name: customer.contact.name.as_deref(),
        email_address: customer.contact.email.as_deref(),
        phone_number: customer.contact.phone.as_deref(),
        fax_number: customer.contact.fax.as_deref(),
        exposure_zones: names.map(|name| wire::Named { name }).collect(),
        kept,
    }
}

/// What has the ship-to zones come with a customer (SDK 26.6). Without it, whether they come is up to the release.
const SHIP_TO: &str = "shipToStates";

impl AvaTax {
    fn customers_request(&self, company: CompanyId) -> ServiceResult<Request> {
        self.request("QueryCustomers", Method::GET, &["companies", &company.to_string(), "customers"])
    }

    pub(super) async fn list_customers(&self, company: CompanyId) -> ServiceResult<Vec<CustomerOnFile>> {
        let request = self.customers_request(company)?.query("$orderBy", "id ASC");
        let customers = self.list_with(request, SHIP_TO).await?;
        Ok(customers.into_iter().filter_map(CustomerIn::on_file).collect())
    }

    /// A list with one `$include`; without it where the service does not take it, because releases differ in what can be included.
    async fn list_with(&self, request: Request, include: &'static str) -> ServiceResult<Vec<CustomerIn>> {
        match self.list(request.clone().query("$include", include)).await {
            Err(error) if error.kind == ServiceErrorKind::Invalid && !is_search_fault(&error) => self.list(request).await,
            other => other,
        }
    }

    /// The record with exactly this code.
    pub(super) async fn find_customer(
        &self,
        company: CompanyId,
        code: &CustomerCode,
        include: &'static str,
    ) -> ServiceResult<Option<CustomerIn>> {
        let request = self.customers_request(company)?.query("$orderBy", "id ASC");
        let filtered = request.clone().query("$filter", wire::equals("customerCode", code.as_str()));
        let found = match self.list_with(filtered, include).await {
            Err(error) if is_search_fault(&error) => self.list_with(request, include).await?,
            other => other?,
        };
        Ok(found.into_iter().find(|customer| customer.customer_code.as_deref() == Some(code.as_str())))
    }

    pub(super) async fn read_customer(&self, company: CompanyId, code: &CustomerCode) -> ServiceResult<Option<CustomerOnFile>> {
        Ok(self.find_customer(company, code, SHIP_TO).await?.and_then(CustomerIn::on_file))
    }

    pub(super) fn create_customers_request(
        &self,
        company: CompanyId,
        customers: &[(&Customer, Vec<ExposureZone>)],
    ) -> ServiceResult<Request> {
        let no_zones = BTreeSet::new();
        let models: Vec<_> = customers.iter().map(|(customer, zones)| out(company, customer, zones, Kept::default(), &no_zones)).collect();
        let request = self.request("CreateCustomers", Method::POST, &["companies", &company.to_string(), "customers"])?;
        request.json(&models).map_err(|e| unsendable("CreateCustomers", e))
    }

    /// Every code must come back: whether a batch is taken as a whole is not documented.
    pub(super) async fn send_customers(&self, company: CompanyId, customers: &[(&Customer, Vec<ExposureZone>)]) -> ServiceResult<()> {
        if customers.is_empty() {
            return Ok(());
        }
        let request = self.create_customers_request(company, customers)?;
        let reply = self.transport.send(&request).await?;
        let made: Vec<CustomerIn> = reply.json(&request)?;
        let codes: BTreeSet<&str> = made.iter().filter_map(|c| c.customer_code.as_deref()).collect();
        match customers.iter().filter(|(customer, _)| !codes.contains(customer.code.as_str())).count() {
            0 => Ok(()),
            missing => Err(nonsense(&request, &format!("the service confirmed all but {missing} of {} customers", customers.len()))),
        }
    }

    /// `UpdateCustomer` replaces the record, so what certonboard does not manage is read first and sent back. With `on_file` false (a dry run
    /// that would have created the customer) there is nothing to read.
    pub(super) async fn update_customer_request(
        &self,
        company: CompanyId,
        customer: &Customer,
        zones: &[ExposureZone],
        on_file: bool,
    ) -> ServiceResult<Request> {
        let present = match on_file {
            false => CustomerIn::default(),
            true => self.find_customer(company, &customer.code, SHIP_TO).await?.ok_or_else(|| ServiceError {
                kind: ServiceErrorKind::NotFound,
                call: "UpdateCustomer".to_owned(),
                number: None,
                message: format!("the company has no customer {}", customer.code),
                hint: Some("Somebody may have deleted it since it was read. Run again.".to_owned()),
            })?,
        };
        // Cities and counties have no counterpart in `zones`, which are whole states.
        let is_state = |name: &str| Region::us_state_by_name(name).or_else(|| Region::ca_province_by_name(name)).is_some();
        let others: BTreeSet<String> = present.zones().into_iter().filter_map(|zone| zone.name).filter(|name| !is_state(name)).collect();
        let model = out(company, customer, zones, present.kept, &others);
        let path = ["companies", &company.to_string(), "customers", customer.code.as_str()];
        self.request("UpdateCustomer", Method::PUT, &path)?.json(&model).map_err(|e| unsendable("UpdateCustomer", e))
    }

    pub(super) async fn send_customer_update(&self, company: CompanyId, customer: &Customer, zones: &[ExposureZone]) -> ServiceResult<()> {
        let request = self.update_customer_request(company, customer, zones, true).await?;
        let reply = self.transport.send(&request).await.map_err(|e| path_error(&customer.code, e))?;
        let updated: CustomerIn = reply.json(&request)?;
        match updated.customer_code.as_deref() {
            Some(code) if code != customer.code.as_str() => Err(nonsense(&request, &format!("the service answered for customer {code}"))),
            _ => Ok(()),
        }
    }
}
