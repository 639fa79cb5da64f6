//! `stackhand.toml` as a JSON schema, for editors; made of the table of keys that the reader uses.

use serde_json::{Map, Value, json};

use super::keys::{Key, Keys, Shape, TOP};
use super::shape::LONGEST_NAME;

/// The schema, of draft 7: what editors of TOML understand.
#[must_use]
pub fn schema() -> Value {
    let mut schema = table(&TOP);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("stackhand.toml");
    schema["description"] = json!("A workspace of stackhand: profiles, channels and jobs");
    schema["dependencies"] = json!({ "job": ["timezone"] });
    schema
}

fn table(keys: &Keys) -> Value {
    let properties: Map<String, Value> = keys.all.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let mut table = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    let needed: Vec<&str> = keys.all.iter().filter(|key| key.is_needed).map(|key| key.name).collect();
    if !needed.is_empty() {
        table["required"] = json!(needed);
    }
    if !keys.one_of.is_empty() {
        table["oneOf"] = keys.one_of.iter().map(|name| json!({ "required": [name] })).collect();
    }
    table
}

fn property(key: &Key) -> Value {
    let mut property = of_shape(key.shape);
    property["description"] = json!(key.meaning);
    if let Some(default) = default(key) {
        property["default"] = default;
    }
    property
}

/// The default as JSON.
fn default(key: &Key) -> Option<Value> {
    let table: Map<String, Value> = toml::from_str(&format!("value = {}", key.default)).ok()?;
    table.get("value").cloned()
}

fn of_shape(shape: Shape) -> Value {
    let by_name = |values: Value| json!({ "type": "object", "additionalProperties": values });
    let one_or_several = |one: Value| json!({ "anyOf": [one.clone(), { "type": "array", "items": one }] });
    match shape {
        Shape::Truth => json!({ "type": "boolean" }),
        Shape::Text => json!({ "type": "string" }),
        Shape::Texts => one_or_several(json!({ "type": "string" })),
        Shape::Name => name(),
        Shape::Names => one_or_several(name()),
        Shape::SomeNames => {
            json!({ "anyOf": [name(), { "type": "array", "minItems": 1, "items": name() }] })
        }
        Shape::Secret => json!({ "type": "string", "minLength": 1 }),
        Shape::Number(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Duration(..) => {
            json!({ "type": "string", "pattern": "^\\s*([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?\\s*$" })
        }
        Shape::Choice(names) => json!({ "enum": names }),
        Shape::Choices(names) => one_or_several(json!({ "enum": names })),
        Shape::TruthOrText(_) => json!({ "type": ["boolean", "string"] }),
        Shape::Numbers => by_name(json!({ "type": ["integer", "string"] })),
        Shape::TextsByName => by_name(json!({ "type": "string" })),
        Shape::Values => json!({ "type": "object" }),
        Shape::Table(keys) => table(keys),
        Shape::Tables(keys) => json!({ "type": "array", "items": table(keys) }),
        Shape::TablesByName(keys) => by_name(table(keys)),
        Shape::TablesByKind(kinds) => {
            let of_kind = |(name, keys): &(&str, &Keys)| {
                let mut table = table(keys);
                table["title"] = json!(name);
                table["properties"]["kind"]["enum"] = json!([name]);
                table
            };
            by_name(json!({ "oneOf": kinds.iter().map(of_kind).collect::<Vec<_>>() }))
        }
    }
}

fn name() -> Value {
    json!({ "type": "string", "maxLength": LONGEST_NAME, "pattern": "^[^\\s@/\\\\]+$" })
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
