//! Counts what a run would change before it changes anything: the recipe runs once against a fork of what it reads.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::{RunRequest, Session};
use crate::catalog::{self, Effect, Operation};
use crate::clock::Clock;
use crate::engine::footprint::derive;
use crate::engine::{self, Failure, Limits, Outcome, RunContext, Silent, Source};
use crate::error::{Error, Kind, Result};
use crate::plan::{Fork, ForkOptions, Memory, Reads};
use crate::policy::{Admission, Calls, Counted, Excess, Reach, Tally, in_words};
use crate::resources::Platform;

/// A rehearsal that takes longer is given up, and the caps count as the run goes.
const LONGEST: Duration = Duration::from_mins(5);
/// One that makes more requests, too.
const MOST_REQUESTS: u64 = 20_000;

/// So many volumes are told by name at most.
const MOST_NAMED: usize = 10;

/// What a run would change.
pub struct Rehearsal {
    /// By operation.
    pub counted: Vec<Counted>,
    /// The caps that it would pass.
    pub excesses: Vec<Excess>,
    /// Why it could not be counted to the end, if that is so.
    pub ended: Option<String>,
    /// What the world that it was rehearsed in lacks.
    pub notes: Vec<String>,
    /// Whether it was ended because nobody can foretell what comes next.
    is_cut_short: bool,
    /// The refusal that it ended with.
    refusal: Option<Failure>,
    /// Each call that was counted.
    calls: Calls,
    /// What there was, by its id.
    known: HashSet<String>,
}

impl Session {
    /// Whether a run of this script may change something real, so that it is worth a rehearsal: as far as its syntax
    /// tree tells, and the run's grants leave it.
    #[must_use]
    pub fn may_change(&self, source: &Source) -> bool {
        // Without a journal nothing can be changed.
        let is_recorded = self.journal.as_ref().is_some_and(|journal| journal.unwritable().is_none());
        if self.live.is_none() || !is_recorded {
            return false;
        }
        let is_open = |operation: &&'static Operation| {
            operation.effect != Effect::Read && self.rules.admit(operation) != Admission::Refused
        };
        let footprint = derive(source);
        let choices = footprint.choices.iter().flat_map(|choice| choice.operations.iter().copied());
        let mut called = footprint.needs.iter().map(|need| need.operation).chain(choices);
        called.any(|operation| is_open(&operation))
            || (!footprint.loose.is_empty() && all_operations().any(|it| is_open(&it)))
    }
}

fn all_operations() -> impl Iterator<Item = &'static Operation> {
    catalog::modules().filter_map(catalog::service).flat_map(|service| &service.operations)
}

/// Rehearses a run and blocks until that has ended: silently, with time that jumps, and without sending anything but
/// reads. Not to be called on a thread of the runtime.
///
/// # Errors
/// When the session leads to nothing that is real.
pub fn rehearse(session: &Session, runtime: &Handle, request: &RunRequest) -> Result<Rehearsal> {
    let Some(live) = &session.live else {
        return Err(Error::new(Kind::Bug, "not_live", "there is nothing to rehearse: the world is simulated"));
    };
    let memory = Memory::of(Reads::from(live.backend.clone()));
    let recipe_clock = Clock::starting_at(session.process_clock.now());
    let end = request.cancel.child_token();
    let surveyor = live.client(Arc::new(memory.clone()), session).build();
    let fork = Arc::new(Fork::new(ForkOptions {
        memory: memory.clone(),
        surveyor: surveyor.clone(),
        recipe_clock: recipe_clock.clone(),
        process_clock: session.process_clock.clone(),
        most_requests: MOST_REQUESTS,
        end: end.clone(),
    }));
    let tally = Arc::new(Tally::new(session.caps.clone(), Reach::Counts));
    let client = live.client(fork.clone(), session).gate(session.rules.clone()).tally(tally.clone()).build();
    let mut context = RunContext::new(runtime.clone(), recipe_clock.clone());
    context.process_clock = session.process_clock.clone();
    context.platform = Some(Platform::new(Arc::new(client.clone()), session.target.clone(), recipe_clock));
    context.arguments = request.arguments.clone();
    context.limits = Limits {
        deadline: Some(request.limits.deadline.map_or(LONGEST, |deadline| deadline.min(LONGEST))),
        ..request.limits.clone()
    };
    context.fire_time = request.fire_time;
    context.is_rehearsed = true;
    context.output = Arc::new(Silent);
    context.cancel = end;
    context.kept = Arc::new(request.kept.afresh());
    context.surroundings = session.around(request.surroundings.clone(), &request.source.name);
    let outcome = engine::run(&request.source, context);
    let mut excesses = tally.excesses();
    // Nobody needs the names of a hundred volumes.
    let named = excesses.len().min(MOST_NAMED);
    runtime.block_on(surveyor.name_volumes(&mut excesses[..named], &session.target));
    let failed = failed(&outcome).map(|message| match fork.guessed() {
        Some(change) => format!("{message} (what {change} answers is a guess)"),
        None => message,
    });
    Ok(Rehearsal {
        is_cut_short: fork.ended().is_some(),
        ended: fork.ended().map(str::to_owned).or(failed),
        notes: fork.notes(),
        refusal: outcome.failure.filter(|failure| failure.error.kind == Kind::Policy),
        counted: tally.counted(),
        excesses,
        calls: tally.calls(),
        known: memory.texts(),
    })
}

/// Why a rehearsal that went wrong says nothing of what the run would have done next.
fn failed(outcome: &Outcome) -> Option<String> {
    let error = outcome.error().filter(|error| error.kind != Kind::Policy)?;
    Some(error.message.clone())
}

impl Rehearsal {
    /// How many changes were counted.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.counted.iter().map(|counted| counted.count).sum()
    }

    /// The refusal that the run would meet at last, and that it meets before it changes anything.
    #[must_use]
    pub fn refusal(&self) -> Option<&Failure> {
        self.refusal.as_ref()
    }

    /// Refuses the run if it would pass caps.
    ///
    /// # Errors
    /// Of kind `policy`, naming every cap that would be passed and how to give more.
    pub fn check(&self) -> Result<()> {
        if self.excesses.is_empty() {
            return Ok(());
        }
        let mut words: Vec<String> = self.excesses.iter().map(ToString::to_string).collect();
        words.extend(self.note());
        words.push("nothing was changed".to_owned());
        let hint = Excess::hint(&self.excesses, self.ended.is_none());
        Err(Error::new(Kind::Policy, "cap_reached", words.join("; ")).with_hint(hint))
    }

    /// Holds a run to what was counted: that was shown, and agreed to.
    pub fn bind(self, tally: &Tally) {
        tally.agree(&self.calls, self.known);
    }

    /// What a person should know of a rehearsal that changes were counted in, but not to the end.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let why = self.ended.as_ref().filter(|_| self.changes() > 0 || self.is_cut_short)?;
        let deeds = self.counted.iter().map(|counted| (counted.operation.name, counted.count)).collect();
        let counted = if self.changes() == 0 { "nothing".to_owned() } else { in_words(&deeds) };
        Some(format!("counted up to {counted}: {why}"))
    }
}
