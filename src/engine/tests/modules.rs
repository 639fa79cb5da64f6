use std::path::Path;

use super::Bench;
use crate::engine::check::{Report, check};
use crate::engine::{Outcome, Source, run};

fn outcome_of(folder: &Path, text: &str) -> Outcome {
    std::fs::write(folder.join("main.rhai"), text).unwrap();
    run(&Source::read(&folder.join("main.rhai")).unwrap(), Bench::new().context())
}

fn write(folder: &Path, name: &str, text: &str) {
    let file = folder.join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

#[test]
fn modules_import_relative_to_themselves() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "lib/a.rhai",
        "import \"b\" as b; import \"../top\" as top; fn sum() { b::one() + top::two() }",
    );
    write(folder.path(), "lib/b.rhai", "fn one() { 1 }");
    write(folder.path(), "top.rhai", "fn two() { 2 } export const NAME = \"top\";");
    let outcome =
        outcome_of(folder.path(), "import \"lib/a\" as a; import \"top.rhai\" as t; `${a::sum()} ${t::NAME}`");
    assert_eq!(outcome.value, "3 top", "{:?}", outcome.failure);
}

#[test]
fn imports_never_leave_the_folder() {
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().join("recipes");
    std::fs::create_dir(&folder).unwrap();
    write(outside.path(), "secret.rhai", "fn f() { 1 }");
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.path().join("secret.rhai"), folder.join("link.rhai")).unwrap();
    let absolute = outside.path().join("secret").display().to_string();
    for path in ["../secret", "../nothing", "lib/../../secret", "link", &absolute, "", "c:/x", "..\\\\secret"] {
        let outcome = outcome_of(&folder, &format!("import \"{path}\" as x;"));
        let code = outcome.error().map(|error| error.code);
        assert_eq!(code, Some("wrong_import"), "{path}: {:?}", outcome.failure);
    }
    let outcome = outcome_of(&folder, "import \"missing\" as x;");
    assert_eq!(outcome.error().map(|error| error.code), Some("unknown_module"));
    let message = Bench::new().message("import \"lib/a\" as a;");
    assert!(message.contains("lies in no folder"), "{message}");
}

#[test]
fn a_circle_of_imports_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.rhai", "import \"b\" as b;");
    write(folder.path(), "b.rhai", "import \"a\" as a;");
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
    let message = outcome_of(folder.path(), "import \"a\" as a;").failure.unwrap().error.message;
    assert!(message.contains("a.rhai → ") && message.matches(" → ").count() == 2, "{message}");
    write(folder.path(), "b.rhai", "import \"again/a\" as a;");
    let message = outcome_of(folder.path(), "import \"a\" as a;").failure.unwrap().error.message;
    assert!(message.contains("circle"), "{message}");
}

#[test]
fn a_module_is_loaded_once() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "m.rhai", "print(\"loaded\"); fn f() { 1 }");
    write(folder.path(), "n.rhai", "import \"./m\" as m; fn f() { m::f() }");
    std::fs::write(folder.path().join("main.rhai"), "import \"m\" as m; import \"n\" as n; m::f() + n::f()").unwrap();
    let bench = Bench::new();
    let outcome = run(&Source::read(&folder.path().join("main.rhai")).unwrap(), bench.context());
    assert_eq!(outcome.value, 2);
    assert_eq!(bench.output.0.lock().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_read_says_why() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bytes.rhai"), [0xff, 0xfe]).unwrap();
    for (name, why) in [("none.rhai", "no such file"), ("", "a folder"), ("bytes.rhai", "no text")] {
        let message = Source::read(&folder.path().join(name)).unwrap_err().message;
        assert!(message.contains(why), "{message}");
    }
}

#[cfg(unix)]
#[test]
fn what_may_have_no_end_is_no_file_of_a_recipe() {
    let message = Source::read_file(Path::new("/dev/null")).unwrap_err().message;
    assert!(message.contains("a pipe or a device"), "{message}");
    assert!(Source::read(Path::new("/dev/null")).is_ok(), "a person may pipe a recipe in");
}

#[test]
fn a_function_that_a_module_has_not_is_told_with_the_nearest_whatever_the_module_is_called() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "lib/a.rhai", "export const LIMIT = 3; fn sum(a, b) { a + b } private fn inner() { 1 }");
    for (text, hint) in [
        ("import \"stackit/dns\" as names; names::list_zons()", "did you mean `names::list_zones`?"),
        ("import \"stackit/load-balancer\" as lb; lb::list_load_balancer()", "did you mean `lb::list_load_balancers`?"),
        ("import \"stackit/dns\" as d; d::get_zone(\"a\", \"b\", \"c\")", "it is called as `get_zone(zone_id,"),
        ("import \"stdlib/tiers\" as t; t::reversd([])", "did you mean `t::reversed`?"),
        ("import \"lib/a\" as a; fn f() { a::sun(1, 2) } f()", "did you mean `a::sum`?"),
        ("import \"lib/a\" as a; a::sum(1)", "it takes 2"),
        ("import \"lib/a\" as a; a::LIMTI", "did you mean `a::LIMIT`?"),
        ("import \"lib/a\" as a; a::NOTHING", "a module shows what it exports"),
        ("import \"lib/a\" as a; a::inner()", "keeps `inner` to itself"),
    ] {
        let failure = outcome_of(folder.path(), text).failure.unwrap();
        assert!(failure.error.hint.as_deref().unwrap_or_default().contains(hint), "{text}\n{:?}", failure.error);
    }
}

fn report_of(folder: &Path, text: &str) -> Report {
    std::fs::write(folder.join("main.rhai"), text).unwrap();
    check(&Source::read(&folder.join("main.rhai")).unwrap(), &[])
}

/// Code, line and hint of what is wrong in the recipe, and file, code and line of what is wrong in its modules.
fn told(report: &Report) -> Vec<String> {
    let own = report
        .findings
        .iter()
        .map(|finding| format!("{}:{} {}", finding.line, finding.code, finding.hint.as_deref().unwrap_or_default()));
    let modules = report.modules.iter().flat_map(|module| {
        let file = Path::new(&module.source.name).file_name().unwrap().display().to_string();
        module.findings.iter().map(move |finding| format!("{file}:{}:{}", finding.line, finding.code))
    });
    own.chain(modules).collect()
}

#[test]
fn mistakes_in_modules_are_found_in_their_own_files() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "lib/a.rhai", "import \"b\" as b;\nfn sum() { b::one() + b::tow() }\nfn wrong() { servrs() }");
    write(folder.path(), "lib/b.rhai", "fn one() { 1 }\nfn two() { nothing }");
    write(folder.path(), "lib/c.rhai", "fn f( {");
    let report = report_of(
        folder.path(),
        "import \"lib/a\" as a; import \"lib/b\" as b;\nimport \"lib/c\" as c; c::g(); b::one()",
    );
    assert_eq!(
        told(&report),
        ["b.rhai:2:unknown_variable", "a.rhai:2:unknown_function", "a.rhai:3:unknown_function", "c.rhai:1:syntax"]
    );
    assert!(report.has_errors());
    assert!(report.modules[0].source.name.ends_with("lib/b.rhai"));
    assert_eq!(report.modules.len(), 3, "each is looked at once");
}

#[test]
fn what_modules_export_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let module = "export const NAME = \"x\"; const HIDDEN = 1; let y = 2; export y as size;\n\
                  export let twice = |x| x * 2; fn sum(a, b) { a + b } private fn inner() { 1 }";
    write(folder.path(), "m.rhai", module);
    for (text, finding) in [
        ("m::NAME + m::size + m::sum(1, 2) + m::twice.call(3)", ""),
        ("m::NAMES", "1:unknown_constant did you mean `m::NAME`?"),
        ("m::HIDDEN", "1:unknown_constant the module keeps it to itself: write `export const HIDDEN = …` there"),
        ("m::sum", "1:unknown_constant as a function it is called: `m::sum(…)`"),
        ("other::NAME", "1:unknown_module import it before: `import \"stackit/…\" as other;`"),
        ("m::sun(1, 2)", "1:unknown_function did you mean `m::sum`?"),
        ("m::sum(1)", "1:unknown_function it takes 2"),
        ("m::inner()", "1:unknown_function the module keeps `inner` to itself"),
        ("const A = 1; fn f() { global::A } f()", ""),
        ("import \"stackit/dns\" as dns; dns::ZONES", "1:unknown_constant "),
        ("import \"stackit/iaas/v9\" as iaas;", "1:unknown_module there is v2, v1"),
    ] {
        let told = told(&report_of(folder.path(), &format!("import \"m\" as m; {text}")));
        assert_eq!(told.join("\n"), finding, "{text}");
    }
}

#[test]
fn circles_and_ways_out_are_found_without_a_run() {
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().join("recipes");
    write(outside.path(), "secret.rhai", "fn f() { 1 }");
    write(&folder, "a.rhai", "\nimport \"lib/b\" as b;");
    write(&folder, "lib/b.rhai", "\n\nimport \"../a\" as a;");
    write(&folder, "lib/out.rhai", "import \"../../secret\" as s; import \"../top\" as t; fn f() { t::two() }");
    write(&folder, "top.rhai", "fn two() { 2 }");
    let report = report_of(&folder, "import \"a\" as a;");
    assert_eq!(told(&report), ["b.rhai:3:import_cycle"]);
    let message = &report.modules[0].findings[0].message;
    assert!(message.contains("a.rhai → ") && message.matches(" → ").count() == 2, "{message}");
    assert_eq!(told(&report_of(&folder, "import \"lib/out\" as o; o::f()")), ["out.rhai:1:wrong_import"]);
    assert_eq!(told(&report_of(&folder, "\nimport \"../secret\" as s;")), ["2:wrong_import "]);
    let of_itself = told(&report_of(&folder, "import \"main\" as m;"));
    assert_eq!(of_itself, ["1:import_cycle move what both need into a module of its own"]);
}
