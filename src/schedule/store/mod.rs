//! Where fire times, runs and states are kept. Each verb is one whole decision, atomic, made of the rows as they are in
//! that transaction: several processes may share a store without agreeing on anything else.

mod lock;
mod memory;
mod presence;
mod sqlite;

pub use lock::ServeLock;
pub use memory::Memory;
pub use presence::Presence;
pub use sqlite::Sqlite;

use std::future::Future;

use chrono::{DateTime, TimeDelta, Utc};

use super::decision::{Finish, Situation, StateChange, Step};
use super::job::JobId;
use super::outcome::Reason;
use super::rows::{Entry, Fence, JobRow, Pause, RunId, RunRow, Stretch};
use crate::error::{Error, Kind, Result};

/// What kind of process works on a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// The scheduler; there is one at a time, which a lock of the file sees to, so that an older one is gone for sure.
    Scheduler,
    /// A run by hand, beside it.
    Hand,
}

/// A fire time with a row of its own, or a stretch of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A row of its own.
    Entry(Entry),
    /// A stretch.
    Stretch(Stretch),
}

impl Record {
    /// The job.
    #[must_use]
    pub fn job(&self) -> &JobId {
        match self {
            Self::Entry(entry) => &entry.job,
            Self::Stretch(stretch) => &stretch.job,
        }
    }

    /// The fire time, or the first one.
    #[must_use]
    pub fn first(&self) -> DateTime<Utc> {
        match self {
            Self::Entry(entry) => entry.fire_time,
            Self::Stretch(stretch) => stretch.first,
        }
    }
}

/// A store. What a verb has answered is kept, whatever happens to the process or the machine after that.
///
/// The verbs by which a process decides what is due, [`enrol`](Self::enrol), [`claim_due`](Self::claim_due),
/// [`abandoned`](Self::abandoned) and [`recover_expired`](Self::recover_expired), fail with the code `lease_lost` once
/// another has taken over from it.
pub trait Store: Send + Sync + 'static {
    /// Makes this process known, for as long as it sends heartbeats; its fence is greater than all before.
    fn register(&self, node: Node, now: DateTime<Utc>, lease: TimeDelta) -> impl Future<Output = Result<Fence>> + Send;

    /// Says that the process is still there.
    ///
    /// Fails with the code `lease_lost` when another has taken over.
    fn heartbeat(&self, fence: Fence, now: DateTime<Utc>, lease: TimeDelta) -> impl Future<Output = Result<()>> + Send;

    /// Says that the process goes, and leaves nothing running.
    fn retire(&self, fence: Fence) -> impl Future<Output = Result<()>> + Send;

    /// Takes over the roster; gives all rows of its jobs. See [`super::decision::enrol`].
    fn enrol(&self, around: &Situation<'_>) -> impl Future<Output = Result<Vec<JobRow>>> + Send;

    /// Decides what is due, and starts what may. See [`super::decision::claim_due`].
    fn claim_due(&self, candidates: &[JobId], around: &Situation<'_>) -> impl Future<Output = Result<Step>> + Send;

    /// Ends runs, and keeps what they want kept. A run that has ended before is left as it is, its states too. See
    /// [`super::decision::finish`].
    fn finish(&self, ended: &[Finish], around: &Situation<'_>) -> impl Future<Output = Result<()>> + Send;

    /// Takes back starts of this process that it never carried out. See [`super::decision::give_back`].
    fn give_back(&self, runs: &[RunId], around: &Situation<'_>) -> impl Future<Output = Result<()>> + Send;

    /// The entries that processes which are gone left behind: schedulers before `around.fence`, if this is one, and
    /// whoever has let its lease expire.
    fn abandoned(&self, around: &Situation<'_>) -> impl Future<Output = Result<Vec<Entry>>> + Send;

    /// Takes them over. `ended` are the runs of them whose end somebody saw. See [`super::decision::recover`].
    fn recover_expired(&self, ended: &[Finish], around: &Situation<'_>) -> impl Future<Output = Result<()>> + Send;

    /// Lets a person start a job at once, or its fire time once more. `false` if that fire time is not over. See
    /// [`super::decision::start_by_hand`].
    fn start_by_hand(
        &self,
        job: &JobId,
        rerun_of: Option<&RunId>,
        around: &Situation<'_>,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Pauses a job, or changes its pause. To resume it is to let the pause end now. `false` if there is no such job.
    fn pause(&self, job: &JobId, pause: &Pause) -> impl Future<Output = Result<bool>> + Send;

    /// Ends what waits of a job, or one of its fire times. Gives the runs of it that are under way and are to be
    /// cancelled.
    fn cancel(
        &self,
        job: &JobId,
        fire_time: Option<DateTime<Utc>>,
        around: &Situation<'_>,
    ) -> impl Future<Output = Result<Vec<RunId>>> + Send;

    /// What has got its outcome and has not been told yet, the earliest first.
    fn untold(&self, limit: usize) -> impl Future<Output = Result<Vec<Record>>> + Send;

    /// Says that these have been told, as they are here.
    fn mark_told(&self, records: &[Record]) -> impl Future<Output = Result<()>> + Send;

    /// All jobs that were ever enrolled and are not pruned.
    fn jobs(&self) -> impl Future<Output = Result<Vec<JobRow>>> + Send;

    /// What has no outcome yet, in the order of fire times.
    fn live(&self) -> impl Future<Output = Result<Vec<Entry>>> + Send;

    /// What became of the fire times of a job, or of all, before an instant; the latest first.
    fn history(
        &self,
        job: Option<&JobId>,
        before: Option<DateTime<Utc>>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Record>>> + Send;

    /// What became of the latest fire times of each of these jobs, at most `each` of a job; the latest first.
    fn latest(&self, jobs: &[JobId], each: usize) -> impl Future<Output = Result<Vec<Record>>> + Send;

    /// The runs of a fire time, the first one first.
    fn runs(&self, job: &JobId, fire_time: DateTime<Utc>) -> impl Future<Output = Result<Vec<RunRow>>> + Send;

    /// One run.
    fn run(&self, run: &RunId) -> impl Future<Output = Result<Option<RunRow>>> + Send;

    /// The value of a key, as JSON.
    fn state(&self, scope: &str, key: &str) -> impl Future<Output = Result<Option<String>>> + Send;

    /// Keeps what a run by hand wants kept, all of it or nothing.
    ///
    /// Fails with the code `state_no_number` where something is to be added to what is no number.
    fn keep(&self, changes: &[StateChange]) -> impl Future<Output = Result<()>> + Send;

    /// Removes what has its outcome since before `before`, and of each job all but the latest `most`; jobs too that the
    /// workspace has not had since then and of which nothing is left. Gives how many rows went.
    fn prune(&self, before: DateTime<Utc>, most: usize) -> impl Future<Output = Result<u64>> + Send;
}

/// A process writes that is taken for gone.
fn lease_lost() -> Error {
    Error::new(Kind::Conflict, "lease_lost", "another process has taken over")
        .with_hint("this process was not heard of for too long; it starts nothing any more")
}

/// What a run by hand wants kept cannot be.
fn not_kept(why: Reason) -> Error {
    Error::new(Kind::Conflict, "state_no_number", why.text).with_hint("nothing of what the run wanted kept was kept")
}

/// There is no such run to be repeated.
fn unknown_run(run: &RunId) -> Error {
    Error::new(Kind::NotFound, "unknown_run", format!("no job has had a run `{run}`"))
        .with_hint("`stackhand jobs history JOB` lists the runs of a job")
}
