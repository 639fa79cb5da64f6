//! What a person can do at night while a server runs: with a file that is broken or gone, without its socket, beside a
//! simulated one.

use std::fs::File;
use std::io::Write as _;

use crate::process::{Running, Stream, Workspace};

const TOP: &str =
    "timezone = \"Europe/Berlin\"\n[profile.shop]\nproject_id = \"11111111-1111-1111-1111-111111111111\"\n";
const SERVE: [&str; 3] = ["serve", "--listen", "off"];

/// A job that is not due while a test runs.
fn job(name: &str, more: &str) -> String {
    format!("[[job]]\nname = \"{name}\"\nrecipe = \"{name}.rhai\"\nschedule = \"0 0 29 2 *\"\n{more}\n")
}

fn workspace(jobs: &[String]) -> Workspace {
    Workspace::new().file("stackhand.toml", [TOP, &jobs.concat()].concat())
}

fn serve(home: &Workspace, words: &[&str]) -> Running {
    let mut serving = home.start(words);
    serving.hears(Stream::Err, "INFO serving");
    serving
}

#[test]
fn a_broken_or_missing_file_locks_nobody_out_while_a_server_runs() {
    let home = workspace(&[job("long", "profiles = [\"shop\"]"), job("quick", "")])
        .file("long.rhai", "log.info(\"at work\"); sleep(minutes(30))")
        .file("quick.rhai", "print(\"quickly\")");
    let mut serving = serve(&home, &SERVE);
    let wrong_job = [TOP, &job("long", ""), &job("quick", "").replace("0 0 29 2 *", "61 * * * *")].concat();
    for broken in [Some("not = [toml".to_owned()), Some(wrong_job), None] {
        match broken {
            Some(text) => std::fs::write(home.path("stackhand.toml"), text).expect("written"),
            None => std::fs::remove_file(home.path("stackhand.toml")).expect("it was there"),
        }
        let warned = |words: &[&str]| {
            let ran = home.run(words);
            assert_eq!(ran.code, 0, "{words:?}: {}", ran.stderr);
            assert!(ran.stderr.contains("the server goes on with the jobs"), "{words:?}: {}", ran.stderr);
            ran.stdout
        };
        assert!(warned(&["jobs", "run", "long"]).contains("`long@shop` was handed to the server"));
        serving.hears(Stream::Err, "at work");
        let list = warned(&["jobs", "list"]);
        assert!(list.contains("long@shop  running  Tue 20") && list.contains("quick"), "{list}");
        assert!(warned(&["jobs", "show", "long"]).contains("jobs logs long@shop -f"));
        warned(&["jobs", "pause", "long", "--for", "2h"]);
        assert!(warned(&["jobs", "list"]).contains("running"));
        warned(&["jobs", "resume", "long"]);
        assert!(warned(&["jobs", "cancel", "long"]).starts_with("cancelled: "));
        serving.hears(Stream::Err, "INFO cancelled job=\"long@shop\"");
        warned(&["jobs", "run", "quick"]);
        serving.hears(Stream::Err, "done job=\"quick\"");
        assert_eq!(warned(&["jobs", "logs", "quick"]), "quickly\n");
        assert!(warned(&["jobs", "history", "long"]).contains("cancelled"));
        let unknown = home.run(&["jobs", "cancel", "quik"]);
        assert!(unknown.code == 5 && unknown.stderr.contains("did you mean `quick`?"), "{unknown:?}");
    }
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
    // Nobody knows what to run by now; what became of it is known still.
    let run = home.run(&["jobs", "run", "quick"]);
    assert!(run.code == 3 && run.stderr.contains("no stackhand.toml"), "{run:?}");
    assert_eq!(home.run(&["jobs", "cancel", "quick"]).code, 3);
    let logs = home.run(&["jobs", "logs", "quick"]);
    assert!(logs.stdout == "quickly\n" && logs.stderr.contains("took over before"), "{logs:?}");
}

#[test]
fn a_run_is_shown_and_run_again_through_the_server_whatever_the_file_says() {
    let home = workspace(&[job("quick", "")]).file("quick.rhai", "print(\"quickly\")");
    let mut serving = serve(&home, &SERVE);
    assert_eq!(home.run(&["jobs", "run", "quick"]).code, 0);
    let done = serving.hears(Stream::Err, "INFO done job=\"quick\"");
    let run = done.split("run=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id");
    std::fs::write(home.path("stackhand.toml"), "not = [toml").expect("written");
    let rerun = home.run(&["runs", "rerun", &run[..8]]);
    assert!(rerun.code == 0 && rerun.stdout.contains(&format!("the fire time of {run} was handed")), "{rerun:?}");
    assert!(rerun.stderr.contains("the server goes on with the jobs"), "{rerun:?}");
    assert!(serving.hears(Stream::Err, "INFO done job=\"quick\"").contains("attempt=2"));
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
    // Nobody knows what to run by now; what it did is known still.
    for words in [["runs", "show", run], ["runs", "logs", &run[..8]]] {
        let shown = home.run(&words);
        assert!(shown.code == 0 && shown.stderr.contains("file cannot be used: not valid TOML"), "{shown:?}");
    }
    let rerun = home.run(&["runs", "rerun", run]);
    assert!(rerun.code == 3 && rerun.stderr.contains("stackhand.toml:1:"), "{rerun:?}");
    std::fs::remove_file(home.path("stackhand.toml")).expect("it was there");
    let rerun = home.run(&["runs", "rerun", run]);
    assert!(rerun.code == 3 && rerun.stderr.contains("no stackhand.toml"), "{rerun:?}");
    let history = home.run(&["jobs", "history", "quick", "-o", "json"]).stdout;
    assert!(history.contains(&format!("\"previous\": \"{run}\"")), "{history}");
}

#[test]
fn a_job_that_is_wrong_hides_no_other_where_no_server_ever_ran() {
    let bad = job("bad", "profiles = [\"shop\"]").replace("0 0 29 2 *", "61 * * * *");
    let home = workspace(&[job("good", ""), bad, job("other", "")]).file("good.rhai", "print(\"good\")");
    // Whether the store is new, or has been opened before.
    for _ in 0..2 {
        let list = home.run(&["jobs", "list"]);
        let rows: Vec<&str> = list.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!((list.code, rows), (3, vec!["JOB", "good", "bad@shop", "other"]), "{list:?}");
        assert!(list.stdout.contains("bad@shop  wrong"), "{list:?}");
        let warning = "`bad@shop` cannot be due: `61` as the minute: it goes from 0 to 59 (";
        assert!(list.stderr.contains(warning) && list.stderr.contains("stackhand.toml:12:12)"), "{list:?}");
    }
    let json = |words: &[&str]| -> serde_json::Value {
        let ran = home.run(&[words, &["-o", "json"]].concat());
        assert_eq!(ran.code, 3, "{ran:?}");
        serde_json::from_str(&ran.stdout).expect("JSON")
    };
    let list = json(&["jobs", "list"]);
    assert_eq!((&list[0]["error"], &list[1]["state"]), (&serde_json::Value::Null, &"wrong".into()), "{list}");
    assert!(list[1]["error"]["place"].as_str().is_some_and(|place| place.ends_with("stackhand.toml:12:12")), "{list}");
    let page = home.run(&["jobs", "show", "bad"]);
    assert!(page.code == 3 && page.stdout.contains("\nwrong     `61` as the minute"), "{page:?}");
    assert!(page.stdout.ends_with("type      stackhand jobs check\n"), "{page:?}");
    assert_eq!(home.run(&["jobs", "show", "good"]).code, 0);
    let next = home.run(&["jobs", "next"]);
    let said = ["good", "other", "not known", "bad@shop"];
    assert!(next.code == 3 && said.iter().all(|part| next.stdout.contains(part)), "{next:?}");
    assert!(next.stderr.contains("`bad@shop` cannot be due: `61`"), "{next:?}");
    let next = json(&["jobs", "next"]);
    let row = next.as_array().and_then(|rows| rows.last()).expect("a row");
    assert!(row["at"].is_null() && row["job"] == "bad@shop" && row["error"]["code"].is_string(), "{next}");
    let next = home.run(&["jobs", "next", "bad"]);
    assert!(next.code == 3 && next.stdout.is_empty() && next.stderr.contains("error: `61` as the minute"), "{next:?}");
    assert_eq!(home.run(&["jobs", "next", "good"]).code, 0);
    // What acts takes the file as a whole, as a server does.
    let run = home.run(&["jobs", "run", "good"]);
    assert!(run.code == 3 && run.stderr.contains("stackhand.toml:12:12"), "{run:?}");
    // Of a file that cannot be read nothing is known, and no server has kept anything.
    std::fs::write(home.path("stackhand.toml"), "not = [toml").expect("written");
    let list = home.run(&["jobs", "list"]);
    assert!(list.code == 3 && list.stderr.contains("error: not valid TOML"), "{list:?}");
}

#[test]
fn who_follows_a_run_whose_process_is_killed_is_told_so() {
    let recipe = "print(\"at work\"); sleep(minutes(30))";
    let home = workspace(&[job("long", ""), job("other", "")]).file("long.rhai", recipe).file("other.rhai", recipe);
    // By hand first: a server that follows takes it over once nothing was heard of its process for a while.
    for words in [&["jobs", "run", "long"][..], &SERVE] {
        let mut working = home.start(words);
        if words == SERVE {
            working.hears(Stream::Err, "INFO serving");
            let asked = home.run(&["jobs", "run", "other"]);
            assert_eq!(asked.code, 0, "{asked:?}");
        }
        working.hears(Stream::Err, "at work");
        let job = if words == SERVE { "other" } else { "long" };
        let mut following = home.start(&["jobs", "logs", job, "-f"]);
        following.hears(Stream::Out, "at work");
        working.kill();
        let ended = following.end();
        assert!(ended.code == 0 && ended.stderr.contains("nobody saw how the run ended"), "{ended:?}");
    }
}

#[test]
fn a_server_whose_socket_is_gone_is_not_taken_for_none() {
    let home = workspace(&[job("long", "")]).file("long.rhai", "log.info(\"at work\"); sleep(minutes(30))");
    let mut serving = serve(&home, &SERVE);
    assert_eq!(home.run(&["jobs", "run", "long"]).code, 0);
    serving.hears(Stream::Err, "at work");
    std::fs::remove_file(home.path(".stackhand/serve.sock")).expect("it is there");
    for words in [["jobs", "run", "long"], ["jobs", "cancel", "long"], ["jobs", "pause", "long"]] {
        let ran = home.run(&words);
        assert_eq!(ran.code, 5, "{words:?}: {}", ran.stderr);
        let said = ["is served by process ", "its socket is gone", "restart it"];
        assert!(said.iter().all(|part| ran.stderr.contains(part)), "{words:?}: {}", ran.stderr);
    }
    let list = home.run(&["jobs", "list"]);
    assert!(list.code == 0 && list.stdout.contains("running"), "{list:?}");
    serving.signal("TERM");
    serving.hears(Stream::Err, "nothing is started any more");
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
    let cancel = home.run(&["jobs", "cancel", "long"]);
    assert!(cancel.code == 0 && cancel.stdout.starts_with("nothing runs"), "{cancel:?}");
}

#[test]
fn a_server_that_ends_just_now_is_waited_for() {
    let home = workspace(&[job("quick", "")]).file("quick.rhai", "print(\"quickly\")");
    let serving = serve(&home, &SERVE);
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
    // In the place of one that still has its lock, and its socket no more.
    let mut lock = File::options().write(true).open(home.path(".stackhand/serve.lock")).expect("it is left");
    lock.lock().expect("nobody has it");
    lock.write_all(b"process 1 since 2026-11-22T17:00:00Z\n").expect("written");
    let mut pausing = home.start(&["jobs", "pause", "quick"]);
    pausing.hears(Stream::Err, "a server begins or ends just now");
    drop(lock);
    let paused = pausing.end();
    assert!(paused.code == 0 && paused.stdout.contains("`quick` is paused"), "{paused:?}");
}

#[test]
fn whoever_acts_for_real_beside_a_simulated_server_is_told() {
    let home = workspace(&[job("quick", "")]).file("quick.rhai", "print(\"quickly\")");
    let mut serving = serve(&home, &["serve", "--sim", "--listen", "off"]);
    let warning = "the server that runs here is a simulated one: `--sim` asks it";
    let ran = home.run(&["jobs", "run", "quick"]);
    let said = [ran.stderr.find(warning), ran.stderr.find("no server runs: it runs here")];
    assert!(ran.code == 0 && said[0].is_some() && said[0] < said[1], "{ran:?}");
    assert!(home.run(&["jobs", "cancel", "quick"]).stderr.contains(warning));
    let asked = home.run(&["jobs", "run", "quick", "--sim"]);
    assert!(asked.stdout.contains("was handed to the server") && !asked.stderr.contains(warning), "{asked:?}");
    serving.hears(Stream::Err, "INFO done job=\"quick\"");
}
