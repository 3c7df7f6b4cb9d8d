//! What waits for a person, and a person's word on it, through the same desk as the review page.

use super::asking::{Asked, Open, Question, agent};
use super::told::{Status, Told, bounded};
use super::{Answer, Context, shell_word};
use crate::commands::adapters::{SystemClock, user_name};
use certonboard::domain::{Command, CustomerCode, Edits};
use certonboard::error::Fault;
use certonboard::journal::{Journal, RunFolder, find_run};
use certonboard::ports::{JournalStore, ReviewDesk};
use certonboard::sources::scans::Folder;
use certonboard::ui::printable;
use certonboard::wizard::{Desk, DeskPorts, ReviewedRun};
use rmcp::ErrorData;
use rmcp::model::{CallToolResponse, InputResponses};
use rmcp::schemars::{self, JsonSchema};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The certificate is good and belongs to this customer.
    Accept,
    /// It is not used.
    Reject,
    /// Somebody looks later.
    Later,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settle {
    /// The run's name below certonboard-runs/, or its folder.
    pub run: String,
    /// The paper's id, as list_review gives it.
    pub paper: String,
    pub decision: Word,
    /// Whose it is; needed to accept.
    pub customer: Option<String>,
    /// Why; needed to reject.
    pub why: Option<String>,
}

/// Works at the desk of a run, which is locked meanwhile.
pub async fn at_desk<T: Send + 'static>(
    run: String,
    user: String,
    work: impl FnOnce(&dyn ReviewDesk) -> Result<T, Fault> + Send + 'static,
) -> Result<Result<T, Fault>, ErrorData> {
    let task = move || {
        // One at a time here; another process that works on the run is told.
        static DESK: Mutex<()> = Mutex::new(());
        let _desk = DESK.lock().unwrap_or_else(PoisonError::into_inner);
        let path = find_run(&run)?;
        let folder = RunFolder::open(&path)?;
        let journal = Arc::new(Journal::open(&folder)?);
        let run = ReviewedRun::of(&crate::commands::run::run_argument(&path), &journal.load()?)?;
        let ports = DeskPorts {
            journal,
            scans: Arc::new(Folder::default()),
            engines: crate::commands::run::engines().into(),
            kept: None,
            clock: Arc::new(SystemClock { today: None }),
            user,
            jobs: 1,
        };
        work(&Desk::open(&run, ports)?)
    };
    tokio::task::spawn_blocking(task).await.map_err(|e| ErrorData::internal_error(format!("the review failed: {e}"), None))
}

fn fault(error: certonboard::domain::ReviewError) -> Fault {
    Fault::input(error.to_string())
}

pub async fn list(run: String, offset: usize) -> Answer {
    let queue = at_desk(run, user_name(), |desk| desk.queue().map_err(fault)).await?;
    let queue = match queue {
        Ok(queue) => queue,
        Err(fault) => return super::told::refused(&fault),
    };
    let (open, decided): (Vec<_>, Vec<_>) = queue.items.iter().partition(|item| item.ruled_by.is_none() && !is_accepted(item));
    let shown: Vec<_> = open.iter().skip(offset).take(super::PAGE).collect();
    let shown = serde_json::to_value(shown).map(bounded).unwrap_or_default();
    let status = if open.is_empty() { Status::Done } else { Status::WaitsForAPerson };
    let message = format!("{} papers wait for a person, {} are decided or need nobody.", open.len(), decided.len());
    let data = json!({
        "waiting": shown, "from": offset, "more": open.len() > offset + super::PAGE, "others": decided.len(), "unreadable": bounded(json!(queue.unreadable)),
    });
    Told::new(status, message).answer(vec![], Some(data))
}

fn is_accepted(item: &certonboard::domain::QueueItem) -> bool {
    use certonboard::domain::{Disposition, Standing};
    item.standing == Standing::Applied || item.disposition == Disposition::Accept
}

/// At most so many characters of somebody else's text, in one line.
pub fn quoted(text: &str) -> String {
    let mut short: String = printable(text).chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("“{}”", short.replace(['“', '”'], "'"))
}

pub async fn settle(args: Settle, open: &Open, state: Option<String>, answers: Option<InputResponses>, context: Context) -> Answer {
    let Settle { run, paper: id, decision, customer, why } = args;
    let customer = match customer.as_deref().map(CustomerCode::new).transpose() {
        Ok(customer) => customer,
        Err(error) => return super::told::refused(&Fault::input(error.to_string())),
    };
    let command = match (decision, customer.clone(), why.as_deref().map(str::trim).filter(|why| !why.is_empty())) {
        (Word::Accept, Some(code), _) => Command::Accept { customers: vec![code], edits: Edits::default(), despite: false },
        (Word::Accept, None, _) => return Err(ErrorData::invalid_params("to accept a paper, say whose it is: customer", None)),
        (Word::Reject, _, Some(why)) => Command::Reject { why: why.to_owned() },
        (Word::Reject, _, None) => return Err(ErrorData::invalid_params("to reject a paper, say why", None)),
        (Word::Later, ..) => Command::Later,
    };
    let (at, wanted) = (id.clone(), customer.clone());
    let seen = at_desk(run.clone(), user_name(), move |desk| {
        let view = desk.paper(&at).map_err(fault)?;
        let codes: Vec<CustomerCode> = wanted.into_iter().collect();
        let fit = desk.check(&at, &Edits::default(), &codes).map_err(fault)?.candidates.into_iter().find(|c| codes.contains(&c.code));
        Ok((view, fit))
    });
    let (view, fit) = match seen.await? {
        Ok(seen) => seen,
        Err(fault) => return super::told::refused(&fault),
    };
    if customer.is_some() && fit.is_none() {
        return super::told::refused(&Fault::input("this customer is not on the run's list"));
    }
    let pages = format!("pages {} to {}", view.item.pages[0], view.item.pages[1]);
    let what = match (decision, &fit) {
        (Word::Accept, Some(fit)) => format!(
            "Accept it as the certificate of customer {} ({})? What speaks against it: {}.",
            quoted(fit.code.as_str()),
            quoted(&fit.name),
            if fit.against.is_empty() { "nothing that was compared".to_owned() } else { fit.against.join(", ") }
        ),
        (Word::Reject, _) => {
            format!("Reject it, so that it is not used? The reason that is kept: {}.", quoted(why.as_deref().unwrap_or_default()))
        }
        _ => "Put it off?".to_owned(),
    };
    let text = format!(
        "Paper in the file {}, {pages}; purchaser as read: {}. {what} An assistant asks this; look at the paper itself with: certonboard review {}",
        quoted(&view.item.file),
        quoted(view.item.purchaser.as_deref().unwrap_or("nobody")),
        shell_word(&run)
    );
    let about = format!("settle {run} {id} {} {command:?}", view.revision);
    match open.ask(&context, Question { about, text }, state, answers).await? {
        Asked::Later(needed) => Ok(CallToolResponse::InputRequired(needed)),
        Asked::No => Told::<Value>::new(Status::Declined, "A person said no; the paper stands as it did.").answer(vec![], None),
        Asked::CannotAsk => {
            let mut told = Told::<Value>::new(
                Status::ApprovalNeeded,
                "This client can't ask a person. A person decides with the command in approve_with; nothing was decided.",
            );
            told.approve_with = Some(format!("certonboard review {}", shell_word(&run)));
            told.answer(vec![], None)
        }
        Asked::Yes(_) => {
            let by = format!("{} (asked by {})", user_name(), agent(&context));
            let revision = view.revision;
            // The revision of what the person was told: whatever was decided since refuses this.
            let done = at_desk(run, by, move |desk| desk.act(&id, revision, command).map_err(fault)).await?;
            match done {
                Ok(()) => Told::<Value>::new(Status::Done, "It is decided and kept; it is carried out by a resumed run or a new plan.")
                    .answer(vec![], None),
                Err(fault) => super::told::refused(&fault),
            }
        }
    }
}
