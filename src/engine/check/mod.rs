//! `stackhand check`: what is wrong in a recipe, found without running it. Where the type of a value cannot be told, it
//! says nothing.

mod calls;
mod chain;
mod closures;
mod exports;
mod imports;
mod kinds;
mod lost;
mod misnamed;
mod modules;
mod names;
mod operators;
mod paths;
mod permissions;
mod probe;
mod report;
mod selectors;
mod statements;
mod tree;
mod values;
mod walker;

pub(super) use chain::{Chain, Step};
pub(super) use closures::function_of;
pub(super) use kinds::{Kind, may_be_absent};
pub(super) use misnamed::{Used, hint as hint_for_member};
pub use modules::ModuleReport;
pub(super) use names::is_keyword;
pub(super) use probe::{PROBE, Probed, members, probe};
pub use report::{Report, check, findings};
pub(super) use report::{compiled, engine as plain_engine};
pub(super) use tree::{Function, Tree};
