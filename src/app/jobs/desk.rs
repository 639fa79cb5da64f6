//! What commands about jobs work with: the workspace's jobs, their store, and the server if one is there.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::asking::{Asked, ask_in_time};
use super::former::former_named;
use super::opening::server_of;
use super::salvage::salvage;
use super::{Hand, JobState, Jobs, KeptJobs, SOCKET, Surround, Task, WorkspaceStore};
use super::{job_states, kept_folder, kept_states, open_store, simulated_output, state_folder};
use crate::app::{Question, ask_server, history, read_right_jobs};
use crate::clock::Clock;
use crate::config::Zone;
use crate::error::{Error, Kind, Result, io_cause};
use crate::journal::{Archive, History, OutputLine, RunFile, RunOutcome, read_kept, read_output};
use crate::schedule::job::JobId;
use crate::schedule::rows::{Entry, Pause, Phase, RunId, RunRow, ScheduledBy};
use crate::schedule::store::{Record, Store as _};

/// So many of the latest fire times are looked at for one that has run.
const LOOKED_AT: usize = 50;

/// What commands about jobs work with.
pub struct Desk {
    /// What their runs have around them.
    pub surround: Surround,
    /// What happened when the store was opened, each a sentence for people.
    pub notes: Vec<String>,
    known: Known,
    folder: PathBuf,
    store: Arc<WorkspaceStore>,
    socket: PathBuf,
}

/// Where the jobs are known from.
enum Known {
    /// From the workspace's file.
    File(Box<Jobs>),
    /// From the store, as the file is of no use.
    Store(KeptJobs),
}

/// What a run has printed and logged.
#[derive(Debug, Clone, Default)]
pub struct RunOutput {
    /// The lines.
    pub lines: Vec<OutputLine>,
    /// Whether the run acted on a simulated world.
    pub is_simulated: bool,
}

/// What was under way of a job that a person cancels where no server runs.
#[derive(Debug, Clone, Default)]
pub struct Cancelled {
    /// Runs whose processes were gone: they have an outcome now.
    pub settled: Vec<RunId>,
    /// Runs that go on, in other processes.
    pub running: Vec<RunId>,
}

impl Desk {
    /// Opens the workspace around the current folder; in a simulated world what its simulated jobs keep. If something in
    /// its file is wrong, its jobs are those that a server took over last, else those of the file that are right.
    ///
    /// # Errors
    /// When there is none, its store cannot be opened, or its file cannot be read and nothing is kept of its jobs.
    pub async fn open(surround: Surround) -> Result<Self> {
        let is_simulated = surround.given.is_simulated;
        let read = read_right_jobs(&surround);
        let folder = match &read {
            Ok(jobs) => jobs.workspace.folder().to_owned(),
            Err(error) => kept_folder(&surround.environment, is_simulated, error).ok_or_else(|| error.clone())?,
        };
        let opened = open_store(&folder, is_simulated).await?;
        let why = match &read {
            Ok(jobs) => jobs.wrong.first().map(|wrong| wrong.error.clone()),
            Err(error) => Some(error.clone()),
        };
        let kept = match why {
            Some(why) => Some(KeptJobs::read(&opened.store, why).await?).filter(|kept| !kept.is_empty()),
            None => None,
        };
        let known = match kept {
            Some(kept) => Known::Store(kept),
            None => Known::File(Box::new(read?)),
        };
        let socket = opened.folder.join(SOCKET);
        Ok(Self { known, folder, surround, notes: opened.notes, store: Arc::new(opened.store), socket })
    }

    /// What is wrong with the workspace's file, if the jobs are known from the store alone.
    #[must_use]
    pub fn trouble(&self) -> Option<&Error> {
        match &self.known {
            Known::File(_) => None,
            Known::Store(kept) => Some(&kept.why),
        }
    }

    /// What keeps anything from being done without a server: the first thing that is wrong in the workspace's file.
    #[must_use]
    pub fn fault(&self) -> Option<&Error> {
        match &self.known {
            Known::File(jobs) => jobs.wrong.first().map(|wrong| &wrong.error),
            Known::Store(kept) => Some(&kept.why),
        }
    }

    /// Whether a process serves the workspace.
    #[must_use]
    pub fn is_served(&self) -> bool {
        server_of(&self.folder, self.surround.given.is_simulated).is_some()
    }

    /// Whether there is a server that what a person asks for is handed to.
    #[must_use]
    pub fn hands_over(&self) -> bool {
        // Where there are no sockets, no server is ever reached.
        cfg!(unix) && self.is_served()
    }

    /// Whether the one that serves it is a simulated one, and what is asked for is not.
    #[must_use]
    pub fn is_served_in_simulation_only(&self) -> bool {
        !self.surround.given.is_simulated && !self.is_served() && server_of(&self.folder, true).is_some()
    }

    /// Asks the server; `None` if none is there. One that begins or ends just now is waited for.
    ///
    /// # Errors
    /// What it answers, or that it does not, or that it lives and cannot be reached.
    pub async fn ask(&self, question: &Question) -> Result<Option<Value>> {
        let ask = async || ask_server(&self.socket, question).await;
        // Where there are no sockets, no server is ever reached.
        let holder = || server_of(&self.folder, self.surround.given.is_simulated).filter(|_| cfg!(unix));
        match ask_in_time(&Clock::process(), ask, holder).await? {
            Asked::Answered(answer) => Ok(Some(answer)),
            Asked::Nobody => Ok(None),
            Asked::Unreachable(who) => Err(unreachable(&who, &self.socket)),
        }
    }

    /// The jobs as the file has them.
    fn jobs(&self) -> Result<&Jobs> {
        match &self.known {
            Known::File(jobs) => Ok(jobs),
            Known::Store(kept) => Err(kept.why.clone()),
        }
    }

    /// The ids that a name stands for.
    ///
    /// # Errors
    /// Of kind `not_found`, with the nearest.
    pub fn named(&self, name: &str) -> Result<Vec<JobId>> {
        match &self.known {
            Known::File(jobs) => jobs.named(name),
            Known::Store(kept) => kept.named(name),
        }
    }

    /// The one job that a name stands for.
    ///
    /// # Errors
    /// When there is none, or there are several.
    pub fn one(&self, name: &str) -> Result<JobId> {
        only(name, self.named(name)?)
    }

    /// The ids that a name stands for, with those that are not in the file any more and of which something waits or runs.
    ///
    /// # Errors
    /// Of kind `not_found`, with the nearest; when the store cannot be read.
    pub async fn live_named(&self, name: &str) -> Result<Vec<JobId>> {
        self.or_former(name, false).await
    }

    /// The ids that a name stands for, with those that are not in the file any more, as far as the store knows what became
    /// of them.
    ///
    /// # Errors
    /// Of kind `not_found`, with the nearest; when the store cannot be read.
    pub async fn seen_named(&self, name: &str) -> Result<Vec<JobId>> {
        self.or_former(name, true).await
    }

    /// The one job of those.
    ///
    /// # Errors
    /// When there is none, or there are several; when the store cannot be read.
    pub async fn seen_one(&self, name: &str) -> Result<JobId> {
        only(name, self.seen_named(name).await?)
    }

    async fn or_former(&self, name: &str, with_past: bool) -> Result<Vec<JobId>> {
        let named = self.named(name);
        let with_past = with_past && named.is_err();
        let former = former_named(&*self.store, name, with_past).await?;
        let mut ids = match named {
            Err(error) if former.is_empty() => return Err(error),
            named => named.unwrap_or_default(),
        };
        for id in former {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// What a job runs, if the workspace's file tells.
    #[must_use]
    pub fn task(&self, job: &JobId) -> Option<&Task> {
        self.jobs().ok().and_then(|jobs| jobs.task(job)).map(Arc::as_ref)
    }

    /// Whether the runs of a job act on a simulated world.
    #[must_use]
    pub fn is_simulated(&self, job: &JobId) -> bool {
        self.surround.given.is_simulated || self.task(job).is_some_and(Task::is_simulated)
    }

    /// The zone on whose wall a job's times are told.
    #[must_use]
    pub fn zone(&self, job: &JobId) -> Zone {
        let zone = match &self.known {
            Known::File(jobs) => jobs.task(job).map(|task| task.zone).or(jobs.workspace.timezone),
            Known::Store(kept) => kept.zone(job),
        };
        zone.unwrap_or(Zone::UTC)
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
        match &self.known {
            Known::File(jobs) => job_states(&*self.store, jobs, Self::now()).await,
            Known::Store(kept) => kept_states(&*self.store, kept, Self::now()).await,
        }
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

    /// The journals of the workspace.
    ///
    /// # Errors
    /// When a setting is wrong.
    pub fn archive(&self) -> Result<Archive> {
        match &self.known {
            Known::File(_) => history::archive(&self.surround.environment, &self.surround.given),
            Known::Store(_) => Ok(history::kept_archive(&self.folder)),
        }
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
        let folder = simulated_output(&self.folder);
        if let Some(lines) = read_kept(&folder, &run.0).map_err(unreadable)? {
            return Ok(RunOutput { lines, is_simulated: true });
        }
        let archive = self.archive()?;
        // Neither is there before the run has begun.
        let Ok(path) = archive.find(&run.0)? else { return Ok(RunOutput::default()) };
        Ok(RunOutput { lines: read_output(&path).map_err(unreadable)?, is_simulated: false })
    }

    /// Whether the process of a run was ended before the run was over, and no server is there that could say so.
    ///
    /// # Errors
    /// When the store or the journals cannot be read.
    pub async fn is_lost(&self, run: &RunId) -> Result<bool> {
        if self.is_served() {
            return Ok(false);
        }
        let live = self.store.live().await?;
        let Some(entry) = live.iter().find(|entry| entry.run.as_ref() == Some(run) && entry.phase == Phase::Running)
        else {
            return Ok(false);
        };
        let Ok(path) = self.archive()?.find(&run.0)? else {
            // Simulated runs have no journal; those that a person started may be in a process of their own.
            return Ok(!matches!(entry.by, ScheduledBy::Hand | ScheduledBy::Rerun));
        };
        let history = RunFile::read(&path).ok().and_then(History::of);
        Ok(history.is_some_and(|history| history.outcome() == RunOutcome::Lost))
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

    /// Ends what waits of a job where no server runs, and settles what was left of it by processes that are gone.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn cancel(&self, job: &JobId) -> Result<Cancelled> {
        let live = self.store.live().await?;
        let hand = self.hand(job).await?;
        let running = hand.cancel(job).await;
        let running = hand.leave().await.and(running)?;
        let of_job = live.into_iter().filter(|entry| entry.job == *job && entry.phase == Phase::Running);
        let settled = of_job.filter_map(|entry| entry.run).filter(|run| !running.contains(run)).collect();
        Ok(Cancelled { settled, running })
    }

    /// This process at the store, once what others left behind that are gone is settled.
    async fn hand(&self, job: &JobId) -> Result<Hand<WorkspaceStore>> {
        let (jobs, folder) = (self.jobs()?, state_folder(&self.folder, self.surround.given.is_simulated));
        salvage(&self.store, jobs, &self.surround, &folder, job).await?;
        Hand::at(self.store.clone(), jobs.clone(), &folder).await
    }

    /// Runs a job here, or the fire time of a run once more, and records how it ended. Gives the exit code too that the
    /// same run by `stackhand run` has.
    ///
    /// # Errors
    /// As [`Hand::run`].
    pub async fn start(&self, job: &JobId, rerun_of: Option<&RunId>, cancel: CancellationToken) -> Result<(Entry, u8)> {
        let hand = self.hand(job).await?;
        let ended = hand.run(job, rerun_of, self.surround.clone(), cancel).await;
        hand.leave().await?;
        self.surround.worlds.save(&self.surround.scrubber).and(ended)
    }
}

/// The one id of a name.
fn only(name: &str, mut ids: Vec<JobId>) -> Result<JobId> {
    match (ids.pop(), ids.is_empty()) {
        (Some(id), true) => Ok(id),
        (last, _) => {
            let all: Vec<String> = ids.iter().chain(&last).map(|id| format!("`{id}`")).collect();
            Err(Error::new(Kind::Usage, "several_jobs", format!("`{name}` stands for {}", all.join(" and ")))
                .with_hint("name one of them"))
        }
    }
}

/// A server that has the lock and no socket.
fn unreachable(who: &str, socket: &Path) -> Error {
    let message = format!("this workspace is served by {who}, which cannot be reached: its socket is gone");
    Error::new(Kind::Conflict, "server_unreachable", message)
        .with_place(socket.display().to_string())
        .with_hint("if it does not begin just now, restart it")
}
