//! The token flow: a bearer token that somebody else minted, sent as it is.

use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::token::{self, Claims};
use super::{Error, Problem, TokenSource};
use crate::clock::Clock;
use crate::config::Resolved;
use crate::secret::Secret;

/// Hands out one token until it ends or is refused.
#[derive(Debug)]
pub(super) struct TokenFlow {
    token: Secret,
    origin: String,
    expires_at: Option<DateTime<Utc>>,
    clock: Clock,
    is_refused: AtomicBool,
}

impl TokenFlow {
    /// Takes a token that may stand in a header and has not ended.
    pub(super) fn new(given: &Resolved<Secret>, clock: Clock) -> Result<Self, Error> {
        let origin = given.origin.to_string();
        let token = token::checked(given.value.expose()).map_err(|problem| Error::new(problem).at(origin.clone()))?;
        let expires_at = Claims::of(&token).and_then(|claims| claims.expires_at);
        let flow = Self { token, origin, expires_at, clock, is_refused: AtomicBool::new(false) };
        flow.current()?;
        Ok(flow)
    }

    fn current(&self) -> Result<Secret, Error> {
        let problem = match self.expires_at {
            Some(expired_at) if expired_at <= self.clock.now() => Problem::TokenExpired { expired_at },
            _ if self.is_refused.load(Ordering::Relaxed) => Problem::TokenRefused,
            _ => return Ok(self.token.clone()),
        };
        Err(Error::new(problem).at(self.origin.clone()))
    }
}

impl TokenSource for TokenFlow {
    fn token(&self) -> BoxFuture<'_, Result<Secret, Error>> {
        Box::pin(std::future::ready(self.current()))
    }

    fn reject(&self, token: &Secret) {
        if *token == self.token {
            self.is_refused.store(true, Ordering::Relaxed);
        }
    }

    fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::config::Origin;

    fn clock() -> Clock {
        Clock::starting_at("2026-11-22T12:00:00Z".parse().unwrap())
    }

    fn given(token: &str) -> Resolved<Secret> {
        Resolved::new(Secret::from(token), Origin::Variable("STACKIT_SERVICE_ACCOUNT_TOKEN".to_owned()))
    }

    #[test]
    fn any_token_is_handed_out_until_it_is_refused() {
        let flow = TokenFlow::new(&given("any\n"), clock()).unwrap();
        let token = flow.token().now_or_never().unwrap().unwrap();
        assert_eq!(token.expose(), "any");
        flow.reject(&Secret::from("another"));
        assert!(flow.token().now_or_never().unwrap().is_ok());
        flow.reject(&token);
        let error = flow.token().now_or_never().unwrap().unwrap_err();
        assert_eq!(error.problem, Problem::TokenRefused);
        assert!(error.place.unwrap().contains("STACKIT_SERVICE_ACCOUNT_TOKEN"));
    }

    #[test]
    fn an_expired_token_is_not_sent() {
        // {"exp": 1700000000}
        let error = TokenFlow::new(&given("eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwMDAwMDB9.eA"), clock()).unwrap_err();
        assert!(matches!(error.problem, Problem::TokenExpired { .. }), "{error}");
        assert_eq!(error.to_string(), "the access token expired at 2023-11-14T22:13:20Z");
    }

    #[test]
    fn a_token_with_a_line_break_is_refused() {
        let error = TokenFlow::new(&given("a\nb"), clock()).unwrap_err();
        assert!(matches!(error.problem, Problem::TokenInvalid { .. }));
    }
}
