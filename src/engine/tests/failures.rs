//! What a person reads when nothing catches an error.

use std::fmt::Write as _;

use super::Bench;
use crate::engine::{Source, run};

/// What each script's failure looks like, one after the other, for one snapshot that reads as a page.
fn page(scripts: &[&str]) -> String {
    let mut page = String::new();
    for script in scripts {
        let failure = Bench::new().run(script).failure.unwrap_or_else(|| panic!("{script}"));
        let _ = writeln!(page, "{}", failure.render(false));
    }
    page
}

#[test]
fn errors_show_their_line_and_what_to_do() {
    insta::assert_snapshot!(page(&[
        "let a = 1;\nlet b = srot_by(a, \"n\");",
        "fn halves(list) {\n    list.map(|x| 10 / x)\n}\nlet n = [1, 0];\nhalves(n)",
        "parallel([1], #{ wokers: 2 }, |x| x)",
        "[1].sort_by(5)",
        "let a = #{};\na.b.c",
        "let n = 5; n.name",
        "[1, 2][7]",
        "throw \"the disk is full\"",
        "let a = [1, 2];\na.filter(|x| x < a.len())",
        "fn f() { f() }\nf()",
        "try {\n    1 / 0\n} catch (e) {\n    print(e.message);\n    throw e;\n}",
        "minutes(1) > 5",
        "1 + #{}",
        "let t = \"grün\"; t.lenn()",
    ]));
}

#[test]
fn types_are_named_whole() {
    for (script, part) in [
        ("#{}.a.deep()", "there is no function `deep` that takes (())"),
        ("[1][0..1]", "int is needed here, not range"),
        ("(0..1).deep()", "there is no function `deep` that takes (range)"),
    ] {
        let message = Bench::new().run(script).failure.unwrap().error.message;
        assert_eq!(message, part, "{script}");
    }
}

#[test]
fn colour_is_there_only_when_asked_for() {
    let failure = Bench::new().run("1 / 0").failure.unwrap();
    assert!(failure.render(true).contains('\u{1b}') && !failure.render(false).contains('\u{1b}'));
}

#[test]
fn a_misspelt_operation_names_the_nearest() {
    let error = Bench::new().run("import \"stackit/dns\" as dns; dns::list_zonez()").failure.unwrap().error;
    assert_eq!(error.hint.as_deref(), Some("did you mean `dns::list_zones`?"));
}

#[test]
fn errors_of_the_parser_come_before_anything_runs() {
    insta::assert_snapshot!(page(&[
        "print(\"never\");\nfn f() { coutn + 1 }\nf()",
        "let x = ;",
        "let use = 1;",
        "let x = (1 + 2;\n",
        "let x = \"open",
        "if true { 1",
        "eval(\"1\")",
    ]));
}

#[test]
fn parallel_names_the_items_that_failed() {
    insta::assert_snapshot!(page(&[
        "let l = [#{ name: \"web-1\", n: 1 }, #{ name: \"web-2\", n: 0 }];\nparallel(l, |x|\n    1 / x.n\n)",
        "parallel([1, 2, 3, 4, 5, 6, 7], |x| throw x)",
    ]));
}

#[test]
fn an_error_in_a_module_names_the_module() {
    let folder = tempfile::tempdir().unwrap();
    let show = |module: &str, text: &str| {
        std::fs::write(folder.path().join("m.rhai"), module).unwrap();
        std::fs::write(folder.path().join("main.rhai"), text).unwrap();
        let outcome = run(&Source::read(&folder.path().join("main.rhai")).unwrap(), Bench::new().context());
        outcome.failure.unwrap().render(false).replace(&folder.path().display().to_string(), "DIR")
    };
    let module = "fn f(x) {\n    1 / x\n}\nfn apply(g) {\n    g.call(0)\n}";
    let pages = [
        show(module, "import \"m\" as m;\nm::f(0)"),
        show(module, "import \"m\" as m;\nm::apply(|x| 1 / x)"),
        show(module, "import \"m\" as m;\nm::g(1)"),
        show("let x = 1;\nfn f( {", "import \"m\" as m;"),
        show("let x = 1 / 0;", "import \"m\" as m;"),
        show("", "import \"n\" as n;"),
    ];
    insta::assert_snapshot!(pages.join("\n"));
}
