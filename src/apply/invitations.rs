//! Invitations: mail to real people, so a lost answer is looked up, and never sent twice.

use super::many::{AT_ONCE, each, pause};
use super::{Run, Stopped, TRIES};
use crate::domain::{InvitationDraft, InvitationOnFile};
use crate::plan::{Action, Write};
use crate::ports::{ServiceError, ServiceErrorKind};
use jiff::ToSpan;
use serde_json::json;

pub(super) async fn apply(run: &Run<'_>, actions: &[Action]) -> Result<(), Stopped> {
    let open = actions.iter().filter(|a| run.is_open(&a.id));
    each(run, AT_ONCE, open, async |action| match &action.write {
        Write::SendInvitation { draft } => send(run, action, draft).await,
        _ => Ok(()),
    })
    .await
}

async fn send(run: &Run<'_>, action: &Action, draft: &InvitationDraft) -> Result<(), Stopped> {
    let now = draft.customer.as_str();
    let mut look_first = run.was_attempted(&action.id);
    for tried in 0..TRIES {
        if look_first && let Some(found) = find(run, action, draft).await? {
            return run.done(&action.id, json!({ "invitation": found.id, "link": found.link, "found": true }), now).await;
        }
        run.attempt(&[&action.id]).await?;
        match run.ports.service.invite(run.ports.company, draft).await {
            Ok(receipt) => {
                let result = json!({ "invitation": receipt.id, "state": receipt.state, "link": receipt.link });
                return run.done(&action.id, result, now).await;
            }
            Err(error) if error.kind == ServiceErrorKind::Unclear && tried + 1 < TRIES => {
                look_first = true;
                pause(&action.id, tried).await;
            }
            Err(error) => return run.refuse_or_stop(&action.id, error, now).await,
        }
    }
    Ok(())
}

/// An invitation to this customer since the first attempt of this run.
async fn find(run: &Run<'_>, action: &Action, draft: &InvitationDraft) -> Result<Option<InvitationOnFile>, ServiceError> {
    let begun = run.first_attempt(&action.id).unwrap_or_else(|| run.ports.clock.now()).to_zoned(jiff::tz::TimeZone::UTC).date();
    let since = begun.checked_sub(1.day()).unwrap_or(begun);
    let found = run.ports.service.invitations(run.ports.company, Some(since)).await?;
    Ok(found.into_iter().find(|i| i.customer == draft.customer && i.sent.is_none_or(|day| day >= since)))
}
