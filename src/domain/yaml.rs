use serde::de::DeserializeOwned;

/// Reads a data file. It goes by way of plain values, so that one reader of YAML is compiled and not one for each type.
///
/// Errors: no YAML, or not what the type wants; with the place where the parser knows it.
pub fn from_yaml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let value: serde_json::Value = serde_saphyr::from_str(text).map_err(|e| e.to_string())?;
    serde_json::from_value(value).map_err(|e| e.to_string())
}
