//! A session: what a key stroke takes to be completed among many names, what a page of many servers takes to be shown, and
//! the start to the first prompt.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use stackhand::app::{LiveName, Names};
use stackhand::clock::Clock;
use stackhand::engine::{Interpreter, Limits, RunContext, Scene};
use stackhand::repl::show::{Style, show};
use stackhand::repl::{Knowledge, complete};
use stackhand::transport::Endpoints;

use super::Scale;
use super::data::Canned;
use super::raw::runtime;
use super::report::Figure;
use super::rounds::{Samples, interleave};
use super::script::platform;
use super::servers::{COUNT, all_servers};

/// How many rows a session shows at a time.
const PAGE: usize = 40;

pub fn measure(scale: Scale) -> Vec<Figure> {
    let mut figures = vec![];
    figures.extend(servers(scale));
    figures.push(start(scale));
    figures
}

/// What a session knows that has read ten thousand servers, and their names in the background.
struct Session {
    interpreter: Interpreter,
    runtime: tokio::runtime::Runtime,
    /// What every call is answered with.
    body: Bytes,
    number: usize,
}

impl Session {
    fn new() -> Self {
        Self {
            interpreter: Interpreter::new(".".into(), None),
            runtime: runtime(),
            body: Bytes::from(all_servers()),
            number: 0,
        }
    }

    /// Evaluates a line, and lays out the page that a person sees of its result.
    fn turn(&mut self, line: &str) -> (Duration, String) {
        let mut context = RunContext::new(self.runtime.handle().clone(), Clock::process());
        context.platform = Some(platform(Arc::new(Canned(self.body.clone())), Endpoints::new()));
        context.limits = Limits { memory_bytes: 2 << 30, ..Limits::default() };
        context.shown_elements = Some(0..PAGE);
        context.surroundings.terminal_width = Some(120);
        self.number += 1;
        let source = self.interpreter.typed(self.number, line);
        let began = Instant::now();
        let evaluated = self.interpreter.evaluate(&source, Some(self.number), context);
        let style = Style { width: Some(120), has_colour: true, now: chrono::Utc::now(), names: &|_| None };
        let text = show(&evaluated.shown, &style);
        (began.elapsed(), text)
    }
}

fn servers(scale: Scale) -> Vec<Figure> {
    let mut session = Session::new();
    session.turn("let all = servers(); let srv = all[0];");
    let (_, page) = session.turn("all");
    assert_eq!(page.lines().count(), PAGE + 1, "{page}");
    let scene = session.interpreter.scene();
    let rounds = scale.of(20, 100);
    let [shown] = interleave(rounds, 2, [Box::new(|| session.turn("all").0)]);
    vec![
        worst_stroke(scene, rounds),
        Figure::time(format!("session: a page of {COUNT} servers that are there, from Enter"), shown.median())
            .at_most(50.0),
    ]
}

/// The slowest of some places where somebody presses Tab.
fn worst_stroke(scene: Scene, rounds: usize) -> Figure {
    let names = Names::default();
    let live = |number: usize| LiveName {
        id: format!("00000000-0000-4000-8000-{number:012}"),
        name: format!("node-{number:05}"),
        state: "ACTIVE".to_owned(),
    };
    names.set("server", (0..COUNT).map(live).collect());
    let knowledge = Knowledge { scene, names, folder: ".".into() };
    let lines = [
        "server(\"",
        "server(\"node-09",
        "serv",
        "srv.",
        "all.filter(|s| s.st",
        "servers(#{ la",
        "let = 1; let x = 2; srv.st",
    ];
    let stroke = |line: &'static str| -> Samples {
        let one = || {
            let began = Instant::now();
            let (_, found) = complete(line, line.len(), &knowledge);
            let took = began.elapsed();
            assert!(!found.is_empty(), "{line}");
            took
        };
        let [samples] = interleave(rounds, 2, [Box::new(one)]);
        samples
    };
    let (slowest, took) = lines
        .into_iter()
        .map(|line| (line, stroke(line).median()))
        .max_by_key(|(_, took)| *took)
        .expect("there are several");
    Figure::time(format!("session: Tab among {COUNT} names"), took).at_most(20.0).note(format!("slowest: `{slowest}`"))
}

/// From the start of the process to a prompt on a terminal.
fn start(scale: Scale) -> Figure {
    let folder = tempfile::tempdir().expect("a folder");
    let ours = Path::new(env!("CARGO_BIN_EXE_stackhand"));
    let [samples] = interleave(scale.of(20, 100), 2, [Box::new(|| to_prompt(ours, folder.path()))]);
    let median = samples.median().as_secs_f64() * 1_000.0;
    Figure::time("session: start to prompt, `repl --sim`", samples.p10())
        .at_most(20.0)
        .note(format!("p10; median {median:.1} ms"))
}

fn to_prompt(program: &Path, home: &Path) -> Duration {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("it is ours");
    let size = Winsize { ws_row: 50, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&terminal, size).expect("it takes a size");
    let name = ptsname(&terminal, Vec::new()).expect("it has a name").into_string().expect("of ASCII");
    let end = || Stdio::from(File::options().read(true).write(true).open(&name).expect("its other end"));
    let mut command = Command::new(program);
    command.args(["repl", "--sim"]).current_dir(home).env_clear();
    command.env("HOME", home).env("TERM", "xterm-256color").env("NO_COLOR", "1");
    let began = Instant::now();
    let mut child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("the program starts");
    let mut terminal = File::from(terminal);
    let (mut shown, mut bytes) = (Vec::new(), [0; 4_096]);
    while !String::from_utf8_lossy(&shown).contains(" eu01> ") {
        let read = terminal.read(&mut bytes).expect("it shows a prompt");
        shown.extend_from_slice(&bytes[..read]);
    }
    let took = began.elapsed();
    let _ = child.kill();
    let _ = child.wait();
    took
}
