//! The decisions themselves, free of stores and clocks: from what is known to what is to be written.
//!
//! Each is one transaction of a store: it reads the [`Snapshot`] that a decision wants, and writes its [`Changes`].

mod claim;
mod enrol;
mod finish;
mod recover;
mod state;
mod stretches;
mod take_in;
#[cfg(test)]
mod tests;

pub use claim::claim_due;
pub use enrol::enrol;
pub use finish::{finish, start_by_hand};
pub use recover::{give_back, recover};
pub use state::{Values, keep, settle};
pub use stretches::known_since;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::job::{JobId, Roster};
use super::outcome::{Outcome, Reason};
use super::rows::{Entry, Fence, JobRow, RunId, RunRow, Stretch};

/// What a decision looks at.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The rows of the jobs it is about, and of the opponents of those and of jobs with live entries.
    pub jobs: BTreeMap<JobId, JobRow>,
    /// Every entry that has no outcome yet.
    pub live: Vec<Entry>,
    /// Of the jobs it is about: the fire times after `decided_until`, or after [`Situation::lowest`] if that is earlier, that have a row of
    /// their own all the same, as after a clock that went back: from [`known_since`] on.
    pub known: BTreeMap<JobId, BTreeSet<DateTime<Utc>>>,
    /// Of the jobs it is about: the stretches that end last, or after [`Situation::lowest`].
    pub stretches: BTreeMap<JobId, Vec<Stretch>>,
}

/// What a decision writes. Rows replace those of the same key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Jobs.
    pub jobs: Vec<JobRow>,
    /// Fire times.
    pub entries: Vec<Entry>,
    /// Stretches; one with a count of 0 is to be removed.
    pub stretches: Vec<Stretch>,
    /// Runs.
    pub runs: Vec<RunRow>,
}

impl Changes {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.entries.is_empty() && self.stretches.is_empty() && self.runs.is_empty()
    }
}

/// What everyone in a decision knows.
pub struct Situation<'a> {
    /// The jobs of the workspace.
    pub roster: &'a Roster,
    /// The instant.
    pub now: DateTime<Utc>,
    /// The earliest that the clock has shown since the last decision about all jobs, if it went back; else [`Self::now`].
    pub lowest: DateTime<Utc>,
    /// The process that decides.
    pub fence: Fence,
    /// Why fire times may have passed unseen: the process was down, the machine slept.
    pub absence: &'a Reason,
    /// How many runs more may be under way.
    pub free: usize,
    /// The one job of which something may be started; any if `None`. For a person's process, which starts nothing else.
    pub only: Option<&'a JobId>,
    /// Makes the ids of runs.
    pub new_run: &'a (dyn Fn() -> RunId + Send + Sync),
}

/// What is to be done once a decision has been written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// Runs to start.
    pub start: Vec<Entry>,
    /// Runs to cancel.
    pub cancel: Vec<RunId>,
    /// Whether something got its outcome without a run.
    pub has_ended: bool,
    /// When a waiting entry is to be looked at again, whatever else happens.
    pub wake_at: Option<DateTime<Utc>>,
    /// Up to where the fire times of the jobs it was about are decided now.
    pub decided_until: Vec<(JobId, DateTime<Utc>)>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// The run.
    pub run: RunId,
    /// How.
    pub outcome: Outcome,
    /// Why.
    pub reason: Option<Reason>,
    /// The kind of its error, by which a job may want it repeated.
    pub error_kind: Option<String>,
    /// What it wants kept for the next one; written together with its outcome.
    pub state: Vec<StateChange>,
}

/// What a run wants kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// Whose: a job, or the name that several share.
    pub scope: String,
    /// The key.
    pub key: String,
    /// What becomes of it.
    pub deed: StateDeed,
}

/// What becomes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateDeed {
    /// It gets this value, as JSON.
    Set(String),
    /// It is removed.
    Delete,
    /// So much is added to the number that it holds; 0 if it holds nothing. What is no number stays, see [`settle`].
    Add(i64),
}
