//! One call on its way through tokens, turns, tries and repeats.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderValue};
use http::{Request, Response, StatusCode};

use crate::catalog::{self, CHECKS_MESSAGES, Effect, wrongs_of_request};
use crate::error::Kind;
use crate::secret::Secret;
use crate::transport::client::Inner;
use crate::transport::creations::Creation;
use crate::transport::error::name_of;
use crate::transport::failure::{Failure, request_id};
use crate::transport::judgement::{Acted, Next, next};
use crate::transport::pace::Turn;
use crate::transport::recording::Recording;
use crate::transport::request::Prepared;
use crate::transport::retry_after::{http_date, retry_after};
use crate::transport::whole::{Cause, flaw};
use crate::transport::{Answer, BackendError, Call, Error, Permit, Sent, aftermath, trace};

/// One call on its way.
pub(super) struct Delivery<'c> {
    pub client: &'c Inner,
    pub call: &'c Call,
    pub prepared: &'c Prepared,
    /// Held while a create is under way, so that creates of the same name know of each other.
    pub creation: Option<Creation>,
    /// When the try that may have taken effect was sent: nothing older can be its result.
    pub sent_at: DateTime<Utc>,
    /// Whether an earlier try may have taken effect.
    pub may_have_acted: bool,
    /// Of a change, if the client keeps a journal.
    recording: Option<Recording<'c>>,
    tries: u32,
    unreachable: u32,
    foreign: u32,
    token: Option<Secret>,
    has_renewed: bool,
    /// How long the server asked to wait last, however long it is.
    asked: Option<Duration>,
    /// A reading of the clock; unset until it begins to count.
    latest: Option<Duration>,
}

/// Why a try was not made.
enum NotTried {
    /// It would come after the call's time.
    TooLate(Duration),
    /// There is no token.
    Failed(Error),
}

impl<'c> Delivery<'c> {
    pub fn new(client: &'c Inner, call: &'c Call, prepared: &'c Prepared) -> Self {
        let is_create = prepared.operation.effect == Effect::Create;
        let name = is_create.then(|| aftermath::name_of_created(call)).flatten();
        let creation = name.map(|name| client.creations.begin(&prepared.shown, name));
        let latest = call.time_limit.map(|limit| client.clock.monotonic() + limit);
        Self {
            client,
            call,
            prepared,
            creation,
            sent_at: client.clock.now(),
            may_have_acted: false,
            recording: None,
            tries: 0,
            unreachable: 0,
            foreign: 0,
            token: None,
            has_renewed: false,
            asked: None,
            latest,
        }
    }

    /// Records each try, if there is something to record it.
    pub fn recorded(mut self, recording: Option<Recording<'c>>) -> Self {
        self.recording = recording;
        self
    }

    /// Tries until there is an answer, or nothing more may be tried.
    pub async fn run(&mut self) -> Result<Answer, Error> {
        let mut last: Option<Failure> = None;
        loop {
            let failure = match self.try_once().await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(failure)) => failure,
                Err(NotTried::Failed(error)) => return Err(error),
                Err(NotTried::TooLate(turn)) => return Err(self.too_late(last.as_ref(), turn)),
            };
            if self.renew(&failure) {
                continue;
            }
            if self.may_have_acted
                && let Some(result) = aftermath::repeated(self, &failure).await.transpose()
            {
                return self.settled(result);
            }
            let acted = failure.acted();
            self.may_have_acted |= acted == Acted::Perhaps;
            match next(self.prepared.operation, acted) {
                Next::Look => {
                    let result = aftermath::look(self, &failure).await;
                    return self.settled(result);
                }
                Next::GiveUp => return Err(self.error(&failure)),
                Next::Repeat => {}
            }
            let Some(wait) = self.wait_before_repeat(&failure) else { return Err(self.error(&failure)) };
            self.client.clock.sleep(wait).await;
            last = Some(failure);
        }
    }

    fn settled(&self, result: Result<Answer, Error>) -> Result<Answer, Error> {
        if let Some(recording) = &self.recording {
            recording.settled(&result);
        }
        result
    }

    /// The error that a failure becomes, if nothing more is tried.
    pub fn error(&self, failure: &Failure) -> Error {
        let mut error = failure.to_error(self.prepared, &self.client.scrubber);
        if self.tries > 1 {
            error.message = format!("{} (after {} tries)", error.message, self.tries);
        }
        let is_open = self.may_have_acted && failure.acted() != Acted::Answered;
        if is_open && self.prepared.operation.effect != Effect::Read {
            error.message.push_str("; it may have taken effect all the same");
        }
        error
    }

    async fn try_once(&mut self) -> Result<Result<Answer, Failure>, NotTried> {
        let Inner { clock, backend, pace, .. } = self.client;
        if self.prepared.operation.takes_token {
            self.token = Some(self.client.token(self.prepared.operation).await.map_err(NotTried::Failed)?);
        }
        let permit = loop {
            self.wait_for_turn().await?;
            let permit = self.enter().await?;
            if !pace.is_quiet(&self.prepared.host, clock.monotonic()) {
                break permit;
            }
        };
        let tried = match &mut self.recording {
            Some(recording) => Some(recording.before(self.tries + 1).await.map_err(NotTried::Failed)?),
            None => None,
        };
        let started = clock.monotonic();
        let latest = *self.latest.get_or_insert(started + time_limit(self.client, self.prepared));
        let span = attempt_limit(self.client, self.prepared).min(latest.saturating_sub(started));
        self.tries += 1;
        if !self.may_have_acted {
            self.sent_at = clock.now();
        }
        let request = self.request();
        if CHECKS_MESSAGES {
            let wrongs = wrongs_of_request(self.prepared.operation, &request);
            assert!(wrongs.is_empty(), "`{}` is requested wrongly: {wrongs:?}", self.prepared.operation.name);
        }
        if !backend.is_rehearsal() {
            trace::sending(self.prepared, &request, self.tries);
        }
        let result = clock.timeout(span, backend.send(self.prepared.operation, request)).await;
        drop(permit);
        let result = result.unwrap_or_else(|| {
            Err(BackendError::broken(format!("none came within {} s", span.as_secs_f64().ceil())).timed_out())
        });
        let took = clock.monotonic().saturating_sub(started);
        if backend.is_rehearsal() {
            trace::rehearsed(self.prepared, &result);
        } else {
            trace::answered(self.prepared, &result, self.tries, took);
        }
        let result = self.received(result);
        if let Some(tried) = tried {
            tried.ended(self.prepared, &result);
        }
        Ok(result)
    }

    /// Waits until the host may be asked again. No permit is held meanwhile.
    async fn wait_for_turn(&self) -> Result<(), NotTried> {
        let Inner { clock, pace, .. } = self.client;
        let now = clock.monotonic();
        let latest = self.latest.unwrap_or_else(|| now + time_limit(self.client, self.prepared));
        match pace.take_turn(&self.prepared.host, now, latest) {
            Turn::Now if now > latest => Err(NotTried::TooLate(now)),
            Turn::Now => Ok(()),
            Turn::At(turn) => {
                clock.sleep(turn.saturating_sub(now)).await;
                Ok(())
            }
            Turn::TooLate(turn) => Err(NotTried::TooLate(turn)),
        }
    }

    /// Waits for a place among the requests in flight. That wait is our own doing: unless the caller set a time, it is
    /// not counted before the first try.
    async fn enter(&self) -> Result<Permit, NotTried> {
        let Inner { clock, in_flight, .. } = self.client;
        if let Some(permit) = in_flight.try_enter() {
            return Ok(permit);
        }
        let Some(latest) = self.latest else { return Ok(in_flight.enter().await) };
        let left = latest.saturating_sub(clock.monotonic());
        clock.timeout(left, in_flight.enter()).await.ok_or(NotTried::TooLate(latest))
    }

    fn request(&self) -> Request<Bytes> {
        let mut request = Request::new(self.prepared.body.clone());
        *request.method_mut() = self.prepared.method();
        *request.uri_mut() = self.prepared.uri.clone();
        request.headers_mut().clone_from(&self.prepared.headers);
        if let Some(token) = &self.token
            && let Ok(mut value) = HeaderValue::try_from(format!("Bearer {}", token.expose()))
        {
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        request
    }

    /// Learns from what came, and sorts it into answer or failure.
    fn received(&self, result: Result<Response<Bytes>, BackendError>) -> Result<Answer, Failure> {
        let Inner { clock, pace, server_clock, creations, uploads, .. } = self.client;
        let response = result.map_err(Failure::Broken)?;
        let operation = self.prepared.operation;
        let status = response.status();
        let date = response.headers().get(DATE).and_then(|date| http_date(date.to_str().ok()?));
        if let Some(date) = date {
            server_clock.learn(&self.prepared.host, date, clock.now());
        }
        if status != StatusCode::TOO_MANY_REQUESTS {
            pace.recover(&self.prepared.host, clock.monotonic());
        }
        if !status.is_success() {
            return Err(Failure::Refused(Box::new(response)));
        }
        // A presigned upload is done with the documented status alone: its host is no API.
        if operation.given_host().is_some() && !operation.success.contains(&status.as_u16()) {
            return Err(Failure::Refused(Box::new(response)));
        }
        if let Some(flaw) = flaw(self.prepared, &response) {
            return Err(Failure::Unreadable { answer: Box::new(response), flaw });
        }
        if operation.effect == Effect::Create {
            creations.learn(response.body());
            uploads.learn(response.body());
        }
        let content_type =
            response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let request_id = request_id(response.headers());
        Ok(Answer { status: status.as_u16(), body: response.into_body(), content_type, request_id, date })
    }

    /// After the first 401 the token is given back, and the call goes out once more with a fresh one.
    fn renew(&mut self, failure: &Failure) -> bool {
        let Some(token) = self.token.take() else { return false };
        if failure.status() != Some(401) || self.has_renewed {
            return false;
        }
        self.client.tokens.reject(&token);
        self.has_renewed = true;
        true
    }

    /// How long to wait before the next try; `None` if there is none.
    fn wait_before_repeat(&mut self, failure: &Failure) -> Option<Duration> {
        let Inner { clock, pace, backoff, limits, .. } = self.client;
        let is_hopeless = match failure {
            Failure::Broken(error) => {
                self.unreachable += u32::from(error.sent == Sent::No);
                error.is_permanent || self.unreachable >= limits.unreachable_attempts
            }
            Failure::Unreadable { flaw, .. } => {
                self.foreign += u32::from(flaw.cause == Cause::Foreign);
                self.foreign >= limits.foreign_attempts
            }
            // A second 401 says no to a fresh token.
            Failure::Refused(_) => failure.status() == Some(401),
        };
        if is_hopeless || self.tries >= limits.attempts {
            return None;
        }
        let now = clock.monotonic();
        let wait = backoff.wait(self.tries - 1);
        let wait = match failure {
            Failure::Refused(answer) => {
                self.asked = retry_after(answer.headers(), clock.now());
                let asked = self.asked.map(|asked| asked.min(limits.longest_retry_after));
                let is_too_many = answer.status() == StatusCode::TOO_MANY_REQUESTS;
                if is_too_many || asked.is_some() {
                    // Everyone waits, and this call with them: its next turn comes when the host is quiet no more.
                    pace.slow_down(&self.prepared.host, now, asked.unwrap_or(limits.backoff_base + wait));
                    return Some(Duration::ZERO);
                }
                wait
            }
            Failure::Unreadable { .. } | Failure::Broken(_) => wait,
        };
        self.latest.is_none_or(|latest| now + wait < latest).then_some(wait)
    }

    fn too_late(&self, last: Option<&Failure>, turn: Duration) -> Error {
        let wait = turn.saturating_sub(self.client.clock.monotonic()).as_secs_f64().ceil();
        if let Some(failure) = last {
            let mut error = self.error(failure);
            let cap = self.client.limits.longest_retry_after;
            match self.asked.filter(|asked| *asked > cap) {
                Some(asked) => {
                    let (asked, cap) = (asked.as_secs(), cap.as_secs());
                    error.hint = Some(format!("the server asks to wait {asked} s; no call waits longer than {cap} s"));
                }
                None if wait > 0.0 => {
                    error.hint = Some(format!("the server asks to wait {wait} s, longer than the call may take"));
                }
                None => {}
            }
            return error;
        }
        let operation = self.prepared.operation;
        if wait <= 0.0 {
            let text = format!("`{}` was not sent: its time was over before its turn came", name_of(operation));
            return Error::before_sending(operation, Kind::Timeout, "no_time_left", text);
        }
        let text = format!(
            "`{}` was not sent: `{}` asked for a pause, which lasts another {wait} s, longer than the call may take",
            name_of(operation),
            self.prepared.host,
        );
        let mut error = Error::before_sending(operation, Kind::RateLimited, "rate_limited", text);
        error.facts.retryable = true;
        error
    }
}

/// How long a call may take, unless it says itself.
fn time_limit(client: &Inner, prepared: &Prepared) -> Duration {
    let limits = &client.limits;
    let span = if prepared.operation.effect == Effect::Read { limits.read_time } else { limits.change_time };
    span + transfer(client, prepared)
}

/// How long one try may take.
fn attempt_limit(client: &Inner, prepared: &Prepared) -> Duration {
    let limits = &client.limits;
    let span = match (prepared.operation.effect, &prepared.operation.answer) {
        (Effect::Read, catalog::Answer::Bytes(_)) => limits.read_time,
        (Effect::Read, _) => limits.read_attempt,
        _ => limits.change_attempt,
    };
    span + transfer(client, prepared)
}

fn transfer(client: &Inner, prepared: &Prepared) -> Duration {
    Duration::from_secs(prepared.body.len() as u64 / client.limits.slowest_transfer.max(1))
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
