//! The tree of commands.

use clap::{Parser, Subcommand};

use super::{
    ApiArguments, AuthCommand, CheckArguments, CronArguments, DocArguments, EvalArguments, ExportCommand,
    InitArguments, JobsCommand, JournalArguments, PermissionsArguments, ReplArguments, RunArguments, RunsCommand,
    ServeArguments, Shared, SimArguments,
};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "stackhand",
    version,
    about = "A scriptable automation runtime for the STACKIT cloud",
    max_term_width = 100
)]
#[command(
    after_help = "Exit codes: 0 done, 1 script error, 2 usage, 3 credentials or configuration, 4 refused by policy, \
    5 the API refused, 6 a limit, 7 partly done, 70 a bug, 130 and 143 interrupted."
)]
pub struct CommandLine {
    /// Options of every command.
    #[command(flatten)]
    pub shared: Shared,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a recipe
    Run(RunArguments),
    /// Run a line of script and show its value
    Eval(EvalArguments),
    /// Type line after line: explore a project, grow a recipe
    Repl(ReplArguments),
    /// Look for mistakes in recipes without running them
    Check(CheckArguments),
    /// Tell which permissions recipes need
    Permissions(PermissionsArguments),
    /// Serve a simulated cloud to any client
    Sim(SimArguments),
    /// Call one operation of the STACKIT API
    Api(ApiArguments),
    /// Show as whom and where we would act
    Auth {
        /// What to show
        #[command(subcommand)]
        command: AuthCommand,
    },
    /// Show what was changed, check that the journals are whole, or write a recipe that undoes a run
    Journal(JournalArguments),
    /// Show which runs there were and what they did
    Runs {
        /// What to show
        #[command(subcommand)]
        command: RunsCommand,
    },
    /// Make a workspace here: stackhand.toml with a profile, a channel and a job, each line explained
    Init(InitArguments),
    /// Look at the jobs of the workspace
    Jobs {
        /// What to do
        #[command(subcommand)]
        command: JobsCommand,
    },
    /// Run the jobs of the workspace when they are due
    Serve(ServeArguments),
    /// Print files for what runs stackhand, such as a unit of systemd
    Export {
        /// Which file
        #[command(subcommand)]
        command: ExportCommand,
    },
    /// Tell when a schedule is due, with the days on which the clocks change
    Cron(CronArguments),
    /// Explain a function, a kind of object, an operation or a service
    Doc(DocArguments),
    /// Print the completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}
