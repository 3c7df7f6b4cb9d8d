//! The service's error envelope: which number means what, and how it looks on the wire.
//!
//! Owns: the published codes, numbers and messages; building `{"error": {...}}`.
//! Must not touch: the store, the rules that decide when an error is due.

use axum::http::StatusCode;
use serde_json::{Value, json};

/// One published error: its name, its number and its general message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) name: &'static str,
    pub(super) number: u32,
    message: &'static str,
    status: StatusCode,
}

macro_rules! codes {
    ($($constant:ident = $number:literal $name:literal $status:ident $message:literal;)*) => {
        impl Code {
            $(pub(super) const $constant: Code = Code {
                name: $name, number: $number, message: $message, status: StatusCode::$status,
            };)*
        }
    };
}

codes! {
    ENTITY_NOT_FOUND = 4 "EntityNotFoundError" NOT_FOUND "The object was not found.";
    VALUE_REQUIRED = 5 "ValueRequiredError" BAD_REQUEST "A required field has no value.";
    RANGE = 6 "RangeError" BAD_REQUEST "A value is out of its range.";
    STRING_LENGTH = 13 "StringLengthError" BAD_REQUEST "A text is too long for its field.";
    EMAIL_VALIDATION = 15 "EmailValidationError" BAD_REQUEST "The email address is not valid.";
    EMAIL_MISSING = 16 "EmailMissingError" BAD_REQUEST "An email address is required.";
    INVALID_QUERY_FIELD = 17 "InvalidQueryField" BAD_REQUEST "A field in the query was not found.";
    INVALID_QUERY_VALUE = 18 "InvalidQueryValue" BAD_REQUEST "The value given for a query field is not valid.";
    SYNTAX = 19 "SyntaxError" BAD_REQUEST "The filter has a syntax error.";
    TOO_MANY_PARAMETERS = 20 "TooManyParametersError" BAD_REQUEST "The filter has too many values.";
    UNTERMINATED_VALUE = 21 "UnterminatedValueError" BAD_REQUEST "A filter value was not terminated.";
    DATE_FORMAT = 26 "DateFormatError" BAD_REQUEST "The date is not correctly formatted.";
    AUTHENTICATION = 30 "AuthenticationException" UNAUTHORIZED "The user or account could not be authenticated.";
    AUTHENTICATION_INCOMPLETE = 34 "AuthenticationIncomplete" UNAUTHORIZED "Authentication Incomplete.";
    BASIC_AUTH_INCORRECT = 35 "BasicAuthIncorrect" UNAUTHORIZED "The Basic authorization header is not encoded correctly.";
    BEARER_TOKEN_INVALID = 37 "BearerTokenInvalid" UNAUTHORIZED "The bearer token is not valid.";
    MODEL_REQUIRED = 38 "ModelRequiredException" BAD_REQUEST "The request needs an object and has none.";
    REMOTE_SERVER = 44 "RemoteServerError" SERVICE_UNAVAILABLE "A remote server is not working.";
    OPEN_CLAUSE = 46 "OpenClauseException" BAD_REQUEST "The filter has a mismatched parenthesis.";
    JSON_FORMAT = 47 "JsonFormatError" BAD_REQUEST "The JSON in the request is not valid.";
    PERMISSION_REQUIRED = 49 "PermissionRequired" FORBIDDEN "The user has no permission for this action.";
    UNHANDLED = 50 "UnhandledException" INTERNAL_SERVER_ERROR "The call ended in an unhandled exception.";
    MODEL_STATE = 70 "ModelStateInvalid" BAD_REQUEST "The object in the request has a wrong structure.";
    DATE_RANGE = 80 "DateRangeError" BAD_REQUEST "The end date is before the start date.";
    DELETE_INFORMATION = 100 "DeleteInformation" OK "The entity was marked as deleted.";
    INVALID_COUNTRY = 125 "InvalidCountry" BAD_REQUEST "The country is not a known ISO 3166 country.";
    INVALID_COUNTRY_REGION = 126 "InvalidCountryRegion" BAD_REQUEST "The region is not a known region of the country.";
    INVALID_ENUM = 164 "InvalidEnumValue" BAD_REQUEST "A field has a value that is not in its list.";
    MALFORMED_FILTER = 182 "MalformedFilterException" BAD_REQUEST "The filter could not be parsed.";
    EXPECTED_CONJUNCTION = 183 "ExpectedConjunctionError" BAD_REQUEST "The filter lacks a conjunction.";
    REQUEST_TOO_LARGE = 187 "RequestTooLarge" PAYLOAD_TOO_LARGE "The request is too large to process.";
    DUPLICATE_ENTRY = 193 "DuplicateEntry" BAD_REQUEST "The object is a duplicate of an existing object.";
    CERTIFICATES = 1203 "CertificatesError" BAD_REQUEST "Certificates API returned error";
    MISSING_REQUIRED_FIELDS = 1204 "MissingRequiredFields" BAD_REQUEST "A certificate must have a filename, a PDF file or a JPG image for each page.";
    CERTIFICATES_NOT_SETUP = 1205 "CertificatesNotSetup" BAD_REQUEST "This company has not been configured.";
    MISSING_EXPOSURE_ZONE = 1207 "MissingExposureZone" BAD_REQUEST "The certificate has no exposure zone.";
    CONFLICTING_EXPOSURE_ZONE = 1208 "ConflictingExposureZone" BAD_REQUEST "The name of the exposure zone is not unique.";
    MISSING_FIELD_TO_CREATE_ZONE = 1209 "MissingFieldToCreateExposureZone" BAD_REQUEST "Required Field is missing.";
    MISSING_EXEMPT_REASON = 1210 "MissingExemptReason" BAD_REQUEST "A certificate must have an exemption reason.";
    INVALID_EXEMPT_REASON = 1211 "InvalidExemptReason" BAD_REQUEST "The exemption reason cannot be found.";
    INVALID_EXEMPTION_OPERATION = 1212 "InvalidExemptionOperation" BAD_REQUEST "Filtering operation is not supported.";
    CONFLICTING_FIELDS = 1213 "ConflictingFields" BAD_REQUEST "A certificate must be stored in only one format: filename, PDF or images.";
    INVALID_FILE = 1214 "InvalidPdfOrImageFile" BAD_REQUEST "The PDF or image is empty or not Base64.";
    INVALID_COVER_LETTER = 1215 "InvalidCoverLetterTitle" BAD_REQUEST "The cover letter was not found.";
    INVALID_CONTENT_TYPE = 1217 "InvalidRequestContentType" BAD_REQUEST "The content type must be multipart/form-data.";
    PAGINATION_LIMITS = 1218 "ExemptionPaginationLimits" BAD_REQUEST "Results are given page by page, and all pages have equal size.";
    SORT_LIMITS = 1219 "ExemptionSortLimits" BAD_REQUEST "Results can be sorted by one field only.";
    BILL_AND_SHIP = 1220 "CustomerCantBeBothShipToAndBillTo" BAD_REQUEST "A customer cannot be both bill-to and ship-to.";
    BILL_TO_EXPECTED = 1221 "BillToCustomerExpected" BAD_REQUEST "A bill-to customer was expected.";
    SHIP_TO_EXPECTED = 1222 "ShipToCustomerExpected" BAD_REQUEST "A ship-to customer was expected.";
    REQUEST_LIMIT = 1715 "RequestLimitExceeded" TOO_MANY_REQUESTS "Too many requests.";
}

/// One entry of `error.details`.
#[derive(Debug, Clone)]
pub(super) struct Detail {
    code: Code,
    description: String,
    refers_to: Option<String>,
}

/// A refusal. It always has at least one detail; the first gives the envelope its code.
/// Boxed, because it travels through every `Result` and is rare.
#[derive(Debug, Clone)]
pub(super) struct ApiError(Box<Refusal>);

#[derive(Debug, Clone)]
struct Refusal {
    status: StatusCode,
    target: &'static str,
    first: Detail,
    rest: Vec<Detail>,
    allow: Option<String>,
}

impl ApiError {
    pub(super) fn new(code: Code, description: impl Into<String>) -> Self {
        ApiError(Box::new(Refusal {
            status: code.status,
            target: match code.status {
                StatusCode::BAD_REQUEST => "IncorrectData",
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "HttpRequestHeaders",
                _ => "Unknown",
            },
            first: Detail { code, description: description.into(), refers_to: None },
            rest: Vec::new(),
            allow: None,
        }))
    }

    /// Names what in the request is wrong, e.g. `[3].emailAddress`.
    pub(super) fn at(mut self, refers_to: impl Into<String>) -> Self {
        self.0.first.refers_to = Some(refers_to.into());
        self
    }

    /// Says which element of an array was refused.
    pub(super) fn in_row(mut self, row: usize) -> Self {
        let refusal = &mut *self.0;
        for detail in std::iter::once(&mut refusal.first).chain(&mut refusal.rest) {
            detail.refers_to = Some(match detail.refers_to.take() {
                Some(field) => format!("[{row}].{field}"),
                None => format!("[{row}]"),
            });
        }
        self
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    pub(super) fn with_allow(mut self, methods: String) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// Joins the refusals of several rows into one answer, as the service does for a batch.
    pub(super) fn all(errors: Vec<ApiError>) -> Option<ApiError> {
        let mut errors = errors.into_iter();
        let mut joined = errors.next()?;
        for error in errors {
            joined.0.rest.push(error.0.first);
            joined.0.rest.extend(error.0.rest);
        }
        Some(joined)
    }

    pub(super) fn not_found(kind: &str, key: &str, value: impl std::fmt::Display) -> Self {
        Self::new(Code::ENTITY_NOT_FOUND, format!("The {kind} with {key} '{value}' was not found."))
    }

    pub(super) fn required(field: &str) -> Self {
        Self::new(Code::VALUE_REQUIRED, format!("Field '{field}' is required.")).at(field)
    }

    /// Hides the cause: what went wrong inside is of no use to the caller and may name files.
    pub(super) fn internal() -> Self {
        Self::new(Code::UNHANDLED, "The sandbox could not complete the request.")
    }

    pub(super) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The name of the first error.
    pub(super) fn name(&self) -> &'static str {
        self.0.first.code.name
    }

    /// All of it in words.
    pub(super) fn words(&self) -> String {
        let words = |detail: &Detail| match &detail.refers_to {
            Some(field) => format!("{} ({field})", detail.description),
            None => detail.description.clone(),
        };
        std::iter::once(&self.0.first).chain(&self.0.rest).map(words).collect::<Vec<_>>().join(" ")
    }

    pub(super) fn allow(&self) -> Option<&str> {
        self.0.allow.as_deref()
    }

    #[cfg(test)]
    pub(super) fn number(&self) -> u32 {
        self.0.first.code.number
    }

    pub(super) fn body(&self) -> Value {
        let details: Vec<Value> = std::iter::once(&self.0.first)
            .chain(&self.0.rest)
            .map(|detail| {
                // The published example of this one error says Server; every other says Client.
                let fault =
                    if detail.code == Code::CERTIFICATES_NOT_SETUP || detail.code.status.is_server_error() { "Server" } else { "Client" };
                let mut entry = json!({
                    "code": detail.code.name,
                    "number": detail.code.number,
                    "message": detail.code.message,
                    "description": detail.description,
                    "faultCode": fault,
                    "helpLink": help_link(detail.code),
                    "severity": "Error",
                });
                if let Some(refers_to) = &detail.refers_to {
                    entry["refersTo"] = json!(refers_to);
                }
                entry
            })
            .collect();
        json!({"error": {
            "code": self.0.first.code.name,
            "message": self.0.first.code.message,
            "target": self.0.target,
            "details": details,
        }})
    }
}

/// A database failure is our own fault and never the caller's.
impl From<rusqlite::Error> for ApiError {
    fn from(_: rusqlite::Error) -> Self {
        ApiError::internal()
    }
}

fn help_link(code: Code) -> String {
    format!("http://developer.avalara.com/avatax/errors/{}", code.name)
}

/// What a delete answers: a list of details although nothing went wrong.
pub(super) fn deletion_notice(description: &str) -> Value {
    let code = Code::DELETE_INFORMATION;
    json!([{
        "code": code.name,
        "number": code.number,
        "message": code.message,
        "description": description,
        "faultCode": "Client",
        "helpLink": help_link(code),
        "severity": "Success",
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_keeps_every_detail_in_order() {
        let joined = ApiError::all(vec![
            ApiError::required("name").at("[0].name"),
            ApiError::new(Code::EMAIL_VALIDATION, "bad").at("[2].emailAddress"),
        ])
        .map(|e| e.body());
        let body = joined.expect("two errors join to one");
        assert_eq!(body["error"]["code"], "ValueRequiredError");
        assert_eq!(body["error"]["details"][0]["refersTo"], "[0].name");
        assert_eq!(body["error"]["details"][1]["number"], 15);
        assert!(ApiError::all(Vec::new()).is_none());
    }
}
