//! The backend of a rehearsal: live reads, made once, and a simulated world of a region from the first change in it on.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Request, Response, Uri};
use tokio::sync::{OnceCell, RwLock};
use tokio_util::sync::CancellationToken;

use super::guess::Guesses;
use super::memory::Memory;
use super::survey::{Extent, Hidden, Survey};
use crate::catalog::{Effect, Operation};
use crate::clock::Clock;
use crate::simulator::world::{LiveLists, World};
use crate::simulator::{Reply, Simulator};
use crate::transport::{Backend, BackendError, Client, Sending, Target};

/// What a fork is made of.
pub struct ForkOptions {
    /// What is read live, once.
    pub memory: Memory,
    /// Reads the lists that a world is made of, over the same [`Memory`].
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

/// Worlds forked off the real one, each at the first change in its region; they cannot change the real one.
pub struct Fork {
    options: ForkOptions,
    worlds: Mutex<HashMap<Target, Arc<OnceCell<Forked>>>>,
    guesses: Guesses,
    requests: AtomicU64,
    why: OnceLock<String>,
    /// The lists that could not be had, of all regions.
    hidden: Mutex<BTreeSet<Hidden>>,
    notes: Mutex<Vec<String>>,
}

/// What is simulated, and of which project and region.
struct Forked {
    simulator: Simulator,
    target: Target,
    survey: RwLock<(Extent, Survey)>,
}

impl Fork {
    /// A fork that has not forked yet.
    #[must_use]
    pub fn new(options: ForkOptions) -> Self {
        Self {
            options,
            worlds: Mutex::default(),
            guesses: Guesses::default(),
            requests: AtomicU64::new(0),
            why: OnceLock::new(),
            hidden: Mutex::default(),
            notes: Mutex::default(),
        }
    }

    /// Why it ended before the recipe did, if it did: what comes next cannot be foretold.
    #[must_use]
    pub fn ended(&self) -> Option<&str> {
        self.why.get().map(String::as_str)
    }

    /// A change whose answer the recipe was given is only a guess.
    #[must_use]
    pub fn guessed(&self) -> Option<String> {
        self.guesses.first().map(name_of)
    }

    /// What its worlds lack of the real one.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Hidden::told(&self.hidden.lock().unwrap_or_else(PoisonError::into_inner));
        notes.extend(self.notes.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
        notes
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
        let is_read = operation.effect == Effect::Read;
        if operation.module == "iaas" && crate::simulator::models(operation) {
            let forked = match place_of(request.uri().path()) {
                Some(target) if is_read => self.known(&target),
                Some(target) => Some(self.world(target)),
                // Key pairs are of no region.
                None => self.only(),
            };
            if let Some(world) = forked {
                let forked = self.forked(&world, request.uri()).await?;
                self.reach(forked, operation, request.uri()).await?;
                if !forked.hides(request.uri().path()).await {
                    return forked.answer(operation, request).await;
                }
            }
        }
        if is_read { self.read(operation, request).await } else { Ok(self.change(operation, &request)) }
    }

    /// A read that no world answers: of the real one, as it was when it was first read.
    async fn read(
        &self,
        operation: &'static Operation,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, BackendError> {
        let is_older = operation.module.starts_with("iaas/");
        if is_older && !self.worlds.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            return Err(self.end(format!("{} cannot be foretold after a change", name_of(operation))));
        }
        let is_remembered = self.options.memory.knows(request.uri());
        if let Some(change) = self.guesses.decides(operation, request.uri().path(), is_remembered) {
            let (read, change) = (name_of(operation), name_of(change));
            return Err(self.end(format!("what {read} answers after {change} cannot be foretold")));
        }
        self.options.memory.send(operation, request).await
    }

    /// A change that no world knows: it is counted, and answered by a guess where a guess can do.
    fn change(&self, operation: &'static Operation, request: &Request<Bytes>) -> Response<Bytes> {
        let name = name_of(operation);
        if operation.module.starts_with("iaas/") {
            self.end(format!("what follows {name} cannot be foretold"));
        } else if operation.effect == Effect::Mint {
            self.end(format!("what {name} hands out cannot be foretold"));
        }
        // Answered all the same: it counts, and nothing comes after it.
        self.guesses.answer(operation, request, &self.options.memory)
    }

    fn known(&self, target: &Target) -> Option<Arc<OnceCell<Forked>>> {
        self.worlds.lock().unwrap_or_else(PoisonError::into_inner).get(target).cloned()
    }

    fn world(&self, target: Target) -> Arc<OnceCell<Forked>> {
        self.worlds.lock().unwrap_or_else(PoisonError::into_inner).entry(target).or_default().clone()
    }

    fn only(&self) -> Option<Arc<OnceCell<Forked>>> {
        let worlds = self.worlds.lock().unwrap_or_else(PoisonError::into_inner);
        let mut worlds = worlds.values();
        worlds.next().filter(|_| worlds.next().is_none()).cloned()
    }

    async fn forked<'w>(&self, world: &'w OnceCell<Forked>, uri: &Uri) -> Result<&'w Forked, BackendError> {
        world.get_or_try_init(|| self.fork(uri)).await
    }

    /// Forks the project and region that the first change is made in.
    async fn fork(&self, uri: &Uri) -> Result<Forked, BackendError> {
        let target = place_of(uri.path()).unwrap_or_default();
        let mut survey = Survey::of(&target);
        survey.read(&self.options.surveyor, &target, Extent::Core).await;
        let world = self.world_of(&survey)?;
        let clocks = (self.options.recipe_clock.clone(), self.options.process_clock.clone());
        let simulator = Simulator::with_clocks(world, clocks.0, clocks.1);
        Ok(Forked { simulator, target, survey: RwLock::new((Extent::Core, survey)) })
    }

    /// Reads the rest of a region where an operation takes more than servers, volumes and snapshots.
    async fn reach(&self, forked: &Forked, operation: &Operation, uri: &Uri) -> Result<(), BackendError> {
        let wants_details = uri.query().is_some_and(|query| query.contains("details=true"));
        if LiveLists::suffice_for(operation) && !wants_details {
            return Ok(());
        }
        let mut survey = forked.survey.write().await;
        if survey.0 == Extent::Whole {
            return Ok(());
        }
        survey.1.read(&self.options.surveyor, &forked.target, Extent::Whole).await;
        forked.simulator.widen(self.world_of(&survey.1)?);
        survey.0 = Extent::Whole;
        Ok(())
    }

    /// The world of what was read, as of now.
    fn world_of(&self, survey: &Survey) -> Result<World, BackendError> {
        let now = self.options.recipe_clock.now();
        let (world, found) = World::of_live(&survey.lists, now).map_err(|error| self.end(error.message))?;
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner).extend(survey.hidden.values().cloned());
        for note in found {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        Ok(world)
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

    fn is_rehearsal(&self) -> bool {
        true
    }
}

impl Forked {
    /// Whether the world has nothing of a collection because it could not be read.
    async fn hides(&self, path: &str) -> bool {
        let is_within = |collection: &String| {
            path.find(collection.as_str()).is_some_and(|at| {
                let rest = &path[at + collection.len()..];
                rest.is_empty() || rest.starts_with('/')
            })
        };
        self.survey.read().await.1.hidden.keys().any(is_within)
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

fn name_of(operation: &'static Operation) -> String {
    format!("`{}.{}`", operation.module, operation.name)
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
