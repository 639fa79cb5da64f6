//! One exchange with the token endpoint: a grant in, tokens out; repeated a little when the endpoint is out of order.
//!
//! Source: OpenAPI document `service-account/v2`, POST /token; STACKIT SDK for Go, `core/clients/key_flow.go`.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::renewing::Passing;
use super::token::{self, Minted};
use super::{Error, Problem, TokenEndpoint, TokenReply, TokenRequest};
use crate::clock::Clock;
use crate::secret::Secret;

/// How long one attempt may take.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// How long to wait before each repeat.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// Clocks that are further apart than this are suspected when a key is refused.
const SKEW: TimeDelta = TimeDelta::seconds(120);
/// The longest message of a server that is shown.
const LONGEST_MESSAGE: usize = 400;

/// What a token is given for.
#[derive(Debug, Clone)]
pub(super) enum Grant {
    /// A JWT signed with the service account key.
    Assertion(Secret),
    /// The refresh token that came with the last access token.
    Refresh(Secret),
}

/// What the token endpoint gave.
#[derive(Debug, Clone)]
pub(super) struct Tokens {
    pub(super) access: Minted,
    pub(super) refresh: Option<Secret>,
}

/// The way to a token endpoint.
pub(super) struct Exchange {
    pub(super) endpoint: Arc<dyn TokenEndpoint>,
    pub(super) clock: Clock,
    pub(super) passing: Passing,
}

impl Exchange {
    /// Asks `url` for tokens.
    pub(super) async fn tokens(&self, url: &str, grant: Grant) -> Result<Tokens, Error> {
        let (kind, field, secret) = match grant {
            Grant::Assertion(assertion) => ("urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion", assertion),
            Grant::Refresh(token) => ("refresh_token", "refresh_token", token),
        };
        self.passing.learn(&secret);
        let fields = vec![("grant_type", Secret::from(kind)), (field, secret)];
        let request = TokenRequest::Form { url: url.to_owned(), fields, time_limit: TIME_LIMIT };
        let mut pauses = PAUSES.into_iter();
        loop {
            let problem = match self.attempt(request.clone()).await {
                Ok(tokens) => return Ok(tokens),
                Err(problem) => problem,
            };
            match pauses.next() {
                Some(pause) if problem.is_retryable() && !lasts(&problem) => {
                    tracing::debug!(url, %problem, "the token endpoint is asked again");
                    self.clock.sleep(pause).await;
                }
                _ => return Err(Error::new(problem).at(url)),
            }
        }
    }

    async fn attempt(&self, request: TokenRequest) -> Result<Tokens, Problem> {
        let reply = self.endpoint.send(request).await.map_err(|unreachable| Problem::EndpointUnreachable {
            reason: self.passing.scrubber().scrub(&unreachable.message).into_owned(),
            lasting: unreachable.hint,
        })?;
        self.understand(&reply)
    }

    fn understand(&self, reply: &TokenReply) -> Result<Tokens, Problem> {
        let status = reply.status;
        let json: Option<Map<String, Value>> = serde_json::from_slice(&reply.body).ok();
        let words = json.as_ref().and_then(message).or_else(|| plain_words(reply)).unwrap_or_default();
        let message = shortened(&self.passing.scrubber().scrub(&words));
        match (status, json) {
            (200..300, Some(json)) => self.tokens_of(&json),
            (408 | 429 | 500.., _) => {
                let message = if message.is_empty() { described(reply).to_owned() } else { message };
                Err(Problem::EndpointFailed { status, message })
            }
            (400..500, Some(_)) => Err(refused(status, message, self.skew(reply.date))),
            (400..500, None) if reply.body.is_empty() || !message.is_empty() => {
                Err(refused(status, message, self.skew(reply.date)))
            }
            _ => Err(Problem::EndpointNotJson { status, found: described(reply) }),
        }
    }

    fn tokens_of(&self, json: &Map<String, Value>) -> Result<Tokens, Problem> {
        let text = |name: &str| json.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        let access = text("access_token").ok_or(Problem::EndpointIncomplete { field: "access_token" })?;
        let access = token::checked(access).map_err(|_| Problem::EndpointIncomplete { field: "access_token" })?;
        let refresh = text("refresh_token").map(Secret::from);
        for secret in [Some(&access), refresh.as_ref()].into_iter().flatten() {
            self.passing.learn(secret);
        }
        let lifetime = json.get("expires_in").and_then(token::seconds).and_then(TimeDelta::try_seconds);
        Ok(Tokens { access: Minted::new(access, self.clock.now(), lifetime), refresh })
    }

    /// What is suspicious about the server's clock.
    fn skew(&self, date: Option<DateTime<Utc>>) -> Option<String> {
        let ahead = self.clock.now() - date?;
        if ahead.abs() < SKEW {
            return None;
        }
        let direction = if ahead > TimeDelta::zero() { "ahead of" } else { "behind" };
        Some(format!("this machine's clock is {} s {direction} the server's: set it right", ahead.num_seconds().abs()))
    }
}

/// Whether asking again at once is in vain, as when the certificate is not trusted.
fn lasts(problem: &Problem) -> bool {
    matches!(problem, Problem::EndpointUnreachable { lasting: Some(_), .. })
}

fn refused(status: u16, message: String, suspicion: Option<String>) -> Problem {
    match kid_of(&message) {
        Some(kid) => Problem::KeyUnknown { kid: kid.to_owned(), message: String::new() },
        None => Problem::EndpointRefused { status, message, suspicion },
    }
}

/// The kid of `Key with kid … was not found`, the service's wording for a key it does not know.
///
/// Source: STACKIT SDK for Go, `core/clients/key_flow.go`, which looks for it too.
fn kid_of(message: &str) -> Option<&str> {
    let start = message.find("ey with kid ")? + "ey with kid ".len();
    let end = start + message[start..].find(" was not found")?;
    Some(message[start..end].trim_matches(['\'', '"', '`']))
}

/// What the server says in any of its error forms.
fn message(json: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| json.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    ["error_description", "message", "msg", "detail", "title"].into_iter().find_map(text).or_else(|| {
        match json.get("error") {
            Some(Value::Object(inner)) => message(inner),
            Some(Value::String(text)) => Some(text.clone()),
            _ => None,
        }
    })
}

/// The words of a short plain answer.
fn plain_words(reply: &TokenReply) -> Option<String> {
    let text = str::from_utf8(&reply.body).ok()?.trim();
    let is_plain = !text.is_empty() && !text.starts_with('<') && !text.starts_with('{') && text.lines().count() <= 3;
    is_plain.then(|| text.to_owned())
}

/// What kind of thing the body is.
fn described(reply: &TokenReply) -> &'static str {
    let start = reply.body.trim_ascii_start();
    match reply.status {
        300..400 => "a redirect",
        _ if start.is_empty() => "an empty body",
        _ if start.starts_with(b"<") => "an HTML page",
        _ if start.starts_with(b"{") || start.starts_with(b"[") => "broken or unexpected JSON",
        _ => "something",
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.trim().to_owned(),
    }
}
