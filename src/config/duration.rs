//! Durations as people write them: `90s`, `15m`, `2h`, `7d`, `1h30m`. One grammar for recipes, flags and files.
//!
//! A day is 24 hours and a week seven days here; calendar days are a matter of zones (`truncate`, schedules).

use std::fmt;

use chrono::TimeDelta;

/// The units from the largest to the smallest, with their length in milliseconds.
const UNITS: [(&str, i64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    text: String,
    reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reason {
    Empty,
    NoUnit(String),
    NoNumber,
    Fraction,
    UnknownUnit(String),
    Order(&'static str),
    TooLong,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no duration: ", self.text)?;
        match &self.reason {
            Reason::Empty => f.write_str("it is empty"),
            Reason::NoUnit(number) => write!(f, "a unit must follow `{number}`, such as `{number}s` or `{number}m`"),
            Reason::NoNumber => f.write_str("a number must stand before each unit"),
            Reason::Fraction => f.write_str("only whole numbers count; write `1h30m` rather than `1.5h`"),
            Reason::UnknownUnit(unit) => write!(f, "the unit `{unit}` is none of w, d, h, m, s, ms"),
            Reason::Order(unit) => write!(f, "`{unit}` must come once, and the larger units before the smaller"),
            Reason::TooLong => f.write_str("it is too long"),
        }
    }
}

impl std::error::Error for Malformed {}

/// Reads a duration: whole numbers with a unit (`w d h m s ms`), larger units first, each once; `-` before it all
/// makes it negative.
///
/// # Errors
/// If the text is not of this form, or too long to count in milliseconds.
pub fn parse(text: &str) -> Result<TimeDelta, Malformed> {
    let fail = |reason| Malformed { text: text.to_owned(), reason };
    let trimmed = text.trim();
    let (is_negative, mut rest) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed),
    };
    if rest.is_empty() {
        return Err(fail(Reason::Empty));
    }
    let mut total: i64 = 0;
    let mut next_unit = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err(fail(if rest.starts_with(['.', ',']) { Reason::Fraction } else { Reason::NoNumber }));
        }
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        if unit.is_empty() {
            return Err(fail(if after.starts_with(['.', ',']) {
                Reason::Fraction
            } else {
                Reason::NoUnit(number.to_owned())
            }));
        }
        let Some(index) = UNITS.iter().position(|(name, _)| *name == unit) else {
            return Err(fail(Reason::UnknownUnit(unit.to_owned())));
        };
        if index < next_unit {
            return Err(fail(Reason::Order(UNITS[index].0)));
        }
        next_unit = index + 1;
        total = number
            .parse::<i64>()
            .ok()
            .and_then(|number| number.checked_mul(UNITS[index].1))
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| fail(Reason::TooLong))?;
        rest = after;
    }
    TimeDelta::try_milliseconds(if is_negative { -total } else { total }).ok_or_else(|| fail(Reason::TooLong))
}

/// Writes a duration in the grammar that [`parse`] reads: `1h30m`, `7d`, `0s`; parts of a millisecond are dropped.
#[must_use]
pub fn print(duration: TimeDelta) -> String {
    let total = duration.num_milliseconds();
    let mut rest = total.unsigned_abs();
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    if total < 0 {
        text.push('-');
    }
    // Weeks are read but not written: `14d` is what people say.
    for (unit, length) in UNITS.into_iter().skip(1) {
        let count = rest / length.unsigned_abs();
        if count > 0 {
            text.push_str(&count.to_string());
            text.push_str(unit);
            rest -= count * length.unsigned_abs();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_in_one_grammar() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("2h", 7_200),
            ("7d", 604_800),
            ("2w", 1_209_600),
            ("1h30m", 5_400),
            ("1d2h3m4s", 93_784),
            (" 5m ", 300),
            ("0s", 0),
            ("-10m", -600),
        ] {
            assert_eq!(parse(text), Ok(TimeDelta::seconds(seconds)), "{text}");
        }
        assert_eq!(parse("1s500ms"), Ok(TimeDelta::milliseconds(1_500)));
    }

    #[test]
    fn what_is_no_duration_says_why() {
        for (text, part) in [
            ("", "it is empty"),
            ("-", "it is empty"),
            ("10", "a unit must follow `10`, such as `10s`"),
            ("1h30", "a unit must follow `30`"),
            ("m", "a number must stand before"),
            ("1.5h", "write `1h30m`"),
            ("10min", "the unit `min` is none of"),
            ("5 m", "a unit must follow `5`"),
            ("30m1h", "larger units before the smaller"),
            ("1h1h", "must come once"),
            ("99999999999999999999s", "too long"),
            ("9223372036854775807d", "too long"),
            ("1h-5m", "a number must stand"),
            ("٣h", "a number must stand"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn durations_are_written_in_their_largest_units() {
        for (text, written) in [("90s", "1m30s"), ("24h", "1d"), ("2w", "14d"), ("0m", "0s"), ("-90m", "-1h30m")] {
            assert_eq!(print(parse(text).expect(text)), written);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(milliseconds in -10_000_000_000_000_i64..10_000_000_000_000) {
            let duration = TimeDelta::milliseconds(milliseconds);
            prop_assert_eq!(parse(&print(duration)), Ok(duration));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,20}") {
            let _ = parse(&text);
        }

        #[test]
        fn texts_that_look_like_durations_never_panic(text in "-?([0-9]{1,20}(w|d|h|m|s|ms)){0,7}") {
            let _ = parse(&text);
        }
    }
}
