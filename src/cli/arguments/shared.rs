//! The options that every command shares.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

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
    pub(super) fn overridden_by(self, later: Self) -> Self {
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
