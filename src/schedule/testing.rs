//! Jobs for tests.

use chrono::{DateTime, Utc};

use super::Rule;
use super::job::{Job, JobId};
use crate::config::zone;

/// A job in Berlin with all defaults; `when` is an expression, or `every 900s`.
pub fn job(id: &str, when: &str) -> Job {
    let spec = format!("{when} | Europe/Berlin | after | first");
    let rule = Rule::of_spec(&spec).unwrap_or_else(|| panic!("no rule: {when}"));
    Job::new(JobId::new(id), rule)
}

/// An instant on the wall of Berlin: `2026-11-22 20:00`.
pub fn berlin(text: &str) -> DateTime<Utc> {
    let wall = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a time");
    wall.and_local_timezone(zone("Europe/Berlin").expect("known")).earliest().expect("a time that is").to_utc()
}
