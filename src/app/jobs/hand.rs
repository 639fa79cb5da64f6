//! A job that a person starts where no server runs: claimed, run and recorded by this process.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::{Jobs, RunEnd, Runner, Surround};
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::schedule::decision::Situation;
use crate::schedule::dispatcher::LEASE;
use crate::schedule::job::{Job, JobId, OverlapPolicy, Roster};
use crate::schedule::outcome::Reason;
use crate::schedule::rows::{Entry, Fence, Phase, RunId};
use crate::schedule::store::{Node, Presence, Store};

/// How often this process says that it is still there.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Why a job does not start beside what the next server is to start.
const WAITS: &str = "a fire time of it waits";

/// A person's process at a store.
pub struct Hand<S> {
    store: Arc<S>,
    jobs: Jobs,
    fence: Fence,
    clock: Clock,
    /// Held until it leaves.
    _presence: Option<Presence>,
}

impl<S: Store> Hand<S> {
    /// Makes this process known to a store, whose state is in `folder`.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn at(store: Arc<S>, jobs: Jobs, folder: &Path) -> Result<Self> {
        let clock = Clock::process();
        let fence = store.register(Node::Hand, clock.now(), LEASE).await?;
        let presence = Presence::show(folder, fence);
        Ok(Self { store, jobs, fence, clock, _presence: presence })
    }

    /// Leaves the store.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn leave(self) -> Result<()> {
        self.store.retire(self.fence).await
    }

    /// Ends what waits of a job; gives what runs, in another process.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn cancel(&self, job: &JobId) -> Result<Vec<RunId>> {
        let absence = absence();
        self.store.cancel(job, None, &self.situation(&absence, None)).await
    }

    /// Runs a job now, or the fire time of a run once more, and records how it ended. Gives the exit code too that the
    /// same run by `stackhand run` has.
    ///
    /// # Errors
    /// Of kind `conflict` when it may not start, because of what runs or waits; when the store cannot be written.
    pub async fn run(
        &self,
        job: &JobId,
        rerun_of: Option<&RunId>,
        surround: Surround,
        cancel: CancellationToken,
    ) -> Result<(Entry, u8)> {
        let absence = absence();
        let known = self.jobs.roster.get(job).cloned().ok_or_else(|| not_there(job))?;
        // Looked at before anything is written: who asks for a rerun in vain keeps the outcome that there was.
        if let Some(why) = self.in_the_way(&known, &self.store.live().await?) {
            return Err(not_started(job, &why));
        }
        if !self.store.start_by_hand(job, rerun_of, &self.situation(&absence, Some(job))).await? {
            return Err(Error::new(Kind::Conflict, "not_over", "this fire time is not over"));
        }
        let entry = self.claim(job, rerun_of).await?;
        let runner = Runner::new(self.store.clone(), self.jobs.clone(), surround);
        let mut work = std::pin::pin!(runner.run_to_end(&known, entry.clone(), cancel));
        let RunEnd { finish, exit_code } = loop {
            if let Some(end) = self.clock.timeout(HEARTBEAT, &mut work).await {
                break end;
            }
            // A heartbeat that is lost is made good by the next.
            if let Err(error) = self.store.heartbeat(self.fence, self.clock.now(), LEASE).await {
                tracing::warn!("the store does not know that this run is still there: {error}");
            }
        };
        self.store.finish(std::slice::from_ref(&finish), &self.situation(&absence, Some(job))).await?;
        let ended_at = Some(self.clock.now());
        let entry =
            Entry { phase: Phase::Ended, outcome: Some(finish.outcome), reason: finish.reason, ended_at, ..entry };
        Ok((entry, exit_code))
    }

    /// Starts what was just asked for, if nothing is in its way; it does not wait otherwise.
    async fn claim(&self, job: &JobId, rerun_of: Option<&RunId>) -> Result<Entry> {
        let absence = absence();
        let step = self.store.claim_due(&[], &self.situation(&absence, Some(job))).await?;
        let is_ours = |entry: &&Entry| rerun_of.is_none_or(|run| entry.previous.as_ref() == Some(run));
        if let Some(entry) = step.start.iter().find(is_ours) {
            return Ok(entry.clone());
        }
        let live = self.store.live().await?;
        let waiting = live.iter().find(|entry| {
            entry.job == *job && entry.phase == Phase::Waiting && entry.fence == self.fence && entry.run.is_none()
                || rerun_of.is_some_and(|run| entry.run.as_ref() == Some(run))
        });
        let why = waiting.and_then(|entry| entry.held_by.as_ref()).map(|reason| reason.text.clone());
        if let Some(entry) = waiting {
            let at: DateTime<Utc> = entry.fire_time;
            self.store.cancel(job, Some(at), &self.situation(&absence, Some(job))).await?;
        }
        let why = why.unwrap_or_else(|| "something else of it waits".to_owned());
        Err(not_started(job, &why))
    }

    /// What keeps a job from starting now.
    fn in_the_way(&self, job: &Job, live: &[Entry]) -> Option<String> {
        let roster = &self.jobs.roster;
        live.iter().find_map(|entry| {
            let runs = entry.phase == Phase::Running;
            let is_in_group = || roster.get(&entry.job).is_some_and(|other| other.group == job.group);
            if entry.job == job.id && job.overlap != OverlapPolicy::Allow {
                let doing = if runs { "a run of it is under way" } else { WAITS };
                return Some(doing.to_owned());
            }
            if runs && roster.opponents(&job.id).contains(&entry.job) {
                return Some(format!("`{}`, which it opposes, is under way", entry.job));
            }
            (runs && job.group.is_some() && is_in_group()).then(|| format!("`{}` of its group is under way", entry.job))
        })
    }

    fn situation<'a>(&'a self, absence: &'a Reason, only: Option<&'a JobId>) -> Situation<'a> {
        let roster: &Roster = &self.jobs.roster;
        let now = self.clock.now();
        Situation { roster, now, lowest: now, fence: self.fence, absence, free: 1, only, new_run: &new_run }
    }
}

pub(super) fn new_run() -> RunId {
    RunId(uuid::Uuid::new_v4().to_string())
}

fn absence() -> Reason {
    Reason::new("down", "the scheduler was not running")
}

fn not_started(job: &JobId, why: &str) -> Error {
    let hint = if why == WAITS {
        format!("the next `stackhand serve` starts that one; `stackhand jobs cancel {job}` ends it")
    } else {
        format!("`stackhand jobs show {job}` tells what there is of it")
    };
    Error::new(Kind::Conflict, "not_started", format!("`{job}` cannot start now: {why}")).with_hint(hint)
}

fn not_there(job: &JobId) -> Error {
    Error::new(Kind::NotFound, "unknown_job", format!("there is no job `{job}`"))
}
