//! The desk at which a person decides about a run's papers.
//!
//! Owns: the queue, what a person is shown, what may be decided, reading a file anew after it was split or turned.
//! Must not touch: browsers, the terminal, the service. Decisions go to the journal; a resumed run carries them out.
//! Called by: the review's page and its twin on the terminal, through [`ReviewDesk`].

use super::WizardError;
use super::reading::{Cache, NO_PAPER, PATIENCE, Reader};
use super::scans::{JournalCache, reader_key};
use crate::apply;
use crate::certificates::{self, Case, Catalogue, ReadContext, RuleBook};
use crate::domain::{
    CandidateView, Checked, Command, Consequence, Customer, CustomerCode, Disposition, Document, Edits, FieldView, Finding, FindingView,
    Gray, Handling, Hints, Mistyped, PaperField, PaperView, Policy, Queue, QueueItem, ReviewEntry, ReviewError, Ruling, Sha256, Standing,
    StateView, Verdict,
};
use crate::matching::{Fit, Index};
use crate::plan::{Gate, Write};
use crate::ports::{
    ActionState, Clock, Interrupt, JournalError, JournalStore, OcrEngines, ReviewDesk, RunRecord, ScanFile, ScanFolder, Silence, Unreadable,
};
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Customers shown to choose from; more only hide the right one.
const CANDIDATES: usize = 6;
/// Results of a search.
const FOUND: usize = 20;
/// A paper belongs to no more customers than this.
const MOST_CUSTOMERS: usize = 20;
/// Characters of a reason.
const LONGEST_WHY: usize = 500;

/// What a run knows that its review needs.
pub struct ReviewedRun {
    pub name: String,
    pub merchant: String,
    pub folder: PathBuf,
    pub today: Date,
    pub policy: Policy,
    pub customers: Vec<Customer>,
    conflicting: BTreeSet<CustomerCode>,
    unreadable: Vec<(String, String)>,
}

impl ReviewedRun {
    /// From a run's record. Errors: the run has not come so far as to read papers, or wrote nothing because it was a dry run.
    pub fn of(name: &str, record: &RunRecord) -> Result<Self, WizardError> {
        let input = |what: &str| WizardError::Input(format!("{name}: {what}"));
        if record.header.pointer("/run/dry_run").and_then(serde_json::Value::as_bool) == Some(true) {
            return Err(input("this was a dry run, and resume would not carry out what is decided; run it again without --dry-run"));
        }
        let step = |step: &str| record.steps.iter().find(|s| s.name == step).map(|s| &s.outcome);
        fn part<T: DeserializeOwned>(value: Option<&serde_json::Value>) -> Option<T> {
            serde_json::from_value(value?.clone()).ok()
        }
        let unread = || input("this run has not read its papers yet; go on with certonboard resume");
        let read = step("read_certificates").ok_or_else(unread)?;
        let list = step("read_customers").ok_or_else(unread)?;
        let answer = |key: &str| record.answers.iter().find(|a| a.key == key).map(|a| &a.value);
        Ok(Self {
            name: name.to_owned(),
            merchant: part(answer("merchant")).unwrap_or_default(),
            folder: part(read.get("folder")).ok_or_else(unread)?,
            today: part(record.header.pointer("/run/today")).ok_or_else(|| input("the record does not tell the day of the run"))?,
            policy: part(step("policy")).ok_or_else(|| input("this run holds no policy; it was made by an older version"))?,
            customers: part(list.get("customers")).ok_or_else(unread)?,
            conflicting: part(list.get("conflicting")).unwrap_or_default(),
            unreadable: record.unreadable.clone(),
        })
    }
}

/// What the desk works with.
pub struct DeskPorts {
    pub journal: Arc<dyn JournalStore>,
    pub scans: Arc<dyn ScanFolder>,
    pub engines: Arc<dyn OcrEngines>,
    pub clock: Arc<dyn Clock>,
    pub user: String,
    pub jobs: usize,
}

struct State {
    /// As the program settled them, without what persons decided.
    documents: Vec<Document>,
    entries: Vec<ReviewEntry>,
    /// Papers whose certificates this run is making or has made.
    applied: Vec<Applied>,
}

/// A certificate in an approved plan.
struct Applied {
    write: Write,
    approved: jiff::Timestamp,
}

pub struct Desk<'a> {
    run: &'a ReviewedRun,
    index: Index<'a>,
    ports: DeskPorts,
    state: Mutex<State>,
}

impl<'a> Desk<'a> {
    pub fn open(run: &'a ReviewedRun, ports: DeskPorts) -> Result<Self, WizardError> {
        let journal = &*ports.journal;
        let state = State { documents: journal.documents()?, entries: journal.review()?, applied: applied(journal)? };
        let index = Index::new(&run.customers, (!run.merchant.is_empty()).then_some(run.merchant.as_str()));
        let desk = Self { run, index, ports, state: Mutex::new(state) };
        desk.catch_up()?;
        Ok(desk)
    }

    /// Reads files anew whose splitting or turning is in the journal, but not yet what came of it: the program was stopped in between.
    fn catch_up(&self) -> Result<(), WizardError> {
        let entries = self.lock().entries.clone();
        let mut files: Vec<(String, Sha256)> = vec![];
        for entry in entries.iter().filter(|e| matches!(e, ReviewEntry::File { .. })) {
            let (file, sha256) = entry.file();
            if !files.iter().any(|(f, s)| f == file && s == sha256) {
                files.push((file.to_owned(), sha256.clone()));
            }
        }
        let cache = self.cache();
        for (file, sha256) in files {
            if cache.get(&file, &sha256, &Hints::of(&entries, &file, &sha256)).is_none() {
                let documents = self.read_again(&file, &sha256, &entries).map_err(|e| WizardError::Input(format!("{file}: {e}")))?;
                self.replace(&file, documents);
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic between two changes of the state leaves it whole: each change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cache(&self) -> JournalCache<'_> {
        let context = reader_key(&self.run.merchant, self.run.today, &self.run.customers, &self.run.policy);
        JournalCache { journal: &*self.ports.journal, context }
    }

    fn context(&self) -> ReadContext<'_> {
        let seller = (!self.run.merchant.is_empty()).then_some(self.run.merchant.as_str());
        ReadContext { catalogue: Catalogue::builtin(), seller, today: self.run.today }
    }

    fn case<'c>(&'c self, customer: Option<&'c Customer>) -> Case<'c> {
        Case { policy: &self.run.policy, today: self.run.today, customers_known: true, customer }
    }

    fn replace(&self, file: &str, documents: Vec<Document>) {
        let mut state = self.lock();
        let at = state.documents.iter().position(|d| d.file == file).unwrap_or(state.documents.len());
        state.documents.retain(|d| d.file != file);
        state.documents.splice(at..at, documents);
    }

    fn scan(&self, name: &str) -> Result<ScanFile, ReviewError> {
        let listing = self.ports.scans.list(&self.run.folder).map_err(refused)?;
        let gone = || ReviewError::Refused(format!("{name} is no longer in {}", self.run.folder.display()));
        listing.files.into_iter().find(|f| f.name == name).ok_or_else(gone)
    }

    /// The papers of a file, read with what the entries say of it, and kept in the journal.
    fn read_again(&self, name: &str, sha256: &Sha256, entries: &[ReviewEntry]) -> Result<Vec<Document>, ReviewError> {
        let file = self.scan(name)?;
        if self.ports.scans.open(&file).map_err(refused)?.sha256() != sha256 {
            return Err(ReviewError::Refused(format!("{name} was changed after it was read; start a new run")));
        }
        let (interrupt, cache) = (Interrupt::default(), self.cache());
        let reader = Reader {
            folder: &*self.ports.scans,
            engines: &*self.ports.engines,
            seller: self.context().seller,
            today: self.run.today,
            index: Some(&self.index),
            doubtful: Some(&self.run.conflicting),
            policy: &self.run.policy,
            review: entries,
            jobs: self.ports.jobs,
            patience: PATIENCE,
            interrupt: &interrupt,
            progress: &Silence,
            cache: &cache,
        };
        let mut read = None;
        reader.read_all(&[file], |done| read = Some(done));
        let read = read.ok_or_else(|| ReviewError::Failed("the file could not be read".to_owned()))?;
        match read.documents.map_err(refused)? {
            found if found.is_empty() => Err(ReviewError::Refused(NO_PAPER.to_owned())),
            found => Ok(found),
        }
    }

    fn at(&self) -> jiff::Timestamp {
        self.ports.clock.now()
    }

    fn candidate(&self, fit: &Fit) -> Option<CandidateView> {
        let customer = self.index.customer(&fit.found.customer_code)?;
        Some(CandidateView {
            code: customer.code.clone(),
            name: customer.name.clone(),
            address: customer.address.one_line(),
            exempt: customer.is_exempt(),
            score: fit.found.score,
            evidence: fit.found.evidence.clone(),
            against: fit.against.iter().map(|what| (*what).to_owned()).collect(),
        })
    }

    /// The nearest customers, and those that somebody asks for.
    fn candidates(&self, document: &Document, wanted: &[CustomerCode]) -> Vec<CandidateView> {
        let mut fits = self.index.candidates(document, CANDIDATES);
        // The same company under other codes comes with the best.
        let also = document.matched.iter().flat_map(|m| std::iter::once(&m.customer_code).chain(&m.also));
        for code in wanted.iter().chain(also) {
            if !fits.iter().any(|fit| fit.found.customer_code == *code) {
                fits.extend(self.index.fit(document, code));
            }
        }
        fits.iter().filter_map(|fit| self.candidate(fit)).collect()
    }

    /// The document as the person has it, settled for the customer that was chosen first.
    fn amended(&self, document: &Document, edits: &Edits, customers: &[CustomerCode]) -> Result<(Document, Edited), Vec<Mistyped>> {
        let (mut amended, changed) = certificates::amend(document, edits, &self.context())?;
        let (fields, states) = (Box::new(amended.fields.clone()), amended.states.clone());
        let chosen = customers.first().and_then(|code| self.index.customer(code));
        let matched = amended.matched.clone();
        let (drawn, drawn_reasons) = (amended.drawn, amended.reasons.clone());
        // Decided anew on what was typed, so that the findings are those of the chosen customer.
        certificates::settle(&mut amended, matched, self.case(chosen));
        if drawn {
            amended.reasons = drawn_reasons;
        }
        Ok((amended, Edited { fields, states, changed }))
    }

    fn findings(&self, document: &Document) -> Vec<FindingView> {
        let book = RuleBook::builtin();
        let place = |finding: &Finding| book.rules.iter().position(|rule| rule.name == finding.rule).unwrap_or(usize::MAX);
        let mut findings: Vec<&Finding> = document.findings.iter().collect();
        let weight = |f: &Finding| book.consequence(f, &self.run.policy);
        findings.sort_by_key(|f| (std::cmp::Reverse(weight(f)), place(f)));
        let view = |finding: &Finding| {
            let rule = book.rule(&finding.rule);
            FindingView {
                rule: finding.rule.clone(),
                short: rule.map_or(finding.rule.clone(), |r| r.short.clone()),
                asks: rule.map(|r| r.asks.clone()).unwrap_or_default(),
                verdict: finding.verdict,
                follows: weight(finding).map(|c| c.to_string()),
                evidence: finding.evidence.clone(),
                source: rule.map(|r| r.source.clone()).unwrap_or_default(),
            }
        };
        findings.into_iter().map(view).collect()
    }

    /// The rules that would reject a document.
    fn rejecting(&self, document: &Document) -> Vec<String> {
        let book = RuleBook::builtin();
        let rejects = |f: &&Finding| f.verdict != Verdict::Pass && book.consequence(f, &self.run.policy) == Some(Consequence::Reject);
        let told = |f: &Finding| format!("{}: {}", book.rule(&f.rule).map_or(f.rule.as_str(), |rule| &rule.short), f.evidence);
        document.findings.iter().filter(rejects).map(told).collect()
    }

    fn accept(&self, document: &Document, customers: Vec<CustomerCode>, edits: &Edits, despite: bool) -> Result<Ruling, ReviewError> {
        let refuse = |text: String| Err(ReviewError::Refused(text));
        if customers.is_empty() {
            return refuse("choose the customer that the paper belongs to".to_owned());
        }
        if customers.len() > MOST_CUSTOMERS {
            return refuse(format!("a paper can be linked to at most {MOST_CUSTOMERS} customers"));
        }
        let mut distinct = customers.clone();
        distinct.sort();
        distinct.dedup();
        if distinct.len() != customers.len() {
            return refuse("a customer was chosen twice".to_owned());
        }
        for code in &customers {
            if self.index.customer(code).is_none() {
                return refuse(format!("the customer list has no {code}"));
            }
            if self.run.conflicting.contains(code) {
                return refuse(format!("two different rows of the list have the code {code}; mend the list and start a new run"));
            }
        }
        let (amended, edited) = self.amended(document, edits, &customers).map_err(ReviewError::Mistyped)?;
        let missing = certificates::missing_for_accept(&amended);
        if !missing.is_empty() {
            return Err(ReviewError::Mistyped(missing));
        }
        let rejecting = self.rejecting(&amended);
        if !rejecting.is_empty() && !despite {
            return Err(ReviewError::Despite(rejecting));
        }
        let Edited { fields, states, changed } = edited;
        Ok(Ruling::Accept { customers, fields, states, changed })
    }

    /// A file read otherwise than before: another cut or another turn.
    fn handle(&self, document: &Document, handling: Handling) -> Result<(), ReviewError> {
        let entry = ReviewEntry::File {
            file: document.file.clone(),
            sha256: document.sha256.clone(),
            handling,
            by: self.ports.user.clone(),
            at: self.at(),
        };
        let mut entries = self.lock().entries.clone();
        entries.push(entry.clone());
        let documents = self.read_again(&document.file, &document.sha256, &entries)?;
        self.ports.journal.record_review(&entry)?;
        self.lock().entries.push(entry);
        self.replace(&document.file, documents);
        Ok(())
    }
}

/// What a person's edits made of a paper.
struct Edited {
    fields: Box<crate::domain::Fields>,
    states: Vec<crate::domain::StateClaim>,
    changed: Vec<crate::domain::Correction>,
}

fn refused(error: Unreadable) -> ReviewError {
    ReviewError::Refused(error.reason)
}

impl From<JournalError> for ReviewError {
    fn from(error: JournalError) -> Self {
        ReviewError::Failed(error.to_string())
    }
}

/// The certificates of every approved plan that were not refused.
fn applied(journal: &dyn JournalStore) -> Result<Vec<Applied>, JournalError> {
    let records = journal.actions(Gate::Certificates.name())?;
    let alive = |id: &str| records.iter().any(|r| r.id == id && r.state != ActionState::Failed);
    let mut all = vec![];
    for plan in apply::all_recorded(Gate::Certificates, journal)? {
        let approved = plan.approval().at;
        let actions = plan.plan().actions.iter().filter(|a| alive(&a.id));
        all.extend(actions.map(|a| Applied { write: a.write.clone(), approved }));
    }
    Ok(all)
}

/// A name for a paper that fits an address, the same as long as file and pages are.
fn id_of(document: &Document) -> String {
    Sha256::of(document.key().as_bytes()).short().to_owned()
}

/// Does anybody have to look at it? Copies wait for nobody.
fn is_queued(document: &Document, ruled: bool) -> bool {
    ruled || document.disposition != Disposition::Accept && !document.is_copy()
}

impl State {
    fn find(&self, id: &str) -> Result<&Document, ReviewError> {
        let found = self.documents.iter().find(|d| id_of(d) == id);
        found.filter(|d| is_queued(d, d.ruling(&self.entries).is_some())).ok_or(ReviewError::NoSuchPaper)
    }

    /// Everything that was ever decided about the paper's file.
    fn revision(&self, document: &Document) -> u64 {
        self.entries.iter().filter(|e| e.file() == (document.file.as_str(), &document.sha256)).count() as u64
    }

    fn standing(&self, document: &Document) -> (Standing, Option<String>) {
        let Some(ReviewEntry::Paper { ruling, by, at, .. }) = document.ruling(&self.entries) else { return (Standing::Open, None) };
        let standing = match ruling {
            Ruling::Accept { customers, .. } => {
                let reference = document.reference();
                let made = |a: &Applied| match &a.write {
                    Write::CreateCertificate { document, .. } => *document == reference,
                    Write::LinkCertificate { customer, .. } => customers.contains(customer),
                    _ => false,
                };
                match self.applied.iter().any(|a| a.approved >= *at && made(a)) {
                    true => Standing::Applied,
                    false => Standing::Accepted,
                }
            }
            Ruling::Reject { .. } => Standing::Rejected,
            Ruling::Later => Standing::Later,
            Ruling::Reopen => Standing::Open,
        };
        (standing, Some(by.clone()))
    }

    fn item(&self, document: &Document) -> QueueItem {
        let (standing, ruled_by) = self.standing(document);
        let mut shown = document.clone();
        shown.rule(&self.entries);
        QueueItem {
            id: id_of(document),
            file: document.file.clone(),
            pages: document.pages,
            form: document.form.as_ref().map(|f| f.id.clone()),
            purchaser: shown.fields.purchaser_name.as_ref().map(|f| f.value.clone()),
            states: shown.states.iter().map(|s| s.region.code().to_owned()).collect(),
            disposition: if document.drawn { Disposition::Accept } else { document.disposition },
            why: document.reasons.clone(),
            drawn: document.drawn,
            standing,
            ruled_by,
        }
    }
}

impl ReviewDesk for Desk<'_> {
    fn queue(&self) -> Result<Queue, ReviewError> {
        let state = self.lock();
        let waiting = state.documents.iter().filter(|d| is_queued(d, d.ruling(&state.entries).is_some()));
        let mut items: Vec<QueueItem> = waiting.map(|d| state.item(d)).collect();
        // What the program could not settle first, then what it would refuse; what was put off comes last.
        items.sort_by_key(|item| (item.standing == Standing::Later, item.disposition == Disposition::Reject));
        Ok(Queue {
            run: self.run.name.clone(),
            merchant: self.run.merchant.clone(),
            user: self.ports.user.clone(),
            items,
            unreadable: self.run.unreadable.clone(),
            customers: self.index.len(),
        })
    }

    fn paper(&self, id: &str) -> Result<PaperView, ReviewError> {
        let (document, shown, item, revision) = {
            let state = self.lock();
            let document = state.find(id)?.clone();
            let mut shown = document.clone();
            shown.rule(&state.entries);
            (document.clone(), shown, state.item(&document), state.revision(&document))
        };
        let field = |field: PaperField| {
            let place = certificates::place(&shown, field);
            FieldView {
                field,
                label: field.label(),
                value: certificates::shown(&shown, field),
                read: certificates::shown(&document, field),
                confidence: place.map(|(sure, ..)| sure),
                page: place.map(|(_, page, _)| page),
                bbox: place.and_then(|(.., bbox)| bbox),
            }
        };
        let states = shown.states.iter().map(|claim| StateView {
            region: claim.region.code().to_owned(),
            number: claim.number.as_ref().map(ToString::to_string).unwrap_or_default(),
            confidence: Some(claim.confidence),
            page: Some(claim.page),
            bbox: claim.bbox,
        });
        let chosen: Vec<CustomerCode> = shown.customers().into_iter().cloned().collect();
        // Of a paper that was corrected, the findings on what was corrected.
        let corrected = match &shown.ruled {
            Some(_) => self.amended(&document, &as_edits(&shown), &chosen).map(|(amended, _)| amended).unwrap_or(document.clone()),
            None => document.clone(),
        };
        Ok(PaperView {
            revision,
            form_title: document.form.as_ref().map(|f| f.title.clone()),
            signed: document.signature.present,
            fields: PaperField::ALL.map(field).to_vec(),
            states: states.collect(),
            findings: self.findings(&corrected),
            candidates: self.candidates(&shown, &chosen),
            chosen,
            doubt: document.matched.as_ref().and_then(|m| m.doubt.clone()),
            ruled: shown.ruled.clone(),
            reasons: Catalogue::builtin().reasons().into_iter().map(str::to_owned).collect(),
            item,
        })
    }

    fn check(&self, id: &str, edits: &Edits, customers: &[CustomerCode]) -> Result<Checked, ReviewError> {
        let document = self.lock().find(id)?.clone();
        let customers = &customers[..customers.len().min(MOST_CUSTOMERS)];
        Ok(match self.amended(&document, edits, customers) {
            Ok((amended, _)) => {
                Checked { mistyped: vec![], findings: self.findings(&amended), candidates: self.candidates(&amended, customers) }
            }
            Err(mistyped) => Checked { mistyped, ..Checked::default() },
        })
    }

    fn search(&self, id: &str, text: &str) -> Result<Vec<CandidateView>, ReviewError> {
        let document = self.lock().find(id)?.clone();
        let found = self.index.search(text, FOUND);
        Ok(found.iter().filter_map(|c| self.index.fit(&document, &c.code)).filter_map(|fit| self.candidate(&fit)).collect())
    }

    fn page(&self, id: &str, page: u32) -> Result<Gray, ReviewError> {
        let document = self.lock().find(id)?.clone();
        if !(document.pages[0]..=document.pages[1]).contains(&page) {
            return Err(ReviewError::Refused(format!("page {page} does not belong to this paper")));
        }
        let mut scan = self.ports.scans.open(&self.scan(&document.file)?).map_err(refused)?;
        if *scan.sha256() != document.sha256 {
            return Err(ReviewError::Refused(format!("{} was changed after it was read", document.file)));
        }
        let input = scan.page(page).map_err(refused)?;
        let picture = input.image.ok_or_else(|| ReviewError::Refused("this page has no picture".to_owned()))?;
        let view = document.views.iter().find(|v| v.page == page);
        let turned = match view.map_or(0, |v| v.turned) {
            0 => Arc::unwrap_or_clone(picture),
            degrees => picture.turned(degrees),
        };
        Ok(match view.map_or(0.0, |v| v.levelled) {
            0.0 => turned,
            angle => turned.levelled(angle),
        })
    }

    fn act(&self, id: &str, revision: u64, command: Command) -> Result<(), ReviewError> {
        let (document, standing) = {
            let state = self.lock();
            let document = state.find(id)?;
            if state.revision(document) != revision {
                return Err(ReviewError::Outdated);
            }
            (document.clone(), state.standing(document).0)
        };
        if standing == Standing::Applied {
            let text = "its certificates are made already; they can be unlinked in the service, and not here";
            return Err(ReviewError::Refused(text.to_owned()));
        }
        let page_of = |page: u32, first: u32| match (first..=document.pages[1]).contains(&page) {
            true => Ok(page),
            false => Err(ReviewError::Refused(format!("page {page} is none of this paper's pages {first} to {}", document.pages[1]))),
        };
        let ruling = match command {
            Command::Split { .. } if document.pages[0] == document.pages[1] => {
                return Err(ReviewError::Refused("a paper of one page can't be split".to_owned()));
            }
            Command::Split { page } => return self.handle(&document, Handling::Cut { page: page_of(page, document.pages[0] + 1)? }),
            Command::Turn { page } => {
                let page = page_of(page, document.pages[0])?;
                let now = document.views.iter().find(|v| v.page == page).map_or(0, |v| v.turned);
                return self.handle(&document, Handling::Turn { page, degrees: (now + 90) % 360 });
            }
            Command::Accept { customers, edits, despite } => self.accept(&document, customers, &edits, despite)?,
            Command::Reject { why } => {
                let why: String = why.trim().chars().filter(|c| !c.is_control()).take(LONGEST_WHY).collect();
                if why.is_empty() {
                    return Err(ReviewError::Refused("say why the paper is not to be used".to_owned()));
                }
                Ruling::Reject { why }
            }
            Command::Later => Ruling::Later,
            Command::Reopen => Ruling::Reopen,
        };
        let entry = ReviewEntry::Paper { paper: document.reference(), ruling, by: self.ports.user.clone(), at: self.at() };
        let mut state = self.lock();
        // Two windows at once: the first one counts.
        if state.find(id).map(|d| state.revision(d)) != Ok(revision) {
            return Err(ReviewError::Outdated);
        }
        self.ports.journal.record_review(&entry)?;
        state.entries.push(entry);
        Ok(())
    }
}

/// All values of a document as if a person had typed them.
fn as_edits(document: &Document) -> Edits {
    let number = |claim: &crate::domain::StateClaim| claim.number.as_ref().map(ToString::to_string).unwrap_or_default();
    let states = document.states.iter().map(|s| crate::domain::StateEdit { region: s.region.code().to_owned(), number: number(s) });
    Edits { fields: PaperField::ALL.into_iter().map(|f| (f, certificates::shown(document, f))).collect(), states: Some(states.collect()) }
}
