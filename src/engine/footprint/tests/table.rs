//! The endpoint map is the test: each operation's permission, through generic modules and through natives.

use super::facts::FACTS;
use super::{footprint, needs};
use crate::catalog;
use crate::engine::Registry;
use crate::engine::footprint::Reason;

#[test]
fn each_operation_of_the_map_needs_its_permission_through_its_module() {
    assert_eq!(FACTS.len(), 73);
    let service = catalog::service("iaas").expect("it is in the catalogue");
    for (id, permission) in FACTS {
        let operation = service.operations.iter().find(|operation| operation.id == *id).expect(id);
        let text = format!("import \"stackit/iaas\" as iaas;\niaas::{}(#{{}});", operation.name);
        assert_eq!(needs(&text), [*permission], "{text}");
        let found = footprint(&text);
        let need = found.needs.iter().find(|need| need.reason == Reason::Recipe).expect("it is found");
        assert_eq!(need.places.iter().map(super::super::Spot::label).collect::<Vec<_>>(), ["2"], "{text}");
    }
}

/// A script for each operation that natives call, with what it needs.
const NATIVES: &[(&str, &[&str])] = &[
    ("servers()", &["iaas.server.list"]),
    ("server(\"6f1c5e0e-9d2f-4b55-8c3a-0d3d6f6f2a10\")", &["iaas.server.get"]),
    ("server(\"web-1\")", &["iaas.server.list"]),
    ("let args = params(#{ name: \"\" }); server(args.name)", &["iaas.server.get", "iaas.server.list"]),
    ("create_server(#{})", &["iaas.server.create"]),
    ("servers()[0].update(#{ name: \"x\" })", &["iaas.server.list", "iaas.server.update"]),
    ("servers()[0].delete()", &["iaas.server.delete", "iaas.server.list"]),
    ("servers()[0].console()", &["iaas.server.console-url.get", "iaas.server.list"]),
    ("servers()[0].log()", &["iaas.server.console-log.get", "iaas.server.list"]),
    ("servers()[0].start()", &["iaas.server.list", "iaas.server.start"]),
    ("servers()[0].stop()", &["iaas.server.list", "iaas.server.stop"]),
    ("servers()[0].reboot(\"hard\")", &["iaas.server.list", "iaas.server.reboot"]),
    ("servers().deallocate()", &["iaas.server.deallocate", "iaas.server.list"]),
    ("servers()[0].rescue(\"x\")", &["iaas.server.list", "iaas.server.rescue"]),
    ("servers()[0].unrescue()", &["iaas.server.list", "iaas.server.unrescue"]),
    ("servers()[0].resize(\"g1.1\")", &["iaas.server.list", "iaas.server.resize"]),
    ("volumes()[0].resize(5)", &["iaas.volume.list", "iaas.volume.resize"]),
    ("volumes().resize(5)", &["iaas.volume.list", "iaas.volume.resize"]),
    ("create_volume(#{}).wait()", &["iaas.volume.create", "iaas.volume.get"]),
    ("volumes()[0].delete()", &["iaas.volume.delete", "iaas.volume.list"]),
    ("volumes()[0].delete(#{ force: true })", &["iaas.volume.delete", "iaas.volume.list"]),
    ("volumes()[0].delete(#{ cascade: true })", &["iaas.snapshot.delete", "iaas.volume.delete", "iaas.volume.list"]),
    (
        "let o = #{}; o.cascade = true; import \"stackit/iaas\" as i; i::delete_volume(volumes()[0].id, o)",
        &["iaas.snapshot.delete", "iaas.volume.delete", "iaas.volume.list"],
    ),
    ("import \"stackit/iaas\" as i; i::delete_volume(volumes()[0].id)", &["iaas.volume.delete", "iaas.volume.list"]),
    ("servers()[0].attachments()", &["iaas.server.list", "iaas.server.volume.list"]),
    ("servers()[0].attach(create_volume(#{}))", &["iaas.server.list", "iaas.server.volume.add", "iaas.volume.create"]),
    (
        "servers()[0].attachments()[0].update(#{})",
        &["iaas.server.list", "iaas.server.volume.list", "iaas.server.volume.update"],
    ),
    ("volumes()[0].detach()", &["iaas.server.get", "iaas.server.volume.remove", "iaas.volume.get", "iaas.volume.list"]),
    ("servers()[0].detach(volumes()[0])", &["iaas.server.list", "iaas.server.volume.remove", "iaas.volume.list"]),
    ("servers()[0].volumes()", &["iaas.server.list", "iaas.volume.get", "iaas.volume.list"]),
    ("servers()[0].boot_volume()", &["iaas.server.list", "iaas.volume.get"]),
    ("volumes()[0].server()", &["iaas.server.get", "iaas.volume.list"]),
    ("volumes()[0].server().stop()", &["iaas.server.get", "iaas.server.stop", "iaas.volume.list"]),
    ("networks()", &["iaas.network.list"]),
    ("network_interfaces()", &["iaas.nic.list"]),
    ("public_ips()[0].update(#{})", &["iaas.public-ip.list", "iaas.public-ip.update"]),
    ("security_groups()[0].delete()", &["iaas.security-group.delete", "iaas.security-group.list"]),
    ("images()[0].update(#{})", &["iaas.image.list", "iaas.image.update"]),
    ("snapshots()[0].delete().wait()", &["iaas.snapshot.delete", "iaas.snapshot.get", "iaas.snapshot.list"]),
    ("volumes()[0].snapshots()[0].delete()", &["iaas.snapshot.delete", "iaas.snapshot.list", "iaas.volume.list"]),
    ("volumes()[0].create_snapshot(\"x\")", &["iaas.snapshot.create", "iaas.volume.list"]),
    (
        "volumes()[0].ensure_snapshot(\"x\")",
        &[
            "iaas.snapshot.create",
            "iaas.snapshot.delete",
            "iaas.snapshot.get",
            "iaas.snapshot.list",
            "iaas.volume.list",
        ],
    ),
    ("volumes()[0].create_backup(\"x\").restore()", &["iaas.backup.create", "iaas.backup.restore", "iaas.volume.list"]),
    ("machine_types()", &["iaas.machine-type.list"]),
    ("machine_type(\"g1.1\")", &["iaas.machine-type.get"]),
    ("performance_classes()", &["iaas.volume-performance-class.list"]),
    ("quota(\"gigabytes\")", &["iaas.quota.get"]),
    ("quotas()[0].refresh()", &["iaas.quota.get"]),
    (
        "project(\"6f1c5e0e-9d2f-4b55-8c3a-0d3d6f6f2a10\").region(\"eu02\").servers().stop()",
        &["iaas.server.list", "iaas.server.stop"],
    ),
];

#[test]
fn natives_need_what_their_operations_need() {
    let wrong: Vec<String> = NATIVES
        .iter()
        .filter(|(text, wanted)| needs(text) != **wanted)
        .map(|(text, wanted)| format!("{text}\n  {:?}\n  {wanted:?}", needs(text)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_operation_that_a_native_declares_is_reached() {
    let derived: std::collections::BTreeSet<String> = NATIVES
        .iter()
        .flat_map(|(text, _)| footprint(text).needs)
        .map(|need| format!("{}.{}", need.operation.module, need.operation.name))
        .collect();
    for (_, permission) in FACTS {
        let operations = Registry::shared().iter().flat_map(|native| native.operations).filter(|name| {
            super::super::operations::operation(name)
                .is_some_and(|operation| operation.permissions[0].name == *permission)
        });
        for operation in operations {
            let is_waited_for = operation.contains("get_") || operation.contains("list_");
            assert!(is_waited_for || derived.contains(*operation) || is_of_all_kinds(operation), "{operation}");
        }
    }
}

/// Created, updated or deleted as other kinds are.
fn is_of_all_kinds(operation: &str) -> bool {
    ["create_", "update_", "delete_"].iter().any(|verb| operation.contains(verb))
}
