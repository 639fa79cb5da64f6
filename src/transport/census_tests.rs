//! Tests of the stage of the caps: what is listed, what is counted, what is given back.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::*;
use crate::policy::{Belts, Cap, CapSources, Caps, Reach, Rules, Sources};
use crate::transport::testing::{ID, OTHER_ID, Stage, Step, answer, call, empty, reset};

fn tally(caps: &str) -> Arc<Tally> {
    let sources = CapSources { flag: Cap::parse_all(caps).expect(caps), ..CapSources::default() };
    Arc::new(Tally::new(Caps::of(&sources), Reach::Stops))
}

fn stage(tally: &Arc<Tally>, steps: impl IntoIterator<Item = Step>) -> Stage {
    Stage::with(steps, |builder| builder.tally(tally.clone()))
}

fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn servers(count: usize) -> Value {
    let server = |number| json!({ "id": id(number), "name": format!("s-{number}"), "machineType": "g2i.1" });
    json!({ "items": (0..count).map(server).collect::<Vec<_>>() })
}

fn stop(number: usize) -> Call {
    call("stop_server").with("serverId", id(number))
}

#[test]
fn the_second_server_makes_the_stage_list_them_once() {
    let tally = tally("");
    let steps = [empty(202), answer(200, &servers(6)), empty(202)];
    let stage = stage(&tally, steps);
    stage.send(stop(0)).expect("the first");
    stage.send(stop(1)).expect("the second");
    let error = stage.send(stop(2)).expect_err("3 of 6");
    assert_eq!((error.kind, error.code), (Kind::Policy, "cap_reached"));
    assert_eq!(error.message, "would stop 3 of 6 servers (50 %); cap 34 %; done so far: 2 × `stop_server`");
    assert_eq!(
        error.hint.as_deref(),
        Some(
            "if that is meant, give `--caps \"share=68%\"`, or write `caps = { share = \"68%\" }` at the top of \
             `stackhand.toml`"
        )
    );
    let put = |number| format!("POST /servers/{}/stop", id(number));
    assert_eq!(stage.lines(), [put(0), "GET /servers".to_owned(), put(1)]);
}

#[test]
fn a_list_that_the_run_has_read_is_not_read_again() {
    let tally = tally("");
    let stage = stage(&tally, [answer(200, &servers(6)), empty(202), empty(202)]);
    stage.send(call("list_servers").with("details", true)).expect("a list");
    stage.send(stop(0)).expect("the first");
    stage.send(stop(1)).expect("the second");
    assert_eq!(stage.seen().len(), 3);
}

#[test]
fn threads_that_come_at_the_same_time_share_one_list_and_do_not_overshoot() {
    let tally = tally("");
    let list = answer(200, &servers(10)).after(3);
    // The first may pass without a list.
    let stage = stage(&tally, [empty(202), list, empty(202), empty(202)]);
    stage.run(async {
        let all = (0..9).map(|number| stage.client.send(stop(number)));
        let ends = join_all(all).await;
        assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 3, "3 of 10 are 30 %");
    });
    let lists = stage.lines().iter().filter(|line| line.starts_with("GET")).count();
    assert_eq!((lists, stage.left(), tally.changes()), (1, 0, 3));
}

#[test]
fn without_the_permission_to_list_the_fifth_is_refused() {
    let tally = tally("");
    let refused = answer(403, &json!({ "code": 403, "msg": "no" }));
    let stage = stage(&tally, [empty(202), refused, empty(202), empty(202), empty(202)]);
    for number in 0..4 {
        stage.send(stop(number)).expect("few");
    }
    let error = stage.send(stop(4)).expect_err("five");
    assert_eq!(
        error.message,
        "would stop 5 servers, and how many there are is unknown, as the credential may not list them: it needs \
         `iaas.server.list`; cap 34 %; done so far: 4 × `stop_server`"
    );
}

#[test]
fn what_was_certainly_not_carried_out_is_given_back_and_what_may_have_been_is_not() {
    let tally = tally("changes 2");
    let refused = || answer(404, &json!({ "code": 404, "msg": "gone" }));
    let stage = stage(&tally, [refused(), refused(), refused()]);
    for _ in 0..3 {
        stage.send(stop(0)).expect_err("it is gone");
    }
    assert_eq!(tally.changes(), 0);
    let tally = self::tally("changes 2");
    let stage = self::stage(&tally, [reset(), refused()]);
    stage.send(call("delete_server").with("serverId", ID)).ok();
    assert_eq!(tally.changes(), 1);
}

#[test]
fn what_an_object_lies_in_is_not_changed_and_what_it_is_joined_with_is() {
    let tally = tally("");
    let stage = stage(&tally, [empty(204), empty(202)]);
    stage.send(call("delete_nic").with("networkId", ID).with("nicId", OTHER_ID)).expect("deleted");
    let counted = |tally: &Tally| {
        tally.counted().iter().map(|counted| (counted.operation.name, counted.kind.clone())).collect::<Vec<_>>()
    };
    assert_eq!(counted(&tally), [("delete_nic", "nic".to_owned())]);
    stage.send(call("remove_volume_from_server").with("serverId", ID).with("volumeId", OTHER_ID)).expect("removed");
    assert_eq!(counted(&tally)[1], ("remove_volume_from_server", "volume".to_owned()));
}

#[test]
fn what_is_made_is_part_of_nothing() {
    let tally = tally("");
    let rule = json!({ "id": ID, "direction": "ingress" });
    let stage = stage(&tally, [answer(201, &rule), answer(201, &rule)]);
    for group in [ID, OTHER_ID] {
        let call = call("create_security_group_rule").with("securityGroupId", group);
        stage.send(call.with_json(json!({ "direction": "ingress" }))).expect("a rule");
    }
    assert_eq!(tally.changes(), 2);
}

#[test]
fn a_server_that_is_deleted_counts_beside_its_volumes_and_what_a_new_one_takes_counts_too() {
    let (tally, rules) = (tally(""), Arc::new(Rules::new(&Sources::default(), Belts::default())));
    let volume = json!({ "id": OTHER_ID, "name": "data", "size": 1, "availabilityZone": "eu01-1" });
    let attached = json!({ "items": [{ "serverId": ID, "volumeId": OTHER_ID, "deleteOnTermination": true }] });
    let server = json!({ "id": ID, "name": "web", "machineType": "g2i.1" });
    let steps = [answer(200, &server), answer(200, &attached), answer(200, &volume), empty(204)];
    let deletion = Stage::with(steps, |builder| builder.tally(tally.clone()).gate(rules.clone()));
    deletion.send(call("delete_server").with("serverId", ID)).expect("deleted");
    let change = |name: &str, steps: Vec<Step>, call: Call| {
        let stage = Stage::with(steps, |builder| builder.tally(tally.clone()).gate(rules.clone()));
        stage.send(call).map(drop).map_err(|error| (name.to_owned(), error.message))
    };
    let body = json!({ "name": "new", "machineType": "g2i.1", "networking": { "networkId": ID }, "volumes": [id(7)] });
    let mut other = volume;
    other["id"] = Value::from(id(7));
    let all: Vec<Value> = (0..4)
        .map(|number| json!({ "id": id(number + 5), "name": "v", "size": 1, "availabilityZone": "eu01-1" }))
        .collect();
    let network = json!({ "id": ID, "name": "net", "status": "CREATED" });
    let steps = vec![answer(200, &network), answer(200, &other), answer(200, &json!({ "items": all }))];
    let refused = change("create", steps, call("create_server").with_json(body)).expect_err("2 of 5 volumes");
    assert!(refused.1.starts_with("would change 2 of 5 volumes (40 %)"), "{refused:?}");
    let counted: Vec<_> = tally.counted().iter().map(|one| (one.operation.name, one.kind.clone())).collect();
    assert_eq!(counted, [("delete_server", "server".to_owned())]);
}

#[test]
fn a_volume_is_told_by_its_name_and_its_id() {
    let tally = tally("");
    let snapshot = |number: usize, volume: &str| {
        json!({ "id": id(number), "name": format!("s-{number}"), "volumeId": volume, "status": "AVAILABLE", "size": 1,
            "availabilityZone": "eu01-1" })
    };
    let all: Vec<Value> = (0..20).map(|n| snapshot(n, if n < 6 { ID } else { OTHER_ID })).collect();
    let volume = json!({ "id": ID, "name": "data", "size": 1, "availabilityZone": "eu01-1" });
    let steps = [empty(202), answer(200, &json!({ "items": all })), empty(202), answer(200, &volume)];
    let stage = stage(&tally, steps);
    let delete = |number| stage.send(call("delete_snapshot").with("snapshotId", id(number)));
    delete(0).expect("the first");
    delete(1).expect("the second");
    let error = delete(2).expect_err("3 of 6");
    let told = format!("would delete 3 of 6 snapshots of the volume `data` ({ID}) (50 %); cap 34 %");
    assert!(error.message.starts_with(&told), "{}", error.message);
}

#[test]
fn each_name_in_a_list_is_a_deletion() {
    let tally = tally("deletions 3");
    let stage = stage(&tally, [empty(200)]);
    let operation = crate::catalog::operation("observability", "delete_scrape_configs").expect("it is there");
    let delete = |names: &[&str]| {
        Call::new(operation, crate::transport::testing::target()).with("instanceId", ID).with("jobName", json!(names))
    };
    stage.send(delete(&["a", "b"])).expect("two of three");
    let error = stage.send(delete(&["c", "d"])).expect_err("four");
    assert!(error.message.starts_with("would make 4 deletions; cap 3"), "{}", error.message);
}
