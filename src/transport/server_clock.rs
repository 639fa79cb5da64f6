//! How far the servers' clocks are from ours, told by the `Date` of their answers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// By host: the server's time minus ours, at its last answer.
#[derive(Debug, Default)]
pub(super) struct ServerClock(Mutex<HashMap<String, TimeDelta>>);

impl ServerClock {
    /// An answer of `host` came at `now` and carried `date`.
    pub fn learn(&self, host: &str, date: DateTime<Utc>, now: DateTime<Utc>) {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(difference) = hosts.get_mut(host) {
            *difference = date - now;
        } else {
            hosts.insert(host.to_owned(), date - now);
        }
    }

    /// The server's time at `ours`, not later than it truly was: an answer's date has whole seconds, is cut off, and
    /// grew old on its way. A host that has not answered yet is taken to have our time, a minute less for safety.
    pub fn at(&self, host: &str, ours: DateTime<Utc>) -> DateTime<Utc> {
        let hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let difference = hosts.get(host).copied().unwrap_or(TimeDelta::minutes(-1));
        (ours + difference).trunc_subsecs(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_time_follows_its_last_date_and_is_never_too_late() {
        let clock = ServerClock::default();
        let noon: DateTime<Utc> = "2026-11-22T12:00:00.9Z".parse().expect("a valid time");
        assert_eq!(clock.at("a", noon), noon.trunc_subsecs(0) - TimeDelta::minutes(1));
        clock.learn("a", noon.trunc_subsecs(0) + TimeDelta::hours(1), noon);
        assert_eq!(clock.at("a", noon + TimeDelta::seconds(5)), noon.trunc_subsecs(0) + TimeDelta::seconds(3605));
        clock.learn("a", noon.trunc_subsecs(0), noon);
        assert_eq!(clock.at("a", noon), noon.trunc_subsecs(0));
    }
}
