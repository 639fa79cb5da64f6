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
    /// Whether there is anybody to tell; no channels at all are no mistake of a recipe.
    ///
    /// # Errors
    /// When there are channels, and none of this name that can be used.
    fn reaches(&self, channel: &str) -> Result<bool, Error>;

    /// Takes a message; blocks until it cannot be lost any more.
    ///
    /// # Errors
    /// When it does not reach such a channel, or the message cannot be kept.
    fn notify(&self, message: Message) -> Result<(), Error>;
}
