//! What `check` finds, and what it leaves alone.

use crate::engine::Source;
use crate::engine::check::{Report, check};
use crate::engine::recipe::Severity;

fn report(text: &str) -> Report {
    check(&Source::inline("test.rhai", text), &["profile".to_owned()])
}

/// The codes, places and hints of a script's findings.
fn found(text: &str) -> Vec<(&'static str, usize, usize)> {
    report(text).findings.iter().map(|finding| (finding.code, finding.line, finding.column)).collect()
}

#[test]
fn what_is_right_is_left_alone() {
    let mut wrong = Vec::new();
    for text in [
        "",
        "let a = [3, 1]; a.sort(); print(a.map(|x| x + 1).len());",
        "let m = #{ f: |x| x, n: 1 }; m.f(2); m.typo; m[\"x\"]; m.g = 3; m?.a?.b",
        "fn f(a, b) { a + b } fn g() { log.info(\"x\"); run.id } f(1, 2); g(); fn h(n) { this + n } 3.h(4)",
        "let f = |a, b| a + b; f.call(1, 2); let g = Fn(\"print\"); g.call(1);",
        "let now2 = now(); if now2 > instant(\"2026-11-22T08:00:00Z\") && age(now2) < minutes(5) { now2.year }",
        "try { throw #{ a: 1 } } catch (e) { e.a } for (x, i) in [1, 2] { x + i } for k in 0..3 { k }",
        "let x = (); x = now(); x == 1",
        "let args = params(#{ keep: 3 }); args.keep + 1; args[\"keep\"]; args.contains(\"x\")",
        "let t = table([#{ a: 1 }], [\"a\", [\"B\", |x| x.a]]); print(t)",
        "let s = `a ${1 + 1} ${[1].len()}`; type_of(s) == \"string\"; s.len() > 3 ; s.split(\",\")[0].trim()",
        "switch 3 { 1 => 2, 3..5 => 4, _ => 5 }",
        "let r = try_parallel([1], |x| x); r.filter(|x| x.ok); r[0].error.kind; partly(r)",
        "const LIMIT = 3; fn f() { 1 } let v = loop { break 3; }; do { v += 1 } while v < 5; [1, 2].reduce(|a, x| a + x, 0)",
        "let a = 1; { let b = a; b } let c = |d| { let e = d + a; e }; c.call(2)",
        "import \"stackit/dns\" as dns; let zones = dns::list_zones(); zones.len()",
        "#!/usr/bin/env stackhand\nprint(1)",
        "let s = secret(\"X\"); \"a\" + s == s",
        "let p = \"x\".matches(`^a`); \"x\".to_json(); print([1].join(\",\")); \"7\".pad_left(3)",
        "eval_me() ; fn eval_me() { this }",
    ] {
        let findings = report(text).findings;
        if !findings.is_empty() {
            wrong.push(format!("{text}\n{findings:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn mistakes_are_found_with_their_place_and_the_nearest_name() {
    let mut wrong = Vec::new();
    for (text, code, place, hint) in [
        ("let total = 1; totl + 1", "unknown_variable", (1, 16), "did you mean `total`?"),
        ("fn f() { x } f()", "unknown_variable", (1, 10), "hand them over as parameters"),
        ("minutes", "unknown_variable", (1, 1), "`minutes(…)`"),
        ("minuts(5)", "unknown_function", (1, 1), "`minutes(count: number) -> Duration`"),
        ("let x = 1;\nx.lenn()", "unknown_function", (2, 3), "did you mean"),
        ("fn rotate(a) { a } rotat(1)", "unknown_function", (1, 20), "`rotate(…)`"),
        ("fn rotate(a) { a } rotate(1, 2)", "unknown_function", (1, 20), "did you mean `rotate(…)`?"),
        ("let f = |x| x; f(1)", "unknown_function", (1, 16), "`f.call(…)`"),
        ("minutes()", "wrong_argument_count", (1, 1), "minutes(count: number)"),
        ("minutes(1, 2)", "wrong_argument_count", (1, 1), "minutes(count: number)"),
        ("minutes(\"5\")", "wrong_arguments", (1, 1), "minutes(count: number)"),
        ("now().in_zone(1)", "wrong_arguments", (1, 7), "in_zone(zone: text)"),
        ("now().yaer", "unknown_field", (1, 7), "did you mean `year`?"),
        ("now().formt(\"%Y\")", "unknown_function", (1, 7), "instant.format(pattern: text)"),
        ("minutes(1).in_zone(\"UTC\")", "unknown_function", (1, 12), "instant.in_zone"),
        ("log.inof(\"x\")", "unknown_function", (1, 5), "log.info"),
        ("run.fire_tme", "unknown_field", (1, 5), "did you mean `fire_time`?"),
        ("let args = params(#{ keep: 3 }); args.keeep", "unknown_parameter", (1, 39), "did you mean `keep`?"),
        ("let args = params(#{ keep: 3 }); args[\"kep\"]", "unknown_parameter", (1, 39), "did you mean `keep`?"),
        ("now() == \"2026\"", "incomparable", (1, 7), "make an instant of it first"),
        ("minutes(1) > 60", "incomparable", (1, 12), "make a duration of it first"),
        ("now() - now() > now()", "incomparable", (1, 15), "age(x)"),
        ("let t = now(); t != ()", "incomparable", (1, 18), "in object"),
        ("[now()].filter(|t| t > 3)", "incomparable", (1, 22), "make an instant"),
        ("let a = [1]; a.filter(|x| x < a.len())", "captured_receiver", (1, 23), "let all = a"),
        ("let s = #{ l: [1] }; s.l.map(|x| s.l)", "captured_receiver", (1, 30), "let all = s"),
        ("let x = `a ${secret(\"X\")}`", "secret_in_text", (1, 13), "join it with `+`"),
        ("import \"stackit/dsn\" as dns;", "unknown_module", (1, 8), "`stackit/dns`"),
        ("import \"stackit/dns\" as dns; dns::list_zonse()", "unknown_operation", (1, 35), "`dns::list_zones`"),
        ("import \"stackit/dns\" as dns; dn::list_zones()", "unknown_module", (1, 34), "`dns::list_zones`"),
        ("import \"stackit/dns\" as dns; dns::get_zone()", "missing_argument", (1, 35), "get_zone(zone_id"),
        (
            "import \"stackit/dns\" as dns; dns::list_zones(#{ pag: 1 })",
            "unknown_option",
            (1, 49),
            "did you mean `page`?",
        ),
        (
            "import \"stackit/dns\" as dns; dns::get_zone(\"a\", \"b\", \"c\")",
            "wrong_argument_count",
            (1, 35),
            "get_zone(zone_id",
        ),
        ("import \"other\" as o;", "wrong_import", (1, 8), ""),
        ("import \"stdlib/nothing\" as o;", "unknown_module", (1, 8), ""),
        ("let default = 1;", "syntax", (1, 5), "x.default"),
        ("let a = ;", "syntax", (1, 9), ""),
        ("print(1", "syntax", (1, 8), ""),
        ("params(#{ profile: 1 })", "reserved_parameter", (1, 11), "another name"),
        ("//! Permissions: iaas.server.lst", "unknown_permission", (1, 18), "did you mean `iaas.server.list`?"),
        ("//! Permission: iaas.server.list", "unknown_header_key", (1, 1), "did you mean `Permissions:`?"),
    ] {
        let report = report(text);
        let is_right = match &report.findings[..] {
            [finding] => {
                (finding.code, (finding.line, finding.column)) == (code, place)
                    && finding.hint.as_deref().unwrap_or_default().contains(hint)
            }
            _ => false,
        };
        if !is_right {
            wrong.push(format!("{text}\nwanted {code} {place:?} {hint}\n{:?}", report.findings));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn all_mistakes_are_found_at_once_and_in_order() {
    let text = "//! Permission: x\nlet a = minuts(1);\nprint(b);\n[1].map(|x| x + c);\nfn f() { g() }\nlet args = params(#{ a: now() });\nargs.b";
    assert_eq!(
        found(text),
        [
            ("unknown_header_key", 1, 1),
            ("unknown_function", 2, 9),
            ("unknown_variable", 3, 7),
            ("unknown_variable", 4, 17),
            ("unknown_function", 5, 10),
            ("dynamic_parameter", 6, 25),
            ("unknown_parameter", 7, 6),
        ]
    );
    assert!(report(text).has_errors());
}

#[test]
fn nothing_makes_it_panic() {
    for text in
        ["\0", "`${", "/*", "//!", "params(", "#!", "a::b::c()", "import a as b;", "x.y.z[0](1)", "|x|", "é.ö()"]
    {
        let _ = report(text);
    }
}

/// Whatever is left of a recipe when something is cut out of it, doubled or swapped.
#[test]
fn no_part_of_a_recipe_that_ships_makes_it_panic() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/snapshot_rotation.rhai");
    let text = std::fs::read_to_string(folder).expect("it is readable");
    let tokens: Vec<&str> = text.split_inclusive([' ', '(', ')', '{', '}', '.', ';', '|']).collect();
    for round in 0..60 {
        let (at, other) = (round * 37 % tokens.len(), round * 101 % tokens.len());
        let mut mutated = tokens.clone();
        match round % 4 {
            0 => drop(mutated.remove(at)),
            1 => mutated.insert(at, tokens[other]),
            2 => mutated.swap(at, other),
            _ => mutated.truncate(at),
        }
        let report = report(&mutated.concat());
        assert!(report.findings.iter().all(|finding| !finding.message.is_empty()));
    }
}

#[test]
fn warnings_do_not_keep_a_recipe_from_running() {
    let report = report("let x = `${secret(\"A\")}`");
    assert_eq!(report.findings[0].severity, Severity::Warning);
    assert!(!report.has_errors());
}

#[test]
fn an_option_that_the_run_refuses_is_an_error() {
    for text in [
        "servers(#{ label_selektor: \"a\" })",
        "create_volume(#{ nam: \"a\" })",
        "server(\"a\").update(#{ nmae: \"b\" })",
        "expect(servers(), #{ mni: 1 })",
    ] {
        assert!(report(text).has_errors(), "{text}");
    }
}

#[test]
fn the_recipes_that_ship_are_clean() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts");
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).expect("there are recipes") {
        let path = entry.expect("it is readable").path();
        if path.extension().is_some_and(|extension| extension == "rhai") {
            let source = Source::read(&path).expect("it is readable");
            wrong.extend(check(&source, &[]).findings.iter().map(|finding| finding.render(&source, false)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_platforms_objects_are_known() {
    finds(&[
        ("servers().filter(|s| s.name == \"a\" && s.labels.team == \"b\").len()", &[][..]),
        ("let s = server(\"a\"); s.status; s.machineType; s.createdAt < now(); s.deallocate().wait()", &[]),
        ("servers().map(|s| s.nmae)", &["unknown_field"]),
        ("for s in servers() { s.staus }", &["unknown_field"]),
        ("let v = volumes()[0]; v.sise", &["unknown_field"]),
        (
            "servers(\"team=web\").where(#{ status: \"ACTIVE\" }).sort_by(\"name\").map(|s| s.powerStats)",
            &["unknown_field"],
        ),
        ("servers()[0].dealocate()", &["unknown_function"]),
        ("servers()[0].deallocate", &["unknown_field"]),
        ("volumes()[0].deallocate()", &["unknown_function"]),
        ("parallel(servers(), |s| s.stpo())", &["unknown_function"]),
        ("servers(#{ label_selektor: \"a\" })", &["unknown_option"]),
        ("servers().filter(|s| s.createdAt > \"2026\")", &["incomparable"]),
        ("servers().filter(|s| s.labels.team != \"web\")", &["absent_field"]),
        ("servers().filter(|s| \"team\" in s.labels && s.labels.team != \"web\")", &[]),
        ("servers().filter(|s| (s.labels.team ?? \"\") != \"web\")", &[]),
        ("servers().filter(|s| s.labels.team != ())", &[]),
        ("server(\"a\") == \"a\"", &["incomparable"]),
        ("quotas().filter(|q| q.percentage > 80)", &["unknown_field"]),
        ("servers().where(#{ statsu: \"ACTIVE\" })", &["unknown_field"]),
        ("servers().pluck([\"name\", \"nmae\"])", &["unknown_field"]),
        ("sort_by(servers(), \"nmae\", \"desc\")", &["unknown_field"]),
        ("table(servers(), [\"name\", \"nmae\"])", &["unknown_field"]),
        ("table(servers().sort_by(\"labels.stackhand.order\", \"desc\"), [\"name\", \"labels.team\"])", &[]),
        ("servers().where(#{ labels: #{ team: \"web\" } }).group_by(\"machineType\")", &[]),
        ("servers().filter(|s| s.status = \"ACTIVE\")", &["assignment_as_condition"]),
        ("let n = 1; servers().some(|s| { n = 2; s.status == \"ACTIVE\" })", &[]),
        ("servers().for_each(|s| s.name = \"a\")", &[]),
        ("parallel([1], #{ worker: 2 }, |x| x); expect([1], #{ mni: 1 })", &["unknown_option", "unknown_option"]),
    ]);
}

#[test]
fn what_is_lost_and_what_no_function_takes_is_found() {
    finds(&[
        // Selectors.
        ("servers(\"\")", &["empty_selector"]),
        ("servers(\"team in (\")", &["bad_selector"]),
        ("region(\"eu02\").volumes(#{ label_selector: \"a in (\" })", &["bad_selector"]),
        ("servers(\"team=web, env in (prod, test)\"); let x = \"(\"; servers(x); server(\"\")", &[]),
        // Options of the standard library.
        (
            "import \"stdlib/retention\" as r; r::judge([], #{ dayly: 7 }); r::judge([], #{ daily: 7, recipe: \"x\" })",
            &["unknown_option"],
        ),
        // What parallel closures cannot change.
        ("let out = []; parallel([1], |x| { out.push(x) }); out", &["change_in_parallel"]),
        ("let n = 0; try_parallel([1], |x| { n += x; n }); n", &["change_in_parallel"]),
        ("let m = #{}; parallel([1], |x| { m[`${x}`] = x; 1 }); m", &["change_in_parallel"]),
        (
            "let m = #{ a: [] }; parallel([1], #{ workers: 2 }, |x| { if x > 0 { m.a.push(x); } x })",
            &["change_in_parallel"],
        ),
        ("let out = []; parallel([[1]], |l| { l.map(|x| { out.push(x); x }) }); out", &["change_in_parallel"]),
        ("let out = []; parallel([1], |x| { let out = []; out.push(x); out })", &[]),
        ("let out = [1]; parallel([1], |x| { let all = out; all.push(x); all.len() + out.len() })", &[]),
        ("let out = []; [1].for_each(|| out.push(this)); [1].map(|x| { out.push(x); x }); out", &[]),
        ("let t = now(); parallel([1], |x| t.truncate(\"day\"))", &[]),
        // What is assigned to a copy.
        ("for s in servers() { s.name = \"x\"; }", &["lost_assignment"]),
        ("for s in servers() { print(s.name); s.labels.team = s.name; }", &["lost_assignment"]),
        ("for s in [#{ a: 1 }] { if s.a > 0 { s[\"a\"] += 1; } }", &["lost_assignment"]),
        ("for s in servers() { s.name = \"x\"; s.update(#{ name: s.name }); }", &[]),
        ("let all = []; for s in [#{ a: 1 }] { s.a = 2; all.push(s); } all", &[]),
        ("let n = 0; for s in [#{ a: 1 }] { while s.a < 3 { s.a += 1; } n = s.a; } n", &[]),
        ("for s in [#{ a: 1 }] { loop { if s.a > 3 { break; } s.a += 1; } }", &[]),
        ("for s in [#{ a: 1 }] { let s = #{ b: 1 }; s.b = 2; }", &[]),
        // A new list that nothing takes.
        ("let a = servers(); a.sort_by(\"name\"); a", &["unused_result"]),
        ("let a = servers(); for x in 0..2 { a.where(#{ name: \"x\" }); } a", &["unused_result"]),
        ("let a = servers(); a.sort_by(\"name\")", &[]),
        ("let a = [2, 1]; a.sort(); a.filter(|x| x > 1); a.dedup(); a", &[]),
        ("let m = #{ where: |x| x }; m.where(1); m", &[]),
    ]);
}

/// Holds what is found in each text, hints left out, against codes.
fn finds(cases: &[(&str, &[&str])]) {
    let mut wrong = Vec::new();
    for &(text, codes) in cases {
        let mut findings = report(text).findings;
        findings.retain(|finding| finding.severity != Severity::Hint);
        let found: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
        if found != codes {
            wrong.push(format!("{text}\n{findings:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
