//! Options that say where or as whom to act, where what runs a job would not act by them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::desk::Desk;
use crate::app::history::quoted;
use crate::app::jobs::{JobId, Task};
use crate::cli::arguments::Shared;
use crate::error::{Error, Kind, Result};

/// The option that a job's own profile comes before.
const PROFILE: &str = "--profile";

/// An option as it was given.
struct Told<'a> {
    name: &'static str,
    value: Cow<'a, str>,
}

impl Told<'_> {
    fn written(&self) -> String {
        format!("{} {}", self.name, quoted(&self.value))
    }
}

/// Whether a server, if one is there, may be handed a job: what only this process acts by keeps it here.
///
/// # Errors
/// Of kind `usage` when the options say where or as whom to act, and whoever would run the job does not act by that.
pub fn may_be_handed_over(desk: &Desk, shared: &Shared, job: &JobId) -> Result<bool> {
    let task = desk.task(job);
    let own = task.and_then(|task| task.profile.as_deref());
    let told = told(shared, own);
    let by_hand = |option: &str| {
        let here = desk.surround.environment.folder();
        let recipe = task.map_or_else(|| "RECIPE".to_owned(), |task| recipe_of(task, here));
        let simulated = if shared.sim { " --sim" } else { "" };
        format!("stackhand run {recipe} {option}{simulated}")
    };
    if let Some((option, own)) = told.iter().find(|option| option.name == PROFILE).zip(own) {
        let option = option.written();
        let message = format!("`{job}` acts with its own profile `{own}`, and not by `{option}`");
        let hint = format!("leave the option out, or run the recipe alone: {}", by_hand(&option));
        return Err(not_heeded(message).with_hint(hint));
    }
    let Some(option) = told.first() else { return Ok(true) };
    if !desk.hands_over() {
        return Ok(false);
    }
    let option = option.written();
    let message = format!("the server would run `{job}`, and does not act by `{option}`");
    let hint = format!("leave the option out, end the server first, or run the recipe alone: {}", by_hand(&option));
    Err(not_heeded(message).with_hint(hint))
}

/// What the options say of where or as whom to act, but for what a job with this profile does anyway. `--sim` is none of
/// them: it chooses the server.
fn told<'a>(shared: &'a Shared, own: Option<&str>) -> Vec<Told<'a>> {
    let text = |name, value: &'a Option<String>| value.as_deref().map(|text| Told { name, value: text.into() });
    let path =
        |name, value: &'a Option<PathBuf>| value.as_deref().map(|path| Told { name, value: path.to_string_lossy() });
    let told = [
        text(PROFILE, &shared.profile).filter(|option| own != Some(&*option.value)),
        text("--project-id", &shared.project_id),
        text("--region", &shared.region),
        path("--ca-file", &shared.ca_file),
        path("--world", &shared.world),
        path("--save", &shared.save),
        path("--faults", &shared.faults),
    ];
    told.into_iter().flatten().collect()
}

/// The recipe of a job as a person in this folder writes it.
fn recipe_of(task: &Task, here: &Path) -> String {
    quoted(&task.recipe.strip_prefix(here).unwrap_or(&task.recipe).to_string_lossy())
}

fn not_heeded(message: String) -> Error {
    Error::new(Kind::Usage, "not_heeded", message)
}
