//! Our validation and an official JSON schema validator agree: on samples of every schema, and on what becomes of a
//! sample when a part of it is left out, made null, or made something else.

use serde_json::{Map, Value, json};
use stackhand::catalog::{self, Direction};

use crate::official::Official;

/// Where we say more: the rule for the labels of IaaS stands in a text of its document only.
fn is_about_labels(module: &str, name: &str, ours: &[catalog::Violation]) -> bool {
    let is_label = |violation: &catalog::Violation| name == "Labels" || violation.path.contains("labels");
    module.starts_with("iaas") && ours.iter().all(is_label)
}

#[test]
fn we_agree_with_an_official_validator() {
    let Some(official) = Official::shared() else { return };
    let mut count = 0;
    let mut differences = Vec::new();
    for service in catalog::services() {
        for name in official.schemas(service.module) {
            let Some(shape) = service.shapes().named(name) else { continue };
            let schema = json!({"$ref": format!("#/components/schemas/{name}")});
            let sample = sample(official, service.module, &schema, 0);
            for direction in [Direction::Request, Direction::Answer] {
                // What differs by direction shows in the first variants: they leave parts out.
                let enough = if direction == Direction::Request { usize::MAX } else { 25 };
                for value in variants(&sample).into_iter().take(enough) {
                    count += 1;
                    let ours = catalog::validate(service, shape, &value, direction);
                    let theirs = official.check(service.module, &schema, direction, &value);
                    let is_known = theirs.is_empty() && is_about_labels(service.module, name, &ours);
                    if ours.is_empty() != theirs.is_empty() && !is_known {
                        differences.push(format!(
                            "{} {name} {direction:?}: ours {ours:?}, theirs {theirs:?}, of {value}",
                            service.module
                        ));
                    }
                }
            }
        }
    }
    differences.truncate(20);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(count > 10_000, "{count}");
}

#[test]
fn every_message_has_the_shape_that_its_operation_documents() {
    let Some(official) = Official::shared() else { return };
    let mut count = 0;
    for service in catalog::services() {
        // An empty object misses all that is required; a wrong shape misses something else.
        for value in [json!({}), json!([{}]), json!({"items": [{}]}), json!({"code": 1, "msg": "text"})] {
            for operation in service.operations.iter().filter(|operation| official.knows(operation)) {
                let texts = |shape, direction| catalog::validate(service, shape, &value, direction).len();
                if let Some(body) = &operation.body
                    && body.content_type == "application/json"
                {
                    let theirs = official.body(operation, &value);
                    assert_eq!(texts(body.shape, Direction::Request) == 0, theirs.is_empty(), "{}", operation.name);
                    count += 1;
                }
                let answer = operation.answer_shape().map(|shape| (operation.success[0], shape));
                let errors = operation.errors().iter().filter(|error| error.status >= 400);
                let errors = errors.filter_map(|error| error.shape.map(|shape| (error.status, shape)));
                for (status, shape) in answer.into_iter().chain(errors) {
                    let theirs = official.answer(operation, status, &value);
                    let agrees = (texts(shape, Direction::Answer) == 0) == theirs.is_empty();
                    assert!(agrees, "{}.{} {status}: {theirs:?}", operation.module, operation.name);
                    count += 1;
                }
            }
        }
    }
    assert!(count > 10_000, "{count}");
}

/// A value of a schema: its example, or one made of its parts.
fn sample(official: &Official, module: &str, schema: &Value, depth: usize) -> Value {
    let schema = official.resolve(module, schema);
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    let of = |schema: &Value| sample(official, module, schema, depth + 1);
    let mut members = Map::new();
    for member in schema["allOf"].as_array().into_iter().flatten() {
        match of(member) {
            Value::Object(inner) => members.extend(inner),
            other => return other,
        }
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(first) = schema[key].as_array().and_then(|choices| choices.first()) {
            match of(first) {
                Value::Object(inner) => members.extend(inner),
                other => return other,
            }
        }
    }
    if let Some(value) = schema["enum"].as_array().and_then(|values| values.first()) {
        return value.clone();
    }
    match schema["type"].as_str() {
        Some("boolean") => json!(true),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("string") => text(schema["format"].as_str()),
        Some("array") if depth > 6 => json!([]),
        Some("array") => json!([of(&schema["items"])]),
        _ => {
            if depth <= 6 {
                for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                    members.insert(name.clone(), of(property));
                }
                if let Some(others) = schema.get("additionalProperties").filter(|others| others.is_object()) {
                    members.insert("key".to_owned(), of(others));
                }
            }
            Value::Object(members)
        }
    }
}

fn text(format: Option<&str>) -> Value {
    match format {
        Some("uuid") => json!("5f2a9a5e-6c3b-4f0e-9d57-0d3b3d3a1c11"),
        Some("date-time") => json!("2026-01-31T12:00:00Z"),
        Some("date") => json!("2026-01-31"),
        Some("byte") => json!("aGk="),
        _ => json!("text"),
    }
}

/// The value, and the value with one part changed.
fn variants(value: &Value) -> Vec<Value> {
    let mut variants = vec![value.clone(), Value::Null, json!(7), json!("other"), json!([]), json!({})];
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let mut without = members.clone();
                without.remove(name);
                variants.push(Value::Object(without));
                for changed in changes(member) {
                    let mut with = members.clone();
                    with.insert(name.clone(), changed);
                    variants.push(Value::Object(with));
                }
            }
            let mut with = members.clone();
            with.insert("strange".to_owned(), json!(1));
            variants.push(Value::Object(with));
        }
        Value::Array(items) => {
            for changed in items.first().map(changes).unwrap_or_default() {
                variants.push(json!([changed]));
            }
            variants.push(items.iter().chain(items).cloned().collect());
        }
        _ => {}
    }
    variants
}

/// What a part can become: another kind of value, or itself with a part of its own changed.
fn changes(value: &Value) -> Vec<Value> {
    let mut changes =
        vec![Value::Null, json!(""), json!("a:b c"), json!(-1), json!(1.5), json!(true), json!([]), json!({})];
    match value {
        Value::Object(members) => {
            for name in members.keys() {
                let mut without = members.clone();
                without.remove(name);
                changes.push(Value::Object(without));
                let mut with = members.clone();
                with.insert(name.clone(), json!(-1));
                changes.push(Value::Object(with));
            }
        }
        Value::Array(items) => changes.push(items.iter().chain(items).cloned().collect()),
        _ => {}
    }
    changes
}
