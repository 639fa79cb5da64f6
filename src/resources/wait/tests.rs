//! Waits on a virtual clock, against an API that answers from a timetable.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::error::Error;
use super::super::expectation::{Expectation, Goal, Watched};
use super::super::kind::Kind;
use super::super::platform::Platform;
use super::super::resource::{Form, Resource};
use super::super::{Api, fan_out};
use crate::clock::Clock;
use crate::error::{self, CallFacts, Kind as ErrorKind};
use crate::transport::{Answer, Call, Target};

/// What the API says of object number `n` at second `t`: its fields, or the status of a refusal.
type Timetable = Box<dyn Fn(usize, u64) -> Result<Value, u16> + Send + Sync>;

struct Timed {
    clock: Clock,
    count: usize,
    /// Every call by name and second.
    calls: Mutex<Vec<(String, u64)>>,
    objects: Timetable,
    /// The status of a refused list.
    list_refusal: Option<u16>,
}

impl Api for Timed {
    fn send(&self, call: Call) -> Pin<Box<dyn Future<Output = Result<Answer, error::Error>> + Send + '_>> {
        Box::pin(async move {
            let now = self.clock.monotonic().as_secs();
            self.calls.lock().expect("unpoisoned").push((call.operation.name.to_owned(), now));
            // A call takes time, in which others may join.
            self.clock.sleep(Duration::from_millis(20)).await;
            if call.operation.list_key.is_some() {
                if let Some(status) = self.list_refusal {
                    return Err(refusal(status));
                }
                let objects = (0..self.count).filter_map(|number| (self.objects)(number, now).ok());
                return Ok(answer(json!({ "items": objects.collect::<Vec<_>>() })));
            }
            let id = call.parameters["serverId"].as_str().expect("an id");
            let number = id.parse::<usize>().expect("a number");
            (self.objects)(number, now).map(answer).map_err(refusal)
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "callers have no use for it")]
fn answer(body: Value) -> Answer {
    Answer { status: 200, body: Bytes::from(body.to_string()), content_type: None, request_id: None, date: None }
}

fn refusal(status: u16) -> error::Error {
    let kind = match status {
        403 => ErrorKind::Permission,
        404 => ErrorKind::NotFound,
        410 => ErrorKind::Invalid,
        429 => ErrorKind::RateLimited,
        0 => ErrorKind::Network,
        _ => ErrorKind::Server,
    };
    let facts = CallFacts { status: Some(status), ..CallFacts::default() };
    error::Error::new(kind, "refused", format!("refused with {status}")).with_call(facts)
}

struct Stage {
    api: Arc<Timed>,
    platform: Platform,
    runtime: tokio::runtime::Runtime,
    busy: crate::clock::Busy,
}

fn stage(
    count: usize,
    list_refusal: Option<u16>,
    objects: impl Fn(usize, u64) -> Result<Value, u16> + Send + Sync + 'static,
) -> Stage {
    let clock = Clock::starting_at("2026-11-22T12:00:00Z".parse().expect("a time"));
    let busy = clock.busy();
    let calls = Mutex::default();
    let api = Arc::new(Timed { clock: clock.clone(), count, calls, objects: Box::new(objects), list_refusal });
    let platform = Platform::new(api.clone(), Target::default(), clock);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    Stage { api, platform, runtime, busy }
}

impl Stage {
    fn wait(&self, objects: &[Resource], seconds: u64) -> Vec<Result<Resource, Error>> {
        self.runtime.block_on(self.platform.wait_all(objects, Some(Duration::from_secs(seconds))))
    }

    fn calls(&self, name: &str) -> usize {
        self.api.calls.lock().expect("unpoisoned").iter().filter(|(called, _)| called == name).count()
    }

    fn seconds(&self) -> u64 {
        self.platform.clock().monotonic().as_secs()
    }
}

fn server(number: usize, status: &str) -> Value {
    json!({ "id": number.to_string(), "name": format!("web-{number}"), "status": status, "machineType": "g1.1" })
}

fn expecting(number: usize, verb: &'static str, goal: Goal, before: &str) -> Resource {
    let body = Bytes::from(server(number, before).to_string());
    let watched = Watched { kind: Kind::Server, id: number.to_string(), name: format!("web-{number}") };
    let before = Some(before.to_owned());
    let time_limit = Duration::from_mins(20);
    let expectation = Expectation { verb, watched, goal, before, time_limit };
    Resource::new(Kind::Server, Target::default(), Form::Plain, body).expecting(expectation)
}

fn deallocating(count: usize) -> Vec<Resource> {
    (0..count).map(|number| expecting(number, "deallocate", Goal::Status(&["DEALLOCATED"]), "ACTIVE")).collect()
}

fn message(result: &Result<Resource, Error>) -> String {
    result.as_ref().expect_err("it fails").to_string()
}

#[test]
fn one_object_is_read_until_its_outcome_has_come() {
    let stage = stage(1, None, |number, now| Ok(server(number, if now < 12 { "DEALLOCATING" } else { "DEALLOCATED" })));
    let results = stage.wait(&deallocating(1), 600);
    assert_eq!(results[0].as_ref().expect("done").status(), Some("DEALLOCATED"));
    assert!((12..=17).contains(&stage.seconds()), "{}", stage.seconds());
    assert_eq!(stage.calls("list_servers"), 0);
    assert!(stage.calls("get_server") <= 8);
}

#[test]
fn a_thousand_servers_cost_a_list_a_look() {
    let stage = stage(1000, None, |number, now| {
        Ok(server(number, if now < 60 + number as u64 / 10 { "DEALLOCATING" } else { "DEALLOCATED" }))
    });
    let results = stage.wait(&deallocating(1000), 600);
    assert!(results.iter().all(Result::is_ok));
    let lists = stage.calls("list_servers");
    assert!((159..=165).contains(&stage.seconds()), "{}", stage.seconds());
    assert!((30..=40).contains(&lists), "{lists}");
    // The last few are read one by one.
    assert!(stage.calls("get_server") <= 4, "{}", stage.calls("get_server"));
}

#[test]
fn waiters_of_many_threads_share_the_looks() {
    let stage =
        stage(200, None, |number, now| Ok(server(number, if now < 30 { "DEALLOCATING" } else { "DEALLOCATED" })));
    let platform = stage.platform.clone();
    let work = deallocating(200).into_iter().enumerate().map(move |(number, object)| {
        let platform = platform.clone();
        async move {
            platform.clock().sleep(Duration::from_millis(number as u64 * 37)).await;
            platform.wait(&object, None).await
        }
    });
    let results = stage.runtime.block_on(fan_out(stage.platform.clock(), 64, work.collect()));
    assert!(results.into_iter().all(|result| result.is_some_and(|result| result.is_ok())));
    // A look is a list, or up to four reads.
    let (lists, reads, seconds) = (stage.calls("list_servers"), stage.calls("get_server"), stage.seconds());
    assert!(lists as u64 <= seconds, "{lists} lists in {seconds} s");
    assert!(reads as u64 <= 4 * seconds && reads < 200, "{reads} reads in {seconds} s");
}

#[test]
fn trouble_on_the_way_is_survived_and_told_at_the_deadline() {
    let trouble = |now: u64| match now {
        3..=9 => Some(503),
        10..=15 => Some(429),
        16..=20 => Some(0),
        _ => None,
    };
    let passing = stage(1, None, move |number, now| match trouble(now) {
        Some(status) => Err(status),
        None => Ok(server(number, if now < 25 { "STARTING" } else { "ACTIVE" })),
    });
    let start = [expecting(0, "start", Goal::Status(&["ACTIVE"]), "INACTIVE")];
    assert!(passing.wait(&start, 600)[0].is_ok());

    let lasting = stage(1, None, |number, now| if now < 5 { Ok(server(number, "STARTING")) } else { Err(503) });
    assert_eq!(
        message(&lasting.wait(&start, 60)[0]),
        "`start` of the server `web-0` was not done after 60 s; its last status was STARTING; the last look failed: refused with 503"
    );
    assert_eq!(lasting.seconds(), 60);
}

#[test]
fn an_error_is_told_in_the_words_of_the_api() {
    let stage = stage(1, None, |number, now| {
        let mut fields = server(number, if now < 5 { "CREATING" } else { "ERROR" });
        fields["errorMessage"] = json!("no valid host was found");
        Ok(fields)
    });
    let create = [expecting(0, "create", Goal::Status(&["ACTIVE"]), "CREATING")];
    assert_eq!(
        message(&stage.wait(&create, 600)[0]),
        "`create` of the server `web-0` ended in ERROR: no valid host was found"
    );
}

#[test]
fn without_the_right_to_list_each_is_read() {
    let stage =
        stage(20, Some(403), |number, now| Ok(server(number, if now < 9 { "DEALLOCATING" } else { "DEALLOCATED" })));
    assert!(stage.wait(&deallocating(20), 600).iter().all(Result::is_ok));
    assert_eq!(stage.calls("list_servers"), 1);
}

#[test]
fn absence_from_a_list_is_confirmed_by_a_read() {
    let delete = |count| (0..count).map(|number| expecting(number, "delete", Goal::Gone, "ACTIVE")).collect::<Vec<_>>();
    let gone = stage(10, None, |number, now| if now < 9 { Ok(server(number, "DELETING")) } else { Err(404) });
    let results = gone.wait(&delete(10), 600);
    assert!(results.iter().all(|result| result.as_ref().is_ok_and(|object| object.status() == Some("DELETED"))));
    assert_eq!(gone.calls("get_server"), 10);

    // The list leaves number 3 out, but it is there.
    let hidden = stage(10, None, |number, now| match number {
        3 if now > 20 => Err(410),
        _ if now > 9 => Err(404),
        _ => Ok(server(number, "DELETING")),
    });
    assert!(hidden.wait(&delete(10), 600).iter().all(Result::is_ok));
}

#[test]
fn a_forbidden_read_is_no_proof_of_a_delete() {
    let stage = stage(1, None, |_, _| Err(403));
    let results = stage.wait(&[expecting(0, "delete", Goal::Gone, "ACTIVE")], 600);
    assert_eq!(results[0].as_ref().expect_err("it fails").kind(), ErrorKind::Permission);
}

#[test]
fn what_goes_away_during_a_wait_for_something_else_is_an_error() {
    let stage = stage(1, None, |number, now| if now < 5 { Ok(server(number, "STARTING")) } else { Err(404) });
    let results = stage.wait(&[expecting(0, "start", Goal::Status(&["ACTIVE"]), "INACTIVE")], 600);
    assert_eq!(message(&results[0]), "the server `web-0` went away during the wait for `start`");
}

#[test]
fn a_waiter_that_gives_up_takes_nothing_from_the_others() {
    let stage = stage(2, None, |number, now| Ok(server(number, if now < 40 { "DEALLOCATING" } else { "DEALLOCATED" })));
    let objects = deallocating(2);
    let work = objects.into_iter().enumerate().map(|(number, object)| {
        let platform = stage.platform.clone();
        let limit = Duration::from_secs(if number == 0 { 7 } else { 600 });
        async move { platform.wait(&object, Some(limit)).await.is_ok() }
    });
    let results = stage.runtime.block_on(fan_out(stage.platform.clock(), 2, work.collect()));
    assert_eq!(results, [Some(false), Some(true)]);
}

#[test]
fn nothing_is_looked_at_once_nobody_waits() {
    let stage = stage(1, None, |number, _| Ok(server(number, "DEALLOCATING")));
    assert!(stage.wait(&deallocating(1), 3)[0].is_err());
    let looks = stage.calls("get_server");
    stage.runtime.block_on(stage.platform.clock().sleep(Duration::from_hours(1)));
    assert_eq!(stage.calls("get_server"), looks);
    assert_eq!(stage.seconds(), 3603);
    drop(stage.busy);
}

#[test]
fn a_plain_object_is_waited_for_until_it_rests() {
    let stage = stage(1, None, |number, now| Ok(server(number, if now < 5 { "MYSTERY" } else { "INACTIVE" })));
    let plain = Resource::new(Kind::Server, Target::default(), Form::Plain, server(0, "ACTIVE").to_string().into());
    assert_eq!(stage.wait(&[plain], 60)[0].as_ref().expect("it rests").status(), Some("INACTIVE"));
}
