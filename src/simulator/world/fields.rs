//! The names of a struct's fields, as serde knows them.

use serde::de::{Deserializer, Error as _, Visitor, value};
use serde::{Deserialize, forward_to_deserialize_any};

/// The names of a struct's fields as they are written; none for what is no struct.
pub(super) fn fields_of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut fields: &'static [&'static str] = &[];
    // It only looks: there is nothing to make a value of.
    let _ = T::deserialize(Look(&mut fields));
    fields
}

struct Look<'f>(&'f mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Look<'_> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(value::Error::custom("only looking"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::world::{MachineType, Nic};

    #[test]
    fn fields_are_named_as_they_are_written() {
        assert_eq!(fields_of::<MachineType>(), ["name", "description", "vcpus", "ram", "disk", "extraSpecs"]);
        assert!(fields_of::<Nic>().contains(&"type"));
        assert!(fields_of::<String>().is_empty());
    }
}
