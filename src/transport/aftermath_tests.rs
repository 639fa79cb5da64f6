//! Creates, deletes and actions whose answers did not come: looked for, never made twice.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::Kind;
use crate::policy::{Belts, Grant, Rules, Sources};
use crate::transport::testing::{ID, OTHER_ID, Stage, Step, answer, call, empty, reset};
use crate::transport::{Call, Settlement};

const NOW: &str = "2026-11-22T12:00:00Z";
const BEFORE: &str = "2026-11-22T11:58:00Z";

fn create() -> Call {
    call("create_volume").with_json(json!({ "name": "data", "availabilityZone": "eu01-1", "size": 10 }))
}

fn volume(id: &str, name: &str, created: &str) -> Value {
    json!({ "id": id, "name": name, "availabilityZone": "eu01-1", "size": 10, "status": "CREATING", "createdAt": created })
}

fn list(volumes: &[Value]) -> Step {
    answer(200, &json!({ "items": volumes }))
}

fn failures() -> Vec<Step> {
    let cut = answer(201, &json!({ "id": ID })).with("content-length", "500");
    vec![reset(), empty(500), empty(502), empty(503), empty(504), empty(408), cut]
}

#[test]
fn a_create_that_took_effect_is_found_and_answered_from_the_object() {
    for failure in failures() {
        let ours = volume(ID, "data", NOW);
        let stage = Stage::new([
            failure.clone(),
            list(&[volume(OTHER_ID, "data", BEFORE), ours.clone(), volume(OTHER_ID, "logs", NOW)]),
            answer(200, &ours),
        ]);
        let answer = stage.send(create()).unwrap_or_else(|error| panic!("{failure:?}: {error}"));
        assert_eq!(answer.json::<Value>(create().operation).expect("JSON"), ours);
        assert_eq!(stage.lines(), ["POST /volumes", "GET /volumes", &format!("GET /volumes/{ID}")]);
    }
}

#[test]
fn a_look_needs_no_grant_of_its_own() {
    let sources = Sources { allow: vec![Grant::parse("iaas.volume.create").expect("a grant")], ..Sources::default() };
    let rules = Arc::new(Rules::new(&sources, Belts::default()));
    let ours = volume(ID, "data", NOW);
    let steps = [reset(), list(std::slice::from_ref(&ours)), answer(200, &ours)];
    let stage = Stage::with(steps, |builder| builder.gate(rules));
    stage.send(create()).expect("it is looked for");
    let error = stage.send(call("list_volumes")).expect_err("the run itself may not look");
    assert_eq!(error.code, "not_granted");
}

#[test]
fn a_create_that_shows_up_late_is_found() {
    let ours = volume(ID, "data", NOW);
    let stage = Stage::new([reset(), list(&[]), empty(404), list(std::slice::from_ref(&ours)), answer(200, &ours)]);
    stage.send(create()).expect("the third look finds it");
}

#[test]
fn a_create_is_never_sent_twice_when_nothing_is_found() {
    for failure in failures() {
        let stage = Stage::new([failure, list(&[]), list(&[volume(OTHER_ID, "data", BEFORE)]), list(&[])]);
        let error = stage.send(create()).expect_err("nobody knows");
        assert_eq!((error.kind, error.is_retryable()), (Kind::Ambiguous, false));
        assert!(error.message.contains("no new object named `data` has turned up"), "{error}");
        assert_eq!(stage.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
    }
}

#[test]
fn looks_that_fail_are_told_and_the_create_is_not_repeated() {
    let stage = Stage::new([reset(), empty(403), empty(403), empty(403)]);
    let error = stage.send(create()).expect_err("nobody knows");
    assert_eq!(error.kind, Kind::Ambiguous);
    assert!(error.message.ends_with("looking for it failed: `iaas.list_volumes` answered 403: forbidden"), "{error}");
}

#[test]
fn two_candidates_or_one_without_proof_are_told_and_not_taken() {
    let stage = Stage::new([reset(), list(&[volume(ID, "data", NOW), volume(OTHER_ID, "data", NOW)])]);
    let error = stage.send(create()).expect_err("either may be ours");
    assert_eq!((error.kind, error.facts.candidates), (Kind::Ambiguous, vec![ID.to_owned(), OTHER_ID.to_owned()]));
    assert_eq!(error.hint, Some(format!("look at `{ID}`, `{OTHER_ID}` before doing it again")));
    let mut undated = volume(ID, "data", NOW);
    undated.as_object_mut().expect("an object").remove("createdAt");
    let stage = Stage::new([reset(), list(&[undated])]);
    assert_eq!(stage.send(create()).expect_err("it may be old").facts.candidates, [ID]);
}

#[test]
fn the_servers_clock_decides_what_is_new() {
    // The server is an hour ahead: what it dates a minute ago by its own clock is old.
    let ahead = "Sun, 22 Nov 2026 13:00:00 GMT";
    let steps = [
        list(&[]).with("date", ahead),
        reset(),
        list(&[volume(ID, "data", "2026-11-22T12:59:00Z")]).with("date", ahead),
        list(&[volume(OTHER_ID, "data", "2026-11-22T13:00:00Z")]).with("date", ahead),
        answer(200, &volume(OTHER_ID, "data", "2026-11-22T13:00:00Z")),
    ];
    let stage = Stage::new(steps);
    stage.send(call("list_volumes")).expect("a list");
    let answer = stage.send(create()).expect("it is found");
    assert_eq!(answer.json::<Value>(create().operation).expect("JSON")["id"], OTHER_ID);
}

#[test]
fn what_another_create_made_is_not_taken() {
    let made = volume(ID, "data", NOW);
    let stage = Stage::new([answer(201, &made), reset(), list(std::slice::from_ref(&made)), list(&[]), list(&[])]);
    stage.send(create()).expect("the first create answers");
    assert_eq!(stage.send(create()).expect_err("the second is not found").kind, Kind::Ambiguous);
}

#[test]
fn creates_of_the_same_name_at_the_same_time_are_not_told_apart() {
    let found = || list(&[volume(ID, "data", NOW)]);
    let stage = Stage::new([reset(), reset(), found(), found()]);
    let (first, second) = stage.run(async { tokio::join!(stage.client.send(create()), stage.client.send(create())) });
    for result in [first, second] {
        assert_eq!(result.expect_err("it may be either's").facts.candidates, [ID]);
    }
}

#[test]
fn an_object_that_refers_to_something_else_is_not_taken() {
    let create = call("create_snapshot").with_json(json!({ "name": "nightly", "volumeId": ID }));
    let other = json!({ "id": OTHER_ID, "name": "nightly", "volumeId": OTHER_ID, "createdAt": NOW });
    let stage = Stage::new([reset(), answer(200, &json!({ "items": [other] })), list(&[]), list(&[])]);
    assert!(stage.send(create).expect_err("it is of another volume").facts.candidates.is_empty());
}

#[test]
fn an_image_whose_upload_url_is_lost_is_told() {
    let create = call("create_image").with_json(json!({ "name": "golden", "diskFormat": "raw" }));
    let image = json!({ "id": ID, "name": "golden", "diskFormat": "raw", "createdAt": NOW });
    let stage = Stage::new([reset(), answer(200, &json!({ "items": [image] })), answer(200, &image)]);
    let error = stage.send(create).expect_err("only the create answers the URL");
    assert_eq!((error.kind, error.facts.candidates), (Kind::Ambiguous, vec![ID.to_owned()]));
}

#[test]
fn a_repeated_delete_takes_404_for_done_and_a_first_one_does_not() {
    let delete = || call("delete_volume").with("volumeId", ID);
    for failure in [reset(), empty(500), empty(502), empty(504)] {
        let stage = Stage::new([failure, empty(404)]);
        assert!(stage.send(delete()).expect("it is gone").body.is_empty());
    }
    assert_eq!(Stage::new([empty(404)]).send(delete()).expect_err("it never was").kind, Kind::NotFound);
    // A 429 says that nothing was done, so the 404 that follows is news.
    let stage = Stage::new([empty(429), empty(404)]);
    assert_eq!(stage.send(delete()).expect_err("it never was").kind, Kind::NotFound);
}

#[test]
fn a_repeated_delete_that_conflicts_with_itself_is_done() {
    let delete = || call("delete_volume").with("volumeId", ID);
    let deleting = answer(200, &json!({ "id": ID, "status": "DELETING" }));
    Stage::new([reset(), empty(409), deleting]).send(delete()).expect("it is on its way");
    Stage::new([reset(), empty(409), empty(404)]).send(delete()).expect("it is gone");
    let attached = answer(200, &json!({ "id": ID, "status": "ATTACHED" }));
    let error = Stage::new([reset(), empty(409), attached]).send(delete()).expect_err("it is in use");
    assert_eq!(error.kind, Kind::Conflict);
}

#[test]
fn a_repeated_action_that_conflicts_with_itself_is_done() {
    for (action, state, reached) in [
        ("deallocate_server", "DEALLOCATING", true),
        ("deallocate_server", "DEALLOCATED", true),
        ("deallocate_server", "ACTIVE", false),
        ("start_server", "STARTING", true),
        ("start_server", "ERROR", false),
        ("stop_server", "INACTIVE", true),
    ] {
        let stage = Stage::new([reset(), empty(409), answer(200, &json!({ "id": ID, "status": state }))]);
        let result = stage.send(call(action).with("serverId", ID));
        assert_eq!(result.is_ok(), reached, "{action} in {state}");
        assert_eq!(stage.lines()[2], format!("GET /servers/{ID}"));
        if let Err(error) = result {
            assert_eq!(error.kind, Kind::Conflict);
        }
    }
    let first = Stage::new([empty(409)]);
    assert_eq!(first.send(call("start_server").with("serverId", ID)).expect_err("a conflict").kind, Kind::Conflict);
}

#[test]
fn a_resize_is_seen_by_its_field() {
    let resize = || call("resize_server").with("serverId", ID).with_json(json!({ "machineType": "c1.2" }));
    let server = |machine: &str| answer(200, &json!({ "id": ID, "status": "ACTIVE", "machineType": machine }));
    Stage::new([reset(), empty(409), server("c1.2")]).send(resize()).expect("it has the new size");
    assert!(Stage::new([reset(), empty(409), server("c1.1")]).send(resize()).is_err());
}

#[test]
fn the_caller_may_say_how_a_change_shows() {
    let mut call = call("stop_server").with("serverId", ID);
    let read = crate::transport::testing::call("get_server").with("serverId", ID);
    call.settles = Some(Box::new(Settlement { read, shows: vec![("powerStatus", json!("STOPPED"))] }));
    let stage = Stage::new([reset(), empty(409), answer(200, &json!({ "powerStatus": "STOPPED" }))]);
    stage.send(call).expect("it shows");
}

#[test]
fn an_attachment_that_is_there_was_attached() {
    let attach = || call("add_volume_to_server").with("serverId", ID).with("volumeId", OTHER_ID);
    let attachment = json!({ "serverId": ID, "volumeId": OTHER_ID });
    let stage = Stage::new([reset(), empty(409), answer(200, &attachment)]);
    let attached = stage.send(attach()).expect("it is attached");
    assert_eq!(attached.json::<Value>(attach().operation).expect("JSON"), attachment);
    let error = Stage::new([reset(), empty(409), empty(404)]).send(attach()).expect_err("it is not");
    assert_eq!(error.kind, Kind::Conflict);
}
