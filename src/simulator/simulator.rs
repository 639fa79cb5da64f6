//! The simulator itself: takes a message, finds what it asks for, answers from the world.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http::{HeaderName, HeaderValue, Request, Response, header};
use serde_json::Value;

use super::answers::{UPLOADS, is_modelled};
use super::faults::{FaultStatus, Faults, Reset, Verdict};
use super::front::all_routes;
use super::reading::ask;
use super::requests::Requests;
use super::settle::Bend;
use super::state::{Circumstances, State, unmodelled};
use super::tokens::TokenDesk;
use super::wire::{Effect, Refusal, Reply, json_response, long_error};
use super::world::{World, digest, hex32};
use crate::catalog::{CHECKS_MESSAGES, Operation, Routes, wrongs_of_answer};
use crate::clock::Clock;

/// A simulated cloud that answers messages.
pub struct Simulator {
    state: Mutex<State>,
    /// World time runs on this one.
    clock: Clock,
    /// Tokens and latencies run on this one; in process it is the same.
    pub(super) process_clock: Clock,
    tokens: TokenDesk,
    /// The token for callers in process, and when they get another.
    current: Mutex<Option<(String, DateTime<Utc>)>>,
    answered: AtomicU64,
    /// Made when a message comes without its operation.
    routes: OnceLock<Routes>,
}

impl Simulator {
    /// A simulator of this world, on one clock.
    #[must_use]
    pub fn new(world: World, clock: Clock) -> Self {
        Self::with_clocks(world, clock.clone(), clock)
    }

    /// A simulator whose world time may run faster than that of its clients.
    #[must_use]
    pub fn with_clocks(world: World, clock: Clock, process_clock: Clock) -> Self {
        let tokens = TokenDesk::new(&world);
        let ahead = TimeDelta::zero();
        let state = State { world, requests: Requests::default(), faults: Faults::default(), ahead };
        Self {
            state: Mutex::new(state),
            clock,
            process_clock,
            tokens,
            current: Mutex::default(),
            answered: AtomicU64::new(0),
            routes: OnceLock::new(),
        }
    }

    /// Takes in what another world of the same region has more: see [`World::widen`].
    pub fn widen(&self, wider: World) {
        let now = self.now();
        let mut state = self.lock();
        state.settle(now);
        state.world.widen(wider);
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

    /// The first project's id and its first region, for those who name none.
    pub fn first_place(&self) -> (String, String) {
        let state = self.lock();
        let Some(project) = state.world.projects.first() else { return Default::default() };
        (project.id.clone(), project.regions.keys().next().cloned().unwrap_or_default())
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

    pub(super) fn routes(&self) -> &Routes {
        self.routes.get_or_init(all_routes)
    }

    /// Answers a request of this operation. Waits only for a fault's latency.
    ///
    /// Wherever messages are checked, an answer that strays from the catalogue is a panic, whoever asked and how.
    pub async fn answer_operation(&self, operation: &'static Operation, request: Request<Bytes>) -> Reply {
        let reply = self.reply(operation, request).await;
        if CHECKS_MESSAGES && let Reply::Whole(answer) | Reply::Truncated(answer, _) = &reply {
            let wrongs = wrongs_of_answer(operation, answer);
            assert!(wrongs.is_empty(), "the simulator answers `{}` wrongly: {wrongs:?}", operation.name);
        }
        reply
    }

    async fn reply(&self, operation: &'static Operation, request: Request<Bytes>) -> Reply {
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
            return Reply::Whole(self.finish(self.fault(operation, &path, status), &id));
        }
        let response = self.act(operation, &path, &request, &verdict.bend, &id);
        let response = match &verdict.status {
            Some(status) => self.fault(operation, &path, status),
            None => response,
        };
        self.bend_answer(response, &verdict, &id)
    }

    fn bend_answer(&self, response: Response<Bytes>, verdict: &Verdict, id: &str) -> Reply {
        if verdict.reset == Some(Reset::After) {
            return Reply::Reset(Effect::Taken);
        }
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
        if let Some(image) = path.strip_prefix(UPLOADS).filter(|_| operation.name == "upload_image") {
            let circumstances = Circumstances { now: self.now(), bend, id };
            return match self.lock().upload(image, request, circumstances) {
                Ok(answered) => json_response(answered.status, answered.body),
                Err(refusal) => refusal.to_response(),
            };
        }
        if operation.takes_token {
            let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            if let Err(problem) = self.tokens.check(given, self.process_clock.now()) {
                return self.refuse(operation, path, &Refusal::new(401, problem.message()));
            }
        }
        if !is_modelled(operation) {
            return self.refuse(operation, path, &unmodelled(operation));
        }
        let answered = ask(operation, path, request).and_then(|asked| {
            let now = self.now();
            self.lock().answer(operation, &asked, Circumstances { now, bend, id })
        });
        match answered {
            Ok(answered) => json_response(answered.status, answered.body),
            Err(refusal) => self.refuse(operation, path, &refusal.into_documented(operation)),
        }
    }

    /// A refusal in the form of the operation's service.
    fn refuse(&self, operation: &Operation, path: &str, refusal: &Refusal) -> Response<Bytes> {
        match operation.module {
            "resource-manager" | "authorization" | "service-account" => {
                let time = self.now().to_rfc3339_opts(SecondsFormat::Secs, true);
                long_error(refusal.status, &refusal.message, path, &time)
            }
            _ => refusal.to_response(),
        }
    }

    pub(super) fn next_request_id(&self) -> String {
        let number = self.answered.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        format!("req-{}", hex32(digest(0, &[b"request", self.tokens.account().id.as_bytes(), &number])))
    }

    /// Adds the headers that every answer has.
    pub(super) fn finish(&self, mut response: Response<Bytes>, id: &str) -> Response<Bytes> {
        let date = self.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let headers = response.headers_mut();
        for (name, value) in [(HeaderName::from_static("x-request-id"), id), (header::DATE, &date)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        response
    }

    /// The answer that a fault gives.
    fn fault(&self, operation: &Operation, path: &str, status: &FaultStatus) -> Response<Bytes> {
        let words = http::StatusCode::from_u16(status.status).ok().and_then(|status| status.canonical_reason());
        let message = status.message.clone().unwrap_or_else(|| words.unwrap_or("Error").to_owned());
        let mut response = self.refuse(operation, path, &Refusal::new(status.status, message));
        if let Some(seconds) = status.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
