//! `state.get("…")` and its kin: what a recipe keeps from run to run.

use std::any::TypeId;

use rhai::Dynamic;

use crate::engine::kept::{DEEPEST_VALUE, LONGEST_KEY, LONGEST_VALUE};
use crate::engine::native::{Native, NativeEffect, Type};
use crate::engine::values::{Node, decode, to_json, to_request, to_value};
use crate::engine::{Arguments, Fault};
use crate::error::{Error, Kind};

/// The type of the constant `state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State;

/// The type of the constant `state`, as natives declare it.
pub const STATE: Type = Type::Custom("State", TypeId::of::<State>);

/// The methods of `state`.
#[must_use]
pub fn natives() -> Vec<Native> {
    vec![
        Native::method(STATE, "get")
            .takes("key", Type::Text)
            .may_take("default", Type::Any)
            .gives(Type::Any)
            .doc(
                "What an earlier run kept under this key, or this run set; the default, or `()`, if there is nothing.\n\
                 The runs of a job share what they keep, by the job's `state` or else its name, for each of its profiles \
                 apart. A run by hand shares by `--state NAME`, else by the name of the recipe's file, in the workspace.\n\
                 Values are kept as JSON: instants and durations come back as text.",
            )
            .errors(&["config: the workspace's store cannot be read"])
            .effect(NativeEffect::Local)
            .example("state.get(\"seen\", []).len() == 0")
            .by(|a| {
                let key = key(a)?;
                let kept = a.run().kept.clone();
                let asked = key.clone();
                let value = a.wait(async move { kept.get(&asked).await })?;
                match value {
                    Some(json) => {
                        a.run().reserve(json.len() as u64 * 4)?;
                        Ok(decode(json.as_bytes(), &Node::Plain).map_err(|error| unreadable(&key, &error))?)
                    }
                    None if a.has(2) => a.any(2),
                    None => Ok(Dynamic::UNIT),
                }
            }),
        Native::method(STATE, "set")
            .takes("key", Type::Text)
            .takes("value", Type::Any)
            .doc(
                "Keeps a value for later runs, as JSON of at most 64 KiB and 127 levels. This run sees it at once; it is kept when the run \
                 ends as done, skipped or partial, together with that outcome, and forgotten otherwise.",
            )
            .errors(&[
                "invalid: the value has no form in JSON",
                "script: it is too long or nested too deep, holds a secret, or is `()`",
            ])
            .effect(NativeEffect::Local)
            .example("state.set(\"seen\", [\"a\"]); state.get(\"seen\") == [\"a\"]")
            .by(|a| {
                let key = key(a)?;
                let value = value(a, &key)?;
                a.run().kept.put(&key, Some(value))?;
                Ok(Dynamic::UNIT)
            }),
        Native::method(STATE, "delete")
            .takes("key", Type::Text)
            .doc("Forgets what is kept under this key; nothing happens if there is nothing.")
            .effect(NativeEffect::Local)
            .example("state.delete(\"seen\"); state.get(\"seen\") == ()")
            .by(|a| {
                let key = key(a)?;
                a.run().kept.put(&key, None)?;
                Ok(Dynamic::UNIT)
            }),
        Native::method(STATE, "incr")
            .takes("key", Type::Text)
            .may_take("by", Type::Integer)
            .gives(Type::Integer)
            .doc(
                "Adds 1, or `by`, to the whole number under this key, which is 0 if there is none; gives the sum. Jobs that \
                 share their state lose none of each other's counts.",
            )
            .errors(&["script: what the key holds is no whole number, or would be too large"])
            .effect(NativeEffect::Local)
            .example("state.incr(\"runs\") == 1 && state.incr(\"runs\", 2) == 3")
            .by(|a| {
                let key = key(a)?;
                let by = a.get_if::<i64>(2)?.unwrap_or(1);
                let kept = a.run().kept.clone();
                Ok(a.wait(async move { kept.add(&key, by).await })?.into())
            }),
    ]
}

fn key(a: &mut Arguments<'_, '_>) -> Result<String, Fault> {
    let key = a.text(1)?;
    if key.is_empty() || key.len() > LONGEST_KEY || key.chars().any(char::is_control) {
        let message = format!("`state.{}`: a key is a text of 1 to {LONGEST_KEY} bytes on one line", a.native().name);
        return Err(Error::new(Kind::Script, "bad_key", message).into());
    }
    refuse_secrets(a, &key, "the key")?;
    Ok(key.to_string())
}

fn value(a: &Arguments<'_, '_>, key: &str) -> Result<String, Fault> {
    let value = a.value(2)?;
    if value.is_unit() {
        let message = format!("`state.set`: `()` cannot be kept under `{key}`");
        let hint = format!("`state.delete(\"{key}\")` forgets what is kept");
        return Err(Error::new(Kind::Script, "wrong_argument", message).with_hint(hint).into());
    }
    // A secret shows only where it is written out.
    if to_value(value)? != to_request(value)? {
        return Err(secret_refused("the value"));
    }
    let json = to_json(value, false, a.run().limits.text_bytes())?;
    if json.len() > LONGEST_VALUE {
        let message = format!("`state.set`: the value under `{key}` is {} bytes long as JSON", json.len());
        let hint = format!("at most {LONGEST_VALUE} bytes are kept under one key; keep less, or under several");
        return Err(Error::new(Kind::Script, "state_limit", message).with_hint(hint).into());
    }
    let depth = depth_of(&json);
    if depth > DEEPEST_VALUE {
        let message = format!("`state.set`: the value under `{key}` is {depth} levels deep");
        let hint =
            format!("lists and maps in each other are kept {DEEPEST_VALUE} levels deep at most; keep it flatter");
        return Err(Error::new(Kind::Script, "state_limit", message).with_hint(hint).into());
    }
    refuse_secrets(a, &json, "the value")?;
    Ok(json)
}

/// How deep lists and objects are in each other, of valid JSON.
fn depth_of(json: &str) -> usize {
    let (mut depth, mut deepest, mut is_text, mut is_escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// What is kept was written by something else than `state.set`.
fn unreadable(key: &str, error: &Error) -> Error {
    let why = error.message.replace("the answer is not the JSON that was expected: ", "");
    Error::new(Kind::Config, "bad_state", format!("what `state` keeps under `{key}` cannot be read: {why}"))
        .with_hint(format!("`state.delete(\"{key}\")` forgets it"))
}

fn refuse_secrets(a: &Arguments<'_, '_>, text: &str, what: &str) -> Result<(), Fault> {
    if a.scrubber().scrub(text) == text { Ok(()) } else { Err(secret_refused(what)) }
}

fn secret_refused(what: &str) -> Fault {
    Error::new(Kind::Script, "secret_kept", format!("`state` keeps no secrets, and {what} holds one"))
        .with_hint("read it anew in each run with `secret`")
        .into()
}
