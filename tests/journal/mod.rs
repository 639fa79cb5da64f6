//! The journal of the real process: whatever happens to it, what the server saw is on record.

pub mod counting;
mod kills;
mod outside;
mod undoing;
mod writing;
