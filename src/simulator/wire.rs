//! Answers as they leave: statuses, bodies, error forms.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::world::Kind;
use crate::catalog::Operation;

/// What becomes of a request.
#[derive(Debug)]
pub enum Reply {
    /// A whole answer.
    Whole(Response<Bytes>),
    /// The connection breaks before anything is answered.
    Reset(Effect),
    /// The connection breaks within the answer: its head announces the whole body, only so many bytes come.
    Truncated(Response<Bytes>, usize),
}

/// Whether a broken request took effect; its sender cannot know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It did not.
    NotTaken,
    /// It did.
    Taken,
}

/// A successful answer before it gets its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// 200, 201, 202 or 204.
    pub status: u16,
    /// JSON, or nothing.
    pub body: Vec<u8>,
}

impl Answered {
    /// 200 with JSON.
    pub fn ok(body: &impl Serialize) -> Self {
        Self::json(200, body)
    }

    /// 201 with JSON.
    pub fn created(body: &impl Serialize) -> Self {
        Self::json(201, body)
    }

    /// 202 with JSON.
    pub fn accepted_with(body: &impl Serialize) -> Self {
        Self::json(202, body)
    }

    /// 202 without a body.
    pub fn accepted() -> Self {
        Self { status: 202, body: Vec::new() }
    }

    /// 204.
    pub fn no_content() -> Self {
        Self { status: 204, body: Vec::new() }
    }

    /// JSON with this status.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("views hold texts, numbers and maps with text keys only");
        Self { status, body }
    }
}

/// `{"items": [...]}`.
#[derive(Serialize)]
pub struct Items<T> {
    /// The objects.
    pub items: Vec<T>,
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status, also the body's `code`.
    pub status: u16,
    /// The body's `msg`.
    pub message: String,
}

impl Refusal {
    /// A refusal with this status and message.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// 400.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// 400 for a body that does not match its schema, in the words of the validator that the service uses.
    /// Source: `iaas.v2.json`, the example InvalidParameter.
    pub fn schema(pointer: &str, problem: &str) -> Self {
        Self::bad(format!("request body has an error: doesn't match schema: Error at \"{pointer}\": {problem}"))
    }

    /// 404 for an object of this kind. Source: `iaas.v2.json`, the examples of NotFound.
    pub fn not_found(kind: Kind) -> Self {
        Self::new(404, format!("{} not found", kind.noun()))
    }

    /// 409 with the reason.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, message)
    }

    /// 413 for a quota.
    pub fn quota((name, limit, used, more): (&str, i64, i64, i64)) -> Self {
        Self::new(413, format!("Quota exceeded for {name}: requested {more}, already used {used} of {limit}"))
    }

    /// The same with a status that the operation documents: where conflicts and exceeded quotas have none of their own,
    /// the request is merely bad. Source: `iaas.v2.json`, where `DeleteSnapshot` has no 409 and `CreateServer` no 413.
    #[must_use]
    pub fn into_documented(mut self, operation: &Operation) -> Self {
        let next_best: &[u16] = match self.status {
            409 => &[409, 400],
            413 => &[413, 409, 400],
            _ => return self,
        };
        let is_documented = |status: &&u16| operation.errors().iter().any(|error| error.status == **status);
        self.status = next_best.iter().find(is_documented).copied().unwrap_or(self.status);
        self
    }

    /// The answer in the form of the IaaS API. Source: `iaas.v2.json`, Error.
    pub fn to_response(&self) -> Response<Bytes> {
        let body = serde_json::json!({ "code": self.status, "msg": self.message });
        json_response(self.status, body.to_string())
    }
}

/// An answer with a JSON body, or without any where it is empty.
pub fn json_response(status: u16, body: impl Into<Bytes>) -> Response<Bytes> {
    let body = body.into();
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !response.body().is_empty() {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

/// The long error form of the resource manager and its relatives, in the name of `path`.
/// Source: `resource-manager.v0.json`, ErrorResponse.
pub fn long_error(status: u16, message: &str, path: &str, time: &str) -> Response<Bytes> {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error");
    let body = serde_json::json!({
        "timeStamp": time, "path": path, "status": status, "error": reason, "message": message,
    });
    json_response(status, body.to_string())
}
