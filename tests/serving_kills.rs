//! `kill -9` of `stackhand serve`: no fire time is lost, none runs twice, and every change that the server saw is that
//! of a run on record.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use stackhand::clock::Clock;
use stackhand::database::{Database, Options, Synchronous};
use stackhand::journal::{Archive, Change, Folder, History};
use stackhand::schedule::job::JobId;
use stackhand::schedule::outcome::Outcome;
use stackhand::schedule::rows::{Entry, Phase, RunRow, Stretch};
use stackhand::schedule::store::{Record, Sqlite, Store as _};

use crate::journal::counting::{Counting, ID};
use crate::kills::{Kills, kills};
use crate::process::{Stream, Workspace};

/// How many processes are killed when nobody says.
const KILLS: usize = 60;
/// Nothing that is due each second is waited for as long.
const PATIENCE: Duration = Duration::from_mins(1);
const SERVE: [&str; 3] = ["serve", "--listen", "off"];

/// Jobs with the seconds between their fire times, their recipe, and what else is said of them.
const JOBS: [(&str, i64, &str, &str); 7] = [
    ("plain", 1, "keeps", ""),
    ("queued", 1, "keeps", "overlap = \"queue\""),
    ("allowed", 1, "changes", "overlap = \"allow\"\nmissed = \"none\""),
    ("cut", 2, "keeps", "overlap = \"cancel-running\""),
    ("caught-up", 2, "changes", "missed = \"all\"\nconcurrency_group = \"one\""),
    (HELD, 1, "keeps", ""),
    (AGAIN, 1, "changes", "interrupted = \"rerun\"\nconcurrency_group = \"one\""),
];
/// The job whose runs are repeated when a kill interrupts them.
const AGAIN: &str = "again";
/// The job that is paused and resumed between kills.
const HELD: &str = "held";

fn workspace(server: &Counting) -> Workspace {
    let jobs: Vec<String> = JOBS
        .iter()
        .map(|(name, step, recipe, more)| {
            format!(
                "[[job]]\nname = \"{name}\"\nrecipe = \"{recipe}.rhai\"\nevery = \"{step}s\"\nstate = \"{name}\"\n\
                 caps = {{ changes = 9, share = \"100%\" }}\n{more}\n"
            )
        })
        .collect();
    let change = format!(
        "//! Makes one change.\n//!\n//! Permissions: iaas.server.get, iaas.server.update\n//! Repeatable: yes\n\
         import \"stackit/iaas\" as iaas;\n\
         iaas::update_server(\"{ID}\", #{{ name: `${{run.id}}.${{run.fire_time.unix}}.${{run.attempt}}` }});\n"
    );
    server
        .workspace()
        .file("stackhand.toml", format!("timezone = \"Europe/Berlin\"\n{}", jobs.concat()))
        .file("keeps.rhai", format!("{change}state.incr(\"n\");\n"))
        .file("changes.rhai", change)
}

/// Starts a server and kills it, sooner or later.
fn kill_once(home: &Workspace, called: &Receiver<()>, random: &mut StdRng) {
    let mut serving = home.start(&SERVE);
    // What is left of the one before.
    while called.try_recv().is_ok() {}
    match random.random_range(0..8) {
        0 => {}
        1 => drop(serving.hears(Stream::Err, "INFO serving")),
        2 => drop(serving.hears(Stream::Err, "INFO started job=")),
        3 => drop(serving.hears(Stream::Err, "INFO done job=")),
        _ => {
            for _ in 0..random.random_range(1..=JOBS.len()) {
                called.recv_timeout(PATIENCE).expect("a change comes");
            }
        }
    }
    // From an instant to a moment.
    for _ in 0..1 << random.random_range(0..17) {
        std::thread::yield_now();
    }
    serving.kill();
}

/// What is on record once all is over.
struct Records {
    entries: BTreeMap<(String, i64), Entry>,
    stretches: Vec<Stretch>,
    /// By job: after which second, and until which, its fire times are decided.
    decided: BTreeMap<String, (i64, i64)>,
    runs: BTreeMap<String, RunRow>,
    journal: BTreeMap<String, History>,
    kept: BTreeMap<String, usize>,
    /// What is wrong with the files themselves.
    flaws: Vec<String>,
}

impl Records {
    fn read(home: &Workspace) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(Self::look(home)).expect("the store can be read")
    }

    async fn look(home: &Workspace) -> stackhand::error::Result<Self> {
        let opened =
            Database::open(&home.path(".stackhand/state.db"), &Options::new(Synchronous::Full, Clock::process()))
                .await?;
        let mut flaws = opened.notes;
        let store = Sqlite::new(opened.database).await?;
        let (mut entries, mut stretches, mut runs) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        for record in store.history(None, None, 1_000_000).await? {
            match record {
                Record::Entry(entry) => {
                    for run in store.runs(&entry.job, entry.fire_time).await? {
                        runs.insert(run.run.0.clone(), run);
                    }
                    entries.insert((entry.job.to_string(), entry.fire_time.timestamp()), entry);
                }
                Record::Stretch(stretch) => stretches.push(stretch),
            }
        }
        let decided = store
            .jobs()
            .await?
            .into_iter()
            .map(|row| (row.job.to_string(), (row.enrolled_at.timestamp(), row.decided_until.timestamp())));
        let decided = decided.collect();
        let mut kept = BTreeMap::new();
        for (job, ..) in JOBS {
            if let Some(number) = store.state(job, "n").await? {
                kept.insert(job.to_owned(), number.parse().expect("a number"));
            }
        }
        let archive = Archive::new(Folder::new(home.path(".stackhand/journal")));
        let report = archive.verify()?;
        if !report.is_sound() {
            flaws.push(format!("{report:?}"));
        }
        let journal = archive.runs(None, usize::MAX)?.into_iter().map(|run| (run.began.run.clone(), run)).collect();
        Ok(Self { entries, stretches, decided, runs, journal, kept, flaws })
    }

    /// Each fire time has a row of its own or lies in exactly one stretch.
    fn unaccounted(&self, job: &str, step: i64, wrong: &mut Vec<String>) {
        let (after, until) = self.decided[job];
        let stretches: Vec<_> = self.stretches.iter().filter(|stretch| stretch.job == JobId::new(job)).collect();
        let mut counted = vec![0; stretches.len()];
        let first = (after.div_euclid(step) + 1) * step;
        let fire_times: BTreeSet<i64> = (first..=until).step_by(usize::try_from(step).expect("positive")).collect();
        for at in &fire_times {
            let has_row = self.entries.contains_key(&(job.to_owned(), *at));
            let within = |stretch: &Stretch| (stretch.first.timestamp()..=stretch.last.timestamp()).contains(at);
            let stretches: Vec<_> = (0..stretches.len()).filter(|index| within(stretches[*index])).collect();
            match (has_row, stretches.as_slice()) {
                (true, _) => {}
                (false, [index]) => counted[*index] += 1,
                (false, found) => wrong.push(format!("{job} at {at} has no row and lies in {} stretches", found.len())),
            }
        }
        for (stretch, counted) in stretches.iter().zip(counted) {
            if stretch.count != counted {
                wrong.push(format!("{counted} fire times without a row lie in {stretch:?}"));
            }
        }
        for (_, at) in self.entries.keys().filter(|(of, _)| of == job) {
            if !fire_times.contains(at) {
                wrong.push(format!("{job} was never due at {at}"));
            }
        }
    }

    /// How often the server saw the change of each run, as far as the journal knows it.
    fn effects(&self, server: &Counting, wrong: &mut Vec<String>) -> BTreeMap<String, usize> {
        let mut effects = BTreeMap::new();
        for (body, times) in &server.seen.lock().expect("unpoisoned").changes {
            let sent: serde_json::Value = serde_json::from_str(body).expect("JSON");
            let words: Vec<&str> = sent["name"].as_str().expect("a name").split('.').collect();
            let [id, fire_time, attempt] = words[..] else { panic!("a change without its run: {body}") };
            let (Some(run), Some(history)) = (self.runs.get(id), self.journal.get(id)) else {
                wrong.push(format!("no run on record made {body}"));
                continue;
            };
            let is_told = fire_time == run.fire_time.timestamp().to_string();
            if !is_told || history.began.fire_time != Some(run.fire_time) {
                wrong.push(format!("{body} is of another fire time than {run:?}"));
            }
            if attempt != run.attempt.to_string() || history.began.job.as_deref() != Some(run.job.as_str()) {
                wrong.push(format!("{body} is not of {run:?}"));
            }
            let is_it = |change: &&Change| change.before.body.as_deref() == Some(&sent);
            let recorded: usize = history.changes.iter().filter(is_it).map(|change| change.tries.len()).sum();
            if recorded < *times {
                wrong.push(format!("the server saw {body} {times} times, recorded are {recorded}"));
            }
            *effects.entry(id.to_owned()).or_default() += times;
        }
        effects
    }

    /// No run but the last of a fire time, and no change of it, happened twice.
    fn doubled(&self, effects: &BTreeMap<String, usize>, wrong: &mut Vec<String>) {
        let mut done: BTreeMap<String, usize> = BTreeMap::new();
        for entry in self.entries.values() {
            let is_of = |run: &&RunRow| run.job == entry.job && run.fire_time == entry.fire_time;
            let runs: Vec<&RunRow> = self.runs.values().filter(is_of).collect();
            let job = entry.job.as_str();
            if runs.len() > 1 && (job != AGAIN || runs.len() > entry.attempt as usize) {
                wrong.push(format!("{} runs of {entry:?}", runs.len()));
            }
            if entry.phase == Phase::Running || runs.iter().any(|run| run.ended_at.is_none()) {
                wrong.push(format!("nothing runs any more, and yet {entry:?}"));
            }
            for run in runs {
                let times = effects.get(&run.run.0).copied().unwrap_or_default();
                let is_known = times <= 1 && (run.outcome != Some(Outcome::Done) || times == 1);
                if !is_known {
                    wrong.push(format!("{times} changes of {run:?}"));
                }
            }
            if entry.phase == Phase::Ended && entry.outcome == Some(Outcome::Done) {
                *done.entry(job.to_owned()).or_default() += 1;
            }
        }
        for (job, ..) in JOBS.iter().filter(|job| job.2 == "keeps") {
            if self.kept.get(*job) != done.get(*job) {
                wrong.push(format!("{job} is done {:?} times and kept {:?}", done.get(*job), self.kept.get(*job)));
            }
        }
    }
}

impl fmt::Display for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
        for entry in self.entries.values() {
            let name = entry.outcome.map_or_else(|| entry.phase.as_str().to_owned(), |outcome| outcome.to_string());
            *outcomes.entry(name).or_default() += 1;
        }
        let within: u64 = self.stretches.iter().map(|stretch| stretch.count).sum();
        let runs = self.runs.len();
        write!(f, "{outcomes:?}, {within} in {} stretches, {runs} runs", self.stretches.len())
    }
}

/// Kills so many servers of one workspace; gives what is on record, and what is wrong with it.
fn kill_many(kills: usize, mut random: StdRng) -> (String, Vec<String>) {
    let (call, called) = channel();
    let server = Counting::telling(call);
    let home = workspace(&server);
    for _ in 0..kills {
        kill_once(&home, &called, &mut random);
        match random.random_range(0..6) {
            // Neither does harm where no server has come so far as to know the job.
            0 => drop(home.run(&["jobs", "pause", HELD])),
            1 => drop(home.run(&["jobs", "resume", HELD])),
            _ => {}
        }
    }
    let mut last = home.start(&SERVE);
    last.hears(Stream::Err, "INFO done job=");
    last.signal("TERM");
    let ended = last.end();
    let records = Records::read(&home);
    let mut wrong = records.flaws.clone();
    if ended.code != 0 {
        wrong.push(format!("it ended with {}: {}", ended.code, ended.stderr));
    }
    for (job, step, ..) in JOBS {
        records.unaccounted(job, step, &mut wrong);
    }
    let effects = records.effects(&server, &mut wrong);
    records.doubled(&effects, &mut wrong);
    let shown = home.run(&["jobs", "history", "--limit", "1000000", "-o", "json"]);
    let shown: Vec<serde_json::Value> = serde_json::from_str(&shown.stdout).expect("JSON");
    if shown.len() != records.entries.len() + records.stretches.len() {
        wrong.push(format!("{} records are shown", shown.len()));
    }
    let files = std::fs::read_dir(home.path(".stackhand")).expect("a folder").filter_map(Result::ok);
    wrong.extend(
        files.map(|file| file.file_name().to_string_lossy().into_owned()).filter(|name| name.contains("damaged")),
    );
    let verified = home.run(&["journal", "verify"]);
    if verified.code != 0 {
        wrong.push([verified.stdout, verified.stderr].concat());
    }
    (format!("{kills} kills, {} changes seen: {records}", server.changes()), wrong)
}

#[test]
fn after_kills_of_the_server_no_fire_time_is_lost_and_none_has_run_twice() {
    let Kills { seed, count: kills } = kills("STACKHAND_SERVE_KILLS", KILLS);
    let found: Vec<(String, Vec<String>)> = std::thread::scope(|scope| {
        let houses = [(kills / 2, 0), (kills - kills / 2, 1)];
        let threads = houses.map(|(kills, house)| {
            scope.spawn(move || kill_many(kills, StdRng::seed_from_u64(seed.wrapping_add(house))))
        });
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
    });
    for (records, _) in &found {
        println!("{records}");
    }
    let wrong: Vec<&String> = found.iter().flat_map(|(_, wrong)| wrong).collect();
    assert!(wrong.is_empty(), "STACKHAND_KILL_SEED={seed}: {wrong:#?}");
}

#[test]
fn a_second_server_is_refused_and_told_who_serves() {
    let server = Counting::start();
    let home = workspace(&server);
    let mut first = home.start(&SERVE);
    first.hears(Stream::Err, "INFO serving");
    let second = home.run(&SERVE);
    assert_eq!(second.code, 5, "{}", second.stderr);
    let who = format!("this workspace is served already, by process {} since ", first.id());
    assert!(second.stderr.contains(&who), "{}", second.stderr);
    first.kill();
    let mut third = home.start(&SERVE);
    third.hears(Stream::Err, "INFO serving");
    third.signal("TERM");
    assert_eq!(third.end().code, 0);
}
