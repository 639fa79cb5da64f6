//! What an expression means on the clock on the wall, whatever that clock does.

use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::days::DayRule;
use super::field::Numbers;

/// The times on the wall that an expression names.
#[derive(Debug, Clone)]
pub struct Wall {
    /// The times of day and the months; the days are ours, as the `cron` crate joins its two day fields by AND.
    times: cron::Schedule,
    days: DayRule,
}

impl Wall {
    /// The times made of these numbers; nothing if one of the sets is empty.
    pub fn new(seconds: Numbers, minutes: Numbers, hours: Numbers, days: DayRule, months: Numbers) -> Option<Self> {
        let list = |numbers: Numbers| numbers.iter().map(|number| number.to_string()).collect::<Vec<_>>().join(",");
        let text = format!("{} {} {} * {} *", list(seconds), list(minutes), list(hours), list(months));
        Some(Self { times: text.parse().ok()?, days })
    }

    /// The first time at or after `from`; `None` when there is none before the year 2101, where the table ends.
    pub fn next(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        let mut after = from.checked_sub_signed(TimeDelta::seconds(1))?;
        loop {
            // The wall's clock has no zone; in UTC no time is missing or there twice.
            let found = self.times.after(&after.and_utc()).next()?.naive_utc();
            if self.days.includes(found.date()) {
                return Some(found);
            }
            let mut date = found.date();
            while !self.days.includes(date) {
                date = date.checked_add_days(Days::new(1))?;
                if date.and_time(NaiveTime::MIN).and_utc() > last() {
                    return None;
                }
            }
            after = date.and_time(NaiveTime::MIN) - TimeDelta::seconds(1);
        }
    }
}

/// Where the `cron` crate's years end.
fn last() -> DateTime<Utc> {
    chrono::NaiveDate::from_ymd_opt(2100, 12, 31)
        .map(|date| date.and_time(NaiveTime::MIN).and_utc())
        .unwrap_or_default()
}
