//! `stackhand cron EXPR`: when a schedule is due.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeZone, Utc};
use serde_json::{Value, json};

use super::arguments::CronArguments;
use super::execute::DONE;
use super::process::Process;
use super::table::{Cell, Column, table};
use crate::app::{FireTime, forecast};
use crate::clock::Clock;
use crate::config::{Workspace, Zone, zone};
use crate::error::{Error, Kind, Result};

/// Shows the next fire times of an expression, and what it means in words.
pub fn cron(process: &Process, arguments: &CronArguments) -> Result<u8> {
    let given = match &arguments.timezone {
        Some(name) => Some(zone(name).map_err(|error| Error { kind: Kind::Usage, ..error }.with_place("--timezone"))?),
        None => workspace_zone(process)?,
    };
    let zone = given.unwrap_or(Zone::UTC);
    let now = Clock::process().now();
    let from = match &arguments.from {
        Some(text) => instant("--from", text, zone)?,
        None => now,
    };
    let forecast = forecast(&arguments.expression, zone, from, arguments.count.into())?;
    if given.is_none() {
        process.printer.note("in UTC; give --timezone, such as Europe/Berlin, for the clock on your wall");
    }
    if forecast.next.len() < arguments.count.into() {
        process.printer.note("fire times are known up to the end of the year 2100, and no later");
    }
    let next: Vec<Value> =
        forecast.next.iter().map(|due| json!({ "at": written(due.at, zone), "note": due.note })).collect();
    let value = json!({
        "expression": forecast.expression,
        "timezone": zone.name(),
        "words": forecast.words,
        "next": next,
    });
    let rows = forecast.next.iter().map(|due| row(due, zone)).collect();
    let mut text = format!("{} ({})", forecast.words, zone.name());
    if !forecast.next.is_empty() {
        let columns = [Column::new("NEXT"), Column::if_it_fits("UTC", 0), Column::new("")];
        text = format!("{text}\n\n{}", table(&process.printer, columns, rows));
    }
    process.printer.result(&value, &text)?;
    Ok(DONE)
}

fn workspace_zone(process: &Process) -> Result<Option<Zone>> {
    let workspace = Workspace::around(process.environment.folder())?;
    Ok(workspace.and_then(|workspace| workspace.timezone))
}

fn row(due: &FireTime, zone: Zone) -> [Cell; 3] {
    let local = due.at.with_timezone(&zone);
    [
        Cell::whole(&local.format("%a %Y-%m-%d %H:%M:%S %:z").to_string()),
        Cell::whole(&due.at.format("%d. %H:%M:%S").to_string()),
        due.note.as_deref().map(Cell::words).unwrap_or_default(),
    ]
}

pub(super) fn written(at: DateTime<Utc>, zone: Zone) -> String {
    at.with_timezone(&zone).to_rfc3339()
}

/// The instant that somebody means by an option: a date or a time on the wall, or one with its offset.
pub(super) fn instant(option: &str, text: &str, zone: Zone) -> Result<DateTime<Utc>> {
    let wrong = |message| Error::new(Kind::Usage, "bad_time", message).with_place(option);
    let instant = meant(text, zone, &wrong)?;
    if is_written(instant) {
        return Ok(instant);
    }
    Err(wrong(format!("`{text}` is not within the years 0 to 9999")))
}

/// Whether a time is of the years that times are written with.
pub(super) fn is_written(instant: DateTime<Utc>) -> bool {
    // But for a day, which no zone is away from UTC.
    (-62_167_132_800..253_402_214_400).contains(&instant.timestamp())
}

fn meant(text: &str, zone: Zone, wrong: &impl Fn(String) -> Error) -> Result<DateTime<Utc>> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.to_utc());
    }
    let day = || text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0);
    let minute = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok();
    let wall = text.parse::<NaiveDateTime>().ok().or_else(minute).or_else(day);
    let wall = wall.ok_or_else(|| {
        wrong(format!("`{text}` is no time"))
            .with_hint("write it as `2026-11-22`, `2026-11-22T02:00` or `2026-11-22T02:00:00Z`")
    })?;
    let instant = match wall.year() {
        0..=9_999 => zone.from_local_datetime(&wall).earliest().map(|at| at.to_utc()),
        // Not even a zone's clocks are known then.
        _ => Some(wall.and_utc()),
    };
    instant.ok_or_else(|| wrong(format!("the clocks of {} leave out {wall}", zone.name())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_on_the_wall_unless_they_say_otherwise() {
        let berlin = zone("Europe/Berlin").expect("known");
        for (text, wanted) in [
            ("2026-11-22", "2026-11-21T23:00:00Z"),
            ("2026-07-22T02:00", "2026-07-22T00:00:00Z"),
            ("2026-11-22T02:00:30", "2026-11-22T01:00:30Z"),
            ("2026-11-22T02:00:00-05:00", "2026-11-22T07:00:00Z"),
        ] {
            assert_eq!(
                instant("--from", text, berlin).expect(text),
                wanted.parse::<DateTime<Utc>>().expect("a time"),
                "{text}"
            );
        }
        let error = |text: &str| instant("--until", text, berlin).expect_err(text);
        assert!(error("2026-03-29T02:30").message.contains("leave out"));
        assert_eq!(error("tomorrow").exit_code() as u8, 2);
        assert_eq!(error("tomorrow").place.as_deref(), Some("--until"));
    }

    #[test]
    fn times_beyond_the_years_that_are_written_are_none() {
        for name in ["Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles", "UTC"] {
            let zone = zone(name).expect("known");
            for text in [
                "-262143-01-01",
                "+262142-12-31T23:59:59",
                "-262143-01-01T00:00",
                "+10000-01-01",
                "-0001-12-31",
                "9999-12-31T23:59:59-23:59",
            ] {
                let error = instant("--from", text, zone).expect_err(text);
                assert!(error.message.ends_with("is not within the years 0 to 9999"), "{error}");
            }
            for text in ["0001-01-01", "9999-12-30"] {
                let at = instant("--from", text, zone).expect(text);
                assert!(written(at, zone).starts_with(text), "{}", written(at, zone));
            }
        }
    }
}
