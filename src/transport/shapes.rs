//! What the catalogue's shapes say of a value that is to be sent.
//!
//! Services overlook fields that they do not know, so the documents leave their objects open. To whoever wrote
//! `descripton` that is silence where an answer is due: in what we send, a field that no shape has is an error.

use serde_json::Value;

use crate::catalog::{Direction, Operation, Service, Shape, ShapeId, Violation, nearest, validate};

/// All that is wrong with a value of this shape that is to be sent.
pub(super) fn wrongs(operation: &Operation, shape: ShapeId, value: &Value) -> Vec<Violation> {
    let service = operation.service();
    let mut violations = validate(service, shape, value, Direction::Request);
    let mut unknown = Vec::new();
    find_unknown(service, &[shape], value, "", &mut unknown);
    // Closed objects have been told of already.
    unknown.retain(|one: &Violation| !violations.iter().any(|other| other.path == one.path));
    violations.append(&mut unknown);
    violations
}

/// The objects and lists that a value may be, once alternatives are looked through.
#[derive(Default)]
struct Forms {
    fields: Vec<(&'static str, ShapeId)>,
    items: Vec<ShapeId>,
    /// Whether fields of any name may stand here.
    is_open: bool,
}

impl Forms {
    fn of(service: &Service, shapes: &[ShapeId]) -> Self {
        let mut forms = Self::default();
        for shape in shapes {
            forms.add(service, *shape);
        }
        forms
    }

    fn add(&mut self, service: &Service, shape: ShapeId) {
        match service.shape(shape) {
            Shape::Object { fields, others, names, .. } => {
                self.is_open |= fields.is_empty() || names.is_some();
                self.is_open |= others.is_some_and(|others| *service.shape(others) != Shape::Never);
                self.fields.extend(
                    fields
                        .iter()
                        .filter(|field| Direction::Request.counts(field))
                        .map(|field| (field.name, field.shape)),
                );
            }
            Shape::List { item, .. } => self.items.push(*item),
            Shape::OneOf(shapes) | Shape::AnyOf(shapes) | Shape::AllOf(shapes) => {
                for shape in shapes {
                    self.add(service, *shape);
                }
            }
            Shape::Tagged { shapes, .. } => {
                for (_, shape) in shapes {
                    self.add(service, *shape);
                }
            }
            Shape::Nullable(shape) => self.add(service, *shape),
            Shape::Any => self.is_open = true,
            Shape::Never | Shape::Boolean | Shape::Integer { .. } | Shape::Number { .. } | Shape::Text { .. } => {}
        }
    }
}

fn find_unknown(service: &Service, shapes: &[ShapeId], value: &Value, path: &str, found: &mut Vec<Violation>) {
    match value {
        Value::Object(entries) => {
            let forms = Forms::of(service, shapes);
            for (name, value) in entries {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let known = forms.fields.iter().filter(|(field, _)| field == name);
                let known: Vec<ShapeId> = known.map(|(_, shape)| *shape).collect();
                if !known.is_empty() {
                    find_unknown(service, &known, value, &path, found);
                } else if !forms.is_open && !forms.fields.is_empty() {
                    let message = match nearest(name, forms.fields.iter().map(|(field, _)| *field)) {
                        Some(near) => format!("is no field here; `{near}` is"),
                        None => "is no field here".to_owned(),
                    };
                    found.push(Violation { path, message });
                }
            }
        }
        Value::Array(items) => {
            let forms = Forms::of(service, shapes);
            for (position, value) in items.iter().enumerate() {
                find_unknown(service, &forms.items, value, &format!("{path}[{position}]"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::transport::testing::operation;

    fn told(name: &str, body: &Value) -> Vec<String> {
        let operation = operation(name);
        let shape = operation.body.as_ref().expect("it takes a body").shape;
        wrongs(operation, shape, body).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_misspelt_field_is_told_wherever_it_stands() {
        let body = json!({ "name": "data", "availabilityZone": "eu01-1", "size": 1, "descripton": "x" });
        assert_eq!(told("create_volume", &body), ["`descripton` is no field here; `description` is"]);
        let body = json!({ "name": "data", "availabilityZone": "eu01-1", "source": { "id": ID, "typ": "image", "type": "image" } });
        assert_eq!(told("create_volume", &body), ["`source.typ` is no field here; `type` is"]);
        let body = json!({ "name": "data", "availabilityZone": "eu01-1", "size": 1, "zzz": 1 });
        assert_eq!(told("create_volume", &body), ["`zzz` is no field here"]);
    }

    #[test]
    fn labels_may_have_any_name_and_alternatives_are_looked_through() {
        let body =
            json!({ "name": "data", "availabilityZone": "eu01-1", "size": 1, "labels": { "stackhand.keep": "yes" } });
        assert!(told("create_volume", &body).is_empty());
        let server = json!({
            "name": "web-1", "machineType": "c1.2", "networking": { "networkId": ID },
            "bootVolume": { "size": 10, "source": { "id": ID, "type": "image" } }, "labels": { "a": "b" },
        });
        assert!(told("create_server", &server).is_empty());
    }

    const ID: &str = crate::transport::testing::ID;
}
