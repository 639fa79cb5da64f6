//! The process: arguments in, an exit code out.

use std::ffi::OsString;

use clap::Parser;

use super::arguments::{Command, CommandLine, JobsCommand, RunsCommand, Shared};
use super::printer::{Printer, Streams};
use super::{
    api, auth, check, completions, cron, doc, eval, export, init, jobs, journal, log, permissions, repl, run, runs,
    serve, sim,
};
use crate::clock::Clock;
use crate::config::variables::STACKHAND_LOG;
use crate::config::{Environment, Given};
use crate::error::{ExitCode, Result};
use crate::secret::Scrubber;
use crate::{engine, pages};

/// What every subcommand gets.
pub struct Process {
    /// The variables and folders of the process.
    pub environment: Environment,
    /// Guards every sink.
    pub scrubber: Scrubber,
    /// Prints.
    pub printer: Printer,
    /// Tells of each API call, or does so no more.
    pub trace: log::TraceSwitch,
}

/// Runs the command line and returns the process's exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>, environment: Environment) -> u8 {
    pages::stay_small();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // Where the word is meant otherwise, an engine is built in vain.
    if arguments.iter().any(|word| word == "run" || word == "eval" || word == "repl") {
        engine::prepare();
    }
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => {
            // Help and version are data and no failure; clap knows where each goes and colours it.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::Usage as u8 } else { ExitCode::Done as u8 };
        }
    };
    let (shared, command) = match take_in_trailing_options(line) {
        Ok(parsed) => parsed,
        Err(error) => {
            let _ = error.print();
            return ExitCode::Usage as u8;
        }
    };
    let scrubber = Scrubber::new();
    let mut printer = Printer::of_process(&shared, &environment, scrubber.clone());
    if let Some(path) = &shared.out
        && let Err(error) = printer.redirect_data(path)
    {
        printer.error(&error);
        return error.exit_code() as u8;
    }
    // What its jobs say is what a server tells, and whoever runs one by hand.
    let runs_jobs = matches!(
        command,
        Command::Serve(_)
            | Command::Jobs { command: JobsCommand::Run { .. }, .. }
            | Command::Runs { command: RunsCommand::Rerun { .. }, .. }
    );
    let trace = log::start(
        &shared,
        if runs_jobs { log::SERVING } else { log::USUAL },
        printer.streams.talk_colour,
        environment.variable(STACKHAND_LOG),
        Clock::process(),
        &scrubber,
    );
    let process = Process { environment, scrubber, printer, trace };
    let result = dispatch(&process, &shared, command);
    process.printer.finish_data();
    match result {
        Ok(code) => match process.printer.data_failure() {
            Some(error) => {
                process.printer.error(&error);
                if code == ExitCode::Done as u8 { error.exit_code() as u8 } else { code }
            }
            None => code,
        },
        Err(error) => {
            process.printer.error(&error);
            error.exit_code() as u8
        }
    }
}

/// Options of ours that stood after `run RECIPE` count as if they had stood before it.
fn take_in_trailing_options(mut line: CommandLine) -> Result<(Shared, Command), clap::Error> {
    if let Command::Run(arguments) = &mut line.command {
        arguments.take_in_trailing_options(&mut line.shared)?;
    }
    Ok((line.shared, line.command))
}

fn dispatch(process: &Process, shared: &Shared, command: Command) -> Result<u8> {
    match command {
        Command::Run(arguments) => run::run(process, shared, &arguments),
        Command::Eval(arguments) => eval::eval(process, shared, &arguments),
        Command::Repl(arguments) => repl::repl(process, shared, &arguments),
        Command::Check(arguments) => check::check(process, &arguments),
        Command::Permissions(arguments) => permissions::permissions(process, shared, &arguments),
        Command::Sim(arguments) => sim::sim(process, shared, &arguments),
        Command::Api(arguments) => api::api(process, shared, &arguments),
        Command::Auth { command } => auth::auth(process, shared, &command),
        Command::Journal(arguments) => journal::journal(process, shared, &arguments),
        Command::Runs { command } => runs::runs(process, shared, &command),
        Command::Init(arguments) => init::init(process, shared, &arguments),
        Command::Jobs { command } => jobs::jobs(process, shared, &command),
        Command::Serve(arguments) => serve::serve(process, shared, &arguments),
        Command::Export { command } => export::export(process, &command),
        Command::Cron(arguments) => cron::cron(process, &arguments),
        Command::Doc(arguments) => doc::doc(process, &arguments),
        Command::Completions { shell } => {
            completions::completions(shell, &process.printer);
            Ok(ExitCode::Done as u8)
        }
    }
}

impl Printer {
    fn of_process(shared: &Shared, environment: &Environment, scrubber: Scrubber) -> Self {
        let streams = Streams::of_process(shared.color.unwrap_or_default(), environment.wants_no_color());
        Self::new(shared.output.unwrap_or_default(), streams, shared.quiet, scrubber)
    }
}

impl Shared {
    /// What the options say of where to act and as whom.
    pub fn given(&self) -> Given {
        Given {
            profile: self.profile.clone(),
            project: self.project_id.clone(),
            region: self.region.clone(),
            ca_file: self.ca_file.as_ref().map(|path| path.display().to_string()),
            is_simulated: self.sim,
        }
    }
}
