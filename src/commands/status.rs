//! `certonboard status`: how far a run has come, its record, and whether that is as it was written.

use super::run::run_argument;
use certonboard::cli::{Exit, ResultFormat, StatusArgs};
use certonboard::error::Fault;
use certonboard::journal::{DEFAULT_PARENT, Journal, find_run, list_runs};
use certonboard::plan::Gate;
use certonboard::ports::{ActionRecord, ActionState, JournalStore, RunRecord};
use certonboard::ui::printable;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

pub fn status(args: &StatusArgs) -> Result<Exit, Fault> {
    match &args.run {
        Some(run) => one(args, run),
        None => all(args.format),
    }
}

/// All runs in the usual place, newest first.
fn all(format: ResultFormat) -> Result<Exit, Fault> {
    let mut rows = Vec::new();
    for name in list_runs(Path::new(DEFAULT_PARENT)) {
        let path = Path::new(DEFAULT_PARENT).join(&name);
        // A run that can't be read is listed all the same.
        let told = Journal::look(&path).and_then(|journal| Ok(Stand::of(&journal.load()?)));
        rows.push(match told {
            Ok(stand) => json!({ "run": name, "started": stand.started, "state": stand.word(), "done": stand.done, "open": stand.open, "refused": stand.refused }),
            Err(error) => json!({ "run": name, "state": "unreadable", "why": error.to_string() }),
        });
    }
    match format {
        ResultFormat::Json => super::print_json(&json!(rows)),
        ResultFormat::Text if rows.is_empty() => super::print(&format!("There are no runs in {DEFAULT_PARENT}/ here.")),
        ResultFormat::Text => {
            let text = |row: &Value, key: &str| row.get(key).map(|v| v.as_str().map_or(v.to_string(), str::to_owned)).unwrap_or_default();
            let line = |row: &Value| {
                let counts = format!("{} done, {} open, {} refused", text(row, "done"), text(row, "open"), text(row, "refused"));
                let rest = if row.get("why").is_some() { printable(&text(row, "why")) } else { counts };
                format!("{:<24} {:<10} {rest}", text(row, "run"), text(row, "state"))
            };
            super::print_pages(&rows.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
    }
}

/// How far a run is.
pub struct Stand {
    started: Value,
    done: usize,
    open: usize,
    refused: usize,
    summarised: bool,
    waiting: bool,
    dry_run: bool,
}

impl Stand {
    pub fn of(record: &RunRecord) -> Self {
        let count = |of: &[ActionState]| record.actions.iter().filter(|a| of.contains(&a.state)).count();
        let summary = record.steps.iter().find(|s| s.name == "summary").map(|s| &s.outcome);
        Self {
            started: record.header.pointer("/run/started").cloned().unwrap_or(Value::Null),
            done: count(&[ActionState::Done]),
            open: count(&[ActionState::Planned, ActionState::Attempted]),
            refused: count(&[ActionState::Failed]),
            summarised: summary.is_some(),
            dry_run: record.header.pointer("/run/dry_run") == Some(&Value::Bool(true)),
            waiting: summary.and_then(|s| s.pointer("/ending/waiting")).and_then(Value::as_bool).unwrap_or(false),
        }
    }

    /// For a list: the run's name, how it stands, and its writes.
    pub fn line(&self, name: &str) -> String {
        format!("{:<24} {:<10} {} done, {} open, {} refused", printable(name), self.word(), self.done, self.open, self.refused)
    }

    pub fn word(&self) -> &'static str {
        match (self.open > 0, self.summarised, self.waiting) {
            _ if self.dry_run => "dry run",
            (true, ..) => "open",
            (false, false, _) => "stopped",
            (false, true, true) => "waiting",
            (false, true, false) => "done",
        }
    }
}

fn one(args: &StatusArgs, run: &str) -> Result<Exit, Fault> {
    let path = find_run(run)?;
    let journal = Journal::look(&path)?;
    let record = journal.load()?;
    let stand = Stand::of(&record);
    let checked = if args.verify { Some(journal.verify()?) } else { None };
    match args.format {
        ResultFormat::Json => super::print_json(&run_record(&record, &journal, &checked)?)?,
        ResultFormat::Text => super::print_pages(&told(&path, &record, &stand, &journal, &checked)?)?,
    };
    if let Some(Err(entry)) = checked {
        return Err(Fault::new(
            Exit::Failed,
            format!("{}: the run's record was changed after it was written: entry {entry} does not fit", path.display()),
        )
        .hint("nothing from this entry on can be relied on; compare with a copy of the run's folder"));
    }
    Ok(match stand.word() {
        "done" | "dry run" => Exit::Done,
        _ => Exit::Waiting,
    })
}

type Checked = Option<Result<i64, i64>>;

fn told(path: &Path, record: &RunRecord, stand: &Stand, journal: &Journal, checked: &Checked) -> Result<String, Fault> {
    let header = |key: &str| record.header.pointer(&format!("/run/{key}")).and_then(Value::as_str).map(printable).unwrap_or_default();
    let mut lines = vec![
        format!("Run           {}", path.display()),
        format!("Started       {} by {}", header("started"), header("user")),
        format!("State         {}", stand.word()),
    ];
    for gate in Gate::ALL {
        let of: Vec<&ActionRecord> = record.actions.iter().filter(|a| a.gate == gate.name()).collect();
        if of.is_empty() {
            continue;
        }
        let count = |state: ActionState| of.iter().filter(|a| a.state == state).count();
        let name = format!("{}{}", gate.name()[..1].to_uppercase(), &gate.name()[1..]);
        let (done, refused) = (count(ActionState::Done), count(ActionState::Failed));
        let sent = count(ActionState::Attempted);
        let rest = if sent > 0 { format!(", {sent} sent and not confirmed") } else { String::new() };
        lines.push(format!(
            "{name:<14}{} writes approved: {done} done, {} open, {refused} refused{rest}",
            of.len(),
            of.len() - done - refused
        ));
    }
    lines.push(format!("Steps         {}", record.steps.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ")));
    let failed = record.calls.iter().filter(|c| c.status.is_none_or(|s| s >= 400)).count();
    lines.push(format!("Calls         {} to the service, {failed} of them without a good answer", record.calls.len()));
    if let Some((at, n, hash)) = journal.head()? {
        lines.push(format!("Record        {n} entries, the last at {at}; its hash is {hash}"));
    }
    match checked {
        Some(Ok(n)) => lines.push(format!("Verified      the chain of hashes over all {n} entries is unbroken")),
        Some(Err(n)) => lines.push(format!("Verified      NO: entry {n} does not fit the one before it")),
        None => {}
    }
    if !matches!(stand.word(), "done" | "dry run") {
        lines.push(format!("Go on with    certonboard resume {}", run_argument(path)));
    }
    Ok(lines.join("\n"))
}

/// The run record as other programs read it: the names that Avalara's own agent records use, and more.
pub fn run_record(record: &RunRecord, journal: &Journal, checked: &Checked) -> Result<Value, Fault> {
    let header = |key: &str| record.header.pointer(&format!("/run/{key}")).cloned().unwrap_or(Value::Null);
    let mut approvals = Vec::new();
    // What each write touched: as it was before, and as it was sent.
    let mut touched: BTreeMap<String, (Value, Value)> = BTreeMap::new();
    for gate in Gate::ALL {
        for plan in journal.plans(gate.name())? {
            approvals.push(json!({ "gate": gate, "approval": plan.get("approval"), "writes": plan.pointer("/plan/actions").and_then(Value::as_array).map(Vec::len) }));
            for action in plan.pointer("/plan/actions").and_then(Value::as_array).into_iter().flatten() {
                let id = action.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
                let before = match action.get("changes").and_then(Value::as_array) {
                    Some(changes) => {
                        changes.iter().filter_map(|c| Some((c.get("field")?.as_str()?.to_owned(), c.get("old")?.clone()))).collect()
                    }
                    None => Value::Null,
                };
                let mut sent = action.clone();
                if let Value::Object(fields) = &mut sent {
                    ["id", "reason", "changes", "seen"].iter().for_each(|key| drop(fields.shift_remove(*key)));
                }
                touched.insert(format!("{gate}/{id}"), (before, sent));
            }
        }
    }
    let state = |a: &ActionRecord| serde_json::to_value(a.state).unwrap_or_default();
    let writes: Vec<Value> = record
        .actions
        .iter()
        .map(|a| {
            let (before, sent) = touched.get(&format!("{}/{}", a.gate, a.id)).cloned().unwrap_or_default();
            let done = a.state == ActionState::Done;
            json!({ "id": a.id, "gate": a.gate, "customer": a.customer, "what": a.what, "reason": a.reason, "state": state(a), "attempts": a.attempts,
                "firstAttempt": a.first_attempt, "before": before, "sent": sent, "after": if done { sent.clone() } else { Value::Null }, "answer": a.result })
        })
        .collect();
    let chosen: Vec<Value> = record
        .answers
        .iter()
        .map(|a| json!({ "key": a.key, "recommended": a.recommended, "reasons": a.reasons, "chosen": a.value, "by": a.source, "at": a.at }))
        .collect();
    let head = journal.head()?;
    let finished = journal.events("finished")?.pop().map(|(at, _)| at);
    Ok(json!({
        "sessionId": header("session"),
        "timestamp": header("started"),
        "finished": finished,
        "userId": header("user"),
        // Who approved a plan for an assistant that carried it out.
        "approval": header("approval"),
        "tool": header("tool"),
        "stepsCompleted": record.steps.iter().map(|s| json!({ "step": s.name, "at": s.at })).collect::<Vec<_>>(),
        "apiCalls": record.calls,
        "aiRecommendations": chosen,
        "reviewDecisions": journal.review()?,
        "configSnapshot": record.header,
        "approvals": approvals,
        "writes": writes,
        "checkedAfterwards": record.steps.iter().find(|s| s.name == "proof").map(|s| &s.outcome),
        "hashChain": { "entries": head.as_ref().map(|h| h.1), "head": head.as_ref().map(|h| &h.2), "intact": checked.map(|c| c.is_ok()) },
    }))
}
