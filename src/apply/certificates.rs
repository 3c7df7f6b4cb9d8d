//! Certificates: created with no customer in the call, then linked. Creating and linking are two confirmations in the journal.

use super::{Run, Stopped, TRIES, is_refusal};
use crate::domain::{CertificateDraft, CertificateId, CustomerCode, DocumentRef};
use crate::plan::{Action, Write};
use crate::ports::{ActionState, CertificateSearch, NewCertificate, ServiceError, ServiceErrorKind};
use jiff::ToSpan;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) async fn apply(run: &Run<'_>, actions: &[Action]) -> Result<(), Stopped> {
    // Certificates that this run made for other writes: a lost one is never mistaken for one of these.
    let mut ours: BTreeSet<i64> = run.records.values().filter_map(|r| created_id(r.result.as_ref())).collect();
    for action in actions {
        if !run.is_open(&action.id) {
            run.ports.progress.advance(1, "done before");
            continue;
        }
        run.check_interrupt()?;
        match &action.write {
            Write::CreateCertificate { customer, also, draft, document, seen } => {
                let others = ours.iter().copied().chain(seen.iter().map(|id| id.0)).collect();
                ours.extend(create_and_link(run, action, &Claim { customer, also, draft, document, others }).await?);
            }
            Write::LinkCertificate { customer, certificate, .. } => {
                run.attempt(&[&action.id])?;
                match link(run, customer, *certificate).await {
                    Ok(()) => run.done(&action.id, json!({ "certificate": certificate, "linked": true }), customer.as_str())?,
                    Err(error) => run.refuse_or_stop(&action.id, error, customer.as_str())?,
                }
            }
            _ => {}
        }
    }
    Ok(())
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
    /// Certificates that this one is not: made for other writes, or there before.
    others: BTreeSet<i64>,
}

impl Claim<'_> {
    /// Everyone it is linked to.
    fn customers(&self) -> impl Iterator<Item = &CustomerCode> {
        std::iter::once(self.customer).chain(self.also)
    }
}

/// Gives the id of the certificate, where there is one now.
async fn create_and_link(run: &Run<'_>, action: &Action, claim: &Claim<'_>) -> Result<Option<i64>, Stopped> {
    let Claim { customer, document, .. } = claim;
    let created_before = run.records.get(action.id.as_str()).and_then(|r| created_id(r.result.as_ref()));
    if let Some(id) = created_before {
        link_and_confirm(run, action, claim, CertificateId(id)).await?;
        return Ok(Some(id));
    }
    let pdf = match run.ports.documents.pdf(&document.file, document.pages, &document.sha256) {
        Ok(pdf) => pdf,
        Err(why) => {
            let error = ServiceError {
                kind: ServiceErrorKind::Invalid,
                call: "CreateCertificates".to_owned(),
                number: None,
                message: why,
                hint: Some("put the file back as it was and start a new run; what was done is not done again".to_owned()),
            };
            run.failed(&action.id, &error, None, customer.as_str())?;
            return Ok(None);
        }
    };
    let id = match create(run, action, claim, &pdf).await {
        Ok(id) => id,
        Err(Stopped::Service(error)) => {
            run.refuse_or_stop(&action.id, error, customer.as_str())?;
            return Ok(None);
        }
        Err(other) => return Err(other),
    };
    run.halfway(&action.id, json!({ "certificate": id, "linked": false }))?;
    link_and_confirm(run, action, claim, id).await?;
    Ok(Some(id.0))
}

async fn link_and_confirm(run: &Run<'_>, action: &Action, claim: &Claim<'_>, id: CertificateId) -> Result<(), Stopped> {
    // A customer that is refused does not keep the others from theirs.
    let mut refused = None;
    for customer in claim.customers() {
        match link(run, customer, id).await {
            Ok(()) => {}
            Err(error) if is_refusal(&error) => drop(refused.get_or_insert(error)),
            Err(error) => return Err(error.into()),
        }
    }
    match refused {
        None => run.done(&action.id, json!({ "certificate": id, "linked": true }), claim.customer.as_str()),
        // The certificate exists, so its number stays in the record whatever became of the link.
        Some(error) => run.failed(&action.id, &error, Some(id), claim.customer.as_str()),
    }
}

/// The id of the certificate: made now, or found where an earlier attempt had made it.
async fn create(run: &Run<'_>, action: &Action, claim: &Claim<'_>, pdf: &[u8]) -> Result<CertificateId, Stopped> {
    let draft = claim.draft;
    let mut look_first = run.state(&action.id) == ActionState::Attempted;
    let since = run.first_attempt(&action.id);
    for tries_left in (0..TRIES).rev() {
        if look_first && let Some(found) = find(run, claim, since).await? {
            return Ok(found);
        }
        run.attempt(&[&action.id])?;
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
        if error.kind != ServiceErrorKind::Unclear || tries_left == 0 {
            return Err(error.into());
        }
        look_first = true;
    }
    unreachable!("the last try returns")
}

/// A certificate that a lost call made: the same claim, linked to nobody or to this customer, not made for another write of this run, and not
/// there when the plan was made. Two of them can't be told apart, so a person must.
async fn find(run: &Run<'_>, claim: &Claim<'_>, since: Option<jiff::Timestamp>) -> Result<Option<CertificateId>, ServiceError> {
    let draft = claim.draft;
    let begun = since.unwrap_or_else(|| run.ports.clock.now()).to_zoned(jiff::tz::TimeZone::UTC).date();
    // The clocks of two machines differ, and so do their time zones.
    let created_since = begun.checked_sub(1.day()).unwrap_or(begun);
    let found = run.ports.service.find_certificates(run.ports.company, &CertificateSearch { draft, created_since }).await?;
    let fits = |c: &&crate::domain::CertificateOnFile| {
        c.is_same_claim(draft) && !claim.others.contains(&c.id.0) && c.customers.iter().all(|linked| claim.customers().any(|c| c == linked))
    };
    let ids: Vec<CertificateId> = found.iter().filter(fits).map(|c| c.id).collect();
    match ids.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        several => {
            let list = several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
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
async fn link(run: &Run<'_>, customer: &CustomerCode, certificate: CertificateId) -> Result<(), ServiceError> {
    let service = run.ports.service;
    for tries_left in (0..TRIES).rev() {
        let linked = service.certificates_of(run.ports.company, customer).await?;
        if linked.iter().any(|c| c.id == certificate) {
            return Ok(());
        }
        match service.link(run.ports.company, customer, &[certificate]).await {
            Ok(()) => return Ok(()),
            Err(error) if error.kind == ServiceErrorKind::Unclear && tries_left > 0 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
