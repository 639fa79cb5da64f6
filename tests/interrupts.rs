//! Signals to the real process: a run ends at once, wherever it is, and says so in its exit code.

use crate::process::{Running, Stream, Workspace};

/// A run against the real API's client, of which nothing is asked.
fn live() -> Workspace {
    Workspace::new().variable("STACKIT_ACCESS_TOKEN", "eyJhbGciOiJub25lIn0.e30.x")
}

/// A simulated cloud on a port of its own, and a folder whose processes use it.
fn cloud() -> (Running, Workspace) {
    cloud_at("1")
}

/// A simulated cloud whose time goes so many times as fast.
pub fn cloud_at(speed: &str) -> (Running, Workspace) {
    let home = Workspace::new();
    let words = ["sim", "--listen", "127.0.0.1:0", "--key-file", "key.json", "-o", "json", "--speed", speed];
    let mut simulator = home.start(&words);
    let value = |line: String| line.split('"').nth(3).expect("a text").to_owned();
    let url = value(simulator.hears(Stream::Out, "\"url\""));
    let key = home.path("key.json").display().to_string();
    let home = home
        .variable("STACKIT_SERVICE_ACCOUNT_KEY_PATH", key)
        .variable("STACKIT_IAAS_CUSTOM_ENDPOINT", url)
        .variable("STACKIT_PROJECT_ID", crate::stage::PROJECT);
    (simulator, home)
}

#[test]
fn a_signal_ends_a_run_whatever_it_does() {
    let (simulator, cloud) = cloud();
    let began = "print(\"began\");";
    for (what, doing) in [
        ("an endless loop", "loop { }"),
        ("a loop that catches", "loop { try { loop { } } catch { } }"),
        ("a sleep", "sleep(hours(5));"),
        ("a wait", "server(\"migration-trial\").start().wait(hours(5));"),
        ("workers", "parallel([1, 2, 3, 4], |x| { if x == 1 { loop { } } sleep(hours(5)); });"),
    ] {
        for (signal, code) in [("INT", 130), ("TERM", 143)] {
            let mut run = cloud.start(&["eval", &format!("{began} {doing}")]);
            run.hears(Stream::Out, "began");
            run.signal(signal);
            let ran = run.end();
            assert_eq!(ran.code, code, "{what}: {ran:?}");
            assert!(ran.stderr.contains("the run was interrupted"), "{what}: {ran:?}");
            assert_eq!(ran.stdout, "began\n", "{what}");
        }
    }
    simulator.signal("INT");
    let ran = simulator.end();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("stopped"), "{ran:?}");
}

#[test]
fn a_second_signal_ends_a_process_that_cannot_end_by_itself() {
    let home = live();
    // Nobody reads what it prints: it hangs in the middle of a write, where no cancel comes to it.
    let script = "log.warn(\"began\"); let t = \"0123456789\"; for i in 0..10 { t += t; } loop { print(t); }";
    let mut run = home.start_unread(&["eval", script]);
    run.hears(Stream::Err, "began");
    let ran = run.end_under("INT");
    assert_eq!(ran.code, 130, "{ran:?}");
    let listed: serde_json::Value =
        serde_json::from_str(&home.run(&["runs", "list", "-o", "json"]).stdout).expect("JSON");
    assert_eq!(listed[0]["outcome"], "interrupted", "{listed}");
}

#[test]
fn a_run_whose_process_was_killed_is_told_from_one_that_is_under_way() {
    let home = live();
    let outcome = || {
        let ran = home.run(&["runs", "list"]);
        ran.stdout.lines().nth(1).unwrap_or_default().to_owned()
    };
    let mut run = home.start(&["eval", "print(\"began\"); loop { sleep(hours(1)); }"]);
    run.hears(Stream::Out, "began");
    assert!(outcome().contains(" open "), "{}", outcome());
    run.signal("KILL");
    run.end();
    assert!(outcome().contains(" ended without a record "), "{}", outcome());
    let shown = home.run(&["runs", "show"]).stdout;
    assert!(shown.contains("its process has gone without a record"), "{shown}");
}

#[test]
fn threads_that_the_machine_has_no_room_for_are_done_without() {
    let script = "let items = []; for i in 0..300 { items.push(i); }\n\
        let all = parallel(items, #{ workers: 200 }, |x| { let l = []; l.pad(2000, x); l.len() });\n\
        print(all.len());";
    for mapped_kib in [8 << 20, 3 << 20, 2 << 20, 3 << 19, 1 << 20] {
        let ran = Workspace::new().mapping(mapped_kib).run(&["eval", "--sim", script]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "300\n"), "{} MiB: {ran:?}", mapped_kib >> 10);
    }
    for mapped_kib in [3 << 17, 1 << 18] {
        let ran = Workspace::new().mapping(mapped_kib).run(&["eval", "--sim", script]);
        assert!([0, 6].contains(&ran.code), "{} MiB: {ran:?}", mapped_kib >> 10);
    }
}

#[test]
fn the_reader_may_go_before_the_output_is_over() {
    let home = Workspace::new();
    let mut run = home.start_unread(&["eval", "for i in 0..20000 { print(`line ${i}`); }", "--sim"]);
    run.forget_output();
    let ran = run.end();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.stderr.contains("error"), "{ran:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_no_success() {
    let home = Workspace::new();
    for words in [["eval", "1", "--sim", "--out", "/dev/full"], ["api", "iaas", "--sim", "--out", "/dev/full"]] {
        let ran = home.run(&words);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stderr.contains("error: the result could not be written: no space left on device"), "{ran:?}");
    }
}
