//! After onboarding: looking up how customers and certificates stand, and changing them with the same care as a run: read, plan, confirm, apply.
//!
//! Owns: what a customer's exemption amounts to, which records a filter means, and the one way in which a change is made.
//! Must not touch: HTTP, the terminal, files. All of it comes in through ports.
//! Called by: `commands`.

mod select;
mod status;

pub use select::{CertificateFilter, CustomerFilter, ErpWord, Within};
pub use status::{CertificateState, CustomerStatus, ExemptState, HeldCertificate, SentInvitation, customer_status, held, state_of};

use crate::apply::{self, DocumentPages, Outcome, Ports};
use crate::domain::{CompanyId, CustomerCode, Sha256, counted};
use crate::plan::{Action, Approval, Gate, Note, Plan, confirm};
use crate::ports::{Block, Clock, ExemptionService, Interrupt, JournalStore, Progress, Question, Screen, UploadPdf};
use crate::wizard::{Asker, WizardError};
use serde::Serialize;
use serde_json::json;

/// So many writes and notes are shown on the terminal; the plan's file has all.
const SHOWN: usize = 20;

/// Everything a change needs from the outside.
pub struct Work<'a> {
    pub service: &'a dyn ExemptionService,
    pub company: CompanyId,
    pub journal: &'a dyn JournalStore,
    pub screen: &'a dyn Screen,
    pub progress: &'a dyn Progress,
    pub clock: &'a dyn Clock,
    pub interrupt: &'a Interrupt,
    pub ask: Asker<'a>,
    /// Who approves, for the record.
    pub user: String,
    /// Show the plan and change nothing.
    pub dry_run: bool,
}

/// One write of a plan, in short.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Wanted {
    pub customer: Option<CustomerCode>,
    /// create, update, link, send …
    pub what: &'static str,
    pub reason: String,
}

fn wanted(plan: &Plan) -> Vec<Wanted> {
    let one =
        |action: &Action| Wanted { customer: action.write.customer().cloned(), what: action.write.kind(), reason: action.reason.clone() };
    plan.actions.iter().map(one).collect()
}

/// How a change ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    pub planned: usize,
    /// What was planned, one by one.
    pub writes: Vec<Wanted>,
    pub unchanged: usize,
    pub notes: Vec<Note>,
    /// `None`: nothing was to be done, it was a dry run, or the person said no.
    pub outcome: Option<Outcome>,
    pub declined: bool,
}

impl Changed {
    /// Is something left for a person?
    pub fn waits(&self) -> bool {
        self.notes.iter().any(|n| !n.harmless) || self.outcome.as_ref().is_some_and(|o| !o.refused.is_empty() || o.open > 0)
    }
}

impl Work<'_> {
    /// Shows the plan, asks, carries it out, and notes all of it.
    pub async fn carry_out(&mut self, plan: Plan, question: &Question) -> Result<Changed, WizardError> {
        self.show(&plan);
        let mut changed = Changed {
            planned: plan.actions.len(),
            writes: wanted(&plan),
            unchanged: plan.unchanged,
            notes: plan.notes.clone(),
            outcome: None,
            declined: false,
        };
        if plan.is_empty() {
            self.screen.show(Block::Good("Nothing to change.".to_owned()));
        } else if self.dry_run {
            self.screen.show(Block::Say("Dry run: nothing was changed.".to_owned()));
        } else if !self.ask.confirm(question)? {
            self.screen.show(Block::Warn("Declined: nothing was changed.".to_owned()));
            changed.declined = true;
        } else {
            let approval = Approval { by: self.user.clone(), at: self.clock.now(), fingerprint: plan.fingerprint.clone() };
            let approved = confirm(plan.clone(), approval).map_err(|e| WizardError::Input(e.to_string()))?;
            changed.outcome = Some(apply::apply(approved, &self.ports()).await?);
        }
        self.keep(plan.gate, &changed)?;
        Ok(changed)
    }

    /// Goes on with what was approved before this process was started: nothing is planned anew.
    pub async fn finish(&mut self) -> Result<Changed, WizardError> {
        let mut all = Changed { planned: 0, writes: Vec::new(), unchanged: 0, notes: Vec::new(), outcome: None, declined: false };
        for gate in Gate::ALL {
            let Some(approved) = apply::recorded(gate, self.journal)? else { continue };
            all.planned += approved.plan().actions.len();
            all.writes.extend(wanted(approved.plan()));
            let outcome = apply::apply(approved, &self.ports()).await?;
            let sum = all.outcome.get_or_insert_with(Outcome::default);
            sum.done += outcome.done;
            sum.open += outcome.open;
            sum.refused.extend(outcome.refused);
            self.keep(gate, &all)?;
        }
        Ok(all)
    }

    fn ports(&self) -> Ports<'_> {
        Ports {
            service: self.service,
            company: self.company,
            journal: self.journal,
            documents: &NoDocuments,
            clock: self.clock,
            progress: self.progress,
            interrupt: self.interrupt,
        }
    }

    fn show(&self, plan: &Plan) {
        if !plan.is_empty() {
            let rows = plan.actions.iter().take(SHOWN).map(|a| vec![a.write.describe(), a.reason.clone()]).collect();
            let note = (plan.actions.len() > SHOWN).then(|| format!("and {} more", plan.actions.len() - SHOWN));
            let head = ["What", "Why"].map(str::to_owned).to_vec();
            self.screen.show(Block::Table {
                title: format!("Planned: {}", counted(plan.actions.len(), "change", "changes")),
                head,
                rows,
                note,
            });
        }
        for note in plan.notes.iter().take(SHOWN) {
            let text = format!("{}: {}", note.subject, note.text);
            self.screen.show(if note.harmless { Block::Say(text) } else { Block::Warn(text) });
        }
        if plan.notes.len() > SHOWN {
            self.screen.show(Block::Say(format!("and {} more notes", plan.notes.len() - SHOWN)));
        }
    }

    fn keep(&self, gate: Gate, changed: &Changed) -> Result<(), WizardError> {
        let outcome = changed.outcome.clone().unwrap_or_default();
        for refused in &outcome.refused {
            let hint = refused.hint.as_deref().map(|h| format!(" — {h}")).unwrap_or_default();
            self.screen.show(Block::Warn(format!("not done: {}: {}{hint}", refused.what, refused.why)));
        }
        let record = json!({
            "planned": changed.planned, "done": outcome.done, "open": outcome.open, "refused": outcome.refused, "unchanged": changed.unchanged,
            "notes": changed.notes, "declined": changed.declined, "dry_run": self.dry_run,
        });
        self.journal.complete_step(gate.name(), &record, self.clock.now())?;
        let summary = json!({ "ending": { "waiting": changed.waits(), "declined": changed.declined } });
        Ok(self.journal.complete_step("summary", &summary, self.clock.now())?)
    }
}

/// These commands send no papers.
struct NoDocuments;

impl DocumentPages for NoDocuments {
    fn pdf(&self, file: &str, _: [u32; 2], _: &Sha256, _: u64) -> Result<UploadPdf, String> {
        Err(format!("{file}: not needed here"))
    }
}
