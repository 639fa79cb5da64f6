//! What runs of jobs say, in the server's log. All of it is in their journals too; of simulated runs, which have none, it
//! is kept without.

use std::path::Path;

use crate::clock::Clock;
use crate::engine::{LogLevel, Output};
use crate::journal::OutputFile;
use crate::schedule::rows::{Entry, ScheduledBy};
use crate::secret::Scrubber;

/// Where the words of one run go.
pub(super) struct LoggedOutput {
    job: String,
    run: String,
    scrubber: Scrubber,
    /// Where the output of a simulated run is kept.
    simulated: Option<OutputFile>,
    /// Somebody waits for it, and wants to see it.
    is_by_hand: bool,
}

impl LoggedOutput {
    /// The words of a run; those of a simulated one are kept in a folder.
    pub fn of(entry: &Entry, scrubber: Scrubber, simulated: Option<&Path>) -> Self {
        let run = entry.run.as_ref().map(ToString::to_string).unwrap_or_default();
        let simulated = simulated.map(|folder| OutputFile::alone(folder, &run, Clock::process(), scrubber.clone()));
        let is_by_hand = matches!(entry.by, ScheduledBy::Hand | ScheduledBy::Rerun);
        Self { job: entry.job.to_string(), run, scrubber, simulated, is_by_hand }
    }

    fn keep(&self, stream: &str, text: &str) {
        if let Some(file) = &self.simulated {
            file.keep(stream, text);
        }
    }

    fn tell(&self, level: LogLevel, text: &str) {
        let (job, run, simulated) = (self.job.as_str(), self.run.as_str(), self.simulated.as_ref().map(|_| true));
        let text = self.scrubber.scrub(text);
        match level {
            LogLevel::Debug => tracing::debug!(target: "stackhand::job", job, run, simulated, "{text}"),
            LogLevel::Info | LogLevel::Notice => {
                tracing::info!(target: "stackhand::job", job, run, simulated, "{text}");
            }
            LogLevel::Warn => tracing::warn!(target: "stackhand::job", job, run, simulated, "{text}"),
            LogLevel::Error => tracing::error!(target: "stackhand::job", job, run, simulated, "{text}"),
        }
    }
}

impl Output for LoggedOutput {
    fn print(&self, text: &str) {
        let is_shown = self.simulated.is_some() || self.is_by_hand;
        self.tell(if is_shown { LogLevel::Info } else { LogLevel::Debug }, text);
        self.keep("print", text);
    }

    fn say(&self, text: &str) {
        self.tell(LogLevel::Debug, text);
        self.keep("talk", text);
    }

    fn log(&self, level: LogLevel, text: &str) {
        self.tell(level, text);
        self.keep(&level.to_string(), text);
    }
}
