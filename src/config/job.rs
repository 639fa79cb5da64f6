//! A job as `stackhand.toml` tells it. What its schedule, calendar, caps and permissions mean is for the rooms above,
//! which are told where each stands so that they can complain at the right place.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::channel::Event;
use super::choice::choice;
use super::given_secret::GivenSecret;
use super::reader::Located;
use crate::error::Kind;

/// A `[[job]]` of `stackhand.toml`, with the defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What it is called; no other job is called the same.
    pub name: Located<String>,
    /// What it is for, in the user's words.
    pub description: Option<String>,
    /// Whether it is due at all; `enabled = false` keeps it in the file without that.
    pub is_enabled: bool,
    /// The recipe's file, as written: relative to the workspace's folder.
    pub recipe: Located<String>,
    /// When it is due.
    pub when: JobTime,
    /// The profiles that it runs with, one job each; none: with the profile that is chosen by default.
    pub profiles: Vec<Located<String>>,
    /// The values of the recipe's parameters, by their names as in the recipe.
    pub args: BTreeMap<String, Located<Value>>,
    /// What its runs are given, as written; `None`: what the recipe's header asks for.
    pub permissions: Option<Located<Vec<Located<String>>>>,
    /// How much a run may change: names and numbers, as written.
    pub caps: Vec<Located<(String, String)>>,
    /// How many changes all its runs of a day may make.
    pub daily: Option<Located<u64>>,
    /// How long a run may take.
    pub timeout: Duration,
    /// What happens when it is due while its last run is under way.
    pub overlap: OverlapPolicy,
    /// What happens to fire times that were missed.
    pub missed: MissedPolicy,
    /// How late a missed fire time may be made up for.
    pub missed_window: Located<Duration>,
    /// The names of the jobs that undo this one.
    pub opposes: Vec<Located<String>>,
    /// What happens to a fixed time of day that the clocks leave out.
    pub dst_gap: DstGap,
    /// What happens to a fixed time of day that the clocks show twice.
    pub dst_overlap: DstOverlap,
    /// Up to how much later than its fire time it starts.
    pub jitter: Located<Duration>,
    /// Whether a run that failed is tried again.
    pub retry: Retry,
    /// What becomes of a run that a crash interrupted.
    pub interrupted: Located<InterruptedPolicy>,
    /// The name of the store that its recipe keeps its state in; the job's own name unless it says so.
    pub state: String,
    /// The group of which one job runs at a time.
    pub concurrency_group: Option<String>,
    /// Whom it tells of what; the workspace's unless it says so.
    pub notify: Notify,
    /// On which dates it is due.
    pub calendar: Option<CalendarRule>,
    /// A URL that is asked for after each run that succeeded, so that somebody else notices its absence.
    pub heartbeat: Option<Located<GivenSecret>>,
}

/// When a job is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobTime {
    /// `schedule`: a crontab expression, as written.
    Schedule(Located<String>),
    /// `every`: elapsed time, a whole number of seconds, at least one.
    Every(Located<Duration>),
}

/// Which dates a calendar leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarRule {
    /// What its entries mean.
    pub mode: CalendarMode,
    /// The entries as written: `holidays:DE-BW`, `2026-12-24..2027-01-06`, `file:closed.ics`.
    pub entries: Vec<Located<String>>,
}

/// What the entries of a calendar mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarMode {
    /// The job is not due on these dates.
    Skip,
    /// The job is due on these dates alone.
    Only,
}

/// Whether a run that failed is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How often it is tried, the first time among them.
    pub attempts: u32,
    /// How long to wait before the second try; twice as long before each further one.
    pub backoff: Duration,
    /// The kinds of errors that are worth another try.
    pub on: Vec<Kind>,
}

/// Whom to tell of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// The names of the channels.
    pub channels: Vec<Located<String>>,
    /// What to tell; `None`: what each channel is told by default.
    pub events: Option<Vec<Event>>,
    /// From how long after its fire time a run is late.
    pub late_after: Duration,
}

choice! {
    /// What happens when a job is due while its last run is under way.
    OverlapPolicy {
        /// The fire time is left out, and told so.
        Skip = "skip",
        /// The run begins once the last has ended.
        Queue = "queue",
        /// The last run is cancelled, then the new one begins.
        CancelRunning = "cancel-running",
        /// Both run.
        Allow = "allow",
    }
}

choice! {
    /// What happens to fire times at which the scheduler was not there.
    MissedPolicy {
        /// They are told as missed.
        None = "none",
        /// The last of them is made up for.
        Last = "last",
        /// Each of them is made up for.
        All = "all",
    }
}

choice! {
    /// What happens to a fixed time of day that the clocks leave out.
    DstGap {
        /// It is due at the first second after the gap.
        After = "after",
        /// It is left out.
        Skip = "skip",
    }
}

choice! {
    /// What happens to a fixed time of day that the clocks show twice.
    DstOverlap {
        /// It is due the first time.
        First = "first",
        /// It is due the second time.
        Last = "last",
        /// It is due both times.
        Both = "both",
    }
}

choice! {
    /// What becomes of a run that was under way in a crash.
    InterruptedPolicy {
        /// It is told as unknown, and a person looks.
        Leave = "leave",
        /// It runs again; only for recipes that say of themselves that they are repeatable.
        Rerun = "rerun",
    }
}

/// The kinds of errors that a job can be retried on.
pub(super) const RETRIED: &[Kind] = &[
    Kind::Network,
    Kind::Server,
    Kind::RateLimited,
    Kind::Timeout,
    Kind::Conflict,
    Kind::Quota,
    Kind::Auth,
    Kind::Ambiguous,
    Kind::Incomplete,
    Kind::Script,
];

/// The names of [`RETRIED`].
pub(super) const RETRIED_NAMES: &[&str] =
    &["network", "server", "rate_limited", "timeout", "conflict", "quota", "auth", "ambiguous", "incomplete", "script"];

impl Job {
    /// The name of the job as it runs with a profile: `night-shift@shop-prod`.
    #[must_use]
    pub fn id(&self, profile: Option<&str>) -> String {
        match profile {
            Some(profile) => format!("{}@{profile}", self.name.value),
            None => self.name.value.clone(),
        }
    }

    /// One for each profile that it runs with, `None` being the profile that is chosen by default.
    pub fn each(&self) -> impl Iterator<Item = Option<&Located<String>>> {
        let unnamed = self.profiles.is_empty().then_some(None);
        self.profiles.iter().map(Some).chain(unnamed)
    }
}

impl Retry {
    /// No second try.
    #[must_use]
    pub fn none() -> Self {
        Self { attempts: 1, ..Self::usual() }
    }

    /// What a `retry` that says nothing means.
    #[must_use]
    pub fn usual() -> Self {
        let on = vec![Kind::Network, Kind::Server, Kind::RateLimited];
        Self { attempts: 3, backoff: Duration::from_secs(30), on }
    }
}

impl Default for Notify {
    fn default() -> Self {
        Self { channels: Vec::new(), events: None, late_after: Duration::from_mins(5) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_that_are_retried_are_spelled_as_scripts_see_them() {
        let names: Vec<&str> = RETRIED.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names, RETRIED_NAMES);
    }
}
