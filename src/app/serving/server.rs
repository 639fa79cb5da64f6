//! The server: opened, and run until it is told to end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::doors::Doors;
use super::ending::end;
use super::figures::Figures;
use super::files::{Files, Pulse};
use super::reloading::{read_jobs, reload, tell};
use super::telling::Telling;
use super::watching::Watching;
use crate::app::jobs::{Runner, SOCKET, Surround, WorkspaceStore, open_store, simulated_output};
use crate::clock::Clock;
use crate::dashboard;
use crate::error::{Error, Kind, Result};
use crate::journal::prune_kept;
use crate::schedule::dispatcher::{Dispatcher, NewRun};
use crate::schedule::executor::{Executor, RunJob as _};
use crate::schedule::rows::RunId;
use crate::schedule::store::Store as _;

/// How often old outcomes are thrown away.
const PRUNED_EVERY: Duration = Duration::from_hours(6);

/// The outputs of so many simulated runs are kept at most.
const MOST_OUTPUTS: usize = 10_000;

/// What is served.
pub struct ServeRequest {
    /// What all runs have around them.
    pub surround: Surround,
    /// How long runs may go on once the server is told to end.
    pub grace: Duration,
    /// Where health and figures are shown, if anywhere.
    pub listen: Option<SocketAddr>,
}

/// What the process is told from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// End: the first time in good order, the second time at once.
    End,
    /// Read the workspace's file again.
    Reload,
}

/// Serves the jobs of the workspace until it is told to end, and all that runs has ended.
///
/// # Errors
/// When there is no workspace, something in its file is wrong, its store cannot be opened, another process serves it, or
/// takes it over.
pub async fn serve(request: ServeRequest, signals: mpsc::Receiver<Signal>) -> Result<()> {
    let ServeRequest { mut surround, grace, listen } = request;
    let is_simulated = surround.given.is_simulated;
    let clock = Clock::process();
    let figures = Arc::new(Figures::new(is_simulated));
    surround.progress = Some(figures.clone());
    let jobs = read_jobs(&surround)?;
    let (file, pulse) = (jobs.workspace.file.clone(), Pulse::new(clock.clone()));
    let files = Files::new(jobs.files(&surround.environment), pulse.clone());
    let opened = open_store(jobs.workspace.folder(), is_simulated).await?;
    for note in &opened.notes {
        tracing::warn!(target: "stackhand::serve", "{note}");
    }
    let lock = opened.lock(&clock).await?;
    let store = Arc::new(opened.store.clone());
    let (roster, max_running) = (jobs.roster.clone(), jobs.workspace.max_running);
    let count = roster.len();
    let runner = Arc::new(Runner::new(store.clone(), jobs, surround.clone()));
    let new_run: NewRun = Arc::new(|| RunId(uuid::Uuid::new_v4().to_string()));
    let what_became = |entry: &_| runner.what_became(entry);
    let dispatcher =
        Dispatcher::take_over(opened.store.clone(), roster, max_running, new_run, clock.now(), &what_became).await?;
    let telling =
        if is_simulated { None } else { Some(Telling::open(opened.store.database(), runner.surround()).await?) };
    let watch = Arc::new(Watching::new(runner.clone(), figures.clone(), telling.clone(), pulse));
    let executor = Executor::new(dispatcher, runner.clone(), watch, clock.clone());
    let (commands, orders) = mpsc::channel(64);
    let (reloading, reloaded) = (Mutex::default(), Notify::new());
    let (told, end) = (telling.clone(), CancellationToken::new());
    let doors =
        Doors { store, runner: runner.clone(), surround, figures, telling: told, commands, reloading, reloaded };
    let doors = Arc::new(doors);
    let _ends_with_this = end.clone().drop_guard();
    open_doors(&doors, &opened.folder, listen, &end).await?;
    tokio::spawn(until(end.clone(), prune(doors.clone())));
    let delivering = telling.as_ref().map(|telling| begin_telling(telling, &runner, &end));
    tracing::info!(
        target: "stackhand::serve",
        jobs = count,
        workspace = file.display().to_string(),
        process = std::process::id(),
        simulated = is_simulated.then_some(true),
        "serving"
    );
    let director = tokio::spawn(until(end.clone(), direct(doors, signals, grace, files)));
    let ended = executor.serve(orders).await;
    director.abort();
    // Nobody is to be told that the server does not answer, once there is none; what is left takes a while.
    lock.leave();
    let _ = std::fs::remove_file(opened.folder.join(SOCKET));
    if let Some((telling, delivering)) = telling.zip(delivering) {
        telling.deliver_before_exit(&runner.jobs()).await;
        end.cancel();
        let _ = delivering.await;
    }
    runner.surround().worlds.save(&runner.surround().scrubber)?;
    if ended.is_ok() {
        tracing::info!(target: "stackhand::serve", simulated = is_simulated.then_some(true), "ended");
    }
    ended
}

/// Tells people what happens, until the end; what is given has ended soon after it.
fn begin_telling(telling: &Telling, runner: &Arc<Runner<WorkspaceStore>>, end: &CancellationToken) -> JoinHandle<()> {
    runner.tell_over(telling.counter(runner));
    let jobs = || {
        let runner = runner.clone();
        move || runner.jobs()
    };
    tokio::spawn(until(end.clone(), telling.clone().watch_keys(jobs(), runner.replacements())));
    tokio::spawn(telling.clone().deliver(jobs(), runner.replacements(), end.clone()))
}

async fn until(end: CancellationToken, work: impl Future<Output = ()>) {
    tokio::select! {
        () = end.cancelled() => {}
        () = work => {}
    }
}

/// Lets others ask and look.
async fn open_doors(
    doors: &Arc<Doors<WorkspaceStore>>,
    folder: &Path,
    listen: Option<SocketAddr>,
    end: &CancellationToken,
) -> Result<()> {
    #[cfg(unix)]
    {
        let path = folder.join(SOCKET);
        match dashboard::listen(&path) {
            Ok(listener) => {
                tokio::spawn(until(end.clone(), dashboard::serve_questions(doors.clone(), listener)));
            }
            Err(error) => tracing::warn!(
                target: "stackhand::serve",
                "commands beside this server cannot reach it: the socket {} cannot be made: {error}", path.display()
            ),
        }
    }
    let Some(address) = listen else { return Ok(()) };
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Error::new(Kind::Config, "address_unavailable", format!("cannot listen on {address}: {error}"))
            .with_hint("choose another address with `--listen`; port 0 takes a free one, `off` none")
    })?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(target: "stackhand::serve", "figures on http://{address}/metrics");
    }
    let pages = dashboard::serve_pages(doors.clone(), listener, end.clone().cancelled_owned());
    tokio::spawn(async move {
        if let Err(error) = pages.await {
            tracing::warn!(target: "stackhand::serve", "figures are shown no more: {error}");
        }
    });
    Ok(())
}

/// Passes on what the process is told, and looks whether the workspace's file has changed.
async fn direct(
    doors: Arc<Doors<WorkspaceStore>>,
    mut signals: mpsc::Receiver<Signal>,
    grace: Duration,
    mut files: Files,
) {
    let file = doors.runner.jobs().workspace.file.clone();
    loop {
        let signal = tokio::select! {
            signal = signals.recv() => signal.unwrap_or(Signal::End),
            () = files.changed() => Signal::Reload,
        };
        match signal {
            Signal::Reload => {
                // Looked at before they are read: what changes meanwhile is read once more.
                files.look();
                tell(&reload(&doors).await, &file);
                files.follow(doors.runner.jobs().files(&doors.surround.environment));
            }
            Signal::End => break,
        }
    }
    drop(files);
    end(&doors, signals, grace).await;
}

/// Throws away outcomes that are too old, or too many: now and then, and when the workspace's file may say so.
async fn prune(doors: Arc<Doors<WorkspaceStore>>) {
    let clock = Clock::process();
    loop {
        let history = doors.runner.jobs().workspace.history;
        let before = clock.now() - TimeDelta::days(i64::from(history.days));
        let most = usize::try_from(history.runs).unwrap_or(usize::MAX);
        if let Err(error) = doors.store.prune(before, most).await {
            tracing::warn!(target: "stackhand::serve", "old outcomes could not be thrown away: {error}");
        }
        let folder = simulated_output(doors.runner.jobs().workspace.folder());
        let pruned = tokio::task::spawn_blocking(move || prune_kept(&folder, before, MOST_OUTPUTS)).await;
        if let Ok(Err(error)) = pruned {
            tracing::warn!(target: "stackhand::serve", "old output of simulated runs could not be thrown away: {error}");
        }
        clock.timeout(PRUNED_EVERY, doors.reloaded.notified()).await;
    }
}
