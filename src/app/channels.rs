//! The channels of a workspace, as notices need them.

use crate::config::{Environment, Workspace};
use crate::error::{Error, Result};
use crate::notices::Channel;
use crate::secret::Scrubber;

/// The channels, and what a person should know of those that cannot be used: one that nobody names today must not keep
/// the others from being told.
pub(super) fn channels(
    workspace: &Workspace,
    environment: &Environment,
    scrubber: &Scrubber,
) -> (Vec<Channel>, Vec<String>) {
    let (mut channels, mut notes) = (Vec::new(), Vec::new());
    for told in workspace.channels.values() {
        let channel: Result<Channel> = Channel::of(told, workspace, &|secret| {
            let secret = secret.read(environment, workspace).map_err(Error::from)?;
            scrubber.learn(secret.expose());
            Ok(secret)
        });
        match channel {
            Ok(channel) => channels.push(channel),
            Err(error) => notes.push(format!("the channel `{}` cannot be used: {error}", told.name.value)),
        }
    }
    (channels, notes)
}
