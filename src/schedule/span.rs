//! The fire times within a span of time: the last of them, and how many there are, without going through all.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::rule::{END, Rule, When, within};

impl Rule {
    /// The last fire time within `(after, until]`. Takes as many steps as the span's length has binary digits.
    #[must_use]
    pub fn last_between(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = |after| self.next_after(after).map(|due| due.at).filter(|at| *at <= until);
        let mut last = next(after)?;
        // Most often there is but this one.
        let Some(second) = next(last) else { return Some(last) };
        last = second;
        // Nothing is due after `high`; something is due after `last`, or `last` is it.
        let mut high = until;
        while high > last {
            let middle = last + (high - last) / 2;
            match next(middle) {
                Some(at) => last = at,
                None if high - last <= TimeDelta::seconds(1) => break,
                None => high = middle,
            }
        }
        Some(last)
    }

    /// How many fire times lie within `(after, until]`. Goes by dates, and does not look at each fire time of one.
    #[must_use]
    pub fn count_between(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> u64 {
        let (after, until) = (within(after), within(until));
        if after >= until {
            return 0;
        }
        match self.when() {
            When::Every(step) => {
                let step = i64::try_from(step.as_secs()).unwrap_or(i64::MAX).max(1);
                let last = until.timestamp().min(END - 1);
                let steps = last.div_euclid(step) - after.timestamp().div_euclid(step);
                u64::try_from(steps).unwrap_or_default()
            }
            When::At(expression) => match after.trunc_subsecs(0).checked_add_signed(TimeDelta::seconds(1)) {
                Some(from) => self.count_at(expression, from, until.trunc_subsecs(0)),
                None => 0,
            },
        }
    }
}
