//! `snapshot_rotation` in the demo world, and in worlds that are harder.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use stackhand::simulator::world::demo_start;

use super::stage::{Stage, Told, Twins, each, keep, last_days, name_of, with_room};

fn rotate(stage: &Stage, arguments: Value) -> Told {
    stage.run("snapshot_rotation", arguments, stage.clock.now())
}

fn volume<'r>(region: &'r mut Value, name: &str) -> &'r mut Value {
    let volumes = region["volumes"].as_array_mut().expect("volumes");
    volumes.iter_mut().find(|volume| volume["name"] == name).expect(name)
}

#[test]
fn the_demo_world_is_rotated() {
    let stage = Stage::demo();
    let told = rotate(&stage, json!({}));
    insta::assert_snapshot!(told.text);
    assert_eq!(told.outcome.exit_code(), 0);
    let value = &told.outcome.value;
    assert_eq!(
        value["created"],
        json!(["build-artifacts-20261123T1800Z", "db-primary-data-20261123T1800Z", "shop-uploads-20261123T1800Z"])
    );
    let lengths = ["deleted", "kept", "failed", "skipped"].map(|key| value[key].as_array().map(Vec::len));
    assert_eq!(lengths, [Some(98), Some(25), Some(0), Some(0)]);
}

#[test]
fn details_name_each_snapshot() {
    let stage = Stage::demo_with(|region| last_days(region, 9));
    let told = rotate(&stage, json!({ "details": true, "daily": 3, "weekly": 1, "monthly": 0 }));
    insta::assert_snapshot!(told.text);
}

#[test]
fn a_second_run_for_the_same_fire_time_changes_nothing() {
    let stage = Stage::demo_with(|region| last_days(region, 20));
    let time = stage.clock.now();
    stage.run("snapshot_rotation", json!({}), time);
    let (before, changes) = (stage.snapshots(), stage.changes());
    let told = stage.run("snapshot_rotation", json!({}), time);
    insta::assert_snapshot!(told.text);
    assert_eq!((stage.snapshots(), stage.changes(), told.outcome.exit_code()), (before, changes, 0));
}

#[test]
fn a_selector_that_picks_nothing_is_an_error() {
    let stage = Stage::demo();
    let told = rotate(&stage, json!({ "selector": "snapshot=nightly" }));
    let error = told.outcome.error().cloned().expect("an error");
    insta::assert_snapshot!(format!("{}\n{error}", told.text));
    assert_eq!((told.outcome.exit_code(), stage.changes()), (4, 0));
    let told = rotate(&stage, json!({ "selector": "" }));
    assert_eq!(told.outcome.error().map(|error| error.code), Some("empty_selector"));
}

#[test]
fn a_quota_that_is_short_leaves_out_whole_volumes_and_says_which() {
    let stage = Stage::demo_with(|region| {
        last_days(region, 8);
        with_room(region, 5, 70);
    });
    let before = stage.snapshots();
    let told = rotate(&stage, json!({ "reserve": 0, "daily": 3, "keep_last": 1 }));
    insta::assert_snapshot!(told.text);
    assert_eq!(told.outcome.exit_code(), 7);
    // Nothing of the volume that got none is deleted.
    let left_out: Vec<_> = before.iter().filter(|line| line.contains("shop-uploads-2026")).collect();
    assert!(left_out.iter().all(|line| stage.snapshots().contains(line)), "{left_out:?}");
}

#[test]
fn the_reserve_is_left_free() {
    let stage = Stage::demo_with(|region| with_room(region, 10, 2_000));
    let told = rotate(&stage, json!({ "reserve": 30 }));
    assert_eq!(told.outcome.exit_code(), 1, "nothing at all was done: {}", told.text);
    assert_eq!(stage.changes(), 0);
}

#[test]
fn room_is_made_by_the_oldest_that_no_floor_holds() {
    let stage = Stage::demo_with(|region| {
        last_days(region, 5);
        with_room(region, 5, 10);
    });
    let told = rotate(&stage, json!({ "reserve": 0, "when_full": "oldest_first", "min_keep": 3 }));
    insta::assert_snapshot!(told.text);
    assert_eq!(told.outcome.exit_code(), 0);
}

#[test]
fn floors_hold_even_when_there_is_no_room() {
    let stage = Stage::demo_with(|region| {
        last_days(region, 5);
        with_room(region, 5, 5);
    });
    let before = stage.snapshots();
    let told = rotate(&stage, json!({ "reserve": 0, "when_full": "oldest_first", "min_keep": 5 }));
    assert_eq!(told.outcome.exit_code(), 1, "{}", told.text);
    assert_eq!(stage.snapshots(), before);
}

#[test]
fn what_is_held_or_used_stays() {
    let stage = Stage::demo_with(|region| {
        last_days(region, 8);
        let mut used = Value::Null;
        each(&mut region["snapshots"], |snapshot| {
            if name_of(snapshot).starts_with("db-primary-data-20261118") {
                snapshot["labels"]["stackhand.hold"] = json!("true");
            }
            if name_of(snapshot).starts_with("db-primary-data-20261117") {
                used = snapshot["id"].clone();
            }
        });
        volume(region, "restore-check")["source"]["id"] = used;
    });
    let told = rotate(&stage, json!({ "daily": 0, "weekly": 0, "monthly": 0 }));
    insta::assert_snapshot!(told.text);
    let left = stage.snapshots().join("\n");
    assert!(left.contains("db-primary-data-20261118") && left.contains("db-primary-data-20261117"), "{left}");
}

#[test]
fn two_snapshots_of_one_name_are_two_snapshots() {
    let stage = Stage::demo_with(|region| {
        last_days(region, 4);
        each(&mut region["snapshots"], |snapshot| snapshot["name"] = json!("nightly"));
    });
    let told = rotate(&stage, json!({ "keep_last": 2, "daily": 0, "weekly": 0, "monthly": 0 }));
    assert_eq!(told.outcome.exit_code(), 0, "{}", told.text);
    let left = stage.snapshots();
    assert_eq!(left.iter().filter(|line| line.contains(" nightly ") && line.contains("snapshot-rotation")).count(), 3);
}

#[test]
fn a_failing_delete_is_told_and_the_rest_is_done() {
    let stage = Stage::demo_with(|region| last_days(region, 9)).with_faults(
        &json!([{ "operation": "iaas.delete_snapshot", "nth": 2, "status": 409, "message": "snapshot is in use" }]),
    );
    let told = rotate(&stage, json!({ "daily": 3, "weekly": 0, "monthly": 0 }));
    assert!(told.text.contains("is in use"), "{}", told.text);
    assert!(told.text.contains("11 deleted") && told.text.contains("1 failed"), "{}", told.text);
    assert_eq!(told.outcome.exit_code(), 7);
}

#[test]
fn where_the_new_one_fails_no_old_one_is_deleted() {
    let stage = Stage::demo_with(|region| last_days(region, 9))
        .with_faults(&json!([{ "operation": "iaas.create_snapshot", "errorMessage": "storage is full" }]));
    let before = stage.snapshots();
    let told = rotate(&stage, json!({ "daily": 3, "weekly": 0, "monthly": 0 }));
    insta::assert_snapshot!(told.text);
    assert_eq!(told.outcome.exit_code(), 1);
    assert!(before.iter().all(|line| stage.snapshots().contains(line)));
}

#[test]
fn what_no_snapshot_can_cover_is_listed() {
    let stage = Stage::demo_with(|region| {
        last_days(region, 3);
        let labels = json!({ "snapshot": "daily" });
        let broken = volume(region, "old-shop-data");
        broken["labels"] = labels.clone();
        broken["status"] = json!("ERROR");
        let servers = region["servers"].as_array().expect("servers");
        let on_host_disk = servers.iter().find(|server| server["name"] == "build-runner-1").expect("it")["id"].clone();
        let cache = volume(region, "restore-check");
        cache["labels"] = labels;
        cache["serverId"] = on_host_disk;
        cache["status"] = json!("ATTACHED");
    });
    let told = rotate(&stage, json!({}));
    insta::assert_snapshot!(told.text);
    assert_eq!(told.outcome.exit_code(), 7);
}

#[test]
fn the_hour_that_comes_twice_has_two_snapshots() {
    let start: DateTime<Utc> = "2026-10-25T00:00:00Z".parse().expect("a time");
    let stage = Stage::demo_at(start, |_| {});
    let arguments = json!({ "hourly": 3, "min_age": "0s" });
    let first = stage.run("snapshot_rotation", arguments.clone(), start);
    let second = stage.run("snapshot_rotation", arguments, start + TimeDelta::hours(1));
    assert_eq!((first.outcome.exit_code(), second.outcome.exit_code()), (0, 0), "{}", second.text);
    let names = stage.snapshots().join("\n");
    assert!(names.contains("shop-uploads-20261025T0000Z") && names.contains("shop-uploads-20261025T0100Z"), "{names}");
}

#[test]
fn two_thousand_snapshots_make_a_short_table() {
    let stage = Stage::demo_with(|region| {
        let snapshots = region["snapshots"].as_array_mut().expect("snapshots");
        let pattern = snapshots.iter().find(|one| name_of(one).starts_with("shop-uploads-")).expect("one").clone();
        keep(&mut region["snapshots"], |one| !name_of(one).starts_with("shop-uploads-"));
        let snapshots = region["snapshots"].as_array_mut().expect("snapshots");
        for hour in 0..2_000_i64 {
            let mut one = pattern.clone();
            let time = demo_start() - TimeDelta::hours(hour + 30);
            one["id"] = json!(format!("00000000-0000-4000-8000-{hour:012}"));
            one["name"] = json!(format!("shop-uploads-{}", time.format("%Y%m%dT%H%MZ")));
            one["createdAt"] = json!(time.format("%Y-%m-%dT%H:%M:%SZ").to_string());
            one["status"] = json!("AVAILABLE");
            snapshots.push(one);
        }
        region["quotas"]["snapshots"] = json!(5_000);
        region["quotas"]["gigabytes"] = json!(500_000);
    });
    let told = rotate(&stage, json!({ "hourly": 1_900 }));
    insta::assert_snapshot!(told.text);
    assert_eq!(told.outcome.exit_code(), 0);
}

#[test]
fn of_what_two_runs_make_for_one_fire_time_the_older_stays() {
    for twins in [Twins::Before, Twins::After] {
        let stage = Stage::demo_with(|region| last_days(region, 3)).with_twins(twins);
        let told = rotate(&stage, json!({}));
        assert_eq!(told.outcome.exit_code(), 0, "{twins:?}: {}", told.text);
        let mut new = stage.objects("snapshots");
        new.retain(|one| name_of(one).ends_with("-20261123T1800Z"));
        let twins = stage.twin_ids();
        assert_eq!(twins.len(), 3);
        let rank = |one: &Value| (one["createdAt"].to_string(), one["id"].to_string());
        for twin in new.iter().filter(|one| twins.iter().any(|id| one["id"] == id.as_str())) {
            // The other run deletes its own where ours is the older, as ours does where its own is the younger.
            let own = new.iter().find(|one| one["volumeId"] == twin["volumeId"] && one["id"] != twin["id"]);
            assert!(own.is_none_or(|own| rank(own) < rank(twin)), "{twins:?}: {own:?} {twin}");
        }
        assert!(new.iter().all(|one| one["status"] == "AVAILABLE"));
    }
}

/// Two runs in one process, as two that a scheduler has started by mistake: whatever the order of their calls, one
/// snapshot a volume stays.
#[test]
fn two_runs_at_the_same_time_leave_one_snapshot_a_volume() {
    for round in 0..8 {
        let stage = Stage::demo_with(|region| last_days(region, 3));
        std::thread::scope(|scope| {
            let rotate = || stage.run("snapshot_rotation", json!({}), demo_start());
            let runs = [scope.spawn(rotate), scope.spawn(rotate)];
            for told in runs.map(|run| run.join().expect("it ends")) {
                assert_eq!(told.outcome.exit_code(), 0, "{round}: {}", told.text);
            }
        });
        let mut new = stage.objects("snapshots");
        new.retain(|one| name_of(one).ends_with("-20261123T1800Z"));
        assert!(new.iter().all(|one| one["status"] == "AVAILABLE"), "{round}: {new:?}");
        let volumes: BTreeSet<_> = new.iter().map(|one| one["volumeId"].to_string()).collect();
        assert_eq!((volumes.len(), new.len()), (3, 3), "{round}: {new:?}");
    }
}

/// A region with so many volumes of two snapshots each.
fn many(region: &mut Value, volumes: usize) {
    let volume = volume(region, "shop-uploads").clone();
    let snapshots = region["snapshots"].as_array().expect("snapshots");
    let snapshot = snapshots.iter().find(|one| name_of(one).starts_with("shop-uploads-")).expect("one").clone();
    let (mut all_volumes, mut all_snapshots) = (Vec::new(), Vec::new());
    for number in 0..volumes {
        let mut one = volume.clone();
        one["id"] = json!(format!("00000000-0000-4000-8000-{number:012}"));
        one["name"] = json!(format!("data-{number:05}"));
        one["status"] = json!("AVAILABLE");
        one.as_object_mut().expect("a volume").remove("serverId");
        for day in 1..3_i64 {
            let mut copy = snapshot.clone();
            copy["id"] =
                json!(format!("00000000-0000-4000-9000-{:012}", number * 2 + usize::try_from(day).expect("small")));
            copy["volumeId"] = one["id"].clone();
            copy["createdAt"] = json!((demo_start() - TimeDelta::days(day)).format("%Y-%m-%dT%H:%M:%SZ").to_string());
            all_snapshots.push(copy);
        }
        all_volumes.push(one);
    }
    region["volumes"].as_array_mut().expect("volumes").extend(all_volumes);
    region["snapshots"].as_array_mut().expect("snapshots").extend(all_snapshots);
    for quota in ["volumes", "snapshots", "gigabytes"] {
        region["quotas"][quota] = json!(1_000_000);
    }
}

/// Whether a rotation of so many volumes gets by with so many operations.
fn takes_at_most(operations: u64, volumes: usize) -> bool {
    let mut stage = Stage::demo_with(|region| {
        last_days(region, 1);
        many(region, volumes);
    });
    stage.max_operations = operations;
    let told = rotate(&stage, json!({ "min_keep": 1 }));
    let is_over = told.outcome.error().is_some_and(|error| error.code == "operation_limit");
    assert!(is_over || told.outcome.exit_code() == 0, "{volumes}: {:?}", told.outcome.error());
    // It lists what there is, and waits with few looks, however many snapshots are made.
    assert!(is_over || stage.calls() < 4 * stage.changes(), "{} calls, {} changes", stage.calls(), stage.changes());
    !is_over
}

#[test]
fn ten_times_the_volumes_take_ten_times_the_operations() {
    let few = (0..30).map(|step| 20_000 + step * 10_000).find(|operations| takes_at_most(*operations, 30));
    let few = few.expect("thirty volumes take little");
    assert!(takes_at_most(10 * few, 300), "30 volumes take at most {few} operations, and 300 more than ten times that");
}
