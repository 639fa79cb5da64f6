//! What may be wrong around the command line: the workspace's file, variables, no credentials at all.

use super::{Case, case, page};

fn workspace(what: &str, code: i32, text: &str, words: &[&str]) -> Case {
    case(what, code, words).file("stackhand.toml", text)
}

#[test]
fn a_workspace_that_is_wrong() {
    let words = &["eval", "servers()", "--profile", "p"];
    insta::assert_snapshot!(page([
        workspace("no TOML", 3, "[profile.p\n", words),
        workspace("an unknown key", 3, "[profile.p]\nprojet_id = \"x\"\n", words),
        workspace("a value of another kind", 3, "[profile.p]\nproject_id = 5\n", words),
        workspace("a project that is no UUID", 3, "[profile.p]\nproject_id = \"shop\"\n", words),
        workspace("an unknown profile", 2, "[profile.prod]\n[profile.test]\n", &["eval", "1", "--profile", "tets"]),
        case("no text", 3, words).file("stackhand.toml", [0xff, 0xfe]),
        workspace(
            "two credentials",
            3,
            "[profile.p]\nservice_account_key_path = \"a\"\ntoken_command = [\"b\"]\n",
            words
        ),
        workspace(
            "a command that is not there",
            3,
            "[profile.p]\ntoken_command = [\"no-such-program\"]\n",
            &["eval", "servers()", "--profile", "p", "--project-id", "5c1f0a3e-7d42-4b86-9e0d-2f6b8a41c7d9",]
        ),
    ]));
}

#[test]
fn no_credentials_and_no_project() {
    insta::assert_snapshot!(page([
        case("no credentials", 3, &["eval", "servers()"]),
        case("no project", 3, &["eval", "servers()"])
            .within(|work| work.variable("STACKIT_ACCESS_TOKEN", "eyJhbGciOiJub25lIn0.e30.x")),
        case("a token with a line break", 3, &["eval", "servers()"])
            .within(|work| work.variable("STACKIT_ACCESS_TOKEN", "eyJh\nbGci")),
        case("a file of authorities that is not there", 3, &["eval", "servers()", "--ca-file", "gone.pem"])
            .within(|work| work.variable("STACKIT_ACCESS_TOKEN", "eyJhbGciOiJub25lIn0.e30.x"))
            .within(|work| work.variable("STACKIT_PROJECT_ID", "5c1f0a3e-7d42-4b86-9e0d-2f6b8a41c7d9")),
        case("a proxy that is no URL", 3, &["eval", "servers()"])
            .within(|work| work.variable("STACKIT_ACCESS_TOKEN", "eyJhbGciOiJub25lIn0.e30.x"))
            .within(|work| work.variable("HTTPS_PROXY", "http://me:hunter2@ bad"))
            .within(|work| work.variable("STACKIT_PROJECT_ID", "5c1f0a3e-7d42-4b86-9e0d-2f6b8a41c7d9")),
    ]));
}
