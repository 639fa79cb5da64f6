//! What a run in a session must obey: the sources of its grants, joined with the profile's.

use std::path::PathBuf;
use std::sync::Arc;

use super::Opening;
use crate::config::{Origin, OwnServer, Resolved, Settings};
use crate::error::{Error, Kind, Result};
use crate::policy::{Belts, Listed, Place, Protected, Rules, known_grant};

/// What a run in a session must obey.
///
/// # Errors
/// Kind `config` when the profile lists what is no permission, or protects by what is no selector, or when the own
/// server is named by what is no id.
pub(super) fn rules(opening: &Opening, settings: &Settings) -> Result<Arc<Rules>> {
    let mut sources = opening.sources.clone();
    sources.profile = settings.permissions.as_ref().map(ceiling).transpose()?;
    sources.read_only = settings.read_only.as_ref().map(place_of);
    let belts = Belts {
        managed: opening.managed,
        protected: settings.protect.as_ref().map(protected).transpose()?,
        own_server: if opening.includes_self { None } else { Some(OwnServer::new(&opening.environment)?) },
    };
    Ok(Arc::new(Rules::new(&sources, belts)))
}

fn protected(written: &Resolved<Vec<String>>) -> Result<Protected> {
    Protected::parse(&written.value, place_of(&written.origin)).map_err(|message| {
        Error::new(Kind::Config, "bad_protect", message)
            .with_place(format!("`protect` of the {}", written.origin))
            .with_hint("it takes selectors such as `env=prod`, names and ids")
    })
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
