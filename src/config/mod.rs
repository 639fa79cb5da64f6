//! Profiles, `stackhand.toml`, the STACKIT CLI's own profiles, and every environment variable, declared once.

mod cli_profile;
mod credential;
mod credentials_file;
pub mod duration;
mod endpoint;
mod environment;
mod error;
mod origin;
mod own_server;
mod profile;
mod reader;
mod settings;
pub mod variables;
mod workspace;
mod zone;

pub use credential::{Candidate, Credential, KeyInput, Text, Verdict};
pub use environment::{Environment, GivenProxy, Proxies};
pub use error::Error;
pub use origin::{Origin, Resolved};
pub use own_server::{Found, OwnServer};
pub use profile::Profile;
pub use settings::{Given, Settings, WrittenCaps};
pub use workspace::Workspace;
pub use zone::{Zone, ZoneOffset, zone};
