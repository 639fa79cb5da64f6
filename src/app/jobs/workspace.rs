//! The workspace that jobs stand in.

use crate::config::{Environment, Workspace};
use crate::error::{Error, Kind, Result};

/// The code of the error that there is none.
pub(super) const NO_WORKSPACE: &str = "no_workspace";

/// The workspace around the current folder.
///
/// # Errors
/// Kind `config` when there is none, or it cannot be read.
pub fn workspace(environment: &Environment) -> Result<Workspace> {
    Workspace::around(environment.folder())?.ok_or_else(|| {
        Error::new(Kind::Config, NO_WORKSPACE, "there is no stackhand.toml in this folder or one above it")
            .with_hint("`stackhand init` writes one")
    })
}
