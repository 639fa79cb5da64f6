//! Whether a successful answer came whole.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method, Response};
use serde::de::IgnoredAny;

use crate::catalog::{Answer, Effect};
use crate::transport::request::Prepared;

/// Up to this size JSON is read through; of a larger body only both ends are looked at. A cut is seen either way. A
/// body that is as long as it says was not cut, so that reading it twice would tell nothing new.
const READ_THROUGH: usize = 16 * 1_024;

/// What is wrong with a successful answer, if anything is: it is shorter than it says, is no JSON where JSON is due,
/// or is JSON that stops in the middle.
pub(super) fn flaw(prepared: &Prepared, answer: &Response<Bytes>) -> Option<String> {
    let body = answer.body();
    if prepared.method() == Method::HEAD {
        return None;
    }
    let said = content_length(answer.headers());
    if let Some(said) = said
        && said != body.len() as u64
    {
        return Some(format!("it was cut short: {} of {said} bytes came", body.len()));
    }
    let Answer::Json(_) = prepared.operation.answer else { return None };
    if body.is_empty() {
        // An accepted change may say nothing; a list that says nothing is not an empty list.
        let must_say_something = prepared.operation.effect == Effect::Read && answer.status().as_u16() != 204;
        return must_say_something.then(|| "it is empty".to_owned());
    }
    // A document may promise several types for an answer: what calls itself something else is not JSON's business,
    // except for web pages, which nobody promises.
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.starts_with("text/html") {
        return Some("it is a web page: a proxy or gateway in between gave it".to_owned());
    }
    if !content_type.is_empty() && !content_type.contains("json") {
        return None;
    }
    if said.is_none() && body.len() <= READ_THROUGH {
        return serde_json::from_slice::<IgnoredAny>(body).err().map(|error| format!("it is no valid JSON: {error}"));
    }
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let last = body.iter().rfind(|byte| !byte.is_ascii_whitespace());
    let is_closed = matches!((first, last), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')));
    (!is_closed).then(|| "it is JSON that stops in the middle".to_owned())
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}
