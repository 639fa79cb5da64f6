//! The simulator itself: takes a message, finds what it asks for, answers from the world.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderName, HeaderValue, Request, Response, header};
use serde_json::Value;

use super::answers::{availability_zones, handler};
use super::exchange::{Asked, Scene};
use super::faults::{FaultStatus, Faults, Reset, Verdict};
use super::requests::Requests;
use super::settle::Bend;
use super::tokens::{DEFAULT_LIFETIME, TokenDesk};
use super::wire::{Answered, Effect, Refusal, Reply, json_response};
use super::world::{World, digest, hex32};
use crate::catalog::{Direction, Operation, ShapeId, percent_decode, validate};
use crate::clock::Clock;

/// A simulated cloud that answers messages.
pub struct Simulator {
    state: Mutex<State>,
    /// World time runs on this one.
    clock: Clock,
    /// Tokens and latencies run on this one; in process it is the same.
    process_clock: Clock,
    tokens: TokenDesk,
    /// The token for callers in process, and when they get another.
    current: Mutex<Option<(String, DateTime<Utc>)>>,
    answered: AtomicU64,
}

pub(super) struct State {
    pub(super) world: World,
    pub(super) requests: Requests,
    pub(super) faults: Faults,
    /// What was put on top of the clock.
    pub(super) ahead: TimeDelta,
}

/// The regions that every project has. Source: docs.stackit.cloud, regions.
const REGIONS: [&str; 2] = ["eu01", "eu02"];

impl Simulator {
    /// A simulator of this world, on one clock.
    #[must_use]
    pub fn new(world: World, clock: Clock) -> Self {
        Self::with_clocks(world, clock.clone(), clock, DEFAULT_LIFETIME)
    }

    /// A simulator whose world time may run faster than that of its clients, and whose tokens live so long.
    #[must_use]
    pub fn with_clocks(world: World, clock: Clock, process_clock: Clock, token_lifetime: Duration) -> Self {
        let tokens = TokenDesk::new(&world, token_lifetime);
        let ahead = TimeDelta::zero();
        let state = State { world, requests: Requests::default(), faults: Faults::default(), ahead };
        Self {
            state: Mutex::new(state),
            clock,
            process_clock,
            tokens,
            current: Mutex::default(),
            answered: AtomicU64::new(0),
        }
    }

    /// Puts these rules in the place of those in force.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    /// A token of the world's service account, without an assertion: the one given out last, while it has some time
    /// left, else a new one.
    pub fn current_token(&self) -> String {
        let now = self.process_clock.now();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, _)) = current.as_ref().filter(|(_, renew)| now < *renew) {
            return token.clone();
        }
        let issued = self.tokens.issue(now);
        let half = i64::try_from(issued.expires_in / 2).unwrap_or(i64::MAX / 2);
        let renew = now.checked_add_signed(TimeDelta::seconds(half)).unwrap_or(now);
        *current = Some((issued.access_token.clone(), renew));
        issued.access_token
    }

    /// Makes [`Simulator::current_token`] give another token than this one.
    pub fn forget_token(&self, token: &str) {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).take_if(|(current, _)| current == token);
    }

    /// The token endpoint.
    pub fn tokens(&self) -> &TokenDesk {
        &self.tokens
    }

    /// World time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now() + self.lock().ahead
    }

    /// The id of the first project, for those who name none.
    pub fn first_project(&self) -> String {
        self.lock().world.projects.first().map(|project| project.id.clone()).unwrap_or_default()
    }

    /// The world as of now, as a file holds it.
    pub fn to_json(&self) -> Value {
        let now = self.now();
        let mut state = self.lock();
        state.settle(now);
        state.world.to_json(now)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request of this operation. Waits only for a fault's latency.
    pub async fn answer_operation(&self, operation: &'static Operation, request: Request<Bytes>) -> Reply {
        let path = request.uri().path().to_owned();
        let verdict = self.lock().faults.judge(operation, &path);
        if !verdict.latency.is_zero() {
            self.process_clock.sleep(verdict.latency).await;
        }
        if verdict.reset == Some(Reset::Before) {
            return Reply::Reset(Effect::NotTaken);
        }
        let id = self.next_request_id();
        if let Some(status) = verdict.status.as_ref().filter(|status| !status.effect_taken) {
            return Reply::Whole(self.finish(fault_response(status), &id));
        }
        let response = self.act(operation, &path, &request, &verdict.bend, &id);
        self.bend_answer(response, &verdict, &id)
    }

    fn bend_answer(&self, response: Response<Bytes>, verdict: &Verdict, id: &str) -> Reply {
        if verdict.reset == Some(Reset::After) {
            return Reply::Reset(Effect::Taken);
        }
        let response = verdict.status.as_ref().map_or(response, fault_response);
        let response = self.finish(response, id);
        match verdict.truncate {
            Some(bytes) if bytes < response.body().len() => Reply::Truncated(response, bytes),
            _ => Reply::Whole(response),
        }
    }

    /// Does what a request asks for.
    fn act(
        &self,
        operation: &'static Operation,
        path: &str,
        request: &Request<Bytes>,
        bend: &Bend,
        id: &str,
    ) -> Response<Bytes> {
        if operation.takes_token {
            let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            if let Err(problem) = self.tokens.check(given, self.process_clock.now()) {
                return Refusal::new(401, problem.message()).to_response();
            }
        }
        let answered = ask(operation, path, request).and_then(|asked| {
            let now = self.now();
            self.lock().answer(operation, &asked, now, bend, id)
        });
        match answered {
            Ok(answered) => json_response(answered.status, answered.body),
            Err(refusal) => refusal.to_response(),
        }
    }

    fn next_request_id(&self) -> String {
        let number = self.answered.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        format!("req-{}", hex32(digest(0, &[b"request", self.tokens.account().id.as_bytes(), &number])))
    }

    /// Adds the headers that every answer has.
    fn finish(&self, mut response: Response<Bytes>, id: &str) -> Response<Bytes> {
        let date = self.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let headers = response.headers_mut();
        for (name, value) in [(HeaderName::from_static("x-request-id"), id), (header::DATE, &date)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

impl State {
    pub(super) fn settle(&mut self, now: DateTime<Utc>) {
        for project in &mut self.world.projects {
            for region in project.regions.values_mut() {
                region.settle(now);
            }
        }
    }

    fn answer(
        &mut self,
        operation: &Operation,
        asked: &Asked,
        now: DateTime<Utc>,
        bend: &Bend,
        id: &str,
    ) -> Result<Answered, Refusal> {
        let unmodelled =
            || Refusal::new(501, format!("the simulator does not model {}.{}", operation.module, operation.name));
        if operation.module != "iaas" {
            return Err(unmodelled());
        }
        let region_name = asked.path("region");
        if operation.name == "list_availability_zones" {
            check_region(region_name, &self.world)?;
            return Ok(availability_zones(region_name));
        }
        let project = asked.id("projectId")?;
        self.ensure_region(project, region_name, now)?;
        let World { projects, keypairs, machine_types, performance_classes, seed, .. } = &mut self.world;
        let found = projects.iter_mut().find(|known| known.id == project);
        let region = found.and_then(|project| project.regions.get_mut(region_name));
        let region = region.ok_or_else(|| Refusal::new(404, "project not found"))?;
        region.settle(now);
        if operation.name == "get_project_request" {
            return self.requests.answer(asked.path("requestId"), project, region_name, region);
        }
        let handler = handler(operation.name).ok_or_else(unmodelled)?;
        let mut scene = Scene {
            project,
            region_name,
            region,
            machine_types,
            performance_classes,
            has_keypair: &|name| keypairs.iter().any(|keypair| keypair.name == name),
            seed: *seed,
            now,
            bend,
            touched: Vec::new(),
        };
        let answered = handler(&mut scene, asked)?;
        let touched = std::mem::take(&mut scene.touched);
        self.requests.note(id, operation.name, project, region_name, touched);
        Ok(answered)
    }

    fn ensure_region(&mut self, project: &str, region: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        let found = self.world.projects.iter().find(|known| known.id == project);
        let found = found.ok_or_else(|| Refusal::new(404, "project not found"))?;
        if !found.regions.contains_key(region) {
            check_region(region, &self.world)?;
            self.world.add_region(project, region, now);
        }
        Ok(())
    }
}

fn check_region(name: &str, world: &World) -> Result<(), Refusal> {
    let is_known = REGIONS.contains(&name) || world.projects.iter().any(|project| project.regions.contains_key(name));
    if is_known { Ok(()) } else { Err(Refusal::new(404, "region not found")) }
}

fn fault_response(status: &FaultStatus) -> Response<Bytes> {
    let words = http::StatusCode::from_u16(status.status).ok().and_then(|status| status.canonical_reason());
    let message = status.message.clone().unwrap_or_else(|| words.unwrap_or("Error").to_owned());
    let mut response = Refusal::new(status.status, message).to_response();
    if let Some(seconds) = status.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Reads what a request asks for.
fn ask(operation: &Operation, path: &str, request: &Request<Bytes>) -> Result<Asked, Refusal> {
    let path = fill(operation.path, path).ok_or_else(|| Refusal::new(404, "Not Found"))?;
    let query = request.uri().query().map(|query| super::tokens::form_fields(query.as_bytes())).unwrap_or_default();
    let bytes = request.body();
    let body = match (&operation.body, bytes.is_empty()) {
        (None, _) => None,
        (Some(body), true) if body.is_required => {
            return Err(Refusal::bad("request body has an error: value is required but missing"));
        }
        (Some(_), true) => None,
        (Some(body), false) => {
            let value = serde_json::from_slice(bytes).map_err(|error| {
                Refusal::bad(format!("request body has an error: failed to decode request body: {error}"))
            })?;
            check_body(operation, body.shape, &value)?;
            Some(value)
        }
    };
    Ok(Asked { path, query, body })
}

/// Refuses a body that does not match its schema, in the words of the validator that the service uses.
fn check_body(operation: &Operation, shape: ShapeId, body: &Value) -> Result<(), Refusal> {
    let violations = validate(operation.service(), shape, body, Direction::Request);
    let Some(first) = violations.first() else { return Ok(()) };
    let pointer = format!("/{}", first.path.replace(['.', '['], "/").replace(']', ""));
    let name = pointer.rsplit('/').next().unwrap_or_default();
    let problem = match first.message.as_str() {
        "is missing" => format!("property \"{name}\" is missing"),
        "must be text" => "value must be a string".to_owned(),
        "must be a whole number" => "value must be an integer".to_owned(),
        "must be true or false" => "value must be a boolean".to_owned(),
        "must be a list" => "value must be an array".to_owned(),
        "must be an object" => "value must be an object".to_owned(),
        other => match other.strip_prefix("must match `").and_then(|rest| rest.strip_suffix('`')) {
            Some(pattern) => format!("string doesn't match the regular expression \"{pattern}\""),
            None => format!("value {other}"),
        },
    };
    Err(Refusal::schema(&pointer, &problem))
}

/// The parameters of a path that follows a template.
fn fill(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let mut parameters = Vec::new();
    let (mut names, mut values) = (template.split('/'), path.split('/'));
    loop {
        match (names.next(), values.next()) {
            (None, None) => return Some(parameters),
            (Some(name), Some(value)) => match name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => parameters.push((name.to_owned(), percent_decode(value)?)),
                None if name == value => {}
                None => return None,
            },
            _ => return None,
        }
    }
}
