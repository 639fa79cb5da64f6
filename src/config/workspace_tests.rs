use super::*;

fn read(text: &str) -> Result<Workspace, Error> {
    Workspace::read(Path::new("stackhand.toml"), text)
}

fn complaint(text: &str) -> (String, String) {
    let error = read(text).unwrap_err();
    (error.to_string(), error.hint.unwrap_or_default())
}

#[test]
fn an_empty_file_is_a_workspace() {
    assert!(read("").unwrap().profiles.is_empty());
}

#[test]
fn an_unknown_key_has_line_column_and_the_nearest_name() {
    let (message, hint) = complaint("[profile.prod]\nregion = \"eu01\"\n  projekt_id = \"x\"\n");
    assert_eq!(message, "unknown key `projekt_id` in `[profile.prod]` (stackhand.toml:3:3)");
    assert_eq!(hint, "did you mean `project_id`?");
    let (message, hint) = complaint("[profil.prod]\n");
    assert_eq!(message, "unknown key `profil` at the top of the file (stackhand.toml:1:2)");
    assert_eq!(hint, "did you mean `profile`?");
    let (_, hint) = complaint("zzzzzzz = 1\n");
    assert!(hint.starts_with("known here: timezone, default_profile, "), "{hint}");
}

#[test]
fn a_value_of_the_wrong_kind_says_what_is_wanted() {
    let (message, _) = complaint("[profile.p]\nproduction = \"yes\"\n");
    assert_eq!(message, "`production` must be true or false, not string (stackhand.toml:2:14)");
    let (message, _) = complaint("[profile.p]\ntoken_command = [1]\n");
    assert_eq!(message, "each of `token_command` must be a text, not integer (stackhand.toml:2:18)");
    assert!(complaint("profile = 1\n").0.contains("`profile` must be a table"));
    assert!(complaint("[profile]\np = 1\n").0.contains("`p` must be a table"));
    assert!(complaint("[profile.p]\nmetadata = 1\n").0.contains("must be true, or the service account's mail"));
}

#[test]
fn broken_toml_has_a_place() {
    let (message, _) = complaint("a = 1\nb = = 2\n");
    assert!(message.starts_with("not valid TOML: ") && message.contains("stackhand.toml:2:"), "{message}");
    assert!(complaint("project_id = \"a\"\nproject_id = \"b\"\n").0.contains("stackhand.toml:2:1"));
}

#[test]
fn a_profile_names_one_way_to_authenticate() {
    let (message, hint) = complaint("[profile.p]\nservice_account_key_path = \"k\"\ntoken_command = [\"x\"]\n");
    assert!(message.contains("two ways to authenticate: `service_account_key` and `token_command`"), "{message}");
    assert!(message.ends_with("(stackhand.toml:3:17)"), "{message}");
    assert_eq!(hint, "keep one, or make two profiles");
    assert!(read("[profile.p]\nmetadata = false\nservice_account_key_path = \"k\"\nprivate_key = \"x\"\n").is_ok());
    assert!(complaint("[profile.p]\ntoken_command = []\n").0.contains("names no program"));
}

#[test]
fn the_default_profile_must_exist() {
    let (message, hint) = complaint("default_profile = \"prdo\"\n[profile.prod]\n");
    assert_eq!(message, "there is no profile `prdo` (stackhand.toml:1:19)");
    assert_eq!(hint, "did you mean `prod`?");
    assert!(read("default_profile = \"sim\"\n").is_ok());
}

#[test]
fn the_simulator_is_no_profile_of_ones_own() {
    assert!(complaint("[profile.sim]\n").0.contains("is built in"));
}

#[test]
fn columns_count_characters() {
    assert!(complaint("\"ä\".x = 1\n").0.contains("stackhand.toml:1:1"));
    assert!(complaint("[profile.\"äöü\"]\nx = 1\n").0.contains("[profile.äöü]"));
}

#[test]
fn the_nearest_folder_upward_is_the_workspace() {
    let top = tempfile::tempdir().unwrap();
    let deep = top.path().join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(top.path().join(FILE), "region = \"eu01\"").unwrap();
    assert_eq!(Workspace::around(&deep).unwrap().unwrap().folder(), top.path());
    std::fs::write(top.path().join("a").join(FILE), "").unwrap();
    assert_eq!(Workspace::around(&deep).unwrap().unwrap().folder(), top.path().join("a"));
}

#[test]
fn a_workspace_file_that_is_not_text_says_so() {
    let top = tempfile::tempdir().unwrap();
    std::fs::write(top.path().join(FILE), [0xff, 0xfe]).unwrap();
    let error = Workspace::around(top.path()).unwrap_err();
    assert_eq!(error.code, "workspace_unreadable");
}

#[test]
fn the_documented_example_is_read() {
    let page = include_str!("../../docs/credentials.md");
    let example = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(read(example).unwrap().profiles.len(), 5);
}

#[test]
fn an_unknown_zone_is_told_with_its_line_and_the_nearest() {
    let read = |text: &str| Workspace::read(Path::new(FILE), text);
    assert_eq!(read("timezone = \"Europe/Berlin\"").unwrap().timezone, Zone::of("Europe/Berlin"));
    let error = crate::error::Error::from(read("\ntimezone = \"Berlin\"").unwrap_err());
    assert_eq!(error.message, "there is no time zone `Berlin`");
    assert_eq!(error.place.as_deref(), Some("stackhand.toml:2:12"));
    assert_eq!(error.hint.as_deref(), Some("did you mean `Europe/Berlin`?"));
}
