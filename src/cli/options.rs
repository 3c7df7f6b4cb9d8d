//! Flag over environment over answers file over default, resolved once, in the shape of the answers file.

use super::args::{ResultFormat, RunArgs};
use crate::answers::{self, AnswersError};
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
    pub today: Option<Date>,
    pub jobs: usize,
    pub quiet: bool,
    pub format: ResultFormat,
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
    let mut supplied = match &args.answers {
        Some(path) => answers::load(path)?,
        None => Value::Object(Map::new()),
    };
    let beside = args.answers.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
    for pointer in ["/customers/file", "/certificates/folder"] {
        resolve_path(&mut supplied, pointer, &beside);
    }
    let text = |path: &PathBuf| {
        path.to_str().map(str::to_owned).ok_or_else(|| OptionsError::Path(format!("{}: the path is not valid text", path.display())))
    };
    if let Some(file) = &args.customers {
        put(&mut supplied, "customers", "file", json!(text(file)?));
    }
    if let Some(folder) = &args.certificates {
        put(&mut supplied, "certificates", "folder", json!(text(folder)?));
    }
    if let Some(merchant) = &args.merchant {
        top(&mut supplied, "merchant", json!(merchant));
    }
    if let Some(company) = &args.target.company {
        put(&mut supplied, "service", "company", json!(company));
    }
    match (&args.target.base_url, args.target.sandbox) {
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
        non_interactive: args.non_interactive,
        yes: args.yes,
        run_dir: args.run_dir.clone(),
        record_answers: args.record_answers.clone(),
        today: args.today,
        jobs: jobs(args.jobs),
        quiet: args.quiet,
        format: args.format,
    })
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

    #[test]
    fn a_flag_beats_the_answers_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("answers.yaml");
        std::fs::write(&file, "merchant: From File\ncustomers:\n  file: list.xlsx\nservice:\n  where: practice\n").unwrap();
        let args = RunArgs { answers: Some(file), merchant: Some("From Flag".into()), ..RunArgs::default() };
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
