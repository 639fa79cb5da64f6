//! What is going on, told call by call to whoever watches.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;

use crate::catalog::Operation;
use crate::transport::{Backend, Sending};

/// Watches the calls of a session. Called from several threads at once.
pub trait Progress: Send + Sync {
    /// A request goes out.
    fn sent(&self, operation: &'static Operation);
    /// Its answer has come, or it broke; repeats count as requests of their own.
    fn ended(&self, operation: &'static Operation);
}

/// A backend that tells of its calls.
pub(super) struct Watched {
    /// What carries the calls.
    pub backend: Arc<dyn Backend>,
    /// Who watches.
    pub progress: Arc<dyn Progress>,
}

/// Tells of the end also when the call is given up.
struct Under<'p> {
    progress: &'p dyn Progress,
    operation: &'static Operation,
}

impl Drop for Under<'_> {
    fn drop(&mut self) {
        self.progress.ended(self.operation);
    }
}

impl Backend for Watched {
    fn send<'b>(&'b self, operation: &'static Operation, request: Request<Bytes>) -> Sending<'b> {
        Box::pin(async move {
            self.progress.sent(operation);
            let _under = Under { progress: self.progress.as_ref(), operation };
            self.backend.send(operation, request).await
        })
    }
}
