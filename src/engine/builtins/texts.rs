//! Those of rhai's own functions on text that could take many times the text's memory in one step: they look first.

use std::any::TypeId;

use rhai::Dynamic;

use super::growth::by_rhai;
use crate::engine::arguments::Arguments;
use crate::engine::native::{Native, Type};

const CHARACTER: Type = Type::Custom("char", TypeId::of::<char>);

/// What a text of its own takes in a list, its letters not counted.
const TEXT_BYTES: usize = 80;

pub(super) fn natives() -> Vec<Native> {
    let split = "The pieces of a text between a delimiter, or between blanks if none is given; with a number after the \
                 delimiter at most so many pieces, with a number alone the two parts before and after that place.";
    let from_the_end = "The pieces of a text between a delimiter, the last one first.";
    let replace = "Changes each occurrence of one text in this text into another.";
    let mut natives = vec![
        guarded("split", &[], split, pieces),
        guarded("split", &[("place", Type::Integer)], split, pieces),
        guarded("to_chars", &[], "The letters of a text as a list.", |_, text| text.len() * size_of::<Dynamic>()),
    ];
    for delimiter in [Type::Text, CHARACTER] {
        for (name, doc) in [("split", split), ("split_rev", from_the_end)] {
            natives.push(guarded(name, &[("delimiter", delimiter)], doc, pieces));
            natives.push(guarded(name, &[("delimiter", delimiter), ("most", Type::Integer)], doc, pieces));
        }
        for with in [Type::Text, CHARACTER] {
            natives.push(guarded("replace", &[("find", delimiter), ("with", with)], replace, replaced).mutating());
        }
    }
    natives
}

/// A function of rhai's that first makes sure of the bytes that `size` tells.
fn guarded(
    name: &'static str,
    parameters: &[(&'static str, Type)],
    doc: &'static str,
    size: fn(&Arguments<'_, '_>, &str) -> usize,
) -> Native {
    let result = if name == "replace" { Type::Nothing } else { Type::List };
    let mut native = Native::method(Type::Text, name).gives(result).doc(doc).exactly();
    for (name, kind) in parameters {
        native = native.takes(name, *kind);
    }
    native.by(move |call| {
        let text = call.text(0)?;
        let bytes = size(call, &text);
        call.run().reserve(bytes as u64)?;
        drop(text);
        by_rhai(name, call.context(), call.values)
    })
}

fn pieces(call: &Arguments<'_, '_>, text: &str) -> usize {
    let count = match call.value(1).map(shown) {
        Ok(delimiter) if delimiter.is_empty() => text.chars().count() + 2,
        Ok(delimiter) => text.matches(delimiter.as_str()).count() + 1,
        Err(_) => text.split_whitespace().count(),
    };
    text.len() + count * TEXT_BYTES
}

fn replaced(call: &Arguments<'_, '_>, text: &str) -> usize {
    let (Ok(find), Ok(with)) = (call.value(1).map(shown), call.value(2).map(shown)) else { return 0 };
    let count = if find.is_empty() { text.chars().count() + 1 } else { text.matches(find.as_str()).count() };
    text.len().saturating_add(count.saturating_mul(with.len()))
}

fn shown(value: &Dynamic) -> String {
    value.to_string()
}
