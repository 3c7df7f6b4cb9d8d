//! Step 7: invite the exempt customers that are still without a certificate, and wait for the links.

use super::asking::{choice, confirm, example, recommend};
use super::sync::{NoDocuments, finish_earlier, gate, known};
use super::{Ending, InService, Session, WizardError, World};
use crate::domain::{
    AskedBefore, Customer, CustomerCode, Delivery, Disposition, Document, ExemptionReason, InvitationId, InvitationState, counted,
};
use crate::plan::{
    Gate, InvitationInputs, InviteChoice, InviteReason, Outlook, Plan, WhyNot, Write, invitation_outlook, outlook_counts, plan_invitations,
};
use crate::ports::{ActionState, Block, Question, QuestionKind, ServiceError};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The cover letter that the integration guide names as always usable.
const STANDARD_LETTER: &str = "STANDARD_REQUEST";
const WINDOW_DAYS: u16 = 14;
const WAIT_MINUTES: u64 = 5;
const AT_ONCE: usize = 16;
/// Customers named for each row of the outlook.
const EXAMPLES: usize = 3;

pub(super) async fn run(
    world: &mut World<'_>,
    session: &Session,
    customers: &[Customer],
    documents: &[Document],
    in_service: &InService,
    ending: &mut Ending,
) -> Result<(), WizardError> {
    let today = world.clock.today();
    let choice = match world.service.sends_invitations() {
        true => choices(world, session, customers)?,
        false => {
            world.say(format!(
                "{} sends no invitations. Each customer gets a token instead, with which it can send in a certificate on the merchant's own pages; \
                 pass it on.",
                world.service.describe()
            ));
            let days = world.ask.supplied("invitations.window_days").and_then(Value::as_u64).and_then(|d| u16::try_from(d).ok());
            InviteChoice {
                delivery: Delivery::Download,
                cover_letter: STANDARD_LETTER.to_owned(),
                reason: InviteReason::FromErp,
                window_days: days.unwrap_or(WINDOW_DAYS),
            }
        }
    };
    let (since, real_day) = window(world, Some(choice.window_days));
    finish_earlier(world, session, Gate::Invitations, &NoDocuments).await?;
    let recent = world.service.invitations(session.id(), Some(since)).await?;
    if let Some(rests) = world.rests {
        rests.invitations(&recent);
    }
    let mut recent: Vec<AskedBefore> = recent.iter().map(AskedBefore::from).collect();
    if !world.service.sends_invitations() {
        recent.extend((world.asked_before)(&session.company.code));
    }
    let certificates = world.service.certificates(session.id()).await?;
    let in_review: BTreeMap<CustomerCode, String> = documents
        .iter()
        // An accepted paper that came to nothing waits too; one that was linked covers its customer, which is looked at first.
        .filter(|d| d.disposition != Disposition::Reject)
        .flat_map(|d| d.likely_customers().into_iter().map(|code| (code.clone(), d.file.clone())))
        .collect();
    let outlooks = invitation_outlook(&InvitationInputs {
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
    let outlooks = less_what_was_done(world, outlooks)?;
    show(world, &outlooks);
    let plan = plan_invitations(outlooks);
    let question = question(&plan, &choice, world.service.sends_invitations());
    let outcome = gate(world, session, plan, question, &NoDocuments, ending).await?;
    if outcome.is_none_or(|o| o.done + o.done_before == 0) {
        return Ok(());
    }
    if !world.service.sends_invitations() {
        return keep_tokens(world);
    }
    let (ready, waiting) = poll(world, session).await?;
    // A link goes to nobody by itself.
    let verb = match (choice.delivery, world.service.writes()) {
        (Delivery::Download, true) => "made, with links to pass on",
        (Delivery::Download, false) => "would be made, with links to pass on",
        (_, true) => "sent",
        (_, false) => "would be sent",
    };
    match waiting {
        0 => world.good(format!("{} {verb}.", counted(ready, "invitation", "invitations"))),
        _ => {
            world.warn(format!("{ready} invitations are ready, {waiting} are still being prepared; `certonboard resume` looks again."));
            ending.waiting = true;
        }
    }
    Ok(())
}

/// What this run has sent, or had refused, is told as such and not planned again.
fn less_what_was_done(world: &World<'_>, outlooks: Vec<(CustomerCode, Outlook)>) -> Result<Vec<(CustomerCode, Outlook)>, WizardError> {
    let records = world.journal.actions(Gate::Invitations.name())?;
    let done: BTreeSet<&CustomerCode> =
        records.iter().filter(|r| r.state == ActionState::Done).filter_map(|r| r.customer.as_ref()).collect();
    let plan = plan_invitations(outlooks.clone());
    let known = known(Gate::Invitations, &plan, world)?;
    let settled: BTreeSet<CustomerCode> =
        plan.actions.iter().filter(|a| known.contains(&a.id)).filter_map(|a| a.write.customer().cloned()).collect();
    Ok(outlooks
        .into_iter()
        .map(|(code, outlook)| {
            let outlook = match outlook {
                Outlook::Invite(..) | Outlook::Not(WhyNot::Recent { .. }) if done.contains(&code) => Outlook::Not(WhyNot::ByThisRun),
                Outlook::Invite(..) if settled.contains(&code) => Outlook::Not(WhyNot::Refused),
                other => other,
            };
            (code, outlook)
        })
        .collect())
}

/// From which day on invitations count as recent, and the real day. `days`: the usual number where it was not said.
pub(super) fn window(world: &World<'_>, days: Option<u16>) -> (Date, Date) {
    let real_day = world.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let from = world.clock.today().min(real_day);
    let since = from.checked_sub(i64::from(days.unwrap_or(WINDOW_DAYS)).days()).unwrap_or(from);
    (since, real_day)
}

/// Before anything is sent: for each exempt customer, will it be invited or why not. In full it stands in the plan's file.
fn show(world: &World<'_>, outlooks: &[(CustomerCode, Outlook)]) {
    let counted = |(what, count, codes): (&str, usize, Vec<CustomerCode>)| {
        let more = if count > codes.len() { ", …" } else { "" };
        let codes = codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        vec![what.to_owned(), count.to_string(), format!("{codes}{more}")]
    };
    let rows: Vec<Vec<String>> = outlook_counts(outlooks, EXAMPLES).into_iter().map(counted).collect();
    if !rows.is_empty() {
        let head = ["Exempt customers", "How many", "Which"].map(str::to_owned).to_vec();
        world.screen.show(Block::Table { title: "Who is invited".to_owned(), head, rows, note: None });
    }
}

fn question(plan: &Plan, choice: &InviteChoice, sends: bool) -> Question {
    let by = |delivery: Delivery| {
        plan.actions.iter().filter(|a| matches!(&a.write, Write::SendInvitation { draft } if draft.delivery == delivery)).count()
    };
    let tokens = !sends;
    let (mails, faxes, links) = (by(Delivery::Email), by(Delivery::Fax), by(Delivery::Download));
    let ways = [(mails, "by e-mail, at once"), (faxes, "by fax, at once"), (links, "as links for you to pass on")];
    let ways: Vec<(usize, &str)> = ways.into_iter().filter(|(n, _)| *n > 0).collect();
    let how = match ways.as_slice() {
        [] => String::new(),
        [(_, how)] => format!(" {how}"),
        several => format!(" ({})", several.iter().map(|(n, how)| format!("{n} {how}")).collect::<Vec<_>>().join("; ")),
    };
    let mut reasons = vec!["they are exempt in the ERP and have no certificate".to_owned()];
    if mails + faxes > 0 {
        reasons.push("a message that went out can't be called back, so look at the whole list".to_owned());
    }
    let text = match tokens {
        true => match plan.actions.len() {
            1 => "Make a token for 1 customer?".to_owned(),
            n => format!("Make a token for each of {n} customers?"),
        },
        false => {
            format!("Send {}{how}, with cover letter {}?", counted(plan.actions.len(), "invitation", "invitations"), choice.cover_letter)
        }
    };
    confirm(
        "invitations.confirm",
        text,
        "whether to send CertExpress invitations to the exempt customers that have no certificate",
        recommend(true, reasons),
    )
}

fn choices(world: &mut World<'_>, session: &Session, customers: &[Customer]) -> Result<InviteChoice, WizardError> {
    let exempt: Vec<&Customer> = customers.iter().filter(|c| c.is_exempt()).collect();
    let mail = exempt.iter().filter(|c| c.contact.email.is_some()).count();
    let faxes = exempt.iter().filter(|c| c.contact.fax.is_some()).count();
    // Who can't be reached in this way is reached otherwise.
    let best = match (mail, faxes) {
        (1.., _) => "Email",
        (0, 1..) => "Fax",
        (0, 0) => "Download",
    };
    let delivery = world.ask.ask(&Question {
        key: "invitations.delivery".to_owned(),
        text: "How should the invitations go out?".to_owned(),
        meaning: "how the invitations reach the customers".to_owned(),
        example: example("invitations.delivery", "Email"),
        kind: QuestionKind::Choice(vec![
            choice("Email", "E-mail: the service mails each customer; who has no address gets a fax, or a link to pass on"),
            choice("Fax", "Fax: the service faxes each customer; who has no number gets a link to pass on"),
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
    let mut open: Vec<Sent> = sent(world)?;
    let total = open.len();
    let mut links: BTreeMap<String, Value> = BTreeMap::new();
    world.progress.begin("Waiting until invitations are ready", "invitations", Some(total as u64));
    let mut pause = Duration::from_millis(200);
    loop {
        world.check_interrupt()?;
        find_numbers(world, session, &mut open).await?;
        let look = async |one: Sent| {
            let found = match one.id {
                Some(id) => world.service.invitation(session.id(), &one.customer, id).await?,
                None => None,
            };
            Ok::<_, ServiceError>((one, found))
        };
        let looked: Vec<_> = stream::iter(open).map(look).buffered(AT_ONCE).try_collect().await?;
        open = Vec::new();
        for (one, found) in looked {
            match found.filter(|found| found.state() == InvitationState::Ready) {
                Some(found) => {
                    let told = json!({
                        "invitation": found.id, "delivery": found.delivery, "link": found.link, "email_status": found.email_status,
                    });
                    links.insert(one.customer.to_string(), told);
                    world.progress.advance(1, one.customer.as_str());
                }
                None => open.push(one),
            }
        }
        if open.is_empty() || world.clock.now() >= deadline {
            break;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    }
    world.progress.end();
    let waiting: Vec<String> = open.iter().map(|one| one.customer.to_string()).collect();
    world.journal.complete_step("invitation_links", &json!({ "ready": links, "waiting": waiting }), world.clock.now())?;
    Ok((total - waiting.len(), waiting.len()))
}

/// What stands for the links where the service makes tokens.
fn keep_tokens(world: &World<'_>) -> Result<(), WizardError> {
    let mut links: BTreeMap<String, Value> = BTreeMap::new();
    for action in world.journal.actions(Gate::Invitations.name())?.into_iter().filter(|a| a.state == ActionState::Done) {
        let link = action.result.as_ref().and_then(|r| r.get("link")).cloned().unwrap_or_default();
        if let Some(code) = action.customer {
            links.insert(code.to_string(), json!({ "delivery": Delivery::Download, "link": link }));
        }
    }
    let verb = if world.service.writes() { "made; they are in the report" } else { "would be made" };
    world.good(format!("{} {verb}.", counted(links.len(), "token", "tokens")));
    Ok(world.journal.complete_step("invitation_links", &json!({ "ready": links, "waiting": [] }), world.clock.now())?)
}

/// An invitation that this run sent.
struct Sent {
    customer: CustomerCode,
    /// The service need not tell it at once.
    id: Option<InvitationId>,
    /// The first day on which it may have been made.
    since: Date,
}

fn sent(world: &World<'_>) -> Result<Vec<Sent>, WizardError> {
    let actions = world.journal.actions(Gate::Invitations.name())?;
    let done = actions.into_iter().filter(|action| action.state == ActionState::Done);
    Ok(done
        .filter_map(|action| {
            let begun = action.first_attempt.unwrap_or_else(|| world.clock.now()).to_zoned(jiff::tz::TimeZone::UTC).date();
            Some(Sent {
                customer: action.customer?,
                id: action.result.as_ref().and_then(|r| r.get("invitation")).and_then(Value::as_i64).map(InvitationId),
                since: begun.yesterday().unwrap_or(begun),
            })
        })
        .collect())
}

/// Looks up the numbers of invitations whose making was answered without one.
async fn find_numbers(world: &World<'_>, session: &Session, open: &mut [Sent]) -> Result<(), WizardError> {
    let Some(since) = open.iter().filter(|one| one.id.is_none()).map(|one| one.since).min() else { return Ok(()) };
    let listed = world.service.invitations(session.id(), Some(since)).await?;
    for one in open.iter_mut().filter(|one| one.id.is_none()) {
        let newest = listed.iter().filter(|i| i.customer == one.customer && i.sent.is_none_or(|day| day >= one.since)).map(|i| i.id).max();
        one.id = newest;
    }
    Ok(())
}
