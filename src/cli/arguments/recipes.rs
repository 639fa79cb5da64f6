//! What is typed to run, try, check and explain recipes.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{GrantOptions, RunLimits};

/// `stackhand run`.
#[derive(Debug, Args)]
#[command(
    disable_help_flag = true,
    after_help = "What follows RECIPE are the recipe's own options or the shared ones; after `--` all are the recipe's.\n\
    `stackhand run RECIPE --help` shows the recipe's options."
)]
pub struct RunArguments {
    /// How far the run may go.
    #[command(flatten)]
    pub limits: RunLimits,
    /// What it may do.
    #[command(flatten)]
    pub grants: GrantOptions,
    /// The recipe, a .rhai file; `-` reads it from the standard input
    #[arg(value_name = "RECIPE", value_hint = ValueHint::FilePath, required_unless_present = "help")]
    pub recipe: Option<PathBuf>,
    /// Print this help; with RECIPE, the recipe's
    // The recipe's own help must be reachable, which clap's flag would not let it be.
    #[arg(short, long)]
    pub help: bool,
    /// The recipe's options
    #[arg(value_name = "OPTIONS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub rest: Vec<String>,
}

/// `stackhand eval`.
#[derive(Debug, Args)]
pub struct EvalArguments {
    /// How far the run may go.
    #[command(flatten)]
    pub limits: RunLimits,
    /// What it may do.
    #[command(flatten)]
    pub grants: GrantOptions,
    /// The script, such as 'servers().count_by("status")'
    #[arg(value_name = "CODE")]
    pub code: String,
}

/// `stackhand repl`.
#[derive(Debug, Args)]
#[command(after_help = "Without a terminal, a script is read from the standard input; it ends at its first error.")]
pub struct ReplArguments {
    /// How far each input may go, and what is recorded of the session.
    #[command(flatten)]
    pub limits: RunLimits,
    /// What it may do.
    #[command(flatten)]
    pub grants: GrantOptions,
    /// Edit with the keys of vi instead of those of Emacs
    #[arg(long)]
    pub vi: bool,
}

/// `stackhand check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// The recipes
    #[arg(value_name = "RECIPE", required = true, value_hint = ValueHint::FilePath)]
    pub recipes: Vec<PathBuf>,
}

/// `stackhand permissions`.
#[derive(Debug, Args)]
#[command(after_help = "Example: stackhand permissions night.rhai --role night-shift > role.json")]
pub struct PermissionsArguments {
    /// The recipes
    #[arg(value_name = "RECIPE", required = true, value_hint = ValueHint::FilePath)]
    pub recipes: Vec<PathBuf>,
    /// Run them on the simulator too, and tell which permissions were used
    #[arg(long)]
    pub observe: bool,
    /// Print the body of a custom role of this name, as STACKIT's authorization API takes it
    #[arg(long, value_name = "NAME", conflicts_with_all = ["observe", "check"])]
    pub role: Option<String>,
    /// Compare with the permissions that the credential has in the project; exit code 4 if some are missing
    #[arg(long, conflicts_with = "observe")]
    pub check: bool,
    /// With --observe: the options of the one recipe, after `--`
    #[arg(value_name = "OPTIONS", last = true, requires = "observe")]
    pub rest: Vec<String>,
}

/// `stackhand doc`.
#[derive(Debug, Args)]
pub struct DocArguments {
    /// `servers`, `Server`, `wait`, `iaas.list_servers`, `stackit/dns`; without a name, the list of functions
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}
