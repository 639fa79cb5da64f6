//! The jobs of a workspace as the scheduler knows them, and what each of them runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::{caps_of, grants_of};
use crate::config::{self, Channel, Environment, GivenSecret, InterruptedPolicy, Located, Workspace, Zone};
use crate::engine::Source;
use crate::engine::recipe::Recipe;
use crate::error::{Error, Kind, Result};
use crate::policy::{Cap, Listed};
use crate::schedule::calendar::{Calendar, CalendarFiles};
use crate::schedule::job::{Job, JobId, Retry, Roster};
use crate::schedule::{Rule, reading};

/// The profile that is built in.
const SIMULATOR: &str = "sim";

/// All jobs of a workspace.
#[derive(Debug, Clone)]
pub struct Jobs {
    /// The workspace.
    pub workspace: Workspace,
    /// When they are due, and their policies.
    pub roster: Roster,
    /// The workspace without its jobs, as their runs see it.
    pub around: Workspace,
    /// Those that are left out because something about them is wrong, in the order of the file.
    pub wrong: Vec<WrongJob>,
    tasks: BTreeMap<JobId, Arc<Task>>,
    /// Jobs that the workspace had earlier: what runs of them goes on to its end.
    former: BTreeMap<JobId, Arc<Task>>,
}

/// A job that cannot be due as it stands in the file.
#[derive(Debug, Clone)]
pub struct WrongJob {
    /// The job.
    pub job: Arc<config::Job>,
    /// What is wrong with it, with file, line and column.
    pub error: Error,
}

/// What a job runs, and with which rights.
#[derive(Debug, Clone)]
pub struct Task {
    /// The job's id.
    pub id: JobId,
    /// The job as it stands in the file.
    pub job: Arc<config::Job>,
    /// The profile that it runs with; the one that is chosen by default if `None`.
    pub profile: Option<String>,
    /// The profile that its runs have, by its own choice or by default.
    pub acts_as: Option<String>,
    /// What its runs are given.
    pub permissions: Option<Listed>,
    /// How much one run may change.
    pub caps: Vec<Cap>,
    /// Where the recipe lies.
    pub recipe: PathBuf,
    /// The folder of the workspace.
    pub folder: PathBuf,
    /// The zone of its schedule.
    pub zone: Zone,
}

impl Jobs {
    /// The jobs of a workspace, those left out that are not enabled. `usual` is the profile of those that name none.
    ///
    /// # Errors
    /// That of the first one that is wrong, of kind `config`, with file, line and column: a schedule that means nothing or
    /// is never due, a permission or a cap that is none, a rerun of a recipe that does not say that it is repeatable.
    pub fn of(workspace: Workspace, usual: Option<&str>) -> Result<Self> {
        Self::right_of(workspace, usual).whole()
    }

    /// The same, those left out too that are wrong, which are told beside.
    #[must_use]
    pub fn right_of(workspace: Workspace, usual: Option<&str>) -> Self {
        let mut files = CalendarFiles::default();
        let (mut jobs, mut tasks, mut wrong) = (Vec::new(), BTreeMap::new(), Vec::new());
        for job in workspace.jobs.iter().filter(|job| job.is_enabled) {
            match read(&workspace, job, usual, &mut files) {
                Ok(each) => {
                    for (job, task) in each {
                        tasks.insert(job.id.clone(), Arc::new(task));
                        jobs.push(job);
                    }
                }
                Err(error) => wrong.push(WrongJob { job: Arc::clone(job), error }),
            }
        }
        let around = workspace.without_jobs();
        Self { roster: Roster::new(jobs), around, workspace, wrong, tasks, former: BTreeMap::new() }
    }

    /// These jobs if none of them is wrong.
    ///
    /// # Errors
    /// That of the first one that is.
    pub fn whole(self) -> Result<Self> {
        match self.wrong.first() {
            Some(wrong) => Err(wrong.error.clone()),
            None => Ok(self),
        }
    }

    /// These jobs in the place of those: what those had and these have not is remembered.
    #[must_use]
    pub fn after(mut self, before: &Self) -> Self {
        let known = before.former.iter().chain(&before.tasks).filter(|(id, _)| !self.tasks.contains_key(*id));
        self.former = known.map(|(id, task)| (id.clone(), task.clone())).collect();
        self
    }

    /// What all jobs run.
    pub fn tasks(&self) -> impl Iterator<Item = &Arc<Task>> {
        self.tasks.values()
    }

    /// What a job runs, or ran before it was taken out of the workspace.
    #[must_use]
    pub fn task(&self, id: &JobId) -> Option<&Arc<Task>> {
        self.tasks.get(id).or_else(|| self.former.get(id))
    }

    /// The files that decide about the jobs: the workspace's own first, then calendars and the secrets of channels.
    #[must_use]
    pub fn files(&self, environment: &Environment) -> Vec<PathBuf> {
        let Workspace { jobs, channels, .. } = &self.workspace;
        let entries = jobs.iter().filter_map(|job| job.calendar.as_ref()).flat_map(|calendar| &calendar.entries);
        let calendars = entries.filter_map(|entry| entry.value.trim().strip_prefix("file:"));
        let calendars = calendars.map(|path| self.workspace.folder().join(path.trim()));
        let secrets = channels.values().flat_map(Channel::secrets).chain(jobs.iter().flat_map(|job| job.secrets()));
        let secrets = secrets.filter_map(|secret| match &secret.value {
            GivenSecret::File(path) => Some(environment.path(self.workspace.folder(), path)),
            GivenSecret::Variable(_) | GivenSecret::Inline(_) => None,
        });
        let others: BTreeSet<PathBuf> = calendars.chain(secrets).collect();
        std::iter::once(self.workspace.file.clone()).chain(others).collect()
    }

    /// The ids that a name stands for: a job's own id, or its name for all its profiles.
    ///
    /// # Errors
    /// Of kind `not_found`, with the nearest.
    pub fn named(&self, name: &str) -> Result<Vec<JobId>> {
        let known = self.roster.iter().map(|job| &job.id);
        let right = known
            .filter(|id| id.as_str() == name || self.tasks.get(*id).is_some_and(|task| task.job.name.value == name))
            .cloned();
        let wrong = self
            .wrong
            .iter()
            .flat_map(|wrong| wrong.ids().filter(move |id| id.as_str() == name || wrong.job.name.value == name));
        let found: Vec<JobId> = right.chain(wrong).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let error = Error::new(Kind::NotFound, "unknown_job", format!("there is no job `{name}`"))
            .with_place(self.workspace.file.display().to_string());
        if self.workspace.jobs.iter().any(|job| job.name.value == name) {
            return Err(error.with_hint("it has `enabled = false`"));
        }
        let ids: Vec<&str> = self.roster.iter().map(|job| job.id.as_str()).collect();
        Err(match crate::error::nearest(name, ids.iter().copied()) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None if ids.is_empty() => error.with_hint("there are no jobs at all: they are `[[job]]` in the file"),
            None => error.with_hint("`stackhand jobs list` tells all"),
        })
    }
}

impl WrongJob {
    /// Its ids, one for each profile.
    pub fn ids(&self) -> impl Iterator<Item = JobId> {
        self.job.each().map(|profile| JobId::new(&self.job.id(profile.map(|profile| profile.value.as_str()))))
    }
}

impl Task {
    /// Whether it runs with the profile that is a simulated world.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.acts_as.as_deref() == Some(SIMULATOR)
    }

    /// Whose state its runs share: jobs of the same `state`, or the job's own; for each of its profiles apart, as they act
    /// on different projects.
    #[must_use]
    pub fn scope(&self) -> String {
        match &self.profile {
            Some(profile) => format!("{}@{profile}", self.job.state),
            None => self.job.state.clone(),
        }
    }

    /// Reads the recipe, as it is now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn source(&self) -> Result<Source> {
        let source = Source::read_file(&self.recipe)?;
        // As it is written in the workspace: records do not tell where that lies.
        Ok(Source { name: self.job.recipe.value.clone(), ..source }.within(self.folder.clone()))
    }
}

/// What has to be right of a job for it to be due.
pub(super) struct Judged {
    pub rule: Rule,
    pub calendar: Calendar,
    permissions: Option<Listed>,
    caps: Vec<Cap>,
    recipe: PathBuf,
}

/// Whether a job of the file can be due: the first thing that is wrong with it, else what was read.
///
/// # Errors
/// As [`Jobs::of`].
pub(super) fn judge(workspace: &Workspace, job: &config::Job, files: &mut CalendarFiles) -> Result<Judged> {
    let rule = reading::rule(workspace, job)?;
    let calendar = reading::calendar(workspace, job, files)?;
    let permissions = grants_of(workspace, job)?;
    let caps = caps_of(workspace, job)?;
    let recipe = workspace.folder().join(&job.recipe.value);
    if job.interrupted.value == InterruptedPolicy::Rerun {
        check_repeatable(workspace, job, &recipe)?;
    }
    Ok(Judged { rule, calendar, permissions, caps, recipe })
}

/// A job of the file, for each of its profiles.
fn read(
    workspace: &Workspace,
    job: &Arc<config::Job>,
    usual: Option<&str>,
    files: &mut CalendarFiles,
) -> Result<Vec<(Job, Task)>> {
    let Judged { rule, calendar, permissions, caps, recipe } = judge(workspace, job, files)?;
    let each = job.each().map(|profile| {
        let profile = profile.map(|profile| profile.value.clone());
        let id = JobId::new(&job.id(profile.as_deref()));
        let scheduled = scheduled(workspace, job, &id, profile.as_deref(), rule.clone());
        let task = Task {
            id,
            job: Arc::clone(job),
            acts_as: profile.clone().or_else(|| usual.map(str::to_owned)),
            profile,
            permissions: permissions.clone(),
            caps: caps.clone(),
            recipe: recipe.clone(),
            folder: workspace.folder().to_owned(),
            zone: workspace.timezone.unwrap_or(Zone::UTC),
        };
        (Job { calendar: calendar.clone(), ..scheduled }, task)
    });
    Ok(each.collect())
}

fn scheduled(workspace: &Workspace, job: &config::Job, id: &JobId, profile: Option<&str>, rule: Rule) -> Job {
    Job {
        id: id.clone(),
        spec: rule.spec(),
        rule,
        calendar: Calendar::default(),
        overlap: job.overlap,
        missed: job.missed,
        missed_window: delta(job.missed_window.value),
        opposes: job.opposes.iter().flat_map(|other| opponents(workspace, &other.value, profile)).collect(),
        group: job.concurrency_group.clone(),
        jitter: delta(job.jitter.value),
        retry: Retry {
            attempts: job.retry.attempts,
            backoff: delta(job.retry.backoff),
            on: job.retry.on.iter().map(|kind| kind.as_str().to_owned()).collect(),
        },
        interrupted: job.interrupted.value,
    }
}

/// The jobs that a job of this profile opposes under a name: the one of the same profile, else all of that name.
fn opponents(workspace: &Workspace, name: &str, profile: Option<&str>) -> Vec<JobId> {
    let Some(other) = workspace.job(name).filter(|other| other.is_enabled) else { return Vec::new() };
    let profiles: Vec<Option<&str>> = other.each().map(|profile| profile.map(|it| it.value.as_str())).collect();
    let same = profiles.iter().copied().filter(|other| *other == profile);
    let chosen: Vec<_> = same.collect();
    let chosen = if chosen.is_empty() { profiles } else { chosen };
    chosen.into_iter().map(|profile| JobId::new(&other.id(profile))).collect()
}

/// What a crash interrupted may be run again only if the recipe says of itself that this is harmless.
fn check_repeatable(workspace: &Workspace, job: &config::Job, recipe: &std::path::Path) -> Result<()> {
    let source = Source::read_file(recipe).map_err(|error| at(workspace, &job.recipe, error))?;
    if Recipe::read(&source, &[]).header.repeatable == Some(true) {
        return Ok(());
    }
    let message = format!("the recipe `{}` does not say that it may be run twice", job.recipe.value);
    let complaint = workspace.complain(&job.interrupted, "not_repeatable", message);
    Err(complaint.hint("write `//! Repeatable: yes` into its header if a second run does no harm").into())
}

/// An error of another room, at the place in the file that it is about.
fn at<T>(workspace: &Workspace, written: &Located<T>, error: Error) -> Error {
    let complaint = workspace.complain(written, error.code, error.message);
    match error.hint {
        Some(hint) => complaint.hint(hint).into(),
        None => complaint.into(),
    }
}

fn delta(span: Duration) -> TimeDelta {
    TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const TOP: &str =
        "timezone = \"Europe/Berlin\"\n[profile.a]\nproject_id = \"p\"\n[profile.b]\nproject_id = \"q\"\n";

    fn read(jobs: &str) -> Result<Jobs> {
        let text = format!("{TOP}{jobs}");
        Jobs::of(Workspace::read(Path::new("/w/stackhand.toml"), &text).expect("it reads"), None)
    }

    fn job(name: &str, more: &str) -> String {
        format!("[[job]]\nname = \"{name}\"\nrecipe = \"r.rhai\"\nschedule = \"0 20 * * Mon-Fri\"\n{more}\n")
    }

    #[test]
    fn each_profile_makes_a_job_that_opposes_its_like() {
        let night = job("night", "profiles = [\"a\", \"b\"]\nopposes = [\"morning\", \"noon\"]");
        let text = [night, job("morning", "profiles = [\"b\", \"a\"]"), job("noon", "")].concat();
        let jobs = read(&text).expect("they are jobs");
        let ids: Vec<&str> = jobs.roster.iter().map(|job| job.id.as_str()).collect();
        assert_eq!(ids, ["night@a", "night@b", "morning@b", "morning@a", "noon"]);
        let opposed = |id: &str| {
            let all = jobs.roster.opponents(&JobId::new(id)).iter().map(JobId::as_str).collect::<Vec<_>>();
            all.join(" ")
        };
        assert_eq!(opposed("night@a"), "morning@a noon");
        assert_eq!(opposed("noon"), "night@a night@b");
        assert_eq!(jobs.named("night").expect("two").len(), 2);
        assert_eq!(jobs.named("night@b").expect("one").len(), 1);
        assert_eq!(jobs.named("nigth@b").expect_err("none").hint.as_deref(), Some("did you mean `night@b`?"));
    }

    #[test]
    fn each_profile_has_its_state_apart_and_jobs_of_one_state_share_it() {
        let night = job("night", "profiles = [\"a\", \"b\"]\nstate = \"hours\"");
        let text = [night, job("morning", "profiles = [\"a\"]\nstate = \"hours\""), job("noon", "")].concat();
        let jobs = read(&text).expect("they are jobs");
        let scope = |id: &str| jobs.task(&JobId::new(id)).expect("it is there").scope();
        assert_eq!(scope("night@a"), scope("morning@a"));
        assert_eq!((scope("night@a"), scope("night@b")), ("hours@a".to_owned(), "hours@b".to_owned()));
        assert_eq!(scope("noon"), "noon");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (more, code, line) in [
            ("permissions = [\"iaas.servr.stop\"]", "bad_permission", 10),
            ("caps = { deletions = 1, share = \"200%\" }", "bad_cap", 10),
            ("interrupted = \"rerun\"", "unreadable_recipe", 8),
        ] {
            let error = read(&job("night", more)).expect_err(more);
            assert_eq!(error.code, code, "{error}");
            let place = error.place.expect("it stands in the file");
            assert!(place.starts_with(&format!("/w/stackhand.toml:{line}:")), "{place}");
        }
        let error = read(&job("night", "").replace("0 20 * * Mon-Fri", "61 * * * *")).expect_err("no minute");
        assert!(error.place.expect("a place").starts_with("/w/stackhand.toml:9:"));
    }

    #[test]
    fn a_job_that_is_not_enabled_is_not_due() {
        let jobs =
            read(&[job("night", "enabled = false"), job("noon", "opposes = [\"night\"]")].concat()).expect("they read");
        assert_eq!(jobs.roster.len(), 1);
        assert_eq!(jobs.named("night").expect_err("it is off").hint.as_deref(), Some("it has `enabled = false`"));
    }

    #[test]
    fn only_a_repeatable_recipe_is_run_again_after_a_crash() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("{TOP}{}", job("night", "interrupted = \"rerun\""));
        let read = |header: &str| {
            std::fs::write(folder.path().join("r.rhai"), format!("{header}\n1")).expect("written");
            Jobs::of(Workspace::read(&folder.path().join("stackhand.toml"), &text).expect("it reads"), None)
        };
        assert_eq!(read("//! Nothing.").expect_err("it says nothing").code, "not_repeatable");
        assert!(read("//! Repeatable: yes").is_ok());
    }
}
