//! The answers file's schema as a page for people.

use serde_json::Value;

fn target<'a>(node: &'a Value, root: &'a Value) -> &'a Value {
    let direct = node.get("$ref").or_else(|| node.pointer("/anyOf/0/$ref"));
    direct.and_then(Value::as_str).and_then(|r| root.pointer(r.trim_start_matches('#'))).unwrap_or(node)
}

fn text<'a>(node: &'a Value, key: &str) -> &'a str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What may stand there, in words.
fn kind(node: &Value, root: &Value) -> String {
    let node = target(node, root);
    let choices = |values: Vec<&str>| values.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(", ");
    if let Some(values) = node.get("enum").and_then(Value::as_array) {
        return choices(values.iter().filter_map(Value::as_str).collect());
    }
    if let Some(several) = node.get("oneOf").and_then(Value::as_array) {
        let values: Vec<&str> = several
            .iter()
            .flat_map(|one| {
                let listed = one.get("enum").and_then(Value::as_array).into_iter().flatten();
                listed.chain(one.get("const")).filter_map(Value::as_str)
            })
            .collect();
        return choices(values);
    }
    let names: Vec<&str> = match node.get("type") {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).filter(|t| *t != "null").collect(),
        Some(Value::String(one)) => vec![one],
        _ => vec![],
    };
    match names.first().copied().unwrap_or_default() {
        "boolean" => "`true` or `false`".to_owned(),
        "integer" => "whole number".to_owned(),
        "number" => "number".to_owned(),
        "array" => format!("list of: {}", kind(&node["items"], root)),
        "object" => format!("pairs; each value: {}", kind(&node["additionalProperties"], root)),
        _ => "text".to_owned(),
    }
}

fn section(out: &mut String, root: &Value, place: &str, properties: &serde_json::Map<String, Value>) {
    let is_section = |node: &Value| target(node, root).get("properties").is_some();
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    let plain: Vec<(&String, &Value)> = properties.iter().filter(|(_, node)| !is_section(node)).collect();
    if !plain.is_empty() {
        out.push_str("| Key | Value | Meaning | Example |\n| --- | --- | --- | --- |\n");
        for (key, node) in plain {
            let full = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            let example = node.pointer("/examples/0").map(|e| format!("`{}`", serde_json::to_string(e).unwrap())).unwrap_or_default();
            let meaning = match text(node, "description") {
                "" => text(target(node, root), "description"),
                own => own,
            };
            out.push_str(&format!("| `{full}` | {} | {} | {} |\n", cell(&kind(node, root)), cell(meaning), cell(&example)));
        }
        out.push('\n');
    }
    for (key, node) in properties.iter().filter(|(_, node)| is_section(node)) {
        let full = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
        out.push_str(&format!("## `{full}`\n\n"));
        let inner = target(node, root);
        let about = if text(node, "description").is_empty() { text(inner, "description") } else { text(node, "description") };
        if !about.is_empty() {
            out.push_str(&format!("{about}\n\n"));
        }
        section(out, root, &full, inner["properties"].as_object().unwrap());
    }
}

pub fn reference(schema: &Value) -> String {
    let mut out = String::from(
        "# The answers file, key by key\n\nMade from the schema that `certonboard answers schema` prints; a test keeps the two the same. How the file is used: \
         [the answers file](answers-file.md).\n\n",
    );
    section(&mut out, schema, "", schema["properties"].as_object().unwrap());
    out.trim_end().to_owned() + "\n"
}
