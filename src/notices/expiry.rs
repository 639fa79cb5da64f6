//! Keys that expire soon: told thirty days before, seven, and one.

use chrono::{DateTime, Utc};

use super::notice::{Notice, Severity, Topic};
use crate::config::Event;

/// So many days before, from the last warning to the first.
const DAYS: [i64; 3] = [1, 7, 30];

impl Notice {
    /// What to tell of a profile's key that is valid until some time; `None` while that is far. It may be asked as often
    /// as one likes: a channel is told of each step once.
    #[must_use]
    pub fn key_expiring(profile: &str, valid_until: DateTime<Utc>, now: DateTime<Utc>) -> Option<Self> {
        let left = valid_until - now;
        let step = DAYS.into_iter().find(|days| left.num_seconds() <= days * 86_400)?;
        let topic = Topic::Job(Event::KeyExpiring);
        let when = valid_until.format("%Y-%m-%d %H:%M UTC");
        let (reason, text) = if left.num_seconds() <= 0 {
            ("expired".to_owned(), format!("the key of the profile {profile} expired on {when}"))
        } else {
            (format!("{step} days"), format!("the key of the profile {profile} expires on {when}"))
        };
        Some(Self {
            severity: if step == DAYS[0] { Severity::Error } else { Severity::Warning },
            profile: Some(profile.to_owned()),
            once: Some(format!("key {profile} {} {reason}", valid_until.timestamp())),
            reason: Some(reason),
            text: Some(text),
            ..Self::new(topic, now)
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_key_is_told_of_in_steps() {
        let end: DateTime<Utc> = "2026-12-31T12:00:00Z".parse().unwrap();
        let told = |left: TimeDelta| Notice::key_expiring("shop", end, end - left);
        assert_eq!(told(TimeDelta::days(31)), None);
        let first = told(TimeDelta::days(30)).unwrap();
        assert_eq!(first.once, told(TimeDelta::days(8)).unwrap().once);
        assert_ne!(first.once, told(TimeDelta::days(7)).unwrap().once);
        assert_eq!(told(TimeDelta::hours(24)).unwrap().severity, Severity::Error);
        assert_eq!(told(TimeDelta::hours(-1)).unwrap().reason.as_deref(), Some("expired"));
    }
}
