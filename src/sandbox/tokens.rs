//! Random tokens, and the eCommerce tokens that are made of them.
//!
//! Owns: the `ecommerce_tokens` table. Must not touch: customers, but for finding one by its code.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, Transaction, params};
use serde::Deserialize;
use serde_json::{Value, json};

use super::clock;
use super::companies::require_setup;
use super::customers;
use super::errors::{ApiError, Code};
use super::listing::Listing;
use super::wire::{Call, Reply};

pub(super) const LIFE: SignedDuration = SignedDuration::from_hours(1);

/// 128 random bits in letters that need no escape in a URL.
pub(super) fn random() -> Result<String, ApiError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| ApiError::internal())?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateInput {
    customer_number: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RefreshInput {
    token: Option<String>,
}

fn answer(token: &str, company: i64, created: &str, expires: &str) -> Value {
    json!({"token": token, "clientIds": [company], "createdDate": created, "expirationDate": expires})
}

pub(super) fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    let company = call.params.company;
    let input: CreateInput = call.object()?;
    call.context.store.write(|tx| {
        require_setup(tx, company)?;
        let Some(code) = input.customer_number.filter(|code| !code.trim().is_empty()) else {
            return Err(ApiError::required("customerNumber"));
        };
        let (token, made, expires) = make(tx, company, &code)?;
        Ok(Reply::json(&answer(&token, company, &made, &expires)))
    })
}

/// A new token for a customer, when it was made and when it ends.
pub(super) fn make(tx: &Transaction<'_>, company: i64, code: &str) -> Result<(String, String, String), ApiError> {
    let customer = customers::require_id(tx, company, code)?;
    // Three parts like a signed token, but with nothing in them to trust.
    let head = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let token = format!("{head}.{}.{}", random()?, random()?);
    let created = Timestamp::now();
    let (made, expires) = (clock::moment(created), clock::moment(created + LIFE));
    tx.execute(
        "INSERT INTO ecommerce_tokens (token, company_id, customer_id, created, expires) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![token, company, customer, made, expires],
    )?;
    Ok((token, made, expires))
}

pub(super) fn refresh(call: &Call<'_>) -> Result<Reply, ApiError> {
    let company = call.params.company;
    let input: RefreshInput = call.object()?;
    call.context.store.write(|tx| {
        require_setup(tx, company)?;
        let Some(token) = input.token.filter(|token| !token.trim().is_empty()) else {
            return Err(ApiError::required("token"));
        };
        let created: Option<String> = tx
            .query_row("SELECT created FROM ecommerce_tokens WHERE token = ?1 AND company_id = ?2", params![token, company], |row| {
                row.get(0)
            })
            .optional()?;
        let Some(created) = created else {
            return Err(ApiError::new(Code::ENTITY_NOT_FOUND, "The token was not found."));
        };
        let expires = clock::moment(Timestamp::now() + LIFE);
        tx.execute("UPDATE ecommerce_tokens SET expires = ?2 WHERE token = ?1", params![token, expires])?;
        let Value::Object(row) = answer(&token, company, &created, &expires) else {
            return Err(ApiError::internal());
        };
        Ok(Listing::whole(vec![row]).reply())
    })
}
