//! One entry of a calendar as it is written.

use std::path::Path;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::file::{CalendarFiles, ClosedDays};
use crate::config::{Located, Zone};
use crate::holidays::Region;
use crate::schedule::field::{Numbers, WEEKDAY};

/// What an entry of a calendar names.
#[derive(Debug, Clone)]
pub struct Entry {
    text: String,
    dates: Dates,
}

#[derive(Debug, Clone)]
enum Dates {
    Holidays(Region),
    /// From one date to another, both within.
    Stretch(NaiveDate, NaiveDate),
    /// From one day of the year to another, month and day, both within; over its end if the second comes first.
    Yearly((u32, u32), (u32, u32)),
    /// Weekdays, Sunday being 0.
    Weekdays(Numbers),
    File(Arc<ClosedDays>),
}

/// Why an entry cannot be used, and what to do.
#[derive(Debug)]
pub struct Problem {
    pub message: String,
    pub hint: String,
}

/// How entries are written.
const HINT: &str = "write `holidays:DE-BW`, `2026-12-24`, `2026-12-24..2027-01-06`, `12-24..01-06` for every year, `Sat-Sun` or \
                    `file:closed.ics`";

impl Entry {
    /// Reads an entry; a file is read from `folder`.
    pub fn read(
        written: &Located<String>,
        folder: &Path,
        zone: Zone,
        files: &mut CalendarFiles,
    ) -> Result<Self, Problem> {
        let text = written.value.trim();
        let dates = if let Some(region) = text.strip_prefix("holidays:") {
            let region = region.parse().map_err(|error: crate::error::Error| Problem {
                message: error.message,
                hint: error.hint.unwrap_or_else(|| HINT.to_owned()),
            })?;
            Dates::Holidays(region)
        } else if let Some(path) = text.strip_prefix("file:") {
            let path = path.trim();
            let days = files.read(&folder.join(path), zone).map_err(|message| Problem {
                message: format!("the calendar file {path} {message}"),
                hint: "paths count from the folder of stackhand.toml; files are in the iCalendar format (.ics)"
                    .to_owned(),
            })?;
            Dates::File(days)
        } else {
            let shown: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
            dates(text).ok_or(()).or_else(|()| weekdays(text).ok_or(())).map_err(|()| Problem {
                message: format!("`{shown}` is no entry of a calendar"),
                hint: HINT.to_owned(),
            })?
        };
        if let Dates::Stretch(first, last) = dates
            && last < first
        {
            let message = format!("`{text}` ends before it begins");
            return Err(Problem { message, hint: format!("write `{last}..{first}`") });
        }
        Ok(Self { text: text.to_owned(), dates })
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is the matter with a date, if the entry names it.
    pub fn reason(&self, date: NaiveDate) -> Option<String> {
        let (text, day) = (&self.text, (date.month(), date.day()));
        match &self.dates {
            Dates::Holidays(region) => region.holiday(date).map(|holiday| format!("{} ({text})", holiday.name)),
            Dates::File(days) => days.name(date).map(|name| format!("{name} ({text})")),
            Dates::Stretch(first, last) => (*first..=*last).contains(&date).then(|| text.clone()),
            Dates::Yearly(first, last) => {
                let is_within =
                    if first <= last { *first <= day && day <= *last } else { day >= *first || day <= *last };
                is_within.then(|| text.clone())
            }
            Dates::Weekdays(days) => {
                let day = date.weekday().num_days_from_sunday();
                // Sunday is 0 and 7.
                let is_named = days.contains(day) || (day == 0 && days.contains(7));
                is_named.then(|| format!("{} ({text})", date.format("%A")))
            }
        }
    }
}

/// A date or two; with or without years.
fn dates(text: &str) -> Option<Dates> {
    let (first, last) = text.split_once("..").map_or((text, text), |(first, last)| (first.trim(), last.trim()));
    if let (Some(first), Some(last)) = (date(first), date(last)) {
        return Some(Dates::Stretch(first, last));
    }
    // In a leap year, so that 29 February is a day.
    let day = |text: &str| date(&format!("2000-{text}")).map(|date| (date.month(), date.day()));
    Some(Dates::Yearly(day(first)?, day(last)?))
}

/// `2026-12-24`, and nothing like it.
fn date(text: &str) -> Option<NaiveDate> {
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_plain.then(|| text.parse().ok()).flatten()
}

/// `Sat`, `Sat-Sun`, `Sat,Sun`.
fn weekdays(text: &str) -> Option<Dates> {
    let is_named = text.starts_with(char::is_alphabetic);
    is_named.then(|| WEEKDAY.read(text).ok()).flatten().map(Dates::Weekdays)
}
