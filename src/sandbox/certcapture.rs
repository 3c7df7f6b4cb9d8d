//! CertCapture REST v2 on the same store: certificates, attachments, customers, attributes, tokens.
//!
//! Owns: the paths below `/v2`, the two ways in which they are spoken, and their error shapes. Must not touch: AvaTax's shapes.
//!
//! Two published sources differ. The OpenAPI description has JSON bodies in camelCase, `page` and `pageSize`, ids as text, and one customer for each
//! certificate. Avalara's own guide has form-encoded snake_case with nested values as JSON, `x-client-id`, an option to name customers by their
//! number, many customers for each certificate, and another error shape. A call with `x-client-id` is answered as the guide says. Where the guide
//! prints no answer (lists), the shape is the paginator that its filters and `page` belong to.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::{Map, Value, json};

use super::certificates::{self, file_of_form};
use super::clock;
use super::companies::require_setup;
use super::customers;
use super::definitions::{self, ReasonInput, ZoneInput};
use super::documents;
use super::errors::{ApiError, Code};
use super::links;
use super::tokens;
use super::wire::{Call, Object, Reply, clean};
use axum::http::StatusCode;

/// How a call speaks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manner {
    /// `x-client-id` was sent: as Avalara's guide says.
    pub(super) guide: bool,
    /// `x-customer-primary-key: customer_number`.
    pub(super) by_number: bool,
    /// `x-customer-number`.
    pub(super) customer_number: Option<String>,
}

/// A refusal in the shape of the call's own manner.
pub(super) fn error_body(error: &ApiError, guide: bool) -> Value {
    match guide {
        // The guide's code for “nothing found” is 40; its sample for other errors is 2005.
        true if error.status() == StatusCode::NOT_FOUND => json!({ "success": false, "code": "40", "error": error.words() }),
        true => json!({ "success": false, "code": "2005", "error": error.words() }),
        false => json!({ "error": { "code": error.name(), "message": error.words() } }),
    }
}

/// A record that was sent, by the names of the OpenAPI description, whatever manner it came in.
struct Sent(Map<String, Value>);

/// The guide's names beside the description's.
const NAMES: [(&str, &str); 17] = [
    ("customerCode", "customer_number"),
    ("name", "name"),
    ("line1", "address_line1"),
    ("line2", "address_line2"),
    ("city", "city"),
    ("region", "state"),
    ("postalCode", "zip"),
    ("country", "country"),
    ("emailAddress", "email_address"),
    ("phoneNumber", "phone_number"),
    ("faxNumber", "fax_number"),
    ("contactName", "contact_name"),
    ("exemptionNumber", "tax_number"),
    ("exemptionReason", "expected_tax_code"),
    ("exposureZone", "exposure_zone"),
    ("signedDate", "signed_date"),
    ("expirationDate", "expiration_date"),
];

/// A nested value of a form is JSON: `{"name":"New York"}`; the part that names it is all that is looked at.
fn named(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(object)) => {
            let key = ["name", "initials", "id"].into_iter().find_map(|key| object.get(key).cloned());
            key.unwrap_or(Value::Null)
        }
        _ => Value::from(text),
    }
}

impl Sent {
    fn read(call: &Call<'_>) -> Result<Self, ApiError> {
        if !call.manner.guide {
            return Ok(Self(call.object::<Map<String, Value>>()?));
        }
        let is_form = call.content_type.as_deref().is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if !is_form {
            return Err(ApiError::new(Code::MODEL_STATE, "Related data not found in request; send application/x-www-form-urlencoded."));
        }
        let pairs = url::form_urlencoded::parse(&call.body).into_owned();
        let mut fields = Map::new();
        for (key, value) in pairs {
            let ours = NAMES.iter().find(|(_, guide)| *guide == key).map_or(key.as_str(), |(ours, _)| *ours);
            let nested = matches!(ours, "region" | "country" | "exemptionReason" | "exposureZone");
            fields.insert(ours.to_owned(), if nested { named(&value) } else { Value::from(value) });
        }
        Ok(Self(fields))
    }

    fn text(&self, key: &str) -> Option<String> {
        match self.0.get(key) {
            Some(Value::String(text)) => clean(Some(text)),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The same as an AvaTax customer, whose rules are the store's.
    fn customer(&self, company: i64) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("companyId".to_owned(), company.into());
        for (ours, _) in &NAMES[..12] {
            fields.insert((*ours).to_owned(), self.text(ours).map_or(Value::Null, Value::from));
        }
        fields
    }
}

fn company(call: &Call<'_>) -> i64 {
    call.context.options.company_id
}

fn require_customer(connection: &Connection, call: &Call<'_>) -> Result<i64, ApiError> {
    let wanted = &call.params.code;
    if call.manner.by_number {
        return customers::require_id(connection, company(call), wanted);
    }
    let id = wanted.parse::<i64>().ok();
    let found: Option<i64> = connection
        .prepare_cached("SELECT id FROM customers WHERE company_id = ?1 AND id = ?2")?
        .query_row(params![company(call), id], |row| row.get(0))
        .optional()?;
    found.ok_or_else(|| ApiError::not_found("Customer", "id", wanted))
}

/// The page that was asked for: how many rows are skipped, and how many shown.
fn page(call: &Call<'_>) -> (i64, i64, i64) {
    let whole = |name: &str| call.query.get(name).and_then(|text| text.trim().parse::<i64>().ok()).filter(|n| *n > 0);
    let size = whole("pageSize").or_else(|| whole("per_page")).unwrap_or(50).min(500);
    let number = whole("page").unwrap_or(1);
    (number, size, (number - 1).saturating_mul(size))
}

fn list_reply(call: &Call<'_>, total: i64, rows: Vec<Value>) -> Reply {
    let (number, size, _) = page(call);
    match call.manner.guide {
        false => Reply::json(&json!({ "totalCount": total, "value": rows })),
        true => {
            let last = total.div_euclid(size) + i64::from(total % size > 0);
            Reply::json(&json!({ "total": total, "per_page": size, "current_page": number, "last_page": last.max(1), "data": rows }))
        }
    }
}

fn text_of(object: &Object, key: &str) -> Option<String> {
    match object.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}

fn put(into: &mut Map<String, Value>, key: &str, value: Option<String>) {
    if let Some(value) = value {
        into.insert(key.to_owned(), value.into());
    }
}

fn shown_customer(row: &Object, guide: bool) -> Value {
    let mut shown = Map::new();
    let id = row.get("id").cloned().unwrap_or_default();
    // Ids are texts in the description and numbers in the guide.
    shown.insert("id".to_owned(), if guide { id } else { Value::from(text_of(row, "id").unwrap_or_default()) });
    for (ours, theirs) in &NAMES[..12] {
        // The description's customer has no second line, fax or contact.
        if !guide && matches!(*ours, "line2" | "faxNumber" | "contactName") {
            continue;
        }
        match (guide, *ours) {
            (true, "region" | "country") => {
                let initials = text_of(row, ours);
                // As the guide's sample has it; the ids are the guide's own business.
                let nested =
                    initials.map_or(Value::Null, |code| json!({ "id": 1, "name": format!("The {ours} {code}"), "initials": code }));
                shown.insert((*theirs).to_owned(), nested);
            }
            (true, _) => put(&mut shown, theirs, text_of(row, ours)),
            (false, _) => put(&mut shown, ours, text_of(row, ours)),
        }
    }
    Value::Object(shown)
}

fn customers_of(connection: &Connection, certificate: i64) -> Result<Vec<Object>, ApiError> {
    customers::CUSTOMER.all(connection, "c.id IN (SELECT customer_id FROM certificate_customers WHERE certificate_id = ?1)", [certificate])
}

fn status_of(row: &Object) -> &'static str {
    match (row.get("ecmStatus").and_then(Value::as_str), row.get("status").and_then(Value::as_str)) {
        (Some("Invalid"), _) => "Revoked",
        (Some("Expired"), _) => "Expired",
        (_, Some("PENDING")) => "Pending",
        _ => "Active",
    }
}

fn shown_certificate(connection: &Connection, id: i64, call: &Call<'_>) -> Result<Value, ApiError> {
    let row = certificates::by_id(connection, id, call.context)?;
    let linked = customers_of(connection, id)?;
    let name = |key: &str| row.get(key).and_then(|nested| nested.get("name")).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut shown = Map::new();
    if call.manner.guide {
        let nested = |key: &str| json!({ "id": row.get(key).and_then(|n| n.get("id")).cloned().unwrap_or_default(), "name": name(key) });
        shown.insert("id".to_owned(), id.into());
        put(&mut shown, "tax_number", text_of(&row, "exemptionNumber"));
        put(&mut shown, "signed_date", text_of(&row, "signedDate"));
        put(&mut shown, "expiration_date", text_of(&row, "expirationDate"));
        shown.insert("exposure_zone".to_owned(), nested("exposureZone"));
        shown.insert("expected_tax_code".to_owned(), nested("exemptionReason"));
        shown.insert("status".to_owned(), json!({ "name": row.get("status").cloned().unwrap_or_default() }));
        shown.insert("valid".to_owned(), row.get("valid").cloned().unwrap_or_default());
        shown.insert("page_count".to_owned(), row.get("pageCount").cloned().unwrap_or_default());
        put(&mut shown, "created", text_of(&row, "createdDate"));
        // Relationships come only when they are asked for.
        if call.query.get("expand").is_some_and(|wish| wish.contains("customers")) {
            shown.insert("customers".to_owned(), linked.iter().map(|c| shown_customer(c, true)).collect());
        }
        return Ok(Value::Object(shown));
    }
    shown.insert("id".to_owned(), Value::from(id.to_string()));
    shown.insert("status".to_owned(), status_of(&row).into());
    put(&mut shown, "signedDate", text_of(&row, "signedDate"));
    put(&mut shown, "expirationDate", text_of(&row, "expirationDate"));
    put(&mut shown, "exemptionNumber", text_of(&row, "exemptionNumber"));
    shown.insert("exemptionReason".to_owned(), name("exemptionReason").into());
    shown.insert("exposureZone".to_owned(), name("exposureZone").into());
    shown.insert("exemptPercentage".to_owned(), row.get("exemptPercentage").cloned().unwrap_or_default());
    // One customer: the first that was linked.
    if let Some(first) = linked.first() {
        shown.insert("customer".to_owned(), shown_customer(first, false));
    }
    put(&mut shown, "createdDate", text_of(&row, "createdDate"));
    let modified: String =
        connection.prepare_cached("SELECT modified FROM certificates WHERE id = ?1")?.query_row([id], |row| row.get(0))?;
    shown.insert("modifiedDate".to_owned(), modified.into());
    Ok(Value::Object(shown))
}

// ---- certificates --------------------------------------------------------------------------------------------------------------------

pub(super) fn list_certificates(call: &Call<'_>) -> Result<Reply, ApiError> {
    let customer = call.query.get("customerId").map(str::to_owned);
    let status = call.query.get("status").map(str::to_owned);
    call.context.store.read(|c| {
        require_setup(c, company(call))?;
        let mut sql = "SELECT id FROM certificates WHERE company_id = ?1".to_owned();
        let mut values = vec![SqlValue::Integer(company(call))];
        if let Some(customer) = customer {
            sql.push_str(" AND id IN (SELECT certificate_id FROM certificate_customers WHERE customer_id = ?2)");
            values.push(SqlValue::Integer(customer.parse().unwrap_or(-1)));
        }
        sql.push_str(" ORDER BY id");
        let mut statement = c.prepare_cached(&sql)?;
        let mut ids: Vec<i64> = statement.query_map(rusqlite::params_from_iter(values), |row| row.get(0))?.collect::<Result<_, _>>()?;
        // The status follows from the day, so it is not in the store.
        if let Some(wanted) = status {
            let mut fitting = Vec::new();
            for id in ids {
                if status_of(&certificates::by_id(c, id, call.context)?).eq_ignore_ascii_case(&wanted) {
                    fitting.push(id);
                }
            }
            ids = fitting;
        }
        let (_, size, skip) = page(call);
        let total = ids.len() as i64;
        let shown = ids.into_iter().skip(skip as usize).take(size as usize);
        let rows = shown.map(|id| shown_certificate(c, id, call)).collect::<Result<Vec<_>, _>>()?;
        Ok(list_reply(call, total, rows))
    })
}

/// What a certificate says, checked.
struct Said {
    zone: i64,
    reason: i64,
    signed: String,
    expires: Option<String>,
    number: Option<String>,
    percentage: f64,
    /// Only in the description's manner; in the guide's, links are calls of their own.
    customer: Option<i64>,
}

fn said(connection: &Connection, sent: &Sent, call: &Call<'_>) -> Result<Said, ApiError> {
    let mut errors = Vec::new();
    let zone_name = sent.text("exposureZone");
    let zone = serde_json::from_value::<ZoneInput>(json!({ "name": zone_name })).map_err(|_| ApiError::internal())?;
    let zone = definitions::find_zone(connection, &zone).map_err(|e| errors.push(e.at("exposureZone")));
    let reason_name = sent.text("exemptionReason");
    let reason = serde_json::from_value::<ReasonInput>(json!({ "name": reason_name })).map_err(|_| ApiError::internal())?;
    let reason = definitions::find_reason(connection, Some(&reason)).map_err(|e| errors.push(e.at("exemptionReason")));
    let day = |key: &'static str, errors: &mut Vec<ApiError>| {
        let text = sent.text(key)?;
        let day = clock::parse_day(&text);
        if day.is_none() {
            errors.push(ApiError::new(Code::DATE_FORMAT, format!("The field '{key}' must be a date written YYYY-MM-DD.")).at(key));
        }
        day
    };
    // Neither source requires the date of signature; the store does, and takes the day on which it came.
    let signed = day("signedDate", &mut errors).unwrap_or_else(|| clock::today(call.context.options.today));
    let expires = day("expirationDate", &mut errors);
    if expires.is_some_and(|end| end < signed) {
        errors.push(ApiError::new(Code::DATE_RANGE, "The expirationDate is before the signedDate.").at("expirationDate"));
    }
    let percentage = sent.0.get("exemptPercentage").and_then(Value::as_f64).unwrap_or(100.0);
    let number = sent.text("exemptionNumber");
    errors.extend(number.as_deref().and_then(|n| customers::too_long("exemptionNumber", n, 50)));
    let customer = match sent.text("customerCode").filter(|_| !call.manner.guide) {
        Some(code) => customers::require_id(connection, company(call), &code).map(Some),
        None => Ok(None),
    };
    let customer = customer.map_err(|e| errors.push(e.at("customerCode").with_status(StatusCode::BAD_REQUEST)));
    match (ApiError::all(errors), zone, reason, customer) {
        (None, Ok(zone), Ok(reason), Ok(customer)) => Ok(Said {
            zone,
            reason,
            signed: signed.to_string(),
            expires: expires.map(|d| d.to_string()),
            number,
            percentage: percentage.clamp(0.0, 100.0),
            customer,
        }),
        (error, ..) => Err(error.unwrap_or_else(ApiError::internal)),
    }
}

pub(super) fn create_certificate(call: &Call<'_>) -> Result<Reply, ApiError> {
    let sent = Sent::read(call)?;
    // In the guide's manner the document comes with it.
    let document = match sent.text("pdf") {
        Some(pdf) => documents::check(&documents::Sent { pdf: Some(&pdf), ..documents::Sent::default() }, false)?,
        None => None,
    };
    let stored_but_refused = call.context.faults.store_certificate_but_fail();
    call.context.store.write(|tx| {
        require_setup(tx, company(call))?;
        let said = said(tx, &sent, call)?;
        let now = clock::now();
        tx.prepare_cached(
            "INSERT INTO certificates (company_id, signed_date, expiration_date, valid, verified, exempt_percentage, exemption_number, zone_id,
               reason_id, validated_reason_id, status, processing_polls, created, modified)
             VALUES (?1, ?2, ?3, 1, 1, ?4, ?5, ?6, ?7, ?7, 'COMPLETE', ?8, ?9, ?9)",
        )?
        .execute(params![
            company(call),
            said.signed,
            said.expires,
            said.percentage,
            said.number,
            said.zone,
            said.reason,
            call.context.options.certificate_polls,
            now
        ])?;
        let id = tx.last_insert_rowid();
        if let Some(document) = &document {
            documents::save(tx, id, document)?;
        }
        if stored_but_refused {
            return Ok(Err(documents::stored_but_refused()));
        }
        if let Some(customer) = said.customer {
            links::link(tx, customer, id)?;
        }
        let reply = Reply::json(&shown_certificate(tx, id, call)?);
        Ok(Ok(if call.manner.guide { reply } else { reply.with_status(StatusCode::CREATED) }))
    })?
}

pub(super) fn get_certificate(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.read(|c| {
        require_setup(c, company(call))?;
        let id = certificates::require(c, company(call), call.params.id)?;
        Ok(Reply::json(&shown_certificate(c, id, call)?))
    })
}

/// The description's manner replaces the record, its customer included; the guide's keeps the links.
pub(super) fn update_certificate(call: &Call<'_>) -> Result<Reply, ApiError> {
    let sent = Sent::read(call)?;
    call.context.store.write(|tx| {
        require_setup(tx, company(call))?;
        let id = certificates::require(tx, company(call), call.params.id)?;
        let said = said(tx, &sent, call)?;
        tx.execute(
            "UPDATE certificates SET signed_date = ?2, expiration_date = ?3, exempt_percentage = ?4, exemption_number = ?5, zone_id = ?6,
               reason_id = ?7, modified = ?8 WHERE id = ?1",
            params![id, said.signed, said.expires, said.percentage, said.number, said.zone, said.reason, clock::now()],
        )?;
        if !call.manner.guide {
            tx.execute("DELETE FROM certificate_customers WHERE certificate_id = ?1", [id])?;
            if let Some(customer) = said.customer {
                links::link(tx, customer, id)?;
            }
        }
        Ok(Reply::json(&shown_certificate(tx, id, call)?))
    })
}

pub(super) fn delete_certificate(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.write(|tx| {
        require_setup(tx, company(call))?;
        let id = certificates::require(tx, company(call), call.params.id)?;
        tx.execute("DELETE FROM certificates WHERE id = ?1", [id])?;
        Ok(Reply::bytes("application/json; charset=utf-8", Vec::new()).with_status(StatusCode::NO_CONTENT))
    })
}

pub(super) fn download(call: &Call<'_>) -> Result<Reply, ApiError> {
    let document = call.context.store.read(|c| {
        let id = certificates::require(c, company(call), call.params.id)?;
        documents::load(c, id)
    })?;
    match document {
        Some(document) => Ok(Reply::bytes("application/pdf", document.into_pdf()?)),
        None => Err(ApiError::not_found("Document", "certificate id", call.params.id)),
    }
}

pub(super) fn upload(call: &Call<'_>) -> Result<Reply, ApiError> {
    let bytes = tokio::runtime::Handle::current().block_on(file_of_form(call))?;
    let document = documents::check_attachment(bytes)?;
    call.context.store.write(|tx| {
        let id = certificates::require(tx, company(call), call.params.id)?;
        documents::save(tx, id, &document)?;
        Ok(Reply::json(&json!({ "success": true })))
    })
}

/// The guide's many-to-many call: `customers=[{"id":10}]`, or by number.
fn named_customers(tx: &Transaction<'_>, call: &Call<'_>) -> Result<Vec<i64>, ApiError> {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(&call.body).into_owned().collect();
    let text = pairs.iter().find(|(key, _)| key == "customers").map(|(_, value)| value.as_str());
    let Some(Value::Array(list)) = text.and_then(|text| serde_json::from_str(text).ok()) else {
        return Err(ApiError::new(Code::MODEL_STATE, "Related data not found in request, must be one of: [\"customers\"]"));
    };
    let mut found = Vec::new();
    for customer in list {
        let number = customer.get("customer_number").and_then(Value::as_str);
        let id = customer.get("id").and_then(Value::as_i64);
        found.push(match (number, id) {
            (Some(number), _) => customers::require_id(tx, company(call), number)?,
            (None, Some(id)) => tx
                .query_row("SELECT id FROM customers WHERE company_id = ?1 AND id = ?2", [company(call), id], |row| row.get(0))
                .optional()?
                .ok_or_else(|| ApiError::not_found("Customer", "id", id))?,
            (None, None) => return Err(ApiError::required("customers")),
        });
    }
    Ok(found)
}

pub(super) fn list_linked(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.read(|c| {
        let id = certificates::require(c, company(call), call.params.id)?;
        let linked = customers_of(c, id)?;
        match linked.is_empty() {
            // The guide's code for “nothing found”.
            true => Err(ApiError::not_found("Customer", "certificate", id)),
            false => Ok(list_reply(call, linked.len() as i64, linked.iter().map(|c| shown_customer(c, true)).collect())),
        }
    })
}

pub(super) fn link_customers(call: &Call<'_>) -> Result<Reply, ApiError> {
    change_links(call, links::link)
}

pub(super) fn unlink_customers(call: &Call<'_>) -> Result<Reply, ApiError> {
    change_links(call, links::unlink)
}

fn change_links(call: &Call<'_>, change: fn(&Transaction<'_>, i64, i64) -> Result<(), ApiError>) -> Result<Reply, ApiError> {
    call.context.store.write(|tx| {
        let id = certificates::require(tx, company(call), call.params.id)?;
        for customer in named_customers(tx, call)? {
            change(tx, customer, id)?;
        }
        Ok(Reply::json(&json!({ "success": true })))
    })
}

// ---- customers -----------------------------------------------------------------------------------------------------------------------

pub(super) fn list_customers(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.read(|c| {
        require_setup(c, company(call))?;
        let total: i64 = c.query_row("SELECT count(*) FROM customers WHERE company_id = ?1", [company(call)], |row| row.get(0))?;
        let (_, size, skip) = page(call);
        let rows = customers::CUSTOMER.all(
            c,
            "c.id IN (SELECT id FROM customers WHERE company_id = ?1 ORDER BY id LIMIT ?2 OFFSET ?3)",
            [company(call), size, skip],
        )?;
        let rows = rows.iter().map(|row| shown_customer(row, call.manner.guide)).collect();
        Ok(list_reply(call, total, rows))
    })
}

pub(super) fn create_customer(call: &Call<'_>) -> Result<Reply, ApiError> {
    let sent = Sent::read(call)?;
    call.context.store.write(|tx| {
        require_setup(tx, company(call))?;
        let id = customers::create_one(tx, sent.customer(company(call)), company(call), call.context)?;
        let reply = Reply::json(&shown_customer(&customers::by_id(tx, id)?, call.manner.guide));
        Ok(if call.manner.guide { reply } else { reply.with_status(StatusCode::CREATED) })
    })
}

pub(super) fn get_customer(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.read(|c| {
        require_setup(c, company(call))?;
        let id = require_customer(c, call)?;
        Ok(Reply::json(&shown_customer(&customers::by_id(c, id)?, call.manner.guide)))
    })
}

pub(super) fn update_customer(call: &Call<'_>) -> Result<Reply, ApiError> {
    let sent = Sent::read(call)?;
    call.context.store.write(|tx| {
        require_setup(tx, company(call))?;
        let id = require_customer(tx, call)?;
        customers::replace_one(tx, sent.customer(company(call)), id)?;
        Ok(Reply::json(&shown_customer(&customers::by_id(tx, id)?, call.manner.guide)))
    })
}

pub(super) fn certificates_of(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.read(|c| {
        require_setup(c, company(call))?;
        let customer = require_customer(c, call)?;
        let mut statement = c.prepare_cached("SELECT certificate_id FROM certificate_customers WHERE customer_id = ?1 ORDER BY 1")?;
        let ids: Vec<i64> = statement.query_map([customer], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let rows = ids.into_iter().map(|id| shown_certificate(c, id, call)).collect::<Result<Vec<_>, _>>()?;
        Ok(Reply::json(&Value::Array(rows)))
    })
}

// ---- the rest ------------------------------------------------------------------------------------------------------------------------

pub(super) fn attributes(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.read(|c| Ok(Reply::objects(definitions::CERTIFICATE_ATTRIBUTE.all(c, "1", [])?)))
}

/// A bearer token for the name and password in the body. This call takes no sign-in.
pub(super) fn auth_token(call: &Call<'_>) -> Result<Reply, ApiError> {
    let sent = call.object::<Map<String, Value>>()?;
    let text = |key: &str| sent.get(key).and_then(Value::as_str).unwrap_or_default();
    if !super::auth::is_known(text("username"), text("password"), &call.context.options) {
        return Err(ApiError::new(Code::AUTHENTICATION, "The user name or password is not correct."));
    }
    let (token, expires) = (tokens::random()?, clock::moment(jiff::Timestamp::now() + tokens::LIFE));
    call.context.store.write(|tx| {
        tx.execute("INSERT INTO api_tokens (token, expires) VALUES (?1, ?2)", [&token, &expires])?;
        Ok(Reply::json(&json!({ "token": token, "expiresAt": expires })))
    })
}

/// Is this a token that `auth_token` gave out, and is it still good?
pub(super) fn is_good_token(connection: &Connection, token: &str) -> Result<bool, ApiError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM api_tokens WHERE token = ?1 AND expires > ?2)")?
        .query_row([token, &clock::now()], |row| row.get(0))?)
}

/// For one customer: by `customerCode` in the body, in the guide by the header `x-customer-number`.
pub(super) fn ecommerce_token(call: &Call<'_>) -> Result<Reply, ApiError> {
    let code = match call.manner.guide {
        true => call.manner.customer_number.clone(),
        false => Sent::read(call)?.text("customerCode"),
    };
    let Some(code) = code else { return Err(ApiError::required("customerCode")) };
    call.context.store.write(|tx| {
        let (token, _, expires) = tokens::make(tx, company(call), &code)?;
        Ok(Reply::json(&match call.manner.guide {
            true => json!({ "success": true, "response": { "token": token, "expires_at": expires } }),
            false => json!({ "token": token, "expiresAt": expires }),
        }))
    })
}
