//! An API document as JSON, with its references followed.

use serde_json::{Map, Value};

/// One OpenAPI document.
pub struct Api {
    pub root: Value,
}

impl Api {
    /// Follows `$ref` until there is none.
    pub fn resolve<'v>(&'v self, mut value: &'v Value) -> Result<&'v Value, String> {
        for _ in 0..32 {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return Ok(value) };
            let pointer = reference.strip_prefix('#').ok_or_else(|| format!("`{reference}` leaves the document"))?;
            value = self.root.pointer(pointer).ok_or_else(|| format!("`{reference}` leads nowhere"))?;
        }
        Err("references run in a circle".to_owned())
    }
}

/// The name of the schema that `$ref` points to.
pub fn schema_name(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")
}

/// A member that is an array; empty if absent.
pub fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A member that is an object, if it is one.
pub fn object<'v>(value: &'v Value, key: &str) -> Option<&'v Map<String, Value>> {
    value.get(key).and_then(Value::as_object)
}

/// A member that is text, if it is one.
pub fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

/// Whether a member is `true`.
pub fn is_set(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}
