//! What a job of `stackhand.toml` says of its time, read.

use std::sync::Arc;

use super::calendar::{Calendar, CalendarFiles};
use super::{Expression, Rule, When};
use crate::config::{Error, Job, JobTime, Workspace, Zone};

/// When a job is due, on the wall of the workspace's zone.
///
/// # Errors
/// When its `schedule` means nothing, or is never due; at its place in the file.
pub fn rule(workspace: &Workspace, job: &Job) -> Result<Rule, Error> {
    let when = match &job.when {
        JobTime::Every(step) => When::Every(step.value),
        JobTime::Schedule(written) => {
            let expression = written.value.parse::<Expression>().map_err(|error| {
                let complaint = workspace.complain(written, error.code, error.message);
                match error.hint {
                    Some(hint) => complaint.hint(hint),
                    None => complaint,
                }
            })?;
            When::At(Arc::new(expression))
        }
    };
    Ok(Rule::new(when, zone(workspace), job.dst_gap, job.dst_overlap))
}

/// On which dates a job is due. `files` keeps what several jobs name.
///
/// # Errors
/// When an entry of its calendar means nothing, or a file cannot be read or understood; at its place in the file.
pub fn calendar(workspace: &Workspace, job: &Job, files: &mut CalendarFiles) -> Result<Calendar, Error> {
    match &job.calendar {
        Some(rule) => Calendar::read(rule, workspace, zone(workspace), files),
        None => Ok(Calendar::default()),
    }
}

/// A workspace with jobs has a zone, or it is not read.
fn zone(workspace: &Workspace) -> Zone {
    workspace.timezone.unwrap_or(Zone::UTC)
}
