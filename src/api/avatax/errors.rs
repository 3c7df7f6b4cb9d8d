//! AvaTax's error envelope, and what its numbers mean for us.
//!
//! Owns: the table of error numbers (developer.avalara.com/avatax/errors and the SDK's `ErrorCodeId`) with kind and next step.
//! Must not touch: the network. A number that is not in the table gets no meaning: its own text is shown and the HTTP status decides.
//! Called by: `api::transport`, for every answer outside 2xx.
//!
//! `details[].number` decides: codes were renamed over the years (`CertCaptureNotConfiguredError` became `CertificatesNotSetup`, 1205 both
//! times), and .NET prints them as numbers. `details[].description` may be JSON inside a string with a full stop after it
//! (AvaTax-REST-V2-JRE-SDK issue 149).

use super::wire;
use crate::api::text::{excerpt, safe};
use crate::ports::{ServiceError, ServiceErrorKind};
use serde_json::Value;

/// What a number means.
#[derive(Clone, Copy)]
enum Meaning {
    Is(ServiceErrorKind),
    /// The service or something behind it is down: a read may be repeated, a write may have been done.
    Down,
    /// The certificate store's own error, which says in its text what is wrong.
    Inner,
}

use Meaning::{Down, Inner, Is};
use ServiceErrorKind::{
    Duplicate, Forbidden, Invalid, Limited, NotFound, NotProvisioned, Protocol, TooLarge, Unauthorized, Unavailable, Unclear,
};

const SIGN_IN: &str = "Check the credentials.";
const ROLE: &str = "The role of this user or license key does not allow this call. Creating certificates needs an administrator's role, such as \
                    CompanyAdmin or AccountAdmin. Ask the account's administrator.";
const ACCOUNT: &str = "Ask Avalara or the account's administrator: the account must be active and subscribed to this service.";
const OUR_FILTER: &str = "The service does not understand this search. This is a fault of certonboard: please report it.";
const OUR_FAULT: &str = "This is a fault of certonboard: please report it.";
const DATA: &str = "Correct the customer's data, then run again.";
const PLACE: &str = "Correct the customer's country or state, then run again.";
const SMALLER: &str = "Send less at a time, or a smaller document.";
const STORAGE: &str =
    "Certificate storage is not set up for this company. Have the service set it up (the wizard offers to), then wait a few minutes.";
const WAIT: &str = "The service, or one behind it, is down. Wait a while, then resume the run.";
const UNCLEAR: &str = "The service, or one behind it, is down, and the change may or may not have been made: look the object up before sending \
                       it again.";
const SLOWER: &str = "The service takes no more requests now. Wait a while, then resume the run.";
const STORED: &str = "Look the object up before sending it again: the service is known to keep some of what it refuses.";
const EXISTS: &str = "Read it and compare before changing anything.";
const ZONE: &str = "Use a zone of the company's own list (`ListCertificateExposureZones`).";
const REASON: &str = "Use a reason of the company's own list (`ListCertificateExemptReasons`).";
const BILL_SHIP: &str = "One customer record is either bill-to or ship-to. Look at the record in the service.";

/// Number, name, meaning, next step.
type Row = (i64, &'static str, Meaning, &'static str);

const TABLE: &[Row] = &[
    (4, "EntityNotFoundError", Is(NotFound), "Check the company, and that the customer or certificate still exists."),
    (5, "ValueRequiredError", Is(Invalid), DATA),
    (10, "EntityLimitExceeded", Is(Invalid), SMALLER),
    (13, "StringLengthError", Is(Invalid), DATA),
    (14, "MaxStringLengthError", Is(Invalid), DATA),
    (15, "EmailValidationError", Is(Invalid), "Correct the customer's e-mail address, then run again."),
    (16, "EmailMissingError", Is(Invalid), "Add the customer's e-mail address, then run again."),
    (17, "", Is(Invalid), OUR_FILTER),
    (18, "", Is(Invalid), OUR_FILTER),
    (19, "", Is(Invalid), OUR_FILTER),
    (30, "AuthenticationException", Is(Unauthorized), SIGN_IN),
    (31, "AuthorizationException", Is(Forbidden), ROLE),
    (34, "", Is(Unauthorized), SIGN_IN),
    (35, "", Is(Unauthorized), SIGN_IN),
    (37, "", Is(Unauthorized), SIGN_IN),
    (39, "", Is(Forbidden), ACCOUNT),
    (44, "", Down, WAIT),
    (49, "", Is(Forbidden), ROLE),
    (51, "", Is(Forbidden), ACCOUNT),
    (125, "", Is(Invalid), PLACE),
    (126, "", Is(Invalid), PLACE),
    (149, "DuplicateEntityProperty", Is(Duplicate), EXISTS),
    (175, "", Is(Invalid), OUR_FILTER),
    (182, "", Is(Invalid), OUR_FILTER),
    (183, "", Is(Invalid), OUR_FILTER),
    (184, "", Is(Invalid), OUR_FILTER),
    (187, "RequestTooLarge", Is(TooLarge), SMALLER),
    (
        188,
        "EcmsDisabled",
        Is(NotProvisioned),
        "The account's settings forbid exemption certificates. Ask the account's administrator to allow them.",
    ),
    (193, "DuplicateEntry", Is(Duplicate), EXISTS),
    (196, "", Is(Forbidden), ROLE),
    (209, "", Down, WAIT),
    (500, "", Down, WAIT),
    (600, "", Is(Forbidden), ACCOUNT),
    (1202, "CertCaptureFieldValidationError", Is(Invalid), DATA),
    (1203, "CertificatesError", Inner, STORED),
    (1204, "MissingRequiredFields", Is(Invalid), "A certificate needs a document."),
    (1205, "CertificatesNotSetup", Is(NotProvisioned), STORAGE),
    (1207, "MissingExposureZone", Is(Invalid), ZONE),
    (1208, "", Is(Invalid), ZONE),
    (1209, "", Is(Invalid), ZONE),
    (1210, "", Is(Invalid), REASON),
    (1211, "", Is(Invalid), REASON),
    (1212, "", Is(Invalid), OUR_FILTER),
    (1213, "ConflictingFields", Is(Invalid), OUR_FAULT),
    (1214, "InvalidPdfOrImageFile", Is(Invalid), "The service can't read the document. Look at the scan."),
    (1215, "InvalidCoverLetterTitle", Is(Invalid), "Use a cover letter of the company's own list (`ListCoverLetters`)."),
    (1216, "AccountNotProvisioned", Is(NotProvisioned), "Avalara's own set-up of certificate storage failed. Ask Avalara's support."),
    (1217, "", Is(Invalid), OUR_FAULT),
    (1218, "ExemptionPaginationLimits", Is(Invalid), OUR_FAULT),
    (1219, "", Is(Invalid), OUR_FAULT),
    (1220, "", Is(Invalid), BILL_SHIP),
    (1221, "", Is(Invalid), BILL_SHIP),
    (1222, "", Is(Invalid), BILL_SHIP),
    (
        1223,
        "EcmsSstCertsRequired",
        Is(Invalid),
        "The company's settings require SST certificates. Look at the company's settings in the service.",
    ),
    (1502, "", Down, WAIT),
    (1715, "RequestLimitExceeded", Is(Limited), SLOWER),
    (1716, "ConcurrentRequestLimitExceeded", Is(Limited), SLOWER),
    (1718, "", Down, WAIT),
    (1722, "ErrorCountLimitExceededError", Is(Invalid), SMALLER),
    (1723, "RateLimitExceeded", Is(Limited), SLOWER),
    (2400, "", Is(Invalid), DATA),
    (2401, "InputContainsBlacklistedCharacters", Is(Invalid), "Take the characters named out of the customer's data, then run again."),
    (4011, "", Is(Limited), SLOWER),
];

/// The former name of 1205 (error list of 2017).
const OLD_NOT_SETUP: &str = "CertCaptureNotConfiguredError";

/// Did the service refuse a `$filter` or `$orderBy` as such? Then the list can still be read whole and searched here.
pub(super) fn is_search_fault(error: &ServiceError) -> bool {
    matches!(error.number, Some(17 | 18 | 19 | 175 | 182..=184 | 1212 | 1219))
}

/// Reads a refusal. `writes`: the request asked for a change.
pub(super) fn read(call: &'static str, writes: bool, status: u16, body: &[u8]) -> ServiceError {
    let told = Told::from_body(body);
    let row = told.number.map_or_else(|| named(&told.code), |number| TABLE.iter().find(|row| row.0 == number));
    let (kind, hint) = match row {
        // Sign-in is the one thing that the status decides: it must never be tried again.
        _ if status == 401 => (Unauthorized, Some(SIGN_IN)),
        Some((_, _, Is(kind), hint)) => (*kind, Some(*hint)),
        Some((_, _, Down, hint)) => (down(writes), Some(*hint)),
        Some((_, _, Inner, hint)) => match inner_kind(&told.message) {
            Some(kind) => (kind, Some(if kind == Duplicate { EXISTS } else { *hint })),
            None => (by_status(status, writes), Some(*hint)),
        },
        None => (by_status(status, writes), status_hint(status)),
    };
    let message = match (told.message.is_empty(), body.is_empty()) {
        (false, _) => told.message,
        (true, true) => format!("HTTP {status} without a text"),
        (true, false) => format!("HTTP {status}: {}", excerpt(body)),
    };
    let hint = match (&told.readable, kind) {
        (false, NotFound | Invalid) => Some("The answer is not the service's own kind of error: check the base URL."),
        (_, Unclear) => Some(UNCLEAR),
        _ => hint,
    };
    ServiceError { kind, call: call.to_owned(), number: told.number, message, hint: hint.map(str::to_owned) }
}

fn named(code: &str) -> Option<&'static Row> {
    let code = if code == OLD_NOT_SETUP { "CertificatesNotSetup" } else { code };
    TABLE.iter().find(|row| !row.1.is_empty() && row.1 == code)
}

fn down(writes: bool) -> ServiceErrorKind {
    if writes { Unclear } else { Unavailable }
}

fn by_status(status: u16, writes: bool) -> ServiceErrorKind {
    match status {
        401 => Unauthorized,
        403 => Forbidden,
        404 | 410 => NotFound,
        409 => Duplicate,
        429 => Limited,
        // 408: the server gave up waiting, and does not say for what.
        408 | 500..=599 => down(writes),
        // Also from a gateway on the way, which knows no numbers.
        413 => TooLarge,
        400..=499 => Invalid,
        _ => Protocol,
    }
}

fn status_hint(status: u16) -> Option<&'static str> {
    match status {
        403 => Some(ROLE),
        409 => Some(EXISTS),
        413 => Some(SMALLER),
        429 => Some(SLOWER),
        408 | 500..=599 => Some(WAIT),
        _ => None,
    }
}

/// The certificate store behind AvaTax says only in words what is wrong (number 1203). Two things are worth telling apart; everything else is
/// left to the HTTP status.
fn inner_kind(message: &str) -> Option<ServiceErrorKind> {
    let text = message.to_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if says(&["already exist", "already been taken", "duplicate"]) {
        return Some(Duplicate);
    }
    says(&["customer not found", "certificate not found", "nothing found"]).then_some(NotFound)
}

/// What the envelope says.
#[derive(Default)]
struct Told {
    number: Option<i64>,
    code: String,
    message: String,
    /// The body is an error envelope, or empty.
    readable: bool,
}

impl Told {
    fn from_body(body: &[u8]) -> Self {
        if body.is_empty() {
            return Self { readable: true, ..Self::default() };
        }
        let Ok(value) = serde_json::from_slice::<Value>(body) else { return Self::default() };
        // ASP.NET's own refusals are `{"message": "…"}` without an envelope.
        let error = value.get("error").unwrap_or(&value);
        let details: Vec<&Value> = match error.get("details") {
            Some(Value::Array(details)) => details.iter().collect(),
            Some(Value::Null) | None => Vec::new(),
            Some(one) => vec![one],
        };
        let first = |key: &str| details.iter().find_map(|d| d.get(key));
        let number = first("number").and_then(wire::integer).or_else(|| error.get("code").and_then(wire::integer));
        let code = first("code").or_else(|| error.get("code")).and_then(Value::as_str).unwrap_or_default().to_owned();

        let mut parts: Vec<String> = Vec::new();
        let mut say = |text: String| {
            let text = text.trim().trim_end_matches('.').to_owned();
            if !text.is_empty() && !parts.iter().any(|p| p.contains(&text)) {
                parts.push(text);
            }
        };
        for detail in details.iter().take(5) {
            match detail {
                Value::String(text) => say(unpacked(text)),
                _ => {
                    let part = |key: &str| detail.get(key).and_then(Value::as_str).map(unpacked).unwrap_or_default();
                    say(part("message"));
                    say(part("description"));
                    let field = part("refersTo");
                    if !field.is_empty() {
                        say(format!("it refers to {field}"));
                    }
                }
            }
        }
        if parts.is_empty() {
            let text = error.get("message").or_else(|| error.get("Message")).and_then(Value::as_str).or_else(|| error.as_str());
            parts.extend(text.map(|t| unpacked(t).trim_end_matches('.').to_owned()).filter(|t| !t.is_empty()));
        }
        let readable = !parts.is_empty() || number.is_some();
        Self { number, code, message: safe(&parts.join("; "), 600), readable }
    }
}

/// The text inside a `description` that is itself JSON with a full stop after it; any other text as it is.
fn unpacked(text: &str) -> String {
    let trimmed = text.trim().trim_end_matches('.').trim_end();
    if !trimmed.starts_with(['{', '[']) {
        return text.trim().to_owned();
    }
    let Ok(inner) = serde_json::from_str::<Value>(trimmed) else { return text.trim().to_owned() };
    let mut said = Vec::new();
    collect("", inner.get("error").or_else(|| inner.get("message")).or_else(|| inner.get("errors")).unwrap_or(&inner), &mut said);
    let code = inner.get("code").and_then(wire::plain_text).map(|code| format!(" (code {code})")).unwrap_or_default();
    format!("{}{code}", said.join("; "))
}

/// Every text in a value, with the name of the field it belongs to.
fn collect(field: &str, value: &Value, said: &mut Vec<String>) {
    if said.len() >= 10 {
        return;
    }
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| collect(key, value, said)),
        Value::Array(list) => list.iter().for_each(|value| collect(field, value, said)),
        _ => {
            let Some(text) = wire::plain_text(value) else { return };
            said.push(if field.is_empty() { text } else { format!("{field}: {text}") });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(number: i64, message: &str, description: &str) -> Vec<u8> {
        let detail = serde_json::json!({ "code": "SomeCode", "number": number, "message": message, "description": description });
        serde_json::to_vec(&serde_json::json!({ "error": { "code": "SomeCode", "message": "outer", "details": [detail] } })).unwrap()
    }

    /// A gateway on the way knows no numbers, and sends a page of its own.
    #[test]
    fn too_large_is_told_by_the_status_alone() {
        for body in [&b""[..], b"<html><h1>413 Request Entity Too Large</h1></html>"] {
            let error = read("CreateCertificates", true, 413, body);
            assert_eq!((error.kind, error.number), (TooLarge, None));
        }
    }

    #[test]
    fn numbers_decide() {
        let cases: &[(i64, u16, bool, ServiceErrorKind)] = &[
            (4, 404, false, NotFound),
            (5, 400, true, Invalid),
            (30, 401, false, Unauthorized),
            (31, 400, true, Forbidden),
            (49, 403, true, Forbidden),
            (196, 400, true, Forbidden),
            (39, 403, false, Forbidden),
            (44, 400, false, Unavailable),
            (44, 400, true, Unclear),
            (1502, 500, true, Unclear),
            (149, 400, true, Duplicate),
            (193, 409, true, Duplicate),
            (187, 413, true, TooLarge),
            (188, 400, false, NotProvisioned),
            (1205, 400, false, NotProvisioned),
            (1216, 500, true, NotProvisioned),
            (1208, 400, true, Invalid),
            (1211, 400, true, Invalid),
            (1215, 400, true, Invalid),
            (1716, 400, true, Limited),
            (1723, 503, true, Limited),
            (4011, 429, false, Limited),
            (2401, 400, true, Invalid),
        ];
        for (number, status, writes, kind) in cases {
            let error = read("Call", *writes, *status, &envelope(*number, "what is wrong", ""));
            assert_eq!((error.kind, error.number), (*kind, Some(*number)), "{number}");
            assert_eq!(error.message, "what is wrong");
            assert!(error.hint.is_some(), "{number} has no next step");
        }
    }

    #[test]
    fn an_unknown_number_gets_no_meaning() {
        let error = read("Call", true, 400, &envelope(99_999, "odd thing", ""));
        assert_eq!((error.kind, error.number, error.hint.as_deref()), (Invalid, Some(99_999), None));
    }

    #[test]
    fn the_table_is_sorted_and_free_of_doubles() {
        assert!(TABLE.windows(2).all(|w| w[0].0 < w[1].0));
    }

    #[test]
    fn the_old_name_of_not_set_up_is_known() {
        let body = br#"{"error":{"code":"CertCaptureNotConfiguredError","message":"not there"}}"#;
        assert_eq!(read("Call", false, 400, body).kind, NotProvisioned);
    }

    #[test]
    fn json_inside_a_string_with_a_full_stop_is_unpacked() {
        // The shape of AvaTax-REST-V2-JRE-SDK issue 149.
        let inner = r#"{"success":false,"code":"100110","error":{"pdf":["The uploaded file must be a base64 encoded PDF."]}}."#;
        let error = read("CreateCertificates", true, 400, &envelope(1203, "Certificates API returned error", inner));
        assert_eq!(error.kind, Invalid);
        assert_eq!(error.message, "Certificates API returned error; pdf: The uploaded file must be a base64 encoded PDF. (code 100110)");
        assert!(error.hint.unwrap().contains("Look the object up"));
    }

    #[test]
    fn number_1203_is_not_always_a_missing_customer() {
        let kind = |text: &str| read("GetCustomer", false, 400, &envelope(1203, text, "")).kind;
        assert_eq!(kind("Customer Not Found"), NotFound);
        assert_eq!(kind("Customer number already exists"), Duplicate);
        assert_eq!(kind("State is wrong"), Invalid);
    }

    #[test]
    fn answers_that_are_no_envelope() {
        let gateway = read("Ping", false, 502, b"<html>\x1b[31m<h1>Bad gateway</h1>\r\n</html>");
        assert_eq!(gateway.kind, Unavailable);
        assert_eq!(gateway.message, "HTTP 502: <html> [31m<h1>Bad gateway</h1> </html>");
        assert_eq!(read("CreateCustomers", true, 502, b"<html>").kind, Unclear);
        assert_eq!(read("CreateCustomers", true, 500, b"").message, "HTTP 500 without a text");
        assert_eq!(read("X", false, 403, b"").kind, Forbidden);
        assert_eq!(read("X", true, 429, b"slow down").kind, Limited);
        assert_eq!(read("X", false, 404, br#"{"message":"No HTTP resource was found."}"#).message, "No HTTP resource was found");
        assert!(read("X", false, 404, b"<html>").hint.unwrap().contains("base URL"));
        let long = read("X", false, 400, &[b'y'; 5000]);
        assert!(long.message.chars().count() < 250);
        for body in
            [&b"null"[..], b"[]", b"{}", b"3", br#"{"error":null}"#, br#"{"error":"plain"}"#, br#"{"error":{"details":"one sentence"}}"#]
        {
            assert_eq!(read("X", false, 400, body).kind, Invalid);
        }
        assert_eq!(read("X", false, 400, br#"{"error":{"details":"one sentence"}}"#).message, "one sentence");
    }
}
