//! Holds every request and every answer that passes against the catalogue: neither we nor a simulator may drift from what
//! the API's documents say.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response, Uri};
use serde_json::{Map, Value};

use super::address::percent_decode;
#[cfg(test)]
use super::official::Official;
use super::operation::{Answer, Operation, Place};
use super::validate::{Direction, validate};

/// Whether messages are held against the catalogue on their way: in every test, and wherever debug assertions are on.
pub const CHECKS_MESSAGES: bool = cfg!(any(test, debug_assertions));

/// All that is wrong with a request of an operation: method, path, query, token, body.
#[must_use]
pub fn wrongs_of_request(operation: &'static Operation, request: &Request<Bytes>) -> Vec<String> {
    let mut wrongs = Vec::new();
    #[cfg(test)]
    wrongs.extend(Official::shared().into_iter().flat_map(|official| official.wrongs_of_request(operation, request)));
    if request.method().as_str() != operation.method.as_str() {
        wrongs.push(format!("the method is {}, not {}", request.method(), operation.method.as_str()));
    }
    if request.headers().contains_key(http::header::AUTHORIZATION) != operation.takes_token {
        let without = if operation.takes_token { "without" } else { "with" };
        wrongs.push(format!("it goes {without} a token"));
    }
    if operation.given_host().is_none() {
        wrongs.extend(wrongs_of_address(operation, request.uri()));
    }
    let content_type = request.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match &operation.body {
        None if !request.body().is_empty() => wrongs.push("it has a body".to_owned()),
        Some(body) if request.body().is_empty() => {
            if body.is_required {
                wrongs.push("it has no body".to_owned());
            }
        }
        Some(body)
            if content_type.is_some_and(|given| given != body.content_type && !body.other_types.contains(&given)) =>
        {
            wrongs.push(format!("its body is of type {}", content_type.unwrap_or_default()));
        }
        Some(body) if body.content_type.ends_with("json") => {
            wrongs.extend(wrongs_of_json(operation, body.shape, request.body(), Direction::Request));
        }
        Some(_) | None => {}
    }
    wrongs
}

/// All that is wrong with an answer of an operation: status and body. A status that the documents do not list is fine
/// if it tells of an error: gateways have their own.
#[must_use]
pub fn wrongs_of_answer(operation: &'static Operation, answer: &Response<Bytes>) -> Vec<String> {
    let status = answer.status().as_u16();
    let content_type = answer.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = content_type.is_some_and(|value| value.contains("json"));
    let mut wrongs = Vec::new();
    #[cfg(test)]
    wrongs.extend(Official::shared().into_iter().flat_map(|official| official.wrongs_of_answer(operation, answer)));
    if !answer.status().is_success() {
        if let Some(shape) = operation.error_shape(status).filter(|_| is_json) {
            wrongs.extend(wrongs_of_json(operation, shape, answer.body(), Direction::Answer));
        }
        return wrongs;
    }
    if !operation.success.contains(&status) {
        wrongs.push("its status is not documented".to_owned());
    }
    match operation.answer {
        Answer::Json(_) if answer.body().is_empty() && status != 200 => {}
        Answer::Json(shape) if is_json => {
            wrongs.extend(wrongs_of_json(operation, shape, answer.body(), Direction::Answer));
        }
        Answer::Json(_) => {
            let is_other = content_type
                .is_some_and(|given| operation.other_answer_types.iter().any(|other| given.starts_with(other)));
            if !is_other {
                wrongs.push(format!("it is of type {}, not JSON", content_type.unwrap_or("nothing")));
            }
        }
        Answer::Empty | Answer::Bytes(_) => {}
    }
    wrongs
}

fn wrongs_of_json(operation: &'static Operation, shape: u32, body: &[u8], direction: Direction) -> Vec<String> {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => validate(operation.service(), shape, &value, direction).iter().map(ToString::to_string).collect(),
        Err(error) => vec![format!("its body is no JSON: {error}")],
    }
}

/// Path and query, read back into parameters. The path may have a prefix, as a base URL of its own has.
fn wrongs_of_address(operation: &'static Operation, uri: &Uri) -> Vec<String> {
    let template: Vec<_> = operation.path.split('/').skip(1).collect();
    let path: Vec<_> = uri.path().split('/').skip(1).collect();
    let Some(skipped) = path.len().checked_sub(template.len()) else {
        return vec![format!("its path is {}", uri.path())];
    };
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (segment, value) in template.iter().zip(&path[skipped..]) {
        match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => values.entry(name.to_owned()).or_default().extend(percent_decode(value)),
            None if segment == value => {}
            None => return vec![format!("its path is {}", uri.path())],
        }
    }
    for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if let (Some(name), Some(value)) = (percent_decode(name), percent_decode(value)) {
            values.entry(name).or_default().push(value);
        }
    }
    let mut wrongs = Vec::new();
    for parameter in operation.parameters.iter().filter(|parameter| parameter.place != Place::Header) {
        let Some(texts) = values.remove(parameter.name) else {
            if parameter.is_required {
                wrongs.push(format!("`{}` is missing", parameter.name));
            }
            continue;
        };
        let found = readings(&texts)
            .iter()
            .map(|value| validate(operation.service(), parameter.shape, value, Direction::Request))
            .min_by_key(Vec::len);
        wrongs.extend(found.unwrap_or_default().iter().map(|violation| format!("`{}` {violation}", parameter.name)));
    }
    // Objects are written as parameters of their own, which no list names.
    if !operation
        .parameters
        .iter()
        .any(|parameter| parameter.place == Place::Query && is_object(operation, parameter.shape))
    {
        wrongs.extend(values.keys().map(|name| format!("`{name}` is no parameter of it")));
    }
    wrongs
}

/// What a parameter's text may stand for: text, a number, a truth value, or a list of them.
fn readings(texts: &[String]) -> Vec<Value> {
    let scalar =
        |text: &String| serde_json::from_str(text).ok().filter(|value: &Value| value.is_number() || value.is_boolean());
    let as_texts: Vec<Value> = texts.iter().map(|text| Value::from(text.as_str())).collect();
    let as_scalars: Vec<Value> =
        texts.iter().map(|text| scalar(text).unwrap_or_else(|| Value::from(text.as_str()))).collect();
    let joined = texts.first().map(|text| text.split(',').map(Value::from).collect::<Vec<_>>()).unwrap_or_default();
    let mut readings = vec![Value::Array(as_texts.clone()), Value::Array(as_scalars.clone()), Value::Array(joined)];
    if let ([text], [scalar]) = (as_texts.as_slice(), as_scalars.as_slice()) {
        readings.extend([text.clone(), scalar.clone()]);
    }
    readings
}

fn is_object(operation: &'static Operation, shape: u32) -> bool {
    validate(operation.service(), shape, &Value::Object(Map::new()), Direction::Request).is_empty()
        && !validate(operation.service(), shape, &Value::from("text"), Direction::Request).is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PROJECT: &str = "11111111-1111-4111-8111-111111111111";
    const ID: &str = "22222222-2222-4222-8222-222222222222";

    fn operation(name: &str) -> &'static Operation {
        crate::catalog::operation("iaas", name).expect("the catalogue has it")
    }

    fn request(method: &str, path: &str, body: &str) -> Request<Bytes> {
        let uri = format!("https://iaas.api.stackit.cloud/v2/projects/{PROJECT}/regions/eu01{path}");
        let request = Request::builder().method(method).uri(uri).header("authorization", "Bearer x");
        request.header("content-type", "application/json").body(Bytes::from(body.to_owned())).expect("a request")
    }

    fn answer(status: u16, body: &Value) -> Response<Bytes> {
        let answer = Response::builder().status(status).header("content-type", "application/json");
        answer.body(Bytes::from(body.to_string())).expect("an answer")
    }

    #[test]
    fn a_right_request_passes_and_each_wrong_is_told() {
        let right = request("GET", "/servers?details=true&label_selector=a%3Db", "");
        assert!(wrongs_of_request(operation("list_servers"), &right).is_empty());
        for (name, request, wrong) in [
            ("list_servers", request("POST", "/servers", ""), "the method is POST, not GET"),
            ("list_servers", request("GET", "/server", ""), "its path is "),
            ("list_servers", request("GET", "/servers?details=7", ""), "`details` must be true or false"),
            ("list_servers", request("GET", "/servers?limit=7", ""), "`limit` is no parameter of it"),
            ("list_servers", request("GET", "/servers", "{}"), "it has a body"),
            ("get_server", request("GET", "/servers/web-1", ""), "`serverId` "),
            ("create_volume", request("POST", "/volumes", ""), "it has no body"),
            ("create_volume", request("POST", "/volumes", "{"), "its body is no JSON"),
            ("create_volume", request("POST", "/volumes", r#"{"size":1}"#), "`availabilityZone`"),
        ] {
            let wrongs = wrongs_of_request(operation(name), &request);
            assert!(wrongs.iter().any(|told| told.starts_with(wrong)), "{wrong}: {wrongs:?}");
        }
        let mut without = right;
        without.headers_mut().remove("authorization");
        assert_eq!(wrongs_of_request(operation("list_servers"), &without), ["it goes without a token"]);
    }

    #[test]
    fn a_right_answer_passes_and_each_wrong_is_told() {
        let volume = json!({ "id": ID, "availabilityZone": "eu01-1" });
        assert!(wrongs_of_answer(operation("get_volume"), &answer(200, &volume)).is_empty());
        assert!(
            wrongs_of_answer(operation("get_volume"), &answer(404, &json!({ "code": 404, "msg": "no" }))).is_empty()
        );
        assert!(
            wrongs_of_answer(
                operation("get_volume"),
                &Response::builder().status(502).body(Bytes::from("<html>")).expect("an answer")
            )
            .is_empty()
        );
        for (answer, wrong) in [
            (answer(200, &json!({ "id": ID })), "`availabilityZone`"),
            (answer(202, &volume), "its status is not documented"),
            (answer(404, &json!({ "message": "no" })), "`code`"),
            (Response::new(Bytes::new()), "it is of type nothing"),
        ] {
            let wrongs = wrongs_of_answer(operation("get_volume"), &answer);
            assert!(wrongs.iter().any(|told| told.starts_with(wrong)), "{wrong}: {wrongs:?}");
        }
    }
}
