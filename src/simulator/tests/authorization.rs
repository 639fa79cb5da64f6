//! What the account may do: told, given by roles, and enforced.

use serde_json::{Value, json};

use super::cloud::Cloud;
use crate::catalog;
use crate::simulator::Reply;
use crate::simulator::world::{World, small};

const MAIL: &str = "stackhand-simulator@sa.stackit.cloud";

fn cloud(permissions: &[&str]) -> Cloud {
    let mut world = small();
    world.service_account.permissions = Some(permissions.iter().map(|&name| name.to_owned()).collect());
    let mail = world.service_account.email.clone();
    let cloud = Cloud::of(world);
    assert_eq!(mail, MAIL);
    cloud
}

/// Calls an operation of the authorization service; gives status and body.
fn call(cloud: &Cloud, name: &str, ids: &[(&str, &str)], body: Option<Value>) -> (u16, Value) {
    let operation = catalog::operation("authorization", name).expect("in the catalogue");
    let ids: Vec<(&str, &str)> =
        ids.iter().copied().chain([("resourceType", "project"), ("resourceId", cloud.project.as_str())]).collect();
    match cloud.reply(operation, &ids, "", body) {
        Reply::Whole(answer) => (answer.status().as_u16(), serde_json::from_slice(answer.body()).expect("JSON")),
        other => panic!("no whole answer: {other:?}"),
    }
}

fn held(cloud: &Cloud) -> Vec<String> {
    let (status, body) = call(cloud, "list_user_permissions", &[("email", MAIL)], None);
    assert_eq!(status, 200, "{body}");
    let items = body["items"].as_array().expect("a list");
    let all = items.iter().flat_map(|item| item["permissions"].as_array().expect("a list"));
    all.map(|one| one["name"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn an_account_may_do_everything_unless_the_world_says_otherwise() {
    let open = Cloud::small();
    assert!(held(&open).len() > 300, "{}", held(&open).len());
    assert_eq!(open.call("list_servers", &[], None).status, 200);
    let closed = cloud(&[]);
    assert_eq!((held(&closed), closed.call("list_servers", &[], None).status), (Vec::new(), 403));
    let some = cloud(&["iaas.server.l*", "iaas.volume.get"]);
    assert_eq!(held(&some), ["iaas.server.list", "iaas.volume.get"]);
    let server = some.server("web-1");
    let refused = some.call("stop_server", &[("serverId", &server)], None);
    assert_eq!((refused.status, refused.message()), (403, "Forbidden"));
}

#[test]
fn a_role_gives_what_it_holds_to_those_who_have_it() {
    let cloud = cloud(&["iaas.server.list", "iam.*"]);
    let server = cloud.server("web-1");
    let stop = || cloud.call("stop_server", &[("serverId", &server)], None).status;
    let role = json!({ "name": "night", "description": "at night", "permissions": [{ "name": "iaas.server.stop" }] });
    let (status, made) = call(&cloud, "add_role", &[], Some(role.clone()));
    assert_eq!((status, &made["role"]["name"]), (200, &json!("night")), "{made}");
    assert_eq!(call(&cloud, "add_role", &[], Some(role)).0, 400, "the name is taken");
    let id = made["role"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(call(&cloud, "get_role", &[("roleId", &id)], None).1, made);
    assert_eq!(call(&cloud, "list_roles", &[], None).1["roles"], json!([made["role"]]));
    assert_eq!(stop(), 403);
    let members = json!({ "resourceType": "project", "members": [{ "subject": MAIL, "role": "night" }] });
    assert_eq!(call(&cloud, "add_members", &[], Some(members.clone())).0, 200);
    assert_eq!(call(&cloud, "list_members", &[], None).1["members"], members["members"]);
    assert!(held(&cloud).contains(&"iaas.server.stop".to_owned()));
    assert_eq!(stop(), 202);
    assert_eq!(call(&cloud, "delete_role", &[("roleId", &id)], None).0, 400, "it has members");
    assert_eq!(call(&cloud, "remove_members", &[], Some(members)).0, 200);
    assert_eq!(call(&cloud, "delete_role", &[("roleId", &id)], None).0, 200);
    assert_eq!(stop(), 403);
}

#[test]
fn who_may_not_look_after_roles_does_not() {
    let cloud = cloud(&["iaas.server.list"]);
    let role = json!({ "name": "night", "description": "at night", "permissions": [] });
    assert_eq!(call(&cloud, "add_role", &[], Some(role)).0, 403);
    assert_eq!(call(&cloud, "list_user_permissions", &[("email", "someone@example.com")], None).0, 403);
}

#[test]
fn what_an_account_may_do_is_kept_with_the_world() {
    let mut world = small();
    world.service_account.permissions = Some(Vec::new());
    let now = world.time.expect("complete");
    let written = world.to_json(now);
    let read = World::from_json(&written.to_string(), "saved.json", now).expect("a good world");
    assert_eq!(read.service_account.permissions, Some(Vec::new()));
    let text = r#"{ "projects": [{ "name": "shop", "members": [{ "subject": "a", "role": "night" }] }] }"#;
    let error = World::from_json(text, "w.json", now).expect_err("there is no such role");
    assert_eq!(error.place.as_deref(), Some("w.json: projects[0].members[0].role"));
}
