//! The shapes of JSON values: what parameters, bodies and answers are checked against.

use serde::{Deserialize, Serialize};

use super::operation::ErrorAnswer;

/// An index into the shapes of a service.
pub type ShapeId = u32;

/// All shapes of a service, each structure once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shapes {
    /// A [`ShapeId`] is an index.
    pub all: Vec<Shape>,
    /// The document's names of shapes, sorted; several names may share a shape.
    #[serde(borrow)]
    pub names: Vec<(&'static str, ShapeId)>,
    /// What failures answer; the operations of a service share a few sets.
    pub errors: Vec<Vec<ErrorAnswer>>,
}

/// The shape of a JSON value, deep enough to validate with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "bounds are named by their words")]
pub enum Shape {
    /// Anything.
    Any,
    /// Nothing: as the shape of further fields it closes an object.
    Never,
    /// `true` or `false`.
    Boolean,
    /// A whole number within bounds.
    Integer {
        minimum: Option<i64>,
        maximum: Option<i64>,
        /// The closed list of values, if the document closes it.
        values: Vec<i64>,
    },
    /// A number within bounds.
    Number { minimum: Option<f64>, maximum: Option<f64> },
    /// Text; lengths in characters.
    Text {
        minimum: Option<u32>,
        maximum: Option<u32>,
        #[serde(borrow)]
        pattern: Option<&'static str>,
        #[serde(borrow)]
        /// `uuid`, `date-time`, `date`, `byte`, `ipv4`, …
        format: Option<&'static str>,
        /// The closed list of values, if the document closes it.
        #[serde(borrow)]
        values: Vec<&'static str>,
    },
    /// An array; `is_unique` forbids equal items.
    List { item: ShapeId, minimum: Option<u32>, maximum: Option<u32>, is_unique: bool },
    /// An object of named fields.
    Object {
        fields: Vec<Field>,
        /// The shape of further fields, if the document says one.
        others: Option<ShapeId>,
        /// The shape of the further fields' names.
        names: Option<ShapeId>,
        /// How few fields it may have.
        minimum: Option<u32>,
        /// How many.
        maximum: Option<u32>,
    },
    /// The one that the text in the field `tag` names.
    Tagged {
        #[serde(borrow)]
        tag: &'static str,
        #[serde(borrow)]
        shapes: Vec<(&'static str, ShapeId)>,
    },
    /// Exactly one of these.
    OneOf(Vec<ShapeId>),
    /// At least one of these.
    AnyOf(Vec<ShapeId>),
    /// All of these.
    AllOf(Vec<ShapeId>),
    /// This, or `null`.
    Nullable(ShapeId),
}

/// A field of an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent marks of the documents, read by name")]
pub struct Field {
    /// As on the wire.
    pub name: &'static str,
    /// Its shape.
    pub shape: ShapeId,
    /// Whether the object is wrong without it.
    pub is_required: bool,
    /// Only in answers.
    pub is_read_only: bool,
    /// Only in requests.
    pub is_write_only: bool,
    /// Holds a secret; redacted wherever it is shown.
    pub is_secret: bool,
    /// Changes without anybody changing the object: a status, a usage, a time of the last change.
    pub is_volatile: bool,
    /// The query parameter without which answers leave it out: `details` for a server's `nics`.
    #[serde(borrow)]
    pub only_with: Option<&'static str>,
}
