//! What fields a shape has, for those who check names before anything runs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::operation::{Answer, ErrorAnswer, Operation};
use super::shape::{Field, Shape, ShapeId, Shapes};

impl Shapes {
    /// The fields of an object, through everything that it is made of; of a list, those of its items.
    #[must_use]
    pub fn fields(&self, id: ShapeId) -> Vec<&Field> {
        let mut fields: Vec<&Field> = Vec::new();
        for part in self.parts(id) {
            if let Shape::Object { fields: own, .. } = self.get(part) {
                let is_new = |field: &&Field| fields.iter().all(|other| other.name != field.name);
                let fresh: Vec<&Field> = own.iter().filter(is_new).collect();
                fields.extend(fresh);
            }
        }
        fields
    }

    /// A field of an object by its name.
    #[must_use]
    pub fn field(&self, id: ShapeId, name: &str) -> Option<&Field> {
        self.fields(id).into_iter().find(|field| field.name == name)
    }

    /// The names of all fields, those of objects within objects too.
    #[must_use]
    pub fn field_names(&self, id: ShapeId) -> BTreeSet<&'static str> {
        self.walk(id).into_iter().map(|field| field.name).collect()
    }

    /// All fields, those of objects within objects too.
    fn walk(&self, id: ShapeId) -> Vec<&Field> {
        let mut fields = Vec::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let own = self.fields(id);
            open.extend(own.iter().map(|field| field.shape));
            open.extend(self.others(id));
            fields.extend(own);
        }
        fields
    }

    /// The shape of the fields that an object has beyond its named ones, if its document says one.
    #[must_use]
    pub fn others(&self, id: ShapeId) -> Option<ShapeId> {
        self.parts(id).into_iter().find_map(|part| match self.get(part) {
            Shape::Object { others, .. } => *others,
            _ => None,
        })
    }

    /// The names of all secret fields, those of objects within objects too; without any, a value need not be searched.
    #[must_use]
    pub fn secret_names(&self, id: ShapeId) -> BTreeSet<&'static str> {
        self.walk(id).into_iter().filter(|field| field.is_secret).map(|field| field.name).collect()
    }

    /// The texts in a value that its shape marks secret, so that they can be kept out of every output.
    #[must_use]
    pub fn secrets<'v>(&self, id: ShapeId, value: &'v Value) -> Vec<&'v str> {
        let mut found = Vec::new();
        self.collect_secrets(id, value, &mut found);
        found
    }

    fn collect_secrets<'v>(&self, id: ShapeId, value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.collect_secrets(id, item, found)),
            Value::Object(members) => {
                let fields = self.fields(id);
                let others = self.others(id);
                for (name, member) in members {
                    match fields.iter().find(|field| field.name == name) {
                        Some(field) if field.is_secret => collect_texts(member, found),
                        Some(field) => self.collect_secrets(field.shape, member, found),
                        None => others.iter().for_each(|others| self.collect_secrets(*others, member, found)),
                    }
                }
            }
            _ => {}
        }
    }

    /// The shapes that a shape is made of, itself included, through lists, choices and `null`.
    fn parts(&self, id: ShapeId) -> Vec<ShapeId> {
        let mut parts = Vec::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if parts.contains(&id) {
                continue;
            }
            parts.push(id);
            match self.get(id) {
                Shape::List { item, .. } => open.push(*item),
                Shape::Nullable(inner) => open.push(*inner),
                Shape::OneOf(shapes) | Shape::AnyOf(shapes) | Shape::AllOf(shapes) => {
                    open.extend(shapes.iter().rev());
                }
                Shape::Tagged { shapes, .. } => open.extend(shapes.iter().rev().map(|(_, shape)| shape)),
                Shape::Any
                | Shape::Never
                | Shape::Boolean
                | Shape::Integer { .. }
                | Shape::Number { .. }
                | Shape::Text { .. }
                | Shape::Object { .. } => {}
            }
        }
        parts
    }
}

fn collect_texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| collect_texts(member, found)),
        _ => {}
    }
}

impl Operation {
    /// The shape of the JSON that it answers.
    #[must_use]
    pub fn answer_shape(&self) -> Option<ShapeId> {
        match self.answer {
            Answer::Json(shape) => Some(shape),
            Answer::Empty | Answer::Bytes(_) => None,
        }
    }

    /// The shape of one item of a list that it answers.
    #[must_use]
    pub fn item_shape(&self) -> Option<ShapeId> {
        let shapes = self.service().shapes();
        let list = match self.list_key? {
            "" => self.answer_shape()?,
            key => shapes.field(self.answer_shape()?, key)?.shape,
        };
        shapes.parts(list).into_iter().find_map(|part| match shapes.get(part) {
            Shape::List { item, .. } => Some(*item),
            _ => None,
        })
    }

    /// What comes back when it fails, by status, as far as the document says.
    #[must_use]
    pub fn errors(&self) -> &'static [ErrorAnswer] {
        &self.service().shapes().errors[self.error_set as usize]
    }

    /// The shape that the document gives to a failure with this status.
    #[must_use]
    pub fn error_shape(&self, status: u16) -> Option<ShapeId> {
        let find = |wanted: u16| self.errors().iter().find(|error| error.status == wanted);
        find(status).or_else(|| find(status / 100)).or_else(|| find(0))?.shape
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::catalog;

    #[test]
    fn fields_are_found_through_lists_and_choices() {
        let operation = catalog::operation("iaas", "list_servers").unwrap();
        let shapes = operation.service().shapes();
        let item = operation.item_shape().unwrap();
        assert_eq!(shapes.name_of(item), Some("Server"));
        assert!(shapes.field(item, "powerStatus").unwrap().is_volatile);
        assert_eq!(shapes.field(item, "nics").unwrap().only_with, Some("details"));
        assert_eq!(shapes.field(item, "name").unwrap().only_with, None);
        let names = shapes.field_names(operation.answer_shape().unwrap());
        for name in ["items", "powerStatus", "deleteOnTermination", "startsAt", "nicSecurity"] {
            assert!(names.contains(name), "{name}");
        }
    }

    #[test]
    fn every_list_has_items_of_a_known_shape() {
        for operation in catalog::services().flat_map(|service| &service.operations) {
            if operation.list_key.is_some() {
                assert!(operation.item_shape().is_some(), "{}.{}", operation.module, operation.name);
            }
        }
    }

    #[test]
    fn secrets_are_found_in_an_answer() {
        let operation = catalog::operation("mariadb", "create_credentials").unwrap();
        let answer = json!({"id": "1", "uri": "mysql://u:hunter2@h", "raw": {"credentials": {
            "password": "hunter2", "username": "u", "host": "h", "uri": null}}});
        let shapes = operation.service().shapes();
        let mut secrets = shapes.secrets(operation.answer_shape().unwrap(), &answer);
        secrets.sort_unstable();
        assert_eq!(secrets, ["hunter2", "mysql://u:hunter2@h"]);
        let names = shapes.secret_names(operation.answer_shape().unwrap());
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["password", "uri"]);
        let quotas = catalog::operation("iaas", "list_quotas").unwrap();
        assert!(quotas.service().shapes().secret_names(quotas.answer_shape().unwrap()).is_empty());
    }

    #[test]
    fn a_failure_has_the_shape_of_its_status() {
        let operation = catalog::operation("iaas", "get_server").unwrap();
        let shapes = operation.service().shapes();
        assert_eq!(shapes.name_of(operation.error_shape(404).unwrap()), Some("Error"));
        assert!(operation.error_shape(418).is_none());
    }
}
