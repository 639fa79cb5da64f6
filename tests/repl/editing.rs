//! Completion, hints, history.

use std::os::unix::fs::PermissionsExt as _;

use super::terminal::Terminal;
use crate::process::Workspace;

#[test]
fn tab_completes_members_options_and_live_names() {
    let mut terminal = Terminal::simulated(100);
    terminal.prompt(1).press("let srv = server(\"web-1\");\r").prompt(2);
    terminal.press("srv.powerS\t\r").prompt(3).shows("srv.powerStatus");
    terminal
        .press("servers(#{ la\t: \"role=web\" }).len()\r")
        .prompt(4)
        .shows("label_selector: \"role=web\"")
        .shows("\n5\n");
    // The names are read in the background; by now they are there.
    terminal.press("server(\"db-p\t).name\r").prompt(5).shows("\ndb-primary\n");
    terminal.press("server(\"web-\t\t").shows("web-2  ACTIVE");
}

#[test]
fn an_open_input_is_indented() {
    let mut terminal = Terminal::simulated(100);
    terminal.prompt(1).press("fn f(x) {\rif x {\r1\r} else {\r2\r}\r}\r").prompt(2);
    let wanted = "> fn f(x) {\n  if x {\n    1\n  } else {\n    2\n  }\n}\n";
    assert!(terminal.screen().contains(wanted), "{}", terminal.screen());
    terminal.input(2, "f(true)").shows("\n1\n");
}

#[test]
fn a_pasted_recipe_is_one_input() {
    let mut terminal = Terminal::simulated(100);
    terminal
        .prompt(1)
        .press("\u{1b}[200~let a = 1;\nlet b = 2;\n\nprint(a + b);\u{1b}[201~")
        .press("\r")
        .prompt(2)
        .shows("\n3\n");
}

#[test]
fn history_is_kept_for_each_profile_without_secrets() {
    let home = Workspace::new();
    let mut terminal = Terminal::start(&home, &["repl", "--sim"], 100);
    terminal.input(1, "let first = 41;").input(2, " let hidden = 1;").input(3, "let password = \"hunter2\";");
    terminal.press("\u{4}");
    assert_eq!(terminal.end().0, 0);
    let file = home.path(".local/state/stackhand/history/sim.txt");
    let kept = std::fs::read_to_string(&file).expect("it was written");
    assert!(kept.contains("let first = 41;") && !kept.contains("hidden") && !kept.contains("hunter2"), "{kept}");
    assert_eq!(file.metadata().expect("it is there").permissions().mode() & 0o777, 0o600);
    // The next session hints at it, and finds it again.
    let mut terminal = Terminal::start(&home, &["repl", "--sim"], 100);
    terminal.prompt(1).press("let fi").shows("let first = 41;").press("\u{1b}[C").press("\r").prompt(2);
    terminal.input(2, "first + 1").shows("\n42\n");
    terminal.press("\u{12}first =").shows("(reverse-i-search)`first =': let first = 41;");
}

#[test]
fn vi_keys_are_there_on_request() {
    let home = Workspace::new();
    let mut terminal = Terminal::start(&home, &["repl", "--sim", "--vi"], 100);
    terminal.prompt(1).press("20 + 3\u{1b}bxi2\r").prompt(2).shows("\n22\n");
}
