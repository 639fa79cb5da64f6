//! `stackhand jobs logs`: what the latest run of a job printed and logged.

use std::time::Duration;

use serde_json::json;

use super::desk::Desk;
use crate::app::history;
use crate::app::jobs::RunId;
use crate::cli::execute::DONE;
use crate::cli::process::Process;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result, io_cause};
use crate::journal::{Archive, OutputLine, read_output};

/// How often new lines are looked for.
const EVERY: Duration = Duration::from_millis(500);

/// Shows the output of the latest run, and of those to come if it is to follow.
pub fn logs(process: &Process, desk: &Desk, name: &str, follows: bool) -> Result<u8> {
    let job = desk.one(name)?;
    let archive = history::archive(&process.environment, &desk.surround.given)?;
    let mut run = desk.wait(desk.latest_run(&job))?;
    let lines = run.as_ref().map(|run| output(&archive, run)).transpose()?.unwrap_or_default();
    if !follows {
        let text: Vec<String> = lines.iter().map(text_of).collect();
        process.printer.result(&json!(lines), &text.join("\n"))?;
        process.printer.note(&match &run {
            Some(run) => format!("of the run {run}"),
            None => format!("`{job}` has not run yet"),
        });
        return Ok(DONE);
    }
    let mut shown = 0;
    loop {
        if let Some(run) = &run {
            let lines = output(&archive, run)?;
            for line in lines.iter().skip(shown) {
                process.printer.result(&json!(line), &text_of(line))?;
            }
            shown = shown.max(lines.len());
        }
        desk.wait(Clock::process().sleep(EVERY));
        let now = desk.wait(desk.latest_run(&job))?;
        if now != run {
            (run, shown) = (now, 0);
        }
    }
}

/// What a run has printed and logged by now; nothing if it is simulated, or has no journal yet.
fn output(archive: &Archive, run: &RunId) -> Result<Vec<OutputLine>> {
    let Ok(path) = archive.find(&run.0)? else { return Ok(Vec::new()) };
    read_output(&path).map_err(|error| {
        let message = format!("the output of the run `{run}` cannot be read: {}", io_cause(&error));
        Error::new(Kind::Config, "journal_unreadable", message)
    })
}

fn text_of(line: &OutputLine) -> String {
    match line.stream.as_str() {
        "print" | "talk" => line.text.trim_end_matches('\n').to_owned(),
        level => format!("{level}: {}", line.text),
    }
}
