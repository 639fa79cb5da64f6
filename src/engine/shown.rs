//! A result, for machines and for people.

use std::ops::Range;

use rhai::{Array, Dynamic, Map};
use serde_json::Value;

use super::builtins::report::Report;
use super::builtins::results::table_of_results;
use super::builtins::table::{Style, Table};
use super::context::RunContext;
use super::native::type_name_of;
use super::values::{self, Object, display};
use crate::error::{Error, Kind};

/// A result.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shown {
    /// For machines; `null` for `()` and for what has no form in JSON.
    pub value: Value,
    /// For people; nothing for `()`.
    pub text: String,
    /// What it is, for who shows it in a way of its own.
    pub kind: ShownKind,
    /// Its type, in the words of signatures; of a list, with that of its items if they share one: `list of Server`.
    pub type_name: String,
    /// How many elements of the list come after those that are here.
    pub left: usize,
}

/// What a result is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ShownKind {
    /// `()`.
    #[default]
    Nothing,
    /// A number, a text, a truth, an instant, a duration, or something else that is one line or text.
    Plain,
    /// A table or a report, which is laid out already.
    LaidOut,
    /// An object of the API of this kind, such as `Server`; empty if it has no kind of its own.
    Object(&'static str),
    /// A list, not empty, of objects of this one kind.
    Objects(&'static str),
    /// Any other list.
    List,
    /// A map.
    Map,
}

impl Shown {
    /// The value of a script's last expression.
    ///
    /// # Errors
    /// If it is larger than the run's budget allows.
    pub(super) fn of(value: &Dynamic, run: &RunContext) -> Result<Self, Error> {
        run.check()?;
        let (part, left) = run.shown_elements.as_ref().and_then(|range| part_of(value, range)).unzip();
        let (whole, value) = (value, part.as_ref().unwrap_or(value));
        let json = match values::to_value_within(value, run.limits.step_bytes()) {
            Err(error) if error.kind == Kind::Limit => return Err(error),
            // A closure or a type without a form in JSON is no result that anybody could use.
            result => result.unwrap_or(Value::Null),
        };
        Ok(Self {
            value: json,
            text: text_of(value, run),
            kind: kind_of(whole),
            type_name: type_of(whole),
            left: left.unwrap_or(0),
        })
    }
}

/// Some elements of a list or rows of a table, and how many come after them. Laying out what nobody sees takes longer
/// than reading it did.
fn part_of(value: &Dynamic, range: &Range<usize>) -> Option<(Dynamic, usize)> {
    let within = |count: usize| range.start.min(count)..range.end.min(count);
    if let Some(table) = value.read_lock::<Table>() {
        let rows = within(table.len());
        return Some((Dynamic::from(table.part(rows.clone())), table.len() - rows.end));
    }
    let list = value.read_lock::<Array>()?;
    let elements = within(list.len());
    Some((Dynamic::from_array(list[elements.clone()].to_vec()), list.len() - elements.end))
}

/// The type of a value, in the words of signatures; of a list, with that of its items if they share one.
pub(super) fn type_of(value: &Dynamic) -> String {
    let Some(list) = value.read_lock::<Array>() else { return type_name_of(value).into_owned() };
    let mut kinds = list.iter().map(type_name_of);
    match kinds.next() {
        Some(first) if kinds.all(|kind| kind == first) => format!("list of {first}"),
        _ => "list".to_owned(),
    }
}

fn kind_of(value: &Dynamic) -> ShownKind {
    let kind_of_object = |value: &Dynamic| value.read_lock::<Object>().map(|object| object.kind());
    if value.is_unit() {
        ShownKind::Nothing
    } else if value.is::<Table>() || value.is::<Report>() {
        ShownKind::LaidOut
    } else if let Some(kind) = kind_of_object(value) {
        ShownKind::Object(kind)
    } else if let Some(list) = value.read_lock::<Array>() {
        let mut kinds = list.iter().map(kind_of_object);
        match kinds.next().flatten() {
            Some(first) if kinds.all(|kind| kind == Some(first)) => ShownKind::Objects(first),
            _ => ShownKind::List,
        }
    } else if value.is::<Map>() {
        ShownKind::Map
    } else {
        ShownKind::Plain
    }
}

fn text_of(value: &Dynamic, run: &RunContext) -> String {
    let surroundings = &run.surroundings;
    let style = Style { width: surroundings.terminal_width, has_colour: surroundings.has_colour };
    if value.is_unit() {
        return String::new();
    }
    if let Some(table) = value.read_lock::<Table>() {
        return table.render(style);
    }
    if let Some(report) = value.read_lock::<Report>() {
        return report.text.to_string();
    }
    if let Some(list) = value.read_lock::<Array>()
        && let Some(table) = table_of_results(&list, run.limits.text_bytes())
    {
        return table.render(style);
    }
    if let Some(list) = value.read_lock::<Array>()
        && let Some(table) = Table::overview(&list, run.limits.text_bytes())
    {
        let table = style.width.map_or_else(|| table.clone(), |width| table.fitting(width));
        return table.render(style);
    }
    display(value, run.limits.text_bytes()).unwrap_or_else(|error| error.to_string())
}
