//! The native functions of recipes, each declared once, one file a subject; each file gives its declarations through
//! `pub fn natives() -> Vec<Native>`.

use super::native::Native;

pub mod time;

/// Every native of the language.
#[must_use]
pub fn natives() -> Vec<Native> {
    let subjects = [time::natives()];
    subjects.into_iter().flatten().collect()
}
