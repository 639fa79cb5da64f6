//! Effects and permissions: every operation has them, and the surprising ones are pinned.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use stackhand::catalog::{self, Effect, Method, Operation};

fn operations() -> impl Iterator<Item = &'static Operation> {
    catalog::services().flat_map(|service| &service.operations)
}

fn suggested(method: Method) -> Effect {
    match method {
        Method::Get | Method::Head => Effect::Read,
        Method::Post => Effect::Create,
        Method::Put | Method::Patch => Effect::Update,
        Method::Delete => Effect::Delete,
    }
}

#[test]
fn every_operation_has_a_permission() {
    for operation in operations() {
        assert!(!operation.permissions.is_empty(), "{}.{}", operation.module, operation.name);
        for permission in &operation.permissions {
            let is_plain =
                |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter);
            assert!(permission.name.contains('.') && permission.name.chars().all(is_plain), "{}", permission.name);
        }
    }
    let ours = operations().filter(|operation| operation.permissions[0].is_ours).count();
    assert_eq!(ours, 73 + 3, "73 without one in their documents, and the three that no document has");
}

#[test]
fn no_permission_of_ours_is_one_of_stackits() {
    let names = |is_ours: bool| -> BTreeSet<&str> {
        let permissions = operations().flat_map(|operation| &operation.permissions);
        permissions.filter(|permission| permission.is_ours == is_ours).map(|permission| permission.name).collect()
    };
    let shared: Vec<&str> = names(true).intersection(&names(false)).copied().collect();
    assert_eq!(shared, [""; 0]);
}

#[test]
fn the_effects_are_these_many() {
    let mut counts: BTreeMap<Effect, usize> = BTreeMap::new();
    for operation in operations() {
        *counts.entry(operation.effect).or_default() += 1;
    }
    let counts: Vec<(&str, usize)> = counts.iter().map(|(effect, count)| (effect.as_str(), *count)).collect();
    insta::assert_debug_snapshot!(counts);
}

#[test]
fn the_effects_that_the_method_does_not_suggest_are_these() {
    let mut surprising = String::new();
    for operation in operations().filter(|operation| operation.effect != suggested(operation.method)) {
        let (method, effect) = (operation.method.as_str(), operation.effect.as_str());
        writeln!(surprising, "{} {method} {}: {effect}", operation.module, operation.name).unwrap();
    }
    insta::assert_snapshot!(surprising);
}

#[test]
fn whatever_makes_a_credential_is_no_read() {
    for (module, name) in [
        ("edge", "get_token_by_instance_id"),
        ("edge", "get_kubeconfig_by_instance_name"),
        ("iaas", "get_server_console"),
        ("ske", "get_login_kubeconfig"),
        ("ske", "create_kubeconfig"),
        ("service-account", "create_service_account_key"),
        ("service-account", "create_access_token"),
        ("mariadb", "create_credentials"),
        ("mariadb", "get_credentials"),
        ("observability", "create_credentials"),
        ("object-storage", "create_access_key"),
    ] {
        let operation = catalog::operation(module, name).unwrap();
        assert_eq!(operation.effect, Effect::Mint, "{module}.{name}");
        assert!(!operation.is_idempotent, "{module}.{name}");
    }
}

#[test]
fn whatever_mints_answers_a_field_that_is_marked_secret() {
    for operation in operations().filter(|operation| operation.effect == Effect::Mint) {
        let shapes = operation.service().shapes();
        let shape = operation.answer_shape().unwrap_or_else(|| panic!("{}", operation.name));
        let mut open = vec![shape];
        let mut seen = BTreeSet::new();
        let mut has_secret = false;
        while let Some(shape) = open.pop() {
            if seen.insert(shape) {
                has_secret |= shapes.fields(shape).iter().any(|field| field.is_secret);
                open.extend(shapes.fields(shape).iter().map(|field| field.shape));
            }
        }
        assert!(has_secret, "{}.{}", operation.module, operation.name);
    }
}

#[test]
fn repeating_a_read_or_an_upsert_is_harmless_and_repeating_a_create_is_not() {
    let is_idempotent = |module: &str, name: &str| catalog::operation(module, name).unwrap().is_idempotent;
    for name in ["list_servers", "delete_server", "start_server", "deallocate_server", "add_volume_to_server"] {
        assert!(is_idempotent("iaas", name), "{name}");
    }
    for name in ["create_server", "reboot_server", "restore_backup", "add_network_to_server", "get_server_console"] {
        assert!(!is_idempotent("iaas", name), "{name}");
    }
    assert!(is_idempotent("ske", "create_or_update_cluster"));
    assert!(!is_idempotent("redis", "trigger_restart"));
    for operation in operations().filter(|operation| operation.effect == Effect::Read) {
        assert!(operation.is_idempotent, "{}", operation.name);
    }
}

#[test]
fn few_operations_go_without_the_token() {
    let without: Vec<String> = operations()
        .filter(|operation| !operation.takes_token)
        .map(|operation| format!("{}.{}", operation.module, operation.name))
        .collect();
    assert_eq!(
        without,
        [
            "iaas.upload_image",
            "iaas/v1.upload_image",
            "pim/v1.list_skus",
            "run-command.list_command_templates",
            "service-account.create_short_lived_access_token"
        ]
    );
}
