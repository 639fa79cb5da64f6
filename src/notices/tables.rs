//! The outbox's tables.

use crate::database::Migration;

pub(super) const MIGRATIONS: &[Migration] = &[Migration {
    room: "notices",
    version: 1,
    sql: "
        -- What is to be told, one row for each channel; `count` of them since `since`.
        CREATE TABLE notice (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            channel TEXT NOT NULL,
            subject TEXT NOT NULL,
            topic TEXT NOT NULL,
            reason TEXT NOT NULL,
            body TEXT NOT NULL,
            count INTEGER NOT NULL,
            since INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            due_at INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'given_up')),
            attempts INTEGER NOT NULL DEFAULT 0,
            -- Who is sending it, and until when nobody else may.
            lease_owner TEXT,
            lease_until INTEGER,
            ended_at INTEGER,
            error TEXT
        ) STRICT;
        CREATE INDEX notice_waiting ON notice (channel, seq) WHERE state = 'waiting';
        CREATE INDEX notice_ended ON notice (channel, ended_at) WHERE state <> 'waiting';

        -- What goes on: repeats of the same.
        CREATE TABLE notice_group (
            channel TEXT NOT NULL,
            subject TEXT NOT NULL,
            topic TEXT NOT NULL,
            reason TEXT NOT NULL,
            count INTEGER NOT NULL,
            since INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            told_at INTEGER NOT NULL,
            PRIMARY KEY (channel, subject, topic, reason)
        ) STRICT, WITHOUT ROWID;

        -- How it goes with a channel.
        CREATE TABLE notice_channel (
            name TEXT PRIMARY KEY,
            failures INTEGER NOT NULL,
            next_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- What is told once.
        CREATE TABLE notice_once (
            channel TEXT NOT NULL,
            key TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (channel, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX notice_once_at ON notice_once (at);
    ",
}];
