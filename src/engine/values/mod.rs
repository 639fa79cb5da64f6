//! What scripts hold: objects of the API, and the way from JSON and back.

mod compare;
mod decode;
mod encode;
mod form;
mod items;
mod object;
mod path;
mod syntax;
mod texts;

pub(super) use compare::register as register_comparisons;
pub use compare::{equal, order};
pub use decode::{Decoder, decode, decode_object, from_value};
pub use encode::{display, to_json, to_request, to_value, to_value_within};
pub use form::{Form, Node};
pub use object::{About, Object};
pub use path::FieldPath;
pub(super) use syntax::register as register_syntax;
