//! A workspace from nothing, by the real binary.

use serde_json::Value;

use crate::process::Workspace;

const PROJECT: &str = "5c1f0a3e-7d42-4b86-9e0d-2f6b8a41c7d9";

#[test]
fn a_new_workspace_is_right_and_its_job_is_due() {
    let work = Workspace::new().file("README.md", "mine");
    let made = work.run(&["init", "--timezone", "Europe/Berlin", "--project-id", PROJECT, "-o", "json"]);
    assert_eq!(made.code, 0, "{made:?}");
    let written: Value = serde_json::from_str(&made.stdout).expect("JSON");
    assert_eq!(written["written"], serde_json::json!(["scripts/quota_alert.rhai", ".gitignore", "stackhand.toml"]));
    let checked = work.run(&["jobs", "check", "-o", "json"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    let checked: Value = serde_json::from_str(&checked.stdout).expect("JSON");
    let codes: Vec<&str> =
        checked["findings"].as_array().expect("a list").iter().filter_map(|one| one["code"].as_str()).collect();
    assert_eq!(codes, ["no_credentials"], "{checked}");
    assert!(checked["jobs"][0]["next"].is_string(), "{checked}");
    let next = work.run(&["jobs", "next", "--from", "2026-12-31T09:00", "-n", "2"]);
    let times: Vec<&str> = next.stdout.lines().skip(1).map(str::trim).collect();
    let wanted = ["Fri 2027-01-01 08:00:00 +01:00  quota-alert", "Mon 2027-01-04 08:00:00 +01:00  quota-alert"];
    assert_eq!((next.code, times.as_slice()), (0, wanted.as_slice()), "{next:?}");
    let ran = work.run(&["run", "scripts/quota_alert.rhai", "--sim"]);
    assert!(ran.code == 0 && ran.stdout.contains("QUOTA"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(work.path("README.md")).expect("a file"), "mine");
}

#[test]
fn closed_dates_and_changing_clocks_are_told_beside_the_fire_times() {
    let work = Workspace::new().file(
        "stackhand.toml",
        "timezone = \"Europe/Berlin\"\n[[job]]\nname = \"a\"\nrecipe = \"a.rhai\"\nschedule = \"30 2 * * *\"\n\
         calendar = { skip = [\"holidays:DE-BW\", \"2027-03-29\"] }\n",
    );
    let next = work.run(&["jobs", "next", "a", "--from", "2027-03-25", "--count", "4"]);
    insta::assert_snapshot!(next.stdout);
    let next = work.run(&["jobs", "next", "--from", "2027-03-26", "--count", "1", "-o", "json"]);
    let next: Value = serde_json::from_str(&next.stdout).expect("JSON");
    assert_eq!(next[0]["at"], "2027-03-26T02:30:00+01:00");
    assert_eq!(next[0]["left_out"], "Good Friday (holidays:DE-BW)");
}

#[test]
fn the_schema_is_json() {
    let schema = Workspace::new().run(&["jobs", "schema"]);
    let schema: Value = serde_json::from_str(&schema.stdout).expect("JSON");
    assert_eq!(schema["properties"]["job"]["items"]["required"], serde_json::json!(["name", "recipe"]));
}
