//! How much a job has changed today, for its daily cap.

use chrono::{DateTime, NaiveTime, TimeZone as _, Utc};

use crate::config::Zone;
use crate::error::Result;
use crate::journal::{Archive, Folder, Outcome};

/// So many runs are looked at: a job that runs every second of a day has more, and then the latest count.
const MOST_RUNS: usize = 100_000;

/// How many changes the runs of a job have made since midnight on the wall of `zone`, those whose end nobody knows
/// counted as made.
///
/// # Errors
/// When the journals cannot be read.
pub(super) fn changes_today(folder: &Folder, job: &str, now: DateTime<Utc>, zone: Zone) -> Result<u64> {
    let since = midnight(now, zone);
    let runs = Archive::new(folder.clone()).runs(Some(since), MOST_RUNS)?;
    let of_job = runs.iter().filter(|run| run.began.job.as_deref() == Some(job));
    let is_made = |outcome| matches!(outcome, Outcome::Done | Outcome::Unknown);
    let made = of_job.map(|run| run.changes_inside().filter(|change| is_made(change.outcome())).count());
    Ok(made.map(|count| u64::try_from(count).unwrap_or(u64::MAX)).fold(0, u64::saturating_add))
}

/// The beginning of the local date.
fn midnight(now: DateTime<Utc>, zone: Zone) -> DateTime<Utc> {
    let date = now.with_timezone(&zone).date_naive();
    // Where the clocks leave out midnight, the date begins later, and its UTC date is early enough.
    zone.from_local_datetime(&date.and_time(NaiveTime::MIN))
        .earliest()
        .map_or_else(|| date.and_time(NaiveTime::MIN).and_utc(), |at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::zone;

    #[test]
    fn a_day_begins_at_midnight_on_the_wall() {
        let berlin = zone("Europe/Berlin").expect("known");
        for (now, wanted) in [
            ("2026-11-22T22:59:00Z", "2026-11-21T23:00:00Z"),
            ("2026-11-22T23:00:00Z", "2026-11-22T23:00:00Z"),
            ("2026-07-01T12:00:00Z", "2026-06-30T22:00:00Z"),
        ] {
            let now = now.parse().expect("a time");
            assert_eq!(midnight(now, berlin), wanted.parse::<DateTime<Utc>>().expect("a time"));
        }
    }
}
