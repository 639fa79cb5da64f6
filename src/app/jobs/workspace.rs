//! The workspace that jobs stand in.

use crate::config::{Environment, Workspace};
use crate::error::{Error, Kind, Result};

/// The workspace around the current folder.
///
/// # Errors
/// Kind `config` when there is none, or it cannot be read.
pub fn workspace(environment: &Environment) -> Result<Workspace> {
    Workspace::around(environment.folder())?.ok_or_else(|| {
        Error::new(Kind::Config, "no_workspace", "there is no stackhand.toml in this folder or one above it")
            .with_hint("`stackhand init` writes one")
    })
}
