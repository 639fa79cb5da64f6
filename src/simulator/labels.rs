//! The rules of labels, and how a PATCH changes them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::wire::Refusal;
use super::world::Labels;

/// Keys that begin so are the platform's own. Source: `iaas.v2.json`, Labels.
const RESERVED: &str = "stackit-";

/// Labels or metadata as a request has them: a `null` takes the key away.
pub type Given = Map<String, Value>;

/// Brings the labels of an object up to date with what a request gives.
///
/// # Errors
/// 400 for a key or value that the documents forbid.
pub fn merge(labels: &mut Labels, given: Option<&Given>) -> Result<(), Refusal> {
    let Some(given) = given else { return Ok(()) };
    for (key, value) in given {
        let pointer = format!("/labels/{key}");
        if !is_key(key) {
            return Err(Refusal::schema(&pointer, "property name doesn't match the regular expression of label keys"));
        }
        if key.starts_with(RESERVED) {
            return Err(Refusal::schema(&pointer, "the prefix \"stackit-\" is reserved"));
        }
        match value {
            Value::Null => {}
            Value::String(text) if is_value(text) => {}
            Value::String(_) => {
                return Err(Refusal::schema(&pointer, "string doesn't match the regular expression of label values"));
            }
            _ => return Err(Refusal::schema(&pointer, "value must be a string")),
        }
    }
    apply(labels, given);
    Ok(())
}

/// Brings the metadata of a server up to date with what a request gives.
///
/// # Errors
/// 400 for a key or value that the documents forbid. Source: `iaas.v2.json`, Metadata.
pub fn merge_metadata(metadata: &mut Labels, given: Option<&Given>) -> Result<(), Refusal> {
    let Some(given) = given else { return Ok(()) };
    for (key, value) in given {
        let pointer = format!("/metadata/{key}");
        let is_key = (1..=255).contains(&key.len())
            && key.chars().all(|character| character.is_ascii_alphanumeric() || "-_:. ".contains(character));
        if !is_key {
            return Err(Refusal::schema(
                &pointer,
                "property name doesn't match the regular expression of metadata keys",
            ));
        }
        match value {
            Value::Null => {}
            Value::String(text) if text.chars().count() <= 255 => {}
            Value::String(_) => return Err(Refusal::schema(&pointer, "maximum string length is 255")),
            _ => return Err(Refusal::schema(&pointer, "value must be a string")),
        }
    }
    apply(metadata, given);
    Ok(())
}

fn apply(labels: &mut BTreeMap<String, String>, given: &Given) {
    for (key, value) in given {
        match value.as_str() {
            Some(text) => labels.insert(key.clone(), text.to_owned()),
            None => labels.remove(key),
        };
    }
}

/// `^(?=.{1,63}$)([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$`, without a regex engine that can look ahead.
pub fn is_key(text: &str) -> bool {
    (1..=63).contains(&text.len()) && is_word(text)
}

/// As a key, or empty.
pub fn is_value(text: &str) -> bool {
    text.is_empty() || is_key(text)
}

fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recipes_labels_are_allowed() {
        for key in ["stackhand.recipe", "stackhand.hold", "stackhand.order", "stackhand.keep-until", "schedule"] {
            assert!(is_key(key), "{key}");
        }
        for value in ["snapshot-rotation", "20261123T0700", "office-hours", "", "true"] {
            assert!(is_value(value), "{value}");
        }
        for value in ["2026-11-22T07:00", "-a", "a b", "a/b", &"x".repeat(64)] {
            assert!(!is_value(value), "{value}");
        }
    }

    #[test]
    fn null_takes_a_label_away_and_nothing_changes_on_an_error() {
        let mut labels = Labels::from([("a".into(), "1".into()), ("b".into(), "2".into())]);
        let given = |value: Value| value.as_object().cloned();
        merge(&mut labels, given(serde_json::json!({ "a": null, "c": "3" })).as_ref()).expect("allowed");
        assert_eq!(labels, Labels::from([("b".into(), "2".into()), ("c".into(), "3".into())]));
        let before = labels.clone();
        for bad in [
            serde_json::json!({ "d": "4", "stackit-x": "1" }),
            serde_json::json!({ "d": "4", "e": 5 }),
            serde_json::json!({ "d": "4", "e:f": "5" }),
            serde_json::json!({ "d": "4", "e": "5:6" }),
        ] {
            assert_eq!(merge(&mut labels, given(bad).as_ref()).map_err(|refusal| refusal.status), Err(400));
            assert_eq!(labels, before);
        }
    }
}
