//! From a call to the HTTP request that is sent: address, query, headers, body.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::catalog::{self, Operation, Parameter, Place, Style};
use crate::error::Kind;
use crate::transport::error::name_of;
use crate::transport::parameters::{checked, placeholder};
use crate::transport::shapes::violations;
use crate::transport::uploads::Uploads;
use crate::transport::{Call, Endpoints, Error, Payload, Target};

/// Everything but what RFC 3986 leaves unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

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
            project: named(&parameters, &["projectId"]).or_else(|| call.target.project.clone()),
            region: named(&parameters, &["region", "regionId"]).or_else(|| call.target.region.clone()),
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
    parameter.place == Place::Path && !matches!(parameter.name, "projectId" | "region" | "regionId")
}

fn named(parameters: &[(&'static Parameter, Value)], names: &[&str]) -> Option<String> {
    let found =
        parameters.iter().find(|(parameter, _)| parameter.place == Place::Path && names.contains(&parameter.name));
    found.map(|(_, value)| text(value))
}

/// A scalar as it is written in a path, query or header.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

fn address(
    call: &Call,
    parameters: &[(&'static Parameter, Value)],
    endpoints: &Endpoints,
    uploads: &Uploads,
) -> Result<Uri, Error> {
    let operation = call.operation;
    let bad = |text: String| Error::before_sending(operation, Kind::Invalid, "bad_address", text);
    if let Some(name) = placeholder(operation) {
        let Some(Value::String(address)) = call.parameters.get(name) else {
            let text = format!("`{}` needs the parameter `{name}`", name_of(operation));
            return Err(Error::before_sending(operation, Kind::Invalid, "missing_parameter", text));
        };
        return uploads.checked(operation, address, endpoints);
    }
    let mut address = endpoints.base_url(operation).to_owned();
    if address.contains("{region}") {
        let region = named(parameters, &["region", "regionId"]).or_else(|| call.target.region.clone());
        let Some(region) = region else {
            let text = format!("`{}` needs a region, and none is set", name_of(operation));
            return Err(Error::before_sending(operation, Kind::Config, "no_region", text)
                .with_hint("give it with `--region` or `STACKIT_REGION`"));
        };
        if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(bad(format!("`{region}` is not a region")));
        }
        address = address.replace("{region}", &format!("{region}."));
    }
    let mut path = operation.path.to_owned();
    for (parameter, value) in parameters.iter().filter(|(parameter, _)| parameter.place == Place::Path) {
        path = path.replace(&format!("{{{}}}", parameter.name), &encoded(&text(value)));
    }
    address.push_str(&path);
    let query = query(parameters);
    if !query.is_empty() {
        address.push('?');
        address.push_str(&query);
    }
    address.parse().map_err(|error| bad(format!("`{}` makes no valid address: {error}", name_of(operation))))
}

fn query(parameters: &[(&'static Parameter, Value)]) -> String {
    let mut pairs: Vec<String> = Vec::new();
    let mut pair = |name: &str, value: &str| pairs.push(format!("{name}={value}"));
    for (parameter, value) in parameters.iter().filter(|(parameter, _)| parameter.place == Place::Query) {
        let name = encoded(parameter.name);
        match (value, parameter.style) {
            (Value::Array(items), Style::Joined) => {
                pair(&name, &items.iter().map(|item| encoded(&text(item))).collect::<Vec<_>>().join(","));
            }
            (Value::Array(items), _) => items.iter().for_each(|item| pair(&name, &encoded(&text(item)))),
            (Value::Object(fields), Style::Brackets) => {
                for (field, value) in fields {
                    pair(&format!("{name}{}", encoded(&format!("[{field}]"))), &encoded(&text(value)));
                }
            }
            (Value::Object(fields), _) => {
                fields.iter().for_each(|(field, value)| pair(&encoded(field), &encoded(&text(value))));
            }
            (scalar, _) => pair(&name, &encoded(&text(scalar))),
        }
    }
    pairs.join("&")
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
    let violations = violations(operation, shape, value);
    if violations.is_empty() {
        return Ok(());
    }
    let mut told: Vec<String> = violations.iter().take(3).cloned().collect();
    if violations.len() > told.len() {
        told.push(format!("and {} more", violations.len() - told.len()));
    }
    let text = format!("the body of `{}` is wrong: {}", name_of(operation), told.join("; "));
    Err(Error::before_sending(operation, Kind::Invalid, "wrong_body", text))
}

fn form(value: &Value) -> String {
    let Value::Object(fields) = value else { return String::new() };
    let pairs: Vec<_> =
        fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(&text(value)))).collect();
    pairs.join("&")
}
