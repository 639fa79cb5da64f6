//! The session in `docs/repl.md` is one that took place. `UPDATE_SESSION=1 cargo test --test stackhand documented` records
//! it anew.

use std::fs;
use std::path::Path;

use super::terminal::Terminal;
use crate::process::Workspace;
use crate::stage::PROJECT;

const BEGIN: &str = "<!-- recorded -->\n```\n";
const END: &str = "\n```\n<!-- end -->";

/// What is typed, and what answers the question that it leads to.
const SESSION: &[(&str, Option<(&str, &str)>)] = &[
    ("servers(#{ label_selector: \"env=staging\" })", None),
    ("let idle = last.filter(|s| s.name.contains(\"web\"));", None),
    ("idle.stop()", Some(("[y/N/a]", "y"))),
    ("wait_all(last).pluck(\"status\")", None),
    ("server(\"staging-web-1\")", None),
    ("quotas().extract(0, 4)", None),
    ("servers().map(|s| s.staus)", None),
    (":save evening", None),
    (":sh cat evening.rhai", None),
];

#[test]
fn the_documented_session_is_what_takes_place() {
    let home = Workspace::new();
    let mut terminal = Terminal::sized(&home, &["repl", "--sim"], 96, 200);
    let mut number = 1;
    for (typed, question) in SESSION {
        terminal.prompt(number).press(typed).press("\r");
        if let Some((question, answer)) = question {
            terminal.asked(question).press(answer).press("\r");
        }
        if typed.starts_with(':') {
            terminal.shows(typed);
        } else {
            number += 1;
        }
    }
    let screen = terminal.prompt(number).rows();
    terminal.press("\u{4}");
    assert_eq!(terminal.end().0, 0, "{screen}");
    // The project's name may come a moment after the first prompt.
    let short = PROJECT.split('-').next().expect("a UUID");
    let recorded = screen.replace(&format!("sim {short} eu01>"), "sim nordlicht-shop eu01>");

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/repl.md");
    let page = fs::read_to_string(&path).expect("it is there");
    let (before, rest) = page.split_once(BEGIN).expect("a place for the session");
    let (documented, after) = rest.split_once(END).expect("the end of the session");
    if std::env::var_os("UPDATE_SESSION").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{recorded}{END}{after}")).expect("the page can be written");
        return;
    }
    assert_eq!(documented, recorded, "run `UPDATE_SESSION=1 cargo test --test stackhand documented`");
}
