//! `jobs check`: what is wrong with the jobs of a workspace, found without running them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};

use super::finding::{JobFinding, Weight};
use super::given::{arguments_of, caps_of, grants_of};
use super::roster::judge;
use super::{clocks, needs, opposing};
use crate::app::{Depth, auth_status};
use crate::auth::Identity;
use crate::config::{
    self, ChannelKind, Environment, Given, GivenSecret, InterruptedPolicy, Job, Located, MissedPolicy, Profile,
    Workspace, Zone, openness,
};
use crate::engine::Source;
use crate::engine::check::{Report, check};
use crate::engine::footprint::{Footprint, derive};
use crate::engine::recipe::Severity;
use crate::error::{Error, Result};
use crate::notices::{Notice, Template};
use crate::policy::{Grant, Listed, known_grant};
use crate::schedule::calendar::{CalendarFiles, next_open};
use crate::schedule::{Rule, reading};
use crate::secret::{Scrubber, Secret};

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct JobsCheck {
    /// Each job with its profile: the id, the recipe, when it is due next, and in which zone.
    pub jobs: Vec<CheckedJob>,
    /// What is wrong, or worth knowing.
    pub findings: Vec<JobFinding>,
}

/// A job that was looked at.
#[derive(Debug, Clone)]
pub struct CheckedJob {
    /// Its id.
    pub id: String,
    /// Its recipe, as written.
    pub recipe: String,
    /// Whether it is due at all.
    pub is_enabled: bool,
    /// Whether it can be due as it stands in the file.
    pub is_right: bool,
    /// When it is due next; nothing if it cannot be due.
    pub next: Option<DateTime<Utc>>,
    /// The zone on whose wall that is told.
    pub zone: Zone,
}

impl JobsCheck {
    /// How many findings there are of a severity.
    #[must_use]
    pub fn count(&self, severity: Weight) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// How a secret is read: as any text, or as a URL.
type ReadSecret = fn(&Located<GivenSecret>, &Environment, &Workspace) -> Result<Secret, config::Error>;

/// A recipe, looked at once however many jobs run it.
struct Recipe {
    report: Report,
    footprint: Footprint,
}

/// Looks at all jobs of a workspace: reads recipes, calendars and credentials, and calls nothing. `reserved` are the
/// names that parameters may not bear.
pub async fn check_jobs(
    workspace: &Workspace,
    environment: &Environment,
    given: &Given,
    scrubber: &Scrubber,
    reserved: &[String],
    now: DateTime<Utc>,
) -> JobsCheck {
    let mut checker = Checker {
        workspace,
        environment,
        reserved,
        now,
        files: CalendarFiles::default(),
        recipes: BTreeMap::new(),
        found: JobsCheck::default(),
    };
    for job in &workspace.jobs {
        let findings = checker.job(job);
        checker.found.findings.extend(findings.into_iter().map(|mut finding| {
            finding.job = Some(job.name.value.clone());
            finding
        }));
    }
    checker.channels();
    let mut found = checker.found;
    found.findings.extend(profiles(workspace, environment, given, scrubber, now).await);
    found
}

struct Checker<'w> {
    workspace: &'w Workspace,
    environment: &'w Environment,
    reserved: &'w [String],
    now: DateTime<Utc>,
    files: CalendarFiles,
    recipes: BTreeMap<PathBuf, Result<Rc<Recipe>, Error>>,
    found: JobsCheck,
}

impl Checker<'_> {
    fn job(&mut self, job: &Job) -> Vec<JobFinding> {
        let mut findings = Vec::new();
        let time = self.time(job, &mut findings);
        let is_right = judge(self.workspace, job, &mut self.files).is_ok();
        for profile in job.each() {
            self.found.jobs.push(CheckedJob {
                id: job.id(profile.map(|profile| profile.value.as_str())),
                recipe: job.recipe.value.clone(),
                is_enabled: job.is_enabled,
                is_right,
                next: time.filter(|_| is_right && job.is_enabled),
                zone: self.workspace.timezone.unwrap_or(Zone::UTC),
            });
        }
        if let Err(error) = caps_of(self.workspace, job) {
            findings.push(JobFinding::error(error));
        }
        let listed = grants_of(self.workspace, job).unwrap_or_else(|error| {
            findings.push(JobFinding::error(error));
            None
        });
        self.recipe(job, listed.as_ref(), &mut findings);
        findings.extend(opposing::findings(self.workspace, job, self.now));
        if job.notify.channels.is_empty() {
            let error = self.workspace.complain(&job.name, "no_channel", "nobody is told when this job fails");
            let hint = "name a channel: `notify = { channels = [\"ops\"] }`, in the job or at the top of the file";
            findings.push(JobFinding::warning(error.hint(hint)));
        }
        for secret in job.secrets() {
            findings.extend(self.secret(secret, "the heartbeat", Located::read_url).map(
                |finding| match finding.severity {
                    // Who knows it can hide that the job is dead, and no more.
                    Weight::Warning => JobFinding { severity: Weight::Hint, ..finding },
                    Weight::Error | Weight::Hint => finding,
                },
            ));
        }
        findings
    }

    /// Schedule and calendar; gives the next fire time, if they can be read.
    fn time(&mut self, job: &Job, findings: &mut Vec<JobFinding>) -> Option<DateTime<Utc>> {
        let rule = reading::rule(self.workspace, job);
        let calendar = reading::calendar(self.workspace, job, &mut self.files);
        let (rule, calendar) = match (rule, calendar) {
            (Ok(rule), Ok(calendar)) => (rule, calendar),
            (rule, calendar) => {
                let errors = [rule.err(), calendar.err()].into_iter().flatten();
                findings.extend(errors.map(JobFinding::error));
                return None;
            }
        };
        let complain = |code, message: String| self.workspace.complain(&job.name, code, message);
        let next = next_open(&rule, &calendar, self.now);
        if next.is_none() {
            let error =
                complain("never_due", "it is never due: its calendar closes every date of its schedule".to_owned());
            findings.push(JobFinding::error(error.hint("look at it with `stackhand jobs next`")));
        }
        let notes = clocks::notes(job, &rule, self.now);
        findings.extend(notes.into_iter().map(|note| JobFinding::hint(complain("clocks_change", note))));
        findings.extend(self.window(job, &rule));
        next.map(|due| due.at)
    }

    /// A window that reaches into the next fire time's half of the way is cut there.
    fn window(&self, job: &Job, rule: &Rule) -> Option<JobFinding> {
        let is_said = (job.missed_window.line, job.missed_window.column) != (job.name.line, job.name.column);
        if job.missed != MissedPolicy::Last || !is_said {
            return None;
        }
        let window = TimeDelta::from_std(job.missed_window.value).ok()?;
        let mut times = rule.after(self.now).take(64).map(|due| due.at);
        let mut before = times.next()?;
        let shortest = times.map(|at| at - std::mem::replace(&mut before, at)).min()?;
        (window > shortest / 2).then(|| {
            let print = config::duration::print;
            let message = format!(
                "`missed_window` of {} is longer than half the way to the next fire time, where it ends: after {} at \
                 times",
                print(window),
                print(shortest / 2)
            );
            JobFinding::hint(self.workspace.complain(&job.missed_window, "window_cut", message))
        })
    }

    fn recipe(&mut self, job: &Job, listed: Option<&Listed>, findings: &mut Vec<JobFinding>) {
        let workspace = self.workspace;
        let path = self.environment.path(workspace.folder(), &job.recipe.value);
        let reserved = self.reserved;
        let looked_at = self.recipes.entry(path.clone()).or_insert_with(|| {
            let source = Source::read_file(&path)?.within(workspace.folder().to_owned());
            Ok(Rc::new(Recipe { report: check(&source, reserved), footprint: derive(&source) }))
        });
        let recipe = match looked_at {
            Ok(recipe) => Rc::clone(recipe),
            Err(error) => {
                let complaint = workspace.complain(&job.recipe, error.code, error.message.clone());
                let hint = "the path counts from the folder of stackhand.toml";
                return findings.push(JobFinding::error(complaint.hint(hint)));
            }
        };
        let own = recipe.report.findings.iter();
        let all = own.chain(recipe.report.modules.iter().flat_map(|module| &module.findings));
        let mut errors = all.filter(|finding| finding.severity == Severity::Error);
        if let Some(first) = errors.next() {
            let count = 1 + errors.count();
            let message = format!("the recipe has {}: {}", counted(count), first.message);
            let complaint = workspace.complain(&job.recipe, "recipe_wrong", message);
            let hint = format!("`stackhand check {}` tells all of it", job.recipe.value);
            findings.push(JobFinding::error(complaint.hint(hint)));
        }
        if let Err(error) = arguments_of(workspace, job, &recipe.report.parameters) {
            findings.push(JobFinding::error(error));
        }
        if job.interrupted.value == InterruptedPolicy::Rerun && recipe.report.header.repeatable != Some(true) {
            let message = "`interrupted = \"rerun\"` needs a recipe that says of itself `Repeatable: yes`";
            let complaint = workspace.complain(&job.interrupted, "not_repeatable", message);
            let hint = "running it again after a crash in the middle must do no harm; if so, write it into its header";
            findings.push(JobFinding::error(complaint.hint(hint)));
        }
        self.needs(job, listed, &recipe, findings);
    }

    fn needs(&self, job: &Job, listed: Option<&Listed>, recipe: &Recipe, findings: &mut Vec<JobFinding>) {
        let place = job.permissions.as_ref().map_or_else(|| job.name.with(()), |list| list.with(()));
        let mut complain = |(permission, line): (String, String), hint: String| {
            let message = format!("the recipe needs `{permission}` (line {line}), which nobody gives to the job");
            findings.push(JobFinding::error(self.workspace.complain(&place, "permission_missing", message).hint(hint)));
        };
        if let Some(listed) = listed {
            for missing in needs::not_given(&recipe.footprint, listed) {
                let hint = format!("add `{}` to the job's `permissions`", missing.0);
                complain(missing, hint);
            }
        }
        let mut missing = BTreeSet::new();
        for profile in job.each() {
            let profile = profile.and_then(|name| self.workspace.profiles.get(&name.value));
            let of_profile = profile.map(Profile::permissions).unwrap_or_default();
            let mut given: Vec<Grant> = of_profile.iter().filter_map(|text| known_grant(text).ok()).collect();
            given.extend(listed.iter().flat_map(|listed| listed.grants.iter().cloned()));
            missing.extend(needs::local_not_given(&recipe.footprint, &given));
        }
        for missing in missing {
            let hint = format!("what is outside the API has to be given: add `{}` to `permissions`", missing.0);
            complain(missing, hint);
        }
    }

    /// What is the matter with a secret that is read so.
    fn secret(&self, secret: &Located<GivenSecret>, what: &str, read: ReadSecret) -> Option<JobFinding> {
        if secret.value.is_in_the_clear() {
            let message = format!("the secret of {what} stands in the file in the clear");
            let complaint = self.workspace.complain(secret, "secret_in_the_clear", message);
            return Some(JobFinding::warning(complaint.hint("name where it is: `env:NAME` or `file:keys/…`")));
        }
        let Err(error) = read(secret, self.environment, self.workspace) else {
            let warning = secret.warning(self.environment, self.workspace)?;
            let message = format!("the secret of {what}: {warning}");
            return Some(JobFinding::warning(self.workspace.complain(secret, "secret_open", message)));
        };
        // The server's variables need not be those of whoever checks.
        let is_elsewhere = matches!(secret.value, GivenSecret::Variable(_)) && error.code == "secret_not_set";
        Some(JobFinding::of(if is_elsewhere { Weight::Warning } else { Weight::Error }, error))
    }

    fn channels(&mut self) {
        let used: HashSet<&str> = self
            .workspace
            .jobs
            .iter()
            .flat_map(|job| &job.notify.channels)
            .map(|channel| channel.value.as_str())
            .collect();
        let mut findings = Vec::new();
        for (name, channel) in &self.workspace.channels {
            let what = format!("the channel `{name}`");
            findings.extend(channel.url().and_then(|url| self.secret(url, &what, Located::read_url)));
            findings.extend(channel.key().and_then(|key| self.secret(key, &what, Located::read)));
            if let ChannelKind::Webhook { template: Some(written), .. } = &channel.kind
                && let Err(error) = Template::parse(&written.value)
            {
                let complaint = self.workspace.complain(written, error.code, error.message);
                findings.push(JobFinding::error(match error.hint {
                    Some(hint) => complaint.hint(hint),
                    None => complaint,
                }));
            }
            if !used.contains(name.as_str()) {
                let complaint = self.workspace.complain(
                    &channel.name,
                    "unused_channel",
                    format!("no job tells the channel `{name}` anything"),
                );
                findings.push(JobFinding::hint(complaint));
            }
        }
        self.found.findings.extend(findings);
    }
}

/// Whether each profile that jobs name can be used, and its credentials can be read.
async fn profiles(
    workspace: &Workspace,
    environment: &Environment,
    given: &Given,
    scrubber: &Scrubber,
    now: DateTime<Utc>,
) -> Vec<JobFinding> {
    let mut findings = Vec::new();
    let mut seen: HashSet<Option<&str>> = HashSet::new();
    for job in &workspace.jobs {
        for profile in job.each() {
            let name = profile.map(|profile| profile.value.as_str());
            if !seen.insert(name) {
                continue;
            }
            let given = Given { profile: name.map(str::to_owned).or_else(|| given.profile.clone()), ..given.clone() };
            let what =
                name.map_or_else(|| "jobs without `profiles`".to_owned(), |name| format!("the profile `{name}`"));
            let about = |error: &Error| {
                let message = format!("{what}: {}", error.message);
                Error { message, ..error.clone() }
            };
            let report = match auth_status(environment, &given, scrubber, Depth::Look).await {
                Ok(report) => report,
                Err(error) => {
                    findings.push(JobFinding::error(about(&error)));
                    continue;
                }
            };
            let place = profile.unwrap_or(&job.name);
            if let Some(error) = report.error() {
                let weight = if report.identity.is_none() && is_nothing_given(&report.candidates) {
                    // What the server is started with need not be here.
                    Weight::Warning
                } else {
                    Weight::Error
                };
                findings.push(JobFinding::of(weight, about(error)));
            }
            for (code, message) in report.identity.iter().flat_map(|identity| of_key(identity, name, now)) {
                findings.push(JobFinding::warning(workspace.complain(place, code, message)));
            }
            if report.project.is_none() && !report.is_simulated {
                let complaint = workspace.complain(place, "no_project", format!("{what}: no project is set"));
                findings.push(JobFinding::warning(complaint.hint("write `project_id = \"…\"` into the profile")));
            }
        }
    }
    findings
}

/// What is worth knowing of a key that can be used.
fn of_key(identity: &Identity, profile: Option<&str>, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let until = identity.key_valid_until;
    let expiring = until.and_then(|until| Notice::key_expiring(profile, until, now)).and_then(|notice| notice.text);
    let files: BTreeSet<&String> = identity.key.iter().chain(&identity.private_key).collect();
    let open = files.into_iter().filter_map(|file| openness(Path::new(file), &std::fs::metadata(file).ok()?));
    let expiring = expiring.map(|text| ("key_expiring", text));
    expiring.into_iter().chain(open.map(|text| ("secret_open", text))).collect()
}

fn is_nothing_given(candidates: &[config::Candidate]) -> bool {
    candidates.iter().all(|candidate| matches!(candidate.verdict, config::Verdict::Absent(_)))
}

fn counted(count: usize) -> String {
    if count == 1 { "a mistake".to_owned() } else { format!("{count} mistakes") }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
