//! The promises about speed, each measured against what a user would pick instead, in turn within one run.
//!
//! `cargo bench` measures everything; `-- --quick` less of it, `-- --check` fails when a limit is broken, and names
//! pick sections: `cargo bench -- start data`. `docs/performance.md` tells what the figures mean.

#![allow(clippy::print_stdout, reason = "the table is what it is for")]
#![allow(missing_docs, reason = "nobody builds on a benchmark")]

use std::process::ExitCode;

use clap::Parser;

mod belts;
mod call;
mod data;
mod fan_out;
mod journal;
mod python;
mod raw;
mod report;
mod rounds;
mod schedule;
mod script;
mod server;
mod servers;
mod serving;
#[cfg(unix)]
mod session;
mod start;
mod waiting;

use report::Figure;
use server::Server;

/// How far a limit may be passed before `--quick --check` fails: few rounds on a machine that others use too. What
/// is broken for good is broken by more.
const QUICK_SLACK: f64 = 1.5;

/// Measures the promises about speed.
#[derive(Parser)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the command line")]
struct Arguments {
    /// The sections to measure: start, belts, session, schedule, call, fan-out, data, waiting [default: all]
    sections: Vec<String>,
    /// Measure less: a minute rather than ten
    #[arg(long)]
    quick: bool,
    /// Fail when a limit is broken; with --quick, by more than half
    #[arg(long)]
    check: bool,
    /// Serve canned answers until the input ends: what this program starts itself for
    #[arg(long, hide = true)]
    serve: bool,
    /// Wait as a scheduler and tell what that holds: what this program starts itself for
    #[arg(long, hide = true)]
    idle: bool,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Scale {
    is_quick: bool,
}

impl Scale {
    /// One number for a quick run, another for a whole one.
    pub fn of(self, quick: usize, whole: usize) -> usize {
        if self.is_quick { quick } else { whole }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.serve {
        server::serve();
        return ExitCode::SUCCESS;
    }
    if arguments.idle {
        schedule::idle();
        return ExitCode::SUCCESS;
    }
    let scale = Scale { is_quick: arguments.quick };
    let wants = |section: &str| {
        let is_wanted = arguments.sections.is_empty() || arguments.sections.iter().any(|name| name == section);
        if is_wanted {
            println!("measuring: {section}");
        }
        is_wanted
    };
    let mut figures = Vec::new();
    if wants("start") {
        figures.extend(start::measure(scale));
    }
    if wants("belts") {
        let ((recorded, recording), (weighed, weighing)) = (journal::measure(scale), belts::measure(scale));
        let all = Figure::microseconds("belts: all of these for one change, without fsync", recording + weighing);
        figures.extend([weighed, recorded, all.at_most(5.0)]);
    }
    #[cfg(unix)]
    if wants("session") {
        figures.extend(session::measure(scale));
    }
    if wants("schedule") {
        figures.extend(schedule::measure(scale));
    }
    let server = Server::start();
    if wants("call") {
        figures.extend(call::measure(&server, scale));
    }
    if wants("fan-out") {
        figures.extend(fan_out::measure(&server, scale));
    }
    if wants("data") {
        figures.extend(data::measure(&server, scale));
    }
    drop(server);
    if wants("waiting") {
        figures.extend(waiting::measure());
    }
    let holds = report::print(&figures, if arguments.quick { QUICK_SLACK } else { 1.0 });
    if arguments.check && !holds { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
