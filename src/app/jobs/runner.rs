//! Runs a job: opens what its recipe needs, runs it on a thread of its own, tells how it ended.

use std::future::Future;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::ended::{finish_of, finish_of_error, finish_of_record};
use super::output::LoggedOutput;
use super::today::changes_today;
use super::{Jobs, ScopedState, Task, arguments_of, simulated_output};
use crate::app::messages::Counter;
use crate::app::run::run_telling;
use crate::app::{
    GivenCaps, Opening, Progress, Recording, RunRequest, Session, SharedWorlds, ended_call, rehearse, settings_in,
};
use crate::clock::Clock;
use crate::config::{Environment, Given};
use crate::engine::recipe::Recipe;
use crate::engine::{Kept, Limits, Occasion, Surroundings};
use crate::error::{Error, Kind, Result};
use crate::journal::{Archive, Folder, History, RunFile, RunOutcome};
use crate::policy::{Daily, JobCaps, ManagedObjects, Sources};
use crate::schedule::decision::Finish;
use crate::schedule::executor::RunJob;
use crate::schedule::job::{Job, JobId};
use crate::schedule::rows::{Entry, RunId};
use crate::schedule::store::Store;
use crate::secret::Scrubber;

/// What all runs have around them.
#[derive(Clone)]
pub struct Surround {
    /// The process's variables and folders.
    pub environment: Environment,
    /// What the options said of where to act and as whom; a job's own profile comes before.
    pub given: Given,
    /// Learns every secret.
    pub scrubber: Scrubber,
    /// The most requests that one run has under way at once.
    pub max_in_flight: Option<usize>,
    /// The names that a recipe's parameters may not bear.
    pub reserved: Vec<String>,
    /// The worlds of the jobs that are simulated.
    pub worlds: Arc<SharedWorlds>,
    /// Watches the calls of all runs.
    pub progress: Option<Arc<dyn Progress>>,
    /// The runtime that carries out what script threads wait for.
    pub runtime: Handle,
}

/// How a run of a job ended.
pub struct RunEnd {
    /// As the scheduler records it.
    pub finish: Finish,
    /// The exit code that the same run by `stackhand run` has.
    pub exit_code: u8,
}

impl RunEnd {
    fn of_error(run: &RunId, error: &Error, scrubber: &Scrubber) -> Self {
        Self { finish: finish_of_error(run, error, scrubber), exit_code: error.exit_code() as u8 }
    }
}

#[cfg(test)]
impl Surround {
    /// What runs in a folder of a test have around them, where nothing is given.
    pub(in crate::app) fn in_folder(folder: &std::path::Path) -> Self {
        Self {
            environment: Environment::empty(folder).with_home(folder),
            given: Given::default(),
            scrubber: Scrubber::new(),
            max_in_flight: None,
            reserved: Vec::new(),
            worlds: Arc::new(SharedWorlds::new(crate::app::Simulation::default())),
            progress: None,
            runtime: Handle::current(),
        }
    }
}

/// Runs the jobs of a workspace.
pub struct Runner<S> {
    store: Arc<S>,
    jobs: RwLock<Arc<Jobs>>,
    surround: Surround,
    /// Takes what runs tell people, where somebody delivers it for all of them.
    counter: OnceLock<Arc<dyn Counter>>,
    /// Told when the jobs are replaced.
    replaced: watch::Sender<()>,
}

impl<S: Store> Runner<S> {
    /// A runner of these jobs, whose state is kept in a store.
    #[must_use]
    pub fn new(store: Arc<S>, jobs: Jobs, surround: Surround) -> Self {
        let (replaced, _) = watch::channel(());
        Self { store, jobs: RwLock::new(Arc::new(jobs)), surround, counter: OnceLock::new(), replaced }
    }

    /// From now on what runs tell people is left here, where somebody delivers it for all of them.
    pub(in crate::app) fn tell_over(&self, counter: Arc<dyn Counter>) {
        // A second one would tell the same people.
        let _ = self.counter.set(counter);
    }

    /// Is told when the jobs are replaced.
    #[must_use]
    pub fn replacements(&self) -> watch::Receiver<()> {
        self.replaced.subscribe()
    }

    /// The jobs as they are now.
    #[must_use]
    pub fn jobs(&self) -> Arc<Jobs> {
        self.jobs.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What all runs have around them.
    #[must_use]
    pub fn surround(&self) -> &Surround {
        &self.surround
    }

    /// Runs other jobs from now on; gives those of before. What is under way goes on as it began, and what is claimed
    /// already runs.
    pub fn replace(&self, jobs: Arc<Jobs>) -> Arc<Jobs> {
        let before = std::mem::replace(&mut *self.jobs.write().unwrap_or_else(PoisonError::into_inner), jobs);
        self.replaced.send_replace(());
        before
    }

    fn work(&self, id: &JobId, entry: Entry, cancel: CancellationToken) -> Result<Work<S>> {
        let jobs = self.jobs();
        let task = jobs.task(id).cloned();
        let task =
            task.ok_or_else(|| Error::new(Kind::Config, "unknown_job", "the workspace has no such job any more"))?;
        let run = entry.run.clone();
        let run = run.ok_or_else(|| Error::new(Kind::Bug, "no_run", "a run was started without an id"))?;
        let (store, surround, counter) = (self.store.clone(), self.surround.clone(), self.counter.get().cloned());
        Ok(Work { jobs, task, run, entry, cancel, store, surround, counter })
    }

    /// Runs a job to its end; ends soon once `cancel` is.
    pub fn run_to_end(
        &self,
        job: &Job,
        entry: Entry,
        cancel: CancellationToken,
    ) -> impl Future<Output = RunEnd> + Send + 'static + use<S> {
        let run = entry.run.clone().unwrap_or_else(|| RunId(String::new()));
        let scrubber = self.surround.scrubber.clone();
        let (sender, ended) = tokio::sync::oneshot::channel();
        let started = self.work(&job.id, entry, cancel).and_then(|work| {
            let thread = std::thread::Builder::new().name("job".to_owned());
            thread.spawn(move || drop(sender.send(work.finish()))).map_err(|error| {
                Error::new(Kind::Limit, "no_thread", format!("this machine gives no more threads: {error}"))
            })
        });
        async move {
            let broken = || Error::new(Kind::Bug, "panic", "the run broke off");
            match started {
                Ok(_) => ended.await.unwrap_or_else(|_| RunEnd::of_error(&run, &broken(), &scrubber)),
                Err(error) => RunEnd::of_error(&run, &error, &scrubber),
            }
        }
    }
}

impl<S: Store> RunJob for Runner<S> {
    fn run(
        &self,
        job: Arc<Job>,
        entry: Entry,
        cancel: CancellationToken,
    ) -> impl Future<Output = Finish> + Send + 'static {
        let run = self.run_to_end(&job, entry, cancel);
        async move { run.await.finish }
    }

    fn what_became(&self, entry: &Entry) -> Option<Finish> {
        let run = entry.run.as_ref()?;
        let settings = settings_in(&self.jobs().around, &self.surround.environment, &self.surround.given).ok()?;
        let archive = Archive::new(Folder::of(&settings, &self.surround.environment)?);
        let path = archive.find(&run.0).ok()?.ok()?;
        let ended = History::of(RunFile::read(&path).ok()?)?.ended?;
        let is_told = !matches!(ended.outcome, RunOutcome::Lost | RunOutcome::Open);
        // What it wanted kept went with the process: that it is done is not the whole truth then.
        (is_told && ended.kept == 0).then(|| finish_of_record(run, &ended, &self.surround.scrubber))
    }
}

/// One run.
struct Work<S> {
    jobs: Arc<Jobs>,
    task: Arc<Task>,
    run: RunId,
    entry: Entry,
    cancel: CancellationToken,
    store: Arc<S>,
    surround: Surround,
    counter: Option<Arc<dyn Counter>>,
}

impl<S: Store> Work<S> {
    /// Runs to the end and blocks this thread, which must not be one of the runtime's.
    fn finish(self) -> RunEnd {
        self.begin().unwrap_or_else(|error| RunEnd::of_error(&self.run, &error, &self.surround.scrubber))
    }

    fn begin(&self) -> Result<RunEnd> {
        let (task, surround) = (&self.task, &self.surround);
        let source = task.source()?;
        let recipe = Recipe::read(&source, &surround.reserved);
        if let Some(finding) = recipe.first_error() {
            return Err(Error::new(Kind::Script, "wrong_recipe", finding.message.clone())
                .with_place(format!("{}:{}", source.name, finding.line)));
        }
        let arguments = arguments_of(&self.jobs.workspace, &task.job, &recipe.parameters)?;
        let opening = Opening {
            environment: surround.environment.clone(),
            given: self.given(),
            // As it was taken over: its file may be half written, or wrong, by now.
            workspace: Some(self.jobs.around.clone()),
            simulation: crate::app::Simulation::default(),
            scrubber: surround.scrubber.clone(),
            max_in_flight: surround.max_in_flight,
            max_calls: None,
            sources: Sources {
                header: recipe.header.listed(&source.name),
                job: task.permissions.clone(),
                ..Sources::of_file(&source.name)
            },
            managed: ManagedObjects::Protected,
            includes_self: false,
            caps: GivenCaps { flag: Vec::new(), job: Some(self.caps()?), header: recipe.header.caps },
            seed: self.entry.fire_time.timestamp().unsigned_abs(),
            progress: surround.progress.clone(),
            consent: None,
            recording: Some(Recording {
                command: "job",
                run: Some(self.run.0.clone()),
                source: Some(source.clone()),
                arguments: arguments.clone(),
                fire_time: Some(self.entry.fire_time),
                job: Some(task.id.to_string()),
                reason: None,
            }),
            worlds: Some(surround.worlds.clone()),
        };
        let session = Session::open(&opening)?;
        let scope = if session.is_simulated() { format!("sim/{}", task.scope()) } else { task.scope() };
        let simulated = session.is_simulated().then(|| simulated_output(&task.folder));
        let request = RunRequest {
            source,
            arguments,
            limits: Limits { deadline: Some(task.job.timeout), ..Limits::default() },
            fire_time: Some(self.entry.fire_time),
            output: Arc::new(LoggedOutput::of(&self.entry, surround.scrubber.clone(), simulated.as_deref())),
            cancel: self.cancel.clone(),
            kept: Arc::new(Kept::of(Arc::new(ScopedState::of(self.store.clone(), &scope)))),
            surroundings: self.surroundings(),
        };
        if let Err(error) = count_changes(&session, &surround.runtime, &request) {
            // A refusal is where a run ends, and stands on its record.
            session.end(ended_call(Err(&error)));
            return Err(error);
        }
        let outcome = run_telling(&session, surround.runtime.clone(), request, self.counter.clone());
        let finish = finish_of(&self.run, &scope, &outcome, &surround.scrubber);
        Ok(RunEnd { finish, exit_code: outcome.exit_code() })
    }

    /// Where the job acts: with its own profile, whatever the options said.
    fn given(&self) -> Given {
        let given = &self.surround.given;
        Given { profile: self.task.profile.clone().or_else(|| given.profile.clone()), ..given.clone() }
    }

    fn surroundings(&self) -> Surroundings {
        let mut surroundings = Surroundings {
            environment: self.surround.environment.clone(),
            scrubber: self.surround.scrubber.clone(),
            ..Surroundings::default()
        };
        surroundings.identity.occasion = Occasion {
            job: Some(self.task.id.to_string()),
            attempt: self.entry.attempt,
            previous: self.entry.previous.as_ref().map(ToString::to_string),
            scheduled_by: self.entry.by.as_str().to_owned(),
        };
        surroundings
    }

    /// How much the run may change, by what the job's earlier runs of the day have changed.
    fn caps(&self) -> Result<JobCaps> {
        let task = &self.task;
        let name = task.id.to_string();
        let Some(daily) = &task.job.daily else { return Ok(JobCaps { name, caps: task.caps.clone(), daily: None }) };
        let settings = settings_in(&self.jobs.around, &self.surround.environment, &self.given())?;
        let so_far = match Folder::of(&settings, &self.surround.environment) {
            Some(folder) => changes_today(&folder, &name, Clock::process().now(), task.zone)?,
            None => 0,
        };
        Ok(JobCaps { name, caps: task.caps.clone(), daily: Some(Daily { most: daily.value, so_far }) })
    }
}

/// Counts what a run would change before it changes anything, as nobody watches it. That the job stands in the
/// workspace's file is the agreement to its changes, in production too; the caps hold.
fn count_changes(session: &Session, runtime: &Handle, request: &RunRequest) -> Result<()> {
    if !session.may_change(&request.source) {
        return Ok(());
    }
    let rehearsal = rehearse(session, runtime, request)?;
    if let Some(failure) = rehearsal.refusal() {
        return Err(failure.error.clone());
    }
    rehearsal.check()?;
    if let Some(note) = rehearsal.note() {
        request.output.say(&format!("rehearsal: {note}"));
    }
    if rehearsal.changes() > 0 || rehearsal.ended.is_some() {
        session.tally.expect(&rehearsal.counted);
    }
    Ok(())
}
