//! Text and numbers for people.

use regex::RegexBuilder;
use rhai::{Array, Dynamic};

use crate::engine::native::{Native, Type};
use crate::engine::values::display;
use crate::engine::{Arguments, Fault};
use crate::error::{Error, Kind};

/// The natives of text and numbers.
#[must_use]
pub fn natives() -> Vec<Native> {
    let mut all = texts();
    all.extend(patterns());
    all.extend(numbers());
    all
}

/// A value as `print` shows it.
pub(super) fn shown(a: &Arguments<'_, '_>, value: &Dynamic) -> Result<String, Fault> {
    Ok(display(value, a.run().limits.text_bytes())?)
}

fn texts() -> Vec<Native> {
    vec![
        Native::method(Type::List, "join")
            .takes("separator", Type::Text)
            .gives(Type::Text)
            .doc("The items as text, with the separator between them.")
            .example("[\"a\", 1, minutes(5)].join(\", \") == \"a, 1, 5m\"")
            .by(|a| {
                let separator = a.text(1)?;
                let list = a.list(0)?;
                let mut text = String::new();
                for (index, item) in list.iter().enumerate() {
                    if index > 0 {
                        text.push_str(&separator);
                    }
                    text.push_str(&shown(a, item)?);
                    a.run().reserve(text.len() as u64)?;
                }
                Ok(text.into())
            }),
        Native::method(Type::Text, "lines")
            .gives(Type::List)
            .doc("The lines of a text, without their ends.")
            .example("\"a\\nb\\n\".lines() == [\"a\", \"b\"]")
            .by(|a| Ok(Dynamic::from_array(a.text(0)?.lines().map(|line| line.to_owned().into()).collect()))),
        pad("pad_left", "The text, filled up on its left to so many characters.", "\"7\".pad_left(3) == \"  7\"", true),
        pad(
            "pad_right",
            "The text, filled up on its right to so many characters.",
            "\"7\".pad_right(3) == \"7  \"",
            false,
        ),
    ]
}

fn pad(name: &'static str, doc: &'static str, example: &'static str, is_left: bool) -> Native {
    Native::method(Type::Text, name).takes("width", Type::Integer).gives(Type::Text).doc(doc).example(example).by(
        move |a| {
            let width = usize::try_from(a.integer(1)?).unwrap_or(0);
            a.run().reserve(width as u64)?;
            let text = a.text(0)?;
            let blanks = " ".repeat(width.saturating_sub(text.chars().count()));
            Ok(if is_left { format!("{blanks}{text}") } else { format!("{text}{blanks}") }.into())
        },
    )
}

fn patterns() -> Vec<Native> {
    vec![
        Native::method(Type::Text, "matches")
            .takes("pattern", Type::Text)
            .gives(Type::Boolean)
            .doc("Whether a regular expression matches somewhere in the text; `^` and `$` tie it to the ends.")
            .errors(&["script: the pattern is no regular expression"])
            .example("\"web-12\".matches(`^web-\\d+$`)")
            .by(|a| {
                let pattern = expression(&a.text(1)?)?;
                Ok(pattern.is_match(&a.text(0)?).into())
            }),
        Native::method(Type::Text, "captures")
            .takes("pattern", Type::Text)
            .gives(Type::Any)
            .doc(
                "The first match of a regular expression and its groups as a list of texts (`()` for a group that took no \
                 part), or `()` if nothing matches.",
            )
            .errors(&["script: the pattern is no regular expression"])
            .example("\"web-12\".captures(`^(\\w+)-(\\d+)$`) == [\"web-12\", \"web\", \"12\"]")
            .by(|a| {
                let pattern = expression(&a.text(1)?)?;
                let text = a.text(0)?;
                Ok(pattern.captures(&text).map_or(Dynamic::UNIT, |captures| {
                    let groups: Array = captures
                        .iter()
                        .map(|group| group.map_or(Dynamic::UNIT, |group| group.as_str().to_owned().into()))
                        .collect();
                    groups.into()
                }))
            }),
    ]
}

fn expression(pattern: &str) -> Result<regex::Regex, Fault> {
    RegexBuilder::new(pattern).size_limit(1 << 20).build().map_err(|error| {
        // The crate's own message draws the pattern over several lines; its last line says what is wrong.
        let why = error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Error::new(Kind::Script, "bad_regular_expression", format!("`{pattern}` is no regular expression: {why}"))
            .with_hint("write patterns between backticks or in `#\"…\"#`, where backslashes need no doubling")
            .into()
    })
}

fn numbers() -> Vec<Native> {
    vec![
        Native::function("format_bytes")
            .takes("count", Type::Number)
            .gives(Type::Text)
            .doc("A count of bytes in the largest unit that fits: B, KiB, MiB, GiB, TiB, PiB, EiB.")
            .example("format_bytes(1610612736) == \"1.5 GiB\"")
            .by(|a| Ok(format_bytes(a.number(0)?).into())),
        Native::function("format_number")
            .takes("number", Type::Number)
            .may_take("decimals", Type::Integer)
            .gives(Type::Text)
            .doc("A number with its thousands divided by commas, and rounded to so many decimals.")
            .example("format_number(1234567.891, 2) == \"1,234,567.89\"")
            .by(|a| {
                let decimals = a.get_if::<i64>(1)?;
                if let (Ok(whole), None) = (a.value(0)?.as_int(), decimals) {
                    return Ok(grouped(&whole.to_string()).into());
                }
                let number = a.number(0)?;
                Ok(match decimals {
                    Some(decimals) => grouped(&format!("{number:.*}", places(decimals))),
                    None => grouped(&number.to_string()),
                }
                .into())
            }),
        Native::function("percent")
            .takes("part", Type::Number)
            .takes("whole", Type::Number)
            .may_take("decimals", Type::Integer)
            .gives(Type::Text)
            .doc("How much of the whole a part is, as text such as `83%`; `-` if the whole is 0.")
            .example("percent(5, 6) == \"83%\" && percent(1, 3, 1) == \"33.3%\" && percent(1, 0) == \"-\"")
            .by(|a| {
                let decimals = a.get_if::<i64>(2)?.map_or(0, places);
                let (whole, part) = (a.number(1)?, a.number(0)?);
                Ok(if whole == 0.0 { "-".to_owned() } else { format!("{:.decimals$}%", part / whole * 100.0) }.into())
            }),
        Native::function("round")
            .takes("number", Type::Number)
            .takes("decimals", Type::Integer)
            .gives(Type::Number)
            .doc("A number rounded to so many decimals.")
            .example("round(2.345, 1) == 2.3")
            .by(|a| {
                let decimals = places(a.integer(1)?);
                let number = a.number(0)?;
                // By way of text: multiplying would round 1.005 to 1.0 or 1.01 as the bits happen to lie.
                Ok(format!("{number:.decimals$}").parse::<f64>().unwrap_or(number).into())
            }),
    ]
}

fn places(decimals: i64) -> usize {
    usize::try_from(decimals.clamp(0, 17)).unwrap_or(0)
}

fn format_bytes(count: f64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value = count;
    let mut unit = 0;
    // 1023.96 would print as 1024.0.
    while value.abs() >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let text = format!("{value:.1}");
    format!("{} {}", text.strip_suffix(".0").unwrap_or(&text), UNITS[unit])
}

/// Puts commas between the thousands of a decimal number.
fn grouped(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, fraction)| (whole, Some(fraction)));
    if !whole.bytes().all(|digit| digit.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut text = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_in_the_largest_unit_that_fits() {
        for (count, text) in [
            (0.0, "0 B"),
            (1.0, "1 B"),
            (1023.0, "1023 B"),
            (1024.0, "1 KiB"),
            (1536.0, "1.5 KiB"),
            (1_048_575.0, "1 MiB"),
            (64.0 * 1_073_741_824.0, "64 GiB"),
            (-2048.0, "-2 KiB"),
        ] {
            assert!(format_bytes(count).starts_with(text), "{count}: {}", format_bytes(count));
        }
    }

    #[test]
    fn thousands_are_divided() {
        for (number, text) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("-1234567.5", "-1,234,567.5"),
            ("inf", "inf"),
            ("NaN", "NaN"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
