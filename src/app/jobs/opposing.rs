//! What a job opposes, held against what there is: pairs that are not what they look like.

use chrono::{DateTime, Utc};

use super::finding::JobFinding;
use crate::config::{Job, Located, Workspace};
use crate::schedule::reading;

/// So many fire times are looked at to tell whether two jobs are always due at the same time.
const LOOKED_AT: usize = 16;

/// What is worth knowing of the jobs that a job opposes.
pub(super) fn findings(workspace: &Workspace, job: &Job, now: DateTime<Utc>) -> Vec<JobFinding> {
    if !job.is_enabled {
        return Vec::new();
    }
    let found = job.opposes.iter().flat_map(|written| {
        let Some(other) = workspace.job(&written.value) else { return Vec::new() };
        if !other.is_enabled {
            let message =
                format!("it opposes `{}`, which has `enabled = false`: nothing is held against it", written.value);
            return vec![JobFinding::warning(workspace.complain(written, "opposes_nothing", message))];
        }
        other_profiles(workspace, job, other, written)
            .into_iter()
            .chain(same_times(workspace, job, other, written, now))
            .collect()
    });
    found.collect()
}

/// The job of the same profile is the opponent; where there is none, all of that name are, whatever they act on.
fn other_profiles(workspace: &Workspace, job: &Job, other: &Job, written: &Located<String>) -> Option<JobFinding> {
    if job.profiles.is_empty() || other.profiles.is_empty() {
        return None;
    }
    let lonely = |one: &Job, other: &Job| {
        let alone = one.profiles.iter().filter(|profile| other.profiles.iter().all(|it| it.value != profile.value));
        alone.map(|profile| format!("`{}`", one.id(Some(&profile.value)))).collect::<Vec<_>>()
    };
    let (mine, theirs) = (lonely(job, other), lonely(other, job));
    if mine.is_empty() && theirs.is_empty() {
        return None;
    }
    let hint = "give both jobs the same `profiles`";
    if mine.is_empty() {
        let message =
            format!("nothing of `{}` opposes {}: it has no such profile", job.name.value, theirs.join(" and "));
        return Some(JobFinding::hint(workspace.complain(written, "opposes_other_profile", message).hint(hint)));
    }
    let all = other.profiles.iter().map(|profile| format!("`{}`", other.id(Some(&profile.value))));
    let (mine, all) = (mine.join(" and "), all.collect::<Vec<_>>().join(" and "));
    let message = format!("{mine} opposes {all}, as none of them has the same profile");
    Some(JobFinding::warning(workspace.complain(written, "opposes_other_profile", message).hint(hint)))
}

/// Of two that are due at the same time each supersedes the other.
fn same_times(
    workspace: &Workspace,
    job: &Job,
    other: &Job,
    written: &Located<String>,
    now: DateTime<Utc>,
) -> Option<JobFinding> {
    let times = |job: &Job| {
        let rule = reading::rule(workspace, job).ok()?;
        Some(rule.after(now).take(LOOKED_AT).map(|due| due.at).collect::<Vec<_>>())
    };
    let (mine, theirs) = (times(job)?, times(other)?);
    (mine == theirs && !mine.is_empty()).then(|| {
        let message =
            format!("it is due whenever `{}` is, which it opposes: each keeps the other from its turn", written.value);
        let complaint = workspace.complain(written, "opposes_at_the_same_time", message);
        JobFinding::warning(complaint.hint("let them be due at different times"))
    })
}
