//! `stackhand permissions` and what `check` says of headers, as typed.

use serde_json::{Value, json};

use crate::process::Workspace;

const NIGHT: &str =
    "//! Permissions: iaas.server.list\nimport \"lib/down\" as down;\nfor s in servers() {\n    down::go_down(s);\n}\n";
const DOWN: &str = "fn go_down(server) {\n    if server.managed_by == () { server.deallocate().wait(); }\n}\n";

fn work() -> Workspace {
    Workspace::new().file("night.rhai", NIGHT).file("lib/down.rhai", DOWN)
}

#[test]
fn permissions_are_told_with_their_lines_and_the_header_to_write() {
    let ran = work().run(&["permissions", "night.rhai"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn machines_get_each_recipe_and_all_together() {
    let work = work().file("alert.rhai", "quotas(); servers();");
    let ran = work.run(&["permissions", "night.rhai", "alert.rhai", "-o", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let told: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(told["recipes"].as_array().map(Vec::len), Some(2));
    assert_eq!(told["recipes"][1]["header"], "//! Permissions: iaas.quota.get, iaas.server.list");
    let all = told["permissions"].as_array().expect("a list");
    let list = all.iter().find(|one| one["permission"] == "iaas.server.list").expect("both need it");
    let places = list["places"].as_array().expect("a list");
    assert_eq!(places.iter().map(|place| &place["module"]).collect::<Vec<_>>(), ["alert.rhai", "night.rhai"]);
    assert_eq!(list["reason"], json!("recipe"));
}

#[test]
fn a_run_on_the_simulator_tells_what_is_used() {
    let text = "let args = params(#{ stop: false });\nif args.stop { servers()[0].stop(); } else { servers(); }";
    let work = Workspace::new().file("maybe.rhai", text);
    let ran = work.run(&["permissions", "maybe.rhai", "--observe", "-o", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let told: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let observed = &told["recipes"][0]["observed"];
    assert_eq!((&observed["used"], &observed["beyond"]), (&json!(["iaas.server.list"]), &json!([])));
    assert_eq!(observed["unused"], json!(["iaas.server.stop", "iaas.server.get"]));
    let ran = work.run(&["permissions", "maybe.rhai", "--observe", "-o", "json", "--", "--stop"]);
    let told: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let used = told["recipes"][0]["observed"]["used"].as_array().cloned().unwrap_or_default();
    assert!(used.contains(&json!("iaas.server.stop")), "{used:?} {}", ran.stderr);
}

const OUTSIDE: &str = "let args = params(#{ hook: \"https://hooks.example.com/x\" });\n\
    write_file(\"out.txt\", read_file(\"in.txt\"));\n\
    for s in servers() { append_file(`log/${s.name}`, s.id); }\n\
    http(#{ url: args.hook, method: \"POST\", body: \"x\" });\n\
    http(#{ url: \"https://api.example.com/y\" });\n\
    print(env(\"HOME\", \"\"));\n";

#[test]
fn what_is_touched_outside_the_api_is_told_and_asked_for() {
    let work = Workspace::new().file("outside.rhai", OUTSIDE);
    let ran = work.run(&["permissions", "outside.rhai"]);
    insta::assert_snapshot!(format!("{}\n-- stderr --\n{}", ran.stdout, ran.stderr));
    let header = "//! Permissions: iaas.server.list, fs.read:data, fs.write:out.txt, net:*, env:PATH, secret.reveal\n";
    let ran = work.file("headed.rhai", format!("{header}{OUTSIDE}")).run(&["check", "headed.rhai"]);
    insta::assert_snapshot!(ran.stdout);
    assert_eq!(ran.code, 1);
}

#[test]
fn a_run_that_is_observed_writes_and_sends_nothing() {
    let work = Workspace::new().file("outside.rhai", OUTSIDE).file("in.txt", "text");
    let ran = work.run(&["permissions", "outside.rhai", "--observe", "-o", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let told: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let observed = &told["recipes"][0]["observed"];
    assert_eq!(observed["failure"], Value::Null);
    let used = observed["used"].as_array().expect("a list");
    for name in ["fs.write:out.txt", "fs.read:in.txt", "net:hooks.example.com:443", "env:HOME"] {
        assert!(used.contains(&json!(name)), "{name} in {used:?}");
    }
    assert_eq!((&observed["beyond"], &observed["unused"]), (&json!([]), &json!(["net:?"])));
    assert!(!work.path("out.txt").exists() && !work.path("log").exists());
}

#[test]
fn a_run_that_is_observed_reads_what_it_would_have_written() {
    let text = "append_file(\"log\", \"b\"); write_file(\"new\", read_file(\"log\") + \"c\");\n\
        if read_file(\"new\") != \"abc\" { throw read_file(\"new\") }";
    let work = Workspace::new().file("own.rhai", text).file("log", "a");
    let ran = work.run(&["permissions", "own.rhai", "--observe", "-o", "json"]);
    let told: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(told["recipes"][0]["observed"]["failure"], Value::Null, "{ran:?}");
    assert!(std::fs::read_to_string(work.path("log")).is_ok_and(|text| text == "a") && !work.path("new").exists());
}

#[test]
fn a_role_is_the_body_that_the_api_takes() {
    let ran = work().run(&["permissions", "night.rhai", "--role", "night-shift"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let body: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(body["name"], "night-shift");
    assert!(
        body["permissions"].as_array().is_some_and(|all| all.contains(&json!({ "name": "iaas.server.deallocate" })))
    );
    let ran = work().run(&["permissions", "night.rhai", "--role", "Night Shift"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
}

#[test]
fn comparing_needs_a_real_credential() {
    let ran = work().run(&["permissions", "night.rhai", "--check", "--sim"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let ran = work().run(&["permissions", "night.rhai", "--check"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
}

#[test]
fn check_shows_what_a_header_lacks() {
    let ran = work().run(&["check", "night.rhai"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.stdout);
}
