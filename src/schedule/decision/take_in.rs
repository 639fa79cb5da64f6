//! Fire times that have come: each gets a row of its own, or its place in a stretch.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::stretches::{go_back, without_rows};
use super::{Changes, Situation, Snapshot, Step};
use crate::schedule::calendar::Verdict;
use crate::schedule::job::{Job, JobId, MissedPolicy, OverlapPolicy, later};
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Entry, JobRow, Phase, RunId, ScheduledBy, Stretch};

/// So many missed fire times are made up for at most.
const MOST_CAUGHT_UP: usize = 100;

/// How far back an opponent's fire times are looked at for one that its calendar has not closed.
const MOST_CLOSED: usize = 400;

/// Decides the fire times of `job` up to now. Live entries that it adds go into the snapshot, all else into the changes.
/// `under_way` are the jobs that had live entries before.
pub(super) fn take_in(
    job: &Job,
    around: &Situation,
    under_way: &BTreeSet<&JobId>,
    seen: &mut Snapshot,
    changes: &mut Changes,
    step: &mut Step,
) {
    let Some(mut row) = seen.jobs.get(&job.id).cloned() else { return };
    let before = row.clone();
    go_back(&mut row, around.lowest, seen, changes);
    let mut intake = Intake { job, around, under_way, seen, changes, step };
    if intake.pass_pause(&mut row) {
        intake.decide(&mut row);
    }
    step.decided_until.push((job.id.clone(), row.decided_until));
    if row != before {
        seen.jobs.insert(job.id.clone(), row.clone());
        changes.jobs.push(row);
    }
}

/// Whether an opponent of `job` has had a fire time after `fire_time`, and which.
pub(super) fn opposed(job: &Job, fire_time: DateTime<Utc>, around: &Situation, seen: &Snapshot) -> Option<Reason> {
    around.roster.opponents(&job.id).iter().find_map(|id| {
        let (opponent, row) = (around.roster.get(id)?, seen.jobs.get(id)?);
        let came = last_open(opponent, row, fire_time, around.now)?;
        let at = came.with_timezone(&opponent.rule.zone()).format("%Y-%m-%d %H:%M");
        Some(Reason::new("opposed", format!("`{id}` was due at {at}, before this could start")))
    })
}

/// The last fire time within `(after, until]` that the job's calendar, its pause and its age leave open.
fn last_open(job: &Job, row: &JobRow, after: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut end = until;
    for _ in 0..MOST_CLOSED {
        let last = job.rule.last_between(after.max(row.enrolled_at), end)?;
        let is_paused =
            row.pause.as_ref().is_some_and(|pause| pause.since < last && pause.until.is_none_or(|until| last <= until));
        let date = last.with_timezone(&job.rule.zone()).date_naive();
        if !is_paused && job.calendar.verdict(date) == Verdict::Open {
            return Some(last);
        }
        end = last - TimeDelta::seconds(1);
    }
    None
}

struct Intake<'a, 'b> {
    job: &'a Job,
    around: &'a Situation<'b>,
    under_way: &'a BTreeSet<&'b JobId>,
    seen: &'a mut Snapshot,
    changes: &'a mut Changes,
    step: &'a mut Step,
}

impl Intake<'_, '_> {
    /// Takes what came in a pause for skipped. Says whether the job goes on after that.
    fn pass_pause(&mut self, row: &mut JobRow) -> bool {
        let Some(mut pause) = row.pause.clone() else { return true };
        if pause.since > self.around.now {
            // The clock went back since the pause began, which does not undo it.
            pause.since = self.around.now;
            row.pause = Some(pause.clone());
        } else if let Some(last) = self.last_until(pause.since, row) {
            self.stretch(row, last, Outcome::Missed, self.around.absence.clone());
            row.decided_until = last;
        }
        let end = pause.until.map_or(self.around.now, |until| until.min(self.around.now));
        if let Some(last) = self.last_until(end, row) {
            let since = pause.since.with_timezone(&self.job.rule.zone()).format("%Y-%m-%d %H:%M");
            let note = pause.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
            let reason = Reason::new("paused", format!("the job is paused since {since}{note}"));
            self.stretch(row, last, Outcome::Skipped, reason);
            row.decided_until = last;
        }
        if pause.until.is_some_and(|until| until <= self.around.now) {
            row.pause = None;
            row.decided_until = row.decided_until.max(end);
        }
        row.pause.is_none()
    }

    /// Decides what came since.
    fn decide(&mut self, row: &mut JobRow) {
        let now = self.around.now;
        let Some(last) = self.last_until(now, row) else { return };
        let chosen = self.chosen(row, last);
        if let Some(before_first) =
            self.last_until(chosen.first().map_or(now, |first| *first - TimeDelta::seconds(1)), row)
        {
            self.stretch(row, before_first, Outcome::Missed, self.around.absence.clone());
        }
        row.decided_until = last;
        for (index, fire_time) in chosen.into_iter().enumerate() {
            let is_known = self.seen.known.get(&self.job.id).is_some_and(|known| known.contains(&fire_time));
            if !is_known {
                self.enter(fire_time, index > 0);
            }
        }
    }

    /// The fire times that get a row of their own: those that may still start, and a last one that its opponent undid.
    fn chosen(&self, row: &JobRow, last: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let (job, now) = (self.job, self.around.now);
        let end = if job.missed == MissedPolicy::None { job.punctual_until(last) } else { job.start_by(last) };
        let is_in_time = now <= end;
        let is_opposed = || opposed(job, last, self.around, self.seen).is_some();
        if job.missed != MissedPolicy::All {
            return if is_in_time || is_opposed() { vec![last] } else { Vec::new() };
        }
        let mut chosen = vec![];
        let mut next = Some(last);
        while let Some(fire_time) = next.filter(|_| chosen.len() < MOST_CAUGHT_UP) {
            if now > job.start_by(fire_time) {
                break;
            }
            chosen.push(fire_time);
            next = job.rule.last_between(row.decided_until, fire_time - TimeDelta::seconds(1));
        }
        if chosen.is_empty() && is_opposed() {
            chosen.push(last);
        }
        chosen.reverse();
        chosen
    }

    /// Gives a fire time its row.
    fn enter(&mut self, fire_time: DateTime<Utc>, is_caught_up_after_another: bool) {
        let (job, now) = (self.job, self.around.now);
        let is_late = now > job.punctual_until(fire_time);
        let mut entry = Entry {
            job: job.id.clone(),
            fire_time,
            phase: Phase::Waiting,
            by: ScheduledBy::Schedule,
            attempt: 1,
            not_before: later(fire_time, job.jitter_of(fire_time)),
            start_by: later(job.start_by(fire_time), job.jitter_of(fire_time)),
            held_by: is_late.then(|| self.around.absence.clone()),
            run: None,
            previous: None,
            fence: self.around.fence,
            decided_at: now,
            started_at: None,
            ended_at: None,
            outcome: None,
            reason: None,
        };
        let date = fire_time.with_timezone(&job.rule.zone()).date_naive();
        if let Verdict::Closed { why } = job.calendar.verdict(date) {
            entry.end(now, Outcome::Skipped, Some(Reason::new("calendar", why)));
        } else if let Some(reason) = opposed(job, fire_time, self.around, self.seen) {
            entry.end(now, Outcome::Superseded, Some(reason));
        } else if !is_caught_up_after_another && self.is_to_be_skipped(&mut entry) {
            // It has its outcome.
        }
        if entry.is_live() {
            self.seen.live.push(entry);
        } else {
            self.step.has_ended = true;
            self.changes.entries.push(entry);
        }
    }

    /// Heeds earlier runs of the job that are not over. Says whether the entry has ended by that.
    fn is_to_be_skipped(&mut self, entry: &mut Entry) -> bool {
        let now = self.around.now;
        let id = &self.job.id;
        if !self.under_way.contains(id) {
            return false;
        }
        let earlier = || self.seen.live.iter().filter(|live| live.job == *id);
        let Some(first) = earlier().next() else { return false };
        match self.job.overlap {
            OverlapPolicy::Allow | OverlapPolicy::Queue => false,
            OverlapPolicy::Skip => {
                let text = match (&first.run, first.phase) {
                    (Some(run), Phase::Running) => format!("run {run} of this job was not over"),
                    _ => format!(
                        "the fire time {} of this job was not over",
                        first.fire_time.with_timezone(&self.job.rule.zone()).format("%F %T %:z")
                    ),
                };
                entry.end(now, Outcome::Skipped, Some(Reason::new("overlap", text)));
                true
            }
            OverlapPolicy::CancelRunning => {
                let running: Vec<RunId> =
                    earlier().filter(|live| live.phase == Phase::Running).filter_map(|live| live.run.clone()).collect();
                self.step.cancel.extend(running);
                for waiting in self.seen.live.iter_mut().filter(|live| live.job == *id && live.phase == Phase::Waiting)
                {
                    let reason = Reason::new("overlap", "the next fire time of this job came before it could start");
                    let outcome = waiting.outcome.unwrap_or(Outcome::Superseded);
                    waiting.end(now, outcome, Some(reason));
                    self.changes.entries.push(waiting.clone());
                    self.step.has_ended = true;
                }
                self.seen.live.retain(Entry::is_live);
                false
            }
        }
    }

    /// The last fire time up to `end` that is not decided yet.
    fn last_until(&self, end: DateTime<Utc>, row: &JobRow) -> Option<DateTime<Utc>> {
        self.job.rule.last_between(row.decided_until, end)
    }

    /// Puts the fire times after `decided_until`, up to `last`, in one row: a new one, or the one they continue.
    fn stretch(&mut self, row: &JobRow, last: DateTime<Utc>, outcome: Outcome, reason: Reason) {
        let job = self.job;
        let without_rows = without_rows(&job.rule, &self.seen.known, &job.id, row.decided_until, last);
        let Some((first, last, count)) = without_rows else { return };
        self.step.has_ended = true;
        let stretches = self.seen.stretches.entry(job.id.clone()).or_default();
        let continued = stretches.iter_mut().find(|stretch| {
            let is_alike =
                stretch.count > 0 && stretch.spec == row.spec && stretch.reason == reason && stretch.outcome == outcome;
            is_alike
                && stretch.last <= row.decided_until
                && job.rule.last_between(stretch.last, row.decided_until).is_none()
        });
        let stretch = if let Some(stretch) = continued {
            stretch.last = last;
            stretch.count = stretch.count.saturating_add(count);
            stretch.clone()
        } else {
            let (job, spec, decided_at) = (job.id.clone(), row.spec.clone(), self.around.now);
            let stretch = Stretch { job, first, last, count, outcome, reason, spec, decided_at };
            stretches.push(stretch.clone());
            stretch
        };
        self.changes.stretches.retain(|written| (&written.job, written.first) != (&stretch.job, stretch.first));
        self.changes.stretches.push(stretch);
    }
}
