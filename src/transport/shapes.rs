//! What the catalogue's shapes say of a value that is to be sent.

use serde_json::Value;

use crate::catalog::{Operation, ShapeId};

/// What is wrong with a value of this shape, a sentence each; nothing until the catalogue checks shapes.
pub(super) fn violations(_operation: &'static Operation, _shape: ShapeId, _value: &Value) -> Vec<String> {
    Vec::new()
}
