//! Each native's example runs, and what claims to be true is. Those of the platform run in the demo world.

use serde_json::Value;
use stackhand::engine::Registry;

use crate::stage::Stage;

#[test]
fn every_example_runs() {
    let mut failures = Vec::new();
    for native in Registry::shared().iter().filter(|native| !native.example.is_empty()) {
        let outcome = Stage::demo().run(native.example);
        if let Some(error) = outcome.error() {
            failures.push(format!("{}: {}\n  {error:?}", native.signature(), native.example));
        } else if outcome.value == Value::Bool(false) {
            failures.push(format!("{}: {} is false", native.signature(), native.example));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
