//! What a person decides about papers, and what a person is shown to decide it.

use super::{BBox, CustomerCode, Disposition, Document, DocumentRef, Fields, Sha256, StateClaim, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A value of a paper that a person may correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaperField {
    PurchaserName,
    PurchaserLine1,
    PurchaserCity,
    PurchaserRegion,
    PurchaserPostalCode,
    PurchaserPhone,
    SellerName,
    SignedDate,
    ExpirationDate,
    Reason,
    Blanket,
}

impl PaperField {
    pub const ALL: [PaperField; 11] = [
        PaperField::PurchaserName,
        PaperField::PurchaserLine1,
        PaperField::PurchaserCity,
        PaperField::PurchaserRegion,
        PaperField::PurchaserPostalCode,
        PaperField::PurchaserPhone,
        PaperField::SellerName,
        PaperField::SignedDate,
        PaperField::ExpirationDate,
        PaperField::Reason,
        PaperField::Blanket,
    ];

    /// What a person calls it.
    pub fn label(self) -> &'static str {
        match self {
            PaperField::PurchaserName => "Purchaser",
            PaperField::PurchaserLine1 => "Street",
            PaperField::PurchaserCity => "City",
            PaperField::PurchaserRegion => "State",
            PaperField::PurchaserPostalCode => "ZIP",
            PaperField::PurchaserPhone => "Phone",
            PaperField::SellerName => "Seller",
            PaperField::SignedDate => "Signed on",
            PaperField::ExpirationDate => "Expires on",
            PaperField::Reason => "Reason",
            PaperField::Blanket => "Kind",
        }
    }
}

impl fmt::Display for PaperField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// What a person typed for a paper. What is left out stays as it was read; an empty text says that the paper does not have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edits {
    #[serde(default)]
    pub fields: BTreeMap<PaperField, String>,
    /// All states that the paper claims, with their numbers.
    #[serde(default)]
    pub states: Option<Vec<StateEdit>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateEdit {
    pub region: String,
    /// Empty where the paper shows no number for this state.
    #[serde(default)]
    pub number: String,
}

/// A text that can't be used, by the field it was typed in (`states` for the table).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistyped {
    pub field: String,
    pub why: String,
}

/// A value that a person read otherwise than the program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Correction {
    pub what: String,
    /// As the program had it; empty where it had nothing.
    pub read: String,
    pub written: String,
}

impl fmt::Display for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &'_ str| if text.is_empty() { "nothing".to_owned() } else { format!("“{text}”") };
        write!(f, "{}: {} instead of {}", self.what, shown(&self.written), shown(&self.read))
    }
}

/// What a person said of a paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ruling", rename_all = "snake_case")]
pub enum Ruling {
    /// The certificate is good, and belongs to these customers; the values are what the person saw and agreed to.
    Accept {
        customers: Vec<CustomerCode>,
        /// The customers' names as the person saw them: should the list have somebody else under a code later, the ruling no longer fits.
        names: Vec<String>,
        fields: Box<Fields>,
        states: Vec<StateClaim>,
        changed: Vec<Correction>,
    },
    /// It is not to be used.
    Reject { why: String },
    /// Somebody will look again; the paper goes to the end of the queue.
    Later,
    /// An earlier ruling does not hold any more.
    Reopen,
}

/// How a person wants a file to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "handling", rename_all = "snake_case")]
pub enum Handling {
    /// Another paper begins on this page (1-based in the file).
    Cut { page: u32 },
    /// The page belongs to the paper before it.
    Join { page: u32 },
    /// The page stands upright when it is turned clockwise by 0, 90, 180 or 270 degrees.
    Turn { page: u32, degrees: u16 },
}

/// One entry of a run's review, in the order in which they were made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum ReviewEntry {
    Paper {
        paper: DocumentRef,
        #[serde(flatten)]
        ruling: Ruling,
        by: String,
        at: Timestamp,
    },
    File {
        file: String,
        sha256: Sha256,
        #[serde(flatten)]
        handling: Handling,
        by: String,
        at: Timestamp,
    },
}

impl ReviewEntry {
    pub fn at(&self) -> Timestamp {
        match self {
            ReviewEntry::Paper { at, .. } | ReviewEntry::File { at, .. } => *at,
        }
    }

    /// The file it is about, by name and bytes.
    pub fn file(&self) -> (&str, &Sha256) {
        match self {
            ReviewEntry::Paper { paper, .. } => (&paper.file, &paper.sha256),
            ReviewEntry::File { file, sha256, .. } => (file, sha256),
        }
    }
}

/// How a file is to be read, by the word of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hints {
    /// Pages on which a paper begins, whatever they look like.
    pub cuts: BTreeSet<u32>,
    /// Pages that belong to the paper before them, whatever they look like.
    pub joins: BTreeSet<u32>,
    /// Page to degrees, clockwise.
    pub turns: BTreeMap<u32, u16>,
}

impl Hints {
    /// What the entries say of a file with these bytes, whatever its name.
    pub fn of(entries: &[ReviewEntry], bytes: &Sha256) -> Self {
        let mut hints = Hints::default();
        for entry in entries {
            match entry {
                ReviewEntry::File { sha256, handling, .. } if sha256 == bytes => match *handling {
                    Handling::Cut { page } => {
                        hints.joins.remove(&page);
                        hints.cuts.insert(page);
                    }
                    Handling::Join { page } => {
                        hints.cuts.remove(&page);
                        hints.joins.insert(page);
                    }
                    Handling::Turn { page, degrees } => drop(hints.turns.insert(page, degrees)),
                },
                _ => {}
            }
        }
        hints
    }

    pub fn is_empty(&self) -> bool {
        self.cuts.is_empty() && self.joins.is_empty() && self.turns.is_empty()
    }
}

/// A person's word on a paper, beside what the program would have done by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ruled {
    pub by: String,
    pub at: Timestamp,
    /// Whom it is linked to; empty where it was rejected.
    pub customers: Vec<CustomerCode>,
    /// Values that the person read otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub changed: Vec<Correction>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
    /// What the program said.
    pub machine: Disposition,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub machine_customer: Option<CustomerCode>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub machine_reasons: Vec<String>,
}

impl Document {
    /// The last ruling on this paper among the entries, if it still holds. The file may have another name by now; its bytes are the same.
    pub fn ruling<'e>(&self, entries: &'e [ReviewEntry]) -> Option<&'e ReviewEntry> {
        let mine = |entry: &&ReviewEntry| {
            let ReviewEntry::Paper { paper, .. } = entry else { return false };
            paper.pages == self.pages && paper.sha256 == self.sha256
        };
        entries.iter().rev().find(mine).filter(|entry| !matches!(entry, ReviewEntry::Paper { ruling: Ruling::Reopen, .. }))
    }

    /// Puts the last ruling on a document that the program has settled. A ruling is made on values that a person saw, so those are what holds.
    pub fn rule(&mut self, entries: &[ReviewEntry]) {
        // A copy is not used, whatever was said of the first.
        if self.is_copy() {
            return;
        }
        let Some(ReviewEntry::Paper { ruling, by, at, .. }) = self.ruling(entries) else { return };
        let machine_customer = self.matched.as_ref().filter(|m| m.sure).map(|m| m.customer_code.clone());
        let machine = if self.drawn { Disposition::Accept } else { self.disposition };
        let machine_reasons = if self.drawn { vec![] } else { self.reasons.clone() };
        let ruled = |customers, changed, why| Ruled {
            by: by.clone(),
            at: *at,
            customers,
            changed,
            why,
            machine,
            machine_customer: machine_customer.clone(),
            machine_reasons: machine_reasons.clone(),
        };
        match ruling {
            Ruling::Accept { customers, fields, states, changed, .. } => {
                self.ruled = Some(ruled(customers.clone(), changed.clone(), None));
                self.fields = (**fields).clone();
                self.states = states.clone();
                self.disposition = Disposition::Accept;
                self.reasons = vec![];
            }
            Ruling::Reject { why } => {
                self.ruled = Some(ruled(vec![], vec![], Some(why.clone())));
                self.disposition = Disposition::Reject;
                self.reasons = vec![format!("rejected by {by}: {why}")];
            }
            Ruling::Later | Ruling::Reopen => {}
        }
    }
}

/// Sends the papers of a file to review in which a ruling fits none of them any more: the file was read otherwise than when the person decided.
pub fn hold_unfitting(documents: &mut [Document], entries: &[ReviewEntry]) {
    let mut lost: BTreeMap<&Sha256, (&str, [u32; 2])> = BTreeMap::new();
    for entry in entries {
        let ReviewEntry::Paper { paper, ruling, by, .. } = entry else { continue };
        // The last word on these pages counts, and only one that decided something.
        if !matches!(ruling, Ruling::Accept { .. } | Ruling::Reject { .. }) {
            lost.retain(|sha256, (_, pages)| *sha256 != &paper.sha256 || *pages != paper.pages);
        } else if !documents.iter().any(|d| d.sha256 == paper.sha256 && d.pages == paper.pages) {
            lost.insert(&paper.sha256, (by, paper.pages));
        }
    }
    for document in documents.iter_mut().filter(|d| d.disposition == Disposition::Accept) {
        if let Some((by, [first, last])) = lost.get(&document.sha256) {
            document.disposition = Disposition::Review;
            document.reasons.push(format!("{by} decided about pages {first} to {last} of this file, which now read as other papers"));
        }
    }
}

/// What a person does with a paper.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    Accept {
        customers: Vec<CustomerCode>,
        #[serde(default)]
        edits: Edits,
        /// The person saw that a rule would reject the paper, and accepts it all the same.
        #[serde(default)]
        despite: bool,
    },
    Reject {
        why: String,
    },
    Later,
    Reopen,
    /// Another paper begins on this page (1-based in the file).
    Split {
        page: u32,
    },
    /// The paper does not begin on this page: it belongs to the one before.
    Join {
        page: u32,
    },
    /// Turn the page as it is shown a quarter clockwise, and read it anew.
    Turn {
        page: u32,
    },
}

// ---- what a person is shown ---------------------------------------------------------------------------------------------------------

/// Where a paper stands in the review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Open,
    Later,
    Accepted,
    Rejected,
    /// Its certificates are in the service; nothing can be changed here any more.
    Applied,
}

/// A line of the queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QueueItem {
    /// Names the paper in this run's addresses.
    pub id: String,
    pub file: String,
    pub pages: [u32; 2],
    pub form: Option<String>,
    pub purchaser: Option<String>,
    pub states: Vec<String>,
    /// What the program would do.
    pub disposition: Disposition,
    pub why: Vec<String>,
    /// Drawn by chance as a check on the program.
    pub drawn: bool,
    pub standing: Standing,
    pub ruled_by: Option<String>,
}

/// The whole queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Queue {
    pub run: String,
    pub merchant: String,
    /// Who decides here.
    pub user: String,
    pub items: Vec<QueueItem>,
    /// Files and pages that could not be read, and why.
    pub unreadable: Vec<(String, String)>,
    pub customers: usize,
}

/// One value with its place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldView {
    pub field: PaperField,
    pub label: &'static str,
    pub value: String,
    /// As the program read it.
    pub read: String,
    pub confidence: Option<f32>,
    pub page: Option<u32>,
    pub bbox: Option<BBox>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StateView {
    pub region: String,
    pub number: String,
    pub confidence: Option<f32>,
    pub page: Option<u32>,
    pub bbox: Option<BBox>,
}

/// A finding in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FindingView {
    pub rule: String,
    pub short: String,
    pub asks: String,
    pub verdict: Verdict,
    /// `note`, `review`, `reject`; nothing where the paper passes.
    pub follows: Option<String>,
    pub evidence: String,
    pub source: String,
}

/// A customer to choose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CandidateView {
    pub code: CustomerCode,
    pub name: String,
    pub address: String,
    pub exempt: bool,
    /// 0 to 1.
    pub score: f32,
    pub evidence: Vec<String>,
    /// What on the paper speaks against this customer.
    pub against: Vec<String>,
}

/// A paper with everything that a person needs to decide about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PaperView {
    pub item: QueueItem,
    /// Changes whenever somebody decided something about the file; a decision names the one that it was made on.
    pub revision: u64,
    pub form_title: Option<String>,
    pub signed: bool,
    pub fields: Vec<FieldView>,
    pub states: Vec<StateView>,
    pub findings: Vec<FindingView>,
    pub candidates: Vec<CandidateView>,
    /// Chosen at the start: those that an earlier ruling names, or the one that the program is sure of.
    pub chosen: Vec<CustomerCode>,
    pub doubt: Option<String>,
    pub ruled: Option<Ruled>,
    /// It may be joined to the paper before it: its file was split or turned by a person.
    pub cut: bool,
    /// Reasons for exemption that may be chosen.
    pub reasons: Vec<String>,
}

/// What follows from what a person typed, before it is decided.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Checked {
    pub mistyped: Vec<Mistyped>,
    pub findings: Vec<FindingView>,
    /// The nearest customers by what was typed, and those that were asked about.
    pub candidates: Vec<CandidateView>,
}

/// Why something could not be done with a paper.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReviewError {
    #[error("this run has no such paper; it may have been split, so look at the list again")]
    NoSuchPaper,
    /// Somebody else, or another window, was quicker.
    #[error("somebody decided about this file in the meantime; look at what is there now")]
    Outdated,
    #[error("{}", .0.iter().map(|m| format!("{}: {}", m.field, m.why)).collect::<Vec<_>>().join("; "))]
    Mistyped(Vec<Mistyped>),
    /// These rules would reject the paper; whoever accepts it all the same must say so.
    #[error("by the rules this paper would be rejected: {}", .0.join("; "))]
    Despite(Vec<String>),
    /// What was asked for makes no sense for this paper.
    #[error("{0}")]
    Refused(String),
    /// Files or journal failed.
    #[error("{0}")]
    Failed(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FormGuess, Signature};

    fn paper() -> Document {
        Document {
            file: "a.pdf".into(),
            sha256: Sha256::of(b"a"),
            pages: [2, 2],
            form: Some(FormGuess { id: "TX-01-339".into(), title: "t".into(), confidence: 0.9 }),
            fields: Fields::default(),
            states: vec![],
            signature: Signature { present: true, confidence: 0.9 },
            mentions: vec![],
            findings: vec![],
            matched: None,
            disposition: Disposition::Review,
            reasons: vec!["number hard to read".into()],
            views: vec![],
            drawn: false,
            ruled: None,
        }
    }

    fn entry(ruling: Ruling) -> ReviewEntry {
        ReviewEntry::Paper { paper: paper().reference(), ruling, by: "ann".into(), at: Timestamp::UNIX_EPOCH }
    }

    fn accept(changed: Vec<Correction>) -> Ruling {
        let customers = vec![CustomerCode::new("C-1").unwrap()];
        Ruling::Accept { customers, names: vec!["Quay Brass".into()], fields: Box::default(), states: vec![], changed }
    }

    fn ruled(entries: &[ReviewEntry]) -> Document {
        let mut document = paper();
        document.rule(entries);
        document
    }

    #[test]
    fn the_last_ruling_holds_until_it_is_taken_back() {
        let good = ruled(&[entry(Ruling::Later), entry(accept(vec![]))]);
        assert_eq!((good.disposition, good.customers().len(), good.was_overruled()), (Disposition::Accept, 1, true));
        assert_eq!(ruled(&[entry(accept(vec![])), entry(Ruling::Reopen)]), paper());
        let bad = ruled(&[entry(accept(vec![])), entry(Ruling::Reject { why: "not signed by an officer".into() })]);
        assert_eq!((bad.disposition, bad.customers().len()), (Disposition::Reject, 0));
        // The same name with other bytes: not this paper. Other pages: not this paper either, and that is told.
        let other = DocumentRef { sha256: Sha256::of(b"b"), ..paper().reference() };
        let entry = ReviewEntry::Paper { paper: other, ruling: accept(vec![]), by: "ann".into(), at: Timestamp::UNIX_EPOCH };
        assert_eq!(ruled(&[entry]), paper());
    }

    #[test]
    fn a_ruling_that_fits_no_paper_any_more_holds_the_file_back() {
        let mut documents = [Document { pages: [2, 3], disposition: Disposition::Accept, reasons: vec![], ..paper() }];
        hold_unfitting(&mut documents, &[entry(Ruling::Reject { why: "no".into() })]);
        assert_eq!(documents[0].disposition, Disposition::Review);
        assert!(documents[0].reasons[0].contains("ann decided about pages 2 to 2"), "{:?}", documents[0].reasons);
        let mut fits = [Document { disposition: Disposition::Accept, ..paper() }];
        hold_unfitting(&mut fits, &[entry(Ruling::Reject { why: "no".into() })]);
        assert_eq!(fits[0].disposition, Disposition::Accept, "the ruling itself decides");
    }

    #[test]
    fn a_copy_is_not_ruled_on() {
        let mut copy = paper();
        copy.findings.push(crate::domain::Finding {
            rule: Document::SAME_FILE.into(),
            verdict: Verdict::Fail,
            evidence: "the same file".into(),
        });
        copy.rule(&[entry(accept(vec![]))]);
        assert!(copy.ruled.is_none() && copy.customers().is_empty());
    }

    #[test]
    fn a_paper_that_was_drawn_and_found_right_is_not_overruled() {
        let mut document = paper();
        document.drawn = true;
        document.matched = Some(crate::domain::Match {
            customer_code: CustomerCode::new("C-1").unwrap(),
            score: 0.9,
            evidence: vec![],
            runner_up: None,
            sure: true,
            doubt: None,
            also: vec![],
        });
        let with = |ruling: Ruling| {
            let mut document = document.clone();
            document.rule(&[entry(ruling)]);
            document.was_overruled()
        };
        assert!(!with(accept(vec![])));
        assert!(with(accept(vec![Correction { what: "City".into(), read: "A".into(), written: "B".into() }])));
        assert!(with(Ruling::Reject { why: "no".into() }));
    }

    #[test]
    fn an_entry_reads_as_it_was_written() {
        let turn = Handling::Turn { page: 2, degrees: 90 };
        let file = |handling| ReviewEntry::File {
            file: "a.pdf".into(),
            sha256: Sha256::of(b"a"),
            handling,
            by: "ann".into(),
            at: Timestamp::UNIX_EPOCH,
        };
        let entries = [entry(accept(vec![])), entry(Ruling::Later), file(turn), file(Handling::Cut { page: 2 })];
        for entry in &entries {
            let text = serde_json::to_string(entry).unwrap();
            assert_eq!(serde_json::from_str::<ReviewEntry>(&text).unwrap(), *entry, "{text}");
        }
        let hints = Hints::of(&entries, &Sha256::of(b"a"));
        assert_eq!((hints.cuts, hints.turns), ([2].into(), [(2, 90)].into()));
        assert!(Hints::of(&entries, &Sha256::of(b"b")).is_empty());
        let joined: Vec<ReviewEntry> = entries.iter().cloned().chain([file(Handling::Join { page: 2 })]).collect();
        let hints = Hints::of(&joined, &Sha256::of(b"a"));
        assert_eq!((hints.cuts, hints.joins), ([].into(), [2].into()));
        let command: Command =
            serde_json::from_str(r#"{"do":"accept","customers":["C-1"],"edits":{"fields":{"reason":"RESALE"}}}"#).unwrap();
        assert!(matches!(command, Command::Accept { despite: false, edits, .. } if edits.fields[&PaperField::Reason] == "RESALE"));
    }
}
