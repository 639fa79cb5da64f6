//! Instants as they are stored: whole milliseconds since 1970 in UTC. What a wall clock showed is never stored alone.

use chrono::{DateTime, Utc};

/// An instant as it is stored. Parts of a millisecond are dropped.
#[must_use]
pub fn to_millis(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_millis()
}

/// The beginning of the year 0 and the end of the year 9999.
const ENDS: (i64, i64) = (-62_167_219_200_000, 253_402_300_799_999);

/// A stored instant. What lies beyond the years that times are written with becomes the nearer end of these, so that a
/// row that somebody else wrote leaves room for whatever is added to a time, or taken from it.
#[must_use]
pub fn from_millis(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis.clamp(ENDS.0, ENDS.1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_comes_back_as_it_was_stored() {
        for millis in [0, 1, -1, 1_790_000_000_123] {
            assert_eq!(to_millis(from_millis(millis)), millis);
        }
    }

    #[test]
    fn what_is_beyond_all_years_becomes_their_end() {
        for (millis, end) in [(i64::MAX, "9999-12-31T23:59:59.999Z"), (i64::MIN, "0000-01-01T00:00:00Z")] {
            assert_eq!(from_millis(millis), end.parse::<DateTime<Utc>>().expect("a time"));
        }
    }
}
