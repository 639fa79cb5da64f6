use proptest::prelude::*;

use super::*;
use crate::app::LiveName;

fn texts(line: &str) -> Vec<String> {
    let knowledge = Knowledge { folder: env!("CARGO_MANIFEST_DIR").into(), ..Knowledge::default() };
    let web = LiveName { id: "1".to_owned(), name: "web-1".to_owned(), state: "ACTIVE".to_owned() };
    knowledge
        .names
        .set("server", vec![web, LiveName { id: "2".to_owned(), name: "db".to_owned(), state: String::new() }]);
    complete(line, line.len(), &knowledge).1.into_iter().map(|one| one.text).collect()
}

#[track_caller]
fn offers(line: &str, wanted: &[&str], unwanted: &[&str]) {
    let found = texts(line);
    for text in wanted {
        assert!(found.iter().any(|one| one == text), "{line} offers {text}: {found:?}");
    }
    for text in unwanted {
        assert!(!found.iter().any(|one| one == text), "{line} does not offer {text}: {found:?}");
    }
}

#[test]
fn members_are_those_of_the_kind() {
    offers(
        "server(\"web-1\").",
        &["status", "powerStatus", "stop(", "volumes("],
        &["zone", "size", "snapshots(", "count_by("],
    );
    offers("volume(\"data\").s", &["status", "size", "snapshots("], &["stop("]);
    offers("servers().", &["filter(", "map(", "stop(", "count_by("], &["status", "size"]);
    offers("servers()[0].", &["status"], &["count_by("]);
    offers("let s = server(\"x\"); if true { print(s.", &["status"], &["count_by("]);
    offers("servers().filter(|s| s.", &["status", "labels"], &["count_by(", "size"]);
    offers("servers().map(|s| #{ name: s.na", &["name"], &["status"]);
    offers("`all ${servers().len() + server(\"x\").", &["status"], &[]);
    offers("now().", &["year"], &["status"]);
    offers("\"text\".", &["len("], &["status", "stop("]);
    offers("#{ a: 1, bee: 2 }.", &["a", "bee"], &[]);
    offers("parallel(servers(), |s| s.stop().", &["wait("], &[]);
}

#[test]
fn what_is_wrong_before_keeps_nothing_from_being_offered() {
    offers("let x = ; let s = server(\"x\"); s.", &["status", "stop("], &["count_by("]);
    offers("let = 1;\nlet s = server(\"x\");\nfn f( { }\nservers(#{ la", &[], &["details"]);
    offers("let = 1;\nlet s = server(\"x\");\nservers(#{ la", &["label_selector"], &["details"]);
    offers("fn f(x) { let = 1; if x { volume(\"x\").s", &["size"], &["stop("]);
}

#[test]
fn heads_of_blocks_are_completed_too() {
    offers("let s = server(\"x\"); if s.", &["status"], &["count_by("]);
    offers("let all = servers(); while !all.filter(|s| s.", &["status"], &["count_by("]);
    offers("fn f() { for s in servers().", &["filter("], &["status"]);
    offers("if true { 1 } else if server(\"x\").", &["status"], &[]);
}

#[test]
fn options_are_those_of_the_call() {
    offers("servers(#{ la", &["label_selector"], &["details"]);
    offers("servers(#{ details: true, ", &["label_selector"], &[]);
    offers("server(\"x\").create_image(#{ ", &[], &["label_selector"]);
    offers("let m = #{ ", &[], &["label_selector"]);
}

#[test]
fn names_modules_and_operations_are_offered() {
    offers("let total = 1; to", &["total"], &["servers("]);
    offers("serv", &["servers(", "server("], &["volumes("]);
    offers("import \"stackit/dns\" as dns; dns::list_z", &["list_zones("], &["create_zone("]);
    offers("import \"sta", &["stackit/dns\""], &["stdlib/retention\""]);
    offers("import \"std", &["stdlib/retention\""], &[]);
    offers("import \"scripts/sna", &["scripts/snapshot_rotation.rhai\""], &[]);
}

#[test]
fn objects_are_offered_by_name() {
    offers("server(\"", &["web-1\"", "db\""], &[]);
    offers("server(\"w", &["web-1\""], &["db\""]);
    offers("volume(\"", &[], &["web-1\""]);
}

#[test]
fn commands_are_offered_with_what_they_take() {
    offers(":tr", &["trace "], &["save "]);
    offers(":trace o", &["on", "off"], &[]);
    offers(":load scr", &["scripts/"], &[]);
    offers(":doc serv", &["servers"], &[]);
    offers(":type server(\"x\").st", &["status"], &[]);
}

#[test]
fn nothing_is_offered_in_comments_and_texts() {
    assert!(texts("// serv").is_empty() && texts("/* serv").is_empty() && texts("print(\"serv").is_empty());
}

#[test]
fn the_word_at_the_cursor_is_replaced() {
    let (start, found) = complete("servers().fil + 1", 13, &Knowledge::default());
    assert_eq!((start, found[0].text.as_str()), (10, "filter("));
}

fn shipped() -> Vec<String> {
    let mut texts = Vec::new();
    for folder in ["scripts", "stdlib", "examples"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "rhai") {
                texts.push(std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    texts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_prefix_of_a_recipe_makes_it_panic(which in 0_usize..1_000, at in 0_usize..20_000) {
        let texts = shipped();
        let text = &texts[which % texts.len()];
        let at = text.floor_char_boundary(at % (text.len() + 1));
        let (start, found) = complete(text, at, &Knowledge::default());
        prop_assert!(start <= at && found.len() <= MOST && text.is_char_boundary(start));
    }

    #[test]
    fn no_text_makes_it_panic(text in "[a-z.:#{}()\\[\\]\"`$|, é]{0,40}", at in 0_usize..50) {
        let (start, _) = complete(&text, at, &Knowledge::default());
        prop_assert!(start <= text.len());
    }
}

/// What completion takes a value for, it must be: a recipe that passes `check` calls only what the value has.
#[test]
fn every_method_that_a_shipped_recipe_calls_is_offered_where_it_is_called() {
    let (mut missing, mut count) = (Vec::new(), 0);
    for text in shipped() {
        for pair in pieces(&text).windows(2) {
            let (sign, name) = (&text[pair[0].span.clone()], &text[pair[1].span.clone()]);
            let is_ours = pair[1].class == Class::Call && !crate::engine::Registry::shared().get(name).is_empty();
            if !is_ours || ![".", "?."].contains(&sign) {
                continue;
            }
            count += 1;
            let (_, found) = complete(&text, pair[1].span.start + 1, &Knowledge::default());
            if !found.iter().any(|one| one.text == format!("{name}(")) {
                missing.push(text[..pair[1].span.end].lines().last().unwrap_or_default().to_owned());
            }
        }
    }
    assert!(missing.is_empty() && count > 50, "{count} calls, not offered:\n{}", missing.join("\n"));
}
