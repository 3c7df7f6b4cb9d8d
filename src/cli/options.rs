//! Flag over environment over answers file over default, resolved once, in the shape of the answers file.

use super::args::{ListArgs, ReadingArgs, ResultFormat, RunArgs, ServiceName, Target};
use crate::answers::{self, AnswersError};
use clap::ValueEnum;
use jiff::civil::Date;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// What `main` needs to know before the first question.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Answers that were given before anybody is asked.
    pub supplied: Value,
    pub sandbox: bool,
    pub dry_run: bool,
    pub non_interactive: bool,
    pub yes: bool,
    pub run_dir: Option<PathBuf>,
    pub record_answers: Option<PathBuf>,
    pub save_mapping: Option<PathBuf>,
    pub today: Option<Date>,
    pub jobs: usize,
    /// For one answer of the service.
    pub timeout: Option<std::time::Duration>,
    pub quiet: bool,
    pub format: ResultFormat,
    pub reading: ReadingArgs,
}

/// The parts of the environment that matter, read once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Environment {
    pub stdin_is_terminal: bool,
    pub stderr_is_terminal: bool,
    pub no_color: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    #[error(transparent)]
    Answers(#[from] AnswersError),
    #[error("{0}")]
    Path(String),
}

/// Merges flags (clap has merged the environment into them) over the answers file.
pub fn resolve(args: &RunArgs) -> Result<RunOptions, OptionsError> {
    let mut supplied = match &args.conduct.answers {
        Some(path) => answers::load(path)?,
        None => Value::Object(Map::new()),
    };
    let beside = args.conduct.answers.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
    for pointer in ["/customers/file", "/customers/mapping", "/customers/corrections", "/certificates/folder"] {
        resolve_path(&mut supplied, pointer, &beside);
    }
    if let Some(file) = &args.customers {
        put(&mut supplied, "customers", "file", json!(text(file)?));
    }
    put_list(&mut supplied, &args.list)?;
    if let Some(folder) = &args.certificates {
        put(&mut supplied, "certificates", "folder", json!(text(folder)?));
    }
    if let Some(merchant) = &args.merchant {
        top(&mut supplied, "merchant", json!(merchant));
    }
    if let Some(kind) = args.target.service {
        put(&mut supplied, "service", "kind", json!(kind.to_possible_value().map(|v| v.get_name().to_owned())));
    }
    if let Some(dialect) = args.target.certcapture_dialect {
        put(&mut supplied, "service", "dialect", json!(dialect.to_possible_value().map(|v| v.get_name().to_owned())));
    }
    if let Some(company) = &args.target.company {
        put(&mut supplied, "service", "company", json!(company));
    }
    match (&base_url(&args.target), args.target.sandbox) {
        // An address in the environment must not turn a practice run into a real one.
        (_, true) => put(&mut supplied, "service", "where", json!("practice")),
        (Some(url), false) => put(&mut supplied, "service", "base_url", json!(url)),
        (None, false) => {}
    }
    if args.target.sandbox
        && let Some(service) = supplied.get_mut("service").and_then(Value::as_object_mut)
    {
        service.remove("base_url");
    }
    let address = supplied.pointer("/service/base_url").is_some_and(|v| !v.is_null());
    let sandbox = !address && supplied.pointer("/service/where") == Some(&json!("practice"));
    Ok(RunOptions {
        supplied,
        sandbox,
        dry_run: args.dry_run,
        non_interactive: args.conduct.non_interactive,
        yes: args.conduct.yes,
        run_dir: args.run_dir.clone(),
        record_answers: args.conduct.record_answers.clone(),
        save_mapping: args.save_mapping.clone(),
        today: args.today,
        jobs: jobs(args.conduct.jobs),
        timeout: args.target.timeout.map(std::time::Duration::from_secs),
        quiet: args.conduct.quiet,
        format: args.conduct.format,
        reading: args.conduct.reading.clone(),
    })
}

/// The flags for the customer list alone, in the shape of the answers file: for the commands that take no answers file.
pub fn resolve_list(args: &ListArgs) -> Result<Value, OptionsError> {
    let mut supplied = Value::Object(Map::new());
    put_list(&mut supplied, args)?;
    Ok(supplied)
}

fn put_list(supplied: &mut Value, args: &ListArgs) -> Result<(), OptionsError> {
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            put(supplied, "customers", key, value);
        }
    };
    set("sheet", args.sheet.as_ref().map(|sheet| json!(sheet)));
    set("header_row", args.header_row.map(|row| json!(row)));
    set("mapping", args.mapping.as_deref().map(text).transpose()?.map(Value::from));
    set("corrections", args.corrections.as_deref().map(text).transpose()?.map(Value::from));
    set("include_inactive", args.include_inactive.then_some(Value::Bool(true)));
    set("contradictions", args.contradictions.map(|how| json!(how)));
    if !args.tax_values.is_empty() {
        let mut values = supplied.pointer("/customers/tax_values").cloned().filter(Value::is_object).unwrap_or_else(|| json!({}));
        // The flag beats the file however the value is written there.
        let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
        for (value, means) in &args.tax_values {
            if let Value::Object(values) = &mut values {
                values.retain(|known, _| !same(known, value));
            }
            top(&mut values, value, json!(means));
        }
        put(supplied, "customers", "tax_values", values);
    }
    if !args.columns.is_empty() {
        // One by one over those of the answers file.
        let mut columns = supplied.pointer("/customers/columns").cloned().filter(Value::is_object).unwrap_or_else(|| json!({}));
        args.columns.iter().for_each(|(field, header)| top(&mut columns, field, json!(header)));
        put(supplied, "customers", "columns", columns);
    }
    Ok(())
}

/// The address that was given. AvaTax's own, which may stand in the environment, is none for CertCapture.
pub fn base_url(target: &Target) -> Option<String> {
    let url = target.base_url.clone()?;
    let of_avatax = url.trim_end_matches('/').ends_with("avatax.com");
    (target.service != Some(ServiceName::Certcapture) || !of_avatax).then_some(url)
}

fn text(path: &Path) -> Result<String, OptionsError> {
    path.to_str().map(str::to_owned).ok_or_else(|| OptionsError::Path(format!("{}: the path is not valid text", path.display())))
}

/// As many threads as the machine has, unless said otherwise.
pub fn jobs(wish: Option<u16>) -> usize {
    wish.map_or_else(|| std::thread::available_parallelism().map_or(1, Into::into), usize::from)
}

/// Paths in an answers file are meant from where the file lies.
fn resolve_path(supplied: &mut Value, pointer: &str, beside: &Path) {
    if let Some(value) = supplied.pointer_mut(pointer)
        && let Some(path) = value.as_str()
        && let Some(joined) = beside.join(path).to_str()
    {
        *value = json!(joined);
    }
}

fn top(supplied: &mut Value, key: &str, value: Value) {
    if let Value::Object(map) = supplied {
        map.insert(key.to_owned(), value);
    }
}

fn put(supplied: &mut Value, section: &str, key: &str, value: Value) {
    if let Value::Object(map) = supplied {
        let inner = map.entry(section.to_owned()).or_insert_with(|| json!({}));
        top(inner, key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Contradictions;
    use crate::cli::ConductArgs;

    #[test]
    fn list_flags_come_over_the_answers_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("answers.yaml");
        let answers =
            "customers:\n  sheet: A\n  mapping: erp.yaml\n  contradictions: as-taxable\n  columns:\n    name: Firm\n    city: C\n";
        std::fs::write(&file, answers).unwrap();
        let list = ListArgs {
            sheet: Some("B".into()),
            columns: vec![("name".into(), "Company".into())],
            include_inactive: true,
            contradictions: Some(Contradictions::AsExempt),
            ..ListArgs::default()
        };
        let conduct = ConductArgs { answers: Some(file), ..ConductArgs::default() };
        let customers = resolve(&RunArgs { conduct, list, ..RunArgs::default() }).unwrap().supplied["customers"].clone();
        assert_eq!(customers["sheet"], "B");
        assert_eq!(customers["columns"], json!({ "name": "Company", "city": "C" }));
        assert_eq!(customers["include_inactive"], true);
        assert_eq!(customers["contradictions"], "as-exempt");
        // Paths in the answers file are seen from where it lies.
        assert_eq!(customers["mapping"], folder.path().join("erp.yaml").to_str().unwrap());
        assert_eq!(resolve_list(&ListArgs::default()).unwrap(), json!({}));
    }

    #[test]
    fn a_flag_beats_the_answers_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("answers.yaml");
        std::fs::write(&file, "merchant: From File\ncustomers:\n  file: list.xlsx\nservice:\n  where: practice\n").unwrap();
        let conduct = ConductArgs { answers: Some(file), ..ConductArgs::default() };
        let args = RunArgs { conduct, merchant: Some("From Flag".into()), ..RunArgs::default() };
        let options = resolve(&args).unwrap();
        assert_eq!(options.supplied["merchant"], "From Flag");
        assert_eq!(options.supplied.pointer("/customers/file").unwrap(), folder.path().join("list.xlsx").to_str().unwrap());
        assert!(options.sandbox);
    }

    #[test]
    fn an_address_means_that_service_unless_practice_was_asked_for() {
        let mut args = RunArgs::default();
        args.target.base_url = Some("http://127.0.0.1:1".into());
        assert!(!resolve(&args).unwrap().sandbox);
        // A wish for practice beats an address, which may stand in the environment.
        args.target.sandbox = true;
        let options = resolve(&args).unwrap();
        assert!(options.sandbox && options.supplied.pointer("/service/base_url").is_none());
    }
}
