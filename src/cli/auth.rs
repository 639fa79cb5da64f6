//! `stackhand auth status`: which credentials would be used, and why.

use super::arguments::{AuthCommand, Shared};
use super::auth_report;
use super::execute::runtime;
use super::process::Process;
use crate::app::{self, Depth};
use crate::error::{ExitCode, Result};

/// Shows who would act where; the exit code says whether that would work.
pub fn auth(process: &Process, shared: &Shared, command: &AuthCommand) -> Result<u8> {
    let AuthCommand::Status { check } = command;
    let depth = if *check { Depth::Check } else { Depth::Look };
    let runtime = runtime()?;
    let given = shared.given();
    let report = runtime.block_on(app::auth_status(&process.environment, &given, &process.scrubber, depth))?;
    process.printer.result(&serde_json::to_value(&report).unwrap_or_default(), &auth_report::text(&report))?;
    for warning in &report.warnings {
        process.printer.warning(warning);
    }
    let Some(error) = report.error() else { return Ok(ExitCode::Done as u8) };
    process.printer.error(error);
    Ok(error.exit_code() as u8)
}
