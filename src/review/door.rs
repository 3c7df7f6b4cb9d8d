//! Who may come in: only requests of this page, from a browser that was given the one-time address.
//!
//! Against pages of other origins: `Host` and `Origin` are checked (DNS rebinding, forged requests), nothing changes by GET, and what changes
//! something needs a header that other origins can't send unasked. Against other users of this machine: the address holds a secret that works
//! once, and the browser's cookie another one.

use crate::domain::Sha256;
use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::atomic::{AtomicBool, Ordering};

/// The header that the page's own script sends; a form of another page can't.
pub const OWN_HEADER: &str = "x-certonboard";

pub struct Door {
    port: u16,
    token: String,
    token_used: AtomicBool,
    session: String,
}

/// Why a request is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// The request was made for another site, or by one.
    Foreign,
    /// No session.
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
        Ok(Self { port, token: secret()?, token_used: AtomicBool::new(false), session: secret()? })
    }

    /// The address for the person at this machine.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?token={}", self.port, self.token)
    }

    fn cookie_name(&self) -> String {
        // Cookies are shared by all ports of a host.
        format!("certonboard-{}", self.port)
    }

    /// What the browser is given for the one-time token; `None` where the token is wrong or used.
    pub fn redeem(&self, token: &str) -> Option<String> {
        if !same(token, &self.token) || self.token_used.swap(true, Ordering::SeqCst) {
            return None;
        }
        Some(format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name(), self.session))
    }

    /// Is the request made for this server, and by its own page where it may change something?
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
        if *method != Method::GET && *method != Method::HEAD && (one(ORIGIN).is_none() || !headers.contains_key(OWN_HEADER)) {
            return Err(Turned::Foreign);
        }
        Ok(())
    }

    pub fn check_session(&self, headers: &HeaderMap) -> Result<(), Turned> {
        let name = self.cookie_name();
        let cookies = headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
        let mine = cookies.filter_map(|c| c.trim().split_once('=')).any(|(key, value)| key == name && same(value, &self.session));
        if mine { Ok(()) } else { Err(Turned::Stranger) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter().map(|(k, v)| (axum::http::HeaderName::from_static(k), v.parse().unwrap())).collect()
    }

    #[test]
    fn the_token_works_once_and_no_other_does() {
        let door = Door::new(4711).unwrap();
        let token = door.address().split_once("token=").unwrap().1.to_owned();
        assert_eq!(door.redeem("x"), None);
        let cookie = door.redeem(&token).unwrap();
        assert_eq!(door.redeem(&token), None, "it is used");
        let pair = cookie.split(';').next().unwrap();
        assert_eq!(door.check_session(&headers(&[("cookie", &format!("a=b; {pair}"))])), Ok(()));
        for wrong in ["", "certonboard-4711=x", "certonboard-4712=x"] {
            assert_eq!(door.check_session(&headers(&[("cookie", wrong)])), Err(Turned::Stranger), "{wrong}");
        }
    }

    #[test]
    fn other_sites_are_turned_away() {
        let door = Door::new(4711).unwrap();
        let own = [("host", "127.0.0.1:4711"), ("origin", "http://127.0.0.1:4711"), (OWN_HEADER, "review")];
        assert_eq!(door.check_origin(&Method::POST, &headers(&own)), Ok(()));
        assert_eq!(door.check_origin(&Method::GET, &headers(&own[..1])), Ok(()));
        let foreign: [&[(&'static str, &str)]; 6] = [
            &[("host", "evil.example:4711")],
            &[("host", "127.0.0.1:80")],
            &[],
            &[own[0], ("origin", "http://evil.example")],
            &[own[0], ("sec-fetch-site", "cross-site")],
            &[own[0], own[0]],
        ];
        for list in foreign {
            assert_eq!(
                door.check_origin(
                    &Method::GET,
                    &list.iter().fold(HeaderMap::new(), |mut map, (k, v)| {
                        map.append(*k, v.parse().unwrap());
                        map
                    })
                ),
                Err(Turned::Foreign),
                "{list:?}"
            );
        }
        assert_eq!(door.check_origin(&Method::POST, &headers(&own[..1])), Err(Turned::Foreign), "no origin");
        assert_eq!(door.check_origin(&Method::POST, &headers(&own[..2])), Err(Turned::Foreign), "no header of ours");
    }
}
