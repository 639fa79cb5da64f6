//! Reads that are made once: what was read live comes from here from then on.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use serde_json::{Map, Value};

use super::Reads;
use crate::catalog::Operation;
use crate::transport::{Backend, Sending};

/// No id is longer, in bytes.
const LONGEST_ID: usize = 256;

/// A backend that carries reads, each once; cheap to clone, and clones share what they remember.
#[derive(Clone)]
pub struct Memory(Arc<Kept>);

struct Kept {
    reads: Reads,
    answers: Mutex<HashMap<String, Response<Bytes>>>,
    live: AtomicU64,
}

impl Memory {
    /// Remembers nothing yet.
    #[must_use]
    pub fn of(reads: Reads) -> Self {
        Self(Arc::new(Kept { reads, answers: Mutex::default(), live: AtomicU64::new(0) }))
    }

    /// How many requests were made live.
    #[must_use]
    pub fn live_requests(&self) -> u64 {
        self.0.live.load(Ordering::Relaxed)
    }

    /// All texts that were read live, and the ends of the paths that were found: the ids of what there is are among them.
    #[must_use]
    pub fn texts(&self) -> HashSet<String> {
        let answers = self.answers();
        let mut found = HashSet::new();
        for (uri, answer) in answers.iter() {
            let path = uri.split('?').next().unwrap_or_default();
            found.extend(path.rsplit('/').next().map(str::to_owned));
            if let Ok(body) = serde_json::from_slice::<Value>(answer.body()) {
                add_texts(&body, &mut found);
            }
        }
        found
    }

    fn find(&self, uri: &Uri) -> Option<Response<Bytes>> {
        let answers = self.answers();
        let exactly = answers.get(&uri.to_string());
        // With details it says all that it says without.
        let more = || uri.query().is_none().then(|| answers.get(&format!("{uri}?details=true"))).flatten();
        exactly.or_else(more).cloned()
    }

    /// Whether a question was answered.
    pub(super) fn knows(&self, uri: &Uri) -> bool {
        self.find(uri).is_some()
    }

    /// Makes what was read of an object, if it was, show a change of some of its fields.
    pub(super) fn change(&self, uri: &Uri, fields: &Map<String, Value>) {
        let mut answers = self.answers();
        let Some(answer) = answers.get_mut(&uri.to_string()) else { return };
        let Ok(Value::Object(mut object)) = serde_json::from_slice(answer.body()) else { return };
        let one = object.len() == 1;
        let inner = object.values_mut().find_map(Value::as_object_mut).filter(|_| one);
        match inner {
            Some(inner) => inner.extend(fields.clone()),
            None => object.extend(fields.clone()),
        }
        *answer.body_mut() = Bytes::from(Value::Object(object).to_string());
        answer.headers_mut().remove(http::header::CONTENT_LENGTH);
    }

    /// Makes an object gone.
    pub(super) fn remove(&self, uri: &Uri) {
        let body = r#"{"code":404,"msg":"it was deleted in the rehearsal"}"#;
        let mut gone = Response::new(Bytes::from_static(body.as_bytes()));
        *gone.status_mut() = StatusCode::NOT_FOUND;
        gone.headers_mut()
            .insert(http::header::CONTENT_TYPE, http::header::HeaderValue::from_static("application/json"));
        self.answers().insert(uri.to_string(), gone);
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<String, Response<Bytes>>> {
        self.0.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Memory {
    fn send<'b>(&'b self, operation: &'static Operation, request: Request<Bytes>) -> Sending<'b> {
        Box::pin(async move {
            let uri = request.uri().clone();
            if let Some(answer) = self.find(&uri) {
                return Ok(answer);
            }
            self.0.live.fetch_add(1, Ordering::Relaxed);
            let answer = self.0.reads.send(operation, request).await?;
            if is_final(answer.status()) {
                self.answers().insert(uri.to_string(), answer.clone());
            }
            Ok(answer)
        })
    }
}

fn add_texts(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::String(text) if text.len() <= LONGEST_ID => drop(found.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| add_texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| add_texts(field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether the same question would get the same answer: not that it came at a bad moment, or with an old token.
fn is_final(status: StatusCode) -> bool {
    status.is_success() || matches!(status.as_u16(), 403 | 404 | 410)
}
