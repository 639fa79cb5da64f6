//! From what scripts hold to JSON: request bodies, `to_json`, the result of a run. And how values print.

use std::fmt::Write as _;

use rhai::{Array, Dynamic, FnPtr, Map};
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use super::object::Object;
use crate::engine::builtins::{
    self,
    time::{Duration, Instant},
};
use crate::engine::native::type_name_of;
use crate::error::{Error, Kind};
use crate::secret::Secret;

/// How deep maps and lists may lie in each other.
const MAX_DEPTH: usize = 256;

/// The most that a request's body may take. A text may be shared by many places in a value, and is not in JSON.
const REQUEST_BYTES: u64 = 16 << 20;

/// What a value takes in a JSON tree, its text not counted.
const NODE_BYTES: usize = 40;

/// A value as a JSON tree, for a request's body or the result of a run. Instants become RFC 3339, durations text such
/// as `10m`.
///
/// # Errors
/// If there is a closure in it, a number that is not finite, or anything else that JSON has no form for; the message
/// names the path. Or if it is larger than any request.
pub fn to_value(value: &Dynamic) -> Result<Value, Error> {
    to_value_within(value, REQUEST_BYTES)
}

/// A value as a JSON tree that may take so many bytes.
///
/// # Errors
/// As [`to_value`].
pub fn to_value_within(value: &Dynamic, limit: u64) -> Result<Value, Error> {
    check(value, limit)?;
    serde_json::to_value(Json(value, Secrets::Hidden)).map_err(|error| not_json("", &error.to_string()))
}

/// A value as a JSON tree for a request, with the text of the secrets in it. Nothing but the wire may see the result.
///
/// # Errors
/// As [`to_value`].
pub fn to_request(value: &Dynamic) -> Result<Value, Error> {
    check(value, REQUEST_BYTES)?;
    serde_json::to_value(Json(value, Secrets::Exposed)).map_err(|error| not_json("", &error.to_string()))
}

/// A value as JSON text; fields of API objects in the API's order.
///
/// # Errors
/// As [`to_value`], and if the text would be longer than `limit` bytes.
pub fn to_json(value: &Dynamic, is_pretty: bool, limit: usize) -> Result<String, Error> {
    check(value, u64::MAX)?;
    let mut sink = Bounded { bytes: Vec::new(), limit };
    let written = if is_pretty {
        serde_json::to_writer_pretty(&mut sink, &Json(value, Secrets::Hidden))
    } else {
        serde_json::to_writer(&mut sink, &Json(value, Secrets::Hidden))
    };
    written.map_err(|_| too_long(limit))?;
    String::from_utf8(sink.bytes).map_err(|error| not_json("", &error.to_string()))
}

fn too_long(limit: usize) -> Error {
    Error::new(Kind::Limit, "text_limit", format!("the text would be longer than {limit} bytes"))
}

fn too_large(limit: u64) -> Error {
    Error::new(Kind::Limit, "size_limit", format!("the value would take more than {limit} bytes as JSON"))
        .with_hint("keep less in one value, or raise the limit with `--max-memory`")
}

fn not_json(path: &str, what: &str) -> Error {
    let place = if path.is_empty() { String::new() } else { format!(" at `{}`", path.trim_start_matches('.')) };
    Error::new(Kind::Invalid, "not_json", format!("{what}{place} has no form in JSON"))
}

/// Finds what JSON has no form for, and says where.
fn check(value: &Dynamic, limit: u64) -> Result<(), Error> {
    let mut left = limit;
    match flaw_in(value, 0, &mut left) {
        None => Ok(()),
        Some(_) if left == 0 => Err(too_large(limit)),
        Some(flaw) => {
            // The steps were gathered on the way out.
            let path: String = flaw.steps.iter().rev().map(String::as_str).collect();
            Err(not_json(&path, &flaw.what))
        }
    }
}

/// What JSON has no form for, and the way to it, the last step first.
struct Flaw {
    what: String,
    steps: Vec<String>,
}

impl Flaw {
    fn behind(mut self, step: String) -> Self {
        self.steps.push(step);
        self
    }
}

fn flaw_in(value: &Dynamic, depth: usize, left: &mut u64) -> Option<Flaw> {
    let flaw = |what: String| Some(Flaw { what, steps: Vec::new() });
    if depth > MAX_DEPTH {
        return flaw("a value so deep".into());
    }
    let text = value.as_immutable_string_ref().map_or(0, |text| text.len());
    *left = left.saturating_sub((NODE_BYTES + text) as u64);
    if *left == 0 {
        return flaw("so much".into());
    }
    if let Some(object) = value.read_lock::<Object>() {
        return object
            .entries()
            .find_map(|(key, value)| Some(flaw_in(value, depth + 1, left)?.behind(format!(".{key}"))));
    }
    if let Some(map) = value.read_lock::<Map>() {
        return map.iter().find_map(|(key, value)| Some(flaw_in(value, depth + 1, left)?.behind(format!(".{key}"))));
    }
    if let Some(list) = value.read_lock::<Array>() {
        let mut items = list.iter().enumerate();
        return items.find_map(|(index, value)| Some(flaw_in(value, depth + 1, left)?.behind(format!("[{index}]"))));
    }
    if value.as_float().is_ok_and(|number| !number.is_finite()) {
        return flaw(format!("the number {value}"));
    }
    if let Some(data) = builtins::data_of(value) {
        return flaw_in(&data, depth + 1, left);
    }
    if has_form(value) { None } else { flaw(format!("a {}", type_name_of(value))) }
}

fn has_form(value: &Dynamic) -> bool {
    value.is_unit()
        || value.is_bool()
        || value.is_int()
        || value.is_float()
        || value.is_string()
        || value.is_char()
        || value.is::<Instant>()
        || value.is::<Duration>()
        || value.is::<Secret>()
}

/// Serialises what [`check`] has passed.
struct Json<'v>(&'v Dynamic, Secrets);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Hidden,
    Exposed,
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.0;
        if let Ok(text) = value.as_immutable_string_ref() {
            return serializer.serialize_str(&text);
        }
        if let Some(object) = value.read_lock::<Object>() {
            let mut map = serializer.serialize_map(Some(object.len()))?;
            for (key, value) in object.entries() {
                map.serialize_entry(key.as_str(), &Json(value, self.1))?;
            }
            return map.end();
        }
        if let Some(map) = value.read_lock::<Map>() {
            let mut out = serializer.serialize_map(Some(map.len()))?;
            for (key, value) in map.iter() {
                out.serialize_entry(key.as_str(), &Json(value, self.1))?;
            }
            return out.end();
        }
        if let Some(list) = value.read_lock::<Array>() {
            let mut out = serializer.serialize_seq(Some(list.len()))?;
            for value in list.iter() {
                out.serialize_element(&Json(value, self.1))?;
            }
            return out.end();
        }
        if let Ok(whole) = value.as_int() {
            return serializer.serialize_i64(whole);
        }
        if let Ok(number) = value.as_float() {
            return serializer.serialize_f64(number);
        }
        if let Ok(flag) = value.as_bool() {
            return serializer.serialize_bool(flag);
        }
        if let Ok(letter) = value.as_char() {
            return serializer.serialize_char(letter);
        }
        if value.is_unit() {
            return serializer.serialize_unit();
        }
        if let Some(data) = builtins::data_of(value) {
            return Json(&data, self.1).serialize(serializer);
        }
        if let (Some(secret), Secrets::Exposed) = (value.read_lock::<Secret>(), self.1) {
            return serializer.serialize_str(secret.expose());
        }
        match plain_text(value) {
            Some(text) => serializer.serialize_str(&text),
            None => Err(S::Error::custom(format!("a {} has no form in JSON", value.type_name()))),
        }
    }
}

/// How the types of ours that are one word are written.
fn plain_text(value: &Dynamic) -> Option<String> {
    let instant = value.read_lock::<Instant>().map(|instant| instant.to_string());
    let text = instant.or_else(|| value.read_lock::<Duration>().map(|duration| duration.to_string()));
    text.or_else(|| value.read_lock::<Secret>().map(|secret| secret.to_string()))
}

struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
}

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            return Err(std::io::Error::other("too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A value as `print` shows it: text bare, everything else as in a script.
///
/// # Errors
/// If it would be longer than `limit` bytes.
pub fn display(value: &Dynamic, limit: usize) -> Result<String, Error> {
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(text.to_string());
    }
    let mut text = String::new();
    show(value, &mut text, limit, 0)?;
    Ok(text)
}

fn show(value: &Dynamic, text: &mut String, limit: usize, depth: usize) -> Result<(), Error> {
    if text.len() > limit || depth > MAX_DEPTH {
        return Err(too_long(limit));
    }
    if let Some(object) = value.read_lock::<Object>() {
        show_entries(object.entries().map(|(key, value)| (key.as_str(), value)), text, limit, depth)?;
    } else if let Some(map) = value.read_lock::<Map>() {
        show_entries(map.iter().map(|(key, value)| (key.as_str(), value)), text, limit, depth)?;
    } else if let Some(list) = value.read_lock::<Array>() {
        text.push('[');
        for (index, value) in list.iter().enumerate() {
            text.push_str(if index == 0 { "" } else { ", " });
            show(value, text, limit, depth + 1)?;
        }
        text.push(']');
    } else if let Some(function) = value.read_lock::<FnPtr>() {
        text.push_str(if function.is_anonymous() { "closure" } else { function.fn_name() });
    } else if let Some(data) = builtins::data_of(value) {
        show(&data, text, limit, depth + 1)?;
    } else if let Some(plain) = plain_text(value) {
        text.push_str(&plain);
    } else if let Ok(string) = value.as_immutable_string_ref() {
        let _ = write!(text, "{:?}", string.as_str());
    } else if value.is_unit() {
        text.push_str("()");
    } else {
        let written = format!("{value:?}");
        // A type of ours is shown by its path in our code; that is no word for a user.
        let type_name = type_name_of(value);
        let is_path = written.contains("::");
        text.push_str(if is_path { &type_name } else { &written });
    }
    Ok(())
}

fn show_entries<'e>(
    entries: impl Iterator<Item = (&'e str, &'e Dynamic)>,
    text: &mut String,
    limit: usize,
    depth: usize,
) -> Result<(), Error> {
    text.push_str("#{");
    for (index, (key, value)) in entries.enumerate() {
        text.push_str(if index == 0 { "" } else { ", " });
        let _ = write!(text, "{key:?}: ");
        show(value, text, limit, depth + 1)?;
    }
    text.push('}');
    Ok(())
}
