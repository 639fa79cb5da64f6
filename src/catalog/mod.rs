//! The table of STACKIT's API operations: names, methods, paths, shapes, permissions, effects.
//!
//! Nothing else in the code spells a path of the API.

mod operation;

pub use operation::{
    Answer, Body, Effect, Field, Method, Operation, Paging, Parameter, Permission, Place, Service, Shape, ShapeId,
};
