//! What a process that is gone left behind.

use super::{Changes, Finish, Situation};
use crate::schedule::job::InterruptedPolicy;
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Entry, Phase, RunRow, ScheduledBy};

/// Decides about one entry that a process which is gone had claimed. `ended` is how its run ended, if somebody saw
/// that.
#[must_use]
pub fn recover(entry: &Entry, run: Option<&RunRow>, ended: Option<&Finish>, around: &Situation) -> Changes {
    let mut entry = Entry { fence: around.fence, ..entry.clone() };
    if entry.phase == Phase::Waiting {
        return Changes { entries: vec![entry], ..Changes::default() };
    }
    if let Some(ended) = ended {
        return super::finish(ended, Some(&entry), run, around);
    }
    let reason =
        Reason::new("interrupted", "its process was ended from outside while it ran, and nobody saw how far it came");
    let mut changes = Changes::default();
    if let Some(run) = run {
        changes.runs.push(RunRow {
            ended_at: Some(around.now),
            outcome: Some(Outcome::Unknown),
            reason: Some(reason.clone()),
            ..run.clone()
        });
    }
    let is_repeated = around.roster.get(&entry.job).is_some_and(|job| job.interrupted == InterruptedPolicy::Rerun);
    if is_repeated {
        entry.phase = Phase::Waiting;
        entry.by = ScheduledBy::Recovery;
        entry.attempt = entry.attempt.saturating_add(1);
        entry.not_before = around.now;
        entry.outcome = Some(Outcome::Unknown);
        entry.held_by = Some(reason.clone());
        entry.reason = Some(reason);
    } else {
        entry.end(around.now, Outcome::Unknown, Some(reason));
    }
    changes.entries.push(entry);
    changes
}

/// Takes back the start of a run that nobody carried out, as the answer that told of it was lost: its fire time waits
/// again, and starts if it is not too late by now.
#[must_use]
pub fn give_back(entry: &Entry, run: Option<&RunRow>, around: &Situation) -> Changes {
    let reason = Reason::new("store", "its start was written, and the answer that said so was lost");
    let mut changes = Changes::default();
    if let Some(run) = run {
        changes.runs.push(RunRow {
            ended_at: Some(around.now),
            outcome: Some(Outcome::Skipped),
            reason: Some(reason.clone()),
            ..run.clone()
        });
    }
    changes.entries.push(Entry {
        phase: Phase::Waiting,
        run: entry.previous.clone(),
        previous: None,
        started_at: None,
        held_by: Some(reason),
        ..entry.clone()
    });
    changes
}
