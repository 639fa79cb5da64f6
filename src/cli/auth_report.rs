//! The report of `stackhand auth status` as text.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::{Report, TokenFacts};
use crate::auth::Identity;
use crate::config::{Resolved, Verdict, duration};

/// The report as a person reads it; the error, if there is one, is shown as every error is.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut lines = Lines(String::new());
    if let Some(identity) = &report.identity {
        identity_lines(&mut lines, identity, report.at);
    } else {
        lines.add("identity", "none");
    }
    lines.add_resolved("project", report.project.as_ref());
    lines.add_resolved("region", Some(&report.region));
    lines.add_resolved("profile", report.profile.as_ref());
    lines.add("workspace", report.workspace.as_deref().unwrap_or("none"));
    for (service, url) in &report.endpoints {
        lines.add("endpoint", &format!("{service}: {}, {}", url.value, url.origin));
    }
    if let Some(ca_file) = &report.ca_file {
        lines.add("ca file", &format!("{}, {}", ca_file.value.display(), ca_file.origin));
    }
    if let Some(token) = &report.token {
        lines.add("token", &token_line(token));
    }
    if !report.candidates.is_empty() {
        lines.0.push_str("\ncredentials are looked for in this order:\n");
    }
    for candidate in &report.candidates {
        let (mark, reason) = match &candidate.verdict {
            Verdict::Used => ("*", "used"),
            Verdict::Absent(reason) | Verdict::Passed(reason) => (" ", reason.as_str()),
            Verdict::Broken(reason) => ("!", reason.as_str()),
        };
        let _ = writeln!(lines.0, "{mark} {}: {reason}", candidate.place);
    }
    lines.0
}

fn identity_lines(lines: &mut Lines, identity: &Identity, now: DateTime<Utc>) {
    let who = identity.email.as_deref().unwrap_or(match identity.method {
        "metadata" => "the service account of this server",
        "token_command" => "whoever the token command answers for",
        "simulator" => "the simulator, which asks for nobody",
        _ => "whoever the token belongs to",
    });
    lines.add("identity", &format!("{who} ({})", identity.method.replace('_', " ")));
    lines.add("from", &identity.origin);
    let named = [("key", &identity.key), ("private key", &identity.private_key), ("key id", &identity.key_id)];
    for (name, value) in named {
        if let Some(value) = value.as_ref().filter(|value| **value != identity.origin) {
            lines.add(name, value);
        }
    }
    if let Some(until) = identity.key_valid_until {
        lines.add("key valid", &until_line(until, now));
    }
    if let Some(command) = &identity.command {
        lines.add("command", &command.join(" "));
    }
    if let Some(until) = identity.token_expires_at {
        lines.add("token valid", &until_line(until, now));
    }
    if identity.token_url.is_some() {
        lines.add_resolved("token url", identity.token_url.as_ref());
    }
}

fn until_line(until: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("until {}, {} from now", until.format("%Y-%m-%dT%H:%M:%SZ"), coarse(until - now))
}

fn token_line(token: &TokenFacts) -> String {
    let of = token.email.as_ref().map(|email| format!(" of {email}")).unwrap_or_default();
    match (token.valid_for_seconds, token.expires_at) {
        (Some(seconds), Some(until)) => {
            let left = duration::print(TimeDelta::seconds(seconds));
            format!("given{of}, valid for {left} (until {})", until.format("%Y-%m-%dT%H:%M:%SZ"))
        }
        _ => format!("given{of}; it does not say how long it is valid"),
    }
}

/// A span in days, or in full if it is short.
fn coarse(span: TimeDelta) -> String {
    match span.num_days() {
        0 | 1 => duration::print(TimeDelta::seconds(span.num_seconds())),
        days => format!("{days} days"),
    }
}

struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: &str) {
        let _ = writeln!(self.0, "{name:<12} {value}");
    }

    fn add_resolved(&mut self, name: &str, value: Option<&Resolved<String>>) {
        match value {
            Some(value) => self.add(name, &format!("{}, {}", value.value, value.origin)),
            None => self.add(name, "none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Depth, look_at_auth};
    use crate::auth::testing::{Scripted, jwt, key_json, noon, reply, tokens, write_private};
    use crate::auth::{Surroundings, SystemPrograms, TokenReply, Unreachable};
    use crate::clock::Clock;
    use crate::config::{Environment, Given, Settings};
    use crate::secret::Scrubber;

    /// What is shown for a workspace, with a key file beside it, and the error.
    async fn shown(
        toml: &str,
        depth: Depth,
        replies: Vec<Result<TokenReply, Unreachable>>,
    ) -> (String, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        write_private(folder.path(), "stackhand.toml", toml);
        write_private(folder.path(), "key.json", &key_json().to_string());
        let environment = Environment::empty(folder.path()).with_home(folder.path());
        let settings = Settings::resolve(&environment, &Given::default(), &["iaas"]).unwrap();
        let surroundings = Surroundings {
            clock: Clock::starting_at(noon()),
            scrubber: Scrubber::new(),
            endpoint: Scripted::new(replies),
            programs: std::sync::Arc::new(SystemPrograms),
        };
        let report = look_at_auth(&settings, &surroundings, depth).await;
        let json = serde_json::to_string(&report).unwrap();
        let text = text(&report);
        for secret in key_json()["credentials"]["privateKey"].as_str().unwrap().lines().skip(1).take(20) {
            assert!(!text.contains(secret) && !json.contains(secret), "{secret}");
        }
        (text.replace(folder.path().to_str().unwrap(), "/w"), report.error().map(ToString::to_string))
    }

    #[tokio::test]
    async fn a_key_of_a_profile_is_shown_with_everything_but_its_secret() {
        let toml = "default_profile = \"prod\"\n[profile.prod]\nservice_account_key_path = \"key.json\"\n\
                    project_id = \"11111111-1111-4111-8111-111111111111\"\nendpoints.iaas = \"http://localhost:8080\"\n";
        let token = jwt("a", noon() + TimeDelta::hours(1));
        let (text, error) = shown(toml, Depth::Check, vec![tokens(&token, None)]).await;
        assert_eq!(error, None);
        insta::assert_snapshot!(text, @r"
        identity     night-shift-x1y2z3@sa.stackit.cloud (service account key)
        from         profile `prod` (/w/stackhand.toml:3)
        key          /w/key.json
        private key  `credentials.privateKey` in /w/key.json
        key id       8b1c1f6e-5e43-4a3f-9d6b-0f4f2c7f0a11
        key valid    until 2027-01-01T00:00:00Z, 39 days from now
        token url    https://service-account.api.stackit.cloud/token, built-in default
        project      11111111-1111-4111-8111-111111111111, profile `prod` (/w/stackhand.toml:4)
        region       eu01, built-in default
        profile      prod, workspace (/w/stackhand.toml:1)
        workspace    /w/stackhand.toml
        endpoint     iaas: http://localhost:8080, profile `prod` (/w/stackhand.toml:5)
        token        given of night-shift-x1y2z3@sa.stackit.cloud, valid for 1h (until 2026-11-22T13:00:00Z)

        credentials are looked for in this order:
        * profile `prod` (/w/stackhand.toml:3): used
          environment variable `STACKIT_ACCESS_TOKEN`: not set
          environment variable `STACKIT_SERVICE_ACCOUNT_KEY_PATH`: not set
          environment variable `STACKIT_SERVICE_ACCOUNT_KEY`: not set
          a key in the credentials file: /w/.stackit/credentials.json does not exist
          environment variable `STACKIT_SERVICE_ACCOUNT_TOKEN`: not set
          a token in the credentials file: /w/.stackit/credentials.json does not exist
        ");
    }

    #[tokio::test]
    async fn without_credentials_the_places_are_listed() {
        let (text, error) = shown("", Depth::Look, vec![]).await;
        assert_eq!(error.as_deref(), Some("no credentials were given"));
        insta::assert_snapshot!(text, @r"
        identity     none
        project      none
        region       eu01, built-in default
        profile      none
        workspace    /w/stackhand.toml

        credentials are looked for in this order:
          environment variable `STACKIT_ACCESS_TOKEN`: not set
          environment variable `STACKIT_SERVICE_ACCOUNT_KEY_PATH`: not set
          environment variable `STACKIT_SERVICE_ACCOUNT_KEY`: not set
          a key in the credentials file: /w/.stackit/credentials.json does not exist
          environment variable `STACKIT_SERVICE_ACCOUNT_TOKEN`: not set
          a token in the credentials file: /w/.stackit/credentials.json does not exist
        ");
    }

    #[tokio::test]
    async fn a_refused_key_is_an_error_beside_the_report() {
        let toml = "default_profile = \"p\"\n[profile.p]\nservice_account_key_path = \"key.json\"\n";
        let (text, error) = shown(toml, Depth::Check, vec![reply(403, "{\"message\": \"no\"}")]).await;
        assert!(text.starts_with("identity     night-shift"), "{text}");
        assert!(error.unwrap().starts_with("the token endpoint refused the key (status 403): no"));
    }
}
