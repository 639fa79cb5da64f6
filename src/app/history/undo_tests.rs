use serde_json::json;

use super::*;
use crate::engine::Source;
use crate::engine::check::check;
use crate::journal::{Entry, RunFile};

const ID: &str = "22222222-2222-4222-8222-222222222222";
const OTHER: &str = "33333333-3333-4333-8333-333333333333";

/// A run of these changes: `before` and what `after` says beside its outcome.
fn run(changes: &[(Value, Value)]) -> History {
    let mut records = vec![json!({ "record": "run", "run": "r-1", "command": "run", "who": {}, "version": "0",
        "project": "p", "recipe": { "name": "a\nb.rhai", "sha256": "" } })];
    for (index, (before, after)) in changes.iter().enumerate() {
        let same = json!({ "call": index + 1, "attempt": 1, "host": "h", "request": "r", "milliseconds": 1 });
        for (kind, own) in [("before", before), ("after", after)] {
            let mut record = same.clone();
            record["record"] = kind.into();
            for (name, value) in own.as_object().expect("an object") {
                record[name] = value.clone();
            }
            if own.is_object() && own.as_object().is_some_and(|own| !own.is_empty()) {
                records.push(record);
            }
        }
    }
    let entry = |(seq, mut record): (usize, Value)| -> Entry {
        (record["seq"], record["previous"]) = (seq.into(), "".into());
        record["time"] = "2026-11-22T12:00:00Z".into();
        serde_json::from_value(record).expect("a record")
    };
    let entries = records.into_iter().enumerate().map(entry).collect();
    History::of(RunFile { path: std::path::PathBuf::new(), entries, notes: Vec::new() }).expect("it began")
}

fn change(operation: &str, parameters: &Value, body: &Value, was: &Value) -> Value {
    let (module, name) = operation.rsplit_once('.').expect("two parts");
    let effect = catalog::operation(module, name).expect("the catalogue has it").effect.as_str();
    let mut change = json!({ "operation": operation, "effect": effect, "parameters": parameters });
    if !body.is_null() {
        change["body"] = body.clone();
    }
    if let Some(id) = parameters.as_object().and_then(|parameters| parameters.values().next()) {
        change["objects"] = json!([{ "kind": "server", "id": id, "was": was }]);
    }
    change
}

/// The statements of the recipe that undoes one change.
fn statements(before: Value, after: Value) -> Vec<String> {
    let recipe = undo(&run(&[(before, after)]));
    let report = check(&Source::inline("undo.rhai", recipe.clone()), &[]);
    assert!(report.findings.is_empty(), "{:?}\n{recipe}", report.findings);
    recipe
        .lines()
        .filter(|line| !line.starts_with("//") && !line.starts_with("import") && !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn done() -> Value {
    json!({ "outcome": "done" })
}

#[test]
fn power_goes_back_to_what_it_was() {
    for (operation, was, wanted) in [
        ("iaas.deallocate_server", "ACTIVE", ".start().wait();"),
        ("iaas.deallocate_server", "INACTIVE", ".start().wait().stop().wait();"),
        ("iaas.stop_server", "ACTIVE", ".start().wait();"),
        ("iaas.start_server", "INACTIVE", ".stop().wait();"),
        ("iaas.start_server", "DEALLOCATED", ".deallocate().wait();"),
        ("iaas.start_server", "ERROR", ""),
        ("iaas.reboot_server", "ACTIVE", ""),
    ] {
        let before = change(operation, &json!({ "serverId": ID }), &Value::Null, &json!({ "status": was }));
        let wanted: Vec<String> =
            (!wanted.is_empty()).then(|| format!("server(\"{ID}\"){wanted}")).into_iter().collect();
        assert_eq!(statements(before, done()), wanted, "{operation} of {was}");
    }
}

#[test]
fn labels_sizes_and_attachments_go_back_and_what_was_made_goes_away() {
    let server = json!({ "serverId": ID });
    let both = json!({ "serverId": ID, "volumeId": OTHER });
    let was = json!({ "name": "web-1", "labels": { "a": "1" }, "machineType": "c1.2" });
    let labels = json!({ "labels": { "a": "2", "b": "3" } });
    let null = Value::Null;
    let made = json!({ "outcome": "done", "result": { "id": OTHER, "name": "data" } });
    for (before, after, wanted) in [
        (
            change("iaas.update_server", &server, &labels, &was),
            done(),
            format!("iaas::update_server(\"{ID}\", #{{ \"labels\": #{{ \"a\": \"1\", \"b\": () }} }});"),
        ),
        (
            change("iaas.resize_server", &server, &json!({ "machineType": "c1.4" }), &was),
            done(),
            format!("server(\"{ID}\").resize(\"c1.2\").wait();"),
        ),
        (
            change("iaas.add_volume_to_server", &both, &null, &was),
            done(),
            format!("server(\"{ID}\").detach(volume(\"{OTHER}\")).wait();"),
        ),
        (
            change("iaas.remove_volume_from_server", &both, &null, &was),
            done(),
            format!("iaas::add_volume_to_server(\"{ID}\", \"{OTHER}\");"),
        ),
        (
            change("iaas.create_volume", &json!({}), &json!({ "name": "data" }), &null),
            made,
            format!("iaas::delete_volume(\"{OTHER}\");"),
        ),
    ] {
        assert_eq!(statements(before, after), [wanted]);
    }
}

#[test]
fn what_cannot_be_undone_or_is_not_known_stands_in_comments() {
    let snapshot = change(
        "iaas.delete_snapshot",
        &json!({ "snapshotId": "44444444-4444-4444-8444-444444444444" }),
        &Value::Null,
        &json!({ "name": "old" }),
    );
    let unknown = change("iaas.stop_server", &json!({ "serverId": ID }), &Value::Null, &json!({ "status": "ACTIVE" }));
    let refused =
        change("iaas.stop_server", &json!({ "serverId": OTHER }), &Value::Null, &json!({ "status": "ACTIVE" }));
    let recipe = undo(&run(&[(snapshot, done()), (unknown, json!({})), (refused, json!({ "outcome": "refused" }))]));
    assert!(
        recipe.contains("`old`") && recipe.contains("not undone: what is deleted cannot be brought back"),
        "{recipe}"
    );
    assert!(recipe.contains(&format!("// server(\"{ID}\").start().wait();")), "{recipe}");
    assert!(!recipe.contains(OTHER), "what was refused needs no undoing: {recipe}");
    assert!(undo(&run(&[])).contains("changed nothing"));
}

#[test]
fn nothing_that_somebody_called_an_object_becomes_code() {
    let name = "x\nserver(\"all\").delete();\r\u{2028}//! Permissions: *";
    let was = json!({ "name": name, "labels": { "k": "\"}); delete_all(); //" }, "status": "ACTIVE" });
    let server = json!({ "serverId": "1\"); evil(\"" });
    let stopped = change("iaas.stop_server", &server, &Value::Null, &was);
    let updated = change("iaas.update_server", &server, &json!({ "labels": { "k": "v" } }), &was);
    let recipe = undo(&run(&[(stopped, done()), (updated, done())]));
    for line in recipe.lines().filter(|line| !line.is_empty()) {
        let is_ours =
            ["//", "import ", "server(\"1\\\"); evil(\\\"\")", "iaas::update_server(\"1\\\"); evil(\\\"\", #{"];
        assert!(is_ours.iter().any(|begin| line.starts_with(begin)), "{line}");
    }
    assert_eq!(recipe.matches("\n//! Permissions:").count(), 1, "{recipe}");
}

#[test]
fn what_was_deleted_together_is_not_changed_back() {
    let labels = json!({ "labels": { "a": "b" } });
    let was = json!({ "id": ID, "name": "web-1", "status": "ACTIVE" });
    let update = change("iaas.update_server", &json!({ "serverId": ID }), &labels, &was);
    let mut delete = change("iaas.delete_server", &json!({ "serverId": ID }), &Value::Null, &was);
    let objects = delete["objects"].as_array_mut().expect("its objects");
    objects.push(json!({ "kind": "volume", "id": OTHER }));
    let volume = change("iaas.update_volume", &json!({ "volumeId": OTHER }), &labels, &json!({ "id": OTHER }));
    let recipe = undo(&run(&[(update, done()), (volume, done()), (delete, done())]));
    assert_eq!(recipe.matches("not undone: the run deleted it later").count(), 2, "{recipe}");
    assert!(!recipe.contains("iaas::update_"), "{recipe}");
}
