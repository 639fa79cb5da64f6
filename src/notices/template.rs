//! The body of a webhook as a person wrote it: JSON with places such as `{{title}}` in its texts.

use serde_json::Value;

use super::letter::Letter;
use crate::error::{Error, Kind, nearest};

/// JSON with places for what is told. A text that is nothing but one place becomes the value itself (a number stays a
/// number, what there is none of becomes `null`); within a longer text it becomes text.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Value);

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Kind `config`, code `bad_template`, if it is no JSON, or has a place for something that is never told.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            bad(format!("the template is no JSON: {error}"))
                .with_hint("for example `template = '{ \"text\": \"{{title}}\" }'`")
        })?;
        check(&value)?;
        Ok(Self(value))
    }

    /// The body of a letter.
    pub(super) fn fill(&self, letter: &Letter) -> Value {
        fill(&self.0, &letter.to_json())
    }
}

fn bad(message: String) -> Error {
    Error::new(Kind::Config, "bad_template", message)
}

/// A piece of a text.
enum Piece<'t> {
    Words(&'t str),
    Place(&'t str),
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Error> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((words, after)) = rest.split_once("{{") {
        let (place, after) =
            after.split_once("}}").ok_or_else(|| bad("`{{` of the template has no `}}`".to_owned()))?;
        pieces.extend((!words.is_empty()).then_some(Piece::Words(words)));
        pieces.push(Piece::Place(place.trim()));
        rest = after;
    }
    pieces.extend((!rest.is_empty()).then_some(Piece::Words(rest)));
    Ok(pieces)
}

fn check(value: &Value) -> Result<(), Error> {
    match value {
        Value::String(text) => {
            for piece in pieces(text)? {
                if let Piece::Place(name) = piece
                    && !Letter::NAMES.contains(&name)
                    && name.strip_prefix("fields.").is_none_or(str::is_empty)
                {
                    let error = bad(format!("the template names `{name}`, which is never told"));
                    return Err(match nearest(name, Letter::NAMES) {
                        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                        None => error.with_hint(format!("there are {}, fields.NAME", Letter::NAMES.join(", "))),
                    });
                }
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(check),
        Value::Object(fields) => fields.values().try_for_each(check),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn fill(value: &Value, told: &Value) -> Value {
    match value {
        Value::String(text) => match pieces(text).unwrap_or_default().as_slice() {
            [Piece::Place(name)] => look_up(told, name),
            pieces => Value::String(pieces.iter().map(|piece| piece_text(piece, told)).collect()),
        },
        Value::Array(items) => items.iter().map(|item| fill(item, told)).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), fill(value, told))).collect(),
        plain => plain.clone(),
    }
}

fn piece_text(piece: &Piece<'_>, told: &Value) -> String {
    match piece {
        Piece::Words(words) => (*words).to_owned(),
        Piece::Place(name) => match look_up(told, name) {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        },
    }
}

fn look_up(told: &Value, name: &str) -> Value {
    let found = match name.strip_prefix("fields.") {
        Some(field) => told["fields"].get(field),
        None => told.get(name),
    };
    found.cloned().unwrap_or_default()
}
