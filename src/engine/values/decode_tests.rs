//! Our decoder and serde_json's agree about every document.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::engine::values::to_value;

/// Documents, with texts that come again and again.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let fields = prop::collection::vec(("([a-c]{0,2}|items)", inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            fields.prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A change of a document's bytes: at a place, so many taken out and these put there.
fn change() -> impl Strategy<Value = (prop::sample::Index, usize, String)> {
    (any::<prop::sample::Index>(), 0..4_usize, r#"[\[\]{}":,a0\\ .eu-]{0,3}"#)
}

fn changed(text: &str, changes: &[(prop::sample::Index, usize, String)]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (place, out, put) in changes {
        let start = place.index(bytes.len() + 1);
        let end = (start + out).min(bytes.len());
        bytes.splice(start..end, put.bytes());
    }
    bytes
}

/// What the decoder gives, as a tree; whole numbers that a script cannot hold are text there.
fn ours(bytes: &[u8]) -> Option<Value> {
    let value = Decoder::for_list().value(bytes, &Node::Plain).ok()?;
    assert_eq!(to_value(&value).ok(), decode(bytes, &Node::Plain).ok().map(|value| to_value(&value).unwrap()));
    Some(to_value(&value).unwrap())
}

fn theirs(bytes: &[u8]) -> Option<Value> {
    fn held(value: Value) -> Value {
        match value {
            Value::Number(number) if number.is_u64() && !number.is_i64() => Value::from(number.to_string()),
            Value::Array(items) => items.into_iter().map(held).collect(),
            Value::Object(fields) => {
                Value::Object(fields.into_iter().map(|(key, value)| (key, held(value))).collect::<Map<_, _>>())
            }
            other => other,
        }
    }
    serde_json::from_slice(bytes).ok().map(held)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_document_means_what_it_means_to_serde_json(value in document()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            prop_assert_eq!(ours(text.as_bytes()), theirs(text.as_bytes()), "{}", text);
        }
    }

    #[test]
    fn what_serde_json_refuses_is_refused(value in document(), changes in prop::collection::vec(change(), 1..4)) {
        let bytes = changed(&value.to_string(), &changes);
        prop_assert_eq!(ours(&bytes), theirs(&bytes), "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_list_is_the_same_in_one_go(
        items in prop::collection::vec(document(), 0..5),
        changes in prop::collection::vec(change(), 0..3),
        is_bare in any::<bool>(),
    ) {
        let (key, whole) = if is_bare { ("", json!(items)) } else { ("items", json!({ "a": {}, "items": items })) };
        let bytes = changed(&whole.to_string(), &changes);
        let list = Decoder::for_list().objects(&bytes, key, &Node::Plain, &mut Dynamic::from);
        let list = list.ok().map(|list| to_value(&list.into()).unwrap());
        let wanted = theirs(&bytes).and_then(|whole| if is_bare { Some(whole) } else { whole.get("items").cloned() });
        let wanted = wanted.filter(|list| list.as_array().is_some_and(|list| list.iter().all(Value::is_object)));
        // A list that comes twice is refused, though JSON knows such.
        let is_twice = String::from_utf8_lossy(&bytes).matches("items").count() > 1;
        prop_assert!(list == wanted || (list.is_none() && is_twice), "{}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn odd_documents_mean_the_same_too() {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let many = (0..40).map(|number| format!(r#""k{}":{number},"#, number % 30)).collect::<Vec<_>>().concat();
    for text in [
        r#"{"a":1,"b":2,"a":3}"#,
        &format!("{{{many}\"z\":0}}"),
        r#"{"\u0061":1,"a":2,"\ud83d\ude00":"\u00e9\n"}"#,
        r#"["\ud83d"]"#,
        "18446744073709551615",
        "9223372036854775808",
        "-9223372036854775809",
        "123456789012345678901234567890",
        "-0",
        "1e400",
        "1E-400",
        "01",
        "1.",
        "NaN",
        "\u{feff}{}",
        "{} {}",
        " \t\r\n1 ",
        "\u{b}1",
        "",
        &deep(127),
        &deep(128),
        &deep(129),
    ] {
        assert_eq!(ours(text.as_bytes()), theirs(text.as_bytes()), "{text}");
    }
    assert_eq!((ours(b"\"\xff\""), theirs(b"\"\xff\"")), (None, None));
}

#[test]
fn the_fields_of_a_form_are_known_in_any_order_and_count_once() {
    let service = crate::catalog::service("iaas").unwrap();
    let crate::catalog::Answer::Json(shape) = service.operation("get_server").unwrap().answer else { panic!("JSON") };
    let node = Node::of(service, shape);
    let text = r#"{"status":"x","name":"old","id":"1","name":"new","labels":{"a":"1","b":"2","a":"3"},"beyond":[]}"#;
    let object = decode_object(text.as_bytes(), &node).unwrap();
    assert_eq!(to_value(&Dynamic::from(object)).ok(), theirs(text.as_bytes()));
}
