//! What can be typed: the tree of commands and their options.

mod cloud;
mod command;
mod jobs;
mod limits;
mod recipes;
mod records;
mod shared;
mod trailing;

pub use cloud::{ApiArguments, AuthCommand, SimArguments};
pub use command::{Command, CommandLine};
pub use jobs::{CronArguments, ExportCommand, InitArguments, JobsCommand, ServeArguments};
pub use limits::{GrantOptions, RunLimits};
pub use recipes::{CheckArguments, DocArguments, EvalArguments, PermissionsArguments, ReplArguments, RunArguments};
pub use records::{JournalArguments, JournalCommand, RunsCommand};
pub use shared::{ColorChoice, LogFormat, OutputFormat, Shared};
pub use trailing::reserved_option_names;
