//! Lists of objects: the columns that matter for each kind.

use serde_json::{Map, Value};

use super::Style;
use super::cell::{Cell, Look, at, cell};
use super::grid::{Column, lines};

/// One column of a kind.
struct Field {
    head: &'static str,
    path: &'static str,
    look: Look,
    rank: u8,
}

const fn field(head: &'static str, path: &'static str, look: Look, rank: u8) -> Field {
    Field { head, path, look, rank }
}

const NAME: Field = field("name", "name", Look::Name, 9);
const ID: Field = field("id", "id", Look::Faint, 1);
const AGE: Field = field("age", "createdAt", Look::Age, 6);
const LABELS: Field = field("labels", "labels", Look::Labels, 2);
const STATUS: Field = field("status", "status", Look::State, 8);

const KEY_PAIR: &[Field] = &[NAME, field("fingerprint", "fingerprint", Look::Plain, 5), AGE, LABELS];

/// The columns of a kind, from left to right.
///
/// Source: the fields of the answers of IaaS v2.
fn fields(kind: &str) -> Option<&'static [Field]> {
    Some(match kind {
        "KeyPair" => KEY_PAIR,
        _ => return None,
    })
}

/// Objects of a kind as a table; `None` for a kind without columns of its own. Columns that are empty in all rows are
/// left out.
pub fn table(kind: &str, rows: &[Value], style: &Style<'_>) -> Option<String> {
    let none = Map::new();
    let columns = fields(kind)?.iter().filter_map(|field| {
        let values: Vec<Option<&Value>> =
            rows.iter().map(|row| at(row.as_object().unwrap_or(&none), field.path)).collect();
        values.iter().any(Option::is_some).then(|| Column {
            head: field.head.to_owned(),
            cells: values
                .into_iter()
                .map(|value| value.map_or_else(Cell::none, |value| cell(value, field.look, style)))
                .collect(),
            rank: field.rank,
            is_number: matches!(field.look, Look::Age | Look::Gigabytes | Look::Bytes | Look::Mebibytes),
        })
    });
    Some(lines(columns.collect(), style.width.map(usize::from), style.has_colour).join("\n"))
}
