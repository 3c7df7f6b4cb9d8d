//! The tables. A change here needs a new `VERSION` and a step that brings old files forward.

pub(super) const VERSION: i64 = 2;

pub(super) const TABLES: &str = "
CREATE TABLE header (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE answer (key TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
CREATE TABLE step (name TEXT PRIMARY KEY, outcome TEXT NOT NULL, at TEXT NOT NULL) STRICT;
CREATE TABLE scan (file TEXT PRIMARY KEY, reader TEXT NOT NULL, documents TEXT, unreadable TEXT,
    -- The documents as this run uses them: compared with the others, drawn as a check, ruled on by a person.
    settled TEXT,
    CHECK ((documents IS NULL) <> (unreadable IS NULL))) STRICT;
CREATE TABLE review (n INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;
-- A gate is gone through once more when a person has decided about papers; each time it has a plan of its own.
CREATE TABLE plan (gate TEXT NOT NULL, round INTEGER NOT NULL, plan TEXT NOT NULL, PRIMARY KEY (gate, round)) STRICT;
CREATE TABLE action (gate TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, customer TEXT NOT NULL, what TEXT NOT NULL, reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'attempted', 'done', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0, first_attempt TEXT, result TEXT,
    PRIMARY KEY (gate, id)) STRICT;
CREATE TABLE call (n INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;
-- Append-only: what happened, in order. `hash` is SHA-256 over the hash before it and this entry, so a later change is evident.
CREATE TABLE event (n INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE TRIGGER event_is_append_only_u BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the run record is append-only'); END;
CREATE TRIGGER event_is_append_only_d BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the run record is append-only'); END;
";

/// From each earlier version to the next one.
pub(super) const STEPS: &[&str] = &["
ALTER TABLE scan ADD COLUMN settled TEXT;
CREATE TABLE review (n INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;
ALTER TABLE plan RENAME TO plan_1;
CREATE TABLE plan (gate TEXT NOT NULL, round INTEGER NOT NULL, plan TEXT NOT NULL, PRIMARY KEY (gate, round)) STRICT;
INSERT INTO plan SELECT gate, 1, plan FROM plan_1;
DROP TABLE plan_1;
"];
