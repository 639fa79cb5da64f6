//! Scripts run whole. What rhai does that we rely on is in `canaries`; an upgrade that changes it fails there first.

mod canaries;
mod catching;
mod check;
mod check_permissions;
mod failures;
mod interpreter;
mod language;
mod limits;
mod modules;
mod notify;
mod objects;
mod parallel;
mod services;
mod state;

use std::sync::{Arc, Mutex};

use rhai::Dynamic;
use serde_json::Value;

use super::{Limits, Outcome, Output, RunContext, Source, run};
use crate::clock::Clock;
use crate::policy::{LocalGrant, LocalGrants};

/// Keeps what a run prints.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) Mutex<Vec<String>>);

impl Output for Kept {
    fn print(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }

    fn say(&self, text: &str) {
        self.0.lock().unwrap().push(format!("# {text}"));
    }
}

/// A place to run scripts in.
pub(crate) struct Bench {
    runtime: tokio::runtime::Runtime,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) constants: Vec<(String, Dynamic)>,
    pub(crate) output: Arc<Kept>,
}

/// What somebody gave outside the API.
pub(crate) fn granted(grants: &[&str]) -> Arc<LocalGrants> {
    let given = grants.iter().map(|text| LocalGrant::parse(text).expect(text)).collect();
    Arc::new(LocalGrants { given, ..LocalGrants::default() })
}

impl Bench {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self {
            runtime,
            clock: Clock::process(),
            limits: Limits::default(),
            constants: Vec::new(),
            output: Arc::default(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: Dynamic) -> Self {
        self.constants.push((name.to_owned(), value));
        self
    }

    pub(crate) fn context(&self) -> RunContext {
        let mut context = RunContext::new(self.runtime.handle().clone(), self.clock.clone());
        context.limits = self.limits.clone();
        context.constants.clone_from(&self.constants);
        context.output = self.output.clone();
        context
    }

    pub(crate) fn run(&self, text: &str) -> Outcome {
        run(&Source::inline("test.rhai", text), self.context())
    }

    /// The value of a script that must succeed.
    pub(crate) fn value(&self, text: &str) -> Value {
        let outcome = self.run(text);
        assert!(outcome.failure.is_none(), "{text}\n{:?}", outcome.failure);
        outcome.value
    }

    /// The message of a script that must fail.
    pub(crate) fn message(&self, text: &str) -> String {
        let outcome = self.run(text);
        outcome.failure.unwrap_or_else(|| panic!("{text}\ngave {}", outcome.value)).error.message
    }
}
