//! What the tests of this room share: a backend that plays a script, tokens that are counted, a virtual clock.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use serde_json::Value;

use crate::auth::{self, TokenSource};
use crate::catalog::{self, Operation};
use crate::clock::Clock;
use crate::secret::Secret;
use crate::transport::{Answer, Backend, BackendError, Call, Client, ClientBuilder, Error, Sending, Target};

pub(super) const PROJECT: &str = "11111111-1111-4111-8111-111111111111";
pub(super) const ID: &str = "22222222-2222-4222-8222-222222222222";
pub(super) const OTHER_ID: &str = "33333333-3333-4333-8333-333333333333";

/// An operation of the newest `iaas`.
pub(super) fn operation(name: &str) -> &'static Operation {
    catalog::operation("iaas", name).unwrap_or_else(|| panic!("the catalogue has no iaas.{name}"))
}

/// A call of an operation of `iaas` in the project and region of the tests.
pub(super) fn call(name: &str) -> Call {
    Call::new(operation(name), target())
}

pub(super) fn target() -> Target {
    Target { project: Some(PROJECT.into()), region: Some("eu01".into()) }
}

pub(super) fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().expect("a valid time")
}

/// What the backend does with one request.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    Fail(BackendError),
    /// Takes a while, then goes on.
    After(Duration, Box<Step>),
}

/// An answer with a JSON body and the date of the clock.
pub(super) fn answer(status: u16, body: &Value) -> Step {
    Step::Answer { status, headers: vec![("content-type", "application/json".into())], body: body.to_string() }
}

/// An answer without a body.
pub(super) fn empty(status: u16) -> Step {
    Step::Answer { status, headers: Vec::new(), body: String::new() }
}

/// A connection that broke after the request was sent.
pub(super) fn reset() -> Step {
    Step::Fail(BackendError::broken("the connection was reset"))
}

/// A connection that was never made.
pub(super) fn refused() -> Step {
    Step::Fail(BackendError::not_sent("connection refused"))
}

impl Step {
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }

    pub fn after(self, seconds: u64) -> Self {
        Self::After(Duration::from_secs(seconds), Box::new(self))
    }
}

/// Plays one step a request, and remembers the requests.
pub(super) struct Script {
    clock: Clock,
    steps: Mutex<VecDeque<Step>>,
    seen: Mutex<Vec<Seen>>,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Method and address.
    pub line: String,
    pub headers: http::HeaderMap,
    pub body: Bytes,
    /// Seconds since noon.
    pub at: f64,
}

impl Backend for Script {
    fn send<'b>(&'b self, _: &'static Operation, request: Request<Bytes>) -> Sending<'b> {
        Box::pin(async move {
            let line = format!("{} {}", request.method(), request.uri());
            let at = self.clock.monotonic().as_secs_f64();
            let (parts, body) = request.into_parts();
            let seen = Seen { line: line.clone(), headers: parts.headers, body, at };
            self.seen.lock().expect("unpoisoned").push(seen);
            let step = self.steps.lock().expect("unpoisoned").pop_front();
            self.play(step.unwrap_or_else(|| panic!("one request too many: {line}"))).await
        })
    }
}

impl Script {
    async fn play(&self, mut step: Step) -> Result<Response<Bytes>, BackendError> {
        while let Step::After(span, next) = step {
            self.clock.sleep(span).await;
            step = *next;
        }
        match step {
            Step::Answer { status, headers, body } => {
                let mut response = Response::builder().status(status);
                if !headers.iter().any(|(name, _)| *name == "date") {
                    response = response.header("date", httpdate::fmt_http_date(self.clock.now().into()));
                }
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                Ok(response.body(Bytes::from(body)).expect("a valid response"))
            }
            Step::Fail(error) => Err(error),
            Step::After(..) => unreachable!("unwrapped above"),
        }
    }
}

/// Hands out `token-1` until it is rejected, then `token-2`, and so on.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<usize>);

impl TokenSource for Tokens {
    fn token(&self) -> BoxFuture<'_, Result<Secret, auth::Error>> {
        let number = *self.0.lock().expect("unpoisoned") + 1;
        Box::pin(std::future::ready(Ok(Secret::new(format!("token-{number}")))))
    }

    fn reject(&self, token: &Secret) {
        let mut rejected = self.0.lock().expect("unpoisoned");
        assert_eq!(token.expose(), format!("token-{}", *rejected + 1), "only the newest token is rejected");
        *rejected += 1;
    }
}

/// A scripted backend with a client in front of it, on a virtual clock that stands at noon.
pub(super) struct Stage {
    pub clock: Clock,
    pub script: Arc<Script>,
    pub client: Client,
}

impl Stage {
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::with(steps, |builder| builder)
    }

    pub fn with(steps: impl IntoIterator<Item = Step>, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        let clock = Clock::starting_at(noon());
        let steps = Mutex::new(steps.into_iter().collect());
        let script = Arc::new(Script { clock: clock.clone(), steps, seen: Mutex::default() });
        let builder = Client::builder(script.clone(), Arc::new(Tokens::default()), clock.clone()).seed(7);
        Self { client: change(builder).build(), clock, script }
    }

    /// Sends a call as a script thread would.
    pub fn send(&self, call: Call) -> Result<Answer, Error> {
        self.run(self.client.send(call))
    }

    pub fn run<F: Future>(&self, work: F) -> F::Output {
        let _busy = self.clock.busy();
        runtime().block_on(work)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.script.seen.lock().expect("unpoisoned").clone()
    }

    /// Methods and paths of the requests, without the project's prefix and the query.
    pub fn lines(&self) -> Vec<String> {
        let prefix = format!("https://iaas.api.stackit.cloud/v2/projects/{PROJECT}/regions/eu01");
        self.seen().iter().map(|seen| seen.line.replace(&prefix, "")).collect()
    }

    /// How many steps of the script were not played.
    pub fn left(&self) -> usize {
        self.script.steps.lock().expect("unpoisoned").len()
    }
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}
