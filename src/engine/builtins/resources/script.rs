//! Between the platform's objects and what scripts hold.

use std::sync::{Arc, LazyLock};

use rhai::{Array, Dynamic};
use serde_json::{Map, Value};

use super::elsewhere::Place;
use crate::catalog::{self, Answer};
use crate::engine::arguments::Arguments;
use crate::engine::fault::Fault;
use crate::engine::native::{Native, Type};
use crate::engine::values::{About, Decoder, Node, Object, to_request, to_value};
use crate::error::{Error, Kind as ErrorKind};
use crate::policy::manager_of;
use crate::resources::{Expectation, Form, Kind, Options, Platform, Resource, Unread};
use crate::secret::Scrubber;
use crate::transport::Target;

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
    let resource = Resource::new(kind, about.target.clone(), form, body.into());
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
pub(super) fn object(scrubber: &Scrubber, resource: &Resource) -> Result<Dynamic, Error> {
    let mut decoder = Decoder::default();
    let object = decoder.object(resource.body(), node(resource.kind()))?;
    decoder.teach(scrubber);
    let about = about(resource, manager(resource.kind(), &object));
    Ok(Dynamic::from(object.with_about(Arc::new(about))))
}

/// A script's list of resources, which share what is known of them.
pub(super) fn list(scrubber: &Scrubber, resources: &[Resource]) -> Result<Dynamic, Error> {
    let Some(first) = resources.first() else { return Ok(Array::new().into()) };
    let (kind, node) = (first.kind(), node(first.kind()));
    let mut shared = Shared::new(kind, about(first, None));
    // One decoder, so that the objects share what comes in many of them.
    let mut decoder = Decoder::for_list();
    let mut list = Array::with_capacity(resources.len());
    for resource in resources {
        list.push(shared.finished(decoder.object(resource.body(), node)?));
    }
    decoder.teach(scrubber);
    Ok(list.into())
}

/// A script's list of what the API answered.
pub(super) fn unread_list(scrubber: &Scrubber, unread: &Unread) -> Result<Dynamic, Error> {
    let (kind, node) = (unread.kind, node(unread.kind));
    let mut shared = Shared::new(kind, about_of(kind, &unread.target, unread.form, None));
    let mut decoder = Decoder::for_list();
    let list = decoder.objects(&unread.body, unread.key()?, node, &mut |object| shared.finished(object));
    decoder.teach(scrubber);
    match list {
        Ok(list) => Ok(list.into()),
        // Taken apart object by object, it tells best what is wrong.
        Err(_) => self::list(scrubber, &unread.objects()?),
    }
}

/// What the objects of a list share.
struct Shared {
    kind: Kind,
    free: Arc<About>,
    /// The same, managed by somebody.
    held: Option<Arc<About>>,
}

impl Shared {
    fn new(kind: Kind, about: About) -> Self {
        Self { kind, free: Arc::new(about), held: None }
    }

    fn finished(&mut self, object: Object) -> Dynamic {
        let about = match manager(self.kind, &object) {
            None => &self.free,
            managed_by => self.held.get_or_insert_with(|| Arc::new(About { managed_by, ..(*self.free).clone() })),
        };
        Dynamic::from(object.with_about(about.clone()))
    }
}

fn about(resource: &Resource, managed_by: Option<&'static str>) -> About {
    let expected = resource.expectation().map(|expectation| Arc::new(expectation.clone()) as _);
    About { expected, ..about_of(resource.kind(), resource.target(), resource.form(), managed_by) }
}

fn about_of(kind: Kind, target: &Target, form: Form, managed_by: Option<&'static str>) -> About {
    let row = kind.row();
    let left_out = if form == Form::Plain { row.detail_fields } else { &[] };
    About {
        kind: row.type_name,
        target: target.clone(),
        managed_by,
        expected: None,
        left_out,
        fetched_with: if left_out.is_empty() { "" } else { "servers(#{ details: true })" },
    }
}

fn manager(kind: Kind, object: &Object) -> Option<&'static str> {
    let name = object.text("name");
    let labels = object.raw("labels").and_then(Dynamic::read_lock::<Object>);
    let keys = labels.iter().flat_map(|labels| labels.keys()).map(rhai::ImmutableString::as_str);
    manager_of(kind.row().singular, name.as_deref(), keys)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::values::to_json;

    fn unread(body: &'static str) -> Unread {
        let operation = catalog::operation("iaas", "list_servers").expect("it is in the catalogue");
        let (kind, target, form) = (Kind::Server, Arc::default(), Form::Detailed);
        Unread { kind, target, form, body: body.as_bytes().into(), operation }
    }

    #[test]
    fn in_one_go_a_list_is_what_its_objects_are() {
        for body in [
            r#"{"items":[]}"#,
            r#" { "next" : {"items":1}, "items" : [ {"id":"1","labels":{"team":"web"}} , {"id":"2","name":"\u0061"} ] } "#,
            r#"{"items":[{"id":"1","labels":{"mcm.gardener.cloud/role":"node"}},{"id":"2"},{"id":"2"},{}]}"#,
        ] {
            let unread = unread(body);
            let [at_once, one_by_one] = [
                unread_list(&Scrubber::new(), &unread),
                unread.objects().map_err(Error::from).and_then(|objects| list(&Scrubber::new(), &objects)),
            ]
            .map(|list| list.expect("a list"));
            let text = |list: &Dynamic| to_json(list, false, 10_000).expect("JSON");
            assert_eq!(text(&at_once), text(&one_by_one));
            let managers = |list: &Dynamic| -> Vec<String> {
                let list = list.read_lock::<Array>().expect("a list");
                let objects = list.iter().map(|item| item.read_lock::<Object>().expect("an object").clone());
                objects.map(|object| object.read("managed_by").expect("a field").to_string()).collect()
            };
            assert_eq!(managers(&at_once), managers(&one_by_one));
            assert_eq!(managers(&at_once).iter().any(|manager| manager == "ske"), body.contains("gardener"));
        }
    }

    #[test]
    fn a_secret_in_an_answer_is_kept_out_of_every_output() {
        let body = r#"{"items":[{"id":"1","userData":"bm90IGZvciBleWVz"}]}"#;
        let unread = unread(body);
        let one = unread.objects().expect("objects").remove(0);
        for read in
            [&|scrubber: &Scrubber| unread_list(scrubber, &unread), &|scrubber: &Scrubber| object(scrubber, &one)]
                as [&dyn Fn(&Scrubber) -> Result<Dynamic, Error>; 2]
        {
            let scrubber = Scrubber::new();
            let _ = read(&scrubber).expect("it is read");
            assert_eq!(scrubber.scrub("user data bm90IGZvciBleWVz"), "user data ***");
        }
    }

    #[test]
    fn a_list_that_is_not_whole_is_refused_with_the_reason() {
        for (body, code, why) in [
            ("", "bad_answer", "it is empty"),
            (r#"{"items":[{"id":"1"}"#, "bad_answer", "cut short after 20 bytes"),
            (r#"{"items":[{"id":"1"}],"items":[]}"#, "bad_answer", "`items` comes twice"),
            (r#"{"item":[]}"#, "bad_answer", "`items` is missing"),
            (r#"{"items":{}}"#, "bad_answer", "`items` is no array"),
            (r#"{"items":[]}]"#, "bad_answer", "something follows its end"),
            (r#"{"items":[{"id":"1"},{"id":2,}]}"#, "answer_not_json", "trailing comma"),
            (r#"{"items":[{"id":"1"},null]}"#, "answer_not_object", "not the JSON object"),
        ] {
            let error = unread_list(&Scrubber::new(), &unread(body)).expect_err(body);
            assert_eq!(error.code, code, "{body}");
            assert!(error.message.contains(why), "{body}: {}", error.message);
        }
    }
}
