//! The journal itself. Every method has written to disk when it returns; WAL with `synchronous = FULL` keeps that through a power cut.

use super::folder::{JOURNAL_FILE, RunFolder, private_file};
use super::schema::{STEPS, TABLES, VERSION};
use super::writer::Writer;
use crate::domain::{CustomerCode, Document, ReviewEntry, Sha256};
use crate::ports::{
    ActionRecord, ActionState, AnswerRecord, ApiCall, AuditTrail, JournalError, JournalResult, JournalStore, RunRecord, StepRecord,
};
use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// One run's journal.
pub struct Journal {
    connection: Arc<Mutex<Connection>>,
    writer: Writer,
}

pub(super) fn sql(error: rusqlite::Error) -> JournalError {
    JournalError(error.to_string())
}

fn text<T: Serialize>(value: &T) -> JournalResult<String> {
    serde_json::to_string(value).map_err(|e| JournalError(format!("a record can't be written: {e}")))
}

fn parse<T: DeserializeOwned>(text: &str) -> JournalResult<T> {
    serde_json::from_str(text).map_err(|e| JournalError(format!("a record can't be read: {e}")))
}

impl Journal {
    /// Opens the journal of a locked run folder, making it when it is new.
    pub fn open(folder: &RunFolder) -> JournalResult<Self> {
        let path = folder.path().join(JOURNAL_FILE);
        // SQLite gives its side files the rights of the main file.
        private_file(&path).map_err(|e| JournalError(format!("{}: {e}", path.display())))?;
        let mut connection = Connection::open(&path).map_err(|e| JournalError(format!("{}: {e}", path.display())))?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(sql)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(sql)?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(sql)?;
        match version {
            0 => {
                let tx = connection.transaction().map_err(sql)?;
                tx.execute_batch(TABLES).map_err(sql)?;
                tx.pragma_update(None, "user_version", VERSION).map_err(sql)?;
                tx.commit().map_err(sql)?;
            }
            VERSION => {}
            1..VERSION => {
                let tx = connection.transaction().map_err(sql)?;
                for step in STEPS.iter().skip(version as usize - 1) {
                    tx.execute_batch(step).map_err(sql)?;
                }
                tx.pragma_update(None, "user_version", VERSION).map_err(sql)?;
                tx.commit().map_err(sql)?;
            }
            other => {
                let message =
                    format!("{}: written by another version of certonboard (format {other}, this one reads {VERSION})", path.display());
                return Err(JournalError(message));
            }
        }
        connection.set_prepared_statement_cache_capacity(64);
        let connection = Arc::new(Mutex::new(connection));
        let writer = Writer::start(Arc::clone(&connection)).map_err(|e| JournalError(format!("{}: {e}", path.display())))?;
        Ok(Self { connection, writer })
    }

    /// Opens the journal of a run for reading, also while another process works on it.
    pub fn look(folder: &std::path::Path) -> JournalResult<Self> {
        let path = folder.join(JOURNAL_FILE);
        let told = |e: rusqlite::Error| JournalError(format!("{}: {e}", path.display()));
        let connection = Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(told)?;
        connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(told)?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(told)?;
        if version != VERSION {
            let message = format!(
                "{}: it has format {version}, and this version reads {VERSION}; resuming the run brings it forward",
                path.display()
            );
            return Err(JournalError(message));
        }
        let connection = Arc::new(Mutex::new(connection));
        let writer = Writer::start(Arc::clone(&connection)).map_err(|e| JournalError(format!("{}: {e}", path.display())))?;
        Ok(Self { connection, writer })
    }

    /// When the last entry was made, how many there are, and the hash of the last: it stands for all of them.
    pub fn head(&self) -> JournalResult<Option<(Timestamp, i64, String)>> {
        self.writer.flush()?;
        let query = "SELECT at, n, hash FROM event ORDER BY n DESC LIMIT 1";
        let found: Option<(String, i64, String)> =
            self.lock().query_row(query, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).optional().map_err(sql)?;
        Ok(found.map(|(at, n, hash)| (at.parse().unwrap_or_default(), n, hash)))
    }

    /// Everything of one kind that happened, oldest first: when, and what.
    pub fn events(&self, kind: &str) -> JournalResult<Vec<(Timestamp, Value)>> {
        self.writer.flush()?;
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT at, data FROM event WHERE kind = ?1 ORDER BY n").map_err(sql)?;
        let rows = statement.query_map([kind], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?))).map_err(sql)?;
        rows.map(|row| {
            let (at, data) = row.map_err(sql)?;
            Ok((at.parse().unwrap_or_default(), parse(&data)?))
        })
        .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A poisoned lock means a panic between statements; each transaction is whole or absent, so going on is safe.
        self.connection.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> JournalResult<T> + Send + 'static) -> JournalResult<T> {
        self.writer.write(work)
    }

    /// A fact of the whole run: options, input sums, tool version.
    pub fn set_header(&self, key: &str, value: &Value, at: Timestamp) -> JournalResult<()> {
        let (key, value) = (key.to_owned(), text(value)?);
        self.write(move |tx| {
            tx.execute("INSERT INTO header VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2", params![key, value])
                .map_err(sql)?;
            event(tx, at, "header", &json!({ "key": key, "sha256": Sha256::of(value.as_bytes()) }))
        })
    }

    pub fn header(&self, key: &str) -> JournalResult<Option<Value>> {
        let found: Option<String> =
            self.lock().query_row("SELECT value FROM header WHERE key = ?1", [key], |r| r.get(0)).optional().map_err(sql)?;
        found.as_deref().map(parse).transpose()
    }

    /// Takes over what another run has read of its scans, so that it need not be read again. Where a scan has changed since, its sum tells.
    pub fn adopt_scans(&self, folder: &std::path::Path) -> JournalResult<usize> {
        let path = folder.join(JOURNAL_FILE);
        let other = Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sql)?;
        let mut statement = other.prepare("SELECT file, reader, documents FROM scan WHERE documents IS NOT NULL").map_err(sql)?;
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).map_err(sql)?;
        let scans: Vec<(String, String, String)> = rows.collect::<Result<_, _>>().map_err(sql)?;
        self.write(move |tx| {
            let mut insert = tx.prepare_cached("INSERT OR IGNORE INTO scan (file, reader, documents) VALUES (?1, ?2, ?3)").map_err(sql)?;
            for (file, reader, documents) in &scans {
                insert.execute([file, reader, documents]).map_err(sql)?;
            }
            Ok(scans.len())
        })
    }

    /// Notes something that happened.
    pub fn note(&self, kind: &str, data: &Value, at: Timestamp) -> JournalResult<()> {
        let (kind, data) = (kind.to_owned(), data.clone());
        self.write(move |tx| event(tx, at, &kind, &data))
    }

    /// Is the chain of hashes unbroken? `Ok(n)` is the number of entries, `Err(n)` the first entry that does not fit.
    pub fn verify(&self) -> JournalResult<Result<i64, i64>> {
        self.writer.flush()?;
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT n, at, kind, data, hash FROM event ORDER BY n").map_err(sql)?;
        let mut rows = statement.query([]).map_err(sql)?;
        let (mut before, mut count) = (String::new(), 0i64);
        while let Some(row) = rows.next().map_err(sql)? {
            let get = |i: usize| row.get::<_, String>(i).map_err(sql);
            let n: i64 = row.get(0).map_err(sql)?;
            let expected = chained(&before, &get(1)?, &get(2)?, &get(3)?);
            let found = get(4)?;
            count += 1;
            if n != count || found != expected.as_str() {
                return Ok(Err(n));
            }
            before = found;
        }
        Ok(Ok(count))
    }
}

fn chained(before: &str, at: &str, kind: &str, data: &str) -> Sha256 {
    // The lengths keep one field's end from passing for the next one's beginning.
    Sha256::of(format!("{before}\n{}:{at}\n{}:{kind}\n{}:{data}", at.len(), kind.len(), data.len()).as_bytes())
}

fn event(tx: &Connection, at: Timestamp, kind: &str, data: &Value) -> JournalResult<()> {
    let mut last = tx.prepare_cached("SELECT n, hash FROM event ORDER BY n DESC LIMIT 1").map_err(sql)?;
    let last: Option<(i64, String)> = last.query_row([], |r| Ok((r.get(0)?, r.get(1)?))).optional().map_err(sql)?;
    let (n, before) = last.unwrap_or_default();
    let (at, data) = (at.to_string(), text(data)?);
    let hash = chained(&before, &at, kind, &data);
    let mut insert = tx.prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5)").map_err(sql)?;
    insert.execute(params![n + 1, at, kind, data, hash.as_str()]).map_err(sql)?;
    Ok(())
}

fn state_name(state: ActionState) -> &'static str {
    match state {
        ActionState::Planned => "planned",
        ActionState::Attempted => "attempted",
        ActionState::Done => "done",
        ActionState::Failed => "failed",
    }
}

fn action_from(row: &rusqlite::Row<'_>) -> JournalResult<ActionRecord> {
    let text = |column: &str| row.get::<_, String>(column).map_err(sql);
    let maybe = |column: &str| row.get::<_, Option<String>>(column).map_err(sql);
    let state = match text("state")?.as_str() {
        "planned" => ActionState::Planned,
        "attempted" => ActionState::Attempted,
        "done" => ActionState::Done,
        _ => ActionState::Failed,
    };
    Ok(ActionRecord {
        gate: text("gate")?,
        id: text("id")?,
        seq: row.get("seq").map_err(sql)?,
        // Empty: the write is about no customer.
        customer: match text("customer")?.as_str() {
            "" => None,
            code => Some(CustomerCode::new(code).map_err(|e| JournalError(e.to_string()))?),
        },
        what: text("what")?,
        reason: text("reason")?,
        state,
        attempts: row.get("attempts").map_err(sql)?,
        first_attempt: maybe("first_attempt")?.and_then(|t| t.parse().ok()),
        result: maybe("result")?.as_deref().map(parse).transpose()?,
    })
}

fn actions_where(connection: &Connection, gate: Option<&str>) -> JournalResult<Vec<ActionRecord>> {
    let query = "SELECT * FROM action WHERE ?1 IS NULL OR gate = ?1 ORDER BY gate, seq";
    let mut statement = connection.prepare(query).map_err(sql)?;
    let mut rows = statement.query([gate]).map_err(sql)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        found.push(action_from(row)?);
    }
    Ok(found)
}

fn pairs(connection: &Connection, query: &str) -> JournalResult<Vec<(String, String)>> {
    let mut statement = connection.prepare(query).map_err(sql)?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).map_err(sql)?;
    rows.collect::<Result<_, _>>().map_err(sql)
}

#[async_trait]
impl JournalStore for Journal {
    fn answer(&self, key: &str) -> JournalResult<Option<Value>> {
        let found: Option<String> =
            self.lock().query_row("SELECT record FROM answer WHERE key = ?1", [key], |r| r.get(0)).optional().map_err(sql)?;
        found.map(|t| parse::<AnswerRecord>(&t).map(|r| r.value)).transpose()
    }

    fn record_answer(&self, answer: &AnswerRecord) -> JournalResult<()> {
        let (key, at, record) = (answer.key.clone(), answer.at, text(answer)?);
        let data = serde_json::to_value(answer).map_err(|e| JournalError(e.to_string()))?;
        self.write(move |tx| {
            tx.execute("INSERT INTO answer VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET record = ?2", params![key, record])
                .map_err(sql)?;
            event(tx, at, "answer", &data)
        })
    }

    fn step(&self, name: &str) -> JournalResult<Option<Value>> {
        let found: Option<String> =
            self.lock().query_row("SELECT outcome FROM step WHERE name = ?1", [name], |r| r.get(0)).optional().map_err(sql)?;
        found.as_deref().map(parse).transpose()
    }

    fn complete_step(&self, name: &str, outcome: &Value, at: Timestamp) -> JournalResult<()> {
        let (name, outcome, outcome_text) = (name.to_owned(), outcome.clone(), text(outcome)?);
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO step VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET outcome = ?2, at = ?3",
                params![name, outcome_text, at.to_string()],
            )
            .map_err(sql)?;
            event(tx, at, "step", &json!({ "name": name, "outcome": outcome }))
        })
    }

    fn documents_of(&self, file: &str, reader: &str) -> JournalResult<Option<Vec<Document>>> {
        let query = "SELECT documents FROM scan WHERE file = ?1 AND reader = ?2 AND documents IS NOT NULL";
        let found: Option<String> = self.lock().query_row(query, [file, reader], |r| r.get(0)).optional().map_err(sql)?;
        found.as_deref().map(parse).transpose()
    }

    fn remember_documents(&self, file: &str, reader: &str, documents: &[Document]) -> JournalResult<()> {
        let (file, reader, documents) = (file.to_owned(), reader.to_owned(), text(&documents)?);
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO scan VALUES (?1, ?2, ?3, NULL, NULL)
                 ON CONFLICT (file) DO UPDATE SET reader = ?2, documents = ?3, unreadable = NULL, settled = NULL",
                params![file, reader, documents],
            )
            .map_err(sql)?;
            Ok(())
        })
    }

    fn remember_unreadable(&self, file: &str, reason: &str) -> JournalResult<()> {
        let (file, reason) = (file.to_owned(), reason.to_owned());
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO scan VALUES (?1, '', NULL, ?2, NULL)
                 ON CONFLICT (file) DO UPDATE SET reader = '', documents = NULL, unreadable = ?2, settled = NULL",
                params![file, reason],
            )
            .map_err(sql)?;
            Ok(())
        })
    }

    fn documents(&self) -> JournalResult<Vec<Document>> {
        let query = "SELECT file, COALESCE(settled, documents) FROM scan WHERE documents IS NOT NULL ORDER BY file";
        let mut documents = Vec::new();
        for (_, found) in pairs(&self.lock(), query)? {
            documents.extend(parse::<Vec<Document>>(&found)?);
        }
        Ok(documents)
    }

    fn settle_documents(&self, documents: &[Document]) -> JournalResult<()> {
        let mut by_file: BTreeMap<&str, Vec<&Document>> = BTreeMap::new();
        documents.iter().for_each(|document| by_file.entry(&document.file).or_default().push(document));
        let by_file: Vec<(String, String)> =
            by_file.into_iter().map(|(file, documents)| Ok((file.to_owned(), text(&documents)?))).collect::<JournalResult<_>>()?;
        self.write(move |tx| {
            for (file, documents) in by_file {
                tx.execute("UPDATE scan SET settled = ?2 WHERE file = ?1 AND documents IS NOT NULL", [file, documents]).map_err(sql)?;
            }
            Ok(())
        })
    }

    fn review(&self) -> JournalResult<Vec<ReviewEntry>> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT record FROM review ORDER BY n").map_err(sql)?;
        let rows = statement.query_map([], |r| r.get::<_, String>(0)).map_err(sql)?;
        rows.map(|row| parse(&row.map_err(sql)?)).collect()
    }

    fn record_review(&self, entry: &ReviewEntry) -> JournalResult<()> {
        let (record, at) = (text(entry)?, entry.at());
        let data = serde_json::to_value(entry).map_err(|e| JournalError(e.to_string()))?;
        self.write(move |tx| {
            tx.execute("INSERT INTO review (record) VALUES (?1)", [&record]).map_err(sql)?;
            event(tx, at, "review", &data)
        })
    }

    fn save_plan(&self, gate: &str, plan: &str, approval: &Value, actions: Vec<ActionRecord>) -> JournalResult<()> {
        let (gate, plan_text, approval) = (gate.to_owned(), plan.to_owned(), approval.clone());
        self.write(move |tx| {
            let gate = gate.as_str();
            let rounds: i64 = tx.query_row("SELECT COUNT(*) FROM plan WHERE gate = ?1", [gate], |r| r.get(0)).map_err(sql)?;
            tx.execute("INSERT INTO plan VALUES (?1, ?2, ?3)", params![gate, rounds + 1, plan_text]).map_err(sql)?;
            let before: i64 = tx.query_row("SELECT COUNT(*) FROM action WHERE gate = ?1", [gate], |r| r.get(0)).map_err(sql)?;
            // A write that was refused may be planned again, changed.
            let mut insert = tx
                .prepare_cached(
                    "INSERT INTO action (gate, id, seq, customer, what, reason, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'planned')
                     ON CONFLICT (gate, id) DO UPDATE SET seq = ?3, what = ?5, reason = ?6, state = 'planned', result = NULL
                     WHERE state = 'failed' AND (result IS NULL OR json_extract(result, '$.certificate') IS NULL)",
                )
                .map_err(sql)?;
            for a in &actions {
                let changed =
                    insert.execute(params![gate, a.id, before + i64::from(a.seq), a.customer.as_ref().map_or("", |c| c.as_str()), a.what, a.reason]).map_err(sql)?;
                if changed != 1 {
                    return Err(JournalError(format!("write {gate}/{} is planned already in this run", a.id)));
                }
            }
            let at = approval.get("at").and_then(Value::as_str).and_then(|t| t.parse().ok());
            let data = json!({ "gate": gate, "round": rounds + 1, "actions": actions.len(), "sha256": Sha256::of(plan_text.as_bytes()), "approval": approval });
            event(tx, at.unwrap_or(Timestamp::UNIX_EPOCH), "plan", &data)
        })
    }

    fn plans(&self, gate: &str) -> JournalResult<Vec<Value>> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT plan FROM plan WHERE gate = ?1 ORDER BY round").map_err(sql)?;
        let rows = statement.query_map([gate], |r| r.get::<_, String>(0)).map_err(sql)?;
        rows.map(|row| parse(&row.map_err(sql)?)).collect()
    }

    fn actions(&self, gate: &str) -> JournalResult<Vec<ActionRecord>> {
        actions_where(&self.lock(), Some(gate))
    }

    async fn attempt(&self, gate: &str, ids: &[&str], at: Timestamp) -> JournalResult<()> {
        let (gate, ids): (String, Vec<String>) = (gate.to_owned(), ids.iter().map(|id| (*id).to_owned()).collect());
        self.writer
            .write_soon(move |tx| {
                let mut update = tx
                    .prepare_cached(
                        "UPDATE action SET state = 'attempted', attempts = attempts + 1, first_attempt = COALESCE(first_attempt, ?3)
                         WHERE gate = ?1 AND id IN (SELECT value FROM json_each(?2)) AND state <> 'done'",
                    )
                    .map_err(sql)?;
                let changed = update.execute(params![gate, text(&ids)?, at.to_string()]).map_err(sql)?;
                changed_all(changed, &gate, &ids)?;
                event(tx, at, "attempt", &json!({ "gate": gate, "ids": ids }))
            })
            .await
    }

    async fn halfway(&self, gate: &str, id: &str, result: &Value, at: Timestamp) -> JournalResult<()> {
        self.finish(gate, ActionState::Attempted, vec![(id.to_owned(), result.clone())], at).await
    }

    async fn done(&self, gate: &str, results: &[(&str, Value)], at: Timestamp) -> JournalResult<()> {
        let results = results.iter().map(|(id, result)| ((*id).to_owned(), result.clone())).collect();
        self.finish(gate, ActionState::Done, results, at).await
    }

    async fn failed(&self, gate: &str, id: &str, error: &Value, at: Timestamp) -> JournalResult<()> {
        self.finish(gate, ActionState::Failed, vec![(id.to_owned(), error.clone())], at).await
    }

    fn load(&self) -> JournalResult<RunRecord> {
        self.writer.flush()?;
        let (mut documents, review) = (self.documents()?, self.review()?);
        documents.iter_mut().for_each(|document| document.rule(&review));
        let connection = self.lock();
        let all = |query: &str| pairs(&connection, query);
        let mut header = serde_json::Map::new();
        for (key, value) in all("SELECT key, value FROM header ORDER BY key")? {
            header.insert(key, parse(&value)?);
        }
        let answers = all("SELECT key, record FROM answer ORDER BY rowid")?.iter().map(|(_, r)| parse(r)).collect::<JournalResult<_>>()?;
        let steps = all("SELECT name, json_array(outcome, at) FROM step ORDER BY at, rowid")?
            .into_iter()
            .map(|(name, pair)| {
                let (outcome, at): (String, Timestamp) = parse(&pair)?;
                Ok(StepRecord { name, outcome: parse(&outcome)?, at })
            })
            .collect::<JournalResult<_>>()?;
        let unreadable = all("SELECT file, unreadable FROM scan WHERE unreadable IS NOT NULL ORDER BY file")?;
        let calls = all("SELECT '', record FROM call ORDER BY n")?.iter().map(|(_, r)| parse(r)).collect::<JournalResult<_>>()?;
        let actions = actions_where(&connection, None)?;
        let plans = all("SELECT gate, plan FROM plan ORDER BY gate, round")?.iter().map(|(_, p)| parse(p)).collect::<JournalResult<_>>()?;
        Ok(RunRecord { header: Value::Object(header), answers, steps, actions, plans, documents, unreadable, calls })
    }
}

impl Journal {
    /// Several writes that ended alike, in one entry.
    async fn finish(&self, gate: &str, state: ActionState, results: Vec<(String, Value)>, at: Timestamp) -> JournalResult<()> {
        let gate = gate.to_owned();
        let kind = if state == ActionState::Attempted { "halfway" } else { state_name(state) };
        self.writer
            .write_soon(move |tx| {
                let mut update = tx
                    .prepare_cached(
                        "UPDATE action SET state = ?3, result = ?4
                         WHERE gate = ?1 AND id IN (SELECT value FROM json_each(?2)) AND state <> 'done'",
                    )
                    .map_err(sql)?;
                // Of a batch most ended in just the same way.
                let mut alike: BTreeMap<String, Vec<&String>> = BTreeMap::new();
                for (id, result) in &results {
                    alike.entry(text(result)?).or_default().push(id);
                }
                for (result, ids) in alike {
                    let changed = update.execute(params![gate, text(&ids)?, state_name(state), result]).map_err(sql)?;
                    changed_all(changed, &gate, &ids)?;
                }
                let results: serde_json::Map<String, Value> = results.into_iter().collect();
                event(tx, at, kind, &json!({ "gate": gate, "results": results }))
            })
            .await
    }
}

fn changed_all<T: std::fmt::Display>(changed: usize, gate: &str, ids: &[T]) -> JournalResult<()> {
    match (changed == ids.len(), ids) {
        (true, _) => Ok(()),
        (false, [id]) => Err(JournalError(format!("write {gate}/{id} is not in the approved plan, or was done before"))),
        (false, _) => {
            let missing = ids.len().saturating_sub(changed);
            Err(JournalError(format!("{missing} of {} writes of {gate} are not in the approved plan, or were done before", ids.len())))
        }
    }
}

impl AuditTrail for Journal {
    /// Reaches the disk with the next write that somebody waits for, in the order of the calls. The call itself has happened: failing to note it
    /// must not make the caller think it has not.
    fn record(&self, call: ApiCall) {
        let (Ok(record), Ok(data)) = (text(&call), serde_json::to_value(&call)) else { return };
        self.writer.write_and_go(move |tx| {
            tx.prepare_cached("INSERT INTO call (record) VALUES (?1)").and_then(|mut insert| insert.execute([&record])).map_err(sql)?;
            event(tx, call.started, "call", &data)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(folder: &std::path::Path) -> Journal {
        Journal::open(&RunFolder::create(&folder.join("run")).unwrap()).unwrap()
    }

    fn action(id: &str) -> ActionRecord {
        ActionRecord {
            id: id.into(),
            gate: "customers".into(),
            seq: 0,
            customer: Some(CustomerCode::new("C-1").unwrap()),
            what: "create customer C-1".into(),
            reason: "new".into(),
            state: ActionState::Planned,
            attempts: 0,
            first_attempt: None,
            result: None,
        }
    }

    /// What a power loss may not take rests on these two settings of the connection.
    #[test]
    fn what_was_confirmed_is_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path());
        let connection = journal.lock();
        let setting = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
        assert_eq!(setting("synchronous"), 2.into(), "2 is FULL: every commit is synced");
        assert_eq!(setting("journal_mode"), "wal".to_owned().into());
    }

    #[tokio::test]
    async fn a_write_goes_from_planned_to_done_and_never_back() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path());
        let at = Timestamp::UNIX_EPOCH;
        assert!(journal.attempt("customers", &["a"], at).await.is_err(), "a write outside the approved plan");
        journal.save_plan("customers", "{}", &Value::Null, vec![action("a")]).unwrap();
        assert!(journal.save_plan("customers", "{}", &Value::Null, vec![action("a")]).is_err(), "a write is planned once in a run");
        journal.attempt("customers", &["a"], at).await.unwrap();
        journal.halfway("customers", "a", &json!({ "certificate": 7 }), at).await.unwrap();
        let half = &journal.actions("customers").unwrap()[0];
        assert_eq!((half.state, half.attempts, half.first_attempt), (ActionState::Attempted, 1, Some(at)));
        assert_eq!(half.result, Some(json!({ "certificate": 7 })));
        journal.done("customers", &[("a", json!({}))], at).await.unwrap();
        assert!(journal.attempt("customers", &["a"], at).await.is_err(), "what is done is not sent again");
        assert!(journal.failed("customers", "a", &json!({}), at).await.is_err());
    }

    #[test]
    fn a_gate_may_be_gone_through_again_with_other_writes() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path());
        journal.save_plan("customers", r#"{"n":1}"#, &Value::Null, vec![action("a"), ActionRecord { seq: 1, ..action("b") }]).unwrap();
        journal.save_plan("customers", r#"{"n":2}"#, &Value::Null, vec![action("c")]).unwrap();
        assert_eq!(journal.plans("customers").unwrap(), [json!({ "n": 1 }), json!({ "n": 2 })]);
        assert_eq!(journal.plan("customers").unwrap(), Some(json!({ "n": 2 })));
        let order: Vec<(String, u32)> = journal.actions("customers").unwrap().into_iter().map(|a| (a.id, a.seq)).collect();
        assert_eq!(order, [("a".to_owned(), 0), ("b".to_owned(), 1), ("c".to_owned(), 2)]);
    }

    #[tokio::test]
    async fn a_refused_write_may_be_planned_again_unless_it_made_something() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path());
        let at = Timestamp::UNIX_EPOCH;
        journal.save_plan("customers", "{}", &Value::Null, vec![action("a"), ActionRecord { seq: 1, ..action("b") }]).unwrap();
        journal.failed("customers", "a", &json!({ "message": "no" }), at).await.unwrap();
        journal.failed("customers", "b", &json!({ "certificate": 7 }), at).await.unwrap();
        journal.save_plan("customers", "{}", &Value::Null, vec![action("a")]).unwrap();
        let again = journal.actions("customers").unwrap().into_iter().find(|a| a.id == "a").unwrap();
        assert_eq!((again.state, again.result), (ActionState::Planned, None));
        assert!(journal.save_plan("customers", "{}", &Value::Null, vec![action("b")]).is_err());
    }

    #[test]
    fn a_journal_of_the_first_format_is_brought_forward() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::create(&folder.path().join("run")).unwrap();
        let old = Connection::open(run.path().join(JOURNAL_FILE)).unwrap();
        old.execute_batch(
            "CREATE TABLE scan (file TEXT PRIMARY KEY, reader TEXT NOT NULL, documents TEXT, unreadable TEXT) STRICT;
             CREATE TABLE plan (gate TEXT PRIMARY KEY, plan TEXT NOT NULL) STRICT;
             CREATE TABLE action (gate TEXT NOT NULL, id TEXT NOT NULL) STRICT;
             INSERT INTO plan VALUES ('customers', '{\"n\":1}');
             PRAGMA user_version = 1;",
        )
        .unwrap();
        drop(old);
        let journal = Journal::open(&run).unwrap();
        assert_eq!(journal.plans("customers").unwrap(), [json!({ "n": 1 })]);
        assert_eq!(journal.review().unwrap(), []);
    }

    #[test]
    fn a_changed_entry_breaks_the_chain() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path());
        for n in 0..5 {
            journal.note("test", &json!({ "n": n }), Timestamp::UNIX_EPOCH).unwrap();
        }
        assert_eq!(journal.verify().unwrap(), Ok(5));
        let change = |sql: &str| journal.lock().execute_batch(sql);
        assert!(change("UPDATE event SET data = '{}' WHERE n = 3").is_err(), "the table refuses changes");
        change("DROP TRIGGER event_is_append_only_u; UPDATE event SET data = '{}' WHERE n = 3").unwrap();
        assert_eq!(journal.verify().unwrap(), Err(3));
        change("DROP TRIGGER event_is_append_only_d; DELETE FROM event WHERE n = 3").unwrap();
        assert_eq!(journal.verify().unwrap(), Err(4));
    }
}
