//! A store in SQLite, in the file of the workspace's state. Rows cross as JSON, as many as there are in one statement.

mod cells;
mod changes;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod history_tests;
#[cfg(test)]
mod kill_tests;
#[cfg(test)]
mod model_tests;
mod pruning;
mod rows;
mod schema;
#[allow(clippy::module_inception)] // the module is about this one thing
mod sqlite;

pub use sqlite::Sqlite;
