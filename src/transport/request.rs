//! From a call to the HTTP request that is sent: address, query, headers, body.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Uri};
use serde_json::Value;

use crate::catalog::{self, AddressError, FilledFrom, Operation, Parameter, Place, percent_encode, plain_text as text};
use crate::error::Kind;
use crate::transport::error::name_of;
use crate::transport::parameters::{checked, no_region};
use crate::transport::shapes::wrongs;
use crate::transport::uploads::Uploads;
use crate::transport::{Call, Endpoints, Error, Payload, Target};

/// A request, checked and built, without its token; it can be sent any number of times.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub operation: &'static Operation,
    pub target: Target,
    /// Scheme, host, path and query.
    pub uri: Uri,
    /// Host and port: what is paced together.
    pub host: String,
    /// Host and path without the query: what may be logged.
    pub shown: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The value of the last path parameter that is neither project nor region.
    pub object: Option<String>,
}

impl Prepared {
    /// Checks a call and builds its request.
    ///
    /// # Errors
    /// Of kind `invalid` or `config`, naming what is wrong; nothing has been sent.
    pub fn new(call: &Call, endpoints: &Endpoints, uploads: &Uploads) -> Result<Self, Error> {
        let operation = call.operation;
        let parameters = checked(call)?;
        let (content_type, body) = body(call)?;
        let uri = address(call, &parameters, endpoints, uploads)?;
        let mut headers = header_parameters(operation, &parameters)?;
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static(accepts(operation)));
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let object = parameters.iter().rev().find(|(parameter, _)| is_object(parameter)).map(|(_, value)| text(value));
        let target = Target {
            project: named(&parameters, FilledFrom::Project).or_else(|| call.target.project.clone()),
            region: named(&parameters, FilledFrom::Region).or_else(|| call.target.region.clone()),
        };
        let shown = format!("{} {}", operation.method.as_str(), uri.path());
        Ok(Self { operation, target, uri, host, shown, headers, body, object })
    }

    /// The HTTP method.
    pub fn method(&self) -> Method {
        match self.operation.method {
            catalog::Method::Get => Method::GET,
            catalog::Method::Head => Method::HEAD,
            catalog::Method::Post => Method::POST,
            catalog::Method::Put => Method::PUT,
            catalog::Method::Patch => Method::PATCH,
            catalog::Method::Delete => Method::DELETE,
        }
    }
}

fn is_object(parameter: &Parameter) -> bool {
    parameter.place == Place::Path && parameter.filled_from().is_none()
}

fn named(parameters: &[(&'static Parameter, Value)], what: FilledFrom) -> Option<String> {
    let found = parameters.iter().find(|(parameter, _)| parameter.filled_from() == Some(what));
    found.map(|(_, value)| text(value))
}

fn address(
    call: &Call,
    parameters: &[(&'static Parameter, Value)],
    endpoints: &Endpoints,
    uploads: &Uploads,
) -> Result<Uri, Error> {
    let operation = call.operation;
    let value = |name: &str| {
        let given = parameters.iter().find(|(parameter, _)| parameter.name == name).map(|(_, value)| text(value));
        let region = || named(parameters, FilledFrom::Region).or_else(|| call.target.region.clone());
        given.or_else(|| (name == "region").then(region).flatten()).map(Cow::from)
    };
    let refuse = |error: AddressError| {
        if error == (AddressError::Missing { parameter: "region" }) {
            return no_region(operation);
        }
        let text = format!("`{}` has no address: {error}", name_of(operation));
        Error::before_sending(operation, Kind::Invalid, "bad_address", text)
    };
    if operation.given_host().is_some() {
        return uploads.checked(operation, &operation.url(None, value).map_err(refuse)?, endpoints);
    }
    let base = match endpoints.base_url(operation) {
        Some(base) if base.contains("{region}") => {
            let region = value("region").ok_or_else(|| no_region(operation))?;
            Some(Cow::from(base.replace("{region}", &format!("{region}."))))
        }
        base => base.map(Cow::from),
    };
    let mut address = operation.url(base.as_deref(), value).map_err(refuse)?;
    let query = parameters.iter().filter(|(parameter, _)| parameter.place == Place::Query);
    let query = operation.query(&query.map(|(parameter, value)| (parameter.name.to_owned(), value.clone())).collect());
    if !query.is_empty() {
        address.push('?');
        address.push_str(&query);
    }
    address.parse().map_err(|error| {
        let text = format!("`{}` makes no valid address: {error}", name_of(operation));
        Error::before_sending(operation, Kind::Invalid, "bad_address", text)
    })
}

fn header_parameters(
    operation: &'static Operation,
    parameters: &[(&'static Parameter, Value)],
) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for (parameter, value) in parameters.iter().filter(|(parameter, _)| parameter.place == Place::Header) {
        let name = HeaderName::from_bytes(parameter.name.as_bytes());
        let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&text(value))) else {
            let text = format!("parameter `{}` of `{}` cannot stand in a header", parameter.name, name_of(operation));
            return Err(Error::before_sending(operation, Kind::Invalid, "wrong_parameter", text));
        };
        headers.insert(name, value);
    }
    Ok(headers)
}

fn accepts(operation: &Operation) -> &'static str {
    match operation.answer {
        catalog::Answer::Json(_) => "application/json",
        catalog::Answer::Bytes(content_type) => content_type,
        // Errors are JSON everywhere, whatever success looks like.
        catalog::Answer::Empty => "application/json, */*;q=0.5",
    }
}

/// The content type and bytes of what is sent.
fn body(call: &Call) -> Result<(Option<&'static str>, Bytes), Error> {
    let operation = call.operation;
    let wrong = |code, text: String| Error::before_sending(operation, Kind::Invalid, code, text);
    let Some(body) = &operation.body else {
        return match call.payload {
            Payload::Empty => Ok((None, Bytes::new())),
            Payload::Json(_) | Payload::Bytes(_) => {
                Err(wrong("unexpected_body", format!("`{}` takes no body", name_of(operation))))
            }
        };
    };
    let is_json = body.content_type.ends_with("json");
    let is_form = body.content_type == "application/x-www-form-urlencoded";
    match &call.payload {
        Payload::Empty if body.is_required => {
            Err(wrong("missing_body", format!("`{}` needs a body", name_of(operation))))
        }
        Payload::Empty => Ok((None, Bytes::new())),
        Payload::Bytes(bytes) if !is_json && !is_form => Ok((Some(body.content_type), bytes.clone())),
        Payload::Json(value) if is_json || is_form => {
            check_body(operation, body.shape, value)?;
            let bytes = if is_form { form(value) } else { value.to_string() };
            Ok((Some(body.content_type), bytes.into()))
        }
        Payload::Json(_) | Payload::Bytes(_) => {
            Err(wrong("wrong_body", format!("the body of `{}` must be {}", name_of(operation), body.content_type)))
        }
    }
}

fn check_body(operation: &'static Operation, shape: catalog::ShapeId, value: &Value) -> Result<(), Error> {
    let violations = wrongs(operation, shape, value);
    if violations.is_empty() {
        return Ok(());
    }
    let mut told: Vec<String> = violations.iter().take(3).map(ToString::to_string).collect();
    if violations.len() > told.len() {
        told.push(format!("and {} more", violations.len() - told.len()));
    }
    let text = format!("the body of `{}` is wrong: {}", name_of(operation), told.join("; "));
    Err(Error::before_sending(operation, Kind::Invalid, "wrong_body", text))
}

fn form(value: &Value) -> String {
    let Value::Object(fields) = value else { return String::new() };
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(&text(value))))
        .collect();
    pairs.join("&")
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
