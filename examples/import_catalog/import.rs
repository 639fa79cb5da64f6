//! A folder of API documents becomes the files of the catalogue.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::document::{Api, is_set, list, object, text};
use super::names::snake_case;
use super::operation::{Method, Place, Style};
use super::shapes::Converter;
use super::source::{Answer, Body, Document, Operation, Parameter, Shape};
use super::{lists, source};

const METHODS: &[(&str, Method)] = &[
    ("get", Method::Get),
    ("head", Method::Head),
    ("post", Method::Post),
    ("put", Method::Put),
    ("patch", Method::Patch),
    ("delete", Method::Delete),
];

/// All documents of a folder, by the name of the file that they become.
pub fn folder(folder: &Path) -> Result<BTreeMap<String, Document>, String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let name = entry.map_err(|error| error.to_string())?.file_name().to_string_lossy().into_owned();
        if let Some([service, version]) = name.strip_suffix(".json").and_then(|stem| split(stem)) {
            names.push((service.to_owned(), version.to_owned()));
        }
    }
    names.sort();
    let mut documents = BTreeMap::new();
    for (service, version) in &names {
        let name = format!("{service}.{version}.json");
        let has_newer = names.iter().any(|(other, newer)| other == service && newer > version);
        let module = if has_newer { format!("{service}/{version}") } else { service.clone() };
        let text = std::fs::read_to_string(folder.join(&name)).map_err(|error| format!("{name}: {error}"))?;
        let root = serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
        let document = document(&Api { root }, service, version, module).map_err(|error| format!("{name}: {error}"))?;
        documents.insert(name, document);
    }
    Ok(documents)
}

fn split(stem: &str) -> Option<[&str; 2]> {
    let (service, version) = stem.rsplit_once('.')?;
    version.starts_with('v').then_some([service, version])
}

fn document(api: &Api, service: &str, version: &str, module: String) -> Result<Document, String> {
    let base_url = list(&api.root, "servers").first().and_then(|server| text(server, "url"));
    let mut converter = Converter { api, used: std::collections::BTreeSet::new() };
    let mut shapes = BTreeMap::new();
    let mut operations = Vec::new();
    for (path, item) in object(&api.root, "paths").into_iter().flatten() {
        for (key, method) in METHODS {
            let Some(found) = item.get(key) else { continue };
            let id = text(found, "operationId").ok_or_else(|| format!("{key} {path} has no operationId"))?;
            let importer = Importer { api, item, found, path, id, key, method: *method };
            let operation =
                importer.operation(&mut converter, &mut shapes).map_err(|error| format!("{id}: {error}"))?;
            operations.push(operation);
        }
    }
    operations.sort_by(|one, other| one.name.cmp(&other.name));
    take_used_shapes(&mut converter, &mut shapes)?;
    Ok(Document {
        service: service.to_owned(),
        version: version.to_owned(),
        module,
        base_url: base_url.ok_or("no server")?.to_owned(),
        operations,
        shapes,
    })
}

/// Adds the named shapes that are used, and those that they use.
fn take_used_shapes(converter: &mut Converter, shapes: &mut BTreeMap<String, Shape>) -> Result<(), String> {
    while let Some(name) = converter.used.iter().find(|name| !shapes.contains_key(*name)).cloned() {
        let pointer = format!("/components/schemas/{}", name.replace('~', "~0").replace('/', "~1"));
        let api = converter.api;
        let schema = api.root.pointer(&pointer).ok_or_else(|| format!("no schema `{name}`"))?;
        let shape = converter.shape(schema).map_err(|error| format!("{name}: {error}"))?;
        shapes.insert(name, shape);
    }
    Ok(())
}

/// What a successful call answers.
struct Success {
    statuses: Vec<u16>,
    answer: Option<Answer>,
    list: Option<source::List>,
}

struct Importer<'a> {
    api: &'a Api,
    item: &'a Value,
    found: &'a Value,
    path: &'a str,
    id: &'a str,
    key: &'a str,
    method: Method,
}

impl Importer<'_> {
    fn operation(&self, converter: &mut Converter, shapes: &mut BTreeMap<String, Shape>) -> Result<Operation, String> {
        let name = snake_case(self.id);
        let parameters = self.parameters(converter)?;
        let success = self.answer(&name, &parameters, converter, shapes)?;
        Ok(Operation {
            id: self.id.to_owned(),
            method: self.method,
            path: self.path.to_owned(),
            body: self.body(converter, shapes)?,
            success: success.statuses,
            answer: success.answer,
            list: success.list,
            deprecated: is_set(self.found, "deprecated"),
            permissions: self.permissions(),
            public: self.found.get("security").and_then(Value::as_array).is_some_and(Vec::is_empty),
            errors: self.errors(converter)?,
            parameters,
            name,
        })
    }

    /// The operation's own parameters, then those of its path; the own one wins.
    fn parameters(&self, converter: &mut Converter) -> Result<Vec<Parameter>, String> {
        let mut parameters: Vec<Parameter> = Vec::new();
        for parameter in list(self.item, "parameters").iter().chain(list(self.found, "parameters")) {
            let parameter = self.api.resolve(parameter)?;
            let name = text(parameter, "name").ok_or("a parameter without a name")?;
            let place = match text(parameter, "in") {
                Some("path") => Place::Path,
                Some("query") => Place::Query,
                Some("header") => Place::Header,
                other => return Err(format!("parameter `{name}` is in {other:?}")),
            };
            let style = match text(parameter, "style") {
                Some("deepObject") => Style::Brackets,
                None | Some("form") if parameter.get("explode") == Some(&Value::Bool(false)) => Style::Joined,
                _ => Style::Exploded,
            };
            let schema = parameter.get("schema").ok_or_else(|| format!("parameter `{name}` has no schema"))?;
            parameters.retain(|other| other.name != name || other.place != place);
            parameters.push(Parameter {
                name: name.to_owned(),
                place,
                required: place == Place::Path || is_set(parameter, "required"),
                style,
                shape: converter.shape(schema)?,
            });
        }
        Ok(parameters)
    }

    fn body(&self, converter: &mut Converter, shapes: &mut BTreeMap<String, Shape>) -> Result<Option<Body>, String> {
        let Some(body) = self.found.get("requestBody") else { return Ok(None) };
        let body = self.api.resolve(body)?;
        let (types, schema) = content(body);
        if types.is_empty() {
            return Ok(None);
        }
        let shape = schema.map_or(Ok(Shape::Any), |schema| converter.shape(schema))?;
        let shape = named(shape, &format!("{}Body", self.id), shapes)?;
        Ok(Some(Body { required: is_set(body, "required"), types, shape }))
    }

    fn answer(
        &self,
        name: &str,
        parameters: &[Parameter],
        converter: &mut Converter,
        shapes: &mut BTreeMap<String, Shape>,
    ) -> Result<Success, String> {
        let (statuses, answers) = self.successes()?;
        let mut success = Success { statuses, answer: None, list: None };
        let Some(answer) = answers.into_iter().find(|answer| answer.get("content").is_some()) else {
            return Ok(success);
        };
        let (types, schema) = content(answer);
        if types.is_empty() {
            return Ok(success);
        }
        if types[0] != "application/json" {
            success.answer = Some(Answer { types, shape: None });
            return Ok(success);
        }
        let query: Vec<&str> = parameters
            .iter()
            .filter(|parameter| parameter.place == Place::Query)
            .map(|parameter| parameter.name.as_str())
            .collect();
        if let Some(schema) = schema {
            success.list = lists::describe(self.api, name, self.key, schema, &query)?;
        }
        let shape = schema.map_or(Ok(Shape::Any), |schema| converter.shape(schema))?;
        let shape = named(shape, &format!("{}Answer", self.id), shapes)?;
        success.answer = Some(Answer { types, shape: Some(shape) });
        Ok(success)
    }

    /// The 2xx statuses and their answers. One operation documents its answer under 302 only: 200 is meant too.
    fn successes(&self) -> Result<(Vec<u16>, Vec<&Value>), String> {
        let mut statuses = Vec::new();
        let mut answers = Vec::new();
        let mut redirects = Vec::new();
        for (status, answer) in object(self.found, "responses").into_iter().flatten() {
            let answer = self.api.resolve(answer)?;
            let Ok(status) = status.parse::<u16>() else { continue };
            match status {
                200..300 => {
                    statuses.push(status);
                    answers.push(answer);
                }
                300..400 => redirects.push((status, answer)),
                _ => {}
            }
        }
        if statuses.is_empty() {
            statuses.push(200);
            for (status, answer) in redirects {
                statuses.push(status);
                answers.push(answer);
            }
        }
        statuses.sort_unstable();
        Ok((statuses, answers))
    }

    /// What failures answer, by status.
    fn errors(&self, converter: &mut Converter) -> Result<BTreeMap<String, Option<String>>, String> {
        let mut errors = BTreeMap::new();
        for (status, answer) in object(self.found, "responses").into_iter().flatten() {
            if status.starts_with(['1', '2', '3']) {
                continue;
            }
            let (types, schema) = content(self.api.resolve(answer)?);
            let is_json = types.first().is_some_and(|first| first == "application/json");
            let shape = match schema.filter(|_| is_json).map(|schema| converter.shape(schema)).transpose()? {
                Some(Shape::Ref(name)) => Some(name),
                _ => None,
            };
            errors.insert(status.clone(), shape);
        }
        Ok(errors)
    }

    fn permissions(&self) -> Vec<String> {
        self.found
            .get("x-stackit-authorization")
            .map(|authorization| list(authorization, "actions"))
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }
}

/// Content types, JSON first, and the schema of the first.
fn content(message: &Value) -> (Vec<String>, Option<&Value>) {
    let Some(content) = object(message, "content") else { return (Vec::new(), None) };
    let mut types: Vec<String> = content.keys().cloned().collect();
    types.sort_by_key(|name| name != "application/json");
    let schema = types.first().and_then(|first| content[first].get("schema"));
    (types, schema)
}

/// An object in place, or a list of them, gets a name, so that the operation's line stays short.
fn named(shape: Shape, name: &str, shapes: &mut BTreeMap<String, Shape>) -> Result<Shape, String> {
    let is_large = match &shape {
        Shape::List { item, .. } => matches!(**item, Shape::Object(_)),
        shape => matches!(shape, Shape::Object(_) | Shape::AllOf(_) | Shape::OneOf(_) | Shape::AnyOf(_)),
    };
    if !is_large {
        return Ok(shape);
    }
    if shapes.insert(name.to_owned(), shape).is_some() {
        return Err(format!("two shapes are named `{name}`"));
    }
    Ok(Shape::Ref(name.to_owned()))
}
