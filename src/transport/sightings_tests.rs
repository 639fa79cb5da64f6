//! What a change need not read again, and what it must.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;

use crate::catalog::Effect;
use crate::policy::Admission;
use crate::transport::testing::{ID, OTHER_ID, Stage, Step, answer, call, empty, operation};
use crate::transport::{Call, Error, Gate, Intent, Knowledge, Subject};

/// Weighs every change, and remembers what it was told of the objects.
#[derive(Default)]
struct Scales(Mutex<Vec<String>>);

impl Gate for Scales {
    fn admit(&self, intent: &Intent<'_>) -> Admission {
        if intent.effect == Effect::Read { Admission::Granted } else { Admission::Weighed }
    }

    fn weigh(&self, _: &Intent<'_>, subject: &Subject) -> Result<(), Error> {
        let told = subject.objects.iter().map(|object| match &object.knowledge {
            Knowledge::Known(facts) => format!("{} {} {:?}", object.kind, object.label(), facts.labels.get("team")),
            other => format!("{} {other:?}", object.kind),
        });
        self.0.lock().expect("unpoisoned").extend(told);
        Ok(())
    }
}

fn server(id: &str, team: &str) -> Value {
    json!({ "id": id, "name": "web", "machineType": "g1.1", "labels": { "team": team } })
}

fn stop(id: &str) -> Call {
    call("stop_server").with("serverId", id)
}

/// Makes the calls against these answers; the requests that went out, and what the gate was told.
fn weighed(steps: impl IntoIterator<Item = Step>, calls: impl IntoIterator<Item = Call>) -> (Vec<String>, Vec<String>) {
    let scales = Arc::new(Scales::default());
    let stage = Stage::with(steps, |builder| builder.gate(scales.clone()));
    for call in calls {
        let _ = stage.send(call);
    }
    assert_eq!(stage.left(), 0);
    let told = scales.0.lock().expect("unpoisoned").clone();
    (stage.lines(), told)
}

#[test]
fn an_object_that_nobody_read_is_read_before_it_is_changed() {
    let (lines, told) = weighed([answer(200, &server(ID, "web")), empty(202)], [stop(ID)]);
    assert_eq!(lines, [format!("GET /servers/{ID}"), format!("POST /servers/{ID}/stop")]);
    assert_eq!(told, [r#"server web Some("web")"#]);
}

#[test]
fn a_list_speaks_for_its_objects_until_they_are_changed() {
    let list = answer(200, &json!({ "items": [server(ID, "a"), server(OTHER_ID, "b")] }));
    let again = answer(200, &server(ID, "c"));
    let (lines, told) = weighed(
        [list, empty(202), empty(202), again, empty(202)],
        [call("list_servers"), stop(ID), stop(OTHER_ID), stop(ID)],
    );
    assert_eq!(lines.len(), 5, "one list, three changes, one look at what was changed before: {lines:?}");
    assert_eq!(told, [r#"server web Some("a")"#, r#"server web Some("b")"#, r#"server web Some("c")"#]);
}

#[test]
fn what_was_read_last_counts() {
    let list = |team| answer(200, &json!({ "items": [server(ID, team)] }));
    let get = call("get_server").with("serverId", ID);
    let (_, told) = weighed(
        [list("old"), answer(200, &server(ID, "new")), empty(202)],
        [call("list_servers"), get.clone(), stop(ID)],
    );
    assert_eq!(told, [r#"server web Some("new")"#]);
    let narrowed = call("list_servers").with("label_selector", "x=y");
    let (_, told) = weighed([answer(200, &server(ID, "old")), list("newer"), empty(202)], [get, narrowed, stop(ID)]);
    assert_eq!(told, [r#"server web Some("newer")"#]);
}

#[test]
fn an_object_that_is_gone_or_hidden_is_told_so() {
    let (_, told) = weighed([answer(404, &json!({ "msg": "no" })), answer(404, &json!({ "msg": "no" }))], [stop(ID)]);
    assert_eq!(told, ["server Gone"]);
    let (_, told) = weighed([answer(403, &json!({ "msg": "no" })), empty(202)], [stop(ID)]);
    assert!(told[0].starts_with("server Unreadable"), "{told:?}");
}

#[test]
fn without_a_gate_that_asks_nothing_is_read() {
    let stage = Stage::new([empty(202)]);
    stage.send(stop(ID)).expect("sent");
    assert_eq!(stage.lines(), [format!("POST /servers/{ID}/stop")]);
}

#[test]
fn only_a_list_that_nothing_narrows_is_whole() {
    let stage = Stage::new([
        answer(200, &json!({ "items": [server(ID, "a")] })),
        answer(200, &json!({ "items": [server(ID, "a")] })),
    ]);
    let place = |id: &str| {
        let read =
            Prepared::new(&call("get_server").with("serverId", id), &stage.client.0.endpoints, &stage.client.0.uploads);
        place_of(&read.expect("a good call"))
    };
    let place = place(ID);
    let collection = place.rsplit_once('/').expect("a path").0;
    stage.send(call("list_servers").with("label_selector", "team=a")).expect("a list");
    assert!(stage.client.0.sightings.whole(collection).is_none());
    stage.send(call("list_servers").with("details", true)).expect("a list");
    assert_eq!(stage.client.0.sightings.whole(collection).expect("whole").len(), 1);
}

#[test]
fn what_is_dropped_for_want_of_room_is_read_again_and_not_taken_from_an_older_list() {
    let list = answer(200, &json!({ "items": [server(ID, "before")] }));
    let stage = Stage::new([list]);
    stage.send(call("list_servers")).expect("a list");
    let sightings = &stage.client.0.sightings;
    let read =
        Prepared::new(&call("get_server").with("serverId", ID), &stage.client.0.endpoints, &stage.client.0.uploads);
    let place = place_of(&read.expect("a good call"));
    assert!(sightings.facts(&place, true, Duration::ZERO).is_some());
    sightings.forget(&place);
    assert!(sightings.facts(&place, true, Duration::ZERO).is_none());
    for number in 0..3 {
        let filler = format!("elsewhere/{number}/{}", "x".repeat(OBJECT_BYTES));
        sightings.forget(&filler);
        assert!(sightings.facts(&place, true, Duration::ZERO).is_none(), "after {number}");
    }
    assert!(!sightings.0.lock().expect("unpoisoned").objects.contains_key(&place));
}

#[test]
fn labels_are_shown_by_servers_and_not_by_attachments() {
    assert!(shows_labels(operation("list_servers")));
    assert!(shows_labels(operation("get_volume")));
    assert!(!shows_labels(operation("get_attached_volume")));
    for (module, name) in [("sfs", "get_share"), ("dns", "get_zone")] {
        assert!(shows_labels(crate::catalog::operation(module, name).expect("it is there")), "{name}");
    }
    assert!(!shows_labels(operation("stop_server")));
}

#[test]
fn what_was_read_long_ago_is_read_anew() {
    let scales = Arc::new(Scales::default());
    let steps = [answer(200, &server(ID, "web")), answer(200, &server(ID, "db")), empty(202)];
    let stage = Stage::with(steps, |builder| builder.gate(scales.clone()));
    stage.send(call("get_server").with("serverId", ID)).expect("a server");
    stage.run(stage.clock.sleep(Duration::from_mins(6)));
    stage.send(stop(ID)).expect("sent");
    assert_eq!(stage.left(), 0);
    assert_eq!(*scales.0.lock().expect("unpoisoned"), [r#"server web Some("db")"#]);
}
