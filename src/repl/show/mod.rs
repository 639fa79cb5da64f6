//! Results as people see them: lists of objects as tables, one object as a card, quotas as bars.

mod card;
mod cell;
mod columns;
mod grid;
mod quotas;

use chrono::{DateTime, Utc};
use unicode_width::UnicodeWidthStr;

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
    /// The names of objects by their ids, as far as they are known.
    pub names: &'n dyn Fn(&str) -> Option<String>,
}

/// A result as text, without a line end; nothing for `()`.
#[must_use]
pub fn show(shown: &Shown, style: &Style<'_>) -> String {
    let special = match (shown.kind, shown.value.as_array(), shown.value.as_object()) {
        (ShownKind::Objects("Quota"), Some(list), _) => Some(quotas::bars(list, style)),
        (ShownKind::Objects(kind), Some(list), _) => columns::table(kind, list, style),
        (ShownKind::Object(kind), _, Some(object)) => Some(card::card(kind, object, style)),
        _ => None,
    };
    special.unwrap_or_else(|| shown.text.clone())
}

/// Texts in columns, a line each, cut where there is too little room.
#[must_use]
pub fn rows(rows: &[[String; 3]], width: Option<u16>) -> String {
    let column = |at: usize| grid::Column {
        head: String::new(),
        cells: rows.iter().map(|row| cell::Cell::plain(row[at].as_str())).collect(),
        rank: 0,
        is_number: false,
    };
    let lines = grid::lines(vec![column(0), column(1), column(2)], width.map(usize::from), false);
    lines[1..].join("\n")
}

/// A text whose long lines are broken at blanks; what follows a break is indented as its line is.
#[must_use]
pub fn wrapped(text: &str, width: Option<u16>) -> String {
    let Some(width) = width.map(usize::from) else { return text.to_owned() };
    let mut wrapped = String::with_capacity(text.len() + text.len() / 8);
    for line in text.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let mut used = 0;
        for (number, word) in line.trim_start().split(' ').enumerate() {
            if number == 0 {
                wrapped.push_str(indent);
                used = indent.width();
            } else if used + 1 + word.width() > width {
                wrapped.extend(["\n", indent]);
                used = indent.width();
            } else {
                wrapped.push(' ');
                used += 1;
            }
            wrapped.push_str(word);
            used += word.width();
        }
        wrapped.push('\n');
    }
    wrapped.trim_end_matches('\n').to_owned()
}

#[cfg(test)]
mod tests;
