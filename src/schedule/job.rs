//! A job as the scheduler knows it: when it is due, and what is to happen when that cannot be kept.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::Rule;
use super::calendar::Calendar;
pub use crate::config::{InterruptedPolicy, MissedPolicy, OverlapPolicy};

/// What starts within this time was not missed, whatever the job says of missed fire times.
const PUNCTUAL: TimeDelta = TimeDelta::seconds(60);

/// A job's name, and the profile it runs under if it runs under several: `night-shift@shop-prod`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(Arc<str>);

impl JobId {
    /// The id of that spelling.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Its spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for JobId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// How often a failed run is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How many times it runs at most; 1 for never again.
    pub attempts: u32,
    /// How long after the first failure; twice as long after each further one.
    pub backoff: TimeDelta,
    /// The kinds of errors that may pass.
    pub on: Vec<String>,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 1, backoff: TimeDelta::seconds(30), on: Vec::new() }
    }
}

/// A job as the scheduler knows it. What it runs, and with which rights, is the runner's affair.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// When it is due.
    pub rule: Rule,
    /// The rule as text, by which a change of it is noticed and the old one read again.
    pub spec: String,
    /// The days on which it does not run.
    pub calendar: Calendar,
    /// What happens while an earlier run is not over.
    pub overlap: OverlapPolicy,
    /// What happens to fire times that were missed.
    pub missed: MissedPolicy,
    /// How late it may start.
    pub missed_window: TimeDelta,
    /// The jobs that undo this one, or that it undoes.
    pub opposes: Vec<JobId>,
    /// Jobs of one group run one at a time.
    pub group: Option<String>,
    /// Over how long its starts are spread.
    pub jitter: TimeDelta,
    /// How often a failed run is repeated.
    pub retry: Retry,
    /// What happens to a run that was under way when the scheduler was killed.
    pub interrupted: InterruptedPolicy,
}

impl Job {
    /// A job that is due by this rule; all else is as in a workspace file that says nothing of it.
    #[must_use]
    pub fn new(id: JobId, rule: Rule) -> Self {
        Self {
            id,
            spec: rule.spec(),
            rule,
            calendar: Calendar::default(),
            overlap: OverlapPolicy::Skip,
            missed: MissedPolicy::Last,
            missed_window: TimeDelta::hours(1),
            opposes: Vec::new(),
            group: None,
            jitter: TimeDelta::zero(),
            retry: Retry::default(),
            interrupted: InterruptedPolicy::Leave,
        }
    }

    /// Until when a fire time may start, however long it waits: within the window, and not past half the way to the
    /// next, so that a late start is never taken for the next one. With [`MissedPolicy::All`] the window alone counts.
    #[must_use]
    pub fn start_by(&self, fire_time: DateTime<Utc>) -> DateTime<Utc> {
        let end = later(fire_time, self.missed_window);
        match self.missed {
            MissedPolicy::All => end.max(self.punctual_until(fire_time)),
            MissedPolicy::None | MissedPolicy::Last => match self.gap_after(fire_time) {
                Some(gap) => fire_time + self.missed_window.min(gap / 2).max(PUNCTUAL.min(gap)),
                None => end,
            },
        }
    }

    /// Until when a start is not late.
    #[must_use]
    pub fn punctual_until(&self, fire_time: DateTime<Utc>) -> DateTime<Utc> {
        fire_time + self.gap_after(fire_time).map_or(PUNCTUAL, |gap| PUNCTUAL.min(gap))
    }

    fn gap_after(&self, fire_time: DateTime<Utc>) -> Option<TimeDelta> {
        self.rule.next_after(fire_time).map(|next| next.at - fire_time)
    }

    /// How much later than its fire time it starts: the same each time it is asked.
    #[must_use]
    pub fn jitter_of(&self, fire_time: DateTime<Utc>) -> TimeDelta {
        let span = self.jitter.num_milliseconds();
        if span <= 0 {
            return TimeDelta::zero();
        }
        let mut hash = Fnv::new();
        hash.add(self.id.as_str().as_bytes());
        hash.add(&fire_time.timestamp().to_be_bytes());
        TimeDelta::milliseconds(i64::try_from(hash.mixed() % span.unsigned_abs()).unwrap_or_default())
    }
}

/// An instant so much later, or the last there is: a workspace may ask for a window of a million years.
pub(super) fn later(at: DateTime<Utc>, span: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// FNV-1a, mixed once more: the same on every machine and in every version, which the standard library's is not.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn mixed(&self) -> u64 {
        let mut mixed = self.0 ^ (self.0 >> 33);
        mixed = mixed.wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^ (mixed >> 33)
    }
}

/// All jobs of a workspace, in the order of its file.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    jobs: Vec<Arc<Job>>,
    positions: BTreeMap<JobId, usize>,
    /// Opposing goes both ways, whichever of the two says it.
    opponents: BTreeMap<JobId, Vec<JobId>>,
}

impl Roster {
    /// These jobs. Of several with one id the first counts.
    #[must_use]
    pub fn new(jobs: impl IntoIterator<Item = Job>) -> Self {
        let mut roster = Self::default();
        for job in jobs {
            if !roster.positions.contains_key(&job.id) {
                roster.positions.insert(job.id.clone(), roster.jobs.len());
                roster.jobs.push(Arc::new(job));
            }
        }
        for job in &roster.jobs {
            for other in job.opposes.iter().filter(|other| **other != job.id && roster.positions.contains_key(*other)) {
                for (one, two) in [(&job.id, other), (other, &job.id)] {
                    let opponents = roster.opponents.entry(one.clone()).or_default();
                    if !opponents.contains(two) {
                        opponents.push(two.clone());
                    }
                }
            }
        }
        roster
    }

    /// The job of that id.
    #[must_use]
    pub fn get(&self, id: &JobId) -> Option<&Arc<Job>> {
        self.jobs.get(*self.positions.get(id)?)
    }

    /// The job at that place in the file, from 0.
    #[must_use]
    pub fn at(&self, position: usize) -> Option<&Arc<Job>> {
        self.jobs.get(position)
    }

    /// Its place in the file; jobs that are not in it come last.
    #[must_use]
    pub fn position(&self, id: &JobId) -> usize {
        self.positions.get(id).copied().unwrap_or(usize::MAX)
    }

    /// The jobs that undo this one, or that it undoes.
    pub fn opponents(&self, id: &JobId) -> &[JobId] {
        self.opponents.get(id).map_or(&[], Vec::as_slice)
    }

    /// All of them, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Job>> {
        self.jobs.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }
}
