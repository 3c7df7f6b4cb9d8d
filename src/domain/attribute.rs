//! Attributes of customers and certificates, and the other things that a certificate has after it was made.

use super::{CertificateId, CustomerCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an attribute belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeOwner {
    Customer(CustomerCode),
    Certificate(CertificateId),
}

impl fmt::Display for AttributeOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttributeOwner::Customer(code) => write!(f, "customer {code}"),
            AttributeOwner::Certificate(id) => write!(f, "certificate {id}"),
        }
    }
}

/// An attribute as the service lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attribute {
    /// The service's own number of it.
    pub id: i64,
    pub name: String,
    pub description: Option<String>,
}

/// In which form a document is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentForm {
    /// All pages in one PDF.
    Pdf,
    /// One page (1-based) as JPEG.
    Jpeg { page: u32 },
}

/// What lets one customer send in a certificate on the merchant's own pages. Whoever has the token can: it is shown on request only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcommerceToken {
    pub token: String,
    pub expires: Option<Timestamp>,
}

impl fmt::Debug for EcommerceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcommerceToken(********, expires {:?})", self.expires)
    }
}
