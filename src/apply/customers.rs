//! Customers: created in batches, updated one by one.

use super::many::{AT_ONCE, ask_each, each, pause};
use super::{Run, Stopped, TRIES};
use crate::domain::{Customer, ExposureZone};
use crate::plan::{Action, Write};
use crate::ports::{MAX_CUSTOMERS_PER_CALL, ServiceError, ServiceErrorKind};
use serde_json::{Value, json};

/// What is sent in one call.
enum Piece<'a> {
    Create(Vec<&'a Action>),
    Update(&'a Action, &'a Customer, &'a [ExposureZone]),
}

pub(super) async fn apply(run: &Run<'_>, actions: &[Action]) -> Result<(), Stopped> {
    let open: Vec<&Action> = actions.iter().filter(|a| run.is_open(&a.id)).collect();
    // What an earlier process sent and nobody confirmed is looked up before anything is sent again.
    let sent = open.iter().copied().filter(|a| row(a).is_some() && run.was_attempted(&a.id)).collect();
    let missing: std::collections::HashSet<&str> = still_missing(run, sent).await?.into_iter().map(|a| a.id.as_str()).collect();
    let to_send = open.into_iter().filter(|a| row(a).is_none() || !run.was_attempted(&a.id) || missing.contains(a.id.as_str()));

    each(run, AT_ONCE, pieces(to_send), async |piece| match piece {
        Piece::Create(batch) => create(run, batch).await,
        Piece::Update(action, customer, zones) => update(run, action, customer, zones).await,
    })
    .await
}

/// Keeps the plan's order, as far as batches allow.
fn pieces<'a>(actions: impl Iterator<Item = &'a Action>) -> Vec<Piece<'a>> {
    let (mut pieces, mut batch) = (Vec::new(), Vec::new());
    for action in actions {
        match &action.write {
            Write::CreateCustomer { .. } => batch.push(action),
            Write::UpdateCustomer { customer, zones, .. } => pieces.push(Piece::Update(action, customer, zones)),
            _ => {}
        }
        if batch.len() == MAX_CUSTOMERS_PER_CALL {
            pieces.push(Piece::Create(std::mem::take(&mut batch)));
        }
    }
    if !batch.is_empty() {
        pieces.push(Piece::Create(batch));
    }
    pieces
}

/// Replacing a record by the same values twice leaves the same record, so an update may simply be sent again.
async fn update(run: &Run<'_>, action: &Action, customer: &Customer, zones: &[ExposureZone]) -> Result<(), Stopped> {
    let code = customer.code.as_str();
    for tried in 0..TRIES {
        run.attempt(&[&action.id]).await?;
        match run.ports.service.update_customer(run.ports.company, customer, zones).await {
            Ok(()) => return run.done(&action.id, json!({}), code).await,
            Err(error) if error.kind == ServiceErrorKind::Unclear && tried + 1 < TRIES => pause(&action.id, tried).await,
            Err(error) => return run.refuse_or_stop(&action.id, error, code).await,
        }
    }
    Ok(())
}

/// Creates a batch. A batch that is refused for one bad row is halved until the bad row is alone; the others go through.
async fn create(run: &Run<'_>, batch: Vec<&Action>) -> Result<(), Stopped> {
    let mut waiting = vec![batch];
    while let Some(part) = waiting.pop() {
        let Some((part, error)) = send(run, part).await? else { continue };
        match part.len() {
            0 => {}
            1 => run.refuse_or_stop(&part[0].id, error, part[0].write.subject()).await?,
            n => {
                run.check_interrupt()?;
                let (left, right) = part.split_at(n / 2);
                waiting.push(right.to_vec());
                waiting.push(left.to_vec());
            }
        }
    }
    Ok(())
}

/// Sends one call. `None` when all of it is done; else what is not there, with the service's refusal.
async fn send<'a>(run: &Run<'_>, mut part: Vec<&'a Action>) -> Result<Option<(Vec<&'a Action>, ServiceError)>, Stopped> {
    for tried in 0..TRIES {
        let ids: Vec<&str> = part.iter().map(|a| a.id.as_str()).collect();
        run.attempt(&ids).await?;
        let rows: Vec<(&Customer, Vec<ExposureZone>)> = part.iter().filter_map(|a| row(a)).collect();
        let error = match run.ports.service.create_customers(run.ports.company, &rows).await {
            Ok(()) => {
                let results: Vec<(&str, Value)> = ids.iter().map(|id| (*id, json!({}))).collect();
                run.all_done(&results, part[0].write.subject()).await?;
                return Ok(None);
            }
            Err(error) => error,
        };
        let worth_splitting = matches!(error.kind, ServiceErrorKind::Invalid | ServiceErrorKind::TooLarge | ServiceErrorKind::Duplicate);
        if !worth_splitting && error.kind != ServiceErrorKind::Unclear {
            return Err(error.into());
        }
        // Whether a refused batch is refused as a whole is written nowhere, so what is there now decides.
        part = still_missing(run, part).await?;
        if part.is_empty() {
            return Ok(None);
        }
        if worth_splitting {
            return Ok(Some((part, error)));
        }
        if tried + 1 == TRIES {
            return Err(error.into());
        }
        pause(&part[0].id, tried).await;
    }
    Ok(None)
}

/// Looks up which customers the service has, and confirms these. Gives the others.
async fn still_missing<'a>(run: &Run<'_>, sent: Vec<&'a Action>) -> Result<Vec<&'a Action>, Stopped> {
    let there = ask_each(&sent, async |action| match action.write.customer() {
        Some(code) => Ok(run.ports.service.customer(run.ports.company, code).await?.is_some()),
        None => Ok(false),
    })
    .await?;
    let found: Vec<&Action> = sent.iter().zip(&there).filter(|(_, there)| **there).map(|(action, _)| *action).collect();
    if let Some(first) = found.first() {
        let results: Vec<(&str, Value)> = found.iter().map(|a| (a.id.as_str(), json!({ "found": true }))).collect();
        run.all_done(&results, first.write.subject()).await?;
    }
    Ok(sent.into_iter().zip(there).filter(|(_, there)| !there).map(|(action, _)| action).collect())
}

fn row(action: &Action) -> Option<(&Customer, Vec<ExposureZone>)> {
    match &action.write {
        Write::CreateCustomer { customer, zones } => Some((customer, zones.clone())),
        _ => None,
    }
}
