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

/// What is wrong with a successful answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flaw {
    /// In words.
    pub why: String,
    /// What it tells of where the answer is from.
    pub cause: Cause,
}

/// Where a flawed answer is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// It was broken off on its way: the next one may come whole.
    BrokenOff,
    /// It came whole and is not what the API answers: something in between gave it, and will give it again.
    Foreign,
}

/// What is wrong with a successful answer, if anything is: it is shorter than it says, is no JSON where JSON is due,
/// or is JSON that stops in the middle.
pub(super) fn flaw(prepared: &Prepared, answer: &Response<Bytes>) -> Option<Flaw> {
    let broken_off = |why: String| Flaw { why, cause: Cause::BrokenOff };
    let foreign = |why: String| Flaw { why, cause: Cause::Foreign };
    let body = answer.body();
    if prepared.method() == Method::HEAD {
        return None;
    }
    let said = content_length(answer.headers());
    if let Some(said) = said
        && said != body.len() as u64
    {
        return Some(broken_off(format!("it was cut short: {} of {said} bytes came", body.len())));
    }
    let Answer::Json(_) = prepared.operation.answer else { return None };
    if body.is_empty() {
        // An accepted change may say nothing; a list that says nothing is not an empty list.
        let must_say_something = prepared.operation.effect == Effect::Read && answer.status().as_u16() != 204;
        return must_say_something.then(|| foreign("it is empty".to_owned()));
    }
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if is_of_a_stranger(content_type, prepared, body) {
        let shown = content_type.split(';').next().unwrap_or_default().trim();
        return Some(foreign(format!("it is `{shown}` and not JSON")));
    }
    // A document may promise several types for an answer: what calls itself something else is not JSON's business.
    if !content_type.is_empty() && !content_type.contains("json") {
        return None;
    }
    if said.is_none() && body.len() <= READ_THROUGH {
        return serde_json::from_slice::<IgnoredAny>(body)
            .err()
            .map(|error| broken_off(format!("it is no valid JSON: {error}")));
    }
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let last = body.iter().rfind(|byte| !byte.is_ascii_whitespace());
    let is_closed = matches!((first, last), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')));
    (!is_closed).then(|| broken_off(what_it_is(body).to_owned()))
}

/// What a body is that does not end as it begins.
fn what_it_is(body: &[u8]) -> &'static str {
    match serde_json::from_slice::<IgnoredAny>(body) {
        Ok(_) => "it is neither an object nor a list",
        Err(error) if error.is_eof() => "it is JSON that stops in the middle",
        Err(_) => "it is no valid JSON",
    }
}

/// Whether an answer that should be JSON is of a type that says who made it: nobody promises web pages, and of the
/// types that a document promises beside JSON a read gets none that it does not ask for.
fn is_of_a_stranger(content_type: &str, prepared: &Prepared, body: &Bytes) -> bool {
    let content_type = content_type.to_ascii_lowercase();
    let is_any = |types: &[&str]| types.iter().any(|one| content_type.starts_with(one));
    if is_any(&["text/html", "application/xhtml"]) {
        return true;
    }
    let looks_like_json = || matches!(body.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'[' | b'"'));
    prepared.operation.effect == Effect::Read
        && is_any(&["text/plain", "text/xml", "application/xml"])
        && !looks_like_json()
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}
