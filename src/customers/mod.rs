//! A grid to the merchant's customers: which column means what, who is exempt and why, and what is wrong with the data.
//!
//! Owns: column mapping, exemption rules, data quality, forensics of customer codes, the summary. Pure: the same grids give the same list.
//! The words it knows are data files in `data/`, so that a header or a flag value can be added without reading Rust.
//! Must not touch: files, network, clock, Avalara's JSON.
//! Called by: `wizard`, and the `customers` commands through it.

mod address;
mod catalogue;
mod codes;
mod corrections;
mod exemption;
mod facts;
mod layout;
mod mapping_file;
mod pass;
mod places;
mod profile;
mod read;
mod row;
mod summary;
mod target;
mod text;

pub use codes::code_and_name;
pub use corrections::{Corrections, CorrectionsError, is_problems_workbook};
pub use layout::{Ambiguity, Candidate, CustomersError, Doubt, Layout, MappedColumn, Mapping, Wish, propose};
pub use mapping_file::{MappingFile, columns_by_name, propose_with};
pub use pass::{Finished, Piece, Reading};
pub use read::{CustomerList, Rejected, Settle, SettleContradictions, read};
pub use summary::{IssueCount, ReasonCount, RuleCount, StateCount, Summary};
pub use target::Target;
