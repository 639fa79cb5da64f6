//! What a job gives to its runs: arguments, grants, caps.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::config::{self, Job, Workspace};
use crate::engine::recipe::Parameters;
use crate::policy::{Cap, CapError, Listed, Place, known_grant};

/// The values of a recipe's parameters.
///
/// # Errors
/// At the place of the one that is unknown or of another type; at the job's if one is missing.
pub fn arguments_of(
    workspace: &Workspace,
    job: &Job,
    parameters: &Parameters,
) -> Result<BTreeMap<String, Value>, config::Error> {
    let given: Map<String, Value> = job.args.iter().map(|(name, at)| (name.clone(), at.value.clone())).collect();
    parameters.accept(&given).map_err(|error| {
        let named = job.args.iter().find(|(name, _)| error.message.contains(&format!("`{name}`")));
        let is_missing = error.code == "missing_parameter";
        let place = named.filter(|_| !is_missing).map_or_else(|| job.name.with(()), |(_, at)| at.with(()));
        // Jobs spell parameters as the recipe does.
        let spelled = |name: &str| format!("`{name}`");
        let message = parameters.all.iter().fold(error.message, |message, parameter| {
            message.replace(&spelled(&format!("--{}", parameter.option)), &spelled(&parameter.name))
        });
        let complaint = workspace.complain(&place, error.code, message);
        match error.hint {
            _ if is_missing => complaint.hint("give it in `args`"),
            Some(hint) => complaint.hint(hint),
            None => complaint,
        }
    })
}

/// The job's list of permissions, if it has one.
///
/// # Errors
/// At the place of what is no permission, or none that any operation needs.
pub fn grants_of(workspace: &Workspace, job: &Job) -> Result<Option<Listed>, config::Error> {
    let Some(written) = &job.permissions else { return Ok(None) };
    let grant = |text: &config::Located<String>| {
        known_grant(&text.value)
            .map_err(|error| workspace.complain(text, "bad_permission", error.message).hint(error.hint))
    };
    let file = workspace.file.file_name().unwrap_or_default().to_string_lossy();
    let place = Place::new(job.name.value.clone(), format!("{file}:{}", written.line));
    Ok(Some(Listed { grants: written.value.iter().map(grant).collect::<Result<_, _>>()?, place }))
}

/// The job's caps on one run.
///
/// # Errors
/// At the place of what is no cap.
pub fn caps_of(workspace: &Workspace, job: &Job) -> Result<Vec<Cap>, config::Error> {
    let cap = |written: &config::Located<(String, String)>| {
        let (what, most) = &written.value;
        Cap::parse(&format!("{what} {most}")).map_err(|error| {
            let hint = format!("{}; or `daily` with a number", CapError::HINT);
            workspace.complain(written, "bad_cap", error.to_string()).hint(hint)
        })
    };
    job.caps.iter().map(cap).collect()
}
