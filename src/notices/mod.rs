//! What people are told of jobs and by recipes: channels, their formats, an outbox that outlasts a kill, delivery.
//!
//! Nothing here decides what is worth telling; whoever does puts it into the [`Outbox`], and a [`Courier`] takes it out.

mod bounded;
mod channel;
mod claim;
mod command;
mod courier;
#[cfg(test)]
mod courier_tests;
mod expiry;
mod family;
mod formats;
mod heartbeat;
mod letter;
mod notice;
mod outbox;
#[cfg(test)]
mod outbox_tests;
mod owner;
mod sending;
mod signature;
mod tables;
mod template;
mod waiting;
mod words;

pub use channel::{Channel, ChannelKind, Mailing};
pub use command::Program;
pub use courier::{Courier, Delivered, Surroundings};
pub use heartbeat::Heartbeat;
pub use notice::{Changes, Notice, Severity, Topic};
pub use outbox::Outbox;
pub use owner::{IsGone, Owner};
pub use sending::Log;
pub use template::Template;
pub use waiting::{GivenUp, Waiting};
