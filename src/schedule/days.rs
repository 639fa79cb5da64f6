//! The two day fields of an expression, with `L`, `#` and the rule that joins them.

use chrono::{Datelike, Days, NaiveDate};

use super::field::{DAY, Numbers, Unit, WEEKDAY};
use crate::error::Result;

/// Which days an expression means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRule {
    /// Days of the month, by number.
    pub days: Numbers,
    /// The month's last day, whichever it is.
    pub last_day: bool,
    /// Days of the week; Sunday is 0.
    pub weekdays: Numbers,
    /// Weekdays of one week of the month: `(5, 2)` is the second Friday.
    pub nth: Vec<(u32, u32)>,
    /// The month's last such weekday.
    pub last_weekdays: Numbers,
    /// Whether the day of the month begins with `*`, and thus leaves the choice to the day of the week.
    pub any_day: bool,
    /// The same for the day of the week.
    pub any_weekday: bool,
}

impl DayRule {
    /// Reads the two fields.
    ///
    /// # Errors
    /// When an item means nothing.
    pub fn read(day: &str, weekday: &str) -> Result<Self> {
        let mut rule = Self {
            days: Numbers::default(),
            last_day: false,
            weekdays: Numbers::default(),
            nth: Vec::new(),
            last_weekdays: Numbers::default(),
            any_day: leaves_it(day),
            any_weekday: leaves_it(weekday),
        };
        for item in day.split(',') {
            match item {
                "L" | "l" => rule.last_day = true,
                "?" => rule.days = rule.days | DAY.all(),
                _ => rule.days = rule.days | DAY.item(item)?,
            }
        }
        for item in weekday.split(',') {
            rule.read_weekday(item)?;
        }
        Ok(rule)
    }

    fn read_weekday(&mut self, item: &str) -> Result<()> {
        if let Some((weekday, nth)) = item.split_once('#') {
            let weekday = WEEKDAY.number(weekday, item)? % 7;
            match nth {
                "L" | "l" => self.last_weekdays = self.last_weekdays | one(weekday),
                _ => {
                    let nth = Unit { name: "week of the month", least: 1, most: 5, names: &[] }.number(nth, item)?;
                    self.nth.push((weekday, nth));
                }
            }
            return Ok(());
        }
        if let Some(weekday) = item.strip_suffix(['L', 'l']) {
            if weekday.is_empty() {
                return Err(WEEKDAY
                    .wrong(item, "the last of which day?")
                    .with_hint("`FriL` is the month's last Friday; the month's last day is `L` in the field before"));
            }
            self.last_weekdays = self.last_weekdays | one(WEEKDAY.number(weekday, item)? % 7);
            return Ok(());
        }
        let read = if item == "?" { WEEKDAY.all() } else { WEEKDAY.item(item)? };
        self.weekdays = self.weekdays | Numbers(read.0 & 0x7f) | Numbers(read.0 >> 7 & 1);
        Ok(())
    }

    /// Whether `date` is meant. As in crontab, a day counts if either field names it; but if one of them begins with
    /// `*`, both have to.
    pub fn includes(&self, date: NaiveDate) -> bool {
        let (by_day, by_weekday) = (self.by_day(date), self.by_weekday(date));
        if self.any_day || self.any_weekday { by_day && by_weekday } else { by_day || by_weekday }
    }

    /// Whether every day is meant.
    pub fn is_every(&self) -> bool {
        let all_days = self.days == DAY.all();
        let all_weekdays = self.weekdays.len() == 7;
        if self.any_day || self.any_weekday { all_days && all_weekdays } else { all_days || all_weekdays }
    }

    fn by_day(&self, date: NaiveDate) -> bool {
        self.days.contains(date.day()) || (self.last_day && is_last(date, 1))
    }

    fn by_weekday(&self, date: NaiveDate) -> bool {
        let weekday = date.weekday().num_days_from_sunday();
        self.weekdays.contains(weekday)
            || self.nth.iter().any(|(day, nth)| *day == weekday && (date.day() - 1) / 7 + 1 == *nth)
            || (self.last_weekdays.contains(weekday) && is_last(date, 7))
    }
}

/// Whether a day field says nothing of its own.
fn leaves_it(field: &str) -> bool {
    field.starts_with('*') || field == "?"
}

fn one(number: u32) -> Numbers {
    Numbers::range(number, number, 1)
}

/// Whether the month ends within `days` days from `date`.
fn is_last(date: NaiveDate, days: u64) -> bool {
    date.checked_add_days(Days::new(days)).is_none_or(|later| later.month() != date.month())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(day: &str, weekday: &str, year: i32, month: u32) -> Vec<u32> {
        let rule = DayRule::read(day, weekday).unwrap_or_else(|error| panic!("{day} {weekday}: {error}"));
        (1..=31)
            .filter(|day| NaiveDate::from_ymd_opt(year, month, *day).is_some_and(|date| rule.includes(date)))
            .collect()
    }

    #[test]
    fn two_day_fields_are_joined_by_or() {
        // November 2026 begins on a Sunday.
        assert_eq!(dates("1,15", "Mon", 2026, 11), [1, 2, 9, 15, 16, 23, 30]);
    }

    #[test]
    fn a_star_at_the_beginning_joins_them_by_and() {
        assert_eq!(dates("*/2", "Mon", 2026, 11), [9, 23]);
        assert_eq!(dates("1", "*", 2026, 11), [1]);
        assert_eq!(dates("*", "Sun", 2026, 11), [1, 8, 15, 22, 29]);
        assert_eq!(dates("?", "7", 2026, 11), [1, 8, 15, 22, 29]);
    }

    #[test]
    fn the_last_day_and_weekdays_of_one_week_are_understood() {
        assert_eq!(dates("L", "*", 2028, 2), [29]);
        assert_eq!(dates("L,15", "*", 2026, 11), [15, 30]);
        assert_eq!(dates("*", "Mon#2", 2026, 11), [9]);
        assert_eq!(dates("*", "0#5", 2026, 11), [29]);
        assert_eq!(dates("*", "0#5", 2026, 12), Vec::<u32>::new());
        assert_eq!(dates("*", "FriL", 2026, 11), [27]);
        assert_eq!(dates("*", "5#L,1#1", 2026, 11), [2, 27]);
    }

    #[test]
    fn a_day_rule_that_means_nothing_is_refused() {
        for (day, weekday) in
            [("32", "*"), ("*", "8"), ("*", "Mon#6"), ("*", "Mon#0"), ("*", "L"), ("L-3", "*"), ("15W", "*")]
        {
            assert!(DayRule::read(day, weekday).is_err(), "{day} {weekday}");
        }
    }
}
