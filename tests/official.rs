//! STACKIT's own documents as JSON schemas: a second opinion on what we send and answer, from a validator that shares
//! nothing with ours. Works where the documents are: in the folder that `STACKHAND_OPENAPI` names.
//!
//! Included by path; the file that includes it has our catalogue in scope as `catalogue`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine as _;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Response};
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use super::catalogue::{self, Direction, Operation};

/// The documents, by module, and the validators made of them so far.
pub struct Official {
    documents: BTreeMap<&'static str, Value>,
    validators: Mutex<HashMap<(String, bool), Arc<Validator>>>,
}

impl Official {
    /// The documents in the folder that `STACKHAND_OPENAPI` names, read once; nothing if it names none.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Official>> = OnceLock::new();
        SHARED
            .get_or_init(|| std::env::var_os("STACKHAND_OPENAPI").map(|folder| Self::read(Path::new(&folder))))
            .as_ref()
    }

    fn read(folder: &Path) -> Self {
        let mut documents = BTreeMap::new();
        for service in catalogue::services() {
            let file = folder.join(format!("{}.{}.json", service.name, service.version));
            // The few operations that no document has are in modules without one.
            let Ok(text) = std::fs::read_to_string(&file) else { continue };
            let document = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            documents.insert(service.module, document);
        }
        assert!(!documents.is_empty(), "STACKHAND_OPENAPI names a folder without documents");
        Self { documents, validators: Mutex::default() }
    }

    /// Whether a document has the operation; a few have none.
    pub fn knows(&self, operation: &Operation) -> bool {
        self.operation(operation).is_some()
    }

    /// What is wrong with a request's body, as the document sees it.
    pub fn wrongs_of_request(&self, operation: &Operation, request: &Request<Bytes>) -> Vec<String> {
        let Some(found) = self.operation(operation) else { return Vec::new() };
        let expected = self.resolve(operation.module, &found["requestBody"]);
        if request.body().is_empty() {
            let is_required = expected["required"] == Value::Bool(true);
            return if is_required { vec!["a body is required".to_owned()] } else { Vec::new() };
        }
        if expected.is_null() {
            return vec!["no body is documented".to_owned()];
        }
        self.wrongs_of_content(operation, expected, request.headers(), request.body(), Direction::Request)
    }

    /// What is wrong with an answer's status and body, as the document sees it.
    pub fn wrongs_of_answer(&self, operation: &Operation, answer: &Response<Bytes>) -> Vec<String> {
        let Some(found) = self.operation(operation) else { return Vec::new() };
        let status = answer.status().as_u16();
        let Some(expected) = answer_of(found, status) else {
            return self.wrongs_of_undocumented(operation, found, answer);
        };
        let expected = self.resolve(operation.module, expected);
        let is_told = expected["content"].as_object().is_some_and(|content| !content.is_empty());
        match (is_told, answer.body().is_empty()) {
            (true, true) => vec![format!("{status} has a documented body, and none came")],
            (true, false) => {
                self.wrongs_of_content(operation, expected, answer.headers(), answer.body(), Direction::Answer)
            }
            // Errors may say what went wrong all the same.
            (false, false) if status < 400 => vec![format!("{status} has no documented body")],
            (false, _) => Vec::new(),
        }
    }

    /// An error that no document foresees, such as a gateway's, or one that a test asked for: if it is JSON, it has the
    /// form of the errors that are foreseen.
    fn wrongs_of_undocumented(&self, operation: &Operation, found: &Value, answer: &Response<Bytes>) -> Vec<String> {
        let status = answer.status().as_u16();
        if status < 400 {
            return vec![format!("{status} is no documented answer")];
        }
        let is_json = answer.headers().get(CONTENT_TYPE).is_some_and(|given| given == "application/json");
        match [400, 404, 500].iter().find_map(|status| answer_of(found, *status)).filter(|_| is_json) {
            Some(error) => {
                let error = self.resolve(operation.module, error);
                self.wrongs_of_content(operation, error, answer.headers(), answer.body(), Direction::Answer)
            }
            None => Vec::new(),
        }
    }

    fn wrongs_of_content(
        &self,
        operation: &Operation,
        expected: &Value,
        headers: &HeaderMap,
        body: &Bytes,
        direction: Direction,
    ) -> Vec<String> {
        let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let given = given.split(';').next().unwrap_or_default().trim();
        let Some(content) = expected["content"].get(given) else {
            return vec![format!("its type `{given}` is not documented")];
        };
        let Some(schema) = content.get("schema").filter(|_| given == "application/json") else { return Vec::new() };
        match serde_json::from_slice(body) {
            Ok(value) => self.check(operation.module, schema, direction, &value),
            Err(error) => vec![format!("it is no JSON: {error}")],
        }
    }

    /// What is wrong with the JSON body of a request, as the document sees it.
    pub fn body(&self, operation: &Operation, value: &Value) -> Vec<String> {
        let Some(found) = self.operation(operation) else { return Vec::new() };
        let Some(schema) = self.content(operation, &found["requestBody"]) else { return Vec::new() };
        self.check(operation.module, &schema, Direction::Request, value)
    }

    /// What is wrong with the JSON of an answer, as the document sees it; an answer that it does not describe is wrong.
    pub fn answer(&self, operation: &Operation, status: u16, value: &Value) -> Vec<String> {
        let Some(found) = self.operation(operation) else { return Vec::new() };
        let Some(answer) = answer_of(found, status) else {
            return vec![format!("{} documents no answer {status}", operation.id)];
        };
        let Some(schema) = self.content(operation, answer) else { return Vec::new() };
        self.check(operation.module, &schema, Direction::Answer, value)
    }

    /// The names of a module's schemas.
    pub fn schemas(&self, module: &str) -> Vec<&str> {
        let schemas = self.documents.get(module).and_then(|document| document["components"]["schemas"].as_object());
        schemas.into_iter().flatten().map(|(name, _)| name.as_str()).collect()
    }

    /// A named schema as the document has it.
    pub fn schema(&self, module: &str, name: &str) -> &Value {
        &self.documents[module]["components"]["schemas"][name]
    }

    /// Follows a reference within a module's document.
    pub fn resolve<'v>(&'v self, module: &str, mut value: &'v Value) -> &'v Value {
        while let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|pointer| self.documents[module].pointer(pointer));
            value = target.unwrap_or_else(|| panic!("{module}: {reference} leads nowhere"));
        }
        value
    }

    /// What is wrong with a value of a schema, such as `{"$ref": "#/components/schemas/Server"}`.
    pub fn check(&self, module: &str, schema: &Value, direction: Direction, value: &Value) -> Vec<String> {
        let key = (format!("{module} {schema}"), direction == Direction::Request);
        let known = self.validators.lock().map(|validators| validators.get(&key).cloned()).unwrap_or_default();
        let validator = known.unwrap_or_else(|| {
            let validator = Arc::new(self.validator(module, schema, direction));
            if let Ok(mut validators) = self.validators.lock() {
                validators.insert(key, Arc::clone(&validator));
            }
            validator
        });
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    fn operation(&self, operation: &Operation) -> Option<&Value> {
        let method = operation.method.as_str().to_lowercase();
        self.documents.get(operation.module)?["paths"].get(operation.path)?.get(method)
    }

    /// The JSON schema of a message, if it has one.
    fn content(&self, operation: &Operation, message: &Value) -> Option<Value> {
        let message = self.resolve(operation.module, message);
        message["content"]["application/json"].get("schema").cloned()
    }

    /// A JSON schema (draft 4, the nearest to `OpenAPI` 3.0) with all that the given one refers to.
    fn validator(&self, module: &str, schema: &Value, direction: Direction) -> Validator {
        let mut schemas = Map::new();
        let mut open: Vec<String> = references(schema);
        while let Some(name) = open.pop() {
            if !schemas.contains_key(&name) {
                let found = self.schema(module, &name);
                open.extend(references(found));
                schemas.insert(name, self.json_schema(module, found, direction));
            }
        }
        let schema = self.json_schema(module, schema, direction);
        let root = json!({"allOf": [schema], "components": {"schemas": schemas}});
        let lenient = |_: &str| true;
        jsonschema::options()
            .with_draft(Draft::Draft4)
            .with_format("email", lenient)
            .with_format("hostname", lenient)
            .with_format("uri", lenient)
            .with_format("byte", |text: &str| base64::engine::general_purpose::STANDARD.decode(text).is_ok())
            .with_format("uuid", |text: &str| text.len() == 36 && uuid::Uuid::try_parse(text).is_ok())
            .build(&root)
            .unwrap_or_else(|error| panic!("{module}: {error}"))
    }

    /// `OpenAPI` 3.0 in the words of JSON schema: `nullable` allows null, and fields that do not travel in this
    /// direction are neither required nor looked at.
    fn json_schema(&self, module: &str, schema: &Value, direction: Direction) -> Value {
        let mut members = match schema {
            Value::Object(members) => members.clone(),
            Value::Array(items) => {
                return items.iter().map(|item| self.json_schema(module, item, direction)).collect();
            }
            other => return other.clone(),
        };
        members.remove("example");
        members.remove("default");
        let mark = if direction == Direction::Request { "readOnly" } else { "writeOnly" };
        let mut untold = BTreeSet::new();
        if let Some(Value::Object(properties)) = members.get_mut("properties") {
            for (name, property) in properties.iter_mut() {
                if self.is_marked(module, property, mark) {
                    untold.insert(name.clone());
                    *property = json!({});
                } else {
                    *property = self.json_schema(module, property, direction);
                }
            }
        }
        if let Some(Value::Array(required)) = members.get_mut("required") {
            required.retain(|name| name.as_str().is_none_or(|name| !untold.contains(name)));
            if required.is_empty() {
                members.remove("required");
            }
        }
        if !members.contains_key("type") {
            for (key, kind) in [("properties", "object"), ("required", "object"), ("items", "array")] {
                if members.contains_key(key) {
                    members.insert("type".to_owned(), json!(kind));
                }
            }
        }
        if let Some(choice) = by_tag(&members) {
            members.remove("oneOf");
            members.insert("anyOf".to_owned(), choice);
        }
        for key in ["items", "additionalProperties", "allOf", "oneOf", "anyOf", "not"] {
            if let Some(inner) = members.get(key) {
                let inner = self.json_schema(module, inner, direction);
                members.insert(key.to_owned(), inner);
            }
        }
        let is_nullable = members.remove("nullable") == Some(Value::Bool(true));
        if is_nullable { json!({"anyOf": [{"enum": [null]}, members]}) } else { Value::Object(members) }
    }

    fn is_marked(&self, module: &str, property: &Value, mark: &str) -> bool {
        let has = |schema: &Value| schema.get(mark) == Some(&Value::Bool(true));
        let target = self.resolve(module, property);
        let members = target.get("allOf").and_then(Value::as_array);
        has(property) || has(target) || members.into_iter().flatten().any(|member| has(self.resolve(module, member)))
    }
}

/// What an operation's entry says of a status.
fn answer_of(operation: &Value, status: u16) -> Option<&Value> {
    let keys = [status.to_string(), format!("{}XX", status / 100), "default".to_owned()];
    keys.iter().find_map(|key| operation["responses"].get(key))
}

/// What `discriminator` means: the schema that the tag names, and no other.
fn by_tag(members: &Map<String, Value>) -> Option<Value> {
    members.get("oneOf")?;
    let tag = members.get("discriminator")?.get("propertyName")?.as_str()?;
    let mapping = members.get("discriminator")?.get("mapping")?.as_object()?;
    let choices = mapping.iter().map(|(name, target)| {
        let tagged = json!({"type": "object", "required": [tag], "properties": {tag: {"enum": [name]}}});
        json!({"allOf": [tagged, {"$ref": target}]})
    });
    Some(choices.collect())
}

/// The names of the schemas that a schema refers to.
fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|reference| reference.strip_prefix("#/components/schemas/")).map(str::to_owned);
            own.into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}
