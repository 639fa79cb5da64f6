//! Lists page by page, as each service counts them.

use serde_json::{Value, json};

use crate::catalog;
use crate::error::Kind;
use crate::transport::testing::{ID, Stage, Step, answer, target};
use crate::transport::{Call, Error};

fn list(module: &str, name: &str) -> Call {
    let operation = catalog::operation(module, name).unwrap_or_else(|| panic!("the catalogue has no {module}.{name}"));
    Call::new(operation, target())
}

/// The queries that were sent, or the error, after playing these answers.
fn queries(call: Call, bodies: &[Value]) -> Result<Vec<String>, Error> {
    let stage = Stage::new(bodies.iter().map(|body| answer(200, body)).collect::<Vec<Step>>());
    let pages = stage.run(stage.client.pages(call))?;
    assert_eq!(stage.left(), 0);
    assert!(pages.len() <= bodies.len());
    Ok(stage.seen().iter().map(|seen| seen.line.split_once('?').map_or("", |(_, query)| query).to_owned()).collect())
}

#[test]
fn a_list_without_pages_is_asked_for_once() {
    assert_eq!(queries(list("iaas", "list_servers"), &[json!({ "items": [] })]).expect("a list"), [""]);
}

#[test]
fn tokens_are_followed_until_there_is_none() {
    let balancers = || list("alb", "list_load_balancers");
    let page = |next: Value| json!({ "loadBalancers": [{}], "nextPageId": next });
    let asked = queries(balancers(), &[page(json!("a/b")), page(json!("c")), page(json!(""))]).expect("a list");
    assert_eq!(asked, ["", "pageId=a%2Fb", "pageId=c"]);
    assert_eq!(queries(balancers(), &[page(Value::Null)]).expect("a list").len(), 1);
    let circle = [page(json!("a")), page(json!("a"))];
    assert_eq!(queries(balancers(), &circle).expect_err("it never ends").kind, Kind::Incomplete);
    let one = queries(balancers().with("pageId", "c"), &[page(json!("d"))]).expect("one page");
    assert_eq!(one, ["pageId=c"]);
    let nested = json!({ "data": [], "meta": { "pageSize": 1, "nextCursor": "x" } });
    let last = json!({ "data": [], "meta": { "pageSize": 1 } });
    assert_eq!(queries(list("pim", "list_categories"), &[nested, last]).expect("a list")[1], "cursor=x");
}

#[test]
fn numbered_pages_are_all_asked_for() {
    let backups = list("postgres-flex", "list_backups").with("instanceId", ID);
    let page = |number: u64| json!({ "backups": [], "pagination": { "page": number, "totalPages": 3 } });
    assert_eq!(queries(backups, &[page(1), page(2), page(3)]).expect("a list"), ["page=1", "page=2", "page=3"]);
}

#[test]
fn offsets_grow_by_what_came_until_nothing_comes() {
    let folders = list("resource-manager", "list_folders").with("limit", 3);
    let page = |items: usize| json!({ "items": vec![json!({}); items], "offset": 0, "limit": 3 });
    let asked = queries(folders, &[page(3), page(2), page(0)]).expect("a list");
    assert_eq!(asked, ["limit=3", "limit=3&offset=3", "limit=3&offset=5"]);
}

#[test]
fn a_list_that_cannot_be_had_whole_is_an_error() {
    let functions = || list("functions", "list_functions");
    let cut = json!({ "functions": [{}], "next_page_token": "more" });
    assert_eq!(queries(functions(), &[cut]).expect_err("it is cut").kind, Kind::Incomplete);
    assert!(queries(functions(), &[json!({ "functions": [], "next_page_token": "" })]).is_ok());
    let providers = || {
        list("service-account", "list_federated_identity_providers").with("serviceAccountEmail", "a@sa.stackit.cloud")
    };
    let counted = |total: u64| json!({ "resources": [{}], "totalResults": total });
    let error = queries(providers(), &[counted(7)]).expect_err("six are missing");
    assert!(error.message.contains("1 of 7 came"), "{error}");
    assert!(queries(providers(), &[counted(1)]).is_ok());
}
