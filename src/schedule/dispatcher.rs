//! The one who looks at the clock and asks the store: holds the timers, and what is under way in this process.
//!
//! It does not wait and starts nothing itself: [`super::executor`] does, and simulations do it in its place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::decision::{Finish, Situation};
use super::job::{JobId, Roster};
use super::outcome::Reason;
use super::rows::{Entry, Fence, JobRow, Phase, RunId};
use super::store::{Node, Store};
use crate::error::{Error, Result};

/// For how long a process is believed to be there without a heartbeat, of which it sends one a minute.
pub const LEASE: TimeDelta = TimeDelta::seconds(180);

/// So many jobs are decided about in one transaction.
const MOST_AT_ONCE: usize = 2_000;

/// The wall's clock and the one that measures may differ by so much between two looks before a jump is spoken of.
const JUMP: TimeDelta = TimeDelta::seconds(5);

/// Makes the ids of runs.
pub type NewRun = Arc<dyn Fn() -> RunId + Send + Sync>;

/// What is to be done now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orders {
    /// Runs to start; they are on record as running.
    pub start: Vec<Entry>,
    /// Runs to cancel.
    pub cancel: Vec<RunId>,
}

/// What is open because an answer of the store was lost: it may have written what it was asked to, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doubt {
    /// Nothing.
    None,
    /// Which runs were started.
    Starts,
    /// Which roster is in force, and which runs were started.
    Roster,
}

/// See the module.
pub struct Dispatcher<S> {
    store: S,
    fence: Fence,
    roster: Arc<Roster>,
    most_running: usize,
    new_run: NewRun,
    /// When each job is to be looked at; `decided` is the same the other way round.
    timers: BTreeSet<(DateTime<Utc>, usize)>,
    due: BTreeMap<usize, DateTime<Utc>>,
    /// Jobs to be looked at whatever their timers say.
    touched: BTreeSet<usize>,
    wake_at: Option<DateTime<Utc>>,
    running: BTreeMap<RunId, Entry>,
    /// Runs that ended, and whose ends are not written yet.
    ended: Vec<Finish>,
    last_look: Option<(DateTime<Utc>, Duration)>,
    /// When the clock last jumped ahead, by the one that never does: leases that ran out by that mean nothing yet.
    jumped_at: Option<Duration>,
    absence: Option<Reason>,
    /// The earliest that the clock has shown since all jobs were decided about or enrolled, if it went back. Those that
    /// are enrolled after it are not due from there.
    lowest: Option<DateTime<Utc>>,
    /// Something may start that waits: a run ended, or a person asked.
    has_news: bool,
    doubt: Doubt,
    is_draining: bool,
}

impl<S: Store> Dispatcher<S> {
    /// Takes over a store: makes itself known, enrols the jobs, and decides about what others left behind. `what_became`
    /// tells how a run ended that was under way then, if anything has kept that.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn take_over(
        store: S,
        roster: Roster,
        most_running: usize,
        new_run: NewRun,
        now: DateTime<Utc>,
        what_became: &(dyn Fn(&Entry) -> Option<Finish> + Send + Sync),
    ) -> Result<Self> {
        let fence = store.register(Node::Scheduler, now, LEASE).await?;
        let mut dispatcher = Self {
            store,
            fence,
            roster: Arc::new(roster),
            most_running,
            new_run,
            timers: BTreeSet::new(),
            due: BTreeMap::new(),
            touched: BTreeSet::new(),
            wake_at: None,
            running: BTreeMap::new(),
            ended: Vec::new(),
            last_look: None,
            jumped_at: None,
            absence: Some(Reason::new("down", "the scheduler was not running")),
            lowest: None,
            has_news: true,
            doubt: Doubt::None,
            is_draining: false,
        };
        let absence = Reason::new("down", "the scheduler was not running");
        let around = dispatcher.situation(now, &absence, 0);
        let rows = dispatcher.store.enrol(&around).await?;
        dispatcher.recover(now, &absence, what_became).await?;
        dispatcher.has_enrolled(&rows);
        Ok(dispatcher)
    }

    async fn recover(
        &self,
        now: DateTime<Utc>,
        absence: &Reason,
        what_became: &(dyn Fn(&Entry) -> Option<Finish> + Send + Sync),
    ) -> Result<()> {
        let around = self.situation(now, absence, 0);
        let abandoned = self.store.abandoned(&around).await?;
        if abandoned.is_empty() {
            return Ok(());
        }
        let ended: Vec<Finish> =
            abandoned.iter().filter(|entry| entry.phase == Phase::Running).filter_map(what_became).collect();
        self.store.recover_expired(&ended, &around).await
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The jobs.
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// The number by which the store knows this process.
    pub fn fence(&self) -> Fence {
        self.fence
    }

    /// What is under way in this process.
    pub fn running(&self) -> impl Iterator<Item = &Entry> {
        self.running.values()
    }

    /// Takes over another roster, as a whole or not at all.
    ///
    /// # Errors
    /// When the store cannot be written; the roster is the old one then.
    pub async fn reload(&mut self, roster: Roster, now: DateTime<Utc>) -> Result<()> {
        let before = std::mem::replace(&mut self.roster, Arc::new(roster));
        let absence = self.absence.clone().unwrap_or_else(busy);
        let rows = match self.store.enrol(&self.situation(now, &absence, 0)).await {
            Ok(rows) => rows,
            Err(error) => {
                self.roster = before;
                // The store may have taken it over all the same: what was enrolled before is enrolled again.
                self.doubt = Doubt::Roster;
                return Err(error);
            }
        };
        self.has_enrolled(&rows);
        self.has_news = true;
        Ok(())
    }

    /// From now on so many runs may be under way at once. What runs already goes on.
    pub fn allow(&mut self, most_running: usize) {
        self.most_running = most_running;
        self.has_news = true;
    }

    /// A run of this process has ended; the next [`Self::step`] writes it.
    pub fn ended(&mut self, finish: Finish) {
        self.ended.push(finish);
    }

    /// A person changed something about a job: its pause, or a run that is to start.
    pub fn touch(&mut self, job: &JobId) {
        let position = self.roster.position(job);
        if position < self.roster.len() {
            self.touched.insert(position);
        }
        self.has_news = true;
    }

    /// From now on nothing is started any more.
    pub fn drain(&mut self) {
        self.is_draining = true;
    }

    /// When the next step is due, if nothing happens before; `None` if nothing ever will.
    pub fn next_step(&self) -> Option<DateTime<Utc>> {
        if self.is_draining {
            return None;
        }
        let timer = self.timers.first().map(|(at, _)| *at);
        timer.into_iter().chain(self.wake_at).min()
    }

    /// Does all that is due at `now`: writes the ends of runs, decides fire times, claims what may start. `monotonic` is
    /// the reading of a clock that never jumps.
    ///
    /// # Errors
    /// When the store cannot be read or written. Nothing is lost by that: the next step does it all again.
    pub async fn step(&mut self, now: DateTime<Utc>, monotonic: Duration) -> Result<Orders> {
        self.look_at_the_clock(now, monotonic);
        let orders = self.try_step(now).await;
        if let Err(error) = &orders {
            self.absence.get_or_insert_with(|| store_failed(error));
        }
        orders
    }

    async fn try_step(&mut self, now: DateTime<Utc>) -> Result<Orders> {
        self.write_ends(now).await?;
        let mut orders = Orders::default();
        if self.is_draining {
            return Ok(orders);
        }
        if self.doubt != Doubt::None {
            self.settle_doubts(now).await?;
        }
        loop {
            let positions = self.candidates(now);
            let is_woken = self.wake_at.is_some_and(|at| at <= now);
            if positions.is_empty() && !self.has_news && !is_woken {
                return Ok(orders);
            }
            let is_last = positions.len() < MOST_AT_ONCE;
            match self.claim(now, &positions, is_last, &mut orders).await {
                Ok(()) if is_last => return Ok(orders),
                Ok(()) => {}
                Err(error) => {
                    self.doubt = self.doubt.max(Doubt::Starts);
                    self.absence.get_or_insert_with(|| store_failed(&error));
                    // What was claimed before the error is on record, and starts.
                    return if orders == Orders::default() { Err(error) } else { Ok(orders) };
                }
            }
        }
    }

    /// Lets a person start a job, or a run's fire time once more. `false` if that fire time is not over.
    ///
    /// # Errors
    /// When there is no such run, or the store cannot be written.
    pub async fn start_by_hand(&mut self, job: &JobId, rerun_of: Option<&RunId>, now: DateTime<Utc>) -> Result<bool> {
        let absence = busy();
        let is_taken = self.store.start_by_hand(job, rerun_of, &self.situation(now, &absence, 0)).await?;
        self.touch(job);
        Ok(is_taken)
    }

    /// Ends what waits of a job, or of one of its fire times. Gives what runs of it, which is to be cancelled.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn cancel(
        &mut self,
        job: &JobId,
        fire_time: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Vec<RunId>> {
        let absence = busy();
        let running = self.store.cancel(job, fire_time, &self.situation(now, &absence, 0)).await?;
        self.touch(job);
        Ok(running)
    }

    /// Sends a heartbeat, and takes over what others have let expire; not while those who slept with the machine may not
    /// have sent theirs. `monotonic` is the reading of a clock that never jumps.
    ///
    /// # Errors
    /// With the code `lease_lost` when another process has taken over; otherwise when the store cannot be written.
    pub async fn heartbeat(
        &mut self,
        now: DateTime<Utc>,
        monotonic: Duration,
        what_became: &(dyn Fn(&Entry) -> Option<Finish> + Send + Sync),
    ) -> Result<()> {
        self.look_at_the_clock(now, monotonic);
        self.store.heartbeat(self.fence, now, LEASE).await?;
        let grace = LEASE.to_std().unwrap_or_default();
        if self.jumped_at.is_some_and(|at| monotonic.saturating_sub(at) < grace) {
            return Ok(());
        }
        let absence = Reason::new("down", "the process that had claimed it is gone");
        self.recover(now, &absence, what_became).await?;
        Ok(())
    }

    /// Leaves the store.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn retire(&mut self, now: DateTime<Utc>) -> Result<()> {
        self.write_ends(now).await?;
        if self.running.is_empty() {
            self.store.retire(self.fence).await?;
        }
        Ok(())
    }

    async fn write_ends(&mut self, now: DateTime<Utc>) -> Result<()> {
        if self.ended.is_empty() {
            return Ok(());
        }
        let absence = busy();
        self.store.finish(&self.ended, &self.situation(now, &absence, 0)).await?;
        for finish in self.ended.drain(..) {
            self.running.remove(&finish.run);
        }
        self.has_news = true;
        Ok(())
    }

    async fn claim(
        &mut self,
        now: DateTime<Utc>,
        positions: &[usize],
        is_last: bool,
        orders: &mut Orders,
    ) -> Result<()> {
        let jobs = self.roster.clone();
        let candidates: Vec<JobId> =
            positions.iter().filter_map(|position| Some(jobs.at(*position)?.id.clone())).collect();
        // Entries start in the order of their fire times, so none does before all are known.
        let free = if is_last { self.most_running.saturating_sub(self.running.len()) } else { 0 };
        let absence = self.absence.clone().unwrap_or_else(busy);
        let step = self.store.claim_due(&candidates, &self.situation(now, &absence, free)).await?;
        for position in positions {
            self.touched.remove(position);
        }
        let decided: BTreeMap<_, _> = step.decided_until.iter().cloned().collect();
        for job in &candidates {
            // A job whose row is gone is not looked at again before the next roster.
            self.set_timer(job, decided.get(job).copied().unwrap_or(DateTime::<Utc>::MAX_UTC));
        }
        for entry in &step.start {
            self.running.extend(entry.run.clone().map(|run| (run, entry.clone())));
        }
        orders.start.extend(step.start);
        orders.cancel.extend(step.cancel);
        if is_last {
            self.absence = None;
            self.lowest = None;
            self.has_news = false;
            self.wake_at = step.wake_at;
        }
        Ok(())
    }

    /// Takes back starts that are on record and that nobody carried out, as the store's answer never came.
    async fn settle_doubts(&mut self, now: DateTime<Utc>) -> Result<()> {
        if self.doubt == Doubt::Roster {
            let absence = self.absence.clone().unwrap_or_else(busy);
            let rows = self.store.enrol(&self.situation(now, &absence, 0)).await?;
            self.has_enrolled(&rows);
            self.doubt = Doubt::Starts;
        }
        let live = self.store.live().await?;
        let ours = live.into_iter().filter(|entry| entry.phase == Phase::Running && entry.fence == self.fence);
        let lost: Vec<RunId> =
            ours.filter_map(|entry| entry.run).filter(|run| !self.running.contains_key(run)).collect();
        if !lost.is_empty() {
            let absence = busy();
            self.store.give_back(&lost, &self.situation(now, &absence, 0)).await?;
        }
        self.doubt = Doubt::None;
        self.has_news = true;
        Ok(())
    }

    fn look_at_the_clock(&mut self, now: DateTime<Utc>, monotonic: Duration) {
        if let Some((then, before)) = self.last_look.replace((now, monotonic)) {
            let passed = TimeDelta::from_std(monotonic.saturating_sub(before)).unwrap_or(TimeDelta::MAX);
            let ahead = (now - then) - passed;
            if now < then {
                // Timers were set for a time that is yet to come again.
                self.touched.extend(0..self.roster.len());
                self.lowest = Some(self.lowest.map_or(now, |lowest| lowest.min(now)));
                self.has_news = true;
            } else if ahead > JUMP {
                self.jumped_at = Some(monotonic);
                self.absence.get_or_insert_with(|| {
                    let text = format!("the machine slept, or its clock was set, at {}", then.format("%FT%TZ"));
                    Reason::new("asleep", text)
                });
            }
        }
    }

    fn candidates(&self, now: DateTime<Utc>) -> Vec<usize> {
        let due = self.timers.iter().take_while(|(at, _)| *at <= now).map(|(_, position)| *position);
        let touched = self.touched.iter().copied().filter(|position| self.due.get(position).is_none_or(|at| *at > now));
        due.chain(touched).take(MOST_AT_ONCE).collect()
    }

    /// All jobs stand where `rows` say, and none further than the clock.
    fn has_enrolled(&mut self, rows: &[JobRow]) {
        self.timers.clear();
        self.due.clear();
        self.touched.clear();
        self.lowest = None;
        for row in rows {
            self.set_timer(&row.job, row.decided_until);
        }
    }

    fn set_timer(&mut self, job: &JobId, decided_until: DateTime<Utc>) {
        let position = self.roster.position(job);
        if let Some(at) = self.due.remove(&position) {
            self.timers.remove(&(at, position));
        }
        if let Some(due) = self.roster.get(job).and_then(|job| job.rule.next_after(decided_until)) {
            self.timers.insert((due.at, position));
            self.due.insert(position, due.at);
        }
    }

    fn situation<'a>(&'a self, now: DateTime<Utc>, absence: &'a Reason, free: usize) -> Situation<'a> {
        let lowest = self.lowest.map_or(now, |lowest| lowest.min(now));
        let (roster, fence, new_run) = (&*self.roster, self.fence, &*self.new_run);
        Situation { roster, now, lowest, fence, absence, free, only: None, new_run }
    }
}

fn busy() -> Reason {
    Reason::new("busy", "the scheduler was busy")
}

fn store_failed(error: &Error) -> Reason {
    Reason::new("store", format!("the store could not be written: {}", error.message))
}
