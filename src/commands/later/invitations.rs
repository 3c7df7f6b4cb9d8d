//! `certonboard invitations send|list|show` and `certonboard renew`.

use super::customers::{All, erp_word};
use super::{Change, Office, begin, columns, day, open, question};
use certonboard::cli::{Exit, InvitationArgs, ListInvitationsArgs, RenewArgs, SendArgs, ShowInvitationArgs};
use certonboard::domain::{AskedBefore, CustomerCode, Delivery, ExemptionReason, InvitationId, InvitationOnFile, InvitationState, counted};
use certonboard::error::Fault;
use certonboard::lifecycle::{Changed, SentInvitation};
use certonboard::plan::{Gate, InviteChoice, InviteReason, Plan, RenewalInputs, plan_invitations_to, plan_renewals};
use certonboard::ports::{ActionState, Block, Definitions, JournalStore, Screen};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub const HEAD: [&str; 6] = ["INVITATION", "CUSTOMER", "BY", "SENT", "READY", "LINK OR STATUS"];
/// How long `--follow` waits. The service says that a link “usually takes a few minutes” (OpenAPI, `CertExpressInvitationModel`).
const PATIENCE: Duration = Duration::from_secs(600);

pub fn row(i: &SentInvitation) -> Vec<String> {
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    let ready = if i.ready { "yes" } else { "not yet" };
    let told = i.link.clone().or_else(|| i.email_status.clone()).unwrap_or_else(|| "–".to_owned());
    vec![i.id.to_string(), i.customer.to_string(), shown(&i.delivery), day(i.sent), ready.to_owned(), told]
}

pub async fn list(args: &ListInvitationsArgs) -> Result<Exit, Fault> {
    let office = open(&args.service).await?;
    if let Some(code) = &args.customer {
        office.customer(code).await?;
    }
    let all = office.service.invitations(office.company.id, args.since).await?;
    let chosen: Vec<SentInvitation> =
        all.iter().filter(|i| args.customer.as_ref().is_none_or(|code| i.customer == *code)).map(SentInvitation::from).collect();
    office.print(&chosen, || match chosen.is_empty() {
        true => "No such invitations.".to_owned(),
        false => columns(&HEAD, &chosen.iter().map(row).collect::<Vec<_>>()),
    })
}

pub async fn show(args: &ShowInvitationArgs) -> Result<Exit, Fault> {
    let office = open(&args.service).await?;
    office.customer(&args.code).await?;
    let until = args.follow.then_some(PATIENCE);
    let Some(found) = follow(&office, &args.code, args.id, until).await? else {
        return Err(
            Fault::input(format!("customer {} has no invitation {}", args.code, args.id)).hint("`certonboard invitations list` shows them")
        );
    };
    let told = SentInvitation::from(&found);
    if args.copy {
        copy(&office, &[&told]);
    }
    office.print(&told, || columns(&HEAD, &[row(&told)]))?;
    Ok(if told.ready { Exit::Done } else { Exit::Waiting })
}

/// Reads an invitation, again and again until it is ready where that is wished.
async fn follow(
    office: &Office,
    code: &CustomerCode,
    id: InvitationId,
    until: Option<Duration>,
) -> Result<Option<InvitationOnFile>, Fault> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(200);
    loop {
        let found = office.service.invitation(office.company.id, code, id).await?;
        let ready = found.as_ref().is_none_or(|i| i.state() == InvitationState::Ready);
        if ready || until.is_none_or(|until| begun.elapsed() >= until) {
            return Ok(found);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    }
}

/// The links on the clipboard, one a line, by whatever this system has for it.
fn copy(office: &Office, invitations: &[&SentInvitation]) {
    let links: Vec<&str> = invitations.iter().filter_map(|i| i.link.as_deref()).collect();
    if links.is_empty() {
        return office.warn("there is no link to copy yet");
    }
    let tools: [(&str, &[&str]); 4] = [("wl-copy", &[]), ("xclip", &["-selection", "clipboard"]), ("pbcopy", &[]), ("clip.exe", &[])];
    let text = links.join("\n");
    let done = tools.iter().any(|(tool, args)| {
        let child = Command::new(tool).args(*args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let Ok(mut child) = child else { return false };
        let written = child.stdin.take().is_some_and(|mut input| input.write_all(text.as_bytes()).is_ok());
        written && child.wait().is_ok_and(|status| status.success())
    });
    match done {
        true => office.printer.show(Block::Good(format!("{} on the clipboard.", counted(links.len(), "link is", "links are")))),
        false => office.warn("there is no clipboard here (wl-copy, xclip, pbcopy); copy the link from the list"),
    }
}

fn chosen(office: &Office, args: &InvitationArgs, definitions: &Definitions) -> Result<InviteChoice, Fault> {
    if !office.service.sends_invitations() {
        office.printer.show(Block::Say(format!(
            "{} sends no invitations; each customer gets a token for the merchant's own pages instead.",
            office.service.describe()
        )));
        let (delivery, cover_letter, window_days) = (Delivery::Download, args.cover_letter.clone(), args.window_days);
        return Ok(InviteChoice { delivery, cover_letter, reason: InviteReason::FromErp, window_days });
    }
    let letters: Vec<&str> = definitions.cover_letters.iter().filter(|l| l.active).map(|l| l.title.as_str()).collect();
    // The integration guide names this one as always usable, listed or not.
    if args.cover_letter != "STANDARD_REQUEST" && !letters.contains(&args.cover_letter.as_str()) {
        return Err(Fault::input(format!("the company has no cover letter `{}`; it has {}", args.cover_letter, letters.join(", "))));
    }
    let reason = match &args.for_reason {
        None => InviteReason::FromErp,
        Some(name) => {
            let reason = ExemptionReason::new(name);
            if certonboard::plan::reason_on_list(&reason, &definitions.reasons).is_none() {
                let known = definitions.reasons.iter().map(|r| r.name.as_str()).collect::<Vec<_>>().join(", ");
                return Err(Fault::input(format!("the service has no exemption reason `{name}`; it has {known}")));
            }
            InviteReason::Named(reason)
        }
    };
    Ok(InviteChoice { delivery: args.delivery, cover_letter: args.cover_letter.clone(), reason, window_days: args.window_days })
}

/// Who was asked lately, and the real day.
async fn recent(change: &Change, window_days: u16) -> Result<(Vec<AskedBefore>, Date), Fault> {
    let office = &change.office;
    let real_day = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let from = office.today.min(real_day);
    let since = from.checked_sub(i64::from(window_days).days()).unwrap_or(from);
    let mut recent: Vec<AskedBefore> =
        office.service.invitations(office.company.id, Some(since)).await?.iter().map(AskedBefore::from).collect();
    if !office.service.sends_invitations() {
        recent.extend(office.place.asked_before(&change.path));
    }
    Ok((recent, real_day))
}

pub async fn send(args: &SendArgs) -> Result<Exit, Fault> {
    let filtered = args.which.exempt || args.which.without_certificate || args.which.expiring.is_some() || args.which.state.is_some();
    if args.codes.is_empty() && !filtered {
        return Err(Fault::input("who is to be invited?").hint("give codes, or a filter such as --exempt --without-certificate"));
    }
    let mut change = begin("invitations send", &args.change).await?;
    let office = &change.office;
    let all = All::read(office).await?;
    let mut codes = args.codes.clone();
    if filtered {
        let erp = erp_word(office, &args.which)?;
        codes.extend(all.chosen(office, &args.which, &erp).into_iter().map(|c| c.code.clone()));
    }
    let definitions = office.service.definitions(office.company.id).await?;
    let choice = chosen(office, &args.invitation, &definitions)?;
    let (recent, real_day) = recent(&change, choice.window_days).await?;
    let plan = {
        let inputs = inputs(&all, &recent, &definitions, &choice, office.today, real_day);
        plan_invitations_to(&inputs, &codes, &args.zones, &args.change.reason)
    };
    invite(&mut change, plan, &args.invitation).await
}

pub async fn renew(args: &RenewArgs) -> Result<Exit, Fault> {
    let mut change = begin("renew", &args.change).await?;
    let office = &change.office;
    let all = All::read(office).await?;
    let definitions = office.service.definitions(office.company.id).await?;
    let choice = chosen(office, &args.invitation, &definitions)?;
    let (recent, real_day) = recent(&change, choice.window_days).await?;
    let plan = {
        let inputs = inputs(&all, &recent, &definitions, &choice, office.today, real_day);
        plan_renewals(&inputs, args.expiring.until(office.today), args.state.as_ref())
    };
    invite(&mut change, plan, &args.invitation).await
}

fn inputs<'a>(
    all: &'a All,
    recent: &'a [AskedBefore],
    definitions: &'a Definitions,
    choice: &'a InviteChoice,
    today: Date,
    real_day: Date,
) -> RenewalInputs<'a> {
    RenewalInputs {
        customers: &all.customers,
        certificates: &all.certificates,
        recent,
        zones: &definitions.zones,
        reasons: &definitions.reasons,
        choice,
        today,
        real_day,
    }
}

async fn invite(change: &mut Change, plan: Plan, args: &InvitationArgs) -> Result<Exit, Fault> {
    let text = match change.office.service.sends_invitations() {
        true => format!("Send {}, with cover letter {}?", counted(plan.actions.len(), "invitation", "invitations"), args.cover_letter),
        false => match plan.actions.len() {
            1 => "Make a token for 1 customer?".to_owned(),
            n => format!("Make a token for each of {n} customers?"),
        },
    };
    let reasons = vec!["a message that went out can't be called back, so look at the whole list".to_owned()];
    let changed: Changed = change.carry_out(plan, &question(text, reasons)).await?;
    let mut told = Vec::new();
    let mut tokens = Vec::new();
    let begun = Instant::now();
    let mut unsure = 0;
    for Sent { customer, id, link } in change.sent()? {
        // One patience for all of them.
        let until = args.follow.then(|| PATIENCE.saturating_sub(begun.elapsed()));
        match id {
            // They are out: what can't be read about one now must not hide the others.
            Some(id) => match follow(&change.office, &customer, id, until).await {
                Ok(found) => told.extend(found.as_ref().map(SentInvitation::from)),
                Err(fault) => {
                    unsure += 1;
                    change.office.warn(format!("invitation {id} to {customer} was sent; how it stands can't be read now: {}", fault.text));
                }
            },
            None => match link {
                Some(token) => tokens.push((customer, token)),
                None => {
                    unsure += 1;
                    change.office.warn(format!("{customer} was invited; the service has told no number yet"));
                }
            },
        }
    }
    let waiting = unsure > 0 || (args.follow && told.iter().any(|i| !i.ready));
    if args.copy {
        copy(&change.office, &told.iter().collect::<Vec<_>>());
    }
    let table = || match (told.is_empty(), tokens.is_empty()) {
        (false, _) => columns(&HEAD, &told.iter().map(row).collect::<Vec<_>>()),
        (true, false) => {
            let row = |(code, token): &(CustomerCode, String)| vec![code.to_string(), token.clone()];
            columns(&["CUSTOMER", "TOKEN"], &tokens.iter().map(row).collect::<Vec<_>>())
        }
        (true, true) => String::new(),
    };
    let made: Vec<Value> = tokens.iter().map(|(code, token)| json!({ "customer": code, "token": token })).collect();
    let exit = change.end_with(&changed, json!({ "invitations": told, "tokens": made }), table)?;
    Ok(if exit == Exit::Done && waiting { Exit::Waiting } else { exit })
}

/// What was sent to one customer.
struct Sent {
    customer: CustomerCode,
    /// The service need not tell it at once.
    id: Option<InvitationId>,
    link: Option<String>,
}

impl Change {
    /// What this change has sent: to whom, under which number where the service told one, and the link.
    fn sent(&self) -> Result<Vec<Sent>, Fault> {
        let actions = self.journal.actions(Gate::Invitations.name())?;
        let done = actions.into_iter().filter(|a| a.state == ActionState::Done);
        Ok(done
            .filter_map(|a| {
                let result = a.result.unwrap_or_default();
                let id = result.get("invitation").and_then(Value::as_i64).map(InvitationId);
                let link = result.get("link").and_then(Value::as_str).map(str::to_owned);
                Some(Sent { customer: a.customer?, id, link })
            })
            .collect())
    }
}
