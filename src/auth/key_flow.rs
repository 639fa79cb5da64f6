//! The key flow: a service account key signs an assertion, the token endpoint gives tokens for it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use super::exchange::{Exchange, Grant, Tokens};
use super::key::ServiceAccountKey;
use super::renewing::{Cause, Minter};
use super::token::{Claims, Minted};
use super::{Error, Problem};
use crate::config::{KeyInput, Origin, Resolved};
use crate::secret::Secret;

/// The token endpoint of STACKIT itself.
pub(super) const TOKEN_URL: &str = "https://service-account.api.stackit.cloud/token";

/// How often the key files are looked at while a token is good.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(10);

/// Mints tokens with a service account key.
pub(super) struct KeyFlow {
    input: KeyInput,
    urls: TokenUrls,
    exchange: Exchange,
    state: Mutex<State>,
}

/// Token URLs that were set beside the key.
#[derive(Debug, Clone, Default)]
pub(super) struct TokenUrls {
    /// Comes before the key's own.
    pub(super) explicit: Option<Resolved<String>>,
    /// For a key that names none.
    pub(super) spare: Option<Resolved<String>>,
}

struct State {
    key: Arc<ServiceAccountKey>,
    refresh: Option<Secret>,
    looked_at: DateTime<Utc>,
}

impl TokenUrls {
    /// Explicit, key's own, spare, STACKIT's.
    pub(super) fn choose(&self, key: &ServiceAccountKey) -> Resolved<String> {
        let own = key.token_endpoint.clone().map(|url| Resolved::new(url, Origin::KeyFile));
        let explicit = self.explicit.clone().or(own).or_else(|| self.spare.clone());
        explicit.unwrap_or_else(|| Resolved::new(TOKEN_URL.to_owned(), Origin::Default))
    }
}

impl KeyFlow {
    /// A flow with a key that was read already.
    pub(super) fn new(key: ServiceAccountKey, input: KeyInput, urls: TokenUrls, exchange: Exchange) -> Self {
        exchange.passing.scrubber().learn(key.pem.text.expose());
        let looked_at = exchange.clock.now();
        Self { input, urls, exchange, state: Mutex::new(State { key: Arc::new(key), refresh: None, looked_at }) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the key files again; true if they hold another key now.
    fn reload(&self) -> Result<bool, Error> {
        let now = self.exchange.clock.now();
        let key = ServiceAccountKey::load(&self.input, now)?;
        self.exchange.passing.scrubber().learn(key.pem.text.expose());
        let mut state = self.lock();
        let is_other = !key.is_same_as(&state.key);
        state.looked_at = now;
        state.key = Arc::new(key);
        if is_other {
            state.refresh = None;
        }
        Ok(is_other)
    }

    /// Nothing if there is no refresh token that is good for anything.
    async fn by_refresh_token(&self, url: &str) -> Result<Option<Tokens>, Error> {
        let Some(token) = self.lock().refresh.clone() else { return Ok(None) };
        let ends_at = Claims::of(&token).and_then(|claims| claims.expires_at);
        if ends_at.is_none_or(|end| end <= self.exchange.clock.now() + TimeDelta::seconds(5)) {
            return Ok(None);
        }
        match self.exchange.tokens(url, Grant::Refresh(token)).await {
            Ok(tokens) => Ok(Some(tokens)),
            Err(error) if error.problem.is_retryable() => Err(error),
            Err(error) => {
                tracing::debug!(%error, "the refresh token is of no use; a new assertion is sent");
                Ok(None)
            }
        }
    }

    async fn by_assertion(&self, key: &ServiceAccountKey, url: &str) -> Result<Tokens, Error> {
        let now = self.exchange.clock.now();
        if let Some(valid_until) = key.valid_until.filter(|end| *end <= now) {
            return Err(key.json.complain(Problem::KeyExpired { valid_until }));
        }
        let assertion = Secret::from(key.assertion(now)?);
        self.exchange.tokens(url, Grant::Assertion(assertion)).await.map_err(|error| explained(error, key))
    }
}

/// Adds what we know of the key to what the token endpoint says of it.
fn explained(mut error: Error, key: &ServiceAccountKey) -> Error {
    match &mut error.problem {
        Problem::EndpointRefused { suspicion, .. } => {
            if key.public_key.as_ref().and_then(|public| key.private_key.belongs_to(public)) == Some(false) {
                *suspicion = Some(format!(
                    "the private key ({}) does not belong to the key's `publicKey`: give the private key of this very key",
                    key.pem.place
                ));
            }
        }
        Problem::KeyUnknown { kid, .. } => kid.clone_from(&key.kid),
        _ => return error,
    }
    let url = error.place.take().unwrap_or_default();
    Error {
        place: Some(format!("key {}, asked at {url}", key.json.place)),
        named_by: Some(key.json.named_by.clone()),
        ..error
    }
}

impl Minter for KeyFlow {
    fn mint<'m>(&'m self, cause: Cause, current: Option<&'m Minted>) -> BoxFuture<'m, Result<Minted, Error>> {
        Box::pin(async move {
            let is_outdated = self.lock().key.is_outdated();
            let is_other = match cause {
                Cause::Rejection | Cause::Change => self.reload()?,
                Cause::Expiry => is_outdated && self.reload()?,
            };
            if cause == Cause::Rejection {
                // Whatever made the access token worthless may have done so to the refresh token.
                self.lock().refresh = None;
            }
            if let (Cause::Change, false, Some(current)) = (cause, is_other, current)
                && current.is_fresh(self.exchange.clock.now())
            {
                return Ok(current.clone());
            }
            let key = self.lock().key.clone();
            let url = self.urls.choose(&key).value;
            let tokens = match self.by_refresh_token(&url).await? {
                Some(tokens) => tokens,
                None => self.by_assertion(&key, &url).await?,
            };
            self.lock().refresh = tokens.refresh;
            Ok(tokens.access)
        })
    }

    fn has_changed(&self) -> bool {
        let now = self.exchange.clock.now();
        let mut state = self.lock();
        if now - state.looked_at < LOOK_EVERY {
            return false;
        }
        state.looked_at = now;
        state.key.is_outdated()
    }
}

impl fmt::Debug for KeyFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyFlow({})", self.lock().key.kid)
    }
}

#[cfg(test)]
#[path = "key_flow_tests.rs"]
mod tests;
