//! What may be wrong with a service account's key.

use std::os::unix::fs::PermissionsExt;
use std::sync::LazyLock;

use serde_json::{Value, json};
use stackhand::clock::Clock;
use stackhand::simulator::world::{demo, demo_start};
use stackhand::simulator::{Simulator, key_file};

use super::{Case, case, page};
use crate::process::Workspace;

/// A key as the portal hands it out. Its token endpoint is a port at which nobody listens.
pub static KEY: LazyLock<Value> = LazyLock::new(|| {
    let simulator = Simulator::new(demo(demo_start()), Clock::starting_at(demo_start()));
    let far = "2099-01-01T00:00:00Z".parse().expect("a valid time");
    key_file::make(simulator.tokens().account(), "http://127.0.0.1:9/token", far).expect("random numbers")
});

fn with(change: impl FnOnce(&mut Value)) -> String {
    let mut key = KEY.clone();
    change(&mut key);
    key.to_string()
}

/// A run with this key file.
fn key(what: &str, text: impl AsRef<[u8]>) -> Case {
    on_key(what, 3, |work| work.file("key.json", text))
}

fn on_key(what: &str, code: i32, change: impl FnOnce(Workspace) -> Workspace) -> Case {
    let project = "5c1f0a3e-7d42-4b86-9e0d-2f6b8a41c7d9";
    case(what, code, &["eval", "servers()", "--project-id", project]).within(|work| {
        let path = work.path("key.json").display().to_string();
        let work = change(work.variable("STACKIT_SERVICE_ACCOUNT_KEY_PATH", path));
        let file = work.path("key.json");
        if file.is_file() {
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
        }
        work
    })
}

#[test]
fn files_that_are_no_key() {
    insta::assert_snapshot!(page([
        on_key("no such file", 3, |work| work),
        on_key("a folder", 3, |work| work.file("key.json/inner", "")),
        key("an empty file", ""),
        key("no JSON", "my key\n"),
        key("a bare private key", KEY["credentials"]["privateKey"].as_str().expect("a text")),
        key("no text", [0xff, 0xfe, 0x00]),
        key("half a file", &KEY.to_string()[..200]),
        key("another JSON", "{\"installed\": {\"client_id\": \"x\"}}"),
        key("a list", "[]"),
    ]));
}

#[test]
fn keys_that_lack_something_or_have_it_wrong() {
    let without = |field: &str| with(|key| drop(key["credentials"].as_object_mut().expect("a map").remove(field)));
    insta::assert_snapshot!(page([
        key("no kid", without("kid")),
        key("no sub", without("sub")),
        key("no iss", without("iss")),
        key("no private key", without("privateKey")),
        key("a sub that is no UUID", with(|key| key["credentials"]["sub"] = json!("night-runner"))),
        key("a private key that is none", with(|key| key["credentials"]["privateKey"] = json!("hunter2"))),
        key(
            "a private key that is a public one",
            with(|key| key["credentials"]["privateKey"] = key["publicKey"].clone())
        ),
        key("a number for a private key", with(|key| key["credentials"]["privateKey"] = json!(5))),
        key("a key that has expired", with(|key| key["validUntil"] = json!("2020-01-01T00:00:00Z"))),
        key("a key that was switched off", with(|key| key["active"] = json!(false))),
        key("a date that is none", with(|key| key["validUntil"] = json!("soon"))),
    ]));
}

#[test]
fn a_key_that_everybody_can_read_is_warned_about() {
    let case = on_key("an endpoint that nobody listens at", 5, |work| work.file("key.json", KEY.to_string()));
    let open = on_key("a key that everybody can read", 5, |work| work.file("key.json", KEY.to_string()));
    let open = open.within(|work| {
        std::fs::set_permissions(work.path("key.json"), std::fs::Permissions::from_mode(0o644)).expect("it is ours");
        work
    });
    insta::assert_snapshot!(page([case, open]));
}
