//! Removes what is old, a part at a time, so that whoever wants to write in between need not wait for all of it.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::changes::execute;
use super::rows::parse;
use crate::database::{Database, Write, to_millis};
use crate::error::Result;

/// So many rows go in one transaction: some tens of milliseconds.
const AT_ONCE: usize = 2_000;

const OLD_ENTRIES: &str = "
    SELECT json_group_array(json_array(job, fire_time)) FROM (
        SELECT job, fire_time, ended_at, row_number() OVER (PARTITION BY job ORDER BY fire_time DESC) AS rank
        FROM entry WHERE phase = 'ended'
    ) WHERE rank > ?2 OR ended_at < ?1";

const OLD_STRETCHES: &str = "
    SELECT json_group_array(json_array(job, first)) FROM (
        SELECT job, first, last, row_number() OVER (PARTITION BY job ORDER BY first DESC) AS rank FROM stretch
    ) WHERE rank > ?2 OR last < ?1";

/// See [`Store::prune`](crate::schedule::store::Store::prune).
pub(super) async fn prune(database: &Database, before: DateTime<Utc>, most: usize) -> Result<u64> {
    let (entries, stretches) = {
        let mut read = database.read().await?;
        (old(&mut read, OLD_ENTRIES, before, most).await?, old(&mut read, OLD_STRETCHES, before, most).await?)
    };
    let mut removed = 0;
    for part in entries.chunks(AT_ONCE) {
        let mut write = database.write().await?;
        removed += entries_go(&mut write, part).await?;
        write.commit().await?;
    }
    for part in stretches.chunks(AT_ONCE) {
        let mut write = database.write().await?;
        let delete = "DELETE FROM stretch WHERE (job, first) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))";
        removed += execute(&mut write, delete, part).await?;
        write.commit().await?;
    }
    let mut write = database.write().await?;
    let jobs = "DELETE FROM job WHERE removed_at < ?1
        AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.job = job.job AND phase = 'ended')
        AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.job = job.job AND phase <> 'ended')
        AND NOT EXISTS (SELECT 1 FROM stretch WHERE stretch.job = job.job)";
    removed += sqlx::query(jobs).bind(to_millis(before)).execute(&mut *write).await?.rows_affected();
    write.commit().await?;
    Ok(removed)
}

async fn old(
    read: &mut SqliteConnection,
    sql: &'static str,
    before: DateTime<Utc>,
    most: usize,
) -> Result<Vec<(String, i64)>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let keys: String = sqlx::query_scalar(sql).bind(to_millis(before)).bind(most).fetch_one(read).await?;
    parse(&keys)
}

/// Removes fire times and their runs. One that has been started again since it was looked at stays.
async fn entries_go(write: &mut Write, keys: &[(String, i64)]) -> Result<u64> {
    let runs = "DELETE FROM run WHERE run IN (
        SELECT run.run FROM json_each(?1) AS old CROSS JOIN entry
            ON entry.job = old.value ->> 0 AND entry.fire_time = old.value ->> 1
        CROSS JOIN run ON run.fire_time = entry.fire_time AND run.job = entry.job
        WHERE entry.phase = 'ended')";
    execute(write, runs, keys).await?;
    let entries = "DELETE FROM entry
        WHERE (job, fire_time) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1)) AND phase = 'ended'";
    execute(write, entries, keys).await
}
