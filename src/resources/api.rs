//! The way to the API that this room uses: one call, one answer.

use std::future::Future;
use std::pin::Pin;

use crate::error::Error;
use crate::transport::{Answer, Call, Client};

/// Sends calls. The transport's client is one; tests bring others.
pub trait Api: Send + Sync {
    /// Sends a call with all that belongs to it; dropping the future gives it up.
    ///
    /// # Errors
    /// When there is no successful answer.
    fn send(&self, call: Call) -> Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send + '_>>;

    /// Sends a call of a list and gives all its pages. One that knows no pages answers with the first.
    ///
    /// # Errors
    /// As [`Api::send`], and when the list cannot be whole.
    fn pages(&self, call: Call) -> Pin<Box<dyn Future<Output = Result<Vec<Answer>, Error>> + Send + '_>> {
        Box::pin(async move { Ok(vec![self.send(call).await?]) })
    }
}

impl Api for Client {
    fn send(&self, call: Call) -> Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send + '_>> {
        Box::pin(async move { Client::send(self, call).await.map_err(Error::from) })
    }

    fn pages(&self, call: Call) -> Pin<Box<dyn Future<Output = Result<Vec<Answer>, Error>> + Send + '_>> {
        Box::pin(async move { Client::pages(self, call).await.map_err(Error::from) })
    }
}
