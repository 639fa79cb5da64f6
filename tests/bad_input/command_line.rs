//! What a user may type wrong.

use super::{Case, case, page};
use crate::process::Workspace;

/// A recipe that must not begin.
const RECIPE: &str = "print(\"began\");\n";

fn recipe(what: &str, code: i32, words: &[&str]) -> Case {
    case(what, code, words).file("r.rhai", RECIPE)
}

#[test]
fn words_and_options_that_are_none() {
    insta::assert_snapshot!(page([
        recipe("an unknown command", 2, &["rnu", "r.rhai"]),
        recipe("an unknown option", 2, &["--simm", "run", "r.rhai"]),
        recipe("an unknown option after the recipe", 2, &["run", "r.rhai", "--sim", "--simm"]),
        recipe("no recipe", 2, &["run"]),
        recipe("a word too many", 2, &["run", "r.rhai", "--sim", "quickly"]),
        recipe("an option without its value", 2, &["run", "r.rhai", "--sim", "--region"]),
        recipe("an unknown format", 2, &["run", "r.rhai", "--sim", "-o", "xml"]),
        recipe("an unknown choice", 2, &["eval", "1", "--sim", "--color", "pink"]),
        recipe("an unknown shell", 2, &["completions", "tcsh"]),
        recipe("no requests at once", 2, &["eval", "1", "--sim", "--max-in-flight", "0"]),
        recipe("no memory", 2, &["eval", "1", "--sim", "--max-memory", "0"]),
        recipe("no code", 2, &["eval"]),
        recipe("two codes", 2, &["eval", "1", "2", "--sim"]),
    ]));
}

#[test]
fn recipes_that_cannot_be_read() {
    let huge = " ".repeat((4 << 20) + 1);
    insta::assert_snapshot!(page([
        case("a recipe that is not there", 2, &["run", "gone.rhai", "--sim"]),
        case("a folder", 2, &["run", "r.rhai", "--sim"]).file("r.rhai/inner", ""),
        case("no text", 2, &["run", "r.rhai", "--sim"]).file("r.rhai", [0x7f, b'E', b'L', b'F', 0xff, 0xfe]),
        case("text of another encoding", 2, &["run", "r.rhai", "--sim"]).file("r.rhai", b"print(\"gr\xfcn\");"),
        case("a huge recipe", 2, &["run", "r.rhai", "--sim"]).file("r.rhai", &huge),
        case("a recipe without an end", 2, &["run", "/dev/zero", "--sim"]),
        case("no text on the standard input", 2, &["run", "-", "--sim"]).within(|work| work.input([0xff, 0xfe])),
        case("too much on the standard input", 2, &["run", "-", "--sim"]).within(|work| work.input(huge.as_bytes())),
        case("an empty recipe does nothing", 0, &["run", "r.rhai", "--sim"]).file("r.rhai", ""),
        case("nothing on the standard input does nothing", 0, &["run", "-", "--sim"]),
    ]));
}

#[test]
fn values_that_make_no_sense() {
    insta::assert_snapshot!(page([
        recipe("a timeout in words", 2, &["run", "r.rhai", "--sim", "--timeout", "soon"]),
        recipe("no time at all", 2, &["run", "r.rhai", "--sim", "--timeout", "0s"]),
        recipe("a timeout without a unit", 2, &["run", "r.rhai", "--sim", "--timeout", "90"]),
        recipe("a fire time in words", 2, &["run", "r.rhai", "--sim", "--fire-time", "tomorrow"]),
        recipe("a project by its name", 2, &["run", "r.rhai", "--sim", "--project-id", "shop"]),
        recipe("a region with a slash", 2, &["run", "r.rhai", "--sim", "--region", "../eu01"]),
        case("a region that is none", 5, &["eval", "servers()", "--sim", "--region", "nowhere"]),
        recipe("an unknown profile", 2, &["run", "r.rhai", "--profile", "prod"]),
        recipe("a result to nowhere", 2, &["run", "r.rhai", "--sim", "--out", "no/such/folder"]),
    ]));
}

#[test]
fn a_world_and_faults_that_are_none() {
    let world = &["run", "r.rhai", "--sim", "--world", "w.json"];
    let faults = &["run", "r.rhai", "--sim", "--faults", "f.json"];
    insta::assert_snapshot!(page([
        recipe("a world that is not there", 3, world),
        recipe("a world that is no JSON", 3, world).file("w.json", "servers: 3\n"),
        recipe("a world with an unknown key", 3, world).file("w.json", "{ \"project\": [] }"),
        recipe("a snapshot of a volume that is none", 3, world).file(
            "w.json",
            "{ \"projects\": [{ \"regions\": { \"eu01\": { \"snapshots\": [{ \"volumeId\": \"gone\" }] } } }] }"
        ),
        recipe("faults that are not there", 3, faults),
        recipe("faults that are no JSON", 3, faults).file("f.json", "{ \"rules\": ["),
        recipe("a fault with an unknown key", 3, faults).file("f.json", "{ \"rules\": [{ \"statsu\": 500 }] }"),
        recipe("a fault that does nothing", 3, faults).file("f.json", "{ \"rules\": [{ \"nth\": 2 }] }"),
        recipe("a fault with a status that is none", 3, faults).file("f.json", "{ \"rules\": [{ \"status\": 99 }] }"),
        recipe("a world without the simulator", 2, &["run", "r.rhai", "--world", "w.json"]).file("w.json", "{}"),
        recipe("faults without the simulator", 2, &["run", "r.rhai", "--faults", "f.json"]).file("f.json", "{}"),
        recipe("a world saved without the simulator", 2, &["run", "r.rhai", "--save", "w.json"]),
    ]));
}

#[test]
fn calls_of_the_api_that_are_none() {
    insta::assert_snapshot!(page([
        case("an unknown service", 2, &["api", "iass"]),
        case("an unknown operation", 2, &["api", "iaas", "list_server"]),
        case("a parameter that is missing", 2, &["api", "iaas", "get_server", "--sim"]),
        case(
            "a parameter given twice",
            2,
            &["api", "iaas", "list_servers", "--sim", "-pdetails=true", "-pdetails=false"]
        ),
        case("a parameter of another kind", 2, &["api", "iaas", "get_server", "--sim", "--param", "serverId=web-1"]),
        case("an unknown parameter", 2, &["api", "iaas", "list_servers", "--sim", "-p", "detail=true"]),
        case("a parameter without a value", 2, &["api", "iaas", "list_servers", "--sim", "-p", "details"]),
        case("no body", 2, &["api", "iaas", "create_volume", "--sim"]),
        case("a body that is no JSON", 2, &["api", "iaas", "create_volume", "--sim", "--body", "{size: 1}"]),
        case("a body that is not there", 2, &["api", "iaas", "create_volume", "--sim", "--body", "gone.json"]),
        case("a body that lacks a field", 2, &["api", "iaas", "create_volume", "--sim", "--body", "{\"size\":1}"]),
        case("a body where there is none", 2, &["api", "iaas", "list_servers", "--sim", "--body", "{}"]),
        case(
            "an object that is not there",
            5,
            &["api", "iaas", "get_server", "--sim", "--param", "serverId=6f9a1a52-0f0e-4c0a-9d52-bd7f1b0a4e11",]
        ),
        case("what the simulator does not have", 5, &["api", "dns", "list_zones", "--sim"]),
    ]));
}

#[test]
fn a_result_s_file_is_left_alone_by_what_has_no_result() {
    let work = Workspace::new().file("r.rhai", "let args = params(#{ keep: 3 }); args.keep").file("result.json", "old");
    let read = || std::fs::read_to_string(work.path("result.json")).expect("it is there");
    for (words, code) in [
        (&["run", "r.rhai", "--sim", "--out", "result.json", "--kep", "4"][..], 2),
        (&["eval", "throw 1", "--sim", "--out", "result.json"], 1),
        (&["eval", "let x = 1;", "--sim", "--out", "result.json"], 0),
    ] {
        assert_eq!(work.run(words).code, code, "{words:?}");
        assert_eq!(read(), "old", "{words:?}");
    }
    assert_eq!(work.run(&["run", "r.rhai", "--sim", "--out", "result.json"]).code, 0);
    assert_eq!(read(), "3\n");
}
