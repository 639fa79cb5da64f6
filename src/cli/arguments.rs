//! What can be typed: the tree of commands and their options.

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};

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

/// The options that every command shares.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Shared options")]
pub struct Shared {
    /// Act with this profile of stackhand.toml; `sim` is built in
    #[arg(long, global = true, value_name = "NAME", display_order = 100)]
    pub profile: Option<String>,
    /// Act in this project
    #[arg(long, global = true, value_name = "UUID", display_order = 101)]
    pub project_id: Option<String>,
    /// Act in this region [default: eu01]
    #[arg(long, global = true, value_name = "REGION", display_order = 102)]
    pub region: Option<String>,
    /// Act on the embedded simulator: no credentials, no network, virtual time
    #[arg(long, global = true, display_order = 103)]
    pub sim: bool,
    /// Start the simulator from this world instead of the demo (with --sim)
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, display_order = 104)]
    pub world: Option<PathBuf>,
    /// Write the simulated world here afterwards (with --sim)
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, display_order = 105)]
    pub save: Option<PathBuf>,
    /// Let the simulator fail as this file says (with --sim)
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, display_order = 106)]
    pub faults: Option<PathBuf>,
    /// How results are shown
    #[arg(short, long, global = true, value_name = "FORMAT", display_order = 107)]
    pub output: Option<OutputFormat>,
    /// Write the result to this file instead of the standard output
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, display_order = 108)]
    pub out: Option<PathBuf>,
    /// Say only what went wrong
    #[arg(short, long, global = true, display_order = 109)]
    pub quiet: bool,
    /// Say more: each API call; twice for retries and tokens
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 110)]
    pub verbose: u8,
    /// The form of log lines on the standard error
    #[arg(long, global = true, value_name = "FORMAT", display_order = 111)]
    pub log_format: Option<LogFormat>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", display_order = 112)]
    pub color: Option<ColorChoice>,
    /// Trust the certificate authorities in this PEM file as well
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, display_order = 113)]
    pub ca_file: Option<PathBuf>,
    /// The most requests under way at once [default: 64]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), display_order = 114)]
    pub max_in_flight: Option<u16>,
}

impl Shared {
    /// These options, but for what later ones say; flags add up.
    fn overridden_by(self, later: Self) -> Self {
        Self {
            profile: later.profile.or(self.profile),
            project_id: later.project_id.or(self.project_id),
            region: later.region.or(self.region),
            sim: later.sim | self.sim,
            world: later.world.or(self.world),
            save: later.save.or(self.save),
            faults: later.faults.or(self.faults),
            output: later.output.or(self.output),
            out: later.out.or(self.out),
            quiet: later.quiet | self.quiet,
            verbose: later.verbose.saturating_add(self.verbose),
            log_format: later.log_format.or(self.log_format),
            color: later.color.or(self.color),
            ca_file: later.ca_file.or(self.ca_file),
            max_in_flight: later.max_in_flight.or(self.max_in_flight),
        }
    }
}

impl RunLimits {
    /// These limits, but for what later ones say.
    fn overridden_by(self, later: Self) -> Self {
        Self {
            timeout: later.timeout.or(self.timeout),
            max_memory: later.max_memory.or(self.max_memory),
            max_operations: later.max_operations.or(self.max_operations),
            max_output: later.max_output.or(self.max_output),
            max_calls: later.max_calls.or(self.max_calls),
            fire_time: later.fire_time.or(self.fire_time),
            state: later.state.or(self.state),
            reason: later.reason.or(self.reason),
            caps: [self.caps, later.caps].concat(),
            yes: later.yes | self.yes,
            allow_reveal: later.allow_reveal | self.allow_reveal,
        }
    }
}

impl GrantOptions {
    /// These options with those of later ones; lists add up.
    fn joined_by(self, later: Self) -> Self {
        Self {
            allow: [self.allow, later.allow].concat(),
            deny: [self.deny, later.deny].concat(),
            allow_managed: later.allow_managed | self.allow_managed,
            include_self: later.include_self | self.include_self,
        }
    }
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

/// Options that runs of scripts share.
#[derive(Debug, Clone, Default, Args)]
pub struct RunLimits {
    /// End the run after this time, such as 90s, 15m or 2h [default: 1h]
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<String>,
    /// The budget of memory in MiB; a run ends once it holds five eighths of it [default: 512]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub max_memory: Option<u64>,
    /// The most operations that the script may take [default: 2 billion, about 100 s of pure computing]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_operations: Option<u64>,
    /// The most that the run may print and write, in MiB [default: 64]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub max_output: Option<u64>,
    /// The most calls of the API that the run may make [default: 100000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_calls: Option<u64>,
    /// How much may be changed, such as 'deletions=50, changes=300, share=60%'; may be repeated [default: deletions=20,
    /// changes=100, share=34%]
    #[arg(long, value_name = "CAPS")]
    pub caps: Vec<String>,
    /// Do not ask before a run changes something in production
    #[arg(short = 'y', long)]
    pub yes: bool,
    /// Let the script read secrets as plain text with `reveal`; the same as --allow secret.reveal
    #[arg(long, help_heading = PERMISSIONS)]
    pub allow_reveal: bool,
    /// The instant that the run stands for, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub fire_time: Option<String>,
    /// Share what `state` keeps with the jobs and runs of this name [default: the name of the recipe's file]
    #[arg(long, value_name = "NAME")]
    pub state: Option<String>,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Where help lists what may be done.
const PERMISSIONS: &str = "Permissions";

/// Options that say what may be done.
#[derive(Debug, Clone, Default, Args)]
pub struct GrantOptions {
    /// Allow this and nothing else: iaas.server.stop, 'iaas.snapshot.*', read, env:NAME, or narrowed as in
    /// 'iaas.server.stop where team=web'; may be repeated
    #[arg(long, help_heading = PERMISSIONS, value_name = "GRANT", value_delimiter = ',')]
    pub allow: Vec<String>,
    /// Refuse this, whoever allows it; may be repeated
    #[arg(long, help_heading = PERMISSIONS, value_name = "GRANT", value_delimiter = ',')]
    pub deny: Vec<String>,
    /// Allow changes to what other systems manage, such as the nodes of a Kubernetes cluster
    #[arg(long, help_heading = PERMISSIONS)]
    pub allow_managed: bool,
    /// Allow to stop and delete the server that this runs on, and its volumes
    #[arg(long, help_heading = PERMISSIONS)]
    pub include_self: bool,
}

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

/// `stackhand sim`.
#[derive(Debug, Args)]
pub struct SimArguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: std::net::SocketAddr,
    /// Write a service account key here that the simulator accepts
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key_file: Option<PathBuf>,
    /// How many times as fast as real time the world moves
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub speed: f64,
    /// Let the service account do only this, such as `iaas.server.*, iaas.volume.get`, and what roles give it
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub permissions: Option<Vec<String>>,
}

/// `stackhand auth`.
#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    /// Show which credentials, project and region would be used, and from where; never the secret
    Status {
        /// Get a token as well
        #[arg(long)]
        check: bool,
    },
}

/// `stackhand api`.
#[derive(Debug, Args)]
#[command(after_help = "Example: stackhand api iaas list_servers --param details=true -o json")]
pub struct ApiArguments {
    /// The service, such as iaas, dns or iaas/v1
    #[arg(value_name = "SERVICE")]
    pub service: String,
    /// The operation, such as list_servers; without one the service's operations are listed
    #[arg(value_name = "OPERATION")]
    pub operation: Option<String>,
    /// A parameter by its name in the API; may be repeated
    #[arg(long = "param", short = 'p', value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// The JSON body: a file, `-` for the standard input, or the JSON itself
    #[arg(long, value_name = "FILE|JSON", value_hint = ValueHint::FilePath)]
    pub body: Option<String>,
    /// What may be done.
    #[command(flatten)]
    pub grants: GrantOptions,
    /// How much may be changed, such as 'share=60%' or 'deletions=0'; may be repeated [default: share=34%]
    #[arg(long, value_name = "CAPS")]
    pub caps: Vec<String>,
    /// Do not ask before something is changed in production
    #[arg(short = 'y', long)]
    pub yes: bool,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

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
        #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
        limit: usize,
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
    cancels them. SIGHUP, or a change of stackhand.toml, has it read again."
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
    #[arg(value_name = "EXPR")]
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

/// `stackhand doc`.
#[derive(Debug, Args)]
pub struct DocArguments {
    /// `servers`, `Server`, `wait`, `iaas.list_servers`, `stackit/dns`; without a name, the list of functions
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// How results are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OutputFormat {
    /// For people
    #[default]
    Table,
    /// One JSON document
    Json,
    /// One YAML document
    Yaml,
    /// One JSON document a line, one line an element of a list
    Ndjson,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl RunArguments {
    /// Takes the options of ours out of what followed RECIPE, as if they had stood before it, and leaves the recipe's
    /// own in `rest`.
    ///
    /// # Errors
    /// When one of ours is misused, as clap says it.
    pub fn take_in_trailing_options(&mut self, shared: &mut Shared) -> Result<(), clap::Error> {
        let split = SplitRest::new(&self.rest);
        self.rest = split.recipes;
        if split.ours.is_empty() {
            return Ok(());
        }
        let words = ["stackhand run".to_owned()].into_iter().chain(split.ours);
        let mut command = TrailingOptions::augment_args(clap::Command::new("stackhand run").disable_help_flag(true));
        let mut matches = command.try_get_matches_from_mut(words).map_err(|error| error.format(&mut command))?;
        let trailing = TrailingOptions::from_arg_matches_mut(&mut matches)?;
        *shared = std::mem::take(shared).overridden_by(trailing.shared);
        self.limits = std::mem::take(&mut self.limits).overridden_by(trailing.limits);
        self.grants = std::mem::take(&mut self.grants).joined_by(trailing.grants);
        Ok(())
    }
}

/// The options of ours that may follow RECIPE.
#[derive(Debug, Args)]
struct TrailingOptions {
    #[command(flatten)]
    shared: Shared,
    #[command(flatten)]
    limits: RunLimits,
    #[command(flatten)]
    grants: GrantOptions,
}

/// What followed RECIPE, sorted by whose it is.
#[derive(Debug, Default, PartialEq, Eq)]
struct SplitRest {
    /// Options of ours, to be parsed as if they had stood before RECIPE.
    ours: Vec<String>,
    /// The recipe's own.
    recipes: Vec<String>,
}

impl SplitRest {
    /// Sorts what followed RECIPE: an option that `run` or every command knows is ours, with its value; after `--`
    /// everything is the recipe's.
    fn new(rest: &[String]) -> Self {
        let command = CommandLine::command();
        let run = command.find_subcommand("run").into_iter().flat_map(clap::Command::get_arguments);
        // `--help` asks for the recipe's help here.
        let is_ours = |arg: &&clap::Arg| !arg.is_positional() && arg.get_id() != "help";
        let known: Vec<&clap::Arg> = command.get_arguments().chain(run).filter(is_ours).collect();
        let mut split = Self::default();
        let mut tokens = rest.iter();
        while let Some(token) = tokens.next() {
            if token == "--" {
                split.recipes.extend(tokens.by_ref().cloned());
                break;
            }
            let Some((argument, has_value)) = find(&known, token) else {
                split.recipes.push(token.clone());
                continue;
            };
            split.ours.push(token.clone());
            if argument.get_action().takes_values() && !has_value {
                split.ours.extend(tokens.next().cloned());
            }
        }
        split
    }
}

/// The known option that a token spells, and whether the token carries the value too (`--region=eu01`, `-ojson`).
fn find<'c>(known: &[&'c clap::Arg], token: &str) -> Option<(&'c clap::Arg, bool)> {
    if let Some(long) = token.strip_prefix("--") {
        let name = long.split('=').next().unwrap_or(long);
        let argument = known.iter().find(|argument| argument.get_long() == Some(name))?;
        return Some((argument, long.contains('=')));
    }
    let mut letters = token.strip_prefix('-')?.chars();
    let first = letters.next()?;
    let argument = known.iter().find(|argument| argument.get_short() == Some(first))?;
    Some((argument, letters.next().is_some()))
}

/// The long names of all options that a recipe's parameter may not bear.
#[must_use]
pub fn reserved_option_names() -> Vec<String> {
    let command = CommandLine::command();
    let run = command.find_subcommand("run").into_iter().flat_map(clap::Command::get_arguments);
    let mut names: Vec<String> =
        command.get_arguments().chain(run).filter_map(|argument| argument.get_long().map(str::to_owned)).collect();
    names.extend(["help".to_owned(), "version".to_owned()]);
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(rest: &[&str]) -> (Vec<String>, Vec<String>) {
        let rest: Vec<String> = rest.iter().map(|&word| word.to_owned()).collect();
        let SplitRest { ours, recipes } = SplitRest::new(&rest);
        (ours, recipes)
    }

    #[test]
    fn the_tree_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn options_after_the_recipe_go_where_they_belong() {
        let (ours, recipes) =
            split(&["--keep", "3", "--sim", "-o", "json", "--region=eu02", "-vv", "--timeout", "5m", "--dry"]);
        assert_eq!(ours, ["--sim", "-o", "json", "--region=eu02", "-vv", "--timeout", "5m"]);
        assert_eq!(recipes, ["--keep", "3", "--dry"]);
    }

    #[test]
    fn help_after_the_recipe_is_the_recipes() {
        let (ours, recipes) = split(&["--keep", "3", "-h", "--help"]);
        assert_eq!((ours.len(), recipes), (0, ["--keep", "3", "-h", "--help"].map(str::to_owned).to_vec()));
        let words = ["stackhand", "run", "r.rhai", "--help"];
        let Command::Run(run) = CommandLine::try_parse_from(words).expect("it parses").command else { panic!("a run") };
        assert!(run.help && run.recipe.is_some());
        assert!(CommandLine::try_parse_from(["stackhand", "run", "--help"]).is_ok());
        assert!(CommandLine::try_parse_from(["stackhand", "run"]).is_err());
    }

    #[test]
    fn after_two_dashes_everything_is_the_recipes() {
        let (ours, recipes) = split(&["--sim", "--", "--sim", "-o"]);
        assert_eq!(ours, ["--sim"]);
        assert_eq!(recipes, ["--sim", "-o"]);
    }

    #[test]
    fn options_on_both_sides_of_the_recipe_add_up() {
        let words =
            ["stackhand", "--sim", "-v", "--color", "never", "run", "r.rhai", "--keep=3", "-v", "--region", "eu02"];
        let CommandLine { mut shared, command } = CommandLine::try_parse_from(words).expect("it parses");
        let Command::Run(mut run) = command else { panic!("it is a run") };
        run.take_in_trailing_options(&mut shared).expect("they parse");
        assert!(shared.sim);
        assert_eq!((shared.verbose, shared.color), (2, Some(ColorChoice::Never)));
        assert_eq!(shared.region.as_deref(), Some("eu02"));
        assert_eq!(run.rest, ["--keep=3"]);
    }

    #[test]
    fn a_recipe_may_not_take_our_names() {
        let names = reserved_option_names();
        for name in ["sim", "output", "help", "timeout", "project-id"] {
            assert!(names.iter().any(|reserved| reserved == name), "{name}");
        }
    }
}
