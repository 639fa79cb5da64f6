//! Scripts that need no cloud.

use std::sync::LazyLock;

use serde_json::Value;
use stackhand::clock::Clock;
use stackhand::engine::{Outcome, RunContext, Source, run};
use stackhand::error::Error;

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
});

fn outcome_of(script: &str) -> Outcome {
    let clock = Clock::starting_at("2026-11-22T01:00:00Z".parse().expect("a time"));
    let context = RunContext::new(RUNTIME.handle().clone(), clock);
    run(&Source::inline("test.rhai", script), context)
}

/// The value of a script's last expression.
pub fn evaluate(script: &str) -> Value {
    let outcome = outcome_of(script);
    if let Some(failure) = outcome.failure {
        panic!("{failure:?}\n{script}");
    }
    outcome.value
}

/// The error of a script that fails.
pub fn fails_with(script: &str) -> Error {
    outcome_of(script).error().cloned().unwrap_or_else(|| panic!("it does not fail:\n{script}"))
}
