//! From the bytes of an answer straight to what scripts hold, without a tree in between.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use rhai::{Array, Dynamic, ImmutableString};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::form::Node;
use super::items::{Items, Under};
use super::object::Object;
use super::texts::Texts;
use crate::error::{Error, Kind};
use crate::secret::{Scrubber, Secret};

/// Decodes answers.
#[derive(Default)]
pub struct Decoder {
    /// The texts that come again and again, for answers that are long enough to have such.
    texts: Option<Texts>,
    secrets: Vec<Secret>,
    /// The fields of the objects that are being read, those of the innermost last: each object takes its own away at
    /// its end, in one piece of the right size.
    fields: Vec<(ImmutableString, Dynamic)>,
}

impl Decoder {
    /// A decoder for the parts of one list, which share the texts that come again and again.
    #[must_use]
    pub fn for_list() -> Self {
        Self { texts: Some(Texts::new()), ..Self::default() }
    }

    /// Decodes JSON. Objects become [`Object`]s of the forms that `node` leads to, lists stay arrays, `null` is `()`.
    /// Whole numbers too large for a script's become text, so that no digit is lost; what the catalogue calls a secret
    /// becomes a `Secret`.
    ///
    /// # Errors
    /// If the bytes are no JSON.
    pub fn value(&mut self, bytes: &[u8], node: &Node) -> Result<Dynamic, Error> {
        self.fields.clear();
        whole(bytes, Value { node, decoder: self })
    }

    /// Decodes an answer that is an object.
    ///
    /// # Errors
    /// If it is no JSON or no object.
    pub fn object(&mut self, bytes: &[u8], node: &Node) -> Result<Object, Error> {
        self.value(bytes, node)?.try_cast::<Object>().ok_or_else(|| {
            Error::new(Kind::Server, "answer_not_object", "the answer is not the JSON object that was expected")
        })
    }

    /// Decodes an answer that is a list: under a key of an object, or bare if the key is empty.
    ///
    /// # Errors
    /// If it is no JSON, or the list is not there.
    pub fn list(&mut self, bytes: &[u8], key: &str, node: &Node) -> Result<Array, Error> {
        let missing =
            || Error::new(Kind::Incomplete, "answer_without_list", format!("the answer lacks its list `{key}`"));
        let value = self.value(bytes, node)?;
        if key.is_empty() {
            return value.into_array().map_err(|_| missing());
        }
        let list = value.try_cast::<Object>().and_then(|object| object.raw(key).cloned());
        list.and_then(|list| list.into_array().ok()).ok_or_else(missing)
    }

    /// Decodes an answer that is a list of objects, in one go; each passes through `finish`.
    ///
    /// # Errors
    /// If it is no JSON, the list is not there or comes twice, or something else than objects is in it.
    pub fn objects(
        &mut self,
        bytes: &[u8],
        key: &str,
        node: &Node,
        finish: &mut dyn FnMut(Object) -> Dynamic,
    ) -> Result<Array, Error> {
        self.fields.clear();
        let items = Items { node, decoder: self, finish };
        if key.is_empty() { whole(bytes, items) } else { whole(bytes, Under { key, items }) }
    }

    /// Tells the scrubber the secrets that have been met.
    pub fn teach(&mut self, scrubber: &Scrubber) {
        for secret in self.secrets.drain(..) {
            scrubber.learn(secret.expose());
        }
    }
}

/// Reads a document to its end.
fn whole<'de, S: DeserializeSeed<'de>>(bytes: &'de [u8], seed: S) -> Result<S::Value, Error> {
    let wrong = |why: String| {
        let message = format!("the answer is not the JSON that was expected: {why}");
        Error::new(Kind::Server, "answer_not_json", message)
    };
    // Once for all texts in it is cheaper than once for each.
    let text = std::str::from_utf8(bytes).map_err(|error| wrong(error.to_string()))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut deserializer);
    value.and_then(|value| deserializer.end().map(|()| value)).map_err(|error| wrong(error.to_string()))
}

/// Decodes JSON that stands alone; see [`Decoder::value`].
///
/// # Errors
/// If the bytes are no JSON.
pub fn decode(bytes: &[u8], node: &Node) -> Result<Dynamic, Error> {
    Decoder::default().value(bytes, node)
}

/// Decodes an object that stands alone; see [`Decoder::object`].
///
/// # Errors
/// If it is no JSON or no object.
pub fn decode_object(bytes: &[u8], node: &Node) -> Result<Object, Error> {
    Decoder::default().object(bytes, node)
}

struct Value<'n, 'd> {
    node: &'n Node,
    decoder: &'d mut Decoder,
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = Dynamic;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Dynamic, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = Dynamic;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Dynamic, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Dynamic, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Dynamic, E> {
        Ok(i64::try_from(value).map_or_else(|_| value.to_string().into(), Dynamic::from))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Dynamic, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Dynamic, E> {
        if matches!(self.node, Node::Secret) {
            let secret = Secret::new(value);
            self.decoder.secrets.push(secret.clone());
            return Ok(Dynamic::from(secret));
        }
        Ok(self.decoder.text(value).into())
    }

    fn visit_unit<E>(self) -> Result<Dynamic, E> {
        Ok(Dynamic::UNIT)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Dynamic, A::Error> {
        let node = match self.node {
            Node::List(item) => item,
            Node::Secret => &Node::Secret,
            Node::Plain | Node::Time | Node::Object(_) => &Node::Plain,
        };
        let mut list = Array::new();
        while let Some(value) = items.next_element_seed(Value { node, decoder: self.decoder })? {
            list.push(value);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Dynamic, A::Error> {
        self.decoder.read_object(self.node, fields).map(Dynamic::from)
    }
}

impl Decoder {
    pub(super) fn read_object<'de, A: MapAccess<'de>>(
        &mut self,
        node: &Node,
        mut fields: A,
    ) -> Result<Object, A::Error> {
        let form = node.form();
        let others = form.and_then(|form| form.other()).unwrap_or(match node {
            Node::Secret => &Node::Secret,
            Node::Plain | Node::Time | Node::List(_) | Node::Object(_) => &Node::Plain,
        });
        let first = self.fields.len();
        let mut hint = 0;
        // In the catalogue's order, and so each but once.
        let mut is_in_order = true;
        while let Some(name) = fields.next_key_seed(Key)? {
            let known = form.and_then(|form| form.key(name.as_ref(), hint));
            let (key, node) = if let Some((key, node, next)) = known {
                is_in_order &= next > hint;
                hint = next;
                (key, node)
            } else {
                is_in_order = false;
                (self.text(name.as_ref()), others)
            };
            let value = fields.next_value_seed(Value { node, decoder: self })?;
            self.fields.push((key, value));
        }
        let mut entries = self.fields.split_off(first);
        if !is_in_order {
            keep_last_of_each(&mut entries);
        }
        Ok(Object::new(entries, form.map(Arc::clone)))
    }

    fn text(&mut self, text: &str) -> ImmutableString {
        match &mut self.texts {
            Some(texts) => texts.shared(text),
            None => text.into(),
        }
    }
}

/// Of fields of one name the last one counts, as JSON's readers have it.
fn keep_last_of_each(entries: &mut Vec<(ImmutableString, Dynamic)>) {
    const FEW: usize = 16;
    let has_twins = if entries.len() <= FEW {
        (1..entries.len()).any(|index| entries[..index].iter().any(|(key, _)| *key == entries[index].0))
    } else {
        let mut seen = HashSet::new();
        !entries.iter().all(|(key, _)| seen.insert(key.as_str()))
    };
    if has_twins {
        let mut seen = HashSet::new();
        entries.reverse();
        entries.retain(|(key, _)| seen.insert(key.clone()));
        entries.reverse();
    }
}

/// A field's name, borrowed if nothing is escaped in it.
pub(super) struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = std::borrow::Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = std::borrow::Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(value.to_owned().into())
    }
}

/// A JSON tree as what scripts hold.
pub fn from_value(value: &serde_json::Value) -> Dynamic {
    let mut decoder = Decoder::default();
    let seed = Value { node: &Node::Plain, decoder: &mut decoder };
    seed.deserialize(value)
        .unwrap_or_else(|error: serde_json::Error| serde_json::Error::custom(error).to_string().into())
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
