//! Each example of the platform's natives runs on the demo world, and what claims to be true is.

use serde_json::Value;
use stackhand::engine::Registry;

use crate::stage::Stage;

#[test]
fn every_example_of_the_platform_runs() {
    let mut failures = Vec::new();
    let natives =
        Registry::shared().iter().filter(|native| !native.operations.is_empty() && !native.example.is_empty());
    for native in natives {
        let outcome = Stage::demo().run(native.example);
        if let Some(error) = outcome.error().cloned().filter(|error| {
            !error.call.as_ref().is_some_and(|call| call.status == Some(501) || call.operation.ends_with("key_pairs"))
        }) {
            let hint = error.hint.unwrap_or_default();
            failures.push(format!(
                "{}: {}\n  {}: {} ({hint})",
                native.signature(),
                native.example,
                error.code,
                error.message
            ));
        } else if outcome.value == Value::Bool(false) {
            failures.push(format!("{}: {} is false", native.signature(), native.example));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_operation_that_a_native_names_is_in_the_catalogue() {
    for native in Registry::shared().iter() {
        for operation in native.operations {
            let (module, name) = operation.split_once('.').expect("module.name");
            assert!(stackhand::catalog::operation(module, name).is_some(), "{operation} of {}", native.name);
        }
        if !native.operations.is_empty() {
            assert!(!native.doc.is_empty() && !native.errors.is_empty(), "{}", native.name);
        }
    }
}
