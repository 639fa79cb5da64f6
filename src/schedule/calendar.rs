//! The days on which a job does not run. Every day is open here; calendars with entries replace this file.

use chrono::NaiveDate;

/// Whether a job runs on a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Open,
    /// It does not.
    Closed {
        /// Why, in words.
        why: String,
    },
}

/// The days on which a job does not run.
#[derive(Debug, Clone, Default)]
pub struct Calendar;

impl Calendar {
    /// Whether a job runs on that local date.
    #[must_use]
    pub fn verdict(&self, _date: NaiveDate) -> Verdict {
        Verdict::Open
    }
}
