//! What is wrong in a recipe, and where.

use codespan_reporting::diagnostic::{Diagnostic, Label};
use serde::Serialize;

use crate::engine::excerpt::Excerpt;
use crate::engine::{Source, failure};

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It cannot run, or will fail once it gets there.
    Error,
    /// It may do something else than what is meant.
    Warning,
    /// It is as it should be, but good to know.
    Hint,
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

    /// Something that is good to know.
    #[must_use]
    pub fn hint(code: &'static str, line: usize, column: usize, message: impl Into<String>) -> Self {
        Self { severity: Severity::Hint, ..Self::error(code, line, column, message) }
    }

    /// Adds how many characters it spans.
    #[must_use]
    pub fn spanning(mut self, length: usize) -> Self {
        self.length = length;
        self
    }

    /// The problem as a person reads it, with its line and a caret.
    #[must_use]
    pub fn render(&self, source: &Source, has_colour: bool) -> String {
        let diagnostic = match self.severity {
            Severity::Error => Diagnostic::error(),
            Severity::Warning => Diagnostic::warning(),
            Severity::Hint => Diagnostic::note(),
        };
        let mut diagnostic = diagnostic.with_code(self.code).with_message(&self.message);
        let excerpt = if self.line > 0 {
            let length = (self.length > 0).then_some(self.length);
            Excerpt::new(&source.name, &source.text, self.line, self.column, length)
        } else {
            Excerpt::empty()
        };
        if self.line > 0 {
            diagnostic = diagnostic.with_label(Label::primary((), excerpt.span()));
        }
        diagnostic = diagnostic.with_notes(self.hint.iter().map(|hint| format!("hint: {hint}")).collect());
        failure::emit(&excerpt, &diagnostic, has_colour)
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
