//! What holds whatever was granted.

use serde_json::{Value, json};

use super::*;
use crate::catalog::{self, Effect};
use crate::config::Environment;
use crate::policy::{Admission, ObjectFacts, Place, Rules, Sources};

const ID: &str = "22222222-2222-4222-8222-222222222222";
const OWN: &str = "33333333-3333-4333-8333-333333333333";

fn facts(object: &Value) -> ObjectFacts {
    ObjectFacts::of(object.as_object().expect("an object"))
}

fn labelled(key: &str, value: &str) -> ObjectFacts {
    facts(&json!({ "id": ID, "name": "web-7", "labels": { key: value } }))
}

/// What is made of a call on objects, each with its kind, id and facts.
fn told(belts: Belts, operation: &str, objects: &[(&str, &str, Option<&ObjectFacts>)], body: Option<&Value>) -> String {
    let (module, name) = operation.split_once('.').unwrap_or(("iaas", operation));
    let operation = catalog::operation(module, name).unwrap_or_else(|| panic!("there is no {operation}"));
    let objects = objects.iter().map(|(kind, id, facts)| {
        let knowledge = facts.map_or(Knowledge::Unlabelled, Knowledge::Known);
        Object { kind, id, knowledge }
    });
    let deed = Deed { operation, objects: objects.collect(), also: Vec::new(), body, selector: None };
    let rules = Rules::new(&Sources::default(), belts);
    assert_eq!(rules.admit(operation), Admission::Weighed);
    match rules.weigh(&deed) {
        Ok(()) => "passes".to_owned(),
        Err(refusal) => format!("{}: {} | {}", refusal.code, refusal.message, refusal.hint.unwrap_or_default()),
    }
}

fn on_server(operation: &str, facts: &ObjectFacts) -> String {
    told(Belts::default(), operation, &[("server", ID, Some(facts))], None)
}

#[test]
fn the_label_protects_from_what_it_says() {
    let passes = |value: &str, operation: &str| on_server(operation, &labelled("stackhand.protect", value)) == "passes";
    let operations =
        ["update_server", "start_server", "stop_server", "resize_server", "rescue_server", "delete_server"];
    for (value, expected) in [
        ("true", [false, false, false, false, false, false]),
        ("yes please", [false, false, false, false, false, false]),
        ("", [false, false, false, false, false, false]),
        ("delete", [true, true, true, true, true, false]),
        ("power", [true, false, false, false, false, false]),
    ] {
        assert_eq!(operations.map(|operation| passes(value, operation)), expected, "{value}");
    }
    assert_eq!(
        on_server("delete_server", &labelled("stackhand.protect", "delete")),
        "protected: `iaas.delete_server` on `web-7` is refused: `web-7` is protected, its label stackhand.protect=delete \
         forbids that it is deleted | no option lifts that; remove the label in STACKIT's portal if it shall be changed"
    );
}

#[test]
fn everything_that_a_change_touches_counts_and_what_something_is_put_into() {
    let (free, held) = (labelled("a", "b"), labelled("stackhand.protect", "true"));
    let server_and_volume = |server, volume| {
        let objects = [("server", ID, Some(server)), ("volume", ID, Some(volume))];
        ["add_volume_to_server", "remove_volume_from_server", "update_attached_volume"]
            .map(|operation| told(Belts::default(), operation, &objects, None) == "passes")
    };
    assert_eq!(server_and_volume(&free, &free), [true; 3]);
    assert_eq!(server_and_volume(&free, &held), [false; 3]);
    assert_eq!(server_and_volume(&held, &free), [false; 3]);
    let rule = |operation, group| {
        let objects = [("security group", ID, Some(group)), ("security group rule", ID, None)];
        let objects = if operation == "create_security_group_rule" { &objects[..1] } else { &objects[..] };
        told(Belts::default(), operation, objects, None) == "passes"
    };
    for operation in ["create_security_group_rule", "delete_security_group_rule"] {
        assert!(rule(operation, &free) && !rule(operation, &held), "{operation}");
    }
    assert!(rule("delete_security_group_rule", &labelled("stackhand.protect", "delete")), "the group itself stays");
    let nic = [("network", ID, Some(&held)), ("nic", ID, Some(&free))];
    assert_eq!(told(Belts::default(), "delete_nic", &nic, None), "passes", "the network stays as it is");
    let volume = [("volume", ID, Some(&held))];
    assert_eq!(told(Belts::default(), "image_from_volume", &volume, None), "passes", "a copy changes nothing");
    let server = [("server", ID, Some(&held))];
    assert_ne!(told(Belts::default(), "run-command.create_command", &server, None), "passes");
    assert_eq!(told(Belts::default(), "server-backup.create_backup", &server, None), "passes");
    assert_ne!(told(Belts::default(), "server-backup.restore_backup", &server, None), "passes");
}

#[test]
fn no_change_of_the_catalogue_passes_an_object_that_is_protected() {
    let held = labelled("stackhand.protect", "true");
    let mut passing = Vec::new();
    let mut count = 0;
    for operation in catalog::services().flat_map(|service| &service.operations) {
        let is_change = matches!(operation.effect, Effect::Create | Effect::Update | Effect::Delete);
        let ids = operation.parameters.iter().filter(|one| one.place == catalog::Place::Path).filter(|parameter| {
            !matches!(parameter.filled_from(), Some(catalog::FilledFrom::Project | catalog::FilledFrom::Region))
        });
        let objects: Vec<Object<'_>> =
            ids.map(|one| Object { kind: one.name, id: ID, knowledge: Knowledge::Known(&held) }).collect();
        if !is_change || objects.is_empty() {
            continue;
        }
        count += 1;
        let deed = Deed { operation, objects, also: Vec::new(), body: None, selector: None };
        if Belts::default().hold(&deed).is_ok() {
            passing.push(format!("{}.{}", operation.module, operation.name));
        }
    }
    assert!(count > 400, "{count}");
    let copies_and_their_ends = [
        "iaas.image_from_volume",
        "server-backup.create_backup",
        "server-backup.create_backup_schedule",
        "server-backup.delete_backup",
        "server-backup.delete_backup_schedule",
        "server-backup.delete_volume_backup",
    ];
    assert_eq!(passing, copies_and_their_ends);
}

#[test]
fn protection_cannot_be_taken_off_and_may_be_put_on() {
    let update = |facts: &ObjectFacts, value: Value| {
        let body = json!({ "labels": { "stackhand.protect": value, "other": "1" } });
        told(Belts::default(), "update_server", &[("server", ID, Some(facts))], Some(&body))
    };
    for value in [Value::Null, json!("power"), json!("no")] {
        let told = update(&labelled("stackhand.protect", "delete"), value);
        assert!(told.contains("forbids that this label is changed"), "{told}");
    }
    assert_eq!(update(&labelled("stackhand.protect", "delete"), json!("delete")), "passes");
    assert_eq!(update(&labelled("stackhand.protect", "delete"), json!("true")), "passes");
    assert_eq!(update(&labelled("a", "b"), json!("delete")), "passes");
}

#[test]
fn the_profile_protects_by_selector_name_and_id() {
    let belts = |text: &str| {
        let protected = Protected::parse(&[text.to_owned()], Place::new("prod", "stackhand.toml:7")).expect("good");
        Belts { protected: Some(protected), ..Belts::default() }
    };
    let web = labelled("env", "prod");
    let start = |text: &str| told(belts(text), "start_server", &[("server", ID, Some(&web))], None);
    assert_eq!(
        start("env=prod"),
        "protected: `iaas.start_server` on `web-7` is refused: `web-7` is protected by `env=prod` of the profile `prod` \
         (stackhand.toml:7) | no option lifts that; take it out of `protect` of the profile if it shall be changed"
    );
    for text in ["web-7", ID, "env in (prod, staging)", "!legacy"] {
        assert!(start(text).starts_with("protected"), "{text}");
    }
    for text in ["web-8", "env=dev", "env"] {
        assert_eq!(start(text), "passes", "{text}");
    }
    for text in ["", "env in (prod", "=x"] {
        assert!(Protected::parse(&[text.to_owned()], Place::new("p", "t:1")).is_err(), "{text}");
    }
}

#[test]
fn what_cannot_be_read_may_not_be_changed_and_what_is_gone_may() {
    let operation = catalog::operation("iaas", "stop_server").expect("it is there");
    let weigh = |knowledge| {
        let objects = vec![Object { kind: "server", id: ID, knowledge }];
        let deed = Deed { operation, objects, also: Vec::new(), body: None, selector: None };
        Rules::new(&Sources::default(), Belts::default()).weigh(&deed)
    };
    let refusal = weigh(Knowledge::Forbidden("iaas.server.get")).expect_err("nobody knows");
    assert_eq!((refusal.code, refusal.permission.as_deref()), ("unreadable_object", Some("iaas.server.get")));
    assert_eq!(
        refusal.hint.as_deref(),
        Some("the credential lacks `iaas.server.get`, which every change of a server needs")
    );
    assert_eq!(weigh(Knowledge::Gone), Ok(()));
}

#[test]
fn what_a_cluster_manages_is_left_alone_unless_that_was_allowed() {
    let node = labelled("mcm.gardener.cloud/role", "node");
    let volume = facts(&json!({ "id": ID, "name": "pvc-0b5a2d1e-8f43-4b0e-9f4e-0b7f8a6f2f11" }));
    let told = |managed, kind, facts| {
        told(Belts { managed, ..Belts::default() }, "update_volume", &[(kind, ID, Some(facts))], None)
    };
    for (kind, facts) in [("server", &node), ("volume", &volume)] {
        assert!(told(ManagedObjects::Protected, kind, facts).starts_with("managed_object"), "{kind}");
        assert_eq!(told(ManagedObjects::Allowed, kind, facts), "passes");
    }
}

#[test]
fn the_server_underneath_and_its_volumes_are_spared() {
    let belts = || Belts {
        own_server: Some(OwnServer::new(&Environment::empty("/").with("STACKHAND_SERVER_ID", OWN)).expect("an id")),
        ..Belts::default()
    };
    let own = facts(&json!({ "id": OWN, "name": "runner" }));
    let server = |operation| told(belts(), operation, &[("server", OWN, Some(&own))], None);
    assert_eq!(
        server("deallocate_server"),
        "own_server: `iaas.deallocate_server` is refused: `runner` is the server that this runs on \
         (`STACKHAND_SERVER_ID`) | run it elsewhere, or give `--include-self`"
    );
    for operation in ["stop_server", "reboot_server", "delete_server"] {
        assert!(server(operation).starts_with("own_server"), "{operation}");
    }
    for operation in ["start_server", "update_server"] {
        assert_eq!(server(operation), "passes", "{operation}");
    }
    let volume = |operation, server: &str| {
        let volume = facts(&json!({ "id": ID, "name": "root", "serverId": server }));
        told(belts(), operation, &[("volume", ID, Some(&volume))], None)
    };
    assert!(volume("delete_volume", OWN).contains("the volume `root` is on the server that this runs on"));
    assert_eq!(volume("delete_volume", ID), "passes");
    assert_eq!(volume("resize_volume", OWN), "passes");
    assert_eq!(told(Belts::default(), "stop_server", &[("server", OWN, Some(&own))], None), "passes");
}
