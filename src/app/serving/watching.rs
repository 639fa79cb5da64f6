//! What happens, told: in the log, in the figures, to people.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::counted::Counted;
use super::figures::Figures;
use super::files::Pulse;
use super::repeats::Repeats;
use super::telling::Telling;
use crate::app::jobs::{Jobs, Runner};
use crate::clock::Clock;
use crate::config::{Zone, duration};
use crate::error::{Error, Result};
use crate::memory::give_back;
use crate::schedule::calendar::next_open;
use crate::schedule::executor::Watch;
use crate::schedule::job::JobId;
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Entry, Stretch};
use crate::schedule::store::{Record, Store};

/// Before a sleep of this length, what runs have freed goes back to the system: others may need it meanwhile.
const LONG_SLEEP: TimeDelta = TimeDelta::seconds(10);

/// Tells what happens.
pub(super) struct Watching<S> {
    pub runner: Arc<Runner<S>>,
    pub figures: Arc<Figures>,
    pub is_simulated: bool,
    /// Tells people; a simulated server tells nobody.
    pub telling: Option<Telling>,
    /// Beats whenever the loop is awake.
    pulse: Pulse,
    said: Mutex<Repeats>,
    /// What was said and counted, so that neither is done twice.
    counted: Mutex<Counted>,
}

impl<S: Store> Watching<S> {
    pub fn new(runner: Arc<Runner<S>>, figures: Arc<Figures>, telling: Option<Telling>, pulse: Pulse) -> Self {
        let is_simulated = runner.surround().given.is_simulated;
        Self { runner, figures, is_simulated, telling, pulse, said: Mutex::default(), counted: Mutex::default() }
    }

    /// `Some(true)` of a job that acts on a simulated world; a field that is not there otherwise.
    fn simulated(&self, jobs: &Jobs, job: &JobId) -> Option<bool> {
        (self.is_simulated || jobs.task(job).is_some_and(|task| task.is_simulated())).then_some(true)
    }

    fn say(&self, subject: &str, what: &str) -> Option<u64> {
        let now = Clock::process().now();
        self.said.lock().unwrap_or_else(PoisonError::into_inner).say(subject, what, now)
    }

    fn entry_ended(&self, entry: &Entry) {
        let jobs = self.runner.jobs();
        let outcome = entry.outcome.unwrap_or(Outcome::Unknown);
        let ran = entry.started_at.zip(entry.ended_at).map(|(from, to)| (to - from).max(TimeDelta::zero()));
        if !self.counted.lock().unwrap_or_else(PoisonError::into_inner).is_new(entry) {
            return;
        }
        self.figures.ended(entry, outcome, ran);
        let subject = entry.job.as_str();
        let Some(times) = self.say(subject, &what(outcome, entry.reason.as_ref())) else { return };
        let line = Line {
            job: subject,
            fire_time: local(entry.fire_time, &jobs, entry),
            run: entry.run.as_ref().map(ToString::to_string),
            reason: entry.reason.as_ref(),
            took: ran.map(duration::print),
            next: next(&jobs, entry),
            attempt: (entry.attempt > 1).then_some(entry.attempt),
            fire_times: None,
            times: Some(times).filter(|times| *times > 1),
            simulated: self.simulated(&jobs, &entry.job),
        };
        line.log(outcome);
    }

    fn stretch_ended(&self, stretch: &Stretch) {
        let jobs = self.runner.jobs();
        let new = self.counted.lock().unwrap_or_else(PoisonError::into_inner).new_of(stretch);
        if new == 0 {
            return;
        }
        self.figures.stretch(stretch, new);
        let subject = stretch.job.as_str();
        let Some(times) = self.say(subject, &what(stretch.outcome, Some(&stretch.reason))) else { return };
        let zone = zone_of(&jobs, &stretch.job);
        let line = Line {
            job: subject,
            fire_time: format!("{} … {}", shown(stretch.first, zone), shown(stretch.last, zone)),
            run: None,
            reason: Some(&stretch.reason),
            took: None,
            next: None,
            attempt: None,
            fire_times: Some(stretch.count),
            times: Some(times).filter(|times| *times > 1),
            simulated: self.simulated(&jobs, &stretch.job),
        };
        line.log(stretch.outcome);
    }
}

impl<S: Store> Watch for Watching<S> {
    fn started(&self, entry: &Entry) {
        self.figures.started(entry);
        let jobs = self.runner.jobs();
        if let Some(telling) = &self.telling {
            telling.began(&jobs, entry);
        }
        if self.say(&format!("{} starts", entry.job), entry.by.as_str()).is_none() {
            return;
        }
        let late = entry.started_at.map(|at| at - entry.fire_time).filter(|late| *late >= TimeDelta::seconds(1));
        let because = late.and(entry.held_by.as_ref()).map(|reason| reason.text.as_str());
        let run = entry.run.as_ref().map(ToString::to_string).unwrap_or_default();
        tracing::info!(
            target: "stackhand::serve",
            job = entry.job.as_str(),
            fire_time = local(entry.fire_time, &jobs, entry),
            run,
            by = entry.by.as_str(),
            attempt = (entry.attempt > 1).then_some(entry.attempt),
            late = late.map(duration::print),
            because,
            simulated = self.simulated(&jobs, &entry.job),
            "started"
        );
    }

    async fn ended(&self, record: &Record) -> Result<()> {
        if let Some(telling) = &self.telling {
            telling.take_in(&self.runner.jobs(), record).await?;
        }
        match record {
            Record::Entry(entry) => self.entry_ended(entry),
            Record::Stretch(stretch) => self.stretch_ended(stretch),
        }
        Ok(())
    }

    fn trouble(&self, error: &Error) {
        self.figures.trouble(error);
        if let Some(times) = self.say("", &error.to_string()) {
            tracing::error!(
                target: "stackhand::serve",
                hint = error.hint,
                times = Some(times).filter(|times| *times > 1),
                simulated = self.is_simulated.then_some(true),
                "{error}; it is tried again"
            );
        }
    }

    fn sleeps_until(&self, next: Option<DateTime<Utc>>) {
        self.figures.looked();
        self.pulse.beat();
        if next.is_none_or(|next| next - Clock::process().now() > LONG_SLEEP) {
            give_back();
        }
    }
}

/// One line of the log about a fire time that has its outcome.
struct Line<'l> {
    job: &'l str,
    fire_time: String,
    run: Option<String>,
    reason: Option<&'l Reason>,
    took: Option<String>,
    next: Option<String>,
    attempt: Option<u32>,
    fire_times: Option<u64>,
    times: Option<u64>,
    simulated: Option<bool>,
}

impl Line<'_> {
    fn log(&self, outcome: Outcome) {
        let Self { job, fire_time, run, took, next, attempt, fire_times, times, simulated, .. } = self;
        let (code, why) = (self.reason.map(|it| it.code.as_str()), self.reason.map(|it| it.text.as_str()));
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "stackhand::serve",
                    job, fire_time, run, reason = code, why, took, next, attempt, fire_times, times, simulated,
                    "{outcome}"
                )
            };
        }
        match outcome {
            Outcome::Done | Outcome::Skipped | Outcome::Cancelled | Outcome::Superseded => line!(info),
            Outcome::Partial | Outcome::Missed | Outcome::Refused => line!(warn),
            Outcome::Failed | Outcome::TimedOut | Outcome::Unknown => line!(error),
        }
    }
}

fn what(outcome: Outcome, reason: Option<&Reason>) -> String {
    format!("{outcome} {}", reason.map_or("", |reason| reason.code.as_str()))
}

fn zone_of(jobs: &Jobs, job: &JobId) -> Zone {
    jobs.task(job).map_or(Zone::UTC, |task| task.zone)
}

fn local(at: DateTime<Utc>, jobs: &Jobs, entry: &Entry) -> String {
    shown(at, zone_of(jobs, &entry.job))
}

/// An instant as people on that wall read it.
pub(super) fn shown(at: DateTime<Utc>, zone: Zone) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %:z").to_string()
}

fn next(jobs: &Jobs, entry: &Entry) -> Option<String> {
    let job = jobs.roster.get(&entry.job)?;
    let after = entry.fire_time.max(entry.ended_at.unwrap_or(entry.fire_time));
    Some(shown(next_open(&job.rule, &job.calendar, after)?.at, zone_of(jobs, &entry.job)))
}
