//! Who is calling: Basic and Bearer credentials.
//!
//! Owns: reading the `Authorization` header. Must not touch: the store; nothing here is ever logged.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::errors::{ApiError, Code};
use super::options::SandboxOptions;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    LicenseKey,
    Password,
    Bearer,
}

impl Method {
    /// The name that Ping gives it.
    pub(super) fn wire_name(self) -> &'static str {
        match self {
            Method::LicenseKey => "AccountIdLicenseKey",
            Method::Password => "UsernamePassword",
            Method::Bearer => "OpenIdBearerToken",
        }
    }
}

/// Is this a name and a secret that the options know?
pub(super) fn is_known(name: &str, secret: &str, options: &SandboxOptions) -> bool {
    let by_key = name == options.account_id && secret == options.license_key;
    by_key || options.user.as_ref().is_some_and(|(user, password)| name == user && secret == password)
}

/// The token of a `Bearer` header.
pub(super) fn bearer(header: Option<&str>) -> Option<&str> {
    let (scheme, value) = header?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| value.trim())
}

pub(super) fn check(header: Option<&str>, options: &SandboxOptions) -> Result<Method, ApiError> {
    let Some(header) = header.map(str::trim).filter(|h| !h.is_empty()) else {
        return Err(ApiError::new(Code::AUTHENTICATION_INCOMPLETE, "The request has no Authorization header."));
    };
    let (scheme, value) = header.split_once(' ').unwrap_or((header, ""));
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return match &options.bearer_token {
            Some(token) if token == value => Ok(Method::Bearer),
            _ => Err(ApiError::new(Code::BEARER_TOKEN_INVALID, "The bearer token is not valid or has expired.")),
        };
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(ApiError::new(Code::AUTHENTICATION_INCOMPLETE, "The authorization scheme is neither Basic nor Bearer."));
    }
    let decoded = BASE64_STANDARD.decode(value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((name, secret)) = decoded.as_deref().and_then(|text| text.split_once(':')) else {
        return Err(ApiError::new(Code::BASIC_AUTH_INCORRECT, "The Basic authorization header must be the Base64 of 'name:secret'."));
    };
    if name == options.account_id && secret == options.license_key {
        return Ok(Method::LicenseKey);
    }
    match &options.user {
        Some((user, password)) if name == user && secret == password => Ok(Method::Password),
        _ => Err(ApiError::new(Code::AUTHENTICATION, "The account or license key, or the user name or password, is not correct.")),
    }
}
