//! What the service is signed in to with.
//!
//! Owns: [`Credentials`] and [`Secret`], the one place where a secret is turned into a header or a body.
//! Must not touch: files and the environment (the command line reads those), logs, the journal.
//! Called by: `api::transport`; built by `main`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// A text that must not be seen. It prints as eight stars whatever its length, can't be serialised, and is overwritten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

const STARS: &str = "********";

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for a request header and nothing else.
    fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STARS)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STARS)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0).into_bytes();
        bytes.fill(0);
        // Keeps the compiler from leaving out a write that nobody reads.
        std::hint::black_box(&bytes);
    }
}

/// The three ways to sign in that AvaTax documents (developer guide, “Authentication in REST”).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    LicenseKey { account: String, key: Secret },
    Password { user: String, password: Secret },
    Bearer(Secret),
}

impl Credentials {
    /// The value of the `Authorization` header.
    pub(super) fn header(&self) -> Secret {
        let basic = |name: &str, secret: &Secret| Secret(format!("Basic {}", STANDARD.encode(format!("{name}:{}", secret.reveal()))));
        match self {
            Credentials::LicenseKey { account, key } => basic(account, key),
            Credentials::Password { user, password } => basic(user, password),
            Credentials::Bearer(token) => Secret(format!("Bearer {}", token.reveal())),
        }
    }

    /// Name and password as the body of a sign-in for a token; `None` for other credentials.
    pub(super) fn sign_in_body(&self) -> Option<serde_json::Value> {
        match self {
            Credentials::Password { user, password } => Some(serde_json::json!({ "username": user, "password": password.reveal() })),
            Credentials::LicenseKey { .. } | Credentials::Bearer(_) => None,
        }
    }

    /// The header as bytes for the HTTP client, which is told to keep it out of its own logs. `None` when it holds what a header can't.
    pub(super) fn header_value(&self) -> Option<reqwest::header::HeaderValue> {
        let header = self.header();
        let mut value = reqwest::header::HeaderValue::from_str(header.reveal()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// What is missing, in words; `None` when every part is there.
    pub(super) fn lack(&self) -> Option<&'static str> {
        let blank = |text: &str| text.trim().is_empty();
        match self {
            Credentials::LicenseKey { account, .. } if blank(account) => Some("the account number is empty"),
            Credentials::LicenseKey { key, .. } if blank(key.reveal()) => Some("the license key is empty"),
            Credentials::Password { user, .. } if blank(user) => Some("the user name is empty"),
            // A colon ends the user name in Basic authentication (RFC 7617, section 2).
            Credentials::Password { user, .. } if user.contains(':') => Some("the user name holds a colon"),
            Credentials::LicenseKey { account, .. } if account.contains(':') => Some("the account number holds a colon"),
            Credentials::Password { password, .. } if password.reveal().is_empty() => Some("the password is empty"),
            Credentials::Bearer(token) if blank(token.reveal()) => Some("the token is empty"),
            _ => None,
        }
    }

    /// What to check when the service refuses them.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Credentials::LicenseKey { .. } => {
                "Check AVATAX_ACCOUNT_ID and AVATAX_LICENSE_KEY, and that they belong to this service (sandbox and production have different keys). \
                 It is not tried again by itself: repeated failures can lock the account."
            }
            Credentials::Password { .. } => {
                "Check the user name and the password (docs/credentials.md names the variables), and that they belong to this service \
                 (sandbox and production have different users). \
                 It is not tried again by itself: repeated failures can lock the account."
            }
            Credentials::Bearer(_) => {
                "Get a new token: this one may have expired or belong to another service. \
                 It is not tried again by itself: repeated failures can lock the account."
            }
        }
    }

    /// Puts stars in the place of every secret, should a service send one back in a message.
    pub(super) fn scrub(&self, text: &str) -> String {
        let secret = match self {
            Credentials::LicenseKey { key, .. } => key,
            Credentials::Password { password, .. } => password,
            Credentials::Bearer(token) => token,
        };
        let header = self.header();
        let sent = header.reveal().split_once(' ').map_or("", |(_, sent)| sent);
        [secret.reveal(), sent].iter().filter(|s| s.len() >= 4).fold(text.to_owned(), |text, s| text.replace(*s, STARS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars_whatever_its_length() {
        for text in ["", "k", "a-very-long-license-key-0123456789"] {
            let secret = Secret::new(text);
            assert_eq!(format!("{secret}|{secret:?}|{secret:#?}"), "********|********|********");
        }
        let credentials = Credentials::LicenseKey { account: "2000000001".into(), key: Secret::new("S3CRETKEY") };
        assert!(!format!("{credentials:?}").contains("S3CRETKEY"));
        assert!(format!("{credentials:?}").contains("2000000001"));
    }

    #[test]
    fn headers_are_the_documented_ones() {
        let key = Credentials::LicenseKey { account: "123456789".into(), key: Secret::new("ABC123") };
        assert_eq!(key.header().reveal(), "Basic MTIzNDU2Nzg5OkFCQzEyMw==");
        assert_eq!(Credentials::Bearer(Secret::new("t0ken")).header().reveal(), "Bearer t0ken");
        assert!(Credentials::Bearer(Secret::new("bad\ntoken")).header_value().is_none());
    }

    #[test]
    fn what_is_missing_is_named() {
        let lack = |account: &str, key: &str| Credentials::LicenseKey { account: account.into(), key: Secret::new(key) }.lack();
        assert_eq!(lack("", "k"), Some("the account number is empty"));
        assert_eq!(lack("1", " "), Some("the license key is empty"));
        assert_eq!(lack("1", "k"), None);
    }

    #[test]
    fn an_echoed_secret_is_covered() {
        let key = Credentials::LicenseKey { account: "123456789".into(), key: Secret::new("ABC123") };
        assert_eq!(key.scrub("key ABC123, header MTIzNDU2Nzg5OkFCQzEyMw=="), "key ********, header ********");
    }
}
