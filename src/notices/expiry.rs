//! Keys that expire soon: told thirty days before, seven, and one, and once they have.

use chrono::{DateTime, TimeDelta, Utc};

use super::notice::{Notice, Severity, Topic};
use crate::config::Event;

/// So many days before, from the last warning to the first.
const DAYS: [i64; 3] = [1, 7, 30];

impl Notice {
    /// What to tell of a key that is valid until some time, of the profile, or of what is used without one; `None` while
    /// that is far. It may be asked as often as one likes: a channel is told of each step once, and of the steps that
    /// have passed unseen only the last.
    #[must_use]
    pub fn key_expiring(profile: Option<&str>, valid_until: DateTime<Utc>, now: DateTime<Utc>) -> Option<Self> {
        let left = valid_until - now;
        let step = DAYS.into_iter().find(|days| left <= TimeDelta::days(*days))?;
        let when = valid_until.format("%Y-%m-%d %H:%M UTC");
        let key = profile.map_or_else(|| "the key".to_owned(), |name| format!("the key of the profile {name}"));
        let (reason, text) = if left <= TimeDelta::zero() {
            ("expired".to_owned(), format!("{key} expired on {when}: its jobs fail until there is a new one"))
        } else {
            let days = match left.num_days() {
                0 => "in less than a day".to_owned(),
                1 => "in a day".to_owned(),
                days => format!("in {days} days"),
            };
            (format!("{step} days"), format!("{key} expires {days}, on {when}"))
        };
        Some(Self {
            severity: if step == DAYS[0] { Severity::Error } else { Severity::Warning },
            profile: profile.map(str::to_owned),
            once: Some(format!("key {} {} {reason}", profile.unwrap_or_default(), valid_until.timestamp())),
            reason: Some(reason),
            text: Some(text),
            ..Self::new(Topic::Job(Event::KeyExpiring), now)
        })
    }

    /// When there is next something new to tell of such a key; `None` once it has expired.
    #[must_use]
    pub fn next_of_key(valid_until: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let steps = DAYS.into_iter().rev().chain([0]);
        let mut times = steps.filter_map(|days| valid_until.checked_sub_signed(TimeDelta::days(days)));
        times.find(|at| *at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end() -> DateTime<Utc> {
        "2026-12-31T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_key_is_told_of_in_steps() {
        let told = |left: TimeDelta| Notice::key_expiring(Some("shop"), end(), end() - left);
        assert_eq!(told(TimeDelta::days(31)), None);
        let first = told(TimeDelta::days(30)).unwrap();
        assert_eq!(first.once, told(TimeDelta::days(8)).unwrap().once);
        assert_ne!(first.once, told(TimeDelta::days(7)).unwrap().once);
        assert_eq!(told(TimeDelta::hours(24)).unwrap().severity, Severity::Error);
        assert_eq!(told(TimeDelta::hours(-1)).unwrap().reason.as_deref(), Some("expired"));
        let text = "the key of the profile shop expires in 5 days, on 2026-12-31 12:00 UTC";
        assert_eq!(told(TimeDelta::days(5)).unwrap().text.as_deref(), Some(text));
    }

    #[test]
    fn a_key_of_the_beginning_of_time_has_no_next_step() {
        assert_eq!(Notice::next_of_key(DateTime::<Utc>::MIN_UTC, end()), None);
        assert!(Notice::key_expiring(None, DateTime::<Utc>::MIN_UTC, end()).is_some());
    }

    #[test]
    fn the_next_step_is_when_something_new_is_told() {
        let mut now = end() - TimeDelta::days(100);
        let mut told = Vec::new();
        while let Some(next) = Notice::next_of_key(end(), now) {
            assert_ne!(
                Notice::key_expiring(None, end(), next).unwrap().once,
                Notice::key_expiring(None, end(), now).and_then(|notice| notice.once)
            );
            now = next;
            told.push((end() - now).num_days());
        }
        assert_eq!(told, [30, 7, 1, 0]);
    }
}
