//! How CertCapture's fields are called: one table for both published ways of speaking.
//!
//! Owns: the names, how nested values are written, and how a record of either kind is read.
//! Must not touch: the network, what a record means.
//! Called by: `api::certcapture`.
//!
//! “OpenAPI” is the description `certcapture-v2.yaml` (JSON, camelCase). “Guide” is Avalara's own text at documentation.certcapture.com (form-encoded
//! snake_case; nested values are JSON, of which the service needs just enough to find one match).

use crate::api::request::Request;
use crate::api::transport::unsendable;
use crate::ports::ServiceResult;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

/// Which of the two published ways is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    OpenApi,
    Guide,
}

/// A field of a customer or a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Id,
    CustomerCode,
    Name,
    Line1,
    Line2,
    City,
    Region,
    PostalCode,
    Country,
    Email,
    Phone,
    Fax,
    Contact,
    Number,
    Reason,
    Zone,
    Signed,
    Expires,
    Percentage,
    Status,
    Pdf,
}

/// How a value is written in the guide's way: as it is, or as JSON with one part that names it.
enum Nested {
    No,
    ByName,
    ByInitials,
}

/// Field, OpenAPI's name, the guide's name, and how the guide writes it. A name that is empty: that way has no such field.
const TABLE: [(Key, &str, &str, Nested); 21] = [
    (Key::Id, "id", "id", Nested::No),
    (Key::CustomerCode, "customerCode", "customer_number", Nested::No),
    (Key::Name, "name", "name", Nested::No),
    (Key::Line1, "line1", "address_line1", Nested::No),
    (Key::Line2, "", "address_line2", Nested::No),
    (Key::City, "city", "city", Nested::No),
    (Key::Region, "region", "state", Nested::ByInitials),
    (Key::PostalCode, "postalCode", "zip", Nested::No),
    (Key::Country, "country", "country", Nested::ByInitials),
    (Key::Email, "emailAddress", "email_address", Nested::No),
    (Key::Phone, "phoneNumber", "phone_number", Nested::No),
    (Key::Fax, "", "fax_number", Nested::No),
    (Key::Contact, "", "contact_name", Nested::No),
    (Key::Number, "exemptionNumber", "tax_number", Nested::No),
    (Key::Reason, "exemptionReason", "expected_tax_code", Nested::ByName),
    (Key::Zone, "exposureZone", "exposure_zone", Nested::ByName),
    (Key::Signed, "signedDate", "signed_date", Nested::No),
    (Key::Expires, "expirationDate", "expiration_date", Nested::No),
    (Key::Percentage, "exemptPercentage", "", Nested::No),
    (Key::Status, "status", "status", Nested::ByName),
    (Key::Pdf, "", "pdf", Nested::No),
];

impl Dialect {
    fn entry(key: Key) -> &'static (Key, &'static str, &'static str, Nested) {
        // Every key stands in the table: a test goes through them.
        TABLE.iter().find(|(k, ..)| *k == key).unwrap_or(&TABLE[0])
    }

    fn name(self, key: Key) -> &'static str {
        let (_, openapi, guide, _) = Self::entry(key);
        match self {
            Dialect::OpenApi => openapi,
            Dialect::Guide => guide,
        }
    }

    /// Does this way of speaking have the field?
    pub(super) fn has(self, key: Key) -> bool {
        !self.name(key).is_empty()
    }

    /// Puts the fields into a request. What this way has no name for is left out.
    pub(super) fn body(self, request: Request, call: &'static str, fields: &[(Key, Option<String>)]) -> ServiceResult<Request> {
        let known = fields.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?))).filter(|(key, _)| self.has(*key));
        match self {
            Dialect::OpenApi => {
                let value = |key: Key, text: &str| match key {
                    Key::Percentage => text.parse::<f64>().map_or(Value::Null, Value::from),
                    _ => Value::from(text),
                };
                let object: Map<String, Value> = known.map(|(key, text)| (self.name(key).to_owned(), value(key, text))).collect();
                request.json(&object).map_err(|e| unsendable(call, e))
            }
            Dialect::Guide => {
                let written = |key: Key, text: &str| match Self::entry(key).3 {
                    Nested::No => text.to_owned(),
                    Nested::ByName => json!({ "name": text }).to_string(),
                    Nested::ByInitials => json!({ "initials": text }).to_string(),
                };
                Ok(request.form(&known.map(|(key, text)| (self.name(key), written(key, text))).collect::<Vec<_>>()))
            }
        }
    }

    /// A field's text, wherever this way puts it. A nested record is read by its name, its initials or its id.
    pub(super) fn text(self, record: &Value, key: Key) -> Option<String> {
        let plain = |value: &Value| match value {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let name = self.name(key);
        let value = record.get(name).filter(|_| !name.is_empty())?;
        match value {
            // The guide's own sample has all three: `{"id": 1, "name": "United States", "initials": "US"}`.
            Value::Object(nested) => {
                let parts = match Self::entry(key).3 {
                    Nested::ByInitials => ["initials", "name", "id"],
                    _ => ["name", "initials", "id"],
                };
                parts.into_iter().find_map(|part| nested.get(part).and_then(plain))
            }
            other => plain(other),
        }
    }

    pub(super) fn day(self, record: &Value, key: Key) -> Option<Date> {
        self.text(record, key)?.get(..10)?.parse().ok().filter(|day: &Date| day.year() > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::Method;

    const KEYS: [Key; 21] = [
        Key::Id,
        Key::CustomerCode,
        Key::Name,
        Key::Line1,
        Key::Line2,
        Key::City,
        Key::Region,
        Key::PostalCode,
        Key::Country,
        Key::Email,
        Key::Phone,
        Key::Fax,
        Key::Contact,
        Key::Number,
        Key::Reason,
        Key::Zone,
        Key::Signed,
        Key::Expires,
        Key::Percentage,
        Key::Status,
        Key::Pdf,
    ];

    #[test]
    fn every_field_stands_in_the_table_once() {
        for key in KEYS {
            assert_eq!(TABLE.iter().filter(|(k, ..)| *k == key).count(), 1, "{key:?}");
            assert!(Dialect::OpenApi.has(key) || Dialect::Guide.has(key), "{key:?} has no name at all");
        }
    }

    #[test]
    fn both_ways_say_the_same() {
        let fields = [(Key::Zone, Some("New York".to_owned())), (Key::Number, Some("00 1".to_owned())), (Key::Expires, None)];
        let request = || Request::new("X", Method::POST, &["a"]).unwrap();
        let sent = |dialect: Dialect| {
            let request = dialect.body(request(), "X", &fields).unwrap();
            (request.content_type.clone(), String::from_utf8(request.body.unwrap()).unwrap())
        };
        assert_eq!(
            sent(Dialect::OpenApi),
            ("application/json".to_owned(), r#"{"exposureZone":"New York","exemptionNumber":"00 1"}"#.to_owned())
        );
        let (kind, form) = sent(Dialect::Guide);
        assert_eq!(kind, "application/x-www-form-urlencoded");
        assert_eq!(form, "exposure_zone=%7B%22name%22%3A%22New+York%22%7D&tax_number=00+1");
    }

    #[test]
    fn both_ways_are_read() {
        let openapi = json!({ "id": "7", "exposureZone": "Texas", "expirationDate": "2027-03-14", "signedDate": null });
        let guide = json!({ "id": 7, "exposure_zone": { "id": 3, "name": "Texas" }, "expiration_date": "2027-03-14T00:00:00Z" });
        for (dialect, record) in [(Dialect::OpenApi, openapi), (Dialect::Guide, guide)] {
            assert_eq!(dialect.text(&record, Key::Id).as_deref(), Some("7"));
            assert_eq!(dialect.text(&record, Key::Zone).as_deref(), Some("Texas"));
            assert_eq!(dialect.day(&record, Key::Expires), Some(jiff::civil::date(2027, 3, 14)));
            assert_eq!(dialect.day(&record, Key::Signed), None);
        }
        // Territories and provinces are named by their initials.
        assert_eq!(
            Dialect::Guide.text(&json!({ "state": { "id": 1, "name": "Texas", "initials": "TX" } }), Key::Region).as_deref(),
            Some("TX")
        );
    }
}
