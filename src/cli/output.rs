//! Where a run's words go: its data to the standard output, its talk to the standard error.

use std::sync::Arc;

use super::printer::Printer;
use super::progress::ProgressLine;
use crate::engine::{LogLevel, Output};

/// The sink of a run.
pub struct RunOutput {
    /// Prints.
    pub printer: Printer,
    /// Steps aside while something is printed.
    pub progress: Arc<ProgressLine>,
}

impl Output for RunOutput {
    fn print(&self, text: &str) {
        self.progress.suspend(|| self.printer.script_line(text));
    }

    fn say(&self, text: &str) {
        self.progress.suspend(|| self.printer.talk(text));
    }

    fn log(&self, level: LogLevel, text: &str) {
        self.progress.suspend(|| self.printer.log_line(level, text));
    }
}
