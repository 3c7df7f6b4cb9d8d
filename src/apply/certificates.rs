//! Certificates: created with no customer in the call, then linked. Creating and linking are two confirmations in the journal.

use super::many::{DOCUMENTS_AT_ONCE, each, pause};
use super::{Run, Stopped, TRIES, is_refusal};
use crate::domain::{CertificateDraft, CertificateId, CertificateOnFile, CustomerCode, DocumentForm, DocumentRef, TaxNumber};
use crate::plan::{Action, Write};
use crate::ports::{ActionState, CertificateSearch, NewCertificate, ServiceError, ServiceErrorKind};
use jiff::ToSpan;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

pub(super) async fn apply(run: &Run<'_>, actions: &[Action]) -> Result<(), Stopped> {
    let ours = Ours(Mutex::new(run.records.values().filter_map(|r| created_id(r.result.as_ref())).collect()));
    let open = actions.iter().filter(|a| run.is_open(&a.id));
    each(run, DOCUMENTS_AT_ONCE, alike(open), async |group| {
        for action in group {
            run.check_interrupt()?;
            one(run, action, &ours).await?;
        }
        Ok(())
    })
    .await
}

/// Certificates that this run made: a lost one is never mistaken for one of another write.
struct Ours(Mutex<BTreeSet<i64>>);

impl Ours {
    fn add(&self, id: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    fn has(&self, id: i64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }
}

/// Writes in their order, those that claim the same in one group: these are made one after the other, because a search for a lost one could not
/// tell it from another that is just being made.
fn alike<'a>(actions: impl Iterator<Item = &'a Action>) -> Vec<Vec<&'a Action>> {
    let mut groups: Vec<Vec<&Action>> = Vec::new();
    let mut place = BTreeMap::new();
    for action in actions {
        let at = match &action.write {
            Write::CreateCertificate { draft, .. } => {
                let number = draft.number.as_ref().map(TaxNumber::folded);
                *place.entry((draft.zone.name.to_lowercase(), number, draft.signed)).or_insert(groups.len())
            }
            _ => groups.len(),
        };
        match groups.get_mut(at) {
            Some(group) => group.push(action),
            None => groups.push(vec![action]),
        }
    }
    groups
}

async fn one(run: &Run<'_>, action: &Action, ours: &Ours) -> Result<(), Stopped> {
    match &action.write {
        Write::CreateCertificate { customer, also, draft, document, seen } => {
            create_and_link(run, action, &Claim { customer, also, draft, document, seen, ours }).await
        }
        Write::LinkCertificate { customer, certificate, document } => {
            run.attempt(&[&action.id]).await?;
            // One that was made by a process that was stopped before its document got there.
            if let Some(document) = document.as_ref().filter(|_| run.ports.service.document_follows())
                && document_is_missing(run, *certificate).await?
                && let Err(error) = attach(run, action, *certificate, document).await
            {
                return run.refuse_or_stop(&action.id, error, customer.as_str()).await;
            }
            match link(run, action, customer, *certificate).await {
                Ok(()) => run.done(&action.id, json!({ "certificate": certificate, "linked": true }), customer.as_str()).await,
                Err(error) => run.refuse_or_stop(&action.id, error, customer.as_str()).await,
            }
        }
        _ => Ok(()),
    }
}

fn created_id(result: Option<&Value>) -> Option<i64> {
    result?.get("certificate")?.as_i64()
}

/// One certificate to be created.
struct Claim<'a> {
    customer: &'a CustomerCode,
    also: &'a [CustomerCode],
    draft: &'a CertificateDraft,
    document: &'a DocumentRef,
    /// Certificates that this one is not: there before, or made for other writes.
    seen: &'a [CertificateId],
    ours: &'a Ours,
}

impl Claim<'_> {
    /// Everyone it is linked to.
    fn customers(&self) -> impl Iterator<Item = &CustomerCode> {
        std::iter::once(self.customer).chain(self.also)
    }

    fn is_another(&self, id: CertificateId) -> bool {
        self.seen.contains(&id) || self.ours.has(id.0)
    }
}

async fn create_and_link(run: &Run<'_>, action: &Action, claim: &Claim<'_>) -> Result<(), Stopped> {
    let Claim { customer, document, .. } = claim;
    let before = run.records.get(action.id.as_str()).and_then(|r| r.result.as_ref());
    // What was done to the document by a process that was killed: its certificate may be found, and has that document.
    let reduced_before = before.and_then(|r| r.get("reduced")).and_then(Value::as_str).map(str::to_owned);
    if let Some(id) = created_id(before) {
        let id = CertificateId(id);
        let reduced = match run.ports.service.document_follows() && document_is_missing(run, id).await? {
            true => match attach(run, action, id, document).await {
                Ok(reduced) => reduced,
                Err(error) if is_refusal(&error) => return run.failed(&action.id, &error, Some(id), None, customer.as_str()).await,
                Err(error) => return Err(error.into()),
            },
            false => reduced_before,
        };
        return link_and_confirm(run, action, claim, id, reduced).await;
    }
    let mut most = super::LARGEST_UPLOAD;
    let (id, reduced) = loop {
        let pages = || run.ports.documents.pdf(&document.file, document.pages, &document.sha256, most);
        let pdf = match out_of_the_way(pages) {
            Ok(pdf) => pdf,
            Err(why) => {
                let error = unusable("CreateCertificates", why);
                return run.failed(&action.id, &error, None, None, customer.as_str()).await;
            }
        };
        if let Some(reduced) = &pdf.reduced {
            run.halfway(&action.id, json!({ "reduced": reduced })).await?;
        }
        match create(run, action, claim, &pdf.bytes).await {
            Ok(id) => break (id, pdf.reduced.or(reduced_before)),
            // A limit that is printed nowhere: half of what was too large.
            Err(Stopped::Service(error)) if error.kind == ServiceErrorKind::TooLarge && pdf.bytes.len() as u64 > SMALLEST_HALVED => {
                most = pdf.bytes.len() as u64 / 2;
            }
            Err(Stopped::Service(error)) => return run.refuse_or_stop(&action.id, error, customer.as_str()).await,
            Err(other) => return Err(other),
        }
    };
    claim.ours.add(id.0);
    run.halfway(&action.id, made(id, false, reduced.as_deref())).await?;
    let reduced = match run.ports.service.document_follows() {
        true => match attach(run, action, id, document).await {
            Ok(reduced) => reduced,
            Err(error) if is_refusal(&error) => return run.failed(&action.id, &error, Some(id), None, customer.as_str()).await,
            Err(error) => return Err(error.into()),
        },
        false => reduced,
    };
    link_and_confirm(run, action, claim, id, reduced).await
}

/// Lets the other uploads go on while pages are taken out or drawn, where the runtime can.
fn out_of_the_way<T>(work: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// What is refused as too large below this is refused for another reason.
const SMALLEST_HALVED: u64 = 100_000;

/// The record of a certificate that was made. `reduced`: what was done to its document to make it small enough.
fn made(id: CertificateId, linked: bool, reduced: Option<&str>) -> Value {
    let mut made = json!({ "certificate": id, "linked": linked });
    if let (Some(reduced), Value::Object(fields)) = (reduced, &mut made) {
        fields.insert("reduced".to_owned(), Value::from(reduced));
    }
    made
}

async fn link_and_confirm(
    run: &Run<'_>,
    action: &Action,
    claim: &Claim<'_>,
    id: CertificateId,
    reduced: Option<String>,
) -> Result<(), Stopped> {
    // A customer that is refused does not keep the others from theirs.
    let mut refused = None;
    for customer in claim.customers() {
        match link(run, action, customer, id).await {
            Ok(()) => {}
            Err(error) if is_refusal(&error) => drop(refused.get_or_insert(error)),
            Err(error) => return Err(error.into()),
        }
    }
    match refused {
        None => run.done(&action.id, made(id, true, reduced.as_deref()), claim.customer.as_str()).await,
        // The certificate exists, so its number stays in the record whatever became of the link.
        Some(error) => run.failed(&action.id, &error, Some(id), reduced.as_deref(), claim.customer.as_str()).await,
    }
}

/// The id of the certificate: made now, or found where an earlier attempt had made it.
async fn create(run: &Run<'_>, action: &Action, claim: &Claim<'_>, pdf: &[u8]) -> Result<CertificateId, Stopped> {
    let draft = claim.draft;
    let mut look_first = run.state(&action.id) == ActionState::Attempted;
    let since = run.first_attempt(&action.id);
    for tried in 0..TRIES {
        if look_first && let Some(found) = find(run, claim, since).await? {
            return Ok(found);
        }
        run.attempt(&[&action.id]).await?;
        let error = match run.ports.service.create_certificate(run.ports.company, &NewCertificate { draft, pdf }).await {
            Ok(id) => return Ok(id),
            Err(error) => error,
        };
        // The service has been seen to answer with an error and to store the certificate all the same, so every error but a refusal at the
        // door is followed by a search.
        let at_the_door = matches!(
            error.kind,
            ServiceErrorKind::Unauthorized | ServiceErrorKind::Forbidden | ServiceErrorKind::NotProvisioned | ServiceErrorKind::Limited
        );
        if at_the_door {
            return Err(error.into());
        }
        if let Some(found) = find(run, claim, since).await? {
            return Ok(found);
        }
        if error.kind != ServiceErrorKind::Unclear || tried + 1 == TRIES {
            return Err(error.into());
        }
        look_first = true;
        pause(&action.id, tried).await;
    }
    unreachable!("the last try returns")
}

/// Where the document goes by a call of its own, that call may be what was lost.
async fn document_is_missing(run: &Run<'_>, id: CertificateId) -> Result<bool, ServiceError> {
    Ok(run.ports.service.document(run.ports.company, id, DocumentForm::Pdf).await?.is_none())
}

/// Puts the document to a certificate that is there: smaller where it is refused for its size, and again after a lost answer. Gives what was done to
/// make it smaller.
async fn attach(run: &Run<'_>, action: &Action, id: CertificateId, document: &DocumentRef) -> Result<Option<String>, ServiceError> {
    let mut most = super::LARGEST_UPLOAD;
    let mut lost = 0;
    loop {
        let pages = || run.ports.documents.pdf(&document.file, document.pages, &document.sha256, most);
        let pdf = out_of_the_way(pages).map_err(|why| unusable("UploadCertificateImage", why))?;
        match run.ports.service.attach(run.ports.company, id, &pdf.bytes).await {
            Ok(()) => return Ok(pdf.reduced),
            Err(error) if error.kind == ServiceErrorKind::TooLarge && pdf.bytes.len() as u64 > SMALLEST_HALVED => {
                most = pdf.bytes.len() as u64 / 2;
            }
            Err(error) if error.kind == ServiceErrorKind::Unclear && lost + 1 < TRIES => {
                pause(&action.id, lost).await;
                lost += 1;
                if !document_is_missing(run, id).await? {
                    return Ok(pdf.reduced);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// A document that can't be sent, as the refusal of its write.
fn unusable(call: &str, why: String) -> ServiceError {
    let hint = "put the file as it was, or a smaller one, into the folder and start a new run; what was done is not done again";
    ServiceError { kind: ServiceErrorKind::Invalid, call: call.to_owned(), number: None, message: why, hint: Some(hint.to_owned()) }
}

/// A certificate that a lost call made: the same claim, linked to nobody or to this customer, not made for another write of this run, and not
/// there when the plan was made. Two of them can't be told apart, so a person must.
async fn find(run: &Run<'_>, claim: &Claim<'_>, since: Option<jiff::Timestamp>) -> Result<Option<CertificateId>, ServiceError> {
    let draft = claim.draft;
    let begun = since.unwrap_or_else(|| run.ports.clock.now()).to_zoned(jiff::tz::TimeZone::UTC).date();
    // The clocks of two machines differ, and so do their time zones.
    let created_since = begun.checked_sub(1.day()).unwrap_or(begun);
    let found = run.ports.service.find_certificates(run.ports.company, &CertificateSearch { draft, created_since }).await?;
    let fits = |c: &&CertificateOnFile| {
        c.is_same_claim(draft) && !claim.is_another(c.id) && c.customers.iter().all(|linked| claim.customers().any(|c| c == linked))
    };
    let fitting: Vec<&CertificateOnFile> = found.iter().filter(fits).collect();
    match fitting.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only.id)),
        several => {
            let list = several.iter().map(|c| c.id.to_string()).collect::<Vec<_>>().join(", ");
            Err(ServiceError {
                kind: ServiceErrorKind::Invalid,
                call: "CreateCertificates".to_owned(),
                number: None,
                message: format!("the answer was lost, and {} certificates in the service could be the one that was made", several.len()),
                hint: Some(format!(
                    "look at certificates {list} in the service, link the right one to {} and delete the others",
                    claim.customer
                )),
            })
        }
    }
}

/// Links unless it is linked: what a second link of the same pair answers is written nowhere.
async fn link(run: &Run<'_>, action: &Action, customer: &CustomerCode, certificate: CertificateId) -> Result<(), ServiceError> {
    let service = run.ports.service;
    for tried in 0..TRIES {
        let linked = service.certificates_of(run.ports.company, customer).await?;
        if linked.iter().any(|c| c.id == certificate) {
            return Ok(());
        }
        match service.link(run.ports.company, customer, &[certificate]).await {
            Ok(()) => return Ok(()),
            Err(error) if error.kind == ServiceErrorKind::Unclear && tried + 1 < TRIES => pause(&action.id, tried).await,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
