//! `stackhand jobs list`, `show` and `history`: what there is of jobs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::desk::{Desk, shown_at};
use crate::app::jobs::{JobState, Phase, Reason, Record, record_json};
use crate::cli::execute::DONE;
use crate::cli::history_table::{short, shown, table};
use crate::cli::process::Process;
use crate::config::{Zone, duration};
use crate::error::Result;

/// Lists all jobs.
pub fn list(process: &Process, desk: &Desk) -> Result<u8> {
    let states = desk.wait(desk.states())?;
    let rows = states.iter().map(JobState::to_json).collect();
    let cells = states.iter().map(|state| {
        let next = state.next.first().map(|(at, _)| shown_at(*at, state.zone)).unwrap_or_default();
        let last = state.last.first().map(|record| in_short(record, state.zone)).unwrap_or_default();
        [state.id.to_string(), state.doing().to_owned(), next, last, state.words.clone()]
    });
    let text = if states.is_empty() {
        String::new()
    } else {
        table(&process.printer, ["JOB", "NOW", "NEXT", "LAST", "WHEN"], cells.collect())
    };
    process.printer.result(&Value::Array(rows), &text)?;
    if states.is_empty() {
        process.printer.note("the workspace has no job: they are `[[job]]` in stackhand.toml");
    }
    Ok(DONE)
}

/// Shows one job on one page.
pub fn show(process: &Process, desk: &Desk, name: &str) -> Result<u8> {
    let ids = desk.named(name)?;
    let mut states = desk.wait(desk.states())?;
    states.retain(|state| ids.contains(&state.id));
    let option = if desk.surround.given.is_simulated { " --sim" } else { "" };
    let command = |state: &JobState| state.next_command(desk.is_simulated(&state.id), option);
    let pages: Vec<String> = states.iter().map(|state| page(state, &command(state))).collect();
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
    Ok(DONE)
}

fn page(state: &JobState, command: &str) -> String {
    let zone = state.zone;
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<9} {}", shown(value));
    };
    line("job", state.id.as_str());
    if let Some(description) = &state.description {
        line("what", description);
    }
    if !state.recipe.is_empty() {
        line("recipe", &state.recipe);
    }
    line("due", &format!("{} ({})", state.words, zone.name()));
    if let Some(pause) = &state.pause {
        let until =
            pause.until.map_or("until somebody resumes it".to_owned(), |at| format!("until {}", shown_at(at, zone)));
        let note = pause.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        line("paused", &format!("since {}, {until}{note}", shown_at(pause.since, zone)));
    }
    for (index, (at, note)) in state.next.iter().enumerate() {
        let note = note.as_ref().map(|note| format!("  {note}")).unwrap_or_default();
        line(if index == 0 { "next" } else { "" }, &format!("{}{note}", shown_at(*at, zone)));
    }
    for entry in &state.live {
        let what = if entry.phase == Phase::Running { "runs" } else { "waits" };
        let held = entry.held_by.as_ref().filter(|_| entry.phase == Phase::Waiting);
        let held = held.map(|reason| format!(": {reason}")).unwrap_or_default();
        let run = entry.run.as_ref().filter(|_| entry.phase == Phase::Running);
        let run = run.map(|run| format!(", run {run}")).unwrap_or_default();
        line("now", &format!("{what} for {}{run}{held}", shown_at(entry.fire_time, zone)));
    }
    for (index, record) in state.last.iter().enumerate() {
        line(if index == 0 { "last" } else { "" }, &in_short(record, zone));
    }
    if !state.is_enrolled {
        line("note", "no server has seen it yet: it is due once `stackhand serve` runs");
    }
    line("type", command);
    text.trim_end().to_owned()
}

/// One fire time, or a stretch of them, in a line.
fn in_short(record: &Record, zone: Zone) -> String {
    let because = |reason: Option<&Reason>| reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    match record {
        Record::Entry(entry) => {
            let outcome = entry.outcome.map_or(entry.phase.as_str(), |outcome| outcome.as_str());
            format!("{} {outcome}{}", shown_at(entry.fire_time, zone), because(entry.reason.as_ref()))
        }
        Record::Stretch(stretch) => format!(
            "{} … {} {} times {}{}",
            shown_at(stretch.first, zone),
            shown_at(stretch.last, zone),
            stretch.count,
            stretch.outcome,
            because(Some(&stretch.reason))
        ),
    }
}

/// Tells what became of fire times, the latest first.
pub fn history(process: &Process, desk: &Desk, name: Option<&str>, limit: usize) -> Result<u8> {
    let ids = name.map(|name| desk.named(name)).transpose()?;
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
    let header = ["FIRE TIME", "JOB", "OUTCOME", "WHY", "TOOK", "RUN"];
    let text = if records.is_empty() { String::new() } else { table(&process.printer, header, cells.collect()) };
    process.printer.result(&Value::Array(rows), &text)?;
    if records.is_empty() {
        process.printer.note("nothing was due yet that a server has seen");
    }
    Ok(DONE)
}

fn cells(record: &Record, zone: Zone) -> [String; 6] {
    match record {
        Record::Entry(entry) => {
            let took = entry.started_at.zip(entry.ended_at).map(|(from, to)| duration::print(to - from));
            [
                shown_at(entry.fire_time, zone),
                entry.job.to_string(),
                entry.outcome.map_or(entry.phase.as_str(), |outcome| outcome.as_str()).to_owned(),
                entry.reason.as_ref().map(ToString::to_string).unwrap_or_default(),
                took.unwrap_or_default(),
                entry.run.as_ref().map(|run| short(&run.0)).unwrap_or_default(),
            ]
        }
        Record::Stretch(stretch) => [
            format!("{} … {} ({})", shown_at(stretch.first, zone), shown_at(stretch.last, zone), stretch.count),
            stretch.job.to_string(),
            stretch.outcome.to_string(),
            stretch.reason.to_string(),
            String::new(),
            String::new(),
        ],
    }
}
