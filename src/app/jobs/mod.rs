//! The jobs of a workspace: looked at without running them, and what each of them runs.

mod asking;
mod check;
mod clocks;
mod desk;
mod ended;
mod finding;
mod former;
mod given;
mod hand;
mod hand_state;
mod kept;
mod needs;
mod next;
mod opening;
mod opposing;
mod output;
mod overview;
mod roster;
mod runner;
mod salvage;
mod scoped_state;
mod today;
mod workspace;

pub use check::{CheckedJob, JobsCheck, check_jobs};
pub use desk::{Cancelled, Desk, RunOutput};
pub use finding::{JobFinding, Weight};
pub use given::{arguments_of, caps_of, grants_of};
pub use hand::Hand;
pub use hand_state::HandState;
pub use kept::{KeptJobs, kept_folder};
pub use next::{NextFireTime, NextFireTimes, next_fire_times};
pub use opening::{OpenedStore, SOCKET, WorkspaceStore, open_store, simulated_output, state_folder};
pub use overview::{JobState, error_json, job_states, kept_states, record_json, run_json, written};
pub use roster::{Jobs, Task, WrongJob};
pub use runner::{RunEnd, Runner, Surround};
pub use scoped_state::{ScopedState, state_changes};
pub use workspace::workspace;

// Plain rows, for those who show them.
pub use crate::schedule::job::JobId;
pub use crate::schedule::outcome::{Outcome, Reason};
pub use crate::schedule::rows::{Entry, Phase, RunId, Stretch};
pub use crate::schedule::store::Record;
