//! What is seen of a server from outside: health and figures over HTTP, questions over a local socket. Knows a trait, and
//! nothing of what is behind it.

mod bounded;
mod pages;
#[cfg(unix)]
mod socket;

use futures_util::future::BoxFuture;
use serde_json::Value;

pub use pages::serve_pages;
#[cfg(unix)]
pub use socket::{ask, listen, serve_questions};

/// What is shown.
pub trait View: Send + Sync + 'static {
    /// Why the server does not do its work, if it does not.
    ///
    /// # Errors
    /// The reason, in words.
    fn readiness(&self) -> Result<(), String>;

    /// All figures, in Prometheus' text format.
    fn figures(&self) -> BoxFuture<'_, String>;

    /// Answers a question of whoever may open the socket.
    fn answer(&self, question: Value) -> BoxFuture<'_, Value>;
}
