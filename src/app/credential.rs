//! The credential of a session, opened.

use std::sync::Arc;

use super::Opening;
use crate::auth;
use crate::config::Settings;
use crate::error::{Error, Result};

/// As whom calls are made.
pub(super) struct Authenticated {
    /// Hands out tokens.
    pub source: Arc<dyn auth::TokenSource>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Why none can be made.
    pub lock: Option<Error>,
    /// Who it is, as far as the credential says.
    pub identity: Option<auth::Identity>,
}

/// Opens the credential. Without any, calls fail; so they do with one that is of no use where somebody sits there, who
/// can go on elsewhere, or mend it and come back.
pub(super) fn authenticated(
    opening: &Opening,
    settings: &Settings,
    surroundings: &auth::Surroundings,
) -> Result<Authenticated> {
    let locked = |why: Error, warnings: Vec<String>| Authenticated {
        source: Arc::new(auth::NoCredential),
        warnings,
        lock: Some(why),
        identity: None,
    };
    if let Ok(None) = settings.credential {
        return Ok(locked(auth::Error::new(auth::Problem::NoCredentials).into(), Vec::new()));
    }
    match auth::open(settings, surroundings) {
        Ok(auth::Opened { source, identity, warnings }) => {
            Ok(Authenticated { source, warnings, lock: None, identity: Some(identity) })
        }
        Err(why) if opening.consent.is_some() => {
            let warning = unusable(&why);
            Ok(locked(why, vec![warning]))
        }
        Err(why) => Err(why),
    }
}

/// A credential that cannot be used, in a line.
fn unusable(why: &Error) -> String {
    let place = why.place.as_ref().map(|place| format!(" (in {place})")).unwrap_or_default();
    let hint = why.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("the credential cannot be used: {}{place}{hint}", why.message)
}
