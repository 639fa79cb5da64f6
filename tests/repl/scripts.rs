//! Sessions without a terminal.

use crate::process::{Ran, Workspace};

fn follow(script: &str) -> Ran {
    Workspace::new().input(script).run(&["repl", "--sim"])
}

#[test]
fn a_script_is_followed_input_by_input() {
    let ran = follow("let a = 1;\nfn f(x) {\n  x + a\n}\n#{\n a: a,\n b: 2 }.len()\nout3 + last\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "2\n4\n"), "{ran:?}");
    // A function sees no variables: that is told with its own line.
    let ran = follow("fn broken(x) {\n  1 / x\n}\nlet b = 2;\nbroken(b - 2)\nprint(\"not reached\")\n");
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("input 1:2:5") && ran.stderr.contains("called from input 3:1:1"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("not reached"));
}

#[test]
fn the_exit_code_is_that_of_the_first_error() {
    for (script, code) in [
        ("1 +", 1),
        ("exit(9)\n1", 9),
        ("server(\"nobody\")", 5),
        ("read_file(\"/etc/passwd\")", 4),
        ("servers().map(|s| s.name)\n", 0),
        ("", 0),
        ("\n\n// nothing\n", 0),
    ] {
        let ran = follow(script);
        assert_eq!(ran.code, code, "{script}: {ran:?}");
    }
}

#[test]
fn results_come_in_the_format_that_was_asked_for() {
    let ran = Workspace::new()
        .input("let x = 1;\nservers().count_by(\"status\")\n()")
        .run(&["repl", "--sim", "-o", "ndjson"]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (0, 1), "{ran:?}");
    assert!(ran.stdout.starts_with("{\"ACTIVE\":16"), "{}", ran.stdout);
}
