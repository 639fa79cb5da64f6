//! What a recipe tells people by `notify`, handed to whoever sees to it that they hear of it.

use crate::error::Error;

/// What a recipe tells people. It may hold secrets: whoever takes it knows the scrubber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The channel that it names.
    pub channel: String,
    /// What it says.
    pub text: String,
    /// Its facts, if it gave a map.
    pub fields: Vec<(String, String)>,
}

/// Sees to it that people hear of messages. Called on script threads, several at once.
pub trait Notifier: Send + Sync {
    /// Takes a message; blocks until it cannot be lost any more.
    ///
    /// # Errors
    /// When there is no such channel, or the message cannot be kept.
    fn notify(&self, message: Message) -> Result<(), Error>;
}
