//! What becomes of fire times, with the real binary and a server that counts: caps of a day, retries, kills in the middle
//! of a run, opposing jobs, cancelling.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use serde_json::Value;
use stackhand::app::jobs::Jobs;
use stackhand::clock::Clock;
use stackhand::config;
use stackhand::database::{Database, Options, Synchronous};
use stackhand::schedule::dispatcher::Dispatcher;
use stackhand::schedule::job::JobId;
use stackhand::schedule::rows::RunId;
use stackhand::schedule::store::Sqlite;

use crate::journal::counting::{Counting, ID, Plan};
use crate::process::{Running, Stream, Workspace};

const SERVE: [&str; 3] = ["serve", "--listen", "off"];
/// Due too seldom to be due in a test that is told to run it.
const SELDOM: &str = "schedule = \"0 0 29 2 *\"";

fn job(name: &str, more: &str) -> String {
    let caps = if more.contains("caps") { "" } else { "caps = { changes = 9, share = \"100%\" }\n" };
    format!("[[job]]\nname = \"{name}\"\nrecipe = \"{name}.rhai\"\n{caps}{more}\n")
}

/// A recipe that renames the one server, again and again.
fn renaming(names: &[&str]) -> String {
    let head =
        "//! Renames.\n//!\n//! Permissions: iaas.server.get, iaas.server.update\nimport \"stackit/iaas\" as iaas;\n";
    let calls: Vec<String> =
        names.iter().map(|name| format!("iaas::update_server(\"{ID}\", #{{ name: {name} }});\n")).collect();
    [head, &calls.concat()].concat()
}

fn workspace(server: &Counting, zone: &str, jobs: &[String]) -> Workspace {
    server.workspace().file("stackhand.toml", format!("timezone = \"{zone}\"\n{}", jobs.concat()))
}

fn serve(home: &Workspace) -> Running {
    let mut serving = home.start(&SERVE);
    serving.hears(Stream::Err, "INFO serving");
    serving
}

/// What is written between quotes after a name.
fn field(line: &str, name: &str) -> String {
    let value = line.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("no {name} in {line}")).to_owned()
}

fn json(home: &Workspace, words: &[&str]) -> Value {
    let ran = home.run(&[words, &["-o", "json"]].concat());
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn what_all_runs_of_a_day_may_change_is_counted_over_them_and_over_restarts() {
    let server = Counting::start();
    // No date ends while this runs.
    let hour = Clock::process().now().hour();
    let zone = if hour < 12 { format!("Etc/GMT-{}", 12 - hour) } else { format!("Etc/GMT+{}", hour - 12) };
    let caps = format!("{SELDOM}\ncaps = {{ changes = 9, share = \"100%\", daily = 2 }}");
    // To tell people is no change.
    let jobs = [job("change", &caps), "[channel.ops]\nkind = \"log\"\n".to_owned()];
    let home =
        workspace(&server, &zone, &jobs).file("change.rhai", renaming(&["run.id"]) + "notify(\"ops\", \"renamed\");");
    let mut serving = serve(&home);
    let fate = |serving: &mut Running| {
        assert_eq!(home.run(&["jobs", "run", "change"]).code, 0);
        serving.hears(Stream::Err, "started");
        serving.hears(Stream::Err, "fire_time=")
    };
    let first = fate(&mut serving);
    assert!(first.contains("INFO done"), "{first}");
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
    let mut serving = serve(&home);
    assert!(fate(&mut serving).contains("INFO done"));
    let refused = fate(&mut serving);
    assert!(refused.contains("WARN refused"), "{refused}");
    assert!(refused.contains("reason=\"cap_reached\"") && refused.contains("cap 2 a day"), "{refused}");
    assert_eq!(server.changes(), 2);
}

/// A server that lets so many connections find something else in its place, and then answers with a server.
struct Hidden {
    url: String,
    left: Arc<AtomicUsize>,
}

impl Hidden {
    fn for_connections(count: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let left = Arc::new(AtomicUsize::new(count));
        let hides = left.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let is_hidden =
                    hides.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
                std::thread::spawn(move || answer(&stream, is_hidden));
            }
        });
        Self { url, left }
    }
}

/// Answers one call.
fn answer(mut stream: &TcpStream, is_hidden: bool) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        line.clear();
    }
    let (kind, body) = if is_hidden {
        ("text/html", "<html>please log in</html>".to_owned())
    } else {
        ("application/json", format!("{{\"id\":\"{ID}\",\"name\":\"web-1\",\"status\":\"ACTIVE\",\"labels\":{{}}}}"))
    };
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\ncontent-length: {}", body.len());
    // Who asked may have gone.
    let _ = write!(stream, "{head}\r\n\r\n{body}");
    let _ = stream.read(&mut [0; 1]);
}

/// How often a call is tried that something else than the API answers.
const TRIES: usize = 3;

fn reading_workspace(server: &Hidden) -> Workspace {
    let retry = "retry = { attempts = 3, backoff = \"1s\" }";
    let jobs = ["read", "script"].map(|name| job(name, &format!("every = \"1s\"\n{retry}")));
    Counting::start()
        .workspace()
        .variable("STACKIT_IAAS_CUSTOM_ENDPOINT", &server.url)
        .file("stackhand.toml", format!("timezone = \"Europe/Berlin\"\n{}", jobs.concat()))
        .file(
            "read.rhai",
            "//! Permissions: iaas.server.get\nlog.info(`try ${run.attempt} for ${run.fire_time.unix} after ${run.previous}`);\n\
             state.incr(\"n\");\nimport \"stackit/iaas\" as iaas;\nprint(iaas::get_server(\"22222222-2222-4222-8222-222222222222\").name);",
        )
        .file("script.rhai", "throw \"no\"")
}

#[test]
fn a_network_that_fails_is_tried_again_for_the_same_fire_time_until_it_does_not() {
    let server = Hidden::for_connections(2 * TRIES);
    let home = reading_workspace(&server);
    let mut serving = serve(&home);
    let mut before: Option<(String, String)> = None;
    for attempt in 1..=3 {
        let line = serving.hears(Stream::Err, &format!("INFO try {attempt} for "));
        let (run, words) = (field(&line, "run"), line.split(" for ").nth(1).expect("a time").to_owned());
        let fire_time = words.split(' ').next().expect("a time").to_owned();
        if let Some((earlier, same)) = &before {
            assert!(words.contains(&format!("after {earlier}")) && *same == fire_time, "{line}");
        }
        before = Some((run, fire_time));
    }
    let done = serving.hears(Stream::Err, "INFO done job=\"read\"");
    assert!(done.contains("attempt=3"), "{done}");
    assert_eq!(server.left.load(Ordering::SeqCst), 0);
    // A mistake in the recipe is none that passes.
    let failed = serving.hears(Stream::Err, "ERROR failed job=\"script\"");
    assert!(!failed.contains("attempt="), "{failed}");
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
    let history = json(&home, &["jobs", "history", "read", "--limit", "1000"]);
    let of = |outcome: &str| history.as_array().into_iter().flatten().filter(|it| it["outcome"] == outcome).count();
    // What was due meanwhile did not start, and what the tries that failed wanted kept is forgotten.
    assert!(of("failed") == 0 && of("skipped") > 0, "{history}");
    let kept = home.run(&["eval", "--state", "read", "print(state.get(\"n\"))"]);
    assert_eq!(kept.stdout.trim(), of("done").to_string(), "{kept:?}");
}

#[test]
fn tries_have_an_end() {
    let server = Hidden::for_connections(usize::MAX);
    let home = reading_workspace(&server);
    let mut serving = serve(&home);
    for attempt in 1..=3 {
        serving.hears(Stream::Err, &format!("INFO try {attempt} for "));
    }
    let failed = serving.hears(Stream::Err, "ERROR failed job=\"read\"");
    assert!(failed.contains("attempt=3") && failed.contains("reason=\"server\""), "{failed}");
}

#[test]
fn a_run_that_a_kill_interrupts_is_unknown_and_its_journal_tells_what_was_changed() {
    let (call, called) = channel();
    let server = Counting::planned(Plan { at: 2, goes_on: false }, call);
    let home = workspace(&server, "Europe/Berlin", &[job("change", SELDOM)])
        .file("change.rhai", renaming(&["\"first\"", "\"second\"", "\"third\""]));
    let mut serving = serve(&home);
    assert_eq!(home.run(&["jobs", "run", "change"]).code, 0);
    let run = field(&serving.hears(Stream::Err, "INFO started"), "run");
    called.recv().expect("the second change comes");
    serving.kill();
    let mut serving = home.start(&SERVE);
    let unknown = serving.hears(Stream::Err, "job=\"change\"");
    assert!(unknown.contains("ERROR unknown") && unknown.contains("reason=\"interrupted\""), "{unknown}");
    assert_eq!(field(&unknown, "run"), run);
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
    let shown = home.run(&["runs", "show", &run]).stdout;
    let history = json(&home, &["jobs", "history", "change"]);
    assert_eq!(history[0]["outcome"], "unknown", "{history}");
    assert!(shown.contains("1 done, 0 refused, 1 unknown"), "{shown}");
    assert!(shown.contains(&format!("stackhand runs rerun {}", &run[..8])), "{shown}");
    assert_eq!(server.changes(), 2);
}

/// Has a process of earlier times begin with a workspace's jobs; gives its dispatcher.
async fn at_work(home: &Workspace, now: DateTime<Utc>, run: &'static str) -> Dispatcher<Sqlite> {
    let file = home.path("stackhand.toml");
    let text = std::fs::read_to_string(&file).expect("a workspace");
    let jobs = Jobs::of(config::Workspace::read(&file, &text).expect("it reads"), None).expect("they are jobs");
    let store = store(home.folder()).await;
    let new_run = Arc::new(move || RunId(run.to_owned()));
    Dispatcher::take_over(store, jobs.roster, 8, new_run, now, &|_| None).await.expect("it begins")
}

async fn store(folder: &Path) -> Sqlite {
    let options = Options::new(Synchronous::Full, Clock::process());
    let opened = Database::open(&folder.join(".stackhand/state.db"), &options).await.expect("it opens");
    Sqlite::new(opened.database).await.expect("it opens")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn a_run_of_which_the_journal_knows_how_it_ended_has_that_outcome_after_a_kill() {
    let server = Counting::start();
    let home =
        workspace(&server, "Europe/Berlin", &[job("change", SELDOM)]).file("change.rhai", renaming(&["\"first\""]));
    // A run that is in the journal, and that another process is on record as having under way.
    assert_eq!(home.run(&["run", "change.rhai", "--allow", "iaas.server.*", "--yes"]).code, 0);
    let runs = json(&home, &["runs", "list"]);
    let run = runs[0]["run"].as_str().unwrap_or_else(|| panic!("no run: {runs}")).to_owned();
    let run: &'static str = Box::leak(run.into_boxed_str());
    let now = Clock::process().now() - TimeDelta::minutes(5);
    runtime().block_on(async {
        let mut dispatcher = at_work(&home, now, run).await;
        assert!(dispatcher.start_by_hand(&JobId::new("change"), None, now).await.expect("it is written"));
        let orders = dispatcher.step(now, Clock::process().monotonic()).await.expect("it is written");
        assert_eq!(orders.start.len(), 1);
    });
    let mut serving = home.start(&SERVE);
    let done = serving.hears(Stream::Err, "job=\"change\"");
    assert!(done.contains("INFO done") && field(&done, "run") == run, "{done}");
    assert_eq!(server.changes(), 1);
}

#[test]
fn down_over_night_nothing_is_stopped_in_the_morning_and_the_morning_starts() {
    let server = Counting::start();
    // It is 07:55 now: the morning was due 55 minutes ago, the night eleven hours before that.
    let now = Clock::process().now();
    let due = |ago: TimeDelta| {
        let at = now - ago;
        format!("schedule = \"{} {} * * *\"", at.minute(), at.hour())
    };
    let (morning, night) = (TimeDelta::minutes(55), TimeDelta::minutes(55 + 11 * 60));
    let jobs = [
        job("night", &format!("{}\nopposes = [\"morning\"]\nconcurrency_group = \"power\"", due(night))),
        job("morning", &format!("{}\nconcurrency_group = \"power\"", due(morning))),
    ];
    let home = workspace(&server, "UTC", &jobs)
        .file("night.rhai", renaming(&["\"stopped\""]))
        .file("morning.rhai", renaming(&["\"started\""]));
    // Up until 19:00.
    let down = now - TimeDelta::minutes(55 + 12 * 60);
    runtime().block_on(async {
        let mut dispatcher = at_work(&home, down - TimeDelta::hours(1), "none").await;
        let orders = dispatcher.step(down, Clock::process().monotonic()).await.expect("it is written");
        assert_eq!(orders.start, []);
        dispatcher.retire(down).await.expect("it is written");
    });
    let mut serving = serve(&home);
    let lines =
        [serving.hears(Stream::Err, "job="), serving.hears(Stream::Err, "job="), serving.hears(Stream::Err, "job=")];
    let told = lines.concat();
    for part in ["INFO superseded job=\"night\"", "INFO started job=\"morning\"", "INFO done job=\"morning\""] {
        assert!(told.contains(part), "{told}");
    }
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
    let seen: Vec<String> = server.seen.lock().expect("unpoisoned").changes.keys().cloned().collect();
    assert_eq!(seen, ["{\"name\":\"started\"}"]);
    let history = json(&home, &["jobs", "history", "night"]);
    assert_eq!(history[0]["reason"]["code"], "opposed", "{history}");
}

#[test]
fn what_runs_and_what_waits_is_cancelled_and_the_job_goes_on_after_that() {
    let server = Counting::start();
    let jobs = [job("long", &format!("{SELDOM}\noverlap = \"queue\"")), job("other", SELDOM)];
    let home = workspace(&server, "Europe/Berlin", &jobs)
        .file("long.rhai", "log.info(\"at work\"); sleep(minutes(30))")
        .file("other.rhai", "1");
    let mut serving = serve(&home);
    assert_eq!(home.run(&["jobs", "run", "long"]).code, 0);
    let run = field(&serving.hears(Stream::Err, "at work"), "run");
    assert_eq!(home.run(&["jobs", "run", "long"]).code, 0);
    let shown = json(&home, &["jobs", "show", "long"]);
    assert_eq!(shown["live"].as_array().map(Vec::len), Some(2), "{shown}");
    let cancelled = home.run(&["jobs", "cancel", "long"]);
    assert_eq!((cancelled.code, cancelled.stdout), (0, format!("cancelled: {run}\n")));
    for _ in 0..2 {
        let line = serving.hears(Stream::Err, "job=\"long\"");
        assert!(line.contains("INFO cancelled"), "{line}");
    }
    assert_eq!(home.run(&["jobs", "run", "other"]).code, 0);
    serving.hears(Stream::Err, "INFO done job=\"other\"");
    let shown = json(&home, &["jobs", "show", "long"]);
    assert_eq!(shown["live"].as_array().map(Vec::len), Some(0), "{shown}");
    let ended = json(&home, &["runs", "show", &run]);
    assert_eq!(ended["outcome"], "interrupted", "{ended}");
}

#[test]
fn the_third_signal_ends_a_server_that_cannot_write_how_a_run_ended_and_the_next_one_does() {
    let home = workspace(&Counting::start(), "Europe/Berlin", &[job("long", SELDOM)])
        .file("long.rhai", "log.info(\"at work\"); sleep(minutes(30))");
    let mut serving = serve(&home);
    assert_eq!(home.run(&["jobs", "run", "long"]).code, 0);
    let run = field(&serving.hears(Stream::Err, "at work"), "run");
    let runtime = runtime();
    let file = home.path(".stackhand/state.db");
    let held = runtime.block_on(async {
        let opened = Database::open(&file, &Options::new(Synchronous::Full, Clock::process())).await?;
        opened.database.write().await
    });
    serving.signal("TERM");
    let line = serving.hears(Stream::Err, "INFO waiting for 1 run");
    assert_eq!(field(&line, "runs"), format!("long {run}"), "{line}");
    serving.signal("TERM");
    serving.hears(Stream::Err, "ending at once: what runs is cancelled");
    serving.hears(Stream::Err, "it is tried again");
    serving.signal("TERM");
    let ended = serving.end();
    assert_eq!(ended.code, 143, "{}", ended.stderr);
    drop(held);
    let mut next = serve(&home);
    let line = next.hears(Stream::Err, "job=\"long\"");
    assert!(line.contains("INFO cancelled") && field(&line, "run") == run, "{line}");
    next.signal("TERM");
    assert_eq!(next.end().code, 0);
}
