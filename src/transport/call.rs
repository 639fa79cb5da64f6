//! A call of an operation as the rooms above ask for it, and its answer.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::catalog::Operation;
use crate::error::Kind;
use crate::transport::Error;
use crate::transport::error::name_of;

/// Where a call acts: filled into `projectId`, `region` and `regionId` parameters that the call leaves open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Target {
    /// The project's UUID.
    pub project: Option<String>,
    /// The region, such as `eu01`.
    pub region: Option<String>,
}

/// One call of an operation.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is called.
    pub operation: &'static Operation,
    /// Where.
    pub target: Target,
    /// Parameters by their name on the wire: path, query and header alike.
    pub parameters: Map<String, Value>,
    /// What is sent.
    pub payload: Payload,
    /// For an ambiguous create to be resolved: the name that the new object carries.
    pub creates_name: Option<String>,
    /// For an update that answers 409 or nothing: how to see that it took effect; the default is the transport's.
    pub settles: Option<Box<Settlement>>,
    /// The selector by which the caller takes its part of a list's answer, where the API is asked for less than that: the
    /// run sees nothing that does not match it.
    pub selects: Option<String>,
    /// How long the call may take with all its repeats; the default is the transport's.
    pub time_limit: Option<std::time::Duration>,
    /// Whether the transport reads to see what became of a change that was let pass: of the answer, the caller gets what
    /// the change itself would have answered.
    pub(super) is_own_look: bool,
}

/// How to see that a change took effect: a look at the object, and what it shows then.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// Reads the object.
    pub read: Call,
    /// Fields of the answer with values of which one is enough: where the change leads, or a state on the way there.
    pub shows: Vec<(&'static str, Value)>,
}

/// A request's body.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// None.
    Empty,
    /// JSON.
    Json(Value),
    /// Bytes of another content type.
    Bytes(Bytes),
}

/// A successful answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status, 200 to 299.
    pub status: u16,
    /// The body as it came.
    pub body: Bytes,
    /// The body's content type.
    pub content_type: Option<String>,
    /// `X-Request-Id`, else `X-trace-id`.
    pub request_id: Option<String>,
    /// The server's `Date`.
    pub date: Option<DateTime<Utc>>,
}

impl Call {
    /// A call without parameters or body.
    #[must_use]
    pub fn new(operation: &'static Operation, target: Target) -> Self {
        Self {
            operation,
            target,
            parameters: Map::new(),
            payload: Payload::Empty,
            creates_name: None,
            settles: None,
            selects: None,
            time_limit: None,
            is_own_look: false,
        }
    }

    /// Sets a parameter by its name on the wire.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.parameters.insert(name.to_owned(), value.into());
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn with_json(mut self, body: Value) -> Self {
        self.payload = Payload::Json(body);
        self
    }
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not what is asked for: a service broke its contract, or this is the wrong type.
    pub fn json<'a, T: Deserialize<'a>>(&'a self, operation: &'static Operation) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let text = format!("the answer of `{}` cannot be read: {error}", name_of(operation));
            let mut error = Error::before_sending(operation, Kind::Server, "bad_answer", text);
            error.facts.status = Some(self.status);
            error.facts.request_id.clone_from(&self.request_id);
            error
        })
    }
}
