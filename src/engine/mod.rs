//! Everything that touches Rhai: builder, natives, bridge, values, resolver, limits, diagnostics.

#![allow(clippy::unnecessary_box_returns, reason = "rhai's errors are boxed wherever they go")]

mod address_space;
mod arguments;
pub mod bridge;
mod builder;
pub mod builtins;
mod catching;
pub mod check;
mod compile;
mod completeness;
mod completion;
mod constants;
mod context;
pub mod doc;
mod excerpt;
mod explain;
mod failure;
mod fault;
mod files;
mod folded;
pub mod footprint;
mod interpreter;
mod kept;
mod ledger;
mod limits;
mod located;
mod native;
mod notifier;
mod outcome;
pub mod recipe;
mod registry;
mod resolver;
mod rewriting;
mod run;
mod services;
mod shown;
mod sources;
pub mod stdlib;
mod surroundings;
#[cfg(test)]
pub(crate) mod tests;
mod tokens;
pub mod values;

pub use arguments::Arguments;
pub use builder::prepare;
pub use completeness::{Completeness, completeness};
pub use completion::{Candidate, Scene};
pub use context::{LogLevel, Output, RunContext, Silent, Verdict};
pub use doc::{doc, doc_index, relations};
pub use failure::{Failure, Place};
pub use fault::{Fault, Thrown};
pub use interpreter::{Declared, Evaluated, Interpreter, Variable};
pub use kept::{Kept, KeptChange, KeptDeed, StateSource};
pub use ledger::{Deed, Done, Ledger};
pub use limits::Limits;
pub use native::{Native, NativeEffect, Parameter, Type, type_name_of};
pub use notifier::{Message, Notifier};
pub use outcome::Outcome;
pub use registry::Registry;
pub use run::run;
pub use shown::{Shown, ShownKind};
pub use sources::Source;
pub use surroundings::{Identity, Occasion, Surroundings, Witness};
