//! One attempt to hand a letter over.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::bounded::said;
use super::channel::{Channel, ChannelKind, Mailing};
use super::formats;
use super::letter::Letter;
use super::{command, signature, words};
use crate::clock::Clock;
use crate::error::{Error, Kind};
use crate::secret::Secret;
use crate::transport::{Excess, Mail, Outside, OutsideAnswer, OutsideCall, OutsideUrl};

/// So much of an answer is read.
const LONGEST_ANSWER: usize = 65_536;

/// Why a letter was not taken.
#[derive(Debug)]
pub(super) struct Failure {
    pub error: Box<Error>,
    /// Whether it would not be taken another time either.
    pub is_final: bool,
    /// How long the receiver asks to be left in peace.
    pub retry_after: Option<Duration>,
}

impl Failure {
    pub fn passing(error: Error) -> Self {
        Self { error: error.into(), is_final: false, retry_after: None }
    }
}

/// Hands letters over.
pub(super) trait Post: Send + Sync {
    /// One attempt; it takes no longer than `time_limit`.
    fn hand_over<'l>(
        &'l self,
        channel: &'l Channel,
        letter: &'l Letter,
        time_limit: Duration,
    ) -> BoxFuture<'l, Result<(), Failure>>;
}

/// Takes the lines of the log's channel.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// The real ways out.
pub(super) struct Ways {
    pub outside: Outside,
    pub clock: Clock,
    pub log: Log,
}

impl Post for Ways {
    fn hand_over<'l>(
        &'l self,
        channel: &'l Channel,
        letter: &'l Letter,
        time_limit: Duration,
    ) -> BoxFuture<'l, Result<(), Failure>> {
        Box::pin(async move {
            match &channel.kind {
                ChannelKind::Webhook { url, secret, template } => {
                    let body = template.as_ref().map_or_else(|| letter.to_json(), |template| template.fill(letter));
                    self.post(url, &body, secret.as_ref(), letter, time_limit).await
                }
                ChannelKind::Teams(url) => self.post(url, &formats::teams(letter), None, letter, time_limit).await,
                ChannelKind::Slack(url) => self.post(url, &formats::slack(letter), None, letter, time_limit).await,
                ChannelKind::Mattermost(url) => {
                    self.post(url, &formats::mattermost(letter), None, letter, time_limit).await
                }
                ChannelKind::Mail(mailing) => self.mail(mailing, letter, time_limit).await,
                ChannelKind::Command(program) => {
                    command::run(program, &format!("{}\n", letter.to_json()), time_limit, &self.clock).await
                }
                ChannelKind::Log => {
                    (self.log)(&words::logged(letter));
                    Ok(())
                }
                ChannelKind::Nowhere(why) => Err(Failure::passing((**why).clone())),
            }
        })
    }
}

impl Ways {
    async fn post(
        &self,
        url: &Secret,
        body: &Value,
        key: Option<&Secret>,
        letter: &Letter,
        time_limit: Duration,
    ) -> Result<(), Failure> {
        let body = body.to_string();
        let now = self.clock.now();
        let mut headers = vec![
            ("Content-Type".to_owned(), "application/json".into()),
            ("Idempotency-Key".to_owned(), letter.id.as_str().into()),
            ("X-Stackhand-Id".to_owned(), letter.id.as_str().into()),
            ("X-Stackhand-Event".to_owned(), letter.notice.topic.as_str().into()),
        ];
        if let Some(key) = key {
            headers.push((signature::HEADER.to_owned(), signature::signature(key, now, &body).into()));
        }
        let answer = self.ask(url, "POST", headers, Some(body.into()), time_limit).await?;
        judge(&answer, now)
    }

    async fn mail(&self, mailing: &Mailing, letter: &Letter, time_limit: Duration) -> Result<(), Failure> {
        let mail = Mail {
            server: mailing.server.clone(),
            from: formats::address_of(&mailing.from).to_owned(),
            to: mailing.to.iter().map(|to| formats::address_of(to).to_owned()).collect(),
            message: formats::mail(letter, mailing).into(),
        };
        match self.clock.timeout(time_limit, self.outside.mail(&mail)).await {
            Some(Ok(refused)) => {
                for reason in refused {
                    tracing::warn!(channel = letter.channel, reason, "a mail server refuses one of several receivers");
                }
                Ok(())
            }
            Some(Err(failed)) => {
                Err(Failure { error: failed.error.into(), is_final: failed.is_final, retry_after: None })
            }
            None => {
                let message =
                    format!("the mail server `{}:{}` takes too long", mailing.server.host, mailing.server.port);
                Err(Failure::passing(Error::new(Kind::Timeout, "no_answer", message)))
            }
        }
    }

    pub(super) async fn ask(
        &self,
        url: &Secret,
        method: &str,
        headers: Vec<(String, Secret)>,
        body: Option<Secret>,
        time_limit: Duration,
    ) -> Result<OutsideAnswer, Failure> {
        let call = OutsideCall {
            url: OutsideUrl::parse(url.expose().trim()).map_err(Failure::passing)?,
            method: method.to_owned(),
            headers,
            body,
            time_limit,
            longest_answer: LONGEST_ANSWER,
            excess: Excess::IsCut,
        };
        self.outside.send(call).await.map_err(|mut error| {
            // What a script can do about it is nothing that a channel can.
            error.hint = error.hint.filter(|_| error.kind == Kind::Network);
            Failure::passing(error)
        })
    }
}

/// Whether an answer says that the letter was taken. What a person can put right while the letter waits, such as a URL
/// that leads nowhere, is tried again; what is wrong with the letter itself is not.
pub(super) fn judge(answer: &OutsideAnswer, now: DateTime<Utc>) -> Result<(), Failure> {
    let status = answer.status;
    if (200..300).contains(&status) {
        return Ok(());
    }
    let words = said(&answer.body);
    let because = if words.is_empty() { String::new() } else { format!(": {words}") };
    let (kind, hint) = match status {
        300..=399 => (Kind::Invalid, Some("no redirect is followed: give the URL that it leads to")),
        401 | 403 | 404 | 410 => {
            (Kind::Invalid, Some("the URL of the channel may be old: make a new one and put it in"))
        }
        429 => (Kind::RateLimited, None),
        500.. => (Kind::Server, None),
        _ => (Kind::Invalid, None),
    };
    let mut error = Error::new(kind, "notice_refused", format!("the channel answers {status}{because}"));
    error.hint = hint.map(str::to_owned);
    let is_final = matches!(status, 400 | 413 | 415 | 422);
    Err(Failure { error: error.into(), is_final, retry_after: answer.retry_after(now) })
}
