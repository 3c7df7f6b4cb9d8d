//! `certonboard explain`: why a paper of a run was decided as it was.

use certonboard::certificates::account;
use certonboard::cli::{Exit, ExplainArgs, ResultFormat};
use certonboard::domain::{Document, Policy};
use certonboard::error::Fault;
use certonboard::journal::{Journal, find_run};
use certonboard::ports::JournalStore;
use certonboard::ui::printable;

pub fn explain(args: &ExplainArgs) -> Result<Exit, Fault> {
    let path = find_run(&args.run)?;
    let record = Journal::look(&path)?.load()?;
    let wanted = |document: &&Document| args.document.as_ref().is_none_or(|name| document.file == *name || document.key() == *name);
    let found: Vec<&Document> = record.documents.iter().filter(wanted).collect();
    if found.is_empty() {
        let Some(name) = &args.document else {
            return Err(Fault::input(format!("{}: this run has read no papers", path.display())));
        };
        if let Some((_, why)) = record.unreadable.iter().find(|(file, _)| file == name || file.starts_with(&format!("{name} page "))) {
            return Err(Fault::input(format!("{name}: it gave no paper: {why}")));
        }
        let mut near: Vec<&str> = record.documents.iter().map(|d| d.file.as_str()).filter(|f| f.contains(name.as_str())).collect();
        near.dedup();
        let hint = match near.is_empty() {
            true => format!("leave the name out to see all {} papers of the run", record.documents.len()),
            false => format!("meant is perhaps: {}", near.iter().take(5).copied().collect::<Vec<_>>().join(", ")),
        };
        return Err(Fault::input(format!("{name}: this run has no such paper")).hint(hint));
    }
    let step = record.steps.iter().find(|step| step.name == "policy");
    let policy: Policy = step
        .and_then(|step| serde_json::from_value(step.outcome.clone()).ok())
        .ok_or_else(|| Fault::input(format!("{}: this run holds no policy; it was made by an older version", path.display())))?;
    match args.format {
        ResultFormat::Json => super::print_json(&serde_json::json!({ "policy": policy, "documents": found })),
        ResultFormat::Text => {
            let accounts: Vec<String> = found
                .iter()
                .map(|document| account(document, &policy).iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n"))
                .collect();
            super::print_pages(&accounts.join("\n\n"))
        }
    }
}
