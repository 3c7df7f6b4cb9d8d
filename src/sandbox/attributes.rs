//! Attributes of customers and certificates: list, link, unlink.
//!
//! Owns: the two link tables of attributes. Must not touch: the records themselves.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;

use super::certificates;
use super::companies::require_setup;
use super::customers;
use super::definitions::{CERTIFICATE_ATTRIBUTE, CUSTOMER_ATTRIBUTE};
use super::errors::{ApiError, Code};
use super::listing::Listing;
use super::wire::{Call, Object, Reply};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AttributeInput {
    id: Option<i64>,
    name: Option<String>,
}

/// Whose attributes are meant; the SQL differs in nothing but the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Customer,
    Certificate,
}

impl Owner {
    fn id(self, connection: &Connection, call: &Call<'_>) -> Result<i64, ApiError> {
        require_setup(connection, call.params.company)?;
        match self {
            Owner::Customer => customers::require_id(connection, call.params.company, &call.params.code),
            Owner::Certificate => certificates::require(connection, call.params.company, call.params.id),
        }
    }

    fn attributes(self, connection: &Connection, id: i64) -> Result<Vec<Object>, ApiError> {
        match self {
            Owner::Customer => of_customer(connection, id),
            Owner::Certificate => of_certificate(connection, id),
        }
    }

    fn find(self, connection: &Connection, wanted: &AttributeInput) -> Result<(i64, bool), ApiError> {
        let sql = match self {
            Owner::Customer => "SELECT id, is_changeable FROM customer_attributes WHERE id = ?1 OR (?1 IS NULL AND name = ?2)",
            Owner::Certificate => "SELECT id, 1 FROM certificate_attributes WHERE id = ?1 OR (?1 IS NULL AND name = ?2)",
        };
        let id = wanted.id.filter(|id| *id != 0);
        connection.prepare_cached(sql)?.query_row(params![id, wanted.name], |row| Ok((row.get(0)?, row.get(1)?))).optional()?.ok_or_else(
            || {
                let shown = wanted.name.clone().or_else(|| id.map(|i| i.to_string())).unwrap_or_default();
                ApiError::not_found("Attribute", "id or name", shown)
            },
        )
    }

    fn change(self, link: bool) -> &'static str {
        match (self, link) {
            (Owner::Customer, true) => "INSERT OR IGNORE INTO customer_attribute_links (customer_id, attribute_id) VALUES (?1, ?2)",
            (Owner::Customer, false) => "DELETE FROM customer_attribute_links WHERE customer_id = ?1 AND attribute_id = ?2",
            (Owner::Certificate, true) => {
                "INSERT OR IGNORE INTO certificate_attribute_links (certificate_id, attribute_id) VALUES (?1, ?2)"
            }
            (Owner::Certificate, false) => "DELETE FROM certificate_attribute_links WHERE certificate_id = ?1 AND attribute_id = ?2",
        }
    }
}

pub(super) fn of_customer(connection: &Connection, id: i64) -> Result<Vec<Object>, ApiError> {
    CUSTOMER_ATTRIBUTE.all(connection, "a.id IN (SELECT attribute_id FROM customer_attribute_links WHERE customer_id = ?1)", [id])
}

pub(super) fn of_certificate(connection: &Connection, id: i64) -> Result<Vec<Object>, ApiError> {
    CERTIFICATE_ATTRIBUTE.all(connection, "a.id IN (SELECT attribute_id FROM certificate_attribute_links WHERE certificate_id = ?1)", [id])
}

fn list(call: &Call<'_>, owner: Owner) -> Result<Reply, ApiError> {
    call.context.store.read(|c| {
        let id = owner.id(c, call)?;
        Ok(Listing::whole(owner.attributes(c, id)?).reply())
    })
}

fn change(call: &Call<'_>, owner: Owner, link: bool) -> Result<Reply, ApiError> {
    call.context.store.write(|tx| {
        let id = owner.id(tx, call)?;
        for wanted in call.array::<AttributeInput>()? {
            let (attribute, changeable) = owner.find(tx, &wanted)?;
            if !changeable {
                return Err(ApiError::new(Code::PERMISSION_REQUIRED, format!("The attribute '{attribute}' cannot be changed.")));
            }
            tx.execute(owner.change(link), [id, attribute])?;
        }
        Ok(Listing::whole(owner.attributes(tx, id)?).reply())
    })
}

pub(super) fn list_customer(call: &Call<'_>) -> Result<Reply, ApiError> {
    list(call, Owner::Customer)
}

pub(super) fn link_customer(call: &Call<'_>) -> Result<Reply, ApiError> {
    change(call, Owner::Customer, true)
}

pub(super) fn unlink_customer(call: &Call<'_>) -> Result<Reply, ApiError> {
    change(call, Owner::Customer, false)
}

pub(super) fn list_certificate(call: &Call<'_>) -> Result<Reply, ApiError> {
    list(call, Owner::Certificate)
}

pub(super) fn link_certificate(call: &Call<'_>) -> Result<Reply, ApiError> {
    change(call, Owner::Certificate, true)
}

pub(super) fn unlink_certificate(call: &Call<'_>) -> Result<Reply, ApiError> {
    change(call, Owner::Certificate, false)
}
