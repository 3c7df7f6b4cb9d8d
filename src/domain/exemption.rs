//! Why a buyer is not taxed, and under which number.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// An exemption reason by Avalara's name, in capitals: `RESALE`, `FEDERAL GOV`, `CHARITABLE` …
///
/// The list is the service's and belongs to the company; a value here is what was claimed or wished, and is checked against the list
/// before anything is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ExemptionReason(Arc<str>);

impl ExemptionReason {
    /// Folds case and runs of blanks, so that `resale` and `RESALE ` are one reason.
    pub fn new(name: &str) -> Self {
        Self(name.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase().into())
    }

    pub fn resale() -> Self {
        Self("RESALE".into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ExemptionReason {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<ExemptionReason> for String {
    fn from(reason: ExemptionReason) -> Self {
        reason.0.as_ref().to_owned()
    }
}

impl fmt::Display for ExemptionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A registration, permit or exemption number as it is written: text, never a number. At most 50 characters (Essentials template).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaxNumber(String);

impl TaxNumber {
    /// `None` when nothing that could be a number is left after trimming.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = text.chars().count() <= 50 && text.chars().any(char::is_alphanumeric) && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Letters and digits only, in capitals: two spellings of one number compare equal by this.
    pub fn folded(&self) -> String {
        self.0.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
    }
}

impl fmt::Display for TaxNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
