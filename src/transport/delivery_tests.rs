//! Repeats, pace, tokens and time limits, against a backend that plays a script.

use std::time::Duration;

use serde_json::json;

use crate::error::Kind;
use crate::transport::testing::{ID, Stage, Step, answer, call, empty, refused, reset};
use crate::transport::{BackendError, Call, Limits};

fn list() -> Call {
    call("list_servers")
}

fn items() -> Step {
    answer(200, &json!({ "items": [] }))
}

fn delete() -> Call {
    call("delete_server").with("serverId", ID)
}

fn reboot() -> Call {
    call("reboot_server").with("serverId", ID)
}

fn mint() -> Call {
    let operation = crate::catalog::operation("service-account", "create_access_token").expect("the catalogue has it");
    Call::new(operation, crate::transport::testing::target())
        .with("serviceAccountEmail", "robot@sa.stackit.cloud")
        .with_json(json!({ "ttlDays": 1 }))
}

#[test]
fn an_answer_comes_back_with_its_body_and_ids() {
    let stage = Stage::new([items().with("x-request-id", "req-1")]);
    let answer = stage.send(list()).expect("an answer");
    assert_eq!((answer.status, answer.request_id.as_deref()), (200, Some("req-1")));
    assert_eq!(answer.body, r#"{"items":[]}"#);
    assert_eq!(answer.date, Some(stage.clock.now()));
    assert_eq!(answer.content_type.as_deref(), Some("application/json"));
    assert_eq!(stage.seen()[0].headers["authorization"], "Bearer token-1");
}

#[test]
fn a_read_survives_every_passing_failure() {
    let cut = || items().with("content-length", "4000");
    for failure in [
        empty(408),
        empty(425),
        empty(429),
        empty(500),
        empty(502),
        empty(503),
        empty(504),
        reset(),
        refused(),
        cut(),
        Step::Answer { status: 200, headers: vec![("content-type", "text/html".into())], body: "<html>".into() },
        Step::Answer { status: 200, headers: vec![], body: r#"{"items":["#.into() },
        empty(200),
    ] {
        let stage = Stage::new([failure.clone(), failure.clone(), items()]);
        assert!(stage.send(list()).is_ok(), "{failure:?}");
        assert_eq!(stage.left(), 0, "{failure:?}");
    }
}

#[test]
fn what_the_api_refuses_is_not_repeated() {
    for (status, kind) in [
        (400, Kind::Invalid),
        (403, Kind::Permission),
        (404, Kind::NotFound),
        (409, Kind::Conflict),
        (413, Kind::Quota),
        (422, Kind::Invalid),
        (301, Kind::Server),
        (501, Kind::Server),
    ] {
        let stage = Stage::new([answer(status, &json!({ "code": status, "msg": "no" })).with("x-trace-id", "t-1")]);
        let error = stage.send(list()).expect_err("it is refused");
        assert_eq!((error.kind, error.status()), (kind, Some(status)));
        assert_eq!(error.message, format!("`iaas.list_servers` answered {status}: no"));
        assert_eq!(error.facts.api_code, Some(status.to_string()));
        assert_eq!(error.facts.request_id.as_deref(), Some("t-1"));
        assert!(!error.is_retryable());
    }
}

#[test]
fn a_refusal_names_the_permission_or_the_quota() {
    let stage = Stage::new([answer(403, &json!({ "code": 403, "msg": "Forbidden" }))]);
    let error = stage.send(delete()).expect_err("it is refused");
    assert_eq!(error.facts.permission.as_deref(), Some("iaas.server.delete"));
    assert!(error.hint.expect("a hint").contains("`iaas.server.delete`"));
    let stage = Stage::new([answer(400, &json!({ "code": 400, "msg": "Quota exceeded for volumes" }))]);
    assert_eq!(stage.send(list()).expect_err("it is refused").kind, Kind::Quota);
}

#[test]
fn after_all_repeats_the_last_failure_is_told() {
    let stage = Stage::new(vec![answer(502, &json!({ "msg": "upstream" })); 10]);
    let error = stage.send(list()).expect_err("it never works");
    assert_eq!((error.kind, error.status(), error.is_retryable()), (Kind::Server, Some(502), true));
    assert_eq!(error.message, "`iaas.list_servers` answered 502: upstream (after 10 tries)");
    assert!(stage.clock.monotonic() < Duration::from_mins(1));
}

#[test]
fn what_a_proxy_answers_for_the_api_is_told_after_few_tries() {
    let of_type = |content_type: &str, body: &str| Step::Answer {
        status: 200,
        headers: vec![("content-type", content_type.to_owned())],
        body: body.to_owned(),
    };
    for (step, told) in [
        (of_type("text/html; charset=utf-8", "<html>Sign in</html>"), "it is `text/html` and not JSON"),
        (of_type("text/plain", "no such route"), "it is `text/plain` and not JSON"),
        (empty(200), "it is empty"),
    ] {
        let stage = Stage::new(vec![step; 3]);
        let error = stage.send(list()).expect_err("it is never JSON");
        let message = format!("the answer of `iaas.list_servers` cannot be used: {told} (after 3 tries)");
        assert_eq!((error.kind, error.message, stage.left()), (Kind::Server, message, 0));
        assert!(error.hint.expect("a hint").contains("proxy"), "{told}");
    }
    assert!(Stage::new([of_type("text/plain", r#"{"items":[]}"#)]).send(list()).is_ok(), "JSON under another name");
    let cut = Stage::new(vec![items().with("content-length", "4000"); 10]);
    let error = cut.send(list()).expect_err("it is always cut");
    assert!(error.message.ends_with("bytes came (after 10 tries)") && error.hint.is_none(), "{error}");
}

#[test]
fn a_server_that_is_never_reached_is_told_sooner_and_a_hopeless_one_at_once() {
    let stage = Stage::new(vec![refused(); 6]);
    let error = stage.send(list()).expect_err("nobody is there");
    assert_eq!((error.kind, stage.left()), (Kind::Network, 0));
    assert!(error.message.contains("got no answer from `iaas.api.stackit.cloud`: connection refused"), "{error}");
    let hopeless = BackendError::not_sent("nobody trusts the certificate").permanent().with_hint("use `--ca-file`");
    let error = Stage::new([Step::Fail(hopeless)]).send(list()).expect_err("TLS fails");
    assert_eq!(error.hint.as_deref(), Some("use `--ca-file`"));
    assert!(!error.is_retryable());
}

#[test]
fn the_wait_that_the_server_asks_for_is_kept_by_everyone() {
    let stage = Stage::new([empty(429).with("retry-after", "7"), items(), items()]);
    stage.send(list()).expect("the second try works");
    stage.send(list()).expect("it works");
    let at: Vec<_> = stage.seen().iter().map(|seen| seen.at).collect();
    assert!(at[0] < 0.001 && (at[1] - 7.0).abs() < 0.001, "{at:?}");
    assert!(at[2] > at[1] && at[2] < at[1] + 0.1, "the next call is spaced: {at:?}");
}

#[test]
fn another_thread_waits_too_and_neither_holds_a_place_meanwhile() {
    let one_place = Limits { in_flight: 1, ..Limits::default() };
    let stage = Stage::with([empty(429).with("retry-after", "5").after(1), items(), items()], |b| b.limits(one_place));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let busy = [stage.clock.busy(), stage.clock.busy()];
    let tasks: Vec<_> = busy
        .into_iter()
        .map(|busy| {
            let client = stage.client.clone();
            runtime.spawn(async move {
                let result = client.send(list()).await;
                drop(busy);
                result
            })
        })
        .collect();
    for task in tasks {
        runtime.block_on(task).expect("it ends").expect("it works");
    }
    let at: Vec<_> = stage.seen().iter().map(|seen| seen.at).collect();
    assert!((at[1] - 6.0).abs() < 0.1 && (at[2] - 6.0).abs() < 0.1, "{at:?}");
}

#[test]
fn a_wait_beyond_the_calls_time_is_told_at_once() {
    let stage = Stage::new([empty(429).with("retry-after", "120")]);
    let error = stage.send(list()).expect_err("the server asks for too long");
    assert_eq!((error.kind, error.is_retryable()), (Kind::RateLimited, true));
    assert_eq!(error.hint.as_deref(), Some("the server asks to wait 120 s, longer than the call may take"));
    assert_eq!(stage.clock.monotonic(), Duration::ZERO);
    let error = stage.send(list()).expect_err("the host is still quiet");
    assert_eq!(error.kind, Kind::RateLimited);
    assert!(error.message.contains("which lasts another 120 s"), "{error}");
    let mut patient = list();
    patient.time_limit = Some(Duration::from_mins(10));
    let patient_stage = Stage::new([empty(429).with("retry-after", "86400"), items()]);
    patient_stage.send(patient).expect("no wait is longer than the cap");
    assert_eq!(patient_stage.clock.monotonic(), Duration::from_mins(5));
}

#[test]
fn a_wait_beyond_what_any_call_waits_is_told_as_it_is() {
    let stage = Stage::new([empty(429).with("retry-after", "4000")]);
    let error = stage.send(list()).expect_err("the server asks for too long");
    assert_eq!(error.hint.as_deref(), Some("the server asks to wait 4000 s; no call waits longer than 300 s"));
}

#[test]
fn a_date_in_retry_after_is_understood() {
    let stage = Stage::new([empty(503).with("retry-after", "Sun, 22 Nov 2026 12:00:09 GMT"), items()]);
    stage.send(list()).expect("the second try works");
    assert!((stage.seen()[1].at - 9.0).abs() < 0.001);
}

#[test]
fn what_the_server_did_not_act_on_is_sent_again_whatever_it_is() {
    for refusal in [empty(429), empty(425), empty(503).with("retry-after", "1"), refused()] {
        for (call, done) in [
            (call("create_volume").with_json(json!({ "name": "data", "availabilityZone": "eu01-1", "size": 1 })), 201),
            (reboot(), 202),
            (delete(), 202),
            (mint(), 201),
        ] {
            let name = call.operation.name;
            let done = if name.starts_with("create_") { answer(done, &json!({ "id": ID })) } else { empty(done) };
            let stage = Stage::new([refusal.clone(), done]);
            assert!(stage.send(call).is_ok(), "{name} after {refusal:?}");
            assert_eq!(stage.left(), 0);
        }
    }
}

#[test]
fn a_change_that_would_count_twice_is_never_sent_twice() {
    for failure in [empty(500), empty(502), empty(503), empty(504), empty(408), reset()] {
        let reads = vec![answer(200, &json!({ "status": "ACTIVE" }))];
        let stage = Stage::new(std::iter::once(failure.clone()).chain(reads));
        let error = stage.send(reboot()).expect_err("nobody knows");
        assert_eq!(error.kind, Kind::Ambiguous, "{failure:?}");
        assert_eq!(stage.lines()[1], format!("GET /servers/{ID}"));
        let stage = Stage::new([failure]);
        assert_eq!(stage.send(mint()).expect_err("nobody knows").kind, Kind::Ambiguous);
    }
}

#[test]
fn a_reboot_that_shows_is_taken_for_done() {
    let stage = Stage::new([reset(), answer(200, &json!({ "status": "REBOOTING" }))]);
    assert_eq!(stage.send(reboot()).expect("it took effect").status, 202);
}

#[test]
fn a_token_is_renewed_once() {
    let stage = Stage::new([empty(401), items()]);
    stage.send(list()).expect("the fresh token works");
    let tokens: Vec<_> = stage.seen().iter().map(|seen| seen.headers["authorization"].clone()).collect();
    assert_eq!(tokens, ["Bearer token-1", "Bearer token-2"]);
    let stage = Stage::new([empty(401), empty(401)]);
    let error = stage.send(delete()).expect_err("a fresh token is refused, too");
    assert_eq!((error.kind, error.status(), error.is_retryable()), (Kind::Auth, Some(401), false));
}

#[test]
fn a_try_that_hangs_is_given_up_and_repeated_if_that_is_harmless() {
    let stage = Stage::new([items().after(3_600), items()]);
    stage.send(list()).expect("the second try works");
    assert!(stage.seen()[1].at >= 30.0);
    let stage = Stage::new([empty(202).after(3_600), empty(404)]);
    stage.send(delete()).expect("the first try was done after all");
    let mut hasty = list();
    hasty.time_limit = Some(Duration::from_secs(3));
    let stage = Stage::new([items().after(3_600)]);
    let error = stage.send(hasty).expect_err("its time is over");
    assert_eq!((error.kind, error.code), (Kind::Timeout, "no_answer_in_time"));
    assert_eq!(stage.clock.monotonic(), Duration::from_secs(3));
}

#[test]
fn dropping_the_call_leaves_no_place_taken_and_no_waiter_behind() {
    let one_place = Limits { in_flight: 1, ..Limits::default() };
    let stage = Stage::with([items().after(3_600), items()], |b| b.limits(one_place));
    stage.run(async {
        let cancelled = stage.clock.timeout(Duration::from_secs(2), stage.client.send(list())).await;
        assert!(cancelled.is_none());
        stage.client.send(list()).await.expect("the place is free");
    });
    assert_eq!(stage.clock.monotonic(), Duration::from_secs(2));
}

#[test]
fn a_failed_change_that_may_have_been_made_says_so() {
    let stage = Stage::new(vec![empty(502); 10]);
    let error = stage.send(delete()).expect_err("it never answers");
    assert!(error.message.ends_with("; it may have taken effect all the same"), "{error}");
    assert!(error.is_retryable(), "a delete may be repeated");
}

#[test]
fn what_a_server_says_passes_the_scrubber() {
    let scrubber = crate::secret::Scrubber::new();
    scrubber.learn("hunter2-hunter2");
    let stage =
        Stage::with([answer(400, &json!({ "code": 400, "msg": "password hunter2-hunter2 is too short" }))], |b| {
            b.scrubber(scrubber)
        });
    let error = stage.send(list()).expect_err("it is refused");
    assert!(!error.message.contains("hunter2"), "{error}");
}
