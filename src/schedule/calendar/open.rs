//! The fire times that a calendar leaves.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};

use super::{Calendar, Verdict};
use crate::config::Zone;
use crate::schedule::{Due, Rule};

/// A fire time of a rule, and why the calendar closes its date if it does. A stretch of closed dates is one step, at its
/// first fire time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The fire time.
    pub due: Due,
    /// Why the job is not due all the same.
    pub closed: Option<String>,
}

/// The fire times strictly after `instant` with those that a calendar closes, in order.
pub fn steps<'r>(rule: &'r Rule, calendar: &'r Calendar, instant: DateTime<Utc>) -> impl Iterator<Item = Step> + 'r {
    let mut from = Some(instant);
    std::iter::from_fn(move || {
        let due = rule.next_after(from?)?;
        let date = due.at.with_timezone(&rule.zone()).date_naive();
        let closed = match calendar.verdict(date) {
            Verdict::Open => {
                from = Some(due.at);
                None
            }
            Verdict::Closed { why } => {
                let next = date.succ_opt().and_then(|date| calendar.next_open(date));
                from = next.map(|next| beginning(next, rule.zone()) - TimeDelta::seconds(1));
                Some(why)
            }
        };
        Some(Step { due, closed })
    })
}

/// The first fire time strictly after `instant` on a date that the calendar leaves; `None` if there is none before the
/// year 2101.
#[must_use]
pub fn next_open(rule: &Rule, calendar: &Calendar, instant: DateTime<Utc>) -> Option<Due> {
    steps(rule, calendar, instant).find(|step| step.closed.is_none()).map(|step| step.due)
}

/// When a date begins on the wall of a zone: where the clocks leave midnight out, right after.
fn beginning(date: NaiveDate, zone: Zone) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    let walls = (0..4).map(|half| midnight + TimeDelta::minutes(30 * half));
    let mut instants = walls.filter_map(|wall| zone.from_local_datetime(&wall).earliest());
    instants.next().map_or_else(|| midnight.and_utc(), |at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Workspace;
    use crate::schedule::calendar::CalendarFiles;
    use crate::schedule::reading;

    fn read(job: &str) -> (Rule, Calendar) {
        let text = format!("timezone = \"Europe/Berlin\"\n[[job]]\nname = \"a\"\nrecipe = \"a\"\n{job}\n");
        let workspace = Workspace::read(std::path::Path::new("stackhand.toml"), &text).unwrap();
        let job = &workspace.jobs[0];
        let rule = reading::rule(&workspace, job).unwrap();
        (rule, reading::calendar(&workspace, job, &mut CalendarFiles::default()).unwrap())
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_closed_stretch_is_one_step() {
        let (rule, calendar) = read("schedule = \"*/5 * * * *\"\ncalendar = { skip = [\"2026-12-24..2027-01-06\"] }");
        let steps: Vec<(String, bool)> = steps(&rule, &calendar, at("2026-12-23T22:50:00Z"))
            .take(3)
            .map(|step| (step.due.at.to_rfc3339(), step.closed.is_some()))
            .collect();
        assert_eq!(
            steps,
            [
                ("2026-12-23T22:55:00+00:00".to_owned(), false),
                ("2026-12-23T23:00:00+00:00".to_owned(), true),
                ("2027-01-06T23:00:00+00:00".to_owned(), false),
            ]
        );
    }

    #[test]
    fn what_is_never_open_is_found_out_in_bounded_time() {
        let (rule, calendar) = read("every = \"1s\"\ncalendar = { only = [\"2020-01-01\"] }");
        assert_eq!(next_open(&rule, &calendar, at("2026-11-22T00:00:00Z")), None);
        let (rule, calendar) = read("schedule = \"0 9 * * Mon\"\ncalendar = { skip = [\"Mon\"] }");
        assert_eq!(next_open(&rule, &calendar, at("2026-11-22T00:00:00Z")), None);
        let (rule, calendar) = read("schedule = \"0 9 1 * *\"\ncalendar = { only = [\"02-29\", \"Sun\"] }");
        assert_eq!(next_open(&rule, &calendar, at("2026-11-22T00:00:00Z")).unwrap().at, at("2027-08-01T07:00:00Z"));
    }
}
