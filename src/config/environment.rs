//! The process's surroundings, read once and handed down; tests hand down their own.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::variables::{
    ALL_PROXY, HOSTNAME, HTTP_PROXY, HTTPS_PROXY, NO_COLOR, NO_PROXY, USER, XDG_CONFIG_HOME, XDG_STATE_HOME,
};

/// Environment variables, the home folder and the current folder.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    home: Option<PathBuf>,
    folder: PathBuf,
}

/// A proxy, and the variable that names it.
#[derive(Clone, PartialEq, Eq)]
pub struct GivenProxy {
    /// As the user spelled it: `HTTPS_PROXY`, `all_proxy`.
    pub variable: String,
    /// Its URL; it may hold a password.
    pub url: String,
}

impl GivenProxy {
    /// A proxy that a variable names.
    pub fn new(variable: impl Into<String>, url: impl Into<String>) -> Self {
        Self { variable: variable.into(), url: url.into() }
    }
}

impl fmt::Debug for GivenProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenProxy").field("variable", &self.variable).finish_non_exhaustive()
    }
}

/// The proxies that the environment names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For https.
    pub https: Option<GivenProxy>,
    /// For http.
    pub http: Option<GivenProxy>,
    /// The hosts that are reached without.
    pub except: Option<String>,
}

impl Proxies {
    /// The password within a proxy's URL.
    pub(super) fn passwords(&self) -> impl Iterator<Item = &str> {
        [&self.https, &self.http].into_iter().flatten().filter_map(|GivenProxy { url, .. }| {
            let (user, _) = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).rsplit_once('@')?;
            user.split_once(':').map(|(_, password)| password)
        })
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxies")
    }
}

impl Environment {
    /// What surrounds this process. Bytes that are not text are replaced.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self {
            variables: std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect(),
            home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
            folder: std::env::current_dir().unwrap_or_default(),
        }
    }

    /// No variables, no home, and a current folder.
    #[must_use]
    pub fn empty(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), ..Self::default() }
    }

    /// Sets a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// Sets the home folder.
    #[must_use]
    pub fn with_home(mut self, home: impl Into<PathBuf>) -> Self {
        self.home = Some(home.into());
        self
    }

    /// A variable's value; an empty one counts as absent.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All variables by name, empty ones too, for what a recipe asks of its own.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The proxies, as curl and others read them: the small spelling comes before the capital one.
    #[must_use]
    pub fn proxies(&self) -> Proxies {
        let either = |name: &str| {
            let spellings = [name.to_lowercase(), name.to_owned()];
            spellings.into_iter().find_map(|name| Some(GivenProxy::new(name.clone(), self.variable(&name)?)))
        };
        Proxies {
            https: either(HTTPS_PROXY).or_else(|| either(ALL_PROXY)),
            http: either(HTTP_PROXY).or_else(|| either(ALL_PROXY)),
            except: either(NO_PROXY).map(|given| given.url),
        }
    }

    /// Whether the user wants no colour anywhere.
    #[must_use]
    pub fn wants_no_color(&self) -> bool {
        self.variable(NO_COLOR).is_some()
    }

    /// The user's home folder, if there is one.
    #[must_use]
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// The current folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The user's folder of configuration files, where the STACKIT CLI keeps its own.
    ///
    /// Source: STACKIT CLI, which asks Go's `os.UserConfigDir`.
    #[must_use]
    pub fn config_folder(&self) -> Option<PathBuf> {
        if cfg!(windows) {
            return self.variable("AppData").or_else(|| self.variable("APPDATA")).map(PathBuf::from);
        }
        if cfg!(target_os = "macos") {
            return self.home().map(|home| home.join("Library/Application Support"));
        }
        let chosen = self.variable(XDG_CONFIG_HOME).map(PathBuf::from).filter(|folder| folder.is_absolute());
        chosen.or_else(|| self.home().map(|home| home.join(".config")))
    }

    /// The user's folder of what programs keep between runs.
    ///
    /// Source: XDG Base Directory Specification; elsewhere the folder of configuration files.
    #[must_use]
    pub fn state_folder(&self) -> Option<PathBuf> {
        if cfg!(windows) || cfg!(target_os = "macos") {
            return self.config_folder();
        }
        let chosen = self.variable(XDG_STATE_HOME).map(PathBuf::from).filter(|folder| folder.is_absolute());
        chosen.or_else(|| self.home().map(|home| home.join(".local/state")))
    }

    /// What the variables say that the user is called.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.variable(USER)
    }

    /// What the variables say that the machine is called.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.variable(HOSTNAME)
    }

    /// A path as somebody wrote it: `~/` is the home folder, and a relative one counts from `base`.
    #[must_use]
    pub fn path(&self, base: &Path, written: &str) -> PathBuf {
        match (written.strip_prefix("~/"), self.home()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => base.join(written),
        }
    }
}

impl fmt::Debug for Environment {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .field("home", &self.home)
            .field("folder", &self.folder)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_an_absent_one() {
        let environment = Environment::empty("/w").with("A", "").with("B", "b");
        assert_eq!(environment.variable("A"), None);
        assert_eq!(environment.variable("B"), Some("b"));
    }

    #[test]
    fn values_do_not_show_when_debugged() {
        let shown = format!("{:?}", Environment::empty("/w").with("TOKEN", "hunter22"));
        assert!(shown.contains("TOKEN") && !shown.contains("hunter22"), "{shown}");
    }

    #[test]
    fn proxies_are_read_in_both_spellings_and_their_passwords_found() {
        let environment =
            Environment::empty("/w").with("HTTPS_PROXY", "http://u:hunter22@p:1").with("http_proxy", "p:2");
        let proxies = environment.with("HTTP_PROXY", "p:3").proxies();
        assert_eq!(proxies.https, Some(GivenProxy::new("HTTPS_PROXY", "http://u:hunter22@p:1")));
        assert_eq!(proxies.http, Some(GivenProxy::new("http_proxy", "p:2")));
        assert_eq!(proxies.passwords().collect::<Vec<_>>(), ["hunter22"]);
        assert!(!format!("{proxies:?} {:?}", proxies.https).contains("hunter22"));
    }

    #[test]
    fn a_proxy_for_all_stands_in_for_those_that_are_not_set() {
        let environment = Environment::empty("/w").with("all_proxy", "http://p:1").with("HTTP_PROXY", "http://p:2");
        let proxies = environment.proxies();
        assert_eq!(proxies.https, Some(GivenProxy::new("all_proxy", "http://p:1")));
        assert_eq!(proxies.http, Some(GivenProxy::new("HTTP_PROXY", "http://p:2")));
    }

    #[test]
    fn written_paths_count_from_home_or_base() {
        let environment = Environment::empty("/w").with_home("/home/a");
        assert_eq!(environment.path(Path::new("/w"), "~/k.json"), Path::new("/home/a/k.json"));
        assert_eq!(environment.path(Path::new("/w"), "k.json"), Path::new("/w/k.json"));
        assert_eq!(environment.path(Path::new("/w"), "/k.json"), Path::new("/k.json"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_config_folder_may_be_moved() {
        let environment = Environment::empty("/w").with_home("/home/a");
        assert_eq!(environment.config_folder(), Some("/home/a/.config".into()));
        assert_eq!(environment.clone().with(XDG_CONFIG_HOME, "/x").config_folder(), Some("/x".into()));
        assert_eq!(environment.with(XDG_CONFIG_HOME, "x").config_folder(), Some("/home/a/.config".into()));
        assert_eq!(Environment::empty("/w").config_folder(), None);
    }
}
