//! One run of a recipe: what it gets, what becomes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Session;
use super::ledger::RecordedDeeds;
use super::messages::{Counter, Messages};
use super::recording::{RecordedOutput, ended};
use crate::engine::{self, Kept, Limits, Notifier, Outcome, Output, RunContext, Source, Surroundings};

/// What a run gets besides the session.
pub struct RunRequest {
    /// The script.
    pub source: Source,
    /// The values of its parameters.
    pub arguments: BTreeMap<String, Value>,
    /// How far it may go.
    pub limits: Limits,
    /// The instant that it stands for; now if `None`.
    pub fire_time: Option<DateTime<Utc>>,
    /// Where its words go.
    pub output: Arc<dyn Output>,
    /// Ends it from outside.
    pub cancel: CancellationToken,
    /// What it keeps from run to run, as far as earlier runs have kept it.
    pub kept: Arc<Kept>,
    /// Variables, the terminal, its scrubber.
    pub surroundings: Surroundings,
}

/// Runs a recipe and blocks until it has ended. Not to be called on a thread of the runtime.
#[must_use]
pub fn run(session: &Session, runtime: Handle, request: RunRequest) -> Outcome {
    run_telling(session, runtime, request, None)
}

/// The same, and what it tells people goes into an outbox that somebody empties for all runs.
pub(super) fn run_telling(
    session: &Session,
    runtime: Handle,
    request: RunRequest,
    counter: Option<Arc<dyn Counter>>,
) -> Outcome {
    let RunRequest { source, arguments, limits, fire_time, output, cancel, kept, mut surroundings } = request;
    surroundings = session.around(surroundings, &source.name);
    let mut context = RunContext::new(runtime, session.recipe_clock.clone());
    context.process_clock = session.process_clock.clone();
    context.platform = Some(session.platform());
    context.outside.clone_from(&session.outside);
    context.arguments = arguments;
    context.limits = limits;
    context.fire_time = fire_time;
    context.is_simulated = session.is_simulated();
    if let Some(journal) = session.journal.as_ref().filter(|_| session.outside.is_some()) {
        context.ledger = Some(Arc::new(RecordedDeeds::new(journal.clone(), session.process_clock.clone())));
    }
    context.output = match &session.journal {
        Some(journal) => Arc::new(RecordedOutput { output, journal: journal.clone() }),
        None => output,
    };
    context.cancel = cancel;
    context.kept = kept;
    let messages = Messages::of(session, &surroundings, &context.runtime, counter);
    context.notifier = messages.clone().map(|messages| messages as Arc<dyn Notifier>);
    context.surroundings = surroundings;
    let said = context.output.clone();
    let outcome = engine::run(&source, context);
    session.end(ended(&outcome));
    if let Some(messages) = messages {
        messages.deliver(None).iter().for_each(|line| said.say(line));
    }
    outcome
}
