//! The verbs, each one transaction: what it reads, what the decision says, what it writes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use sqlx::SqliteConnection;

use super::cells::{EntryCells, RunCells, StretchCells, key};
use super::rows::{self, select, until};
use super::schema::MIGRATIONS;
use super::{changes, pruning};
use crate::database::{Database, Write, to_millis};
use crate::error::Result;
use crate::schedule::decision::{self, Changes, Finish, Situation, StateChange, Step, Values};
use crate::schedule::job::JobId;
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Entry, Fence, JobRow, Pause, Phase, RunId, RunRow, Stretch};
use crate::schedule::store::{self, Node, Record, Store};

/// The latest of all fire times.
const HISTORY: &str = "(SELECT * FROM entry WHERE fire_time < ?1 ->> 1 ORDER BY fire_time DESC, job LIMIT ?1 ->> 2)";
const STRETCHES: &str = "(SELECT * FROM stretch WHERE first < ?1 ->> 1 ORDER BY first DESC, job LIMIT ?1 ->> 2)";

/// The latest of one job: those with an outcome by their own index, the few others beside them.
const HISTORY_OF_JOB: &str = "(SELECT * FROM (
        SELECT * FROM entry WHERE phase = 'ended' AND job = ?1 ->> 0 AND fire_time < ?1 ->> 1
        ORDER BY fire_time DESC LIMIT ?1 ->> 2
    ) UNION ALL SELECT * FROM entry WHERE phase <> 'ended' AND job = ?1 ->> 0 AND fire_time < ?1 ->> 1)";
const STRETCHES_OF_JOB: &str = "(SELECT * FROM stretch WHERE job = ?1 ->> 0 AND first < ?1 ->> 1
    ORDER BY first DESC LIMIT ?1 ->> 2)";

/// The latest of each of several jobs, from the one so many places before its last.
const LATEST_ENTRIES: &str = "json_each(?1, '$[1]') AS wanted CROSS JOIN entry ON entry.job = wanted.value
    AND entry.phase = 'ended' AND entry.fire_time >= coalesce(
        (SELECT fire_time FROM entry WHERE job = wanted.value AND phase = 'ended'
            ORDER BY fire_time DESC LIMIT 1 OFFSET ?1 ->> 0),
        (SELECT min(fire_time) FROM entry WHERE job = wanted.value AND phase = 'ended'))";
const LATEST_STRETCHES: &str = "json_each(?1, '$[1]') AS wanted CROSS JOIN stretch ON stretch.job = wanted.value
    AND stretch.first >= coalesce(
        (SELECT first FROM stretch WHERE job = wanted.value ORDER BY first DESC LIMIT 1 OFFSET ?1 ->> 0),
        (SELECT min(first) FROM stretch WHERE job = wanted.value))";

/// A store in the workspace's state; cheap to clone. It keeps instants in milliseconds, and so cuts what it is told.
#[derive(Debug, Clone)]
pub struct Sqlite {
    database: Database,
}

impl Sqlite {
    /// The store in a database, whose tables are made or brought to their newest version.
    ///
    /// # Errors
    /// Those of [`Database::migrate`].
    pub async fn new(database: Database) -> Result<Self> {
        database.migrate(MIGRATIONS).await?;
        Ok(Self { database })
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    fn placed<T>(&self, answer: Result<T>) -> Result<T> {
        answer.map_err(|error| self.database.placed(error))
    }

    /// Makes changes in one transaction: all that `verb` writes, or nothing if it fails.
    async fn change<T>(&self, verb: impl AsyncFnOnce(&mut Write) -> Result<T>) -> Result<T> {
        let made = async {
            let mut write = self.database.write().await?;
            let answer = verb(&mut write).await?;
            write.commit().await?;
            Ok(answer)
        };
        self.placed(made.await)
    }

    async fn look<T>(&self, verb: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T>) -> Result<T> {
        let seen = async { verb(&mut *self.database.read().await?).await };
        self.placed(seen.await)
    }
}

/// A situation as it can be written: in whole milliseconds.
fn whole<'s>(around: &'s Situation<'_>) -> Situation<'s> {
    Situation { now: around.now.trunc_subsecs(3), lowest: around.lowest.trunc_subsecs(3), ..*around }
}

/// A number of rows as SQLite takes it.
fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

async fn check_lease(write: &mut Write, fence: Fence) -> Result<()> {
    if rows::has_lease(write, fence).await? { Ok(()) } else { Err(store::lease_lost()) }
}

/// Reads the values that changes of state are about.
async fn values_for<'c>(
    connection: &mut SqliteConnection,
    state: impl Iterator<Item = &'c StateChange>,
) -> Result<Values> {
    rows::values(connection, state.map(|change| (change.scope.as_str(), change.key.as_str())).collect()).await
}

fn held(values: &Values, scope: &str, key: &str) -> Option<String> {
    values.get(&(scope.to_owned(), key.to_owned())).cloned().flatten()
}

/// Runs and fire times as a transaction that ends several runs has left them so far.
struct Ending {
    runs: BTreeMap<RunId, RunRow>,
    entries: BTreeMap<(JobId, DateTime<Utc>), Entry>,
    values: Values,
    written: Changes,
    kept: Values,
}

impl Ending {
    async fn read(write: &mut Write, of: BTreeSet<&str>, ended: &[Finish]) -> Result<Self> {
        let runs = rows::runs(write, &of).await?;
        let keys: BTreeSet<_> = runs.values().map(|run| key(&run.job, run.fire_time)).collect();
        let entries = rows::entries(write, &Vec::from_iter(keys)).await?;
        let entries = entries.into_iter().map(|entry| ((entry.job.clone(), entry.fire_time), entry)).collect();
        let values = values_for(write, ended.iter().flat_map(|finish| &finish.state)).await?;
        Ok(Self { runs, entries, values, written: Changes::default(), kept: Values::new() })
    }

    fn settle(&mut self, finish: &Finish, decide: impl FnOnce(&Self, &Finish) -> Changes) {
        let (finish, values) = decision::settle(finish, &|scope, key| held(&self.values, scope, key));
        self.take(decide(self, &finish));
        self.values.extend(values.clone());
        self.kept.extend(values);
    }

    fn take(&mut self, changes: Changes) {
        self.runs.extend(changes.runs.iter().map(|run| (run.run.clone(), run.clone())));
        let entries = changes.entries.iter().map(|entry| ((entry.job.clone(), entry.fire_time), entry.clone()));
        self.entries.extend(entries);
        self.written.runs.extend(changes.runs);
        self.written.entries.extend(changes.entries);
    }

    async fn write(self, write: &mut Write) -> Result<()> {
        changes::write(write, &self.written).await?;
        changes::keep(write, &self.kept).await
    }
}

/// Forgets the processes that are gone; gives what they left behind.
async fn abandoned(write: &mut Write, around: &Situation<'_>) -> Result<Vec<Entry>> {
    check_lease(write, around.fence).await?;
    sqlx::query(
        "DELETE FROM node WHERE fence <> ?1 AND (lease_until <= ?2 OR
            kind = 'scheduler' AND fence < ?1 AND (SELECT kind FROM node WHERE fence = ?1) = 'scheduler')",
    )
    .bind(around.fence.0)
    .bind(to_millis(around.now))
    .execute(&mut **write)
    .await?;
    let gone = "entry WHERE phase <> 'ended' AND fence NOT IN (SELECT fence FROM node)";
    select::<EntryCells>(write, gone, "fire_time, job", ()).await
}

impl Store for Sqlite {
    async fn register(&self, node: Node, now: DateTime<Utc>, lease: TimeDelta) -> Result<Fence> {
        let kind = match node {
            Node::Scheduler => "scheduler",
            Node::Hand => "hand",
        };
        self.change(async |write| {
            let fence =
                sqlx::query_scalar("INSERT INTO node (kind, lease_until) VALUES (?1, ?2) RETURNING fence").bind(kind);
            Ok(Fence(fence.bind(to_millis(now + lease)).fetch_one(&mut **write).await?))
        })
        .await
    }

    async fn heartbeat(&self, fence: Fence, now: DateTime<Utc>, lease: TimeDelta) -> Result<()> {
        self.change(async |write| {
            let beat = sqlx::query("UPDATE node SET lease_until = ?2 WHERE fence = ?1").bind(fence.0);
            let beat = beat.bind(to_millis(now + lease)).execute(&mut **write).await?;
            if beat.rows_affected() == 0 { Err(store::lease_lost()) } else { Ok(()) }
        })
        .await
    }

    async fn retire(&self, fence: Fence) -> Result<()> {
        self.change(async |write| {
            sqlx::query("DELETE FROM node WHERE fence = ?1").bind(fence.0).execute(&mut **write).await?;
            Ok(())
        })
        .await
    }

    async fn enrol(&self, around: &Situation<'_>) -> Result<Vec<JobRow>> {
        let around = &whole(around);
        self.change(async |write| {
            check_lease(write, around.fence).await?;
            let seen = rows::roll(write, around.roster, around.lowest).await?;
            let mut jobs = seen.jobs.clone();
            let changes = decision::enrol(around, seen);
            changes::write(write, &changes).await?;
            jobs.extend(changes.jobs.into_iter().map(|row| (row.job.clone(), row)));
            Ok(around.roster.iter().filter_map(|job| jobs.remove(&job.id)).collect())
        })
        .await
    }

    async fn claim_due(&self, candidates: &[JobId], around: &Situation<'_>) -> Result<Step> {
        let around = &whole(around);
        self.change(async |write| {
            check_lease(write, around.fence).await?;
            let seen = rows::snapshot(write, candidates, around.roster, around.lowest).await?;
            let (changes, step) = decision::claim_due(candidates, around, seen);
            changes::write(write, &changes).await?;
            Ok(step)
        })
        .await
    }

    async fn finish(&self, ended: &[Finish], around: &Situation<'_>) -> Result<()> {
        let around = &whole(around);
        if ended.is_empty() {
            return Ok(());
        }
        self.change(async |write| {
            let of = ended.iter().map(|finish| finish.run.0.as_str()).collect();
            let mut ending = Ending::read(write, of, ended).await?;
            for finish in ended {
                let run = ending.runs.get(&finish.run).filter(|run| run.ended_at.is_none());
                let Some(run) = run.cloned() else { continue };
                ending.settle(finish, |ending, finish| {
                    let entry = ending.entries.get(&(run.job.clone(), run.fire_time));
                    decision::finish(finish, entry, Some(&run), around)
                });
            }
            ending.write(write).await
        })
        .await
    }

    async fn give_back(&self, runs: &[RunId], around: &Situation<'_>) -> Result<()> {
        let around = &whole(around);
        if runs.is_empty() {
            return Ok(());
        }
        self.change(async |write| {
            let mut ending = Ending::read(write, runs.iter().map(|run| run.0.as_str()).collect(), &[]).await?;
            for run in runs {
                let Some(row) = ending.runs.get(run).cloned() else { continue };
                let is_its = |entry: &&Entry| entry.phase == Phase::Running && entry.run.as_ref() == Some(run);
                let entry = ending.entries.get(&(row.job.clone(), row.fire_time)).filter(is_its);
                if let Some(entry) = entry.cloned() {
                    ending.take(decision::give_back(&entry, Some(&row), around));
                }
            }
            ending.write(write).await
        })
        .await
    }

    async fn abandoned(&self, around: &Situation<'_>) -> Result<Vec<Entry>> {
        let around = &whole(around);
        self.change(async |write| abandoned(write, around).await).await
    }

    async fn recover_expired(&self, ended: &[Finish], around: &Situation<'_>) -> Result<()> {
        let around = &whole(around);
        self.change(async |write| {
            let abandoned = abandoned(write, around).await?;
            let of = abandoned.iter().filter_map(|entry| Some(entry.run.as_ref()?.0.as_str())).collect();
            let mut ending = Ending::read(write, of, ended).await?;
            for entry in abandoned {
                let run = entry.run.as_ref().and_then(|run| ending.runs.get(run)).cloned();
                let seen = ended.iter().find(|finish| Some(&finish.run) == entry.run.as_ref());
                let decide = |finish: Option<&Finish>| decision::recover(&entry, run.as_ref(), finish, around);
                match seen.filter(|_| entry.phase == Phase::Running) {
                    Some(finish) => ending.settle(finish, |_, finish| decide(Some(finish))),
                    None => ending.take(decide(None)),
                }
            }
            ending.write(write).await
        })
        .await
    }

    async fn start_by_hand(&self, job: &JobId, rerun_of: Option<&RunId>, around: &Situation<'_>) -> Result<bool> {
        let around = &whole(around);
        self.change(async |write| {
            let earlier = match rerun_of {
                None => None,
                Some(run) => {
                    let unknown = || store::unknown_run(run);
                    let row = rows::runs(write, &BTreeSet::from([run.0.as_str()])).await?;
                    let row = row.into_values().next().ok_or_else(unknown)?;
                    Some(rows::entries(write, &[key(&row.job, row.fire_time)]).await?.pop().ok_or_else(unknown)?)
                }
            };
            let mut at = around.now;
            while !rows::entries(write, &[key(job, at)]).await?.is_empty() {
                at += TimeDelta::milliseconds(1);
            }
            let changes = decision::start_by_hand(job, at, earlier.as_ref(), around);
            let is_taken = changes.is_some();
            changes::write(write, &changes.unwrap_or_default()).await?;
            Ok(is_taken)
        })
        .await
    }

    async fn pause(&self, job: &JobId, pause: &Pause) -> Result<bool> {
        self.change(async |write| {
            let row = rows::jobs(write, &BTreeSet::from([job])).await?.pop().filter(|row| row.removed_at.is_none());
            let Some(row) = row else { return Ok(false) };
            let row = JobRow { pause: Some(pause.clone()), ..row };
            changes::write(write, &Changes { jobs: vec![row], ..Changes::default() }).await?;
            Ok(true)
        })
        .await
    }

    async fn cancel(
        &self,
        job: &JobId,
        fire_time: Option<DateTime<Utc>>,
        around: &Situation<'_>,
    ) -> Result<Vec<RunId>> {
        let now = whole(around).now;
        self.change(async |write| {
            let (mut running, mut changes) = (Vec::new(), Changes::default());
            let of_job = "entry WHERE phase <> 'ended' AND job = ?1 ->> 0";
            for mut entry in select::<EntryCells>(write, of_job, "fire_time", [job.as_str()]).await? {
                if fire_time.is_some_and(|at| at != entry.fire_time) {
                    continue;
                }
                if entry.phase == Phase::Running {
                    running.extend(entry.run);
                    continue;
                }
                let reason = Reason::new("cancelled", "it was cancelled before it started");
                entry.end(now, Outcome::Cancelled, Some(reason));
                changes.entries.push(entry);
            }
            changes::write(write, &changes).await?;
            Ok(running)
        })
        .await
    }

    async fn untold(&self, limit: usize) -> Result<Vec<Record>> {
        let entries = "(SELECT * FROM entry WHERE untold = 1 ORDER BY fire_time, job LIMIT ?1 ->> 0)";
        let stretches = "(SELECT * FROM stretch WHERE untold = 1 ORDER BY first, job LIMIT ?1 ->> 0)";
        let mut records = self
            .look(async |read| {
                let entries = select::<EntryCells>(read, entries, "fire_time, job", [count(limit)]).await?;
                let stretches = select::<StretchCells>(read, stretches, "first, job", [count(limit)]).await?;
                Ok(records(entries, stretches))
            })
            .await?;
        records.sort_by(|one, two| (one.first(), one.job()).cmp(&(two.first(), two.job())));
        records.truncate(limit);
        Ok(records)
    }

    async fn mark_told(&self, records: &[Record]) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        self.change(async |write| {
            let (mut entries, mut stretches) = (Vec::new(), Vec::new());
            for record in records {
                match record {
                    Record::Entry(entry) => entries.push(key(&entry.job, entry.fire_time)),
                    Record::Stretch(stretch) => stretches.push(key(&stretch.job, stretch.first)),
                }
            }
            let entries = rows::entries(write, &entries).await?.into_iter().map(Record::Entry);
            let stretches = rows::stretches(write, &stretches).await?.into_iter().map(Record::Stretch);
            let held: BTreeMap<_, _> = entries.chain(stretches).map(|record| (place(&record), record)).collect();
            let as_told: Vec<&Record> =
                records.iter().filter(|record| held.get(&place(record)) == Some(record)).collect();
            changes::mark_told(write, &as_told).await
        })
        .await
    }

    async fn jobs(&self) -> Result<Vec<JobRow>> {
        self.look(rows::all_jobs).await
    }

    async fn live(&self) -> Result<Vec<Entry>> {
        self.look(rows::live).await
    }

    async fn history(&self, job: Option<&JobId>, before: Option<DateTime<Utc>>, limit: usize) -> Result<Vec<Record>> {
        let bind = (job.map(JobId::as_str), until(before), count(limit));
        let (entries, stretches) = match job {
            Some(_) => (HISTORY_OF_JOB, STRETCHES_OF_JOB),
            None => (HISTORY, STRETCHES),
        };
        let mut records = self
            .look(async |read| {
                let entries = select::<EntryCells>(read, entries, "fire_time DESC, job", bind).await?;
                let stretches = select::<StretchCells>(read, stretches, "first DESC, job", bind).await?;
                Ok(records(entries, stretches))
            })
            .await?;
        records.sort_by(|one, two| two.first().cmp(&one.first()).then_with(|| one.job().cmp(two.job())));
        records.truncate(limit);
        Ok(records)
    }

    async fn latest(&self, jobs: &[JobId], each: usize) -> Result<Vec<Record>> {
        if each == 0 {
            return Ok(Vec::new());
        }
        let names: BTreeSet<_> = jobs.iter().map(JobId::as_str).collect();
        let wanted = (count(each - 1), names);
        let mut records = self
            .look(async |read| {
                let entries = select::<EntryCells>(read, LATEST_ENTRIES, "fire_time DESC, job", &wanted).await?;
                let stretches = select::<StretchCells>(read, LATEST_STRETCHES, "first DESC, job", &wanted).await?;
                Ok(records(entries, stretches))
            })
            .await?;
        records.sort_by(|one, two| two.first().cmp(&one.first()).then_with(|| one.job().cmp(two.job())));
        let mut counts: BTreeMap<JobId, usize> = BTreeMap::new();
        records.retain(|record| {
            let count = counts.entry(record.job().clone()).or_default();
            *count += 1;
            *count <= each
        });
        Ok(records)
    }

    async fn runs(&self, job: &JobId, fire_time: DateTime<Utc>) -> Result<Vec<RunRow>> {
        let of_fire_time = "run WHERE job = ?1 ->> 0 AND fire_time = ?1 ->> 1";
        self.look(async |read| select::<RunCells>(read, of_fire_time, "attempt", key(job, fire_time)).await).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunRow>> {
        let ids = BTreeSet::from([run.0.as_str()]);
        self.look(async |read| Ok(rows::runs(read, &ids).await?.into_values().next())).await
    }

    async fn state(&self, scope: &str, key: &str) -> Result<Option<String>> {
        self.look(async |read| {
            let value = sqlx::query_scalar("SELECT value FROM state WHERE scope = ?1 AND key = ?2");
            Ok(value.bind(scope).bind(key).fetch_optional(read).await?)
        })
        .await
    }

    async fn keep(&self, changes: &[StateChange]) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        self.change(async |write| {
            let values = values_for(write, changes.iter()).await?;
            let kept = decision::keep(changes, &|scope, key| held(&values, scope, key)).map_err(store::not_kept)?;
            changes::keep(write, &kept).await
        })
        .await
    }

    async fn prune(&self, before: DateTime<Utc>, most: usize) -> Result<u64> {
        self.placed(pruning::prune(&self.database, before, most).await)
    }
}

fn records(entries: Vec<Entry>, stretches: Vec<Stretch>) -> Vec<Record> {
    entries.into_iter().map(Record::Entry).chain(stretches.into_iter().map(Record::Stretch)).collect()
}

fn place(record: &Record) -> (bool, JobId, DateTime<Utc>) {
    (matches!(record, Record::Stretch(_)), record.job().clone(), record.first())
}
