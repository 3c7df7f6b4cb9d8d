//! Step 3: compare with the service, ask, send.

use super::asking::{confirm, recommend};
use super::{Ending, InService, Session, WizardError, World, planned};
use crate::apply::{self, DocumentPages, Outcome, Ports};
use crate::customers::CustomerList;
use crate::domain::{Customer, Sha256, counted};
use crate::plan::{Approval, Approved, CustomerInputs, Gate, Note, Plan, Write, plan_customers};
use crate::ports::{ActionRecord, ActionState, Block, UploadPdf};
use serde_json::json;
use std::collections::{HashMap, HashSet};

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
    finish_earlier(world, session, Gate::Customers, &NoDocuments).await?;
    let present = world.service.customers(session.id()).await?;
    if let Some(rests) = world.rests {
        rests.customers(customers.iter().map(|c| c.code.clone()).collect(), &present);
    }
    let plan = plan_customers(&CustomerInputs { wanted: &customers, present: &present, zones: &session.definitions.zones });
    let plan = match world.expected {
        Some(expected) => plan.by_need(&expected.with_certificates()),
        None => plan,
    };
    let mut in_service: InService = present.into_iter().map(|c| c.code).collect();

    let creates = plan.actions.iter().filter(|a| matches!(a.write, Write::CreateCustomer { .. })).count();
    let updates = plan.actions.len() - creates;
    let text = format!("Send {} to {}?", counted(creates + updates, "customer", "customers"), session.company.name);
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
            world.good(format!("{} {verb}.", counted(outcome.done, "customer", "customers")));
        }
        // What is there now decides what can be linked, not what was meant to be there.
        in_service = world.service.customers(session.id()).await?.into_iter().map(|c| c.code).collect();
    }
    Ok(in_service)
}

/// For the gates that need no papers.
pub(super) struct NoDocuments;

impl DocumentPages for NoDocuments {
    fn pdf(&self, file: &str, _: [u32; 2], _: &Sha256, _: u64) -> Result<UploadPdf, String> {
        Err(format!("{file}: not needed for this gate"))
    }
}

/// The rows of a plan that are shown on the terminal; the report has all of them.
const SHOWN: usize = 12;

fn show_plan(world: &World<'_>, plan: &Plan) {
    if !plan.is_empty() {
        let rows = plan.actions.iter().take(SHOWN).map(|a| vec![a.write.describe(), a.reason.clone()]).collect();
        let note = (plan.actions.len() > SHOWN).then(|| format!("and {} more", plan.actions.len() - SHOWN));
        let head = ["What", "Why"].map(str::to_owned).to_vec();
        world.screen.show(Block::Table { title: format!("Planned: {}", counted(plan.actions.len(), "write", "writes")), head, rows, note });
    }
    // What somebody has to do something about comes first.
    let (harmless, open): (Vec<&Note>, Vec<&Note>) = plan.notes.iter().partition(|note| note.harmless);
    for note in open.into_iter().chain(harmless).take(SHOWN) {
        world.say(format!("{}: {}", note.subject, note.text));
    }
    if plan.notes.len() > SHOWN {
        world.say(format!("and {} more notes", plan.notes.len() - SHOWN));
    }
}

/// Finishes the plan of a gate that was approved earlier in this run. Comes before the next one is planned, so that this one sees what was made.
pub(super) async fn finish_earlier(
    world: &World<'_>,
    session: &Session,
    gate: Gate,
    documents: &dyn DocumentPages,
) -> Result<(), WizardError> {
    let Some(approved) = apply::recorded(gate, world.journal)? else { return Ok(()) };
    let so_far = apply::outcome(approved.plan(), world.journal)?;
    if so_far.open > 0 {
        let all = approved.plan().actions.len();
        world.say(format!("Going on with the plan that {} approved: {} of {all} writes are done.", approved.approval().by, so_far.done));
        carry_out(world, session, approved, documents).await?;
    }
    Ok(())
}

/// One gate: asks for what no earlier plan of this run had, and applies it. `None` when declined.
pub(super) async fn gate(
    world: &mut World<'_>,
    session: &Session,
    plan: Plan,
    question: crate::ports::Question,
    documents: &dyn DocumentPages,
    ending: &mut Ending,
) -> Result<Option<Outcome>, WizardError> {
    let gate = plan.gate;
    let before = apply::recorded(gate, world.journal)?.map(|approved| approved.plan().unchanged);
    let known = known(gate, &plan, world)?;
    // What this run made itself is no longer missing; what was on file before it stays so.
    let plan = Plan { unchanged: before.unwrap_or(plan.unchanged), ..plan.without(&known) };
    let plan = planned::compare(world, plan, before.is_none())?;
    if let Some(rests) = world.rests {
        rests.plan(&plan);
    }
    show_plan(world, &plan);
    // Before the question, and also where only notes are in it: but a later round with nothing new leaves the file of the first.
    let saved = match !plan.is_empty() || (before.is_none() && !plan.notes.is_empty()) {
        true => (world.save_plan)(&plan),
        false => None,
    };
    if plan.is_empty() {
        let outcome = apply::outcome(&plan, world.journal)?;
        let left_out = plan.notes.iter().any(|n| !n.harmless) || !outcome.refused.is_empty();
        world.good(match (gate, before.is_some()) {
            (_, true) => "Nothing else is left to do.",
            (Gate::Certificates, false) if left_out => "Nothing else to create.",
            (Gate::Customers, false) => "Nothing to send: every customer is in the service as the spreadsheet has it.",
            (Gate::Certificates, false) => "Nothing to create: no accepted paper lacks its certificate in the service.",
            (Gate::Invitations, false) => "Nobody to invite.",
            (Gate::Changes, false) => "Nothing to change.",
        });
        tell_refused(world, &outcome);
        ending.waiting |= !outcome.refused.is_empty();
        keep(world, &plan, &outcome)?;
        return Ok(Some(outcome));
    }
    if let Some(path) = saved {
        world.say(format!("The whole list: {}", path.display()));
    }
    // A yes to an earlier plan is none to this one, nor is one that was said before the plan was kept.
    let first = before.is_none() && world.journal.step(gate.name())?.is_none();
    // What is carried out from a plan's file was confirmed as a whole.
    let settled = world.expected.is_some() || world.rests.is_some();
    if !settled && !world.ask.confirm_plan(&question, first)? {
        world.warn("Declined: nothing was sent.");
        ending.declined = true;
        let outcome = apply::outcome(&plan, world.journal)?;
        let declined = json!({
            "declined": true, "planned": plan.actions.len() + outcome.done_before, "done": outcome.done_before, "unchanged": plan.unchanged,
            "notes": plan.notes,
        });
        world.journal.complete_step(gate.name(), &declined, world.clock.now())?;
        return Ok(None);
    }
    let approval = Approval { by: world.user.clone(), at: world.clock.now(), fingerprint: plan.fingerprint.clone() };
    let approved = crate::plan::confirm(plan.clone(), approval).map_err(|e| WizardError::Input(e.to_string()))?;
    let outcome = carry_out(world, session, approved, documents).await?;
    ending.waiting |= !outcome.refused.is_empty();
    keep(world, &plan, &outcome)?;
    Ok(Some(outcome))
}

/// The writes that a new plan need not hold: those of earlier plans that were not refused, and refused ones that would be sent just as before.
pub(super) fn known(gate: Gate, plan: &Plan, world: &World<'_>) -> Result<HashSet<String>, WizardError> {
    let earlier = apply::all_recorded(gate, world.journal)?;
    let sent: HashMap<&str, &Write> = earlier.iter().flat_map(|p| &p.plan().actions).map(|a| (a.id.as_str(), &a.write)).collect();
    let new: HashMap<&str, &Write> = plan.actions.iter().map(|a| (a.id.as_str(), &a.write)).collect();
    let records = world.journal.actions(gate.name())?;
    let alike = |id: &str| sent.get(id).map(|w| w.as_asked()) == new.get(id).map(|w| w.as_asked());
    // What was made and could not be linked is there: making it again would make it twice.
    let made = |r: &ActionRecord| r.result.as_ref().is_some_and(|result| result.get("certificate").is_some());
    let stays = |r: &&ActionRecord| r.state != ActionState::Failed || made(r) || alike(&r.id);
    Ok(records.iter().filter(stays).map(|r| r.id.clone()).collect())
}

async fn carry_out(
    world: &World<'_>,
    session: &Session,
    approved: Approved<Plan>,
    documents: &dyn DocumentPages,
) -> Result<Outcome, WizardError> {
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
    tell_refused(world, &outcome);
    Ok(outcome)
}

fn tell_refused(world: &World<'_>, outcome: &Outcome) {
    for refused in &outcome.refused {
        let hint = refused.hint.as_deref().map(|h| format!(" — {h}")).unwrap_or_default();
        world.warn(format!("not done: {}: {}{hint}", refused.what, refused.why));
    }
}

/// What became of a gate, over all its plans.
fn keep(world: &World<'_>, plan: &Plan, outcome: &Outcome) -> Result<(), WizardError> {
    tracing::info!(
        gate = plan.gate.name(),
        planned = plan.actions.len(),
        done = outcome.done,
        done_before = outcome.done_before,
        open = outcome.open,
        refused = outcome.refused.len(),
        unchanged = plan.unchanged,
        "gate"
    );
    let record = json!({
        "planned": plan.actions.len() + outcome.done_before, "done": outcome.done + outcome.done_before, "refused": outcome.refused,
        "unchanged": plan.unchanged, "notes": plan.notes,
    });
    Ok(world.journal.complete_step(plan.gate.name(), &record, world.clock.now())?)
}
