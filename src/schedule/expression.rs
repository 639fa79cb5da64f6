//! A crontab expression, with the crontab user's meaning.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::days::DayRule;
use super::field::{HOUR, MINUTE, MONTH, Numbers, SECOND};
use super::wall::Wall;
use super::words;
use crate::error::{Error, Kind, Result, nearest};

/// Where fire times begin, and those of the `cron` crate too.
const FIRST_YEAR: i32 = 1970;
/// Where fire times end, as the `cron` crate's years do.
const LAST_YEAR: i32 = 2100;

/// What each `@` name stands for.
const NAMED: &[(&str, &str)] = &[
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// A crontab expression of five fields, of six with seconds in front, or one of the `@` names.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    pub(super) seconds: Numbers,
    pub(super) minutes: Numbers,
    pub(super) hours: Numbers,
    pub(super) days: DayRule,
    pub(super) months: Numbers,
    is_interval: bool,
    wall: Wall,
}

impl Expression {
    /// Whether it means intervals of elapsed time (its seconds, minutes or hours begin with `*`), and not fixed times
    /// of the day. The distinction is Debian's cron's; it decides what happens when the clocks change.
    #[must_use]
    pub fn is_interval(&self) -> bool {
        self.is_interval
    }

    /// What it means, in English: `at 20:00 from Monday to Friday`.
    #[must_use]
    pub fn words(&self) -> String {
        words::of(self)
    }

    /// The first time on the wall at or after `from` that it names; `None` when there is none before the year 2101.
    pub(super) fn next_on_the_wall(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        self.wall.next(from)
    }

    /// How many times on the wall within `[start, end)` it names.
    pub(super) fn count_on_the_wall(&self, start: NaiveDateTime, end: NaiveDateTime) -> u64 {
        if start >= end {
            return 0;
        }
        let dates = start.date().iter_days().take_while(|date| *date <= end.date() && date.year() <= LAST_YEAR);
        let known = dates.filter(|date| date.year() >= FIRST_YEAR);
        let named = known.filter(|date| self.months.contains(date.month()) && self.days.includes(*date));
        let before = |date: NaiveDate, edge: NaiveDateTime, otherwise: u64| {
            if date == edge.date() { self.count_before(edge.time()) } else { otherwise }
        };
        let whole = u64::from(self.seconds.len() * self.minutes.len()) * u64::from(self.hours.len());
        named.map(|date| before(date, end, whole) - before(date, start, 0)).sum()
    }

    /// How many times of the day it names before `time`.
    fn count_before(&self, time: NaiveTime) -> u64 {
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let within_minute = if self.minutes.contains(minute) { self.seconds.below(second) } else { 0 };
        let within_hour = self.minutes.below(minute) * self.seconds.len() + within_minute;
        let hours = self.hours.below(hour) * self.minutes.len() * self.seconds.len();
        u64::from(hours + if self.hours.contains(hour) { within_hour } else { 0 })
    }

    fn read(text: &str, given: &str) -> Result<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [second, minute, hour, day, month, weekday] = match *fields.as_slice() {
            [minute, hour, day, month, weekday] => ["0", minute, hour, day, month, weekday],
            [second, minute, hour, day, month, weekday] => [second, minute, hour, day, month, weekday],
            _ => return Err(wrong_count(fields.len())),
        };
        let expression = || -> Result<Self> {
            let (seconds, minutes, hours) = (SECOND.read(second)?, MINUTE.read(minute)?, HOUR.read(hour)?);
            let (days, months) = (DayRule::read(day, weekday)?, MONTH.read(month)?);
            let wall = Wall::new(seconds, minutes, hours, days.clone(), months)
                .ok_or_else(|| Error::new(Kind::Bug, "bad_schedule", "a set of numbers was not taken"))?;
            let is_interval = [second, minute, hour].iter().any(|field| field.starts_with('*'));
            Ok(Self { text: given.to_owned(), seconds, minutes, hours, days, months, is_interval, wall })
        };
        let expression = expression()?;
        if expression.wall.next(beginning()).is_none() {
            let error = Error::new(Kind::Usage, "never_due", "no day is ever like that");
            return Err(error.with_hint("look at the day of the month and the month: there is no 30 February"));
        }
        Ok(expression)
    }
}

impl FromStr for Expression {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self> {
        let given = given.trim();
        let read = match given.strip_prefix('@') {
            None => Self::read(given, given),
            Some(_) => named(given).and_then(|text| Self::read(text, given)),
        };
        read.map_err(|error| error.with_place(format!("schedule `{given}`")))
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn named(given: &str) -> Result<&'static str> {
    let lower = given.to_ascii_lowercase();
    if let Some((_, text)) = NAMED.iter().find(|(name, _)| *name == lower) {
        return Ok(text);
    }
    let error = Error::new(Kind::Usage, "bad_schedule", format!("`{given}` is no name of a schedule"));
    if lower == "@reboot" {
        return Err(
            error.with_hint("jobs have fire times; what is to happen at a start belongs into the service's unit")
        );
    }
    Err(match nearest(&lower, NAMED.iter().map(|(name, _)| *name)) {
        Some(name) => error.with_hint(format!("did you mean `{name}`?")),
        None => error.with_hint("there are @hourly, @daily, @weekly, @monthly and @yearly"),
    })
}

fn wrong_count(count: usize) -> Error {
    let fields = if count == 1 { "1 field".to_owned() } else { format!("{count} fields") };
    Error::new(
        Kind::Usage,
        "bad_schedule",
        format!("a schedule has 5 fields, or 6 with seconds in front; this has {fields}"),
    )
    .with_hint("minute, hour, day of the month, month, day of the week: `30 2 * * Mon-Fri`")
}

/// Any day, from which on forty years, and so every leap day on every weekday, lie ahead.
fn beginning() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default().and_time(NaiveTime::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walls(text: &str, from: &str, count: usize) -> Vec<String> {
        let expression: Expression = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut from = from.parse::<NaiveDateTime>().expect("a time");
        (0..count)
            .map_while(|_| {
                let next = expression.next_on_the_wall(from)?;
                from = next + chrono::TimeDelta::seconds(1);
                Some(next.to_string())
            })
            .collect()
    }

    #[test]
    fn five_and_six_fields_and_names_are_read() {
        assert_eq!(walls("30 2 * * Mon-Fri", "2026-11-20T02:30:00", 2), ["2026-11-20 02:30:00", "2026-11-23 02:30:00"]);
        assert_eq!(walls("15 0 12 * * *", "2026-11-20T00:00:00", 1), ["2026-11-20 12:00:15"]);
        assert_eq!(walls("@weekly", "2026-11-20T00:00:00", 1), ["2026-11-22 00:00:00"]);
        assert_eq!(walls("@Hourly", "2026-11-20T00:00:01", 1), ["2026-11-20 01:00:00"]);
    }

    #[test]
    fn rare_days_are_found_and_impossible_ones_are_refused() {
        assert_eq!(walls("0 0 29 2 *", "2026-01-01T00:00:00", 2), ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]);
        assert_eq!(walls("0 0 * 2 Tue#5", "2026-01-01T00:00:00", 2), ["2028-02-29 00:00:00", "2056-02-29 00:00:00"]);
        for never in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "* * * * * 30 2 *"] {
            assert!(never.parse::<Expression>().is_err(), "{never}");
        }
        assert_eq!("0 0 30 2 *".parse::<Expression>().expect_err("never").code, "never_due");
        // With the day of the week joined by OR there are such days.
        assert_eq!(walls("0 0 30 2 Mon", "2026-01-01T00:00:00", 1), ["2026-02-02 00:00:00"]);
    }

    #[test]
    fn the_table_ends_with_the_century_and_says_so() {
        assert_eq!(walls("0 0 1 1 *", "2100-06-01T00:00:00", 1), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_schedule_says_why() {
        for (text, message) in [
            ("", "a schedule has 5 fields, or 6 with seconds in front; this has 0 fields"),
            ("* * *", "a schedule has 5 fields, or 6 with seconds in front; this has 3 fields"),
            ("0 25 * * *", "`25` as the hour: it goes from 0 to 23"),
            ("@dayly", "`@dayly` is no name of a schedule"),
            ("@reboot", "`@reboot` is no name of a schedule"),
        ] {
            assert_eq!(text.parse::<Expression>().expect_err(text).message, message);
        }
    }
}
