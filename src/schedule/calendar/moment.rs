//! When something begins or ends in an iCalendar file.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};

use super::lines::Property;
use crate::config::Zone;

/// A date, or a time on some wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Date(NaiveDate),
    Time(NaiveDateTime, Zone),
}

/// Names of zones as Microsoft's programs write them.
///
/// Source: Unicode CLDR, `windowsZones.xml`.
const WINDOWS: &[(&str, &str)] = &[
    ("W. Europe Standard Time", "Europe/Berlin"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("Romance Standard Time", "Europe/Paris"),
    ("GMT Standard Time", "Europe/London"),
    ("Greenwich Standard Time", "Atlantic/Reykjavik"),
    ("GTB Standard Time", "Europe/Bucharest"),
    ("FLE Standard Time", "Europe/Kiev"),
    ("Eastern Standard Time", "America/New_York"),
    ("Pacific Standard Time", "America/Los_Angeles"),
];

impl Moment {
    /// The moments of a property; times without a zone are on the wall of `here`.
    ///
    /// # Errors
    /// With what cannot be understood.
    pub fn all(property: &Property, here: Zone) -> Result<Vec<Self>, String> {
        let zone = match property.parameter("TZID") {
            None => here,
            Some(name) => zone_of(name)?,
        };
        match property.parameter("VALUE") {
            None | Some("DATE" | "DATE-TIME") => {}
            Some(other) => return Err(format!("`VALUE={other}` is not understood")),
        }
        property.value.split(',').map(|text| Self::parse(text.trim(), zone)).collect()
    }

    /// The one moment of a property.
    ///
    /// # Errors
    /// With what cannot be understood.
    pub fn of(property: &Property, here: Zone) -> Result<Self, String> {
        match Self::all(property, here)?.as_slice() {
            [one] => Ok(*one),
            _ => Err(format!("`{}` is more than one time", property.name)),
        }
    }

    /// `20261224`, `20261224T120000`, `20261224T120000Z`.
    ///
    /// # Errors
    /// With what cannot be understood.
    pub fn parse(text: &str, zone: Zone) -> Result<Self, String> {
        let shown: String = text.chars().take(40).filter(|c| !c.is_control()).collect();
        let wrong = || format!("`{shown}` is no date");
        if text.len() == 8 {
            return NaiveDate::parse_from_str(text, "%Y%m%d").map(Self::Date).map_err(|_| wrong());
        }
        let (text, zone) = text.strip_suffix('Z').map_or((text, zone), |text| (text, Zone::UTC));
        if text.len() != 15 {
            return Err(wrong());
        }
        NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").map(|time| Self::Time(time, zone)).map_err(|_| wrong())
    }

    /// The date on its own wall.
    pub fn date(self) -> NaiveDate {
        match self {
            Self::Date(date) => date,
            Self::Time(time, _) => time.date(),
        }
    }

    /// The same time on another date of its own wall.
    pub fn on(self, date: NaiveDate) -> Self {
        match self {
            Self::Date(_) => Self::Date(date),
            Self::Time(time, zone) => Self::Time(date.and_time(time.time()), zone),
        }
    }

    /// What the wall of `here` shows then; the date's beginning if it is a date.
    pub fn wall(self, here: Zone) -> NaiveDateTime {
        match self {
            Self::Date(date) => date.and_time(NaiveTime::MIN),
            Self::Time(time, zone) if zone == here => time,
            Self::Time(time, zone) => instant(time, zone).with_timezone(&here).naive_local(),
        }
    }

    /// The date that it has on the wall of another moment's zone: how exceptions name what they are about.
    pub fn date_beside(self, other: Self) -> NaiveDate {
        match (self, other) {
            (Self::Time(..), Self::Time(_, zone)) => self.wall(zone).date(),
            _ => self.date(),
        }
    }

    /// Whether it is later than an `UNTIL`, which includes its own moment.
    pub fn is_after(self, until: Self) -> bool {
        match (self, until) {
            (Self::Time(time, zone), Self::Time(until, until_zone)) => instant(time, zone) > instant(until, until_zone),
            _ => self.date() > until.date_beside(self),
        }
    }
}

/// When the wall of a zone shows a time: the first time that it does, or an hour later if it never does.
fn instant(time: NaiveDateTime, zone: Zone) -> DateTime<Zone> {
    let later = || zone.from_local_datetime(&(time + TimeDelta::hours(1))).earliest();
    zone.from_local_datetime(&time).earliest().or_else(later).unwrap_or_else(|| zone.from_utc_datetime(&time))
}

fn zone_of(name: &str) -> Result<Zone, String> {
    let windows = WINDOWS.iter().find(|(theirs, _)| *theirs == name).map_or(name, |(_, ours)| ours);
    let shown: String = name.chars().take(40).filter(|c| !c.is_control()).collect();
    Zone::of(windows).ok_or_else(|| format!("the time zone `{shown}` is not known"))
}

/// Reads `P1D`, `PT2H30M`, `P1W`.
///
/// # Errors
/// With what cannot be understood.
pub fn duration(text: &str) -> Result<TimeDelta, String> {
    let shown: String = text.chars().take(40).filter(|c| !c.is_control()).collect();
    let wrong = || format!("`{shown}` is no duration");
    let mut rest = text.trim_start_matches('+').strip_prefix('P').ok_or_else(wrong)?;
    let mut seconds: i64 = 0;
    let mut is_time = false;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            (is_time, rest) = (true, after);
            continue;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let unit = match (after.chars().next(), is_time) {
            (Some('W'), false) => 604_800,
            (Some('D'), false) => 86_400,
            (Some('H'), true) => 3_600,
            (Some('M'), true) => 60,
            (Some('S'), true) => 1,
            _ => return Err(wrong()),
        };
        let part = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)?;
        seconds = seconds.checked_add(part).ok_or_else(wrong)?;
        rest = &after[1..];
    }
    TimeDelta::try_seconds(seconds).ok_or_else(wrong)
}

/// So many days later, or the last day there is.
pub fn later(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [("P1D", 86_400), ("PT2H30M", 9_000), ("P2W", 1_209_600), ("P1DT1S", 86_401), ("P", 0)] {
            assert_eq!(duration(text).unwrap().num_seconds(), seconds, "{text}");
        }
        for text in ["", "1D", "P1H", "PT1D", "PD", "P99999999999999999999D", "-P1D", "P1Dä"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
