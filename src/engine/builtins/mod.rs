//! The native functions of recipes, each declared once, one file a subject; each file gives its declarations through
//! `pub fn natives() -> Vec<Native>`.

use rhai::Dynamic;

use super::native::Native;

mod lists;
#[cfg(any(test, feature = "misbehaving-natives"))]
mod misbehaving;
mod objects;
mod parallel;
pub mod time;

/// Every native of the language.
#[must_use]
pub fn natives() -> Vec<Native> {
    let subjects = [
        objects::natives(),
        lists::natives(),
        parallel::natives(),
        time::natives(),
        #[cfg(any(test, feature = "misbehaving-natives"))]
        misbehaving::natives(),
    ];
    subjects.into_iter().flatten().collect()
}

/// The constants of the language, such as `log` and `env`: values of types of ours, whose natives find their run.
#[must_use]
pub fn constants() -> Vec<(&'static str, Dynamic)> {
    Vec::new()
}
