//! What was read from a paper, with the evidence for it: the record that `certonboard extract` prints, one line each.

use super::{BBox, Corners, CustomerCode, ExemptionReason, Gray, Region, Ruled, Sha256, TaxNumber};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A value read from the paper and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field<T> {
    pub value: T,
    /// 0 to 1.
    pub confidence: f32,
    /// 1-based page of the file.
    pub page: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bbox: Option<BBox>,
}

/// Which form the paper is: `TX-01-339`, `MTC`, `SST-F0003`, `CT-RESALE`, `LETTER`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FormGuess {
    pub id: String,
    pub title: String,
    pub confidence: f32,
}

/// The fields of a certificate. One that was not found is `None` and left out of the JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Fields {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub purchaser_name: Option<Field<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub purchaser_line1: Option<Field<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub purchaser_city: Option<Field<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub purchaser_region: Option<Field<Region>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub purchaser_postal_code: Option<Field<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub purchaser_phone: Option<Field<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seller_name: Option<Field<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_date: Option<Field<Date>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expiration_date: Option<Field<Date>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Field<ExemptionReason>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub blanket: Option<Field<bool>>,
}

/// One state for which the paper claims exemption.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateClaim {
    pub region: Region,
    /// When the state itself ends it, where the paper shows no end and its state has a rule.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ends_by_rule: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub number: Option<TaxNumber>,
    pub confidence: f32,
    pub page: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bbox: Option<BBox>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signature {
    pub present: bool,
    pub confidence: f32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Pass,
    Fail,
    Unsure,
}

/// One rule's verdict on a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub rule: String,
    pub verdict: Verdict,
    pub evidence: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunnerUp {
    pub customer_code: CustomerCode,
    pub score: f32,
}

/// The customer a document most likely belongs to, with the evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Match {
    pub customer_code: CustomerCode,
    /// 0 to 1.
    pub score: f32,
    pub evidence: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub runner_up: Option<RunnerUp>,
    /// Two independent agreements and a clear lead: the match may be used with no human.
    #[serde(default)]
    pub sure: bool,
    /// Why it is not sure, in words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doubt: Option<String>,
    /// Other customers that name and place or number speak for as well: the same company under several codes. A person may link the paper to
    /// them, too; the program never does.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub also: Vec<CustomerCode>,
}

/// What may be done with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Act with no human.
    Accept,
    /// A human must look.
    Review,
    /// A human would refuse it: unsigned, expired, no certificate.
    Reject,
}

/// Which pages of which file a paper is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocumentRef {
    pub file: String,
    /// First and last, 1-based in the file.
    pub pages: [u32; 2],
    pub sha256: Sha256,
}

/// How a page of the file becomes the upright page that boxes refer to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PageView {
    /// 1-based in the file.
    pub page: u32,
    /// The sheet in a photograph, which is made flat first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub corners: Option<Corners>,
    /// Clockwise: 0, 90, 180, 270.
    pub turned: u16,
    /// After that, in radians counterclockwise.
    pub levelled: f32,
}

impl PageView {
    /// The page of the file as the boxes refer to it: upright and level.
    pub fn upright(view: Option<&Self>, picture: Arc<Gray>) -> Gray {
        let flat = match view.and_then(|v| v.corners) {
            Some(corners) => picture.flattened(&corners),
            None => Arc::unwrap_or_clone(picture),
        };
        let turned = match view.map_or(0, |v| v.turned) {
            0 => flat,
            degrees => flat.turned(degrees),
        };
        match view.map_or(0.0, |v| v.levelled) {
            0.0 => turned,
            angle => turned.levelled(angle),
        }
    }
}

/// One paper: the pages that form it, what they say and what follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Relative to the folder of scans, with `/` between parts; a file in a ZIP is `archive.zip/inner.pdf`.
    pub file: String,
    pub sha256: Sha256,
    /// First and last page, 1-based in the file.
    pub pages: [u32; 2],
    /// `None`: no certificate, or a form nobody knows.
    pub form: Option<FormGuess>,
    pub fields: Fields,
    pub states: Vec<StateClaim>,
    pub signature: Signature,
    /// Words on the paper that may be a customer's code or e-mail address, at most [`Document::MOST_MENTIONS`].
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub mentions: Vec<String>,
    pub findings: Vec<Finding>,
    #[serde(rename = "match")]
    pub matched: Option<Match>,
    pub disposition: Disposition,
    /// Why it is not accepted, in words; empty when accepted.
    pub reasons: Vec<String>,
    /// The pages that were turned or levelled.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub views: Vec<PageView>,
    /// Nothing speaks against it; it was drawn by chance, for a person to check the program.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub drawn: bool,
    /// What a person decided.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ruled: Option<Ruled>,
}

impl Document {
    pub const MOST_MENTIONS: usize = 200;

    /// The rule under which a second copy of the same file is set aside.
    pub const SAME_FILE: &str = "same-file";

    /// Is this the same file as an earlier one, byte for byte? Then nobody has to look at it.
    pub fn is_copy(&self) -> bool {
        self.findings.iter().any(|f| f.rule == Self::SAME_FILE)
    }

    /// The pages and bytes that it is.
    pub fn reference(&self) -> DocumentRef {
        DocumentRef { file: self.file.clone(), pages: self.pages, sha256: self.sha256.clone() }
    }

    /// The customers that it is linked to: whom a person named, else the one that the program is sure of.
    pub fn customers(&self) -> Vec<&CustomerCode> {
        match (&self.ruled, &self.matched) {
            (Some(ruled), _) => ruled.customers.iter().collect(),
            (None, Some(found)) if found.sure => vec![&found.customer_code],
            _ => vec![],
        }
    }

    /// Whom it belongs to by what is known: whom a person named, else the customer that matches best, sure or not.
    pub fn likely_customers(&self) -> Vec<&CustomerCode> {
        match (&self.ruled, &self.matched) {
            (Some(ruled), _) => ruled.customers.iter().collect(),
            (None, found) => found.iter().map(|m| &m.customer_code).collect(),
        }
    }

    /// Does it wait for a person? What a person decided does not, nor does a copy.
    pub fn waits(&self) -> bool {
        self.disposition != Disposition::Accept && self.ruled.is_none() && !self.is_copy()
    }

    /// Did a person decide otherwise than the program would have?
    pub fn was_overruled(&self) -> bool {
        self.ruled
            .as_ref()
            .is_some_and(|r| !r.changed.is_empty() || self.disposition != r.machine || r.customers.iter().ne(r.machine_customer.as_slice()))
    }

    /// A stable name for this document in this run: `scan0007.pdf#1-2`.
    pub fn key(&self) -> String {
        format!("{}#{}-{}", self.file, self.pages[0], self.pages[1])
    }
}
