//! `deallocate_at_night` and `start_in_the_morning`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::stage::{Stage, Told, each};

fn night(stage: &Stage, arguments: Value) -> Told {
    stage.run("deallocate_at_night", arguments, stage.clock.now())
}

fn morning(stage: &Stage) -> Told {
    stage.run("start_in_the_morning", json!({}), stage.clock.now() + TimeDelta::hours(11))
}

fn status(stage: &Stage, name: &str) -> String {
    let line = stage.servers().into_iter().find(|line| line.starts_with(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no server {name}"))[name.len() + 1..].to_owned()
}

fn label(region: &mut Value, server: &str, key: &str, value: &str) {
    each(&mut region["servers"], |one| {
        if one["name"] == server {
            one["labels"][key] = json!(value);
        }
    });
}

#[test]
fn a_night_and_a_morning_in_the_demo_world() {
    let stage = Stage::demo();
    let before = stage.servers();
    let down = night(&stage, json!({}));
    insta::assert_snapshot!("night", down.text);
    insta::assert_snapshot!("servers_at_night", stage.servers().join("\n"));
    let up = morning(&stage);
    insta::assert_snapshot!("morning", up.text);
    assert_eq!((down.outcome.exit_code(), up.outcome.exit_code()), (0, 0));
    // What was stopped before the night stays down; everything else is as it was, without a mark.
    let expected: Vec<String> =
        before.iter().map(|line| line.replace("build-runner-2 INACTIVE", "build-runner-2 DEALLOCATED")).collect();
    assert_eq!(stage.servers(), expected);
}

#[test]
fn labels_that_cannot_be_read_keep_a_server_up_and_are_told() {
    let stage = Stage::demo_with(|region| {
        label(region, "build-runner-1", "stackhand.keep-until", "tomorrow");
        label(region, "staging-web-1", "stackhand.order", "first");
        label(region, "reporting", "stackhand.keep-until", "20261123T1859");
        label(region, "build-runner-2", "stackhand.keep-until", "99991231T2359");
    });
    let told = night(&stage, json!({}));
    insta::assert_snapshot!(told.text);
    assert_eq!(status(&stage, "build-runner-1"), "ACTIVE");
    assert_eq!(status(&stage, "staging-web-1"), "ACTIVE");
    // One minute before, in Berlin: it has passed.
    assert_eq!(status(&stage, "reporting"), "DEALLOCATED deallocate-at-night");
}

#[test]
fn once_a_tier_fails_the_later_ones_of_its_application_stay_up() {
    let stage = Stage::demo().with_faults(&json!([
        { "operation": "iaas.deallocate_server", "nth": 1, "status": 409, "message": "a snapshot is being made" },
    ]));
    // Alone, so that the first call is a web server's.
    let told = night(&stage, json!({ "selector": "schedule=office-hours,app=shop-staging" }));
    insta::assert_snapshot!(without_first_number(&told.text));
    assert_eq!(told.outcome.exit_code(), 7);
    let down =
        stage.servers().iter().filter(|line| line.starts_with("staging-") && line.contains("DEALLOCATED")).count();
    assert_eq!(down, 1, "the other web server alone: {:?}", stage.servers());
    assert_eq!(status(&stage, "staging-api-1"), "ACTIVE");
    assert_eq!(status(&stage, "staging-db-1"), "ACTIVE");
}

#[test]
fn who_was_faster_does_not_make_a_night_fail() {
    let stage = Stage::demo().with_faults(&json!([
        { "operation": "iaas.deallocate_server", "status": 409, "message": "it is on its way", "effectTaken": true },
    ]));
    let told = night(&stage, json!({ "selector": "schedule=office-hours,app=shop-staging" }));
    assert_eq!(told.outcome.exit_code(), 0, "{}", told.text);
    assert_eq!(status(&stage, "staging-db-1"), "DEALLOCATED deallocate-at-night");
}

#[test]
fn a_zone_that_does_not_exist_stops_the_night_before_it_begins() {
    let stage = Stage::demo();
    let before = stage.servers();
    let told = night(&stage, json!({ "zone": "Europe/Berln" }));
    assert_eq!(told.outcome.exit_code(), 1, "{}", told.text);
    assert_eq!(stage.servers(), before);
}

/// Either of the two web servers may be the first.
fn without_first_number(text: &str) -> String {
    let lines = text.lines().map(|line| {
        if line.starts_with("[error] staging-web-") {
            line.replacen("-1:", "-N:", 1).replacen("-2:", "-N:", 1)
        } else {
            line.to_owned()
        }
    });
    lines
        .collect::<Vec<_>>()
        .join("\n")
        .replace("`staging-web-1` is", "`staging-web-N` is")
        .replace("`staging-web-2` is", "`staging-web-N` is")
}

#[test]
fn a_server_that_did_not_go_down_loses_its_mark() {
    let stage = Stage::demo().with_faults(&json!([{ "operation": "iaas.deallocate_server", "status": 409 }]));
    let told = night(&stage, json!({}));
    assert_eq!(told.outcome.exit_code(), 1, "{}", told.text);
    assert!(stage.servers().iter().all(|line| !line.contains("deallocate-at-night")), "{:?}", stage.servers());
}

#[test]
fn the_morning_starts_databases_first_and_holds_the_rest_when_one_fails() {
    let stage = Stage::demo();
    night(&stage, json!({}));
    let stage = stage.with_faults(&json!([{ "operation": "iaas.start_server", "nth": 1, "status": 409 }]));
    let told = stage.run("start_in_the_morning", json!({ "selector": "app=shop-staging" }), stage.clock.now());
    insta::assert_snapshot!(told.text);
    for name in ["staging-db-1", "staging-api-1", "staging-web-1", "staging-web-2"] {
        assert_eq!(status(&stage, name), "DEALLOCATED deallocate-at-night", "{name} is tried again");
    }
    let again = morning(&stage);
    assert_eq!((again.outcome.exit_code(), status(&stage, "staging-web-1").as_str()), (0, "ACTIVE"), "{}", again.text);
}

#[test]
fn the_morning_starts_only_what_the_night_stopped() {
    let stage = Stage::demo_with(|region| {
        each(&mut region["servers"], |server| {
            if server["name"] == "reporting" {
                server["status"] = json!("DEALLOCATED");
                server.as_object_mut().expect("a server").remove("availabilityZone");
            }
        });
    });
    night(&stage, json!({}));
    morning(&stage);
    assert_eq!(status(&stage, "reporting"), "DEALLOCATED");
    assert_eq!(status(&stage, "staging-api-1"), "ACTIVE");
}

#[test]
fn servers_of_node_pools_are_never_touched() {
    let stage = Stage::demo_with(|region| {
        each(&mut region["servers"], |server| {
            if server["name"].as_str().is_some_and(|name| name.starts_with("shoot--")) {
                server["labels"]["schedule"] = json!("office-hours");
                server["labels"]["stackhand.stopped-by"] = json!("deallocate-at-night");
            }
        });
    });
    let told = night(&stage, json!({}));
    assert!(told.text.contains("belongs to ske"), "{}", told.text);
    morning(&stage);
    let pool: Vec<String> = stage.servers().into_iter().filter(|line| line.starts_with("shoot--")).collect();
    assert!(pool.iter().all(|line| line.ends_with("ACTIVE deallocate-at-night")), "{pool:?}");
}

#[test]
fn a_night_with_nothing_to_do_is_skipped() {
    let stage = Stage::demo();
    night(&stage, json!({}));
    let changes = stage.changes();
    let told = night(&stage, json!({}));
    assert_eq!((told.outcome.exit_code(), stage.changes()), (0, changes));
    assert_eq!(format!("{:?}", told.outcome.verdict), "Some(Skipped(\"nothing to deallocate\"))");
}
