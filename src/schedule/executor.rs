//! The loop of `serve`: waits for fire times, ends of runs and people, and starts what the dispatcher orders.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::decision::Finish;
use super::dispatcher::{Dispatcher, Orders};
use super::job::{Job, JobId, Roster};
use super::outcome::{Outcome, Reason};
use super::rows::{Entry, Pause, RunId};
use super::store::{Record, Store};
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};

/// The longest that the loop sleeps: a machine may sleep meanwhile, or its clock be set. The runtime wakes once more for
/// each such timer, to put it with those that end soon.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// After a failed step, before the next.
const FIRST_RETRY: Duration = Duration::from_millis(200);

/// So many outcomes are told at a time.
const TOLD_AT_ONCE: usize = 500;

/// The code of what is refused because the loop ends.
pub const ENDING: &str = "ending";

/// What runs jobs.
pub trait RunJob: Send + Sync + 'static {
    /// Runs a job to its end; ends soon once `cancel` is.
    fn run(
        &self,
        job: Arc<Job>,
        entry: Entry,
        cancel: CancellationToken,
    ) -> impl Future<Output = Finish> + Send + 'static;

    /// How a run ended that a process which is gone had under way, if anything has kept that.
    fn what_became(&self, entry: &Entry) -> Option<Finish>;
}

/// Whoever is told what happens: notices, metrics, the log.
pub trait Watch: Send + Sync + 'static {
    /// A run starts.
    fn started(&self, entry: &Entry);

    /// A fire time, or a stretch of them, has got its outcome. Told at least once, and again after a crash or an error.
    ///
    /// # Errors
    /// When it could not be told; it is told again later.
    fn ended(&self, record: &Record) -> impl Future<Output = Result<()>> + Send;

    /// The store could not be read or written; it is tried again.
    fn trouble(&self, error: &Error);

    /// When the next fire time is, after each step.
    fn sleeps_until(&self, next: Option<DateTime<Utc>>);
}

/// What a person asks of the loop.
#[derive(Debug)]
pub enum Command {
    /// Take over another roster, and how many runs may be under way at once.
    Reload(Roster, usize, oneshot::Sender<Result<()>>),
    /// Start a job at once, or a run's fire time once more; the answer says whether that was possible. Refused with the
    /// code [`ENDING`] once nothing is started any more: what waited then would start whenever somebody serves again.
    Start(JobId, Option<RunId>, oneshot::Sender<Result<bool>>),
    /// Pause a job, or change its pause; an end that has passed resumes it.
    Pause(JobId, Pause, oneshot::Sender<Result<bool>>),
    /// Cancel what waits or runs of a job, or one fire time of it; the answer says what was running.
    Cancel(JobId, Option<DateTime<Utc>>, oneshot::Sender<Result<Vec<RunId>>>),
    /// Start nothing any more, and end once nothing runs; the answer says what runs.
    Drain(oneshot::Sender<Vec<Entry>>),
    /// Cancel what runs, and end; the answer says what ran.
    Stop(oneshot::Sender<Vec<Entry>>),
}

/// See the module.
pub struct Executor<S, R, W> {
    dispatcher: Dispatcher<S>,
    runner: Arc<R>,
    watch: Arc<W>,
    clock: Clock,
    cancels: BTreeMap<RunId, CancellationToken>,
    /// Those that were cancelled because the scheduler ends.
    stopped: BTreeSet<RunId>,
    ended: (mpsc::UnboundedSender<Finish>, mpsc::UnboundedReceiver<Finish>),
    is_draining: bool,
    failures: u32,
}

impl<S: Store, R: RunJob, W: Watch> Executor<S, R, W> {
    /// A loop around a dispatcher.
    pub fn new(dispatcher: Dispatcher<S>, runner: Arc<R>, watch: Arc<W>, clock: Clock) -> Self {
        Self {
            dispatcher,
            runner,
            watch,
            clock,
            cancels: BTreeMap::new(),
            stopped: BTreeSet::new(),
            ended: mpsc::unbounded_channel(),
            is_draining: false,
            failures: 0,
        }
    }

    /// Runs until it is told to stop, or all has ended after it was told to drain.
    ///
    /// # Errors
    /// When another process has taken over the store: what runs is cancelled then.
    pub async fn serve(mut self, mut commands: mpsc::Receiver<Command>) -> Result<()> {
        let mut next_heartbeat = self.clock.now();
        loop {
            let now = self.clock.now();
            if now >= next_heartbeat || next_heartbeat - now > super::dispatcher::LEASE {
                self.heartbeat(now).await?;
                next_heartbeat = now + LONGEST_SLEEP;
            }
            self.step().await?;
            self.tell().await;
            if self.is_draining && self.cancels.is_empty() {
                return self.dispatcher.retire(self.clock.now()).await;
            }
            let sleep = self.sleep();
            tokio::select! {
                biased;
                command = commands.recv() => match command {
                    Some(command) => self.obey(command).await?,
                    None => self.drain(),
                },
                Some(finish) = self.ended.1.recv() => self.take(finish),
                () = self.clock.sleep(sleep) => {}
            }
            while let Ok(finish) = self.ended.1.try_recv() {
                self.take(finish);
            }
        }
    }

    async fn heartbeat(&mut self, now: DateTime<Utc>) -> Result<()> {
        let runner = self.runner.clone();
        let monotonic = self.clock.monotonic();
        match self.dispatcher.heartbeat(now, monotonic, &|entry| runner.what_became(entry)).await {
            Err(error) => self.bear(error),
            Ok(()) => Ok(()),
        }
    }

    /// Tells of an error of the store, which passes; unless another process has taken over.
    fn bear(&mut self, error: Error) -> Result<()> {
        if error.code == "lease_lost" {
            self.cancels.values().for_each(CancellationToken::cancel);
            return Err(error);
        }
        self.watch.trouble(&error);
        Ok(())
    }

    async fn step(&mut self) -> Result<()> {
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        match self.dispatcher.step(now, monotonic).await {
            Ok(orders) => {
                self.failures = 0;
                self.carry_out(orders);
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                self.bear(error)?;
            }
        }
        self.watch.sleeps_until(self.dispatcher.next_step());
        Ok(())
    }

    fn carry_out(&mut self, orders: Orders) {
        for run in &orders.cancel {
            if let Some(cancel) = self.cancels.get(run) {
                cancel.cancel();
            }
        }
        for entry in orders.start {
            let (Some(job), Some(run)) = (self.dispatcher.roster().get(&entry.job).cloned(), entry.run.clone()) else {
                continue;
            };
            self.watch.started(&entry);
            let cancel = CancellationToken::new();
            self.cancels.insert(run.clone(), cancel.clone());
            let work = tokio::spawn(self.runner.run(job, entry, cancel));
            let ended = self.ended.0.clone();
            tokio::spawn(async move {
                let finish = work.await.unwrap_or_else(|broken| Finish {
                    run,
                    outcome: Outcome::Failed,
                    reason: Some(Reason::new("bug", format!("the run broke off: {broken}"))),
                    error_kind: Some(Kind::Bug.as_str().to_owned()),
                    state: Vec::new(),
                });
                // Nobody listens only when the loop itself has ended.
                let _ = ended.send(finish);
            });
        }
    }

    fn take(&mut self, mut finish: Finish) {
        self.cancels.remove(&finish.run);
        if self.stopped.remove(&finish.run) && finish.outcome == Outcome::Cancelled {
            finish.reason = Some(Reason::new("cancelled", "the server ended while it ran"));
        }
        self.dispatcher.ended(finish);
    }

    /// Tells what has got its outcome, and marks it as told.
    async fn tell(&mut self) {
        loop {
            let records = match self.dispatcher.store().untold(TOLD_AT_ONCE).await {
                Ok(records) if records.is_empty() => return,
                Ok(records) => records,
                Err(error) => return self.watch.trouble(&error),
            };
            let mut told = Vec::new();
            for record in &records {
                match self.watch.ended(record).await {
                    Ok(()) => told.push(record.clone()),
                    Err(error) => {
                        self.watch.trouble(&error);
                        break;
                    }
                }
            }
            let are_all_told = told.len() == records.len();
            if let Err(error) = self.dispatcher.store().mark_told(&told).await {
                return self.watch.trouble(&error);
            }
            if !are_all_told {
                return;
            }
        }
    }

    fn sleep(&self) -> Duration {
        let until = |at: DateTime<Utc>| (at - self.clock.now()).to_std().unwrap_or_default();
        let next = self.dispatcher.next_step().map_or(LONGEST_SLEEP, until).min(LONGEST_SLEEP);
        match self.failures {
            0 => next,
            failures => FIRST_RETRY.saturating_mul(1 << failures.min(8)).min(LONGEST_SLEEP),
        }
    }

    /// From now on nothing is started any more.
    fn drain(&mut self) {
        self.is_draining = true;
        self.dispatcher.drain();
    }

    /// What runs in this process, and has not ended.
    fn running(&self) -> Vec<Entry> {
        let runs = |entry: &&Entry| entry.run.as_ref().is_some_and(|run| self.cancels.contains_key(run));
        self.dispatcher.running().filter(runs).cloned().collect()
    }

    async fn obey(&mut self, command: Command) -> Result<()> {
        // Whoever asked may have gone; what it asked for is done all the same.
        match command {
            Command::Reload(roster, most_running, answer) => {
                // What is due by the old roster is decided by it.
                self.step().await?;
                let reloaded = self.dispatcher.reload(roster, self.clock.now()).await;
                if reloaded.is_ok() {
                    self.dispatcher.allow(most_running);
                }
                let _ = answer.send(reloaded);
            }
            Command::Start(_, _, answer) if self.is_draining => {
                let ending = Error::new(Kind::Conflict, ENDING, "the server is ending and starts nothing any more");
                let _ = answer.send(Err(ending.with_hint("run it again once it has ended")));
            }
            Command::Start(job, rerun_of, answer) => {
                let _ = answer.send(self.dispatcher.start_by_hand(&job, rerun_of.as_ref(), self.clock.now()).await);
            }
            Command::Pause(job, pause, answer) => {
                let paused = self.dispatcher.store().pause(&job, &pause).await;
                self.dispatcher.touch(&job);
                let _ = answer.send(paused);
            }
            Command::Cancel(job, fire_time, answer) => {
                let running = self.dispatcher.cancel(&job, fire_time, self.clock.now()).await;
                for cancel in running.iter().flatten().filter_map(|run| self.cancels.get(run)) {
                    cancel.cancel();
                }
                let _ = answer.send(running);
            }
            Command::Drain(answer) => {
                self.drain();
                let _ = answer.send(self.running());
            }
            Command::Stop(answer) => {
                self.drain();
                let _ = answer.send(self.running());
                for (run, cancel) in self.cancels.iter().filter(|(_, cancel)| !cancel.is_cancelled()) {
                    self.stopped.insert(run.clone());
                    cancel.cancel();
                }
            }
        }
        Ok(())
    }
}
