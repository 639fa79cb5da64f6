//! What `run` and `eval` share: a session, a run in it, its end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::arguments::{GrantOptions, RunLimits, Shared};
use super::history_table::shown;
use super::output::RunOutput;
use super::process::Process;
use super::progress::ProgressLine;
use super::rehearsal::{Leave, before_changes};
use super::signals::Interrupt;
use crate::app::jobs::HandState;
use crate::app::{self, GivenCaps, Opening, Recording, RunRequest, Session, Simulation, kept_by};
use crate::config::duration;
use crate::engine::{KeptChange, Limits, Outcome, Source, Surroundings, Verdict};
use crate::error::{Error, ExitCode, Kind, Result};
use crate::policy::{Cap, Grant, LocalGrant, ManagedObjects, Sources};

/// How long a run may take when nobody says.
const DEFAULT_TIMEOUT: Duration = Duration::from_hours(1);

/// A script to run.
pub struct Script {
    /// What was typed to run it.
    pub command: &'static str,
    /// Its text.
    pub source: Source,
    /// The values of its parameters.
    pub arguments: BTreeMap<String, Value>,
    /// What it is, and what it says of its own permissions.
    pub sources: Sources,
    /// How much it asks to change.
    pub caps: Vec<Cap>,
}

/// Runs a script and shows its result; the exit code follows from how it ended.
///
/// # Errors
/// When it could not begin. What happens in the run itself is shown here.
pub fn execute(
    process: &Process,
    shared: &Shared,
    limits: &RunLimits,
    grants: &GrantOptions,
    script: Script,
) -> Result<u8> {
    let Script { command, source, arguments, mut sources, caps } = script;
    sources.allow.extend(limits.allow_reveal.then(|| Grant::local(LocalGrant::Reveal)));
    let printer = &process.printer;
    let progress = Arc::new(ProgressLine::new(printer.streams.talk_terminal && !shared.quiet && shared.verbose == 0));
    let (fire_time, engine_limits, runtime) =
        (limits.fire_time()?, limits.to_engine(Some(DEFAULT_TIMEOUT))?, runtime()?);
    let recording = Recording {
        command,
        run: None,
        source: Some(source.clone()),
        arguments: arguments.clone(),
        fire_time,
        job: None,
        reason: limits.reason.clone(),
    };
    let opening = Opening {
        progress: Some(progress.clone()),
        consent: None,
        recording: Some(recording),
        max_calls: limits.max_calls,
        caps: GivenCaps { flag: limits.caps.clone(), job: None, header: caps },
        ..opening(process, shared, grants, sources)?
    };
    let session = Session::open(&opening)?;
    session.warnings.iter().for_each(|warning| printer.warning(warning));
    note_simulation(process, &session);
    let (state, cancel) = (HandState::of(&session, limits.state.as_deref(), Some(&source)), CancellationToken::new());
    let interrupt = {
        let _entered = runtime.enter();
        Interrupt::watch_until(cancel.clone(), session.last_words())
    };
    let request = RunRequest {
        source,
        arguments,
        limits: engine_limits,
        fire_time,
        output: Arc::new(RunOutput { printer: printer.clone(), progress: progress.clone() }),
        cancel,
        kept: HandState::kept(state.as_ref()),
        surroundings: Surroundings {
            environment: process.environment.clone(),
            scrubber: process.scrubber.clone(),
            terminal_width: printer.streams.width,
            has_colour: printer.streams.data_colour,
            ..Surroundings::default()
        },
    };
    if let Leave::Refused(why) = before_changes(printer, &session, runtime.handle(), limits, &request)? {
        runtime.shutdown_background();
        return Ok(interrupt.exit_code().unwrap_or(why.exit_code()) as u8);
    }
    progress.start();
    let outcome = app::run(&session, runtime.handle().clone(), request);
    progress.finish();
    session.save_world(&opening.simulation)?;
    keep_state(process, &session, runtime.handle(), state.as_ref(), kept_by(&outcome))?;
    let code = show(process, &outcome)?;
    let code = interrupt.exit_code().filter(|_| outcome.failure.is_some()).map_or(code, |code| code as u8);
    // Tasks that are still under way belong to calls that were given up; the process does not wait for them.
    runtime.shutdown_background();
    Ok(code)
}

/// Keeps what a run by hand wants kept, or says that it is not.
///
/// # Errors
/// When the workspace's store cannot be written.
pub fn keep_state(
    process: &Process,
    session: &Session,
    runtime: &tokio::runtime::Handle,
    state: Option<&HandState>,
    changes: &[KeptChange],
) -> Result<()> {
    match state {
        _ if changes.is_empty() => Ok(()),
        Some(state) => runtime.block_on(state.keep(changes)),
        None if session.is_simulated() => Ok(()),
        None => {
            let hint =
                if session.settings.workspace.is_some() { "give `--state NAME`" } else { "this is no workspace" };
            process.printer.note(&format!("what was given to `state` is not kept: {hint}"));
            Ok(())
        }
    }
}

/// Marks a simulated run as one.
pub fn note_simulation(process: &Process, session: &Session) {
    if session.is_simulated() {
        let time = session.recipe_clock.now().format("%Y-%m-%d %H:%M UTC");
        process.printer.note(&format!("simulated: nothing real is touched; it is {time} there"));
    }
}

/// What a session is opened with, as the options say.
///
/// # Errors
/// When an option gives or takes what is no grant.
pub fn opening(process: &Process, shared: &Shared, grants: &GrantOptions, script: Sources) -> Result<Opening> {
    Ok(Opening {
        environment: process.environment.clone(),
        given: shared.given(),
        workspace: None,
        simulation: simulation(shared),
        scrubber: process.scrubber.clone(),
        max_in_flight: shared.max_in_flight.map(usize::from),
        max_calls: None,
        sources: grants.join(script)?,
        managed: if grants.allow_managed { ManagedObjects::Allowed } else { ManagedObjects::Protected },
        includes_self: grants.include_self,
        caps: GivenCaps::default(),
        seed: u64::from(std::process::id()),
        progress: None,
        consent: None,
        recording: None,
        worlds: None,
    })
}

/// What the options say of the simulated world.
pub fn simulation(shared: &Shared) -> Simulation {
    Simulation { world: shared.world.clone(), save: shared.save.clone(), faults: shared.faults.clone() }
}

fn show(process: &Process, outcome: &Outcome) -> Result<u8> {
    let printer = &process.printer;
    if let Some(failure) = &outcome.failure {
        printer.talk(&failure.render(printer.streams.talk_colour));
    } else {
        printer.result(&outcome.value, &outcome.text)?;
    }
    match &outcome.verdict {
        Some(Verdict::Skipped(why)) => printer.note(&format!("skipped: {}", shown(why))),
        Some(Verdict::Exited(_) | Verdict::Partly { .. }) | None => {}
    }
    Ok(outcome.exit_code())
}

impl RunLimits {
    /// The limits of the script engine; the time is `default` unless the options say another.
    pub(super) fn to_engine(&self, default: Option<Duration>) -> Result<Limits> {
        let defaults = Limits::default();
        Ok(Limits {
            deadline: self.timeout.as_deref().map(timeout).transpose()?.or(default),
            memory_bytes: self.max_memory.map_or(defaults.memory_bytes, |mebibytes| mebibytes << 20),
            operations: self.max_operations.unwrap_or(defaults.operations),
            output_bytes: self.max_output.map_or(defaults.output_bytes, |mebibytes| mebibytes << 20),
            calls: self.max_calls.unwrap_or(defaults.calls),
            ..defaults
        })
    }

    fn fire_time(&self) -> Result<Option<chrono::DateTime<chrono::Utc>>> {
        let Some(text) = &self.fire_time else { return Ok(None) };
        let time = chrono::DateTime::parse_from_rfc3339(text).map_err(|error| {
            Error::new(Kind::Usage, "bad_fire_time", format!("`{text}` is not an instant: {error}"))
                .with_place("--fire-time")
                .with_hint("write it as RFC 3339, such as `2026-11-22T02:00:00Z` or `2026-11-22T03:00:00+01:00`")
        })?;
        Ok(Some(time.to_utc()))
    }
}

fn timeout(text: &str) -> Result<Duration> {
    let wrong = |why: String| {
        Error::new(Kind::Usage, "bad_timeout", why)
            .with_place("--timeout")
            .with_hint("write it as `90s`, `15m` or `2h`")
    };
    let span = duration::parse(text).map_err(|error| wrong(error.to_string()))?;
    span.to_std().ok().filter(|span| !span.is_zero()).ok_or_else(|| wrong("the timeout must be above zero".to_owned()))
}

/// The runtime that carries out what script threads wait for. It has one thread: with a second one, a call and the
/// connection that it goes over land on different threads, which wake each other for each step.
///
/// # Errors
/// When the system gives no threads.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    runtime_of(1)
}

/// How long a thread for what blocks waits for more such work. The end of each wakes the process once.
const BLOCKING_THREADS_WAIT: Duration = Duration::from_secs(1);

/// A runtime of so many threads.
///
/// # Errors
/// When the system gives no threads.
pub fn runtime_of(threads: usize) -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(threads).thread_keep_alive(BLOCKING_THREADS_WAIT).enable_all();
    builder.build().map_err(|error| {
        Error::new(Kind::Bug, "no_runtime", format!("the system gives no threads: {error}"))
            .with_hint("is the limit of processes (`ulimit -u`) reached?")
    })
}

/// The exit code of a process that did what it was asked.
pub const DONE: u8 = ExitCode::Done as u8;
