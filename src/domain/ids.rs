//! Identifiers. Each is its own type, so that one can't be passed where another is meant.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The merchant's own number for a customer, to the letter as it stands on invoices.
///
/// At most 50 characters (the transaction's `customerCode` and the Essentials import template both say 50), case sensitive, no blank at
/// either end, no control character. Everything else, `/`, `#`, `%` and inner blanks included, is allowed and kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CustomerCode(String);

/// Why a text is no customer code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CustomerCodeError {
    #[error("the customer code is empty")]
    Empty,
    #[error("the customer code is {0} characters long; 50 is the most")]
    TooLong(usize),
    #[error("the customer code begins or ends with a blank")]
    EdgeBlank,
    #[error("the customer code holds a control character")]
    Control,
}

impl CustomerCode {
    /// The longest code the service takes, in characters.
    pub const MAX_CHARS: usize = 50;

    pub fn new(text: impl Into<String>) -> Result<Self, CustomerCodeError> {
        let text = text.into();
        Self::check(&text).map(|()| Self(text))
    }

    /// Whether a text is a code.
    pub fn check(text: &str) -> Result<(), CustomerCodeError> {
        if text.is_empty() {
            return Err(CustomerCodeError::Empty);
        }
        if text.len() <= Self::MAX_CHARS && text.bytes().fold(true, |plain, byte| plain & byte.is_ascii_graphic()) {
            return Ok(());
        }
        if text.trim().len() < text.len() {
            return Err(CustomerCodeError::EdgeBlank);
        }
        if text.chars().any(char::is_control) {
            return Err(CustomerCodeError::Control);
        }
        match text.len() > Self::MAX_CHARS {
            true => match text.chars().count() {
                n if n > Self::MAX_CHARS => Err(CustomerCodeError::TooLong(n)),
                _ => Ok(()),
            },
            false => Ok(()),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CustomerCode {
    type Error = CustomerCodeError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl From<CustomerCode> for String {
    fn from(code: CustomerCode) -> Self {
        code.0
    }
}

impl fmt::Display for CustomerCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The code of a company in the service, such as `DEFAULT`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CompanyCode(pub String);

impl fmt::Display for CompanyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(
    /// The service's number of a company.
    CompanyId
);
number_id!(
    /// The service's number of a certificate.
    CertificateId
);
number_id!(
    /// The service's number of a CertExpress invitation.
    InvitationId
);
number_id!(
    /// The service's number of an exposure zone; it differs from company to company.
    ZoneId
);
number_id!(
    /// The service's number of an exemption reason.
    ReasonId
);

/// A SHA-256 sum, 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sha256(String);

impl Sha256 {
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts([bytes])
    }

    /// The sum over parts that follow one another, for what is too large to be held at once.
    pub fn of_parts<B: AsRef<[u8]>>(parts: impl IntoIterator<Item = B>) -> Self {
        use sha2::Digest;
        use std::fmt::Write;
        let mut sum = sha2::Sha256::new();
        parts.into_iter().for_each(|part| sum.update(part));
        let mut hex = String::with_capacity(64);
        for byte in sum.finalize() {
            // Writing to a String can't fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Self(hex)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, enough to tell things apart in a report.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_keeps_every_letter_and_sign() {
        for text in ["C-10233", "B/2041", "00017", "A#7", "50% club", "Ünï-1", "a b", "x+y?"] {
            assert_eq!(CustomerCode::new(text).unwrap().as_str(), text);
        }
        assert_ne!(CustomerCode::new("abc").unwrap(), CustomerCode::new("ABC").unwrap());
    }

    #[test]
    fn what_is_no_code_is_refused() {
        assert_eq!(CustomerCode::new(""), Err(CustomerCodeError::Empty));
        assert_eq!(CustomerCode::new(" A1"), Err(CustomerCodeError::EdgeBlank));
        assert_eq!(CustomerCode::new("A\u{a0}"), Err(CustomerCodeError::EdgeBlank));
        assert_eq!(CustomerCode::new("A\u{7}1"), Err(CustomerCodeError::Control));
        assert_eq!(CustomerCode::new("é".repeat(51)), Err(CustomerCodeError::TooLong(51)));
        assert!(CustomerCode::new("é".repeat(50)).is_ok());
    }

    #[test]
    fn a_sum_is_the_published_one() {
        assert_eq!(Sha256::of(b"").as_str(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
