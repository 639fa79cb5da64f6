//! What is due, and what of it may start now.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::take_in::{opposed, take_in};
use super::{Changes, Situation, Snapshot, Step};
use crate::schedule::job::{Job, JobId, OverlapPolicy, later};
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Entry, Phase, RunRow, ScheduledBy};

/// Decides the fire times of `candidates` up to now, and starts of all that wait what may start.
#[must_use]
pub fn claim_due(candidates: &[JobId], around: &Situation, mut seen: Snapshot) -> (Changes, Step) {
    let (mut changes, mut step) = (Changes::default(), Step::default());
    let before = seen.live.clone();
    let under_way: BTreeSet<&JobId> = before.iter().map(|entry| &entry.job).collect();
    for job in candidates.iter().filter_map(|id| around.roster.get(id)) {
        take_in(job, around, &under_way, &mut seen, &mut changes, &mut step);
    }
    seen.live.sort_by_cached_key(|entry| (entry.fire_time, around.roster.position(&entry.job), entry.job.clone()));
    start_what_may(around, &mut seen, &mut changes, &mut step);
    let before: HashMap<_, _> = before.iter().map(|entry| ((&entry.job, entry.fire_time), entry)).collect();
    let is_new = |entry: &Entry| before.get(&(&entry.job, entry.fire_time)) != Some(&entry);
    changes.entries.extend(seen.live.into_iter().filter(is_new));
    (changes, step)
}

/// What is under way, as far as others have to heed it.
#[derive(Default)]
struct Busy<'a> {
    jobs: BTreeSet<&'a JobId>,
    groups: BTreeSet<&'a str>,
    count: usize,
}

impl<'a> Busy<'a> {
    fn add(&mut self, job: &'a Job) {
        self.jobs.insert(&job.id);
        self.groups.extend(job.group.as_deref());
        self.count += 1;
    }
}

fn start_what_may(around: &Situation, seen: &mut Snapshot, changes: &mut Changes, step: &mut Step) {
    let now = around.now;
    let mut busy = Busy::default();
    // Entries of the same job that wait, in order: a later one never overtakes.
    let mut ahead: BTreeSet<&JobId> = BTreeSet::new();
    for entry in seen.live.iter().filter(|entry| entry.phase == Phase::Running) {
        if let Some(job) = around.roster.get(&entry.job) {
            busy.add(job);
        }
    }
    let already = busy.count;
    let mut live = std::mem::take(&mut seen.live);
    let is_meant = |entry: &Entry| around.only.is_none_or(|only| *only == entry.job);
    for entry in live.iter_mut().filter(|entry| entry.phase == Phase::Waiting && is_meant(entry)) {
        let Some(job) = around.roster.get(&entry.job) else {
            entry.end(now, Outcome::Skipped, Some(Reason::new("removed", "the workspace has the job no more")));
            continue;
        };
        if expired(entry, job, around, seen) {
            continue;
        }
        if entry.not_before > now {
            ahead.insert(&job.id);
            wake(step, entry.not_before);
            continue;
        }
        let blocker = blocker(job, around, &busy, &ahead);
        let blocker = blocker.or_else(|| {
            let is_full = busy.count - already >= around.free;
            is_full.then(|| Reason::new("capacity", "as many runs are under way as may be at once"))
        });
        if let Some(reason) = blocker {
            ahead.insert(&job.id);
            if entry.by.may_expire() {
                wake(step, later(entry.start_by, TimeDelta::milliseconds(1)));
            }
            // What made it late first stays on record until something else holds it up.
            entry.held_by = Some(reason);
            continue;
        }
        start(entry, job, around, changes);
        busy.add(job);
        step.start.push(entry.clone());
    }
    let (ended, live): (Vec<_>, Vec<_>) = live.into_iter().partition(|entry| !entry.is_live());
    step.has_ended |= !ended.is_empty();
    changes.entries.extend(ended);
    seen.live = live;
}

/// Ends an entry that waited in vain.
fn expired(entry: &mut Entry, job: &Job, around: &Situation, seen: &Snapshot) -> bool {
    let now = around.now;
    if matches!(entry.by, ScheduledBy::Hand | ScheduledBy::Rerun) {
        return false;
    }
    if let Some(reason) = opposed(job, entry.fire_time, around, seen) {
        // A run that was to be repeated keeps its outcome.
        let outcome = entry.outcome.unwrap_or(Outcome::Superseded);
        entry.end(now, outcome, Some(reason));
        return true;
    }
    if entry.by.may_expire() && now > entry.start_by {
        let cause = entry.held_by.as_ref().map_or_else(|| around.absence.text.clone(), |held| held.text.clone());
        let text = format!("it waited until it was too late to start: {cause}");
        let outcome = entry.outcome.unwrap_or(Outcome::Missed);
        entry.end(now, outcome, Some(Reason::new("waited", text)));
        return true;
    }
    false
}

fn blocker(job: &Job, around: &Situation, busy: &Busy, ahead: &BTreeSet<&JobId>) -> Option<Reason> {
    let waits_for_itself = job.overlap != OverlapPolicy::Allow;
    if waits_for_itself && (busy.jobs.contains(&job.id) || ahead.contains(&job.id)) {
        return Some(Reason::new("overlap", "an earlier run of this job is not over"));
    }
    if let Some(group) = job.group.as_deref().filter(|group| busy.groups.contains(group)) {
        return Some(Reason::new("group", format!("another run of the group `{group}` is under way")));
    }
    let opponent = around.roster.opponents(&job.id).iter().find(|id| busy.jobs.contains(id))?;
    Some(Reason::new("opposed", format!("`{opponent}`, which it opposes, is under way")))
}

fn start(entry: &mut Entry, job: &Job, around: &Situation, changes: &mut Changes) {
    if around.now > later(job.punctual_until(entry.fire_time), job.jitter_of(entry.fire_time)) {
        entry.held_by.get_or_insert_with(|| around.absence.clone());
    }
    let run = (around.new_run)();
    entry.phase = Phase::Running;
    entry.fence = around.fence;
    entry.started_at = Some(around.now);
    entry.previous = entry.run.replace(run.clone());
    changes.runs.push(RunRow {
        run,
        job: entry.job.clone(),
        fire_time: entry.fire_time,
        attempt: entry.attempt,
        by: entry.by,
        previous: entry.previous.clone(),
        fence: around.fence,
        started_at: around.now,
        ended_at: None,
        outcome: None,
        reason: None,
    });
}

fn wake(step: &mut Step, at: DateTime<Utc>) {
    step.wake_at = Some(step.wake_at.map_or(at, |earlier| earlier.min(at)));
}
