//! Step 3: compare with the service, ask, send.

use super::asking::{confirm, recommend};
use super::{Ending, InService, Session, WizardError, World};
use crate::apply::{self, DocumentPages, Outcome, Ports};
use crate::customers::CustomerList;
use crate::domain::{Customer, Sha256};
use crate::plan::{Approval, CustomerInputs, Gate, Plan, Write, plan_customers};
use crate::ports::Block;
use serde_json::json;

pub(super) async fn run(
    world: &mut World<'_>,
    session: &Session,
    list: &CustomerList,
    ending: &mut Ending,
) -> Result<InService, WizardError> {
    let (customers, held): (Vec<Customer>, Vec<Customer>) =
        list.customers.iter().cloned().partition(|c| !list.conflicting.contains(&c.code));
    for customer in &held {
        world.warn(format!("{} is held back: two different rows have this code, and a person must tell which is right", customer.code));
    }
    let present = world.service.customers(session.id()).await?;
    let plan = plan_customers(&CustomerInputs { wanted: &customers, present: &present, zones: &session.definitions.zones });
    let mut in_service: InService = present.into_iter().map(|c| c.code).collect();

    let creates = plan.actions.iter().filter(|a| matches!(a.write, Write::CreateCustomer { .. })).count();
    let updates = plan.actions.len() - creates;
    let text = format!("Send {} customers to {}?", creates + updates, session.company.name);
    let reasons = vec![format!("{creates} are new, {updates} differ, {} are there already", plan.unchanged)];
    let question = confirm(
        "sync.confirm",
        text,
        "whether to create the missing customers in the service and update those that differ",
        recommend(true, reasons),
    );
    let outcome = gate(world, session, plan, question, &NoDocuments, ending).await?;
    if let Some(outcome) = outcome {
        if outcome.done > 0 {
            let verb = if world.service.writes() { "sent" } else { "would be sent" };
            world.good(format!("{} customers {verb}.", outcome.done));
        }
        // What is there now decides what can be linked, not what was meant to be there.
        in_service = world.service.customers(session.id()).await?.into_iter().map(|c| c.code).collect();
    }
    Ok(in_service)
}

/// For the gates that need no papers.
pub(super) struct NoDocuments;

impl DocumentPages for NoDocuments {
    fn pdf(&self, file: &str, _: [u32; 2], _: &Sha256) -> Result<Vec<u8>, String> {
        Err(format!("{file}: not needed for this gate"))
    }
}

fn writes(n: usize) -> String {
    format!("{n} {}", if n == 1 { "write" } else { "writes" })
}

/// The rows of a plan that are shown on the terminal; the report has all of them.
const SHOWN: usize = 12;

fn show_plan(world: &World<'_>, plan: &Plan) {
    if !plan.is_empty() {
        let rows = plan.actions.iter().take(SHOWN).map(|a| vec![a.write.describe(), a.reason.clone()]).collect();
        let note = (plan.actions.len() > SHOWN).then(|| format!("and {} more", plan.actions.len() - SHOWN));
        let head = ["What", "Why"].map(str::to_owned).to_vec();
        world.screen.show(Block::Table { title: format!("Planned: {} writes", plan.actions.len()), head, rows, note });
    }
    for note in plan.notes.iter().take(SHOWN) {
        world.say(format!("{}: {}", note.subject, note.text));
    }
    if plan.notes.len() > SHOWN {
        world.say(format!("and {} more notes", plan.notes.len() - SHOWN));
    }
}

/// One gate: goes on with a plan that was approved earlier in this run and is not finished, or asks for this one; then applies it. Of a gate that
/// was gone through before, only what no earlier plan of this run had is asked for. `None` when declined.
pub(super) async fn gate(
    world: &mut World<'_>,
    session: &Session,
    plan: Plan,
    question: crate::ports::Question,
    documents: &dyn DocumentPages,
    ending: &mut Ending,
) -> Result<Option<Outcome>, WizardError> {
    let gate = plan.gate;
    let before = apply::recorded(gate, world.journal)?;
    let so_far = before.as_ref().map(|b| apply::outcome(b.plan(), world.journal)).transpose()?;
    let unfinished = so_far.as_ref().is_some_and(|outcome| outcome.open > 0);
    let known = world.journal.actions(gate.name())?.into_iter().map(|a| a.id).collect();
    // What this run made itself is no longer missing; what was on file before it stays so.
    let unchanged = before.as_ref().map_or(plan.unchanged, |b| b.plan().unchanged);
    let plan = Plan { unchanged, ..plan.without(&known) };
    let approved = match before {
        Some(approved) if unfinished => {
            let all = approved.plan().actions.len();
            let done = so_far.map_or(0, |outcome| outcome.done);
            world.say(format!("Going on with the plan that {} approved: {done} of {all} writes are done.", approved.approval().by));
            approved
        }
        Some(approved) if plan.is_empty() => {
            let outcome = so_far.unwrap_or_default();
            let all = outcome.done + outcome.done_before;
            let by = &approved.approval().by;
            world.say(format!(
                "The {} that {by} approved {} done; nothing is left to do.",
                writes(all),
                if all == 1 { "is" } else { "are" }
            ));
            ending.waiting |= !outcome.refused.is_empty();
            let planned = all + outcome.refused.len();
            let record =
                json!({ "planned": planned, "done": all, "refused": outcome.refused, "unchanged": plan.unchanged, "notes": plan.notes });
            world.journal.complete_step(gate.name(), &record, world.clock.now())?;
            return Ok(Some(Outcome { done: 0, done_before: all, ..outcome }));
        }
        None if plan.is_empty() => {
            show_plan(world, &plan);
            let left_out = plan.notes.iter().any(|n| !n.harmless);
            world.good(match gate {
                Gate::Certificates if left_out => "Nothing else to create.",
                Gate::Customers => "Nothing to send: every customer is in the service as the spreadsheet has it.",
                Gate::Certificates => "Nothing to create: every accepted certificate is in the service and linked.",
                Gate::Invitations => "Nobody to invite.",
            });
            world.journal.complete_step(
                gate.name(),
                &json!({ "planned": 0, "unchanged": plan.unchanged, "notes": plan.notes }),
                world.clock.now(),
            )?;
            return Ok(Some(Outcome::default()));
        }
        earlier => {
            show_plan(world, &plan);
            if let Some(path) = (world.save_plan)(&plan) {
                world.say(format!("The whole list: {}", path.display()));
            }
            // A yes to an earlier plan is none to this one.
            let yes = if earlier.is_some() { world.ask.confirm_again(&question)? } else { world.ask.confirm(&question)? };
            if !yes {
                world.warn("Declined: nothing was sent.");
                ending.declined = true;
                let outcome = json!({ "declined": true, "planned": plan.actions.len(), "unchanged": plan.unchanged, "notes": plan.notes });
                world.journal.complete_step(gate.name(), &outcome, world.clock.now())?;
                return Ok(None);
            }
            let approval = Approval { by: world.user.clone(), at: world.clock.now(), fingerprint: plan.fingerprint.clone() };
            crate::plan::confirm(plan, approval).map_err(|e| WizardError::Input(e.to_string()))?
        }
    };
    let (unchanged, notes, planned) = (approved.plan().unchanged, approved.plan().notes.clone(), approved.plan().actions.len());
    let ports = Ports {
        service: world.service,
        company: session.id(),
        journal: world.journal,
        documents,
        clock: world.clock,
        progress: world.progress,
        interrupt: world.interrupt,
    };
    let outcome = apply::apply(approved, &ports).await?;
    for refused in &outcome.refused {
        let hint = refused.hint.as_deref().map(|h| format!(" — {h}")).unwrap_or_default();
        world.warn(format!("not done: {}: {}{hint}", refused.what, refused.why));
    }
    ending.waiting |= !outcome.refused.is_empty();
    let planned = planned + outcome.done_before;
    let done = outcome.done + outcome.done_before;
    let record = json!({ "planned": planned, "done": done, "refused": outcome.refused, "unchanged": unchanged, "notes": notes });
    world.journal.complete_step(gate.name(), &record, world.clock.now())?;
    Ok(Some(outcome))
}
