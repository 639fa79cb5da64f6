//! When a schedule is due.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::config::Zone;
use crate::error::Result;
use crate::schedule::{DstGap, DstOverlap, Expression, Rule, When};

/// A schedule, explained.
#[derive(Debug, Clone)]
pub struct Forecast {
    /// The expression, as written.
    pub expression: String,
    /// What it means in words.
    pub words: String,
    /// The next fire times, in order; fewer than were asked for if the table of years ends before.
    pub next: Vec<FireTime>,
}

/// A fire time, and what is special about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FireTime {
    /// The instant.
    pub at: DateTime<Utc>,
    /// What the clocks do on its date.
    pub note: Option<String>,
}

/// Tells the first `count` fire times of a crontab expression strictly after `from`, on the wall of `zone`.
///
/// # Errors
/// When the expression means nothing, or is never due.
pub fn forecast(expression: &str, zone: Zone, from: DateTime<Utc>, count: usize) -> Result<Forecast> {
    let expression = Arc::new(expression.parse::<Expression>()?);
    let (text, words) = (expression.to_string(), expression.words());
    let rule = Rule::new(When::At(expression), zone, DstGap::After, DstOverlap::First);
    let next = rule.after(from).take(count).map(|due| FireTime { at: due.at, note: due.note(zone) }).collect();
    Ok(Forecast { expression: text, words, next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_nothing_after_the_years_that_are_known() {
        let next =
            |from: &str| forecast("@daily", Zone::UTC, from.parse().expect("a time"), 3).expect("fine").next.len();
        assert_eq!(
            (next("2026-01-01T00:00:00Z"), next("2100-12-29T00:00:00Z"), next("9999-01-01T00:00:00Z")),
            (3, 2, 0)
        );
    }
}
