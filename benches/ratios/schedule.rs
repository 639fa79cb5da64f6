//! The scheduler on its store: how late it is when everything is due at once, what a run costs beside what it does, how
//! long a large workspace takes to load, what a waiting scheduler holds, and how often a server wakes.

use std::future::Future;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use stackhand::clock::Clock;
use stackhand::database::{Database, Options, Synchronous};
use stackhand::error::{Error, Result};
use stackhand::schedule::Rule;
use stackhand::schedule::decision::{Finish, Situation};
use stackhand::schedule::dispatcher::{Dispatcher, NewRun};
use stackhand::schedule::executor::{Command as Order, Executor, RunJob, Watch};
use stackhand::schedule::job::{Job, JobId, Roster};
use stackhand::schedule::outcome::{Outcome, Reason};
use stackhand::schedule::rows::{Entry, RunId};
use stackhand::schedule::store::{Record, Sqlite, Store};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::raw::runtime;
use super::report::Figure;
use super::{Scale, serving};

const DUE_AT_ONCE: usize = 1_000;
const EMPTY_RUNS: usize = 2_000;
const RUNNING_AT_ONCE: usize = 64;
const LOADED: usize = 100_000;
const IDLE: usize = 1_000;

fn roster(count: usize, when: &str) -> Roster {
    let rule = Rule::of_spec(&format!("{when} | Europe/Berlin | after | first")).expect("a rule");
    let id = |number| JobId::new(&format!("job-{number:06}@shop-prod"));
    Roster::new((0..count).map(|number| Job::new(id(number), rule.clone())))
}

fn new_run() -> NewRun {
    let count = AtomicU64::new(0);
    Arc::new(move || RunId(format!("20261122T180000Z-{:08x}", count.fetch_add(1, Ordering::Relaxed))))
}

async fn store(folder: &Path, synchronous: Synchronous) -> Sqlite {
    let options = Options::new(synchronous, Clock::process());
    let opened = Database::open(&folder.join("state.db"), &options).await.expect("it opens");
    Sqlite::new(opened.database).await.expect("tables")
}

async fn take_over(store: Sqlite, roster: Roster, most_running: usize, now: DateTime<Utc>) -> Dispatcher<Sqlite> {
    Dispatcher::take_over(store, roster, most_running, new_run(), now, &|_| None).await.expect("it takes over")
}

fn done(run: RunId) -> Finish {
    Finish { run, outcome: Outcome::Done, reason: None, error_kind: None, state: Vec::new() }
}

/// All figures.
pub fn measure(scale: Scale) -> Vec<Figure> {
    let runtime = runtime();
    let mut figures = runtime.block_on(lateness(scale.of(20, 200)));
    figures.push(runtime.block_on(start_lateness(scale.of(3, 20))));
    for (synchronous, name) in [(Synchronous::Normal, "NORMAL"), (Synchronous::Full, "FULL")] {
        let each = runtime.block_on(empty_runs(synchronous));
        let figure = Figure::microseconds(format!("schedule: an empty run with its outcome, {name}"), each)
            .note(format!("{:.0} a second, {RUNNING_AT_ONCE} at once", 1.0 / each.as_secs_f64()));
        figures.push(if synchronous == Synchronous::Normal { figure.at_most(500.0) } else { figure });
    }
    let (first, again) = runtime.block_on(loading());
    figures.push(Figure::time(format!("schedule: {LOADED} jobs enrolled"), first).at_most(2_000.0));
    figures.push(Figure::time(format!("schedule: {LOADED} jobs found again"), again).at_most(2_000.0));
    figures.extend(idle_memory());
    figures.extend(serving::measure(scale));
    figures
}

/// From the look at the clock to the commit, a thousand jobs due at that second.
async fn lateness(rounds: usize) -> Vec<Figure> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut now = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
    let store = store(folder.path(), Synchronous::Full).await;
    let mut dispatcher = take_over(store, roster(DUE_AT_ONCE, "* * * * *"), DUE_AT_ONCE, now).await;
    let (mut monotonic, mut times) = (Duration::ZERO, Vec::new());
    for _ in 0..rounds {
        let pause = Duration::from_mins(1);
        (now, monotonic) = (now + pause, monotonic + pause);
        let began = Instant::now();
        let orders = dispatcher.step(now, monotonic).await.expect("it steps");
        times.push(began.elapsed());
        assert_eq!(orders.start.len(), DUE_AT_ONCE);
        orders.start.into_iter().filter_map(|entry| entry.run).for_each(|run| dispatcher.ended(done(run)));
        dispatcher.step(now, monotonic).await.expect("it steps");
        let told = dispatcher.store().untold(DUE_AT_ONCE).await.expect("it answers");
        dispatcher.store().mark_told(&told).await.expect("it is written");
    }
    times.sort();
    let figure = Figure::time(
        format!("schedule: {DUE_AT_ONCE} jobs due at once, claimed and committed, FULL"),
        percentile(&times, 99),
    );
    let [low, middle] = [10, 50].map(|percent| percentile(&times, percent).as_secs_f64() * 1e3);
    vec![figure.at_most(50.0).note(format!("p99 of {rounds}; p10 {low:.1} ms, median {middle:.1} ms"))]
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

/// Notes how late each run begins, on the clock of the machine.
struct Noting(Arc<Mutex<Vec<Duration>>>);

impl RunJob for Noting {
    fn run(&self, _: Arc<Job>, entry: Entry, _: CancellationToken) -> impl Future<Output = Finish> + Send + 'static {
        let notes = self.0.clone();
        async move {
            let late = Clock::process().now() - entry.fire_time;
            notes.lock().expect("nobody panics").push(late.to_std().unwrap_or_default());
            done(entry.run.expect("it has one"))
        }
    }

    fn what_became(&self, _: &Entry) -> Option<Finish> {
        None
    }
}

/// From the fire time to the first step of the run, a thousand jobs due at each of some seconds.
async fn start_lateness(seconds: usize) -> Figure {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path(), Synchronous::Full).await;
    let now = Clock::process().now();
    let dispatcher = take_over(store, roster(DUE_AT_ONCE, "* * * * * *"), DUE_AT_ONCE, now).await;
    let (commands, orders) = mpsc::channel(1);
    let watch = Arc::new(Counting { ended: AtomicUsize::new(0), most: DUE_AT_ONCE * seconds, commands });
    let notes = Arc::new(Mutex::<Vec<Duration>>::default());
    let executor = Executor::new(dispatcher, Arc::new(Noting(notes.clone())), watch, Clock::process());
    executor.serve(orders).await.expect("it serves");
    let mut late = std::mem::take(&mut *notes.lock().expect("nobody panics"));
    late.sort();
    let [first, middle] = [percentile(&late, 0), percentile(&late, 50)].map(|late| late.as_secs_f64() * 1e3);
    Figure::time(
        format!("schedule: {DUE_AT_ONCE} jobs due at once, from the fire time to the start"),
        percentile(&late, 99),
    )
    .note(format!("p99 of {} starts; first {first:.1} ms, median {middle:.1} ms", late.len()))
}

/// Runs nothing.
struct Nothing;

impl RunJob for Nothing {
    fn run(&self, _: Arc<Job>, entry: Entry, _: CancellationToken) -> impl Future<Output = Finish> + Send + 'static {
        std::future::ready(done(entry.run.expect("it has one")))
    }

    fn what_became(&self, _: &Entry) -> Option<Finish> {
        None
    }
}

/// Counts what has ended, and ends the loop after the last one.
struct Counting {
    ended: AtomicUsize,
    most: usize,
    commands: mpsc::Sender<Order>,
}

impl Watch for Counting {
    fn started(&self, _: &Entry) {}

    async fn ended(&self, _: &Record) -> Result<()> {
        if self.ended.fetch_add(1, Ordering::Relaxed) + 1 == self.most {
            let (answer, _) = tokio::sync::oneshot::channel();
            self.commands.send(Order::Stop(answer)).await.expect("the loop listens");
        }
        Ok(())
    }

    fn trouble(&self, error: &Error) {
        panic!("{error:?}");
    }

    fn sleeps_until(&self, _: Option<DateTime<Utc>>) {}
}

/// What a run costs from its claim to its outcome, told, when it does nothing.
async fn empty_runs(synchronous: Synchronous) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, now) = (store(folder.path(), synchronous).await, Clock::process().now());
    let jobs = roster(EMPTY_RUNS, "0 0 1 1 *");
    let dispatcher = take_over(store.clone(), jobs.clone(), RUNNING_AT_ONCE, now).await;
    let (absence, new_run) = (Reason::new("busy", "the scheduler was busy"), new_run());
    let fence = dispatcher.fence();
    let around = Situation {
        roster: &jobs,
        now,
        lowest: now,
        fence,
        absence: &absence,
        free: 0,
        only: None,
        new_run: &*new_run,
    };
    for job in jobs.iter() {
        assert!(store.start_by_hand(&job.id, None, &around).await.expect("it is written"));
    }
    let (commands, orders) = mpsc::channel(1);
    let watch = Arc::new(Counting { ended: AtomicUsize::new(0), most: EMPTY_RUNS, commands });
    let executor = Executor::new(dispatcher, Arc::new(Nothing), watch, Clock::process());
    let began = Instant::now();
    executor.serve(orders).await.expect("it serves");
    began.elapsed() / u32::try_from(EMPTY_RUNS).expect("few")
}

/// A large workspace, new and known.
async fn loading() -> (Duration, Duration) {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, now) = (store(folder.path(), Synchronous::Full).await, Clock::process().now());
    let mut times = Vec::new();
    for _ in 0..2 {
        let jobs = roster(LOADED, "30 2 * * Mon-Fri");
        let began = Instant::now();
        drop(take_over(store.clone(), jobs, 8, now).await);
        times.push(began.elapsed());
    }
    (times[0], times[1])
}

/// What a process holds in which a scheduler waits; this program, started for that alone.
fn idle_memory() -> Option<Figure> {
    let told = Command::new(std::env::current_exe().ok()?).arg("--idle").output().ok()?;
    let kilobytes: u32 = String::from_utf8(told.stdout).ok()?.trim().parse().ok()?;
    let megabytes = kilobytes.div_ceil(1_024);
    Some(Figure::count(format!("schedule: MB of a scheduler that waits with {IDLE} jobs"), megabytes).at_most(30.0))
}

/// Waits as a scheduler does, and says what the process holds then: Linux alone tells.
pub fn idle() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = runtime();
    runtime.block_on(async {
        let store = store(folder.path(), Synchronous::Full).await;
        let mut dispatcher = take_over(store, roster(IDLE, "30 2 * * Mon-Fri"), 8, Clock::process().now()).await;
        dispatcher.step(Clock::process().now(), Clock::process().monotonic()).await.expect("it steps");
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let held = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        println!("{}", held.trim_end_matches("kB").trim());
    });
}
