//! Taking away links, certificates and attributes. Each says first how things are now: what is gone already is not taken away again, and a
//! certificate that somebody else was linked to meanwhile is not deleted.

use super::many::pause;
use super::{Run, Stopped, TRIES};
use crate::domain::{AttributeOwner, CertificateId, CustomerCode};
use crate::plan::{Action, Write};
use crate::ports::{ServiceError, ServiceErrorKind};
use serde_json::json;

/// One after the other: these are few, and a person looks on.
pub(super) async fn apply(run: &Run<'_>, actions: &[Action]) -> Result<(), Stopped> {
    for action in actions.iter().filter(|a| run.is_open(&a.id)) {
        run.check_interrupt()?;
        let subject = action.write.subject();
        run.attempt(&[&action.id]).await?;
        let done = match &action.write {
            Write::UnlinkCertificate { customer, certificate } => unlink(run, action, customer, *certificate).await,
            Write::DeleteCertificate { certificate, customers, .. } => delete(run, action, *certificate, customers).await,
            Write::ChangeAttributes { owner, link, names } => attributes(run, action, owner, *link, names).await,
            _ => Ok(()),
        };
        match done {
            Ok(()) => run.done(&action.id, json!({}), subject).await?,
            Err(error) => run.refuse_or_stop(&action.id, error, subject).await?,
        }
    }
    Ok(())
}

/// Does `change` unless `there` says that it is done; a lost answer has `there` asked again before anything is sent once more.
async fn until_done(
    action: &Action,
    there: impl AsyncFn() -> Result<bool, ServiceError>,
    change: impl AsyncFn() -> Result<(), ServiceError>,
) -> Result<(), ServiceError> {
    for tried in 0..TRIES {
        if there().await? {
            return Ok(());
        }
        match change().await {
            Err(error) if error.kind == ServiceErrorKind::Unclear && tried + 1 < TRIES => pause(&action.id, tried).await,
            Err(error) => return Err(error),
            // A yes that changed nothing is no yes.
            Ok(()) if there().await? => return Ok(()),
            Ok(()) => {
                let message = "the service said yes, and nothing has changed".to_owned();
                let hint = Some("look at it in the service's own pages".to_owned());
                return Err(ServiceError {
                    kind: ServiceErrorKind::Invalid,
                    call: action.write.kind().to_owned(),
                    number: None,
                    message,
                    hint,
                });
            }
        }
    }
    Ok(())
}

async fn unlink(run: &Run<'_>, action: &Action, customer: &CustomerCode, certificate: CertificateId) -> Result<(), ServiceError> {
    let (service, company) = (run.ports.service, run.ports.company);
    until_done(
        action,
        // By the certificate: a customer may have more than one page of them.
        async || Ok(service.certificate(company, certificate).await?.is_none_or(|c| !c.customers.contains(customer))),
        async || service.unlink(company, customer, &[certificate]).await,
    )
    .await
}

/// Unlinked first: the service may refuse to delete what somebody is linked to, and deletes for everybody at once where it does not.
async fn delete(run: &Run<'_>, action: &Action, certificate: CertificateId, approved: &[CustomerCode]) -> Result<(), ServiceError> {
    let (service, company) = (run.ports.service, run.ports.company);
    // Looked at before every step: whoever is linked meanwhile must not lose it.
    let look = async || {
        let found = service.certificate(company, certificate).await?;
        let linked = found.iter().flat_map(|c| &c.customers);
        let others: Vec<String> = linked.filter(|code| !approved.contains(code)).map(ToString::to_string).collect();
        match others.is_empty() {
            true => Ok(found),
            false => Err(ServiceError {
                kind: ServiceErrorKind::Invalid,
                call: "DeleteCertificate".to_owned(),
                number: None,
                message: format!(
                    "certificate {certificate} has been linked to {} since it was looked at, so it is not deleted",
                    others.join(", ")
                ),
                hint: Some("look at it again, and delete it for all its customers where that is meant".to_owned()),
            }),
        }
    };
    let Some(found) = look().await? else { return Ok(()) };
    if !found.customers.is_empty() {
        until_done(
            action,
            async || Ok(look().await?.is_none_or(|c| c.customers.is_empty())),
            async || service.unlink_customers(company, certificate, &found.customers).await,
        )
        .await?;
    }
    let deleted =
        until_done(action, async || Ok(look().await?.is_none()), async || service.delete_certificate(company, certificate).await).await;
    // What was done already must not be told as not done.
    deleted.map_err(|mut error| {
        if !found.customers.is_empty() {
            let names = found.customers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            error.message = format!("it was taken from {names}, and then not deleted: {}", error.message);
        }
        error
    })
}

async fn attributes(run: &Run<'_>, action: &Action, owner: &AttributeOwner, link: bool, names: &[String]) -> Result<(), ServiceError> {
    let (service, company) = (run.ports.service, run.ports.company);
    let as_wanted = async || {
        let present = service.attributes_of(company, owner).await?;
        Ok(names.iter().all(|name| present.iter().any(|a| a.name.eq_ignore_ascii_case(name)) == link))
    };
    let change = async || match link {
        true => service.link_attributes(company, owner, names).await,
        false => service.unlink_attributes(company, owner, names).await,
    };
    until_done(action, as_wanted, change).await
}
