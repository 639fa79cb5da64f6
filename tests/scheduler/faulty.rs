//! A store that fails now and then: before it has written, or after, so that only its answer is lost.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use stackhand::error::{Error, Kind, Result};
use stackhand::schedule::decision::{Finish, Situation, StateChange, Step};
use stackhand::schedule::job::JobId;
use stackhand::schedule::rows::{Entry, Fence, JobRow, Pause, RunId, RunRow};
use stackhand::schedule::store::{Node, Record, Store};

use super::chance::Chance;

/// Whether and how often it fails.
#[derive(Clone)]
pub struct Faults(Arc<Mutex<(Chance, bool)>>);

impl Faults {
    pub fn new(chance: Chance) -> Self {
        Self(Arc::new(Mutex::new((chance, false))))
    }

    pub fn set(&self, fails: bool) {
        self.0.lock().expect("whole").1 = fails;
    }

    fn strikes(&self) -> bool {
        let mut faults = self.0.lock().expect("whole");
        faults.1 && faults.0.once_in(2)
    }
}

/// See the module.
#[derive(Clone)]
pub struct Faulty<S> {
    pub store: S,
    pub faults: Faults,
}

fn fault() -> Error {
    Error::new(Kind::Server, "store_failed", "the disk is on fire")
}

impl<S> Faulty<S> {
    async fn around<T>(&self, verb: impl Future<Output = Result<T>> + Send) -> Result<T> {
        if self.faults.strikes() {
            return Err(fault());
        }
        let answer = verb.await?;
        if self.faults.strikes() { Err(fault()) } else { Ok(answer) }
    }
}

impl<S: Store> Store for Faulty<S> {
    async fn register(&self, node: Node, now: DateTime<Utc>, lease: TimeDelta) -> Result<Fence> {
        self.around(self.store.register(node, now, lease)).await
    }
    async fn heartbeat(&self, fence: Fence, now: DateTime<Utc>, lease: TimeDelta) -> Result<()> {
        self.around(self.store.heartbeat(fence, now, lease)).await
    }
    async fn retire(&self, fence: Fence) -> Result<()> {
        self.around(self.store.retire(fence)).await
    }
    async fn enrol(&self, around: &Situation<'_>) -> Result<Vec<JobRow>> {
        self.around(self.store.enrol(around)).await
    }
    async fn claim_due(&self, candidates: &[JobId], around: &Situation<'_>) -> Result<Step> {
        self.around(self.store.claim_due(candidates, around)).await
    }
    async fn finish(&self, ended: &[Finish], around: &Situation<'_>) -> Result<()> {
        self.around(self.store.finish(ended, around)).await
    }
    async fn give_back(&self, runs: &[RunId], around: &Situation<'_>) -> Result<()> {
        self.around(self.store.give_back(runs, around)).await
    }
    async fn abandoned(&self, around: &Situation<'_>) -> Result<Vec<Entry>> {
        self.around(self.store.abandoned(around)).await
    }
    async fn recover_expired(&self, ended: &[Finish], around: &Situation<'_>) -> Result<()> {
        self.around(self.store.recover_expired(ended, around)).await
    }
    async fn start_by_hand(&self, job: &JobId, rerun_of: Option<&RunId>, around: &Situation<'_>) -> Result<bool> {
        self.around(self.store.start_by_hand(job, rerun_of, around)).await
    }
    async fn pause(&self, job: &JobId, pause: &Pause) -> Result<bool> {
        self.around(self.store.pause(job, pause)).await
    }
    async fn cancel(&self, job: &JobId, at: Option<DateTime<Utc>>, around: &Situation<'_>) -> Result<Vec<RunId>> {
        self.around(self.store.cancel(job, at, around)).await
    }
    async fn untold(&self, limit: usize) -> Result<Vec<Record>> {
        self.around(self.store.untold(limit)).await
    }
    async fn mark_told(&self, records: &[Record]) -> Result<()> {
        self.around(self.store.mark_told(records)).await
    }
    async fn jobs(&self) -> Result<Vec<JobRow>> {
        self.store.jobs().await
    }
    async fn live(&self) -> Result<Vec<Entry>> {
        self.around(self.store.live()).await
    }
    async fn history(&self, job: Option<&JobId>, before: Option<DateTime<Utc>>, limit: usize) -> Result<Vec<Record>> {
        self.store.history(job, before, limit).await
    }
    async fn latest(&self, jobs: &[JobId], each: usize) -> Result<Vec<Record>> {
        self.store.latest(jobs, each).await
    }
    async fn runs(&self, job: &JobId, fire_time: DateTime<Utc>) -> Result<Vec<RunRow>> {
        self.store.runs(job, fire_time).await
    }
    async fn run(&self, run: &RunId) -> Result<Option<RunRow>> {
        self.store.run(run).await
    }
    async fn state(&self, scope: &str, key: &str) -> Result<Option<String>> {
        self.store.state(scope, key).await
    }
    async fn keep(&self, changes: &[StateChange]) -> Result<()> {
        self.around(self.store.keep(changes)).await
    }
    async fn prune(&self, before: DateTime<Utc>, most: usize) -> Result<u64> {
        self.around(self.store.prune(before, most)).await
    }
}
