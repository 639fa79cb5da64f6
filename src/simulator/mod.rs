//! A simulated cloud: world, state machines, rules, faults. Answers messages, with or without a socket.
//!
//! It knows the catalogue (paths, shapes) and the clock, and shares no type with the rooms that call the API: a
//! shared struct would make client and simulator agree on the same mistake.

mod answers;
mod control;
mod exchange;
mod faults;
mod filter;
mod front;
pub mod key_file;
mod labels;
mod listener;
mod md5;
mod reading;
mod requests;
mod selector;
mod settle;
#[expect(clippy::module_inception, reason = "the simulator itself, beside its parts")]
mod simulator;
mod state;
mod states;
mod tokens;
mod wire;
pub mod world;

pub use answers::is_modelled as models;
pub use faults::{FaultStatus, Faults, Reset, Rule, Verdict};
pub use listener::serve;
pub use simulator::Simulator;
pub use tokens::{Issued, KnownKey, TokenDesk, TokenProblem};
pub use wire::{Effect, Reply};

#[cfg(test)]
mod tests;
