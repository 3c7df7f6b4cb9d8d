//! What CertCapture's refusals mean. Two shapes: `{"error":{"code","message"}}` and `{"success":false,"code":"2005","error":"…"}`.

use crate::api::text::safe;
use crate::ports::ServiceError;
use crate::ports::ServiceErrorKind::{
    self, Duplicate, Forbidden, Invalid, Limited, NotFound, Protocol, TooLarge, Unauthorized, Unavailable, Unclear,
};
use serde_json::Value;

/// The reader for [`crate::api::transport::Transport`].
pub(super) fn read(call: &'static str, writes: bool, status: u16, body: &[u8]) -> ServiceError {
    let told = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let error = told.get("error").unwrap_or(&Value::Null);
    let message = error.as_str().or_else(|| error.get("message").and_then(Value::as_str)).unwrap_or_default();
    // Internal numbers that nobody published; the guide asks to give them to support.
    let code = told.get("code").or_else(|| error.get("code"));
    let number = code.and_then(|c| c.as_i64().or_else(|| c.as_str().and_then(|text| text.parse().ok())));
    let kind = kind(writes, status, message);
    let message = match message.is_empty() {
        true => format!("HTTP {status}"),
        false => safe(message, 400),
    };
    ServiceError { kind, call: call.to_owned(), number, message, hint: hint(kind).map(str::to_owned) }
}

fn kind(writes: bool, status: u16, message: &str) -> ServiceErrorKind {
    let text = message.to_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    match status {
        401 => Unauthorized,
        403 => Forbidden,
        404 | 410 => NotFound,
        409 => Duplicate,
        413 => TooLarge,
        429 => Limited,
        // The guide has 503 for internal errors, too: what was asked may have been done.
        408 | 500..=599 if writes => Unclear,
        408 | 500..=599 => Unavailable,
        400..=499 if says(&["already exist", "already been taken", "duplicate"]) => Duplicate,
        400..=499 if says(&["unable to find any results"]) => NotFound,
        400..=499 => Invalid,
        _ => Protocol,
    }
}

fn hint(kind: ServiceErrorKind) -> Option<&'static str> {
    match kind {
        Forbidden => Some("The user may not do this, or not for this client id. Ask the account's administrator."),
        NotFound => Some("Check the client id, and that the customer or certificate still exists."),
        TooLarge => Some("Send less at a time."),
        Limited => Some("The service asks for fewer requests. Wait, then resume."),
        Unclear => Some("It may or may not have taken effect: look the object up before sending it again."),
        Unavailable => Some("Check whether the service is up (https://status.avalara.com), then try again."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_are_understood() {
        let guide = read("getCustomer", false, 404, br#"{"success":false,"code":40,"error":"Unable to find any results for Customer"}"#);
        assert_eq!((guide.kind, guide.number), (NotFound, Some(40)));
        let guide = read("createCustomer", true, 400, br#"{"success":false,"code":"2005","error":"The name has already been taken"}"#);
        assert_eq!((guide.kind, guide.number), (Duplicate, Some(2005)));
        let openapi = read("createCertificate", true, 400, br#"{"error":{"code":"BadZone","message":"no such zone"}}"#);
        assert_eq!((openapi.kind, openapi.number, openapi.message.as_str()), (Invalid, None, "no such zone"));
        assert_eq!(read("createCertificate", true, 503, b"<html>").kind, Unclear);
        assert_eq!(read("listCertificates", false, 503, b"").kind, Unavailable);
        assert_eq!(read("listCertificates", false, 401, b"").kind, Unauthorized);
    }
}
