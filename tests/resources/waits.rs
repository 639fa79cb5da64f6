//! Waiting, with and without trouble.

use serde_json::json;
use stackhand::error::Kind;
use stackhand::simulator::world::large;

use crate::stage::Stage;

#[test]
fn a_thousand_servers_are_waited_for_with_a_list_a_look() {
    let stage = Stage::of(large(1000));
    let statuses = stage
        .eval("wait_all(servers().filter(|s| s.status == \"ACTIVE\").deallocate(), hours(1)).count_by(\"status\")");
    assert!(statuses["DEALLOCATED"].as_u64() > Some(500), "{statuses}");
    let (lists, reads) = (stage.count("list_servers"), stage.count("get_server"));
    // One list is the script's own; the last few servers may be read one by one.
    assert!((lists + reads) as u64 <= stage.seconds() + 2, "{lists} lists and {reads} reads in {} s", stage.seconds());
}

#[test]
fn waiters_of_parallel_closures_share_their_looks() {
    let stage = Stage::of(large(200));
    let script = "servers().filter(|s| s.status == \"ACTIVE\").parallel(#{ workers: 64 }, |s| s.deallocate().wait(hours(1)).status).len() > 100";
    assert_eq!(stage.eval(script), json!(true));
    let looks = stage.count("list_servers") as u64 + stage.count("get_server") as u64 / 4;
    assert!(looks <= stage.seconds() + 2, "{looks} looks in {} s", stage.seconds());
}

#[test]
fn a_wait_that_takes_too_long_names_what_is_not_done() {
    let rules = json!([{ "operation": "deallocate_server", "slowFactor": 1000.0 }]);
    let stage = Stage::demo().with_faults(&rules);
    let error = stage.fail("server(\"web-1\").deallocate().wait(minutes(2))");
    assert_eq!(error.kind, Kind::Timeout);
    assert_eq!(
        error.message,
        "`deallocate` of the server `web-1` was not done after 120 s; its last status was DEALLOCATING"
    );
    assert_eq!(error.kind.exit_code() as u8, 6);
    assert!((120..=125).contains(&stage.seconds()), "{}", stage.seconds());
    let caught = stage.eval(
        "let kinds = []; try { wait_all([\"web-2\", \"web-3\"].map(|n| server(n)).deallocate(), minutes(1)) } catch (e) { kinds = e.results.map(|r| r.error.kind) } kinds",
    );
    assert_eq!(caught, json!(["timeout", "timeout"]));
}

#[test]
fn an_error_status_is_told_with_the_apis_own_message() {
    let rules = json!([{ "operation": "start_server", "errorMessage": "no valid host was found" }]);
    let stage = Stage::demo().with_faults(&rules);
    let error = stage.fail("server(\"build-runner-2\").start().wait()");
    assert_eq!(error.kind, Kind::Server);
    assert_eq!(error.message, "`start` of the server `build-runner-2` ended in ERROR: no valid host was found");
}

#[test]
fn trouble_while_waiting_is_survived() {
    for fault in [
        json!({ "status": 503 }),
        json!({ "status": 429, "retryAfterSeconds": 3 }),
        json!({ "status": 502 }),
        json!({ "reset": "before" }),
        json!({ "truncateBytes": 20 }),
    ] {
        let mut rule = fault.clone();
        rule["operation"] = json!("get_server");
        rule["times"] = json!(25);
        let stage = Stage::demo().with_faults(&json!([rule]));
        let script = "servers(\"role=web, env=production\")[0].stop().wait(hours(1)).status";
        assert_eq!(stage.eval(script), json!("INACTIVE"), "{fault}");
        assert!(stage.count("get_server") > 25, "{fault}");
    }
}

#[test]
fn a_delete_waits_until_the_object_is_gone() {
    let stage = Stage::demo();
    let script = "let all = volume(\"shop-uploads\").snapshots(); expect(all, #{ min: 20 });
                  let gone = wait_all(all.delete(), minutes(30)); [gone.len() == all.len(), snapshots().len()]";
    assert_eq!(stage.eval(script)[0], json!(true));
}

#[test]
fn a_cancel_ends_a_wait_at_once() {
    let rules = json!([{ "operation": "deallocate_server", "slowFactor": 100_000.0, "times": 1 }]);
    let stage = Stage::demo().with_faults(&rules);
    let script = "let s = server(\"web-1\").deallocate();
                  parallel([1, 2, 3], |n| if n < 3 { s.wait(days(30)) } else { sleep(minutes(5)); print(\"cancel\"); s.wait(days(30)) })";
    let error = stage.fail(script);
    assert_eq!(error.kind, Kind::Cancelled);
    // The others of a later run are not held up by what was given up.
    assert_eq!(stage.eval("server(\"web-2\").deallocate().wait().status"), json!("DEALLOCATED"));
    let looks = stage.count("get_server");
    stage.eval("sleep(days(1))");
    assert_eq!(stage.count("get_server"), looks);
}

#[test]
fn an_object_of_no_verb_is_waited_for_until_it_rests() {
    let stage = Stage::demo();
    assert_eq!(stage.eval("server(\"web-1\").wait().status"), json!("ACTIVE"));
    assert_eq!(stage.fail("server(\"migration-trial\").wait()").kind, Kind::Server);
    assert_eq!(stage.eval("machine_types()[0].wait().name == machine_types()[0].name"), json!(true));
}
