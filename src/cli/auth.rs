//! `stackhand auth status`: which credentials would be used, and why.

use super::arguments::{AuthCommand, Shared};
use super::process::Process;
use crate::app;
use crate::error::Result;

/// Shows who would act where; the exit code says whether that would work.
pub fn auth(process: &Process, shared: &Shared, command: &AuthCommand) -> Result<u8> {
    let AuthCommand::Status { check } = command;
    let runtime = process.runtime()?;
    let report = runtime.block_on(app::auth_status(&process.environment, &shared.given(), &process.scrubber, *check));
    process.printer.result(&serde_json::to_value(&report).unwrap_or_default(), &report.to_string())?;
    Ok(report.exit_code())
}
