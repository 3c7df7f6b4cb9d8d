//! The words of the field as types, and what always holds of them.
//!
//! Owns: validated values (`CustomerCode`, `Region`, `ExemptionReason` …) and the plain records the other modules hand to each other.
//! Must not touch: files, network, terminal, clock, any vendor's wire format, any other module of this crate.
//! Called by: everything.

mod address;
mod attribute;
mod certificate;
mod customer;
mod document;
mod exemption;
mod grid;
mod ids;
mod invitation;
mod issue;
mod nearest;
mod page;
mod paper;
mod policy;
mod printable;
mod reading;
mod region;
mod review;
mod yaml;
mod zip;

pub use address::Address;
pub use attribute::{Attribute, AttributeOwner, DocumentForm, EcommerceToken};
pub use certificate::{CertificateDraft, CertificateOnFile, ExposureZone};
pub use customer::{Contact, Customer, CustomerOnFile, ExemptStatus, Exemption};
pub use document::{
    Disposition, Document, DocumentRef, Field, Fields, Finding, FormGuess, Match, PageView, RunnerUp, Signature, StateClaim, Verdict,
};
pub use exemption::{ExemptionReason, TaxNumber};
pub use grid::{Cell, Grid, Row};
pub use ids::{CertificateId, CompanyCode, CompanyId, CustomerCode, CustomerCodeError, InvitationId, ReasonId, Sha256, ZoneId};
pub use invitation::{
    AskedBefore, CoverLetter, Delivery, InvitationDraft, InvitationOnFile, InvitationReceipt, InvitationState, ReasonOnFile,
};
pub use issue::{Issue, IssueKind, Severity};
pub use nearest::nearest;
pub use page::{BBox, Corners, Gray, Mark, MarkValue, PageContent, PageOrigin, Word, with_typed};
pub use paper::{Paper, Reading};
pub use policy::{Consequence, Policy, PolicyWishes, Sample};
pub use printable::{counted, printable, printable_lines, visible};
pub use reading::{ReaderVersion, ReadingKey};
pub use region::{Country, Region};
pub use review::{
    CandidateView, Checked, Command, Correction, Edits, FieldView, FindingView, Handling, Hints, Mistyped, PaperField, PaperView, Queue,
    QueueItem, ReviewEntry, ReviewError, Ruled, Ruling, Standing, StateEdit, StateView, hold_unfitting,
};
pub use yaml::{from_yaml, yaml_value};
pub use zip::states_of_zip;
