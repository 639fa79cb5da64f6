//! The operations beside another one in the catalogue: the list of its collection, the GET of its object.

use serde_json::Value;

use crate::catalog::{self, Answer, Method, Operation, Place};
use crate::transport::Call;

/// A call that lists the collection into which `call` creates.
pub(super) fn list_of(call: &Call) -> Option<Call> {
    let operations = &catalog::service(call.operation.module)?.operations;
    let list = operations
        .iter()
        .find(|other| other.method == Method::Get && other.path == call.operation.path && other.list_key.is_some())?;
    Some(with_path_of(call, list))
}

/// A call that reads the object `id` of the collection into which `call` creates.
pub(super) fn read_of_item(call: &Call, id: &str) -> Option<Call> {
    let operations = &catalog::service(call.operation.module)?.operations;
    let (read, parameter) = operations.iter().find_map(|other| {
        let parameter = other.path.strip_prefix(call.operation.path)?.strip_prefix("/{")?.strip_suffix('}')?;
        (is_read(other) && !parameter.contains('/')).then_some((other, parameter))
    })?;
    let mut read = with_path_of(call, read);
    read.parameters.insert(parameter.to_owned(), Value::from(id));
    Some(read)
}

/// A call that reads what `call` updates or deletes at the same path.
pub(super) fn read_of_same(call: &Call) -> Option<Call> {
    let operations = &catalog::service(call.operation.module)?.operations;
    let read = operations.iter().find(|other| is_read(other) && other.path == call.operation.path)?;
    Some(with_path_of(call, read))
}

/// A call that reads the object on which `call` is an action: `…/servers/{serverId}` of `…/servers/{serverId}/start`.
pub(super) fn read_of_parent(call: &Call) -> Option<Call> {
    let operations = &catalog::service(call.operation.module)?.operations;
    let (parent, _) = call.operation.path.rsplit_once('/')?;
    let read = operations.iter().find(|other| is_read(other) && other.path == parent)?;
    Some(with_path_of(call, read))
}

/// Whether an operation reads one object.
pub(super) fn is_read(operation: &Operation) -> bool {
    operation.method == Method::Get && operation.list_key.is_none() && matches!(operation.answer, Answer::Json(_))
}

/// A call of `operation` with the path parameters of `call`.
pub(super) fn with_path_of(call: &Call, operation: &'static Operation) -> Call {
    let mut other = Call::new(operation, call.target.clone());
    let path = operation.parameters.iter().filter(|parameter| parameter.place == Place::Path);
    for parameter in path {
        if let Some(value) = call.parameters.get(parameter.name) {
            other.parameters.insert(parameter.name.to_owned(), value.clone());
        }
    }
    other
}
