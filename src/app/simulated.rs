//! The simulator as the end of the pipeline: a backend and a source of tokens, without sockets and keys.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};

use crate::catalog::Operation;
use crate::simulator::{Reply, Simulator};
use crate::transport::{Backend, BackendError, Sent};

/// A simulator behind the traits that the pipeline asks for.
#[derive(Clone)]
pub struct Simulated(pub Arc<Simulator>);

impl Backend for Simulated {
    fn send<'b>(
        &'b self,
        operation: &'static Operation,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, BackendError>> + Send + 'b>> {
        Box::pin(async move {
            // Whether a broken request took effect is what its sender cannot know.
            let broken = |message: &str| BackendError { message: message.into(), sent: Sent::Perhaps, is_timeout: false };
            match self.0.answer_operation(operation, request).await {
                Reply::Whole(response) => Ok(response),
                Reply::Reset(_) => Err(broken("the connection was reset")),
                Reply::Truncated(response, bytes) => {
                    let announced = response.body().len();
                    Err(broken(&format!("the connection broke after {bytes} of {announced} bytes of the answer")))
                }
            }
        })
    }
}
