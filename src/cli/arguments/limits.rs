//! How far a run may go, and what it may do.

use clap::Args;

impl RunLimits {
    /// These limits, but for what later ones say.
    pub(super) fn overridden_by(self, later: Self) -> Self {
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
    pub(super) fn joined_by(self, later: Self) -> Self {
        Self {
            allow: [self.allow, later.allow].concat(),
            deny: [self.deny, later.deny].concat(),
            allow_managed: later.allow_managed | self.allow_managed,
            include_self: later.include_self | self.include_self,
        }
    }
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
