//! Says which of many equal lines are worth a line.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

/// So many subjects are told apart; beyond that all are forgotten, and told anew.
const MOST_SUBJECTS: usize = 10_000;

/// What was not said for this long is said again.
const SAID_AGAIN_AFTER: TimeDelta = TimeDelta::hours(1);

/// Counts how often the same was to be said of a subject in a row.
#[derive(Debug, Default)]
pub(super) struct Repeats(BTreeMap<String, Said>);

#[derive(Debug, Default)]
struct Said {
    what: String,
    count: u64,
    last: DateTime<Utc>,
}

impl Repeats {
    /// How often this was to be said of the subject by now, if it is to be said: the first three times, then each time
    /// that it is ten times as often, and at least once an hour.
    pub fn say(&mut self, subject: &str, what: &str, now: DateTime<Utc>) -> Option<u64> {
        if self.0.len() >= MOST_SUBJECTS && !self.0.contains_key(subject) {
            self.0.clear();
        }
        let said = self.0.entry(subject.to_owned()).or_default();
        if said.what != what {
            (said.what, said.count) = (what.to_owned(), 0);
        }
        said.count += 1;
        let is_due = said.count <= 3 || is_power_of_ten(said.count) || now - said.last >= SAID_AGAIN_AFTER;
        is_due.then(|| {
            said.last = now;
            said.count
        })
    }
}

fn is_power_of_ten(mut number: u64) -> bool {
    while number >= 10 && number.is_multiple_of(10) {
        number /= 10;
    }
    number == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_said_less_and_less_until_something_else_happens() {
        let mut repeats = Repeats::default();
        let now = DateTime::from_timestamp(1_795_000_000, 0).expect("a time");
        let said: Vec<u64> = (0..1_500).filter_map(|_| repeats.say("night", "failed", now)).collect();
        assert_eq!(said, [1, 2, 3, 10, 100, 1_000]);
        assert_eq!(repeats.say("morning", "failed", now), Some(1));
        assert_eq!(repeats.say("night", "done", now), Some(1));
        assert_eq!(repeats.say("night", "failed", now), Some(1));
    }

    #[test]
    fn what_happens_once_a_day_is_always_said() {
        let mut repeats = Repeats::default();
        let day = |number: i64| DateTime::from_timestamp(1_795_000_000 + number * 86_400, 0).expect("a time");
        assert_eq!((0..30).filter_map(|number| repeats.say("night", "done", day(number))).count(), 30);
    }
}
