//! The end of a run, and runs that a person asks for.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Changes, Finish, Situation};
use crate::schedule::job::{Job, JobId, later};
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Entry, Phase, RunRow, ScheduledBy};

/// The longest that is waited before a run is repeated.
const LONGEST_BACKOFF: TimeDelta = TimeDelta::hours(1);

/// Ends a run: its fire time gets the outcome, or waits for another try. Nothing if the fire time has had its end, or
/// another run since: then only the run's own row is written.
#[must_use]
pub fn finish(finish: &Finish, entry: Option<&Entry>, run: Option<&RunRow>, around: &Situation) -> Changes {
    let mut changes = Changes::default();
    if let Some(run) = run.filter(|run| run.ended_at.is_none()) {
        changes.runs.push(RunRow {
            ended_at: Some(around.now),
            outcome: Some(finish.outcome),
            reason: finish.reason.clone(),
            ..run.clone()
        });
    }
    let is_its = |entry: &&Entry| entry.phase == Phase::Running && entry.run.as_ref() == Some(&finish.run);
    let Some(mut entry) = entry.filter(is_its).cloned() else { return changes };
    match around.roster.get(&entry.job).and_then(|job| backoff(job, &entry, finish)) {
        Some(backoff) => {
            entry.phase = Phase::Waiting;
            entry.by = ScheduledBy::Retry;
            entry.attempt = entry.attempt.saturating_add(1);
            entry.not_before = later(around.now, backoff);
            entry.outcome = Some(finish.outcome);
            entry.reason.clone_from(&finish.reason);
            entry.held_by = Some(Reason::new("retry", "the run before failed, and is repeated"));
        }
        None => entry.end(around.now, finish.outcome, finish.reason.clone()),
    }
    changes.entries.push(entry);
    changes
}

/// How long to wait before the run is repeated, if it is.
fn backoff(job: &Job, entry: &Entry, finish: &Finish) -> Option<TimeDelta> {
    let may_pass = finish.error_kind.as_ref().is_some_and(|kind| job.retry.on.contains(kind));
    let is_failure = matches!(finish.outcome, Outcome::Failed | Outcome::TimedOut);
    let is_left = entry.attempt < job.retry.attempts
        && matches!(entry.by, ScheduledBy::Schedule | ScheduledBy::Retry | ScheduledBy::Recovery);
    let doubled = 1_i32 << entry.attempt.saturating_sub(1).min(16);
    (may_pass && is_failure && is_left).then(|| {
        job.retry.backoff.checked_mul(doubled).unwrap_or(LONGEST_BACKOFF).min(LONGEST_BACKOFF.max(job.retry.backoff))
    })
}

/// A run that a person asks for: of `job` now, or once more for the fire time of `earlier`.
///
/// It waits for its turn as any other, and neither pause nor calendar nor window keeps it back. `None` when the fire
/// time is not over.
#[must_use]
pub fn start_by_hand(job: &JobId, at: DateTime<Utc>, earlier: Option<&Entry>, around: &Situation) -> Option<Changes> {
    let entry = match earlier {
        Some(earlier) if earlier.is_live() => return None,
        Some(earlier) => Entry {
            phase: Phase::Waiting,
            by: ScheduledBy::Rerun,
            attempt: earlier.attempt.saturating_add(1),
            not_before: around.now,
            held_by: None,
            fence: around.fence,
            ended_at: None,
            ..earlier.clone()
        },
        None => Entry {
            job: job.clone(),
            fire_time: at,
            phase: Phase::Waiting,
            by: ScheduledBy::Hand,
            attempt: 1,
            not_before: around.now,
            start_by: at,
            held_by: None,
            run: None,
            previous: None,
            fence: around.fence,
            decided_at: around.now,
            started_at: None,
            ended_at: None,
            outcome: None,
            reason: None,
        },
    };
    Some(Changes { entries: vec![entry], ..Changes::default() })
}
