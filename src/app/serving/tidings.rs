//! What there is to tell people of what becomes of jobs.

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::jobs::{Jobs, Task};
use crate::config::Event;
use crate::notices::{Changes, Notice, Topic};
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Entry, ScheduledBy, Stretch};
use crate::schedule::store::Record;

/// What there is to tell of a run that begins: that it is late.
pub(super) fn of_beginning(entry: &Entry, task: &Task, jobs: &Jobs) -> Option<Notice> {
    late(entry, task, |event, at, once| about(task, jobs, entry.fire_time, event, at, once))
}

/// What there is to tell of an outcome, and of the changes of its run. Each has a key of its own, as an outcome may be
/// told twice after a crash.
pub(super) fn of_end(record: &Record, task: &Task, jobs: &Jobs, changes: Option<Changes>) -> Vec<Notice> {
    let of = |event, at, once: &str| about(task, jobs, record.first(), event, at, once);
    match record {
        Record::Entry(entry) => of_entry(entry, task, changes, of),
        Record::Stretch(stretch) => of_stretch(stretch, of),
    }
}

fn about(task: &Task, jobs: &Jobs, fire_time: DateTime<Utc>, event: Event, at: DateTime<Utc>, once: &str) -> Notice {
    let profile = task.acts_as.clone();
    let settings = profile.as_ref().and_then(|profile| jobs.workspace.profiles.get(profile));
    let project = jobs.workspace.project_of(profile.as_deref());
    Notice {
        job: Some(task.id.to_string()),
        recipe: Some(task.job.recipe.value.clone()),
        production: settings.is_some_and(|settings| settings.is_production),
        fire_time: Some(fire_time),
        once: Some(format!("{} {once} {event}", task.id)),
        profile,
        project: project.map(str::to_owned),
        ..Notice::new(Topic::Job(event), at)
    }
}

/// What is told of an outcome, besides that the job recovered.
pub(super) fn event_of(entry: &Entry) -> Option<Event> {
    Some(event(entry.outcome?, entry.reason.as_ref()))
}

/// Which attempt at a fire time it is, as keys have it.
fn attempt(entry: &Entry) -> String {
    format!("{} {}", entry.fire_time.timestamp_millis(), entry.attempt)
}

fn lateness(entry: &Entry) -> Option<TimeDelta> {
    entry.started_at.map(|started| started - entry.fire_time).filter(|late| *late > TimeDelta::zero())
}

/// What is the same of all that is told of a run.
fn facts(entry: &Entry, notice: Notice) -> Notice {
    Notice {
        run: entry.run.as_ref().map(ToString::to_string),
        late_seconds: lateness(entry).and_then(|late| u64::try_from(late.num_seconds()).ok()).filter(|late| *late > 0),
        ..notice
    }
}

fn late(entry: &Entry, task: &Task, of: impl Fn(Event, DateTime<Utc>, &str) -> Notice) -> Option<Notice> {
    let started_at = entry.started_at?;
    let late = lateness(entry)?.to_std().ok()?;
    (late >= task.job.notify.late_after && entry.by == ScheduledBy::Schedule)
        .then(|| facts(entry, because(of(Event::Late, started_at, &attempt(entry)), entry.held_by.as_ref())))
}

fn of_entry(
    entry: &Entry,
    task: &Task,
    changes: Option<Changes>,
    of: impl Fn(Event, DateTime<Utc>, &str) -> Notice,
) -> Vec<Notice> {
    let Some(outcome) = entry.outcome else { return Vec::new() };
    let at = entry.ended_at.unwrap_or(entry.decided_at);
    // It was told when the run began, unless the process ended right then.
    let mut told: Vec<Notice> = late(entry, task, &of).into_iter().collect();
    let ended = of(event(outcome, entry.reason.as_ref()), at, &attempt(entry));
    told.push(Notice { changes, ..facts(entry, because(ended, entry.reason.as_ref())) });
    if outcome == Outcome::Done {
        told.push(facts(entry, of(Event::Recovered, at, &attempt(entry))));
    }
    told
}

fn of_stretch(stretch: &Stretch, of: impl Fn(Event, DateTime<Utc>, &str) -> Notice) -> Vec<Notice> {
    let event = event(stretch.outcome, Some(&stretch.reason));
    // A pause's stretch grows with each fire time, and is one thing to tell.
    let once = format!("{} …", stretch.first.timestamp_millis());
    let notice = because(of(event, stretch.decided_at, &once), Some(&stretch.reason));
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
