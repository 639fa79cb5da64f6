//! How events of an iCalendar file repeat.
//!
//! Source: RFC 5545, section 3.3.10. What is not understood is refused: a day that was left out would be a job that runs
//! when it must not.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use super::closing::LAST_YEAR;
use super::moment::Moment;
use crate::config::Zone;

/// A rule of repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    unit: Unit,
    interval: u32,
    count: Option<usize>,
    until: Option<Moment>,
    months: Vec<u32>,
    month_days: Vec<i32>,
    /// Weekdays, and the how manieth of the month or year; 0 is every.
    weekdays: Vec<(i32, Weekday)>,
    /// Which of the days that one day, week, month or year has.
    positions: Vec<i32>,
    week_start: Weekday,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
    Year,
}

impl Recurrence {
    /// Reads `FREQ=YEARLY;BYMONTH=12;BYDAY=-1FR`.
    ///
    /// # Errors
    /// With what cannot be understood.
    pub fn parse(text: &str, zone: Zone) -> Result<Self, String> {
        let mut rule = Self {
            unit: Unit::Day,
            interval: 1,
            count: None,
            until: None,
            months: Vec::new(),
            month_days: Vec::new(),
            weekdays: Vec::new(),
            positions: Vec::new(),
            week_start: Weekday::Mon,
        };
        let mut has_unit = false;
        for part in text.split(';').filter(|part| !part.trim().is_empty()) {
            let shown: String = part.chars().take(60).filter(|c| !c.is_control()).collect();
            let wrong = || format!("`{shown}` of a `RRULE` is not understood");
            let (name, value) = part.trim().split_once('=').ok_or_else(wrong)?;
            match name.to_ascii_uppercase().as_str() {
                "FREQ" => {
                    has_unit = true;
                    rule.unit = match value.to_ascii_uppercase().as_str() {
                        "DAILY" => Unit::Day,
                        "WEEKLY" => Unit::Week,
                        "MONTHLY" => Unit::Month,
                        "YEARLY" => Unit::Year,
                        _ => return Err(wrong()),
                    };
                }
                "INTERVAL" => rule.interval = value.parse().ok().filter(|step| *step > 0).ok_or_else(wrong)?,
                "COUNT" => rule.count = Some(value.parse().map_err(|_| wrong())?),
                "UNTIL" => rule.until = Some(Moment::parse(value, zone)?),
                "BYMONTH" => rule.months = numbers(value, 1, 12).ok_or_else(wrong)?,
                "BYMONTHDAY" => rule.month_days = numbers(value, -31, 31).ok_or_else(wrong)?,
                "BYSETPOS" => rule.positions = numbers(value, -366, 366).ok_or_else(wrong)?,
                "BYDAY" => rule.weekdays = value.split(',').map(weekday).collect::<Option<_>>().ok_or_else(wrong)?,
                "WKST" => rule.week_start = weekday(value).ok_or_else(wrong)?.1,
                _ => return Err(wrong()),
            }
        }
        if !has_unit {
            return Err("a `RRULE` without `FREQ` is not understood".to_owned());
        }
        Ok(rule)
    }

    /// The moments of an event that first happens at `start`, in order.
    pub fn moments(&self, start: Moment) -> impl Iterator<Item = Moment> + '_ {
        let first = start.date();
        let later = self.periods(first).flat_map(|days| self.picked(days));
        let later = later.filter(move |date| *date > first);
        let until = self.until;
        std::iter::once(first)
            .chain(later)
            .map(move |date| start.on(date))
            .take_while(move |moment| until.is_none_or(|until| !moment.is_after(until)))
            .take(self.count.unwrap_or(usize::MAX))
    }

    /// The days of each day, week, month or year that the rule looks at, sorted.
    fn periods(&self, first: NaiveDate) -> impl Iterator<Item = Vec<NaiveDate>> + '_ {
        let start = match self.unit {
            Unit::Day => first,
            Unit::Week => {
                let back = (7 + first.weekday().num_days_from_monday() - self.week_start.num_days_from_monday()) % 7;
                first.checked_sub_days(Days::new(back.into())).unwrap_or(first)
            }
            Unit::Month => first.with_day(1).unwrap_or(first),
            Unit::Year => NaiveDate::from_ymd_opt(first.year(), 1, 1).unwrap_or(first),
        };
        let step = self.interval;
        let next = move |date: &NaiveDate| match self.unit {
            Unit::Day => date.checked_add_days(Days::new(step.into())),
            Unit::Week => date.checked_add_days(Days::new(u64::from(step) * 7)),
            Unit::Month => date.checked_add_months(Months::new(step)),
            Unit::Year => date.checked_add_months(Months::new(step.checked_mul(12)?)),
        };
        std::iter::successors(Some(start), next)
            .take_while(|date| date.year() <= LAST_YEAR)
            .map(move |period| self.days_of(period, first))
    }

    fn days_of(&self, period: NaiveDate, first: NaiveDate) -> Vec<NaiveDate> {
        let end = match self.unit {
            Unit::Day => period.succ_opt(),
            Unit::Week => period.checked_add_days(Days::new(7)),
            Unit::Month => period.checked_add_months(Months::new(1)),
            Unit::Year => period.checked_add_months(Months::new(12)),
        };
        period.iter_days().take_while(|date| Some(*date) < end).filter(|date| self.includes(*date, first)).collect()
    }

    /// Whether a day of a period is one of the rule; what the rule leaves open is as on the first day.
    fn includes(&self, date: NaiveDate, first: NaiveDate) -> bool {
        let has_days = !self.weekdays.is_empty() || !self.month_days.is_empty();
        let month = match self.unit {
            Unit::Year if self.months.is_empty() && !has_days => date.month() == first.month(),
            _ => self.months.is_empty() || self.months.contains(&date.month()),
        };
        let day = match self.unit {
            _ if has_days => true,
            Unit::Day => true,
            Unit::Week => date.weekday() == first.weekday(),
            Unit::Month | Unit::Year => date.day() == first.day(),
        };
        month && day && self.has_month_day(date) && self.has_weekday(date)
    }

    fn has_month_day(&self, date: NaiveDate) -> bool {
        let (day, length) = (day(date), days_in_month(date));
        self.month_days.is_empty()
            || self.month_days.iter().any(|wanted| *wanted == day || (*wanted < 0 && length + 1 + wanted == day))
    }

    fn has_weekday(&self, date: NaiveDate) -> bool {
        let by_year = self.unit == Unit::Year && self.months.is_empty();
        let (place, length) = if by_year {
            let length = if date.leap_year() { 366 } else { 365 };
            (i32::try_from(date.ordinal()).unwrap_or_default(), length)
        } else {
            (day(date), days_in_month(date))
        };
        let (nth, nth_last) = ((place + 6) / 7, -((length - place + 7) / 7));
        self.weekdays.is_empty()
            || self.weekdays.iter().any(|(wanted, weekday)| {
                *weekday == date.weekday() && (*wanted == 0 || *wanted == nth || *wanted == nth_last)
            })
    }

    fn picked(&self, days: Vec<NaiveDate>) -> Vec<NaiveDate> {
        if self.positions.is_empty() {
            return days;
        }
        let count = i32::try_from(days.len()).unwrap_or(i32::MAX);
        let is_picked = |index: usize| {
            let place = i32::try_from(index).unwrap_or(i32::MAX - 1) + 1;
            self.positions.contains(&place) || self.positions.contains(&(place - count - 1))
        };
        days.iter().enumerate().filter(|(index, _)| is_picked(*index)).map(|(_, date)| *date).collect()
    }
}

fn day(date: NaiveDate) -> i32 {
    i32::try_from(date.day()).unwrap_or_default()
}

fn days_in_month(date: NaiveDate) -> i32 {
    let next = date.with_day(1).and_then(|first| first.checked_add_months(Months::new(1)));
    next.and_then(|next| next.pred_opt()).map_or(31, day)
}

/// Numbers with commas between them, none of them nought.
fn numbers<N: TryFrom<i32>>(text: &str, least: i32, most: i32) -> Option<Vec<N>> {
    let number = |text: &str| {
        let number: i32 = text.trim().parse().ok()?;
        ((least..=most).contains(&number) && number != 0).then(|| N::try_from(number).ok()).flatten()
    };
    text.split(',').map(number).collect()
}

/// `FR`, `2MO`, `-1SU`.
fn weekday(text: &str) -> Option<(i32, Weekday)> {
    let text = text.trim();
    let (number, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let weekday = match name.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    };
    match number {
        "" => Some((0, weekday)),
        number => number.parse().ok().filter(|nth| *nth != 0 && (-53..=53).contains(nth)).map(|nth| (nth, weekday)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first dates of a rule.
    fn dates(rule: &str, start: &str, count: usize) -> Vec<String> {
        let start = Moment::parse(start, Zone::UTC).unwrap();
        let rule = Recurrence::parse(rule, Zone::UTC).unwrap_or_else(|error| panic!("{rule}: {error}"));
        rule.moments(start).take(count).map(|moment| moment.date().format("%Y%m%d").to_string()).collect()
    }

    /// Source: the examples of RFC 5545, section 3.8.5.3.
    #[test]
    fn rules_give_the_dates_of_the_standard() {
        for (rule, start, wanted) in [
            ("FREQ=DAILY;COUNT=3", "19970902T090000", "19970902 19970903 19970904"),
            ("FREQ=DAILY;INTERVAL=10;COUNT=3", "19970902T090000", "19970902 19970912 19970922"),
            ("FREQ=DAILY;UNTIL=19970904T090000Z", "19970902T090000Z", "19970902 19970903 19970904"),
            ("FREQ=DAILY;UNTIL=19970904T085959Z", "19970902T090000Z", "19970902 19970903"),
            ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,TH;COUNT=4", "19970902", "19970902 19970904 19970916 19970918"),
            ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "19970805", "19970805 19970810 19970819 19970824"),
            ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "19970805", "19970805 19970817 19970819 19970831"),
            ("FREQ=MONTHLY;COUNT=3;BYDAY=1FR", "19970905", "19970905 19971003 19971107"),
            ("FREQ=MONTHLY;COUNT=3;BYDAY=-2MO", "19970922", "19970922 19971020 19971117"),
            ("FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=3", "19970928", "19970928 19971029 19971128"),
            ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=3", "19980213", "19980213 19980313 19981113"),
            ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "19970904", "19970904 19971007 19971106"),
            ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2;COUNT=3", "19970929", "19970929 19971030 19971127"),
            ("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "20070115", "20070115 20070130 20070215 20070315 20070330"),
            ("FREQ=YEARLY;COUNT=3;BYMONTH=6,7", "19970610", "19970610 19970710 19980610"),
            ("FREQ=YEARLY;BYDAY=20MO;COUNT=3", "19970519", "19970519 19980518 19990517"),
            ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH;COUNT=4", "19970313", "19970313 19970320 19970327 19980305"),
            (
                "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;COUNT=3",
                "19961105",
                "19961105 20001107 20041102",
            ),
            ("FREQ=YEARLY;COUNT=3", "20240229", "20240229 20280229 20320229"),
        ] {
            assert_eq!(dates(rule, start, 9).join(" "), wanted, "{rule}");
        }
        assert_eq!(dates("FREQ=YEARLY", "20261224", 1_000).len(), 75);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for rule in [
            "",
            "COUNT=3",
            "FREQ=HOURLY",
            "FREQ=DAILY;BYYEARDAY=1",
            "FREQ=YEARLY;BYWEEKNO=20",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;BYDAY=XX",
            "FREQ=DAILY;BYDAY=ä",
            "FREQ=DAILY;BYMONTH=0",
            "FREQ=DAILY;RSCALE=CHINESE",
            "FREQ",
            "FREQ=DAILY;UNTIL=soon",
            "FREQ=DAILY;BYDAY=0MO",
        ] {
            assert!(Recurrence::parse(rule, Zone::UTC).is_err(), "{rule}");
        }
    }
}
