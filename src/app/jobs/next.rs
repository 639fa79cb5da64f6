//! The next fire times of all jobs.

use chrono::{DateTime, Utc};

use super::roster::{Judged, judge};
use crate::config::{Workspace, Zone};
use crate::error::Error;
use crate::schedule::calendar::{CalendarFiles, steps};

/// A fire time of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextFireTime {
    /// The instant.
    pub at: DateTime<Utc>,
    /// The zone on whose wall it is told.
    pub zone: Zone,
    /// The job's id.
    pub job: String,
    /// Why it is left out, if the calendar closes its date.
    pub closed: Option<String>,
    /// What the clocks do on its date.
    pub note: Option<String>,
}

/// The next fire times of jobs.
#[derive(Debug, Clone, Default)]
pub struct NextFireTimes {
    /// In order.
    pub all: Vec<NextFireTime>,
    /// The ids of jobs that have none, as something is wrong about them: with file, line and column.
    pub wrong: Vec<(String, Error)>,
}

/// The first `count` fire times of the jobs of a workspace strictly after `from`, in order; of one job if `only` names
/// it. Of a stretch that a calendar closes the first is told. Jobs that are not enabled are passed over.
#[must_use]
pub fn next_fire_times(workspace: &Workspace, only: Option<&str>, from: DateTime<Utc>, count: usize) -> NextFireTimes {
    let mut files = CalendarFiles::default();
    let NextFireTimes { mut all, mut wrong } = NextFireTimes::default();
    for job in workspace.jobs.iter().filter(|job| job.is_enabled) {
        let ids = job.each().map(|profile| job.id(profile.map(|profile| profile.value.as_str())));
        let is_meant = |id: &String| only.is_none_or(|only| only == id || only == job.name.value);
        let ids: Vec<String> = ids.filter(is_meant).collect();
        if ids.is_empty() {
            continue;
        }
        let Judged { rule, calendar, .. } = match judge(workspace, job, &mut files) {
            Ok(judged) => judged,
            Err(error) => {
                wrong.extend(ids.into_iter().map(|id| (id, error.clone())));
                continue;
            }
        };
        for step in steps(&rule, &calendar, from).take(count) {
            let zone = rule.zone();
            let fire_time = |id: &String| NextFireTime {
                at: step.due.at,
                zone,
                job: id.clone(),
                closed: step.closed.clone(),
                note: step.due.note(zone),
            };
            all.extend(ids.iter().map(fire_time));
        }
        // No more is kept than can be asked for.
        if all.len() > count.saturating_mul(64).max(65_536) {
            keep_first(&mut all, count);
        }
    }
    keep_first(&mut all, count);
    NextFireTimes { all, wrong }
}

fn keep_first(all: &mut Vec<NextFireTime>, count: usize) {
    all.sort_by_key(|next| next.at);
    all.truncate(count);
}
