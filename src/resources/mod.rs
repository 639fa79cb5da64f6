//! The platform as Rust sees it: verbs, relations, waiters. Decodes only what it acts on and passes the bytes on.

pub mod answer;
mod api;
mod attachment;
mod error;
mod expectation;
mod fan_out;
mod kind;
mod list;
mod options;
mod platform;
mod quota;
mod read;
mod relations;
mod resource;

mod snapshot;
mod table;
pub mod verb;
mod wait;
mod write;

pub use crate::policy::{Labels, Selector, SelectorError, Unmatched};
pub use api::Api;
pub use error::{Error, Last};
pub use expectation::{Expectation, Goal, Verdict, Watch, Watched};
pub use fan_out::fan_out;
pub use kind::{Functions, Kind, Operations, Phase, Row};
pub use list::{Listed, Unread};
pub use options::{Options, Query};
pub use platform::Platform;
pub use read::Listing;
pub use resource::{Form, Head, Resource};
