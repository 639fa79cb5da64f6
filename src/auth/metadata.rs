//! The service account that is attached to the STACKIT server we run on, through the server's metadata service.
//!
//! Asked only when a profile says so: elsewhere nothing answers at that address. The shapes of its answers stand in no
//! OpenAPI document, so they are read leniently.
//! Source: docs.stackit.cloud, metadata service of servers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::renewing::{Cause, Minter, Passing};
use super::token::{self, Minted};
use super::{Error, Problem, TokenEndpoint, TokenRequest};
use crate::clock::Clock;

const BASE_URL: &str = "http://169.254.169.254/stackit/v1";
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Mints tokens of the server's own service account.
pub(super) struct Metadata {
    pub(super) account: Option<String>,
    pub(super) endpoint: Arc<dyn TokenEndpoint>,
    pub(super) clock: Clock,
    pub(super) passing: Passing,
}

impl Metadata {
    async fn get(&self, path: &str) -> Result<String, Error> {
        let url = format!("{BASE_URL}/{path}");
        let place = url.clone();
        let reply =
            self.endpoint.send(TokenRequest::Local { url, time_limit: TIME_LIMIT }).await.map_err(|unreachable| {
                Error::new(Problem::MetadataUnreachable { reason: unreachable.message }).at(&place)
            })?;
        let wrong = |reason| Err(Error::new(Problem::MetadataAnswer { reason }).at(&place));
        match (reply.status, String::from_utf8(reply.body.to_vec())) {
            (200..300, Ok(text)) => Ok(text),
            (200..300, Err(_)) => wrong("it is not text".to_owned()),
            (500.., _) => {
                Err(Error::new(Problem::MetadataUnreachable { reason: format!("status {}", reply.status) }).at(&place))
            }
            (status, _) => wrong(format!("status {status}")),
        }
    }

    /// The mail of the account to be.
    async fn account(&self) -> Result<String, Error> {
        let attached = mails(&self.get("service-accounts").await?);
        let chosen = match &self.account {
            Some(wanted) => attached.iter().find(|mail| mail.eq_ignore_ascii_case(wanted)),
            None if attached.len() == 1 => attached.first(),
            None => None,
        };
        chosen.cloned().ok_or_else(|| {
            Error::new(Problem::MetadataAccount { wanted: self.account.clone(), attached: attached.clone() })
                .at(format!("{BASE_URL}/service-accounts"))
        })
    }
}

impl Minter for Metadata {
    fn mint<'m>(&'m self, _cause: Cause, _current: Option<&'m Minted>) -> BoxFuture<'m, Result<Minted, Error>> {
        Box::pin(async move {
            let path = format!("service-accounts/{}/token", percent_encoded(&self.account().await?));
            let text = self.get(&path).await?;
            let now = self.clock.now();
            let (token, lifetime) = token_in(&text, now).ok_or_else(|| {
                let reason = "there is no token in it".to_owned();
                Error::new(Problem::MetadataAnswer { reason }).at(format!("{BASE_URL}/{path}"))
            })?;
            let token = token::checked(&token)?;
            self.passing.learn(&token);
            Ok(Minted::new(token, now, lifetime))
        })
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metadata")
    }
}

/// All mails in an answer of whatever shape.
fn mails(text: &str) -> Vec<String> {
    fn gather(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) if text.contains('@') => found.push(text.trim().to_owned()),
            Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    // An object may be keyed by mail.
                    if name.contains('@') {
                        found.push(name.clone());
                    } else {
                        gather(value, found);
                    }
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    match serde_json::from_str(text) {
        Ok(value) => gather(&value, &mut found),
        Err(_) => found.extend(text.split_whitespace().filter(|word| word.contains('@')).map(str::to_owned)),
    }
    found.dedup();
    found
}

/// The token in an answer of whatever shape, and how long it lasts.
fn token_in(text: &str, now: DateTime<Utc>) -> Option<(String, Option<TimeDelta>)> {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        let plain = text.trim();
        return (plain.starts_with("eyJ")).then(|| (plain.to_owned(), None));
    };
    if let Value::String(token) = value {
        return Some((token, None));
    }
    let named = |names: &[&str]| names.iter().find_map(|name| value.get(name));
    let token = named(&["token", "access_token", "accessToken"])?.as_str()?.to_owned();
    let until = named(&["validUntil", "valid_until", "expiresAt", "expires_at"])
        .and_then(Value::as_str)
        .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
        .map(|until| until.to_utc() - now);
    let seconds = named(&["expires_in", "expiresIn"]).and_then(token::seconds).and_then(TimeDelta::try_seconds);
    Some((token, until.or(seconds)))
}

fn percent_encoded(mail: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte);
    mail.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
