//! Each recipe is broken off after every single call and repeated: the world ends as after one clean run.

use serde_json::{Value, json};
use stackhand::error::Kind;

use super::stage::{Stage, last_days, with_room};

/// The state that counts: what is there and how it is, not its ids and times.
fn state(stage: &Stage) -> (Vec<String>, Vec<String>) {
    (stage.servers(), stage.snapshots())
}

/// Breaks a recipe off after each call in turn, repeats it, and compares.
fn ends_as_after_one_clean_run(set: impl Fn() -> Stage, recipe: &str, arguments: &Value) {
    let clean = set();
    let time = clean.clock.now();
    let before = clean.calls();
    let told = clean.run(recipe, arguments.clone(), time);
    assert_eq!(told.outcome.exit_code(), 0, "{}\n{:?}", told.text, told.outcome.failure);
    let (calls, expected) = (clean.calls() - before, state(&clean));
    let mut broken_off = 0;
    for last in 1..=calls {
        let stage = set();
        let told = stage.run_up_to(recipe, arguments.clone(), time, Some(last));
        broken_off += usize::from(told.outcome.error().is_some_and(|error| error.kind == Kind::Cancelled));
        let told = stage.run(recipe, arguments.clone(), time);
        assert_eq!(
            told.outcome.exit_code(),
            0,
            "after {last} of {calls} calls\n{}\n{:?}",
            told.text,
            told.outcome.failure
        );
        assert_eq!(state(&stage), expected, "after {last} of {calls} calls");
    }
    assert!(calls == 1 || broken_off * 2 > calls, "{broken_off} of {calls} were broken off");
}

/// The demo world with few snapshots, so that there are few calls, and so many GB left.
fn few_snapshots(days: i64, gigabytes: i64) -> Stage {
    Stage::demo_with(|region| {
        last_days(region, days);
        with_room(region, 50, gigabytes);
    })
}

#[test]
fn snapshot_rotation() {
    let arguments = json!({ "keep_last": 1, "daily": 2, "min_age": "12h", "weekly": 0, "monthly": 0, "min_keep": 1 });
    ends_as_after_one_clean_run(|| few_snapshots(4, 1_000), "snapshot_rotation", &arguments);
}

#[test]
fn snapshot_rotation_that_has_to_make_room() {
    let arguments = json!({ "min_keep": 1, "when_full": "oldest_first", "reserve": 0 });
    ends_as_after_one_clean_run(|| few_snapshots(4, 10), "snapshot_rotation", &arguments);
}

#[test]
fn deallocate_at_night() {
    ends_as_after_one_clean_run(Stage::demo, "deallocate_at_night", &json!({}));
}

#[test]
fn start_in_the_morning() {
    let after_a_night = || {
        let stage = Stage::demo();
        stage.run("deallocate_at_night", json!({}), stage.clock.now());
        stage
    };
    ends_as_after_one_clean_run(after_a_night, "start_in_the_morning", &json!({}));
}

#[test]
fn quota_alert() {
    ends_as_after_one_clean_run(Stage::demo, "quota_alert", &json!({}));
}

#[test]
fn a_night_that_is_broken_off_and_never_repeated_leaves_nothing_behind_after_the_morning() {
    let clean = Stage::demo();
    let before = clean.servers();
    clean.run("deallocate_at_night", json!({}), clean.clock.now());
    for last in 1..=clean.calls() {
        let stage = Stage::demo();
        stage.run_up_to("deallocate_at_night", json!({}), stage.clock.now(), Some(last));
        let told = stage.run("start_in_the_morning", json!({}), stage.clock.now());
        assert_eq!(told.outcome.exit_code(), 0, "after {last} calls\n{}", told.text);
        // Only what was stopped before may be down for good.
        let ours = |lines: Vec<String>| -> Vec<String> {
            lines.into_iter().filter(|line| !line.starts_with("build-runner-2")).collect()
        };
        assert_eq!(ours(stage.servers()), ours(before.clone()), "after {last} calls");
    }
}
