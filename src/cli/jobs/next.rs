//! `stackhand jobs next`: when jobs are due.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::app::jobs::{NextFireTime, NextFireTimes, error_json, next_fire_times, workspace};
use crate::cli::cron::{instant, written};
use crate::cli::execute::DONE;
use crate::cli::history_table::shown;
use crate::cli::process::Process;
use crate::cli::table::{Cell, Column, table};
use crate::clock::Clock;
use crate::config::{Workspace, Zone};
use crate::error::{Error, Kind, Result, nearest};

/// Shows the next fire times of all jobs, or of one; exit code 3 if one of them is wrong.
pub fn next(process: &Process, job: Option<&str>, count: u16, from: Option<&str>) -> Result<u8> {
    let workspace = workspace(&process.environment)?;
    let zone = workspace.timezone.unwrap_or(Zone::UTC);
    let from = match from {
        Some(text) => instant("--from", text, zone)?,
        None => Clock::process().now(),
    };
    if let Some(job) = job {
        must_exist(&workspace, job)?;
    }
    let NextFireTimes { all: next, wrong } = next_fire_times(&workspace, job, from, count.into());
    if let Some((_, error)) = wrong.first().filter(|_| next.is_empty()) {
        return Err(error.clone());
    }
    let rows = next.iter().map(|next| {
        let at = written(next.at, next.zone);
        json!({ "at": at, "job": next.job, "left_out": next.closed, "note": next.note, "error": null })
    });
    let wrong_rows = wrong.iter().map(
        |(job, error)| json!({ "at": null, "job": job, "left_out": null, "note": null, "error": error_json(error) }),
    );
    let rows: Vec<Value> = rows.chain(wrong_rows).collect();
    let cells: Vec<_> = next.iter().map(row).chain(wrong.iter().map(wrong_row)).collect();
    let text = if cells.is_empty() {
        String::new()
    } else {
        table(&process.printer, [Column::new("NEXT"), Column::new("JOB"), Column::new("")], cells)
    };
    process.printer.result(&Value::Array(rows), &text)?;
    if next.is_empty() {
        process.printer.note("no job is due");
    }
    for (job, error) in &wrong {
        process.printer.warning(&format!("`{job}` cannot be due: {}", shown(&error.to_string())));
    }
    Ok(if wrong.is_empty() { DONE } else { Kind::Config.exit_code() as u8 })
}

fn wrong_row((job, _): &(String, Error)) -> [Cell; 3] {
    [Cell::whole("not known"), Cell::whole(job), Cell::whole("wrong")]
}

fn row(next: &NextFireTime) -> [Cell; 3] {
    let closed = next.closed.as_ref().map(|why| format!("left out: {why}"));
    let notes: Vec<String> = closed.into_iter().chain(next.note.clone()).collect();
    let wall = next.at.with_timezone(&next.zone);
    let at = wall.format("%a %Y-%m-%d %H:%M:%S %:z").to_string();
    [Cell::whole(&at), Cell::whole(&next.job), Cell::words(&notes.join("; "))]
}

fn must_exist(workspace: &Workspace, wanted: &str) -> Result<()> {
    let id = |job: &Arc<crate::config::Job>| {
        job.each().map(|profile| job.id(profile.map(|profile| profile.value.as_str()))).collect::<Vec<_>>()
    };
    let mut names: Vec<String> = workspace.jobs.iter().flat_map(id).collect();
    names.extend(workspace.jobs.iter().map(|job| job.name.value.clone()));
    if names.iter().any(|name| name == wanted) {
        return Ok(());
    }
    let error = Error::new(Kind::Usage, "unknown_job", format!("there is no job `{wanted}`"));
    Err(match nearest(wanted, names.iter().map(String::as_str)) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint("`stackhand jobs next` shows those that are due"),
    })
}
