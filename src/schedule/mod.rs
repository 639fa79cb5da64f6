//! When jobs are due: crontab expressions with the crontab user's meaning, zones and their clocks.

mod days;
mod expression;
mod field;
mod piece;
mod rule;
#[cfg(test)]
mod rule_tests;
mod wall;
mod words;

pub use expression::Expression;
pub use piece::{Change, changes_on};
pub use rule::{Due, Gap, Overlap, Rule, Shift, When};
