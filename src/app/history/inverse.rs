//! What undoes one change, as far as its record tells.

use serde_json::{Map, Value};

use crate::catalog::{self, Effect, Method, Operation, Place, plain_text};
use crate::journal::{Change, OUTSIDE};
use crate::policy::ObjectFacts;

/// What undoes a change.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Inverse {
    /// Statements, in this order; none if nothing undoes it.
    pub steps: Vec<Step>,
    /// What they leave undone, and why.
    pub remark: Option<String>,
}

impl Inverse {
    fn of(step: Step) -> Self {
        Self { steps: vec![step], remark: None }
    }

    pub fn none(why: impl Into<String>) -> Self {
        Self { steps: Vec::new(), remark: Some(why.into()) }
    }
}

/// A statement of the recipe that undoes a run.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// An operation as a function, with its identifiers and its other arguments.
    Call { operation: &'static Operation, ids: Vec<String>, options: Map<String, Value> },
    /// Verbs of a server, each waited for.
    Verbs { id: String, verbs: &'static [&'static str] },
    /// Gives a server another machine type, and waits for it: what comes after needs it at rest.
    Resize { id: String, machine_type: String },
    /// Takes a volume off a server, and waits until it is free: what comes after may delete it.
    Detach { id: String, volume: String },
}

/// What undoes a change.
pub(super) fn inverse(change: &Change) -> Inverse {
    if change.before.effect == OUTSIDE {
        let what = match &*change.before.operation {
            "http" => "a request that was sent",
            "notify" => "what people were told",
            _ => "a file that was written",
        };
        return Inverse::none(format!("{what} cannot be taken back"));
    }
    let named = change.before.operation.rsplit_once('.');
    let Some(operation) = named.and_then(|(module, name)| catalog::operation(module, name)) else {
        return Inverse::none("the catalogue does not have this operation any more");
    };
    let was = change.before.objects.first().and_then(|object| object.was.as_deref());
    if operation.module == "iaas"
        && let Some(inverse) = of_server(operation.name, change, was)
    {
        return inverse;
    }
    if let Some(other) = counterpart(operation) {
        return step(other, change, None, Map::new());
    }
    match operation.effect {
        Effect::Create => of_create(operation, change),
        Effect::Update => of_update(operation, change, was),
        Effect::Delete => Inverse::none("what is deleted cannot be brought back"),
        Effect::Mint => Inverse::none("a credential was handed out: revoke it where it was made"),
        Effect::Read => Inverse::none("it changed nothing"),
    }
}

/// Power and size of servers: back to what they were.
fn of_server(name: &str, change: &Change, was: Option<&ObjectFacts>) -> Option<Inverse> {
    let id = || change.before.parameters.get("serverId").map(plain_text).unwrap_or_default();
    let verbs = |verbs| Some(Inverse::of(Step::Verbs { id: id(), verbs }));
    let none = |why: &str| Some(Inverse::none(why));
    let status = was.and_then(|was| was.status.as_deref());
    match (name, status) {
        ("reboot_server", _) => none("a reboot leaves nothing to undo"),
        ("start_server" | "stop_server" | "deallocate_server", None) => none("its state before is not known"),
        ("stop_server" | "deallocate_server", Some("ACTIVE")) => verbs(&["start"]),
        ("deallocate_server", Some("INACTIVE")) => verbs(&["start", "stop"]),
        ("start_server", Some("INACTIVE")) => verbs(&["stop"]),
        ("start_server" | "stop_server", Some("DEALLOCATED")) => verbs(&["deallocate"]),
        ("start_server" | "stop_server" | "deallocate_server", Some(status)) => {
            Some(Inverse::none(format!("it was {status} before, which no call leads back to")))
        }
        ("resize_server", _) => {
            let Some(machine_type) = was.and_then(|was| was.machine_type.clone()) else {
                return none("its machine type before is not known");
            };
            Some(Inverse::of(Step::Resize { id: id(), machine_type }))
        }
        ("add_volume_to_server", _) => {
            let volume = change.before.parameters.get("volumeId").map(plain_text)?;
            Some(Inverse::of(Step::Detach { id: id(), volume }))
        }
        ("resize_volume", _) => none("a volume does not get smaller"),
        ("rescue_server", _) => Some(step(catalog::operation("iaas", "unrescue_server")?, change, None, Map::new())),
        _ => None,
    }
}

/// What takes away again what an operation puts at a path, or the other way round.
fn counterpart(operation: &'static Operation) -> Option<&'static Operation> {
    let mut others = operation.service().operations.iter().filter(|other| other.path == operation.path);
    let is_put = matches!(operation.method, Method::Put | Method::Post) && operation.effect != Effect::Mint;
    let needs_body = |operation: &Operation| operation.body.as_ref().is_some_and(|body| body.is_required);
    // What is made with a body is a create or an update; what is made without is an attachment.
    if is_put && !needs_body(operation) && operation.path.ends_with('}') {
        return others.find(|other| other.method == Method::Delete);
    }
    if operation.method == Method::Delete {
        return others.find(|other| {
            matches!(other.method, Method::Put | Method::Post) && !needs_body(other) && other.effect != Effect::Mint
        });
    }
    None
}

fn of_create(operation: &'static Operation, change: &Change) -> Inverse {
    let Some(id) = change.result().and_then(|made| made.id.clone()) else {
        return Inverse::none("the id of what was made is not known");
    };
    let is_delete = |other: &&Operation| {
        let rest = other.path.strip_prefix(operation.path).and_then(|rest| rest.strip_prefix("/{"));
        other.method == Method::Delete && rest.is_some_and(|rest| rest.ends_with('}') && !rest.contains('/'))
    };
    match operation.service().operations.iter().find(is_delete) {
        Some(delete) => step(delete, change, Some(id), Map::new()),
        None => Inverse::none("nothing deletes what it makes"),
    }
}

/// Labels and names go back to what they were. A label that was not there goes away: a PATCH takes `null` for that.
fn of_update(operation: &'static Operation, change: &Change, was: Option<&ObjectFacts>) -> Inverse {
    let Some(Value::Object(body)) = change.before.body.as_deref() else {
        return Inverse::none("no call leads back");
    };
    let Some(was) = was else { return Inverse::none("what it was before is not known") };
    let (mut options, mut lost) = (Map::new(), Vec::new());
    for (field, value) in body {
        match (field.as_str(), value) {
            ("labels", Value::Object(labels)) => {
                let old = labels.keys().map(|key| {
                    let old = was.labels.get(key).map_or(Value::Null, |value| Value::from(value.clone()));
                    (key.clone(), old)
                });
                options.insert(field.clone(), Value::Object(old.collect()));
            }
            ("name", _) if was.name.is_some() => {
                options.insert(field.clone(), Value::from(was.name.clone()));
            }
            _ => lost.push(field.as_str()),
        }
    }
    let lost = (!lost.is_empty()).then(|| format!("what {} before is not known", listed(&lost)));
    // A PUT would take away what is left out.
    if options.is_empty() || operation.method != Method::Patch {
        return Inverse::none(lost.unwrap_or_else(|| "no call leads back".to_owned()));
    }
    Inverse { remark: lost, ..step(operation, change, None, options) }
}

fn listed(fields: &[&str]) -> String {
    match fields {
        [] => "it was".to_owned(),
        [field] => format!("`{field}` was"),
        fields => format!("{} were", fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")),
    }
}

/// A call of an operation with the identifiers of the change; the one that the change did not have is what it made.
fn step(operation: &'static Operation, change: &Change, made: Option<String>, options: Map<String, Value>) -> Inverse {
    let mut made = made;
    let mut ids = Vec::new();
    let identifiers = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.place == Place::Path && parameter.filled_from().is_none());
    for parameter in identifiers {
        let given = change.before.parameters.get(parameter.name).map(plain_text);
        match given.or_else(|| made.take()) {
            Some(id) => ids.push(id),
            None => return Inverse::none(format!("its `{}` is not known", parameter.name)),
        }
    }
    Inverse::of(Step::Call { operation, ids, options })
}
