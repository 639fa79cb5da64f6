//! What becomes of fire times, case by case: the rows of the table in `docs/scheduling.md`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;

use crate::config::Workspace;
use crate::schedule::calendar::{Calendar, CalendarFiles};
use crate::schedule::decision::{Finish, StateChange, StateDeed};
use crate::schedule::dispatcher::{Dispatcher, NewRun, Orders};
use crate::schedule::job::{InterruptedPolicy, Job, JobId, MissedPolicy, OverlapPolicy, Retry, Roster};
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Entry, Pause, RunId, ScheduledBy};
use crate::schedule::store::{Memory, Record, Store};
use crate::schedule::testing::{berlin, job};

/// A scheduler whose clock a test sets.
struct Stage {
    dispatcher: Dispatcher<Memory>,
    jobs: Vec<Job>,
    monotonic: Duration,
    now: DateTime<Utc>,
}

fn new_run() -> NewRun {
    let count = AtomicU64::new(0);
    Arc::new(move || RunId(format!("run-{}", count.fetch_add(1, Ordering::Relaxed))))
}

fn done<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("a store in memory never waits")
}

impl Stage {
    fn new(now: &str, jobs: Vec<Job>) -> Self {
        Self::on(Memory::default(), berlin(now), jobs)
    }

    fn on(store: Memory, now: DateTime<Utc>, jobs: Vec<Job>) -> Self {
        let roster = Roster::new(jobs.clone());
        let dispatcher = done(Dispatcher::take_over(store, roster, 8, new_run(), now, &|_| None)).expect("takes over");
        Self { dispatcher, jobs, monotonic: Duration::ZERO, now }
    }

    /// The process is killed, and another starts later.
    fn killed_until(self, now: &str) -> Self {
        Self::on(self.dispatcher.store().clone(), berlin(now), self.jobs)
    }

    /// Time passes as it does, with a step whenever one is due.
    fn until(&mut self, now: &str) -> Orders {
        let end = berlin(now);
        let mut all = done(self.dispatcher.step(self.now, self.monotonic)).expect("steps");
        loop {
            let at = self.dispatcher.next_step().filter(|at| *at < end).map_or(end, |at| at.max(self.now));
            self.monotonic += (at - self.now).to_std().unwrap_or_default();
            self.now = at;
            let orders = done(self.dispatcher.step(self.now, self.monotonic)).expect("steps");
            all.start.extend(orders.start);
            all.cancel.extend(orders.cancel);
            if at == end {
                return all;
            }
        }
    }

    /// The wall's clock is set, and no time passes.
    fn clock_set_to(&mut self, now: &str) -> Orders {
        self.now = berlin(now);
        done(self.dispatcher.step(self.now, self.monotonic)).expect("steps")
    }

    fn ends(&mut self, entry: &Entry, outcome: Outcome, kind: Option<&str>) {
        self.dispatcher.ended(Finish {
            run: entry.run.clone().expect("it has a run"),
            outcome,
            reason: kind.map(|kind| Reason::new(kind, kind)),
            error_kind: kind.map(str::to_owned),
            state: Vec::new(),
        });
    }

    /// What became of the fire times, in order, a line each.
    fn history(&self) -> Vec<String> {
        let mut records = done(self.dispatcher.store().history(None, None, 1_000)).expect("reads");
        records.reverse();
        let wall = |at: DateTime<Utc>| at.with_timezone(&self.jobs[0].rule.zone()).format("%d.%m. %H:%M").to_string();
        let lines = records.iter().map(|record| match record {
            Record::Entry(entry) => {
                let outcome = entry.outcome.map_or(entry.phase.as_str(), Outcome::as_str);
                let reason = entry.reason.as_ref().map(|reason| format!(" ({})", reason.code)).unwrap_or_default();
                format!("{} {}: {outcome}{reason}", entry.job, wall(entry.fire_time))
            }
            Record::Stretch(stretch) => format!(
                "{} {} to {}, {} times: {} ({})",
                stretch.job,
                wall(stretch.first),
                wall(stretch.last),
                stretch.count,
                stretch.outcome,
                stretch.reason.code
            ),
        });
        lines.collect()
    }
}

/// A calendar of these entries, as `stackhand.toml` would have it.
fn calendar(entries: &str) -> Calendar {
    let text = format!(
        "timezone = \"Europe/Berlin\"\n[[job]]\nname = \"a\"\nrecipe = \"a.rhai\"\nschedule = \"@daily\"\ncalendar = {{ {entries} }}\n"
    );
    let workspace = Workspace::read(Path::new("stackhand.toml"), &text).expect("a workspace");
    let zone = workspace.timezone.expect("a zone");
    let rule = workspace.jobs[0].calendar.clone().expect("a calendar");
    Calendar::read(&rule, &workspace, zone, &mut CalendarFiles::default()).expect("a calendar")
}

fn night_and_morning() -> Vec<Job> {
    let mut night = job("night", "0 20 * * Mon-Fri");
    night.opposes = vec![JobId::new("morning")];
    vec![night, job("morning", "0 7 * * Mon-Fri")]
}

#[test]
fn a_fire_time_has_its_run() {
    let mut stage = Stage::new("2026-11-23 12:00", night_and_morning());
    let orders = stage.until("2026-11-23 20:00");
    assert_eq!(orders.start.len(), 1);
    assert_eq!(orders.start[0].fire_time, berlin("2026-11-23 20:00"));
    stage.ends(&orders.start[0], Outcome::Done, None);
    assert_eq!(stage.until("2026-11-24 06:59"), Orders::default());
    assert_eq!(stage.history(), ["night 23.11. 20:00: done"]);
}

#[test]
fn a_night_that_was_missed_stops_nothing_in_the_morning() {
    let stage = Stage::new("2026-11-23 12:00", night_and_morning());
    let mut stage = stage.killed_until("2026-11-24 07:55");
    let orders = stage.until("2026-11-24 07:55");
    assert_eq!(orders.start.iter().map(|entry| entry.job.as_str()).collect::<Vec<_>>(), ["morning"]);
    stage.ends(&orders.start[0], Outcome::Done, None);
    stage.until("2026-11-24 07:56");
    assert_eq!(stage.history(), ["night 23.11. 20:00: superseded (opposed)", "morning 24.11. 07:00: done"]);
}

#[test]
fn a_day_without_the_scheduler_is_one_row() {
    let stage = Stage::new("2026-11-23 12:07", vec![job("quota", "*/15 * * * *")]);
    let mut stage = stage.killed_until("2026-11-24 12:20");
    let orders = stage.until("2026-11-24 12:20");
    assert_eq!(orders.start.len(), 1);
    assert_eq!(
        stage.history(),
        ["quota 23.11. 12:15 to 24.11. 12:00, 96 times: missed (down)", "quota 24.11. 12:15: running"]
    );
}

#[test]
fn more_than_half_the_way_to_the_next_is_too_late() {
    let stage = Stage::new("2026-11-23 12:07", vec![job("quota", "*/15 * * * *")]);
    let mut stage = stage.killed_until("2026-11-23 12:23");
    assert_eq!(stage.until("2026-11-23 12:23"), Orders::default());
    assert_eq!(stage.history(), ["quota 23.11. 12:15 to 23.11. 12:15, 1 times: missed (down)"]);
}

#[test]
fn missed_none_makes_up_for_nothing_and_missed_all_for_each_in_turn() {
    for (missed, started) in [(MissedPolicy::None, 0), (MissedPolicy::Last, 1), (MissedPolicy::All, 1)] {
        let stage = Stage::new("2026-11-23 12:07", vec![Job { missed, ..job("quota", "*/15 * * * *") }]);
        let mut stage = stage.killed_until("2026-11-23 13:20");
        let orders = stage.until("2026-11-23 13:20");
        assert_eq!(orders.start.len(), started, "{missed:?}");
        if missed == MissedPolicy::All {
            let mut order = vec![];
            let mut orders = orders;
            while let Some(entry) = orders.start.first().cloned() {
                order.push(entry.fire_time);
                stage.ends(&entry, Outcome::Done, None);
                orders = stage.until("2026-11-23 13:20");
            }
            assert_eq!(order, ["12:30", "12:45", "13:00", "13:15"].map(|time| berlin(&format!("2026-11-23 {time}"))));
        }
    }
}

#[test]
fn overlap_skips_queues_cancels_or_allows() {
    let cases = [
        (OverlapPolicy::Skip, 0, 0, "skipped (overlap)"),
        (OverlapPolicy::Queue, 0, 0, "waiting"),
        (OverlapPolicy::CancelRunning, 0, 1, "waiting"),
        (OverlapPolicy::Allow, 1, 0, "running"),
    ];
    for (overlap, started, cancelled, outcome) in cases {
        let mut stage = Stage::new("2026-11-23 12:07", vec![Job { overlap, ..job("slow", "0 * * * *") }]);
        let first = stage.until("2026-11-23 13:30").start;
        assert_eq!(first.len(), 1);
        let second = stage.until("2026-11-23 14:00");
        assert_eq!((second.start.len(), second.cancel.len()), (started, cancelled), "{overlap:?}");
        assert_eq!(stage.history()[1], format!("slow 23.11. 14:00: {outcome}"), "{overlap:?}");
        if overlap == OverlapPolicy::Queue {
            stage.ends(&first[0], Outcome::Done, None);
            assert_eq!(stage.until("2026-11-23 14:10").start.len(), 1);
        }
    }
}

#[test]
fn what_waits_too_long_is_missed() {
    let mut stage =
        Stage::new("2026-11-23 12:07", vec![Job { overlap: OverlapPolicy::Queue, ..job("slow", "0 * * * *") }]);
    stage.until("2026-11-23 14:40");
    assert_eq!(stage.history(), ["slow 23.11. 13:00: running", "slow 23.11. 14:00: missed (waited)"]);
}

#[test]
fn a_pause_skips_in_one_row_and_ends_by_itself() {
    let mut stage = Stage::new("2026-11-23 12:07", vec![job("quota", "*/15 * * * *")]);
    let pause = Pause { since: stage.now, until: Some(berlin("2026-11-23 14:05")), note: Some("patch day".to_owned()) };
    assert!(done(stage.dispatcher.store().pause(&JobId::new("quota"), &pause)).expect("pauses"));
    let orders = stage.until("2026-11-23 14:16");
    assert_eq!(orders.start.len(), 1);
    assert_eq!(
        stage.history(),
        ["quota 23.11. 12:15 to 23.11. 14:00, 8 times: skipped (paused)", "quota 23.11. 14:15: running"]
    );
}

#[test]
fn a_failure_that_may_pass_is_repeated_for_the_same_fire_time() {
    let retry = Retry { attempts: 3, backoff: TimeDelta::seconds(30), on: vec!["network".to_owned()] };
    let mut stage = Stage::new("2026-11-23 12:07", vec![Job { retry, ..job("quota", "0 * * * *") }]);
    let first = stage.until("2026-11-23 13:00").start.remove(0);
    stage.ends(&first, Outcome::Failed, Some("network"));
    let second = stage.until("2026-11-23 13:01").start.remove(0);
    assert_eq!((second.fire_time, second.attempt, second.previous.as_ref()), (first.fire_time, 2, first.run.as_ref()));
    stage.ends(&second, Outcome::Failed, Some("network"));
    let third = stage.until("2026-11-23 13:03").start.remove(0);
    stage.ends(&third, Outcome::Failed, Some("network"));
    assert_eq!(stage.until("2026-11-23 13:59"), Orders::default());
    assert_eq!(stage.history(), ["quota 23.11. 13:00: failed (network)"]);
}

#[test]
fn what_was_under_way_in_a_crash_is_unknown_or_runs_again() {
    for (interrupted, started, outcome) in
        [(InterruptedPolicy::Leave, 0, "unknown (interrupted)"), (InterruptedPolicy::Rerun, 1, "running (interrupted)")]
    {
        let mut stage = Stage::new("2026-11-23 12:07", vec![Job { interrupted, ..job("quota", "0 * * * *") }]);
        assert_eq!(stage.until("2026-11-23 13:00").start.len(), 1);
        let mut stage = stage.killed_until("2026-11-23 13:05");
        assert_eq!(stage.until("2026-11-23 13:05").start.len(), started);
        let history = stage.history();
        assert!(history[0].starts_with("quota 23.11. 13:00: "), "{history:?}");
        assert_eq!(history.len(), 1);
        if interrupted == InterruptedPolicy::Leave {
            assert_eq!(history[0], format!("quota 23.11. 13:00: {outcome}"));
        }
    }
}

#[test]
fn a_clock_that_jumps_ahead_and_back_doubles_nothing_and_loses_nothing() {
    let mut stage = Stage::new("2026-11-23 12:07", vec![job("quota", "0 * * * *")]);
    stage.until("2026-11-23 12:08");
    let ahead = stage.clock_set_to("2026-11-24 12:01");
    assert_eq!(ahead.start.len(), 1);
    stage.ends(&ahead.start[0], Outcome::Done, None);
    assert_eq!(
        stage.history(),
        ["quota 23.11. 13:00 to 24.11. 11:00, 23 times: missed (asleep)", "quota 24.11. 12:00: running"]
    );
    assert_eq!(stage.clock_set_to("2026-11-23 12:10"), Orders::default());
    assert_eq!(stage.history(), ["quota 24.11. 12:00: done"]);
    let mut count = 0;
    for hour in 13..24 {
        let orders = stage.until(&format!("2026-11-23 {hour}:00"));
        count += orders.start.len();
        for entry in &orders.start {
            stage.ends(entry, Outcome::Done, None);
        }
    }
    assert_eq!(count, 11);
    for hour in 0..13 {
        let orders = stage.until(&format!("2026-11-24 {hour}:00"));
        for entry in &orders.start {
            stage.ends(entry, Outcome::Done, None);
        }
        count += orders.start.len();
    }
    assert_eq!(count, 11 + 12, "that of 12:00 has had its run");
}

#[test]
fn edited_removed_and_created_again() {
    let mut stage = Stage::new("2026-11-23 12:07", vec![job("quota", "0 * * * *")]);
    stage.until("2026-11-23 12:30");
    stage.jobs = vec![job("quota", "30 * * * *")];
    done(stage.dispatcher.reload(Roster::new(stage.jobs.clone()), stage.now)).expect("reloads");
    assert_eq!(stage.until("2026-11-23 13:20"), Orders::default());
    let orders = stage.until("2026-11-23 13:30");
    stage.ends(&orders.start[0], Outcome::Done, None);
    stage.until("2026-11-23 13:40");
    done(stage.dispatcher.reload(Roster::default(), stage.now)).expect("reloads");
    assert_eq!(stage.until("2026-11-23 15:40"), Orders::default());
    done(stage.dispatcher.reload(Roster::new(stage.jobs.clone()), stage.now)).expect("reloads");
    assert_eq!(stage.until("2026-11-23 16:00"), Orders::default());
    assert_eq!(stage.history(), ["quota 23.11. 13:30: done"]);
    // Edited while nobody looked: the old fire times are missed, with that reason.
    stage.jobs = vec![job("quota", "45 * * * *")];
    let mut stage = stage.killed_until("2026-11-23 18:50");
    assert_eq!(stage.until("2026-11-23 18:50"), Orders::default());
    assert_eq!(stage.history()[1], "quota 23.11. 16:30 to 23.11. 18:30, 3 times: missed (edited)");
}

#[test]
fn one_of_a_group_at_a_time_in_the_order_of_fire_times() {
    let in_group = |id: &str| Job { group: Some("power".to_owned()), ..job(id, "0 13 * * *") };
    let mut stage = Stage::new("2026-11-23 12:07", vec![in_group("b"), in_group("a"), in_group("c")]);
    let mut order = Vec::new();
    for _ in 0..3 {
        let orders = stage.until("2026-11-23 13:00");
        assert_eq!(orders.start.len(), 1);
        order.push(orders.start[0].job.to_string());
        stage.ends(&orders.start[0], Outcome::Done, None);
    }
    assert_eq!(order, ["b", "a", "c"]);
}

#[test]
fn a_day_that_the_calendar_closes_is_skipped_and_says_why() {
    let closed = calendar(r#"skip = ["holidays:DE-BW"]"#);
    let mut stage = Stage::new("2026-12-24 12:00", vec![Job { calendar: closed, ..job("morning", "0 7 * * *") }]);
    stage.until("2026-12-25 07:00");
    stage.until("2026-12-26 07:00");
    let orders = stage.until("2026-12-27 07:00");
    assert_eq!(orders.start.len(), 1);
    assert_eq!(
        stage.history(),
        [
            "morning 25.12. 07:00: skipped (calendar)",
            "morning 26.12. 07:00: skipped (calendar)",
            "morning 27.12. 07:00: running"
        ]
    );
}

#[test]
fn an_opponent_whose_day_is_closed_supersedes_nothing() {
    let mut jobs = night_and_morning();
    jobs[0].missed_window = TimeDelta::hours(14);
    jobs[1].calendar = calendar(r#"skip = ["holidays:DE-BW"]"#);
    // 24 December 2026 is a Thursday.
    let stage = Stage::new("2026-12-24 12:00", jobs);
    let mut stage = stage.killed_until("2026-12-25 07:55");
    let orders = stage.until("2026-12-25 07:55");
    assert_eq!(orders.start.iter().map(|entry| entry.job.as_str()).collect::<Vec<_>>(), ["night"]);
}

#[test]
fn opponents_wait_for_one_another() {
    let mut jobs = night_and_morning();
    jobs[0].rule = job("night", "50 6 * * *").rule;
    let mut stage = Stage::new("2026-11-23 12:00", jobs);
    let night = stage.until("2026-11-24 06:50").start.remove(0);
    assert_eq!(stage.until("2026-11-24 07:05"), Orders::default(), "the morning waits for the night to end");
    stage.ends(&night, Outcome::Done, None);
    let morning = stage.until("2026-11-24 07:06").start.remove(0);
    assert_eq!(morning.job.as_str(), "morning");
    assert_eq!(morning.held_by.expect("a cause").code, "opposed");
}

#[test]
fn what_was_claimed_before_a_crash_starts_after_it_unless_it_is_too_late() {
    for (back, started, history) in
        [("2026-11-23 13:20", 1, "b 23.11. 13:00: running"), ("2026-11-23 14:10", 0, "b 23.11. 13:00: missed (waited)")]
    {
        let in_group = |id: &str| Job { group: Some("power".to_owned()), ..job(id, "0 13 * * *") };
        let mut stage = Stage::new("2026-11-23 12:07", vec![in_group("a"), in_group("b")]);
        assert_eq!(stage.until("2026-11-23 13:00").start.len(), 1);
        let mut stage = stage.killed_until(back);
        assert_eq!(stage.until(back).start.len(), started);
        let mut told = stage.history();
        told.sort();
        assert_eq!(told, ["a 23.11. 13:00: unknown (interrupted)", history]);
    }
}

#[test]
fn an_end_that_was_seen_counts_though_the_process_was_killed_before_it_was_written() {
    let mut stage = Stage::new("2026-11-23 12:07", vec![job("quota", "0 * * * *")]);
    let entry = stage.until("2026-11-23 13:00").start.remove(0);
    let store = stage.dispatcher.store().clone();
    drop(stage);
    let finish = Finish {
        run: entry.run.clone().expect("it has a run"),
        outcome: Outcome::Done,
        reason: None,
        error_kind: None,
        state: vec![StateChange { scope: "quota".to_owned(), key: "n".to_owned(), deed: StateDeed::Add(2) }],
    };
    let roster = Roster::new(vec![job("quota", "0 * * * *")]);
    let now = berlin("2026-11-23 13:10");
    let dispatcher =
        done(Dispatcher::take_over(store, roster, 8, new_run(), now, &|_| Some(finish.clone()))).expect("takes over");
    let records = done(dispatcher.store().history(None, None, 10)).expect("reads");
    assert!(matches!(&records[..], [Record::Entry(entry)] if entry.outcome == Some(Outcome::Done)), "{records:?}");
    assert_eq!(done(dispatcher.store().state("quota", "n")).expect("reads").as_deref(), Some("2"));
}

#[test]
fn what_a_killed_process_says_late_is_not_heard() {
    let mut stage = Stage::new("2026-11-23 12:07", vec![job("quota", "0 * * * *")]);
    let entry = stage.until("2026-11-23 13:00").start.remove(0);
    let store = stage.dispatcher.store().clone();
    let mut other = Stage::on(store, berlin("2026-11-23 13:05"), vec![job("quota", "0 * * * *")]);
    other.until("2026-11-23 13:05");
    stage.ends(&entry, Outcome::Done, None);
    let refused = done(stage.dispatcher.step(stage.now, stage.monotonic)).expect_err("it is gone");
    assert_eq!(refused.code, "lease_lost");
    assert_eq!(other.history(), ["quota 23.11. 13:00: unknown (interrupted)"]);
}

#[test]
fn a_person_cancels_what_waits_and_what_runs() {
    let mut stage =
        Stage::new("2026-11-23 12:07", vec![Job { overlap: OverlapPolicy::Queue, ..job("slow", "0 * * * *") }]);
    let first = stage.until("2026-11-23 14:10").start.remove(0);
    let running = done(stage.dispatcher.cancel(&JobId::new("slow"), None, stage.now)).expect("cancels");
    assert_eq!(Some(&running[0]), first.run.as_ref());
    stage.ends(&first, Outcome::Cancelled, None);
    stage.until("2026-11-23 14:11");
    assert_eq!(stage.history(), ["slow 23.11. 13:00: cancelled", "slow 23.11. 14:00: cancelled (cancelled)"]);
}

#[test]
fn a_person_starts_a_job_at_once_and_repeats_a_fire_time() {
    let mut stage = Stage::new("2026-11-23 12:07", vec![job("night", "0 20 * * *")]);
    let night = JobId::new("night");
    assert!(done(stage.dispatcher.start_by_hand(&night, None, stage.now)).expect("asks"));
    let by_hand = stage.until("2026-11-23 12:07").start.remove(0);
    assert_eq!(by_hand.by, ScheduledBy::Hand);
    stage.ends(&by_hand, Outcome::Failed, Some("network"));
    stage.until("2026-11-23 12:08");
    assert!(done(stage.dispatcher.start_by_hand(&night, by_hand.run.as_ref(), stage.now)).expect("asks"));
    let again = stage.until("2026-11-23 12:08").start.remove(0);
    assert_eq!((again.by, again.fire_time, again.attempt), (ScheduledBy::Rerun, by_hand.fire_time, 2));
    assert_eq!(again.previous, by_hand.run);
    assert!(
        !done(stage.dispatcher.start_by_hand(&night, again.run.as_ref(), stage.now)).expect("asks"),
        "it is not over"
    );
    stage.ends(&again, Outcome::Done, None);
    assert_eq!(stage.until("2026-11-23 20:00").start.len(), 1, "the schedule goes on");
}

#[test]
fn starts_are_spread_and_always_by_the_same_span() {
    let spread = |id: &str| Job { jitter: TimeDelta::minutes(10), ..job(id, "0 13 * * *") };
    let mut stage = Stage::new("2026-11-23 12:07", (0..20).map(|number| spread(&format!("job-{number}"))).collect());
    assert!(stage.until("2026-11-23 13:00").start.len() < 3);
    let jitters: Vec<_> = stage.jobs.iter().map(|job| job.jitter_of(berlin("2026-11-23 13:00"))).collect();
    assert!(jitters.iter().all(|jitter| *jitter < TimeDelta::minutes(10)));
    assert!(jitters.windows(2).any(|pair| pair[0] != pair[1]));
    let mut started = 0;
    for minute in 1..=10 {
        let orders = stage.until(&format!("2026-11-23 13:{minute:02}"));
        started += orders.start.len();
        for entry in &orders.start {
            stage.ends(entry, Outcome::Done, None);
        }
    }
    stage.until("2026-11-23 13:11");
    assert_eq!(stage.history().iter().filter(|line| line.ends_with("done")).count(), 20, "{started}");
}

#[test]
fn more_than_may_run_at_once_wait_for_their_turn() {
    let jobs: Vec<Job> = (0..11).map(|number| job(&format!("job-{number:02}"), "0 13 * * *")).collect();
    let mut stage = Stage::new("2026-11-23 12:07", jobs);
    let first = stage.until("2026-11-23 13:00").start;
    assert_eq!(first.len(), 8);
    for entry in &first {
        stage.ends(entry, Outcome::Done, None);
    }
    let second = stage.until("2026-11-23 13:05").start;
    assert_eq!(second.len(), 3);
    assert!(second.iter().all(|entry| entry.held_by.as_ref().is_some_and(|held| held.code == "capacity")));
}

#[test]
fn a_resumed_job_goes_on_with_the_next_fire_time() {
    let mut stage = Stage::new("2026-11-23 12:07", vec![job("quota", "*/15 * * * *")]);
    let quota = JobId::new("quota");
    let pause = Pause { since: stage.now, until: None, note: None };
    done(stage.dispatcher.store().pause(&quota, &pause)).expect("pauses");
    assert_eq!(stage.until("2026-11-25 12:10"), Orders::default());
    done(stage.dispatcher.store().pause(&quota, &Pause { until: Some(stage.now), ..pause })).expect("resumes");
    stage.dispatcher.touch(&quota);
    assert_eq!(stage.until("2026-11-25 12:15").start.len(), 1);
    assert_eq!(
        stage.history(),
        ["quota 23.11. 12:15 to 25.11. 12:00, 192 times: skipped (paused)", "quota 25.11. 12:15: running"]
    );
}
