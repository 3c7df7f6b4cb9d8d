//! What lies in the folder in which somebody starts the program with nothing said: a spreadsheet, scans, runs that are not finished.

use super::adapters::environment;
use super::status::Stand;
use certonboard::cli::{ResumeArgs, RunArgs};
use certonboard::error::Fault;
use certonboard::journal::{DEFAULT_PARENT, Journal, RunFolder, list_runs};
use certonboard::ports::{AskError, Choice, JournalStore, Prompter, Question, QuestionKind, Recommendation, RunRecord};
use certonboard::ui::{TerminalPrompter, printable};
use certonboard::wizard::Nearby;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const SPREADSHEETS: [&str; 7] = ["xlsx", "xlsm", "xls", "xlsb", "ods", "csv", "tsv"];
const SCANS: [&str; 9] = ["pdf", "tif", "tiff", "png", "jpg", "jpeg", "gif", "bmp", "webp"];
/// Words of a name that speak for a list of customers.
const TELLING: [&str; 4] = ["customer", "client", "debtor", "cust"];
/// Entries looked at in one folder: somebody may start in a home folder.
const MOST: usize = 2_000;
/// Folders that are looked into.
const FOLDERS: usize = 50;
/// Runs that are looked at, the newest first: the record of each is read.
const RUNS: usize = 12;
/// Runs that are offered.
const OFFERED: usize = 5;

/// Looks at a folder and, for scans, into the folders in it; opens no file.
pub fn look(folder: &Path) -> Nearby {
    let entries = |of: &Path| -> Vec<(PathBuf, String, bool)> {
        let read = std::fs::read_dir(of).into_iter().flatten().flatten().take(MOST);
        let mut found: Vec<(PathBuf, String, bool)> = read
            .filter_map(|e| {
                let name = e.file_name().to_str()?.to_owned();
                // Hidden, or the lock that an office program leaves beside an open file.
                let ours = name.starts_with('.') || name.starts_with("~$") || name == DEFAULT_PARENT;
                // A name that can't be shown as it is can't be offered either.
                (!ours && printable(&name) == name).then(|| (e.path(), name, e.path().is_dir()))
            })
            .collect();
        found.sort();
        found
    };
    let is = |name: &str, kinds: &[&str]| name.rsplit_once('.').is_some_and(|(_, end)| kinds.contains(&end.to_ascii_lowercase().as_str()));
    let here = entries(folder);
    let mut spreadsheets: Vec<&(PathBuf, String, bool)> = here.iter().filter(|(_, name, dir)| !dir && is(name, &SPREADSHEETS)).collect();
    let telling = |name: &str| TELLING.iter().any(|word| name.to_lowercase().contains(word));
    spreadsheets.sort_by_key(|(_, name, _)| !telling(name));
    let scans_in = |of: &Path| entries(of).iter().filter(|(_, name, dir)| !dir && is(name, &SCANS)).count();
    let mut folders: Vec<(usize, String)> = here
        .iter()
        .filter(|(.., dir)| *dir)
        .take(FOLDERS)
        .map(|(path, name, _)| (scans_in(path), name.clone()))
        .filter(|(n, _)| *n > 0)
        .collect();
    folders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let loose = here.iter().filter(|(_, name, dir)| !dir && is(name, &SCANS)).count();
    let scans = folders.into_iter().next().or((loose > 0).then(|| (loose, ".".to_owned())));
    Nearby { spreadsheets: spreadsheets.into_iter().map(|(_, name, _)| name.clone()).collect(), scans: scans.map(|(n, name)| (name, n)) }
}

/// Was anything said that shapes a run? What a resumed run would drop must not be dropped in silence. The address and the company may come from
/// the environment, so they say nothing.
fn shaped(args: &RunArgs) -> bool {
    let paths =
        [&args.customers, &args.certificates, &args.run_dir, &args.save_mapping, &args.conduct.answers, &args.conduct.record_answers];
    let l = &args.list;
    let list = l.sheet.is_some() || l.header_row.is_some() || l.mapping.is_some() || l.corrections.is_some() || l.contradictions.is_some();
    let list = list || l.include_inactive || !l.columns.is_empty() || !l.tax_values.is_empty();
    let flags = args.dry_run || args.conduct.yes || args.target.sandbox || args.target.service.is_some();
    paths.iter().any(|path| path.is_some()) || list || flags || args.merchant.is_some() || args.today.is_some()
}

/// What tells one run from another: merchant and service.
fn about(record: &RunRecord) -> String {
    let text = |pointer: &str| record.header.pointer(pointer).and_then(Value::as_str);
    let answer = |key: &str| record.answers.iter().rev().find(|a| a.key == key).and_then(|a| a.value.as_str());
    let merchant = answer("merchant").or(text("/run/supplied/merchant")).unwrap_or("no merchant yet");
    let service = record.steps.iter().find(|s| s.name == "preflight").and_then(|s| s.outcome.get("service")).and_then(Value::as_str);
    match (record.header.pointer("/run/sandbox"), service) {
        (Some(Value::Bool(true)), _) => format!("{merchant}, practice service"),
        (_, Some(service)) => format!("{merchant}, {service}"),
        (_, None) => merchant.to_owned(),
    }
}

/// Asks whether an unfinished run is to go on, where somebody is there to be asked and has not said what to run. `None`: a new run.
pub fn run_to_resume(args: &RunArgs) -> Result<Option<ResumeArgs>, Fault> {
    let environment = environment();
    let there = environment.stdin_is_terminal && environment.stderr_is_terminal && !args.conduct.non_interactive;
    if !there || shaped(args) {
        return Ok(None);
    }
    let mut open: Vec<(String, String, bool)> = Vec::new();
    for name in list_runs(Path::new(DEFAULT_PARENT)).into_iter().take(RUNS) {
        let path = Path::new(DEFAULT_PARENT).join(&name);
        let Ok(record) = Journal::look(&path).and_then(|journal| journal.load()) else { continue };
        let stand = Stand::of(&record);
        let stopped = matches!(stand.word(), "open" | "stopped");
        let busy = || RunFolder::open(&path).is_err();
        if (stopped || stand.word() == "waiting") && record.header.pointer("/run/command").is_none() && !busy() {
            open.push((name.clone(), format!("{} ({})", stand.line(&name), about(&record)), stopped));
        }
        if open.len() == OFFERED {
            break;
        }
    }
    if open.is_empty() {
        return Ok(None);
    }
    // What only waits for a person or for a better list is not what somebody most likely wants to go on with.
    let recommended = open.iter().find(|(.., stopped)| *stopped).map(|(name, ..)| name.clone()).unwrap_or_default();
    let example = open.first().map(|(name, ..)| format!("certonboard resume {name}")).unwrap_or_default();
    let new = Choice { value: String::new(), label: "Start a new run".to_owned() };
    let choices = open.into_iter().map(|(value, line, _)| Choice { value, label: format!("Go on with {line}") });
    let question = Question {
        key: "run.resume".to_owned(),
        text: "There are runs here that are not finished.".to_owned(),
        meaning: "which run to go on with".to_owned(),
        example,
        kind: QuestionKind::Choice(choices.chain([new]).collect()),
        default: None,
        recommended: Some(Recommendation { value: json!(recommended), reasons: Vec::new() }),
        required: true,
    };
    let answer = TerminalPrompter::new(!environment.no_color).ask(&question).map_err(|error| match error {
        AskError::Interrupted { .. } => Fault::new(certonboard::cli::Exit::Interrupted, "interrupted"),
        error => Fault::input(error.to_string()),
    })?;
    let run = answer.value.as_str().filter(|run| !run.is_empty()).map(str::to_owned);
    Ok(run.map(|run| ResumeArgs { run, conduct: args.conduct.clone() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_and_the_folder_with_most_scans_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["prices.xlsx", "Customer Master.csv", "~$prices.xlsx", ".hidden.csv", "notes.txt", "one.pdf"] {
            std::fs::write(at(name), "").unwrap();
        }
        for (name, files) in [("few", 1), ("scans", 3), ("none", 0), (DEFAULT_PARENT, 9)] {
            std::fs::create_dir(at(name)).unwrap();
            (0..files).for_each(|n| std::fs::write(at(name).join(format!("{n}.PDF")), "").unwrap());
        }
        let found = look(folder.path());
        assert_eq!(found.spreadsheets, ["Customer Master.csv", "prices.xlsx"]);
        assert_eq!(found.scans, Some(("scans".to_owned(), 3)));
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(look(empty.path()), Nearby::default());
        std::fs::write(empty.path().join("loose.tif"), "").unwrap();
        assert_eq!(look(empty.path()).scans, Some((".".to_owned(), 1)));
    }
}
