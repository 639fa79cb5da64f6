//! What a run does outside the API: on record before it is done, and never without.

use stackhand::journal::{OUTSIDE, Outcome, sha256};

use super::counting::Counting;
use super::kills::archive;
use crate::process::Workspace;
use crate::secrets::forms;

const MODULE: &str = "fn note(text) { append_file(\"out/log.txt\", text); }\n";

fn home(server: &Counting) -> Workspace {
    let recipe = format!(
        "import \"lib/notes\" as notes;\nwrite_file(\"out/a.txt\", \"the-first-text\");\nnotes::note(\"the-second\");\n\
         http(#{{ url: \"{0}/look\" }});\nhttp(#{{ url: \"{0}/hook?key=in-the-url\", method: \"post\", body: \"the-body\" }});\n\
         print(read_file(\"out/a.txt\"));\n",
        server.url
    );
    server.workspace().file("tell.rhai", recipe).file("lib/notes.rhai", MODULE).file("out/.keep", "")
}

const ALLOW: [&str; 4] = ["run", "tell.rhai", "--allow", "fs.write:out,fs.read:out,net:127.0.0.1"];

#[test]
fn files_and_requests_are_on_record_without_what_is_in_them() {
    let server = Counting::start();
    let home = home(&server);
    let ran = home.run(&ALLOW);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "the-first-text\n"), "{ran:?}");
    let runs = archive(&home).runs(None, 9).expect("readable");
    let run = &runs[0];
    let modules: Vec<_> = run.modules.iter().map(|module| (module.name.as_str(), module.sha256.as_str())).collect();
    assert_eq!(modules, [("lib/notes.rhai", sha256(MODULE.as_bytes()).as_str())]);
    let told: Vec<_> = run
        .changes
        .iter()
        .map(|change| {
            assert_eq!((&*change.before.effect, change.outcome()), (OUTSIDE, Outcome::Done));
            let status = change.last().and_then(|after| after.status);
            (&*change.before.operation, &*change.before.request, &change.before.parameters["bytes"], status)
        })
        .collect();
    assert_eq!(told.len(), 3, "a look is no change: {told:?}");
    assert!(told[0].0 == "write_file" && told[0].1.ends_with("out/a.txt") && *told[0].2 == 14, "{told:?}");
    assert!(told[1].0 == "append_file" && told[1].1.ends_with("out/log.txt") && *told[1].2 == 10, "{told:?}");
    assert!(told[2].0 == "http" && told[2].1 == "POST" && *told[2].2 == 8 && told[2].3 == Some(200), "{told:?}");
    let id = &run.began.run;
    let shown = home.run(&["runs", "show", id]).stdout;
    for part in
        ["write_file", "out/log.txt (10 bytes)", "http POST", "(8 bytes, 200)", "lib/notes.rhai (sha256", "3 done"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let file = archive(&home).find(id).expect("readable").expect("there");
    let text = std::fs::read_to_string(file).expect("readable");
    for part in ["the-first-text", "the-second", "the-body", "in-the-url"] {
        assert!(!text.contains(part), "{part}: {text}");
    }
    let undo = home.run(&["journal", "--run", id, "--undo"]).stdout;
    assert_eq!(undo.matches("a file that was written cannot be taken back").count(), 2, "{undo}");
    assert!(undo.contains("a request that was sent cannot be taken back"), "{undo}");
    assert!(archive(&home).verify().expect("readable").flaws.is_empty());
}

#[test]
fn without_a_journal_nothing_is_written_or_sent() {
    let server = Counting::start();
    let home = home(&server).file(".local/state/stackhand/journal", "this is a file");
    let tries = format!(
        "for f in [|| write_file(\"out/a.txt\", \"x\"), || append_file(\"out/b.txt\", \"x\"), \
         || http(#{{ url: \"{0}/hook\", method: \"POST\" }})] {{ print(attempt(f).error.code); }}\n\
         print(http(#{{ url: \"{0}/look\" }}).status);",
        server.url
    );
    let ran = home.run(&["eval", "--allow", "fs.write:out,net:127.0.0.1", &tries]);
    let refused = "journal_unwritable\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (0, format!("{}200\n", refused.repeat(3)).as_str()), "{ran:?}");
    assert_eq!(server.changes(), 0);
    assert!(!home.path("out/a.txt").exists() && !home.path("out/b.txt").exists());
}

#[test]
fn a_secret_that_the_run_may_read_is_not_told_by_its_reason_or_its_arguments() {
    const CANARY: &str = "canary-Rd2\"x\\y+/=%&ü-8140";
    let server = Counting::start();
    let text = "let args = params(#{ note: \"\", key: secret(\"API_TOKEN\") }); print(args.key);";
    let home = server.workspace().file("a.rhai", text).variable("API_TOKEN", CANARY);
    let reason = format!("because of {CANARY}");
    let ran = home.run(&["run", "a.rhai", "--allow", "secret:API_*", "--reason", &reason, "--note", CANARY]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "***\n"), "{ran:?}");
    let archive = archive(&home);
    let run = &archive.runs(None, 9).expect("readable")[0];
    assert_eq!(run.began.who.reason.as_deref(), Some("because of ***"));
    let file = archive.find(&run.began.run).expect("readable").expect("there");
    let text = std::fs::read_to_string(file).expect("readable");
    assert!(forms(CANARY).iter().all(|form| !text.contains(form)), "{text}");
}
