//! The services that keep customers, certificates and invitations, over HTTPS.
//!
//! Owns: signing in, transport with retry and audit trail, each service's wire format and its conversion to the domain, the dry run.
//! Must not touch: planning, prompts, files, the embedded sandbox (shared types would share its mistakes).
//! Called by: `main`, which connects one of them and hands it on as `dyn ExemptionService`.
//!
//! A further service gets its own folder beside `avatax` and `certcapture`, a variant in [`ServiceKind`] and an arm in [`connect`] and
//! [`connect_dry_run`].

mod avatax;
mod certcapture;
mod credentials;
mod dry_run;
mod pace;
mod places;
mod request;
mod text;
mod transport;

pub use avatax::AvaTax;
pub use certcapture::{CertCapture, Dialect};
pub use credentials::{Credentials, Secret};

use crate::ports::{AuditTrail, ExemptionService, ServiceResult};
use std::sync::Arc;
use std::time::Duration;

/// Which service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceKind {
    /// AvaTax REST v2 with its exemption certificate (ECM) calls.
    AvaTax,
    /// CertCapture REST v2, in one of the two ways that are published for it.
    CertCapture(Dialect),
}

/// CertCapture, in production and for tests alike (its guide, “URLs”).
pub const CERTCAPTURE: &str = "https://api.certcapture.com";

/// AvaTax in production (AvaTax SDKs, `withEnvironment`).
pub const AVATAX_PRODUCTION: &str = "https://rest.avatax.com";
/// AvaTax's own sandbox, which needs its own account (AvaTax SDKs).
pub const AVATAX_SANDBOX: &str = "https://sandbox-rest.avatax.com";

/// How often and how fast a call is tried again.
///
/// Reads are tried again after a refused connection, HTTP 429 and HTTP 5xx; writes only when surely nothing was done: a connection that
/// never came about, or HTTP 429. Nothing is tried again after HTTP 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all, the first one included; at least 1.
    pub tries: u32,
    /// The pause before the second try; it doubles each time, and a random part of up to half is taken off.
    pub first_pause: Duration,
    /// No pause is longer. A service that asks for a longer one (`Retry-After`) gets no further try, and the error says so.
    pub longest_pause: Duration,
    /// No further try is begun this long after the first.
    pub longest: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries: 6,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(60),
            longest: Duration::from_secs(600),
        }
    }
}

/// What is needed to talk to a service.
#[derive(Clone)]
pub struct ConnectOptions {
    /// HTTPS, or HTTP to this machine only. A trailing `/` or `/api/v2` is taken off.
    pub base_url: String,
    pub credentials: Credentials,
    /// Gets every attempt of every call.
    pub audit: Arc<dyn AuditTrail>,
    /// This machine's name for `X-Avalara-Client`.
    pub machine: String,
    pub connect_timeout: Duration,
    /// For one attempt as a whole, upload and answer included.
    pub timeout: Duration,
    /// An answer of more bytes is refused.
    pub max_response_bytes: usize,
    pub retry: RetryPolicy,
    /// The company, where the service must be told before it is asked: CertCapture's client id.
    pub client: Option<String>,
    /// How many requests are in flight at a time: at first, and at most. AvaTax prints no limit, so the number follows its answers.
    pub concurrent: (usize, usize),
}

impl ConnectOptions {
    /// Fills in what fits a real service.
    pub fn new(base_url: impl Into<String>, credentials: Credentials, audit: Arc<dyn AuditTrail>) -> Self {
        Self {
            base_url: base_url.into(),
            credentials,
            audit,
            machine: String::new(),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(180),
            max_response_bytes: 64 << 20,
            retry: RetryPolicy::default(),
            client: None,
            concurrent: (2, 32),
        }
    }
}

/// A service that reads and writes. Nothing is sent yet.
///
/// Errors: `Invalid` for a base URL or credentials that can't be right.
pub fn connect(kind: ServiceKind, options: ConnectOptions) -> ServiceResult<Arc<dyn ExemptionService>> {
    match kind {
        ServiceKind::AvaTax => Ok(Arc::new(AvaTax::new(options)?)),
        ServiceKind::CertCapture(dialect) => Ok(Arc::new(CertCapture::new(options, dialect)?)),
    }
}

/// AvaTax, but its writes are only recorded.
pub fn dry_run(service: AvaTax) -> Arc<dyn ExemptionService> {
    dry_run::dry_run(service)
}

/// The same service, but its writes are only recorded. Errors as for [`connect`].
pub fn connect_dry_run(kind: ServiceKind, options: ConnectOptions) -> ServiceResult<Arc<dyn ExemptionService>> {
    match kind {
        ServiceKind::AvaTax => Ok(dry_run::dry_run(AvaTax::new(options)?)),
        ServiceKind::CertCapture(dialect) => Ok(dry_run::dry_run(CertCapture::new(options, dialect)?)),
    }
}
