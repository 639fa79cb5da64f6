//! The pipeline: a call goes in, an answer or an error comes out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::auth::TokenSource;
use crate::catalog::{Effect, Operation};
use crate::clock::Clock;
use crate::error::{self, Kind};
use crate::journal::Journal;
use crate::policy::{Admission, Role, Tally};
use crate::secret::Scrubber;
use crate::transport::backoff::Backoff;
use crate::transport::census::Censuses;
use crate::transport::consent::{Consent, agreed};
use crate::transport::creations::Creations;
use crate::transport::delivery::Delivery;
use crate::transport::gate::{AllowAll, Gate, Intent};
use crate::transport::pace::Pace;
use crate::transport::pages::Passage;
use crate::transport::recording::Recording;
use crate::transport::request::Prepared;
use crate::transport::server_clock::ServerClock;
use crate::transport::sightings::Sightings;
use crate::transport::subject::Look;
use crate::transport::uploads::Uploads;
use crate::transport::{Answer, Backend, Call, Endpoints, Error, InFlight, Limits, Subject};

/// How long a look at what became of a change may take. It counts beyond the call's own time: whoever does not look
/// would have to guess.
pub(super) const LOOK_TIME: Duration = Duration::from_secs(20);

/// Sends calls: gate, retries, rate limit, backend. Cheap to clone; clones share limits, pace and tokens.
#[derive(Clone)]
pub struct Client(pub(super) Arc<Inner>);

/// What the stages share.
pub(super) struct Inner {
    pub backend: Arc<dyn Backend>,
    pub tokens: Arc<dyn TokenSource>,
    pub clock: Clock,
    pub gate: Arc<dyn Gate>,
    pub journal: Option<Journal>,
    pub scrubber: Scrubber,
    pub endpoints: Endpoints,
    pub limits: Limits,
    pub backoff: Backoff,
    pub in_flight: InFlight,
    pub pace: Pace,
    pub server_clock: ServerClock,
    pub creations: Creations,
    pub uploads: Uploads,
    pub sightings: Sightings,
    /// How many calls there were.
    pub calls: AtomicU64,
    pub tally: Option<Arc<Tally>>,
    pub consent: Option<Arc<dyn Consent>>,
    pub censuses: Censuses,
}

/// Collects what a [`Client`] is made of.
#[must_use]
pub struct ClientBuilder {
    backend: Arc<dyn Backend>,
    tokens: Arc<dyn TokenSource>,
    clock: Clock,
    gate: Arc<dyn Gate>,
    journal: Option<Journal>,
    scrubber: Scrubber,
    endpoints: Endpoints,
    limits: Limits,
    in_flight: Option<InFlight>,
    tally: Option<Arc<Tally>>,
    consent: Option<Arc<dyn Consent>>,
    seed: u64,
}

impl Client {
    /// A client of this backend, with these tokens, on this process clock; everything else has a default.
    pub fn builder(backend: Arc<dyn Backend>, tokens: Arc<dyn TokenSource>, clock: Clock) -> ClientBuilder {
        ClientBuilder {
            backend,
            tokens,
            clock,
            gate: Arc::new(AllowAll),
            journal: None,
            scrubber: Scrubber::new(),
            endpoints: Endpoints::new(),
            limits: Limits::default(),
            in_flight: None,
            tally: None,
            consent: None,
            seed: 0,
        }
    }

    /// Makes a call and returns its successful answer. Dropping the future cancels at once, in the middle of a request
    /// or a wait too; the effect of a change that was under way is then unknown.
    ///
    /// # Errors
    /// - `invalid`, `config`, `policy`: before anything is sent.
    /// - `auth`: no token, or the API refuses a fresh one.
    /// - `permission`, `not_found`, `conflict`, `quota`, `invalid`: the API refuses.
    /// - `rate_limited`, `server`, `network`, `timeout`: still, after all repeats.
    /// - `ambiguous`: a change whose effect is unknown, and looking did not settle it.
    pub async fn send(&self, call: Call) -> Result<Answer, Error> {
        self.0.send(&call).await
    }

    /// The process clock that the pipeline runs on.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
}

impl Inner {
    /// The stages in their order. Reads go straight from the gate to the delivery.
    pub async fn send(&self, call: &Call) -> Result<Answer, Error> {
        self.count(call.operation)?;
        let prepared = Prepared::new(call, &self.endpoints, &self.uploads)?;
        let intent = Intent {
            operation: prepared.operation,
            effect: prepared.operation.effect,
            target: &prepared.target,
            object: prepared.object.as_deref(),
            call,
        };
        let is_own_look = call.is_own_look && intent.effect == Effect::Read;
        let admission = if is_own_look { Admission::Granted } else { self.gate.admit(&intent) };
        if admission != Admission::Granted || intent.effect != Effect::Read {
            // Whoever is asked to agree is told the object's name.
            let is_asked = self.consent.is_some() && intent.effect != Effect::Read;
            let look = if admission == Admission::Weighed || is_asked { Look::Up } else { Look::Back };
            let subject = self.subject(call, &prepared, look).await;
            self.gate.weigh(&intent, &subject)?;
            if intent.effect != Effect::Read {
                return self.change(call, &prepared, &subject).await;
            }
        }
        let asked_at = self.clock.monotonic();
        let answer = Delivery::new(self, call, &prepared).run().await?;
        self.sightings.note(&prepared, &answer.body, asked_at);
        Ok(answer)
    }

    async fn change(&self, call: &Call, prepared: &Prepared, subject: &Subject) -> Result<Answer, Error> {
        let counted = self.charge(call, &prepared.target, subject).await?;
        if let Some(consent) = &self.consent {
            agreed(consent.as_ref(), call, prepared, subject)
                .await
                .inspect_err(|_| self.give_back(counted.as_ref()))?;
        }
        let recording =
            Recording::new(self, call, prepared, subject).inspect_err(|_| self.give_back(counted.as_ref()))?;
        // Before and after: what is read meanwhile may show either.
        self.forget(subject);
        let mut delivery = Delivery::new(self, call, prepared).recorded(recording);
        let result = delivery.run().await;
        self.forget(subject);
        if result.is_err() && !delivery.may_have_acted {
            self.give_back(counted.as_ref());
        }
        result
    }

    /// Counts a call; a run that makes so many is caught in a loop.
    fn count(&self, operation: &'static Operation) -> Result<(), Error> {
        if self.calls.fetch_add(1, Ordering::Relaxed) < self.limits.calls {
            return Ok(());
        }
        let message = format!("the run made more than {} calls of the API", self.limits.calls);
        Err(Error::before_sending(operation, Kind::Limit, "call_limit", message)
            .with_hint("look for an endless loop, or raise the limit with `--max-calls`"))
    }

    fn forget(&self, subject: &Subject) {
        // What is only entered keeps its own labels.
        let reached = subject.also.iter().filter(|(role, _)| *role != Role::Entered).map(|(_, object)| object);
        subject
            .objects
            .iter()
            .chain(reached)
            .filter_map(|object| object.place.as_deref())
            .for_each(|place| self.sightings.forget(place));
    }

    /// Reads an object from within another call: a look at what became of a change, past the gate.
    pub fn look(&self, mut call: Call) -> BoxFuture<'_, Result<Answer, Error>> {
        (call.time_limit, call.is_own_look) = (Some(LOOK_TIME), true);
        Box::pin(async move { self.send(&call).await })
    }

    /// Reads a whole list from within another call, past the gate.
    pub fn look_through(&self, mut call: Call) -> BoxFuture<'_, Result<Vec<Answer>, Error>> {
        (call.time_limit, call.is_own_look) = (Some(LOOK_TIME), true);
        Box::pin(self.pages(call, Passage::Gated))
    }

    /// The bearer token for a call.
    pub async fn token(&self, operation: &'static Operation) -> Result<crate::secret::Secret, Error> {
        self.tokens.token().await.map_err(|failure| {
            let failure = error::Error::from(failure);
            let mut error = Error::before_sending(operation, failure.kind, failure.code, failure.message);
            error.place = failure.place;
            error.hint = failure.hint;
            error.facts.retryable = failure.call.is_some_and(|facts| facts.retryable);
            error
        })
    }
}

impl ClientBuilder {
    /// What may be sent; without one, everything.
    pub fn gate(mut self, gate: Arc<dyn Gate>) -> Self {
        self.gate = gate;
        self
    }

    /// The run's journal: each change is recorded there before it is sent; without one, none is.
    pub fn journal(mut self, journal: Option<Journal>) -> Self {
        self.journal = journal;
        self
    }

    /// The run's scrubber: messages of servers pass it.
    pub fn scrubber(mut self, scrubber: Scrubber) -> Self {
        self.scrubber = scrubber;
        self
    }

    /// Where the services are reached, if not where the catalogue says.
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.endpoints = endpoints;
        self
    }

    /// How long, how often, how many.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// A limit on requests in flight that other clients of the process share.
    pub fn in_flight(mut self, in_flight: InFlight) -> Self {
        self.in_flight = Some(in_flight);
        self
    }

    /// Counts what is changed and refuses what is too much; without one, everything may be changed.
    pub fn tally(mut self, tally: Arc<Tally>) -> Self {
        self.tally = Some(tally);
        self
    }

    /// Asked before each change; without one, nobody is.
    pub fn consent(mut self, consent: Option<Arc<dyn Consent>>) -> Self {
        self.consent = consent;
        self
    }

    /// The seed of the jitter: the same seed, the same waits.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The client.
    #[must_use]
    pub fn build(self) -> Client {
        let Self {
            backend,
            tokens,
            clock,
            gate,
            journal,
            scrubber,
            endpoints,
            limits,
            in_flight,
            tally,
            consent,
            seed,
        } = self;
        let backoff = Backoff::new(limits.backoff_base, limits.backoff_cap, seed);
        let in_flight = in_flight.unwrap_or_else(|| InFlight::new(&clock, limits.in_flight));
        Client(Arc::new(Inner {
            backend,
            tokens,
            clock,
            gate,
            journal,
            scrubber,
            endpoints,
            limits,
            backoff,
            in_flight,
            pace: Pace::default(),
            server_clock: ServerClock::default(),
            creations: Creations::default(),
            uploads: Uploads::default(),
            sightings: Sightings::default(),
            calls: AtomicU64::new(0),
            tally,
            consent,
            censuses: Censuses::default(),
        }))
    }
}
