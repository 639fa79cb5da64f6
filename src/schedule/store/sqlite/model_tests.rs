//! Random verbs on a store in memory and on one in SQLite: the same answers, and the same rows afterwards.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::Sqlite;
use crate::clock::Clock;
use crate::database::Database;
use crate::error::Result;
use crate::schedule::decision::{Finish, Situation, StateChange, StateDeed};
use crate::schedule::job::{InterruptedPolicy, Job, JobId, MissedPolicy, OverlapPolicy, Retry, Roster};
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Fence, Pause, RunId};
use crate::schedule::store::{Memory, Node, Record, Store};
use crate::schedule::testing::{berlin, job};

/// Both stores, and the one who asks them.
struct Both {
    memory: Memory,
    sqlite: Sqlite,
    random: StdRng,
    now: DateTime<Utc>,
    roster: Roster,
    fences: Vec<Fence>,
    absence: Reason,
    count: u64,
}

/// Asks both the same, and wants the same answer.
macro_rules! ask {
    ($both:ident, $store:ident => $verb:expr) => {{
        let ones = {
            let $store = &$both.memory;
            $verb.await
        };
        let others = {
            let $store = &$both.sqlite;
            $verb.await
        };
        same(ones, others)
    }};
    ($both:ident, $around:ident, $store:ident => $verb:expr) => {{
        let free = $both.random.random_range(0..4);
        let fence = $both.fence();
        let first = $both.count;
        let (ones, others, made) = {
            let counts = [AtomicU64::new(first), AtomicU64::new(first)];
            let names =
                counts.each_ref().map(|count| move || RunId(format!("r{}", count.fetch_add(1, Ordering::Relaxed))));
            let situation = |of: usize| Situation {
                roster: &$both.roster,
                now: $both.now,
                lowest: $both.now,
                fence,
                absence: &$both.absence,
                free,
                only: None,
                new_run: &names[of],
            };
            let ones = {
                let ($store, $around) = (&$both.memory, &situation(0));
                $verb.await
            };
            let others = {
                let ($store, $around) = (&$both.sqlite, &situation(1));
                $verb.await
            };
            (ones, others, counts[0].load(Ordering::Relaxed))
        };
        $both.count = made;
        same(ones, others)
    }};
}

fn same<T: PartialEq + Debug>(ones: Result<T>, others: Result<T>) -> Option<T> {
    match (ones, others) {
        (Ok(ones), Ok(others)) => {
            assert_eq!(ones, others);
            Some(ones)
        }
        (Err(ones), Err(others)) => {
            assert_eq!((ones.kind, ones.code, &ones.message), (others.kind, others.code, &others.message));
            None
        }
        (ones, others) => panic!("in memory: {ones:?}\nin SQLite: {others:?}"),
    }
}

fn jobs() -> Vec<Job> {
    let retry = Retry { attempts: 3, backoff: TimeDelta::seconds(20), on: vec!["network".to_owned()] };
    vec![
        job("quick", "every 60s"),
        Job { overlap: OverlapPolicy::Queue, retry, ..job("queued", "* * * * *") },
        Job { overlap: OverlapPolicy::CancelRunning, ..job("cancelling", "*/2 * * * *") },
        Job { overlap: OverlapPolicy::Allow, missed: MissedPolicy::All, ..job("all", "*/5 * * * *") },
        Job { opposes: vec![JobId::new("day")], jitter: TimeDelta::seconds(30), ..job("night", "*/7 * * * *") },
        Job { missed: MissedPolicy::None, ..job("day", "*/9 * * * *") },
        Job { group: Some("g".to_owned()), interrupted: InterruptedPolicy::Rerun, ..job("one", "*/3 * * * *") },
        Job { group: Some("g".to_owned()), ..job("two \"ü\"\u{1}", "*/3 * * * *") },
    ]
}

const TEXTS: [&str; 5] = ["down", "it said \"no\"", "ü\n\t\\ \u{1}", "'; DROP TABLE entry; --", ""];

impl Both {
    async fn new(seed: u64) -> Self {
        let database = Database::in_memory(&Clock::starting_at(berlin("2026-11-22 18:00"))).await.expect("begun");
        let mut both = Self {
            memory: Memory::default(),
            sqlite: Sqlite::new(database).await.expect("tables"),
            random: StdRng::seed_from_u64(seed),
            now: berlin("2026-11-22 18:00"),
            roster: Roster::new(jobs()),
            fences: Vec::new(),
            absence: Reason::new("down", "the scheduler was not running"),
            count: 0,
        };
        both.register(Node::Scheduler).await;
        ask!(both, around, store => store.enrol(around));
        both
    }

    fn fence(&mut self) -> Fence {
        let any = *self.fences.choose(&mut self.random).expect("one is registered");
        let latest = *self.fences.last().expect("one is registered");
        if self.random.random_bool(0.95) { latest } else { any }
    }

    fn job(&mut self) -> JobId {
        let all = jobs();
        let any = all.choose(&mut self.random).map(|job| job.id.clone());
        any.filter(|_| self.random.random_bool(0.97)).unwrap_or_else(|| JobId::new("nobody's"))
    }

    async fn register(&mut self, node: Node) {
        let lease = TimeDelta::seconds(self.random.random_range(60..4_000));
        let now = self.now;
        self.fences.extend(ask!(self, store => store.register(node, now, lease)));
    }

    /// A run that is under way, or has been, or never was.
    async fn run(&mut self) -> RunId {
        let live = self.memory.live().await.expect("it answers");
        let running: Vec<RunId> = live.into_iter().filter_map(|entry| entry.run).collect();
        let any = RunId(format!("r{}", self.random.random_range(0..=self.count)));
        running.choose(&mut self.random).cloned().filter(|_| self.random.random_bool(0.8)).unwrap_or(any)
    }

    async fn finish(&mut self) -> Finish {
        let failed = self.random.random_bool(0.4);
        let reason = TEXTS.choose(&mut self.random).map(|text| Reason::new("network", *text));
        let outcome = if failed { Outcome::Failed } else { *Outcome::ALL.choose(&mut self.random).expect("some") };
        let state = self.state_changes();
        let error_kind = failed.then(|| "network".to_owned());
        Finish { run: self.run().await, outcome, reason: reason.filter(|_| failed), error_kind, state }
    }

    fn state_changes(&mut self) -> Vec<StateChange> {
        let count = self.random.random_range(0..3);
        let change = |random: &mut StdRng| StateChange {
            scope: ["a", "b"].choose(random).expect("some").to_string(),
            key: ["k", "l'\"ü"].choose(random).expect("some").to_string(),
            deed: match random.random_range(0..6) {
                0 => StateDeed::Delete,
                1 => StateDeed::Set("\"a text\"".to_owned()),
                2 => StateDeed::Set("[1, {\"a\": null}]".to_owned()),
                3 => StateDeed::Set("40".to_owned()),
                _ => StateDeed::Add(random.random_range(-5..9)),
            },
        };
        (0..count).map(|_| change(&mut self.random)).collect()
    }

    fn time_passes(&mut self) {
        let span = match self.random.random_range(0..20) {
            0 => -self.random.random_range(0..3_600_000),
            1 => self.random.random_range(0..20_000_000),
            _ => self.random.random_range(0..90_000),
        };
        self.now += TimeDelta::milliseconds(span);
        self.absence = Reason::new("busy", *TEXTS.choose(&mut self.random).expect("some"));
    }

    async fn claim(&mut self) {
        let all = jobs();
        let share = *[0.0, 0.3, 1.0].choose(&mut self.random).expect("some");
        let mut candidates: Vec<JobId> = all.into_iter().map(|job| job.id).collect();
        candidates.retain(|_| self.random.random_bool(share));
        ask!(self, around, store => store.claim_due(&candidates, around));
    }

    async fn end_runs(&mut self) {
        let mut ended = Vec::new();
        for _ in 0..self.random.random_range(0..5) {
            ended.push(self.finish().await);
        }
        ask!(self, around, store => store.finish(&ended, around));
        if self.random.random_bool(0.1) {
            let lost = [self.run().await, self.run().await];
            ask!(self, around, store => store.give_back(&lost, around));
        }
    }

    async fn recover(&mut self) {
        let ended = [self.finish().await, self.finish().await];
        if self.random.random_bool(0.5) {
            self.register(Node::Scheduler).await;
        }
        ask!(self, around, store => store.abandoned(around));
        ask!(self, around, store => store.recover_expired(&ended, around));
    }

    async fn change_jobs(&mut self) {
        let mut jobs = jobs();
        jobs.retain(|_| self.random.random_bool(0.8));
        if self.random.random_bool(0.3) {
            for job in &mut jobs {
                *job = Job { id: job.id.clone(), ..crate::schedule::testing::job("", "*/4 * * * *") };
            }
        }
        self.roster = Roster::new(jobs);
        ask!(self, around, store => store.enrol(around));
    }

    async fn persons(&mut self) {
        let (job, run) = (self.job(), self.run().await);
        let since = self.now - TimeDelta::seconds(self.random.random_range(0..600));
        let until = self.random.random_bool(0.7).then(|| self.now + TimeDelta::seconds(200));
        let note = self.random.random_bool(0.5).then(|| TEXTS[2].to_owned());
        match self.random.random_range(0..4) {
            0 => drop(ask!(self, store => store.pause(&job, &Pause { since, until, note: note.clone() }))),
            1 => drop(ask!(self, around, store => store.start_by_hand(&job, None, around))),
            2 => drop(ask!(self, around, store => store.start_by_hand(&job, Some(&run), around))),
            _ => {
                let live = self.memory.live().await.expect("it answers");
                let at = live.choose(&mut self.random).map(|entry| entry.fire_time);
                let at = at.filter(|_| self.random.random_bool(0.5));
                ask!(self, around, store => store.cancel(&job, at, around));
            }
        }
    }

    async fn tell(&mut self) {
        let limit = self.random.random_range(0..10);
        let mut told: Vec<Record> = ask!(self, store => store.untold(limit)).expect("it answers");
        for record in &mut told {
            // Told as it was once, or never.
            if let (Record::Stretch(stretch), true) = (record, self.random.random_bool(0.2)) {
                stretch.count += 1;
            }
        }
        ask!(self, store => store.mark_told(&told));
    }

    async fn upkeep(&mut self) {
        let (now, fence) = (self.now, self.fence());
        match self.random.random_range(0..6) {
            0 => drop(ask!(self, store => store.heartbeat(fence, now, TimeDelta::seconds(90)))),
            1 => {
                ask!(self, store => store.retire(fence));
                self.register(Node::Scheduler).await;
            }
            2 => self.register(Node::Hand).await,
            3 => {
                let (before, most) = (now - TimeDelta::hours(3), self.random.random_range(3..40));
                ask!(self, store => store.prune(before, most));
            }
            _ => {
                let changes = self.state_changes();
                ask!(self, store => store.keep(&changes));
            }
        }
    }

    async fn one_verb(&mut self) {
        match self.random.random_range(0..20) {
            0..5 => self.time_passes(),
            5..10 => self.claim().await,
            10..14 => self.end_runs().await,
            14 => self.recover().await,
            15 => self.change_jobs().await,
            16 => self.persons().await,
            17..19 => self.tell().await,
            _ => self.upkeep().await,
        }
    }

    async fn compare(&mut self) {
        let (job, now) = (self.job(), self.now);
        ask!(self, store => store.jobs());
        ask!(self, store => store.live());
        ask!(self, store => store.untold(10_000));
        ask!(self, store => store.history(None, None, 10_000));
        ask!(self, store => store.history(Some(&job), Some(now - TimeDelta::seconds(40)), 3));
        let (some, each) = ([self.job(), self.job(), self.job()], self.random.random_range(0..6));
        ask!(self, store => store.latest(&some, each));
        let run = self.run().await;
        if let Some(run) = ask!(self, store => store.run(&run)).flatten() {
            ask!(self, store => store.runs(&run.job, run.fire_time));
        }
        for (scope, key) in [("a", "k"), ("a", "l'\"ü"), ("b", "k"), ("b", "l'\"ü")] {
            ask!(self, store => store.state(scope, key));
        }
    }
}

#[tokio::test]
async fn it_answers_as_the_store_in_memory_does() {
    let mut seen = BTreeSet::new();
    for seed in 0..40 {
        let mut both = Both::new(seed).await;
        for verb in 1..=80 {
            both.one_verb().await;
            if verb % 8 == 0 {
                both.compare().await;
            }
        }
        let history = both.memory.history(None, None, 10_000).await.expect("it answers");
        seen.extend(history.into_iter().filter_map(|record| match record {
            Record::Entry(entry) => entry.outcome,
            Record::Stretch(stretch) => Some(stretch.outcome),
        }));
    }
    assert_eq!(seen.len(), Outcome::ALL.len(), "the random verbs leave out something: {seen:?}");
}

#[tokio::test]
async fn instants_are_cut_to_milliseconds_and_stay_apart() {
    let mut both = Both::new(0).await;
    both.now += TimeDelta::nanoseconds(1_234_567);
    let job = JobId::new("quick");
    for _ in 0..3 {
        let fence = both.fence();
        let around = Situation {
            roster: &both.roster,
            now: both.now,
            lowest: both.now,
            fence,
            absence: &both.absence,
            free: 0,
            only: None,
            new_run: &|| RunId("r".to_owned()),
        };
        assert!(both.sqlite.start_by_hand(&job, None, &around).await.expect("written"));
    }
    let live = both.sqlite.live().await.expect("it answers");
    let nanos: Vec<u32> = live.iter().map(|entry| entry.fire_time.timestamp_subsec_nanos()).collect();
    assert_eq!(nanos, [1_000_000, 2_000_000, 3_000_000]);
}
