//! Faults: each as its rule says, and nothing besides.

use std::time::Duration;

use http::header;
use serde_json::json;

use super::cloud::Cloud;
use crate::catalog;
use crate::simulator::{Effect, Reply};

fn reply(cloud: &Cloud, name: &str, server: &str) -> Reply {
    let operation = catalog::operation("iaas", name).expect("in the catalogue");
    cloud.reply(operation, &[("serverId", server)], "", None)
}

#[test]
fn a_status_comes_before_or_after_the_effect() {
    for (taken, expected) in [(false, "ACTIVE"), (true, "STOPPING")] {
        let rules = json!([{ "operation": "stop_server", "status": 429, "retryAfterSeconds": 7, "effectTaken": taken, "times": 1 }]);
        let cloud = Cloud::small().with_faults(&rules);
        let id = cloud.server("web-1");
        let Reply::Whole(response) = reply(&cloud, "stop_server", &id) else { panic!("no whole answer") };
        assert_eq!(
            (response.status().as_u16(), &response.headers()[header::RETRY_AFTER]),
            (429, &"7".parse().expect("text"))
        );
        assert_eq!(cloud.status("get_server", "serverId", &id), expected);
    }
}

#[test]
fn a_connection_breaks_before_or_after_the_effect() {
    for (when, effect, expected) in [("before", Effect::NotTaken, "ACTIVE"), ("after", Effect::Taken, "STOPPING")] {
        let cloud = Cloud::small().with_faults(&json!([{ "operation": "stop_server", "reset": when }]));
        let id = cloud.server("web-1");
        assert!(matches!(reply(&cloud, "stop_server", &id), Reply::Reset(found) if found == effect));
        assert_eq!(cloud.status("get_server", "serverId", &id), expected);
    }
}

#[test]
fn a_body_is_cut_short() {
    let cloud = Cloud::small();
    let id = cloud.server("web-1");
    let cloud = cloud.with_faults(&json!([{ "operation": "get_server", "truncateBytes": 20 }]));
    assert!(matches!(reply(&cloud, "get_server", &id), Reply::Truncated(whole, 20) if whole.body().len() > 20));
}

#[test]
fn a_transition_is_slow_or_fails() {
    let rules = json!([{ "operation": "stop_server", "slowFactor": 10 }]);
    let cloud = Cloud::small().with_faults(&rules);
    let id = cloud.server("web-1");
    cloud.call("stop_server", &[("serverId", &id)], None);
    cloud.seconds(100);
    assert_eq!(cloud.status("get_server", "serverId", &id), "STOPPING");
    cloud.seconds(200);
    assert_eq!(cloud.status("get_server", "serverId", &id), "INACTIVE");

    let rules = json!([{ "effect": "update", "errorMessage": "No valid host was found" }]);
    let cloud = Cloud::small().with_faults(&rules);
    let id = cloud.server("web-2");
    let told = cloud.call("start_server", &[("serverId", &id)], None);
    cloud.seconds(100);
    let seen = cloud.call("get_server", &[("serverId", &id)], None);
    assert_eq!((seen.text("status"), seen.text("errorMessage")), ("ERROR", "No valid host was found"));
    assert_eq!(cloud.call("get_project_request", &[("requestId", &told.request_id)], None).text("status"), "FAILED");
    cloud.simulator.set_faults(crate::simulator::Faults::default());
    assert_eq!(cloud.call("stop_server", &[("serverId", &id)], None).status, 202, "a server in ERROR can be stopped");
    cloud.seconds(100);
    assert!(cloud.call("get_server", &[("serverId", &id)], None).body.get("errorMessage").is_none());
}

#[test]
fn latency_passes_on_the_clock() {
    let cloud = Cloud::small().with_faults(&json!([{ "operation": "list_servers", "latencySeconds": 30 }]));
    let operation = catalog::operation("iaas", "list_servers").expect("in the catalogue");
    let path = operation.path.replace("{projectId}", &cloud.project).replace("{region}", "eu01");
    let request = http::Request::get(path).body(bytes::Bytes::new()).expect("a good request");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let before = cloud.simulator.now();
    runtime.block_on(cloud.simulator.answer_operation(operation, request));
    assert_eq!((cloud.simulator.now() - before).to_std().expect("later"), Duration::from_secs(30));
}
