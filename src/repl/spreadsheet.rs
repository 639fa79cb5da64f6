//! A result as CSV.

use serde_json::{Map, Value};

use super::commands::usage;
use crate::error::Result;

/// A list of maps as CSV in the form of RFC 4180, with a line of names first; objects and lists within are JSON.
///
/// # Errors
/// Kind `usage` if it is no list of maps.
pub fn csv(value: &Value) -> Result<String> {
    let single;
    let rows: Option<Vec<&Map<String, Value>>> = match value {
        Value::Array(items) => items.iter().map(Value::as_object).collect(),
        Value::Object(fields) => {
            single = fields;
            Some(vec![single])
        }
        _ => None,
    };
    let Some(rows) = rows.filter(|rows| !rows.is_empty()) else {
        return Err(usage("no_rows", "the last result is no list of objects or maps"));
    };
    let mut names: Vec<&String> = Vec::new();
    for name in rows.iter().flat_map(|row| row.keys()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut text = line(names.iter().map(|name| cell(name)));
    for row in rows {
        text.push_str(&line(names.iter().map(|name| row.get(*name).map_or_else(String::new, written))));
    }
    Ok(text)
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(",") + "\n"
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => cell(text),
        other => cell(&other.to_string()),
    }
}

fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_have_all_names_and_odd_texts_are_quoted() {
        let rows = json!([{ "name": "a,b", "size": 5 }, { "name": "say \"no\"", "labels": { "x": 1 } }]);
        assert_eq!(
            csv(&rows).expect("it is a list"),
            "name,size,labels\n\"a,b\",5,\n\"say \"\"no\"\"\",,\"{\"\"x\"\":1}\"\n"
        );
        assert!(csv(&json!([1])).is_err() && csv(&json!([])).is_err());
    }
}
