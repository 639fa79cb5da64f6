//! What the platform's natives say of themselves.

use stackhand::engine::Registry;

#[test]
fn every_operation_that_a_native_names_is_in_the_catalogue() {
    for native in Registry::shared().iter() {
        for operation in native.operations {
            let (module, name) = operation.split_once('.').expect("module.name");
            assert!(stackhand::catalog::operation(module, name).is_some(), "{operation} of {}", native.name);
        }
        if !native.operations.is_empty() {
            assert!(!native.doc.is_empty() && !native.errors.is_empty(), "{}", native.name);
            // A verb of a list, or a function of a place, is shown by the example of its other form.
            let is_other_form = native.receiver.as_ref().is_some_and(|one| ["list", "Place"].contains(&&*one.name()));
            assert!(is_other_form || !native.example.is_empty(), "{}", native.signature());
        }
    }
}
