//! From a message to what it asks for: path, query and body, checked against the catalogue.

use bytes::Bytes;
use http::{Request, header};
use serde_json::Value;

use super::exchange::Asked;
use super::tokens::form_fields;
use super::wire::Refusal;
use crate::catalog::{Direction, Operation, ShapeId, percent_decode, validate};

/// Reads what a request asks for.
///
/// # Errors
/// 400 for a body that is missing, no JSON, or does not match its schema.
pub fn ask(operation: &Operation, path: &str, request: &Request<Bytes>) -> Result<Asked, Refusal> {
    let path = fill(operation.path, path).ok_or_else(|| Refusal::new(404, "Not Found"))?;
    let query = request.uri().query().map(|query| form_fields(query.as_bytes())).unwrap_or_default();
    let bytes = request.body();
    let body = match (&operation.body, bytes.is_empty()) {
        (Some(body), true) if body.is_required => {
            return Err(Refusal::bad("request body has an error: value is required but missing"));
        }
        (None, _) | (Some(_), true) => None,
        (Some(body), false) => {
            let value = serde_json::from_slice(bytes).map_err(|error| {
                Refusal::bad(format!("request body has an error: failed to decode request body: {error}"))
            })?;
            check_body(operation, body.shape, &value)?;
            Some(value)
        }
    };
    Ok(Asked { path, query, body, base_url: base_url(request) })
}

/// Refuses a body that does not match its schema, in the words of the validator that the service uses.
fn check_body(operation: &Operation, shape: ShapeId, body: &Value) -> Result<(), Refusal> {
    let violations = validate(operation.service(), shape, body, Direction::Request);
    let Some(first) = violations.first() else { return Ok(()) };
    let pointer = pointer_of(&first.path);
    let name = pointer.rsplit('/').next().unwrap_or_default();
    let problem = match first.message.as_str() {
        "is missing" => format!("property \"{name}\" is missing"),
        "must be text" => "value must be a string".to_owned(),
        "must be a whole number" => "value must be an integer".to_owned(),
        "must be true or false" => "value must be a boolean".to_owned(),
        "must be a list" => "value must be an array".to_owned(),
        "must be an object" => "value must be an object".to_owned(),
        other => match other.strip_prefix("must match `").and_then(|rest| rest.strip_suffix('`')) {
            Some(pattern) => format!("string doesn't match the regular expression \"{pattern}\""),
            None => format!("value {other}"),
        },
    };
    Err(Refusal::schema(&pointer, &problem))
}

/// `items[0].labels["a:b"]` as `/items/0/labels/a:b`.
fn pointer_of(path: &str) -> String {
    let mut pointer = String::from("/");
    let mut is_quoted = false;
    for letter in path.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '.' | '[' if !is_quoted => pointer.push('/'),
            ']' if !is_quoted => {}
            other => pointer.push(other),
        }
    }
    pointer.replace("//", "/")
}

/// The parameters of a path that follows a template.
fn fill(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let mut parameters = Vec::new();
    let (mut names, mut values) = (template.split('/'), path.split('/'));
    loop {
        match (names.next(), values.next()) {
            (None, None) => return Some(parameters),
            (Some(name), Some(value)) => match name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => parameters.push((name.to_owned(), percent_decode(value)?)),
                None if name == value => {}
                None => return None,
            },
            _ => return None,
        }
    }
}

/// The scheme and host that a caller used, so that an answer can lead it back here.
fn base_url(request: &Request<Bytes>) -> String {
    let uri = request.uri();
    if let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) {
        return format!("{scheme}://{authority}");
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or("localhost"))
}
