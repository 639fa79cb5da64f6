//! A disk that fails: errors are told, and nothing is half done.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};

use super::Sqlite;
use crate::clock::Clock;
use crate::database::{Database, Options, Synchronous};
use crate::error::{Error, Result};
use crate::schedule::decision::{Finish, Situation, StateChange, StateDeed};
use crate::schedule::dispatcher::{Dispatcher, NewRun};
use crate::schedule::job::{Job, JobId, OverlapPolicy, Roster};
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Fence, Pause, RunId};
use crate::schedule::store::{Node, Record, Store};
use crate::schedule::testing::{berlin, job};

/// A store in a file, and its one job.
struct Disk {
    _folder: tempfile::TempDir,
    file: PathBuf,
    store: Sqlite,
    roster: Roster,
    fence: Fence,
    absence: Reason,
    now: DateTime<Utc>,
}

fn options() -> Options {
    Options::new(Synchronous::Normal, Clock::starting_at(berlin("2026-11-22 18:00")))
}

fn jobs() -> [Job; 2] {
    [job("quick", "every 60s"), Job { overlap: OverlapPolicy::Allow, ..job("second", "every 60s") }]
}

impl Disk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(".stackhand/state.db");
        let opened = Database::open(&file, &options()).await.expect("it opens");
        let store = Sqlite::new(opened.database).await.expect("tables");
        let now = berlin("2026-11-22 18:00");
        let fence = store.register(Node::Scheduler, now, TimeDelta::hours(9)).await.expect("registered");
        let absence = Reason::new("down", "the scheduler was not running");
        let disk = Self { _folder: folder, file, store, roster: Roster::new(jobs()), fence, absence, now };
        disk.store.enrol(&disk.around()).await.expect("enrolled");
        disk
    }

    fn around(&self) -> Situation<'_> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        Situation {
            roster: &self.roster,
            now: self.now,
            lowest: self.now,
            fence: self.fence,
            absence: &self.absence,
            free: 9,
            only: None,
            new_run: &|| RunId(format!("r{}", COUNT.fetch_add(1, Ordering::Relaxed))),
        }
    }

    async fn claim(&mut self) -> Result<Vec<RunId>> {
        self.now += TimeDelta::seconds(60);
        let all: Vec<JobId> = jobs().into_iter().map(|job| job.id).collect();
        let step = self.store.claim_due(&all, &self.around()).await?;
        Ok(step.start.into_iter().filter_map(|entry| entry.run).collect())
    }

    /// All that is in the tables.
    async fn rows(&self) -> Vec<String> {
        let mut read = self.store.database().read().await.expect("it reads");
        let mut all = Vec::new();
        for table in ["job", "entry", "stretch", "run", "node", "state"] {
            let columns =
                format!("SELECT group_concat('quote(' || name || ')', ' || ') FROM pragma_table_info('{table}')");
            let columns: String =
                sqlx::query_scalar(AssertSqlSafe(columns)).fetch_one(&mut *read).await.expect("columns");
            let rows = format!("SELECT {columns} AS cells FROM {table} ORDER BY cells");
            let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(&mut *read).await.expect("rows");
            all.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
        }
        all
    }

    /// Says something to the connection that writes.
    async fn tell_writer(&self, sql: String) {
        let mut write = self.store.database().write().await.expect("a transaction");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *write).await.expect("understood");
    }

    /// From now on commits fail while the flag is up.
    async fn commits_fail(&self) -> Arc<AtomicBool> {
        let fails = Arc::new(AtomicBool::new(false));
        let mut write = self.store.database().write().await.expect("a transaction");
        let flag = fails.clone();
        let mut handle = write.lock_handle().await.expect("a handle");
        handle.set_commit_hook(move || !flag.load(Ordering::Relaxed));
        drop(handle);
        fails
    }

    /// Every verb that writes, over and over: with `code` while `fails` says so, and then nothing has changed.
    async fn fails_whole(&mut self, code: &str) {
        let before = self.rows().await;
        let (around, now) = (self.around(), self.now + TimeDelta::seconds(60));
        let around = Situation { now, lowest: now, ..around };
        let all: Vec<JobId> = jobs().into_iter().map(|job| job.id).collect();
        let live = self.store.live().await.expect("it answers");
        let run = live.iter().find_map(|entry| entry.run.clone()).expect("one is under way");
        let change = StateChange { scope: "s".to_owned(), key: "k".to_owned(), deed: StateDeed::Add(1) };
        let finish =
            Finish { run, outcome: Outcome::Done, reason: None, error_kind: None, state: vec![change.clone()] };
        let told = self.store.untold(9).await.expect("it answers");
        assert!(!told.is_empty());
        let pause = Pause { since: now, until: None, note: None };
        let (store, id) = (&self.store, &all[0]);
        let lease = TimeDelta::hours(9);
        let answers: [(&str, Option<Error>); 13] = [
            ("register", store.register(Node::Hand, now, lease).await.err()),
            ("heartbeat", store.heartbeat(self.fence, now, lease).await.err()),
            ("retire", store.retire(self.fence).await.err()),
            ("enrol", store.enrol(&Situation { roster: &Roster::default(), ..around }).await.err()),
            ("claim_due", store.claim_due(&all, &around).await.err()),
            ("finish", store.finish(std::slice::from_ref(&finish), &around).await.err()),
            ("give_back", store.give_back(std::slice::from_ref(&finish.run), &around).await.err()),
            ("recover_expired", store.recover_expired(&[finish], &around).await.err()),
            ("start_by_hand", store.start_by_hand(id, None, &around).await.err()),
            ("pause", store.pause(id, &pause).await.err()),
            ("mark_told", store.mark_told(&told).await.err()),
            ("keep", store.keep(&[change]).await.err()),
            ("prune", store.prune(now, 0).await.err()),
        ];
        for (verb, error) in answers {
            let error = error.unwrap_or_else(|| panic!("{verb} was answered"));
            assert_eq!(error.code, code, "{verb}: {}", error.message);
            assert_eq!(error.place.as_deref(), self.file.to_str(), "{verb}");
        }
        assert_eq!(self.rows().await, before);
    }

    /// One run that has ended, one under way.
    async fn busy(&mut self) {
        let runs = self.claim().await.expect("claimed");
        let finish =
            Finish { run: runs[0].clone(), outcome: Outcome::Done, reason: None, error_kind: None, state: Vec::new() };
        self.store.finish(&[finish], &self.around()).await.expect("ended");
    }
}

#[tokio::test]
async fn a_commit_that_fails_leaves_nothing_and_the_next_one_goes_on() {
    let mut disk = Disk::new().await;
    disk.busy().await;
    let fails = disk.commits_fail().await;
    fails.store(true, Ordering::Relaxed);
    disk.fails_whole("state_refused").await;
    fails.store(false, Ordering::Relaxed);
    assert_eq!(disk.claim().await.expect("claimed").len(), 2);
}

#[tokio::test]
async fn a_file_that_may_only_be_read_is_told_at_every_verb() {
    let mut disk = Disk::new().await;
    disk.busy().await;
    disk.tell_writer("PRAGMA query_only = ON".to_owned()).await;
    disk.fails_whole("state_forbidden").await;
}

#[tokio::test]
async fn a_file_that_another_process_holds_is_told_at_every_verb() {
    let mut disk = Disk::new().await;
    disk.busy().await;
    disk.tell_writer("PRAGMA busy_timeout = 1".to_owned()).await;
    let other = sqlx::sqlite::SqliteConnectOptions::new().filename(&disk.file);
    let mut other: SqliteConnection = other.connect().await.expect("opens");
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.expect("held");
    disk.fails_whole("state_locked").await;
    sqlx::raw_sql("COMMIT").execute(&mut other).await.expect("let go");
    assert_eq!(disk.claim().await.expect("claimed").len(), 2);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_removed_or_replaced_is_told_at_every_verb() {
    let mut disk = Disk::new().await;
    disk.busy().await;
    let aside = disk.file.with_extension("aside");
    fs::rename(&disk.file, &aside).expect("moved");
    disk.fails_whole("state_removed").await;
    fs::copy(&aside, &disk.file).expect("copied");
    disk.fails_whole("state_removed").await;
    fs::rename(&aside, &disk.file).expect("put back");
    assert_eq!(disk.claim().await.expect("claimed").len(), 2);
}

#[tokio::test]
async fn a_full_disk_loses_nothing_of_what_was_answered() {
    let mut disk = Disk::new().await;
    disk.tell_writer("PRAGMA max_page_count = 40".to_owned()).await;
    let text = "x".repeat(3_000);
    let (mut answered, mut full) = (0, None);
    while full.is_none() {
        let runs = match disk.claim().await {
            Ok(runs) => runs,
            Err(error) => {
                full = Some(error);
                break;
            }
        };
        let before = disk.rows().await;
        let reason = Some(Reason::new("long", &*text));
        let ended = runs.into_iter().map(|run| Finish {
            run,
            outcome: Outcome::Failed,
            reason: reason.clone(),
            error_kind: None,
            state: Vec::new(),
        });
        match disk.store.finish(&ended.collect::<Vec<_>>(), &disk.around()).await {
            Ok(()) => answered += 1,
            Err(error) => {
                assert_eq!(disk.rows().await, before);
                full = Some(error);
            }
        }
    }
    assert_eq!(full.map(|error| error.code), Some("state_full"));
    assert!(answered > 0);
    disk.tell_writer("PRAGMA max_page_count = 100000".to_owned()).await;
    let history = disk.store.history(None, None, 10_000).await.expect("it answers");
    let failed = history.iter().filter(|record| matches!(record, Record::Entry(entry) if !entry.is_live()));
    assert!(failed.count() >= 2 * answered);
    disk.claim().await.expect("there is room again");
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_told_and_a_new_store_begun() {
    let mut disk = Disk::new().await;
    disk.busy().await;
    disk.store.database().close().await;
    let file = disk.file.clone();
    drop(disk.store);
    let mut bytes = fs::read(&file).expect("readable");
    bytes[4096..].fill(0xa5);
    fs::write(&file, bytes).expect("written");
    let opened = Database::open(&file, &options()).await.expect("it opens");
    let [note] = &opened.notes[..] else { panic!("{:?}", opened.notes) };
    assert!(note.contains("cannot be used") && note.contains("state.db.damaged-"), "{note}");
    let store = Sqlite::new(opened.database).await.expect("tables");
    assert_eq!(store.jobs().await.expect("it answers"), Vec::new());
    store.register(Node::Scheduler, disk.now, TimeDelta::hours(1)).await.expect("it works");
}

#[tokio::test]
async fn a_scheduler_whose_commits_fail_at_random_decides_every_fire_time_once() {
    for seed in 0..5 {
        let mut random = StdRng::seed_from_u64(seed);
        let disk = Disk::new().await;
        let fails = disk.commits_fail().await;
        let count = AtomicU64::new(0);
        let new_run: NewRun = Arc::new(move || RunId(format!("run-{}", count.fetch_add(1, Ordering::Relaxed))));
        let (begin, mut now, mut monotonic) = (disk.now, disk.now, Duration::ZERO);
        let store = disk.store.clone();
        let taken = Dispatcher::take_over(store, disk.roster.clone(), 4, new_run, now, &|_| None).await;
        let mut dispatcher = taken.expect("it takes over");
        for _ in 0..60 {
            let step = Duration::from_secs(random.random_range(1..90));
            (now, monotonic) = (now + step, monotonic + step);
            fails.store(random.random_bool(0.3), Ordering::Relaxed);
            let running: Vec<RunId> = dispatcher.running().filter_map(|entry| entry.run.clone()).collect();
            for run in running.into_iter().filter(|_| random.random_bool(0.6)) {
                let (reason, error_kind, state) = (None, None, Vec::new());
                dispatcher.ended(Finish { run, outcome: Outcome::Done, reason, error_kind, state });
            }
            // An error is told; the next step does it again.
            let _ = dispatcher.step(now, monotonic).await;
        }
        fails.store(false, Ordering::Relaxed);
        dispatcher.step(now, monotonic).await.expect("it steps");
        let mut counted = 0;
        for record in disk.store.history(None, None, 10_000).await.expect("it answers") {
            counted += match record {
                Record::Entry(_) => 1,
                Record::Stretch(stretch) => stretch.count,
            };
        }
        let expected: u64 = disk.roster.iter().map(|job| job.rule.count_between(begin, now)).sum();
        assert_eq!(counted, expected, "seed {seed}");
        let live = disk.store.live().await.expect("it answers");
        let under_way: Vec<&RunId> = dispatcher.running().filter_map(|entry| entry.run.as_ref()).collect();
        let on_record = live.iter().filter(|entry| entry.phase == crate::schedule::rows::Phase::Running);
        assert!(
            on_record.clone().all(|entry| under_way.contains(&entry.run.as_ref().expect("it runs"))),
            "seed {seed}"
        );
        assert_eq!(on_record.count(), under_way.len(), "seed {seed}");
    }
}
