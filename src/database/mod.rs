//! The workspace's state: one SQLite file, opened with care. What is in its tables is the rooms' own.
//!
//! Nobody above the rooms that keep tables here sees SQL.

mod aside;
mod check;
mod connection;
#[allow(clippy::module_inception)] // the room is about this one thing
mod database;
#[cfg(test)]
mod database_tests;
mod failure;
mod identity;
mod instant;
mod lock;
mod migration;

pub use connection::{Read, Write};
pub use database::{Database, Opened, Options, Synchronous};
pub use instant::{from_millis, to_millis};
pub use migration::Migration;
