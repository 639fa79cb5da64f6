//! `stackhand jobs`: the jobs of the workspace.

mod act;
mod check;
mod desk;
mod heeded;
mod list;
mod logs;
mod next;
mod schema;

use self::act::PauseOptions;
use self::desk::Desk;
use super::arguments::{JobsCommand, Shared};
use super::process::Process;
use crate::error::Result;

/// Does what is asked about jobs.
pub fn jobs(process: &Process, shared: &Shared, command: &JobsCommand) -> Result<u8> {
    match command {
        JobsCommand::Check => check::check(process, shared),
        JobsCommand::Next { job, count, from } => next::next(process, job.as_deref(), *count, from.as_deref()),
        JobsCommand::Schema => schema::schema(process),
        JobsCommand::List => list::list(process, &Desk::open(process, shared)?),
        JobsCommand::Show { job } => list::show(process, &Desk::open(process, shared)?, job),
        JobsCommand::History { job, limit } => {
            list::history(process, &Desk::open(process, shared)?, job.as_deref(), *limit as usize)
        }
        JobsCommand::Logs { job, follow } => logs::logs(process, &Desk::open(process, shared)?, job, *follow),
        JobsCommand::Run { job } => act::run(process, shared, &Desk::open_to_act(process, shared)?, job),
        JobsCommand::Pause { job, until, span, note } => {
            let options = PauseOptions { until: until.as_deref(), span: span.as_deref(), note: note.as_deref() };
            act::pause(process, &Desk::open_to_act(process, shared)?, job, &options)
        }
        JobsCommand::Resume { job } => act::resume(process, &Desk::open_to_act(process, shared)?, job),
        JobsCommand::Cancel { job } => act::cancel(process, &Desk::open_to_act(process, shared)?, job),
    }
}

/// Runs the fire time of a run once more.
pub fn rerun(process: &Process, shared: &Shared, run: &str) -> Result<u8> {
    act::rerun(process, shared, &Desk::open_to_act(process, shared)?, run)
}
