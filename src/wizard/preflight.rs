//! Step 1: who am I, which company, is there a place to keep certificates, may I read them?

use super::asking::{choice, confirm, example, recommend};
use super::{Session, WizardError, World};
use crate::ports::{Company, Question, QuestionKind, ServiceError, ServiceErrorKind, StorageStatus};
use serde_json::{Value, json};
use std::time::Duration;

/// How long Avalara's own set-up took when it was automatic: 3 to 5 minutes (release notes 18.1). Three times that is patience.
const WAIT_MINUTES: u64 = 15;

pub(super) async fn run(world: &mut World<'_>) -> Result<Session, WizardError> {
    let identity = match world.service.ping().await {
        Ok(identity) => identity,
        // Nothing was sent yet, so an address that can't be reached is a matter of input, not of a failed run.
        Err(error) if error.kind == ServiceErrorKind::Unavailable => {
            return Err(WizardError::Unreachable(error));
        }
        Err(error) => return Err(error.into()),
    };
    let who = identity.user.as_deref().map(|u| format!(" as {u}")).unwrap_or_default();
    let account = identity.account.map(|a| format!(", account {a}")).unwrap_or_default();
    world.good(format!("Connected to {}{who}{account}.", world.service.describe()));
    if !world.service.writes() {
        world.say("Dry run: everything is read and decided, nothing is written to the service.");
    }

    let company = company(world).await?;
    same_target(world, &company, identity.account)?;
    storage(world, &company).await?;
    let definitions = match world.service.definitions(company.id).await {
        Ok(definitions) => definitions,
        Err(error) if error.kind == ServiceErrorKind::Forbidden => {
            return Err(WizardError::Service(ServiceError {
                hint: Some("the role of this user may not read certificate definitions; creating certificates needs an administrator's role (AccountAdmin or CompanyAdmin)".to_owned()),
                ..error
            }));
        }
        Err(error) => return Err(error.into()),
    };
    let letters = definitions.cover_letters.iter().filter(|l| l.active).count();
    world.good(format!(
        "The role may read what is needed: {} exposure zones, {} exemption reasons, {letters} cover letters.",
        definitions.zones.len(),
        definitions.reasons.len()
    ));
    let outcome = json!({ "company": company, "user": identity.user, "account": identity.account, "service": world.service.describe(), "dry_run": !world.service.writes(),
        "sends_invitations": world.service.sends_invitations() });
    world.journal.complete_step("preflight", &outcome, world.clock.now())?;
    Ok(Session { company, definitions })
}

/// A run belongs to one company of one account of one service: what was approved for that one must not be sent to another.
fn same_target(world: &World<'_>, company: &Company, account: Option<i64>) -> Result<(), WizardError> {
    let target = json!({ "service": world.target, "account": account, "company": company.id });
    match world.journal.step("target")? {
        Some(before) if before != target => Err(WizardError::Input(format!(
            "this run belongs to another service, account or company ({before}); now it is {target}. Use the same credentials and address, or start a new run"
        ))),
        Some(_) => Ok(()),
        None => Ok(world.journal.complete_step("target", &target, world.clock.now())?),
    }
}

async fn company(world: &mut World<'_>) -> Result<Company, WizardError> {
    let companies: Vec<Company> = world.service.companies().await?.into_iter().filter(|c| c.is_active).collect();
    let best = match companies.as_slice() {
        [] => {
            let text = "the account has no active company; make one in the AvaTax console, then run certonboard again";
            return Err(WizardError::Input(text.to_owned()));
        }
        [only] => Some((only, "it is the only company of the account")),
        several => several.iter().find(|c| c.is_default).map(|c| (c, "it is the account's default company")),
    };
    let question = Question {
        key: "service.company".to_owned(),
        text: "Which company are the customers for?".to_owned(),
        meaning: "the company in the service that the customers and certificates belong to".to_owned(),
        example: example("service.company", "DEFAULT"),
        kind: QuestionKind::Choice(companies.iter().map(|c| choice(c.code.0.clone(), format!("{} ({})", c.name, c.code))).collect()),
        default: best.map(|(company, _)| Value::String(company.code.0.clone())),
        // With several and no default there is nothing to recommend, so `--yes` does not pick one either.
        recommended: best.map(|(company, reason)| recommend(company.code.0.clone(), [reason.to_owned()])),
        required: companies.len() > 1,
    };
    let code = world.ask.text(&question)?;
    let chosen = companies.into_iter().find(|c| c.code.0 == code);
    chosen.ok_or_else(|| WizardError::Input(format!("the account has no company `{code}`")))
}

async fn storage(world: &mut World<'_>, company: &Company) -> Result<(), WizardError> {
    match world.service.storage_status(company.id).await? {
        StorageStatus::Provisioned => {
            world.good("Certificate storage is set up.");
            return Ok(());
        }
        StorageStatus::InProgress => world.say("Certificate storage is being set up."),
        StorageStatus::NotProvisioned if world.expected.is_some() => {
            let text = format!(
                "company {} has no certificate storage, and a plan holds no request for it; let `certonboard run` request it, then make the plan again",
                company.code
            );
            return Err(WizardError::Input(text));
        }
        StorageStatus::NotProvisioned => {
            let question = confirm(
                "setup.request_storage",
                format!("Company {} has no certificate storage yet. Request it?", company.code),
                "whether to ask the service to set up certificate storage for the company; without it nothing can be stored",
                recommend(true, ["customers and certificates can't be stored without it".to_owned(), "it takes a few minutes".to_owned()]),
            );
            if !world.ask.confirm(&question)? {
                return Err(WizardError::Declined(
                    "certificate storage was not requested, and without it nothing can be stored".to_owned(),
                ));
            }
            world.service.request_storage(company.id).await?;
        }
    }
    let minutes = world.ask.supplied("setup.wait_minutes").and_then(Value::as_u64).unwrap_or(WAIT_MINUTES);
    let deadline =
        world.clock.now() + jiff::SignedDuration::from_secs(i64::try_from(minutes.saturating_mul(60)).unwrap_or(i64::MAX).min(86_400));
    world.progress.begin("Waiting for certificate storage", "looks", None);
    let mut pause = Duration::from_millis(250);
    let ready = loop {
        world.check_interrupt()?;
        if world.service.storage_status(company.id).await? == StorageStatus::Provisioned {
            break true;
        }
        if world.clock.now() >= deadline {
            break false;
        }
        world.progress.advance(1, "");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    };
    world.progress.end();
    match ready {
        true => {
            world.good("Certificate storage is set up.");
            Ok(())
        }
        false => Err(WizardError::Service(ServiceError {
            kind: ServiceErrorKind::NotProvisioned,
            call: "GetCertificateSetup".to_owned(),
            number: None,
            message: format!("certificate storage is still not ready after {minutes} minutes"),
            hint: Some("resume this run later, or ask Avalara's support about the set-up".to_owned()),
        })),
    }
}

/// The merchant's name as it stands on certificates.
pub(super) fn merchant(world: &mut World<'_>, session: &Session) -> Result<String, WizardError> {
    let question = Question {
        key: "merchant".to_owned(),
        text: "The merchant's name, as certificates name the seller:".to_owned(),
        meaning: "the merchant's name as it stands on certificates; it tells seller from purchaser".to_owned(),
        example: example("merchant", "Blue Heron Supply Co."),
        kind: QuestionKind::Text,
        default: Some(Value::String(session.company.name.clone())),
        recommended: None,
        required: false,
    };
    world.ask.text(&question)
}
