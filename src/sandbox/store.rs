//! The SQLite store: opening, schema, first data, transactions, and the count of calls.
//!
//! Owns: the connection and its lock. Must not touch: HTTP, rules of a resource.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::clock;
use super::errors::ApiError;
use super::options::SandboxOptions;

/// Kept in the file, so that an old or foreign file is recognised instead of half understood.
const SCHEMA_VERSION: i64 = 1;

#[derive(Debug)]
pub(super) struct Store(Mutex<Connection>);

/// Why a data file could not be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("the file was written by another version of the sandbox (schema {found}, expected {SCHEMA_VERSION})")]
    OtherSchema { found: i64 },
    #[error("the built-in definition data cannot be read")]
    Data(#[from] serde_json::Error),
    #[error("the account id must be a number")]
    AccountId,
}

impl Store {
    pub(super) fn open(options: &SandboxOptions) -> Result<Self, OpenError> {
        let mut connection = match &options.data {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.busy_timeout(Duration::from_secs(5))?;
        // NORMAL with WAL survives a killed process; only a power cut could lose the last moments.
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")?;
        connection.set_prepared_statement_cache_capacity(128);
        let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if found != 0 && found != SCHEMA_VERSION {
            return Err(OpenError::OtherSchema { found });
        }
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(include_str!("schema.sql"))?;
        if found == 0 {
            tx.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            // Different first ids, so that a customer's id taken for a certificate's id finds nothing.
            for (table, last) in [("customers", 100_000), ("certificates", 5_000), ("invitations", 900)] {
                tx.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", params![table, last])?;
            }
        }
        seed(&tx, options)?;
        tx.commit()?;
        Ok(Store(Mutex::new(connection)))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic while the lock was held has already rolled its transaction back.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, ApiError>) -> Result<T, ApiError> {
        work(&self.lock())
    }

    /// Runs `work` in a transaction: all of it happens, or nothing.
    pub(super) fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let mut connection = self.lock();
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let out = work(&tx)?;
        tx.commit()?;
        Ok(out)
    }

    /// Counts a call before it is carried out, so that a lost one is counted too.
    pub(super) fn count_call(&self, operation: &str, is_write: bool) -> Result<(), ApiError> {
        self.lock()
            .prepare_cached(
                "INSERT INTO calls (operation, requests, writes, effective_writes) VALUES (?1, 1, ?2, 0)
                 ON CONFLICT (operation) DO UPDATE SET requests = requests + 1, writes = writes + excluded.writes",
            )?
            .execute(params![operation, is_write])?;
        Ok(())
    }

    pub(super) fn count_effect(&self, operation: &str) -> Result<(), ApiError> {
        self.lock()
            .prepare_cached("UPDATE calls SET effective_writes = effective_writes + 1 WHERE operation = ?1")?
            .execute([operation])?;
        Ok(())
    }

    pub(super) fn stats(&self) -> Result<Value, ApiError> {
        let connection = self.lock();
        let (requests, writes, effective): (i64, i64, i64) = connection.query_row(
            "SELECT coalesce(sum(requests), 0), coalesce(sum(writes), 0), coalesce(sum(effective_writes), 0) FROM calls",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let mut by_operation = Map::new();
        let mut statement = connection.prepare("SELECT operation, requests FROM calls ORDER BY operation")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            by_operation.insert(row.get(0)?, Value::from(row.get::<_, i64>(1)?));
        }
        Ok(json!({
            "requests": requests,
            "writes": writes,
            "effective_writes": effective,
            "by_operation": by_operation,
        }))
    }
}

/// Puts the company and the definition data in, unless they are there already.
fn seed(tx: &Transaction<'_>, options: &SandboxOptions) -> Result<(), OpenError> {
    let account: i64 = options.account_id.parse().map_err(|_| OpenError::AccountId)?;
    let company = options.company_id;
    let now = clock::now();
    let status = if options.provisioned { "Provisioned" } else { "NotProvisioned" };
    let known: Option<i64> = tx.query_row("SELECT id FROM companies WHERE id = ?1", [company], |row| row.get(0)).optional()?;
    if known.is_none() {
        tx.execute(
            "INSERT INTO companies (id, account_id, code, name, is_default, created, modified, setup_status)
             VALUES (?1, ?2, ?3, ?4, NOT EXISTS (SELECT 1 FROM companies), ?5, ?5, ?6)",
            params![company, account, options.company_code, options.company_name, now, status],
        )?;
    }
    for row in data::<Value>(include_str!("data/countries.json"))? {
        tx.prepare_cached("INSERT OR IGNORE INTO countries VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
            row["code"].as_str(),
            row["alpha3Code"].as_str(),
            row["name"].as_str(),
            row["isEuropeanUnion"].as_bool(),
            row["addressesRequireRegion"].as_bool()
        ])?;
    }
    for row in data::<Value>(include_str!("data/regions.json"))? {
        tx.prepare_cached("INSERT OR IGNORE INTO regions VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
            row["countryCode"].as_str(),
            row["code"].as_str(),
            row["name"].as_str(),
            row["classification"].as_str(),
            row["streamlinedSalesTax"].as_bool(),
            row["isRegionTaxable"].as_bool()
        ])?;
    }
    for row in data::<Value>(include_str!("data/exposure_zones.json"))? {
        tx.prepare_cached("INSERT OR IGNORE INTO exposure_zones VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)")?.execute(params![
            row["id"].as_i64(),
            company,
            row["name"].as_str(),
            row["tag"].as_str(),
            row["description"].as_str(),
            row["region"].as_str(),
            row["country"].as_str(),
            row["level"].as_str(),
            now
        ])?;
    }
    for row in data::<Value>(include_str!("data/exempt_reasons.json"))? {
        tx.prepare_cached("INSERT OR IGNORE INTO exempt_reasons VALUES (?1, ?2, ?3)")?.execute(params![
            row["id"].as_i64(),
            row["name"].as_str(),
            row["exempts"].as_bool()
        ])?;
    }
    for row in data::<Value>(include_str!("data/cover_letters.json"))? {
        tx.prepare_cached("INSERT OR IGNORE INTO cover_letters VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)")?.execute(
            params![
                row["id"].as_i64(),
                company,
                row["title"].as_str(),
                row["subject"].as_str(),
                row["description"].as_str(),
                row["active"].as_bool(),
                row["pageCount"].as_i64(),
                row["templateFilename"].as_str(),
                row["version"].as_i64(),
                now
            ],
        )?;
    }
    for row in data::<Value>(include_str!("data/certificate_attributes.json"))? {
        tx.prepare_cached("INSERT OR IGNORE INTO certificate_attributes VALUES (?1, ?2, ?3, ?4)")?.execute(params![
            row["id"].as_i64(),
            row["name"].as_str(),
            row["description"].as_str(),
            row["isSystemCode"].as_bool()
        ])?;
    }
    for row in data::<Value>(include_str!("data/customer_attributes.json"))? {
        tx.prepare_cached("INSERT OR IGNORE INTO customer_attributes VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
            row["id"].as_i64(),
            row["name"].as_str(),
            row["description"].as_str(),
            row["isSystemCode"].as_bool(),
            row["isNonDeliver"].as_bool(),
            row["isChangeable"].as_bool()
        ])?;
    }
    Ok(())
}

fn data<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, serde_json::Error> {
    serde_json::from_str(text)
}
