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
    let run = run_in(&done);
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
fn a_job_that_left_the_file_while_it_runs_is_seen_and_cancelled() {
    let work = "log.info(\"at work\"); sleep(minutes(30))";
    let jobs = [job("long", ""), job("night", "profiles = [\"shop\"]"), job("quick", "")];
    let home = ["long", "night"].iter().fold(workspace(&jobs), |home, name| home.file(&format!("{name}.rhai"), work));
    let home = home.file("quick.rhai", "print(\"quickly\")");
    let mut serving = serve(&home, &SERVE);
    for name in ["long", "night"] {
        assert_eq!(home.run(&["jobs", "run", name]).code, 0);
        serving.hears(Stream::Err, "at work");
    }
    assert_eq!(home.run(&["jobs", "run", "quick"]).code, 0);
    serving.hears(Stream::Err, "done job=\"quick\"");
    // One is switched off, one renamed, one removed.
    let after = [job("long", "enabled = false"), job("renamed", "").replace("renamed.rhai", "night.rhai")].concat();
    std::fs::write(home.path("stackhand.toml"), [TOP, &after].concat()).expect("written");
    serving.signal("HUP");
    serving.hears(Stream::Err, "reloaded");
    let broken = "not = [toml";
    for text in [after.as_str(), broken] {
        let file = if text == broken { broken.to_owned() } else { [TOP, text].concat() };
        std::fs::write(home.path("stackhand.toml"), file).expect("written");
        let list = home.run(&["jobs", "list"]);
        for id in ["long ", "night@shop "] {
            let row = list
                .stdout
                .lines()
                .find(|line| line.trim_start().starts_with(id))
                .unwrap_or_else(|| panic!("{list:?}"));
            assert!(row.contains("running") && row.contains("not in the file any more"), "{list:?}");
        }
        assert!(!list.stdout.contains("quick"), "{list:?}");
        for (name, id) in [("long", "long"), ("night", "night@shop"), ("night@shop", "night@shop")] {
            let page = home.run(&["jobs", "show", name]);
            let said = ["not in the file any more", "runs for", &format!("stackhand jobs logs {id} -f")];
            assert!(page.code == 0 && said.iter().all(|part| page.stdout.contains(part)), "{page:?}");
            let history = home.run(&["jobs", "history", name]);
            assert!(history.code == 0 && history.stdout.contains("running"), "{history:?}");
            let logs = home.run(&["jobs", "logs", name]);
            assert!(logs.code == 0 && logs.stdout.contains("at work"), "{logs:?}");
            for words in [["jobs", "run", name], ["jobs", "pause", name]] {
                let acted = home.run(&words);
                assert_eq!(acted.code, 5, "{acted:?}");
            }
        }
        // What is over is known by what became of it.
        assert_eq!(home.run(&["jobs", "logs", "quick"]).stdout, "quickly\n");
        assert!(home.run(&["jobs", "history", "quick"]).stdout.contains("done"));
        assert_eq!(home.run(&["jobs", "show", "quick"]).code, 5);
        assert_eq!(home.run(&["jobs", "cancel", "quick"]).code, 5);
    }
    for name in ["night", "long"] {
        let cancel = home.run(&["jobs", "cancel", name]);
        assert!(cancel.code == 0 && cancel.stdout.starts_with("cancelled: "), "{cancel:?}");
        serving.hears(Stream::Err, "INFO cancelled job=");
    }
    assert!(!home.run(&["jobs", "list"]).stdout.contains("not in the file any more"));
}

#[test]
fn a_kill_blocks_no_run_by_hand_and_a_living_one_does() {
    let long =
        "//! Works.\n//!\n//! Repeatable: yes\nif run.attempt == 1 { log.info(\"at work\"); sleep(minutes(30)) }";
    let more = ["", "interrupted = \"rerun\"", ""];
    let jobs: Vec<String> = ["one", "two", "three"].iter().zip(more).map(|(name, more)| job(name, more)).collect();
    let home =
        ["one", "two", "three"].iter().fold(workspace(&jobs), |home, name| home.file(&format!("{name}.rhai"), long));
    let outcomes = |job: &str| {
        let history = home.run(&["jobs", "history", job, "-o", "json"]);
        let rows: Vec<serde_json::Value> = serde_json::from_str(&history.stdout).expect("JSON");
        rows.iter().map(|row| row["outcome"].as_str().unwrap_or("none").to_owned()).collect::<Vec<_>>()
    };
    for words in [&["jobs", "run", "one"][..], &["jobs", "run", "two"], &["jobs", "run", "one", "--sim"], &SERVE] {
        let is_simulated = words.contains(&"--sim");
        let name = if words == SERVE { "three" } else { words[2] };
        let asked = |words: &[&'static str]| [words, &["--sim"][..usize::from(is_simulated)]].concat();
        let mut working = home.start(words);
        if words == SERVE {
            working.hears(Stream::Err, "INFO serving");
            assert_eq!(home.run(&["jobs", "run", name]).code, 0);
        }
        working.hears(Stream::Err, "at work");
        if words != SERVE {
            for words in [["jobs", "run"], ["jobs", "cancel"]] {
                let mut words = asked(&words);
                words.insert(2, name);
                let beside = home.run(&words);
                assert_eq!(beside.code, 5, "{beside:?}");
                let said = ["a run of it is under way", "is another process's"];
                assert!(said.iter().any(|part| beside.stderr.contains(part)), "{beside:?}");
            }
        }
        working.kill();
        let mut words = asked(&["jobs", "run"]);
        words.insert(2, name);
        let mut again = home.start(&words);
        again.hears(Stream::Err, "at work");
        if !is_simulated {
            assert_eq!(outcomes(name), ["none", "unknown"], "{name}");
        }
        again.kill();
        let mut words = asked(&["jobs", "cancel"]);
        words.insert(2, name);
        let cancel = home.run(&words);
        assert!(
            cancel.code == 0 && cancel.stdout.contains("was gone, and what became of it is on record"),
            "{cancel:?}"
        );
        if !is_simulated {
            assert_eq!(outcomes(name), ["unknown", "unknown"], "{name}");
            let rows = home.run(&["jobs", "history", name, "-o", "json"]).stdout;
            let rows: Vec<serde_json::Value> = serde_json::from_str(&rows).expect("JSON");
            let run = rows[0]["run"].as_str().expect("an id");
            assert_eq!(home.run(&["runs", "rerun", run]).code, 0);
            assert_eq!(outcomes(name), ["done", "unknown"], "{name}");
        }
    }
    assert!(home.run(&["jobs", "cancel", "one"]).stdout.starts_with("nothing runs; what waited is cancelled"));
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
    // It has a world of its own, which it keeps where it was told to.
    let refused = home.run(&["jobs", "run", "quick", "--sim", "--save", "world.json"]);
    let hint = "stackhand run quick.rhai --save world.json --sim";
    assert!(refused.code == 2 && refused.stderr.contains(hint), "{refused:?}");
}

/// The id of a run, in a line of the log.
fn run_in(line: &str) -> &str {
    line.split("run=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id")
}

#[test]
fn a_server_is_given_no_job_whose_options_it_would_not_act_by() {
    let home = workspace(&[job("quick", ""), job("own", "profiles = [\"shop\"]")])
        .file("quick.rhai", "print(\"quickly\")")
        .file("own.rhai", "print(\"of its own\")");
    let mut serving = serve(&home, &SERVE);
    assert_eq!(home.run(&["jobs", "run", "quick"]).code, 0);
    let done = serving.hears(Stream::Err, "INFO done job=\"quick\"");
    let before = home.run(&["jobs", "history", "-o", "json"]).stdout;
    let project = "22222222-2222-2222-2222-222222222222";
    for options in [["--profile", "sim"], ["--project-id", project], ["--region", "eu02"], ["--ca-file", "own.pem"]] {
        for words in [["jobs", "run", "quick"], ["runs", "rerun", run_in(&done)]] {
            let ran = home.run(&[&words[..], &options].concat());
            assert_eq!(ran.code, 2, "{words:?}: {ran:?}");
            let option = options.join(" ");
            let said = [
                format!("`{option}`"),
                format!("end the server first, or run the recipe alone: stackhand run quick.rhai {option}"),
            ];
            let is_said = said.iter().all(|part| ran.stderr.contains(part));
            assert!(is_said && ran.stdout.is_empty(), "{words:?}: {ran:?}");
        }
    }
    let ran = home.run(&["jobs", "run", "own", "--profile", "sim"]);
    assert!(ran.code == 2 && ran.stderr.contains("acts with its own profile `shop`"), "{ran:?}");
    assert_eq!(home.run(&["jobs", "history", "-o", "json"]).stdout, before);
    // What the job does anyway may be said.
    assert_eq!(home.run(&["jobs", "run", "own", "--profile", "shop"]).code, 0);
    serving.hears(Stream::Err, "INFO done job=\"own@shop\"");
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
}

#[test]
fn options_of_where_to_act_hold_where_no_server_runs_or_are_refused() {
    let home = workspace(&[job("quick", ""), job("own", "profiles = [\"shop\"]")])
        .file("quick.rhai", "print(\"quickly\")")
        .file("own.rhai", "print(\"of its own\")");
    let refused = home.run(&["jobs", "run", "own@shop", "--profile", "sim"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let said = ["`--profile sim`", "acts with its own profile `shop`", "stackhand run own.rhai --profile sim"];
    assert!(said.iter().all(|part| refused.stderr.contains(part)), "{refused:?}");
    assert!(!refused.stderr.contains("end the server"), "{refused:?}");
    assert!(!home.run(&["jobs", "history", "own", "-o", "json"]).stdout.contains("own@shop"));
    let ran = home.run(&["jobs", "run", "own", "--profile", "shop"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let history = home.run(&["jobs", "history", "own", "-o", "json"]).stdout;
    let history: serde_json::Value = serde_json::from_str(&history).expect("JSON");
    let run = history[0]["run"].as_str().expect("an id");
    let refused = home.run(&["runs", "rerun", run, "--profile", "sim"]);
    assert!(refused.code == 2 && refused.stderr.contains("acts with its own profile `shop`"), "{refused:?}");
    // A job without a profile of its own acts as it is asked to.
    let ran = home.run(&["jobs", "run", "quick", "--profile", "sim"]);
    assert!(ran.code == 0 && ran.stdout.contains("simulated run"), "{ran:?}");
}

#[test]
fn a_server_that_ends_takes_no_run_that_it_would_not_start() {
    let home = workspace(&[job("long", ""), job("quick", "")])
        .file("long.rhai", "log.info(\"at work\"); sleep(minutes(30))")
        .file("quick.rhai", "print(\"quickly\")");
    let mut serving = serve(&home, &SERVE);
    assert_eq!(home.run(&["jobs", "run", "quick"]).code, 0);
    let done = serving.hears(Stream::Err, "INFO done job=\"quick\"");
    assert_eq!(home.run(&["jobs", "run", "long"]).code, 0);
    serving.hears(Stream::Err, "at work");
    serving.signal("TERM");
    serving.hears(Stream::Err, "waiting for 1 run");
    let known = |home: &Workspace| {
        [["jobs", "history", "quick", "-o", "json"], ["jobs", "show", "quick", "-o", "json"]]
            .map(|words| home.run(&words).stdout)
    };
    let before = known(&home);
    for words in [["jobs", "run", "quick"], ["runs", "rerun", run_in(&done)]] {
        let ran = home.run(&words);
        assert!(ran.code == 5 && ran.stdout.is_empty(), "{words:?}: {ran:?}");
        let said = ["the server is ending and starts nothing any more", "once it has ended"];
        assert!(said.iter().all(|part| ran.stderr.contains(part)), "{words:?}: {ran:?}");
    }
    assert_eq!(known(&home), before);
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
    assert_eq!(known(&home)[0], before[0]);
}

#[test]
fn what_a_recipe_says_of_its_end_steers_no_terminal() {
    let text = "x \\x1b[31mred\\x1b]0;title\\x07\\r \\u202ey";
    let home = workspace(&[job("thrown", ""), job("skipped", "")])
        .file("thrown.rhai", format!("throw \"{text}\""))
        .file("skipped.rhai", format!("skip(\"{text}\")"));
    let shown = "x \\u{1b}[31mred\\u{1b}]0;title\\u{7}\\u{d} \\u{202e}y";
    for (name, code) in [("thrown", 1), ("skipped", 0)] {
        let job = home.run(&["jobs", "run", name]);
        let recipe = home.run(&["run", &format!("{name}.rhai")]);
        assert_eq!((job.code, recipe.code), (code, code), "{job:?} {recipe:?}");
        assert!(job.stdout.contains(shown) && recipe.stderr.contains(shown), "{job:?} {recipe:?}");
        for said in [&job.stdout, &job.stderr, &recipe.stdout, &recipe.stderr] {
            assert!(!said.contains(['\u{1b}', '\r', '\u{7}', '\u{202e}']), "{said:?}");
        }
    }
}

#[test]
fn whoever_looks_at_jobs_that_nobody_starts_is_told() {
    let home = workspace(&[job("quick", "")]).file("quick.rhai", "1");
    let said = |words: &[&str]| home.run(words).stderr;
    let absent = "no server runs: nothing is started until `stackhand serve`";
    for words in [["jobs", "list"].as_slice(), &["jobs", "show", "quick"]] {
        let looked = home.run(words);
        assert!(looked.code == 0 && looked.stderr == format!("{absent}\n"), "{looked:?}");
    }
    assert!(serde_json::from_str::<serde_json::Value>(&home.run(&["jobs", "list", "-o", "json"]).stdout).is_ok());
    assert!(said(&["jobs", "list", "--sim"]).contains("until `stackhand serve --sim`"));
    let mut simulated = serve(&home, &["serve", "--sim", "--listen", "off"]);
    assert!(said(&["jobs", "list"]).contains("simulated one: `--sim` tells of it"));
    assert_eq!(said(&["jobs", "list", "--sim"]), "");
    let mut serving = serve(&home, &SERVE);
    assert_eq!((said(&["jobs", "list"]), said(&["jobs", "show", "quick"])), (String::new(), String::new()));
    for server in [&mut simulated, &mut serving] {
        server.signal("TERM");
    }
    assert_eq!((simulated.end().code, serving.end().code), (0, 0));
    assert!(said(&["jobs", "list"]).contains(absent));
    // Who waits for a first run is told for what.
    let mut following = home.start(&["jobs", "logs", "quick", "-f"]);
    following.hears(Stream::Err, "`quick` has not run yet, and no server runs: waiting for its first run");
    following.kill();
    let none = home.run(&["jobs", "history", "-n", "0"]);
    assert!(none.code == 2 && none.stderr.contains("1.."), "{none:?}");
}

#[test]
fn a_paused_job_is_due_next_when_its_pause_is_over() {
    let home = workspace(&[job("hourly", "").replace("0 0 29 2 *", "0 * * * *")]).file("hourly.rhai", "1");
    let serving = serve(&home, &SERVE);
    let next = || {
        let shown: serde_json::Value =
            serde_json::from_str(&home.run(&["jobs", "show", "hourly", "-o", "json"]).stdout).expect("JSON");
        let next = shown["next"].as_array().expect("a list").clone();
        next.first().map(|next| next["at"].as_str().expect("an instant").to_owned())
    };
    assert!(next().is_some_and(|at| at.as_str() < "2099"));
    assert_eq!(home.run(&["jobs", "pause", "hourly", "--until", "2099-01-01T06:00"]).code, 0);
    // What is due when it ends still lies in it.
    assert_eq!(next().as_deref(), Some("2099-01-01T07:00:00+01:00"));
    assert!(home.run(&["jobs", "list"]).stdout.contains("paused  Thu 2099-01-01 07:00:00"));
    assert_eq!(home.run(&["jobs", "pause", "hourly"]).code, 0);
    assert_eq!(next(), None);
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
    // By what the store keeps too, where the file is of no use.
    std::fs::write(home.path("stackhand.toml"), "not = [toml").expect("written");
    assert_eq!(next(), None);
}

#[test]
fn a_job_that_is_wrong_in_any_way_is_due_nowhere() {
    let faults = [
        ("permissions = [\"iaas.servr.stop\"]", "bad_permission"),
        ("caps = { deletions = 1, share = \"200%\" }", "bad_cap"),
        ("interrupted = \"rerun\"", "not_repeatable"),
        ("permissions = [\"iaas\\u001b[31m\"]", "bad_permission"),
    ];
    for (fault, code) in faults {
        let home = workspace(&[job("good", ""), job("bad", fault)]).file("good.rhai", "1").file("bad.rhai", "1");
        for words in [["jobs", "next", "-o", "json"].as_slice(), &["jobs", "list", "-o", "json"]] {
            let told = home.run(words);
            assert_eq!(told.code, 3, "{told:?}");
            let rows: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
            let bad: Vec<_> = rows.as_array().expect("a list").iter().filter(|row| row["job"] == "bad").collect();
            assert!(bad.len() == 1 && bad[0]["error"]["code"] == code, "{told:?}");
            assert!(!told.stderr.contains('\u{1b}'), "{told:?}");
            let good = rows.as_array().expect("a list").iter().find(|row| row["job"] == "good").expect("a row");
            assert!(good["error"].is_null(), "{told:?}");
        }
        let checked = home.run(&["jobs", "check"]).stdout;
        let rows = checked.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>());
        assert_eq!(rows.filter(|row| row.first() == Some(&"bad")).collect::<Vec<_>>(), [["bad", "wrong"]], "{checked}");
        assert!(home.run(&["jobs", "list"]).stderr.contains("`stackhand serve` does not start with this file"));
        let serving = home.run(&SERVE);
        assert_eq!(serving.code, 3, "{serving:?}");
    }
}
