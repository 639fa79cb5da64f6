//! `stackhand export`: files for what runs stackhand.

use serde_json::json;

use super::arguments::ExportCommand;
use super::execute::DONE;
use super::process::Process;
use super::serve::grace_of;
use crate::app::jobs::workspace;
use crate::app::{SystemdRequest, systemd_unit};
use crate::error::Result;

/// Prints such a file.
pub fn export(process: &Process, command: &ExportCommand) -> Result<u8> {
    let ExportCommand::Systemd { user, binary, grace } = command;
    let workspace = workspace(&process.environment)?;
    let folder = workspace.folder();
    let request = SystemdRequest {
        workspace: folder.to_owned(),
        binary: binary.clone(),
        user: user.clone(),
        grace: grace_of(grace)?,
    };
    let (name, unit) = systemd_unit(&request)?;
    if ["/tmp", "/var/tmp"].iter().any(|place| folder.starts_with(place)) {
        process.printer.note("a service has a /tmp of its own: move the workspace, such as to /srv");
    }
    process.printer.result(&json!({ "name": name, "unit": unit }), unit.trim_end())?;
    Ok(DONE)
}
