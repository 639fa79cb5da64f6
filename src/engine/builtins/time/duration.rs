//! A span of time as a script's value.

use std::fmt;

use chrono::TimeDelta;

use crate::config::duration;
use crate::error::{Error, Kind, Result};

/// The longest span, in days: a little over the years 1 to 9999, which is what instants hold.
const LONGEST_DAYS: i64 = 3_660_000;

/// A span of time, to the nanosecond; may be negative. Prints in the grammar of durations, such as `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(TimeDelta);

impl Duration {
    /// A duration of this length.
    ///
    /// # Errors
    /// If it is longer than 10,000 years.
    pub fn new(span: TimeDelta) -> Result<Self> {
        if span.num_days().unsigned_abs() > LONGEST_DAYS.unsigned_abs() {
            return Err(too_long());
        }
        Ok(Self(span))
    }

    /// Reads `90s`, `1h30m`, `7d`.
    ///
    /// # Errors
    /// If the text is no duration.
    pub fn parse(text: &str) -> Result<Self> {
        let span = duration::parse(text).map_err(|error| {
            Error::new(Kind::Script, "bad_duration", error.to_string())
                .with_hint("durations are written `90s`, `15m`, `2h`, `7d` or `1h30m`")
        })?;
        Self::new(span)
    }

    /// `count` units of `unit`.
    ///
    /// # Errors
    /// If it is longer than 10,000 years.
    pub fn of(count: i64, unit: TimeDelta) -> Result<Self> {
        let milliseconds = unit.num_milliseconds().checked_mul(count).ok_or_else(too_long)?;
        Self::new(TimeDelta::try_milliseconds(milliseconds).ok_or_else(too_long)?)
    }

    /// `count` units of `unit`, to the microsecond.
    ///
    /// # Errors
    /// If it is longer than 10,000 years, or `count` is no number.
    pub fn of_fraction(count: f64, unit: TimeDelta) -> Result<Self> {
        let seconds = count * unit.as_seconds_f64();
        if seconds.is_nan() || seconds.abs() > 86_400.0 * 3_660_000.0 {
            return Err(too_long());
        }
        #[expect(clippy::cast_possible_truncation, reason = "bounded by the line above")]
        let microseconds = (seconds * 1e6).round() as i64;
        Self::new(TimeDelta::microseconds(microseconds))
    }

    /// The span as chrono has it.
    pub fn span(self) -> TimeDelta {
        self.0
    }

    /// The whole of it in seconds.
    pub fn as_seconds(self) -> f64 {
        self.0.as_seconds_f64()
    }

    /// The sum.
    ///
    /// # Errors
    /// If it is longer than 10,000 years.
    pub fn plus(self, other: Self) -> Result<Self> {
        Self::new(self.0 + other.0)
    }

    /// The difference, negative if `other` is longer.
    ///
    /// # Errors
    /// If it is longer than 10,000 years.
    pub fn minus(self, other: Self) -> Result<Self> {
        Self::new(self.0 - other.0)
    }

    /// The same length in the other direction.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(-self.0)
    }
}

fn too_long() -> Error {
    Error::new(Kind::Script, "duration_too_long", "a duration cannot be longer than 10,000 years")
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&duration::print(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_units_are_exact_and_bounded() {
        assert_eq!(Duration::of(90, TimeDelta::seconds(1)).expect("short").to_string(), "1m30s");
        assert_eq!(Duration::of_fraction(1.5, TimeDelta::hours(1)).expect("short").to_string(), "1h30m");
        for count in [i64::MAX, i64::MIN, 3_700_000] {
            assert!(Duration::of(count, TimeDelta::days(1)).is_err(), "{count}");
        }
        for count in [f64::NAN, f64::INFINITY, 1e300] {
            assert!(Duration::of_fraction(count, TimeDelta::seconds(1)).is_err(), "{count}");
        }
        let longest = Duration::of(3_660_000, TimeDelta::days(1)).expect("just within");
        assert!(longest.plus(longest).is_err());
    }

    #[test]
    fn a_malformed_text_has_a_hint() {
        let error = Duration::parse("10 minutes").expect_err("no duration");
        assert!(error.hint.expect("a hint").contains("`15m`"));
    }
}
