//! What may be wrong in a script, and scripts that mean no good.

use super::{Case, case, page};

/// A script that goes wrong with code 1 once it runs.
fn script(what: &str, text: &str) -> Case {
    ending(what, 1, text)
}

fn ending(what: &str, code: i32, text: &str) -> Case {
    case(what, code, &["run", "r.rhai", "--sim"]).file("r.rhai", text)
}

/// A script that goes wrong although it may do anything.
fn unbound(what: &str, code: i32, text: &str) -> Case {
    case(what, code, &["run", "r.rhai", "--sim", "--allow", "*"]).file("r.rhai", text)
}

/// A script that was granted this.
fn granted(what: &str, code: i32, grant: &str, text: &str) -> Case {
    case(what, code, &["run", "r.rhai", "--sim", "--allow", grant]).file("r.rhai", text)
}

/// A script that would go on for ever, or take all the memory there is.
fn endless(what: &str, text: &str) -> Case {
    case(what, 6, &["run", "r.rhai", "--sim", "--max-operations", "300000", "--max-memory", "16"]).file("r.rhai", text)
}

#[test]
fn scripts_without_an_end() {
    insta::assert_snapshot!(page([
        endless("an endless loop", "loop { }"),
        endless("an endless loop that catches everything", "loop { try { loop { } } catch { } }"),
        endless("an endless loop in a closure", "[1].map(|x| { loop { x += 1; } })"),
        endless("an endless loop in parallel", "parallel([1, 2, 3], |x| { loop { } })"),
        endless("recursion", "fn deeper(n) { deeper(n + 1) }\ndeeper(0)"),
        endless("two functions that call each other", "fn a(n) { b(n) }\nfn b(n) { a(n) }\na(0)"),
        endless("a text that doubles", "let t = \"x\";\nloop { t += t; }"),
        endless("a list that doubles", "let l = [1];\nloop { l += l; }"),
        endless("a map that grows", "let m = #{};\nlet i = 0;\nloop { m[`k${i}`] = i; i += 1; }"),
        endless("a map in a map", "let m = #{};\nloop { m = #{ a: m, b: m }; }"),
        endless("a list in a list", "let l = [];\nloop { l = [l]; }"),
        endless("a list in itself, twice", "let l = [1];\nloop { l = [l, l]; }"),
        endless("a text of itself", "let t = \"ab\";\nloop { t = `${t}${t}`; }"),
        endless("bytes that double", "let b = \"ab\".to_blob();\nloop { b += b; }"),
        endless("a list that grows", "let l = [];\nloop { l.push(#{ a: 1 }); }"),
        endless("closures in closures", "let f = || 0;\nloop { let g = f; f = || g; }"),
        endless("a padded text", "let t = \"x\";\nt.pad(1000000000, \"y\");"),
        endless("many texts", "let all = [];\nloop { all.push(\"0123456789\" + all.len()); }"),
        case("a deadline while waiting", 6, &["run", "r.rhai", "--timeout", "1ms"])
            .within(|work| work.variable("STACKIT_ACCESS_TOKEN", "x"))
            .file("r.rhai", "sleep(hours(5));"),
    ]));
}

#[test]
fn a_deadline_ends_a_script_wherever_it_is() {
    let told =
        page([case("a deadline", 6, &["run", "r.rhai", "--sim", "--timeout", "1ms"]).file("r.rhai", "loop { }")]);
    // Where the script is by then depends on the machine.
    assert!(told.contains("error[deadline]: the run was not done after 0.001 s"), "{told}");
    assert!(told.contains("│ loop { }") && told.contains("`--timeout`"), "{told}");
}

#[test]
fn imports_that_lead_astray() {
    let import = |what: &str, path: &str| script(what, &format!("import \"{path}\" as m;\nm::f()"));
    insta::assert_snapshot!(page([
        import("a module that is not there", "lib/helpres"),
        import("out of the folder", "../secrets"),
        import("out of the folder by a detour", "lib/../../secrets"),
        import("an absolute path", "/etc/passwd"),
        import("a URL", "https://example.com/x"),
        import("a circle", "a").file("a.rhai", "import \"b\" as b;").file("b.rhai", "import \"a\" as a;"),
        import("itself", "r"),
        import("a folder", "lib").file("lib/inner.rhai", ""),
        import("a link that leads out", "link").within(|work| {
            std::os::unix::fs::symlink("/etc/passwd", work.path("link.rhai")).expect("a link");
            work
        }),
        import("a module that does not parse", "broken").file("broken.rhai", "fn f( {\n"),
        import("no text", "binary").file("binary.rhai", [0xff, 0xfe]),
        import("a function that it does not have", "empty").file("empty.rhai", ""),
        import("an unknown service", "stackit/dnss"),
        import("an unknown version", "stackit/iaas/v9"),
        import("nothing", ""),
        script("a function of a service that is none", "import \"stackit/dns\" as dns;\ndns::list_zone()"),
    ]));
}

#[test]
fn selectors_options_and_names_that_are_wrong() {
    insta::assert_snapshot!(page([
        script("an empty selector", "servers(\"\").stop()"),
        script("a selector of blanks", "servers(\"  \").stop()"),
        script("nothing for a selector", "servers(()).stop()"),
        script("a selector option that is nothing", "servers(#{ label_selector: () }).stop()"),
        script("an option that is misspelt", "servers(#{ labelselector: \"role=web\" }).stop()"),
        script("half a selector", "servers(\"role in\").stop()"),
        script("no selector", "servers(\"role==web=x\").stop()"),
        ending("a selector that picks nothing", 4, "expect(servers(\"rol=web\"), #{ min: 1 }).stop()").that_prints(),
        script("an option of expect that is misspelt", "expect(servers(), #{ maximum: 3 }).stop()"),
        script("bounds that no list is within", "expect(servers(), #{ min: 5, max: 1 }).stop()"),
        ending("a project that is not there", 5, "project(\"00000000-0000-4000-8000-00000000ABCD\").servers()"),
        ending("a server that is not there", 5, "server(\"web-9\").stop()"),
        script("no name", "server(\"\").stop()"),
        script("a project by its name", "project(\"shop\").servers()"),
        unbound("a server of a cluster", 4, "servers().find(|s| s.managed_by == \"ske\").stop()"),
        script("an update of a field that is none", "server(\"web-1\").update(#{ nmae: \"x\" })"),
        script("a volume of no size", "create_volume(#{ name: \"a\", availabilityZone: \"eu01-1\", size: \"big\" })"),
        unbound("a wait for text", 1, "server(\"web-1\").stop().wait(\"5m\")"),
    ]));
}

#[test]
fn words_that_the_script_gets_wrong() {
    insta::assert_snapshot!(page([
        script("an unknown method", "servers()[0].deallocat()"),
        script("an unknown field", "servers()[0].nmae"),
        script("an unknown function", "sevrers()"),
        script("an unknown variable", "let servers_ = 1;\nserver_"),
        script("a function without its brackets", "let all = servers;"),
        script("a wrong argument", "table(5)"),
        script("an instant and text", "servers()[0].createdAt < \"2026-01-01\""),
        script("a duration and a number", "minutes(5) > 5"),
        script("an object and text", "servers()[0] == \"web-1\""),
        script("an instant that is none", "instant(\"yesterday\")"),
        script("a division by zero", "let all = [];\n100 / all.len()"),
        script("beyond a list's end", "servers()[99].name"),
        script("a field of nothing", "let x = #{};\nx.owner.name"),
        script("a closure that uses its own receiver", "let a = [1, 2];\na.filter(|x| x < a.len())"),
        script("a variable changed in parallel", "let sum = 0;\nparallel([1, 2], |x| { sum += x; })"),
        script("an exit code that is none", "exit(300)"),
        granted("a variable that is not set", 1, "secret:DB_PASSWORD", "secret(\"DB_PASSWORD\")"),
        ending("a secret that nobody granted", 4, "secret(\"DB_PASSWORD\")"),
        granted("a secret shown", 4, "secret:HOME", "print(reveal(secret(\"HOME\")))"),
    ]));
}

#[test]
fn texts_that_are_no_script() {
    let deep = |open: &str, close: &str| format!("let x = {}1{};", open.repeat(3_000), close.repeat(3_000));
    insta::assert_snapshot!(page([
        script("a bracket that is missing", "print(\"began\");\nif true {\n    print(1);\n"),
        script("a quote that is missing", "let t = \"open;\nprint(t);\n"),
        script("another language", "import os\nprint(os.environ)\n"),
        script("a NUL", "let a = 1\0;"),
        script("what a terminal would obey", "let a = \u{1b}[31m1;"),
        script("lines of another system", "let a = 1;\r\nlet b = a +;\r\n"),
        script("one long line", &format!("let l = [{}];\r\nlet b = ;", "1, ".repeat(20_000))),
        script("an error far out in a line", &format!("let l = [{} x];", "1, ".repeat(20_000))),
        script("deep brackets", &deep("(", ")")),
        script("deep lists", &deep("[", "]")),
        script("deep closures", &deep("|| ", "")),
        script("deep blocks", &deep("{ ", " }")),
        script("a long sum", &format!("let x = 1{};", " + 1".repeat(20_000))),
        script("a reserved word", "let protected = 1;\nlet use = 2;"),
        script("a word of others", "eval(\"1\")"),
    ]));
}

#[test]
fn texts_that_are_one_all_the_same() {
    insta::assert_snapshot!(page([
        ending("a mark before the text", 0, "\u{feff}print(1);").that_prints(),
        ending("a line for the shell", 0, "#!/usr/bin/env -S stackhand run\nprint(1);").that_prints(),
        ending("lines of another system", 0, "let a = 1;\r\nprint(a);\r\n").that_prints(),
        ending("blanks", 0, " \n\t\r\n").that_prints(),
        ending("comments", 0, "// nothing\n/* at all */").that_prints(),
        case("on the standard input", 0, &["run", "-", "--sim"]).within(|work| work.input("print(1);")).that_prints(),
        ending("many items in many", 0, "let l = []; for i in 0..1000 { l.push(i); }\nprint(parallel(l, |a| parallel([1, 2, 3], |b| a * b).len()).filter(|n| n == 3).len());")
            .that_prints(),
    ]));
}

#[test]
fn values_that_are_thrown() {
    insta::assert_snapshot!(page([
        script("text", "throw \"the disk is full\""),
        script("nothing", "throw ()"),
        script("empty text", "throw \"\""),
        script("a number", "throw 5"),
        script("a map", "throw #{ a: 1 }"),
        ending(
            "a map with a kind",
            5,
            "throw #{ kind: \"not_found\", message: \"no such thing\", hint: \"look again\" }"
        ),
        script("a kind that is none", "throw #{ kind: \"limit\", message: \"gotcha\" }"),
        script("a closure", "throw |x| x"),
        script("an object", "throw server(\"web-1\").name"),
        script("a huge text", "let t = \"0123456789\";\nfor i in 0..16 { t += t; }\nthrow t"),
        script("many lines", "let t = \"a\\n\";\nfor i in 0..10 { t += t; }\nthrow t"),
        script("what a terminal would obey", "throw \"\\x1b[2Jgone\""),
        ending("what was caught", 5, "try {\n    server(\"web-9\")\n} catch (e) {\n    throw e;\n}"),
    ]));
}

#[cfg(feature = "misbehaving-natives")]
#[test]
fn a_panic_of_ours_is_told_as_a_bug() {
    let ran = crate::process::Workspace::new().run(&["eval", "test_panic()", "--sim"]);
    assert_eq!(ran.code, 70, "{ran:?}");
    assert!(ran.stderr.contains("error["), "{}", ran.stderr);
    let ran = crate::process::Workspace::new().run(&["eval", "parallel([1, 2], |x| test_panic())", "--sim"]);
    assert_eq!(ran.code, 70, "{ran:?}");
}
