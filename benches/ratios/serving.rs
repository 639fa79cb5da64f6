//! `stackhand serve` with a thousand jobs of which none is due: what it holds, and how often it wakes. Linux alone tells.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Scale;
use super::report::Figure;

const JOBS: usize = 1_000;

/// What starts with a server is over by then.
const SETTLED: Duration = Duration::from_secs(5);

/// What a process does within this time is one awakening.
const LOOK: Duration = Duration::from_millis(100);

/// All figures; none where the system does not tell.
pub fn measure(scale: Scale) -> Vec<Figure> {
    if !Path::new("/proc/self/task").exists() {
        return Vec::new();
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = "timezone = \"Europe/Berlin\"\n".to_owned();
    for number in 0..JOBS {
        writeln!(text, "[[job]]\nname = \"job-{number}\"\nrecipe = \"job.rhai\"\nschedule = \"30 2 29 2 *\"")
            .expect("memory takes it");
    }
    fs::write(folder.path().join("stackhand.toml"), text).expect("written");
    fs::write(folder.path().join("job.rhai"), "").expect("written");
    let mut serving = Command::new(env!("CARGO_BIN_EXE_stackhand"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    sleep(SETTLED);
    let minutes = u32::try_from(scale.of(1, 3)).unwrap_or(1);
    let awakenings = awakenings(&serving, minutes);
    let megabytes = resident_megabytes(&serving);
    let is_there = serving.try_wait().expect("it answers").is_none();
    serving.kill().and_then(|()| serving.wait()).expect("it ends");
    assert!(is_there, "the server ended before it was measured");
    vec![
        Figure::count(format!("schedule: MB of a server that waits with {JOBS} jobs"), megabytes).at_most(30.0),
        Figure::count(format!("schedule: awakenings of a server that waits with {JOBS} jobs"), awakenings)
            .at_most(f64::from(2 * minutes))
            .note(format!("in {minutes} min")),
    ]
}

/// How often the process does anything in so many minutes, however much it does then.
fn awakenings(process: &Child, minutes: u32) -> u32 {
    // A moment less: what comes once a minute is not to be met once more at the end.
    let span = (Duration::from_mins(1) * minutes).saturating_sub(Duration::from_secs(1));
    let began = Instant::now();
    let (mut seen, mut was_awake, mut count) = (switches(process), false, 0);
    while began.elapsed() < span {
        sleep(LOOK);
        let now = switches(process);
        let is_awake = now != seen;
        count += u32::from(is_awake && !was_awake);
        (seen, was_awake) = (now, is_awake);
    }
    count
}

/// How often its threads have gone back to sleep so far.
fn switches(process: &Child) -> u64 {
    let threads = fs::read_dir(format!("/proc/{}/task", process.id())).into_iter().flatten().flatten();
    let told = threads.filter_map(|thread| field(&thread.path().join("status"), "voluntary_ctxt_switches:"));
    told.sum()
}

fn resident_megabytes(process: &Child) -> u32 {
    let kilobytes = field(Path::new(&format!("/proc/{}/status", process.id())), "VmRSS:").unwrap_or(0);
    u32::try_from(kilobytes.div_ceil(1_024)).unwrap_or(u32::MAX)
}

fn field(file: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.trim().trim_end_matches("kB").trim().parse().ok()
}
