//! The wire: tokens on every request, ids of requests, projects, regions, messages without their operation.

use bytes::Bytes;
use http::{Request, header};
use serde_json::{Value, json};

use super::cloud::Cloud;
use crate::simulator::Reply;
use crate::simulator::world::small;

fn send(cloud: &Cloud, method: &str, path: &str, token: Option<&str>, body: &str) -> (u16, Value) {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8080");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Bytes::from(body.to_owned())).expect("a good request");
    let reply =
        futures_util::future::FutureExt::now_or_never(cloud.simulator.answer(request)).expect("nothing to wait for");
    match reply {
        Reply::Whole(response) => {
            let body = serde_json::from_slice(response.body()).unwrap_or_default();
            (response.status().as_u16(), body)
        }
        other => panic!("no whole answer: {other:?}"),
    }
}

#[test]
fn a_message_finds_its_operation_by_its_path() {
    let cloud = Cloud::small();
    let token = cloud.simulator.current_token();
    let project = &cloud.project;
    let get = |path: &str| send(&cloud, "GET", path, Some(&token), "");
    let servers = format!("/v2/projects/{project}/regions/eu01/servers");
    for path in [servers.clone(), format!("/{servers}"), format!("/iaas{servers}"), format!("{servers}?details=true")] {
        let (status, body) = get(&path);
        assert_eq!((status, body["items"].as_array().map(Vec::len)), (200, Some(3)), "{path}");
    }
    assert_eq!(get("/v2/nothing").0, 404);
    assert_eq!(send(&cloud, "PUT", &servers, Some(&token), "").0, 405);
    assert_eq!(get("/v2/projects/x/regions/eu01/servers").1, json!({ "code": 400, "msg": "invalid uuid" }));
    let nobody = "00000000-0000-4000-8000-000000000000";
    let unknown = get(&format!("/v2/projects/{nobody}/regions/eu01/servers"));
    assert_eq!(unknown, (404, json!({ "code": 404, "msg": "project not found" })));
    assert_eq!(get(&format!("/v2/projects/{project}/regions/mars/servers")).0, 404);
    assert_eq!(get(&format!("/v2/projects/{project}/regions/eu02/servers")).1, json!({ "items": [] }));
    let (status, body) = get(&format!("/v1/projects/{project}/servers"));
    let told = "the simulator does not model iaas/v1.list_servers: use iaas.list_servers, the same in a newer version";
    assert_eq!((status, body["msg"].as_str()), (501, Some(told)));
}

#[test]
fn a_project_is_one_object_for_both_services() {
    let cloud = Cloud::small();
    let token = cloud.simulator.current_token();
    let get = |path: String| send(&cloud, "GET", &path, Some(&token), "");
    let project = &cloud.project;
    let (status, body) = get(format!("/v2/projects/{project}"));
    assert_eq!(status, 200);
    assert_eq!((&body["id"], &body["projectId"]), (&json!(project), &json!(project)));
    assert_eq!(
        (&body["areaId"], &body["lifecycleState"], &body["status"]),
        (&json!("PUBLIC"), &json!("ACTIVE"), &json!("CREATED"))
    );
    let container = body["containerId"].as_str().expect("text");
    assert_eq!(get(format!("/v2/projects/{container}")).1["projectId"], json!(project));
    let nobody = "00000000-0000-4000-8000-000000000000";
    assert_eq!(get(format!("/v2/projects/{nobody}")).0, 404);
    let (status, body) = get(format!("/resource-manager/v2/projects/{nobody}"));
    assert_eq!((status, &body["error"], &body["status"]), (403, &json!("Forbidden"), &json!(403)));
    let (status, body) = get("/v2/projects?member=me@example.org".into());
    assert_eq!((status, &body["items"][0]["projectId"], &body["limit"]), (200, &json!(project), &json!(50)));
    assert_eq!(get("/v2/projects".into()).0, 400);
}

#[test]
fn every_request_needs_a_good_token() {
    let cloud = Cloud::small();
    let path = format!("/v2/projects/{}/regions/eu01/servers", cloud.project);
    let good = cloud.simulator.current_token();
    for (token, message) in [
        (None, "Unauthorized: jwt is missing"),
        (Some("nonsense"), "Unauthorized: jwt is invalid"),
        (Some(&*format!("{good}x")), "Unauthorized: jwt is invalid"),
    ] {
        assert_eq!(send(&cloud, "GET", &path, token, ""), (401, json!({ "code": 401, "msg": message })));
    }
    assert_eq!(send(&cloud, "GET", &path, Some(&good), "").0, 200);
}

#[test]
fn a_request_id_leads_to_what_was_asked() {
    let cloud = Cloud::small();
    let told =
        cloud.call("create_volume", &[], Some(json!({ "availabilityZone": "eu01-1", "size": 5, "name": "new" })));
    let ask = |id: &str| cloud.call("get_project_request", &[("requestId", id)], None);
    let request = ask(&told.request_id);
    assert_eq!(
        (request.text("requestType"), request.text("requestAction"), request.text("status")),
        ("VOLUME", "CREATE", "CREATING")
    );
    assert_eq!(request.body["resources"][0]["id"], told.body["id"]);
    cloud.seconds(30);
    assert_eq!(ask(&told.request_id).text("status"), "CREATED");
    let gone = cloud.call("delete_volume", &[("volumeId", told.text("id"))], None);
    assert_eq!(ask(&gone.request_id).text("status"), "DELETING");
    cloud.seconds(30);
    assert_eq!(ask(&gone.request_id).text("status"), "DELETED");
    let nobody = format!("req-{}", "0".repeat(32));
    assert_eq!(ask(&nobody).message(), "request not found");
}

#[test]
fn control_routes_tell_and_move_the_world() {
    let cloud = Cloud::small();
    let control =
        |method: &str, path: &str, body: &str| send(&cloud, method, &format!("/_simulator/{path}"), None, body);
    let (_, before) = control("GET", "world/time", "");
    assert_eq!(before, json!({ "time": "2026-11-22T12:00:00.000Z" }));
    assert_eq!(
        control("PUT", "world/time", r#"{ "advanceSeconds": 90 }"#).1,
        json!({ "time": "2026-11-22T12:01:30.000Z" })
    );
    assert_eq!(control("PUT", "world/time", r#"{ "time": "2026-12-24T00:00:00Z" }"#).0, 200);
    for bad in [
        "",
        "{}",
        r#"{ "advanceSeconds": -1 }"#,
        r#"{ "time": "2020-01-01T00:00:00Z" }"#,
        r#"{ "advance": 1 }"#,
        r#"{ "advanceSeconds": 1e30 }"#,
    ] {
        assert_eq!(control("PUT", "world/time", bad).0, 400, "{bad}");
    }
    let (_, world) = control("GET", "world", "");
    assert_eq!((&world["time"], world["projects"].as_array().map(Vec::len)), (&json!("2026-12-24T00:00:00Z"), Some(1)));
    let rules = r#"{ "rules": [{ "operation": "list_servers", "status": 503 }] }"#;
    assert_eq!(control("PUT", "faults", rules).0, 200);
    assert_eq!(cloud.call("list_servers", &[], None).status, 503);
    assert_eq!(control("GET", "faults", "").1["rules"][0]["fired"], 1);
    let (status, refusal) = control("PUT", "faults", r#"{ "rules": [{ "operatoin": "x" }] }"#);
    assert_eq!(status, 400);
    assert!(refusal["msg"].as_str().expect("text").contains("did you mean `operation`?"), "{refusal}");
    assert_eq!(control("DELETE", "faults", "").0, 200);
    assert_eq!(cloud.call("list_servers", &[], None).status, 200);
    assert_eq!((control("GET", "nothing", "").0, control("POST", "world", "").0), (404, 405));
}

#[test]
fn bodies_that_are_no_json_are_refused() {
    let cloud = Cloud::small();
    let token = cloud.simulator.current_token();
    let path = format!("/v2/projects/{}/regions/eu01/volumes", cloud.project);
    for body in ["{", "[]", "\"x\"", "7", "null", "\u{0}"] {
        let (status, answer) = send(&cloud, "POST", &path, Some(&token), body);
        assert_eq!(status, 400, "{body}");
        assert!(answer["msg"].as_str().expect("text").starts_with("request body has an error"), "{answer}");
    }
}

#[test]
#[should_panic(expected = "the simulator answers `list_machine_types` wrongly")]
fn an_answer_that_strays_from_the_catalogue_is_a_panic_whoever_asked() {
    let mut world = small();
    world.machine_types[0].name = "c1.2!".to_owned();
    let cloud = Cloud::of(world);
    let token = cloud.simulator.current_token();
    let path = format!("/v2/projects/{}/regions/eu01/machine-types", cloud.project);
    send(&cloud, "GET", &path, Some(&token), "");
}
