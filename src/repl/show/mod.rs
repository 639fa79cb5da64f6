//! Results as people see them: lists of objects as tables, one object as a card, quotas as bars.

mod card;
mod cell;
mod columns;
mod grid;
mod quotas;

use chrono::{DateTime, Utc};

use crate::engine::{Shown, ShownKind};

/// How much room there is, and what it may look like.
#[derive(Clone, Copy)]
pub struct Style<'n> {
    /// Columns of the terminal; `None` where there is no terminal.
    pub width: Option<u16>,
    /// Whether colours may be used.
    pub has_colour: bool,
    /// From when ages count.
    pub now: DateTime<Utc>,
    /// How many rows of a list are shown at once.
    pub rows: usize,
    /// The names of objects by their ids, as far as they are known.
    pub names: &'n dyn Fn(&str) -> Option<String>,
}

/// A part of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What to print; nothing for `()`.
    pub text: String,
    /// How many elements of the list come after it.
    pub left: usize,
}

/// A result, or of a long list the rows from `start` on.
#[must_use]
pub fn show(shown: &Shown, start: usize, style: &Style<'_>) -> Page {
    let whole = |text: String| Page { text, left: 0 };
    match (shown.kind, shown.value.as_array(), shown.value.as_object()) {
        (ShownKind::Objects("Quota"), Some(list), _) => whole(quotas::bars(list, style)),
        (ShownKind::Objects(kind), Some(list), _) => {
            let end = list.len().min(start.saturating_add(style.rows));
            let rows = list.get(start..end).unwrap_or_default();
            match columns::table(kind, rows, style) {
                Some(text) => Page { text, left: list.len() - end },
                None => whole(shown.text.clone()),
            }
        }
        (ShownKind::Object(kind), _, Some(object)) => whole(card::card(kind, object, style)),
        _ => whole(shown.text.clone()),
    }
}

#[cfg(test)]
mod tests;
