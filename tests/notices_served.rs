//! Notices of `stackhand serve` and of sessions as processes of their own, told to a server of this machine.

use chrono::TimeDelta;
use stackhand::clock::Clock;

use crate::bad_input::keys::KEY;
use crate::notices::ear::Ear;
use crate::process::{Stream, Workspace};

const SERVE: [&str; 3] = ["serve", "--listen", "off"];

fn channel(name: &str, ear: &Ear) -> String {
    format!("[channel.{name}]\nkind = \"webhook\"\nurl = \"{}/{name}\"\n", ear.url)
}

fn job(name: &str, more: &str) -> String {
    format!("[[job]]\nname = \"{name}\"\nrecipe = \"{name}.rhai\"\nevery = \"1s\"\n{more}\n")
}

fn workspace(parts: &[String]) -> Workspace {
    let top = "timezone = \"Europe/Berlin\"\n".to_owned();
    Workspace::new().file("stackhand.toml", [&[top], parts].concat().concat())
}

#[test]
fn that_a_run_is_late_is_told_while_it_runs() {
    let ear = Ear::open();
    let group = "concurrency_group = \"one\"";
    let more = format!("{group}\nnotify = {{ channels = [\"ops\"], late_after = \"1s\" }}");
    let late = job("late", &more).replace("1s\"\nconcurrency", "6s\"\nconcurrency");
    let home = workspace(&[channel("ops", &ear), job("busy", group), late])
        .file("busy.rhai", "sleep(seconds(3))")
        .file("late.rhai", "if run.late >= seconds(1) { sleep(hours(1)) }");
    let mut serving = home.start(&SERVE);
    let heard = ear.hears(|heard| heard.event() == "late");
    let late = heard.last().expect("it came");
    assert!(late.body["late_seconds"].as_u64().is_some_and(|late| late >= 1), "{late:?}");
    // It is told once: another time when the run has ended would be too late to be of use.
    serving.signal("TERM");
    serving.hears(Stream::Err, "nothing is started any more");
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
    let more: Vec<_> = ear.requests.try_iter().filter(|heard| heard.body["run"] == late.body["run"]).collect();
    assert!(more.iter().all(|heard| heard.event() != "late"), "{more:?}");
}

#[test]
fn what_a_recipe_says_waits_neither_for_its_run_nor_for_a_channel_that_hangs() {
    let ear = Ear::open();
    let home = workspace(&[channel("ops", &ear), channel("stuck", &ear), job("says", ""), job("tells", "")])
        .file("says.rhai", "notify(\"stuck\", \"hello\"); skip(\"said\")")
        .file("tells.rhai", "notify(\"ops\", #{ text: run.id, n: 1 })");
    let mut serving = home.start(&SERVE);
    serving.hears(Stream::Err, "INFO skipped job=\"says\"");
    let stuck = ear.hears(|heard| heard.path == "/stuck");
    // While that is held, others are told of run after run.
    let mut told = stuck;
    for _ in 0..3 {
        told.extend(ear.hears(|heard| heard.path == "/ops"));
    }
    assert_eq!(told.iter().filter(|heard| heard.path == "/stuck").count(), 1, "{told:#?}");
    let message = told.last().expect("it came");
    assert_eq!((message.event(), message.body["fields"]["n"].as_str()), ("message", Some("1")));
    assert_eq!(
        (message.text(), message.body["job"].as_str()),
        (message.body["run"].as_str().expect("a run"), Some("tells"))
    );
    serving.signal("KILL");
    let said = serving.end().stderr;
    assert!(!said.contains("in the outbox"), "no run delivers by itself: {said}");
    let journal = home.run(&["journal", "-o", "json"]);
    assert!(journal.stdout.contains("\"notify\"") && journal.stdout.contains("\"ops\""), "{journal:?}");
}

#[test]
fn a_key_that_expires_soon_is_told_of_once_and_checked_for() {
    let ear = Ear::open();
    let until = Clock::process().now() + TimeDelta::days(5);
    let mut key = KEY.clone();
    key["validUntil"] = until.to_rfc3339().into();
    let profile = "[profile.shop]\nproject_id = \"11111111-1111-4111-8111-111111111111\"\ncredentials = \"key.json\"\n";
    let more = "profiles = [\"shop\"]\nnotify = { channels = [\"ops\"] }";
    let home = workspace(&[profile.to_owned(), channel("ops", &ear), job("says", more)])
        .file("key.json", key.to_string())
        .file("says.rhai", "notify(\"ops\", \"hello\")");
    let mut expiring = Vec::new();
    for _ in 0..2 {
        let mut serving = home.start(&SERVE);
        let mut heard = ear.hears(|heard| heard.text() == "hello");
        if expiring.is_empty() && !heard.iter().any(|heard| heard.event() == "key_expiring") {
            heard.extend(ear.hears(|heard| heard.event() == "key_expiring"));
        }
        serving.signal("TERM");
        serving.hears(Stream::Err, "INFO ended");
        assert_eq!(serving.end().code, 0);
        heard.extend(ear.requests.try_iter());
        expiring.extend(heard.into_iter().filter(|heard| heard.event() == "key_expiring"));
    }
    let [told] = &expiring[..] else { panic!("once: {expiring:#?}") };
    let title = told.body["title"].as_str().expect("a title");
    assert!(title.starts_with("the key of the profile shop expires in 4 days, on "), "{title}");
    let check = home.run(&["jobs", "check"]);
    let said = [check.stdout, check.stderr].concat();
    assert!(said.contains("the key of the profile shop expires in 4 days"), "{said}");
    assert!(said.contains("key.json can be read by every user of this machine"), "{said}");
}

#[test]
fn a_heartbeat_is_heard_after_a_success_and_not_after_a_failure() {
    let ear = Ear::open();
    let beat = |name: &str| job(name, &format!("heartbeat = \"{}/{name}\"", ear.url));
    let home = workspace(&[beat("well"), beat("bad"), beat("skips")])
        .file("well.rhai", "1")
        .file("bad.rhai", "throw \"no such luck\"")
        .file("skips.rhai", "skip(\"not today\")");
    let mut serving = home.start(&SERVE);
    serving.hears(Stream::Err, "ERROR failed job=\"bad\"");
    serving.hears(Stream::Err, "INFO done job=\"well\"");
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.extend(ear.hears(|_| true));
    }
    serving.signal("TERM");
    let ended = serving.end();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    heard.extend(ear.requests.try_iter());
    assert!(heard.iter().all(|heard| (heard.method.as_str(), heard.path.as_str()) == ("GET", "/well")), "{heard:#?}");
    let history = home.run(&["jobs", "history", "well", "--limit", "1000", "-o", "json"]).stdout;
    let done = history.matches("\"outcome\": \"done\"").count();
    assert_eq!(heard.len(), done, "each success is heard, the last one too, before the server ends");
    let check = home.run(&["jobs", "check"]);
    let said = [check.stdout, check.stderr].concat();
    assert!(said.contains("nobody is told when this job fails"), "{said}");
}

#[test]
fn a_session_tells_people_after_each_input_or_says_that_nobody_is_there() {
    let ear = Ear::open();
    let home = workspace(&[channel("ops", &ear)]).input("notify(\"ops\", \"typed\")\nnotify(\"osp\", \"x\")\n");
    let ran = home.run(&["repl"]);
    let heard = ear.hears(|_| true);
    assert_eq!((heard[0].path.as_str(), heard[0].text()), ("/ops", "typed"));
    assert!(ran.stderr.contains("did you mean `ops`?"), "{ran:?}");
    let journal = home.run(&["journal", "-o", "json"]);
    assert!(journal.stdout.contains("\"notify\""), "{journal:?}");
    let alone = Workspace::new().input("notify(\"ops\", \"typed\")\n").run(&["repl"]);
    assert!(
        alone.stderr.contains("nobody was told by `notify`: there is no workspace with channels here"),
        "{alone:?}"
    );
}

#[test]
fn the_log_says_once_that_a_channel_fails_and_once_that_nothing_waits_for_it_any_more() {
    let ear = Ear::open();
    let bad = job("bad", "notify = { channels = [\"ailing\"] }").replace("1s", "1h");
    let home = workspace(&[channel("ailing", &ear), bad]).file("bad.rhai", "throw \"no such luck\"");
    let mut serving = home.start(&SERVE);
    serving.hears(Stream::Err, "serving");
    home.run(&["jobs", "run", "bad"]);
    let line = serving.hears(Stream::Err, "a notice was not taken; it is tried again");
    assert!(line.contains("WARN") && line.contains("channel=\"ailing\" notices=1"), "{line}");
    assert!(line.contains("the channel answers 503: ok"), "{line}");
    // Refused more than once, told once.
    ear.hears(|_| true);
    ear.hears(|_| true);
    ear.recover();
    let line = serving.hears(Stream::Err, "no notice waits for a channel that failed any more");
    assert!(line.contains("INFO") && line.contains("channel=\"ailing\""), "{line}");
    serving.signal("TERM");
    let ended = serving.end();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("a notice was not taken").count(), 1, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("no notice waits for a channel").count(), 1, "{}", ended.stderr);
}

#[test]
fn a_server_that_ends_leaves_no_program_of_a_channel_behind() {
    use std::io::{BufRead, BufReader, Read};
    let tell = "[channel.tell]\nkind = \"command\"\ncommand = [\"/bin/sh\", \"-c\", \"(echo child; sleep 60; echo left) > pipe & wait\"]\n";
    let bad = job("bad", "notify = { channels = [\"tell\"] }");
    let home = workspace(&[tell.to_owned(), bad]).file("bad.rhai", "throw \"no such luck\"");
    let pipe = home.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("started").success());
    let serving = home.start(&SERVE);
    // Opened once the program's child opens it, ended once nobody is left who holds it.
    let mut pipe = BufReader::new(std::fs::File::open(pipe).expect("opened"));
    let mut said = String::new();
    pipe.read_line(&mut said).expect("text");
    serving.signal("TERM");
    assert_eq!(serving.end().code, 0);
    pipe.read_to_string(&mut said).expect("text");
    assert_eq!(said, "child\n");
}
