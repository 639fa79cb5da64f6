//! What runs of jobs say, in the server's log. All of it is in their journals too.

use crate::engine::{LogLevel, Output};
use crate::schedule::rows::Entry;
use crate::secret::Scrubber;

/// Where the words of one run go.
pub(super) struct LoggedOutput {
    job: String,
    run: String,
    scrubber: Scrubber,
    /// A simulated run has no journal.
    is_simulated: bool,
}

impl LoggedOutput {
    pub fn of(entry: &Entry, scrubber: Scrubber, is_simulated: bool) -> Self {
        let run = entry.run.as_ref().map(ToString::to_string).unwrap_or_default();
        Self { job: entry.job.to_string(), run, scrubber, is_simulated }
    }

    fn tell(&self, level: LogLevel, text: &str) {
        let (job, run, simulated) = (self.job.as_str(), self.run.as_str(), self.is_simulated.then_some(true));
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
        self.tell(if self.is_simulated { LogLevel::Info } else { LogLevel::Debug }, text);
    }

    fn say(&self, text: &str) {
        self.tell(LogLevel::Debug, text);
    }

    fn log(&self, level: LogLevel, text: &str) {
        self.tell(level, text);
    }
}
