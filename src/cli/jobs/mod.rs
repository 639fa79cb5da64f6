//! `stackhand jobs`: the jobs of the workspace.

mod check;
mod next;
mod schema;

use super::arguments::{JobsCommand, Shared};
use super::process::Process;
use crate::error::Result;

/// Does what is asked about jobs.
pub fn jobs(process: &Process, shared: &Shared, command: &JobsCommand) -> Result<u8> {
    match command {
        JobsCommand::Check => check::check(process, shared),
        JobsCommand::Next { job, count, from } => next::next(process, job.as_deref(), *count, from.as_deref()),
        JobsCommand::Schema => schema::schema(process),
    }
}
