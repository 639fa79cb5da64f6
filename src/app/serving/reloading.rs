//! The workspace's file, read again when it has changed: as a whole, or not at all.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::doors::Doors;
use crate::app::jobs::{Jobs, Surround, workspace};
use crate::app::settings;
use crate::error::{Error, Kind, Result};
use crate::memory::give_back;
use crate::schedule::executor::{Command, ENDING};
use crate::schedule::store::Store;

/// The jobs of the workspace as its file says now.
///
/// # Errors
/// When there is no workspace, or something in its file is wrong.
pub(super) fn read_jobs(surround: &Surround) -> Result<Jobs> {
    read_right_jobs(surround)?.whole()
}

/// The same, those left out that are wrong, which are told beside.
///
/// # Errors
/// When there is no workspace, or its file cannot be read.
pub fn read_right_jobs(surround: &Surround) -> Result<Jobs> {
    let settings = settings(&surround.environment, &surround.given)?;
    settings.guard_secrets(&surround.scrubber);
    let usual = settings.profile.map(|profile| profile.value);
    let workspace = settings.workspace.map_or_else(|| workspace(&surround.environment), Ok)?;
    for secret in workspace.secrets(&surround.environment) {
        surround.scrubber.learn(secret.expose());
    }
    let jobs = Jobs::right_of(workspace, usual.as_deref());
    // What it took to read a long file is several times what is kept.
    give_back();
    Ok(jobs)
}

/// Reads the file again, and lets the scheduler take it over; gives the number of jobs.
///
/// # Errors
/// When something in it is wrong, or the store cannot be written: the jobs of before go on.
pub(super) async fn reload<S: Store>(doors: &Doors<S>) -> Result<usize> {
    let Doors { runner, surround, commands, .. } = doors;
    // One after the other: what fails puts back what was there before it.
    let _turn = doors.reloading.lock().await;
    let jobs = Arc::new(read_jobs(surround)?.after(&runner.jobs()));
    let (roster, count, most) = (jobs.roster.clone(), jobs.roster.len(), jobs.workspace.max_running);
    // A run that starts in between is one of the new jobs, or one of both.
    let before = runner.replace(jobs);
    let (answer, answered) = oneshot::channel();
    let is_sent = commands.send(Command::Reload(roster, most, answer)).await.is_ok();
    let result = match answered.await {
        Ok(result) if is_sent => result,
        Ok(_) | Err(_) => Err(Error::new(Kind::Cancelled, ENDING, "the server ends")),
    };
    match result {
        Ok(()) => doors.reloaded.notify_one(),
        Err(_) => drop(runner.replace(before)),
    }
    result.map(|()| count)
}

/// Says so in the log, and goes on.
pub(super) fn tell(reloaded: &Result<usize>, file: &Path) {
    let file = file.display().to_string();
    match reloaded {
        Ok(jobs) => tracing::info!(target: "stackhand::serve", jobs, file, "reloaded"),
        Err(error) => {
            let (place, hint) = (&error.place, &error.hint);
            tracing::error!(
                target: "stackhand::serve",
                place, hint,
                "the workspace was not reloaded, the jobs of before go on: {}", error.message
            );
        }
    }
}
