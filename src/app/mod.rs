//! Use cases without a terminal: the only room that plugs the others together. Hands out plain structs.

mod auth_status;
mod caps;
mod confirmation;
mod cron;
mod held;
pub mod history;
mod interactive;
mod ledger;
mod locked;
mod names;
mod observe;
mod progress;
mod recording;
mod rehearsal;
mod rules;
mod run;
mod session;
mod simulate;
mod simulated;
mod simulation;

pub use auth_status::{Depth, Report, TokenFacts, Trouble, auth_status, look_at_auth};
pub use caps::GivenCaps;
pub use confirmation::{Asker, Confirm, Word};
pub use cron::{FireTime, Forecast, forecast};
pub use held::held_permissions;
pub use interactive::{Interactive, Piece};
pub use names::{LiveName, Names};
pub use observe::{Observation, ObserveRequest, observe};
pub use progress::Progress;
pub use recording::{Recording, ended_call, keeping};
pub use rehearsal::{Rehearsal, rehearse};
pub use run::{RunRequest, run};
pub use session::{Opening, Session, settings};
pub use simulate::{Served, SimulateRequest, simulate};
pub use simulated::Simulated;
pub use simulation::Simulation;
