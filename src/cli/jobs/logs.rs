//! `stackhand jobs logs`: what the latest run of a job printed and logged.

use std::time::Duration;

use serde_json::{Value, json};

use super::desk::Desk;
use crate::app::jobs::RunOutput;
use crate::cli::execute::DONE;
use crate::cli::process::Process;
use crate::clock::Clock;
use crate::error::Result;
use crate::journal::OutputLine;

/// How often new lines are looked for.
const EVERY: Duration = Duration::from_millis(500);

/// Shows the output of the latest run, and of those to come if it is to follow: until it is interrupted, or the process
/// of the run is gone and no server is there to run another.
pub fn logs(process: &Process, desk: &Desk, name: &str, follows: bool) -> Result<u8> {
    let job = desk.wait(desk.seen_one(name))?;
    let mut run = desk.wait(desk.latest_run(&job))?;
    if !follows {
        let output = run.as_ref().map(|run| desk.output(run)).transpose()?.unwrap_or_default();
        let text: Vec<String> = output.lines.iter().map(text_of).collect();
        let lines: Vec<Value> = output.lines.iter().map(|line| json_of(line, &output)).collect();
        process.printer.result(&Value::Array(lines), &text.join("\n"))?;
        process.printer.note(&match &run {
            Some(run) => format!("of the {}run {run}", simulated(&output)),
            None => format!("`{job}` has not run yet"),
        });
        return Ok(DONE);
    }
    if run.is_none() {
        let server = if desk.is_served() { "" } else { ", and no server runs" };
        process.printer.note(&format!("`{job}` has not run yet{server}: waiting for its first run"));
    }
    let mut shown = 0;
    loop {
        let is_lost = match &run {
            Some(run) => desk.wait(desk.is_lost(run))?,
            None => false,
        };
        if let Some(run) = &run {
            let output = desk.output(run)?;
            if shown == 0 && output.is_simulated {
                process.printer.note(&format!("of the {}run {run}", simulated(&output)));
            }
            for line in output.lines.iter().skip(shown) {
                process.printer.result(&json_of(line, &output), &text_of(line))?;
            }
            shown = shown.max(output.lines.len());
        }
        if let Some(run) = run.as_ref().filter(|_| is_lost) {
            process.printer.warning(&format!("the process of the run {run} is gone, and nobody saw how the run ended"));
            return Ok(DONE);
        }
        desk.wait(Clock::process().sleep(EVERY));
        let now = desk.wait(desk.latest_run(&job))?;
        if now != run {
            (run, shown) = (now, 0);
        }
    }
}

fn simulated(output: &RunOutput) -> &'static str {
    if output.is_simulated { "simulated " } else { "" }
}

fn json_of(line: &OutputLine, output: &RunOutput) -> Value {
    let mut value = json!(line);
    if output.is_simulated {
        value["simulated"] = json!(true);
    }
    value
}

fn text_of(line: &OutputLine) -> String {
    match line.stream.as_str() {
        "print" | "talk" => line.text.trim_end_matches('\n').to_owned(),
        level => format!("{level}: {}", line.text),
    }
}
