//! `stackhand init`: a workspace to begin with.

use super::arguments::{InitArguments, Shared};
use super::execute::DONE;
use super::process::Process;
use crate::app::{self, InitRequest};
use crate::config::{Zone, zone};
use crate::error::{Error, Kind, Result};

/// The profile's name when nobody gives one.
const PROFILE: &str = "main";

/// Makes a workspace of the current folder.
pub fn init(process: &Process, shared: &Shared, arguments: &InitArguments) -> Result<u8> {
    let printer = &process.printer;
    let zone = match &arguments.timezone {
        Some(name) => zone(name).map_err(|error| Error { kind: Kind::Usage, ..error }.with_place("--timezone"))?,
        None => of_machine()?,
    };
    let request = InitRequest {
        folder: process.environment.folder().to_owned(),
        zone,
        profile: profile(shared)?,
        project: shared.project_id.as_deref().map(project).transpose()?,
        region: shared.region.as_deref().map_or_else(|| Ok("eu01".to_owned()), region)?,
    };
    let done = app::init(&request)?;
    let lines = [("wrote", &done.written), ("added to", &done.added_to), ("kept", &done.kept)];
    let lines = lines.into_iter().flat_map(|(word, names)| names.iter().map(move |name| format!("{word} {name}")));
    printer.result(&serde_json::to_value(&done).unwrap_or_default(), &lines.collect::<Vec<_>>().join("\n"))?;
    if arguments.timezone.is_none() {
        let name = zone.name();
        printer.note(&format!("schedules are read on the clock of {name}, as this machine's; `timezone` says so"));
    }
    printer.note("next: `stackhand jobs check`, `stackhand jobs next`, `stackhand run scripts/quota_alert.rhai --sim`");
    Ok(DONE)
}

fn of_machine() -> Result<Zone> {
    let name = iana_time_zone::get_timezone().ok();
    name.and_then(|name| Zone::of(&name)).ok_or_else(|| {
        Error::new(Kind::Usage, "no_timezone", "the machine does not tell its time zone")
            .with_hint("give it with `--timezone Europe/Berlin`")
    })
}

/// It becomes a key of TOML and a part of the ids of jobs.
fn profile(shared: &Shared) -> Result<String> {
    let name = shared.profile.as_deref().unwrap_or(PROFILE);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name == "sim" || name.is_empty() || name.len() > 64 || name.starts_with('-') || !name.chars().all(is_plain) {
        return Err(Error::new(Kind::Usage, "bad_name", format!("a new profile cannot be called `{name}`"))
            .with_place("--profile")
            .with_hint("names are of letters, digits, `-` and `_`; `sim` is built in"));
    }
    Ok(name.to_owned())
}

fn project(text: &str) -> Result<String> {
    let id = uuid::Uuid::try_parse(text.trim()).map_err(|_| {
        Error::new(Kind::Usage, "invalid_project", format!("the project id `{text}` is not a UUID"))
            .with_place("--project-id")
            .with_hint("the portal shows it beside the project's name")
    })?;
    Ok(id.to_string())
}

fn region(text: &str) -> Result<String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_plain) {
        return Ok(text.to_owned());
    }
    let error = Error::new(Kind::Usage, "invalid_region", format!("`{text}` is not the name of a region"));
    Err(error.with_place("--region").with_hint("regions are named like `eu01`"))
}
