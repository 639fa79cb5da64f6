//! `:load`: a file may do in a session what it may do in a run of its own.

use crate::process::{Ran, Workspace};

fn load(file: &str, options: &[&str], script: &str) -> Ran {
    let home = Workspace::new().file("file.rhai", file).input(script);
    home.run(&[&["repl", "--sim"], options].concat())
}

#[test]
fn a_file_does_what_its_header_asks_for_and_nothing_else() {
    let stop = "server(\"web-1\").stop().wait().status";
    let header = "//! Stop it.\n//! Permissions: iaas.server.list, iaas.server.get, iaas.server.stop\n";
    let ran = load(&format!("{header}{stop}"), &[], ":load file.rhai\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "INACTIVE\n"), "{ran:?}");
    for (file, options) in [
        (stop.to_owned(), &[][..]),
        (format!("//! Permissions: iaas.server.list, iaas.server.get\n{stop}"), &[]),
        (format!("{header}{stop}"), &["--deny", "iaas.server.stop"]),
    ] {
        let ran = load(&file, options, ":load file.rhai\n");
        assert_eq!(ran.code, 4, "{file}: {ran:?}");
        assert!(ran.stderr.contains("iaas.server.stop"), "{file}: {}", ran.stderr);
    }
}

#[test]
fn what_it_declares_is_not_held_to_its_header_when_somebody_types_it() {
    let file = "//! Permissions: iaas.server.list\nfn halt(name) { server(name).stop().wait().status }\n";
    let ran = load(file, &[], ":load file.rhai\nhalt(\"web-1\")\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "INACTIVE\n"), "{ran:?}");
}

#[test]
fn files_and_variables_are_given_by_nobody_but_the_session_and_asked_for_by_the_header() {
    let read = "read_file(\"file.rhai\").len() > 0";
    let allow = ["--allow", "fs.read:file.rhai"];
    let asked = format!("//! Permissions: fs.read:file.rhai\n{read}");
    let ran = load(&asked, &allow, &format!(":load file.rhai\n{read}\n"));
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "true\ntrue\n"), "{ran:?}");
    assert_eq!(load(&asked, &[], ":load file.rhai\n").code, 4);
    assert_eq!(load(&format!("//! Permissions: iaas.server.list\n{read}"), &allow, ":load file.rhai\n").code, 4);
}

#[test]
fn a_header_that_is_wrong_is_told_before_anything_is_done() {
    let ran = load("//! Permissions: everything\nprint(\"done\")", &[], ":load file.rhai\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:?}");
    assert!(ran.stderr.contains("bad_permission"), "{}", ran.stderr);
}
