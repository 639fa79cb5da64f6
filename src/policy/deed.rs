//! What a run is about to do, and to which objects.

use serde_json::Value;

use super::{Labels, ObjectFacts, Selector};
use crate::catalog::{self, Effect, Operation, Place, Shapes};

/// What a run is about to do.
#[derive(Debug, Clone)]
pub struct Deed<'d> {
    /// The operation.
    pub operation: &'static Operation,
    /// The objects that its path names, from the left.
    pub objects: Vec<Object<'d>>,
    /// Further objects that it reaches, and how.
    pub also: Vec<(Role, Object<'d>)>,
    /// What is sent, if that is JSON.
    pub body: Option<&'d Value>,
    /// The `label_selector` of a list.
    pub selector: Option<&'d Value>,
}

/// How a change reaches an object that its path does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It shares the fate of what the path names: the volume that a backup is written back to.
    Along,
    /// It is deleted by the same call: the volumes that go with their server, the snapshots that go with their volume.
    Deleted,
    /// It is taken into use: the volume that a new server is given.
    Taken,
    /// Something is taken off it: the server whose public IP goes elsewhere.
    Robbed,
    /// Something is put into it or taken out of it, and it stays: the network of a new server.
    Entered,
}

/// One object, with what is known of it.
#[derive(Debug, Clone)]
pub struct Object<'d> {
    /// What it is: `server`, `security group`.
    pub kind: &'d str,
    /// As the path names it.
    pub id: &'d str,
    /// What is known of it.
    pub knowledge: Knowledge<'d>,
}

/// What is known of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge<'d> {
    /// As it was last read, labels and all.
    Known(&'d ObjectFacts),
    /// Its kind has no labels, or cannot be read alone.
    Unlabelled,
    /// It does not exist.
    Gone,
    /// The credential may not read it: it lacks this permission.
    Forbidden(&'static str),
}

impl Object<'_> {
    /// How messages call it: its name, else its id.
    #[must_use]
    pub fn label(&self) -> &str {
        match self.knowledge {
            Knowledge::Known(facts) => facts.label().unwrap_or(self.id),
            Knowledge::Unlabelled | Knowledge::Gone | Knowledge::Forbidden(_) => self.id,
        }
    }
}

impl<'d> Deed<'d> {
    /// `iaas.stop_server`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}.{}", self.operation.module, self.operation.name)
    }

    /// How messages call it: the operation, and the object that it acts on.
    #[must_use]
    pub fn shown(&self) -> String {
        match self.objects.last() {
            Some(object) => format!("`{}` on `{}`", self.name(), object.label()),
            None => format!("`{}`", self.name()),
        }
    }

    /// What a create makes, as its name says: `snapshot`.
    #[must_use]
    pub fn created_kind(&self) -> String {
        match self.operation.name.strip_prefix("create_") {
            Some(kind) => kind.replace('_', " "),
            None => "object".to_owned(),
        }
    }

    /// The labels that a create gives to the new object; `None` if such objects have none, so that what they are put
    /// into decides.
    pub(super) fn created_labels(&self) -> Option<Labels> {
        if self.operation.effect != Effect::Create || !self.takes_labels() {
            return None;
        }
        let given = self.body.and_then(|body| body.as_object()).map(ObjectFacts::of);
        Some(given.map(|facts| facts.labels).unwrap_or_default())
    }

    /// The labels that are sent; `None` if none are.
    pub(super) fn sent_labels(&self) -> Option<&serde_json::Map<String, Value>> {
        self.body?.get("labels")?.as_object()
    }

    /// Whether what is sent may hold labels.
    pub(super) fn takes_labels(&self) -> bool {
        let shapes: &'static Shapes = self.operation.service().shapes();
        self.operation.body.as_ref().is_some_and(|body| shapes.field(body.shape, "labels").is_some())
    }

    /// Whether it lists objects that a selector can narrow.
    pub(super) fn is_selecting(&self) -> bool {
        self.operation.effect == Effect::Read
            && self.operation.parameters.iter().any(|one| one.place == Place::Query && one.name == "label_selector")
    }

    /// Whether the objects that the selector picks all carry a label.
    pub(super) fn selects(&self, key: &str, value: &str) -> bool {
        match self.selector {
            Some(Value::String(text)) => Selector::parse(text).is_ok_and(|selector| selector.demands(key, value)),
            Some(Value::Object(labels)) => labels.get(key).and_then(Value::as_str) == Some(value),
            _ => false,
        }
    }

    /// Whether no object that the selector picks carries a label.
    pub(super) fn selects_without(&self, key: &str, value: &str) -> bool {
        match self.selector {
            Some(Value::String(text)) => Selector::parse(text).is_ok_and(|selector| selector.excludes(key, value)),
            Some(Value::Object(labels)) => {
                labels.get(key).and_then(Value::as_str).is_some_and(|wanted| wanted != value)
            }
            _ => false,
        }
    }

    /// The objects that a permission names: server and volume of `iaas.server.volume.add`, and not the network of
    /// `iaas.nic.delete`. All of them if it names none.
    pub(super) fn objects_of(&self, permission: &str) -> Vec<&Object<'_>> {
        let nouns: Vec<&str> = permission.split('.').skip(1).collect();
        let named = |object: &&Object<'_>| nouns.contains(&object.kind.replace(' ', "-").as_str());
        let meant: Vec<&Object<'_>> = self.objects.iter().filter(named).collect();
        if meant.is_empty() { self.objects.iter().collect() } else { meant }
    }

    /// The objects that are deleted beside what the path names, each with the operation that deletes such alone.
    pub(super) fn deleted_along(&self) -> impl Iterator<Item = (&'static Operation, &Object<'d>)> {
        let deleted = self.also.iter().filter(|(role, _)| *role == Role::Deleted).map(|(_, object)| object);
        deleted.filter_map(|object| {
            let name = format!("delete_{}", object.kind.replace(' ', "_"));
            Some((catalog::operation(self.operation.module, &name)?, object))
        })
    }

    /// Whether what is deleted beside what the path names is so because the call asks for it: with a server or a network
    /// goes what is set to go with it, or cannot stay.
    pub(super) fn asks_for_more(&self) -> bool {
        self.operation.name == "delete_volume"
    }

    /// The objects that the body takes into use.
    pub(super) fn taken(&self) -> impl Iterator<Item = &Object<'d>> {
        self.also.iter().filter(|(role, _)| *role == Role::Taken).map(|(_, object)| object)
    }
}
