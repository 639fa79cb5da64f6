//! The STACKIT CLI's own profile: the last resort for project, region and endpoints.
//!
//! Source: STACKIT CLI, `internal/pkg/config/config.go` and `profiles.go`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::variables::STACKIT_CLI_PROFILE;
use super::{Environment, Origin};

/// What the CLI calls its unnamed profile.
const UNNAMED: &str = "default";
const FILE: &str = "cli-config.json";

/// A profile of the STACKIT CLI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CliProfile {
    name: String,
    file: PathBuf,
    pub(super) project: Option<String>,
    pub(super) region: Option<String>,
    /// The token URL for keys that name none themselves.
    pub(super) token_url: Option<String>,
    /// Base URLs by the CLI's names of services, such as `resource_manager`.
    pub(super) endpoints: BTreeMap<String, String>,
}

impl CliProfile {
    /// Reads the active profile. What is wrong with it is a warning: somebody else's file must not stop us.
    pub(super) fn active(environment: &Environment, warnings: &mut Vec<String>) -> Option<Self> {
        let folder = environment.config_folder()?.join("stackit");
        let name = active_name(environment, &folder, warnings);
        let file = if name == UNNAMED { folder.join(FILE) } else { folder.join("profiles").join(&name).join(FILE) };
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                warnings.push(format!("the STACKIT CLI's configuration {} is ignored: {error}", file.display()));
                return None;
            }
        };
        match serde_json::from_str::<Map<String, Value>>(&text) {
            Ok(settings) => Some(Self::from_settings(name, file, &settings)),
            Err(error) => {
                warnings.push(format!("the STACKIT CLI's configuration {} is ignored: {error}", file.display()));
                None
            }
        }
    }

    pub(super) fn origin(&self) -> Origin {
        Origin::CliProfile { name: self.name.clone(), file: self.file.clone() }
    }

    fn from_settings(name: String, file: PathBuf, settings: &Map<String, Value>) -> Self {
        let text = |value: &Value| value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let named = |key: &str| settings.get(key).and_then(text);
        let endpoint = |(key, value): (&String, &Value)| {
            // One of the CLI's keys has a space in it.
            let service = key.replace(' ', "").strip_suffix("_custom_endpoint")?.to_owned();
            (service != "token").then_some((service, text(value)?))
        };
        Self {
            name,
            file,
            project: named("project_id"),
            region: named("region"),
            token_url: named("token_custom_endpoint"),
            endpoints: settings.iter().filter_map(endpoint).collect(),
        }
    }
}

fn active_name(environment: &Environment, folder: &Path, warnings: &mut Vec<String>) -> String {
    let (name, origin) = match environment.variable(STACKIT_CLI_PROFILE) {
        Some(name) => (name.trim().to_owned(), STACKIT_CLI_PROFILE.to_owned()),
        None => match std::fs::read_to_string(folder.join("cli-profile.txt")) {
            Ok(name) => (name.trim().to_owned(), folder.join("cli-profile.txt").display().to_string()),
            Err(_) => return UNNAMED.to_owned(),
        },
    };
    if name.is_empty() || name == UNNAMED {
        return UNNAMED.to_owned();
    }
    if !is_profile_name(&name) || !folder.join("profiles").join(&name).is_dir() {
        warnings.push(format!("the STACKIT CLI has no profile `{name}` ({origin}); its profile `{UNNAMED}` is used"));
        return UNNAMED.to_owned();
    }
    name
}

/// `^[a-z0-9][a-z0-9-]+$`
fn is_profile_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() >= 2 && name.starts_with(is_plain) && name.chars().all(|c| is_plain(c) || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn file(self, path: &str, text: &str) -> Self {
            let path = self.0.path().join("stackit").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
            self
        }

        fn environment(&self) -> Environment {
            Environment::empty("/").with("XDG_CONFIG_HOME", self.0.path().to_str().unwrap())
        }
    }

    #[cfg(target_os = "linux")]
    mod on_linux {
        use super::*;

        fn active(environment: &Environment) -> (Option<CliProfile>, Vec<String>) {
            let mut warnings = Vec::new();
            (CliProfile::active(environment, &mut warnings), warnings)
        }

        #[test]
        fn without_the_cli_there_is_nothing_and_nothing_to_say() {
            assert_eq!(active(&Home::new().environment()), (None, vec![]));
        }

        #[test]
        fn the_unnamed_profile_is_read() {
            let home = Home::new().file(
                "cli-config.json",
                r#"{"project_id": "p", "region": "eu02", "iaas_custom_endpoint": "http://i", "alb_custom _endpoint": "http://a",
                    "dns_custom_endpoint": "", "token_custom_endpoint": "http://t", "async": false}"#,
            );
            let profile = active(&home.environment()).0.unwrap();
            assert_eq!((profile.project.as_deref(), profile.region.as_deref()), (Some("p"), Some("eu02")));
            assert_eq!(profile.token_url.as_deref(), Some("http://t"));
            let endpoints: Vec<_> = profile.endpoints.iter().map(|(name, url)| (name.as_str(), url.as_str())).collect();
            assert_eq!(endpoints, [("alb", "http://a"), ("iaas", "http://i")]);
        }

        #[test]
        fn the_file_names_the_profile_and_the_variable_comes_first() {
            let home = Home::new()
                .file("cli-profile.txt", "prod\n")
                .file("profiles/prod/cli-config.json", r#"{"project_id": "in-prod"}"#)
                .file("profiles/dev/cli-config.json", r#"{"project_id": "in-dev"}"#);
            assert_eq!(active(&home.environment()).0.unwrap().project.as_deref(), Some("in-prod"));
            let environment = home.environment().with(STACKIT_CLI_PROFILE, "dev");
            assert_eq!(active(&environment).0.unwrap().project.as_deref(), Some("in-dev"));
        }

        #[test]
        fn an_unknown_profile_falls_back_to_the_unnamed_one_with_a_warning() {
            let home = Home::new().file("cli-config.json", r#"{"project_id": "p"}"#);
            for name in ["gone", "../etc", "X"] {
                let (profile, warnings) = active(&home.environment().with(STACKIT_CLI_PROFILE, name));
                assert_eq!(profile.unwrap().project.as_deref(), Some("p"));
                assert!(warnings[0].contains(name) && warnings[0].contains("STACKIT_CLI_PROFILE"), "{warnings:?}");
            }
        }

        #[test]
        fn a_broken_configuration_is_a_warning() {
            let home = Home::new().file("cli-config.json", "{");
            let (profile, warnings) = active(&home.environment());
            assert_eq!(profile, None);
            assert!(warnings[0].contains("cli-config.json is ignored"), "{warnings:?}");
        }
    }
}
