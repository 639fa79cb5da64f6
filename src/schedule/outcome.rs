//! What becomes of a fire time, and why.

use std::fmt;

/// What became of a fire time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Its run ended well.
    Done,
    /// Its run failed.
    Failed,
    /// Its run did a part of what it was to do.
    Partial,
    /// Nothing was started, or the run itself said that there was nothing to do.
    Skipped,
    /// Its run was refused: by a grant, a protection or a cap.
    Refused,
    /// Its run was ended by a person, or by the next fire time.
    Cancelled,
    /// Its run did not end in the time that it had.
    TimedOut,
    /// It passed while nothing could be started.
    Missed,
    /// The job that undoes this one came before it could start.
    Superseded,
    /// It had started when the scheduler was killed, and nobody saw its end.
    Unknown,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Failed,
        Self::Partial,
        Self::Skipped,
        Self::Refused,
        Self::Cancelled,
        Self::TimedOut,
        Self::Missed,
        Self::Superseded,
        Self::Unknown,
    ];

    /// Its spelling in stores and machine formats.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Partial => "partial",
            Self::Skipped => "skipped",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Missed => "missed",
            Self::Superseded => "superseded",
            Self::Unknown => "unknown",
        }
    }

    /// The outcome of that spelling.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why: a stable name for machines, and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reason {
    /// Such as `overlap`, `calendar`, `down`; of runs that failed the kind of their error.
    pub code: String,
    /// Lower case, no final period.
    pub text: String,
}

impl Reason {
    /// A reason.
    pub fn new(code: &str, text: impl Into<String>) -> Self {
        Self { code: code.to_owned(), text: text.into() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
