//! What every way to authenticate offers, and the simplest of them.

use std::fmt;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::{Error, Problem};
use crate::secret::Secret;

/// Hands out bearer tokens.
pub trait TokenSource: Send + Sync + fmt::Debug {
    /// A token that is valid now. Many callers at once cause one renewal; a caller that is dropped disturbs no other.
    ///
    /// # Errors
    /// When the credential is unusable, or what mints the tokens refuses or cannot be reached.
    fn token(&self) -> BoxFuture<'_, Result<Secret, Error>>;

    /// Says that the API answered 401 to `token`: the next [`TokenSource::token`] hands out another one, if it can.
    fn reject(&self, token: &Secret);

    /// When the token that was last handed out ends, if that is known.
    fn expires_at(&self) -> Option<DateTime<Utc>> {
        None
    }
}

/// Stands for the credential that nobody gave: whoever asks for a token is told how to give one.
#[derive(Debug, Clone, Copy)]
pub struct NoCredential;

impl TokenSource for NoCredential {
    fn token(&self) -> BoxFuture<'_, Result<Secret, Error>> {
        Box::pin(std::future::ready(Err(Error::new(Problem::NoCredentials))))
    }

    fn reject(&self, _token: &Secret) {}
}

/// Hands out the same token for ever: for simulated runs, whose server asks for none in particular.
#[derive(Debug, Clone)]
pub struct FixedToken(Secret);

impl FixedToken {
    /// A source of this very token.
    #[must_use]
    pub fn new(token: Secret) -> Self {
        Self(token)
    }
}

impl TokenSource for FixedToken {
    fn token(&self) -> BoxFuture<'_, Result<Secret, Error>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }

    fn reject(&self, _token: &Secret) {}
}
