//! What goes wrong with a database, in words a person can act on.

use std::io;
use std::path::Path;

use sqlx::error::DatabaseError;

use crate::error::{Error, Kind, io_cause};

/// SQLite's primary result codes. Source: `https://www.sqlite.org/rescode.html`.
const PERM: i32 = 3;
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const INTERRUPT: i32 = 9;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const AUTH: i32 = 23;
const NOTADB: i32 = 26;

/// What SQLite says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// It is no database, or a torn one.
    Damaged,
    /// What was asked for was interrupted.
    Interrupted,
    /// Another process is at it.
    Busy,
    /// Something else.
    Other,
}

pub(super) fn said(error: &sqlx::Error) -> Said {
    match primary_code(error) {
        Some(CORRUPT | NOTADB) => Said::Damaged,
        Some(INTERRUPT) => Said::Interrupted,
        Some(BUSY | LOCKED) => Said::Busy,
        _ => Said::Other,
    }
}

/// SQLite's result code without what its higher bytes add.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error().and_then(DatabaseError::code)?;
    Some(code.parse::<i32>().ok()? & 0xff)
}

impl From<sqlx::Error> for Error {
    /// The rooms' statements pass their errors on by `?`; [`Database::placed`](super::Database::placed) adds the file.
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Io(error) = &error {
            return unusable(error);
        }
        match primary_code(&error) {
            Some(FULL) => full(),
            Some(READONLY | PERM | AUTH) => forbidden("it cannot be written"),
            Some(BUSY | LOCKED) => Self::new(Kind::Config, "state_locked", "another process holds the state too long")
                .with_hint("wait until it is done, or end it; a state on a network drive can stay locked for ever"),
            Some(CANTOPEN) => forbidden("it cannot be opened"),
            Some(IOERR) => {
                let message = format!("the state cannot be read or written: {}", text_of(&error));
                Self::new(Kind::Config, "state_unusable", message)
                    .with_hint("look whether the disk is sound and mounted")
            }
            Some(CORRUPT | NOTADB) => Self::new(Kind::Config, "state_damaged", "the state is damaged")
                .with_hint("start again: what is damaged is set aside, and a new state is begun"),
            _ => Self::new(Kind::Bug, "state_refused", format!("the state refuses a statement: {}", text_of(&error))),
        }
    }
}

fn text_of(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |told| told.message().to_owned())
}

fn full() -> Error {
    Error::new(Kind::Config, "state_full", "the state cannot be written: the disk is full")
        .with_hint("make room on the disk; nothing of what was being written is kept")
}

fn forbidden(what: &str) -> Error {
    Error::new(Kind::Config, "state_forbidden", format!("the state cannot be used: {what}"))
        .with_hint("the file and its folder must be readable and writable by the user that runs this")
}

/// A file of the state that the system does not give.
pub(super) fn unusable(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => full(),
        io::ErrorKind::PermissionDenied => forbidden("its permissions forbid it"),
        io::ErrorKind::ReadOnlyFilesystem => forbidden("it is on a file system that cannot be written"),
        _ => Error::new(Kind::Config, "state_unusable", format!("the state cannot be used: {}", io_cause(error)))
            .with_hint("look whether the path is right and the disk is sound"),
    }
}

/// The file was deleted or replaced while it was in use.
pub(super) fn removed() -> Error {
    Error::new(Kind::Config, "state_removed", "the state was removed or replaced while it was in use")
        .with_hint("put the file back, or start again to begin a new state; nothing can be kept until then")
}

/// Says of which file an error is.
pub(super) fn placed(error: Error, file: &Path) -> Error {
    match error.place {
        Some(_) => error,
        None => error.with_place(file.display().to_string()),
    }
}

/// A state that a later version of stackhand has written.
pub(super) fn newer(what: &str, found: i64, known: i64) -> Error {
    let message = format!("the state is of a newer stackhand: {what} is at version {found}, this one knows {known}");
    Error::new(Kind::Config, "state_newer", message)
        .with_hint("use the newer stackhand, or move the file away to begin a new state")
}
