//! One field of an expression: `*`, `*/5`, `1-5`, `Mon,Wed`, `10-50/20`.

use crate::error::{Error, Kind, Result, nearest};

/// What a field counts, and which numbers and names it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// `minute`, `day of the week`.
    pub name: &'static str,
    /// The smallest number.
    pub least: u32,
    /// The greatest number.
    pub most: u32,
    /// Names of numbers, by their first three letters; the first stands for `least`.
    pub names: &'static [&'static str],
}

pub const SECOND: Unit = Unit { name: "second", least: 0, most: 59, names: &[] };
pub const MINUTE: Unit = Unit { name: "minute", least: 0, most: 59, names: &[] };
pub const HOUR: Unit = Unit { name: "hour", least: 0, most: 23, names: &[] };
pub const DAY: Unit = Unit { name: "day of the month", least: 1, most: 31, names: &[] };
pub const MONTH: Unit = Unit {
    name: "month",
    least: 1,
    most: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
/// 7 is Sunday as well, as 0 is.
pub const WEEKDAY: Unit =
    Unit { name: "day of the week", least: 0, most: 7, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

/// A set of numbers below 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbers(pub u64);

impl Numbers {
    /// The numbers from `first` to `last`, every `step`th of them.
    pub fn range(first: u32, last: u32, step: u32) -> Self {
        Self((first..=last).step_by(step as usize).fold(0, |set, number| set | 1 << number))
    }

    /// Whether `number` is one of them.
    pub fn contains(self, number: u32) -> bool {
        number < 64 && self.0 & (1 << number) != 0
    }

    /// The numbers, the smallest first.
    pub fn iter(self) -> impl Iterator<Item = u32> {
        (0..64).filter(move |number| self.contains(*number))
    }

    /// How many there are.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// How many there are that are smaller than `number`.
    pub fn below(self, number: u32) -> u32 {
        (self.0 & !(u64::MAX << number.min(63))).count_ones()
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl std::ops::BitOr for Numbers {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::ops::BitAnd for Numbers {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Unit {
    /// All numbers.
    pub fn all(&self) -> Numbers {
        Numbers::range(self.least, self.most, 1)
    }

    /// Reads a whole field.
    ///
    /// # Errors
    /// When an item of it means nothing, with the item and what would be right.
    pub fn read(&self, field: &str) -> Result<Numbers> {
        field.split(',').try_fold(Numbers::default(), |set, item| Ok(set | self.item(item)?))
    }

    /// Reads one item of a field: `*`, `5`, `1-5`, with or without `/step`.
    ///
    /// # Errors
    /// When it means nothing.
    pub fn item(&self, item: &str) -> Result<Numbers> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(self.step(item, step)?)),
            None => (item, None),
        };
        if range == "*" {
            return Ok(Numbers::range(self.least, self.most, step.unwrap_or(1)));
        }
        let Some((first, last)) = range.split_once('-') else {
            let number = self.number(range, item)?;
            if let Some(step) = step {
                return Err(self
                    .wrong(item, "a step needs a range before it")
                    .with_hint(format!("write `{range}-{}/{step}`", self.most)));
            }
            return Ok(Numbers::range(number, number, 1));
        };
        let (first, mut last) = (self.number(first, item)?, self.number(last, item)?);
        let counts_weekdays = self.most == WEEKDAY.most;
        if counts_weekdays && last == 0 && first > 0 {
            last = 7;
        }
        let step = step.unwrap_or(1);
        if first <= last {
            return Ok(Numbers::range(first, last, step));
        }
        if counts_weekdays {
            // `Fri-Mon`: over the end of the week, which crontab refuses and everybody understands.
            return Ok(Numbers((first..=last + 7).step_by(step as usize).fold(0, |set, day| set | 1 << (day % 7))));
        }
        Err(self
            .wrong(item, "the range ends before it begins")
            .with_hint(format!("write `{first}-{},{}-{last}`", self.most, self.least)))
    }

    /// Reads one number or name.
    ///
    /// # Errors
    /// When it is neither, or out of range.
    pub fn number(&self, text: &str, item: &str) -> Result<u32> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return match text.parse() {
                Ok(number) if (self.least..=self.most).contains(&number) => Ok(number),
                _ => Err(self.wrong(item, &format!("it goes from {} to {}", self.least, self.most))),
            };
        }
        let lower = text.to_ascii_lowercase();
        if let Some(at) = self.names.iter().position(|name| *name == lower) {
            return Ok(self.least + u32::try_from(at).unwrap_or_default());
        }
        let number = if self.names.is_empty() { "number" } else { "number or name" };
        if text.is_empty() {
            let place = match item {
                "" => "",
                item if item.starts_with('-') => " before the `-`",
                item if item.starts_with('/') => " before the `/`",
                _ => " after the `-`",
            };
            return Err(self.wrong(item, &format!("there is no {number}{place}")));
        }
        let error = self.wrong(item, &format!("`{text}` is no {number}"));
        Err(match nearest(&lower, self.names.iter().copied()) {
            Some(name) => error.with_hint(format!("did you mean `{}`?", capitalised(name))),
            None if self.names.is_empty() => error,
            None => error.with_hint(format!("names have three letters, such as `{}`", capitalised(self.names[1]))),
        })
    }

    fn step(&self, item: &str, step: &str) -> Result<u32> {
        if step.is_empty() || !step.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.wrong(item, &format!("the step `{step}` is no number")));
        }
        match step.parse() {
            Ok(0) => Err(self.wrong(item, "a step of 0 never gets anywhere")),
            Ok(number) if number <= self.most => Ok(number),
            // Vixie's cron takes it for the first number alone, which nobody who writes it means.
            Ok(_) | Err(_) => Err(self.too_far(item, step)),
        }
    }

    fn too_far(&self, item: &str, step: &str) -> Error {
        let (around, letter) = match *self {
            SECOND => ("minute", "s"),
            MINUTE => ("hour", "m"),
            HOUR => ("day", "h"),
            MONTH => ("year", ""),
            WEEKDAY => ("week", "d"),
            _ => ("month", "d"),
        };
        let first = format!("it begins anew with each {around}, so that the first number alone would be left");
        let every = format!("for elapsed time a job has `every = \"{step}{letter}\"` instead of `schedule`");
        let hint = if letter.is_empty() { first } else { format!("{first}; {every}") };
        self.wrong(item, &format!("a step goes up to {}", self.most)).with_hint(hint)
    }

    /// The error about an item of this field.
    pub fn wrong(&self, item: &str, why: &str) -> Error {
        let item = if item.is_empty() { "an empty item".to_owned() } else { format!("`{item}`") };
        Error::new(Kind::Usage, "bad_schedule", format!("{item} as the {}: {why}", self.name))
    }
}

/// `Mon` for `mon`.
pub fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(unit: Unit, field: &str) -> Vec<u32> {
        unit.read(field).unwrap_or_else(|error| panic!("{field}: {error}")).iter().collect()
    }

    #[test]
    fn fields_are_read_as_crontab_reads_them() {
        assert_eq!(numbers(MINUTE, "*/15"), [0, 15, 30, 45]);
        assert_eq!(numbers(MINUTE, "5-20/10,1"), [1, 5, 15]);
        assert_eq!(numbers(HOUR, "*").len(), 24);
        assert_eq!(numbers(MONTH, "Jan,mar-MAY"), [1, 3, 4, 5]);
        assert_eq!(numbers(WEEKDAY, "Mon-Fri"), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_week_may_be_counted_over_its_end() {
        assert_eq!(numbers(WEEKDAY, "Sat-Sun"), [6, 7]);
        assert_eq!(numbers(WEEKDAY, "Fri-Mon"), [0, 1, 5, 6]);
        assert_eq!(numbers(WEEKDAY, "5-7"), [5, 6, 7]);
        assert_eq!(numbers(WEEKDAY, "Sun-Tue"), [0, 1, 2]);
    }

    #[test]
    fn what_means_nothing_is_told_with_what_would_be_right() {
        for (unit, field, message) in [
            (MINUTE, "60", "`60` as the minute: it goes from 0 to 59"),
            (HOUR, "24", "`24` as the hour: it goes from 0 to 23"),
            (DAY, "0", "`0` as the day of the month: it goes from 1 to 31"),
            (MINUTE, "5/15", "`5/15` as the minute: a step needs a range before it"),
            (MINUTE, "*/0", "`*/0` as the minute: a step of 0 never gets anywhere"),
            (MINUTE, "*/x", "`*/x` as the minute: the step `x` is no number"),
            (MINUTE, "*/+5", "`*/+5` as the minute: the step `+5` is no number"),
            (MINUTE, "*/", "`*/` as the minute: the step `` is no number"),
            (MINUTE, "*/99999999999", "`*/99999999999` as the minute: a step goes up to 59"),
            (WEEKDAY, "*/8", "`*/8` as the day of the week: a step goes up to 7"),
            (HOUR, "22-2", "`22-2` as the hour: the range ends before it begins"),
            (HOUR, "1,,2", "an empty item as the hour: there is no number"),
            (WEEKDAY, "Mond", "`Mond` as the day of the week: `Mond` is no number or name"),
            (HOUR, "-1", "`-1` as the hour: there is no number before the `-`"),
            (DAY, "5-", "`5-` as the day of the month: there is no number after the `-`"),
            (DAY, "/5", "`/5` as the day of the month: there is no number before the `/`"),
            (HOUR, "99999999999", "`99999999999` as the hour: it goes from 0 to 23"),
        ] {
            assert_eq!(unit.read(field).expect_err(field).message, message);
        }
        assert_eq!(HOUR.read("22-2").expect_err("reversed").hint.as_deref(), Some("write `22-23,0-2`"));
        let hint = |unit: Unit, field: &str| unit.read(field).expect_err("too far").hint.expect("a hint");
        assert_eq!(
            hint(WEEKDAY, "*/9"),
            "it begins anew with each week, so that the first number alone would be left; for elapsed time a job has \
             `every = \"9d\"` instead of `schedule`"
        );
        assert!(hint(MINUTE, "*/90").ends_with("`every = \"90m\"` instead of `schedule`"));
        assert_eq!(hint(MONTH, "*/18"), "it begins anew with each year, so that the first number alone would be left");
        assert_eq!(numbers(WEEKDAY, "*/7"), [0, 7]);
        assert_eq!(WEEKDAY.read("Mond").expect_err("a slip").hint.as_deref(), Some("did you mean `Mon`?"));
    }
}
