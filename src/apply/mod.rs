//! Carries out an approved plan, each write exactly once.
//!
//! Owns: the order intent → attempt → confirmation, and what to do when an answer was lost: look the object up by what identifies it, and
//! only then send again.
//! Must not touch: deciding what to write, asking, printing, any vendor's types.
//! Called by: `wizard`.

mod certificates;
mod changes;
mod customers;
mod invitations;
mod many;

use crate::domain::{CertificateId, Sha256};
use crate::plan::{Action, Approved, Gate, Plan};
use crate::ports::{
    ActionRecord, ActionState, Clock, ExemptionService, Interrupt, JournalError, JournalStore, Progress, ServiceError, ServiceErrorKind,
    UploadPdf,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

/// Gives a document's own pages as PDF of at most `most` bytes; `Err` is the reason why it can't, in words.
pub trait DocumentPages: Sync {
    fn pdf(&self, file: &str, pages: [u32; 2], sha256: &Sha256, most: u64) -> Result<UploadPdf, String>;
}

/// The largest PDF that is sent, in bytes. The API's description prints no limit; CertCapture, where the documents are kept, takes 50 MB
/// (help.avalara.com, CertCapture, “Upload a document”). A service that refuses one as too large is sent a smaller one.
pub const LARGEST_UPLOAD: u64 = 50_000_000;

/// What applying needs from the outside.
pub struct Ports<'a> {
    pub service: &'a dyn ExemptionService,
    pub company: crate::domain::CompanyId,
    pub journal: &'a dyn JournalStore,
    pub documents: &'a dyn DocumentPages,
    pub clock: &'a dyn Clock,
    pub progress: &'a dyn Progress,
    pub interrupt: &'a Interrupt,
}

/// Why applying ended before the plan did. What was confirmed is in the journal; the rest can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    #[error("interrupted")]
    Interrupted,
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// One write that the service refused, for a person to look at. The others went through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    pub what: String,
    pub why: String,
    pub hint: Option<String>,
}

/// What became of a plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub done: usize,
    /// Done by earlier plans of the same gate.
    pub done_before: usize,
    /// Not yet done, and not refused.
    pub open: usize,
    pub refused: Vec<Refused>,
}

/// Saves the approved plan, so that from here on the journal knows what is still to be done. Saving it again changes nothing.
pub fn record(approved: &Approved<Plan>, journal: &dyn JournalStore) -> Result<(), JournalError> {
    let gate = approved.plan().gate.name();
    let last = recorded(approved.plan().gate, journal)?;
    if last.is_some_and(|last| last.approval().fingerprint == approved.approval().fingerprint) {
        return Ok(());
    }
    let saved = SavedRef { plan: approved.plan(), approval: approved.approval() };
    let unwritable = |e: serde_json::Error| JournalError(format!("the plan can't be written: {e}"));
    let text = serde_json::to_string(&saved).map_err(unwritable)?;
    let approval = serde_json::to_value(approved.approval()).map_err(unwritable)?;
    let record = |(seq, action): (usize, &Action)| ActionRecord {
        id: action.id.clone(),
        gate: gate.to_owned(),
        seq: u32::try_from(seq).unwrap_or(u32::MAX),
        customer: action.write.customer().cloned(),
        what: action.write.describe(),
        reason: action.reason.clone(),
        state: ActionState::Planned,
        attempts: 0,
        first_attempt: None,
        result: None,
    };
    let records: Vec<ActionRecord> = approved.plan().actions.iter().enumerate().map(record).collect();
    journal.save_plan(gate, &text, &approval, records)
}

#[derive(Serialize)]
struct SavedRef<'a> {
    plan: &'a Plan,
    approval: &'a crate::plan::Approval,
}

#[derive(Deserialize)]
struct Saved {
    plan: Plan,
    approval: crate::plan::Approval,
}

/// The plan that was last approved for a gate in this run.
pub fn recorded(gate: Gate, journal: &dyn JournalStore) -> Result<Option<Approved<Plan>>, JournalError> {
    journal.plan(gate.name())?.map(saved).transpose()
}

/// All plans that were approved for a gate in this run, oldest first.
pub fn all_recorded(gate: Gate, journal: &dyn JournalStore) -> Result<Vec<Approved<Plan>>, JournalError> {
    journal.plans(gate.name())?.into_iter().map(saved).collect()
}

fn saved(value: Value) -> Result<Approved<Plan>, JournalError> {
    let saved: Saved = serde_json::from_value(value).map_err(|e| JournalError(format!("the saved plan can't be read: {e}")))?;
    crate::plan::confirm(saved.plan, saved.approval).map_err(|e| JournalError(e.to_string()))
}

/// Carries out the plan. Writes that the journal knows as done are not made again; attempted ones are looked up first.
pub async fn apply(approved: Approved<Plan>, ports: &Ports<'_>) -> Result<Outcome, Stopped> {
    record(&approved, ports.journal)?;
    let gate = approved.plan().gate;
    let records = ports.journal.actions(gate.name())?;
    let by_id = records.iter().map(|r| (r.id.as_str(), r)).collect();
    let run = Run { gate, ports, records: by_id, stopping: AtomicBool::new(false) };
    let before = approved.plan().actions.iter().filter(|a| !run.is_open(&a.id)).count();
    let (what, unit) = match gate {
        Gate::Customers => ("Syncing customers", "customers"),
        Gate::Certificates => ("Creating and linking certificates", "certificates"),
        Gate::Invitations => ("Sending invitations", "invitations"),
        Gate::Changes => ("Changing", "changes"),
    };
    ports.progress.begin(what, unit, Some(approved.plan().actions.len() as u64));
    if before > 0 {
        ports.progress.advance(before as u64, "done before");
    }
    let result = match gate {
        Gate::Customers => customers::apply(&run, &approved.plan().actions).await,
        Gate::Certificates => certificates::apply(&run, &approved.plan().actions).await,
        Gate::Invitations => invitations::apply(&run, &approved.plan().actions).await,
        Gate::Changes => changes::apply(&run, &approved.plan().actions).await,
    };
    ports.progress.end();
    result?;
    outcome(approved.plan(), ports.journal).map_err(Stopped::from)
}

/// What the journal says became of a plan's writes, and of those that earlier plans of its gate had.
pub fn outcome(plan: &Plan, journal: &dyn JournalStore) -> Result<Outcome, JournalError> {
    let mine: HashSet<&str> = plan.actions.iter().map(|a| a.id.as_str()).collect();
    let mut outcome = Outcome::default();
    for record in journal.actions(plan.gate.name())? {
        match record.state {
            ActionState::Done if !mine.contains(record.id.as_str()) => outcome.done_before += 1,
            ActionState::Done => outcome.done += 1,
            ActionState::Failed => {
                let part = |key: &str| record.result.as_ref().and_then(|r| r.get(key)).and_then(Value::as_str).map(str::to_owned);
                outcome.refused.push(Refused { what: record.what, why: part("message").unwrap_or_default(), hint: part("hint") });
            }
            ActionState::Planned | ActionState::Attempted => outcome.open += 1,
        }
    }
    Ok(outcome)
}

/// One gate being applied.
struct Run<'a> {
    gate: Gate,
    ports: &'a Ports<'a>,
    records: HashMap<&'a str, &'a ActionRecord>,
    /// Something has stopped the gate: what is in flight comes to its end, and nothing more is begun.
    stopping: AtomicBool,
}

impl Run<'_> {
    fn state(&self, id: &str) -> ActionState {
        self.records.get(id).map_or(ActionState::Planned, |r| r.state)
    }

    fn first_attempt(&self, id: &str) -> Option<jiff::Timestamp> {
        self.records.get(id).and_then(|r| r.first_attempt)
    }

    /// Is there still something to do for this write? Refused ones are not tried again by themselves.
    fn is_open(&self, id: &str) -> bool {
        matches!(self.state(id), ActionState::Planned | ActionState::Attempted)
    }

    /// Was it sent before, with an answer that nobody saw?
    fn was_attempted(&self, id: &str) -> bool {
        self.state(id) == ActionState::Attempted
    }

    async fn attempt(&self, ids: &[&str]) -> Result<(), Stopped> {
        Ok(self.ports.journal.attempt(self.gate.name(), ids, self.ports.clock.now()).await?)
    }

    async fn done(&self, id: &str, result: Value, now: &str) -> Result<(), Stopped> {
        self.all_done(&[(id, result)], now).await
    }

    /// Several at once; `now` names one of them.
    async fn all_done(&self, results: &[(&str, Value)], now: &str) -> Result<(), Stopped> {
        if results.is_empty() {
            return Ok(());
        }
        self.ports.journal.done(self.gate.name(), results, self.ports.clock.now()).await?;
        self.ports.progress.advance(results.len() as u64, now);
        Ok(())
    }

    async fn halfway(&self, id: &str, result: Value) -> Result<(), Stopped> {
        Ok(self.ports.journal.halfway(self.gate.name(), id, &result, self.ports.clock.now()).await?)
    }

    /// Refused. What was made all the same (`made`) stays in the record, and so does what was done to its document.
    async fn failed(
        &self,
        id: &str,
        error: &ServiceError,
        made: Option<CertificateId>,
        reduced: Option<&str>,
        now: &str,
    ) -> Result<(), Stopped> {
        let mut value = serde_json::to_value(error).map_err(|e| JournalError(e.to_string()))?;
        if let (Some(reduced), Value::Object(fields)) = (reduced, &mut value) {
            fields.insert("reduced".to_owned(), Value::from(reduced));
        }
        if let (Some(made), Value::Object(fields)) = (made, &mut value) {
            fields.insert("certificate".to_owned(), Value::from(made.0));
            fields.insert("message".to_owned(), Value::from(format!("certificate {made} was created and could not be linked: {error}")));
        }
        self.ports.journal.failed(self.gate.name(), id, &value, self.ports.clock.now()).await?;
        self.ports.progress.advance(1, now);
        Ok(())
    }

    fn check_interrupt(&self) -> Result<(), Stopped> {
        match self.ports.interrupt.is_raised() || self.stopping.load(Ordering::SeqCst) {
            true => Err(Stopped::Interrupted),
            false => Ok(()),
        }
    }

    /// A refusal of this one object lets the others go on; anything else stops the gate.
    async fn refuse_or_stop(&self, id: &str, error: ServiceError, now: &str) -> Result<(), Stopped> {
        match is_refusal(&error) {
            true => self.failed(id, &error, None, None, now).await,
            false => Err(error.into()),
        }
    }
}

/// Does this concern the one object only?
fn is_refusal(error: &ServiceError) -> bool {
    use ServiceErrorKind::{Duplicate, Invalid, NotFound, TooLarge};
    matches!(error.kind, Invalid | TooLarge | NotFound | Duplicate)
}

/// How often a write is sent that was found not to have taken effect.
const TRIES: usize = 5;
