//! A job's calendar: what its entries leave of the dates.

use chrono::{Datelike, NaiveDate};

use super::entry::Entry;
use super::file::CalendarFiles;
use crate::config::{CalendarMode, CalendarRule, Error, Workspace, Zone};

/// The last year that schedules know.
pub(super) const LAST_YEAR: i32 = 2100;

/// The dates on which a job is due. Without a rule, all of them.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    rule: Option<(CalendarMode, Vec<Entry>)>,
}

/// Whether a job is due on a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Open,
    /// It is not.
    Closed {
        /// Why, in words.
        why: String,
    },
}

impl Calendar {
    /// Reads a calendar of `stackhand.toml`, and the files that it names. Times of events are told on the wall of
    /// `zone`.
    ///
    /// # Errors
    /// When an entry means nothing, or a file cannot be read or understood; at the entry's place.
    pub fn read(
        rule: &CalendarRule,
        workspace: &Workspace,
        zone: Zone,
        files: &mut CalendarFiles,
    ) -> Result<Self, Error> {
        let entry = |written| {
            Entry::read(written, workspace.folder(), zone, files).map_err(|problem| {
                let error = workspace.complain(written, "bad_calendar", problem.message);
                error.hint(problem.hint)
            })
        };
        Ok(Self { rule: Some((rule.mode, rule.entries.iter().map(entry).collect::<Result<_, _>>()?)) })
    }

    /// Whether the job is due on a date of its zone.
    #[must_use]
    pub fn verdict(&self, date: NaiveDate) -> Verdict {
        let Some((mode, entries)) = &self.rule else { return Verdict::Open };
        let reason = entries.iter().find_map(|entry| entry.reason(date));
        match (mode, reason) {
            (CalendarMode::Skip, Some(why)) => Verdict::Closed { why },
            (CalendarMode::Only, None) => {
                let entries: Vec<&str> = entries.iter().map(Entry::text).collect();
                Verdict::Closed { why: format!("none of {}", entries.join(", ")) }
            }
            (CalendarMode::Skip, None) | (CalendarMode::Only, Some(_)) => Verdict::Open,
        }
    }

    /// The first date on or after `from` on which the job is due; `None` if there is none before the year 2101.
    #[must_use]
    pub fn next_open(&self, from: NaiveDate) -> Option<NaiveDate> {
        from.iter_days().take_while(|date| date.year() <= LAST_YEAR).find(|date| self.verdict(*date) == Verdict::Open)
    }
}

#[cfg(test)]
#[path = "closing_tests.rs"]
mod tests;
