//! What is counted of a server, as Prometheus reads it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::Progress;
use crate::catalog::Operation;
use crate::error::Error;
use crate::schedule::calendar::next_open;
use crate::schedule::job::Roster;
use crate::schedule::outcome::Outcome;
use crate::schedule::rows::{Entry, ScheduledBy, Stretch};

/// What is counted, since the server began.
#[derive(Default)]
pub(super) struct Figures {
    is_simulated: bool,
    calls: AtomicU64,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    due: BTreeMap<String, u64>,
    started: BTreeMap<(String, &'static str), u64>,
    outcomes: BTreeMap<(String, Outcome, String), u64>,
    lateness: BTreeMap<String, Spans>,
    durations: BTreeMap<String, Spans>,
    troubles: u64,
    /// What was wrong at the last look at the store; nothing if it was in order.
    trouble: Option<String>,
    /// Whether that was since the last look.
    is_new: bool,
    /// Whether the store was looked at.
    has_looked: bool,
}

#[derive(Default)]
struct Spans {
    count: u64,
    milliseconds: u64,
}

impl Spans {
    fn add(&mut self, span: TimeDelta) {
        self.count += 1;
        let milliseconds = u64::try_from(span.num_milliseconds()).unwrap_or_default();
        self.milliseconds = self.milliseconds.saturating_add(milliseconds);
    }
}

/// What waits and what runs, as the store has it.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue {
    pub waiting: usize,
    pub running: usize,
    /// By channel.
    pub posts: BTreeMap<String, Post>,
}

/// How it goes with a channel.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Post {
    /// Notices that wait.
    pub waiting: u64,
    /// For how long the one that waits longest was to be sent.
    pub oldest_seconds: u64,
    /// Attempts that failed.
    pub failed: u64,
}

impl Figures {
    pub fn new(is_simulated: bool) -> Self {
        Self { is_simulated, ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn started(&self, entry: &Entry) {
        let job = entry.job.to_string();
        let mut counts = self.lock();
        if matches!(entry.by, ScheduledBy::Schedule)
            && let Some(at) = entry.started_at
        {
            counts.lateness.entry(job.clone()).or_default().add((at - entry.fire_time).max(TimeDelta::zero()));
        }
        *counts.started.entry((job, entry.by.as_str())).or_default() += 1;
    }

    pub fn ended(&self, entry: &Entry, outcome: Outcome, ran: Option<TimeDelta>) {
        let job = entry.job.to_string();
        let mut counts = self.lock();
        *counts.due.entry(job.clone()).or_default() += 1;
        if let Some(ran) = ran {
            counts.durations.entry(job.clone()).or_default().add(ran);
        }
        let reason = entry.reason.as_ref().map(|reason| reason.code.clone()).unwrap_or_default();
        *counts.outcomes.entry((job, outcome, reason)).or_default() += 1;
    }

    /// Counts so many fire times of a stretch.
    pub fn stretch(&self, stretch: &Stretch, count: u64) {
        let job = stretch.job.to_string();
        let mut counts = self.lock();
        // A row may say any number.
        let more = |counted: &mut u64| *counted = counted.saturating_add(count);
        more(counts.due.entry(job.clone()).or_default());
        more(counts.outcomes.entry((job, stretch.outcome, stretch.reason.code.clone())).or_default());
    }

    pub fn trouble(&self, error: &Error) {
        let mut counts = self.lock();
        counts.troubles += 1;
        counts.trouble = Some(error.message.clone());
        counts.is_new = true;
    }

    pub fn looked(&self) {
        let mut counts = self.lock();
        if !std::mem::take(&mut counts.is_new) {
            counts.trouble = None;
        }
        counts.has_looked = true;
    }

    /// Why the server does not do its work, if it does not.
    pub fn readiness(&self) -> Result<(), String> {
        let counts = self.lock();
        match &counts.trouble {
            Some(trouble) => Err(trouble.clone()),
            None if !counts.has_looked => Err("it has not looked at its jobs yet".to_owned()),
            None => Ok(()),
        }
    }

    /// All of it in Prometheus' text format.
    pub fn page(&self, roster: &Roster, queue: &Queue, now: DateTime<Utc>) -> String {
        let mut page = Page { text: String::new(), is_simulated: self.is_simulated };
        // Before the lock, which the loop waits for: of many jobs it takes a while.
        let next = roster.iter().filter_map(|job| Some((&job.id, next_open(&job.rule, &job.calendar, now)?.at)));
        let next: Vec<_> = next.collect();
        let counts = self.lock();
        page.head("stackhand_info", "gauge", "The version that serves.");
        page.line("stackhand_info", &[("version", env!("CARGO_PKG_VERSION"))], "1");
        page.head("stackhand_jobs", "gauge", "Jobs that are enabled.");
        page.line("stackhand_jobs", &[], &roster.len().to_string());
        page.head("stackhand_runs_running", "gauge", "Runs under way.");
        page.line("stackhand_runs_running", &[], &queue.running.to_string());
        page.head("stackhand_runs_waiting", "gauge", "Fire times that wait to start or to be repeated.");
        page.line("stackhand_runs_waiting", &[], &queue.waiting.to_string());
        page.posts(&queue.posts);
        page.head("stackhand_store_errors_total", "counter", "Times that the store could not be read or written.");
        page.line("stackhand_store_errors_total", &[], &counts.troubles.to_string());
        page.head("stackhand_api_requests_total", "counter", "Requests to the API, repeats counted.");
        page.line("stackhand_api_requests_total", &[], &self.calls.load(Ordering::Relaxed).to_string());
        page.head("stackhand_job_due_total", "counter", "Fire times that have got their outcome.");
        for (job, count) in &counts.due {
            page.line("stackhand_job_due_total", &[("job", job)], &count.to_string());
        }
        page.head("stackhand_job_started_total", "counter", "Runs that were started, by what started them.");
        for ((job, by), count) in &counts.started {
            page.line("stackhand_job_started_total", &[("job", job), ("by", by)], &count.to_string());
        }
        page.head("stackhand_job_retries_total", "counter", "Runs that repeated one that failed.");
        for ((job, _), count) in counts.started.iter().filter(|((_, by), _)| *by == ScheduledBy::Retry.as_str()) {
            page.line("stackhand_job_retries_total", &[("job", job)], &count.to_string());
        }
        page.head("stackhand_job_outcomes_total", "counter", "Fire times by what became of them, and why.");
        for ((job, outcome, reason), count) in &counts.outcomes {
            let labels = [("job", job.as_str()), ("outcome", outcome.as_str()), ("reason", reason.as_str())];
            page.line("stackhand_job_outcomes_total", &labels, &count.to_string());
        }
        page.spans("stackhand_job_lateness_seconds", "From fire time to start, of scheduled runs.", &counts.lateness);
        page.spans("stackhand_job_duration_seconds", "How long runs took.", &counts.durations);
        page.head("stackhand_job_next_fire_time_seconds", "gauge", "The next fire time, in seconds since 1970.");
        for (job, at) in next {
            let at = at.timestamp().to_string();
            page.line("stackhand_job_next_fire_time_seconds", &[("job", job.as_str())], &at);
        }
        page.text
    }
}

impl Progress for Figures {
    fn sent(&self, _operation: &'static Operation) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    fn ended(&self, _operation: &'static Operation) {}
}

struct Page {
    text: String,
    is_simulated: bool,
}

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: &str) {
        let simulated = self.is_simulated.then_some(("simulated", "true"));
        let labels: Vec<String> = labels
            .iter()
            .copied()
            .chain(simulated)
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "{name}{labels} {value}");
    }

    fn posts(&mut self, posts: &BTreeMap<String, Post>) {
        let waiting: fn(&Post) -> u64 = |post| post.waiting;
        for (name, kind, help, value) in [
            ("stackhand_notices_waiting", "gauge", "Notices that wait for a channel.", waiting),
            ("stackhand_notices_oldest_seconds", "gauge", "For how long a notice was due, at most.", |post| {
                post.oldest_seconds
            }),
            ("stackhand_notices_failed_total", "counter", "Attempts to deliver that failed.", |post| post.failed),
        ] {
            self.head(name, kind, help);
            for (channel, post) in posts {
                self.line(name, &[("channel", channel)], &value(post).to_string());
            }
        }
    }

    fn spans(&mut self, name: &str, help: &str, all: &BTreeMap<String, Spans>) {
        self.head(name, "summary", help);
        for (job, spans) in all {
            let seconds = format!("{}.{:03}", spans.milliseconds / 1_000, spans.milliseconds % 1_000);
            self.line(&format!("{name}_sum"), &[("job", job)], &seconds);
            self.line(&format!("{name}_count"), &[("job", job)], &spans.count.to_string());
        }
    }
}

/// A label's value as the format wants it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::schedule::job::JobId;
    use crate::schedule::outcome::Reason;

    #[test]
    fn a_stretch_counts_as_many_and_a_simulated_line_says_so() {
        let figures = Figures::new(true);
        let at = DateTime::from_timestamp(0, 0).expect("a time");
        let stretch = Stretch {
            job: JobId::new("a\"b"),
            first: at,
            last: at,
            count: 9,
            outcome: Outcome::Missed,
            reason: Reason::new("down", "so it was"),
            spec: String::new(),
            decided_at: at,
        };
        figures.stretch(&stretch, 7);
        let post = Post { waiting: 3, oldest_seconds: 90, failed: 4 };
        let queue = Queue { waiting: 2, running: 1, posts: [("ops".to_owned(), post)].into() };
        let page = figures.page(&Roster::default(), &queue, at);
        for line in [
            "stackhand_job_due_total{job=\"a\\\"b\",simulated=\"true\"} 7",
            "stackhand_job_outcomes_total{job=\"a\\\"b\",outcome=\"missed\",reason=\"down\",simulated=\"true\"} 7",
            "stackhand_runs_waiting{simulated=\"true\"} 2",
            "stackhand_notices_waiting{channel=\"ops\",simulated=\"true\"} 3",
            "stackhand_notices_oldest_seconds{channel=\"ops\",simulated=\"true\"} 90",
            "stackhand_notices_failed_total{channel=\"ops\",simulated=\"true\"} 4",
        ] {
            assert!(page.lines().any(|seen| seen == line), "{line}\n{page}");
        }
    }

    #[test]
    fn a_server_is_ready_once_it_looked_and_not_while_its_store_fails() {
        let figures = Figures::new(false);
        assert!(figures.readiness().is_err());
        figures.looked();
        assert_eq!(figures.readiness(), Ok(()));
        figures.trouble(&Error::new(Kind::Config, "state_full", "the disk is full"));
        figures.looked();
        assert_eq!(figures.readiness(), Err("the disk is full".to_owned()));
        figures.looked();
        assert_eq!(figures.readiness(), Ok(()));
    }
}
