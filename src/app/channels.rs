//! The channels of a workspace, as notices need them.

use std::sync::Arc;

use crate::config::{Environment, Located, Workspace};
use crate::error::{Error, Kind, Result, nearest};
use crate::journal::ProcessFacts;
use crate::notices::{Channel, Owner};
use crate::secret::Scrubber;

/// The channels of a workspace, their secrets read.
#[derive(Default)]
pub(super) struct Channels {
    /// All of them: also those that lead nowhere now, as what is for them waits until they do.
    pub all: Vec<Channel>,
    /// What is wrong with those: one that nobody names today must not keep the rest from being told.
    pub unusable: Vec<String>,
    /// What a person should know of the others.
    pub warnings: Vec<String>,
    names: Vec<String>,
}

impl Channels {
    /// Reads the secrets of a workspace's channels.
    pub fn of(workspace: &Workspace, environment: &Environment, scrubber: &Scrubber) -> Self {
        let mut channels = Self::default();
        for told in workspace.channels.values() {
            let name = told.name.value.clone();
            let channel: Result<Channel> = Channel::of(told, workspace, &|secret| {
                let is_url = told.url().is_some_and(|url| std::ptr::eq(url, secret));
                let read = if is_url { Located::read_url } else { Located::read };
                let secret = read(secret, environment, workspace).map_err(Error::from)?;
                scrubber.learn(secret.expose());
                Ok(secret)
            });
            match channel {
                Ok(channel) => {
                    let warnings = told.secrets().filter_map(|secret| secret.warning(environment, workspace));
                    channels.warnings.extend(warnings.map(|warning| format!("{}: {warning}", label(&name))));
                    channels.all.push(channel);
                }
                Err(error) => {
                    channels.unusable.push(format!("{} cannot be used: {error}", label(&name)));
                    channels.all.push(Channel::nowhere(told, error));
                }
            }
            channels.names.push(name);
        }
        channels
    }

    /// Whether the workspace has none at all.
    pub fn are_none(&self) -> bool {
        self.names.is_empty()
    }

    /// The channel of a name.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    pub fn find(&self, name: &str) -> Result<&Channel> {
        if let Some(note) = self.unusable.iter().find(|note| note.starts_with(&label(name))) {
            return Err(Error::new(Kind::Config, "channel_unusable", note.clone()));
        }
        if let Some(channel) = self.all.iter().find(|channel| channel.name == name) {
            return Ok(channel);
        }
        let error = Error::new(Kind::Invalid, "no_such_channel", format!("the workspace has no channel `{name}`"));
        Err(error.with_hint(match nearest(name, self.names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", self.names.join(", ")),
        }))
    }
}

/// This process as the sender of notices, so that another one can tell when it has gone.
pub(super) fn this_process() -> Owner {
    let facts = |text: &str| serde_json::from_str::<ProcessFacts>(text).ok();
    let own = serde_json::to_string(&ProcessFacts::of_self()).unwrap_or_default();
    Owner::new(&own, Arc::new(move |other| facts(other).and_then(|process| process.is_gone()) == Some(true)))
}

fn label(name: &str) -> String {
    format!("the channel `{name}`")
}
