//! After linking: is each certificate in the service as it was meant, and would the service exempt its customer now?
//!
//! A certificate that is stored and linked need not exempt: it may be invalid, not yet processed, for a state without nexus, or the account may
//! ignore certificates altogether. The service is asked per customer and state, with patience for its processing.

use super::{Ending, Session, WizardError, World};
use crate::apply;
use crate::domain::{CertificateDraft, CertificateId, CertificateOnFile, CustomerCode, Region, TaxNumber};
use crate::plan::{Gate, Write};
use crate::ports::{ActionState, Exempting, ServiceError, ServiceErrorKind};
use futures_util::{StreamExt, stream};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const WAIT_MINUTES: u64 = 3;
const AT_ONCE: usize = 16;
/// Warnings on the terminal; the report has all.
const TOLD: usize = 10;

/// One customer in one state, and the certificate that is to exempt it there.
struct Made {
    customer: CustomerCode,
    region: Option<Region>,
    certificate: CertificateId,
    /// `None`: the certificate was there before, and was only linked.
    draft: Option<CertificateDraft>,
}

pub(super) async fn run(world: &World<'_>, session: &Session, ending: &mut Ending) -> Result<(), WizardError> {
    if !world.service.writes() {
        return Ok(());
    }
    let all = made(world)?;
    if all.is_empty() {
        return Ok(());
    }
    let found = ask(world, session, &all, &on_file(world, session).await?).await?;
    // As they are after the waiting: the service goes on working on new ones.
    let on_file = on_file(world, session).await?;
    let differs: Vec<Value> = all.iter().filter_map(|made| difference(made, on_file.get(&made.certificate))).collect();
    let mut open: Vec<Value> = Vec::new();
    let mut not_asked: BTreeMap<&str, usize> = BTreeMap::new();
    for (made, answer) in all.iter().zip(&found) {
        let asked = match answer {
            Answer::Told(asked) => asked,
            Answer::NotAsked(why) => {
                *not_asked.entry(why).or_default() += 1;
                continue;
            }
        };
        if asked.exempt {
            continue;
        }
        let (cause, fix) = cause(on_file.get(&made.certificate), world.clock.today());
        open.push(json!({
            "customer": made.customer, "region": made.region.as_ref().map(Region::code), "certificate": made.certificate,
            "status": asked.status, "cause": cause, "fix": fix,
        }));
    }
    let told = || found.iter().filter_map(|answer| if let Answer::Told(told) = answer { Some(told) } else { None });
    let asked = told().count();
    let exempt = told().filter(|e| e.exempt).count();
    if asked > 0 && exempt == asked {
        let all = if asked == 1 {
            "the customer in the state of its certificate".to_owned()
        } else {
            format!("all {asked} customers in the states of their certificates")
        };
        world.good(format!("Asked the service: it exempts {all}."));
    } else if asked > 0 {
        world.warn(format!("Asked the service: it exempts {exempt} of {asked} customers in the states of their certificates."));
    }
    for (why, count) in &not_asked {
        world.warn(format!("About {count} certificates the service could not be asked: {why}. Look at them in the service."));
    }
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    for one in open.iter().take(TOLD) {
        let (customer, region) = (text(one, "customer"), text(one, "region"));
        world.warn(format!("{customer} is not exempt in {region}: {}. {}", text(one, "cause"), text(one, "fix")));
    }
    for one in differs.iter().take(TOLD) {
        world.warn(format!("certificate {}: {}", one.get("certificate").cloned().unwrap_or_default(), text(one, "what")));
    }
    ending.waiting |= !open.is_empty() || !differs.is_empty() || asked < all.len();
    let outcome = json!({ "asked": asked, "not_asked": not_asked, "exempt": exempt, "not_exempt": open, "differs": differs });
    Ok(world.journal.complete_step("proof", &outcome, world.clock.now())?)
}

async fn on_file(world: &World<'_>, session: &Session) -> Result<BTreeMap<CertificateId, CertificateOnFile>, WizardError> {
    Ok(world.service.certificates(session.id()).await?.into_iter().map(|c| (c.id, c)).collect())
}

/// What this run made and linked, over all its plans.
fn made(world: &World<'_>) -> Result<Vec<Made>, WizardError> {
    let records = world.journal.actions(Gate::Certificates.name())?;
    let done: BTreeMap<&str, i64> = records
        .iter()
        .filter(|r| r.state == ActionState::Done)
        .filter_map(|r| Some((r.id.as_str(), r.result.as_ref()?.get("certificate")?.as_i64()?)))
        .collect();
    // A write that was refused and planned again, changed, counts as it was planned last.
    let mut actions = BTreeMap::new();
    for plan in apply::all_recorded(Gate::Certificates, world.journal)? {
        actions.extend(plan.plan().actions.iter().map(|action| (action.id.clone(), action.clone())));
    }
    let mut all = Vec::new();
    for action in actions.values() {
        let Some(id) = done.get(action.id.as_str()) else { continue };
        let draft = match &action.write {
            Write::CreateCertificate { draft, .. } => Some(draft.clone()),
            _ => None,
        };
        all.extend(action.write.customers().map(|customer| Made {
            customer: customer.clone(),
            region: draft.as_ref().and_then(|d| d.zone.region.clone()),
            certificate: CertificateId(*id),
            draft: draft.clone(),
        }));
    }
    Ok(all)
}

/// What is not as it was sent.
fn difference(made: &Made, on_file: Option<&CertificateOnFile>) -> Option<Value> {
    let told = |what: String| json!({ "certificate": made.certificate, "customer": made.customer, "what": what });
    let Some(found) = on_file else { return Some(told("it is not in the service any more".to_owned())) };
    let mut what = Vec::new();
    if let Some(draft) = &made.draft {
        let folded = |n: &Option<TaxNumber>| n.as_ref().map(TaxNumber::folded);
        if !found.zone_name.eq_ignore_ascii_case(&draft.zone.name) {
            what.push(format!("its zone is {}, sent was {}", found.zone_name, draft.zone.name));
        }
        if folded(&found.number) != folded(&draft.number) {
            what.push("its number is not the one that was sent".to_owned());
        }
        if found.signed != Some(draft.signed) {
            what.push(format!("its date of signature is not {}", draft.signed));
        }
        if draft.expires.is_some() && found.expires != draft.expires {
            what.push("its expiration date is not the one that was sent".to_owned());
        }
        if !found.document_exists {
            what.push("its document is missing".to_owned());
        }
    }
    if !found.customers.contains(&made.customer) {
        what.push(format!("{} is not linked to it", made.customer));
    }
    (!what.is_empty()).then(|| told(what.join("; ")))
}

/// What came of asking about one.
#[derive(Clone)]
enum Answer {
    Told(Exempting),
    /// It can't be asked, and why.
    NotAsked(String),
}

/// Asks for each, again and again until all are exempt or patience ends.
async fn ask(
    world: &World<'_>,
    session: &Session,
    all: &[Made],
    on_file: &BTreeMap<CertificateId, CertificateOnFile>,
) -> Result<Vec<Answer>, WizardError> {
    let minutes = world.ask.supplied("create.wait_minutes").and_then(Value::as_u64).unwrap_or(WAIT_MINUTES);
    let patience = i64::try_from(minutes.saturating_mul(60)).unwrap_or(3600).min(86_400);
    let deadline = world.clock.now() + jiff::SignedDuration::from_secs(patience);
    let mut found: Vec<Answer> = vec![Answer::NotAsked("the run was stopped first".to_owned()); all.len()];
    let mut open: Vec<usize> = (0..all.len()).collect();
    world.progress.begin("Asking whether it exempts", "customers", Some(all.len() as u64));
    let mut pause = Duration::from_millis(200);
    loop {
        let one = async |at: usize| {
            let made = &all[at];
            let region = made.region.clone().or_else(|| on_file.get(&made.certificate).and_then(|c| c.region.clone()));
            let Some(region) = region else {
                return (at, Ok(Answer::NotAsked("the zone of the certificate is no state".to_owned())));
            };
            let asked = match world.service.exempts(session.id(), &made.customer, &region).await {
                Ok(exempting) => Ok(Answer::Told(exempting)),
                // Nothing that asking again would mend; the service says why.
                Err(e) if matches!(e.kind, ServiceErrorKind::Invalid | ServiceErrorKind::NotFound | ServiceErrorKind::Forbidden) => {
                    let hint = e.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                    Ok(Answer::NotAsked(format!("{}{hint}", e.message)))
                }
                Err(e) => Err(e),
            };
            (at, asked)
        };
        let answers: Vec<(usize, Result<Answer, ServiceError>)> =
            stream::iter(open.iter().copied()).map(one).buffered(AT_ONCE).collect().await;
        let mut still = Vec::new();
        for (at, answer) in answers {
            let answer = answer?;
            match &answer {
                Answer::Told(exempting) if !exempting.exempt => still.push(at),
                _ => world.progress.advance(1, all[at].customer.as_str()),
            }
            found[at] = answer;
        }
        // Nothing that waiting mends: the certificate itself says why not.
        let hopeless = |at: &usize| on_file.get(&all[*at].certificate).is_none_or(|c| never(c, world.clock.today()).is_some());
        let hopeful = still.iter().any(|at| !hopeless(at));
        open = still;
        if open.is_empty() || !hopeful || world.clock.now() >= deadline || world.interrupt.is_raised() {
            break;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    }
    world.progress.end();
    Ok(found)
}

/// Why a certificate exempts nothing, as far as it says so itself.
fn never(c: &CertificateOnFile, today: Date) -> Option<(String, &'static str)> {
    if c.valid == Some(false) {
        return Some(("the service counts its certificate as invalid".to_owned(), "Open it in the service and look at the reason."));
    }
    if let Some(end) = c.expires.filter(|end| *end < today) {
        return Some((format!("its certificate expired on {end}"), "Ask the customer for a new one."));
    }
    if let Some(begin) = c.signed.filter(|begin| *begin > today) {
        return Some((format!("its certificate begins only on {begin}"), "Check the date, or wait until then."));
    }
    None
}

fn cause(on_file: Option<&CertificateOnFile>, today: Date) -> (String, &'static str) {
    let Some(found) = on_file else {
        return ("its certificate is not in the service any more".to_owned(), "Find out who deleted it, then run again.");
    };
    if let Some(known) = never(found, today) {
        return known;
    }
    match found.status.as_deref() {
        Some(status) if status.to_lowercase().contains("pending") => (
            format!("its certificate is not validated yet (status {status})"),
            "Have it validated in the service, or wait; `certonboard resume` asks again.",
        ),
        _ => (
            "its certificate shows no cause".to_owned(),
            "Check that the company has nexus in this state, that the account does not ignore certificates (setting “Exemption certificate handling”), \
             and that the reason exempts; `certonboard resume` asks again.",
        ),
    }
}
