//! What becomes of jobs, told to people: into the outbox when it happens, out of it by a courier beside the loop.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

use crate::app::channels::channels;
use crate::app::jobs::{Jobs, Surround, Task};
use crate::app::session::live;
use crate::app::settings;
use crate::clock::Clock;
use crate::config::{Event, Zone};
use crate::database::Database;
use crate::error::{Error, Result};
use crate::notices::{Channel, Courier, Heartbeat, Notice, Outbox, Surroundings, Topic};
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Entry, ScheduledBy, Stretch};
use crate::schedule::store::Record;
use crate::transport::Outside;

/// How long a round of deliveries may take.
const ROUND: TimeDelta = TimeDelta::minutes(1);
/// After a round that failed, before the next.
const PAUSE: Duration = Duration::from_secs(30);
/// So long the end of the server waits for channels.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells people. Cheap to clone.
#[derive(Clone)]
pub(super) struct Telling(Arc<Inner>);

struct Inner {
    surround: Surround,
    outbox: Outbox,
    outside: Outside,
    /// There is something new in the outbox.
    news: Notify,
    /// The channels, of the jobs as they were when this was made.
    desk: Mutex<Option<Arc<Desk>>>,
}

struct Desk {
    jobs: Arc<Jobs>,
    channels: Vec<Channel>,
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
        let (surround, desk, news) = (surround.clone(), Mutex::default(), Notify::new());
        Ok(Self(Arc::new(Inner { surround, outbox, outside, news, desk })))
    }

    /// Takes in what has got its outcome, for the channels of its job.
    ///
    /// # Errors
    /// When the outbox cannot be written; nothing was taken in then.
    pub async fn take_in(&self, jobs: &Arc<Jobs>, record: &Record) -> Result<()> {
        let Some(task) = jobs.task(record.job()).filter(|task| !task.is_simulated()) else { return Ok(()) };
        let desk = self.desk(jobs);
        let named = &task.job.notify.channels;
        let is_named = |channel: &&Channel| named.iter().any(|name| name.value == channel.name);
        let channels: Vec<Channel> = desk.channels.iter().filter(is_named).cloned().collect();
        let mut is_taken = false;
        for notice in notices(task, jobs, record) {
            let events = task.job.notify.events.as_deref();
            is_taken |= self.0.outbox.enqueue(&notice, &channels, events).await? > 0;
        }
        if is_taken {
            self.0.news.notify_one();
        }
        if let Record::Entry(Entry { outcome: Some(Outcome::Done), .. }) = record {
            self.ping(task, &desk);
        }
        Ok(())
    }

    /// Tells whoever waits for the job's heartbeat; beside, as nothing waits for the answer.
    fn ping(&self, task: &Arc<Task>, desk: &Arc<Desk>) {
        let Some(url) = &task.job.heartbeat else { return };
        let url = url.read_url(&self.0.surround.environment, &desk.jobs.workspace);
        let (desk, job) = (desk.clone(), task.id.clone());
        tokio::spawn(async move {
            let pinged = match url {
                Ok(url) => desk.courier.ping(&Heartbeat::new(url)).await,
                Err(error) => Err(Error::from(error)),
            };
            if let Err(error) = pinged {
                tracing::warn!(target: "stackhand::serve", job = job.as_str(), "{error}");
            }
        });
    }

    /// Hands over what is in the outbox, for ever.
    pub async fn deliver(self, jobs: impl Fn() -> Arc<Jobs>) {
        let clock = Clock::process();
        loop {
            let desk = self.desk(&jobs());
            let mut pause = match desk.courier.deliver_due(clock.now() + ROUND).await {
                Ok(delivered) => {
                    if delivered.given_up > 0 {
                        let notices = delivered.given_up;
                        tracing::error!(target: "stackhand::serve", notices, "notices were given up: nobody took them");
                    }
                    Duration::MAX
                }
                Err(error) => {
                    tracing::warn!(target: "stackhand::serve", "notices wait in the outbox: {error}");
                    PAUSE
                }
            };
            if let Ok(Some(due)) = desk.courier.next_due().await {
                let until = (due - clock.now()).to_std().unwrap_or_default();
                // What is due at once has just been tried by somebody.
                pause = pause.min(until.max(Duration::from_millis(200)));
            }
            tokio::select! {
                () = self.0.news.notified() => {}
                () = sleep(&clock, pause) => {}
            }
        }
    }

    /// Hands over what can be before the server ends; gives what stays.
    pub async fn deliver_before_exit(&self, jobs: &Arc<Jobs>) {
        match self.desk(jobs).courier.deliver_before_exit(PATIENCE).await {
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

    /// The channels of these jobs.
    fn desk(&self, jobs: &Arc<Jobs>) -> Arc<Desk> {
        let mut desk = self.0.desk.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(desk) = desk.as_ref().filter(|desk| Arc::ptr_eq(&desk.jobs, jobs)) {
            return desk.clone();
        }
        let Surround { environment, scrubber, .. } = &self.0.surround;
        let (channels, unusable) = channels(&jobs.workspace, environment, scrubber);
        for note in unusable {
            tracing::error!(target: "stackhand::serve", "{note}");
        }
        let surroundings = Surroundings {
            outside: self.0.outside.clone(),
            clock: Clock::process(),
            scrubber: scrubber.clone(),
            zone: jobs.workspace.timezone.unwrap_or(Zone::UTC),
            log: Arc::new(|text| tracing::info!(target: "stackhand::notice", "{text}")),
        };
        let courier = Courier::new(self.0.outbox.clone(), channels.clone(), surroundings);
        desk.insert(Arc::new(Desk { jobs: jobs.clone(), channels, courier })).clone()
    }
}

async fn sleep(clock: &Clock, span: Duration) {
    match span {
        Duration::MAX => std::future::pending().await,
        span => clock.sleep(span).await,
    }
}

/// What there is to tell of an outcome. Each has a key of its own, as an outcome may be told twice after a crash.
fn notices(task: &Task, jobs: &Jobs, record: &Record) -> Vec<Notice> {
    let of = |event: Event, at: DateTime<Utc>, once: String| {
        let profile = task.profile.clone();
        let settings = profile.as_ref().and_then(|profile| jobs.workspace.profiles.get(profile));
        Notice {
            job: Some(task.id.to_string()),
            recipe: Some(task.job.recipe.value.clone()),
            production: settings.is_some_and(|settings| settings.is_production),
            fire_time: Some(record.first()),
            once: Some(format!("{} {once} {event}", task.id)),
            profile,
            ..Notice::new(Topic::Job(event), at)
        }
    };
    match record {
        Record::Entry(entry) => of_entry(entry, task, of),
        Record::Stretch(stretch) => of_stretch(stretch, of),
    }
}

fn of_entry(entry: &Entry, task: &Task, of: impl Fn(Event, DateTime<Utc>, String) -> Notice) -> Vec<Notice> {
    let Some(outcome) = entry.outcome else { return Vec::new() };
    let at = entry.ended_at.unwrap_or(entry.decided_at);
    let once = format!("{} {}", entry.fire_time.timestamp_millis(), entry.attempt);
    let late = entry.started_at.map(|started| started - entry.fire_time).filter(|late| *late > TimeDelta::zero());
    let facts = |notice: Notice| Notice {
        run: entry.run.as_ref().map(ToString::to_string),
        late_seconds: late.and_then(|late| u64::try_from(late.num_seconds()).ok()),
        ..notice
    };
    let mut told = Vec::new();
    let is_late = late.is_some_and(|late| late.to_std().is_ok_and(|late| late >= task.job.notify.late_after));
    if is_late && entry.by == ScheduledBy::Schedule {
        let cause = entry.held_by.as_ref();
        told.push(facts(because(of(Event::Late, at, once.clone()), cause)));
    }
    told.push(facts(because(of(event(outcome, entry.reason.as_ref()), at, once.clone()), entry.reason.as_ref())));
    if outcome == Outcome::Done {
        told.push(facts(of(Event::Recovered, at, once)));
    }
    told
}

fn of_stretch(stretch: &Stretch, of: impl Fn(Event, DateTime<Utc>, String) -> Notice) -> Vec<Notice> {
    let event = event(stretch.outcome, Some(&stretch.reason));
    // A pause's stretch grows with each fire time, and is one thing to tell.
    let once = format!("{} …", stretch.first.timestamp_millis());
    let notice = because(of(event, stretch.decided_at, once), Some(&stretch.reason));
    vec![Notice { fields: [("fire_times".to_owned(), stretch.count.to_string())].into(), ..notice }]
}

fn because(notice: Notice, reason: Option<&Reason>) -> Notice {
    Notice {
        reason: reason.map(|reason| reason.code.clone()),
        text: reason.map(|reason| reason.text.clone()),
        ..notice
    }
}

fn event(outcome: Outcome, reason: Option<&Reason>) -> Event {
    match outcome {
        Outcome::Done => Event::Done,
        Outcome::Failed => Event::Failed,
        Outcome::Partial => Event::Partial,
        Outcome::Skipped if reason.is_some_and(|reason| reason.code == "overlap") => Event::SkippedByOverlap,
        Outcome::Skipped => Event::Skipped,
        Outcome::Refused => Event::Refused,
        Outcome::Cancelled => Event::Cancelled,
        Outcome::TimedOut => Event::TimedOut,
        Outcome::Missed => Event::Missed,
        Outcome::Superseded => Event::Superseded,
        Outcome::Unknown => Event::Unknown,
    }
}
