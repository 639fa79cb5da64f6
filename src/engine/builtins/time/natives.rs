//! The natives of time: `now()`, `minutes(10)`, `sleep(…)`, and what durations and instants can do.

use std::any::TypeId;

use chrono::{Datelike, TimeDelta, Timelike};
use rhai::Dynamic;

use super::{Duration, Instant, Unit, humane_distance, humane_duration};
use crate::config::zone;
use crate::engine::native::{Native, NativeEffect, Type};
use crate::engine::{Arguments, Fault};
use crate::error::{Error, Kind};

/// The longest pattern that an instant is written by, in bytes.
const LONGEST_PATTERN: usize = 1000;

/// Durations, as natives declare them.
pub const DURATION: Type = Type::Custom("Duration", TypeId::of::<Duration>);
/// Instants, as natives declare them.
pub const INSTANT: Type = Type::Custom("Instant", TypeId::of::<Instant>);

/// All natives of time.
#[must_use]
pub fn natives() -> Vec<Native> {
    let mut all = durations();
    all.extend(duration_properties());
    all.extend(instants());
    all.extend(instant_properties());
    all.extend(instant_methods());
    all.extend(arithmetic());
    all.extend(texts());
    all.extend(super::calendar::natives());
    all
}

/// A native's result of a type of ours.
fn value<T: Clone + Send + Sync + 'static>(result: crate::error::Result<T>) -> Result<Dynamic, Fault> {
    Ok(Dynamic::from(result?))
}

fn durations() -> Vec<Native> {
    let unit = |name, length: TimeDelta, doc, example| {
        Native::function(name).takes("count", Type::Number).gives(DURATION).doc(doc).example(example).by(move |a| {
            match a.value(0)?.as_int() {
                Ok(count) => value(Duration::of(count, length)),
                Err(_) => value(Duration::of_fraction(a.number(0)?, length)),
            }
        })
    };
    vec![
        unit("seconds", TimeDelta::seconds(1), "A duration of so many seconds.", "seconds(90) == minutes(1.5)"),
        unit("minutes", TimeDelta::minutes(1), "A duration of so many minutes.", "minutes(90) == hours(1.5)"),
        unit("hours", TimeDelta::hours(1), "A duration of so many hours.", "hours(48) == days(2)"),
        unit(
            "days",
            TimeDelta::days(1),
            "A duration of so many times 24 hours. For days on the clock see `add_days`.",
            "days(7) == weeks(1)",
        ),
        unit("weeks", TimeDelta::weeks(1), "A duration of so many times seven days.", "weeks(2) == days(14)"),
        Native::function("duration")
            .takes("text", Type::Text)
            .gives(DURATION)
            .doc("Reads a duration: `90s`, `15m`, `2h`, `7d` or a combination such as `1h30m`.")
            .errors(&["script: the text is no duration"])
            .example("duration(\"1h30m\") == minutes(90)")
            .by(|a| value(Duration::parse(&a.text(0)?))),
        Native::function("sleep")
            .takes("duration", DURATION)
            .doc("Does nothing for a while, on the recipe's clock. A cancel or the run's deadline ends it at once.")
            .effect(NativeEffect::Local)
            .errors(&["invalid: the duration is negative"])
            .example("let before = now(); sleep(minutes(5)); now() - before >= minutes(5)")
            .by(|a| {
                let (clock, duration) = (a.run().recipe_clock.clone(), a.get::<Duration>(0)?);
                let Ok(span) = duration.span().to_std() else {
                    let message = format!("`sleep` cannot take a negative duration: {duration}");
                    return Err(Error::new(Kind::Invalid, "wrong_argument", message)
                        .with_hint("an instant may lie in the past: `if t > now() { sleep(t - now()) }`")
                        .into());
                };
                a.wait(async move {
                    clock.sleep(span).await;
                    Ok::<(), Error>(())
                })?;
                Ok(Dynamic::UNIT)
            }),
        Native::function("humane")
            .takes("time", Type::OneOf(&[DURATION, INSTANT]))
            .gives(Type::Text)
            .doc("Says a duration in words (`2 hours 5 minutes`), or how far away an instant is (`3 days ago`).")
            .effect(NativeEffect::Local)
            .example("humane(minutes(125)) == \"2 hours 5 minutes\" && humane(now() - days(3)) == \"3 days ago\"")
            .by(|a| {
                let duration = a.value(0)?.clone().try_cast::<Duration>();
                let text = match duration {
                    Some(duration) => humane_duration(duration.span()),
                    None => humane_distance(a.get::<Instant>(0)?.time() - a.run().recipe_clock.now()),
                };
                Ok(text.into())
            }),
        Native::function("age")
            .takes("time", INSTANT)
            .gives(DURATION)
            .doc("How long ago an instant was; negative if it is still to come.")
            .effect(NativeEffect::Local)
            .example("let made = now() - days(3); age(made) == days(3)")
            .by(|a| {
                let now = Instant::new(a.run().recipe_clock.now())?;
                value(now.since(a.get(0)?))
            }),
    ]
}

fn duration_properties() -> Vec<Native> {
    let in_unit = |name, length: TimeDelta, doc, example| {
        Native::property(DURATION, name)
            .gives(Type::Number)
            .doc(doc)
            .example(example)
            .by(move |a| Ok((a.get::<Duration>(0)?.as_seconds() / length.as_seconds_f64()).into()))
    };
    vec![
        in_unit("seconds", TimeDelta::seconds(1), "The whole duration in seconds.", "minutes(1.5).seconds == 90"),
        in_unit("minutes", TimeDelta::minutes(1), "The whole duration in minutes.", "seconds(90).minutes == 1.5"),
        in_unit("hours", TimeDelta::hours(1), "The whole duration in hours.", "minutes(90).hours == 1.5"),
        in_unit("days", TimeDelta::days(1), "The whole duration in days of 24 hours.", "hours(36).days == 1.5"),
        Native::method(DURATION, "abs")
            .gives(DURATION)
            .doc("The duration without its sign.")
            .example("(minutes(1) - minutes(3)).abs() == minutes(2)")
            .by(|a| {
                let duration = a.get::<Duration>(0)?;
                Ok(Dynamic::from(if duration.span() < TimeDelta::zero() { duration.negated() } else { duration }))
            }),
    ]
}

fn instants() -> Vec<Native> {
    vec![
        Native::function("now")
            .gives(INSTANT)
            .doc("The time on the recipe's clock, seen from UTC. On the simulator it is the simulated time.")
            .effect(NativeEffect::Local)
            .example("now() > instant(\"2020-01-01T00:00:00Z\")")
            .by(|a| value(Instant::new(a.run().recipe_clock.now()))),
        Native::function("instant")
            .takes("text", Type::Text)
            .gives(INSTANT)
            .doc("Reads an instant in RFC 3339, such as `2026-11-22T08:00:00Z`.")
            .errors(&["script: the text is no RFC 3339 time"])
            .example("instant(\"2026-11-22T09:00:00+01:00\") == instant(\"2026-11-22T08:00:00Z\")")
            .by(|a| value(Instant::parse(&a.text(0)?))),
        Native::function("instant")
            .takes("text", Type::Text)
            .takes("zone", Type::Text)
            .gives(INSTANT)
            .doc(
                "Reads a local time or date in a zone, such as `2026-11-22T09:00` or `2026-11-22`.\n\
                 A time that comes twice is the first of the two; one that the clocks skip is counted from the hour before.",
            )
            .errors(&["script: the text is no local time, or the zone is unknown"])
            .example("instant(\"2026-11-22T09:00\", \"Europe/Berlin\") == instant(\"2026-11-22T08:00:00Z\")")
            .by(|a| {
                let zone = zone(&a.text(1)?)?;
                value(Instant::parse_local(&a.text(0)?, zone))
            }),
        Native::function("instant")
            .takes("text", Type::Text)
            .takes("pattern", Type::Text)
            .takes("zone", Type::Text)
            .gives(INSTANT)
            .doc("Reads a local time or date in a zone by a pattern of strftime, such as `%Y%m%dT%H%M`.")
            .errors(&["script: the text does not match, the pattern is wrong, or the zone is unknown"])
            .example("instant(\"20261122T0900\", \"%Y%m%dT%H%M\", \"Europe/Berlin\") == instant(\"2026-11-22T08:00:00Z\")")
            .by(|a| {
                let zone = zone(&a.text(2)?)?;
                value(Instant::parse_pattern(&a.text(0)?, &a.text(1)?, zone))
            }),
    ]
}

fn instant_properties() -> Vec<Native> {
    type Number = fn(chrono::NaiveDateTime) -> i64;
    let number = |name, read: Number, doc, example| {
        Native::property(INSTANT, name)
            .gives(Type::Integer)
            .doc(doc)
            .example(example)
            .by(move |a| Ok(read(a.get::<Instant>(0)?.local()).into()))
    };
    vec![
        number("year", |t| t.year().into(), "The year in its zone.", "instant(\"2026-11-22T08:00:00Z\").year == 2026"),
        number("month", |t| t.month().into(), "The month, from 1.", "instant(\"2026-11-22T08:00:00Z\").month == 11"),
        number(
            "day",
            |t| t.day().into(),
            "The day of the month, from 1.",
            "instant(\"2026-11-22T08:00:00Z\").day == 22",
        ),
        number(
            "hour",
            |t| t.hour().into(),
            "The hour on the clock of its zone, 0 to 23.",
            "instant(\"2026-11-22T08:00:00Z\").in_zone(\"Europe/Berlin\").hour == 9",
        ),
        number(
            "minute",
            |t| t.minute().into(),
            "The minute, 0 to 59.",
            "instant(\"2026-11-22T08:30:00Z\").minute == 30",
        ),
        number(
            "second",
            |t| t.second().into(),
            "The second, 0 to 59.",
            "instant(\"2026-11-22T08:30:09Z\").second == 9",
        ),
        number(
            "week_of_year",
            |t| t.iso_week().week().into(),
            "The number of the week by ISO 8601, from 1.",
            "instant(\"2026-11-22T08:00:00Z\").week_of_year == 47",
        ),
        Native::property(INSTANT, "weekday")
            .gives(Type::Text)
            .doc("The day of the week: `monday` to `sunday`.")
            .example("instant(\"2026-11-22T08:00:00Z\").weekday == \"sunday\"")
            .by(|a| Ok(a.get::<Instant>(0)?.weekday().into())),
        Native::property(INSTANT, "date")
            .gives(Type::Text)
            .doc("The date in its zone, such as `2026-11-22`.")
            .example("instant(\"2026-11-22T23:30:00Z\").in_zone(\"Europe/Berlin\").date == \"2026-11-23\"")
            .by(|a| Ok(a.get::<Instant>(0)?.local().date().to_string().into())),
        Native::property(INSTANT, "zone")
            .gives(Type::Text)
            .doc("The name of the zone that it is seen from.")
            .example("now().zone == \"UTC\"")
            .by(|a| Ok(a.get::<Instant>(0)?.zone().name().into())),
        Native::property(INSTANT, "unix")
            .gives(Type::Integer)
            .doc("Whole seconds since 1970 in UTC.")
            .example("instant(\"1970-01-02T00:00:00Z\").unix == 86400")
            .by(|a| Ok(a.get::<Instant>(0)?.time().timestamp().into())),
    ]
}

fn instant_methods() -> Vec<Native> {
    vec![
        Native::method(INSTANT, "in_zone")
            .takes("zone", Type::Text)
            .gives(INSTANT)
            .doc("The same point in time, seen from another zone, such as `Europe/Berlin`.")
            .errors(&["script: the zone is unknown; the message has the nearest name"])
            .example("instant(\"2026-07-01T08:00:00Z\").in_zone(\"Europe/Berlin\").hour == 10")
            .by(|a| {
                let zone = zone(&a.text(1)?)?;
                Ok(Dynamic::from(a.get::<Instant>(0)?.in_zone(zone)))
            }),
        Native::method(INSTANT, "format")
            .takes("pattern", Type::Text)
            .gives(Type::Text)
            .doc("Writes it by a pattern of strftime, in its zone.")
            .errors(&["script: the pattern has an unknown conversion"])
            .example("instant(\"2026-11-22T08:00:00Z\").format(\"%Y%m%dT%H%M\") == \"20261122T0800\"")
            .by(|a| {
                let pattern = a.text(1)?;
                // Each conversion takes many times its letters.
                if pattern.len() > LONGEST_PATTERN {
                    let message = format!("a pattern has at most {LONGEST_PATTERN} letters");
                    return Err(Error::new(Kind::Script, "bad_format", message).into());
                }
                Ok(a.get::<Instant>(0)?.format(&pattern)?.into())
            }),
        Native::method(INSTANT, "truncate")
            .takes("unit", Type::Text)
            .gives(INSTANT)
            .doc(
                "The start of the `minute`, `hour`, `day`, `week`, `month` or `year` that it lies in, in its zone.\n\
                 Weeks begin on Monday.",
            )
            .errors(&["script: there is no such unit"])
            .example("instant(\"2026-11-22T08:31:00Z\").truncate(\"day\") == instant(\"2026-11-22T00:00:00Z\")")
            .by(|a| {
                let unit = Unit::named(&a.text(1)?)?;
                value(a.get::<Instant>(0)?.truncate(unit))
            }),
        Native::method(INSTANT, "at")
            .takes("time", Type::Text)
            .gives(INSTANT)
            .doc("The same day in its zone, when the clock shows this time: `22:00` or `22:00:30`.")
            .errors(&["script: the text is no time of day"])
            .example("instant(\"2026-11-22T08:31:00Z\").at(\"22:00\") == instant(\"2026-11-22T22:00:00Z\")")
            .by(|a| {
                let time = a.text(1)?;
                value(a.get::<Instant>(0)?.at(&time))
            }),
        Native::method(INSTANT, "add_days")
            .takes("count", Type::Integer)
            .gives(INSTANT)
            .doc("The same time on the clock of its zone so many days later, also when the clocks change between.")
            .example("instant(\"2026-11-22T08:00:00Z\").add_days(-1) == instant(\"2026-11-21T08:00:00Z\")")
            .by(|a| {
                let count = a.integer(1)?;
                value(a.get::<Instant>(0)?.plus_days(count))
            }),
        Native::method(INSTANT, "add_months")
            .takes("count", Type::Integer)
            .gives(INSTANT)
            .doc("The same day and time on the clock of its zone so many months later, or the last day of that month.")
            .example("instant(\"2026-01-31T08:00:00Z\").add_months(1) == instant(\"2026-02-28T08:00:00Z\")")
            .by(|a| {
                let count = a.integer(1)?;
                value(a.get::<Instant>(0)?.plus_months(count))
            }),
    ]
}

fn arithmetic() -> Vec<Native> {
    let scaled = |a: &mut Arguments<'_, '_>, duration: usize, factor: f64| {
        let seconds = a.get::<Duration>(duration)?.as_seconds();
        value(Duration::of_fraction(seconds * factor, TimeDelta::seconds(1)))
    };
    vec![
        Native::method(INSTANT, "+")
            .takes("duration", DURATION)
            .gives(INSTANT)
            .doc("The instant so much later. A day is 24 hours here; for days on the clock see `add_days`.")
            .example("instant(\"2026-11-22T08:00:00Z\") + hours(2) == instant(\"2026-11-22T10:00:00Z\")")
            .by(|a| {
                let duration = a.get(1)?;
                value(a.get::<Instant>(0)?.plus(duration))
            }),
        Native::method(INSTANT, "-")
            .takes("duration", DURATION)
            .gives(INSTANT)
            .doc("The instant so much earlier.")
            .example("instant(\"2026-11-22T08:00:00Z\") - hours(2) == instant(\"2026-11-22T06:00:00Z\")")
            .by(|a| {
                let duration = a.get::<Duration>(1)?;
                value(a.get::<Instant>(0)?.plus(duration.negated()))
            }),
        Native::method(INSTANT, "-")
            .takes("earlier", INSTANT)
            .gives(DURATION)
            .doc("The time between two instants, negative if the first is the earlier.")
            .example("instant(\"2026-11-22T08:00:00Z\") - instant(\"2026-11-22T06:30:00Z\") == minutes(90)")
            .by(|a| {
                let earlier = a.get(1)?;
                value(a.get::<Instant>(0)?.since(earlier))
            }),
        Native::method(DURATION, "+").takes("other", DURATION).gives(DURATION).doc("The sum of two durations.").by(
            |a| {
                let other = a.get(1)?;
                value(a.get::<Duration>(0)?.plus(other))
            },
        ),
        Native::method(DURATION, "-").takes("other", DURATION).gives(DURATION).doc("Their difference.").by(|a| {
            let other = a.get(1)?;
            value(a.get::<Duration>(0)?.minus(other))
        }),
        Native::method(DURATION, "-")
            .gives(DURATION)
            .doc("The same length in the other direction.")
            .example("-minutes(1) == minutes(1) - minutes(2)")
            .by(|a| Ok(Dynamic::from(a.get::<Duration>(0)?.negated()))),
        Native::method(DURATION, "*")
            .takes("factor", Type::Number)
            .gives(DURATION)
            .doc("The duration so many times.")
            .example("minutes(5) * 3 == minutes(15)")
            .by(move |a| {
                let factor = a.number(1)?;
                scaled(a, 0, factor)
            }),
        Native::method(Type::Number, "*")
            .takes("duration", DURATION)
            .gives(DURATION)
            .doc("The duration so many times.")
            .example("3 * minutes(5) == minutes(15)")
            .by(move |a| {
                let factor = a.number(0)?;
                scaled(a, 1, factor)
            }),
        Native::method(DURATION, "/")
            .takes("divisor", Type::Number)
            .gives(DURATION)
            .doc("A part of the duration.")
            .errors(&["script: division by zero"])
            .example("minutes(15) / 3 == minutes(5)")
            .by(move |a| {
                let divisor = a.number(1)?;
                if divisor == 0.0 {
                    let error = Error::new(Kind::Script, "division_by_zero", "a duration cannot be divided by zero");
                    return Err(error.into());
                }
                scaled(a, 0, 1.0 / divisor)
            }),
        Native::method(DURATION, "/")
            .takes("other", DURATION)
            .gives(Type::Number)
            .doc("How many times the other fits in, as a decimal number.")
            .errors(&["script: division by zero"])
            .example("minutes(15) / minutes(10) == 1.5")
            .by(|a| {
                let divisor = a.get::<Duration>(1)?.as_seconds();
                if divisor == 0.0 {
                    return Err(Error::new(
                        Kind::Script,
                        "division_by_zero",
                        "a duration cannot be divided by no time at all",
                    )
                    .into());
                }
                Ok((a.get::<Duration>(0)?.as_seconds() / divisor).into())
            }),
    ]
}

fn texts() -> Vec<Native> {
    let to_text = |name, kind: Type| Native::method(kind, name).gives(Type::Text);
    vec![
        to_text("to_string", INSTANT)
            .doc("The instant in RFC 3339, with `Z` in UTC, else with its offset.")
            .example("instant(\"2026-11-22T09:00:00+01:00\").to_string() == \"2026-11-22T08:00:00Z\"")
            .by(|a| Ok(a.get::<Instant>(0)?.to_string().into())),
        to_text("to_debug", INSTANT)
            .doc("The same as `to_string`.")
            .by(|a| Ok(a.get::<Instant>(0)?.to_string().into())),
        to_text("to_string", DURATION)
            .doc("The duration in its largest units, such as `1h30m`.")
            .example("minutes(90).to_string() == \"1h30m\"")
            .by(|a| Ok(a.get::<Duration>(0)?.to_string().into())),
        to_text("to_debug", DURATION)
            .doc("The same as `to_string`.")
            .by(|a| Ok(a.get::<Duration>(0)?.to_string().into())),
    ]
}
