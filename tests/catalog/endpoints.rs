//! The 74 endpoints that users name first, spelled out.

use stackhand::catalog::{self, Method, Place};

fn rows() -> Vec<Vec<&'static str>> {
    let text = include_str!("endpoints.txt");
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(' ').collect()).collect()
}

#[test]
fn the_endpoints_of_iaas_have_the_permissions_that_their_documents_name() {
    let rows = rows();
    assert_eq!(rows.len(), 73);
    for row in rows {
        let [method, tail, names, query, status, permission] = row.as_slice() else { panic!("{row:?}") };
        let (old, new) = names.split_once('/').unwrap_or((names, names));
        for (module, name, prefix) in
            [("iaas/v1", old, "/v1/projects/{projectId}"), ("iaas", new, "/v2/projects/{projectId}/regions/{region}")]
        {
            if name == "-" {
                continue;
            }
            let operation = catalog::operation(module, name).unwrap_or_else(|| panic!("{module} {name}"));
            assert_eq!(operation.method.as_str(), *method, "{name}");
            assert_eq!(operation.path, format!("{prefix}{tail}"), "{name}");
            assert_eq!(operation.success, [status.parse::<u16>().unwrap()], "{name}");
            let permissions: Vec<_> = operation.permissions.iter().map(|permission| permission.name).collect();
            assert_eq!(permissions, [*permission], "{name}");
            assert!(!operation.permissions[0].is_ours, "{name}");
            let mut found: Vec<_> = operation
                .parameters
                .iter()
                .filter(|parameter| parameter.place == Place::Query)
                .map(|parameter| parameter.name)
                .collect();
            found.sort_unstable();
            assert_eq!(if found.is_empty() { "-".to_owned() } else { found.join(",") }, **query, "{name}");
        }
    }
}

#[test]
fn the_old_list_of_skus_is_public() {
    let operation = catalog::operation("pim/v1", "list_skus").unwrap();
    assert_eq!((operation.method, operation.path), (Method::Get, "/v1/skus"));
    assert_eq!(operation.list_key, Some("services"));
    assert!(!operation.takes_token);
}

#[test]
fn a_region_is_named_in_the_path_or_in_the_host() {
    let dotted: Vec<&str> = catalog::services()
        .filter(|service| service.operations.iter().any(|operation| operation.base_url.contains("{region}")))
        .map(|service| service.module)
        .collect();
    assert_eq!(dotted, ["dremio", "functions", "iaas/v1", "observability", "sca", "secrets-manager"]);
}
