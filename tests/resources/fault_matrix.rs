//! Every fault, once and for ever, on every kind of call: what comes of it is right, or an error of the right kind;
//! nothing is made twice, and no success is told that is none.

use serde_json::{Value, json};
use stackhand::error::Kind;
use stackhand::simulator::Faults;

use crate::stage::Stage;

/// What can happen to a call, and the kinds of error that may come of it, if it goes on for ever.
fn faults() -> Vec<(&'static str, Value, &'static [Kind])> {
    use Kind::{Auth, Incomplete, Network, Permission, RateLimited, Server, Timeout};
    vec![
        ("latency", json!({ "latencySeconds": 7.0 }), &[]),
        ("an endless latency", json!({ "latencySeconds": 1e6 }), &[Timeout]),
        ("401", json!({ "status": 401 }), &[Auth]),
        ("403", json!({ "status": 403 }), &[Permission]),
        ("429", json!({ "status": 429 }), &[RateLimited]),
        ("429 with Retry-After", json!({ "status": 429, "retryAfterSeconds": 5 }), &[RateLimited]),
        ("429 with a long Retry-After", json!({ "status": 429, "retryAfterSeconds": 86_400 }), &[RateLimited]),
        ("500", json!({ "status": 500 }), &[Server]),
        ("502", json!({ "status": 502 }), &[Server]),
        ("503", json!({ "status": 503 }), &[Server]),
        ("503 with Retry-After", json!({ "status": 503, "retryAfterSeconds": 5 }), &[Server]),
        ("504", json!({ "status": 504 }), &[Server, Timeout]),
        ("500 after the effect", json!({ "status": 500, "effectTaken": true }), &[Server]),
        ("502 after the effect", json!({ "status": 502, "effectTaken": true }), &[Server]),
        ("504 after the effect", json!({ "status": 504, "effectTaken": true }), &[Server, Timeout]),
        ("reset before the effect", json!({ "reset": "before" }), &[Network]),
        ("reset after the effect", json!({ "reset": "after" }), &[Network]),
        ("truncated", json!({ "truncateBytes": 10 }), &[Network, Incomplete]),
    ]
}

/// Whether a fault that passes may still end the call: who is told "no" is not to try again.
fn is_final(fault: &str) -> bool {
    fault == "403" || fault == "429 with a long Retry-After"
}

/// A call that can fail.
struct Subject {
    operation: &'static str,
    /// Makes the call, and gives `right` if it went well.
    script: &'static str,
    right: Value,
    /// Counts what the call makes or removes, and the counts with and without it.
    count: Option<(&'static str, u64, u64)>,
}

fn reads() -> Vec<Subject> {
    vec![
        Subject { operation: "list_servers", script: "servers().len()", right: json!(19), count: None },
        Subject {
            operation: "get_server",
            script: "servers(\"role=bastion\")[0].refresh().status",
            right: json!("ACTIVE"),
            count: None,
        },
    ]
}

fn changes() -> Vec<Subject> {
    vec![
        Subject {
            operation: "create_volume",
            script: "create_volume(#{ name: \"new\", availabilityZone: \"eu01-1\", size: 1 }).wait().status",
            right: json!("AVAILABLE"),
            count: Some(("volumes().filter(|v| v.name == \"new\").len()", 1, 0)),
        },
        Subject {
            operation: "create_server",
            script: "create_server(#{
                name: \"new\", machineType: \"g2i.1\", availabilityZone: \"eu01-1\",
                bootVolume: #{ size: 20, source: #{ type: \"image\", id: images()[0].id } },
                networking: #{ networkId: networks()[0].id },
            }).wait().status",
            right: json!("ACTIVE"),
            count: Some(("servers().filter(|s| s.name == \"new\").len()", 1, 0)),
        },
        Subject {
            operation: "create_snapshot",
            script: "volume(\"shop-uploads\").create_snapshot(\"new\").wait().status",
            right: json!("AVAILABLE"),
            count: Some(("snapshots().filter(|s| s.name == \"new\").len()", 1, 0)),
        },
        Subject {
            operation: "deallocate_server",
            script: "server(\"web-1\").deallocate().wait().status",
            right: json!("DEALLOCATED"),
            count: Some(("servers().filter(|s| s.name == \"web-1\" && s.status == \"DEALLOCATED\").len()", 1, 0)),
        },
        Subject {
            operation: "delete_snapshot",
            script: "volume(\"shop-uploads\").snapshots()[0].delete().wait().status",
            right: json!("DELETED"),
            count: Some(("volume(\"shop-uploads\").snapshots().len()", 60, 61)),
        },
    ]
}

fn suffering(operation: &str, fault: &Value, times: Option<u64>) -> Stage {
    let mut rule = fault.clone();
    rule["operation"] = json!(operation);
    if let Some(times) = times {
        rule["times"] = json!(times);
    }
    Stage::demo().with_faults(&json!([rule]))
}

/// What is wrong with how it went.
fn judge(subject: &Subject, fault: &str, kinds: &[Kind], stage: &Stage, is_once: bool) -> Option<String> {
    let outcome = stage.run(subject.script);
    stage.simulator.set_faults(Faults::default());
    // What is under way ends before anything is counted.
    let count = subject.count.map(|(script, with, without)| {
        let count = stage.eval(&format!("sleep(hours(1)); {script}")).as_u64().unwrap_or_default();
        (count, with, without)
    });
    let Some(error) = outcome.error() else {
        let is_right = outcome.value == subject.right && count.is_none_or(|(count, with, _)| count == with);
        return (!is_right).then(|| format!("a false success: {}, count {count:?}", outcome.value));
    };
    let is_change = subject.count.is_some();
    if is_once && !is_change && !is_final(fault) {
        return Some(format!("a read that failed once is an error: {error:?}"));
    }
    match (error.kind, count) {
        (Kind::Ambiguous, Some((count, with, without))) => {
            (count != with && count != without).then(|| format!("made more than once: {count}"))
        }
        (kind, count) if kinds.contains(&kind) => {
            // A create says `ambiguous` then; the rest may be repeated, and says that it does not know.
            let is_unsure =
                error.message.contains("it may have taken effect") && !subject.operation.starts_with("create");
            let is_untouched = is_unsure || count.is_none_or(|(count, _, without)| count == without);
            (!is_untouched).then(|| format!("told as failed, and yet it was done: {error:?}"))
        }
        _ => Some(format!("the wrong kind of error: {error:?}")),
    }
}

#[test]
fn every_fault_on_every_call_ends_right() {
    let mut wrong = Vec::new();
    for subject in reads().into_iter().chain(changes()) {
        for (fault, rule, kinds) in faults() {
            for times in [Some(1), None] {
                let stage = suffering(subject.operation, &rule, times);
                if let Some(why) = judge(&subject, fault, kinds, &stage, times.is_some()) {
                    let often = if times.is_some() { "once" } else { "for ever" };
                    wrong.push(format!("{fault} {often} on {}: {why}", subject.operation));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wait_survives_what_passes_and_tells_what_does_not() {
    let script = "servers(\"role=bastion\")[0].deallocate().wait(hours(2)).status";
    let mut wrong = Vec::new();
    for (fault, rule, _) in faults() {
        for times in [Some(3), None] {
            let stage = suffering("get_server", &rule, times);
            let outcome = stage.run(script);
            let kind = outcome.error().map(|error| error.kind);
            let is_right = match (fault, times) {
                ("403", _) => kind == Some(Kind::Permission),
                // A token is renewed once.
                ("401", _) => kind == Some(Kind::Auth),
                ("429 with a long Retry-After" | "an endless latency", Some(_)) => {
                    kind.is_none() || kind == Some(Kind::Timeout)
                }
                (_, Some(_)) | ("latency", None) => kind.is_none(),
                (_, None) => kind == Some(Kind::Timeout),
            };
            let is_told = kind.is_some() || outcome.value == json!("DEALLOCATED");
            if !is_right || !is_told {
                wrong.push(format!("{fault} {times:?}: {} {:?}", outcome.value, outcome.error()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_slow_transition_is_waited_for_and_one_that_fails_is_told() {
    for subject in changes() {
        let slow = suffering(subject.operation, &json!({ "slowFactor": 3.0 }), Some(1));
        assert_eq!(slow.eval(subject.script), subject.right, "{}", subject.operation);
        let failing = suffering(subject.operation, &json!({ "errorMessage": "the disk is on fire" }), Some(1));
        let error = failing.fail(subject.script);
        assert_eq!(error.kind, Kind::Server, "{}: {error:?}", subject.operation);
        // Of volumes and snapshots the API has no message.
        let has_message = subject.operation.ends_with("_server");
        assert!(!has_message || error.message.contains("the disk is on fire"), "{}: {error:?}", subject.operation);
    }
}

#[test]
fn a_cancel_ends_a_run_wherever_it_is() {
    let stuck = json!([
        { "operation": "list_images", "latencySeconds": 1e5 },
        { "operation": "deallocate_server", "slowFactor": 1e5 },
    ]);
    for (what, blocked) in [
        ("a call", "images()"),
        ("a wait", "server(\"web-1\").deallocate().wait(days(30))"),
        ("a sleep", "sleep(days(30))"),
        ("a wait for many", "wait_all(servers(\"role=web, env=production\").deallocate(), days(30))"),
        ("workers", "parallel([1, 2, 3], |n| sleep(days(30)))"),
        ("workers that are tried", "try_parallel([1, 2, 3], |n| sleep(days(30)))"),
        ("what catches", "loop { try { sleep(days(30)) } catch { } }"),
    ] {
        let stage = Stage::demo().with_faults(&stuck);
        let outcome = stage.run(&format!(
            "parallel([1, 2], |n| if n == 1 {{ {blocked} }} else {{ sleep(seconds(5)); print(\"cancel\"); sleep(days(9)) }})"
        ));
        // Each would end otherwise, or never; how far virtual time gets until the cancel is seen is left open.
        assert_eq!(outcome.error().map(|error| error.kind), Some(Kind::Cancelled), "{what}: {outcome:?}");
        assert_eq!(outcome.exit_code(), 130, "{what}");
    }
    let outcome = Stage::demo().run("print(\"cancel\"); loop { try { loop { } } catch { } }");
    assert_eq!(outcome.exit_code(), 130, "{outcome:?}");
}
