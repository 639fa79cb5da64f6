//! What a store keeps: plain rows, of which decisions are made.

use std::fmt;

use chrono::{DateTime, Utc};

use super::job::JobId;
use super::outcome::{Outcome, Reason};

/// A number that grows with every process that takes over; what an older one writes late is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fence(pub i64);

/// The id of a run, as the journal spells it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub String);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is kept of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// The job.
    pub job: JobId,
    /// Every fire time up to this instant has been decided.
    pub decided_until: DateTime<Utc>,
    /// The rule as text, by which that was done.
    pub spec: String,
    /// Whether it is paused.
    pub pause: Option<Pause>,
    /// Since when the workspace has it, with this rule.
    pub enrolled_at: DateTime<Utc>,
    /// Since when the workspace has it no more.
    pub removed_at: Option<DateTime<Utc>>,
}

/// A stretch of time in which nothing is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// From when.
    pub since: DateTime<Utc>,
    /// Until when; until somebody resumes it if `None`.
    pub until: Option<DateTime<Utc>>,
    /// Why, as whoever paused it says.
    pub note: Option<String>,
}

/// How far a fire time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It is claimed, and waits to start or to be repeated.
    Waiting,
    /// Its run is under way.
    Running,
    /// It has an outcome.
    Ended,
}

impl Phase {
    /// Its spelling in stores and machine formats.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Ended => "ended",
        }
    }

    /// The phase of that spelling.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Running, Self::Ended].into_iter().find(|phase| phase.as_str() == text)
    }
}

/// What started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduledBy {
    /// The schedule.
    Schedule,
    /// A person, at once.
    Hand,
    /// A person, for a fire time that has had its run.
    Rerun,
    /// A failure that may pass.
    Retry,
    /// A new start of the scheduler, after the run was interrupted.
    Recovery,
}

impl ScheduledBy {
    const ALL: [Self; 5] = [Self::Schedule, Self::Hand, Self::Rerun, Self::Retry, Self::Recovery];

    /// Its spelling in stores, machine formats and `run.scheduled_by`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Hand => "hand",
            Self::Rerun => "rerun",
            Self::Retry => "retry",
            Self::Recovery => "recovery",
        }
    }

    /// The one of that spelling.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == text)
    }

    /// Whether nobody asked for this very start, so that it may come too late.
    #[must_use]
    pub fn may_expire(self) -> bool {
        matches!(self, Self::Schedule | Self::Recovery)
    }
}

/// A fire time that has a row of its own. Job and fire time are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The job.
    pub job: JobId,
    /// When it was due.
    pub fire_time: DateTime<Utc>,
    /// How far it has come.
    pub phase: Phase,
    /// What started, or is to start, its latest run.
    pub by: ScheduledBy,
    /// Which run of it this is, from 1.
    pub attempt: u32,
    /// Not earlier than this.
    pub not_before: DateTime<Utc>,
    /// Not later than this, unless a person asked for it.
    pub start_by: DateTime<Utc>,
    /// What it waits for, or why it started late.
    pub held_by: Option<Reason>,
    /// Its latest run.
    pub run: Option<RunId>,
    /// The run before that.
    pub previous: Option<RunId>,
    /// Which process claimed it.
    pub fence: Fence,
    /// When it was claimed or decided.
    pub decided_at: DateTime<Utc>,
    /// When its latest run started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it got its outcome.
    pub ended_at: Option<DateTime<Utc>>,
    /// What became of it; while it waits to be repeated, what became of the run before.
    pub outcome: Option<Outcome>,
    /// Why.
    pub reason: Option<Reason>,
}

impl Entry {
    /// Whether it has no outcome yet.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.phase != Phase::Ended
    }

    /// Gives it its outcome.
    pub(super) fn end(&mut self, now: DateTime<Utc>, outcome: Outcome, reason: Option<Reason>) {
        self.phase = Phase::Ended;
        self.ended_at = Some(now);
        self.outcome = Some(outcome);
        self.reason = reason;
    }
}

/// Fire times that followed one another and met the same fate, in one row. Job and first fire time are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The job.
    pub job: JobId,
    /// The first of them.
    pub first: DateTime<Utc>,
    /// The last of them.
    pub last: DateTime<Utc>,
    /// How many there were; 0 says that there is no such row any more.
    pub count: u64,
    /// What became of them: missed or skipped.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// The rule that made them due, as text.
    pub spec: String,
    /// When this was decided, for the first time.
    pub decided_at: DateTime<Utc>,
}

/// One run of a fire time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its id.
    pub run: RunId,
    /// The job.
    pub job: JobId,
    /// What it stands for.
    pub fire_time: DateTime<Utc>,
    /// Which run of that fire time this is, from 1.
    pub attempt: u32,
    /// What started it.
    pub by: ScheduledBy,
    /// The run before it.
    pub previous: Option<RunId>,
    /// Which process ran it.
    pub fence: Fence,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Why.
    pub reason: Option<Reason>,
}
