//! What is refused, and in which words.

use serde_json::{Value, json};

use super::*;
use crate::catalog;
use crate::policy::{Grant, Knowledge, Listed, Object, ObjectFacts, Place};

const ID: &str = "22222222-2222-4222-8222-222222222222";

fn grants(text: &str) -> Vec<Grant> {
    text.split(", ").map(|part| Grant::parse(part).expect(part)).collect()
}

fn header(text: &str) -> Sources {
    let place = Place::new("night.rhai", "night.rhai:4");
    Sources { header: Some(Listed { grants: grants(text), place }), ..Sources::of_file("night.rhai") }
}

fn server(labels: &Value) -> ObjectFacts {
    let server = json!({ "id": ID, "name": "web-7", "labels": labels });
    ObjectFacts::of(server.as_object().expect("an object"))
}

fn deed<'d>(operation: &str, objects: Vec<Object<'d>>, body: Option<&'d Value>) -> Deed<'d> {
    let operation = catalog::operation("iaas", operation).expect(operation);
    Deed { operation, objects, also: Vec::new(), body, selector: None }
}

fn known<'d>(kind: &'d str, facts: &'d ObjectFacts) -> Object<'d> {
    Object { kind, id: ID, knowledge: Knowledge::Known(facts) }
}

fn told(sources: &Sources, deed: &Deed<'_>) -> String {
    match Rules::new(sources, Belts::default()).weigh(deed) {
        Ok(()) => "passes".to_owned(),
        Err(refusal) => format!("{}: {} | {}", refusal.code, refusal.message, refusal.hint.unwrap_or_default()),
    }
}

#[test]
fn a_refusal_names_permission_operation_object_and_who_would_have_to_give_it() {
    let facts = server(&json!({}));
    let stop = deed("stop_server", vec![known("server", &facts)], None);
    let profile = Some(Listed { grants: grants("iaas.server.list"), place: Place::new("prod", "stackhand.toml:7") });
    let cases = [
        (
            Sources::of_file("night.rhai"),
            "not_granted: `iaas.stop_server` on `web-7` needs `iaas.server.stop`, which `night.rhai` does not ask for: \
             without `Permissions:` it may only read | give `--allow read,iaas.server.stop`, or begin `night.rhai` with \
             a line `//! Permissions:` that names all it needs",
        ),
        (
            header("iaas.server.list"),
            "not_granted: `iaas.stop_server` on `web-7` needs `iaas.server.stop`, which the recipe does not ask for \
             (night.rhai:4) | add `iaas.server.stop` to `Permissions:` (night.rhai:4)",
        ),
        (
            Sources { allow: grants("read"), ..Sources::default() },
            "not_granted: `iaas.stop_server` on `web-7` needs `iaas.server.stop`, which `--allow` does not name | give \
             `--allow iaas.server.stop` as well",
        ),
        (
            Sources { deny: grants("iaas.server.*"), ..Sources::default() },
            "denied: `iaas.stop_server` on `web-7` needs `iaas.server.stop`, which `--deny 'iaas.server.*'` takes away | \
             leave out `--deny 'iaas.server.*'`",
        ),
        (
            Sources { profile, ..header("read") },
            "not_granted: `iaas.stop_server` on `web-7` needs `iaas.server.stop`, which the recipe does not ask for \
             (night.rhai:4) and the profile `prod` (stackhand.toml:7) does not give | add `iaas.server.stop` to \
             `Permissions:` (night.rhai:4), and add `iaas.server.stop` to `permissions` of the profile `prod` \
             (stackhand.toml:7)",
        ),
    ];
    for (sources, expected) in cases {
        assert_eq!(told(&sources, &stop), expected);
        assert_eq!(Rules::new(&sources, Belts::default()).admit(stop.operation), Admission::Refused);
    }
}

#[test]
fn a_narrowed_grant_holds_for_objects_that_carry_its_labels() {
    let sources = header("iaas.server.deallocate where schedule=office-hours, iaas.server.volume.* where a=1");
    let (fit, unfit) = (server(&json!({ "schedule": "office-hours" })), server(&json!({})));
    let deallocate = |object| told(&sources, &deed("deallocate_server", vec![object], None));
    assert_eq!(deallocate(known("server", &fit)), "passes");
    assert_eq!(
        deallocate(known("server", &unfit)),
        "narrowed: `web-7` lacks schedule=office-hours; this run may deallocate only servers that carry it | \
         `iaas.server.deallocate` is narrowed to schedule=office-hours by the recipe's `Permissions:` (night.rhai:4)"
    );
    let object = |knowledge| Object { kind: "server", id: ID, knowledge };
    assert_eq!(deallocate(object(Knowledge::Gone)), "passes", "the API says that it is gone");
    for (knowledge, why) in [
        (Knowledge::Forbidden("iaas.server.get"), "cannot be read: the credential lacks `iaas.server.get`"),
        (Knowledge::Unlabelled, "has no labels"),
    ] {
        let told = deallocate(object(knowledge));
        assert!(told.starts_with(&format!("narrowed: `{ID}` {why}; this run may")), "{told}");
    }
    let chosen = Object { kind: "server", id: "web", knowledge: Knowledge::Gone };
    assert!(deallocate(chosen).contains("`web` does not exist"), "somebody may make it in between");
    let volume = ObjectFacts { labels: [("a".to_owned(), "1".to_owned())].into(), ..ObjectFacts::default() };
    let attach = |server| {
        told(&sources, &deed("add_volume_to_server", vec![known("server", server), known("volume", &volume)], None))
    };
    assert!(attach(&fit).contains("`web-7` lacks a=1; this run may use `iaas.server.volume.add` only on servers"));
    assert_eq!(attach(&server(&json!({ "a": "1" }))), "passes");
}

#[test]
fn a_denied_label_and_lists_and_creates_are_weighed_too() {
    let sources = Sources { deny: grants("iaas.server.* where env=prod"), ..Sources::default() };
    let prod = server(&json!({ "env": "prod" }));
    assert_eq!(
        told(&sources, &deed("stop_server", vec![known("server", &prod)], None)),
        "narrowed: `web-7` carries env=prod; this run may stop only servers that do not | `iaas.server.stop` is taken \
         away by `--deny 'iaas.server.* where env=prod'`"
    );
    let dev = server(&json!({ "env": "dev" }));
    assert_eq!(told(&sources, &deed("stop_server", vec![known("server", &dev)], None)), "passes");
    let narrow = header("iaas.server.list where team=web, iaas.snapshot.create where made-by=me");
    let list = |sources: &Sources, selector: Option<&str>| {
        let selector = selector.map(Value::from);
        told(sources, &Deed { selector: selector.as_ref(), ..deed("list_servers", Vec::new(), None) })
    };
    for (selector, passes) in
        [(None, false), (Some("team=web"), true), (Some("team=web,env=dev"), true), (Some("team!=web"), false)]
    {
        assert_eq!(list(&narrow, selector) == "passes", passes, "{selector:?}");
    }
    for (selector, passes) in [(None, false), (Some("env=dev"), true), (Some("!env"), true), (Some("env"), false)] {
        assert_eq!(list(&sources, selector) == "passes", passes, "{selector:?}");
    }
    assert_eq!(
        list(&narrow, None),
        "narrowed: `iaas.list_servers` does not select by team=web; this run may use `iaas.server.list` only on objects \
         that carry it | `iaas.server.list` is narrowed to team=web by the recipe's `Permissions:` (night.rhai:4); the \
         selector must hold it, with `=`"
    );
    let create = |body: Value| told(&narrow, &deed("create_snapshot", Vec::new(), Some(&body)));
    assert_eq!(create(json!({ "volumeId": ID, "labels": { "made-by": "me" } })), "passes");
    assert!(create(json!({ "volumeId": ID })).contains("the new snapshot lacks made-by=me; this run may create only"));
}

#[test]
fn a_run_may_not_change_the_labels_that_its_grants_depend_on() {
    let sources = header("iaas.server.update, iaas.server.stop where team=web");
    let web = server(&json!({ "team": "web" }));
    let update = |facts: &ObjectFacts, body: Value| {
        told(&sources, &deed("update_server", vec![known("server", facts)], Some(&body)))
    };
    assert_eq!(
        update(&server(&json!({})), json!({ "labels": { "team": "web" } })),
        "deciding_label: `iaas.update_server` would change the label `team` of `web-7`, and grants of this run depend on \
         it | change such labels in a run whose grants are not narrowed by them"
    );
    for labels in [json!({ "team": null }), json!({ "team": 7 }), json!({ "team": "" }), json!(null), json!([])] {
        assert!(update(&web, json!({ "labels": labels })).starts_with("deciding_label"), "{labels}");
    }
    assert_eq!(update(&server(&json!({})), json!({ "labels": null })), "passes", "there is nothing to lose");
    assert_eq!(update(&web, json!({ "labels": { "team": "web", "other": "1" } })), "passes");
    assert_eq!(update(&web, json!({ "labels": { "other": "1" } })), "passes", "a PATCH leaves what it does not name");
    assert_eq!(update(&web, json!({ "name": "web-8" })), "passes");
}
