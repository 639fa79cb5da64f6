//! What scripts hold: objects of the API, and the way from JSON and back.

mod object;

pub use object::{About, Object};
