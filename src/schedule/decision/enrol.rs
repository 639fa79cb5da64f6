//! The workspace's jobs meet what the store knows of them: new, changed, gone, back again.

use std::collections::BTreeMap;

use super::{Changes, Situation, Snapshot};
use crate::schedule::Rule;
use crate::schedule::job::JobId;
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{JobRow, Phase, Stretch};

/// Takes over the roster. `old_rules` reads the text of a rule that is no longer in the roster.
///
/// What is new, came back or has another rule is due from now on; fire times of the old rule that nobody had decided
/// are missed, with that reason. `seen` holds all rows of jobs, and all live entries.
#[must_use]
pub fn enrol(around: &Situation, seen: &Snapshot, old_rules: &dyn Fn(&str) -> Option<Rule>) -> Changes {
    let now = around.now;
    let mut changes = Changes::default();
    let rows: &BTreeMap<JobId, JobRow> = &seen.jobs;
    for job in around.roster.iter() {
        match rows.get(&job.id) {
            Some(row) if row.removed_at.is_none() && row.spec == job.spec => {}
            Some(row) => {
                if row.removed_at.is_none() {
                    leave(
                        row,
                        old_rules,
                        around,
                        "edited",
                        "the schedule was changed before it could start",
                        &mut changes,
                    );
                }
                let enrolled_at = if row.removed_at.is_some() { now } else { row.enrolled_at };
                changes.jobs.push(JobRow {
                    decided_until: now,
                    spec: job.spec.clone(),
                    enrolled_at,
                    removed_at: None,
                    ..row.clone()
                });
            }
            None => changes.jobs.push(JobRow {
                job: job.id.clone(),
                decided_until: now,
                spec: job.spec.clone(),
                pause: None,
                enrolled_at: now,
                removed_at: None,
            }),
        }
    }
    let gone = rows.values().filter(|row| row.removed_at.is_none() && around.roster.get(&row.job).is_none());
    for row in gone {
        leave(row, old_rules, around, "removed", "the workspace has the job no more", &mut changes);
        changes.jobs.push(JobRow { removed_at: Some(now), decided_until: now.max(row.decided_until), ..row.clone() });
        let waiting = seen.live.iter().filter(|entry| entry.job == row.job && entry.phase == Phase::Waiting);
        for mut entry in waiting.cloned() {
            let outcome = entry.outcome.unwrap_or(Outcome::Skipped);
            entry.end(now, outcome, Some(Reason::new("removed", "the workspace has the job no more")));
            changes.entries.push(entry);
        }
    }
    changes
}

/// The fire times of a rule that is gone, up to now.
fn leave(
    row: &JobRow,
    old_rules: &dyn Fn(&str) -> Option<Rule>,
    around: &Situation,
    code: &str,
    text: &str,
    changes: &mut Changes,
) {
    let Some(rule) = old_rules(&row.spec) else { return };
    let last = rule.last_between(row.decided_until, around.now);
    let first = rule.next_after(row.decided_until).map(|due| due.at);
    if let (Some(first), Some(last)) = (first, last) {
        let (outcome, reason) = match &row.pause {
            Some(_) => (Outcome::Skipped, Reason::new("paused", "the job was paused")),
            None => (Outcome::Missed, Reason::new(code, text)),
        };
        changes.stretches.push(Stretch {
            job: row.job.clone(),
            first,
            last,
            count: rule.count_between(row.decided_until, last),
            outcome,
            reason,
            decided_at: around.now,
        });
    }
}
