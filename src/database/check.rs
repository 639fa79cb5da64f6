//! Looks at a file before it is used: whose it is, of which version, and whether it is sound.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::failure::{Said, newer, said};
use crate::clock::Clock;
use crate::error::Error;

/// Tells our files from other SQLite files: `SHnd` in the header.
pub(super) const APPLICATION: i64 = 0x5348_6e64;
/// The version of what all rooms share: the table of their versions.
pub(super) const LAYOUT: i64 = 1;

/// How many steps of SQLite's machine lie between two looks at the clock: some microseconds.
const STEPS: i32 = 10_000;

/// What a file turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Empty: ours to begin.
    Fresh,
    /// Ours and sound.
    Sound,
    /// Ours; whether it is sound throughout was not found out in the time given.
    Unfinished,
    /// It cannot be used, for this reason.
    Damaged(String),
}

/// Looks at a file without changing it.
pub(super) async fn examine(file: &Path, time: Duration, clock: &Clock) -> Result<Finding, Error> {
    let options = SqliteConnectOptions::new().filename(file).disable_statement_logging();
    let mut connection = match options.connect().await {
        Ok(connection) => connection,
        Err(error) => return damage(error),
    };
    let finding = match examine_open(&mut connection, time, clock).await {
        Ok(finding) => Ok(finding?),
        Err(error) => damage(error),
    };
    // A file that is damaged may not be closed in order either.
    let _ = connection.close().await;
    finding
}

fn damage(error: sqlx::Error) -> Result<Finding, Error> {
    match said(&error) {
        Said::Damaged => Ok(Finding::Damaged("it is torn, or no database".to_owned())),
        Said::Interrupted => Ok(Finding::Unfinished),
        Said::Busy | Said::Other => Err(error.into()),
    }
}

async fn examine_open(
    connection: &mut SqliteConnection,
    time: Duration,
    clock: &Clock,
) -> Result<Result<Finding, Error>, sqlx::Error> {
    let number = |sql: &'static str| sqlx::query_scalar::<_, i64>(sql);
    let tables = number("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *connection).await?;
    let application = number("PRAGMA application_id").fetch_one(&mut *connection).await?;
    if tables == 0 && application == 0 {
        return Ok(Ok(Finding::Fresh));
    }
    if application != APPLICATION {
        return Ok(Ok(Finding::Damaged("it is a database of another program".to_owned())));
    }
    let layout = number("PRAGMA user_version").fetch_one(&mut *connection).await?;
    if layout > LAYOUT {
        return Ok(Err(newer("its layout", layout, LAYOUT)));
    }
    let (clock, started) = (clock.clone(), clock.monotonic());
    connection
        .lock_handle()
        .await?
        .set_progress_handler(STEPS, move || clock.monotonic().saturating_sub(started) < time);
    let told: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *connection).await?;
    Ok(Ok(if told == "ok" { Finding::Sound } else { Finding::Damaged(told.to_lowercase()) }))
}
