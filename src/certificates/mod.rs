//! Words to documents: which form a page is, its fields with their evidence, what the rules say.
//!
//! Owns: the form catalogue (data files), recognition, reading by layout, rules and findings, the disposition.
//! Must not touch: files, network, the clock (today is passed in), customers, matching.
//! Called by: the wizard and `extract`.

mod account;
mod address;
mod amend;
mod captions;
mod catalogue;
mod choices;
mod circles;
mod dates;
mod frames;
mod ink;
mod labels;
mod numbers;
mod pages;
mod parties;
mod places;
mod read;
mod recognise;
mod rulebook;
mod rules;
mod second;
mod settle;
mod sheet;
mod signature;
mod states;
mod text;
mod weigh;

pub use account::account;
pub use amend::{amend, missing_for_accept, place, shown};
pub use catalogue::{BlanketRule, Catalogue, Expiration, ExpirationRule, Form, Jurisdiction, Kind};
pub use ink::Ink;
pub use pages::{explain_page, judge, read_documents, read_papers};
pub use read::{SeenPage, see};
pub use rulebook::{Rule, RuleBook};
pub use second::{Look, doubtful_lines, looks};
pub use settle::{Case, SeenPapers, draw, hold_drawn, settle};
pub use weigh::{ReadByOther, Reread, adopt, settled};

use jiff::civil::Date;

/// What is known besides the paper when it is read.
#[derive(Clone, Copy)]
pub struct ReadContext<'a> {
    pub catalogue: &'a Catalogue,
    /// The merchant's name: certificates are addressed to it.
    pub seller: Option<&'a str>,
}

/// What is known besides the paper when the rules are asked. Reading does not know the day, so that what was read holds on the next one, too.
#[derive(Clone, Copy)]
pub struct RuleContext<'a> {
    pub catalogue: &'a Catalogue,
    /// The merchant's name.
    pub seller: Option<&'a str>,
    pub today: Date,
}

impl<'a> RuleContext<'a> {
    pub fn reading(&self) -> ReadContext<'a> {
        ReadContext { catalogue: self.catalogue, seller: self.seller }
    }
}
