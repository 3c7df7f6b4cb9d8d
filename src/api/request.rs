//! One request to a service, before it is sent: what the sender and the dry run have in common.
//!
//! Owns: [`Request`] and the rule by which a path and a query are written.
//! Must not touch: the network, what a request means.
//! Called by: the resources under `avatax/`, which build requests; `transport`, which sends them; `dry_run`, which only records them.

use crate::domain::Sha256;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde::Serialize;
use std::fmt;

/// Everything but the unreserved characters of RFC 3986, section 2.3.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why a request can't be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsendable {
    #[error("`{0}` can't be part of an address: it would be taken for a folder")]
    DotSegment(String),
    #[error("the request can't be written as JSON: {0}")]
    Json(String),
}

/// One request. Its body is made once, so that every attempt sends, and the audit trail sums, the same bytes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// The operation's published name.
    pub call: &'static str,
    pub method: Method,
    /// Percent-encoded, beginning with `/`, without the query.
    pub path: String,
    query: Vec<(&'static str, String)>,
    pub body: Option<Vec<u8>>,
    /// Of the body.
    pub content_type: String,
    /// What the answer may be.
    pub accept: &'static str,
    /// Beside those that every request of the service has.
    pub headers: Vec<(&'static str, String)>,
    /// Holds a password: not even its sum is noted, from which a weak one could be guessed.
    pub secret: bool,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.call, self.method, self.path)
    }
}

impl Request {
    /// Each of `segments` is one part of the path, encoded so that no character in it can end the part.
    pub fn new(call: &'static str, method: Method, segments: &[&str]) -> Result<Self, Unsendable> {
        let mut path = String::new();
        for segment in segments {
            // Every URL reader resolves these away, and `%2e` with them (WHATWG URL standard, “single-dot” and “double-dot URL path segment”).
            if matches!(*segment, "" | "." | "..") {
                return Err(Unsendable::DotSegment((*segment).to_owned()));
            }
            path.push('/');
            path.extend(utf8_percent_encode(segment, STRICT));
        }
        Ok(Self {
            call,
            method,
            path,
            query: Vec::new(),
            body: None,
            content_type: String::new(),
            accept: "application/json",
            headers: Vec::new(),
            secret: false,
        })
    }

    /// Adds a query pair. The name is written as it is, the value encoded.
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Result<Self, Unsendable> {
        self.body = Some(serde_json::to_vec(body).map_err(|e| Unsendable::Json(e.to_string()))?);
        self.content_type = "application/json".to_owned();
        Ok(self)
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// A form (`application/x-www-form-urlencoded`).
    pub fn form(mut self, pairs: &[(&str, String)]) -> Self {
        self.body = Some(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes());
        self.content_type = "application/x-www-form-urlencoded".to_owned();
        self
    }

    /// What is noted of the body.
    pub fn sum(&self) -> Option<Sha256> {
        self.body.as_deref().filter(|_| !self.secret).map(Sha256::of)
    }

    /// The answer is a document.
    pub fn for_bytes(mut self) -> Self {
        self.accept = "*/*";
        self
    }

    /// A form with one file in it (`multipart/form-data`, RFC 7578). `part`, `name` and `kind` are ours, never from outside.
    pub fn form_file(mut self, part: &str, name: &str, kind: &str, bytes: &[u8]) -> Self {
        // A sum over the content: it can't stand in it.
        let boundary = format!("certonboard-{}", &Sha256::of(bytes).as_str()[..32]);
        let head =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n");
        let mut body = Vec::with_capacity(bytes.len() + 300);
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        self.body = Some(body);
        self.content_type = format!("multipart/form-data; boundary={boundary}");
        self
    }

    /// Path and query as they go over the wire.
    pub fn target(&self) -> String {
        let mut target = self.path.clone();
        for (place, (name, value)) in self.query.iter().enumerate() {
            target.push(if place == 0 { '?' } else { '&' });
            target.push_str(name);
            target.push('=');
            target.extend(utf8_percent_encode(value, STRICT));
        }
        target
    }

    /// The path for a log: what stands in a customer's place is left out.
    pub fn path_for_log(&self) -> String {
        let mut parts: Vec<&str> = self.path.split('/').collect();
        for place in 1..parts.len() {
            if parts[place - 1] == "customers" {
                parts[place] = "{customer}";
            }
        }
        parts.join("/")
    }

    /// Does this request ask for a change?
    pub fn writes(&self) -> bool {
        self.method != Method::GET
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_encoded_to_the_letter() {
        let request = Request::new("GetCustomer", Method::GET, &["api", "v2", "B/20 4#1?a+b%c&ü.txt"]).unwrap();
        assert_eq!(request.path, "/api/v2/B%2F20%204%231%3Fa%2Bb%25c%26%C3%BC.txt");
        let request = request.query("$filter", "customerCode eq 'O''Neil & Co'").query("$top", "100");
        assert!(request.target().ends_with("?$filter=customerCode%20eq%20%27O%27%27Neil%20%26%20Co%27&$top=100"));
    }

    #[test]
    fn a_code_of_dots_can_not_travel_in_a_path() {
        for dots in [".", "..", ""] {
            assert!(Request::new("X", Method::GET, &["a", dots]).is_err());
        }
        assert!(Request::new("X", Method::GET, &["a", "..."]).is_ok());
    }

    #[test]
    fn a_log_names_no_customer() {
        let path = |segments: &[&str]| Request::new("X", Method::GET, segments).unwrap().path_for_log();
        assert_eq!(path(&["companies", "7", "customers", "ANN-1", "certificates"]), "/companies/7/customers/{customer}/certificates");
        assert_eq!(path(&["companies", "7", "customers"]), "/companies/7/customers");
        assert_eq!(path(&["companies", "7", "certificates", "12"]), "/companies/7/certificates/12");
    }

    #[test]
    fn debug_shows_no_body() {
        let request = Request::new("X", Method::POST, &["a"]).unwrap().query("q", "private").json(&"private").unwrap();
        assert_eq!(format!("{request:?}"), "X POST /a");
    }
}
