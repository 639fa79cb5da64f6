//! `auth status`: what would be used, from where, and on request whether it gets a token.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde::Serialize;

use super::session;
use crate::auth::{self, Identity, Surroundings, TokenSource};
use crate::clock::Clock;
use crate::config::{Candidate, Environment, Given, Origin, Resolved, Settings, Verdict};
use crate::error;
use crate::secret::Scrubber;
use crate::simulator::world::DEMO_PROJECT;

/// How far to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Read settings and files; send nothing, run nothing.
    Look,
    /// Get a token too.
    Check,
}

/// What would be used, without any secret.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// When it was looked at.
    pub at: DateTime<Utc>,
    /// The workspace's file.
    pub workspace: Option<String>,
    /// The profile.
    pub profile: Option<Resolved<String>>,
    /// Whether the simulator would be used.
    pub is_simulated: bool,
    /// Who we would be; nothing if no credential is usable.
    pub identity: Option<Identity>,
    /// The project.
    pub project: Option<Resolved<String>>,
    /// The region.
    pub region: Resolved<String>,
    /// Base URLs that replace the services' own.
    pub endpoints: BTreeMap<String, Resolved<String>>,
    /// A file of further certificate authorities.
    pub ca_file: Option<Resolved<std::path::PathBuf>>,
    /// Every place where a credential may be given, and what became of it.
    pub candidates: Vec<Candidate>,
    /// The token, if one was asked for and given.
    pub token: Option<TokenFacts>,
    /// What is wrong, if something is.
    pub problem: Option<Trouble>,
    /// What a person should know.
    pub warnings: Vec<String>,
    #[serde(skip)]
    error: Option<error::Error>,
}

/// What may be said of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenFacts {
    /// When it ends, if it says so.
    pub expires_at: Option<DateTime<Utc>>,
    /// How long it is valid from now on, in seconds.
    pub valid_for_seconds: Option<i64>,
    /// Whose it is, if it says so.
    pub email: Option<String>,
}

/// An error as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// Our stable name for it.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl Report {
    /// What is wrong, for the exit code.
    #[must_use]
    pub fn error(&self) -> Option<&error::Error> {
        self.error.as_ref()
    }

    fn fail(&mut self, error: error::Error) {
        self.problem = Some(Trouble {
            code: error.code,
            message: error.message.clone(),
            place: error.place.clone(),
            hint: error.hint.clone(),
        });
        self.error = Some(error);
    }
}

/// Looks at what would be used, over the network if it has to be.
///
/// # Errors
/// When a setting is wrong; not when a credential is, see [`Report::error`].
pub async fn auth_status(
    environment: &Environment,
    given: &Given,
    scrubber: &Scrubber,
    depth: Depth,
) -> error::Result<Report> {
    let settings = session::settings(environment, given)?;
    let live = session::live(environment, &settings)?;
    let surroundings = session::auth_surroundings(&live, Clock::process(), scrubber.clone());
    Ok(look_at_auth(&settings, &surroundings, depth).await)
}

/// Looks at what would be used.
pub async fn look_at_auth(settings: &Settings, surroundings: &Surroundings, depth: Depth) -> Report {
    let now = surroundings.clock.now().trunc_subsecs(0);
    let mut report = Report {
        at: now,
        workspace: settings.workspace.as_ref().map(|workspace| workspace.file.display().to_string()),
        profile: settings.profile.clone(),
        is_simulated: settings.is_simulated,
        identity: None,
        project: settings.project.clone().or_else(|| simulated_project(settings)),
        region: settings.region.clone(),
        endpoints: settings.endpoints.clone(),
        ca_file: settings.ca_file.clone(),
        candidates: settings.candidates.clone(),
        token: None,
        problem: None,
        warnings: settings.warnings.clone(),
        error: None,
    };
    match auth::open(settings, surroundings) {
        Err(error) => {
            for candidate in report.candidates.iter_mut().filter(|candidate| candidate.verdict == Verdict::Used) {
                candidate.verdict = Verdict::Broken(error.message.clone());
            }
            report.fail(error);
        }
        Ok(opened) => {
            report.warnings.extend(opened.warnings);
            report.warnings.extend(expiry_warning(&opened.identity, now));
            report.identity = Some(opened.identity);
            if depth == Depth::Check && !settings.is_simulated {
                match check(&*opened.source, surroundings).await {
                    Ok(token) => report.token = Some(token),
                    Err(error) => report.fail(error.into()),
                }
            }
        }
    }
    report
}

/// The project that a run against the simulator acts on when none is named.
fn simulated_project(settings: &Settings) -> Option<Resolved<String>> {
    settings.is_simulated.then(|| Resolved::new(DEMO_PROJECT.to_owned(), Origin::Simulator))
}

async fn check(source: &dyn TokenSource, surroundings: &Surroundings) -> Result<TokenFacts, auth::Error> {
    let token = source.token().await?;
    let expires_at = source.expires_at();
    let valid_for = expires_at.map(|end| end - surroundings.clock.now());
    Ok(TokenFacts {
        expires_at,
        valid_for_seconds: valid_for.map(|span| span.num_seconds()),
        email: auth::email_of(&token),
    })
}

/// A key that soon ends is easily forgotten.
fn expiry_warning(identity: &Identity, now: DateTime<Utc>) -> Option<String> {
    let left = identity.key_valid_until? - now;
    (left < TimeDelta::days(14))
        .then(|| format!("the key expires in {} days: create a new one in time", left.num_days()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::BoxFuture;

    use super::*;
    use crate::auth::{SystemPrograms, TokenEndpoint, TokenReply, TokenRequest, Unreachable};
    use crate::error::Kind;

    /// Says no to everything.
    struct Nowhere;

    impl TokenEndpoint for Nowhere {
        fn send(&self, _: TokenRequest) -> BoxFuture<'_, Result<TokenReply, Unreachable>> {
            let message = "network is unreachable".to_owned();
            Box::pin(std::future::ready(Err(Unreachable { message, is_timeout: false, hint: None })))
        }
    }

    async fn status(environment: &Environment, given: &Given, depth: Depth) -> Report {
        let settings = Settings::resolve(environment, given, &["iaas"]).unwrap();
        let surroundings = Surroundings {
            clock: Clock::starting_at("2026-11-22T12:00:00Z".parse().unwrap()),
            scrubber: Scrubber::new(),
            endpoint: Arc::new(Nowhere),
            programs: Arc::new(SystemPrograms),
        };
        look_at_auth(&settings, &surroundings, depth).await
    }

    fn nothing() -> (tempfile::TempDir, Environment) {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::empty(folder.path()).with_home(folder.path());
        (folder, environment)
    }

    #[tokio::test]
    async fn without_credentials_every_place_is_listed_and_the_exit_code_is_three() {
        let (_folder, environment) = nothing();
        let report = status(&environment, &Given::default(), Depth::Check).await;
        assert_eq!(report.candidates.len(), 6);
        assert_eq!(report.error().map(|error| error.kind), Some(Kind::Auth));
        let problem = report.problem.unwrap();
        assert_eq!(problem.code, "no_credentials");
        assert!(problem.hint.unwrap().contains("--sim"));
    }

    #[tokio::test]
    async fn a_fixed_token_is_checked_without_asking_anybody() {
        let (_folder, environment) = nothing();
        let report = status(&environment.with("STACKIT_ACCESS_TOKEN", "opaque"), &Given::default(), Depth::Check).await;
        assert_eq!(report.token, Some(TokenFacts { expires_at: None, valid_for_seconds: None, email: None }));
        assert!(report.error().is_none());
        let json = serde_json::to_string(&report).unwrap();
        assert!(!json.contains("opaque"), "{json}");
        assert!(json.contains(r#""method":"token""#), "{json}");
    }

    #[tokio::test]
    async fn the_simulator_needs_nothing() {
        let (_folder, environment) = nothing();
        let given = Given { is_simulated: true, ..Given::default() };
        let report = status(&environment, &given, Depth::Check).await;
        assert!(report.is_simulated && report.error().is_none());
        assert_eq!(report.identity.unwrap().method, "simulator");
        let project = report.project.unwrap();
        assert_eq!((project.value.as_str(), project.origin), (DEMO_PROJECT, Origin::Simulator));
        let given = Given { project: Some("11111111-1111-4111-8111-111111111111".to_owned()), ..given };
        let report = status(&environment, &given, Depth::Look).await;
        assert_eq!(report.project.unwrap().origin, Origin::Flag("--project-id"));
    }

    #[tokio::test]
    async fn a_broken_file_is_told_beside_the_places() {
        let (folder, environment) = nothing();
        let environment =
            environment.with("STACKIT_CREDENTIALS_PATH", folder.path().join("gone.json").to_str().unwrap());
        let report = status(&environment, &Given::default(), Depth::Look).await;
        assert_eq!(report.problem.as_ref().unwrap().code, "credentials_not_found");
        assert_eq!(report.error().unwrap().kind.exit_code() as u8, 3);
    }

    #[tokio::test]
    async fn a_broken_key_is_marked_at_its_place() {
        let (folder, environment) = nothing();
        let environment = environment.with("STACKIT_SERVICE_ACCOUNT_KEY_PATH", folder.path().to_str().unwrap());
        let report = status(&environment, &Given::default(), Depth::Look).await;
        let broken = Verdict::Broken("the service account key file is a directory, not a file".to_owned());
        assert_eq!(report.candidates[1].verdict, broken);
        let json = serde_json::to_value(&report.candidates[1]).unwrap();
        assert_eq!(json["verdict"], "broken");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn looking_runs_no_command_and_checking_does() {
        let (folder, environment) = nothing();
        let marker = folder.path().join("ran");
        let toml =
            format!("[profile.p]\ntoken_command = [\"sh\", \"-c\", \"touch {}; echo opaque\"]\n", marker.display());
        std::fs::write(folder.path().join("stackhand.toml"), toml).unwrap();
        let given = Given { profile: Some("p".to_owned()), ..Given::default() };
        status(&environment, &given, Depth::Look).await;
        assert!(!marker.exists());
        let report = status(&environment, &given, Depth::Check).await;
        assert!(marker.exists() && report.token.is_some());
    }
}
