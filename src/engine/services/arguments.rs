//! From what a script gives to a call: identifiers by position, the rest from one map, in which parameters go by
//! their name on the wire or in `snake_case`, and everything else is a field of the body.

use rhai::{Dynamic, Map};
use serde_json::Value;

use crate::catalog::{FilledFrom, Operation, Parameter, Place, nearest};
use crate::engine::native::type_name_of;
use crate::engine::values::{Object, to_request, to_value};
use crate::error::{Error, Kind};
use crate::transport::{Call, Payload, Target};

/// The parameters that are given by position.
pub fn positional(operation: &'static Operation) -> impl Iterator<Item = &'static Parameter> {
    operation.parameters.iter().filter(|parameter| parameter.place == Place::Path && parameter.filled_from().is_none())
}

/// The call that a script's arguments mean.
///
/// # Errors
/// Kind `invalid`, naming what is missing, wrong or unknown.
pub fn call_of(operation: &'static Operation, target: Target, mut values: Vec<Dynamic>) -> Result<Call, Error> {
    let mut call = Call::new(operation, target);
    let options = match values.last() {
        Some(last) if last.is_map() || (last.is::<Object>() && values.len() > positional(operation).count()) => {
            values.pop().map(fields_of).unwrap_or_default()
        }
        _ => Map::new(),
    };
    let given: Vec<_> = positional(operation).zip(values).collect();
    for (parameter, value) in &given {
        call.parameters.insert(parameter.name.to_owned(), identifier(operation, parameter, value)?);
    }
    let is_open = |parameter: &Parameter| given.iter().all(|(other, _)| other.name != parameter.name);
    let mut body = serde_json::Map::new();
    let mut whole_body = None;
    for (name, value) in options {
        let wanted = operation.parameters.iter().find(|parameter| is_open(parameter) && is_called(parameter, &name));
        if let Some(parameter) = wanted {
            set_parameter(&mut call, parameter, &name, &value)?;
        } else if let Some(place) = place_named(&name) {
            set_place(&mut call, place, &name, &value)?;
        } else if name == "body" && operation.body.is_some() && !has_field(operation, "body") {
            whole_body = Some(in_request(operation, &name, &value)?);
        } else if operation.body.is_some() {
            body.insert(name.to_string(), in_request(operation, &name, &value)?);
        } else {
            return Err(unknown(operation, &name));
        }
    }
    check_missing(&call)?;
    call.payload = payload(operation, whole_body, body)?;
    Ok(call)
}

fn fields_of(value: Dynamic) -> Map {
    match value.try_cast_result::<Object>() {
        Ok(object) => object.to_map(),
        Err(value) => value.try_cast::<Map>().unwrap_or_default(),
    }
}

fn invalid(code: &'static str, message: String) -> Error {
    Error::new(Kind::Invalid, code, message)
}

/// An identifier: text or a number, or an object that carries its own.
fn identifier(operation: &'static Operation, parameter: &Parameter, value: &Dynamic) -> Result<Value, Error> {
    if let Some(object) = value.read_lock::<Object>()
        && let Some(id) = object.text("id")
    {
        return Ok(Value::from(id.as_str()));
    }
    if value.is_string() || value.is_int() || value.is_bool() {
        return to_value(value);
    }
    let given = type_name_of(value);
    let message =
        format!("`{}`: `{}` must be text or an object with an `id`, not {given}", operation.name, parameter.name);
    Err(invalid("wrong_argument", message).with_hint(usage(operation)))
}

/// Whether a parameter goes by this name.
fn is_called(parameter: &Parameter, name: &str) -> bool {
    parameter.name == name || snake_case(parameter.name) == name
}

/// `projectId` and `X-Request-ID` as scripts write them: `project_id`, `x_request_id`.
pub fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut was_lower = false;
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            if letter.is_ascii_uppercase() && was_lower {
                snake.push('_');
            }
            was_lower = !letter.is_ascii_uppercase();
            snake.push(letter.to_ascii_lowercase());
        } else if !snake.ends_with('_') && !snake.is_empty() {
            snake.push('_');
            was_lower = false;
        }
    }
    snake
}

fn place_named(name: &str) -> Option<FilledFrom> {
    match name {
        "project_id" | "projectId" => Some(FilledFrom::Project),
        "region" | "region_id" | "regionId" => Some(FilledFrom::Region),
        _ => None,
    }
}

/// Sets project or region for an operation that has them in its host, or under the other of their names.
fn set_place(call: &mut Call, place: FilledFrom, name: &str, value: &Dynamic) -> Result<(), Error> {
    let has_place = call.operation.parameters.iter().any(|parameter| parameter.filled_from() == Some(place));
    let is_in_host = place == FilledFrom::Region && call.operation.base_url.contains("{region}");
    if !has_place && !is_in_host {
        return Err(unknown(call.operation, name));
    }
    let Ok(text) = value.clone().into_immutable_string() else {
        let message = format!("`{}`: `{name}` must be text, not {}", call.operation.name, type_name_of(value));
        return Err(invalid("wrong_argument", message));
    };
    let text = Some(text.to_string());
    match place {
        FilledFrom::Project => call.target.project = text,
        FilledFrom::Region => call.target.region = text,
    }
    Ok(())
}

fn set_parameter(call: &mut Call, parameter: &Parameter, name: &str, value: &Dynamic) -> Result<(), Error> {
    if let Some(place) = parameter.filled_from() {
        return set_place(call, place, name, value);
    }
    if value.is_unit() {
        let message = format!("`{}`: `{name}` is given `()`", call.operation.name);
        return Err(invalid("nothing_given", message).with_hint("leave it out instead, if it is not wanted"));
    }
    let value = in_request(call.operation, name, value)?;
    if call.parameters.insert(parameter.name.to_owned(), value).is_some() {
        let message = format!("`{}`: `{}` is given twice", call.operation.name, parameter.name);
        return Err(invalid("given_twice", message));
    }
    Ok(())
}

fn in_request(operation: &Operation, name: &str, value: &Dynamic) -> Result<Value, Error> {
    to_request(value)
        .map_err(|error| Error { message: format!("`{}`: `{name}`: {}", operation.name, error.message), ..error })
}

fn has_field(operation: &Operation, name: &str) -> bool {
    let Some(body) = &operation.body else { return false };
    operation.service().shapes().field(body.shape, name).is_some()
}

fn unknown(operation: &'static Operation, name: &str) -> Error {
    let known: Vec<String> = operation.parameters.iter().map(|parameter| snake_case(parameter.name)).collect();
    let error = invalid("unknown_parameter", format!("`{}` has no parameter `{name}`", operation.name));
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint(usage(operation)),
    }
}

/// Names a parameter that is missing before the transport does, in a script's words.
fn check_missing(call: &Call) -> Result<(), Error> {
    let missing = call.operation.parameters.iter().find(|parameter| {
        parameter.is_required && parameter.filled_from().is_none() && !call.parameters.contains_key(parameter.name)
    });
    match missing {
        None => Ok(()),
        Some(parameter) => {
            let message = format!("`{}` needs `{}`", call.operation.name, snake_case(parameter.name));
            Err(invalid("missing_parameter", message).with_hint(usage(call.operation)))
        }
    }
}

fn payload(
    operation: &'static Operation,
    whole: Option<Value>,
    fields: serde_json::Map<String, Value>,
) -> Result<Payload, Error> {
    let Some(body) = &operation.body else { return Ok(Payload::Empty) };
    let is_json = body.content_type.contains("json") || body.content_type.contains("form");
    match whole {
        Some(_) if !fields.is_empty() => {
            let name = fields.keys().next().map_or("", String::as_str);
            Err(unknown(operation, name)
                .with_hint("beside `body`, which is the whole of it, there are only parameters"))
        }
        Some(Value::String(text)) if !is_json => Ok(Payload::Bytes(text.into())),
        Some(value) => Ok(Payload::Json(value)),
        None if !fields.is_empty() => Ok(Payload::Json(Value::Object(fields))),
        None if body.is_required => {
            let known: Vec<_> = operation.service().shapes().fields(body.shape).into_iter().collect();
            let required: Vec<_> = known.iter().filter(|field| field.is_required).map(|field| field.name).collect();
            let error = invalid("missing_body", format!("`{}` needs the fields of its body", operation.name));
            Err(if required.is_empty() {
                error.with_hint(usage(operation))
            } else {
                error.with_hint(format!("at least {}", required.join(", ")))
            })
        }
        None => Ok(Payload::Empty),
    }
}

/// How the function is called: `get_zone(zone_id, #{ project_id?, region? })`.
pub fn usage(operation: &'static Operation) -> String {
    let mut arguments: Vec<String> = positional(operation).map(|parameter| snake_case(parameter.name)).collect();
    let in_map = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.place != Place::Path || parameter.filled_from().is_some());
    let mut keys: Vec<String> = in_map
        .map(|parameter| {
            let is_optional = !parameter.is_required || parameter.filled_from().is_some();
            format!("{}{}", snake_case(parameter.name), if is_optional { "?" } else { "" })
        })
        .collect();
    if let Some(body) = &operation.body {
        let fields = operation.service().shapes().fields(body.shape);
        keys.extend(
            fields
                .iter()
                .filter(|field| !field.is_read_only)
                .map(|field| format!("{}{}", field.name, if field.is_required { "" } else { "?" })),
        );
    }
    if !keys.is_empty() {
        arguments.push(format!("#{{ {} }}", keys.join(", ")));
    }
    format!("it is called as `{}({})`", operation.name, arguments.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_wire_are_written_as_scripts_write_names() {
        for (wire, script) in [
            ("projectId", "project_id"),
            ("X-Request-ID", "x_request_id"),
            ("label_selector", "label_selector"),
            ("page[size]", "page_size_"),
            ("dnsName[eq]", "dns_name_eq_"),
        ] {
            assert_eq!(snake_case(wire), script);
        }
    }
}
