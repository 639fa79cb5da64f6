//! A workspace, its scheduler, its runs, and what goes wrong.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use stackhand::schedule::decision::Finish;
use stackhand::schedule::dispatcher::{Dispatcher, NewRun, Orders};
use stackhand::schedule::job::{Job, JobId, OverlapPolicy, Roster};
use stackhand::schedule::outcome::{Outcome, Reason};
use stackhand::schedule::rows::{Entry, Pause, Phase, RunId};
use stackhand::schedule::store::Store;

use tokio::runtime::Runtime;

use super::chance::Chance;
use super::faulty::{Faults, Faulty};
use super::jobs;
use super::oracle::Oracle;

/// How much happens.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub jobs: usize,
    pub days: u32,
}

const MOST_RUNNING: usize = 12;

/// A run under way.
struct Running {
    entry: Entry,
    ends_at: Duration,
    finish: Finish,
}

/// See the module.
pub struct World<S> {
    runtime: Runtime,
    store: Faulty<S>,
    dispatcher: Option<Dispatcher<Faulty<S>>>,
    chance: Chance,
    size: Size,
    jobs: BTreeMap<usize, Job>,
    /// Time as it passes, and what the wall shows more.
    mono: Duration,
    wall: TimeDelta,
    start: DateTime<Utc>,
    running: BTreeMap<RunId, Running>,
    oracle: Oracle,
    new_run: NewRun,
    /// Since when nothing can be decided.
    absent_since: Option<DateTime<Utc>>,
    /// Since when it is open whether a roster was taken over.
    doubtful_since: Option<DateTime<Utc>>,
    /// To when the clock went back, and nothing was decided since: only the process knows of it.
    unwritten_since: Option<DateTime<Utc>>,
    /// Until when the store fails.
    fails_until: Option<Duration>,
}

impl<S: Store + Clone> World<S> {
    pub fn new(runtime: Runtime, store: S, mut chance: Chance, size: Size) -> Self {
        let faults = Faults::new(Chance::new(chance.number()));
        let count = AtomicU64::new(0);
        let jobs = (0..size.jobs).map(|number| (number, jobs::job(&mut chance, number, size.jobs))).collect();
        let start = DateTime::from_timestamp(1_772_000_000 + chance.within(0, 20_000_000), 0).expect("a time");
        Self {
            runtime,
            store: Faulty { store, faults },
            dispatcher: None,
            chance,
            size,
            jobs,
            mono: Duration::ZERO,
            wall: TimeDelta::zero(),
            start,
            running: BTreeMap::new(),
            oracle: Oracle { latest: start, ..Oracle::default() },
            new_run: Arc::new(move || RunId(format!("run-{}", count.fetch_add(1, Ordering::Relaxed)))),
            absent_since: None,
            doubtful_since: None,
            unwritten_since: None,
            fails_until: None,
        }
    }

    /// Lets all days pass, heals everything, and checks what is on record.
    pub fn live(mut self) -> String {
        let end = Duration::from_secs(u64::from(self.size.days) * 86_400);
        self.starts_up();
        let mut next_trouble = self.until_trouble();
        while self.mono < end {
            let stop = next_trouble.min(end);
            self.pass(stop);
            if self.mono >= next_trouble {
                self.trouble();
                next_trouble = self.mono + self.until_trouble();
            }
        }
        self.heal();
        let now = self.now();
        let records = self.done(self.store.history(None, None, usize::MAX)).expect("reads");
        self.oracle.check_end(&records, now)
    }

    fn done<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn now(&self) -> DateTime<Utc> {
        self.start + TimeDelta::from_std(self.mono).expect("in range") + self.wall
    }

    fn until_trouble(&mut self) -> Duration {
        // About 500 troubles a year with 200 jobs; more often with fewer days.
        let most = u64::from(self.size.days) * 86_400 / 250;
        Duration::from_millis(self.chance.below(most * 1_000))
    }

    fn roster(&self) -> Roster {
        Roster::new(self.jobs.values().cloned())
    }

    /// Time passes until `stop`, with a step whenever one is due.
    fn pass(&mut self, stop: Duration) {
        loop {
            let now = self.now();
            let due = self.dispatcher.as_ref().and_then(Dispatcher::next_step);
            let due = due.map(|at| self.mono + (at - now).to_std().unwrap_or_default());
            // After a failed step the next one is a little later.
            let due = due.map(|at| if self.is_failing() { at.max(self.mono + Duration::from_secs(20)) } else { at });
            let ends = self.running.values().map(|running| running.ends_at).min();
            let healed = self.fails_until;
            let next = [due, ends, healed].into_iter().flatten().min().unwrap_or(stop).clamp(self.mono, stop);
            self.mono = next;
            if self.fails_until.is_some_and(|until| until <= next) {
                self.fails_until = None;
                self.store.faults.set(false);
            }
            self.oracle.latest = self.oracle.latest.max(self.now());
            let ended: Vec<RunId> =
                self.running.iter().filter(|(_, run)| run.ends_at <= next).map(|(id, _)| id.clone()).collect();
            for run in ended {
                let running = self.running.remove(&run).expect("it was there");
                if let Some(dispatcher) = &mut self.dispatcher {
                    dispatcher.ended(running.finish);
                }
            }
            self.step();
            if self.mono >= stop {
                return;
            }
        }
    }

    fn is_failing(&self) -> bool {
        self.fails_until.is_some()
    }

    fn step(&mut self) {
        let (now, mono) = (self.now(), self.mono);
        let Some(mut dispatcher) = self.dispatcher.take() else { return };
        let result = self.done(dispatcher.step(now, mono));
        self.dispatcher = Some(dispatcher);
        match result {
            Ok(orders) => {
                if !self.is_failing() {
                    self.is_back(now);
                }
                self.carry_out(orders);
            }
            Err(_) => self.is_away(now),
        }
    }

    fn is_away(&mut self, now: DateTime<Utc>) {
        let since = self.absent_since.get_or_insert(now);
        *since = (*since).min(now);
    }

    fn is_back(&mut self, now: DateTime<Utc>) {
        self.unwritten_since = None;
        if let Some(since) = self.absent_since.take() {
            self.oracle.absences.push((since, now));
        }
        if let Some(since) = self.doubtful_since.take() {
            self.oracle.doubts.push((since, now));
        }
    }

    fn carry_out(&mut self, orders: Orders) {
        for run in orders.cancel {
            let ends_at = self.mono + Duration::from_secs(self.chance.below(60));
            if let Some(running) = self.running.get_mut(&run) {
                running.ends_at = running.ends_at.min(ends_at);
                running.finish.outcome = Outcome::Cancelled;
                running.finish.error_kind = None;
            }
        }
        for entry in orders.start {
            self.start_run(entry);
        }
    }

    fn start_run(&mut self, entry: Entry) {
        let run = entry.run.clone().expect("a started entry has a run");
        let job = self.dispatcher.as_ref().and_then(|dispatcher| dispatcher.roster().get(&entry.job).cloned());
        let now = self.now();
        if let Some(job) = &job {
            self.check_company(job, &entry);
            // Steps are taken late while the store fails; who waited for that has a cause.
            if !self.is_failing() {
                self.oracle.check_start(&entry, job, now);
            }
        }
        let seconds = match self.chance.below(40) {
            0 => self.chance.below(40_000),
            1..=6 => self.chance.below(4_000),
            _ => self.chance.below(300),
        };
        let (outcome, kind) = match self.chance.below(12) {
            0 => (Outcome::Failed, Some("network")),
            1 => (Outcome::Failed, Some("script")),
            2 => (Outcome::Partial, None),
            _ => (Outcome::Done, None),
        };
        let finish = Finish {
            run: run.clone(),
            outcome,
            reason: kind.map(|kind| Reason::new(kind, kind)),
            error_kind: kind.map(str::to_owned),
            state: Vec::new(),
        };
        let ends_at = self.mono + Duration::from_secs(seconds);
        assert!(self.running.insert(run, Running { entry, ends_at, finish }).is_none(), "started twice");
    }

    /// Nobody runs beside those it may not run beside.
    fn check_company(&self, job: &Job, entry: &Entry) {
        assert!(self.running.len() < MOST_RUNNING, "too many at once");
        let Some(roster) = self.dispatcher.as_ref().map(|dispatcher| dispatcher.roster().clone()) else { return };
        for other in self.running.values().map(|running| &running.entry) {
            assert_ne!(
                (&other.job, other.fire_time),
                (&entry.job, entry.fire_time),
                "one fire time runs twice at once"
            );
            assert!(
                other.job != job.id || job.overlap == OverlapPolicy::Allow,
                "{} runs beside itself: {other:?}\n{entry:?}",
                job.id
            );
            let group = roster.get(&other.job).and_then(|other| other.group.clone());
            assert!(group.is_none() || group != job.group, "two of a group: {other:?}\n{entry:?}");
            assert!(!roster.opponents(&job.id).contains(&other.job), "opponents at once: {other:?}\n{entry:?}");
        }
    }

    fn starts_up(&mut self) {
        let first_try = self.now();
        let before: BTreeMap<JobId, Job> = self.enrolled();
        for _ in 0..1_000 {
            let new_run = self.new_run.clone();
            let taken = self.done(Dispatcher::take_over(
                self.store.clone(),
                self.roster(),
                MOST_RUNNING,
                new_run,
                self.now(),
                &|_| None,
            ));
            if let Ok(dispatcher) = taken {
                self.dispatcher = Some(dispatcher);
                self.changes_eras(&before, first_try);
                self.is_away(first_try);
                self.step();
                return;
            }
        }
        panic!("it never starts");
    }

    fn enrolled(&self) -> BTreeMap<JobId, Job> {
        let open = self.oracle.eras.values().filter_map(|eras| eras.last()).filter(|era| era.high.is_none());
        open.map(|era| (era.job.id.clone(), era.job.clone())).collect()
    }

    /// The roster is in force: rules that changed count from now.
    fn changes_eras(&mut self, before: &BTreeMap<JobId, Job>, at: DateTime<Utc>) {
        let jobs: BTreeMap<JobId, Job> = self.jobs.values().map(|job| (job.id.clone(), job.clone())).collect();
        for (id, job) in before {
            if jobs.get(id).is_none_or(|now| now.spec != job.spec) {
                self.oracle.end(id, at);
            }
        }
        for (id, job) in &jobs {
            if before.get(id).is_none_or(|before| before.spec != job.spec) {
                self.oracle.begin(job, at);
            }
        }
    }

    #[expect(clippy::print_stdout, reason = "a test that fails tells what happened")]
    fn trouble(&mut self) {
        let kind = self.chance.below(15);
        println!("{} (up {:?}): trouble {kind}", self.now(), self.mono);
        match kind {
            0 | 1 => self.kill(),
            2 => self.sleep_of_the_machine(),
            3 => self.clock_goes_back(),
            4 | 5 => self.edit(),
            6 => self.remove_or_add(),
            7 | 8 => self.pause(),
            9 => self.resume(),
            10 | 11 => self.store_fails(),
            12 => self.by_hand(),
            13 => {
                self.store_fails();
                self.clock_goes_back();
                for _ in 0..4 {
                    let stop = self.mono + Duration::from_secs(self.chance.below(1_200));
                    self.pass(stop);
                    self.edit();
                }
            }
            _ => self.cancel(),
        }
    }

    fn store_fails(&mut self) {
        self.store.faults.set(true);
        let span = Duration::from_secs(self.chance.below(7_200));
        self.fails_until = Some(self.mono + span);
        let now = self.now();
        self.is_away(now);
    }

    fn some_job(&mut self) -> Option<JobId> {
        let ids: Vec<JobId> = self.jobs.values().map(|job| job.id.clone()).collect();
        if ids.is_empty() { None } else { Some(self.chance.one_of(&ids).clone()) }
    }

    /// The process is gone from one moment to the next, and with it all that ran in it.
    fn kill(&mut self) {
        self.dispatcher = None;
        self.running.clear();
        let now = self.now();
        self.is_away(now);
        let span = match self.chance.below(4) {
            0 => self.chance.below(300_000),
            1 => self.chance.below(20_000),
            _ => self.chance.below(600),
        };
        self.mono += Duration::from_secs(span);
        if self.chance.once_in(3) {
            self.edit_one();
        }
        if self.chance.once_in(6) {
            self.wall -= TimeDelta::seconds(self.chance.within(0, 4_000));
            let now = self.now();
            self.oracle.goes_back(now);
            self.is_away(now);
        }
        self.oracle.latest = self.oracle.latest.max(self.now());
        if let Some(since) = self.unwritten_since.take() {
            self.oracle.doubts.push((since, self.now()));
        }
        self.starts_up();
    }

    /// The wall's clock goes on, and nothing else.
    fn sleep_of_the_machine(&mut self) {
        let now = self.now();
        self.is_away(now);
        self.wall += TimeDelta::seconds(self.chance.within(0, 100_000));
        self.oracle.latest = self.oracle.latest.max(self.now());
        self.step();
    }

    fn clock_goes_back(&mut self) {
        self.wall -= TimeDelta::seconds(self.chance.within(0, 30_000));
        let now = self.now();
        self.oracle.goes_back(now);
        self.unwritten_since = Some(self.unwritten_since.map_or(now, |since| since.min(now)));
        if self.absent_since.is_some() {
            self.is_away(now);
        }
        self.step();
    }

    fn edit_one(&mut self) {
        let numbers: Vec<usize> = self.jobs.keys().copied().collect();
        if numbers.is_empty() {
            return;
        }
        let number = *self.chance.one_of(&numbers);
        let job = jobs::job(&mut self.chance, number, self.size.jobs);
        self.jobs.insert(number, job);
    }

    fn edit(&mut self) {
        let before = self.jobs.clone();
        self.edit_one();
        self.reload(before);
    }

    fn remove_or_add(&mut self) {
        let before = self.jobs.clone();
        let number = usize::try_from(self.chance.below(self.size.jobs as u64)).unwrap_or_default();
        if self.jobs.remove(&number).is_none() {
            let job = jobs::job(&mut self.chance, number, self.size.jobs);
            self.jobs.insert(number, job);
        }
        self.reload(before);
    }

    fn reload(&mut self, before: BTreeMap<usize, Job>) {
        self.step();
        let (now, roster, enrolled) = (self.now(), self.roster(), self.enrolled());
        let mut dispatcher = self.dispatcher.take().expect("it runs");
        let result = self.done(dispatcher.reload(roster, now));
        self.dispatcher = Some(dispatcher);
        if result.is_ok() {
            self.changes_eras(&enrolled, now);
        } else {
            self.jobs = before;
            let since = self.doubtful_since.get_or_insert(now);
            *since = (*since).min(now);
            self.is_away(now);
        }
        self.step();
    }

    fn pause(&mut self) {
        let Some(job) = self.some_job() else { return };
        let now = self.now();
        let until = self.chance.once_in(2).then(|| now + TimeDelta::seconds(self.chance.within(0, 2_000_000)));
        let pause = Pause { since: now, until, note: None };
        let fault = self.is_failing();
        self.store.faults.set(false);
        assert!(self.done(self.store.pause(&job, &pause)).expect("pauses"));
        self.store.faults.set(fault);
        self.oracle.pauses.entry(job.clone()).or_default().push((now, until));
        self.touch(&job);
    }

    fn touch(&mut self, job: &JobId) {
        if let Some(dispatcher) = &mut self.dispatcher {
            dispatcher.touch(job);
        }
        self.step();
    }

    fn resume(&mut self) {
        let now = self.now();
        let rows = self.done(self.store.jobs()).expect("reads");
        let paused: Vec<_> = rows
            .into_iter()
            .filter(|row| row.removed_at.is_none() && self.jobs.values().any(|job| job.id == row.job))
            .filter_map(|row| Some((row.job, row.pause?)))
            .collect();
        if paused.is_empty() {
            return;
        }
        let (job, pause) = self.chance.one_of(&paused).clone();
        let fault = self.is_failing();
        self.store.faults.set(false);
        let pause = Pause { until: Some(pause.until.map_or(now, |until| until.min(now))), ..pause };
        self.done(self.store.pause(&job, &pause)).expect("resumes");
        self.store.faults.set(fault);
        self.touch(&job);
    }

    fn by_hand(&mut self) {
        let Some(job) = self.some_job() else { return };
        // By hand is never at a whole second here, so that the oracle can tell.
        self.mono += Duration::from_millis(1 + u64::from(1_000 - self.now().timestamp_subsec_millis()) % 1_000);
        let now = self.now();
        if let Some(mut dispatcher) = self.dispatcher.take() {
            // A failing store says no; whoever asked sees that.
            let _ = self.done(dispatcher.start_by_hand(&job, None, now));
            self.dispatcher = Some(dispatcher);
        }
        self.step();
    }

    fn cancel(&mut self) {
        let Some(job) = self.some_job() else { return };
        let now = self.now();
        if let Some(mut dispatcher) = self.dispatcher.take() {
            let running = self.done(dispatcher.cancel(&job, None, now)).unwrap_or_default();
            self.dispatcher = Some(dispatcher);
            self.carry_out(Orders { start: Vec::new(), cancel: running });
        }
        self.step();
    }

    /// Everything is well again for a while.
    fn heal(&mut self) {
        self.store.faults.set(false);
        self.fails_until = None;
        let missing = self.oracle.latest - self.now();
        if missing > TimeDelta::zero() {
            let now = self.now();
            self.is_away(now);
            self.wall += missing + TimeDelta::seconds(1);
        }
        self.step();
        self.pass(self.mono + Duration::from_hours(2));
        for entry in self.done(self.store.live()).expect("reads") {
            let is_under_way = entry.run.as_ref().is_some_and(|run| self.running.contains_key(run));
            assert!(entry.phase == Phase::Waiting || is_under_way, "nobody runs it: {entry:?}");
        }
    }
}
