//! What a session looks like, at several widths.

use super::terminal::Terminal;
use crate::process::Workspace;

/// What is typed, and the question that it leads to, which is answered with `n`.
const SESSION: &[(&str, Option<&str>)] = &[
    ("servers(#{ label_selector: \"role=web\" })", None),
    ("server(\"db-primary\")", None),
    ("volumes().filter(|v| v.status != \"ATTACHED\")", None),
    ("quotas().extract(0, 6)", None),
    ("[#{ city: \"Heilbronn\", zones: 3 }, #{ city: \"Ostermiething\", zones: 3 }]", None),
    ("#{ city: \"Heilbronn\", zones: 3 }", None),
    ("fn half(x) {\rx / 2\r}", None),
    ("half(`84`)", None),
    ("server(\"web-9\").stop()", None),
    ("server(\"web-1\").stop()", Some("[y/N/a]")),
    ("servers(#{ label_selector: \"role=web\" }).extract(0, 3).reboot()", Some("[y/N/a]")),
    ("volume(\"web-1-boot\").delete()", Some("[y/N]")),
];

fn session(columns: u16, words: &[&str], home: &Workspace) -> String {
    let mut terminal = Terminal::sized(home, words, columns, 400);
    // Time jumps only when nobody reads any names any more: what follows is shown by them.
    terminal.input(1, "sleep(seconds(1));").press("\u{c}");
    let mut number = 2;
    for (typed, question) in SESSION {
        terminal.prompt(number).press(typed).press("\r");
        if let Some(question) = question {
            terminal.asked(question).press("n\r");
        }
        number += 1;
    }
    for command in [":vars", ":type out2", ":hlep", ":help type", ":confirm off", ":project"] {
        terminal.prompt(number).press(command).press("\r").shows(command);
    }
    let screen = terminal.prompt(number).rows();
    terminal.press("\u{4}");
    assert_eq!(terminal.end().0, 0, "{screen}");
    screen
}

#[test]
fn a_session_fits_every_terminal() {
    for columns in [40, 80, 120] {
        let screen = session(columns, &["repl", "--sim"], &Workspace::new());
        assert!(screen.lines().all(|line| line.chars().count() <= usize::from(columns)), "{screen}");
        insta::assert_snapshot!(format!("session_of_{columns}_columns"), screen);
    }
}

#[test]
fn without_colour_it_is_the_same_text() {
    let plain = session(80, &["repl", "--sim"], &Workspace::new().variable("NO_COLOR", "1"));
    assert_eq!(plain, session(80, &["repl", "--sim"], &Workspace::new()));
}
