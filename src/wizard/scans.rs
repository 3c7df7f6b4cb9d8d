//! Step 5: read the folder and show what belongs to whom.

use super::asking::{example, recommend};
use super::reading::{Cache, NO_PAPER, PATIENCE, Reader};
use super::{WizardError, World};
use crate::apply::DocumentPages;
use crate::certificates::{self, RuleBook, SeenPapers};
use crate::customers::CustomerList;
use crate::domain::{
    Customer, Disposition, Document, DocumentRef, Hints, Policy, PolicyWishes, ReaderVersion, ReviewEntry, Ruling, Sha256, counted,
    hold_unfitting,
};
use crate::matching::Index;
use crate::ports::{AnswerRecord, AnswerSource, Block, JournalStore, Question, QuestionKind, ScanFile, ScanFolder, UploadPdf};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What the folder gave.
#[derive(Default)]
pub(super) struct Read {
    pub folder: PathBuf,
    pub documents: Vec<Document>,
    pub waiting: bool,
}

/// The policy of this run, from the answers file.
pub(super) fn policy(world: &World<'_>) -> Result<Policy, WizardError> {
    // What a resumed run is given comes on top of what the run began with, rule by rule.
    let mut all = Value::Object(Map::new());
    for given in [&world.ask.supplied, &world.ask.supplied_now] {
        overlay(&mut all, given.get("policy").unwrap_or(&Value::Null));
    }
    let wishes: PolicyWishes = serde_json::from_value(all).map_err(|e| WizardError::Input(format!("policy: {e}")))?;
    let policy = RuleBook::builtin().policy(&wishes).map_err(|wrong| WizardError::Input(wrong.join("; ")))?;
    // So that the recorded answers hold it, too.
    for (key, value) in serde_json::to_value(&wishes).ok().iter().filter_map(serde_json::Value::as_object).flatten() {
        let record = AnswerRecord {
            key: format!("policy.{key}"),
            value: value.clone(),
            source: AnswerSource::Supplied,
            recommended: None,
            reasons: vec![],
            at: world.clock.now(),
        };
        world.journal.record_answer(&record)?;
    }
    world.journal.complete_step("policy", &json!(policy), world.clock.now())?;
    Ok(policy)
}

fn overlay(under: &mut Value, over: &Value) {
    let (Value::Object(under), Value::Object(over)) = (under, over) else { return };
    for (key, value) in over {
        match (under.get_mut(key), value) {
            (Some(old @ Value::Object(_)), Value::Object(_)) => overlay(old, value),
            _ => drop(under.insert(key.clone(), value.clone())),
        }
    }
}

/// The folder of scans of this run, once it is known.
fn folder(world: &mut World<'_>) -> Result<PathBuf, WizardError> {
    let asked = world.ask.is_interactive() && world.ask.supplied("certificates.folder").is_none();
    let found = world.nearby.scans.clone().filter(|_| asked);
    let question = Question {
        key: "certificates.folder".to_owned(),
        text: "Folder with the certificate scans:".to_owned(),
        meaning: "the folder that holds the scanned certificates".to_owned(),
        example: example("certificates.folder", "certificates"),
        kind: QuestionKind::Folder,
        default: None,
        recommended: found.map(|(name, n)| recommend(name, [format!("it holds {}", counted(n, "scan", "scans"))])),
        required: true,
    };
    Ok(PathBuf::from(world.ask.text(&question)?))
}

pub(super) fn run(world: &mut World<'_>, merchant: &str, list: &CustomerList, policy: &Policy) -> Result<Read, WizardError> {
    let customers = list.customers.as_slice();
    let folder = folder(world)?;
    let engine = world.engines.check()?;
    let listing = world.scans.list(&folder)?;
    world.good(format!(
        "{}: {} to read, {} left out. Text recognition: {engine}.",
        folder.display(),
        counted(listing.files.len(), "file", "files"),
        listing.skipped.len()
    ));
    for (name, why) in listing.skipped.iter().take(5) {
        world.say(format!("{name}: {why}"));
    }
    if listing.files.is_empty() {
        world.warn("There is no scan in this folder.");
    }

    let index = Index::new(customers, Some(merchant));
    let mut review = world.journal.review()?;
    let version = ReaderVersion::of(&world.engines.version()?);
    let cache = JournalCache { journal: world.journal, context: reader_key(&version, merchant, world.clock.today(), customers, policy) };
    let reader = Reader {
        folder: world.scans,
        engines: world.engines,
        version,
        elsewhere: world.elsewhere,
        seller: Some(merchant),
        today: world.clock.today(),
        index: Some(&index),
        doubtful: Some(&list.conflicting),
        policy,
        review: &review,
        jobs: world.jobs,
        patience: PATIENCE,
        interrupt: world.interrupt,
        progress: world.progress,
        cache: &cache,
    };
    let (mut documents, mut unreadable, mut pages) = (Vec::new(), Vec::new(), 0);
    let mut journal_fault = None;
    let read = reader.read_all(&listing.files, |read| {
        pages += read.pages;
        for (number, why) in &read.bad_pages {
            let page = format!("{} page {number}", read.file.name);
            journal_fault = journal_fault.take().or(world.journal.remember_unreadable(&page, why).err());
            unreadable.push((page, why.clone()));
        }
        match read.documents {
            Ok(found) if found.is_empty() && read.bad_pages.is_empty() => {
                journal_fault = journal_fault.take().or(world.journal.remember_unreadable(&read.file.name, NO_PAPER).err());
                unreadable.push((read.file.name, NO_PAPER.to_owned()));
            }
            Ok(found) => documents.extend(found),
            Err(error) => {
                if !world.interrupt.is_raised() {
                    journal_fault = journal_fault.take().or(world.journal.remember_unreadable(&read.file.name, &error.reason).err());
                }
                unreadable.push((read.file.name, error.reason));
            }
        }
    });
    world.check_interrupt()?;
    read?;
    if let Some(fault) = journal_fault {
        return Err(fault.into());
    }
    let mut seen = SeenPapers::default();
    for document in &mut documents {
        seen.mark(document, policy);
    }
    hold_unfitting(&mut documents, &review);
    draw(world, &mut documents, policy)?;
    for document in &mut documents {
        reopen_strangers(world, document, &mut review, list)?;
    }
    // What the report and the review show must be what the table shows.
    world.journal.settle_documents(&documents)?;
    documents.iter_mut().for_each(|document| document.rule(&review));
    show(world, &documents, &unreadable, customers);

    let count = |d: Disposition| documents.iter().filter(|x| x.disposition == d && !x.is_copy()).count();
    let (accept, review, reject) = (count(Disposition::Accept), count(Disposition::Review), count(Disposition::Reject));
    let outcome = json!({
        "folder": folder, "files": listing.files.len(), "pages": pages, "documents": documents.len(),
        "accept": accept, "review": review, "reject": reject, "unreadable": unreadable.len(), "policy": policy,
    });
    world.journal.complete_step("read_certificates", &outcome, world.clock.now())?;
    let waiting = documents.iter().any(Document::waits) || !unreadable.is_empty();
    Ok(Read { waiting, folder, documents })
}

/// Draws the papers that a person checks; once in a run, so that a resumed run holds back the same ones and no other.
fn draw(world: &World<'_>, documents: &mut [Document], policy: &Policy) -> Result<(), WizardError> {
    let drawn: Vec<DocumentRef> = match world.journal.step("drawn")? {
        Some(before) => serde_json::from_value(before).map_err(|e| WizardError::Input(format!("the papers drawn as a check: {e}")))?,
        None => {
            let drawn = certificates::draw(documents, policy);
            world.journal.complete_step("drawn", &json!(drawn), world.clock.now())?;
            drawn
        }
    };
    let is_drawn = |d: &Document| drawn.iter().any(|r| r.sha256 == d.sha256 && r.pages == d.pages);
    documents.iter_mut().filter(|d| d.disposition == Disposition::Accept && is_drawn(d)).for_each(certificates::hold_drawn);
    Ok(())
}

/// A person named customers by code and saw their names. Where the list has somebody else under a code now, or two customers, the ruling is taken
/// back and the paper waits again.
fn reopen_strangers(
    world: &World<'_>,
    document: &mut Document,
    review: &mut Vec<ReviewEntry>,
    list: &CustomerList,
) -> Result<(), WizardError> {
    let Some(ReviewEntry::Paper { ruling: Ruling::Accept { customers, names, .. }, by, .. }) = document.ruling(review) else {
        return Ok(());
    };
    let same = |(code, name): (&_, &String)| {
        !list.conflicting.contains(code) && list.customers.iter().any(|customer| customer.code == *code && customer.name == *name)
    };
    if customers.len() == names.len() && customers.iter().zip(names).all(same) {
        return Ok(());
    }
    let codes = customers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    document.reasons.push(format!("{by} chose {codes}, and the customer list says something else of that code now"));
    document.disposition = document.disposition.max(Disposition::Review);
    let entry =
        ReviewEntry::Paper { paper: document.reference(), ruling: Ruling::Reopen, by: "certonboard".to_owned(), at: world.clock.now() };
    world.journal.record_review(&entry)?;
    review.push(entry);
    Ok(())
}

fn show(world: &World<'_>, documents: &[Document], unreadable: &[(String, String)], customers: &[Customer]) {
    let name_of = |d: &Document| d.fields.purchaser_name.as_ref().map(|f| f.value.clone()).unwrap_or_else(|| "?".to_owned());
    let states = |d: &Document| d.states.iter().map(|s| s.region.code()).collect::<Vec<_>>().join(" ");
    let form = |d: &Document| d.form.as_ref().map_or("–".to_owned(), |f| f.id.clone());
    let who = |d: &Document| match d.likely_customers().as_slice() {
        [] => "nobody".to_owned(),
        codes => codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let rows = |wanted: Disposition, why: fn(&Document) -> String| -> Vec<Vec<String>> {
        let some = documents.iter().filter(|d| d.disposition == wanted);
        some.map(|d| vec![place(d), form(d), states(d), name_of(d), who(d), why(d)]).collect()
    };
    let evidence = |d: &Document| match &d.ruled {
        Some(ruled) => format!("by the word of {}", ruled.by),
        None => d.matched.as_ref().map(|m| m.evidence.join(", ")).unwrap_or_default(),
    };
    let reasons = |d: &Document| d.reasons.join("; ");
    let head = |last: &str| ["File", "Form", "States", "Purchaser on the paper", "Customer", last].map(str::to_owned).to_vec();
    let sections = [
        (Disposition::Accept, "Ready to create and link", "Why it is this customer", evidence as fn(&Document) -> String),
        (Disposition::Review, "Needs a person", "Why", reasons as fn(&Document) -> String),
        (Disposition::Reject, "Will not be used", "Why", reasons as fn(&Document) -> String),
    ];
    for (disposition, title, last, why) in sections {
        let rows = rows(disposition, why);
        if !rows.is_empty() {
            world.screen.show(Block::Table { title: format!("{title} ({})", rows.len()), head: head(last), rows, note: None });
        }
    }
    if !unreadable.is_empty() {
        let rows = unreadable.iter().map(|(file, why)| vec![file.clone(), why.clone()]).collect();
        let head = ["File", "Why"].map(str::to_owned).to_vec();
        world.screen.show(Block::Table { title: format!("Unreadable ({})", unreadable.len()), head, rows, note: None });
    }
    let exempt: BTreeSet<_> = customers.iter().filter(|c| c.is_exempt()).map(|c| &c.code).collect();
    let accepted: Vec<_> = documents.iter().filter(|d| d.disposition == Disposition::Accept).collect();
    let theirs: BTreeSet<_> = accepted.iter().flat_map(|d| d.customers()).collect();
    let covered = exempt.intersection(&theirs).count();
    let others = customers.iter().filter(|c| c.is_exempt() && !theirs.contains(&c.code));
    let (mut left, mut mail) = (0, 0);
    for customer in others {
        left += 1;
        mail += usize::from(customer.contact.email.is_some());
    }
    world.say(format!(
        "{} to {covered} of the {} exempt customers; {mail} of the other {left} have an e-mail address.",
        counted(accepted.len(), "paper belongs", "papers belong"),
        exempt.len()
    ));
}

fn place(document: &Document) -> String {
    match document.pages {
        [1, 1] => document.file.clone(),
        [a, b] if a == b => format!("{} p{a}", document.file),
        [a, b] => format!("{} p{a}–{b}", document.file),
    }
}

/// Everything besides the file's own bytes on which it depends what a file gives.
pub(super) fn reader_key(
    version: &ReaderVersion,
    merchant: &str,
    today: jiff::civil::Date,
    customers: &[Customer],
    policy: &Policy,
) -> String {
    let customers = serde_json::to_string(&(customers, policy, RuleBook::builtin().fingerprint())).unwrap_or_default();
    let text = format!("{version}\n{merchant}\n{today}\n{customers}");
    Sha256::of(text.as_bytes()).as_str().to_owned()
}

/// Keeps what was read in the run's journal.
pub(super) struct JournalCache<'a> {
    pub journal: &'a dyn JournalStore,
    /// See [`reader_key`].
    pub context: String,
}

impl JournalCache<'_> {
    fn key(&self, sha256: &Sha256, hints: &Hints) -> String {
        let hinted = if hints.is_empty() { String::new() } else { serde_json::to_string(hints).unwrap_or_default() };
        format!("{}/{sha256}{hinted}", self.context)
    }
}

impl Cache for JournalCache<'_> {
    fn get(&self, file: &str, sha256: &Sha256, hints: &Hints) -> Option<Vec<Document>> {
        // A cache that can't be read is only slower.
        self.journal.documents_of(file, &self.key(sha256, hints)).ok().flatten()
    }
    fn put(&self, file: &str, sha256: &Sha256, hints: &Hints, documents: &[Document]) {
        let _ = self.journal.remember_documents(file, &self.key(sha256, hints), documents);
    }
    fn keep(&self, file: &str, documents: &[Document]) {
        let _ = self.journal.remember_documents(file, "", documents);
    }
}

/// Gives the pages of documents out of the folder, and makes sure that the file is still the one that was read.
pub(super) struct FolderPages<'a> {
    scans: &'a dyn ScanFolder,
    files: BTreeMap<String, ScanFile>,
}

impl<'a> FolderPages<'a> {
    pub(super) fn new(scans: &'a dyn ScanFolder, folder: &Path) -> Result<Self, WizardError> {
        let files = scans.list(folder)?.files.into_iter().map(|f| (f.name.clone(), f)).collect();
        Ok(Self { scans, files })
    }
}

impl DocumentPages for FolderPages<'_> {
    fn pdf(&self, file: &str, pages: [u32; 2], sha256: &Sha256, most: u64) -> Result<UploadPdf, String> {
        let found = self.files.get(file).ok_or_else(|| format!("{file}: it is no longer in the folder"))?;
        if Sha256::of(&self.scans.bytes(found).map_err(|e| e.reason)?) != *sha256 {
            return Err(format!("{file}: it was changed after it was read"));
        }
        self.scans.pages_as_pdf(found, pages, most).map_err(|e| e.reason)
    }
}
