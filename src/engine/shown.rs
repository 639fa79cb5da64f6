//! A run's result, for machines and for people.

use rhai::{Array, Dynamic};
use serde_json::Value;

use super::builtins::current::{CurrentRun, fields};
use super::builtins::report::Report;
use super::builtins::results::table_of_results;
use super::builtins::table::{Style, Table};
use super::context::RunContext;
use super::values::{self, display};
use crate::error::{Error, Kind};

/// A run's result.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// For machines; `null` for `()` and for what has no form in JSON.
    pub value: Value,
    /// For people; nothing for `()`.
    pub text: String,
}

impl Shown {
    /// The value of a script's last expression.
    ///
    /// # Errors
    /// If it is larger than the run's budget allows.
    pub(super) fn of(value: &Dynamic, run: &RunContext) -> Result<Self, Error> {
        run.check()?;
        let fields = value.is::<CurrentRun>().then(|| fields(run)).transpose()?.map(Dynamic::from);
        let value = fields.as_ref().unwrap_or(value);
        let json = match values::to_value_within(value, run.limits.step_bytes()) {
            Err(error) if error.kind == Kind::Limit => return Err(error),
            // A closure or a type without a form in JSON is no result that anybody could use.
            result => result.unwrap_or(Value::Null),
        };
        Ok(Self { value: json, text: text_of(value, run) })
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
