//! One object on a card: its fields as the API spells them, and where one can go from it.

use serde_json::{Map, Value};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Style;
use super::cell::{Cell, Look, Tone, age, at, cell, instant, tone_of_state};
use crate::engine::relations;

/// In how many rows a long text is shown.
const MOST_ROWS: usize = 4;

/// Fields that stand in the first line.
const HEAD: [&str; 2] = ["name", "status"];

/// An object of a kind as a card.
pub fn card(kind: &str, object: &Map<String, Value>, style: &Style<'_>) -> String {
    let mut lines = vec![head(kind, object, style)];
    let fields: Vec<(&String, &Value)> = object
        .iter()
        .filter(|(name, _)| !HEAD.contains(&name.as_str()))
        .filter_map(|(name, _)| Some((name, at(object, name)?)))
        .collect();
    let indent = fields.iter().map(|(name, _)| name.width()).max().unwrap_or(0).min(24);
    for (name, value) in fields {
        let room = style.width.map(|width| usize::from(width).saturating_sub(indent + 4).max(16));
        let faint = Cell::new(format!("{name:indent$}"), Tone::Faint);
        let mut label = faint.painted(&faint.text, style.has_colour);
        for cell in values(name, value, room, style) {
            for text in rows(&cell.text, room) {
                lines.push(format!("  {label}  {}", cell.painted(&text, style.has_colour)));
                label = " ".repeat(indent);
            }
        }
    }
    let relations = relations(kind);
    if !relations.is_empty() {
        let calls: Vec<String> = relations.iter().map(|name| format!(".{name}()")).collect();
        let room = style.width.map(|width| usize::from(width).saturating_sub(4));
        for (number, row) in rows(&calls.join("  "), room).into_iter().enumerate() {
            let faint = Cell::new(format!("  {} {row}", if number == 0 { '→' } else { ' ' }), Tone::Faint);
            lines.push(faint.painted(&faint.text, style.has_colour));
        }
    }
    lines.join("\n")
}

/// `web-1  ACTIVE  Server`.
fn head(kind: &str, object: &Map<String, Value>, style: &Style<'_>) -> String {
    let text = |name: &str| at(object, name).and_then(Value::as_str);
    let mut cells = Vec::new();
    if let Some(name) = text("name").or_else(|| text("ip")).or_else(|| text("id")) {
        cells.push(Cell::new(name, Tone::Strong));
    }
    if let Some(status) = text("status") {
        cells.push(Cell::new(status, tone_of_state(status)));
    }
    if !kind.is_empty() {
        cells.push(Cell::new(kind, Tone::Faint));
    }
    cells.iter().map(|cell| cell.painted(&cell.text, style.has_colour)).collect::<Vec<_>>().join("  ")
}

/// A text in rows of at most so many columns, broken at blanks where there are some; what is very long is cut.
fn rows(text: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room.filter(|room| text.width() > *room) else { return vec![text.to_owned()] };
    let (mut rows, mut row, mut used) = (Vec::new(), String::new(), 0);
    for word in text.split(' ') {
        if !row.is_empty() && used + 1 + word.width() <= room {
            row.extend([" ", word]);
            used += 1 + word.width();
            continue;
        }
        if !row.is_empty() {
            rows.push(std::mem::take(&mut row));
        }
        used = 0;
        for letter in word.chars() {
            let wide = letter.width().unwrap_or(0);
            if used + wide > room && !row.is_empty() {
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            row.push(letter);
            used += wide;
        }
    }
    rows.push(row);
    if rows.len() > MOST_ROWS {
        rows.truncate(MOST_ROWS);
        if let Some(last) = rows.last_mut() {
            while last.width() >= room.max(1) {
                last.pop();
            }
            last.push('…');
        }
    }
    rows.iter().map(|row| row.trim_end().to_owned()).collect()
}

/// A field's value, in as many lines as it needs.
fn values(name: &str, value: &Value, room: Option<usize>, style: &Style<'_>) -> Vec<Cell> {
    if let Some(time) = instant(value) {
        return vec![Cell::plain(format!("{} ({})", value.as_str().unwrap_or_default(), ago(style, time)))];
    }
    match value {
        Value::Object(map) if name == "labels" => {
            map.iter().map(|(key, value)| Cell::plain(format!("{key}={}", super::cell::plain(value)))).collect()
        }
        Value::Array(list) if list.len() > 1 => {
            let look = look(name);
            list.iter().map(|one| of_reference(one, look, style)).collect()
        }
        Value::Object(map) => {
            let whole = cell(value, Look::Plain, style);
            let fits = room.is_none_or(|room| whole.text.width() <= room);
            if fits {
                return vec![whole];
            }
            let line = |(key, value): (&String, &Value)| Cell::plain(format!("{key}={}", super::cell::plain(value)));
            map.iter().map(line).collect()
        }
        Value::Array(list) => list.iter().map(|one| of_reference(one, look(name), style)).collect(),
        value => vec![of_reference(value, look(name), style)],
    }
}

/// An id with the name of what it is the id of, where that is known.
fn of_reference(value: &Value, look: Look, style: &Style<'_>) -> Cell {
    if look == Look::Reference
        && let Some(id) = value.as_str()
        && let Some(name) = (style.names)(id)
    {
        return Cell::plain(format!("{name} ({id})"));
    }
    cell(value, if look == Look::Reference { Look::Plain } else { look }, style)
}

/// How a field is shown, by its name: the API ends the names of references in `Id`.
fn look(name: &str) -> Look {
    match name {
        "volumes" | "networkInterface" | "device" => Look::Reference,
        _ if name.ends_with("Id") => Look::Reference,
        _ if name.ends_with("Status") || name == "status" => Look::State,
        "id" => Look::Faint,
        _ => Look::Plain,
    }
}

fn ago(style: &Style<'_>, time: chrono::DateTime<chrono::Utc>) -> String {
    let span = age(style.now - time);
    if span.starts_with("in ") { span } else { format!("{span} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_goes_on_in_the_next_row() {
        assert_eq!(rows("short", Some(16)), ["short"]);
        assert_eq!(rows(".attachments()  .boot_volume()", Some(16)), [".attachments()", ".boot_volume()"]);
        assert_eq!(
            rows("4a58d1c3-7cae-4af7-b155-7a6cf94a4edf", Some(20)),
            ["4a58d1c3-7cae-4af7-b", "155-7a6cf94a4edf"]
        );
        let long = rows(&"x".repeat(1_000), Some(16));
        assert_eq!((long.len(), long[3].as_str()), (MOST_ROWS, "xxxxxxxxxxxxxxx…"));
        assert!(rows("", Some(0)).iter().all(String::is_empty) && rows("ab", Some(0)).len() <= 2);
    }

    proptest::proptest! {
        #[test]
        fn no_row_is_too_long(text in "[a-zé漢 ]{0,80}", room in 2_usize..30) {
            for row in rows(&text, Some(room)) {
                proptest::prop_assert!(row.width() <= room, "{row:?}");
            }
        }
    }
}
