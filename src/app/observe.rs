//! A recipe run on the simulator, to see which operations it calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{GivenCaps, Opening, Progress, RunRequest, Session, Simulation, run};
use crate::catalog::Operation;
use crate::config::{Environment, Given};
use crate::engine::{Limits, Outcome, Silent, Source, Surroundings, Witness};
use crate::error::Result;
use crate::policy::{Grant, LocalGrant, ManagedObjects, Sources};
use crate::secret::Scrubber;

/// What is observed.
pub struct ObserveRequest {
    /// The process's variables and folders.
    pub environment: Environment,
    /// The world that it runs in.
    pub simulation: Simulation,
    /// Learns every secret.
    pub scrubber: Scrubber,
    /// The recipe.
    pub source: Source,
    /// The values of its parameters.
    pub arguments: BTreeMap<String, Value>,
    /// What it may read outside the API: nothing is sent or written in any case.
    pub local: Vec<LocalGrant>,
    /// How far it may go.
    pub limits: Limits,
    /// Ends it from outside.
    pub cancel: CancellationToken,
}

/// What was seen.
pub struct Observation {
    /// The operations that were called, by name; those of the belts among them.
    pub operations: Vec<&'static Operation>,
    /// What was touched outside the API, or would have been.
    pub local: BTreeSet<LocalGrant>,
    /// How the run ended.
    pub outcome: Outcome,
}

const UNCAPPED: &str = "deletions=1000000000, changes=1000000000, share=100%";

/// Notes which operations are called.
#[derive(Default)]
struct Recorder(Mutex<BTreeMap<(&'static str, &'static str), &'static Operation>>);

impl Progress for Recorder {
    fn sent(&self, operation: &'static Operation) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert((operation.module, operation.name), operation);
    }

    fn ended(&self, _operation: &'static Operation) {}
}

/// Runs a recipe on the in-process simulator with every permission of the API, and blocks until it has ended. Not to be
/// called on a thread of the runtime.
///
/// # Errors
/// When the world cannot be read. That the recipe fails is no error, but part of what was seen.
pub fn observe(runtime: Handle, request: ObserveRequest) -> Result<Observation> {
    let recorder = Arc::new(Recorder::default());
    let witness = Arc::new(Witness::default());
    // What is not done may be tried, wherever it leads.
    let tried = [LocalGrant::WriteFile("/".to_owned()), LocalGrant::Network("*".to_owned())];
    let opening = Opening {
        environment: request.environment.clone(),
        given: Given { profile: Some("sim".to_owned()), is_simulated: true, ..Given::default() },
        workspace: None,
        simulation: request.simulation,
        scrubber: request.scrubber.clone(),
        max_in_flight: None,
        max_calls: None,
        // A list of local grants alone does not restrict the API.
        sources: Sources {
            allow: request.local.into_iter().chain(tried).map(Grant::local).collect(),
            ..Sources::default()
        },
        managed: ManagedObjects::Protected,
        includes_self: false,
        // What it does is looked at, however much that is.
        caps: GivenCaps { flag: vec![UNCAPPED.to_owned()], ..GivenCaps::default() },
        seed: 0,
        progress: Some(recorder.clone()),
        consent: None,
        recording: None,
        worlds: None,
    };
    let session = Session::open(&opening)?;
    let outcome = run(
        &session,
        runtime,
        RunRequest {
            source: request.source,
            arguments: request.arguments,
            limits: request.limits,
            fire_time: None,
            output: Arc::new(Silent),
            cancel: request.cancel,
            kept: Arc::default(),
            surroundings: Surroundings {
                environment: request.environment,
                scrubber: request.scrubber,
                witness: Some(witness.clone()),
                ..Surroundings::default()
            },
        },
    );
    let seen = recorder.0.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Observation { operations: seen.values().copied().collect(), local: witness.seen(), outcome })
}

#[cfg(test)]
#[path = "observe_tests.rs"]
mod tests;
