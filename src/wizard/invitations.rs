//! Step 7: invite the exempt customers that are still without a certificate, and wait for the links.

use super::asking::{choice, confirm, example, recommend};
use super::sync::{NoDocuments, finish_earlier, gate};
use super::{Ending, InService, Session, WizardError, World};
use crate::domain::{Customer, CustomerCode, Delivery, Disposition, Document, ExemptionReason, InvitationId, InvitationState};
use crate::plan::{Gate, InvitationInputs, InviteChoice, InviteReason, Plan, plan_invitations};
use crate::ports::{Question, QuestionKind};
use jiff::ToSpan;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The cover letter that the integration guide names as always usable.
const STANDARD_LETTER: &str = "STANDARD_REQUEST";
const WINDOW_DAYS: u16 = 14;
const WAIT_MINUTES: u64 = 5;

pub(super) async fn run(
    world: &mut World<'_>,
    session: &Session,
    customers: &[Customer],
    documents: &[Document],
    in_service: &InService,
    ending: &mut Ending,
) -> Result<(), WizardError> {
    let today = world.clock.today();
    let choice = choices(world, session, customers)?;
    let (since, real_day) = window(world, Some(choice.window_days));
    finish_earlier(world, session, Gate::Invitations, &NoDocuments).await?;
    let recent = world.service.invitations(session.id(), Some(since)).await?;
    if let Some(rests) = world.rests {
        rests.invitations(&recent);
    }
    let certificates = world.service.certificates(session.id()).await?;
    let in_review: BTreeMap<CustomerCode, String> = documents
        .iter()
        // An accepted paper that came to nothing waits too; one that was linked covers its customer, which is looked at first.
        .filter(|d| d.disposition != Disposition::Reject)
        .flat_map(|d| d.likely_customers().into_iter().map(|code| (code.clone(), d.file.clone())))
        .collect();
    let plan = plan_invitations(&InvitationInputs {
        customers,
        in_service,
        certificates: &certificates,
        in_review: &in_review,
        recent: &recent,
        zones: &session.definitions.zones,
        reasons: &session.definitions.reasons,
        choice: &choice,
        today,
        real_day,
    });
    let question = question(&plan, &choice);
    let outcome = gate(world, session, plan, question, &NoDocuments, ending).await?;
    if outcome.is_none_or(|o| o.done + o.done_before == 0) {
        return Ok(());
    }
    let (ready, waiting) = poll(world, session).await?;
    let verb = if world.service.writes() { "sent" } else { "would be sent" };
    match waiting {
        0 => world.good(format!("{ready} invitations {verb}.")),
        _ => {
            world.warn(format!("{ready} invitations are ready, {waiting} are still being prepared; `certonboard resume` looks again."));
            ending.waiting = true;
        }
    }
    Ok(())
}

/// From which day on invitations count as recent, and the real day. `days`: the usual number where it was not said.
pub(super) fn window(world: &World<'_>, days: Option<u16>) -> (jiff::civil::Date, jiff::civil::Date) {
    let real_day = world.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let from = world.clock.today().min(real_day);
    let since = from.checked_sub(i64::from(days.unwrap_or(WINDOW_DAYS)).days()).unwrap_or(from);
    (since, real_day)
}

fn question(plan: &Plan, choice: &InviteChoice) -> Question {
    let how = match choice.delivery {
        Delivery::Email => "by e-mail, at once",
        Delivery::Fax => "by fax, at once",
        Delivery::Download => "as links for you to pass on",
    };
    let mut reasons = vec!["they are exempt in the ERP and have no certificate".to_owned()];
    if choice.delivery != Delivery::Download {
        reasons.push("a message that went out can't be called back, so look at the whole list".to_owned());
    }
    confirm(
        "invitations.confirm",
        format!("Send {} invitations {how}, with cover letter {}?", plan.actions.len(), choice.cover_letter),
        "whether to send CertExpress invitations to the exempt customers that have no certificate",
        recommend(true, reasons),
    )
}

fn choices(world: &mut World<'_>, session: &Session, customers: &[Customer]) -> Result<InviteChoice, WizardError> {
    let exempt: Vec<&Customer> = customers.iter().filter(|c| c.is_exempt()).collect();
    let mail = exempt.iter().filter(|c| c.contact.email.is_some()).count();
    let best = if mail * 2 >= exempt.len() { "Email" } else { "Download" };
    let delivery = world.ask.ask(&Question {
        key: "invitations.delivery".to_owned(),
        text: "How should the invitations go out?".to_owned(),
        meaning: "how the invitations reach the customers".to_owned(),
        example: example("invitations.delivery", "Email"),
        kind: QuestionKind::Choice(vec![
            choice("Email", "E-mail: the service mails each customer"),
            choice("Fax", "Fax: the service faxes each customer"),
            choice("Download", "Download: nothing is sent, you get links to pass on"),
        ]),
        default: Some(Value::String("Email".to_owned())),
        recommended: Some(recommend(best, [format!("{mail} of {} exempt customers have an e-mail address", exempt.len())])),
        required: false,
    })?;
    let delivery: Delivery =
        serde_json::from_value(delivery.value).map_err(|e| WizardError::Input(format!("invitations.delivery: {e}")))?;

    let mut letters: Vec<String> = session.definitions.cover_letters.iter().filter(|l| l.active).map(|l| l.title.clone()).collect();
    if !letters.iter().any(|l| l == STANDARD_LETTER) {
        letters.insert(0, STANDARD_LETTER.to_owned());
    }
    let cover_letter = world.ask.text(&Question {
        key: "invitations.cover_letter".to_owned(),
        text: "Which cover letter?".to_owned(),
        meaning: "the cover letter that goes with the invitations, by its title in the service".to_owned(),
        example: example("invitations.cover_letter", STANDARD_LETTER),
        kind: QuestionKind::Choice(letters.iter().map(|l| choice(l.clone(), l.clone())).collect()),
        default: Some(Value::String(STANDARD_LETTER.to_owned())),
        recommended: Some(recommend(STANDARD_LETTER, ["every company has it".to_owned()])),
        required: false,
    })?;

    let from_erp = exempt.iter().filter(|c| c.exemption.reason.is_some()).count();
    let mut reasons = vec![choice("from-erp", "The ERP's reason of each customer; where it has none the customer picks")];
    reasons.extend(session.definitions.reasons.iter().map(|r| choice(r.name.as_str(), r.name.as_str())));
    let reason = world.ask.text(&Question {
        key: "invitations.reason".to_owned(),
        text: "Which exemption reason should they be asked for?".to_owned(),
        meaning: "the exemption reason that the invitations name".to_owned(),
        example: example("invitations.reason", "from-erp"),
        kind: QuestionKind::Choice(reasons),
        default: Some(Value::String("from-erp".to_owned())),
        recommended: Some(recommend(
            "from-erp",
            [format!("the ERP gives a reason for {from_erp} of {}, the others pick their own", exempt.len())],
        )),
        required: false,
    })?;
    let reason = match reason.as_str() {
        "from-erp" => InviteReason::FromErp,
        name => InviteReason::Named(ExemptionReason::new(name)),
    };
    let days = world.ask.supplied("invitations.window_days").and_then(Value::as_u64).and_then(|d| u16::try_from(d).ok());
    Ok(InviteChoice { delivery, cover_letter, reason, window_days: days.unwrap_or(WINDOW_DAYS) })
}

/// Looks until every invitation of this run is ready, or patience ends. Gives how many are ready and how many are not.
async fn poll(world: &mut World<'_>, session: &Session) -> Result<(usize, usize), WizardError> {
    let minutes = world.ask.supplied("invitations.wait_minutes").and_then(Value::as_u64).unwrap_or(WAIT_MINUTES);
    let deadline =
        world.clock.now() + jiff::SignedDuration::from_secs(i64::try_from(minutes.saturating_mul(60)).unwrap_or(3600).min(86_400));
    let mut open: Vec<(CustomerCode, InvitationId)> = Vec::new();
    for action in world.journal.actions(Gate::Invitations.name())? {
        let id = action.result.as_ref().and_then(|r| r.get("invitation")).and_then(Value::as_i64).map(InvitationId);
        open.extend(id.map(|id| (action.customer, id)));
    }
    let total = open.len();
    let mut links: BTreeMap<String, Value> = BTreeMap::new();
    world.progress.begin("Waiting for invitations", "ready", Some(total as u64));
    let mut pause = Duration::from_millis(200);
    loop {
        let mut still = Vec::new();
        for (code, id) in open {
            world.check_interrupt()?;
            match world.service.invitation(session.id(), &code, id).await? {
                Some(found) if found.state() == InvitationState::Ready => {
                    links.insert(code.to_string(), json!({ "invitation": id, "link": found.link, "email_status": found.email_status }));
                    world.progress.advance(1, code.as_str());
                }
                _ => still.push((code, id)),
            }
        }
        open = still;
        if open.is_empty() || world.clock.now() >= deadline {
            break;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    }
    world.progress.end();
    let waiting: Vec<String> = open.iter().map(|(code, _)| code.to_string()).collect();
    world.journal.complete_step("invitation_links", &json!({ "ready": links, "waiting": waiting }), world.clock.now())?;
    Ok((total - waiting.len(), waiting.len()))
}
