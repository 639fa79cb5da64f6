//! A credential with too few permissions, from end to end: told, refused, granted by a role, done.

use serde_json::{Value, json};

use crate::process::{Ran, Running, Stream, Workspace};

const RECIPE: &str = "//! Permissions: iaas.server.list, iaas.server.update\n\
    let s = server(\"web-1\");\ns.update(#{ labels: #{ tried: \"yes\" } });\nprint(\"labelled\");\n";

/// A served simulator whose account may do only this, and a folder from which it is reached.
fn served(permissions: &str) -> (Workspace, Running, String) {
    let work = Workspace::new().file("label.rhai", RECIPE);
    let words = ["sim", "--listen", "127.0.0.1:0", "--key-file", "key.json", "-o", "json"];
    let mut running = work.start(&[&words[..], &["--permissions", permissions]].concat());
    let mut told = |key: &str| running.hears(Stream::Out, key).split('"').nth(3).expect("a text").to_owned();
    let (project, url) = (told("project_id"), told("\"url\""));
    let work = work
        .variable("STACKIT_SERVICE_ACCOUNT_KEY_PATH", "key.json")
        .variable("STACKIT_IAAS_CUSTOM_ENDPOINT", url.as_str())
        .variable("STACKIT_AUTHORIZATION_CUSTOM_ENDPOINT", url.as_str())
        .variable("STACKIT_PROJECT_ID", project.as_str());
    (work, running, project)
}

fn json_of(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|why| panic!("{why}: {ran:?}"))
}

#[test]
fn what_a_credential_lacks_is_told_refused_and_given_by_a_role() {
    let (work, _simulator, project) = served("iaas.server.list, iam.*");
    let check = |expected: i32| {
        let ran = work.run(&["permissions", "label.rhai", "--check", "-o", "json"]);
        assert_eq!(ran.code, expected, "{ran:?}");
        assert!(ran.stderr.contains("does not say whether"), "{}", ran.stderr);
        json_of(&ran)
    };
    let told = check(4);
    assert_eq!(told["missing"], json!(["iaas.server.get", "iaas.server.update"]));
    assert_eq!(told["project"], json!(project));
    let account = told["account"].as_str().expect("an address").to_owned();

    let ran = work.run(&["run", "label.rhai"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.stderr.contains("iaas.server.update") && ran.stdout.is_empty(), "{}", ran.stderr);

    let role = work.run(&["permissions", "label.rhai", "--role", "labelling"]);
    let of_project = ["--param", "resourceType=project", "--param", &format!("resourceId={project}")];
    std::fs::write(work.path("role.json"), &role.stdout).expect("writable");
    let made = work.run(&[&["api", "authorization", "add_role", "--body", "role.json"][..], &of_project].concat());
    assert_eq!(made.code, 0, "{made:?}");
    let id = json_of(&made)["role"]["id"].as_str().expect("an id").to_owned();
    let id = format!("roleId={id}");
    let read = work.run(&[&["api", "authorization", "get_role", "--param", &id][..], &of_project].concat());
    let names = |role: &Value| {
        let all = role["permissions"].as_array().cloned().unwrap_or_default();
        all.iter().map(|one| one["name"].clone()).collect::<Vec<_>>()
    };
    let (read, wanted) = (json_of(&read)["role"].clone(), json_of(&role));
    assert_eq!((&read["name"], &read["description"]), (&wanted["name"], &wanted["description"]));
    assert_eq!(names(&read), names(&wanted), "the role holds what was asked for");

    let members = json!({ "resourceType": "project", "members": [{ "subject": account, "role": "labelling" }] });
    let given = work.run(
        &[&["api", "authorization", "add_members", "--body", &members.to_string()][..], &of_project[2..]].concat(),
    );
    assert_eq!(given.code, 0, "{given:?}");
    assert_eq!(check(0)["missing"], json!([]));
    let ran = work.run(&["run", "label.rhai"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "labelled\n"), "{}", ran.stderr);
}

#[test]
fn an_account_that_may_do_everything_is_told_what_it_does_not_need() {
    let (work, _simulator, _) = served("iaas.server.list, iaas.server.get, iaas.server.update, iaas.volume.delete");
    let ran = work.run(&["permissions", "label.rhai", "--check"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.stdout, "surplus: the credential has it, and nothing needs it\n  iaas.volume.delete\n");
}
