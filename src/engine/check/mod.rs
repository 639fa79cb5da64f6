//! `stackhand check`: what is wrong in a recipe, found without running it. Where the type of a value cannot be told, it
//! says nothing.

mod calls;
mod chain;
mod closures;
mod imports;
mod kinds;
mod names;
mod operators;
mod paths;
mod report;
mod statements;
mod tree;
mod values;
mod walker;

pub(super) use kinds::may_be_absent;
pub use report::{Report, check, findings};
