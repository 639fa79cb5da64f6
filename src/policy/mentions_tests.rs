//! Every field of a body that looks as if it named an object has its row.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::catalog::{self, Effect, Place, Service, Shape, ShapeId};

/// Fields that name what the provider offers, and nobody's object.
const NO_OBJECTS: [&str; 4] = ["planId", "flavorId", "availabilityZone", "machineType"];

/// The fields of a shape that a request may hold, with their places.
fn walk(service: &Service, shape: ShapeId, place: &str, depth: usize, found: &mut Vec<(String, bool)>) {
    if depth > 12 {
        return;
    }
    let mut go = |shape, place: &str| walk(service, shape, place, depth + 1, found);
    match service.shape(shape) {
        Shape::Object { fields, .. } => {
            for field in fields.iter().filter(|field| catalog::Direction::Request.counts(field)) {
                let dot = if place.is_empty() { "" } else { "." };
                go(field.shape, &format!("{place}{dot}{}", field.name));
            }
        }
        Shape::List { item, .. } => go(*item, &format!("{place}[]")),
        Shape::OneOf(shapes) | Shape::AnyOf(shapes) | Shape::AllOf(shapes) => {
            for shape in shapes {
                go(*shape, place);
            }
        }
        Shape::Tagged { shapes, .. } => {
            for (_, shape) in shapes {
                go(*shape, place);
            }
        }
        Shape::Nullable(shape) => go(*shape, place),
        Shape::Text { format, .. } => found.push((place.to_owned(), *format == Some("uuid"))),
        Shape::Any | Shape::Never | Shape::Boolean | Shape::Integer { .. } | Shape::Number { .. } => {}
    }
}

/// Names by which paths of a service name objects: `nicId`, `keypairName`, and collections: `volumes`.
fn names(service: &Service) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for operation in &service.operations {
        let ids = operation.parameters.iter().filter(|one| one.place == Place::Path && one.filled_from().is_none());
        names.extend(ids.map(|one| one.name.to_lowercase()));
        names.extend(operation.path.split('/').map(|part| part.replace('-', "")));
    }
    names
}

fn names_an_object(names: &BTreeSet<String>, place: &str) -> bool {
    let leaf = place.rsplit('.').next().unwrap_or(place).trim_end_matches("[]").to_lowercase();
    let singular = leaf.trim_end_matches('s').to_owned();
    [&leaf, &singular, &format!("{singular}s"), &format!("{singular}id")].into_iter().any(|name| names.contains(name))
}

#[test]
fn every_field_of_iaas_that_names_an_object_is_decided() {
    let mut undecided = Vec::new();
    let mut count = 0;
    for service in ["iaas", "iaas/v1"].into_iter().filter_map(catalog::service) {
        let names = names(service);
        for operation in service.operations.iter().filter(|one| one.effect != Effect::Read) {
            let Some(body) = &operation.body else { continue };
            let mut found = Vec::new();
            walk(service, body.shape, "", 0, &mut found);
            for (place, is_uuid) in found {
                let is_meant = is_uuid || names_an_object(&names, &place);
                if !is_meant || place.is_empty() || NO_OBJECTS.contains(&place.as_str()) {
                    continue;
                }
                count += 1;
                if !Mention::of(operation).any(|mention| mention.field == place) {
                    undecided.push(format!("{}.{} {place}", operation.module, operation.name));
                }
            }
        }
    }
    assert!(count > 40, "{count}");
    assert_eq!(undecided, [""; 0], "give each a row in `MENTIONS`");
}

#[test]
fn of_other_services_those_that_can_be_read_there_are_decided() {
    let mut undecided = Vec::new();
    for service in catalog::services().filter(|service| service.name != "iaas") {
        let readable: Vec<&str> = service
            .operations
            .iter()
            .filter(|one| one.effect == Effect::Read && one.path.ends_with('}'))
            .filter_map(|one| one.parameters.iter().rfind(|one| one.place == Place::Path))
            .map(|one| one.name)
            .collect();
        for operation in service.operations.iter().filter(|one| one.effect != Effect::Read) {
            let Some(body) = &operation.body else { continue };
            let mut found = Vec::new();
            walk(service, body.shape, "", 0, &mut found);
            for (place, _) in found {
                let leaf = place.rsplit('.').next().unwrap_or(&place).trim_end_matches("[]");
                let is_meant = !NO_OBJECTS.contains(&leaf)
                    && readable
                        .iter()
                        .any(|name| leaf.eq_ignore_ascii_case(name) && leaf.to_lowercase().ends_with("id"));
                if is_meant && !Mention::of(operation).any(|mention| mention.field == place) {
                    undecided.push(format!("{}.{} {place}", operation.module, operation.name));
                }
            }
        }
    }
    assert_eq!(undecided, [""; 0], "give each a row in `MENTIONS`");
}

#[test]
fn every_row_is_of_an_operation_that_is_there_once() {
    let mut seen = BTreeSet::new();
    for row in MENTIONS {
        let operation = catalog::operation(row.service, row.operation);
        assert!(operation.is_some_and(|operation| operation.body.is_some()), "{row:?}");
        assert!(seen.insert((row.service, row.operation, row.field)), "twice: {row:?}");
    }
}

#[test]
fn ids_are_found_where_they_stand() {
    let operation = catalog::operation("iaas", "create_server").expect("it is there");
    let ids = |body: &Value| {
        let all = Mention::of(operation).flat_map(|mention| {
            mention.ids(body).into_iter().map(|id| format!("{} {id}", mention.parameter)).collect::<Vec<_>>()
        });
        all.collect::<Vec<_>>()
    };
    let body = json!({
        "imageId": "i", "volumes": ["a", "b"], "networking": { "nicIds": ["n"] }, "securityGroups": ["web"],
        "bootVolume": { "source": { "type": "volume", "id": "c" } },
    });
    assert_eq!(ids(&body), ["volumeId c", "nicId n", "securityGroupId web", "volumeId a", "volumeId b"]);
    let of_image = json!({ "bootVolume": { "source": { "type": "image", "id": "c" } }, "volumes": null });
    assert_eq!(ids(&of_image), [""; 0]);
    // What is not known to be harmless counts.
    assert_eq!(ids(&json!({ "bootVolume": { "source": { "type": "VOLUME", "id": "c" } } })), ["volumeId c"]);
    assert_eq!(ids(&json!({ "bootVolume": { "source": { "id": "c" } } })), ["volumeId c"]);
}
