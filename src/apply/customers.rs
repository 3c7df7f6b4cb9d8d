//! Customers: created in batches, updated one by one.

use super::{Run, Stopped, TRIES};
use crate::domain::{Customer, ExposureZone};
use crate::plan::{Action, Write};
use crate::ports::{MAX_CUSTOMERS_PER_CALL, ServiceError, ServiceErrorKind};
use serde_json::json;

pub(super) async fn apply(run: &Run<'_>, actions: &[Action]) -> Result<(), Stopped> {
    let open: Vec<&Action> = actions.iter().filter(|a| run.is_open(&a.id)).collect();
    run.ports.progress.advance((actions.len() - open.len()) as u64, "done before");

    // What an earlier process sent and nobody confirmed is looked up before anything is sent again.
    let mut creates = Vec::new();
    for action in &open {
        let Write::CreateCustomer { customer, .. } = &action.write else { continue };
        match run.was_attempted(&action.id) && exists(run, customer).await? {
            true => run.done(&action.id, json!({ "found": true }), customer.code.as_str())?,
            false => creates.push(*action),
        }
    }
    for batch in creates.chunks(MAX_CUSTOMERS_PER_CALL) {
        create(run, batch).await?;
    }
    for action in open {
        if let Write::UpdateCustomer { customer, zones, .. } = &action.write {
            run.check_interrupt()?;
            // Replacing a record by the same values twice leaves the same record, so an update may simply be sent again.
            run.attempt(&[&action.id])?;
            match run.ports.service.update_customer(run.ports.company, customer, zones).await {
                Ok(()) => run.done(&action.id, json!({}), customer.code.as_str())?,
                Err(error) => run.refuse_or_stop(&action.id, error, customer.code.as_str())?,
            }
        }
    }
    Ok(())
}

async fn exists(run: &Run<'_>, customer: &Customer) -> Result<bool, ServiceError> {
    Ok(run.ports.service.customer(run.ports.company, &customer.code).await?.is_some())
}

/// Creates a batch. A batch that is refused for one bad row is halved until the bad row is alone; the others go through.
async fn create(run: &Run<'_>, batch: &[&Action]) -> Result<(), Stopped> {
    let mut waiting = vec![batch.to_vec()];
    while let Some(part) = waiting.pop() {
        run.check_interrupt()?;
        let part = send(run, part).await?;
        let Some((part, error)) = part else { continue };
        match part.len() {
            0 => {}
            1 => run.refuse_or_stop(&part[0].id, error, part[0].write.customer().as_str())?,
            n => {
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
    for tries_left in (0..TRIES).rev() {
        let ids: Vec<&str> = part.iter().map(|a| a.id.as_str()).collect();
        run.attempt(&ids)?;
        let rows: Vec<(&Customer, Vec<ExposureZone>)> = part.iter().filter_map(|a| row(a)).collect();
        let error = match run.ports.service.create_customers(run.ports.company, &rows).await {
            Ok(()) => {
                for action in &part {
                    run.done(&action.id, json!({}), action.write.customer().as_str())?;
                }
                return Ok(None);
            }
            Err(error) => error,
        };
        let worth_splitting = matches!(error.kind, ServiceErrorKind::Invalid | ServiceErrorKind::Duplicate);
        if !worth_splitting && error.kind != ServiceErrorKind::Unclear {
            return Err(error.into());
        }
        // Whether a refused batch is refused as a whole is written nowhere, so what is there now decides.
        let mut missing = Vec::new();
        for action in part {
            match row(action) {
                Some((customer, _)) if exists(run, customer).await? => {
                    run.done(&action.id, json!({ "found": true }), customer.code.as_str())?;
                }
                _ => missing.push(action),
            }
        }
        if missing.is_empty() {
            return Ok(None);
        }
        part = missing;
        if worth_splitting {
            return Ok(Some((part, error)));
        }
        if tries_left == 0 {
            return Err(error.into());
        }
    }
    Ok(None)
}

fn row(action: &Action) -> Option<(&Customer, Vec<ExposureZone>)> {
    match &action.write {
        Write::CreateCustomer { customer, zones } => Some((customer, zones.clone())),
        _ => None,
    }
}
