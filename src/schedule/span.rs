//! The fire times within a span of time: the last of them, and how many there are, without going through all.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::expression::Expression;
use super::piece::Piece;
use super::rule::{Rule, When};

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

    /// How many fire times lie within `(after, until]`. Goes day by day, and faster where days are alike.
    #[must_use]
    pub fn count_between(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> u64 {
        let mut count = 0;
        let mut after = after;
        while after < until {
            if let Some((end, within)) = self.whole_days(after, until) {
                count += within;
                after = end;
                continue;
            }
            match self.next_after(after) {
                Some(due) if due.at <= until => {
                    count += 1;
                    after = due.at;
                }
                _ => break,
            }
        }
        count
    }

    /// The fire times of the whole days that begin right after `after`, if there is at least one, and its end.
    fn whole_days(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> Option<(DateTime<Utc>, u64)> {
        match self.when() {
            When::Every(step) => {
                let step = i64::try_from(step.as_secs()).ok()?.max(1);
                let steps = until.timestamp().div_euclid(step) - after.timestamp().div_euclid(step);
                Some((until, u64::try_from(steps).unwrap_or_default()))
            }
            When::At(expression) => {
                let piece = self.piece_at(after)?;
                let wall = piece.wall(after);
                // What is due at midnight belongs to the day that begins.
                let start = wall.date().succ_opt()?;
                if wall + TimeDelta::seconds(1) < start.and_time(NaiveTime::MIN) {
                    return None;
                }
                whole_days_of(expression, &piece, start, until)
            }
        }
    }
}

/// Counts from the local date `start` on, as long as days end by `until` and no change of the clocks is near.
fn whole_days_of(
    expression: &Expression,
    piece: &Piece,
    start: NaiveDate,
    until: DateTime<Utc>,
) -> Option<(DateTime<Utc>, u64)> {
    const NEAR: Days = Days::new(2);
    let per_day = u64::from(expression.seconds.len() * expression.minutes.len()) * u64::from(expression.hours.len());
    if start.checked_sub_days(NEAR)? < piece.wall(piece.start).date() {
        return None;
    }
    let end =
        piece.wall(piece.end).date().checked_sub_days(NEAR)?.min(piece.wall(until + TimeDelta::seconds(1)).date());
    if end <= start {
        return None;
    }
    let dates = start.iter_days().take_while(|date| *date < end);
    let days = dates.filter(|date| expression.months.contains(date.month()) && expression.days.includes(*date)).count();
    let last_second = piece.instant(end.and_time(NaiveTime::MIN)) - TimeDelta::seconds(1);
    Some((last_second, days as u64 * per_day))
}
