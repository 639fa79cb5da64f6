//! Changes that no simulated world knows: counted, and answered as they plausibly would be.

use std::sync::Mutex;
use std::sync::PoisonError;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode, Uri};
use serde_json::{Map, Value};

use super::Memory;
use crate::catalog::{Answer, Effect, Operation, ShapeId};

/// The ids of what is made by a guess count up from this one.
const FIRST_ID: u128 = 0x0000_0000_0000_4000_8000_0000_0000_0001;

/// The changes that were answered by a guess.
#[derive(Default)]
pub(super) struct Guesses(Mutex<Vec<Guess>>);

struct Guess {
    operation: &'static Operation,
    path: String,
}

impl Guesses {
    /// Answers a change, and remembers what it touched.
    pub fn answer(&self, operation: &'static Operation, request: &Request<Bytes>, memory: &Memory) -> Response<Bytes> {
        let sent: Map<String, Value> = serde_json::from_slice(request.body()).unwrap_or_default();
        let uri = request.uri();
        match operation.effect {
            // Only what has an address of its own is gone.
            Effect::Delete if operation.path.ends_with('}') => memory.remove(uri),
            Effect::Update => memory.change(uri, &sent),
            Effect::Read | Effect::Create | Effect::Delete | Effect::Mint => {}
        }
        let mut guesses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let path = uri.path().to_owned();
        let number = guesses.len();
        guesses.push(Guess { operation, path });
        drop(guesses);
        let mut response = Response::new(Bytes::new());
        let status = operation.success.first().and_then(|status| StatusCode::from_u16(*status).ok());
        *response.status_mut() = status.unwrap_or(StatusCode::OK);
        if let Answer::Json(shape) = operation.answer {
            let id = match operation.effect {
                Effect::Create => uuid::Uuid::from_u128(FIRST_ID + number as u128).to_string(),
                Effect::Read | Effect::Update | Effect::Delete | Effect::Mint => last_part(uri),
            };
            let body = plausible(operation, shape, sent, &id);
            *response.body_mut() = Bytes::from(Value::Object(body).to_string());
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        response
    }

    /// The change that decides what a read would answer, if one of these does.
    pub fn decides(&self, read: &'static Operation, path: &str, is_remembered: bool) -> Option<&'static Operation> {
        let guesses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_service = guesses.iter().filter(|guess| guess.operation.module == read.module);
        of_service
            .filter(|guess| {
                let is_same = guess.path == path;
                let lies_within = is_within(path, &guess.path);
                // A list of which one is changed, an object that something is done to.
                let is_around = guess.operation.effect != Effect::Create
                    && guess.path.rsplit_once('/').is_some_and(|(around, _)| around == path);
                // What was read before shows the change, or that it is gone; a list does not show what is new.
                let is_told = is_same && is_remembered && guess.operation.effect != Effect::Create;
                !is_told && (is_same || lies_within || is_around)
            })
            .map(|guess| guess.operation)
            .next()
    }

    /// The first change whose answer had to be invented.
    pub fn first(&self) -> Option<&'static Operation> {
        let guesses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        guesses.iter().map(|guess| guess.operation).find(|operation| matches!(operation.answer, Answer::Json(_)))
    }
}

fn is_within(path: &str, of: &str) -> bool {
    path.strip_prefix(of).is_some_and(|rest| rest.starts_with('/'))
}

fn last_part(uri: &Uri) -> String {
    uri.path().rsplit('/').next().unwrap_or_default().to_owned()
}

/// What was sent, with an id, in the form of the answer.
fn plausible(operation: &Operation, shape: ShapeId, sent: Map<String, Value>, id: &str) -> Map<String, Value> {
    let shapes = operation.service().shapes();
    let fields = shapes.fields(shape);
    let is_wrapped = !fields.iter().any(|field| field.name == "id");
    let inner = fields.iter().filter(|field| shapes.field(field.shape, "id").is_some());
    let mut object = sent;
    match inner.map(|field| field.name).collect::<Vec<_>>().as_slice() {
        [name] if is_wrapped => {
            object.insert("id".to_owned(), Value::from(id));
            Map::from_iter([((*name).to_owned(), Value::Object(object))])
        }
        _ => {
            if !is_wrapped {
                object.insert("id".to_owned(), Value::from(id));
            }
            object
        }
    }
}
