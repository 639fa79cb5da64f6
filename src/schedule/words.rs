//! An expression in English words.

use super::days::DayRule;
use super::expression::Expression;
use super::field::{DAY, HOUR, MINUTE, MONTH, Numbers, SECOND, Unit};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const NTH: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

/// What `expression` means: `at 20:00 from Monday to Friday`.
pub fn of(expression: &Expression) -> String {
    let mut words = times(expression);
    let days = days(&expression.days);
    if !days.is_empty() {
        words.push(' ');
        words.push_str(&days);
    } else if words.as_bytes().get(3).is_some_and(u8::is_ascii_digit) {
        words.push_str(" every day");
    }
    if expression.months != MONTH.all() {
        let months = runs(expression.months).into_iter().map(|run| named(run, |month| MONTHS[month as usize - 1]));
        words.push_str(" in ");
        words.push_str(&joined(&months.collect::<Vec<_>>(), "and"));
    }
    words
}

/// The times of day.
fn times(expression: &Expression) -> String {
    let Expression { seconds, minutes, hours, .. } = expression;
    let count = seconds.len() * minutes.len() * hours.len();
    if count <= 6 {
        let with_seconds = *seconds != Numbers::range(0, 0, 1);
        let times: Vec<String> = hours
            .iter()
            .flat_map(|hour| minutes.iter().map(move |minute| (hour, minute)))
            .flat_map(|(hour, minute)| seconds.iter().map(move |second| (hour, minute, second)))
            .map(|(hour, minute, second)| {
                if with_seconds {
                    format!("{hour:02}:{minute:02}:{second:02}")
                } else {
                    format!("{hour:02}:{minute:02}")
                }
            })
            .collect();
        return format!("at {}", joined(&times, "and"));
    }
    let mut parts = Vec::new();
    if *seconds != Numbers::range(0, 0, 1) {
        parts.push(part(*seconds, &SECOND));
    }
    if parts.is_empty() || *minutes != MINUTE.all() {
        parts.push(part(*minutes, &MINUTE));
    }
    if *hours != HOUR.all() {
        parts.push(hours_in_words(*hours));
    } else if parts.len() == 1 && minutes.len() > 1 && !parts[0].starts_with("every") {
        parts.push("of every hour".to_owned());
    } else if parts.len() == 1 && minutes.len() == 1 {
        // `0 * * * *` is what everybody calls hourly.
        let minute = minutes.iter().next().unwrap_or_default();
        return if minute == 0 { "every hour".to_owned() } else { format!("every hour at minute {minute}") };
    }
    parts.join(" ")
}

/// `every 15 minutes`, `at minutes 5 and 35`.
fn part(numbers: Numbers, unit: &Unit) -> String {
    let (name, count) = (unit.name, unit.most + 1);
    if numbers == unit.all() {
        return format!("every {name}");
    }
    let step = count / numbers.len().max(1);
    if numbers.len() > 1 && count.is_multiple_of(step) && numbers == Numbers::range(0, unit.most, step) {
        return format!("every {step} {name}s");
    }
    let plural = if numbers.len() == 1 { "" } else { "s" };
    let numbers: Vec<String> = runs(numbers).into_iter().map(|run| named(run, |number| number)).collect();
    format!("at {name}{plural} {}", joined(&numbers, "and"))
}

/// `from 08:00 to 17:59`, `every 6 hours`, `in the hours 8 and 20`.
fn hours_in_words(hours: Numbers) -> String {
    let step = 24 / hours.len().max(1);
    if hours.len() > 1 && 24_u32.is_multiple_of(step) && hours == Numbers::range(0, 23, step) {
        return format!(
            "of every {step}{} hour",
            if step == 2 {
                "nd"
            } else if step == 3 {
                "rd"
            } else {
                "th"
            }
        );
    }
    let spans: Vec<String> =
        runs(hours).into_iter().map(|(first, last)| format!("from {first:02}:00 to {last:02}:59")).collect();
    joined(&spans, "and")
}

/// The days, or nothing when every day is meant.
fn days(rule: &DayRule) -> String {
    if rule.is_every() {
        return String::new();
    }
    let mut by_day = Vec::new();
    if !rule.days.is_empty() && rule.days != DAY.all() {
        let plural = if rule.days.len() == 1 { "" } else { "s" };
        let days: Vec<String> = runs(rule.days).into_iter().map(|run| named(run, |day| day)).collect();
        by_day.push(format!("on day{plural} {} of the month", joined(&days, "and")));
    }
    if rule.last_day {
        by_day.push("on the last day of the month".to_owned());
    }
    let mut by_weekday = Vec::new();
    if !rule.weekdays.is_empty() && rule.weekdays.len() < 7 {
        by_weekday.push(weekdays(rule.weekdays));
    }
    for (weekday, nth) in &rule.nth {
        by_weekday.push(format!("on the {} {} of the month", NTH[*nth as usize - 1], WEEKDAYS[*weekday as usize]));
    }
    for weekday in rule.last_weekdays.iter() {
        by_weekday.push(format!("on the last {} of the month", WEEKDAYS[weekday as usize]));
    }
    let needs_both = rule.any_day || rule.any_weekday;
    let (by_day, by_weekday) = (joined(&by_day, "and"), joined(&by_weekday, "and"));
    match (by_day.is_empty(), by_weekday.is_empty()) {
        (false, false) if needs_both => format!("{by_day}, if that is {}", by_weekday.trim_start_matches("on ")),
        (false, false) => format!("{by_day}, and also {by_weekday}"),
        (false, true) => by_day,
        (true, _) => by_weekday,
    }
}

/// `from Monday to Friday`, `on Saturday and Sunday`: the week begins on Monday.
fn weekdays(weekdays: Numbers) -> String {
    let from_monday = Numbers(weekdays.0 >> 1 | (weekdays.0 & 1) << 6);
    let name = |day: u32| WEEKDAYS[(day as usize + 1) % 7];
    match runs(from_monday).as_slice() {
        [(first, last)] if last - first >= 2 => format!("from {} to {}", name(*first), name(*last)),
        runs => {
            let days: Vec<String> = runs.iter().map(|run| named(*run, name)).collect();
            format!("on {}", joined(&days, "and"))
        }
    }
}

/// The stretches of numbers that follow each other.
fn runs(numbers: Numbers) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers.iter() {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    runs
}

/// `3`, `3 and 4`, `3 to 7`.
fn named<T: std::fmt::Display>((first, last): (u32, u32), name: impl Fn(u32) -> T) -> String {
    match last - first {
        0 => name(first).to_string(),
        1 => format!("{} and {}", name(first), name(last)),
        _ => format!("{} to {}", name(first), name(last)),
    }
}

/// `a, b and c`.
fn joined(items: &[String], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [many @ .., last] => {
            let many: Vec<&str> = many.iter().map(|item| item.trim_end_matches(" of the month")).collect();
            format!("{} {word} {last}", many.join(", ").replace(" and ", ", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_told_in_words() {
        for (text, words) in [
            ("0 20 * * Mon-Fri", "at 20:00 from Monday to Friday"),
            ("30 2 * * *", "at 02:30 every day"),
            ("*/15 * * * *", "every 15 minutes"),
            ("* * * * *", "every minute"),
            ("0 * * * *", "every hour"),
            ("20 * * * *", "every hour at minute 20"),
            ("5,35 * * * *", "at minutes 5 and 35 of every hour"),
            ("*/10 8-17 * * 1-5", "every 10 minutes from 08:00 to 17:59 from Monday to Friday"),
            ("0 8,20 * * Sat,Sun", "at 08:00 and 20:00 on Saturday and Sunday"),
            ("0 */6 * * *", "at 00:00, 06:00, 12:00 and 18:00 every day"),
            ("0 */2 * * *", "at minute 0 of every 2nd hour"),
            ("0 0 1 * *", "at 00:00 on day 1 of the month"),
            ("0 0 1,15 * Mon", "at 00:00 on days 1 and 15 of the month, and also on Monday"),
            (
                "0 0 */2 * Mon",
                "at 00:00 on days 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 and 31 of the month, if that is Monday",
            ),
            ("0 3 L * *", "at 03:00 on the last day of the month"),
            ("0 3 * * Sun#1", "at 03:00 on the first Sunday of the month"),
            ("0 3 * * FriL", "at 03:00 on the last Friday of the month"),
            ("0 0 1 1,4,7,10 *", "at 00:00 on day 1 of the month in January, April, July and October"),
            ("0 0 29 2 *", "at 00:00 on day 29 of the month in February"),
            ("@weekly", "at 00:00 on Sunday"),
            ("*/30 * * * * *", "every 30 seconds"),
            ("15 0 12 * * *", "at 12:00:15 every day"),
            ("* * * * * *", "every second"),
            ("0 9 * 6-8 Tue,Wed,Thu", "at 09:00 from Tuesday to Thursday in June to August"),
        ] {
            let expression: Expression = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(expression.words(), words, "{text}");
        }
    }
}
