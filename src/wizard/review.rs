//! The desk at which a person decides about a run's papers.
//!
//! Owns: the queue, what a person is shown, what may be decided, reading a file anew after it was split or turned.
//! Must not touch: browsers, the terminal, the service. Decisions go to the journal; a resumed run carries them out.
//! Called by: the review's page and its twin on the terminal, through [`ReviewDesk`].

use super::WizardError;
use super::reading::{Cache, Elsewhere, NO_PAPER, NoCache, PATIENCE, Reader};
use super::scans::{JournalCache, reader_key};
use crate::apply;
use crate::certificates::{self, Case, Catalogue, RuleBook, RuleContext, SeenPapers};
use crate::domain::{
    CandidateView, Checked, Command, Consequence, Customer, CustomerCode, Disposition, Document, DocumentRef, Edits, FieldView, Finding,
    FindingView, Gray, Handling, Hints, Mistyped, PageView, PaperField, PaperView, Policy, Queue, QueueItem, ReaderVersion, ReviewEntry,
    ReviewError, Ruling, Sha256, Standing, StateView, Verdict,
};
use crate::matching::{Fit, Index};
use crate::plan::{Gate, Write};
use crate::ports::{
    ActionRecord, ActionState, Clock, Interrupt, JournalError, JournalStore, OcrEngines, ReadingStore, ReviewDesk, RunRecord, ScanFile,
    ScanFolder, Silence, Unreadable,
};
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
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
    /// What earlier runs on this machine have read.
    pub kept: Option<Arc<dyn ReadingStore>>,
    pub clock: Arc<dyn Clock>,
    pub user: String,
    pub jobs: usize,
}

struct State {
    /// As the program settled them, without what persons decided.
    documents: Vec<Document>,
    entries: Vec<ReviewEntry>,
    /// Files that could not be read anew, and why.
    unreadable: Vec<(String, String)>,
}

pub struct Desk<'a> {
    run: &'a ReviewedRun,
    index: Index<'a>,
    version: ReaderVersion,
    ports: DeskPorts,
    state: Mutex<State>,
    /// Papers of the approved plans: their certificates are made, or on their way.
    applied: Vec<DocumentRef>,
    files: BTreeMap<String, ScanFile>,
    /// One file is read anew at a time.
    handling: Mutex<()>,
}

impl<'a> Desk<'a> {
    pub fn open(run: &'a ReviewedRun, ports: DeskPorts) -> Result<Self, WizardError> {
        let journal = &*ports.journal;
        let state = State { documents: journal.documents()?, entries: journal.review()?, unreadable: run.unreadable.clone() };
        let index = Index::new(&run.customers, (!run.merchant.is_empty()).then_some(run.merchant.as_str()));
        let applied = applied(journal)?;
        // A folder that is gone leaves decisions without pictures, and nothing else.
        let listed = ports.scans.list(&run.folder).map(|listing| listing.files).unwrap_or_default();
        let files = listed.into_iter().map(|file| (file.name.clone(), file)).collect();
        // Without an engine nothing is read anew here, and everything else can be decided.
        let version = ReaderVersion::of(&ports.engines.version().unwrap_or_default());
        let desk = Self { run, index, version, ports, state: Mutex::new(state), applied, files, handling: Mutex::new(()) };
        desk.catch_up();
        Ok(desk)
    }

    /// Reads files anew whose splitting or turning is in the journal, but not yet what came of it: the program was stopped in between.
    fn catch_up(&self) {
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
            let hints = Hints::of(&entries, &sha256);
            if cache.get(&file, &sha256, &hints).is_some() {
                continue;
            }
            match self.read_again(&file, &sha256, &entries) {
                Ok(documents) => {
                    cache.put(&file, &sha256, &hints, &documents);
                    self.lock().replace(&file, documents, &self.run.policy);
                }
                Err(why) => self.lock().unreadable.push((file, why.to_string())),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic between two changes of the state leaves it whole: each change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cache(&self) -> JournalCache<'_> {
        let context = reader_key(&self.version, &self.run.merchant, self.run.today, &self.run.customers, &self.run.policy);
        JournalCache { journal: &*self.ports.journal, context }
    }

    fn context(&self) -> RuleContext<'_> {
        let seller = (!self.run.merchant.is_empty()).then_some(self.run.merchant.as_str());
        RuleContext { catalogue: Catalogue::builtin(), seller, today: self.run.today }
    }

    fn case<'c>(&'c self, customer: Option<&'c Customer>) -> Case<'c> {
        Case { policy: &self.run.policy, today: self.run.today, customers_known: true, customer }
    }

    fn scan(&self, name: &str) -> Result<&ScanFile, ReviewError> {
        let gone = || ReviewError::Refused(format!("{name} is no longer in {}", self.run.folder.display()));
        self.files.get(name).ok_or_else(gone)
    }

    fn is_applied(&self, document: &Document) -> bool {
        let overlap = |r: &DocumentRef| r.pages[0] <= document.pages[1] && document.pages[0] <= r.pages[1];
        self.applied.iter().any(|r| r.sha256 == document.sha256 && overlap(r))
    }

    /// The papers of a file, read with what the entries say of it.
    fn read_again(&self, name: &str, sha256: &Sha256, entries: &[ReviewEntry]) -> Result<Vec<Document>, ReviewError> {
        let file = self.scan(name)?;
        if Sha256::of(&self.ports.scans.bytes(file).map_err(refused)?) != *sha256 {
            return Err(ReviewError::Refused(format!("{name} was changed after it was read; start a new run")));
        }
        let interrupt = Interrupt::default();
        let reader = Reader {
            folder: &*self.ports.scans,
            engines: &*self.ports.engines,
            version: self.version.clone(),
            elsewhere: Elsewhere { kept: self.ports.kept.as_deref(), queue: None },
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
            cache: &NoCache,
        };
        let mut read = None;
        reader.read_all(std::slice::from_ref(file), |done| read = Some(done)).map_err(|e| ReviewError::Failed(e.to_string()))?;
        let read = read.ok_or_else(|| ReviewError::Failed("the file could not be read".to_owned()))?;
        if let Some((page, why)) = read.bad_pages.first() {
            return Err(ReviewError::Refused(format!("page {page}: {why}")));
        }
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
        let mut chosen = customers.iter().map(|code| self.index.customer(code));
        let matched = amended.matched.clone();
        // Settled anew, so that the findings are those of the chosen customer; of several, each one's.
        certificates::settle(&mut amended, matched.clone(), self.case(chosen.next().flatten()));
        for other in chosen {
            let mut of_other = amended.clone();
            certificates::settle(&mut of_other, matched.clone(), self.case(other));
            amended.findings.extend(of_other.findings.into_iter().filter(|f| !amended.findings.contains(f)).collect::<Vec<_>>());
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

    /// What accepting would rest on. Errors: why it can't be.
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
        let names = customers.iter().filter_map(|code| self.index.customer(code)).map(|c| c.name.clone()).collect();
        Ok(Ruling::Accept { customers, names, fields, states, changed })
    }

    /// Reads a file anew with other cuts or turns. All other papers of the file keep their pages, so that none swallows another.
    fn handle(&self, id: &str, revision: u64, document: &Document, handling: Handling) -> Result<(), ReviewError> {
        let _one_at_a_time = self.handling.lock().unwrap_or_else(PoisonError::into_inner);
        let (siblings, mut entries) = {
            let state = self.lock();
            if state.find(id).map(|d| state.revision(d)) != Ok(revision) {
                return Err(ReviewError::Outdated);
            }
            let siblings: Vec<Document> = state.documents.iter().filter(|d| d.sha256 == document.sha256).cloned().collect();
            (siblings, state.entries.clone())
        };
        if siblings.iter().any(|d| self.is_applied(d)) {
            let text =
                "certificates of this file are made already, so it is read as it was; put its pages into files of their own for a new run";
            return Err(ReviewError::Refused(text.to_owned()));
        }
        let known = Hints::of(&entries, &document.sha256);
        let held = siblings.iter().filter(|d| d.file == document.file).flat_map(|d| {
            let [first, last] = d.pages;
            let rest = (first + 1..=last).map(|page| Handling::Join { page });
            std::iter::once(Handling::Cut { page: first }).chain(rest)
        });
        let held = held.filter(|held| match held {
            Handling::Cut { page } => !known.cuts.contains(page),
            Handling::Join { page } => !known.joins.contains(page),
            Handling::Turn { .. } => false,
        });
        let (by, at) = (&self.ports.user, self.at());
        let entry =
            |handling| ReviewEntry::File { file: document.file.clone(), sha256: document.sha256.clone(), handling, by: by.clone(), at };
        let new: Vec<ReviewEntry> = held.chain([handling]).map(entry).collect();
        entries.extend(new.iter().cloned());
        let documents = self.read_again(&document.file, &document.sha256, &entries)?;

        let mut state = self.lock();
        // Reading takes a while, and another window may have decided meanwhile.
        if state.find(id).map(|d| state.revision(d)) != Ok(revision) {
            return Err(ReviewError::Outdated);
        }
        for entry in &new {
            self.ports.journal.record_review(entry)?;
        }
        state.entries.extend(new);
        self.cache().put(&document.file, &document.sha256, &Hints::of(&state.entries, &document.sha256), &documents);
        state.replace(&document.file, documents, &self.run.policy);
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

/// The papers of every approved plan, but for those whose every write was refused and made nothing.
fn applied(journal: &dyn JournalStore) -> Result<Vec<DocumentRef>, JournalError> {
    let records = journal.actions(Gate::Certificates.name())?;
    let made = |r: &ActionRecord| r.state != ActionState::Failed || r.result.as_ref().is_some_and(|r| r.get("certificate").is_some());
    let alive: BTreeSet<&str> = records.iter().filter(|r| made(r)).map(|r| r.id.as_str()).collect();
    let mut all = BTreeSet::new();
    for plan in apply::all_recorded(Gate::Certificates, journal)? {
        let actions = plan.plan().actions.iter().filter(|a| alive.contains(a.id.as_str()));
        all.extend(actions.filter_map(|a| match &a.write {
            Write::CreateCertificate { document, .. } => Some(document.clone()),
            Write::LinkCertificate { document, .. } => document.clone(),
            _ => None,
        }));
    }
    Ok(all.into_iter().collect())
}

/// A name for a paper that fits an address, the same as long as file and pages are.
fn id_of(document: &Document) -> String {
    Sha256::of(document.key().as_bytes()).short().to_owned()
}

/// Does anybody have to look at it, or did somebody? Copies wait for nobody.
fn is_queued(document: &Document, ruled: bool) -> bool {
    !document.is_copy() && (ruled || document.disposition != Disposition::Accept)
}

impl State {
    fn find(&self, id: &str) -> Result<&Document, ReviewError> {
        let found = self.documents.iter().find(|d| id_of(d) == id);
        found.filter(|d| is_queued(d, d.ruling(&self.entries).is_some())).ok_or(ReviewError::NoSuchPaper)
    }

    /// How often something was decided about the paper, or about how its file is read.
    fn revision(&self, document: &Document) -> u64 {
        let concerns = |entry: &&ReviewEntry| match entry {
            ReviewEntry::Paper { paper, .. } => paper.sha256 == document.sha256 && paper.pages == document.pages,
            ReviewEntry::File { sha256, .. } => *sha256 == document.sha256,
        };
        self.entries.iter().filter(concerns).count() as u64
    }

    /// Puts the papers of a file that was read anew in the place of the old ones. Papers that another file has, too, are told as such.
    fn replace(&mut self, file: &str, mut documents: Vec<Document>, policy: &Policy) {
        let at = self.documents.iter().position(|d| d.file == file).unwrap_or(self.documents.len());
        self.documents.retain(|d| d.file != file);
        let mut seen = SeenPapers::default();
        for other in self.documents.iter().filter(|d| !d.is_copy()) {
            seen.mark(&mut other.clone(), policy);
        }
        for document in &mut documents {
            seen.mark(document, policy);
        }
        self.documents.splice(at..at, documents);
    }

    fn standing(&self, document: &Document, applied: bool) -> (Standing, Option<String>) {
        let (ruled, by) = match document.ruling(&self.entries) {
            Some(ReviewEntry::Paper { ruling, by, .. }) => (Some(ruling), Some(by.clone())),
            _ => (None, None),
        };
        let standing = match ruled {
            _ if applied => Standing::Applied,
            Some(Ruling::Accept { .. }) => Standing::Accepted,
            Some(Ruling::Reject { .. }) => Standing::Rejected,
            Some(Ruling::Later) => Standing::Later,
            Some(Ruling::Reopen) | None => Standing::Open,
        };
        (standing, by)
    }

    fn item(&self, document: &Document, applied: bool) -> QueueItem {
        let (standing, ruled_by) = self.standing(document, applied);
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
        let mut items: Vec<QueueItem> = waiting.map(|d| state.item(d, self.is_applied(d))).collect();
        // What the program could not settle first, then what it would refuse; what was put off comes last.
        items.sort_by_key(|item| (item.standing == Standing::Later, item.disposition == Disposition::Reject));
        Ok(Queue {
            run: self.run.name.clone(),
            merchant: self.run.merchant.clone(),
            user: self.ports.user.clone(),
            items,
            unreadable: state.unreadable.clone(),
            customers: self.index.len(),
        })
    }

    fn paper(&self, id: &str) -> Result<PaperView, ReviewError> {
        let (document, shown, item, revision, cut) = {
            let state = self.lock();
            let document = state.find(id)?.clone();
            let mut shown = document.clone();
            shown.rule(&state.entries);
            let hints = Hints::of(&state.entries, &document.sha256);
            let cut = document.pages[0] > 1 && hints.cuts.contains(&document.pages[0]);
            let item = state.item(&document, self.is_applied(&document));
            (document.clone(), shown, item, state.revision(&document), cut)
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
            cut,
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
        let bytes = self.ports.scans.bytes(self.scan(&document.file)?).map_err(refused)?;
        if Sha256::of(&bytes) != document.sha256 {
            return Err(ReviewError::Refused(format!("{} was changed after it was read", document.file)));
        }
        let mut scan = self.ports.scans.open(bytes).map_err(refused)?;
        let input = scan.page(page).map_err(refused)?;
        let picture = input.image.ok_or_else(|| ReviewError::Refused("this page has no picture".to_owned()))?;
        let view = document.views.iter().find(|v| v.page == page);
        Ok(PageView::upright(view, picture))
    }

    fn act(&self, id: &str, revision: u64, command: Command) -> Result<(), ReviewError> {
        let (document, standing) = {
            let state = self.lock();
            let document = state.find(id)?;
            if state.revision(document) != revision {
                return Err(ReviewError::Outdated);
            }
            (document.clone(), state.standing(document, self.is_applied(document)).0)
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
            Command::Split { page } => {
                let page = page_of(page, document.pages[0] + 1)?;
                return self.handle(id, revision, &document, Handling::Cut { page });
            }
            Command::Join { page } => {
                let cut = Hints::of(&self.lock().entries, &document.sha256).cuts.contains(&page);
                if !cut || page != document.pages[0] || page == 1 {
                    return Err(ReviewError::Refused(format!("page {page} can't be joined to a paper before it")));
                }
                return self.handle(id, revision, &document, Handling::Join { page });
            }
            Command::Turn { page } => {
                let page = page_of(page, document.pages[0])?;
                let now = document.views.iter().find(|v| v.page == page).map_or(0, |v| v.turned);
                return self.handle(id, revision, &document, Handling::Turn { page, degrees: (now + 90) % 360 });
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
