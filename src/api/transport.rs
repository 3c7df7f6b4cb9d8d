//! Sends requests: address rules, headers, limits, retry, audit trail.
//!
//! Owns: the HTTP client, when a request may be sent again, and what a lost answer means.
//! Must not touch: what a request or an answer says; a service's own errors are read by the function given to [`Transport::new`].
//! Called by: the services (`avatax`) and `dry_run`.

use super::pace::{Ended, Pace};
use super::request::{Request, Unsendable};
use super::text::safe;
use super::{ConnectOptions, Credentials, RetryPolicy};
use crate::domain::Sha256;
use crate::ports::{ApiCall, AuditTrail, ServiceError, ServiceErrorKind, ServiceResult};
use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, Url};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Turns a refused request (call, whether it writes, HTTP status, body) into an error.
pub(super) type ReadError = fn(&'static str, bool, u16, &[u8]) -> ServiceError;

/// A complete answer with a 2xx status.
pub(super) struct Reply {
    pub body: Vec<u8>,
}

impl Reply {
    /// The answer as JSON. An answer that is none makes a write `Unclear` and a read `Protocol`.
    pub fn json<T: DeserializeOwned>(&self, request: &Request) -> ServiceResult<T> {
        serde_json::from_slice(&self.body).map_err(|e| match self.body.is_empty() {
            true => nonsense(request, "the answer is empty"),
            false => nonsense(request, &format!("the answer is not the documented JSON ({e}): {}", super::text::excerpt(&self.body))),
        })
    }
}

/// The hint for every write whose effect is unknown.
const LOOK_FIRST: &str = "It may or may not have taken effect: look the object up before sending it again.";

/// A 2xx answer that makes no sense.
pub(super) fn nonsense(request: &Request, why: &str) -> ServiceError {
    let (kind, hint) = match request.writes() {
        true => (ServiceErrorKind::Unclear, LOOK_FIRST),
        false => (ServiceErrorKind::Protocol, "Check the base URL: the answer may come from something else than the service."),
    };
    ServiceError { kind, call: request.call.to_owned(), number: None, message: safe(why, 400), hint: Some(hint.to_owned()) }
}

/// A request that can't be written at all; nothing was sent.
pub(super) fn unsendable(call: &str, why: Unsendable) -> ServiceError {
    let hint = match why {
        Unsendable::DotSegment(_) => "Give this customer another code: no address can hold this one.".to_owned(),
        Unsendable::Json(_) => "This is a fault of certonboard: please report it.".to_owned(),
    };
    ServiceError { kind: ServiceErrorKind::Invalid, call: call.to_owned(), number: None, message: why.to_string(), hint: Some(hint) }
}

fn misconfigured(message: impl Into<String>, hint: impl Into<String>) -> ServiceError {
    let (message, hint) = (message.into(), Some(hint.into()));
    ServiceError { kind: ServiceErrorKind::Invalid, call: "Connect".to_owned(), number: None, message, hint }
}

/// Is this a base URL that secrets and customers' data may be sent to? HTTPS, or HTTP to this machine; no user name, query or fragment.
fn checked_base(text: &str) -> ServiceResult<Url> {
    const EXAMPLE: &str = "Give an address such as https://sandbox-rest.avatax.com.";
    // The text is not repeated: somebody may have put a password into it.
    let url = Url::parse(text.trim()).map_err(|e| misconfigured(format!("the base URL is no URL: {e}"), EXAMPLE))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(misconfigured(
            "the base URL holds a user name or a password",
            "Take them out of the URL and give them as credentials.",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(misconfigured("the base URL holds a `?` or a `#`", EXAMPLE));
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(misconfigured(
            format!("{} is not encrypted: credentials and customers' data go over HTTPS only", origin(&url)),
            "Use https://. Plain HTTP is allowed to this machine only (localhost, 127.0.0.0/8, ::1).",
        )),
        _ => Err(misconfigured("the base URL is neither https:// nor http://", EXAMPLE)),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// `(app name); (app version); (library name); (library version); (machine name)` (AvaTax developer guide, “Client headers”).
fn client_header(machine: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    // A semicolon would end the part; a header holds visible ASCII only.
    let part: String = machine.chars().map(|c| if c.is_ascii_graphic() && c != ';' { c } else { '-' }).take(64).collect();
    let machine = if part.is_empty() { "unknown".to_owned() } else { part };
    format!("certonboard; {version}; rust; {version}; {machine}")
}

/// When a failed attempt may be repeated.
enum Again {
    Never,
    /// After this long if the service said so, else after the usual pause.
    After(Option<Duration>),
}

struct Failure {
    error: ServiceError,
    again: Again,
}

/// The way to one service.
pub(super) struct Transport {
    client: Client,
    /// Scheme, host, port and path prefix without a trailing `/`.
    base: String,
    credentials: Credentials,
    audit: Arc<dyn AuditTrail>,
    retry: RetryPolicy,
    max_response_bytes: usize,
    pace: Pace,
    read_error: ReadError,
    /// The first part of every correlation id of this process.
    session: String,
    sent: AtomicU64,
}

impl Transport {
    /// Checks address and credentials and makes the client; sends nothing. Errors: `Invalid`.
    pub fn new(options: ConnectOptions, read_error: ReadError) -> ServiceResult<Self> {
        Self::with_headers(options, read_error, &[], "/api/v2")
    }

    /// The same with headers that every request has, and the end of the address that its paths begin with.
    pub fn with_headers(
        options: ConnectOptions,
        read_error: ReadError,
        more: &[(&'static str, String)],
        root: &str,
    ) -> ServiceResult<Self> {
        let url = checked_base(&options.base_url)?;
        if let Some(lack) = options.credentials.lack() {
            return Err(misconfigured(lack, options.credentials.hint()));
        }
        let authorization = options
            .credentials
            .header_value()
            .ok_or_else(|| misconfigured("the credentials hold a character that can't be sent", options.credentials.hint()))?;

        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization);
        let client_name = HeaderValue::from_str(&client_header(&options.machine))
            .map_err(|_| misconfigured("the machine's name can't be sent", "Give another machine name."))?;
        headers.insert(HeaderName::from_static("x-avalara-client"), client_name);
        for (name, value) in more {
            let value = HeaderValue::from_str(value).map_err(|_| misconfigured(format!("{name} can't be sent"), "Give another value."))?;
            headers.insert(HeaderName::from_static(name), value);
        }

        // Fails when a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .default_headers(headers)
            .user_agent(concat!("certonboard/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            // A server that closes idle connections could take a write down with one.
            .pool_idle_timeout(Duration::from_secs(15))
            // The credentials go to the address they were given for, and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            // Every attempt is decided on here and stands in the audit trail.
            .retry(reqwest::retry::never());
        if is_loopback(&url) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|e| {
            misconfigured(
                format!("the HTTPS client can't be set up: {}", chain(&e)),
                "Check the system's certificate store (ca-certificates).",
            )
        })?;

        let base = url.as_str().trim_end_matches('/');
        let base = base.strip_suffix(root).unwrap_or(base).trim_end_matches('/').to_owned();
        Ok(Self {
            client,
            base,
            credentials: options.credentials,
            audit: options.audit,
            retry: options.retry,
            max_response_bytes: options.max_response_bytes,
            pace: Pace::new(options.concurrent.0, options.concurrent.1),
            read_error,
            // Without a random source the ids of two processes look alike, which confuses nobody but a log's reader.
            session: format!("{:08x}", getrandom::u32().unwrap_or_else(|_| std::process::id())),
            sent: AtomicU64::new(1),
        })
    }

    /// The address for a message.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request, again where that is safe, and gives the answer to a 2xx status.
    ///
    /// Errors: those of the service as its reader tells them; `Unavailable` when nothing was done; `Unclear` when a write may have been done.
    pub async fn send(&self, request: &Request) -> ServiceResult<Reply> {
        let mut attempt = 1;
        let begun = Instant::now();
        loop {
            let failure = match self.attempt(request, attempt).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            let mut error = self.finished(failure.error);
            let asked = match failure.again {
                Again::After(asked) if attempt < self.retry.tries && begun.elapsed() < self.retry.longest => asked,
                Again::After(_) if error.kind == ServiceErrorKind::Unavailable => {
                    self.pace.gave_up();
                    return Err(error);
                }
                _ => return Err(error),
            };
            let pause = match asked {
                Some(asked) if asked > self.retry.longest_pause => {
                    error.hint = Some(format!("The service asks to wait {} seconds. Resume the run after that.", asked.as_secs()));
                    return Err(error);
                }
                Some(asked) => asked,
                None => self.pause(attempt),
            };
            tracing::info!(
                call = request.call, attempt, kind = ?error.kind, pause_millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                asked_for = asked.is_some(), "again after a pause"
            );
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// Notes a request that a dry run does not send.
    pub fn note_unsent(&self, request: &Request) {
        self.audit.record(ApiCall {
            call: request.call.to_owned(),
            method: request.method.to_string(),
            path: request.path.clone(),
            started: Timestamp::now(),
            millis: 0,
            status: None,
            request_sha256: request.sum(),
            response_sha256: None,
            dry_run: true,
            attempt: 1,
            correlation: String::new(),
        });
    }

    /// The credentials are not taken. A service may say so in an answer that is no error (AvaTax's `Ping`).
    pub fn refused(&self, call: &str) -> ServiceError {
        self.finished(ServiceError {
            kind: ServiceErrorKind::Unauthorized,
            call: call.to_owned(),
            number: None,
            message: format!("{} does not accept these credentials", self.base),
            hint: None,
        })
    }

    /// The last touch on every error: no secret, and the hint that fits these credentials.
    fn finished(&self, mut error: ServiceError) -> ServiceError {
        error.message = self.credentials.scrub(&error.message);
        error.hint = match error.kind {
            ServiceErrorKind::Unauthorized => Some(self.credentials.hint().to_owned()),
            _ => error.hint.map(|hint| self.credentials.scrub(&hint)),
        };
        error
    }

    /// The pause after `attempt`: doubled each time, with a random part of up to half taken off so that many callers don't come back at once.
    fn pause(&self, attempt: u32) -> Duration {
        let doubled = self.retry.first_pause.saturating_mul(1 << (attempt - 1).min(16)).min(self.retry.longest_pause);
        // Without a random source all callers wait alike, which is no harm.
        let random = f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX);
        doubled.mul_f64(1.0 - random / 2.0)
    }

    async fn attempt(&self, request: &Request, attempt: u32) -> Result<Reply, Failure> {
        let failed = |error, again| Err(Failure { error, again });
        let leave = match self.pace.leave(request.call).await {
            Ok(leave) => leave,
            Err(broken) => {
                let message = format!("{} has failed {} times in a row, so nothing more is sent to it now", self.base, broken.failures);
                let hint =
                    "Nothing was done by this call. Check whether the service is up (https://status.avalara.com), then resume the run.";
                let error = ServiceError {
                    kind: ServiceErrorKind::Unavailable,
                    call: request.call.to_owned(),
                    number: None,
                    message,
                    hint: Some(hint.to_owned()),
                };
                return failed(error, Again::Never);
            }
        };
        let mut noted = ApiCall {
            call: request.call.to_owned(),
            method: request.method.to_string(),
            path: request.path.clone(),
            started: Timestamp::now(),
            millis: 0,
            status: None,
            request_sha256: request.sum(),
            response_sha256: None,
            dry_run: false,
            attempt,
            correlation: format!("{}-{}", self.session, self.sent.fetch_add(1, Ordering::Relaxed)),
        };
        let clock = Instant::now();
        let note = |mut noted: ApiCall, received: usize| {
            noted.millis = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(
                correlation = %noted.correlation, call = %noted.call, method = %noted.method, path = %request.path_for_log(), attempt,
                status = noted.status, millis = noted.millis, sent_bytes = request.body.as_ref().map_or(0, Vec::len),
                received_bytes = received, "call"
            );
            self.audit.record(noted);
        };

        let mut outgoing = self.client.request(request.method.clone(), format!("{}{}", self.base, request.target()));
        outgoing = outgoing.header("x-correlation-id", &noted.correlation).header(ACCEPT, request.accept);
        for (name, value) in &request.headers {
            // What can't be a header's value is a code that no service takes; it is refused there.
            outgoing = outgoing.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap_or(HeaderValue::from_static("?")));
        }
        if let Some(body) = &request.body {
            outgoing = outgoing.header(CONTENT_TYPE, &request.content_type).body(body.clone());
        }
        let response = match outgoing.send().await {
            Ok(response) => response,
            Err(e) => {
                leave.ended(Ended::Down);
                note(noted, 0);
                let (error, again) = self.lost(request, &e);
                return failed(error, again);
            }
        };
        let status = response.status();
        noted.status = Some(status.as_u16());
        let asked = retry_after(response.headers(), Timestamp::now());
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let says_json = kind.to_ascii_lowercase().contains("json");
        let (body, broke_off) = match self.read_body(response).await {
            Ok(body) => {
                noted.response_sha256 = (!request.secret).then(|| Sha256::of(&body));
                (body, None)
            }
            Err(lost) => (Vec::new(), Some(lost)),
        };
        note(noted, body.len());
        if status.is_success() {
            return match broke_off {
                // Something on the way spoilt it; the next one is mostly whole. A write is not sent again for that.
                None if !request.writes() && says_json && serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_err() => {
                    leave.ended(Ended::Down);
                    let why = format!("the answer is not the documented JSON: {}", super::text::excerpt(&body));
                    failed(nonsense(request, &why), Again::After(None))
                }
                None => {
                    leave.ended(Ended::Answered);
                    Ok(Reply { body })
                }
                Some(Lost::TooLong) => {
                    leave.ended(Ended::Answered);
                    failed(nonsense(request, &format!("the answer is longer than {} bytes", self.max_response_bytes)), Again::Never)
                }
                Some(Lost::Broken(e)) => {
                    leave.ended(Ended::Down);
                    let (error, again) = self.lost(request, &e);
                    failed(error, again)
                }
            };
        }
        let error = match status.is_redirection() {
            true => ServiceError {
                kind: ServiceErrorKind::Protocol,
                call: request.call.to_owned(),
                number: None,
                message: format!(
                    "the service at {} sends us elsewhere (HTTP {}), and redirects are not followed",
                    self.base,
                    status.as_u16()
                ),
                hint: Some("Check the base URL.".to_owned()),
            },
            false => (self.read_error)(request.call, request.writes(), status.as_u16(), &body),
        };
        leave.ended(match (error.kind, status.as_u16()) {
            // A longer pause than anybody waits ends this request, and the others find out by themselves.
            (ServiceErrorKind::Limited, _) => Ended::Limited(asked.filter(|asked| *asked <= self.retry.longest_pause)),
            (_, 500..=599) => Ended::Down,
            _ => Ended::Answered,
        });
        let again = match error.kind {
            // Refused before anything was done.
            ServiceErrorKind::Limited => Again::After(asked),
            ServiceErrorKind::Unavailable if !request.writes() => Again::After(asked),
            _ => Again::Never,
        };
        failed(error, again)
    }

    /// What an attempt without a complete answer means.
    fn lost(&self, request: &Request, e: &reqwest::Error) -> (ServiceError, Again) {
        let error = |kind, message, hint: &str| ServiceError {
            kind,
            call: request.call.to_owned(),
            number: None,
            message,
            hint: Some(hint.to_owned()),
        };
        if e.is_builder() {
            let message = format!("the request can't be built: {}", chain(e));
            return (error(ServiceErrorKind::Invalid, message, "This is a fault of certonboard: please report it."), Again::Never);
        }
        // Also a time-out while connecting and a failed TLS handshake: not a byte of the request went out.
        if e.is_connect() {
            let message = format!("can't reach {}: {}", self.base, chain(e));
            let hint = "Nothing was done. Check the address, the network, and any proxy (HTTPS_PROXY) or firewall in between.";
            return (error(ServiceErrorKind::Unavailable, message, hint), Again::After(None));
        }
        let what = if e.is_timeout() { "no answer in time".to_owned() } else { chain(e) };
        match request.writes() {
            true => {
                let message = format!("the request went out and the answer of {} was lost: {what}", self.base);
                (error(ServiceErrorKind::Unclear, message, LOOK_FIRST), Again::Never)
            }
            false => {
                let message = format!("the answer of {} was lost: {what}", self.base);
                let hint = "Check the network and whether the service is up (https://status.avalara.com), then try again.";
                (error(ServiceErrorKind::Unavailable, message, hint), Again::After(None))
            }
        }
    }

    async fn read_body(&self, mut response: Response) -> Result<Vec<u8>, Lost> {
        let most = self.max_response_bytes;
        let announced = response.content_length().unwrap_or(0);
        if announced > most as u64 {
            return Err(Lost::TooLong);
        }
        let mut body = Vec::with_capacity(announced as usize);
        while let Some(chunk) = response.chunk().await.map_err(Lost::Broken)? {
            if body.len() + chunk.len() > most {
                return Err(Lost::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

enum Lost {
    TooLong,
    Broken(reqwest::Error),
}

/// An error with its causes, without the URL (its query may hold customers' data).
fn chain(error: &reqwest::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(e) = cause {
        let text = e.to_string();
        // The HTTP client's own word for “it failed here”, which tells a reader nothing.
        if !text.starts_with("client error (") && !parts.iter().any(|p| p.contains(&text)) {
            parts.push(text);
        }
        cause = e.source();
    }
    match parts.is_empty() {
        true if error.is_timeout() => "no answer in time".to_owned(),
        true => "the connection failed".to_owned(),
        false => safe(&parts.join(": "), 300),
    }
}

/// `Retry-After` in seconds or as an HTTP date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_everywhere_but_on_this_machine() {
        for good in [
            "https://rest.avatax.com",
            "http://127.0.0.1:8080",
            "http://127.9.9.9/",
            "http://[::1]:1/",
            "http://LOCALHOST:9",
            "https://10.0.0.1/x",
        ] {
            assert!(checked_base(good).is_ok(), "{good}");
        }
        for bad in [
            "http://rest.avatax.com",
            "http://10.0.0.1",
            "http://localhost.evil.com",
            "http://127.0.0.1.nip.io",
            "ftp://x",
            "rest.avatax.com",
            "",
        ] {
            assert_eq!(checked_base(bad).unwrap_err().kind, ServiceErrorKind::Invalid, "{bad}");
        }
        let with_password = checked_base("https://user:hunter2@rest.avatax.com").unwrap_err();
        assert!(!format!("{with_password:?}").contains("hunter2"));
        assert!(checked_base("https://h/?k=v").is_err());
        assert!(checked_base("https://h/#x").is_err());
    }

    #[test]
    fn the_client_header_has_five_parts() {
        assert_eq!(client_header("build;box\r\n1").split("; ").count(), 5);
        assert!(client_header("a;b").ends_with("; a-b"));
        assert!(client_header("").ends_with("; unknown"));
    }

    #[test]
    fn retry_after_in_both_spellings() {
        let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            retry_after(&headers, now)
        };
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read("Sun, 01 Mar 2026 00:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(read("Sat, 28 Feb 2026 00:00:30 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
    }
}
