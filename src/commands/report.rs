//! `certonboard report`.

use super::adapters::environment;
use certonboard::cli::{Exit, ReportArgs, ReportFormat};
use certonboard::error::Fault;
use certonboard::journal::{Journal, find_run, write_private};
use certonboard::ports::{JournalStore, Progress, RunRecord};
use certonboard::report::{self, Audit, Data, Model};
use certonboard::sources::scans::Folder;
use certonboard::ui::{Bars, Lines};
use serde_json::Value;
use std::path::Path;

pub fn report(args: &ReportArgs) -> Result<Exit, Fault> {
    let Some(run) = args.run.as_deref().filter(|_| !args.schema) else {
        return super::print_json(&report::schema());
    };
    let path = find_run(run)?;
    let journal = Journal::look(&path)?;
    let record = journal.load()?;
    let model = Model::new(&record);
    let failed = |e: String| Fault::new(Exit::Failed, e);
    let (name, bytes) = match args.format {
        ReportFormat::Html => {
            let day = record.header.pointer("/run/today").and_then(Value::as_str).unwrap_or_default();
            let page = args.out.clone().unwrap_or_else(|| path.join("report.html"));
            let progress: Box<dyn Progress> = match environment().stderr_is_terminal {
                true => Box::new(Bars::default()),
                false => Box::new(Lines::new(false)),
            };
            let gallery = super::gallery::make(&record, &Folder::default(), &page, certonboard::cli::jobs(None), &*progress);
            ("report.html", report::html(&model, &gallery, day).into_bytes())
        }
        ReportFormat::Pdf => ("report.pdf", pdf(&model, &record, &journal)?),
        ReportFormat::Xlsx => ("report.xlsx", report::workbook(&Data::of(&model)).map_err(|e| failed(e.to_string()))?),
        ReportFormat::Json => {
            let data = serde_json::to_value(Data::of(&model)).map_err(|e| failed(e.to_string()))?;
            let Some(out) = &args.out else { return super::print_json(&data) };
            let text = serde_json::to_string_pretty(&data).map_err(|e| failed(e.to_string()))?;
            return write(out, text.as_bytes());
        }
    };
    write(args.out.as_deref().unwrap_or(&path.join(name)), &bytes)
}

/// The run record as PDF, with the check of its chain.
pub fn pdf(model: &Model<'_>, record: &RunRecord, journal: &Journal) -> Result<Vec<u8>, Fault> {
    let checked = journal.verify()?;
    let json = super::status::run_record(record, journal, &Some(checked))?;
    let json = serde_json::to_vec_pretty(&json).map_err(|e| Fault::new(Exit::Failed, e.to_string()))?;
    let audit = Audit {
        json: &json,
        head: journal.head()?.map(|(_, entries, hash)| (entries, hash)),
        intact: checked.map(|_| ()),
        finished: journal.events("finished")?.pop().map(|(at, _)| at),
        reviewed: journal.review()?.len(),
    };
    report::pdf(model, &audit).map_err(|e| Fault::new(Exit::Failed, e.to_string()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<Exit, Fault> {
    write_private(path, bytes).map_err(|e| Fault::new(Exit::Failed, format!("{}: it can't be written: {e}", path.display())))?;
    super::print(&format!("Report        {}", path.display()))
}
