use std::path::Path;

use serde_json::json;

use super::super::testing::{ID, Stage, Step, answer, call, empty, noon, refused, reset};
use super::*;
use crate::clock::Clock;
use crate::journal::{Archive, Began, Change, Folder, Journal, Keeping};
use crate::secret::Scrubber;

fn journal(folder: &Path) -> Journal {
    let keeping = Keeping {
        folder: Some(Folder::new(folder)),
        days: 400,
        syslog: None,
        clock: Clock::starting_at(noon()),
        scrubber: Scrubber::new(),
    };
    Journal::begin(&keeping, Began { run: "r".to_owned(), ..Began::default() })
}

/// What is recorded of a call whose tries go like this.
fn recorded(steps: impl IntoIterator<Item = Step>, calls: impl IntoIterator<Item = Call>) -> Vec<Change> {
    let folder = tempfile::tempdir().expect("a folder");
    let stage = Stage::with(steps, |builder| builder.journal(Some(journal(folder.path()))));
    for call in calls {
        let _ = stage.send(call);
    }
    assert_eq!(stage.left(), 0, "all steps are played");
    drop(stage);
    let runs = Archive::new(Folder::new(folder.path())).runs(None, 1).expect("readable");
    runs.into_iter().next().expect("a run").changes
}

fn stop() -> Call {
    call("stop_server").with("serverId", ID)
}

#[test]
fn each_try_of_a_change_is_recorded_and_what_became_of_it() {
    let server = json!({ "id": ID, "name": "web-1", "labels": { "a": "b" }, "machineType": "c1.2",
        "availabilityZone": "eu01-1", "status": "ACTIVE" });
    let get = call("get_server").with("serverId", ID);
    let done = empty(202).with("x-request-id", "req-7");
    let changes = recorded([answer(200, &server), refused(), empty(429), done], [get, stop()]);
    let [change] = changes.as_slice() else { panic!("one change, and no read: {changes:?}") };
    let outcomes: Vec<_> = change.tries.iter().map(|tried| tried.after.as_ref().expect("over").outcome).collect();
    assert_eq!(outcomes, [Outcome::Unsent, Outcome::Refused, Outcome::Done]);
    let last = change.last().expect("over");
    assert_eq!((last.status, last.request_id.as_deref()), (Some(202), Some("req-7")));
    let was = change.before.objects[0].was.as_deref().expect("it was read");
    assert_eq!((was.name.as_deref(), was.machine_type.as_deref()), (Some("web-1"), Some("c1.2")));
    assert_eq!((&*change.before.operation, &*change.before.effect), ("iaas.stop_server", "update"));
    assert_eq!(change.before.region.as_deref(), Some("eu01"));
}

#[test]
fn a_lost_answer_is_unknown_until_a_look_settles_it() {
    let create =
        || call("create_volume").with_json(json!({ "name": "data", "availabilityZone": "eu01-1", "size": 10 }));
    let made = json!({ "id": ID, "name": "data", "availabilityZone": "eu01-1", "size": 10,
        "status": "CREATING", "createdAt": "2026-11-22T12:00:00Z" });
    let list = |items: &[Value]| answer(200, &json!({ "items": items }));
    let changes = recorded([reset(), list(std::slice::from_ref(&made)), answer(200, &made)], [create()]);
    assert_eq!((changes[0].outcome(), changes[0].settled.is_some()), (Outcome::Done, true));
    assert_eq!(changes[0].result().and_then(|made| made.id.as_deref()), Some(ID));
    let changes = recorded([reset(), list(&[]), list(&[]), list(&[])], [create()]);
    assert_eq!(changes[0].outcome(), Outcome::Unknown);
    assert!(changes[0].why().expect("why").contains("no new object named `data`"));
}

#[test]
fn a_create_is_recorded_with_what_it_made_and_without_secrets() {
    let made = json!({ "id": ID, "name": "web-9", "machineType": "c1.2", "availabilityZone": "eu01-1" });
    let create = call("create_server").with_json(json!({
        "name": "web-9", "machineType": "c1.2", "userData": "c2VjcmV0LXJlcXVlc3Q=",
        "networking": { "networkId": ID },
    }));
    let changes = recorded([answer(201, &made)], [create]);
    assert_eq!(changes[0].result().and_then(|made| made.id.as_deref()), Some(ID));
    let body = changes[0].before.body.as_deref().expect("a body");
    assert_eq!((&body["name"], &body["userData"]), (&json!("web-9"), &json!("***")));
}

#[test]
fn without_a_journal_that_can_be_written_nothing_is_sent_and_reads_go_on() {
    let server = json!({ "id": ID, "name": "web-1", "machineType": "c1.2", "availabilityZone": "eu01-1" });
    let shut = Journal::shut("the disk is full");
    let stage = Stage::with([answer(200, &server)], |builder| builder.journal(Some(shut)));
    let error = stage.send(stop()).expect_err("it is refused");
    assert_eq!((error.kind, error.code), (Kind::Policy, "journal_unwritable"));
    stage.send(call("get_server").with("serverId", ID)).expect("it is read");
    assert_eq!(stage.seen().len(), 1);
}

#[test]
fn a_call_that_is_given_up_is_recorded_as_unknown() {
    let folder = tempfile::tempdir().expect("a folder");
    let slow = empty(202).after(3_600);
    let stage = Stage::with([slow], |builder| builder.journal(Some(journal(folder.path()))));
    let clock = stage.clock.clone();
    let given_up = stage.run(clock.timeout(Duration::from_secs(1), stage.client.send(stop())));
    assert!(given_up.is_none());
    drop(stage);
    let runs = Archive::new(Folder::new(folder.path())).runs(None, 1).expect("readable");
    let after = runs[0].changes[0].last().expect("over");
    assert_eq!((after.outcome, after.why.as_deref()), (Outcome::Unknown, Some("it was given up")));
}

#[test]
fn an_upload_is_recorded_without_what_signs_it() {
    let mut upload = call("stop_server");
    upload.parameters.insert("url".to_owned(), json!("https://host/bucket/image?signature=abc"));
    upload.parameters.insert("dbPassword".to_owned(), json!("hunter22"));
    let parameters = parameters_of(&upload).into_owned();
    assert_eq!(parameters["url"], "https://host/bucket/image?…");
    assert_eq!(parameters["dbPassword"], "***");
}
