//! What is typed to speak to the API, and to serve a simulated one.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::GrantOptions;

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
