use std::path::Path;

use super::Bench;
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
