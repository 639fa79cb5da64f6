//! What is typed about the jobs of a workspace and what runs them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `stackhand init`.
#[derive(Debug, Args)]
#[command(after_help = "--profile names the profile that is written; --project-id and --region go into it. \
    Nothing that is there already is overwritten.")]
pub struct InitArguments {
    /// The zone whose clock schedules are read on, such as Europe/Berlin [default: the machine's]
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
}

/// `stackhand jobs`.
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// Look for mistakes in jobs, their recipes, calendars and credentials, without running or calling anything
    Check,
    /// Show the next fire times of all jobs, with what clocks and calendars do to them
    Next {
        /// Only of this job
        #[arg(value_name = "JOB")]
        job: Option<String>,
        /// How many
        #[arg(long, short = 'n', value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        count: u16,
        /// From then on: a date, a time on the workspace's clock, or RFC 3339 [default: now]
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
    },
    /// Print the JSON schema of stackhand.toml, for editors
    Schema,
    /// List all jobs: what each does now, when it is due next, what became of the last time
    List,
    /// Show one job on one page, with the command to type next
    Show {
        /// The job, such as night-shift@shop-prod
        #[arg(value_name = "JOB")]
        job: String,
    },
    /// Start a job now: in the server if one runs, else here
    #[command(
        after_help = "With --sim the job waits as long as it would in the cloud: the time of simulated jobs is real time."
    )]
    Run {
        /// The job
        #[arg(value_name = "JOB")]
        job: String,
    },
    /// Let a job not start for a while
    Pause {
        /// The job, or a name for all its profiles
        #[arg(value_name = "JOB")]
        job: String,
        /// Until then: a date, a time on the workspace's clock, or RFC 3339 [default: until it is resumed]
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// For so long, such as 90m or 2d
        #[arg(long = "for", value_name = "SPAN", conflicts_with = "until")]
        span: Option<String>,
        /// Why
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// End a pause
    Resume {
        /// The job, or a name for all its profiles
        #[arg(value_name = "JOB")]
        job: String,
    },
    /// Tell what became of fire times, the latest first
    History {
        /// Only of this job
        #[arg(value_name = "JOB")]
        job: Option<String>,
        /// How many at most
        #[arg(long, short = 'n', value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Show what the latest run of a job printed and logged
    Logs {
        /// The job
        #[arg(value_name = "JOB")]
        job: String,
        /// Go on with what comes, and with later runs
        #[arg(long, short)]
        follow: bool,
    },
    /// End what waits and what runs of a job
    Cancel {
        /// The job, or a name for all its profiles
        #[arg(value_name = "JOB")]
        job: String,
    },
}

/// `stackhand serve`.
#[derive(Debug, Args)]
#[command(
    after_help = "The first SIGTERM or SIGINT lets runs under way go on for the grace, and starts nothing more; the second \
    cancels them. SIGHUP, or a change of stackhand.toml, has it read again. The time of simulated jobs is real time."
)]
pub struct ServeArguments {
    /// How long runs under way may go on once it is to end
    #[arg(long, value_name = "DURATION", default_value = "5m")]
    pub grace: String,
    /// Where to show /healthz, /readyz and /metrics; port 0 takes a free one, `off` shows them nowhere
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9477")]
    pub listen: String,
}

/// `stackhand export`.
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// A unit of systemd that serves this workspace with few rights, each line explained
    Systemd {
        /// As whom it runs
        #[arg(long, value_name = "NAME", default_value = "stackhand")]
        user: String,
        /// Where stackhand is installed
        #[arg(long, value_name = "PATH", default_value = "/usr/local/bin/stackhand")]
        binary: PathBuf,
        /// How long runs under way may go on once it is to end
        #[arg(long, value_name = "DURATION", default_value = "5m")]
        grace: String,
    },
}

/// `stackhand cron`.
#[derive(Debug, Args)]
pub struct CronArguments {
    /// Five fields as in crontab, six with seconds in front, or @daily and the like: '30 2 * * Mon-Fri'
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    pub expression: String,
    /// The zone of the wall that it is written for [default: the workspace's, else UTC]
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// Only fire times after this: 2026-11-22, 2026-11-22T02:00 or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// How many fire times
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub count: u16,
}
