//! The commands of a session.

use super::terminal::Terminal;
use crate::process::{Ran, Workspace};

fn follow(home: Workspace, script: &str) -> (Ran, Workspace) {
    let home = home.input(script);
    (home.run(&["repl", "--sim"]), home)
}

#[test]
fn results_are_shown_otherwise_on_request() {
    let (ran, home) = follow(
        Workspace::new(),
        "servers(\"role=web\").map(|s| #{ name: s.name, status: s.status })\n:json\n:table name\n:csv\n:csv web.csv\n\
         :yaml out1[0]\n:sh wc -l\n:type out1\n:type out1[0].name\n",
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    for text in
        ["\"name\": \"web-1\"", "NAME\nweb-1\n", "name,status\nweb-1,ACTIVE\n", "name: web-1", "\nlist of map\ntext\n"]
    {
        assert!(ran.stdout.contains(text), "{text}: {}", ran.stdout);
    }
    let rows = std::fs::read_to_string(home.path("web.csv")).expect("it was written");
    assert_eq!(rows.lines().count(), 6, "{rows}");
}

#[test]
fn an_unknown_command_offers_the_nearest_and_ends_a_script() {
    let (ran, _) = follow(Workspace::new(), ":hlep\n1\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
    assert!(ran.stderr.contains("did you mean `:help`?"), "{}", ran.stderr);
}

#[test]
fn what_is_declared_is_listed_and_forgotten() {
    let (ran, _) = follow(
        Workspace::new(),
        "let a = 1; const B = \"x\"; fn f(x, y) { x }\nimport \"stackit/dns\" as dns;\n:vars\n:clear a\n:clear\n:vars\n",
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    for text in ["a", "const B", "fn f(x, y)", "import dns", "stackit/dns"] {
        assert!(ran.stdout.contains(text), "{text}: {}", ran.stdout);
    }
    assert!(ran.stderr.contains("nothing is declared"), "{}", ran.stderr);
}

#[test]
fn a_loaded_file_becomes_part_of_a_recipe_without_its_header() {
    let home = Workspace::new().file("lib.rhai", "//! Help.\n//! Permissions: iaas.server.list\nlet a = 20;\n");
    let (ran, home) = follow(home, ":load lib.rhai\na + 1\n:save grown\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    let recipe = std::fs::read_to_string(home.path("grown.rhai")).expect("it was written");
    assert!(recipe.ends_with("`sim`.\n\nlet a = 20;\na + 1\n"), "{recipe}");
}

#[test]
fn a_file_is_loaded_and_what_it_declares_stays() {
    let home = Workspace::new().file("lib.rhai", "//! Help.\nfn twice(x) {\n  x * 2\n}\nlet base = 21;\n");
    let (ran, _) = follow(home, ":load lib.rhai\ntwice(base)\n:load nothing.rhai\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (2, "42\n"), "{ran:?}");
    assert!(ran.stderr.contains("nothing.rhai"), "{}", ran.stderr);
}

#[test]
fn sessions_become_recipes_that_pass_check_and_do_the_same_again() {
    for (number, (session, result)) in [
        ("servers(\"role=web\").len()", "5"),
        ("let all = servers();\nall.len()", ""),
        ("servers()\nlast.filter(|s| s.status == \"ACTIVE\")\nlast.len()", "16"),
        ("fn f(x) { x + 1 }\nfn f(x) { x + 2 }\nf(1)", "3"),
        ("server(\"web-1\")\nout1.name", "web-1"),
        ("server(\"web-1\").stop().wait();\nserver(\"web-1\").status", "INACTIVE"),
        ("import \"stackit/iaas\" as iaas;\niaas::list_servers().len()", "19"),
        ("let names = [];\nfor s in servers() {\n  names.push(s.name);\n}\nnames.len() // all of them", "19"),
        ("let v = volume(\"web-1-boot\")\nv.create_snapshot(\"before\").wait().name", "before"),
        ("if true {\n  1\n} else {\n  2\n}\nlet x = last + 1;\n`${x} and ${out1}`", "2 and 1"),
    ]
    .into_iter()
    .enumerate()
    {
        for option in ["", " --params"] {
            let (ran, home) = follow(Workspace::new(), &format!("{session}\n:save grown{option}\n"));
            assert_eq!(ran.code, 0, "{number}: {ran:?}");
            let recipe = std::fs::read_to_string(home.path("grown.rhai")).expect("it was written");
            assert!(recipe.starts_with("//! Grown in a session on "), "{recipe}");
            let checked = home.run(&["check", "grown.rhai"]);
            assert_eq!(checked.code, 0, "{recipe}\n{checked:?}");
            let again = home.run(&["run", "--sim", "grown.rhai"]);
            assert_eq!(again.code, 0, "{recipe}\n{again:?}");
            if !result.is_empty() {
                assert_eq!(again.stdout.trim_end(), result, "{recipe}");
                assert_eq!(ran.stdout.lines().last(), Some(result), "{recipe}");
            }
        }
    }
}

#[test]
fn literals_become_parameters_on_request() {
    let (ran, home) = follow(Workspace::new(), "server(\"web-1\").name\n:save grown --params\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = home.run(&["run", "--sim", "grown.rhai", "--server", "web-2"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "web-2\n"), "{ran:?}");
}

#[test]
fn confirmation_is_switched_and_the_prompt_says_so() {
    let mut terminal = Terminal::simulated(100);
    terminal.prompt(1).press(":confirm off\r").shows(" unasked>");
    terminal.input(1, "server(\"web-1\").stop().name").shows("\nweb-1\n");
    terminal
        .press(":confirm on\r")
        .shows(":confirm on\n2 sim")
        .press("server(\"web-2\").stop()\r")
        .asked("[y/N/a] ".trim_end());
    terminal.press("n\r").prompt(3);
}

#[test]
fn one_goes_on_in_another_place() {
    let home = Workspace::new().file(
        "stackhand.toml",
        "[profile.live]\nproject_id = \"0e4d4b4c-4b5a-4e3a-9c5b-6f1f8f1c3c11\"\nproduction = true\n",
    );
    let mut terminal = Terminal::start(&home, &["repl", "--sim"], 100);
    terminal
        .prompt(1)
        .press("let kept = 1;\r")
        .prompt(2)
        .press(":profile live\r")
        .shows("live production 0e4d4b4c eu01>");
    terminal.press("servers()\r").shows("no_credentials").prompt(3);
    terminal.press(":region eu02\r").shows(" eu02>").press(":profile sim\r").shows("\n3 sim nordlicht");
    terminal.input(3, "kept + 1").shows("\n2\n").press(":profile nobody\r").shows("nobody").prompt(4);
}

#[test]
fn a_long_list_comes_in_pages() {
    let mut terminal = Terminal::simulated(100);
    terminal.input(1, "let all = servers(); all += all; all += servers(); all.len()").shows("\n57\n");
    terminal.press("all\r").shows("… and 17 more: `:more` shows them\n3 sim");
    terminal.press(":more\r").prompt(3).press(":more\r").shows("all of it was shown");
    terminal
        .press(":table name, status\r")
        .shows(":table name, status\nNAME")
        .shows("… and 17 more: `:more` shows them\n3 sim");
    terminal.press(":clear\r").prompt(3).press(":more\r").shows("there is no result yet");
}

#[test]
fn calls_are_told_as_they_happen() {
    let mut terminal = Terminal::simulated(120);
    terminal
        .prompt(1)
        .press(":trace on\r")
        .shows(":trace on\n1 sim")
        .input(1, "servers().len()")
        .shows("DEBUG answered method=\"GET\" path=\"/v2/projects/")
        .prompt(2);
}

#[test]
fn an_input_is_written_in_the_persons_own_editor() {
    let home = Workspace::new().file("editor.sh", "sed -i s/6/7/ \"$1\"\n").variable("EDITOR", "sh editor.sh");
    let (ran, _) = follow(home, "6 * 6\n:edit\n:edit 9\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (2, "36\n42\n"), "{ran:?}");
    assert!(ran.stderr.contains("7 * 6") && ran.stderr.contains("there is no input `9`"), "{}", ran.stderr);
}
