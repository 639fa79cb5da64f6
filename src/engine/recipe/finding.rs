//! What is wrong in a recipe, and where.

use serde::Serialize;

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It cannot run, or will fail once it gets there.
    Error,
    /// It may do something else than what is meant.
    Warning,
}

/// A problem of a recipe, found without running it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Our stable name for this kind of problem, such as `unknown_function`.
    pub code: &'static str,
    /// The line, from 1; 0 if it concerns the whole file.
    pub line: usize,
    /// The column in characters, from 1; 0 if it concerns the whole line.
    pub column: usize,
    /// How many characters it spans; 0 if unknown.
    pub length: usize,
    /// What is wrong: lower case, no final period.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Finding {
    /// A problem that keeps the recipe from running.
    #[must_use]
    pub fn error(code: &'static str, line: usize, column: usize, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, line, column, length: 0, message: message.into(), hint: None }
    }

    /// A problem that the recipe may live with.
    #[must_use]
    pub fn warning(code: &'static str, line: usize, column: usize, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, line, column, message) }
    }

    /// Adds how many characters it spans.
    #[must_use]
    pub fn spanning(mut self, length: usize) -> Self {
        self.length = length;
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
