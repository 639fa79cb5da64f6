//! Changes are shown and asked about before they are made.

use super::terminal::Terminal;
use crate::interrupts::cloud_at;

#[test]
fn a_change_is_shown_and_asked_about() {
    let mut terminal = Terminal::simulated(90);
    terminal.prompt(1).press("server(\"web-1\").stop()\r").asked("Make this change? [y/N/a]");
    let screen = terminal.screen();
    assert!(screen.contains("stop server: web-1 (iaas.stop_server)"), "{screen}");
    terminal.press("n\r").prompt(2).shows("you did not agree");
    terminal.input(2, "server(\"web-1\").status").shows("\nACTIVE\n");
    terminal.press("server(\"web-1\").stop(); 1\r").asked("[y/N/a]").press("a\r").prompt(4);
    // Not asked again, but for a deletion.
    terminal.input(4, "server(\"web-2\").stop().name").shows("\nweb-2\n");
    terminal.press("server(\"migration-trial\").delete()\r").asked("Make this change? [y/N]");
    assert!(terminal.screen().contains("delete server: migration-trial"), "{}", terminal.screen());
    terminal.press("a\r").shows("a deletion is asked about each time").press("\r").prompt(6);
    terminal.input(6, "server(\"migration-trial\").name").shows("\nmigration-trial\n");
}

#[test]
fn many_changes_are_one_table_and_one_question() {
    for line in ["parallel(active, |s| s.reboot()).len()", "active.reboot().len()"] {
        let mut terminal = Terminal::simulated_with(&["--caps", "share=100%"], 100);
        terminal
            .input(1, "let active = servers().filter(|s| s.status == \"ACTIVE\" && s.managed_by == ()); active.len()");
        let count: usize = terminal.screen().lines().rev().nth(1).and_then(|line| line.parse().ok()).expect("a count");
        assert!(count > 4, "{}", terminal.screen());
        terminal.press(line).press("\r").asked(&format!("Make these {count} changes? [y/N/a]"));
        terminal.press("y\r").prompt(3);
        let screen = terminal.screen();
        assert_eq!(screen.matches("Make these").count(), 1, "{screen}");
        assert!(screen.contains(&format!("reboot server: {count} servers")), "{screen}");
        assert!(
            screen.contains(&format!("\n{count}\n2 sim")) || screen.contains(&format!("\n{count}\n3 sim")),
            "{screen}"
        );
    }
}

#[test]
fn many_changes_over_the_network_are_one_question_too() {
    let (_simulator, cloud) = cloud_at("1");
    let cloud = cloud.mapping(64 << 20);
    let mut terminal = Terminal::start(&cloud, &["repl", "--caps", "share=100%"], 100);
    let line = "parallel(servers(#{ label_selector: \"role=web\" }), |s| s.reboot()).len()";
    terminal.prompt(1).press(line).press("\r").asked("Make these 5 changes? [y/N/a]");
    terminal.press("y\r").prompt(2).shows("\n5\n");
}

#[test]
fn an_interrupted_question_changes_nothing() {
    let mut terminal = Terminal::simulated(90);
    terminal.prompt(1).press("server(\"web-1\").stop()\r").asked("[y/N/a]").press("\u{3}").prompt(2);
    terminal.input(2, "server(\"web-1\").status").shows("\nACTIVE\n");
}

#[test]
fn where_nobody_can_be_asked_real_changes_need_a_yes() {
    let (_simulator, cloud) = cloud_at("1");
    let cloud = cloud.input("server(\"web-1\").update(#{ name: \"web-9\" }).name\n");
    let refused = cloud.run(&["repl"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(
        refused.stderr.contains("nobody is there to ask") && refused.stderr.contains("--yes"),
        "{}",
        refused.stderr
    );
    let made = cloud.run(&["repl", "--yes"]);
    assert_eq!((made.code, made.stdout.as_str()), (0, "web-9\n"), "{made:?}");
}
