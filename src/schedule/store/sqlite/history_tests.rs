//! What a verb costs does not grow with what lies behind: counted in steps of SQLite's machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::Sqlite;
use crate::clock::Clock;
use crate::database::Database;
use crate::schedule::decision::{Finish, Situation};
use crate::schedule::job::{Job, JobId, Roster};
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Fence, Pause, RunId};
use crate::schedule::store::{Node, Store};
use crate::schedule::testing::{berlin, job};

/// So many jobs are due every minute.
const JOBS: usize = 8;

struct Busy {
    store: Sqlite,
    roster: Roster,
    fence: Fence,
    now: DateTime<Utc>,
    absence: Reason,
    runs: Arc<AtomicU64>,
    steps: Arc<AtomicU64>,
}

impl Busy {
    async fn new() -> Self {
        let now = berlin("2026-11-22 18:00");
        let database = Database::in_memory(&Clock::starting_at(now)).await.expect("begun");
        let steps = Arc::new(AtomicU64::new(0));
        let count = steps.clone();
        let counted = move || count.fetch_add(1, Ordering::Relaxed) < u64::MAX;
        let mut connection = database.read().await.expect("a connection");
        connection.lock_handle().await.expect("its handle").set_progress_handler(1, counted);
        drop(connection);
        let store = Sqlite::new(database).await.expect("tables");
        let fence = store.register(Node::Scheduler, now, TimeDelta::days(900)).await.expect("registered");
        let roster = Roster::new((0..JOBS).map(|number| job(&format!("job-{number}"), "* * * * *")));
        let absence = Reason::new("down", "the scheduler was not running");
        let busy = Self { store, roster, fence, now, absence, runs: Arc::default(), steps };
        busy.store.enrol(&busy.around(&busy.new_run())).await.expect("enrolled");
        busy
    }

    fn new_run(&self) -> impl Fn() -> RunId + Send + Sync + 'static {
        let runs = self.runs.clone();
        move || RunId(format!("run-{:09}", runs.fetch_add(1, Ordering::Relaxed)))
    }

    fn around<'a>(&'a self, new_run: &'a (dyn Fn() -> RunId + Send + Sync)) -> Situation<'a> {
        let (roster, now, fence, absence) = (&self.roster, self.now, self.fence, &self.absence);
        Situation { roster, now, lowest: now, fence, absence, free: JOBS, only: None, new_run }
    }

    /// One round of all verbs; gives the steps that each took.
    async fn round(&mut self) -> Vec<(&'static str, u64)> {
        self.now += TimeDelta::minutes(1);
        let new_run = self.new_run();
        let (store, around) = (&self.store, self.around(&new_run));
        let ids: Vec<JobId> = self.roster.iter().map(|job| job.id.clone()).collect();
        let mut told = Vec::new();
        macro_rules! count {
            ($name:literal, $verb:expr) => {{
                let before = self.steps.load(Ordering::Relaxed);
                let answer = $verb.await.expect("it answers");
                told.push(($name, self.steps.load(Ordering::Relaxed) - before));
                answer
            }};
        }
        let step = count!("claim_due", store.claim_due(&ids, &around));
        assert_eq!(step.start.len(), JOBS);
        let ended: Vec<Finish> = step.start.iter().map(|entry| done(entry.run.clone())).collect();
        count!("live", store.live());
        count!("finish", store.finish(&ended, &around));
        let untold = count!("untold", store.untold(1_000));
        count!("mark_told", store.mark_told(&untold));
        count!("history of a job", store.history(Some(&ids[3]), None, 5));
        count!("history", store.history(None, None, 5));
        count!("latest", store.latest(&ids, 3));
        count!("runs", store.runs(&ids[3], step.start[3].fire_time));
        count!("heartbeat", store.heartbeat(self.fence, self.now, TimeDelta::days(900)));
        count!("abandoned", store.abandoned(&around));
        count!("recover_expired", store.recover_expired(&[], &around));
        count!("give_back", store.give_back(&[RunId("none".to_owned())], &around));
        count!("cancel", store.cancel(&ids[3], None, &around));
        let pause = Pause { since: self.now, until: Some(self.now), note: None };
        count!("pause", store.pause(&ids[3], &pause));
        count!("enrol", store.enrol(&around));
        let edited = self.roster.iter().map(|job| Job { spec: format!("{} ", job.spec), ..(**job).clone() });
        let (edited, before) = (Roster::new(edited), &self.roster);
        count!("enrol of other rules", store.enrol(&Situation { roster: &edited, ..self.around(&new_run) }));
        count!("enrol of the rules before", store.enrol(&Situation { roster: before, ..self.around(&new_run) }));
        told
    }
}

fn done(run: Option<RunId>) -> Finish {
    let run = run.expect("it has one");
    Finish { run, outcome: Outcome::Done, reason: None, error_kind: None, state: Vec::new() }
}

#[tokio::test]
async fn no_verb_takes_longer_for_a_longer_history() {
    let mut busy = Busy::new().await;
    for _ in 0..20 {
        busy.round().await;
    }
    let early = busy.round().await;
    for _ in 0..150 {
        busy.round().await;
    }
    let late = busy.round().await;
    for ((verb, early), (_, late)) in early.into_iter().zip(late) {
        assert!(early > 0, "{verb} was not counted");
        assert!(late <= early + early / 4 + 20, "{verb} took {early} steps, and {late} with a longer history");
    }
}
