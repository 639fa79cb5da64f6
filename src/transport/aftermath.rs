//! What became of a change whose answer did not come: it is looked for, never blindly repeated.
//!
//! A create is looked for in the list of its collection. Exactly one object that carries the name, was created at or
//! after the send by the server's own clock, and is not the result of another create of this process, is ours. If there
//! is none, the create is *not* sent again: lists may lag behind, and a gateway that gave up may still deliver; a
//! second object would be worse than an error that says `ambiguous`.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::catalog::{self, Effect, Method, Operation};
use crate::error::Kind;
use crate::transport::creations::Creation;
use crate::transport::delivery::Delivery;
use crate::transport::error::name_of;
use crate::transport::failure::Failure;
use crate::transport::neighbours::{list_of, read_of_item, read_of_same};
use crate::transport::pages::items_of;
use crate::transport::settlement::settlement;
use crate::transport::{Answer, Call, Error, Payload, Settlement};

/// The name that a create gives to its object.
pub(super) fn name_of_created(call: &Call) -> Option<&str> {
    if let Some(name) = &call.creates_name {
        return Some(name);
    }
    let Payload::Json(body) = &call.payload else { return None };
    body.get("name")?.as_str()
}

/// Looks whether a change took effect that may not be sent again.
pub(super) async fn look(delivery: &Delivery<'_>, failure: &Failure) -> Result<Answer, Error> {
    match delivery.prepared.operation.effect {
        Effect::Create => look_for_created(delivery, failure).await,
        Effect::Update => match settled(delivery).await {
            Settled::Yes(answer) => Ok(answer),
            Settled::No => Err(ambiguous(delivery, failure, "the object does not show it", Vec::new())),
            Settled::Unknown => Err(ambiguous(delivery, failure, "nothing tells", Vec::new())),
        },
        Effect::Delete => match gone(delivery).await {
            Some(answer) => Ok(answer),
            None => Err(ambiguous(delivery, failure, "the object is still there", Vec::new())),
        },
        Effect::Mint => Err(ambiguous(delivery, failure, "a credential may have been handed out", Vec::new())),
        Effect::Read => Err(delivery.error(failure)),
    }
}

/// What a refusal means when an earlier try of the same call may have taken effect: perhaps that it did.
pub(super) async fn repeated(delivery: &Delivery<'_>, failure: &Failure) -> Result<Option<Answer>, Error> {
    let operation = delivery.prepared.operation;
    match (operation.effect, failure.status()) {
        (Effect::Delete, Some(404 | 410)) => Ok(Some(done(operation))),
        (Effect::Delete, Some(409)) => Ok(gone(delivery).await),
        (Effect::Update | Effect::Create, Some(409)) => match settled(delivery).await {
            Settled::Yes(answer) => Ok(Some(answer)),
            Settled::No => Ok(None),
            Settled::Unknown => Err(ambiguous(delivery, failure, "the first try may be the reason", Vec::new())),
        },
        _ => Ok(None),
    }
}

enum Settled {
    Yes(Answer),
    No,
    Unknown,
}

async fn settled(delivery: &Delivery<'_>) -> Settled {
    let operation = delivery.prepared.operation;
    if let Some(Settlement { read, shows }) = settlement(delivery.call) {
        let read_operation = read.operation;
        let Ok(answer) = delivery.client.look(read).await else { return Settled::Unknown };
        let Ok(object) = answer.json::<Value>(read_operation) else { return Settled::Unknown };
        let shown = shows.iter().any(|(field, value)| object.get(field) == Some(value));
        return if shown { Settled::Yes(as_answer_of(operation, read_operation, answer)) } else { Settled::No };
    }
    // A PUT puts something at an address: if it is there, it was put.
    let Some(read) = read_of_same(delivery.call).filter(|_| operation.method == Method::Put) else {
        return Settled::Unknown;
    };
    let read_operation = read.operation;
    match delivery.client.look(read).await {
        Ok(answer) => Settled::Yes(as_answer_of(operation, read_operation, answer)),
        Err(error) if error.kind == Kind::NotFound => Settled::No,
        Err(_) => Settled::Unknown,
    }
}

/// Whether the object of a delete is gone, or on its way.
async fn gone(delivery: &Delivery<'_>) -> Option<Answer> {
    let read = read_of_same(delivery.call)?;
    let operation = read.operation;
    let is_gone = match delivery.client.look(read).await {
        Ok(answer) => answer.json::<Value>(operation).is_ok_and(|object| {
            let state = object.get("status").or_else(|| object.get("state")).and_then(Value::as_str);
            matches!(state, Some("DELETING" | "DELETED"))
        }),
        Err(error) => error.kind == Kind::NotFound,
    };
    is_gone.then(|| done(delivery.prepared.operation))
}

/// The answer of a change that took effect without telling.
fn done(operation: &Operation) -> Answer {
    let status = operation.success.first().copied().unwrap_or(200);
    Answer { status, body: bytes::Bytes::new(), content_type: None, request_id: None, date: None }
}

/// What was read of the object, in the place of the answer that did not come, if it has the same form.
fn as_answer_of(operation: &Operation, read: &Operation, answer: Answer) -> Answer {
    if operation.answer == read.answer {
        return Answer { status: operation.success.first().copied().unwrap_or(answer.status), ..answer };
    }
    done(operation)
}

async fn look_for_created(delivery: &Delivery<'_>, failure: &Failure) -> Result<Answer, Error> {
    let unsettled = |found: &str, candidates| Err(ambiguous(delivery, failure, found, candidates));
    let Some(name) = name_of_created(delivery.call) else {
        return unsettled("the object has no name to look for", Vec::new());
    };
    let Some(list) = list_of(delivery.call) else {
        return unsettled("there is no list to look in", Vec::new());
    };
    let mut seen = Err(None);
    for pause in &delivery.client.limits.looks {
        delivery.client.clock.sleep(*pause).await;
        let found = match candidates(delivery, &list, name).await {
            Ok(found) => found,
            // A look that fails settles nothing; the next one may.
            Err(error) => {
                seen = seen.map_err(|_| Some(error));
                continue;
            }
        };
        seen = Ok(());
        let has_twin = delivery.creation.as_ref().is_some_and(Creation::has_twin);
        match found.as_slice() {
            [] => {}
            [Candidate { id, is_proven: true }] if !has_twin && delivery.client.creations.claim(id.clone()) => {
                return match read_created(delivery, id).await {
                    Some(answer) => Ok(answer),
                    None => unsettled("it was made, but its answer cannot be had any more", vec![id.clone()]),
                };
            }
            several => {
                let ids = several.iter().map(|candidate| candidate.id.clone()).collect();
                return unsettled(&format!("an object named `{name}` may be its result"), ids);
            }
        }
    }
    match seen {
        Ok(()) => unsettled(&format!("no new object named `{name}` has turned up so far"), Vec::new()),
        Err(error) => {
            let why = error.map(|error: Error| format!(": {error}")).unwrap_or_default();
            unsettled(&format!("looking for it failed{why}"), Vec::new())
        }
    }
}

struct Candidate {
    id: String,
    /// Whether it is certain that it was created at or after the send.
    is_proven: bool,
}

async fn candidates(delivery: &Delivery<'_>, list: &Call, name: &str) -> Result<Vec<Candidate>, Error> {
    let pages = delivery.client.look_through(list.clone()).await?;
    let since = delivery.client.server_clock.at(&delivery.prepared.host, delivery.sent_at);
    let mut found = Vec::new();
    for page in pages {
        let page: Value = page.json(list.operation)?;
        for item in items_of(list.operation, &page) {
            if item.get("name").and_then(Value::as_str) != Some(name) || !refers_to_the_same(delivery.call, item) {
                continue;
            }
            let Some(id) = item.get("id").and_then(Value::as_str) else { continue };
            let created = item.get("createdAt").and_then(Value::as_str);
            let created = created.and_then(|time| time.parse::<DateTime<Utc>>().ok());
            let is_old = created.is_some_and(|created| created < since);
            if !is_old && !delivery.client.creations.is_known(id) {
                found.push(Candidate { id: id.to_owned(), is_proven: created.is_some() });
            }
        }
    }
    Ok(found)
}

/// Whether an object refers to what the create's body refers to: a snapshot of another volume is none of ours.
fn refers_to_the_same(call: &Call, item: &Value) -> bool {
    let Payload::Json(Value::Object(body)) = &call.payload else { return true };
    body.iter()
        .filter(|(key, value)| key.ends_with("Id") && value.is_string())
        .all(|(key, value)| item.get(key).is_none_or(|other| other == value))
}

async fn read_created(delivery: &Delivery<'_>, id: &str) -> Option<Answer> {
    let operation = delivery.prepared.operation;
    let read = read_of_item(delivery.call, id)?;
    let read_operation = read.operation;
    let answer = delivery.client.look(read).await.ok()?;
    if operation.answer != read_operation.answer && !fits(operation, &answer) {
        return None;
    }
    let status = operation.success.first().copied().unwrap_or(answer.status);
    Some(Answer { status, ..answer })
}

/// Whether an answer has all that the operation's own would have: reading an image does not tell its upload URL.
fn fits(operation: &'static Operation, answer: &Answer) -> bool {
    let catalog::Answer::Json(shape) = operation.answer else { return true };
    answer
        .json::<Value>(operation)
        .is_ok_and(|value| catalog::validate(operation.service(), shape, &value, catalog::Direction::Answer).is_empty())
}

fn ambiguous(delivery: &Delivery<'_>, failure: &Failure, found: &str, candidates: Vec<String>) -> Error {
    let mut error = failure.to_error(delivery.prepared, &delivery.client.scrubber);
    let operation = name_of(delivery.prepared.operation);
    error.message = format!("it is unknown whether `{operation}` took effect: {}, and {found}", failure.in_short());
    error.message = delivery.client.scrubber.scrub(&error.message).into_owned();
    error.kind = Kind::Ambiguous;
    error.code = "ambiguous";
    error.hint = Some(match candidates.as_slice() {
        [] => "look at the project before doing it again".to_owned(),
        ids => format!(
            "look at {} before doing it again",
            ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
        ),
    });
    error.facts.retryable = false;
    error.facts.candidates = candidates;
    error
}

#[cfg(test)]
#[path = "aftermath_tests.rs"]
mod tests;
