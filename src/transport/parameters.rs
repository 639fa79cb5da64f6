//! Checks a call against its operation before anything is sent: names, presence, emptiness, types.

use serde_json::Value;

use crate::catalog::{FilledFrom, Operation, Parameter, Place};
use crate::error::{Kind, nearest};
use crate::transport::error::name_of;
use crate::transport::shapes::wrongs;
use crate::transport::{Call, Error};

/// Every parameter that the request carries, with its value: the call's own, and project and region from the target.
///
/// # Errors
/// Of kind `invalid`, naming the first parameter that is unknown, absent, empty or of the wrong type; of kind `config`
/// when it is the project or the region that nobody gave.
pub(super) fn checked(call: &Call) -> Result<Vec<(&'static Parameter, Value)>, Error> {
    let operation = call.operation;
    for (name, value) in &call.parameters {
        let parameter = operation.parameters.iter().find(|parameter| parameter.name == name);
        let Some(parameter) = parameter else {
            return Err(unknown(operation, name));
        };
        check_value(operation, parameter, value)?;
    }
    let mut filled = Vec::with_capacity(operation.parameters.len());
    for parameter in &operation.parameters {
        if let Some(value) = call.parameters.get(parameter.name) {
            filled.push((parameter, value.clone()));
        } else if let Some(value) = from_target(call, parameter)? {
            filled.push((parameter, value));
        } else if parameter.is_required {
            let text = format!("`{}` needs the parameter `{}`", name_of(operation), parameter.name);
            return Err(Error::before_sending(operation, Kind::Invalid, "missing_parameter", text));
        }
    }
    Ok(filled)
}

fn unknown(operation: &'static Operation, name: &str) -> Error {
    let known = operation.parameters.iter().map(|parameter| parameter.name);
    let text = format!("`{}` has no parameter `{name}`", name_of(operation));
    let error = Error::before_sending(operation, Kind::Invalid, "unknown_parameter", text);
    if let Some(near) = nearest(name, known.clone()) {
        return error.with_hint(format!("did you mean `{near}`?"));
    }
    let known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
    if known.is_empty() {
        error.with_hint("it takes no parameters")
    } else {
        error.with_hint(format!("it takes {}", known.join(", ")))
    }
}

fn check_value(operation: &'static Operation, parameter: &'static Parameter, value: &Value) -> Result<(), Error> {
    let wrong = |code, text: String| Err(Error::before_sending(operation, Kind::Invalid, code, text));
    let name = parameter.name;
    if value.is_null() {
        return wrong("null_parameter", format!("parameter `{name}` of `{}` has no value", name_of(operation)))
            .map_err(|error| error.with_hint("leave it out instead, if it is not wanted"));
    }
    // An empty selector would mean "everything", an empty path segment another operation.
    if is_empty(value) {
        return wrong("empty_parameter", format!("parameter `{name}` of `{}` is empty", name_of(operation)))
            .map_err(|error| error.with_hint("leave it out, if everything is meant"));
    }
    if parameter.place == Place::Path && matches!(value.as_str(), Some("." | "..")) {
        return wrong(
            "wrong_parameter",
            format!("parameter `{name}` of `{}` cannot be `.` or `..`", name_of(operation)),
        );
    }
    match wrongs(operation, parameter.shape, value).first() {
        None => Ok(()),
        Some(violation) => {
            wrong("wrong_parameter", format!("parameter `{name}` of `{}` {violation}", name_of(operation)))
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty() || items.iter().any(|item| item.is_null() || is_empty(item)),
        Value::Object(fields) => fields.is_empty() || fields.values().any(|item| item.is_null() || is_empty(item)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Project and region in the path come from the target, unless the call says them itself.
fn from_target(call: &Call, parameter: &'static Parameter) -> Result<Option<Value>, Error> {
    let given = match parameter.filled_from() {
        None => return Ok(None),
        Some(FilledFrom::Project) => call.target.project.as_ref().ok_or_else(|| no_project(call.operation))?,
        Some(FilledFrom::Region) => call.target.region.as_ref().ok_or_else(|| no_region(call.operation))?,
    };
    let value = Value::from(given.as_str());
    check_value(call.operation, parameter, &value)?;
    Ok(Some(value))
}

fn no_project(operation: &Operation) -> Error {
    let text = format!("`{}` needs a project, and none is set", name_of(operation));
    Error::before_sending(operation, Kind::Config, "no_project", text)
        .with_hint("give it with `--project-id` or `STACKIT_PROJECT_ID`")
}

pub(super) fn no_region(operation: &Operation) -> Error {
    let text = format!("`{}` needs a region, and none is set", name_of(operation));
    Error::before_sending(operation, Kind::Config, "no_region", text)
        .with_hint("give it with `--region` or `STACKIT_REGION`")
}
