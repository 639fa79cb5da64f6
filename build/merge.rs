//! `catalog/*.json` and `extra.json` become the tables that the library decodes.

use std::collections::{BTreeMap, BTreeSet};

use super::extra::{ByModule, Extra};
use super::intern::Interner;
use super::operation::{Answer, Body, Effect, ErrorAnswer, Method, Operation, Paging, Parameter, Permission, Service};
use super::shape::Shapes;
use super::source::{self, Document};

/// A service and its shapes, to be packed apart.
pub struct Table {
    pub service: Service,
    pub shapes: Shapes,
}

/// Joins the documents with what is known beyond them.
///
/// # Errors
/// All that is wrong: operations without effect or permission, and rows of `extra.json` that match nothing.
pub fn merge(documents: Vec<Document>, extra: &Extra) -> Result<Vec<Table>, Vec<String>> {
    let mut merge = Merge { extra, problems: Vec::new() };
    let mut documents: BTreeMap<String, (Document, BTreeMap<String, String>)> =
        documents.into_iter().map(|document| (document.module.clone(), (document, BTreeMap::new()))).collect();
    for added in &extra.operations {
        let (document, hosts) = documents.entry(added.module.clone()).or_insert_with(|| {
            let document = Document {
                service: added.service.clone(),
                version: added.version.clone(),
                module: added.module.clone(),
                base_url: added.base_url.clone(),
                operations: Vec::new(),
                shapes: BTreeMap::new(),
            };
            (document, BTreeMap::new())
        });
        hosts.insert(added.operation.name.clone(), added.base_url.clone());
        document.operations.push(added.operation.clone());
        document.shapes.extend(added.shapes.clone());
    }
    merge.check_rows(&documents);
    let tables = documents.into_values().map(|(document, hosts)| merge.table(document, &hosts)).collect();
    if merge.problems.is_empty() { Ok(tables) } else { Err(merge.problems) }
}

struct Merge<'a> {
    extra: &'a Extra,
    problems: Vec<String>,
}

impl Merge<'_> {
    fn table(&mut self, mut document: Document, hosts: &BTreeMap<String, String>) -> Table {
        let module = document.module.clone();
        for (name, given) in self.extra.shapes.get(&module).into_iter().flatten() {
            if document.shapes.insert(name.clone(), given.shape.clone()).is_none() {
                self.problems.push(format!("shapes: {module} has no shape `{name}`"));
            }
        }
        let mut interner = Interner::new(&document.shapes, self.marks(&module));
        document.operations.sort_by(|one, other| one.name.cmp(&other.name));
        let mut operations = Vec::new();
        for found in &document.operations {
            let host = hosts.get(&found.name).unwrap_or(&document.base_url);
            operations.push(self.operation(&module, host, found, &mut interner));
        }
        let (shapes, ids) = interner.finish(&mut self.problems);
        for operation in &mut operations {
            renumber(operation, &ids);
        }
        let service = Service {
            name: leak(&document.service),
            version: leak(&document.version),
            module: leak(&module),
            operations,
        };
        Table { service, shapes }
    }

    fn operation(
        &mut self,
        module: &str,
        base_url: &str,
        found: &source::Operation,
        interner: &mut Interner,
    ) -> Operation {
        let effect = self.effect(module, &found.name, found.method);
        let errors = errors(found, interner);
        let error_set = interner.add_errors(errors);
        Operation {
            module: leak(module),
            name: leak(&found.name),
            id: leak(&found.id),
            method: found.method,
            base_url: leak(base_url),
            path: leak(&found.path),
            parameters: found
                .parameters
                .iter()
                .map(|parameter| Parameter {
                    name: leak(&parameter.name),
                    place: parameter.place,
                    is_required: parameter.required,
                    style: parameter.style,
                    shape: interner.add(&parameter.shape),
                })
                .collect(),
            body: found.body.as_ref().map(|body| Body {
                is_required: body.required,
                content_type: leak(&body.types[0]),
                other_types: body.types[1..].iter().map(|name| leak(name)).collect(),
                shape: interner.add(&body.shape),
            }),
            success: found.success.clone(),
            answer: answer(found, interner),
            other_answer_types: found
                .answer
                .iter()
                .flat_map(|answer| &answer.types[1..])
                .map(|name| leak(name))
                .collect(),
            error_set,
            list_key: found.list.as_ref().and_then(|list| list.key.as_deref()).map(leak),
            paging: found.list.as_ref().and_then(|list| list.paging.as_ref()).map_or(Paging::None, paging),
            is_deprecated: found.deprecated,
            permissions: self.permissions(module, found),
            effect,
            is_idempotent: self.is_idempotent(module, &found.name, found.method, effect),
            takes_token: !found.public && !holds(&self.extra.tokenless, module, &found.name),
        }
    }

    fn effect(&mut self, module: &str, name: &str, method: Method) -> Effect {
        let rows = self.extra.effects.get(module).into_iter().flatten();
        let found: Vec<Effect> =
            rows.filter(|(_, names)| names.iter().any(|other| other == name)).map(|(effect, _)| *effect).collect();
        let [effect] = found.as_slice() else {
            self.problems.push(format!("effects: {module}.{name} has {} effects, not one", found.len()));
            return Effect::Delete;
        };
        let has_reason = self.extra.reasons.contains_key(&format!("{module}.{name}"));
        if (*effect == suggested(method)) == has_reason {
            let what = if has_reason { "needs no reason" } else { "needs a reason" };
            self.problems.push(format!("reasons: {module}.{name}, {effect:?} for {method:?}, {what}"));
        }
        *effect
    }

    fn permissions(&mut self, module: &str, found: &source::Operation) -> Vec<Permission> {
        let ours = self.extra.permissions.get(module).and_then(|rows| rows.get(&found.name));
        let (names, is_ours) = match ours {
            Some(names) if found.permissions.is_empty() => (names, true),
            _ => (&found.permissions, false),
        };
        if names.is_empty() {
            self.problems.push(format!("permissions: {module}.{} has none", found.name));
        }
        if ours.is_some() && !is_ours {
            self.problems.push(format!("permissions: {module}.{} has some in its document", found.name));
        }
        names.iter().map(|name| Permission { name: leak(name), is_ours }).collect()
    }

    fn is_idempotent(&self, module: &str, name: &str, method: Method, effect: Effect) -> bool {
        if holds(&self.extra.idempotent, module, name) {
            return true;
        }
        let by_kind = match effect {
            Effect::Read | Effect::Delete => true,
            Effect::Mint => false,
            Effect::Create | Effect::Update => method != Method::Post,
        };
        by_kind && !holds(&self.extra.not_idempotent, module, name)
    }

    fn marks(&self, module: &str) -> Marks {
        let set = |rows: &ByModule<Vec<String>>| rows.get(module).into_iter().flatten().cloned().collect();
        let mut only_with = BTreeMap::new();
        for (parameter, fields) in self.extra.only_with.get(module).into_iter().flatten() {
            only_with.extend(fields.iter().map(|field| (field.clone(), parameter.clone())));
        }
        Marks {
            module: module.to_owned(),
            secret: set(&self.extra.secret),
            volatile: set(&self.extra.volatile),
            only_with,
            seen: BTreeSet::new(),
        }
    }

    /// Rows that name a module or an operation that is not there.
    fn check_rows(&mut self, documents: &BTreeMap<String, (Document, BTreeMap<String, String>)>) {
        let has = |module: &str, name: &str| {
            documents
                .get(module)
                .is_some_and(|(document, _)| document.operations.iter().any(|operation| operation.name == name))
        };
        let mut rows: Vec<(&str, &str, &str)> = Vec::new();
        for (module, effects) in &self.extra.effects {
            rows.extend(effects.values().flatten().map(|name| ("effects", module.as_str(), name.as_str())));
        }
        for (module, names) in &self.extra.permissions {
            rows.extend(names.keys().map(|name| ("permissions", module.as_str(), name.as_str())));
        }
        for (section, lists) in [
            ("idempotent", &self.extra.idempotent),
            ("not_idempotent", &self.extra.not_idempotent),
            ("tokenless", &self.extra.tokenless),
        ] {
            for (module, names) in lists {
                rows.extend(names.iter().map(|name| (section, module.as_str(), name.as_str())));
            }
        }
        for row in self.extra.reasons.keys() {
            let (module, name) = row.split_once('.').unwrap_or((row, ""));
            rows.push(("reasons", module, name));
        }
        for (section, module, name) in rows {
            if !has(module, name) {
                self.problems.push(format!("{section}: there is no operation {module}.{name}"));
            }
        }
        for modules in [&self.extra.secret, &self.extra.volatile] {
            for module in modules.keys().filter(|module| !documents.contains_key(*module)) {
                self.problems.push(format!("there is no module {module}"));
            }
        }
    }
}

/// What is known of the fields of a module's shapes.
pub struct Marks {
    pub module: String,
    pub secret: BTreeSet<String>,
    pub volatile: BTreeSet<String>,
    pub only_with: BTreeMap<String, String>,
    /// The rows that were met.
    pub seen: BTreeSet<String>,
}

/// The effect that one would expect of a method.
pub fn suggested(method: Method) -> Effect {
    match method {
        Method::Get | Method::Head => Effect::Read,
        Method::Post => Effect::Create,
        Method::Put | Method::Patch => Effect::Update,
        Method::Delete => Effect::Delete,
    }
}

fn holds(rows: &ByModule<Vec<String>>, module: &str, name: &str) -> bool {
    rows.get(module).is_some_and(|names| names.iter().any(|other| other == name))
}

fn answer(found: &source::Operation, interner: &mut Interner) -> Answer {
    match &found.answer {
        None => Answer::Empty,
        Some(source::Answer { shape: Some(shape), .. }) => Answer::Json(interner.add(shape)),
        Some(source::Answer { types, shape: None }) => Answer::Bytes(leak(&types[0])),
    }
}

fn errors(found: &source::Operation, interner: &mut Interner) -> Vec<ErrorAnswer> {
    let mut errors: Vec<ErrorAnswer> = found
        .errors
        .iter()
        .map(|(status, name)| ErrorAnswer {
            status: match status.as_str() {
                "4XX" => 4,
                "5XX" => 5,
                status => status.parse().unwrap_or(0),
            },
            shape: name.as_ref().map(|name| interner.add(&source::Shape::Ref(name.clone()))),
        })
        .collect();
    errors.sort_by_key(|error| error.status);
    errors
}

fn paging(paging: &source::Paging) -> Paging {
    match paging {
        source::Paging::Token { parameter, next, size } => {
            Paging::Token { parameter: leak(parameter), next: leak(next), size: size.as_deref().map(leak) }
        }
        source::Paging::Number { parameter, size, total } => {
            Paging::Number { parameter: leak(parameter), size: size.as_deref().map(leak), total: leak(total) }
        }
        source::Paging::Offset { parameter, size } => Paging::Offset { parameter: leak(parameter), size: leak(size) },
        source::Paging::Cut { next } => Paging::Cut { next: next.as_deref().map(leak) },
        source::Paging::Counted { total } => Paging::Counted { total: leak(total) },
    }
}

fn renumber(operation: &mut Operation, ids: &[u32]) {
    let new = |id: &mut u32| *id = ids[*id as usize];
    for parameter in &mut operation.parameters {
        new(&mut parameter.shape);
    }
    if let Some(body) = &mut operation.body {
        new(&mut body.shape);
    }
    if let Answer::Json(shape) = &mut operation.answer {
        new(shape);
    }
}

/// The packed types borrow for ever; a build is short.
pub fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}
