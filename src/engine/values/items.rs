//! Decoding an answer that is a list of objects.

use std::fmt;

use rhai::{Array, Dynamic};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::decode::{Decoder, Key};
use super::form::Node;
use super::object::Object;

/// A list of objects.
pub(super) struct Items<'n, 'd, 'f> {
    pub(super) node: &'n Node,
    pub(super) decoder: &'d mut Decoder,
    pub(super) finish: &'f mut dyn FnMut(Object) -> Dynamic,
}

impl<'de> DeserializeSeed<'de> for Items<'_, '_, '_> {
    type Value = Array;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Array, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_, '_> {
    type Value = Array;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Array, A::Error> {
        let mut list = Array::new();
        while let Some(object) = items.next_element_seed(Item { node: self.node, decoder: self.decoder })? {
            list.push((self.finish)(object));
        }
        Ok(list)
    }
}

/// An object of the list.
struct Item<'n, 'd> {
    node: &'n Node,
    decoder: &'d mut Decoder,
}

impl<'de> DeserializeSeed<'de> for Item<'_, '_> {
    type Value = Object;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Object, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Item<'_, '_> {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object, A::Error> {
        self.decoder.read_object(self.node, fields)
    }
}

/// A list of objects under a key of an object, whose other fields are passed over.
pub(super) struct Under<'k, 'n, 'd, 'f> {
    pub(super) key: &'k str,
    pub(super) items: Items<'n, 'd, 'f>,
}

impl<'de> DeserializeSeed<'de> for Under<'_, '_, '_, '_> {
    type Value = Array;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Array, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Under<'_, '_, '_, '_> {
    type Value = Array;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with a list `{}`", self.key)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Array, A::Error> {
        let mut items = Some(self.items);
        let mut list = None;
        while let Some(name) = fields.next_key_seed(Key)? {
            if name == self.key {
                let items = items.take().ok_or_else(|| A::Error::custom(format_args!("`{name}` comes twice")))?;
                list = Some(fields.next_value_seed(items)?);
            } else {
                let _: IgnoredAny = fields.next_value()?;
            }
        }
        list.ok_or_else(|| A::Error::custom(format_args!("`{}` is missing", self.key)))
    }
}
