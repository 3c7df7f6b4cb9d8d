//! Which certificate covers which customer.
//!
//! Owns: the link table, from both ends. Must not touch: the records themselves.
//! Linking a pair that is linked already changes nothing and is no error: what the service does is not documented.

use rusqlite::Transaction;
use rusqlite::types::Value as SqlValue;
use serde::Deserialize;

use super::certificates;
use super::companies::require_setup;
use super::customers::{self, LinkCustomers};
use super::errors::ApiError;
use super::listing::Listing;
use super::wire::{Call, Reply};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LinkCertificates {
    certificates: Option<Vec<i64>>,
}

pub(super) fn link(tx: &Transaction<'_>, customer: i64, certificate: i64) -> Result<(), ApiError> {
    tx.prepare_cached("INSERT OR IGNORE INTO certificate_customers (customer_id, certificate_id) VALUES (?1, ?2)")?
        .execute([customer, certificate])?;
    Ok(())
}

pub(super) fn unlink(tx: &Transaction<'_>, customer: i64, certificate: i64) -> Result<(), ApiError> {
    tx.prepare_cached("DELETE FROM certificate_customers WHERE customer_id = ?1 AND certificate_id = ?2")?
        .execute([customer, certificate])?;
    Ok(())
}

type Change = fn(&Transaction<'_>, i64, i64) -> Result<(), ApiError>;

fn certificates_of_customer(call: &Call<'_>, change: Change) -> Result<Reply, ApiError> {
    let company = call.params.company;
    call.context.store.write(|tx| {
        require_setup(tx, company)?;
        let customer = customers::require_id(tx, company, &call.params.code)?;
        let ids = call.object::<LinkCertificates>()?.certificates.unwrap_or_default();
        if ids.is_empty() {
            return Err(ApiError::required("certificates"));
        }
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            certificates::require(tx, company, id)?;
            change(tx, customer, id)?;
            rows.push(certificates::by_id(tx, id, call.context)?);
        }
        Ok(Listing::whole(rows).reply())
    })
}

fn customers_of_certificate(call: &Call<'_>, change: Change) -> Result<Reply, ApiError> {
    let company = call.params.company;
    call.context.store.write(|tx| {
        require_setup(tx, company)?;
        let certificate = certificates::require(tx, company, call.params.id)?;
        let ids = call.object::<LinkCustomers>()?.ids(tx, company)?;
        for id in &ids {
            change(tx, *id, certificate)?;
        }
        Ok(customers::listing(tx, &ids)?.reply())
    })
}

pub(super) fn link_certificates(call: &Call<'_>) -> Result<Reply, ApiError> {
    certificates_of_customer(call, link)
}

pub(super) fn unlink_certificates(call: &Call<'_>) -> Result<Reply, ApiError> {
    certificates_of_customer(call, unlink)
}

pub(super) fn link_customers(call: &Call<'_>) -> Result<Reply, ApiError> {
    customers_of_certificate(call, link)
}

pub(super) fn unlink_customers(call: &Call<'_>) -> Result<Reply, ApiError> {
    customers_of_certificate(call, unlink)
}

pub(super) fn list_customers(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.read(|c| {
        require_setup(c, call.params.company)?;
        let id = certificates::require(c, call.params.company, call.params.id)?;
        let rows = customers::CUSTOMER.all(c, "c.id IN (SELECT customer_id FROM certificate_customers WHERE certificate_id = ?1)", [id])?;
        Ok(Listing::whole(rows).reply())
    })
}

pub(super) fn list_certificates(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.read(|c| {
        require_setup(c, call.params.company)?;
        let id = customers::require_id(c, call.params.company, &call.params.code)?;
        let mut listing = certificates::CERTIFICATE.page(
            c,
            call,
            "t.id IN (SELECT certificate_id FROM certificate_customers WHERE customer_id = ?)",
            vec![SqlValue::Integer(id)],
        )?;
        certificates::complete_all(c, &mut listing.rows, call)?;
        Ok(listing.reply())
    })
}
