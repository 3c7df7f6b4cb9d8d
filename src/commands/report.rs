//! `certonboard report`.

use certonboard::cli::{Exit, ReportArgs, ReportFormat};
use certonboard::error::Fault;
use certonboard::journal::{Journal, find_run, write_private};
use certonboard::ports::JournalStore;
use certonboard::report::{self, Data, Model};
use serde_json::Value;
use std::path::Path;

pub fn report(args: &ReportArgs) -> Result<Exit, Fault> {
    let Some(run) = args.run.as_deref().filter(|_| !args.schema) else {
        return super::print_json(&report::schema());
    };
    let path = find_run(run)?;
    let record = Journal::look(&path)?.load()?;
    let model = Model::new(&record);
    let failed = |e: String| Fault::new(Exit::Failed, e);
    let (name, bytes) = match args.format {
        ReportFormat::Html => {
            let day = record.header.pointer("/run/today").and_then(Value::as_str).unwrap_or_default();
            ("report.html", report::html(&model, day).into_bytes())
        }
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

fn write(path: &Path, bytes: &[u8]) -> Result<Exit, Fault> {
    write_private(path, bytes).map_err(|e| Fault::new(Exit::Failed, format!("{}: it can't be written: {e}", path.display())))?;
    super::print(&format!("Report        {}", path.display()))
}
