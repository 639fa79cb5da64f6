//! The bodies that chats and mailboxes take. Texts of others go in where nothing in them is markup.

#[cfg(test)]
mod formats_tests;
mod mail;
mod mattermost;
mod slack;
mod teams;

pub(super) use mail::{address_of, mail};
pub(super) use mattermost::mattermost;
pub(super) use slack::slack;
pub(super) use teams::teams;
