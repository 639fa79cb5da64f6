use super::*;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, path: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn environment(&self) -> Environment {
        Environment::empty("/w").with_home(self.0.path())
    }

    fn profile(&self, text: &str) -> Workspace {
        Workspace::read(&self.0.path().join("stackhand.toml"), text).unwrap()
    }
}

fn chosen(environment: &Environment) -> Option<Credential> {
    choose(environment, None).credential.unwrap()
}

fn in_profile(environment: &Environment, workspace: &Workspace) -> Choice {
    choose(environment, Some((workspace, &workspace.profiles["p"])))
}

fn key(credential: Option<Credential>) -> KeyInput {
    match credential {
        Some(Credential::Key(key)) => key,
        other => panic!("{other:?}"),
    }
}

fn path_of(text: &Resolved<Text>) -> &Path {
    match &text.value {
        Text::Path(path) => path,
        Text::Inline(_) => panic!("inline"),
    }
}

#[test]
fn a_path_comes_before_a_text() {
    let environment = Home::new()
        .environment()
        .with(STACKIT_SERVICE_ACCOUNT_KEY, "{}")
        .with(STACKIT_SERVICE_ACCOUNT_KEY_PATH, "key.json")
        .with(STACKIT_PRIVATE_KEY, "PEM")
        .with(STACKIT_PRIVATE_KEY_PATH, "key.pem");
    let key = key(chosen(&environment));
    assert_eq!(path_of(&key.key), Path::new("/w/key.json"));
    assert_eq!(path_of(&key.private_key.unwrap()), Path::new("/w/key.pem"));
}

#[test]
fn a_key_in_the_credentials_file_comes_before_a_token_in_the_environment() {
    let home = Home::new();
    let file = home.file(".stackit/credentials.json", r#"{"STACKIT_SERVICE_ACCOUNT_KEY_PATH": "/k.json"}"#);
    let choice = choose(&home.environment().with(STACKIT_SERVICE_ACCOUNT_TOKEN, "token"), None);
    let key = key(choice.credential.unwrap());
    assert_eq!(key.key.origin, Origin::CredentialsFile { file, field: STACKIT_SERVICE_ACCOUNT_KEY_PATH });
    let verdicts: Vec<_> = choice.candidates.iter().map(|candidate| &candidate.verdict).collect();
    let absent = Verdict::Absent("not set".to_owned());
    assert_eq!(verdicts[..4], [&absent, &absent, &absent, &Verdict::Used]);
    assert!(
        matches!(verdicts[4], Verdict::Passed(why) if why.contains("credentials.json comes first")),
        "{verdicts:?}"
    );
    assert!(matches!(verdicts[5], Verdict::Absent(why) if why == "has no field for a token"), "{verdicts:?}");
}

#[test]
fn items_are_looked_for_one_by_one_as_in_the_sdk() {
    let home = Home::new();
    home.file(
        ".stackit/credentials.json",
        r#"{"STACKIT_PRIVATE_KEY": "PEM of file", "STACKIT_SERVICE_ACCOUNT_TOKEN": "of file"}"#,
    );
    let environment = home.environment().with(STACKIT_SERVICE_ACCOUNT_KEY, "{}");
    let private_key = key(chosen(&environment)).private_key.unwrap();
    assert_eq!(private_key.value, Text::Inline("PEM of file".into()));
    let token = chosen(&home.environment());
    assert!(matches!(token, Some(Credential::Token(token)) if token.value.expose() == "of file"));
}

#[test]
fn a_handed_over_access_token_comes_before_the_sdks_variables() {
    let environment =
        Home::new().environment().with(STACKIT_ACCESS_TOKEN, "user").with(STACKIT_SERVICE_ACCOUNT_KEY_PATH, "k.json");
    assert!(matches!(chosen(&environment), Some(Credential::Token(token)) if token.value.expose() == "user"));
}

#[test]
fn a_named_credentials_file_must_exist() {
    let environment = Home::new().environment().with(STACKIT_CREDENTIALS_PATH, "gone.json");
    let error = choose(&environment, None).credential.unwrap_err();
    assert_eq!(error.code, "credentials_not_found");
    assert!(
        error.to_string().contains("/w/gone.json") && error.to_string().contains(STACKIT_CREDENTIALS_PATH),
        "{error}"
    );
    let with_key = environment.with(STACKIT_SERVICE_ACCOUNT_KEY_PATH, "k.json");
    assert!(choose(&with_key, None).credential.is_ok());
}

#[test]
fn a_wrong_credentials_file_says_what_is_wrong() {
    let home = Home::new();
    for (text, code) in [
        ("[]", "credentials_not_object"),
        ("{\n  nonsense", "credentials_not_json"),
        (r#"{"credentials": {}}"#, "credentials_is_key"),
        (r#"{"STACKIT_SERVICE_ACCOUNT_KEY": {}}"#, "credentials_not_text"),
        (r#"{"STACKIT_SERVICE_ACCOUNT_KEY_PATH": 1}"#, "credentials_not_text"),
    ] {
        home.file(".stackit/credentials.json", text);
        let choice = choose(&home.environment(), None);
        let error = choice.credential.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.to_string().contains("credentials.json"), "{error}");
        assert!(choice.candidates.iter().any(|candidate| matches!(candidate.verdict, Verdict::Broken(_))));
    }
    let environment = home.environment().with(STACKIT_CREDENTIALS_PATH, home.0.path().to_str().unwrap());
    assert_eq!(choose(&environment, None).credential.unwrap_err().code, "credentials_is_directory");
}

#[test]
fn a_profile_comes_before_the_environment() {
    let home = Home::new();
    let environment = home.environment().with(STACKIT_ACCESS_TOKEN, "user").with(STACKIT_PRIVATE_KEY, "PEM");
    let workspace = home.profile("[profile.p]\nservice_account_key_path = \"keys/p.json\"\n");
    let choice = in_profile(&environment, &workspace);
    let key = key(choice.credential.unwrap());
    assert_eq!(path_of(&key.key), home.0.path().join("keys/p.json"));
    assert_eq!(key.private_key, None, "what lies about must not displace the key's own");
    assert!(key.spare_private_key.is_some());
    assert!(matches!(&choice.candidates[1].verdict, Verdict::Passed(why) if why.starts_with("profile `p`")));
}

#[test]
fn a_profile_without_a_credential_leaves_it_to_the_environment() {
    let home = Home::new();
    let workspace = home.profile("[profile.p]\nregion = \"eu01\"\n");
    let choice = in_profile(&home.environment().with(STACKIT_ACCESS_TOKEN, "user"), &workspace);
    assert!(matches!(choice.credential, Ok(Some(Credential::Token(_)))));
    assert_eq!(choice.candidates[0].verdict, Verdict::Absent("names no credential".to_owned()));
}

#[test]
fn a_profile_names_every_kind_of_credential() {
    let home = Home::new();
    let credential = |text: &str| {
        let workspace = home.profile(&format!("[profile.p]\n{text}\n"));
        in_profile(&home.environment(), &workspace).credential.unwrap().unwrap()
    };
    assert!(matches!(
        credential("token_command = [\"stackit\", \"auth\"]"),
        Credential::Command { command, folder } if command.value == ["stackit", "auth"] && folder == home.0.path()
    ));
    assert!(matches!(credential("metadata = true"), Credential::Metadata(account) if account.value.is_none()));
    assert!(
        matches!(credential("metadata = \"a@b\""), Credential::Metadata(account) if account.value.as_deref() == Some("a@b"))
    );
    assert!(matches!(credential("service_account_token = \"t\""), Credential::Token(_)));
    let with_private_key = key(Some(credential("service_account_key = \"{}\"\nprivate_key_path = \"~/k.pem\"")));
    assert_eq!(path_of(&with_private_key.private_key.unwrap()), home.0.path().join("k.pem"));
}

#[test]
fn a_credentials_file_that_a_profile_names_is_asked_alone() {
    let home = Home::new();
    home.file("c.json", r#"{"STACKIT_SERVICE_ACCOUNT_TOKEN": "of file"}"#);
    let workspace = home.profile("[profile.p]\ncredentials_path = \"c.json\"\n");
    let environment = home.environment().with(STACKIT_SERVICE_ACCOUNT_KEY_PATH, "k.json");
    let credential = in_profile(&environment, &workspace).credential.unwrap();
    assert!(matches!(credential, Some(Credential::Token(token)) if token.value.expose() == "of file"));
    home.file("c.json", "{}");
    assert_eq!(in_profile(&environment, &workspace).credential.unwrap_err().code, "credentials_empty");
}

#[test]
fn without_anything_every_place_is_listed() {
    let choice = choose(&Home::new().environment(), None);
    assert_eq!(choice.credential, Ok(None));
    assert_eq!(choice.candidates.len(), 6);
    assert!(choice.candidates.iter().all(|candidate| matches!(candidate.verdict, Verdict::Absent(_))));
    assert_eq!(choice.candidates[3].place, "a key in the credentials file");
}
