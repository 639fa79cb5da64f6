//! What a recipe may do, told from its syntax tree without running it: the operations that it can reach, with the lines
//! that need them.
//!
//! The recipe is run on sets instead of values, over and over until the sets grow no more: each variable holds all that
//! it may hold at any time, and each call is followed wherever its function may lead. What comes out is plain data.

mod arguments;
mod assignments;
mod calls;
mod derive;
mod expressions;
mod functions;
mod heap;
mod modules;
mod natives;
mod need;
mod operations;
mod outside;
mod permissions;
mod pointers;
mod program;
mod results;
mod statements;
#[cfg(test)]
mod tests;
mod value;
mod walk;

pub use derive::derive;
pub use need::{Choice, Footprint, LocalNeed, Loose, Need, OutsideKind, Reason, Spot};
pub use permissions::{PermissionNeed, header_line};
