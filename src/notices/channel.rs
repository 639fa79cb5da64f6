//! A channel, ready to be used: its secrets read, its template understood.

use std::time::Duration;

use super::command::Program;
use super::template::Template;
use crate::config::{self, Event, GivenSecret, Located, Rate, Workspace};
use crate::error::Error;
use crate::secret::Secret;
use crate::transport::{Encryption, MailServer};

/// How long a program may take to pass a notice on.
const COMMAND_TIME: Duration = Duration::from_secs(30);
/// The port on which mail servers are encrypted from the first byte. Source: RFC 8314, 7.3.
const SUBMISSIONS: u16 = 465;

/// Where notices go.
#[derive(Debug, Clone)]
pub struct Channel {
    /// What it is called.
    pub name: String,
    /// Where it leads.
    pub kind: ChannelKind,
    /// What it is told unless a job says otherwise.
    pub events: Vec<Event>,
    /// How much it is told at most.
    pub rate: Rate,
}

/// Where a channel leads.
#[derive(Debug, Clone)]
pub enum ChannelKind {
    /// JSON to a URL.
    Webhook {
        /// Where to.
        url: Secret,
        /// What the body is signed with, if it is.
        secret: Option<Secret>,
        /// The body, if it is not the usual one.
        template: Option<Template>,
    },
    /// Microsoft Teams, by the URL of a workflow.
    Teams(Secret),
    /// Slack, by the URL of an incoming webhook.
    Slack(Secret),
    /// Mattermost, by the URL of an incoming webhook.
    Mattermost(Secret),
    /// Mail.
    Mail(Mailing),
    /// A program that reads the notice as JSON from its standard input.
    Command(Program),
    /// The process's own log.
    Log,
    /// Nowhere as long as something is the matter, such as a secret that cannot be read: what is for it waits.
    Nowhere(Box<Error>),
}

/// Whom a channel tells by mail, and through which server.
#[derive(Debug, Clone)]
pub struct Mailing {
    /// The mail server.
    pub server: MailServer,
    /// The sender: `ops@example.org`, or with a name before it.
    pub from: String,
    /// The receivers, written likewise.
    pub to: Vec<String>,
}

impl Channel {
    /// A channel as a workspace tells it, with its secrets read by `secret`.
    ///
    /// # Errors
    /// Those of `secret`, and code `bad_template`.
    pub fn of(
        told: &config::Channel,
        workspace: &Workspace,
        secret: &dyn Fn(&Located<GivenSecret>) -> Result<Secret, Error>,
    ) -> Result<Self, Error> {
        let kind = match &told.kind {
            config::ChannelKind::Webhook { url, secret: key, template } => ChannelKind::Webhook {
                url: secret(url)?,
                secret: key.as_ref().map(secret).transpose()?,
                template: template.as_ref().map(|template| Template::parse(&template.value)).transpose()?,
            },
            config::ChannelKind::Teams(url) => ChannelKind::Teams(secret(url)?),
            config::ChannelKind::Slack(url) => ChannelKind::Slack(secret(url)?),
            config::ChannelKind::Mattermost(url) => ChannelKind::Mattermost(secret(url)?),
            config::ChannelKind::Email(email) => ChannelKind::Mail(Mailing::of(email, secret)?),
            config::ChannelKind::Command(line) => ChannelKind::Command(Program {
                line: line.value.clone(),
                folder: workspace.folder().to_owned(),
                withheld: variables_of(workspace),
                time_limit: COMMAND_TIME,
            }),
            config::ChannelKind::Log => ChannelKind::Log,
        };
        Ok(Self { name: told.name.value.clone(), kind, events: told.events.clone(), rate: told.rate })
    }

    /// A channel as a workspace tells it that leads nowhere now.
    #[must_use]
    pub fn nowhere(told: &config::Channel, why: Error) -> Self {
        let kind = ChannelKind::Nowhere(why.into());
        Self { name: told.name.value.clone(), kind, events: told.events.clone(), rate: told.rate }
    }

    /// All of it that nobody may see.
    pub(super) fn secrets(&self) -> Vec<&Secret> {
        match &self.kind {
            ChannelKind::Webhook { url, secret, .. } => [Some(url), secret.as_ref()].into_iter().flatten().collect(),
            ChannelKind::Teams(url) | ChannelKind::Slack(url) | ChannelKind::Mattermost(url) => vec![url],
            ChannelKind::Mail(mailing) => mailing.server.login.iter().map(|(_, password)| password).collect(),
            ChannelKind::Command(_) | ChannelKind::Log | ChannelKind::Nowhere(_) => Vec::new(),
        }
    }

    /// How long one delivery may take.
    pub(super) fn time_limit(&self) -> Duration {
        match &self.kind {
            ChannelKind::Command(program) => program.time_limit,
            _ => Duration::from_secs(20),
        }
    }
}

/// The variables in which a workspace's secrets are: what leads to one channel is no other's business.
fn variables_of(workspace: &Workspace) -> Vec<String> {
    let of_channels = workspace.channels.values().flat_map(config::Channel::secrets);
    let all = of_channels.chain(workspace.jobs.iter().flat_map(|job| job.secrets()));
    let names = all.filter_map(|secret| match &secret.value {
        GivenSecret::Variable(name) => Some(name.clone()),
        GivenSecret::File(_) | GivenSecret::Inline(_) => None,
    });
    names.collect()
}

impl Mailing {
    fn of(
        email: &config::Email,
        secret: &dyn Fn(&Located<GivenSecret>) -> Result<Secret, Error>,
    ) -> Result<Self, Error> {
        let password = email.password.as_ref().map(secret).transpose()?;
        Ok(Self {
            server: MailServer {
                host: email.host.value.clone(),
                port: email.port,
                encryption: match (email.starttls, email.port) {
                    (false, _) => Encryption::None,
                    (true, SUBMISSIONS) => Encryption::Tls,
                    (true, _) => Encryption::StartTls,
                },
                login: email.user.clone().zip(password),
            },
            from: email.from.value.clone(),
            to: email.to.iter().map(|address| address.value.clone()).collect(),
        })
    }
}
