//! `stackhand serve` as a process of its own: what is due is run, told and counted, and it ends when it is told to.

use std::io::{Read as _, Write as _};

use crate::process::{Running, Stream, Workspace};

const TOP: &str =
    "timezone = \"Europe/Berlin\"\n[profile.shop]\nproject_id = \"11111111-1111-1111-1111-111111111111\"\n";

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

const OFTEN: &str = "every = \"1s\"";
/// Not while a test runs.
const SELDOM: &str = "schedule = \"0 0 29 2 *\"";

fn job(name: &str, more: &str) -> String {
    format!("[[job]]\nname = \"{name}\"\nrecipe = \"{name}.rhai\"\n{OFTEN}\n{more}\n")
}

fn workspace(jobs: &[String]) -> Workspace {
    Workspace::new().file("stackhand.toml", [TOP, &jobs.concat()].concat())
}

/// What a page of the server says.
fn page(address: &str, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut page = String::new();
    stream.read_to_string(&mut page).expect("an answer");
    page
}

/// Where it shows its figures.
fn address(serving: &mut Running) -> String {
    let line = serving.hears(Stream::Err, "figures on http://");
    let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
    address.expect("an address").to_owned()
}

#[test]
fn jobs_run_when_they_are_due_and_a_bad_one_stops_no_other() {
    let jobs = [
        job("tick", ""),
        job("bad", ""),
        job("lost", "recipe = \"none.rhai\"").replacen("recipe = \"lost.rhai\"\n", "", 1),
    ];
    let home = workspace(&jobs)
        .file("tick.rhai", "let n = state.incr(\"n\");\nif n == 3 { skip(`${run.job} ${n} by ${run.scheduled_by}`) }")
        .file("bad.rhai", "state.incr(\"n\");\nthrow \"no such luck\"");
    let mut serving = home.start(&SERVE);
    let address = address(&mut serving);
    let skipped = serving.hears(Stream::Err, "tick 3 by schedule");
    assert!(skipped.contains("INFO skipped job=\"tick\"") && skipped.contains("reason=\"recipe\""), "{skipped}");
    let figures = page(&address, "/metrics");
    for line in [
        "stackhand_jobs 3",
        "stackhand_job_outcomes_total{job=\"bad\",outcome=\"failed\",reason=\"script\"} ",
        "stackhand_job_outcomes_total{job=\"lost\",outcome=\"failed\",reason=\"usage\"} ",
        "stackhand_job_outcomes_total{job=\"tick\",outcome=\"skipped\",reason=\"recipe\"} 1",
        "stackhand_job_next_fire_time_seconds{job=\"tick\"} ",
    ] {
        assert!(figures.lines().any(|seen| seen.starts_with(line)), "{line}\n{figures}");
    }
    assert!(page(&address, "/readyz").starts_with("HTTP/1.1 200"));
    assert!(page(&address, "/healthz").ends_with("ok\n"));
    serving.signal("TERM");
    let ended = serving.end();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("why=\"bad.rhai:2: no such luck\""), "{}", ended.stderr);
    assert!(ended.stderr.contains("INFO ended"), "{}", ended.stderr);
    assert!(!home.path(".stackhand/serve.sock").exists());
    let runs = home.run(&["runs", "list", "-o", "json"]);
    assert!(runs.stdout.contains("\"command\": \"job\""), "{}", runs.stdout);
}

#[test]
fn the_first_signal_waits_for_what_runs_and_the_second_cancels_it() {
    let home = workspace(&[job("long", "")]).file("long.rhai", "log.info(\"at work\"); sleep(minutes(30))");
    let mut serving = home.start(&["serve", "--listen", "off", "--log-format", "json"]);
    let run = {
        let line = serving.hears(Stream::Err, "\"message\":\"started\"");
        line.split("\"run\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id").to_owned()
    };
    serving.hears(Stream::Err, "at work");
    serving.signal("INT");
    serving.hears(Stream::Err, "nothing is started any more");
    let line = serving.hears(Stream::Err, "waiting for 1 run\"");
    let runs = format!("\"runs\":\"long {run}\"");
    assert!(line.contains(&runs) && line.contains("\"until\":\"20") && line.contains(":00\""), "{line}");
    serving.signal("INT");
    let line = serving.hears(Stream::Err, "ending at once: what runs is cancelled");
    assert!(line.contains(&runs), "{line}");
    let line = serving.hears(Stream::Err, "\"message\":\"cancelled\"");
    assert!(line.contains("\"job\":\"long\"") && line.contains("\"reason\":\"cancelled\""), "{line}");
    assert_eq!(serving.end().code, 0);
}

#[test]
fn what_runs_may_end_within_the_grace_and_no_longer() {
    let home = workspace(&[job("long", "")]).file("long.rhai", "log.info(\"at work\"); sleep(minutes(30))");
    let mut serving = home.start(&["serve", "--listen", "off", "--grace", "0s"]);
    serving.hears(Stream::Err, "at work");
    serving.signal("TERM");
    let line = serving.hears(Stream::Err, "the grace is over");
    assert!(line.contains("runs=\"long "), "{line}");
    serving.hears(Stream::Err, "INFO cancelled job=\"long\"");
    assert_eq!(serving.end().code, 0);
}

#[test]
fn a_run_that_takes_too_long_is_ended_and_told_so() {
    let home = workspace(&[job("long", "timeout = \"1s\"")]).file("long.rhai", "sleep(minutes(30))");
    let mut serving = home.start(&["serve", "--listen", "off"]);
    let line = serving.hears(Stream::Err, "timed_out");
    assert!(line.contains("ERROR timed_out job=\"long\"") && line.contains("reason=\"timeout\""), "{line}");
}

#[test]
fn a_changed_file_is_taken_over_as_a_whole_or_not_at_all() {
    let home = workspace(&[job("one", "")]).file("one.rhai", "1").file("two.rhai", "2");
    let mut serving = home.start(&["serve", "--listen", "off"]);
    serving.hears(Stream::Err, "done job=\"one\"");
    let broken = [TOP, &job("two", ""), &job("one", "every = \"soon\"").replacen("every = \"1s\"\n", "", 1)].concat();
    let home = home.file("stackhand.toml", broken);
    let line = serving.hears(Stream::Err, "was not reloaded");
    assert!(line.contains("stackhand.toml:12:") && line.contains("the jobs of before go on"), "{line}");
    // They run as they were taken over, whatever their file says by now.
    for _ in 0..3 {
        let line = serving.hears(Stream::Err, "job=\"one\"");
        assert!(!line.contains("ERROR"), "{line}");
    }
    let home = home.file("stackhand.toml", [TOP, &job("two", "")].concat());
    serving.signal("HUP");
    serving.hears(Stream::Err, "INFO reloaded jobs=1");
    serving.hears(Stream::Err, "done job=\"two\"");
    serving.signal("TERM");
    let ended = serving.end();
    assert!(!ended.stderr.contains("failed"), "what runs has the workspace as it was: {}", ended.stderr);
    drop(home);
}

/// Puts a file in the place of another, as editors do.
fn replace(home: &Workspace, name: &str, bytes: &str) {
    std::fs::write(home.path("new"), bytes).expect("a file");
    std::fs::rename(home.path("new"), home.path(name)).expect("it takes the other's place");
}

#[test]
fn a_file_that_takes_the_others_place_is_taken_over_and_an_empty_one_is_not() {
    let rare = |name: &str| job(name, "").replace(OFTEN, SELDOM);
    let home = workspace(&[rare("one")]).file("one.rhai", "1").file("two.rhai", "2").file("three.rhai", "3");
    let mut serving = home.start(&["serve", "--listen", "off"]);
    serving.hears(Stream::Err, "INFO serving");
    replace(&home, "stackhand.toml", &[TOP, &rare("one"), &rare("two")].concat());
    serving.hears(Stream::Err, "INFO reloaded jobs=2");
    replace(&home, "stackhand.toml", "");
    std::fs::remove_file(home.path("stackhand.toml")).expect("it is there");
    replace(&home, "stackhand.toml", &[TOP, &rare("one"), &rare("two"), &rare("three")].concat());
    let line = serving.hears(Stream::Err, "reloaded");
    assert!(line.contains("INFO reloaded jobs=3"), "{line}");
    let home = home.file("three.rhai", "log.info(\"as it is now\")");
    assert_eq!(home.run(&["jobs", "run", "three"]).code, 0);
    serving.hears(Stream::Err, "as it is now");
}

#[test]
fn links_that_lead_to_another_file_now_are_followed() {
    use std::os::unix::fs::symlink;
    let rare = |name: &str| job(name, "").replace(OFTEN, SELDOM);
    // As volumes of Kubernetes are laid out: one link is exchanged for another.
    let home = Workspace::new()
        .file("..first/stackhand.toml", [TOP, &rare("one")].concat())
        .file("..second/stackhand.toml", [TOP, &rare("one"), &rare("two")].concat())
        .file("one.rhai", "1")
        .file("two.rhai", "2");
    symlink("..first", home.path("..data")).expect("a link");
    symlink("..data/stackhand.toml", home.path("stackhand.toml")).expect("a link");
    let mut serving = home.start(&["serve", "--listen", "off"]);
    serving.hears(Stream::Err, "INFO serving");
    symlink("..second", home.path("..data_tmp")).expect("a link");
    std::fs::rename(home.path("..data_tmp"), home.path("..data")).expect("exchanged");
    serving.hears(Stream::Err, "INFO reloaded jobs=2");
    std::fs::write(home.path("..second/stackhand.toml"), [TOP, &rare("one")].concat()).expect("written");
    serving.hears(Stream::Err, "INFO reloaded jobs=1");
}

#[test]
fn a_calendar_that_changes_is_read_again() {
    let closed = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n";
    let rare = job("one", "calendar = { skip = [\"file:closed.ics\"] }").replace(OFTEN, SELDOM);
    let home = workspace(&[rare]).file("one.rhai", "1").file("closed.ics", closed);
    let mut serving = home.start(&["serve", "--listen", "off"]);
    serving.hears(Stream::Err, "INFO serving");
    replace(&home, "closed.ics", "nonsense");
    let line = serving.hears(Stream::Err, "was not reloaded");
    assert!(line.contains("closed.ics"), "{line}");
    replace(&home, "closed.ics", closed);
    serving.hears(Stream::Err, "INFO reloaded jobs=1");
}

#[test]
fn how_many_run_at_once_follows_the_file() {
    let text = |most: u32| {
        let jobs = ["a", "b", "c"].map(|name| job(name, "").replace(OFTEN, SELDOM));
        [&format!("max_running = {most}\n"), TOP, &jobs.concat()].concat()
    };
    let long = "log.info(\"at work\"); sleep(minutes(30))";
    let home =
        Workspace::new().file("stackhand.toml", text(1)).file("a.rhai", long).file("b.rhai", long).file("c.rhai", long);
    let mut serving = home.start(&["serve", "--listen", "off"]);
    serving.hears(Stream::Err, "INFO serving");
    for name in ["a", "b", "c"] {
        assert_eq!(home.run(&["jobs", "run", name]).code, 0);
    }
    serving.hears(Stream::Err, "at work job=\"a\"");
    let home = home.file("stackhand.toml", text(2));
    let order = [serving.hears(Stream::Err, "INFO "), serving.hears(Stream::Err, "INFO ")];
    let told = order.concat();
    assert!(told.contains("reloaded jobs=3") && told.contains("started job=\"b\""), "{told}");
    let cancelled = home.run(&["jobs", "cancel", "a"]);
    assert!(cancelled.stdout.starts_with("cancelled: "), "{cancelled:?}");
    serving.hears(Stream::Err, "started job=\"c\"");
    serving.hears(Stream::Err, "INFO cancelled job=\"a\"");
    serving.signal("TERM");
    // Two that come at once are one.
    serving.hears(Stream::Err, "nothing is started any more");
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
}

#[test]
fn a_simulated_server_acts_on_a_world_of_its_own_and_says_so() {
    let home = workspace(&[job("count", "profiles = [\"shop\"]")]).file("count.rhai", "print(servers().len())");
    let mut serving = home.start(&["serve", "--sim", "--listen", "127.0.0.1:0"]);
    let address = address(&mut serving);
    serving.hears(Stream::Err, "INFO serving");
    for part in ["INFO started", "INFO 19 job=", "INFO done"] {
        let line = serving.hears(Stream::Err, part);
        assert!(line.contains("count@shop") && line.contains("simulated=true"), "{line}");
    }
    let figures = page(&address, "/metrics");
    let unmarked = figures.lines().find(|line| line.starts_with("stackhand_") && !line.contains("simulated=\"true\""));
    assert_eq!(unmarked, None, "every figure says that it is of a simulated world");
    assert!(!home.path(".stackhand/journal").exists());
    serving.signal("TERM");
    let ended = serving.end();
    let unmarked = ended.stderr.lines().find(|line| line.contains("job=") && !line.contains("simulated=true"));
    assert_eq!((ended.code, unmarked), (0, None), "{}", ended.stderr);
    let logs = home.run(&["jobs", "logs", "count", "--sim"]);
    assert!(logs.stdout == "19\n" && logs.stderr.contains("of the simulated run "), "{logs:?}");
    let logs = home.run(&["jobs", "logs", "count", "--sim", "-o", "json"]);
    assert!(logs.stdout.contains("\"simulated\": true"), "{logs:?}");
}

#[test]
fn each_profile_that_is_simulated_has_a_world_of_its_own() {
    let other = "[profile.other]\nproject_id = \"22222222-2222-2222-2222-222222222222\"\n";
    let once = |name: &str, profile: &str| {
        job(name, &format!("profiles = [\"{profile}\"]\ncaps = {{ deletions = 99, share = \"100%\" }}"))
            .replace(OFTEN, SELDOM)
    };
    let home = Workspace::new()
        .file("stackhand.toml", [TOP, other, &once("remove", "shop"), &once("count", "shop"), &once("stay", "other")].concat())
        .file("remove.rhai", "//! Permissions: iaas.volume.*\nlet v = volumes().find(|v| v.status == \"AVAILABLE\" && !v.name.starts_with(\"pvc\"));\nv.delete().wait();")
        .file("count.rhai", "print(`volumes ${volumes().len()}`)")
        .file("stay.rhai", "print(`volumes ${volumes().len()}`)");
    let mut serving = home.start(&["serve", "--sim", "--save", "world.json", "--listen", "off"]);
    serving.hears(Stream::Err, "INFO serving");
    let mut run = |job: &str, word: &str| {
        assert_eq!(home.run(&["jobs", "run", job, "--sim"]).code, 0);
        serving.hears(Stream::Err, word)
    };
    let number = |line: &str| {
        let rest = line.split("volumes ").nth(1).and_then(|rest| rest.split(' ').next());
        rest.and_then(|number| number.parse::<u64>().ok()).expect("a number")
    };
    let before = number(&run("count", "INFO volumes "));
    run("remove", "INFO done job=\"remove@shop\"");
    let after = number(&run("count", "INFO volumes "));
    let other = number(&run("stay", "INFO volumes "));
    assert_eq!((after, other), (before - 1, before));
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
    assert!(home.path("world.shop.json").is_file() && home.path("world.other.json").is_file());
}

#[test]
fn credentials_that_are_wrong_stop_the_job_and_not_the_server() {
    let home = workspace(&[job("read", "profiles = [\"shop\"]"), job("other", "")])
        .file("read.rhai", "servers()")
        .file("other.rhai", "1");
    let mut serving = home.start(&["serve", "--listen", "off"]);
    let line = serving.hears(Stream::Err, "ERROR failed job=\"read@shop\"");
    assert!(line.contains("reason=\"auth\""), "{line}");
    serving.hears(Stream::Err, "done job=\"other\"");
}

#[test]
fn what_goes_wrong_stands_in_the_log_that_is_the_channel_and_what_is_simulated_does_not() {
    let channel = "default_profile = \"sim\"\nnotify = { channels = [\"ops\"] }\n";
    let jobs = [job("real", "profiles = [\"shop\"]"), job("trial", ""), "[channel.ops]\nkind = \"log\"\n".to_owned()];
    let home = Workspace::new()
        .file("stackhand.toml", [channel, TOP, &jobs.concat()].concat())
        .file("real.rhai", "throw \"no such luck\"")
        .file("trial.rhai", "throw \"nobody is told\"");
    let trial = home.run(&["jobs", "run", "trial"]);
    assert!(trial.stdout.contains("simulated run ") && !trial.stdout.contains("runs show"), "{}", trial.stdout);
    let shown = home.run(&["jobs", "show", "trial"]);
    assert!(shown.stdout.ends_with("type      stackhand jobs logs trial\n"), "{}", shown.stdout);
    let mut serving = home.start(&["serve", "--listen", "off"]);
    for part in ["INFO real@shop failed", "Profile: shop", "Project: 11111111-1111-1111-1111-111111111111"] {
        serving.hears(Stream::Err, part);
    }
    let line = serving.hears(Stream::Err, "ERROR failed job=\"trial\"");
    assert!(line.contains("simulated=true"), "{line}");
    serving.signal("TERM");
    let ended = serving.end();
    assert!(!ended.stderr.contains("trial failed"), "{}", ended.stderr);
}

#[test]
fn without_a_workspace_nothing_is_served() {
    let ended = Workspace::new().run(&["serve"]);
    assert_eq!(ended.code, 3);
    assert!(ended.stderr.contains("no stackhand.toml"), "{}", ended.stderr);
}

#[test]
fn a_person_looks_acts_and_runs_again_through_the_server() {
    let rare = job("tick", "").replace(OFTEN, SELDOM);
    let home = workspace(&[rare]).file("tick.rhai", "log.info(`${run.scheduled_by} ${run.attempt}`)");
    let mut serving = home.start(&["serve", "--listen", "off"]);
    serving.hears(Stream::Err, "INFO serving");
    let second = home.run(&["serve", "--listen", "off"]);
    assert_eq!(second.code, 5, "{}", second.stderr);
    assert!(second.stderr.contains("served already"), "{}", second.stderr);
    let endless = home.run(&["jobs", "pause", "tick", "--for", "200000000d"]);
    assert!(endless.code == 2 && endless.stderr.contains("ends after all time"), "{}", endless.stderr);
    let paused = home.run(&["jobs", "pause", "tick", "--for", "2h", "--note", "works", "-o", "json"]).stdout;
    let shown: serde_json::Value =
        serde_json::from_str(&home.run(&["jobs", "show", "tick", "-o", "json"]).stdout).expect("JSON");
    let until = &shown["pause"]["until"];
    let is_local = until.as_str().is_some_and(|until| until.ends_with("+01:00") || until.ends_with("+02:00"));
    assert!(is_local && paused.contains(&format!("\"until\": {until}")), "{paused} {shown}");
    let page = home.run(&["jobs", "show", "tick"]).stdout;
    assert!(page.contains(": works") && page.ends_with("type      stackhand jobs resume tick\n"), "{page}");
    assert_eq!(home.run(&["jobs", "resume", "tick"]).code, 0);
    assert_eq!(home.run(&["jobs", "run", "tick"]).code, 0);
    let line = serving.hears(Stream::Err, "INFO done job=\"tick\"");
    let run = line.split("run=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id").to_owned();
    let logs = home.run(&["jobs", "logs", "tick"]);
    assert_eq!(logs.stdout, "info: hand 1\n", "{}", logs.stderr);
    assert_eq!(home.run(&["runs", "rerun", &run[..8]]).code, 0);
    serving.hears(Stream::Err, "rerun 2");
    serving.hears(Stream::Err, "INFO done job=\"tick\"");
    let history = home.run(&["jobs", "history", "tick", "-o", "json"]).stdout;
    assert!(
        history.contains("\"by\": \"rerun\"") && history.contains(&format!("\"previous\": \"{run}\"")),
        "{history}"
    );
}

#[test]
fn without_a_server_a_job_runs_here_and_is_recorded_in_the_same_way() {
    let home = workspace(&[job("tick", ""), job("bad", "")])
        .file("tick.rhai", "print(state.incr(\"n\"))")
        .file("bad.rhai", "throw \"no\"");
    let tick = home.run(&["jobs", "run", "tick"]);
    assert_eq!(tick.code, 0);
    assert!(tick.stderr.contains("INFO 1 job=\"tick\""), "whoever runs it sees what it says: {}", tick.stderr);
    assert!(tick.stdout.contains("stackhand runs show "), "{}", tick.stdout);
    let bad = home.run(&["jobs", "run", "bad", "-o", "json"]);
    assert_eq!(bad.code, 1, "{}", bad.stderr);
    assert!(bad.stdout.contains("\"outcome\": \"failed\"") && bad.stdout.contains("bad.rhai:1: no"), "{}", bad.stdout);
    // By hand, the recipe shares what its job keeps under the same name.
    assert_eq!(home.run(&["run", "tick.rhai"]).stdout, "2\n");
    assert_eq!(home.run(&["run", "tick.rhai", "--state", "other"]).stdout, "1\n");
    assert_eq!(home.run(&["jobs", "show", "tikc"]).code, 5);
    let list = home.run(&["jobs", "list"]).stdout;
    assert!(list.contains("failed: bad.rhai:1: no"), "{list}");
}

#[test]
fn a_job_that_runs_here_has_the_exit_code_that_its_recipe_has() {
    let recipes = [
        ("own", "exit(3)", 3),
        ("none", "exit(0)", 0),
        ("thrown", "throw \"no\"", 1),
        ("empty", "servers(\"\")", 1),
        ("nowhere", "server(\"nonsense\")", 5),
        ("limit", "\"a\".pad_left(10000000000000)", 6),
        ("refused", "servers()[0].stop()", 4),
        ("partly", "partly([#{ ok: true }, #{ ok: false }])", 7),
        ("skip", "skip(\"why\")", 0),
        ("wrong", "let x = ;", 1),
    ];
    let jobs: Vec<String> = recipes.iter().map(|(name, ..)| job(name, "")).collect();
    let top = "default_profile = \"sim\"\n".to_owned();
    let mut home = Workspace::new().file("stackhand.toml", [top, TOP.to_owned(), jobs.concat()].concat());
    for (name, recipe, _) in recipes {
        home = home.file(&format!("{name}.rhai"), recipe);
    }
    for (name, _, code) in recipes {
        let recipe = home.run(&["run", &format!("{name}.rhai")]);
        let job = home.run(&["jobs", "run", name]);
        assert_eq!((recipe.code, job.code), (code, code), "{recipe:?}\n{job:?}");
    }
}
