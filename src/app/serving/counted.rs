//! What was told of already: the store tells at least once, and figures count once.

use std::collections::{BTreeMap, VecDeque};

use crate::schedule::rows::{Entry, Stretch};

/// So many outcomes are remembered: more than are told before the store knows that they were.
const REMEMBERED: usize = 4_096;

/// Job, fire time in milliseconds, and attempt; of a stretch the first fire time, and no attempt.
type Key = (String, i64, Option<u32>);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// How many fire times were counted.
    counts: BTreeMap<Key, u64>,
    /// The earliest told first.
    order: VecDeque<Key>,
}

impl Counted {
    /// Whether this is told for the first time.
    pub fn is_new(&mut self, entry: &Entry) -> bool {
        self.count((entry.job.to_string(), entry.fire_time.timestamp_millis(), Some(entry.attempt)), 1) > 0
    }

    /// How many fire times of a stretch are told for the first time: that of a pause grows.
    pub fn new_of(&mut self, stretch: &Stretch) -> u64 {
        self.count((stretch.job.to_string(), stretch.first.timestamp_millis(), None), stretch.count)
    }

    fn count(&mut self, key: Key, count: u64) -> u64 {
        if let Some(known) = self.counts.get_mut(&key) {
            let new = count.saturating_sub(*known);
            *known += new;
            return new;
        }
        self.counts.insert(key.clone(), count);
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(first) = self.order.pop_front()
        {
            self.counts.remove(&first);
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(job: &str, at: i64, attempt: Option<u32>) -> Key {
        (job.to_owned(), at, attempt)
    }

    #[test]
    fn what_is_told_twice_counts_once_and_another_attempt_again() {
        let mut counted = Counted::default();
        let told = [("a", 1, 1), ("a", 1, 1), ("a", 1, 2), ("b", 1, 1), ("a", 2, 1), ("a", 1, 2)];
        let new = told.map(|(job, at, attempt)| counted.count(key(job, at, Some(attempt)), 1));
        assert_eq!(new, [1, 0, 1, 1, 1, 0]);
        for at in 0..3 * i64::try_from(REMEMBERED).expect("a small number") {
            assert_eq!(counted.count(key("often", at, Some(1)), 1), 1);
        }
        assert_eq!((counted.counts.len(), counted.order.len()), (REMEMBERED, REMEMBERED));
    }

    #[test]
    fn of_a_stretch_that_grows_only_what_is_new_counts() {
        let mut counted = Counted::default();
        let told = [(0, 3), (0, 3), (0, 5), (0, 4), (0, 6), (100, 2), (0, 6), (100, 2)];
        let new = told.map(|(first, count)| counted.count(key("night", first, None), count));
        assert_eq!(new, [3, 0, 2, 0, 1, 2, 0, 0]);
    }
}
