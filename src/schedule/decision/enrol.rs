//! The workspace's jobs meet what the store knows of them: new, changed, gone, back again.

use std::collections::{BTreeMap, BTreeSet};

use super::stretches::{go_back, take_back, without_rows};
use chrono::{DateTime, Utc};

use super::{Changes, Situation, Snapshot};
use crate::schedule::Rule;
use crate::schedule::job::JobId;
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{JobRow, Phase, Stretch};

/// Takes over the roster.
///
/// What is new, came back or has another rule is due from now on; fire times of the old rule that nobody had decided
/// are missed, with that reason. `seen` holds all rows of jobs, all live entries, and of every job what reaches beyond
/// [`Situation::lowest`]: that is taken back where the rule goes on, and what reaches beyond now where one begins anew.
#[must_use]
pub fn enrol(around: &Situation, mut seen: Snapshot) -> Changes {
    let now = around.now;
    let mut changes = Changes::default();
    let rows: BTreeMap<JobId, JobRow> = std::mem::take(&mut seen.jobs);
    for job in around.roster.iter() {
        match rows.get(&job.id) {
            Some(row) if row.removed_at.is_none() && row.spec == job.spec => {
                let mut gone_back = row.clone();
                go_back(&mut gone_back, around.lowest, &mut seen, &mut changes);
                changes.jobs.extend(Some(gone_back).filter(|gone_back| gone_back != row));
            }
            Some(row) => {
                changes.stretches.extend(take_back(&job.id, &mut seen, now));
                if row.removed_at.is_none() {
                    leave(
                        row,
                        &seen.known,
                        around,
                        "edited",
                        "the schedule was changed before it could start",
                        &mut changes,
                    );
                }
                changes.jobs.push(JobRow {
                    decided_until: now,
                    spec: job.spec.clone(),
                    enrolled_at: now,
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
        leave(row, &seen.known, around, "removed", "the workspace has the job no more", &mut changes);
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
    known: &BTreeMap<JobId, BTreeSet<DateTime<Utc>>>,
    around: &Situation,
    code: &str,
    text: &str,
    changes: &mut Changes,
) {
    let Some(rule) = Rule::of_spec(&row.spec) else { return };
    if let Some((first, last, count)) = without_rows(&rule, known, &row.job, row.decided_until, around.now) {
        let (outcome, reason) = match &row.pause {
            Some(_) => (Outcome::Skipped, Reason::new("paused", "the job was paused")),
            None => (Outcome::Missed, Reason::new(code, text)),
        };
        changes.stretches.push(Stretch {
            job: row.job.clone(),
            first,
            last,
            count,
            outcome,
            reason,
            spec: row.spec.clone(),
            decided_at: around.now,
        });
    }
}
