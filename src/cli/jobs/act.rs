//! `stackhand jobs run`, `pause`, `resume` and `cancel`, and `runs rerun`: through the server if one is there.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, shown_at};
use super::heeded::may_be_handed_over;
use crate::app::jobs::{JobId, Outcome, Record, RunId, record_json, written};
use crate::app::{Question, jobs};
use crate::cli::arguments::Shared;
use crate::cli::cron::{instant, is_written};
use crate::cli::execute::DONE;
use crate::cli::history_table::shown;
use crate::cli::process::Process;
use crate::cli::signals::Interrupt;
use crate::config::duration;
use crate::error::{Error, Kind, Result};

/// Starts a job now: in the server if one is there, else here.
pub fn run(process: &Process, shared: &Shared, desk: &Desk, name: &str) -> Result<u8> {
    let id = desk.one(name)?;
    let question = Question::Run { job: id.to_string() };
    if let Some(answer) = handed_over(shared, desk, &id, &question)? {
        let text = format!("`{id}` was handed to the server: stackhand jobs logs {id} -f");
        process.printer.result(&answer, &text)?;
        return Ok(DONE);
    }
    here(process, desk, &id, None)
}

/// Runs the fire time of a run once more.
pub fn rerun(process: &Process, shared: &Shared, desk: &Desk, prefix: &str) -> Result<u8> {
    let archive = desk.archive()?;
    let mut row = desk.wait(desk.run(prefix))?;
    if row.is_none() {
        // The beginning of an id is enough where the journal knows the rest.
        let run = crate::app::history::run_of(&archive, Some(prefix))?;
        row = desk.wait(desk.run(&run.began.run))?;
    }
    let row = row.ok_or_else(|| {
        Error::new(Kind::NotFound, "unknown_run", format!("no job has had a run `{prefix}`"))
            .with_hint("only runs of jobs have a fire time that can be run again; `stackhand jobs history` lists them")
    })?;
    let question = Question::Rerun { job: row.job.to_string(), run: row.run.to_string() };
    if let Some(answer) = handed_over(shared, desk, &row.job, &question)? {
        if answer["is_taken"] == json!(false) {
            return Err(Error::new(
                Kind::Conflict,
                "not_over",
                format!("the fire time of the run `{}` is not over", row.run),
            ));
        }
        let text = format!("the fire time of {} was handed to the server: stackhand jobs logs {} -f", row.run, row.job);
        process.printer.result(&answer, &text)?;
        return Ok(DONE);
    }
    here(process, desk, &row.job, Some(&row.run))
}

/// What the server says to a start that it is asked for; `None` if the job is to run here.
fn handed_over(shared: &Shared, desk: &Desk, job: &JobId, question: &Question) -> Result<Option<Value>> {
    if may_be_handed_over(desk, shared, job)? { desk.wait(desk.ask(question)) } else { Ok(None) }
}

/// Runs a job in this process, recorded as the server would.
fn here(process: &Process, desk: &Desk, job: &JobId, rerun_of: Option<&RunId>) -> Result<u8> {
    let cancel = CancellationToken::new();
    let interrupt = {
        let _entered = desk.runtime.enter();
        Interrupt::watch(cancel.clone())
    };
    process.printer.note("no server runs: it runs here");
    let (entry, exit_code) = desk.wait(desk.start(job, rerun_of, cancel))?;
    let zone = desk.zone(job);
    let reason = entry.reason.as_ref().map(|reason| format!(": {}", shown(&reason.to_string()))).unwrap_or_default();
    let run = entry.run.as_ref().map(ToString::to_string).unwrap_or_default();
    // A simulated run has no journal that could be shown.
    let is_simulated = desk.is_simulated(job);
    let next = match (is_simulated, desk.surround.given.is_simulated) {
        (true, true) => format!("jobs logs {job} --sim"),
        (true, false) => format!("jobs logs {job}"),
        (false, _) => format!("runs show {run}"),
    };
    let text = format!(
        "{}{reason}\n{}run {run} for {}\nstackhand {next}",
        entry.outcome.map_or("", Outcome::as_str),
        if is_simulated { "simulated " } else { "" },
        shown_at(entry.fire_time, zone)
    );
    let interrupted = interrupt.exit_code().filter(|_| entry.outcome == Some(Outcome::Cancelled));
    process.printer.result(&record_json(&Record::Entry(entry), zone), &text)?;
    Ok(interrupted.map_or(exit_code, |code| code as u8))
}

/// Until when, and why.
pub struct PauseOptions<'a> {
    pub until: Option<&'a str>,
    pub span: Option<&'a str>,
    pub note: Option<&'a str>,
}

/// Pauses jobs.
pub fn pause(process: &Process, desk: &Desk, name: &str, options: &PauseOptions<'_>) -> Result<u8> {
    let ids = desk.named(name)?;
    let zone = desk.zone(ids.first().unwrap_or(&JobId::new(name)));
    let until = match (options.until, options.span) {
        (Some(text), _) => Some(instant("--until", text, zone)?),
        (None, Some(text)) => {
            let wrong = |error: String| Error::new(Kind::Usage, "bad_duration", error).with_place("--for");
            let span = duration::parse(text).map_err(|error| wrong(error.to_string()))?;
            let until = jobs::Desk::now().checked_add_signed(span).filter(|until| is_written(*until));
            Some(until.ok_or_else(|| wrong(format!("`{text}` ends after all time: leave it out to pause for good")))?)
        }
        (None, None) => None,
    };
    if until.is_some_and(|until| until <= jobs::Desk::now()) {
        return Err(Error::new(Kind::Usage, "bad_time", "a pause must end in the future").with_place("--until"));
    }
    set_pause(desk, &ids, until, options.note)?;
    let until_text = until.map_or("until somebody resumes it".to_owned(), |at| format!("until {}", shown_at(at, zone)));
    let lines: Vec<String> =
        ids.iter().map(|id| format!("`{id}` is paused {until_text}: stackhand jobs resume {id}")).collect();
    let rows = ids
        .iter()
        .map(|id| {
            let until = until.map(|until| written(until, desk.zone(id)));
            json!({ "job": id.as_str(), "until": until, "note": options.note })
        })
        .collect();
    process.printer.result(&Value::Array(rows), &lines.join("\n"))?;
    Ok(DONE)
}

/// Resumes jobs.
pub fn resume(process: &Process, desk: &Desk, name: &str) -> Result<u8> {
    let ids = desk.named(name)?;
    // A pause that ends now.
    set_pause(desk, &ids, Some(jobs::Desk::now()), None)?;
    let lines: Vec<String> = ids.iter().map(|id| format!("`{id}` is due again")).collect();
    let rows = ids.iter().map(|id| json!({ "job": id.as_str() })).collect();
    process.printer.result(&Value::Array(rows), &lines.join("\n"))?;
    Ok(DONE)
}

fn set_pause(desk: &Desk, ids: &[JobId], until: Option<DateTime<Utc>>, note: Option<&str>) -> Result<()> {
    for id in ids {
        let note = note.map(str::to_owned);
        let question = Question::Pause { job: id.to_string(), until, note: note.clone() };
        let is_taken = match desk.wait(desk.ask(&question))? {
            Some(answer) => answer["is_taken"] == json!(true),
            None => desk.wait(desk.pause(id, until, note))?,
        };
        if !is_taken {
            return Err(Error::new(Kind::Conflict, "not_enrolled", format!("no server has seen the job `{id}` yet"))
                .with_hint(
                    "it is not due before `stackhand serve` runs; `enabled = false` keeps it from being due then",
                ));
        }
    }
    Ok(())
}

/// Ends what waits or runs of jobs.
pub fn cancel(process: &Process, desk: &Desk, name: &str) -> Result<u8> {
    let ids = desk.wait(desk.live_named(name))?;
    let (mut runs, mut settled): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for id in &ids {
        if let Some(answer) = desk.wait(desk.ask(&Question::Cancel { job: id.to_string() }))? {
            let cancelled = answer["cancelled"].as_array().into_iter().flatten();
            runs.extend(cancelled.filter_map(Value::as_str).map(str::to_owned));
            continue;
        }
        let cancelled = desk.wait(desk.cancel(id))?;
        settled.extend(cancelled.settled.iter().map(ToString::to_string));
        if let Some(run) = cancelled.running.first() {
            return Err(Error::new(Kind::Conflict, "not_ours", format!("the run {run} is another process's"))
                .with_hint("interrupt the `stackhand jobs run` that it belongs to; what waited is cancelled"));
        }
    }
    let text = match (runs.as_slice(), settled.as_slice()) {
        ([], []) => "nothing runs; what waited is cancelled".to_owned(),
        ([], settled) => format!(
            "nothing runs: the process of {} was gone, and what became of it is on record now: stackhand jobs history {name}",
            settled.join(", ")
        ),
        (runs, _) => format!("cancelled: {}", runs.join(", ")),
    };
    let jobs: Vec<&str> = ids.iter().map(JobId::as_str).collect();
    process.printer.result(&json!({ "jobs": jobs, "cancelled": runs, "settled": settled }), &text)?;
    Ok(DONE)
}
