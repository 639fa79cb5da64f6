//! A way to a field: `labels.team`.

use rhai::{Dynamic, Map};

use super::object::Object;
use crate::engine::native::type_name_of;
use crate::error::{Error, Kind};

/// A way to a field through objects and maps, its steps divided by dots.
#[derive(Debug, Clone)]
pub struct FieldPath(Vec<String>);

impl FieldPath {
    /// Reads a path.
    ///
    /// # Errors
    /// If it is empty, or a step of it is.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let steps: Vec<_> = text.split('.').map(str::to_owned).collect();
        if steps.iter().any(String::is_empty) {
            let error = Error::new(Kind::Invalid, "wrong_path", format!("`{text}` is not a field's path"));
            return Err(error.with_hint("a path is a field's name, or names divided by dots: `labels.team`"));
        }
        Ok(Self(steps))
    }

    /// Follows the path. What is absent is `()`, as in `object?.a?.b`.
    ///
    /// # Errors
    /// As [`Object::read`], and if there is no field to read on the way.
    pub fn read(&self, value: &Dynamic) -> Result<Dynamic, Error> {
        let mut at = step(value, &self.0[0])?;
        for name in &self.0[1..] {
            if at.is_unit() {
                break;
            }
            at = step(&at, name)?;
        }
        Ok(at)
    }

    /// The path as it was given.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.join(".")
    }
}

/// Reads a field of a value that has fields.
///
/// # Errors
/// As [`Object::read`], and if the value has none.
pub(super) fn step(value: &Dynamic, name: &str) -> Result<Dynamic, Error> {
    if let Some(object) = value.read_lock::<Object>() {
        return object.read(name);
    }
    if let Some(map) = value.read_lock::<Map>() {
        return Ok(map.get(name).cloned().unwrap_or(Dynamic::UNIT));
    }
    let message = format!("a value of type {} has no field `{name}`", type_name_of(value));
    Err(Error::new(Kind::Script, "no_fields", message))
}
