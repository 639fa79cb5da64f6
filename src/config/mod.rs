//! Profiles, `stackhand.toml`, the STACKIT CLI's own profiles, and every environment variable, declared once.

mod channel;
mod choice;
mod cli_profile;
mod credential;
mod credentials_file;
pub mod duration;
mod endpoint;
mod environment;
mod error;
mod given_secret;
mod job;
mod job_reader;
pub mod keys;
mod link_local;
mod openness;
mod origin;
mod own_server;
mod profile;
mod reader;
mod schema;
mod settings;
mod shape;
pub mod variables;
mod web_address;
mod workspace;
mod zone;

pub use channel::{Channel, ChannelKind, Email, Event, Rate};
pub use credential::{Candidate, Credential, KeyInput, Text, Verdict};
pub use environment::{Environment, GivenProxy, Proxies};
pub use error::Error;
pub use given_secret::GivenSecret;
pub use job::{
    CalendarMode, CalendarRule, DstGap, DstOverlap, InterruptedPolicy, Job, JobTime, MissedPolicy, Notify,
    OverlapPolicy, Retry,
};
pub use link_local::{is_link_local, leads_to_the_link};
pub use openness::openness;
pub use origin::{Origin, Resolved};
pub use own_server::{Found, OwnServer};
pub use profile::Profile;
pub use reader::Located;
pub use schema::schema;
pub use settings::{Given, Settings, WrittenCaps};
pub use workspace::{History, Workspace};
pub use zone::{Zone, ZoneOffset, zone};

#[cfg(test)]
mod job_tests;
