//! Worlds made of what a cloud answers.

use serde_json::{Value, json};

use super::cloud::Cloud;
use crate::simulator::world::{LiveLists, World, demo, demo_start};

/// What a cloud answers to every list that a world is made of.
fn lists(cloud: &Cloud) -> LiveLists {
    let list = |name: &'static str| {
        let query = if name == "list_servers" { "details=true" } else { "" };
        (name, cloud.call_with(name, &[], query, None).items().to_vec())
    };
    LiveLists {
        project: cloud.project.clone(),
        region: "eu01".into(),
        lists: LiveLists::OPERATIONS.into_iter().map(list).collect(),
        quotas: Some(cloud.call("list_quotas", &[], None).body),
    }
}

fn rebuilt(live: &LiveLists) -> (Cloud, Vec<String>) {
    let (world, notes) = World::of_live(live, demo_start()).expect("a world");
    (Cloud::of(world), notes)
}

#[test]
fn a_world_of_what_a_cloud_answers_answers_the_same() {
    let real = Cloud::of(demo(demo_start()));
    let live = lists(&real);
    let (fork, notes) = rebuilt(&live);
    assert_eq!(notes, [""; 0]);
    let again = lists(&fork);
    for name in LiveLists::OPERATIONS {
        let by_id = |lists: &LiveLists| {
            let mut items = lists.lists[name].clone();
            items.sort_by_key(|item| item["id"].as_str().unwrap_or_default().to_owned());
            items
        };
        assert_eq!(by_id(&again), by_id(&live), "{name}");
    }
    assert_eq!(again.quotas, live.quotas);
}

#[test]
fn what_does_not_fit_is_left_out_and_named() {
    let real = Cloud::small();
    let mut live = lists(&real);
    let mut change =
        |list: &str, change: &dyn Fn(&mut Value)| change(&mut live.lists.get_mut(list).expect("a list")[0]);
    change("list_volumes", &|volume| volume["status"] = json!("TELEPORTING"));
    change("list_servers", &|server| server["someday"] = json!({ "a": [1] }));
    change("list_networks", &|network| network["labels"] = json!([1]));
    let (fork, notes) = rebuilt(&live);
    assert!(notes.iter().any(|note| note.contains("`TELEPORTING` is no status of a volume")), "{notes:?}");
    let count = |list: &str| fork.call(list, &[], None).items().len();
    assert_eq!(count("list_volumes"), live.lists["list_volumes"].len() - 1);
    assert_eq!(count("list_servers"), live.lists["list_servers"].len());
    assert_eq!(count("list_networks"), 1);
}

#[test]
fn lists_that_nobody_may_see_are_empty() {
    let real = Cloud::of(demo(demo_start()));
    let mut live = lists(&real);
    for list in ["list_volumes", "list_networks", "list_project_nics", "list_images"] {
        live.lists.remove(list);
    }
    let (fork, notes) = rebuilt(&live);
    assert_eq!(notes, [""; 0]);
    assert_eq!(fork.call("list_servers", &[], None).items().len(), live.lists["list_servers"].len());
    assert!(fork.call("list_volumes", &[], None).items().is_empty());
}

#[test]
fn boot_volumes_that_no_list_has_are_told_in_one_line() {
    let real = Cloud::of(demo(demo_start()));
    let mut live = lists(&real);
    for server in live.lists.get_mut("list_servers").into_iter().flatten() {
        server["bootVolume"] = json!({ "id": "6f1c5e0e-9d2f-4b55-8c3a-0d3d6f6f2a10" });
    }
    let (_, notes) = rebuilt(&live);
    let [note] = notes.as_slice() else { panic!("one note for all: {notes:?}") };
    assert!(note.starts_with("the boot volumes of ") && note.contains(" servers are unknown, such as `"), "{note}");
}
