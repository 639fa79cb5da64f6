//! When jobs are due, and what becomes of each fire time: crontab expressions with the crontab user's meaning, zones and
//! their clocks; jobs and their policies; decisions, the store that they are written to, and the loop that carries them
//! out. Knows a trait "run this job", never what a run is.

pub mod calendar;
mod days;
pub mod decision;
pub mod dispatcher;
#[cfg(test)]
mod dispatcher_tests;
pub mod executor;
mod expression;
mod field;
pub mod job;
pub mod outcome;
mod piece;
pub mod reading;
pub mod rows;
mod rule;
#[cfg(test)]
mod rule_tests;
mod span;
#[cfg(test)]
mod span_tests;
mod spec;
pub mod store;
#[cfg(test)]
mod testing;
mod wall;
mod words;

pub use expression::Expression;
pub use piece::{Change, changes_on};
pub use rule::{DstGap, DstOverlap, Due, Rule, Shift, When};
