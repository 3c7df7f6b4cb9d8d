//! `certonboard customers`, and what the other commands need of the disk for the customer list.

use super::adapters::{SystemClock, Workbooks};
use super::customers_text;
use certonboard::cli::{self, Exit, ListArgs, ResultFormat, SummaryArgs};
use certonboard::customers::{self, Ambiguity, MappingFile, Rejected, Summary};
use certonboard::domain::{Customer, Issue, Severity, Sha256};
use certonboard::error::Fault;
use certonboard::ports::Clock;
use certonboard::report::{self, Problems, ProblemsFile};
use certonboard::wizard::{ListChoices, ListFiles, ReadList, Wanted, contradictions_word};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Larger files are no mapping files.
const MAX_MAPPING_BYTES: u64 = 1 << 20;
/// The workbook of problems in a run's folder.
const PROBLEMS_FILE: &str = "customer-problems.xlsx";

/// The list flags in the shape of the answers file, the mapping file read.
pub fn supplied(args: &ListArgs) -> Result<Value, Fault> {
    let mut supplied = cli::resolve_list(args)?;
    with_mapping(&mut supplied)?;
    Ok(supplied)
}

/// Puts the text of the mapping file in the place of its path, and checks everything said about the list before anything is done. A run
/// that is resumed goes by the mapping it began with.
pub fn with_mapping(supplied: &mut Value) -> Result<(), Fault> {
    if let Some(mapping) = supplied.pointer_mut("/customers/mapping")
        && let Some(path) = mapping.as_str().map(PathBuf::from)
    {
        let fault = |why: String| Fault::input(format!("{}: the mapping file can't be read: {why}", path.display()));
        let facts = std::fs::metadata(&path).map_err(|e| fault(e.to_string()))?;
        if facts.len() > MAX_MAPPING_BYTES {
            return Err(fault("it is larger than 1 MB; is it a mapping file?".to_owned()));
        }
        let text = std::fs::read_to_string(&path).map_err(|e| fault(e.to_string()))?;
        *mapping = json!({ "file": path.display().to_string(), "text": text });
    }
    let choices = ListChoices::from_supplied(&[supplied])?;
    match choices.corrections.filter(|file| !file.is_file()) {
        Some(file) => Err(Fault::input(format!("{}: there is no such workbook of corrections", file.display()))),
        None => Ok(()),
    }
}

/// The sum over a file, read in parts.
pub fn sha256(path: &Path) -> Result<Sha256, String> {
    let at = |e: std::io::Error| format!("{}: {e}", path.display());
    let mut file = File::open(path).map_err(at)?;
    let mut failed = None;
    let parts = std::iter::from_fn(|| {
        let mut part = vec![0; 1 << 18];
        match file.read(&mut part) {
            Ok(0) => None,
            Ok(n) => {
                part.truncate(n);
                Some(part)
            }
            Err(error) => {
                failed = Some(error);
                None
            }
        }
    });
    let sum = Sha256::of_parts(parts);
    failed.map_or(Ok(sum), |error| Err(at(error)))
}

/// The files of a run.
pub struct DiskFiles {
    pub folder: PathBuf,
    pub save_mapping: Option<PathBuf>,
}

impl ListFiles for DiskFiles {
    fn sha256(&self, path: &Path) -> Result<Sha256, String> {
        sha256(path)
    }

    fn keep(&self, read: &mut ReadList) -> Result<Vec<String>, String> {
        let mut told = Vec::new();
        if read.list.issues.iter().any(|issue| issue.severity != Severity::Repaired) {
            let path = self.folder.join(PROBLEMS_FILE);
            told.extend(write_problems(read, &path).map_err(|fault| fault.text)?);
        }
        match &self.save_mapping {
            Some(path) => told.extend(save_mapping(read, path).map_err(|fault| fault.text)?),
            None if read.choices.mapping.is_none() && !read.choices.wish.columns.is_empty() => {
                told.push("Keep these columns for the next export of the same system: --save-mapping FILE".to_owned());
            }
            None => {}
        }
        Ok(told)
    }
}

/// Writes the workbook of problems; gives a line to tell.
fn write_problems(read: &mut ReadList, path: &Path) -> Result<Vec<String>, Fault> {
    let failed = |e: String| Fault::new(Exit::Failed, format!("{}: {e}", path.display()));
    let ProblemsFile { bytes, left_out } = problems(read)?;
    certonboard::journal::write_private(path, &bytes).map_err(|e| failed(format!("it can't be written: {e}")))?;
    let mut told = vec![format!("For the merchant to correct and send back: {}", path.display())];
    if left_out > 0 {
        told.push(format!("{left_out} rows and lines did not fit into it; the next one will have them."));
    }
    Ok(told)
}

fn problems(read: &mut ReadList) -> Result<ProblemsFile, Fault> {
    let (rows, carried) = read.problem_rows()?;
    let path = &read.open.path;
    let sum = sha256(path).map_err(|e| Fault::new(Exit::Failed, e))?;
    let source = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let column = |target| read.layout.mapping.get(target).map(|column| column.index);
    let made = report::problems(&Problems {
        source: &source,
        sha256: &sum,
        sheet: &read.layout.sheet,
        header_row: read.layout.header_row,
        headers: &read.headers(),
        rows: &rows,
        carried: &carried,
        columns: &read.columns_by_header(),
        code: column(customers::Target::CustomerCode),
        name: column(customers::Target::Name),
        issues: &read.list.issues,
    });
    made.map_err(|e| Fault::new(Exit::Failed, e.to_string()))
}

fn save_mapping(read: &ReadList, path: &Path) -> Result<Vec<String>, Fault> {
    let (file, lost) = MappingFile::of(&read.layout, &read.choices.wish);
    super::run::write(path, &file.to_yaml())?;
    let mut told: Vec<String> = lost.into_iter().map(|what| format!("Not in the mapping: {what}")).collect();
    told.push(format!("Columns saved; the next export: --mapping {}", path.display()));
    Ok(told)
}

/// `certonboard customers summary FILE`.
pub fn summary(args: &SummaryArgs) -> Result<Exit, Fault> {
    let choices = ListChoices::from_supplied(&[&supplied(&args.list)?])?;
    let today = SystemClock { today: args.today }.today();
    // A million customers need their room only where they are printed.
    let wanted = match args.format {
        ResultFormat::Text => Wanted::Counts,
        ResultFormat::Json => Wanted::Customers,
    };
    let mut read = ReadList::read(&Workbooks, &args.file, choices, wanted, cli::jobs(None), sha256)?;
    let mut told = Vec::new();
    if let Some(path) = &args.problems {
        told.extend(write_problems(&mut read, path)?);
    }
    if let Some(path) = &args.save_mapping {
        told.extend(save_mapping(&read, path)?);
    }
    let facts = Facts::new(&read);
    match args.format {
        ResultFormat::Text => super::print_pages(&customers_text::text(&facts, customers_text::Look::of_stdout()))?,
        ResultFormat::Json => print_json(&facts, today)?,
    };
    told.iter().for_each(|line| super::note(line, false));
    Ok(facts.exit)
}

/// Everything that a summary tells, in text or as JSON.
pub struct Facts<'r> {
    pub read: &'r ReadList,
    pub summary: &'r Summary,
    /// What is not sure and was settled by nobody.
    pub open: Vec<&'r Ambiguity>,
    pub exit: Exit,
}

impl<'r> Facts<'r> {
    fn new(read: &'r ReadList) -> Self {
        let open: Vec<&Ambiguity> = read.layout.ambiguous.iter().filter(|doubt| !read.choices.settles(doubt)).collect();
        let errors = read.list.issues.iter().any(|issue| issue.severity == Severity::Error);
        let unsettled = read.contradictions() > 0 && !read.choices.contradictions_settled;
        let waiting = errors || unsettled || !open.is_empty() || !read.list.rejected.is_empty();
        Self { read, summary: &read.list.summary, open, exit: if waiting { Exit::Waiting } else { Exit::Done } }
    }
}

/// The customers and problems as they are, without a copy: a list may hold a million.
#[derive(Serialize)]
struct Json<'a> {
    format: &'static str,
    file: String,
    sheet: &'a str,
    header_row: u32,
    system: Option<&'a str>,
    today: Date,
    settled: Value,
    totals: Value,
    by_state: &'a [customers::StateCount],
    by_reason: &'a [customers::ReasonCount],
    by_rule: &'a [customers::RuleCount],
    columns: Vec<Value>,
    unmapped: &'a [String],
    ambiguous: Vec<Value>,
    notes: &'a [String],
    problems_by_kind: &'a [customers::IssueCount],
    problems: &'a [Issue],
    rejected: &'a [Rejected],
    customers: &'a [Customer],
    exit_code: u8,
}

fn print_json(facts: &Facts<'_>, today: Date) -> Result<Exit, Fault> {
    let (read, s) = (facts.read, facts.summary);
    let (layout, list) = (&read.layout, &read.list);
    let columns = layout.mapping.columns.iter().map(|(target, column)| {
        // Two digits say enough, and a float's tail would not.
        let confidence = (f64::from(column.confidence) * 100.0).round() / 100.0;
        json!({ "field": target, "label": target.label(), "header": column.header, "column": column.index + 1, "why": column.why, "confidence": confidence })
    });
    let ambiguous = facts.open.iter().map(|doubt| {
        let candidates = doubt.candidates.iter().map(|c| json!({ "header": c.header, "column": c.index + 1, "sample": c.sample }));
        let taken = layout.mapping.get(doubt.target).map(|column| &column.header);
        json!({ "field": doubt.target, "label": doubt.target.label(), "taken": taken, "why": doubt.why, "candidates": candidates.collect::<Vec<_>>() })
    });
    let ended = |customer: &&Customer| customer.exemption.expires.is_some_and(|day| day < today);
    let expired = list.customers.iter().filter(|customer| customer.is_exempt()).filter(ended).count();
    let json = Json {
        format: "certonboard customers summary 1",
        file: read.open.path.display().to_string(),
        sheet: &layout.sheet,
        header_row: layout.header_row,
        system: layout.system.as_deref(),
        today,
        settled: json!({
            "contradictions": read.choices.contradictions_settled.then(|| contradictions_word(read.choices.settle.contradictions)),
            "include_inactive": read.choices.settle.include_inactive,
            "mapping": read.choices.mapping.as_ref().map(|(file, _)| file),
            "corrected_cells": read.open.corrected_cells(),
        }),
        totals: json!({
            "total": s.total, "exempt": s.exempt, "taxable": s.taxable, "usable": s.usable, "usable_exempt": s.usable_exempt,
            "rejected": s.rejected, "inactive": s.inactive, "merged": s.merged, "not_customers": s.not_customers,
            "further_addresses": list.summary.further_addresses, "conflicting": s.conflicting, "contradictions": s.contradictions, "children": s.children,
            "assumed_country": s.assumed_country, "exempt_without_email": s.exempt_without_email, "exempt_expired": expired,
            "rows_read": list.summary.rows_read,
        }),
        by_state: &s.by_state,
        by_reason: &s.by_reason,
        by_rule: &s.by_rule,
        columns: columns.collect(),
        unmapped: &layout.unmapped,
        ambiguous: ambiguous.collect(),
        notes: &layout.notes,
        problems_by_kind: &s.issues,
        problems: &list.issues,
        rejected: &list.rejected,
        customers: &list.customers,
        exit_code: facts.exit as u8,
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let printed = serde_json::to_writer_pretty(&mut out, &json).map_err(std::io::Error::from);
    match printed.and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()) {
        Ok(()) => Ok(facts.exit),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(facts.exit),
        Err(error) => Err(Fault::new(Exit::Failed, format!("the summary can't be printed: {error}"))),
    }
}
