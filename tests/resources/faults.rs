//! Each fault × list, create, action, delete and wait: the right answer or the right error, never a double create,
//! never a false success.

use serde_json::{Value, json};
use stackhand::error::Kind;

use crate::stage::Stage;

/// What can happen to one call, by name.
fn faults() -> Vec<(&'static str, Value)> {
    vec![
        ("latency", json!({ "latencySeconds": 7.0 })),
        ("429", json!({ "status": 429 })),
        ("429 with Retry-After", json!({ "status": 429, "retryAfterSeconds": 5 })),
        ("500", json!({ "status": 500 })),
        ("502", json!({ "status": 502 })),
        ("503", json!({ "status": 503 })),
        ("504", json!({ "status": 504 })),
        ("502 after the effect", json!({ "status": 502, "effectTaken": true })),
        ("504 after the effect", json!({ "status": 504, "effectTaken": true })),
        ("reset before the effect", json!({ "reset": "before" })),
        ("reset after the effect", json!({ "reset": "after" })),
        ("truncated", json!({ "truncateBytes": 10 })),
    ]
}

fn stage(operation: &str, fault: &Value, times: u64) -> Stage {
    let mut rule = fault.clone();
    rule["operation"] = json!(operation);
    rule["times"] = json!(times);
    Stage::demo().with_faults(&json!([rule]))
}

#[test]
fn a_list_is_right_or_an_error() {
    for (name, fault) in faults() {
        for times in [1, 1000] {
            let stage = stage("list_servers", &fault, times);
            let outcome = stage.run("servers().len()");
            match outcome.error() {
                None => assert_eq!(outcome.value, json!(19), "{name}"),
                Some(error) => {
                    assert!(times > 1, "{name}: {error:?}");
                    let is_right = matches!(
                        error.kind,
                        Kind::RateLimited | Kind::Server | Kind::Network | Kind::Timeout | Kind::Incomplete
                    );
                    assert!(is_right, "{name}: {error:?}");
                }
            }
        }
    }
}

#[test]
fn a_create_makes_one_object_or_says_that_it_does_not_know() {
    for (name, fault) in faults() {
        let stage = stage("create_snapshot", &fault, 1);
        let outcome = stage.run("volume(\"shop-uploads\").create_snapshot(\"tonight\").wait().status");
        let count = stage.eval("snapshots().filter(|s| s.name == \"tonight\").len()");
        match outcome.error() {
            None => assert_eq!((outcome.value, count), (json!("AVAILABLE"), json!(1)), "{name}"),
            Some(error) => {
                assert!(count.as_u64() <= Some(1), "{name}: {count} snapshots");
                assert!(matches!(error.kind, Kind::Ambiguous | Kind::Server), "{name}: {error:?}");
            }
        }
    }
}

#[test]
fn an_action_takes_effect_or_is_an_error() {
    for (name, fault) in faults() {
        for (operation, script, target) in [
            ("deallocate_server", "server(\"web-1\").deallocate().wait().status", "DEALLOCATED"),
            ("start_server", "server(\"build-runner-2\").start().wait().status", "ACTIVE"),
            ("reboot_server", "server(\"web-1\").reboot().wait().status", "ACTIVE"),
        ] {
            let stage = stage(operation, &fault, 1);
            let outcome = stage.run(script);
            match outcome.error() {
                None => assert_eq!(outcome.value, json!(target), "{name} on {operation}"),
                Some(error) => {
                    assert!(matches!(error.kind, Kind::Ambiguous | Kind::Server), "{name} on {operation}: {error:?}");
                }
            }
        }
    }
}

#[test]
fn a_delete_is_done_or_an_error() {
    for (name, fault) in faults() {
        let stage = stage("delete_snapshot", &fault, 1);
        let script = "volume(\"shop-uploads\").snapshots()[0].delete().wait().status";
        let before = stage.eval("snapshots().len()").as_u64();
        let outcome = stage.run(script);
        let after = stage.eval("snapshots().len()").as_u64();
        match outcome.error() {
            None => assert_eq!((outcome.value, after), (json!("DELETED"), before.map(|count| count - 1)), "{name}"),
            Some(error) => assert!(matches!(error.kind, Kind::Ambiguous | Kind::Server), "{name}: {error:?}"),
        }
    }
}

#[test]
fn a_wait_ends_well_once_the_trouble_is_over() {
    for (name, fault) in faults() {
        let stage = stage("get_server", &fault, 40);
        let script = "servers(\"role=bastion\")[0].deallocate().wait(hours(6)).status";
        assert_eq!(stage.eval(script), json!("DEALLOCATED"), "{name}");
    }
}

#[test]
fn a_slow_or_failed_transition_is_no_success() {
    let slow = stage("deallocate_server", &json!({ "slowFactor": 20.0 }), 1);
    assert_eq!(slow.eval("server(\"web-1\").deallocate().wait().status"), json!("DEALLOCATED"));
    for (operation, script) in [
        ("create_snapshot", "volumes()[0].create_snapshot(\"a\").wait()"),
        ("create_volume", "create_volume(#{ name: \"a\", availabilityZone: \"eu01-1\", size: 1 }).wait()"),
        ("deallocate_server", "server(\"web-1\").deallocate().wait()"),
        ("resize_server", "server(\"web-1\").resize(\"g2i.4\").wait()"),
        ("delete_snapshot", "volume(\"shop-uploads\").snapshots()[0].delete().wait()"),
    ] {
        let stage = stage(operation, &json!({ "errorMessage": "the disk is on fire" }), 1);
        let error = stage.fail(script);
        assert_eq!(error.kind, Kind::Server, "{operation}: {error:?}");
    }
}
