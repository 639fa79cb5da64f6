//! Statements that read rows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::cells::{Cells, EntryCells, JobCells, RunCells, StretchCells, key, unreadable};
use crate::database::{from_millis, to_millis};
use crate::error::Result;
use crate::schedule::decision::{Snapshot, Values, known_since};
use crate::schedule::job::{JobId, Roster};
use crate::schedule::rows::{Entry, Fence, JobRow, RunId, RunRow, Stretch};

/// The rows of `tables`, in the order of the columns `order`. `bind` is `?1`; statements that need no more take anything.
pub(super) async fn select<C: Cells>(
    connection: &mut SqliteConnection,
    rest: &str,
    order: &str,
    bind: impl Serialize,
) -> Result<Vec<C::Row>> {
    let sql = format!("SELECT json_group_array({} ORDER BY {order}) FROM {rest}", C::reading());
    let rows: String = sqlx::query_scalar(AssertSqlSafe(sql)).bind(json(&bind)).fetch_one(connection).await?;
    parse::<Vec<C>>(&rows)?.into_iter().map(C::row).collect()
}

/// What is bound to a statement that takes lists.
pub(super) fn json(value: &impl Serialize) -> String {
    // Plain rows of texts and numbers.
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| unreadable(&error.to_string()))
}

pub(super) async fn live(connection: &mut SqliteConnection) -> Result<Vec<Entry>> {
    select::<EntryCells>(connection, "entry WHERE phase <> 'ended'", "fire_time, job", ()).await
}

pub(super) async fn all_jobs(connection: &mut SqliteConnection) -> Result<Vec<JobRow>> {
    select::<JobCells>(connection, "job", "job", ()).await
}

pub(super) async fn jobs(connection: &mut SqliteConnection, of: &BTreeSet<&JobId>) -> Result<Vec<JobRow>> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = of.iter().map(|job| job.as_str()).collect();
    select::<JobCells>(connection, "json_each(?1) AS wanted CROSS JOIN job ON job.job = wanted.value", "job", names)
        .await
}

pub(super) async fn entries(connection: &mut SqliteConnection, keys: &[(&str, i64)]) -> Result<Vec<Entry>> {
    let wanted = "json_each(?1) AS wanted CROSS JOIN entry
        ON entry.job = wanted.value ->> 0 AND entry.fire_time = wanted.value ->> 1";
    select::<EntryCells>(connection, wanted, "fire_time, job", keys).await
}

pub(super) async fn stretches(connection: &mut SqliteConnection, keys: &[(&str, i64)]) -> Result<Vec<Stretch>> {
    let wanted = "json_each(?1) AS wanted CROSS JOIN stretch
        ON stretch.job = wanted.value ->> 0 AND stretch.first = wanted.value ->> 1";
    select::<StretchCells>(connection, wanted, "first, job", keys).await
}

pub(super) async fn runs(connection: &mut SqliteConnection, of: &BTreeSet<&str>) -> Result<BTreeMap<RunId, RunRow>> {
    if of.is_empty() {
        return Ok(BTreeMap::new());
    }
    let wanted = "json_each(?1) AS wanted CROSS JOIN run ON run.run = wanted.value";
    let rows = select::<RunCells>(connection, wanted, "run.run", of).await?;
    Ok(rows.into_iter().map(|row| (row.run.clone(), row)).collect())
}

/// What is held under these keys.
pub(super) async fn values(connection: &mut SqliteConnection, of: BTreeSet<(&str, &str)>) -> Result<Values> {
    if of.is_empty() {
        return Ok(Values::new());
    }
    let rows: String = sqlx::query_scalar(
        "SELECT json_group_array(json_array(state.scope, state.key, state.value)) FROM json_each(?1) AS wanted CROSS JOIN state
         ON state.scope = wanted.value ->> 0 AND state.key = wanted.value ->> 1",
    )
    .bind(json(&of))
    .fetch_one(connection)
    .await?;
    let rows: Vec<(String, String, String)> = parse(&rows)?;
    Ok(rows.into_iter().map(|(scope, key, value)| ((scope, key), Some(value))).collect())
}

/// Whether the process is on record.
pub(super) async fn has_lease(connection: &mut SqliteConnection, fence: Fence) -> Result<bool> {
    let node = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM node WHERE fence = ?1)");
    Ok(node.bind(fence.0).fetch_one(connection).await?)
}

/// What [`claim_due`](crate::schedule::decision::claim_due) looks at.
pub(super) async fn snapshot(
    connection: &mut SqliteConnection,
    candidates: &[JobId],
    roster: &Roster,
    lowest: DateTime<Utc>,
) -> Result<Snapshot> {
    let live = live(connection).await?;
    let about: BTreeSet<&JobId> = candidates.iter().collect();
    let with_opponents = about.iter().copied().chain(live.iter().map(|entry| &entry.job));
    let mut wanted: BTreeSet<&JobId> = with_opponents.flat_map(|job| roster.opponents(job)).collect();
    wanted.extend(&about);
    let jobs: BTreeMap<_, _> = jobs(connection, &wanted).await?.into_iter().map(|row| (row.job.clone(), row)).collect();
    let mut snapshot = Snapshot { jobs, live, ..Snapshot::default() };
    if candidates.is_empty() {
        return Ok(snapshot);
    }
    for stretch in latest_stretches(connection, &about, lowest).await? {
        snapshot.stretches.entry(stretch.job.clone()).or_default().push(stretch);
    }
    snapshot.known = known(connection, &about, &snapshot, lowest).await?;
    Ok(snapshot)
}

/// The last stretch of each job, and those that end after `lowest`, as after a clock that went back; the latest first.
async fn latest_stretches(
    connection: &mut SqliteConnection,
    of: &BTreeSet<&JobId>,
    lowest: DateTime<Utc>,
) -> Result<Vec<Stretch>> {
    let names: Vec<&str> = of.iter().map(|job| job.as_str()).collect();
    let last = "json_each(?1) AS wanted CROSS JOIN stretch ON stretch.job = wanted.value
        AND stretch.first = (SELECT max(first) FROM stretch WHERE job = wanted.value)";
    let mut stretches = select::<StretchCells>(connection, last, "first DESC", names).await?;
    let ahead: Vec<_> = stretches.iter().filter(|stretch| stretch.last > lowest).map(|stretch| &stretch.job).collect();
    let mut ahead = stretches_after(connection, &ahead, lowest).await?;
    ahead.retain(|stretch| !stretches.contains(stretch));
    stretches.extend(ahead);
    Ok(stretches)
}

/// The stretches of jobs that end after `lowest`, the latest first.
async fn stretches_after(
    connection: &mut SqliteConnection,
    of: &[&JobId],
    lowest: DateTime<Utc>,
) -> Result<Vec<Stretch>> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<_> = of.iter().map(|job| key(job, lowest)).collect();
    let ahead = "json_each(?1) AS wanted CROSS JOIN stretch
        ON stretch.job = wanted.value ->> 0 AND stretch.last > wanted.value ->> 1";
    select::<StretchCells>(connection, ahead, "first DESC", keys).await
}

/// The fire times of jobs that have a row of their own, as far as decisions look for them.
async fn known(
    connection: &mut SqliteConnection,
    of: &BTreeSet<&JobId>,
    seen: &Snapshot,
    lowest: DateTime<Utc>,
) -> Result<BTreeMap<JobId, BTreeSet<DateTime<Utc>>>> {
    let mut known: BTreeMap<JobId, BTreeSet<DateTime<Utc>>> = BTreeMap::new();
    let of_job = |job: &JobId| seen.stretches.get(job).map_or(&[][..], Vec::as_slice);
    let since: BTreeMap<&JobId, DateTime<Utc>> =
        of.iter().filter_map(|job| Some((*job, known_since(seen.jobs.get(*job)?, of_job(job), lowest)))).collect();
    if since.is_empty() {
        return Ok(known);
    }
    for entry in seen.live.iter().filter(|entry| since.get(&entry.job).is_some_and(|since| entry.fire_time >= *since)) {
        known.entry(entry.job.clone()).or_default().insert(entry.fire_time);
    }
    let keys: Vec<_> = since.iter().map(|(job, since)| key(job, *since)).collect();
    let rows: String = sqlx::query_scalar(
        "SELECT json_group_array(json_array(entry.job, fire_time)) FROM json_each(?1) AS wanted CROSS JOIN entry
         ON entry.job = wanted.value ->> 0 AND entry.fire_time >= wanted.value ->> 1 AND entry.phase = 'ended'",
    )
    .bind(json(&keys))
    .fetch_one(connection)
    .await?;
    for (job, at) in parse::<Vec<(String, i64)>>(&rows)? {
        known.entry(JobId::new(&job)).or_default().insert(from_millis(at));
    }
    Ok(known)
}

/// What [`enrol`](crate::schedule::decision::enrol) looks at. What jobs have behind them it asks only of those whose rule
/// is not what it was, and of those that a clock which went back has decided too far.
pub(super) async fn roll(
    connection: &mut SqliteConnection,
    roster: &Roster,
    lowest: DateTime<Utc>,
) -> Result<Snapshot> {
    let jobs = all_jobs(connection).await?.into_iter().map(|row| (row.job.clone(), row)).collect();
    let mut seen = Snapshot { jobs, live: live(connection).await?, ..Snapshot::default() };
    let is_as_before = |row: &JobRow| {
        let is_behind = row.removed_at.is_none() && row.decided_until <= lowest;
        is_behind && roster.get(&row.job).is_some_and(|job| row.spec == job.spec)
    };
    let changed: BTreeSet<&JobId> = seen.jobs.values().filter(|row| !is_as_before(row)).map(|row| &row.job).collect();
    for stretch in stretches_after(connection, &changed.iter().copied().collect::<Vec<_>>(), lowest).await? {
        seen.stretches.entry(stretch.job.clone()).or_default().push(stretch);
    }
    seen.known = known(connection, &changed, &seen, lowest).await?;
    Ok(seen)
}

/// Milliseconds, as they are compared in statements.
pub(super) fn until(before: Option<DateTime<Utc>>) -> i64 {
    before.map_or(i64::MAX, to_millis)
}
