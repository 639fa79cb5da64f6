//! The table of STACKIT's API operations: names, methods, paths, shapes, permissions, effects.
//!
//! Nothing else in the code spells a path of the API. The table is made of `catalog/*.json` and `catalog/extra.json` by
//! `build.rs`; a service is decoded when it is first asked for, its shapes when something is first checked.

mod address;
mod conformity;
mod fields;
#[cfg(test)]
#[path = "../../tests/official.rs"]
#[expect(dead_code, reason = "shared with the integration tests")]
mod official;
mod operation;
mod pattern;
mod routes;
mod shape;
mod suggest;
mod table;
mod text;
mod validate;

pub use address::{AddressError, FilledFrom, percent_decode, percent_encode, plain_text};
pub use conformity::{CHECKS_MESSAGES, wrongs_of_answer, wrongs_of_request};
pub use operation::{
    Answer, Body, Effect, ErrorAnswer, Method, Operation, Paging, Parameter, Permission, Place, Service, Style,
};
pub use routes::{Route, Routes};
pub use shape::{Field, Shape, ShapeId, Shapes};
pub use suggest::{nearest, nearest_module, nearest_operation};
pub use table::{modules, operation, service, services};
pub use text::{value_from_query, value_from_text};
pub use validate::{Direction, Violation, validate};

#[cfg(test)]
use crate::catalog as catalogue;
