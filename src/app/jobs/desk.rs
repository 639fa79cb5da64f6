//! What commands about jobs work with: the workspace's jobs, their store, and the server if one is there.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Hand, JobState, Jobs, SOCKET, Surround, WorkspaceStore, job_states, open_store, simulated_output};
use crate::app::{Question, ask_server, history, read_jobs};
use crate::clock::Clock;
use crate::config::Zone;
use crate::error::{Error, Kind, Result, io_cause};
use crate::journal::{OutputLine, read_kept, read_output};
use crate::schedule::job::JobId;
use crate::schedule::rows::{Entry, Pause, RunId, RunRow};
use crate::schedule::store::{Record, Store as _};

/// So many of the latest fire times are looked at for one that has run.
const LOOKED_AT: usize = 50;

/// What commands about jobs work with.
pub struct Desk {
    /// The jobs.
    pub jobs: Jobs,
    /// What their runs have around them.
    pub surround: Surround,
    /// What happened when the store was opened, each a sentence for people.
    pub notes: Vec<String>,
    store: Arc<WorkspaceStore>,
    socket: PathBuf,
}

/// What a run has printed and logged.
#[derive(Debug, Clone, Default)]
pub struct RunOutput {
    /// The lines.
    pub lines: Vec<OutputLine>,
    /// Whether the run acted on a simulated world.
    pub is_simulated: bool,
}

impl Desk {
    /// Opens the workspace around the current folder; in a simulated world what its simulated jobs keep.
    ///
    /// # Errors
    /// When there is none, something in its file is wrong, or its store cannot be opened.
    pub async fn open(surround: Surround) -> Result<Self> {
        let jobs = read_jobs(&surround)?;
        let opened = open_store(jobs.workspace.folder(), surround.given.is_simulated).await?;
        let socket = opened.folder.join(SOCKET);
        Ok(Self { jobs, surround, notes: opened.notes, store: Arc::new(opened.store), socket })
    }

    /// Asks the server; `None` if none is there.
    ///
    /// # Errors
    /// What it answers, or that it does not.
    pub async fn ask(&self, question: &Question) -> Result<Option<Value>> {
        ask_server(&self.socket, question).await
    }

    /// The one job that a name stands for.
    ///
    /// # Errors
    /// When there is none, or there are several.
    pub fn one(&self, name: &str) -> Result<JobId> {
        let mut ids = self.jobs.named(name)?;
        match (ids.pop(), ids.is_empty()) {
            (Some(id), true) => Ok(id),
            (last, _) => {
                let all: Vec<String> = ids.iter().chain(&last).map(|id| format!("`{id}`")).collect();
                Err(Error::new(Kind::Usage, "several_jobs", format!("`{name}` stands for {}", all.join(" and ")))
                    .with_hint("name one of them"))
            }
        }
    }

    /// Whether the runs of a job act on a simulated world.
    #[must_use]
    pub fn is_simulated(&self, job: &JobId) -> bool {
        self.surround.given.is_simulated || self.jobs.task(job).is_some_and(|task| task.is_simulated())
    }

    /// The zone on whose wall a job's times are told.
    #[must_use]
    pub fn zone(&self, job: &JobId) -> Zone {
        let zone = self.jobs.task(job).map(|task| task.zone);
        zone.or(self.jobs.workspace.timezone).unwrap_or(Zone::UTC)
    }

    /// The time.
    #[must_use]
    pub fn now() -> DateTime<Utc> {
        Clock::process().now()
    }

    /// All jobs as they are now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn states(&self) -> Result<Vec<JobState>> {
        job_states(&*self.store, &self.jobs, Self::now()).await
    }

    /// What became of the fire times of a job, or of all; the latest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn history(&self, job: Option<&JobId>, limit: usize) -> Result<Vec<Record>> {
        self.store.history(job, None, limit).await
    }

    /// A run of a job.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn run(&self, run: &str) -> Result<Option<RunRow>> {
        self.store.run(&RunId(run.to_owned())).await
    }

    /// What a run of a job has printed and logged by now: as its journal has it, or, as a simulated one has none, as it
    /// was kept without.
    ///
    /// # Errors
    /// When the journals or its output cannot be read.
    pub fn output(&self, run: &RunId) -> Result<RunOutput> {
        let unreadable = |error: std::io::Error| {
            let message = format!("the output of the run `{run}` cannot be read: {}", io_cause(&error));
            Error::new(Kind::Config, "journal_unreadable", message)
        };
        let folder = simulated_output(self.jobs.workspace.folder());
        if let Some(lines) = read_kept(&folder, &run.0).map_err(unreadable)? {
            return Ok(RunOutput { lines, is_simulated: true });
        }
        let archive = history::archive(&self.surround.environment, &self.surround.given)?;
        // Neither is there before the run has begun.
        let Ok(path) = archive.find(&run.0)? else { return Ok(RunOutput::default()) };
        Ok(RunOutput { lines: read_output(&path).map_err(unreadable)?, is_simulated: false })
    }

    /// The run of a job that started last.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn latest_run(&self, job: &JobId) -> Result<Option<RunId>> {
        let entries =
            self.store.history(Some(job), None, LOOKED_AT).await?.into_iter().filter_map(|record| match record {
                Record::Entry(entry) => Some((entry.started_at?, entry.run?)),
                Record::Stretch(_) => None,
            });
        Ok(entries.max_by_key(|(at, _)| *at).map(|(_, run)| run))
    }

    /// Pauses a job where no server runs; an end that has passed resumes it. `false` if no server has seen it yet.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn pause(&self, job: &JobId, until: Option<DateTime<Utc>>, note: Option<String>) -> Result<bool> {
        self.store.pause(job, &Pause { since: Self::now(), until, note }).await
    }

    /// Ends what waits of a job where no server runs; gives what runs, in other processes.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn cancel(&self, job: &JobId) -> Result<Vec<RunId>> {
        let hand = Hand::at(self.store.clone(), self.jobs.clone()).await?;
        let running = hand.cancel(job).await;
        hand.leave().await.and(running)
    }

    /// Runs a job here, or the fire time of a run once more, and records how it ended.
    ///
    /// # Errors
    /// As [`Hand::run`].
    pub async fn start(&self, job: &JobId, rerun_of: Option<&RunId>, cancel: CancellationToken) -> Result<Entry> {
        let hand = Hand::at(self.store.clone(), self.jobs.clone()).await?;
        let ended = hand.run(job, rerun_of, self.surround.clone(), cancel).await;
        hand.leave().await?;
        self.surround.worlds.save(&self.surround.scrubber).and(ended)
    }
}
