//! The dates on which a job is due, and why not on the others: holidays, stretches of dates, calendar files.

mod closing;
mod entry;
mod event;
mod file;
mod lines;
mod moment;
mod open;
mod recurrence;

pub use closing::{Calendar, Verdict};
pub use file::CalendarFiles;
pub use open::{Step, next_open, steps};
