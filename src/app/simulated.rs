//! The simulator as the end of the pipeline: a backend and a source of tokens, without sockets and keys.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Request;

use crate::auth;
use crate::catalog::Operation;
use crate::secret::Secret;
use crate::simulator::{Reply, Simulator};
use crate::transport::{Backend, BackendError, Sending};

/// A simulator behind the traits that the pipeline asks for; cheap to clone.
#[derive(Clone)]
pub struct Simulated(Arc<Simulator>);

impl Simulated {
    /// The simulator as backend and source of tokens.
    #[must_use]
    pub fn new(simulator: Arc<Simulator>) -> Self {
        Self(simulator)
    }

    /// The simulator behind it.
    pub fn simulator(&self) -> &Arc<Simulator> {
        &self.0
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Simulated")
    }
}

impl Backend for Simulated {
    fn send<'b>(&'b self, operation: &'static Operation, request: Request<Bytes>) -> Sending<'b> {
        Box::pin(async move {
            match self.0.answer_operation(operation, request).await {
                Reply::Whole(response) => Ok(response),
                // Whether a broken request took effect is what its sender cannot know.
                Reply::Reset(_) => Err(BackendError::broken("the connection was reset")),
                Reply::Truncated(response, bytes) => {
                    let announced = response.body().len();
                    let message = format!("the connection broke after {bytes} of {announced} bytes of the answer");
                    Err(BackendError::broken(message))
                }
            }
        })
    }
}

/// Tokens of the simulated service account, without key and signature; each request's token is checked all the same.
impl auth::TokenSource for Simulated {
    fn token(&self) -> BoxFuture<'_, Result<Secret, auth::Error>> {
        Box::pin(std::future::ready(Ok(Secret::new(self.0.current_token()))))
    }

    fn reject(&self, token: &Secret) {
        self.0.forget_token(token.expose());
    }
}
