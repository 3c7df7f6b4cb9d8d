//! `certonboard plan` and `certonboard apply`.

use super::adapters::user_name;
use super::run::{Purpose, begin};
use certonboard::answers;
use certonboard::cli::{self, ApplyArgs, Exit, PlanArgs, ResultFormat, RunArgs, RunOptions};
use certonboard::domain::Sha256;
use certonboard::error::Fault;
use certonboard::journal::Journal;
use certonboard::plan::{self, Gate, Input, PlanFile};
use certonboard::ports::{JournalStore, ScanFolder};
use certonboard::sources::scans::Folder;
use certonboard::wizard::{Ending, Rests};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Walks through a run that writes nothing, and keeps what it would have written.
pub async fn plan(args: &PlanArgs) -> Result<Exit, Fault> {
    let mut options = cli::resolve(&RunArgs { dry_run: true, ..args.run.clone() })?;
    super::customers::with_mapping(&mut options.supplied)?;
    // Nothing is written at the gates of a plan, so nobody is asked there; the whole plan is confirmed when it is carried out.
    for gate in ["sync", "create", "invitations"] {
        if let Value::Object(all) = &mut options.supplied
            && let Value::Object(section) = all.entry(gate).or_insert_with(|| serde_json::json!({}))
        {
            section.insert("confirm".to_owned(), Value::Bool(true));
        }
    }
    // Found out now, and not after an hour of reading.
    let folder = args.out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(Fault::input(format!("{}: there is no such folder for the plan", folder.display())));
    }
    begin(options, Purpose { plan_to: Some(args.out.clone()), rests: Some(Rests::default()), expected: None }).await
}

/// The plan as a file, and its counts on stdout.
pub fn write_plan(
    options: &RunOptions,
    run: &Path,
    journal: &Journal,
    purpose: &Purpose,
    out: &Path,
    ending: Ending,
) -> Result<Exit, Fault> {
    let failed = |e: String| Fault::new(Exit::Failed, e);
    let record = journal.load()?;
    let planned = purpose.rests.as_ref().map(Rests::planned).unwrap_or_default();
    let given = record.answers.iter().filter(|a| !a.key.ends_with(".confirm")).map(|a| (a.key.as_str(), &a.value));
    let mut answers = answers::with_answers(&options.supplied, given);
    // The plan may be carried out from another folder.
    for pointer in ["/customers/file", "/customers/mapping", "/customers/corrections", "/certificates/folder"] {
        if let Some(value) = answers.pointer_mut(pointer)
            && let Some(whole) = value.as_str().and_then(|path| std::path::absolute(path).ok()).and_then(|p| p.to_str().map(str::to_owned))
        {
            *value = Value::String(whole);
        }
    }
    let mut file = PlanFile {
        format: plan::FORMAT,
        tool: concat!("certonboard ", env!("CARGO_PKG_VERSION")).to_owned(),
        made: jiff::Timestamp::now(),
        made_by: user_name(),
        today: options.today.unwrap_or_else(|| jiff::Zoned::now().date()),
        run: std::path::absolute(run).ok().and_then(|p| p.to_str().map(str::to_owned)),
        target: journal.step("target")?.unwrap_or_default(),
        counts: Default::default(),
        inputs: inputs(&answers)?,
        rested_on: planned.rested_on,
        answers,
        gates: planned.plans,
    };
    let first = file.with_certificates();
    file.gates = file.gates.into_iter().map(|plan| if plan.gate == Gate::Customers { plan.by_need(&first) } else { plan }).collect();
    file.counts = plan::counts(&file.gates);
    let text = file.text().map_err(|e| failed(e.to_string()))?;
    super::run::write(out, &text)?;
    journal.note("planned", &serde_json::json!({ "sha256": Sha256::of(text.as_bytes()) }), file.made)?;
    match options.format {
        ResultFormat::Json => super::print_as_it_is(&text)?,
        ResultFormat::Text => super::print(&told(&file, out))?,
    };
    Ok(if ending.waiting { Exit::Waiting } else { Exit::Done })
}

fn told(file: &PlanFile, out: &Path) -> String {
    let mut text = told_of(file, out);
    text.push_str("Nothing was written to the service. Carry it out with: certonboard apply ");
    text.push_str(&out.display().to_string());
    text
}

/// The company that a plan is for: its code where that was named, and its id.
pub fn company_of(file: &PlanFile) -> String {
    let code = file.answers.pointer("/service/company").and_then(Value::as_str);
    let id = file.target.get("company").map(Value::to_string).unwrap_or_else(|| "unknown".to_owned());
    certonboard::ui::printable(&code.map_or_else(|| format!("id {id}"), |code| format!("{code}, id {id}")))
}

/// A plan in a few lines.
pub fn told_of(file: &PlanFile, out: &Path) -> String {
    let mut text = format!("Plan          {} (fingerprint {})\n", out.display(), file.fingerprint().short());
    for gate in Gate::ALL {
        if let Some(counts) = file.told(gate) {
            let name = format!("{}{}", gate.name()[..1].to_uppercase(), &gate.name()[1..]);
            text.push_str(&format!("{name:<14}{counts}\n"));
        }
    }
    text.push_str(&format!("Rests on      {} files, and the service's records as they were then\n", file.inputs.len()));
    text
}

/// The files that the answers name, each with its sum; for the folder of scans, every scan in it.
fn inputs(answers: &Value) -> Result<Vec<Input>, Fault> {
    let named = |pointer: &str| answers.pointer(pointer).and_then(Value::as_str).map(PathBuf::from);
    let mut files: BTreeSet<PathBuf> =
        ["/customers/file", "/customers/mapping", "/customers/corrections"].into_iter().filter_map(named).collect();
    let uploads = !matches!(answers.pointer("/action").and_then(Value::as_str), Some("invite" | "neither"));
    if let (Some(folder), true) = (named("/certificates/folder"), uploads) {
        let listing = Folder::default().list(&folder).map_err(|e| Fault::input(e.reason))?;
        files.extend(listing.files.into_iter().map(|f| f.path));
    }
    let input = |path: PathBuf| {
        let path = std::path::absolute(&path).unwrap_or(path);
        let sum = sum(&path).map_err(|e| Fault::input(format!("{}: it can't be read: {e}", path.display())))?;
        let text = path.to_str().ok_or_else(|| Fault::input(format!("{}: the path is not valid text", path.display())))?;
        Ok(Input { path: text.to_owned(), sha256: sum })
    };
    files.into_iter().map(input).collect()
}

fn sum(path: &Path) -> std::io::Result<Sha256> {
    let mut file = std::fs::File::open(path)?;
    let mut error = None;
    let parts = std::iter::from_fn(|| {
        let mut part = vec![0; 1 << 16];
        match file.read(&mut part) {
            Ok(0) => None,
            Ok(n) => {
                part.truncate(n);
                Some(part)
            }
            Err(e) => {
                error = Some(e);
                None
            }
        }
    });
    let sum = Sha256::of_parts(parts);
    error.map_or(Ok(sum), Err)
}

/// Carries out a plan, if it and what it was made from are as they were.
pub async fn apply(args: &ApplyArgs) -> Result<Exit, Fault> {
    let place = args.plan.display();
    let (_, file) = super::approve::load_plan(&args.plan)?;
    let fingerprint = file.fingerprint();
    if args.fingerprint.as_ref().is_some_and(|wanted| wanted.is_empty() || !fingerprint.as_str().starts_with(wanted.as_str())) {
        return Err(Fault::input(format!("{place}: this is another plan than the one meant: its fingerprint is {}", fingerprint.short()))
            .hint("look at the plan, and name the fingerprint that it has"));
    }
    let run = RunArgs { conduct: args.conduct.clone(), run_dir: args.run_dir.clone(), today: Some(file.today), ..RunArgs::default() };
    let options = cli::resolve(&run)?;
    let changed = changed(&file)?;
    if !changed.is_empty() {
        let told = changed.iter().take(10).cloned().collect::<Vec<_>>().join("; ");
        let text = format!("{place}: what the plan was made from has changed, so nothing was written: {told}");
        return Err(Fault::input(text).hint("make the plan again: certonboard plan"));
    }
    let confirm = options.supplied.pointer("/apply/confirm").cloned();
    let mut supplied = file.answers.clone();
    if let (Some(confirm), Value::Object(all)) = (confirm, &mut supplied) {
        all.insert("apply".to_owned(), serde_json::json!({ "confirm": confirm }));
    }
    let sandbox = file.target.get("service").and_then(Value::as_str) == Some("practice");
    begin(RunOptions { supplied, sandbox, ..options }, Purpose { expected: Some(file), ..Purpose::default() }).await
}

/// The inputs that are not as they were.
pub fn changed(file: &PlanFile) -> Result<Vec<String>, Fault> {
    let mut told = Vec::new();
    for input in &file.inputs {
        match sum(Path::new(&input.path)) {
            Ok(sum) if sum == input.sha256 => {}
            Ok(_) => told.push(format!("{} was changed", input.path)),
            Err(e) => told.push(format!("{} can't be read any more ({e})", input.path)),
        }
    }
    if told.is_empty() {
        let known: BTreeSet<&str> = file.inputs.iter().map(|i| i.path.as_str()).collect();
        let now = inputs(&file.answers)?;
        told.extend(now.into_iter().filter(|i| !known.contains(i.path.as_str())).map(|i| format!("{} is new", i.path)));
    }
    Ok(told)
}
