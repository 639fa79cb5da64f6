//! All settings, joined from flags, environment, workspace and the STACKIT CLI, each with its origin.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::cli_profile::CliProfile;
use super::credential::{self, Candidate, Credential};
use super::reader::Located;
use super::variables::{
    STACKHAND_CA_FILE, STACKHAND_PROFILE, STACKIT_PROJECT_ID, STACKIT_REGION, STACKIT_TOKEN_BASEURL,
};
use super::workspace::{SIMULATOR, which_profiles};
use super::{Environment, Error, Origin, Profile, Resolved, Workspace, endpoint};
use crate::secret::{Scrubber, Secret};

/// The region when nobody names one, as in the STACKIT CLI.
const REGION: &str = "eu01";

/// What the options of the command line said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--project-id`.
    pub project: Option<String>,
    /// `--region`.
    pub region: Option<String>,
    /// `--ca-file`.
    pub ca_file: Option<String>,
    /// `--sim`.
    pub is_simulated: bool,
}

/// All settings of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The workspace around the current folder.
    pub workspace: Option<Workspace>,
    /// The chosen profile, if one was; `sim` is the simulator.
    pub profile: Option<Resolved<String>>,
    /// Whether the run acts on a simulated cloud.
    pub is_simulated: bool,
    /// The profile that the simulated cloud stands in for, if it does for one of the workspace's.
    pub stands_in_for: Option<String>,
    /// The project's UUID. On the simulator only `--project-id` counts.
    pub project: Option<Resolved<String>>,
    /// The region. On the simulator only `--region` counts.
    pub region: Resolved<String>,
    /// Base URLs that replace the services' own, by the service's name.
    pub endpoints: BTreeMap<String, Resolved<String>>,
    /// The token URL that comes before the key's own.
    pub token_url: Option<Resolved<String>>,
    /// The token URL for a key that names none.
    pub spare_token_url: Option<Resolved<String>>,
    /// A file of further certificate authorities.
    pub ca_file: Option<Resolved<PathBuf>>,
    /// Whether the profile says that mistakes hurt here.
    pub is_production: bool,
    /// Where the profile says that nothing may be changed, if it does.
    pub read_only: Option<Origin>,
    /// All that the profile lets a run be given, as written; without it, anything.
    pub permissions: Option<Resolved<Vec<String>>>,
    /// What the profile protects, as written.
    pub protect: Option<Resolved<Vec<String>>>,
    /// How much a run may change: what the profile says, and what the workspace says; as written, each with its place.
    pub caps: WrittenCaps,
    /// How to authenticate, if anybody said; or why what was said is of no use. Nothing on the simulator.
    pub credential: Result<Option<Credential>, Error>,
    /// Every place where a credential may be given, in the order in which they are looked at.
    pub candidates: Vec<Candidate>,
    /// What a person should know, though nothing is refused for it.
    pub warnings: Vec<String>,
    secrets: Vec<Secret>,
}

/// How much a run may change, as it is written: names and numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenCaps {
    /// In the profile.
    pub profile: Vec<Resolved<(String, String)>>,
    /// At the top of the workspace's file.
    pub workspace: Vec<Resolved<(String, String)>>,
}

impl WrittenCaps {
    fn of(workspace: Option<&Workspace>, profile: Option<(&Workspace, &Profile)>) -> Self {
        let of_profile = profile.into_iter().flat_map(|(workspace, profile)| {
            profile.caps.iter().map(|cap| Resolved::new(cap.value.clone(), profile.origin(workspace, cap.line)))
        });
        let of_workspace = workspace.into_iter().flat_map(|workspace| {
            let origin = |line| Origin::Workspace { file: workspace.file.clone(), line };
            workspace.caps.iter().map(move |cap| Resolved::new(cap.value.clone(), origin(cap.line)))
        });
        Self { profile: of_profile.collect(), workspace: of_workspace.collect() }
    }
}

/// The chosen profile's name, its origin, and what stands in the file unless it is the simulator.
struct Chosen<'w> {
    name: Option<Resolved<String>>,
    profile: Option<(&'w Workspace, &'w Profile)>,
}

impl Settings {
    /// Joins all settings. `services` are the names that base URLs may be given for.
    ///
    /// # Errors
    /// When a setting is wrong; not when a credential is, see [`Settings::credential`].
    pub fn resolve(environment: &Environment, given: &Given, services: &[&str]) -> Result<Self, Error> {
        Self::resolve_in(Workspace::around(environment.folder())?, environment, given, services)
    }

    /// The same in a workspace that was read already, whatever its file says by now.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn resolve_in(
        workspace: Option<Workspace>,
        environment: &Environment,
        given: &Given,
        services: &[&str],
    ) -> Result<Self, Error> {
        let Chosen { name, profile } = choose_profile(environment, given, workspace.as_ref())?;
        if given.is_simulated || name.as_ref().is_some_and(|name| name.value == SIMULATOR) {
            return Self::simulated(environment, given, workspace.clone(), name);
        }
        let mut warnings = Vec::new();
        let cli = CliProfile::active(environment, &mut warnings);
        let endpoints = endpoint::endpoints(environment, profile, cli.as_ref(), services)?;
        let token_url = token_url(environment, profile)?;
        let spare_token_url = cli
            .as_ref()
            .and_then(|cli| Some(Resolved::new(cli.token_url.clone()?, cli.origin())))
            .map(|url| endpoint::checked_url(&url.value, &url.origin).map(|value| Resolved::new(value, url.origin)))
            .transpose()?;
        let choice = credential::choose(environment, profile);
        let named = endpoints.iter().map(|(service, url)| (format!("`{service}`"), url));
        let tokens = token_url.iter().map(|url| ("the token endpoint".to_owned(), url));
        warnings.extend(named.chain(tokens).filter_map(|(what, url)| endpoint::warning_about(&what, url)));
        let place = |written: [Option<&Located<String>>; 2], flag, variable, cli_value: Option<&String>| {
            let layers = Layers { environment, given, name: name.as_ref(), profile, workspace: workspace.as_ref() };
            let cli_value = cli_value.zip(cli.as_ref()).map(|(value, cli)| Resolved::new(value.clone(), cli.origin()));
            layers.first(written, flag, variable).or(cli_value)
        };
        let of_profile = profile.map(|(_, profile)| profile);
        let project = place(
            [of_profile.and_then(|p| p.project.as_ref()), workspace.as_ref().and_then(|w| w.project.as_ref())],
            given.project.as_ref().map(|value| ("--project-id", value)),
            STACKIT_PROJECT_ID,
            cli.as_ref().and_then(|cli| cli.project.as_ref()),
        );
        let region = place(
            [of_profile.and_then(|p| p.region.as_ref()), workspace.as_ref().and_then(|w| w.region.as_ref())],
            given.region.as_ref().map(|value| ("--region", value)),
            STACKIT_REGION,
            cli.as_ref().and_then(|cli| cli.region.as_ref()),
        );
        Ok(Self {
            profile: name.clone(),
            is_simulated: false,
            stands_in_for: None,
            project: project.map(checked_project).transpose()?,
            region: checked_region(region.unwrap_or_else(|| Resolved::new(REGION.to_owned(), Origin::Default)))?,
            endpoints,
            token_url,
            spare_token_url,
            ca_file: ca_file(environment, given, profile),
            is_production: of_profile.is_some_and(|profile| profile.is_production),
            read_only: profile.and_then(|(workspace, profile)| profile.read_only(workspace)),
            permissions: profile
                .and_then(|(workspace, profile)| profile.resolved(workspace, profile.permissions.as_ref())),
            protect: profile.and_then(|(workspace, profile)| profile.resolved(workspace, profile.protect.as_ref())),
            caps: WrittenCaps::of(workspace.as_ref(), profile),
            credential: choice.credential,
            candidates: choice.candidates,
            warnings,
            secrets: secrets_of(environment, workspace.as_ref(), choice.secrets),
            workspace,
        })
    }

    /// Teaches the scrubber every secret that was seen, used or not.
    pub fn guard_secrets(&self, scrubber: &Scrubber) {
        for secret in &self.secrets {
            scrubber.learn(secret.expose());
        }
    }

    fn simulated(
        environment: &Environment,
        given: &Given,
        workspace: Option<Workspace>,
        name: Option<Resolved<String>>,
    ) -> Result<Self, Error> {
        let flag = |value: &Option<String>, name| value.clone().map(|value| Resolved::new(value, Origin::Flag(name)));
        let region =
            flag(&given.region, "--region").unwrap_or_else(|| Resolved::new(REGION.to_owned(), Origin::Default));
        let secrets = secrets_of(environment, workspace.as_ref(), credential::choose(environment, None).secrets);
        let stands_in_for = name.as_ref().map(|name| name.value.clone()).filter(|name| name != SIMULATOR);
        let by_flag = given.is_simulated.then(|| Resolved::new(SIMULATOR.to_owned(), Origin::Flag("--sim")));
        Ok(Self {
            caps: WrittenCaps::of(workspace.as_ref(), None),
            workspace,
            profile: by_flag.or(name),
            is_simulated: true,
            stands_in_for,
            project: flag(&given.project, "--project-id").map(checked_project).transpose()?,
            region: checked_region(region)?,
            endpoints: BTreeMap::new(),
            token_url: None,
            spare_token_url: None,
            ca_file: None,
            is_production: false,
            read_only: None,
            permissions: None,
            protect: None,
            credential: Ok(None),
            candidates: Vec::new(),
            warnings: Vec::new(),
            // They are not used, but a recipe may still come across them.
            secrets,
        })
    }
}

/// Every secret that the settings hold or name.
fn secrets_of(environment: &Environment, workspace: Option<&Workspace>, credentials: Vec<Secret>) -> Vec<Secret> {
    let mut secrets = credentials;
    secrets.extend(environment.proxies().passwords().map(Secret::from));
    secrets.extend(workspace.iter().flat_map(|workspace| workspace.secrets(environment)));
    secrets
}

/// The places that may name a project or a region.
struct Layers<'s> {
    environment: &'s Environment,
    given: &'s Given,
    name: Option<&'s Resolved<String>>,
    profile: Option<(&'s Workspace, &'s Profile)>,
    workspace: Option<&'s Workspace>,
}

impl Layers<'_> {
    /// Flag, variable, profile, workspace; but a profile that was itself named by a flag comes before the variable:
    /// what somebody types now means more than what their shell has exported.
    fn first(
        &self,
        [in_profile, in_workspace]: [Option<&Located<String>>; 2],
        flag: Option<(&'static str, &String)>,
        variable: &str,
    ) -> Option<Resolved<String>> {
        let flag = flag.map(|(name, value)| Resolved::new(value.clone(), Origin::Flag(name)));
        let variable = self
            .environment
            .variable(variable)
            .map(|value| Resolved::new(value.to_owned(), Origin::Variable(variable.to_owned())));
        let profile = in_profile.zip(self.profile).map(|(written, (workspace, profile))| {
            Resolved::new(written.value.clone(), profile.origin(workspace, written.line))
        });
        let workspace = in_workspace.zip(self.workspace).map(|(written, workspace)| {
            Resolved::new(written.value.clone(), Origin::Workspace { file: workspace.file.clone(), line: written.line })
        });
        let is_typed =
            self.name.is_some_and(|name| matches!(name.origin, Origin::Flag(_))) && self.given.profile.is_some();
        let (second, third) = if is_typed { (profile, variable) } else { (variable, profile) };
        flag.or(second).or(third).or(workspace)
    }
}

fn choose_profile<'w>(
    environment: &Environment,
    given: &Given,
    workspace: Option<&'w Workspace>,
) -> Result<Chosen<'w>, Error> {
    let default = workspace.and_then(|workspace| {
        let written = workspace.default_profile.as_ref()?;
        let origin = Origin::Workspace { file: workspace.file.clone(), line: written.line };
        Some(Resolved::new(written.value.clone(), origin))
    });
    let name = given
        .profile
        .clone()
        .map(|name| Resolved::new(name, Origin::Flag("--profile")))
        .or_else(|| {
            let name = environment.variable(STACKHAND_PROFILE)?.to_owned();
            Some(Resolved::new(name, Origin::Variable(STACKHAND_PROFILE.to_owned())))
        })
        .or(default);
    let Some(name) = name else { return Ok(Chosen { name: None, profile: None }) };
    if name.value == SIMULATOR {
        return Ok(Chosen { name: Some(name), profile: None });
    }
    let message = format!("there is no profile `{}`", name.value);
    let Some(workspace) = workspace else {
        return Err(Error::new("unknown_profile", message)
            .given_by(&name.origin)
            .hint("profiles stand in stackhand.toml, in this folder or one above it; there is none"));
    };
    let Some(profile) = workspace.profiles.get(&name.value) else {
        let hint = which_profiles(&workspace.profiles, &name.value);
        return Err(Error::new("unknown_profile", message).given_by(&name.origin).hint(hint));
    };
    Ok(Chosen { name: Some(name), profile: Some((workspace, profile)) })
}

fn token_url(
    environment: &Environment,
    profile: Option<(&Workspace, &Profile)>,
) -> Result<Option<Resolved<String>>, Error> {
    let of_profile = profile.and_then(|(workspace, profile)| {
        let written = profile.token_url.as_ref()?;
        Some(Resolved::new(written.value.clone(), profile.origin(workspace, written.line)))
    });
    let of_variable = environment
        .variable(STACKIT_TOKEN_BASEURL)
        .map(|url| Resolved::new(url.to_owned(), Origin::Variable(STACKIT_TOKEN_BASEURL.to_owned())));
    let Some(url) = of_profile.or(of_variable) else { return Ok(None) };
    Ok(Some(Resolved::new(endpoint::checked_url(&url.value, &url.origin)?, url.origin)))
}

fn ca_file(
    environment: &Environment,
    given: &Given,
    profile: Option<(&Workspace, &Profile)>,
) -> Option<Resolved<PathBuf>> {
    let here = |written: &str, origin| Resolved::new(environment.path(environment.folder(), written), origin);
    let flag = given.ca_file.as_deref().map(|written| here(written, Origin::Flag("--ca-file")));
    let of_profile = || {
        let (workspace, profile) = profile?;
        let written = profile.ca_file.as_ref()?;
        let path = environment.path(workspace.folder(), &written.value);
        Some(Resolved::new(path, profile.origin(workspace, written.line)))
    };
    let of_variable = || {
        let written = environment.variable(STACKHAND_CA_FILE)?;
        Some(here(written, Origin::Variable(STACKHAND_CA_FILE.to_owned())))
    };
    flag.or_else(of_profile).or_else(of_variable)
}

fn checked_project(project: Resolved<String>) -> Result<Resolved<String>, Error> {
    let value = project.value.trim();
    if uuid::Uuid::try_parse(value).is_err() || value.len() != 36 {
        let error = Error::new("invalid_project", format!("the project id `{value}` is not a UUID"));
        return Err(error
            .given_by(&project.origin)
            .hint("the portal shows it beside the project's name; `stackit project list` too"));
    }
    Ok(Resolved::new(value.to_lowercase(), project.origin))
}

/// A region becomes a part of host names and paths, so it must be a plain word.
fn checked_region(region: Resolved<String>) -> Result<Resolved<String>, Error> {
    let value = region.value.trim();
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if value.is_empty() || !value.starts_with(|c: char| c.is_ascii_lowercase()) || !value.chars().all(is_plain) {
        let error = Error::new("invalid_region", format!("`{value}` is not the name of a region"));
        return Err(error.given_by(&region.origin).hint("regions are named like `eu01`"));
    }
    Ok(Resolved::new(value.to_owned(), region.origin))
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
