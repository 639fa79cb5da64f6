//! `quota_alert`.

use serde_json::{Value, json};

use super::stage::{Stage, Told};

fn alert(stage: &Stage, arguments: Value) -> Told {
    stage.run("quota_alert", arguments, stage.clock.now())
}

#[test]
fn the_demo_world_is_warned_about() {
    let stage = Stage::demo();
    let told = alert(&stage, json!({}));
    insta::assert_snapshot!(told.text);
    assert_eq!((told.outcome.exit_code(), stage.calls()), (0, 1));
    assert_eq!(
        told.outcome.value[0],
        json!({ "quota": "vcpu", "used %": 91.9, "usage": 57, "limit": 62, "state": "warning" })
    );
}

#[test]
fn from_critical_on_the_run_ends_as_partly_done() {
    let told = alert(&Stage::demo(), json!({ "critical": 91 }));
    assert!(told.text.contains("critical"), "{}", told.text);
    assert_eq!(told.outcome.exit_code(), 7);
}

#[test]
fn a_quota_of_nothing_is_no_reason_to_warn_unless_something_is_there() {
    let stage = Stage::demo_with(|region| {
        region["quotas"]["backups"] = json!(0);
        region["quotas"]["publicIps"] = json!(0);
    });
    let told = alert(&stage, json!({}));
    insta::assert_snapshot!(told.text);
    assert_eq!(told.outcome.exit_code(), 7);
}

#[test]
fn thresholds_that_make_no_sense_are_refused() {
    let stage = Stage::demo();
    let told = alert(&stage, json!({ "warn": 90, "critical": 80 }));
    assert_eq!((told.outcome.exit_code(), stage.calls()), (1, 0));
}
