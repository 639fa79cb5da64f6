//! Data in and out of text: JSON and YAML.

use rhai::Dynamic;

use crate::engine::native::{Native, Type};
use crate::engine::values::{Node, decode, to_json, to_value_within};
use crate::engine::{Arguments, Fault};
use crate::error::{Error, Kind};

const MAP: Type = Type::Custom("map", std::any::TypeId::of::<rhai::Map>);

/// The natives of JSON and YAML.
#[must_use]
pub fn natives() -> Vec<Native> {
    vec![
        to_json_of(Type::Any),
        // rhai has one of its own for maps, which knows none of our types.
        to_json_of(MAP),
        Native::function("parse_json")
            .takes("text", Type::Text)
            .gives(Type::Any)
            .doc("Reads JSON. Objects become maps, `null` becomes `()`; whole numbers that are too large become text.")
            .errors(&["script: the text is no JSON; the message has the place"])
            .example("parse_json(`{\"a\": [1, null]}`).a[0] == 1")
            .by(|a| {
                let text = a.text(0)?;
                a.run().reserve(text.len() as u64 * 4)?;
                decode(text.as_bytes(), &Node::Plain).map_err(|error| {
                    let message =
                        error.message.replace("the answer is not the JSON that was expected", "it is not JSON");
                    Error { kind: Kind::Script, code: "bad_json", message, ..error }.into()
                })
            }),
        Native::function("to_yaml")
            .takes("value", Type::Any)
            .gives(Type::Text)
            .doc("A value as YAML.")
            .errors(&["invalid: there is a closure or a number that is not finite in it"])
            .example("to_yaml(#{ a: 1 }) == \"a: 1\\n\"")
            .by(|a| {
                let value = to_value_within(a.value(0)?, a.run().limits.text_bytes() as u64)?;
                let text = serde_saphyr::to_string(&value).map_err(|error| {
                    Error::new(Kind::Script, "no_yaml", format!("the value has no form in YAML: {error}"))
                })?;
                a.run().reserve(text.len() as u64)?;
                Ok(text.into())
            }),
    ]
}

fn to_json_of(receiver: Type) -> Native {
    Native::method(receiver, "to_json")
        .may_take("style", Type::Text)
        .gives(Type::Text)
        .doc(
            "A value as JSON on one line, or over several lines with the style `\"pretty\"`.\n\
                 Instants become RFC 3339, durations text such as `10m`, secrets `***`.",
        )
        .errors(&["invalid: there is a closure or a number that is not finite in it"])
        .example("to_json(#{ a: [1, ()], b: minutes(5) }) == `{\"a\":[1,null],\"b\":\"5m\"}`")
        .by(json)
}

fn json(a: &mut Arguments<'_, '_>) -> Result<Dynamic, Fault> {
    let is_pretty = match a.get_if::<rhai::ImmutableString>(1)?.as_deref() {
        None | Some("compact") => false,
        Some("pretty") => true,
        Some(_) => return Err(a.wrong(1, "`\"pretty\"` or `\"compact\"`")),
    };
    Ok(to_json(a.value(0)?, is_pretty, a.run().limits.text_bytes())?.into())
}
