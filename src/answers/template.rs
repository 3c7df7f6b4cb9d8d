//! The commented template, made from the schema, and the answers of a run written for replay.

use super::model::schema;
use serde_json::{Map, Value};
use std::fmt::Write;

/// A YAML file with every key, its meaning and an example, all commented out.
pub fn template() -> String {
    let schema = schema();
    let mut out = String::from(
        "# Answers for certonboard. Take the `#` away from a line to answer that question.\n\
         # Credentials never stand here; see docs/credentials.md.\n",
    );
    section(&schema, &schema, 0, &mut out);
    out
}

fn section(node: &Value, root: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    for (key, child) in node.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let inner = child.get("$ref").or_else(|| child.pointer("/anyOf/0/$ref")).and_then(Value::as_str);
        let target = inner.and_then(|r| root.pointer(r.trim_start_matches('#'))).unwrap_or(child);
        let about = [child, target].iter().find_map(|n| n.get("description").and_then(Value::as_str)).unwrap_or_default();
        if depth == 0 {
            out.push('\n');
        }
        for line in about.lines() {
            // Writing to a String can't fail.
            let _ = writeln!(out, "{indent}# {line}");
        }
        if target.get("properties").is_some() {
            let _ = writeln!(out, "{indent}#{key}:");
            section(target, root, depth + 1, out);
            continue;
        }
        let words = choices(target);
        if !words.is_empty() {
            let _ = writeln!(out, "{indent}# One of: {}", words.join(", "));
        }
        let example = child.pointer("/examples/0").cloned().or_else(|| words.first().map(|w| Value::String(w.clone())));
        let example = match example {
            _ if key == "columns" => "{ customer_code: \"Customer ID\" }".to_owned(),
            _ if key == "rules" => "{ registration-number-format: review }".to_owned(),
            _ if key == "tax_values" => "{ \"B\": exempt, \"A\": taxable }".to_owned(),
            Some(value) => scalar(&value),
            None => String::new(),
        };
        let _ = writeln!(out, "{indent}#{key}: {example}");
    }
}

/// The allowed words of an enumeration.
fn choices(node: &Value) -> Vec<String> {
    let plain = node.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let described = node.get("oneOf").and_then(Value::as_array).into_iter().flatten().flat_map(|one| {
        let single = one.get("const").and_then(Value::as_str).map(str::to_owned);
        let several = one.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        single.into_iter().chain(several).collect::<Vec<_>>()
    });
    plain.chain(described).collect()
}

fn scalar(value: &Value) -> String {
    match value {
        // JSON's quoting is valid YAML.
        Value::String(text) if text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/ ".contains(c)) => text.clone(),
        other => other.to_string(),
    }
}

/// The answers of a run as YAML that answers the same questions again.
pub fn from_run<'a>(answers: impl Iterator<Item = (&'a str, &'a Value)>) -> String {
    let mut root = Map::new();
    add(&mut root, answers);
    let mut out = String::from("# The answers of one run of certonboard. Replay: certonboard run --non-interactive --answers THIS_FILE\n");
    yaml(&root, 0, &mut out);
    out
}

/// What was supplied, with what was answered on top, in the shape of the answers file.
pub fn with_answers<'a>(supplied: &Value, answers: impl Iterator<Item = (&'a str, &'a Value)>) -> Value {
    let mut root = supplied.as_object().cloned().unwrap_or_default();
    add(&mut root, answers);
    Value::Object(root)
}

fn add<'a>(root: &mut Map<String, Value>, answers: impl Iterator<Item = (&'a str, &'a Value)>) {
    for (key, value) in answers {
        let parts: Vec<&str> = match key.strip_prefix("customers.tax_values.") {
            // The merchant's own codes may hold dots.
            Some(value) => vec!["customers", "tax_values", value],
            None => key.split('.').collect(),
        };
        put(root, &parts, value);
    }
}

fn put(node: &mut Map<String, Value>, path: &[&str], value: &Value) {
    match path {
        [] => {}
        [last] => {
            node.insert((*last).to_owned(), value.clone());
        }
        [first, rest @ ..] => {
            let entry = node.entry((*first).to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = entry {
                put(inner, rest, value);
            }
        }
    }
}

fn yaml(node: &Map<String, Value>, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    for (key, value) in node {
        let plain = key.len() > 1
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            && !["no", "yes", "on", "off", "true", "false", "null"].contains(&key.as_str());
        // A code of the merchant's may be `no` or `1`.
        let key = if plain { key.clone() } else { Value::from(key.as_str()).to_string() };
        match value {
            Value::Object(inner) => {
                let _ = writeln!(out, "{indent}{key}:");
                yaml(inner, depth + 1, out);
            }
            // JSON's own quoting: `no`, `1e5` or `0123` would otherwise be read as something else.
            other => {
                let _ = writeln!(out, "{indent}{key}: {other}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::parse;

    #[test]
    fn the_template_is_a_valid_answers_file_with_and_without_its_signs() {
        let text = template();
        assert!(parse(&text).is_ok());
        // A line without a blank after `#` is an answer; take the sign away from all of them.
        let open: String = text
            .lines()
            .map(|l| match l.trim_start().strip_prefix('#') {
                Some(rest) if !rest.starts_with(' ') => format!("{}{rest}\n", " ".repeat(l.len() - l.trim_start().len())),
                _ => format!("{l}\n"),
            })
            .collect();
        let value = parse(&open).unwrap_or_else(|e| panic!("{e:?}\n{open}"));
        for pointer in ["/merchant", "/customers/file", "/service/where", "/action", "/create/no_expiration", "/invitations/delivery"] {
            assert!(value.pointer(pointer).is_some(), "{pointer} is not in the template");
        }
    }

    #[test]
    fn a_runs_answers_can_be_read_again() {
        let answers = [
            ("merchant", Value::from("Ann's \"best\": #1")),
            ("sync.confirm", Value::from(true)),
            ("customers.columns.customer_code", Value::from("no")),
            ("customers.tax_values.s.r.", Value::from("exempt")),
            ("customers.tax_values.no", Value::from("taxable")),
        ];
        let text = from_run(answers.iter().map(|(k, v)| (*k, v)));
        let value = parse(&text).unwrap();
        assert_eq!(value["merchant"], "Ann's \"best\": #1");
        assert_eq!(value.pointer("/customers/columns/customer_code").unwrap(), "no");
        assert_eq!(value.pointer("/sync/confirm").unwrap(), true);
        assert_eq!(value.pointer("/customers/tax_values").unwrap(), &serde_json::json!({ "s.r.": "exempt", "no": "taxable" }));
    }
}
