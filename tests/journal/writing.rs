//! What is written, and what happens when it cannot be.

use std::path::Path;

use stackhand::journal::{Outcome, RunOutcome};

use super::counting::{Counting, ID};
use super::kills::archive;
use crate::process::Workspace;
use crate::secrets::forms;

fn update(fields: &str) -> String {
    format!("import \"stackit/iaas\" as iaas; iaas::update_server(\"{ID}\", #{{ {fields} }}); print(\"done\");")
}

/// All that lies in a folder, as one text.
fn everything_in(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        text.push_str(&path.display().to_string());
        if path.is_dir() {
            text.push_str(&everything_in(&path));
        } else {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(&path).expect("readable")));
        }
    }
    text
}

#[test]
fn a_journal_that_cannot_be_written_lets_nothing_be_changed_and_reads_go_on() {
    let server = Counting::start();
    let home = server.workspace().file(".local/state/stackhand/journal", "this is a file");
    let ran = home.run(&["eval", &update("name: \"x\"")]);
    assert_eq!(ran.code, 4, "{ran:?}");
    for part in [
        "error[journal_unwritable]",
        "nothing is changed without it",
        ".local/state/stackhand/journal",
        "hint: make sure",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {ran:?}");
    }
    let caught = format!(
        "for i in 0..3 {{ try {{ {} }} catch (e) {{ print(e.code); }} }}",
        update("name: \"x\"").split_once("; ").expect("two").1
    );
    let ran = home.run(&["eval", &format!("import \"stackit/iaas\" as iaas; {caught}")]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "journal_unwritable\njournal_unwritable\njournal_unwritable\n"));
    let body = "{\"name\":\"x\"}";
    let server_id = format!("serverId={ID}");
    let ran = home.run(&["api", "iaas", "update_server", "-p", &server_id, "--body", body]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(server.changes(), 0);
    let ran = home.run(&["eval", &format!("server(\"{ID}\").name")]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "web-1\n"), "{ran:?}");
    assert!(ran.stderr.contains("warning: the journal cannot be written"), "{ran:?}");
}

#[test]
fn every_way_to_change_something_is_recorded_with_who_and_why() {
    let server = Counting::start();
    let home = server.workspace().file("stackhand.toml", "journal_days = 30\n").file(
        "a.rhai",
        format!("//! Renames.\n//! Permissions: iaas.server.update\nlet args = params(#{{ api_token: \"\", size: 1 }});\n{}", update("name: \"x\"")),
    );
    let server_id = format!("serverId={ID}");
    for (words, code) in [
        (vec!["eval", "1", "--reason", "to see"], 0),
        (vec!["run", "a.rhai", "--reason", "ticket 7", "--api-token", "s3cr3t-value", "--size", "5"], 0),
        (
            vec!["api", "iaas", "update_server", "-p", &server_id, "--body", "{\"name\":\"y\"}", "--reason", "by hand"],
            0,
        ),
        (vec!["api", "iaas", "get_server", "-p", &server_id], 0),
        (vec!["eval", "throw \"no\"", "--sim"], 1),
    ] {
        let ran = home.run(&words);
        assert_eq!(ran.code, code, "{words:?}: {ran:?}");
    }
    let folder = stackhand::journal::Folder::new(home.path(".stackhand/journal"));
    let archive = stackhand::journal::Archive::new(folder);
    let mut runs = archive.runs(None, 9).expect("readable");
    runs.reverse();
    let reasons: Vec<_> = runs.iter().map(|run| run.began.who.reason.as_deref().unwrap_or_default()).collect();
    assert_eq!(reasons, ["to see", "ticket 7", "by hand"], "neither reads by `api` nor simulated runs are recorded");
    assert!(runs.iter().all(|run| run.outcome() == RunOutcome::Done && run.began.who.user.is_some()));
    let counts: Vec<_> = runs.iter().map(|run| run.counts().done).collect();
    assert_eq!(counts, [0, 1, 1]);
    assert_eq!(runs[1].changes[0].outcome(), Outcome::Done);
    assert_eq!(runs[1].began.arguments["size"], 5);
    assert!(!everything_in(&home.path(".stackhand")).contains("s3cr3t"));
    assert!(archive.verify().expect("readable").flaws.is_empty());
}

#[test]
fn a_planted_secret_is_in_no_file_of_the_journal() {
    const CANARY: &str = "canary-Wn7\"x\\y+/=%&ü-4471";
    let server = Counting::start();
    let home = server.workspace().variable("DB_PASSWORD", CANARY);
    let read = "let s = secret(\"DB_PASSWORD\"); let t = env(\"DB_PASSWORD\");";
    for script in [
        format!("{read} print(s); log.warn(t); {}", update("labels: #{ a: t }, name: s, description: t")),
        format!("{read} {}", update("metadata: #{ password: t }")),
        format!("{read} throw t"),
        format!("{read} throw #{{ message: `a ${{s}}`, hint: t, code: t }}"),
        format!("{read} skip(t)"),
    ] {
        home.run(&["eval", "--allow", "env:*,secret:*", &script]);
    }
    let text = everything_in(&home.path(".local/state/stackhand"));
    assert!(text.contains("***"), "secrets were written there");
    for form in forms(CANARY) {
        assert!(!text.contains(&form), "`{form}` is in it");
    }
    let runs = archive(&home).runs(None, 9).expect("readable");
    assert!(runs.len() == 5 && runs.iter().all(|run| run.notes.is_empty()), "all of it is read again");
}

#[test]
fn a_workspace_keeps_its_own_journal_and_an_unknown_run_gets_a_hint() {
    let server = Counting::start();
    let home = server.workspace().file("stackhand.toml", "").file("deep/er/x", "");
    let ran = home.run(&["eval", &update("name: \"x\"")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = home.run(&["runs", "list", "-o", "json"]);
    let listed: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let id = listed[0]["run"].as_str().expect("an id").to_owned();
    assert!(home.path(".stackhand/journal").is_dir());
    let ran = home.run(&["runs", "show", "zzzz"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains(&format!("the latest run is `{id}`")), "{ran:?}");
    let shown = home.run(&["runs", "show", &id[..6]]);
    for part in [id.as_str(), "outcome    done", "1 done, 0 refused", "iaas.update_server", "ACTIVE", "next", "--undo"]
    {
        assert!(shown.stdout.contains(part), "{part}: {shown:?}");
    }
    let logs = home.run(&["runs", "logs"]);
    assert_eq!(logs.stdout, "done\n");
    let exported = home.run(&["journal", "export"]);
    assert_eq!(exported.stdout.lines().count(), 4, "{exported:?}");
    assert!(exported.stdout.lines().all(|line| line.contains(&id) && line.contains("\"user\"")), "{exported:?}");
    let path = std::fs::read_dir(home.path(".stackhand/journal")).expect("readable");
    let day = path.map(|entry| entry.expect("readable").path()).find(|path| path.is_dir()).expect("a day");
    let file = day.join(format!("{id}.ndjson"));
    let text = std::fs::read_to_string(&file).expect("readable");
    std::fs::write(&file, text.replacen("\"name\":\"x\"", "\"name\":\"z\"", 1)).expect("writable");
    let verified = home.run(&["journal", "verify"]);
    assert_eq!(verified.code, 1, "{verified:?}");
    assert!(verified.stdout.contains(".ndjson:2: the line was changed"), "{verified:?}");
}

#[test]
fn only_the_user_may_read_the_journal() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Workspace::new();
    home.run(&["eval", "print(1)"]);
    let mut folders = vec![home.path(".local/state/stackhand/journal")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        assert_eq!(std::fs::metadata(&folder).expect("there").permissions().mode() & 0o777, 0o700, "{folder:?}");
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != ".gitignore") {
                files += 1;
                assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600, "{path:?}");
            }
        }
    }
    assert_eq!(files, 4, "the run, its output, the index and its lock");
}

#[test]
fn a_run_that_could_not_begin_is_not_on_record_as_begun() {
    let server = Counting::start();
    let home = server.workspace();
    for (option, value) in [("--caps", "nonsense"), ("--timeout", "soon"), ("--fire-time", "noon")] {
        let ran = home.run(&["eval", "1", option, value]);
        assert_eq!(ran.code, 2, "{option}: {ran:?}");
    }
    assert_eq!(home.run(&["eval", "1"]).code, 0);
    assert_eq!(archive(&home).runs(None, 9).expect("readable").len(), 1);
}

#[test]
fn a_system_log_that_is_no_socket_is_an_error_of_the_configuration() {
    let server = Counting::start();
    for (address, expected) in [
        ("/dev/null", "`journal_syslog` leads to something that is no socket: `/dev/null`"),
        ("nowhere", "`journal_syslog` is no place to send to: `nowhere`"),
    ] {
        let home = server.workspace().file("stackhand.toml", format!("journal_syslog = \"{address}\"\n"));
        let ran = home.run(&["eval", &update("name: \"x\"")]);
        assert_eq!(ran.code, 3, "{ran:?}");
        for part in [expected, "stackhand.toml", "hint: give ", "/dev/log"] {
            assert!(ran.stderr.contains(part), "{part}: {ran:?}");
        }
    }
    assert_eq!(server.changes(), 0);
    // What is not there yet may come; the file is what counts.
    let home = server.workspace().file("stackhand.toml", "journal_syslog = \"/nowhere/log\"\n");
    let ran = home.run(&["eval", &update("name: \"x\"")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("is not mirrored to the system's log"), "{ran:?}");
}
