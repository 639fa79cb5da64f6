//! What is wrong with a job, or worth knowing.

use serde::Serialize;

use crate::error::Error;

/// What is wrong with a job, or worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobFinding {
    /// How bad it is.
    pub severity: Weight,
    /// Our stable name for it.
    pub code: &'static str,
    /// The job's id; `None` if it concerns the workspace.
    pub job: Option<String>,
    /// What it is: lower case, no final period.
    pub message: String,
    /// Where: `stackhand.toml:7:9`.
    pub place: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// The job cannot do its work.
    Error,
    /// It can, and somebody will be sorry.
    Warning,
    /// Worth knowing.
    Hint,
}

impl Weight {
    /// How machines and people see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

impl JobFinding {
    /// An error as a finding.
    pub(super) fn of(severity: Weight, error: impl Into<Error>) -> Self {
        let error = error.into();
        Self { severity, code: error.code, job: None, message: error.message, place: error.place, hint: error.hint }
    }

    pub(super) fn error(error: impl Into<Error>) -> Self {
        Self::of(Weight::Error, error)
    }

    pub(super) fn warning(error: impl Into<Error>) -> Self {
        Self::of(Weight::Warning, error)
    }

    pub(super) fn hint(error: impl Into<Error>) -> Self {
        Self::of(Weight::Hint, error)
    }
}
