//! A run that carries out a plan made before: is everything as it was then, and is what would be done now just that?

use super::asking::{confirm, recommend};
use super::{Session, WizardError, World};
use crate::domain::CustomerCode;
use crate::plan::{
    Action, Gate, Plan, PlanFile, RestedOn, actions_apart, certificates_rested_on, customers_rested_on, differences, invitations_rested_on,
};
use crate::ports::{ActionState, Block};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};

/// So many differences are told by name.
const TOLD: usize = 10;

/// Before anything is written: compares the service with what the plan rested on, and asks once for all of it. A run that has begun is past that.
pub(super) async fn check(world: &mut World<'_>, session: &Session) -> Result<(), WizardError> {
    let Some(file) = world.expected else { return Ok(()) };
    let target = world.journal.step("target")?;
    if target.as_ref() != Some(&file.target) {
        let text = format!("the plan was made for {}, and this is {}", file.target, target.unwrap_or_default());
        return Err(WizardError::Input(format!("{text}; use the same credentials and address, or make the plan again")));
    }
    if begun(world)? {
        return Ok(());
    }
    let changed = differences(&file.rested_on, &present(world, session, file).await?);
    if !changed.is_empty() {
        let more = changed.len().saturating_sub(TOLD);
        let told = changed.iter().take(TOLD).cloned().collect::<Vec<_>>().join("; ");
        let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
        return Err(WizardError::Input(format!(
            "the service has changed since the plan was made, so nothing was written: {told}{rest}. Make the plan again"
        )));
    }
    world.good("The service is as it was when the plan was made.");
    show(world, file);
    let writes: usize = file.gates.iter().map(|plan| plan.actions.len()).sum();
    let question = confirm(
        "apply.confirm",
        format!("Carry out the plan {} with its {writes} writes?", file.fingerprint().short()),
        "whether to carry out the plan as it stands in its file",
        recommend(true, [format!("made by {} at {}", file.made_by, file.made)]),
    );
    match world.ask.confirm(&question)? {
        true => Ok(()),
        false => Err(WizardError::Declined("declined: nothing was written".to_owned())),
    }
}

fn begun(world: &World<'_>) -> Result<bool, WizardError> {
    for gate in Gate::ALL {
        if world.journal.plan(gate.name())?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The present state, of the kinds that the plan rested on.
async fn present(world: &World<'_>, session: &Session, file: &PlanFile) -> Result<RestedOn, WizardError> {
    let rests = |gate: Gate| file.rested_on.get(gate.name());
    let codes = rests(Gate::Customers).into_iter().flat_map(|of| of.keys());
    let wanted: BTreeSet<_> = codes.filter_map(|code| CustomerCode::new(code.clone()).ok()).collect();
    let mut state = RestedOn::new();
    if rests(Gate::Customers).is_some() {
        let customers = world.service.customers(session.id()).await?;
        state.insert(Gate::Customers.name().to_owned(), customers_rested_on(&wanted, &customers));
    }
    if rests(Gate::Certificates).is_some() {
        let certificates = world.service.certificates(session.id()).await?;
        state.insert(Gate::Certificates.name().to_owned(), certificates_rested_on(&wanted, &certificates));
    }
    if rests(Gate::Invitations).is_some() {
        let days = file.answers.pointer("/invitations/window_days").and_then(Value::as_u64).and_then(|d| u16::try_from(d).ok());
        let (since, _) = super::invitations::window(world, days);
        let recent = world.service.invitations(session.id(), Some(since)).await?;
        state.insert(Gate::Invitations.name().to_owned(), invitations_rested_on(&wanted, &recent));
    }
    Ok(state)
}

fn show(world: &World<'_>, file: &PlanFile) {
    let rows = Gate::ALL.into_iter().filter_map(|gate| Some(vec![gate.name().to_owned(), file.told(gate)?]));
    let head = ["Gate", "Writes"].map(str::to_owned).to_vec();
    world.screen.show(Block::Table { title: "The plan".to_owned(), head, rows: rows.collect(), note: None });
}

/// What would be done at a gate must be what the plan says. `first`: nothing of this gate was approved yet.
///
/// Less is needed where the service refused a customer: what was planned for that one is left out, and said. More is never done: on a run that has
/// begun it is left out, too; before that it shows that somebody changed the service meanwhile, and the run stops.
pub(super) fn compare(world: &World<'_>, plan: Plan, first: bool) -> Result<Plan, WizardError> {
    let Some(file) = world.expected else { return Ok(plan) };
    let expected = file.gate(plan.gate).map(|plan| plan.actions.as_slice()).unwrap_or_default();
    let refused: BTreeSet<CustomerCode> = world
        .journal
        .actions(Gate::Customers.name())?
        .into_iter()
        .filter(|record| record.state == ActionState::Failed)
        .filter_map(|record| record.customer)
        .collect();
    let of_refused = |action: &Action| action.write.customers().any(|code| refused.contains(code));
    let shrunk = |action: &Action| expected.iter().any(|e| e.id == action.id && of_refused(e));
    let (fewer, new): (Vec<&Action>, Vec<&Action>) = actions_apart(&plan.actions, expected).into_iter().partition(|a| shrunk(a));
    let kept: HashSet<&str> = fewer.iter().map(|a| a.id.as_str()).collect();
    let gone = if first { actions_apart(expected, &plan.actions) } else { Vec::new() };
    let (left_out, gone): (Vec<&Action>, Vec<&Action>) =
        gone.into_iter().filter(|a| !kept.contains(a.id.as_str())).partition(|a| of_refused(a));
    for action in left_out {
        world.warn(format!("left out, because its customer was refused: {}", action.write.describe()));
    }
    if gone.is_empty() && (new.is_empty() || !first) {
        for action in &new {
            world.warn(format!("left out, because it is not in the plan: {}", action.write.describe()));
        }
        let extra: HashSet<String> = new.iter().map(|a| a.id.clone()).collect();
        return Ok(plan.without(&extra));
    }
    let list = |actions: &[&Action]| actions.iter().take(TOLD).map(|a| a.write.describe()).collect::<Vec<_>>().join("; ");
    let mut told = Vec::new();
    if !gone.is_empty() {
        told.push(format!("{} writes of the plan are not needed any more or are needed otherwise: {}", gone.len(), list(&gone)));
    }
    if !new.is_empty() {
        told.push(format!("{} writes would be needed that are not in the plan: {}", new.len(), list(&new)));
    }
    let note = json!({ "gate": plan.gate, "new": new.len(), "gone": gone.len() });
    world.journal.complete_step("plan_no_longer_fits", &note, world.clock.now())?;
    Err(WizardError::Input(format!("at the gate {} the plan no longer fits: {}. Make the plan again", plan.gate, told.join(". "))))
}
