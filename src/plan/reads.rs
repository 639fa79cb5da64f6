//! A backend that carries reads and nothing else.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;

use crate::catalog::{Effect, Operation};
use crate::transport::{Backend, BackendError, Sending};

/// A backend that carries reads and nothing else: who holds only this cannot change what is behind it.
#[derive(Clone)]
pub struct Reads(Arc<dyn Backend>);

impl Reads {
    /// Reads from this backend.
    #[must_use]
    pub fn from(backend: Arc<dyn Backend>) -> Self {
        Self(backend)
    }
}

impl Backend for Reads {
    fn send<'b>(&'b self, operation: &'static Operation, request: Request<Bytes>) -> Sending<'b> {
        if operation.effect == Effect::Read {
            return self.0.send(operation, request);
        }
        let message = format!("`{}.{}` is no read, and was not sent", operation.module, operation.name);
        Box::pin(std::future::ready(Err(BackendError { is_permanent: true, ..BackendError::not_sent(message) })))
    }
}
