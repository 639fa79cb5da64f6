//! Sessions at a terminal.

use super::terminal::Terminal;
use crate::interrupts::cloud_at;

#[test]
fn what_one_input_declares_the_next_ones_know() {
    let mut terminal = Terminal::simulated(80);
    terminal.input(1, "let a = 40;").input(2, "fn add(x) {\r  x + 2\r}").input(3, "add(a)");
    terminal.shows("\n42\n").input(4, "[last, out3]").shows("[42, 42]");
    terminal.input(5, "import \"stdlib/retention\" as retention; 1").input(6, "fn f() { nothing_here }");
    terminal.shows("nothing_here").input(7, "servers(\r").shows("expecting ')'");
    terminal.press("\u{4}");
    let (code, screen) = terminal.end();
    assert_eq!(code, 0, "{screen}");
}

#[test]
fn the_prompt_says_where_one_is_at_every_width() {
    for (columns, prompt) in [(120, "1 sim "), (80, "1 sim "), (40, "sim ")] {
        let mut terminal = Terminal::simulated(columns);
        terminal.prompt(1);
        let screen = terminal.screen();
        assert!(screen.lines().any(|line| line.starts_with(prompt) && line.contains(" eu01")), "{screen}");
    }
}

#[test]
fn an_interrupt_ends_what_is_evaluated_and_leaves_the_session_usable() {
    let (simulator, cloud) = cloud_at("1");
    let mut terminal = Terminal::start(&cloud, &["repl", "--yes"], 100);
    terminal.prompt(1);
    let mut number = 1;
    for doing in [
        "loop { }",
        "loop { try { loop { } } catch { } }",
        "sleep(hours(5));",
        "server(\"migration-trial\").start().wait(hours(5));",
        "parallel([1, 2, 3, 4], |x| { if x == 1 { loop { } } sleep(hours(5)); });",
    ] {
        terminal.press(&format!("print(\"began {number}\"); {doing}\r")).shows(&format!("\nbegan {number}\n"));
        terminal.press("\u{3}");
        number += 1;
        terminal.prompt(number);
        let screen = terminal.screen();
        assert!(screen.contains("interrupted"), "{doing}: {screen}");
        let is_of_progress = |letter| ('\u{2800}'..='\u{28ff}').contains(&letter);
        assert!(!screen.contains(is_of_progress) && !screen.contains("^C"), "{doing}: {screen}");
    }
    terminal.input(number, "6 * 7").shows("\n42\n").press("\u{4}");
    let (code, screen) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    drop(simulator);
    // The whole session is one run.
    let runs = cloud.run(&["runs", "list", "-o", "json"]);
    assert!(runs.stdout.matches("\"command\": \"repl\"").count() == 1, "{}", runs.stdout);
}

#[test]
fn at_the_prompt_an_interrupt_throws_the_line_away() {
    let mut terminal = Terminal::simulated(80);
    terminal
        .prompt(1)
        .press("let wrong = [\r 1,")
        .shows(" 1,")
        .press("\u{3}")
        .prompt(1)
        .input(1, "1 + 1")
        .shows("\n2\n");
    terminal.press("exit(3)\r");
    assert_eq!(terminal.end().0, 3);
}
