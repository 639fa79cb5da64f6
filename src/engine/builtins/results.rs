//! What `try_parallel` gives, as a table for people: an item a row, what became of it, and why not.

use rhai::{Array, Dynamic, Map};

use super::table::Table;
use crate::engine::values::{FieldPath, Object, display};

/// The keys of a row; a list of maps with these and no others is a result of `try_parallel`.
const KEYS: [&str; 4] = ["error", "item", "ok", "value"];

/// More letters of a value are not shown.
const LETTERS: usize = 60;

/// The results as a table; `None` if the list holds something else. Columns that would be empty are left out.
pub fn table_of_results(list: &Array, limit: usize) -> Option<Table> {
    if list.is_empty() {
        return None;
    }
    let mut rows = Vec::with_capacity(list.len());
    for row in list {
        let row = row.read_lock::<Map>()?;
        if !row.keys().map(smartstring::SmartString::as_str).eq(KEYS) {
            return None;
        }
        let outcome = if row["ok"].as_bool().ok()? { "ok" } else { "failed" };
        let error = row["error"].read_lock::<Map>().and_then(|error| error.get("message").cloned());
        let with_state = match (name_of(&row["value"]), state_of(&row["value"])) {
            (Some(name), Some(state)) => format!("{name} {state}"),
            _ => short(&row["value"], limit),
        };
        rows.push([
            short(&row["item"], limit),
            outcome.to_owned(),
            with_state,
            text_of(&error.unwrap_or_default(), limit),
        ]);
    }
    let titles = ["item", "outcome", "value", "error"];
    let shown: Vec<usize> =
        (0..titles.len()).filter(|&column| rows.iter().any(|row| !row[column].is_empty())).collect();
    let cells = rows.iter().map(|row| shown.iter().map(|&column| Dynamic::from(row[column].clone())).collect());
    Some(Table::of_texts(shown.iter().map(|&column| titles[column].to_owned()).collect(), cells.collect(), limit))
}

/// A value in few letters: an object by its name.
fn short(value: &Dynamic, limit: usize) -> String {
    if let Some(name) = name_of(value) {
        return name;
    }
    if let Some(list) = value.read_lock::<Array>() {
        return format!("{} item{}", list.len(), if list.len() == 1 { "" } else { "s" });
    }
    let text = text_of(value, limit);
    if text.chars().count() <= LETTERS {
        return text;
    }
    text.chars().take(LETTERS - 1).chain(['…']).collect()
}

fn text_of(value: &Dynamic, limit: usize) -> String {
    if value.is_unit() { String::new() } else { display(value, limit).unwrap_or_else(|error| error.to_string()) }
}

/// The name of an object or map, or else its id.
fn name_of(value: &Dynamic) -> Option<String> {
    field(value, "name").or_else(|| field(value, "id"))
}

fn state_of(value: &Dynamic) -> Option<String> {
    field(value, "status")
}

/// A field that holds a text.
fn field(value: &Dynamic, name: &str) -> Option<String> {
    if !(value.is_map() || value.is::<Object>()) {
        return None;
    }
    let text = FieldPath::parse(name).ok()?.read(value).ok()?.into_immutable_string().ok()?;
    (!text.is_empty()).then(|| text.to_string())
}

#[cfg(test)]
mod tests {
    use crate::engine::builtins::table::Style;
    use crate::engine::tests::Bench;

    use super::*;

    fn text(script: &str) -> String {
        let outcome = Bench::new().run(script);
        assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
        outcome.text
    }

    #[test]
    fn results_are_a_table_that_can_be_read() {
        let script = "try_parallel([#{ name: \"web-1\", id: \"1\" }, #{ name: \"db\" }, 7], |x| if x == 7 { throw \"it is\\n7\" } \
                      else if x.name == \"db\" { #{ name: \"db\", status: \"ACTIVE\", more: [1, 2, 3] } } else { [1] })";
        insta::assert_snapshot!(text(script), @r"
        ITEM   OUTCOME  VALUE      ERROR
        web-1  ok       1 item
        db     ok       db ACTIVE
        7      failed              it is 7
        ");
    }

    #[test]
    fn columns_without_anything_in_them_are_left_out() {
        insta::assert_snapshot!(text("try_parallel([\"a\", \"b\"], |x| ())"), @r"
        ITEM  OUTCOME
        a     ok
        b     ok
        ");
    }

    #[test]
    fn other_lists_are_none() {
        assert_eq!(text("[#{ ok: true, item: 1 }]").lines().count(), 2);
        assert!(table_of_results(&Array::new(), 100).is_none());
        assert!(table_of_results(&vec![Dynamic::UNIT], 100).is_none());
    }

    #[test]
    fn a_long_value_is_cut() {
        let list = vec![Dynamic::from(Map::from([
            ("ok".into(), true.into()),
            ("item".into(), "x".repeat(100).into()),
            ("value".into(), Dynamic::UNIT),
            ("error".into(), Dynamic::UNIT),
        ]))];
        let table = table_of_results(&list, 1000).expect("a result").render(Style::default());
        assert!(table.lines().all(|line| line.chars().count() <= 70) && table.contains('…'), "{table}");
    }
}
