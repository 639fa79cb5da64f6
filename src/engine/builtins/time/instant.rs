//! A point in time as a script's value, seen from a zone.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};

use chrono::format::{Item, StrftimeItems};
use chrono::{
    DateTime, Datelike, Days, LocalResult, Months, NaiveDate, NaiveDateTime, NaiveTime, Offset, SecondsFormat,
    TimeDelta, TimeZone, Timelike, Utc, Weekday,
};

use super::duration::Duration;
use crate::config::Zone;
use crate::error::{Error, Kind, Result};

/// A point in time in the years 1 to 9999, seen from a zone (UTC unless told otherwise). Two instants are equal if
/// they are the same point in time, whatever their zones. Prints as RFC 3339: with `Z` in UTC, else with the offset.
#[derive(Debug, Clone, Copy)]
pub struct Instant(DateTime<Zone>);

/// The last instant: a day before the bound, so that no offset leads out of it.
const LAST: i64 = 253_402_214_400;

/// What an instant can be truncated to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Unit {
    Minute,
    Hour,
    Day,
    /// Weeks begin on Monday.
    Week,
    Month,
    Year,
}

impl Unit {
    /// The names a script can use.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("minute", Self::Minute),
        ("hour", Self::Hour),
        ("day", Self::Day),
        ("week", Self::Week),
        ("month", Self::Month),
        ("year", Self::Year),
    ];

    /// The unit of this name.
    ///
    /// # Errors
    /// If there is none, naming all.
    pub fn named(name: &str) -> Result<Self> {
        Self::NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, unit)| unit).ok_or_else(|| {
            Error::new(Kind::Script, "unknown_unit", format!("an instant cannot be truncated to `{name}`"))
                .with_hint("it can to `minute`, `hour`, `day`, `week`, `month` and `year`")
        })
    }
}

impl Instant {
    /// The instant `time`, seen from UTC.
    ///
    /// # Errors
    /// If it is outside of the years 1 to 9999.
    pub fn new(time: DateTime<Utc>) -> Result<Self> {
        Self::seen_from(time, Zone::UTC)
    }

    /// The instant `time`, seen from `zone`.
    fn seen_from(time: DateTime<Utc>, zone: Zone) -> Result<Self> {
        let (first, last) = (DateTime::from_timestamp(-62_135_510_400, 0), DateTime::from_timestamp(LAST, 0));
        if first.is_some_and(|first| time < first) || last.is_some_and(|last| time > last) {
            return Err(Error::new(Kind::Script, "instant_out_of_range", "an instant must lie in the years 1 to 9999"));
        }
        Ok(Self(time.with_timezone(&zone)))
    }

    /// Reads RFC 3339, such as `2026-11-22T08:00:00Z`.
    ///
    /// # Errors
    /// If the text is no RFC 3339 time.
    pub fn parse(text: &str) -> Result<Self> {
        let time = DateTime::parse_from_rfc3339(text.trim()).map_err(|_| {
            let error = Error::new(Kind::Script, "bad_instant", format!("`{text}` is no RFC 3339 time"));
            if local_time(text).is_some() {
                error
                    .with_hint("it has no offset; name a zone, as in `instant(text, \"Europe/Berlin\")`, or append `Z`")
            } else {
                error.with_hint("write it as `2026-11-22T08:00:00Z` or `2026-11-22T09:00:00+01:00`")
            }
        })?;
        Self::new(time.to_utc())
    }

    /// Reads what the API sends; `None` if it is no RFC 3339 time.
    pub fn from_wire(text: &str) -> Option<Self> {
        // The length and the dashes rule most texts out before the parser looks.
        let bytes = text.as_bytes();
        if bytes.len() < 20 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        DateTime::parse_from_rfc3339(text).ok().and_then(|time| Self::new(time.to_utc()).ok())
    }

    /// Reads a local time or date in `zone`: `2026-11-22T09:00`, `2026-11-22 09:00:30`, `2026-11-22` (its start).
    /// A time that the change to summer time skips counts from the hour before; one that comes twice is the first.
    /// Any time on the last day of the year 9999, which is how people write "for ever", is the last instant there is.
    ///
    /// # Errors
    /// If the text is no such time.
    pub fn parse_local(text: &str, zone: Zone) -> Result<Self> {
        let Some(local) = local_time(text) else {
            return Err(Error::new(Kind::Script, "bad_instant", format!("`{text}` is no local time"))
                .with_hint("write it as `2026-11-22T09:00` or `2026-11-22`, without an offset"));
        };
        Self::from_local(local, zone)
    }

    /// Reads a local time or date in `zone` by a pattern of strftime, such as `%Y%m%dT%H%M`; as [`Self::parse_local`].
    ///
    /// # Errors
    /// If the pattern is wrong, or the text does not match it.
    pub fn parse_pattern(text: &str, pattern: &str, zone: Zone) -> Result<Self> {
        items(pattern)?;
        let local = NaiveDateTime::parse_from_str(text, pattern)
            .ok()
            .or_else(|| NaiveDate::parse_from_str(text, pattern).ok().map(|date| date.and_time(NaiveTime::MIN)));
        match local {
            Some(local) => Self::from_local(local, zone),
            None => Err(Error::new(Kind::Script, "bad_instant", format!("`{text}` does not match `{pattern}`"))),
        }
    }

    fn from_local(local: NaiveDateTime, zone: Zone) -> Result<Self> {
        let time = resolve(local, zone);
        let is_for_ever = (local.year(), local.ordinal()) == (9999, 365);
        let last = DateTime::from_timestamp(LAST, 0).filter(|last| is_for_ever && time > *last);
        Self::seen_from(last.unwrap_or(time), zone)
    }

    /// The point in time.
    pub fn time(self) -> DateTime<Utc> {
        self.0.to_utc()
    }

    /// The zone it is seen from.
    pub fn zone(self) -> Zone {
        self.0.timezone()
    }

    /// The same point in time, seen from `zone`.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> Self {
        Self(self.0.with_timezone(&zone))
    }

    /// The date and time that a clock in its zone shows.
    pub fn local(self) -> NaiveDateTime {
        self.0.naive_local()
    }

    /// The English name of its day in lower case, such as `monday`.
    pub fn weekday(self) -> &'static str {
        match self.0.weekday() {
            Weekday::Mon => "monday",
            Weekday::Tue => "tuesday",
            Weekday::Wed => "wednesday",
            Weekday::Thu => "thursday",
            Weekday::Fri => "friday",
            Weekday::Sat => "saturday",
            Weekday::Sun => "sunday",
        }
    }

    /// The instant so much time later; 24 hours are not always a day on the clock, see [`Self::plus_days`].
    ///
    /// # Errors
    /// If it leaves the years 1 to 9999.
    pub fn plus(self, duration: Duration) -> Result<Self> {
        Self::seen_from(self.time() + duration.span(), self.zone())
    }

    /// The time from `earlier` to this; negative if `earlier` is later.
    ///
    /// # Errors
    /// Never for instants of the years 1 to 9999.
    pub fn since(self, earlier: Self) -> Result<Duration> {
        Duration::new(self.time() - earlier.time())
    }

    /// The same time on the clock so many days later (earlier if negative).
    ///
    /// # Errors
    /// If it leaves the years 1 to 9999.
    pub fn plus_days(self, days: i64) -> Result<Self> {
        let count = Days::new(days.unsigned_abs());
        let local = if days < 0 { self.local().checked_sub_days(count) } else { self.local().checked_add_days(count) };
        self.at_local(local)
    }

    /// The same day and time on the clock so many months later (earlier if negative), or the month's last day.
    ///
    /// # Errors
    /// If it leaves the years 1 to 9999.
    pub fn plus_months(self, months: i64) -> Result<Self> {
        let count = u32::try_from(months.unsigned_abs()).map(Months::new).ok();
        let local = self.local();
        let local =
            count.and_then(
                |count| {
                    if months < 0 { local.checked_sub_months(count) } else { local.checked_add_months(count) }
                },
            );
        self.at_local(local)
    }

    /// The instant of the same day in its zone when the clock shows this time: `22:00` or `22:00:30`.
    ///
    /// # Errors
    /// If the text is no time of day.
    pub fn at(self, text: &str) -> Result<Self> {
        let time = ["%H:%M", "%H:%M:%S"].iter().find_map(|pattern| NaiveTime::parse_from_str(text, pattern).ok());
        let Some(time) = time else {
            return Err(Error::new(Kind::Script, "bad_time_of_day", format!("`{text}` is no time of day"))
                .with_hint("write it as `22:00` or `22:00:30`"));
        };
        self.at_local(Some(self.local().date().and_time(time)))
    }

    /// The start of the minute, hour, day, week, month or year that it lies in, in its zone; never later than it.
    ///
    /// # Errors
    /// If that leaves the years 1 to 9999.
    pub fn truncate(self, unit: Unit) -> Result<Self> {
        let local = self.local();
        let date = local.date();
        let start = match unit {
            // An hour that comes twice is two hours: only the clock's hands within it are turned back.
            Unit::Minute => return self.back(i64::from(local.second()), local.nanosecond()),
            Unit::Hour => return self.back(i64::from(local.minute() * 60 + local.second()), local.nanosecond()),
            Unit::Day => Some(date),
            Unit::Week => date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday()))),
            Unit::Month => date.with_day(1),
            Unit::Year => NaiveDate::from_ymd_opt(date.year(), 1, 1),
        };
        self.at_local(start.map(|date| date.and_time(NaiveTime::MIN)))
    }

    fn back(self, seconds: i64, nanoseconds: u32) -> Result<Self> {
        // A leap second counts its nanoseconds beyond a whole second.
        let span = TimeDelta::seconds(seconds) + TimeDelta::nanoseconds(i64::from(nanoseconds));
        Self::seen_from(self.time() - span, self.zone())
    }

    fn at_local(self, local: Option<NaiveDateTime>) -> Result<Self> {
        match local {
            Some(local) => Self::seen_from(resolve(local, self.zone()), self.zone()),
            None => Err(Error::new(Kind::Script, "instant_out_of_range", "an instant must lie in the years 1 to 9999")),
        }
    }

    /// Writes it by a pattern of strftime, such as `%Y%m%dT%H%M`.
    ///
    /// # Errors
    /// If the pattern has an unknown conversion.
    pub fn format(self, pattern: &str) -> Result<String> {
        let items = items(pattern)?;
        let mut text = String::new();
        write!(text, "{}", self.0.format_with_items(items.iter())).map_err(|_| bad_pattern(pattern))?;
        Ok(text)
    }
}

/// Date and time without a zone, in the forms people write.
fn local_time(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|pattern| NaiveDateTime::parse_from_str(text, pattern).ok())
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|date| date.and_time(NaiveTime::MIN)))
}

/// The instant when clocks in `zone` show `local`: the first of two, or as if the clock had not been put forward.
fn resolve(local: NaiveDateTime, zone: Zone) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => time.to_utc(),
        LocalResult::None => {
            let day_before = local.checked_sub_days(Days::new(1)).unwrap_or(local);
            let offset = zone.offset_from_utc_datetime(&day_before).fix();
            local.checked_sub_offset(offset).unwrap_or(local).and_utc()
        }
    }
}

fn items(pattern: &str) -> Result<Vec<Item<'_>>> {
    let items: Vec<Item<'_>> = StrftimeItems::new(pattern).collect();
    if items.iter().any(|item| matches!(item, Item::Error)) {
        return Err(bad_pattern(pattern));
    }
    Ok(items)
}

fn bad_pattern(pattern: &str) -> Error {
    Error::new(Kind::Script, "bad_time_pattern", format!("`{pattern}` is no pattern for times"))
        .with_hint("patterns are those of strftime, such as `%Y-%m-%d %H:%M` or `%Y%m%dT%H%M`; a percent sign is `%%`")
}

impl PartialEq for Instant {
    fn eq(&self, other: &Self) -> bool {
        self.time() == other.time()
    }
}

impl Eq for Instant {}

impl PartialOrd for Instant {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Instant {
    fn cmp(&self, other: &Self) -> Ordering {
        self.time().cmp(&other.time())
    }
}

impl Hash for Instant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.time().hash(state);
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, self.zone() == Zone::UTC))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::zone;

    fn at(text: &str) -> Instant {
        Instant::parse(text).expect(text)
    }

    fn berlin(text: &str) -> Instant {
        at(text).in_zone(zone("Europe/Berlin").expect("known"))
    }

    #[test]
    fn instants_print_as_on_the_wire() {
        for text in ["2017-07-21T17:32:28Z", "2026-11-22T08:00:00.123Z", "2026-11-22T08:00:00.123456789Z"] {
            assert_eq!(at(text).to_string(), text);
            assert_eq!(Instant::from_wire(text).expect(text).to_string(), text);
        }
        assert_eq!(at("2026-11-22T09:00:00+01:00").to_string(), "2026-11-22T08:00:00Z");
        assert_eq!(berlin("2026-07-01T08:00:00Z").to_string(), "2026-07-01T10:00:00+02:00");
        for text in ["", "2026-11-22", "ubuntu-24.04-2026-11-22", "2026-13-22T08:00:00Z", "é026-11-22T08:00:00Z"] {
            assert_eq!(Instant::from_wire(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_without_an_offset_is_an_error_that_names_the_way_out() {
        let error = Instant::parse("2026-11-22T08:00").expect_err("no offset");
        assert!(error.hint.expect("a hint").contains("Europe/Berlin"));
        let error = Instant::parse("tomorrow").expect_err("no time");
        assert!(error.hint.expect("a hint").contains("+01:00"));
    }

    #[test]
    fn local_times_are_read_in_their_zone() {
        for (text, printed) in [
            ("2026-11-22T09:00", "2026-11-22T09:00:00+01:00"),
            ("2026-07-01 09:00:30", "2026-07-01T09:00:30+02:00"),
            ("2026-07-01", "2026-07-01T00:00:00+02:00"),
            // Skipped by the change to summer time, and there twice on the way back.
            ("2026-03-29T02:30", "2026-03-29T03:30:00+02:00"),
            ("2026-10-25T02:30", "2026-10-25T02:30:00+02:00"),
        ] {
            assert_eq!(
                Instant::parse_local(text, zone("Europe/Berlin").expect("known")).expect(text).to_string(),
                printed
            );
        }
        assert!(Instant::parse_local("2026-11-22T08:00:00Z", Zone::UTC).is_err());
        let by_label = Instant::parse_pattern("20261122T0900", "%Y%m%dT%H%M", zone("Europe/Berlin").expect("known"));
        assert_eq!(by_label.expect("it matches").to_string(), "2026-11-22T09:00:00+01:00");
        assert!(Instant::parse_pattern("soon", "%Y%m%dT%H%M", Zone::UTC).is_err());
        assert!(Instant::parse_pattern("2026", "%Q", Zone::UTC).is_err());
    }

    #[test]
    fn for_ever_can_be_written_in_every_zone() {
        for zone_name in ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
            let zone = zone(zone_name).expect("known");
            for text in ["99991231T2359", "99991231T0000"] {
                let time = Instant::parse_pattern(text, "%Y%m%dT%H%M", zone).expect(text);
                assert!(time > at("9999-12-30T00:00:00Z"), "{time}");
                assert_eq!(time.format("%Y").expect("a pattern"), "9999", "{zone_name}");
            }
            assert!(Instant::parse_local("9999-12-31 23:59", zone).is_ok(), "{zone_name}");
        }
    }

    #[test]
    fn truncation_follows_the_zone() {
        for (text, unit, start) in [
            ("2026-11-22T08:31:45.5Z", Unit::Minute, "2026-11-22T09:31:00+01:00"),
            ("2026-11-22T08:31:45Z", Unit::Hour, "2026-11-22T09:00:00+01:00"),
            ("2026-11-21T23:30:00Z", Unit::Day, "2026-11-22T00:00:00+01:00"),
            ("2026-11-22T08:00:00Z", Unit::Week, "2026-11-16T00:00:00+01:00"),
            ("2026-10-31T23:30:00Z", Unit::Month, "2026-11-01T00:00:00+01:00"),
            ("2026-07-22T08:00:00Z", Unit::Year, "2026-01-01T00:00:00+01:00"),
            // The day of the change has 23 hours.
            ("2026-03-29T10:00:00Z", Unit::Day, "2026-03-29T00:00:00+01:00"),
            // The second 02:30 of the night: its hour is the second 02:00.
            ("2026-10-25T01:30:00Z", Unit::Hour, "2026-10-25T02:00:00+01:00"),
        ] {
            assert_eq!(berlin(text).truncate(unit).expect(text).to_string(), start, "{text} {unit:?}");
        }
    }

    #[test]
    fn a_midnight_that_never_was_is_the_first_instant_of_the_day() {
        // Cairo puts its clocks forward at midnight.
        let noon = at("2026-04-24T12:00:00Z").in_zone(zone("Africa/Cairo").expect("known"));
        assert_eq!(noon.truncate(Unit::Day).expect("in range").to_string(), "2026-04-24T01:00:00+03:00");
    }

    #[test]
    fn days_on_the_clock_differ_from_24_hours_when_the_clock_changes() {
        let evening = Instant::parse_local("2026-03-28T22:00", zone("Europe/Berlin").expect("known")).expect("local");
        let day = Duration::of(1, TimeDelta::days(1)).expect("short");
        assert_eq!(evening.plus(day).expect("in range").to_string(), "2026-03-29T23:00:00+02:00");
        assert_eq!(evening.plus_days(1).expect("in range").to_string(), "2026-03-29T22:00:00+02:00");
        assert_eq!(evening.plus_days(-1).expect("in range").to_string(), "2026-03-27T22:00:00+01:00");
        let last = Instant::parse_local("2026-01-31T12:00", zone("Europe/Berlin").expect("known")).expect("local");
        assert_eq!(last.plus_months(1).expect("in range").to_string(), "2026-02-28T12:00:00+01:00");
        assert_eq!(last.plus_months(-2).expect("in range").to_string(), "2025-11-30T12:00:00+01:00");
        assert_eq!(evening.at("06:30").expect("a time").to_string(), "2026-03-28T06:30:00+01:00");
        assert!(evening.at("25:00").is_err());
    }

    #[test]
    fn nothing_leaves_the_years_1_to_9999() {
        let long = Duration::of(3_600_000, TimeDelta::days(1)).expect("short enough");
        let now = at("2026-11-22T08:00:00Z");
        assert!(now.plus(long).is_err());
        assert!(now.plus(long.negated()).is_err());
        for count in [i64::MAX, i64::MIN, 10_000_000] {
            assert!(now.plus_days(count).is_err());
            assert!(now.plus_months(count).is_err());
        }
        for zone_name in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
            for text in ["0001-01-02T12:00:00Z", "9999-12-30T12:00:00Z"] {
                let there = at(text).in_zone(zone(zone_name).expect("known"));
                for (_, unit) in Unit::NAMES {
                    let _ = there.truncate(unit);
                }
                let _ = there.plus_days(1).and_then(|later| later.format("%c %G-%V %s"));
            }
        }
    }

    #[test]
    fn patterns_are_checked() {
        let time = berlin("2026-11-22T08:05:09Z");
        for (pattern, text) in [
            ("%Y%m%dT%H%M", "20261122T0905"),
            ("%A, %-d %B %Y %H:%M %Z", "Sunday, 22 November 2026 09:05 CET"),
            ("100%%", "100%"),
            ("", ""),
        ] {
            assert_eq!(time.format(pattern).expect(pattern), text);
        }
        for pattern in ["%Q", "%", "%Y-%", "%5"] {
            assert!(time.format(pattern).is_err(), "{pattern}");
        }
        assert_eq!(time.weekday(), "sunday");
    }

    #[test]
    fn equality_is_of_the_point_in_time() {
        assert_eq!(at("2026-11-22T08:00:00Z"), berlin("2026-11-22T08:00:00Z"));
        assert!(at("2026-11-22T08:00:01Z") > berlin("2026-11-22T08:00:00Z"));
        let span = at("2026-11-22T08:00:00Z").since(at("2026-11-21T07:00:00Z")).expect("short");
        assert_eq!(span.to_string(), "1d1h");
    }

    proptest::proptest! {
        #[test]
        fn truncating_never_leads_into_the_future_and_is_stable(seconds in 0_i64..4_000_000_000, index in 0_usize..590) {
            let zone = Zone::names().nth(index).and_then(Zone::of).expect("known");
            let time = Instant::new(DateTime::from_timestamp(seconds, 0).expect("in range")).expect("in range").in_zone(zone);
            for (_, unit) in Unit::NAMES {
                let start = time.truncate(unit).expect("in range");
                proptest::prop_assert!(start <= time, "{} {:?} {}", time, unit, zone);
                proptest::prop_assert_eq!(start.truncate(unit).expect("in range"), start);
            }
        }

        #[test]
        fn no_pattern_makes_it_panic(pattern in "(%[-_0]?[A-Za-z+:.#3-9]{0,2}|\\PC){0,6}") {
            let _ = at("2026-11-22T08:00:00Z").format(&pattern);
        }
    }
}
