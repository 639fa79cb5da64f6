//! The last stage before the backend: each try of a change is recorded before it is sent, and how it ended.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::catalog::{Effect, Operation};
use crate::error::Kind;
use crate::journal::{After, Before, Opened, Outcome, Settled, Touched, Unwritable};
use crate::policy::{ObjectFacts, Role};
use crate::transport::client::Inner;
use crate::transport::failure::{Failure, request_id};
use crate::transport::judgement::Acted;
use crate::transport::redact::{LONGEST, hide_secrets, names_a_secret};
use crate::transport::request::Prepared;
use crate::transport::trace::Side;
use crate::transport::{Answer, Call, Error, Payload, Subject};

/// A change that is recorded.
pub(super) struct Recording<'c> {
    client: &'c Inner,
    journal: &'c Opened,
    prepared: &'c Prepared,
    subject: &'c Subject,
    parameters: Cow<'c, Map<String, Value>>,
    body: Option<Value>,
    /// The change's number, once a try of it was recorded.
    call: Option<u64>,
}

/// A try that was recorded. If it is given up, that is recorded too.
pub(super) struct Tried<'c> {
    client: &'c Inner,
    journal: &'c Opened,
    call: u64,
    attempt: u32,
    started: Duration,
    /// Whether it was handed to the backend.
    is_sent: bool,
    is_over: bool,
}

impl<'c> Recording<'c> {
    /// Makes a change ready to be recorded; `None` if this client keeps no journal.
    ///
    /// # Errors
    /// When it should and cannot.
    pub fn new(
        client: &'c Inner,
        call: &'c Call,
        prepared: &'c Prepared,
        subject: &'c Subject,
    ) -> Result<Option<Self>, Error> {
        let Some(journal) = &client.journal else { return Ok(None) };
        let journal = journal.opened().map_err(|why| unwritable(prepared.operation, why))?;
        Ok(Some(Self {
            client,
            journal,
            prepared,
            subject,
            parameters: parameters_of(call),
            body: body_of(call, prepared),
            call: None,
        }))
    }

    /// Records that a try is about to be sent; returns once that is on disk.
    pub async fn before(&mut self, attempt: u32) -> Result<Tried<'c>, Error> {
        let call = *self.call.get_or_insert_with(|| self.journal.next_call());
        let operation = self.prepared.operation;
        let name = format!("{}.{}", operation.module, operation.name);
        let target = &self.prepared.target;
        let before = Before {
            call,
            attempt,
            operation: name.into(),
            effect: operation.effect.as_str().into(),
            host: Cow::Borrowed(&self.prepared.host),
            request: Cow::Borrowed(&self.prepared.shown),
            project: target.project.as_deref().map(Cow::Borrowed),
            region: target.region.as_deref().map(Cow::Borrowed),
            parameters: Cow::Borrowed(self.parameters.as_ref()),
            body: self.body.as_ref().map(Cow::Borrowed),
            objects: touched(operation, self.subject),
        };
        let fail = |why| unwritable(operation, why);
        let written = self.journal.before(before).map_err(fail)?;
        let started = self.client.clock.monotonic();
        let mut tried = Tried {
            client: self.client,
            journal: self.journal,
            call,
            attempt,
            started,
            is_sent: false,
            is_over: false,
        };
        written.wait().await.map_err(fail)?;
        (tried.is_sent, tried.started) = (true, self.client.clock.monotonic());
        Ok(tried)
    }

    /// Records what a look told of a change whose answer was lost.
    pub fn settled(&self, result: &Result<Answer, Error>) {
        let Some(call) = self.call else { return };
        let settled = match result {
            Ok(answer) => {
                Settled { call, outcome: Outcome::Done, result: created(self.prepared.operation, answer), why: None }
            }
            Err(error) => {
                Settled { call, outcome: Outcome::Unknown, result: None, why: Some(Cow::Borrowed(&error.message)) }
            }
        };
        self.journal.settled(settled);
    }
}

impl Tried<'_> {
    /// Records how the try ended.
    pub fn ended(mut self, prepared: &Prepared, result: &Result<Answer, Failure>) {
        self.is_over = true;
        let after = match result {
            Ok(answer) => After {
                status: Some(answer.status),
                request_id: answer.request_id.as_deref().map(Cow::Borrowed),
                result: created(prepared.operation, answer),
                ..self.after(Outcome::Done)
            },
            Err(failure) => {
                let answer = match failure {
                    Failure::Refused(answer) | Failure::Unreadable { answer, .. } => Some(answer),
                    Failure::Broken(_) => None,
                };
                After {
                    status: failure.status(),
                    request_id: answer.and_then(|answer| request_id(answer.headers())).map(Cow::Owned),
                    why: Some(failure.to_error(prepared, &self.client.scrubber).message.into()),
                    ..self.after(outcome_of(failure))
                }
            }
        };
        self.journal.after(after);
    }

    fn after<'a>(&self, outcome: Outcome) -> After<'a> {
        let took = self.client.clock.monotonic().saturating_sub(self.started);
        After {
            call: self.call,
            attempt: self.attempt,
            outcome,
            status: None,
            request_id: None,
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            result: None,
            why: None,
        }
    }
}

impl Drop for Tried<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let outcome = if self.is_sent { Outcome::Unknown } else { Outcome::Unsent };
            self.journal.after(After { why: Some("it was given up".into()), ..self.after(outcome) });
        }
    }
}

fn outcome_of(failure: &Failure) -> Outcome {
    match (failure.acted(), failure) {
        (Acted::Perhaps, _) => Outcome::Unknown,
        (Acted::No | Acted::Answered, Failure::Broken(_)) => Outcome::Unsent,
        (Acted::No | Acted::Answered, Failure::Refused(_) | Failure::Unreadable { .. }) => Outcome::Refused,
    }
}

/// What a create made. What a mint hands out is nobody's to keep.
fn created(operation: &Operation, answer: &Answer) -> Option<ObjectFacts> {
    (operation.effect == Effect::Create).then(|| ObjectFacts::read(&answer.body)).flatten()
}

/// The objects that a change is about; what it merely passes by on its way is not.
fn touched<'s>(operation: &Operation, subject: &'s Subject) -> Vec<Touched<'s>> {
    let is_about = |role: Role| match role {
        Role::Along | Role::Deleted => true,
        Role::Taken => operation.effect == Effect::Create,
        Role::Robbed | Role::Entered => false,
    };
    let also = subject.also.iter().filter(|(role, _)| is_about(*role)).map(|(_, object)| object);
    let objects = subject.objects.iter().chain(also);
    objects
        .map(|object| Touched {
            kind: Cow::Borrowed(&object.kind),
            id: Cow::Borrowed(&object.id),
            was: object.facts().map(Cow::Borrowed),
        })
        .collect()
}

/// The call's parameters without secrets.
fn parameters_of(call: &Call) -> Cow<'_, Map<String, Value>> {
    let is_open = |(name, value): (&String, &Value)| {
        !names_a_secret(name) && !value.as_str().is_some_and(|text| text.contains("://"))
    };
    if call.parameters.iter().all(is_open) {
        return Cow::Borrowed(&call.parameters);
    }
    let mut parameters = call.parameters.clone();
    for (name, value) in &mut parameters {
        if names_a_secret(name) {
            *value = Value::from(crate::secret::REDACTED);
        } else if let Some((address, _)) = value.as_str().and_then(|text| text.split_once('?')) {
            // What signs an upload stands in the query.
            *value = Value::from(format!("{address}?…"));
        }
    }
    Cow::Owned(parameters)
}

/// What is sent, without secrets.
pub(super) fn body_of(call: &Call, prepared: &Prepared) -> Option<Value> {
    match &call.payload {
        Payload::Empty => None,
        Payload::Bytes(bytes) => Some(format!("({} bytes)", bytes.len()).into()),
        Payload::Json(value) => {
            let mut value = value.clone();
            hide_secrets(prepared.operation, &mut value, Side::Request);
            if prepared.body.len() <= LONGEST {
                return Some(value);
            }
            let mut text = value.to_string();
            text.truncate(text.floor_char_boundary(LONGEST));
            Some(format!("{text}…").into())
        }
    }
}

fn unwritable(operation: &Operation, why: Unwritable) -> Error {
    let why = crate::error::Error::from(why);
    let mut error = Error::before_sending(operation, Kind::Policy, why.code, why.message);
    (error.place, error.hint) = (why.place, why.hint);
    error
}

#[cfg(test)]
#[path = "recording_tests.rs"]
mod tests;
