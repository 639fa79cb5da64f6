//! `build.rs` refuses a catalogue with holes, and what it packs is whole.

use std::collections::BTreeSet;
use std::path::Path;

use stackhand::catalog as shape;

use super::source;
use stackhand::catalog::{self as operation, Answer, Paging};

#[path = "../../build/extra.rs"]
#[allow(dead_code, reason = "build.rs uses the rest")]
mod extra;
#[path = "../../build/intern.rs"]
mod intern;
#[path = "../../build/merge.rs"]
#[allow(dead_code, reason = "build.rs uses the rest")]
mod merge;

#[expect(clippy::unwrap_used, reason = "a test reads the project's own files")]
fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// DNS alone, with the rows of `extra.json` that are about it.
fn dns() -> (source::Document, extra::Extra) {
    let mut extra: extra::Extra = read("extra.json");
    extra.effects.retain(|module, _| module == "dns");
    extra.reasons.retain(|row, _| row.starts_with("dns."));
    extra.permissions.clear();
    for rows in [&mut extra.idempotent, &mut extra.not_idempotent, &mut extra.tokenless, &mut extra.secret] {
        rows.retain(|module, _| module == "dns");
    }
    extra.volatile.retain(|module, _| module == "dns");
    extra.only_with.clear();
    extra.shapes.clear();
    extra.operations.clear();
    (read("dns.v1.json"), extra)
}

fn problems(document: source::Document, extra: &extra::Extra) -> Vec<String> {
    merge::merge(vec![document], extra).err().unwrap_or_default()
}

#[test]
fn what_is_there_fits_together() {
    let (document, extra) = dns();
    assert_eq!(problems(document, &extra), [""; 0]);
}

#[test]
fn an_operation_without_effect_is_refused() {
    let (document, mut extra) = dns();
    for names in extra.effects.get_mut("dns").unwrap().values_mut() {
        names.retain(|name| name != "create_zone");
    }
    assert_eq!(problems(document, &extra), ["effects: dns.create_zone has 0 effects, not one"]);
}

#[test]
fn an_operation_without_permission_is_refused() {
    let (mut document, extra) = dns();
    document.operations[0].permissions.clear();
    let expected = format!("permissions: dns.{} has none", document.operations[0].name);
    assert_eq!(problems(document, &extra), [expected]);
}

#[test]
fn a_surprising_effect_needs_a_reason_and_a_plain_one_has_none() {
    let (document, mut extra) = dns();
    extra.reasons.remove("dns.export_record_sets");
    extra.reasons.insert("dns.create_zone".to_owned(), "because".to_owned());
    let found = problems(document, &extra);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("create_zone") && found[0].contains("needs no reason"), "{found:?}");
    assert!(found[1].contains("export_record_sets") && found[1].contains("needs a reason"), "{found:?}");
}

#[test]
fn rows_that_match_nothing_are_refused() {
    let (document, mut extra) = dns();
    extra.idempotent.entry("dns".to_owned()).or_default().push("create_zones".to_owned());
    extra.secret.entry("dns".to_owned()).or_default().push("Zone.password".to_owned());
    let found = problems(document, &extra);
    assert_eq!(
        found,
        ["idempotent: there is no operation dns.create_zones", "fields: dns has no field `Zone.password`"]
    );
}

#[test]
fn names_are_snake_case_and_unique() {
    let module_count = operation::modules().collect::<BTreeSet<_>>().len();
    assert_eq!(module_count, operation::modules().len());
    for service in operation::services() {
        let mut names = BTreeSet::new();
        for operation in &service.operations {
            let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
            assert!(operation.name.chars().all(is_plain) && !operation.name.contains("__"), "{}", operation.name);
            assert!(names.insert(operation.name), "{} {}", service.module, operation.name);
            let pieces = operation.name.split('_');
            assert!(pieces.clone().all(|piece| !piece.is_empty()), "{}", operation.name);
            assert!(pieces.filter(|piece| piece.len() == 1).count() == 0, "{}", operation.name);
        }
    }
}

#[test]
fn every_reference_leads_to_a_shape() {
    for service in operation::services() {
        let count = service.shapes().all.len();
        let is_there = |id: shape::ShapeId| (id as usize) < count;
        for operation in &service.operations {
            assert!(operation.parameters.iter().all(|parameter| is_there(parameter.shape)));
            assert!(operation.body.iter().all(|body| is_there(body.shape)));
            assert!(operation.answer_shape().is_none_or(is_there));
            assert!(operation.errors().iter().filter_map(|error| error.shape).all(is_there));
        }
        for id in 0..count {
            let id = shape::ShapeId::try_from(id).unwrap();
            assert!(service.shapes().fields(id).iter().all(|field| is_there(field.shape)));
            let _ = service.shapes().field_names(id);
        }
    }
}

#[test]
fn each_shape_stands_once() {
    for service in operation::services() {
        let mut seen = BTreeSet::new();
        for shape in &service.shapes().all {
            assert!(seen.insert(format!("{shape:?}")), "{}: {shape:?}", service.module);
        }
    }
}

#[test]
fn the_pitfalls_of_the_documents_are_met() {
    let all = || operation::services().flat_map(|service| &service.operations);
    let count = |test: &dyn Fn(&operation::Operation) -> bool| all().filter(|operation| test(operation)).count();
    assert_eq!(count(&|operation| operation.is_deprecated), 143 + 1, "and the upload beside IaaS v1");
    assert_eq!(count(&|operation| operation.list_key == Some("items")), 92);
    assert_eq!(count(&|operation| operation.list_key == Some("")), 12, "bare arrays");
    assert_eq!(count(&|operation| matches!(operation.answer, Answer::Bytes(_))), 6 + 3, "backups and CSV");
    let form = operation::operation("service-account", "create_short_lived_access_token").unwrap();
    assert_eq!(form.body.as_ref().unwrap().content_type, "application/x-www-form-urlencoded");
    assert_eq!(operation::operation("git", "get_user").unwrap().success, [200, 302], "no 2xx in its document");
    let headers = all().flat_map(|operation| &operation.parameters);
    assert_eq!(headers.filter(|parameter| parameter.place == operation::Place::Header).count(), 10);
    let shown: Vec<&str> = operation::operation("cost", "get_costs_for_project").unwrap().other_answer_types.clone();
    assert_eq!(shown, ["text/csv"]);
}

#[test]
fn every_paged_list_says_how_it_goes_on() {
    let mut styles: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for operation in operation::services().flat_map(|service| &service.operations) {
        let style = match operation.paging {
            Paging::None => continue,
            Paging::Token { parameter, .. } => parameter,
            Paging::Number { size, .. } => size.unwrap_or("page alone"),
            Paging::Offset { .. } => "offset",
            Paging::Cut { .. } => "cut",
            Paging::Counted { .. } => "counted",
        };
        let is_paging = |parameter: &operation::Parameter| {
            ["pageToken", "cursor", "page", "offset", "pageId", "pageIdentifier"].contains(&parameter.name)
        };
        let has_parameter = operation.parameters.iter().any(is_paging);
        assert!(has_parameter || matches!(operation.paging, Paging::Cut { .. } | Paging::Counted { .. }));
        *styles.entry(style).or_default() += 1;
    }
    let styles: Vec<(&str, usize)> = styles.into_iter().collect();
    assert_eq!(
        styles,
        [
            ("counted", 1),
            ("cursor", 19),
            ("cut", 4),
            ("offset", 3),
            ("page alone", 1),
            ("pageId", 6),
            ("pageIdentifier", 2),
            ("pageSize", 2),
            ("pageToken", 13),
            ("perPage", 3),
            ("size", 10),
        ]
    );
}
