//! Who may come in: only the page itself, in a browser that was given the one-time address.
//!
//! The address holds a secret after its `#`, which no browser sends anywhere by itself. The page gives it for another secret, once, and sends that
//! one with every request. It is kept in the page's own storage, which belongs to this address and port alone; a cookie would go to every port
//! of this machine. Without it nothing is told, so no other site and no other user of this machine learns anything. `Host` and `Origin` are
//! checked besides (DNS rebinding).

use crate::domain::Sha256;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::atomic::{AtomicBool, Ordering};

/// The header in which the page sends its secret. Other origins can't send it unasked.
pub const KEY_HEADER: &str = "x-certonboard-key";

pub struct Door {
    port: u16,
    token: String,
    token_used: AtomicBool,
    key: String,
}

/// Why a request is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// The request was made for another site, or by one.
    Foreign,
    /// It does not hold the page's secret.
    Stranger,
}

/// 256 bits of randomness as text. Errors: the system has none.
fn secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Compares sums, so that the time it takes tells nothing of where two texts differ.
fn same(a: &str, b: &str) -> bool {
    Sha256::of(a.as_bytes()) == Sha256::of(b.as_bytes())
}

impl Door {
    pub fn new(port: u16) -> Result<Self, getrandom::Error> {
        Ok(Self { port, token: secret()?, token_used: AtomicBool::new(false), key: secret()? })
    }

    /// The address for the person at this machine.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/#token={}", self.port, self.token)
    }

    /// The page's secret for the one-time token; `None` where the token is wrong or used.
    pub fn redeem(&self, token: &str) -> Option<&str> {
        let right = same(token, &self.token) && !self.token_used.swap(true, Ordering::SeqCst);
        right.then_some(self.key.as_str())
    }

    /// Is the request made for this server, and by its own page?
    pub fn check_origin(&self, method: &Method, headers: &HeaderMap) -> Result<(), Turned> {
        let one = |name: axum::http::HeaderName| {
            let mut all = headers.get_all(name).iter();
            match (all.next(), all.next()) {
                (Some(only), None) => only.to_str().ok(),
                _ => None,
            }
        };
        let hosts = [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)];
        let host = one(HOST).filter(|host| hosts.iter().any(|h| h == host)).ok_or(Turned::Foreign)?;
        let own = format!("http://{host}");
        if headers.contains_key(ORIGIN) && one(ORIGIN) != Some(own.as_str()) {
            return Err(Turned::Foreign);
        }
        let site = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
        if site.is_some_and(|site| !["same-origin", "none"].contains(&site)) {
            return Err(Turned::Foreign);
        }
        match *method == Method::GET || *method == Method::HEAD || headers.contains_key(ORIGIN) {
            true => Ok(()),
            false => Err(Turned::Foreign),
        }
    }

    pub fn check_key(&self, headers: &HeaderMap) -> Result<(), Turned> {
        let given = headers.get(KEY_HEADER).and_then(|v| v.to_str().ok());
        if given.is_some_and(|given| same(given, &self.key)) { Ok(()) } else { Err(Turned::Stranger) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in list {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn the_token_works_once_and_no_other_does() {
        let door = Door::new(4711).unwrap();
        let token = door.address().split_once("#token=").unwrap().1.to_owned();
        assert_eq!(door.redeem("x"), None);
        let key = door.redeem(&token).unwrap().to_owned();
        assert_eq!(door.redeem(&token), None, "it is used");
        assert_ne!(key, token);
        assert_eq!(door.check_key(&headers(&[(KEY_HEADER, &key)])), Ok(()));
        assert_eq!(door.check_key(&headers(&[(KEY_HEADER, &token)])), Err(Turned::Stranger));
        assert_eq!(door.check_key(&headers(&[])), Err(Turned::Stranger));
    }

    #[test]
    fn other_sites_are_turned_away() {
        let door = Door::new(4711).unwrap();
        let host = ("host", "127.0.0.1:4711");
        assert_eq!(door.check_origin(&Method::GET, &headers(&[host])), Ok(()));
        assert_eq!(door.check_origin(&Method::POST, &headers(&[host, ("origin", "http://127.0.0.1:4711")])), Ok(()));
        let foreign: [&[(&'static str, &str)]; 7] = [
            &[("host", "evil.example:4711")],
            &[("host", "127.0.0.1:80")],
            &[],
            &[host, ("origin", "http://evil.example")],
            &[host, ("origin", "http://localhost:4711")],
            &[host, ("sec-fetch-site", "cross-site")],
            &[host, host],
        ];
        for list in foreign {
            assert_eq!(door.check_origin(&Method::GET, &headers(list)), Err(Turned::Foreign), "{list:?}");
        }
        assert_eq!(door.check_origin(&Method::POST, &headers(&[host])), Err(Turned::Foreign), "no origin");
    }
}
