//! Step 6: create the accepted certificates and link each to its customer.

use super::asking::{choice, confirm, example, recommend};
use super::scans::{FolderPages, Read};
use super::sync::{finish_earlier, gate};
use super::{Ending, InService, Session, WizardError, World};
use crate::domain::{Disposition, Document, counted};
use crate::plan::{CertificateInputs, Gate, NoExpiration, plan_certificates};
use crate::ports::{Question, QuestionKind};
use serde_json::Value;

pub(super) async fn run(
    world: &mut World<'_>,
    session: &Session,
    read: &Read,
    in_service: &InService,
    ending: &mut Ending,
) -> Result<(), WizardError> {
    let documents = read.documents.as_slice();
    let pages = FolderPages::new(world.scans, &read.folder)?;
    finish_earlier(world, session, Gate::Certificates, &pages).await?;
    let no_expiration = no_expiration(world, documents, in_service)?;
    let on_file = world.service.certificates(session.id()).await?;
    if let Some(rests) = world.rests {
        rests.certificates(&on_file);
    }
    let plan = plan_certificates(&CertificateInputs {
        documents,
        in_service,
        on_file: &on_file,
        zones: &session.definitions.zones,
        reasons: &session.definitions.reasons,
        no_expiration,
    });
    // An accepted paper that comes to nothing is a person's business.
    ending.waiting |= plan.notes.iter().any(|n| !n.harmless);
    let waiting = documents.iter().filter(|d| d.disposition != Disposition::Accept).count();
    let by_person = documents.iter().filter(|d| d.disposition == Disposition::Accept && d.ruled.is_some()).count();
    let mut reasons = vec![match by_person {
        0 => "each belongs to its customer by two independent agreements".to_owned(),
        n => format!(
            "{} by the word of a person, any others by two independent agreements",
            counted(n, "paper belongs to its customer", "papers belong to their customers")
        ),
    }];
    if plan.unchanged > 0 {
        reasons.push(format!("{} more are on file already", plan.unchanged));
    }
    if waiting > 0 {
        reasons.push(match waiting {
            1 => "the one paper that is not ready stays out".to_owned(),
            n => format!("the {n} papers that are not ready stay out"),
        });
    }
    let question = confirm(
        "create.confirm",
        match plan.actions.len() {
            1 => "Create 1 certificate and link it to its customer?".to_owned(),
            n => format!("Create {n} certificates and link each to its customer?"),
        },
        "whether to create the accepted certificates in the service and link each to its customer",
        recommend(true, reasons),
    );
    let outcome = gate(world, session, plan, question, &pages, ending).await?;
    if let Some(outcome) = outcome.filter(|o| o.done > 0) {
        let verb = if world.service.writes() { "created and linked" } else { "would be created and linked" };
        world.good(format!("{} {verb}.", counted(outcome.done, "certificate", "certificates")));
    }
    tell_reduced(world)?;
    super::proof::run(world, session, ending).await
}

/// The documents that were too large to be sent as they are.
fn tell_reduced(world: &World<'_>) -> Result<(), WizardError> {
    for action in world.journal.actions(Gate::Certificates.name())? {
        if let Some(reduced) = action.result.as_ref().and_then(|r| r.get("reduced")).and_then(Value::as_str) {
            world.warn(format!("{}: {reduced}", action.what));
        }
    }
    Ok(())
}

/// Asked only when a paper that can be linked shows no end.
fn no_expiration(world: &mut World<'_>, documents: &[Document], in_service: &InService) -> Result<NoExpiration, WizardError> {
    let can_be_linked =
        |d: &&Document| d.disposition == Disposition::Accept && d.customers().into_iter().any(|code| in_service.contains(code));
    // The state's own rule comes before any answer.
    let open_ended = |d: &Document| d.fields.expiration_date.is_none() && d.states.iter().any(|s| s.ends_by_rule.is_none());
    let open_ended = documents.iter().filter(can_be_linked).filter(|d| open_ended(d)).count();
    if open_ended == 0 {
        return Ok(NoExpiration::FarFuture);
    }
    let question = Question {
        key: "create.no_expiration".to_owned(),
        text: format!("{} no expiration date. What should be sent?", counted(open_ended, "paper shows", "papers show")),
        meaning: "what to send as the expiration date of a certificate that shows none".to_owned(),
        example: example("create.no_expiration", "far-future"),
        kind: QuestionKind::Choice(vec![
            choice("far-future", "9999-12-31, as other connectors write it"),
            choice("three-years", "Three years after the signature"),
            choice("leave-out", "No date at all (older versions of the service refuse that)"),
        ]),
        default: Some(Value::String("far-future".to_owned())),
        recommended: Some(recommend("far-future", ["the published description of the service requires a date".to_owned()])),
        required: false,
    };
    let answer = world.ask.ask(&question)?.value;
    serde_json::from_value(answer).map_err(|e| WizardError::Input(format!("create.no_expiration: {e}")))
}
