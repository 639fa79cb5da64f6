//! The workspace's file, read again when it has changed: as a whole, or not at all.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::app::jobs::{Jobs, Runner, Surround, workspace};
use crate::app::settings;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::schedule::executor::Command;
use crate::schedule::store::Store;

/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(2);

/// What tells one state of a file from another without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Look(Option<(u64, std::time::SystemTime)>);

impl Look {
    pub fn at(file: &Path) -> Self {
        let facts = std::fs::metadata(file).ok();
        Self(facts.and_then(|facts| Some((facts.len(), facts.modified().ok()?))))
    }
}

/// The jobs of the workspace as its file says now.
///
/// # Errors
/// When there is no workspace, or something in its file is wrong.
pub fn read_jobs(surround: &Surround) -> Result<Jobs> {
    let settings = settings(&surround.environment, &surround.given)?;
    settings.guard_secrets(&surround.scrubber);
    let workspace = settings.workspace.map_or_else(|| workspace(&surround.environment), Ok)?;
    for secret in workspace.secrets(&surround.environment) {
        surround.scrubber.learn(secret.expose());
    }
    Jobs::of(workspace)
}

/// Reads the file again, and lets the scheduler take it over.
///
/// # Errors
/// When something in it is wrong, or the store cannot be written: the jobs of before go on.
pub(super) async fn reload<S: Store>(
    runner: &Arc<Runner<S>>,
    surround: &Surround,
    commands: &mpsc::Sender<Command>,
) -> Result<usize> {
    let jobs = Arc::new(read_jobs(surround)?);
    let (roster, count) = (jobs.roster.clone(), jobs.roster.len());
    // A run that starts in between is one of the new jobs, or one of both.
    let before = runner.replace(jobs);
    let (answer, answered) = oneshot::channel();
    let is_sent = commands.send(Command::Reload(roster, answer)).await.is_ok();
    let result = match answered.await {
        Ok(result) if is_sent => result,
        Ok(_) | Err(_) => Err(Error::new(Kind::Cancelled, "ending", "the server ends")),
    };
    if result.is_err() {
        runner.replace(before);
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

/// Waits until the file has changed since the last look, and stands still: an editor may write it in pieces.
pub(super) async fn changed(file: &Path, last: &mut Look) {
    let clock = Clock::process();
    let mut before = last.clone();
    loop {
        clock.sleep(EVERY).await;
        let now = Look::at(file);
        if now != *last && now == before && now.0.is_some() {
            *last = now;
            return;
        }
        before = now;
    }
}
