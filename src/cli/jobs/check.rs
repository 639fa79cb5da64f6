//! `stackhand jobs check`: mistakes in jobs, found without running them.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::app::jobs::{CheckedJob, JobFinding, JobsCheck, Weight, check_jobs, workspace};
use crate::cli::arguments::{Shared, reserved_option_names};
use crate::cli::cron::written;
use crate::cli::execute::{DONE, runtime};
use crate::cli::history_table::{counted, shown, table};
use crate::cli::process::Process;
use crate::clock::Clock;
use crate::error::{ExitCode, Result};

/// Looks at all jobs; exit code 3 if one of them has an error.
pub fn check(process: &Process, shared: &Shared) -> Result<u8> {
    let printer = &process.printer;
    let workspace = workspace(&process.environment)?;
    for secret in workspace.secrets(&process.environment) {
        process.scrubber.learn(secret.expose());
    }
    let now = Clock::process().now();
    let found = runtime()?.block_on(check_jobs(
        &workspace,
        &process.environment,
        &shared.given(),
        &process.scrubber,
        &reserved_option_names(),
        now,
    ));
    let next = |job: &CheckedJob| job.next.map(|at| written(at, job.zone));
    let jobs: Vec<_> = found
        .jobs
        .iter()
        .map(|job| json!({ "job": job.id, "recipe": job.recipe, "enabled": job.is_enabled, "next": next(job) }))
        .collect();
    printer.result(&json!({ "jobs": jobs, "findings": found.findings }), &text(process, &found))?;
    printer.note(&format!(
        "{} checked: {}, {}",
        counted(workspace.jobs.len(), "job"),
        counted(found.count(Weight::Error), "error"),
        counted(found.count(Weight::Warning), "warning"),
    ));
    Ok(if found.count(Weight::Error) > 0 { ExitCode::Auth as u8 } else { DONE })
}

fn text(process: &Process, found: &JobsCheck) -> String {
    let mut text = String::new();
    if !found.jobs.is_empty() {
        let rows = found.jobs.iter().map(|job| [job.id.clone(), when(job), job.recipe.clone()]).collect();
        text = table(&process.printer, ["JOB", "NEXT", "RECIPE"], rows);
        text.push('\n');
    }
    let mut findings: Vec<&JobFinding> = found.findings.iter().collect();
    findings.sort_by_key(|finding| finding.severity);
    for finding in findings {
        let job = finding.job.as_ref().map(|job| format!("{job}: ")).unwrap_or_default();
        let place = finding.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        let line = format!("{}[{}]: {job}{}{place}", finding.severity.as_str(), finding.code, finding.message);
        let _ = write!(text, "\n{}", shown(&line));
        if let Some(hint) = &finding.hint {
            let _ = write!(text, "\n  hint: {}", shown(hint));
        }
    }
    text.trim_end().to_owned()
}

fn when(job: &CheckedJob) -> String {
    let wall = |at: DateTime<Utc>| at.with_timezone(&job.zone).format("%a %Y-%m-%d %H:%M:%S %:z").to_string();
    match job.next {
        Some(at) => wall(at),
        None if !job.is_enabled => "not enabled".to_owned(),
        None if !job.is_readable => "not known".to_owned(),
        None => "never".to_owned(),
    }
}
