//! `certonboard approve`: a person's yes to a plan, given in a terminal for an assistant that can't ask; and what such a yes is.

use super::adapters::{environment, user_name};
use super::reading::{Kind, user_folder};
use certonboard::cli::{ApproveArgs, Exit};
use certonboard::domain::Sha256;
use certonboard::error::Fault;
use certonboard::journal::{private_folder, write_private};
use certonboard::plan::{Gate, PlanFile};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A yes that was not used for so long is none any more.
const HOLDS: Duration = Duration::from_secs(24 * 3600);

/// Who approved what, for the record of the run that carries it out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Of the plan, or of the list of customers.
    pub fingerprint: Sha256,
    pub approved_by: String,
    pub at: jiff::Timestamp,
    /// `terminal` or `elicitation`.
    pub how: String,
    /// The assistant that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

impl Approval {
    /// How a command learns of it.
    pub const VARIABLE: &str = "CERTONBOARD_APPROVAL";

    pub fn now(fingerprint: &Sha256, how: &str, agent: Option<String>) -> Self {
        Self { fingerprint: fingerprint.clone(), approved_by: user_name(), at: jiff::Timestamp::now(), how: how.to_owned(), agent }
    }

    /// The one that this process was started with, if it is one of this plan.
    pub fn given(fingerprint: &Sha256) -> Option<Self> {
        Self::given_for_anything().filter(|approval| approval.fingerprint == *fingerprint)
    }

    /// Of a list that this process has not made yet.
    pub fn given_for_anything() -> Option<Self> {
        serde_json::from_str(&std::env::var(Self::VARIABLE).ok()?).ok()
    }
}

/// A plan and its whole path.
pub fn load_plan(path: &Path) -> Result<(PathBuf, PlanFile), Fault> {
    let place = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| Fault::input(format!("{place}: it can't be read: {e}")))?;
    let file = PlanFile::from_text(&text).map_err(|e| Fault::input(format!("{place}: {e}")))?;
    Ok((std::path::absolute(path).unwrap_or_else(|_| path.to_owned()), file))
}

/// Where a yes waits for whoever carries the plan out; the user's alone.
fn place(fingerprint: &Sha256) -> Option<PathBuf> {
    Some(user_folder(Kind::State)?.join("approvals").join(format!("{fingerprint}.json")))
}

/// Takes the yes to a plan; it counts once.
pub fn take(fingerprint: &Sha256) -> Option<Approval> {
    let path = place(fingerprint)?;
    let fresh =
        path.metadata().and_then(|m| m.modified()).is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age < HOLDS));
    let text = std::fs::read_to_string(&path).ok()?;
    // Whoever removes it has it; a second one finds nothing.
    std::fs::remove_file(&path).ok()?;
    serde_json::from_str::<Approval>(&text).ok().filter(|approval| fresh && approval.fingerprint == *fingerprint)
}

pub fn approve(args: &ApproveArgs) -> Result<Exit, Fault> {
    let (path, plan) = load_plan(&args.plan)?;
    let environment = environment();
    if !environment.stdin_is_terminal || !environment.stderr_is_terminal {
        return Err(Fault::input("approving takes a person at a terminal; nothing was approved"));
    }
    let changed = super::plan::changed(&plan)?;
    if !changed.is_empty() {
        let told = changed.iter().take(10).cloned().collect::<Vec<_>>().join("; ");
        return Err(Fault::input(format!("{}: what the plan was made from has changed: {told}", path.display()))
            .hint("make the plan again: certonboard plan"));
    }
    super::print(&super::plan::told_of(&plan, &path))?;
    let service = plan.target.get("service").and_then(serde_json::Value::as_str).unwrap_or("unknown");
    super::print(&format!("For           {}, company {}", certonboard::ui::printable(service), super::plan::company_of(&plan)))?;
    for gate in Gate::ALL.into_iter().filter(|gate| plan.gate(*gate).is_some_and(|plan| !plan.is_empty())) {
        super::print(&format!("{}{}:", gate.name()[..1].to_uppercase(), &gate.name()[1..]))?;
        for action in plan.gate(gate).map(|plan| plan.actions.as_slice()).unwrap_or_default().iter().take(10) {
            let line = format!("{} {}: {}", action.write.kind(), action.write.subject(), action.reason);
            super::print(&format!("              {}", certonboard::ui::printable(&line)))?;
        }
        let more = plan.gate(gate).map_or(0, |plan| plan.actions.len().saturating_sub(10));
        if more > 0 {
            super::print(&format!("              … and {more} more; all of them stand in the plan's file"))?;
        }
    }
    let short = plan.fingerprint().short().to_owned();
    let typed = certonboard::ui::ask_line(&format!("Type {short} to approve just this plan, anything else not to"))
        .map_err(|e| Fault::input(format!("the terminal can't be read: {e}")))?;
    if typed.trim() != short {
        return Err(Fault::new(Exit::Declined, "not approved; nothing was written"));
    }
    keep(&Approval::now(&plan.fingerprint(), "terminal", None))?;
    super::print("Approved, once and for a day. The assistant can carry it out now; so can you: certonboard apply")
}

/// Keeps a yes for whoever carries the plan out.
pub fn keep(approval: &Approval) -> Result<(), Fault> {
    let failed = |what: String| Fault::new(Exit::Failed, format!("the approval can't be kept: {what}"));
    let file = place(&approval.fingerprint).ok_or_else(|| failed("this user has no folder".to_owned()))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    private_folder(folder).map_err(|e| failed(format!("{}: {e}", folder.display())))?;
    let text = serde_json::to_string(approval).map_err(|e| failed(e.to_string()))?;
    write_private(&file, text.as_bytes()).map_err(|e| failed(format!("{}: {e}", file.display())))
}
