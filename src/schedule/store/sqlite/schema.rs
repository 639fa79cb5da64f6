//! The tables. `docs/scheduling.md` tells what is in them to whoever looks with `sqlite3`.

use crate::database::Migration;

/// How the tables came to be what they are.
pub(super) const MIGRATIONS: &[Migration] = &[Migration { room: "schedule", version: 1, sql: FIRST }];

/// Fire times and runs lie in the order of time: what comes due together is written to the same few pages, however long
/// each job's history is. What has no outcome yet and what has not been told is found by partial indexes that stay small.
/// A job's own history has an index that a fire time enters with its outcome, so that no claim waits for it.
const FIRST: &str = "
CREATE TABLE job (
    job TEXT NOT NULL PRIMARY KEY,
    spec TEXT NOT NULL,
    decided_until INTEGER NOT NULL,
    paused_since INTEGER,
    paused_until INTEGER,
    pause_note TEXT,
    enrolled_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
    job TEXT NOT NULL,
    fire_time INTEGER NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('waiting', 'running', 'ended')),
    scheduled_by TEXT NOT NULL CHECK (scheduled_by IN ('schedule', 'hand', 'rerun', 'retry', 'recovery')),
    attempt INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    start_by INTEGER NOT NULL,
    held_code TEXT,
    held_text TEXT,
    run TEXT,
    previous TEXT,
    fence INTEGER NOT NULL,
    decided_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    outcome TEXT CHECK (outcome IN ('done', 'failed', 'partial', 'skipped', 'refused', 'cancelled', 'timed_out', 'missed',
        'superseded', 'unknown')),
    reason_code TEXT,
    reason_text TEXT,
    untold INTEGER NOT NULL,
    PRIMARY KEY (fire_time, job)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_ended ON entry (job, fire_time, ended_at) WHERE phase = 'ended';
CREATE INDEX entry_live ON entry (fire_time, job) WHERE phase <> 'ended';
CREATE INDEX entry_untold ON entry (fire_time, job) WHERE untold = 1;

CREATE TABLE stretch (
    job TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    count INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('missed', 'skipped')),
    reason_code TEXT NOT NULL,
    reason_text TEXT NOT NULL,
    spec TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    untold INTEGER NOT NULL,
    PRIMARY KEY (job, first)
) STRICT, WITHOUT ROWID;
CREATE INDEX stretch_in_time ON stretch (first DESC, job);
CREATE INDEX stretch_untold ON stretch (first, job) WHERE untold = 1;

CREATE TABLE run (
    run TEXT NOT NULL PRIMARY KEY,
    job TEXT NOT NULL,
    fire_time INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    scheduled_by TEXT NOT NULL CHECK (scheduled_by IN ('schedule', 'hand', 'rerun', 'retry', 'recovery')),
    previous TEXT,
    fence INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT CHECK (outcome IN ('done', 'failed', 'partial', 'skipped', 'refused', 'cancelled', 'timed_out', 'missed',
        'superseded', 'unknown')),
    reason_code TEXT,
    reason_text TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX run_of_fire_time ON run (fire_time, job);

CREATE TABLE node (
    fence INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('scheduler', 'hand')),
    lease_until INTEGER NOT NULL
) STRICT;

CREATE TABLE state (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE VIEW outcomes (job, fire_time, last_fire_time, count, outcome, reason, text, scheduled_by, attempts, run, started_at,
    ended_at) AS
SELECT job, strftime('%Y-%m-%dT%H:%M:%fZ', fire_time / 1000.0, 'unixepoch'), NULL, 1, outcome, reason_code, reason_text,
    scheduled_by, attempt, run, strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', ended_at / 1000.0, 'unixepoch')
FROM entry WHERE phase = 'ended'
UNION ALL
SELECT job, strftime('%Y-%m-%dT%H:%M:%fZ', first / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', last / 1000.0, 'unixepoch'), count, outcome, reason_code, reason_text, NULL, 0, NULL,
    NULL, strftime('%Y-%m-%dT%H:%M:%fZ', decided_at / 1000.0, 'unixepoch')
FROM stretch;
";
