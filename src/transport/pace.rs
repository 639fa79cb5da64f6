//! One 429 slows everyone down: per host, a time before which nothing is sent, and a spacing that fades again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The spacing after the first refusal; each further one doubles it.
const FIRST_SPACING: Duration = Duration::from_millis(10);
/// No host is slowed down further than this between two requests.
const LONGEST_SPACING: Duration = Duration::from_millis(640);
/// Below this the host counts as recovered.
const NO_SPACING: Duration = Duration::from_millis(1);
/// What each answer leaves of the spacing.
const RECOVERY: f64 = 0.9;

/// What is known of every host's patience. Times are readings of [`crate::clock::Clock::monotonic`].
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<HashMap<String, Host>>);

#[derive(Debug, Default)]
struct Host {
    /// The host asked for quiet until then.
    quiet_until: Duration,
    /// When the next turn is free.
    next_turn: Duration,
    /// Between two turns.
    spacing: Duration,
}

/// When a request may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Now.
    Now,
    /// At this time; the turn is taken, later callers get later ones.
    At(Duration),
    /// Not before this time, which is too late; no turn was taken.
    TooLate(Duration),
}

impl Pace {
    /// Takes the next turn for a request to `host`, unless it would come after `latest`.
    pub fn take_turn(&self, host: &str, now: Duration, latest: Duration) -> Turn {
        let mut hosts = self.lock();
        let Some(host) = hosts.get_mut(host) else { return Turn::Now };
        let turn = host.quiet_until.max(host.next_turn).max(now);
        if turn > latest {
            return Turn::TooLate(turn);
        }
        host.next_turn = turn + host.spacing;
        if turn == now { Turn::Now } else { Turn::At(turn) }
    }

    /// Whether the host asked for quiet since a turn was taken.
    pub fn is_quiet(&self, host: &str, now: Duration) -> bool {
        self.lock().get(host).is_some_and(|host| host.quiet_until > now)
    }

    /// The host refused for too many requests: nothing is sent to it for `wait`, and more slowly afterwards.
    ///
    /// Requests that were under way together are refused together: only the first of them slows the host down, the
    /// others find it quiet already.
    pub fn slow_down(&self, host: &str, now: Duration, wait: Duration) {
        let mut hosts = self.lock();
        let host = hosts.entry(host.to_owned()).or_default();
        if host.quiet_until <= now {
            host.spacing = (host.spacing * 2).clamp(FIRST_SPACING, LONGEST_SPACING);
        }
        host.quiet_until = host.quiet_until.max(now + wait);
    }

    /// The host answered: the spacing shrinks, and in the end the host is forgotten.
    pub fn recover(&self, host: &str, now: Duration) {
        let mut hosts = self.lock();
        let Some(entry) = hosts.get_mut(host) else { return };
        entry.spacing = entry.spacing.mul_f64(RECOVERY);
        if entry.spacing < NO_SPACING {
            entry.spacing = Duration::ZERO;
            if entry.quiet_until <= now && entry.next_turn <= now {
                hosts.remove(host);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "iaas.api.stackit.cloud";
    const LATEST: Duration = Duration::from_hours(1);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_host_that_never_refused_is_not_paced() {
        let pace = Pace::default();
        assert_eq!(pace.take_turn(HOST, seconds(1), LATEST), Turn::Now);
        assert!(!pace.is_quiet(HOST, seconds(1)));
    }

    #[test]
    fn a_refusal_quietens_one_host_for_everyone_and_spaces_the_turns_after() {
        let pace = Pace::default();
        pace.slow_down(HOST, seconds(1), seconds(3));
        assert!(pace.is_quiet(HOST, seconds(2)));
        assert_eq!(pace.take_turn(HOST, seconds(2), LATEST), Turn::At(seconds(4)));
        assert_eq!(pace.take_turn(HOST, seconds(2), LATEST), Turn::At(seconds(4) + FIRST_SPACING));
        assert_eq!(pace.take_turn("dns.api.stackit.cloud", seconds(2), LATEST), Turn::Now);
    }

    #[test]
    fn a_turn_that_would_come_too_late_is_not_taken() {
        let pace = Pace::default();
        pace.slow_down(HOST, seconds(0), seconds(100));
        assert_eq!(pace.take_turn(HOST, seconds(0), seconds(60)), Turn::TooLate(seconds(100)));
        assert_eq!(pace.take_turn(HOST, seconds(0), seconds(100)), Turn::At(seconds(100)));
    }

    #[test]
    fn refusals_of_requests_that_were_under_way_together_count_once() {
        let pace = Pace::default();
        for _ in 0..50 {
            pace.slow_down(HOST, seconds(0), seconds(1));
        }
        let first = pace.take_turn(HOST, seconds(1), LATEST);
        assert_eq!(first, Turn::Now);
        assert_eq!(pace.take_turn(HOST, seconds(1), LATEST), Turn::At(seconds(1) + FIRST_SPACING));
        pace.slow_down(HOST, seconds(2), seconds(1));
        let _ = pace.take_turn(HOST, seconds(3), LATEST);
        assert_eq!(pace.take_turn(HOST, seconds(3), LATEST), Turn::At(seconds(3) + FIRST_SPACING * 2));
    }

    #[test]
    fn answers_bring_the_pace_back_step_by_step() {
        let pace = Pace::default();
        pace.slow_down(HOST, seconds(0), seconds(0));
        let mut answers = 0;
        while !pace.lock().is_empty() {
            pace.recover(HOST, seconds(1));
            answers += 1;
            assert!(answers < 100, "the host recovers");
        }
        assert!(answers > 10, "but not at once");
    }
}
