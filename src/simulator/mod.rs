//! A simulated cloud: world, state machines, rules, faults. Answers messages, with or without a socket.
//!
//! It knows the catalogue (paths, shapes) and the clock, and shares no type with the rooms that call the API: a
//! shared struct would make client and simulator agree on the same mistake.

mod labels;
mod selector;
mod settle;
mod states;
mod wire;
pub mod world;
