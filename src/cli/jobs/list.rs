//! `stackhand jobs list`, `show` and `history`: what there is of jobs.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::desk::{Desk, shown_at};
use crate::app::jobs::{JobState, Phase, Reason, Record, Stretch, record_json};
use crate::cli::execute::DONE;
use crate::cli::history_table::{short, shown};
use crate::cli::process::Process;
use crate::cli::table::{Cell, Column, page, table};
use crate::config::{Zone, duration};
use crate::error::{Kind, Result};

/// Lists all jobs; exit code 3 if one of them is wrong.
pub fn list(process: &Process, desk: &Desk) -> Result<u8> {
    let states = desk.wait(desk.states())?;
    let rows = states.iter().map(JobState::to_json).collect();
    let cells = states.iter().map(|state| {
        let next = state.next.first().map(|(at, _)| time(*at, state.zone)).unwrap_or_default();
        let last = state.last.first().map(|record| in_short(record, state.zone)).unwrap_or_default();
        [Cell::whole(state.id.as_str()), Cell::whole(state.doing()), next, last, Cell::words(&state.words)]
    });
    let text = if states.is_empty() {
        String::new()
    } else {
        let columns = [
            Column::new("JOB"),
            Column::new("NOW"),
            Column::if_it_fits("NEXT", 0),
            Column::if_it_fits("LAST", 1).or_its_words(),
            Column::if_it_fits("WHEN", 2),
        ];
        table(&process.printer, columns, cells.collect())
    };
    process.printer.result(&Value::Array(rows), &text)?;
    if states.is_empty() {
        process.printer.note("the workspace has no job: they are `[[job]]` in stackhand.toml");
    }
    for (state, error) in states.iter().filter_map(|state| Some((state, state.wrong.as_ref()?))) {
        process.printer.warning(&format!("`{}` cannot be due: {}", state.id, shown(&error.to_string())));
    }
    if !states.is_empty() {
        desk.tell_absence(process);
    }
    Ok(code_of(&states))
}

fn code_of(states: &[JobState]) -> u8 {
    let is_wrong = states.iter().any(|state| state.wrong.is_some());
    if is_wrong { Kind::Config.exit_code() as u8 } else { DONE }
}

/// Shows one job on one page; exit code 3 if it is wrong.
pub fn show(process: &Process, desk: &Desk, name: &str) -> Result<u8> {
    let ids = desk.wait(desk.live_named(name))?;
    let mut states = desk.wait(desk.states())?;
    states.retain(|state| ids.contains(&state.id));
    let option = if desk.surround.given.is_simulated { " --sim" } else { "" };
    let command = |state: &JobState| state.next_command(desk.is_simulated(&state.id), option);
    let pages: Vec<String> =
        states.iter().map(|state| page(&process.printer, &lines(state, &command(state)))).collect();
    let values: Vec<Value> = states
        .iter()
        .map(|state| {
            let mut value = state.to_json();
            value["next_command"] = json!(command(state));
            value
        })
        .collect();
    let value = if let [one] = &values[..] { one.clone() } else { Value::Array(values) };
    process.printer.result(&value, &pages.join("\n\n"))?;
    desk.tell_absence(process);
    Ok(code_of(&states))
}

/// What the page of a job says.
fn lines(state: &JobState, command: &str) -> Vec<(&'static str, Cell)> {
    let zone = state.zone;
    let mut lines = vec![("job", Cell::whole(state.id.as_str()))];
    lines.extend(state.description.as_ref().map(|description| ("what", Cell::words(description))));
    if !state.recipe.is_empty() {
        lines.push(("recipe", Cell::whole(&state.recipe)));
    }
    let zone_name = if state.is_former { String::new() } else { format!(" ({})", zone.name()) };
    lines.push(("due", Cell::words(&format!("{}{zone_name}", state.words))));
    if let Some(error) = &state.wrong {
        lines.push(("wrong", Cell::words(&error.to_string())));
        lines.extend(error.hint.as_ref().map(|hint| ("", Cell::words(&format!("hint: {hint}")))));
    }
    if let Some(pause) = &state.pause {
        let since = Cell::words("since").then(punctuated(pause.since, zone, ","));
        let note = pause.note.as_ref().map(|note| Cell::words(note));
        let end = if note.is_some() { ":" } else { "" };
        let until = match pause.until {
            Some(until) => Cell::words("until").then(punctuated(until, zone, end)),
            None => Cell::words(&format!("until somebody resumes it{end}")),
        };
        lines.push(("paused", since.then(until).then(note.unwrap_or_default())));
    }
    for (index, (at, note)) in state.next.iter().enumerate() {
        let note = note.as_ref().map(|note| Cell::words(&format!(" {note}"))).unwrap_or_default();
        lines.push((if index == 0 { "next" } else { "" }, time(*at, zone).then(note)));
    }
    for entry in &state.live {
        let is_running = entry.phase == Phase::Running;
        let what = Cell::words(if is_running { "runs for" } else { "waits for" });
        lines.push((
            "now",
            match (&entry.run, &entry.held_by) {
                (Some(run), _) if is_running => {
                    what.then(punctuated(entry.fire_time, zone, ",")).then(Cell::words("run")).then(Cell::whole(&run.0))
                }
                (_, Some(reason)) if !is_running => {
                    what.then(punctuated(entry.fire_time, zone, ":")).then(Cell::words(&reason.to_string()))
                }
                _ => what.then(time(entry.fire_time, zone)),
            },
        ));
    }
    for (index, record) in state.last.iter().enumerate() {
        lines.push((if index == 0 { "last" } else { "" }, in_short(record, zone)));
    }
    if !state.is_enrolled && !state.is_former && state.wrong.is_none() {
        let note = "no server has seen it yet: it is due once `stackhand serve` runs";
        lines.push(("note", Cell::words(note)));
    }
    lines.push(("type", Cell::whole(command)));
    lines
}

fn time(at: DateTime<Utc>, zone: Zone) -> Cell {
    punctuated(at, zone, "")
}

fn punctuated(at: DateTime<Utc>, zone: Zone, mark: &str) -> Cell {
    Cell::whole(&format!("{}{mark}", shown_at(at, zone)))
}

/// From its first fire time to its last.
fn times(stretch: &Stretch, zone: Zone) -> Cell {
    time(stretch.first, zone).then(Cell::words("…")).then(time(stretch.last, zone))
}

/// One fire time, or a stretch of them, in a line.
fn in_short(record: &Record, zone: Zone) -> Cell {
    let because = |reason: Option<&Reason>| reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    match record {
        Record::Entry(entry) => {
            let outcome = entry.outcome.map_or(entry.phase.as_str(), |outcome| outcome.as_str());
            let what = format!("{outcome}{}", because(entry.reason.as_ref()));
            time(entry.fire_time, zone).then(Cell::words(&what))
        }
        Record::Stretch(stretch) => {
            let what = format!("{} times {}{}", stretch.count, stretch.outcome, because(Some(&stretch.reason)));
            times(stretch, zone).then(Cell::words(&what))
        }
    }
}

/// Tells what became of fire times, the latest first.
pub fn history(process: &Process, desk: &Desk, name: Option<&str>, limit: usize) -> Result<u8> {
    let ids = name.map(|name| desk.wait(desk.seen_named(name))).transpose()?;
    let mut records = match &ids {
        None => desk.wait(desk.history(None, limit))?,
        Some(ids) => {
            let mut all = Vec::new();
            for id in ids {
                all.extend(desk.wait(desk.history(Some(id), limit))?);
            }
            all
        }
    };
    records.sort_by_key(|record| std::cmp::Reverse(record.first()));
    records.truncate(limit);
    let rows: Vec<Value> = records.iter().map(|record| record_json(record, desk.zone(record.job()))).collect();
    let cells = records.iter().map(|record| cells(record, desk.zone(record.job())));
    let columns = [
        Column::new("FIRE TIME"),
        Column::new("JOB"),
        Column::new("OUTCOME"),
        Column::if_it_fits("WHY", 0),
        Column::if_it_fits("TOOK", 2),
        Column::if_it_fits("RUN", 1),
    ];
    let text = if records.is_empty() { String::new() } else { table(&process.printer, columns, cells.collect()) };
    process.printer.result(&Value::Array(rows), &text)?;
    if records.is_empty() {
        process.printer.note("nothing was due yet that a server has seen");
    }
    Ok(DONE)
}

fn cells(record: &Record, zone: Zone) -> [Cell; 6] {
    match record {
        Record::Entry(entry) => {
            let took = entry.started_at.zip(entry.ended_at).map(|(from, to)| Cell::whole(&duration::print(to - from)));
            [
                time(entry.fire_time, zone),
                Cell::whole(entry.job.as_str()),
                Cell::whole(entry.outcome.map_or(entry.phase.as_str(), |outcome| outcome.as_str())),
                entry.reason.as_ref().map(|reason| Cell::words(&reason.to_string())).unwrap_or_default(),
                took.unwrap_or_default(),
                entry.run.as_ref().map(|run| Cell::whole(&short(&run.0))).unwrap_or_default(),
            ]
        }
        Record::Stretch(stretch) => [
            times(stretch, zone).then(Cell::words(&format!("({})", stretch.count))),
            Cell::whole(stretch.job.as_str()),
            Cell::whole(stretch.outcome.as_str()),
            Cell::words(&stretch.reason.to_string()),
            Cell::default(),
            Cell::default(),
        ],
    }
}
