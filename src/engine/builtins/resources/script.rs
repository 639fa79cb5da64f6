//! Between the platform's objects and what scripts hold.

use std::sync::{Arc, LazyLock};

use rhai::{Array, Dynamic};
use serde_json::{Map, Value};

use super::elsewhere::Place;
use crate::catalog::{self, Answer};
use crate::engine::arguments::Arguments;
use crate::engine::fault::Fault;
use crate::engine::native::{Native, Type};
use crate::engine::values::{About, Decoder, Node, Object, decode_object, to_request, to_value};
use crate::error::{Error, Kind as ErrorKind};
use crate::resources::{Expectation, Form, Kind, Options, Platform, Resource, manager_of};

/// The text or map that narrows a list.
pub(super) const SELECTOR: Type = Type::OneOf(&[Type::Text, Type::Map]);

/// A native as a function, which acts where the run acts, and as a method of a place: `project("…").servers()`.
pub(super) fn anywhere(name: &'static str, declare: impl Fn(Native) -> Native) -> [Native; 2] {
    let elsewhere = declare(Native::method(super::elsewhere::PLACE, name));
    // One example is enough: both do the same.
    [declare(Native::function(name)), elsewhere.example("")]
}

/// Where a native that is declared [`anywhere`] acts, and the position of its first parameter.
pub(super) fn here(call: &mut Arguments<'_, '_>) -> Result<(Platform, usize), Fault> {
    let platform = platform(call)?;
    if call.native().receiver.is_none() {
        return Ok((platform, 0));
    }
    let place = call.get::<Place>(0)?;
    Ok((platform.at(place.target), 1))
}

/// The run's platform.
pub(super) fn platform(call: &Arguments<'_, '_>) -> Result<Platform, Fault> {
    call.run().platform.clone().ok_or_else(|| {
        let message = format!("`{}` needs a platform, and this run has none", call.native().name);
        Error::new(ErrorKind::Config, "no_platform", message).into()
    })
}

/// An argument that is an object of the platform.
pub(super) fn resource(call: &mut Arguments<'_, '_>, index: usize) -> Result<Resource, Fault> {
    let object = call.object(index)?;
    Ok(resource_of(&object)?)
}

/// What the resources know of a script's object.
pub(super) fn resource_of(object: &Object) -> Result<Resource, Error> {
    let Some((about, kind)) = object.about().zip(kind_of(object)) else {
        let message = "this is no object of the platform: its verbs come with what `server(…)` or `servers()` give";
        return Err(Error::new(ErrorKind::Invalid, "no_resource", message));
    };
    let form = if about.left_out.is_empty() && kind.row().get_options.contains(&"details") {
        Form::Detailed
    } else {
        Form::Plain
    };
    let body = to_value(&Dynamic::from(object.clone()))?.to_string();
    let mut resource = Resource::new(kind, about.target.clone(), form, body.into());
    if let Some(manager) = about.managed_by {
        resource = resource.held_by(manager);
    }
    let expected = about.expected.as_ref().and_then(|expected| expected.downcast_ref::<Expectation>());
    Ok(match expected {
        Some(expectation) => resource.expecting(expectation.clone()),
        None => resource,
    })
}

/// The kind of a script's object, if it is one of the platform.
pub(super) fn kind_of(object: &Object) -> Option<Kind> {
    Kind::ALL.iter().copied().find(|kind| kind.type_name() == object.kind())
}

/// A script's object of a resource.
pub(super) fn object(resource: &Resource) -> Result<Dynamic, Error> {
    let object = decode_object(resource.body(), node(resource.kind()))?;
    let about = about(resource, manager(resource.kind(), &object));
    Ok(Dynamic::from(object.with_about(Arc::new(about))))
}

/// A script's list of resources, which share what is known of them.
pub(super) fn list(resources: &[Resource]) -> Result<Dynamic, Error> {
    let Some(first) = resources.first() else { return Ok(Array::new().into()) };
    let node = node(first.kind());
    let free = Arc::new(about(first, None));
    let mut others: Option<Arc<About>> = None;
    // One decoder, so that the objects share the keys of their labels.
    let mut decoder = Decoder::default();
    let mut list = Array::with_capacity(resources.len());
    for resource in resources {
        let object = decoder.object(resource.body(), node)?;
        let held = manager(resource.kind(), &object);
        let about = match held {
            None => free.clone(),
            Some(_) => others.get_or_insert_with(|| Arc::new(about(resource, held))).clone(),
        };
        list.push(Dynamic::from(object.with_about(about)));
    }
    Ok(list.into())
}

fn about(resource: &Resource, managed_by: Option<&'static str>) -> About {
    let row = resource.kind().row();
    let left_out = if resource.form() == Form::Plain { row.detail_fields } else { &[] };
    About {
        kind: row.type_name,
        target: resource.target().clone(),
        managed_by,
        expected: resource.expectation().map(|expectation| Arc::new(expectation.clone()) as _),
        left_out,
        fetched_with: if left_out.is_empty() { "" } else { "servers(#{ details: true })" },
    }
}

fn manager(kind: Kind, object: &Object) -> Option<&'static str> {
    let name = object.text("name");
    let labels = object.raw("labels").and_then(|labels| labels.read_lock::<Object>().map(|labels| labels.clone()));
    let keys = labels.iter().flat_map(Object::keys).map(rhai::ImmutableString::as_str);
    manager_of(kind, name.as_deref(), keys)
}

/// What the catalogue says of the objects of a kind.
fn node(kind: Kind) -> &'static Node {
    static NODES: LazyLock<Vec<Node>> = LazyLock::new(|| Kind::ALL.iter().map(|kind| find_node(*kind)).collect());
    let position = Kind::ALL.iter().position(|one| *one == kind);
    position.and_then(|position| NODES.get(position)).unwrap_or(&Node::Plain)
}

fn find_node(kind: Kind) -> Node {
    let find = || {
        let service = catalog::service("iaas")?;
        match service.operation(kind.row().operations.get?)?.answer {
            Answer::Json(shape) => Some(Node::of(service, shape)),
            _ => None,
        }
    };
    find().unwrap_or(Node::Plain)
}

/// An optional map argument as options.
pub(super) fn options(call: &mut Arguments<'_, '_>, index: usize) -> Result<Options, Fault> {
    if call.has(index) { fields(call, index) } else { Ok(Options::new()) }
}

/// A map argument as JSON fields.
pub(super) fn fields(call: &mut Arguments<'_, '_>, index: usize) -> Result<Map<String, Value>, Fault> {
    match to_request(&call.any(index)?)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(call.wrong(index, "a map")),
    }
}

/// The objects of a list argument.
pub(super) fn resources(call: &mut Arguments<'_, '_>, index: usize) -> Result<(Array, Vec<Resource>), Fault> {
    let items = call.list(index)?;
    let mut resources = Vec::with_capacity(items.len());
    for item in &items {
        let object = item.read_lock::<Object>().map(|object| object.clone());
        let object = object.filter(|object| kind_of(object).is_some());
        resources.push(resource_of(&object.ok_or_else(|| call.wrong(index, "a list of objects of the platform"))?)?);
    }
    Ok((items, resources))
}
