//! From settings to a token source, and what can be said about it without a secret.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::command::{Programs, TokenCommand};
use super::exchange::Exchange;
use super::key::ServiceAccountKey;
use super::key_flow::{KeyFlow, TokenUrls};
use super::metadata::Metadata;
use super::renewing::{Passing, Renewing};
use super::token::Claims;
use super::token_flow::TokenFlow;
use super::{Error, FixedToken, Problem, TokenEndpoint, TokenSource};
use crate::clock::Clock;
use crate::config::{Credential, KeyInput, Resolved, Settings};
use crate::error;
use crate::secret::{Scrubber, Secret};

/// What authenticating needs from outside.
#[derive(Clone)]
pub struct Surroundings {
    /// The process clock.
    pub clock: Clock,
    /// Learns every secret.
    pub scrubber: Scrubber,
    /// The way to token endpoints.
    pub endpoint: Arc<dyn TokenEndpoint>,
    /// The way to token commands.
    pub programs: Arc<dyn Programs>,
}

/// A token source and who it is.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Hands out tokens; asks for the first one when it is wanted.
    pub source: Arc<dyn TokenSource>,
    /// Who it is.
    pub identity: Identity,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Who a token source is, without any secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// `service_account_key`, `token`, `token_command`, `metadata` or `simulator`.
    pub method: &'static str,
    /// Who named the credential.
    pub origin: String,
    /// The file or variable with the key.
    pub key: Option<String>,
    /// The file or variable with the private key.
    pub private_key: Option<String>,
    /// The service account's mail, or the person's.
    pub email: Option<String>,
    /// The key's id.
    pub key_id: Option<String>,
    /// Until when the key is valid.
    pub key_valid_until: Option<DateTime<Utc>>,
    /// Where tokens are asked for.
    pub token_url: Option<Resolved<String>>,
    /// The token command.
    pub command: Option<Vec<String>>,
    /// When a fixed token ends.
    pub token_expires_at: Option<DateTime<Utc>>,
}

/// Makes the token source that the settings ask for. Files are read and checked now, tokens are asked for later.
///
/// # Errors
/// When no credential was given, or the one that was given is unusable.
pub fn open(settings: &Settings, surroundings: &Surroundings) -> error::Result<Opened> {
    settings.guard_secrets(&surroundings.scrubber);
    if settings.is_simulated {
        let identity =
            Identity { method: "simulator", origin: "the simulator asks for none".to_owned(), ..Identity::default() };
        let source = Arc::new(FixedToken::new(Secret::from("simulated")));
        return Ok(Opened { source, identity, warnings: Vec::new() });
    }
    let credential = settings.credential.as_ref().map_err(Clone::clone)?;
    let Some(credential) = credential else { return Err(Error::new(Problem::NoCredentials).into()) };
    let passing = Passing::new(surroundings.scrubber.clone());
    let clock = surroundings.clock.clone();
    match credential {
        Credential::Key(input) => Ok(open_key(settings, surroundings, input, passing)?),
        Credential::Token(token) => {
            let source = TokenFlow::new(token, clock)?;
            let claims = Claims::of(&token.value).unwrap_or_default();
            let identity = Identity {
                method: "token",
                origin: token.origin.to_string(),
                email: claims.email,
                token_expires_at: claims.expires_at,
                ..Identity::default()
            };
            Ok(Opened { source: Arc::new(source), identity, warnings: Vec::new() })
        }
        Credential::Command { command, folder } => {
            let origin = command.origin.to_string();
            let identity = Identity {
                method: "token_command",
                origin: origin.clone(),
                command: Some(command.value.clone()),
                ..Identity::default()
            };
            let programs = surroundings.programs.clone();
            let (command, folder) = (command.value.clone(), folder.clone());
            let minter = TokenCommand { command, folder, origin, programs, clock: clock.clone(), passing };
            Ok(Opened { source: Arc::new(Renewing::new(minter, clock)), identity, warnings: Vec::new() })
        }
        Credential::Metadata(account) => {
            let identity = Identity {
                method: "metadata",
                origin: account.origin.to_string(),
                email: account.value.clone(),
                ..Identity::default()
            };
            let endpoint = surroundings.endpoint.clone();
            let minter = Metadata { account: account.value.clone(), endpoint, clock: clock.clone(), passing };
            Ok(Opened { source: Arc::new(Renewing::new(minter, clock)), identity, warnings: Vec::new() })
        }
    }
}

/// Until when the service account key is valid that the settings ask for, also if that has passed; `None` for other
/// credentials, and for keys that do not expire. The key is read anew.
///
/// # Errors
/// When the settings ask for a key that cannot be read.
pub fn key_valid_until(settings: &Settings) -> error::Result<Option<DateTime<Utc>>> {
    match settings.credential.as_ref().map_err(Clone::clone)? {
        Some(Credential::Key(input)) => Ok(ServiceAccountKey::valid_until(input)?),
        _ => Ok(None),
    }
}

fn open_key(
    settings: &Settings,
    surroundings: &Surroundings,
    input: &KeyInput,
    passing: Passing,
) -> Result<Opened, Error> {
    let clock = surroundings.clock.clone();
    let key = ServiceAccountKey::load(input, clock.now())?;
    let urls = TokenUrls { explicit: settings.token_url.clone(), spare: settings.spare_token_url.clone() };
    let identity = Identity {
        method: "service_account_key",
        origin: input.key.origin.to_string(),
        key: Some(key.json.place.clone()),
        private_key: Some(key.pem.place.clone()),
        email: Some(key.issuer.clone()),
        key_id: Some(key.kid.clone()),
        key_valid_until: key.valid_until,
        token_url: Some(urls.choose(&key)),
        ..Identity::default()
    };
    let warnings = key.warnings();
    let exchange = Exchange { endpoint: surroundings.endpoint.clone(), clock: clock.clone(), passing };
    let flow = KeyFlow::new(key, input.clone(), urls, exchange);
    Ok(Opened { source: Arc::new(Renewing::new(flow, clock)), identity, warnings })
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Surroundings")
    }
}
