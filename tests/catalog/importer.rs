//! `catalog/*.json` is what the importer makes of the documents, byte for byte.
//!
//! Runs where the documents are: in the folder that `STACKHAND_OPENAPI` names.

use std::collections::BTreeSet;
use std::path::Path;

use stackhand::catalog as operation;

use super::source;

#[path = "../../examples/import_catalog/document.rs"]
mod document;
#[path = "../../examples/import_catalog/import.rs"]
mod import;
#[path = "../../examples/import_catalog/lists.rs"]
mod lists;
#[path = "../../examples/import_catalog/names.rs"]
mod names;
#[path = "../../examples/import_catalog/shapes.rs"]
mod shapes;

#[test]
fn the_catalogue_is_what_the_importer_makes_of_the_documents() {
    let Some(folder) = std::env::var_os("STACKHAND_OPENAPI") else { return };
    let documents = import::folder(Path::new(&folder)).unwrap();
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    for (name, document) in &documents {
        let there = std::fs::read_to_string(target.join(name)).unwrap();
        assert!(document.to_text().unwrap() == there, "{name} differs: run the example `import_catalog`");
    }
    let there: BTreeSet<String> = std::fs::read_dir(&target)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md" && name != "extra.json")
        .collect();
    let made: BTreeSet<String> = documents.into_keys().collect();
    assert_eq!(there, made);
}

#[test]
fn a_file_reads_back_as_it_was_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    let text = std::fs::read_to_string(folder.join("iaas.v2.json")).unwrap();
    let document: source::Document = serde_json::from_str(&text).unwrap();
    assert!(document.to_text().unwrap() == text);
    assert!(text.lines().filter(|line| line.starts_with("{\"name\":")).count() == document.operations.len());
}

#[test]
fn no_sentence_of_the_documents_is_taken_over() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("extra.json") || path.ends_with("README.md") {
            continue;
        }
        let value: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for text in texts("", &value) {
            assert!(text.split_whitespace().count() <= 4, "{}: {text}", path.display());
        }
    }
}

/// All texts but patterns.
fn texts<'v>(key: &str, value: &'v serde_json::Value) -> Vec<&'v str> {
    match value {
        serde_json::Value::String(text) if key != "pattern" => vec![text],
        serde_json::Value::Array(items) => items.iter().flat_map(|item| texts(key, item)).collect(),
        serde_json::Value::Object(members) => members.iter().flat_map(|(key, value)| texts(key, value)).collect(),
        _ => Vec::new(),
    }
}
