//! The wire to whatever hands out tokens: a form or a GET in, status and bytes out.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use crate::secret::Secret;

/// Carries requests for tokens: the network, or a stand-in in tests and on the simulator.
pub trait TokenEndpoint: Send + Sync {
    /// Sends one request and returns the whole answer, whatever its status. Redirects are not followed: what is sent
    /// is worth a token.
    ///
    /// # Errors
    /// When there is no whole answer.
    fn send(&self, request: TokenRequest) -> BoxFuture<'_, Result<TokenReply, Unreachable>>;
}

/// A request for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenRequest {
    /// POST of an `application/x-www-form-urlencoded` form.
    Form {
        /// The whole URL.
        url: String,
        /// The form's fields.
        fields: Vec<(&'static str, Secret)>,
        /// How long the request may take.
        time_limit: Duration,
    },
    /// GET of a link-local address, past any proxy.
    Local {
        /// The whole URL.
        url: String,
        /// How long the request may take.
        time_limit: Duration,
    },
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenReply {
    /// The HTTP status.
    pub status: u16,
    /// The content type, if one was given.
    pub content_type: Option<String>,
    /// The server's `Date`.
    pub date: Option<DateTime<Utc>>,
    /// The body.
    pub body: Bytes,
}

/// Why there is no whole answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreachable {
    /// What happened, without any secret.
    pub message: String,
    /// Whether time ran out.
    pub is_timeout: bool,
    /// What to do about an obstacle that lasts: trying again does not help.
    pub hint: Option<&'static str>,
}
