//! Where a setting came from.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

/// Where a setting came from; reads as an answer to "from where?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An option of the command line.
    Flag(&'static str),
    /// An environment variable.
    Variable(String),
    /// A profile of `stackhand.toml`.
    Profile {
        /// The profile's name.
        name: String,
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The top of `stackhand.toml`.
    Workspace {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A field of the credentials file that the STACKIT SDKs share.
    CredentialsFile {
        /// The file.
        file: PathBuf,
        /// The field.
        field: &'static str,
    },
    /// A profile of the STACKIT CLI.
    CliProfile {
        /// The profile's name.
        name: String,
        /// The file.
        file: PathBuf,
    },
    /// The service account key file.
    KeyFile,
    /// The simulated world, which has projects of its own.
    Simulator,
    /// Nobody said otherwise.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "option `{name}`"),
            Self::Variable(name) => write!(f, "environment variable `{name}`"),
            Self::Profile { name, file, line } => write!(f, "profile `{name}` ({}:{line})", file.display()),
            Self::Workspace { file, line } => write!(f, "workspace ({}:{line})", file.display()),
            Self::CredentialsFile { file, field } => write!(f, "`{field}` in {}", file.display()),
            Self::CliProfile { name, file } => write!(f, "STACKIT CLI profile `{name}` ({})", file.display()),
            Self::KeyFile => f.write_str("service account key"),
            Self::Simulator => f.write_str("simulated world"),
            Self::Default => f.write_str("built-in default"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A setting and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resolved<T> {
    /// The setting.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Resolved<T> {
    /// Joins a setting with its origin.
    #[must_use]
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}
