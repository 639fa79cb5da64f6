//! What may be wrong with a recipe's parameters, on either side of the command line.

use super::{Case, case, page};

const RECIPE: &str = "\
//! Keeps a few.

let args = params(#{
    keep: 3,                      // how many to keep
    selector: required(\"text\"),   // which servers
    grace: minutes(10),           // how long to wait
    zones: [\"eu01-1\"],            // where
    really: false,                // do it
    password: secret(\"text\"),     // never shown
});
print(\"began\");
";

fn given(what: &str, options: &[&str]) -> Case {
    let words: Vec<&str> = ["run", "r.rhai", "--sim"].into_iter().chain(options.iter().copied()).collect();
    case(what, 2, &words).file("r.rhai", RECIPE)
}

fn declared(what: &str, declaration: &str) -> Case {
    let recipe = format!("let args = params(#{{\n    {declaration}\n}});\nprint(\"began\");\n");
    case(what, 1, &["run", "r.rhai", "--sim"]).file("r.rhai", recipe)
}

#[test]
fn options_that_do_not_fit_the_recipe() {
    insta::assert_snapshot!(page([
        given("an unknown parameter", &["--selector", "a=b", "--kep", "4"]),
        given("an unknown parameter far from all", &["--selector", "a=b", "--colour", "red"]),
        given("a parameter that is missing", &[]),
        given("a parameter without a value", &["--selector"]),
        given("text for a number", &["--selector", "a=b", "--keep", "many"]),
        given("a broken number", &["--selector", "a=b", "--keep", "3.5"]),
        given("text for a duration", &["--selector", "a=b", "--grace", "long"]),
        given("a number for a duration", &["--selector", "a=b", "--grace", "10"]),
        given("text for yes or no", &["--selector", "a=b", "--really=perhaps"]),
        given("the same parameter twice", &["--selector", "a=b", "--selector", "c=d"]),
        given("a secret that nobody granted", &["--selector", "a=b", "--password", "db_password"]).with_code(4),
        given(
            "a secret that is not there",
            &["--selector=a=b", "--password=db_password", "--allow=secret:db_password"]
        )
        .with_code(1),
        given("a word that belongs to no option", &["--selector", "a=b", "everything"]),
    ]));
}

#[test]
fn declarations_that_are_wrong() {
    insta::assert_snapshot!(page([
        declared("the name of a global option", "region: \"eu01\","),
        declared("the name of an option of run", "timeout: minutes(5),"),
        declared("a value that has to be computed", "keep: 3 + now().year,"),
        declared("an unknown kind", "keep: required(\"integre\"),"),
        declared("a name twice", "keep: 3, keep: 4,"),
        declared("a field that is misspelt", "keep: 3,\n    other: 4")
            .within(|work| { work.file("r.rhai", "let args = params(#{ keep: 3 });\nlet n = args.kep;\n") }),
        case("no literal map", 1, &["run", "r.rhai", "--sim"])
            .file("r.rhai", "let map = #{ keep: 3 };\nlet args = params(map);\n"),
        case("two declarations", 1, &["run", "r.rhai", "--sim"])
            .file("r.rhai", "let args = params(#{ keep: 3 });\nlet more = params(#{ other: 3 });\n"),
        case("a parameter that is changed", 1, &["run", "r.rhai", "--sim"])
            .file("r.rhai", "let args = params(#{ keep: 3 });\nargs.keep = 4;\n"),
    ]));
}
