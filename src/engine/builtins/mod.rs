//! The native functions of recipes, each declared once, one file a subject; each file gives its declarations through
//! `pub fn natives() -> Vec<Native>`.
#![allow(clippy::too_many_lines, reason = "the declarations of one subject stand in one list")]

use rhai::{Dynamic, Module};

use super::native::Native;

mod arguments;
pub(super) mod current;
mod data;
mod ending;
mod files;
mod growth;
mod http;
mod lists;
mod log;
#[cfg(any(test, feature = "misbehaving-natives"))]
mod misbehaving;
mod objects;
mod parallel;
pub(super) mod report;
mod resources;
pub(super) mod results;
mod secret;
mod state;
pub(super) mod table;
mod text;
mod texts;
pub mod time;

pub use secret::SECRET;

/// Each makes the natives of one subject.
type Subject = fn() -> Vec<Native>;

const SUBJECTS: &[Subject] = &[
    objects::natives,
    lists::natives,
    parallel::natives,
    time::natives,
    text::natives,
    texts::natives,
    data::natives,
    table::natives,
    report::natives,
    secret::natives,
    log::natives,
    files::natives,
    http::natives,
    state::natives,
    ending::natives,
    current::natives,
    arguments::natives,
    #[cfg(any(test, feature = "misbehaving-natives"))]
    misbehaving::natives,
];

/// Every native of the language, a subject at a time: all in one list would be moved again and again as it grows.
pub fn natives() -> impl Iterator<Item = Native> {
    SUBJECTS.iter().chain(resources::SUBJECTS).flat_map(|natives| natives())
}

/// The constants of the language, such as `log` and `env`: values of types of ours, whose natives find their run.
#[must_use]
pub fn constants() -> Vec<(&'static str, Dynamic)> {
    vec![
        ("log", Dynamic::from(log::Log)),
        ("run", Dynamic::from(current::CurrentRun::default())),
        ("state", Dynamic::from(state::State)),
    ]
}

/// Names the types of ours, and registers the syntax that natives cannot declare.
pub(super) fn register_syntax(module: &mut Module) {
    module.set_custom_type::<time::Duration>("Duration");
    module.set_custom_type::<time::Instant>("Instant");
    module.set_custom_type::<crate::secret::Secret>("Secret");
    module.set_custom_type::<table::Table>("Table");
    module.set_custom_type::<report::Report>("Report");
    module.set_custom_type::<log::Log>("Log");
    module.set_custom_type::<state::State>("State");
    module.set_custom_type::<current::CurrentRun>("Run");
    arguments::register_syntax(module);
    growth::register(module);
    // Functions and closures see no scope of the caller's; what no scope has is looked for here.
    for (name, value) in constants() {
        module.set_var(name, value);
    }
}

/// The data inside of a value of ours that stands for data: the rows of a table, a report's data, the fields of `args` and `run`.
pub(super) fn data_of(value: &Dynamic) -> Option<Dynamic> {
    if let Some(table) = value.read_lock::<table::Table>() {
        return Some(table.to_rows().into());
    }
    if let Some(report) = value.read_lock::<report::Report>() {
        return Some(report.data.clone());
    }
    if let Some(run) = value.read_lock::<current::CurrentRun>() {
        return Some(run.to_map().into());
    }
    value.read_lock::<arguments::Args>().map(|args| args.to_map().into())
}
