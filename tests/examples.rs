//! Each native's example runs, and what claims to be true is.

use serde_json::Value;
use stackhand::clock::Clock;
use stackhand::engine::{Outcome, Registry, RunContext, Source, run};

fn run_example(runtime: &tokio::runtime::Runtime, text: &str) -> Outcome {
    let start = "2026-11-22T08:00:00Z".parse().expect("a time");
    let context = RunContext::new(runtime.handle().clone(), Clock::starting_at(start));
    run(&Source::inline("example.rhai", text), context)
}

#[test]
fn every_example_runs() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut failures = Vec::new();
    for native in Registry::shared().iter().filter(|native| !native.example.is_empty()) {
        let outcome = run_example(&runtime, native.example);
        if let Some(error) = outcome.error() {
            failures.push(format!("{}: {}\n  {error:?}", native.signature(), native.example));
        } else if outcome.value == Value::Bool(false) {
            failures.push(format!("{}: {} is false", native.signature(), native.example));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
