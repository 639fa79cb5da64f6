//! How a run ended.

use serde_json::Value;

use super::context::Verdict;
use super::failure::Failure;
use super::kept::KeptChange;
use crate::error::{Error, ExitCode};

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The value of the last expression; `null` for `()`.
    pub value: Value,
    /// The same for people: a table for a list of objects, nothing for `()`.
    pub text: String,
    /// The error that nothing caught.
    pub failure: Option<Failure>,
    /// What the recipe itself said of its end.
    pub verdict: Option<Verdict>,
    /// What it wants kept, if it ended well.
    pub kept: Vec<KeptChange>,
}

impl Outcome {
    /// The error that nothing caught, without the way that it came.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.failure.as_ref().map(|failure| &failure.error)
    }

    /// The exit code that follows.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match (&self.failure, &self.verdict) {
            (Some(failure), _) => failure.error.exit_code() as u8,
            (None, Some(Verdict::Exited(code))) => *code,
            (None, Some(Verdict::Partly { ok: 0, failed: 1.. })) => ExitCode::Script as u8,
            (None, Some(Verdict::Partly { failed: 1.., .. })) => ExitCode::Partly as u8,
            (None, Some(Verdict::Skipped(_) | Verdict::Partly { .. }) | None) => ExitCode::Done as u8,
        }
    }
}
