use super::*;

const FIRST: &str = "11111111-1111-4111-8111-111111111111";
const SECOND: &str = "22222222-2222-4222-8222-222222222222";
const THIRD: &str = "33333333-3333-4333-8333-333333333333";
const SERVICES: [&str; 3] = ["iaas", "resource-manager", "server-backup"];

/// A folder with a `stackhand.toml` and a home.
struct Place(tempfile::TempDir);

impl Place {
    fn with(workspace: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::write(place.0.path().join("stackhand.toml"), workspace).unwrap();
        place
    }

    fn environment(&self) -> Environment {
        Environment::empty(self.0.path())
            .with_home(self.0.path())
            .with("XDG_CONFIG_HOME", self.0.path().to_str().unwrap())
    }

    fn cli_config(self, text: &str) -> Self {
        let folder = self.environment().config_folder().unwrap().join("stackit");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("cli-config.json"), text).unwrap();
        self
    }
}

fn resolve(environment: &Environment, given: &Given) -> Settings {
    Settings::resolve(environment, given, &SERVICES).unwrap()
}

fn by_profile(name: &str) -> Given {
    Given { profile: Some(name.to_owned()), ..Given::default() }
}

#[test]
fn without_anything_there_is_a_region_and_nothing_else() {
    let place = Place::with("");
    let settings = resolve(&place.environment(), &Given::default());
    assert_eq!(settings.region, Resolved::new("eu01".to_owned(), Origin::Default));
    assert_eq!((settings.project, settings.profile, settings.token_url), (None, None, None));
    assert_eq!(settings.credential, Ok(None));
    assert_eq!(settings.warnings, Vec::<String>::new());
}

#[test]
fn flag_variable_profile_workspace_cli_in_this_order() {
    let place = Place::with(&format!(
        "default_profile = \"p\"\nproject_id = \"{SECOND}\"\nregion = \"eu03\"\n[profile.p]\nproject_id = \"{FIRST}\"\n[profile.q]\n"
    ))
    .cli_config(&format!("{{\"project_id\": \"{THIRD}\", \"region\": \"eu04\"}}"));
    let project = |environment: &Environment, given: &Given| resolve(environment, given).project.unwrap();
    let exported = place.environment().with(STACKIT_PROJECT_ID, THIRD);
    let flag = Given { project: Some(SECOND.to_owned()), ..Given::default() };
    assert_eq!(project(&exported, &flag), Resolved::new(SECOND.to_owned(), Origin::Flag("--project-id")));
    assert_eq!(project(&exported, &Given::default()).origin, Origin::Variable(STACKIT_PROJECT_ID.to_owned()));
    let in_profile = project(&place.environment(), &Given::default());
    assert!(matches!(in_profile.origin, Origin::Profile { ref name, line: 5, .. } if name == "p"), "{in_profile:?}");
    let in_workspace = project(&place.environment(), &by_profile("q"));
    assert_eq!(in_workspace.value, SECOND);
    assert!(matches!(in_workspace.origin, Origin::Workspace { line: 2, .. }));

    let elsewhere = Place::with("").cli_config(&format!("{{\"project_id\": \"{THIRD}\", \"region\": \"eu04\"}}"));
    let settings = resolve(&elsewhere.environment(), &Given::default());
    assert_eq!(settings.region.value, "eu04");
    assert!(settings.project.unwrap().origin.to_string().starts_with("STACKIT CLI profile `default` ("));
}

#[test]
fn a_profile_that_is_typed_comes_before_what_the_shell_has_exported() {
    let place = Place::with(&format!("[profile.p]\nproject_id = \"{FIRST}\"\n"));
    let environment = place.environment().with(STACKIT_PROJECT_ID, SECOND).with(STACKIT_REGION, "eu02");
    let settings = resolve(&environment, &by_profile("p"));
    assert_eq!(settings.project.unwrap().value, FIRST);
    assert_eq!(settings.region.value, "eu02");
    let settings = resolve(&environment.with(STACKHAND_PROFILE, "p"), &Given::default());
    assert_eq!(settings.project.unwrap().value, SECOND);
}

#[test]
fn an_unknown_profile_is_named_with_the_nearest() {
    let place = Place::with("[profile.prod]\n");
    let error = Settings::resolve(&place.environment(), &by_profile("prdo"), &SERVICES).unwrap_err();
    assert_eq!(error.to_string(), "there is no profile `prdo` (option `--profile`)");
    assert_eq!(error.hint.as_deref(), Some("did you mean `prod`?"));
    let error = crate::error::Error::from(error);
    assert_eq!(error.kind, crate::error::Kind::Usage);

    let bare = tempfile::tempdir().unwrap();
    let error = Settings::resolve(&Environment::empty(bare.path()), &by_profile("prod"), &SERVICES).unwrap_err();
    assert!(error.hint.unwrap().contains("there is none"));
}

#[test]
fn a_project_that_is_no_uuid_and_a_region_that_is_no_word_are_refused() {
    let place = Place::with("");
    for (name, value, code) in [
        (STACKIT_PROJECT_ID, "my-project", "invalid_project"),
        (STACKIT_PROJECT_ID, "11111111111141118111111111111111", "invalid_project"),
        (STACKIT_REGION, "../x", "invalid_region"),
        (STACKIT_REGION, "eu01.evil", "invalid_region"),
    ] {
        let error =
            Settings::resolve(&place.environment().with(name, value), &Given::default(), &SERVICES).unwrap_err();
        assert_eq!(error.code, code);
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn the_simulator_takes_project_and_region_from_flags_only() {
    let place = Place::with(
        "default_profile = \"p\"\n[profile.p]\nservice_account_key_path = \"gone.json\"\nregion = \"eu02\"\n",
    );
    let environment = place.environment().with(STACKIT_PROJECT_ID, SECOND);
    for given in [Given { is_simulated: true, ..Given::default() }, by_profile("sim")] {
        let settings = resolve(&environment, &given);
        assert!(settings.is_simulated);
        assert_eq!((settings.project, settings.region.value.as_str()), (None, "eu01"));
        assert_eq!(settings.profile.unwrap().value, "sim");
    }
    let given = Given {
        is_simulated: true,
        project: Some(FIRST.to_owned()),
        region: Some("eu02".to_owned()),
        ..Given::default()
    };
    let settings = resolve(&environment, &given);
    assert_eq!((settings.project.unwrap().value.as_str(), settings.region.value.as_str()), (FIRST, "eu02"));
}

#[test]
fn endpoints_come_from_profile_variable_and_cli() {
    let place = Place::with("[profile.p.endpoints]\nresource_manager = \"http://localhost:1/\"\n").cli_config(
        r#"{"iaas_custom_endpoint": "http://localhost:3", "resource_manager_custom_endpoint": "http://localhost:3",
            "serverbackup_custom_endpoint": "http://localhost:3", "mysql_custom_endpoint": "http://localhost:3"}"#,
    );
    let environment = place.environment().with("STACKIT_IAAS_CUSTOM_ENDPOINT", "http://localhost:2");
    let endpoints = resolve(&environment, &by_profile("p")).endpoints;
    let found: Vec<_> = endpoints.iter().map(|(service, url)| (service.as_str(), url.value.as_str())).collect();
    assert_eq!(
        found,
        [
            ("iaas", "http://localhost:2"),
            ("resource-manager", "http://localhost:1"),
            ("server-backup", "http://localhost:3")
        ]
    );
}

#[test]
fn a_wrong_endpoint_says_where_it_stands() {
    let place = Place::with("[profile.p.endpoints]\niass = \"http://localhost:1\"\n");
    let error = Settings::resolve(&place.environment(), &by_profile("p"), &SERVICES).unwrap_err();
    assert!(error.to_string().ends_with("stackhand.toml:2:8)"), "{error}");
    assert_eq!(error.hint.as_deref(), Some("did you mean `iaas`?"));
    let place = Place::with("[profile.p.endpoints]\niaas = \"localhost:1\"\n");
    let error = Settings::resolve(&place.environment(), &by_profile("p"), &SERVICES).unwrap_err();
    assert!(error.to_string().contains("does not begin with https://") && error.to_string().contains(":2)"), "{error}");
}

#[test]
fn a_host_that_is_not_stackits_is_warned_of() {
    let place = Place::with("[profile.p]\ntoken_url = \"https://evil.example/token\"\n");
    let settings = resolve(&place.environment(), &by_profile("p"));
    assert!(settings.warnings[0].contains("leads outside stackit.cloud"), "{:?}", settings.warnings);
}

#[test]
fn the_token_url_of_the_profile_comes_before_the_variable() {
    let place = Place::with("[profile.p]\ntoken_url = \"http://localhost:1/token\"\n")
        .cli_config(r#"{"token_custom_endpoint": "http://localhost:3/token"}"#);
    let environment = place.environment().with(STACKIT_TOKEN_BASEURL, "http://localhost:2/token");
    assert_eq!(resolve(&environment, &by_profile("p")).token_url.unwrap().value, "http://localhost:1/token");
    let settings = resolve(&environment, &Given::default());
    assert_eq!(settings.token_url.unwrap().value, "http://localhost:2/token");
    assert_eq!(settings.spare_token_url.unwrap().value, "http://localhost:3/token");
}

#[test]
fn paths_count_from_whoever_names_them() {
    let place = Place::with("[profile.p]\nca_file = \"ca.pem\"\n");
    let inner = place.0.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let environment = Environment::empty(&inner).with(STACKHAND_CA_FILE, "ca.pem");
    assert_eq!(resolve(&environment, &by_profile("p")).ca_file.unwrap().value, place.0.path().join("ca.pem"));
    assert_eq!(resolve(&environment, &Given::default()).ca_file.unwrap().value, inner.join("ca.pem"));
}

#[test]
fn credentials_is_the_short_word_for_a_key_file() {
    let place = Place::with("[profile.p]\ncredentials = \"sa.json\"\n");
    let settings = resolve(&place.environment(), &by_profile("p"));
    let credential = settings.credential.unwrap().expect("the profile names one");
    let Credential::Key(input) = credential else { panic!("a key, not {credential:?}") };
    assert!(format!("{input:?}").contains("sa.json"));
    let place = Place::with("[profile.p]\ncredentials = \"sa.json\"\nmetadata = true\n");
    assert!(Settings::resolve(&place.environment(), &by_profile("p"), &[]).is_err());
}

#[test]
fn a_profile_may_be_marked_and_protect_things() {
    let place = Place::with(
        "[profile.p]\nproduction = true\nread_only = true\nprotect = [\"role=db\"]\npermissions = \"iaas.*\"\n",
    );
    let settings = resolve(&place.environment(), &by_profile("p"));
    assert!(settings.is_production);
    let at = |origin: &Origin| origin.to_string().rsplit_once(':').map(|(_, line)| line.to_owned());
    assert_eq!(at(&settings.read_only.expect("it is read-only")), Some("3)".to_owned()));
    let protect = settings.protect.expect("it protects");
    assert_eq!((protect.value, at(&protect.origin)), (vec!["role=db".to_owned()], Some("4)".to_owned())));
    assert_eq!(settings.permissions.expect("it has a ceiling").value, ["iaas.*"]);
    let place = Place::with("[profile.p]\nread_only = false\n");
    assert!(resolve(&place.environment(), &by_profile("p")).read_only.is_none());
}

#[test]
fn the_scrubber_learns_what_was_seen_used_or_not() {
    let place = Place::with("[profile.p]\nservice_account_token = \"of-profile\"\n");
    let environment = place
        .environment()
        .with("STACKIT_SERVICE_ACCOUNT_TOKEN", "of-variable")
        .with("STACKIT_SERVICE_ACCOUNT_KEY", r#"{"credentials": {"iss": "a@b", "privateKey": "of-key-text"}}"#);
    let scrubber = Scrubber::new();
    resolve(&environment, &by_profile("p")).guard_secrets(&scrubber);
    assert_eq!(scrubber.scrub("of-profile of-variable of-key-text a@b"), "*** *** *** a@b");
    let scrubber = Scrubber::new();
    resolve(&environment, &by_profile("sim")).guard_secrets(&scrubber);
    assert_eq!(scrubber.scrub("of-variable"), "***");
}
