//! What the store knows of jobs, for people and machines.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Jobs, KeptJobs, WrongJob};
use crate::config::{JobTime, Zone, duration};
use crate::error::{Error, Result};
use crate::schedule::calendar::{Calendar, steps};
use crate::schedule::job::JobId;
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Entry, JobRow, Pause, Phase, RunRow, Stretch};
use crate::schedule::store::{Record, Store};
use crate::schedule::{Due, Rule, When};

/// So many of its next fire times, and of what became of earlier ones, are on a job's page.
const SHOWN: usize = 5;

/// A job as it is now.
#[derive(Debug, Clone)]
pub struct JobState {
    /// Its id.
    pub id: JobId,
    /// Its recipe's file, as written; empty where only the store is known.
    pub recipe: String,
    /// What it is for, in the user's words.
    pub description: Option<String>,
    /// When it is due, in words.
    pub words: String,
    /// The zone on whose wall that is.
    pub zone: Zone,
    /// Its next fire times that no pause swallows, and what is special about them.
    pub next: Vec<(DateTime<Utc>, Option<String>)>,
    /// The pause that it is in.
    pub pause: Option<Pause>,
    /// What waits or runs of it.
    pub live: Vec<Entry>,
    /// What became of its latest fire times, the latest first.
    pub last: Vec<Record>,
    /// Whether a server has ever seen it.
    pub is_enrolled: bool,
    /// What is wrong with it in the file, so that it cannot be due.
    pub wrong: Option<Error>,
    /// Whether the file has it no more, and something of it waits or runs all the same.
    pub is_former: bool,
}

/// All jobs of a workspace as they are now, in the order of its file; those too that are wrong, and last those that it
/// has no more and of which something waits or runs.
///
/// # Errors
/// When the store cannot be read.
pub async fn job_states<S: Store>(store: &S, jobs: &Jobs, now: DateTime<Utc>) -> Result<Vec<JobState>> {
    let rows = rows(store).await?;
    let right = jobs.roster.iter().filter_map(|job| {
        let task = jobs.task(&job.id)?;
        Some(JobState {
            recipe: task.job.recipe.value.clone(),
            description: task.job.description.clone(),
            zone: task.zone,
            ..state_of(&job.id, &job.rule, &job.calendar, task.zone, due_after(rows.get(&job.id), now))
        })
    });
    let mut bare: Vec<JobState> = right.collect();
    if !jobs.wrong.is_empty() {
        let zone = jobs.workspace.timezone.unwrap_or(Zone::UTC);
        bare.extend(jobs.wrong.iter().flat_map(|wrong| wrong.ids().map(move |id| state_of_wrong(id, wrong, zone))));
        let names = jobs.workspace.jobs.iter().enumerate().map(|(place, job)| (job.name.value.as_str(), place));
        let places: HashMap<&str, usize> = names.collect();
        bare.sort_by_cached_key(|state| state.id.as_str().split('@').next().and_then(|name| places.get(name)).copied());
    }
    with_rows(store, &rows, bare, now).await
}

fn state_of_wrong(id: JobId, wrong: &WrongJob, zone: Zone) -> JobState {
    let WrongJob { job, error } = wrong;
    let words = match &job.when {
        JobTime::Schedule(written) => written.value.clone(),
        JobTime::Every(step) => every(step.value),
    };
    JobState {
        recipe: job.recipe.value.clone(),
        description: job.description.clone(),
        wrong: Some(error.clone()),
        ..JobState::bare(id, words, zone)
    }
}

/// The same of what a server took over last, by the store alone: without recipes, and as if there were no calendars.
///
/// # Errors
/// When the store cannot be read.
pub async fn kept_states<S: Store>(store: &S, jobs: &KeptJobs, now: DateTime<Utc>) -> Result<Vec<JobState>> {
    let rows = rows(store).await?;
    let bare = jobs.rules().map(|(id, rule)| {
        let after = due_after(rows.get(id), now);
        state_of(id, &rule, &Calendar::default(), rule.zone(), after)
    });
    with_rows(store, &rows, bare.collect(), now).await
}

async fn rows<S: Store>(store: &S) -> Result<HashMap<JobId, JobRow>> {
    Ok(store.jobs().await?.into_iter().map(|row| (row.job.clone(), row)).collect())
}

/// The pause that a job is in.
fn pause_of(row: Option<&JobRow>, now: DateTime<Utc>) -> Option<&Pause> {
    row?.pause.as_ref().filter(|pause| pause.until.is_none_or(|until| until > now))
}

/// After which instant a job is due again: the end of its pause, or now. `None` if its pause has no end.
fn due_after(row: Option<&JobRow>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    pause_of(row, now).map_or(Some(now), |pause| pause.until)
}

/// Adds what the store has of them.
async fn with_rows<S: Store>(
    store: &S,
    rows: &HashMap<JobId, JobRow>,
    mut states: Vec<JobState>,
    now: DateTime<Utc>,
) -> Result<Vec<JobState>> {
    let mut live: BTreeMap<JobId, Vec<Entry>> = BTreeMap::new();
    for entry in store.live().await? {
        live.entry(entry.job.clone()).or_default().push(entry);
    }
    let former: Vec<&JobId> = live.keys().filter(|id| !states.iter().any(|state| state.id == **id)).collect();
    states.extend(former.into_iter().map(|id| state_of_former(id, rows.get(id))));
    let ids: Vec<JobId> = states.iter().map(|state| state.id.clone()).collect();
    let mut last: HashMap<JobId, Vec<Record>> = HashMap::new();
    for record in store.latest(&ids, SHOWN).await? {
        last.entry(record.job().clone()).or_default().push(record);
    }
    for state in &mut states {
        let row = rows.get(&state.id);
        state.pause = pause_of(row, now).cloned();
        state.live = live.remove(&state.id).unwrap_or_default();
        state.last = last.remove(&state.id).unwrap_or_default();
        state.is_enrolled = row.is_some_and(|row| row.removed_at.is_none());
    }
    Ok(states)
}

/// What the file has no more.
fn state_of_former(id: &JobId, row: Option<&JobRow>) -> JobState {
    let zone = row.and_then(|row| Rule::of_spec(&row.spec)).map_or(Zone::UTC, |rule| rule.zone());
    JobState { is_former: true, ..JobState::bare(id.clone(), "not in the file any more".to_owned(), zone) }
}

fn state_of(id: &JobId, rule: &Rule, calendar: &Calendar, zone: Zone, after: Option<DateTime<Utc>>) -> JobState {
    let due = |due: Due| (due.at, due.note(zone));
    let next = after.into_iter().flat_map(|after| upcoming(rule, calendar, after)).take(SHOWN).map(due).collect();
    JobState { next, ..JobState::bare(id.clone(), words(rule), zone) }
}

/// The fire times of a job that its calendar leaves.
fn upcoming<'a>(rule: &'a Rule, calendar: &'a Calendar, now: DateTime<Utc>) -> impl Iterator<Item = Due> + 'a {
    steps(rule, calendar, now).filter(|step| step.closed.is_none()).map(|step| step.due)
}

fn words(rule: &Rule) -> String {
    match rule.when() {
        When::At(expression) => expression.words(),
        When::Every(step) => every(*step),
    }
}

fn every(step: Duration) -> String {
    format!("every {}", duration::print(TimeDelta::from_std(step).unwrap_or(TimeDelta::MAX)))
}

impl JobState {
    /// A job of which nothing is known but when it is due.
    fn bare(id: JobId, words: String, zone: Zone) -> Self {
        Self {
            id,
            recipe: String::new(),
            description: None,
            words,
            zone,
            next: Vec::new(),
            pause: None,
            live: Vec::new(),
            last: Vec::new(),
            is_enrolled: false,
            wrong: None,
            is_former: false,
        }
    }

    /// What it does just now, in a word.
    #[must_use]
    pub fn doing(&self) -> &'static str {
        if self.live.iter().any(|entry| entry.phase == Phase::Running) {
            "running"
        } else if !self.live.is_empty() {
            "waiting"
        } else if self.wrong.is_some() {
            "wrong"
        } else if self.pause.is_some() {
            "paused"
        } else {
            "idle"
        }
    }

    /// The command that a person may want to type next. `option` is what it needs to ask the same store: ` --sim`, or
    /// nothing.
    #[must_use]
    pub fn next_command(&self, is_simulated: bool, option: &str) -> String {
        let id = &self.id;
        let run = match self.last.first() {
            Some(Record::Entry(entry)) => entry.run.as_ref().zip(entry.outcome),
            Some(Record::Stretch(_)) | None => None,
        };
        let command = match run {
            _ if self.wrong.is_some() && self.live.is_empty() => "jobs check".to_owned(),
            _ if self.live.iter().any(|entry| entry.phase == Phase::Running) => format!("jobs logs {id} -f"),
            _ if self.is_former => format!("jobs cancel {id}"),
            _ if self.pause.is_some() => format!("jobs resume {id}"),
            // A simulated run has no journal that could be shown.
            Some(_) if is_simulated => format!("jobs logs {id}"),
            Some((run, Outcome::Done | Outcome::Skipped | Outcome::Cancelled)) => format!("runs show {run}"),
            Some((run, _)) => format!("runs show {run}, then stackhand runs rerun {run}"),
            None if self.last.is_empty() && !self.is_enrolled => "serve".to_owned(),
            None => format!("jobs run {id}"),
        };
        format!("stackhand {command}{option}")
    }

    /// For machines.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let zone = self.zone;
        json!({
            "job": self.id.as_str(),
            "recipe": self.recipe,
            "description": self.description,
            "schedule": self.words,
            "timezone": zone.name(),
            "state": self.doing(),
            "next": self.next.iter().map(|(at, note)| json!({ "at": written(*at, zone), "note": note })).collect::<Vec<_>>(),
            "pause": self.pause.as_ref().map(|pause| pause_json(pause, zone)),
            "live": self.live.iter().map(|entry| entry_json(entry, zone)).collect::<Vec<_>>(),
            "last": self.last.iter().map(|record| record_json(record, zone)).collect::<Vec<_>>(),
            "is_enrolled": self.is_enrolled,
            "is_former": self.is_former,
            "error": self.wrong.as_ref().map(error_json),
        })
    }
}

/// An instant for machines: with the offset of a wall, to the millisecond, as the store has it.
#[must_use]
pub fn written(at: DateTime<Utc>, zone: Zone) -> String {
    at.trunc_subsecs(3).with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// What is wrong with a job, for machines.
#[must_use]
pub fn error_json(error: &Error) -> Value {
    json!({ "code": error.code, "message": error.message, "place": error.place, "hint": error.hint })
}

fn reason_json(reason: Option<&Reason>) -> Value {
    reason.map(|reason| json!({ "code": reason.code, "text": reason.text })).unwrap_or_default()
}

/// A pause for machines.
fn pause_json(pause: &Pause, zone: Zone) -> Value {
    json!({
        "since": written(pause.since, zone),
        "until": pause.until.map(|until| written(until, zone)),
        "note": pause.note,
    })
}

/// A fire time, or a stretch of them, for machines.
#[must_use]
pub fn record_json(record: &Record, zone: Zone) -> Value {
    match record {
        Record::Entry(entry) => entry_json(entry, zone),
        Record::Stretch(stretch) => stretch_json(stretch, zone),
    }
}

fn entry_json(entry: &Entry, zone: Zone) -> Value {
    let time = |at: Option<DateTime<Utc>>| at.map(|at| written(at, zone));
    json!({
        "job": entry.job.as_str(),
        "fire_time": written(entry.fire_time, zone),
        "phase": entry.phase.as_str(),
        "by": entry.by.as_str(),
        "attempt": entry.attempt,
        "run": entry.run.as_ref().map(ToString::to_string),
        "previous": entry.previous.as_ref().map(ToString::to_string),
        "held_by": reason_json(entry.held_by.as_ref()),
        "decided_at": written(entry.decided_at, zone),
        "started_at": time(entry.started_at),
        "ended_at": time(entry.ended_at),
        "outcome": entry.outcome.map(Outcome::as_str),
        "reason": reason_json(entry.reason.as_ref()),
    })
}

fn stretch_json(stretch: &Stretch, zone: Zone) -> Value {
    json!({
        "job": stretch.job.as_str(),
        "fire_time": written(stretch.first, zone),
        "last": written(stretch.last, zone),
        "count": stretch.count,
        "decided_at": written(stretch.decided_at, zone),
        "outcome": stretch.outcome.as_str(),
        "reason": reason_json(Some(&stretch.reason)),
    })
}

/// A run for machines.
#[must_use]
pub fn run_json(run: &RunRow, zone: Zone) -> Value {
    json!({
        "run": run.run.to_string(),
        "job": run.job.as_str(),
        "fire_time": written(run.fire_time, zone),
        "attempt": run.attempt,
        "by": run.by.as_str(),
        "previous": run.previous.as_ref().map(ToString::to_string),
        "started_at": written(run.started_at, zone),
        "ended_at": run.ended_at.map(|at| written(at, zone)),
        "outcome": run.outcome.map(Outcome::as_str),
        "reason": reason_json(run.reason.as_ref()),
    })
}
