//! A channel as `stackhand.toml` tells it: where notices go.

use std::time::Duration;

use super::Error;
use super::choice::choice;
use super::given_secret::GivenSecret;
use super::link_local::leads_to_the_link;
use super::reader::{Located, Table};

/// A `[channel.NAME]` of `stackhand.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// What it is called.
    pub name: Located<String>,
    /// Where it leads.
    pub kind: ChannelKind,
    /// What it is told by default; what a job asks for comes before.
    pub events: Vec<Event>,
    /// How much it is told at most.
    pub rate: Rate,
}

/// Where a channel leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelKind {
    /// JSON to a URL.
    Webhook {
        /// Where to.
        url: Located<GivenSecret>,
        /// What the body is signed with (HMAC-SHA256), if it is.
        secret: Option<Located<GivenSecret>>,
        /// The body, with places for what is told, as written; the usual one if nothing is said.
        template: Option<Located<String>>,
    },
    /// Microsoft Teams, by the URL of a workflow.
    Teams(Located<GivenSecret>),
    /// Slack, by the URL of an incoming webhook.
    Slack(Located<GivenSecret>),
    /// Mattermost, by the URL of an incoming webhook.
    Mattermost(Located<GivenSecret>),
    /// Mail by SMTP.
    Email(Email),
    /// A program, which gets the notice as JSON on its standard input.
    Command(Located<Vec<String>>),
    /// The process's own log.
    Log,
}

/// Mail by SMTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// The mail server.
    pub host: Located<String>,
    /// Its port.
    pub port: u16,
    /// Whether the connection must be encrypted with STARTTLS.
    pub starttls: bool,
    /// Who logs in, if somebody has to.
    pub user: Option<String>,
    /// With what.
    pub password: Option<Located<GivenSecret>>,
    /// The sender.
    pub from: Located<String>,
    /// The receivers, at least one.
    pub to: Vec<Located<String>>,
}

/// How much a channel is told at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many notices …
    pub most: u32,
    /// … in so much time; what is beyond waits.
    pub per: Duration,
}

choice! {
    /// What there is to tell of a job.
    Event {
        /// A run succeeded.
        Done = "done",
        /// A run failed, after all its retries.
        Failed = "failed",
        /// A run did a part of its work.
        Partial = "partial",
        /// A fire time was left out: by the recipe, or by the calendar.
        Skipped = "skipped",
        /// A fire time was left out because the last run was under way.
        SkippedByOverlap = "skipped_by_overlap",
        /// A run was refused: permissions, protection, caps.
        Refused = "refused",
        /// Somebody cancelled a run.
        Cancelled = "cancelled",
        /// A run took longer than it may.
        TimedOut = "timed_out",
        /// The scheduler was not there, and the fire time is not made up for.
        Missed = "missed",
        /// The opposing job came first.
        Superseded = "superseded",
        /// Whether a run did its work is not known: the process died in the middle.
        Unknown = "unknown",
        /// A run began late.
        Late = "late",
        /// The key that the job runs with expires soon.
        KeyExpiring = "key_expiring",
        /// A run succeeded after one that did not.
        Recovered = "recovered",
    }
}

impl Event {
    /// What a channel is told unless it says otherwise: what somebody should look at, and that it is over.
    pub const BY_DEFAULT: &'static [Self] = &[
        Self::Failed,
        Self::Partial,
        Self::SkippedByOverlap,
        Self::Refused,
        Self::TimedOut,
        Self::Missed,
        Self::Unknown,
        Self::Late,
        Self::KeyExpiring,
        Self::Recovered,
    ];
}

impl Channel {
    /// Every secret of the channel, and where it is.
    pub fn secrets(&self) -> impl Iterator<Item = &Located<GivenSecret>> {
        self.url().into_iter().chain(self.key())
    }

    /// The secret URL that it leads to, if it does.
    #[must_use]
    pub fn url(&self) -> Option<&Located<GivenSecret>> {
        match &self.kind {
            ChannelKind::Webhook { url, .. }
            | ChannelKind::Teams(url)
            | ChannelKind::Slack(url)
            | ChannelKind::Mattermost(url) => Some(url),
            ChannelKind::Email(_) | ChannelKind::Command(_) | ChannelKind::Log => None,
        }
    }

    /// What it signs or logs in with, if it does.
    #[must_use]
    pub fn key(&self) -> Option<&Located<GivenSecret>> {
        match &self.kind {
            ChannelKind::Webhook { secret, .. } => secret.as_ref(),
            ChannelKind::Email(email) => email.password.as_ref(),
            ChannelKind::Teams(_)
            | ChannelKind::Slack(_)
            | ChannelKind::Mattermost(_)
            | ChannelKind::Command(_)
            | ChannelKind::Log => None,
        }
    }

    /// How its kind is spelled in `stackhand.toml`.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            ChannelKind::Webhook { .. } => "webhook",
            ChannelKind::Teams(_) => "teams",
            ChannelKind::Slack(_) => "slack",
            ChannelKind::Mattermost(_) => "mattermost",
            ChannelKind::Email(_) => "email",
            ChannelKind::Command(_) => "command",
            ChannelKind::Log => "log",
        }
    }

    /// Reads a table that [`super::keys`] has found in order.
    pub(super) fn read(name: Located<String>, table: Table<'_, '_>) -> Result<Self, Error> {
        let kind = table.text("kind")?.map(|kind| kind.value).unwrap_or_default();
        let url = || needed(table, "url", table.secret("url")?);
        let kind = match kind.as_str() {
            "webhook" => {
                ChannelKind::Webhook { url: url()?, secret: table.secret("secret")?, template: table.text("template")? }
            }
            "teams" => ChannelKind::Teams(url()?),
            "slack" => ChannelKind::Slack(url()?),
            "mattermost" => ChannelKind::Mattermost(url()?),
            "email" => ChannelKind::Email(Email::read(table)?),
            "command" => ChannelKind::Command(command(table)?),
            _ => ChannelKind::Log,
        };
        let rate = table.table("rate", |inner| {
            let most = inner.number("most")?.and_then(|most| u32::try_from(most.value).ok());
            let per = inner.duration("per")?.map(|per| per.value);
            let usual = Rate::default();
            Ok(Rate { most: most.unwrap_or(usual.most), per: per.unwrap_or(usual.per) })
        })?;
        let events = table.choices("events")?.unwrap_or_else(|| Event::BY_DEFAULT.to_vec());
        let channel = Self { name, kind, events, rate: rate.unwrap_or_default() };
        if let Some(url) = channel.url() {
            table.web_address(url, "url")?;
        }
        Ok(channel)
    }
}

impl Email {
    fn read(table: Table<'_, '_>) -> Result<Self, Error> {
        let (user, password) = (table.text("user")?, table.secret("password")?);
        if let (Some(user), None) = (&user, &password) {
            let error = table.complain(user, "missing_key", "`user` without a `password`");
            return Err(error.hint("add `password = \"env:…\"` or `password = \"file:keys/…\"`"));
        }
        if let (None, Some(password)) = (&user, &password) {
            return Err(table.complain(password, "missing_key", "`password` without a `user`").hint("add `user`"));
        }
        let to = table.located_texts("to")?.unwrap_or_default();
        if to.is_empty() {
            return Err(table.lacking("to"));
        }
        let from = needed(table, "from", table.text("from")?)?;
        for address in to.iter().chain([&from]) {
            if !is_mail_address(&address.value) {
                let message = format!("`{}` is no mail address", address.value.escape_debug());
                return Err(table.complain(address, "bad_address", message).hint("write it as `ops@example.org`"));
            }
        }
        let host = needed(table, "host", table.text("host")?)?;
        if host.value.is_empty() || host.value.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(table
                .complain(&host, "bad_host", "`host` names no mail server")
                .hint("write its name or address"));
        }
        if leads_to_the_link(&host.value) {
            let message = "`host` leads to a link-local address, to which nothing is sent";
            return Err(table
                .complain(&host, "link_local", message)
                .hint("write the name or address of a mail server"));
        }
        let port = table.number("port")?.and_then(|port| u16::try_from(port.value).ok());
        Ok(Self {
            host,
            port: port.unwrap_or(587),
            starttls: table.truth("starttls")?.is_none_or(|written| written.value),
            user: user.map(|user| user.value),
            password,
            from,
            to,
        })
    }
}

/// `ops@example.org` or `Operations <ops@example.org>`, on one line.
fn is_mail_address(text: &str) -> bool {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>'),
        None => Some(text),
    };
    let is_plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "<>,;\"".contains(c));
    !text.contains(char::is_control)
        && address
            .and_then(|address| address.rsplit_once('@'))
            .is_some_and(|(user, host)| is_plain(user) && is_plain(host) && !user.contains('@'))
}

impl Default for Rate {
    fn default() -> Self {
        Self { most: 30, per: Duration::from_hours(1) }
    }
}

fn command(table: Table<'_, '_>) -> Result<Located<Vec<String>>, Error> {
    let command = needed(table, "command", table.texts("command")?)?;
    if command.value.first().is_none_or(String::is_empty) {
        return Err(table
            .complain(&command, "empty_command", "`command` names no program")
            .hint("for example `command = [\"./tell.sh\", \"night\"]`"));
    }
    Ok(command)
}

fn needed<T>(table: Table<'_, '_>, key: &str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| table.lacking(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Workspace;

    #[test]
    fn a_mail_goes_from_some_server_to_somebody() {
        let read = |host: &str, to: &str| {
            let text = format!("[channel.x]\nkind = \"email\"\nhost = \"{host}\"\nfrom = \"a@b\"\nto = [{to}]\n");
            Workspace::read(std::path::Path::new("/w/stackhand.toml"), &text)
        };
        assert!(read("mail", "\"ops@b\"").is_ok());
        assert_eq!(read("", "\"ops@b\"").unwrap_err().code, "bad_host");
        assert_eq!(read("mail", "").unwrap_err().code, "missing_key");
    }

    #[test]
    fn mail_addresses_are_told_from_what_is_none() {
        for good in ["ops@example.org", "Night Shift <ops@example.org>", "a+b@x"] {
            assert!(is_mail_address(good), "{good}");
        }
        for bad in ["", "ops", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\r\nBcc: x@y", "<a@b", "a@b, c@d"] {
            assert!(!is_mail_address(bad), "{bad}");
        }
    }
}
