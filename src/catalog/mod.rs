//! The table of STACKIT's API operations: names, methods, paths, shapes, permissions, effects.
//!
//! Nothing else in the code spells a path of the API. The table is made of `catalog/*.json` and `catalog/extra.json` by
//! `build.rs`; a service is decoded when it is first asked for, its shapes when something is first checked.

mod operation;
mod shape;
mod table;

pub use operation::{
    Answer, Body, Effect, ErrorAnswer, Method, Operation, Paging, Parameter, Permission, Place, Service, Style,
};
pub use shape::{Field, Shape, ShapeId, Shapes};
pub use table::{modules, operation, service, services};
