//! Statements that write what was decided.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::cells::{Cells, EntryCells, JobCells, RunCells, StretchCells, key};
use super::rows::json;
use crate::error::Result;
use crate::schedule::decision::{Changes, Values};
use crate::schedule::store::Record;

/// Writes all rows.
pub(super) async fn write(connection: &mut SqliteConnection, changes: &Changes) -> Result<()> {
    // Of several writings of one stretch the last counts, whether it removes the row or not.
    let stretches: BTreeMap<_, _> =
        changes.stretches.iter().map(|stretch| (key(&stretch.job, stretch.first), stretch)).collect();
    let (gone, kept): (Vec<_>, Vec<_>) = stretches.into_iter().partition(|(_, stretch)| stretch.count == 0);
    if !gone.is_empty() {
        let gone: Vec<_> = gone.into_iter().map(|(key, _)| key).collect();
        let delete = "DELETE FROM stretch
            WHERE (job, first) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))";
        execute(connection, delete, &gone).await?;
    }
    put::<JobCells>(connection, changes.jobs.iter()).await?;
    put::<StretchCells>(connection, kept.into_iter().map(|(_, stretch)| stretch)).await?;
    put::<EntryCells>(connection, changes.entries.iter()).await?;
    put::<RunCells>(connection, changes.runs.iter()).await
}

async fn put<'r, C: Cells>(
    connection: &mut SqliteConnection,
    rows: impl ExactSizeIterator<Item = &'r C::Row>,
) -> Result<()>
where
    C::Row: 'r,
{
    if rows.len() == 0 {
        return Ok(());
    }
    let cells: Vec<C> = rows.map(C::of).collect();
    sqlx::query(AssertSqlSafe(C::writing())).bind(json(&cells)).execute(connection).await?;
    Ok(())
}

/// Writes what is held under keys.
pub(super) async fn keep(connection: &mut SqliteConnection, values: &Values) -> Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    let rows = |is_held: bool| -> Vec<(&str, &str, Option<&str>)> {
        let wanted = values.iter().filter(|(_, value)| value.is_some() == is_held);
        wanted.map(|((scope, key), value)| (scope.as_str(), key.as_str(), value.as_deref())).collect()
    };
    let set = "INSERT INTO state (scope, key, value)
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
        ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value";
    execute(connection, set, &rows(true)).await?;
    let delete = "DELETE FROM state WHERE (scope, key) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))";
    execute(connection, delete, &rows(false)).await?;
    Ok(())
}

/// Marks rows as told.
pub(super) async fn mark_told(connection: &mut SqliteConnection, records: &[&Record]) -> Result<()> {
    let keys = |are_stretches: bool| -> Vec<(&str, i64)> {
        let wanted = records.iter().filter(|record| matches!(record, Record::Stretch(_)) == are_stretches);
        wanted.map(|record| key(record.job(), record.first())).collect()
    };
    let entries = "UPDATE entry SET untold = 0
        WHERE (job, fire_time) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))";
    execute(connection, entries, &keys(false)).await?;
    let stretches = "UPDATE stretch SET untold = 0
        WHERE (job, first) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))";
    execute(connection, stretches, &keys(true)).await?;
    Ok(())
}

/// Runs a statement over a list; gives how many rows it changed.
pub(super) async fn execute(
    connection: &mut SqliteConnection,
    sql: &'static str,
    list: &(impl Serialize + ?Sized),
) -> Result<u64> {
    Ok(sqlx::query(sql).bind(json(&list)).execute(connection).await?.rows_affected())
}
