//! A process that works on a store is killed at random moments; what it had been answered is there, once, and whole.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::Sqlite;
use crate::clock::Clock;
use crate::database::{Database, Options, Synchronous};
use crate::schedule::decision::{Finish, StateChange, StateDeed};
use crate::schedule::dispatcher::Dispatcher;
use crate::schedule::job::{InterruptedPolicy, Job, JobId, OverlapPolicy, Roster};
use crate::schedule::outcome::Outcome;
use crate::schedule::rows::RunId;
use crate::schedule::store::{Record, Store};
use crate::schedule::testing::{berlin, job};

/// The folder that the process works in has a file of this name, so that nobody starts it elsewhere by accident.
const MARK: &str = "made-to-be-killed";
const VICTIM: &str = "schedule::store::sqlite::kill_tests::the_process_that_is_killed";
const KILLS: usize = 20;
const SEED: u64 = 5;

fn roster() -> Roster {
    let overlaps = [OverlapPolicy::Skip, OverlapPolicy::Queue, OverlapPolicy::CancelRunning, OverlapPolicy::Allow];
    Roster::new((0..24).map(|number| Job {
        overlap: overlaps[number % 4],
        interrupted: if number % 3 == 0 { InterruptedPolicy::Rerun } else { InterruptedPolicy::Leave },
        group: (number % 5 == 0).then(|| "group".to_owned()),
        ..job(&format!("job-{number}"), &format!("every {}s", 60 + 30 * (number % 3)))
    }))
}

async fn store() -> Sqlite {
    let clock = Clock::starting_at(berlin("2026-11-22 18:00"));
    let options = Options::new(Synchronous::Normal, clock);
    let opened = Database::open(Path::new(".stackhand/state.db"), &options).await.expect("it opens");
    assert_eq!(opened.notes, Vec::<String>::new());
    Sqlite::new(opened.database).await.expect("tables")
}

/// Works until it is killed, and says what it has been answered. Nothing to do unless the test below has started it, in
/// a folder with its mark.
#[tokio::test]
async fn the_process_that_is_killed() {
    println!();
    if !Path::new(MARK).exists() {
        return;
    }
    let store = store().await;
    let decided = store.jobs().await.expect("it answers").into_iter().map(|row| row.decided_until).max();
    let mut now = decided.unwrap_or(berlin("2026-11-22 18:00")) + TimeDelta::seconds(7);
    let process = std::process::id();
    let count = std::sync::atomic::AtomicU64::new(0);
    let new_run =
        Arc::new(move || RunId(format!("{process}-{}", count.fetch_add(1, std::sync::atomic::Ordering::Relaxed))));
    let taken = Dispatcher::take_over(store, roster(), 10, new_run, now, &|_| None).await;
    let mut dispatcher = taken.expect("it takes over");
    let (mut monotonic, mut random) = (Duration::ZERO, StdRng::seed_from_u64(process.into()));
    loop {
        let running: Vec<RunId> = dispatcher.running().filter_map(|entry| entry.run.clone()).collect();
        let ended: Vec<RunId> = running.into_iter().filter(|_| random.random_bool(0.7)).collect();
        for run in ended.clone() {
            let state = vec![StateChange { scope: "s".to_owned(), key: "done".to_owned(), deed: StateDeed::Add(1) }];
            dispatcher.ended(Finish { run, outcome: Outcome::Done, reason: None, error_kind: None, state });
        }
        let orders = dispatcher.step(now, monotonic).await.expect("it steps");
        for run in &ended {
            println!("ended {run}");
        }
        for entry in &orders.start {
            println!("started {}", entry.run.clone().expect("it runs"));
        }
        let untold = dispatcher.store().untold(50).await.expect("it answers");
        dispatcher.store().mark_told(&untold).await.expect("it is written");
        if random.random_bool(0.02) {
            let before = now - TimeDelta::days(3_000);
            dispatcher.store().prune(before, 1_000_000).await.expect("it is pruned");
        }
        let step = Duration::from_secs(random.random_range(5..50));
        (now, monotonic) = (now + step, monotonic + step);
    }
}

/// What the process was answered.
#[derive(Default)]
struct Answered {
    started: BTreeSet<String>,
    ended: BTreeSet<String>,
}

impl Answered {
    fn listen(&mut self, line: &str) {
        if let Some(run) = line.strip_prefix("started ") {
            self.started.insert(run.to_owned());
        } else if let Some(run) = line.strip_prefix("ended ") {
            self.ended.insert(run.to_owned());
        }
    }
}

#[tokio::test]
async fn a_process_that_is_killed_loses_nothing_and_doubles_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(MARK), "").expect("written");
    let (mut random, mut answered) = (StdRng::seed_from_u64(SEED), Answered::default());
    for kill in 0..KILLS {
        let mut process = Command::new(std::env::current_exe().expect("known"))
            .args([VICTIM, "--exact", "--nocapture"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let mut lines = output.lines().map_while(Result::ok);
        let enough = random.random_range(1..400);
        lines.by_ref().take(enough).for_each(|line| answered.listen(&line));
        process.kill().expect("it is killed");
        process.wait().expect("it is gone");
        // What it said between that line and its end was answered too. The last line may be torn.
        let rest: Vec<String> = lines.collect();
        rest.iter().take(rest.len().saturating_sub(1)).for_each(|line| answered.listen(line));
        check(folder.path(), &answered, kill).await;
    }
    assert!(answered.ended.len() > 500, "it did next to nothing: {}", answered.ended.len());
}

async fn check(folder: &Path, answered: &Answered, kill: usize) {
    let clock = Clock::starting_at(berlin("2026-11-22 18:00"));
    let options = Options::new(Synchronous::Normal, clock);
    let opened = Database::open(&folder.join(".stackhand/state.db"), &options).await.expect("it opens");
    // Opening is a quick check too.
    assert_eq!(opened.notes, Vec::<String>::new(), "kill {kill}");
    let store = Sqlite::new(opened.database).await.expect("tables");
    let mut read = store.database().read().await.expect("it reads");
    let told: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut *read).await.expect("it answers");
    assert_eq!(told, "ok", "kill {kill}");
    let runs: Vec<(String, String, i64, i64, Option<String>)> =
        sqlx::query_as("SELECT run, job, fire_time, attempt, outcome FROM run")
            .fetch_all(&mut *read)
            .await
            .expect("it");
    drop(read);
    let by_id: BTreeMap<&str, Option<&str>> =
        runs.iter().map(|(run, .., outcome)| (run.as_str(), outcome.as_deref())).collect();
    for run in &answered.started {
        assert!(by_id.contains_key(run.as_str()), "kill {kill}: the start of {run} is lost");
    }
    for run in &answered.ended {
        assert_eq!(by_id.get(run.as_str()), Some(&Some("done")), "kill {kill}: the end of {run} is lost");
    }
    let attempts: BTreeSet<_> = runs.iter().map(|(_, job, at, attempt, _)| (job, at, attempt)).collect();
    assert_eq!(attempts.len(), runs.len(), "kill {kill}: a fire time was started twice");
    let done = runs.iter().filter(|(.., outcome)| outcome.as_deref() == Some("done")).count();
    let kept = store.state("s", "done").await.expect("it answers").map_or(0, |kept| kept.parse().expect("a number"));
    assert_eq!(done, kept, "kill {kill}: runs and what they kept do not agree");
    every_fire_time_is_on_record_once(&store, kill).await;
}

async fn every_fire_time_is_on_record_once(store: &Sqlite, kill: usize) {
    let mut counted: BTreeMap<JobId, u64> = BTreeMap::new();
    let mut keys: BTreeSet<(JobId, DateTime<Utc>)> = BTreeSet::new();
    for record in store.history(None, None, 1_000_000).await.expect("it answers") {
        assert!(keys.insert((record.job().clone(), record.first())), "kill {kill}: twice on record: {record:?}");
        *counted.entry(record.job().clone()).or_default() += match &record {
            Record::Entry(_) => 1,
            Record::Stretch(stretch) => stretch.count,
        };
    }
    let roster = roster();
    for row in store.jobs().await.expect("it answers") {
        let rule = &roster.get(&row.job).expect("it is enrolled").rule;
        let expected = rule.count_between(row.enrolled_at, row.decided_until);
        assert_eq!(counted.get(&row.job).copied().unwrap_or_default(), expected, "kill {kill}: {}", row.job);
    }
}
