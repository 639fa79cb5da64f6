//! Instants as they are stored: whole milliseconds since 1970 in UTC. What a wall clock showed is never stored alone.

use chrono::{DateTime, Utc};

/// An instant as it is stored. Parts of a millisecond are dropped.
#[must_use]
pub fn to_millis(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_millis()
}

/// A stored instant. What no calendar reaches becomes its nearer end.
#[must_use]
pub fn from_millis(millis: i64) -> DateTime<Utc> {
    let end = if millis < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    DateTime::from_timestamp_millis(millis).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_comes_back_as_it_was_stored() {
        for millis in [0, 1, -1, 1_790_000_000_123] {
            assert_eq!(to_millis(from_millis(millis)), millis);
        }
        assert_eq!(from_millis(i64::MAX), DateTime::<Utc>::MAX_UTC);
        assert_eq!(from_millis(i64::MIN), DateTime::<Utc>::MIN_UTC);
    }
}
