//! Reading records: one field table drives what is shown, what can be filtered and what can be sorted by.
//!
//! Owns: the SELECT for a resource, one record or a page of them, and the list envelope. Must not touch: rules of a resource.

use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use serde_json::{Value, json};

use super::errors::ApiError;
use super::filter::{self, Field, Kind};
use super::paging::{self, Page};
use super::wire::{Call, Object, Reply};

/// A kind of record: its fields and the tables they come from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resource {
    pub(super) fields: &'static [Field],
    pub(super) from: &'static str,
    /// The order where the caller names none; it must be unique.
    pub(super) order: &'static str,
}

impl Resource {
    fn columns(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().filter(|field| field.kind != Kind::Nested)
    }

    fn select(&self, condition: &str) -> String {
        let columns: Vec<&str> = self.columns().map(|field| field.sql).collect();
        format!("SELECT {} FROM {} WHERE {condition}", columns.join(", "), self.from)
    }

    fn object(&self, row: &Row<'_>) -> rusqlite::Result<Object> {
        let mut object = Object::new();
        for (i, field) in self.columns().enumerate() {
            let value = match row.get_ref(i)? {
                // The service leaves out what has no value.
                ValueRef::Null | ValueRef::Blob(_) => continue,
                ValueRef::Integer(n) if field.kind == Kind::Boolean => Value::Bool(n != 0),
                ValueRef::Integer(n) => Value::from(n),
                ValueRef::Real(n) => Value::from(n),
                ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text).into_owned()),
            };
            object.insert(field.name.to_owned(), value);
        }
        Ok(object)
    }

    pub(super) fn one(&self, connection: &Connection, condition: &str, values: impl rusqlite::Params) -> Result<Option<Object>, ApiError> {
        Ok(connection.prepare_cached(&self.select(condition))?.query_row(values, |row| self.object(row)).optional()?)
    }

    pub(super) fn all(&self, connection: &Connection, condition: &str, values: impl rusqlite::Params) -> Result<Vec<Object>, ApiError> {
        let sql = format!("{} ORDER BY {}", self.select(condition), self.order);
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(values, |row| self.object(row))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The page that the call asks for, of the records that meet `condition`.
    pub(super) fn page(
        &self,
        connection: &Connection,
        call: &Call<'_>,
        condition: &str,
        values: Vec<SqlValue>,
    ) -> Result<Listing, ApiError> {
        let page = Page::from_query(&call.query)?;
        let order = paging::order_by(&call.query, self.fields, self.order)?;
        let mut condition = format!("({condition})");
        let mut values = values;
        if let Some(text) = call.query.get("$filter") {
            let wanted = filter::condition(text, self.fields)?;
            condition.push_str(" AND ");
            condition.push_str(&wanted.sql);
            values.extend(wanted.values);
        }
        let count: i64 = connection
            .prepare_cached(&format!("SELECT count(*) FROM {} WHERE {condition}", self.from))?
            .query_row(params_from_iter(values.iter()), |row| row.get(0))?;
        let sql = format!("{} ORDER BY {order} LIMIT ? OFFSET ?", self.select(&condition));
        // Both fit: the page size is at most 1000 and the skip was checked when it was read.
        values.push(SqlValue::Integer(page.top as i64));
        values.push(SqlValue::Integer(page.skip as i64));
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| self.object(row))?.collect::<Result<Vec<_>, _>>()?;
        let more = page.skip.saturating_add(page.top) < count.unsigned_abs();
        Ok(Listing { count, rows, next: more.then(|| page.next_link(&call.context.base_url, call.raw_path, &call.query)) })
    }
}

/// A page of records on its way out.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) count: i64,
    pub(super) rows: Vec<Object>,
    next: Option<String>,
}

impl Listing {
    /// A list that is complete in itself, as the link calls answer.
    pub(super) fn whole(rows: Vec<Object>) -> Self {
        Listing { count: i64::try_from(rows.len()).unwrap_or(i64::MAX), rows, next: None }
    }

    pub(super) fn reply(self) -> Reply {
        let mut envelope = json!({"@recordsetCount": self.count, "value": self.rows});
        if let Some(next) = self.next {
            envelope["@nextLink"] = Value::from(next);
        }
        // The description knows `pageKey` as a text, and these lists page without one.
        Reply::json(&envelope)
    }
}
