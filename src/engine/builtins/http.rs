//! `http`: requests to hosts that are not the API's.

use std::time::Duration as Span;

use rhai::{Dynamic, ImmutableString, Map};

use super::time::Duration;
use crate::engine::ledger::{Deed, Done};
use crate::engine::native::{Native, NativeEffect, Type, type_name_of};
use crate::engine::values::to_request;
use crate::engine::{Arguments, Fault};
use crate::error::{Error, Kind, nearest};
use crate::policy::LocalGrant;
use crate::secret::Secret;
use crate::transport::{Excess, OutsideAnswer, OutsideCall, OutsideUrl};

/// How long a request may take unless it says.
const TIME_LIMIT: Span = Span::from_secs(30);

const KEYS: &[&str] = &["method", "url", "headers", "body", "timeout"];

/// The native of requests.
#[must_use]
pub fn natives() -> Vec<Native> {
    vec![
        Native::function("http")
            .takes("request", Type::Map)
            .options(KEYS)
            .gives(Type::Map)
            .doc(
                "Sends a request to a host that is not the API's: `#{ url, method, headers, body, timeout }`, of which \
                 only `url` must be there; gives `#{ status, headers, body }` whatever the status. It needs the grant \
                 `net:HOST` or `net:HOST:PORT`.\n\
                 Secrets may stand in the URL, in headers and in the body; a body that is a map or a list is sent as \
                 JSON. No credential of the run goes with it and no redirect is followed. Link-local addresses, where \
                 metadata services are, cannot be reached. In a simulated world there is no network.",
            )
            .errors(&[
                "policy: the run was not granted `net:HOST`, or the address is link-local",
                "network: there is no answer; in a simulated world there never is one",
                "timeout: there was no answer in time",
            ])
            .effect(NativeEffect::Local)
            .by(|a| {
                let call = call_of(a)?;
                a.run().permit(&LocalGrant::Network(call.url.host()))?;
                if a.run().is_rehearsed {
                    // Nobody knows what the answer would be, nor what the request would do.
                    a.run().stop(Error::new(Kind::Cancelled, "rehearsal_ended", "`http` cannot be rehearsed"));
                    a.run().check()?;
                }
                if a.run().surroundings.witness.is_some() {
                    return Ok(given(OutsideAnswer { status: 200, headers: Vec::new(), body: Vec::new() }));
                }
                let Some(outside) = a.run().outside.clone() else {
                    let message = format!("no answer from `{}`: a simulated world has no network", call.url.host());
                    return Err(Error::new(Kind::Network, "no_network", message).into());
                };
                a.run().spend_call()?;
                let run = a.run().clone();
                let number = if is_look(&call.method) { None } else { run.begin_outside(&deed_of(&call))? };
                let answer = a.wait(async move { Ok::<_, Error>(outside.send(call).await) });
                run.end_outside(number, answer.as_ref().map_or_else(|_| Done::Unknown("cancelled".to_owned()), done));
                Ok(given(answer??))
            }),
    ]
}

/// Whether a request only looks.
fn is_look(method: &str) -> bool {
    ["GET", "HEAD"].iter().any(|look| method.eq_ignore_ascii_case(look))
}

fn deed_of(call: &OutsideCall) -> Deed {
    let bytes = call.body.as_ref().map_or(0, |body| body.expose().len());
    Deed::Request { method: call.method.to_uppercase(), host: call.url.host(), bytes }
}

/// Of a request without an answer nobody knows what it did, unless it could not be sent.
fn done(answer: &Result<OutsideAnswer, Error>) -> Done {
    match answer {
        Ok(answer) => Done::Well(Some(answer.status)),
        Err(error) if matches!(error.kind, Kind::Invalid | Kind::Policy) => Done::Not(error.code.to_owned()),
        Err(error) => Done::Unknown(error.code.to_owned()),
    }
}

fn call_of(a: &mut Arguments<'_, '_>) -> Result<OutsideCall, Fault> {
    let mut map = a.map(0)?;
    if let Some(unknown) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let error = Error::new(Kind::Invalid, "unknown_option", format!("`http` has no option `{unknown}`"));
        return Err(match nearest(unknown, KEYS.iter().copied()) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint(format!("its options are `{}`", KEYS.join("`, `"))),
        }
        .into());
    }
    let url = map.remove("url").ok_or_else(|| wrong("url", "given"))?;
    let url = OutsideUrl::parse(text_of(&url).ok_or_else(|| wrong_value("url", "text or a secret", &url))?.expose())?;
    let method = match map.remove("method") {
        None => "GET".to_owned(),
        Some(method) => match method.as_immutable_string_ref() {
            Ok(method) => method.to_string(),
            Err(_) => return Err(wrong_value("method", "text", &method)),
        },
    };
    let time_limit = match map.remove("timeout") {
        None => TIME_LIMIT,
        Some(value) => {
            let given = value.clone().try_cast::<Duration>().and_then(|span| span.span().to_std().ok());
            given
                .filter(|span| !span.is_zero())
                .ok_or_else(|| wrong_value("timeout", "a duration above zero", &value))?
        }
    };
    let mut headers = headers_of(map.remove("headers"))?;
    let body = match map.remove("body") {
        None => None,
        Some(body) => Some(body_of(&body, &mut headers)?),
    };
    let (longest_answer, excess) = (a.run().limits.text_bytes(), Excess::Fails);
    Ok(OutsideCall { url, method, headers, body, time_limit, longest_answer, excess })
}

fn headers_of(given: Option<Dynamic>) -> Result<Vec<(String, Secret)>, Fault> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let Some(map) = given.read_lock::<Map>() else { return Err(wrong_value("headers", "a map", &given)) };
    let one = |(name, value): (&smartstring::SmartString<_>, &Dynamic)| {
        let value = text_of(value).ok_or_else(|| wrong_value("headers", "a map of texts and secrets", value))?;
        Ok((name.to_string(), value))
    };
    map.iter().map(one).collect()
}

/// A body as it is sent; data is sent as JSON, and says so unless the caller does.
fn body_of(body: &Dynamic, headers: &mut Vec<(String, Secret)>) -> Result<Secret, Fault> {
    if let Some(text) = text_of(body) {
        return Ok(text);
    }
    let json = to_request(body)?.to_string();
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("content-type".to_owned(), "application/json".into()));
    }
    Ok(json.into())
}

fn text_of(value: &Dynamic) -> Option<Secret> {
    if let Some(secret) = value.read_lock::<Secret>() {
        return Some(secret.clone());
    }
    value.as_immutable_string_ref().ok().map(|text| Secret::from(text.as_str()))
}

fn given(answer: OutsideAnswer) -> Dynamic {
    let text = |text: String| Dynamic::from(ImmutableString::from(text));
    let mut map = Map::new();
    map.insert("status".into(), i64::from(answer.status).into());
    let headers: Map = answer.headers.into_iter().map(|(name, value)| (name.into(), text(value))).collect();
    map.insert("headers".into(), headers.into());
    // What is no text is a blob.
    let body = match String::from_utf8(answer.body) {
        Ok(body) => text(body),
        Err(error) => Dynamic::from_blob(error.into_bytes()),
    };
    map.insert("body".into(), body);
    map.into()
}

fn wrong(key: &str, wanted: &str) -> Fault {
    Error::new(Kind::Invalid, "wrong_argument", format!("`http`: `{key}` must be {wanted}")).into()
}

fn wrong_value(key: &str, wanted: &str, given: &Dynamic) -> Fault {
    wrong(key, &format!("{wanted}, not {}", type_name_of(given)))
}
