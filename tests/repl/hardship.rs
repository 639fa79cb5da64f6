//! Sessions without a network, with credentials that are of no use, with calls that never end.

use std::net::TcpListener;

use super::terminal::Terminal;
use crate::interrupts::cloud_at;
use crate::process::Workspace;
use crate::stage::PROJECT;

/// A token that nobody checks, and one that expired in 2001.
const TOKEN: &str = "eyJhbGciOiJub25lIn0.e30.x";
const EXPIRED: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjEwMDAwMDAwMDB9.x";

/// A folder whose processes act on the real API, or what they take for it.
fn live(variables: &[(&str, &str)]) -> Workspace {
    let home = Workspace::new().variable("STACKIT_PROJECT_ID", PROJECT);
    variables.iter().fold(home, |home, &(name, value)| home.variable(name, value))
}

#[test]
fn with_credentials_that_are_of_no_use_it_says_so_and_one_goes_on_elsewhere() {
    for (name, value, why) in [
        ("STACKIT_ACCESS_TOKEN", EXPIRED, "the access token expired at 2001-09-09T01:46:40Z"),
        ("STACKIT_SERVICE_ACCOUNT_KEY_PATH", "key.json", "the service account key is not JSON"),
        ("STACKIT_SERVICE_ACCOUNT_KEY_PATH", "nothing.json", "nothing.json"),
        ("NOTHING", "", "no_credentials"),
    ] {
        let home = live(&[(name, value)]).file("key.json", "not json");
        let mut terminal = Terminal::start(&home, &["repl"], 160);
        terminal.input(1, "6 * 7").shows("\n42\n").input(2, "servers()").shows(why);
        terminal.input(3, "server(\"web-1\").stop()").prompt(4);
        assert!(!terminal.screen().contains("[y/N"), "{}", terminal.screen());
        terminal.press(":profile sim\r").shows("\n4 sim nordlicht").input(4, "servers().len()").shows("\n19\n");
    }
}

#[test]
fn a_token_that_is_refused_leaves_the_session_usable() {
    let (_simulator, cloud) = cloud_at("1");
    let cloud = cloud.variable("STACKIT_ACCESS_TOKEN", TOKEN).variable("STACKIT_SERVICE_ACCOUNT_KEY_PATH", "");
    let mut terminal = Terminal::start(&cloud, &["repl"], 120);
    terminal.input(1, "servers()").shows("error[").input(2, "6 * 7").shows("\n42\n");
    terminal.press(":profile sim\r").shows("\n3 sim nordlicht").input(3, "servers().len()").shows("\n19\n");
}

#[test]
fn a_dead_network_is_said_and_leaves_the_session_usable() {
    // A port of this machine that nobody listens at.
    let port = TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("it is bound").port();
    let url = format!("http://127.0.0.1:{port}");
    let home = live(&[("STACKIT_ACCESS_TOKEN", TOKEN), ("STACKIT_IAAS_CUSTOM_ENDPOINT", &url)]);
    let mut terminal = Terminal::start(&home, &["repl"], 120);
    terminal.input(1, "servers()").shows("connection refused").input(2, "6 * 7").shows("\n42\n");
    terminal.press("server(\"x").press("\t\u{3}").prompt(3);
}

#[test]
fn an_interrupt_ends_a_call_that_nobody_answers() {
    // Connections are made and nothing ever comes.
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let home = live(&[("STACKIT_ACCESS_TOKEN", TOKEN), ("STACKIT_IAAS_CUSTOM_ENDPOINT", &url)]);
    let mut terminal = Terminal::start(&home, &["repl"], 100);
    let calls = [
        "servers()",
        "server(\"web-1\").stop()",
        "parallel([1, 2, 3], |x| servers())",
        "try { servers(); } catch { loop { } }",
    ];
    for (index, call) in calls.iter().enumerate() {
        let began = format!("began {index}");
        terminal.prompt(index + 1).press(&format!("print(\"{began}\"); {call}\r")).shows(&format!("\n{began}\n"));
        terminal.press("\u{3}").prompt(index + 2);
        assert_eq!(terminal.screen().matches("interrupted").count(), index + 1, "{call}: {}", terminal.screen());
    }
    terminal.input(calls.len() + 1, "6 * 7").shows("\n42\n").press("\u{4}");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn what_is_typed_ahead_is_not_lost() {
    let mut terminal = Terminal::simulated(100);
    terminal.prompt(1).press("sleep(seconds(1));\r:profile sim\r:trace off\r6 * 7\r:region eu01\rlast + 1\r").prompt(4);
    let screen = terminal.screen();
    assert!(screen.contains("\n42\n") && screen.contains("\n43\n"), "{screen}");
}
