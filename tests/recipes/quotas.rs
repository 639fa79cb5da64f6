//! `quota_alert`.

use chrono::TimeDelta;
use serde_json::{Value, json};
use stackhand::simulator::world::demo_start;

use super::stage::{Memory, Stage, Told};

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

/// A run so many hours after the first, where 57 processors are used of so many; gives what it noticed and showed.
fn later(memory: &Memory, hours: i64, limit: i64) -> (Vec<String>, Told) {
    let stage = Stage::demo_at(demo_start() + TimeDelta::hours(hours), |region| {
        region["quotas"] = json!({ "vcpu": limit, "gigabytes": 100_000 });
    });
    let told = stage.run_with(memory, "quota_alert", json!({}));
    let notices = told.text.lines().filter(|line| line.starts_with("[notice]")).map(str::to_owned);
    (notices.collect(), told)
}

fn state_of(told: &Told) -> &str {
    let rows = told.outcome.value.as_array().expect("a table");
    let row = rows.iter().find(|row| row["quota"] == "vcpu").expect("a row");
    row["state"].as_str().expect("a text")
}

#[test]
fn what_lasts_is_told_once_a_day_and_once_more_when_it_is_over() {
    let memory = Memory::default();
    let mut story = Vec::new();
    // 57 of 62 are 91.9 %, of 66 86.4 %, of 80 71.3 %.
    for (hours, limit) in
        [(0, 70), (1, 62), (2, 62), (3, 66), (4, 62), (24, 62), (25, 62), (26, 80), (27, 80), (28, 62)]
    {
        let (notices, told) = later(&memory, hours, limit);
        assert_eq!(told.outcome.exit_code(), 0, "{}", told.text);
        let what = match notices.as_slice() {
            [] => "nothing",
            [one] if one.contains("used to 90 % or more: vcpu 91.9 % (57 of 62)") => "warned",
            [one] if one.contains("used to less than 80 % again: vcpu 71.3 % (57 of 80)") => "over",
            other => panic!("{other:?}"),
        };
        story.push((hours, state_of(&told).to_owned(), what));
    }
    let wanted = [
        (0, "ok", "nothing"),
        (1, "warning", "warned"),
        (2, "warning", "nothing"),
        (3, "not yet clear", "nothing"),
        (4, "warning", "nothing"),
        (24, "warning", "warned"),
        (25, "warning", "nothing"),
        (26, "ok", "over"),
        (27, "ok", "nothing"),
        (28, "warning", "warned"),
    ];
    let wanted = wanted.map(|(hours, state, what)| (hours, state.to_owned(), what));
    assert_eq!(story, wanted);
}

/// A run so many days after the first, where so many public addresses are used of 50.
fn with_addresses(memory: &Memory, day: i64, count: usize) -> Told {
    let stage = Stage::demo_at(demo_start() + TimeDelta::days(day), |region| {
        region["quotas"]["publicIps"] = json!(50);
        let one = region["publicIps"][0].clone();
        let address = |number: usize| {
            let mut address = one.clone();
            address["id"] = json!(format!("00000000-0000-4000-8000-{number:012}"));
            address["ip"] = json!(format!("203.0.113.{number}"));
            address.as_object_mut().expect("a map").remove("networkInterface");
            address
        };
        region["publicIps"] = (1..=count).map(address).collect();
    });
    stage.run_with(memory, "quota_alert", json!({}))
}

#[test]
fn a_straight_line_through_what_was_tells_when_it_will_be_full() {
    let memory = Memory::default();
    let told = with_addresses(&memory, 0, 10);
    assert!(!told.text.contains("FULL ABOUT"), "one reading is no line: {}", told.text);
    with_addresses(&memory, 1, 12);
    with_addresses(&memory, 2, 14);
    // Two a day from 16 on: 17 days to 50.
    let told = with_addresses(&memory, 3, 16);
    let full = (demo_start() + TimeDelta::days(20)).format("%Y-%m-%d").to_string();
    let row = told.outcome.value.as_array().expect("a table").iter().find(|row| row["quota"] == "publicIps");
    assert_eq!(row.expect("a row")["full about"], full, "{}", told.text);
    // What is used up less and less is never full.
    let falling = Memory::default();
    for (day, count) in [(0, 16), (1, 14), (2, 12), (3, 10)] {
        let told = with_addresses(&falling, day, count);
        assert!(!told.text.contains("FULL ABOUT"), "{}", told.text);
    }
}

#[test]
fn what_is_kept_stays_small() {
    let memory = Memory::default();
    for hours in 0..200 {
        later(&memory, hours * 6, 62);
    }
    assert!(memory.longest() < 16_000, "{}", memory.longest());
}
