//! Certificates: query, get, create, replace, delete, attachment, and the question whether a customer is exempt.
//!
//! Owns: the rules for a certificate record. Must not touch: file formats (`documents`), the link table (`links`).

use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use jiff::civil::Date;
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::attributes;
use super::clock;
use super::companies::require_setup;
use super::customers;
use super::definitions::{self, ReasonInput, ZoneInput};
use super::documents::{self, Document, Sent};
use super::errors::{ApiError, Code, deletion_notice};
use super::filter::{Field, Kind};
use super::links;
use super::listing::Resource;
use super::wire::{Call, Context, Object, Reply, clean};

pub(super) const CERTIFICATE: Resource = Resource {
    fields: &[
        Field::new("id", "t.id", Kind::Integer),
        Field::new("companyId", "t.company_id", Kind::Integer),
        Field::new("signedDate", "t.signed_date", Kind::Day),
        Field::new("expirationDate", "t.expiration_date", Kind::Day),
        Field::new("filename", "t.filename", Kind::Text),
        Field::new("documentExists", "t.document_exists", Kind::Boolean),
        Field::new("valid", "t.valid", Kind::Boolean),
        Field::new("verified", "t.verified", Kind::Boolean),
        Field::new("exemptPercentage", "t.exempt_percentage", Kind::Number),
        Field::new("isSingleCertificate", "t.is_single", Kind::Boolean),
        Field::new("exemptionNumber", "t.exemption_number", Kind::Text).unfilterable(),
        Field::new("status", "t.status", Kind::Text).unfilterable(),
        Field::new("createdDate", "t.created", Kind::Moment),
        // The published shape has a moment for the first and a day for the second.
        Field::new("modifiedDate", "substr(t.modified, 1, 10)", Kind::Day),
        Field::new("taxNumberType", "t.tax_number_type", Kind::Text),
        Field::new("businessNumberType", "t.business_number_type", Kind::Text),
        Field::new("pageCount", "t.page_count", Kind::Integer),
        Field::nested("exposureZone"),
        Field::nested("exemptionReason"),
        Field::nested("validatedExemptionReason"),
        Field::nested("customers"),
        Field::nested("poNumbers"),
        Field::nested("attributes"),
        Field::nested("ecmsId"),
        Field::nested("ecmsStatus"),
        Field::nested("ecmStatus"),
        Field::nested("pdf"),
        Field::nested("pages"),
    ],
    from: "certificates t",
    order: "t.id",
};

/// A certificate as it is sent. Read-only fields are not here: whatever a client puts in them is ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CertificateInput {
    signed_date: Option<String>,
    expiration_date: Option<String>,
    filename: Option<String>,
    valid: Option<bool>,
    exempt_percentage: Option<f64>,
    exemption_number: Option<String>,
    exemption_reason: Option<ReasonInput>,
    tax_number_type: Option<String>,
    business_number_type: Option<String>,
    customers: Option<Vec<NamedCustomer>>,
    po_numbers: Option<Vec<PoNumber>>,
    exposure_zone: Option<ZoneInput>,
    /// The outer option tells a missing key from one that is null.
    #[serde(deserialize_with = "present")]
    pdf: Option<Option<String>>,
    pages: Option<Vec<Option<String>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NamedCustomer {
    customer_code: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PoNumber {
    po_number: Option<String>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl CertificateInput {
    fn sent(&self) -> Sent<'_> {
        Sent {
            pdf: self.pdf.as_ref().and_then(Option::as_deref),
            pdf_is_null: matches!(self.pdf, Some(None)),
            pages: self.pages.iter().flatten().filter_map(Option::as_deref).collect(),
            filename: self.filename.as_deref().filter(|name| !name.trim().is_empty()),
        }
    }
}

/// A certificate that may be stored.
struct Checked {
    signed: Date,
    expires: Option<Date>,
    zone: i64,
    reason: i64,
    exempt_percentage: f64,
    exemption_number: Option<String>,
    filename: Option<String>,
    customers: Vec<(String, Option<String>)>,
    po_numbers: Vec<String>,
    input: CertificateInput,
}

fn day(field: &'static str, text: Option<&str>, errors: &mut Vec<ApiError>) -> Option<Date> {
    let text = clean(text)?;
    let day = clock::parse_day(&text);
    if day.is_none() {
        errors.push(ApiError::new(Code::DATE_FORMAT, format!("The field '{field}' must be a date written YYYY-MM-DD.")).at(field));
    }
    day
}

fn check(connection: &Connection, input: CertificateInput) -> Result<Checked, ApiError> {
    let mut errors = Vec::new();
    let signed_given = clean(input.signed_date.as_deref()).is_some();
    let signed = day("signedDate", input.signed_date.as_deref(), &mut errors);
    let expires = day("expirationDate", input.expiration_date.as_deref(), &mut errors);
    if !signed_given {
        errors.push(ApiError::required("signedDate"));
    }
    if let (Some(signed), Some(expires)) = (signed, expires)
        && expires < signed
    {
        errors.push(ApiError::new(Code::DATE_RANGE, "The expirationDate is before the signedDate.").at("expirationDate"));
    }
    let zone = definitions::find_zone(connection, &input.exposure_zone.clone().unwrap_or_default())
        .map_err(|error| errors.push(error.at("exposureZone")));
    let reason =
        definitions::find_reason(connection, input.exemption_reason.as_ref()).map_err(|error| errors.push(error.at("exemptionReason")));
    let exempt_percentage = input.exempt_percentage.unwrap_or(100.0);
    if !(0.0..=100.0).contains(&exempt_percentage) {
        errors.push(ApiError::new(Code::RANGE, "Field 'exemptPercentage' must be between 0 and 100.").at("exemptPercentage"));
    }
    let exemption_number = clean(input.exemption_number.as_deref());
    let filename = clean(input.filename.as_deref());
    for (field, text, longest) in [
        ("exemptionNumber", exemption_number.as_deref(), 50),
        ("filename", filename.as_deref(), 255),
        ("taxNumberType", input.tax_number_type.as_deref(), 100),
        ("businessNumberType", input.business_number_type.as_deref(), 100),
    ] {
        errors.extend(text.and_then(|text| customers::too_long(field, text, longest)));
    }
    let mut named = Vec::new();
    for (i, customer) in input.customers.iter().flatten().enumerate() {
        let code = customer.customer_code.clone().unwrap_or_default();
        if code.trim().is_empty() {
            errors.push(ApiError::required("customerCode").at(format!("customers[{i}].customerCode")));
        } else if let Some(error) = customers::too_long("customerCode", &code, customers::CODE_LENGTH) {
            errors.push(error.at(format!("customers[{i}].customerCode")));
        } else {
            named.push((code, clean(customer.name.as_deref())));
        }
    }
    let mut po_numbers = Vec::new();
    for po in input.po_numbers.iter().flatten() {
        if let Some(number) = clean(po.po_number.as_deref()) {
            errors.extend(customers::too_long("poNumber", &number, 50));
            po_numbers.push(number);
        }
    }
    match (ApiError::all(errors), signed, zone, reason) {
        (None, Some(signed), Ok(zone), Ok(reason)) => Ok(Checked {
            signed,
            expires,
            zone,
            reason,
            exempt_percentage,
            exemption_number,
            filename,
            customers: named,
            po_numbers,
            input,
        }),
        (error, ..) => Err(error.unwrap_or_else(ApiError::internal)),
    }
}

fn insert(tx: &Transaction<'_>, checked: &Checked, call: &Call<'_>) -> Result<i64, ApiError> {
    let validated = call.query.get("$preValidatedExemptionReason").is_some_and(|v| v.eq_ignore_ascii_case("true"));
    tx.prepare_cached(
        "INSERT INTO certificates (company_id, signed_date, expiration_date, filename, valid, verified, exempt_percentage,
           exemption_number, zone_id, reason_id, validated_reason_id, status, tax_number_type, business_number_type,
           processing_polls, created, modified)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?16)",
    )?
    .execute(params![
        call.params.company,
        checked.signed.to_string(),
        checked.expires.map(|d| d.to_string()),
        checked.filename,
        checked.input.valid.unwrap_or(true),
        validated,
        checked.exempt_percentage,
        checked.exemption_number,
        checked.zone,
        checked.reason,
        validated.then_some(checked.reason),
        // A certificate can be valid while somebody has still to look at it.
        if validated { "COMPLETE" } else { "PENDING" },
        clean(checked.input.tax_number_type.as_deref()),
        clean(checked.input.business_number_type.as_deref()),
        call.context.options.certificate_polls,
        clock::now(),
    ])?;
    let id = tx.last_insert_rowid();
    save_po_numbers(tx, id, &checked.po_numbers)?;
    Ok(id)
}

fn save_po_numbers(tx: &Transaction<'_>, id: i64, numbers: &[String]) -> Result<(), ApiError> {
    tx.execute("DELETE FROM po_numbers WHERE certificate_id = ?1", [id])?;
    for number in numbers {
        tx.execute("INSERT INTO po_numbers (certificate_id, po_number) VALUES (?1, ?2)", params![id, number])?;
    }
    Ok(())
}

/// All certificates or none, as with customers.
pub(super) fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    let company = call.params.company;
    let context = call.context;
    let inputs = call.array::<CertificateInput>()?;
    // Reading the files takes its time and needs no database: it must not hold others up.
    let files: Vec<Result<Option<Document>, ApiError>> =
        inputs.iter().map(|input| documents::check(&input.sent(), context.options.quirks.strict_null_files)).collect();
    let stored_but_refused = context.faults.store_certificate_but_fail();
    context.store.write(|tx| {
        require_setup(tx, company)?;
        let mut errors = Vec::new();
        let mut made = Vec::new();
        for (i, (input, file)) in inputs.into_iter().zip(files).enumerate() {
            let both = match (check(tx, input), file) {
                (Ok(checked), Ok(file)) => Ok((checked, file)),
                (Err(one), Err(two)) => Err(ApiError::all(vec![one, two]).unwrap_or_else(ApiError::internal)),
                (Err(error), _) | (_, Err(error)) => Err(error),
            };
            match both {
                Ok((checked, file)) => {
                    let id = insert(tx, &checked, call)?;
                    if let Some(file) = file {
                        documents::save(tx, id, &file)?;
                    }
                    made.push((id, checked.customers));
                }
                Err(error) => errors.push(error.in_row(i)),
            }
        }
        if let Some(error) = ApiError::all(errors) {
            return Err(error);
        }
        if stored_but_refused {
            // Committed on purpose: the caller is told of an error and finds orphans later.
            return Ok(Err(documents::stored_but_refused()));
        }
        let mut rows = Vec::with_capacity(made.len());
        for (id, named) in made {
            let mut linked = Vec::with_capacity(named.len());
            for (code, name) in named {
                let customer = match customers::find_id(tx, company, &code)? {
                    Some(id) => id,
                    // Documented: a code that nobody has makes a customer. A mistyped code makes a ghost.
                    None => customers::create_ghost(tx, company, &code, name.as_deref())?,
                };
                links::link(tx, customer, id)?;
                linked.push(customers::by_id(tx, customer)?);
            }
            let mut certificate = by_id(tx, id, context)?;
            if !linked.is_empty() {
                certificate.insert("customers".to_owned(), Value::from(linked));
            }
            rows.push(certificate);
        }
        Ok(Ok(Reply::objects(rows)))
    })?
}

/// Replaces the fields. The document stays unless a new one is sent; the links stay.
pub(super) fn update(call: &Call<'_>) -> Result<Reply, ApiError> {
    let input: CertificateInput = call.object()?;
    let sent = input.sent();
    let nothing_sent = sent.pdf.is_none() && sent.pages.is_empty() && sent.filename.is_none();
    let file = if nothing_sent { Ok(None) } else { documents::check(&sent, call.context.options.quirks.strict_null_files) };
    call.context.store.write(|tx| {
        require_setup(tx, call.params.company)?;
        let id = require(tx, call.params.company, call.params.id)?;
        let checked = check(tx, input)?;
        let file = file?;
        tx.execute(
            "UPDATE certificates SET signed_date = ?2, expiration_date = ?3, filename = coalesce(?4, filename), valid = ?5,
               exempt_percentage = ?6, exemption_number = ?7, zone_id = ?8, reason_id = ?9, tax_number_type = ?10,
               business_number_type = ?11, modified = ?12
             WHERE id = ?1",
            params![
                id,
                checked.signed.to_string(),
                checked.expires.map(|d| d.to_string()),
                checked.filename,
                checked.input.valid.unwrap_or(true),
                checked.exempt_percentage,
                checked.exemption_number,
                checked.zone,
                checked.reason,
                clean(checked.input.tax_number_type.as_deref()),
                clean(checked.input.business_number_type.as_deref()),
                clock::now(),
            ],
        )?;
        if checked.input.po_numbers.is_some() {
            save_po_numbers(tx, id, &checked.po_numbers)?;
        }
        if let Some(file) = file {
            documents::save(tx, id, &file)?;
        }
        Ok(Reply::object(by_id(tx, id, call.context)?))
    })
}

/// The certificate's id, or the refusal that names it.
pub(super) fn require(connection: &Connection, company: i64, id: i64) -> Result<i64, ApiError> {
    connection
        .prepare_cached("SELECT id FROM certificates WHERE company_id = ?1 AND id = ?2")?
        .query_row([company, id], |row| row.get(0))
        .optional()?
        .ok_or_else(|| ApiError::not_found("Certificate", "id", id))
}

pub(super) fn by_id(connection: &Connection, id: i64, context: &Context) -> Result<Object, ApiError> {
    let mut certificate = CERTIFICATE.one(connection, "t.id = ?1", [id])?.ok_or_else(ApiError::internal)?;
    complete(connection, &mut certificate, context)?;
    Ok(certificate)
}

pub(super) fn of_customer(connection: &Connection, customer: i64, context: &Context) -> Result<Vec<Object>, ApiError> {
    let mut rows =
        CERTIFICATE.all(connection, "t.id IN (SELECT certificate_id FROM certificate_customers WHERE customer_id = ?1)", [customer])?;
    for row in &mut rows {
        complete(connection, row, context)?;
    }
    Ok(rows)
}

fn id_of(certificate: &Object) -> i64 {
    certificate.get("id").and_then(Value::as_i64).unwrap_or_default()
}

/// Adds the zone, the reasons and the status that follows from the day.
fn complete(connection: &Connection, certificate: &mut Object, context: &Context) -> Result<(), ApiError> {
    let (zone, reason, validated): (i64, i64, Option<i64>) = connection
        .prepare_cached("SELECT zone_id, reason_id, validated_reason_id FROM certificates WHERE id = ?1")?
        .query_row([id_of(certificate)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let zone = definitions::ZONE.one(connection, "z.id = ?1", [zone])?.unwrap_or_default();
    if let Some(name) = zone.get("name") {
        certificate.insert("exposureZoneName".to_owned(), name.clone());
    }
    certificate.insert("exposureZone".to_owned(), Value::Object(zone));
    for (field, id) in [("exemptionReason", Some(reason)), ("validatedExemptionReason", validated)] {
        if let Some(id) = id
            && let Some(reason) = definitions::REASON.one(connection, "r.id = ?1", [id])?
        {
            certificate.insert(field.to_owned(), Value::Object(reason));
        }
    }
    let today = clock::today(context.options.today).to_string();
    let text = |field: &str| certificate.get(field).and_then(Value::as_str).unwrap_or_default();
    let (signed, expires) = (text("signedDate"), text("expirationDate"));
    // Days compare as text: all are written YYYY-MM-DD.
    let status = if certificate.get("valid") != Some(&Value::Bool(true)) {
        "Invalid"
    } else if !expires.is_empty() && expires < today.as_str() {
        "Expired"
    } else if signed > today.as_str() {
        "PendingFuture"
    } else {
        "Valid"
    };
    certificate.insert("ecmStatus".to_owned(), Value::from(status));
    Ok(())
}

/// Completes the certificates of a list, with what `$include` asks for.
pub(super) fn complete_all(connection: &Connection, rows: &mut [Object], call: &Call<'_>) -> Result<(), ApiError> {
    for certificate in rows {
        complete(connection, certificate, call.context)?;
        include(connection, certificate, call)?;
    }
    Ok(())
}

fn include(connection: &Connection, certificate: &mut Object, call: &Call<'_>) -> Result<(), ApiError> {
    let id = id_of(certificate);
    if call.query.includes(&["customers"]) {
        let rows = customers::CUSTOMER.all(
            connection,
            "c.id IN (SELECT customer_id FROM certificate_customers WHERE certificate_id = ?1)",
            [id],
        )?;
        certificate.insert("customers".to_owned(), Value::from(rows));
    }
    if call.query.includes(&["po_numbers", "poNumbers"]) {
        let mut statement = connection.prepare_cached("SELECT id, po_number FROM po_numbers WHERE certificate_id = ?1 ORDER BY id")?;
        let rows = statement
            .query_map([id], |row| Ok(json!({"id": row.get::<_, i64>(0)?, "poNumber": row.get::<_, String>(1)?})))?
            .collect::<Result<Vec<_>, _>>()?;
        certificate.insert("poNumbers".to_owned(), Value::from(rows));
    }
    if call.query.includes(&["attributes"]) {
        certificate.insert("attributes".to_owned(), Value::from(attributes::of_certificate(connection, id)?));
    }
    if call.query.includes(&["invalid_reasons", "invalidReasons"]) {
        certificate.insert("invalidReasons".to_owned(), json!([]));
    }
    Ok(())
}

pub(super) fn query(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.read(|c| {
        require_setup(c, call.params.company)?;
        let mut listing = CERTIFICATE.page(c, call, "t.company_id = ?", vec![SqlValue::Integer(call.params.company)])?;
        complete_all(c, &mut listing.rows, call)?;
        Ok(listing.reply())
    })
}

pub(super) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.read(|c| {
        require_setup(c, call.params.company)?;
        let id = require(c, call.params.company, call.params.id)?;
        let mut certificate = by_id(c, id, call.context)?;
        include(c, &mut certificate, call)?;
        Ok(Reply::object(certificate))
    })
}

pub(super) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.write(|tx| {
        require_setup(tx, call.params.company)?;
        let id = require(tx, call.params.company, call.params.id)?;
        let linked: bool =
            tx.query_row("SELECT EXISTS (SELECT 1 FROM certificate_customers WHERE certificate_id = ?1)", [id], |row| row.get(0))?;
        if linked && call.context.options.quirks.delete_needs_unlink {
            return Err(ApiError::new(
                Code::CERTIFICATES,
                "{\"success\":false,\"code\":\"100120\",\"error\":\"Customers must be unlinked before the certificate can be deleted.\"}.",
            ));
        }
        tx.execute("DELETE FROM certificates WHERE id = ?1", [id])?;
        Ok(Reply::json(&deletion_notice("Object successfully marked as deleted.")))
    })
}

pub(super) fn download(call: &Call<'_>) -> Result<Reply, ApiError> {
    let document = call.context.store.read(|c| {
        require_setup(c, call.params.company)?;
        let id = require(c, call.params.company, call.params.id)?;
        documents::load(c, id)
    })?;
    let Some(document) = document else {
        return Err(ApiError::not_found("Document", "certificate id", call.params.id));
    };
    let kind = call.query.get("$type").unwrap_or("Pdf");
    if kind.eq_ignore_ascii_case("pdf") {
        return Ok(Reply::bytes("application/pdf", document.into_pdf()?));
    }
    if !kind.eq_ignore_ascii_case("jpeg") {
        return Err(ApiError::new(Code::INVALID_ENUM, format!("'{kind}' is neither Pdf nor Jpeg.")).at("$type"));
    }
    let Some(page) = call.query.get("$page") else {
        return Err(ApiError::required("$page"));
    };
    let Ok(number) = page.parse::<usize>() else {
        return Err(ApiError::new(Code::INVALID_QUERY_VALUE, "'$page' must be a page number.").at("$page"));
    };
    match document.into_jpeg(number)? {
        Some(bytes) => Ok(Reply::bytes("image/jpeg", bytes)),
        None => Err(ApiError::not_found("Page", "number", number)),
    }
}

/// Reads the one part named `file` of the form.
pub(super) async fn file_of_form(call: &Call<'_>) -> Result<Vec<u8>, ApiError> {
    let wrong = |why: &str| ApiError::new(Code::INVALID_CONTENT_TYPE, why);
    let content_type = call.content_type.clone().unwrap_or_default();
    let mut request = Request::new(axum::body::Body::from(call.body.clone()));
    let header = content_type.parse().map_err(|_| wrong("The content type must be multipart/form-data."))?;
    request.headers_mut().insert(CONTENT_TYPE, header);
    // The body is in memory already and was measured when it came in.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut form =
        Multipart::from_request(request, &()).await.map_err(|_| wrong("The content type must be multipart/form-data with a boundary."))?;
    while let Some(part) = form.next_field().await.map_err(|_| wrong("The form could not be read."))? {
        if part.name() == Some("file") {
            let bytes = part.bytes().await.map_err(|_| wrong("The form could not be read."))?;
            return Ok(bytes.to_vec());
        }
    }
    Err(ApiError::required("file"))
}

pub(super) fn upload(call: &Call<'_>) -> Result<Reply, ApiError> {
    // Handlers run on a thread for blocking work, and the form's bytes are all there: this never waits.
    let bytes = tokio::runtime::Handle::current().block_on(file_of_form(call))?;
    if bytes.is_empty() {
        return Err(ApiError::new(Code::INVALID_FILE, "The file is empty.").at("file"));
    }
    let document = documents::check_attachment(bytes)?;
    call.context.store.write(|tx| {
        require_setup(tx, call.params.company)?;
        let id = require(tx, call.params.company, call.params.id)?;
        documents::save(tx, id, &document)?;
        tx.execute("UPDATE certificates SET modified = ?2 WHERE id = ?1", params![id, clock::now()])?;
        Ok(Reply::json(&Value::from("Certificate image uploaded.")))
    })
}

/// Whether a certificate exempts this customer in this region today.
pub(super) fn valid_for_region(call: &Call<'_>) -> Result<Reply, ApiError> {
    let today = clock::today(call.context.options.today).to_string();
    call.context.store.write(|tx| {
        require_setup(tx, call.params.company)?;
        let customer = customers::require_id(tx, call.params.company, &call.params.code)?;
        let mut statement = tx.prepare_cached(
            // A city's or county's certificate does not exempt in the whole state.
            "SELECT t.id, t.processing_polls FROM certificates t
             JOIN certificate_customers l ON l.certificate_id = t.id AND l.customer_id = ?1
             JOIN exposure_zones z ON z.id = t.zone_id AND z.level = 'state'
             JOIN exempt_reasons r ON r.id = t.reason_id AND r.exempts
             WHERE z.country = ?2 AND z.region = ?3 AND t.valid AND t.exempt_percentage > 0 AND t.signed_date <= ?4
               AND (t.expiration_date IS NULL OR t.expiration_date >= ?4)
             ORDER BY t.verified DESC, t.modified DESC, t.id DESC",
        )?;
        let found = statement
            .query_map(
                params![customer, call.params.country.to_ascii_uppercase(), call.params.region.to_ascii_uppercase(), today],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?
            .collect::<Result<Vec<(i64, i64)>, _>>()?;
        let mut exempting = None;
        for (id, polls) in found {
            if polls > 0 {
                // Still being processed: it counts only after this many questions.
                tx.execute("UPDATE certificates SET processing_polls = processing_polls - 1 WHERE id = ?1", [id])?;
            } else {
                exempting = exempting.or(Some(id));
            }
        }
        Ok(Reply::json(&match exempting {
            Some(id) => json!({"status": "Exempt", "certificate": by_id(tx, id, call.context)?}),
            None => json!({"status": "NotExempt"}),
        }))
    })
}
