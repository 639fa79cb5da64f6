//! The backend of a rehearsal: live reads, and a simulated world from the first change on.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Request, Response};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::reads::Reads;
use super::survey::survey;
use crate::catalog::{Effect, Operation};
use crate::clock::Clock;
use crate::simulator::world::World;
use crate::simulator::{Reply, Simulator};
use crate::transport::{Backend, BackendError, Client, Sending, Target};

/// What a fork is made of.
pub struct ForkOptions {
    /// What is read live.
    pub reads: Reads,
    /// Reads the lists that the world is made of, over the same [`Reads`].
    pub surveyor: Client,
    /// The simulated world's time.
    pub recipe_clock: Clock,
    /// The time of tokens and requests.
    pub process_clock: Clock,
    /// More requests than this end it.
    pub most_requests: u64,
    /// Cancelled when it ends, as what comes next cannot be foretold.
    pub end: CancellationToken,
}

/// A world forked off the real one at the first change; it cannot change the real one.
pub struct Fork {
    options: ForkOptions,
    world: OnceCell<Forked>,
    requests: AtomicU64,
    why: OnceLock<String>,
    notes: OnceLock<Vec<String>>,
}

/// What is simulated, and of which project and region.
struct Forked {
    simulator: Simulator,
    target: Target,
    /// Paths of collections that the credential may not see: the world has nothing of them.
    hidden: BTreeSet<String>,
}

/// Where a request goes.
enum Way<'f> {
    Live,
    Fork(&'f Forked),
}

impl Fork {
    /// A fork that has not forked yet.
    #[must_use]
    pub fn new(options: ForkOptions) -> Self {
        Self {
            options,
            world: OnceCell::new(),
            requests: AtomicU64::new(0),
            why: OnceLock::new(),
            notes: OnceLock::new(),
        }
    }

    /// Why it ended before the recipe did, if it did: what comes next cannot be foretold.
    #[must_use]
    pub fn ended(&self) -> Option<&str> {
        self.why.get().map(String::as_str)
    }

    /// What its world lacks of the real one.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        self.notes.get().map(Vec::as_slice).unwrap_or_default()
    }

    async fn answer(
        &self,
        operation: &'static Operation,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, BackendError> {
        if let Some(why) = self.why.get() {
            return Err(given_up(why));
        }
        if self.requests.fetch_add(1, Ordering::Relaxed) >= self.options.most_requests {
            return Err(self.end(format!("more than {} requests", self.options.most_requests)));
        }
        match self.way(operation, &request).await? {
            Way::Live => self.options.reads.send(operation, request).await,
            Way::Fork(forked) => forked.answer(operation, request).await,
        }
    }

    async fn way(&self, operation: &'static Operation, request: &Request<Bytes>) -> Result<Way<'_>, BackendError> {
        let is_read = operation.effect == Effect::Read;
        let name = format!("`{}.{}`", operation.module, operation.name);
        let known = crate::simulator::models(operation);
        if self.world.get().is_none() {
            if is_read {
                return Ok(Way::Live);
            }
            if operation.module != "iaas" || !known {
                return Err(self.end(format!("{name} cannot be rehearsed")));
            }
        }
        let forked = self.world.get_or_try_init(|| self.fork(operation, request)).await?;
        // Another version of the same service would show the world as it really is.
        if operation.module.starts_with("iaas/") {
            return Err(self.end(format!("{name} cannot be rehearsed after a change")));
        }
        let place = place_of(request.uri().path());
        let is_here = operation.module == "iaas" && place.is_none_or(|place| forked.is_at(&place));
        let is_hidden = forked.hides(request.uri().path());
        match (is_here && known && !is_hidden, is_read) {
            (true, _) => Ok(Way::Fork(forked)),
            (false, true) => Ok(Way::Live),
            (false, false) if is_hidden => {
                Err(self.end(format!("{name} cannot be rehearsed, as the credential may not list what it changes")))
            }
            (false, false) => Err(self.end(format!("{name} cannot be rehearsed"))),
        }
    }

    /// Forks the project and region that the first change is made in.
    async fn fork(&self, operation: &Operation, request: &Request<Bytes>) -> Result<Forked, BackendError> {
        let Some(target) = place_of(request.uri().path()) else {
            let name = format!("`{}.{}`", operation.module, operation.name);
            return Err(self.end(format!("{name} cannot be rehearsed")));
        };
        let survey = survey(&self.options.surveyor, &target)
            .await
            .map_err(|error| self.end(format!("the project could not be read: {error}")))?;
        let now = self.options.recipe_clock.now();
        let (world, notes) = World::of_live(&survey.lists, now).map_err(|error| self.end(error.message))?;
        let _ = self.notes.set(notes);
        let clocks = (self.options.recipe_clock.clone(), self.options.process_clock.clone());
        let simulator = Simulator::with_clocks(world, clocks.0, clocks.1);
        Ok(Forked { simulator, target, hidden: survey.hidden })
    }

    /// Ends the rehearsal: the first reason counts.
    fn end(&self, why: String) -> BackendError {
        let error = given_up(&why);
        let _ = self.why.set(why);
        self.options.end.cancel();
        error
    }
}

impl Backend for Fork {
    fn send<'b>(&'b self, operation: &'static Operation, request: Request<Bytes>) -> Sending<'b> {
        Box::pin(self.answer(operation, request))
    }
}

impl Forked {
    fn is_at(&self, place: &Target) -> bool {
        *place == self.target
    }

    fn hides(&self, path: &str) -> bool {
        let is_within = |collection: &String| {
            path.find(collection.as_str()).is_some_and(|at| {
                let rest = &path[at + collection.len()..];
                rest.is_empty() || rest.starts_with('/')
            })
        };
        self.hidden.iter().any(is_within)
    }

    async fn answer(
        &self,
        operation: &'static Operation,
        mut request: Request<Bytes>,
    ) -> Result<Response<Bytes>, BackendError> {
        // The real token is nothing to the simulator.
        let bearer = HeaderValue::try_from(format!("Bearer {}", self.simulator.current_token()));
        if let (true, Ok(bearer)) = (request.headers().contains_key(AUTHORIZATION), bearer) {
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        match self.simulator.answer_operation(operation, request).await {
            Reply::Whole(response) => Ok(response),
            // Without faults there is none of these.
            Reply::Reset(_) | Reply::Truncated(..) => Err(BackendError::broken("the connection was reset")),
        }
    }
}

fn given_up(why: &str) -> BackendError {
    BackendError { is_permanent: true, ..BackendError::not_sent(format!("the rehearsal ended: {why}")) }
}

/// The project and region that a path names.
fn place_of(path: &str) -> Option<Target> {
    let mut parts = path.split('/').skip_while(|part| *part != "projects").skip(1);
    let project = parts.next()?;
    let (word, region) = (parts.next()?, parts.next()?);
    (word == "regions").then(|| Target { project: Some(project.to_owned()), region: Some(region.to_owned()) })
}

#[cfg(test)]
#[path = "fork_tests.rs"]
mod tests;
