//! `stackhand jobs check`: mistakes in jobs, found without running them.

use std::collections::HashMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::app::jobs::{CheckedJob, JobFinding, JobsCheck, Weight, check_jobs, workspace};
use crate::cli::arguments::{Shared, reserved_option_names};
use crate::cli::cron::written;
use crate::cli::execute::{DONE, runtime};
use crate::cli::history_table::{counted, shown};
use crate::cli::process::Process;
use crate::cli::table::{Cell, Column, table};
use crate::clock::Clock;
use crate::error::{ExitCode, Result};

/// So many equal findings are told one by one.
const MOST_ALIKE: usize = 3;

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
        let rows = found
            .jobs
            .iter()
            .map(|job| [Cell::whole(&job.id), Cell::whole(&when(job)), Cell::whole(&job.recipe)])
            .collect();
        let columns = [Column::new("JOB"), Column::new("NEXT"), Column::if_it_fits("RECIPE", 0)];
        text = table(&process.printer, columns, rows);
        text.push('\n');
    }
    let mut findings: Vec<&JobFinding> = found.findings.iter().collect();
    findings.sort_by_key(|finding| finding.severity);
    for group in alike(&findings) {
        let Some(finding) = group.first() else { continue };
        let place = finding.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        let line =
            format!("{}[{}]: {}{}{place}", finding.severity.as_str(), finding.code, jobs_of(&group), finding.message);
        let _ = write!(text, "\n{}", shown(&line));
        if let Some(hint) = &finding.hint {
            let _ = write!(text, "\n  hint: {}", shown(hint));
        }
    }
    text.trim_end().to_owned()
}

/// Findings that say the same of different jobs, together, if they are many; in the order of the first of each.
fn alike<'a>(findings: &[&'a JobFinding]) -> Vec<Vec<&'a JobFinding>> {
    let mut groups: Vec<Vec<&JobFinding>> = Vec::new();
    let mut known = HashMap::new();
    for finding in findings {
        let same = (finding.severity.as_str(), finding.code, &finding.message, &finding.hint, finding.job.is_some());
        let index = *known.entry(same).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    let are_many = |group: &Vec<&JobFinding>| group.len() > MOST_ALIKE && group.iter().all(|it| it.job.is_some());
    let folded = |group: Vec<&'a JobFinding>| {
        if are_many(&group) { vec![group] } else { group.into_iter().map(|finding| vec![finding]).collect() }
    };
    groups.into_iter().flat_map(folded).collect()
}

/// The jobs that findings are about, the first of them by name.
fn jobs_of(group: &[&JobFinding]) -> String {
    let names: Vec<&str> = group.iter().filter_map(|finding| finding.job.as_deref()).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => format!("{one}: "),
        many => {
            let first: Vec<&str> = many.iter().copied().take(MOST_ALIKE).collect();
            format!("{}: {} and {} more: ", counted(many.len(), "job"), first.join(", "), many.len() - first.len())
        }
    }
}

fn when(job: &CheckedJob) -> String {
    let wall = |at: DateTime<Utc>| at.with_timezone(&job.zone).format("%a %Y-%m-%d %H:%M:%S %:z").to_string();
    match job.next {
        Some(at) => wall(at),
        None if !job.is_enabled => "not enabled".to_owned(),
        None if !job.is_right => "wrong".to_owned(),
        None => "never".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_many_jobs_is_said_once() {
        let finding = |job: usize, message: &str| JobFinding {
            severity: Weight::Warning,
            code: "no_channel",
            job: Some(format!("job-{job}")),
            message: message.to_owned(),
            place: Some(format!("stackhand.toml:{job}:1")),
            hint: None,
        };
        let all: Vec<JobFinding> = (0..2000).map(|job| finding(job, "nobody")).collect();
        let few = [finding(1, "rare"), finding(2, "rare"), finding(3, "rare")];
        let groups = alike(&all.iter().chain(&few).collect::<Vec<_>>());
        let told: Vec<String> = groups.iter().map(|group| jobs_of(group)).collect();
        assert_eq!(told, ["2000 jobs: job-0, job-1, job-2 and 1997 more: ", "job-1: ", "job-2: ", "job-3: "]);
    }
}
