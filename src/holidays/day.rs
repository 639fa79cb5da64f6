//! How the date of a holiday follows from the year.

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// A rule for a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// The same date every year: month and day.
    On(u32, u32),
    /// So many days from Easter Sunday.
    Easter(i64),
    /// The first such weekday on or after month and day, and so many days later.
    From(Weekday, u32, u32, u64),
    /// The Wednesday before 23 November.
    Repentance,
    /// The first Thursday of April, or the second if the first is in Holy Week.
    Naefels,
    /// 26 December, unless that would make four days without work, or part them by one.
    StephenUnlessBridged,
    /// The day after a day in month and day that falls on a Sunday.
    AfterSunday(u32, u32),
}

impl Day {
    /// The date in `year`, if there is one.
    pub fn in_year(self, year: i32) -> Option<NaiveDate> {
        match self {
            Self::On(month, day) => NaiveDate::from_ymd_opt(year, month, day),
            Self::Easter(days) => easter(year)?.checked_add_signed(chrono::TimeDelta::days(days)),
            Self::From(weekday, month, day, days) => {
                first(weekday, NaiveDate::from_ymd_opt(year, month, day)?)?.checked_add_days(Days::new(days))
            }
            Self::Repentance => first(Weekday::Wed, NaiveDate::from_ymd_opt(year, 11, 16)?),
            Self::Naefels => {
                let thursday = first(Weekday::Thu, NaiveDate::from_ymd_opt(year, 4, 1)?)?;
                let is_in_holy_week = easter(year)?.checked_sub_days(Days::new(3)) == Some(thursday);
                if is_in_holy_week { thursday.checked_add_days(Days::new(7)) } else { Some(thursday) }
            }
            Self::StephenUnlessBridged => NaiveDate::from_ymd_opt(year, 12, 26)
                .filter(|date| !matches!(date.weekday(), Weekday::Tue | Weekday::Sat)),
            Self::AfterSunday(month, day) => NaiveDate::from_ymd_opt(year, month, day)
                .filter(|date| date.weekday() == Weekday::Sun)
                .and_then(|date| date.succ_opt()),
        }
    }
}

fn first(weekday: Weekday, from: NaiveDate) -> Option<NaiveDate> {
    let ahead = (7 + weekday.num_days_from_monday() - from.weekday().num_days_from_monday()) % 7;
    from.checked_add_days(Days::new(ahead.into()))
}

/// Easter Sunday of the Gregorian calendar, by the rule of Meeus, Jones and Butcher.
fn easter(year: i32) -> Option<NaiveDate> {
    let golden = year.rem_euclid(19);
    let (century, rest) = (year.div_euclid(100), year.rem_euclid(100));
    let correction = (8 * century + 13).div_euclid(25);
    let moon = (19 * golden + century - century.div_euclid(4) - correction + 15).rem_euclid(30);
    let weekday = (32 + 2 * century.rem_euclid(4) + 2 * rest.div_euclid(4) - moon - rest.rem_euclid(4)).rem_euclid(7);
    let late = (golden + 11 * moon + 22 * weekday).div_euclid(451);
    let days = moon + weekday - 7 * late + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(days / 31).ok()?, u32::try_from(days % 31 + 1).ok()?)
}
