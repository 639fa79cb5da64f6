//! What is typed to look at journals and at runs of the past.

use clap::{Args, Subcommand};

/// `stackhand journal`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct JournalArguments {
    /// What to do besides showing changes
    #[command(subcommand)]
    pub command: Option<JournalCommand>,
    /// Only the changes of this run; the beginning of its id is enough
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// Only the changes of the object with this id; the beginning is enough
    #[arg(long, value_name = "ID")]
    pub object: Option<String>,
    /// Only the changes of objects of this name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Only what deleted something
    #[arg(long)]
    pub deleted: bool,
    /// Only runs that began since then: 2h or 7d ago, 2026-11-22, or RFC 3339
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Write a recipe that undoes what the run did, as far as it can be undone
    #[arg(long, requires = "run", conflicts_with_all = ["object", "name", "deleted", "since"])]
    pub undo: bool,
}

/// `stackhand journal …`.
#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// Check every line against the chain of hashes: exit code 1 if one was changed, removed or moved
    Verify,
    /// Print records that stand for themselves, one a line
    Export {
        /// Only of this run
        #[arg(long, value_name = "ID")]
        run: Option<String>,
        /// Only of runs that began since then
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
    },
}

/// `stackhand runs`.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// List runs, the latest first
    List {
        /// Only those that began since then: 2h or 7d ago, 2026-11-22, or RFC 3339
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
    },
    /// Show one run on one page: its end, its changes with the objects' states now, what to do next
    Show {
        /// The run, or the beginning of its id [default: the latest]
        #[arg(value_name = "ID")]
        run: Option<String>,
    },
    /// Run the fire time of a job's run once more
    Rerun {
        /// The run, or the beginning of its id
        #[arg(value_name = "RUN")]
        run: String,
    },
    /// Show what a run printed and logged
    Logs {
        /// The run, or the beginning of its id [default: the latest]
        #[arg(value_name = "ID")]
        run: Option<String>,
    },
}
