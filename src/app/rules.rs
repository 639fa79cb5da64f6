//! What a run in a session must obey: the sources of its grants, joined with the profile's.

use std::path::PathBuf;
use std::sync::Arc;

use super::Opening;
use crate::config::{Origin, Resolved, Settings};
use crate::error::{Error, Kind, Result};
use crate::policy::{Listed, Place, Rules, known_grant};

/// What a run in a session must obey.
///
/// # Errors
/// Kind `config` when the profile lists what is no permission.
pub(super) fn rules(opening: &Opening, settings: &Settings) -> Result<Arc<Rules>> {
    let mut sources = opening.sources.clone();
    sources.profile = settings.permissions.as_ref().map(ceiling).transpose()?;
    sources.read_only = settings.read_only.as_ref().map(place_of);
    Ok(Arc::new(Rules::new(&sources)))
}

fn ceiling(written: &Resolved<Vec<String>>) -> Result<Listed> {
    let grants = written.value.iter().map(|text| {
        known_grant(text).map_err(|error| {
            let place = format!("`permissions` of the {}", written.origin);
            Error::new(Kind::Config, "bad_permission", error.message).with_place(place).with_hint(error.hint)
        })
    });
    Ok(Listed { grants: grants.collect::<Result<_>>()?, place: place_of(&written.origin) })
}

/// A profile as refusals name it: without the folders that its file lies in.
fn place_of(origin: &Origin) -> Place {
    match origin {
        Origin::Profile { name, file, line } => {
            let file = file.file_name().map_or_else(|| file.clone(), PathBuf::from);
            Place::new(name, format!("{}:{line}", file.display()))
        }
        other => Place::new(other.to_string(), other.to_string()),
    }
}
