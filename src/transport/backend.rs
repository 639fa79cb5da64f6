//! What stands at the end of the pipeline: the network, the simulator or a plan, all behind one trait.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::catalog::Operation;

/// The future that a [`Backend`] answers with.
pub type Sending<'b> = Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, BackendError>> + Send + 'b>>;

/// An operation and its message in, a message out. Backends know nothing of retries, grants or tokens.
pub trait Backend: Send + Sync {
    /// Sends one request and returns the whole answer, whatever its status. Dropping the future gives the request up.
    ///
    /// # Errors
    /// When there is no whole answer; [`BackendError::sent`] says whether the request may have taken effect.
    fn send<'b>(&'b self, operation: &'static Operation, request: http::Request<Bytes>) -> Sending<'b>;

    /// Whether what is sent here goes nowhere, so that a trace must not read as if it had been done.
    fn is_rehearsal(&self) -> bool {
        false
    }
}

impl<B: Backend + ?Sized> Backend for Arc<B> {
    fn send<'b>(&'b self, operation: &'static Operation, request: http::Request<Bytes>) -> Sending<'b> {
        (**self).send(operation, request)
    }

    fn is_rehearsal(&self) -> bool {
        (**self).is_rehearsal()
    }
}

/// Why there is no whole answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BackendError {
    /// What happened, without any secret.
    pub message: String,
    /// What to do about it, if that is known.
    pub hint: Option<String>,
    /// Whether the server may have acted on the request.
    pub sent: Sent,
    /// Whether time ran out, rather than a connection.
    pub is_timeout: bool,
    /// Whether repeating cannot help, as with a certificate that nobody trusts.
    pub is_permanent: bool,
}

/// How far a failed request got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It never left: repeating it is harmless.
    No,
    /// It may have arrived and taken effect.
    Perhaps,
}

impl BackendError {
    /// The request never left.
    #[must_use]
    pub fn not_sent(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, sent: Sent::No, is_timeout: false, is_permanent: false }
    }

    /// The request left, or may have; the answer did not come, or not whole.
    #[must_use]
    pub fn broken(message: impl Into<String>) -> Self {
        Self { sent: Sent::Perhaps, ..Self::not_sent(message) }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says that it was time that ran out.
    #[must_use]
    pub fn timed_out(mut self) -> Self {
        self.is_timeout = true;
        self
    }

    /// Says that repeating cannot help.
    #[must_use]
    pub fn permanent(mut self) -> Self {
        self.is_permanent = true;
        self
    }
}
