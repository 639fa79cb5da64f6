//! What stands at the end of the pipeline: the network, the simulator or a plan, all behind one trait.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::catalog::Operation;

/// An operation and its message in, a message out. Backends know nothing of retries, grants or tokens.
pub trait Backend: Send + Sync {
    /// Sends one request and returns the whole answer, whatever its status.
    ///
    /// # Errors
    /// When there is no whole answer; [`BackendError::sent`] says whether the request may have taken effect.
    fn send<'b>(
        &'b self,
        operation: &'static Operation,
        request: http::Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, BackendError>> + Send + 'b>>;
}

/// Why there is no whole answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BackendError {
    /// What happened, without any secret.
    pub message: String,
    /// Whether the server may have acted on the request.
    pub sent: Sent,
    /// Whether time ran out, rather than a connection.
    pub is_timeout: bool,
}

/// How far a failed request got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It never left: repeating it is harmless.
    No,
    /// It may have arrived and taken effect.
    Perhaps,
}
