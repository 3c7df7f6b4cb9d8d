//! What a handler gets and gives: one call with its parts read, one reply.
//!
//! Owns: reading JSON bodies with the service's error numbers, building replies. Must not touch: rules of any resource.

use axum::body::Bytes;
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::errors::{ApiError, Code};
use super::faults::FaultPlan;
use super::options::SandboxOptions;
use super::paging::Query;
use super::store::Store;

pub(super) type Object = Map<String, Value>;

/// What all calls share.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) options: SandboxOptions,
    pub(super) store: Store,
    pub(super) faults: FaultPlan,
    pub(super) base_url: String,
}

/// The values that stood in the path, each percent-decoded exactly once.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Params {
    pub(super) company: i64,
    pub(super) id: i64,
    pub(super) code: String,
    pub(super) country: String,
    pub(super) region: String,
    pub(super) token: String,
}

#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) context: &'a Context,
    pub(super) params: Params,
    pub(super) query: Query,
    pub(super) raw_path: &'a str,
    pub(super) content_type: Option<String>,
    /// The `Authorization` header as it came; only Ping looks at it, all other calls are checked before.
    pub(super) authorization: Option<String>,
    pub(super) body: Bytes,
    /// Only CertCapture's calls look at it.
    pub(super) manner: super::certcapture::Manner,
}

impl Call<'_> {
    fn json(&self) -> Result<Value, ApiError> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Err(ApiError::new(Code::MODEL_REQUIRED, "The request has no body."));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            // The line and column help; the text around it could be anybody's data and is left out.
            ApiError::new(Code::JSON_FORMAT, format!("The body is not valid JSON (line {}, column {}).", error.line(), error.column()))
        })
    }

    /// A body that is one object.
    pub(super) fn object<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let value = self.json()?;
        if !value.is_object() {
            return Err(ApiError::new(Code::MODEL_STATE, "The body must be an object."));
        }
        typed(value)
    }

    /// A body that is an array; each element's mistake names its place.
    pub(super) fn array<T: DeserializeOwned>(&self) -> Result<Vec<T>, ApiError> {
        let Value::Array(values) = self.json()? else {
            return Err(ApiError::new(Code::MODEL_STATE, "The body must be an array."));
        };
        if values.is_empty() {
            return Err(ApiError::new(Code::MODEL_REQUIRED, "The array in the body is empty."));
        }
        let mut errors = Vec::new();
        let mut rows = Vec::with_capacity(values.len());
        for (i, value) in values.into_iter().enumerate() {
            match typed(value) {
                Ok(row) => rows.push(row),
                Err(error) => errors.push(error.at(format!("[{i}]"))),
            }
        }
        ApiError::all(errors).map_or(Ok(rows), Err)
    }
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    serde_json::from_value(value).map_err(|error| ApiError::new(Code::MODEL_STATE, format!("The object has a wrong structure: {error}.")))
}

#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn json(value: &Value) -> Self {
        Reply { status: StatusCode::OK, content_type: "application/json; charset=utf-8", body: value.to_string().into_bytes() }
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(super) fn object(object: Object) -> Self {
        Self::json(&Value::Object(object))
    }

    pub(super) fn objects(objects: Vec<Object>) -> Self {
        Self::json(&Value::Array(objects.into_iter().map(Value::Object).collect()))
    }

    pub(super) fn bytes(content_type: &'static str, body: Vec<u8>) -> Self {
        Reply { status: StatusCode::OK, content_type, body }
    }
}

/// Text as the service stores it: blanks around it are cut, and nothing is left of an empty one.
pub(super) fn clean(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}
