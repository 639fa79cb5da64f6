//! The dispatcher beside other processes, and with what a workspace may ask for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;

use super::decision::Situation;
use super::dispatcher::{Dispatcher, LEASE, NewRun};
use super::job::{InterruptedPolicy, Job, JobId, MissedPolicy, Roster};
use super::outcome::{Outcome, Reason};
use super::rows::{Entry, Fence, Phase, RunId};
use super::store::{Memory, Node, Record, Store};
use super::testing::{berlin, job};

const MINUTE: Duration = Duration::from_mins(1);

fn done<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("a store in memory never waits")
}

fn new_run() -> NewRun {
    let count = AtomicU64::new(0);
    Arc::new(move || RunId(format!("run-{}", count.fetch_add(1, Ordering::Relaxed))))
}

fn take_over(store: &Memory, jobs: Vec<Job>, now: DateTime<Utc>) -> Dispatcher<Memory> {
    done(Dispatcher::take_over(store.clone(), Roster::new(jobs), 8, new_run(), now, &|_| None)).expect("takes over")
}

/// A run by hand of `id`, by a process of its own.
fn by_hand(store: &Memory, jobs: Vec<Job>, id: &JobId, now: DateTime<Utc>) -> (Fence, Entry) {
    let fence = done(store.register(Node::Hand, now, LEASE)).expect("registered");
    let (roster, absence) = (Roster::new(jobs), Reason::new("busy", "busy"));
    let new_run = || RunId("by-hand".to_owned());
    let around = Situation {
        roster: &roster,
        now,
        lowest: now,
        fence,
        absence: &absence,
        free: 1,
        only: Some(id),
        new_run: &new_run,
    };
    assert!(done(store.start_by_hand(id, None, &around)).expect("written"));
    let step = done(store.claim_due(&[], &around)).expect("claimed");
    (fence, step.start.into_iter().next().expect("it starts"))
}

fn is_running(store: &Memory) -> bool {
    done(store.live()).expect("reads").iter().any(|entry| entry.phase == Phase::Running)
}

#[test]
fn who_slept_with_the_machine_is_not_taken_for_gone_before_it_could_say_so() {
    let (store, id) = (Memory::default(), JobId::new("power"));
    let jobs = || vec![job("power", "0 20 * * *")];
    let (mut now, mut monotonic) = (berlin("2026-11-23 12:00"), Duration::ZERO);
    let mut dispatcher = take_over(&store, jobs(), now);
    let (hand, _) = by_hand(&store, jobs(), &id, now);
    done(dispatcher.step(now, monotonic)).expect("steps");
    (now, monotonic) = (now + TimeDelta::hours(3), monotonic + MINUTE);
    done(dispatcher.heartbeat(now, monotonic, &|_| None)).expect("sent");
    assert!(is_running(&store), "its lease ran out while the machine slept");
    done(store.heartbeat(hand, now, LEASE)).expect("it is still known");
    for _ in 0..5 {
        (now, monotonic) = (now + MINUTE, monotonic + MINUTE);
        done(store.heartbeat(hand, now, LEASE)).expect("it is still known");
        done(dispatcher.heartbeat(now, monotonic, &|_| None)).expect("sent");
    }
    assert!(is_running(&store));
}

#[test]
fn who_does_not_come_back_after_the_machine_slept_is_gone() {
    let (store, id) = (Memory::default(), JobId::new("power"));
    let jobs = || vec![job("power", "0 20 * * *")];
    let (mut now, mut monotonic) = (berlin("2026-11-23 12:00"), Duration::ZERO);
    let mut dispatcher = take_over(&store, jobs(), now);
    by_hand(&store, jobs(), &id, now);
    done(dispatcher.step(now, monotonic)).expect("steps");
    (now, monotonic) = (now + TimeDelta::hours(3), monotonic + MINUTE);
    done(dispatcher.heartbeat(now, monotonic, &|_| None)).expect("sent");
    for _ in 0..4 {
        (now, monotonic) = (now + MINUTE, monotonic + MINUTE);
        done(dispatcher.heartbeat(now, monotonic, &|_| None)).expect("sent");
    }
    assert!(!is_running(&store));
}

#[test]
fn spans_of_a_million_years_are_taken_as_for_ever() {
    let (store, now) = (Memory::default(), berlin("2026-11-23 12:00"));
    let million = TimeDelta::try_days(365_000_000).expect("a span");
    let long = |id: &str| Job { missed_window: million, jitter: TimeDelta::zero(), ..job(id, "every 60s") };
    let mut jobs = vec![Job { missed: MissedPolicy::All, ..long("all") }, long("last")];
    jobs[1].group = Some("g".to_owned());
    jobs.push(Job { jitter: million, group: Some("g".to_owned()), ..long("spread") });
    let mut dispatcher = take_over(&store, jobs, now);
    let orders = done(dispatcher.step(now + MINUTE, MINUTE)).expect("steps");
    assert_eq!(orders.start.len(), 2);
    done(dispatcher.step(now + MINUTE * 2, MINUTE * 2)).expect("steps");
}

#[test]
fn what_was_interrupted_and_waits_for_another_ends_when_its_window_does() {
    let store = Memory::default();
    let group = || Some("g".to_owned());
    let first = Job { group: group(), interrupted: InterruptedPolicy::Rerun, ..job("first", "0 20 * * *") };
    let jobs = || vec![first.clone(), Job { group: group(), ..job("second", "30 20 * * *") }];
    let mut dispatcher = take_over(&store, jobs(), berlin("2026-11-23 19:00"));
    done(dispatcher.step(berlin("2026-11-23 20:00"), Duration::ZERO)).expect("steps");
    // Another run of the group is by hand, before the scheduler that was killed is back.
    let (second, at) = (JobId::new("second"), berlin("2026-11-23 20:10"));
    drop(dispatcher);
    let mut dispatcher = take_over(&store, jobs(), at);
    by_hand(&store, jobs(), &second, at);
    assert!(done(dispatcher.step(at, Duration::ZERO)).expect("steps").start.is_empty());
    assert_eq!(dispatcher.next_step(), Some(berlin("2026-11-23 20:30")));
    done(dispatcher.step(berlin("2026-11-23 20:30"), MINUTE * 20)).expect("steps");
    let end = dispatcher.next_step().expect("it is looked at again");
    assert_eq!(end, berlin("2026-11-23 21:00") + TimeDelta::milliseconds(1));
    done(dispatcher.step(end, MINUTE * 50)).expect("steps");
    let record = done(store.latest(std::slice::from_ref(&first.id), 1)).expect("reads").pop();
    let Some(Record::Entry(entry)) = record else { panic!("{record:?}") };
    assert_eq!((entry.outcome, entry.ended_at), (Some(Outcome::Unknown), Some(end)));
}

#[test]
fn what_was_changed_after_the_clock_went_back_is_not_due_before_that() {
    let store = Memory::default();
    let mut dispatcher =
        take_over(&store, vec![job("a", "0 * * * *"), job("b", "0 * * * *")], berlin("2026-11-23 12:30"));
    done(dispatcher.step(berlin("2026-11-23 12:30"), Duration::ZERO)).expect("steps");
    // Nothing can be decided from here on, as while the store fails: a heartbeat alone looks at the clock.
    let back = berlin("2026-11-23 08:30");
    done(dispatcher.heartbeat(back, MINUTE, &|_| None)).expect("sent");
    let changed = Roster::new(vec![job("a", "30 * * * *"), job("b", "0 * * * *")]);
    done(dispatcher.reload(changed, back + TimeDelta::minutes(120))).expect("reloads");
    done(dispatcher.heartbeat(back + TimeDelta::minutes(150), MINUTE * 150, &|_| None)).expect("sent");
    done(dispatcher.step(berlin("2026-11-23 11:30"), MINUTE * 180)).expect("steps");
    let first = |id: &str| {
        let records = done(store.history(Some(&JobId::new(id)), None, 10)).expect("reads");
        records.iter().map(Record::first).min().expect("something was due")
    };
    assert_eq!(first("a"), berlin("2026-11-23 11:00") + TimeDelta::minutes(30), "its rule is of 10:30");
    assert_eq!(first("b"), berlin("2026-11-23 09:00"), "it is due since the clock went back");
}
