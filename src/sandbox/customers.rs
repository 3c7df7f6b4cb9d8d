//! Customers: query, get, create, replace, delete, and the ship-to link.
//!
//! Owns: the rules for a customer record. Must not touch: certificates, but for showing those that are linked.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::attributes;
use super::certificates;
use super::clock;
use super::companies::require_setup;
use super::definitions::{self, ZoneInput};
use super::errors::{ApiError, Code};
use super::filter::{Field, Kind};
use super::listing::{Listing, Resource};
use super::paging::Query;
use super::places;
use super::wire::{Call, Context, Object, Reply, clean};

pub(super) const CUSTOMER: Resource = Resource {
    fields: &[
        Field::new("id", "c.id", Kind::Integer),
        Field::new("companyId", "c.company_id", Kind::Integer),
        Field::new("customerCode", "c.code", Kind::Exact),
        Field::new("alternateId", "c.alternate_id", Kind::Text),
        Field::new("name", "c.name", Kind::Text),
        Field::new("attnName", "c.attn_name", Kind::Text),
        Field::new("line1", "c.line1", Kind::Text),
        Field::new("line2", "c.line2", Kind::Text),
        Field::new("city", "c.city", Kind::Text),
        Field::new("postalCode", "c.postal_code", Kind::Text),
        Field::new("phoneNumber", "c.phone", Kind::Text),
        Field::new("faxNumber", "c.fax", Kind::Text),
        Field::new("emailAddress", "c.email", Kind::Text),
        Field::new("contactName", "c.contact_name", Kind::Text),
        Field::new("createdDate", "c.created", Kind::Moment),
        Field::new("modifiedDate", "c.modified", Kind::Moment),
        Field::new("country", "c.country", Kind::Text),
        Field::new("region", "c.region", Kind::Text),
        Field::new("isBill", "c.is_bill", Kind::Boolean),
        Field::new("isShip", "c.is_ship", Kind::Boolean),
        Field::new("taxpayerIdNumber", "c.taxpayer_id", Kind::Text),
        // Nothing is sold through a sandbox, so no customer ever has a last transaction.
        Field::new("lastTransaction", "NULL", Kind::Moment),
        Field::nested("certificates"),
        Field::nested("customFields"),
        Field::nested("exposureZones"),
        Field::nested("shipTos"),
        Field::nested("attributes"),
    ],
    from: "customers c",
    order: "c.id",
};

/// A customer as it is sent. Read-only fields are not here: whatever a client puts in them is ignored.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CustomerInput {
    company_id: Option<i64>,
    customer_code: Option<String>,
    alternate_id: Option<String>,
    name: Option<String>,
    attn_name: Option<String>,
    line1: Option<String>,
    line2: Option<String>,
    city: Option<String>,
    postal_code: Option<String>,
    phone_number: Option<String>,
    fax_number: Option<String>,
    email_address: Option<String>,
    contact_name: Option<String>,
    country: Option<String>,
    region: Option<String>,
    is_bill: Option<bool>,
    is_ship: Option<bool>,
    taxpayer_id_number: Option<String>,
    custom_fields: Option<Vec<CustomField>>,
    exposure_zones: Option<Vec<ZoneInput>>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
struct CustomField {
    name: Option<String>,
    value: Option<String>,
}

/// A customer that may be stored.
#[derive(Debug)]
struct Checked {
    code: String,
    country: String,
    region: Option<String>,
    custom_fields: Option<String>,
    zones: Option<Vec<i64>>,
    input: CustomerInput,
}

pub(super) const CODE_LENGTH: usize = 50;

fn check(connection: &Connection, mut input: CustomerInput) -> Result<Checked, ApiError> {
    let mut errors = Vec::new();
    if input.company_id.is_none() {
        errors.push(ApiError::required("companyId"));
    }
    // The code is kept as it is: blanks at its ends are part of it, and only an all blank one is no code.
    let code = input.customer_code.take().unwrap_or_default();
    let mut texts: [(&'static str, &mut Option<String>, bool, usize); 13] = [
        ("name", &mut input.name, true, 100),
        ("line1", &mut input.line1, true, 50),
        ("line2", &mut input.line2, false, 50),
        ("city", &mut input.city, true, 50),
        ("postalCode", &mut input.postal_code, true, 10),
        ("region", &mut input.region, false, 3),
        ("country", &mut input.country, true, 100),
        ("alternateId", &mut input.alternate_id, false, 50),
        ("attnName", &mut input.attn_name, false, 100),
        ("phoneNumber", &mut input.phone_number, false, 50),
        ("faxNumber", &mut input.fax_number, false, 50),
        ("contactName", &mut input.contact_name, false, 100),
        ("taxpayerIdNumber", &mut input.taxpayer_id_number, false, 50),
    ];
    for (name, text, required, longest) in &mut texts {
        **text = clean(text.as_deref());
        match text.as_deref() {
            None if *required => errors.push(ApiError::required(name)),
            Some(value) => errors.extend(too_long(name, value, *longest)),
            None => {}
        }
    }
    if code.trim().is_empty() {
        errors.push(ApiError::required("customerCode"));
    } else {
        errors.extend(too_long("customerCode", &code, CODE_LENGTH));
    }
    input.email_address = clean(input.email_address.as_deref());
    if let Some(email) = &input.email_address
        && !is_email(email)
    {
        errors.push(ApiError::new(Code::EMAIL_VALIDATION, format!("The email address '{email}' is not valid.")).at("emailAddress"));
    }
    if input.is_bill == Some(true) && input.is_ship == Some(true) {
        errors.push(ApiError::new(Code::BILL_AND_SHIP, "A customer record is either bill-to or ship-to, not both.").at("isBill"));
    }
    let mut country = String::new();
    let mut region = None;
    if let Some(text) = &input.country {
        match places::country(connection, text) {
            Ok(code) => match places::region(connection, &code, input.region.as_deref()) {
                Ok(found) => (country, region) = (code, found),
                Err(error) => errors.push(error),
            },
            Err(error) => errors.push(error),
        }
    }
    let mut zones = None;
    if let Some(wanted) = &input.exposure_zones {
        let mut ids = Vec::with_capacity(wanted.len());
        for (i, zone) in wanted.iter().enumerate() {
            match definitions::find_zone(connection, zone) {
                Ok(id) => ids.push(id),
                Err(error) => errors.push(error.at(format!("exposureZones[{i}]"))),
            }
        }
        zones = Some(ids);
    }
    let custom_fields = match &input.custom_fields {
        Some(fields) => Some(serde_json::to_string(fields).map_err(|_| ApiError::internal())?),
        None => None,
    };
    match ApiError::all(errors) {
        Some(error) => Err(error),
        None => Ok(Checked { code, country, region, custom_fields, zones, input }),
    }
}

pub(super) fn too_long(field: &str, value: &str, longest: usize) -> Option<ApiError> {
    (value.chars().count() > longest).then(|| {
        ApiError::new(Code::STRING_LENGTH, format!("Field '{field}' must be between 0 and {longest} characters in length.")).at(field)
    })
}

/// The shape that mail systems ask for: something, an at sign, and a domain with a dot; no blanks.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    text.len() <= 254
        && !local.is_empty()
        && !local.contains('@')
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '<' | '>'))
        && domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
}

/// Tells a taken code apart from any other failure; the schema is what notices it.
fn duplicate(error: rusqlite::Error, code: &str) -> ApiError {
    match error.sqlite_error() {
        Some(inner) if inner.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE => ApiError::new(
            Code::DUPLICATE_ENTRY,
            format!(
                "A customer with the customerCode '{code}' already exists. Identity is determined by the fields companyId, customerCode."
            ),
        )
        .at("customerCode"),
        _ => ApiError::from(error),
    }
}

/// Writes the record's own columns; `last` is the company of a new record or the id of a replaced one.
fn save(tx: &Transaction<'_>, sql: &str, checked: &Checked, last: i64) -> Result<(), ApiError> {
    let input = &checked.input;
    tx.prepare_cached(sql)?
        .execute(params![
            checked.code,
            input.alternate_id,
            input.name,
            input.attn_name,
            input.line1,
            input.line2,
            input.city,
            input.postal_code,
            input.phone_number,
            input.fax_number,
            input.email_address,
            input.contact_name,
            checked.country,
            checked.region,
            input.is_bill,
            input.is_ship,
            input.taxpayer_id_number,
            checked.custom_fields,
            clock::now(),
            last,
        ])
        .map_err(|error| duplicate(error, &checked.code))?;
    Ok(())
}

const INSERT: &str = "INSERT INTO customers (code, alternate_id, name, attn_name, line1, line2, city, postal_code, phone, fax, email,
   contact_name, country, region, is_bill, is_ship, taxpayer_id, custom_fields, created, modified, company_id)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?19, ?20)";

const UPDATE: &str = "UPDATE customers SET code = ?1, alternate_id = ?2, name = ?3, attn_name = ?4, line1 = ?5, line2 = ?6, city = ?7,
   postal_code = ?8, phone = ?9, fax = ?10, email = ?11, contact_name = ?12, country = ?13, region = ?14, is_bill = ?15,
   is_ship = ?16, taxpayer_id = ?17, custom_fields = ?18, modified = ?19
 WHERE id = ?20";

fn save_zones(tx: &Transaction<'_>, id: i64, zones: Option<&[i64]>) -> Result<(), ApiError> {
    tx.prepare_cached("DELETE FROM customer_zones WHERE customer_id = ?1")?.execute([id])?;
    add_zones(tx, id, zones)
}

fn add_zones(tx: &Transaction<'_>, id: i64, zones: Option<&[i64]>) -> Result<(), ApiError> {
    for zone in zones.unwrap_or_default() {
        tx.prepare_cached("INSERT OR IGNORE INTO customer_zones (customer_id, zone_id) VALUES (?1, ?2)")?.execute([id, *zone])?;
    }
    Ok(())
}

pub(super) fn find_id(connection: &Connection, company: i64, code: &str) -> Result<Option<i64>, ApiError> {
    Ok(connection
        .prepare_cached("SELECT id FROM customers WHERE company_id = ?1 AND code = ?2")?
        .query_row(params![company, code], |row| row.get(0))
        .optional()?)
}

/// The customer's id, or the refusal that names its code.
pub(super) fn require_id(connection: &Connection, company: i64, code: &str) -> Result<i64, ApiError> {
    find_id(connection, company, code)?.ok_or_else(|| ApiError::not_found("Customer", "customerCode", code))
}

/// A customer that exists only because a certificate named its code.
pub(super) fn create_ghost(tx: &Transaction<'_>, company: i64, code: &str, name: Option<&str>) -> Result<i64, ApiError> {
    tx.prepare_cached("INSERT INTO customers (company_id, code, name, created, modified) VALUES (?1, ?2, ?3, ?4, ?4)")?
        .execute(params![company, code, name, clock::now()])?;
    Ok(tx.last_insert_rowid())
}

pub(super) fn by_id(connection: &Connection, id: i64) -> Result<Object, ApiError> {
    CUSTOMER.one(connection, "c.id = ?1", [id])?.ok_or_else(ApiError::internal)
}

/// Adds what `$include` asks for. Ship-tos and bill-tos are shown without their own inclusions.
fn include(connection: &Connection, customer: &mut Object, query: &Query, context: &Context) -> Result<(), ApiError> {
    let Some(id) = customer.get("id").and_then(Value::as_i64) else {
        return Ok(());
    };
    let custom: Option<String> =
        connection.prepare_cached("SELECT custom_fields FROM customers WHERE id = ?1")?.query_row([id], |row| row.get(0))?;
    if let Some(fields) = custom.and_then(|text| serde_json::from_str(&text).ok()) {
        customer.insert("customFields".to_owned(), fields);
    }
    if query.get("$include").is_none() {
        return Ok(());
    }
    let mut put = |name: &str, rows: Vec<Object>| {
        customer.insert(name.to_owned(), Value::from(rows));
    };
    if query.includes(&["certificates"]) {
        put("certificates", certificates::of_customer(connection, id, context)?);
    }
    if query.includes(&["attributes"]) {
        put("attributes", attributes::of_customer(connection, id)?);
    }
    if query.includes(&["exposureZones", "shipToStates"]) {
        put("exposureZones", zones_of(connection, id)?);
    }
    if query.includes(&["shipToStates"]) {
        put("shipToStates", zones_of(connection, id)?);
    }
    if query.includes(&["shipTos"]) {
        put("shipTos", CUSTOMER.all(connection, "c.id IN (SELECT ship_id FROM customer_ship_tos WHERE bill_id = ?1)", [id])?);
    }
    if query.includes(&["billTos"]) {
        put("billTos", CUSTOMER.all(connection, "c.id IN (SELECT bill_id FROM customer_ship_tos WHERE ship_id = ?1)", [id])?);
    }
    Ok(())
}

fn zones_of(connection: &Connection, id: i64) -> Result<Vec<Object>, ApiError> {
    definitions::ZONE.all(connection, "z.id IN (SELECT zone_id FROM customer_zones WHERE customer_id = ?1)", [id])
}

/// A record as create and update answer it: with the zones that were sent.
fn echo(connection: &Connection, id: i64, context: &Context) -> Result<Object, ApiError> {
    let mut customer = by_id(connection, id)?;
    include(connection, &mut customer, &Query::default(), context)?;
    let zones = zones_of(connection, id)?;
    if !zones.is_empty() {
        customer.insert("exposureZones".to_owned(), Value::from(zones));
    }
    Ok(customer)
}

/// The same for records that were made in one transaction, whose ids therefore follow each other: a query for all instead of three for each.
fn echo_all(connection: &Connection, ids: &[i64]) -> Result<Vec<Object>, ApiError> {
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Ok(Vec::new()) };
    let mut rows = CUSTOMER.all(connection, "c.id BETWEEN ?1 AND ?2", [first, last])?;
    let mut custom =
        connection.prepare_cached("SELECT id, custom_fields FROM customers WHERE id BETWEEN ?1 AND ?2 AND custom_fields IS NOT NULL")?;
    let custom: HashMap<i64, String> = custom.query_map([first, last], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let mut links = connection.prepare_cached("SELECT customer_id, zone_id FROM customer_zones WHERE customer_id BETWEEN ?1 AND ?2")?;
    let links = links.query_map([first, last], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<Vec<(i64, i64)>, _>>()?;
    let mut zones: HashMap<i64, Object> = HashMap::new();
    let mut of: HashMap<i64, Vec<Object>> = HashMap::new();
    for (customer, zone) in links {
        if let Entry::Vacant(place) = zones.entry(zone) {
            place.insert(definitions::ZONE.one(connection, "z.id = ?1", [zone])?.ok_or_else(ApiError::internal)?);
        }
        of.entry(customer).or_default().push(zones[&zone].clone());
    }
    for row in &mut rows {
        let id = row.get("id").and_then(Value::as_i64).unwrap_or_default();
        if let Some(fields) = custom.get(&id).and_then(|text| serde_json::from_str(text).ok()) {
            row.insert("customFields".to_owned(), fields);
        }
        if let Some(zones) = of.remove(&id) {
            row.insert("exposureZones".to_owned(), Value::from(zones));
        }
    }
    Ok(rows)
}

pub(super) fn query(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.read(|c| {
        require_setup(c, call.params.company)?;
        let mut listing = CUSTOMER.page(c, call, "c.company_id = ?", vec![SqlValue::Integer(call.params.company)])?;
        for customer in &mut listing.rows {
            include(c, customer, &call.query, call.context)?;
        }
        Ok(listing.reply())
    })
}

pub(super) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.read(|c| {
        require_setup(c, call.params.company)?;
        let id = require_id(c, call.params.company, &call.params.code)?;
        let mut customer = by_id(c, id)?;
        include(c, &mut customer, &call.query, call.context)?;
        Ok(Reply::object(customer))
    })
}

/// One customer out of the fields of an AvaTax customer; gives its id.
pub(super) fn create_one(tx: &Transaction<'_>, fields: Object, company: i64, context: &Context) -> Result<i64, ApiError> {
    let input: CustomerInput = serde_json::from_value(Value::Object(fields)).map_err(|_| ApiError::internal())?;
    let checked = check(tx, input)?;
    if context.faults.refuses_customer(&checked.code) {
        return Err(ApiError::new(Code::CERTIFICATES, "The customer is refused, as the sandbox was told to.").at("customerCode"));
    }
    save(tx, INSERT, &checked, company)?;
    Ok(tx.last_insert_rowid())
}

/// Replaces a customer's own fields; its zones stay.
pub(super) fn replace_one(tx: &Transaction<'_>, fields: Object, id: i64) -> Result<(), ApiError> {
    let input: CustomerInput = serde_json::from_value(Value::Object(fields)).map_err(|_| ApiError::internal())?;
    save(tx, UPDATE, &check(tx, input)?, id)
}

/// All rows or none: one bad row refuses the batch, and every bad row is named.
pub(super) fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    let company = call.params.company;
    call.context.store.write(|tx| {
        require_setup(tx, company)?;
        let mut errors = Vec::new();
        let mut made: Vec<i64> = Vec::new();
        for (i, input) in call.array::<CustomerInput>()?.into_iter().enumerate() {
            let saved = check(tx, input).and_then(|checked| {
                if call.context.faults.refuses_customer(&checked.code) {
                    return Err(
                        ApiError::new(Code::CERTIFICATES, "The customer is refused, as the sandbox was told to.").at("customerCode")
                    );
                }
                save(tx, INSERT, &checked, company)?;
                let id = tx.last_insert_rowid();
                add_zones(tx, id, checked.zones.as_deref())?;
                Ok(id)
            });
            match saved {
                Ok(id) => made.push(id),
                Err(error) => errors.push(error.in_row(i)),
            }
        }
        if let Some(error) = ApiError::all(errors) {
            return Err(error);
        }
        Ok(Reply::objects(echo_all(tx, &made)?))
    })
}

/// Replaces the whole record: what is not sent is gone afterwards, the links stay.
pub(super) fn update(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.write(|tx| {
        require_setup(tx, call.params.company)?;
        let id = require_id(tx, call.params.company, &call.params.code)?;
        let checked = check(tx, call.object()?)?;
        save(tx, UPDATE, &checked, id)?;
        save_zones(tx, id, checked.zones.as_deref())?;
        Ok(Reply::object(echo(tx, id, call.context)?))
    })
}

pub(super) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.write(|tx| {
        require_setup(tx, call.params.company)?;
        let id = require_id(tx, call.params.company, &call.params.code)?;
        let customer = by_id(tx, id)?;
        tx.execute("DELETE FROM customers WHERE id = ?1", [id])?;
        Ok(Reply::object(customer))
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LinkCustomers {
    pub(super) customers: Option<Vec<String>>,
}

impl LinkCustomers {
    /// The ids of all customers named; one unknown code refuses the whole call.
    pub(super) fn ids(&self, connection: &Connection, company: i64) -> Result<Vec<i64>, ApiError> {
        let codes = self.customers.as_deref().unwrap_or_default();
        if codes.is_empty() {
            return Err(ApiError::required("customers"));
        }
        codes.iter().map(|code| require_id(connection, company, code)).collect()
    }
}

pub(super) fn listing(connection: &Connection, ids: &[i64]) -> Result<Listing, ApiError> {
    let rows = ids.iter().map(|id| by_id(connection, *id)).collect::<Result<_, _>>()?;
    Ok(Listing::whole(rows))
}

pub(super) fn link_ship_tos(call: &Call<'_>) -> Result<Reply, ApiError> {
    let company = call.params.company;
    call.context.store.write(|tx| {
        require_setup(tx, company)?;
        let flags = |id: i64| {
            tx.query_row("SELECT coalesce(is_bill, 0), coalesce(is_ship, 0) FROM customers WHERE id = ?1", [id], |row| {
                Ok((row.get::<_, bool>(0)?, row.get::<_, bool>(1)?))
            })
        };
        let bill = require_id(tx, company, &call.params.code)?;
        if flags(bill)?.1 {
            return Err(ApiError::new(Code::BILL_TO_EXPECTED, format!("The customer '{}' is a ship-to customer.", call.params.code)));
        }
        for ship in call.object::<LinkCustomers>()?.ids(tx, company)? {
            if ship == bill || flags(ship)?.0 {
                return Err(ApiError::new(Code::SHIP_TO_EXPECTED, "Only ship-to customers can be linked to a bill-to customer."));
            }
            tx.execute("INSERT OR IGNORE INTO customer_ship_tos (bill_id, ship_id) VALUES (?1, ?2)", [bill, ship])?;
        }
        let mut customer = by_id(tx, bill)?;
        include(tx, &mut customer, &Query::parse(Some("$include=shipTos")), call.context)?;
        Ok(Reply::object(customer))
    })
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn emails() {
        for good in ["a@b.example", "first.last+tag@shop.example.com", "o'neil@b-c.example", "ü@ü.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in
            ["", "a", "a@", "@b.example", "a@b", "a@@b.example", "a b@c.example", "a@b..example", "a@-b.example", "a@b.example;c@d.example"]
        {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
