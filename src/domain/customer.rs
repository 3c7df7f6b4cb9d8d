//! The merchant's customers: as the ERP has them, and as the service has them.

use super::{Address, CustomerCode, ExemptionReason, Region, TaxNumber};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How a customer can be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Contact {
    pub name: Option<String>,
    /// Only a well-formed address gets here.
    pub email: Option<String>,
    pub phone: Option<String>,
    pub fax: Option<String>,
}

/// Does the ERP tax this customer?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExemptStatus {
    Exempt,
    Taxable,
}

/// What the ERP says of a customer's exemption, and which rule read it so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exemption {
    pub status: ExemptStatus,
    /// In words: `column “Tax Exempt” says “Y”`.
    pub rule: Arc<str>,
    pub number: Option<TaxNumber>,
    pub reason: Option<ExemptionReason>,
    pub expires: Option<Date>,
}

/// A customer that can be sent to the service: every required part is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Customer {
    pub code: CustomerCode,
    /// At most 100 characters (Essentials template).
    pub name: String,
    pub address: Address,
    pub contact: Contact,
    pub exemption: Exemption,
    /// States the ERP ships to, beyond the address's own.
    pub ship_to: Vec<Region>,
    /// The customer that this one belongs to: a parent company, or the customer of a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CustomerCode>,
    /// 1-based row of the spreadsheet.
    pub row: u32,
}

impl Customer {
    pub fn is_exempt(&self) -> bool {
        self.exemption.status == ExemptStatus::Exempt
    }
}

/// A customer as the service has it now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CustomerOnFile {
    pub code: CustomerCode,
    pub name: String,
    pub address: Address,
    pub contact: Contact,
    pub tax_number: Option<TaxNumber>,
    /// The states the service would ask this customer for; `None` where it does not tell.
    pub exposure_zones: Option<Vec<Region>>,
    /// Fields that the service has no place for, by the names that differences have: what the ERP says there is no difference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unkept: Vec<String>,
}
