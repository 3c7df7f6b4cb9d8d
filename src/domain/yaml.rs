use serde::de::DeserializeOwned;
use serde_json::Value;

/// YAML as plain values; `None` for an empty file. Errors: the first line of what the parser says, which tells the place.
pub fn yaml_value(text: &str) -> Result<Option<Value>, String> {
    serde_saphyr::from_str(text).map_err(|e| {
        let told = e.to_string();
        let line = told.lines().next().unwrap_or_default();
        line.strip_prefix("error: ").unwrap_or(line).to_owned()
    })
}

/// Reads a data file. It goes by way of plain values, so that one reader of YAML is compiled and not one for each type. What looks like a yes, a
/// no or a number and is meant as text stands in quotes there.
///
/// Errors: no YAML, or not what the type wants.
pub fn from_yaml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let value = yaml_value(text)?.unwrap_or_default();
    serde_json::from_value(value).map_err(|e| e.to_string())
}
