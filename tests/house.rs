//! The workspace that ships: it is right as it stands, and `stackhand serve` runs each of its jobs.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use stackhand::simulator::world::{demo, demo_start};

use crate::process::{Stream, Workspace};

const JOBS: [&str; 4] = ["morning-shift", "night-shift", "quota-alert", "rotation"];

fn shipped() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts")
}

/// A copy of the recipes and of the workspace, with its file changed.
fn copy(change: impl Fn(&str) -> String) -> Workspace {
    let mut copy = Workspace::new();
    for file in std::fs::read_dir(shipped()).expect("scripts") {
        let path = file.expect("a file").path();
        if path.is_file() {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            copy = copy.file(&name, std::fs::read(&path).expect("a recipe"));
        }
    }
    let text = std::fs::read_to_string(shipped().join("workspace/stackhand.toml")).expect("a workspace");
    copy.file("workspace/stackhand.toml", change(&text))
}

#[test]
fn the_workspace_that_ships_lacks_nothing_but_credentials() {
    let copy = copy(str::to_owned);
    let checked = copy.start_in("workspace", &["jobs", "check", "-o", "json"]).end();
    assert_eq!(checked.code, 0, "{checked:?}");
    let checked: Value = serde_json::from_str(&checked.stdout).expect("JSON");
    let findings = checked["findings"].as_array().expect("a list").iter();
    let codes: BTreeSet<&str> = findings.filter_map(|one| one["code"].as_str()).collect();
    // The rotation at two is due on the days on which the clocks change, and told so.
    assert_eq!(codes, BTreeSet::from(["clocks_change", "no_credentials"]), "{checked}");
    let jobs = checked["jobs"].as_array().expect("a list").iter();
    let jobs: BTreeSet<&str> = jobs.filter_map(|job| job["job"].as_str()?.split('@').next()).collect();
    assert_eq!(jobs, BTreeSet::from(JOBS));
}

/// A world with a volume to rotate, a server to deallocate, and one that only needs its mark taken off.
fn world() -> String {
    let mut world = demo(demo_start()).to_json(demo_start());
    let region = &mut world["projects"][0]["regions"]["eu01"];
    for server in region["servers"].as_array_mut().expect("a list") {
        match server["name"].as_str() {
            Some("build-runner-2") => {}
            Some("bastion") => {
                server["labels"] = json!({
                    "schedule": "office-hours",
                    "stackhand.keep-until": "20991231T0600",
                    "stackhand.stopped-by": "deallocate-at-night",
                });
            }
            _ => server["labels"] = json!({}),
        }
    }
    for volume in region["volumes"].as_array_mut().expect("a list") {
        if volume["name"] != "build-artifacts" {
            volume["labels"] = json!({});
        }
    }
    world.to_string()
}

#[test]
fn each_job_of_the_house_runs_under_the_scheduler_to_its_end() {
    // Opposing jobs that are due at the same instant supersede each other, so night and morning take turns.
    let often = [
        ("schedule = \"0 2 * * *\"", "every = \"1s\""),
        ("every = \"1h\"", "every = \"1s\""),
        ("schedule = \"0 20 * * Mon-Fri\"", "schedule = \"*/4 * * * * *\""),
        ("schedule = \"0 7 * * Mon-Fri\"", "schedule = \"2-59/4 * * * * *\""),
        ("skip = [\"holidays:DE-BW\", \"12-24..01-01\"]", "skip = []"),
    ];
    let copy = copy(|text| {
        let text = often.iter().fold(text.to_owned(), |text, (before, after)| {
            assert!(text.contains(before), "{before}");
            text.replacen(before, after, 1)
        });
        // The world has the one project.
        text.replace("profiles = [\"shop-test\", \"shop-prod\"]", "profiles = [\"shop-prod\"]")
    })
    .file("world.json", world());
    // A cloud whose minutes are seconds: servers take their time to stop.
    let words = ["sim", "--listen", "127.0.0.1:0", "--key-file", "key.json", "--world", "world.json", "--speed", "60"];
    let mut simulator = copy.start(&[&words[..], &["-o", "json"]].concat());
    let url = simulator.hears(Stream::Out, "\"url\"");
    let url = url.split('"').nth(3).expect("a text");
    let key = copy.path("key.json").display().to_string();
    let copy = copy.variable("STACKIT_SERVICE_ACCOUNT_KEY_PATH", key).variable("STACKIT_IAAS_CUSTOM_ENDPOINT", url);
    let mut serving = copy.start_in("workspace", &["serve", "--listen", "off"]);
    let mut done = BTreeSet::new();
    while done.len() < JOBS.len() {
        let line = serving.hears(Stream::Err, "INFO done job=\"");
        let job = line.split("job=\"").nth(1).and_then(|rest| rest.split('@').next());
        done.insert(job.expect("its name").to_owned());
    }
    assert_eq!(done, BTreeSet::from(JOBS.map(str::to_owned)));
    serving.signal("TERM");
    // Two that come at once are one.
    serving.hears(Stream::Err, "nothing is started any more");
    serving.signal("TERM");
    let ended = serving.end();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!ended.stderr.contains("ERROR"), "{}", ended.stderr);
}

#[test]
fn a_unit_of_systemd_is_printed_and_systemd_understands_it() {
    let copy = copy(str::to_owned);
    let path = copy.path("workspace/stackhand-workspace.service");
    let out = path.display().to_string();
    let words = ["export", "systemd", "--user", "root", "--binary", env!("CARGO_BIN_EXE_stackhand"), "--out", &out];
    let printed = copy.start_in("workspace", &words).end();
    assert_eq!(printed.code, 0, "{printed:?}");
    assert!(printed.stderr.contains("a service has a /tmp of its own"), "{printed:?}");
    let unit = std::fs::read_to_string(&path).expect("a unit");
    assert!(unit.contains("\nNoNewPrivileges=yes\n") && unit.contains("\nTimeoutStopSec=360s\n"), "{unit}");
    let outside = Workspace::new().run(&["export", "systemd"]);
    assert_eq!(outside.code, 3, "{outside:?}");
    // Not every machine has it.
    if let Ok(verified) = std::process::Command::new("systemd-analyze").arg("verify").arg(&path).output() {
        let said = String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success() && !said.contains("stackhand-workspace.service:"), "{said}");
    }
}
