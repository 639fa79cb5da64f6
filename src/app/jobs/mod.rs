//! The jobs of a workspace, looked at without running them.

mod check;
mod clocks;
mod finding;
mod given;
mod needs;
mod next;
mod workspace;

pub use check::{CheckedJob, JobsCheck, check_jobs};
pub use finding::{JobFinding, Weight};
pub use given::{arguments_of, caps_of, grants_of};
pub use next::{NextFireTime, next_fire_times};
pub use workspace::workspace;
