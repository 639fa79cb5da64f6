//! Results as people see them.

use crate::engine::Shown;

/// A result as text that fits into so many columns; nothing for `()`.
#[must_use]
pub fn show(shown: &Shown, _width: Option<u16>, _has_colour: bool) -> String {
    shown.text.clone()
}
