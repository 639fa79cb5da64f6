//! What `check` says of a header's `Permissions:`.

use crate::engine::Source;
use crate::engine::check::check;
use crate::engine::recipe::Severity;

/// Severity, code and place of each finding about permissions.
fn found(text: &str) -> Vec<(Severity, &'static str, usize, usize)> {
    let report = check(&Source::inline("test.rhai", text), &[]);
    report.findings.iter().map(|one| (one.severity, one.code, one.line, one.column)).collect()
}

const UNDECLARED: &str = "undeclared_permission";

#[test]
fn what_is_needed_for_certain_and_not_asked_for_fails_with_the_line_to_write() {
    let text = "//! Permissions: iaas.server.list where team=web\nlet s = servers();\ns.deallocate();\ns.deallocate().wait_all();";
    assert_eq!(found(text), [(Severity::Error, UNDECLARED, 3, 3), (Severity::Error, UNDECLARED, 4, 16)]);
    let report = check(&Source::inline("test.rhai", text), &[]);
    assert_eq!(
        report.findings[0].message,
        "this needs `iaas.server.deallocate`, which `Permissions:` does not ask for"
    );
    assert_eq!(
        report.findings[0].hint.as_deref(),
        Some("write `//! Permissions: iaas.server.list where team=web, iaas.server.deallocate, iaas.server.get`")
    );
    assert_eq!(report.findings[0].length, "deallocate".len());
}

#[test]
fn what_is_asked_for_is_enough_in_every_form() {
    for asked in [
        "iaas.server.list, iaas.server.deallocate",
        "iaas.server.*",
        "read, iaas.server.deallocate where schedule=office-hours",
        "*",
    ] {
        let text = format!("//! Permissions: {asked}\nservers().deallocate();");
        assert_eq!(found(&text), [], "{asked}");
    }
    assert_eq!(found("//! Permissions: env:HOME\nenv(\"HOME\");"), []);
}

#[test]
fn belts_and_what_only_helps_need_not_be_asked_for_and_are_no_surplus() {
    assert_eq!(found("//! Permissions: iaas.server.list, iaas.server.stop\nservers().stop();"), []);
    assert_eq!(found("//! Permissions: iaas.server.list, iaas.server.stop, iaas.server.get\nservers().stop();"), []);
}

#[test]
fn what_nothing_needs_is_surplus() {
    let text = "//! Permissions: iaas.server.list, iaas.volume.delete, iaas.dns.*, secret:X\nservers();";
    let surplus: Vec<_> = found(text).into_iter().filter(|one| one.1 == "surplus_permission").collect();
    let places = [(Severity::Warning, "surplus_permission", 1, 36), (Severity::Warning, "surplus_permission", 1, 68)];
    assert_eq!(surplus, places, "what there is no permission of is said to be unknown");
}

#[test]
fn one_of_several_kinds_is_a_warning_and_none_of_them_an_error() {
    let text = |asked: &str| {
        format!(
            "//! Permissions: iaas.server.list, iaas.volume.list{asked}\nfor x in servers() + volumes() {{ x.delete() }}"
        )
    };
    assert_eq!(found(&text(", iaas.server.delete, iaas.volume.delete")), []);
    assert_eq!(found(&text(", iaas.server.delete")), [(Severity::Warning, UNDECLARED, 2, 36)]);
    assert_eq!(found(&text("")), [(Severity::Error, UNDECLARED, 2, 36)]);
}

#[test]
fn an_unknown_receiver_is_only_warned_about() {
    let text = "//! Permissions: iaas.server.stop\nlet args = params(#{ f: \"\" });\nFn(args.f).call().stop();";
    let all = found(text);
    assert!(all.iter().all(|one| one.0 == Severity::Warning), "{all:?}");
    assert!(all.contains(&(Severity::Warning, "unknown_receiver", 3, 19)), "{all:?}");
    assert!(all.iter().any(|one| one.1 == "needs_unknown"), "{all:?}");
}

#[test]
fn without_a_header_only_a_change_is_worth_a_hint() {
    assert_eq!(found("servers();"), []);
    assert_eq!(found("let s = servers();\ns.stop();"), [(Severity::Hint, "no_permissions", 2, 3)]);
}

#[test]
fn the_name_of_a_secret_parameter_is_not_certain() {
    let text = "//! Permissions: read\nlet args = params(#{ token: secret(\"TOKEN\") });";
    assert_eq!(found(text), [(Severity::Warning, UNDECLARED, 2, 29)]);
    assert_eq!(found("//! Permissions: read\nsecret(\"TOKEN\");"), [(Severity::Error, UNDECLARED, 2, 1)]);
}
