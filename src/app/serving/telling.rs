//! What becomes of jobs, told to people: into the outbox when it happens, out of it by a courier beside the loop.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::changed::changes_of;
use super::figures::Post;
use super::tidings;
use crate::app::channels::{Channels, this_process};
use crate::app::jobs::{Jobs, Runner, Surround, Task};
use crate::app::messages::Counter;
use crate::app::session::live;
use crate::app::settings;
use crate::clock::Clock;
use crate::config::Zone;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::notices::{Channel, Courier, Delivered, Heartbeat, Notice, Outbox, Surroundings, Waiting};
use crate::schedule::outcome::Outcome;
use crate::schedule::rows::Entry;
use crate::schedule::store::{Record, Store};
use crate::transport::Outside;

/// How long a round of deliveries may take.
const ROUND: TimeDelta = TimeDelta::minutes(1);
/// After a round that failed, before the next.
const PAUSE: Duration = Duration::from_secs(30);
/// Between rounds, at least, unless there is something new.
const LEAST_PAUSE: Duration = Duration::from_millis(200);
/// So long the end of the server waits for channels, and for heartbeats beside them.
const PATIENCE: Duration = Duration::from_secs(10);
/// A run that ended longer ago is no sign that the job is alive: the server was down since.
const HEARTBEAT_VALID: TimeDelta = TimeDelta::minutes(10);

/// Tells people. Cheap to clone.
#[derive(Clone)]
pub(super) struct Telling(Arc<Inner>);

struct Inner {
    surround: Surround,
    clock: Clock,
    outbox: Outbox,
    outside: Outside,
    /// There is something new in the outbox.
    news: Notify,
    /// The channels, of the jobs as they were when this was made.
    desk: Mutex<Option<Arc<Desk>>>,
    /// A channel did not take something: what is read anew may be right.
    is_stale: AtomicBool,
    /// The channels that do not take what they are sent, as the log was told.
    ailing: Mutex<BTreeSet<String>>,
    /// Heartbeats under way.
    pings: Mutex<JoinSet<()>>,
}

struct Desk {
    jobs: Arc<Jobs>,
    channels: Arc<Channels>,
    courier: Courier,
}

impl Telling {
    /// The outbox in the workspace's state.
    ///
    /// # Errors
    /// When the outbox cannot be opened, or the settings of the network are of no use.
    pub async fn open(database: &Database, surround: &Surround) -> Result<Self> {
        let settings = settings(&surround.environment, &surround.given)?;
        let outside = live(&surround.environment, &settings)?.outside();
        let outbox = Outbox::open(database, &surround.scrubber).await?;
        Ok(Self(Arc::new(Inner {
            surround: surround.clone(),
            clock: database.clock().clone(),
            outbox,
            outside,
            news: Notify::new(),
            desk: Mutex::default(),
            is_stale: AtomicBool::new(false),
            ailing: Mutex::default(),
            pings: Mutex::default(),
        })))
    }

    /// What the runs of these jobs tell people goes the same way.
    pub fn counter<S: Store>(&self, runner: &Arc<Runner<S>>) -> Arc<dyn Counter> {
        Arc::new(AtTelling { telling: self.clone(), runner: Arc::downgrade(runner) })
    }

    pub(super) fn surround(&self) -> &Surround {
        &self.0.surround
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Takes in that a run begins, if that is to be told; beside, as the run does not wait for it. What is lost of it is
    /// told when the run has ended.
    pub fn began(&self, jobs: &Arc<Jobs>, entry: &Entry) {
        let Some(task) = jobs.task(&entry.job).filter(|task| !task.is_simulated()) else { return };
        let Some(notice) = tidings::of_beginning(entry, task, jobs) else { return };
        let (telling, jobs, task) = (self.clone(), jobs.clone(), task.clone());
        tokio::spawn(async move {
            if let Err(error) = telling.put(&jobs, &task, [notice]).await {
                tracing::warn!(target: "stackhand::serve", job = task.id.as_str(), "that it is late is told later: {error}");
            }
        });
    }

    /// Takes in what has got its outcome, for the channels of its job.
    ///
    /// # Errors
    /// When the outbox cannot be written; not all of it was taken in then.
    pub async fn take_in(&self, jobs: &Arc<Jobs>, record: &Record) -> Result<()> {
        let Some(task) = jobs.task(record.job()).filter(|task| !task.is_simulated()) else { return Ok(()) };
        let changes = match record {
            Record::Entry(entry) if self.wants(jobs, task, entry) => changes_of(jobs, &self.0.surround, entry).await,
            Record::Entry(_) | Record::Stretch(_) => None,
        };
        self.put(jobs, task, tidings::of_end(record, task, jobs, changes)).await?;
        if let Record::Entry(entry) = record {
            self.ping(jobs, task, entry);
        }
        Ok(())
    }

    /// Whether somebody is told of this outcome.
    fn wants(&self, jobs: &Arc<Jobs>, task: &Task, entry: &Entry) -> bool {
        let Some(event) = tidings::event_of(entry) else { return false };
        let of_job = task.job.notify.events.as_deref();
        self.named(jobs, task).iter().any(|channel| of_job.unwrap_or(&channel.events).contains(&event))
    }

    /// The channels that a job names.
    fn named(&self, jobs: &Arc<Jobs>, task: &Task) -> Vec<Channel> {
        let named = &task.job.notify.channels;
        let is_named = |channel: &&Channel| named.iter().any(|name| name.value == channel.name);
        self.desk(jobs).channels.all.iter().filter(is_named).cloned().collect()
    }

    /// Takes in notices for the channels of their job.
    async fn put(&self, jobs: &Arc<Jobs>, task: &Task, notices: impl IntoIterator<Item = Notice>) -> Result<()> {
        let channels = self.named(jobs, task);
        let events = task.job.notify.events.as_deref();
        for notice in notices {
            self.put_for(&notice, &channels, events).await?;
        }
        Ok(())
    }

    /// Takes in a notice for some channels.
    pub(super) async fn put_for(
        &self,
        notice: &Notice,
        channels: &[Channel],
        events: Option<&[crate::config::Event]>,
    ) -> Result<()> {
        if self.0.outbox.enqueue(notice, channels, events).await? > 0 {
            self.0.news.notify_one();
        }
        Ok(())
    }

    /// The channels of these jobs.
    pub(super) fn channels(&self, jobs: &Arc<Jobs>) -> Arc<Channels> {
        self.desk(jobs).channels.clone()
    }

    /// Tells whoever waits for the job's heartbeat; beside, as nothing waits for the answer.
    fn ping(&self, jobs: &Arc<Jobs>, task: &Arc<Task>, entry: &Entry) {
        let Some(url) = &task.job.heartbeat else { return };
        let is_fresh = |ended: DateTime<Utc>| self.0.clock.now() - ended < HEARTBEAT_VALID;
        if entry.outcome != Some(Outcome::Done) || !entry.ended_at.is_some_and(is_fresh) {
            return;
        }
        let url = url.read_url(&self.0.surround.environment, &jobs.workspace);
        let (desk, job) = (self.desk(jobs), task.id.clone());
        let mut pings = self.0.pings.lock().unwrap_or_else(PoisonError::into_inner);
        while pings.try_join_next().is_some() {}
        pings.spawn(async move {
            let pinged = match url {
                Ok(url) => desk.courier.ping(&Heartbeat::new(url)).await,
                Err(error) => Err(Error::from(error)),
            };
            if let Err(error) = pinged {
                tracing::warn!(target: "stackhand::serve", job = job.as_str(), "{error}");
            }
        });
    }

    /// Hands over what is in the outbox, until the end. A round that a channel holds up keeps no other channel waiting: what
    /// comes in the meantime goes in a round of its own, in which that channel is left out, as a notice of it is claimed.
    pub async fn deliver(self, jobs: impl Fn() -> Arc<Jobs>, replaced: watch::Receiver<()>, end: CancellationToken) {
        let mut rounds = JoinSet::new();
        tokio::select! {
            () = end.cancelled() => {}
            () = self.deliver_in(&mut rounds, jobs, replaced) => {}
        }
        // A program that a channel is told by ends with its round, and the process must not be faster.
        rounds.shutdown().await;
    }

    async fn deliver_in(
        &self,
        rounds: &mut JoinSet<Result<Delivered>>,
        jobs: impl Fn() -> Arc<Jobs>,
        mut replaced: watch::Receiver<()>,
    ) {
        let mut is_to_begin = true;
        let mut least = LEAST_PAUSE;
        loop {
            let desk = self.desk(&jobs());
            // No more rounds than channels can hold up.
            if is_to_begin && rounds.len() <= desk.channels.all.len() {
                let (desk, deadline) = (desk.clone(), self.0.clock.now() + ROUND);
                rounds.spawn(async move { desk.courier.deliver_due(deadline).await });
            }
            let pause = self.pause(&desk).await.max(least);
            is_to_begin = tokio::select! {
                () = self.0.news.notified() => true,
                _ = replaced.changed() => true,
                Some(round) = rounds.join_next(), if !rounds.is_empty() => {
                    let is_well = round.is_ok_and(|round| self.judge(round));
                    least = if is_well { LEAST_PAUSE } else { PAUSE };
                    false
                }
                () = sleep(&self.0.clock, pause) => true,
            };
        }
    }

    /// How long there is nothing to deliver.
    async fn pause(&self, desk: &Desk) -> Duration {
        match desk.courier.next_due().await {
            // What is due at once has just been tried by somebody.
            Ok(Some(due)) => (due - self.0.clock.now()).to_std().unwrap_or_default(),
            Ok(None) => Duration::MAX,
            Err(_) => PAUSE,
        }
    }

    /// Looks at what came of a round; `false` if the outbox could not be read or written.
    fn judge(&self, round: Result<Delivered>) -> bool {
        match round {
            Ok(delivered) => {
                if delivered.given_up > 0 {
                    let notices = delivered.given_up;
                    tracing::error!(target: "stackhand::serve", notices, "notices were given up: nobody took them");
                }
                self.tell_of_channels(&delivered.remaining);
                if delivered.remaining.iter().any(|waiting| waiting.error.is_some()) {
                    self.0.is_stale.store(true, Ordering::Relaxed);
                }
                true
            }
            Err(error) => {
                tracing::warn!(target: "stackhand::serve", "notices wait in the outbox: {error}");
                false
            }
        }
    }

    /// Tells the log of a channel that began to fail, and of one that takes notices again.
    fn tell_of_channels(&self, remaining: &[Waiting]) {
        let mut ailing = self.0.ailing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut failing = BTreeSet::new();
        for waiting in remaining {
            let (channel, notices) = (&waiting.channel, waiting.count);
            let Some(error) = &waiting.error else { continue };
            if !ailing.contains(channel) {
                tracing::warn!(
                    target: "stackhand::serve", channel, notices, error,
                    "a notice was not taken; it is tried again"
                );
            }
            failing.insert(channel.clone());
        }
        for channel in ailing.difference(&failing) {
            tracing::info!(target: "stackhand::serve", channel, "no notice waits for a channel that failed any more");
        }
        *ailing = failing;
    }

    /// How it goes with the channels.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn figures(&self, jobs: &Arc<Jobs>) -> Result<BTreeMap<String, Post>> {
        let known = self.channels(jobs).all.iter().map(|channel| (channel.name.clone(), Post::default())).collect();
        let mut posts: BTreeMap<String, Post> = known;
        let now = self.0.clock.now();
        for waiting in self.0.outbox.waiting().await? {
            let post = posts.entry(waiting.channel).or_default();
            post.waiting = waiting.count;
            post.oldest_seconds = u64::try_from((now - waiting.due_since).num_seconds()).unwrap_or_default();
        }
        for (channel, failed) in self.0.outbox.failed() {
            posts.entry(channel).or_default().failed = failed;
        }
        Ok(posts)
    }

    /// Hands over what can be before the server ends; tells of what stays.
    pub async fn deliver_before_exit(&self, jobs: &Arc<Jobs>) {
        let pings = std::mem::take(&mut *self.0.pings.lock().unwrap_or_else(PoisonError::into_inner));
        let desk = self.desk(jobs);
        let pinging = self.0.clock.timeout(PATIENCE, pings.join_all());
        let (delivered, _) = tokio::join!(desk.courier.deliver_before_exit(PATIENCE), pinging);
        match delivered {
            Ok(delivered) => {
                for waiting in &delivered.remaining {
                    tracing::warn!(
                        target: "stackhand::serve",
                        channel = waiting.channel, notices = waiting.count,
                        "notices wait in the outbox for the next start"
                    );
                }
            }
            Err(error) => tracing::warn!(target: "stackhand::serve", "notices wait in the outbox: {error}"),
        }
    }

    /// The channels of these jobs; their secrets are read anew where a channel takes nothing.
    fn desk(&self, jobs: &Arc<Jobs>) -> Arc<Desk> {
        let mut desk = self.0.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let is_stale = self.0.is_stale.swap(false, Ordering::Relaxed);
        if let Some(desk) = desk.as_ref().filter(|desk| !is_stale && Arc::ptr_eq(&desk.jobs, jobs)) {
            return desk.clone();
        }
        let Surround { environment, scrubber, .. } = &self.0.surround;
        let channels = Arc::new(Channels::of(&jobs.workspace, environment, scrubber));
        let before = desk.as_ref().map(|desk| desk.channels.clone()).unwrap_or_default();
        for note in channels.unusable.iter().filter(|note| !before.unusable.contains(note)) {
            tracing::error!(target: "stackhand::serve", "{note}");
        }
        for note in channels.warnings.iter().filter(|note| !before.warnings.contains(note)) {
            tracing::warn!(target: "stackhand::serve", "{note}");
        }
        let surroundings = Surroundings {
            outside: self.0.outside.clone(),
            clock: self.0.clock.clone(),
            scrubber: scrubber.clone(),
            zone: jobs.workspace.timezone.unwrap_or(Zone::UTC),
            log: Arc::new(|text| tracing::info!(target: "stackhand::notice", "{text}")),
            owner: this_process(),
        };
        let courier = Courier::new(self.0.outbox.clone(), channels.all.clone(), surroundings);
        desk.insert(Arc::new(Desk { jobs: jobs.clone(), channels, courier })).clone()
    }
}

/// Where runs leave what they tell people.
struct AtTelling<S> {
    telling: Telling,
    /// It holds this in turn.
    runner: Weak<Runner<S>>,
}

impl<S: Store> Counter for AtTelling<S> {
    fn channels(&self) -> Arc<Channels> {
        self.runner.upgrade().map(|runner| self.telling.channels(&runner.jobs())).unwrap_or_default()
    }

    fn outbox(&self) -> &Outbox {
        &self.telling.0.outbox
    }

    fn wake(&self) {
        self.telling.0.news.notify_one();
    }
}

async fn sleep(clock: &Clock, span: Duration) {
    match span {
        Duration::MAX => std::future::pending().await,
        span => clock.sleep(span).await,
    }
}

#[cfg(test)]
#[path = "telling_tests.rs"]
mod tests;
