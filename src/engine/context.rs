//! Everything that one run needs, handed in from above; and the little state that its threads share.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use chrono::{DateTime, Utc};
use rhai::{Dynamic, NativeCallContext, Position};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::fault::Fault;
use super::kept::Kept;
use super::ledger::{Deed, Done, Ledger};
use super::limits::{Limits, STACK_BYTES};
use super::notifier::Notifier;
use super::sources::Sources;
use super::surroundings::Surroundings;
use crate::clock::Clock;
use crate::error::{Error, Kind};
use crate::meter::Meter;
use crate::policy::LocalGrant;
use crate::resources::Platform;
use crate::stack;
use crate::transport::Outside;

/// Where a run's words go. Called from several threads at once.
pub trait Output: Send + Sync {
    /// A line of `print`: the recipe's data.
    fn print(&self, text: &str);
    /// A line of talk: `debug`, warnings of ours.
    fn say(&self, text: &str);
    /// A line of `log` or `notify`.
    fn log(&self, level: LogLevel, text: &str) {
        self.say(&format!("{level}: {text}"));
    }
}

/// How much a line of talk matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Matters only when looking for a mistake.
    Debug,
    /// What the recipe does.
    Info,
    /// What `notify` tells people.
    Notice,
    /// Something is not as it should be.
    Warn,
    /// Something failed.
    Error,
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warn => "warning",
            Self::Error => "error",
        })
    }
}

/// Drops everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Output for Silent {
    fn print(&self, _: &str) {}
    fn say(&self, _: &str) {}
}

/// Texts shorter than this need no look at the budget.
const FREE_BYTES: usize = 16 * 1024;

/// A thread tells the run after so many operations.
const TICK_BATCH: u64 = 64;

thread_local! {
    static TICKS: Cell<u64> = const { Cell::new(0) };
}

/// Everything that one run needs.
pub struct RunContext {
    /// The shared runtime, which carries out what script threads wait for.
    pub runtime: Handle,
    /// Tokens, timeouts, retries, deadlines.
    pub process_clock: Clock,
    /// `now()`, `sleep`, waits, the simulated world.
    pub recipe_clock: Clock,
    /// Ends the run from outside.
    pub cancel: CancellationToken,
    /// Where its words go.
    pub output: Arc<dyn Output>,
    /// What the caller gave for the recipe's parameters, by name.
    pub arguments: BTreeMap<String, Value>,
    /// What it may use up.
    pub limits: Limits,
    /// When it was due, if a schedule started it.
    pub fire_time: Option<DateTime<Utc>>,
    /// Whether the world is simulated.
    pub is_simulated: bool,
    /// Variables, the terminal, and what the run is called.
    pub surroundings: Surroundings,
    /// The platform, at the run's project and region; without one the natives of the platform say so.
    pub platform: Option<Platform>,
    /// Whether it only shows what a run would do: nothing is done outside the API.
    pub is_rehearsed: bool,
    /// Whether a person is asked before changes: many are then to be asked for at once.
    pub is_asked: bool,
    /// The elements that are shown of a result that is a list, or the rows of a table; without it, all.
    pub shown_elements: Option<Range<usize>>,
    /// The network outside the API; without one `http` says so.
    pub outside: Option<Outside>,
    /// Keeps a record of what is done outside the API; without one nothing is.
    pub ledger: Option<Arc<dyn Ledger>>,
    /// Sees to it that people hear of what `notify` says; without one it is only logged.
    pub notifier: Option<Arc<dyn Notifier>>,
    /// What it keeps from run to run; nothing that outlives it unless the caller says so.
    pub kept: Arc<Kept>,
    /// Further constants that the script sees.
    pub(super) constants: Vec<(String, Dynamic)>,
    state: State,
}

/// What the threads of a run share.
#[derive(Default)]
struct State {
    meter: Arc<Meter>,
    operations: AtomicU64,
    /// The same as `halt`, which takes a lock to ask.
    is_halted: AtomicBool,
    halt: CancellationToken,
    why: OnceLock<Error>,
    verdict: OnceLock<Verdict>,
    sources: Sources,
    /// How many worker threads there are, those of nested `parallel`s too.
    workers: AtomicUsize,
    /// How many bytes went out.
    output: AtomicU64,
    /// How many requests `http` made.
    calls: AtomicU64,
    results: Mutex<Option<(u64, u64)>>,
    started_at: OnceLock<DateTime<Utc>>,
    /// The recipe's name, and the places in it where `secret` stands for a parameter.
    secret_parameters: OnceLock<(String, Vec<Position>)>,
    stack_bytes: OnceLock<usize>,
}

/// How a recipe said that it ended, other than by its end or an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// `exit(n)`.
    Exited(u8),
    /// `skip("why")`.
    Skipped(String),
    /// `partly(results)`, all calls of it added up.
    Partly {
        /// How many went well.
        ok: u64,
        /// How many did not.
        failed: u64,
    },
}

impl RunContext {
    /// A run on a runtime and a clock, silent and without limits but the default ones.
    #[must_use]
    pub fn new(runtime: Handle, clock: Clock) -> Self {
        Self {
            runtime,
            process_clock: clock.clone(),
            recipe_clock: clock,
            cancel: CancellationToken::new(),
            output: Arc::new(Silent),
            arguments: BTreeMap::new(),
            limits: Limits::default(),
            fire_time: None,
            is_simulated: false,
            surroundings: Surroundings::default(),
            platform: None,
            is_rehearsed: false,
            is_asked: false,
            shown_elements: None,
            outside: None,
            ledger: None,
            notifier: None,
            kept: Arc::default(),
            constants: Vec::new(),
            state: State::default(),
        }
    }

    /// The run that a native is called in.
    pub(super) fn of(context: &NativeCallContext<'_>) -> Option<Arc<Self>> {
        context.tag().and_then(|tag| tag.read_lock::<Tag>().map(|tag| tag.0.clone()))
    }

    /// What the run's threads charge their memory to.
    #[must_use]
    pub fn meter(&self) -> &Arc<Meter> {
        &self.state.meter
    }

    /// Cancelled once the run must end, for whatever reason.
    #[must_use]
    pub fn halt(&self) -> &CancellationToken {
        &self.state.halt
    }

    /// Ends the run; the first reason counts.
    pub fn stop(&self, why: Error) {
        let _ = self.state.why.set(why);
        self.state.is_halted.store(true, Ordering::Release);
        self.state.halt.cancel();
    }

    /// Why the run must end, once it must.
    #[must_use]
    pub fn stopped(&self) -> Option<Error> {
        if !self.state.is_halted.load(Ordering::Acquire) {
            return None;
        }
        Some(
            self.state
                .why
                .get()
                .cloned()
                .unwrap_or_else(|| Error::new(Kind::Cancelled, "cancelled", "the run was interrupted")),
        )
    }

    /// Counts one operation; an error once the run must end or a limit is passed.
    pub(super) fn tick(&self) -> Result<(), Error> {
        let pending = TICKS.get() + 1;
        TICKS.set(pending % TICK_BATCH);
        if pending == TICK_BATCH {
            let before = self.state.operations.fetch_add(TICK_BATCH, Ordering::Relaxed);
            if before + TICK_BATCH > self.limits.operations {
                self.stop(self.limits.over_operations());
            }
        }
        if stack::mark() {
            self.stop(Limits::over_depth());
        }
        self.check()
    }

    /// An error once the run must end or holds too much.
    ///
    /// # Errors
    /// Kind `cancelled` or `limit`.
    pub fn check(&self) -> Result<(), Error> {
        if self.state.meter.used() > self.limits.held_bytes() {
            self.stop(self.limits.over_memory());
        }
        self.stopped().map_or(Ok(()), Err)
    }

    /// Makes sure that so many bytes may be allocated at once.
    ///
    /// # Errors
    /// Kind `limit` if not.
    pub fn reserve(&self, bytes: u64) -> Result<(), Fault> {
        if bytes > self.limits.step_bytes() || self.state.meter.used().saturating_add(bytes) > self.limits.held_bytes()
        {
            self.stop(self.limits.over_memory());
        }
        Ok(self.check()?)
    }

    /// Makes sure that a text may become so long.
    ///
    /// # Errors
    /// Kind `limit` if not.
    pub(super) fn reserve_text(&self, bytes: usize) -> Result<(), Fault> {
        if bytes < FREE_BYTES {
            return Ok(());
        }
        if bytes > self.limits.text_bytes() {
            self.stop(self.limits.over_text());
        }
        self.reserve(bytes as u64)
    }

    /// Counts what the run prints, says or writes; an error once that is too much.
    ///
    /// # Errors
    /// Kind `limit`.
    pub(super) fn spend_output(&self, bytes: usize) -> Result<(), Fault> {
        let before = self.state.output.fetch_add(bytes as u64, Ordering::Relaxed);
        if before.saturating_add(bytes as u64) > self.limits.output_bytes {
            self.stop(self.limits.over_output());
        }
        Ok(self.check()?)
    }

    /// Counts a request of `http`; an error once they are too many.
    ///
    /// # Errors
    /// Kind `limit`.
    pub(super) fn spend_call(&self) -> Result<(), Fault> {
        if self.state.calls.fetch_add(1, Ordering::Relaxed) >= self.limits.calls {
            self.stop(self.limits.over_calls());
        }
        Ok(self.check()?)
    }

    /// Makes sure that the run may do something outside the API.
    ///
    /// # Errors
    /// Kind `policy`, saying who would have to give it.
    pub(super) fn permit(&self, wanted: &LocalGrant) -> Result<(), Error> {
        self.permit_if(wanted, |grant| grant.covers(wanted))
    }

    /// The same where the caller knows which grants reach so far.
    ///
    /// # Errors
    /// As [`Self::permit`].
    pub(super) fn permit_if(&self, wanted: &LocalGrant, covers: impl Fn(&LocalGrant) -> bool) -> Result<(), Error> {
        self.surroundings.local.decide(wanted, covers).map_err(|refusal| {
            let error = Error::new(Kind::Policy, refusal.code, refusal.message);
            match refusal.hint {
                Some(hint) => error.with_hint(hint),
                None => error,
            }
        })?;
        if let Some(witness) = &self.surroundings.witness {
            witness.note(wanted);
        }
        Ok(())
    }

    /// Records what is about to be done outside the API; it must not be done before this has returned.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub(super) fn begin_outside(&self, deed: &Deed) -> Result<Option<u64>, Error> {
        self.ledger.as_ref().map(|ledger| ledger.begin(deed)).transpose()
    }

    /// Records what became of it.
    pub(super) fn end_outside(&self, number: Option<u64>, done: Done) {
        if let (Some(ledger), Some(number)) = (&self.ledger, number) {
            ledger.end(number, done);
        }
    }

    /// The stack that a script thread of this run has.
    pub(super) fn stack_bytes(&self) -> usize {
        self.state.stack_bytes.get().copied().unwrap_or(STACK_BYTES)
    }

    /// Says how much stack could be had.
    pub(super) fn set_stack_bytes(&self, bytes: usize) {
        let _ = self.state.stack_bytes.set(bytes);
    }

    /// Ends the script with a verdict of its own; the native returns this as its error.
    #[must_use]
    pub fn end_with(&self, verdict: Verdict) -> Fault {
        let _ = self.state.verdict.set(verdict);
        Box::new(rhai::EvalAltResult::Exit(Dynamic::UNIT, Position::NONE))
    }

    /// The script's own verdict, if it gave one; what ends it at once counts before what it counted up.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        let results = *self.state.results.lock().unwrap_or_else(PoisonError::into_inner);
        self.state.verdict.get().cloned().or_else(|| results.map(|(ok, failed)| Verdict::Partly { ok, failed }))
    }

    /// Counts results, for how the run is to end.
    pub fn add_results(&self, ok: u64, failed: u64) {
        let mut results = self.state.results.lock().unwrap_or_else(PoisonError::into_inner);
        let (all_ok, all_failed) = results.unwrap_or_default();
        *results = Some((all_ok + ok, all_failed + failed));
    }

    /// When the run began, on the recipe's clock; the first who asks fixes it, unless it was handed in.
    #[must_use]
    pub fn started_at(&self) -> DateTime<Utc> {
        let given = self.surroundings.identity.started_at;
        given.unwrap_or_else(|| *self.state.started_at.get_or_init(|| self.recipe_clock.now()))
    }

    /// Takes up to so many worker threads; fewer, or none, if the run has as many as it may.
    pub(super) fn take_workers(&self, wanted: usize) -> usize {
        let limit = self.limits.workers;
        let grant = |taken: usize| wanted.min(limit.saturating_sub(taken));
        let before =
            self.state.workers.fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| Some(taken + grant(taken)));
        before.map_or(0, grant)
    }

    /// Gives worker threads back.
    pub(super) fn give_workers(&self, count: usize) {
        self.state.workers.fetch_sub(count, Ordering::AcqRel);
    }

    /// Remembers where in the recipe `secret` stands for a parameter.
    pub(super) fn set_secret_parameters(&self, recipe: &str, places: Vec<Position>) {
        let _ = self.state.secret_parameters.set((recipe.to_owned(), places));
    }

    /// Whether `secret`, called there, stands for a parameter: it is `params` that then knows which one to read.
    pub(super) fn is_secret_parameter(&self, source: Option<&str>, place: Position) -> bool {
        let known = self.state.secret_parameters.get();
        known.is_some_and(|(recipe, places)| source == Some(recipe) && places.contains(&place))
    }

    /// The texts of the run's scripts.
    pub(super) fn sources(&self) -> &Sources {
        &self.state.sources
    }

    /// Makes it the next piece of a longer run, which charges the same meter and knows the same texts.
    pub(super) fn continuing(mut self, meter: Arc<Meter>, sources: Sources) -> Self {
        self.state.meter = meter;
        self.state.sources = sources;
        self
    }

    /// How many operations the script engine has carried out.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state.operations.load(Ordering::Relaxed)
    }
}

/// How natives find their run: the engine's tag holds it.
#[derive(Clone)]
pub(super) struct Tag(pub(super) Arc<RunContext>);
