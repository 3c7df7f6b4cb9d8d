//! CertExpress invitations: create, get, list, and the page behind the link.
//!
//! Owns: the invitation record and when it is ready. Must not touch: customers, certificates. No mail is ever sent.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Deserialize;
use serde_json::{Value, json};

use super::clock;
use super::companies::require_setup;
use super::customers::{self, is_email};
use super::definitions::COVER_LETTER;
use super::errors::{ApiError, Code};
use super::filter::{Field, Kind};
use super::listing::Resource;
use super::tokens;
use super::wire::{Call, Context, Object, Reply, clean};

const INVITATION: Resource = Resource {
    fields: &[
        Field::new("id", "i.id", Kind::Integer),
        Field::new("companyId", "i.company_id", Kind::Integer).unfilterable(),
        Field::new("recipient", "i.recipient", Kind::Text),
        Field::new("customerCode", "c.code", Kind::Exact),
        Field::new("emailStatus", "CASE WHEN i.delivery = 'Email' AND i.polls = 0 THEN 'Sent' END", Kind::Text),
        Field::new("coverLettersOnly", "0", Kind::Boolean),
        Field::new("deliveryMethod", "i.delivery", Kind::Text),
        Field::new("message", "NULL", Kind::Text),
        Field::new("date", "i.created", Kind::Moment),
        Field::nested("customer"),
        Field::nested("coverLetter"),
        Field::nested("exposureZones"),
        Field::nested("exemptReasons"),
        Field::nested("requestLink"),
    ],
    from: "invitations i JOIN customers c ON c.id = i.customer_id",
    order: "i.id",
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct InvitationInput {
    recipient: Option<String>,
    cover_letter_title: Option<String>,
    exposure_zones: Option<Vec<i64>>,
    exempt_reasons: Option<Vec<i64>>,
    delivery_method: Option<String>,
}

struct Checked {
    recipient: Option<String>,
    cover_letter: Option<i64>,
    delivery: &'static str,
    zones: Vec<i64>,
    reasons: Vec<i64>,
}

fn check(connection: &Connection, input: InvitationInput) -> Result<Checked, ApiError> {
    let mut errors = Vec::new();
    let delivery = match clean(input.delivery_method.as_deref()) {
        None => {
            errors.push(ApiError::required("deliveryMethod"));
            ""
        }
        Some(text) => match ["Email", "Fax", "Download"].into_iter().find(|d| d.eq_ignore_ascii_case(&text)) {
            Some(known) => known,
            None => {
                errors
                    .push(ApiError::new(Code::INVALID_ENUM, format!("'{text}' is none of Email, Fax and Download.")).at("deliveryMethod"));
                ""
            }
        },
    };
    let recipient = clean(input.recipient.as_deref());
    if delivery == "Email" {
        match &recipient {
            None => errors.push(ApiError::new(Code::EMAIL_MISSING, "An invitation by email needs a recipient.").at("recipient")),
            Some(email) if !is_email(email) => {
                errors.push(ApiError::new(Code::EMAIL_VALIDATION, format!("The email address '{email}' is not valid.")).at("recipient"))
            }
            Some(_) => {}
        }
    }
    let title = clean(input.cover_letter_title.as_deref());
    let cover_letter: Option<i64> = connection
        .prepare_cached("SELECT id FROM cover_letters WHERE title = ?1 AND active")?
        .query_row([&title], |row| row.get(0))
        .optional()?;
    // A fax may go without a letter; a wrong title is refused everywhere.
    if cover_letter.is_none() && (title.is_some() || delivery != "Fax") {
        errors.push(
            ApiError::new(
                Code::INVALID_COVER_LETTER,
                format!("The cover letter '{}' was not found or is not active.", title.unwrap_or_default()),
            )
            .at("coverLetterTitle"),
        );
    }
    let zones = input.exposure_zones.unwrap_or_default();
    for zone in &zones {
        if !exists(connection, "SELECT EXISTS (SELECT 1 FROM exposure_zones WHERE id = ?1)", *zone)? {
            errors.push(
                ApiError::new(Code::MISSING_EXPOSURE_ZONE, format!("The exposure zone with id '{zone}' was not found."))
                    .at("exposureZones"),
            );
        }
    }
    let reasons = input.exempt_reasons.unwrap_or_default();
    for reason in &reasons {
        if !exists(connection, "SELECT EXISTS (SELECT 1 FROM exempt_reasons WHERE id = ?1)", *reason)? {
            errors.push(
                ApiError::new(Code::INVALID_EXEMPT_REASON, format!("The exemption reason '{reason}' was not found.")).at("exemptReasons"),
            );
        }
    }
    match ApiError::all(errors) {
        Some(error) => Err(error),
        None => Ok(Checked {
            // An invitation that is shown as a link has no recipient.
            recipient: recipient.filter(|_| delivery != "Download"),
            cover_letter,
            delivery,
            zones,
            reasons,
        }),
    }
}

fn exists(connection: &Connection, sql: &str, id: i64) -> Result<bool, ApiError> {
    Ok(connection.prepare_cached(sql)?.query_row([id], |row| row.get(0))?)
}

fn insert(tx: &Transaction<'_>, call: &Call<'_>, customer: i64, checked: &Checked) -> Result<i64, ApiError> {
    tx.execute(
        "INSERT INTO invitations (company_id, customer_id, recipient, cover_letter_id, delivery, token, polls, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            call.params.company,
            customer,
            checked.recipient,
            checked.cover_letter,
            checked.delivery,
            tokens::random()?,
            call.context.options.invitation_polls,
            clock::now(),
        ],
    )?;
    let id = tx.last_insert_rowid();
    for zone in &checked.zones {
        tx.execute("INSERT OR IGNORE INTO invitation_zones (invitation_id, zone_id) VALUES (?1, ?2)", [id, *zone])?;
    }
    for reason in &checked.reasons {
        tx.execute("INSERT OR IGNORE INTO invitation_reasons (invitation_id, reason_id) VALUES (?1, ?2)", [id, *reason])?;
    }
    Ok(id)
}

/// Adds the letter, the ids of zones and reasons, and the link once it is there.
fn complete(connection: &Connection, invitation: &mut Object, context: &Context) -> Result<(), ApiError> {
    let id = invitation.get("id").and_then(Value::as_i64).unwrap_or_default();
    let ids = |sql: &str| -> Result<Vec<i64>, ApiError> {
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(rows)
    };
    invitation.insert("exposureZones".to_owned(), ids("SELECT zone_id FROM invitation_zones WHERE invitation_id = ?1")?.into());
    invitation.insert("exemptReasons".to_owned(), ids("SELECT reason_id FROM invitation_reasons WHERE invitation_id = ?1")?.into());
    let (letter, delivery, polls, token, customer): (Option<i64>, String, i64, String, i64) = connection
        .prepare_cached("SELECT cover_letter_id, delivery, polls, token, customer_id FROM invitations WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
    if let Some(letter) = letter
        && let Some(letter) = COVER_LETTER.one(connection, "l.id = ?1", [letter])?
    {
        invitation.insert("coverLetter".to_owned(), Value::Object(letter));
    }
    invitation.insert("customer".to_owned(), Value::Object(customers::by_id(connection, customer)?));
    if delivery == "Download" && polls == 0 {
        let link = format!("{}/certexpress/{token}", context.base_url);
        invitation.insert("requestLink".to_owned(), Value::from(link));
    }
    Ok(())
}

/// Shows invitations and counts the look: the service finishes them in the background, here each look brings them nearer.
fn show(tx: &Transaction<'_>, rows: &mut [Object], context: &Context) -> Result<(), ApiError> {
    for invitation in rows {
        complete(tx, invitation, context)?;
        if let Some(id) = invitation.get("id").and_then(Value::as_i64) {
            tx.prepare_cached("UPDATE invitations SET polls = polls - 1 WHERE id = ?1 AND polls > 0")?.execute([id])?;
        }
    }
    Ok(())
}

pub(super) fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    let company = call.params.company;
    call.context.store.write(|tx| {
        require_setup(tx, company)?;
        let customer = customers::require_id(tx, company, &call.params.code)?;
        let open = exists(tx, "SELECT EXISTS (SELECT 1 FROM invitations WHERE customer_id = ?1)", customer)?;
        if open && call.context.options.quirks.second_invitation_refused {
            return Err(ApiError::new(
                Code::CERTIFICATES,
                "{\"success\":false,\"code\":\"100130\",\"error\":\"The customer has an open invitation.\"}.",
            ));
        }
        let mut errors = Vec::new();
        let mut answers = Vec::new();
        for (i, input) in call.array::<InvitationInput>()?.into_iter().enumerate() {
            match check(tx, input) {
                Ok(checked) => {
                    let id = insert(tx, call, customer, &checked)?;
                    let mut invitation = INVITATION.one(tx, "i.id = ?1", [id])?.ok_or_else(ApiError::internal)?;
                    complete(tx, &mut invitation, call.context)?;
                    let status = if call.context.options.invitation_polls == 0 { "Ready" } else { "InProgress" };
                    answers.push(json!({"status": status, "invitation": invitation}));
                }
                Err(error) => errors.push(error.in_row(i)),
            }
        }
        match ApiError::all(errors) {
            Some(error) => Err(error),
            None => Ok(Reply::json(&Value::Array(answers))),
        }
    })
}

pub(super) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.write(|tx| {
        require_setup(tx, call.params.company)?;
        let customer = customers::require_id(tx, call.params.company, &call.params.code)?;
        let found = INVITATION.one(tx, "i.id = ?1 AND i.customer_id = ?2", [call.params.id, customer])?;
        let mut rows: Vec<Object> = found.into_iter().collect();
        show(tx, &mut rows, call.context)?;
        rows.pop().map(Reply::object).ok_or_else(|| ApiError::not_found("CertExpressInvitation", "id", call.params.id))
    })
}

pub(super) fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.write(|tx| {
        require_setup(tx, call.params.company)?;
        let mut listing = INVITATION.page(tx, call, "i.company_id = ?", vec![SqlValue::Integer(call.params.company)])?;
        show(tx, &mut listing.rows, call.context)?;
        Ok(listing.reply())
    })
}

/// What a customer sees who follows the link. It needs no sign-in: the token in the link is the key.
pub(super) fn page(call: &Call<'_>) -> Result<Reply, ApiError> {
    let known = call.context.store.read(|c| {
        Ok(c.prepare_cached("SELECT EXISTS (SELECT 1 FROM invitations WHERE token = ?1 AND delivery = 'Download' AND polls = 0)")?
            .query_row([&call.params.token], |row| row.get::<_, bool>(0))?)
    })?;
    if !known {
        return Err(ApiError::not_found("CertExpressInvitation", "token", "(hidden)"));
    }
    Ok(Reply::bytes(
        "text/html; charset=utf-8",
        b"<!doctype html><html lang=\"en\"><title>CertExpress sandbox</title><h1>CertExpress sandbox</h1>\
          <p>Here a customer would send in an exemption certificate. This is a sandbox: nothing can be sent.</p></html>"
            .to_vec(),
    ))
}
