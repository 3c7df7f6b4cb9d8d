//! Loading: the whole file is checked and every fault is told at once.

use super::model::{Answers, schema};
use crate::domain::{nearest, yaml_value};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The answers file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AnswersError {
    #[error("{path}: the answers file can't be read: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path}: {}", .faults.join("; "))]
    Faults { path: PathBuf, faults: Vec<String> },
}

/// Larger files are no answers file.
const MAX_BYTES: u64 = 1 << 20;

/// Reads and checks an answers file. The value holds only keys that the schema has.
pub fn load(path: &Path) -> Result<Value, AnswersError> {
    let io = |source| AnswersError::Io { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(io)?.len() > MAX_BYTES {
        return Err(AnswersError::Faults { path: path.to_owned(), faults: vec!["it is larger than 1 MB; is it an answers file?".into()] });
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    parse(&text).map_err(|faults| AnswersError::Faults { path: path.to_owned(), faults })
}

/// Checks the text of an answers file; `Err` lists every fault.
pub fn parse(text: &str) -> Result<Value, Vec<String>> {
    // YAML's own traps (`no` as a country, octal numbers) don't concern these keys; an empty file is an empty set of answers.
    let value = yaml_value(text).map_err(|why| vec![format!("not valid YAML: {why}")])?;
    let value = value.unwrap_or_else(|| Value::Object(Default::default()));
    let schema = schema();
    let mut faults = Vec::new();
    unknown_keys(&value, &schema, &schema, "", &mut faults);
    if faults.is_empty() {
        bad_values(&value, &mut faults);
    }
    match faults.is_empty() {
        true => Ok(value),
        false => Err(faults),
    }
}

/// Each top-level section is read by itself, so that one bad value does not hide the next.
fn bad_values(value: &Value, faults: &mut Vec<String>) {
    let Value::Object(sections) = value else {
        faults.push("the file must be a mapping of keys to answers".to_owned());
        return;
    };
    for (key, section) in sections {
        let leaves: Vec<(String, Value)> = match section {
            Value::Object(inner) => inner.iter().map(|(k, v)| (format!("{key}.{k}"), nest(&[key, k], v))).collect(),
            other => vec![(key.clone(), nest(&[key], other))],
        };
        for (name, one) in leaves {
            if let Err(error) = serde_json::from_value::<Answers>(one) {
                faults.push(format!("`{name}`: {error}"));
            }
        }
    }
}

fn nest(path: &[&str], value: &Value) -> Value {
    path.iter().rev().fold(value.clone(), |inner, key| serde_json::json!({ *key: inner }))
}

fn unknown_keys(value: &Value, node: &Value, root: &Value, path: &str, faults: &mut Vec<String>) {
    let node = resolve(node, root);
    let (Value::Object(given), Some(known)) = (value, node.get("properties").and_then(Value::as_object)) else { return };
    for (key, inner) in given {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match known.get(key) {
            Some(child) => unknown_keys(inner, child, root, &full, faults),
            None => faults.push(match nearest(key, known.keys().map(String::as_str)) {
                Some(near) => format!("unknown key `{full}`; did you mean `{}`?", full.replace(key.as_str(), near)),
                None => format!("unknown key `{full}`; known here: {}", known.keys().cloned().collect::<Vec<_>>().join(", ")),
            }),
        }
    }
}

/// Follows a `$ref` into the schema's definitions.
fn resolve<'a>(node: &'a Value, root: &'a Value) -> &'a Value {
    let direct = node.get("$ref").or_else(|| node.pointer("/anyOf/0/$ref")).or_else(|| node.pointer("/allOf/0/$ref"));
    let target = direct.and_then(Value::as_str).and_then(|r| root.pointer(r.trim_start_matches('#')));
    target.unwrap_or(node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told_at_once_with_the_nearest_key() {
        let faults = parse("merchnt: A\ninvitations:\n  delivry: Email\n  zzz: 1\n").unwrap_err();
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].contains("did you mean `merchant`"), "{faults:?}");
        assert!(faults[1].contains("did you mean `invitations.delivery`"), "{faults:?}");
        assert!(faults[2].contains("known here: "), "{faults:?}");
    }

    #[test]
    fn bad_values_are_named_by_key() {
        let faults = parse("action: everything\ninvitations:\n  delivery: Pigeon\n  window_days: -1\n").unwrap_err();
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].starts_with("`action`") && faults[0].contains("both"), "{faults:?}");
    }

    #[test]
    fn an_empty_file_answers_nothing() {
        assert_eq!(parse("").unwrap(), serde_json::json!({}));
        assert_eq!(parse("# only a comment\n").unwrap(), serde_json::json!({}));
        assert!(parse("- a\n- b\n").is_err());
        assert!(parse("a: [").is_err());
    }

    #[test]
    fn columns_take_any_field_name() {
        let value = parse("customers:\n  columns:\n    customer_code: 'Account #'\n").unwrap();
        assert_eq!(value.pointer("/customers/columns/customer_code").unwrap(), "Account #");
    }
}
