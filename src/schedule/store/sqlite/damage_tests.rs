//! Rows that somebody else wrote, or a disk: a number that no clock and no count reaches ends no process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Sqlite;
use crate::clock::Clock;
use crate::database::Database;
use crate::error::Result;
use crate::schedule::decision::Finish;
use crate::schedule::dispatcher::{Dispatcher, LEASE};
use crate::schedule::job::{InterruptedPolicy, Job, JobId, MissedPolicy, Retry, Roster};
use crate::schedule::outcome::Outcome;
use crate::schedule::rows::{Pause, RunId};
use crate::schedule::store::Store;
use crate::schedule::testing::{berlin, job};

/// The columns that hold numbers.
const NUMBERS: [(&str, &[&str]); 5] = [
    ("job", &["decided_until", "paused_since", "paused_until", "enrolled_at", "removed_at"]),
    (
        "entry",
        &["fire_time", "attempt", "not_before", "start_by", "fence", "decided_at", "started_at", "ended_at", "untold"],
    ),
    ("stretch", &["first", "last", "count", "decided_at"]),
    ("run", &["fire_time", "attempt", "fence", "started_at", "ended_at"]),
    ("node", &["lease_until"]),
];

const VALUES: [i64; 4] = [i64::MIN, i64::MAX, 0, u32::MAX as i64];

/// Texts in place of a rule.
const SPECS: [&str; 5] = [
    "",
    "every 18446744073709551615s | Europe/Berlin | after | first",
    "every 0s | Europe/Berlin | after | first",
    "0 0 30 2 * | Europe/Berlin | after | first",
    "* * * * * * | Pacific/Kiritimati | skip | both",
];

fn jobs() -> [Job; 4] {
    let retry = Retry { attempts: 3, backoff: TimeDelta::seconds(20), on: vec!["network".to_owned()] };
    [
        Job { retry, interrupted: InterruptedPolicy::Rerun, ..job("retried", "* * * * *") },
        Job { missed: MissedPolicy::All, ..job("all", "every 60s") },
        Job { missed_window: TimeDelta::MAX, missed: MissedPolicy::None, ..job("paused", "30 2 * * *") },
        Job { jitter: TimeDelta::seconds(30), ..job("plain", "every 45s") },
    ]
}

fn fails(run: RunId) -> Finish {
    let error_kind = Some("network".to_owned());
    Finish { run, outcome: Outcome::Failed, reason: None, error_kind, state: Vec::new() }
}

struct Server {
    dispatcher: Dispatcher<Sqlite>,
    now: DateTime<Utc>,
    passed: Duration,
}

impl Server {
    async fn begin(store: Sqlite, now: DateTime<Utc>) -> Result<Self> {
        let count = AtomicU64::new(0);
        let begun = now.timestamp();
        let new_run = Arc::new(move || RunId(format!("{begun}-{}", count.fetch_add(1, Ordering::Relaxed))));
        let dispatcher = Dispatcher::take_over(store, Roster::new(jobs()), 3, new_run, now, &|_| None).await?;
        Ok(Self { dispatcher, now, passed: Duration::ZERO })
    }

    /// Lets time pass, and goes on where something is refused.
    async fn go_on(&mut self, rounds: u32) {
        for round in 0..rounds {
            let running: Vec<RunId> = self.dispatcher.running().filter_map(|entry| entry.run.clone()).collect();
            running.into_iter().take(1).for_each(|run| self.dispatcher.ended(fails(run)));
            let _ = self.dispatcher.step(self.now, self.passed).await;
            let _ = self.dispatcher.heartbeat(self.now, self.passed, &|_| None).await;
            let step = Duration::from_secs(u64::from(round) * 20);
            (self.now, self.passed) = (self.now + step, self.passed + step);
        }
    }
}

/// A store with rows of all kinds, of a server that has gone.
async fn kept(now: DateTime<Utc>) -> Result<Sqlite> {
    let store = Sqlite::new(Database::in_memory(&Clock::starting_at(now)).await?).await?;
    Server::begin(store.clone(), now - TimeDelta::days(2)).await?.go_on(6).await;
    let pause = Pause { since: now - TimeDelta::days(1), until: Some(now), note: None };
    store.pause(&JobId::new("paused"), &pause).await?;
    Server::begin(store.clone(), now - TimeDelta::hours(1)).await?.go_on(6).await;
    Ok(store)
}

/// All that a server and the commands beside it do with what they find.
async fn use_it(store: Sqlite, now: DateTime<Utc>) -> Result<()> {
    let mut server = Server::begin(store.clone(), now).await?;
    server.go_on(4).await;
    // The clock goes back, and ahead again.
    server.now -= TimeDelta::days(1);
    server.go_on(3).await;
    server.now = now + LEASE * 2;
    server.go_on(3).await;
    for job in jobs() {
        let _ = server.dispatcher.start_by_hand(&job.id, None, server.now).await;
        store.history(Some(&job.id), None, 100).await?;
        if let Some(run) = store.run(&RunId(format!("{}-0", (now - TimeDelta::hours(1)).timestamp()))).await? {
            let _ = server.dispatcher.start_by_hand(&job.id, Some(&run.run), server.now).await;
        }
        let _ = server.dispatcher.cancel(&job.id, None, server.now).await;
    }
    let ids: Vec<JobId> = jobs().map(|job| job.id).to_vec();
    store.latest(&ids, 5).await?;
    let untold = store.untold(1_000).await?;
    store.mark_told(&untold).await?;
    store.prune(now, 1).await?;
    Ok(())
}

async fn damaged(change: &str, now: DateTime<Utc>) {
    let store = kept(now).await.expect("a store");
    let mut write = store.database().write().await.expect("begun");
    // Some values are refused by the tables: what they keep out is no damage.
    let _ = sqlx::query(sqlx::AssertSqlSafe(change.to_owned())).execute(&mut *write).await;
    write.commit().await.expect("written");
    println!("{change}");
    // What cannot be understood may be refused.
    let _ = use_it(store, now).await;
}

#[tokio::test]
async fn no_number_in_a_row_ends_the_process() {
    let now = berlin("2026-11-22 18:00");
    for (table, columns) in NUMBERS {
        for column in columns {
            for value in VALUES {
                damaged(&format!("UPDATE OR IGNORE {table} SET {column} = {value}"), now).await;
            }
        }
    }
}

#[tokio::test]
async fn no_rule_in_a_row_ends_the_process() {
    let now = berlin("2026-11-22 18:00");
    for spec in SPECS {
        for table in ["job", "stretch"] {
            damaged(&format!("UPDATE {table} SET spec = '{spec}'"), now).await;
        }
    }
}
